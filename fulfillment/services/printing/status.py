"""What a page shows about printing: the station's printers, what waits, what asks for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from fulfillment.domain.people import Actor, Permission
from fulfillment.services.printing.printers import (
    PrinterView,
    printers_with_counts,
    view_of,
    warehouse_of_station,
)
from fulfillment.store.base import table_of
from fulfillment.store.parcels import Label
from fulfillment.store.printing import Printer, PrintJob, StationPrinter, in_state, is_open
from fulfillment.store.transaction import Transaction, reads

_job, _printer, _label = table_of(PrintJob), table_of(Printer), table_of(Label)
_station_printer = table_of(StationPrinter)

MOST_JOBS_SHOWN = 50


@dataclass(frozen=True)
class JobView:
    """A job that is not over.

    ``asks`` is the code of what a person has to do: ``scan-or-reprint`` (a label of which nobody
    knows), ``look-or-repeat`` (another document of which nobody knows), ``cannot-print`` (it was
    refused for good, ``detail`` says why), or '' (it waits and prints by itself).
    """

    id: int
    printer: str
    document_kind: str
    state: str
    asks: str
    tracking_number: str
    copies: int
    attempts: int
    requested_at: datetime
    next_attempt_at: datetime
    detail: str


@dataclass(frozen=True)
class StationPrinting:
    """Printing at one station.

    ``printers`` by document kind; a kind that is missing goes to the browser's print dialog.
    """

    station_id: int
    printers: dict[str, PrinterView]
    waiting: tuple[JobView, ...]
    asking: tuple[JobView, ...]


@reads
def printing_status(tx: Transaction, actor: Actor, *, station_id: int) -> StationPrinting:
    """The printers of a station and the jobs that were asked for there and are not over."""
    actor.require(Permission.PACK, warehouse_id=warehouse_of_station(tx, station_id))
    query = printers_with_counts().add_columns(_station_printer.c.document_kind)
    printers = tx.execute(
        query.join(_station_printer, _station_printer.c.printer_id == _printer.c.id)
        .where(_station_printer.c.station_id == station_id, _printer.c.active)
        .order_by(_station_printer.c.document_kind)
    )
    jobs = [_view(row) for row in tx.execute(_open_jobs(station_id))]
    return StationPrinting(
        station_id=station_id,
        printers={row.document_kind: view_of(row) for row in printers},
        waiting=tuple(job for job in jobs if not job.asks),
        asking=tuple(job for job in jobs if job.asks),
    )


def _open_jobs(station_id: int) -> Any:
    """Jobs that wait or ask; a failed or unknown one asks until somebody answers or its label is void."""
    asks = _job.c.settled_by_id.is_(None) & (
        _job.c.label_id.is_(None) | (_label.c.state == "active")
    )
    return (
        select(_job, _printer.c.code.label("printer"), _label.c.tracking_number)
        .join(_printer, _printer.c.id == _job.c.printer_id)
        .outerjoin(_label, _label.c.id == _job.c.label_id)
        .where(
            _job.c.station_id == station_id,
            is_open(_job),
            in_state(_job, "queued", "leased") | asks,
        )
        .order_by(_job.c.id.desc())
        .limit(MOST_JOBS_SHOWN)
    )


def _view(row: Row[Any]) -> JobView:
    return JobView(
        id=row.id,
        printer=row.printer,
        document_kind=row.document_kind,
        state=row.state,
        asks=_asks(row),
        tracking_number=row.tracking_number or "",
        copies=row.copies,
        attempts=row.attempts,
        requested_at=row.requested_at,
        next_attempt_at=row.next_attempt_at,
        detail=row.detail,
    )


def _asks(row: Row[Any]) -> str:
    if row.state == "unknown":
        return "look-or-repeat" if row.label_id is None else "scan-or-reprint"
    return "cannot-print" if row.state == "failed" else ""
