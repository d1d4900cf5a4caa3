"""How old the stock is: what is on hand, by when it arrived.

First in, first out: of what ever arrived, the latest units are those that are still here.  A unit
that was corrected away and back by hand counts as new; one that was taken back from the dock, or
was missing and is found, does not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, select

from fulfillment.domain.reporting.holding import AGE_CLASS_DAYS
from fulfillment.domain.reporting.sheets import Cell, Sheet, columns
from fulfillment.services.reports.frame import Report, Scope
from fulfillment.services.reports.holdings import ARRIVED_IN, arrivals, on_hand
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.stock import StockMove
from fulfillment.store.transaction import Transaction

_product, _seller, _move = table_of(Product), table_of(Seller), table_of(StockMove)

_CLASSES = (*(f"up_to_{days}_days" for days in AGE_CLASS_DAYS), "older")
_COLUMNS = columns(
    "warehouse seller sku name on_hand:count "
    + " ".join(f"{name}:count" for name in _CLASSES)
    + " oldest_at:moment"
)
_TOTALS = columns("age:term warehouse units:count share:percent")


def _read(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    rows = tuple(_row(row, scope) for row in tx.execute(_query(tx, scope)))
    return (Sheet("ageing", _COLUMNS, rows), Sheet("ages", _TOTALS, tuple(_totals(rows))))


def _query(tx: Transaction, scope: Scope) -> Any:
    """A window over the arrivals of each product, the latest first, until they make what is there."""
    there = on_hand(scope)
    latest_first = func.sum(_move.c.quantity).over(
        partition_by=(ARRIVED_IN, _move.c.product_id),
        order_by=(_move.c.at.desc(), _move.c.id.desc()),
    )
    arrived = arrivals(
        scope, _move.c.at, _move.c.quantity, (latest_first - _move.c.quantity).label("later")
    ).subquery("arrived")
    rest = there.c.on_hand - arrived.c.later
    units = case((rest < arrived.c.quantity, rest), else_=arrived.c.quantity)
    since = [tx.now - timedelta(days=days + 1) for days in AGE_CLASS_DAYS]
    counted = [
        func.coalesce(func.sum(units).filter(arrived.c.at > bound), 0).label(name)
        for name, bound in zip(_CLASSES, since, strict=False)
    ]
    return (
        select(
            there.c.warehouse_id,
            _seller.c.code.label("seller"),
            _product.c.sku,
            _product.c.name,
            there.c.on_hand,
            *counted,
            func.min(arrived.c.at).label("oldest_at"),
        )
        .select_from(
            there.join(_product, _product.c.id == there.c.product_id)
            .join(_seller, _seller.c.id == _product.c.seller_id)
            .outerjoin(
                arrived,
                (arrived.c.warehouse_id == there.c.warehouse_id)
                & (arrived.c.product_id == there.c.product_id)
                & (arrived.c.later < there.c.on_hand),
            )
        )
        .where(*scope.of_sellers(_product.c.seller_id))
        .group_by(
            there.c.warehouse_id, there.c.on_hand, _product.c.id,
            _seller.c.code, _product.c.sku, _product.c.name,
        )
        .order_by(there.c.warehouse_id, _seller.c.code, _product.c.sku)
    )  # fmt: skip


def _row(row: Any, scope: Scope) -> tuple[Cell, ...]:
    there = int(row.on_hand)
    up_to = [int(row._mapping[name]) for name in _CLASSES[:-1]]
    classes = [each - before for before, each in zip([0, *up_to], [*up_to, there], strict=True)]
    code = scope.codes[row.warehouse_id]
    return (code, row.seller, row.sku, row.name, there, *classes, row.oldest_at)


def _totals(rows: tuple[tuple[Any, ...], ...]) -> list[tuple[Cell, ...]]:
    """The units of each class in each warehouse."""
    first = 5
    sums: dict[str, list[int]] = {}
    for row in rows:
        found = sums.setdefault(row[0], [0] * len(_CLASSES))
        for at in range(len(_CLASSES)):
            found[at] += row[first + at]
    return [
        (name, warehouse, units[at], 100 * units[at] / sum(units))
        for warehouse, units in sums.items()
        for at, name in enumerate(_CLASSES)
    ]


REPORT = Report("ageing", _read, asks=())
