"""When each open shipment will leave: the queue ahead of it, at the pace of the last hour.

A deterministic list schedule (R. L. Graham, Bounds for certain multiprocessing anomalies, 1966) of
three steps in a row.  Each step has as many people as work there now; the next job goes to whoever
is free first.  Pick lists are picked in the order in which they are served, one person a list, and
the totes of a list reach the benches together; benches and dock take what came first.  Breaks to
come, orders to come and people to come are not in it; ``services/board/hindsight.py`` measures how
far it was off on past days.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from fulfillment.domain.board.pace import Pace
from fulfillment.domain.statistics import percentile

TO_PICK = ("allocated", "released", "picking")
TO_PACK = (*TO_PICK, "picked", "packing", "packed", "labelled")
IN_HAND_AT_BENCH = ("packing", "packed", "labelled")
LEAST_DOCK_WAITS = 10
SAME_WAVE = timedelta(minutes=5)
"""Releases that follow each other so closely are one look at what waits."""
RELEASES_LOOKED_AT = timedelta(hours=3)
BATCH = 12
"""Shipments of a walk that is not planned yet, where no list tells a better number."""

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OpenShipment:
    """A shipment that has not left, as the forecast needs it; moments are aware."""

    shipment_id: int
    state: str
    pieces: int
    to_pick: int
    """Scans that are still to be made at its bins; one for each line."""
    to_pack: int
    """Scans that are still to be made at the bench."""
    cut_off_at: datetime | None = None
    priority: int = 0
    held: bool = False
    list_id: int | None = None
    """The pick list that is open or claimed for it."""
    claimed: bool = False
    waited_minutes: float = 0.0
    """On the dock."""


@dataclass(frozen=True)
class Rhythm:
    """What goes by itself: when the next wave comes, and how long parcels stand on the dock.

    ``scan_out`` False: a shipment has left when it is packed and labelled.  ``dock_minutes``: the
    usual time from the bench to the van's scan; None: not known, the dock is a step like the others.
    """

    release_minutes: float = 0.0
    dock_minutes: float | None = None
    scan_out: bool = True


@dataclass(frozen=True, slots=True)
class _Job:
    """A shipment at a step: it comes after so many minutes, and takes one person so many."""

    shipment: OpenShipment
    comes: float
    minutes: float


@dataclass
class _Walk:
    """Shipments that are picked together."""

    shipments: list[OpenShipment] = field(default_factory=list)
    claimed: bool = False
    released: bool = True


def leaving_times(
    shipments: Iterable[OpenShipment],
    paces: Mapping[str, Pace],
    *,
    now: datetime,
    rhythm: Rhythm,
    first: frozenset[int] = frozenset(),
) -> dict[int, datetime | None]:
    """When each shipment leaves, by its id; None for one that is held: nobody can say.

    *first*: ids that are moved to the front of every queue (to see what that would do).
    """
    going: list[OpenShipment] = []
    leaves: dict[int, datetime | None] = {}
    for one in shipments:
        if one.held:
            leaves[one.shipment_id] = None
        else:
            going.append(one)
    ready = _picked(going, paces["pick"], first, rhythm.release_minutes)
    at_bench = [
        _Job(one, ready.get(one.shipment_id, 0.0), _packing_minutes(one, paces["pack"]))
        for one in going
        if one.state in TO_PACK
    ]
    ready = _through(at_bench, paces["pack"].people, first)
    if rhythm.dock_minutes is not None:
        ready = _off_the_dock(going, ready, rhythm.dock_minutes)
    elif rhythm.scan_out:
        each = paces["dispatch"].minutes(0)
        at_dock = [_Job(one, ready.get(one.shipment_id, 0.0), each) for one in going]
        ready = _through(at_dock, paces["dispatch"].people, first)
    for one in going:
        leaves[one.shipment_id] = now + timedelta(minutes=ready.get(one.shipment_id, 0.0))
    return leaves


def _off_the_dock(
    going: Sequence[OpenShipment], ready: Mapping[int, float], wait: float
) -> dict[int, float]:
    """Minutes from now until each is scanned out: so long after it came to the dock."""
    return {
        one.shipment_id: (
            ready[one.shipment_id] + wait
            if one.shipment_id in ready
            else max(0.0, wait - one.waited_minutes)
        )
        for one in going
    }


def _picked(
    going: Sequence[OpenShipment], pace: Pace, first: frozenset[int], release_minutes: float
) -> dict[int, float]:
    """Minutes from now until each shipment is at the benches; those that are picked are there."""
    free = [0.0] * pace.people
    ready: dict[int, float] = {}
    for walk in _walks([one for one in going if one.state in TO_PICK], first):
        minutes = sum(
            pace.minutes(one.to_pick, begun=one.state == "picking") for one in walk.shipments
        )
        end = max(free[0], 0.0 if walk.released else release_minutes) + minutes
        heapq.heapreplace(free, end)
        for one in walk.shipments:
            ready[one.shipment_id] = end
    return ready


def _walks(to_pick: Sequence[OpenShipment], first: frozenset[int]) -> list[_Walk]:
    """The walks in the order in which they are taken: those in hand, lists, what is unplanned."""
    lists: dict[int, _Walk] = {}
    unplanned: list[OpenShipment] = []
    for one in to_pick:
        if one.list_id is None:
            unplanned.append(one)
            continue
        walk = lists.setdefault(one.list_id, _Walk(claimed=one.claimed))
        walk.shipments.append(one)
    planned = sorted(lists.values(), key=lambda walk: _list_rank(walk, first))
    size = max(1, round((len(to_pick) - len(unplanned)) / len(lists))) if lists else BATCH
    unplanned.sort(key=lambda one: _rank(one, first))
    batches = [
        _Walk(unplanned[at : at + size], released=False) for at in range(0, len(unplanned), size)
    ]
    in_front = [walk for walk in batches if all(s.shipment_id in first for s in walk.shipments)]
    behind = batches[len(in_front) :]
    in_hand = [walk for walk in planned if walk.claimed]
    return [*in_hand, *in_front, *planned[len(in_hand) :], *behind]


def rhythm(
    releases: Iterable[datetime],
    dock_waits: Sequence[timedelta],
    *,
    now: datetime,
    scan_out: bool = True,
) -> Rhythm:
    """The rhythm of a warehouse from its latest *releases* and from the time that parcels stood on
    the dock in the last hour.

    Waves come at the median gap between the latest ones; one that is overdue is expected now.  Of
    the dock the median counts, as soon as :data:`LEAST_DOCK_WAITS` parcels tell it.
    """
    moments: list[datetime] = []
    for at in sorted(releases):
        if not moments or at - moments[-1] > SAME_WAVE:
            moments.append(at)
    gap = percentile([(b - a).total_seconds() / 60 for a, b in pairwise(moments)], 50)
    passed = (now - moments[-1]).total_seconds() / 60 if moments else 0.0
    waits = [wait.total_seconds() / 60 for wait in dock_waits]
    enough = scan_out and len(waits) >= LEAST_DOCK_WAITS
    return Rhythm(
        release_minutes=max(0.0, gap - passed) if gap is not None else 0.0,
        dock_minutes=percentile(waits, 50) if enough else None,
        scan_out=scan_out,
    )


def _list_rank(walk: _Walk, first: frozenset[int]) -> tuple[bool, tuple[bool, int, datetime, int]]:
    return (not walk.claimed, min(_rank(one, first) for one in walk.shipments))


def _rank(one: OpenShipment, first: frozenset[int]) -> tuple[bool, int, datetime, int]:
    return (
        one.shipment_id not in first,
        -one.priority,
        one.cut_off_at or _NEVER,
        one.shipment_id,
    )


def _packing_minutes(one: OpenShipment, pace: Pace) -> float:
    return pace.minutes(one.to_pack, begun=one.state in IN_HAND_AT_BENCH)


def _through(jobs: Sequence[_Job], people: int, first: frozenset[int]) -> dict[int, float]:
    """Minutes from now until each job is done by *people* who always take the next one there."""
    coming = sorted(jobs, key=lambda job: job.comes)
    waiting: list[tuple[bool, bool, float, tuple[bool, int, datetime, int], _Job]] = []
    free = [0.0] * people
    done: dict[int, float] = {}
    arrived = 0
    while arrived < len(coming) or waiting:
        moment = free[0] if waiting else max(free[0], coming[arrived].comes)
        while arrived < len(coming) and coming[arrived].comes <= moment:
            heapq.heappush(waiting, _turn(coming[arrived], first))
            arrived += 1
        job = heapq.heappop(waiting)[-1]
        # Somebody may have been free before it came.
        done[job.shipment.shipment_id] = end = max(free[0], job.comes) + job.minutes
        heapq.heapreplace(free, end)
    return done


def _turn(
    job: _Job, first: frozenset[int]
) -> tuple[bool, bool, float, tuple[bool, int, datetime, int], _Job]:
    """Sorts jobs that wait: what is in hand, what was moved up, what came first."""
    one = job.shipment
    in_hand = one.state in IN_HAND_AT_BENCH
    return (not in_hand, one.shipment_id not in first, job.comes, _rank(one, first), job)
