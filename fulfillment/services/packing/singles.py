"""Single-item packing: a batch tote stands at the station, each piece of it is an order.

The piece that is scanned picks the most urgent order that waits for it, and opens, counts and
completes it in that one scan; weight and label go as always.  So an order takes two scans: its
piece and its label.  Two stations may share a tote: an order is locked by the first that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, update

from fulfillment.domain.barcodes import ProductScan, storable
from fulfillment.domain.packing import Item
from fulfillment.domain.values import Accepted, Refused, Verdict
from fulfillment.store import batch_totes
from fulfillment.store.base import table_of
from fulfillment.store.people import Station
from fulfillment.store.transaction import Transaction

_station = table_of(Station)


@dataclass(frozen=True)
class Chosen:
    """The shipment that a scanned piece serves."""

    shipment_id: int
    item: Item


def open_tote(tx: Transaction, *, station_id: int, code: str, warehouse_id: int) -> Verdict | None:
    """Put a batch tote to a station; None when no batch of the warehouse uses a tote of this code.

    Refused when no order of one piece waits in it: the others are sorted at a put wall first.
    """
    tote = batch_totes.find(tx, code, warehouse_id)
    if tote is None:
        return None
    left = batch_totes.left_in(tx, tote.tote_id)
    if not left.singles:
        return Refused("sort-first" if left.others else "batch-tote-empty", {"tote": code})
    keep_tote(tx, station_id, tote.tote_id)
    return Accepted("batch-opened", {"tote": code, "left": left.singles})


def keep_tote(tx: Transaction, station_id: int, tote_id: int | None) -> None:
    """Remember which batch tote stands at a station; None = none any more."""
    tx.execute(update(_station).where(_station.c.id == station_id).values(batch_tote_id=tote_id))


def choose(
    tx: Transaction, scanned: ProductScan, *, raw: str, tote_id: int
) -> Chosen | Refused | Row[Any]:
    """The order that a scanned piece of a batch tote serves, its shipment locked.

    A refusal when the piece cannot be packed, or is a cancelled order's; the row of the product
    when nobody of this tote wants it.
    """
    named = batch_totes.products_named(tx, scanned.code)
    if not named:
        return Refused("unknown-barcode", {"raw": storable(raw)})
    refusal = _cannot_tell(tx, scanned, named, tote_id)
    if refusal is not None:
        return refusal
    ids = [product.product_id for product in named]
    lot = scanned.lot if any(product.tracking == "lot" for product in named) else ""
    found = batch_totes.most_urgent_single(tx, tote_id, ids, lot=lot)
    if found is None:
        cancelled = batch_totes.put_back_of(tx, tote_id, ids)
        if cancelled is None:
            return named[0]
        return Refused(
            "order-cancelled", {"order": cancelled.order_number, "reason": cancelled.reason}
        )
    product = next(one for one in named if one.product_id == found.product_id)
    return Chosen(found.id, item_of(scanned, product))


def item_of(scanned: ProductScan, product: Row[Any]) -> Item:
    """What a scanned barcode says of a product."""
    return Item(
        product_id=product.product_id,
        sku=product.sku,
        name=product.name,
        units=product.quantity,
        lot=scanned.lot if product.tracking == "lot" else "",
        serial=scanned.serial if product.tracking == "serial" else "",
        expires_on=scanned.expires_on,
    )


def _cannot_tell(
    tx: Transaction, scanned: ProductScan, named: Sequence[Row[Any]], tote_id: int
) -> Refused | None:
    """Refuse a piece that may be another one than it seems: its lot or its serial must be known."""
    for product in named:
        if product.tracking == "lot" and not scanned.lot:
            lots = batch_totes.lots_in(tx, tote_id, product.product_id)
            if len(lots) > 1:
                return Refused("lot-needed", {"sku": product.sku, "expected": ", ".join(lots)})
        if product.tracking == "serial" and scanned.serial:
            here = batch_totes.has_serial(tx, tote_id, product.product_id, scanned.serial)
            if not here:
                fields = {"sku": product.sku, "serial": scanned.serial}
                return Refused("serial-not-here", fields)
    return None
