"""Picking by scans: claim a list, then one gesture a call.  The procedure on the floor stands
in :mod:`fulfillment.domain.picking`; here its decisions are carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment.domain import pick_walk, picking
from fulfillment.domain.barcodes import Command, Own, OwnScan, ProductScan, Scan, parse
from fulfillment.domain.errors import (
    AlreadyTaken,
    HasOpenWork,
    IllegalEvent,
    KeyReused,
    NothingToDo,
    UnknownThing,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.pick_walk import Decision, PickState, Put, Seen, SeenPut, Share, UndoPut
from fulfillment.domain.states import PICK_LIST, SHIPMENT
from fulfillment.domain.values import BIN, TOTE, Place, ScanSource, Verdict
from fulfillment.services import rewalking, short_picks
from fulfillment.store import locks
from fulfillment.store import picking as rows
from fulfillment.store.base import table_of
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment
from fulfillment.store.picking import OpenFeeds
from fulfillment.store.reservations import follow_all
from fulfillment.store.scans import check_scan_id, record_scan
from fulfillment.store.stock import Move, post
from fulfillment.store.transaction import Transaction, reads, writes
from fulfillment.store.work import PickList, PickListShipment, PickStop, ToteUse

_list = table_of(PickList)
_member = table_of(PickListShipment)
_stop = table_of(PickStop)
_use = table_of(ToteUse)
_shipment = table_of(Shipment)
_event = table_of(ScanEvent)


@dataclass(frozen=True)
class PickReply:
    """The answer to a scan: the verdict, and the state that the page shows now."""

    verdict: Verdict
    view: PickState
    repeated: bool = False
    """Whether the scan id was known: the verdict is the first one, the state the present one."""


# --- claiming ------------------------------------------------------------------------------


@writes
def claim_list(
    tx: Transaction, actor: Actor, *, warehouse_id: int, number: str | None = None
) -> PickState:
    """Give the actor the next open list of a warehouse, or the named one.

    Two pickers never get the same list; who already has one gets that back.  Raises
    :class:`NothingToDo` when none is open, :class:`AlreadyTaken` or :class:`IllegalEvent`
    for a named one that is claimed or done, :class:`HasOpenWork` when another than the
    named one is the actor's.
    """
    actor.require(Permission.PICK, warehouse_id=warehouse_id)
    rows.lock_person(tx, actor.user_id)
    mine = rows.claimed_by(tx, actor.user_id, warehouse_id)
    if mine is not None:
        if number not in (None, mine.number):
            raise HasOpenWork(kind="pick list", number=mine.number)
        return _view(tx, mine.id)
    if number is not None:
        return _claim(tx, actor, _named_list(tx, number, warehouse_id))
    while (list_id := rows.next_open(tx, warehouse_id)) is not None:
        view = _claim(tx, actor, list_id)
        if view.state == "claimed":
            return view
    raise NothingToDo(what="pick list")


@reads
def see_list(tx: Transaction, actor: Actor, *, pick_list_id: int) -> PickState:
    """The present state of a list: where its picker goes and what is taken there."""
    row = _sight(actor, rows.read_list(tx, pick_list_id), pick_list_id)
    return rows.state_of(tx, row)


def _named_list(tx: Transaction, number: str, warehouse_id: int) -> int:
    found = rows.find_list(tx, number, warehouse_id)
    if found is None:
        raise UnknownThing(kind="pick list", key=number)
    if found.state == "claimed":
        raise AlreadyTaken(
            kind="pick list", holder=found.holder or "", since=found.claimed_at.isoformat()
        )
    PICK_LIST.advance(found.state, "claim")
    return int(found.id)


def _claim(tx: Transaction, actor: Actor, list_id: int) -> PickState:
    """Claim a list that is locked.  One that has nothing left to pick is finished instead."""
    claimed = tx.execute(
        update(_list)
        .where(_list.c.id == list_id, _list.c.state.in_(PICK_LIST.sources("claim")))
        .values(state="claimed", picker_id=actor.user_id, claimed_at=tx.now)
    )
    if claimed.rowcount != 1:
        raise IllegalEvent(machine=PICK_LIST.name, state="claimed", event="claim")
    tx.execute(_START, {"b_list": list_id, "b_now": tx.now, "b_picker": actor.user_id})
    view = _view(tx, list_id)
    if view.stop is None:
        _save(tx, list_id, state="done", finished_at=tx.now, current_stop_id=None)
        return _view(tx, list_id)
    return view


_START = (
    update(_shipment)
    .where(
        _shipment.c.id.in_(
            select(_member.c.shipment_id).where(_member.c.pick_list_id == bindparam("b_list"))
        ),
        _shipment.c.state.in_(SHIPMENT.sources("start-pick")),
    )
    .values(
        state="picking",
        pick_started_at=bindparam("b_now"),
        pick_started_by_id=bindparam("b_picker"),
    )
)


def _view(tx: Transaction, list_id: int) -> PickState:
    row = rows.read_list(tx, list_id)
    assert row is not None, "the list was just locked"
    return rows.state_of(tx, row)


def _sight(actor: Actor, row: Row[Any] | None, pick_list_id: int) -> Row[Any]:
    if row is None:
        actor.require(Permission.PICK)
        raise UnknownThing(kind="pick list", key=str(pick_list_id))
    actor.require_sight(
        Permission.PICK,
        kind="pick list",
        key=str(pick_list_id),
        warehouse_id=row.warehouse_id,
        seller_id=None,
    )
    return row


# --- one scan --------------------------------------------------------------------------------


@writes
def scan(
    tx: Transaction,
    actor: Actor,
    *,
    pick_list_id: int,
    scan_id: str,
    raw: str,
    source: ScanSource = "scanner",
) -> PickReply:
    """Answer one scan of the list's picker; a known *scan_id* gets its first verdict again.

    Every scan is stored, refused ones too.  Raises :class:`UnknownThing` for a list that is
    not this person's to see and :class:`KeyReused` for a scan id of other work.
    """
    check_scan_id(scan_id)
    parsed = parse(raw)
    if isinstance(parsed, OwnScan) and parsed.kind is Own.REASON:
        # A short pick changes orders, and orders are locked before lists.
        locks.lock_orders(tx, rows.order_ids_of_list(tx, pick_list_id))
    row = _sight(actor, rows.lock_list(tx, pick_list_id, scan_id), pick_list_id)
    known = rows.first_verdict(row)
    if known is not None:
        if row.known_list != pick_list_id:
            raise KeyReused(key=scan_id)
        return PickReply(known, rows.state_of(tx, row), repeated=True)
    return _answer(tx, actor, row, parsed, Read(scan_id, raw, source))


@dataclass(frozen=True)
class Read:
    """What was read: the scan's id, its text, and what read it."""

    scan_id: str
    raw: str
    source: ScanSource


