"""The dock: what each carrier's van has taken, closed into a manifest and printed."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.errors import UnknownThing, invalid
from fulfillment.domain.people import Permission
from fulfillment.office import forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services import documents, manifests, stations

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


def _dock_page(warehouse_id: int | None, refused: Refusal | None = None) -> Answer:
    places = {one.id: one.code for one in stations.list_warehouses(actor(), Permission.SHIP)}
    chosen = next(iter(places), None) if warehouse_id is None else warehouse_id
    if chosen not in places:
        raise UnknownThing(kind="warehouse", key=str(chosen or ""))
    return draw(
        "office/dock.html",
        refused,
        dock=manifests.dock(actor(), warehouse_id=chosen),
        warehouses=places,
    )
