"""Allocation and release of many three-line orders: seconds, CPU and growth, as JSON.

    python -m bench.allocation [--database URL] [--orders 1000 10000] [--products 2000] [--drawn]

Without ``--database`` a PostgreSQL is brought up as the tests do it, with a disk that is
waited for; ``--database sqlite`` measures a SQLite file.  The orders are inserted directly;
what is measured is ``allocate_orders`` and ``release_all``.  Goals: under 20 s each for
10,000 orders on PostgreSQL on 2 cores, time an order at most a quarter above that at 1,000.
With ``--drawn`` the warehouses have a layout: carts are planned by walks and lists by the router.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, insert, select, text, update

from fulfillment.domain.people import system
from fulfillment.domain.values import Place
from fulfillment.domain.waving import WaveChoice
from fulfillment.services.allocating import allocate_orders
from fulfillment.services.waving import release_all
from fulfillment.store.base import db
from fulfillment.store.catalog import Location, Product, Warehouse
from fulfillment.store.orders import Address, Order, OrderLine, Shipment
from fulfillment.store.stock import Move, Reservation, WarehouseBalance, post, virtual_end
from fulfillment.store.transaction import Transaction, reads, writes
from fulfillment.store.work import PickList
from tests.conftest import application, migrate
from tests.support.databases import drop_database, fresh_database
from tests.support.world import World

LINES_EACH = 3
BINS = 600
AISLES = 20
NOW = datetime.now(UTC)


@contextmanager
def database(wanted: str | None) -> Iterator[str]:
    """The URL of a migrated database that is thrown away afterwards."""
    if wanted == "sqlite":
        with tempfile.TemporaryDirectory() as directory:
            url = f"sqlite:///{directory}/bench.db"
            migrate(url)
            yield url
        return
    url = wanted or fresh_database("bench_allocation", build=migrate, durable=True)
    yield url
    if not wanted:
        drop_database(url)


@writes
def fill(tx: Transaction, world: World, *, orders: int, products: int, seed: int) -> None:
    """Products in two bins of each warehouse with stock for 95 % of the demand, and orders."""
    random_ = random.Random(seed)
    product_ids = _products(tx, world, products)
    lines = [
        [(product_ids[i], random_.randint(1, 3)) for i in _skewed(random_, products)]
        for _ in range(orders)
    ]
    _orders(tx, world, lines)
    demand: dict[int, int] = {}
    for wanted in lines:
        for product_id, quantity in wanted:
            demand[product_id] = demand.get(product_id, 0) + quantity
    _stock(tx, world, demand)


def _skewed(random_: random.Random, products: int) -> list[int]:
    """Three different products; a few are in many orders."""
    chosen: set[int] = set()
    while len(chosen) < LINES_EACH:
        chosen.add(int(products * random_.random() ** 2))
    return sorted(chosen)


def _products(tx: Transaction, world: World, products: int) -> list[int]:
    rows = [
        {
            "seller_id": world.seller_id,
            "sku": f"P{number}",
            "name": f"Product {number}",
            "weight_grams": 100 + number % 900,
            "tags": [],
        }
        for number in range(products)
    ]
    tx.execute(insert(Product), rows)
    query = select(Product.id).where(Product.sku.like("P%")).order_by(Product.id)
    return list(tx.execute(query).scalars())


def _orders(tx: Transaction, world: World, lines: list[list[tuple[int, int]]]) -> None:
    address_id = tx.execute(
        insert(Address).returning(Address.id), {"lines": ["1 Street"], "country": "GB"}
    ).scalar_one()
    base = {
        "seller_id": world.seller_id,
        "channel": "bench",
        "content_hash": "",
        "state": "confirmed",
        "address_id": address_id,
        "currency": "GBP",
        "total_minor": 1,
        "ship_complete": False,
        "tags": [],
        "placed_at": NOW,
        "created_at": NOW,
        "confirmed_at": NOW,
    }
    rows = [base | {"number": f"B{n}", "reference": str(n)} for n in range(len(lines))]
    tx.execute(insert(Order), rows)
    ids = {row.number: row.id for row in tx.execute(select(Order.number, Order.id))}
    tx.execute(
        insert(OrderLine),
        [
            {
                "order_id": ids[f"B{n}"],
                "line_number": line_number,
                "product_id": product_id,
                "quantity": quantity,
            }
            for n, wanted in enumerate(lines)
            for line_number, (product_id, quantity) in enumerate(wanted, start=1)
        ],
    )


def _stock(tx: Transaction, world: World, demand: dict[int, int]) -> None:
    bins: dict[str, list[Place]] = {}
    for code, warehouse_id in world.warehouses.items():
        tx.execute(
            insert(Location),
            [
                {
                    "warehouse_id": warehouse_id,
                    "kind": "bin",
                    "code": f"{code}-B-{n:04d}",
                    "zone": "B",
                    "aisle": n % AISLES,
                    "x_metres": 3.0 * (n % AISLES),
                    "y_metres": 1.0 * (n // AISLES),
                }
                for n in range(BINS)
            ],
        )
        rows = tx.execute(
            select(Location.id).where(Location.code.like(f"{code}-B-%")).order_by(Location.id)
        )
        bins[code] = [Place(row.id, "bin", warehouse_id) for row in rows]
    moves = []
    for number, (product_id, quantity) in enumerate(sorted(demand.items())):
        whole = -(-quantity * 95 // 100)
        parts = {"W1": -(-whole * 3 // 4), "W2": whole // 4}
        for code, units in parts.items():
            for half, share in enumerate((units // 3, units - units // 3)):
                if share:
                    moves.append(
                        Move(
                            product_id=product_id,
                            quantity=share,
                            source=virtual_end("supplier"),
                            target=bins[code][(number * 2 + half) % BINS],
                            reason="receipt",
                            reference=("bench", number),
                            key=f"bench:{code}:{number}:{half}",
                        )
                    )
    post(tx, actor_id=1, moves=moves)


@reads
def database_cpu_seconds(tx: Transaction) -> float:
    """CPU that this application's PostgreSQL sessions have used; 0 where they run elsewhere."""
    if not tx.is_postgresql:
        return 0.0
    pids = tx.execute(
        text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    ).scalars()
    ticks = 0
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists():
            user, system_ = stat.read_text().rpartition(")")[2].split()[11:13]
            ticks += int(user) + int(system_)
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def counting() -> Iterator[dict[str, float]]:
    """Wall seconds, CPU seconds of application and database, SQL statements of what runs inside."""
    found = {"statements": 0.0}
    at_database = database_cpu_seconds()

    def count(*_: object) -> None:
        found["statements"] += 1

    event.listen(db.engine, "before_cursor_execute", count)
    wall, cpu = time.perf_counter(), time.process_time()
    yield found
    found["seconds"] = round(time.perf_counter() - wall, 3)
    found["cpu_seconds"] = round(time.process_time() - cpu, 3)
    event.remove(db.engine, "before_cursor_execute", count)
    found["database_cpu_seconds"] = round(database_cpu_seconds() - at_database, 3)


