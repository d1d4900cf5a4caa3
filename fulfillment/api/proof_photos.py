"""Proof photos of a shipment, where its warehouse keeps them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flask import current_app

from fulfillment.api.frame import Document, Routes
from fulfillment.api.inputs import Output
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import proof_photos

routes = Routes("proof_photos", tag="Packing")

JPEG = "image/jpeg"


class ProofPhotoOutput(Output):
    """A photo that a packer took."""

    shipment_id: int
    scan_id: str
    taken_at: datetime


class ProofPhotosOutput(Output):
    """The photos of a shipment, the oldest first."""

    items: list[ProofPhotoOutput]


@routes.get(
    "/shipments/<int:shipment_id>/proof-photos",
    permission=Permission.SEE_ORDERS,
    answer=ProofPhotosOutput,
)
def list_proof_photos(actor: Actor, shipment_id: int) -> dict[str, object]:
    """Which photos are kept of a shipment."""
    return {"items": proof_photos.list_photos(actor, shipment_id=shipment_id, root=photo_root())}


@routes.get(
    "/shipments/<int:shipment_id>/proof-photos/<scan_id>.jpg",
    permission=Permission.SEE_ORDERS,
    answer=Document,
)
def read_proof_photo(actor: Actor, shipment_id: int, scan_id: str) -> Document:
    """One photo of a shipment."""
    jpeg = proof_photos.read_photo(
        actor, shipment_id=shipment_id, scan_id=scan_id, root=photo_root()
    )
    return Document(content=jpeg, mimetype=JPEG, file_name="proof.jpg")


def photo_root() -> Path:
    """Where this installation keeps the photos."""
    root: Path = current_app.config["PROOF_PHOTOS"]
    return root
