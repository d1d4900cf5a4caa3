"""Users, the warehouse's policy, stations; and the page where a browser becomes a station."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any, get_args

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from fulfillment.access import actor, open_station, page, public, tell
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Permission, Role
from fulfillment.domain.policy import BenchShort, PickConfirmation, PrinterOff, WarehousePolicy
from fulfillment.services import people

blueprint = Blueprint("office_people", __name__, url_prefix="/settings")

ROWS_PER_PAGE = 200


CHOICES = {
    "printer_off": get_args(PrinterOff),
    "pick_confirmation": get_args(PickConfirmation),
    "bench_short": get_args(BenchShort),
}


@blueprint.get("/users")
@page(Permission.MANAGE_PEOPLE)
def list_users() -> str:
    """Who has an account."""
    found = people.list_users(actor(), after=_after(), limit=ROWS_PER_PAGE)
    return render_template(
        "office/users.html",
        users=found.items,
        next_after=found.next_key[0] if found.next_key else None,
        places=people.list_places(actor()),
        roles=tuple(Role),
    )


@blueprint.post("/users")
@page(Permission.MANAGE_PEOPLE)
def create_user() -> str:
    """Make an account; its first password is shown on this answer only."""
    first = people.create_user(
        actor(),
        login=_text("login", most=64),
        name=_text("name", most=200),
        locale=request.form.get("locale", "en"),
        units=request.form.get("units", people.METRIC),
        email=request.form.get("email", "").strip(),
        roles=_roles(request.form),
    )
    return render_template(
        "office/secret.html",
        name=first.login,
        secret=first.first_password,
        back=url_for(".read_user", user_id=first.user_id),
    )


@blueprint.get("/users/<int:user_id>")
@page(Permission.MANAGE_PEOPLE)
def read_user(user_id: int) -> str:
    """One account with its roles."""
    return render_template(
        "office/user.html",
        user=people.read_user(actor(), user_id),
        places=people.list_places(actor()),
        roles=tuple(Role),
    )


@blueprint.post("/users/<int:user_id>")
@page(Permission.MANAGE_PEOPLE)
def change_user(user_id: int) -> Response:
    """Change the name, or switch the account on or off."""
    people.change_user(
        actor(),
        user_id,
        name=_text("name", most=200),
        locale=request.form.get("locale"),
        units=request.form.get("units"),
        email=request.form.get("email", "").strip() if "email" in request.form else None,
        active="active" in request.form,
    )
    return _saved(user_id)


@blueprint.post("/users/<int:user_id>/roles")
@page(Permission.MANAGE_PEOPLE)
def set_roles(user_id: int) -> Response:
    """Keep the ticked roles and add the chosen one."""
    people.set_roles(actor(), user_id, roles=_roles(request.form))
    return _saved(user_id)


@blueprint.post("/users/<int:user_id>/password")
@page(Permission.MANAGE_PEOPLE)
def reset_password(user_id: int) -> str:
    """A new first password, shown on this answer only."""
    first = people.reset_password(actor(), user_id)
    return render_template(
        "office/secret.html",
        name=first.login,
        secret=first.first_password,
        back=url_for(".read_user", user_id=user_id),
    )


@blueprint.post("/users/<int:user_id>/badge")
@page(Permission.MANAGE_PEOPLE)
def give_badge(user_id: int) -> str:
    """A badge with a random PIN, shown on this answer only."""
    first = people.give_badge(actor(), user_id, badge=_text("badge", most=32))
    return render_template(
        "office/secret.html",
        name=first.badge,
        secret=first.first_pin,
        back=url_for(".read_user", user_id=user_id),
    )


@blueprint.post("/users/<int:user_id>/sessions")
@page(Permission.MANAGE_PEOPLE)
def end_sessions(user_id: int) -> Response:
    """Log somebody out everywhere."""
    people.end_sessions(actor(), user_id)
    tell("sessions-ended")
    return redirect(url_for(".read_user", user_id=user_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/policy")
@page(Permission.CHANGE_POLICY)
def list_policies() -> str:
    """What each warehouse decides for itself."""
    return render_template(
        "office/policy.html",
        policies=[(each, asdict(each.policy)) for each in people.list_policies(actor())],
        choices=CHOICES,
    )


@blueprint.post("/policy/<int:warehouse_id>")
@page(Permission.CHANGE_POLICY)
def change_policy(warehouse_id: int) -> Response:
    """Change the policy of a warehouse."""
    people.change_policy(
        actor(), warehouse_id, changes=_policy(request.form), reason=_text("reason", most=500)
    )
    tell("saved")
    return redirect(url_for(".list_policies"), HTTPStatus.SEE_OTHER)


@blueprint.get("/stations")
@page(Permission.CHANGE_POLICY)
def list_stations() -> str:
    """The stations of one's warehouses."""
    found = people.list_stations(actor(), after=_after(), limit=ROWS_PER_PAGE)
    return render_template(
        "office/stations.html",
        stations=found.items,
        next_after=found.next_key[0] if found.next_key else None,
        warehouses={each.warehouse_id: each.warehouse_code for each in _policies()},
    )


