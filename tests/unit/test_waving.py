"""Lists fit the cart and the picker; stops are walked without going back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.waving import (
    BinPlace,
    Collecting,
    WaveChoice,
    group_into_batches,
    group_into_lists,
    walking_order,
)

FIVE = datetime(2026, 3, 4, 17, tzinfo=UTC)


def a_bin(aisle: int | None, y_metres: float | None = 0.0, *, code: str = "") -> BinPlace:
    return BinPlace(code or f"{aisle}-{y_metres}", "A", aisle, 0.0, y_metres)


def grouped(
    *shipments: Collecting, cart_positions: int = 12, list_lines: int = 60
) -> tuple[tuple[int, ...], ...]:
    return group_into_lists(shipments, cart_positions=cart_positions, list_lines=list_lines)


def test_the_first_van_is_collected_first_and_then_what_is_most_important() -> None:
    lists = grouped(
        Collecting(1, (a_bin(1),)),
        Collecting(2, (a_bin(1),), cut_off_at=FIVE + timedelta(hours=1), priority=9),
        Collecting(3, (a_bin(1),), cut_off_at=FIVE),
        Collecting(4, (a_bin(1),), cut_off_at=FIVE, priority=9),
        cart_positions=2,
    )
    assert lists == ((4, 3), (2, 1))


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
    assert lists == ((1,), (2,), (3,))


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
