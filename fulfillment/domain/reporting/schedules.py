"""Reports that are sent by themselves: when the next one is due, and which days it covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fulfillment.domain.errors import Fault
from fulfillment.domain.reporting.days import Days

Frequency = Literal["daily", "weekly", "monthly"]
Span = Literal["yesterday", "last-7-days", "last-week", "last-month"]
FileKind = Literal["csv", "xlsx"]
FREQUENCIES: tuple[str, ...] = get_args(Frequency)
SPANS: tuple[str, ...] = get_args(Span)
FILES: tuple[str, ...] = get_args(FileKind)

LAST_MONTH_DAY = 28
"""The latest day of the month that every month has."""
_LONGEST_WAIT_DAYS = 32


@dataclass(frozen=True)
class Timing:
    """When a report is sent, on the clock of its warehouse.

    *weekday* (Monday = 0) counts where it is weekly, *month_day* where it is monthly.
    """

    frequency: str
    local_time: time
    weekday: int = 0
    month_day: int = 1

    def is_on(self, day: date) -> bool:
        """Whether it is sent on this day."""
        match self.frequency:
            case "weekly":
                return day.weekday() == self.weekday
            case "monthly":
                return day.day == self.month_day
            case _:
                return True


def next_slot(timing: Timing, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) behind *after* at which it is due.

    A time that a change of the clock leaves out counts as an hour later; one that comes twice
    counts once.
    """
    begin = after.astimezone(zone).date()
    return next(at for _day, at in _slots(timing, zone, begin, timedelta(days=1)) if at > after)


def latest_slot(timing: Timing, until: datetime, zone: ZoneInfo) -> date:
    """The day of the last slot up to *until*: what was missed before it stays missed."""
    begin = until.astimezone(zone).date()
    return next(day for day, at in _slots(timing, zone, begin, -timedelta(days=1)) if at <= until)


def _slots(
    timing: Timing, zone: ZoneInfo, begin: date, step: timedelta
) -> Iterator[tuple[date, datetime]]:
    for number in range(_LONGEST_WAIT_DAYS + 1):
        day = begin + number * step
        if timing.is_on(day):
            yield day, datetime.combine(day, timing.local_time, tzinfo=zone).astimezone(UTC)


def days_of(span: str, today: date) -> Days:
    """The days that a report covers when it is sent *today*; weeks begin on Monday."""
    return _DAYS[span](today)


def timing_faults(timing: Timing) -> Iterator[Fault]:
    """What is wrong with it."""
    if timing.frequency not in FREQUENCIES:
        yield Fault("frequency", "not-one-of", ", ".join(FREQUENCIES))
    if not 0 <= timing.weekday <= 6:
        yield Fault("weekday", "out-of-range", "0…6")
    if not 1 <= timing.month_day <= LAST_MONTH_DAY:
        yield Fault("month_day", "out-of-range", f"1…{LAST_MONTH_DAY}")


def _yesterday(today: date) -> Days:
    day = today - timedelta(days=1)
    return Days(day, day)


def _last_7_days(today: date) -> Days:
    return Days(today - timedelta(days=7), today - timedelta(days=1))


def _last_week(today: date) -> Days:
    monday = today - timedelta(days=today.weekday() + 7)
    return Days(monday, monday + timedelta(days=6))


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - timedelta(days=1)
    return Days(last.replace(day=1), last)


_DAYS: Mapping[str, Callable[[date], Days]] = {
    "yesterday": _yesterday,
    "last-7-days": _last_7_days,
    "last-week": _last_week,
    "last-month": _last_month,
}
