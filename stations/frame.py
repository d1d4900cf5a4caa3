"""What the station pages share: the blueprint, how JSON is answered, which station this is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, ParamSpec, get_args

from flask import Blueprint, jsonify, request, send_from_directory
from werkzeug.wrappers import Response

from fulfillment import messages, metrics
from fulfillment.access import actor, public
from fulfillment.domain.errors import Denied, DomainError, NotLoggedIn, invalid
from fulfillment.domain.people import Permission
from fulfillment.domain.values import Accepted, ScanSource, Verdict
from fulfillment.scan_messages import Process
from fulfillment.services import kept_scans
from fulfillment.services import stations as services
from stations import words

P = ParamSpec("P")

blueprint = Blueprint("stations", __name__, url_prefix="/stations")

LOG_IN = "stations.log_in"
"""Where the station pages send who is not logged in."""

STATIC = Path(__file__).with_name("static")
MOST_CHARACTERS = 512
SOURCES: tuple[ScanSource, ...] = get_args(ScanSource)
_SCAN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@blueprint.get("/static/<path:name>")
@public
def static(name: str) -> Response:
    """Scripts and styles; the browser asks each time whether they changed (ETag)."""
    return send_from_directory(STATIC, name)


def answers_json(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer an error with ``{code, message}`` and its status: the page shows it as a refusal."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except DomainError as error:
            response = jsonify(
                code=error.code, message=messages.sentence(error.code, error.details())
            )
            response.status_code = _status_of(error)
            return response

    return answered


def _status_of(error: DomainError) -> HTTPStatus:
    """As much as the page's script asks: log in, not allowed, or shown as a refusal."""
    if isinstance(error, NotLoggedIn):
        return HTTPStatus.UNAUTHORIZED
    return HTTPStatus.FORBIDDEN if isinstance(error, Denied) else HTTPStatus.CONFLICT


def station_id() -> int | None:
    """The station where whoever asks has badged in; None after a log-in at the office."""
    return actor().station_id


def body() -> dict[str, Any]:
    """The JSON object of the request; raises :class:`InvalidInput`."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise invalid("body", "not-an-object")
    return found


def scan_id_in(sent: Mapping[str, Any]) -> str:
    """The UUID that the browser made before it sent."""
    scan_id = sent.get("scan_id")
    if not isinstance(scan_id, str) or not _SCAN_ID.fullmatch(scan_id):
        raise invalid("scan_id", "not-a-uuid")
    return scan_id


def kept_of_another(
    sent: dict[str, Any], *, process: Process, raw: str
) -> kept_scans.KeptReply | None:
    """The answer to a scan that the browser kept for another than who is logged in now; else None.

    ``user`` is who was logged in when it was scanned.
    """
    scanned_by = sent.get("user", actor().user_id)
    if type(scanned_by) is not int:
        raise invalid("user", "not-a-whole-number")
    if scanned_by == actor().user_id:
        return None
    return kept_scans.refuse(
        actor(),
        process=process,
        scan_id=scan_id_in(sent),
        raw=raw,
        scanned_by_id=scanned_by,
    )


def raw_in(sent: dict[str, Any]) -> str:
    """The scanned text as it came."""
    raw = sent.get("raw")
    if not isinstance(raw, str) or len(raw) > MOST_CHARACTERS:
        raise invalid("raw", "wrong-form", f"0..{MOST_CHARACTERS}")
    return raw


def source_in(sent: dict[str, Any]) -> ScanSource:
    """What read the code; a page that does not say has a scanner."""
    said = sent.get("source", "scanner")
    source = next((one for one in SOURCES if one == said), None)
    if source is None:
        raise invalid("source", "not-one-of", ", ".join(SOURCES))
    return source


def warehouse_in_use(permission: Permission) -> int | None:
    """The warehouse to work in: the station's, the only one, or the one that the page names.

    None when there are several and none is named: the page asks.
    """
    choices = [each.id for each in services.list_warehouses(actor(), permission)]
    if len(choices) == 1:
        return choices[0]
    named = request.args.get("warehouse", "")
    wanted = int(named) if named.isascii() and named.isdigit() and len(named) <= 18 else None
    return wanted if wanted in choices else None


def answer(
    process: Process, verdict: Verdict, *, html: str, repeated: bool = False, **more: Any
) -> Response:
    """What came of a scan, as the page's script takes it; *more* is what this page adds."""
    accepted = isinstance(verdict, Accepted)
    metrics.count_scan(process=process, accepted=accepted, code=verdict.code)
    return jsonify(
        accepted=accepted,
        code=verdict.code,
        fields=verdict.fields,
        tone=verdict.tone,
        message=words.of_verdict(process, verdict),
        repeated=repeated,
        html=html,
        **more,
    )


def redirected(path: str) -> Response:
    """Tell the page to go elsewhere."""
    return jsonify(redirect=path)


@blueprint.get("/worker.js")
@public
def worker() -> Response:
    """The service worker: at this address it may serve all station pages while offline."""
    return send_from_directory(STATIC, "worker.js")
