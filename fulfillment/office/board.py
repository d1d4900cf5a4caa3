"""The supervisor's board: what will miss its van, who works on what, what waits for a decision."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, request, url_for
from sqlalchemy import Engine

from fulfillment.access import actor, page
from fulfillment.domain.board.standing import BOARD_STAGES, STANDINGS
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms
from fulfillment.office.board_choices import choice_path
from fulfillment.office.forms import Answer, draw
from fulfillment.services.alerts.showing import open_alerts
from fulfillment.services.board import advising, exceptions, hindsight, showing
from fulfillment.services.board.choosing import BoardChoice
from fulfillment.services.orders.listing import count_stages
from fulfillment.store.base import db
from fulfillment.store.changes import listening

blueprint = Blueprint("office_board", __name__, url_prefix="/board")

STREAM_SECONDS = 50
"""A stream ends after so long and the browser comes back: so every worker serves some."""
LOOK_SECONDS = 10
"""So often the page looks anew, changed or not: minutes pass by themselves."""
REST_SECONDS = 2
"""Changes that follow each other faster are shown together."""
POLL_SECONDS = 15
BEFORE_THE_FLOOR = ("review", "waiting", "backorder")
"""Stages of orders that no warehouse serves yet: they are counted for all warehouses."""


@blueprint.get("")
@page(Permission.SEE_REPORTS)
def read_board() -> Answer:
    """The board of one warehouse; with ``wall`` for a screen on the wall."""
    return draw("office/board.html", warehouses=choices.warehouses(), **_figures())


@blueprint.get("/view")
@page(Permission.SEE_REPORTS)
def read_view() -> Answer:
    """The figures alone, which the page puts in place of its own."""
    return draw("office/board_view.html", **_figures())


@blueprint.get("/changes")
@page(Permission.SEE_REPORTS)
def changes() -> Response:
    """Server-sent events: when to look again.

    Who has seen nothing yet is answered at once; a browser that comes back names the last event it
    saw, and is told of the next ones.
    """
    most = current_app.config["BOARD_STREAMS"]
    if "Last-Event-ID" not in request.headers:
        return _events(_told_once(again_seconds=1))
    if not _places.take(most=most):
        return _events(_told_once(again_seconds=POLL_SECONDS))
    response = _events(_told(db.engine))
    response.call_on_close(_places.give_back)
    return response


@blueprint.get("/advice")
@page(Permission.SEE_REPORTS)
def read_advice() -> Answer:
    """What to move up, and who should go where."""
    warehouse = _warehouse()
    return draw(
        "office/board_advice.html",
        warehouse=warehouse,
        advice=advising.advice(actor(), warehouse["id"]),
        errors=hindsight.forecast_errors(actor(), warehouse["id"]),
    )


@blueprint.get("/exceptions/<kind>")
@page(Permission.SEE_REPORTS)
def list_exceptions(kind: str) -> Answer:
    """What waits for a decision, of one kind."""
    warehouse = _warehouse()
    found = exceptions.list_exceptions(actor(), warehouse["id"], kind)
    return draw("office/board_exceptions.html", warehouse=warehouse, kind=kind, found=found)


def _figures() -> dict[str, Any]:
    warehouse = _warehouse()
    view = showing.board(actor(), warehouse["id"])
    is_wall = forms.ticked("wall")
    before = count_stages(actor()) if actor().may(Permission.SEE_ORDERS) else {}

    def opens(**choice: Any) -> str | None:
        """The address of the list behind a number; none on the wall, where nobody clicks."""
        if is_wall or not actor().may(Permission.SEE_ORDERS, warehouse_id=view.warehouse_id):
            return None
        return choice_path(BoardChoice(view.warehouse_id, **choice))

    return {
        "board": view,
        "alerts": open_alerts(actor(), warehouse_id=view.warehouse_id),
        "before": {stage: before[stage] for stage in BEFORE_THE_FLOOR if stage in before},
        "opens": opens,
        "wall": is_wall,
        "stages": BOARD_STAGES,
        "standings": STANDINGS,
        "clock": view.at.astimezone(ZoneInfo(view.timezone)).strftime("%H:%M:%S"),
        "view_path": url_for(
            ".read_view", warehouse_id=view.warehouse_id, wall="1" if is_wall else None
        ),
    }


def _warehouse() -> Any:
    return choices.one_warehouse(forms.optional_number("warehouse_id"))


# --- changes -------------------------------------------------------------------------------------


class _Places:
    """How many streams a process keeps open: each of them keeps a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    def take(self, *, most: int) -> bool:
        """Whether there is a place; then it is taken."""
        with self._lock:
            if self._taken >= most:
                return False
            self._taken += 1
            return True

    def give_back(self) -> None:
        """Let somebody else have it."""
        with self._lock:
            self._taken -= 1


_places = _Places()


def _told_once(*, again_seconds: int) -> Iterator[str]:
    yield f"retry: {again_seconds * 1000}\n\n"
    yield _event()


def _told(engine: Engine) -> Iterator[str]:
    ends = time.monotonic() + STREAM_SECONDS
    yield "retry: 1000\n\n"
    with listening(engine) as ear:
        yield _event()  # what happened between two streams
        while time.monotonic() < ends:
            time.sleep(REST_SECONDS)
            ear.wait(LOOK_SECONDS)
            yield _event()


def _event() -> str:
    return f"id: {time.time_ns()}\nevent: change\ndata:\n\n"


def _events(told: Iterator[str]) -> Response:
    response = Response(told, HTTPStatus.OK, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"  # a proxy passes each event on at once
    return response
