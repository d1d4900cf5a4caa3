"""Picking by scans: claim a list, scan bin, item and tote."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from fulfillment.api import scans
from fulfillment.api.frame import Routes
from fulfillment.api.inputs import CodeText, Input, Key, Output
from fulfillment.api.scans import NextStepOutput, ScanInput, VerdictOutput
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.pick_walk import PickState, Stop
from fulfillment.services import picking
from fulfillment.services.picking import PickReply

routes = Routes("picking", tag="Picking")


class FeedOutput(Output):
    """What a stop gives to one position of the cart."""

    id: int
    position: int
    shipment_number: str
    quantity: int
    picked: int
    short: int
    tote: str


class StopOutput(Output):
    """One product and lot in a bin, and where its units go."""

    id: int
    sequence: int
    bin: str
    sku: str
    name: str
    tracking: str
    lot: str
    expires_on: str | None
    wanted: int = Field(description="Units still to be taken for all positions.")
    feeds: list[FeedOutput]


class DroppedOutput(Output):
    """A shipment of the list that was cancelled meanwhile."""

    number: str
    position: int
    totes: list[str]


class PickStateOutput(Output):
    """A pick list as its picker sees it."""

    id: int
    number: str
    method: Literal["cart", "batch"] = Field(
        description="`batch`: everything into batch totes, whatever order wants it."
    )
    state: str
    picker: str | None
    stops_open: int
    stop: StopOutput | None = Field(description="Where to pick now.")
    next_stop: StopOutput | None
    bin_scanned: bool
    in_hand: int
    in_hand_feed_id: int | None
    cancelled: list[DroppedOutput]


class PickViewOutput(Output):
    """The list, and what comes next."""

    next: NextStepOutput
    list: PickStateOutput


class PickReplyOutput(PickViewOutput):
    """What came of the scan, the list, and what comes next."""

    verdict: VerdictOutput
    repeated: bool = Field(description="The scan id was known: this is its first verdict.")


def pick_view(state: PickState) -> dict[str, Any]:
    """A list and its next step as JSON."""
    return {
        "next": scans.next_step("pick", state.next_step, _next_fields(state)),
        "list": {
            "id": state.list_id,
            "number": state.number,
            "method": state.method,
            "state": state.state,
            "picker": state.picker_name or None,
            "stops_open": state.stops_open,
            "stop": _stop(state.stop),
            "next_stop": _stop(state.next_stop),
            "bin_scanned": state.bin_scanned,
            "in_hand": state.in_hand,
            "in_hand_feed_id": state.in_hand_feed_id,
            "cancelled": [
                {"number": one.number, "position": one.position, "totes": list(one.totes)}
                for one in state.cancelled
            ],
        },
    }


def pick_reply(reply: PickReply) -> dict[str, Any]:
    """The answer to a picker's scan as JSON."""
    return {
        "verdict": scans.verdict("pick", reply.verdict),
        "repeated": reply.repeated,
        **pick_view(reply.view),
    }


def _next_fields(state: PickState) -> dict[str, Any]:
    stop, feed = state.stop, state.feed
    if stop is None or feed is None:
        return {}
    return {
        "bin": stop.location_code,
        "sku": stop.sku,
        "quantity": state.wanted_now,
        "position": feed.position,
        "tote": feed.tote,
    }


def _stop(stop: Stop | None) -> dict[str, Any] | None:
    if stop is None:
        return None
    return {
        "id": stop.id,
        "sequence": stop.sequence,
        "bin": stop.location_code,
        "sku": stop.sku,
        "name": stop.name,
        "tracking": stop.tracking,
        "lot": stop.lot,
        "expires_on": stop.expires_on.isoformat() if stop.expires_on else None,
        "wanted": stop.wanted,
        "feeds": [
            {
                "id": feed.id,
                "position": feed.position,
                "shipment_number": feed.shipment_number,
                "quantity": feed.quantity,
                "picked": feed.picked,
                "short": feed.short,
                "tote": feed.tote,
            }
            for feed in stop.feeds
        ],
    }


class ClaimInput(Input):
    """Where to work; a number claims that list, else the most urgent open one."""

    warehouse_id: Key
    number: CodeText | None = None


@routes.post(
    "/pick-lists/claim", permission=Permission.PICK, answer=PickViewOutput, render=pick_view
)
def claim_list(actor: Actor, body: ClaimInput) -> PickState:
    """Get a pick list: nobody else gets the same; who has one gets it back."""
    return picking.claim_list(actor, warehouse_id=body.warehouse_id, number=body.number)


@routes.get(
    "/pick-lists/<int:pick_list_id>",
    permission=Permission.PICK,
    answer=PickViewOutput,
    render=pick_view,
)
def read_list(actor: Actor, pick_list_id: int) -> PickState:
    """Where the picker of a list goes and what is taken there."""
    return picking.see_list(actor, pick_list_id=pick_list_id)


@routes.post(
    "/pick-lists/<int:pick_list_id>/scans",
    permission=Permission.PICK,
    answer=PickReplyOutput,
    render=pick_reply,
)
def scan_on_list(actor: Actor, pick_list_id: int, body: ScanInput) -> PickReply:
    """One scan of a picker: bin, item, quantity, tote, reason, command.

    A refused scan is an answer like an accepted one (200): see `verdict`.
    """
    return picking.scan(actor, pick_list_id=pick_list_id, scan_id=body.scan_id, raw=body.raw)
