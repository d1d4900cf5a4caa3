"""What every report shares: what is asked for, which warehouses and sellers the reader sees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, cast, false, func, or_, select

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.reporting.arranging import AS_READ, Arrangement
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.holding import NOTHING_SHIPPED_DAYS
from fulfillment.domain.reporting.sheets import Sheet
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.transaction import Transaction

_warehouse = table_of(Warehouse)


@dataclass(frozen=True)
class ReportChoice:
    """What a report is asked for; '' and None: every one."""

    days: Days
    warehouse_id: int | None = None
    carrier: str = ""
    channel: str = ""
    idle_days: int = NOTHING_SHIPPED_DAYS
    """Days without a shipment after which stock is called dead."""
    arrangement: Arrangement = AS_READ


@dataclass(frozen=True)
class Scope:
    """A choice, and what the reader sees of it."""

    choice: ReportChoice
    codes: Mapping[int, str]
    """Warehouse codes by id: those that are looked at."""
    zones: Mapping[int, ZoneInfo]
    seller_ids: frozenset[int] | None
    """None: every seller."""

    def within(
        self, warehouse: ColumnElement[int], moment: ColumnElement[datetime], days: Days
    ) -> ColumnElement[bool]:
        """Whether a row is of these warehouses, and its moment in *days* on their clock."""
        parts = []
        for key, zone in self.zones.items():
            begin, end = days.bounds(zone)
            parts.append((warehouse == key) & (moment >= begin) & (moment < end))
        return or_(false(), *parts)

    def of_sellers(self, seller: ColumnElement[int]) -> Iterable[ColumnElement[bool]]:
        """The condition that the row's seller is seen, if there is one."""
        if self.seller_ids is not None:
            yield seller.in_(sorted(self.seller_ids))

    def of_warehouses(self, warehouse: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a row is of these warehouses."""
        return warehouse.in_(sorted(self.codes))


@dataclass(frozen=True)
class Report:
    """A report: its name (of address, file and word) and how its sheets are read.

    *asks* names the parts of a :class:`ReportChoice` beside the warehouse that it looks at.
    """

    name: str
    read: Callable[[Transaction, Scope], Sequence[Sheet]]
    asks: tuple[str, ...] = ("days",)


def scope_of(tx: Transaction, actor: Actor, choice: ReportChoice) -> Scope:
    """What the actor sees of the choice; raises :class:`UnknownThing` for a foreign warehouse."""
    actor.require(Permission.SEE_REPORTS)
    query = select(_warehouse.c.id, _warehouse.c.code, _warehouse.c.timezone)
    if choice.warehouse_id is not None:
        query = query.where(_warehouse.c.id == choice.warehouse_id)
    rows = [
        row
        for row in tx.execute(query.order_by(_warehouse.c.code))
        if actor.may(Permission.SEE_REPORTS, warehouse_id=row.id)
    ]
    if choice.warehouse_id is not None and not rows:
        raise UnknownThing(kind="warehouse", key=str(choice.warehouse_id))
    return Scope(
        choice,
        {row.id: row.code for row in rows},
        {row.id: ZoneInfo(row.timezone) for row in rows},
        actor.seller_ids(Permission.SEE_REPORTS),
    )


def whole_seconds(tx: Transaction, moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """A moment as whole seconds since 1970: a tenth of the work of a date object for each row."""
    if tx.is_postgresql:
        return cast(func.floor(func.extract("epoch", moment)), Integer)
    return cast(func.strftime("%s", moment), Integer)


def all_of(tx: Transaction, number: ColumnElement[int]) -> ColumnElement[Any]:
    """The numbers of a group in one cell, for :func:`numbers`: no row of its own for each."""
    gather = func.array_agg if tx.is_postgresql else func.json_group_array
    return gather(number).filter(number.is_not(None))


def numbers(cell: Any) -> Sequence[int]:
    """What :func:`all_of` gathered."""
    found: Sequence[int] = json.loads(cell) if isinstance(cell, str) else cell or ()
    return found
