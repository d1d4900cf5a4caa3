"""Where a piece belongs that is not wanted where it was scanned."""

from __future__ import annotations

from sqlalchemy import select

from fulfillment.store import packing as rows
from fulfillment.store.catalog import Location
from fulfillment.store.stock import StockBalance
from fulfillment.store.transaction import Transaction


def where_it_belongs(tx: Transaction, warehouse_id: int, product_id: int) -> dict[str, str]:
    """``needed_by`` and ``tote``: the open order that still needs the product and where its goods
    are; ``home``: the bin that holds most of it.  '' where there is none."""
    needed = rows.who_needs(tx, product_id, warehouse_id)
    home = tx.execute(
        select(Location.code)
        .join(StockBalance, StockBalance.location_id == Location.id)
        .where(
            StockBalance.product_id == product_id,
            Location.warehouse_id == warehouse_id,
            Location.kind == "bin",
        )
        .order_by(StockBalance.on_hand.desc(), Location.code)
        .limit(1)
    ).scalar()
    return {
        "needed_by": needed.number if needed else "",
        "tote": (needed.tote or "") if needed else "",
        "home": home or "",
    }
