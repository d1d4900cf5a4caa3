"""Batches against first come first served, C&W(ii) and proven optima; prints a table.

    python bench/batching.py [--budget SECONDS] [--waves N] [--json FILE]

Standard random waves after Henn & Wäscher (2012): 10 aisles of 45 bins on both sides, aisles 5 bin
lengths apart, orders of 5 to 25 lines, carts of 30 to 75 lines; with one block and with two.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fulfillment.domain.batching import BatchOrder, CartLimits, inner, plan_batches
from fulfillment.domain.batching.orders import Batch
from fulfillment.domain.batching.partition import best_of_all
from fulfillment.domain.batching.savings import by_savings, first_come_first_served
from fulfillment.domain.batching.walks import Walks
from fulfillment.domain.routing import Layout

CARTS = (30, 45, 60, 75)


@dataclass(frozen=True)
class Figures:
    """Total metres of one wave by each method, and the seconds that ours took."""

    blocks: int
    orders: int
    cart_lines: int
    served: float
    saved: float
    ours: float
    seconds: float

    @property
    def under_savings(self) -> float:
        return 100 * (1 - self.ours / self.saved)

    @property
    def under_served(self) -> float:
        return 100 * (1 - self.ours / self.served)


def standard_layout(blocks: int) -> Layout:
    cross_y = tuple(46.0 * cross / blocks for cross in range(blocks + 1))
    return Layout(tuple(5.0 * aisle for aisle in range(10)), cross_y)


def standard_wave(seed: int, count: int) -> list[BatchOrder]:
    """Orders of 5 to 25 lines, every bin as likely as any other."""
    rng = random.Random(seed)
    return [
        BatchOrder(
            tuple((rng.randrange(10), float(rng.randint(1, 45))) for _ in range(rng.randint(5, 25)))
        )
        for _ in range(count)
    ]


def compare(*, seed: int, blocks: int, count: int, cart_lines: int, budget: float) -> Figures:
    layout, orders = standard_layout(blocks), standard_wave(seed, count)
    limits, depot = CartLimits(lines=cart_lines), layout.crossing(0, 0)
    walks = Walks(layout, orders, limits, depot)
    began = time.perf_counter()
    ours = plan_batches(layout, orders, limits, depot, budget_seconds=budget)
    seconds = time.perf_counter() - began
    return Figures(
        blocks,
        count,
        cart_lines,
        total(walks, first_come_first_served(orders, limits)),
        total(walks, by_savings(orders, limits, walks) or ()),
        ours.total_metres,
        seconds,
    )


def gap_to_optimum(*, waves: int, count: int = 14) -> list[float]:
    """Percent by which the search, denied its exact method, exceeds the optimum of small waves."""
    gaps = []
    for seed in range(waves):
        layout, orders = standard_layout(1 + seed % 2), standard_wave(1000 + seed, count)
        limits, depot = CartLimits(lines=CARTS[seed % len(CARTS)]), layout.crossing(0, 0)
        walks = Walks(layout, orders, limits, depot)
        optimum = total(walks, best_of_all(orders, limits, walks))
        found = plan_batches(layout, orders, limits, depot, budget_seconds=1.0)
        gaps.append(100 * (found.total_metres / optimum - 1))
    return gaps


def total(walks: Walks, batches: Sequence[Batch]) -> float:
    return sum(map(walks.metres, batches))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for a wave")
    parser.add_argument("--waves", type=int, default=2, help="waves for each setting")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args()
    print(f"compiled: {inner.IS_COMPILED}, budget {asked.budget} s")
    compare(seed=0, blocks=1, count=20, cart_lines=30, budget=0.1)  # compiles
    rows = []
    print("blocks orders cart   FCFS  C&W(ii)   ours  under C&W(ii)  under FCFS  seconds")
    for blocks in (1, 2):
        for count in (20, 40, 60, 80, 100):
            for cart_lines in CARTS:
                for seed in range(asked.waves):
                    row = compare(
                        seed=seed,
                        blocks=blocks,
                        count=count,
                        cart_lines=cart_lines,
                        budget=asked.budget,
                    )
                    rows.append(row)
                    print(
                        f"{blocks:6} {count:6} {cart_lines:4} {row.served:6.0f} {row.saved:8.0f} "
                        f"{row.ours:6.0f} {row.under_savings:13.2f}% {row.under_served:10.2f}% "
                        f"{row.seconds:8.2f}",
                        flush=True,
                    )
    gaps = gap_to_optimum(waves=2 * len(CARTS))
    sixty = [row for row in rows if row.orders == 60]
    figures = {
        "under C&W(ii) %": statistics.mean(row.under_savings for row in rows),
        "under FCFS %": statistics.mean(row.under_served for row in rows),
        "60 orders: under C&W(ii) %": statistics.mean(row.under_savings for row in sixty),
        "60 orders: under FCFS %": statistics.mean(row.under_served for row in sixty),
        "60 orders: longest seconds": max(row.seconds for row in sixty),
        "14 orders: mean gap to optimum %": statistics.mean(gaps),
        "14 orders: largest gap to optimum %": max(gaps),
    }
    for name, value in figures.items():
        print(f"{name}: {value:.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
