"""What a picker's scan means: one pure function of the walk's state and the scan.

The procedure on the floor, one gesture a scan::

    claim a list
    for each stop of the walk:
        scan the bin                      once
        for each tote that the stop feeds:
            scan the item                 once (or every piece, by policy)
            scan the tote                 it confirms; the first one scanned is bound
    the last tote ends the list

A batch list feeds one tote at each stop: the item stands for what all its orders want there,
and the put is shared out among them, the most urgent first.  Who gets which piece is decided
when the tote is sorted at the put wall, or packed piece by piece.

Besides: UNDO takes back what is in hand, else the last put.  A quantity barcode after the
item says that fewer are in hand.  TOTE FULL closes the tote that is awaited, the next one
scanned is bound.  SKIP sends the stop to the end of the walk.  HAND OVER gives the list
back.  SHORT, perhaps a quantity (found for this stop), and a reason report a short pick.

:func:`decide` answers a scan with a :class:`Decision`: the verdict for the picker and the
effect for the warehouse.  It knows no database; what the database knows about a scanned
thing comes in as ``seen``.  :func:`after` is the state that an effect leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from fulfillment.domain.barcodes import Command, Own, OwnScan, ProductScan, Scan, Unreadable
from fulfillment.domain.pick_walk import (
    AskShort,
    CloseTote,
    Cut,
    CutShort,
    Decision,
    Drop,
    Effect,
    Feed,
    Finish,
    HandOver,
    Nothing,
    OpenStop,
    PickState,
    Put,
    SayFound,
    Seen,
    SeenItem,
    SeenPut,
    SeenTote,
    Share,
    Skip,
    Stop,
    Take,
    TakeBack,
    UndoPut,
)
from fulfillment.domain.values import SHORT_REASONS, Accepted, Refused, Tone, Verdict


@dataclass(frozen=True)
class Meaning:
    """What a code says, the names of the fields that its sentence is filled with, its tone."""

    says: str
    fields: tuple[str, ...] = ()
    tone: Tone = "accepted"


REFUSALS: dict[str, Meaning] = {
    "not-your-list": Meaning("somebody else picks this list", ("list", "holder")),
    "list-not-claimed": Meaning("nobody has claimed this list: claim it first", ("list",)),
    "list-done": Meaning("the list is finished or cancelled", ("list",)),
    "order-cancelled": Meaning(
        "an order of the list was cancelled: set its tote aside for put-back, go on with the next",
        ("shipment", "position", "totes"),
    ),
    "batch-order-cancelled": Meaning(
        "orders of the batch were cancelled: what the tote holds of them is set aside when it is "
        "sorted; units in hand go back to the bin",
        ("shipment", "in_hand"),
    ),
    "unreadable": Meaning("the scanned text is no barcode", ("why",)),
    "not-for-picking": Meaning("this barcode means nothing here", ("scanned", "expected")),
    "bin-first": Meaning("the bin was not scanned yet", ("expected",)),
    "wrong-bin": Meaning("another bin is the next stop", ("scanned", "expected")),
    "in-hand": Meaning(
        "goods are in hand: put them into the tote, or UNDO", ("sku", "quantity", "tote")
    ),
    "item-first": Meaning("nothing is in hand: scan the item first", ("sku",)),
    "unknown-barcode": Meaning("no product has this barcode", ("scanned", "expected")),
    "wrong-item": Meaning("another product is wanted", ("scanned", "expected")),
    "wrong-lot": Meaning("another lot was reserved", ("scanned", "expected", "sku")),
    "expired": Meaning("these goods are expired", ("sku", "lot", "expires_on")),
    "case-too-big": Meaning(
        "the barcode stands for more than is wanted", ("sku", "case", "wanted")
    ),
    "too-many": Meaning("all that is wanted is in hand", ("sku", "wanted")),
    "serial-needed": Meaning("each unit's serial number must be scanned", ("sku",)),
    "serial-not-here": Meaning("the books have this serial elsewhere", ("serial", "sku", "bin")),
    "serial-in-hand": Meaning("this serial is in hand already", ("serial",)),
    "scan-every-piece": Meaning("here every piece is scanned, no quantity is typed", ("sku",)),
    "wrong-quantity": Meaning("the quantity must be between 1 and what is wanted", ("wanted",)),
    "unknown-tote": Meaning("this warehouse has no such tote", ("scanned",)),
    "tote-of-another": Meaning(
        "the tote holds another order's goods", ("tote", "owner", "expected")
    ),
    "wrong-tote": Meaning("this order has another tote", ("tote", "expected")),
    "tote-is-full": Meaning("this tote was closed as full: scan another", ("tote",)),
    "tote-not-empty": Meaning("goods of nobody lie in the tote: empty it first", ("tote",)),
    "tote-taken": Meaning("this order's tote travels with another list", ("tote",)),
    "nothing-to-undo": Meaning("nothing was put on this list yet"),
    "undo-too-late": Meaning("the last put's order is being packed already", ("shipment",)),
    "last-stop": Meaning("it is the only stop left: it cannot be skipped", ("bin",)),
    "short-first": Meaning("a reason belongs to SHORT: scan SHORT first"),
    "reason-needed": Meaning("SHORT was scanned: scan the reason, or UNDO", ("sku",)),
    "unknown-reason": Meaning("not a reason of the list", ("scanned",)),
    "quantity-needed": Meaning("scan how many were found before the reason", ("sku", "wanted")),
    "nothing-short": Meaning("all that is wanted was found: nothing is short", ("found", "wanted")),
    "fewer-than-in-hand": Meaning("more pieces are in hand than found", ("found", "in_hand")),
}
"""Every reason to refuse a picker's scan."""

