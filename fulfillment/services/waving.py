"""Release: promises become reservations in bins, and shipments become walks.

:func:`release` is one use case for what one transaction should hold (a shipment, a wave of
hundreds); :func:`release_all` plans once and releases thousands in such transactions,
which together are one wave.  Since a released shipment is not released again, doing either
twice does nothing.

Which shipments share a cart is planned before, from what the bins hold at that moment and outside
of any transaction: planning may take seconds, and pickers wait for the locks of a release.

When bins hold less than was promised (stock went missing or expired meanwhile), the
missing units become a backorder and the report says so; the rest is released.  A shipment
that would get nothing, or one whose order ships only complete, is taken apart instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, bindparam, insert, or_, select, update

from fulfillment.domain.allocation import BinStock, Take, choose_bins
from fulfillment.domain.batching import CartLimits
from fulfillment.domain.carts import (
    BinPlace,
    Collecting,
    group_into_lists,
    keep_planned,
    planning_seconds,
    worth_planning,
)
from fulfillment.domain.errors import NothingToDo
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.states import SHIPMENT
from fulfillment.domain.values import BIN, PickMethod, Place
from fulfillment.domain.waving import WaveChoice, group_into_batches, walking_order
from fulfillment.services.allocating.undoing import (
    cancel_unreleased,
    lower_allocated,
    owe_again,
)
from fulfillment.store.base import Base, table_of
from fulfillment.store.catalog import CarrierService, Location, Product, Warehouse
from fulfillment.store.orders import Hold, Order, Shipment, ShipmentLine
from fulfillment.store.stock import (
    Pin,
    Promise,
    StockBalance,
    lock_balances,
    post,
    read_balances,
    reserve,
)
from fulfillment.store.transaction import Transaction, reads, writes
from fulfillment.store.work import (
    PickFeed,
    PickList,
    PickListShipment,
    PickStop,
    Wave,
    fresh_ids,
)

SHIPMENTS_AT_ONCE = 500
"""Shipments of one transaction: pickers wait for its locks, so it stays well below a second."""

_shipment, _shipment_line = table_of(Shipment), table_of(ShipmentLine)
_order, _hold = table_of(Order), table_of(Hold)
_product = table_of(Product)

_Carts = Sequence[tuple[int, ...]]
"""Shipment ids by cart, as planned before the release."""


@dataclass(frozen=True)
class ShortShipment:
    """A shipment whose bins held *units* less than promised; ``cancelled`` if it was taken apart."""

    number: str
    units: int
    cancelled: bool


@dataclass(frozen=True)
class WaveReport:
    """What a release did."""

    wave_number: str | None = None
    wave_id: int | None = None
    shipments: int = 0
    units: int = 0
    stops: int = 0
    lists: tuple[str, ...] = ()
    short: tuple[ShortShipment, ...] = ()
    left: tuple[int, ...] = ()
    """Shipment ids that do not fit (any more): held, not allocated, or not within the zone."""

    def __add__(self, other: WaveReport) -> WaveReport:
        return WaveReport(
            wave_number=self.wave_number or other.wave_number,
            wave_id=self.wave_id or other.wave_id,
            shipments=self.shipments + other.shipments,
            units=self.units + other.units,
            stops=self.stops + other.stops,
            lists=self.lists + other.lists,
            short=self.short + other.short,
            left=self.left + other.left,
        )


# --- commands ------------------------------------------------------------------------------


def release(actor: Actor, choice: WaveChoice) -> WaveReport:
    """Release what fits, at most :data:`SHIPMENTS_AT_ONCE` shipments, the most urgent first.

    Raises NotPermitted, and NothingToDo if nothing fits (any more): that is how somebody who
    calls it again and again sees the end.
    """
    actor.require(Permission.RELEASE, warehouse_id=choice.warehouse_id)
    ids = choice.shipment_ids
    if ids is None:
        ids = _first_fitting(actor, choice)
    return _release_once(actor, choice, _planned_carts(actor, choice, ids))


@writes
def _release_once(tx: Transaction, actor: Actor, choice: WaveChoice, carts: _Carts) -> WaveReport:
    ids = choice.shipment_ids
    if ids is None or len(ids) > min(choice.limit or SHIPMENTS_AT_ONCE, SHIPMENTS_AT_ONCE):
        ids = _fitting_ids(tx, actor, choice, at_most=SHIPMENTS_AT_ONCE)
    report = _release(tx, actor, choice, ids, wave=None, carts=carts)
    if not report.shipments and not report.short:
        raise NothingToDo(what="release")
    return report


def release_all(actor: Actor, choice: WaveChoice, *, chunk: int = SHIPMENTS_AT_ONCE) -> WaveReport:
    """Release everything that fits as one wave, *chunk* shipments a transaction.

    Must not run inside ``claiming``; a repeat finds what is left.
    """
    ids = fitting_shipments(actor, choice)
    report = WaveReport()
    for start in range(0, len(ids), chunk):
        some = ids[start : start + chunk]
        carts = _planned_carts(actor, choice, some, wave_size=len(ids))
        report += _release_chunk(actor, choice, some, report, carts)
    return report


@writes
def _release_chunk(
    tx: Transaction,
    actor: Actor,
    choice: WaveChoice,
    ids: Sequence[int],
    so_far: WaveReport,
    carts: _Carts,
) -> WaveReport:
    wave = so_far if so_far.wave_id else None
    return _release(tx, actor, choice, ids, wave=wave, carts=carts)


@reads
def fitting_shipments(tx: Transaction, actor: Actor, choice: WaveChoice) -> list[int]:
    """Ids of the shipments that would be released, the most urgent first."""
    actor.require(Permission.RELEASE, warehouse_id=choice.warehouse_id)
    return list(_fitting_ids(tx, actor, choice, at_most=None))


# --- planning the carts --------------------------------------------------------------------


def _planned_carts(
    actor: Actor, choice: WaveChoice, ids: Sequence[int], *, wave_size: int | None = None
) -> _Carts:
    """Carts for these shipments of a wave of *wave_size*; no transaction is open meanwhile."""
    if len(ids) < 2 or choice.picked_by == "batch":
        return ()
    layout, policy = _floor(choice.warehouse_id)
    asked = choice.planning_seconds
    if asked is None:
        asked = policy.planning_seconds or None
    size = wave_size or len(ids)
    seconds = planning_seconds(size, asked=asked) / size
    if not worth_planning(layout, seconds):
        return ()
    return group_into_lists(
        _look_ahead(actor, choice, ids),
        limits_of(policy),
        layout=layout,
        seconds=seconds * len(ids),
    )


@reads
def _floor(tx: Transaction, warehouse_id: int) -> tuple[Mapping[str, Any] | None, WarehousePolicy]:
    warehouse = warehouse_row(tx, warehouse_id)
    return warehouse.layout, WarehousePolicy.of(warehouse.policy)


@reads
def _first_fitting(tx: Transaction, actor: Actor, choice: WaveChoice) -> tuple[int, ...]:
    return _fitting_ids(tx, actor, choice, at_most=SHIPMENTS_AT_ONCE)


@reads
def _look_ahead(
    tx: Transaction, actor: Actor, choice: WaveChoice, ids: Sequence[int]
) -> list[Collecting]:
    """What would be released at this moment."""
    plans = _plans(tx.execute(_lines_of(actor, choice, ids)), ids)
    warehouse = warehouse_row(tx, choice.warehouse_id)
    shelves = shelves_for(tx, choice, plans, warehouse, read_balances)
    going, _ = decide(plans, shelves, choice)
    return [collecting_of(plan, shelves) for plan in going]


def collecting_of(plan: ReleasePlan, shelves: _Shelves) -> Collecting:
    """What planning needs to know of a shipment whose bins are chosen."""
    return Collecting(
        shipment_id=plan.shipment.id,
        places=tuple(shelves.places[one.take.location_id] for one in plan.taken),
        cut_off_at=plan.shipment.cut_off_at,
        priority=plan.shipment.priority,
        volume_ml=sum(line.quantity * (line.volume_mm3 or 0) for line in plan.lines) // 1000,
        weight_grams=sum(line.quantity * (line.weight_grams or 0) for line in plan.lines),
    )


def limits_of(policy: WarehousePolicy) -> CartLimits:
    """What one cart of the warehouse takes."""
    return CartLimits(
        lines=policy.list_lines,
        totes=policy.cart_positions,
        volume_ml=policy.cart_litres * 1000 or None,
        weight_grams=policy.cart_kilograms * 1000 or None,
    )


# --- choosing ------------------------------------------------------------------------------


def _fitting_ids(
    tx: Transaction, actor: Actor, choice: WaveChoice, *, at_most: int | None
) -> tuple[int, ...]:
    limits = [limit for limit in (choice.limit, at_most) if limit is not None]
    query = (
        _fitting(select(_shipment.c.id), actor, choice)
        .order_by(
            _shipment.c.cut_off_at.asc().nulls_last(),
            _shipment.c.priority.desc(),
            _shipment.c.id,
        )
        .limit(min(limits, default=None))
    )
    return tuple(tx.execute(query).scalars())


_MAY_GO = (
    _shipment.c.state.in_(SHIPMENT.sources("release")),
    ~select(_hold.c.id)
    .where(
        _hold.c.order_id == _shipment.c.order_id,
        _hold.c.released_at.is_(None),
        or_(_hold.c.shipment_id.is_(None), _hold.c.shipment_id == _shipment.c.id),
    )
    .correlate(_shipment)
    .exists(),
)


def _fitting(query: Select[Any], actor: Actor, choice: WaveChoice) -> Select[Any]:
    """*query* over shipments, narrowed to those that the choice takes."""
    query = query.where(_shipment.c.warehouse_id == choice.warehouse_id, *_MAY_GO)
    if choice.shipment_ids is not None:
        query = query.where(_shipment.c.id.in_(sorted(choice.shipment_ids)))
    if choice.cut_off_before is not None:
        query = query.where(_shipment.c.cut_off_at < choice.cut_off_before)
    if choice.service_id is not None:
        query = query.where(_shipment.c.service_id == choice.service_id)
    if choice.carrier:
        of_carrier = select(CarrierService.id).where(CarrierService.carrier == choice.carrier)
        query = query.where(_shipment.c.service_id.in_(of_carrier))
    if choice.priority_from is not None:
        query = query.where(_shipment.c.priority >= choice.priority_from)
    if choice.items != "any":
        query = query.where(
            _shipment.c.pieces == 1 if choice.items == "single" else _shipment.c.pieces > 1
        )
    if choice.zone:
        query = query.where(~_lacks_stock_in(choice.zone))
    sellers = actor.seller_ids(Permission.RELEASE)
    if sellers is not None:
        own = select(_order.c.id).where(_order.c.seller_id.in_(sorted(sellers)))
        query = query.where(_shipment.c.order_id.in_(own))
    return query


def _lacks_stock_in(zone: str) -> Any:
    """Some line of the shipment has no free unit in the zone; how many there are is seen later."""
    balance, location = table_of(StockBalance), table_of(Location)
    there = (
        select(balance.c.product_id)
        .join(location, location.c.id == balance.c.location_id)
        .where(
            balance.c.product_id == _shipment_line.c.product_id,
            balance.c.on_hand > balance.c.reserved + balance.c.held,
            location.c.warehouse_id == _shipment.c.warehouse_id,
            location.c.kind == BIN,
            location.c.zone == zone,
        )
        .correlate(_shipment, _shipment_line)
        .exists()
    )
    return (
        select(_shipment_line.c.id)
        .where(
            _shipment_line.c.shipment_id == _shipment.c.id, _shipment_line.c.quantity > 0, ~there
        )
        .correlate(_shipment)
        .exists()
    )


# --- planning in memory ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Taken:
    """Units of a shipment line from one bin and lot."""

    line_id: int
    product_id: int
    take: Take


@dataclass
class ReleasePlan:
    """A shipment, what its bins give, and what is missing by shipment line."""

    shipment: Row[Any]
    lines: list[Row[Any]] = field(default_factory=list)
    taken: list[_Taken] = field(default_factory=list)
    missing: dict[int, int] = field(default_factory=dict)

    @property
    def units(self) -> int:
        return sum(one.take.quantity for one in self.taken)


class _Shelves:
    """The locked free stock of the warehouse's bins, as it is taken by one shipment after another."""

    def __init__(self, rows: Iterable[Any], *, zone: str, today: date) -> None:
        self.places: dict[int, BinPlace] = {}
        self._today = today
        self._stock: dict[int, dict[tuple[int, str], BinStock]] = defaultdict(dict)
        for row in rows:
            if zone and row.zone != zone:
                continue
            self.places[row.location_id] = BinPlace(
                code=row.code,
                zone=row.zone,
                aisle=row.aisle,
                x_metres=row.x_metres,
                y_metres=row.y_metres,
            )
            self._stock[row.product_id][row.location_id, row.lot] = BinStock(
                row.location_id, row.code, row.lot, row.free, row.expires_on
            )

    def take(self, product_id: int, quantity: int) -> tuple[Take, ...]:
        stock = self._stock[product_id]
        takes = choose_bins(quantity, list(stock.values()), today=self._today)
        for take in takes:
            self._change(product_id, take, -take.quantity)
        return takes

    def put_back(self, taken: Iterable[_Taken]) -> None:
        for one in taken:
            self._change(one.product_id, one.take, one.take.quantity)

    def _change(self, product_id: int, take: Take, units: int) -> None:
        key = (take.location_id, take.lot)
        row = self._stock[product_id][key]
        self._stock[product_id][key] = BinStock(
            row.location_id, row.code, row.lot, row.free + units, row.expires_on
        )


