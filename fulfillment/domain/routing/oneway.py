"""The shortest walk through a rectangular area some of whose aisles are one-way.

What a half-built walk means for the rest is, besides the state of `frontier`, how many more times
each crossing of the column has been reached than left (`sweep`). There is no end to those numbers,
so the states are found as they are reached, and those that cannot become shorter than the best walk
known are dropped: `bounds` says what the rest takes at least, under prices that make up for the
surplus, and under none. A search that keeps only the most promising states finds a walk to beat.
The next ones have better prices and keep more states; the first that did not have to drop any has
proven the best walk to be shortest. Otherwise no walk is shorter than the most promising state
dropped. A few stops are proven by trying every order of them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from fulfillment.domain.routing import rectangle
from fulfillment.domain.routing.bounds import Bounds, Relaxation
from fulfillment.domain.routing.exact import best_visit, in_order, nearest_next
from fulfillment.domain.routing.lanes import Leg, Way
from fulfillment.domain.routing.layout import Direction, Layout, LayoutError, Place
from fulfillment.domain.routing.oriented import Facing, nodes_of, oriented_graph
from fulfillment.domain.routing.sweep import Across, Stage, Task, Visit, stages_of
from fulfillment.domain.routing.walk import join_legs

# Passes of an aisle each way that are looked at before it is known how many a proof needs.
PASSES = 12
# States kept by one search after another, and how often the prices are raised before it.
SEARCHES = ((30, 0), (200, 4), (800, 4), (2_500, 4))
# Ways tried by all searches before the proof is given up, a microsecond each: two seconds or so for a
# new walk. It takes layouts with hardly any aisle in one of the directions to get there.
MOST_TRIES = 2_000_000
# The same where a picker waits.
MOST_TRIES_AGAIN = 80_000
# While no walk is known, the first search stops at so many times the bound, and prices are raised
# towards so many times it.
FIRST_LIMIT, FIRST_AIM = 1.25, 1.1
# Up to so many stops a proof comes sooner from trying every order.
FEW_STOPS = 10


class OneWayWalk(NamedTuple):
    """A walk, and a length that no walk falls below."""

    metres: float
    bound: float
    walk: list[Place]


def shortest_walk(
    layout: Layout,
    places: Sequence[Place],
    *,
    start: Place,
    end: Place,
    again: bool = False,
    few_stops: int = FEW_STOPS,
) -> OneWayWalk:
    """A shortest walk from `start` past all `places` to `end`, proven if it equals its bound.

    Where what is left of a walk is planned `again`, the `places` come in its order: that is the
    walk to beat. Up to `few_stops` places are proven by trying every order of them. Raises
    LayoutError where the one-way aisles leave no walk at all.
    """
    if {*places, start, end} == {start}:
        return OneWayWalk(0.0, 0.0, [start])
    one_way = {
        aisle
        for aisle in range(len(layout.aisle_x))
        if layout.direction(aisle) is not Direction.BOTH
    }
    relaxed = replace(layout, directions=(), no_turning=layout.no_turning | one_way)
    inside = rectangle.walk_in_one_aisle(relaxed, places, start=start, end=end)
    if inside is not None and _allowed(layout, inside):
        metres = sum(abs(b.y - a.y) for a, b in pairwise(inside))
        return OneWayWalk(metres, metres, inside)
    if len(set(places)) <= few_stops:
        tried = _on_graph(best_visit, layout, sorted(set(places)), start=start, end=end)
        if not tried.walk:
            raise LayoutError("no-walk-in-these-directions")
        return OneWayWalk(tried.metres, tried.metres, tried.walk)
    columns = rectangle.columns_of(relaxed, places, start=start, end=end)
    task = Task(layout, columns, start, end)
    if again:
        left = _on_graph(in_order, layout, places, start=start, end=end)
        return _searched(task, places, left, MOST_TRIES_AGAIN)
    return _searched(task, places, _Found(math.inf, []), MOST_TRIES)


def _searched(task: Task, places: Sequence[Place], best: _Found, most_tries: int) -> OneWayWalk:
    """The best walk of several searches, each with better prices and more states than before."""
    passes = PASSES
    stages = stages_of(task, passes=passes)
    relaxation = Relaxation(task, stages)
    priced, unpriced = relaxation.first(), relaxation.unpriced()
    if priced is None or math.isinf(priced.least):
        raise LayoutError("no-walk-in-these-directions")
    bound = max(priced.least, unpriced.least)
    limit = min(best.metres, FIRST_LIMIT * bound)
    for states, rounds in SEARCHES:
        aim = best.metres if best.walk else FIRST_AIM * bound
        priced = relaxation.raised(priced, rounds=rounds, towards=aim)
        if best.walk and _most_passes(task.layout, best.metres - unpriced.least) > passes:
            passes = _most_passes(task.layout, best.metres - unpriced.least)
            stages = stages_of(task, passes=passes)
        search = _Search(task, stages, priced, unpriced, most_tries)
        best = search.run(states=states, below=limit) or best
        if not best.walk:
            stops = sorted(set(places))
            best = _on_graph(nearest_next, task.layout, stops, start=task.start, end=task.end)
        bound = max(bound, priced.least)
        if best.walk and _most_passes(task.layout, best.metres - unpriced.least) <= passes:
            bound = max(bound, min(search.least_dropped, best.metres, limit))
        if best.metres <= bound + _tolerance(bound):
            return OneWayWalk(best.metres, best.metres, best.walk)
        most_tries -= search.tries
        if most_tries < 0:
            break
        limit = best.metres
    if not best.walk:
        raise LayoutError("no-walk-in-these-directions")
    return OneWayWalk(best.metres, min(bound, best.metres), best.walk)


def _on_graph(
    method: Callable[..., tuple[float, list[Facing]]],
    layout: Layout,
    places: Sequence[Place],
    *,
    start: Place,
    end: Place,
) -> _Found:
    """The walk that a method of `exact` finds, infinite and empty if none."""
    metres, nodes = method(
        oriented_graph(layout, [*places, start, end]),
        [nodes_of(layout, place) for place in places],
        starts=nodes_of(layout, start),
        ends=nodes_of(layout, end),
    )
    return _Found(metres, _without_repeats([node.place for node in nodes]))


class _Found(NamedTuple):
    metres: float
    walk: list[Place]


# The number of the state and the surplus of each crossing of the column in one integer, which is
# quicker to add to and to look up than a tuple: NUMBER_BITS for the number, then SURPLUS_BITS for
# each crossing from the lowest on, SURPLUS_ZERO for a surplus of nothing.
_Key = int
NUMBER_BITS, SURPLUS_BITS, SURPLUS_ZERO = 12, 20, 1 << 19
NUMBER_MASK, SURPLUS_MASK = (1 << NUMBER_BITS) - 1, (1 << SURPLUS_BITS) - 1
# The cheapest way found to a state: metres priced and as walked, the state before, the way through
# the stage if it is a visit, else whether it leads there and back. Some hundred thousand are made
# for a walk, so they are plain tuples.
_Reached = tuple[float, float, _Key | None, Way | None, bool]
_Layer = dict[_Key, _Reached]


class _Search:
    """The programme over `stages`, widening from state to state."""

    def __init__(
        self,
        task: Task,
        stages: Sequence[Stage],
        priced: Bounds,
        unpriced: Bounds,
        most_tries: int,
    ) -> None:
        self._task = task
        self._stages = stages
        self._priced = priced
        self._unpriced = unpriced
        self._most_tries = most_tries
        self._balanced = sum(_surplus_code(cross, SURPLUS_ZERO) for cross in range(task.size))
        self.least_dropped = math.inf
        self.tries = 0

    def run(self, *, states: int, below: float) -> _Found | None:
        """The shortest walk below so many metres that keeps to the best `states` at each stage.

        Any walk that it misses takes at least `least_dropped` metres. None, and nothing known, after
        too many tries.
        """
        first: _Key = self._balanced
        layers: list[_Layer] = [{first: (0.0, 0.0, None, None, False)}]
        limit, last, final = below - _tolerance(below), -1, first
        for index, stage in enumerate(self._stages):
            if isinstance(stage, Across):
                layer = self._walked_on(index, stage, layers[-1], limit)
            else:
                layer = self._visited(index, stage, layers[-1], limit)
            if self.tries > self._most_tries:
                self.least_dropped = 0.0
                return None
            if len(layer) > states:
                layer = self._narrowed(index, layer, states)
            layers.append(layer)
            if stage.may_finish:
                finished = self._shortest_finished(stage, layer)
                if finished is not None and layer[finished][1] < limit:
                    limit, last, final = layer[finished][1], index, finished
        if last < 0:
            return None
        return _Found(limit, self._walk(layers[: last + 2], final))

    def _visited(self, index: int, stage: Visit, layer: _Layer, limit: float) -> _Layer:
        """Every state that `layer` leads to through `stage` and that may still end below `limit`.

        The innermost loop of all: what does not change in it is looked up before.
        """
        low = stage.low
        prices = self._priced.prices[stage.column]
        ways = sorted(
            (
                (
                    way.metres + way.low * prices[low] + way.high * prices[low + 1],
                    move.targets,
                    _surplus_code(low, way.low) + _surplus_code(low + 1, way.high),
                    way,
                )
                for move in stage.moves
                for way in move.ways
            ),
            key=lambda entry: entry[0],
        )
        rest, rest_walked = self._rests_after(index)
        prices_of_ways = [way_priced for way_priced, *_ in ways]
        most = limit - float(self._priced.rests[index + 1].min())
        visited: _Layer = {}
        for key, (priced, metres, _, _, _) in layer.items():
            number = key & NUMBER_MASK
            surplus = key - number
            not_too_dear = bisect_left(prices_of_ways, most - priced)
            self.tries += not_too_dear
            for way_priced, targets, change, way in ways[:not_too_dear]:
                total = priced + way_priced
                target = targets[number]
                if total + rest[target] >= limit:
                    continue
                walked = metres + way.metres
                if walked + rest_walked[target] >= limit:
                    continue
                after = surplus + change + target
                known = visited.get(after)
                if known is None or total < known[0]:
                    visited[after] = (total, walked, key, way, False)
        return visited

    def _walked_on(self, index: int, stage: Across, layer: _Layer, limit: float) -> _Layer:
        """The same for a stretch of cross-aisle, walked on by each surplus.

        A balanced crossing is walked on from there and back, or not at all.
        """
        cross, width = stage.cross, stage.metres
        prices = self._priced.prices
        rise = prices[stage.column][cross] - prices[stage.column - 1][cross]
        parity, left_behind = stage.onward[:2]
        rest, rest_walked = self._rests_after(index)
        shift = NUMBER_BITS + SURPLUS_BITS * cross
        walked_on: _Layer = {}
        for key, (priced, metres, _, _, _) in layer.items():
            number = key & NUMBER_MASK
            count = (key >> shift & SURPLUS_MASK) - SURPLUS_ZERO
            ways = [(key, abs(count), False)]
            if not count and parity[number]:
                ways = [(key, 2, True)]
                if left_behind[number] >= 0:
                    ways.append((key - number + left_behind[number], 0, False))
            for after, stretches, there_and_back in ways:
                total = priced + stretches * width + count * rise
                walked = metres + stretches * width
                target = after & NUMBER_MASK
                if total + rest[target] >= limit or walked + rest_walked[target] >= limit:
                    continue
                known = walked_on.get(after)
                if known is None or total < known[0]:
                    walked_on[after] = (total, walked, key, None, there_and_back)
        return walked_on

    def _rests_after(self, index: int) -> tuple[Sequence[float], Sequence[float]]:
        """The least metres left from each state after a stage, priced and as walked.

        An array is slow where its numbers are taken out one at a time; a view on it is not.
        """
        return self._priced.rests[index + 1].data, self._unpriced.rests[index + 1].data

    def _narrowed(self, index: int, layer: _Layer, states: int) -> _Layer:
        rest, _ = self._rests_after(index)
        ranked = sorted(
            (priced + rest[key & NUMBER_MASK], key) for key, (priced, *_) in layer.items()
        )
        self.least_dropped = min(self.least_dropped, ranked[states][0])
        return {key: layer[key] for _, key in ranked[:states]}

    def _shortest_finished(self, stage: Stage, layer: _Layer) -> _Key | None:
        """The complete walk in a layer that is the shortest, if there is one."""
        finished = [
            (reached[1], key)
            for key, reached in layer.items()
            if key & ~NUMBER_MASK == self._balanced and stage.complete[key & NUMBER_MASK]
        ]
        return min(finished)[1] if finished else None

    def _walk(self, layers: Sequence[_Layer], final: _Key) -> list[Place]:
        """The walk whose last layer is reached in `final`."""
        legs: list[Leg] = []
        begin: Facing | None = None
        key = final
        for index in range(len(layers) - 2, -1, -1):
            stage = self._stages[index]
            _, _, before, way, there_and_back = layers[index + 1][key]
            assert before is not None  # only the state before the first stage has none
            if way is not None:
                legs += way.legs
                begin = begin or way.start
            elif isinstance(stage, Across):
                legs += self._along(stage, _surplus_at(before, stage.cross), there_and_back)
            key = before
        facing = begin or Facing(self._task.start, 0)
        walk = join_legs(legs, start=facing, one_way=True)
        return _without_repeats([node.place for node in walk])

    def _along(self, stage: Across, surplus: int, there_and_back: bool) -> list[Leg]:
        y = self._task.layout.cross_y[stage.cross]
        left, right = (
            Facing(Place(column.aisle, y), 0)
            for column in self._task.columns[stage.column - 1 : stage.column + 1]
        )
        if there_and_back:
            return [(left, right), (right, left)]
        return [(left, right) if surplus > 0 else (right, left)] * abs(surplus)


def _surplus_code(cross: int, surplus: int) -> int:
    """What a surplus at a crossing adds to a key."""
    return surplus << (NUMBER_BITS + SURPLUS_BITS * cross)


def _surplus_at(key: _Key, cross: int) -> int:
    return (key >> (NUMBER_BITS + SURPLUS_BITS * cross) & SURPLUS_MASK) - SURPLUS_ZERO


def _without_repeats(walk: Sequence[Place]) -> list[Place]:
    return [place for n, place in enumerate(walk) if n == 0 or place != walk[n - 1]]


def _allowed(layout: Layout, walk: Sequence[Place]) -> bool:
    """Whether a walk along one aisle keeps to its direction."""
    direction = layout.direction(walk[0].aisle)
    backwards = {Direction.UP: -1, Direction.DOWN: 1, Direction.BOTH: 0}[direction]
    return all((there.y - here.y) * backwards <= 0 for here, there in pairwise(walk))


def _most_passes(layout: Layout, spare_metres: float) -> int:
    """No walk that is longer than the unpriced bound by so much has more passes of a sub-aisle.

    Taking away two passes of a sub-aisle at a time, down to two, changes no parity and tears
    nothing apart; what is left is not below that bound, and the rest of the passes is what the walk
    is longer by. Two more allow for ends inside.
    """
    shortest = min(high - low for low, high in pairwise(layout.cross_y))
    return 4 + math.floor(spare_metres / shortest)


def _tolerance(metres: float) -> float:
    return 0.0 if math.isinf(metres) else 1e-9 * (1.0 + metres)
