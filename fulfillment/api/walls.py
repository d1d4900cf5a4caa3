"""Put walls: which there are, and sorting a batch at one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fulfillment.api import scans
from fulfillment.api.frame import Document, Routes
from fulfillment.api.inputs import Input, Key, Output, Query
from fulfillment.api.scans import NextStepOutput, ScanInput, VerdictOutput
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.walls import WallState
from fulfillment.services import sorting, walls
from fulfillment.services.sorting import SortReply

routes = Routes("walls", tag="Put walls")


class WallInput(Input):
    """A wall; its slots are numbered from 1."""

    code: str
    name: str
    slots: int


class WallOutput(Output):
    """A wall and how many slots it has."""

    id: int
    code: str
    name: str
    warehouse_id: int
    slots: int


class WallsOutput(Output):
    """The walls of a warehouse."""

    walls: list[WallOutput]


class WallsQuery(Query):
    """Of which warehouse."""

    warehouse_id: Key


def _walls(found: tuple[walls.WallRow, ...]) -> dict[str, Any]:
    return {"walls": [vars(wall) for wall in found]}


@routes.get("/walls", permission=Permission.WORK_TASKS, answer=WallsOutput, render=_walls)
def list_walls(actor: Actor, query: WallsQuery) -> tuple[walls.WallRow, ...]:
    """The put walls of a warehouse, by code."""
    return walls.list_walls(actor, warehouse_id=query.warehouse_id)


@routes.put(
    "/warehouses/<warehouse>/walls", permission=Permission.CHANGE_CATALOGUE, answer=WallOutput
)
def put_wall(actor: Actor, warehouse: str, body: WallInput) -> walls.WallRow:
    """Create a wall, or change its name and the number of its slots, by its code."""
    entry = walls.WallEntry(code=body.code, name=body.name, slots=body.slots)
    return walls.put_wall(actor, warehouse, entry)


@routes.get("/walls/<int:wall_id>/labels.pdf", permission=Permission.SEE_CATALOGUE, answer=Document)
def slot_labels(actor: Actor, wall_id: int) -> Document:
    """The labels of the slots, a page for each, or on the sheets that the warehouse chose."""
    content = walls.slot_labels(actor, wall_id=wall_id)
    return Document(content=content, mimetype="application/pdf", file_name=f"wall-{wall_id}.pdf")


class UsedSlotOutput(Output):
    """A slot with the order that it collects."""

    number: int
    code: str
    order_number: str
    units: int
    complete: bool = Field(description="Everything of the order lies there: pack it.")


class PieceOutput(Output):
    """What is in hand, and the slot that it goes to."""

    sku: str
    name: str
    order_number: str
    lot: str
    serial: str
    quantity: int
    wanted: int = Field(description="Units of it that the order has in the tote.")
    slot: int
    slot_code: str


class WallStateOutput(Output):
    """What somebody does at a wall."""

    id: int
    code: str
    tote: str
    left: int = Field(description="Units in the tote that an order waits for.")
    in_hand: PieceOutput | None
    slots: list[UsedSlotOutput]


class WallViewOutput(Output):
    """The wall, and what comes next."""

    next: NextStepOutput
    wall: WallStateOutput


class SortReplyOutput(WallViewOutput):
    """What came of the scan, the wall, and what comes next."""

    verdict: VerdictOutput


def wall_view(state: WallState) -> dict[str, Any]:
    """A wall and the next step there as JSON."""
    piece = state.in_hand
    return {
        "next": scans.next_step("sort", state.awaits, state.next_fields),
        "wall": {
            "id": state.wall_id,
            "code": state.code,
            "tote": state.tote,
            "left": state.left,
            "in_hand": piece
            and {
                "sku": piece.sku,
                "name": piece.name,
                "order_number": piece.order_number,
                "lot": piece.lot,
                "serial": piece.serial,
                "quantity": piece.quantity,
                "wanted": piece.wanted,
                "slot": piece.slot.number,
                "slot_code": piece.slot.code,
            },
            "slots": [vars(slot) for slot in state.slots],
        },
    }


def sort_reply(reply: SortReply) -> dict[str, Any]:
    """The answer to a scan at a wall as JSON."""
    return {"verdict": scans.verdict("sort", reply.verdict), **wall_view(reply.view)}


@routes.get(
    "/walls/<int:wall_id>",
    permission=Permission.WORK_TASKS,
    answer=WallViewOutput,
    render=wall_view,
)
def read_wall(actor: Actor, wall_id: int) -> WallState:
    """What you have in hand at a wall, and its slots."""
    return sorting.see_wall(actor, wall_id=wall_id)


@routes.post(
    "/walls/<int:wall_id>/scans",
    permission=Permission.WORK_TASKS,
    answer=SortReplyOutput,
    render=sort_reply,
)
def scan_at_wall(actor: Actor, wall_id: int, body: ScanInput) -> SortReply:
    """One scan at a wall: batch tote, item, quantity, slot, UNDO.

    A refused scan is an answer like an accepted one (200): see `verdict`.
    """
    return sorting.scan(actor, wall_id=wall_id, scan_id=body.scan_id, raw=body.raw)
