"""Log in, log out, choose a password, choose a language."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.access import (
    actor,
    close_session,
    open_session,
    page,
    path_within,
    presence,
    public,
    remember_language,
    tell,
    tell_refusal,
)
from fulfillment.domain.errors import InvalidInput
from fulfillment.domain.values import Refused
from fulfillment.services import people

blueprint = Blueprint("office_access", __name__)

LONGEST_SECRET = 1000
"""More is no password, and hashing it would cost."""


@blueprint.get("/log-in")
@public
def log_in() -> str:
    """The log-in page."""
    return render_template("office/login.html", next=path_within(request.args.get("next", "/")))


@blueprint.post("/log-in")
@public
def do_log_in() -> Response:
    """Log in and go on where the person wanted to go."""
    following = path_within(request.form.get("next", "/"))
    verdict = people.log_in(
        request.form.get("login", "")[:LONGEST_SECRET],
        request.form.get("password", "")[:LONGEST_SECRET],
    )
    if isinstance(verdict, Refused):
        tell_refusal(verdict)
        return redirect(url_for(".log_in", next=following), HTTPStatus.SEE_OTHER)
    response = redirect(following, HTTPStatus.SEE_OTHER)
    open_session(response, verdict)
    return response


@blueprint.post("/log-out")
@public
def log_out() -> Response:
    """End the session; harmless where there is none."""
    response = redirect(url_for(".log_in"), HTTPStatus.SEE_OTHER)
    close_session(response)
    return response


@blueprint.get("/password")
@page(first_password=True)
def choose_password() -> str:
    """The page where one's own password is chosen."""
    return render_template("office/password.html", first=presence().must_choose_password)


@blueprint.post("/password")
@page(first_password=True)
def do_choose_password() -> Response:
    """Replace one's own password; the other sessions end."""
    try:
        verdict = people.choose_password(
            actor(),
            old=request.form.get("old", "")[:LONGEST_SECRET],
            new=request.form.get("new", "")[:LONGEST_SECRET],
            keep_session_id=presence().session_id,
        )
    except InvalidInput as error:
        verdict = Refused(error.faults[0].code, {"text": error.faults[0].text})
    if verdict is not None:
        tell_refusal(verdict)
        return redirect(url_for(".choose_password"), HTTPStatus.SEE_OTHER)
    tell("password-chosen")
    return redirect("/", HTTPStatus.SEE_OTHER)


@blueprint.post("/language")
@page(first_password=True)
def choose_language() -> Response:
    """Read everything in another language or in other units from now on."""
    people.choose_reading(
        actor(),
        locale=request.form.get("locale", ""),
        units=request.form.get("units", actor().units),
    )
    return redirect(path_within(request.form.get("next", "/")), HTTPStatus.SEE_OTHER)


@blueprint.post("/log-in/language")
@public
def choose_language_here() -> Response:
    """The language of this browser while nobody is logged in."""
    response = redirect(path_within(request.form.get("next", "/")), HTTPStatus.SEE_OTHER)
    remember_language(response, request.form.get("locale", ""))
    return response
