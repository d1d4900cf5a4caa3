"""Which orders there are: by stage, by what somebody looks for, and how many of each.

A stage is one condition, used by the list and by its count, so that a number on the start
page always opens the list that it counts.  Who works for some warehouses only sees the orders
that these serve, and those that no warehouse serves yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)

from fulfillment.domain.errors import invalid
from fulfillment.domain.orders import OrderFacts, ReviewRules, waits_because
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.services.board.choosing import BoardChoice, chosen_orders
from fulfillment.services.paging import Page
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller, Warehouse
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment
from fulfillment.store.transaction import Transaction, reads

MOST_ORDERS_A_PAGE = 200
IN_THE_HOUSE = ("allocated", "released", "picking", "picked", "packing", "packed", "labelled")
"""Stages of a shipment between its allocation and its van, each a stage of the list."""
STAGES = ("review", "held", "waiting", "backorder", *IN_THE_HOUSE, "shipped-today", "late")
"""What the start page counts."""
OPEN_STATES = ("review", "confirmed", "allocated")

_order, _shipment, _hold = table_of(Order), table_of(Shipment), table_of(Hold)
_address, _seller, _line = table_of(Address), table_of(Seller), table_of(OrderLine)
_product, _warehouse = table_of(Product), table_of(Warehouse)


@dataclass(frozen=True)
class OrderSearch:
    """What somebody looks for; every condition that is set must hold.

    ``text`` is found in number, reference, customer or the receiver's name; ``stage`` is one of
    :data:`STAGES`, ``state`` of the order's own states; ``hold`` a type of an open hold;
    ``board`` a choice of the supervisor's board.
    """

    text: str = ""
    stage: str = ""
    state: str = ""
    hold: str = ""
    channel: str = ""
    seller_id: int | None = None
    warehouse_id: int | None = None
    priority_from: int | None = None
    board: BoardChoice | None = None


@dataclass(frozen=True)
class ShipmentGlance:
    """A shipment in the list of orders; times in UTC."""

    number: str
    warehouse: str
    timezone: str
    state: str
    cut_off_at: datetime | None


@dataclass(frozen=True)
class OrderRow:
    """An order in the list; money in minor units of its currency."""

    id: int
    number: str
    channel: str
    reference: str
    seller: str
    state: str
    customer: str
    name: str
    country: str
    priority: int
    placed_at: datetime
    currency: str
    total_minor: int
    has_backorder: bool
    units: int
    holds: tuple[str, ...] = ()
    shipments: tuple[ShipmentGlance, ...] = ()
    waits_because: tuple[str, ...] = field(default=())
    """In review: what the seller's rules have against it."""


@reads
def count_stages(tx: Transaction, actor: Actor) -> dict[str, int]:
    """How many orders the actor would find in each stage."""
    actor.require(Permission.SEE_ORDERS)
    docks = _docks(tx, actor)
    counts = [
        select(literal(stage).label("stage"), func.count().label("orders"))
        .select_from(_order)
        .where(*_seen(actor), _in_stage(stage, docks, tx.now))
        for stage in STAGES
    ]
    return {row.stage: row.orders for row in tx.execute(union_all(*counts))}


@reads
def list_orders(
    tx: Transaction,
    actor: Actor,
    search: OrderSearch,
    *,
    before: int | None = None,
    limit: int = 50,
) -> Page[OrderRow]:
    """The orders that were looked for, the newest first; the next page begins before its key."""
    actor.require(Permission.SEE_ORDERS)
    limit = min(limit, MOST_ORDERS_A_PAGE)
    wanted = _wanted(tx, actor, search)
    if before is not None:
        wanted.append(_order.c.id < before)
    query = _HEADS.where(*wanted).order_by(_order.c.id.desc()).limit(limit + 1)
    return _page(tx, actor, query, limit)


@reads
def count_orders(tx: Transaction, actor: Actor, search: OrderSearch) -> int:
    """How many orders :func:`list_orders` would show on all its pages."""
    actor.require(Permission.SEE_ORDERS)
    query = (
        select(func.count())
        .select_from(_order.join(_address, _address.c.id == _order.c.address_id))
        .where(*_wanted(tx, actor, search))
    )
    return int(tx.execute(query).scalar_one())


@reads
def list_reviews(
    tx: Transaction, actor: Actor, *, after: int = 0, limit: int = 50
) -> Page[OrderRow]:
    """The orders that wait for a person, the longest waiting first, and why each waits."""
    actor.require(Permission.REVIEW_ORDERS)
    limit = min(limit, MOST_ORDERS_A_PAGE)
    query = (
        _HEADS.where(*_seen(actor), _order.c.state == "review", _order.c.id > after)
        .order_by(_order.c.id)
        .limit(limit + 1)
    )
    return _page(tx, actor, query, limit)


def sees_order(actor: Actor, *, state: str, warehouse_ids: Sequence[int]) -> bool:
    """Whether somebody who may see the seller also sees an order served from *warehouse_ids*."""
    own = actor.warehouse_ids(Permission.SEE_ORDERS)
    if own is None or not warehouse_ids or state in ("review", "confirmed"):
        return True
    return not own.isdisjoint(warehouse_ids)


