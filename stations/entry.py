"""Who stands at the station: badge scanned, PIN typed; log out, lock."""

from __future__ import annotations

from http import HTTPStatus

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.access import (
    actor,
    close_session,
    open_session,
    page,
    path_within,
    public,
    station_token,
    tell_refusal,
)
from fulfillment.domain.barcodes import Command, Own, OwnScan, parse
from fulfillment.domain.people import Permission
from fulfillment.domain.values import Refused
from fulfillment.services import people
from stations.frame import LOG_IN, blueprint, redirected

LONGEST_SECRET = 128


@blueprint.get("/")
@page(locked=LOG_IN)
def home() -> Response:
    """Where somebody begins who has just badged in."""
    who = actor()
    if who.may(Permission.PACK):
        return redirect(url_for("stations.pack"), HTTPStatus.SEE_OTHER)
    if who.may(Permission.PICK):
        return redirect(url_for("stations.pick"), HTTPStatus.SEE_OTHER)
    return redirect("/", HTTPStatus.SEE_OTHER)


@blueprint.get("/me")
@page(locked=LOG_IN)
def me() -> str:
    """Who I am here: my language, my units, and the way out."""
    return render_template("stations/me.html")


@blueprint.get("/log-in")
@public
def log_in() -> str:
    """Scan the badge, type the PIN; or what to do where this browser is no station."""
    token = station_token()
    return render_template(
        "stations/log_in.html",
        station=people.station_of(token) if token else None,
        next=path_within(request.args.get("next", url_for("stations.home"))),
    )


@blueprint.post("/log-in")
@public
def do_log_in() -> Response:
    """Badge in; whoever was logged in at this station before is logged out by it."""
    following = path_within(request.form.get("next", "/"))
    verdict = people.badge_in(
        station_token(),
        badge_in_text(request.form.get("badge", "")[:LONGEST_SECRET]),
        request.form.get("pin", "")[:LONGEST_SECRET],
    )
    if isinstance(verdict, Refused):
        tell_refusal(verdict)
        return redirect(url_for("stations.log_in", next=following), HTTPStatus.SEE_OTHER)
    response = redirect(following, HTTPStatus.SEE_OTHER)
    open_session(response, verdict)
    return response


@blueprint.post("/log-out")
@public
def log_out() -> Response:
    """End the session; the open order waits."""
    response = redirect(url_for("stations.log_in"), HTTPStatus.SEE_OTHER)
    leave(response)
    return response


def leave(response: Response) -> None:
    """End the session here, but let the browser keep its unsent scans: they are not the person's."""
    close_session(response)
    del response.headers["Clear-Site-Data"]


def leaving(raw: str) -> Response | None:
    """LOG OUT, or the badge of whoever comes next: the session ends, the open work waits."""
    parsed = parse(raw)
    if not isinstance(parsed, OwnScan):
        return None
    if parsed.kind is Own.BADGE or parsed == OwnScan(Own.COMMAND, Command.LOG_OUT):
        response = redirected(url_for(LOG_IN))
        leave(response)
        return response
    return None


def badge_in_text(scanned: str) -> str:
    """The badge of a scanned badge barcode; anything else is taken as the badge typed by hand."""
    parsed = parse(scanned)
    if isinstance(parsed, OwnScan) and parsed.kind is Own.BADGE:
        return parsed.payload
    return scanned.strip()
