"""ABC classes and reorder quantities."""

from __future__ import annotations

from collections.abc import Sequence

A_SHARE, B_SHARE = 0.80, 0.95
"""Class A makes the first 80 % of the picks, B the next 15 % (the usual cuts of an ABC analysis;
H. F. Dickie, ABC Inventory Analysis Shoots for Dollars, not Pennies, 1951)."""


def abc_classes(counts: Sequence[int]) -> list[str]:
    """The class of each count; *counts* stand in falling order.

    A thing is in the class in which its share begins, so the biggest one is always A.
    """
    total, before = sum(counts), 0
    classes = []
    for count in counts:
        share = before / total if total else 1.0
        classes.append("A" if share < A_SHARE else "B" if share < B_SHARE else "C")
        before += count
    return classes


def reorder_point(*, sold: int, days: int, lead_time_days: int, safety_units: int) -> int:
    """The units at which to order: what is sold while the supplier delivers, and the safety.

    The classic reorder point, demand × lead time + safety stock, rounded up.
    """
    return -(-sold * lead_time_days // days) + safety_units


def reorder_quantity(*, point: int, available: int, sold: int, days: int) -> int:
    """Units to order: up to the point and as many as are sold in another such span; 0 above it.

    *sold* units in *days*.  The second part keeps the next order from being due at once.
    """
    return point - available + -(-sold * REORDER_DAYS // days) if available < point else 0


REORDER_DAYS = 14
"""How many days of sales an order covers beyond the reorder point."""
