"""What a code says to the worker, and the one instruction that comes next.

The bench has sentences of its own here; shelves and tasks are told what their tables in the
domain say of the code (:class:`~fulfillment.domain.picking.Meaning`) with its fields behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from fulfillment import messages
from fulfillment.domain import picking, tasks
from fulfillment.domain.picking import Meaning
from fulfillment.domain.values import Accepted, Verdict


def _(sentence: str) -> str:
    """Mark a sentence for the catalogues; it is translated when it is said."""
    return sentence


PACK: Mapping[str, str] = {
    "opened": _("Order %(order)s is open: %(pieces)s pieces."),
    "resumed": _("Order %(order)s goes on. Missing: %(missing)s."),
    "counted": _("%(name)s (%(sku)s): %(in_box)s of %(wanted)s."),
    "complete": _("Order %(order)s is complete. Carton %(carton)s."),
    "undone": _("Taken back: %(quantity)s × %(sku)s %(name)s."),
    "take-out-which": _("What comes out of the box?"),
    "taken-out": _("Out of the box: %(quantity)s × %(sku)s %(name)s."),
    "next-parcel": _("Parcel %(parcel)s begins."),
    "carton-chosen": _("Carton %(carton)s is used."),
    "weighed": _("Parcel %(parcel)s weighs %(grams)s g."),
    "label-printed": _("Label %(tracking)s is made."),
    "label-confirmed": _("Label %(tracking)s is right. %(left)s more to scan."),
    "shipped": _("Order %(order)s is shipped: %(tracking)s."),
    "weigh-again": _("Parcel %(parcel)s goes on the scale again."),
    "label-voided": _("Label %(tracking)s is void: tear it off."),
    "label-reprinted": _("Label %(tracking)s is printed again (%(count)s)."),
    "short-why": _("Why is it short?"),
    "short-which": _("Short, %(reason)s: which product?"),
    "short-recorded": _("Short: %(quantity)s × %(sku)s (%(follows)s)."),
    "put-on-hold": _("Order %(order)s is on hold: set it aside."),
    "take-over-again": _("%(holder)s has had it since %(since)s. TAKE OVER once more takes it."),
    "taken-over": _("Order %(order)s is yours now; %(holder)s had it."),
    "closed": _("No order is open."),
    "no-order-open": _("No order is open here. Scan a tote first."),
    "unreadable": _("This is no barcode of the warehouse (%(why)s). Scan again."),
    "unknown-barcode": _("Nobody knows %(raw)s. Set the piece aside."),
    "not-for-packing": _("%(raw)s means nothing here."),
    "wrong-item": _("Not in this order: %(name)s (%(sku)s)."),
    "too-many": _("%(name)s (%(sku)s) is complete: this one is too many. Set it aside."),
    "pack-too-big": _("Case of %(pack)s, only %(wanted)s wanted: %(sku)s."),
    "wrong-lot": _("Lot %(lot)s of %(sku)s is not for this order. Expected: %(expected)s."),
    "lot-needed": _("%(sku)s: scan the code with the lot. Expected: %(expected)s."),
    "expired": _("%(sku)s, lot %(lot)s, expired on %(expired_on)s. Set it aside."),
    "serial-needed": _("%(sku)s: scan its serial number."),
    "serial-not-here": _("Serial %(serial)s of %(sku)s was not picked for this order."),
    "serial-twice": _("Serial %(serial)s of %(sku)s is in the box already."),
    "not-in-box": _("%(name)s (%(sku)s) is not in the box."),
    "nothing-to-undo": _("There is nothing to take back."),
    "not-complete": _("%(missing)s missing."),
    "parcel-empty": _("This parcel is empty: scan a piece into it first."),
    "order-open": _("Order %(order)s is not finished: %(missing)s missing."),
    "order-cancelled": _("Order %(order)s was cancelled (%(reason)s). Set the goods aside."),
    "order-on-hold": _("Order %(order)s is on hold (%(holds)s)."),
    "order-shipped": _("Order %(order)s is shipped already."),
    "not-picked-yet": _("Order %(order)s is not picked yet (%(state)s). Totes: %(totes)s."),
    "other-warehouse": _("Order %(order)s is packed in another warehouse."),
    "opened-elsewhere": _(
        "%(holder)s has order %(order)s open at %(station)s since %(since)s. "
        "Scan TAKE OVER twice to take it."
    ),
    "lost-to-take-over": _("%(holder)s has taken order %(order)s over at %(station)s."),
    "nothing-to-take-over": _("There is nothing to take over: scan the tote first."),
    "not-weighable": _("Nothing waits for the scale (%(state)s)."),
    "weight-not-positive": _("The scale reads %(grams)s g. Put the parcel on it."),
    "weight-outside": _(
        "The scale reads %(grams)s g, expected are %(expected)s g ± %(allowed)s g. "
        "Probably: %(probably)s."
    ),
    "label-exists": _("Label %(tracking)s is made already. VOID LABEL comes first."),
    "no-label": _("There is no label yet."),
    "wrong-label": _("Label %(tracking)s belongs to another parcel. Expected: %(expected)s."),
    "label-void": _("Label %(tracking)s is void: tear it off."),
    "unknown-carton": _("There is no carton %(carton)s here."),
    "reason-needed": _("Scan the reason."),
    "nothing-short": _("Nothing of that is missing."),
    "reprint-needs-supervisor": _("Label %(tracking)s: a supervisor must print it again."),
}
"""At the bench."""

PAGE: Mapping[str, str] = {
    "claimed": _("List %(list)s is yours."),
    "no-list": _("You have no list: CLAIM the next one, or scan a list."),
}
"""Answers of the pages themselves."""

BELONGS: tuple[tuple[str, str], ...] = (
    ("tote", _("Order %(needed_by)s, tote %(tote)s needs it: put it there, or back to %(home)s.")),
    ("home", _("It belongs to bin %(home)s.")),
)
"""Where a piece of another order goes: by the first field that is not empty."""

NEXT_STEPS: Mapping[str, Mapping[str, str]] = {
    "pack": {
        "scan-tote": _("Scan a tote, order or pick list"),
        "scan-missing": _("Scan any of the %(missing)s missing pieces"),
        "scan-item-to-take-out": _("Scan the piece that comes out"),
        "scan-reason": _("Scan the reason"),
        "scan-item-or-confirm": _("Scan the missing product, or CONFIRM for all"),
        "weigh": _("Put parcel %(parcel)s on the scale"),
        "scan-label": _("Stick on label %(tracking)s and scan it"),
    },
    "pick": {
        "claim": _("Claim the list"),
        "bin": _("Scan the bin"),
        "item": _("Scan the item"),
        "tote": _("Scan the tote"),
        "reason": _("How many are there, and why?"),
        "nothing": _("Bring the totes to packing"),
    },
    "task": {
        "place": _("Scan the place"),
        "item": _("Scan the item"),
        "bin": _("Scan the bin where it goes"),
        "item or confirm": _("Scan every piece, then CONFIRM"),
        "nothing": _("Done"),
    },
}

_MEANINGS: Mapping[str, tuple[Mapping[str, Meaning], Mapping[str, Meaning]]] = {
    "pick": (picking.ACCEPTANCES, picking.REFUSALS),
    "task": (tasks.ACCEPTANCES, tasks.REFUSALS),
}


def of_verdict(process: str, verdict: Verdict) -> str:
    """What happened, in the language of the request."""
    if process == "pack":
        sentence = messages.said(PACK.get(verdict.code, verdict.code), verdict.fields)
        if verdict.code != "wrong-item":
            return sentence
        where = next((text for name, text in BELONGS if verdict.fields.get(name)), "")
        return f"{sentence} {messages.said(where, verdict.fields)}" if where else sentence
    if verdict.code in PAGE:
        return messages.said(PAGE[verdict.code], verdict.fields)
    accepted, refused = _MEANINGS[process]
    meaning = (accepted if isinstance(verdict, Accepted) else refused).get(verdict.code)
    if meaning is None:
        return verdict.code
    shown = ", ".join(
        f"{gettext(name)}: {value}"
        for name in meaning.fields
        if (value := verdict.fields.get(name)) not in (None, "", [], ())
    )
    says = str(gettext(meaning.says)).capitalize()
    return f"{says} ({shown})" if shown else says


def of_next_step(process: str, code: str, fields: Mapping[str, Any]) -> str:
    """The one thing to do next."""
    return messages.said(NEXT_STEPS[process].get(code, code), fields)
