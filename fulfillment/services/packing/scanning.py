"""What a scan at the bench means: open an order, count a piece, take it back, do a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from fulfillment.domain.barcodes import (
    MOST_PARCELS,
    Command,
    Own,
    OwnScan,
    ProductScan,
    Scan,
    SsccScan,
    Unreadable,
    parcel_sscc,
    parse,
    storable,
)
from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.packing import Item, judge_item, missing_words, with_counts
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.states import SHIPMENT
from fulfillment.domain.values import SHORT_REASONS, Accepted, Refused, ScanSource, Verdict
from fulfillment.services import belonging
from fulfillment.services.packing import buying, sealing, shipping, shorting, singles
from fulfillment.services.packing.replies import (
    Bench,
    BenchReply,
    first_verdict,
    load_lines,
    record,
    reply_of,
    today_at,
)
from fulfillment.store import packing as rows
from fulfillment.store.base import table_of
from fulfillment.store.journal import ScanEvent, audit
from fulfillment.store.orders import Hold, Shipment
from fulfillment.store.packing import Counted
from fulfillment.store.parcels import PackSession, Parcel, ParcelLine
from fulfillment.store.people import Station
from fulfillment.store.scans import check_scan_id
from fulfillment.store.transaction import Transaction, reads, writes

_session = table_of(PackSession)
_shipment = table_of(Shipment)
_event = table_of(ScanEvent)


@dataclass(frozen=True)
class Gesture:
    """One scan on its way through: who, where, which id, what text, read by what."""

    actor: Actor
    station_id: int
    scan_id: str
    raw: str
    source: ScanSource = "scanner"


@dataclass(frozen=True)
class Outcome:
    """What came of it, ready to be recorded."""

    verdict: Verdict
    bench: Bench | None
    counted: tuple[Counted, ...] = ()
    shipment_id: int | None = None
    """Whose it was, when no bench is open (or not yet)."""
    takes_back: int | None = None
    """The scan event that this one undid."""
    batch_tote_id: int | None = None
    """The batch tote at the station, when no order is open."""


@writes
def scan(
    tx: Transaction,
    actor: Actor,
    *,
    station_id: int,
    scan_id: str,
    raw: str,
    source: ScanSource = "scanner",
) -> BenchReply:
    """Take one scan at a packing station.

    The first scan of a tote, slot, order, shipment or pick list opens a shipment, that of a batch
    tote makes each of its pieces open one; items are counted into the open parcel; commands do
    what their sheet says.  A known *scan_id* is answered
    with its first verdict and the present state.  Refusals are stored and returned, not raised.

    Raises: NotPermitted when *actor* may not pack in the station's warehouse.
    """
    check_scan_id(scan_id)
    gesture = Gesture(actor, station_id, scan_id, raw, source)
    row = rows.bench_at(tx, station_id, scan_id)
    if row is None:
        return _without_order(tx, gesture)
    actor.require(Permission.PACK, warehouse_id=row.warehouse_id)
    bench = Bench(row, load_lines(tx, row.shipment_id), row.state, row.mode)
    if row.known_id is not None:
        return reply_of(tx, first_verdict(row), bench, repeated=True)
    if row.user_id != actor.user_id:
        tx.execute(
            update(_session).where(_session.c.id == row.session_id).values(user_id=actor.user_id)
        )
    outcome = _with_order(tx, gesture, bench, parse(raw))
    return _recorded(tx, gesture, outcome)


@reads
def bench(tx: Transaction, actor: Actor, *, station_id: int) -> BenchReply:
    """The present state of a station, for a page that was just opened or reloaded."""
    warehouse_id = _warehouse_of(tx, station_id)
    actor.require(Permission.PACK, warehouse_id=warehouse_id)
    found = tx.execute(
        select(_session.c.shipment_id, _session.c.mode).where(
            _session.c.station_id == station_id, _session.c.closed_at.is_(None)
        )
    ).one_or_none()
    if found is None:
        closed = Accepted("closed", {"order": ""})
        return reply_of(tx, closed, None, batch_tote_id=_batch_tote_at(tx, station_id))
    row = rows.shipment_seen(tx, found.shipment_id)
    open_bench = Bench(row, load_lines(tx, found.shipment_id), row.state, found.mode)
    verdict = Accepted(
        "resumed", {"order": row.order_number, "missing": missing_words(open_bench.lines)}
    )
    return reply_of(tx, verdict, open_bench)


def _recorded(tx: Transaction, gesture: Gesture, outcome: Outcome) -> BenchReply:
    opened = outcome.bench
    event_id = record(
        tx,
        gesture.actor,
        station_id=gesture.station_id,
        scan_id=gesture.scan_id,
        raw=gesture.raw,
        source=gesture.source,
        verdict=outcome.verdict,
        shipment_id=opened.row.shipment_id if opened else outcome.shipment_id,
        parcel_id=getattr(opened.row, "parcel_id", None) if opened else None,
        counted=outcome.counted,
    )
    if outcome.takes_back is not None:
        tx.execute(
            update(_event).where(_event.c.id == outcome.takes_back).values(undone_by_id=event_id)
        )
    return reply_of(tx, outcome.verdict, opened, batch_tote_id=outcome.batch_tote_id)


def _batch_tote_at(tx: Transaction, station_id: int) -> int | None:
    found = tx.execute(select(Station.batch_tote_id).where(Station.id == station_id))
    return found.scalar_one_or_none()


def _warehouse_of(tx: Transaction, station_id: int) -> int:
    found = tx.execute(
        select(Station.warehouse_id).where(Station.id == station_id)
    ).scalar_one_or_none()
    if found is None:
        raise UnknownThing(kind="station", key=str(station_id))
    return int(found)


# --- no order is open at the station -----------------------------------------------------------


def _without_order(tx: Transaction, gesture: Gesture) -> BenchReply:
    station = rows.station_and_scan(tx, gesture.station_id, gesture.scan_id)
    if station is None:
        raise UnknownThing(kind="station", key=str(gesture.station_id))
    warehouse_id = station.warehouse_id
    gesture.actor.require(Permission.PACK, warehouse_id=warehouse_id)
    tote_id = station.batch_tote_id
    if station.known_id is not None:
        verdict = first_verdict(station)
        return reply_of(tx, verdict, None, repeated=True, batch_tote_id=tote_id)
    outcome = _opening_outcome(tx, gesture, station)
    if outcome.bench is None and outcome.batch_tote_id is None:
        outcome = replace(outcome, batch_tote_id=tote_id)
    return _recorded(tx, gesture, outcome)


def _opening_outcome(tx: Transaction, gesture: Gesture, station: Any) -> Outcome:
    scanned = parse(gesture.raw)
    if isinstance(scanned, OwnScan) and scanned.kind in _OPENING:
        outcome = _open(tx, gesture, scanned, station.warehouse_id)
        return _instead_of_batch(tx, gesture, outcome, station.batch_tote_id)
    if scanned == OwnScan(Own.COMMAND, Command.TAKE_OVER):
        return _take_over(tx, gesture)
    if isinstance(scanned, Unreadable):
        return Outcome(Refused("unreadable", {"why": scanned.why}), None)
    if isinstance(scanned, ProductScan) and station.batch_tote_id is not None:
        return _open_single(tx, gesture, scanned, station)
    lost = rows.lost_session_at(tx, gesture.station_id)
    if lost is not None:
        fields = {"order": lost.order_number, "holder": lost.holder, "station": lost.station}
        return Outcome(Refused("lost-to-take-over", fields), None)
    return Outcome(Refused("no-order-open"), None)


def _instead_of_batch(
    tx: Transaction, gesture: Gesture, outcome: Outcome, batch_tote_id: int | None
) -> Outcome:
    """An order that was opened by its own tote takes the place of the batch tote."""
    if outcome.bench is not None and batch_tote_id is not None:
        singles.keep_tote(tx, gesture.station_id, None)
    return outcome


def _open_single(tx: Transaction, gesture: Gesture, scanned: ProductScan, station: Any) -> Outcome:
    """A piece of the batch tote: the order that it serves is opened, counted and complete."""
    tote_id = station.batch_tote_id
    chosen = singles.choose(tx, scanned, raw=gesture.raw, tote_id=tote_id)
    if isinstance(chosen, Refused):
        return Outcome(chosen, None)
    if not isinstance(chosen, singles.Chosen):
        where = belonging.where_it_belongs(tx, station.warehouse_id, chosen.product_id)
        fields = {"sku": chosen.sku, "name": chosen.name, **where}
        return Outcome(Refused("wrong-item", fields), None)
    row = rows.shipment_facts(tx, chosen.shipment_id)
    assert row is not None, "its row is locked"
    refusal = _cannot_open(tx, row, station.warehouse_id)
    if refusal is None:
        verdict, _counts = judge_item(
            load_lines(tx, row.shipment_id),
            chosen.item,
            today=today_at(tx, row.timezone),
            serials_in_boxes=frozenset(),
        )
        refusal = verdict if isinstance(verdict, Refused) else None
    if refusal is not None:
        return Outcome(refusal, None, shipment_id=row.shipment_id)
    opened = _opened(tx, gesture, row).bench
    assert opened is not None, "an opened order is on the bench"
    _look_again(tx, gesture, opened)
    return _count(tx, gesture, opened, chosen.item)


_OPENING = (Own.TOTE, Own.SLOT, Own.ORDER, Own.SHIPMENT, Own.PICK_LIST)


def _open(tx: Transaction, gesture: Gesture, scanned: OwnScan, warehouse_id: int) -> Outcome:
    shipment_id = _shipment_scanned(tx, scanned, warehouse_id)
    if shipment_id is None and scanned.kind is Own.TOTE:
        batch = singles.open_tote(
            tx, station_id=gesture.station_id, code=scanned.payload, warehouse_id=warehouse_id
        )
        if batch is not None:
            tote_id = _batch_tote_at(tx, gesture.station_id)
            return Outcome(batch, None, batch_tote_id=tote_id)
    if shipment_id is None:
        return Outcome(Refused("unknown-barcode", {"raw": storable(gesture.raw)}), None)
    row = rows.shipment_facts(tx, shipment_id)
    assert row is not None, "found by a foreign key"
    refusal = _cannot_open(tx, row, warehouse_id)
    if refusal is not None:
        return Outcome(refusal, None, shipment_id=shipment_id)
    if row.unsorted and not _said_unsorted(tx, gesture, shipment_id):
        totes = ", ".join(rows.totes_of(tx, shipment_id))
        fields = {"order": row.order_number, "totes": totes}
        return Outcome(Refused("not-sorted-yet", fields), None, shipment_id=shipment_id)
    if row.open_session_id is not None:
        holder = rows.open_session_of(tx, shipment_id)
        assert holder is not None, "the shipment's row is locked"
        fields = {
            "order": row.order_number,
            "holder": holder.user_name,
            "station": holder.station_code,
            "since": holder.opened_at.isoformat(),
        }
        return Outcome(Refused("opened-elsewhere", fields), None, shipment_id=shipment_id)
    return _opened(tx, gesture, row)


def _said_unsorted(tx: Transaction, gesture: Gesture, shipment_id: int) -> bool:
    """Whether the scan before was refused because of the same: who scans it again means it."""
    last = rows.last_event_at(tx, gesture.station_id)
    return last is not None and last.code == "not-sorted-yet" and last.shipment_id == shipment_id


def _shipment_scanned(tx: Transaction, scanned: OwnScan, warehouse_id: int) -> int | None:
    if scanned.kind in (Own.TOTE, Own.SLOT):
        return rows.shipment_of_tote(tx, scanned.payload)
    if scanned.kind is Own.ORDER:
        return rows.shipment_of_order(tx, scanned.payload, warehouse_id)
    if scanned.kind is Own.SHIPMENT:
        return rows.shipment_of_number(tx, scanned.payload)
    return rows.shipment_of_pick_list(tx, scanned.payload)


def _cannot_open(tx: Transaction, row: Any, warehouse_id: int) -> Refused | None:
    order = {"order": row.order_number}
    if row.warehouse_id != warehouse_id:
        return Refused("other-warehouse", order)
    if row.state == "cancelled":
        return Refused("order-cancelled", {**order, "reason": row.cancel_reason})
    if row.state in ("shipped", "dispatched"):
        return Refused("order-shipped", order)
    if row.state in ("allocated", "released", "picking"):
        totes = ", ".join(rows.totes_of(tx, row.shipment_id))
        return Refused("not-picked-yet", {**order, "state": row.state, "totes": totes})
    if not row.holds:
        return None
    holds = ", ".join(rows.open_holds(tx, row.order_id, row.shipment_id))
    return Refused("order-on-hold", {**order, "holds": holds})


def _opened(tx: Transaction, gesture: Gesture, row: Any) -> Outcome:
    """Open the session; the first time the shipment goes to *packing* and gets a parcel."""
    tx.execute(
        insert(_session),
        {
            "shipment_id": row.shipment_id,
            "station_id": gesture.station_id,
            "user_id": gesture.actor.user_id,
            "opened_at": tx.now,
        },
    )
    state = row.state
    if state == "picked":
        state = SHIPMENT.advance(state, "open")
        tx.execute(
            _BEGIN,
            {
                "b_shipment": row.shipment_id,
                "b_state": state,
                "b_station": gesture.station_id,
                "b_now": tx.now,
                "b_packer": gesture.actor.user_id,
            },
        )
        if row.open_parcels == 0:
            _new_parcel(tx, row, sequence=row.last_parcel + 1)
    lines = load_lines(tx, row.shipment_id)
    opened = Bench(row, lines, state)
    if any(line.packed for line in lines):
        fields: dict[str, Any] = {"order": row.order_number, "missing": missing_words(lines)}
        return Outcome(Accepted("resumed", fields), opened)
    fields = {"order": row.order_number, "pieces": sum(line.quantity for line in lines)}
    return Outcome(Accepted("opened", fields), opened)


_BEGIN = (
    update(_shipment)
    .where(_shipment.c.id == bindparam("b_shipment"))
    .values(
        state=bindparam("b_state"),
        station_id=bindparam("b_station"),
        pack_started_at=func.coalesce(_shipment.c.pack_started_at, bindparam("b_now")),
        pack_started_by_id=func.coalesce(_shipment.c.pack_started_by_id, bindparam("b_packer")),
    )
)


def _new_parcel(tx: Transaction, row: Any, *, sequence: int) -> None:
    """A parcel for the next pieces; after a replacement pick the half-full one serves on."""
    prefix = WarehousePolicy.of(row.policy).company_prefix
    tx.execute(
        insert(table_of(Parcel)),
        {
            "shipment_id": row.shipment_id,
            "sequence": sequence,
            "sscc": parcel_sscc(prefix, shipment_id=row.shipment_id, sequence=sequence),
        },
    )


def _take_over(tx: Transaction, gesture: Gesture) -> Outcome:
    """TAKE OVER after a refused opening: the first asks again, the second does it."""
    last = rows.last_event_at(tx, gesture.station_id)
    if last is None or last.code not in ("opened-elsewhere", "take-over-again"):
        return Outcome(Refused("nothing-to-take-over"), None)
    row = rows.shipment_facts(tx, last.shipment_id)
    holder = rows.open_session_of(tx, last.shipment_id)
    if row is None or holder is None:
        return Outcome(Refused("nothing-to-take-over"), None)
    gesture.actor.require(Permission.PACK, warehouse_id=row.warehouse_id)
    names = {"holder": holder.user_name, "since": holder.opened_at.isoformat()}
    if last.code == "opened-elsewhere":
        verdict = Accepted("take-over-again", names, tone="attention")
        return Outcome(verdict, None, shipment_id=row.shipment_id)
    tx.execute(
        update(_session)
        .where(_session.c.id == holder.id)
        .values(closed_at=tx.now, closed_why="taken-over")
    )
    audit(
        tx,
        by_id=gesture.actor.user_id,
        act="take-over",
        subject=("shipment", row.shipment_id),
        warehouse_id=row.warehouse_id,
        details={"from_user": holder.user_id, "from_station": holder.station_code},
    )
    outcome = _opened(tx, gesture, row)
    verdict = Accepted("taken-over", {"order": row.order_number, "holder": holder.user_name})
    return Outcome(verdict, outcome.bench)


# --- an order is open --------------------------------------------------------------------------


def _with_order(tx: Transaction, gesture: Gesture, bench: Bench, scanned: Scan) -> Outcome:
    row = bench.row
    if bench.state == "cancelled":
        _close_session(tx, bench, "cancelled")
        fields = {"order": row.order_number, "reason": row.cancel_reason}
        return Outcome(Refused("order-cancelled", fields), bench)
    if isinstance(scanned, Unreadable):
        return Outcome(Refused("unreadable", {"why": scanned.why}), bench)
    if isinstance(scanned, OwnScan):
        return _own(tx, gesture, bench, scanned)
    if bench.state == "labelled":
        code = scanned.sscc if isinstance(scanned, SsccScan) else gesture.raw.strip()
        confirmed = shipping.confirm_label(tx, gesture.actor, bench, code)
        if confirmed is not None:
            return Outcome(confirmed, bench)
    if isinstance(scanned, SsccScan):
        return Outcome(Refused("unknown-barcode", {"raw": storable(gesture.raw)}), bench)
    return _item(tx, gesture, bench, scanned)


def _look_again(tx: Transaction, gesture: Gesture, bench: Bench) -> None:
    """Read the bench anew, now that its rows are locked.

    A second scanner of the station may have closed or opened a parcel while this scan waited
    for the lock, and a statement that waits sees the parcels of the moment before.
    """
    row = rows.bench_at(tx, gesture.station_id, gesture.scan_id)
    assert row is not None, "the session is locked"
    bench.row = row


def _own(tx: Transaction, gesture: Gesture, bench: Bench, scanned: OwnScan) -> Outcome:
    if tx.is_postgresql:
        _look_again(tx, gesture, bench)
    if scanned.kind is Own.COMMAND:
        act = _COMMANDS.get(scanned.payload)
        if act is None:
            return Outcome(Refused("not-for-packing", {"raw": storable(gesture.raw)}), bench)
        return act(tx, gesture, bench)
    if scanned.kind is Own.REASON:
        return _reason(tx, gesture, bench, scanned.payload)
    if scanned.kind is Own.CARTON:
        return Outcome(sealing.choose_carton(tx, bench, scanned.payload), bench)
    if scanned.kind in _OPENING:
        return _switch(tx, gesture, bench, scanned)
    return Outcome(Refused("not-for-packing", {"raw": storable(gesture.raw)}), bench)


def _switch(tx: Transaction, gesture: Gesture, bench: Bench, scanned: OwnScan) -> Outcome:
    """Another order's tote: only when nothing of the open one is packed yet."""
    row = bench.row
    shipment_id = _shipment_scanned(tx, scanned, row.warehouse_id)
    if shipment_id == row.shipment_id:
        fields = {"order": row.order_number, "missing": missing_words(bench.lines)}
        return Outcome(Accepted("resumed", fields), bench)
    if bench.state != "packing" or any(line.packed for line in bench.lines):
        fields = {"order": row.order_number, "missing": missing_words(bench.lines)}
        return Outcome(Refused("order-open", fields), bench)
    _close_session(tx, bench, "put-aside")
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id == row.shipment_id)
        .values(state=SHIPMENT.advance(bench.state, "put-aside"))
    )
    outcome = _open(tx, gesture, scanned, row.warehouse_id)
    return _instead_of_batch(tx, gesture, outcome, row.batch_tote_id)


