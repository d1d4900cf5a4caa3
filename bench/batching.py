"""Batches against first come first served, C&W(ii), bounds and proven optima; prints a table.

    python bench/batching.py [--budget SECONDS] [--waves N] [--orders N …] [--json FILE]
    python bench/batching.py --instances FOLDER [--budget SECONDS] [--json FILE]

Standard random waves after Henn & Wäscher (2012): 10 aisles of 45 bins on both sides, aisles 5 bin
lengths apart, orders of 5 to 25 lines, carts of 30 to 75 lines; with one block and with two.
Budgets are seconds of processor time, so that other work on the machine does not count.

FOLDER holds instances of the literature in the forms of `bench/instances.py` (`*.txt`) and
`known.csv` with the columns `set`, `name` (of the file, without `.txt`), `metres` (the best known
total) and `entry` (metres from a cross-aisle to the nearest cell, empty for those of the file).
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import front_depot
from bench.instances import Instance, read_instance
from fulfillment.domain.batching import BatchOrder, CartLimits, inner, plan_batches
from fulfillment.domain.batching.choice import Choice
from fulfillment.domain.batching.orders import Batch
from fulfillment.domain.batching.partition import best_of_all
from fulfillment.domain.batching.savings import by_savings, first_come_first_served
from fulfillment.domain.batching.walks import Walks
from fulfillment.domain.routing import Layout, Proof

CARTS = (30, 45, 60, 75)


@dataclass(frozen=True)
class Figures:
    """Total metres of one wave by each method, and the seconds that ours took.

    No batching is shorter than `bound`; 0 where there are too many batches to tell.
    """

    blocks: int
    orders: int
    cart_lines: int
    served: float
    saved: float
    ours: float
    proven: bool
    bound: float
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
    began = time.process_time()
    ours = plan_batches(
        layout, orders, limits, depot, budget_seconds=budget, clock=time.process_time
    )
    seconds = time.process_time() - began
    proven = ours.proof is Proof.OPTIMAL
    return Figures(
        blocks,
        count,
        cart_lines,
        total(walks, first_come_first_served(orders, limits)),
        total(walks, by_savings(orders, limits, walks) or ()),
        ours.total_metres,
        proven,
        ours.total_metres if proven else lower_bound(walks),
        seconds,
    )


def lower_bound(walks: Walks, *, most: int = 150_000) -> float:
    """What the linear relaxation over all batches proves; 0 where there are more than `most`."""
    wave = walks.wave
    columns = inner.single_orders(wave.orders, room=most)
    load, chosen = inner.filled(0, wave.sums), inner.filled(0, wave.orders)
    if not inner.list_batches(wave, columns, load, chosen):
        return 0.0
    inner.measure(walks.area, wave, walks.scratch, columns)
    return Choice(columns, orders=wave.orders, rounds=50 * wave.orders).bound


def gap_to_optimum(*, waves: int, count: int = 14) -> list[float]:
    """Percent by which the search, given a second, exceeds the optimum of small waves."""
    gaps = []
    for seed in range(waves):
        layout, orders = standard_layout(1 + seed % 2), standard_wave(1000 + seed, count)
        limits, depot = CartLimits(lines=CARTS[seed % len(CARTS)]), layout.crossing(0, 0)
        walks = Walks(layout, orders, limits, depot)
        optimum = total(walks, best_of_all(orders, limits, walks))
        found = plan_batches(
            layout, orders, limits, depot, budget_seconds=1.0, clock=time.process_time
        )
        gaps.append(100 * (found.total_metres / optimum - 1))
    return gaps


@dataclass(frozen=True)
class Published:
    """A line of `known.csv`: an instance and its best known total."""

    set: str
    name: str
    metres: float
    entry: float | None


def read_known(path: Path) -> list[Published]:
    with path.open(newline="") as rows:
        return [
            Published(
                row["set"],
                row["name"],
                float(row["metres"]),
                float(row["entry"]) if row["entry"] else None,
            )
            for row in csv.DictReader(rows)
        ]


def compare_instances(folder: Path, *, budget: float) -> dict[str, float]:
    """Print the gap to the best known total of each instance; the figures of each set."""
    gaps: defaultdict[str, list[float]] = defaultdict(list)
    proofs: defaultdict[str, list[bool]] = defaultdict(list)
    print(f"{'instance':28} orders cart  best known     ours     gap  proven seconds")
    for known in read_known(folder / "known.csv"):
        given = read_instance((folder / f"{known.name}.txt").read_text(), entry=known.entry)
        began = time.process_time()
        metres, proven = front_depot.best_batching(given) if given.lines else plan(given, budget)
        # Published totals are rounded: what is left of the arithmetic is no gap.
        gap = round(100 * (metres / known.metres - 1), 4) + 0.0
        gaps[known.set].append(gap)
        proofs[known.set].append(proven)
        print(
            f"{known.name:28} {len(given.orders):6} {given.limits.sum_limits[0]:4} "
            f"{known.metres:11.2f} {metres:8.2f} {gap:6.2f}% {proven!s:>7} "
            f"{time.process_time() - began:7.2f}",
            flush=True,
        )
    figures: dict[str, float] = {}
    for name, some in gaps.items():
        figures[f"{name}: instances"] = len(some)
        figures[f"{name}: mean gap to best known %"] = statistics.mean(some)
        figures[f"{name}: largest gap to best known %"] = max(some)
        figures[f"{name}: proven optimal %"] = 100 * statistics.mean(proofs[name])
    return figures


def plan(given: Instance, budget: float) -> tuple[float, bool]:
    """Total metres that the planner finds in the budget, and whether it proves them."""
    found = plan_batches(
        given.layout,
        given.orders,
        given.limits,
        given.depot,
        budget_seconds=budget,
        clock=time.process_time,
    )
    return found.total_metres, found.proof is Proof.OPTIMAL


def total(walks: Walks, batches: Sequence[Batch]) -> float:
    return sum(map(walks.metres, batches))


def compare_waves(counts: Sequence[int], *, waves: int, budget: float) -> dict[str, float]:
    """Print each standard wave, as many of each setting; the figures of all."""
    rows = []
    print("blocks orders cart   FCFS  C&W(ii)   ours  bound  under C&W(ii)  under FCFS  seconds")
    for blocks, count, cart_lines in itertools.product((1, 2), counts, CARTS):
        for seed in range(waves):
            row = compare(
                seed=seed, blocks=blocks, count=count, cart_lines=cart_lines, budget=budget
            )
            rows.append(row)
            print(
                f"{blocks:6} {count:6} {cart_lines:4} {row.served:6.0f} {row.saved:8.0f} "
                f"{row.ours:6.0f} {row.bound:6.0f} {row.under_savings:13.2f}% "
                f"{row.under_served:10.2f}% {row.seconds:8.2f}",
                flush=True,
            )
    return summary(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for a wave")
    parser.add_argument("--waves", type=int, default=2, help="waves for each setting")
    parser.add_argument("--orders", type=int, nargs="+", default=[20, 40, 60, 80, 100])
    parser.add_argument("--instances", type=Path, help="folder with instances and known.csv")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args()
    print(f"compiled: {inner.IS_COMPILED}, budget {asked.budget} s, load {os.getloadavg()[0]:.1f}")
    compare(seed=0, blocks=1, count=20, cart_lines=30, budget=0.1)  # compiles
    if asked.instances:
        figures = compare_instances(asked.instances, budget=asked.budget)
    else:
        figures = compare_waves(asked.orders, waves=asked.waves, budget=asked.budget)
    for name, value in figures.items():
        print(f"{name}: {value:.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def summary(rows: Sequence[Figures]) -> dict[str, float]:
    """The means of all waves, of those of 60 orders and of each size of cart."""
    figures: dict[str, float] = {}
    chosen = {"all": rows, "60 orders": [row for row in rows if row.orders == 60]}
    chosen |= {f"carts of {c}": [row for row in rows if row.cart_lines == c] for c in CARTS}
    for name, some in chosen.items():
        if not some:
            continue
        figures[f"{name}: under C&W(ii) %"] = statistics.mean(row.under_savings for row in some)
        figures[f"{name}: under FCFS %"] = statistics.mean(row.under_served for row in some)
        figures[f"{name}: proven optimal %"] = 100 * statistics.mean(row.proven for row in some)
        figures[f"{name}: longest seconds"] = max(row.seconds for row in some)
        if all(row.bound for row in some):
            figures[f"{name}: no batching is under C&W(ii) by more than %"] = statistics.mean(
                100 * (1 - row.bound / row.saved) for row in some
            )
    gaps = gap_to_optimum(waves=2 * len(CARTS))
    figures["14 orders: mean gap to optimum %"] = statistics.mean(gaps)
    figures["14 orders: largest gap to optimum %"] = max(gaps)
    return figures


if __name__ == "__main__":
    main()
