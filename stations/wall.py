"""The put wall: scan a tote, then item and slot until it is empty."""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from fulfillment.access import actor, page, presence
from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Permission
from fulfillment.domain.values import Verdict
from fulfillment.domain.walls import WallState
from fulfillment.services import sorting, walls
from fulfillment.services import stations as services
from stations import words
from stations.entry import leaving
from stations.frame import (
    LOG_IN,
    answer,
    answers_json,
    blueprint,
    body,
    kept_of_another,
    raw_in,
    scan_id_in,
    warehouse_in_use,
)
from stations.sheets import COMMAND_WORDS


@blueprint.get("/wall")
@page(Permission.WORK_TASKS, locked=LOG_IN)
def choose_wall() -> str | Response:
    """The walls of the warehouse."""
    warehouse_id = warehouse_in_use(Permission.WORK_TASKS)
    if warehouse_id is None:
        return render_template(
            "stations/warehouses.html",
            warehouses=services.list_warehouses(actor(), Permission.WORK_TASKS),
        )
    return render_template(
        "stations/walls.html", walls=walls.list_walls(actor(), warehouse_id=warehouse_id)
    )


@blueprint.get("/wall/<int:wall_id>")
@page(Permission.WORK_TASKS, locked=LOG_IN)
def wall(wall_id: int) -> str:
    """The page of one wall."""
    return render_template(
        "stations/wall.html",
        idle_seconds=presence().idle_seconds,
        **_shown(sorting.see_wall(actor(), wall_id=wall_id)),
    )


@blueprint.get("/wall/<int:wall_id>/state")
@answers_json
@page(Permission.WORK_TASKS, locked=LOG_IN)
def wall_state(wall_id: int) -> Response:
    """The present state for a page that comes back from the dark, with a fresh form token."""
    view = sorting.see_wall(actor(), wall_id=wall_id)
    return jsonify(csrf=generate_csrf(), html=_fragment(view))


@blueprint.post("/wall/<int:wall_id>/scan")
@answers_json
@page(Permission.WORK_TASKS, locked=LOG_IN)
def scan_wall(wall_id: int) -> Response:
    """One scan at the wall."""
    sent = body()
    raw, scan_id = raw_in(sent), scan_id_in(sent)
    kept = kept_of_another(sent, process="sort", raw=raw)
    if kept is not None:
        view = sorting.see_wall(actor(), wall_id=wall_id)
        html = _fragment(view, kept.verdict)
        return answer("sort", kept.verdict, html=html, repeated=kept.repeated)
    away = leaving(raw)
    if away is not None:
        return away
    reply = sorting.scan(actor(), wall_id=wall_id, scan_id=scan_id, raw=raw)
    return answer("sort", reply.verdict, html=_fragment(reply.view, reply.verdict))


def _fragment(view: WallState, verdict: Verdict | None = None) -> str:
    return render_template("stations/wall_view.html", **_shown(view, verdict))


def _shown(view: WallState, verdict: Verdict | None = None) -> dict[str, Any]:
    """What the template of the view is given."""
    return {
        "view": view,
        "next_step": words.of_next_step("sort", view.awaits, view.next_fields),
        "verdict": verdict,
        "message": words.of_verdict("sort", verdict) if verdict else "",
        "buttons": [(COMMAND_WORDS[Command.UNDO], own_code(Own.COMMAND, Command.UNDO))],
    }
