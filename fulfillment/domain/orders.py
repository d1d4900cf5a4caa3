"""What an order is when it comes in; review rules and holds; merging and splitting."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from fulfillment.domain.checks import (
    flag_faults,
    integer_faults,
    moment_faults,
    shown,
    text_faults,
    texts_faults,
)
from fulfillment.domain.errors import Fault

HOLD_TYPES = ("address", "payment", "stock", "fraud", "customer-note", "other")
"""Address incomplete, payment open, stock question, fraud suspected, the customer wrote something."""


@dataclass(frozen=True)
class ReviewRules:
    """When an order needs no person: every condition that is set must hold.

    ``pass_everything`` passes all orders without a hold.  Amounts are minor units of the
    order's own currency; empty lists allow nothing less than everything.
    """

    pass_everything: bool = False
    most_total_minor: int | None = None
    countries: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    refused_tags: tuple[str, ...] = ()
    """An order that has a product with one of these tags always waits for a person."""
    hold_customer_notes: bool = False
    """An order with a note of the customer is held (``customer-note``) until somebody read it."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> ReviewRules:
        """From the seller's row."""
        return cls(
            pass_everything=bool(stored.get("pass_everything", False)),
            most_total_minor=stored.get("most_total_minor"),
            countries=tuple(stored.get("countries", ())),
            customers=tuple(stored.get("customers", ())),
            refused_tags=tuple(stored.get("refused_tags", ())),
            hold_customer_notes=bool(stored.get("hold_customer_notes", False)),
        )


@dataclass(frozen=True)
class OrderFacts:
    """What the review rules look at."""

    total_minor: int
    country: str
    customer: str
    product_tags: frozenset[str] = field(default_factory=frozenset)


def waits_because(rules: ReviewRules, order: OrderFacts) -> tuple[str, ...]:
    """The reasons why *order* waits for a person; empty = it passes by itself."""
    tagged = sorted(order.product_tags & frozenset(rules.refused_tags))
    if tagged:
        return tuple(f"product-tag:{tag}" for tag in tagged)
    if rules.pass_everything:
        return ()
    conditions = list(_failed_conditions(rules, order))
    return tuple(conditions)


def _failed_conditions(rules: ReviewRules, order: OrderFacts) -> Iterable[str]:
    if rules.most_total_minor is None and not rules.countries and not rules.customers:
        yield "no-rule"
    if rules.most_total_minor is not None and order.total_minor > rules.most_total_minor:
        yield "amount"
    if rules.countries and order.country not in rules.countries:
        yield "country"
    if rules.customers and order.customer not in rules.customers:
        yield "customer"


# --- an order as it comes in -------------------------------------------------------------

MOST_LINES = 1_000
MOST_PIECES = 1_000_000
MOST_PRICE_MINOR = 10**12
MOST_TOTAL_MINOR = 10**15
PRIORITIES = range(-1_000, 1_001)

SPLIT_MARK = "~"
"""Stands before the number of a split in its reference; no channel may send one like it."""
_SPLIT_SUFFIX = re.compile(re.escape(SPLIT_MARK) + r"\d+$")


@dataclass(frozen=True)
class PostalAddress:
    """Where a parcel goes.  ``country`` is ISO 3166-1 alpha-2; ``lines`` are street lines."""

    country: str
    name: str = ""
    company: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postcode: str = ""
    phone: str = ""
    email: str = ""

    def as_document(self) -> dict[str, Any]:
        """The address as JSON, as warehouses and sellers store it."""
        return {**vars(self), "lines": list(self.lines)}


@dataclass(frozen=True)
class NewLine:
    """Units of one SKU; the price of one in minor units of the order's currency."""

    sku: str
    quantity: int
    unit_price_minor: int = 0