def _answer(tx: Transaction, actor: Actor, row: Row[Any], parsed: Scan, read: Read) -> PickReply:
    seen: Seen
    feeds = OpenFeeds()
    if isinstance(parsed, OwnScan) and parsed.kind is Own.TOTE and row.in_hand:
        state, seen, feeds = rows.state_and_tote(tx, row, parsed.payload)
    else:
        state = rows.state_of(tx, row)
        seen = _see(tx, state, parsed)
    decision = picking.decide(state, parsed, seen, picker_id=actor.user_id)
    effect = decision.effect
    if isinstance(effect, Put) and effect.binds and not _bind_tote(tx, state, effect):
        # Another picker's scan took the tote since it was looked at: look again.
        return _answer(tx, actor, row, parsed, read)
    return _Step(tx, actor, state, read).carry_out(decision, feeds)


def _see(tx: Transaction, state: PickState, parsed: Scan) -> Seen:
    """What the database knows of the scanned thing, where it matters; totes come with the state."""
    if state.stop is None or state.short_asked or state.cancelled:
        return None
    match parsed:
        case ProductScan() if state.bin_scanned:
            return rows.see_item(tx, parsed, state.stop)
        case OwnScan(Own.COMMAND, Command.UNDO) if not state.in_hand:
            return rows.see_last_put(tx, state.list_id, is_batch=state.is_batch)
        case _:
            return None


