"""How good the forecast was: made again as of past moments, and compared with what happened.

Nothing is stored for it.  The stamps of the shipments say where each of them stood at a moment, and
the scans who worked how fast in the hour before.  What the stamps do not say: how far a walk or a
parcel in hand had come (half of it is taken), and priorities that were changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, literal, or_, select

from fulfillment.domain.board.error import ForecastError, Told, forecast_error
from fulfillment.domain.board.forecast import OpenShipment, leaving_times, rhythm
from fulfillment.domain.board.pace import WINDOW, paces
from fulfillment.domain.board.standing import standing
from fulfillment.domain.people import Actor
from fulfillment.services.board.reading import (
    House,
    activity,
    house_seen,
    latest_releases,
    scans_left,
    work_done,
)
from fulfillment.store.base import table_of
from fulfillment.store.orders import Hold, Shipment
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import PickList, PickListShipment

MINUTES_BEFORE = (60, 30)
DAYS = 14
MOST_VANS = 10
"""The latest ones: each costs as much as a look at the board."""
BACKLOG = timedelta(days=2)
"""What missed its van longer ago is no part of that day's queue."""

_shipment, _hold = table_of(Shipment), table_of(Hold)
_list, _member = table_of(PickList), table_of(PickListShipment)

_PASSED = (
    ("dispatched_at", "dispatched"),
    ("shipped_at", "shipped"),
    ("labelled_at", "labelled"),
    ("packed_at", "packed"),
    ("pack_started_at", "packing"),
    ("picked_at", "picked"),
    ("pick_started_at", "picking"),
    ("released_at", "released"),
    ("allocated_at", "allocated"),
)
"""The state that each stamp leads to, the latest first."""


@reads
def forecast_errors(tx: Transaction, actor: Actor, warehouse_id: int) -> tuple[ForecastError, ...]:
    """How good forecasts were an hour and half an hour before the latest vans of two weeks."""
    house = house_seen(tx, actor, warehouse_id)
    vans = _past_vans(tx, house)
    return tuple(
        forecast_error(
            [
                told
                for van in vans
                for told in _told_before(tx, house, van, timedelta(minutes=minutes))
            ],
            minutes_before=minutes,
        )
        for minutes in MINUTES_BEFORE
    )


def _past_vans(tx: Transaction, house: House) -> list[datetime]:
    query = (
        select(_shipment.c.cut_off_at)
        .where(
            _shipment.c.warehouse_id == house.warehouse_id,
            _shipment.c.state == "dispatched",
            _shipment.c.cut_off_at < tx.now,
            _shipment.c.cut_off_at > tx.now - timedelta(days=DAYS),
        )
        .distinct()
        .order_by(_shipment.c.cut_off_at.desc())
        .limit(MOST_VANS)
    )
    return list(tx.execute(query).scalars())


def _told_before(tx: Transaction, house: House, van: datetime, ahead: timedelta) -> Iterator[Told]:
    """What the forecast said so long before *van* of those that were to go with it."""
    then = van - ahead
    rows = {row.id: row for row in _here_at(tx, house, van, then)}
    whole = scans_left(tx, *_were_here(house, van, then), picked=literal(0), packed=literal(0))
    found = [_as_of(row, then, whole.get(row.id, (0, 0))) for row in rows.values()]
    work = work_done(tx, house.warehouse_id, until=then)
    leaves = leaving_times(
        found,
        paces((activity(one) for one in work), now=then),
        now=then,
        rhythm=rhythm(
            latest_releases(tx, house.warehouse_id, until=then),
            _dock_waits(tx, house, van, then),
            now=then,
            scan_out=house.scan_out,
        ),
    )
    for one in found:
        row = rows[one.shipment_id]
        if row.cut_off_at != van or row.dispatched_at is None:
            continue
        leaves_at = leaves[one.shipment_id]
        yield Told(
            leaves_at=leaves_at,
            standing=standing(now=then, cut_off_at=van, leaves_at=leaves_at),
            cut_off_at=van,
            dispatched_at=row.dispatched_at,
        )


def _here_at(tx: Transaction, house: House, van: datetime, then: datetime) -> list[Row[Any]]:
    """The shipments that were in the house *then*."""
    was_held = (
        select(_hold.c.id)
        .where(
            _hold.c.order_id == _shipment.c.order_id,
            or_(_hold.c.shipment_id.is_(None), _hold.c.shipment_id == _shipment.c.id),
            _hold.c.placed_at <= then,
            or_(_hold.c.released_at.is_(None), _hold.c.released_at > then),
        )
        .exists()
    )
    query = (
        select(
            _shipment.c.id,
            _shipment.c.pieces,
            _shipment.c.priority,
            _shipment.c.cut_off_at,
            *(_shipment.c[stamp] for stamp, _state in _PASSED),
            was_held.label("held"),
            _list.c.id.label("list_id"),
            _list.c.claimed_at,
        )
        .outerjoin(_member, _member.c.shipment_id == _shipment.c.id)
        .outerjoin(
            _list,
            and_(
                _list.c.id == _member.c.pick_list_id,
                or_(_list.c.finished_at.is_(None), _list.c.finished_at > then),
            ),
        )
        .where(*_were_here(house, van, then))
        .order_by(_shipment.c.id, _list.c.id)
    )
    return list(tx.execute(query))


def _were_here(house: House, van: datetime, then: datetime) -> tuple[ColumnElement[bool], ...]:
    """Whether the shipment of the row was in the house *then*."""
    return (
        _shipment.c.warehouse_id == house.warehouse_id,
        _shipment.c.state != "cancelled",
        _shipment.c.cut_off_at > van - BACKLOG,
        _shipment.c.allocated_at <= then,
        or_(_shipment.c.dispatched_at.is_(None), _shipment.c.dispatched_at > then),
    )


def _dock_waits(tx: Transaction, house: House, van: datetime, then: datetime) -> list[timedelta]:
    """How long the parcels stood on the dock that left it in the hour until *then*."""
    query = select(_shipment.c.shipped_at, _shipment.c.dispatched_at).where(
        _shipment.c.warehouse_id == house.warehouse_id,
        _shipment.c.state == "dispatched",
        _shipment.c.cut_off_at > van - BACKLOG,
        _shipment.c.shipped_at <= then,
        _shipment.c.dispatched_at > then - WINDOW,
        _shipment.c.dispatched_at <= then,
    )
    return [row.dispatched_at - row.shipped_at for row in tx.execute(query)]


def _as_of(row: Row[Any], then: datetime, scans: tuple[int, int]) -> OpenShipment:
    """The shipment as it was *then*; *scans* are all that it takes at the bins and at the bench."""
    state = next(
        state
        for stamp, state in _PASSED
        if getattr(row, stamp) is not None and getattr(row, stamp) <= then
    )
    on_list = row.list_id is not None and state in ("released", "picking")
    to_pick, to_pack = scans
    if state == "picking":
        to_pick = (to_pick + 1) // 2
    if state == "packing":
        to_pack = (to_pack + 1) // 2
    return OpenShipment(
        row.id,
        state,
        row.pieces,
        to_pick,
        0 if state in ("packed", "labelled") else to_pack,
        row.cut_off_at,
        row.priority,
        bool(row.held),
        row.list_id if on_list else None,
        on_list and row.claimed_at is not None and row.claimed_at <= then,
        (then - row.shipped_at).total_seconds() / 60 if state == "shipped" else 0.0,
    )
