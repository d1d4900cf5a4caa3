"""The shortest walk through a rectangular area some of whose aisles are one-way.

What a half-built walk means for the rest is now, for each crossing of the column, how many more
times it has been reached than left, besides which crossings hang together. There is no end to
those numbers, so the states are found as they are reached, and those that cannot become shorter
than a walk already known are dropped: `rectangle` gives what the rest takes at least, with every
aisle open both ways. A first, narrow search finds the walk to beat, a second one proves it. Where
the second would take too long, the walk is the best found and not proven. A few stops are proven by
trying every order of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import NamedTuple

from fulfillment.domain.routing import frontier, rectangle
from fulfillment.domain.routing.exact import best_visit, nearest_next
from fulfillment.domain.routing.lanes import Leg, SubAisle, Way
from fulfillment.domain.routing.layout import Direction, Layout, LayoutError, Place
from fulfillment.domain.routing.oriented import Facing, nodes_of, oriented_graph
from fulfillment.domain.routing.rectangle import ACROSS, AT_CROSSING, Step
from fulfillment.domain.routing.walk import join_legs

# States kept after each step of the first search, and passes of an aisle that it looks at.
NARROW_STATES, NARROW_PASSES = 60, 2
# The same where the first search finds no walk at all.
WIDE_STATES, WIDE_PASSES = 300, 4
# Ways tried by the search for a proof before it gives up: half a second or so.
PROOF_TRIES = 40_000
# Up to so many stops a proof comes sooner from trying every order.
FEW_STOPS = 8


class Flow(NamedTuple):
    """Surplus of arrivals over departures of each crossing of a column, and its component."""

    surplus: tuple[int, ...]
    component: tuple[int, ...]

    def parity_state(self) -> frontier.State:
        """The same as seen by a walk that may use every aisle both ways."""
        parity = tuple(
            0 if not component else frontier.ODD if surplus % 2 else frontier.EVEN
            for surplus, component in zip(self.surplus, self.component, strict=True)
        )
        return frontier.State(parity, self.component)


class _Reached(NamedTuple):
    """The cheapest way found to a state."""

    metres: float
    before: Flow | None
    legs: tuple[Leg, ...]
    start: Facing | None


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
    few_stops: int = FEW_STOPS,
) -> OneWayWalk:
    """A shortest walk from `start` past all `places` to `end`, proven if it equals its bound.

    Up to `few_stops` places are proven by trying every order of them. Raises LayoutError where the
    one-way aisles leave no walk at all.
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
    columns = rectangle.columns_of(relaxed, places, start=start, end=end)
    search = _Search(layout, rectangle.steps_of(relaxed, columns), start=start, end=end)
    found = search.run(states=NARROW_STATES, passes=NARROW_PASSES)
    if found is not None and found.metres <= search.least + _tolerance(search.least):
        return OneWayWalk(found.metres, found.metres, found.walk)
    if len(set(places)) <= few_stops:
        tried = _on_graph(best_visit, layout, places, start=start, end=end)
        return OneWayWalk(tried.metres, tried.metres, tried.walk)
    if found is None:
        found = _on_graph(nearest_next, layout, places, start=start, end=end)
        wider = search.run(shorter_than=found.metres, states=WIDE_STATES, passes=WIDE_PASSES)
        found = wider or found
    better = search.run(
        shorter_than=found.metres,
        passes=_most_passes(layout, spare_metres=found.metres - search.least),
        tries=PROOF_TRIES,
    )
    found = better or found
    bound = found.metres if search.was_complete else min(search.least, found.metres)
    return OneWayWalk(found.metres, bound, found.walk)


def _on_graph(
    method: Callable[..., tuple[float, list[Facing]]],
    layout: Layout,
    places: Sequence[Place],
    *,
    start: Place,
    end: Place,
) -> _Found:
    """The walk that a method of `exact` finds."""
    metres, nodes = method(
        oriented_graph(layout, [*places, start, end]),
        [nodes_of(layout, place) for place in sorted(set(places))],
        starts=nodes_of(layout, start),
        ends=nodes_of(layout, end),
    )
    if math.isinf(metres):
        raise LayoutError("no-walk-in-these-directions")
    return _Found(metres, _without_repeats([node.place for node in nodes]))


class _Found(NamedTuple):
    metres: float
    walk: list[Place]