def _bind_tote(tx: Transaction, state: PickState, put: Put) -> bool:
    """Make an unused tote the shipment's, or the batch's; False when it is used since it was
    looked at."""
    bound = tx.execute(
        _BIND_TOTE[tx.connection.dialect.name],
        {
            "b_tote": put.tote.location_id,
            "b_shipment": None if state.is_batch else put.shares[0].feed.shipment_id,
            "b_list": state.list_id,
            "b_now": tx.now,
        },
    )
    return bound.one_or_none() is not None


@dataclass(frozen=True)
class _Step:
    """One scan that was decided, and what its effect needs to know."""

    tx: Transaction
    actor: Actor
    state: PickState
    read: Read

    def carry_out(self, decision: Decision, feeds: OpenFeeds) -> PickReply:
        tx, state, effect = self.tx, self.state, decision.effect
        if isinstance(effect, pick_walk.CutShort):
            verdict = short_picks.cut_short(
                tx, self.actor, state=state, short=effect, scan_id=self.read.scan_id
            )
            self._record(verdict, {"lot": state.stop.lot if state.stop else ""})
            return PickReply(verdict, _after_reload(tx, state))
        event_id = self._record(decision.verdict, _subject(effect))
        match effect:
            case Put():
                self._put(effect, feeds)
            case UndoPut(put):
                self._undo(put, event_id)
            case _:
                _change_list(tx, state, effect)
        view = picking.after(state, effect)
        return PickReply(decision.verdict, view or _after_reload(tx, state))

    def _record(self, verdict: Verdict, subject: Mapping[str, Any]) -> int:
        return record_scan(
            self.tx,
            self.actor,
            verdict,
            scan_id=self.read.scan_id,
            process="pick",
            raw=self.read.raw,
            source=self.read.source,
            subject={"pick_list_id": self.state.list_id, **subject},
        )

    def _put(self, put: Put, feeds: OpenFeeds) -> None:
        tx, state, stop = self.tx, self.state, self.state.stop
        assert stop is not None, "a put happens at a stop"
        if feeds.elsewhere or state.is_batch:
            locks.lock_shipments(tx, {share.feed.shipment_id for share in put.shares})
        rows.count_picked(
            tx,
            [(share.feed.id, share.feed.shipment_line_id, share.quantity) for share in put.shares],
        )
        if put.quantity == stop.wanted:
            short = any(other.short for other in stop.feeds)
            rows.finish_stop(tx, stop.id, "short" if short else "pick")
        done = {
            share.feed.shipment_id
            for share in put.shares
            if share.quantity == share.feed.wanted
            and (state.is_batch or feeds.everywhere - feeds.elsewhere <= 1)
        }
        if done:
            rows.finish_shipments(tx, done, by_id=self.actor.user_id)
        follow_all(
            tx,
            {share.feed.shipment_line_id: share.quantity for share in put.shares},
            product_id=stop.product_id,
            lot=stop.lot,
            source_id=stop.location_id,
            target_id=put.tote.location_id,
        )
        source = Place(stop.location_id, BIN, state.warehouse_id)
        target = Place(put.tote.location_id, TOTE, state.warehouse_id)
        moves = [
            Move(
                product_id=stop.product_id,
                quantity=quantity,
                source=source,
                target=target,
                reason="pick",
                reference=("pick_feed", feed_id),
                key=rows.pick_key(self.read.scan_id, number),
                lot=stop.lot,
                serial=serial,
                reserved_quantity=quantity,
                reserve_at_target=quantity,
            )
            for number, (feed_id, serial, quantity) in enumerate(_units(put.shares))
        ]
        post(tx, actor_id=self.actor.user_id, moves=moves)
        values: dict[str, Any] = {}
        if put.quantity == stop.wanted:
            values["current_stop_id"] = None
            if state.next_stop is None:
                values |= {"state": "done", "finished_at": tx.now}
        _save(tx, state.list_id, **_EMPTY_HANDS, **values)

    def _undo(self, put: SeenPut, event_id: int) -> None:
        tx, state = self.tx, self.state
        picked = {part.shipment_id for part in put.parts if part.shipment_state == "picked"}
        if picked:
            _reopen_shipments(tx, picked)
        tx.execute(update(_event).where(_event.c.id == put.event_id).values(undone_by_id=event_id))
        rows.count_picked(
            tx, [(part.feed_id, part.shipment_line_id, -part.quantity) for part in put.parts]
        )
        rows.reopen_stop(tx, put.stop_id)
        follow_all(
            tx,
            {part.shipment_line_id: part.quantity for part in put.parts},
            product_id=put.product_id,
            lot=put.lot,
            source_id=put.tote_id,
            target_id=put.bin_id,
        )
        moves = [
            Move(
                product_id=put.product_id,
                quantity=quantity,
                source=Place(put.tote_id, TOTE, state.warehouse_id),
                target=Place(put.bin_id, BIN, state.warehouse_id),
                reason="pick",
                reference=("pick_feed", feed_id),
                key=f"undo:{rows.pick_key(put.scan_id, number)}",
                lot=put.lot,
                serial=serial,
                reserved_quantity=quantity,
                reserve_at_target=quantity,
            )
            for number, (feed_id, serial, quantity) in enumerate(
                (part.feed_id, serial, quantity)
                for part in put.parts
                for serial, quantity in [(serial, 1) for serial in part.serials]
                or [("", part.quantity)]
            )
        ]
        post(tx, actor_id=self.actor.user_id, moves=moves)
        rows.close_empty_totes(tx, [put.tote_id])
        _save(tx, state.list_id, current_stop_id=put.stop_id)


