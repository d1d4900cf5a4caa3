"""Labels for the things of a warehouse: bins, totes, carts, products and badges."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fulfillment.api.frame import Document, Routes
from fulfillment.api.inputs import CodeText, Input, Key, Output, Query
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.printing import MOST_HOUSE_LABEL_COPIES, MOST_HOUSE_LABELS
from fulfillment.paper import paper_words, role_words
from fulfillment.services import printing
from fulfillment.services.printing import LabelChoice, LabelLook, QueuedLabels

routes = Routes("house_labels", tag="Labels and paper")

CODES = "Of places, SKUs, or badges: exactly these. None: all that the rest leaves over."


class LabelsQuery(Query):
    """Which labels of the kind, and how often each."""

    codes: list[str] = Field(default_factory=list, max_length=200, description=CODES)
    zone: str = Field("", max_length=16, description="Of bins.")
    starts_with: str = Field("", max_length=64, description="How the code or SKU begins.")
    seller: str = Field("", max_length=64, description="Of products.")
    copies: int = Field(1, ge=1, le=MOST_HOUSE_LABEL_COPIES)
    first_place: int = Field(1, ge=1, description="Of a sheet of stickers, row by row from 1.")


class LabelJobsInput(Input):
    """Which labels of the kind, on which printer; the same key again is the same labels."""

    printer_id: Key
    key: str = Field(min_length=1, max_length=64)
    codes: list[CodeText] = Field(
        default_factory=list, max_length=MOST_HOUSE_LABELS, description=CODES
    )
    zone: str = Field("", max_length=16, description="Of bins.")
    starts_with: str = Field("", max_length=64, description="How the code or SKU begins.")
    seller: str = Field("", max_length=64, description="Of products.")
    copies: int = Field(1, ge=1, le=MOST_HOUSE_LABEL_COPIES)


class ShownLabelOutput(Output):
    """A label: the code that it is asked for by, and what a scanner reads from it."""

    code: str
    barcode: str


class LabelLookOutput(Output):
    """What the PDF would be.  `places` of a sheet; 0: each label is a page."""

    kind: str
    labels: int
    pages: int
    paper: str
    places: int
    first: list[ShownLabelOutput] = Field(description="The first 20, each once.")


class QueuedLabelsOutput(Output):
    """Labels in the queue of a printer."""

    printer: str
    jobs: int
    labels: int = Field(description="Pieces of paper: the copies counted.")


def _choice(kind: str, asked: LabelsQuery | LabelJobsInput) -> LabelChoice:
    return LabelChoice(
        kind=kind,
        codes=tuple(asked.codes),
        zone=asked.zone,
        starts_with=asked.starts_with,
        seller=asked.seller,
        copies=asked.copies,
    )


def _look_json(look: LabelLook) -> dict[str, Any]:
    first = [{"code": one.code, "barcode": one.label.barcode} for one in look.first]
    return {**vars(look), "first": first}


@routes.get(
    "/warehouses/<int:warehouse_id>/labels/<kind>",
    permission=Permission.CHANGE_CATALOGUE,
    answer=LabelLookOutput,
    render=_look_json,
)
def look_at_labels(actor: Actor, warehouse_id: int, kind: str, query: LabelsQuery) -> LabelLook:
    """How many labels a choice is, on how much paper, and the first of them.

    `kind`: `bin-label`, `tote-label`, `cart-label`, `product-label`, or `badge-label`, which is
    for who manages people.
    """
    return printing.look_at_labels(
        actor, warehouse_id=warehouse_id, choice=_choice(kind, query), first_place=query.first_place
    )


@routes.get(
    "/warehouses/<int:warehouse_id>/labels/<kind>.pdf",
    permission=Permission.CHANGE_CATALOGUE,
    answer=Document,
)
def draw_labels(actor: Actor, warehouse_id: int, kind: str, query: LabelsQuery) -> Document:
    """The labels on the paper that the warehouse chose for them; at most 2,000 at once."""
    content = printing.draw_labels(
        actor,
        warehouse_id=warehouse_id,
        choice=_choice(kind, query),
        first_place=query.first_place,
        words=paper_words(),
        roles=role_words(),
    )
    return Document(content=content, mimetype="application/pdf", file_name="labels.pdf")


@routes.post(
    "/warehouses/<int:warehouse_id>/labels/<kind>/print-jobs",
    permission=Permission.CHANGE_CATALOGUE,
    answer=QueuedLabelsOutput,
    status=201,
)
def queue_labels(actor: Actor, warehouse_id: int, kind: str, body: LabelJobsInput) -> QueuedLabels:
    """Queue labels on a printer of the warehouse, a job for each label; at most 300 at once."""
    return printing.queue_labels(
        actor,
        warehouse_id=warehouse_id,
        choice=_choice(kind, body),
        printer_id=body.printer_id,
        key=body.key,
        roles=role_words(),
    )
