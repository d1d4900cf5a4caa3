"""Confirmed orders that wait for stock, made without the order services."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment, ShipmentLine
from tests.support.world import NOON, World, fetch, insert_row

_numbers = itertools.count(1)


def an_order(
    world: World,
    lines: dict[str, int],
    *,
    country: str = "GB",
    confirmed_at: datetime | None = None,
    state: str = "confirmed",
    **values: Any,
) -> int:
    """A confirmed order of ``{sku: quantity}``; later ones are confirmed later."""
    number = next(_numbers)
    address_id = insert_row(
        Address, name="Buyer", lines=["1 Test Street"], city="Leeds", country=country
    )
    order_id = insert_row(
        Order,
        number=values.pop("number", f"T{number}"),
        seller_id=world.seller_id,
        channel="test",
        reference=str(number),
        content_hash="",
        state=state,
        address_id=address_id,
        currency="GBP",
        total_minor=1000,
        ship_complete=values.pop("ship_complete", False),
        tags=[],
        placed_at=NOON,
        created_at=NOON,
        confirmed_at=confirmed_at or NOON + timedelta(seconds=number),
        **values,
    )
    for line_number, (sku, quantity) in enumerate(lines.items(), start=1):
        insert_row(
            OrderLine,
            order_id=order_id,
            line_number=line_number,
            product_id=world.products[sku],
            quantity=quantity,
        )
    return order_id


def a_hold(order_id: int, *, shipment_id: int | None = None) -> int:
    """An open hold."""
    return insert_row(
        Hold,
        order_id=order_id,
        shipment_id=shipment_id,
        type="payment",
        placed_at=NOON,
        placed_by_id=1,
    )


def order_of(order_id: int) -> Any:
    """The row of an order."""
    return fetch(select(Order.__table__).where(Order.id == order_id))[0]


def owed(order_id: int) -> int:
    """Units of an order that are on no shipment."""
    rows = fetch(select(OrderLine.__table__).where(OrderLine.order_id == order_id))
    return sum(row.quantity - row.cancelled - row.allocated for row in rows)


def shipments_of(order_id: int) -> list[Any]:
    """The rows of an order's shipments."""
    return fetch(
        select(Shipment.__table__).where(Shipment.order_id == order_id).order_by(Shipment.id)
    )


def served(world: World, order_id: int) -> dict[tuple[str, str], int]:
    """Units by (warehouse, SKU) on the order's live shipments."""
    warehouses = {key: code for code, key in world.warehouses.items()}
    skus = {key: sku for sku, key in world.products.items()}
    rows = fetch(
        select(Shipment.warehouse_id, ShipmentLine.product_id, ShipmentLine.quantity)
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(Shipment.order_id == order_id, Shipment.state != "cancelled")
    )
    units: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (warehouses[row.warehouse_id], skus[row.product_id])
        units[key] = units.get(key, 0) + row.quantity
    return units