def _units(shares: Sequence[Share]) -> Iterator[tuple[int, str, int]]:
    """(feed, serial, units) of each move: one for a share, or one for each serial number."""
    for share in shares:
        for serial, quantity in [(serial, 1) for serial in share.serials] or [("", share.quantity)]:
            yield share.feed.id, serial, quantity


def _subject(effect: pick_walk.Effect) -> dict[str, Any]:
    """The columns of the scan log that say what an accepted scan was about."""
    match effect:
        case Put((share,)):
            return {
                "shipment_id": share.feed.shipment_id,
                "shipment_line_id": share.feed.shipment_line_id,
                "serial": share.serials[0] if len(share.serials) == 1 else "",
                "quantity": share.quantity,
            }
        case Put():
            return {"quantity": effect.quantity}
        case UndoPut(SeenPut(parts=(part,)) as put):
            return {
                "shipment_id": part.shipment_id,
                "shipment_line_id": part.shipment_line_id,
                "lot": put.lot,
            }
        case UndoPut(put):
            return {"lot": put.lot}
        case pick_walk.Take(_, _, serials):
            return {"serial": serials[-1] if serials else ""}
        case pick_walk.Drop(shipment_ids):
            return {"shipment_id": shipment_ids[0]}
        case _:
            return {}


def _change_list(tx: Transaction, state: PickState, effect: pick_walk.Effect) -> None:
    """Carry out an effect that changes nothing but the walk itself."""
    list_id = state.list_id
    match effect:
        case pick_walk.Nothing():
            pass
        case pick_walk.OpenStop(stop_id):
            _save(tx, list_id, current_stop_id=stop_id)
        case pick_walk.Take(feed_id, in_hand, serials):
            _save(
                tx,
                list_id,
                in_hand_feed_id=feed_id,
                in_hand=in_hand,
                in_hand_serials=list(serials),
            )
        case pick_walk.TakeBack():
            _save(tx, list_id, **_EMPTY_HANDS)
        case pick_walk.AskShort(asked):
            _save(tx, list_id, short_asked=asked, short_found=None)
        case pick_walk.SayFound(found):
            _save(tx, list_id, short_found=found)
        case pick_walk.CloseTote(shipment_id):
            _close_tote(tx, list_id, shipment_id)
        case pick_walk.Skip(stop_id):
            rewalking.skip_stop(tx, list_id, stop_id, stands_there=state.bin_scanned)
            _save(tx, list_id, current_stop_id=None)
        case pick_walk.HandOver():
            _save(tx, list_id, state="open", picker_id=None, claimed_at=None, current_stop_id=None)
        case pick_walk.Drop(shipment_ids):
            _drop(tx, state, shipment_ids)
        case pick_walk.Finish():
            _save(tx, list_id, state="done", finished_at=tx.now, current_stop_id=None)
        case _:
            raise AssertionError(f"no effect on the walk alone: {effect}")


