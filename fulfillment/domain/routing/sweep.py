"""The stages in which a walk with one-way aisles is built, from the left-most aisle to the right.

A stage is a sub-aisle, a crossing to visit, or one stretch of cross-aisle on the way to the next
aisle. All that the part built so far means for the rest is the state of `frontier` and, for each
crossing of the column, by how much it has been reached more than left: its surplus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fulfillment.domain.routing import frontier
from fulfillment.domain.routing.lanes import SubAisle, Way
from fulfillment.domain.routing.layout import Layout, Place
from fulfillment.domain.routing.oriented import Facing
from fulfillment.domain.routing.rectangle import Column

Numbers = npt.NDArray[np.intp]
Truths = npt.NDArray[np.bool_]
# The number of the state that each state becomes. A search looks up one at a time, which a tuple is
# quicker at; bounds look up all at once.
Targets = tuple[int, ...]


class Move(NamedTuple):
    """Ways that differ in surplus only, and what the states become by any of them."""

    targets: Targets
    all_targets: Numbers
    ways: tuple[Way, ...]


class Onward(NamedTuple):
    """What the way on from one crossing of a column means for each state, by its number.

    The state stays where the crossing is walked on from and becomes `left_behind` where it is not,
    -1 where it has to be; `leaving` holds the sources and the targets of the latter.
    """

    parity: tuple[int, ...]
    left_behind: Targets
    all_parity: Numbers
    leaving: tuple[Numbers, Numbers]


@dataclass(frozen=True, slots=True)
class Visit:
    """A stage inside a column: one way of `moves`, at the crossings `low` and `low + 1`."""

    column: int
    low: int
    moves: tuple[Move, ...]
    complete: Truths  # whether each state after the stage is a whole walk
    may_finish: bool = False  # nothing is left to visit after it
    is_sub_aisle: bool = True

    @property
    def ways(self) -> list[Way]:
        return [way for move in self.moves for way in move.ways]


@dataclass(frozen=True, slots=True)
class Across:
    """A stage on the way to the next column: `metres` along one cross-aisle."""

    column: int  # the one walked to
    cross: int
    metres: float
    onward: Onward
    complete: Truths
    may_finish: bool = False


Stage = Visit | Across


@dataclass(frozen=True, slots=True)
class Task:
    """What there is to walk: all columns of a layout, and both ends."""

    layout: Layout
    columns: Sequence[Column]
    start: Place
    end: Place

    @property
    def size(self) -> int:
        return len(self.layout.cross_y)

    def is_end(self, column: Column, y: float) -> tuple[bool, bool]:
        """Whether the walk begins and ends there."""
        here = Place(column.aisle, y)
        return here == self.start, here == self.end


def stages_of(task: Task, *, passes: int) -> list[Stage]:
    """All stages, with at most `passes` of any sub-aisle each way.

    The walk begins in the state number 0, with nothing touched.
    """
    last_in_use = max(index for index, column in enumerate(task.columns) if column.in_use)
    ends_met = 0
    stages: list[Stage] = []
    for index, column in enumerate(task.columns):
        if index:
            stages += _across(task, index, ends_met)
        stages += _at_crossings(task, index, ends_met)
        ends_met += len(column.end_crossings)
        for block in range(task.layout.blocks):
            ends = {y: task.is_end(column, y) for y in column.ends[block]}
            met = ends_met + sum(begins != is_end for begins, is_end in ends.values())
            stages.append(_sub_aisle(task, index, block, ends, (ends_met, met), passes))
            ends_met = met
        if index >= last_in_use:
            stages[-1] = replace(stages[-1], may_finish=True)
    return stages


@cache
def _complete(size: int, ends_met: int) -> Truths:
    return np.array([state.complete for state in frontier.space(size, ends_met).states])


@cache
def _onward(size: int, cross: int, ends_met: int) -> Onward:
    states = frontier.space(size, ends_met).states
    left_behind = frontier.leaving(size, cross, ends_met)
    parity = tuple([state.parity[cross] for state in states])
    all_left_behind = np.array(left_behind)
    (may_leave,) = np.nonzero(all_left_behind >= 0)
    return Onward(
        parity=parity,
        left_behind=left_behind,
        all_parity=np.array(parity),
        leaving=(may_leave, all_left_behind[may_leave]),
    )


@cache
def _linking(
    size: int, low: int, degrees: tuple[int, int], joined: bool, ends: tuple[int, int]
) -> tuple[Targets, Numbers]:
    targets = frontier.linking(size, low, degrees, joined, ends)
    return targets, np.array(targets)


def _across(task: Task, index: int, ends_met: int) -> Iterator[Across]:
    left, right = (column.aisle for column in task.columns[index - 1 : index + 1])
    metres = task.layout.aisle_x[right] - task.layout.aisle_x[left]
    for cross in range(task.size):
        onward = _onward(task.size, cross, ends_met)
        yield Across(index, cross, metres, onward, _complete(task.size, ends_met))


def _at_crossings(task: Task, index: int, ends_met: int) -> Iterator[Visit]:
    """The crossings of a column that must be visited, and those that are ends of the walk."""
    column = task.columns[index]
    for cross in column.crossings:
        table = frontier.touching(task.size, cross, ends_met)
        yield _at_crossing(task, index, cross, table, ends_met)
    for cross in column.end_crossings:
        table = frontier.ending(task.size, cross, ends_met)
        ends_met += 1
        yield _at_crossing(task, index, cross, table, ends_met)


def _at_crossing(
    task: Task,
    index: int,
    cross: int,
    table: frontier.Table,
    ends_met: int,
) -> Visit:
    here = Place(task.columns[index].aisle, task.layout.cross_y[cross])
    begins, ends = task.is_end(task.columns[index], here.y)
    # The uppermost crossing is the upper one of its pair, every other one the lower.
    low = min(cross, task.size - 2)
    way = Way(
        metres=0.0,
        low=(begins - ends) * (cross == low),
        high=(begins - ends) * (cross != low),
        touches_low=False,
        touches_high=False,
        joined=False,
        legs=(),
        start=Facing(here, 0) if begins else None,
    )
    targets = tuple([target for _, pairs in table.groups for _, target in pairs])
    move = Move(targets, np.array(targets), (way,))
    return Visit(index, low, (move,), _complete(task.size, ends_met), is_sub_aisle=False)


def _sub_aisle(
    task: Task,
    index: int,
    block: int,
    ends: dict[float, tuple[bool, bool]],
    ends_met: tuple[int, int],
    passes: int,
) -> Visit:
    column = task.columns[index]
    low, high = task.layout.cross_y[block : block + 2]
    inside = SubAisle(task.layout, column.aisle, low, high, tuple(column.picks[block]), ends)
    alike: dict[tuple[tuple[int, int], bool], list[Way]] = {}
    for way in inside.best_ways(passes):
        degrees = (_degree(way.low, way.touches_low), _degree(way.high, way.touches_high))
        alike.setdefault((degrees, way.joined), []).append(way)
    moves = tuple(
        Move(*_linking(task.size, block, degrees, joined, ends_met), tuple(ways))
        for (degrees, joined), ways in alike.items()
    )
    return Visit(index, block, moves, _complete(task.size, ends_met[1]))


def _degree(flow: int, touches: bool) -> int:
    if not touches:
        return frontier.UNTOUCHED
    return frontier.ODD if flow % 2 else frontier.EVEN
