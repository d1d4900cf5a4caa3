"""Orders come in: checked whole, exploded into lines, passed by rule or left for review.

One order is a list of one: the page, the API, a file and a channel go through
:func:`~.examining.examine` and :func:`store_orders`.  An order costs six statements, whatever its size: the
seller, a known reference, the products, then the rows of address, order and lines (two more
when it has kits, one for holds).  A thousand orders cost the same six, with longer lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert

from fulfillment.domain.errors import (
    DomainError,
    DuplicateReference,
    Fault,
    InvalidInput,
    UnknownThing,
)
from fulfillment.domain.orders import NewOrder, PostalAddress
from fulfillment.domain.people import Actor
from fulfillment.domain.states import ORDER
from fulfillment.services.orders.examining import (
    Fresh,
    Known,
    LineToStore,
    OrderTaken,
    Repeated,
    Verdict,
    examine,
)
from fulfillment.store.base import table_of
from fulfillment.store.orders import Address, Hold, Order, OrderLine
from fulfillment.store.transaction import Transaction, writes

MOST_AT_ONCE = 2_000
"""Orders in one :func:`take_orders`: about 50 MB of rows at 20 lines; the caller chunks."""


@writes
def take_order(tx: Transaction, actor: Actor, command: NewOrder) -> OrderTaken:
    """Take one order in.

    The same reference with the same content is answered with the first order.  Raises
    :class:`InvalidInput` with every fault, :class:`DuplicateReference` for other content,
    :class:`UnknownThing` for a seller that is not the actor's.
    """
    examined = examine(tx, actor, [command])
    (verdict,) = examined
    if isinstance(verdict, DomainError):
        raise verdict
    return store_orders(tx, actor, examined)[0]


@writes
def take_orders(tx: Transaction, actor: Actor, commands: Sequence[NewOrder]) -> list[OrderTaken]:
    """Take many orders in with a handful of statements: all of them, or none.

    The answers are in the order of *commands*.  Raises one :class:`InvalidInput` whose
    faults say ``orders[<index>].…``; a known reference with other content is one of them.
    """
    if len(commands) > MOST_AT_ONCE:
        raise InvalidInput((Fault("orders", "too-many", f"{len(commands)} > {MOST_AT_ONCE}"),))
    examined = examine(tx, actor, commands)
    faults = tuple(
        replace(fault, where=f"orders[{index}].{fault.where}")
        for index, verdict in enumerate(examined)
        if isinstance(verdict, DomainError)
        for fault in faults_of(verdict)
    )
    if faults:
        raise InvalidInput(faults)
    return store_orders(tx, actor, examined)


def faults_of(refusal: DomainError) -> tuple[Fault, ...]:
    """What a refused order has to be told row by row."""
    match refusal:
        case InvalidInput(faults=faults):
            return faults
        case DuplicateReference(reference=reference, order_number=number):
            return (Fault("reference", refusal.code, f"{reference} is {number}"),)
        case UnknownThing(kind=kind, key=key):
            return (Fault(kind, f"unknown-{kind}", key),)
        case _:
            return (Fault("", refusal.code, str(refusal)),)


# --- storing -----------------------------------------------------------------------------


def store_orders(tx: Transaction, actor: Actor, verdicts: Sequence[Verdict]) -> list[OrderTaken]:
    """Store what is fresh of an examined list that holds no refusal; answers in its order."""
    fresh = [verdict for verdict in verdicts if isinstance(verdict, Fresh)]
    stored = iter(_insert(tx, actor, fresh) if fresh else ())
    answers: list[OrderTaken] = []
    for verdict in verdicts:
        match verdict:
            case Fresh():
                answers.append(next(stored))
            case Known(answer=answer):
                answers.append(answer)
            case Repeated(index=index):
                answers.append(replace(answers[index], created=False))
            case _:
                raise verdict
    return answers


def insert_addresses(tx: Transaction, addresses: Iterable[PostalAddress]) -> list[int]:
    """Insert address rows; their ids in the order of *addresses*."""
    rows = [{**vars(address), "lines": list(address.lines)} for address in addresses]
    return [row.id for row in tx.execute(_INSERT_ADDRESS, rows)]


def _insert(tx: Transaction, actor: Actor, fresh: Sequence[Fresh]) -> list[OrderTaken]:
    address_ids = insert_addresses(tx, (order.command.address for order in fresh))
    rows = [
        _order_row(tx, actor, order, address_id)
        for order, address_id in zip(fresh, address_ids, strict=True)
    ]
    order_ids = [row.id for row in tx.execute(_INSERT_ORDER, rows)]
    _insert_lines(tx, dict(zip(order_ids, fresh, strict=True)))
    holds = [
        {
            "order_id": order_id,
            "type": type_,
            "reason": reason,
            "placed_at": tx.now,
            "placed_by_id": actor.user_id,
        }
        for order_id, order in zip(order_ids, fresh, strict=True)
        for type_, reason in order.holds
    ]
    if holds:
        tx.execute(insert(table_of(Hold)), holds)
    return [
        OrderTaken(order_id, row["number"], row["state"], True, order.waits_because)
        for order_id, row, order in zip(order_ids, rows, fresh, strict=True)
    ]


def _order_row(tx: Transaction, actor: Actor, order: Fresh, address_id: int) -> dict[str, Any]:
    command = order.command
    waits = bool(order.waits_because)
    return {
        # Every order that comes in brings an address row of its own, so the address's number
        # can serve as the order's: it is known before the order is inserted, on both databases.
        "number": f"O{address_id:07d}",
        "seller_id": order.seller_id,
        "channel": command.channel,
        "reference": command.reference,
        "content_hash": order.fingerprint,
        "state": ORDER.initial if waits else ORDER.advance(ORDER.initial, "confirm"),
        "customer": command.customer,
        "address_id": address_id,
        "currency": command.currency,
        "total_minor": command.total_minor,
        "priority": command.priority,
        "ship_complete": order.ship_complete,
        "note": command.note,
        "packing_note": command.packing_note,
        "tags": list(command.tags),
        "requested_service_id": order.service_id,
        "promised_on": command.promised_on,
        "placed_at": command.placed_at,
        "created_at": tx.now,
        "created_by_id": actor.user_id,
        "confirmed_at": None if waits else tx.now,
        "confirmed_by_id": None if waits else actor.user_id,
    }


def _insert_lines(tx: Transaction, orders: Mapping[int, Fresh]) -> None:
    """A kit is a line of its own, its components follow it and name it."""
    kits: list[dict[str, Any]] = []
    components_of: list[list[dict[str, Any]]] = []
    plain: list[dict[str, Any]] = []
    for order_id, order in orders.items():
        number = 0
        for line in order.lines:
            number += 1
            row = _line_row(order_id, number, line)
            if not line.is_kit:
                plain.append(row)
                continue
            kits.append(row)
            components_of.append([])
            for product_id, units in line.components:
                number += 1
                component = LineToStore(product_id=product_id, quantity=units * line.quantity)
                components_of[-1].append(_line_row(order_id, number, component))
    if kits:
        kit_line_ids = [row.id for row in tx.execute(_INSERT_LINE_RETURNING, kits)]
        plain += [
            {**component, "kit_line_id": kit_line_id}
            for kit_line_id, components in zip(kit_line_ids, components_of, strict=True)
            for component in components
        ]
    if plain:
        tx.execute(_INSERT_LINE, plain)


def _line_row(order_id: int, number: int, line: LineToStore) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line_number": number,
        "product_id": line.product_id,
        "kit_line_id": None,
        "is_kit": line.is_kit,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
    }


_INSERT_ADDRESS = insert(table_of(Address)).returning(
    table_of(Address).c.id, sort_by_parameter_order=True
)
_INSERT_ORDER = insert(table_of(Order)).returning(
    table_of(Order).c.id, sort_by_parameter_order=True
)
_INSERT_LINE = insert(table_of(OrderLine))
_INSERT_LINE_RETURNING = _INSERT_LINE.returning(
    table_of(OrderLine).c.id, sort_by_parameter_order=True
)
