"""Checks and times the pick routes; prints a table and, with --json, the figures as JSON.

    python bench/routing.py [path to sprp.jsonl.xz] [--random N] [--json FILE]

Without the path of the public instances (Heßler & Irnich, SPRP-SS) only generated ones are used.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import itertools

from fulfillment.domain.routing import (
    Direction,
    Layout,
    Place,
    Proof,
    Route,
    oneway,
    plan,
    route,
)
from fulfillment.domain.routing.exact import best_visit
from fulfillment.domain.routing.oriented import nodes_of, oriented_graph

TOLERANCE_METRES = 1e-6


@dataclass(frozen=True)
class Case:
    """One pick list on a layout."""

    layout: Layout
    places: tuple[Place, ...]
    start: Place
    end: Place | None

    def planned(self) -> Route:
        return plan(self.layout, self.places, start=self.start, end=self.end)


def random_case(seed: int, *, one_way: bool = False) -> Case:
    """A small list of up to 7 places with every feature of a layout somewhere among the seeds."""
    rng = random.Random(seed)
    aisles = rng.randint(1, 5)
    aisle_x = _rising(rng, aisles, steps=(2, 3, 4, 7))
    cross_y = _rising(rng, rng.randint(2, 5), steps=(2, 4, 9, 15))
    no_turning: frozenset[int] = frozenset()
    if rng.random() < 0.4:
        no_turning = frozenset(aisle for aisle in range(aisles) if rng.random() < 0.3)
    directions = tuple(rng.choice(list(Direction)) for _ in range(aisles)) if one_way else ()
    layout = Layout(aisle_x, cross_y, directions, no_turning)

    def place() -> Place:
        anywhere = rng.uniform(cross_y[0], cross_y[-1])
        whole = float(rng.randint(math.ceil(cross_y[0]), math.floor(cross_y[-1])))
        return Place(rng.randrange(aisles), rng.choice([rng.choice(cross_y), anywhere, whole]))

    places = tuple(place() for _ in range(rng.randint(0, 7)))
    crossing = layout.crossing(rng.randrange(aisles), rng.randrange(len(cross_y)))
    start = place() if rng.random() < 0.4 else crossing
    return Case(layout, places, start, None if rng.random() < 0.5 else place())


def length_by_trying(case: Case) -> float:
    """Metres of the shortest walk, found without any of the planner's own reasoning."""
    end = case.start if case.end is None else case.end
    graph = oriented_graph(case.layout, [*case.places, case.start, end])
    metres, _ = best_visit(
        graph,
        [nodes_of(case.layout, place) for place in case.places],
        starts=nodes_of(case.layout, case.start),
        ends=nodes_of(case.layout, end),
    )
    return metres


def agrees_by_search(case: Case, expected: float) -> bool:
    """Whether the search for one-way walks, which short lists are spared, proves that length."""
    end = case.start if case.end is None else case.end
    found = oneway.shortest_walk(case.layout, case.places, start=case.start, end=end, few_stops=-1)
    return found.bound >= found.metres and abs(found.metres - expected) <= TOLERANCE_METRES


def fault_of(case: Case, planned: Route) -> str | None:
    """What is wrong with a route as such: a gap in the walk, a stop left out, a wrong length."""
    end = case.start if case.end is None else case.end
    points = planned.points(case.layout)
    walked = sum(math.dist(a, b) for a, b in itertools.pairwise(points))
    if planned.walk[0] != case.start or planned.walk[-1] != end:
        return "the walk has other ends"
    if sorted(planned.order) != list(range(len(case.places))):
        return "a stop is missing or doubled"
    if any(a[0] != b[0] and a[1] != b[1] for a, b in itertools.pairwise(points)):
        return "the walk goes through the racks"
    if abs(walked - planned.length_metres) > TOLERANCE_METRES:
        return f"the walk drawn has {walked} m, the route says {planned.length_metres} m"
    return None


