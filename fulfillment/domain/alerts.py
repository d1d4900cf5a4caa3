"""Alerts: when a figure is bad, for how long it must be, who is disturbed when, how it clears.

A rule watches figures of one kind in one warehouse.  Each figure has a subject (a product, a
printer, the warehouse itself) and at most one alert is open for it: it is told once, reminded of
where the rule asks for that, and clears by itself once the figure has been good for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from statistics import median
from typing import Literal

from fulfillment.domain.board.pace import Pace
from fulfillment.domain.errors import Fault

Telling = Literal["opened", "reminder", "resolved"]

CLEARS_AFTER = timedelta(minutes=5)
"""So long a figure must be good before its alert clears: one that flickers is one alert."""
LEAST_WEEKS = 2
"""Past weeks with a measured speed, at least, before a stage can be called slower than usual."""
MOST_MINUTES = 24 * 60
MOST_REMIND_HOURS = 7 * 24
ALL_DAYS = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True)
class Kind:
    """A kind of figure: its unit, and what a threshold of it may be.

    ``below``: low figures are bad, others high ones.
    """

    unit: str
    least: int
    most: int
    usual: int
    """The threshold that a form proposes."""
    below: bool = False


KINDS: Mapping[str, Kind] = {
    # 0: each product's own level.
    "low-stock": Kind("units", 0, 1_000_000, 0, below=True),
    "at-risk": Kind("orders", 1, 1_000_000, 1),
    "late": Kind("orders", 1, 1_000_000, 1),
    "slow-stage": Kind("percent", 101, 10_000, 150),
    "printer-down": Kind("printers", 1, 1, 1),
    "exceptions": Kind("minutes", 1, MOST_MINUTES, 30),
    "station-silent": Kind("minutes", 1, MOST_MINUTES, 15),
    "outbox-dead": Kind("messages", 1, 1_000_000, 1),
}


@dataclass(frozen=True)
class Quiet:
    """Hours of the warehouse's clock in which nobody is disturbed.

    They begin on the *weekdays* (Monday = 0) at *begins* and end at *ends*, on the next day where
    that is not later; both the same is a whole day.
    """

    begins: time
    ends: time
    weekdays: tuple[int, ...] = ALL_DAYS

    def until(self, local: datetime) -> datetime | None:
        """When the quiet hours end in which *local* lies; None if it lies in none.

        *local* is aware, on the warehouse's clock.
        """
        ends = [end for begin, end in self._around(local) if begin <= local < end]
        return max(ends, default=None)

    def _around(self, local: datetime) -> Iterator[tuple[datetime, datetime]]:
        for back in (0, 1):
            day = local.date() - timedelta(days=back)
            if day.weekday() in self.weekdays:
                last = day if self.ends > self.begins else day + timedelta(days=1)
                yield (
                    datetime.combine(day, self.begins, tzinfo=local.tzinfo),
                    datetime.combine(last, self.ends, tzinfo=local.tzinfo),
                )


@dataclass(frozen=True)
class Rule:
    """What is watched, and who is told how: everything but the names of those."""

    kind: str
    threshold: int
    for_minutes: int = 0
    """The figure must be bad for so long."""
    urgent: bool = False
    """Told in quiet hours as well."""
    remind_hours: int = 0
    """Told again after so many hours while nobody has acknowledged it; 0 = never."""
    quiet: Quiet | None = None


@dataclass(frozen=True)
class Figure:
    """A figure of now.  *limit* is its own threshold, where it has one."""

    subject: str
    label: str
    value: int
    limit: int | None = None


@dataclass(frozen=True)
class Watch:
    """What is known of a subject from the looks before: waiting to open, or open."""

    since: datetime
    """When the figure became bad."""
    opened_at: datetime | None = None
    good_since: datetime | None = None
    told_at: datetime | None = None
    """When somebody was told last."""
    acknowledged: bool = False
    resolved_at: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What a look leads to: the watch from now on (None: nothing to watch), and what is told."""

    watch: Watch | None
    tell: Telling | None = None
    tell_from: datetime | None = None
    """Not before then: the end of the quiet hours."""


