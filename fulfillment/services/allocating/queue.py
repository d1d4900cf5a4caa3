"""Which orders wait for stock, in which order they are served, and by which van they would go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from fulfillment.domain.carriage import (
    PriceTable,
    ServiceChoice,
    ServiceRule,
    choose_service,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import ORDER
from fulfillment.store.base import table_of
from fulfillment.store.carriage import Dock, read_docks, read_prices, read_service_rules
from fulfillment.store.catalog import Product
from fulfillment.store.orders import Address, Hold, Order, OrderLine
from fulfillment.store.stock import (
    WarehouseBalance,
)
from fulfillment.store.transaction import Transaction, reads

NEVER = datetime.max.replace(tzinfo=UTC)
"""Sorts what has no moment behind everything."""

_order, _line, _hold = table_of(Order), table_of(OrderLine), table_of(Hold)
_product, _address = table_of(Product), table_of(Address)
_balance = table_of(WarehouseBalance)
OWED = _line.c.quantity - _line.c.cancelled - _line.c.allocated
"""Units of an order line that are on no shipment."""


@reads
def waiting_orders(
    tx: Transaction, actor: Actor, *, order_ids: Sequence[int] | None = None
) -> list[int]:
    """Ids of the orders to serve, in the order in which they are served."""
    actor.require(Permission.ALLOCATE)
    query = _waiting(actor)
    if order_ids is not None:
        query = query.where(_order.c.id.in_(sorted(order_ids)))
    rows = tx.execute(query).all()
    cut_offs = CutOffs.read(tx)
    return [row.id for row in sorted(rows, key=lambda row: _turn(row, cut_offs))]


def _turn(row: Row[Any], cut_offs: CutOffs) -> tuple[Any, ...]:
    """Sorts orders by when they are served."""
    return (
        not row.has_backorder,
        -row.priority,
        cut_offs.earliest(
            country=row.country,
            grams=row.grams,
            requested=row.requested_service_id,
            promised_on=row.promised_on,
        ),
        row.confirmed_at or NEVER,
        row.id,
    )


def _waiting(actor: Actor) -> Select[Any]:
    """Orders that are owed units, without open holds; a backorder only if something came in."""
    grams = func.sum(OWED * func.coalesce(_product.c.weight_grams, 0))
    in_stock = (
        select(_balance.c.product_id)
        .join(_line, _line.c.product_id == _balance.c.product_id)
        .where(
            _line.c.order_id == _order.c.id,
            is_owed(),
            _balance.c.sellable > _balance.c.promised,
        )
        .correlate(_order)
        .exists()
    )
    query = (
        select(
            _order.c.id,
            _order.c.has_backorder,
            _order.c.priority,
            _order.c.confirmed_at,
            _order.c.requested_service_id,
            _order.c.promised_on,
            _address.c.country,
            grams.label("grams"),
        )
        .join(_address, _address.c.id == _order.c.address_id)
        .join(_line, _line.c.order_id == _order.c.id)
        .join(_product, _product.c.id == _line.c.product_id)
        .where(
            _order.c.state.in_(ORDER.sources("allocate")),
            is_owed(),
            ~is_held(),
            or_(~_order.c.has_backorder, in_stock),
        )
        .group_by(_order.c.id, _address.c.country)
    )
    sellers = actor.seller_ids(Permission.ALLOCATE)
    return query if sellers is None else query.where(_order.c.seller_id.in_(sorted(sellers)))


def is_owed() -> ColumnElement[bool]:
    return (~_line.c.is_kit) & (OWED > 0)


def is_held() -> ColumnElement[bool]:
    """An open hold on the order as a whole."""
    return (
        select(_hold.c.id)
        .where(
            _hold.c.order_id == _order.c.id,
            _hold.c.shipment_id.is_(None),
            _hold.c.released_at.is_(None),
        )
        .correlate(_order)
        .exists()
    )


class CutOffs:
    """Service and next cut-off by warehouse, worked out once for all orders of a transaction."""

    def __init__(
        self,
        docks: Mapping[int, Dock],
        rules: Sequence[ServiceRule],
        *,
        after: datetime,
        prices: PriceTable,
    ) -> None:
        self.docks = docks
        self._rules = rules
        self._prices = prices
        self._after = after
        self._known: dict[tuple[int, int | None], datetime | None] = {}

    @classmethod
    def read(cls, tx: Transaction) -> CutOffs:
        """From the rules and timetables of all warehouses, and the prices where a rule asks them."""
        rules = read_service_rules(tx)
        prices = read_prices(tx) if any(rule.asks_prices for rule in rules) else PriceTable()
        return cls(read_docks(tx), rules, after=tx.now, prices=prices)

    def choose(
        self,
        warehouse_id: int,
        *,
        country: str,
        grams: int,
        requested: int | None,
        longest_mm: int = 0,
        promised_on: date | None = None,
    ) -> tuple[ServiceChoice, datetime | None]:
        """The service and the cut-off of a shipment."""
        choice = choose_service(
            self._rules,
            warehouse_id=warehouse_id,
            country=country,
            grams=grams,
            longest_mm=longest_mm,
            requested=requested,
            promised_on=promised_on,
            prices=self._prices,
            leaves_on=partial(self._leaves_on, warehouse_id),
        )
        return choice, self._cut_off(warehouse_id, choice.service_id)

    def _cut_off(self, warehouse_id: int, service_id: int | None) -> datetime | None:
        key = (warehouse_id, service_id)
        if key not in self._known:
            timetable = self.docks[warehouse_id].timetable
            self._known[key] = timetable.cut_off(service_id, after=self._after)
        return self._known[key]

    def _leaves_on(self, warehouse_id: int, service_id: int) -> date | None:
        cut_off = self._cut_off(warehouse_id, service_id)
        return None if cut_off is None else self.docks[warehouse_id].timetable.today(cut_off)

    def earliest(
        self, *, country: str, grams: int, requested: int | None, promised_on: date | None = None
    ) -> datetime:
        """The first cut-off that some warehouse could make."""
        found = (
            self.choose(
                key, country=country, grams=grams, requested=requested, promised_on=promised_on
            )[1]
            for key in self.docks
        )
        return min((moment for moment in found if moment), default=NEVER)
