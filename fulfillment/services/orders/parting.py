"""Two orders become one, one becomes two; no unit appears or gets lost on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update

from fulfillment.domain.errors import CannotMerge, CannotSplit, UnknownThing, invalid
from fulfillment.domain.orders import split_reference
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import ORDER
from fulfillment.services.orders.review import order_for_review
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.locks import lock_orders
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.transaction import Transaction, writes

MOST_MERGED = 50


@dataclass(frozen=True)
class OrdersMerged:
    """The order that goes on, and the numbers of those that went into it."""

    order_id: int
    number: str
    merged: tuple[str, ...]


@dataclass(frozen=True)
class OrderSplit:
    """The new order and the one it came from."""

    order_id: int
    number: str
    from_number: str
    state: str


# --- merging -----------------------------------------------------------------------------


@writes
def merge_orders(
    tx: Transaction, actor: Actor, order_id: int, *, others: Sequence[int]
) -> OrdersMerged:
    """Let the lines of *others* continue in *order_id*.

    All are of one seller, customer, currency and address, in one state, and nothing of them
    is or was on a shipment that is not cancelled; else :class:`CannotMerge`.  Open holds
    travel along: a question about an order is not answered by merging it.
    """
    ids = {order_id, *others}
    if len(ids) != len(others) + 1 or len(ids) < 2:
        raise invalid("others", "not-distinct")
    if len(ids) > MOST_MERGED:
        raise invalid("others", "too-many", f"{len(ids)} > {MOST_MERGED}")
    orders = _orders_to_merge(tx, actor, ids)
    first = orders.pop(order_id)
    rest = [orders[key] for key in sorted(orders)]
    _require_alike(tx, first, rest)
    _move_lines(tx, first, rest)
    _close_merged(tx, first, rest)
    for other in rest:
        journal.audit(
            tx,
            by_id=actor.user_id,
            act="order.merge",
            subject=("order", other.id),
            details={"into": first.number, "state": other.state},
        )
    return OrdersMerged(order_id, first.number, tuple(other.number for other in rest))


def _orders_to_merge(tx: Transaction, actor: Actor, ids: set[int]) -> dict[int, Any]:
    actor.require(Permission.REVIEW_ORDERS)
    found = {row.id: row for row in lock_orders(tx, ids)}
    for key in sorted(ids):
        row = found.get(key)
        if row is None or not actor.may(Permission.REVIEW_ORDERS, seller_id=row.seller_id):
            raise UnknownThing(kind="order", key=str(key))
    return found


def _require_alike(tx: Transaction, first: Any, rest: Sequence[Any]) -> None:
    orders = [first, *rest]
    for reason in ("seller_id", "customer", "currency", "state"):
        if len({getattr(order, reason) for order in orders}) > 1:
            raise _cannot_merge(reason.removesuffix("_id"), orders)
    for order in rest:
        ORDER.advance(order.state, "merge")
    if len(_address_contents(tx, orders)) > 1:
        raise _cannot_merge("address", orders)
    shipments = table_of(Shipment)
    shipped = tx.execute(
        select(func.count())
        .select_from(shipments)
        .where(
            shipments.c.order_id.in_([order.id for order in orders]),
            shipments.c.state != "cancelled",
        )
    ).scalar_one()
    if shipped:
        raise _cannot_merge("on-a-shipment", orders)


def _cannot_merge(reason: str, orders: Sequence[Any]) -> CannotMerge:
    return CannotMerge(reason=reason, numbers=tuple(order.number for order in orders))


def _address_contents(tx: Transaction, orders: Sequence[Any]) -> set[str]:
    """The different addresses among *orders*, compared by what they say."""
    table = table_of(Address)
    columns = [column for column in table.c if column.name != "id"]
    ids = [order.address_id for order in orders]
    return {repr(tuple(row)) for row in tx.execute(select(*columns).where(table.c.id.in_(ids)))}


def _move_lines(tx: Transaction, first: Any, rest: Sequence[Any]) -> None:
    """Lines keep their ids and order; their numbers go on where the first order's end."""
    lines = table_of(OrderLine)
    ids = [first.id, *(order.id for order in rest)]
    highest = {
        row.order_id: row.highest
        for row in tx.execute(
            select(lines.c.order_id, func.max(lines.c.line_number).label("highest"))
            .where(lines.c.order_id.in_(ids))
            .group_by(lines.c.order_id)
        )
    }
    offset = highest.get(first.id, 0)
    for order in rest:
        tx.execute(
            update(lines)
            .where(lines.c.order_id == order.id)
            .values(order_id=first.id, line_number=lines.c.line_number + offset)
        )
        offset += highest.get(order.id, 0)


