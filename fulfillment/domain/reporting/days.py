"""A range of days on a warehouse's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fulfillment.domain.errors import Fault, InvalidInput

MOST_DAYS = 366


@dataclass(frozen=True)
class Days:
    """From *first* to *last*, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidInput((Fault("last_day", "less-than-first", str(self.last)),))
        if self.count > MOST_DAYS:
            raise InvalidInput((Fault("last_day", "out-of-range", f"1…{MOST_DAYS}"),))

    @property
    def count(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def before(self) -> Days:
        """As many days, just before."""
        length = timedelta(days=self.count)
        return Days(self.first - length, self.last - length)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The first moment, and the first one after the range, in UTC."""
        midnights = (self.first, self.last + timedelta(days=1))
        begin, end = (
            datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) for day in midnights
        )
        return begin, end
