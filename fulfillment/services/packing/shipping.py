"""Ship: one transaction takes the stock down, closes the reservations and tells the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, select, update

from fulfillment.domain.errors import (
    IllegalEvent,
    LabelNotConfirmed,
    LabelNotPrinted,
    UnknownThing,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.printing import has_come_out, printer_is_off
from fulfillment.domain.states import ORDER, SHIPMENT
from fulfillment.domain.values import Accepted, Place, Refused, Verdict
from fulfillment.services.packing.replies import Bench
from fulfillment.store import packing as rows
from fulfillment.store import printing as prints
from fulfillment.store.base import table_of
from fulfillment.store.journal import audit, tell
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import Label, PackSession, Parcel
from fulfillment.store.stock import Move, Reservation, post, virtual_end
from fulfillment.store.transaction import Transaction, writes

_shipment = table_of(Shipment)
_line = table_of(ShipmentLine)
_order = table_of(Order)
_order_line = table_of(OrderLine)
_parcel = table_of(Parcel)
_label = table_of(Label)
_reservation = table_of(Reservation)
_session = table_of(PackSession)


@dataclass(frozen=True)
class ShipResult:
    """What *ship* did, or had done before."""

    shipment_number: str
    order_number: str
    tracking_numbers: tuple[str, ...]
    shipped_at: datetime
    already: bool


def confirm_label(tx: Transaction, actor: Actor, bench: Bench, code: str) -> Verdict | None:
    """The scan of a label (tracking number or SSCC) on a box of the open, labelled shipment.

    The last one ships.  None when *code* is no label at all, so that it may be a product.
    """
    parcels = rows.parcels_of(tx, bench.row.shipment_id)
    parcel = next((one for one in parcels if code in (one.tracking_number, one.sscc)), None)
    if parcel is None:
        return _foreign_label(tx, parcels, code)
    if bench.row.holds:
        holds = ", ".join(rows.open_holds(tx, bench.row.order_id, bench.row.shipment_id))
        return Refused("order-on-hold", {"order": bench.row.order_number, "holds": holds})
    if parcel.confirmed_at is None:
        tx.execute(
            _CONFIRM,
            {
                "b_label": parcel.label_id,
                "confirmed_at": tx.now,
                "confirmed_by_id": actor.user_id,
            },
        )
        prints.label_was_scanned(tx, parcel.label_id, by_id=actor.user_id)
    left = sum(1 for one in parcels if one.confirmed_at is None and one.id != parcel.id)
    if left:
        return Accepted("label-confirmed", {"tracking": parcel.tracking_number, "left": left})
    _ship(tx, actor, bench.row, parcels)
    bench.state = "shipped"
    bench.closed = True
    fields = {"order": bench.row.order_number, "tracking": parcel.tracking_number}
    return Accepted("shipped", fields, tone="complete")


_CONFIRM = update(_label).where(
    _label.c.id == bindparam("b_label"), _label.c.confirmed_at.is_(None)
)


def _foreign_label(tx: Transaction, parcels: Sequence[Any], code: str) -> Refused | None:
    other = rows.label_by_tracking(tx, code)
    if other is None:
        return None
    if other.state == "void":
        return Refused("label-void", {"tracking": code})
    expected = next((one.tracking_number for one in parcels if one.confirmed_at is None), "")
    return Refused("wrong-label", {"tracking": code, "expected": expected})


@writes
def ship(tx: Transaction, actor: Actor, *, shipment_id: int) -> ShipResult:
    """Ship a labelled shipment; pressed twice or retried, it answers what was done the first time.

    Raises: UnknownThing; IllegalEvent before the label is made; LabelNotPrinted when the
    warehouse waits for its printers and a label is not out yet; LabelNotConfirmed when the
    warehouse asks for the label's scan and *actor* may not override it.  Where the warehouse
    ships while a printer is off, the labels that it holds up are not asked for: they are
    printed when it is back.
    """
    row = rows.shipment_facts(tx, shipment_id)
    if row is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    actor.require_sight(
        Permission.SHIP,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )
    parcels = rows.parcels_of(tx, shipment_id)
    numbers = tuple(one.tracking_number for one in parcels if one.tracking_number)
    if row.state in ("shipped", "dispatched"):
        shipped_at = tx.execute(
            select(_shipment.c.shipped_at).where(_shipment.c.id == shipment_id)
        ).scalar_one()
        return ShipResult(row.shipment_number, row.order_number, numbers, shipped_at, already=True)
    if row.state != "labelled":
        raise IllegalEvent(machine="shipment", state=row.state, event="ship")
    _confirm_unscanned(tx, actor, row, parcels)
    _ship(tx, actor, row, parcels)
    return ShipResult(row.shipment_number, row.order_number, numbers, tx.now, already=False)


def _confirm_unscanned(tx: Transaction, actor: Actor, row: Any, parcels: Sequence[Any]) -> None:
    """Labels that nobody scanned: allowed by policy, or by somebody who may override it."""
    unscanned = [one for one in parcels if one.confirmed_at is None]
    if not unscanned:
        return
    policy = WarehousePolicy.of(row.policy)
    held_up = _held_up_by_printer(tx, policy, unscanned)
    asked_for = [one for one in unscanned if one.label_id not in held_up]
    required = policy.label_scan_required and bool(asked_for)
    if required and not actor.may(Permission.OVERRIDE, warehouse_id=row.warehouse_id):
        raise LabelNotConfirmed(tracking_numbers=tuple(one.tracking_number for one in asked_for))
    tx.execute(
        update(_label)
        .where(_label.c.id.in_([one.label_id for one in unscanned]))
        .values(confirmed_at=tx.now, confirmed_by_id=actor.user_id)
    )
    if required:
        audit(
            tx,
            by_id=actor.user_id,
            act="ship-without-label-scan",
            subject=("shipment", row.shipment_id),
            warehouse_id=row.warehouse_id,
        )
    if held_up:
        audit(
            tx,
            by_id=actor.user_id,
            act="ship-while-printer-off",
            subject=("shipment", row.shipment_id),
            warehouse_id=row.warehouse_id,
            details={"labels": sorted(held_up)},
        )


def _held_up_by_printer(
    tx: Transaction, policy: WarehousePolicy, unscanned: Sequence[Any]
) -> frozenset[int]:
    """The labels that a printer holds up, where the policy ships without them; else raises."""
    jobs = prints.latest_label_jobs(tx, [one.label_id for one in unscanned])
    missing = {label: job for label, job in jobs.items() if not has_come_out(job.state)}
    if missing and policy.printer_off == "wait":
        raise LabelNotPrinted(
            tracking_numbers=tuple(
                one.tracking_number for one in unscanned if one.label_id in missing
            ),
            printer=next(iter(missing.values())).printer,
        )
    return frozenset(
        label
        for label, job in missing.items()
        if printer_is_off(
            state=job.state, condition=job.condition, waits_for=tx.now - job.requested_at
        )
    )


def _ship(tx: Transaction, actor: Actor, row: Any, parcels: Sequence[Any]) -> None:
    """Take the goods of the parcels out of the warehouse.  The shipment's row is locked."""
    shipment_id = row.shipment_id
    policy = WarehousePolicy.of(row.policy)
    if row.holds:
        raise IllegalEvent(machine="shipment", state="on hold", event="ship")
    scan_out = policy.scan_out
    values: dict[str, Any] = {
        "state": SHIPMENT.advance("labelled", "ship") if scan_out else "dispatched",
        "shipped_at": tx.now,
        "shipped_by_id": actor.user_id,
    }
    if not scan_out:
        values |= {"dispatched_at": tx.now, "dispatched_by_id": actor.user_id}
    changed = tx.execute(_SHIP, {"b_shipment": shipment_id, **values})
    if changed.rowcount != 1:
        raise IllegalEvent(machine="shipment", state=row.state, event="ship")
    _take_stock_down(tx, actor, row, parcels)
    tx.execute(_SHIP_LINES, {"b_shipment": shipment_id})
    tx.execute(
        _SHIP_PARCELS,
        {
            "b_parcels": [one.id for one in parcels],
            "state": "shipped" if scan_out else "dispatched",
            "dispatched_at": None if scan_out else tx.now,
        },
    )
    tx.execute(_CLOSE_SESSION, {"b_shipment": shipment_id, "b_now": tx.now})
    _complete_order(tx, row.order_id)
    tell(
        tx,
        topic="shipment.shipped",
        key=f"shipment.shipped:{shipment_id}",
        payload={
            "order": row.order_number,
            "shipment": row.shipment_number,
            "tracking_numbers": [one.tracking_number for one in parcels],
            "shipped_at": tx.now.isoformat(),
        },
    )


