"""Sorting a batch at a put wall by scans.  The procedure on the floor stands in
:mod:`fulfillment.domain.walls`; here its decisions are carried out.

What a person has in hand is theirs at that wall (``wall_work``); the goods lie in the tote until
the slot was scanned.  Then they move with their reservation, once for each scan id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, update

from fulfillment.domain import walls
from fulfillment.domain.barcodes import Command, Own, OwnScan, ProductScan, Scan, parse, storable
from fulfillment.domain.errors import KeyReused, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import SLOT, TOTE, Place, Refused, Verdict
from fulfillment.domain.walls import (
    Decision,
    Piece,
    PutIntoSlot,
    Seen,
    SeenBatchTote,
    SeenSorted,
    Slot,
    Take,
    UndoPut,
    WallState,
)
from fulfillment.services import belonging
from fulfillment.store import batch_totes, locks, picking
from fulfillment.store import walls as rows
from fulfillment.store.base import table_of
from fulfillment.store.journal import ScanEvent
from fulfillment.store.reservations import follow
from fulfillment.store.scans import check_scan_id, record_scan
from fulfillment.store.stock import Move, post
from fulfillment.store.transaction import Transaction, reads, writes

_event = table_of(ScanEvent)


@dataclass(frozen=True)
class SortReply:
    """The answer to a scan: the verdict, and what the page shows now."""

    verdict: Verdict
    view: WallState


@reads
def see_wall(tx: Transaction, actor: Actor, *, wall_id: int) -> WallState:
    """What the actor does at a wall now; raises :class:`UnknownThing` for a foreign one."""
    wall = _sight(tx, actor, wall_id)
    return rows.state_of(tx, wall, actor.user_id)


@writes
def scan(tx: Transaction, actor: Actor, *, wall_id: int, scan_id: str, raw: str) -> SortReply:
    """Answer one scan at a wall; a known *scan_id* gets its first verdict again.

    Every scan is stored, refused ones too.  Raises :class:`UnknownThing` for a wall that is not
    this person's to see and :class:`KeyReused` for a scan id of other work.
    """
    check_scan_id(scan_id)
    wall = _sight(tx, actor, wall_id)
    work = rows.lock_work(tx, wall_id, actor.user_id, scan_id)
    state = rows.state_of(tx, wall, actor.user_id)
    if work.known_accepted is not None:
        if work.known_wall != wall_id:
            raise KeyReused(key=scan_id)
        first = walls.answered_before(
            accepted=work.known_accepted, code=work.known_code, fields=work.known_fields
        )
        return SortReply(first, state)
    parsed = parse(raw)
    seen = _see(tx, actor, state, parsed, raw, last_put_id=work.last_put_id)
    step = _Step(tx, actor, wall, state, scan_id=scan_id, raw=raw)
    return step.carry_out(walls.decide(state, parsed, seen))


def _sight(tx: Transaction, actor: Actor, wall_id: int) -> Row[Any]:
    wall = rows.wall_by_id(tx, wall_id)
    if wall is None:
        actor.require(Permission.WORK_TASKS)
        raise UnknownThing(kind="put wall", key=str(wall_id))
    actor.require_sight(
        Permission.WORK_TASKS,
        kind="put wall",
        key=str(wall_id),
        warehouse_id=wall.warehouse_id,
        seller_id=None,
    )
    return wall


# --- what was scanned --------------------------------------------------------------------------


def _see(
    tx: Transaction,
    actor: Actor,
    state: WallState,
    parsed: Scan,
    raw: str,
    *,
    last_put_id: int | None,
) -> Seen:
    match parsed:
        case OwnScan(Own.TOTE, code) if state.in_hand is None:
            return _see_tote(tx, code, state.warehouse_id)
        case OwnScan(Own.SLOT, code) if state.in_hand is not None:
            return rows.slot_by_code(tx, state.wall_id, code)
        case OwnScan(Own.COMMAND, Command.UNDO) if state.in_hand is None and last_put_id:
            return rows.see_sorted(tx, last_put_id)
        case ProductScan() if state.in_hand is None and state.tote_id is not None:
            return _see_piece(tx, actor, state, parsed, raw, tote_id=state.tote_id)
        case _:
            return None


def _see_tote(tx: Transaction, code: str, warehouse_id: int) -> SeenBatchTote | None:
    found = batch_totes.find(tx, code, warehouse_id)
    if found is None:
        return None
    left = batch_totes.left_in(tx, found.tote_id)
    return SeenBatchTote(
        tote_id=found.tote_id,
        code=code,
        list_number=found.list_number,
        is_filled=found.full_at is not None or found.list_state in ("done", "cancelled"),
        left=int(left.units),
    )


def _see_piece(
    tx: Transaction, actor: Actor, state: WallState, parsed: ProductScan, raw: str, *, tote_id: int
) -> Piece | Refused:
    """The piece that a code stands for, with the line that it serves (its shipment is locked) and
    that order's slot; or why it is refused."""
    named = batch_totes.products_named(tx, parsed.code)
    if not named:
        unit = batch_totes.unit_in(tx, tote_id, parsed.code)
        if unit is None:
            return Refused("unknown-barcode", {"scanned": storable(raw)})
        named, parsed = [unit], replace(parsed, serial=parsed.code)
    refusal = _cannot_tell(tx, parsed, named, tote_id)
    if refusal is not None:
        return refusal
    row = _line_served(tx, actor, state, parsed, named, tote_id=tote_id)
    if row is None:
        return _nobodys(tx, state, named, tote_id)
    product = next(one for one in named if one.product_id == row.product_id)
    units = 1 if row.tracking == "serial" else product.quantity
    too_big = walls.too_big(product.sku, units=units, wanted=row.quantity)
    if too_big is not None:
        return too_big
    slot = _slot_of(tx, state, row, product.sku)
    if isinstance(slot, Refused):
        return slot
    return Piece(
        shipment_id=row.shipment_id,
        shipment_line_id=row.shipment_line_id,
        order_number=row.order_number,
        product_id=row.product_id,
        sku=product.sku,
        name=product.name,
        tracking=row.tracking,
        lot=row.lot,
        serial=parsed.serial if row.tracking == "serial" else "",
        quantity=units,
        wanted=row.quantity,
        slot=slot,
    )


