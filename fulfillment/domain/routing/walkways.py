"""Walks through an area of any shape: walkways between named points, over zones and floors.

Points are joined by walkways with a length in metres; a lift or a door is a walkway whose metres
stand for the time it takes. Lists of up to 12 different points are solved exactly, by trying all
orders (Held & Karp 1962). Longer ones are left to the library fast-tsp and to exchanges of our
own, and come with a lower bound (Held & Karp 1970) instead of a proof.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fulfillment.domain.routing.exact import (
    Graph,
    best_visit,
    distances_from,
    nearest_next,
    path_to,
)
from fulfillment.domain.routing.layout import LayoutError
from fulfillment.domain.routing.plan import Proof

EXACT_STOPS = 12
# fast-tsp reads distances as unsigned 16-bit numbers; the link of two ends takes the top quarter.
LARGEST_STEPS, NO_LINK_STEPS = 16_000, 64_000
BOUND_ROUNDS = 80

Metres = list[list[float]]


@dataclass(frozen=True, slots=True)
class Walkway:
    """A stretch between two points; a one-way stretch leads from `here` to `there` only."""

    here: str
    there: str
    metres: float
    one_way: bool = False


@dataclass(frozen=True)
class Walkways:
    """Points (name: x, y in metres, and floor, for the drawing) and what joins them.

    Raises LayoutError where a walkway has no length or names a point that is not there.
    """

    points: dict[str, tuple[float, float, int]]
    walkways: tuple[Walkway, ...]
    graph: Graph[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        graph: dict[str, list[tuple[str, float]]] = {name: [] for name in self.points}
        for walkway in self.walkways:
            self._require(walkway.here)
            self._require(walkway.there)
            if not 0 <= walkway.metres < math.inf:
                raise LayoutError("walkway-without-length", here=walkway.here, there=walkway.there)
            graph[walkway.here].append((walkway.there, walkway.metres))
            if not walkway.one_way:
                graph[walkway.there].append((walkway.here, walkway.metres))
        object.__setattr__(self, "graph", graph)

    def _require(self, name: str) -> None:
        if name not in self.points:
            raise LayoutError("no-such-point", point=name)


@dataclass(frozen=True, slots=True)
class WalkwayRoute:
    """A walk past points: as `Route`, but `walk` holds names of points."""

    order: tuple[int, ...]
    length_metres: float
    proof: Proof
    lower_bound_metres: float
    walk: tuple[str, ...]


def plan_walkways(
    walkways: Walkways,
    stops: Sequence[str],
    *,
    start: str,
    end: str | None = None,
    budget_seconds: float = 0.1,
) -> WalkwayRoute:
    """A short walk from `start` past all `stops` to `end`, or back to the start.

    The shortest for up to 12 different stops; above that `budget_seconds` bounds the search, which
    finds the same walk again if it was over before. Raises LayoutError where a point does not exist
    or the walkways leave no walk.
    """
    end = start if end is None else end
    unknown = [name for name in (*stops, start, end) if name not in walkways.points]
    if unknown:
        raise LayoutError("no-such-point", point=unknown[0])
    visits = sorted(set(stops) - {start, end})
    if len(visits) <= EXACT_STOPS:
        groups = [[name] for name in visits]
        metres, walk = best_visit(walkways.graph, groups, starts=[start], ends=[end])
        bound = metres
    else:
        metres, bound, walk = _long_walk(
            walkways.graph, visits, start=start, end=end, budget_seconds=budget_seconds
        )
    if math.isinf(metres):
        raise LayoutError("no-walk-in-these-directions")
    proof = Proof.OPTIMAL if bound >= metres else Proof.NOT_PROVEN
    return WalkwayRoute(_met_order(stops, walk), metres, proof, bound, tuple(walk))


def _long_walk(
    graph: Graph[str], visits: Sequence[str], *, start: str, end: str, budget_seconds: float
) -> tuple[float, float, list[str]]:
    """Metres, lower bound and points of a short walk past many points."""
    names = [start, *visits, end]
    trees = [distances_from(graph, [name]) for name in names]
    metres = [[reached.get(name, math.inf) for name in names] for reached, _ in trees]
    if any(math.isinf(value) for row in metres[:-1] for value in row[1:]):
        # Points that cannot be left in every direction: only an order found step by step is safe.
        stops = [[name] for name in visits]
        length, walk = nearest_next(graph, stops, starts=[start], ends=[end])
        return length, 0.0, walk
    symmetric = all(
        math.isclose(metres[i][j], metres[j][i]) for i in range(len(names)) for j in range(i)
    )
    candidates = [_nearest_order(metres)]
    if symmetric:
        candidates.append(_library_order(metres, budget_seconds))
    order = min((_exchanged(metres, order) for order in candidates), key=lambda o: _sum(metres, o))
    length = _sum(metres, order)
    walk = [start]
    for here, there in pairwise(order):
        walk += path_to(trees[here][1], names[there])[1:]
    return length, min(length, _lower_bound(metres)), walk


def _nearest_order(metres: Metres) -> list[int]:
    """From the first to the last number, always on to the nearest left."""
    last = len(metres) - 1
    order = [0]
    left = set(range(1, last))
    while left:
        here = order[-1]
        nearest = min(left, key=lambda there: (metres[here][there], there))
        left.remove(nearest)
        order.append(nearest)
    return [*order, last]


def _library_order(metres: Metres, budget_seconds: float) -> list[int]:
    """The order that fast-tsp finds, as a round trip that is cut between its two ends."""
    import fast_tsp  # when a long list in a free layout is planned, and not at the start

    last = len(metres) - 1
    longest = max(map(max, metres)) or 1.0
    steps = [[round(LARGEST_STEPS * value / longest) for value in row] for row in metres]
    for row in steps:
        row.append(NO_LINK_STEPS)
    link = [NO_LINK_STEPS] * (last + 1) + [0]
    link[0] = link[last] = steps[0][-1] = steps[last][-1] = 0
    tour = fast_tsp.find_tour(
        [*steps, link], duration_seconds=budget_seconds, stop_when_converged=True
    )
    cut = tour.index(last + 1)
    order: list[int] = [*tour[cut + 1 :], *tour[:cut]]
    if order[-1] == 0:
        order.reverse()
    return [0, *(index for index in order if index not in (0, last)), last]


def _exchanged(metres: Metres, order: Sequence[int]) -> list[int]:
    """Move runs of up to three stops elsewhere, either way round, while that shortens the walk.

    Or (1976). The ends stay where they are; distances may differ by direction.
    """
    best = list(order)
    while (better := _one_exchange(metres, best)) is not None:
        best = better
    return best


def _one_exchange(metres: Metres, order: list[int]) -> list[int] | None:
    """The first exchange found that shortens the walk, carried out; None if there is none."""
    for size in (1, 2, 3):
        for first in range(1, len(order) - size):
            run = order[first : first + size]
            rest = order[:first] + order[first + size :]
            before, after = order[first - 1], order[first + size]
            freed = _sum(metres, order[first - 1 : first + size + 1]) - metres[before][after]
            for place in range(1, len(rest)):
                here, there = rest[place - 1], rest[place]
                for turned in (run, run[::-1]):
                    added = _sum(metres, [here, *turned, there]) - metres[here][there]
                    if added < freed - 1e-9 * (1 + freed):
                        return rest[:place] + turned + rest[place:]
    return None


def _lower_bound(metres: Metres) -> float:
    """Metres that no walk from the first to the last number past all others falls below.

    Such a walk is a spanning tree in which the ends have degree 1 and the others 2. Prices on the
    degrees raise the length of the cheapest spanning tree (Held & Karp 1970). Where a distance
    differs by direction, the shorter counts.
    """
    count = len(metres)
    wanted = [1] + [2] * (count - 2) + [1]
    lengths = [[min(metres[i][j], metres[j][i]) for j in range(count)] for i in range(count)]
    prices = [0.0] * count
    best = 0.0
    step = 0.05 * max(map(max, lengths))
    for _ in range(BOUND_ROUNDS):
        tree, degrees = _spanning_tree(lengths, prices)
        value = tree - sum(p * want for p, want in zip(prices, wanted, strict=True))
        best = max(best, value)
        if degrees == wanted:
            break
        prices = [
            price + step * (degree - want)
            for price, degree, want in zip(prices, degrees, wanted, strict=True)
        ]
        step *= 0.96
    return best


def _spanning_tree(lengths: Metres, prices: Sequence[float]) -> tuple[float, list[int]]:
    """Length and degrees of the cheapest spanning tree with prices on its points (Prim 1957)."""
    count = len(lengths)
    degrees = [0] * count
    nearest = [lengths[0][there] + prices[0] + prices[there] for there in range(count)]
    parent = [0] * count
    left = list(range(1, count))
    total = 0.0
    while left:
        here = min(left, key=nearest.__getitem__)
        left.remove(here)
        total += nearest[here]
        degrees[here] += 1
        degrees[parent[here]] += 1
        row, price = lengths[here], prices[here]
        for there in left:
            value = row[there] + price + prices[there]
            if value < nearest[there]:
                nearest[there] = value
                parent[there] = here
    return total, degrees


def _sum(metres: Metres, order: Sequence[int]) -> float:
    return sum(metres[here][there] for here, there in pairwise(order))


def _met_order(stops: Sequence[str], walk: Iterable[str]) -> tuple[int, ...]:
    waiting: dict[str, list[int]] = {}
    for index, stop in enumerate(stops):
        waiting.setdefault(stop, []).append(index)
    return tuple(index for point in walk for index in waiting.pop(point, ()))
