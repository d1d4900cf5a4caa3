"""Orders onto carts so that all walks together are shortest."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fulfillment.domain.batching import inner, partition, savings
from fulfillment.domain.batching.orders import Batching, BatchOrder, CartLimits
from fulfillment.domain.batching.walks import Batch, PlannedWalks, RectangleWalks, Walks
from fulfillment.domain.batching.wandering import wander
from fulfillment.domain.routing import Layout, Place, Proof

# Above this many orders a wave is planned in groups of orders that are near each other.
GROUP_ORDERS = 200
# How many moves the search makes is set by the budget and these speeds, which a present-day core
# exceeds, and not by the clock: a machine that is fast enough always gives the same answer.
STEPS_PER_SECOND = 4.0e8
STEPS_PER_SECOND_NOT_COMPILED = 1.0e7
PLANNED_MOVES_PER_SECOND = 100
# Measured on the waves of bench/batching.py; temperatures as a share of the mean walk of a cart.
ROUNDS = 4
HOTTEST, COLDEST = 0.02, 0.003
SLICE_MOVES = 2_000
SPARE_CARTS = 2


def batches(
    layout: Layout | Mapping[str, Any],
    orders: Sequence[Sequence[tuple[int, float]]],
    capacity: int,
    depot: tuple[int, int],
    *,
    budget_seconds: float = 5.0,
) -> list[list[int]]:
    """Indices of orders by cart, where a cart takes `capacity` picks.

    `layout` and `depot` as in `routing.route`, an order is its picks (aisle, metres along it). An
    order with more picks than a cart takes is a batch of its own. Raises LayoutError.
    """
    if not isinstance(layout, Layout):
        layout = Layout.from_plain(layout)
    planned = plan_batches(
        layout,
        [BatchOrder(tuple(picks)) for picks in orders],
        CartLimits(lines=capacity),
        layout.crossing(*depot),
        budget_seconds=budget_seconds,
    )
    return [list(batch) for batch in planned.batches]


def plan_batches(
    layout: Layout,
    orders: Sequence[BatchOrder],
    limits: CartLimits,
    depot: Place,
    *,
    budget_seconds: float = 5.0,
    moves: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Batching:
    """Put `orders` onto carts within `limits` so that the total of the shortest walks is least.

    Every walk starts and ends at `depot`, a crossing. Up to 12 orders the answer is the proven
    optimum. Above that it is the savings batching, improved by simulated annealing from several
    starts and by recombining the batches seen. `budget_seconds` bounds the improvement by
    `clock`, compiling not counted; `moves` says how much to try instead of as much as the budget
    usually allows. An answer that was not cut short depends on the arguments only, and with `moves`
    given not on whether the search is compiled. Raises LayoutError where a place is outside the
    layout.
    """
    oversized = [index for index, order in enumerate(orders) if not limits.allow([order])]
    regular = [index for index in range(len(orders)) if index not in set(oversized)]
    groups = _groups(orders, regular)
    found: dict[Batch, float] = {}
    proof = Proof.OPTIMAL
    for group in groups:
        chosen = [orders[index] for index in group]
        walks = _walks(layout, chosen, limits, depot)
        if len(group) <= partition.EXACT_ORDERS:
            parts = partition.best_of_all(chosen, limits, walks)
        else:
            proof = Proof.NOT_PROVEN
            search = _Search(chosen, limits, walks)
            parts = search.run(budget_seconds / len(groups), moves, clock)
        for part in parts:
            found[tuple(group[index] for index in part)] = walks.metres(part)
    if len(groups) > 1:
        proof = Proof.NOT_PROVEN
    for index in oversized:
        walks = _walks(layout, [orders[index]], limits, depot)
        found[(index,)] = walks.metres((0,))
    ordered = sorted(found, key=lambda batch: _urgency(orders, batch))
    return Batching(
        tuple(ordered), tuple(found[batch] for batch in ordered), proof, tuple(oversized)
    )


class _Search:
    """Savings, annealing and recombination over one group of orders."""

    def __init__(self, orders: Sequence[BatchOrder], limits: CartLimits, walks: Walks) -> None:
        self._orders = orders
        self._limits = limits
        self._walks = walks
        self._best = savings.by_savings(orders, limits, walks)
        self._seen = {batch: walks.metres(batch) for batch in self._best}
        self._seen |= {(index,): walks.metres((index,)) for index in range(len(orders))}

    def run(
        self, budget_seconds: float, moves: int | None, clock: Callable[[], float]
    ) -> list[Batch]:
        """Improve within the budget; returns the best batching."""
        walks = self._walks
        if isinstance(walks, RectangleWalks):
            # A move first: it compiles the search, which the budget does not pay for.
            self._anneal(walks, moves=1, seed=1, is_over=lambda: False)
        if moves is None:
            moves = round(budget_seconds * _moves_per_second(walks))
        over_at = clock() + budget_seconds

        def is_over() -> bool:
            return clock() >= over_at

        for number in range(ROUNDS):
            if is_over():
                break
            if isinstance(walks, RectangleWalks):
                self._anneal(walks, moves=moves // ROUNDS, seed=number + 1, is_over=is_over)
            else:
                self._wander(moves=moves // ROUNDS, seed=number + 1, is_over=is_over)
            self._recombine()
        return self._best

    def _wander(self, *, moves: int, seed: int, is_over: Callable[[], bool]) -> None:
        """Annealing for layouts whose walks are planned one by one."""
        mean = self._metres(self._best) / len(self._best)
        found = wander(
            self._orders,
            self._limits,
            self._walks,
            self._best,
            moves=moves,
            hottest=HOTTEST * mean,
            coldest=COLDEST * mean,
            rng=random.Random(seed),
            is_over=is_over,
        )
        for batching in found:
            self._note(batching)

    def _anneal(
        self, walks: RectangleWalks, *, moves: int, seed: int, is_over: Callable[[], bool]
    ) -> None:
        area, wave = walks.area, walks.wave
        carts = inner.loaded_carts(self._best, area=area, wave=wave, spare=SPARE_CARTS)
        mean = carts.total[0] / len(self._best)
        temperature = HOTTEST * mean
        cooling = (COLDEST / HOTTEST) ** (1 / max(moves, 1))
        drawn = seed
        left = moves
        while left > 0 and not is_over():
            now = min(left, SLICE_MOVES)
            drawn = inner.anneal(area, wave, carts, walks.scratch, drawn, temperature, cooling, now)
            temperature *= cooling**now
            left -= now
            self._note(_by_cart(carts.cart_of))
        self._note(_by_cart(carts.best_cart_of))

    def _note(self, found: Sequence[Batch]) -> None:
        for batch in found:
            self._seen[batch] = self._walks.metres(batch)
        if self._metres(found) < self._metres(self._best) - 1e-9:
            self._best = sorted(found)

    def _recombine(self) -> None:
        better = partition.best_of_seen(
            self._seen, orders=len(self._orders), shorter_than=self._metres(self._best)
        )
        if better is not None:
            self._best = better

    def _metres(self, found: Sequence[Batch]) -> float:
        return sum(self._seen[batch] for batch in found)


def _by_cart(cart_of: Sequence[int]) -> list[Batch]:
    members: dict[int, list[int]] = {}
    for order, cart in enumerate(cart_of):
        members.setdefault(int(cart), []).append(order)
    return [tuple(batch) for batch in members.values()]


def _moves_per_second(walks: Walks) -> float:
    """From a rough count of the inner steps of a move, which measures the walks of two carts."""
    if not isinstance(walks, RectangleWalks):
        return PLANNED_MOVES_PER_SECOND
    area = walks.area
    steps = 2 * (area.columns * (area.table[area.blocks] + area.states * 4) + 2 * len(area.y))
    speed = STEPS_PER_SECOND if inner.IS_COMPILED else STEPS_PER_SECOND_NOT_COMPILED
    return float(speed / steps)


def _walks(layout: Layout, orders: Sequence[BatchOrder], limits: CartLimits, depot: Place) -> Walks:
    if layout.has_one_way_aisles or layout.no_turning or depot.y not in layout.cross_y:
        return PlannedWalks(layout, orders, depot)
    return RectangleWalks(layout, orders, limits, depot)


def _groups(orders: Sequence[BatchOrder], regular: Sequence[int]) -> list[list[int]]:
    """Equal groups of at most GROUP_ORDERS, by urgency and then by where the orders lie."""
    if not regular:
        return []
    count = -(-len(regular) // GROUP_ORDERS)
    if count == 1:
        return [list(regular)]

    def nearness(index: int) -> tuple[int, int, float, int]:
        order = orders[index]
        middle = sum(aisle for aisle, _ in order.places) / max(1, len(order.places))
        return -order.priority, order.due_minute, middle, index

    ranked = sorted(regular, key=nearness)
    size = -(-len(ranked) // count)
    return [sorted(ranked[first : first + size]) for first in range(0, len(ranked), size)]


def _urgency(orders: Sequence[BatchOrder], batch: Batch) -> tuple[int, int, Batch]:
    chosen = [orders[index] for index in batch]
    return (
        -max(order.priority for order in chosen),
        min(order.due_minute for order in chosen),
        batch,
    )
