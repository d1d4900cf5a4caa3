"""The figures of the dispatch report: on time, and where the time went.

All times are whole seconds since 1970 (UTC), as they stand in the exported rows: whoever computes
from those rows comes to the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
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
class Slot:
    """An hour of the day or a day of the week, on the warehouse's clock."""

    slot: int
    shipments: int
    on_time_percent: float | None
    median: float | None
    """Seconds of the whole."""


def figures(passages: Sequence[Passage]) -> Figures:
    """The figures of some shipments."""
    gone = [one for one in passages if one.dispatched is not None]
    times: dict[str, list[int]] = {stage: [] for stage in TIMED}
    for one in gone:
        for stage, seconds in one.times():
            times[stage].append(seconds)
    return Figures(
        orders=len({one.order_id for one in gone}),
        shipments=len(gone),
        parcels=sum(one.parcels for one in gone),
        pieces=sum(one.pieces for one in gone),
        promised=sum(one.promised is not None for one in passages),
        on_time=sum(one.on_time is True for one in passages),
        missing=len(passages) - len(gone),
        timings=tuple(timing(stage, times[stage]) for stage in TIMED),
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


def by_hour(passages: Iterable[Passage], zones: dict[str, ZoneInfo]) -> tuple[Slot, ...]:
    """What left in each hour of the day; *zones* by warehouse."""
    return _slots(passages, zones, range(24), lambda at: at.hour)


def by_weekday(passages: Iterable[Passage], zones: dict[str, ZoneInfo]) -> tuple[Slot, ...]:
    """What left on each day of the week (Monday = 0)."""
    return _slots(passages, zones, range(7), lambda at: at.weekday())


def _slots(
    passages: Iterable[Passage],
    zones: dict[str, ZoneInfo],
    slots: range,
    slot_of: Callable[[datetime], int],
) -> tuple[Slot, ...]:
    found: dict[int, list[Passage]] = {slot: [] for slot in slots}
    for one in passages:
        if one.dispatched is not None:
            found[slot_of(datetime.fromtimestamp(one.dispatched, zones[one.warehouse]))].append(one)
    return tuple(_slot(slot, those) for slot, those in found.items())


def _slot(slot: int, passages: Sequence[Passage]) -> Slot:
    judged = [one.on_time for one in passages if one.on_time is not None]
    whole = [seconds for one in passages for stage, seconds in one.times() if stage == WHOLE]
    return Slot(
        slot,
        len(passages),
        100 * sum(judged) / len(judged) if judged else None,
        percentile(whole, 50),
    )
