"""Cut-offs are minutes on the warehouse's wall clock, also when that clock is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.carriage import (
    Price,
    PriceTable,
    ServiceChoice,
    ServiceRule,
    Timetable,
    choose_service,
)
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


PRICES = PriceTable(
    [
        Price(10, "X/SLOW", 300, "GBP", days=5, most_grams=1_000),
        Price(10, "X/SLOW", 700, "GBP", days=5),
        Price(20, "X/FAST", 900, "GBP", days=1),
        Price(20, "X/FAST", 2_500, "GBP", days=3, country="FR"),
        Price(30, "X/NEVER", 100, "GBP", days=1),
    ]
)
WEDNESDAY = date(2026, 3, 4)


def by_price(
    rule: ServiceRule, promised_on: date | None, *, grams: int = 500, country: str = "GB"
) -> ServiceChoice:
    return choose_service(
        [rule, ServiceRule(9, service_id=99)],
        warehouse_id=1,
        country=country,
        grams=grams,
        promised_on=promised_on,
        prices=PRICES,
        leaves_on=lambda service_id: None if service_id == 30 else WEDNESDAY,
    )


def test_the_cheapest_that_arrives_by_the_promised_day_is_chosen() -> None:
    rule = ServiceRule(1, service_id=None, in_time=True)

    def chosen(promised_on: date | None) -> object:
        return by_price(rule, promised_on).service_id

    assert chosen(date(2026, 3, 9)) == 10
    assert chosen(date(2026, 3, 8)) == 20
    assert chosen(date(2026, 3, 5)) == 20
    assert chosen(date(2026, 3, 4)) == 99, "none is so fast: the next rule"
    assert chosen(None) == 30, "nothing was promised: the cheapest"


def test_prices_go_by_weight_and_country() -> None:
    asked = ((10, "GB", 1_000), (10, "GB", 1_001), (20, "GB", 9_999), (20, "FR", 1))
    found = [PRICES.price(one, country=country, grams=grams) for one, country, grams in asked]
    assert [one and one.price_minor for one in found] == [300, 700, 900, 2_500]
    assert PriceTable().price(10, country="GB", grams=1) is None


def test_a_rule_may_ask_for_the_day_and_the_price_of_its_own_service() -> None:
    fast = ServiceRule(1, service_id=20, in_time=True, most_minor=1_000)
    assert by_price(fast, date(2026, 3, 5)).service_id == 20
    assert by_price(fast, date(2026, 3, 4)).service_id == 99
    assert by_price(fast, None, country="FR").service_id == 99, "too dear"
    unpriced = ServiceRule(1, service_id=77, most_minor=1_000)
    assert by_price(unpriced, None).service_id == 99


def test_a_choice_by_price_says_what_it_compared() -> None:
    rule = ServiceRule(1, service_id=None, in_time=True)
    why = by_price(rule, date(2026, 3, 8)).why(grams=500, longest_mm=0)
    facts = ("cheapest", "price_minor", "arrives_on", "promised_on")
    assert [why[name] for name in facts] == [True, 900, "2026-03-05", "2026-03-08"]
    assert [
        (one["service"], one["price_minor"], one["arrives_on"]) for one in why["considered"]
    ] == [
        ("X/NEVER", 100, None),
        ("X/SLOW", 300, "2026-03-09"),
        ("X/FAST", 900, "2026-03-05"),
    ]
