"""A short pick: the bin holds less than the books say.

In one transaction:

1. the picker's own missing units leave the bin for the ledger's *missing* end (units with
   serial numbers stay in the bin, held: nobody knows yet which of them are missing);
2. the free rest of the bin is held, as far as it is not promised, so that nobody sells it
   before it is counted; the reservations of other shipments stay;
3. a count task is made for the bin (an open one takes the new units in);
4. what another bin has free is reserved there and becomes a stop of this walk, of which the
   rest is planned anew from here;
5. the rest is owed again: a backorder.  Its shipment line shrinks, perhaps to 0 (the row
   stays, scans and feeds point at it); a shipment that is left without units is cancelled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from fulfillment.domain.people import Actor
from fulfillment.domain.pick_walk import CutShort, PickState, Stop
from fulfillment.domain.picking import FreeStock, Replacement, replace_missing, short_verdict
from fulfillment.domain.states import ORDER, SHIPMENT
from fulfillment.domain.values import BIN, Place, Verdict
from fulfillment.services import rewalking
from fulfillment.store import journal, locks
from fulfillment.store import picking as rows
from fulfillment.store.base import table_of
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.reservations import free, grow
from fulfillment.store.stock import (
    Move,
    Pin,
    lock_balances,
    lock_warehouse_balances,
    post,
    virtual_end,
)
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickFeed, PickList, PickListShipment, PickStop, Task

_order = table_of(Order)
_order_line = table_of(OrderLine)
_shipment = table_of(Shipment)
_line = table_of(ShipmentLine)
_list = table_of(PickList)
_member = table_of(PickListShipment)
_stop = table_of(PickStop)
_feed = table_of(PickFeed)
_task = table_of(Task)


@dataclass(frozen=True)
class _Plan:
    """What the stock allows: units of the bin to hold, and where the missing ones come from."""

    hold: int
    replaced: tuple[Replacement, ...]

    def owed(self, short: CutShort) -> dict[int, int]:
        """Units that no other bin has, by shipment line."""
        owed = {cut.feed.shipment_line_id: cut.quantity for cut in short.cuts}
        for found in self.replaced:
            owed[found.cut.feed.shipment_line_id] -= found.quantity
        return {line_id: quantity for line_id, quantity in owed.items() if quantity}


def cut_short(
    tx: Transaction, actor: Actor, *, state: PickState, short: CutShort, scan_id: str
) -> Verdict:
    """Carry a short pick out.  The orders of the list and the list itself are locked already."""
    stop = state.stop
    assert stop is not None, "a short pick happens at a stop"
    shipment_ids = {cut.feed.shipment_id for cut in short.cuts}
    locks.lock_shipments(tx, shipment_ids)
    task_id = _open_count(tx, stop)
    plan = _plan(tx, state, stop, short)
    _take_from_feeds(tx, stop, short)
    _add_stops(tx, state, stop, plan.replaced)
    _owe(tx, plan.owed(short), scan_id)
    if stop.wanted == short.missing:
        rows.finish_stop(tx, stop.id, "short")
    _settle_shipments(tx, actor, state, shipment_ids)
    if plan.replaced:
        rewalking.take_in(tx, state.list_id, at_stop_id=stop.id)
    _book(tx, actor, state, stop, short, plan, scan_id)
    _ask_for_count(tx, actor, state, stop, short, hold=plan.hold, task_id=task_id)
    _go_on(tx, state, stop, short)
    return short_verdict(stop.sku, short.missing, plan.replaced)


def _plan(tx: Transaction, state: PickState, stop: Stop, short: CutShort) -> _Plan:
    stock = [
        FreeStock(row.location_id, row.code, row.lot, row.free, row.expires_on)
        for row in lock_balances(tx, state.warehouse_id, [stop.product_id])
    ]
    available = next(
        (
            row.sellable - row.promised
            for row in lock_warehouse_balances(tx, [stop.product_id])
            if row.warehouse_id == state.warehouse_id
        ),
        0,
    )

    def is_here(source: FreeStock) -> bool:
        return (source.location_id, source.lot) == (stop.location_id, stop.lot)

    hold = min(available, sum(source.free for source in stock if is_here(source)))
    replaced = replace_missing(
        short.cuts,
        [source for source in stock if not is_here(source)],
        most=available - hold,
        today=state.today,
    )
    return _Plan(hold, replaced)


def _take_from_feeds(tx: Transaction, stop: Stop, short: CutShort) -> None:
    tx.execute(
        update(_feed)
        .where(_feed.c.id == bindparam("b_id"))
        .values(short=_feed.c.short + bindparam("b_quantity")),
        [{"b_id": cut.feed.id, "b_quantity": cut.quantity} for cut in short.cuts],
    )
    for cut in short.cuts:
        free(
            tx,
            shipment_line_id=cut.feed.shipment_line_id,
            lot=stop.lot,
            location_id=stop.location_id,
            quantity=cut.quantity,
        )


# --- another bin -----------------------------------------------------------------------------


def _add_stops(
    tx: Transaction, state: PickState, stop: Stop, replaced: Sequence[Replacement]
) -> None:
    by_place: dict[tuple[int, str], list[Replacement]] = defaultdict(list)
    for found in replaced:
        by_place[found.stock.location_id, found.stock.lot].append(found)
    for (location_id, lot), found_here in by_place.items():
        stop_id = rows.stop_at(tx, state.list_id, stop.product_id, location_id, lot)
        for found in found_here:
            feed = found.cut.feed
            rows.add_feed(
                tx,
                stop_id,
                shipment_line_id=feed.shipment_line_id,
                position=feed.position,
                quantity=found.quantity,
            )
            grow(
                tx,
                shipment_line_id=feed.shipment_line_id,
                product_id=stop.product_id,
                lot=lot,
                location_id=location_id,
                quantity=found.quantity,
            )


# --- owed again --------------------------------------------------------------------------------


def _owe(tx: Transaction, owed: dict[int, int], scan_id: str) -> None:
    """Lower the shipment lines, give the units back to their orders and mark the backorders."""
    if not owed:
        return
    lines = list(
        tx.execute(
            select(_line.c.id, _line.c.order_line_id, _line.c.shipment_id, _order_line.c.order_id)
            .join(_order_line, _order_line.c.id == _line.c.order_line_id)
            .where(_line.c.id.in_(sorted(owed)))
            .order_by(_line.c.id)
        )
    )
    for statement, column in (
        (_LOWER_LINE, "id"),
        (_LOWER_ORDER_LINE, "order_line_id"),
        (_LOWER_PIECES, "shipment_id"),
    ):
        tx.execute(
            statement,
            [{"b_id": getattr(line, column), "b_quantity": owed[line.id]} for line in lines],
        )
    order_ids = sorted({line.order_id for line in lines})
    tx.execute(update(_order).where(_order.c.id.in_(order_ids)).values(has_backorder=True))
    tx.execute(
        update(_order)
        .where(_order.c.id.in_(order_ids), _order.c.state.in_(ORDER.sources("fall-back")))
        .values(state="confirmed")
    )
    for order_id in order_ids:
        units = sum(owed[line.id] for line in lines if line.order_id == order_id)
        journal.tell(
            tx,
            topic="order.backordered",
            key=f"order.backordered:{order_id}:{scan_id}",
            payload={"order_id": order_id, "units": units},
        )


def _settle_shipments(
    tx: Transaction, actor: Actor, state: PickState, shipment_ids: Iterable[int]
) -> None:
    """A shipment without units is cancelled, one without open feeds is picked."""
    for shipment_id in sorted(shipment_ids):
        left = tx.execute(
            select(func.sum(_line.c.quantity)).where(_line.c.shipment_id == shipment_id)
        ).scalar_one()
        if left:
            rows.finish_shipments(tx, [shipment_id], by_id=actor.user_id)
            continue
        tx.execute(
            update(_shipment)
            .where(_shipment.c.id == shipment_id, _shipment.c.state.in_(SHIPMENT.sources("cancel")))
            .values(
                state="cancelled",
                cancelled_at=tx.now,
                cancelled_by_id=actor.user_id,
                cancel_reason="short",
            )
        )
        # The picker was there: no need to stop the next scan with the news.
        tx.execute(
            update(_member)
            .where(_member.c.pick_list_id == state.list_id, _member.c.shipment_id == shipment_id)
            .values(dropped_at=tx.now)
        )


# --- the books ---------------------------------------------------------------------------------


def _book(
    tx: Transaction,
    actor: Actor,
    state: PickState,
    stop: Stop,
    short: CutShort,
    plan: _Plan,
    scan_id: str,
) -> None:
    here = Place(stop.location_id, BIN, state.warehouse_id)
    pins = [
        Pin(
            Place(found.stock.location_id, BIN, state.warehouse_id),
            stop.product_id,
            found.stock.lot,
            reserved=found.quantity,
        )
        for found in plan.replaced
    ]
    if plan.hold:
        pins.append(Pin(here, stop.product_id, stop.lot, held=plan.hold))
    if stop.tracking == "serial":
        pins.append(
            Pin(here, stop.product_id, stop.lot, reserved=-short.missing, held=short.missing)
        )
        post(tx, actor_id=actor.user_id, pins=pins)
        return
    moves = [
        Move(
            product_id=stop.product_id,
            quantity=cut.quantity,
            source=here,
            target=virtual_end("missing"),
            reason="short",
            reference=("pick_feed", cut.feed.id),
            key=f"short:{scan_id}:{cut.feed.id}",
            lot=stop.lot,
            reserved_quantity=cut.quantity,
            note=short.reason,
        )
        for cut in short.cuts
    ]
    post(tx, actor_id=actor.user_id, moves=moves, pins=pins)


def _open_count(tx: Transaction, stop: Stop) -> int | None:
    """The open count task of the stop's bin, product and lot, locked."""
    found = tx.execute(
        select(_task.c.id)
        .where(
            _task.c.kind == "count",
            _task.c.state == "open",
            _task.c.location_id == stop.location_id,
            _task.c.product_id == stop.product_id,
            _task.c.lot == stop.lot,
        )
        .order_by(_task.c.id)
        .limit(1)
        .with_for_update()
    ).scalar_one_or_none()
    return None if found is None else int(found)


