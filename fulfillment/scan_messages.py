"""What a worker is told after a scan, and what to scan next: one table for each process.

The codes are those of ``domain/packing``, ``domain/picking``, ``domain/tasks`` and
``services/dispatching``; a code may mean something else at the bench than at the shelf, so every
process has its own table.  The sentences are gettext ids like those of
:mod:`fulfillment.messages`; a test finds a code without a sentence, and a gap without a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fulfillment.domain.values import Verdict
from fulfillment.messages import Message, in_words, said, together


def _(sentence: str) -> str:
    """Mark a sentence for the catalogues; it is translated when it is said."""
    return sentence


Process = Literal["pack", "pick", "sort", "task", "dispatch"]

_UNREADABLE = Message(_("This is no barcode that means anything: %(why)s."), _("Scan again."))
_CANCELLED = Message(_("Order %(order)s was cancelled: %(reason)s."), _("Set the goods aside."))

PACK: Mapping[str, Message] = {
    "opened": Message(_("Order %(order)s: %(pieces)s pieces."), _("Scan every piece.")),
    "resumed": Message(
        _("Order %(order)s is open."), advice_with=(("missing", _("Still missing: %(missing)s.")),)
    ),
    "batch-opened": Message(
        _("Tote %(tote)s: %(left)s orders of one piece."), _("Scan the pieces, one after another.")
    ),
    "counted": Message(_("%(quantity)s × %(sku)s %(name)s: %(in_box)s of %(wanted)s.")),
    "complete": Message(
        _("Order %(order)s is complete."),
        _("Put the box on the scale."),
        (("carton", _("Take carton %(carton)s and put it on the scale.")),),
    ),
    "undone": Message(
        _("Taken back."), advice_with=(("sku", _("%(quantity)s × %(sku)s %(name)s is out again.")),)
    ),
    "take-out-which": Message(_("Something comes out again."), _("Scan the piece.")),
    "taken-out": Message(_("%(quantity)s × %(sku)s %(name)s is out of the box.")),
    "next-parcel": Message(_("Parcel %(parcel)s is open."), _("Go on with the next piece.")),
    "carton-chosen": Message(_("Carton %(carton)s it is.")),
    "weighed": Message(_("Parcel %(parcel)s weighs %(grams)s."), weights=("grams",)),
    "label-printed": Message(
        _("The label %(tracking)s is made."),
        _("Stick it on parcel %(parcel)s of %(parcels)s and scan it."),
    ),
    "label-being-bought": Message(
        _("Order %(order)s: its label is being bought from %(carrier)s."),
        _("It comes by itself; to change the box, scan VOID LABEL first."),
    ),
    "label-withdrawn": Message(
        _("The label of order %(order)s is not wanted any more."),
        _("Put the box on the scale again."),
    ),
    "label-confirmed": Message(
        _("Label %(tracking)s is on its box."), _("Labels still to be scanned: %(left)s.")
    ),
    "shipped": Message(
        _("Order %(order)s is shipped: %(tracking)s."), _("Scan the tote of the next order.")
    ),
    "weigh-again": Message(_("Parcel %(parcel)s is weighed again."), _("Put it on the scale.")),
    "label-voided": Message(_("Label %(tracking)s is void."), _("Tear it off; weigh again.")),
    "label-waiting": Message(
        _("Label %(tracking)s still waits for printer %(printer)s."),
        _("It will come out by itself; see to the printer."),
    ),
    "label-reprinted": Message(_("Label %(tracking)s is printed again (%(count)s).")),
    "short-why": Message(_("Something is short."), _("Scan the reason.")),
    "short-which": Message(
        _("Short: %(reason)s."), _("Scan the product, or CONFIRM for everything missing.")
    ),
    "short-recorded": Message(_("%(quantity)s × %(sku)s short: %(follows)s.")),
    "put-on-hold": Message(
        _("Order %(order)s is on hold."), _("Set it aside; a supervisor decides.")
    ),
    "take-over-again": Message(
        _("%(holder)s has had it open since %(since)s."), _("Scan TAKE OVER once more to take it.")
    ),
    "taken-over": Message(_("Order %(order)s is yours; %(holder)s had it.")),
    "closed": Message(_("No order is open."), _("Scan a tote.")),
    "no-order-open": Message(_("No order is open here."), _("Scan a tote first.")),
    "sort-first": Message(
        _("The orders in tote %(tote)s have several pieces."),
        _("Sort it at the put wall, then scan a slot."),
    ),
    "batch-tote-empty": Message(
        _("No order waits for what is in tote %(tote)s."), _("Bring it to put-back.")
    ),
    "unreadable": _UNREADABLE,
    "unknown-barcode": Message(
        _("Nobody knows the barcode %(raw)s."), _("Set the piece aside for the supervisor.")
    ),
    "not-for-packing": Message(_("%(raw)s means nothing here.")),
    "wrong-item": Message(
        _("%(sku)s %(name)s is not in this order."),
        _("Set it aside."),
        (
            ("needed_by", _("Order %(needed_by)s needs it (tote %(tote)s).")),
            ("home", _("It belongs to bin %(home)s.")),
        ),
    ),
    "too-many": Message(
        _("All pieces of %(sku)s %(name)s are in; %(wanted)s more are wanted."),
        _("Set this one aside."),
    ),
    "pack-too-big": Message(
        _("Case of %(pack)s, only %(wanted)s wanted (%(sku)s)."), _("Scan single pieces.")
    ),
    "wrong-lot": Message(
        _("%(sku)s: lot %(lot)s was not picked for this order."), _("Expected: %(expected)s.")
    ),
    "lot-needed": Message(
        _("%(sku)s was picked from several lots."), _("Scan a code with the lot: %(expected)s.")
    ),
    "expired": Message(
        _("%(sku)s, lot %(lot)s expired on %(expired_on)s."), _("Set it aside; scan SHORT.")
    ),
    "serial-needed": Message(_("%(sku)s is packed by serial number."), _("Scan its serial.")),
    "serial-not-here": Message(
        _("The books do not have serial %(serial)s of %(sku)s in this order's totes.")
    ),
    "serial-twice": Message(_("Serial %(serial)s of %(sku)s is in a box already.")),
    "not-in-box": Message(_("%(sku)s %(name)s is in no box of this order.")),
    "nothing-to-undo": Message(_("There is nothing to take back.")),
    "not-complete": Message(_("Still missing: %(missing)s."), _("Scan it, or scan SHORT.")),
    "parcel-empty": Message(_("This parcel is empty."), _("Scan a piece into it first.")),
    "too-many-parcels": Message(
        _("A shipment has at most %(most)s parcels."),
        _("Put the rest into this one, or scan HOLD and ask a supervisor to split the order."),
    ),
    "order-open": Message(
        _("Order %(order)s is open and begun."),
        _("Finish it first, or scan HOLD."),
        (("missing", _("Finish it first, or scan HOLD. Still missing: %(missing)s.")),),
    ),
    "order-cancelled": _CANCELLED,
    "order-on-hold": Message(
        _("Order %(order)s is on hold (%(holds)s)."), _("A supervisor releases it.")
    ),
    "order-shipped": Message(_("Order %(order)s is shipped already.")),
    "not-sorted-yet": Message(
        _("Goods of order %(order)s lie among others: %(totes)s."),
        _("Sort them at the put wall; or scan it once more to pack it as it is."),
    ),
    "not-picked-yet": Message(
        _("Order %(order)s is not picked yet (%(state)s)."),
        advice_with=(("totes", _("Its totes: %(totes)s.")),),
    ),
    "other-warehouse": Message(_("Order %(order)s is packed in another warehouse.")),
    "opened-elsewhere": Message(
        _("%(holder)s has had order %(order)s open at %(station)s since %(since)s."),
        _("Scan TAKE OVER twice to take it."),
    ),
    "lost-to-take-over": Message(
        _("Order %(order)s was taken over by %(holder)s at %(station)s."), _("Scan another tote.")
    ),
    "nothing-to-take-over": Message(_("There is nothing to take over."), _("Scan the tote first.")),
    "not-weighable": Message(_("Nothing waits for the scale (%(state)s).")),
    "weight-not-positive": Message(
        _("The scale reads %(grams)s."),
        _("Put the box on it, and wait until it is still."),
        weights=("grams",),
    ),
    "weight-outside": Message(
        _("%(grams)s on the scale, %(expected)s ± %(allowed)s expected."),
        _("Check the contents, or ask a supervisor."),
        (
            ("lacking", _("%(lacking)s is probably missing. Check, or ask a supervisor.")),
            ("extra", _("%(extra)s is probably too many. Check, or ask a supervisor.")),
        ),
        weights=("grams", "expected", "allowed"),
    ),
    "label-exists": Message(
        _("The label %(tracking)s is made already."), _("Scan VOID LABEL before a change.")
    ),
    "no-label": Message(_("There is no label yet.")),
    "wrong-label": Message(
        _("Label %(tracking)s is not of this order."), _("Expected: %(expected)s.")
    ),
    "label-void": Message(_("Label %(tracking)s is void."), _("Tear it off and use the new one.")),
    "unknown-carton": Message(_("There is no carton %(carton)s here.")),
    "reason-needed": Message(_("A reason is needed."), _("Scan the reason.")),
    "nothing-short": Message(_("Nothing of that is missing.")),
    "reprint-needs-supervisor": Message(
        _("Label %(tracking)s was printed %(count)s times."), _("A supervisor may print it again.")
    ),
}
"""At the packing station."""

PICK: Mapping[str, Message] = {
    "not-your-list": Message(_("%(holder)s picks list %(list)s."), _("Claim another list.")),
    "list-not-claimed": Message(_("Nobody has claimed list %(list)s."), _("Claim it first.")),
    "order-cancelled": Message(
        _("Shipment %(shipment)s at position %(position)s was cancelled."),
        _("Go on with the next."),
        (("totes", _("Set tote %(totes)s aside for put-back.")),),
    ),
    "unreadable": _UNREADABLE,
    "batch-order-cancelled": Message(
        _("Cancelled: %(shipment)s."),
        _("Go on: the stop shows what is wanted now."),
        (("in_hand", _("Put the %(in_hand)s in hand back into the bin, then go on.")),),
    ),
    "not-for-picking": Message(_("%(scanned)s means nothing here."), _("Scan the %(expected)s.")),
    "bin-first": Message(_("The bin comes first."), _("Scan bin %(expected)s.")),
    "wrong-bin": Message(_("This is bin %(scanned)s."), _("Go to bin %(expected)s.")),
    "in-hand": Message(
        _("%(quantity)s × %(sku)s is in hand."),
        _("Put it into the tote of this position, or scan UNDO."),
        (("tote", _("Put it into tote %(tote)s, or scan UNDO.")),),
    ),
    "item-first": Message(_("Nothing is in hand."), _("Scan %(sku)s first.")),
    "unknown-barcode": Message(
        _("Nobody knows the barcode %(scanned)s."), _("Expected: %(expected)s.")
    ),
    "wrong-item": Message(_("This is %(scanned)s."), _("Take %(expected)s.")),
    "wrong-lot": Message(_("This is lot %(scanned)s of %(sku)s."), _("Take lot %(expected)s.")),
    "expired": Message(
        _("%(sku)s, lot %(lot)s expired on %(expires_on)s."), _("Leave it; scan SHORT.")
    ),
    "case-too-big": Message(
        _("Case of %(case)s, only %(wanted)s wanted (%(sku)s)."), _("Scan single pieces.")
    ),
    "too-many": Message(_("%(wanted)s × %(sku)s are wanted, and in hand."), _("Scan the tote.")),
    "serial-needed": Message(_("%(sku)s is picked by serial number."), _("Scan its serial.")),
    "serial-not-here": Message(
        _("The books do not have serial %(serial)s of %(sku)s in bin %(bin)s."),
        _("Take another piece."),
    ),
    "serial-in-hand": Message(_("Serial %(serial)s is in hand already.")),
    "scan-every-piece": Message(_("Every piece of %(sku)s is scanned here.")),
    "wrong-quantity": Message(_("Between 1 and %(wanted)s are wanted.")),
    "unknown-tote": Message(_("There is no tote %(scanned)s here.")),
    "tote-of-another": Message(
        _("Tote %(tote)s holds goods of %(owner)s."),
        _("Scan an empty tote."),
        (("expected", _("Scan tote %(expected)s.")),),
    ),
    "wrong-tote": Message(_("This is tote %(tote)s."), _("Scan tote %(expected)s.")),
    "tote-is-full": Message(_("Tote %(tote)s was closed as full."), _("Scan another tote.")),
    "tote-not-empty": Message(_("Goods of nobody lie in tote %(tote)s."), _("Empty it first.")),
    "tote-taken": Message(_("Tote %(tote)s travels with another list."), _("Scan another tote.")),
    "nothing-to-undo": Message(_("There is nothing to take back.")),
    "undo-too-late": Message(_("Shipment %(shipment)s is being packed already.")),
    "last-stop": Message(_("Bin %(bin)s is the only stop left."), _("It cannot be skipped.")),
    "short-first": Message(_("A reason belongs to SHORT."), _("Scan SHORT first.")),
    "reason-needed": Message(_("%(sku)s is short."), _("Scan the reason, or UNDO.")),
    "unknown-reason": Message(_("%(scanned)s is no reason of the sheet."), _("Scan a reason.")),
    "quantity-needed": Message(
        _("How many of the %(wanted)s × %(sku)s are there?"), _("Scan the quantity first.")
    ),
    "nothing-short": Message(_("%(found)s of %(wanted)s found: nothing is short.")),
    "fewer-than-in-hand": Message(_("%(found)s found, but %(in_hand)s are in hand.")),
    "bin": Message(_("Bin %(bin)s."), _("Take %(quantity)s × %(sku)s.")),
    "item": Message(
        _("%(quantity)s of %(wanted)s × %(sku)s."),
        _("Scan a tote for this position."),
        (("tote", _("Put it into tote %(tote)s.")),),
    ),
    "put": Message(_("%(quantity)s × %(sku)s is in tote %(tote)s (%(position)s: %(shipment)s).")),
    "put-last": Message(
        _("%(quantity)s × %(sku)s is in tote %(tote)s (%(position)s: %(shipment)s)."),
        _("The list is done: bring the totes to packing."),
    ),
    "batch-put": Message(_("%(quantity)s × %(sku)s is in batch tote %(tote)s.")),
    "batch-put-last": Message(
        _("%(quantity)s × %(sku)s is in batch tote %(tote)s."),
        _("The list is done: bring the totes to the put wall, single pieces to packing."),
    ),
    "quantity": Message(_("%(quantity)s × %(sku)s in hand.")),
    "taken-back": Message(_("%(quantity)s × %(sku)s goes back to bin %(bin)s.")),
    "put-undone": Message(
        _("Taken back: %(quantity)s × %(sku)s out of tote %(tote)s."), _("Put it into bin %(bin)s.")
    ),
    "short-dropped": Message(_("SHORT is taken back for %(sku)s.")),
    "tote-closed": Message(_("Tote %(tote)s of %(shipment)s is full."), _("Scan another tote.")),
    "batch-tote-closed": Message(_("Batch tote %(tote)s is full."), _("Scan another tote.")),
    "skipped": Message(_("Bin %(bin)s comes last now.")),
    "handed-over": Message(_("List %(list)s waits for another picker.")),
    "short": Message(
        _("%(sku)s is short, %(wanted)s wanted."), _("Scan how many are there, or the reason.")
    ),
    "found": Message(_("%(found)s of %(wanted)s × %(sku)s found."), _("Scan the reason.")),
    "short-other-bin": Message(
        _("%(missing)s × %(sku)s missing; %(owed)s stay owed."), _("Take the rest from %(bins)s.")
    ),
    "short-owed": Message(
        _("%(missing)s × %(sku)s missing; %(owed)s stay owed."), _("Go on with the next stop.")
    ),
    "list-done": Message(_("List %(list)s is done."), _("Bring the totes to packing.")),
}
"""At the shelves."""

SORT: Mapping[str, Message] = {
    "unreadable": _UNREADABLE,
    "not-for-sorting": Message(_("%(scanned)s means nothing here."), _("Scan the %(expected)s.")),
    "tote-first": Message(_("No tote is open here."), _("Scan a batch tote first.")),
    "unknown-tote": Message(
        _("Tote %(tote)s holds no batch."), _("Scan a batch tote of this warehouse.")
    ),
    "tote-still-picked": Message(
        _("Tote %(tote)s is still filled on list %(list)s."),
        _("Sort it when the list is done or the tote is full."),
    ),
    "tote-empty": Message(
        _("No order waits for what is in tote %(tote)s."), _("Bring it to put-back.")
    ),
    "in-hand": Message(_("%(sku)s is in hand."), _("Put it into slot %(slot)s, or scan UNDO.")),
    "item-first": Message(_("Nothing is in hand."), _("Scan a piece first.")),
    "unknown-barcode": Message(
        _("Nobody knows the barcode %(scanned)s."), _("Set the piece aside for the supervisor.")
    ),
    "wrong-item": Message(
        _("No order of this tote wants %(sku)s %(name)s."),
        _("Set it aside."),
        (
            ("needed_by", _("Order %(needed_by)s needs it (tote %(tote)s).")),
            ("home", _("It belongs to bin %(home)s.")),
        ),
    ),
    "order-cancelled": Message(
        _("%(sku)s is of order %(order)s, which was cancelled: %(reason)s."),
        _("Leave it in the tote for put-back."),
    ),
    "lot-needed": Message(
        _("%(sku)s was picked from several lots."), _("Scan a code with the lot: %(expected)s.")
    ),
    "serial-needed": Message(_("%(sku)s is sorted by serial number."), _("Scan its serial.")),
    "serial-not-here": Message(
        _("The books do not have serial %(serial)s of %(sku)s in this tote.")
    ),
    "case-too-big": Message(
        _("Case of %(case)s, the order wants %(wanted)s (%(sku)s)."), _("Scan single pieces.")
    ),
    "wrong-quantity": Message(_("Between 1 and %(wanted)s are wanted.")),
    "other-wall": Message(_("The order of %(sku)s has slot %(slot)s."), _("Bring it there.")),
    "wall-full": Message(
        _("Every slot of this wall has an order."),
        _("Put the piece back; another wall, or wait until one is packed."),
        (("complete", _("Put the piece back, and pack a complete slot first: %(complete)s.")),),
    ),
    "unknown-slot": Message(
        _("This wall has no slot %(scanned)s."), _("Put it into slot %(expected)s.")
    ),
    "wrong-slot": Message(_("This is slot %(scanned)s."), _("Put it into slot %(expected)s.")),
    "already-sorted": Message(
        _("Somebody else has sorted this %(sku)s."), _("Scan the piece again.")
    ),
    "nothing-to-undo": Message(_("There is nothing to take back.")),
    "undo-too-late": Message(_("Slot %(slot)s is being packed, or its tote is used again.")),
    "tote": Message(_("Tote %(tote)s: %(left)s pieces."), _("Scan a piece.")),
    "item": Message(_("%(quantity)s × %(sku)s %(name)s."), _("Put it into slot %(slot)s.")),
    "quantity": Message(_("%(quantity)s × %(sku)s."), _("Put them into slot %(slot)s.")),
    "put": Message(
        _("%(quantity)s × %(sku)s is in slot %(slot)s."), _("%(left)s are left in the tote.")
    ),
    "slot-complete": Message(
        _("Slot %(slot)s is complete: order %(order)s."), _("It can be packed.")
    ),
    "taken-back": Message(_("%(sku)s goes back into tote %(tote)s.")),
    "put-undone": Message(
        _("Taken back: %(quantity)s × %(sku)s out of slot %(slot)s."),
        _("Put it into tote %(tote)s."),
    ),
}
"""At the put wall."""

TASK: Mapping[str, Message] = {
    "task-done": Message(_("Task %(task)s is done or cancelled.")),
    "not-your-task": Message(_("%(holder)s works on task %(task)s.")),
    "unreadable": _UNREADABLE,
    "not-for-task": Message(_("%(scanned)s means nothing here."), _("Scan the %(expected)s.")),
    "source-first": Message(_("The place comes first."), _("Scan %(expected)s.")),
    "wrong-place": Message(_("This is %(scanned)s."), _("Go to %(expected)s.")),
    "unknown-barcode": Message(
        _("Nobody knows the barcode %(scanned)s."), _("Expected: %(expected)s.")
    ),
    "wrong-item": Message(_("This is %(scanned)s."), _("The task is about %(expected)s.")),
    "wrong-lot": Message(
        _("This is lot %(scanned)s of %(sku)s."), _("The task is about lot %(expected)s.")
    ),
    "serial-needed": Message(_("%(sku)s is counted by serial number."), _("Scan its serial.")),
    "serial-not-here": Message(
        _("The books do not have serial %(serial)s of %(sku)s in %(place)s."),
        _("A supervisor must mend that."),
    ),
    "serial-twice": Message(_("Serial %(serial)s was scanned already.")),
    "too-many": Message(_("%(scanned)s × %(sku)s is too many: %(left)s are left.")),
    "item-first": Message(_("Nothing is in hand."), _("Scan %(sku)s first.")),
    "unknown-bin": Message(_("There is no bin %(scanned)s here.")),
    "scan-every-piece": Message(_("Every piece of %(sku)s is scanned here.")),
    "nothing-to-undo": Message(_("There is nothing to take back.")),
    "count-differs": Message(
        _("%(counted)s × %(sku)s counted, the books say %(expected)s."),
        _("Scan CONFIRM once more, or count again."),
    ),
    "source": Message(_("%(place)s."), _("Take %(left)s × %(sku)s and scan them.")),
    "item": Message(
        _("%(quantity)s × %(sku)s in hand."),
        _("Scan the bin where it goes."),
        (("suggested", _("Scan the bin where it goes: %(suggested)s.")),),
    ),
    "put-back": Message(_("%(quantity)s × %(sku)s is in bin %(bin)s."), _("%(left)s are left.")),
    "put-back-done": Message(_("%(quantity)s × %(sku)s is in bin %(bin)s."), _("All done.")),
    "taken-back": Message(_("%(sku)s is in hand no more.")),
    "counting": Message(
        _("Bin %(place)s."),
        _("Scan every piece of %(sku)s."),
        (("lot", _("Scan every piece of %(sku)s, lot %(lot)s.")),),
    ),
    "counted": Message(_("%(counted)s × %(sku)s."), _("Scan CONFIRM when all are counted.")),
    "count-restarted": Message(_("The count of %(sku)s starts at zero.")),
    "count-done": Message(
        _(
            "%(counted)s × %(sku)s counted: %(found)s found, %(written_off)s written off, "
            "%(unexplained)s unexplained."
        )
    ),
}
"""At put-back and count."""

DISPATCH: Mapping[str, Message] = {
    "parcel-out": Message(
        _("%(tracking)s is on the van."), _("%(left)s of its shipment are left.")
    ),
    "shipment-dispatched": Message(
        _("%(tracking)s is on the van: shipment %(shipment)s has left.")
    ),
    "parcel-unknown": Message(_("No parcel here has %(raw)s."), _("Set it aside.")),
    "label-void": Message(
        _("Label %(tracking)s is void."), _("Set the parcel aside: it needs its new label.")
    ),
    "parcel-not-shipped": Message(
        _("%(tracking)s is not shipped (%(state)s)."), _("Bring it back to packing.")
    ),
    "parcel-already-out": Message(_("%(tracking)s has been on the van since %(since)s.")),
    "wrong-carrier": Message(
        _("%(tracking)s goes with %(carrier)s, this is the van of %(van)s."),
        _("Leave it on the dock."),
    ),
}
"""At the dock."""

SCANS: Mapping[Process, Mapping[str, Message]] = {
    "pack": PACK,
    "pick": PICK,
    "sort": SORT,
    "task": TASK,
    "dispatch": DISPATCH,
}

NEXT_STEPS: Mapping[Process, Mapping[str, Message]] = {
    "pack": {
        "scan-tote": Message(_("Scan a tote.")),
        "scan-single": Message(_("Scan a piece of tote %(tote)s."), _("%(left)s orders are left.")),
        "scan-item-to-take-out": Message(_("Scan the piece that comes out.")),
        "scan-reason": Message(_("Scan the reason.")),
        "scan-item-or-confirm": Message(
            _("%(reason)s: scan the product, or CONFIRM for everything missing.")
        ),
        "scan-missing": Message(_("Scan the missing pieces: %(missing)s.")),
        "weigh": Message(_("Put parcel %(parcel)s on the scale.")),
        "scan-label": Message(_("Scan the label %(tracking)s on its box.")),
        "await-label": Message(
            _("Wait: %(carrier)s is asked for the label of parcel %(parcel)s."),
            advice_with=(("says", _("So far: %(says)s")),),
        ),
        "label-refused": Message(
            _("%(carrier)s refuses the label of parcel %(parcel)s: %(says)s"),
            _("Scan RE-WEIGH to ask again, or HOLD and call a supervisor."),
        ),
        "label-in-doubt": Message(
            _("Nobody knows whether %(carrier)s sold the label of parcel %(parcel)s."),
            _("Call a supervisor; no second one is bought before."),
        ),
    },
    "pick": {
        "claim": Message(_("Claim the list.")),
        "bin": Message(_("Go to bin %(bin)s.")),
        "item": Message(_("Take %(quantity)s × %(sku)s and scan it.")),
        "tote": Message(
            _("Position %(position)s."),
            _("Scan an empty tote."),
            (("tote", _("Scan tote %(tote)s.")),),
        ),
        "batch-tote": Message(
            _("Put them into the batch tote."),
            _("Scan an empty tote."),
            (("tote", _("Scan tote %(tote)s.")),),
        ),
        "reason": Message(_("Scan how many are there, or the reason.")),
        "nothing": Message(_("Nothing is left to do here.")),
    },
    "sort": {
        "tote": Message(_("Scan a batch tote.")),
        "item": Message(_("Scan a piece of tote %(tote)s."), _("%(left)s are left.")),
        "slot": Message(_("Put %(quantity)s × %(sku)s into slot %(slot)s and scan it.")),
    },
    "task": {
        "place": Message(_("Go to %(place)s and scan it.")),
        "item": Message(_("Scan %(sku)s: %(left)s are left.")),
        "bin": Message(
            _("Scan the bin where it goes."),
            advice_with=(("suggested", _("Suggested: %(suggested)s.")),),
        ),
        "item or confirm": Message(_("Scan every piece of %(sku)s, then CONFIRM.")),
        "nothing": Message(_("Nothing is left to do here.")),
    },
    "dispatch": {},
}
"""The one instruction that the page says biggest."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "reason": {
        "empty": _("the bin is empty"),
        "fewer-than-shown": _("fewer than shown"),
        "damaged": _("damaged"),
        "not-found": _("not found"),
        "expired": _("expired"),
    },
    "follows": {
        "replacement-pick": _("others are picked for it"),
        "backorder": _("the rest is shipped, these stay owed"),
        "wait": _("the order waits for a supervisor"),
    },
    "why": {
        "empty": _("it is empty"),
        "too-long": _("it is too long"),
        "control-characters": _("it holds control characters"),
        "not-gs1": _("its GS1 elements are wrong"),
        "not-a-number": _("it is no number"),
    },
    "expected": {
        "bin": _("bin"),
        "item": _("item"),
        "tote": _("tote"),
        "reason": _("reason"),
        "place": _("place"),
        "slot": _("slot"),
        "item or confirm": _("item, or CONFIRM"),
    },
    "state": {
        "allocated": _("promised"),
        "released": _("released"),
        "picking": _("being picked"),
        "picked": _("picked"),
        "packing": _("being packed"),
        "packed": _("packed"),
        "labelled": _("labelled"),
        "shipped": _("shipped"),
        "dispatched": _("dispatched"),
        "cancelled": _("cancelled"),
        "open": _("open"),
        "closed": _("closed"),
        "weighed": _("weighed"),
    },
}
"""Words of the closed lists that stand in fields: field -> code -> word."""


def of_verdict(process: Process, verdict: Verdict) -> str:
    """What came of a scan, in the language of the request."""
    return _sentence(SCANS[process], verdict.code, verdict.fields)


def of_next_step(process: Process, code: str, fields: Mapping[str, Any]) -> str:
    """What to do next, in the language of the request."""
    return _sentence(NEXT_STEPS[process], code, fields)


def _sentence(table: Mapping[str, Message], code: str, fields: Mapping[str, Any]) -> str:
    message = table[code]
    spoken = in_words(fields, WORDS, weights=message.weights)
    advice = next((text for name, text in message.advice_with if fields.get(name)), message.advice)
    sentence = said(message.sentence, spoken)
    return together(sentence, said(advice, spoken)) if advice else sentence
