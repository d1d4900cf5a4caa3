"""Printers: which there are, who uses which, what waits, and what only a person can settle."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from fulfillment import scan_messages
from fulfillment.access import actor, page
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Permission
from fulfillment.domain.printing import DOCUMENT_KINDS, DOTS_PER_INCH, LANGUAGES, PRINTER_KINDS
from fulfillment.domain.values import Refused, Verdict
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services import packing, printing
from fulfillment.services.printing import PrinterSetup

blueprint = Blueprint("office_printers", __name__, url_prefix="/settings/printers")


@blueprint.get("")
@page(Permission.CHANGE_POLICY)
def list_printers() -> Answer:
    """The printers, the choices of the stations and the queue of one warehouse."""
    return _printers_page(_asked_warehouse())


@blueprint.post("")
@page(Permission.CHANGE_POLICY)
def create_printer() -> Answer:
    """A new printer."""
    warehouse_id = forms.number("warehouse_id", least=1)

    def create() -> None:
        printing.create_printer(
            actor(),
            warehouse_id=warehouse_id,
            code=forms.text("code", most=64).upper(),
            setup=_setup(),
        )

    return _act(
        warehouse_id, "printer", create, _("The printer is there; try it with a test print.")
    )


@blueprint.post("/<int:printer_id>")
@page(Permission.CHANGE_POLICY)
def change_printer(printer_id: int) -> Answer:
    """Set a printer up anew, or out of use."""
    return _act(
        _sent_warehouse(),
        f"printer-{printer_id}",
        lambda: printing.change_printer(actor(), printer_id, setup=_setup()),
        _("Saved."),
    )


@blueprint.post("/<int:printer_id>/test")
@page(Permission.CHANGE_POLICY)
def print_test(printer_id: int) -> Answer:
    """A small label that names the printer; the form sent twice is one label."""
    key = forms.text("form_key", most=64)
    return _act(
        _sent_warehouse(),
        f"printer-{printer_id}",
        lambda: printing.print_test(actor(), printer_id, key=key),
        _("The test is in the queue."),
    )


@blueprint.post("/<int:printer_id>/move")
@page(Permission.OVERRIDE)
def move_jobs(printer_id: int) -> Answer:
    """What waits for a printer comes out of another one."""
    moved: list[int] = []

    def move() -> None:
        moved.append(
            printing.move_jobs(
                actor(),
                from_printer_id=printer_id,
                to_printer_id=forms.number("to_printer_id", least=1),
                why=forms.reason(),
            )
        )

    warehouse_id = _sent_warehouse()
    refused = attempt(f"printer-{printer_id}", move)
    if refused is not None:
        return _printers_page(warehouse_id, refused)
    return done(
        ngettext("%(num)s document was moved.", "%(num)s documents were moved.", moved[0]),
        _path(warehouse_id),
    )


@blueprint.post("/stations")
@page(Permission.CHANGE_POLICY)
def set_station_printer() -> Answer:
    """Where a station's documents of a kind come out."""
    return _act(
        _sent_warehouse(),
        "station",
        lambda: printing.set_station_printer(
            actor(),
            station_id=forms.number("station_id", least=1),
            document_kind=forms.choice("document_kind", DOCUMENT_KINDS),
            printer_id=forms.optional_number("printer_id", least=1),
        ),
        _("Saved."),
    )


@blueprint.post("/jobs/<int:job_id>/confirm")
@page(Permission.PACK)
def confirm_job(job_id: int) -> Answer:
    """A person holds the paper in hand."""
    return _act(
        _sent_warehouse(),
        f"job-{job_id}",
        lambda: printing.confirm_job(actor(), job_id),
        _("Saved."),
    )


@blueprint.post("/jobs/<int:job_id>/repeat")
@page(Permission.PACK)
def repeat_job(job_id: int) -> Answer:
    """A person says that it did not come out: once more."""
    return _act(
        _sent_warehouse(),
        f"job-{job_id}",
        lambda: printing.repeat_job(actor(), job_id, why=forms.reason()),
        _("It is in the queue once more."),
    )


@blueprint.post("/jobs/<int:job_id>/cancel")
@page(Permission.OVERRIDE)
def cancel_job(job_id: int) -> Answer:
    """It is not to come out any more."""
    return _act(
        _sent_warehouse(),
        f"job-{job_id}",
        lambda: printing.cancel_job(actor(), job_id, why=forms.reason()),
        _("It is out of the queue."),
    )


@blueprint.post("/labels/<int:shipment_id>/reprint")
@page(Permission.PACK)
def reprint_label(shipment_id: int) -> Answer:
    """Print the label of a shipment again: counted, with who and why."""
    warehouse_id = _sent_warehouse()
    verdicts: list[Verdict] = []
    refused = attempt(
        "queue",
        lambda: verdicts.append(
            packing.reprint_label(actor(), shipment_id=shipment_id, reason=forms.reason())
        ),
    )
    if refused is None and isinstance(verdicts[0], Refused):
        sentence = scan_messages.of_verdict("pack", verdicts[0])
        refused = Refusal("queue", 409, sentence)
    if refused is not None:
        return _printers_page(warehouse_id, refused)
    return done(scan_messages.of_verdict("pack", verdicts[0]), _path(warehouse_id))


# --- parts ---------------------------------------------------------------------------------------


def _act(warehouse_id: int, form: str, command: Callable[[], object], sentence: str) -> Answer:
    refused = attempt(form, command)
    if refused is not None:
        return _printers_page(warehouse_id, refused)
    return done(sentence, _path(warehouse_id))


def _setup() -> PrinterSetup:
    return PrinterSetup(
        name=forms.text("name"),
        kind=forms.choice("kind", PRINTER_KINDS),
        address=forms.text("address", most=255, required=False),
        language=forms.choice("language", LANGUAGES),
        dpi=forms.number("dpi"),
        paper=forms.text("paper", most=64, required=False),
        active=forms.ticked("active"),
    )


def _asked_warehouse() -> int | None:
    typed = request.args.get("warehouse_id", "")
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) < forms.LONGEST_NUMBER):
        raise invalid("warehouse_id", "not-a-whole-number")
    return int(typed) if typed else None


def _sent_warehouse() -> int:
    """The warehouse whose page the form stood on."""
    return forms.number("warehouse_id", least=1)


def _path(warehouse_id: int) -> str:
    return url_for(".list_printers", warehouse_id=warehouse_id)


def _printers_page(warehouse_id: int | None, refused: Refusal | None = None) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    papers = printing.list_papers(actor(), warehouse_id=warehouse["id"]).papers
    return draw(
        "office/printers.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        printing=printing.warehouse_printing(actor(), warehouse_id=warehouse["id"]),
        kinds=PRINTER_KINDS,
        languages_of_printers=LANGUAGES,
        dots=DOTS_PER_INCH,
        papers=[one.name for one in papers if one.setup.active],
        documents=DOCUMENT_KINDS,
    )
