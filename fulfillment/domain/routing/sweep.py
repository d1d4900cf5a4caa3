"""The stages in which a walk with one-way aisles is built, from the left-most aisle to the right.

A stage is a sub-aisle, a crossing to visit, or one stretch of cross-aisle on the way to the next
aisle. All that the part built so far means for the rest is the state of `frontier` and, for each
crossing of the column, by how much it has been reached more than left: its surplus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from fulfillment.domain.routing import frontier
from fulfillment.domain.routing.frontier import State
from fulfillment.domain.routing.lanes import SubAisle, Way
from fulfillment.domain.routing.layout import Layout, Place
from fulfillment.domain.routing.oriented import Facing
from fulfillment.domain.routing.rectangle import Column

# The number of the state that each state becomes.
Targets = tuple[int, ...]
States = tuple[State, ...]


class Move(NamedTuple):
    """Ways that differ in surplus only, and what the states become by any of them."""

    targets: Targets
    ways: tuple[Way, ...]


class Onward(NamedTuple):
    """What the way on from one crossing of a column means for each state, by its number.

    `kept` is the state where the crossing is walked on from, `left_behind` where it is not, -1
    where it has to be; `leaving` holds the latter as (source, target).
    """

    parity: tuple[int, ...]
    kept: Targets
    left_behind: Targets
    leaving: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A stage inside a column: one way of `moves`, at the crossings `low` and `low + 1`."""

    column: int
    low: int
    moves: tuple[Move, ...]
    states: States  # after the stage
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
    states: States
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

    The states of a stage are those that can be reached, with numbers of its own; the walk begins in
    number 0, with nothing touched.
    """
    last_in_use = max(index for index, column in enumerate(task.columns) if column.in_use)
    ends_met = 0
    untouched = frontier.space(task.size, 0).number[frontier.untouched(task.size)]
    reached = _Reached(task.size, (untouched,))
    stages: list[Stage] = []
    for index, column in enumerate(task.columns):
        if index:
            stages += _across(task, index, ends_met, reached)
        stages += _at_crossings(task, index, ends_met, reached)
        ends_met += len(column.end_crossings)
        for block in range(task.layout.blocks):
            ends = {y: task.is_end(column, y) for y in column.ends[block]}
            met = ends_met + sum(begins != is_end for begins, is_end in ends.values())
            stages.append(_sub_aisle(task, index, block, ends, (ends_met, met), passes, reached))
            ends_met = met
        if index >= last_in_use:
            stages[-1] = replace(stages[-1], may_finish=True)
    return stages


@dataclass(slots=True)
class _Reached:
    """The states that can be reached so far, as numbers of `frontier`.

    Half of all states with five cross-aisles, and a third where most sub-aisles are walked: the
    programme over them is that much faster.
    """

    size: int
    numbers: tuple[int, ...]

    def through(self, tables: tuple[Targets, ...], ends_met: int) -> tuple[list[Targets], States]:
        """What becomes of them by each of some tables, and all that they become, numbered anew."""
        onto, self.numbers, states = _through(self.size, self.numbers, tables, ends_met)
        return onto, states

    def onward(self, cross: int, ends_met: int) -> tuple[Onward, States]:
        """The same for the way on from one crossing."""
        onward, self.numbers, states = _onward(self.size, self.numbers, cross, ends_met)
        return onward, states


# Neighbouring columns look alike: most of what they need has been made before.
@lru_cache(maxsize=512)
def _through(
    size: int, numbers: tuple[int, ...], tables: tuple[Targets, ...], ends_met: int
) -> tuple[list[Targets], tuple[int, ...], States]:
    onto = [[table[number] for number in numbers] for table in tables]
    reached = tuple(sorted(set().union(*onto) - {-1}))
    anew = {number: index for index, number in enumerate(reached)}
    anew[-1] = -1
    states = frontier.space(size, ends_met).states
    return (
        [tuple([anew[number] for number in targets]) for targets in onto],
        reached,
        tuple([states[number] for number in reached]),
    )


@lru_cache(maxsize=512)
def _onward(
    size: int, numbers: tuple[int, ...], cross: int, ends_met: int
) -> tuple[Onward, tuple[int, ...], States]:
    tables = frontier.leaving(size, cross, ends_met)
    (kept, left_behind), reached, states = _through(size, numbers, tables, ends_met)
    onward = Onward(
        parity=tuple([states[state].parity[cross] for state in kept]),
        kept=kept,
        left_behind=left_behind,
        leaving=tuple([move for move in enumerate(left_behind) if move[1] >= 0]),
    )
    return onward, reached, states


def _across(task: Task, index: int, ends_met: int, reached: _Reached) -> Iterator[Across]:
    left, right = (column.aisle for column in task.columns[index - 1 : index + 1])
    metres = task.layout.aisle_x[right] - task.layout.aisle_x[left]
    for cross in range(task.size):
        onward, states = reached.onward(cross, ends_met)
        yield Across(index, cross, metres, onward, states)


def _at_crossings(task: Task, index: int, ends_met: int, reached: _Reached) -> Iterator[Visit]:
    """The crossings of a column that must be visited, and those that are ends of the walk."""
    column = task.columns[index]
    for cross in column.crossings:
        table = frontier.touching(task.size, cross, ends_met)
        yield _at_crossing(task, index, cross, table, ends_met, reached)
    for cross in column.end_crossings:
        table = frontier.ending(task.size, cross, ends_met)
        ends_met += 1
        yield _at_crossing(task, index, cross, table, ends_met, reached)


def _at_crossing(
    task: Task,
    index: int,
    cross: int,
    table: frontier.Table,
    ends_met: int,
    reached: _Reached,
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
    everywhere = tuple([target for _, pairs in table.groups for _, target in pairs])
    (targets,), states = reached.through((everywhere,), ends_met)
    return Visit(index, low, (Move(targets, (way,)),), states, is_sub_aisle=False)


def _sub_aisle(
    task: Task,
    index: int,
    block: int,
    ends: dict[float, tuple[bool, bool]],
    ends_met: tuple[int, int],
    passes: int,
    reached: _Reached,
) -> Visit:
    column = task.columns[index]
    low, high = task.layout.cross_y[block : block + 2]
    inside = SubAisle(task.layout, column.aisle, low, high, tuple(column.picks[block]), ends)
    alike: dict[tuple[tuple[int, int], bool], list[Way]] = {}
    for way in inside.best_ways(passes):
        degrees = (_degree(way.low, way.touches_low), _degree(way.high, way.touches_high))
        alike.setdefault((degrees, way.joined), []).append(way)
    tables = tuple(
        [frontier.linking(task.size, block, degrees, joined, ends_met) for degrees, joined in alike]
    )
    onto, states = reached.through(tables, ends_met[1])
    moves = tuple(
        Move(targets, tuple(ways)) for targets, ways in zip(onto, alike.values(), strict=True)
    )
    return Visit(index, block, moves, states)


def _degree(flow: int, touches: bool) -> int:
    if not touches:
        return frontier.UNTOUCHED
    return frontier.ODD if flow % 2 else frontier.EVEN
