"""How fast each step of the floor goes, and with how many people: from the scans of an hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

STEPS = ("pick", "pack", "dispatch")
"""The steps of a shipment that people do by scans, in order; named like the scans' processes."""

WINDOW = timedelta(hours=1)
PRESENT = timedelta(minutes=10)
"""Who scanned so lately is at work."""
SLOT_MINUTES = 5
"""Somebody with a scan in such a slot of the clock worked in it."""
LEAST_ORDERS = 3
"""Fewer orders than this in the window say nothing about the speed."""

ASSUMED_MINUTES = {"pick": (1.5, 0.5), "pack": (1.5, 0.3), "dispatch": (0.2, 0.0)}
"""Minutes of one person for an order and for a scan, as long as nothing is measured: a rough
figure of a small warehouse that picks with carts, and shown as assumed."""

Basis = Literal["measured", "paused", "assumed"]


@dataclass(frozen=True)
class Activity:
    """What one person did in one process in the window."""

    process: str
    user_id: int
    orders: int
    scans: int
    """Those that counted pieces."""
    active_slots: int
    """Slots of :data:`SLOT_MINUTES` with a scan."""
    last_at: datetime

    @property
    def active_minutes(self) -> int:
        """Minutes at work, as exactly as the slots tell."""
        return self.active_slots * SLOT_MINUTES


@dataclass(frozen=True)
class Pace:
    """A step: people at work now, and the minutes of one of them for an order and a scan.

    A picker scans once for each line, a packer once for each piece, or for a case of them: of
    wholesale orders scans tell the work far better than pieces do (`bench/forecast.py`).

    ``basis``: *measured*; *paused* (measured, but nobody scanned in the last minutes: who worked in
    the hour is counted); *assumed* (nothing measured; one person where nobody was seen).
    """

    people: int
    order_minutes: float
    scan_minutes: float
    basis: Basis

    def minutes(self, scans: int, *, begun: bool = False) -> float:
        """One person's minutes for an order with so many *scans* still to do.

        Half of the work goes with the order, half with its scans; of an order that is *begun*
        half of the first half is taken for done.
        """
        share = 0.25 if begun else 0.5
        return share * self.order_minutes + 0.5 * self.scan_minutes * scans


def paces(activities: Iterable[Activity], *, now: datetime) -> dict[str, Pace]:
    """The pace of each step; who did several things in the hour is where the last scan was."""
    found = list(activities)
    at_work = _at_work(found)
    return {
        step: _pace(step, [one for one in found if one.process == step], at_work[step], now)
        for step in STEPS
    }


def _at_work(found: Iterable[Activity]) -> dict[str, list[datetime]]:
    """For each step the last scans of those who were there last."""
    latest: dict[int, Activity] = {}
    for one in found:
        if one.user_id not in latest or one.last_at > latest[one.user_id].last_at:
            latest[one.user_id] = one
    there: dict[str, list[datetime]] = {step: [] for step in STEPS}
    for one in latest.values():
        if one.process in there:
            there[one.process].append(one.last_at)
    return there


def _pace(step: str, done: list[Activity], last_scans: list[datetime], now: datetime) -> Pace:
    present = sum(now - at <= PRESENT for at in last_scans)
    people = present or len(last_scans)
    minutes = sum(one.active_minutes for one in done)
    orders, scans = sum(one.orders for one in done), sum(one.scans for one in done)
    if orders < LEAST_ORDERS:
        order_minutes, scan_minutes = ASSUMED_MINUTES[step]
        # An order of mean size costs the assumed sum; Pace.minutes takes half of each.
        return Pace(max(people, 1), 2 * order_minutes, 2 * scan_minutes, "assumed")
    each_scan = minutes / scans if scans else 0.0
    # Where scans count no pieces (the dock) the order is all the work.
    each_order = minutes / orders if scans else 2 * minutes / orders
    return Pace(max(people, 1), each_order, each_scan, "measured" if present else "paused")


def rates(paces_: Mapping[str, Pace]) -> dict[str, float]:
    """Orders an hour that each step can do with its people."""
    return {
        step: 60 * pace.people / pace.order_minutes if pace.order_minutes else 0.0
        for step, pace in paces_.items()
    }
