"""What sellers, products and places are told to be, and what may be wrong with it.

An entry is the whole of a thing: put twice, it is the same.  A file gives only some columns;
the ``*_faults`` functions therefore check a mapping of the fields that are there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from fulfillment.domain.allocation import RULES
from fulfillment.domain.barcodes import OwnScan, ProductScan, SsccScan, parse
from fulfillment.domain.checks import (
    choice_faults,
    code_faults,
    flag_faults,
    integer_faults,
    shown,
    text_faults,
    texts_faults,
)
from fulfillment.domain.errors import Fault
from fulfillment.domain.orders import PostalAddress, ReviewRules
from fulfillment.domain.routing import Layout, LayoutError
from fulfillment.domain.values import BIN, PACK_KINDS, QUARANTINE, TOTE, TRACKING

PLACE_KINDS = (BIN, "bulk", "staging", QUARANTINE, TOTE, "cart")
"""The kinds of places that people make; parcels and the ends of the ledger make themselves."""

MOST_GRAMS = 10_000_000
MOST_MM = 100_000
MOST_PIECES = 100_000
MOST_METRES = 10_000.0
MOST_KIT_COMPONENTS = 100


@dataclass(frozen=True)
class ProductEntry:
    """One SKU of a seller; grams and millimetres of one piece, None = not known."""

    sku: str
    name: str
    weight_grams: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    tracking: str = "none"
    has_expiry: bool = False
    low_stock_level: int | None = None
    lead_time_days: int | None = None
    picture_url: str | None = None
    tags: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True)
class BarcodeEntry:
    """A code on a package of *quantity* pieces of a SKU."""

    sku: str
    code: str
    kind: str = "each"
    quantity: int = 1


@dataclass(frozen=True)
class LocationEntry:
    """A place in a warehouse; coordinates in metres from the warehouse's own corner."""

    code: str
    kind: str = BIN
    zone: str = ""
    aisle: int | None = None
    x_metres: float | None = None
    y_metres: float | None = None
    active: bool = True


@dataclass(frozen=True)
class WarehouseEntry:
    """A building; ``layout`` as :class:`fulfillment.store.catalog.Warehouse` says."""

    code: str
    name: str
    timezone: str
    address: PostalAddress
    layout: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class CartonEntry:
    """A box type: inner size, tare, the most it may weigh with its content."""

    code: str
    name: str
    length_mm: int
    width_mm: int
    height_mm: int
    tare_grams: int
    most_grams: int = 30_000


@dataclass(frozen=True)
class ServiceEntry:
    """A service of a carrier; ``last_number`` ends the range that labels draw from."""

    carrier: str
    code: str
    name: str
    first_number: int = 1
    last_number: int = 99_999_999


@dataclass(frozen=True)
class CarrierAccountEntry:
    """How the labels of a carrier are bought: the kind of adapter and its settings, no secrets.

    The kind ``local`` buys nowhere: labels draw numbers of their own again.
    """

    carrier: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ServiceRuleEntry:
    """The service (``CARRIER/CODE``) of shipments that fit; '' and None fit all; by list order.

    ``service`` may be :data:`CHEAPEST`.  ``in_time``: only if it arrives by the promised day.
    ``most_minor``: only if it costs no more.
    """

    service: str
    warehouse: str = ""
    country: str = ""
    most_grams: int | None = None
    most_mm: int | None = None
    in_time: bool = False
    most_minor: int | None = None


CHEAPEST = "CHEAPEST"
"""In a rule: the cheapest service that has a price for the shipment."""


@dataclass(frozen=True)
class PriceEntry:
    """What a service costs to a country ('' = everywhere else) up to a weight (None: any).

    ``days``: calendar days from the day its van leaves to the day the parcel arrives.
    """

    price_minor: int
    days: int
    country: str = ""
    most_grams: int | None = None


@dataclass(frozen=True)
class CutOffEntry:
    """The local minute at which the van leaves on these weekdays (Monday = 0)."""

    local_time: time
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class SellerEntry:
    """Whose goods and orders these are, and the seller's rules."""

    code: str
    name: str
    sender: PostalAddress
    allocation_rule: str = "region-priority"
    ship_complete: bool = False
    review_rules: ReviewRules = field(default_factory=ReviewRules)


