"""A warehouse's layout: its map, a form and a file to draw it with."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.channels.files import ENCODINGS
from fulfillment.domain.errors import invalid
from fulfillment.domain.imports import LAYOUT_COLUMNS, RowFault
from fulfillment.domain.layouts import plain_layout
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms, words
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.maps import floor_map
from fulfillment.services.catalogue import layouts

blueprint = Blueprint("office_layout", __name__, url_prefix="/warehouses/<int:warehouse_id>/layout")

FAULTS_SHOWN = 200
UNDRAWN_SHOWN = 50
UNPROCESSABLE = 422


@blueprint.get("")
@page(Permission.SEE_CATALOGUE)
def read_layout(warehouse_id: int) -> Answer:
    """The map, and what is not on it."""
    return _layout_page(warehouse_id)


@blueprint.post("")
@page(Permission.CHANGE_CATALOGUE)
def put_layout(warehouse_id: int) -> Answer:
    """The layout as the form says; the bins stay where they are."""
    return _act(
        warehouse_id,
        "layout",
        lambda code: layouts.put_layout(actor(), code, _typed_layout(), reason=forms.reason()),
    )


@blueprint.post("/remove")
@page(Permission.CHANGE_CATALOGUE)
def remove_layout(warehouse_id: int) -> Answer:
    """No layout any more: bins are walked by their codes."""

    def remove(code: str) -> None:
        forms.require_sure()
        layouts.put_layout(actor(), code, None, reason=forms.reason())

    return _act(warehouse_id, "remove", remove)


@blueprint.post("/file")
@page(Permission.CHANGE_CATALOGUE)
def import_layout(warehouse_id: int) -> Answer:
    """Aisles, cross-aisles, depot and bins from a file: all of it or nothing."""
    warehouse = choices.one_warehouse(warehouse_id)
    found: list[layouts.LayoutImport] = []
    refused = attempt("file", lambda: found.append(_import(warehouse["code"])))
    if refused is not None:
        return _layout_page(warehouse_id, refused)
    if found[0].faults:
        drawn = _layout_page(warehouse_id, faults=found[0].faults)
        return (drawn[0], UNPROCESSABLE) if isinstance(drawn, tuple) else drawn
    sentence = _("The layout is drawn; bins placed: %(bins)s.", bins=found[0].bins)
    return done(sentence, url_for(".read_layout", warehouse_id=warehouse_id))


@blueprint.get("/layout.csv")
@page(Permission.SEE_CATALOGUE)
def export_layout(warehouse_id: int) -> Response:
    """The layout as the file that would draw it again."""
    view = layouts.layout_view(actor(), choices.one_warehouse(warehouse_id)["code"])
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(column.name for column in LAYOUT_COLUMNS)
    if view.layout:
        for number, x in enumerate(view.layout["aisle_x"]):
            rows.writerow(["aisle", "", number, "", x, ""])
        for number, y in enumerate(view.layout["cross_y"]):
            rows.writerow(["cross-aisle", "", "", number, "", y])
        aisle, cross = view.layout.get("depot", (0, 0))
        rows.writerow(["depot", "", aisle, cross, "", ""])
    for one in view.drawn:
        x = "" if one.x_metres is None else one.x_metres
        rows.writerow(["bin", one.code, one.aisle, "", x, one.y_metres])
    response = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=layout.csv"
    return response


def _act(warehouse_id: int, form: str, command: Callable[[str], object]) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    refused = attempt(form, lambda: command(warehouse["code"]))
    if refused is not None:
        return _layout_page(warehouse_id, refused)
    return done(_("Saved."), url_for(".read_layout", warehouse_id=warehouse_id))


def _typed_layout() -> Mapping[str, Any]:
    return plain_layout(
        _metres("aisle_x"),
        _metres("cross_y"),
        (forms.number("depot_aisle"), forms.number("depot_cross")),
    )


def _metres(name: str) -> list[float]:
    """Numbers with blanks or semicolons between them."""
    typed = forms.lines(name, most=8_000, required=True).replace(";", " ").split()
    found = []
    for text in typed:
        try:
            found.append(float(text))
        except ValueError:
            raise invalid(name, "not-a-number", text[:32]) from None
    return found


def _import(code: str) -> layouts.LayoutImport:
    chosen = request.files.get("file")
    if chosen is None or not chosen.filename:
        raise invalid("file", "required")
    return layouts.import_layout(
        actor(),
        code,
        chosen.read(),
        encoding=forms.choice("encoding", tuple(ENCODINGS), default="") or None,
        reason=forms.reason(),
    )


def _layout_page(
    warehouse_id: int, refused: Refusal | None = None, *, faults: tuple[RowFault, ...] = ()
) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    view = layouts.layout_view(actor(), warehouse["code"])
    return draw(
        "office/layout.html",
        refused,
        warehouse=warehouse,
        view=view,
        map=floor_map(view.layout, view.drawn) if view.layout else None,
        undrawn=view.undrawn[:UNDRAWN_SHOWN],
        encodings=tuple(ENCODINGS),
        fault_count=len(faults),
        faults=[
            (fault.row, fault.column, words.fault_code(fault.code, fault.text))
            for fault in faults[:FAULTS_SHOWN]
        ],
    )
