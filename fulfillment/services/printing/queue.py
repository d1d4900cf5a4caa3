"""Asking for prints, and a person's word on what came of one.

Labels are queued by the packing station itself, with the label.  Everything else that is printed
at a station is asked for here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from fulfillment.domain.errors import (
    Fault,
    IllegalEvent,
    InvalidInput,
    StillPrinting,
    UnknownThing,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.printing import LABEL, MOST_COPIES
from fulfillment.domain.states import PRINT_JOB
from fulfillment.services.printing.documents import frozen, kind_of
from fulfillment.services.printing.printers import printer_in_reach, warehouse_of_station
from fulfillment.store import printing as rows
from fulfillment.store.base import table_of
from fulfillment.store.journal import audit
from fulfillment.store.printing import Printer, PrintJob, StationPrinter
from fulfillment.store.transaction import Transaction, writes
from labels import BinLabel, Document

_job, _printer = table_of(PrintJob), table_of(Printer)
_station_printer = table_of(StationPrinter)

KEY_LENGTH = 128


@dataclass(frozen=True)
class Queued:
    """A job in the queue of a printer."""

    job_id: int
    printer: str


@writes
def print_document(
    tx: Transaction,
    actor: Actor,
    *,
    station_id: int,
    document: Document,
    key: str,
    copies: int = 1,
    why: str = "",
) -> Queued | None:
    """Queue a document for the station's printer of its kind.

    None: the station has none for it, so the browser's print dialog is to be opened.  *key* names
    the cause: the same key again is the same job.  Shipping labels are not printed like this,
    they are counted: REPRINT (:func:`fulfillment.services.packing.reprint_label`).
    """
    actor.require(Permission.PACK, warehouse_id=warehouse_of_station(tx, station_id))
    kind = kind_of(document)
    _check_request(kind, key, copies)
    printer = tx.execute(
        select(_printer.c.id, _printer.c.code)
        .join(_station_printer, _station_printer.c.printer_id == _printer.c.id)
        .where(
            _station_printer.c.station_id == station_id,
            _station_printer.c.document_kind == kind,
            _printer.c.active,
            _printer.c.kind != "browser",
        )
        .with_for_update(of=_printer, key_share=True)
    ).one_or_none()
    if printer is None:
        return None
    known = tx.execute(
        select(_job.c.id, _printer.c.code)
        .join(_printer, _printer.c.id == _job.c.printer_id)
        .where(_job.c.key == key)
    ).one_or_none()
    if known is not None:
        return Queued(known.id, known.code)
    job_id = put_in_queue(
        tx,
        actor,
        document,
        printer_id=printer.id,
        station_id=station_id,
        key=key,
        copies=copies,
        why=why,
    )
    return Queued(job_id, printer.code)


@writes
def print_test(tx: Transaction, actor: Actor, printer_id: int, *, key: str) -> Queued:
    """Queue a small label that names the printer, on the printer itself; no station is asked.

    *key* names the cause like in :func:`print_document`.  Raises UnknownThing, InvalidInput (a
    browser's print dialog, or a printer that is out of use).
    """
    printer = printer_in_reach(tx, actor, Permission.CHANGE_POLICY, printer_id)
    require_queue(printer)
    key = f"test:{printer_id}:{key}"
    document = BinLabel(code=printer.code, barcode=printer.code, note=printer.name)
    _check_request(kind_of(document), key, copies=1)
    known = tx.execute(select(_job.c.id).where(_job.c.key == key)).scalar_one_or_none()
    if known is not None:
        return Queued(known, printer.code)
    job_id = put_in_queue(tx, actor, document, printer_id=printer_id, key=key, why="test")
    audit(
        tx,
        by_id=actor.user_id,
        act="test-print",
        subject=("printer", printer_id),
        warehouse_id=printer.warehouse_id,
        details={"code": printer.code},
    )
    return Queued(job_id, printer.code)


@writes
def confirm_job(tx: Transaction, actor: Actor, job_id: int) -> None:
    """Somebody holds the paper in hand.  A label is confirmed by its scan, not like this.

    Raises UnknownThing, IllegalEvent (a label, or a job that was not sent).
    """
    job = _in_reach(tx, actor, Permission.PACK, job_id)
    if job.label_id is not None:
        raise IllegalEvent(machine=PRINT_JOB.name, state=job.state, event="confirm without a scan")
    _answer(tx, actor, job, PRINT_JOB.advance(job.state, "confirm"))
    _audit(tx, actor, job, "print-job-confirmed", "")


@writes
def repeat_job(tx: Transaction, actor: Actor, job_id: int, *, why: str) -> Queued:
    """Print a document again whose job is unknown, failed, sent or confirmed, on the same printer.

    Raises UnknownThing; IllegalEvent for a label (REPRINT counts those) or a cancelled job;
    StillPrinting while the first one waits.
    """
    job = _in_reach(tx, actor, Permission.PACK, job_id)
    if job.label_id is not None or job.state == "cancelled":
        raise IllegalEvent(machine=PRINT_JOB.name, state=job.state, event="repeat")
    if job.state in ("queued", "leased"):
        raise StillPrinting(printer=job.printer)
    if job.state in ("unknown", "failed"):
        _answer(tx, actor, job, "failed")
    values = {
        "printer_id": job.printer_id,
        "station_id": job.station_id,
        "document_kind": job.document_kind,
        "content": job.content,
        "copies": job.copies,
        "key": f"repeat:{job_id}",
        "why": why[: rows.DETAIL_LENGTH],
    }
    known = tx.execute(select(_job.c.id).where(_job.c.key == values["key"])).scalar_one_or_none()
    if known is not None:
        return Queued(known, job.printer)
    _audit(tx, actor, job, "print-job-repeated", why)
    return Queued(_inserted(tx, actor, values), job.printer)


@writes
def cancel_job(tx: Transaction, actor: Actor, job_id: int, *, why: str) -> None:
    """Take a job out of the queue before a byte of it is sent; needs OVERRIDE, audited.

    Raises UnknownThing, IllegalEvent (it was sent, or is over).
    """
    job = _in_reach(tx, actor, Permission.OVERRIDE, job_id)
    if not rows.cancel_job(tx, job_id, by_id=actor.user_id, detail=why):
        raise IllegalEvent(machine=PRINT_JOB.name, state=job.state, event="cancel")
    _audit(tx, actor, job, "print-job-cancelled", why)


@writes
def move_jobs(
    tx: Transaction, actor: Actor, *, from_printer_id: int, to_printer_id: int, why: str
) -> int:
    """Let what waits for one printer come out of another of the same warehouse; how many jobs.

    Only jobs that no worker has in hand are moved.  Needs OVERRIDE, audited.
    """
    pair = [
        printer_in_reach(tx, actor, Permission.OVERRIDE, one)
        for one in sorted({from_printer_id, to_printer_id})
    ]
    by_id = {one.id: one for one in pair}
    source, target = by_id[from_printer_id], by_id[to_printer_id]
    fits = source.warehouse_id == target.warehouse_id and target.kind != "browser"
    if not fits or not target.active:
        raise InvalidInput(faults=(Fault("to_printer_id", "not-possible", target.code),))
    moved = tx.execute(
        update(_job)
        .where(_job.c.printer_id == from_printer_id, _job.c.state == "queued")
        .values(printer_id=to_printer_id, next_attempt_at=tx.now)
    ).rowcount
    audit(
        tx,
        by_id=actor.user_id,
        act="print-jobs-moved",
        subject=("printer", from_printer_id),
        warehouse_id=source.warehouse_id,
        reason=why,
        details={"to": target.code, "jobs": moved},
    )
    return moved


# --- shared with the other files of this package -------------------------------------------


def require_queue(printer: Row[Any]) -> None:
    """Raise InvalidInput for a browser's print dialog and for a printer that is out of use."""
    if printer.kind == "browser" or not printer.active:
        raise InvalidInput(faults=(Fault("printer_id", "not-possible", printer.code),))


def put_in_queue(
    tx: Transaction,
    actor: Actor,
    document: Document,
    *,
    printer_id: int,
    key: str,
    station_id: int | None = None,
    copies: int = 1,
    why: str = "",
) -> int:
    """The new job of a document on a printer; the caller knows that there is none with its key."""
    values = {
        "printer_id": printer_id,
        "station_id": station_id,
        "document_kind": kind_of(document),
        "content": frozen(document),
        "copies": copies,
        "key": key,
        "why": why[: rows.DETAIL_LENGTH],
    }
    return _inserted(tx, actor, values)


# --- parts -----------------------------------------------------------------------------------


def _check_request(kind: str, key: str, copies: int) -> None:
    faults = []
    if kind == LABEL:
        faults.append(Fault("document", "is-a-shipping-label"))
    if not 0 < len(key) <= KEY_LENGTH:
        faults.append(Fault("key", "bad-length", key[:40]))
    if not 0 < copies <= MOST_COPIES:
        faults.append(Fault("copies", "out-of-range", f"1..{MOST_COPIES}"))
    if faults:
        raise InvalidInput(faults=tuple(faults))


def _inserted(tx: Transaction, actor: Actor, values: dict[str, Any]) -> int:
    moment = {"requested_at": tx.now, "next_attempt_at": tx.now}
    key = tx.execute(
        insert(_job).values(**values, **moment, requested_by_id=actor.user_id)
    ).inserted_primary_key
    assert key is not None
    return int(key[0])


def _in_reach(tx: Transaction, actor: Actor, permission: Permission, job_id: int) -> Row[Any]:
    actor.require(permission)
    row = tx.execute(
        select(_job, _printer.c.code.label("printer"), _printer.c.warehouse_id)
        .join(_printer, _printer.c.id == _job.c.printer_id)
        .where(_job.c.id == job_id)
        .with_for_update(of=_job)
    ).one_or_none()
    if row is None or not actor.may(permission, warehouse_id=row.warehouse_id):
        raise UnknownThing(kind="print job", key=str(job_id))
    return row


def _answer(tx: Transaction, actor: Actor, job: Row[Any], state: str) -> None:
    """A person said what came of a job: it asks no more."""
    tx.execute(
        update(_job)
        .where(_job.c.id == job.id)
        .values(state=state, lease_until=None, settled_at=tx.now, settled_by_id=actor.user_id)
    )


def _audit(tx: Transaction, actor: Actor, job: Row[Any], act: str, why: str) -> None:
    audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("print job", job.id),
        warehouse_id=job.warehouse_id,
        reason=why,
        details={"printer": job.printer, "label_id": job.label_id},
    )
