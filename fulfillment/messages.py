"""What people are told: the one table from a code to its sentence, in the worker's language.

The sentences are gettext ids; the catalogues hold 繁體中文 and 简体中文. ``%(name)s`` is a field of
the error, of the scan's verdict or of the fault with that code. ``advice`` says what to do next.
A code without an entry is a programming error that a test finds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext

from fulfillment import formats


def _(sentence: str) -> str:
    """Mark a sentence for the catalogues; it is translated when it is said."""
    return sentence


@dataclass(frozen=True)
class Message:
    """A sentence with gaps, and what to do next."""

    sentence: str
    advice: str = ""
    advice_with: tuple[tuple[str, str], ...] = ()
    """Better advice where a field says more: (field, advice); the first that is not empty counts."""
    weights: tuple[str, ...] = ()
    """The fields that are grams: they are said in the reader's units."""


MESSAGES: dict[str, Message] = {
    # Errors of commands, in the order of domain/errors.py.
    "not-found": Message(_("There is no %(kind)s %(key)s.")),
    "not-permitted": Message(
        _("Your account may not do this (%(permission)s)."),
        _("Ask a supervisor or an administrator."),
    ),
    "not-logged-in": Message(_("Nobody is logged in, or the session has ended."), _("Log in.")),
    "wrong-credentials": Message(_("The name or the secret is wrong."), _("Try again.")),
    "too-many-tries": Message(
        _("Too many wrong tries."), _("Try again in %(retry_after_seconds)s seconds.")
    ),
    "illegal-event": Message(_("%(event)s is not possible: the %(machine)s is %(state)s.")),
    "not-enough-stock": Message(
        _("Only %(available)s of %(wanted)s × %(sku)s are free in %(location)s.")
    ),
    "already-taken": Message(_("%(holder)s has had this %(kind)s since %(since)s.")),
    "already-exists": Message(_("A %(kind)s %(key)s exists already.")),
    "duplicate-reference": Message(
        _("%(channel)s order %(reference)s is known as %(order_number)s with other content.")
    ),
    "already-dispatched": Message(
        _("Shipment %(shipment)s has left the building."), _("Wait for its return.")
    ),
    "on-hold": Message(_("%(kind)s %(number)s is on hold."), _("Release its holds first.")),
    "cannot-merge": Message(_("These orders do not go together: %(reason)s.")),
    "nothing-to-do": Message(_("There is nothing to do: %(what)s.")),
    "weight-blocked": Message(
        _("The scale reads %(measured_grams)s, expected are %(expected_grams)s."),
        _("Check the contents, or ask a supervisor."),
        weights=("measured_grams", "expected_grams"),
    ),
    "key-reused": Message(
        _("The idempotency key was used before for another request."), _("Use a new key.")
    ),
    "numbers-exhausted": Message(
        _("The number range %(range_name)s is used up."), _("Enter a new range.")
    ),
    "invalid-input": Message(_("The input is wrong; nothing was changed.")),
    "file-unreadable": Message(_("The file cannot be read: %(reason)s.")),
    "label-not-confirmed": Message(
        _("The label must be scanned on its box before it ships."),
        _("Scan it: %(tracking_numbers)s."),
    ),
    "cannot-split": Message(_("Order %(number)s cannot be split like this: %(reason)s.")),
    "label-active": Message(
        _("Labels of order %(number)s show the old address: %(tracking_numbers)s."),
        _("Void them first."),
    ),
    "encoding-needed": Message(
        _("The file does not say its encoding."), _("Choose the one in which it reads right.")
    ),
    "has-open-work": Message(
        _("You have %(kind)s %(number)s open."), _("Finish it or hand it over first.")
    ),
    "cannot-print": Message(
        _("The document has texts that cannot be printed."),
        _("Shorten them, or choose a larger paper or a smaller margin for it."),
    ),
    "picture-too-large": Message(
        _("The picture is too large: at most %(most_bytes)s bytes and %(most_pixels)s pixels."),
        _("Take a smaller one."),
    ),
    "not-a-picture": Message(
        _("This file is no picture that can be read."), _("Take a photo (JPEG, PNG or WebP).")
    ),
    "decoder-stopped": Message(
        _("The picture could not be read in time."), _("Take another one, or scan the codes.")
    ),
    "decoder-busy": Message(
        _("Other pictures are being read."), _("Try again in %(retry_after_seconds)s seconds.")
    ),
    # Refusals of the web frame.
    "bad-request": Message(_("The request is malformed.")),
    "no-such-address": Message(_("There is nothing at this address.")),
    "method-not-allowed": Message(_("This address does not know this method.")),
    "too-large": Message(_("The request is too large.")),
    "not-json": Message(_("The body must be JSON (Content-Type: application/json).")),
    "too-many-requests": Message(_("Too many requests."), _("Wait a little.")),
    "form-expired": Message(
        _("The form is too old or came from another site."), _("Load the page again.")
    ),
    "database-busy": Message(_("The database does not answer."), _("Try again in a moment.")),
    "not-ready": Message(_("The service is not ready."), _("Try again in a moment.")),
    "internal-error": Message(
        _("Something went wrong on our side; nothing was changed."), _("Try again.")
    ),
    # Secrets.
    "password-chosen": Message(_("The new password counts from now on.")),
    "wrong-length": Message(_("The length is wrong: %(text)s characters.")),
    "easily-guessed": Message(_("This is easily guessed."), _("Choose another one.")),
    # People, stations, policy.
    "saved": Message(_("Saved.")),
    "sessions-ended": Message(_("All sessions were ended.")),
    "station-enrolled": Message(_("This browser is now station %(code)s.")),
    # Printing.
    "label-not-printed": Message(
        _("Printer %(printer)s has not printed the label yet: %(tracking_numbers)s."),
        _("See to the printer, then scan the label."),
    ),
    "still-printing": Message(
        _("It waits for printer %(printer)s and comes out by itself."), _("See to the printer.")
    ),
}


