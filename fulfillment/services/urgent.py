"""An urgent shipment joins a list that is there already, even one that is being walked.

It is released onto a free position of the cart; its bins join the walk where they cost least,
from where the picker stands, and the list becomes as urgent as the shipment.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, insert, select, update

from fulfillment.domain.errors import IllegalEvent, NothingToDo, UnknownThing, invalid
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.states import PICK_LIST, SHIPMENT
from fulfillment.domain.waving import WaveChoice
from fulfillment.services import rewalking
from fulfillment.services.waving import (
    ReleasePlan,
    decide,
    locked_plans,
    mark_released,
    shelves_for,
    warehouse_row,
    write_stock,
)
from fulfillment.store import journal, locks
from fulfillment.store import picking as rows
from fulfillment.store.base import table_of
from fulfillment.store.orders import Shipment
from fulfillment.store.stock import lock_balances
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import PickList, PickListShipment

_list, _member, _shipment = table_of(PickList), table_of(PickListShipment), table_of(Shipment)


@writes
def join_list(tx: Transaction, actor: Actor, *, list_number: str, shipment_number: str) -> None:
    """Release a shipment onto an open or claimed list of its warehouse; audited.

    Raises :class:`UnknownThing`, :class:`IllegalEvent` where the list is over,
    :class:`NothingToDo` where the shipment is not waiting for release with all its units in bins,
    and :class:`InvalidInput` where the cart has no free position.
    """
    found = _list_seen(tx, actor, list_number)
    shipment = _shipment_there(tx, shipment_number, found.warehouse_id)
    locks.lock_orders(tx, [shipment.order_id])
    (pick_list,) = locks.lock_pick_lists(tx, [found.id])
    if pick_list.state not in ("open", "claimed"):
        raise IllegalEvent(machine=PICK_LIST.name, state=pick_list.state, event="join")
    warehouse = warehouse_row(tx, pick_list.warehouse_id)
    position = _free_position(tx, pick_list.id, WarehousePolicy.of(warehouse.policy))
    choice = WaveChoice(pick_list.warehouse_id, shipment_ids=(shipment.id,))
    plans = locked_plans(tx, actor, choice, [shipment.id])
    going, _ = decide(plans, shelves_for(tx, choice, plans, warehouse, lock_balances), choice)
    if not going or going[0].missing:
        raise NothingToDo(what="release")
    _write(tx, actor, pick_list, going[0], position)
    write_stock(tx, actor.user_id, pick_list.warehouse_id, going, [])
    rewalking.take_in(tx, pick_list.id, at_stop_id=pick_list.current_stop_id)
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="join-list",
        subject=("shipment", shipment.id),
        warehouse_id=pick_list.warehouse_id,
        details={"list": pick_list.number, "position": position},
    )


def _write(
    tx: Transaction, actor: Actor, pick_list: Row[Any], plan: ReleasePlan, position: int
) -> None:
    shipment = plan.shipment
    tx.execute(
        insert(_member).values(
            pick_list_id=pick_list.id, shipment_id=shipment.id, position=position
        )
    )
    for one in plan.taken:
        stop_id = rows.stop_at(tx, pick_list.id, one.product_id, one.take.location_id, one.take.lot)
        rows.add_feed(
            tx,
            stop_id,
            shipment_line_id=one.line_id,
            position=position,
            quantity=one.take.quantity,
        )
    mark_released(tx, actor.user_id, [shipment.id])
    if pick_list.state == "claimed":
        tx.execute(
            update(_shipment)
            .where(
                _shipment.c.id == shipment.id,
                _shipment.c.state.in_(SHIPMENT.sources("start-pick")),
            )
            .values(state="picking", pick_started_at=tx.now, pick_started_by_id=pick_list.picker_id)
        )
    due = [moment for moment in (pick_list.due_at, shipment.cut_off_at) if moment is not None]
    tx.execute(
        update(_list)
        .where(_list.c.id == pick_list.id)
        .values(priority=max(pick_list.priority, shipment.priority), due_at=min(due, default=None))
    )


def _free_position(tx: Transaction, list_id: int, policy: WarehousePolicy) -> int:
    """The position after the last one; a cart is filled once."""
    query = select(func.max(_member.c.position)).where(_member.c.pick_list_id == list_id)
    position = int(tx.execute(query).scalar_one() or 0) + 1
    if position > policy.cart_positions:
        raise invalid("shipment", "cart-is-full", str(policy.cart_positions))
    return position


def _list_seen(tx: Transaction, actor: Actor, number: str) -> Row[Any]:
    actor.require(Permission.RELEASE)
    query = select(_list.c.id, _list.c.warehouse_id).where(_list.c.number == number)
    row = tx.execute(query).one_or_none()
    if row is None or not actor.may(Permission.RELEASE, warehouse_id=row.warehouse_id):
        raise UnknownThing(kind="pick-list", key=number)
    return row


def _shipment_there(tx: Transaction, number: str, warehouse_id: int) -> Row[Any]:
    row = tx.execute(
        select(_shipment.c.id, _shipment.c.order_id).where(
            _shipment.c.number == number, _shipment.c.warehouse_id == warehouse_id
        )
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="shipment", key=number)
    return row
