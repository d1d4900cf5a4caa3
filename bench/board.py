"""The board on many open orders: statements, rows and CPU of one look, as JSON.

    python -m bench.board [--databases sqlite postgresql] [--orders 10000] [--rounds 5]

The orders are those of one simulated day, an hour and a half before the van.  CPU is that of the
process which asks (``time.process_time``); a database server's own is not in it, wall time is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from bench.serving import machine
from fulfillment.domain.people import system
from fulfillment.services.board import advising, showing
from fulfillment.services.board.choosing import BoardChoice
from fulfillment.services.orders.listing import OrderSearch, list_orders
from fulfillment.store.transaction import clock_set_to
from tests.conftest import application, migrate
from tests.support.databases import drop_database, fresh_database
from tests.support.simulated_days import VAN, Crew, simulated_day
from tests.support.statements import statements_of
from tests.support.stored_days import Setting, people_of, store_day
from tests.support.world import World

MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
MINUTE = VAN - 90
CPU_GOAL_MS = 500


def fill(orders: int) -> int:
    """A warehouse with so many open orders in every stage; its id."""
    world = World()
    # So few people that nearly all of the day is still here.
    day = simulated_day(1, Crew(orders, 4, 4))
    store_day(day, Setting(world, MIDNIGHT, until=MINUTE, users=people_of(world, day)))
    return world.warehouses["W1"]


@contextmanager
def database(kind: str) -> Iterator[Flask]:
    """An application on a migrated database that is thrown away afterwards."""
    with tempfile.TemporaryDirectory() as directory:
        is_sqlite = kind == "sqlite"
        url = f"sqlite:///{directory}/bench.db" if is_sqlite else fresh_database("bench_board")
        migrate(url)
        yield application(url, Path(directory))
        if not is_sqlite:
            drop_database(url)


def timed(act: Callable[[], object], rounds: int) -> dict[str, float]:
    """Medians of CPU and wall time in milliseconds; the first round warms up."""
    cpu, wall = [], []
    for _ in range(rounds + 1):
        begun, started = time.process_time(), time.perf_counter()
        act()
        cpu.append(1000 * (time.process_time() - begun))
        wall.append(1000 * (time.perf_counter() - started))
    return {
        "cpu_ms": round(statistics.median(cpu[1:]), 1),
        "wall_ms": round(statistics.median(wall[1:]), 1),
    }


def measure(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """All numbers of one database."""
    with (
        database(kind) as app,
        app.app_context(),
        clock_set_to(lambda: MIDNIGHT + timedelta(minutes=MINUTE)),
    ):
        warehouse_id = fill(options.orders)
        at_risk = OrderSearch(board=BoardChoice(warehouse_id, standing="at-risk"))
        acts: dict[str, Callable[[], object]] = {
            "board": lambda: showing.board(system(), warehouse_id),
            "list behind a number": lambda: list_orders(system(), at_risk),
            "advice": lambda: advising.advice(system(), warehouse_id),
        }
        view = showing.board(system(), warehouse_id)
        found = {
            name: {"statements": statements_of(act), **timed(act, options.rounds)}
            for name, act in acts.items()
        }
        return {
            "open_orders": sum(van.orders for van in view.vans),
            **found,
            "cpu_goal_met": found["board"]["cpu_ms"] <= CPU_GOAL_MS,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--orders", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    report = {
        "machine": machine(),
        "databases": {kind: measure(kind, options) for kind in options.databases},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