def standard_case(
    seed: int, *, blocks: int, picks: int, aisles: int = 30, one_way: bool = False
) -> Case:
    """A list on a layout of 3 m wide aisles, 45 m long in all, depot at the middle of the front.

    One-way aisles lead up and down in turn.
    """
    rng = random.Random(seed)
    cross_y = tuple(45.0 * cross / blocks for cross in range(blocks + 1))
    up_and_down = (Direction.UP, Direction.DOWN)
    directions = tuple(up_and_down[aisle % 2] for aisle in range(aisles)) if one_way else ()
    layout = Layout(tuple(3.0 * aisle for aisle in range(aisles)), cross_y, directions)
    places = tuple(Place(rng.randrange(aisles), rng.uniform(0, 45)) for _ in range(picks))
    return Case(layout, places, layout.crossing(aisles // 2, 0), None)


def _rising(rng: random.Random, count: int, *, steps: Sequence[int]) -> tuple[float, ...]:
    values = [0.0]
    while len(values) < count:
        values.append(values[-1] + rng.choice(steps))
    return tuple(values)


def check_public_instances(path: Path) -> dict[str, Any]:
    equal = total = 0
    millis = []
    with lzma.open(path, "rt") as lines:
        for line in lines:
            given = json.loads(line)
            picks = [(aisle, y) for aisle, y in given["picks"]]
            began = time.process_time()
            ordered, metres = route(given["layout"], picks, tuple(given["depot"]))
            millis.append(1000 * (time.process_time() - began))
            total += 1
            equal += sorted(ordered) == sorted(picks) and (
                abs(metres - given["optimum"]) <= TOLERANCE_METRES
            )
    return {"equal": equal, "of": total, **_spread(millis)}


def check_random_cases(count: int, *, one_way: bool = False) -> dict[str, Any]:
    equal = infeasible = searched = 0
    for seed in range(count):
        case = random_case(seed, one_way=one_way)
        expected = length_by_trying(case)
        if math.isinf(expected):
            infeasible += 1
            continue
        planned = case.planned()
        fault = fault_of(case, planned)
        if fault is None and abs(planned.length_metres - expected) <= TOLERANCE_METRES:
            equal += planned.proof is Proof.OPTIMAL
        else:
            print(f"seed {seed}: {planned.length_metres} m, by trying {expected} m; {fault}")
        if case.layout.has_one_way_aisles:
            searched += agrees_by_search(case, expected)
    return {
        "equal": equal,
        "of": count - infeasible,
        "without any walk": infeasible,
        "search alone equal": searched,
    }


def time_lists(*, blocks: int, count: int = 200) -> dict[str, float]:
    standard_case(0, blocks=blocks, picks=60).planned()
    millis = []
    for seed in range(count):
        case = standard_case(seed, blocks=blocks, picks=random.Random(seed).randint(1, 60))
        millis.append(_millis_of(case.planned))
    full = [
        _millis_of(standard_case(seed, blocks=blocks, picks=60).planned) for seed in range(count)
    ]
    return {**_spread(millis), **{f"60 picks: {k}": v for k, v in _spread(full).items()}}


def time_one_way(*, blocks: int, count: int = 20) -> dict[str, float]:
    """CPU of lists of 15 to 60 picks where all aisles are one-way, and how many are proven."""
    millis, proven = [], 0
    standard_case(0, blocks=blocks, picks=15, one_way=True).planned()
    for seed in range(count):
        picks = random.Random(seed).randint(15, 60)
        case = standard_case(seed, blocks=blocks, picks=picks, one_way=True)
        began = time.process_time()
        proven += case.planned().proof is Proof.OPTIMAL
        millis.append(1000 * (time.process_time() - began))
    return {**_spread(millis), "proven %": 100 * proven / count}


def time_again(*, blocks: int, count: int = 100) -> dict[str, float]:
    """CPU of what a picker waits for, in the layouts of `time_one_way`, most of the walk before them.

    The walk ends at the depot after a short pick, or after an urgent order with a stop anywhere, or
    at a stop that was skipped.
    """
    millis, proven, longest = [], 0, 1.0
    for seed in range(count):
        rng = random.Random(seed)
        case = standard_case(seed, blocks=blocks, picks=rng.randint(15, 60), one_way=True)
        walked = [case.places[index] for index in case.planned().order]
        at = rng.randrange(len(walked) - 5)
        here, left, end = walked[at], walked[at + 1 :], case.start
        change = rng.randrange(3)
        if change == 0:
            left.append(Place(rng.randrange(30), rng.uniform(0, 45)))
        elif change == 1:
            end = here
        began = time.process_time()
        again = plan(case.layout, left, start=here, end=end, again=True)
        millis.append(1000 * (time.process_time() - began))
        proven += again.proof is Proof.OPTIMAL
        if again.proof is not Proof.OPTIMAL:
            shortest = plan(case.layout, left, start=here, end=end).length_metres
            longest = max(longest, again.length_metres / shortest)
    return {
        **_spread(millis),
        "max ms": max(millis),
        "proven %": 100 * proven / count,
        "longest / shortest": longest,
    }


def _millis_of(planned: Callable[[], Route]) -> float:
    began = time.process_time()
    planned()
    return 1000 * (time.process_time() - began)


def worker_cost(*, blocks: int) -> dict[str, float]:
    """What a web worker pays to import the planner and to plan once (Linux only)."""
    code = (
        "import resource, time; b = time.process_time(); "
        "pages = lambda: int(open('/proc/self/statm').read().split()[1]); "
        "m = lambda: pages() * resource.getpagesize() / 2**20; m0 = m(); "
        "import fulfillment.domain.routing as r; t1 = time.process_time() - b; "
        f"l = r.Layout((0.0, 3.0, 6.0), {tuple(9.0 * cross for cross in range(blocks + 1))}); "
        "r.plan(l, [(0, 4.0), (2, 5.0)], start=l.crossing(0, 0)); "
        "t2 = time.process_time() - b; print(1000 * t1, 1000 * t2, m() - m0)"
    )
    root = Path(__file__).resolve().parent.parent
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=root
    )
    imported, first, memory = map(float, answer.stdout.split())
    return {"import ms": imported, "import and first plan ms": first, "memory MB": memory}


def _spread(millis: Sequence[float]) -> dict[str, float]:
    ranked = sorted(millis)
    return {
        "median ms": statistics.median(ranked),
        "p95 ms": ranked[int(0.95 * (len(ranked) - 1))],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instances", nargs="?", type=Path, help="sprp.jsonl.xz")
    parser.add_argument("--random", type=int, default=2000, help="how many generated cases")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args()
    figures: dict[str, dict[str, Any]] = {}
    if asked.instances:
        figures["public instances"] = check_public_instances(asked.instances)
    figures["random small layouts"] = check_random_cases(asked.random)
    figures["with one-way aisles"] = check_random_cases(asked.random, one_way=True)
    for blocks in (1, 2, 3, 4):
        figures[f"30 aisles, {blocks} blocks"] = time_lists(blocks=blocks)
    for blocks in (1, 2, 3, 4):
        figures[f"30 one-way aisles, {blocks} blocks"] = time_one_way(blocks=blocks)
    for blocks in (1, 2, 3, 4):
        figures[f"the same, the rest again, {blocks} blocks"] = time_again(blocks=blocks)
    for blocks in (3, 4):
        figures[f"web worker, {blocks} blocks"] = worker_cost(blocks=blocks)
    for name, row in figures.items():
        shown = ", ".join(
            f"{key} {value:.2f}" if isinstance(value, float) else f"{key} {value}"
            for key, value in row.items()
        )
        print(f"{name}: {shown}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
