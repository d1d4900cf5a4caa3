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
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import NamedTuple

from fulfillment.domain.routing import frontier, rectangle, subaisle
from fulfillment.domain.routing.exact import best_visit, nearest_next
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

Leg = tuple[Facing, ...]


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


@dataclass(frozen=True, slots=True)
class Way:
    """One way to carry out a step: its metres, its legs and what it adds to two crossings."""

    metres: float
    low: int
    high: int
    touches_low: bool
    touches_high: bool
    joined: bool
    legs: tuple[Leg, ...]
    start: Facing | None = None  # where the walk begins, if it begins in this step


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
        passes=_passes_within(layout, found.metres),
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
            ways = sorted(self._ways(step, passes), key=lambda way: way.metres)
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

    def _ways(self, step: Step, passes: int) -> Iterator[Way]:
        """Every way worth having through a sub-aisle."""
        best: dict[tuple[object, ...], Way] = {}
        aisle = step.column.aisle
        low, high = self._layout.cross_y[step.block : step.block + 2]
        ys = step.column.picks[step.block]
        events = {
            y: (Place(aisle, y) == self._start, Place(aisle, y) == self._end)
            for y in step.column.ends[step.block]
        }
        block = _Block(self._layout, aisle, low, high, tuple(ys), events)
        for way in block.ways(passes):
            if events and not way.touches_low and not way.touches_high:
                continue
            key = (way.low, way.high, way.touches_low, way.touches_high, way.joined)
            if key not in best or way.metres < best[key].metres:
                best[key] = way
        yield from best.values()

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