def _close_merged(tx: Transaction, first: Any, rest: Sequence[Any]) -> None:
    orders, holds = table_of(Order), table_of(Hold)
    ids = [order.id for order in rest]
    tx.execute(
        update(holds)
        .where(holds.c.order_id.in_(ids), holds.c.released_at.is_(None))
        .values(order_id=first.id)
    )
    tx.execute(
        update(orders).where(orders.c.id.in_(ids)).values(state="merged", merged_into_id=first.id)
    )
    together = [first, *rest]
    tx.execute(
        update(orders)
        .where(orders.c.id == first.id)
        .values(
            total_minor=sum(order.total_minor for order in together),
            priority=max(order.priority for order in together),
            ship_complete=any(order.ship_complete for order in together),
            has_backorder=any(order.has_backorder for order in together),
            promised_on=min(
                (order.promised_on for order in together if order.promised_on), default=None
            ),
            tags=list(dict.fromkeys(tag for order in together for tag in order.tags)),
            note=_joined(order.note for order in together),
            packing_note=_joined(order.packing_note for order in together),
        )
    )


def _joined(notes: Any) -> str:
    return "\n".join(dict.fromkeys(note for note in notes if note))


# --- splitting ---------------------------------------------------------------------------


@writes
def split_order(
    tx: Transaction, actor: Actor, order_id: int, *, quantities: Mapping[int, int]
) -> OrderSplit:
    """Move units (order line id to quantity) that are on no shipment into a new order.

    A kit is split by its kit line, its components follow in proportion.  The new order has
    the state, address and open holds of the old one, and its own number and reference.
    Raises :class:`CannotSplit`: ``kit-component``, ``too-many`` (more than is owed),
    ``nothing-left`` (all of it), ``on-a-shipment`` (a whole line that a shipment knows).
    """
    order = order_for_review(tx, actor, order_id)
    if order.state not in ("review", "confirmed"):
        raise CannotSplit(number=order.number, reason="state")
    lines = _lines_by_id(tx, order_id)
    parts = _parts(order, lines, quantities)
    new_id, number = _insert_split(tx, actor, order, _worth(lines, parts))
    _part_lines(tx, new_id, lines, parts)
    _copy_holds(tx, order_id, new_id)
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="order.split",
        subject=("order", order_id),
        details={"into": number, "quantities": {str(k): v for k, v in sorted(parts.items())}},
    )
    return OrderSplit(new_id, number, order.number, order.state)


def _lines_by_id(tx: Transaction, order_id: int) -> dict[int, Any]:
    lines, shipped = table_of(OrderLine), table_of(ShipmentLine)
    on_shipment = (
        select(shipped.c.id).where(shipped.c.order_line_id == lines.c.id).exists()
    ).label("on_shipment")
    rows = tx.execute(
        select(lines, on_shipment).where(lines.c.order_id == order_id).order_by(lines.c.line_number)
    )
    return {row.id: row for row in rows}