def _take_for(plan: ReleasePlan, shelves: _Shelves) -> None:
    for line in plan.lines:
        takes = shelves.take(line.product_id, line.quantity)
        plan.taken += [_Taken(line.line_id, line.product_id, take) for take in takes]
        short = line.quantity - sum(take.quantity for take in takes)
        if short:
            plan.missing[line.line_id] = short


# --- releasing -----------------------------------------------------------------------------


def _release(
    tx: Transaction,
    actor: Actor,
    choice: WaveChoice,
    ids: Sequence[int],
    *,
    wave: WaveReport | None,
    carts: _Carts,
) -> WaveReport:
    plans = locked_plans(tx, actor, choice, ids)
    if not plans:
        return WaveReport(left=tuple(ids))
    warehouse = warehouse_row(tx, choice.warehouse_id)
    shelves = shelves_for(tx, choice, plans, warehouse, lock_balances)
    going, apart = decide(plans, shelves, choice)
    report = WaveReport()
    if going:
        walks = _walks(going, shelves, warehouse, carts, choice.picked_by)
        report = _write_wave(tx, actor, choice, walks, wave)
    _write_missing(tx, actor.user_id, going, apart)
    write_stock(tx, actor.user_id, choice.warehouse_id, going, apart)
    done = {plan.shipment.id for plan in (*going, *apart)}
    return report + WaveReport(
        shipments=len(going),
        units=sum(plan.units for plan in going),
        short=tuple(_short(going, apart)),
        left=tuple(key for key in ids if key not in done),
    )


