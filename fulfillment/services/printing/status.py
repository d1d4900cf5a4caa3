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
    require_sight,
    view_of,
    warehouse_of_station,
)
from fulfillment.store.base import in_state, table_of
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.people import Station
from fulfillment.store.printing import Printer, PrintJob, StationPrinter, is_open
from fulfillment.store.transaction import Transaction, reads

_job, _printer, _label = table_of(PrintJob), table_of(Printer), table_of(Label)
_station_printer, _station, _parcel = table_of(StationPrinter), table_of(Station), table_of(Parcel)

MOST_JOBS_SHOWN = 50


@dataclass(frozen=True)
class JobView:
    """A job as a page shows it.

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
    shipment_id: int | None
    """Whose label it is; None for another document."""
    station: str
    copies: int
    attempts: int
    requested_at: datetime
    next_attempt_at: datetime
    detail: str


@dataclass(frozen=True)
class StationDefaults:
    """Which printer (by code) a station uses for each kind of document that has one."""

    station_id: int
    station: str
    printers: dict[str, str]


@dataclass(frozen=True)
class WarehousePrinting:
    """Printing in one warehouse: every printer, who uses which, what is not over, what was last."""

    warehouse_id: int
    printers: tuple[PrinterView, ...]
    stations: tuple[StationDefaults, ...]
    waiting: tuple[JobView, ...]
    asking: tuple[JobView, ...]
    latest: tuple[JobView, ...]


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
    jobs = _open_jobs(tx, _job.c.station_id == station_id)
    return StationPrinting(
        station_id=station_id,
        printers={row.document_kind: view_of(row) for row in printers},
        waiting=tuple(job for job in jobs if not job.asks),
        asking=tuple(job for job in jobs if job.asks),
    )


@reads
def warehouse_printing(tx: Transaction, actor: Actor, *, warehouse_id: int) -> WarehousePrinting:
    """The printers of a warehouse by code, its stations' choices, and the queue.

    ``latest`` are the newest jobs that need nobody any more.
    """
    require_sight(actor, Permission.PACK, warehouse_id)
    printers = tx.execute(
        printers_with_counts()
        .where(_printer.c.warehouse_id == warehouse_id)
        .order_by(_printer.c.code)
    )
    jobs = _open_jobs(tx, _printer.c.warehouse_id == warehouse_id)
    known = {job.id for job in jobs}
    latest = tx.execute(
        _jobs().where(_printer.c.warehouse_id == warehouse_id, ~in_state(_job, "queued", "leased"))
    )
    return WarehousePrinting(
        warehouse_id=warehouse_id,
        printers=tuple(view_of(row) for row in printers),
        stations=_defaults(tx, warehouse_id),
        waiting=tuple(job for job in jobs if not job.asks),
        asking=tuple(job for job in jobs if job.asks),
        latest=tuple(_view(row, is_over=True) for row in latest if row.id not in known),
    )


def _defaults(tx: Transaction, warehouse_id: int) -> tuple[StationDefaults, ...]:
    rows = tx.execute(
        select(
            _station.c.id,
            _station.c.code,
            _station_printer.c.document_kind,
            _printer.c.code.label("printer"),
        )
        .outerjoin(_station_printer, _station_printer.c.station_id == _station.c.id)
        .outerjoin(_printer, _printer.c.id == _station_printer.c.printer_id)
        .where(_station.c.warehouse_id == warehouse_id)
        .order_by(_station.c.code, _station_printer.c.document_kind)
    )
    found: dict[tuple[int, str], dict[str, str]] = {}
    for row in rows:
        chosen = found.setdefault((row.id, row.code), {})
        if row.document_kind is not None:
            chosen[row.document_kind] = row.printer
    return tuple(StationDefaults(key, code, chosen) for (key, code), chosen in found.items())


def _open_jobs(tx: Transaction, where: Any) -> list[JobView]:
    """Jobs that wait or ask; a failed or unknown one asks until somebody answers or its label is void."""
    asks = _job.c.settled_by_id.is_(None) & (
        _job.c.label_id.is_(None) | (_label.c.state == "active")
    )
    query = _jobs().where(where, is_open(_job), in_state(_job, "queued", "leased") | asks)
    return [_view(row) for row in tx.execute(query)]


def _jobs() -> Any:
    """The newest jobs with what a page says about them."""
    return (
        select(
            _job,
            _printer.c.code.label("printer"),
            _station.c.code.label("station"),
            _label.c.tracking_number,
            _parcel.c.shipment_id,
        )
        .join(_printer, _printer.c.id == _job.c.printer_id)
        .outerjoin(_station, _station.c.id == _job.c.station_id)
        .outerjoin(_label, _label.c.id == _job.c.label_id)
        .outerjoin(_parcel, _parcel.c.id == _label.c.parcel_id)
        .order_by(_job.c.id.desc())
        .limit(MOST_JOBS_SHOWN)
    )


def _view(row: Row[Any], *, is_over: bool = False) -> JobView:
    return JobView(
        id=row.id,
        printer=row.printer,
        document_kind=row.document_kind,
        state=row.state,
        asks="" if is_over else _asks(row),
        tracking_number=row.tracking_number or "",
        shipment_id=row.shipment_id,
        station=row.station or "",
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