ACCEPTANCES: dict[str, Meaning] = {
    "bin": Meaning("the right bin", ("bin", "sku", "quantity")),
    "item": Meaning("the right item: put it into the tote", ("sku", "quantity", "wanted", "tote")),
    "put": Meaning("confirmed", ("sku", "quantity", "tote", "shipment", "position")),
    "put-last": Meaning(
        "confirmed, and the list is done",
        ("sku", "quantity", "tote", "shipment", "position"),
        tone="complete",
    ),
    "batch-put": Meaning("confirmed", ("sku", "quantity", "tote")),
    "batch-put-last": Meaning(
        "confirmed, and the list is done", ("sku", "quantity", "tote"), tone="complete"
    ),
    "quantity": Meaning("so many are in hand", ("sku", "quantity")),
    "taken-back": Meaning("in hand no more: back to the bin", ("sku", "quantity", "bin")),
    "put-undone": Meaning("out of the tote, back to the bin", ("sku", "quantity", "tote", "bin")),
    "short-dropped": Meaning("SHORT was taken back", ("sku",)),
    "tote-closed": Meaning("full: scan another tote", ("tote", "shipment")),
    "batch-tote-closed": Meaning("full: scan another tote", ("tote",)),
    "skipped": Meaning("the stop comes last now", ("bin",)),
    "handed-over": Meaning("the list waits for another picker", ("list",)),
    "short": Meaning(
        "scan how many were found, or the reason", ("sku", "wanted"), tone="attention"
    ),
    "found": Meaning(
        "so many were found: scan the reason", ("sku", "found", "wanted"), tone="attention"
    ),
    "short-other-bin": Meaning(
        "the missing units are to be taken from another bin",
        ("sku", "missing", "bins", "owed"),
        tone="attention",
    ),
    "short-owed": Meaning(
        "the missing units are owed to the customer", ("sku", "missing", "owed"), tone="attention"
    ),
    "list-done": Meaning("nothing is left to pick", ("list",), tone="complete"),
}
"""Every answer to an accepted scan of a picker."""