def locked_plans(
    tx: Transaction, actor: Actor, choice: WaveChoice, ids: Sequence[int]
) -> list[ReleasePlan]:
    """The shipments that (still) fit, with their lines, in the order of *ids*; orders locked first."""
    if not ids:
        return []
    tx.execute(_LOCK_ORDERS, {"ids": sorted(ids)})
    query = _lines_of(actor, choice, ids).with_for_update(of=_shipment)
    return _plans(tx.execute(query), ids)


def _lines_of(actor: Actor, choice: WaveChoice, ids: Sequence[int]) -> Select[Any]:
    """Lines of the shipments *ids* that (still) fit, by shipment."""
    return (
        _fitting(_WITH_LINES, actor, choice)
        .where(_shipment.c.id.in_(sorted(ids)))
        .order_by(_shipment.c.id, _shipment_line.c.id)
    )


def _plans(rows: Iterable[Row[Any]], ids: Sequence[int]) -> list[ReleasePlan]:
    plans: dict[int, ReleasePlan] = {}
    for row in rows:
        plans.setdefault(row.id, ReleasePlan(row)).lines.append(row)
    return [plans[key] for key in dict.fromkeys(ids) if key in plans]


def shelves_for(
    tx: Transaction,
    choice: WaveChoice,
    plans: Sequence[ReleasePlan],
    warehouse: Row[Any],
    free_stock: Callable[[Transaction, int, Iterable[int]], list[Any]],
) -> _Shelves:
    """What the bins hold of the products of *plans*; *free_stock* reads it with or without locks."""
    products = {line.product_id for plan in plans for line in plan.lines}
    return _Shelves(
        free_stock(tx, choice.warehouse_id, products),
        zone=choice.zone,
        today=tx.now.astimezone(ZoneInfo(warehouse.timezone)).date(),
    )