_SHIP = update(_shipment).where(
    _shipment.c.id == bindparam("b_shipment"), _shipment.c.state == "labelled"
)
_SHIP_LINES = (
    update(_line)
    .where(_line.c.shipment_id == bindparam("b_shipment"))
    .values(shipped=_line.c.packed)
)
_SHIP_PARCELS = update(_parcel).where(
    _parcel.c.id.in_(bindparam("b_parcels", expanding=True)), _parcel.c.state == "labelled"
)
_CLOSE_SESSION = (
    update(_session)
    .where(_session.c.shipment_id == bindparam("b_shipment"), _session.c.closed_at.is_(None))
    .values(closed_at=bindparam("b_now"), closed_why="shipped", mode="")
)


def _take_stock_down(tx: Transaction, actor: Actor, row: Any, parcels: Sequence[Any]) -> None:
    """Parcel -> customer, exactly the reserved units; the reservations are closed."""
    held = rows.held_by(tx, row.shipment_id)
    serials_of = (
        _serials_in(tx, row.shipment_id, parcels)
        if any(one.tracking == "serial" for one in held)
        else {}
    )
    moves: list[Move] = []
    for one in held:
        if one.kind != "parcel":
            raise AssertionError("what is shipped lies in a parcel")
        numbers = serials_of.get((one.location_id, one.shipment_line_id, one.lot))
        units = [(serial, 1) for serial in numbers] if numbers else [("", one.quantity)]
        moves.extend(
            Move(
                product_id=one.product_id,
                quantity=quantity,
                source=Place(one.location_id, one.kind, one.warehouse_id),
                target=virtual_end("customer"),
                reason="ship",
                reference=("shipment", row.shipment_id),
                key=f"ship:{one.shipment_line_id}:{one.location_id}:{one.lot}:{serial}",
                lot=one.lot,
                serial=serial,
                reserved_quantity=quantity,
            )
            for serial, quantity in units
        )
    post(tx, actor_id=actor.user_id, moves=moves)
    tx.execute(
        delete(_reservation).where(
            _reservation.c.shipment_line_id.in_(sorted({one.shipment_line_id for one in held}))
        )
    )