@blueprint.post("/stations")
@page(Permission.CHANGE_POLICY)
def create_station() -> Response:
    """A new station."""
    people.create_station(
        actor(),
        warehouse_id=_id("warehouse_id"),
        code=_text("code", most=64),
        name=_text("name", most=200),
    )
    tell("saved")
    return redirect(url_for(".list_stations"), HTTPStatus.SEE_OTHER)


@blueprint.post("/stations/<int:station_id>/enrolment-code")
@page(Permission.CHANGE_POLICY)
def make_enrolment_code(station_id: int) -> str:
    """A code to type at the station, shown on this answer only."""
    made = people.make_enrolment_code(actor(), station_id)
    return render_template(
        "office/secret.html",
        name=url_for(".enrol", _external=True),
        secret=made.enrolment_code,
        back=url_for(".list_stations"),
    )


@blueprint.post("/stations/<int:station_id>/withdraw")
@page(Permission.CHANGE_POLICY)
def withdraw_station(station_id: int) -> Response:
    """The enrolled browser is no station any more."""
    people.withdraw_station(actor(), station_id)
    tell("saved")
    return redirect(url_for(".list_stations"), HTTPStatus.SEE_OTHER)


@blueprint.get("/enrol")
@public
def enrol() -> str:
    """Where a browser becomes a station by a supervisor's code."""
    return render_template("office/enrol.html")


@blueprint.post("/enrol")
@public
def do_enrol() -> Response:
    """Make this browser a station."""
    enrolled = people.enrol_station(_text("code", most=64))
    tell("station-enrolled", {"code": enrolled.station.code})
    response = redirect(url_for(".enrol"), HTTPStatus.SEE_OTHER)
    open_station(response, enrolled.token)
    return response


def _policies() -> tuple[people.Policy, ...]:
    return people.list_policies(actor())


def _saved(user_id: int) -> Response:
    tell("saved")
    return redirect(url_for(".read_user", user_id=user_id), HTTPStatus.SEE_OTHER)


def _text(name: str, *, most: int) -> str:
    text = request.form.get(name, "").strip()
    if not text:
        raise invalid(name, "missing")
    if len(text) > most or not text.isprintable():
        raise invalid(name, "wrong-form", f"1..{most}")
    return text


def _after() -> int:
    return _id_in(request.args.get("after", "0"), "after")


def _id(name: str) -> int:
    return _id_in(request.form.get(name, ""), name)


def _id_in(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid(name, "not-a-whole-number")
    return int(text)


def _roles(form: MultiDict[str, str]) -> list[people.RoleWish]:
    """The ticked roles (``role:warehouse:seller``) and the new one, if a role is chosen."""
    wishes = [_role(text) for text in form.getlist("kept")]
    if form.get("role"):
        wishes.append(
            _role(":".join(form.get(name, "") for name in ("role", "warehouse_id", "seller_id")))
        )
    return wishes


def _role(text: str) -> people.RoleWish:
    role, *ids = text.split(":")
    if role not in tuple(Role) or len(ids) != 2:
        raise invalid("role", "not-one-of", ", ".join(Role))
    warehouse_id, seller_id = (_id_in(each, "role") if each else None for each in ids)
    return people.RoleWish(Role(role), warehouse_id, seller_id)


def _policy(form: MultiDict[str, str]) -> dict[str, Any]:
    """The fields of the policy that its form sent; an unticked box is not sent."""
    changes: dict[str, Any] = {}
    for name, present in asdict(WarehousePolicy()).items():
        if isinstance(present, bool):
            changes[name] = name in form
        elif name in form and isinstance(present, int):
            changes[name] = _id_in(form[name], name)
        elif name in form:
            changes[name] = form[name]
    return changes