_LOCK_ORDERS = (
    select(_order.c.id)
    .where(
        _order.c.id.in_(
            select(_shipment.c.order_id).where(_shipment.c.id.in_(bindparam("ids", expanding=True)))
        )
    )
    .order_by(_order.c.id)
    .with_for_update()
)
_WITH_LINES = (
    select(
        _shipment.c.id,
        _shipment.c.number,
        _shipment.c.order_id,
        _shipment.c.cut_off_at,
        _shipment.c.priority,
        _order.c.ship_complete,
        _shipment_line.c.id.label("line_id"),
        _shipment_line.c.order_line_id,
        _shipment_line.c.product_id,
        _shipment_line.c.quantity,
        _product.c.weight_grams,
        (_product.c.length_mm * _product.c.width_mm * _product.c.height_mm).label("volume_mm3"),
    )
    .join(_order, _order.c.id == _shipment.c.order_id)
    .join(_shipment_line, _shipment_line.c.shipment_id == _shipment.c.id)
    .join(_product, _product.c.id == _shipment_line.c.product_id)
    .where(_shipment_line.c.quantity > 0)
)


def warehouse_row(tx: Transaction, warehouse_id: int) -> Row[Any]:
    """``code, timezone, policy, layout`` of a warehouse."""
    return tx.execute(_WAREHOUSE, {"warehouse": warehouse_id}).one()


