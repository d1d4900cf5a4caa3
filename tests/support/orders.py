"""Orders to send in: good ones, to be bent by the tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from fulfillment.domain.orders import NewLine, NewOrder, PostalAddress

ADDRESS = PostalAddress(
    country="GB",
    name="A Customer",
    lines=("10 High Street",),
    city="London",
    postcode="E16 2AA",
    email="customer@example.org",
)
PLACED = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)

_references = itertools.count(1)


def an_order(*lines: tuple[str, int], **values: Any) -> NewOrder:
    """An order for (SKU, quantity) lines at 2.50 a piece, complete and valid unless bent."""
    fields: dict[str, Any] = {
        "seller": "SHOP",
        "channel": "web",
        "reference": f"R{next(_references)}",
        "placed_at": PLACED,
        "address": ADDRESS,
        "currency": "GBP",
        "lines": tuple(NewLine(sku, quantity, 250) for sku, quantity in lines),
    }
    return NewOrder(**{**fields, **values})