def _line_served(
    tx: Transaction,
    actor: Actor,
    state: WallState,
    parsed: ProductScan,
    named: Sequence[Row[Any]],
    *,
    tote_id: int,
) -> Row[Any] | None:
    """The line that the piece serves.  Its shipment is locked, then looked at again: another
    sorter may have served it meanwhile."""
    ids = [product.product_id for product in named]
    lot = parsed.lot if any(product.tracking == "lot" for product in named) else ""

    def wanting(line_id: int | None = None) -> Row[Any] | None:
        return rows.wanting(
            tx,
            wall_id=state.wall_id,
            user_id=actor.user_id,
            tote_id=tote_id,
            product_ids=ids,
            lot=lot,
            line_id=line_id,
        )

    while (row := wanting()) is not None:
        locks.lock_shipments(tx, [row.shipment_id])
        again = wanting(row.shipment_line_id)
        if again is not None:
            return again
    return None


def _slot_of(tx: Transaction, state: WallState, row: Row[Any], sku: str) -> Slot | Refused:
    if row.slot_id is not None:
        if row.slot_wall != state.wall_id:
            return Refused("other-wall", {"sku": sku, "slot": row.slot_code})
        return Slot(row.slot_id, row.slot_number, row.slot_code)
    free = rows.take_slot(tx, state.wall_id, row.shipment_id)
    if free is not None:
        return free
    complete = ", ".join(str(slot.number) for slot in state.complete)
    return Refused("wall-full", {"complete": complete})


def _cannot_tell(
    tx: Transaction, parsed: ProductScan, named: Sequence[Row[Any]], tote_id: int
) -> Refused | None:
    """Refuse a piece whose lot or serial must be known and is not."""
    for product in named:
        if product.tracking == "lot" and not parsed.lot:
            lots = batch_totes.lots_in(tx, tote_id, product.product_id)
            if len(lots) > 1:
                return Refused("lot-needed", {"sku": product.sku, "expected": ", ".join(lots)})
        if product.tracking != "serial":
            continue
        if not parsed.serial:
            return Refused("serial-needed", {"sku": product.sku})
        if not batch_totes.has_serial(tx, tote_id, product.product_id, parsed.serial):
            fields = {"sku": product.sku, "serial": parsed.serial}
            return Refused("serial-not-here", fields)
    return None


def _nobodys(tx: Transaction, state: WallState, named: Sequence[Row[Any]], tote_id: int) -> Refused:
    """A piece that no living order of the tote wants: a cancelled one's, or where it belongs."""
    product = named[0]
    cancelled = batch_totes.put_back_of(tx, tote_id, [one.product_id for one in named])
    if cancelled is not None:
        fields = {
            "sku": product.sku, "order": cancelled.order_number, "reason": cancelled.reason
        }  # fmt: skip
        return Refused("order-cancelled", fields)
    where = belonging.where_it_belongs(tx, state.warehouse_id, product.product_id)
    return Refused("wrong-item", {"sku": product.sku, "name": product.name, **where})


