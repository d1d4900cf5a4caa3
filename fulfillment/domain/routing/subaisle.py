"""The ways through one sub-aisle: what each costs and which stretches it walks.

`low` and `high` are the positions of its two crossings, `ys` the places to visit strictly between
them, increasing. A leg is a stretch walked in one go, as the positions it passes; its first and
last are crossings or ends of the walk.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from fulfillment.domain.routing import frontier

Legs = tuple[tuple[float, ...], ...]


class Option(NamedTuple):
    """One way through a sub-aisle that holds an end of the walk.

    `add_low` and `add_high` are the degrees it gives to the crossings, `joined` says whether it
    connects them.
    """

    length: float
    add_low: int
    add_high: int
    joined: bool
    legs: Legs


def filled_weights(low: float, high: float, ys: Sequence[float]) -> list[float]:
    """Metres of each choice of `frontier` in a sub-aisle with picks."""
    length = high - low
    gap = max((b - a for a, b in pairwise(ys)), default=-math.inf)
    from_low = 2 * (ys[-1] - low)
    from_high = 2 * (high - ys[0])
    from_both = 2 * (length - gap)
    low_or_both = min(from_low, from_both)
    high_or_both = min(from_high, from_both)
    any_return = min(low_or_both, from_high)
    return [
        length,
        2 * length,
        from_low,
        from_high,
        from_both,
        any_return,
        low_or_both,
        high_or_both,
    ]


def weights_without_turning(low: float, high: float) -> list[float]:
    """The same where a cart cannot turn: it passes once or twice.

    Two passes change nothing between crossings that are touched already, which is what the
    choice ANY_RETURN stands for.
    """
    length = high - low
    none = math.inf
    return [length, 2 * length, none, none, none, 2 * length, none, none]


def filled_legs(
    choice: int, low: float, high: float, ys: Sequence[float], *, turning: bool
) -> Legs:
    """The legs of a choice of `frontier` in a sub-aisle with picks."""
    if not turning and choice == frontier.ANY_RETURN:
        choice = frontier.DOUBLE
    if choice in frontier.RETURN_CHOICES:
        weights = filled_weights(low, high, ys)
        choice = min(frontier.RETURN_CHOICES[choice], key=weights.__getitem__)
    passing = (low, *ys, high)
    if choice == frontier.SINGLE:
        return (passing,)
    if choice == frontier.DOUBLE:
        return (passing, passing)
    if choice == frontier.FROM_LOW:
        return split(passing, len(ys))
    if choice == frontier.FROM_HIGH:
        return split(passing, 0)
    widest = max(range(1, len(ys)), key=lambda gap: passing[gap + 1] - passing[gap])
    return split(passing, widest)


def empty_legs(choice: int, low: float, high: float) -> Legs:
    """The legs of a choice of `frontier` in a sub-aisle without picks."""
    if choice == frontier.NOT_AT_ALL:
        return ()
    return ((low, high),) * (choice + 1)


def end_options(
    low: float, high: float, ys: Sequence[float], ends: Sequence[float], *, turning: bool
) -> list[Option]:
    """Every way worth having through a sub-aisle with one or two ends of the walk inside it.

    `ends` increase and are not in `ys`; twice the same is a round trip. Of the ways that look the
    same from outside only the shortest is kept; a way that leaves the ends cut off from both
    crossings is left out.
    """
    ways = _turning_ways if turning else _passing_ways
    best: dict[tuple[int, int, bool], Option] = {}
    for option in ways(low, high, ys, ends):
        key = option[1:4]
        if option.add_low + option.add_high and (
            key not in best or option.length < best[key].length
        ):
            best[key] = option
    return list(best.values())


def split(passing: tuple[float, ...], gap: int) -> Legs:
    """Walk `passing` twice but for the gap after index `gap`: a return from either side."""
    legs = []
    if gap > 0:
        legs.append((*passing[:gap], *passing[gap::-1]))
    if gap < len(passing) - 2:
        legs.append((*passing[:gap:-1], *passing[gap + 2 :]))
    return tuple(legs)


def _turning_ways(
    low: float, high: float, ys: Sequence[float], ends: Sequence[float]
) -> Iterator[Option]:
    """Stretches between crossings and ends are walked once and twice in turn.

    One gap at most of those walked twice can be left out: a second one would cut off what lies
    between the two.
    """
    stretches = _stretches(low, high, ys, ends)
    for first in (0, 1):
        even = [index for index in range(len(stretches)) if (index + first) % 2 == 0]
        yield _turning_way(stretches, even, left_out=None)
        for index in even:
            for gap, (here, there) in enumerate(pairwise(stretches[index])):
                if here < there:
                    yield _turning_way(stretches, even, left_out=(index, gap))


def _turning_way(
    stretches: list[tuple[float, ...]], even: list[int], *, left_out: tuple[int, int] | None
) -> Option:
    legs: list[tuple[float, ...]] = []
    degrees: list[int] = []
    for index, stretch in enumerate(stretches):
        if index not in even:
            legs.append(stretch)
            degrees += [1] * (len(stretch) - 1)
        elif left_out is not None and left_out[0] == index:
            legs += split(stretch, left_out[1])
            degrees += [0 if gap == left_out[1] else 2 for gap in range(len(stretch) - 1)]
        else:
            legs += [stretch, stretch]
            degrees += [2] * (len(stretch) - 1)
    return _option(legs, add_low=degrees[0], add_high=degrees[-1], joined=left_out is None)


def _passing_ways(
    low: float, high: float, ys: Sequence[float], ends: Sequence[float]
) -> Iterator[Option]:
    """Without turning, who starts inside leaves straight on, and may pass again later."""
    stretches = _stretches(low, high, ys, ends)
    free = [len(stretch) == 2 for stretch in stretches]
    whole = (low, *sorted({*ys, *ends}), high)
    first, last = whole.index(ends[0]), whole.index(ends[-1])
    below, above = whole[: first + 1], whole[last:]
    if len(ends) == 1:
        if free[0]:
            yield _option([above], add_low=0, add_high=1, joined=False)
        if free[1]:
            yield _option([below], add_low=1, add_high=0, joined=False)
        yield _option([below, whole], add_low=2, add_high=1, joined=True)
        yield _option([above, whole], add_low=1, add_high=2, joined=True)
        return
    if ends[0] == ends[1]:
        yield _option([below, above], add_low=1, add_high=1, joined=True)
        if free[0]:
            yield _option([above, above], add_low=0, add_high=2, joined=False)
        if free[2]:
            yield _option([below, below], add_low=2, add_high=0, joined=False)
        yield _option([below, whole, above], add_low=2, add_high=2, joined=True)
        return
    up_from_first, up_to_last = whole[first:], whole[: last + 1]
    if free[0]:
        yield _option([up_from_first, above], add_low=0, add_high=2, joined=False)
    if free[1]:
        yield _option([below, above], add_low=1, add_high=1, joined=False)
    if free[2]:
        yield _option([below, up_to_last], add_low=2, add_high=0, joined=False)
    yield _option([up_from_first, up_to_last], add_low=1, add_high=1, joined=True)
    yield _option([below, whole, above], add_low=2, add_high=2, joined=True)


def _stretches(
    low: float, high: float, ys: Sequence[float], ends: Sequence[float]
) -> list[tuple[float, ...]]:
    nodes = (low, *ends, high)
    return [(a, *(y for y in ys if a < y < b), b) for a, b in pairwise(nodes)]


def _option(
    legs: Sequence[tuple[float, ...]], *, add_low: int, add_high: int, joined: bool
) -> Option:
    length = sum(abs(b - a) for leg in legs for a, b in pairwise(leg))
    return Option(length, add_low, add_high, joined, tuple(legs))
