"""The packing station: scan, weigh, label, ship."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from fulfillment.api import scans
from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Output, Reason
from fulfillment.api.scans import NextStepOutput, ScanInput, VerdictOutput
from fulfillment.domain.packing import PackLine
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import Verdict
from fulfillment.services import packing, stations
from fulfillment.services.packing import BenchReply, BenchView

routes = Routes("packing", tag="Packing")


class LotOutput(Output):
    """Pieces of a line that were picked from a lot."""

    lot: str
    quantity: int
    packed: int
    expires_on: str | None


class BenchLineOutput(Output):
    """A line of the open order."""

    id: int
    sku: str
    name: str
    quantity: int
    packed: int
    missing: int
    tracking: str
    picture_url: str | None
    lots: list[LotOutput]


class BenchParcelOutput(Output):
    """A parcel of the open order."""

    sequence: int
    state: str
    sscc: str
    expected_grams: int | None
    weight_grams: int | None
    tracking_number: str | None
    confirmed: bool = Field(description="Its label was scanned on its box.")
    is_bought: bool = Field(description="Its label is a carrier's own.")


class BenchOutput(Output):
    """The order that is open at the station."""

    order_number: str
    shipment_number: str
    shipment_id: int
    state: str
    packing_note: str
    cut_off_at: str | None
    parcel: int | None = Field(description="The number of the parcel that is being filled.")
    lines: list[BenchLineOutput]
    parcels: list[BenchParcelOutput] = Field(
        description="Once every piece is in; empty while pieces are being scanned."
    )


class BatchToteOutput(Output):
    """A batch tote at the station: each piece of it opens an order of one piece."""

    code: str
    left: int = Field(description="Orders of one piece that wait in it.")


class BenchReplyOutput(Output):
    """What came of it, what is open, what comes next."""

    verdict: VerdictOutput
    repeated: bool = Field(description="The scan id was known: this is its first verdict.")
    next: NextStepOutput
    awaits_weight: bool = Field(
        description="The parcel that comes next on the scale has no weight yet: a scale that saw "
        "the box before the last piece was scanned says now what stands on it."
    )
    bench: BenchOutput | None
    batch: BatchToteOutput | None = Field(
        description="The batch tote that waits here while no order is open."
    )


def bench_reply(reply: BenchReply) -> dict[str, Any]:
    """The answer to a gesture as JSON."""
    return {
        "verdict": scans.verdict("pack", reply.verdict),
        "repeated": reply.repeated,
        "next": scans.next_step("pack", reply.next_code, reply.next_fields),
        "awaits_weight": reply.awaits_weight,
        "bench": None if reply.view is None else _bench(reply.view),
        "batch": None if reply.batch is None else vars(reply.batch),
    }


def _bench(view: BenchView) -> dict[str, Any]:
    return {
        "order_number": view.order_number,
        "shipment_number": view.shipment_number,
        "shipment_id": view.shipment_id,
        "state": view.state,
        "packing_note": view.packing_note,
        "cut_off_at": view.cut_off_at.isoformat() if view.cut_off_at else None,
        "parcel": view.parcel,
        "lines": [_line(line) for line in view.lines],
        "parcels": [vars(parcel) for parcel in view.parcels],
    }


def _line(line: PackLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "packed": line.packed,
        "missing": line.missing,
        "tracking": line.tracking,
        "picture_url": line.picture_url,
        "lots": [
            {
                "lot": share.lot,
                "quantity": share.quantity,
                "packed": share.packed,
                "expires_on": share.expires_on.isoformat() if share.expires_on else None,
            }
            for share in line.lots
        ],
    }


@routes.get(
    "/stations/<int:station_id>",
    permission=Permission.PACK,
    answer=BenchReplyOutput,
    render=bench_reply,
)
def read_bench(actor: Actor, station_id: int) -> BenchReply:
    """What is open at a packing station."""
    return packing.bench(actor, station_id=station_id)


@routes.post(
    "/stations/<int:station_id>/scans",
    permission=Permission.PACK,
    answer=BenchReplyOutput,
    render=bench_reply,
)
def scan_at_bench(actor: Actor, station_id: int, body: ScanInput) -> BenchReply:
    """One scan at a packing station: tote, item, command, carton, label.

    A refused scan is an answer like an accepted one (200): see `verdict`.
    """
    return packing.scan(actor, station_id=station_id, scan_id=body.scan_id, raw=body.raw)


class WeightInput(Input):
    """A stable reading of the scale, with the id that makes a repeat harmless."""

    scan_id: str = Field(min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$")
    grams: int = Field(ge=-1_000_000, le=1_000_000)
    source: Literal["scale", "typed", "bridge"] = "scale"


@routes.post(
    "/stations/<int:station_id>/weights",
    permission=Permission.PACK,
    answer=BenchReplyOutput,
    render=bench_reply,
)
def weigh(actor: Actor, station_id: int, body: WeightInput) -> BenchReply:
    """Weigh the parcel that waits for it; with the last one the labels are made."""
    return packing.weigh(
        actor,
        station_id=station_id,
        scan_id=body.scan_id,
        grams=body.grams,
        source=body.source,
    )


@routes.get(
    "/stations/by-code/<code>",
    permission=Permission.PACK,
    answer=BenchReplyOutput,
    render=bench_reply,
)
def read_bench_by_code(actor: Actor, code: str) -> BenchReply:
    """What is open at the packing station with this code: what a scale bridge asks."""
    return packing.bench(actor, station_id=stations.station_by_code(actor, code))


@routes.post(
    "/stations/by-code/<code>/weights",
    permission=Permission.PACK,
    answer=BenchReplyOutput,
    render=bench_reply,
)
def weigh_by_code(actor: Actor, code: str, body: WeightInput) -> BenchReply:
    """The same for the station with this code, which is what a scale bridge is told."""
    return packing.weigh(
        actor,
        station_id=stations.station_by_code(actor, code),
        scan_id=body.scan_id,
        grams=body.grams,
        source=body.source,
    )


class WhyInput(Input):
    """Why somebody does it; audited."""

    reason: Reason


def judged(found: Verdict) -> dict[str, Any]:
    """The answer to an act at a shipment as JSON."""
    return scans.verdict("pack", found)


class ShippedOutput(Output):
    """A shipment that is shipped; `already`: it was so before, and nothing happened again."""

    shipment_number: str
    order_number: str
    tracking_numbers: list[str]
    shipped_at: datetime
    already: bool


@routes.post("/shipments/<int:shipment_id>/ship", permission=Permission.SHIP, answer=ShippedOutput)
def ship(actor: Actor, shipment_id: int) -> packing.ShipResult:
    """Ship a labelled shipment and take its stock down, once however often it is asked."""
    return packing.ship(actor, shipment_id=shipment_id)


@routes.post(
    "/shipments/<int:shipment_id>/override-weight",
    permission=Permission.OVERRIDE,
    answer=VerdictOutput,
    render=judged,
)
def override_weight(actor: Actor, shipment_id: int, body: WhyInput) -> Verdict:
    """Accept a weight outside the tolerance."""
    return packing.override_weight(actor, shipment_id=shipment_id, reason=body.reason)


@routes.post(
    "/shipments/<int:shipment_id>/void-label",
    permission=Permission.PACK,
    answer=VerdictOutput,
    render=judged,
)
def void_label(actor: Actor, shipment_id: int, body: WhyInput) -> Verdict:
    """Void the labels of a shipment that is not shipped yet."""
    return packing.void_label(actor, shipment_id=shipment_id, reason=body.reason)


@routes.post(
    "/shipments/<int:shipment_id>/reprint",
    permission=Permission.PACK,
    answer=VerdictOutput,
    render=judged,
)
def reprint_label(actor: Actor, shipment_id: int, body: WhyInput) -> Verdict:
    """Count a reprint of a valid label; a second one needs a supervisor."""
    return packing.reprint_label(actor, shipment_id=shipment_id, reason=body.reason)
