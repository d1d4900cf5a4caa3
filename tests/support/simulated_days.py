"""A simulated day of a warehouse, made apart from the forecast: it gives stamps and scans, no more.

Orders come in through the day with a rush at 14:00, or as they are given; a wave is released every
20 minutes into lists of 12; pickers walk with a cart, packers take totes in the order in which they
come, one person goes along the dock every 10 minutes.  Everybody has a speed of their own and
breaks; the labels of one bench do not come out for a quarter of an hour.  The van leaves at 17:00.
All times are minutes since midnight.
"""

from __future__ import annotations

import bisect
import heapq
import random
from dataclasses import dataclass, field

OPENS, LAST_ORDER, VAN = 8 * 60.0, 16 * 60.0 + 40, 17 * 60.0
WAVE_MINUTES, LIST_SIZE, ROUND_MINUTES = 20, 12, 10
BREAKS = ((10 * 60.0, 10 * 60 + 15.0), (12 * 60.0, 12 * 60 + 30.0), (15 * 60.0, 15 * 60 + 15.0))
FAILURE = (15 * 60 + 30.0, 15 * 60 + 45.0)
RUSH = (14 * 60.0, 15 * 60.0)
PACKS = (24, 6, 1)
"""Pieces that one scan at the bench counts: a case, an inner pack, a piece."""


@dataclass
class SimulatedShipment:
    """A shipment's life: its stamps in minutes since midnight."""

    number: int
    lines: tuple[int, ...]
    """The pieces of each line."""
    allocated: float
    released: float = 0.0
    list_number: int = 0
    claimed: float = 0.0
    pick_started: float = 0.0
    picked: float = 0.0
    at_bench: float = 0.0
    pack_started: float = 0.0
    shipped: float = 0.0
    dispatched: float = 0.0
    hit: float = 0.0
    """When the failure met it; 0 if it did not."""

    @property
    def pieces(self) -> int:
        return sum(self.lines)


@dataclass(frozen=True)
class SimulatedScan:
    """One accepted scan."""

    minute: float
    process: str
    user: int
    shipment: int
    pieces: int


@dataclass
class SimulatedDay:
    """What the stamps and the scan log of the day say."""

    shipments: list[SimulatedShipment] = field(default_factory=list)
    scans: list[SimulatedScan] = field(default_factory=list)


@dataclass(frozen=True)
class Crew:
    """Who works: how many, how many orders come in the day, and what goes wrong."""

    orders: int = 700
    pickers: int = 3
    packers: int = 3
    list_size: int = LIST_SIZE
    failure: tuple[float, float] = FAILURE
    """From when to when the labels of one bench do not come out."""


def simulated_day(
    seed: int, crew: Crew | None = None, orders: list[SimulatedShipment] | None = None
) -> SimulatedDay:
    """The day of *seed*, always the same one; *orders*, by time, come instead of made ones."""
    crew, chance = crew or Crew(), random.Random(seed)
    day = SimulatedDay(orders or _orders(chance, crew.orders))
    _pick(day, chance, crew)
    _pack(day, chance, crew)
    _dock(day, chance)
    day.scans.sort(key=lambda scan: scan.minute)
    return day


def _orders(chance: random.Random, count: int) -> list[SimulatedShipment]:
    minutes = sorted(
        chance.uniform(*RUSH) if chance.random() < 0.2 else chance.uniform(OPENS, LAST_ORDER)
        for _ in range(count)
    )
    return [
        SimulatedShipment(number, (1,) * min(1 + int(chance.expovariate(0.6)), 15), minute)
        for number, minute in enumerate(minutes, start=1)
    ]


def _pick(day: SimulatedDay, chance: random.Random, crew: Crew) -> None:
    speed = [chance.uniform(0.75, 1.25) for _ in range(crew.pickers)]
    free = [(OPENS, picker) for picker in range(crew.pickers)]
    for number, members in enumerate(_lists(day.shipments, crew.list_size), start=1):
        since, picker = heapq.heappop(free)
        begin = _after_breaks(max(since, members[0].released))
        moment = begin + 2.0 * speed[picker] * chance.uniform(0.7, 1.4)
        stops = [(one, pieces) for one in members for pieces in one.lines]
        chance.shuffle(stops)
        for one, pieces in stops:
            minutes = 0.28 * speed[picker] * chance.lognormvariate(0, 0.5)
            moment = _after_breaks(moment + minutes)
            one.pick_started = one.pick_started or moment
            one.picked = moment
            day.scans.append(SimulatedScan(moment, "pick", 1 + picker, one.number, pieces))
        end = _after_breaks(moment + 1.5 * speed[picker])
        for one in members:
            one.list_number, one.claimed, one.at_bench = number, begin, end
        heapq.heappush(free, (end, picker))


def _lists(shipments: list[SimulatedShipment], size: int) -> list[list[SimulatedShipment]]:
    waves: dict[float, list[SimulatedShipment]] = {}
    for one in shipments:
        one.released = OPENS + WAVE_MINUTES * (int((one.allocated - OPENS) // WAVE_MINUTES) + 1)
        waves.setdefault(one.released, []).append(one)
    return [wave[at : at + size] for wave in waves.values() for at in range(0, len(wave), size)]


def _pack(day: SimulatedDay, chance: random.Random, crew: Crew) -> None:
    speed = [chance.uniform(0.75, 1.25) for _ in range(crew.packers)]
    free = [(OPENS, packer) for packer in range(crew.packers)]
    for one in sorted(day.shipments, key=lambda each: (each.at_bench, each.number)):
        since, packer = heapq.heappop(free)
        moment = one.pack_started = _after_breaks(max(since, one.at_bench))
        for pieces in bench_scans(one):
            moment = _after_breaks(moment + 0.2 * speed[packer] * chance.lognormvariate(0, 0.4))
            day.scans.append(SimulatedScan(moment, "pack", 101 + packer, one.number, pieces))
        moment += 0.9 * speed[packer] * chance.lognormvariate(0, 0.3)
        if packer == 0 and crew.failure[0] <= moment < crew.failure[1]:
            one.hit, moment = moment, crew.failure[1] + 0.5
        one.shipped = _after_breaks(moment)
        heapq.heappush(free, (one.shipped, packer))


def bench_scans(one: SimulatedShipment) -> list[int]:
    """The pieces that each scan counts: the largest pack that is left, line by line."""
    scans = []
    for left in one.lines:
        while left:
            pack = next(pack for pack in PACKS if pack <= left)
            scans.append(pack)
            left -= pack
    return scans


def _dock(day: SimulatedDay, chance: random.Random) -> None:
    moment = OPENS
    waiting = sorted(day.shipments, key=lambda each: each.shipped)
    at = 0
    while at < len(waiting):
        moment = _after_breaks(moment)
        here = bisect.bisect_right([one.shipped for one in waiting], moment)
        begun = moment
        for one in waiting[at:here]:
            moment = _after_breaks(moment + chance.uniform(0.08, 0.2))
            one.dispatched = moment
            day.scans.append(SimulatedScan(moment, "dispatch", 201, one.number, 0))
        at = max(at, here)
        moment = max(moment, begun + ROUND_MINUTES)


def _after_breaks(minute: float) -> float:
    """Work that would end in a break ends as much later as the break is long."""
    for begin, end in BREAKS:
        if begin <= minute < end:
            return minute + (end - begin)
    return minute
