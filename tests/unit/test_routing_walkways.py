"""Free layouts get a proven walk where few points are visited, a bounded one elsewhere."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from bench.routing import standard_case
from fulfillment.domain.routing import (
    LayoutError,
    Proof,
    Walkway,
    WalkwayRoute,
    Walkways,
    plan,
    plan_walkways,
)
from fulfillment.domain.routing.oriented import Facing, oriented_graph


def grid(width: int, height: int, *, floor: int = 0, metres: float = 4.0) -> Walkways:
    points = {
        f"{floor}-{x}-{y}": (metres * x, metres * y, floor)
        for x in range(width)
        for y in range(height)
    }
    return Walkways(
        points,
        tuple(
            Walkway(here, there, metres)
            for here in points
            for there in points
            if here < there
            and abs(points[here][0] - points[there][0]) + abs(points[here][1] - points[there][1])
            == metres
        ),
    )


def walked(walkways: Walkways, route: WalkwayRoute) -> float:
    """Metres of the drawn walk, each step of which must be a walkway."""
    return sum(dict(walkways.graph[here])[there] for here, there in pairwise(route.walk))


def test_two_floors_are_walked_one_after_the_other_through_the_lift() -> None:
    low, high = grid(3, 3), grid(3, 3, floor=1)
    building = Walkways(
        {**low.points, **high.points},
        (*low.walkways, *high.walkways, Walkway("0-0-0", "1-0-0", 30.0)),
    )
    route = plan_walkways(building, ["1-2-0", "0-2-0", "1-0-2", "0-0-2"], start="0-0-0")
    floors = [building.points[name][2] for name in route.walk]
    assert sum(a != b for a, b in pairwise(floors)) == 2
    assert route.length_metres == 60 + 2 * 32
    assert route.proof is Proof.OPTIMAL


def test_a_list_of_many_points_is_bounded_and_close_to_the_proven_optimum() -> None:
    for seed in range(5):
        case = standard_case(seed, blocks=2, picks=26, aisles=6)
        proven = plan(case.layout, case.places, start=case.start)
        graph = oriented_graph(case.layout, case.places)
        names = {node: f"{node.place.aisle}/{node.place.y}" for node in graph}
        walkways = Walkways(
            {names[node]: (0.0, node.place.y, 0) for node in graph},
            tuple(
                Walkway(names[here], names[there], metres, one_way=True)
                for here, ways in graph.items()
                for there, metres in ways
            ),
        )
        stops = [names[Facing(place, 0)] for place in case.places]
        route = plan_walkways(walkways, stops, start=names[Facing(case.start, 0)])
        assert sorted(route.order) == list(range(len(stops)))
        assert walked(walkways, route) == pytest.approx(route.length_metres)
        assert 0.75 * proven.length_metres <= route.lower_bound_metres
        assert route.lower_bound_metres <= proven.length_metres + 1e-6
        assert proven.length_metres - 1e-6 <= route.length_metres
        assert route.length_metres <= 1.02 * proven.length_metres


def test_more_than_twelve_points_are_not_called_proven_unless_the_bound_is_met() -> None:
    walkways = grid(6, 6)
    stops = random.Random(2).sample(sorted(walkways.points), 20)
    route = plan_walkways(walkways, stops, start="0-0-0", end="0-5-5")
    assert (route.proof is Proof.OPTIMAL) == (route.lower_bound_metres == route.length_metres)
    assert 0 < route.lower_bound_metres <= route.length_metres
    assert (route.walk[0], route.walk[-1]) == ("0-0-0", "0-5-5")
    assert walked(walkways, route) == pytest.approx(route.length_metres)


def test_a_long_round_of_one_way_walkways_is_walked_round_once() -> None:
    names = [f"p{index:02}" for index in range(20)]
    ring = Walkways(
        dict.fromkeys(names, (0.0, 0.0, 0)),
        tuple(
            Walkway(here, there, 2.0, one_way=True)
            for here, there in zip(names, [*names[1:], names[0]], strict=True)
        ),
    )
    route = plan_walkways(ring, names[::-1], start="p05")
    assert route.length_metres == 40.0
    assert route.order[:2] == (14, 13)


def test_a_point_that_is_not_there_or_cannot_be_reached_is_refused() -> None:
    split = Walkways(
        dict.fromkeys("abcd", (0.0, 0.0, 0)), (Walkway("a", "b", 1.0), Walkway("c", "d", 1.0))
    )
    for stops, code in ((["x"], "no-such-point"), (["c"], "no-walk-in-these-directions")):
        with pytest.raises(LayoutError) as refused:
            plan_walkways(split, stops, start="a")
        assert refused.value.code == code
    for walkway, code in (
        (Walkway("a", "z", 1.0), "no-such-point"),
        (Walkway("a", "b", -1.0), "walkway-without-length"),
    ):
        with pytest.raises(LayoutError) as refused:
            Walkways(dict.fromkeys("ab", (0.0, 0.0, 0)), (walkway,))
        assert refused.value.code == code