@dataclass(frozen=True)
class RegionPriorityEntry:
    """The warehouse that serves a country ('' = anywhere) at this rank, the lowest first."""

    warehouse: str
    rank: int
    country: str = ""


Check = Callable[[str, object], Iterator[Fault]]


def _optional(check: Check) -> Check:
    def checked(where: str, value: object) -> Iterator[Fault]:
        if value is not None:
            yield from check(where, value)

    return checked


def _metres(where: str, value: object) -> Iterator[Fault]:
    if type(value) not in (int, float) or not math.isfinite(float(str(value))):
        yield Fault(where, "not-a-number", shown(value))
    elif abs(float(str(value))) > MOST_METRES:
        yield Fault(where, "out-of-range", f"±{MOST_METRES:.0f} m")


def _picture(where: str, value: object) -> Iterator[Fault]:
    found = list(text_faults(where, value, most=500))
    if not found and not re.match(r"https?://[^\s/]+", str(value)):
        found = [Fault(where, "not-a-web-address", shown(value))]
    yield from found


def _name(where: str, value: object) -> Iterator[Fault]:
    return text_faults(where, value, most=200, required=True)


def _size(where: str, value: object) -> Iterator[Fault]:
    return integer_faults(where, value, least=1, most=MOST_MM)


_PRODUCT_CHECKS: dict[str, Check] = {
    "sku": partial(text_faults, most=64, required=True),
    "name": _name,
    "weight_grams": _optional(partial(integer_faults, least=1, most=MOST_GRAMS)),
    "length_mm": _optional(_size),
    "width_mm": _optional(_size),
    "height_mm": _optional(_size),
    "tracking": partial(choice_faults, choices=TRACKING),
    "has_expiry": flag_faults,
    "low_stock_level": _optional(partial(integer_faults, least=0, most=10**9)),
    "lead_time_days": _optional(partial(integer_faults, least=0, most=3_650)),
    "picture_url": _optional(_picture),
    "tags": partial(texts_faults, most=50, most_characters=64),
    "active": flag_faults,
}
_LOCATION_CHECKS: dict[str, Check] = {
    "code": partial(code_faults, most=32),
    "kind": partial(choice_faults, choices=PLACE_KINDS),
    "zone": partial(text_faults, most=16),
    "aisle": _optional(partial(integer_faults, least=0, most=10_000)),
    "x_metres": _optional(_metres),
    "y_metres": _optional(_metres),
    "active": flag_faults,
}
_CARTON_CHECKS: dict[str, Check] = {
    "code": partial(code_faults, most=32),
    "name": _name,
    "length_mm": _size,
    "width_mm": _size,
    "height_mm": _size,
    "tare_grams": partial(integer_faults, least=0, most=MOST_GRAMS),
    "most_grams": partial(integer_faults, least=1, most=MOST_GRAMS),
}
_SERVICE_CHECKS: dict[str, Check] = {
    "carrier": partial(code_faults, most=32),
    "code": partial(code_faults, most=32),
    "name": _name,
    "first_number": partial(integer_faults, least=1, most=10**12),
    "last_number": partial(integer_faults, least=1, most=10**12),
}


def _checked(checks: Mapping[str, Check], fields: Mapping[str, object]) -> Iterator[Fault]:
    for name, value in fields.items():
        yield from checks[name](name, value)


def product_faults(fields: Mapping[str, object]) -> tuple[Fault, ...]:
    """What is wrong with the given fields of a product (a SKU may be any text of the seller)."""
    return tuple(_checked(_PRODUCT_CHECKS, fields))


def location_faults(fields: Mapping[str, object]) -> tuple[Fault, ...]:
    """What is wrong with the given fields of a place.  Codes are printed as barcodes of ours."""
    return tuple(_checked(_LOCATION_CHECKS, fields))


def carton_faults(entry: CartonEntry) -> tuple[Fault, ...]:
    """What is wrong with a carton; its tare may not exceed what it may weigh."""
    found = tuple(_checked(_CARTON_CHECKS, vars(entry)))
    if not found and entry.tare_grams >= entry.most_grams:
        return (Fault("most_grams", "less-than-tare"),)
    return found


