"""Orders onto carts so that all walks together are shortest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fulfillment.domain.batching.orders import Batch, Batching, BatchOrder, CartLimits
from fulfillment.domain.routing import Layout, LayoutError, Place, Proof

# Above this many orders a wave is planned in groups of orders that are near each other.
GROUP_ORDERS = 200


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
    most_seconds: float | None = None,
    moves: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Batching:
    """Put `orders` onto carts within `limits` so that the total of the shortest walks is least.

    Every walk starts and ends at `depot`, a crossing. Up to 12 orders the answer is the proven
    optimum. Above that it is the savings batching, improved by simulated annealing from several
    starts and by recombining the batches seen. Where a layout has one-way aisles or aisles that
    cannot be turned in, batches are chosen by walks that only pass such aisles, in either
    direction, and nothing is proven; the metres are those of the planned walks.

    `budget_seconds` bounds the search by `clock`, compiling not counted. The proof of few orders
    and the savings come even without a budget, unless there is `most_seconds`: then neither is
    begun that would take longer, and the orders stay as they come where nothing else is left; hand
    them in such an order that neighbours follow each other. `moves` says how much to
    try instead of as much as the budget usually allows. An answer that was not cut short depends on
    the arguments only, and with `moves` given not on whether the search is compiled. Raises
    LayoutError where a place is outside the layout or the depot is not at a crossing.
    """
    # Here, because it compiles: a process that only plans routes does not pay for it.
    from fulfillment.domain.batching.search import best_batches

    if depot.y not in layout.cross_y:
        raise LayoutError("depot-not-at-a-crossing", aisle=depot.aisle, y=depot.y)
    oversized = [index for index, order in enumerate(orders) if not limits.allow([order])]
    regular = [index for index, order in enumerate(orders) if limits.allow([order])]
    groups = _groups(orders, regular)
    found: dict[Batch, float] = {}
    proofs = {Proof.OPTIMAL if len(groups) < 2 else Proof.NOT_PROVEN}
    limited = [(group, limits) for group in groups]
    alone = [([index], CartLimits()) for index in oversized]
    for group, group_limits in (*limited, *alone):
        batches_found, proof = best_batches(
            layout,
            [orders[index] for index in group],
            group_limits,
            depot,
            budget_seconds=budget_seconds / max(1, len(groups)),
            most_seconds=None if most_seconds is None else most_seconds / max(1, len(groups)),
            moves=moves,
            clock=clock,
        )
        proofs.add(proof)
        for batch, metres in batches_found.items():
            found[tuple(group[index] for index in batch)] = metres
    ordered = sorted(found, key=lambda batch: _urgency(orders, batch))
    return Batching(
        tuple(ordered),
        tuple(found[batch] for batch in ordered),
        Proof.NOT_PROVEN if Proof.NOT_PROVEN in proofs else Proof.OPTIMAL,
        tuple(oversized),
    )


def orders_within(layout: Layout, seconds_an_order: float) -> int:
    """How many orders can be planned at once by savings if each of them may take so long."""
    from fulfillment.domain.batching import search  # late, as in `plan_batches`

    return search.orders_within(layout, seconds_an_order)


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
