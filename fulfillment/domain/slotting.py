"""Which bins should change places, proved by walking the past pick lists again.

What is picked often and lies far from the depot changes places with what is picked seldom and
lies near, within one zone.  A swap counts only if all past lists together are shorter with it than
without, walked by the router that made them; so no advice can make that replay longer.  How much
is tried is limited by a number of walks, not by a clock: equal lists give equal advice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fulfillment.domain.routing import Layout, Place, plan

MOST_WALKS = 4_000
"""Walks that may be planned to find swaps unless the caller says otherwise."""
TRIED_FOR_EACH = 4
"""Near bins that are tried for one bin that is picked often."""


@dataclass(frozen=True)
class Swap:
    """What lies in two bins changes places; *saved_metres* over all lists, with those before."""

    bin: int
    nearer: int
    visits: int
    nearer_visits: int
    saved_metres: float


@dataclass(frozen=True)
class SlottingAdvice:
    """Swaps, the one that saves most tried first, and the metres of all lists."""

    swaps: tuple[Swap, ...]
    metres_before: float
    metres_after: float


def advise(
    layout: Layout,
    depot: Place,
    lists: Sequence[frozenset[int]],
    bins: Mapping[int, tuple[Place, str]],
    *,
    most: int = 20,
    most_walks: int = MOST_WALKS,
) -> SlottingAdvice:
    """At most *most* swaps for past *lists* (the bins that each went to).

    *bins* says where each bin of the warehouse is and its zone; a list's bins that are not there
    are left out.  No bin is in two swaps.
    """
    replay = _Replay(layout, depot, lists, bins)
    before = sum(replay.metres)
    budget = most_walks
    swaps: list[Swap] = []
    moved: set[int] = set()
    for far, near in _candidates(depot, layout, replay.visits, bins):
        if len(swaps) == most:
            break
        if far in moved or near in moved:
            continue
        needed = len(replay.lists_with(far, near))
        if needed > budget:
            continue
        budget -= needed
        saved = replay.swap(far, near)
        if saved > 0:
            moved |= {far, near}
            visits = replay.visits
            swaps.append(Swap(far, near, visits[far], visits[near], saved))
    after = sum(replay.metres) if not swaps else sum(replay.walk_again())
    return SlottingAdvice(tuple(swaps), before, after)


def _candidates(
    depot: Place, layout: Layout, visits: Counter[int], bins: Mapping[int, tuple[Place, str]]
) -> Iterator[tuple[int, int]]:
    """Pairs (picked often and far, picked less and nearer), the most promising first."""
    distance = {key: _apart(layout, depot, place) for key, (place, _zone) in bins.items()}
    of_zone: dict[str, list[int]] = defaultdict(list)
    for key, (_place, zone) in sorted(bins.items()):
        of_zone[zone].append(key)
    pairs: list[tuple[float, int, int]] = []
    for far, count in visits.items():
        nearer = [
            ((count - visits[near]) * (distance[far] - distance[near]), near)
            for near in of_zone[bins[far][1]]
            if distance[near] < distance[far] and visits[near] < count
        ]
        nearer.sort(key=lambda pair: (-pair[0], pair[1]))
        pairs += [(-promise, far, near) for promise, near in nearer[:TRIED_FOR_EACH]]
    for _promise, far, near in sorted(pairs):
        yield far, near


def _apart(layout: Layout, depot: Place, place: Place) -> float:
    return abs(layout.aisle_x[place.aisle] - layout.aisle_x[depot.aisle]) + abs(place.y - depot.y)


class _Replay:
    """The past lists, walked with what lies where by now."""

    def __init__(
        self,
        layout: Layout,
        depot: Place,
        lists: Sequence[frozenset[int]],
        bins: Mapping[int, tuple[Place, str]],
    ) -> None:
        self._layout, self._depot = layout, depot
        self._place = {key: place for key, (place, _zone) in bins.items()}
        self._lists = [frozenset(key for key in one if key in bins) for one in lists]
        self.visits: Counter[int] = Counter(key for one in self._lists for key in one)
        self.metres = self.walk_again()

    def walk_again(self) -> list[float]:
        """The metres of every list, planned afresh."""
        return [self._metres(one) for one in self._lists]

    def lists_with(self, far: int, near: int) -> list[int]:
        """Indices of the lists that a swap changes: those with one of the two bins."""
        return [i for i, one in enumerate(self._lists) if (far in one) != (near in one)]

    def swap(self, far: int, near: int) -> float:
        """Let two bins change places if that saves metres; how many, else 0."""
        changed = self.lists_with(far, near)
        self._exchange(far, near)
        metres = {index: self._metres(self._lists[index]) for index in changed}
        saved = sum(self.metres[index] - length for index, length in metres.items())
        if saved <= 1e-6:
            self._exchange(far, near)
            return 0.0
        for index, length in metres.items():
            self.metres[index] = length
        return saved

    def _exchange(self, one: int, other: int) -> None:
        place = self._place
        place[one], place[other] = place[other], place[one]

    def _metres(self, bins: frozenset[int]) -> float:
        places = sorted({self._place[key] for key in bins})
        if not places:
            return 0.0
        return plan(self._layout, places, start=self._depot).length_metres
