"""Papers: their sizes and margins in a warehouse, and what each kind of document goes on."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.people import Permission
from fulfillment.domain.printing import DIALOG_KINDS
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services import printing
from fulfillment.services.printing import PaperSetup

blueprint = Blueprint("office_papers", __name__, url_prefix="/settings/papers")


@blueprint.get("")
@page(Permission.CHANGE_POLICY)
def list_papers() -> Answer:
    """The papers of one warehouse, and the choice for each document."""
    return _papers_page(forms.optional_number("warehouse_id", least=1))


@blueprint.post("")
@page(Permission.CHANGE_POLICY)
def create_paper() -> Answer:
    """A new paper."""
    warehouse_id = _sent_warehouse()
    return _act(
        warehouse_id,
        "paper",
        lambda: printing.save_paper(
            actor(),
            warehouse_id=warehouse_id,
            name=forms.text("name", most=64).lower(),
            setup=_setup(active=True),
        ),
        _("The paper is there; printers and documents can be set to it."),
    )


@blueprint.post("/<name>/change")
@page(Permission.CHANGE_POLICY)
def change_paper(name: str) -> Answer:
    """Another size or margin, or out of use."""
    warehouse_id = _sent_warehouse()
    return _act(
        warehouse_id,
        f"paper-{name}",
        lambda: printing.save_paper(
            actor(),
            warehouse_id=warehouse_id,
            name=name,
            setup=_setup(active=forms.ticked("active")),
        ),
        _("Saved. What is printed from now on has this size and margin."),
    )


@blueprint.post("/<name>/remove")
@page(Permission.CHANGE_POLICY)
def remove_paper(name: str) -> Answer:
    """It is gone; a built-in one is back to its standard."""
    warehouse_id = _sent_warehouse()

    def remove() -> None:
        forms.require_sure()
        printing.remove_paper(actor(), warehouse_id=warehouse_id, name=name)

    return _act(
        warehouse_id, f"paper-{name}", remove, _("The paper is removed, or back to its standard.")
    )


@blueprint.post("/documents")
@page(Permission.CHANGE_POLICY)
def choose_document_paper() -> Answer:
    """What a kind of document goes on in the browser's print dialog."""
    warehouse_id = _sent_warehouse()
    return _act(
        warehouse_id,
        f"document-{forms.choice('document_kind', DIALOG_KINDS)}",
        lambda: printing.choose_document_paper(
            actor(),
            warehouse_id=warehouse_id,
            document_kind=forms.choice("document_kind", DIALOG_KINDS),
            paper=forms.text("paper", most=64, required=False),
        ),
        _("Saved."),
    )


# --- parts ---------------------------------------------------------------------------------------


def _setup(*, active: bool) -> PaperSetup:
    return PaperSetup(
        width_mm=forms.decimal("width_mm"),
        height_mm=forms.decimal("height_mm"),
        margin_mm=forms.decimal("margin_mm"),
        active=active,
    )


def _sent_warehouse() -> int:
    """The warehouse whose page the form stood on."""
    return forms.number("warehouse_id", least=1)


def _act(warehouse_id: int, form: str, command: Callable[[], object], sentence: str) -> Answer:
    refused = attempt(form, command)
    if refused is not None:
        return _papers_page(warehouse_id, refused)
    return done(sentence, url_for(".list_papers", warehouse_id=warehouse_id))


def _papers_page(warehouse_id: int | None, refused: Refusal | None = None) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    found = printing.list_papers(actor(), warehouse_id=warehouse["id"])
    return draw(
        "office/papers.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        papers=found.papers,
        documents=found.documents,
    )
