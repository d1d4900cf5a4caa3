"""What people are told: the one table from a code to its sentence, in the worker's language.

The sentences are gettext ids; the catalogues hold 繁體中文 and 简体中文. ``%(name)s`` is a field of
the error, of the scan's verdict or of the fault with that code. ``advice`` says what to do next.
A code without an entry is a programming error that a test finds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext


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
        _("The scale reads %(measured_grams)s g, expected are %(expected_grams)s g."),
        _("Check the contents, or ask a supervisor."),
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
    "cannot-print": Message(_("The document has texts that cannot be printed.")),
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


def title(code: str) -> str:
    """The English sentence of a code, its gaps named: the same for every occurrence."""
    found = MESSAGES.get(code)
    return found.sentence.replace("%(", "{").replace(")s", "}") if found else code


def sentence(code: str, fields: Mapping[str, Any]) -> str:
    """What happened and what to do next, in the language of the request."""
    found = MESSAGES.get(code)
    if found is None:
        return code
    return " ".join(said(part, fields) for part in (found.sentence, found.advice) if part)


def said(msgid: str, fields: Mapping[str, Any]) -> str:
    """One translated sentence with its gaps filled; a field that is missing shows as ``?``."""
    filled: defaultdict[str, Any] = defaultdict(lambda: "?", fields)
    for name, value in fields.items():
        if isinstance(value, list | tuple):
            filled[name] = ", ".join(map(str, value))
    return str(gettext(msgid) % filled)