def _after_reload(tx: Transaction, state: PickState) -> PickState:
    """The state as the database has it now; a list without work left is finished."""
    view = _view(tx, state.list_id)
    if view.state == "claimed" and view.stop is None and not view.cancelled:
        _save(tx, state.list_id, state="done", finished_at=tx.now, current_stop_id=None)
        return _view(tx, state.list_id)
    return view


# --- parts of effects --------------------------------------------------------------------------


_EMPTY_HANDS: dict[str, Any] = {"in_hand_feed_id": None, "in_hand": 0, "in_hand_serials": []}


def _save(tx: Transaction, list_id: int, **values: Any) -> None:
    tx.execute(_SAVE, {"b_list": list_id, **values})


_SAVE = update(_list).where(_list.c.id == bindparam("b_list"))


def _close_tote(tx: Transaction, list_id: int, shipment_id: int | None) -> None:
    tx.execute(
        update(_use)
        .where(
            _use.c.shipment_id.is_not_distinct_from(shipment_id),
            _use.c.pick_list_id == list_id,
            _use.c.closed_at.is_(None),
            _use.c.full_at.is_(None),
        )
        .values(full_at=tx.now)
    )


def _drop(tx: Transaction, state: PickState, shipment_ids: tuple[int, ...]) -> None:
    tx.execute(
        update(_member)
        .where(_member.c.pick_list_id == state.list_id, _member.c.shipment_id.in_(shipment_ids))
        .values(dropped_at=tx.now)
    )
    # The feeds of the state are those of living shipments.
    feeds = state.stop.feeds if state.stop else ()
    if state.is_batch:
        lost = bool(state.goes_back) or not state.in_hand
    else:
        lost = all(feed.id != state.in_hand_feed_id for feed in feeds)
    if lost:
        _save(tx, state.list_id, short_asked=False, short_found=None, **_EMPTY_HANDS)


def _reopen_shipments(tx: Transaction, shipment_ids: set[int]) -> None:
    reopened = tx.execute(
        update(_shipment)
        .where(
            _shipment.c.id.in_(sorted(shipment_ids)),
            _shipment.c.state.in_(SHIPMENT.sources("undo-pick")),
        )
        .values(state="picking", picked_at=None, picked_by_id=None)
    )
    if reopened.rowcount != len(shipment_ids):
        raise IllegalEvent(machine=SHIPMENT.name, state="packing", event="undo-pick")


def _binding(dialect: Any) -> Any:
    return (
        dialect.insert(_use)
        .values(
            tote_id=bindparam("b_tote"),
            shipment_id=bindparam("b_shipment"),
            pick_list_id=bindparam("b_list"),
            opened_at=bindparam("b_now"),
        )
        .on_conflict_do_nothing()
        .returning(_use.c.id)
    )


_BIND_TOTE = {"sqlite": _binding(sqlite), "postgresql": _binding(postgresql)}
