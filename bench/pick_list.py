"""(e) A pick list of 50 orders: released, looked at, printed and walked, as JSON.

    python -m bench.pick_list [--databases sqlite postgresql] [--orders 50] [--lines 3] [--bins 120]

Everything runs through the JSON API in this process.  Milliseconds are of this process's CPU; on
PostgreSQL the server's own come on top.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.serving import machine
from fulfillment.store.base import db
from tests.conftest import application, migrate
from tests.support.databases import drop_database, fresh_database
from tests.support.journeys import an_order
from tests.support.people import BASE, People
from tests.support.statements import statements_of
from tests.support.world import World

STOCK = 1_000
TOTES = 100
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  only CPU is measured


def fill(people: People, *, bins: int) -> list[str]:
    """A product in each of *bins* bins in five aisles, and totes enough; the SKUs."""
    places: list[dict[str, Any]] = [
        {
            "code": f"W1-B-{number:03d}",
            "zone": "B",
            "aisle": number % 5,
            "x_metres": 3.0 * (number % 5),
            "y_metres": 1.0 + number // 5,
        }
        for number in range(bins)
    ]
    totes = [{"code": f"W1T{number}", "kind": "tote"} for number in range(13, TOTES + 1)]
    put = {"locations": places + totes}
    people.call("admin", "PUT", "/warehouses/W1/locations", put)
    skus = [f"P{number}" for number in range(bins)]
    products = {"products": [{"sku": sku, "name": sku, "weight_grams": 100} for sku in skus]}
    people.call("admin", "PUT", "/sellers/SHOP/products", products)
    barcodes = {"barcodes": [{"sku": sku, "code": sku} for sku in skus]}
    people.call("admin", "PUT", "/sellers/SHOP/barcodes", barcodes)
    rows = [f"{sku},{place['code']},{STOCK}" for sku, place in zip(skus, places, strict=True)]
    content = "\n".join(["sku,bin,quantity", *rows]).encode()
    form = {"kind": "stock", "seller": "SHOP", "document": "D1"}
    answer = people.client("admin").post(
        f"{BASE}/imports",
        data={**form, "file": (io.BytesIO(content), "stock.csv")},
        content_type="multipart/form-data",
    )
    assert answer.json["accepted"], answer.text
    return skus


class Meter:
    """CPU and statements of steps, by name."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, Any]] = {}

    def of(self, name: str, act: Callable[[], Any]) -> Any:
        """Do *act* and keep what it cost."""
        answers: list[Any] = []
        begun = time.process_time()
        count = statements_of(lambda: answers.append(act()))
        spent = (time.process_time() - begun) * 1000
        self.steps[name] = {"cpu_ms": round(spent, 1), "statements": count}
        return answers[0]


def measure(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """One database."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(dir=MEMORY)))
        if kind == "sqlite":
            url = f"sqlite:///{directory}/bench.db"
            migrate(url)
        else:
            url = fresh_database("bench_pick_list", build=migrate)
            stack.callback(drop_database, url)
        app = application(url, directory)
        with app.app_context():
            people = People(app, World())
            found = _walked(people, fill(people, bins=options.bins), options)
            db.engine.dispose()
    return found


def _walked(people: People, skus: list[str], options: argparse.Namespace) -> dict[str, Any]:
    chance = random.Random(options.seed)
    warehouse_id = people.world.warehouses["W1"]
    for person in ("supervisor1", "picker1", "admin"):
        people.client(person)
    policy = {"cart_positions": options.orders, "list_lines": 500, "reason": "one big cart"}
    people.call("admin", "PATCH", f"/warehouses/{warehouse_id}/policy", policy)
    orders = [
        an_order(*((sku, chance.randint(1, 3)) for sku in chance.sample(skus, options.lines)))
        for _ in range(options.orders)
    ]
    meter = Meter()
    bulk = {"orders": orders}
    meter.of("intake", lambda: people.call("supervisor1", "POST", "/orders/bulk", bulk))
    meter.of("allocation", lambda: people.call("supervisor1", "POST", "/allocations", {}))
    choice = {"warehouse_id": warehouse_id}
    wave = meter.of("release", lambda: people.call("supervisor1", "POST", "/waves", choice))
    (number,) = wave["lists"]
    sheet = f"/pick-lists/{number}/sheet"
    meter.of("looked at", lambda: people.call("picker1", "GET", sheet))
    meter.of("printed", lambda: people.client("picker1").get(f"{BASE}{sheet}.pdf"))
    journey = people.journey()
    totes = [f"W1T{position}" for position in range(1, TOTES + 1)]
    begun = time.process_time()
    scans: list[int] = []
    answer_of = journey.pick_scan

    def counted(list_id: int, raw: str, picker: str = "picker1") -> dict[str, Any]:
        scans.append(1)
        return answer_of(list_id, raw, picker)

    journey.pick_scan = counted  # type: ignore[method-assign]  # counts the scans of the walk
    journey.pick(totes)
    spent = (time.process_time() - begun) * 1000
    return {
        "orders": options.orders,
        "stops": wave["stops"],
        "units": wave["units"],
        "steps": meter.steps,
        "scans": len(scans),
        "cpu_ms_a_scan": round(spent / len(scans), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--lines", type=int, default=3)
    parser.add_argument("--bins", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    report = {
        "machine": machine(),
        "databases": {kind: measure(kind, options) for kind in options.databases},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
