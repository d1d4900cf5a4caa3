"""What a warehouse decides for itself: read, changed, audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, select, update

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.transaction import Transaction, reads, writes


@dataclass(frozen=True)
class Policy:
    """The policy of one warehouse."""

    warehouse_id: int
    warehouse_code: str
    policy: WarehousePolicy


@reads
def read_policy(tx: Transaction, actor: Actor, warehouse_id: int) -> Policy:
    """What counts in a warehouse now."""
    return _policy(_warehouse(tx, actor, warehouse_id))


@reads
def list_policies(tx: Transaction, actor: Actor) -> tuple[Policy, ...]:
    """The policies that *actor* may change, by warehouse code."""
    actor.require(Permission.CHANGE_POLICY)
    table = table_of(Warehouse)
    query = select(table.c.id, table.c.code, table.c.policy).order_by(table.c.code)
    allowed = actor.warehouse_ids(Permission.CHANGE_POLICY)
    if allowed is not None:
        query = query.where(table.c.id.in_(sorted(allowed)))
    return tuple(_policy(row) for row in tx.execute(query))


@writes
def change_policy(
    tx: Transaction, actor: Actor, warehouse_id: int, *, changes: Mapping[str, Any], reason: str
) -> Policy:
    """Change some fields; old and new values are audited.  Raises :class:`InvalidInput`."""
    row = _warehouse(tx, actor, warehouse_id, lock=True)
    before = asdict(WarehousePolicy.of(row.policy))
    after = WarehousePolicy.of({**before, **changes})
    changed = {
        name: [before[name], value]
        for name, value in asdict(after).items()
        if value != before[name]
    }
    if changed:
        table = table_of(Warehouse)
        tx.execute(
            update(table).where(table.c.id == warehouse_id).values(policy=after.differences())
        )
        journal.audit(
            tx,
            by_id=actor.user_id,
            act="policy-changed",
            subject=("warehouse", warehouse_id),
            warehouse_id=warehouse_id,
            reason=reason,
            details=changed,
        )
    return Policy(warehouse_id, row.code, after)


def _warehouse(tx: Transaction, actor: Actor, warehouse_id: int, *, lock: bool = False) -> Row[Any]:
    actor.require_sight(
        Permission.CHANGE_POLICY,
        kind="warehouse",
        key=str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )
    table = table_of(Warehouse)
    query = select(table.c.id, table.c.code, table.c.policy).where(table.c.id == warehouse_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownThing(kind="warehouse", key=str(warehouse_id))
    return row


def _policy(row: Row[Any]) -> Policy:
    return Policy(row.id, row.code, WarehousePolicy.of(row.policy))
