"""Which carrier service a shipment gets, and the cut-off that it is promised for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fulfillment.domain.cutoffs import Departure, next_cut_off


@dataclass(frozen=True)
class ServiceRule:
    """Shipments from *warehouse_id* to *country* up to *most_grams* and *most_mm* go by *service_id*.

    ``None`` and '' fit all.  *most_mm* is the longest side of the longest piece.  A limit judges
    what is known: a product that nobody weighed or measured blocks nothing, here as on the scale.
    """

    rank: int
    service_id: int
    warehouse_id: int | None = None
    country: str = ""
    most_grams: int | None = None
    most_mm: int | None = None

    def fits(self, *, warehouse_id: int, country: str, grams: int, longest_mm: int = 0) -> bool:
        """Whether the rule speaks about such a shipment."""
        return (
            self.warehouse_id in (None, warehouse_id)
            and self.country in ("", country)
            and (self.most_grams is None or grams <= self.most_grams)
            and (self.most_mm is None or longest_mm <= self.most_mm)
        )


@dataclass(frozen=True)
class ServiceChoice:
    """The service of a shipment, and why this one.

    ``reason`` is ``requested`` (with the order), ``rule`` (then ``rule`` is the first that fits)
    or ``no-rule`` (nothing fits, ``service_id`` is None).
    """

    service_id: int | None
    reason: str
    rule: ServiceRule | None = None

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
        return facts


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


def choose_service(
    rules: Sequence[ServiceRule],
    *,
    warehouse_id: int,
    country: str,
    grams: int,
    longest_mm: int = 0,
    requested: int | None = None,
) -> ServiceChoice:
    """The requested service, else that of the first rule by rank that fits, else none."""
    if requested is not None:
        return ServiceChoice(requested, "requested")
    fitting = (
        rule
        for rule in rules
        if rule.fits(warehouse_id=warehouse_id, country=country, grams=grams, longest_mm=longest_mm)
    )
    first = min(fitting, key=lambda rule: (rule.rank, rule.service_id), default=None)
    if first is None:
        return ServiceChoice(None, "no-rule")
    return ServiceChoice(first.service_id, "rule", first)
