"""Printing: what may be sent again and when, and when a printer counts as off.

The rule that all else follows from: *sent is not printed*.  A document of which certainly not a
byte was sent is tried again for as long as it takes; one of which bytes were sent, and whose end
nobody saw, is never sent again by itself (:data:`fulfillment.domain.states.PRINT_JOB`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, get_args

PrinterKind = Literal["raw", "ipp", "spool", "browser"]
"""``browser``: the page opens the print dialog; there is no queue and no job."""
Language = Literal["zpl", "pdf"]
Condition = Literal["new", "ready", "attention", "offline"]
"""*new*: nobody has asked it yet.  *attention*: reachable, and it wants paper, a lid shut …"""

PRINTER_KINDS: tuple[str, ...] = get_args(PrinterKind)
LANGUAGES: tuple[str, ...] = get_args(Language)
CONDITIONS: tuple[str, ...] = get_args(Condition)
DOTS_PER_INCH = (203, 300, 600)
MOST_COPIES = 50

LABEL = "shipping-label"
DOCUMENT_KINDS: tuple[str, ...] = (
    LABEL,
    "return-label",
    "packing-slip",
    "pick-list",
    "bin-label",
    "product-label",
    "tote-label",
    "cart-label",
    "badge-label",
    "put-wall-label",
    "command-sheet",
    "carrier-manifest",
)

HOUSE_LABEL_KINDS: tuple[str, ...] = (
    "bin-label",
    "tote-label",
    "cart-label",
    "product-label",
    "badge-label",
)
"""What is stuck on the things of a warehouse, and printed anew whenever somebody asks for it."""
MOST_HOUSE_LABELS = 2_000
"""At once, copies included."""
MOST_HOUSE_LABEL_COPIES = 100
MOST_HOUSE_LABEL_JOBS = 300
"""Of one request: each label is a job of its own, and a printer is busy for minutes with them."""

DIALOG_KINDS: tuple[str, ...] = (
    LABEL,
    "packing-slip",
    "pick-list",
    "put-wall-label",
    *HOUSE_LABEL_KINDS,
    "command-sheet",
    "carrier-manifest",
)
"""What pages offer to the browser's print dialog; a warehouse says on which paper."""
STICKER_KINDS: tuple[str, ...] = ("put-wall-label", *HOUSE_LABEL_KINDS)
"""Those of them that also go on sheets of adhesive labels, many on a page."""

LEAST_SIDE_TENTHS_MM = 200
GREATEST_SIDE_TENTHS_MM = 5_000
LEAST_PRINTED_TENTHS_MM = 100
"""What the margins leave of each side at least."""

FIRST_RETRY_SECONDS = 2
LONGEST_RETRY_SECONDS = 30
"""Somebody who has put paper in stands beside the printer: it must not take minutes to notice."""
LEASE_SECONDS = 60
"""More than the slowest delivery takes (connect 3 s, send 10 s, end 10 s; IPP 5 s and 20 s)."""
PRINTS_WITHIN_SECONDS = 30
"""A label that still waits after this time does so because something is off."""


def retry_after(failures: int) -> timedelta:
    """How long a printer is left alone after its *failures*-th failure in a row: doubling."""
    seconds = FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10)
    return timedelta(seconds=min(seconds, LONGEST_RETRY_SECONDS))


def has_come_out(state: str) -> bool:
    """Whether a print job counts as printed for shipping: the printer has it, or its label was scanned."""
    return state in ("sent", "confirmed")


def printer_is_off(*, state: str, condition: str, waits_for: timedelta) -> bool:
    """Whether a job that has not come out is held up by its printer, and not just a moment old.

    *state* of the job, *condition* of its printer, and how long the job has been waiting.
    """
    if state in ("unknown", "failed"):
        return True
    return condition != "ready" or waits_for > timedelta(seconds=PRINTS_WITHIN_SECONDS)