_warehouse = table_of(Warehouse)
_WAREHOUSE = select(
    _warehouse.c.code, _warehouse.c.timezone, _warehouse.c.policy, _warehouse.c.layout
).where(_warehouse.c.id == bindparam("warehouse"))


def decide(
    plans: Iterable[ReleasePlan], shelves: _Shelves, choice: WaveChoice
) -> tuple[list[ReleasePlan], list[ReleasePlan]]:
    """Shipments that go, and those to take apart; what does not fit the zone stays as it is."""
    going, apart = [], []
    for plan in plans:
        _take_for(plan, shelves)
        if not plan.missing:
            going.append(plan)
        elif choice.zone:
            shelves.put_back(plan.taken)
        elif plan.shipment.ship_complete or not plan.taken:
            shelves.put_back(plan.taken)
            apart.append(plan)
        else:
            going.append(plan)
    return going, apart


def _short(going: Sequence[ReleasePlan], apart: Sequence[ReleasePlan]) -> Iterator[ShortShipment]:
    for plans, cancelled in ((going, False), (apart, True)):
        for plan in plans:
            if plan.missing:
                units = sum(plan.missing.values())
                yield ShortShipment(plan.shipment.number, units, cancelled)


def write_stock(
    tx: Transaction,
    actor_id: int,
    warehouse_id: int,
    going: Sequence[ReleasePlan],
    apart: Sequence[ReleasePlan],
) -> None:
    """Every promise ends; what was found in bins is pinned there."""
    reserve(
        tx,
        [
            {
                "shipment_line_id": one.line_id,
                "location_id": one.take.location_id,
                "product_id": one.product_id,
                "lot": one.take.lot,
                "quantity": one.take.quantity,
            }
            for plan in going
            for one in plan.taken
        ],
    )
    post(
        tx,
        actor_id=actor_id,
        pins=[
            Pin(
                Place(one.take.location_id, BIN, warehouse_id),
                one.product_id,
                lot=one.take.lot,
                reserved=one.take.quantity,
            )
            for plan in going
            for one in plan.taken
        ],
        promises=[
            Promise(warehouse_id, line.product_id, -line.quantity)
            for plan in (*going, *apart)
            for line in plan.lines
        ],
    )


