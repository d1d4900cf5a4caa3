"""Metres an order on the orders of a real shop, by how stops are put in order, as JSON and a figure.

    python -m bench.walks online_retail.csv.xz [--days 20] [--budget 5] [--figure docs/walks.svg]

The file is the UCI "Online Retail" data set (Chen 2015, doi 10.24432/C5BW33, CC BY 4.0), plain or
compressed.  The floor is made up: 3,000 bins in 20 aisles and two blocks, both sides, the 3,000
most sold products in them in the order of their codes, which is the order of the bin names too.
Some days are taken, as far apart as they can be; every order of such a day counts, and its carts
take 12 orders and 60 lines.  The budget is in seconds of processor time, so that other work on the
machine does not count.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from fulfillment.domain.batching import BatchOrder, CartLimits, inner, plan_batches
from fulfillment.domain.routing import Layout, Place, plan
from fulfillment.domain.routing.given import length_in_order
from fulfillment.replay.invoices import InvoiceReader, file_rows

BINS = 3_000
CART = CartLimits(lines=60, totes=12)
LAYOUT = Layout(tuple(3.0 * aisle for aisle in range(20)), (0.0, 23.7, 47.4))
DEPOT = LAYOUT.crossing(10, 0)

BY_NAME = "order of the bin names"
SERPENTINE = "serpentine"
SHORTEST = "shortest walk"
BATCHED = "shortest walk, carts planned"


def place_of(number: int) -> Place:
    """Bins are numbered up one side of an aisle, then up the other, 0.6 m apart."""
    aisle, slot = divmod(number, 150)
    along = slot % 75
    cross_aisle = 2.4 if along >= 37 else 0.0
    return Place(aisle, 0.3 + 0.6 * along + cross_aisle)


def orders_by_day(path: Path) -> dict[str, list[list[int]]]:
    """The numbers of the bins that each order of a day needs, in the order of their names."""
    days: dict[str, list[set[str]]] = defaultdict(list)
    sold: Counter[str] = Counter()
    for invoice in InvoiceReader(file_rows(path)):
        codes = {line.stock_code.upper() for line in invoice.lines}
        sold.update(codes)
        days[invoice.placed_at.date().isoformat()].append(codes)
    most = sorted(sold, key=lambda code: (-sold[code], code))[:BINS]
    number_of = {code: number for number, code in enumerate(sorted(most))}
    return {
        day: [
            sorted(number_of[code] for code in codes if code in number_of)
            for codes in orders
            if not number_of.keys().isdisjoint(codes)
        ]
        for day, orders in days.items()
    }


def spread(days: Iterable[str], count: int) -> list[str]:
    """So many of the days, as evenly as possible."""
    every = sorted(days)
    count = min(count, len(every))
    return [every[index * len(every) // count] for index in range(count)]


def metres_of(orders: Sequence[Sequence[int]], *, budget: float) -> dict[str, float]:
    """Metres of all *orders* of one day together, by how the stops are put in order."""
    listed = [[place_of(number) for number in order] for order in orders]
    carts = plan_batches(
        LAYOUT,
        [BatchOrder(tuple(places)) for places in listed],
        CART,
        DEPOT,
        budget_seconds=budget,
        clock=time.process_time,
    )
    return {
        BY_NAME: sum(map(_walked, listed)),
        SERPENTINE: sum(_walked(sorted(places, key=_serpentine)) for places in listed),
        SHORTEST: sum(plan(LAYOUT, places, start=DEPOT).length_metres for places in listed),
        BATCHED: carts.total_metres,
    }


def _walked(places: Sequence[Place]) -> float:
    return length_in_order(LAYOUT, [DEPOT, *places, DEPOT])


def _serpentine(place: Place) -> tuple[int, float]:
    return place.aisle, place.y if place.aisle % 2 == 0 else -place.y


def figure(metres: Mapping[str, float], note: str) -> str:
    """Bars as an SVG of words and rectangles."""
    longest = max(metres.values())
    rows = []
    for number, (name, value) in enumerate(metres.items()):
        top = 40 + 46 * number
        rows.append(
            f'<text x="10" y="{top}">{escape(name)}</text>'
            f'<rect x="10" y="{top + 6}" width="{480 * value / longest:.1f}" height="18" '
            f'fill="{"#999999" if number < 2 else "#0072b2"}"/>'
            f'<text x="{18 + 480 * value / longest:.1f}" y="{top + 20}">{value:.0f} m</text>'
        )
    title = "Metres walked for an order"
    height = 60 + 46 * len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 580 {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{title}</title>'
        f'<rect width="580" height="{height}" fill="#ffffff"/>'
        f'<text x="10" y="18" font-weight="700">{title}</text>{"".join(rows)}'
        f'<text x="10" y="{height - 10}" font-size="11">{escape(note)}</text></svg>\n'
    )


def measure(path: Path, *, days: int, budget: float) -> dict[str, Any]:
    """Everything that is reported."""
    by_day = orders_by_day(path)
    chosen = spread(by_day, days)
    metres: Counter[str] = Counter()
    began = time.process_time()
    for day in chosen:
        metres.update(metres_of(by_day[day], budget=budget))
    orders = sum(len(by_day[day]) for day in chosen)
    lines = sum(len(order) for day in chosen for order in by_day[day])
    return {
        "compiled": inner.IS_COMPILED,
        "days": len(chosen),
        "orders": orders,
        "lines_an_order": round(lines / orders, 1),
        "cpu_seconds": round(time.process_time() - began, 1),
        "metres_an_order": {name: round(total / orders, 1) for name, total in metres.items()},
    }


def main() -> None:
    """Measure, print JSON, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path, help="the retail orders as CSV, .xz or .gz")
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds to plan a day's carts")
    parser.add_argument("--figure", type=Path, help="where to write the figure as SVG")
    asked = parser.parse_args()
    found = measure(asked.path, days=asked.days, budget=asked.budget)
    print(json.dumps(found, indent=2))
    if asked.figure:
        note = (
            f"{found['orders']} orders of {found['days']} days, {found['lines_an_order']} lines "
            f"each; 3,000 bins, 20 aisles, 2 blocks"
        )
        asked.figure.write_text(figure(found["metres_an_order"], note), encoding="utf-8")


if __name__ == "__main__":
    main()
