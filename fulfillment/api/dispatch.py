"""The dock: parcels are scanned out to the van, and its manifest is closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from fulfillment.api import scans
from fulfillment.api.frame import Document, Routes
from fulfillment.api.inputs import CodeText, Input, Output
from fulfillment.api.scans import ScanInput, VerdictOutput
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import dispatching, documents, manifests
from fulfillment.services.dispatching import DispatchReply

routes = Routes("dispatch", tag="Dispatch")


class DispatchScanInput(ScanInput):
    """A scan at the dock."""

    carrier: str = Field(
        "", max_length=64, description="Whose van stands there; '' takes parcels of every carrier."
    )


class OpenHandoverOutput(Output):
    """Parcels of one carrier since its last manifest."""

    carrier: str
    out: int = Field(description="On the van: closing takes them.")
    on_the_dock: int = Field(description="Shipped, not scanned out: they stay.")


class ManifestOutput(Output):
    """A closed handover."""

    id: int
    number: str
    carrier: str
    warehouse: str
    parcels: int
    closed_at: datetime
    closed_by: str


class DockOutput(Output):
    """What each carrier has taken, and the latest manifests."""

    warehouse_id: int
    code: str
    timezone: str
    open: list[OpenHandoverOutput]
    closed: list[ManifestOutput]


class CloseInput(Input):
    """Whose van leaves."""

    carrier: CodeText


class DispatchReplyOutput(Output):
    """What came of a scan at the dock."""

    verdict: VerdictOutput
    repeated: bool


def dispatch_reply(reply: DispatchReply) -> dict[str, Any]:
    """The answer to a scan at the dock as JSON."""
    return {
        "verdict": scans.verdict("dispatch", reply.verdict),
        "repeated": reply.repeated,
    }


@routes.post(
    "/warehouses/<int:warehouse_id>/dispatch-scans",
    permission=Permission.SHIP,
    answer=DispatchReplyOutput,
    render=dispatch_reply,
)
def scan_out(actor: Actor, warehouse_id: int, body: DispatchScanInput) -> DispatchReply:
    """Scan a parcel out (tracking number or SSCC); the last one dispatches its shipment.

    A refused scan is an answer like an accepted one (200): see `verdict`.
    """
    return dispatching.scan_out(
        actor,
        warehouse_id=warehouse_id,
        scan_id=body.scan_id,
        raw=body.raw,
        carrier=body.carrier,
    )


@routes.get("/warehouses/<int:warehouse_id>/dock", permission=Permission.SHIP, answer=DockOutput)
def dock(actor: Actor, warehouse_id: int) -> manifests.Dock:
    """What is out without a manifest, by carrier, and the latest manifests."""
    return manifests.dock(actor, warehouse_id=warehouse_id)


@routes.post(
    "/warehouses/<int:warehouse_id>/manifests",
    permission=Permission.SHIP,
    answer=ManifestOutput,
    status=201,
)
def close_manifest(actor: Actor, warehouse_id: int, body: CloseInput) -> manifests.ManifestView:
    """Close what a carrier has taken; a second call finds nothing to do (409)."""
    return manifests.close_manifest(actor, warehouse_id=warehouse_id, carrier=body.carrier)


@routes.get("/manifests/<int:manifest_id>/sheet.pdf", permission=Permission.SHIP, answer=Document)
def manifest_sheet(actor: Actor, manifest_id: int) -> Document:
    """A closed manifest for the driver to sign; the same again every time."""
    content = documents.manifest_sheet(actor, manifest_id)
    return Document(
        content=content, mimetype="application/pdf", file_name=f"manifest-{manifest_id}.pdf"
    )