def _write_missing(
    tx: Transaction, actor_id: int, going: Sequence[ReleasePlan], apart: Sequence[ReleasePlan]
) -> None:
    """What bins did not hold is owed again."""
    short = [plan for plan in going if plan.missing]
    if not short and not apart:
        return
    if short:
        tx.execute(
            _SHORTEN_LINE,
            [
                {"b_id": line_id, "b_units": units}
                for plan in short
                for line_id, units in sorted(plan.missing.items())
            ],
        )
        tx.execute(
            _SHORTEN_SHIPMENT,
            [{"b_id": plan.shipment.id, "b_units": sum(plan.missing.values())} for plan in short],
        )
    owed = [
        (line.order_line_id, plan.missing.get(line.line_id, 0))
        for plan in short
        for line in plan.lines
    ]
    owed += [(line.order_line_id, line.quantity) for plan in apart for line in plan.lines]
    lower_allocated(tx, owed)
    if apart:
        ids = [plan.shipment.id for plan in apart]
        cancel_unreleased(tx, actor_id=actor_id, shipment_ids=ids, reason="not found in any bin")
    owe_again(tx, (plan.shipment.order_id for plan in (*short, *apart)))


_SHORTEN_LINE = (
    update(_shipment_line)
    .where(_shipment_line.c.id == bindparam("b_id"))
    .values(quantity=_shipment_line.c.quantity - bindparam("b_units"))
)
_SHORTEN_SHIPMENT = (
    update(_shipment)
    .where(_shipment.c.id == bindparam("b_id"))
    .values(pieces=_shipment.c.pieces - bindparam("b_units"))
)


# --- waves, lists, stops, feeds ----------------------------------------------------------------


@dataclass
class _List:
    """A walk: its shipments by position, and its stops in walking order with what they feed."""

    plans: list[ReleasePlan]
    walk: Mapping[str, Any] = field(default_factory=dict)
    stops: list[tuple[_StopKey, list[dict[str, int]]]] = field(default_factory=list)

    @property
    def due_at(self) -> datetime | None:
        cut_offs = [plan.shipment.cut_off_at for plan in self.plans if plan.shipment.cut_off_at]
        return min(cut_offs, default=None)


_StopKey = tuple[int, int, str]
"""Location, product, lot."""


def _walks(
    going: Sequence[ReleasePlan],
    shelves: _Shelves,
    warehouse: Row[Any],
    carts: _Carts,
    method: PickMethod,
) -> list[_List]:
    policy = WarehousePolicy.of(warehouse.policy)
    plans = {plan.shipment.id: plan for plan in going}
    collecting = [collecting_of(plan, shelves) for plan in going]
    if method == "batch":
        groups = group_into_batches(
            collecting, most_shipments=policy.batch_shipments, most_bins=policy.list_lines
        )
    else:
        groups = keep_planned(carts, collecting, limits_of(policy))
    walks = [_List([plans[key] for key in group]) for group in groups]
    for walk in walks:
        _lay_out(walk, shelves, warehouse.layout)
    return walks


def _lay_out(walk: _List, shelves: _Shelves, layout: Mapping[str, Any] | None) -> None:
    feeds: dict[_StopKey, list[dict[str, int]]] = defaultdict(list)
    for position, plan in enumerate(walk.plans, start=1):
        for one in plan.taken:
            feeds[one.take.location_id, one.product_id, one.take.lot].append(
                {
                    "shipment_line_id": one.line_id,
                    "position": position,
                    "quantity": one.take.quantity,
                }
            )
    keys = sorted(feeds)
    answer = walking_order([shelves.places[key[0]] for key in keys], layout)
    walk.walk = answer.facts
    walk.stops = [(keys[index], feeds[keys[index]]) for index in answer.order]