def service_faults(entry: ServiceEntry) -> tuple[Fault, ...]:
    """What is wrong with a carrier service."""
    found = tuple(_checked(_SERVICE_CHECKS, vars(entry)))
    if not found and entry.first_number > entry.last_number:
        return (Fault("last_number", "less-than-first"),)
    return found


def warehouse_faults(entry: WarehouseEntry) -> tuple[Fault, ...]:
    """What is wrong with a warehouse but its address."""
    found = [*code_faults("code", entry.code, most=16), *_name("name", entry.name)]
    if entry.timezone not in available_timezones():
        found.append(Fault("timezone", "unknown-timezone", shown(entry.timezone)))
    return (*found, *layout_faults(entry.layout))


def layout_faults(layout: Mapping[str, Any] | None) -> tuple[Fault, ...]:
    """A layout that no walk can be planned on is refused when it is drawn, not when it is walked."""
    if layout is None:
        return ()
    try:
        plan = Layout.from_plain(layout)
        aisle, cross = layout.get("depot", (0, 0))
        plan.crossing(aisle, cross)
    except LayoutError as error:
        return (Fault("layout", error.code, shown(str(error.fields))),)
    except (TypeError, ValueError):
        return (Fault("layout", "depot-is-no-crossing", shown(str(layout.get("depot")))),)
    return ()


def seller_faults(entry: SellerEntry) -> tuple[Fault, ...]:
    """What is wrong with a seller but the sender's address."""
    return (
        *text_faults("code", entry.code, most=64, required=True),
        *_name("name", entry.name),
        *choice_faults("allocation_rule", entry.allocation_rule, RULES),
        *flag_faults("ship_complete", entry.ship_complete),
    )


def cut_off_faults(where: str, entry: CutOffEntry) -> tuple[Fault, ...]:
    """What is wrong with a cut-off: whole minutes, weekdays 0 to 6, each once."""
    found: list[Fault] = []
    if entry.local_time.second or entry.local_time.microsecond or entry.local_time.tzinfo:
        found.append(Fault(f"{where}.local_time", "not-a-local-minute", str(entry.local_time)))
    days = entry.weekdays
    if not days or len(set(days)) != len(days) or not set(days) <= set(range(7)):
        found.append(Fault(f"{where}.weekdays", "not-weekdays", shown(list(days))))
    return tuple(found)


def day_faults(where: str, value: date) -> tuple[Fault, ...]:
    """What is wrong with a holiday."""
    return () if 1990 <= value.year <= 2200 else (Fault(where, "out-of-range", str(value)),)


def barcode_faults(entry: BarcodeEntry) -> tuple[Fault, ...]:
    """What is wrong with a barcode in itself: unreadable, one of ours, an SSCC, a lot in it."""
    found = [
        *text_faults("sku", entry.sku, most=64, required=True),
        *text_faults("code", entry.code, most=128, required=True),
        *choice_faults("kind", entry.kind, PACK_KINDS),
        *integer_faults("quantity", entry.quantity, least=1, most=MOST_PIECES),
    ]
    if not found and entry.kind == "each" and entry.quantity != 1:
        found.append(Fault("quantity", "each-is-one", str(entry.quantity)))
    return tuple(found) or _code_faults(entry.code)


def _code_faults(code: str) -> tuple[Fault, ...]:
    match parse(code):
        case OwnScan():
            return (Fault("code", "own-code", shown(code)),)
        case SsccScan():
            return (Fault("code", "sscc", shown(code)),)
        case ProductScan(lot="", serial="", expires_on=None):
            return ()
        case ProductScan():
            return (Fault("code", "carries-lot-or-serial", shown(code)),)
        case unreadable:
            return (Fault("code", unreadable.why, shown(code)),)


def stored_code(code: str) -> str:
    """The form in which a faultless product barcode is stored and found again."""
    scan = parse(code)
    assert isinstance(scan, ProductScan), "barcode_faults was asked before"
    return scan.code
