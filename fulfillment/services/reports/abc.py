"""ABC by picks: which products most walks go to; their bins belong near the depot."""

from __future__ import annotations

from sqlalchemy import func, select

from fulfillment.domain.reporting.ranking import abc_classes
from fulfillment.domain.reporting.sheets import Sheet, columns
from fulfillment.services.reports.frame import Report, Scope
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.transaction import Transaction

_product, _seller = table_of(Product), table_of(Seller)
_shipment, _line = table_of(Shipment), table_of(ShipmentLine)

_COLUMNS = columns("seller sku name class picks:count units:count share:percent")


def _read(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    picks = func.count(_line.c.id)
    query = (
        select(
            _seller.c.code.label("seller"),
            _product.c.sku,
            _product.c.name,
            picks.label("picks"),
            func.sum(_line.c.picked).label("units"),
        )
        .select_from(
            _line.join(_shipment, _shipment.c.id == _line.c.shipment_id)
            .join(_product, _product.c.id == _line.c.product_id)
            .join(_seller, _seller.c.id == _product.c.seller_id)
        )
        .where(
            scope.within(_shipment.c.warehouse_id, _shipment.c.shipped_at, scope.choice.days),
            _line.c.picked > 0,
            *scope.of_sellers(_product.c.seller_id),
        )
        .group_by(_product.c.id, _seller.c.code, _product.c.sku, _product.c.name)
        .order_by(picks.desc(), _seller.c.code, _product.c.sku)
    )
    rows = tx.execute(query).all()
    total = sum(row.picks for row in rows)
    classes = abc_classes([row.picks for row in rows])
    found = tuple(
        (row.seller, row.sku, row.name, letter, row.picks, int(row.units), 100 * row.picks / total)
        for row, letter in zip(rows, classes, strict=True)
    )
    return (Sheet("abc", _COLUMNS, found),)


REPORT = Report("abc", _read)