def _parts(order: Any, lines: Mapping[int, Any], quantities: Mapping[int, int]) -> dict[int, int]:
    """Units to move by line, the components of kits included; checked."""
    if not quantities:
        raise invalid("quantities", "required")
    parts: dict[int, int] = {}
    for line_id, quantity in quantities.items():
        line = lines.get(line_id)
        if line is None:
            raise UnknownThing(kind="order-line", key=str(line_id))
        if type(quantity) is not int or quantity < 1:
            raise invalid(f"quantities[{line_id}]", "out-of-range", quantity)
        if line.kit_line_id is not None:
            raise CannotSplit(number=order.number, reason="kit-component")
        parts[line_id] = quantity
        for component in lines.values():
            if component.kit_line_id == line_id:
                parts[component.id] = component.quantity // line.quantity * quantity
    for line_id, quantity in parts.items():
        line = lines[line_id]
        if quantity > line.quantity - line.cancelled - line.allocated:
            raise CannotSplit(number=order.number, reason="too-many")
        if quantity == line.quantity and line.on_shipment:
            raise CannotSplit(number=order.number, reason="on-a-shipment")
    if all(parts.get(line.id, 0) == line.quantity - line.cancelled for line in lines.values()):
        raise CannotSplit(number=order.number, reason="nothing-left")
    return parts


def _worth(lines: Mapping[int, Any], parts: Mapping[int, int]) -> int:
    return sum(lines[line_id].unit_price_minor * quantity for line_id, quantity in parts.items())


_INHERITED = (
    "seller_id", "channel", "state", "customer", "address_id", "currency", "priority",
    "ship_complete", "has_backorder", "note", "packing_note", "tags", "requested_service_id",
    "promised_on", "placed_at", "confirmed_at", "confirmed_by_id",
)  # fmt: skip


def _insert_split(tx: Transaction, actor: Actor, order: Any, worth: int) -> tuple[int, str]:
    orders = table_of(Order)
    part = 2 + int(
        tx.execute(
            select(func.count()).select_from(orders).where(orders.c.split_from_id == order.id)
        ).scalar_one()
    )
    number = f"{order.number}-{part}"
    row = {
        **{name: getattr(order, name) for name in _INHERITED},
        "number": number,
        "reference": split_reference(order.reference, part),
        "content_hash": hashlib.sha256(f"split {number}".encode()).hexdigest(),
        "total_minor": worth,
        "created_at": tx.now,
        "created_by_id": actor.user_id,
        "split_from_id": order.id,
    }
    new_id = int(tx.execute(insert(orders).returning(orders.c.id), row).scalar_one())
    tx.execute(
        update(orders)
        .where(orders.c.id == order.id)
        .values(total_minor=orders.c.total_minor - worth)
    )
    return new_id, number


def _part_lines(
    tx: Transaction, new_id: int, lines: Mapping[int, Any], parts: Mapping[int, int]
) -> None:
    """A whole line moves as it is; of a parted one the units move to a new row."""
    table = table_of(OrderLine)
    new_kit_lines: dict[int, int] = {}
    for line_id in sorted(parts, key=lambda key: lines[key].line_number):
        line, quantity = lines[line_id], parts[line_id]
        if quantity == line.quantity:
            tx.execute(update(table).where(table.c.id == line_id).values(order_id=new_id))
            continue
        tx.execute(
            update(table).where(table.c.id == line_id).values(quantity=table.c.quantity - quantity)
        )
        new_kit_lines[line_id] = int(
            tx.execute(
                insert(table).returning(table.c.id),
                {
                    "order_id": new_id,
                    "line_number": line.line_number,
                    "product_id": line.product_id,
                    "kit_line_id": new_kit_lines.get(line.kit_line_id),
                    "is_kit": line.is_kit,
                    "quantity": quantity,
                    "unit_price_minor": line.unit_price_minor,
                },
            ).scalar_one()
        )


def _copy_holds(tx: Transaction, old_id: int, new_id: int) -> None:
    holds = table_of(Hold)
    columns = ("type", "reason", "placed_at", "placed_by_id")
    open_ones = tx.execute(
        select(*(holds.c[name] for name in columns)).where(
            holds.c.order_id == old_id,
            holds.c.released_at.is_(None),
            holds.c.shipment_id.is_(None),
        )
    ).mappings()
    rows = [{**hold, "order_id": new_id} for hold in open_ones]
    if rows:
        tx.execute(insert(holds), rows)