def _close_session(tx: Transaction, bench: Bench, why: str) -> None:
    tx.execute(
        update(_session)
        .where(_session.c.id == bench.row.session_id)
        .values(closed_at=tx.now, closed_why=why, mode="")
    )
    bench.closed = True


def _set_mode(tx: Transaction, bench: Bench, mode: str) -> None:
    tx.execute(update(_session).where(_session.c.id == bench.row.session_id).values(mode=mode))
    bench.mode = mode


# --- items -------------------------------------------------------------------------------------


def _item(tx: Transaction, gesture: Gesture, bench: Bench, scanned: ProductScan) -> Outcome:
    found = rows.product_by_code(tx, bench.row.seller_id, scanned.code)
    if found is None:
        return Outcome(Refused("unknown-barcode", {"raw": storable(gesture.raw)}), bench)
    item = Item(
        product_id=found.product_id,
        sku=found.sku,
        name=found.name,
        units=found.quantity,
        lot=scanned.lot if found.tracking == "lot" else "",
        serial=scanned.serial if found.tracking == "serial" else "",
        expires_on=scanned.expires_on,
    )
    if bench.mode == "take-out":
        waits = buying.being_bought(tx, bench)
        if waits is not None:
            return Outcome(waits, bench)
        return _take_item_out(tx, bench, item)
    if bench.mode == "short":
        return Outcome(Refused("reason-needed"), bench)
    if bench.mode.startswith("short:"):
        return _short_item(tx, gesture, bench, item)
    return _count(tx, gesture, bench, item)


