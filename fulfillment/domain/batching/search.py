"""The best batching of one group of orders that a budget allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from fulfillment.domain.batching import inner, partition, savings
from fulfillment.domain.batching.orders import Batch, BatchOrder, CartLimits
from fulfillment.domain.batching.walks import Walks
from fulfillment.domain.routing import Layout, Place, Proof, plan

# How many moves the search makes is set by the budget and these speeds, which a present-day core
# exceeds, and not by the clock: a machine that is fast enough always gives the same answer.
STEPS_PER_SECOND = 4.0e8
STEPS_PER_SECOND_NOT_COMPILED = 1.0e7
# What a walk costs besides, in plain Python around the compiled part.
SECONDS_TO_ASK = 1.5e-5
# The savings batching comes even without a budget, unless it takes longer than this.
SAVINGS_SECONDS = 2.0
# Found by trial on the waves of bench/batching.py; temperatures are shares of a cart's mean walk.
ROUNDS = 4
HOTTEST, COLDEST = 0.02, 0.003
SLICES = 25  # of a round: after each the clock is read and the batches are noted
SPARE_CARTS = 2


def best_batches(
    layout: Layout,
    orders: Sequence[BatchOrder],
    limits: CartLimits,
    depot: Place,
    *,
    budget_seconds: float,
    most_seconds: float | None,
    moves: int | None,
    clock: Callable[[], float],
) -> tuple[dict[Batch, float], Proof]:
    """Batches with the metres of their walks, and whether no batching of these orders is better.

    Arguments as for `plan_batches`; each order fits a cart on its own.
    """
    walks = Walks(layout, orders, limits, depot)
    proof = Proof.NOT_PROVEN
    count = len(orders)
    if count <= partition.EXACT_ORDERS and _affordable(1 << count, walks, most_seconds):
        chosen = partition.best_of_all(orders, limits, walks)
        if walks.are_exact:
            proof = Proof.OPTIMAL
    else:
        search = Search(orders, limits, walks)
        chosen = search.run(budget_seconds, most_seconds, moves, clock)
    if walks.are_exact:
        return {batch: walks.metres(batch) for batch in chosen}, proof
    return {batch: _planned_metres(layout, orders, batch, depot) for batch in chosen}, proof


def orders_within(layout: Layout, seconds: float) -> int:
    """How many orders are put onto carts by savings at once if each may take *seconds*."""
    middles = [(low + high) / 2 for low, high in pairwise(layout.cross_y)]
    everywhere = tuple((aisle, y) for aisle in range(len(layout.aisle_x)) for y in middles)
    walks = Walks(layout, [BatchOrder(everywhere)], CartLimits(), layout.crossing(0, 0))
    return int(seconds / (_seconds_a_walk(walks) + SECONDS_TO_ASK))


class Search:
    """Savings, annealing and recombination over one group of orders."""

    def __init__(self, orders: Sequence[BatchOrder], limits: CartLimits, walks: Walks) -> None:
        self._orders = orders
        self._limits = limits
        self._walks = walks
        self._best: list[Batch] = [(index,) for index in range(len(orders))]
        walks.measure(self._best)
        self._seen = {batch: walks.metres(batch) for batch in self._best}

    def run(
        self,
        budget_seconds: float,
        most_seconds: float | None,
        moves: int | None,
        clock: Callable[[], float],
    ) -> list[Batch]:
        """The savings batching, or where that takes too long the orders as they come, improved."""
        # A move first: it compiles the search, which the budget does not pay for.
        self._anneal(moves=1, seed=1, is_over=lambda: False)
        began = clock()
        over_at = began + budget_seconds
        savings_over_at = began + (most_seconds or max(budget_seconds, SAVINGS_SECONDS))
        if moves is None:
            moves = round(budget_seconds * _moves_per_second(self._walks))
        self._note(savings.first_come_first_served(self._orders, self._limits))
        saved = None
        # Half the pairs of orders, and about as many again as carts grow.
        if _affordable(len(self._orders) ** 2, self._walks, most_seconds):
            saved = savings.by_savings(
                self._orders, self._limits, self._walks, is_over=lambda: clock() >= savings_over_at
            )
        if saved is not None:
            self._note(saved)
        for number in range(ROUNDS):
            if clock() >= over_at:
                return self._best
            self._anneal(moves=moves // ROUNDS, seed=number + 1, is_over=lambda: clock() >= over_at)
        self._recombine()
        return self._best

    def _anneal(self, *, moves: int, seed: int, is_over: Callable[[], bool]) -> None:
        area, wave, scratch = self._walks.area, self._walks.wave, self._walks.scratch
        carts = inner.loaded_carts(self._best, area=area, wave=wave, spare=SPARE_CARTS)
        mean = carts.total[0] / len(self._best)
        temperature = HOTTEST * mean
        cooling = (COLDEST / HOTTEST) ** (1 / max(moves, 1))
        drawn = seed
        left = moves
        while left > 0 and not is_over():
            now = min(left, -(-moves // SLICES))
            drawn = inner.anneal(area, wave, carts, scratch, drawn, temperature, cooling, now)
            temperature *= cooling**now
            left -= now
            self._note(_by_cart(carts.cart_of))
        self._note(_by_cart(carts.best_cart_of))

    def _note(self, found: Sequence[Batch]) -> None:
        self._walks.measure(found)
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
    """A move measures the walks of two carts."""
    return 1 / (2 * _seconds_a_walk(walks))


def _affordable(measured: int, walks: Walks, most_seconds: float | None) -> bool:
    """Whether so many walks take at most `most_seconds`, by count and not by the clock."""
    if most_seconds is None:
        return True
    return measured * (_seconds_a_walk(walks) + SECONDS_TO_ASK) <= most_seconds


def _seconds_a_walk(walks: Walks) -> float:
    return walks.steps / (STEPS_PER_SECOND if inner.IS_COMPILED else STEPS_PER_SECOND_NOT_COMPILED)


def _planned_metres(
    layout: Layout, orders: Sequence[BatchOrder], batch: Batch, depot: Place
) -> float:
    places = [place for order in batch for place in orders[order].places]
    return plan(layout, places, start=depot).length_metres
