"""Printers, papers, which of them a station uses, and the queue of what is to be printed.

One printer prints one job at a time: who takes a job locks the printer's row first, so that two
workers never share a connection to port 9100.  A label's job is written by the statement that
finds the station's printer, in the transaction that makes the label.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    String,
    UniqueConstraint,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.printing import (
    CONDITIONS,
    DIALOG_KINDS,
    DOCUMENT_KINDS,
    GREATEST_SIDE_TENTHS_MM,
    LABEL,
    LANGUAGES,
    LEAST_PRINTED_TENTHS_MM,
    LEAST_SIDE_TENTHS_MM,
    PRINTER_KINDS,
)
from fulfillment.domain.states import PRINT_JOB
from fulfillment.store.base import (
    DOCUMENT,
    Base,
    Code,
    Id,
    Name,
    in_state,
    in_states,
    one_of,
    table_of,
)
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import CarrierDocument, Label, PackSession, Parcel
from fulfillment.store.transaction import Transaction

DETAIL_LENGTH = 200
PAPER_LENGTH = 32
_OPEN = "state IN ('queued', 'leased', 'unknown', 'failed')"


class Printer(Base):
    """A printer of a warehouse, what it is sent, and how it was when somebody last asked."""

    __tablename__ = "printer"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        one_of("kind", PRINTER_KINDS, "kind"),
        one_of("language", LANGUAGES, "language"),
        one_of("condition", CONDITIONS, "condition"),
    )
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    code: Mapped[Code]
    name: Mapped[Name]
    kind: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(255), default="")
    language: Mapped[str] = mapped_column(String(4), default="pdf")
    dpi: Mapped[int] = mapped_column(default=203)
    paper: Mapped[str] = mapped_column(String(PAPER_LENGTH), default="")
    """A paper of the warehouse; '' = the usual one of each document."""
    active: Mapped[bool] = mapped_column(default=True)
    condition: Mapped[str] = mapped_column(String(16), default="new")
    condition_at: Mapped[datetime | None]
    condition_detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")
    failures: Mapped[int] = mapped_column(default=0)
    """In a row; a success forgets them."""
    retry_at: Mapped[datetime | None]
    """It failed: left alone until then."""


def _side(column: str) -> CheckConstraint:
    """A CHECK that a side is as long as papers are, and that the margins leave some of it."""
    left = f"{column} - 2 * margin_tenths_mm >= {LEAST_PRINTED_TENTHS_MM}"
    between = f"{column} BETWEEN {LEAST_SIDE_TENTHS_MM} AND {GREATEST_SIDE_TENTHS_MM}"
    return CheckConstraint(f"{between} AND {left}", name=column)


class WarehousePaper(Base):
    """A paper of a warehouse: one of its own, or another size of the built-in one of that name.

    Tenths of a millimetre, because inches are whole ones of those (4 in = 101.6 mm).
    """

    __tablename__ = "paper"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "name"),
        _side("width_tenths_mm"),
        _side("height_tenths_mm"),
        CheckConstraint("margin_tenths_mm >= 0", name="margin_tenths_mm"),
    )
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    name: Mapped[str] = mapped_column(String(PAPER_LENGTH))
    width_tenths_mm: Mapped[int]
    height_tenths_mm: Mapped[int]
    margin_tenths_mm: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    """Out of use: printers and documents cannot choose it any more."""


class DocumentPaper(Base):
    """The paper of one kind of document in the browser's print dialog; no row = its usual one."""

    __tablename__ = "document_paper"
    __table_args__ = (one_of("document_kind", DIALOG_KINDS, "document_kind"),)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), primary_key=True)
    document_kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    paper: Mapped[str] = mapped_column(String(PAPER_LENGTH))
    """A paper of the warehouse, or a sheet of adhesive labels."""


class StationPrinter(Base):
    """Where a station's documents of one kind come out; no row = the browser's print dialog."""

    __tablename__ = "station_printer"
    __table_args__ = (one_of("document_kind", DOCUMENT_KINDS, "document_kind"),)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), primary_key=True)
    document_kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    printer_id: Mapped[int] = mapped_column(ForeignKey("printer.id"), index=True)


