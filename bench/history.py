"""A year behind the warehouse: board, dispatch report and scans on a long history, as JSON.

    python -m bench.history [--orders 1000000] [--beside 10000] [--rounds 20]

PostgreSQL only. Orders of ten lines are carried through the services and copied over a year (see
`bench.copies`), with their lists, moves, stamps, scans and parcels; `audit` proves the result. Then
orders are worked scan by scan on the long and on a short history in turn. Goals: the board within
200 ms, a month's dispatch report within 2 s, no request slower than on the short history.
With a million orders this takes about 40 GB of disk and most of an hour.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select, update

from bench.copies import copy_since, mark
from bench.journeys import Crew, hire
from bench.serving import machine
from fulfillment.domain.people import system
from fulfillment.domain.reporting.days import Days
from fulfillment.services.auditing import audit
from fulfillment.services.board import showing
from fulfillment.services.reports.dispatch import dispatch_report
from fulfillment.services.reports.frame import ReportChoice
from fulfillment.store.base import Base, table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Order, OrderLine
from fulfillment.store.stock import StockMove
from fulfillment.store.transaction import clock_set_to
from tests.conftest import application, migrate
from tests.support.databases import drop_database, fresh_database
from tests.support.journeys import Journey
from tests.support.web import ApiClient
from tests.support.world import NOON, World, change, fetch

PRODUCTS, LINES, TEMPLATE = 40, 10, 50
YEAR = timedelta(days=365)
BOARD_GOAL_MS, REPORT_GOAL_MS, RATIO_GOAL = 200, 2000, 1.0


@dataclass
class Bench:
    """An application on a database with its crew, and how long each kind of request took."""

    app: Flask
    crew: Crew
    orders: int
    took: dict[str, list[float]]

    def work(self, orders: int) -> None:
        """Carry orders from intake to shipped, every scan a request."""
        clients = {name: ApiClient(self.app, token) for name, token in self.crew.tokens.items()}

        def call(person: str, method: str, path: str, body: Any) -> Any:
            more = {} if body is None else {"json": body}
            begun = time.perf_counter()
            response = clients[person].request(method, f"/api/v1{path}", **more)
            milliseconds = 1000 * (time.perf_counter() - begun)
            answer = response.json
            verdict = answer.get("verdict", {}).get("code", "")
            self.took[verdict or path.rstrip("s0123456789").split("/")[-1]].append(milliseconds)
            return answer

        journey = Journey(call, warehouse_id=self.crew.warehouse_id)
        for number in range(orders):
            first = 7 * number
            skus = [f"P{(first + line) % PRODUCTS}" for line in range(LINES)]
            journey.allocate(journey.take(*((sku, 1) for sku in skus)))
            wave = journey.release()
            journey.pick([self.crew.tote], number=wave["lists"][0])
            journey.pack(self.crew.station_id, self.crew.tote)


@contextmanager
def warehouse(orders: int) -> Iterator[Bench]:
    """A warehouse with so many shipped orders of the past year."""
    copies = max(1, orders // TEMPLATE - 1)
    url = fresh_database("bench_history", build=migrate)
    with tempfile.TemporaryDirectory() as directory:
        app = application(url, Path(directory))
        with app.app_context(), clock_set_to(ticking()):
            world = World()
            change(update(Warehouse).values(policy={"scan_out": False}))  # shipped is dispatched
            for number in range(PRODUCTS):
                world.product(f"P{number}")
                world.stock(f"P{number}", 40 * (copies + 100), bin_code=_bin(number))
            made = Bench(app, hire(world, 0), TEMPLATE * (copies + 1), defaultdict(list))
            before = mark()
            made.work(TEMPLATE)
            copy_since(before, copies=copies, apart=YEAR / (copies + 1))
        yield made
        drop_database(url)


def _bin(number: int) -> str:
    return f"W1-A-0{number % 6 + 1}-1-1"


def ticking() -> Callable[[], datetime]:
    """A clock that begins on a Wednesday noon and goes as fast as the real one."""
    begun = time.monotonic()
    return lambda: NOON + timedelta(seconds=time.monotonic() - begun)


def milliseconds(act: Callable[[], object], rounds: int = 5) -> float:
    """The median wall time; the first round warms up."""
    took = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - begun))
    return round(statistics.median(took[1:]), 1)


def looks(one: Bench) -> dict[str, Any]:
    """What a supervisor opens, on this history."""
    today = NOON.date()
    month = ReportChoice(Days(today - timedelta(days=30), today), one.crew.warehouse_id)
    began = time.perf_counter()
    report = audit()
    audited = time.perf_counter() - began
    broken = {name: found[0] for name, found in report.found.items() if found[0]}
    began = time.perf_counter()
    showing.board(system(), one.crew.warehouse_id)
    first = 1000 * (time.perf_counter() - began)
    return {
        "orders": _count(Order),
        "lines": _count(OrderLine),
        "moves": _count(StockMove),
        "scans": _count(ScanEvent),
        "audit": {"ok": report.ok, "seconds": round(audited, 1), "broken": broken},
        "first_board_ms": round(first, 1),
        "board_ms": milliseconds(lambda: showing.board(system(), one.crew.warehouse_id)),
        "month_report_ms": milliseconds(lambda: dispatch_report(system(), month)),
    }


def _count(model: type[Base]) -> int:
    return int(fetch(select(func.count()).select_from(table_of(model)))[0][0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--beside", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with warehouse(options.beside) as short, warehouse(options.orders) as long:
        for one in (short, long):
            one.took.clear()
        for number in range(options.rounds + 2):
            for one in (short, long) if number % 2 else (long, short):
                with one.app.app_context(), clock_set_to(ticking()):
                    one.work(1)
                    if number == 1:  # warm now
                        one.took.clear()
        with long.app.app_context(), clock_set_to(ticking()):
            seen = looks(long)
        requests = {
            kind: {
                "short_ms": round(statistics.median(short.took[kind]), 2),
                "long_ms": round(statistics.median(took), 2),
                "ratio": round(statistics.median(took) / statistics.median(short.took[kind]), 2),
            }
            for kind, took in long.took.items()
        }
        print(json.dumps({"machine": machine(), "looks": seen, "requests": requests}, indent=2))


if __name__ == "__main__":
    main()
