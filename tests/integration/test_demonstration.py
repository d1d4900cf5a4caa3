"""The demonstration: what a newcomer finds after the first command."""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import Table, func, select

from fulfillment import demonstration
from fulfillment.demonstration import Made
from fulfillment.domain.people import Role
from fulfillment.services import people
from fulfillment.services.auditing import audit
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product, ProductBarcode, Warehouse
from fulfillment.store.orders import Hold, Order, Shipment, ShipmentLine
from fulfillment.store.people import Station, User
from fulfillment.store.printing import Printer, StationPrinter
from fulfillment.store.stock import WarehouseBalance
from tests.support.world import fetch


@pytest.fixture
def made(app: Flask) -> Made:
    """A demonstration in a fresh database."""
    made = demonstration.make_if_empty()
    assert made is not None, app.config["SQLALCHEMY_DATABASE_URI"]
    return made


def _states(table: Table) -> Counter[str]:
    state = table.c.state
    return Counter({row[0]: row[1] for row in fetch(select(state, func.count()).group_by(state))})


def test_a_demonstration_is_a_warehouse_at_work_whose_books_balance(made: Made) -> None:
    report = audit()
    assert report.ok, report.rows
    _has_orders_in_every_stage(made)
    _has_shelves_and_goods(made)
    _has_a_label_printer_at_every_bench()


def _has_a_label_printer_at_every_bench() -> None:
    used = fetch(
        select(StationPrinter.station_id, Printer.kind).join(
            Printer, Printer.id == StationPrinter.printer_id
        )
    )
    assert {row.station_id for row in used} == {row.id for row in fetch(select(Station.id))}
    assert {row.kind for row in used} == {"spool"}


def _has_orders_in_every_stage(made: Made) -> None:
    orders = _states(table_of(Order))
    assert orders.total() == made.orders == 60
    assert {"review", "confirmed", "allocated"} <= set(orders)
    assert orders["review"] == 8
    shipments = _states(table_of(Shipment))
    assert {"allocated", "released", "picked", "packing"} <= set(shipments)
    held = {row[0] for row in fetch(select(Hold.type).where(Hold.released_at.is_(None)))}
    assert held >= {"address", "payment", "fraud", "customer-note"}
    (half_packed,) = fetch(
        select(func.sum(ShipmentLine.packed), func.sum(ShipmentLine.quantity))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(Shipment.state == "packing")
    )
    assert 0 < half_packed[0] < half_packed[1]


def _has_shelves_and_goods(made: Made) -> None:
    bins = fetch(
        select(Location.id).where(
            Location.kind == "bin",
            Location.x_metres.is_not(None),
            Location.y_metres.is_not(None),
            Location.aisle.is_not(None),
        )
    )
    assert len(bins) == made.bins == 300
    products = fetch(select(Product.id).where(Product.weight_grams > 0))
    assert len(products) == made.products == 200
    each = fetch(select(ProductBarcode.product_id).where(ProductBarcode.kind == "each"))
    assert len({row[0] for row in each}) == 200
    layouts = [row[0] for row in fetch(select(Warehouse.layout))]
    assert len(layouts) == made.warehouses == 2
    assert all(layouts)
    low = fetch(
        select(Product.sku)
        .join(WarehouseBalance, WarehouseBalance.product_id == Product.id)
        .where(WarehouseBalance.sellable < Product.low_stock_level)
    )
    assert low


def test_everybody_of_a_demonstration_gets_in_and_it_is_made_only_once(made: Made) -> None:
    assert {one.role for one in made.log_ins} == {str(role) for role in Role}
    for one in made.log_ins[:2]:
        assert isinstance(people.log_in(one.login, one.password), people.LoggedIn)
    assert len({one.password for one in made.log_ins}) == len(made.log_ins)
    assert people.by_token(made.api_token).actor.name == "administrator"
    shown = demonstration.words(made)
    assert made.api_token in shown
    assert all(one.password in shown and one.pin in shown for one in made.log_ins)

    accounts = len(fetch(select(table_of(User).c.id)))
    assert demonstration.make_if_empty() is None
    assert len(fetch(select(table_of(User).c.id))) == accounts
