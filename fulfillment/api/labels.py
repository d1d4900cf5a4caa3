"""Documents to print: labels and packing slips of a shipment, pick lists on paper."""

from __future__ import annotations

from fulfillment.api.frame import Document, Routes
from fulfillment.domain.people import Actor, Permission
from fulfillment.paper import paper_words
from fulfillment.services import documents

routes = Routes("labels", tag="Labels and paper")

PDF = "application/pdf"


@routes.get("/shipments/<int:shipment_id>/labels.pdf", permission=Permission.PACK, answer=Document)
def shipment_labels(actor: Actor, shipment_id: int) -> Document:
    """The active labels of a shipment, a page of 100 × 150 mm for each parcel.

    Printing one a second time is counted by `reprint`, not here.
    """
    content = documents.shipment_labels(actor, shipment_id)
    return Document(content=content, mimetype=PDF, file_name=f"labels-{shipment_id}.pdf")


@routes.get(
    "/shipments/<int:shipment_id>/packing-slips.pdf",
    permission=Permission.PACK,
    answer=Document,
)
def packing_slips(actor: Actor, shipment_id: int) -> Document:
    """The packing slips of a labelled shipment; each lists what lies in its parcel."""
    content = documents.packing_slips(actor, shipment_id, words=paper_words())
    return Document(content=content, mimetype=PDF, file_name=f"packing-{shipment_id}.pdf")


@routes.get("/pick-lists/<number>/sheet.pdf", permission=Permission.PICK, answer=Document)
def pick_list_sheet(actor: Actor, number: str) -> Document:
    """A pick list on paper, bins in walking order."""
    content = documents.pick_list_sheet(actor, number, words=paper_words())
    return Document(content=content, mimetype=PDF, file_name="pick-list.pdf")
