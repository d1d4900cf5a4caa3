"""Batches for a depot in front of the aisles, which the layouts of the planner do not have.

A walk leaves such a depot by a straight line to the lower end of an aisle and comes back by one,
the same or another. In between it is a walk from one crossing to another: the states and moves are
those of `fulfillment.domain.routing.frontier`, in three layers by how many of the two lines have
been walked.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from bench.instances import Instance
from fulfillment.domain.batching import inner
from fulfillment.domain.batching.choice import Choice
from fulfillment.domain.batching.walks import Walks
from fulfillment.domain.routing import Layout, frontier, subaisle
from fulfillment.domain.routing.frontier import Table

NOT_REACHED = math.inf
# Of the linear relaxation and the search after it: more than the published instances take.
ROUNDS, STEPS = 10_000, 10_000_000


def walk_metres(
    layout: Layout, lines: Sequence[float], places: Iterable[tuple[int, float]]
) -> float:
    """Metres of the shortest round trip past `places`, with `lines` metres to each aisle.

    Aisles are walked both ways and turned in anywhere.
    """
    picks: defaultdict[int, list[float]] = defaultdict(list)
    for aisle, y in set(places):
        picks[aisle].append(y)
    size = len(layout.cross_y)
    spaces = [frontier.space(size, met) for met in range(3)]
    costs = [[NOT_REACHED] * len(space.states) for space in spaces]
    costs[0][spaces[0].number[frontier.untouched(size)]] = 0.0
    shortest = NOT_REACHED
    for aisle, x in enumerate(layout.aisle_x):
        if aisle:
            width = x - layout.aisle_x[aisle - 1]
            weights = [width * stretches for stretches in range(2 * size + 1)]
            costs = [
                _step(space.across, weights, cost)
                for space, cost in zip(spaces, costs, strict=True)
            ]
        for met in range(2):
            by_line = _step(frontier.ending(size, 0, met), lines[aisle : aisle + 1], costs[met])
            costs[met + 1] = list(map(min, costs[met + 1], by_line))
        for block, (low, high) in enumerate(pairwise(layout.cross_y)):
            ys = sorted(
                y for y in picks[aisle] if low <= y < high or y == high == layout.cross_y[-1]
            )
            weights = (
                subaisle.filled_weights(low, high, ys)
                if ys
                else [high - low, 2 * (high - low), 0.0]
            )
            costs = [
                _step((space.filled if ys else space.empty)[block], weights, cost)
                for space, cost in zip(spaces, costs, strict=True)
            ]
        if aisle >= max(picks, default=0):
            shortest = min(shortest, *(costs[2][state] for state in spaces[2].final))
    return shortest


def _step(table: Table, weights: Sequence[float], before: Sequence[float]) -> list[float]:
    """One step of the dynamic programme: the cheapest way into each state."""
    after = [NOT_REACHED] * len(table.into)
    for choice, pairs in table.groups:
        weight = weights[choice]
        for source, target in pairs:
            total = before[source] + weight
            if total < after[target]:
                after[target] = total
    return after


def best_batching(given: Instance, *, most: int = 300_000) -> tuple[float, bool]:
    """Metres of the best choice among all batches that fit, and whether that is proven.

    Raises ValueError where more than `most` batches fit.
    """
    wave = Walks(given.layout, given.orders, given.limits, given.depot).wave
    columns = inner.single_orders(wave.orders, room=most)
    load, chosen = inner.filled(0, wave.sums), inner.filled(0, wave.orders)
    if not inner.list_batches(wave, columns, load, chosen):
        raise ValueError(f"more than {most} batches fit")
    for batch in range(int(columns.count[0])):
        members = columns.member[columns.first[batch] : columns.first[batch + 1]]
        columns.metres[batch] = _batch_metres(given, members)
    choice = Choice(columns, orders=wave.orders, rounds=ROUNDS)
    start = choice.likely() or [(order,) for order in range(wave.orders)]
    metres = sum(_batch_metres(given, batch) for batch in start)
    found, is_best = choice.best(shorter_than=metres, steps=STEPS)
    if found is None:
        return metres, is_best
    return sum(_batch_metres(given, batch) for batch in found), is_best


def _batch_metres(given: Instance, batch: Iterable[int]) -> float:
    places = [place for order in batch for place in given.orders[order].places]
    return walk_metres(given.layout, given.lines, places)
