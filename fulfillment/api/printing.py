"""Printers, what each station uses, and the queue of what is to be printed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import CodeText, Input, Key, NameText, Output, Reason
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.printing import Language, PrinterKind
from fulfillment.services import printing
from fulfillment.services.printing import (
    PrinterSetup,
    PrinterView,
    Queued,
    StationPrinting,
    WarehousePrinting,
)

routes = Routes("printing", tag="Printing")

KEY_LENGTH = 64


class PrinterSetupInput(Input):
    """How a printer is set up.

    `address`: `host[:port]` (raw), `ipp://host/path` (ipp), a folder name (spool), nothing
    (browser).  `paper`: one of the warehouse's, '' for the usual paper of each document.
    """

    name: NameText
    kind: PrinterKind
    address: str = Field("", max_length=255)
    language: Language = "pdf"
    dpi: Literal[203, 300, 600] = 203
    paper: str = Field("", max_length=32)
    active: bool = True

    def setup(self) -> PrinterSetup:
        """The same for the service."""
        return PrinterSetup(**self.model_dump(include=set(PrinterSetupInput.model_fields)))


class NewPrinterInput(PrinterSetupInput):
    """A new printer."""

    code: CodeText


class PrinterOutput(Output):
    """A printer, how it was when somebody last asked it, and what waits for it."""

    id: int
    warehouse_id: int
    code: str
    name: str
    kind: str
    address: str
    language: str
    dpi: int
    paper: str
    active: bool
    condition: str = Field(description="`new`, `ready`, `attention` or `offline`.")
    condition_at: datetime | None
    condition_detail: str
    waiting: int
    unknown: int


class PrintersOutput(Output):
    """The printers of a warehouse by code."""

    items: list[PrinterOutput]


class JobOutput(Output):
    """A print job.  `asks` says what a person has to do; nobody else repeats an unknown one."""

    id: int
    printer: str
    station: str
    document_kind: str
    state: str
    asks: str
    tracking_number: str
    shipment_id: int | None
    copies: int
    attempts: int
    requested_at: datetime
    next_attempt_at: datetime
    detail: str


class StationDefaultsOutput(Output):
    """Which printer (by code) a station uses, by kind of document."""

    station_id: int
    station: str
    printers: dict[str, str]


class WarehousePrintingOutput(Output):
    """Everything about printing in a warehouse."""

    warehouse_id: int
    printers: list[PrinterOutput]
    stations: list[StationDefaultsOutput]
    waiting: list[JobOutput]
    asking: list[JobOutput]
    latest: list[JobOutput]


class StationPrintingOutput(Output):
    """Printing at one station: its printers by kind of document, and what is not over."""

    station_id: int
    printers: dict[str, PrinterOutput]
    waiting: list[JobOutput]
    asking: list[JobOutput]


class QueuedOutput(Output):
    """A job in the queue."""

    job_id: int
    printer: str


class TestPrintInput(Input):
    """The same key again is the same sheet of paper."""

    key: str = Field(min_length=1, max_length=KEY_LENGTH)


class StationPrinterInput(Input):
    """None: the browser's print dialog."""

    printer_id: Key | None


class MoveInput(Input):
    """Where what waits comes out instead."""

    to_printer_id: Key
    reason: Reason


class MovedOutput(Output):
    """How many jobs changed printers."""

    jobs: int


class ReasonInput(Input):
    """Why somebody does it."""

    reason: Reason


def printer_json(view: PrinterView) -> dict[str, Any]:
    """A printer as JSON, its setup beside its state."""
    row = asdict(view)
    setup = row.pop("setup")
    return PrinterOutput.model_validate({**row, **setup}).model_dump(mode="json")


def _printers_json(views: tuple[PrinterView, ...]) -> dict[str, Any]:
    return {"items": [printer_json(view) for view in views]}


def _warehouse_json(found: WarehousePrinting) -> dict[str, Any]:
    return {
        "warehouse_id": found.warehouse_id,
        "printers": [printer_json(view) for view in found.printers],
        "stations": [asdict(station) for station in found.stations],
        **{
            name: [JobOutput.model_validate(job).model_dump(mode="json") for job in jobs]
            for name, jobs in (
                ("waiting", found.waiting),
                ("asking", found.asking),
                ("latest", found.latest),
            )
        },
    }


def _station_json(found: StationPrinting) -> dict[str, Any]:
    return {
        "station_id": found.station_id,
        "printers": {kind: printer_json(view) for kind, view in found.printers.items()},
        **{
            name: [JobOutput.model_validate(job).model_dump(mode="json") for job in jobs]
            for name, jobs in (("waiting", found.waiting), ("asking", found.asking))
        },
    }


