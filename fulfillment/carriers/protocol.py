"""What the house asks of any carrier, as frozen values in and out, and how a carrier fails.

::

    CarrierError
    ├── Refused        it answered, and the answer is no: ``reasons`` in its own words
    │   └── NotOffered the carrier, or its adapter, has no such act
    ├── Unreachable    certainly nothing was done: not a byte of the request was taken
    │   └── NotSetUp   this machine lacks what it needs: a library, credentials, a setting
    └── AnswerUnknown  it was asked, and no answer was seen: it may have done it

The difference between the last two decides whether money may have been spent, so an adapter that
is not sure says :class:`AnswerUnknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Literal, Protocol

LabelFormat = Literal["pdf", "zpl"]
TrackingState = Literal[
    "announced", "moving", "out-for-delivery", "delivered", "problem", "returned", "unknown"
]


class CarrierError(Exception):
    """Something went wrong between the house and a carrier."""


class Refused(CarrierError):
    """The carrier answered no; *reasons* are its own words (at least one)."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class NotOffered(Refused):
    """There is no such act with this carrier, or its adapter does not know it."""


class Unreachable(CarrierError):
    """Nothing was done, and the same may be asked again later."""


class NotSetUp(Unreachable):
    """This machine cannot speak to the carrier before somebody mends its set-up."""


class AnswerUnknown(CarrierError):
    """The request may have been carried out."""


@dataclass(frozen=True)
class Address:
    """A postal address; ``country`` is an ISO 3166-1 code of two letters."""

    country: str
    name: str = ""
    company: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postcode: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Package:
    """One parcel: its weight, and the outer size of its carton where it is known."""

    grams: int | None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None


@dataclass(frozen=True)
class LabelRequest:
    """The label of one parcel by a service (the carrier's own code), as it was packed."""

    service: str
    sender: Address
    receiver: Address
    package: Package
    reference: str
    sscc: str
    return_address: Address | None = None
    parcel_number: int = 1
    parcel_count: int = 1
    format: LabelFormat = "pdf"


@dataclass(frozen=True)
class BoughtLabel:
    """A label that is paid for.

    ``carrier_reference`` is what a void or a manifest names it by ('' = the tracking number).
    ``document`` is the carrier's own label, passed on byte for byte; None: the house draws it.
    Prices are minor units of ``currency``; None where the carrier does not say.
    """

    tracking_number: str
    carrier_reference: str = ""
    format: LabelFormat = "pdf"
    document: bytes | None = None
    price_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True)
class Rate:
    """What a service would cost now, and in how many days it arrives (None: not said)."""

    service: str
    price_minor: int
    currency: str
    days: int | None = None


@dataclass(frozen=True)
class TrackingEvent:
    """Something that the carrier saw: when, where, its words."""

    at: datetime
    words: str
    place: str = ""


@dataclass(frozen=True)
class Tracking:
    """Where a parcel is, as far as the carrier says; events from the oldest."""

    state: TrackingState
    events: tuple[TrackingEvent, ...] = ()


@dataclass(frozen=True)
class ManifestRequest:
    """Parcels that are handed over together, by what :class:`BoughtLabel` calls them."""

    sender: Address
    references: tuple[str, ...]


@dataclass(frozen=True)
class Handover:
    """The carrier's own manifest: its number, and its document where it makes one."""

    number: str
    document: bytes | None = None


@dataclass(frozen=True)
class PickupRequest:
    """Fetch parcels at an address, on a day of it, between two minutes of its own clock."""

    address: Address
    day: date
    ready_at: time
    closes_at: time
    parcels: int
    grams: int


@dataclass(frozen=True)
class Pickup:
    """A pickup that the carrier has promised."""

    number: str


@dataclass(frozen=True)
class Account:
    """How a carrier is reached: its code in this house, the kind of adapter, settings, secrets."""

    carrier: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, Any] = field(default_factory=dict)


class Carrier(Protocol):
    """A carrier.  Every act may raise any :class:`CarrierError` and nothing else of its own."""

    @property
    def honours_keys(self) -> bool:
        """Whether the same key again is the same purchase, so that it may be asked for twice."""
        ...

    def rate(self, request: LabelRequest) -> tuple[Rate, ...]:
        """What the services that carry such a parcel cost, the cheapest first."""
        ...

    def buy(self, request: LabelRequest, *, key: str) -> BoughtLabel:
        """Buy a label; *key* goes along as idempotency key or as shipper's reference."""
        ...

    def find(self, key: str) -> BoughtLabel | None:
        """The label that was bought with *key*; None: the carrier knows none (yet)."""
        ...

    def void(self, label: BoughtLabel, *, key: str) -> None:
        """Take a label back.  One that is void already is no fault."""
        ...

    def track(self, tracking_number: str) -> Tracking:
        """Where a parcel is."""
        ...

    def manifest(self, request: ManifestRequest, *, key: str) -> Handover:
        """Close what is handed over."""
        ...

    def pickup(self, request: PickupRequest, *, key: str) -> Pickup:
        """Ask for a van."""
        ...