# --- the decision --------------------------------------------------------------------------


def decide(state: PickState, scan: Scan, seen: Seen = None, *, picker_id: int) -> Decision:
    """What *scan* by *picker_id* does in *state*.

    *seen* is what the database knows: a :class:`SeenItem` for a product code, a
    :class:`SeenTote` for a tote of this warehouse, the :class:`SeenPut` for UNDO with
    nothing in hand; None where there is no such thing.
    """
    if state.state == "open":
        return refuse("list-not-claimed", list=state.number)
    if state.state != "claimed":
        if state.cancelled and state.picker_id == picker_id:
            # The cancellation itself ended the list: its picker stands there with the tote.
            return _tell_of_cancelled(state)
        return refuse("list-done", list=state.number)
    if state.picker_id != picker_id:
        return refuse("not-your-list", list=state.number, holder=state.picker_name)
    if state.cancelled:
        return _tell_of_cancelled(state)
    if state.stop is None:
        return accept("list-done", Finish(), list=state.number)
    return _at_stop(state, state.stop, scan, seen)


def _tell_of_cancelled(state: PickState) -> Decision:
    first = state.cancelled[0]
    if state.is_batch:
        return refuse(
            "batch-order-cancelled",
            Drop(tuple(one.shipment_id for one in state.cancelled)),
            shipment=", ".join(one.number for one in state.cancelled),
            in_hand=state.goes_back,
        )
    return refuse(
        "order-cancelled",
        Drop((first.shipment_id,)),
        shipment=first.number,
        position=first.position,
        totes=list(first.totes),
    )


def _at_stop(state: PickState, stop: Stop, scan: Scan, seen: Seen) -> Decision:
    match scan:
        case Unreadable(why):
            return refuse("unreadable", why=why)
        case OwnScan(Own.COMMAND, word):
            return _command(state, stop, word, seen)
        case OwnScan(Own.REASON, word):
            return _reason(state, stop, word)
        case OwnScan(Own.QUANTITY, digits):
            return _quantity(state, stop, digits)
        case _ if state.short_asked:
            return refuse("reason-needed", sku=stop.sku)
        case OwnScan(Own.LOCATION, code):
            return _bin(state, stop, code)
        case OwnScan(Own.TOTE, code):
            return _tote(state, stop, code, seen)
        case ProductScan():
            return _item(state, stop, scan, seen)
        case _:
            scanned = scan.kind.name if isinstance(scan, OwnScan) else "SSCC"
            return refuse("not-for-picking", scanned=scanned, expected=state.awaits)


def _bin(state: PickState, stop: Stop, code: str) -> Decision:
    if state.in_hand:
        return _still_in_hand(state, stop)
    if code != stop.location_code:
        return refuse("wrong-bin", scanned=code, expected=stop.location_code)
    return accept(
        "bin", OpenStop(stop.id), bin=stop.location_code, sku=stop.sku, quantity=stop.wanted
    )


def _item(state: PickState, stop: Stop, scan: ProductScan, seen: Seen) -> Decision:
    if not state.bin_scanned:
        return refuse("bin-first", expected=stop.location_code)
    if not isinstance(seen, SeenItem):
        return refuse("unknown-barcode", scanned=scan.code, expected=stop.sku)
    return (
        _wrong_goods(state, stop, scan, seen)
        or _wrong_serial(state, stop, seen)
        or _take(state, stop, seen)
    )


def _wrong_goods(
    state: PickState, stop: Stop, scan: ProductScan, seen: SeenItem
) -> Decision | None:
    if seen.product_id != stop.product_id:
        return refuse("wrong-item", scanned=seen.sku, expected=stop.sku)
    if stop.tracking != "none" and scan.lot and scan.lot != stop.lot:
        return refuse("wrong-lot", scanned=scan.lot, expected=stop.lot, sku=stop.sku)
    days = [day for day in (scan.expires_on, stop.expires_on) if day is not None]
    if days and min(days) < state.today:
        return refuse(
            "expired", sku=stop.sku, lot=scan.lot or stop.lot, expires_on=min(days).isoformat()
        )
    return None


