"""Row locks, in the one order that every transaction keeps.

::

    order  ->  pick list  ->  shipment  ->  task  ->  parcel
           ->  stock balance (location, product, lot)
           ->  warehouse balance (warehouse, product)
           ->  number range

Who needs two of them takes the earlier one first; several of a kind by ascending id.
A picker's scan locks its list, a packer's scan its shipment; a cancellation locks the
order, then the pick lists that feed its shipments, then the shipments, and so meets both.

On SQLite a write transaction is alone, and ``FOR UPDATE`` is not rendered: the functions
are then plain reads inside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from fulfillment.store.base import Base, table_of
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickList, PickListShipment, Task


def lock_orders(tx: Transaction, ids: Iterable[int]) -> list[Row[Any]]:
    """Lock whole order rows, by id; ids that do not exist are left out."""
    return _lock(tx, Order, ids)


def lock_pick_lists(tx: Transaction, ids: Iterable[int]) -> list[Row[Any]]:
    """Lock whole pick list rows."""
    return _lock(tx, PickList, ids)


def lock_pick_lists_of(tx: Transaction, shipment_ids: Iterable[int]) -> list[Row[Any]]:
    """Lock the pick lists that collect any of these shipments."""
    found = tx.execute(
        select(PickListShipment.pick_list_id).where(
            PickListShipment.shipment_id.in_(sorted(shipment_ids))
        )
    )
    return lock_pick_lists(tx, {row.pick_list_id for row in found})


def lock_shipments(tx: Transaction, ids: Iterable[int]) -> list[Row[Any]]:
    """Lock whole shipment rows."""
    return _lock(tx, Shipment, ids)


def lock_shipments_of(tx: Transaction, order_ids: Iterable[int]) -> list[Row[Any]]:
    """Lock all shipments of the orders (which the caller has locked)."""
    table = table_of(Shipment)
    query = select(table).where(table.c.order_id.in_(sorted(order_ids))).order_by(table.c.id)
    return _rows(tx, query)


def lock_tasks(tx: Transaction, ids: Iterable[int]) -> list[Row[Any]]:
    """Lock whole task rows."""
    return _lock(tx, Task, ids)


def _lock(tx: Transaction, model: type[Base], ids: Iterable[int]) -> list[Row[Any]]:
    return list(tx.execute(_locked(model), {"ids": sorted(set(ids))}))


@cache
def _locked(model: type[Base]) -> Select[Any]:
    table = table_of(model)
    these = table.c.id.in_(bindparam("ids", expanding=True))
    return select(table).where(these).order_by(table.c.id).with_for_update()


def _rows(tx: Transaction, query: Select[Any]) -> list[Row[Any]]:
    return list(tx.execute(query.with_for_update()))
