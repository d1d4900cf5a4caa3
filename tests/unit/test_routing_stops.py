"""Bins get a walking order whatever is known about where they are."""

from __future__ import annotations

from fulfillment.domain.routing import Direction, Layout, OrderBasis, StopPlace, order_stops

LAYOUT = Layout((0.0, 3.0, 6.0), (0.0, 20.0))
DEPOT = LAYOUT.crossing(0, 0)


def test_drawn_bins_are_ordered_by_the_shortest_walk() -> None:
    bins = [
        StopPlace("A-01", aisle=0, y=18.0),
        StopPlace("A-02", aisle=1, y=2.0),
        StopPlace("A-03", aisle=0, y=4.0),
        StopPlace("A-04", aisle=1, y=17.0),
    ]
    ordered = order_stops(bins, LAYOUT, DEPOT)
    assert ordered.basis is OrderBasis.SHORTEST_WALK
    assert ordered.order in [(2, 0, 3, 1), (1, 3, 0, 2)]
    assert ordered.route is not None
    assert ordered.route.length_metres == 46.0
    assert ordered.bin_order_metres == 18 + (18 + 3 + 2) + (2 + 3 + 4) + (16 + 3 + 3) + 17 + 3
    assert ordered.saved_metres == ordered.bin_order_metres - 46.0


def test_without_a_layout_bins_are_in_the_order_of_their_codes_with_numbers_as_numbers() -> None:
    bins = [StopPlace(code) for code in ("A-10", "b-1", "A-2", "7", "A-2-1")]
    ordered = order_stops(bins, None, None)
    assert [bins[index].code for index in ordered.order] == ["7", "A-2", "A-2-1", "A-10", "b-1"]
    assert ordered.basis is OrderBasis.BIN_CODES
    assert ordered.route is None
    assert ordered.saved_metres == 0.0


def test_bins_that_are_not_drawn_come_last_by_code_and_are_named() -> None:
    bins = [
        StopPlace("Z-9"),
        StopPlace("A-1", aisle=0, y=3.0),
        StopPlace("B-1", aisle=9, y=3.0),
        StopPlace("C-1", aisle=1, y=99.0),
    ]
    ordered = order_stops(bins, LAYOUT, DEPOT)
    assert ordered.order == (1, 2, 3, 0)
    assert ordered.undrawn == (2, 3, 0)
    assert ordered.basis is OrderBasis.PARTLY_DRAWN


def test_a_list_without_any_drawn_bin_says_that_it_is_in_code_order() -> None:
    ordered = order_stops([StopPlace("B"), StopPlace("A")], LAYOUT, DEPOT)
    assert (ordered.order, ordered.basis) == ((1, 0), OrderBasis.BIN_CODES)


def test_the_same_code_twice_keeps_the_order_given() -> None:
    assert order_stops([StopPlace("A"), StopPlace("A")], None, None).order == (0, 1)


def test_a_list_may_end_at_the_packing_area() -> None:
    bins = [StopPlace("A", aisle=1, y=10.0)]
    ordered = order_stops(bins, LAYOUT, DEPOT, end=LAYOUT.crossing(2, 1))
    assert ordered.route is not None
    assert ordered.route.length_metres == 26.0


def test_a_layout_drawn_without_a_way_back_falls_back_to_codes_and_says_why() -> None:
    upwards = Layout(LAYOUT.aisle_x, LAYOUT.cross_y, (Direction.UP,) * 3)
    ordered = order_stops(
        [StopPlace("B", aisle=1, y=10.0), StopPlace("A", aisle=1, y=3.0)], upwards, DEPOT
    )
    assert (ordered.order, ordered.basis) == ((1, 0), OrderBasis.BIN_CODES)
    assert ordered.fault == "no-walk-in-these-directions"
    assert ordered.undrawn == ()
