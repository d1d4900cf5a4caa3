"""When the next van leaves: cut-offs in local time, as moments.

A cut-off is a minute on the wall clock of the warehouse.  Where the clock is put forward
over it, the van leaves when that much time has passed since the last real minute (02:30
becomes 03:30, as RFC 5545 has it); where the clock is put back over it, the van leaves the
first time the minute is shown, because goods that are early miss nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MOST_DAYS_AHEAD = 366
"""A timetable without a departure in a year has none."""


@dataclass(frozen=True)
class Departure:
    """The local minute at which a van leaves on some weekdays (Monday = 0)."""

    local_time: time
    weekdays: frozenset[int]


def next_cut_off(
    after: datetime,
    departures: Iterable[Departure],
    *,
    zone: ZoneInfo,
    holidays: Collection[date] = frozenset(),
) -> datetime | None:
    """The first departure later than *after* (aware), in UTC; ``None`` if there is none.

    What comes in the very minute of the cut-off has missed it.
    """
    timetable = list(departures)
    first_day = after.astimezone(zone).date()
    for days in range(MOST_DAYS_AHEAD + 1):
        day = first_day + timedelta(days=days)
        if day in holidays:
            continue
        moments = [
            datetime.combine(day, departure.local_time, tzinfo=zone).astimezone(UTC)
            for departure in timetable
            if day.weekday() in departure.weekdays
        ]
        later = [moment for moment in moments if moment > after]
        if later:
            return min(later)
    return None
