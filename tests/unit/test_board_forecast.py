"""The forecast of the board: small floors by hand, and simulated days made apart from it."""

from __future__ import annotations

from datetime import datetime, timedelta

from fulfillment.domain.board.advice import Floor, advise
from fulfillment.domain.board.error import forecast_error
from fulfillment.domain.board.forecast import OpenShipment, Rhythm, leaving_times, rhythm
from fulfillment.domain.board.pace import Activity, Pace, paces
from fulfillment.domain.board.standing import longest_stage, stage_of, standing
from fulfillment.domain.statistics import percentile
from tests.support.forecasting import naive_errors, told_at
from tests.support.simulated_days import VAN, Crew, simulated_day
from tests.support.world import NOON

TEN = Pace(people=1, order_minutes=10.0, scan_minutes=10.0, basis="measured")
"""Ten minutes for an order of one scan."""
PACES = {"pick": TEN, "pack": TEN, "dispatch": TEN}
NO_DOCK = Rhythm(scan_out=False)
FINAL_SEEDS = range(101, 113)
"""Not looked at when the forecast was made."""
CREWS = (Crew(700, 3, 3), Crew(800, 3, 4), Crew(600, 3, 3))


def minutes_until(leaves: dict[int, datetime | None]) -> dict[int, float | None]:
    return {
        key: None if at is None else (at - NOON).total_seconds() / 60 for key, at in leaves.items()
    }


def one(number: int, state: str = "allocated", **values: object) -> OpenShipment:
    return OpenShipment(number, state, 1, 1, 1, **values)  # type: ignore[arg-type]  # fields by name


def forecast(*shipments: OpenShipment, beat: Rhythm = NO_DOCK) -> dict[int, float | None]:
    return minutes_until(leaving_times(shipments, PACES, now=NOON, rhythm=beat))


# --- small floors --------------------------------------------------------------------------------


def test_a_shipment_goes_through_the_steps_that_are_left_to_it() -> None:
    assert forecast(one(1, "picked")) == {1: 10}
    assert forecast(one(1, "released", list_id=7)) == {1: 20}
    assert forecast(one(1, "shipped")) == {1: 0}


def test_who_is_ahead_in_the_queue_leaves_first() -> None:
    soon, later = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    found = forecast(
        one(1, "released", list_id=1, cut_off_at=later),
        one(2, "released", list_id=2, cut_off_at=soon),
        one(3, "released", list_id=3, cut_off_at=later, priority=9),
    )
    assert found == {3: 20, 2: 30, 1: 40}


def test_the_totes_of_a_list_come_to_the_bench_together() -> None:
    found = forecast(one(1, "released", list_id=1), one(2, "released", list_id=1))
    assert sorted(found.values()) == [30, 40]


def test_what_is_held_has_no_forecast() -> None:
    assert forecast(one(1, "picked", held=True), one(2, "picked")) == {1: None, 2: 10}


def test_what_is_not_released_waits_for_the_next_wave() -> None:
    assert forecast(one(1), beat=Rhythm(release_minutes=15, scan_out=False)) == {1: 35}


def test_parcels_stand_on_the_dock_as_long_as_they_did_in_the_last_hour() -> None:
    beat = Rhythm(dock_minutes=8)
    found = forecast(one(1, "packing"), one(2, "shipped", waited_minutes=5.0), beat=beat)
    assert found == {1: 10 - 2.5 + 8, 2: 3}


def test_the_next_wave_is_expected_at_the_usual_gap() -> None:
    releases = [NOON - timedelta(minutes=minutes) for minutes in (65, 45, 44, 25, 5)]
    assert rhythm(releases, [], now=NOON).release_minutes == 15
    assert rhythm([], [], now=NOON).release_minutes == 0


# --- pace ----------------------------------------------------------------------------------------


def activity(user: int, process: str, *, ago: int, orders: int = 10, slots: int = 6) -> Activity:
    return Activity(process, user, orders, 2 * orders, slots, NOON - timedelta(minutes=ago))


def test_the_pace_is_the_active_minutes_for_an_order_and_for_a_scan() -> None:
    pace = paces([activity(1, "pick", ago=1), activity(2, "pick", ago=2)], now=NOON)["pick"]
    assert (pace.people, pace.order_minutes, pace.scan_minutes) == (2, 3.0, 1.5)
    assert pace.minutes(2) == 3.0  # an order of mean size takes the mean time
    assert pace.basis == "measured"


def test_somebody_is_where_the_last_scan_was() -> None:
    found = paces([activity(1, "pick", ago=20), activity(1, "pack", ago=1)], now=NOON)
    assert found["pack"].people == 1
    assert (found["pick"].people, found["pick"].basis) == (1, "paused")