def _ask_for_count(
    tx: Transaction,
    actor: Actor,
    state: PickState,
    stop: Stop,
    short: CutShort,
    *,
    hold: int,
    task_id: int | None,
) -> None:
    serial = stop.tracking == "serial"
    missing = 0 if serial else short.missing
    held = hold + short.missing if serial else hold
    if task_id is not None:
        tx.execute(
            update(_task)
            .where(_task.c.id == task_id)
            .values(quantity=_task.c.quantity + missing, held=_task.c.held + held)
        )
        return
    tx.execute(
        insert(_task).values(
            kind="count",
            warehouse_id=state.warehouse_id,
            location_id=stop.location_id,
            product_id=stop.product_id,
            lot=stop.lot,
            quantity=missing,
            held=held,
            reason=short.reason,
            created_at=tx.now,
            created_by_id=actor.user_id,
        )
    )


def _go_on(tx: Transaction, state: PickState, stop: Stop, short: CutShort) -> None:
    values: dict[str, Any] = {"short_asked": False, "short_found": None, "in_hand": short.in_hand}
    if not short.in_hand:
        values |= {"in_hand_feed_id": None, "in_hand_serials": []}
    if stop.wanted == short.missing:
        values["current_stop_id"] = None
    tx.execute(update(_list).where(_list.c.id == state.list_id).values(**values))


def _lowering(table: Any, column: str) -> Any:
    return (
        update(table)
        .where(table.c.id == bindparam("b_id"))
        .values({column: table.c[column] - bindparam("b_quantity")})
    )


_LOWER_LINE = _lowering(_line, "quantity")
_LOWER_ORDER_LINE = _lowering(_order_line, "allocated")
_LOWER_PIECES = _lowering(_shipment, "pieces")
