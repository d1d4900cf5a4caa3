"""The shortest walk through a rectangular area whose aisles may be walked both ways.

A dynamic programme over the aisles, exact for 2 to 5 cross-aisles. Its states are those of
`frontier`; a step is a sub-aisle, a crossing to visit, or the way to the next aisle. Time grows
linearly with the aisles in use: see `docs/planning.md` for measured figures.

Only aisles that hold something to visit need to be looked at: a pass through another one can be
shifted along the cross-aisles, in the direction that does not lengthen the walk, until it meets an
aisle in use. Where some aisles cannot be turned in, all aisles are kept.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from fulfillment.domain.routing import frontier, subaisle
from fulfillment.domain.routing.frontier import Space, State, Table
from fulfillment.domain.routing.layout import Layout, Place
from fulfillment.domain.routing.walk import join_legs

Leg = tuple[Place, ...]


@dataclass(slots=True)
class Column:
    """What there is to visit in one aisle."""

    aisle: int
    picks: list[list[float]]  # by block, strictly between its crossings, increasing
    ends: list[list[float]]  # by block, likewise; twice the same for a round trip
    crossings: list[int] = field(default_factory=list)  # cross-aisles to visit
    end_crossings: list[int] = field(default_factory=list)

    @property
    def in_use(self) -> bool:
        return bool(self.crossings or self.end_crossings or any(self.picks) or any(self.ends))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the programme: moves between states, and what they mean on the floor."""

    table: Table
    weights: Sequence[float]
    states: tuple[State, ...]  # after the step
    column: Column
    block: int  # the sub-aisle, or one of the marks below
    options: tuple[subaisle.Option, ...] = ()
    may_finish: bool = False  # nothing is left to visit after it


AT_CROSSING, ACROSS = -1, -2


def shortest_walk(
    layout: Layout, places: Sequence[Place], *, start: Place, end: Place
) -> tuple[float, list[Place]]:
    """Metres and turning points of a shortest walk from `start` past all `places` to `end`.

    The places are checked ones of `layout`, whose aisles may all be walked both ways.
    """
    inside = walk_in_one_aisle(layout, places, start=start, end=end)
    if inside is not None:
        return sum(abs(b.y - a.y) for a, b in pairwise(inside)), inside
    steps = steps_of(layout, columns_of(layout, places, start=start, end=end))
    costs = _forward(layout, steps)
    metres, last, final = min(
        (costs[index + 1][state], index, state)
        for index, step in enumerate(steps)
        if step.may_finish
        for state, reached in enumerate(step.states)
        if reached.complete
    )
    legs = _backward(layout, steps[: last + 1], costs, final)
    return metres, join_legs(legs, start=start)


def columns_of(
    layout: Layout, places: Sequence[Place], *, start: Place, end: Place
) -> list[Column]:
    """The aisles to look at, from left to right, with what is to be visited in each."""
    blocks = layout.blocks
    columns = [
        Column(aisle, [[] for _ in range(blocks)], [[] for _ in range(blocks)])
        for aisle in range(len(layout.aisle_x))
    ]
    for place in sorted({*places, start, end}):
        column = columns[place.aisle]
        cross = bisect_right(layout.cross_y, place.y) - 1
        at_crossing = layout.cross_y[cross] == place.y
        ends_here = [end.y for end in (start, end) if end == place]
        if ends_here and not at_crossing:
            column.ends[cross] += ends_here
        elif len(ends_here) == 1:
            column.end_crossings.append(cross)
        elif at_crossing:
            column.crossings.append(cross)
        else:
            column.picks[cross].append(place.y)
    if layout.no_turning:
        return columns
    return [column for column in columns if column.in_use]


def walk_in_one_aisle(
    layout: Layout, places: Sequence[Place], *, start: Place, end: Place
) -> list[Place] | None:
    """The shortest walk where one aisle holds everything and need not be left."""
    stops = sorted({*places, start, end})
    low, high = stops[0], stops[-1]
    if low.aisle != high.aisle:
        return None
    if {low, high} == {start, end}:
        return stops if start == low else stops[::-1]
    if start.aisle in layout.no_turning:
        return None
    up_first = high.y - start.y + high.y - low.y + end.y - low.y
    down_first = start.y - low.y + high.y - low.y + high.y - end.y
    first, last = (high, low) if up_first < down_first else (low, high)
    walk = [start]
    for turn in (first, last, end):
        walk += _between(stops, walk[-1], turn)
    return walk


def _between(stops: list[Place], here: Place, there: Place) -> list[Place]:
    """The stops after `here` up to `there`, in walking order."""
    low, high = sorted((stops.index(here), stops.index(there)))
    passed = stops[low : high + 1]
    return (passed if here <= there else passed[::-1])[1:]


