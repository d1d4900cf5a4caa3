"""The bench reads the instances of the literature as their published totals mean them."""

from __future__ import annotations

import random

import pytest

from bench.front_depot import best_batching, walk_metres
from bench.instances import Instance, read_instance
from fulfillment.domain.batching import BatchOrder, CartLimits, plan_batches
from fulfillment.domain.routing import Layout, plan

ONE_BLOCK = """NAME : made-up
TYPE : Order_batching
PICKER_CAPACITY : 4
NUM_AISLES : 3
NUM_CELLS : 10
DEPOT_AISLE : 0
DEPOT_LOCATION : bottom
DISTANCE_AISLE_TO_AISLE : 2.5
DISTANCE_CELL_TO_CELL : 1
DISTANCE_TOP_TO_CELL : 2
DISTANCE_BOTTOM_TO_CELL : 1
DISTANCE_TOP_OR_BOTTOM_TO_DEPOT : 0
ARTICLE_SECTION
NUM_ARTICLES : 2
ID 0 WEIGHT 1
ID 1 WEIGHT 1
SKU_SECTION
NUM_SKUS : 2
ID 0 AISLE 0 CELL 9 QUANTITY 1 LEFT_RIGHT_HAND_SIDE left
ID 1 AISLE 2 CELL 0 QUANTITY 1 LEFT_RIGHT_HAND_SIDE left
ORDER_SECTION
NUM_ORDERS : 2
NUM_ARTICLES_IN_ORDER : 2
ID 0 QUANTITY 1
ID 1 QUANTITY 2
NUM_ARTICLES_IN_ORDER : 1
ID 0 QUANTITY 3
EOF"""

# Two aisles 5 apart, the depot 2 in front of the first: 5.39 is the straight line to the second.
FOODMART = """//NbLocations
9
//K: NbBoxesTrolley
3
//B: CapaBox
40
//A box can accept mixed orders(0: no, 1: yes)
1
//Products
//Idx Location Volume
1 1 1
2 2 1
3 2 1
//Orders
//Nb Orders
2
//Idx M NbProdInOrder ProdIdx1 Qty1 ProdIdx2 Qty2 ...
1 2 2 1 30 3 20
2 1 1 2 4
//DepartingDepot
0
//Arcs
//Start End Distance
0 3 2.0
9 3 2.0
0 6 5.39
9 6 5.39
1 3 4.0
//Vertices coordinates LocationName
0 2.5 -1.0 "depot"
1 2.5 5.0 "product aisle 0 bloc 0 rank 3"
2 7.5 15.0 "product aisle 1 bloc 1 rank 9"
3 2.5 1.0 "intersection aisle 0 bloc 0 rank 0"
4 2.5 11.0 "intersection aisle 0 bloc 1 rank 1"
5 2.5 21.0 "intersection aisle 0 bloc 2 rank 2"
6 7.5 1.0 "intersection aisle 1 bloc 0 rank 0"
7 7.5 11.0 "intersection aisle 1 bloc 1 rank 1"
8 7.5 21.0 "intersection aisle 1 bloc 2 rank 2"
9 2.5 -1.0 "depot"
"""


def test_cells_of_one_block_are_counted_from_the_far_end() -> None:
    given = read_instance(ONE_BLOCK)
    assert given.layout == Layout((0.0, 2.5, 5.0), (0.0, 12.0))
    assert given.orders[0].places == ((0, 1.0), (2, 10.0))
    assert given.depot == given.layout.crossing(0, 0)
    assert given.lines == ()


def test_an_order_of_one_block_weighs_as_much_as_its_pieces() -> None:
    given = read_instance(ONE_BLOCK)
    assert [order.line_count for order in given.orders] == [3, 3]
    assert given.limits == CartLimits(lines=4)


