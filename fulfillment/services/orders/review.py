"""Review: a person passes an order, holds it, lets it go, mends its address or priority.

Releasing the last hold of an order in review asks the seller's rules again: an order that
waited for its holds alone is confirmed in the name of who released it, any other goes on
waiting for :func:`confirm_order`.  A hold on an order that is confirmed or allocated leaves
its state as it is: allocation, release and shipping look for open holds themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from fulfillment.domain.checks import choice_faults, integer_faults, text_faults
from fulfillment.domain.errors import (
    IllegalEvent,
    InvalidInput,
    LabelActive,
    NothingToDo,
    OnHold,
    UnknownThing,
)
from fulfillment.domain.orders import (
    HOLD_TYPES,
    PRIORITIES,
    OrderFacts,
    PostalAddress,
    ReviewRules,
    address_faults,
    waits_because,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import ORDER
from fulfillment.services.orders.addresses import incomplete_parts, known_countries
from fulfillment.services.orders.intake import insert_addresses
from fulfillment.store import journal, purchases
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.locks import lock_orders, lock_shipments_of
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.transaction import Transaction, reads, writes

MOST_REASON = 1_000
OPEN_STATES = ("review", "confirmed", "allocated")
"""An order in one of these can still be held and changed."""


@dataclass(frozen=True)
class OrderStanding:
    """Where an order stands after the command."""

    order_id: int
    number: str
    state: str
    open_holds: tuple[str, ...]
    waits_because: tuple[str, ...] = ()


@dataclass(frozen=True)
class HoldPlaced:
    """The new hold and where its order stands."""

    hold_id: int
    order: OrderStanding


@writes
def confirm_order(tx: Transaction, actor: Actor, order_id: int) -> OrderStanding:
    """Pass an order by hand.  Raises :class:`OnHold`, :class:`IllegalEvent`."""
    order = order_for_review(tx, actor, order_id)
    state = ORDER.advance(order.state, "confirm")
    holds = open_holds(tx, order_id)
    if holds:
        raise OnHold(kind="order", number=order.number, holds=_types(holds))
    _confirm(tx, actor, order_id)
    journal.audit(tx, by_id=actor.user_id, act="order.confirm", subject=("order", order_id))
    return OrderStanding(order_id, order.number, state, ())


@writes
def place_hold(
    tx: Transaction,
    actor: Actor,
    order_id: int,
    *,
    hold_type: str,
    reason: str,
    shipment_id: int | None = None,
) -> HoldPlaced:
    """Stop an order, or one shipment of it, until somebody releases the hold."""
    _require_reason(reason, *choice_faults("type", hold_type, HOLD_TYPES))
    order = order_for_review(tx, actor, order_id)
    _require_open(order, "hold")
    if shipment_id is not None and shipment_id not in {
        row.id for row in lock_shipments_of(tx, [order_id])
    }:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    hold_id = _insert_hold(
        tx, actor, order_id, hold_type=hold_type, reason=reason, shipment_id=shipment_id
    )
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="order.hold",
        subject=("order", order_id),
        reason=reason,
        details={"hold_id": hold_id, "type": hold_type, "shipment_id": shipment_id},
    )
    holds = open_holds(tx, order_id)
    return HoldPlaced(hold_id, OrderStanding(order_id, order.number, order.state, _types(holds)))


@writes
def release_hold(tx: Transaction, actor: Actor, hold_id: int, *, reason: str) -> OrderStanding:
    """Release one hold; with the last one the rules may pass the order (see the module).

    Raises :class:`NothingToDo` when it is released already.
    """
    _require_reason(reason)
    table = table_of(Hold)
    order_id = tx.execute(
        select(table.c.order_id).where(table.c.id == hold_id)
    ).scalar_one_or_none()
    if order_id is None:
        raise UnknownThing(kind="hold", key=str(hold_id))
    order = order_for_review(tx, actor, order_id)
    released = tx.execute(
        update(table)
        .where(table.c.id == hold_id, table.c.released_at.is_(None))
        .values(released_at=tx.now, released_by_id=actor.user_id, release_reason=reason)
    )
    if released.rowcount != 1:
        raise NothingToDo(what="hold")
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="order.release-hold",
        subject=("order", order_id),
        reason=reason,
        details={"hold_id": hold_id},
    )
    return _after_release(tx, actor, order)


@writes
def correct_address(
    tx: Transaction, actor: Actor, order_id: int, *, address: PostalAddress, reason: str
) -> OrderStanding:
    """Give an order another address: a new row, because labels keep what they showed.

    A complete address releases open ``address`` holds; an incomplete one places such a
    hold if none is open.  Raises :class:`LabelActive` while a label shows the old address.
    """
    _require_reason(reason, *address_faults(address, countries=known_countries()))
    order = order_for_review(tx, actor, order_id)
    _require_open(order, "correct-address")
    lock_shipments_of(tx, [order_id])  # labels are made under the shipment's lock
    _require_no_label(tx, order)
    (address_id,) = insert_addresses(tx, [address])
    table = table_of(Order)
    tx.execute(update(table).where(table.c.id == order_id).values(address_id=address_id))
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="order.correct-address",
        subject=("order", order_id),
        reason=reason,
        details={"from_address_id": order.address_id, "to_address_id": address_id},
    )
    return _after_correction(tx, actor, order, address)


@writes
def change_priority(
    tx: Transaction, actor: Actor, order_id: int, *, priority: int, reason: str = ""
) -> OrderStanding:
    """Let an order go earlier or later, its shipments that nobody picks yet included."""
    faults = tuple(
        integer_faults("priority", priority, least=PRIORITIES.start, most=PRIORITIES.stop - 1)
    )
    if faults:
        raise InvalidInput(faults)
    order = order_for_review(tx, actor, order_id)
    _require_open(order, "change-priority")
    orders, shipments = table_of(Order), table_of(Shipment)
    tx.execute(update(orders).where(orders.c.id == order_id).values(priority=priority))
    tx.execute(
        update(shipments)
        .where(shipments.c.order_id == order_id, shipments.c.state.in_(("allocated", "released")))
        .values(priority=priority)
    )
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="order.change-priority",
        subject=("order", order_id),
        reason=reason,
        details={"from": order.priority, "to": priority},
    )
    return OrderStanding(order_id, order.number, order.state, _types(open_holds(tx, order_id)))


@reads
def standing_of(tx: Transaction, actor: Actor, order_id: int) -> OrderStanding:
    """Where an order stands: its open holds and, in review, what the rules have against it."""
    actor.require(Permission.SEE_ORDERS)
    table = table_of(Order)
    order = tx.execute(select(table).where(table.c.id == order_id)).one_or_none()
    if order is None or not actor.may(Permission.SEE_ORDERS, seller_id=order.seller_id):
        raise UnknownThing(kind="order", key=str(order_id))
    reasons = _reasons_to_wait(tx, order) if order.state == ORDER.initial else ()
    return OrderStanding(
        order_id, order.number, order.state, _types(open_holds(tx, order_id)), reasons
    )


# --- shared with parting -----------------------------------------------------------------


def order_for_review(tx: Transaction, actor: Actor, order_id: int) -> Any:
    """The locked order row, if the actor may review it."""
    actor.require(Permission.REVIEW_ORDERS)
    found = lock_orders(tx, [order_id])
    if not found:
        raise UnknownThing(kind="order", key=str(order_id))
    actor.require_sight(
        Permission.REVIEW_ORDERS,
        kind="order",
        key=str(order_id),
        warehouse_id=None,
        seller_id=found[0].seller_id,
    )
    return found[0]


def open_holds(tx: Transaction, order_id: int) -> Sequence[Any]:
    """``id, type, shipment_id`` of the holds that are not released, oldest first."""
    table = table_of(Hold)
    return tx.execute(
        select(table.c.id, table.c.type, table.c.shipment_id)
        .where(table.c.order_id == order_id, table.c.released_at.is_(None))
        .order_by(table.c.id)
    ).all()


def _types(holds: Sequence[Any]) -> tuple[str, ...]:
    return tuple(hold.type for hold in holds)


def _require_reason(reason: str, *found: Any) -> None:
    faults = (*found, *text_faults("reason", reason, most=MOST_REASON, required=True, lines=True))
    if faults:
        raise InvalidInput(faults)


def _require_open(order: Any, event: str) -> None:
    if order.state not in OPEN_STATES:
        raise IllegalEvent(machine=ORDER.name, state=order.state, event=event)


def _require_no_label(tx: Transaction, order: Any) -> None:
    labels, parcels, shipments = table_of(Label), table_of(Parcel), table_of(Shipment)
    active = tx.execute(
        select(labels.c.tracking_number)
        .join(parcels, parcels.c.id == labels.c.parcel_id)
        .join(shipments, shipments.c.id == parcels.c.shipment_id)
        .where(
            shipments.c.order_id == order.id,
            shipments.c.state.not_in(("shipped", "dispatched", "cancelled")),
            labels.c.state == "active",
        )
        .order_by(labels.c.id)
    ).scalars()
    bought = purchases.live_keys(tx, order.id)
    numbers = (*active, *bought)
    if numbers:
        raise LabelActive(number=order.number, tracking_numbers=numbers)


def _insert_hold(
    tx: Transaction,
    actor: Actor,
    order_id: int,
    *,
    hold_type: str,
    reason: str,
    shipment_id: int | None = None,
) -> int:
    table = table_of(Hold)
    return int(
        tx.execute(
            insert(table).returning(table.c.id),
            {
                "order_id": order_id,
                "shipment_id": shipment_id,
                "type": hold_type,
                "reason": reason,
                "placed_at": tx.now,
                "placed_by_id": actor.user_id,
            },
        ).scalar_one()
    )


def _confirm(tx: Transaction, actor: Actor, order_id: int) -> None:
    table = table_of(Order)
    changed = tx.execute(
        update(table)
        .where(table.c.id == order_id, table.c.state.in_(ORDER.sources("confirm")))
        .values(
            state=ORDER.advance(ORDER.initial, "confirm"),
            confirmed_at=tx.now,
            confirmed_by_id=actor.user_id,
        )
    )
    assert changed.rowcount == 1, "the order is locked and its state was checked"


def _after_release(tx: Transaction, actor: Actor, order: Any) -> OrderStanding:
    """Ask the rules again once nothing holds an order in review any more."""
    holds = open_holds(tx, order.id)
    if holds or order.state != ORDER.initial:
        return OrderStanding(order.id, order.number, order.state, _types(holds))
    reasons = _reasons_to_wait(tx, order)
    if reasons:
        return OrderStanding(order.id, order.number, order.state, (), reasons)
    _confirm(tx, actor, order.id)
    return OrderStanding(order.id, order.number, ORDER.advance(order.state, "confirm"), ())


def _reasons_to_wait(tx: Transaction, order: Any) -> tuple[str, ...]:
    sellers, products, lines = table_of(Seller), table_of(Product), table_of(OrderLine)
    addresses, orders = table_of(Address), table_of(Order)
    rules = tx.execute(
        select(sellers.c.review_rules).where(sellers.c.id == order.seller_id)
    ).scalar_one()
    # The address may have been corrected in this very transaction: read it through the order.
    country = tx.execute(
        select(addresses.c.country)
        .join(orders, orders.c.address_id == addresses.c.id)
        .where(orders.c.id == order.id)
    ).scalar_one()
    tags = tx.execute(
        select(products.c.tags)
        .join(lines, lines.c.product_id == products.c.id)
        .where(lines.c.order_id == order.id, lines.c.kit_line_id.is_(None))
    ).scalars()
    facts = OrderFacts(
        total_minor=order.total_minor,
        country=country,
        customer=order.customer,
        product_tags=frozenset(tag for of_product in tags for tag in of_product),
    )
    return waits_because(ReviewRules.of(rules), facts)


def _after_correction(
    tx: Transaction, actor: Actor, order: Any, address: PostalAddress
) -> OrderStanding:
    missing = incomplete_parts(address)
    about_address = [hold for hold in open_holds(tx, order.id) if hold.type == "address"]
    if missing and not about_address:
        _insert_hold(tx, actor, order.id, hold_type="address", reason=", ".join(missing))
    if missing or not about_address:
        holds = open_holds(tx, order.id)
        return OrderStanding(order.id, order.number, order.state, _types(holds))
    table = table_of(Hold)
    tx.execute(
        update(table)
        .where(table.c.id.in_([hold.id for hold in about_address]))
        .values(
            released_at=tx.now,
            released_by_id=actor.user_id,
            release_reason="address corrected",
        )
    )
    return _after_release(tx, actor, order)
