"""Which carrier service a shipment gets, and the cut-off that it is promised for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fulfillment.domain.cutoffs import Departure, next_cut_off


@dataclass(frozen=True)
class ServiceRule:
    """Shipments from *warehouse_id* to *country* up to *most_grams* go by *service_id*.

    ``None`` and '' fit all.  A weight limit judges what is known of the weight: a product
    whose weight nobody recorded blocks nothing, here as on the scale.
    """

    rank: int
    service_id: int
    warehouse_id: int | None = None
    country: str = ""
    most_grams: int | None = None

    def fits(self, *, warehouse_id: int, country: str, grams: int) -> bool:
        """Whether the rule speaks about such a shipment."""
        return (
            self.warehouse_id in (None, warehouse_id)
            and self.country in ("", country)
            and (self.most_grams is None or grams <= self.most_grams)
        )


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
    requested: int | None = None,
) -> int | None:
    """The service id: the requested one, else of the first rule by rank that fits, else ``None``."""
    if requested is not None:
        return requested
    fitting = (
        rule for rule in rules if rule.fits(warehouse_id=warehouse_id, country=country, grams=grams)
    )
    first = min(fitting, key=lambda rule: (rule.rank, rule.service_id), default=None)
    return first.service_id if first else None
