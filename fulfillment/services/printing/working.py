"""What a print worker does: take a job, draw it, hand it over, write down what is known of it.

Four short transactions a job, and the printer is spoken to between them, never inside one::

    claim   lease the oldest due job of a printer           a crash here: it is queued again
    begin   stamp the moment before the first byte          a crash from here on: unknown
    …       the bytes go out
    conclude sent | queued again | failed | unknown
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, select

from fulfillment.domain.printing import LEASE_SECONDS, retry_after
from fulfillment.domain.states import PRINT_JOB
from fulfillment.services.printing.documents import drawn, thawed
from fulfillment.services.printing.sizes import printer_paper
from fulfillment.store import printing as rows
from fulfillment.store.base import table_of
from fulfillment.store.transaction import Transaction, reads, writes
from labels import FontsMissing, Paper, UnprintableDocument
from labels.printers import (
    Doubtful,
    NotTaken,
    Outcome,
    Rejected,
    Status,
    Taken,
    Way,
    Withdrawn,
    way_to,
)

ASK_AFTER = timedelta(seconds=30)
"""How often an idle printer is asked how it is."""
_LEASE = timedelta(seconds=LEASE_SECONDS)


@dataclass(frozen=True)
class PrinterAhead:
    """A free printer with something to do: print, or only say how it is."""

    printer_id: int
    has_job: bool


@dataclass(frozen=True)
class WorkAhead:
    """What the next round has to see to."""

    printers: tuple[PrinterAhead, ...]
    expired_leases: bool


@dataclass(frozen=True)
class Reached:
    """How a printer is reached, and how often it failed in a row."""

    printer_id: int
    kind: str
    address: str
    language: str
    dpi: int
    condition: str
    failures: int

    def way(self, spool_root: Path) -> Way:
        """The way to it; ValueError where the address is none."""
        return way_to(self.kind, self.address, language=self.language, spool_root=spool_root)


@dataclass(frozen=True)
class OwnDocument:
    """A document of a carrier, in the language that it was bought in."""

    language: str
    content: bytes


@dataclass(frozen=True)
class Assignment:
    """A leased job with all that its printing needs."""

    job_id: int
    attempt: int
    printer: Reached
    document_kind: str
    content: dict[str, Any]
    copies: int
    paper: Paper | None
    """As it is when the job is taken; None: the usual one as it is built in."""
    own: OwnDocument | None = None
    """A carrier's own label: it is printed as it came."""

    @property
    def name(self) -> str:
        """What the job is called at the printer and in a spool folder."""
        return f"{self.document_kind}-{self.job_id}-{self.attempt}"


@dataclass(frozen=True)
class Recovered:
    """Jobs that were found in the hands of workers that are gone."""

    queued: int
    unknown: int


@reads
def look(tx: Transaction) -> WorkAhead:
    """What there is to do now, without any lock."""
    found = rows.printers_to_see_to(tx, ask_after=ASK_AFTER)
    printers = tuple(PrinterAhead(row.id, bool(row.due)) for row in found)
    return WorkAhead(printers, rows.has_expired_leases(tx))


@writes
def recover(tx: Transaction) -> Recovered:
    """End the leases that ran out: what may have been sent becomes unknown and stays so."""
    return Recovered(*rows.end_expired_leases(tx))


@writes
def claim(tx: Transaction, printer_id: int) -> Assignment | None:
    """Lease the oldest due job of a printer; None if there is none or another worker is at it."""
    printer = rows.take_printer(tx, printer_id)
    if printer is None:
        return None
    job = rows.lease_next(tx, printer_id, until=tx.now + _LEASE)
    if job is None:
        return None
    label = None if job.label_id is None else rows.label_print(tx, job.label_id)
    return Assignment(
        job_id=job.id,
        attempt=job.attempts,
        printer=_reached(printer),
        document_kind=job.document_kind,
        content=dict(job.content if label is None else label.content),
        copies=job.copies,
        paper=printer_paper(
            tx,
            warehouse_id=printer.warehouse_id,
            name=printer.paper,
            document_kind=job.document_kind,
        ),
        own=None
        if label is None or label.document is None
        else OwnDocument(label.format, label.document),
    )


@writes
def begin(tx: Transaction, assignment: Assignment) -> bool:
    """The first byte is about to leave; False if the job was voided, scanned or taken away."""
    return rows.begin_sending(
        tx, assignment.job_id, attempt=assignment.attempt, until=tx.now + _LEASE
    )