def _count(tx: Transaction, gesture: Gesture, bench: Bench, item: Item) -> Outcome:
    row = bench.row
    serials = (
        frozenset(one.serial for one in rows.contents_of(tx, row.shipment_id) if one.serial)
        if item.serial
        else frozenset[str]()
    )
    verdict, counts = judge_item(
        bench.lines, item, today=today_at(tx, row.timezone), serials_in_boxes=serials
    )
    if isinstance(verdict, Refused):
        if verdict.code == "wrong-item":
            where = belonging.where_it_belongs(tx, row.warehouse_id, item.product_id)
            verdict = replace(verdict, fields={**verdict.fields, **where})
        return Outcome(verdict, bench)
    if item.serial:
        lot = shorting.lot_of_serial(tx, bench, item)
        if lot is None:
            fields = {"sku": item.sku, "serial": item.serial}
            return Outcome(Refused("serial-not-here", fields), bench)
        counts = tuple(replace(count, lot=lot) for count in counts)
    counted = tuple((count.line.id, count.lot, count.serial, count.units) for count in counts)
    if not rows.count_into(tx, row.parcel_id, counted):
        _look_again(tx, gesture, bench)
        if not rows.count_into(tx, bench.row.parcel_id, counted):
            raise AssertionError("what is not complete has an open parcel")
    bench.lines = with_counts(bench.lines, counts)
    if not bench.missing:
        carton = sealing.complete(tx, bench, packed_by=gesture.actor.user_id)
        fields = {**verdict.fields, "order": row.order_number, "carton": carton}
        return Outcome(Accepted("complete", fields, tone="complete"), bench, counted)
    return Outcome(verdict, bench, counted)


