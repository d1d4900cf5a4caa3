"""Prices of the crossings of an area with one-way aisles, from a circulation of least cost.

A closed walk leaves every crossing as often as it reaches it. Without the demand that it hangs
together, a shortest one is a circulation of least cost: the cross-aisles can be walked both ways, a
sub-aisle takes one of its ways, each with its metres and its flow. The dual variables of the
balances are prices: no walk gets shorter when each arrival at a crossing pays its price and each
departure gets it back, and with the right prices most ways that a shortest walk does not use look
dear at once (reduced costs; the multipliers of Held & Karp 1970 do the same for degrees).

The circulation is found by successive shortest paths with potentials (Edmonds & Karp 1972), all
paths of one length at a time; the potentials are the prices.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

UNLIMITED = 1 << 30
# Metres below which a reduced cost counts as nothing.
NOTHING = 1e-9


class Arc(NamedTuple):
    """Flow that may be added from one node to another, at so many metres a unit, never negative."""

    here: int
    there: int
    metres: float
    limit: int = UNLIMITED


@dataclass(frozen=True, slots=True)
class Flows:
    """What a sub-aisle's ways cost by the flow that leaves it at its upper crossing.

    `at_high` is the flow of the shortest way. Each of `rising` and `falling` are (metres, limit) of
    the next units of flow more and less, in increasing order: the lower convex hull of the ways.
    """

    at_high: int
    rising: tuple[tuple[float, int], ...]
    falling: tuple[tuple[float, int], ...]

    @classmethod
    def of(cls, ways: Iterable[tuple[int, float]], *, up: float, down: float) -> Flows:
        """From (flow, metres) of the ways; `up` and `down` are metres of a pass more each way.

        Those are infinite where the aisle's direction forbids it.
        """
        cheapest: dict[int, float] = {}
        for flow, metres in ways:
            cheapest[flow] = min(metres, cheapest.get(flow, math.inf))
        hull: list[tuple[int, float]] = []
        for point in sorted(cheapest.items()):
            while len(hull) > 1 and _slope(hull[-2], point) <= _slope(hull[-2], hull[-1]):
                hull.pop()
            hull.append(point)
        lowest = min(range(len(hull)), key=lambda index: hull[index][1])
        rising = [(_slope(a, b), b[0] - a[0]) for a, b in pairwise(hull[lowest:])]
        falling = [(-_slope(a, b), b[0] - a[0]) for a, b in pairwise(hull[: lowest + 1])]
        return cls(
            at_high=hull[lowest][0],
            rising=_continued(rising, up),
            falling=_continued(falling[::-1], down),
        )


def _slope(here: tuple[int, float], there: tuple[int, float]) -> float:
    return (there[1] - here[1]) / (there[0] - here[0])


def _continued(pieces: Sequence[tuple[float, int]], metres: float) -> tuple[tuple[float, int], ...]:
    if math.isinf(metres):
        return tuple(pieces)
    return (*(piece for piece in pieces if piece[0] < metres - NOTHING), (metres, UNLIMITED))


def balancing_prices(excess: Sequence[int], arcs: Iterable[Arc]) -> list[float] | None:
    """Metres that an arrival at each node is worth where flow on `arcs` is to undo `excess`.

    `excess` is by how much more each node has been reached than left, in all nothing. For every
    arc, metres + price there - price here is at least nothing. None if it cannot be undone.
    """
    network = _Network(excess, arcs)
    while any(left > 0 for left in network.excess):
        if not network.send_along_shortest_paths():
            return None
    return [-distance for distance in network.potential]


def kept_within(prices: Sequence[float], arcs: Sequence[Arc]) -> list[float]:
    """The prices lowered until no flow without a limit is worth more than its metres."""
    kept = list(prices)
    free = [(arc.here, arc.there, arc.metres) for arc in arcs if arc.limit == UNLIMITED]
    changed = True
    while changed:
        changed = False
        # In the order of the arcs and back again: a price is lowered across the area in one go.
        free.reverse()
        for here, there, metres in free:
            most = kept[there] + metres
            if kept[here] > most + NOTHING:
                kept[here] = most
                changed = True
    return kept


class _Network:
    """The residual network; the arc `index ^ 1` is the way back of arc `index`."""

    def __init__(self, excess: Sequence[int], arcs: Iterable[Arc]) -> None:
        self.excess = list(excess)
        self.potential = [0.0] * len(self.excess)
        self._out: list[list[int]] = [[] for _ in self.excess]
        self._there: list[int] = []
        self._metres: list[float] = []
        self._left: list[int] = []
        for arc in arcs:
            self._add(arc.here, arc.there, arc.metres, arc.limit)
            self._add(arc.there, arc.here, -arc.metres, 0)

    def _add(self, here: int, there: int, metres: float, left: int) -> None:
        self._out[here].append(len(self._there))
        self._there.append(there)
        self._metres.append(metres)
        self._left.append(left)

    def send_along_shortest_paths(self) -> bool:
        """One round: new potentials, then flow along arcs that cost nothing under them."""
        distance = self._distances()
        nearest = min(
            (distance[node] for node, left in enumerate(self.excess) if left < 0),
            default=math.inf,
        )
        if math.isinf(nearest):
            return False
        # Nodes further than the nearest lack keep that distance, so that all arcs stay priced.
        for node, metres in enumerate(distance):
            self.potential[node] += min(metres, nearest)
        for node in range(len(self.excess)):
            seen: set[int] = set()
            while self.excess[node] > 0 and self._send_from(node, seen):
                pass
        return True

    def _distances(self) -> list[float]:
        """Reduced metres from the nearest node with flow to spare, as far as the nearest lack."""
        distance = [0.0 if left > 0 else math.inf for left in self.excess]
        waiting = [(0.0, node) for node, left in enumerate(self.excess) if left > 0]
        while waiting:
            metres, here = heapq.heappop(waiting)
            if metres > distance[here]:
                continue
            if self.excess[here] < 0:
                break
            so_far = metres + self.potential[here]
            for index in self._out[here]:
                if self._left[index]:
                    there = self._there[index]
                    total = max(so_far + self._metres[index] - self.potential[there], metres)
                    if total < distance[there]:
                        distance[there] = total
                        heapq.heappush(waiting, (total, there))
        return distance

    def _send_from(self, source: int, seen: set[int]) -> bool:
        """Send a unit of flow from `source` along arcs that cost nothing (depth first).

        `seen` are the nodes known to lead nowhere; a path found takes its own nodes out again.
        """
        path: list[int] = []
        here = source
        on_path = [source]
        seen.add(source)
        while self.excess[here] >= 0:
            step = self._free_arc(here, seen)
            if step is None:
                if not path:
                    return False
                path.pop()
                on_path.pop()
                here = on_path[-1]
                continue
            path.append(step)
            here = self._there[step]
            on_path.append(here)
            seen.add(here)
        for index in path:
            self._left[index] -= 1
            self._left[index ^ 1] += 1
        self.excess[source] -= 1
        self.excess[here] += 1
        seen.difference_update(on_path)
        return True

    def _free_arc(self, here: int, seen: set[int]) -> int | None:
        so_far = self.potential[here]
        for index in self._out[here]:
            there = self._there[index]
            if (
                self._left[index]
                and there not in seen
                and so_far + self._metres[index] - self.potential[there] <= NOTHING
            ):
                return index
        return None
