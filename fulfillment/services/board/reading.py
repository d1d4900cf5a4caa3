"""What the board is made of: open shipments and the scans of the last hour, read once.

A handful of statements, whatever the number of orders; the queue of the whole warehouse is read,
also of sellers whose orders the reader does not see, because they are ahead of others in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    cast,
    distinct,
    func,
    or_,
    select,
    union_all,
)

from fulfillment.domain.board.forecast import (
    RELEASES_LOOKED_AT,
    OpenShipment,
    Rhythm,
    leaving_times,
    rhythm,
)
from fulfillment.domain.board.pace import SLOT_MINUTES, WINDOW, Activity, Pace, paces
from fulfillment.domain.board.standing import Standing, stage_of, standing
from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.store.base import table_of
from fulfillment.store.catalog import ProductBarcode, Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Hold, Order, Shipment, ShipmentLine
from fulfillment.store.people import Station
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickList, PickListShipment, Wave

OPEN = (
    "allocated", "released", "picking", "picked", "packing", "packed", "labelled", "shipped",
)  # fmt: skip
NOT_PACKED = OPEN[: OPEN.index("packed")]

_shipment, _order, _hold = table_of(Shipment), table_of(Order), table_of(Hold)
_line, _warehouse = table_of(ShipmentLine), table_of(Warehouse)
_barcode = table_of(ProductBarcode)
_list, _member = table_of(PickList), table_of(PickListShipment)
_scan, _station, _wave = table_of(ScanEvent), table_of(Station), table_of(Wave)

_PACKS = (
    select(
        _barcode.c.product_id,
        func.min(_barcode.c.quantity).label("inner"),
        func.max(_barcode.c.quantity).label("case"),
    )
    .where(_barcode.c.quantity > 1)
    .group_by(_barcode.c.product_id)
    .subquery("packs")
)
"""Pieces of the smallest and of the largest pack of each product that has any with a barcode."""


@dataclass(frozen=True)
class House:
    """The warehouse, as far as the board needs it."""

    warehouse_id: int
    code: str
    name: str
    zone: ZoneInfo
    scan_out: bool

    def midnight(self, now: datetime) -> datetime:
        """When the present day began there."""
        return datetime.combine(now.astimezone(self.zone).date(), time(), tzinfo=self.zone)


@dataclass(frozen=True, slots=True)
class BoardShipment:
    """A shipment on the board: open, or gone today with its van or after it."""

    order_id: int
    seller_id: int
    service_id: int | None
    shipped_at: datetime | None
    dispatched_at: datetime | None
    open: OpenShipment

    @property
    def stage(self) -> str:
        """Its column."""
        return stage_of(self.open.state, held=self.open.held)


@dataclass(frozen=True)
class WorkDone:
    """What one person did in one process at one place in the last hour."""

    process: str
    user_id: int
    station_id: int | None
    orders: int
    pieces: int
    scans: int
    counted: int
    """Scans that counted pieces."""
    refused: int
    active_slots: int
    last_at: datetime


@dataclass(frozen=True)
class BoardFloor:
    """A warehouse at one moment."""

    house: House
    now: datetime
    shipments: tuple[BoardShipment, ...]
    work: tuple[WorkDone, ...]
    releases: tuple[datetime, ...] = ()

    @cached_property
    def paces(self) -> dict[str, Pace]:
        """How fast each step goes."""
        return paces((activity(one) for one in self.work), now=self.now)

    @cached_property
    def waiting(self) -> tuple[OpenShipment, ...]:
        """What has not left."""
        return tuple(one.open for one in self.shipments if one.dispatched_at is None)

    @cached_property
    def leaves(self) -> dict[int, datetime | None]:
        """When each shipment that has not left will leave, by its id."""
        return leaving_times(self.waiting, self.paces, now=self.now, rhythm=self.rhythm)

    @cached_property
    def rhythm(self) -> Rhythm:
        """When the next wave is to be expected, and how long parcels stand on the dock."""
        waits = [
            one.dispatched_at - one.shipped_at
            for one in self.shipments
            if one.dispatched_at and one.shipped_at and self.now - one.dispatched_at <= WINDOW
        ]
        return rhythm(self.releases, waits, now=self.now, scan_out=self.house.scan_out)

    @cached_property
    def standings(self) -> dict[int, Standing]:
        """How each shipment is with its van, by its id."""
        leaves = self.leaves
        return {
            one.open.shipment_id: standing(
                now=self.now,
                cut_off_at=one.open.cut_off_at,
                leaves_at=leaves.get(one.open.shipment_id),
                dispatched_at=one.dispatched_at,
            )
            for one in self.shipments
        }


def read_floor(tx: Transaction, actor: Actor, warehouse_id: int) -> BoardFloor:
    """The warehouse now; raises :class:`UnknownThing` where the actor sees no reports of it."""
    house = house_seen(tx, actor, warehouse_id)
    return BoardFloor(
        house=house,
        now=tx.now,
        shipments=tuple(_shipments(tx, house)),
        work=work_done(tx, warehouse_id, until=tx.now),
        releases=latest_releases(tx, warehouse_id, until=tx.now),
    )


def house_seen(tx: Transaction, actor: Actor, warehouse_id: int) -> House:
    """The warehouse, if the actor sees its reports; raises :class:`UnknownThing`."""
    actor.require_sight(
        Permission.SEE_REPORTS,
        kind="warehouse",
        key=str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )
    row = tx.execute(select(_warehouse).where(_warehouse.c.id == warehouse_id)).one_or_none()
    if row is None:
        raise UnknownThing(kind="warehouse", key=str(warehouse_id))
    policy = WarehousePolicy.of(row.policy)
    return House(row.id, row.code, row.name, ZoneInfo(row.timezone), policy.scan_out)


def held_by_now() -> ColumnElement[bool]:
    """Whether a hold stops the shipment of the row."""
    stops = or_(_hold.c.shipment_id.is_(None), _hold.c.shipment_id == _shipment.c.id)
    found = select(_hold.c.id).where(
        _hold.c.order_id == _shipment.c.order_id, _hold.c.released_at.is_(None), stops
    )
    return found.exists()


def work_done(tx: Transaction, warehouse_id: int, *, until: datetime) -> tuple[WorkDone, ...]:
    """What everybody in the warehouse scanned in the hour *until*, in one statement."""
    counted = and_(_scan.c.accepted, _scan.c.quantity > 0, _scan.c.undone_by_id.is_(None))
    # A scan at the dock counts no piece; the parcel is its work.
    worked = or_(counted, and_(_scan.c.process == "dispatch", _scan.c.accepted))
    here = func.coalesce(_station.c.warehouse_id, _list.c.warehouse_id, _shipment.c.warehouse_id)
    query = (
        select(
            _scan.c.process,
            _scan.c.user_id,
            _scan.c.station_id,
            func.count(distinct(_scan.c.shipment_id)).filter(worked).label("orders"),
            func.coalesce(func.sum(_scan.c.quantity).filter(counted), 0).label("pieces"),
            func.count().label("scans"),
            func.count().filter(counted).label("counted"),
            func.count().filter(_scan.c.accepted.is_(False)).label("refused"),
            func.count(distinct(slot(tx))).label("active_slots"),
            func.max(_scan.c.at).label("last_at"),
        )
        .select_from(
            _scan.outerjoin(_station, _station.c.id == _scan.c.station_id)
            .outerjoin(_list, _list.c.id == _scan.c.pick_list_id)
            .outerjoin(_shipment, _shipment.c.id == _scan.c.shipment_id)
        )
        .where(_scan.c.at > until - WINDOW, _scan.c.at <= until, here == warehouse_id)
        .group_by(_scan.c.process, _scan.c.user_id, _scan.c.station_id)
        .order_by(_scan.c.process, _scan.c.user_id, _scan.c.station_id)
    )
    return tuple(
        WorkDone(**{**row._mapping, "pieces": int(row.pieces)}) for row in tx.execute(query)
    )


def latest_releases(tx: Transaction, warehouse_id: int, *, until: datetime) -> tuple[datetime, ...]:
    """When waves were released in the hours *until*."""
    query = select(_wave.c.released_at).where(
        _wave.c.warehouse_id == warehouse_id,
        _wave.c.released_at > until - RELEASES_LOOKED_AT,
        _wave.c.released_at <= until,
    )
    return tuple(tx.execute(query).scalars())


def slot(tx: Transaction) -> ColumnElement[int]:
    """The slot of the clock in which the scan of the row was."""
    seconds: Any = (
        func.floor(func.extract("epoch", _scan.c.at))
        if tx.is_postgresql
        else func.strftime("%s", _scan.c.at)
    )
    return cast(seconds, Integer) // (SLOT_MINUTES * 60)


def activity(done: WorkDone) -> Activity:
    """The work as the pace is made of it."""
    return Activity(
        process=done.process,
        user_id=done.user_id,
        orders=done.orders,
        scans=done.counted,
        active_slots=done.active_slots,
        last_at=done.last_at,
    )


# --- shipments ---------------------------------------------------------------------------

_ROWS = select(
    _shipment.c.id,
    _shipment.c.order_id,
    _order.c.seller_id,
    _shipment.c.state,
    _shipment.c.service_id,
    _shipment.c.cut_off_at,
    _shipment.c.shipped_at,
    _shipment.c.dispatched_at,
    _shipment.c.priority,
    _shipment.c.pieces,
    held_by_now().label("held"),
).join(_order, _order.c.id == _shipment.c.order_id)


def _shipments(tx: Transaction, house: House) -> Iterator[BoardShipment]:
    lists = _lists(tx, house.warehouse_id)
    not_packed = _shipment.c.state.in_(NOT_PACKED)
    left = scans_left(tx, _shipment.c.warehouse_id == house.warehouse_id, not_packed)
    here = _shipment.c.warehouse_id == house.warehouse_id
    gone_today = and_(
        here,
        _shipment.c.state == "dispatched",
        _shipment.c.cut_off_at >= house.midnight(tx.now),
    )
    rows = tx.execute(
        union_all(_ROWS.where(here, _shipment.c.state.in_(OPEN)), _ROWS.where(gone_today))
    )
    for row in rows:
        to_pick, to_pack = left.get(row.id, (0, 0))
        list_id, claimed = lists.get(row.id, (None, False))
        yield BoardShipment(
            row.order_id,
            row.seller_id,
            row.service_id,
            row.shipped_at,
            row.dispatched_at,
            OpenShipment(
                row.id,
                row.state,
                row.pieces,
                to_pick,
                to_pack,
                row.cut_off_at,
                row.priority,
                bool(row.held),
                list_id,
                claimed,
                (tx.now - row.shipped_at).total_seconds() / 60 if row.shipped_at else 0.0,
            ),
        )


def _lists(tx: Transaction, warehouse_id: int) -> dict[int, tuple[int, bool]]:
    """The open or claimed list of each shipment that is on one."""
    query = (
        select(_member.c.shipment_id, _member.c.pick_list_id, _list.c.state)
        .join(_list, _list.c.id == _member.c.pick_list_id)
        .where(
            _list.c.warehouse_id == warehouse_id,
            _list.c.state.in_(("open", "claimed")),
            _member.c.dropped_at.is_(None),
        )
        .order_by(_list.c.id)
    )
    return {
        row.shipment_id: (row.pick_list_id, row.state == "claimed") for row in tx.execute(query)
    }


def scans_left(
    tx: Transaction,
    *which: ColumnElement[bool],
    picked: ColumnElement[int] = _line.c.picked,
    packed: ColumnElement[int] = _line.c.packed,
) -> dict[int, tuple[int, int]]:
    """Scans that are left at the bins and at the bench, by shipment; *which* chooses them.

    *picked*, *packed*: how far their lines are, if not as far as now.
    """
    query = (
        select(
            _line.c.shipment_id,
            func.count().filter(picked < _line.c.quantity).label("to_pick"),
            func.sum(_bench_scans(_line.c.quantity - packed)).label("to_pack"),
        )
        .join(_shipment, _shipment.c.id == _line.c.shipment_id)
        .outerjoin(_PACKS, _PACKS.c.product_id == _line.c.product_id)
        .where(*which)
        .group_by(_line.c.shipment_id)
    )
    return {row.shipment_id: (row.to_pick, int(row.to_pack)) for row in tx.execute(query)}


def _bench_scans(pieces: ColumnElement[int]) -> ColumnElement[int]:
    """Scans that so many pieces take at the bench, the largest pack first."""
    case, inner = func.coalesce(_PACKS.c.case, 1), func.coalesce(_PACKS.c.inner, 1)
    rest = pieces % case
    return pieces // case + rest // inner + rest % inner


def seen_by(actor: Actor, shipments: Sequence[BoardShipment]) -> Iterator[BoardShipment]:
    """Those of the sellers whose reports the actor sees."""
    sellers = actor.seller_ids(Permission.SEE_REPORTS)
    for one in shipments:
        if sellers is None or one.seller_id in sellers:
            yield one