def _take_item_out(tx: Transaction, bench: Bench, item: Item) -> Outcome:
    """Take pieces of *item* out of the parcels again, from the last parcel on."""
    _set_mode(tx, bench, "")
    of_product = {line.id for line in bench.lines if line.product_id == item.product_id}
    contents = [
        one
        for one in reversed(rows.contents_of(tx, bench.row.shipment_id))
        if one.shipment_line_id in of_product
        and item.lot in ("", one.lot)
        and item.serial in ("", one.serial)
    ]
    names = {"sku": item.sku, "name": item.name}
    if sum(one.quantity for one in contents) < item.units:
        return Outcome(Refused("not-in-box", names), bench)
    left = item.units
    taken: list[Counted] = []
    for one in contents:
        part = min(left, one.quantity)
        if part:
            counted = (one.shipment_line_id, one.lot, one.serial, part)
            rows.take_out_of(tx, one.parcel_id, [counted])
            taken.append((*counted[:3], -part))
        left -= part
    sealing.after_take_out(tx, bench)
    return Outcome(Accepted("taken-out", {**names, "quantity": item.units}), bench, tuple(taken))


# --- commands ----------------------------------------------------------------------------------


def _undo(tx: Transaction, _gesture: Gesture, bench: Bench) -> Outcome:
    """Take back the last counted scan of this shipment that was not taken back yet."""
    if bench.mode:
        _set_mode(tx, bench, "")
        return Outcome(Accepted("undone", {"sku": "", "name": "", "quantity": 0}), bench)
    if bench.state == "labelled":
        return Outcome(sealing.label_exists(tx, bench), bench)
    waits = buying.being_bought(tx, bench)
    if waits is not None:
        return Outcome(waits, bench)
    last = tx.execute(
        select(_event)
        .where(
            _event.c.shipment_id == bench.row.shipment_id,
            _event.c.process == "pack",
            _event.c.code.in_(("counted", "complete")),
            _event.c.quantity > 0,
            _event.c.undone_by_id.is_(None),
        )
        .order_by(_event.c.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return Outcome(Refused("nothing-to-undo"), bench)
    counted: list[Counted] = [
        (int(line), str(lot), str(serial), int(units))
        for line, lot, serial, units in last.fields.get(
            "counts", [[last.shipment_line_id, last.lot, last.serial, last.quantity]]
        )
    ]
    if not _still_in(tx, last.parcel_id, counted):
        return Outcome(Refused("nothing-to-undo"), bench)
    rows.take_out_of(tx, last.parcel_id, counted)
    sealing.after_take_out(tx, bench)
    names = {name: last.fields[name] for name in ("sku", "name")}
    verdict = Accepted("undone", {**names, "quantity": last.quantity})
    return Outcome(verdict, bench, takes_back=last.id)


def _still_in(tx: Transaction, parcel_id: int, counted: Sequence[Counted]) -> bool:
    """Whether the parcel still holds what the scan counted (TAKE OUT may have been there)."""
    table = table_of(ParcelLine)
    here = {
        (row.shipment_line_id, row.lot, row.serial): row.quantity
        for row in tx.execute(select(table).where(table.c.parcel_id == parcel_id))
    }
    return all(here.get((line, lot, serial), 0) >= units for line, lot, serial, units in counted)


def _start_take_out(tx: Transaction, _gesture: Gesture, bench: Bench) -> Outcome:
    if bench.state == "labelled":
        return Outcome(sealing.label_exists(tx, bench), bench)
    waits = buying.being_bought(tx, bench)
    if waits is not None:
        return Outcome(waits, bench)
    _set_mode(tx, bench, "take-out")
    return Outcome(Accepted("take-out-which", tone="attention"), bench)


def _start_short(tx: Transaction, _gesture: Gesture, bench: Bench) -> Outcome:
    if not bench.missing:
        return Outcome(Refused("nothing-short"), bench)
    _set_mode(tx, bench, "short")
    return Outcome(Accepted("short-why", tone="attention"), bench)


def _reason(tx: Transaction, gesture: Gesture, bench: Bench, payload: str) -> Outcome:
    reason = payload.lower()
    if bench.mode != "short" or reason not in SHORT_REASONS:
        return Outcome(Refused("not-for-packing", {"raw": storable(gesture.raw)}), bench)
    if bench.missing == 1:
        return _shorted(tx, gesture, bench, reason, product_id=None, units=None)
    _set_mode(tx, bench, f"short:{reason}")
    return Outcome(Accepted("short-which", {"reason": reason}, tone="attention"), bench)


def _short_item(tx: Transaction, gesture: Gesture, bench: Bench, item: Item) -> Outcome:
    reason = bench.mode.removeprefix("short:")
    missing = sum(line.missing for line in bench.lines if line.product_id == item.product_id)
    if missing < item.units:
        return Outcome(Refused("nothing-short"), bench)
    return _shorted(tx, gesture, bench, reason, product_id=item.product_id, units=item.units)


def _confirm(tx: Transaction, gesture: Gesture, bench: Bench) -> Outcome:
    """CONFIRM: everything missing is short; or "I am done", which the missing pieces refuse."""
    if bench.mode == "short":
        return Outcome(Refused("reason-needed"), bench)
    if bench.mode.startswith("short:"):
        reason = bench.mode.removeprefix("short:")
        return _shorted(tx, gesture, bench, reason, product_id=None, units=None)
    if bench.missing:
        return Outcome(Refused("not-complete", {"missing": missing_words(bench.lines)}), bench)
    fields = {"order": bench.row.order_number, "missing": ""}
    return Outcome(Accepted("resumed", fields), bench)


def _shorted(
    tx: Transaction,
    gesture: Gesture,
    bench: Bench,
    reason: str,
    *,
    product_id: int | None,
    units: int | None,
) -> Outcome:
    _set_mode(tx, bench, "")
    verdict = shorting.short_at_bench(
        tx,
        gesture.actor,
        bench,
        scan_id=gesture.scan_id,
        reason=reason,
        product_id=product_id,
        units=units,
    )
    return Outcome(verdict, bench)


def _next_parcel(tx: Transaction, gesture: Gesture, bench: Bench) -> Outcome:
    if not bench.missing:
        return Outcome(Refused("not-for-packing", {"raw": storable(gesture.raw)}), bench)
    if not any(
        one.parcel_id == bench.row.parcel_id for one in rows.contents_of(tx, bench.row.shipment_id)
    ):
        return Outcome(Refused("parcel-empty"), bench)
    facts = rows.shipment_facts(tx, bench.row.shipment_id)
    assert facts is not None, "its row is locked"
    number = facts.last_parcel + 1  # a parcel that stayed empty keeps its number
    if number > MOST_PARCELS:
        return Outcome(Refused("too-many-parcels", {"most": MOST_PARCELS}), bench)
    sealing.close_parcel(tx, bench, packed_by=gesture.actor.user_id)
    _new_parcel(tx, bench.row, sequence=number)
    return Outcome(Accepted("next-parcel", {"parcel": number}), bench)


def _re_weigh(tx: Transaction, _gesture: Gesture, bench: Bench) -> Outcome:
    return Outcome(sealing.forget_weight(tx, bench), bench)


def _void(tx: Transaction, gesture: Gesture, bench: Bench) -> Outcome:
    return Outcome(sealing.void_all(tx, gesture.actor, bench, reason="scanned VOID LABEL"), bench)


def _reprint(tx: Transaction, gesture: Gesture, bench: Bench) -> Outcome:
    return Outcome(sealing.reprint(tx, gesture.actor, bench), bench)


def _hold(tx: Transaction, gesture: Gesture, bench: Bench) -> Outcome:
    """Put the shipment on hold and clear the bench; a supervisor releases it."""
    tx.execute(
        insert(table_of(Hold)),
        {
            "order_id": bench.row.order_id,
            "shipment_id": bench.row.shipment_id,
            "type": "other",
            "reason": "held at the packing station",
            "placed_at": tx.now,
            "placed_by_id": gesture.actor.user_id,
        },
    )
    _close_session(tx, bench, "held")
    return Outcome(
        Accepted("put-on-hold", {"order": bench.row.order_number}, tone="attention"), bench
    )


_COMMANDS: dict[str, Callable[[Transaction, Gesture, Bench], Outcome]] = {
    Command.UNDO: _undo,
    Command.TAKE_OUT: _start_take_out,
    Command.SHORT: _start_short,
    Command.CONFIRM: _confirm,
    Command.NEXT_PARCEL: _next_parcel,
    Command.RE_WEIGH: _re_weigh,
    Command.VOID_LABEL: _void,
    Command.REPRINT: _reprint,
    Command.HOLD: _hold,
}
