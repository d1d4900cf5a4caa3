"""The way to a printer: bytes in, exact knowledge of what became of them out. No database.

    way = way_to("raw", "192.168.1.50:9100", language="zpl", spool_root=folder)
    outcome = way.deliver(zpl, name="42-1", begin=lambda: True)

`Taken` is not yet paper, `NotTaken` may be sent again, `Doubtful` must not be: somebody has to
look. Nothing here raises; each call ends within seconds, whatever the printer does.
"""

from __future__ import annotations

from pathlib import Path

from labels.printers.outcomes import (
    Condition,
    Doubtful,
    NotTaken,
    Outcome,
    Rejected,
    Status,
    Taken,
    Way,
    Withdrawn,
)
from labels.printers.raw import RawPrinter, host_status
from labels.printers.spool import SpoolFolder

__all__ = [
    "Condition",
    "Doubtful",
    "NotTaken",
    "Outcome",
    "RawPrinter",
    "Rejected",
    "SpoolFolder",
    "Status",
    "Taken",
    "Way",
    "Withdrawn",
    "host_status",
    "way_to",
]

MEDIA_TYPES = {"pdf": "application/pdf", "zpl": "application/octet-stream"}
"""ZPL goes through IPP as bytes that the printer itself recognises."""


def way_to(kind: str, address: str, *, language: str, spool_root: Path) -> Way:
    """The way to a printer of ``kind`` (raw, ipp, spool) that is sent ``language`` (zpl, pdf).

    Raises ValueError, with what would be right, where the address is none of its kind. The fourth
    kind, the browser's print dialog, is the browser's own business and has no way here.
    """
    if kind == "raw":
        return RawPrinter.at(address, asks_status=language == "zpl")
    if kind == "ipp":
        from labels.printers.ipp import IppPrinter  # an HTTP client that the other ways do without

        return IppPrinter.at(address, media_type=MEDIA_TYPES[language])
    if kind == "spool":
        return SpoolFolder.at(address, root=spool_root, ending=language)
    raise ValueError("a printer that documents are sent to is raw, ipp or spool")