def test_in_a_break_those_of_the_last_hour_are_counted() -> None:
    found = paces([activity(1, "pack", ago=20), activity(2, "pack", ago=30)], now=NOON)["pack"]
    assert (found.people, found.basis) == (2, "paused")


def test_without_a_measure_the_pace_says_that_it_is_assumed() -> None:
    assert {pace.basis for pace in paces([], now=NOON).values()} == {"assumed"}


# --- standing ------------------------------------------------------------------------------------


def test_late_is_what_was_not_dispatched_by_its_cut_off() -> None:
    van, minute = NOON, timedelta(minutes=1)
    gone = {"now": van + minute, "cut_off_at": van, "leaves_at": None}
    assert standing(**gone, dispatched_at=van) == "safe"
    assert standing(**gone, dispatched_at=van + minute) == "late"
    assert standing(**gone) == "late"
    assert standing(now=van - 60 * minute, cut_off_at=van, leaves_at=van - 3 * minute) == "at-risk"
    assert standing(now=van - 60 * minute, cut_off_at=van, leaves_at=van - 30 * minute) == "safe"
    assert standing(now=van - 60 * minute, cut_off_at=van, leaves_at=None) == "at-risk"
    assert standing(now=van, cut_off_at=None, leaves_at=van) == "unplanned"


def test_a_hold_is_a_stage_until_the_parcel_has_left_the_bench() -> None:
    assert stage_of("released", held=True) == "held"
    assert stage_of("released", held=False) == "released"
    assert stage_of("dispatched", held=True) == "dispatched"


def test_the_longest_stage_may_be_the_one_that_is_not_finished() -> None:
    stamps = [
        ("confirmed", NOON),
        ("allocated", NOON + timedelta(minutes=5)),
        ("released", NOON + timedelta(minutes=45)),
        ("picked", None),
    ]
    longest = longest_stage(stamps, until=NOON + timedelta(minutes=60))
    assert longest is not None
    assert (longest.stage, longest.seconds) == ("released", 2400)
    longest = longest_stage(stamps, until=NOON + timedelta(minutes=90))
    assert longest is not None
    assert (longest.stage, longest.seconds) == ("picked", 2700)
    assert longest_stage([("confirmed", None)], until=NOON) is None


# --- advice --------------------------------------------------------------------------------------


def test_moving_up_what_waits_behind_a_later_van_saves_it() -> None:
    soon, later = NOON + timedelta(minutes=40), NOON + timedelta(hours=9)
    shipments = (
        *(one(n, "released", list_id=n, cut_off_at=later, priority=1) for n in range(1, 6)),
        one(6, "released", list_id=6, cut_off_at=soon),
    )
    advice = advise(Floor(shipments, PACES, NOON, NO_DOCK))
    assert (advice.at_risk, advice.move_up, advice.at_risk_after) == (1, (6,), 0)


def test_moving_people_to_the_slow_step_is_proposed() -> None:
    van = NOON + timedelta(minutes=40)
    shipments = tuple(one(n, "picked", cut_off_at=van) for n in range(1, 7))
    crowded = {**PACES, "pick": Pace(3, 10.0, 10.0, "measured")}
    advice = advise(Floor(shipments, crowded, NOON, NO_DOCK))
    assert advice.at_risk == 3
    assert advice.move_up == ()  # whoever moves up, as many stay behind
    assert [(move.source, move.target) for move in advice.people] == [("pick", "pack")]
    assert advice.people[0].at_risk == 0


# --- simulated days ------------------------------------------------------------------------------


def test_an_hour_before_the_van_the_median_error_is_below_five_minutes() -> None:
    """On days that the forecast was not made with, for each crew; queue ÷ rate beside it."""
    for crew in CREWS:
        days = [simulated_day(seed, crew) for seed in FINAL_SEEDS]
        told = [each for day in days for each in told_at(day, VAN - 60)]
        naive = percentile([error for day in days for error in naive_errors(day, VAN - 60)], 50)
        found = forecast_error(told, minutes_before=60)
        assert found.median_minutes is not None
        assert naive is not None
        assert found.median_minutes < 5, crew
        assert found.median_minutes < naive / 3, crew


def test_half_an_hour_before_the_van_nearly_all_that_miss_it_are_shown_and_most_shown_miss() -> (
    None
):
    told = [
        each
        for crew in CREWS
        for seed in FINAL_SEEDS
        for each in told_at(simulated_day(seed, crew), VAN - 30)
    ]
    found = forecast_error(told, minutes_before=30)
    assert found.missed > 300
    assert found.foreseen_share is not None
    assert found.right_share is not None
    assert found.foreseen_share >= 0.95
    assert found.right_share >= 0.70
