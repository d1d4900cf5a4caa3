"""What a supervisor does from the board, each act with its reason and its audit entry.

Holding an order is :func:`fulfillment.services.orders.review.place_hold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from fulfillment.domain.checks import integer_faults, text_faults
from fulfillment.domain.errors import Fault, InvalidInput, NothingToDo, UnknownThing, invalid
from fulfillment.domain.orders import PRIORITIES
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import PICK_LIST
from fulfillment.services.board.reading import OPEN
from fulfillment.store.base import table_of
from fulfillment.store.journal import audit
from fulfillment.store.locks import lock_orders, lock_pick_lists, lock_shipments
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.picking import find_list
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import PickList, PickListShipment

FRONT = PRIORITIES.stop - 1
"""The priority of what goes first: the front of the next wave, and of the lists that wait."""
MOST_ORDERS_AT_ONCE = 500
MOST_REASON = 1_000
NOT_TAKEN_YET = ("allocated", "released")

_order, _shipment = table_of(Order), table_of(Shipment)
_list, _member = table_of(PickList), table_of(PickListShipment)


@dataclass(frozen=True)
class Moved:
    """How many orders and waiting pick lists have another priority now."""

    orders: int
    lists: int


@dataclass(frozen=True)
class CutOffMoved:
    """How many shipments go with the van at another time."""

    shipments: int


@dataclass(frozen=True)
class ListHandedOver:
    """The list that anybody can take now."""

    number: str


@writes
def move_up(
    tx: Transaction,
    actor: Actor,
    warehouse_id: int,
    order_ids: Sequence[int],
    *,
    reason: str,
    priority: int = FRONT,
) -> Moved:
    """Give orders another priority, and with them their shipments and lists that nobody has taken.

    All or none.  Raises :class:`UnknownThing` for an order that no open shipment of the warehouse
    serves or that the actor does not see, :class:`InvalidInput`.
    """
    _require_reason(
        reason, *integer_faults("priority", priority, least=PRIORITIES.start, most=FRONT)
    )
    ids = sorted(set(order_ids))
    if not 1 <= len(ids) <= MOST_ORDERS_AT_ONCE:
        raise invalid("orders", "out-of-range", f"1…{MOST_ORDERS_AT_ONCE}")
    actor.require(Permission.REVIEW_ORDERS, warehouse_id=warehouse_id)
    orders = {row.id: row for row in lock_orders(tx, ids)}
    mine = _served_here(tx, warehouse_id, ids)
    for order_id in ids:
        row = orders.get(order_id)
        if row is None or order_id not in mine:
            raise UnknownThing(kind="order", key=str(order_id))
        actor.require_sight(
            Permission.REVIEW_ORDERS,
            kind="order",
            key=str(order_id),
            warehouse_id=warehouse_id,
            seller_id=row.seller_id,
        )
    lists = _move_lists(tx, warehouse_id, ids, priority)
    tx.execute(update(_order).where(_order.c.id.in_(ids)).values(priority=priority))
    tx.execute(
        update(_shipment)
        .where(
            _shipment.c.order_id.in_(ids),
            _shipment.c.warehouse_id == warehouse_id,
            _shipment.c.state.in_(NOT_TAKEN_YET),
        )
        .values(priority=priority)
    )
    for order_id in ids:
        audit(
            tx,
            by_id=actor.user_id,
            act="order.change-priority",
            subject=("order", order_id),
            warehouse_id=warehouse_id,
            reason=reason,
            details={"from": orders[order_id].priority, "to": priority},
        )
    return Moved(len(ids), lists)


def _served_here(tx: Transaction, warehouse_id: int, order_ids: Sequence[int]) -> set[int]:
    query = select(_shipment.c.order_id).where(
        _shipment.c.order_id.in_(order_ids),
        _shipment.c.warehouse_id == warehouse_id,
        _shipment.c.state.in_(OPEN),
    )
    return set(tx.execute(query).scalars())


def _move_lists(tx: Transaction, warehouse_id: int, order_ids: Sequence[int], priority: int) -> int:
    """The open lists on which these orders are; a list goes as early as its most urgent order."""
    found = tx.execute(
        select(_list.c.id)
        .join(_member, _member.c.pick_list_id == _list.c.id)
        .join(_shipment, _shipment.c.id == _member.c.shipment_id)
        .where(
            _shipment.c.order_id.in_(order_ids),
            _list.c.warehouse_id == warehouse_id,
            _list.c.state == "open",
        )
    ).scalars()
    ids = [row.id for row in lock_pick_lists(tx, found)]
    changed = tx.execute(
        update(_list)
        .where(_list.c.id.in_(ids), _list.c.state == "open", _list.c.priority < priority)
        .values(priority=priority)
    )
    return changed.rowcount


@writes
def move_cut_off(
    tx: Transaction,
    actor: Actor,
    warehouse_id: int,
    *,
    service_id: int | None,
    cut_off_at: datetime,
    to: datetime,
    reason: str,
) -> CutOffMoved:
    """The van of a service leaves at another time: its shipments get that cut-off.

    What was promised stays, and so does what the dispatch report says.  Raises
    :class:`NothingToDo` where no shipment waits for the van, :class:`InvalidInput`.
    """
    _require_reason(reason)
    actor.require_sight(
        Permission.RELEASE,
        kind="warehouse",
        key=str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )
    if to <= tx.now:
        raise invalid("cut_off_to", "not-in-the-future", to.isoformat())
    waiting = tx.execute(
        select(_shipment.c.id).where(
            _shipment.c.warehouse_id == warehouse_id,
            _shipment.c.service_id == service_id,
            _shipment.c.cut_off_at == cut_off_at,
            _shipment.c.state.in_(OPEN),
        )
    ).scalars()
    ids = list(waiting)
    if not ids:
        raise NothingToDo(what="cut-off")
    lists = tx.execute(
        select(_list.c.id)
        .join(_member, _member.c.pick_list_id == _list.c.id)
        .where(
            _member.c.shipment_id.in_(ids),
            _list.c.state.in_(("open", "claimed")),
            _list.c.due_at == cut_off_at,
        )
    ).scalars()
    list_ids = [row.id for row in lock_pick_lists(tx, lists)]
    lock_shipments(tx, ids)
    changed = tx.execute(
        update(_shipment)
        .where(_shipment.c.id.in_(ids), _shipment.c.state.in_(OPEN))
        .values(cut_off_at=to)
    )
    tx.execute(update(_list).where(_list.c.id.in_(list_ids)).values(due_at=to))
    audit(
        tx,
        by_id=actor.user_id,
        act="move-cut-off",
        subject=("warehouse", warehouse_id),
        warehouse_id=warehouse_id,
        reason=reason,
        details={
            "service_id": service_id,
            "from": cut_off_at.isoformat(),
            "to": to.isoformat(),
            "shipments": changed.rowcount,
        },
    )
    return CutOffMoved(changed.rowcount)


@writes
def hand_list_over(
    tx: Transaction, actor: Actor, warehouse_id: int, number: str, *, reason: str
) -> ListHandedOver:
    """Take a pick list from its picker; the next who asks for a list gets it.

    What is in totes stays there; what was in hand is scanned again.  Raises
    :class:`UnknownThing`, :class:`IllegalEvent` where nobody has it.
    """
    _require_reason(reason)
    actor.require(Permission.OVERRIDE, warehouse_id=warehouse_id)
    found = find_list(tx, number, warehouse_id)
    if found is None:
        raise UnknownThing(kind="pick list", key=number)
    tx.execute(
        update(_list)
        .where(_list.c.id == found.id)
        .values(
            state=PICK_LIST.advance(found.state, "hand-over"),
            priority=FRONT,
            picker_id=None,
            claimed_at=None,
            current_stop_id=None,
            in_hand_feed_id=None,
            in_hand=0,
            in_hand_serials=[],
            short_asked=False,
            short_found=None,
        )
    )
    audit(
        tx,
        by_id=actor.user_id,
        act="hand-list-over",
        subject=("pick list", found.id),
        warehouse_id=warehouse_id,
        reason=reason,
        details={"from_user_id": found.picker_id},
    )
    return ListHandedOver(number)


def _require_reason(reason: str, *found: Fault) -> None:
    faults = (*found, *text_faults("reason", reason, most=MOST_REASON, required=True, lines=True))
    if faults:
        raise InvalidInput(faults)
