"""Waves and pick lists as pages, paper and API show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.paging import Page
from fulfillment.store.catalog import Location, Product, Warehouse
from fulfillment.store.orders import Order, Shipment, ShipmentLine
from fulfillment.store.people import User
from fulfillment.store.stock import Lot
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import (
    PickFeed,
    PickList,
    PickListShipment,
    PickStop,
    ToteUse,
    Wave,
)


@dataclass(frozen=True)
class WaveView:
    """A wave in the list of waves."""

    id: int
    number: str
    warehouse_code: str
    choice: Mapping[str, Any]
    released_at: datetime
    released_by: str
    lists: int
    lists_done: int
    shipments: int
    due_at: datetime | None


@dataclass(frozen=True)
class PickListRow:
    """A pick list in the list of pick lists; ``stops_open`` of its ``stops`` are to be done."""

    id: int
    number: str
    wave_number: str
    warehouse_code: str
    state: str
    priority: int
    due_at: datetime | None
    picker: str | None
    claimed_at: datetime | None
    finished_at: datetime | None
    stops: int
    stops_open: int
    shipments: int
    walk: Mapping[str, Any]

    @property
    def metres(self) -> float | None:
        """Length of the walk; None where it is not known."""
        return self.walk.get("metres")

    @property
    def saved_metres(self) -> float | None:
        """What the walk saves against the order of the bin codes."""
        return self.walk.get("saved_metres")


@dataclass(frozen=True)
class FeedView:
    """Units of a stop for one position of the cart."""

    feed_id: int
    position: int
    shipment_number: str
    quantity: int
    picked: int
    short: int


@dataclass(frozen=True)
class StopView:
    """One product and lot in a bin, and where its units go."""

    stop_id: int
    sequence: int
    sku: str
    name: str
    lot: str
    expires_on: date | None
    state: str
    feeds: tuple[FeedView, ...]

    @property
    def quantity(self) -> int:
        """Units to take here, short ones included."""
        return sum(feed.quantity for feed in self.feeds)

    @property
    def picked(self) -> int:
        """Units taken so far."""
        return sum(feed.picked for feed in self.feeds)


@dataclass(frozen=True)
class BinView:
    """A bin to walk to, with its stops."""

    code: str
    zone: str
    stops: tuple[StopView, ...]
    aisle: int | None = None
    y_metres: float | None = None


@dataclass(frozen=True)
class PositionView:
    """A position of the cart and the shipment that is collected there."""

    position: int
    shipment_number: str
    order_number: str
    cut_off_at: datetime | None
    units: int
    totes: tuple[str, ...]


@dataclass(frozen=True)
class PickListView:
    """A pick list as page and paper show it: bins in walking order."""

    number: str
    wave_number: str
    warehouse_code: str
    state: str
    priority: int
    due_at: datetime | None
    picker: str | None
    walk: Mapping[str, Any]
    bins: tuple[BinView, ...]
    positions: tuple[PositionView, ...]
    layout: Mapping[str, Any] | None = None
    """The layout of the warehouse, to draw the walk on."""

    @property
    def units(self) -> int:
        """Units to pick in all."""
        return sum(stop.quantity for one in self.bins for stop in one.stops)


@reads
def list_waves(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[WaveView]:
    """The latest waves of the warehouses that the actor sees, newest first."""
    actor.require(Permission.PICK, warehouse_id=warehouse_id)
    shown = select(Wave.id).order_by(Wave.id.desc()).limit(limit)
    if warehouse_id is not None:
        shown = shown.where(Wave.warehouse_id == warehouse_id)
    if before_id is not None:
        shown = shown.where(Wave.id < before_id)
    seen = actor.warehouse_ids(Permission.PICK)
    if seen is not None:
        shown = shown.where(Wave.warehouse_id.in_(sorted(seen)))
    latest = shown.cte("latest")
    lists = (
        select(
            PickList.wave_id,
            func.count().label("lists"),
            func.count().filter(PickList.state.in_(("done", "cancelled"))).label("lists_done"),
            func.min(PickList.due_at).label("due_at"),
        )
        .where(PickList.wave_id.in_(select(latest.c.id)))
        .group_by(PickList.wave_id)
        .subquery()
    )
    shipments = (
        select(func.count(PickListShipment.shipment_id.distinct()))
        .join(PickList, PickList.id == PickListShipment.pick_list_id)
        .where(PickList.wave_id == Wave.id)
        .correlate(Wave)
        .scalar_subquery()
    )
    query = (
        select(
            Wave.id,
            Wave.number,
            Warehouse.code.label("warehouse_code"),
            Wave.choice,
            Wave.released_at,
            User.name.label("released_by"),
            func.coalesce(lists.c.lists, 0).label("lists"),
            func.coalesce(lists.c.lists_done, 0).label("lists_done"),
            shipments.label("shipments"),
            lists.c.due_at,
        )
        .select_from(latest.join(Wave, Wave.id == latest.c.id))
        .join(Warehouse, Warehouse.id == Wave.warehouse_id)
        .join(User, User.id == Wave.released_by_id)
        .outerjoin(lists, lists.c.wave_id == Wave.id)
        .order_by(Wave.id.desc())
    )
    return [WaveView(**row._mapping) for row in tx.execute(query)]


@reads
def list_pick_lists(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int | None = None,
    wave: str = "",
    states: Sequence[str] = (),
    before_id: int | None = None,
    limit: int = 50,
) -> Page[PickListRow]:
    """The latest pick lists of the warehouses that the actor sees, newest first."""
    actor.require(Permission.PICK, warehouse_id=warehouse_id)
    query = (
        select(
            PickList.id,
            PickList.number,
            Wave.number.label("wave_number"),
            Warehouse.code.label("warehouse_code"),
            PickList.state,
            PickList.priority,
            PickList.due_at,
            User.name.label("picker"),
            PickList.claimed_at,
            PickList.finished_at,
            PickList.walk,
            _count_stops().label("stops"),
            _count_stops(PickStop.state == "open").label("stops_open"),
            select(func.count())
            .select_from(PickListShipment)
            .where(PickListShipment.pick_list_id == PickList.id)
            .correlate(PickList)
            .scalar_subquery()
            .label("shipments"),
        )
        .join(Wave, Wave.id == PickList.wave_id)
        .join(Warehouse, Warehouse.id == PickList.warehouse_id)
        .outerjoin(User, User.id == PickList.picker_id)
        .order_by(PickList.id.desc())
        .limit(limit + 1)
    )
    seen = actor.warehouse_ids(Permission.PICK)
    conditions = [
        warehouse_id is None or PickList.warehouse_id == warehouse_id,
        seen is None or PickList.warehouse_id.in_(sorted(seen)),
        not wave or Wave.number == wave,
        not states or PickList.state.in_(states),
        before_id is None or PickList.id < before_id,
    ]
    query = query.where(*(condition for condition in conditions if condition is not True))
    rows = [PickListRow(**row._mapping) for row in tx.execute(query)]
    return Page.cut(rows, limit=limit, key=lambda row: (row.id,))


def _count_stops(*conditions: Any) -> Any:
    return (
        select(func.count())
        .select_from(PickStop)
        .where(PickStop.pick_list_id == PickList.id, *conditions)
        .correlate(PickList)
        .scalar_subquery()
    )


@reads
def pick_list_view(tx: Transaction, actor: Actor, number: str) -> PickListView:
    """A pick list with everything on it; raises UnknownThing, also for a foreign warehouse's."""
    actor.require(Permission.PICK)
    row = tx.execute(
        select(
            PickList.id,
            PickList.number,
            PickList.warehouse_id,
            PickList.state,
            PickList.priority,
            PickList.due_at,
            PickList.walk,
            Wave.number.label("wave_number"),
            Warehouse.code.label("warehouse_code"),
            Warehouse.layout,
            User.name.label("picker"),
        )
        .join(Wave, Wave.id == PickList.wave_id)
        .join(Warehouse, Warehouse.id == PickList.warehouse_id)
        .outerjoin(User, User.id == PickList.picker_id)
        .where(PickList.number == number)
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="pick-list", key=number)
    actor.require_sight(
        Permission.PICK,
        kind="pick-list",
        key=number,
        warehouse_id=row.warehouse_id,
        seller_id=None,
    )
    feeds = tx.execute(_FEEDS, {"pick_list_id": row.id}).all()
    return PickListView(
        number=row.number,
        wave_number=row.wave_number,
        warehouse_code=row.warehouse_code,
        state=row.state,
        priority=row.priority,
        due_at=row.due_at,
        picker=row.picker,
        walk=row.walk,
        bins=tuple(_bins(feeds)),
        positions=tuple(_positions(tx, row.id, feeds)),
        layout=row.layout,
    )