def _wrong_serial(state: PickState, stop: Stop, seen: SeenItem) -> Decision | None:
    if stop.tracking != "serial":
        return None
    if not seen.serial:
        return refuse("serial-needed", sku=stop.sku)
    if seen.serial in state.in_hand_serials:
        return refuse("serial-in-hand", serial=seen.serial)
    if not seen.serial_here:
        return refuse("serial-not-here", serial=seen.serial, sku=stop.sku, bin=stop.location_code)
    return None


def _take(state: PickState, stop: Stop, seen: SeenItem) -> Decision:
    feed = state.feed
    assert feed is not None, "a stop without an open feed is not worked at"
    counted = 1 if stop.tracking == "serial" else seen.quantity
    wanted = state.wanted_now
    left = wanted - state.in_hand
    if not left:
        return refuse("too-many", sku=stop.sku, wanted=wanted)
    if counted > left:
        return refuse("case-too-big", sku=stop.sku, case=counted, wanted=left)
    in_hand = state.in_hand + counted if state.counts_pieces else wanted
    serials = (*state.in_hand_serials, seen.serial) if stop.tracking == "serial" else ()
    return accept(
        "item",
        Take(feed.id, in_hand, serials),
        sku=stop.sku,
        quantity=in_hand,
        wanted=wanted,
        tote=feed.tote,
    )


def _tote(state: PickState, stop: Stop, code: str, seen: Seen) -> Decision:
    if not state.bin_scanned:
        return refuse("bin-first", expected=stop.location_code)
    feed = state.feed
    if feed is None or not state.in_hand:
        return refuse("item-first", sku=stop.sku)
    if not isinstance(seen, SeenTote):
        return refuse("unknown-tote", scanned=code)
    if state.is_batch:
        return _wrong_batch_tote(state, feed, seen) or _put_batch(state, stop, seen)
    return _wrong_tote(state, feed, seen) or _put(state, stop, feed, seen)


def _wrong_tote(state: PickState, feed: Feed, tote: SeenTote) -> Decision | None:
    if tote.batch:
        return refuse("tote-of-another", tote=tote.code, owner=tote.batch, expected=feed.tote)
    if tote.owner_id not in (None, feed.shipment_id):
        return refuse("tote-of-another", tote=tote.code, owner=tote.owner, expected=feed.tote)
    if tote.owner_id is not None and tote.is_full:
        return refuse("tote-is-full", tote=tote.code)
    if tote.owner_id is not None and tote.pick_list_id != state.list_id:
        return refuse("tote-taken", tote=tote.code)
    if feed.tote and tote.code != feed.tote:
        return refuse("wrong-tote", tote=tote.code, expected=feed.tote)
    if tote.owner_id is None and tote.holds_goods:
        return refuse("tote-not-empty", tote=tote.code)
    return None


def _wrong_batch_tote(state: PickState, feed: Feed, tote: SeenTote) -> Decision | None:
    if tote.owner or (tote.batch and tote.pick_list_id != state.list_id):
        owner = tote.owner or tote.batch
        return refuse("tote-of-another", tote=tote.code, owner=owner, expected=feed.tote)
    if tote.batch and tote.is_full:
        return refuse("tote-is-full", tote=tote.code)
    if feed.tote and tote.code != feed.tote:
        return refuse("wrong-tote", tote=tote.code, expected=feed.tote)
    if not tote.batch and tote.holds_goods:
        return refuse("tote-not-empty", tote=tote.code)
    return None


