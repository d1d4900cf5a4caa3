"""Simulated annealing over batches in plain Python, for walks that are costly to find."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from fulfillment.domain.batching.orders import BatchOrder, CartLimits
from fulfillment.domain.batching.walks import Batch, Walks


def wander(
    orders: Sequence[BatchOrder],
    limits: CartLimits,
    walks: Walks,
    start: Sequence[Batch],
    *,
    moves: int,
    hottest: float,
    coldest: float,
    rng: random.Random,
    is_over: Callable[[], bool],
) -> Iterator[list[Batch]]:
    """Yield each batching that is moved to, from `start`, until `moves` were tried or time is over.

    A move shifts an order to another cart, maybe an empty one, or swaps two. Worse ones are
    accepted by a temperature that falls from `hottest` to `coldest` metres.
    """
    carts = [set(batch) for batch in start] + [set()]
    for move in range(moves):
        if is_over():
            return
        temperature = hottest * (coldest / hottest) ** (move / moves)
        changed = _changed(carts, len(orders), rng)
        if changed is None:
            continue
        before = [carts[cart] for cart in changed]
        if not all(limits.allow([orders[index] for index in cart]) for cart in changed.values()):
            continue
        longer = _metres(walks, changed.values()) - _metres(walks, before)
        if longer <= 0 or rng.random() < math.exp(-longer / temperature):
            for cart, content in changed.items():
                carts[cart] = content
            if all(carts):
                carts.append(set())
            yield [tuple(sorted(cart)) for cart in carts if cart]


def _changed(
    carts: Sequence[set[int]], orders: int, rng: random.Random
) -> dict[int, set[int]] | None:
    """The new content of the two carts of a random move; None where nothing would move."""
    order = rng.randrange(orders)
    source = next(number for number, cart in enumerate(carts) if order in cart)
    target = rng.randrange(len(carts))
    if source == target:
        return None
    back = {rng.choice(sorted(carts[target]))} if carts[target] and rng.random() < 0.5 else set()
    return {
        source: carts[source] - {order} | back,
        target: carts[target] - back | {order},
    }


def _metres(walks: Walks, carts: Iterable[set[int]]) -> float:
    return sum(walks.metres(tuple(sorted(cart))) for cart in carts if cart)
