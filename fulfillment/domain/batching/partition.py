"""The shortest of all batchings of a few orders."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def _members(chosen: int) -> Batch:
    return tuple(index for index in range(chosen.bit_length()) if chosen >> index & 1)