def _write_wave(
    tx: Transaction,
    actor: Actor,
    choice: WaveChoice,
    walks: Sequence[_List],
    wave: WaveReport | None,
) -> WaveReport:
    stops = sum(len(walk.stops) for walk in walks)
    wanted: dict[type[Base], int] = {PickList: len(walks), PickStop: stops}
    if wave is None:
        wanted[Wave] = 1
    ids = fresh_ids(tx, wanted)
    if wave is None:
        wave = _new_wave(tx, actor, choice, ids[Wave][0])
    assert wave.wave_id is not None, "a wave that is continued has been written"
    rows = _rows_of(walks, ids, choice, wave_id=wave.wave_id)
    for model, found in rows.items():
        tx.execute(insert(table_of(model)), found)
    released = [plan.shipment.id for walk in walks for plan in walk.plans]
    mark_released(tx, actor.user_id, released)
    return WaveReport(
        wave_number=wave.wave_number,
        wave_id=wave.wave_id,
        stops=stops,
        lists=tuple(row["number"] for row in rows[PickList]),
    )


def _new_wave(tx: Transaction, actor: Actor, choice: WaveChoice, wave_id: int) -> WaveReport:
    number = f"WV{wave_id}"
    tx.execute(
        insert(table_of(Wave)),
        {
            "id": wave_id,
            "number": number,
            "warehouse_id": choice.warehouse_id,
            "choice": choice.document(),
            "released_at": tx.now,
            "released_by_id": actor.user_id,
        },
    )
    return WaveReport(wave_number=number, wave_id=wave_id)


def _rows_of(
    walks: Sequence[_List],
    ids: Mapping[type[Base], Sequence[int]],
    choice: WaveChoice,
    *,
    wave_id: int,
) -> dict[type[Base], list[dict[str, Any]]]:
    """Rows of the lists, their shipments, stops and feeds, parents first."""
    rows: dict[type[Base], list[dict[str, Any]]] = {
        PickList: [], PickListShipment: [], PickStop: [], PickFeed: []
    }  # fmt: skip
    stop_ids = iter(ids[PickStop])
    for list_id, walk in zip(ids[PickList], walks, strict=True):
        rows[PickList].append(
            {
                "id": list_id,
                "number": f"PL{list_id}",
                "wave_id": wave_id,
                "warehouse_id": choice.warehouse_id,
                "method": choice.picked_by,
                "priority": max(plan.shipment.priority for plan in walk.plans),
                "due_at": walk.due_at,
                "walk": dict(walk.walk),
            }
        )
        rows[PickListShipment] += [
            {"pick_list_id": list_id, "shipment_id": plan.shipment.id, "position": position}
            for position, plan in enumerate(walk.plans, start=1)
        ]
        for sequence, (key, feeds) in enumerate(walk.stops, start=1):
            stop = _stop_row(next(stop_ids), list_id, sequence, key)
            rows[PickStop].append(stop)
            rows[PickFeed] += [{"stop_id": stop["id"], **feed} for feed in feeds]
    return rows


def _stop_row(stop_id: int, list_id: int, sequence: int, key: _StopKey) -> dict[str, Any]:
    location_id, product_id, lot = key
    return {
        "id": stop_id,
        "pick_list_id": list_id,
        "sequence": sequence,
        "location_id": location_id,
        "product_id": product_id,
        "lot": lot,
    }


def mark_released(tx: Transaction, actor_id: int, shipment_ids: Sequence[int]) -> None:
    """Advance locked shipments to released and stamp them."""
    stamps = {"b_ids": sorted(shipment_ids), "b_now": tx.now, "b_by": actor_id}
    changed = tx.execute(_RELEASE, stamps).rowcount
    assert changed == len(shipment_ids), "the shipments are locked"


_RELEASE = (
    update(_shipment)
    .where(
        _shipment.c.id.in_(bindparam("b_ids", expanding=True)),
        _shipment.c.state.in_(SHIPMENT.sources("release")),
    )
    .values(
        state=SHIPMENT.advance(SHIPMENT.initial, "release"),
        released_at=bindparam("b_now"),
        released_by_id=bindparam("b_by"),
    )
)