_FEEDS = (
    select(
        PickFeed.id.label("feed_id"),
        PickFeed.position,
        PickFeed.quantity,
        PickFeed.picked,
        PickFeed.short,
        Shipment.number.label("shipment_number"),
        PickStop.id.label("stop_id"),
        PickStop.sequence,
        PickStop.state,
        PickStop.lot,
        Lot.expires_on,
        Product.sku,
        Product.name,
        Location.code,
        Location.zone,
        Location.aisle,
        Location.y_metres,
    )
    .join(PickStop, PickStop.id == PickFeed.stop_id)
    .join(ShipmentLine, ShipmentLine.id == PickFeed.shipment_line_id)
    .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
    .join(Product, Product.id == PickStop.product_id)
    .join(Location, Location.id == PickStop.location_id)
    .outerjoin(Lot, (Lot.product_id == PickStop.product_id) & (Lot.code == PickStop.lot))
    .where(PickStop.pick_list_id == bindparam("pick_list_id"))
    .order_by(PickStop.sequence, PickFeed.position, PickFeed.id)
)


def _bins(feeds: Sequence[Row[Any]]) -> Iterator[BinView]:
    """Neighbouring stops in one bin together."""
    for (code, zone), rows in groupby(feeds, key=lambda row: (row.code, row.zone)):
        in_bin = list(rows)
        stops = tuple(
            _stop_view(list(same)) for _, same in groupby(in_bin, key=lambda row: row.stop_id)
        )
        yield BinView(code, zone, stops, in_bin[0].aisle, in_bin[0].y_metres)


