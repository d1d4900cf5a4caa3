"""Where an open shipment stands: its stage on the board, and how it is with its van."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

Standing = Literal["late", "at-risk", "safe", "unplanned"]
STANDINGS: tuple[Standing, ...] = ("late", "at-risk", "safe", "unplanned")
BOARD_STAGES = (
    "held", "allocated", "released", "picking", "picked", "packing", "packed", "labelled",
    "shipped", "dispatched",
)  # fmt: skip
"""Columns of the board; *dispatched* is what left with a van of today."""

LEAST_SAFETY = timedelta(minutes=7)
"""Chosen on simulated days (``tests/unit/test_board_forecast.py``): with it nearly all that miss
their van are shown half an hour before, and four of five that are shown do miss it."""
SAFETY_SHARE = 10
"""One part in so many of the time until the forecast: what is far away is known less well."""


def stage_of(state: str, *, held: bool) -> str:
    """The column of the board: *held* where a hold stops what has not left, else the state."""
    return "held" if held and state not in ("shipped", "dispatched") else state


def standing(
    *,
    now: datetime,
    cut_off_at: datetime | None,
    leaves_at: datetime | None,
    dispatched_at: datetime | None = None,
) -> Standing:
    """How a shipment is with its van; all moments are aware.

    *late*: not dispatched by the cut-off, left since or not.  *at-risk*: the forecast
    *leaves_at* plus its safety is behind the cut-off, or there is none because it is held.
    *unplanned*: no van is known for it.
    """
    if cut_off_at is None:
        return "unplanned"
    if dispatched_at is not None:
        return "late" if dispatched_at > cut_off_at else "safe"
    if now > cut_off_at:
        return "late"
    if leaves_at is None or leaves_at + safety(leaves_at - now) > cut_off_at:
        return "at-risk"
    return "safe"


def safety(ahead: timedelta) -> timedelta:
    """What is added to a forecast that lies *ahead* before it is called safe."""
    return max(LEAST_SAFETY, ahead / SAFETY_SHARE)


@dataclass(frozen=True)
class StageTime:
    """The time between two stamps of a shipment that follow each other."""

    stage: str
    """The stamp that ended it: ``picked`` is the time from *pick started* to *picked*."""
    seconds: float


def longest_stage(
    stamps: Sequence[tuple[str, datetime | None]], *, until: datetime
) -> StageTime | None:
    """The stage that took longest: of stamps in the order of a shipment's life, those that are set.

    What is not finished ends *until* now, and is named by the stamp that is awaited.  None if
    nothing was stamped.
    """
    times = stage_times(stamps)
    known = [at for _name, at in stamps if at is not None]
    waiting = next_stamp(stamps)
    if waiting is not None and known:
        times = [*times, StageTime(waiting, (until - known[-1]).total_seconds())]
    return max(times, key=lambda one: one.seconds, default=None)


def stage_times(stamps: Sequence[tuple[str, datetime | None]]) -> list[StageTime]:
    """The times between the stamps that are set, each named by the later one."""
    known = [(name, at) for name, at in stamps if at is not None]
    return [
        StageTime(name, (at - before).total_seconds())
        for (_earlier, before), (name, at) in pairwise(known)
    ]


def next_stamp(stamps: Sequence[tuple[str, datetime | None]]) -> str | None:
    """The first stamp behind the last one that is set; None at the end of the life."""
    last = max((i for i, (_name, at) in enumerate(stamps) if at is not None), default=-1)
    return stamps[last + 1][0] if last + 1 < len(stamps) else None