@reads
def faults(tx: Transaction) -> list[str]:
    """What does not balance: nothing, or the run is worth nothing."""
    found = []
    over = tx.execute(
        select(func.count()).where(WarehouseBalance.sellable - WarehouseBalance.promised < 0)
    ).scalar_one()
    if over:
        found.append(f"{over} oversold")
    promised = tx.execute(select(func.sum(WarehouseBalance.promised))).scalar_one()
    if promised:
        found.append(f"{promised} units still promised after the release")
    pieces = tx.execute(select(func.sum(Shipment.pieces))).scalar_one()
    reserved = tx.execute(select(func.sum(Reservation.quantity))).scalar_one()
    if pieces != reserved:
        found.append(f"{pieces} pieces on shipments, {reserved} reserved")
    return found


@writes
def draw_floors(tx: Transaction) -> None:
    """Two blocks of aisles, which the bins lie along."""
    aisle_x = [3.0 * aisle for aisle in range(AISLES)]
    length = float(BINS // AISLES)
    floor = {"aisle_x": aisle_x, "cross_y": [0.0, length / 2, length], "depot": [AISLES // 2, 0]}
    tx.execute(update(Warehouse).values(layout=floor))


@reads
def metres_walked(tx: Transaction) -> float:
    """The walks of all lists together."""
    return round(sum(walk.get("metres", 0) for walk in tx.execute(select(PickList.walk)).scalars()))


def measure(
    wanted: str | None, *, orders: int, products: int, seed: int, drawn: bool
) -> dict[str, Any]:
    """Fill a fresh database, allocate, release; the figures of one size."""
    with database(wanted) as url, tempfile.TemporaryDirectory() as directory:
        app = application(url, Path(directory))
        with app.app_context():
            world = World()
            fill(world, orders=orders, products=products, seed=seed)
            if drawn:
                draw_floors()
            with counting() as allocation:
                allocated = allocate_orders(system())
            released: list[dict[str, float]] = []
            lists = 0
            for warehouse_id in world.warehouses.values():
                with counting() as release:
                    report = release_all(system(), WaveChoice(warehouse_id=warehouse_id))
                lists += len(report.lists)
                released.append(release)
            wrong = faults()
            metres = metres_walked()
            db.engine.dispose()
    return {
        "orders": orders,
        "shipments": allocated.shipments,
        "units": allocated.units,
        "units_owed": allocated.units_owed,
        "pick_lists": lists,
        "metres": metres,
        "allocation": allocation,
        "release": {key: round(sum(one[key] for one in released), 3) for key in released[0]},
        "faults": wrong,
    }


def ratios(sizes: list[dict[str, Any]]) -> dict[str, float]:
    """Time an order at the largest size over that at the smallest."""
    small, large = sizes[0], sizes[-1]

    def an_order(size: dict[str, Any], act: str, figure: str) -> float:
        return float(size[act][figure] / size["orders"])

    return {
        f"{act}_{figure}_an_order": round(
            an_order(large, act, figure) / an_order(small, act, figure), 3
        )
        for act in ("allocation", "release")
        for figure in ("seconds", "cpu_seconds", "database_cpu_seconds")
        if small[act][figure]
    }


def main() -> None:
    """Measure each size and print one JSON object; exit 1 if something does not balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="'sqlite', or the URL of an empty migrated PostgreSQL")
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--products", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drawn", action="store_true", help="give the warehouses a layout")
    options = parser.parse_args()
    sizes = [
        measure(
            options.database,
            orders=n,
            products=options.products,
            seed=options.seed,
            drawn=options.drawn,
        )
        for n in options.orders
    ]
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "database": options.database or "postgresql",
                "sizes": sizes,
                "ratios": ratios(sizes),
                "peak_memory_mib": peak_kib // 1024,
            },
            indent=1,
        )
    )
    if any(size["faults"] for size in sizes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
