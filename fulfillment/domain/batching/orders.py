"""What is put onto carts, what a cart takes, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.domain.routing import Proof

Batch = tuple[int, ...]  # indices of orders, increasing


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """One order as far as a cart is concerned.

    `places` are (aisle, metres along it) of its stops. `lines` counts against the cart's limit of
    lines and is the number of places unless given. `due_minute` counts from any common moment;
    a higher `priority` is more urgent.
    """

    places: tuple[tuple[int, float], ...]
    lines: int | None = None
    totes: int = 1
    volume_ml: int = 0
    weight_grams: int = 0
    due_minute: int = 0
    priority: int = 0

    @property
    def line_count(self) -> int:
        return len(self.places) if self.lines is None else self.lines


@dataclass(frozen=True, slots=True)
class CartLimits:
    """What one cart takes on one walk; None is no limit.

    `due_spread_minutes` and `priority_spread` bound the difference between the orders of a cart,
    so that an urgent order does not wait for a cart that fills up with tomorrow's.
    """

    lines: int | None = None
    totes: int | None = None
    volume_ml: int | None = None
    weight_grams: int | None = None
    due_spread_minutes: int | None = None
    priority_spread: int | None = None

    def sums(self, order: BatchOrder) -> tuple[int, ...]:
        """What an order adds to each limited sum; in the order of `sum_limits`."""
        amounts = (
            (self.lines, order.line_count),
            (self.totes, order.totes),
            (self.volume_ml, order.volume_ml),
            (self.weight_grams, order.weight_grams),
        )
        return tuple(amount for limit, amount in amounts if limit is not None)

    @property
    def sum_limits(self) -> tuple[int, ...]:
        limits = (self.lines, self.totes, self.volume_ml, self.weight_grams)
        return tuple(limit for limit in limits if limit is not None)

    def spreads(self, order: BatchOrder) -> tuple[int, ...]:
        """Where an order stands on each scale with a limited spread; see `spread_limits`."""
        values = (
            (self.due_spread_minutes, order.due_minute),
            (self.priority_spread, order.priority),
        )
        return tuple(value for limit, value in values if limit is not None)

    @property
    def spread_limits(self) -> tuple[int, ...]:
        limits = (self.due_spread_minutes, self.priority_spread)
        return tuple(limit for limit in limits if limit is not None)

    def allow(self, orders: Sequence[BatchOrder]) -> bool:
        """Whether one cart may carry all these orders."""
        sums = zip(*(self.sums(order) for order in orders), strict=True)
        spreads = zip(*(self.spreads(order) for order in orders), strict=True)
        return all(
            sum(amounts) <= limit for amounts, limit in zip(sums, self.sum_limits, strict=False)
        ) and all(
            max(values) - min(values) <= limit
            for values, limit in zip(spreads, self.spread_limits, strict=False)
        )


@dataclass(frozen=True, slots=True)
class Batching:
    """Orders on carts: `batches` holds indices of orders, most urgent batch first.

    `batch_metres` is the shortest walk of each batch. With a proof of OPTIMAL no other batching
    within the limits walks less in total. `oversized` are orders that break a limit on their own:
    each is a batch of its own.
    """

    batches: tuple[tuple[int, ...], ...]
    batch_metres: tuple[float, ...]
    proof: Proof
    oversized: tuple[int, ...] = ()

    @property
    def total_metres(self) -> float:
        return sum(self.batch_metres)
