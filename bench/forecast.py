"""The board's forecast on days of real orders, beside queue ÷ rate; prints JSON.

    python -m bench.forecast FILE [--skip DAYS] [--seed S]

FILE is the file of retail invoices that `fulfillment replay` reads. A day of the bench is four real
days laid over each other, the same weekday of four weeks: their orders come at their own minutes,
with their own lines and pieces, and a fifth of them in a rush hour instead. Who picks and packs has
a seeded speed, breaks, and a bench whose labels stop for a quarter of an hour; one van leaves at
17:00 (`tests/support/simulated_days.py`, which knows nothing of the forecast). The crews are as
large as the work of the day, so that some days go well and some do not.

Goals: an hour before the van a median error below 5 minutes; half an hour before, at least 95 % of
those that miss it shown at risk, and at least 70 % of those shown miss it. Orders that were
confirmed less than half an hour before the van, or hit by the failure then, are counted apart:
nobody could have shown them in time.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.serving import machine
from fulfillment.domain.board.error import Told, forecast_error
from fulfillment.domain.statistics import percentile
from fulfillment.replay.invoices import Invoice, InvoiceReader, file_rows
from tests.support.forecasting import naive_errors, told_by_number
from tests.support.simulated_days import (
    OPENS,
    VAN,
    Crew,
    SimulatedDay,
    SimulatedShipment,
    bench_scans,
    simulated_day,
)

WEEKS = 4
LIST_SIZE = 4
MOST_LINES = 100
"""Larger orders, three in a hundred with a quarter of all lines, go as freight and not by this van."""
PICK_MINUTES, PACK_MINUTES = 0.32, 0.2
"""About what the simulator's people take for a line and for a scan, ways included."""
SHIFT_MINUTES = (220.0, 320.0)
"""The work of one person on a day, as orders come late and in a rush; some days are short of staff."""
LATEST = 30


def days_of(path: Path) -> Iterator[list[Invoice]]:
    """Four weeks' orders of one weekday, for each group of four weeks of the file."""
    groups: dict[tuple[int, int], list[Invoice]] = defaultdict(list)
    reader = InvoiceReader(file_rows(path))
    for invoice in reader:
        day = invoice.placed_at.astimezone(ZoneInfo("Europe/London")).date()
        weeks = (day - date(2010, 11, 29)).days // 7
        groups[weeks // WEEKS, day.weekday()].append(invoice)
    yield from (groups[key] for key in sorted(groups))


def orders_of(invoices: list[Invoice], chance: random.Random) -> list[SimulatedShipment]:
    """The orders that come before the van, by time; a fifth of them in the rush hour."""
    rush = chance.uniform(OPENS + 120, VAN - 120)
    found = []
    for invoice in invoices:
        local = invoice.placed_at.astimezone(ZoneInfo("Europe/London"))
        minute = 60.0 * local.hour + local.minute + chance.random()
        if chance.random() < 0.2:
            minute = chance.uniform(rush, rush + 60)
        lines = tuple(line.quantity for line in invoice.lines)
        if minute < VAN and len(lines) <= MOST_LINES:
            found.append((max(minute, OPENS), lines))
    found.sort()
    return [SimulatedShipment(number, lines, at) for number, (at, lines) in enumerate(found, 1)]


def crew_for(orders: list[SimulatedShipment], chance: random.Random) -> Crew:
    """As many people as the work needs, and a failure at some time of the afternoon."""
    lines = sum(len(one.lines) for one in orders)
    scans = sum(len(bench_scans(one)) for one in orders)
    begun = chance.uniform(VAN - 180, VAN - 15)
    each = chance.uniform(*SHIFT_MINUTES)
    return Crew(
        pickers=max(1, round(lines * PICK_MINUTES / each)),
        packers=max(1, round((scans * PACK_MINUTES + 0.9 * len(orders)) / each)),
        list_size=LIST_SIZE,
        failure=(begun, begun + 15),
    )


def simulated(invoices: list[Invoice], seed: int) -> SimulatedDay:
    """The day of these invoices, always the same one."""
    chance = random.Random(seed)
    orders = orders_of(invoices, chance)
    return simulated_day(seed, crew_for(orders, chance), orders)


def figures(days: list[SimulatedDay]) -> dict[str, Any]:
    """What the forecast said on all days together, against what happened."""
    hour: list[Told] = []
    half: list[Told] = []
    naive: list[float] = []
    apart = apart_missed = 0
    for day in days:
        hour += told_by_number(day, VAN - 60).values()
        naive += naive_errors(day, VAN - 60)
        told = told_by_number(day, VAN - LATEST)
        for one in day.shipments:
            if max(one.allocated, one.hit) > VAN - LATEST:
                apart += 1
                apart_missed += one.dispatched > VAN
            elif one.number in told:
                half.append(told[one.number])
    before, after = (
        forecast_error(hour, minutes_before=60),
        forecast_error(half, minutes_before=LATEST),
    )
    return {
        "days": len(days),
        "orders": sum(len(day.shipments) for day in days),
        "days_on_which_some_missed": sum(
            any(one.dispatched > VAN for one in day.shipments) for day in days
        ),
        "hour_before": {
            "open": before.shipments,
            "median_error_minutes": before.median_minutes,
            "p90_error_minutes": before.p90_minutes,
            "naive_median_error_minutes": percentile(naive, 50),
        },
        "half_an_hour_before": {
            "open": after.shipments,
            "missed": after.missed,
            "of_these_shown": after.foreseen_share,
            "shown": after.warned,
            "of_these_missed": after.right_share,
        },
        "apart": {"confirmed_or_hit_in_the_last_half_hour": apart, "missed": apart_missed},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--skip", type=int, default=12, help="days looked at before")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = random.Random(options.seed).randrange(10**6)
    days = [
        simulated(invoices, begun + number)
        for number, invoices in enumerate(list(days_of(options.file))[options.skip :])
    ]
    print(json.dumps({"machine": machine(), "seed": options.seed, **figures(days)}, indent=2))


if __name__ == "__main__":
    main()
