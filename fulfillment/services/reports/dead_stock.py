"""Dead stock: what lies in a warehouse and was not shipped from it for so many days.

What arrived in these days is not dead by itself, it may be new: a product is listed only if older
units are there too.  As none was shipped since, what did not arrive in these days is older.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, union_all

from fulfillment.domain.reporting.sheets import Sheet, columns
from fulfillment.services.reports.frame import Report, Scope
from fulfillment.services.reports.holdings import arrivals, on_hand
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product, Seller
from fulfillment.store.stock import StockMove
from fulfillment.store.transaction import Transaction

_product, _seller = table_of(Product), table_of(Seller)
_move, _location = table_of(StockMove), table_of(Location)

_COLUMNS = columns(
    "warehouse seller sku name on_hand:count idle_units:count last_shipped_at:moment"
    " last_moved_at:moment"
)


def _read(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    dead = _dead(tx, scope)
    last = _last_moves(dead)
    query = (
        select(
            dead,
            _seller.c.code.label("seller"),
            _product.c.sku,
            _product.c.name,
            last.c.last_shipped_at,
            last.c.last_moved_at,
        )
        .select_from(
            dead.join(_product, _product.c.id == dead.c.product_id)
            .join(_seller, _seller.c.id == _product.c.seller_id)
            .join(
                last,
                (last.c.warehouse_id == dead.c.warehouse_id)
                & (last.c.product_id == dead.c.product_id),
            )
        )
        .order_by(dead.c.idle_units.desc(), dead.c.warehouse_id, _seller.c.code, _product.c.sku)
    )
    rows = tuple(
        (
            scope.codes[row.warehouse_id],
            row.seller,
            row.sku,
            row.name,
            int(row.on_hand),
            int(row.idle_units),
            row.last_shipped_at,
            row.last_moved_at,
        )
        for row in tx.execute(query)
    )
    return (Sheet("dead-stock", _COLUMNS, rows),)


def _dead(tx: Transaction, scope: Scope) -> Any:
    """``warehouse_id, product_id, on_hand, idle_units``; the moves by ``ix_stock_move_at``."""
    since = tx.now - timedelta(days=scope.choice.idle_days)
    there = on_hand(scope)
    shipped = (
        select(_location.c.warehouse_id, _move.c.product_id)
        .join(_location, _location.c.id == _move.c.from_id)
        .where(
            _move.c.at >= since,
            _move.c.reason == "ship",
            scope.of_warehouses(_location.c.warehouse_id),
        )
        .distinct()
        .subquery("shipped")
    )
    new = arrivals(scope, _move.c.quantity).where(_move.c.at >= since).subquery()
    arrived = (
        select(new.c.warehouse_id, new.c.product_id, func.sum(new.c.quantity).label("units"))
        .group_by(new.c.warehouse_id, new.c.product_id)
        .subquery("arrived")
    )
    idle = there.c.on_hand - func.coalesce(arrived.c.units, 0)
    return (
        select(there, idle.label("idle_units"))
        .select_from(
            there.join(_product, _product.c.id == there.c.product_id)
            .outerjoin(shipped, _same(shipped, there))
            .outerjoin(arrived, _same(arrived, there))
        )
        .where(
            shipped.c.product_id.is_(None), idle > 0, *scope.of_sellers(_product.c.seller_id)
        )
        .cte("dead")
    )  # fmt: skip


def _last_moves(dead: Any) -> Any:
    """When each was moved last, and shipped last; by ``ix_stock_move_product``."""
    ends = union_all(
        *(
            select(dead.c.warehouse_id, dead.c.product_id, _move.c.at, _move.c.reason)
            .join(_move, _move.c.product_id == dead.c.product_id)
            .join(
                _location,
                (_location.c.id == end) & (_location.c.warehouse_id == dead.c.warehouse_id),
            )
            for end in (_move.c.from_id, _move.c.to_id)
        )
    ).subquery("ends")
    return (
        select(
            ends.c.warehouse_id,
            ends.c.product_id,
            func.max(ends.c.at).label("last_moved_at"),
            func.max(ends.c.at).filter(ends.c.reason == "ship").label("last_shipped_at"),
        )
        .group_by(ends.c.warehouse_id, ends.c.product_id)
        .subquery("last")
    )


def _same(one: Any, other: Any) -> Any:
    return (one.c.warehouse_id == other.c.warehouse_id) & (one.c.product_id == other.c.product_id)


REPORT = Report("dead-stock", _read, asks=("idle_days",))