STATES: Mapping[str, str] = {
    "review": _("in review"),
    "confirmed": _("confirmed"),
    "allocated": _("allocated"),
    "merged": _("merged"),
    "cancelled": _("cancelled"),
    "shipped": _("shipped"),
    "released": _("released"),
    "picking": _("picking"),
    "picked": _("picked"),
    "packing": _("packing"),
    "packed": _("packed"),
    "labelled": _("labelled"),
    "dispatched": _("dispatched"),
    "queued": _("waits for the printer"),
    "leased": _("at the printer"),
    "sent": _("sent to the printer"),
    "failed": _("the printer failed"),
    "unknown": _("perhaps printed"),
    "open": _("open"),
    "closed": _("closed"),
    "weighed": _("weighed"),
    "claimed": _("claimed"),
    "done": _("done"),
    "short": _("short"),
    "active": _("valid"),
    "void": _("void"),
    "intended": _("to be bought"),
    "asked": _("being bought"),
    "bought": _("bought"),
    "refused": _("refused by the carrier"),
    "voiding": _("being voided"),
    "voided": _("voided"),
    "void-refused": _("paid, and not taken back"),
    "on hold": _("on hold"),
}
HOLDS: Mapping[str, str] = {
    "address": _("address incomplete"),
    "payment": _("payment open"),
    "stock": _("question about stock"),
    "fraud": _("suspicion of fraud"),
    "customer-note": _("note of the customer"),
    "other": _("other"),
}
KINDS: Mapping[str, str] = {
    "alert": _("alert"),
    "alert-rule": _("rule"),
    "badge": _("badge"),
    "carrier request": _("request to a carrier"),
    "barcode": _("barcode"),
    "count": _("count"),
    "delivery": _("delivery"),
    "enrolment code": _("enrolment code"),
    "exception": _("kind of exception"),
    "file": _("file"),
    "hold": _("hold"),
    "import": _("import"),
    "label": _("label"),
    "label purchase": _("purchase of a label"),
    "location": _("place"),
    "manifest": _("manifest"),
    "open order": _("open order"),
    "order": _("order"),
    "order-line": _("order line"),
    "paper": _("paper"),
    "parcel": _("parcel"),
    "pick list": _("pick list"),
    "pick-list": _("pick list"),
    "photo": _("photo"),
    "pick stop": _("stop of a pick list"),
    "print job": _("print job"),
    "printer": _("printer"),
    "product": _("product"),
    "purchase": _("purchase of a label"),
    "put wall": _("put wall"),
    "report": _("report"),
    "report-schedule": _("scheduled report"),
    "seller": _("seller"),
    "serial": _("serial number"),
    "service": _("service"),
    "shipment": _("shipment"),
    "station": _("station"),
    "task": _("task"),
    "token": _("token"),
    "user": _("user"),
    "warehouse": _("warehouse"),
    "wave": _("wave"),
    "webhook": _("webhook"),
}
PERMISSIONS: Mapping[str, str] = {
    "pick": _("pick"),
    "pack": _("pack"),
    "ship": _("ship"),
    "work-tasks": _("work on tasks"),
    "see-orders": _("see orders"),
    "enter-orders": _("enter orders"),
    "review-orders": _("review orders"),
    "cancel-orders": _("cancel orders"),
    "allocate": _("promise stock"),
    "release": _("release waves"),
    "see-stock": _("see stock"),
    "change-stock": _("change stock"),
    "override": _("override as a supervisor"),
    "see-catalogue": _("see the catalogue"),
    "change-catalogue": _("change the catalogue"),
    "see-reports": _("see reports"),
    "change-policy": _("change the policy"),
    "manage-people": _("manage people"),
}
EVENTS: Mapping[str, str] = {
    "do": _("do"),
    "accept": _("accept"),
    "allocate": _("promise stock"),
    "ask": _("ask"),
    "await-pick": _("wait for another pick"),
    "buy": _("buy"),
    "cancel": _("cancel"),
    "change-service": _("change the service"),
    "claim": _("claim"),
    "close": _("close"),
    "complete": _("complete it"),
    "confirm": _("confirm"),
    "confirm without a scan": _("confirm without a scan"),
    "deallocate": _("take apart"),
    "dispatch": _("dispatch"),
    "fall-back": _("owe units again"),
    "finish": _("finish"),
    "finish-pick": _("finish picking"),
    "forget": _("forget the weight"),
    "give-back": _("give back"),
    "give-up": _("give up"),
    "hand-over": _("hand over"),
    "label": _("make its label"),
    "lease": _("print"),
    "lose": _("lose"),
    "merge": _("merge"),
    "open": _("open it"),
    "override weight": _("accept the weight"),
    "pick": _("pick"),
    "put-aside": _("put aside"),
    "refuse": _("refuse"),
    "refuse-void": _("refuse to take back"),
    "reject": _("reject"),
    "release": _("release"),
    "reopen": _("open again"),
    "repeat": _("repeat"),
    "send": _("send"),
    "ship": _("ship"),
    "short": _("report short"),
    "start-pick": _("start picking"),
    "take-back": _("take back"),
    "un-ship": _("take back from the dock"),
    "join": _("add a shipment"),
    "undo": _("undo"),
    "undo-pick": _("undo the pick"),
    "void": _("void the label"),
    "weigh": _("weigh"),
    "withdraw": _("withdraw"),
}
NOTHING: Mapping[str, str] = {
    "alert": _("it is taken on, or over"),
    "close-manifest": _("no parcel waits for a manifest"),
    "cut-off": _("no shipment has that cut-off"),
    "delivery": _("it is not given up"),
    "hold": _("no hold"),
    "nothing is owed": _("nothing is owed"),
    "pick list": _("no pick list waits"),
    "print": _("nothing to print"),
    "release": _("nothing waits for release"),
    "stock adjustment": _("the stock is as you say"),
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "event": EVENTS,
    "holds": HOLDS,
    "kind": KINDS,
    "machine": KINDS,
    "permission": PERMISSIONS,
    "state": STATES,
    "what": NOTHING,
}
"""Words of the closed lists that stand in fields: field -> code -> word."""