def _put(state: PickState, stop: Stop, feed: Feed, tote: SeenTote) -> Decision:
    share = Share(feed, state.in_hand, state.in_hand_serials)
    return accept(
        "put-last" if _is_last_put(state, stop) else "put",
        Put((share,), tote, binds=tote.owner_id is None),
        sku=stop.sku,
        quantity=state.in_hand,
        tote=tote.code,
        shipment=feed.shipment_number,
        position=feed.position,
    )


def _put_batch(state: PickState, stop: Stop, tote: SeenTote) -> Decision:
    return accept(
        "batch-put-last" if _is_last_put(state, stop) else "batch-put",
        Put(shared_out(stop, state.in_hand, state.in_hand_serials), tote, binds=not tote.batch),
        sku=stop.sku,
        quantity=state.in_hand,
        tote=tote.code,
    )


def _is_last_put(state: PickState, stop: Stop) -> bool:
    return state.next_stop is None and stop.wanted == state.in_hand


def shared_out(stop: Stop, quantity: int, serials: Sequence[str] = ()) -> tuple[Share, ...]:
    """Whose the units of a batch are: the feeds are served in their order, the most urgent first.

    Any serial number is as good as another: they go along with the units in the order scanned.
    """
    shares = []
    for feed in stop.open_feeds:
        units = min(feed.wanted, quantity)
        if not units:
            break
        shares.append(Share(feed, units, tuple(serials[:units])))
        serials = serials[units:]
        quantity -= units
    return tuple(shares)


def _quantity(state: PickState, stop: Stop, digits: str) -> Decision:
    if not digits.isdigit():
        return refuse("unreadable", why="not-a-number")
    quantity = int(digits)
    if state.short_asked:
        return _found(state, stop, quantity)
    feed = state.feed
    if feed is None or not state.in_hand:
        return refuse("item-first", sku=stop.sku)
    if state.counts_pieces:
        return refuse("scan-every-piece", sku=stop.sku)
    if not 1 <= quantity <= state.wanted_now:
        return refuse("wrong-quantity", wanted=state.wanted_now)
    return accept("quantity", Take(feed.id, quantity), sku=stop.sku, quantity=quantity)


# --- commands ------------------------------------------------------------------------------


def _command(state: PickState, stop: Stop, word: str, seen: Seen) -> Decision:
    if word == Command.UNDO:
        return _undo(state, stop, seen)
    if state.short_asked:
        return refuse("reason-needed", sku=stop.sku)
    match word:
        case Command.SHORT:
            return _short(state, stop)
        case Command.TOTE_FULL:
            return _tote_full(state, stop)
        case Command.SKIP:
            return _skip(state, stop)
        case Command.HAND_OVER:
            if state.in_hand:
                return _still_in_hand(state, stop)
            return accept("handed-over", HandOver(), list=state.number)
        case _:
            return refuse("not-for-picking", scanned=word, expected=state.awaits)


def _undo(state: PickState, stop: Stop, seen: Seen) -> Decision:
    if state.short_asked:
        return accept("short-dropped", AskShort(asked=False), sku=stop.sku)
    if state.in_hand:
        return accept(
            "taken-back",
            TakeBack(),
            sku=stop.sku,
            quantity=state.in_hand,
            bin=stop.location_code,
        )
    if not isinstance(seen, SeenPut):
        return refuse("nothing-to-undo")
    for part in seen.parts:
        if part.shipment_state not in ("picking", "picked") or not part.is_there:
            return refuse("undo-too-late", shipment=part.shipment_number)
    return accept(
        "put-undone",
        UndoPut(seen),
        sku=seen.sku,
        quantity=seen.quantity,
        tote=seen.tote,
        bin=seen.bin,
    )


def _short(state: PickState, stop: Stop) -> Decision:
    if not state.bin_scanned:
        return refuse("bin-first", expected=stop.location_code)
    return accept("short", AskShort(asked=True), sku=stop.sku, wanted=stop.wanted)


