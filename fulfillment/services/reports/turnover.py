"""Stock turnover: pieces shipped against the mean stock, and how long what is there will last.

The mean is over time: each piece counts for the share of the days in which it was on hand.  It is
found backwards from what is on hand now: a piece that came in at *t* was not there before, one that
went out was.  Days that are still to come are left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, case, cast, func, literal, select, union_all

from fulfillment.domain.reporting.holding import DAYS_OF_A_YEAR, days_of_cover, turnover
from fulfillment.domain.reporting.sheets import Cell, Sheet, columns
from fulfillment.services.reports.frame import Report, Scope, whole_seconds
from fulfillment.services.reports.holdings import SHIPPED, crossings, on_hand
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.transaction import Transaction

_product, _seller = table_of(Product), table_of(Seller)
_DAY_SECONDS = 86_400

_COLUMNS = columns(
    "warehouse seller sku name shipped:count mean_on_hand:count turns:count turns_a_year:count"
    " on_hand:count days_of_cover:count"
)
_FIGURES = 4
"""Where a row's figures begin."""


def _span(scope: Scope, zone: ZoneInfo, now: datetime) -> tuple[int, int]:
    """The seconds of the chosen days on this clock, as far as they are over."""
    begin, end = scope.choice.days.bounds(zone)
    return int(begin.timestamp()), max(int(min(end, now).timestamp()), int(begin.timestamp()) + 1)


def _read(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    spans = {key: _span(scope, zone, tx.now) for key, zone in scope.zones.items()}
    if not spans:
        return (Sheet("turnover", _COLUMNS, ()),)
    found = tx.execute(_query(tx, scope, spans))
    rows = (_row(row, scope, *spans[row.warehouse_id]) for row in found)
    return (Sheet("turnover", _COLUMNS, tuple(row for row in rows if any(row[_FIGURES:]))),)


def _query(tx: Transaction, scope: Scope, spans: dict[int, tuple[int, int]]) -> Any:
    """On hand, shipped pieces, and the piece-seconds by which the span had less than there is now."""
    first = min(scope.choice.days.bounds(zone)[0] for zone in scope.zones.values())
    move = crossings(scope, first)
    begin, end = (
        case({key: span[edge] for key, span in spans.items()}, value=move.c.warehouse_id)
        for edge in (0, 1)
    )
    at = cast(whole_seconds(tx, move.c.at), BigInteger)
    lacking = move.c.units * (case((at < end, at), else_=end) - begin)
    shipped = case((move.c.reason.in_(SHIPPED) & (at < end), -move.c.units), else_=0)
    there = on_hand(scope)
    nothing = literal(0, BigInteger)
    parts = union_all(
        select(there.c.warehouse_id, there.c.product_id, there.c.on_hand,
               nothing.label("lacking"), nothing.label("shipped")),
        select(move.c.warehouse_id, move.c.product_id, nothing, lacking, shipped).where(at >= begin),
    ).subquery()  # fmt: skip
    return (
        select(
            parts.c.warehouse_id,
            _seller.c.code.label("seller"),
            _product.c.sku,
            _product.c.name,
            *(func.sum(parts.c[name]).label(name) for name in ("on_hand", "lacking", "shipped")),
        )
        .select_from(
            parts.join(_product, _product.c.id == parts.c.product_id).join(
                _seller, _seller.c.id == _product.c.seller_id
            )
        )
        .where(*scope.of_sellers(_product.c.seller_id))
        .group_by(
            parts.c.warehouse_id, _product.c.id, _seller.c.code, _product.c.sku, _product.c.name
        )
        .order_by(parts.c.warehouse_id, _seller.c.code, _product.c.sku)
    )


def _row(row: Any, scope: Scope, begin: int, end: int) -> tuple[Cell, ...]:
    there, shipped = int(row.on_hand), int(row.shipped)
    mean = there - int(row.lacking) / (end - begin)
    days = (end - begin) / _DAY_SECONDS
    turns = turnover(shipped, mean)
    cover = days_of_cover(there, shipped, days)
    return (
        scope.codes[row.warehouse_id],
        row.seller,
        row.sku,
        row.name,
        shipped,
        round(mean, 1),
        None if turns is None else round(turns, 3),
        None if turns is None else round(turns * DAYS_OF_A_YEAR / days, 1),
        there,
        None if cover is None else round(cover, 1),
    )


REPORT = Report("turnover", _read)