def _stop_view(rows: Sequence[Row[Any]]) -> StopView:
    first = rows[0]
    return StopView(
        stop_id=first.stop_id,
        sequence=first.sequence,
        sku=first.sku,
        name=first.name,
        lot=first.lot,
        expires_on=first.expires_on,
        state=first.state,
        feeds=tuple(
            FeedView(
                feed_id=row.feed_id,
                position=row.position,
                shipment_number=row.shipment_number,
                quantity=row.quantity,
                picked=row.picked,
                short=row.short,
            )
            for row in rows
        ),
    )


def _positions(
    tx: Transaction, pick_list_id: int, feeds: Sequence[Row[Any]]
) -> Iterator[PositionView]:
    units: dict[int, int] = defaultdict(int)
    for feed in feeds:
        units[feed.position] += feed.quantity
    rows = tx.execute(
        select(
            PickListShipment.position,
            Shipment.number,
            Order.number.label("order_number"),
            Shipment.cut_off_at,
            Location.code.label("tote"),
        )
        .join(Shipment, Shipment.id == PickListShipment.shipment_id)
        .join(Order, Order.id == Shipment.order_id)
        .outerjoin(
            ToteUse,
            ToteUse.closed_at.is_(None)
            & (
                (ToteUse.shipment_id == Shipment.id)
                | (
                    ToteUse.shipment_id.is_(None)
                    & (ToteUse.pick_list_id == PickListShipment.pick_list_id)
                )
            ),
        )
        .outerjoin(Location, Location.id == ToteUse.tote_id)
        .where(PickListShipment.pick_list_id == pick_list_id)
        .order_by(PickListShipment.position, ToteUse.id)
    )
    for position, found in groupby(rows, key=lambda row: row.position):
        same = list(found)
        yield PositionView(
            position=position,
            shipment_number=same[0].number,
            order_number=same[0].order_number,
            cut_off_at=same[0].cut_off_at,
            units=units[position],
            totes=tuple(row.tote for row in same if row.tote),
        )
