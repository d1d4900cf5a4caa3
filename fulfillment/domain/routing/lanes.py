"""The ways through one sub-aisle where directions count: in lanes, or with turning.

As `subaisle` for walks that may be walked either way round; here each leg has a direction, and what
counts at a crossing is how often the legs reach it and leave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from fulfillment.domain.routing import subaisle
from fulfillment.domain.routing.layout import Layout, Place
from fulfillment.domain.routing.oriented import Facing, facings_in

Leg = tuple[Facing, ...]

# Up to so many passes in a direction ways are looked for one by one.
DIFFERENT_PASSES = 4


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


@dataclass(frozen=True, slots=True)
class SubAisle:
    """A sub-aisle: its crossings, its picks, and which ends of the walk are inside it.

    `ends` maps a position to whether the walk begins and ends there.
    """

    layout: Layout
    aisle: int
    low: float
    high: float
    picks: tuple[float, ...]
    ends: dict[float, tuple[bool, bool]]

    def best_ways(self, passes: int) -> list[Way]:
        """The shortest of the ways that look the same from outside, the shortest of all first.

        With at most `passes` in a direction; none that cuts an end of the walk off.
        """
        best: dict[tuple[object, ...], Way] = {}
        for way in self._ways(min(passes, DIFFERENT_PASSES)):
            if self.ends and not way.touches_low and not way.touches_high:
                continue
            key = (way.low, way.high, way.touches_low, way.touches_high, way.joined)
            if key not in best or way.metres < best[key].metres:
                best[key] = way
        ways = list(best.values())
        return sorted([*ways, *self._with_more_passes(ways, passes)], key=lambda way: way.metres)

    def _with_more_passes(self, ways: Sequence[Way], passes: int) -> Iterator[Way]:
        """From many passes in a direction on, each further one is the same once more."""
        facings = facings_in(self.layout, self.aisle)
        nodes = (self.low, *self.picks, self.high)
        for facing, most in (
            (1, max(ways, key=lambda way: way.high)),
            (-1, min(ways, key=lambda way: way.high)),
        ):
            if facing in facings or facings == (0,):
                lane = facing if facings != (0,) else 0
                leg = tuple(self._node(y, lane) for y in nodes[::facing])
                for more in range(1, passes - DIFFERENT_PASSES + 1):
                    yield replace(
                        most,
                        metres=most.metres + more * (self.high - self.low),
                        low=most.low - facing * more,
                        high=most.high + facing * more,
                        legs=most.legs + (leg,) * more,
                    )

    def _ways(self, passes: int) -> Iterator[Way]:
        facings = facings_in(self.layout, self.aisle)
        if facings == (0,):
            yield from self._with_turning(passes)
        else:
            yield from self._in_lanes(facings, passes)

    def _stretches(self) -> list[tuple[float, ...]]:
        nodes = (self.low, *sorted(self.ends), self.high)
        return [(a, *(y for y in self.picks if a < y < b), b) for a, b in pairwise(nodes)]

    def _with_turning(self, passes: int) -> Iterator[Way]:
        """Net passes upwards in each stretch; where there are none, twice or with one gap."""
        stretches = self._stretches()
        for first in range(-passes, passes + 1):
            flows = [first]
            for y in sorted(self.ends):
                begins, ends = self.ends[y]
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
        begins = [y for y, (begin, _) in self.ends.items() if begin]
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

    def _in_lanes(self, facings: tuple[int, ...], passes: int) -> Iterator[Way]:
        """Without turning, up and down are two lanes that only meet at the crossings."""
        ups = range(passes + 1) if 1 in facings else (0,)
        downs = range(passes + 1) if -1 in facings else (0,)
        begins = [y for y, (begin, _) in self.ends.items() if begin]
        ends = [y for y, (_, end) in self.ends.items() if end]
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
        for y in sorted(self.ends):
            begins, ends = self.ends[y]
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
        begin = [y for y, (begins, _) in self.ends.items() if begins]
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


def _metres(legs: Iterable[Sequence[float]]) -> float:
    return sum(abs(b - a) for leg in legs for a, b in pairwise(leg))
