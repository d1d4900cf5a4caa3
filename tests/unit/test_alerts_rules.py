"""When an alert opens, whom it disturbs when, and how it clears: pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from fulfillment.domain.alerts import (
    CLEARS_AFTER,
    KINDS,
    Decision,
    Figure,
    Quiet,
    Rule,
    Watch,
    decide,
    is_bad,
    rule_faults,
    slowness,
)
from fulfillment.domain.board.pace import Pace

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""
LATE = Rule("late", threshold=3)
NIGHT = Quiet(time(22), time(6))


def orders(count: int) -> Figure:
    return Figure("orders:late", "", count)


class Day:
    """A rule and what it has seen, minute after minute."""

    def __init__(self, rule: Rule, zone: str = "UTC", start: datetime = START) -> None:
        self.rule = rule
        self.zone = ZoneInfo(zone)
        self.now = start
        self.watch: Watch | None = None
        self.told: list[str] = []

    def look(self, count: int | None, *, after: timedelta = timedelta(minutes=1)) -> Decision:
        self.now += after
        figure = None if count is None else orders(count)
        found = decide(
            self.rule, self.watch, figure, now=self.now, local=self.now.astimezone(self.zone)
        )
        self.watch = found.watch if found.watch and found.watch.resolved_at is None else None
        if found.tell:
            self.told.append(found.tell)
        return found


def test_one_alert_is_told_once_however_often_it_is_looked_at() -> None:
    day = Day(LATE)
    for count in (0, 2, 3, 3, 7, 4, 3):
        day.look(count)
    assert day.told == ["opened"]


def test_it_opens_only_when_the_figure_was_bad_for_as_long_as_the_rule_says() -> None:
    day = Day(replace(LATE, for_minutes=10))
    day.look(5)
    for _ in range(9):
        day.look(5)
    assert day.told == []
    day.look(5)
    assert day.told == ["opened"]


def test_a_figure_that_is_good_for_a_moment_begins_anew() -> None:
    day = Day(replace(LATE, for_minutes=10))
    for count in [5] * 8 + [0] + [5] * 10:
        day.look(count)
    assert day.told == []


def test_it_clears_by_itself_once_the_figure_has_been_good_for_a_while() -> None:
    day = Day(LATE)
    day.look(3)
    day.look(0)
    day.look(0, after=CLEARS_AFTER - timedelta(seconds=1))
    assert day.told == ["opened"]
    found = day.look(0, after=timedelta(seconds=1))
    assert found.watch is not None
    assert found.watch.resolved_at == day.now
    assert day.told == ["opened", "resolved"]


def test_a_figure_that_flickers_is_one_alert() -> None:
    day = Day(LATE)
    for count in [3, 2] * 20:
        day.look(count)
    assert day.told == ["opened"]


def test_a_subject_that_is_gone_counts_as_good() -> None:
    day = Day(LATE)
    day.look(3)
    day.look(None)
    day.look(None, after=CLEARS_AFTER)
    assert day.told == ["opened", "resolved"]


def test_a_reminder_comes_after_its_hours_until_somebody_takes_it_on() -> None:
    day = Day(replace(LATE, remind_hours=2))
    day.look(3)
    for _ in range(5):
        day.look(3, after=timedelta(hours=1))
    assert day.told == ["opened", "reminder", "reminder"]
    assert day.watch is not None
    day.watch = replace(day.watch, acknowledged=True)
    day.look(3, after=timedelta(hours=5))
    assert day.told == ["opened", "reminder", "reminder"]


def test_in_quiet_hours_it_is_open_but_told_only_when_they_end() -> None:
    day = Day(replace(LATE, quiet=NIGHT), start=START.replace(hour=23))
    assert day.look(3).watch is not None
    assert day.told == []
    day.look(3, after=timedelta(hours=6, minutes=58))
    assert day.told == []
    day.look(3)
    assert day.told == ["opened"]


def test_what_is_over_before_the_quiet_hours_end_disturbs_nobody() -> None:
    day = Day(replace(LATE, quiet=NIGHT), start=START.replace(hour=23))
    day.look(3)
    day.look(0)
    day.look(0, after=CLEARS_AFTER)
    assert day.watch is None
    assert day.told == []


def test_that_it_is_over_is_told_when_the_quiet_hours_end() -> None:
    day = Day(replace(LATE, quiet=NIGHT), start=START.replace(hour=21, minute=50))
    day.look(3)
    day.look(0, after=timedelta(minutes=15))
    found = day.look(0, after=CLEARS_AFTER)
    assert found.tell == "resolved"
    assert found.tell_from == START.replace(hour=6) + timedelta(days=1)


def test_urgent_ones_are_told_in_quiet_hours_too() -> None:
    day = Day(replace(LATE, quiet=NIGHT, urgent=True), start=START.replace(hour=23))
    day.look(3)
    assert day.told == ["opened"]


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-03-06 23:00", "2026-03-07 06:00"),  # Friday evening
        ("2026-03-07 05:59", "2026-03-07 06:00"),  # its morning after
        ("2026-03-07 06:00", None),
        ("2026-03-07 23:00", None),  # Saturday is no quiet day
        ("2026-03-06 21:59", None),
    ],
)
def test_quiet_hours_over_midnight_belong_to_the_weekday_on_which_they_begin(
    moment: str, until: str | None
) -> None:
    zone = ZoneInfo("Asia/Taipei")
    quiet = replace(NIGHT, weekdays=(4,))
    found = quiet.until(datetime.fromisoformat(moment).replace(tzinfo=zone))
    assert found == (datetime.fromisoformat(until).replace(tzinfo=zone) if until else None)


def test_quiet_hours_are_those_of_the_warehouse_s_clock() -> None:
    day = Day(replace(LATE, quiet=NIGHT), zone="Asia/Taipei", start=START.replace(hour=15))
    day.look(3)  # 23:01 in Taipei
    assert day.told == []


def test_the_same_hour_twice_is_a_whole_quiet_day() -> None:
    quiet = Quiet(time(0), time(0), (6,))
    sunday = datetime(2026, 3, 8, 13, tzinfo=UTC)
    assert quiet.until(sunday) == datetime(2026, 3, 9, tzinfo=UTC)
    assert quiet.until(sunday + timedelta(days=1)) is None


def test_stock_is_low_below_the_threshold_or_below_the_product_s_own_level() -> None:
    rule = Rule("low-stock", threshold=10)
    assert is_bad(rule, Figure("product:1", "A", 9))
    assert not is_bad(rule, Figure("product:1", "A", 10))
    assert not is_bad(rule, Figure("product:1", "A", 9, limit=5))


def test_a_stage_is_measured_against_the_same_hour_of_past_weeks() -> None:
    def pace(minutes: float, basis: str = "measured") -> Pace:
        return Pace(1, minutes, 1.0, basis)  # type: ignore[arg-type]  # a word of the test's own

    assert slowness(pace(6), [pace(3), pace(4), pace(5)]) == 150
    assert slowness(pace(6), [pace(4), pace(5, "assumed")]) is None, "one week is no usual"
    assert slowness(pace(6, "assumed"), [pace(3), pace(4)]) is None
    assert slowness(pace(6, "paused"), [pace(3), pace(4)]) is None, "a break is not slow work"


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        (Rule("weather", 1), "kind"),
        (Rule("slow-stage", 100), "threshold"),
        (Rule("late", 0), "threshold"),
        (Rule("late", 1, for_minutes=-1), "for_minutes"),
        (Rule("late", 1, remind_hours=1000), "remind_hours"),
        (Rule("late", 1, quiet=Quiet(time(1), time(2), (1, 1))), "quiet_weekdays"),
        (Rule("late", 1, quiet=Quiet(time(1), time(2), (7,))), "quiet_weekdays"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule: Rule, where: str) -> None:
    assert [fault.where for fault in rule_faults(rule)] == [where]


def test_every_kind_proposes_a_threshold_that_it_takes() -> None:
    for name, kind in KINDS.items():
        assert list(rule_faults(Rule(name, kind.usual))) == []
