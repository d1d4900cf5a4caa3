"""Many processes want the same few units: each unit is sold once, and nobody gets an error."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

from sqlalchemy import select

from fulfillment.domain.people import system
from fulfillment.domain.waving import WaveChoice
from fulfillment.services.allocating import allocate_order, allocate_orders
from fulfillment.services.waving import release_all
from fulfillment.store.catalog import Warehouse
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.stock import Reservation, StockBalance, WarehouseBalance
from tests.support.racing import race
from tests.support.waiting_orders import an_order, order_of, shipments_of
from tests.support.world import World, fetch

SKUS = ("A", "B", "C", "D")
UNITS = 12
ORDERS = 40


def take_one(order_id: int) -> int:
    """Allocate an order; the units it got."""
    return allocate_order(system(), order_id).units


def take_all(seed: int) -> int:
    """Allocate everything in small chunks, and release what is there."""
    units = allocate_orders(system(), chunk=random.Random(seed).randint(1, 5)).units
    for row in fetch(select(Warehouse.id)):
        release_all(system(), WaveChoice(warehouse_id=row.id), chunk=3)
    return units


def test_one_of_six_processes_gets_the_last_unit(world: World, database_url: str) -> None:
    world.product("C")
    world.stock("C", 1)
    ids = [an_order(world, {"C": 1}) for _ in range(6)]
    units = race(database_url, [partial(take_one, order_id) for order_id in ids])
    assert sorted(units) == [0, 0, 0, 0, 0, 1]
    assert world.available("W1", "C") == 0
    for order_id, got in zip(ids, units, strict=True):
        order = order_of(order_id)
        assert (order.state, order.has_backorder) == (
            ("allocated", False) if got else ("confirmed", True)
        )
        assert len(shipments_of(order_id)) == got


def test_processes_that_allocate_and_release_the_same_orders_never_oversell(
    world: World, database_url: str
) -> None:
    for number, sku in enumerate(SKUS, start=1):
        world.product(sku)
        world.stock(sku, UNITS // 2, bin_code=f"W1-A-0{number}-1-1")
        world.stock(sku, UNITS // 2, bin_code=f"W2-A-0{number}-1-1")
    chooser = random.Random(7)
    for _ in range(ORDERS):
        an_order(world, {sku: chooser.randint(1, 3) for sku in chooser.sample(SKUS, 3)})
    units = race(database_url, [partial(take_all, seed) for seed in range(4)])
    assert sum(units) == UNITS * len(SKUS), "every unit is sold, and once"
    assert_books_agree()


def assert_books_agree() -> None:
    """Lines, promises and reservations tell the same story."""
    allocated: Counter[int] = Counter()
    for line in fetch(select(OrderLine.__table__)):
        allocated[line.product_id] += line.allocated
    shipped: Counter[int] = Counter()
    for row in fetch(
        select(ShipmentLine.product_id, ShipmentLine.quantity)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(Shipment.state != "cancelled")
    ):
        shipped[row.product_id] += row.quantity
    assert allocated == shipped
    bound: Counter[int] = Counter()
    for row in fetch(select(WarehouseBalance.__table__)):
        assert 0 <= row.promised <= row.sellable
        bound[row.product_id] += row.promised
    for row in fetch(select(Reservation.__table__)):
        bound[row.product_id] += row.quantity
    assert +bound == +allocated
    for row in fetch(select(StockBalance.__table__)):
        assert row.reserved <= row.on_hand == UNITS // 2
    owed = {
        row.order_id
        for row in fetch(select(OrderLine.__table__))
        if row.quantity > row.cancelled + row.allocated
    }
    for order in fetch(select(Order.__table__)):
        assert (order.state, order.has_backorder) == (
            ("confirmed", True) if order.id in owed else ("allocated", False)
        )
