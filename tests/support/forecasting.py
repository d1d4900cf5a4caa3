"""A simulated day as the forecast sees it at one minute, and what it then says."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from fulfillment.domain.board.error import Told
from fulfillment.domain.board.forecast import OpenShipment, leaving_times, rhythm
from fulfillment.domain.board.pace import SLOT_MINUTES, Activity, paces
from fulfillment.domain.board.standing import standing
from tests.support.simulated_days import VAN, SimulatedDay, SimulatedShipment, bench_scans

MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)


def moment(minute: float) -> datetime:
    """A minute of the simulated day."""
    return MIDNIGHT + timedelta(minutes=minute)


def open_at(day: SimulatedDay, minute: float) -> list[OpenShipment]:
    """What the stamps say of each shipment that is in the house then."""
    picked: dict[int, int] = defaultdict(int)
    packed: dict[int, int] = defaultdict(int)
    for scan in day.scans:
        if scan.minute <= minute and scan.process == "pick":
            picked[scan.shipment] += 1
        elif scan.minute <= minute:
            packed[scan.shipment] += 1
    return [
        _open(one, minute, picked[one.number], packed[one.number])
        for one in day.shipments
        if one.allocated <= minute < one.dispatched
    ]


def _open(one: SimulatedShipment, minute: float, picked: int, packed: int) -> OpenShipment:
    state = state_at(one, minute)
    on_list = state in ("released", "picking")
    return OpenShipment(
        shipment_id=one.number,
        state=state,
        pieces=one.pieces,
        to_pick=len(one.lines) - picked,
        to_pack=max(0, len(bench_scans(one)) - packed),
        cut_off_at=moment(VAN),
        list_id=one.list_number if on_list else None,
        claimed=on_list and one.claimed <= minute,
        waited_minutes=minute - one.shipped if state == "shipped" else 0.0,
    )


def state_at(one: SimulatedShipment, minute: float) -> str:
    """The state that the stamps say it was in."""
    passed = (
        (one.shipped, "shipped"),
        (one.pack_started, "packing"),
        (one.picked, "picked"),
        (one.pick_started, "picking"),
        (one.released, "released"),
    )
    return next((state for at, state in passed if at <= minute), "allocated")


def activities_at(day: SimulatedDay, minute: float) -> list[Activity]:
    """What everybody scanned in the hour before."""
    found: dict[tuple[str, int], list[tuple[float, int, int]]] = defaultdict(list)
    for scan in day.scans:
        if minute - 60 < scan.minute <= minute:
            entry = (scan.minute, scan.shipment, scan.pieces)
            found[scan.process, scan.user].append(entry)
    return [
        Activity(
            process=process,
            user_id=user,
            orders=len({shipment for _at, shipment, _pieces in scans}),
            scans=sum(pieces > 0 for _at, _shipment, pieces in scans),
            active_slots=len({int(at // SLOT_MINUTES) for at, _shipment, _pieces in scans}),
            last_at=moment(max(at for at, _shipment, _pieces in scans)),
        )
        for (process, user), scans in found.items()
    ]


def told_at(day: SimulatedDay, minute: float) -> list[Told]:
    """What the forecast says then of each open shipment, beside what happened to it."""
    return list(told_by_number(day, minute).values())


def told_by_number(day: SimulatedDay, minute: float) -> dict[int, Told]:
    """The same, by the shipments' numbers."""
    now = moment(minute)
    pace = paces(activities_at(day, minute), now=now)
    beat = rhythm(
        {moment(one.released) for one in day.shipments if minute - 180 < one.released <= minute},
        [
            timedelta(minutes=one.dispatched - one.shipped)
            for one in day.shipments
            if minute - 60 < one.dispatched <= minute
        ],
        now=now,
    )
    leaves = leaving_times(open_at(day, minute), pace, now=now, rhythm=beat)
    happened = {one.number: one for one in day.shipments}
    return {
        number: Told(
            leaves_at=leaves_at,
            standing=standing(now=now, cut_off_at=moment(VAN), leaves_at=leaves_at),
            cut_off_at=moment(VAN),
            dispatched_at=moment(happened[number].dispatched),
        )
        for number, leaves_at in leaves.items()
    }


def naive_errors(day: SimulatedDay, minute: float) -> list[float]:
    """Errors in minutes of queue ÷ rate: the place in the queue by the orders of the last hour."""
    gone = sum(minute - 60 < one.dispatched <= minute for one in day.shipments)
    waiting = [one for one in day.shipments if one.allocated <= minute < one.dispatched]
    return [
        abs(one.dispatched - (minute + place * 60 / max(gone, 1)))
        for place, one in enumerate(sorted(waiting, key=lambda each: each.allocated), start=1)
    ]
