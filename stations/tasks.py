"""Put-back and count by scans."""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from fulfillment.access import actor, page, presence
from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Permission
from fulfillment.domain.tasks import TaskState
from fulfillment.domain.values import Verdict
from fulfillment.services import stations as services
from fulfillment.services import tasks
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
from stations.sheets import command_words

COMMANDS = (Command.CONFIRM, Command.UNDO)


@blueprint.get("/tasks")
@page(Permission.WORK_TASKS, locked=LOG_IN)
def list_tasks() -> str:
    """What is to be put back or counted, the oldest first."""
    warehouse_id = warehouse_in_use(Permission.WORK_TASKS)
    if warehouse_id is None:
        return render_template(
            "stations/warehouses.html",
            warehouses=services.list_warehouses(actor(), Permission.WORK_TASKS),
        )
    return render_template(
        "stations/tasks.html", tasks=tasks.list_tasks(actor(), warehouse_id=warehouse_id)
    )


@blueprint.get("/tasks/<int:task_id>")
@page(Permission.WORK_TASKS, locked=LOG_IN)
def task(task_id: int) -> str:
    """One task."""
    return render_template(
        "stations/task.html",
        idle_seconds=presence().idle_seconds,
        **_shown(tasks.see_task(actor(), task_id=task_id)),
    )


@blueprint.get("/tasks/<int:task_id>/state")
@answers_json
@page(Permission.WORK_TASKS, locked=LOG_IN)
def task_state(task_id: int) -> Response:
    """The present state for a page that comes back from the dark, with a fresh form token."""
    view = tasks.see_task(actor(), task_id=task_id)
    return jsonify(csrf=generate_csrf(), html=_fragment(view))


@blueprint.post("/tasks/<int:task_id>/scan")
@answers_json
@page(Permission.WORK_TASKS, locked=LOG_IN)
def scan_task(task_id: int) -> Response:
    """One scan for a task; the first accepted one claims it."""
    sent = body()
    raw, scan_id = raw_in(sent), scan_id_in(sent)
    kept = kept_of_another(sent, process="task", raw=raw)
    if kept is not None:
        html = _fragment(tasks.see_task(actor(), task_id=task_id), kept.verdict)
        return answer("task", kept.verdict, html=html, repeated=kept.repeated)
    away = leaving(raw)
    if away is not None:
        return away
    reply = tasks.scan(actor(), task_id=task_id, scan_id=scan_id, raw=raw)
    html = _fragment(reply.view, reply.verdict)
    return answer("task", reply.verdict, html=html, repeated=reply.repeated)


def _fragment(view: TaskState, verdict: Verdict | None = None) -> str:
    return render_template("stations/task_view.html", **_shown(view, verdict))


def _shown(view: TaskState, verdict: Verdict | None = None) -> dict[str, Any]:
    fields = {
        "place": view.place_code,
        "sku": view.sku,
        "left": view.left,
        "suggested": view.suggested,
    }
    return {
        "view": view,
        "next_step": words.of_next_step("task", view.awaits, fields),
        "verdict": verdict,
        "message": words.of_verdict("task", verdict) if verdict else "",
        "buttons": [
            (command_words(command), own_code(Own.COMMAND, command)) for command in COMMANDS
        ],
    }
