"""How long stock lies: turnover, days of cover, classes of age."""

from __future__ import annotations

DAYS_OF_A_YEAR = 365
AGE_CLASS_DAYS = (30, 60, 90, 180)
"""Upper bounds of the classes of age, in whole days; the last class is everything older."""
NOTHING_SHIPPED_DAYS = 90
"""After so many days without a shipment stock is called dead, unless somebody asks otherwise."""
MOST_IDLE_DAYS = 3650


def turnover(shipped: int, mean_on_hand: float) -> float | None:
    """How often the stock was turned over: pieces shipped ÷ mean pieces on hand; None of no stock.

    The inventory turnover of the trade, in pieces: costs of goods are not stored.
    """
    return shipped / mean_on_hand if mean_on_hand > 0 else None


def days_of_cover(on_hand: int, shipped: int, days: float) -> float | None:
    """How many days what is on hand lasts if as many are shipped as in these *days*; None of none."""
    return on_hand * days / shipped if shipped > 0 else None
