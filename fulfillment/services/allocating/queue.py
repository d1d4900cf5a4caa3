"""Which orders wait for stock, in which order they are served, and by which van they would go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from fulfillment.domain.carriage import ServiceChoice, ServiceRule, choose_service
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import ORDER
from fulfillment.store.base import table_of
from fulfillment.store.carriage import Dock, read_docks, read_service_rules
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
        cut_offs.earliest(country=row.country, grams=row.grams, requested=row.requested_service_id),
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
        self, docks: Mapping[int, Dock], rules: Sequence[ServiceRule], *, after: datetime
    ) -> None:
        self.docks = docks
        self._rules = rules
        self._after = after
        self._known: dict[tuple[int, int | None], datetime | None] = {}

    @classmethod
    def read(cls, tx: Transaction) -> CutOffs:
        """From the rules and timetables of all warehouses."""
        return cls(read_docks(tx), read_service_rules(tx), after=tx.now)

    def choose(
        self,
        warehouse_id: int,
        *,
        country: str,
        grams: int,
        requested: int | None,
        longest_mm: int = 0,
    ) -> tuple[ServiceChoice, datetime | None]:
        """The service and the cut-off of a shipment."""
        choice = choose_service(
            self._rules,
            warehouse_id=warehouse_id,
            country=country,
            grams=grams,
            longest_mm=longest_mm,
            requested=requested,
        )
        service_id = choice.service_id
        key = (warehouse_id, service_id)
        if key not in self._known:
            timetable = self.docks[warehouse_id].timetable
            self._known[key] = timetable.cut_off(service_id, after=self._after)
        return choice, self._known[key]

    def earliest(self, *, country: str, grams: int, requested: int | None) -> datetime:
        """The first cut-off that some warehouse could make."""
        found = (
            self.choose(key, country=country, grams=grams, requested=requested)[1]
            for key in self.docks
        )
        return min((moment for moment in found if moment), default=NEVER)
