"""Cut-offs are minutes on the warehouse's wall clock, also when that clock is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.carriage import ServiceRule, Timetable, choose_service
from fulfillment.domain.cutoffs import Departure, next_cut_off

LONDON, NEW_YORK, TAIPEI = (
    ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Asia/Taipei")
)
DAILY = frozenset(range(7))
FIVE = [Departure(time(17, 0), DAILY)]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day, …


def test_the_next_van_leaves_today_if_its_minute_is_still_to_come() -> None:
    assert next_cut_off(utc(2026, 3, 4, 16, 59, 59), FIVE, zone=LONDON) == utc(2026, 3, 4, 17)


def test_what_comes_in_the_minute_of_the_cut_off_has_missed_it() -> None:
    assert next_cut_off(utc(2026, 3, 4, 17), FIVE, zone=LONDON) == utc(2026, 3, 5, 17)


def test_the_day_is_the_warehouse_s_own() -> None:
    late_on_tuesday = utc(2026, 3, 3, 17)  # Wednesday 01:00 in Taipei
    wednesdays = [Departure(time(17, 0), frozenset({2}))]
    assert next_cut_off(late_on_tuesday, wednesdays, zone=TAIPEI) == utc(2026, 3, 4, 9)


def test_no_van_leaves_on_other_weekdays_and_holidays() -> None:
    workdays = [Departure(time(17, 0), frozenset(range(5)))]
    friday_evening = utc(2026, 3, 6, 18)
    monday = date(2026, 3, 9)
    assert next_cut_off(friday_evening, workdays, zone=LONDON) == utc(2026, 3, 9, 17)
    assert next_cut_off(friday_evening, workdays, zone=LONDON, holidays={monday}) == utc(
        2026, 3, 10, 17
    )


def test_the_first_of_several_vans_counts() -> None:
    vans = [Departure(time(17, 0), DAILY), Departure(time(12, 30), DAILY)]
    assert next_cut_off(utc(2026, 3, 4, 12), vans, zone=LONDON) == utc(2026, 3, 4, 12, 30)
    assert next_cut_off(utc(2026, 3, 4, 13), vans, zone=LONDON) == utc(2026, 3, 4, 17)


def test_without_vans_there_is_no_cut_off() -> None:
    assert next_cut_off(utc(2026, 3, 4), [], zone=LONDON) is None
    assert next_cut_off(utc(2026, 3, 4), [Departure(time(9), frozenset())], zone=LONDON) is None


def test_five_o_clock_stays_five_o_clock_when_summer_time_begins() -> None:
    assert next_cut_off(utc(2026, 3, 28, 18), FIVE, zone=LONDON) == utc(2026, 3, 29, 16)
    assert next_cut_off(utc(2026, 10, 24, 18), FIVE, zone=LONDON) == utc(2026, 10, 25, 17)


def test_a_minute_that_the_clock_jumps_over_comes_that_much_later() -> None:
    half_past_two = [Departure(time(2, 30), DAILY)]
    moment = next_cut_off(utc(2026, 3, 8, 6), half_past_two, zone=NEW_YORK)
    assert moment == utc(2026, 3, 8, 7, 30)
    assert moment.astimezone(NEW_YORK).time() == time(3, 30)


def test_a_minute_that_comes_twice_counts_the_first_time() -> None:
    half_past_one = [Departure(time(1, 30), DAILY)]
    first = utc(2026, 11, 1, 5, 30)
    assert next_cut_off(utc(2026, 11, 1, 5), half_past_one, zone=NEW_YORK) == first
    between = utc(2026, 11, 1, 6)
    assert next_cut_off(between, half_past_one, zone=NEW_YORK) == utc(2026, 11, 2, 6, 30)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds must be naive
    st.times(),
    st.sets(st.integers(0, 6), min_size=1),
    st.sampled_from([LONDON, NEW_YORK, TAIPEI, ZoneInfo("Australia/Lord_Howe")]),
)
def test_the_next_cut_off_is_later_on_a_right_day_and_within_eight_days(
    after: datetime, local_time: time, weekdays: set[int], zone: ZoneInfo
) -> None:
    departures = [Departure(local_time.replace(second=0, microsecond=0), frozenset(weekdays))]
    moment = next_cut_off(after, departures, zone=zone)
    assert moment is not None
    assert after < moment <= after + timedelta(days=7, hours=2)
    shown = moment.astimezone(zone)
    assert shown.weekday() in weekdays
    assert shown.replace(tzinfo=None, fold=0).time() >= departures[0].local_time
    assert next_cut_off(moment - timedelta(microseconds=1), departures, zone=zone) == moment


RULES = [
    ServiceRule(3, service_id=30),
    ServiceRule(1, service_id=10, country="GB", most_grams=1000),
    ServiceRule(2, service_id=20, warehouse_id=2),
]


def test_the_first_rule_that_fits_chooses_the_service() -> None:
    def chosen(warehouse_id: int, country: str, grams: int, requested: int | None = None) -> object:
        return choose_service(
            RULES, warehouse_id=warehouse_id, country=country, grams=grams, requested=requested
        ).service_id

    assert chosen(1, "GB", 1000) == 10
    assert chosen(1, "GB", 1001) == 30
    assert chosen(2, "FR", 5) == 20
    assert chosen(1, "GB", 5, requested=77) == 77
    assert choose_service([], warehouse_id=1, country="GB", grams=1).service_id is None


def test_a_piece_that_is_too_long_goes_by_a_later_rule() -> None:
    rules = [ServiceRule(1, service_id=10, most_mm=600), ServiceRule(2, service_id=20)]

    def chosen(longest_mm: int) -> object:
        return choose_service(
            rules, warehouse_id=1, country="GB", grams=5, longest_mm=longest_mm
        ).service_id

    assert [chosen(0), chosen(600), chosen(601)] == [10, 10, 20]


def test_a_choice_says_why() -> None:
    asked = choose_service(RULES, warehouse_id=1, country="GB", grams=5, requested=77)
    assert asked.why(grams=5, longest_mm=0) == {"reason": "requested", "grams": 5, "longest_mm": 0}
    nothing = choose_service([], warehouse_id=1, country="GB", grams=5)
    assert nothing.why(grams=5, longest_mm=0)["reason"] == "no-rule"
    ruled = choose_service(RULES, warehouse_id=1, country="GB", grams=5)
    assert ruled.why(grams=5, longest_mm=90) == {
        "reason": "rule",
        "grams": 5,
        "longest_mm": 90,
        "rank": 1,
        "here_only": False,
        "country": "GB",
        "most_grams": 1000,
        "most_mm": None,
    }


def test_a_service_without_vans_here_has_no_cut_off() -> None:
    timetable = Timetable(zone=LONDON, departures={10: FIVE})
    assert timetable.cut_off(10, after=utc(2026, 3, 4)) == utc(2026, 3, 4, 17)
    assert timetable.cut_off(99, after=utc(2026, 3, 4)) is None
    assert timetable.cut_off(None, after=utc(2026, 3, 4)) is None