@dataclass(frozen=True)
class NewOrder:
    """An order from a channel, a file, the API or the telephone (channel ``phone``).

    ``(seller, channel, reference)`` comes only once.  ``customer`` is the channel's own name
    for the buyer.  ``ship_complete`` None: as the seller's default says.
    ``requested_service`` is ``CARRIER/CODE`` or empty; ``promised_on`` the day by which the customer
    was promised it arrives.
    """

    seller: str
    channel: str
    reference: str
    placed_at: datetime
    address: PostalAddress
    currency: str
    lines: tuple[NewLine, ...]
    customer: str = ""
    priority: int = 0
    note: str = ""
    packing_note: str = ""
    tags: tuple[str, ...] = ()
    ship_complete: bool | None = None
    requested_service: str = ""
    promised_on: date | None = None

    @property
    def total_minor(self) -> int:
        """What the goods cost together, in minor units."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)


def content_hash(order: NewOrder) -> str:
    """A fingerprint of everything that the order says: the same order sent again has the same."""
    content = asdict(order)
    content["promised_on"] = order.promised_on.isoformat() if order.promised_on else None
    content["placed_at"] = order.placed_at.astimezone(UTC).isoformat()
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def order_faults(
    order: NewOrder, *, countries: Collection[str], currencies: Collection[str]
) -> tuple[Fault, ...]:
    """Everything that is wrong with *order* in itself, before any product is looked up.

    *countries* and *currencies* are the known codes (ISO 3166-1 alpha-2, ISO 4217).
    """
    return (
        *_head_faults(order, currencies),
        *address_faults(order.address, countries=countries),
        *_lines_faults(order.lines),
    )


def address_faults(address: object, *, countries: Collection[str]) -> tuple[Fault, ...]:
    """What cannot be stored or printed of *address*; an incomplete one is no fault but a hold."""
    if not isinstance(address, PostalAddress):
        return (Fault("address", "required"),)
    return tuple(_address_faults(address, countries))


def split_reference(reference: str, part: int) -> str:
    """The reference of the *part*-th piece of an order."""
    return f"{reference}{SPLIT_MARK}{part}"


_TEXTS = {"customer": 128, "requested_service": 129}
_NOTES = {"note": 4_000, "packing_note": 4_000}
_ADDRESS_TEXTS = {
    "name": 200, "company": 200, "city": 200, "region": 200, "postcode": 32, "phone": 64, "email": 254,
}  # fmt: skip


def _head_faults(order: NewOrder, currencies: Collection[str]) -> Iterator[Fault]:
    yield from text_faults("seller", order.seller, most=64, required=True)
    yield from text_faults("channel", order.channel, most=64, required=True)
    yield from _reference_faults(order.reference)
    yield from moment_faults("placed_at", order.placed_at)
    promised = order.promised_on
    if promised is not None and (type(promised) is not date or not 1990 <= promised.year <= 2200):
        yield Fault("promised_on", "out-of-range", shown(str(promised)))
    if not (isinstance(order.currency, str) and order.currency in currencies):
        yield Fault("currency", "unknown-currency", shown(order.currency))
    for name, most in _TEXTS.items():
        yield from text_faults(name, getattr(order, name), most=most)
    for name, most in _NOTES.items():
        yield from text_faults(name, getattr(order, name), most=most, lines=True)
    yield from integer_faults(
        "priority", order.priority, least=PRIORITIES.start, most=PRIORITIES.stop - 1
    )
    yield from texts_faults("tags", order.tags, most=50, most_characters=64)
    if order.ship_complete is not None:
        yield from flag_faults("ship_complete", order.ship_complete)


def _reference_faults(reference: object) -> Iterator[Fault]:
    found = list(text_faults("reference", reference, most=120, required=True))
    if not found and isinstance(reference, str):
        if reference != reference.strip():
            found.append(Fault("reference", "surrounding-blanks", shown(reference)))
        elif _SPLIT_SUFFIX.search(reference):
            found.append(Fault("reference", "reserved-suffix", shown(reference)))
    yield from found


def _address_faults(address: PostalAddress, countries: Collection[str]) -> Iterator[Fault]:
    if not (isinstance(address.country, str) and address.country in countries):
        yield Fault("address.country", "unknown-country", shown(address.country))
    for name, most in _ADDRESS_TEXTS.items():
        yield from text_faults(f"address.{name}", getattr(address, name), most=most)
    yield from texts_faults("address.lines", address.lines, most=6, most_characters=200)


def _lines_faults(lines: object) -> Iterator[Fault]:
    if not isinstance(lines, tuple) or not all(isinstance(line, NewLine) for line in lines):
        yield Fault("lines", "not-a-list", shown(lines))
    elif not lines:
        yield Fault("lines", "no-lines")
    elif len(lines) > MOST_LINES:
        yield Fault("lines", "too-many", f"{len(lines)} > {MOST_LINES}")
    else:
        found = [fault for index, line in enumerate(lines) for fault in _line_faults(index, line)]
        total = 0 if found else sum(line.quantity * line.unit_price_minor for line in lines)
        if total > MOST_TOTAL_MINOR:
            found.append(Fault("lines", "total-too-large", str(total)))
        yield from found


def _line_faults(index: int, line: NewLine) -> Iterator[Fault]:
    where = f"lines[{index}]"
    yield from text_faults(f"{where}.sku", line.sku, most=64, required=True)
    yield from integer_faults(f"{where}.quantity", line.quantity, least=1, most=MOST_PIECES)
    yield from integer_faults(
        f"{where}.unit_price_minor", line.unit_price_minor, least=0, most=MOST_PRICE_MINOR
    )
