"""(b) A whole order of two lines from intake to shipped through HTTP, as a table and JSON.

    python -m bench.order [--databases sqlite postgresql] [--orders 10] [--rounds 3] [--json]

Every scan of picking and packing is a request of its own.  Statements are counted in a process of
its own, BEGIN and COMMIT not, authentication counted.  Goals: at most 110 statements, and CPU at
most 2.5 × the floor's × the number of requests, where the floor too looks up who asks and stores
the key of the request; the ratio to the bare floor is printed beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

from bench.journeys import Crew, Walk, hire
from bench.serving import Answer, House, floor_client, house, inside, load, machine, summary
from tests.support.journeys import Journey
from tests.support.statements import statements_of
from tests.support.web import ApiClient
from tests.support.world import World

LINES = (("A", 1), ("B", 1))
STATEMENTS_GOAL, CPU_GOAL = 110, 2.5


def fill(stock: int) -> Crew:
    """Two products in two bins, and one crew."""
    world = World()
    for number, (sku, _) in enumerate(LINES, start=1):
        world.product(sku)
        world.stock(sku, stock, bin_code=f"W1-A-0{number}-1-1")
    return hire(world, 0)


def requests_of(built: House, crew: Crew) -> list[dict[str, Any]]:
    """Every request of an order with its SQL statements, after one order that warms up."""
    listed: list[dict[str, Any]] = []
    with inside(built.url, built.directory) as app:
        clients = {name: ApiClient(app, token) for name, token in crew.tokens.items()}

        def call(person: str, method: str, path: str, body: Any) -> Any:
            more = {} if body is None else {"json": body}
            answers: list[Any] = []
            count = statements_of(
                lambda: answers.append(clients[person].request(method, f"/api/v1{path}", **more))
            )
            answer = answers[0].json
            verdict = answer.get("verdict", {}).get("code", "")
            listed.append({"request": f"{method} {path}", "verdict": verdict, "statements": count})
            return answer

        journey = Journey(call, warehouse_id=crew.warehouse_id)
        for _ in range(2):
            listed.clear()
            journey.allocate(journey.take(*LINES))
            wave = journey.release()
            journey.pick([crew.tote], number=wave["lists"][0])
            journey.pack(crew.station_id, crew.tote)
    return listed


def ordering(built: House, crew: Crew, orders: int) -> Callable[[], Sequence[Answer | str]]:
    """A crew that ships *orders* orders one after the other."""

    def run() -> Sequence[Answer | str]:
        walk = Walk(crew, built.product.port)
        for _ in range(orders):
            walk.ship_one(LINES)
        return walk.answers

    return run


def measure(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """One database."""
    with house(kind, lambda: fill(10_000)) as (built, crew):
        listed = requests_of(built, crew)
        count = len(listed)
        product, beneath, bare = [], [], []
        for number in range(options.rounds + 1):
            one = load(built.product, [ordering(built, crew, options.orders)])
            two, three = (
                load(
                    built.floor,
                    [floor_client(built, 0, count * options.orders, guarded=guarded)],
                )
                for guarded in (True, False)
            )
            if number:  # the first round warms up
                product.append(one)
                beneath.append(two)
                bare.append(three)
    statements = sum(each["statements"] for each in listed)
    found = {
        "product": summary(product),
        "floor": summary(beneath),
        "floor_bare": summary(bare),
    }
    ratio = found["product"]["cpu_ms"] / found["floor"]["cpu_ms"]
    bare_ratio = found["product"]["cpu_ms"] / found["floor_bare"]["cpu_ms"]
    return {
        "requests": listed,
        "requests_an_order": count,
        "statements": statements,
        "statements_goal_met": statements <= STATEMENTS_GOAL,
        **found,
        "cpu_ms_an_order": round(found["product"]["cpu_ms"] * count, 1),
        "cpu_ratio": round(ratio, 2),
        "cpu_ratio_to_bare_floor": round(bare_ratio, 2),
        "cpu_goal_met": ratio <= CPU_GOAL,
        "first_errors": [error for one in product for error in one.errors][:3],
    }


def table(kind: str, found: dict[str, Any]) -> str:
    """What a person reads."""
    rows = [f"{kind}: statements for each request"]
    rows += [
        f"  {each['statements']:3d}  {each['request']}  {each['verdict']}"
        for each in found["requests"]
    ]
    rows.append(f"  {found['statements']:3d}  in all, goal {STATEMENTS_GOAL}")
    rows.append(
        f"  CPU {found['cpu_ms_an_order']} ms an order, {found['cpu_ratio']} × the floor's"
        f" for {found['requests_an_order']} requests, goal {CPU_GOAL}"
        f" ({found['cpu_ratio_to_bare_floor']} × the bare floor's)"
    )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--orders", type=int, default=10, help="in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="instead of the table")
    options = parser.parse_args()
    report = {"machine": machine()}
    report["databases"] = {kind: measure(kind, options) for kind in options.databases}
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(json.dumps(report["machine"]))
    for kind, found in report["databases"].items():
        print(table(kind, found))


if __name__ == "__main__":
    main()
