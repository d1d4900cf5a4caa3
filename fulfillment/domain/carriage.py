"""Which carrier service a shipment gets, and the cut-off that it is promised for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.cutoffs import Departure, next_cut_off

MOST_CONSIDERED = 10
"""So many services are remembered with a choice by price."""


@dataclass(frozen=True)
class Price:
    """What a service costs to *country* ('' = everywhere else) up to *most_grams* (None: any weight).

    ``days`` is how many calendar days after its van left the parcel arrives.  ``service`` is its
    code, ``CARRIER/CODE``, for people.
    """

    service_id: int
    service: str
    price_minor: int
    currency: str
    days: int
    country: str = ""
    most_grams: int | None = None


@dataclass(frozen=True)
class Offer:
    """What a service would cost for one shipment, and the day on which it would arrive.

    ``price_minor`` None: it has no price for such a shipment.  ``arrives_on`` None: nobody knows,
    because it has no price, or because no van of it leaves.
    """

    service_id: int
    service: str = ""
    price_minor: int | None = None
    currency: str = ""
    arrives_on: date | None = None

    def arrives_by(self, promised_on: date | None) -> bool:
        """Whether it arrives in time; a shipment that nothing was promised for is always in time."""
        if promised_on is None:
            return True
        return self.arrives_on is not None and self.arrives_on <= promised_on


class PriceTable:
    """The prices of all services, by weight step and country."""

    def __init__(self, prices: Iterable[Price] = ()) -> None:
        self._by_service: dict[int, list[Price]] = {}
        for price in prices:
            self._by_service.setdefault(price.service_id, []).append(price)
        for steps in self._by_service.values():
            steps.sort(key=lambda one: (one.most_grams is None, one.most_grams or 0))

    @property
    def service_ids(self) -> tuple[int, ...]:
        """The services that have a price, by id."""
        return tuple(sorted(self._by_service))

    def price(self, service_id: int, *, country: str, grams: int) -> Price | None:
        """The lowest weight step that holds *grams*: of the country, else of everywhere."""
        steps = [
            one
            for one in self._by_service.get(service_id, ())
            if one.most_grams is None or grams <= one.most_grams
        ]
        own = (one for one in steps if one.country == country)
        return next(own, None) or next((one for one in steps if not one.country), None)


@dataclass(frozen=True)
class ServiceRule:
    """Shipments from *warehouse_id* to *country* up to *most_grams* and *most_mm* go by *service_id*.

    ``None`` and '' fit all.  *most_mm* is the longest side of the longest piece.  A limit judges
    what is known: a product that nobody weighed or measured blocks nothing, here as on the scale.

    *service_id* None: by the cheapest service that has a price for the shipment.  *in_time*: only
    if it arrives by the promised day.  *most_minor*: only if it costs no more than this.
    """

    rank: int
    service_id: int | None
    warehouse_id: int | None = None
    country: str = ""
    most_grams: int | None = None
    most_mm: int | None = None
    in_time: bool = False
    most_minor: int | None = None

    @property
    def asks_prices(self) -> bool:
        """Whether prices and days of services decide in it."""
        return self.service_id is None or self.in_time or self.most_minor is not None

    def fits(self, *, warehouse_id: int, country: str, grams: int, longest_mm: int = 0) -> bool:
        """Whether the rule speaks about such a shipment."""
        return (
            self.warehouse_id in (None, warehouse_id)
            and self.country in ("", country)
            and (self.most_grams is None or grams <= self.most_grams)
            and (self.most_mm is None or longest_mm <= self.most_mm)
        )

    def takes(self, offer: Offer, *, promised_on: date | None) -> bool:
        """Whether a service that offers this may be chosen by the rule."""
        if self.in_time and not offer.arrives_by(promised_on):
            return False
        if self.service_id is None and offer.price_minor is None:
            return False
        if self.most_minor is None:
            return True
        return offer.price_minor is not None and offer.price_minor <= self.most_minor


@dataclass(frozen=True)
class ServiceChoice:
    """The service of a shipment, and why this one.

    ``reason`` is ``requested`` (with the order), ``rule`` (then ``rule`` is the first that fits)
    or ``no-rule`` (nothing fits, ``service_id`` is None).  Where prices decided, ``offer`` is what
    the service costs and when it arrives, ``considered`` what the others do, cheapest first.
    """

    service_id: int | None
    reason: str
    rule: ServiceRule | None = None
    offer: Offer | None = None
    considered: tuple[Offer, ...] = ()
    promised_on: date | None = None

    def why(self, *, grams: int, longest_mm: int) -> dict[str, Any]:
        """What is stored with the shipment: the rule as it was then, and what it was asked about."""
        facts: dict[str, Any] = {"reason": self.reason, "grams": grams, "longest_mm": longest_mm}
        if self.rule is not None:
            facts |= {
                "rank": self.rule.rank,
                "here_only": self.rule.warehouse_id is not None,
                "country": self.rule.country,
                "most_grams": self.rule.most_grams,
                "most_mm": self.rule.most_mm,
            }
        if self.rule is not None and self.offer is not None:
            facts |= {
                "cheapest": self.rule.service_id is None,
                "in_time": self.rule.in_time,
                "most_minor": self.rule.most_minor,
                "promised_on": _day(self.promised_on),
                **_plain(self.offer),
                "considered": [_plain(one) for one in self.considered[:MOST_CONSIDERED]],
            }
        return facts


def _plain(offer: Offer) -> dict[str, Any]:
    return {
        "service": offer.service,
        "price_minor": offer.price_minor,
        "currency": offer.currency,
        "arrives_on": _day(offer.arrives_on),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


@dataclass(frozen=True)
class Timetable:
    """When vans leave a warehouse: departures by service, days without any, the local clock."""

    zone: ZoneInfo
    departures: Mapping[int, Sequence[Departure]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()

    def today(self, moment: datetime) -> date:
        """The date at the warehouse."""
        return moment.astimezone(self.zone).date()

    def cut_off(self, service_id: int | None, *, after: datetime) -> datetime | None:
        """The next departure of a service; ``None`` if no van of it ever leaves here."""
        if service_id is None:
            return None
        departures = self.departures.get(service_id, ())
        return next_cut_off(after, departures, zone=self.zone, holidays=self.holidays)


LeavesOn = Callable[[int], date | None]
"""The local day on which the next van of a service leaves; None: no van of it ever does."""


def _no_van(_service_id: int) -> date | None:
    return None


def choose_service(
    rules: Sequence[ServiceRule],
    *,
    warehouse_id: int,
    country: str,
    grams: int,
    longest_mm: int = 0,
    requested: int | None = None,
    promised_on: date | None = None,
    prices: PriceTable = PriceTable(),  # noqa: B008  # it never changes
    leaves_on: LeavesOn = _no_van,
) -> ServiceChoice:
    """The requested service, else that of the first rule by rank that fits, else none.

    A rule by price or by promised day fits only where a service does; *promised_on* is the day by
    which the parcel shall be there.
    """
    if requested is not None:
        return ServiceChoice(requested, "requested")

    def offer_of(service_id: int) -> Offer:
        price = prices.price(service_id, country=country, grams=grams)
        if price is None:
            return Offer(service_id)
        leaves = leaves_on(service_id)
        arrives = None if leaves is None else leaves + timedelta(days=price.days)
        return Offer(service_id, price.service, price.price_minor, price.currency, arrives)

    for rule in sorted(rules, key=lambda one: (one.rank, one.service_id or 0)):
        if not rule.fits(
            warehouse_id=warehouse_id, country=country, grams=grams, longest_mm=longest_mm
        ):
            continue
        if not rule.asks_prices:
            return ServiceChoice(rule.service_id, "rule", rule)
        among = prices.service_ids if rule.service_id is None else (rule.service_id,)
        offers = sorted((offer_of(one) for one in among), key=_by_price)
        taken = [one for one in offers if rule.takes(one, promised_on=promised_on)]
        if taken:
            return ServiceChoice(
                taken[0].service_id, "rule", rule, taken[0], tuple(offers), promised_on
            )
    return ServiceChoice(None, "no-rule")


def _by_price(offer: Offer) -> tuple[Any, ...]:
    """Cheapest first, of equal ones the one that arrives first, then by id."""
    return (
        offer.price_minor is None,
        offer.price_minor or 0,
        offer.arrives_on or date.max,
        offer.service_id,
    )