def title(code: str) -> str:
    """The English sentence of a code, its gaps named: the same for every occurrence."""
    found = MESSAGES.get(code)
    return found.sentence.replace("%(", "{").replace(")s", "}") if found else code


def sentence(code: str, fields: Mapping[str, Any]) -> str:
    """What happened and what to do next, in the language of the request."""
    found = MESSAGES.get(code)
    if found is None:
        return code
    shown = in_words(fields, WORDS, weights=found.weights)
    return together(*(said(part, shown) for part in (found.sentence, found.advice) if part))


def said(msgid: str, fields: Mapping[str, Any]) -> str:
    """One translated sentence with its gaps filled; a field that is missing shows as ``?``."""
    filled: defaultdict[str, Any] = defaultdict(lambda: "?", fields)
    for name, value in fields.items():
        if isinstance(value, list | tuple):
            filled[name] = ", ".join(map(str, value))
    return str(gettext(msgid) % filled)


def together(*sentences: str) -> str:
    """Sentences one behind the other; a full-width stop brings its own blank along."""
    return " ".join(sentences).replace("。 ", "。")


def in_words(
    fields: Mapping[str, Any],
    words: Mapping[str, Mapping[str, str]],
    *,
    weights: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The fields as people read them: codes by *words*, grams, moments and days in their form."""
    shown = dict(fields)
    for name, value in fields.items():
        if name in weights and isinstance(value, int):
            shown[name] = formats.weight(value)
        elif name == "since":
            shown[name] = formats.moment_text(datetime.fromisoformat(value))
        elif name in ("expired_on", "expires_on"):
            shown[name] = formats.day(date.fromisoformat(value))
        elif name == "holds":
            codes = value.split(", ") if isinstance(value, str) else value
            shown[name] = [_word(HOLDS, code) for code in codes]
        elif name in words:
            shown[name] = _word(words[name], value)
    return shown


def _word(table: Mapping[str, str], code: Any) -> Any:
    known = isinstance(code, str) and code in table
    return str(gettext(table[code])) if known else code
