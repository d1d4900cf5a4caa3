"""Rows by key: which are new, which differ, which are there already."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update

from fulfillment.domain.errors import Fault, InvalidInput
from fulfillment.store.base import Base, table_of
from fulfillment.store.transaction import Transaction


@dataclass(frozen=True)
class Upserted:
    """How many rows were new, changed, or as they should be."""

    created: int
    updated: int
    unchanged: int


@dataclass
class Plan:
    """What an upsert will do, or the faults (by index of the row) for which it will not."""

    table: Table
    faults: list[tuple[int, Fault]] = field(default_factory=list)
    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    """Whole rows, their ``id`` included."""
    unchanged: int = 0

    def refuse(self, index: int, faults: Iterable[Fault]) -> bool:
        """Note *faults* of a row; whether there were any."""
        before = len(self.faults)
        self.faults.extend((index, fault) for fault in faults)
        return len(self.faults) > before

    def put(
        self, known: Any | None, fields: Mapping[str, Any], *, defaults: Mapping[str, Any]
    ) -> None:
        """Sort one row in: *known* is the stored row (a mapping), *fields* what is to be."""
        if known is None:
            self.new.append({**defaults, **fields})
        elif all(known[name] == value for name, value in fields.items()):
            self.unchanged += 1
        else:
            self.changed.append({**known, **fields})


def repeated_keys(keys: Sequence[Hashable]) -> dict[int, int]:
    """Index of each key that stood before, to the index where it stood first."""
    first: dict[Hashable, int] = {}
    return {
        index: first[key] for index, key in enumerate(keys) if first.setdefault(key, index) != index
    }


def carry_out(tx: Transaction, plan: Plan) -> Upserted:
    """Write a plan that has no faults."""
    assert not plan.faults, "a refused plan is reported, not carried out"
    if plan.new:
        tx.execute(insert(plan.table), plan.new)
    if plan.changed:
        columns = [name for name in plan.changed[0] if name != "id"]
        statement = (
            update(plan.table)
            .where(plan.table.c.id == bindparam("b_id"))
            .values({name: bindparam(f"b_{name}") for name in columns})
        )
        tx.execute(
            statement,
            [{f"b_{name}": value for name, value in row.items()} for row in plan.changed],
        )
    return Upserted(len(plan.new), len(plan.changed), plan.unchanged)


def take_turns(tx: Transaction, model: type[Base], row_id: int) -> None:
    """Let two upserts under one seller or warehouse wait for each other.

    Else both could find the same key new.  Whoever only refers to the row does not wait.
    """
    table = table_of(model)
    tx.execute(select(table.c.id).where(table.c.id == row_id).with_for_update(key_share=True))


def require_faultless(plan: Plan, name: str) -> None:
    """Raise :class:`InvalidInput` with the faults of *plan* as ``<name>[<index>].<field>``."""
    if plan.faults:
        raise InvalidInput(
            tuple(
                replace(fault, where=f"{name}[{index}].{fault.where}")
                for index, fault in plan.faults
            )
        )
