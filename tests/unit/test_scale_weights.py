"""From readings to weights that wait for the server: settled once, kept while fresh."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.scales import Reading, StableWeight, Trouble
from stations.scales.bridge import Pauses
from stations.scales.kept import KeptWeights
from stations.scales.posting import BadAddress, WeightServer
from stations.scales.readings import GRAMS_IN, weight

EMPTY, HEAVY = 0, 5_000


def stable(grams: int) -> Reading:
    return Reading(grams=grams, stable=True, unit="g")


def moving(grams: int) -> Reading:
    return Reading(grams=grams, stable=False, unit="g")


def trouble(kind: Trouble) -> Reading:
    return Reading(grams=None, stable=False, unit="g", trouble=kind)


def settled(*readings: Reading, settings: StableWeight | None = None) -> list[int]:
    settling = settings or StableWeight()
    weights = [settling.take(reading) for reading in readings]
    return [grams for grams in weights if grams is not None]


def test_a_weight_is_reported_once_when_it_settles() -> None:
    assert settled(moving(400), moving(990), *[stable(1000)] * 50) == [1000]


def test_a_moving_weight_is_never_reported() -> None:
    assert settled(*[moving(1000)] * 50) == []


def test_one_garbled_reading_is_no_weight() -> None:
    assert settled(stable(1000), stable(1000), stable(9000), stable(1000), stable(1000)) == [1000]


def test_a_weight_that_creeps_is_reported_where_it_comes_to_rest() -> None:
    assert settled(*map(stable, (990, 994, 997, 999, 1000, 1000, 1000))) == [1000]


@given(st.lists(st.builds(stable, st.integers(-HEAVY, 0)), max_size=30))
def test_zero_and_less_is_never_reported(readings: list[Reading]) -> None:
    assert settled(*readings) == []


def test_draught_is_no_new_weight_and_a_leaflet_more_is() -> None:
    rocking = [stable(grams) for grams in (1000, 1000, 1009, 1009, 991, 991, 1010, 1010)]
    assert settled(*rocking, stable(1011), stable(1011)) == [1000, 1011]


def test_the_next_parcel_of_the_same_weight_counts_again() -> None:
    one = [stable(1000)] * 3
    assert settled(*one, stable(0), stable(0), *one) == [1000, 1000]


def test_a_quick_hand_needs_no_settled_zero() -> None:
    one = [stable(1000)] * 3
    assert settled(*one, moving(600), moving(4), moving(-7), *one) == [1000, 1000]
    assert settled(*one, *[trouble(Trouble.UNDERLOAD)] * 2, *one) == [1000, 1000]


def test_one_garbled_zero_does_not_weigh_the_parcel_twice() -> None:
    one = [stable(1000)] * 3
    assert settled(*one, stable(0), *one) == [1000]


def test_troubles_and_motion_do_not_end_a_weighing() -> None:
    one = [stable(1000)] * 3
    between = [trouble(Trouble.NOT_READY), trouble(Trouble.OVERLOAD), moving(900), moving(1100)]
    assert settled(*one, *between, *one) == [1000]


def test_what_stands_on_the_scale_can_be_asked_for_after_it_was_reported() -> None:
    settling = StableWeight()
    seen = []
    for reading in (stable(0), stable(0), stable(700), stable(700), stable(700), moving(900)):
        settling.take(reading)
        seen.append(settling.standing)
    assert seen == [None, None, None, 700, 700, None]


def test_a_spent_weight_is_no_parcels_until_the_scale_was_empty_or_shows_another() -> None:
    settling = StableWeight()
    settled(stable(700), stable(700), settings=settling)
    assert settling.unspent == 700
    settling.spend(700)
    assert (settling.standing, settling.unspent) == (700, None)
    settled(stable(708), stable(708), settings=settling)  # the same box, nudged
    assert settling.unspent is None
    settled(stable(750), stable(750), settings=settling)
    assert settling.unspent == 750
    settling.spend(750)
    settled(stable(0), stable(0), stable(750), stable(750), settings=settling)
    assert settling.unspent == 750


def test_an_answer_that_comes_when_the_parcel_has_left_spends_nothing() -> None:
    settling = StableWeight()
    settled(*map(stable, (700, 700, 0, 0, 900, 900)), settings=settling)
    settling.spend(700)
    assert settling.unspent == 900


def test_a_scale_for_letters_has_a_smaller_hysteresis() -> None:
    letters = StableWeight(hysteresis_grams=1)
    assert settled(stable(8), stable(8), stable(1), stable(1), stable(8), stable(8),
                   settings=letters) == [8, 8]  # fmt: skip


@given(st.lists(st.sampled_from([stable(EMPTY), stable(700), stable(HEAVY), moving(700)])))
def test_two_reports_of_one_weight_have_an_empty_scale_or_another_between_them(
    readings: list[Reading],
) -> None:
    settling, last, changed = StableWeight(), None, True
    for reading in readings:
        grams = settling.take(reading)
        if grams is not None:
            assert grams == reading.grams
            assert grams != last or changed
            last, changed = grams, False
        elif reading.grams == EMPTY:
            changed = True


@given(
    amount=st.decimals(-10_000, 10_000, places=6),
    unit=st.sampled_from(sorted(GRAMS_IN)),
)
def test_grams_are_the_nearest_whole_number_of_the_exact_weight(amount: Decimal, unit: str) -> None:
    exact = Fraction(amount) * Fraction(GRAMS_IN[unit])
    grams = weight(amount, unit, stable=True).grams
    assert grams is not None
    assert abs(exact - grams) <= Fraction(1, 2)
    if abs(exact - grams) == Fraction(1, 2):
        assert abs(grams) > abs(exact)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_weight_keeps_its_id_until_it_is_answered() -> None:
    kept = KeptWeights(clock=Clock())
    made = kept.keep(1000)
    assert kept.first(timeout_seconds=0) == made
    assert kept.first(timeout_seconds=0) == made
    kept.answered(made)
    assert kept.first(timeout_seconds=0) is None


def test_equal_weights_have_ids_of_their_own_and_go_in_order() -> None:
    kept = KeptWeights(clock=Clock())
    one, two = kept.keep(1000), kept.keep(1000)
    assert one.scan_id != two.scan_id
    kept.answered(one)
    assert kept.first(timeout_seconds=0) == two


def test_a_stale_weight_takes_those_that_settled_behind_it_along() -> None:
    clock = Clock()
    kept = KeptWeights(clock=clock, fresh_seconds=10)
    first = kept.keep(1000)
    clock.now += 8
    second = kept.keep(2000)
    assert kept.fresh_for(first) == 2
    clock.now += 2
    assert kept.fresh_for(first) == 0
    assert kept.drop_all() == (first, second)
    assert kept.first(timeout_seconds=0) is None


def test_pauses_grow_to_a_limit() -> None:
    pauses = Pauses(first_seconds=0.25, longest_seconds=2)
    assert [pauses.after(n) for n in (1, 2, 3, 4, 5, 10_000)] == [0.25, 0.5, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("warehouse.example", "no http"),
        ("ftp://warehouse.example", "no http"),
        ("https://", "no http"),
        ("http://warehouse.example", "readable over the network"),
        ("http://192.168.1.20:8000", "readable over the network"),
        ("https://warehouse.example:99999", "port"),
    ],
)
def test_an_address_that_cannot_be_used_says_why(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why):
        WeightServer(url, station="W1S1", token="t", authority=None)


def test_a_file_that_is_no_authority_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.crt"
    path.write_text("hello")
    with pytest.raises(BadAddress, match="no certificate authority"):
        WeightServer("https://localhost", station="W1S1", token="t", authority=path)
