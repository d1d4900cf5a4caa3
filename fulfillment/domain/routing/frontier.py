"""What a half-built walk looks like where it meets the column of crossings that is being worked on.

The shortest walk through a rectangular area is a cheapest connected multigraph in which every
crossing has an even degree. It is built aisle by aisle, and all that the part built so far means
for the rest is, for each crossing of the column: is it untouched, of odd or of even degree, and
which touched crossings hang together (Ratliff & Rosenthal 1983 for one block; Roodbergen & de
Koster 2001 for two; Pansart, Catusse & Cambazard 2018 for any number). With 2, 3, 4 and 5
cross-aisles there are 6, 24, 112 and 568 such states of a round trip; `space` enumerates them once
and tabulates what each way through a sub-aisle makes of them.

A walk with different ends is the same with the parity of both ends flipped. A component then holds
an odd number of odd crossings as long as one of its ends is missing: states come in three classes,
by how many of the ends have been met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple

from fulfillment.domain.routing.layout import MAX_CROSS_AISLES, MIN_CROSS_AISLES

UNTOUCHED, ODD, EVEN = 0, 1, 2

# How a sub-aisle with picks is walked. The last three are the best of several returns where the
# crossings concerned are touched anyway, so that the difference does not matter to the rest.
SINGLE, DOUBLE, FROM_LOW, FROM_HIGH, FROM_BOTH = range(5)
ANY_RETURN, LOW_OR_BOTH, HIGH_OR_BOTH = range(5, 8)
RETURN_CHOICES = {
    ANY_RETURN: (FROM_LOW, FROM_HIGH, FROM_BOTH),
    LOW_OR_BOTH: (FROM_LOW, FROM_BOTH),
    HIGH_OR_BOTH: (FROM_HIGH, FROM_BOTH),
}
# How a sub-aisle without picks is walked (SINGLE and DOUBLE as above).
NOT_AT_ALL = 2


class State(NamedTuple):
    """`parity` and `component` of each crossing of a column; component 0 for an untouched one."""

    parity: tuple[int, ...]
    component: tuple[int, ...]

    def linked(self, low: int, *, add_low: int, add_high: int, joined: bool) -> State:
        """The state after adding degrees to the crossings `low` and `low + 1`."""
        parity = list(self.parity)
        component = list(self.component)
        for cross, degree in ((low, add_low), (low + 1, add_high)):
            if degree:
                parity[cross] = _parity_sum(parity[cross], degree)
                component[cross] = component[cross] or max(component) + 1
        if joined:
            kept, lost = component[low], component[low + 1]
            component = [kept if c == lost else c for c in component]
        return _canonical(parity, component)

    def touched(self, cross: int, *, degree: int = EVEN) -> State:
        """The state after one crossing has become an end (degree 1) or must be visited (2)."""
        parity = list(self.parity)
        component = list(self.component)
        parity[cross] = _parity_sum(parity[cross], degree)
        component[cross] = component[cross] or max(component) + 1
        return _canonical(parity, component)

    def without(self, cross: int) -> State:
        """The state after one crossing has been left behind."""
        parity = list(self.parity)
        component = list(self.component)
        parity[cross] = component[cross] = UNTOUCHED
        return _canonical(parity, component)

    def joins(self, low: int) -> bool:
        return self.component[low] != 0 and self.component[low] == self.component[low + 1]

    @property
    def complete(self) -> bool:
        return ODD not in self.parity and max(self.component) == 1

    @property
    def odd_components(self) -> int:
        odd = [0] * (len(self.parity) + 1)
        for parity, component in zip(self.parity, self.component, strict=True):
            odd[component] += parity == ODD
        return sum(count % 2 for count in odd)


@dataclass(frozen=True, slots=True)
class Table:
    """The moves of one step: state number `source` becomes `target` at the price of `choice`.

    `groups` holds (choice, ((source, target), …)): the inner loop of the dynamic programme reads
    it. `into[target]` holds ((source, choice), …): the way back reads it.
    """

    groups: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    into: tuple[tuple[tuple[int, int], ...], ...]

    @classmethod
    def of(cls, moves: Iterable[tuple[int, int, int]], *, targets: int) -> Table:
        """Tabulate (source, target, choice) triples; there are `targets` states to end in."""
        groups: dict[int, list[tuple[int, int]]] = {}
        into: list[list[tuple[int, int]]] = [[] for _ in range(targets)]
        for source, target, choice in moves:
            groups.setdefault(choice, []).append((source, target))
            into[target].append((source, choice))
        return cls(
            tuple((choice, tuple(pairs)) for choice, pairs in sorted(groups.items())),
            tuple(tuple(ways) for ways in into),
        )


@dataclass(frozen=True)
class Space:
    """All states of one class, and the moves between them.

    `filled[b]` and `empty[b]` are the moves through sub-aisle `b` with and without picks; `across`
    are the moves to the next column, whose choice is the number of cross-aisle stretches walked.
    """

    states: tuple[State, ...]
    number: dict[State, int]
    filled: tuple[Table, ...]
    empty: tuple[Table, ...]
    across: Table
    final: tuple[int, ...]


@cache
def space(cross_aisles: int, ends_met: int) -> Space:
    """The states of columns with `cross_aisles` crossings once `ends_met` (0, 1, 2) ends are in."""
    odd_allowed = {0: (0,), 1: (1,), 2: (0, 2)}[ends_met]
    states = tuple(s for s in _all_states(cross_aisles) if s.odd_components in odd_allowed)
    number = {state: index for index, state in enumerate(states)}
    filled, empty = [], []
    for low in range(cross_aisles - 1):
        passes = _numbered(number, _pass_moves(states, low))
        returns = _numbered(number, _return_moves(states, low))
        staying = [(index, index, NOT_AT_ALL) for index in range(len(states))]
        filled.append(Table.of([*passes, *returns], targets=len(states)))
        empty.append(Table.of([*passes, *staying], targets=len(states)))
    return Space(
        states=states,
        number=number,
        filled=tuple(filled),
        empty=tuple(empty),
        across=_table(number, _across_moves(states)),
        final=tuple(index for index, state in enumerate(states) if state.complete),
    )


@cache
def touching(cross_aisles: int, cross: int, ends_met: int) -> Table:
    """Moves that make crossing `cross` a place to visit."""
    here = space(cross_aisles, ends_met)
    return _table(here.number, ((state, state.touched(cross), 0) for state in here.states))


@cache
def ending(cross_aisles: int, cross: int, ends_met: int) -> Table:
    """Moves that make crossing `cross` an end of the walk, with `ends_met` before it."""
    here, there = space(cross_aisles, ends_met), space(cross_aisles, ends_met + 1)
    moves = (
        (source, there.number[state.touched(cross, degree=ODD)], 0)
        for source, state in enumerate(here.states)
    )
    return Table.of(moves, targets=len(there.states))


@cache
def linking(
    cross_aisles: int, low: int, degrees: tuple[int, int], joined: bool, ends: tuple[int, int]
) -> tuple[int, ...]:
    """The state that each becomes when `degrees` are added to the crossings `low` and `low + 1`.

    `joined` says whether that connects the two, `ends` how many ends are met before and after.
    """
    here, there = (space(cross_aisles, ends_met) for ends_met in ends)
    add_low, add_high = degrees
    return tuple(
        there.number[state.linked(low, add_low=add_low, add_high=add_high, joined=joined)]
        for state in here.states
    )


@cache
def leaving(cross_aisles: int, cross: int, ends_met: int) -> tuple[int, ...]:
    """The state that each becomes where one crossing is not walked on from, -1 where it has to be.

    It can be left behind where its degree is even and its component goes on elsewhere. One crossing
    after the other, that makes the moves of `Space.across`.
    """
    here = space(cross_aisles, ends_met)
    return tuple(
        here.number[state.without(cross)]
        if state.parity[cross] == EVEN and state.component.count(state.component[cross]) > 1
        else -1
        for state in here.states
    )


def load_tables() -> None:
    """Tabulate the moves of all layouts and walks at once: 0.5 s of processor time and 22 MB.

    For a process whose first answers shall be as quick as the rest; those forked from it share it.
    """
    for cross_aisles in range(MIN_CROSS_AISLES, MAX_CROSS_AISLES + 1):
        for ends_met in range(3):
            space(cross_aisles, ends_met)
        for cross in range(cross_aisles):
            for ends_met in range(3):
                touching(cross_aisles, cross, ends_met)
                leaving(cross_aisles, cross, ends_met)
            for ends_met in range(2):
                ending(cross_aisles, cross, ends_met)
        for low, ends_met in product(range(cross_aisles - 1), range(3)):
            for degrees in ((ODD, ODD), (EVEN, EVEN)):
                linking(cross_aisles, low, degrees, True, (ends_met, ends_met))
            for at_low, at_high in product((UNTOUCHED, EVEN), repeat=2):
                linking(cross_aisles, low, (at_low, at_high), False, (ends_met, ends_met))


def untouched(cross_aisles: int) -> State:
    return State((UNTOUCHED,) * cross_aisles, (0,) * cross_aisles)


def _all_states(cross_aisles: int) -> Iterator[State]:
    for parity in product((UNTOUCHED, ODD, EVEN), repeat=cross_aisles):
        touched = [cross for cross, value in enumerate(parity) if value]
        for groups in _groupings(len(touched)):
            component = [0] * cross_aisles
            for cross, group in zip(touched, groups, strict=True):
                component[cross] = group
            if _planar(component):
                yield State(parity, tuple(component))


def _groupings(size: int, highest: int = 0) -> Iterator[tuple[int, ...]]:
    """Every way to put `size` things into groups, numbered by first appearance."""
    if size == 0:
        yield ()
        return
    for group in range(1, highest + 2):
        for rest in _groupings(size - 1, max(highest, group)):
            yield (group, *rest)


def _planar(component: list[int]) -> bool:
    """Components of a plane drawing never interleave along a column (no a…b…a…b)."""
    order = [c for c in component if c]
    for first, a in enumerate(order):
        for third in range(first + 2, len(order)):
            if order[third] == a:
                between = set(order[first + 1 : third]) - {a}
                if between & set(order[third + 1 :]):
                    return False
    return True


def _pass_moves(states: tuple[State, ...], low: int) -> Iterator[tuple[State, State, int]]:
    """Through a sub-aisle from end to end, with picks or without."""
    for state in states:
        yield state, state.linked(low, add_low=1, add_high=1, joined=True), SINGLE
        if not state.joins(low):
            yield state, state.linked(low, add_low=2, add_high=2, joined=True), DOUBLE


def _return_moves(states: tuple[State, ...], low: int) -> Iterator[tuple[State, State, int]]:
    """Into a sub-aisle with picks and back."""
    for state in states:
        low_touched, high_touched = state.parity[low] > 0, state.parity[low + 1] > 0
        if low_touched and high_touched:
            yield state, state, ANY_RETURN
        elif low_touched:
            yield state, state, FROM_LOW
            yield state, state.touched(low + 1), HIGH_OR_BOTH
        elif high_touched:
            yield state, state, FROM_HIGH
            yield state, state.touched(low), LOW_OR_BOTH
        else:
            yield state, state.touched(low), FROM_LOW
            yield state, state.touched(low + 1), FROM_HIGH
            yield state, state.touched(low).touched(low + 1), FROM_BOTH


def _across_moves(states: tuple[State, ...]) -> Iterator[tuple[State, State, int]]:
    """Odd crossings go on by one stretch, even ones by two or not at all; no component is lost."""
    for state in states:
        ways = [{UNTOUCHED: (0,), ODD: (1,), EVEN: (0, 2)}[value] for value in state.parity]
        for stretches in product(*ways):
            component = [
                c if walked else 0 for c, walked in zip(state.component, stretches, strict=True)
            ]
            if set(component) - {0} == set(state.component) - {0}:
                yield state, _canonical(list(stretches), component), sum(stretches)


def _numbered(
    number: dict[State, int], moves: Iterable[tuple[State, State, int]]
) -> list[tuple[int, int, int]]:
    return [(number[source], number[target], choice) for source, target, choice in moves]


def _table(number: dict[State, int], moves: Iterable[tuple[State, State, int]]) -> Table:
    return Table.of(_numbered(number, moves), targets=len(number))


def _parity_sum(parity: int, degree: int) -> int:
    if parity == UNTOUCHED:
        return degree
    return parity if degree == EVEN else EVEN + ODD - parity


def _canonical(parity: list[int], component: list[int]) -> State:
    return State(tuple(parity), _renamed(tuple(component)))


@cache
def _renamed(component: tuple[int, ...]) -> tuple[int, ...]:
    """The components numbered by first appearance, 0 staying 0. There are some thousand of them."""
    names: dict[int, int] = {0: 0}
    return tuple(names.setdefault(c, len(names)) for c in component)