def _tote_full(state: PickState, stop: Stop) -> Decision:
    feed = state.feed
    if feed is None or not state.in_hand:
        return refuse("item-first", sku=stop.sku)
    if not feed.tote:
        return refuse("not-for-picking", scanned=Command.TOTE_FULL.value, expected=state.awaits)
    if state.is_batch:
        return accept("batch-tote-closed", CloseTote(None), tote=feed.tote)
    return accept(
        "tote-closed", CloseTote(feed.shipment_id), tote=feed.tote, shipment=feed.shipment_number
    )


def _skip(state: PickState, stop: Stop) -> Decision:
    if state.in_hand:
        return _still_in_hand(state, stop)
    if state.next_stop is None:
        return refuse("last-stop", bin=stop.location_code)
    return accept("skipped", Skip(stop.id), bin=stop.location_code)


def _still_in_hand(state: PickState, stop: Stop) -> Decision:
    tote = state.feed.tote if state.feed else ""
    return refuse("in-hand", sku=stop.sku, quantity=state.in_hand, tote=tote)


# --- short picks ---------------------------------------------------------------------------


def _found(state: PickState, stop: Stop, found: int) -> Decision:
    if found >= stop.wanted:
        return refuse("nothing-short", found=found, wanted=stop.wanted)
    if state.counts_pieces and found < state.in_hand:
        return refuse("fewer-than-in-hand", found=found, in_hand=state.in_hand)
    return accept("found", SayFound(found), sku=stop.sku, found=found, wanted=stop.wanted)


def _reason(state: PickState, stop: Stop, word: str) -> Decision:
    if not state.short_asked:
        return refuse("short-first")
    reason = word.lower()
    if reason not in SHORT_REASONS:
        return refuse("unknown-reason", scanned=word)
    found = state.short_found
    if found is None:
        if state.in_hand and not state.counts_pieces:
            return refuse("quantity-needed", sku=stop.sku, wanted=stop.wanted)
        found = state.in_hand
    if found >= stop.wanted:
        return refuse("nothing-short", found=found, wanted=stop.wanted)
    effect = CutShort(reason, *_cuts(state, stop, found))
    return accept("short-owed", effect, sku=stop.sku, missing=effect.missing, owed=0)


def _cuts(state: PickState, stop: Stop, found: int) -> tuple[tuple[Cut, ...], int]:
    """Who goes without, and what stays in hand: the feed in hand is served first, then the cart.

    In a batch all that is in hand serves the feeds in their order.
    """
    in_hand = min(state.in_hand, found) if state.is_batch else 0
    cuts = []
    first = None if state.is_batch else state.in_hand_feed_id
    for feed in sorted(stop.open_feeds, key=lambda f: f.id != first):
        kept = min(feed.wanted, found)
        found -= kept
        if feed.id == state.in_hand_feed_id and not state.is_batch:
            in_hand = min(state.in_hand, kept)
        if kept < feed.wanted:
            cuts.append(Cut(feed, feed.wanted - kept))
    return tuple(cuts), in_hand


@dataclass(frozen=True)
class FreeStock:
    """Free units of the product in another bin of the warehouse."""

    location_id: int
    location_code: str
    lot: str
    free: int
    expires_on: date | None


@dataclass(frozen=True)
class Replacement:
    """Units of a cut that are taken from another bin."""

    cut: Cut
    stock: FreeStock
    quantity: int


def replace_missing(
    cuts: Sequence[Cut], stock: Iterable[FreeStock], *, most: int, today: date
) -> tuple[Replacement, ...]:
    """Take the units of *cuts* from *stock*, at most *most* (what the warehouse has not promised).

    First expired first out, then the fullest bin (fewest stops), then the code; expired lots
    are left where they are.
    """
    usable = sorted(
        (s for s in stock if s.free and (s.expires_on is None or s.expires_on >= today)),
        key=lambda s: (s.expires_on or date.max, -s.free, s.location_code, s.lot),
    )
    left = {id(source): source.free for source in usable}
    found = []
    for cut in cuts:
        wanted = min(cut.quantity, most)
        for source in usable:
            taken = min(wanted, left[id(source)])
            if taken:
                found.append(Replacement(cut, source, taken))
                left[id(source)] -= taken
                wanted -= taken
                most -= taken
    return tuple(found)


