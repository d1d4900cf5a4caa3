"""Sales by day, product, channel, country, region and customer: what was ordered in the chosen days.

An order belongs to the day on which it was placed, on the clock of the first warehouse that the
reader sees.  Cancelled orders and units are left out; of a kit the kit counts, not its components.
Amounts are lines at their unit prices, in minor units, apart for each currency.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, distinct, func, select

from fulfillment.domain.reporting.sheets import Cell, Sheet, columns
from fulfillment.services.reports.frame import Report, Scope, whole_seconds
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.orders import Address, Order, OrderLine
from fulfillment.store.transaction import Transaction

QUARTER_SECONDS = 900
"""Local midnights lie on quarters of an hour of UTC, everywhere."""

_order, _line, _address = table_of(Order), table_of(OrderLine), table_of(Address)
_product, _seller = table_of(Product), table_of(Seller)

_FIGURES = "currency orders:count units:count amount_minor:money"


def _read(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    zone = next(iter(scope.zones.values()), ZoneInfo("UTC"))
    return (
        Sheet("sales", columns(f"day:day {_FIGURES}"), tuple(_days(tx, scope, zone))),
        _grouped(tx, scope, zone, "products", "seller sku name", _BY_PRODUCT),
        _grouped(tx, scope, zone, "channels", "channel", (_order.c.channel,)),
        _grouped(tx, scope, zone, "countries", "country", (_address.c.country,)),
        _grouped(tx, scope, zone, "regions", "country region", _BY_REGION),
        _grouped(tx, scope, zone, "customers", "customer", (_order.c.customer,)),
    )


_BY_PRODUCT = (_seller.c.code.label("seller"), _product.c.sku, _product.c.name)
_BY_REGION = (_address.c.country, _address.c.region)
"""The administrative area as the address has it."""
_UNITS: Any = _line.c.quantity - _line.c.cancelled


def _sold(scope: Scope, zone: ZoneInfo, *keys: Any) -> Any:
    begin, end = scope.choice.days.bounds(zone)
    conditions = [
        _order.c.placed_at >= begin,
        _order.c.placed_at < end,
        _order.c.state.not_in(("cancelled", "merged")),
        _line.c.kit_line_id.is_(None),
        *scope.of_sellers(_order.c.seller_id),
    ]
    if scope.choice.channel:
        conditions.append(_order.c.channel == scope.choice.channel)
    return (
        select(
            *keys,
            _order.c.currency,
            func.count(distinct(_order.c.id)).label("orders"),
            func.sum(_UNITS).label("units"),
            func.sum(_UNITS * _line.c.unit_price_minor).label("amount"),
        )
        .select_from(
            _order.join(_line, _line.c.order_id == _order.c.id)
            .join(_address, _address.c.id == _order.c.address_id)
            .join(_product, _product.c.id == _line.c.product_id)
            .join(_seller, _seller.c.id == _order.c.seller_id)
        )
        .where(*conditions)
        .group_by(*keys, _order.c.currency)
    )


def _grouped(
    tx: Transaction, scope: Scope, zone: ZoneInfo, name: str, heads: str, keys: tuple[Any, ...]
) -> Sheet:
    """A sheet by *keys*, the most units first."""
    query = _sold(scope, zone, *keys).order_by(func.sum(_UNITS).desc(), *keys)
    rows = tuple((*row[: len(keys)], *_figures(row)) for row in tx.execute(query))
    return Sheet(name, columns(f"{heads} {_FIGURES}"), rows)


def _days(tx: Transaction, scope: Scope, zone: ZoneInfo) -> list[tuple[Cell, ...]]:
    quarter = (whole_seconds(tx, _order.c.placed_at) // QUARTER_SECONDS).label("quarter")
    found: dict[tuple[Any, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in tx.execute(_sold(scope, zone, quarter)):
        day = datetime.fromtimestamp(row.quarter * QUARTER_SECONDS, zone).date()
        sums = found[day, row.currency]
        for at, value in enumerate(_figures(row)[1:]):
            sums[at] += value
    return [(*key, *sums) for key, sums in sorted(found.items())]


def _figures(row: Row[Any]) -> tuple[Any, int, int, int]:
    return row.currency, row.orders, int(row.units), int(row.amount)


REPORT = Report("sales", _read, asks=("days", "channel"))
