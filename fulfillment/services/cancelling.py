"""Cancel at any stage: a request that the state of the warehouse answers.

Before picking it is granted at once and the stock is free again.  After that it stops the
next scan at the station and makes put-back work: goods never go back silently.  Shipped but
not dispatched, a supervisor un-ships: label void, counter-moves, put-back.  Dispatched, it
is refused with ``already-dispatched``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, delete, exists, func, insert, select, update

from fulfillment.domain.errors import AlreadyDispatched, NothingToDo, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import LABEL, ORDER, PICK_STOP, SHIPMENT
from fulfillment.domain.values import BIN, Place
from fulfillment.store import purchases
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location
from fulfillment.store.journal import audit, tell
from fulfillment.store.locks import lock_orders, lock_pick_lists_of, lock_shipments_of
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import Label, Parcel, ParcelLine
from fulfillment.store.printing import labels_were_voided
from fulfillment.store.stock import (
    Move,
    Pin,
    Promise,
    Reservation,
    StockBalance,
    post,
    virtual_end,
)
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import PickFeed, PickList, PickStop, Task, ToteUse

_order = table_of(Order)
_order_line = table_of(OrderLine)
_shipment = table_of(Shipment)
_line = table_of(ShipmentLine)
_reservation = table_of(Reservation)
_label = table_of(Label)
_parcel = table_of(Parcel)


@dataclass(frozen=True)
class Cancelled:
    """What a cancellation did: the shipments it stopped and the put-back tasks it made."""

    order_number: str
    shipments: tuple[str, ...]
    put_back_tasks: int
    already: bool = False


@dataclass(frozen=True)
class _Goods:
    """Units of a cancelled shipment at a place."""

    place: Place
    line_id: int
    product_id: int
    lot: str
    quantity: int
    shipment_id: int


@writes
def cancel_order(tx: Transaction, actor: Actor, *, order_id: int, reason: str) -> Cancelled:
    """Cancel everything of an order that has not left the building.

    A second cancellation answers like the first.  Raises: UnknownThing; AlreadyDispatched when
    a parcel is on its way; NotPermitted when a shipment is shipped and *actor* is no supervisor.
    """
    order = _lock_order(tx, actor, order_id)
    if order.state == "cancelled":
        return Cancelled(order.number, (), 0, already=True)
    lists, shipments = _lock_work(tx, order_id)
    live = [one for one in shipments if one.state != "cancelled"]
    _refuse_dispatched(tx, live)
    for one in live:
        if one.state == "shipped":
            actor.require(Permission.OVERRIDE, warehouse_id=one.warehouse_id)
    tasks = _cancel_shipments(tx, actor, order, live, lists, reason)
    if order.state == "shipped":
        _set_order_state(tx, order_id, "un-ship", order.state)
        order_state = "confirmed"
    else:
        order_state = order.state
    tx.execute(
        update(_order_line)
        .where(_order_line.c.order_id == order_id)
        .values(allocated=0, cancelled=_order_line.c.quantity)
    )
    tx.execute(
        update(_order)
        .where(_order.c.id == order_id)
        .values(
            state=ORDER.advance(order_state, "cancel"),
            cancelled_at=tx.now,
            cancelled_by_id=actor.user_id,
            cancel_reason=reason[:200],
            has_backorder=False,
        )
    )
    audit(
        tx,
        by_id=actor.user_id,
        act="cancel-order",
        subject=("order", order_id),
        reason=reason,
        details={"shipments": [one.number for one in live], "from_state": order.state},
    )
    tell(
        tx,
        topic="order.cancelled",
        key=f"order.cancelled:{order_id}",
        payload={"order": order.number, "reason": reason},
    )
    return Cancelled(order.number, tuple(one.number for one in live), tasks)


@writes
def cancel_shipment(tx: Transaction, actor: Actor, *, shipment_id: int, reason: str) -> Cancelled:
    """Cancel one shipment; its units are owed again and will be allocated anew.

    For a shipped one this is *un-ship*: a supervisor's act.  Raises like :func:`cancel_order`.
    """
    order_id = tx.execute(
        select(_shipment.c.order_id).where(_shipment.c.id == shipment_id)
    ).scalar_one_or_none()
    if order_id is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    order = _lock_order(tx, actor, order_id)
    lists, shipments = _lock_work(tx, order_id)
    (chosen,) = [one for one in shipments if one.id == shipment_id]
    actor.require_sight(
        Permission.CANCEL_ORDERS,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=chosen.warehouse_id,
        seller_id=order.seller_id,
    )
    if chosen.state == "cancelled":
        return Cancelled(order.number, (chosen.number,), 0, already=True)
    _refuse_dispatched(tx, [chosen])
    if chosen.state == "shipped":
        actor.require(Permission.OVERRIDE, warehouse_id=chosen.warehouse_id)
    tasks = _cancel_shipments(tx, actor, order, [chosen], lists, reason)
    _owe_again(tx, shipment_id)
    event = "un-ship" if order.state == "shipped" else "fall-back"
    if order.state in ("allocated", "shipped"):
        _set_order_state(tx, order_id, event, order.state)
    tx.execute(update(_order).where(_order.c.id == order_id).values(has_backorder=True))
    audit(
        tx,
        by_id=actor.user_id,
        act="un-ship" if chosen.state == "shipped" else "cancel-shipment",
        subject=("shipment", shipment_id),
        warehouse_id=chosen.warehouse_id,
        reason=reason,
    )
    return Cancelled(order.number, (chosen.number,), tasks)


@writes
def cancel_owed(tx: Transaction, actor: Actor, *, order_id: int, reason: str) -> int:
    """Cancel what is still owed of an order (its backorder); what is under way goes on.

    Returns the units cancelled.  The order is complete when everything else is shipped, and
    cancelled when nothing else is left of it.
    """
    order = _lock_order(tx, actor, order_id)
    if order.state not in ("review", "confirmed"):
        raise NothingToDo(what="nothing is owed")
    owed = _order_line.c.quantity - _order_line.c.cancelled - _order_line.c.allocated
    units = tx.execute(
        select(func.coalesce(func.sum(owed), 0)).where(
            _order_line.c.order_id == order_id, _order_line.c.is_kit.is_(False)
        )
    ).scalar_one()
    if not units:
        raise NothingToDo(what="nothing is owed")
    tx.execute(
        update(_order_line)
        .where(_order_line.c.order_id == order_id)
        .values(cancelled=_order_line.c.quantity - _order_line.c.allocated)
    )
    _settle_order(tx, actor, order, reason)
    audit(
        tx,
        by_id=actor.user_id,
        act="cancel-owed",
        subject=("order", order_id),
        reason=reason,
        details={"units": int(units)},
    )
    return int(units)


def _settle_order(tx: Transaction, actor: Actor, order: Row[Any], reason: str) -> None:
    states = {
        row.state
        for row in tx.execute(select(_shipment.c.state).where(_shipment.c.order_id == order.id))
    } - {"cancelled"}
    values: dict[str, Any] = {"has_backorder": False}
    if not states:
        values |= {
            "state": ORDER.advance(order.state, "cancel"),
            "cancelled_at": tx.now,
            "cancelled_by_id": actor.user_id,
            "cancel_reason": reason[:200],
        }
    elif states <= {"shipped", "dispatched"}:
        values |= {"state": ORDER.advance(order.state, "complete"), "shipped_at": tx.now}
    else:
        values |= {"state": ORDER.advance(order.state, "allocate")}
    tx.execute(update(_order).where(_order.c.id == order.id).values(**values))


def _lock_order(tx: Transaction, actor: Actor, order_id: int) -> Row[Any]:
    found = lock_orders(tx, [order_id])
    if not found:
        raise UnknownThing(kind="order", key=str(order_id))
    order = found[0]
    actor.require_sight(
        Permission.CANCEL_ORDERS,
        kind="order",
        key=str(order_id),
        warehouse_id=None,
        seller_id=order.seller_id,
    )
    return order


def _lock_work(tx: Transaction, order_id: int) -> tuple[list[int], list[Row[Any]]]:
    """Lock the pick lists, then the shipments: the order of ``store/locks.py``."""
    ids = [
        row.id for row in tx.execute(select(_shipment.c.id).where(_shipment.c.order_id == order_id))
    ]
    lists = [row.id for row in lock_pick_lists_of(tx, ids)] if ids else []
    return lists, lock_shipments_of(tx, [order_id])


def _refuse_dispatched(tx: Transaction, shipments: Sequence[Row[Any]]) -> None:
    """Refuse when a parcel of any shipment is on its way, the others still on the dock or not."""
    away = tx.execute(
        select(_shipment.c.number)
        .join(_parcel, _parcel.c.shipment_id == _shipment.c.id)
        .where(
            _shipment.c.id.in_(sorted(one.id for one in shipments)),
            _parcel.c.state == "dispatched",
        )
        .order_by(_shipment.c.id)
        .limit(1)
    ).scalar_one_or_none()
    if away is not None:
        raise AlreadyDispatched(shipment=away)


def _set_order_state(tx: Transaction, order_id: int, event: str, state: str) -> None:
    tx.execute(
        update(_order).where(_order.c.id == order_id).values(state=ORDER.advance(state, event))
    )


def _cancel_shipments(
    tx: Transaction,
    actor: Actor,
    order: Row[Any],
    shipments: Sequence[Row[Any]],
    lists: Sequence[int],
    reason: str,
) -> int:
    """Stop the shipments: books first, then work, labels and parcels; the put-back tasks made."""
    if not shipments:
        return 0
    _bring_back_shipped(tx, actor, [one for one in shipments if one.state == "shipped"])
    goods = _reserved_goods(tx, [one.id for one in shipments])
    _free(tx, actor, goods, [one for one in shipments if one.state == "allocated"])
    ids = [one.id for one in shipments]
    for one in shipments:
        event = "un-ship" if one.state == "shipped" else "cancel"
        tx.execute(
            update(_shipment)
            .where(_shipment.c.id == one.id)
            .values(
                state=SHIPMENT.advance(one.state, event),
                cancelled_at=tx.now,
                cancelled_by_id=actor.user_id,
                cancel_reason=reason[:200],
            )
        )
    _stop_work(tx, lists)
    _void_labels(tx, actor, ids, reason)
    tx.execute(
        update(_parcel)
        .where(_parcel.c.shipment_id.in_(ids), _parcel.c.state != "dispatched")
        .values(state="cancelled")
    )
    _leave_empty_slots(tx, ids)
    return _make_put_back_tasks(tx, actor, goods, order.number)


def _leave_empty_slots(tx: Transaction, shipment_ids: Sequence[int]) -> None:
    """A slot that was given and got nothing yet is free again; others wait for put-back."""
    use, balance = table_of(ToteUse), table_of(StockBalance)
    tx.execute(
        update(use)
        .where(
            use.c.shipment_id.in_(shipment_ids),
            use.c.closed_at.is_(None),
            ~exists().where(balance.c.location_id == use.c.tote_id, balance.c.on_hand > 0),
        )
        .values(closed_at=tx.now)
    )


def _bring_back_shipped(tx: Transaction, actor: Actor, shipments: Sequence[Row[Any]]) -> None:
    """Counter-moves customer -> parcel for every ship move; the units lie reserved in the parcels."""
    for one in shipments:
        lines = tx.execute(
            select(
                ParcelLine.shipment_line_id,
                ParcelLine.lot,
                ParcelLine.serial,
                ParcelLine.quantity,
                Parcel.location_id,
                ShipmentLine.product_id,
            )
            .join(Parcel, Parcel.id == ParcelLine.parcel_id)
            .join(ShipmentLine, ShipmentLine.id == ParcelLine.shipment_line_id)
            .where(Parcel.shipment_id == one.id, ParcelLine.quantity > 0)
            .order_by(Parcel.location_id, ParcelLine.shipment_line_id)
        ).all()
        post(
            tx,
            actor_id=actor.user_id,
            moves=[
                Move(
                    product_id=line.product_id,
                    quantity=line.quantity,
                    source=virtual_end("customer"),
                    target=Place(line.location_id, "parcel", one.warehouse_id),
                    reason="un-ship",
                    reference=("shipment", one.id),
                    key=f"un-ship:{line.shipment_line_id}:{line.location_id}:{line.lot}:{line.serial}",
                    lot=line.lot,
                    serial=line.serial,
                    reserve_at_target=line.quantity,
                )
                for line in lines
            ],
        )
        units: dict[tuple[int, int, int, str], int] = {}
        for line in lines:
            key = (line.shipment_line_id, line.location_id, line.product_id, line.lot)
            units[key] = units.get(key, 0) + line.quantity
        tx.execute(
            insert(_reservation),
            [
                {
                    "shipment_line_id": line_id,
                    "location_id": location_id,
                    "product_id": product_id,
                    "lot": lot,
                    "quantity": quantity,
                }
                for (line_id, location_id, product_id, lot), quantity in sorted(units.items())
            ],
        )
        tx.execute(update(_line).where(_line.c.shipment_id == one.id).values(shipped=0))
        tell(
            tx,
            topic="shipment.un-shipped",
            key=f"shipment.un-shipped:{one.id}",
            payload={"shipment": one.number},
        )


def _reserved_goods(tx: Transaction, shipment_ids: Sequence[int]) -> list[_Goods]:
    rows = tx.execute(
        select(
            _reservation.c.shipment_line_id,
            _reservation.c.location_id,
            _reservation.c.product_id,
            _reservation.c.lot,
            _reservation.c.quantity,
            _line.c.shipment_id,
            Location.kind,
            Location.warehouse_id,
        )
        .join(_line, _line.c.id == _reservation.c.shipment_line_id)
        .join(Location, Location.id == _reservation.c.location_id)
        .where(_line.c.shipment_id.in_(sorted(shipment_ids)))
        .order_by(_reservation.c.location_id, _reservation.c.product_id, _reservation.c.lot)
    )
    return [
        _Goods(
            Place(row.location_id, row.kind, row.warehouse_id),
            row.shipment_line_id,
            row.product_id,
            row.lot,
            row.quantity,
            row.shipment_id,
        )
        for row in rows
    ]


def _free(
    tx: Transaction, actor: Actor, goods: Sequence[_Goods], promised: Sequence[Row[Any]]
) -> None:
    """End the reservations and promises; units in bins can be sold again, others wait for put-back."""
    promises: list[Promise] = []
    warehouse_of = {one.id: one.warehouse_id for one in promised}
    if promised:
        rows = tx.execute(
            select(
                _line.c.shipment_id, _line.c.product_id, func.sum(_line.c.quantity).label("units")
            )
            .where(_line.c.shipment_id.in_(sorted(warehouse_of)))
            .group_by(_line.c.shipment_id, _line.c.product_id)
        )
        promises = [
            Promise(warehouse_of[row.shipment_id], row.product_id, -int(row.units)) for row in rows
        ]
    post(
        tx,
        actor_id=actor.user_id,
        pins=[Pin(one.place, one.product_id, one.lot, reserved=-one.quantity) for one in goods],
        promises=promises,
    )
    lines = sorted({one.line_id for one in goods})
    if lines:
        tx.execute(delete(_reservation).where(_reservation.c.shipment_line_id.in_(lines)))


def _stop_work(tx: Transaction, lists: Sequence[int]) -> None:
    """Stops that only fed cancelled shipments are cancelled, those that have fed all others are
    done, and lists without an open stop end."""
    if not lists:
        return
    stop, pick_list = table_of(PickStop), table_of(PickList)
    fed = (
        select(PickFeed.id)
        .join(_line, _line.c.id == PickFeed.shipment_line_id)
        .join(_shipment, _shipment.c.id == _line.c.shipment_id)
        .where(PickFeed.stop_id == stop.c.id, _shipment.c.state != "cancelled")
    )
    wants = fed.where(PickFeed.quantity > PickFeed.picked + PickFeed.short)
    was_short = fed.where(PickFeed.short > 0)
    tx.execute(
        update(stop)
        .where(stop.c.pick_list_id.in_(lists), stop.c.state == "open", ~wants.exists())
        .values(
            state=case(
                (~fed.exists(), PICK_STOP.advance("open", "cancel")),
                (was_short.exists(), PICK_STOP.advance("open", "short")),
                else_=PICK_STOP.advance("open", "pick"),
            )
        )
    )
    open_stops = exists().where(stop.c.pick_list_id == pick_list.c.id, stop.c.state == "open")
    worked = exists().where(
        stop.c.pick_list_id == pick_list.c.id, stop.c.state.in_(("picked", "short"))
    )
    ended = (pick_list.c.id.in_(lists), pick_list.c.state.in_(("open", "claimed")), ~open_stops)
    tx.execute(update(pick_list).where(*ended, worked).values(state="done", finished_at=tx.now))
    tx.execute(update(pick_list).where(*ended).values(state="cancelled", finished_at=tx.now))


def _void_labels(tx: Transaction, actor: Actor, shipment_ids: Sequence[int], reason: str) -> None:
    parcels = select(_parcel.c.id).where(_parcel.c.shipment_id.in_(shipment_ids))
    tx.execute(
        update(_label)
        .where(_label.c.parcel_id.in_(parcels), _label.c.state == "active")
        .values(
            state=LABEL.advance("active", "void"),
            voided_at=tx.now,
            voided_by_id=actor.user_id,
            void_reason=f"cancelled: {reason}"[:200],
        )
    )
    voided = select(_label.c.id).where(_label.c.parcel_id.in_(parcels))
    labels_were_voided(tx, voided, by_id=actor.user_id)
    purchases.unwanted(tx, shipment_ids, by_id=actor.user_id)


def _make_put_back_tasks(
    tx: Transaction, actor: Actor, goods: Sequence[_Goods], order_number: str
) -> int:
    """One task for each product and lot in each tote or parcel, with the bin it came from."""
    units: dict[tuple[Place, int, int, str], int] = {}
    for one in goods:
        if one.place.kind != BIN:
            key = (one.place, one.shipment_id, one.product_id, one.lot)
            units[key] = units.get(key, 0) + one.quantity
    if not units:
        return 0
    came_from = _bins_picked_from(tx, {shipment for _place, shipment, _product, _lot in units})
    tx.execute(
        insert(table_of(Task)),
        [
            {
                "kind": "put-back",
                "warehouse_id": place.warehouse_id,
                "location_id": place.id,
                "target_id": came_from.get((shipment_id, product_id, lot)),
                "product_id": product_id,
                "lot": lot,
                "quantity": quantity,
                "reason": f"cancelled {order_number}",
                "shipment_id": shipment_id,
                "created_at": tx.now,
                "created_by_id": actor.user_id,
            }
            for (place, shipment_id, product_id, lot), quantity in units.items()
        ],
    )
    return len(units)


def _bins_picked_from(
    tx: Transaction, shipment_ids: Iterable[int]
) -> dict[tuple[int, int, str], int]:
    rows = tx.execute(
        select(_line.c.shipment_id, PickStop.product_id, PickStop.lot, PickStop.location_id)
        .join(PickFeed, PickFeed.shipment_line_id == _line.c.id)
        .join(PickStop, PickStop.id == PickFeed.stop_id)
        .where(_line.c.shipment_id.in_(sorted(shipment_ids)))
        .order_by(PickStop.id)
    )
    return {(row.shipment_id, row.product_id, row.lot): row.location_id for row in rows}


def _owe_again(tx: Transaction, shipment_id: int) -> None:
    """The order lines owe the units of a cancelled shipment again."""
    units = (
        select(func.sum(_line.c.quantity))
        .where(_line.c.shipment_id == shipment_id, _line.c.order_line_id == _order_line.c.id)
        .scalar_subquery()
    )
    has_units = exists().where(
        _line.c.shipment_id == shipment_id, _line.c.order_line_id == _order_line.c.id
    )
    tx.execute(
        update(_order_line)
        .where(has_units)
        .values(allocated=_order_line.c.allocated - func.coalesce(units, 0))
    )
