"""What pages say about printers, documents and print jobs: one table a kind of code.

The sentences are gettext ids like those of :mod:`fulfillment.messages`.
"""

from __future__ import annotations

from collections.abc import Mapping


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated when it is said."""
    return text


PRINTER_KINDS: Mapping[str, str] = {
    "raw": _("network printer (port 9100)"),
    "ipp": _("IPP or CUPS"),
    "spool": _("folder"),
    "browser": _("print dialog of the browser"),
}
CONDITIONS: Mapping[str, str] = {
    "new": _("not asked yet"),
    "ready": _("ready"),
    "attention": _("wants attention"),
    "offline": _("cannot be reached"),
}
DOCUMENTS: Mapping[str, str] = {
    "shipping-label": _("shipping labels"),
    "return-label": _("return labels"),
    "packing-slip": _("packing slips"),
    "pick-list": _("pick lists"),
    "bin-label": _("bin labels"),
    "product-label": _("product labels"),
    "tote-label": _("tote labels"),
    "cart-label": _("cart labels"),
    "badge-label": _("badges"),
    "put-wall-label": _("labels of the put wall"),
    "command-sheet": _("sheets of commands"),
    "carrier-manifest": _("carrier manifests"),
}
JOB_STATES: Mapping[str, str] = {
    "queued": _("waits for the printer"),
    "leased": _("at the printer"),
    "failed": _("the printer failed"),
    "cancelled": _("cancelled"),
    "sent": _("sent; nobody has seen it yet"),
    "confirmed": _("printed and seen"),
    "unknown": _("perhaps printed: somebody must look"),
}
ASKS: Mapping[str, str] = {
    "scan-or-reprint": _("Scan the label if it came out; else print it again."),
    "look-or-repeat": _("Look whether it came out; else print it again."),
    "cannot-print": _("It cannot be printed like this."),
}
