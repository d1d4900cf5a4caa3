"""What can be done with orders that want to come in: everything is looked up, nothing written.

Five SELECTs at most for one order or a thousand: sellers, known references, products, and,
where they are named, kits and carrier services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select

from fulfillment.domain.errors import (
    DomainError,
    DuplicateReference,
    Fault,
    InvalidInput,
    UnknownThing,
)
from fulfillment.domain.orders import (
    NewOrder,
    OrderFacts,
    ReviewRules,
    content_hash,
    order_faults,
    waits_because,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.orders.addresses import (
    incomplete_parts,
    known_countries,
    known_currencies,
)
from fulfillment.store.base import table_of
from fulfillment.store.batches import batches
from fulfillment.store.catalog import CarrierService, KitComponent, Product, Seller
from fulfillment.store.orders import Order
from fulfillment.store.transaction import Transaction


@dataclass(frozen=True)
class OrderTaken:
    """The answer to an order: the same for a repeat, with ``created`` False.

    ``waits_because`` says why it is in review: codes of the review rules, ``hold:<type>``.
    """

    order_id: int
    number: str
    state: str
    created: bool
    waits_because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """The order came before, with the same content."""

    answer: OrderTaken


@dataclass(frozen=True)
class Repeated:
    """The same order stands earlier in the same list, at *index*."""

    index: int


@dataclass(frozen=True)
class LineToStore:
    product_id: int
    quantity: int
    unit_price_minor: int = 0
    components: tuple[tuple[int, int], ...] = ()
    """(product, units) that a kit explodes into."""
    is_kit: bool = False


@dataclass(frozen=True)
class Fresh:
    """An order that can be stored as it is."""

    command: NewOrder
    seller_id: int
    ship_complete: bool
    service_id: int | None
    fingerprint: str
    lines: tuple[LineToStore, ...]
    holds: tuple[tuple[str, str], ...]
    """(type, reason)"""
    waits_because: tuple[str, ...]


Verdict = Fresh | Known | Repeated | DomainError


def examine(tx: Transaction, actor: Actor, commands: Sequence[NewOrder]) -> list[Verdict]:
    """What can be done with each of *commands*; reads only.  A refusal is a value here."""
    actor.require(Permission.ENTER_ORDERS)
    bad = [
        order_faults(command, countries=known_countries(), currencies=known_currencies())
        for command in commands
    ]
    good = [command for command, faults in zip(commands, bad, strict=True) if not faults]
    books = _look_up(tx, actor, good)
    first_index: dict[tuple[str, str, str], int] = {}
    verdicts: list[Verdict] = []
    for index, (command, faults) in enumerate(zip(commands, bad, strict=True)):
        if faults:
            verdicts.append(InvalidInput(faults))
            continue
        key = (command.seller, command.channel, command.reference)
        earlier = first_index.setdefault(key, index)
        if earlier != index:
            verdicts.append(_repeated(command, commands[earlier], earlier))
        else:
            verdicts.append(_verdict(books, command))
    return verdicts


@dataclass
class _Books:
    """What the database knows about the orders that are being examined."""

    sellers: Mapping[str, Any]
    known: Mapping[tuple[int, str, str], Any] = field(default_factory=dict)
    products: Mapping[tuple[int, str], Any] = field(default_factory=dict)
    kits: Mapping[int, list[tuple[int, int]]] = field(default_factory=dict)
    services: Mapping[str, int] = field(default_factory=dict)


def _look_up(tx: Transaction, actor: Actor, commands: Sequence[NewOrder]) -> _Books:
    books = _Books(sellers=_sellers(tx, actor, {command.seller for command in commands}))
    if not books.sellers:
        return books
    seller_ids = sorted(seller.id for seller in books.sellers.values())
    books.known = _known_orders(tx, seller_ids, commands)
    books.products = _products(tx, seller_ids, commands)
    kit_ids = sorted(row.id for row in books.products.values() if row.is_kit)
    if kit_ids:
        books.kits = _kits(tx, kit_ids)
    wanted = {command.requested_service for command in commands} - {""}
    if wanted:
        books.services = _services(tx)
    return books


def _sellers(tx: Transaction, actor: Actor, codes: set[str]) -> dict[str, Any]:
    """The sellers with these codes that the actor may enter orders for."""
    if not codes:
        return {}
    rows = tx.execute(_SELLERS, {"codes": sorted(codes)})
    return {row.code: row for row in rows if actor.may(Permission.ENTER_ORDERS, seller_id=row.id)}


def _known_orders(
    tx: Transaction, seller_ids: list[int], commands: Iterable[NewOrder]
) -> dict[tuple[int, str, str], Any]:
    references: dict[str, set[str]] = {}
    for command in commands:
        references.setdefault(command.channel, set()).add(command.reference)
    return {
        (row.seller_id, row.channel, row.reference): row
        for channel, wanted in sorted(references.items())
        for batch in batches(sorted(wanted))
        for row in tx.execute(
            _KNOWN, {"seller_ids": seller_ids, "channel": channel, "references": batch}
        )
    }


def _products(
    tx: Transaction, seller_ids: list[int], commands: Iterable[NewOrder]
) -> dict[tuple[int, str], Any]:
    skus = sorted({line.sku for command in commands for line in command.lines})
    return {
        (row.seller_id, row.sku): row
        for batch in batches(skus)
        for row in tx.execute(_PRODUCTS, {"seller_ids": seller_ids, "skus": batch})
    }


def _kits(tx: Transaction, kit_ids: list[int]) -> dict[int, list[tuple[int, int]]]:
    kits: dict[int, list[tuple[int, int]]] = {}
    for batch in batches(kit_ids):
        for row in tx.execute(_KITS, {"kit_ids": batch}):
            kits.setdefault(row.kit_id, []).append((row.component_id, row.quantity))
    return kits


def _services(tx: Transaction) -> dict[str, int]:
    """Every service: there are a handful of them."""
    return {f"{row.carrier}/{row.code}": row.id for row in tx.execute(_SERVICES)}


# --- judging -----------------------------------------------------------------------------


def _repeated(command: NewOrder, earlier: NewOrder, index: int) -> Verdict:
    if command == earlier:
        return Repeated(index)
    return DuplicateReference(
        channel=command.channel, reference=command.reference, order_number=f"orders[{index}]"
    )


def _verdict(books: _Books, command: NewOrder) -> Verdict:
    seller = books.sellers.get(command.seller)
    if seller is None:
        return UnknownThing(kind="seller", key=command.seller)
    fingerprint = content_hash(command)
    known = books.known.get((seller.id, command.channel, command.reference))
    if known is not None:
        return _known_verdict(command, known, fingerprint)
    faults = tuple(_reference_faults(books, seller.id, command))
    if faults:
        return InvalidInput(faults)
    rules = ReviewRules.of(seller.review_rules)
    products = [books.products[seller.id, line.sku] for line in command.lines]
    holds = tuple(_holds(rules, command))
    facts = OrderFacts(
        total_minor=command.total_minor,
        country=command.address.country,
        customer=command.customer,
        product_tags=frozenset(tag for product in products for tag in product.tags),
    )
    return Fresh(
        command=command,
        seller_id=seller.id,
        ship_complete=seller.ship_complete
        if command.ship_complete is None
        else command.ship_complete,
        service_id=books.services.get(command.requested_service),
        fingerprint=fingerprint,
        lines=tuple(
            LineToStore(
                product_id=product.id,
                quantity=line.quantity,
                unit_price_minor=line.unit_price_minor,
                components=tuple(books.kits.get(product.id, ())) if product.is_kit else (),
                is_kit=product.is_kit,
            )
            for line, product in zip(command.lines, products, strict=True)
        ),
        holds=holds,
        waits_because=(*waits_because(rules, facts), *(f"hold:{type_}" for type_, _ in holds)),
    )


def _known_verdict(command: NewOrder, known: Any, fingerprint: str) -> Verdict:
    if known.content_hash != fingerprint:
        return DuplicateReference(
            channel=command.channel, reference=command.reference, order_number=known.number
        )
    return Known(OrderTaken(known.id, known.number, known.state, created=False))


def _reference_faults(books: _Books, seller_id: int, command: NewOrder) -> Iterator[Fault]:
    """What the order names and the catalogue does not have."""
    if command.requested_service and command.requested_service not in books.services:
        yield Fault("requested_service", "unknown-service", command.requested_service)
    for index, line in enumerate(command.lines):
        where = f"lines[{index}].sku"
        product = books.products.get((seller_id, line.sku))
        if product is None:
            yield Fault(where, "unknown-sku", line.sku)
        elif not product.active:
            yield Fault(where, "inactive-product", line.sku)
        elif product.is_kit and product.id not in books.kits:
            yield Fault(where, "kit-without-components", line.sku)


def _holds(rules: ReviewRules, command: NewOrder) -> Iterator[tuple[str, str]]:
    parts = incomplete_parts(command.address)
    if parts:
        yield "address", ", ".join(parts)
    if rules.hold_customer_notes and command.note.strip():
        yield "customer-note", command.note


_seller, _order, _product = table_of(Seller), table_of(Order), table_of(Product)
_kit, _service = table_of(KitComponent), table_of(CarrierService)

_SELLERS = select(_seller.c.id, _seller.c.code, _seller.c.ship_complete, _seller.c.review_rules)
_SELLERS = _SELLERS.where(_seller.c.code.in_(bindparam("codes", expanding=True)))
_KNOWN = select(
    _order.c.id,
    _order.c.seller_id,
    _order.c.channel,
    _order.c.reference,
    _order.c.number,
    _order.c.state,
    _order.c.content_hash,
).where(
    _order.c.seller_id.in_(bindparam("seller_ids", expanding=True)),
    _order.c.channel == bindparam("channel"),
    _order.c.reference.in_(bindparam("references", expanding=True)),
)
_PRODUCTS = select(
    _product.c.id,
    _product.c.seller_id,
    _product.c.sku,
    _product.c.is_kit,
    _product.c.active,
    _product.c.tags,
).where(
    _product.c.seller_id.in_(bindparam("seller_ids", expanding=True)),
    _product.c.sku.in_(bindparam("skus", expanding=True)),
)
_KITS = (
    select(_kit)
    .where(_kit.c.kit_id.in_(bindparam("kit_ids", expanding=True)))
    .order_by(_kit.c.kit_id, _kit.c.component_id)
)
_SERVICES = select(_service.c.id, _service.c.carrier, _service.c.code)