# --- conditions --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Dock:
    """What the conditions need to know about a warehouse."""

    warehouse_id: int
    zone: ZoneInfo
    stages_present: tuple[str, ...]
    """The stages of shipments that have not left: with scan-out also the shipped ones."""


def _docks(tx: Transaction, actor: Actor) -> list[_Dock]:
    """Those that the actor sees."""
    query = select(_warehouse.c.id, _warehouse.c.timezone, _warehouse.c.policy)
    return [
        _Dock(
            row.id,
            ZoneInfo(row.timezone),
            (*IN_THE_HOUSE, "shipped") if WarehousePolicy.of(row.policy).scan_out else IN_THE_HOUSE,
        )
        for row in tx.execute(query.order_by(_warehouse.c.id))
        if actor.may(Permission.SEE_ORDERS, warehouse_id=row.id)
    ]


def _seen(actor: Actor) -> Iterator[ColumnElement[bool]]:
    """The same rule as :func:`sees_order`, and the sellers."""
    sellers = actor.seller_ids(Permission.SEE_ORDERS)
    if sellers is not None:
        yield _order.c.seller_id.in_(sorted(sellers))
    warehouses = actor.warehouse_ids(Permission.SEE_ORDERS)
    if warehouses is not None:
        any_shipment = select(_shipment.c.id).where(_shipment.c.order_id == _order.c.id)
        yield or_(
            _order.c.state.in_(("review", "confirmed")),
            any_shipment.where(_shipment.c.warehouse_id.in_(sorted(warehouses))).exists(),
            ~any_shipment.exists(),
        )


def _wanted(tx: Transaction, actor: Actor, search: OrderSearch) -> list[ColumnElement[bool]]:
    wanted = [*_seen(actor), *_conditions(search, _docks(tx, actor), tx.now)]
    if search.board is not None:
        ids = sorted(chosen_orders(tx, actor, search.board))
        # Whole numbers of our own, written into the statement: they may be more than it can bind.
        these: BindParameter[Any] = bindparam(
            "board_ids", ids, expanding=True, literal_execute=True
        )
        wanted.append(_order.c.id.in_(these))
    return wanted


def _conditions(
    search: OrderSearch, docks: Sequence[_Dock], now: datetime
) -> Iterator[ColumnElement[bool]]:
    if search.stage:
        yield _in_stage(search.stage, docks, now)
    if search.state:
        yield _order.c.state == search.state
    if search.hold:
        yield _has_hold(_hold.c.type == search.hold)
    if search.channel:
        yield _order.c.channel == search.channel
    if search.seller_id is not None:
        yield _order.c.seller_id == search.seller_id
    if search.warehouse_id is not None:
        yield _has_shipment(_here(docks), _shipment.c.warehouse_id == search.warehouse_id)
    if search.priority_from is not None:
        yield _order.c.priority >= search.priority_from
    if search.text:
        yield _mentions(search.text)


def _mentions(text: str) -> ColumnElement[bool]:
    return or_(
        _order.c.number.istartswith(text, autoescape=True),
        _order.c.reference.icontains(text, autoescape=True),
        _order.c.customer.icontains(text, autoescape=True),
        _address.c.name.icontains(text, autoescape=True),
    )


def _in_stage(stage: str, docks: Sequence[_Dock], now: datetime) -> ColumnElement[bool]:
    match stage:
        case "review":
            return _order.c.state == "review"
        case "held":
            return and_(_order.c.state.in_(OPEN_STATES), _has_hold())
        case "waiting":
            return and_(_order.c.state == "confirmed", _order.c.has_backorder.is_(False))
        case "backorder":
            return and_(_order.c.state == "confirmed", _order.c.has_backorder)
        case "late":
            return _has_shipment(_is_late(docks, now))
        case "shipped-today":
            return _has_shipment(_went_today(docks, now))
        case _ if stage in IN_THE_HOUSE:
            return _has_shipment(_here(docks), _shipment.c.state == stage)
        case _:
            raise invalid("stage", "not-one-of", ", ".join(STAGES))


def _is_late(docks: Sequence[_Dock], now: datetime) -> ColumnElement[bool]:
    """Not out of the house by the cut-off that it was promised for."""
    present = {dock.warehouse_id: dock.stages_present for dock in docks}
    every = sorted({state for states in present.values() for state in states})
    still_here = [
        and_(_shipment.c.warehouse_id == key, _shipment.c.state.in_(states))
        for key, states in present.items()
    ]
    return and_(
        _here(docks),
        _shipment.c.state.in_(every),  # says nothing new, but the index is read by it
        _shipment.c.promised_cut_off_at < now,
        or_(false(), *still_here),
    )


