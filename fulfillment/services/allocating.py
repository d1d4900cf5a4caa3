"""Stock is promised to orders: shipments are made, what cannot be served becomes a backorder.

Orders are served in the order backorders, priority, cut-off, time of confirmation, id.
:func:`allocate_orders` plans that queue with one read and then serves it in chunks, each a
transaction of about a dozen statements; it is no use case itself, and since an order that
is served leaves the queue, doing it twice does nothing.  :func:`allocate_order` serves one.

Units that an order gets in a warehouse where it already has a shipment that nobody has
released (and nobody holds) join that shipment: the warehouse would otherwise walk, pack
and pay for two parcels.  That shipment keeps its service and its cut-off.

The rule of the seller speaks about every warehouse, not only about those that the person
who starts the allocation may see: who presses the button must not change the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, insert, or_, select, update

from fulfillment.domain.allocation import Allocation, Share, Source, Wanted, allocate
from fulfillment.domain.carriage import ServiceRule, choose_service
from fulfillment.domain.errors import (
    Conflict,
    IllegalEvent,
    OnHold,
    UnknownThing,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import ORDER, SHIPMENT
from fulfillment.domain.values import BIN, Place
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.carriage import Dock, read_docks, read_service_rules
from fulfillment.store.catalog import CarrierService, Product, RegionPriority, Seller
from fulfillment.store.locks import lock_orders, lock_shipments
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.stock import (
    Pin,
    Promise,
    WarehouseBalance,
    expired_free,
    lock_warehouse_balances,
    oldest_stock,
    post,
)
from fulfillment.store.transaction import Transaction, reads, writes

ORDERS_AT_ONCE = 500
"""Orders of one transaction: long enough to pay for its dozen statements, short enough to wait for."""
LOWEST_RANK = 1_000_000
"""Of a warehouse that the seller gave no priority for a destination."""
SERVICE_CAN_CHANGE = ("allocated", "released", "picking", "picked", "packing", "packed")
"""Until a label is bought."""

_NEVER = datetime.max.replace(tzinfo=UTC)
_order, _line, _hold = table_of(Order), table_of(OrderLine), table_of(Hold)
_shipment, _shipment_line = table_of(Shipment), table_of(ShipmentLine)
_product, _address, _seller = table_of(Product), table_of(Address), table_of(Seller)
_balance = table_of(WarehouseBalance)
_OWED = _line.c.quantity - _line.c.cancelled - _line.c.allocated


@dataclass(frozen=True)
class AllocationReport:
    """What an allocation did: orders, and units in eaches."""

    orders: int = 0
    allocated: int = 0
    """Orders that are owed nothing any more."""
    backordered: int = 0
    shipments: int = 0
    """Shipments that were made."""
    units: int = 0
    units_owed: int = 0
    passed_over: int = 0
    """Orders that somebody else had locked, or that were not waiting any more."""

    def __add__(self, other: AllocationReport) -> AllocationReport:
        return AllocationReport(
            *(getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        )


@dataclass(frozen=True)
class OrderAllocation:
    """What one order got: its new state, the shipments that serve it now, and why these."""

    order_number: str
    state: str
    shipments: tuple[str, ...]
    units: int
    units_owed: int
    why: Mapping[str, Any]


@dataclass(frozen=True)
class ExpiryReport:
    """Expired units that went out of sale, and those still promised that the release will find."""

    held: int
    still_promised: int


# --- commands ------------------------------------------------------------------------------


def allocate_orders(
    actor: Actor,
    *,
    order_ids: Sequence[int] | None = None,
    limit: int | None = None,
    chunk: int = ORDERS_AT_ONCE,
) -> AllocationReport:
    """Serve all waiting orders that the actor may allocate (or those of *order_ids*).

    Backorders for which nothing came in are not looked at again.  One transaction a chunk:
    must not run inside ``claiming``; a repeat finds nothing left to do.
    """
    _expiry_pass(actor.user_id)
    queue = waiting_orders(actor, order_ids=order_ids)[:limit]
    report = AllocationReport()
    for start in range(0, len(queue), chunk):
        report += _allocate_chunk(actor.user_id, queue[start : start + chunk])
    return report


@writes
def allocate_order(tx: Transaction, actor: Actor, order_id: int) -> OrderAllocation:
    """Serve one order now; what cannot be served becomes a backorder.

    Raises UnknownThing, NotPermitted, IllegalEvent (the order does not wait for stock) and
    OnHold.
    """
    actor.require(Permission.ALLOCATE)
    row = tx.execute(_LOCKED_ORDERS.with_for_update(of=_order), {"ids": [order_id]}).one_or_none()
    if row is None:
        raise UnknownThing(kind="order", key=str(order_id))
    actor.require_sight(
        Permission.ALLOCATE,
        kind="order",
        key=str(order_id),
        warehouse_id=None,
        seller_id=row.seller_id,
    )
    if row.state not in ORDER.sources("allocate"):
        raise IllegalEvent(machine=ORDER.name, state=row.state, event="allocate")
    if row.held:
        raise _held(tx, row)
    (served,) = _serve(tx, actor_id=actor.user_id, orders=[row])
    return OrderAllocation(
        order_number=row.number,
        state=row.state if served.owed else ORDER.advance(row.state, "allocate"),
        shipments=served.shipments,
        units=served.units,
        units_owed=served.owed,
        why=served.why,
    )


@writes
def change_service(
    tx: Transaction, actor: Actor, shipment_id: int, service_id: int
) -> datetime | None:
    """Send a shipment by another service; its new cut-off is returned.

    The cut-off that it was promised for stays: a change must not mend the figures of
    lateness.  Raises IllegalEvent once a label is bought.
    """
    actor.require(Permission.RELEASE)
    shipment = _one_shipment(tx, actor, shipment_id, Permission.RELEASE)
    if shipment.state not in SERVICE_CAN_CHANGE:
        raise IllegalEvent(machine=SHIPMENT.name, state=shipment.state, event="change-service")
    if not tx.execute(select(CarrierService.id).where(CarrierService.id == service_id)).first():
        raise UnknownThing(kind="service", key=str(service_id))
    dock = read_docks(tx, [shipment.warehouse_id])[shipment.warehouse_id]
    cut_off_at = dock.timetable.cut_off(service_id, after=tx.now)
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id == shipment_id)
        .values(service_id=service_id, cut_off_at=cut_off_at)
    )
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="change-service",
        subject=("shipment", shipment_id),
        warehouse_id=shipment.warehouse_id,
        details={"from": shipment.service_id, "to": service_id},
    )
    return cut_off_at


@writes
def deallocate(tx: Transaction, actor: Actor, shipment_id: int, *, reason: str) -> int:
    """Take a shipment that nobody has released apart; its units are owed again.

    Returns the units.  The order waits for allocation again, as a backorder.
    """
    actor.require(Permission.ALLOCATE)
    found = tx.execute(
        select(_shipment.c.order_id).where(_shipment.c.id == shipment_id)
    ).one_or_none()
    if found is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    lock_orders(tx, [found.order_id])
    shipment = _one_shipment(tx, actor, shipment_id, Permission.ALLOCATE)
    if shipment.state != SHIPMENT.initial:
        raise IllegalEvent(machine=SHIPMENT.name, state=shipment.state, event="deallocate")
    units = give_back_promises(tx, actor_id=actor.user_id, shipment_ids=[shipment_id])
    cancel_unreleased(tx, actor_id=actor.user_id, shipment_ids=[shipment_id], reason=reason)
    owe_again(tx, [found.order_id])
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="deallocate",
        subject=("shipment", shipment_id),
        warehouse_id=shipment.warehouse_id,
        reason=reason,
        details={"units": units},
    )
    return units


@writes
def hold_expired_stock(tx: Transaction, actor: Actor) -> ExpiryReport:
    """Take the free units of expired lots out of sale: they stay in their bins, held.

    Units that are promised already are left for the release, which gives them back as a
    backorder; the next pass then holds them.
    """
    actor.require(Permission.CHANGE_STOCK)
    return _hold_expired(tx, actor.user_id)


# --- shared with other use cases -------------------------------------------------------------


def give_back_promises(tx: Transaction, *, actor_id: int, shipment_ids: Sequence[int]) -> int:
    """Free what unreleased shipments were promised: their units are owed again.

    The caller has locked the orders and the shipments, has found the shipments allocated,
    and writes their new states.  Lines keep their quantities, to show what was planned.
    Returns the units.
    """
    lines = tx.execute(
        select(
            _shipment_line.c.order_line_id,
            _shipment_line.c.product_id,
            _shipment_line.c.quantity,
            _shipment.c.warehouse_id,
        )
        .join(_shipment, _shipment.c.id == _shipment_line.c.shipment_id)
        .where(_shipment.c.id.in_(sorted(shipment_ids)), _shipment_line.c.quantity > 0)
        .order_by(_shipment_line.c.order_line_id)
    ).all()
    lower_allocated(tx, [(line.order_line_id, line.quantity) for line in lines])
    post(
        tx,
        actor_id=actor_id,
        promises=[Promise(line.warehouse_id, line.product_id, -line.quantity) for line in lines],
    )
    return sum(line.quantity for line in lines)


def lower_allocated(tx: Transaction, units: Iterable[tuple[int, int]]) -> None:
    """Owe units of order lines again: ``(order line id, units)``."""
    by_line: dict[int, int] = defaultdict(int)
    for order_line_id, quantity in units:
        by_line[order_line_id] += quantity
    _change_allocated(tx, {key: -by_line[key] for key in sorted(by_line)})


def cancel_unreleased(
    tx: Transaction, *, actor_id: int, shipment_ids: Sequence[int], reason: str
) -> None:
    """End shipments whose promises were given back."""
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id.in_(sorted(shipment_ids)), _shipment.c.state == SHIPMENT.initial)
        .values(
            state=SHIPMENT.advance(SHIPMENT.initial, "cancel"),
            cancelled_at=tx.now,
            cancelled_by_id=actor_id,
            cancel_reason=reason[:200],
        )
    )


def owe_again(tx: Transaction, order_ids: Iterable[int]) -> None:
    """Put orders (locked by the caller) back into the queue, as backorders."""
    ids = sorted(set(order_ids))
    tx.execute(
        update(_order)
        .where(_order.c.id.in_(ids), _order.c.state.in_(ORDER.sources("fall-back")))
        .values(state=ORDER.advance("allocated", "fall-back"))
    )
    tx.execute(
        update(_order)
        .where(_order.c.id.in_(ids), _order.c.state == "confirmed")
        .values(has_backorder=True)
    )


# --- the queue -----------------------------------------------------------------------------


@reads
def waiting_orders(
    tx: Transaction, actor: Actor, *, order_ids: Sequence[int] | None = None
) -> list[int]:
    """Ids of the orders to serve, in the order in which they are served."""
    actor.require(Permission.ALLOCATE)
    query = _waiting(actor)
    if order_ids is not None:
        query = query.where(_order.c.id.in_(sorted(order_ids)))
    rows = tx.execute(query).all()
    cut_offs = _CutOffs.read(tx)
    return [row.id for row in sorted(rows, key=lambda row: _turn(row, cut_offs))]


def _turn(row: Row[Any], cut_offs: _CutOffs) -> tuple[Any, ...]:
    """Sorts orders by when they are served."""
    return (
        not row.has_backorder,
        -row.priority,
        cut_offs.earliest(country=row.country, grams=row.grams, requested=row.requested_service_id),
        row.confirmed_at or _NEVER,
        row.id,
    )


def _waiting(actor: Actor) -> Select[Any]:
    """Orders that are owed units, without open holds; a backorder only if something came in."""
    grams = func.sum(_OWED * func.coalesce(_product.c.weight_grams, 0))
    in_stock = (
        select(_balance.c.product_id)
        .join(_line, _line.c.product_id == _balance.c.product_id)
        .where(
            _line.c.order_id == _order.c.id,
            _is_owed(),
            _balance.c.sellable > _balance.c.promised,
        )
        .correlate(_order)
        .exists()
    )
    query = (
        select(
            _order.c.id,
            _order.c.has_backorder,
            _order.c.priority,
            _order.c.confirmed_at,
            _order.c.requested_service_id,
            _address.c.country,
            grams.label("grams"),
        )
        .join(_address, _address.c.id == _order.c.address_id)
        .join(_line, _line.c.order_id == _order.c.id)
        .join(_product, _product.c.id == _line.c.product_id)
        .where(
            _order.c.state.in_(ORDER.sources("allocate")),
            _is_owed(),
            ~_is_held(),
            or_(~_order.c.has_backorder, in_stock),
        )
        .group_by(_order.c.id, _address.c.country)
    )
    sellers = actor.seller_ids(Permission.ALLOCATE)
    return query if sellers is None else query.where(_order.c.seller_id.in_(sorted(sellers)))


def _is_owed() -> ColumnElement[bool]:
    return (~_line.c.is_kit) & (_OWED > 0)


def _is_held() -> ColumnElement[bool]:
    """An open hold on the order as a whole."""
    return (
        select(_hold.c.id)
        .where(
            _hold.c.order_id == _order.c.id,
            _hold.c.shipment_id.is_(None),
            _hold.c.released_at.is_(None),
        )
        .correlate(_order)
        .exists()
    )


class _CutOffs:
    """Service and next cut-off by warehouse, worked out once for all orders of a transaction."""

    def __init__(
        self, docks: Mapping[int, Dock], rules: Sequence[ServiceRule], *, after: datetime
    ) -> None:
        self.docks = docks
        self._rules = rules
        self._after = after
        self._known: dict[tuple[int, int | None], datetime | None] = {}

    @classmethod
    def read(cls, tx: Transaction) -> _CutOffs:
        return cls(read_docks(tx), read_service_rules(tx), after=tx.now)

    def choose(
        self, warehouse_id: int, *, country: str, grams: int, requested: int | None
    ) -> tuple[int | None, datetime | None]:
        """The service and the cut-off of a shipment."""
        service_id = choose_service(
            self._rules,
            warehouse_id=warehouse_id,
            country=country,
            grams=grams,
            requested=requested,
        )
        key = (warehouse_id, service_id)
        if key not in self._known:
            timetable = self.docks[warehouse_id].timetable
            self._known[key] = timetable.cut_off(service_id, after=self._after)
        return service_id, self._known[key]

    def earliest(self, *, country: str, grams: int, requested: int | None) -> datetime:
        """The first cut-off that some warehouse could make."""
        found = (
            self.choose(key, country=country, grams=grams, requested=requested)[1]
            for key in self.docks
        )
        return min((moment for moment in found if moment), default=_NEVER)


# --- serving -------------------------------------------------------------------------------

_LOCKED_ORDERS = (
    select(
        _order.c.id,
        _order.c.number,
        _order.c.state,
        _order.c.seller_id,
        _order.c.priority,
        _order.c.ship_complete,
        _order.c.requested_service_id,
        _order.c.confirmed_at,
        _address.c.country,
        _seller.c.allocation_rule,
        _is_held().label("held"),
    )
    .join(_address, _address.c.id == _order.c.address_id)
    .join(_seller, _seller.c.id == _order.c.seller_id)
    .where(_order.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_order.c.id)
)
_LINES = (
    select(
        _line.c.id,
        _line.c.order_id,
        _line.c.product_id,
        _OWED.label("owed"),
        _product.c.weight_grams,
        select(func.count())
        .select_from(_shipment)
        .where(_shipment.c.order_id == _line.c.order_id)
        .scalar_subquery()
        .label("shipments"),
    )
    .join(_product, _product.c.id == _line.c.product_id)
    .where(_line.c.order_id.in_(bindparam("ids", expanding=True)), _is_owed())
    .order_by(_line.c.id)
    .with_for_update(of=_line)
)


@dataclass
class _Parcelled:
    """A shipment to write: a new one, or more for one that is there."""

    order: Row[Any]
    warehouse_id: int
    shares: list[Share] = field(default_factory=list)
    shipment_id: int | None = None
    number: str = ""

    @property
    def units(self) -> int:
        return sum(share.quantity for share in self.shares)


@dataclass(frozen=True)
class _Served:
    order_id: int
    units: int
    owed: int
    shipments: tuple[str, ...]
    new_shipments: int
    why: Mapping[str, Any]


@writes
def _allocate_chunk(tx: Transaction, actor_id: int, order_ids: Sequence[int]) -> AllocationReport:
    turns = {order_id: turn for turn, order_id in enumerate(order_ids)}
    locked = tx.execute(
        _LOCKED_ORDERS.with_for_update(of=_order, skip_locked=True), {"ids": sorted(order_ids)}
    )
    waiting = [row for row in locked if row.state in ORDER.sources("allocate") and not row.held]
    waiting.sort(key=lambda row: turns[row.id])
    served = _serve(tx, actor_id=actor_id, orders=waiting) if waiting else []
    return AllocationReport(
        orders=len(served),
        allocated=sum(not one.owed for one in served),
        backordered=sum(one.owed > 0 for one in served),
        shipments=sum(one.new_shipments for one in served),
        units=sum(one.units for one in served),
        units_owed=sum(one.owed for one in served),
        passed_over=len(order_ids) - len(served),
    )


def _serve(tx: Transaction, *, actor_id: int, orders: Sequence[Row[Any]]) -> list[_Served]:
    """Serve locked orders in the given order; all rows that it takes are read and written at once."""
    lines = _open_lines(tx, orders)
    cut_offs = _CutOffs.read(tx)
    answers = _answers(tx, orders, lines, cut_offs.docks)
    present = _present_shipments(tx, lines)
    drafts = {
        order.id: _drafts(order, answers[order.id], lines[order.id], present) for order in orders
    }
    _write_shipments(tx, actor_id, drafts, answers, lines, cut_offs)
    _write_orders(tx, answers, lines)
    post(
        tx,
        actor_id=actor_id,
        promises=[
            Promise(share.warehouse_id, share.product_id, share.quantity)
            for answer in answers.values()
            for share in answer.shares
        ],
    )
    return [_served(order, answers[order.id], drafts[order.id], present) for order in orders]


def _open_lines(tx: Transaction, orders: Sequence[Row[Any]]) -> dict[int, list[Row[Any]]]:
    lines: dict[int, list[Row[Any]]] = {order.id: [] for order in orders}
    for row in tx.execute(_LINES, {"ids": sorted(lines)}):
        lines[row.order_id].append(row)
    return lines


def _answers(
    tx: Transaction,
    orders: Sequence[Row[Any]],
    lines: Mapping[int, Sequence[Row[Any]]],
    docks: Mapping[int, Dock],
) -> dict[int, Allocation]:
    """The allocation of each order, one after the other from the same locked availability."""
    products = {line.product_id for found in lines.values() for line in found}
    ranks = _ranks(tx, {order.seller_id for order in orders})
    oldest: Mapping[int, Mapping[int, date]] = {}
    if any(order.allocation_rule == "oldest-stock" for order in orders):
        oldest = oldest_stock(tx, products)
    free = _lock_availability(tx, products, docks)
    answers = {}
    for order in orders:
        wanted = [Wanted(line.id, line.product_id, line.owed) for line in lines[order.id]]
        sources = list(_sources(order, wanted, free, docks, ranks, oldest))
        answer = allocate(
            wanted, sources, rule=order.allocation_rule, ship_complete=order.ship_complete
        )
        for share in answer.shares:
            free[share.warehouse_id][share.product_id] -= share.quantity
        answers[order.id] = answer
    return answers


_Ranks = Mapping[tuple[int, str], Mapping[int, int]]


def _ranks(tx: Transaction, seller_ids: Iterable[int]) -> _Ranks:
    """By (seller, country): the rank of each warehouse."""
    ranks: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for row in tx.execute(
        select(table_of(RegionPriority)).where(RegionPriority.seller_id.in_(sorted(seller_ids)))
    ):
        ranks[row.seller_id, row.country][row.warehouse_id] = row.rank
    return ranks


def _lock_availability(
    tx: Transaction, products: Iterable[int], docks: Mapping[int, Dock]
) -> dict[int, dict[int, int]]:
    """Units that can be promised, by warehouse and product, locked against everybody else.

    Expired units that nobody has held yet are taken off.  They are read after the lock:
    whoever makes more of them, or fewer, changes what is sellable and needs the same lock.
    """
    free: dict[int, dict[int, int]] = defaultdict(dict)
    for row in lock_warehouse_balances(tx, products):
        free[row.warehouse_id][row.product_id] = row.sellable - row.promised
    for row in _expired(tx, docks, product_ids=products):
        if row.product_id in free[row.warehouse_id]:
            free[row.warehouse_id][row.product_id] -= row.free
    return free


def _expired(
    tx: Transaction,
    docks: Mapping[int, Dock],
    *,
    product_ids: Iterable[int] | None = None,
    lock: bool = False,
) -> Iterator[Any]:
    """Free expired units by the calendar of each warehouse, which is at most a day ahead of UTC."""
    before = tx.now.date() + timedelta(days=1)
    for row in expired_free(tx, before=before, product_ids=product_ids, lock=lock):
        if row.expires_on < docks[row.warehouse_id].timetable.today(tx.now):
            yield row


def _sources(
    order: Row[Any],
    wanted: Sequence[Wanted],
    free: Mapping[int, Mapping[int, int]],
    docks: Mapping[int, Dock],
    ranks: _Ranks,
    oldest: Mapping[int, Mapping[int, date]],
) -> Iterator[Source]:
    anywhere = ranks.get((order.seller_id, ""), {})
    here = ranks.get((order.seller_id, order.country), {})
    for warehouse_id, products in free.items():
        yield Source(
            warehouse_id=warehouse_id,
            code=docks[warehouse_id].code,
            available={line.product_id: products.get(line.product_id, 0) for line in wanted},
            rank=here.get(warehouse_id, anywhere.get(warehouse_id, LOWEST_RANK)),
            oldest=oldest.get(warehouse_id),
        )


def _present_shipments(
    tx: Transaction, lines: Mapping[int, Sequence[Row[Any]]]
) -> dict[tuple[int, int], Row[Any]]:
    """By (order, warehouse): the unreleased shipment that more units can join, locked."""
    again = sorted(order_id for order_id, found in lines.items() if found and found[0].shipments)
    if not again:
        return {}
    held = select(_hold.c.shipment_id).where(
        _hold.c.order_id.in_(again),
        _hold.c.shipment_id.is_not(None),
        _hold.c.released_at.is_(None),
    )
    rows = tx.execute(
        select(_shipment.c.id, _shipment.c.order_id, _shipment.c.warehouse_id, _shipment.c.number)
        .where(
            _shipment.c.order_id.in_(again),
            _shipment.c.state == SHIPMENT.initial,
            _shipment.c.id.not_in(held),
        )
        .order_by(_shipment.c.id)
        .with_for_update()
    )
    return {(row.order_id, row.warehouse_id): row for row in rows}


def _drafts(
    order: Row[Any],
    answer: Allocation,
    lines: Sequence[Row[Any]],
    present: Mapping[tuple[int, int], Row[Any]],
) -> list[_Parcelled]:
    """The shares of an order by warehouse; new shipments are numbered on from what is there."""
    drafts: dict[int, _Parcelled] = {}
    for share in answer.shares:
        drafts.setdefault(share.warehouse_id, _Parcelled(order, share.warehouse_id)).shares.append(
            share
        )
    sequence = lines[0].shipments if lines else 0
    for draft in drafts.values():
        joined = present.get((order.id, draft.warehouse_id))
        if joined:
            draft.shipment_id, draft.number = joined.id, joined.number
        else:
            sequence += 1
            draft.number = f"{order.number}-{sequence}"
    return list(drafts.values())


def _served(
    order: Row[Any],
    answer: Allocation,
    drafts: Sequence[_Parcelled],
    present: Mapping[tuple[int, int], Row[Any]],
) -> _Served:
    return _Served(
        order_id=order.id,
        units=sum(share.quantity for share in answer.shares),
        owed=sum(answer.owed.values()),
        shipments=tuple(draft.number for draft in drafts),
        new_shipments=sum((order.id, draft.warehouse_id) not in present for draft in drafts),
        why=_why(order, answer),
    )


def _why(order: Row[Any], answer: Allocation) -> dict[str, Any]:
    """What page and API show when somebody asks why this warehouse."""
    return {
        "rule": order.allocation_rule,
        "reason": answer.reason,
        "by_rule": answer.by_rule,
        "considered": [
            {"warehouse": one.code, "units": one.units, "chosen": one.chosen}
            for one in answer.considered
        ],
        "units_owed": sum(answer.owed.values()),
    }


# --- writing -------------------------------------------------------------------------------


def _write_shipments(
    tx: Transaction,
    actor_id: int,
    drafts: Mapping[int, Sequence[_Parcelled]],
    answers: Mapping[int, Allocation],
    lines: Mapping[int, Sequence[Row[Any]]],
    cut_offs: _CutOffs,
) -> None:
    weights = {line.id: line.weight_grams or 0 for found in lines.values() for line in found}
    every = [draft for found in drafts.values() for draft in found]
    new = [draft for draft in every if draft.shipment_id is None]
    joined = [draft for draft in every if draft.shipment_id is not None]
    if new:
        rows = [
            _shipment_row(tx, actor_id, draft, _why(draft.order, answers[draft.order.id]))
            | _carriage(draft, weights, cut_offs)
            for draft in new
        ]
        made = tx.execute(insert(_shipment).returning(_shipment.c.number, _shipment.c.id), rows)
        ids = {row.number: row.id for row in made}
        for draft in new:
            draft.shipment_id = ids[draft.number]
    fresh = [(draft.shipment_id, share) for draft in new for share in draft.shares]
    fresh += _raise_lines(tx, joined)
    if fresh:
        tx.execute(insert(_shipment_line), [_line_row(*one) for one in fresh])


def _shipment_row(
    tx: Transaction, actor_id: int, draft: _Parcelled, why: dict[str, Any]
) -> dict[str, Any]:
    return {
        "number": draft.number,
        "order_id": draft.order.id,
        "warehouse_id": draft.warehouse_id,
        "state": SHIPMENT.initial,
        "priority": draft.order.priority,
        "why": why,
        "pieces": draft.units,
        "confirmed_at": draft.order.confirmed_at,
        "allocated_at": tx.now,
        "allocated_by_id": actor_id,
    }


def _carriage(draft: _Parcelled, weights: Mapping[int, int], cut_offs: _CutOffs) -> dict[str, Any]:
    service_id, cut_off_at = cut_offs.choose(
        draft.warehouse_id,
        country=draft.order.country,
        grams=sum(weights[share.order_line_id] * share.quantity for share in draft.shares),
        requested=draft.order.requested_service_id,
    )
    return {
        "service_id": service_id,
        "cut_off_at": cut_off_at,
        "promised_cut_off_at": cut_off_at,
    }


def _line_row(shipment_id: int | None, share: Share) -> dict[str, Any]:
    return {
        "shipment_id": shipment_id,
        "order_line_id": share.order_line_id,
        "product_id": share.product_id,
        "quantity": share.quantity,
    }


def _raise_lines(tx: Transaction, joined: Sequence[_Parcelled]) -> list[tuple[int | None, Share]]:
    """Add units to lines of unreleased shipments; returns the shares that need a new line."""
    if not joined:
        return []
    known = {
        (row.shipment_id, row.order_line_id): row.id
        for row in tx.execute(
            select(
                _shipment_line.c.id, _shipment_line.c.shipment_id, _shipment_line.c.order_line_id
            ).where(_shipment_line.c.shipment_id.in_(sorted(d.shipment_id or 0 for d in joined)))
        )
    }
    shares = [(draft.shipment_id, share) for draft in joined for share in draft.shares]
    raised = [
        {"b_id": known[shipment_id or 0, share.order_line_id], "b_units": share.quantity}
        for shipment_id, share in shares
        if (shipment_id or 0, share.order_line_id) in known
    ]
    if raised:
        tx.execute(_RAISE_LINE, raised)
    tx.execute(_RAISE_PIECES, [{"b_id": d.shipment_id, "b_units": d.units} for d in joined])
    return [one for one in shares if (one[0] or 0, one[1].order_line_id) not in known]


_RAISE_LINE = (
    update(_shipment_line)
    .where(_shipment_line.c.id == bindparam("b_id"))
    .values(quantity=_shipment_line.c.quantity + bindparam("b_units"))
)
_RAISE_PIECES = (
    update(_shipment)
    .where(_shipment.c.id == bindparam("b_id"))
    .values(pieces=_shipment.c.pieces + bindparam("b_units"))
)
_CHANGE_ALLOCATED = (
    update(_line)
    .where(
        _line.c.id == bindparam("b_id"),
        _line.c.allocated + bindparam("b_units") >= 0,
        _line.c.cancelled + _line.c.allocated + bindparam("b_units") <= _line.c.quantity,
    )
    .values(allocated=_line.c.allocated + bindparam("b_units"))
)


def _write_orders(
    tx: Transaction,
    answers: Mapping[int, Allocation],
    lines: Mapping[int, Sequence[Row[Any]]],
) -> None:
    """Raise ``allocated`` of the lines; advance the orders that are owed nothing any more.

    Orders and open lines are locked, so whole orders need no figures from here.
    """
    whole = sorted(order_id for order_id, answer in answers.items() if not answer.owed)
    partly = sorted(order_id for order_id, answer in answers.items() if answer.owed)
    if whole:
        changed = tx.execute(
            update(_line)
            .where(_line.c.order_id.in_(whole), _is_owed())
            .values(allocated=_line.c.quantity - _line.c.cancelled)
        ).rowcount
        assert changed == sum(len(lines[order_id]) for order_id in whole), "the lines are locked"
        tx.execute(
            update(_order)
            .where(_order.c.id.in_(whole))
            .values(state=ORDER.advance("confirmed", "allocate"), has_backorder=False)
        )
    if partly:
        units: dict[int, int] = defaultdict(int)
        for order_id in partly:
            for share in answers[order_id].shares:
                units[share.order_line_id] += share.quantity
        _change_allocated(tx, {key: units[key] for key in sorted(units)})
        tx.execute(update(_order).where(_order.c.id.in_(partly)).values(has_backorder=True))


def _change_allocated(tx: Transaction, units: Mapping[int, int]) -> None:
    rows = [{"b_id": key, "b_units": change} for key, change in units.items() if change]
    if rows and tx.execute(_CHANGE_ALLOCATED, rows).rowcount != len(rows):
        raise AssertionError("an order line would be allocated beyond its quantity")


# --- expiry --------------------------------------------------------------------------------


def _hold_expired(tx: Transaction, actor_id: int) -> ExpiryReport:
    docks = read_docks(tx)
    rows = list(_expired(tx, docks, lock=True))
    if not rows:
        return ExpiryReport(0, 0)
    free = {
        (row.warehouse_id, row.product_id): row.sellable - row.promised
        for row in lock_warehouse_balances(tx, {row.product_id for row in rows})
    }
    pins = []
    for row in rows:
        key = (row.warehouse_id, row.product_id)
        units = min(row.free, free[key])
        free[key] -= units
        if units:
            place = Place(row.location_id, BIN, row.warehouse_id)
            pins.append(Pin(place, row.product_id, lot=row.lot, held=units))
    post(tx, actor_id=actor_id, pins=pins)
    held = sum(pin.held for pin in pins)
    return ExpiryReport(held=held, still_promised=sum(row.free for row in rows) - held)


_expiry_pass = writes(_hold_expired)


# --- small parts ---------------------------------------------------------------------------


def _one_shipment(
    tx: Transaction, actor: Actor, shipment_id: int, permission: Permission
) -> Row[Any]:
    """The locked shipment, if the actor may see it."""
    rows = lock_shipments(tx, [shipment_id])
    if not rows:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    seller_id = tx.execute(
        select(_order.c.seller_id).where(_order.c.id == rows[0].order_id)
    ).scalar_one()
    actor.require_sight(
        permission,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=rows[0].warehouse_id,
        seller_id=seller_id,
    )
    return rows[0]


def _held(tx: Transaction, order: Row[Any]) -> Conflict:
    types = tx.execute(
        select(_hold.c.type)
        .where(
            _hold.c.order_id == order.id,
            _hold.c.shipment_id.is_(None),
            _hold.c.released_at.is_(None),
        )
        .order_by(_hold.c.id)
    ).scalars()
    return OnHold(kind="order", number=order.number, holds=tuple(types))