@writes
def conclude(tx: Transaction, assignment: Assignment, outcome: Outcome) -> str | None:
    """Write down what became of a job; its new state, or None if it is no longer this worker's."""
    _note_outcome(tx, assignment.printer, outcome)
    values = _job_after(outcome, tx.now, failures=assignment.printer.failures)
    if not rows.settle(tx, assignment.job_id, attempt=assignment.attempt, values=values):
        return None
    return str(values["state"])


def _job_after(outcome: Outcome, now: datetime, *, failures: int) -> dict[str, Any]:
    match outcome:
        case Taken(detail):
            state = PRINT_JOB.advance("leased", "send")
            return {"state": state, "sent_at": now, "detail": _short(detail)}
        case NotTaken(reason):
            return {
                "state": PRINT_JOB.advance("leased", "give-back"),
                "next_attempt_at": now + retry_after(failures + 1),
                "sending_at": None,
                "detail": _short(reason),
            }
        case Withdrawn():
            return {"state": PRINT_JOB.advance("leased", "cancel"), "settled_at": now}
        case Rejected(reason):
            state = PRINT_JOB.advance("leased", "reject")
            return {"state": state, "settled_at": now, "detail": _short(reason)}
        case Doubtful(reason, bytes_sent):
            detail = _short(f"{reason} ({bytes_sent} bytes sent)")
            return {"state": PRINT_JOB.advance("leased", "lose"), "detail": detail}


def _note_outcome(tx: Transaction, printer: Reached, outcome: Outcome) -> None:
    match outcome:
        case Taken():
            # It may have taken the bytes with its lid open: only a probe says that it is shut.
            if printer.condition != "attention":
                _note(tx, printer, Status("ready"))
        case NotTaken(reason) | Doubtful(reason, _):
            _note(tx, printer, Status("offline", reason))
        case Rejected() | Withdrawn():
            pass


@writes
def note_status(tx: Transaction, printer: Reached, status: Status) -> None:
    """Write down what a probe found; a printer that cannot be reached is left alone for a while."""
    _note(tx, printer, status)


def _note(tx: Transaction, printer: Reached, status: Status) -> None:
    is_offline = status.condition == "offline"
    failures = printer.failures + 1 if is_offline else 0
    rows.note_condition(
        tx,
        printer.printer_id,
        condition=status.condition,
        detail=status.detail,
        failures=failures,
        retry_at=tx.now + retry_after(failures) if is_offline else None,
    )


@reads
def reached(tx: Transaction, printer_id: int) -> Reached:
    """How a printer is reached."""
    printer = table_of(rows.Printer)
    return _reached(tx.execute(select(printer).where(printer.c.id == printer_id)).one())


def _reached(row: Row[Any]) -> Reached:
    return Reached(
        printer_id=row.id,
        kind=row.kind,
        address=row.address,
        language=row.language,
        dpi=row.dpi,
        condition=row.condition,
        failures=row.failures,
    )


def print_next(printer_id: int, *, spool_root: Path) -> str | None:
    """Print the next job of a printer and return its new state; None when there was nothing to do.

    No use case but a row of them: the printer is spoken to outside any transaction.
    """
    assignment = claim(printer_id)
    if assignment is None:
        return None
    return conclude(assignment, _delivered(assignment, spool_root)) or "taken away"


def _delivered(assignment: Assignment, spool_root: Path) -> Outcome:
    printer = assignment.printer
    own = assignment.own
    if own is not None and own.language != printer.language:
        return Rejected(
            f"the carrier's label is {own.language}, the printer takes {printer.language}"
        )
    try:
        document = own.content if own is not None else _drawn(assignment)
        way = printer.way(spool_root)
    except UnprintableDocument as problem:
        return Rejected(str(problem))
    except ValidationError as problem:
        where = ", ".join(".".join(map(str, error["loc"])) for error in problem.errors())
        return Rejected(f"not a {assignment.document_kind}: {where}")
    except FontsMissing as problem:
        return NotTaken(str(problem))  # of this machine: once they are installed it prints
    except ValueError as problem:
        return NotTaken(f"address: {problem}")
    return way.deliver(document, name=assignment.name, begin=lambda: begin(assignment))


def _drawn(assignment: Assignment) -> bytes:
    printer = assignment.printer
    return drawn(
        thawed(assignment.document_kind, assignment.content),
        copies=assignment.copies,
        language=printer.language,
        dpi=printer.dpi,
        paper=assignment.paper,
    )


def ask(printer_id: int, *, spool_root: Path) -> None:
    """Ask an idle printer how it is, and write it down."""
    printer = reached(printer_id)
    try:
        status = printer.way(spool_root).probe()
    except ValueError as problem:
        status = Status("offline", f"address: {problem}")
    note_status(printer, status)


def _short(detail: str) -> str:
    return detail[: rows.DETAIL_LENGTH]