def _went_today(docks: Sequence[_Dock], now: datetime) -> ColumnElement[bool]:
    """Shipped since midnight of its warehouse."""
    midnights = {
        dock.warehouse_id: datetime.combine(
            now.astimezone(dock.zone).date(), time(), tzinfo=dock.zone
        )
        for dock in docks
    }
    if not midnights:
        return false()
    return and_(
        _shipment.c.shipped_at >= min(midnights.values()),  # says nothing new: for the index
        _shipment.c.shipped_at >= case(midnights, value=_shipment.c.warehouse_id),
        _shipment.c.state != "cancelled",
    )


def _has_shipment(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The search begins with the shipments: those that are looked for are few."""
    return _order.c.id.in_(select(_shipment.c.order_id).where(*conditions))


def _here(docks: Sequence[_Dock]) -> ColumnElement[bool]:
    return _shipment.c.warehouse_id.in_([dock.warehouse_id for dock in docks])


def _has_hold(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    found = select(_hold.c.order_id).where(_hold.c.released_at.is_(None), *conditions)
    return _order.c.id.in_(found)


# --- rows --------------------------------------------------------------------------------

_HEADS = (
    select(
        _order.c.id,
        _order.c.number,
        _order.c.channel,
        _order.c.reference,
        _seller.c.code.label("seller"),
        _order.c.state,
        _order.c.customer,
        _address.c.name,
        _address.c.country,
        _order.c.priority,
        _order.c.placed_at,
        _order.c.currency,
        _order.c.total_minor,
        _order.c.has_backorder,
        _order.c.seller_id,
        _seller.c.review_rules,
    )
    .join(_seller, _seller.c.id == _order.c.seller_id)
    .join(_address, _address.c.id == _order.c.address_id)
)
_OF_THE_HEAD = tuple(
    column.name
    for column in _HEADS.selected_columns
    if column.name not in ("seller_id", "review_rules")
)


def _page(tx: Transaction, actor: Actor, query: Any, limit: int) -> Page[OrderRow]:
    heads = tx.execute(query).all()
    ids = [head.id for head in heads]
    holds, shipments = _open_holds(tx, ids), _shipments(tx, actor, ids)
    units, tags = _units(tx, ids), _tags(tx, [row.id for row in heads if row.state == "review"])
    rows = [
        OrderRow(
            **{name: getattr(head, name) for name in _OF_THE_HEAD},
            units=units.get(head.id, 0),
            holds=tuple(holds.get(head.id, ())),
            shipments=tuple(shipments.get(head.id, ())),
            waits_because=_reasons(head, tags) if head.state == "review" else (),
        )
        for head in heads
    ]
    last = rows[:limit][-1].id if rows else 0
    return Page.of(rows, limit=limit, key=(last,))


def _open_holds(tx: Transaction, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    query = (
        select(_hold.c.order_id, _hold.c.type)
        .where(_hold.c.order_id.in_(ids), _hold.c.released_at.is_(None))
        .order_by(_hold.c.id)
    )
    for row in tx.execute(query):
        found.setdefault(row.order_id, []).append(row.type)
    return found


def _shipments(
    tx: Transaction, actor: Actor, ids: Sequence[int]
) -> dict[int, list[ShipmentGlance]]:
    query = (
        select(
            _shipment.c.order_id,
            _shipment.c.number,
            _warehouse.c.code.label("warehouse"),
            _warehouse.c.timezone,
            _shipment.c.state,
            _shipment.c.cut_off_at,
        )
        .join(_warehouse, _warehouse.c.id == _shipment.c.warehouse_id)
        .where(_shipment.c.order_id.in_(ids), _shipment.c.state != "cancelled")
        .order_by(_shipment.c.id)
    )
    own = actor.warehouse_ids(Permission.SEE_ORDERS)
    if own is not None:
        query = query.where(_shipment.c.warehouse_id.in_(sorted(own)))
    found: dict[int, list[ShipmentGlance]] = {}
    for row in tx.execute(query):
        found.setdefault(row.order_id, []).append(
            ShipmentGlance(row.number, row.warehouse, row.timezone, row.state, row.cut_off_at)
        )
    return found


def _units(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    """Pieces of an order; of a kit its components count."""
    query = (
        select(_line.c.order_id, func.sum(_line.c.quantity).label("units"))
        .where(_line.c.order_id.in_(ids), _line.c.is_kit.is_(False))
        .group_by(_line.c.order_id)
    )
    return {row.order_id: int(row.units) for row in tx.execute(query)}


def _tags(tx: Transaction, ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
    if not ids:
        return {}
    query = (
        select(_line.c.order_id, _product.c.tags)
        .join(_product, _product.c.id == _line.c.product_id)
        .where(_line.c.order_id.in_(ids), _line.c.kit_line_id.is_(None))
    )
    found: dict[int, frozenset[str]] = {}
    for row in tx.execute(query):
        found[row.order_id] = found.get(row.order_id, frozenset()) | frozenset(row.tags)
    return found


def _reasons(head: Any, tags: Mapping[int, frozenset[str]]) -> tuple[str, ...]:
    facts = OrderFacts(
        total_minor=head.total_minor,
        country=head.country,
        customer=head.customer,
        product_tags=tags.get(head.id, frozenset()),
    )
    return waits_because(ReviewRules.of(head.review_rules), facts)
