"""The same order or file sent from many sides at once counts once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from flask import Flask
from sqlalchemy import func, select

from fulfillment.domain.catalogue import ProductEntry
from fulfillment.services.catalogue.products import put_products
from fulfillment.services.importing.files import import_file
from fulfillment.services.orders.intake import take_order, take_orders
from fulfillment.services.orders.parting import merge_orders
from fulfillment.store.catalog import Product
from fulfillment.store.orders import Order, OrderLine
from fulfillment.store.stock import StockMove
from tests.support.orders import an_order
from tests.support.world import World, fetch

T = TypeVar("T")


def at_once(app: Flask, *works: Callable[[], T]) -> list[T | Exception]:
    """Run *works* in threads that start together; what each returned or raised."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], T]) -> T | Exception:
        with app.app_context():
            barrier.wait(timeout=30)
            try:
                return work()
            except Exception as error:  # the test judges it
                return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_an_order_sent_from_many_sides_at_once_is_one_order(app: Flask, world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    orders = [an_order(("A", 2)) for _ in range(5)]
    one = orders[2]
    answers = at_once(
        app,
        *[lambda: [take_order(admin, one)]] * 5,
        *[lambda: take_orders(admin, orders)] * 2,
    )
    taken = [answer for answer in answers if not isinstance(answer, Exception)]
    assert len(taken) == 7, answers
    numbers = {order.number for answer in taken[:5] for order in answer}
    assert numbers == {taken[5][2].number}
    assert sum(order.created for answer in taken for order in answer) == 5
    assert fetch(select(func.count()).select_from(Order))[0][0] == 5
    assert fetch(select(func.count()).select_from(OrderLine))[0][0] == 5


def test_a_stock_file_sent_twice_at_once_is_posted_once(app: Flask, world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    content = b"sku,bin,quantity\n" + b"A,W1-A-01-1-1,1\n" * 20
    reports = at_once(
        app,
        *[
            lambda: import_file(
                admin, "stock", content, file_name="s.csv", seller="SHOP", document="D1"
            )
        ]
        * 4,
    )
    counts = [r.counts for r in reports if not isinstance(r, Exception)]
    assert sorted(count["created"] for count in counts) == [0, 0, 0, 20], reports
    assert world.balance("W1-A-01-1-1", "A") == (20, 0, 0)
    assert fetch(select(func.count()).select_from(StockMove))[0][0] == 20


def test_a_product_put_from_many_sides_at_once_is_one_product(app: Flask, world: World) -> None:
    admin = world.people["admin"]
    results = at_once(app, *[lambda: put_products(admin, "SHOP", [ProductEntry("A", "Apple")])] * 4)
    assert [error for error in results if isinstance(error, Exception)] == []
    assert fetch(select(func.count()).select_from(Product))[0][0] == 1


def test_two_orders_merged_into_each_other_at_once_lose_no_line(app: Flask, world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    one, other = (take_order(admin, an_order(("A", units))).order_id for units in (1, 2))
    results = at_once(
        app,
        lambda: merge_orders(admin, one, others=[other]),
        lambda: merge_orders(admin, other, others=[one]),
    )
    assert sum(isinstance(result, Exception) for result in results) == 1, results
    rows = fetch(select(OrderLine.order_id, OrderLine.quantity))
    assert len({row.order_id for row in rows}) == 1
    assert sorted(row.quantity for row in rows) == [1, 2]
    states = fetch(select(Order.state).order_by(Order.state))
    assert [row.state for row in states] == ["confirmed", "merged"]
