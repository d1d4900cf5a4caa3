"""The put wall: a batch is sorted by order, one gesture a scan.

The procedure on the floor::

    scan a batch tote
    for each piece in it:
        scan the item            the page says the number of a slot, big
        scan the slot            the piece lies there now
    a slot that has everything of its order says so; its code opens the order at packing

An order gets a free slot with its first piece.  A quantity barcode after the item says that
more pieces of it go along.  UNDO takes back what is in hand, else the last put.

:func:`decide` answers a scan with the verdict and the effect; what the database knows about a
scanned thing comes in as ``seen``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fulfillment.domain.barcodes import Command, Own, OwnScan, ProductScan, Scan, Unreadable
from fulfillment.domain.picking import Meaning
from fulfillment.domain.values import Accepted, Refused, Verdict

REFUSALS: dict[str, Meaning] = {
    "unreadable": Meaning("the scanned text is no barcode", ("why",)),
    "not-for-sorting": Meaning("this barcode means nothing here", ("scanned", "expected")),
    "tote-first": Meaning("no tote was scanned yet"),
    "unknown-tote": Meaning("no batch of this warehouse uses this tote", ("tote",)),
    "tote-still-picked": Meaning("a picker still fills this tote", ("tote", "list")),
    "tote-empty": Meaning("no order waits for what is in the tote", ("tote",)),
    "in-hand": Meaning("a piece is in hand: put it into its slot, or UNDO", ("sku", "slot")),
    "item-first": Meaning("nothing is in hand: scan the item first"),
    "unknown-barcode": Meaning("no product has this barcode", ("scanned",)),
    "wrong-item": Meaning(
        "no order of this tote wants the piece", ("sku", "name", "needed_by", "tote", "home")
    ),
    "order-cancelled": Meaning(
        "the piece is a cancelled order's: set it aside for put-back", ("sku", "order", "reason")
    ),
    "lot-needed": Meaning("the tote holds several lots", ("sku", "expected")),
    "serial-needed": Meaning("each unit's serial number must be scanned", ("sku",)),
    "serial-not-here": Meaning("the books have this serial elsewhere", ("sku", "serial")),
    "case-too-big": Meaning("the order wants fewer", ("sku", "case", "wanted")),
    "wrong-quantity": Meaning("the order wants 1 to so many of the tote", ("wanted",)),
    "other-wall": Meaning("the order has a slot of another wall", ("sku", "slot")),
    "wall-full": Meaning("every slot has an order: pack a complete one first", ("complete",)),
    "unknown-slot": Meaning("the wall has no such slot", ("scanned", "expected")),
    "wrong-slot": Meaning("the piece belongs into another slot", ("scanned", "expected")),
    "already-sorted": Meaning("somebody else has sorted it: scan the piece again", ("sku",)),
    "nothing-to-undo": Meaning("nothing was put yet"),
    "undo-too-late": Meaning("the order is being packed, or the tote used again", ("slot",)),
}
"""Every reason to refuse a scan at the wall."""

ACCEPTANCES: dict[str, Meaning] = {
    "tote": Meaning("sort this tote", ("tote", "left")),
    "item": Meaning("the piece goes into this slot", ("sku", "name", "quantity", "slot")),
    "quantity": Meaning("so many go into the slot", ("sku", "quantity", "slot")),
    "put": Meaning("it lies in its slot", ("sku", "quantity", "slot", "left")),
    "slot-complete": Meaning(
        "everything of the order lies in its slot: pack it",
        ("sku", "quantity", "slot", "order"),
        tone="complete",
    ),
    "taken-back": Meaning("back into the tote, it never left it in the books", ("sku", "tote")),
    "put-undone": Meaning(
        "out of the slot, back into the tote", ("sku", "quantity", "slot", "tote")
    ),
}
"""Every answer to an accepted scan at the wall."""


# --- the state ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """A numbered place of the wall, whose code is on its barcode."""

    location_id: int
    number: int
    code: str


@dataclass(frozen=True)
class UsedSlot:
    """A slot with the order that it collects; ``complete``: everything of it lies there."""

    number: int
    code: str
    order_number: str
    units: int
    complete: bool


@dataclass(frozen=True)
class Piece:
    """Units of a shipment line in hand, or about to be; ``wanted`` of them lie in the tote."""

    shipment_id: int
    shipment_line_id: int
    order_number: str
    product_id: int
    sku: str
    name: str
    tracking: str
    lot: str
    serial: str
    quantity: int
    wanted: int
    slot: Slot


Awaited = Literal["tote", "item", "slot"]


@dataclass(frozen=True)
class WallState:
    """What somebody does at a wall: the tote before them, the piece in hand, the slots in use.

    ``left`` are the units in the tote that an order waits for.
    """

    wall_id: int
    code: str
    warehouse_id: int
    slots: tuple[UsedSlot, ...]
    tote_id: int | None = None
    tote: str = ""
    left: int = 0
    in_hand: Piece | None = None

    @property
    def awaits(self) -> Awaited:
        """The kind of scan that comes next."""
        if self.in_hand is not None:
            return "slot"
        return "item" if self.tote_id is not None and self.left else "tote"

    @property
    def next_fields(self) -> dict[str, Any]:
        """What the sentence of the next step is filled with."""
        if self.in_hand is None:
            return {"tote": self.tote, "left": self.left}
        piece = self.in_hand
        return {"slot": piece.slot.number, "sku": piece.sku, "quantity": piece.quantity}

    @property
    def complete(self) -> tuple[UsedSlot, ...]:
        """The slots that can be packed."""
        return tuple(slot for slot in self.slots if slot.complete)


# --- what the database knows about the scanned thing ---------------------------------------


@dataclass(frozen=True)
class SeenBatchTote:
    """A tote that a batch uses; ``is_filled``: its list is done, or it was closed as full."""

    tote_id: int
    code: str
    list_number: str
    is_filled: bool
    left: int


@dataclass(frozen=True)
class SeenSorted:
    """The last put of this person; ``is_there``: it can go back into its tote."""

    event_id: int
    scan_id: str
    shipment_id: int
    shipment_line_id: int
    product_id: int
    sku: str
    lot: str
    serial: str
    quantity: int
    slot_id: int
    slot: int
    tote_id: int
    tote: str
    is_there: bool


Seen = SeenBatchTote | Slot | Piece | Refused | SeenSorted | None


# --- effects -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Nothing:
    """Nothing changes."""


@dataclass(frozen=True)
class OpenTote:
    """The tote stands before the wall."""

    tote_id: int


@dataclass(frozen=True)
class Take:
    """The piece is in hand and its slot is awaited."""

    piece: Piece


@dataclass(frozen=True)
class TakeBack:
    """What is in hand goes back into the tote."""


@dataclass(frozen=True)
class PutIntoSlot:
    """What is in hand lies in its slot."""

    piece: Piece


@dataclass(frozen=True)
class UndoPut:
    """The last put goes from its slot back into the tote."""

    put: SeenSorted


Effect = Nothing | OpenTote | Take | TakeBack | PutIntoSlot | UndoPut


@dataclass(frozen=True)
class Decision:
    """What the sorter is told and what happens."""

    verdict: Verdict
    effect: Effect = Nothing()


# --- the decision --------------------------------------------------------------------------


def decide(state: WallState, scan: Scan, seen: Seen = None) -> Decision:
    """What *scan* does in *state*.

    *seen* is what the database knows: a :class:`SeenBatchTote`, a :class:`Slot` of this wall,
    the :class:`Piece` that a product code stands for (or why it is refused), the
    :class:`SeenSorted` for UNDO with nothing in hand.
    """
    match scan:
        case Unreadable(why):
            return refuse("unreadable", why=why)
        case OwnScan(Own.COMMAND, Command.UNDO):
            return _undo(state, seen)
        case OwnScan(Own.TOTE, code):
            return _tote(state, code, seen)
        case OwnScan(Own.SLOT, code):
            return _slot(state, code, seen)
        case OwnScan(Own.QUANTITY, digits):
            return _quantity(state, digits)
        case ProductScan():
            return _item(state, seen)
        case _:
            scanned = scan.payload if isinstance(scan, OwnScan) else "SSCC"
            return refuse("not-for-sorting", scanned=scanned, expected=state.awaits)


def _tote(state: WallState, code: str, seen: Seen) -> Decision:
    if state.in_hand is not None:
        return _still_in_hand(state.in_hand)
    if not isinstance(seen, SeenBatchTote):
        return refuse("unknown-tote", tote=code)
    if not seen.is_filled:
        return refuse("tote-still-picked", tote=code, list=seen.list_number)
    if not seen.left:
        return refuse("tote-empty", tote=code)
    return accept("tote", OpenTote(seen.tote_id), tote=code, left=seen.left)


def _item(state: WallState, seen: Seen) -> Decision:
    if state.in_hand is not None:
        return _still_in_hand(state.in_hand)
    if state.tote_id is None:
        return refuse("tote-first")
    if isinstance(seen, Refused):
        return refuse(seen.code, **seen.fields)
    assert isinstance(seen, Piece), "a product code is a piece, or refused"
    return accept(
        "item",
        Take(seen),
        sku=seen.sku,
        name=seen.name,
        quantity=seen.quantity,
        slot=seen.slot.number,
    )


def too_big(sku: str, *, units: int, wanted: int) -> Refused | None:
    """Why a barcode of several units is refused: a case goes into a slot whole or not at all.

    Asked before the order is given a slot, so that a refused piece takes none.
    """
    if units <= wanted:
        return None
    verdict = refuse("case-too-big", sku=sku, case=units, wanted=wanted).verdict
    return verdict if isinstance(verdict, Refused) else None


def _quantity(state: WallState, digits: str) -> Decision:
    piece = state.in_hand
    if not digits.isdigit():
        return refuse("unreadable", why="not-a-number")
    if piece is None:
        return refuse("item-first")
    if piece.tracking == "serial":
        return refuse("serial-needed", sku=piece.sku)
    quantity = int(digits)
    if not 1 <= quantity <= piece.wanted:
        return refuse("wrong-quantity", wanted=piece.wanted)
    more = Piece(**{**vars(piece), "quantity": quantity})
    return accept("quantity", Take(more), sku=piece.sku, quantity=quantity, slot=piece.slot.number)


def _slot(state: WallState, code: str, seen: Seen) -> Decision:
    piece = state.in_hand
    if piece is None:
        return refuse("item-first")
    expected = piece.slot.number
    if not isinstance(seen, Slot):
        return refuse("unknown-slot", scanned=code, expected=expected)
    if seen.location_id != piece.slot.location_id:
        return refuse("wrong-slot", scanned=seen.number, expected=expected)
    return accept(
        "put",
        PutIntoSlot(piece),
        sku=piece.sku,
        quantity=piece.quantity,
        slot=expected,
        left=state.left - piece.quantity,
    )


def complete_verdict(piece: Piece) -> Verdict:
    """What the put says that brought the last piece of an order."""
    return accept(
        "slot-complete",
        Nothing(),
        sku=piece.sku,
        quantity=piece.quantity,
        slot=piece.slot.number,
        order=piece.order_number,
    ).verdict


def _undo(state: WallState, seen: Seen) -> Decision:
    if state.in_hand is not None:
        return accept("taken-back", TakeBack(), sku=state.in_hand.sku, tote=state.tote)
    if not isinstance(seen, SeenSorted):
        return refuse("nothing-to-undo")
    if not seen.is_there:
        return refuse("undo-too-late", slot=seen.slot)
    return accept(
        "put-undone",
        UndoPut(seen),
        sku=seen.sku,
        quantity=seen.quantity,
        slot=seen.slot,
        tote=seen.tote,
    )


def _still_in_hand(piece: Piece) -> Decision:
    return refuse("in-hand", sku=piece.sku, slot=piece.slot.number)


# --- answers -------------------------------------------------------------------------------


def refuse(code: str, /, **fields: Any) -> Decision:
    """A refusal of the table, with exactly its fields."""
    assert set(fields) == set(REFUSALS[code].fields), f"{code}: {sorted(fields)}"
    return Decision(Refused(code, fields))


def accept(code: str, effect: Effect, /, **fields: Any) -> Decision:
    """An acceptance of the table, with exactly its fields."""
    assert set(fields) == set(ACCEPTANCES[code].fields), f"{code}: {sorted(fields)}"
    return Decision(Accepted(code, fields, ACCEPTANCES[code].tone), effect)


def answered_before(*, accepted: bool, code: str, fields: dict[str, Any]) -> Verdict:
    """The verdict that was stored with a scan."""
    return Accepted(code, fields, ACCEPTANCES[code].tone) if accepted else Refused(code, fields)
