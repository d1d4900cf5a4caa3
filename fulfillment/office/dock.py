"""The dock: what each carrier's van has taken, closed into a manifest and printed."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.errors import UnknownThing, invalid
from fulfillment.domain.people import Permission
from fulfillment.office import forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services import carrier_requests, documents, manifests, stations

blueprint = Blueprint("office_dock", __name__, url_prefix="/dock")


@blueprint.get("")
@page(Permission.SHIP)
def show_dock() -> Answer:
    """What is out without a manifest, and the latest manifests."""
    typed = request.args.get("warehouse_id", "")
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) < forms.LONGEST_NUMBER):
        raise invalid("warehouse_id", "not-a-whole-number")
    return _dock_page(int(typed) if typed else None)


@blueprint.post("/manifests")
@page(Permission.SHIP)
def close_manifest() -> Answer:
    """The van leaves: close its manifest."""
    warehouse_id = forms.number("warehouse_id", least=1)
    refused = attempt(
        "close",
        lambda: manifests.close_manifest(
            actor(), warehouse_id=warehouse_id, carrier=forms.text("carrier", most=64)
        ),
    )
    if refused is not None:
        return _dock_page(warehouse_id, refused)
    return done(
        _("The manifest is closed; print it for the driver."),
        url_for(".show_dock", warehouse_id=warehouse_id),
    )


@blueprint.get("/manifests/<int:manifest_id>.pdf")
@page(Permission.SHIP)
def print_manifest(manifest_id: int) -> Response:
    """A closed manifest as a PDF."""
    response = Response(documents.manifest_sheet(actor(), manifest_id), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f"inline; filename=manifest-{manifest_id}.pdf"
    return response


@blueprint.post("/pickups")
@page(Permission.SHIP)
def ask_for_pickup() -> Answer:
    """Ask a carrier for a van; the form sent twice is one van."""
    warehouse_id = forms.number("warehouse_id", least=1)

    def ask() -> None:
        day = forms.optional_day("day")
        if day is None:
            raise invalid("day", "required")
        carrier_requests.ask_for_pickup(
            actor(),
            warehouse_id=warehouse_id,
            carrier=forms.text("carrier", most=64),
            day=day,
            ready_at=forms.minute_of("ready_at", forms.text("ready_at", most=5)),
            closes_at=forms.minute_of("closes_at", forms.text("closes_at", most=5)),
            parcels=forms.number("parcels", least=1, most=carrier_requests.MOST_PARCELS),
            grams=forms.number("grams", least=1),
            key=forms.text("form_key", most=60),
        )

    return _act(warehouse_id, "pickup", ask, _("The carrier is asked for a van."))


@blueprint.post("/requests/<int:request_id>/repeat")
@page(Permission.SHIP)
def repeat_request(request_id: int) -> Answer:
    """Ask the carrier anew for what it refused, or of which nobody knows."""
    return _act(
        forms.number("warehouse_id", least=1),
        f"request-{request_id}",
        lambda: carrier_requests.repeat_request(actor(), request_id),
        _("The carrier is asked again."),
    )


@blueprint.get("/requests/<int:request_id>.pdf")
@page(Permission.SHIP)
def carriers_manifest(request_id: int) -> Response:
    """The carrier's own manifest, as it came."""
    found = carrier_requests.request_document(actor(), request_id)
    response = Response(found, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f"inline; filename=carrier-{request_id}.pdf"
    return response


def _act(warehouse_id: int, form: str, command: Callable[[], object], sentence: str) -> Answer:
    refused = attempt(form, command)
    if refused is not None:
        return _dock_page(warehouse_id, refused)
    return done(sentence, url_for(".show_dock", warehouse_id=warehouse_id))


def _dock_page(warehouse_id: int | None, refused: Refusal | None = None) -> Answer:
    places = {one.id: one.code for one in stations.list_warehouses(actor(), Permission.SHIP)}
    chosen = next(iter(places), None) if warehouse_id is None else warehouse_id
    if chosen not in places:
        raise UnknownThing(kind="warehouse", key=str(chosen or ""))
    return draw(
        "office/dock.html",
        refused,
        dock=manifests.dock(actor(), warehouse_id=chosen),
        requests=carrier_requests.requests_at(actor(), warehouse_id=chosen),
        pickup_carriers=carrier_requests.carriers_with_account(actor()),
        warehouses=places,
    )
