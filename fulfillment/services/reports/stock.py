"""Stock by warehouse: on hand, reserved, held, promised, available."""

from __future__ import annotations

from sqlalchemy import func, select

from fulfillment.domain.reporting.sheets import Sheet, columns
from fulfillment.services.reports.frame import Report, Scope
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product, Seller
from fulfillment.store.stock import StockBalance, WarehouseBalance
from fulfillment.store.transaction import Transaction

_product, _seller, _location = table_of(Product), table_of(Seller), table_of(Location)
_balance, _promise = table_of(StockBalance), table_of(WarehouseBalance)

_COLUMNS = columns(
    "warehouse seller sku name on_hand:count reserved:count held:count promised:count"
    " available:count"
)


def _read(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    there = (
        select(
            _location.c.warehouse_id,
            _balance.c.product_id,
            func.sum(_balance.c.on_hand).label("on_hand"),
            func.sum(_balance.c.reserved).label("reserved"),
            func.sum(_balance.c.held).label("held"),
        )
        .join(_location, _location.c.id == _balance.c.location_id)
        .where(scope.of_warehouses(_location.c.warehouse_id))
        .group_by(_location.c.warehouse_id, _balance.c.product_id)
        .having(func.sum(_balance.c.on_hand) > 0)
        .subquery()
    )
    query = (
        select(
            there,
            _seller.c.code.label("seller"),
            _product.c.sku,
            _product.c.name,
            func.coalesce(_promise.c.promised, 0).label("promised"),
            func.coalesce(_promise.c.sellable - _promise.c.promised, 0).label("available"),
        )
        .select_from(
            there.join(_product, _product.c.id == there.c.product_id)
            .join(_seller, _seller.c.id == _product.c.seller_id)
            .outerjoin(
                _promise,
                (_promise.c.warehouse_id == there.c.warehouse_id)
                & (_promise.c.product_id == there.c.product_id),
            )
        )
        .where(*scope.of_sellers(_product.c.seller_id))
        .order_by(there.c.warehouse_id, _seller.c.code, _product.c.sku)
    )
    rows = tuple(
        (
            scope.codes[row.warehouse_id],
            row.seller,
            row.sku,
            row.name,
            int(row.on_hand),
            int(row.reserved),
            int(row.held),
            row.promised,
            row.available,
        )
        for row in tx.execute(query)
    )
    return (Sheet("stock", _COLUMNS, rows),)


REPORT = Report("stock", _read, asks=())
