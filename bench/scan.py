"""(a) One packing scan through HTTP at 1, 8 and 32 stations, product and floor in turn, as JSON.

    python -m bench.scan [--databases sqlite postgresql] [--stations 1 8 32] [--scans 200] [--rounds 3]

Every station has an order of its own open, far from complete; a scan counts one piece.  Goals:
CPU at most 2.5 × the floor's, at most 8 SQL statements with authentication, p99 at 8 stations at
most 3 × the floor's.
"""

from __future__ import annotations

import argparse
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from bench.serving import (
    Answer,
    Client,
    House,
    floor_client,
    house,
    inside,
    load,
    machine,
    summary,
)
from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.people import Permission, system
from fulfillment.services import people
from fulfillment.store.catalog import Location
from fulfillment.store.people import Station
from tests.support.benches import picked_shipment
from tests.support.statements import statements_of
from tests.support.web import ApiClient
from tests.support.world import World, insert_row

MANY = 100_000
CPU_GOAL, STATEMENTS_GOAL, P99_GOAL = 2.5, 8, 3.0


def fill(stations: int, lines: int) -> tuple[str, list[int]]:
    """An order of *lines* products open at each of *stations*; a packer's token, station ids."""
    world = World()
    skus = [f"P{number}" for number in range(lines)]
    for sku in skus:
        world.product(sku, weight_grams=100)
        world.stock(sku, MANY * stations)
    token = people.create_token(
        system(),
        name="bench",
        user_id=world.people["packer1"].user_id,
        scopes=[Permission.PACK, Permission.SHIP],
        warehouse_ids=(),
        station_id=None,
    ).secret
    warehouse_id = world.warehouses["W1"]
    ids = []
    for number in range(stations):
        code = f"BENCH{number}"
        world.locations[code] = insert_row(
            Location, warehouse_id=warehouse_id, kind="tote", code=code
        )
        picked_shipment(world, dict.fromkeys(skus, MANY), tote=code)
        ids.append(insert_row(Station, warehouse_id=warehouse_id, code=code, name=code))
    return token, ids


def scanning(
    house_: House, token: str, station_id: int, scans: int
) -> Callable[[], Sequence[Answer | str]]:
    """A station that counts *scans* pieces."""

    def run() -> list[Answer | str]:
        client = Client(house_.product.port, token)
        answers: list[Answer | str] = []
        for _ in range(scans):
            body = {"scan_id": str(uuid.uuid4()), "raw": "P0"}
            answer = client.send("POST", f"/api/v1/stations/{station_id}/scans", body)
            counted = answer.status == 200 and answer.body["verdict"]["code"] == "counted"
            answers.append(answer if counted else f"scan: {answer.status} {answer.body}")
        return answers

    return run


def statements(house_: House, token: str, station_id: int) -> int:
    """SQL statements of one scan, authentication counted."""
    with inside(house_.url, house_.directory) as app:
        client = ApiClient(app, token)

        def scan() -> None:
            body = {"scan_id": str(uuid.uuid4()), "raw": "P0"}
            client.post(f"/api/v1/stations/{station_id}/scans", json=body)

        scan()
        return statements_of(scan)


def measure(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """All numbers of stations on one database."""
    most = max(options.stations)
    with house(kind, lambda: fill(most, options.lines)) as (built, (token, ids)):
        opener = Client(built.product.port, token)
        for number, station_id in enumerate(ids):
            body = {"scan_id": str(uuid.uuid4()), "raw": own_code(Own.TOTE, f"BENCH{number}")}
            opener.send("POST", f"/api/v1/stations/{station_id}/scans", body)
        count = statements(built, token, ids[0])
        return {
            "statements": count,
            "statements_goal_met": count <= STATEMENTS_GOAL,
            "stations": {
                str(stations): _in_turn(built, token, ids[:stations], options)
                for stations in options.stations
            },
        }


def _in_turn(
    built: House, token: str, ids: Sequence[int], options: argparse.Namespace
) -> dict[str, Any]:
    each = max(10, options.scans // len(ids))
    product, beneath = [], []
    for number in range(options.rounds + 1):
        one = load(built.product, [scanning(built, token, station, each) for station in ids])
        two = load(built.floor, [floor_client(built, at, each) for at in range(len(ids))])
        if number:  # the first round warms up
            product.append(one)
            beneath.append(two)
    found = {"product": summary(product), "floor": summary(beneath)}
    cpu = found["product"]["cpu_ms"] / found["floor"]["cpu_ms"]
    p99 = found["product"]["p99_ms"] / found["floor"]["p99_ms"]
    errors = [error for one in (*product, *beneath) for error in one.errors][:3]
    return {
        **found,
        "cpu_ratio": round(cpu, 2),
        "cpu_goal_met": cpu <= CPU_GOAL,
        "p99_ratio": round(p99, 2),
        "p99_goal_met": p99 <= P99_GOAL,
        "first_errors": errors,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--stations", nargs="+", type=int, default=[1, 8, 32])
    parser.add_argument("--scans", type=int, default=200, help="of all stations in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=2, help="of the open orders")
    options = parser.parse_args()
    report = {
        "machine": machine(),
        "databases": {kind: measure(kind, options) for kind in options.databases},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
