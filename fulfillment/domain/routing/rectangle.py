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
from collections.abc import Sequence
from dataclasses import dataclass, field
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
class _Step:
    """One step of the programme, kept for the way back."""

    table: Table
    weights: Sequence[float]
    before: list[float]
    after: list[float]
    column: Column
    block: int  # the sub-aisle, or one of the marks below
    options: tuple[subaisle.Option, ...] = ()
    states: tuple[State, ...] = ()  # those after a step across


_AT_CROSSING, _ACROSS = -1, -2


def shortest_walk(
    layout: Layout, places: Sequence[Place], *, start: Place, end: Place
) -> tuple[float, list[Place]]:
    """Metres and turning points of a shortest walk from `start` past all `places` to `end`.

    The places are checked ones of `layout`, whose aisles may all be walked both ways.
    """
    inside = _walk_in_one_aisle(layout, places, start=start, end=end)
    if inside is not None:
        return sum(abs(b.y - a.y) for a, b in pairwise(inside)), inside
    columns = columns_of(layout, places, start=start, end=end)
    steps, final = _forward(layout, columns)
    legs = _backward(layout, steps, final)
    return steps[-1].after[final], join_legs(legs, start=start)


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


def _walk_in_one_aisle(
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


def _forward(layout: Layout, columns: list[Column]) -> tuple[list[_Step], int]:
    """Run the programme; the last step returned ends in the shortest complete state."""
    size = len(layout.cross_y)
    ends_met = 0
    here = frontier.space(size, ends_met)
    cost = [math.inf] * len(here.states)
    cost[here.number[frontier.untouched(size)]] = 0.0
    steps: list[_Step] = []
    best: tuple[float, int, int] = (math.inf, 0, 0)
    last_in_use = max(index for index, column in enumerate(columns) if column.in_use)
    for index, column in enumerate(columns):
        if index:
            width = layout.aisle_x[column.aisle] - layout.aisle_x[columns[index - 1].aisle]
            weights = [width * stretches for stretches in range(2 * size + 1)]
            before, cost = cost, _relax(cost, here.across, weights)
            steps.append(
                _Step(here.across, weights, before, cost, column, _ACROSS, states=here.states)
            )
        for step in _column_steps(layout, column, cost, ends_met):
            cost = step.after
            steps.append(step)
        ends_met += len(column.end_crossings) + sum(map(_odd_ends, column.ends))
        here = frontier.space(size, ends_met)
        if index >= last_in_use:
            final = min(here.final, key=cost.__getitem__)
            best = min(best, (cost[final], len(steps), final))
    return steps[: best[1]], best[2]


def _column_steps(layout: Layout, column: Column, cost: list[float], ends_met: int) -> list[_Step]:
    size = len(layout.cross_y)
    steps: list[_Step] = []

    def add(
        table: Table,
        weights: Sequence[float],
        block: int,
        options: tuple[subaisle.Option, ...] = (),
    ) -> None:
        before = steps[-1].after if steps else cost
        after = _relax(before, table, weights)
        steps.append(_Step(table, weights, before, after, column, block, options))

    for cross in column.crossings:
        add(frontier.touching(size, cross)[ends_met], (0.0,), _AT_CROSSING)
    for cross in column.end_crossings:
        add(frontier.ending(size, cross)[ends_met], (0.0,), _AT_CROSSING)
        ends_met += 1
    turning = column.aisle not in layout.no_turning
    for block, (low, high) in enumerate(pairwise(layout.cross_y)):
        here = frontier.space(size, ends_met)
        ys, ends = column.picks[block], column.ends[block]
        if ends:
            options = tuple(subaisle.end_options(low, high, ys, ends, turning=turning))
            ends_met += _odd_ends(ends)
            table = _end_table(here, frontier.space(size, ends_met), block, options)
            add(table, [option.length for option in options], block, options)
        elif not ys:
            length = high - low
            add(here.empty[block], (length, 2 * length, 0.0), block)
        elif turning:
            add(here.filled[block], subaisle.filled_weights(low, high, ys), block)
        else:
            add(here.filled[block], subaisle.weights_without_turning(low, high), block)
    return steps


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


def _relax(cost: list[float], table: Table, weights: Sequence[float]) -> list[float]:
    after = [math.inf] * len(table.into)
    for choice, pairs in table.groups:
        weight = weights[choice]
        for source, target in pairs:
            total = cost[source] + weight
            if total < after[target]:
                after[target] = total
    return after


def _backward(layout: Layout, steps: list[_Step], final: int) -> list[Leg]:
    """The legs of the shortest walk, found again from the costs alone."""
    legs: list[Leg] = []
    state = final
    for index in range(len(steps) - 1, -1, -1):
        step = steps[index]
        cost = step.after[state]
        source, choice = next(
            (source, choice)
            for source, choice in step.table.into[state]
            if step.before[source] + step.weights[choice] == cost
        )
        if step.block == _ACROSS:
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


def _subaisle_legs(layout: Layout, step: _Step, choice: int) -> list[Leg]:
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