class _Search:
    """The programme over `steps`, widening from state to state."""

    def __init__(self, layout: Layout, steps: Sequence[Step], *, start: Place, end: Place) -> None:
        self._layout = layout
        self._steps = steps
        self._start = start
        self._end = end
        self._rest = _least_rest(steps)
        size = len(layout.cross_y)
        self._nothing = Flow((0,) * size, (0,) * size)
        self._number = [{state: i for i, state in enumerate(step.states)} for step in steps]
        first = frontier.space(size, 0).number[frontier.untouched(size)]
        self.least = self._rest[0][first]
        self.was_complete = True

    def run(
        self,
        *,
        passes: int,
        shorter_than: float = math.inf,
        states: int | None = None,
        tries: int | None = None,
    ) -> _Found | None:
        """The shortest walk below `shorter_than` with at most `passes` of any sub-aisle each way.

        Keeping no more than `states` after each step, or ending after `tries`, it may miss it:
        `was_complete` says whether it can have.
        """
        self.was_complete = True
        self._tries = math.inf if tries is None else tries
        layers: list[dict[Flow, _Reached]] = [
            {self._nothing: _Reached(0.0, None, (), None)},
        ]
        best, last, final = shorter_than - _tolerance(shorter_than), -1, self._nothing
        for index, step in enumerate(self._steps):
            layer = self._widened(index, layers[-1], best, passes)
            if self._tries < 0:
                self.was_complete = False
                return None
            if states is not None and len(layer) > states:
                self.was_complete = False
                layer = self._narrowed(index, layer, states)
            layers.append(layer)
            if step.may_finish:
                for flow, reached in layer.items():
                    if reached.metres < best and not any(flow.surplus) and max(flow.component) == 1:
                        best, last, final = reached.metres, index, flow
        if last < 0:
            return None
        return _Found(best, self._walk(layers[: last + 2], final))

    def _widened(
        self, index: int, layer: dict[Flow, _Reached], limit: float, passes: int
    ) -> dict[Flow, _Reached]:
        """Every state that `layer` leads to and that may still end below `limit`."""
        step = self._steps[index]
        rest, number = self._rest[index + 1], self._number[index]
        widened: dict[Flow, _Reached] = {}
        ways: list[Way] = []
        if step.block >= 0:
            ways = self._ways(step, passes)
        least_rest = min(rest)
        for flow, (metres, _, _, _) in layer.items():
            if self._tries < 0:
                break
            for after, way in self._next(index, flow, ways):
                self._tries -= 1
                total = metres + way.metres
                if total + least_rest >= limit:
                    if step.block >= 0:
                        break  # the other ways are longer still
                    continue
                known = widened.get(after)
                if known is not None and known.metres <= total:
                    continue
                if total + rest[number[after.parity_state()]] < limit:
                    widened[after] = _Reached(total, flow, way.legs, way.start)
        return widened

    def _narrowed(
        self, index: int, layer: dict[Flow, _Reached], states: int
    ) -> dict[Flow, _Reached]:
        rest, number = self._rest[index + 1], self._number[index]

        def least(entry: tuple[Flow, _Reached]) -> tuple[float, Flow]:
            flow, reached = entry
            return reached.metres + rest[number[flow.parity_state()]], flow

        return dict(sorted(layer.items(), key=least)[:states])

    def _next(self, index: int, flow: Flow, ways: Sequence[Way]) -> Iterator[tuple[Flow, Way]]:
        step = self._steps[index]
        if step.block == ACROSS:
            left = self._steps[index - 1].column.aisle
            yield from _across(self._layout, flow, left=left, right=step.column.aisle)
        elif step.block == AT_CROSSING:
            yield self._at_crossing(index, flow)
        else:
            for way in ways:
                yield _linked(flow, step.block, way), way

    def _at_crossing(self, index: int, flow: Flow) -> tuple[Flow, Way]:
        column = self._steps[index].column
        earlier = index - self._first_crossing_step(index)
        cross = [*column.crossings, *column.end_crossings][earlier]
        here = Place(column.aisle, self._layout.cross_y[cross])
        begins, ends = here == self._start, here == self._end
        surplus = list(flow.surplus)
        component = list(flow.component)
        surplus[cross] += begins - ends
        component[cross] = component[cross] or max(component) + 1
        way = Way(0.0, 0, 0, False, False, False, (), start=Facing(here, 0) if begins else None)
        return _canonical(surplus, component), way

    def _first_crossing_step(self, index: int) -> int:
        while index and self._steps[index - 1].block == AT_CROSSING:
            index -= 1
        return index

    def _ways(self, step: Step, passes: int) -> list[Way]:
        """Every way worth having through a sub-aisle, the shortest first."""
        aisle = step.column.aisle
        low, high = self._layout.cross_y[step.block : step.block + 2]
        ends = {
            y: (Place(aisle, y) == self._start, Place(aisle, y) == self._end)
            for y in step.column.ends[step.block]
        }
        picks = tuple(step.column.picks[step.block])
        return SubAisle(self._layout, aisle, low, high, picks, ends).best_ways(passes)

    def _walk(self, layers: Sequence[dict[Flow, _Reached]], final: Flow) -> list[Place]:
        legs: list[Leg] = []
        begin: Facing | None = None
        flow: Flow | None = final
        for layer in reversed(layers):
            if flow is not None:
                reached = layer[flow]
                legs += reached.legs
                begin = begin or reached.start
                flow = reached.before
        facing = begin or Facing(self._start, 0)
        walk = join_legs(legs, start=facing, one_way=True)
        return _without_repeats([node.place for node in walk])


