"""The dock: parcels are scanned out to the van."""

from __future__ import annotations

from typing import Any

from fulfillment.api import scans
from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Output
from fulfillment.api.scans import ScanInput, VerdictOutput
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import dispatching
from fulfillment.services.dispatching import DispatchReply

routes = Routes("dispatch", tag="Dispatch")


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
def scan_out(actor: Actor, warehouse_id: int, body: ScanInput) -> DispatchReply:
    """Scan a parcel out (tracking number or SSCC); the last one dispatches its shipment.

    A refused scan is an answer like an accepted one (200): see `verdict`.
    """
    return dispatching.scan_out(
        actor, warehouse_id=warehouse_id, scan_id=body.scan_id, raw=body.raw
    )
