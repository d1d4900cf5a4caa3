"""Lists fit the cart and the picker; stops are walked without going back."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.batching import CartLimits
from fulfillment.domain.carts import keep_planned
from fulfillment.domain.routing import Layout, oneway
from fulfillment.domain.routing.given import length_in_order
from fulfillment.domain.waving import (
    BinPlace,
    Collecting,
    WaveChoice,
    group_into_batches,
    group_into_lists,
    rest_of_walk,
    walking_order,
)

FIVE = datetime(2026, 3, 4, 17, tzinfo=UTC)


def a_bin(aisle: int | None, y_metres: float | None = 0.0, *, code: str = "") -> BinPlace:
    return BinPlace(code or f"{aisle}-{y_metres}", "A", aisle, 0.0, y_metres)


def grouped(
    *shipments: Collecting, cart_positions: int = 12, list_lines: int = 60
) -> tuple[tuple[int, ...], ...]:
    return group_into_lists(shipments, CartLimits(totes=cart_positions, lines=list_lines))


def test_the_first_van_is_collected_first_and_then_what_is_most_important() -> None:
    lists = grouped(
        Collecting(1, (a_bin(1),)),
        Collecting(2, (a_bin(1),), cut_off_at=FIVE + timedelta(hours=1), priority=9),
        Collecting(3, (a_bin(1),), cut_off_at=FIVE),
        Collecting(4, (a_bin(1),), cut_off_at=FIVE, priority=9),
        cart_positions=2,
    )
    assert lists == ((4, 3), (2,), (1,))


def test_only_the_emptiest_cart_of_a_van_takes_something_of_the_next_one() -> None:
    soon = [Collecting(n, (a_bin(1),), cut_off_at=FIVE) for n in range(5)]
    within_the_hour = [
        Collecting(n, (a_bin(1),), cut_off_at=FIVE + timedelta(minutes=60)) for n in range(5, 9)
    ]
    lists = grouped(*within_the_hour, *soon, cart_positions=3)
    assert lists == ((0, 1, 2), (3, 4, 5), (6, 7, 8))
    later = [
        Collecting(n, (a_bin(1),), cut_off_at=FIVE + timedelta(minutes=61)) for n in range(5, 9)
    ]
    assert grouped(*later, *soon, cart_positions=3) == ((0, 1, 2), (3, 4), (5, 6, 7), (8,))


def test_neighbours_are_collected_together() -> None:
    aisles = {1: 1, 2: 7, 3: 1, 4: 7}
    lists = grouped(*(Collecting(n, (a_bin(a),)) for n, a in aisles.items()), cart_positions=2)
    assert lists == ((1, 3), (2, 4))


def test_a_shipment_with_more_lines_than_a_list_has_one_of_its_own() -> None:
    small, large = (a_bin(1),), tuple(a_bin(1, float(y)) for y in range(5))
    lists = grouped(
        Collecting(1, small, priority=3),
        Collecting(2, large, priority=2),
        Collecting(3, small, priority=1),
        list_lines=3,
    )
    assert lists == ((1, 3), (2,))


def test_a_cart_takes_no_more_than_its_volume_and_weight() -> None:
    shipments = [
        Collecting(n, (a_bin(1),), volume_ml=400, weight_grams=300 * n) for n in range(1, 5)
    ]
    assert group_into_lists(shipments, CartLimits(volume_ml=900)) == ((1, 2), (3, 4))
    assert group_into_lists(shipments, CartLimits(weight_grams=900)) == ((1, 2), (3,), (4,))


@given(st.lists(st.integers(1, 6), max_size=30), st.integers(1, 5), st.integers(1, 8))
def test_every_shipment_is_on_one_list_and_no_list_is_too_long(
    lines: list[int], cart_positions: int, list_lines: int
) -> None:
    shipments = [Collecting(n, (a_bin(n % 4),) * count) for n, count in enumerate(lines)]
    lists = grouped(*shipments, cart_positions=cart_positions, list_lines=list_lines)
    assert sorted(key for ids in lists for key in ids) == list(range(len(lines)))
    for ids in lists:
        assert 0 < len(ids) <= cart_positions
        assert len(ids) == 1 or sum(lines[key] for key in ids) <= list_lines


def test_one_aisle_is_walked_up_and_the_next_one_down() -> None:
    stops = [a_bin(2, 1.0), a_bin(1, 9.0), a_bin(2, 9.0), a_bin(1, 1.0), a_bin(4, 5.0)]
    walk = walking_order(stops)
    assert walk.order == (3, 1, 2, 0, 4)
    assert walk.facts == {"method": "s-shape", "proof": "not-proven"}


def test_bins_of_unknown_place_come_last_by_their_codes() -> None:
    stops = [a_bin(None, code="Z"), a_bin(None, code="B"), a_bin(3, 1.0)]
    assert walking_order(stops).order == (2, 1, 0)
    assert walking_order(stops[:2]).facts["method"] == "bin-codes"
    assert walking_order([]).order == ()


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.sampled_from([0.0, 1.0, 2.0])),
        max_size=20,
    )
)
def test_every_stop_is_walked_once_and_stops_of_one_bin_stay_together(
    places: list[tuple[int | None, float]],
) -> None:
    order = walking_order([a_bin(aisle, y) for aisle, y in places]).order
    assert sorted(order) == list(range(len(places)))
    seen = [places[index] for index in order]
    changes = sum(before != after for before, after in pairwise(seen))
    assert changes == max(0, len(set(places)) - 1)


LAYOUT = {"aisles": 3, "aisle_x": [0, 5, 10], "cross_y": [0, 20], "depot": [0, 0]}


def test_with_a_layout_the_walk_is_the_shortest_and_says_what_it_saves() -> None:
    stops = [
        BinPlace("A-1-1", aisle=0, y_metres=2.0),
        BinPlace("B-1-1", aisle=1, y_metres=18.0),
        BinPlace("C-1-1", aisle=2, y_metres=1.0),
    ]
    walk = walking_order(stops, LAYOUT)
    assert walk.facts["proof"] == "optimal"
    assert walk.facts["metres"] == 62.0
    assert walk.facts["saved_metres"] >= 0
    assert sorted(walk.order) == [0, 1, 2]


def test_a_bin_that_is_not_drawn_comes_last_and_is_named() -> None:
    stops = [BinPlace("X-9"), BinPlace("A-1-1", aisle=0, y_metres=2.0)]
    walk = walking_order(stops, LAYOUT)
    assert walk.order == (1, 0)
    assert walk.facts["undrawn"] == ["X-9"]


def test_with_a_layout_and_time_the_carts_take_what_lies_together() -> None:
    # By the first aisle alone, 0 and 1 are neighbours; by the walk, 0 and 2 are.
    ends = [(0, 2), (0, 1), (0, 2), (0, 1)]
    shipments = [
        Collecting(n, tuple(a_bin(aisle, 10.0, code=f"{aisle}-{n}") for aisle in aisles))
        for n, aisles in enumerate(ends)
    ]
    lists = group_into_lists(shipments, CartLimits(totes=2), layout=LAYOUT, seconds=1.0)
    assert sorted(lists) == [(0, 2), (1, 3)]


def test_carts_planned_by_walks_are_shorter_and_the_same_again() -> None:
    chance = random.Random(4)
    shipments = [
        Collecting(
            n,
            tuple(
                a_bin(chance.randrange(3), float(chance.randrange(20)), code=f"{n}-{line}")
                for line in range(2)
            ),
        )
        for n in range(14)
    ]
    limits = CartLimits(totes=3)
    planned = group_into_lists(shipments, limits, layout=LAYOUT, seconds=1.0)
    assert planned == group_into_lists(shipments[::-1], limits, layout=LAYOUT, seconds=1.0)
    by_neighbours = group_into_lists(shipments, limits, layout=LAYOUT, seconds=0.0)
    assert metres_of(planned, shipments) < metres_of(by_neighbours, shipments)


def metres_of(lists: Iterable[Iterable[int]], shipments: list[Collecting]) -> float:
    walks = [
        walking_order([place for n in ids for place in shipments[n].places], LAYOUT)
        for ids in lists
    ]
    return float(sum(walk.facts["metres"] for walk in walks))


def test_a_plan_is_kept_as_far_as_it_still_fits() -> None:
    limits = CartLimits(totes=2, lines=3)
    now = [
        Collecting(1, (a_bin(1),)),
        Collecting(2, (a_bin(1),) * 3),
        Collecting(3, (a_bin(1),)),
        Collecting(5, (a_bin(9),)),
    ]
    # 4 is gone, 2 needs three bins by now, 5 was not there when the carts were planned.
    assert keep_planned([(3, 4), (1, 2)], now, limits) == ((3,), (1,), (2,), (5,))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20)), min_size=1, max_size=5),
    st.tuples(st.integers(0, 2), st.integers(0, 20)),
    st.tuples(st.integers(0, 2), st.integers(0, 20)),
)
def test_the_rest_of_a_walk_is_the_shortest_from_here_past_all_to_the_last(
    left: list[tuple[int, int]], here: tuple[int, int], last: tuple[int, int]
) -> None:
    stops = [a_bin(aisle, float(y)) for aisle, y in left]
    rest = rest_of_walk(
        stops,
        LAYOUT,
        here=a_bin(here[0], float(here[1])),
        last=a_bin(last[0], float(last[1])),
    )
    assert rest is not None
    layout = Layout.from_plain(LAYOUT)
    ends = layout.place(*here), layout.place(*last), layout.crossing(0, 0)
    shortest = min(
        length_in_order(layout, [ends[0], *(layout.place(*stop) for stop in order), *ends[1:]])
        for order in permutations(left)
    )
    assert rest.facts["rest_metres"] == pytest.approx(shortest)
    assert sorted(rest.order) == list(range(len(stops)))


def test_a_rest_that_is_not_proven_says_so_with_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oneway, "MOST_TRIES_AGAIN", 0)
    directions = ["up", "down"] * 4
    layout = {
        "aisles": 8,
        "aisle_x": [4.0 * aisle for aisle in range(8)],
        "cross_y": [0.0, 10.0, 20.0],
        "depot": [0, 0],
        "directions": directions,
    }
    stops = [a_bin(aisle, y) for aisle, y in enumerate([2.0, 14.0, 5.0, 17.0] * 2) for _ in (0, 1)]
    stops += [a_bin(aisle, 18.0) for aisle in range(0, 8, 3)]
    rest = rest_of_walk(stops, layout, here=a_bin(3, 4.0))
    assert rest is not None
    assert rest.facts["rest_proof"] == "not-proven"
    assert 0 < rest.facts["rest_bound_metres"] < rest.facts["rest_metres"]


def test_without_a_layout_the_rest_stays_in_its_order() -> None:
    assert rest_of_walk([a_bin(1, 2.0)], None, here=None) is None
    assert rest_of_walk([BinPlace("X")], LAYOUT, here=None) is None


def test_a_batch_counts_the_bins_that_it_stops_at_not_its_lines() -> None:
    same_bin = [Collecting(number, (a_bin(1),)) for number in range(1, 6)]
    assert group_into_batches(same_bin, most_shipments=10, most_bins=1) == ((1, 2, 3, 4, 5),)
    assert group_into_batches(same_bin, most_shipments=2, most_bins=1) == ((1, 2), (3, 4), (5,))
    others = [*same_bin[:1], Collecting(7, (a_bin(2),))]
    assert group_into_batches(others, most_shipments=10, most_bins=1) == ((1,), (7,))


def test_single_pieces_are_picked_as_a_batch_unless_told_otherwise() -> None:
    assert WaveChoice(1).picked_by == "cart"
    assert WaveChoice(1, items="single").picked_by == "batch"
    assert WaveChoice(1, items="single", method="cart").picked_by == "cart"
    assert WaveChoice(1, method="batch").document() == {"method": "batch"}
