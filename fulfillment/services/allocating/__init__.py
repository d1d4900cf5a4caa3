"""Stock is promised to orders: shipments are made, what cannot be served becomes a backorder.

Orders are served in the order backorders, priority, cut-off, time of confirmation, id.
:func:`allocate_orders` plans that queue with one read and then serves it in chunks, each a
transaction of about a dozen statements; it is no use case itself, and since an order that
is served leaves the queue, doing it twice does nothing.  :func:`allocate_order` serves one.

Units that an order gets in a warehouse where it already has a shipment that nobody has
released (and nobody holds) join that shipment: the warehouse would otherwise walk, pack
and pay for two parcels.  That shipment keeps its service and its cut-off.

The rule of the seller speaks about every warehouse, not only about those that the person
who starts the allocation may see: who presses the button must not change the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from fulfillment.domain.errors import Conflict, IllegalEvent, OnHold, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import ORDER, SHIPMENT
from fulfillment.services.allocating.expiry import ExpiryReport, hold_expired
from fulfillment.services.allocating.queue import waiting_orders
from fulfillment.services.allocating.serving import LOCKED_ORDERS, serve
from fulfillment.services.allocating.undoing import (
    cancel_unreleased,
    give_back_promises,
    owe_again,
)
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.carriage import read_docks
from fulfillment.store.catalog import CarrierService
from fulfillment.store.locks import lock_orders, lock_shipments
from fulfillment.store.orders import Hold, Order, Shipment
from fulfillment.store.purchases import live_purchases
from fulfillment.store.stock import post
from fulfillment.store.transaction import Transaction, writes

ORDERS_AT_ONCE = 500
"""Orders of one transaction: long enough to pay for its dozen statements, short enough to wait for."""
SERVICE_CAN_CHANGE = ("allocated", "released", "picking", "picked", "packing", "packed")
"""Until a label is bought."""

_order, _shipment, _hold = table_of(Order), table_of(Shipment), table_of(Hold)


@dataclass(frozen=True)
class AllocationReport:
    """What an allocation did: orders, and units in eaches."""

    orders: int = 0
    allocated: int = 0
    """Orders that are owed nothing any more."""
    backordered: int = 0
    shipments: int = 0
    """Shipments that were made."""
    units: int = 0
    units_owed: int = 0
    passed_over: int = 0
    """Orders that somebody else had locked, or that were not waiting any more."""

    def __add__(self, other: AllocationReport) -> AllocationReport:
        return AllocationReport(
            *(getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        )


@dataclass(frozen=True)
class OrderAllocation:
    """What one order got: its new state, the shipments that serve it now, and why these."""

    order_number: str
    state: str
    shipments: tuple[str, ...]
    units: int
    units_owed: int
    why: Mapping[str, Any]


# --- commands ------------------------------------------------------------------------------


def allocate_orders(
    actor: Actor,
    *,
    order_ids: Sequence[int] | None = None,
    limit: int | None = None,
    chunk: int = ORDERS_AT_ONCE,
) -> AllocationReport:
    """Serve all waiting orders that the actor may allocate (or those of *order_ids*).

    Backorders for which nothing came in are not looked at again.  One transaction a chunk:
    must not run inside ``claiming``; a repeat finds nothing left to do.
    """
    actor.require(Permission.ALLOCATE)
    _expiry_pass(actor.user_id)
    queue = waiting_orders(actor, order_ids=order_ids)[:limit]
    report = AllocationReport()
    for start in range(0, len(queue), chunk):
        report += _allocate_chunk(actor.user_id, queue[start : start + chunk])
    return report


_LOCKED = LOCKED_ORDERS.with_for_update(of=_order)


@writes
def allocate_order(tx: Transaction, actor: Actor, order_id: int) -> OrderAllocation:
    """Serve one order now; what cannot be served becomes a backorder.

    Raises UnknownThing, NotPermitted, IllegalEvent (the order does not wait for stock) and
    OnHold.
    """
    actor.require(Permission.ALLOCATE)
    row = tx.execute(_LOCKED, {"ids": [order_id]}).one_or_none()
    if row is None:
        raise UnknownThing(kind="order", key=str(order_id))
    actor.require_sight(
        Permission.ALLOCATE,
        kind="order",
        key=str(order_id),
        warehouse_id=None,
        seller_id=row.seller_id,
    )
    if row.state not in ORDER.sources("allocate"):
        raise IllegalEvent(machine=ORDER.name, state=row.state, event="allocate")
    if row.held:
        raise _held(tx, row)
    (served,) = serve(tx, actor_id=actor.user_id, orders=[row])
    return OrderAllocation(
        order_number=row.number,
        state=row.state if served.owed else ORDER.advance(row.state, "allocate"),
        shipments=served.shipments,
        units=served.units,
        units_owed=served.owed,
        why=served.why,
    )


@writes
def change_service(
    tx: Transaction, actor: Actor, shipment_id: int, service_id: int
) -> datetime | None:
    """Send a shipment by another service; its new cut-off is returned.

    The cut-off that it was promised for stays: a change must not mend the figures of
    lateness.  Raises IllegalEvent once a label is bought.
    """
    actor.require(Permission.RELEASE)
    shipment = _one_shipment(tx, actor, shipment_id, Permission.RELEASE)
    if shipment.state not in SERVICE_CAN_CHANGE or live_purchases(tx, shipment_id):
        raise IllegalEvent(machine=SHIPMENT.name, state=shipment.state, event="change-service")
    if not tx.execute(select(CarrierService.id).where(CarrierService.id == service_id)).first():
        raise UnknownThing(kind="service", key=str(service_id))
    dock = read_docks(tx, [shipment.warehouse_id])[shipment.warehouse_id]
    cut_off_at = dock.timetable.cut_off(service_id, after=tx.now)
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id == shipment_id)
        .values(
            service_id=service_id,
            cut_off_at=cut_off_at,
            why={**shipment.why, "service": {"reason": "person", "by": actor.name}},
        )
    )
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="change-service",
        subject=("shipment", shipment_id),
        warehouse_id=shipment.warehouse_id,
        details={"from": shipment.service_id, "to": service_id},
    )
    return cut_off_at


@writes
def deallocate(tx: Transaction, actor: Actor, shipment_id: int, *, reason: str) -> int:
    """Take a shipment that nobody has released apart; its units are owed again.

    Returns the units.  The order waits for allocation again, as a backorder.
    """
    actor.require(Permission.ALLOCATE)
    found = tx.execute(
        select(_shipment.c.order_id).where(_shipment.c.id == shipment_id)
    ).one_or_none()
    if found is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    lock_orders(tx, [found.order_id])
    shipment = _one_shipment(tx, actor, shipment_id, Permission.ALLOCATE)
    if shipment.state != SHIPMENT.initial:
        raise IllegalEvent(machine=SHIPMENT.name, state=shipment.state, event="deallocate")
    promises = give_back_promises(tx, [shipment_id])
    cancel_unreleased(tx, actor_id=actor.user_id, shipment_ids=[shipment_id], reason=reason)
    owe_again(tx, [found.order_id])
    post(tx, actor_id=actor.user_id, promises=promises)
    units = -sum(promise.quantity for promise in promises)
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="deallocate",
        subject=("shipment", shipment_id),
        warehouse_id=shipment.warehouse_id,
        reason=reason,
        details={"units": units},
    )
    return units


@writes
def hold_expired_stock(tx: Transaction, actor: Actor) -> ExpiryReport:
    """Take the free units of expired lots out of sale: they stay in their bins, held.

    Units that are promised already are left for the release, which gives them back as a
    backorder; the next pass then holds them.
    """
    actor.require(Permission.CHANGE_STOCK)
    return hold_expired(tx, actor.user_id)


# --- parts ---------------------------------------------------------------------------------


@writes
def _allocate_chunk(tx: Transaction, actor_id: int, order_ids: Sequence[int]) -> AllocationReport:
    turns = {order_id: turn for turn, order_id in enumerate(order_ids)}
    locked = tx.execute(
        LOCKED_ORDERS.with_for_update(of=_order, skip_locked=True), {"ids": sorted(order_ids)}
    )
    waiting = [row for row in locked if row.state in ORDER.sources("allocate") and not row.held]
    waiting.sort(key=lambda row: turns[row.id])
    served = serve(tx, actor_id=actor_id, orders=waiting) if waiting else []
    return AllocationReport(
        orders=len(served),
        allocated=sum(not one.owed for one in served),
        backordered=sum(one.owed > 0 for one in served),
        shipments=sum(one.new_shipments for one in served),
        units=sum(one.units for one in served),
        units_owed=sum(one.owed for one in served),
        passed_over=len(order_ids) - len(served),
    )


_expiry_pass = writes(hold_expired)


def _one_shipment(
    tx: Transaction, actor: Actor, shipment_id: int, permission: Permission
) -> Row[Any]:
    """The locked shipment, if the actor may see it."""
    rows = lock_shipments(tx, [shipment_id])
    if not rows:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    seller_id = tx.execute(
        select(_order.c.seller_id).where(_order.c.id == rows[0].order_id)
    ).scalar_one()
    actor.require_sight(
        permission,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=rows[0].warehouse_id,
        seller_id=seller_id,
    )
    return rows[0]


def _held(tx: Transaction, order: Row[Any]) -> Conflict:
    types = tx.execute(
        select(_hold.c.type)
        .where(
            _hold.c.order_id == order.id,
            _hold.c.shipment_id.is_(None),
            _hold.c.released_at.is_(None),
        )
        .order_by(_hold.c.id)
    ).scalars()
    return OnHold(kind="order", number=order.number, holds=tuple(types))
