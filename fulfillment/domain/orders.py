"""Review rules, holds, merging and splitting of orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

HOLD_TYPES = ("address", "payment", "stock", "fraud", "customer-note", "other")
"""Address incomplete, payment open, stock question, fraud suspected, the customer wrote something."""


@dataclass(frozen=True)
class ReviewRules:
    """When an order needs no person: every condition that is set must hold.

    ``pass_everything`` passes all orders without a hold.  Amounts are minor units of the
    order's own currency; empty lists allow nothing less than everything.
    """

    pass_everything: bool = False
    most_total_minor: int | None = None
    countries: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    refused_tags: tuple[str, ...] = ()
    """An order that has a product with one of these tags always waits for a person."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> ReviewRules:
        """From the seller's row."""
        return cls(
            pass_everything=bool(stored.get("pass_everything", False)),
            most_total_minor=stored.get("most_total_minor"),
            countries=tuple(stored.get("countries", ())),
            customers=tuple(stored.get("customers", ())),
            refused_tags=tuple(stored.get("refused_tags", ())),
        )


@dataclass(frozen=True)
class OrderFacts:
    """What the review rules look at."""

    total_minor: int
    country: str
    customer: str
    product_tags: frozenset[str] = field(default_factory=frozenset)


def waits_because(rules: ReviewRules, order: OrderFacts) -> tuple[str, ...]:
    """The reasons why *order* waits for a person; empty = it passes by itself."""
    tagged = sorted(order.product_tags & frozenset(rules.refused_tags))
    if tagged:
        return tuple(f"product-tag:{tag}" for tag in tagged)
    if rules.pass_everything:
        return ()
    conditions = list(_failed_conditions(rules, order))
    return tuple(conditions)


def _failed_conditions(rules: ReviewRules, order: OrderFacts) -> Iterable[str]:
    if rules.most_total_minor is None and not rules.countries and not rules.customers:
        yield "no-rule"
    if rules.most_total_minor is not None and order.total_minor > rules.most_total_minor:
        yield "amount"
    if rules.countries and order.country not in rules.countries:
        yield "country"
    if rules.customers and order.customer not in rules.customers:
        yield "customer"
