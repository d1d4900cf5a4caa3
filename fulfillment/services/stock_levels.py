"""Which product it is, and whether it runs low: beside the figures of :mod:`.stock`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.stock import WarehouseBalance
from fulfillment.store.transaction import Transaction, reads

_product, _seller, _balance = table_of(Product), table_of(Seller), table_of(WarehouseBalance)


@dataclass(frozen=True)
class ProductHead:
    """What a product is called, and how it is tracked."""

    id: int
    seller_id: int
    seller: str
    sku: str
    name: str
    tracking: str
    has_expiry: bool
    low_stock_level: int | None


@dataclass(frozen=True)
class LowStock:
    """*available* units in all warehouses together are fewer than *level*."""

    level: int
    available: int


@reads
def product_head(tx: Transaction, actor: Actor, product_id: int) -> ProductHead:
    """One product; raises :class:`UnknownThing`, also for another seller's."""
    actor.require(Permission.SEE_STOCK)
    query = (
        select(
            *(_product.c[name] for name in ("id", "seller_id", "sku", "name", "tracking")),
            _seller.c.code.label("seller"),
            _product.c.has_expiry,
            _product.c.low_stock_level,
        )
        .join(_seller, _seller.c.id == _product.c.seller_id)
        .where(_product.c.id == product_id)
    )
    row = tx.execute(query).one_or_none()
    if row is None or not actor.may(Permission.SEE_STOCK, seller_id=row.seller_id):
        raise UnknownThing(kind="product", key=str(product_id))
    return ProductHead(**row._mapping)


@reads
def low_stock(tx: Transaction, actor: Actor, product_ids: Sequence[int]) -> dict[int, LowStock]:
    """Those of the products that are below their level, which counts all warehouses."""
    actor.require(Permission.SEE_STOCK)
    available = func.coalesce(func.sum(_balance.c.sellable - _balance.c.promised), 0)
    query = (
        select(_product.c.id, _product.c.low_stock_level, available.label("available"))
        .outerjoin(_balance, _balance.c.product_id == _product.c.id)
        .where(_product.c.id.in_(product_ids), _product.c.low_stock_level.is_not(None))
        .group_by(_product.c.id, _product.c.low_stock_level)
        .having(available < _product.c.low_stock_level)
    )
    rows: Sequence[Row[Any]] = tx.execute(query).all()
    return {row.id: LowStock(row.low_stock_level, int(row.available)) for row in rows}