def steps_of(layout: Layout, columns: Sequence[Column]) -> list[Step]:
    """All steps of the programme, from the left-most column to the right-most."""
    size = len(layout.cross_y)
    ends_met = 0
    steps: list[Step] = []
    last_in_use = max(index for index, column in enumerate(columns) if column.in_use)
    for index, column in enumerate(columns):
        if index:
            width = layout.aisle_x[column.aisle] - layout.aisle_x[columns[index - 1].aisle]
            weights = [width * stretches for stretches in range(2 * size + 1)]
            here = frontier.space(size, ends_met)
            steps.append(Step(here.across, weights, here.states, column, ACROSS))
        steps += _crossing_steps(size, column, ends_met)
        ends_met += len(column.end_crossings)
        steps += _block_steps(layout, column, ends_met)
        ends_met += sum(map(_odd_ends, column.ends))
        if index >= last_in_use:
            steps[-1] = replace(steps[-1], may_finish=True)
    return steps


def _crossing_steps(size: int, column: Column, ends_met: int) -> Iterator[Step]:
    """The crossings of a column that must be visited, and those that are ends of the walk."""
    for cross in column.crossings:
        table = frontier.touching(size, cross, ends_met)
        yield Step(table, (0.0,), frontier.space(size, ends_met).states, column, AT_CROSSING)
    for cross in column.end_crossings:
        table = frontier.ending(size, cross, ends_met)
        ends_met += 1
        yield Step(table, (0.0,), frontier.space(size, ends_met).states, column, AT_CROSSING)


def _block_steps(layout: Layout, column: Column, ends_met: int) -> Iterator[Step]:
    size = len(layout.cross_y)
    turning = column.aisle not in layout.no_turning
    for block, (low, high) in enumerate(pairwise(layout.cross_y)):
        here = frontier.space(size, ends_met)
        ys, ends = column.picks[block], column.ends[block]
        weights: Sequence[float]
        if ends:
            options = tuple(subaisle.end_options(low, high, ys, ends, turning=turning))
            ends_met += _odd_ends(ends)
            there = frontier.space(size, ends_met)
            table = _end_table(here, there, block, options)
            weights = [option.length for option in options]
            yield Step(table, weights, there.states, column, block, options)
        elif not ys:
            weights = (high - low, 2 * (high - low), 0.0)
            yield Step(here.empty[block], weights, here.states, column, block)
        else:
            weights = (
                subaisle.filled_weights(low, high, ys)
                if turning
                else subaisle.weights_without_turning(low, high)
            )
            yield Step(here.filled[block], weights, here.states, column, block)


def _odd_ends(ends: Sequence[float]) -> int:
    """How many places of odd degree the ends in a sub-aisle make: a round trip makes none."""
    return len(ends) if len(set(ends)) == len(ends) else 0


def _end_table(here: Space, there: Space, block: int, options: Sequence[subaisle.Option]) -> Table:
    moves = []
    for choice, (_, add_low, add_high, joined, _) in enumerate(options):
        for source, state in enumerate(here.states):
            linked: State = state.linked(block, add_low=add_low, add_high=add_high, joined=joined)
            moves.append((source, there.number[linked], choice))
    return Table.of(moves, targets=len(there.states))


def _forward(layout: Layout, steps: Sequence[Step]) -> list[list[float]]:
    """The cheapest way into each state, before the first step and after each."""
    size = len(layout.cross_y)
    here = frontier.space(size, 0)
    cost = [math.inf] * len(here.states)
    cost[here.number[frontier.untouched(size)]] = 0.0
    costs = [cost]
    for step in steps:
        after = [math.inf] * len(step.states)
        for choice, pairs in step.table.groups:
            weight = step.weights[choice]
            for source, target in pairs:
                total = cost[source] + weight
                if total < after[target]:
                    after[target] = total
        costs.append(after)
        cost = after
    return costs


def _backward(
    layout: Layout, steps: Sequence[Step], costs: Sequence[Sequence[float]], final: int
) -> list[Leg]:
    """The legs of the shortest walk, found again from the costs alone."""
    legs: list[Leg] = []
    state = final
    for index in range(len(steps) - 1, -1, -1):
        step, before, cost = steps[index], costs[index], costs[index + 1][state]
        source, choice = next(
            (source, choice)
            for source, choice in step.table.into[state]
            if before[source] + step.weights[choice] == cost
        )
        if step.block == ACROSS:
            left = steps[index - 1].column.aisle
            # On arrival a crossing's degree is the number of stretches that lead to it.
            stretches = step.states[state].parity
            legs += _across_legs(layout, stretches, left=left, right=step.column.aisle)
        elif step.block >= 0:
            legs += _subaisle_legs(layout, step, choice)
        state = source
    return legs


def _across_legs(layout: Layout, stretches: Sequence[int], *, left: int, right: int) -> list[Leg]:
    return [
        (Place(left, y), Place(right, y))
        for y, count in zip(layout.cross_y, stretches, strict=True)
        for _ in range(count)
    ]


def _subaisle_legs(layout: Layout, step: Step, choice: int) -> list[Leg]:
    column = step.column
    low, high = layout.cross_y[step.block : step.block + 2]
    if step.options:
        legs = step.options[choice].legs
    elif column.picks[step.block]:
        turning = column.aisle not in layout.no_turning
        legs = subaisle.filled_legs(choice, low, high, column.picks[step.block], turning=turning)
    else:
        legs = subaisle.empty_legs(choice, low, high)
    return [tuple(Place(column.aisle, y) for y in leg) for leg in legs]