def short_verdict(sku: str, missing: int, replaced: Sequence[Replacement]) -> Verdict:
    """What the picker is told once it is known where the missing units can come from."""
    owed = missing - sum(replacement.quantity for replacement in replaced)
    fields: dict[str, Any] = {"sku": sku, "missing": missing, "owed": owed}
    if not replaced:
        return accept("short-owed", Nothing(), **fields).verdict
    bins = sorted({replacement.stock.location_code for replacement in replaced})
    return accept("short-other-bin", Nothing(), **fields, bins=bins).verdict


# --- after ---------------------------------------------------------------------------------


def after(state: PickState, effect: Effect) -> PickState | None:
    """The state that *effect* leaves, or None where only the database can tell."""
    match effect:
        case Nothing():
            return state
        case OpenStop():
            return replace(state, bin_scanned=True)
        case Take(feed_id, in_hand, serials):
            return replace(state, in_hand_feed_id=feed_id, in_hand=in_hand, in_hand_serials=serials)
        case TakeBack():
            return _with_empty_hands(state)
        case AskShort(asked):
            return replace(state, short_asked=asked, short_found=None)
        case SayFound(found):
            return replace(state, short_found=found)
        case HandOver():
            return replace(state, state="open", picker_id=None, picker_name="", bin_scanned=False)
        case Finish():
            return replace(state, state="done", stop=None)
        case Put():
            return _after_put(state, effect)
        case _:
            return None


def _after_put(state: PickState, put: Put) -> PickState:
    stop = state.stop
    assert stop is not None, "nothing is put without a stop"
    stop = _fed_stop(state, stop, put)
    following = _fed_stop(state, state.next_stop, put) if state.next_stop else None
    state = _with_empty_hands(state)
    if stop.wanted:
        return replace(state, stop=stop, next_stop=following)
    return replace(
        state,
        stop=following,
        next_stop=None,
        bin_scanned=False,
        stops_open=state.stops_open - 1,
        state=state.state if following else "done",
    )


def _fed_stop(state: PickState, stop: Stop, put: Put) -> Stop:
    units = {share.feed.id: share.quantity for share in put.shares}
    served = {share.feed.shipment_id for share in put.shares}
    return replace(
        stop,
        feeds=tuple(
            replace(
                feed,
                picked=feed.picked + units.get(feed.id, 0),
                tote=put.tote.code if state.is_batch or feed.shipment_id in served else feed.tote,
            )
            for feed in stop.feeds
        ),
    )


def _with_empty_hands(state: PickState) -> PickState:
    return replace(state, in_hand_feed_id=None, in_hand=0, in_hand_serials=())


# --- answers -------------------------------------------------------------------------------


def refuse(code: str, effect: Effect | None = None, /, **fields: Any) -> Decision:
    """A refusal of the table, with exactly its fields."""
    assert set(fields) == set(REFUSALS[code].fields), f"{code}: {sorted(fields)}"
    return Decision(Refused(code, fields), effect or Nothing())


def accept(code: str, effect: Effect, /, **fields: Any) -> Decision:
    """An acceptance of the table, with exactly its fields."""
    assert set(fields) == set(ACCEPTANCES[code].fields), f"{code}: {sorted(fields)}"
    return Decision(Accepted(code, fields, ACCEPTANCES[code].tone), effect)


def answered_before(*, accepted: bool, code: str, fields: dict[str, Any]) -> Verdict:
    """The verdict that was stored with a scan."""
    return Accepted(code, fields, ACCEPTANCES[code].tone) if accepted else Refused(code, fields)
