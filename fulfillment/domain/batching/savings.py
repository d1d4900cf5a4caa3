"""Batches at once: first come first served, and the savings of walking two batches as one."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from fulfillment.domain.batching.orders import Batch, BatchOrder, CartLimits
from fulfillment.domain.batching.walks import Walks


def first_come_first_served(orders: Sequence[BatchOrder], limits: CartLimits) -> list[Batch]:
    """Fill cart after cart in the order given: what a warehouse does that does not plan."""
    batches: list[list[int]] = []
    for index, order in enumerate(orders):
        if batches and limits.allow([*(orders[i] for i in batches[-1]), order]):
            batches[-1].append(index)
        else:
            batches.append([index])
    return [tuple(batch) for batch in batches]


def by_savings(
    orders: Sequence[BatchOrder],
    limits: CartLimits,
    walks: Walks,
    *,
    is_over: Callable[[], bool] = lambda: False,
) -> list[Batch] | None:
    """Merge the two batches whose common walk saves most, work the savings out anew, repeat.

    Clarke & Wright (1964) in the variant called C&W(ii) by de Koster, van der Poort & Wolters
    (1999): savings are recalculated after each merge. Ties go to the smaller indices. None if time
    `is_over` before all pairs are compared, as can be where walks are not compiled.
    """
    batches: dict[int, Batch] = {}
    waiting: list[tuple[float, Batch, Batch, int, int]] = []
    next_number = 0

    def add(batch: Batch) -> None:
        nonlocal next_number
        joined = {number: tuple(sorted(other + batch)) for number, other in batches.items()}
        allowed = {
            number: both
            for number, both in joined.items()
            if limits.allow([orders[index] for index in both])
        }
        walks.measure(allowed.values())
        for number, both in allowed.items():
            other = batches[number]
            saved = walks.metres(other) + walks.metres(batch) - walks.metres(both)
            heapq.heappush(waiting, (-saved, other, batch, number, next_number))
        batches[next_number] = batch
        next_number += 1

    for index in range(len(orders)):
        if is_over():
            return None
        add((index,))
    while waiting:
        _, one, other, number, other_number = heapq.heappop(waiting)
        if number in batches and other_number in batches:
            del batches[number], batches[other_number]
            add(tuple(sorted(one + other)))
    return sorted(batches.values())