def _least_rest(steps: Sequence[Step]) -> list[list[float]]:
    """The least metres from each state to a complete walk, before the first step and after each.

    With every aisle open both ways; that is what makes it a lower bound for one-way aisles.
    """
    rest = [math.inf] * len(steps[-1].states)
    rests: list[list[float]] = []
    for step in reversed(steps):
        if step.may_finish:
            rest = [
                0.0 if state.complete else least
                for state, least in zip(step.states, rest, strict=True)
            ]
        rests.append(rest)
        sources = 1 + max(source for _, pairs in step.table.groups for source, _ in pairs)
        before = [math.inf] * sources
        for choice, pairs in step.table.groups:
            weight = step.weights[choice]
            for source, target in pairs:
                before[source] = min(before[source], rest[target] + weight)
        rest = before
    rests.append(rest)
    return rests[::-1]


def _across(layout: Layout, flow: Flow, *, left: int, right: int) -> Iterator[tuple[Flow, Way]]:
    """Each surplus walks on to the next column; a balanced crossing may be left behind."""
    width = layout.aisle_x[right] - layout.aisle_x[left]
    balanced = [
        cross
        for cross, component in enumerate(flow.component)
        if component and not flow.surplus[cross]
    ]
    for kept in product((False, True), repeat=len(balanced)):
        there_and_back = {cross for cross, keep in zip(balanced, kept, strict=True) if keep}
        component = [
            c if flow.surplus[cross] or cross in there_and_back else 0
            for cross, c in enumerate(flow.component)
        ]
        if set(component) - {0} != set(flow.component) - {0}:
            continue
        legs: list[Leg] = []
        for cross, y in enumerate(layout.cross_y):
            here, there = Facing(Place(left, y), 0), Facing(Place(right, y), 0)
            surplus = flow.surplus[cross]
            legs += [(here, there) if surplus > 0 else (there, here)] * abs(surplus)
            if cross in there_and_back:
                legs += [(here, there), (there, here)]
        way = Way(width * len(legs), 0, 0, False, False, False, tuple(legs))
        yield _canonical(flow.surplus, component), way


def _linked(flow: Flow, low: int, way: Way) -> Flow:
    high = low + 1
    surplus = list(flow.surplus)
    surplus[low] += way.low
    surplus[high] += way.high
    component = flow.component
    new_low = way.touches_low and not component[low]
    new_high = way.touches_high and not component[high]
    if not new_low and not new_high and (not way.joined or component[low] == component[high]):
        return Flow(tuple(surplus), component)
    named = list(component)
    if new_low:
        named[low] = max(named) + 1
    if new_high:
        named[high] = max(named) + 1
    if way.joined:
        kept, lost = named[low], named[high]
        named = [kept if c == lost else c for c in named]
    return _canonical(surplus, named)


def _canonical(surplus: Iterable[int], component: Iterable[int]) -> Flow:
    names: dict[int, int] = {0: 0}
    return Flow(tuple(surplus), tuple(names.setdefault(c, len(names)) for c in component))


def _without_repeats(walk: Sequence[Place]) -> list[Place]:
    return [place for n, place in enumerate(walk) if n == 0 or place != walk[n - 1]]


def _allowed(layout: Layout, walk: Sequence[Place]) -> bool:
    """Whether a walk along one aisle keeps to its direction."""
    direction = layout.direction(walk[0].aisle)
    backwards = {Direction.UP: -1, Direction.DOWN: 1, Direction.BOTH: 0}[direction]
    return all((there.y - here.y) * backwards <= 0 for here, there in pairwise(walk))


def _most_passes(layout: Layout, *, spare_metres: float) -> int:
    """More passes of a sub-aisle than this cost more than there is to spare.

    Taking away two passes of a sub-aisle at a time, down to two, leaves a walk for aisles open both
    ways; the rest of the passes is what the walk is longer by. Two more allow for ends inside.
    """
    shortest = min(high - low for low, high in pairwise(layout.cross_y))
    return 4 + math.floor(spare_metres / shortest)


def _tolerance(metres: float) -> float:
    return 0.0 if math.isinf(metres) else 1e-9 * (1.0 + metres)
