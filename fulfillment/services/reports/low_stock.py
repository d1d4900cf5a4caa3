"""What to order: products below their reorder point, and how many units.

Sales are the units shipped in the chosen days; lead time and safety stock (the level below which it
is low) stand on the product.  The level counts all warehouses that are looked at.
"""

from __future__ import annotations

from sqlalchemy import func, select

from fulfillment.domain.reporting.ranking import reorder_point, reorder_quantity
from fulfillment.domain.reporting.sheets import Cell, Sheet, columns
from fulfillment.services.reports.frame import Report, Scope
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.stock import WarehouseBalance
from fulfillment.store.transaction import Transaction

_product, _seller, _balance = table_of(Product), table_of(Seller), table_of(WarehouseBalance)
_shipment, _line = table_of(Shipment), table_of(ShipmentLine)

_COLUMNS = columns(
    "seller sku name available:count sold:count sold_a_day:count lead_time_days:count"
    " safety_units:count reorder_point:count reorder_units:count"
)


def _read(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    days = scope.choice.days
    sold = (
        select(_line.c.product_id, func.sum(_line.c.shipped).label("sold"))
        .join(_shipment, _shipment.c.id == _line.c.shipment_id)
        .where(
            scope.within(_shipment.c.warehouse_id, _shipment.c.shipped_at, days),
            _shipment.c.state.in_(("shipped", "dispatched")),
        )
        .group_by(_line.c.product_id)
        .subquery()
    )
    there = (
        select(
            _balance.c.product_id,
            func.sum(_balance.c.sellable - _balance.c.promised).label("available"),
        )
        .where(scope.of_warehouses(_balance.c.warehouse_id))
        .group_by(_balance.c.product_id)
        .subquery()
    )
    query = (
        select(
            _seller.c.code.label("seller"),
            _product.c.sku,
            _product.c.name,
            func.coalesce(there.c.available, 0).label("available"),
            func.coalesce(sold.c.sold, 0).label("sold"),
            func.coalesce(_product.c.lead_time_days, 0).label("lead_time_days"),
            func.coalesce(_product.c.low_stock_level, 0).label("safety_units"),
        )
        .select_from(
            _product.join(_seller, _seller.c.id == _product.c.seller_id)
            .outerjoin(there, there.c.product_id == _product.c.id)
            .outerjoin(sold, sold.c.product_id == _product.c.id)
        )
        .where(
            _product.c.active,
            _product.c.is_kit.is_(False),
            *scope.of_sellers(_product.c.seller_id),
        )
        .order_by(_seller.c.code, _product.c.sku)
    )
    rows: list[tuple[Cell, ...]] = []
    for row in tx.execute(query):
        available, units = int(row.available), int(row.sold)
        point = reorder_point(
            sold=units,
            days=days.count,
            lead_time_days=row.lead_time_days,
            safety_units=row.safety_units,
        )
        wanted = reorder_quantity(point=point, available=available, sold=units, days=days.count)
        if wanted:
            rows.append(
                (
                    row.seller,
                    row.sku,
                    row.name,
                    available,
                    units,
                    round(units / days.count, 2),
                    row.lead_time_days,
                    row.safety_units,
                    point,
                    wanted,
                )
            )
    return (Sheet("low-stock", _COLUMNS, tuple(rows)),)


REPORT = Report("low-stock", _read)