# --- what comes of it --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """One scan that was decided, and what its effect needs to know."""

    tx: Transaction
    actor: Actor
    wall: Row[Any]
    state: WallState
    scan_id: str
    raw: str

    def carry_out(self, decision: Decision) -> SortReply:
        verdict, effect = decision.verdict, decision.effect
        match effect:
            case PutIntoSlot(piece):
                verdict = self._put(piece, verdict)
            case UndoPut(put):
                self._undo(put, verdict)
            case _:
                self._change(effect)
                self._record(verdict)
        return SortReply(verdict, rows.state_of(self.tx, self.wall, self.actor.user_id))

    def _change(self, effect: walls.Effect) -> None:
        """Carry out an effect that moves nothing."""
        match effect:
            case walls.OpenTote(tote_id):
                self._save(tote_id=tote_id)
            case Take(piece):
                self._save(
                    shipment_line_id=piece.shipment_line_id,
                    slot_id=piece.slot.location_id,
                    lot=piece.lot,
                    serial=piece.serial,
                    quantity=piece.quantity,
                )
            case walls.TakeBack():
                self._let_go()
            case _:
                pass

    def _save(self, **values: Any) -> None:
        rows.save_work(self.tx, self.wall.id, self.actor.user_id, **values)

    def _record(self, verdict: Verdict, **subject: Any) -> int:
        return record_scan(
            self.tx,
            self.actor,
            verdict,
            scan_id=self.scan_id,
            process="sort",
            raw=self.raw,
            subject={"wall_id": self.wall.id, **subject},
        )

    def _let_go(self) -> None:
        """Nothing is in hand any more; a slot that got nothing is free again."""
        piece = self.state.in_hand
        assert piece is not None, "something was in hand"
        self._save(**rows.EMPTY_HANDS)
        locks.lock_shipments(self.tx, [piece.shipment_id])
        picking.close_empty_totes(self.tx, [piece.slot.location_id])

    def _put(self, piece: Piece, verdict: Verdict) -> Verdict:
        tx, tote_id = self.tx, self.state.tote_id
        (shipment,) = locks.lock_shipments(tx, [piece.shipment_id])
        refusal = self._refusal(piece, shipment, tote_id)
        if refusal is not None:
            self._let_go()
            self._record(refusal)
            return refusal
        assert tote_id is not None, "what lies in no tote was refused"
        self._move(piece, source=(tote_id, TOTE), target=(piece.slot.location_id, SLOT))
        batch_totes.close_if_empty(tx, [tote_id])
        if rows.is_all_in(tx, piece.shipment_id, piece.slot.location_id):
            verdict = walls.complete_verdict(piece)
        event_id = self._record(
            verdict,
            shipment_id=piece.shipment_id,
            shipment_line_id=piece.shipment_line_id,
            lot=piece.lot,
            serial=piece.serial,
            quantity=piece.quantity,
        )
        self._save(**rows.EMPTY_HANDS, last_put_id=event_id)
        return verdict

    def _refusal(self, piece: Piece, shipment: Row[Any], tote_id: int | None) -> Refused | None:
        """What may have happened since the piece was scanned."""
        if shipment.state == "cancelled":
            fields = {
                "sku": piece.sku, "order": piece.order_number, "reason": shipment.cancel_reason
            }  # fmt: skip
            return Refused("order-cancelled", fields)
        gone = Refused("already-sorted", {"sku": piece.sku})
        if shipment.state not in rows.LIVE or tote_id is None:
            return gone
        lies = rows.reserved_units(self.tx, piece.shipment_line_id, tote_id, piece.lot)
        if lies < piece.quantity:
            return gone
        if not rows.collects(self.tx, piece.slot.location_id, piece.shipment_id):
            return gone
        if piece.serial and not batch_totes.has_serial(
            self.tx, tote_id, piece.product_id, piece.serial
        ):
            return gone
        return None

    def _move(self, piece: Piece, *, source: tuple[int, str], target: tuple[int, str]) -> None:
        _move_units(
            self.tx,
            self.actor,
            piece,
            source=Place(*source, self.state.warehouse_id),
            target=Place(*target, self.state.warehouse_id),
            key=rows.sort_key(self.scan_id),
        )

    def _undo(self, put: SeenSorted, verdict: Verdict) -> None:
        tx = self.tx
        rows.use_tote_again(tx, put.tote_id)
        warehouse_id = self.state.warehouse_id
        _move_units(
            tx,
            self.actor,
            put,
            source=Place(put.slot_id, SLOT, warehouse_id),
            target=Place(put.tote_id, TOTE, warehouse_id),
            key=f"undo:{rows.sort_key(put.scan_id)}",
        )
        picking.close_empty_totes(tx, [put.slot_id])
        event_id = self._record(
            verdict,
            shipment_id=put.shipment_id,
            shipment_line_id=put.shipment_line_id,
            lot=put.lot,
            serial=put.serial,
        )
        tx.execute(update(_event).where(_event.c.id == put.event_id).values(undone_by_id=event_id))
        self._save(last_put_id=None, tote_id=put.tote_id)


def _move_units(
    tx: Transaction,
    actor: Actor,
    units: Piece | SeenSorted,
    *,
    source: Place,
    target: Place,
    key: str,
) -> None:
    """Move units of a line, and their reservation with them; the shipment is locked."""
    follow(
        tx,
        shipment_line_id=units.shipment_line_id,
        product_id=units.product_id,
        lot=units.lot,
        source_id=source.id,
        target_id=target.id,
        quantity=units.quantity,
    )
    move = Move(
        product_id=units.product_id,
        quantity=units.quantity,
        source=source,
        target=target,
        reason="sort",
        reference=("shipment", units.shipment_id),
        key=key,
        lot=units.lot,
        serial=units.serial,
        reserved_quantity=units.quantity,
        reserve_at_target=units.quantity,
    )
    post(tx, actor_id=actor.user_id, moves=[move])
