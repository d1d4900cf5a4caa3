"""The figures of the dispatch report: on time, and where the time went.

All times are whole seconds since 1970 (UTC), as they stand in the exported rows: whoever computes
from those rows comes to the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

from fulfillment.domain.states import STAGES
from fulfillment.domain.statistics import histogram, percentile

WHOLE = "whole"
"""The time from confirmed to dispatched, beside the stages that it consists of."""
TIMED = (WHOLE, *STAGES[1:])
"""What is timed: each stage is named by the stamp that ends it, and begins with the one before."""
MINUTE = 60
CLASS_MINUTES = (5, 10, 20, 30, 60, 120, 240, 480, 1440)
"""Upper bounds of the classes of a histogram; the last class is everything above."""
_BOUNDS = tuple(minutes * MINUTE for minutes in CLASS_MINUTES)


@dataclass(frozen=True, slots=True)
class Passage:
    """A shipment's way through the house."""

    shipment_id: int
    order_id: int
    warehouse: str
    carrier: str
    service: str
    channel: str
    order: str
    shipment: str
    pieces: int
    parcels: int
    promised: int | None
    """The cut-off that it was promised for."""
    stamps: tuple[int | None, ...]
    """In the order of :data:`fulfillment.domain.states.STAGES`."""
    stamped_by: tuple[int | None, ...]
    """User ids, in the same order."""

    @property
    def dispatched(self) -> int | None:
        """When it left."""
        return self.stamps[-1]

    @property
    def on_time(self) -> bool | None:
        """Whether it left by the promised cut-off; None where nothing was promised."""
        if self.promised is None:
            return None
        return self.dispatched is not None and self.dispatched <= self.promised

    def times(self) -> list[tuple[str, int]]:
        """The seconds of each stage that has its stamps, and of the whole."""
        known = [
            (stage, at) for stage, at in zip(STAGES, self.stamps, strict=True) if at is not None
        ]
        found = [(stage, at - before) for (_, before), (stage, at) in pairwise(known)]
        first, last = self.stamps[0], self.stamps[-1]
        if first is not None and last is not None:
            found.append((WHOLE, last - first))
        return found

    def longest(self, until: int) -> tuple[str, int, int | None] | None:
        """The stage that took longest, its seconds and who ended it; open ones last *until* now."""
        ended = dict(zip(STAGES, self.stamped_by, strict=True))
        found = [(seconds, stage) for stage, seconds in self.times() if stage != WHOLE]
        last = max((n for n, at in enumerate(self.stamps) if at is not None), default=None)
        if last is not None and last + 1 < len(STAGES):
            since = self.stamps[last]
            assert since is not None, "it was looked for"
            found.append((until - since, STAGES[last + 1]))
        if not found:
            return None
        seconds, stage = max(found, key=lambda each: each[0])
        return stage, seconds, ended[stage]


@dataclass(frozen=True)
class Timing:
    """The seconds of one stage (or the whole) of many shipments; None of none."""

    stage: str
    count: int
    median: float | None
    p90: float | None
    p95: float | None
    classes: tuple[int, ...]
    """How many up to each of :data:`CLASS_MINUTES`, and above."""


@dataclass(frozen=True)
class Figures:
    """What a group of shipments comes to."""

    orders: int
    """That left: distinct orders."""
    shipments: int
    parcels: int
    pieces: int
    promised: int
    """Shipments with a promised cut-off: those that left, and those that should have."""
    on_time: int
    missing: int
    """Shipments that should have left and are still here."""
    timings: tuple[Timing, ...]

    @property
    def on_time_percent(self) -> float | None:
        """Of the promised ones, the share that left by its cut-off; None where none was."""
        return 100 * self.on_time / self.promised if self.promised else None

    def timing(self, stage: str) -> Timing:
        """The timing of one stage."""
        return self.timings[TIMED.index(stage)]


@dataclass(frozen=True)
class Tally:
    """What is counted of a group of shipments, and the seconds that each stage took."""

    orders: int
    shipments: int
    parcels: int
    pieces: int
    promised: int
    on_time: int
    missing: int
    seconds: tuple[Sequence[int], ...]
    """Of those that left, in the order of :data:`TIMED`."""


@dataclass(frozen=True)
class Quarter:
    """What left a warehouse in a quarter of an hour: no time zone's day begins within one."""

    warehouse: str
    begins: int
    """In seconds since 1970."""
    shipments: int
    promised: int
    on_time: int
    seconds: Sequence[int]
    """Of the whole way."""


@dataclass(frozen=True)
class Slot:
    """An hour of the day or a day of the week, on the warehouse's clock."""

    slot: int
    shipments: int
    on_time_percent: float | None
    median: float | None
    """Seconds of the whole."""


def figures(tally: Tally) -> Figures:
    """The figures of a group."""
    return Figures(
        orders=tally.orders,
        shipments=tally.shipments,
        parcels=tally.parcels,
        pieces=tally.pieces,
        promised=tally.promised,
        on_time=tally.on_time,
        missing=tally.missing,
        timings=tuple(map(timing, TIMED, tally.seconds)),
    )


def together(tallies: Sequence[Tally], *, orders: int) -> Tally:
    """Several groups as one; *orders* of which may be in more than one of them."""
    return Tally(
        orders=orders,
        shipments=sum(one.shipments for one in tallies),
        parcels=sum(one.parcels for one in tallies),
        pieces=sum(one.pieces for one in tallies),
        promised=sum(one.promised for one in tallies),
        on_time=sum(one.on_time for one in tallies),
        missing=sum(one.missing for one in tallies),
        seconds=tuple(
            list(chain.from_iterable(one.seconds[at] for one in tallies))
            for at in range(len(TIMED))
        ),
    )


def timing(stage: str, seconds: Sequence[int]) -> Timing:
    """Percentiles and classes of some times."""
    ordered = sorted(seconds)
    return Timing(
        stage,
        len(ordered),
        percentile(ordered, 50),
        percentile(ordered, 90),
        percentile(ordered, 95),
        histogram(ordered, _BOUNDS),
    )


def by_hour(quarters: Iterable[Quarter], zones: Mapping[str, ZoneInfo]) -> tuple[Slot, ...]:
    """What left in each hour of the day; *zones* by warehouse."""
    return _slots(quarters, zones, range(24), lambda at: at.hour)


def by_weekday(quarters: Iterable[Quarter], zones: Mapping[str, ZoneInfo]) -> tuple[Slot, ...]:
    """What left on each day of the week (Monday = 0)."""
    return _slots(quarters, zones, range(7), lambda at: at.weekday())


def _slots(
    quarters: Iterable[Quarter],
    zones: Mapping[str, ZoneInfo],
    slots: range,
    slot_of: Callable[[datetime], int],
) -> tuple[Slot, ...]:
    found: dict[int, list[Quarter]] = {slot: [] for slot in slots}
    for one in quarters:
        found[slot_of(datetime.fromtimestamp(one.begins, zones[one.warehouse]))].append(one)
    return tuple(_slot(slot, those) for slot, those in found.items())


def _slot(slot: int, quarters: Sequence[Quarter]) -> Slot:
    promised = sum(one.promised for one in quarters)
    return Slot(
        slot,
        sum(one.shipments for one in quarters),
        100 * sum(one.on_time for one in quarters) / promised if promised else None,
        percentile(list(chain.from_iterable(one.seconds for one in quarters)), 50),
    )