@dataclass(frozen=True, slots=True)
class _Block:
    """A sub-aisle: its crossings, its picks, and which ends of the walk are inside it.

    `events` maps a position to whether the walk begins and ends there.
    """

    layout: Layout
    aisle: int
    low: float
    high: float
    ys: tuple[float, ...]
    events: dict[float, tuple[bool, bool]]

    def ways(self, passes: int) -> Iterator[Way]:
        direction = self.layout.direction(self.aisle)
        if direction is Direction.BOTH and self.aisle not in self.layout.no_turning:
            yield from self._with_turning(passes)
        else:
            yield from self._in_lanes(direction, passes)

    def _stretches(self) -> list[tuple[float, ...]]:
        nodes = (self.low, *sorted(self.events), self.high)
        return [(a, *(y for y in self.ys if a < y < b), b) for a, b in pairwise(nodes)]

    def _with_turning(self, passes: int) -> Iterator[Way]:
        """Net passes upwards in each stretch; where there are none, twice or with one gap."""
        stretches = self._stretches()
        for first in range(-passes, passes + 1):
            flows = [first]
            for y in sorted(self.events):
                begins, ends = self.events[y]
                flows.append(flows[-1] + begins - ends)
            gaps: list[tuple[int, int] | None] = [None]
            for index, flow in enumerate(flows):
                if flow == 0:
                    gaps += [(index, gap) for gap in range(len(stretches[index]) - 1)]
            for gap in gaps:
                yield self._turning_way(stretches, flows, gap)

    def _turning_way(
        self,
        stretches: Sequence[tuple[float, ...]],
        flows: Sequence[int],
        gap: tuple[int, int] | None,
    ) -> Way:
        legs: list[tuple[float, ...]] = []
        for index, (stretch, flow) in enumerate(zip(stretches, flows, strict=True)):
            if flow:
                legs += [stretch if flow > 0 else stretch[::-1]] * abs(flow)
            elif gap is not None and gap[0] == index:
                legs += subaisle.split(stretch, gap[1])
            else:
                legs += [stretch, stretch[::-1]]
        last = len(stretches) - 1
        begins = [y for y, (begin, _) in self.events.items() if begin]
        return Way(
            metres=_metres(legs),
            low=-flows[0],
            high=flows[-1],
            touches_low=gap != (0, 0),
            touches_high=gap != (last, len(stretches[last]) - 2),
            joined=gap is None,
            legs=tuple(tuple(self._node(y, 0) for y in leg) for leg in legs),
            start=Facing(Place(self.aisle, begins[0]), 0) if begins else None,
        )

    def _in_lanes(self, direction: Direction, passes: int) -> Iterator[Way]:
        """Without turning, up and down are two lanes that only meet at the crossings."""
        facings = {Direction.UP: (1,), Direction.DOWN: (-1,), Direction.BOTH: (1, -1)}[direction]
        ups = range(passes + 1) if 1 in facings else (0,)
        downs = range(passes + 1) if -1 in facings else (0,)
        begins = [y for y, (begin, _) in self.events.items() if begin]
        ends = [y for y, (_, end) in self.events.items() if end]
        for up, down in product(ups, downs):
            if min(up, down) > 1:
                continue
            for begin_facing in facings if begins else (0,):
                for end_facing in facings if ends else (0,):
                    way = self._lane_way(up, down, begin_facing, end_facing)
                    if way is not None:
                        yield way

    def _lane_way(self, up: int, down: int, begin_facing: int, end_facing: int) -> Way | None:
        """The way with so many passes up and down above the lower crossing, if there is one."""
        stretches = self._stretches()
        passes = [(up, down)]
        for y in sorted(self.events):
            begins, ends = self.events[y]
            if begins and ends and begin_facing == end_facing and not (up, down)[begin_facing < 0]:
                return None  # a round trip that would leave its own start out
            up += (begins and begin_facing > 0) - (ends and end_facing > 0)
            down += (ends and end_facing < 0) - (begins and begin_facing < 0)
            passes.append((up, down))
        legs: list[Leg] = []
        empty = []
        for stretch, (ups, downs) in zip(stretches, passes, strict=True):
            if min(ups, downs) < 0:
                return None
            if ups + downs == 0:
                if len(stretch) > 2:
                    return None
                empty.append(stretch)
            legs += [tuple(self._node(y, 1) for y in stretch)] * ups
            legs += [tuple(self._node(y, -1) for y in reversed(stretch))] * downs
        if len(empty) > 1:
            return None
        (first_up, first_down), (last_up, last_down) = passes[0], passes[-1]
        begin = [y for y, (begins, _) in self.events.items() if begins]
        return Way(
            metres=_metres([[node.place.y for node in leg] for leg in legs]),
            low=first_down - first_up,
            high=last_up - last_down,
            touches_low=first_up + first_down > 0,
            touches_high=last_up + last_down > 0,
            joined=not empty,
            legs=tuple(legs),
            start=self._node(begin[0], begin_facing) if begin else None,
        )

    def _node(self, y: float, facing: int) -> Facing:
        return Facing(Place(self.aisle, y), 0 if y in (self.low, self.high) else facing)


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


def _metres(legs: Iterable[Sequence[float]]) -> float:
    return sum(abs(b - a) for leg in legs for a, b in pairwise(leg))


def _allowed(layout: Layout, walk: Sequence[Place]) -> bool:
    """Whether a walk along one aisle keeps to its direction."""
    direction = layout.direction(walk[0].aisle)
    backwards = {Direction.UP: -1, Direction.DOWN: 1, Direction.BOTH: 0}[direction]
    return all((there.y - here.y) * backwards <= 0 for here, there in pairwise(walk))


def _passes_within(layout: Layout, metres: float) -> int:
    """How often a walk of `metres` can pass the shortest sub-aisle, the aisles being enough."""
    shortest = min(high - low for low, high in pairwise(layout.cross_y))
    most = 2 * len(layout.aisle_x) + 2
    return most if math.isinf(metres) else min(most, math.ceil(metres / shortest))


def _tolerance(metres: float) -> float:
    return 0.0 if math.isinf(metres) else 1e-9 * (1.0 + metres)