class PrintJob(Base):
    """One document for one printer: a label of ours, or the frozen value of another document."""

    __tablename__ = "print_job"
    __table_args__ = (
        in_states(PRINT_JOB),
        one_of("document_kind", DOCUMENT_KINDS, "document_kind"),
        CheckConstraint("(state = 'leased') = (lease_until IS NOT NULL)", name="lease"),
        CheckConstraint("(label_id IS NULL) <> (content IS NULL)", name="content"),
        CheckConstraint("copies > 0", name="copies"),
        Index(
            "uq_print_job_in_hand",
            "printer_id",
            unique=True,
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        Index(
            "ix_print_job_waiting",
            "printer_id",
            "next_attempt_at",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_print_job_open",
            "printer_id",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index(
            "ix_print_job_open_station",
            "station_id",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_print_job_label", "label_id"),
    )
    id: Mapped[Id]
    printer_id: Mapped[int] = mapped_column(ForeignKey("printer.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    """Where it was asked for."""
    document_kind: Mapped[str] = mapped_column(String(32))
    label_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))
    content: Mapped[Any] = mapped_column(DOCUMENT, nullable=True)
    copies: Mapped[int] = mapped_column(default=1)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    """One cause, one job: the same thing asked for twice is printed once."""
    state: Mapped[str] = mapped_column(String(16), default=PRINT_JOB.initial)
    requested_at: Mapped[datetime]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    why: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")
    next_attempt_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    """Counts up with each lease, and so tells a worker's lease from a later one."""
    lease_until: Mapped[datetime | None]
    sending_at: Mapped[datetime | None]
    """The moment before the first byte of this lease: from then on nobody can know."""
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")


_job, _printer, _station = table_of(PrintJob), table_of(Printer), table_of(StationPrinter)
_label, _parcel = table_of(Label), table_of(Parcel)
_shipment, _session = table_of(Shipment), table_of(PackSession)


def is_open(jobs: Any) -> ColumnElement[bool]:
    """Jobs that wait, are in hand, or may ask for a person."""
    return in_state(jobs, "queued", "leased", "unknown", "failed")


_NOTHING_SENT = (_job.c.state == "queued") | (
    (_job.c.state == "leased") & _job.c.sending_at.is_(None)
)


# --- labels --------------------------------------------------------------------------------

BENCH = func.coalesce(
    select(_session.c.station_id)
    .where(_session.c.shipment_id == _shipment.c.id, _session.c.closed_at.is_(None))
    .scalar_subquery(),
    _shipment.c.station_id,
)
"""The station that has a shipment open, else the one that packed it."""

_QUEUE_LABELS = insert(_job).from_select(
    [
        "printer_id",
        "station_id",
        "document_kind",
        "label_id",
        "copies",
        "key",
        "state",
        "requested_at",
        "requested_by_id",
        "why",
        "next_attempt_at",
        "attempts",
        "detail",
    ],
    select(
        _printer.c.id,
        _station.c.station_id,
        literal(LABEL),
        _label.c.id,
        literal(1),
        literal("label:") + sql_cast(_label.c.id, String) + ":" + bindparam("count", type_=String),
        literal(PRINT_JOB.initial),
        bindparam("now", type_=_job.c.requested_at.type),
        bindparam("by_id", type_=_job.c.requested_by_id.type),
        bindparam("why", type_=String),
        bindparam("now", type_=_job.c.requested_at.type),
        literal(0),
        literal(""),
    )
    .select_from(_label)
    .join(_parcel, _parcel.c.id == _label.c.parcel_id)
    .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
    .join(_station, (_station.c.station_id == BENCH) & (_station.c.document_kind == LABEL))
    .join(_printer, _printer.c.id == _station.c.printer_id)
    .where(
        _shipment.c.id == bindparam("shipment_id"),
        _label.c.state == "active",
        bindparam("label_id", type_=_label.c.id.type).is_(None)
        | (_label.c.id == bindparam("label_id", type_=_label.c.id.type)),
        _printer.c.active,
        _printer.c.kind != "browser",
    )
    .order_by(_parcel.c.sequence),
    include_defaults=False,
)


def queue_labels(
    tx: Transaction,
    *,
    shipment_id: int,
    by_id: int,
    why: str = "",
    label_id: int | None = None,
    reprint: int = 0,
) -> int:
    """Queue the active labels of a shipment (or one of them) for its station's printer; how many.

    One statement.  None is queued where the station's labels go to the browser's print dialog.
    *reprint* is the number of the reprint, 0 for the first print.
    """
    facts = {
        "shipment_id": shipment_id,
        "label_id": label_id,
        "count": str(reprint),
        "now": tx.now,
        "by_id": by_id,
        "why": why[:DETAIL_LENGTH],
    }
    return tx.execute(_QUEUE_LABELS, facts).rowcount


_LABEL_SEEN = (
    update(_job)
    .where(
        _job.c.label_id == bindparam("b_label"),
        _job.c.state.in_(("queued", "leased", "sent", "unknown", "failed")),
    )
    .values(
        state=case(
            (_NOTHING_SENT, "cancelled"), (_job.c.state == "failed", "failed"), else_="confirmed"
        ),
        lease_until=None,
        settled_at=bindparam("b_now", type_=_job.c.settled_at.type),
        settled_by_id=bindparam("b_by", type_=_job.c.settled_by_id.type),
    )
)


def label_was_scanned(tx: Transaction, label_id: int, *, by_id: int) -> None:
    """The label is on its box: what was sent is printed, and what was not need not be any more."""
    tx.execute(_LABEL_SEEN, {"b_label": label_id, "b_now": tx.now, "b_by": by_id})


def labels_were_voided(tx: Transaction, label_ids: Any, *, by_id: int) -> None:
    """Cancel the jobs of labels (ids or a subquery) as far as not a byte of them was sent."""
    _cancel(tx, _job.c.label_id.in_(label_ids), by_id=by_id, detail="label void")


def cancel_job(tx: Transaction, job_id: int, *, by_id: int, detail: str) -> bool:
    """Cancel one job; False if it was too late."""
    return _cancel(tx, _job.c.id == job_id, by_id=by_id, detail=detail) == 1


def _cancel(tx: Transaction, which: Any, *, by_id: int, detail: str) -> int:
    return tx.execute(
        update(_job)
        .where(which, _NOTHING_SENT)
        .values(
            state="cancelled",
            lease_until=None,
            settled_at=tx.now,
            settled_by_id=by_id,
            detail=detail[:DETAIL_LENGTH],
        )
    ).rowcount


def latest_label_jobs(tx: Transaction, label_ids: Iterable[int]) -> dict[int, Row[Any]]:
    """The newest job of each label that has one, with its printer; cancelled ones do not count."""
    newest = (
        select(func.max(_job.c.id))
        .where(_job.c.label_id.in_(sorted(label_ids)), _job.c.state != "cancelled")
        .group_by(_job.c.label_id)
    )
    found = tx.execute(
        select(
            _job.c.id,
            _job.c.label_id,
            _job.c.state,
            _job.c.requested_at,
            _printer.c.code.label("printer"),
            _printer.c.condition,
        )
        .join(_printer, _printer.c.id == _job.c.printer_id)
        .where(_job.c.id.in_(newest))
    )
    return {row.label_id: row for row in found}


def repeat_was_granted(tx: Transaction, label_id: int, *, by_id: int) -> None:
    """REPRINT answers what a job asks: the unknown one did not come out right."""
    tx.execute(
        update(_job)
        .where(
            _job.c.label_id == label_id,
            in_state(_job, "unknown", "failed"),
            _job.c.settled_by_id.is_(None),
        )
        .values(
            state=PRINT_JOB.advance("unknown", "repeat"), settled_at=tx.now, settled_by_id=by_id
        )
    )


# --- the worker's side ---------------------------------------------------------------------

_leased = _job.alias("leased")
_busy = exists().where(_leased.c.printer_id == _printer.c.id, in_state(_leased, "leased"))
_due = exists().where(
    _job.c.printer_id == _printer.c.id,
    in_state(_job, "queued"),
    _job.c.next_attempt_at <= bindparam("now", type_=_job.c.next_attempt_at.type),
)
_left_alone = _printer.c.retry_at > bindparam("now", type_=_job.c.next_attempt_at.type)
_reached = (_printer.c.active) & (_printer.c.kind != "browser")

_LOOK = select(
    _printer.c.id,
    _due.label("due"),
    (
        _printer.c.condition_at.is_(None)
        | (_printer.c.condition_at <= bindparam("stale", type_=_job.c.next_attempt_at.type))
    ).label("stale"),
).where(
    _reached,
    ~_busy,
    _printer.c.retry_at.is_(None) | ~_left_alone,
)
_EXPIRED = in_state(_job, "leased") & (
    _job.c.lease_until <= bindparam("b_now", type_=_job.c.lease_until.type)
)


def printers_to_see_to(tx: Transaction, *, ask_after: timedelta) -> list[Row[Any]]:
    """Free printers with a job that is ``due``, or whose condition is ``stale``, by id."""
    facts = {"now": tx.now, "stale": tx.now - ask_after}
    rows = tx.execute(_LOOK.order_by(_printer.c.id), facts)
    return [row for row in rows if row.due or row.stale]


def has_expired_leases(tx: Transaction) -> bool:
    """Whether a worker died, or hangs, with a job in hand."""
    query = select(_job.c.id).where(_EXPIRED).limit(1)
    return tx.execute(query, {"b_now": tx.now}).first() is not None


def end_expired_leases(tx: Transaction) -> tuple[int, int]:
    """Jobs of dead workers: queued again where not a byte was sent, else unknown; both counts."""
    facts = {"b_now": tx.now}
    queued = tx.execute(
        update(_job)
        .where(_EXPIRED, _job.c.sending_at.is_(None))
        .values(state="queued", lease_until=None, detail="the worker stopped before sending"),
        facts,
    ).rowcount
    unknown = tx.execute(
        update(_job)
        .where(_EXPIRED, _job.c.sending_at.is_not(None))
        .values(state="unknown", lease_until=None, detail="the worker stopped while sending"),
        facts,
    ).rowcount
    return queued, unknown


def take_printer(tx: Transaction, printer_id: int) -> Row[Any] | None:
    """Lock a printer that is in use and not left alone; None where another worker has it."""
    return tx.execute(
        select(_printer)
        .where(
            _printer.c.id == printer_id,
            _reached,
            _printer.c.retry_at.is_(None) | ~_left_alone,
        )
        .with_for_update(skip_locked=True, key_share=True),
        {"now": tx.now},
    ).one_or_none()


def lease_next(tx: Transaction, printer_id: int, *, until: datetime) -> Row[Any] | None:
    """Lease the oldest due job of a printer (which is locked), unless it has one in hand."""
    waiting = _job.alias("waiting")
    oldest = (
        select(func.min(waiting.c.id))
        .where(
            waiting.c.printer_id == printer_id,
            in_state(waiting, "queued"),
            waiting.c.next_attempt_at <= tx.now,
        )
        .scalar_subquery()
    )
    in_hand = exists().where(_leased.c.printer_id == printer_id, in_state(_leased, "leased"))
    return tx.execute(
        update(_job)
        .where(_job.c.id == oldest, _job.c.state == "queued", ~in_hand)
        .values(
            state="leased",
            lease_until=until,
            attempts=_job.c.attempts + 1,
            sending_at=None,
            detail="",
        )
        .returning(
            _job.c.id,
            _job.c.attempts,
            _job.c.document_kind,
            _job.c.label_id,
            _job.c.content,
            _job.c.copies,
            _job.c.requested_at,
        )
    ).one_or_none()


def label_print(tx: Transaction, label_id: int) -> Row[Any]:
    """The frozen value of a label, and a carrier's own ``document`` with its ``format`` or None."""
    own = table_of(CarrierDocument)
    return tx.execute(
        select(_label.c.content, own.c.format, own.c.document)
        .outerjoin(own, own.c.purchase_id == _label.c.purchase_id)
        .where(_label.c.id == label_id)
    ).one()


def begin_sending(tx: Transaction, job_id: int, *, attempt: int, until: datetime) -> bool:
    """Stamp the moment before the first byte; False if the lease is no longer this worker's."""
    return (
        tx.execute(
            update(_job)
            .where(
                _job.c.id == job_id,
                _job.c.state == "leased",
                _job.c.attempts == attempt,
                _job.c.sending_at.is_(None),
                _job.c.label_id.is_(None)
                | exists().where(_label.c.id == _job.c.label_id, _label.c.state == "active"),
            )
            .values(sending_at=tx.now, lease_until=until)
        ).rowcount
        == 1
    )


def settle(tx: Transaction, job_id: int, *, attempt: int, values: dict[str, Any]) -> bool:
    """End a lease; False where somebody else did: a scan, a void, or another worker's sweep."""
    return (
        tx.execute(
            update(_job)
            .where(_job.c.id == job_id, _job.c.state == "leased", _job.c.attempts == attempt)
            .values(lease_until=None, **values)
        ).rowcount
        == 1
    )


def note_condition(
    tx: Transaction, printer_id: int, *, condition: str, detail: str, **values: Any
) -> None:
    """Write down how a printer is, as of now."""
    tx.execute(
        update(_printer)
        .where(_printer.c.id == printer_id)
        .values(
            condition=condition,
            condition_at=tx.now,
            condition_detail=detail[:DETAIL_LENGTH],
            **values,
        )
    )
