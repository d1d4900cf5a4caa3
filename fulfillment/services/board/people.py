"""Who works on what, and how fast: people and stations in the last hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, literal, select, union_all

from fulfillment.domain.board.pace import SLOT_MINUTES
from fulfillment.services.board.reading import WorkDone
from fulfillment.store.base import table_of
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import PackSession
from fulfillment.store.people import Station, User
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickList, PickListShipment

_list, _member, _session = table_of(PickList), table_of(PickListShipment), table_of(PackSession)
_shipment, _order = table_of(Shipment), table_of(Order)
_user, _station = table_of(User), table_of(Station)


@dataclass(frozen=True)
class InHand:
    """Work that somebody holds: a pick list, or an order at a bench."""

    process: str
    number: str
    user_id: int
    station_id: int | None
    since: datetime | None
    orders: int


@dataclass(frozen=True)
class Rate:
    """What a person did, or what was done at a station, in the last hour.

    The rates are for an hour of activity: slots of the clock without a scan are left out.
    """

    name: str
    process: str
    """Of the last scan."""
    last_at: datetime | None
    orders: int
    pieces: int
    scans: int
    refused: int
    active_minutes: int
    in_hand: tuple[str, ...] = ()
    """Numbers of the lists or orders that are held."""
    station: str = ""

    @property
    def orders_an_hour(self) -> float:
        """Orders in an active hour."""
        return _an_hour(self.orders, self.active_minutes)

    @property
    def pieces_an_hour(self) -> float:
        """Pieces in an active hour."""
        return _an_hour(self.pieces, self.active_minutes)


def in_hand(tx: Transaction, warehouse_id: int) -> list[InHand]:
    """Claimed lists and open benches of a warehouse, in one statement."""
    claimed = (
        select(
            literal("pick").label("process"),
            _list.c.number,
            _list.c.picker_id.label("user_id"),
            literal(None, type_=_session.c.station_id.type).label("station_id"),
            _list.c.claimed_at.label("since"),
            func.count(_member.c.shipment_id).label("orders"),
        )
        .outerjoin(_member, _member.c.pick_list_id == _list.c.id)
        .where(
            _list.c.warehouse_id == warehouse_id,
            _list.c.state == "claimed",
            _list.c.picker_id.is_not(None),
        )
        .group_by(_list.c.id, _list.c.number, _list.c.picker_id, _list.c.claimed_at)
    )
    packing = (
        select(
            literal("pack").label("process"),
            _order.c.number,
            _session.c.user_id,
            _session.c.station_id,
            _session.c.opened_at.label("since"),
            literal(1).label("orders"),
        )
        .join(_shipment, _shipment.c.id == _session.c.shipment_id)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .where(_session.c.closed_at.is_(None), _shipment.c.warehouse_id == warehouse_id)
    )
    return [InHand(**row._mapping) for row in tx.execute(union_all(claimed, packing))]


def holders(tx: Transaction, shipment_ids: Iterable[int]) -> dict[int, int]:
    """Who has each of these shipments in hand now, by shipment id: picker or packer."""
    ids = sorted(shipment_ids)
    picking = (
        select(_member.c.shipment_id, _list.c.picker_id.label("user_id"))
        .join(_list, _list.c.id == _member.c.pick_list_id)
        .where(_member.c.shipment_id.in_(ids), _list.c.state == "claimed")
    )
    packing = select(_session.c.shipment_id, _session.c.user_id).where(
        _session.c.shipment_id.in_(ids), _session.c.closed_at.is_(None)
    )
    rows = tx.execute(union_all(picking, packing))
    return {row.shipment_id: row.user_id for row in rows if row.user_id is not None}


def user_names(tx: Transaction, ids: Iterable[int | None]) -> dict[int, str]:
    """Names by id, in one statement."""
    wanted = sorted({one for one in ids if one is not None})
    rows = tx.execute(select(_user.c.id, _user.c.name).where(_user.c.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def rates(
    tx: Transaction, warehouse_id: int, work: Iterable[WorkDone]
) -> tuple[tuple[Rate, ...], tuple[Rate, ...]]:
    """People and stations with their figures, the busiest first."""
    done = list(work)
    held = in_hand(tx, warehouse_id)
    at_it = {one.user_id for one in done} | {one.user_id for one in held}
    names = user_names(tx, at_it)
    station = select(_station.c.id, _station.c.code).where(_station.c.warehouse_id == warehouse_id)
    codes = {row.id: row.code for row in tx.execute(station)}
    people: dict[int, Rate] = {}
    stations: dict[int, Rate] = {}
    for one in done:
        place = codes.get(one.station_id or 0, "")
        people[one.user_id] = _more(people.get(one.user_id), one, names[one.user_id], place)
        key = one.station_id
        if key is not None and key in codes:
            stations[key] = _more(stations.get(key), one, codes[key], codes[key])
    for thing in held:
        there = people.get(thing.user_id) or _idle(names[thing.user_id], thing.process)
        people[thing.user_id] = replace(there, in_hand=(*there.in_hand, thing.number))
        key = thing.station_id
        if key is not None and key in codes:
            bench = stations.get(key) or _idle(codes[key], "pack")
            stations[key] = replace(bench, in_hand=(*bench.in_hand, thing.number))
    return _busiest(people), _busiest(stations)


def _more(before: Rate | None, done: WorkDone, name: str, station: str) -> Rate:
    so_far = before or _idle(name, done.process)
    is_later = so_far.last_at is None or done.last_at > so_far.last_at
    return replace(
        so_far,
        process=done.process if is_later else so_far.process,
        station=station if is_later else so_far.station,
        last_at=done.last_at if is_later else so_far.last_at,
        orders=so_far.orders + done.orders,
        pieces=so_far.pieces + done.pieces,
        scans=so_far.scans + done.scans,
        refused=so_far.refused + done.refused,
        active_minutes=so_far.active_minutes + done.active_slots * SLOT_MINUTES,
    )


def _idle(name: str, process: str) -> Rate:
    return Rate(name, process, None, 0, 0, 0, 0, 0)


def _busiest(found: dict[int, Rate]) -> tuple[Rate, ...]:
    return tuple(sorted(found.values(), key=lambda one: (-one.scans, one.name)))


def _an_hour(count: int, minutes: int) -> float:
    return 60 * count / minutes if minutes else 0.0
