"""What warehouses hold, and what came in and went out, as the reports about stock read it.

Inside a warehouse goods only change their place; what counts here are moves between it and the
outside.  All is read from ``stock_balance`` and ``stock_move``, each by an index:

* on hand: ``stock_balance`` as a whole, it has a row a place and not one a move;
* moves since a moment: ``ix_stock_move_at``;
* arrivals: ``ix_stock_move_from``, as they come from the ends of the ledger.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, func, select, union_all

from fulfillment.services.reports.frame import Scope
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location
from fulfillment.store.stock import StockBalance, StockMove, virtual_end

_location, _balance, _move = table_of(Location), table_of(StockBalance), table_of(StockMove)
_from, _to = _location.alias("from_place"), _location.alias("to_place")

SHIPPED = ("ship", "un-ship")
"""Reasons of moves that are shipped pieces, or take them back."""
ARRIVED_IN = _to.c.warehouse_id
"""The warehouse of :func:`arrivals`."""
ARRIVE_FROM = tuple(virtual_end(kind).id for kind in ("supplier", "customer", "adjustment"))
"""Where goods come from that were not in the house before."""


def on_hand(scope: Scope) -> Subquery:
    """``warehouse_id, product_id, on_hand`` of everything that is there."""
    return (
        select(
            _location.c.warehouse_id,
            _balance.c.product_id,
            func.sum(_balance.c.on_hand).label("on_hand"),
        )
        .join(_location, _location.c.id == _balance.c.location_id)
        .where(scope.of_warehouses(_location.c.warehouse_id))
        .group_by(_location.c.warehouse_id, _balance.c.product_id)
        .having(func.sum(_balance.c.on_hand) > 0)
        .subquery("held")
    )


def crossings(scope: Scope, since: datetime) -> Subquery:
    """``warehouse_id, product_id, at, reason, units`` of what came in (+) or went out (−)."""

    def moves(here: Any, there: Any, units: Any) -> Select[Any]:
        return (
            select(
                here.c.warehouse_id, _move.c.product_id, _move.c.at, _move.c.reason,
                units.label("units"),
            )
            .join(_from, _from.c.id == _move.c.from_id)
            .join(_to, _to.c.id == _move.c.to_id)
            .where(
                _move.c.at >= since,
                scope.of_warehouses(here.c.warehouse_id),
                there.c.warehouse_id.is_distinct_from(here.c.warehouse_id),
            )
        )  # fmt: skip

    came = moves(_to, _from, _move.c.quantity)
    went = moves(_from, _to, -_move.c.quantity)
    return union_all(came, went).subquery("crossing")


def arrivals(scope: Scope, *columns: Any) -> Select[Any]:
    """``warehouse_id, product_id`` and *columns* of each move that brought goods to the house.

    Goods that were here before are none: what was taken back from the dock, and what was missing
    and is found.
    """
    return (
        select(ARRIVED_IN, _move.c.product_id, *columns)
        .join(_to, _to.c.id == _move.c.to_id)
        .where(
            _move.c.from_id.in_(ARRIVE_FROM),
            _move.c.reason != "un-ship",
            scope.of_warehouses(ARRIVED_IN),
        )
    )
