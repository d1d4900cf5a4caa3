"""The best batching of one group of orders that a budget allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from fulfillment.domain.batching import choice, inner, partition, savings
from fulfillment.domain.batching.orders import Batch, BatchOrder, CartLimits
from fulfillment.domain.batching.walks import Walks
from fulfillment.domain.routing import Layout, Place, Proof, plan

# How many moves the search makes is set by the budget and these speeds, which a present-day core
# exceeds, and not by the clock: a machine that is fast enough always gives the same answer.
STEPS_PER_SECOND = 4.0e8
STEPS_PER_SECOND_NOT_COMPILED = 1.0e7
# What a move costs besides its walks, in steps.
MOVE_STEPS = 400.0
# What a walk costs besides, in plain Python around the compiled part.
SECONDS_TO_ASK = 1.5e-5
# The savings batching comes even without a budget, unless it takes longer than this.
SAVINGS_SECONDS = 2.0
# Found by trial on waves like those of bench/batching.py, with other seeds. Rounds are shares of
# the moves, temperatures are shares of a cart's mean walk.
ROUNDS = (0.1, 0.45, 0.45)
HOTTEST, COLDEST = 0.02, 0.0015
SLICES = 25  # of a round: after each the clock is read
SPARE_CARTS = 2
# All batches that the limits allow are looked at where they are at most so many, and at most one
# for so many moves; otherwise some of those that the search comes by.
MOST_BATCHES, MOVES_A_BATCH = 100_000, 5
MOST_NOTED = 40_000
# Choosing among them: steps of pricing and of the search that cost as much as a move or less.
PRICED_A_MOVE, TRIED_A_MOVE = 1000, 60


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
        if walks.are_exact and search.is_proven:
            proof = Proof.OPTIMAL
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
    """Savings, annealing and recombination over one group of orders.

    `is_proven` once nothing shorter is possible.
    """

    def __init__(self, orders: Sequence[BatchOrder], limits: CartLimits, walks: Walks) -> None:
        self._orders = orders
        self._limits = limits
        self._walks = walks
        self._known = inner.known_walks(len(orders))
        self._best: list[Batch] = [(index,) for index in range(len(orders))]
        self._columns = self._noted = self._single_orders(room=0)
        self._has_all_batches = False
        self._choice: choice.Choice | None = None
        self.is_proven = False

    def run(
        self,
        budget_seconds: float,
        most_seconds: float | None,
        moves: int | None,
        clock: Callable[[], float],
    ) -> list[Batch]:
        """The savings batching, or where that takes too long the orders as they come, improved."""
        # A little of everything first: it compiles, which the budget does not pay for.
        choice.load()
        self._take_columns(0)
        self._anneal(moves=1, seed=1, is_over=lambda: False)
        began = clock()
        over_at = began + budget_seconds
        savings_over_at = began + (most_seconds or max(budget_seconds, SAVINGS_SECONDS))
        if moves is None:
            moves = round(budget_seconds * _moves_per_second(self._walks))
        self._keep(savings.first_come_first_served(self._orders, self._limits))
        # Half the pairs of orders, and about as many again as carts grow.
        if _affordable(len(self._orders) ** 2, self._walks, most_seconds):
            saved = savings.by_savings(
                self._orders, self._limits, self._walks, is_over=lambda: clock() >= savings_over_at
            )
            self._keep(saved or ())
        self._take_columns(moves)
        for number, share in enumerate(ROUNDS):
            if self.is_proven or clock() >= over_at:
                break
            now = round(share * moves)
            self._anneal(moves=now, seed=number + 1, is_over=lambda: clock() >= over_at)
            if clock() < over_at:
                self._recombine(moves=moves, steps=now * TRIED_A_MOVE)
        return self._best

    def _take_columns(self, moves: int) -> None:
        """All batches that the limits allow, if they are few enough; else room for those seen."""
        wave = self._walks.wave
        columns = self._single_orders(room=min(MOST_BATCHES, moves // MOVES_A_BATCH))
        self._has_all_batches = inner.list_batches(
            wave, columns, inner.filled(0, wave.sums or 1), inner.filled(0, wave.orders)
        )
        if self._has_all_batches:
            inner.measure(self._walks.area, wave, self._walks.scratch, columns)
            self._columns = columns
        else:
            self._columns = self._noted = self._single_orders(room=min(MOST_NOTED, moves))

    def _single_orders(self, *, room: int) -> inner.Columns:
        columns = inner.single_orders(len(self._orders), room=room)
        inner.measure(self._walks.area, self._walks.wave, self._walks.scratch, columns)
        return columns

    def _anneal(self, *, moves: int, seed: int, is_over: Callable[[], bool]) -> None:
        walks = self._walks
        walks.measure(self._best)
        carts = inner.loaded_carts(
            self._best,
            [walks.metres(batch) for batch in self._best],
            wave=walks.wave,
            known=self._known,
            spare=SPARE_CARTS,
        )
        temperature = HOTTEST * carts.total[0] / len(self._best)
        cooling = (COLDEST / HOTTEST) ** (1 / max(moves, 1))
        drawn = seed
        left = moves
        while left > 0 and not is_over():
            now = min(left, -(-moves // SLICES))
            drawn = inner.anneal(
                walks.area,
                walks.wave,
                self._known,
                carts,
                self._noted,
                walks.scratch,
                drawn,
                temperature,
                cooling,
                now,
            )
            temperature *= cooling**now
            left -= now
        self._keep(_by_cart(carts.best_cart_of))

    def _recombine(self, *, moves: int, steps: int) -> None:
        """The best choice among the batches at hand, by `steps` and the pricing due to `moves`."""
        if self._choice is None or not self._has_all_batches:
            count = len(self._orders)
            work = 3 * int(self._columns.count[0]) + count * count
            self._choice = choice.Choice(
                self._columns, orders=count, rounds=moves * PRICED_A_MOVE // work
            )
            if self._has_all_batches:
                self._keep(self._choice.likely() or ())
        better, is_best = self._choice.best(shorter_than=self._metres(self._best), steps=steps)
        self._keep(better or ())
        self.is_proven = self._has_all_batches and is_best

    def _keep(self, found: Sequence[Batch]) -> None:
        self._walks.measure(found)
        if found and self._metres(found) < self._metres(self._best) - 1e-9:
            self._best = sorted(found)

    def _metres(self, found: Sequence[Batch]) -> float:
        return sum(map(self._walks.metres, found))


def _by_cart(cart_of: Sequence[int]) -> list[Batch]:
    members: dict[int, list[int]] = {}
    for order, cart in enumerate(cart_of):
        members.setdefault(int(cart), []).append(order)
    return [tuple(batch) for batch in members.values()]


def _moves_per_second(walks: Walks) -> float:
    """A move looks up or measures the walks of two carts; about every second one is known."""
    return 1 / (MOVE_STEPS / _steps_per_second() + _seconds_a_walk(walks))


def _affordable(measured: int, walks: Walks, most_seconds: float | None) -> bool:
    """Whether so many walks take at most `most_seconds`, by count and not by the clock."""
    if most_seconds is None:
        return True
    return measured * (_seconds_a_walk(walks) + SECONDS_TO_ASK) <= most_seconds


def _seconds_a_walk(walks: Walks) -> float:
    return walks.steps / _steps_per_second()


def _steps_per_second() -> float:
    return STEPS_PER_SECOND if inner.IS_COMPILED else STEPS_PER_SECOND_NOT_COMPILED


def _planned_metres(
    layout: Layout, orders: Sequence[BatchOrder], batch: Batch, depot: Place
) -> float:
    places = [place for order in batch for place in orders[order].places]
    return plan(layout, places, start=depot).length_metres
