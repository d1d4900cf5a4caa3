"""The log of the scans: each with its answer, refused ones too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from fulfillment.domain.barcodes import storable
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Actor
from fulfillment.domain.values import Accepted, ScanSource, Verdict
from fulfillment.store.base import table_of
from fulfillment.store.journal import ScanEvent
from fulfillment.store.transaction import Transaction

_INSERT = insert(table_of(ScanEvent)).return_defaults(table_of(ScanEvent).c.id)


def record_scan(
    tx: Transaction,
    actor: Actor,
    verdict: Verdict,
    *,
    scan_id: str,
    process: str,
    raw: str,
    subject: Mapping[str, Any],
    source: ScanSource = "scanner",
) -> int:
    """Store one scan with its verdict and return its id.

    *subject* fills the columns that say what it was about: ``pick_list_id, task_id,
    shipment_id, shipment_line_id, lot, serial, quantity``; and ``user_id`` where *actor* only
    delivers what somebody else scanned.
    """
    row = {
        "scan_id": scan_id,
        "process": process,
        "at": tx.now,
        "user_id": actor.user_id,
        "station_id": actor.station_id,
        "raw": storable(raw),
        "source": source,
        "accepted": isinstance(verdict, Accepted),
        "code": verdict.code,
        "fields": verdict.fields,
        **subject,
    }
    key = tx.execute(_INSERT, row).inserted_primary_key
    assert key is not None, "an inserted row has a key"
    return int(key[0])


def check_scan_id(scan_id: str) -> None:
    """Raise :class:`InvalidInput` unless *scan_id* can be a key: 1 to 64 printable characters."""
    if not 1 <= len(scan_id) <= 64 or not scan_id.isascii() or not scan_id.isprintable():
        raise invalid("scan_id", "not-a-scan-id", scan_id[:64])