def _moved_json(jobs: int) -> dict[str, Any]:
    return {"jobs": jobs}


@routes.get(
    "/warehouses/<int:warehouse_id>/printers",
    permission=Permission.PACK,
    answer=PrintersOutput,
    render=_printers_json,
)
def list_printers(actor: Actor, warehouse_id: int) -> tuple[PrinterView, ...]:
    """The printers of a warehouse."""
    return printing.list_printers(actor, warehouse_id=warehouse_id)


@routes.post(
    "/warehouses/<int:warehouse_id>/printers",
    permission=Permission.CHANGE_POLICY,
    answer=PrinterOutput,
    render=printer_json,
    status=201,
)
def create_printer(actor: Actor, warehouse_id: int, body: NewPrinterInput) -> PrinterView:
    """Add a printer."""
    return printing.create_printer(
        actor, warehouse_id=warehouse_id, code=body.code, setup=body.setup()
    )


@routes.put(
    "/printers/<int:printer_id>",
    permission=Permission.CHANGE_POLICY,
    answer=PrinterOutput,
    render=printer_json,
)
def change_printer(actor: Actor, printer_id: int, body: PrinterSetupInput) -> PrinterView:
    """Set a printer up anew; what waits for it is tried at once.  `active: false` rests it."""
    return printing.change_printer(actor, printer_id, setup=body.setup())


@routes.post(
    "/printers/<int:printer_id>/test-prints",
    permission=Permission.CHANGE_POLICY,
    answer=QueuedOutput,
    status=201,
)
def print_test(actor: Actor, printer_id: int, body: TestPrintInput) -> Queued:
    """Print a small label that names the printer."""
    return printing.print_test(actor, printer_id, key=body.key)


@routes.post(
    "/printers/<int:printer_id>/moved-jobs",
    permission=Permission.OVERRIDE,
    answer=MovedOutput,
    render=_moved_json,
)
def move_jobs(actor: Actor, printer_id: int, body: MoveInput) -> int:
    """Let what waits for a printer come out of another one."""
    return printing.move_jobs(
        actor, from_printer_id=printer_id, to_printer_id=body.to_printer_id, why=body.reason
    )


@routes.get(
    "/warehouses/<int:warehouse_id>/printing",
    permission=Permission.PACK,
    answer=WarehousePrintingOutput,
    render=_warehouse_json,
)
def warehouse_printing(actor: Actor, warehouse_id: int) -> WarehousePrinting:
    """Printers, stations' choices and the queue of a warehouse."""
    return printing.warehouse_printing(actor, warehouse_id=warehouse_id)


@routes.get(
    "/stations/<int:station_id>/printing",
    permission=Permission.PACK,
    answer=StationPrintingOutput,
    render=_station_json,
)
def station_printing(actor: Actor, station_id: int) -> StationPrinting:
    """What a station prints on, what waits there, and what asks for a person."""
    return printing.printing_status(actor, station_id=station_id)


@routes.put(
    "/stations/<int:station_id>/printers/<document_kind>",
    permission=Permission.CHANGE_POLICY,
    answer=None,
)
def set_station_printer(
    actor: Actor, station_id: int, document_kind: str, body: StationPrinterInput
) -> None:
    """Where a station's documents of a kind come out."""
    printing.set_station_printer(
        actor, station_id=station_id, document_kind=document_kind, printer_id=body.printer_id
    )


@routes.post("/print-jobs/<int:job_id>/confirm", permission=Permission.PACK, answer=None)
def confirm_job(actor: Actor, job_id: int) -> None:
    """Somebody holds the paper.  A label is confirmed by its scan, not like this."""
    printing.confirm_job(actor, job_id)


@routes.post("/print-jobs/<int:job_id>/repeat", permission=Permission.PACK, answer=QueuedOutput)
def repeat_job(actor: Actor, job_id: int, body: ReasonInput) -> Queued:
    """Print a document again because a person says so.  Labels: see `reprint` of the shipment."""
    return printing.repeat_job(actor, job_id, why=body.reason)


@routes.post("/print-jobs/<int:job_id>/cancel", permission=Permission.OVERRIDE, answer=None)
def cancel_job(actor: Actor, job_id: int, body: ReasonInput) -> None:
    """Take a job out of the queue before a byte of it is sent."""
    printing.cancel_job(actor, job_id, why=body.reason)
