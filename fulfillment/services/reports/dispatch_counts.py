"""The figures of the dispatch report, counted by PostgreSQL.

A month of a large house has too many shipments to bring them all here.  The figures are those of
:mod:`fulfillment.domain.reporting.dispatch`, which says what each one means; the tests compare both
with the exported rows.  The shipments are found by ``ix_shipment_dispatched`` (those that left) and
``ix_shipment_queue`` (those that are still here), their parcels by the unique key of ``parcel``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, Integer, Subquery, case, cast, distinct, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import array

from fulfillment.domain.reporting.dispatch import (
    CLASS_MINUTES,
    MINUTE,
    TIMED,
    WHOLE,
    Figures,
    Slot,
    Timing,
)
from fulfillment.domain.states import STAGES
from fulfillment.store.transaction import Transaction

_SHARES = (0.5, 0.9, 0.95)
_WITHOUT_COMPILING = select(func.set_config("jit", "off", true()))
"""For this transaction: to compile more than a hundred aggregates takes longer than to count them."""
GroupKey = tuple[int, str]
"""A warehouse and a carrier."""


def count_figures(
    tx: Transaction, rows: Subquery, *, by_group: bool
) -> tuple[Figures, dict[GroupKey, Figures]]:
    """The figures of all *rows* and, where it is asked for, of each warehouse and carrier."""
    tx.execute(_WITHOUT_COMPILING)
    passage = _timed(rows)
    key = (passage.c.warehouse_id, passage.c.carrier)
    sets = [tuple_(), tuple_(*key)] if by_group else [tuple_()]
    columns = (
        func.count(distinct(passage.c.order_id)).filter(passage.c.gone).label("orders"),
        func.count().filter(passage.c.gone).label("shipments"),
        func.count().label("all"),
        func.coalesce(func.sum(passage.c.parcels).filter(passage.c.gone), 0).label("parcels"),
        func.coalesce(func.sum(passage.c.pieces).filter(passage.c.gone), 0).label("pieces"),
        func.count(passage.c.promised).label("promised"),
        func.count().filter(passage.c.on_time).label("on_time"),
    )
    heads = (func.grouping(key[0]).label("is_whole"), *key) if by_group else ()
    query = select(*heads, *columns, *_timings(passage)).group_by(func.grouping_sets(*sets))
    whole, groups = None, {}
    for row in tx.execute(query):
        found = _figures(row._asdict())
        if not by_group or row.is_whole:
            whole = found
        else:
            groups[row.warehouse_id, row.carrier] = found
    assert whole is not None, "the empty grouping set has a row also of nothing"
    return whole, groups


def _timed(rows: Subquery) -> CTE:
    """Each shipment with the seconds of its stages, made once for all the aggregates."""
    stamps = [rows.c[stage] for stage in STAGES]
    gone = rows.c.dispatched.is_not(None)
    seconds = {WHOLE: stamps[-1] - stamps[0]}
    for at, stage in enumerate(STAGES[1:], start=1):
        seconds[stage] = stamps[at] - func.coalesce(*reversed(stamps[:at]), None)
    return (
        select(
            rows.c.warehouse_id,
            rows.c.carrier,
            rows.c.order_id,
            rows.c.pieces,
            rows.c.parcels,
            rows.c.promised,
            gone.label("gone"),
            (rows.c.dispatched <= rows.c.promised).label("on_time"),
            *(case((gone, value)).label(f"s_{stage}") for stage, value in seconds.items()),
        )
        .cte("passage")
        .prefix_with("MATERIALIZED")
    )


def _timings(passage: CTE) -> list[Any]:
    columns = []
    for stage in TIMED:
        seconds = passage.c[f"s_{stage}"]
        columns.append(func.count(seconds).label(f"n_{stage}"))
        columns.append(
            func.percentile_cont(array(_SHARES)).within_group(seconds).label(f"p_{stage}")
        )
        columns += [
            func.count().filter(seconds <= minutes * MINUTE).label(f"c_{stage}_{minutes}")
            for minutes in CLASS_MINUTES
        ]
    return columns


def _figures(row: Mapping[str, Any]) -> Figures:
    return Figures(
        orders=row["orders"],
        shipments=row["shipments"],
        parcels=int(row["parcels"]),
        pieces=int(row["pieces"]),
        promised=row["promised"],
        on_time=row["on_time"],
        missing=row["all"] - row["shipments"],
        timings=tuple(_timing(stage, row) for stage in TIMED),
    )


def _timing(stage: str, row: Mapping[str, Any]) -> Timing:
    up_to = [row[f"c_{stage}_{minutes}"] for minutes in CLASS_MINUTES]
    count = row[f"n_{stage}"]
    classes = (each - before for before, each in zip([0, *up_to], [*up_to, count], strict=True))
    median, p90, p95 = row[f"p_{stage}"] or (None, None, None)
    return Timing(stage, count, median, p90, p95, tuple(classes))


def count_slots(
    tx: Transaction, rows: Subquery, zones: Mapping[int, ZoneInfo]
) -> tuple[tuple[Slot, ...], tuple[Slot, ...]]:
    """What left in each hour of the day and on each weekday, on the warehouses' clocks."""
    zone = case({key: zone.key for key, zone in zones.items()}, value=rows.c.warehouse_id)
    local = func.timezone(zone, func.to_timestamp(rows.c.dispatched))
    left = (
        select(
            cast(func.extract("hour", local), Integer).label("hour"),
            (cast(func.extract("isodow", local), Integer) - 1).label("weekday"),
            rows.c.promised,
            (rows.c.dispatched <= rows.c.promised).label("on_time"),
            (rows.c.dispatched - rows.c[STAGES[0]]).label("whole"),
        )
        .where(rows.c.dispatched.is_not(None))
        .subquery("gone")
    )
    query = select(
        left.c.hour,
        left.c.weekday,
        func.count().label("shipments"),
        func.count(left.c.promised).label("promised"),
        func.count().filter(left.c.on_time).label("on_time"),
        func.percentile_cont(0.5).within_group(left.c.whole).label("median"),
    ).group_by(func.grouping_sets(tuple_(left.c.hour), tuple_(left.c.weekday)))
    hours, weekdays = (
        {slot: Slot(slot, 0, None, None) for slot in range(count)} for count in (24, 7)
    )
    for row in tx.execute(query) if zones else ():
        share = 100 * row.on_time / row.promised if row.promised else None
        slots, slot = (weekdays, row.weekday) if row.hour is None else (hours, row.hour)
        slots[slot] = Slot(slot, row.shipments, share, row.median)
    return tuple(hours.values()), tuple(weekdays.values())
