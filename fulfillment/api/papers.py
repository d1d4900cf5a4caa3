"""Papers: their sizes and margins in a warehouse, and what each kind of document goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Output
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import printing
from fulfillment.services.printing import PaperSetup, PaperView, WarehousePapers

routes = Routes("papers", tag="Printing")


class PaperInput(Input):
    """Size and margin in millimetres, exact to a tenth; the margin is left free on all sides."""

    width_mm: float = Field(ge=20, le=500)
    height_mm: float = Field(ge=20, le=500)
    margin_mm: float = Field(ge=0, description="At least 10 mm must be left of each side.")
    active: bool = Field(True, description="False: nothing can be set to it any more.")

    def setup(self) -> PaperSetup:
        """The same for the service."""
        sides = (self.width_mm, self.height_mm, self.margin_mm)
        width, height, margin = (Decimal(str(side)) for side in sides)
        return PaperSetup(width_mm=width, height_mm=height, margin_mm=margin, active=self.active)


class PaperOutput(Output):
    """A paper; `changed`: it is built in, and has another size or margin in this warehouse."""

    name: str
    width_mm: float
    height_mm: float
    margin_mm: float
    active: bool
    built_in: bool
    changed: bool


class DocumentPaperOutput(Output):
    """What a kind of document goes on in the browser's print dialog; '' is the `usual` paper."""

    document_kind: str
    paper: str
    usual: str
    choices: list[str]


class PapersOutput(Output):
    """The papers of a warehouse, the built-in ones first, and what documents go on."""

    warehouse_id: int
    papers: list[PaperOutput]
    documents: list[DocumentPaperOutput]


class DocumentPaperInput(Input):
    """'' for the usual paper; what can be chosen is listed with the papers."""

    paper: str = Field(max_length=32)


def _paper_json(view: PaperView) -> dict[str, Any]:
    about = {"name": view.name, "built_in": view.built_in, "changed": view.changed}
    return PaperOutput.model_validate({**vars(view.setup), **about}).model_dump(mode="json")


def _papers_json(found: WarehousePapers) -> dict[str, Any]:
    return {
        "warehouse_id": found.warehouse_id,
        "papers": [_paper_json(view) for view in found.papers],
        "documents": [
            DocumentPaperOutput.model_validate(one).model_dump(mode="json")
            for one in found.documents
        ],
    }


@routes.get(
    "/warehouses/<int:warehouse_id>/papers",
    permission=Permission.PACK,
    answer=PapersOutput,
    render=_papers_json,
)
def list_papers(actor: Actor, warehouse_id: int) -> WarehousePapers:
    """The papers of a warehouse, and what its documents go on in the browser's print dialog."""
    return printing.list_papers(actor, warehouse_id=warehouse_id)


@routes.put(
    "/warehouses/<int:warehouse_id>/papers/<name>",
    permission=Permission.CHANGE_POLICY,
    answer=PaperOutput,
    render=_paper_json,
)
def save_paper(actor: Actor, warehouse_id: int, name: str, body: PaperInput) -> PaperView:
    """Add a paper, or change the one of that name; a built-in one changes in this warehouse only."""
    return printing.save_paper(actor, warehouse_id=warehouse_id, name=name, setup=body.setup())


@routes.delete(
    "/warehouses/<int:warehouse_id>/papers/<name>",
    permission=Permission.CHANGE_POLICY,
    answer=None,
)
def remove_paper(actor: Actor, warehouse_id: int, name: str) -> None:
    """Remove a paper that nothing is set to; a built-in one goes back to its standard."""
    printing.remove_paper(actor, warehouse_id=warehouse_id, name=name)


@routes.put(
    "/warehouses/<int:warehouse_id>/papers/documents/<document_kind>",
    permission=Permission.CHANGE_POLICY,
    answer=None,
)
def choose_document_paper(
    actor: Actor, warehouse_id: int, document_kind: str, body: DocumentPaperInput
) -> None:
    """What a kind of document goes on in the browser's print dialog."""
    printing.choose_document_paper(
        actor, warehouse_id=warehouse_id, document_kind=document_kind, paper=body.paper
    )
