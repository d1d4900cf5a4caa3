"""Shipments on their way through the house, read for the dispatch report.

A month of a large warehouse is a hundred thousand of them: figures are gathered by the database,
and only rows that somebody looks at one by one come out of it one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import CTE, ColumnElement, Row, and_, case, func, select, union_all

from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.dispatch import Passage, Quarter, Tally
from fulfillment.domain.states import STAGES
from fulfillment.services.board.reading import OPEN
from fulfillment.services.reports.frame import Scope, all_of, numbers, whole_seconds
from fulfillment.store.base import table_of
from fulfillment.store.catalog import CarrierService
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import Parcel
from fulfillment.store.transaction import Transaction

QUARTER = 900
_shipment, _order, _service = table_of(Shipment), table_of(Order), table_of(CarrierService)
_parcel = table_of(Parcel)
_STAMPED = [stage for stage in STAGES if f"{stage}_by_id" in _shipment.c]
FIRST, LAST = STAGES[0], STAGES[-1]


def read_passages(
    tx: Transaction, scope: Scope, days: Days, *, only_late: bool = False, most: int | None = None
) -> list[Passage]:
    """The shipments of the days, by id; or only those that were late, the latest first."""
    moved = _moved(tx, scope, days)
    rows = (
        select(
            moved,
            (_service.c.carrier + "/" + _service.c.code).label("service"),
            _order.c.channel,
            _order.c.number.label("order_number"),
            _shipment.c.number,
            _order.c.confirmed_by_id,
            *(_shipment.c[f"{stage}_by_id"] for stage in _STAMPED),
        )
        .join(_shipment, _shipment.c.id == moved.c.id)
        .join(_order, _order.c.id == moved.c.order_id)
        .outerjoin(_service, _service.c.id == _shipment.c.service_id)
    )
    if only_late:
        until = func.coalesce(moved.c[LAST], int(tx.now.timestamp()))
        rows = rows.where(_is_late(moved)).order_by((until - moved.c.promised).desc())
    return [_passage(row, scope) for row in tx.execute(rows.order_by(moved.c.id).limit(most))]


def read_tallies(tx: Transaction, scope: Scope, days: Days) -> dict[tuple[str, str], Tally]:
    """The tally of each (warehouse, carrier), by these."""
    moved = _moved(tx, scope, days)
    gone = moved.c[LAST].is_not(None)
    rows = tx.execute(
        select(
            moved.c.warehouse_id,
            moved.c.carrier,
            func.count(moved.c.order_id.distinct()).filter(gone).label("orders"),
            func.count().filter(gone).label("shipments"),
            func.coalesce(func.sum(moved.c.parcels).filter(gone), 0).label("parcels"),
            func.coalesce(func.sum(moved.c.pieces).filter(gone), 0).label("pieces"),
            func.count(moved.c.promised).label("promised"),
            func.count().filter(_is_on_time(moved)).label("on_time"),
            func.count().filter(~gone).label("missing"),
            *(all_of(tx, seconds).label(f"seconds_{n}") for n, seconds in _timed(moved)),
        ).group_by(moved.c.warehouse_id, moved.c.carrier)
    )
    found = {(scope.codes[row.warehouse_id], row.carrier): _tally(row) for row in rows}
    return dict(sorted(found.items()))


def count_orders(tx: Transaction, scope: Scope, days: Days) -> int:
    """How many orders left, of which some may have left from two warehouses."""
    moved = _moved(tx, scope, days)
    orders = select(func.count(moved.c.order_id.distinct())).where(moved.c[LAST].is_not(None))
    return int(tx.execute(orders).scalar_one())


def read_quarters(tx: Transaction, scope: Scope, days: Days) -> list[Quarter]:
    """What left in each quarter of an hour."""
    moved = _moved(tx, scope, days)
    quarter = moved.c[LAST] - moved.c[LAST] % QUARTER
    whole = moved.c[LAST] - moved.c[FIRST]
    rows = tx.execute(
        select(
            moved.c.warehouse_id,
            quarter.label("begins"),
            func.count().label("shipments"),
            func.count(moved.c.promised).label("promised"),
            func.count().filter(_is_on_time(moved)).label("on_time"),
            all_of(tx, whole).label("seconds"),
        )
        .where(moved.c[LAST].is_not(None))
        .group_by(moved.c.warehouse_id, quarter)
    )
    return [
        Quarter(
            scope.codes[row.warehouse_id],
            row.begins,
            row.shipments,
            row.promised,
            row.on_time,
            numbers(row.seconds),
        )
        for row in rows
    ]


def _moved(tx: Transaction, scope: Scope, days: Days) -> CTE:
    """The shipments of the days with their stamps in whole seconds."""
    parcels = (
        select(func.count())
        .select_from(_parcel)
        .where(_parcel.c.shipment_id == _shipment.c.id, _parcel.c.state != "cancelled")
        .scalar_subquery()
    )
    rows = (
        select(
            _shipment.c.id,
            _shipment.c.order_id,
            _shipment.c.warehouse_id,
            func.coalesce(_service.c.carrier, "").label("carrier"),
            _shipment.c.pieces,
            parcels.label("parcels"),
            whole_seconds(tx, _shipment.c.promised_cut_off_at).label("promised"),
            *(whole_seconds(tx, _shipment.c[f"{stage}_at"]).label(stage) for stage in STAGES),
        )
        .join(_order, _order.c.id == _shipment.c.order_id)
        .outerjoin(_service, _service.c.id == _shipment.c.service_id)
        .where(*_asked(scope))
    )
    gone = and_(
        _shipment.c.state == "dispatched",
        scope.within(_shipment.c.warehouse_id, _shipment.c.dispatched_at, days),
    )
    missing = and_(
        _shipment.c.state.in_(OPEN),
        _shipment.c.promised_cut_off_at < tx.now,
        scope.within(_shipment.c.warehouse_id, _shipment.c.promised_cut_off_at, days),
    )
    return union_all(rows.where(gone), rows.where(missing)).cte("moved")


def _asked(scope: Scope) -> Iterable[Any]:
    if scope.choice.carrier:
        yield _service.c.carrier == scope.choice.carrier
    if scope.choice.channel:
        yield _order.c.channel == scope.choice.channel
    yield from scope.of_sellers(_order.c.seller_id)


def _is_on_time(moved: CTE) -> ColumnElement[bool]:
    return moved.c[LAST] <= moved.c.promised


def _is_late(moved: CTE) -> ColumnElement[bool]:
    """As :attr:`Passage.on_time` has it."""
    return moved.c.promised.is_not(None) & (
        moved.c[LAST].is_(None) | (moved.c[LAST] > moved.c.promised)
    )


def _timed(moved: CTE) -> Iterator[tuple[int, ColumnElement[int]]]:
    """The seconds of the whole and of each stage, as :meth:`Passage.times` has them."""
    gone = moved.c[LAST].is_not(None)
    yield 0, moved.c[LAST] - moved.c[FIRST]
    for n, stage in enumerate(STAGES[1:], start=1):
        before = func.coalesce(*(moved.c[each] for each in reversed(STAGES[:n])), None)
        yield n, case((gone, moved.c[stage] - before))


def _tally(row: Row[Any]) -> Tally:
    return Tally(
        orders=row.orders,
        shipments=row.shipments,
        parcels=int(row.parcels),
        pieces=int(row.pieces),
        promised=row.promised,
        on_time=row.on_time,
        missing=row.missing,
        seconds=tuple(numbers(row._mapping[f"seconds_{n}"]) for n in range(len(STAGES))),
    )


def _passage(row: Row[Any], scope: Scope) -> Passage:
    seen = row._mapping
    return Passage(
        shipment_id=row.id,
        order_id=row.order_id,
        warehouse=scope.codes[row.warehouse_id],
        carrier=row.carrier,
        service=row.service or "",
        channel=row.channel,
        order=row.order_number,
        shipment=row.number,
        pieces=row.pieces,
        parcels=row.parcels,
        promised=row.promised,
        stamps=tuple(seen[stage] for stage in STAGES),
        stamped_by=(row.confirmed_by_id, *(seen[f"{stage}_by_id"] for stage in _STAMPED)),
    )
