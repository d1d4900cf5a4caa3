"""The best choice of batches such that every order is in exactly one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fulfillment.domain.batching.orders import Batch, BatchOrder, CartLimits
from fulfillment.domain.batching.walks import Walks

EXACT_ORDERS = 12


def best_of_all(orders: Sequence[BatchOrder], limits: CartLimits, walks: Walks) -> list[Batch]:
    """The shortest of all batchings, by dynamic programming over sets of orders.

    Work grows with 3 to the power of the number of orders; meant for up to EXACT_ORDERS.
    """
    count = len(orders)
    metres = [math.inf] * (1 << count)
    members = {chosen: _members(chosen) for chosen in range(1, 1 << count)}
    allowed = {
        chosen: batch
        for chosen, batch in members.items()
        if limits.allow([orders[index] for index in batch])
    }
    walks.measure(allowed.values())
    for chosen, batch in allowed.items():
        metres[chosen] = walks.metres(batch)
    shortest = [0.0] * (1 << count)
    cart = [0] * (1 << count)
    for chosen in range(1, 1 << count):
        lowest = chosen & -chosen
        others = part = chosen ^ lowest
        shortest[chosen] = math.inf
        # Every subset of the others joins the lowest order on its cart once.
        while True:
            total = metres[part | lowest] + shortest[others ^ part]
            if total < shortest[chosen]:
                shortest[chosen] = total
                cart[chosen] = part | lowest
            if not part:
                break
            part = (part - 1) & others
    batches = []
    left = (1 << count) - 1
    while left:
        batches.append(_members(cart[left]))
        left ^= cart[left]
    return sorted(batches)


def best_of_seen(
    seen: Mapping[Batch, float], *, orders: int, shorter_than: float, steps: int = 20_000
) -> list[Batch] | None:
    """The shortest batching made of batches seen before, or None if none beats `shorter_than`.

    Set partitioning: prices per order from a Lagrangian relaxation (Held, Wolfe & Crowder 1974)
    rule out batches that cannot be part of a better batching, then a depth-first search over the
    rest, which gives up after `steps`.
    """
    prices, bound = _prices(seen, orders=orders, target=shorter_than)
    if bound >= shorter_than - 1e-9:
        return None
    slack = shorter_than - bound
    by_first: list[list[tuple[float, int, Batch]]] = [[] for _ in range(orders)]
    for batch, metres in seen.items():
        reduced = metres - sum(prices[order] for order in batch)
        if reduced < slack:
            by_first[batch[0]].append((reduced, _mask(batch), batch))
    for batches in by_first:
        batches.sort(key=lambda entry: (entry[0], entry[2]))
    search = _Search(by_first, orders=orders, steps=steps)
    return search.best(sum(prices), shorter_than)


class _Search:
    """Depth first: the lowest order without a cart gets each of its batches in turn."""

    def __init__(
        self, by_first: Sequence[Sequence[tuple[float, int, Batch]]], *, orders: int, steps: int
    ) -> None:
        self._by_first = by_first
        self._orders = orders
        self._steps = steps
        # The least that the batches starting at later orders can add to the prices.
        self._least = [0.0] * (orders + 1)
        for order in range(orders - 1, -1, -1):
            cheapest = by_first[order][0][0] if by_first[order] else 0.0
            self._least[order] = self._least[order + 1] + min(0.0, cheapest)

    def best(self, price_sum: float, shorter_than: float) -> list[Batch] | None:
        self._limit = shorter_than - price_sum - 1e-9
        self._found: list[Batch] | None = None
        self._go(0, 0.0, [])
        return self._found

    def _go(self, covered: int, so_far: float, chosen: list[Batch]) -> None:
        order = (~covered & (covered + 1)).bit_length() - 1
        if order >= self._orders:
            if so_far < self._limit:
                self._limit = so_far - 1e-9
                self._found = sorted(chosen)
            return
        for reduced, mask, batch in self._by_first[order]:
            self._steps -= 1
            if self._steps < 0 or so_far + reduced + self._least[order + 1] >= self._limit:
                return
            if not mask & covered:
                chosen.append(batch)
                self._go(covered | mask, so_far + reduced, chosen)
                chosen.pop()


def _prices(
    seen: Mapping[Batch, float], *, orders: int, target: float, rounds: int = 60
) -> tuple[list[float], float]:
    """A price for each order, and the bound that the prices prove for all batchings of `seen`.

    The relaxation takes for each order the cheapest batch that starts with it, at most one.
    """
    prices = [target / orders] * orders
    best_prices, best_bound = prices, -math.inf
    by_first: list[list[tuple[Batch, float]]] = [[] for _ in range(orders)]
    for batch, metres in seen.items():
        by_first[batch[0]].append((batch, metres))
    step = 1.0
    for _ in range(rounds):
        bound = sum(prices)
        times = [1] * orders
        for entries in by_first:
            least: float = 0.0
            chosen: Batch = ()
            for batch, metres in entries:
                reduced = metres
                for order in batch:
                    reduced -= prices[order]
                if reduced < least:
                    least, chosen = reduced, batch
            bound += least
            for order in chosen:
                times[order] -= 1
        if bound > best_bound:
            best_bound, best_prices = bound, prices
        else:
            step *= 0.95
        norm = sum(value * value for value in times)
        if norm == 0:
            break
        length = step * max(target - bound, 1e-9) / norm
        prices = [price + length * value for price, value in zip(prices, times, strict=True)]
    return best_prices, best_bound


def _members(chosen: int) -> Batch:
    return tuple(index for index in range(chosen.bit_length()) if chosen >> index & 1)


def _mask(batch: Batch) -> int:
    return sum(1 << order for order in batch)
