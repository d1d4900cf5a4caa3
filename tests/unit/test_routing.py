"""The planned walk is the shortest one, can be walked, and says what it is."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from bench.routing import Case, fault_of, length_by_trying, random_case, standard_case
from fulfillment.domain.routing import (
    Direction,
    Layout,
    LayoutError,
    Place,
    Proof,
    frontier,
    oneway,
    plan,
    rectangle,
    route,
)
from fulfillment.domain.routing.bounds import Relaxation
from fulfillment.domain.routing.exact import best_visit
from fulfillment.domain.routing.given import distance, length_in_order
from fulfillment.domain.routing.prices import Arc, balancing_prices
from fulfillment.domain.routing.sweep import Task, stages_of

TABLES = (frontier.space, frontier.touching, frontier.ending)
ONE_BLOCK = Layout((0.0, 3.0, 6.0), (0.0, 20.0))


@pytest.mark.parametrize("hundred", range(5))
def test_a_walk_is_as_short_as_trying_every_order_finds(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        case = random_case(seed)
        planned = case.planned()
        assert planned.length_metres == pytest.approx(length_by_trying(case)), seed
        assert fault_of(case, planned) is None, seed
        assert planned.proof is Proof.OPTIMAL
        assert planned.lower_bound_metres == planned.length_metres


def test_trying_every_order_agrees_with_a_plain_list_of_all_orders() -> None:
    rng = random.Random(4)
    for _ in range(30):
        nodes = range(6)
        metres = {pair: rng.uniform(1, 9) for pair in itertools.combinations(nodes, 2)}
        graph = {a: [(b, metres[min(a, b), max(a, b)]) for b in nodes if b != a] for a in nodes}
        between = {
            (a, b): best_visit(graph, [], starts=[a], ends=[b])[0] for a in nodes for b in nodes
        }
        expected = min(
            sum(between[a, b] for a, b in itertools.pairwise((0, *order, 5)))
            for order in itertools.permutations((1, 2, 3, 4))
        )
        found, walk = best_visit(graph, [[1], [2], [3], [4]], starts=[0], ends=[5])
        assert found == pytest.approx(expected)
        assert set(walk) == set(nodes)


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_a_long_list_is_walked_whole_and_never_beats_two_walks_of_its_halves(blocks: int) -> None:
    for seed in range(4):
        case = standard_case(seed, blocks=blocks, picks=60)
        planned = case.planned()
        assert fault_of(case, planned) is None
        halves = [
            plan(case.layout, half, start=case.start).length_metres
            for half in (case.places[:30], case.places[30:])
        ]
        assert max(halves) <= planned.length_metres <= sum(halves) + 1e-9
        in_order = [case.start, *(case.places[index] for index in planned.order), case.start]
        assert planned.length_metres == pytest.approx(length_in_order(case.layout, in_order))


def test_the_plain_contract_takes_and_gives_plain_values() -> None:
    layout = {"aisles": 3, "aisle_x": [0, 3, 6], "cross_y": [0, 20]}
    picks = [(2, 5.0), (0, 4.0), (2, 2.0)]
    ordered, metres = route(layout, picks, (0, 0))
    assert metres == 2 * (4 + 6 + 5)
    assert sorted(ordered) == sorted(picks)


def test_an_aisle_is_passed_through_where_returning_is_longer() -> None:
    _, metres = route(ONE_BLOCK, [(0, 18.0), (1, 18.0)], (0, 0))
    assert metres == 20 + 3 + 20 + 3


def test_nothing_to_pick_is_a_walk_of_no_metres() -> None:
    planned = plan(ONE_BLOCK, [], start=ONE_BLOCK.crossing(1, 0))
    assert (planned.length_metres, planned.order) == (0.0, ())


def test_a_different_end_saves_the_way_back() -> None:
    depot, packing = ONE_BLOCK.crossing(0, 0), ONE_BLOCK.crossing(2, 1)
    planned = plan(ONE_BLOCK, [(1, 10.0)], start=depot, end=packing)
    assert planned.length_metres == 26.0
    assert (planned.walk[0], planned.walk[-1]) == (depot, packing)


def test_the_walk_goes_on_from_where_the_picker_stands() -> None:
    here = Place(1, 11.0)
    planned = plan(ONE_BLOCK, [(1, 14.0), (2, 15.0)], start=here, end=ONE_BLOCK.crossing(2, 1))
    assert planned.order == (0, 1)
    assert planned.length_metres == 9 + 3 + 5 + 5


def test_an_aisle_that_cannot_be_turned_in_is_left_at_its_other_end() -> None:
    narrow = Layout(ONE_BLOCK.aisle_x, ONE_BLOCK.cross_y, no_turning=frozenset({0}))
    depot = narrow.crossing(0, 0)
    assert plan(ONE_BLOCK, [(0, 1.0)], start=depot).length_metres == 2.0
    assert plan(narrow, [(0, 1.0)], start=depot).length_metres == 40.0


def test_picks_on_both_sides_of_an_aisle_are_one_stop_each_in_the_order_given() -> None:
    planned = plan(ONE_BLOCK, [(1, 5.0), (0, 5.0), (1, 5.0)], start=ONE_BLOCK.crossing(0, 0))
    position = {stop: rank for rank, stop in enumerate(planned.order)}
    assert position[2] == position[0] + 1


def test_equal_lists_get_equal_walks() -> None:
    case = standard_case(1, blocks=3, picks=40)
    assert case.planned() == case.planned()


def test_the_distance_of_two_places_is_the_shortest_walk_between_them() -> None:
    rng = random.Random(9)
    layout = standard_case(0, blocks=3, picks=0, aisles=4).layout
    for _ in range(100):
        here, there = (Place(rng.randrange(4), rng.uniform(0, 45)) for _ in range(2))
        walked = plan(layout, [], start=here, end=there).length_metres
        assert distance(layout, here, there) == pytest.approx(walked)


@pytest.mark.parametrize(
    ("plain", "code"),
    [
        ({"aisle_x": [0, 3]}, "layout-field-missing"),
        ({"aisle_x": ["a"], "cross_y": [0, 1]}, "layout-field-wrong"),
        ({"aisle_x": [], "cross_y": [0, 1]}, "layout-without-aisles"),
        ({"aisle_x": [3, 0], "cross_y": [0, 1]}, "not-increasing"),
        ({"aisle_x": [0, float("nan")], "cross_y": [0, 1]}, "not-increasing"),
        ({"aisle_x": [0], "cross_y": [0]}, "cross-aisles-out-of-range"),
        ({"aisle_x": [0], "cross_y": [0, 1, 2, 3, 4, 5]}, "cross-aisles-out-of-range"),
        ({"aisles": 2, "aisle_x": [0], "cross_y": [0, 1]}, "aisles-do-not-match"),
        ({"aisle_x": [0], "cross_y": [0, 1], "no_turning": [4]}, "no-such-aisle"),
        (
            {"aisle_x": [0], "cross_y": [0, 1], "directions": ["up", "up"]},
            "directions-do-not-match-aisles",
        ),
    ],
)
def test_a_layout_that_cannot_be_is_refused_with_its_fault(
    plain: dict[str, object], code: str
) -> None:
    with pytest.raises(LayoutError) as refused:
        Layout.from_plain(plain)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("pick", "code"),
    [
        ((3, 1.0), "no-such-aisle"),
        ((-1, 1.0), "no-such-aisle"),
        ((0, 21.0), "position-outside-aisle"),
    ],
)
def test_a_pick_outside_the_layout_is_refused(pick: tuple[int, float], code: str) -> None:
    with pytest.raises(LayoutError) as refused:
        route(ONE_BLOCK, [pick], (0, 0))
    assert refused.value.code == code


def test_one_way_aisles_are_walked_as_short_as_trying_every_order_finds() -> None:
    walks = 0
    for seed in range(80):
        case = random_case(seed, one_way=True)
        expected = length_by_trying(case)
        if math.isinf(expected):
            with pytest.raises(LayoutError):
                case.planned()
            continue
        walks += 1
        planned = case.planned()
        assert planned.length_metres == pytest.approx(expected), seed
        assert planned.proof is Proof.OPTIMAL, seed
        assert fault_of(case, planned) is None, seed
    assert walks > 50


def searched(seeds: Iterable[int]) -> Iterator[tuple[int, float, oneway.OneWayWalk]]:
    """One-way cases that have a walk: the length by trying every order, and what the search finds."""
    for seed in seeds:
        case = random_case(seed, one_way=True)
        expected = length_by_trying(case)
        if case.layout.has_one_way_aisles and not math.isinf(expected):
            end = case.start if case.end is None else case.end
            yield (
                seed,
                expected,
                oneway.shortest_walk(
                    case.layout, case.places, start=case.start, end=end, few_stops=-1
                ),
            )


def test_the_search_for_one_way_walks_alone_proves_what_trying_every_order_finds() -> None:
    walks = 0
    # The last two have a shortest walk above where the first, narrow search stops.
    for seed, expected, found in searched((*range(100), 2732, 3230)):
        assert found.metres == pytest.approx(expected), seed
        assert found.bound == found.metres, seed
        walks += 1
    assert walks > 60


def test_a_search_cut_short_says_no_walk_is_shorter_than_what_it_has_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oneway, "SEARCHES", ((2, 0), (3, 1)))
    not_proven = 0
    for seed, expected, found in searched(range(100)):
        assert found.bound <= expected + 1e-9, seed
        assert found.metres >= expected - 1e-9, seed
        not_proven += found.bound < found.metres
    assert not_proven > 0


def test_what_is_left_of_a_walk_is_planned_again_as_short_as_trying_every_order_finds() -> None:
    walks = 0
    for seed in range(100):
        case = random_case(seed, one_way=True)
        expected = length_by_trying(case)
        if math.isinf(expected):
            continue
        end = case.start if case.end is None else case.end
        # The order given is often a bad one, or cannot be walked at all.
        found = oneway.shortest_walk(
            case.layout, case.places, start=case.start, end=end, again=True, few_stops=-1
        )
        assert found.metres == pytest.approx(expected), seed
        assert found.bound == found.metres, seed
        walks += 1
    assert walks > 60


def test_given_up_at_once_what_is_left_of_a_walk_gets_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oneway, "MOST_TRIES_AGAIN", 0)
    kept = 0
    for seed in range(20):
        case = standard_case(seed, blocks=2, picks=20, aisles=8, one_way=True)
        whole = plan(case.layout, case.places, start=case.start)
        here, *left = [case.places[index] for index in whole.order]
        again = plan(case.layout, left, start=here, end=case.start, again=True)
        assert again.length_metres == pytest.approx(
            length_in_order(case.layout, [here, *left, case.start])
        )
        assert again.lower_bound_metres <= again.length_metres
        kept += again.proof is Proof.NOT_PROVEN
    assert kept > 5


def test_no_prices_make_the_bound_longer_than_the_shortest_walk() -> None:
    rng = random.Random(6)
    tight = walks = 0
    for seed in range(150):
        case = random_case(seed, one_way=True)
        expected = length_by_trying(case)
        aisles = {place.aisle for place in (*case.places, case.start, case.end or case.start)}
        if math.isinf(expected) or len(aisles) == 1:  # the latter may be walked without a crossing
            continue
        relaxation = _relaxation(case)
        first = relaxation.first()
        assert first is not None, seed
        raised = relaxation.raised(first, rounds=10, towards=rng.uniform(0.9, 1.2) * expected)
        for bounds in (relaxation.unpriced(), first, raised):
            assert bounds.least <= expected + 1e-9, seed
        assert raised.least >= first.least, seed
        tight += raised.least >= expected - 1e-6
        walks += 1
    assert walks > 90
    assert tight > walks / 3


def _relaxation(case: Case) -> Relaxation:
    one_way = {
        aisle
        for aisle in range(len(case.layout.aisle_x))
        if case.layout.direction(aisle) is not Direction.BOTH
    }
    both_ways = replace(case.layout, directions=(), no_turning=case.layout.no_turning | one_way)
    end = case.start if case.end is None else case.end
    columns = rectangle.columns_of(both_ways, case.places, start=case.start, end=end)
    task = Task(case.layout, columns, case.start, end)
    return Relaxation(task, stages_of(task, passes=6))


@pytest.mark.parametrize("blocks", [2, 3])
def test_a_long_list_in_thirty_one_way_aisles_of_several_blocks_is_proven(blocks: int) -> None:
    for seed in range(2):
        case = standard_case(seed, blocks=blocks, picks=40, one_way=True)
        planned = case.planned()
        assert fault_of(case, planned) is None
        assert planned.proof is Proof.OPTIMAL
        both_ways = plan(replace(case.layout, directions=()), case.places, start=case.start)
        assert planned.length_metres >= both_ways.length_metres


def test_flow_is_balanced_along_shortest_paths_and_prices_leave_no_arc_worth_more() -> None:
    arcs = [Arc(0, 1, 4.0, 1), Arc(0, 1, 7.0), Arc(1, 2, 1.0), Arc(2, 0, 2.0)]
    prices = balancing_prices([2, 0, -2], arcs)
    assert prices is not None
    # The second unit takes the dearer arc: an arrival at 2 rather than at 0 is worth 8 metres.
    assert prices[0] - prices[2] == pytest.approx(8.0)
    assert all(
        arc.metres + prices[arc.there] - prices[arc.here] >= -1e-9 for arc in arcs if arc.limit > 1
    )
    assert balancing_prices([1, -1], [Arc(1, 0, 3.0)]) is None


def test_a_long_list_in_alternating_one_way_aisles_is_proven_and_keeps_to_the_directions() -> None:
    case = standard_case(3, blocks=1, picks=40, aisles=12)
    directions = tuple((Direction.UP, Direction.DOWN)[aisle % 2] for aisle in range(12))
    layout = Layout(case.layout.aisle_x, case.layout.cross_y, directions)
    planned = plan(layout, case.places, start=case.start)
    assert planned.proof is Proof.OPTIMAL
    assert sorted(planned.order) == list(range(40))
    for here, there in itertools.pairwise(planned.walk):
        if here.aisle == there.aisle:
            upwards = directions[here.aisle] is Direction.UP
            assert (there.y > here.y) == upwards
    both_ways = plan(case.layout, case.places, start=case.start)
    assert planned.length_metres >= both_ways.length_metres


def test_once_the_tables_are_loaded_no_walk_makes_any() -> None:
    frontier.load_tables()
    made = [table.cache_info().misses for table in TABLES]
    for blocks in (1, 2, 3, 4):
        layout = Layout((0.0, 3.0, 6.0), tuple(9.0 * cross for cross in range(blocks + 1)))
        places = [(0, 4.0), (2, 5.0), (1, 9.0)]
        crossing = layout.crossing(0, blocks)
        plan(layout, places, start=crossing)
        plan(layout, places, start=Place(1, 2.5), end=crossing)
    assert [table.cache_info().misses for table in TABLES] == made