def _serials_in(
    tx: Transaction, shipment_id: int, parcels: Sequence[Any]
) -> dict[tuple[int, int, str], list[str]]:
    """The serials by (place of the parcel, shipment line, lot)."""
    place_of = {one.id: one.location_id for one in parcels}
    found: dict[tuple[int, int, str], list[str]] = {}
    for one in rows.contents_of(tx, shipment_id):
        if one.serial:
            key = (place_of[one.parcel_id], one.shipment_line_id, one.lot)
            found.setdefault(key, []).append(one.serial)
    return found


def _complete_order(tx: Transaction, order_id: int) -> None:
    """An order is shipped when every unit of it is shipped or cancelled."""
    tx.execute(_COMPLETE_ORDER, {"b_order": order_id, "b_now": tx.now})


_COMPLETE_ORDER = (
    update(_order)
    .where(
        _order.c.id == bindparam("b_order"),
        _order.c.state.in_(ORDER.sources("complete")),
        ~exists().where(
            _shipment.c.order_id == _order.c.id,
            _shipment.c.state.not_in(("shipped", "dispatched", "cancelled")),
        ),
        ~exists().where(
            _order_line.c.order_id == _order.c.id,
            _order_line.c.is_kit.is_(False),
            _order_line.c.allocated + _order_line.c.cancelled < _order_line.c.quantity,
        ),
    )
    .values(state="shipped", shipped_at=bindparam("b_now"))
)