def limit_of(rule: Rule, figure: Figure) -> int:
    """The threshold that counts for a figure."""
    return figure.limit if figure.limit is not None else rule.threshold


def is_bad(rule: Rule, figure: Figure) -> bool:
    """Whether the figure is on the wrong side of its threshold."""
    limit = limit_of(rule, figure)
    return figure.value < limit if KINDS[rule.kind].below else figure.value >= limit


def decide(
    rule: Rule, watch: Watch | None, figure: Figure | None, *, now: datetime, local: datetime
) -> Decision:
    """What a look at a subject leads to; a figure that is not there is good.

    *local* is *now* on the warehouse's clock.
    """
    bad = figure is not None and is_bad(rule, figure)
    if watch is None or watch.opened_at is None:
        return _before_it_opens(rule, watch, bad=bad, now=now, local=local)
    if bad:
        return _told(rule, replace(watch, good_since=None), now=now, local=local)
    watch = replace(watch, good_since=watch.good_since or now)
    assert watch.good_since is not None, "set in the line before"
    if now - watch.good_since < CLEARS_AFTER:
        return Decision(watch)
    resolved = replace(watch, resolved_at=now)
    if watch.told_at is None:
        return Decision(resolved)  # nobody heard of it, nobody needs to hear that it is over
    return Decision(resolved, "resolved", _quiet_until(rule, local))


def _before_it_opens(
    rule: Rule, watch: Watch | None, *, bad: bool, now: datetime, local: datetime
) -> Decision:
    if not bad:
        return Decision(None)
    watch = watch or Watch(since=now)
    if now - watch.since < timedelta(minutes=rule.for_minutes):
        return Decision(watch)
    return _told(rule, replace(watch, opened_at=now), now=now, local=local)


def _told(rule: Rule, watch: Watch, *, now: datetime, local: datetime) -> Decision:
    """An alert that is open: it is told once, and reminded of; in quiet hours it waits."""
    if _quiet_until(rule, local) is not None:
        return Decision(watch)
    if watch.told_at is None:
        return Decision(replace(watch, told_at=now), "opened")
    rest = timedelta(hours=rule.remind_hours)
    if rule.remind_hours and not watch.acknowledged and now - watch.told_at >= rest:
        return Decision(replace(watch, told_at=now), "reminder")
    return Decision(watch)


def _quiet_until(rule: Rule, local: datetime) -> datetime | None:
    return None if rule.urgent or rule.quiet is None else rule.quiet.until(local)


def slowness(now: Pace, past: Sequence[Pace]) -> int | None:
    """How long an order takes, in percent of what is usual; None where either is not measured.

    *past* has the same hour of past weeks; usual is their median.
    """
    known = [one.order_minutes for one in past if one.basis != "assumed" and one.order_minutes]
    if now.basis != "measured" or len(known) < LEAST_WEEKS:
        return None
    return round(100 * now.order_minutes / median(known))


def rule_faults(rule: Rule) -> Iterator[Fault]:
    """What is wrong with a rule."""
    if rule.kind not in KINDS:
        yield Fault("kind", "not-one-of", ", ".join(KINDS))
        return
    kind = KINDS[rule.kind]
    if not kind.least <= rule.threshold <= kind.most:
        yield Fault("threshold", "out-of-range", f"{kind.least}…{kind.most}")
    if not 0 <= rule.for_minutes <= MOST_MINUTES:
        yield Fault("for_minutes", "out-of-range", f"0…{MOST_MINUTES}")
    if not 0 <= rule.remind_hours <= MOST_REMIND_HOURS:
        yield Fault("remind_hours", "out-of-range", f"0…{MOST_REMIND_HOURS}")
    days = rule.quiet.weekdays if rule.quiet else ()
    if len(set(days)) != len(days) or not set(days) <= set(ALL_DAYS):
        yield Fault("quiet_weekdays", "not-weekdays")
