"""What waits to be released, and how far released waves have come: for who plans the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import SHIPMENT
from fulfillment.store.base import table_of
from fulfillment.store.catalog import CarrierService, Warehouse
from fulfillment.store.orders import Hold, Order, Shipment
from fulfillment.store.people import User
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import PickFeed, PickList, PickStop, Wave

_shipment, _order, _hold = table_of(Shipment), table_of(Order), table_of(Hold)
_service, _warehouse, _user = table_of(CarrierService), table_of(Warehouse), table_of(User)
_wave, _list, _stop, _feed = (
    table_of(Wave),
    table_of(PickList),
    table_of(PickStop),
    table_of(PickFeed),
)


@dataclass(frozen=True)
class WaitingGroup:
    """Shipments of one van that could be released now; held ones are left out."""

    service_id: int | None
    service: str
    cut_off_at: datetime | None
    shipments: int
    singles: int
    """Shipments of one piece."""
    pieces: int


@dataclass(frozen=True)
class ListProgress:
    """A pick list of a wave, in stops and units."""

    number: str
    state: str
    picker: str
    due_at: datetime | None
    stops: int
    stops_done: int
    units: int
    picked: int
    short: int
    metres: float | None = None
    """Length of the walk where the layout is drawn, and what it saves against bin-code order."""
    saved_metres: float | None = None


@dataclass(frozen=True)
class WaveProgress:
    """A wave with its lists; ``choice`` is what was asked for."""

    number: str
    warehouse: str
    timezone: str
    choice: Mapping[str, Any]
    released_at: datetime
    released_by: str
    lists: tuple[ListProgress, ...]


@reads
def waiting_groups(tx: Transaction, actor: Actor, *, warehouse_id: int) -> list[WaitingGroup]:
    """What a warehouse could release, the next van first."""
    actor.require(Permission.RELEASE, warehouse_id=warehouse_id)
    held = select(_hold.c.id).where(
        _hold.c.order_id == _shipment.c.order_id,
        _hold.c.released_at.is_(None),
        or_(_hold.c.shipment_id.is_(None), _hold.c.shipment_id == _shipment.c.id),
    )
    query = (
        select(
            _shipment.c.service_id,
            func.coalesce(_service.c.carrier + "/" + _service.c.code, "").label("service"),
            _shipment.c.cut_off_at,
            func.count().label("shipments"),
            func.sum(case((_shipment.c.pieces == 1, 1), else_=0)).label("singles"),
            func.sum(_shipment.c.pieces).label("pieces"),
        )
        .outerjoin(_service, _service.c.id == _shipment.c.service_id)
        .where(
            _shipment.c.warehouse_id == warehouse_id,
            _shipment.c.state.in_(SHIPMENT.sources("release")),
            ~held.exists(),
        )
        .group_by(
            _shipment.c.service_id, _service.c.carrier, _service.c.code, _shipment.c.cut_off_at
        )
        .order_by(_shipment.c.cut_off_at.asc().nulls_last(), _shipment.c.service_id)
    )
    sellers = actor.seller_ids(Permission.RELEASE)
    if sellers is not None:
        own = select(_order.c.id).where(_order.c.seller_id.in_(sorted(sellers)))
        query = query.where(_shipment.c.order_id.in_(own))
    return [
        WaitingGroup(
            service_id=row.service_id,
            service=row.service,
            cut_off_at=row.cut_off_at,
            shipments=row.shipments,
            singles=int(row.singles),
            pieces=int(row.pieces),
        )
        for row in tx.execute(query)
    ]


@reads
def wave_progress(tx: Transaction, actor: Actor, number: str) -> WaveProgress:
    """A wave and how far its lists are; raises :class:`UnknownThing`, also for a foreign one."""
    actor.require(Permission.RELEASE)
    query = (
        select(_wave, _warehouse.c.code, _warehouse.c.timezone, _user.c.name.label("released_by"))
        .join(_warehouse, _warehouse.c.id == _wave.c.warehouse_id)
        .join(_user, _user.c.id == _wave.c.released_by_id)
        .where(_wave.c.number == number)
    )
    wave = tx.execute(query).one_or_none()
    if wave is None or not actor.may(Permission.RELEASE, warehouse_id=wave.warehouse_id):
        raise UnknownThing(kind="wave", key=number)
    return WaveProgress(
        number=wave.number,
        warehouse=wave.code,
        timezone=wave.timezone,
        choice=wave.choice,
        released_at=wave.released_at,
        released_by=wave.released_by,
        lists=_lists(tx, wave.id),
    )


def _lists(tx: Transaction, wave_id: int) -> tuple[ListProgress, ...]:
    stops = func.count(_stop.c.id.distinct())
    query = (
        select(
            _list.c.number,
            _list.c.state,
            func.coalesce(_user.c.name, "").label("picker"),
            _list.c.due_at,
            _list.c.id,
            stops.label("stops"),
            func.count(case((_stop.c.state != "open", _stop.c.id)).distinct()).label("stops_done"),
            func.coalesce(func.sum(_feed.c.quantity), 0).label("units"),
            func.coalesce(func.sum(_feed.c.picked), 0).label("picked"),
            func.coalesce(func.sum(_feed.c.short), 0).label("short"),
        )
        .outerjoin(_user, _user.c.id == _list.c.picker_id)
        .outerjoin(_stop, _stop.c.pick_list_id == _list.c.id)
        .outerjoin(_feed, _feed.c.stop_id == _stop.c.id)
        .where(_list.c.wave_id == wave_id)
        .group_by(_list.c.id, _list.c.number, _list.c.state, _user.c.name, _list.c.due_at)
        .order_by(_list.c.id)
    )
    rows = tx.execute(query).all()
    # Apart, because a document cannot be grouped by.
    documents = tx.execute(select(_list.c.id, _list.c.walk).where(_list.c.wave_id == wave_id))
    walks: dict[int, Mapping[str, Any]] = {row.id: row.walk for row in documents}
    return tuple(
        ListProgress(
            number=row.number,
            state=row.state,
            picker=row.picker,
            due_at=row.due_at,
            stops=row.stops,
            stops_done=row.stops_done,
            units=int(row.units),
            picked=int(row.picked),
            short=int(row.short),
            metres=walks[row.id].get("metres"),
            saved_metres=walks[row.id].get("saved_metres"),
        )
        for row in rows
    )
