"""(c) Eight clients ship orders of one and the same SKU, and of 1,000 SKUs, in turn, as JSON.

    python -m bench.same_sku [--databases sqlite postgresql] [--clients 8] [--orders 5] [--rounds 2]

Each client takes its own orders the whole way through HTTP, from intake to shipped, so that all of
them meet at the same rows: of the warehouse's balance at allocation and release, of the bin's at
picking.  Goals: exact, no error, and at least half the rate of 1,000 SKUs.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select

from bench.journeys import Crew, WalkAmongOthers, hire
from bench.serving import Answer, House, Round, house, inside, load, machine
from fulfillment.domain.catalogue import BarcodeEntry, ProductEntry
from fulfillment.domain.people import system
from fulfillment.services.auditing import audit
from fulfillment.services.catalogue import products
from fulfillment.services.importing import files
from fulfillment.store.stock import StockBalance
from tests.support.world import World, fetch

SKUS = 1_000
RATE_GOAL = 0.5


def fill(clients: int) -> tuple[list[Crew], int]:
    """1,000 products in the bins of W1, and crews; also the units in stock."""
    world = World()
    skus = [f"P{number}" for number in range(SKUS)]
    products.put_products(
        system(), "SHOP", [ProductEntry(sku=sku, name=sku, weight_grams=100) for sku in skus]
    )
    products.put_barcodes(system(), "SHOP", [BarcodeEntry(sku=sku, code=sku) for sku in skus])
    rows = [f"{sku},W1-A-0{number % 6 + 1}-1-1,1000" for number, sku in enumerate(skus)]
    content = "\n".join(["sku,bin,quantity", *rows]).encode()
    files.import_file(
        system(), "stock", content, file_name="stock.csv", seller="SHOP", document="D1"
    )
    return [hire(world, number) for number in range(clients)], SKUS * 1_000


def shipping(built: House, crew: Crew, skus: Sequence[str]) -> Callable[[], Sequence[Answer | str]]:
    """A crew that ships an order of one piece for each of *skus*."""

    def run() -> Sequence[Answer | str]:
        walk = WalkAmongOthers(crew, built.product.port)
        for sku in skus:
            walk.ship_one([(sku, 1)])
        return walk.answers

    return run


def measure(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """One database."""
    with house(kind, lambda: fill(options.clients)) as (built, (crews, units)):
        numbers = itertools.count(1)
        same, many = [], []
        for number in range(options.rounds + 1):
            one = _round(built, crews, lambda: ["P0"] * options.orders)
            two = _round(
                built, crews, lambda: [f"P{next(numbers) % SKUS}" for _ in range(options.orders)]
            )
            if number:  # the first round warms up
                same.append(one)
                many.append(two)
        with inside(built.url, built.directory):
            books = audit()
            left = fetch(select(func.sum(StockBalance.on_hand)))[0][0]
    orders = options.clients * options.orders * options.rounds
    shipped = 2 * options.clients * options.orders * (options.rounds + 1)
    errors = [error for one in (*same, *many) for error in one.errors]
    ratio = _rate(same, orders) / _rate(many, orders)
    return {
        "orders_each_way": orders,
        "same_sku_orders_per_second": round(_rate(same, orders), 2),
        "many_skus_orders_per_second": round(_rate(many, orders), 2),
        "same_sku_cpu_ms_an_order": _cpu_an_order(same, orders),
        "many_skus_cpu_ms_an_order": _cpu_an_order(many, orders),
        "rate_ratio": round(ratio, 2),
        "rate_goal_met": ratio >= RATE_GOAL,
        "errors": len(errors),
        "first_errors": errors[:3],
        "exact": books.ok and units - left == shipped,
    }


def _round(built: House, crews: Sequence[Crew], skus: Callable[[], list[str]]) -> Round:
    return load(built.product, [shipping(built, crew, skus()) for crew in crews])


def _cpu_an_order(rounds: Sequence[Round], orders: int) -> float:
    return round(sum(one.cpu.total_ms for one in rounds) / orders, 1)


def _rate(rounds: Sequence[Round], orders: int) -> float:
    return orders / sum(one.seconds for one in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--orders", type=int, default=5, help="of each client in a round")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    report = {
        "machine": machine(),
        "databases": {kind: measure(kind, options) for kind in options.databases},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
