"""Advice to move goods is proved by walking the past lists again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.routing import Layout, Place, plan
from fulfillment.domain.slotting import SlottingAdvice, advise

LAYOUT = Layout((0.0, 4.0, 8.0), (0.0, 20.0))
DEPOT = LAYOUT.crossing(0, 0)
BINS = {
    key: (Place(aisle, y), "A")
    for key, (aisle, y) in enumerate((aisle, y) for aisle in range(3) for y in (1.0, 9.0, 17.0))
}
NEAREST, FARTHEST = 0, 8


def total(advice: SlottingAdvice, lists: list[frozenset[int]]) -> float:
    """Metres of the lists after the swaps, worked out without the adviser."""
    place = {key: place for key, (place, _) in BINS.items()}
    for swap in advice.swaps:
        place[swap.bin], place[swap.nearer] = place[swap.nearer], place[swap.bin]
    return sum(
        plan(LAYOUT, [place[key] for key in one], start=DEPOT).length_metres for one in lists
    )


def test_what_is_picked_all_day_from_the_farthest_bin_goes_to_the_nearest() -> None:
    advice = advise(LAYOUT, DEPOT, [frozenset({FARTHEST})] * 9 + [frozenset({NEAREST})], BINS)
    (swap,) = advice.swaps
    assert (swap.bin, swap.nearer, swap.visits, swap.nearer_visits) == (8, 0, 9, 1)
    # 17 m up and 8 m across, there and back, nine times and once the other way round.
    assert advice.metres_before == 9 * 50 + 2
    assert advice.metres_after == 9 * 2 + 50


@given(st.lists(st.frozensets(st.integers(0, 8), min_size=1, max_size=4), max_size=8))
def test_no_advice_makes_the_replay_longer_and_its_metres_are_true(
    lists: list[frozenset[int]],
) -> None:
    advice = advise(LAYOUT, DEPOT, lists, BINS)
    assert advice.metres_after <= advice.metres_before + 1e-6
    assert abs(total(advice, lists) - advice.metres_after) < 1e-6
    saved = sum(swap.saved_metres for swap in advice.swaps)
    assert abs(advice.metres_before - advice.metres_after - saved) < 1e-6


def test_bins_of_another_zone_do_not_change_places() -> None:
    apart = {key: (place, "B" if key < FARTHEST else "A") for key, (place, _) in BINS.items()}
    assert advise(LAYOUT, DEPOT, [frozenset({FARTHEST})], apart).swaps == ()


def test_no_more_is_tried_than_the_walks_allow() -> None:
    lists = [frozenset({FARTHEST})] * 9
    assert advise(LAYOUT, DEPOT, lists, BINS, most_walks=8).swaps == ()
    assert len(advise(LAYOUT, DEPOT, lists, BINS, most_walks=9).swaps) == 1