def test_the_entry_to_an_aisle_may_be_another_than_the_one_in_the_file() -> None:
    given = read_instance(ONE_BLOCK, entry=1.5)
    assert given.layout.cross_y == (0.0, 12.0)
    assert given.orders[1].places == ((0, 1.5),)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("DEPOT_LOCATION : bottom", "DEPOT_LOCATION : top"),
        ("DISTANCE_TOP_OR_BOTTOM_TO_DEPOT : 0", "DISTANCE_TOP_OR_BOTTOM_TO_DEPOT : 0.5"),
        ("ID 1 AISLE 2", "ID 0 AISLE 2"),
    ],
)
def test_what_the_planner_cannot_say_is_not_read_as_something_else(line: str, instead: str) -> None:
    with pytest.raises(ValueError, match=r"depot|more than one place"):
        read_instance(ONE_BLOCK.replace(line, instead))


def test_foodmart_has_several_blocks_and_a_line_to_each_aisle() -> None:
    given = read_instance(FOODMART)
    assert given.layout == Layout((2.5, 7.5), (1.0, 11.0, 21.0))
    assert given.lines == (2.0, 5.39)
    assert [order.places for order in given.orders] == [((0, 5.0), (1, 15.0)), ((1, 15.0),)]


def test_a_trolley_of_foodmart_takes_so_many_boxes() -> None:
    given = read_instance(FOODMART)
    assert given.limits.allow(given.orders)
    fewer = read_instance(FOODMART.replace("NbBoxesTrolley\n3", "NbBoxesTrolley\n2"))
    assert not fewer.limits.allow(fewer.orders)


def test_a_depot_that_is_not_joined_to_every_aisle_is_refused() -> None:
    with pytest.raises(ValueError, match="in front of the aisles"):
        read_instance(FOODMART.replace("0 6 5.39\n", ""))


def test_a_walk_from_in_front_may_leave_by_one_line_and_return_by_another() -> None:
    given = read_instance(FOODMART)
    # Up the first aisle, across the middle, past the place at 15, back down the second aisle.
    across = 2.0 + 10.0 + 5.0 + 2 * 4.0 + 10.0 + 5.39
    assert walk_metres(given.layout, given.lines, given.orders[0].places) == pytest.approx(across)
    there_and_back = 2 * (5.39 + 14.0)
    assert walk_metres(given.layout, given.lines, [(1, 15.0)]) == pytest.approx(there_and_back)


@pytest.mark.parametrize("seed", range(40))
def test_a_walk_from_in_front_is_the_best_over_all_pairs_of_lines(seed: int) -> None:
    rng = random.Random(seed)
    blocks, aisles = rng.randint(1, 3), rng.randint(1, 5)
    layout = Layout(
        tuple(4.0 * aisle for aisle in range(aisles)), tuple(9.0 * n for n in range(blocks + 1))
    )
    lines = [rng.uniform(1, 20) for _ in range(aisles)]
    places = [
        (rng.randrange(aisles), float(rng.randint(0, 9 * blocks))) for _ in range(rng.randint(1, 9))
    ]
    crossings = [layout.crossing(aisle, 0) for aisle in range(aisles)]
    pairs = [(here, there) for here in crossings for there in crossings]
    best = min(
        lines[here.aisle]
        + plan(layout, places, start=here, end=there).length_metres
        + lines[there.aisle]
        for here, there in pairs
    )
    assert walk_metres(layout, lines, places) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(5))
def test_lines_of_no_metres_to_one_aisle_only_are_a_depot_at_its_end(seed: int) -> None:
    rng = random.Random(seed)
    layout = Layout((0.0, 4.0, 8.0, 12.0), (0.0, 20.0))
    orders = [
        BatchOrder(
            tuple((rng.randrange(4), float(rng.randint(1, 19))) for _ in range(rng.randint(1, 4)))
        )
        for _ in range(9)
    ]
    limits, depot = CartLimits(lines=8), layout.crossing(0, 0)
    at_the_end = plan_batches(layout, orders, limits, depot)
    in_front = Instance(layout, orders, limits, depot, lines=(0.0, 99.0, 99.0, 99.0))
    metres, proven = best_batching(in_front)
    assert proven
    assert metres == pytest.approx(at_the_end.total_metres)
