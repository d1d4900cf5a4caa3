"""The handheld: claim a list, then bin, item, tote, each a scan or a button that sends its code."""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from fulfillment.access import actor, page, presence
from fulfillment.domain.barcodes import Command, Own, OwnScan, own_code, parse
from fulfillment.domain.people import Permission
from fulfillment.domain.pick_walk import PickState
from fulfillment.domain.values import SHORT_REASONS, Accepted, Refused, Verdict
from fulfillment.services import picking
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
    source_in,
    warehouse_in_use,
)
from stations.sheets import command_words, reason_words

COMMANDS = (Command.SHORT, Command.SKIP, Command.TOTE_FULL, Command.UNDO, Command.HAND_OVER)
MOST_QUANTITY_BUTTONS = 12
"""More pieces than this are said with the barcodes of the sheet."""


@blueprint.get("/pick")
@page(Permission.PICK, locked=LOG_IN)
def pick() -> str:
    """The page: the list that I have claimed, or the button that claims the next one."""
    warehouse_id = warehouse_in_use(Permission.PICK)
    if warehouse_id is None:
        return render_template(
            "stations/warehouses.html",
            warehouses=services.list_warehouses(actor(), Permission.PICK),
        )
    return render_template(
        "stations/pick.html",
        warehouse_id=warehouse_id,
        idle_seconds=presence().idle_seconds,
        **_shown(services.my_list(actor(), warehouse_id=warehouse_id)),
    )


@blueprint.get("/pick/state")
@answers_json
@page(Permission.PICK, locked=LOG_IN)
def pick_state() -> Response:
    """The present state for a page that comes back from the dark, with a fresh form token."""
    warehouse_id = warehouse_in_use(Permission.PICK)
    view = services.my_list(actor(), warehouse_id=warehouse_id) if warehouse_id else None
    return jsonify(csrf=generate_csrf(), html=_fragment(view))


@blueprint.post("/pick/scan")
@answers_json
@page(Permission.PICK, locked=LOG_IN)
def scan_pick() -> Response:
    """One scan of a picker; ``list`` is the list that the page showed, null without one."""
    sent = body()
    raw, scan_id, shown = raw_in(sent), scan_id_in(sent), sent.get("list")
    kept = kept_of_another(sent, process="pick", raw=raw)
    if kept is not None:
        html = _fragment(_mine(), kept.verdict)
        return answer("pick", kept.verdict, html=html, repeated=kept.repeated)
    away = leaving(raw)
    if away is not None:
        return away
    if type(shown) is not int:
        mine = _mine()
        if mine is None:
            return _claimed(raw)
        shown = mine.list_id
    reply = picking.scan(
        actor(), pick_list_id=shown, scan_id=scan_id, raw=raw, source=source_in(sent)
    )
    html = _fragment(reply.view, reply.verdict)
    return answer("pick", reply.verdict, html=html, repeated=reply.repeated)


def _mine() -> PickState | None:
    warehouse_id = warehouse_in_use(Permission.PICK)
    return services.my_list(actor(), warehouse_id=warehouse_id) if warehouse_id else None


def _claimed(raw: str) -> Response:
    """Without a list: CLAIM takes the next one, the barcode of a list takes that one."""
    parsed = parse(raw)
    warehouse_id = warehouse_in_use(Permission.PICK)
    if warehouse_id is None or not isinstance(parsed, OwnScan):
        return _no_list()
    if parsed == OwnScan(Own.COMMAND, Command.CLAIM):
        view = picking.claim_list(actor(), warehouse_id=warehouse_id)
    elif parsed.kind is Own.PICK_LIST:
        view = picking.claim_list(actor(), warehouse_id=warehouse_id, number=parsed.payload)
    else:
        return _no_list()
    verdict = Accepted("claimed", {"list": view.number})
    return answer("pick", verdict, html=_fragment(view, verdict))


def _no_list() -> Response:
    verdict = Refused("no-list")
    return answer("pick", verdict, html=_fragment(None, verdict))


def _fragment(view: PickState | None, verdict: Verdict | None = None) -> str:
    return render_template("stations/pick_view.html", **_shown(view, verdict))


def _shown(view: PickState | None, verdict: Verdict | None = None) -> dict[str, Any]:
    """What the template of the view is given."""
    if view is not None and view.state != "claimed":
        view = None  # done or given back: the next one is claimed
    awaits = view.awaits if view else "claim"
    return {
        "view": view,
        "stop": view.stop if view else None,
        "feed": view.feed if view else None,
        "awaits": awaits,
        "next_step": words.of_next_step(
            "pick", view.next_step if view else awaits, _next_fields(view)
        ),
        "verdict": verdict,
        "message": words.of_verdict("pick", verdict) if verdict else "",
        "buttons": _buttons(view),
    }


def _next_fields(view: PickState | None) -> dict[str, Any]:
    if view is None or view.stop is None or view.feed is None:
        return {}
    return {
        "bin": view.stop.location_code,
        "sku": view.stop.sku,
        "quantity": view.wanted_now,
        "position": view.feed.position,
        "tote": view.feed.tote,
    }


def _buttons(view: PickState | None) -> list[tuple[str, str]]:
    """(text, the code that a tap sends): the same codes as on the sheet."""
    if view is None:
        return [_command(Command.CLAIM)]
    if view.stop is not None and view.short_asked:
        found = [
            (str(number), own_code(Own.QUANTITY, str(number)))
            for number in range(min(view.stop.wanted, MOST_QUANTITY_BUTTONS))
        ]
        reasons = [
            (reason_words(reason), own_code(Own.REASON, reason.upper())) for reason in SHORT_REASONS
        ]
        chosen = view.short_found is not None
        return [*([] if chosen else found), *reasons, _command(Command.UNDO)]
    return [_command(command) for command in COMMANDS]


def _command(command: Command) -> tuple[str, str]:
    return command_words(command), own_code(Own.COMMAND, command)
