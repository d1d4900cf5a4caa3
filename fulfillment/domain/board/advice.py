"""What to move so that more shipments catch their van: orders up, or people over.

Both are found by trying: the forecast is made again with the change, and what is at risk is
counted.  The list of orders to move up is short but not proved the shortest; finding that is a
machine-scheduling problem (minimise the number of late jobs in a flow shop) that is NP-hard
already for two steps (Lenstra, Rinnooy Kan & Brucker 1977).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import permutations

from fulfillment.domain.board.forecast import OpenShipment, Rhythm, leaving_times
from fulfillment.domain.board.pace import STEPS, Pace
from fulfillment.domain.board.standing import standing

MOST_PEOPLE_MOVED = 3
MOST_TRIES = 24
"""Forecasts made for one list of orders."""


@dataclass(frozen=True)
class PersonMove:
    """One person goes from a step to another; so many are at risk after it and the moves before."""

    source: str
    target: str
    at_risk: int


@dataclass(frozen=True)
class Advice:
    """What helps: counts are shipments."""

    at_risk: int
    move_up: tuple[int, ...]
    """Shipment ids, the next van first; with all of them moved up ``at_risk_after`` remain."""
    at_risk_after: int
    people: tuple[PersonMove, ...]


@dataclass(frozen=True)
class Floor:
    """A moment of a warehouse that changes can be tried on."""

    shipments: tuple[OpenShipment, ...]
    paces: Mapping[str, Pace]
    now: datetime
    rhythm: Rhythm

    def at_risk(
        self, *, first: frozenset[int] = frozenset(), paces: Mapping[str, Pace] | None = None
    ) -> frozenset[int]:
        """Ids of what would be at risk with *first* moved up, or with other *paces*."""
        leaves = leaving_times(
            self.shipments,
            paces or self.paces,
            now=self.now,
            rhythm=self.rhythm,
            first=first,
        )
        return frozenset(
            one.shipment_id
            for one in self.shipments
            if not one.held
            and standing(now=self.now, cut_off_at=one.cut_off_at, leaves_at=leaves[one.shipment_id])
            == "at-risk"
        )


def advise(floor: Floor) -> Advice:
    """The orders to move up and the people to move over; nothing where nothing is at risk."""
    at_risk = floor.at_risk()
    if not at_risk:
        return Advice(0, (), 0, ())
    move_up, after = _move_up(floor, at_risk)
    return Advice(len(at_risk), move_up, after, _move_people(floor, len(at_risk)))


def _move_up(floor: Floor, at_risk: frozenset[int]) -> tuple[tuple[int, ...], int]:
    """A list that leaves as few at risk as moving all of them up does, made shorter by halves."""
    vans = {one.shipment_id: one.cut_off_at or floor.now for one in floor.shipments}
    wanted = sorted(at_risk, key=lambda key: (vans[key], key))
    lost = floor.at_risk(first=frozenset(wanted))
    kept = [key for key in wanted if key not in lost]
    remaining = len(floor.at_risk(first=frozenset(kept))) if kept else len(at_risk)
    if not kept or remaining >= len(at_risk):
        return (), len(at_risk)
    return _shortened(floor, kept, remaining), remaining


def _shortened(floor: Floor, kept: Sequence[int], remaining: int) -> tuple[int, ...]:
    """*kept* without the parts that change nothing when they are left out."""
    chosen = list(kept)
    part, tries = len(chosen) // 2, 0
    while part and tries < MOST_TRIES:
        at = 0
        while at < len(chosen) and tries < MOST_TRIES:
            without = chosen[:at] + chosen[at + part :]
            tries += 1
            if without and len(floor.at_risk(first=frozenset(without))) <= remaining:
                chosen = without
            else:
                at += part
        part //= 2
    return tuple(chosen)


def _move_people(floor: Floor, at_risk: int) -> tuple[PersonMove, ...]:
    """The best single moves, one after the other, as long as each of them helps."""
    paces, moves = dict(floor.paces), list[PersonMove]()
    while at_risk and len(moves) < MOST_PEOPLE_MOVED:
        tried = [
            (len(floor.at_risk(paces=_moved(paces, source, target))), source, target)
            for source, target in permutations(_steps(floor), 2)
            if paces[source].people > 1
        ]
        if not tried or min(tried)[0] >= at_risk:
            break
        at_risk, source, target = min(tried)
        moves.append(PersonMove(source, target, at_risk))
        paces = _moved(paces, source, target)
    return tuple(moves)


def _steps(floor: Floor) -> tuple[str, ...]:
    return STEPS if floor.rhythm.scan_out else STEPS[:-1]


def _moved(paces: Mapping[str, Pace], source: str, target: str) -> dict[str, Pace]:
    return {
        **paces,
        source: replace(paces[source], people=paces[source].people - 1),
        target: replace(paces[target], people=paces[target].people + 1),
    }
