"""Waves: what waits for its van, release it, see how far it is, the pick list on a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from fulfillment.access import actor, page
from fulfillment.domain.errors import NothingToDo, invalid
from fulfillment.domain.orders import PRIORITIES
from fulfillment.domain.people import Permission
from fulfillment.domain.values import PICK_METHODS
from fulfillment.domain.waving import Items, WaveChoice
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.maps import walk_map
from fulfillment.paper import paper_words
from fulfillment.services import documents, release_queue, urgent, wave_views, waving

blueprint = Blueprint("office_waves", __name__, url_prefix="/waves")

MOST_WAVES = 100


@blueprint.get("")
@page(Permission.RELEASE)
def list_waves() -> Answer:
    """What waits, and the latest waves."""
    return _waves_page()


@blueprint.post("")
@page(Permission.RELEASE)
def release() -> Answer:
    """Release what fits the choice, or say how much it would be."""
    if request.form.get("act") == "look":
        return _look()
    reports: list[waving.WaveReport] = []
    refused = attempt("release", lambda: reports.append(_released(_choice())))
    if refused is not None:
        return _waves_page(refused)
    report = reports[0]
    sentence = ngettext(
        "%(num)s shipment is released as wave %(wave)s: %(lists)s lists, %(stops)s stops.",
        "%(num)s shipments are released as wave %(wave)s: %(lists)s lists, %(stops)s stops.",
        report.shipments,
        wave=report.wave_number or "–",
        lists=len(report.lists),
        stops=report.stops,
    )
    missing = sum(short.units for short in report.short)
    if missing:
        more = ngettext(
            "%(num)s unit was not in its bin and is owed again.",
            "%(num)s units were not in their bins and are owed again.",
            missing,
        )
        sentence = f"{sentence} {more}"
    if report.wave_number is None:
        return done(sentence, url_for(".list_waves"))
    return done(sentence, url_for(".read_wave", number=report.wave_number))


@blueprint.get("/<number>")
@page(Permission.RELEASE)
def read_wave(number: str) -> Answer:
    """A wave with its lists."""
    wave = release_queue.wave_progress(actor(), number)
    return draw("office/wave.html", wave=wave)


@blueprint.get("/lists/<number>")
@page(Permission.RELEASE)
def read_pick_list(number: str) -> Answer:
    """A pick list by bins in walking order, with barcodes."""
    return _pick_list_page(number)


@blueprint.post("/lists/<number>/join")
@page(Permission.RELEASE)
def join_list(number: str) -> Answer:
    """An urgent shipment joins the list."""
    refused = attempt(
        "join",
        lambda: urgent.join_list(
            actor(), list_number=number, shipment_number=forms.text("shipment", most=64)
        ),
    )
    if refused is not None:
        return _pick_list_page(number, refused)
    return done(
        _("The shipment is on this list; what is left of the walk is planned anew."),
        url_for(".read_pick_list", number=number),
    )


def _pick_list_page(number: str, refused: Refusal | None = None) -> Answer:
    found = wave_views.pick_list_view(actor(), number)
    zones = {row["code"]: row["timezone"] for row in choices.warehouse_rows()}
    return draw(
        "office/pick_list.html",
        refused,
        list=found,
        map=_walk_map(found),
        timezone=zones.get(found.warehouse_code, "UTC"),
    )


@blueprint.get("/lists/<number>.pdf")
@page(Permission.RELEASE)
def print_pick_list(number: str) -> Response:
    """The pick list as a PDF."""
    pdf = documents.pick_list_sheet(actor(), number, words=paper_words())
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = "inline; filename=pick-list.pdf"
    return response


def _walk_map(found: wave_views.PickListView) -> Markup | None:
    """The walk on the warehouse's map, where both are known."""
    points = found.walk.get("rest_points") or found.walk.get("points")
    if not points or not found.layout:
        return None
    stops = [(number, one.aisle, one.y_metres) for number, one in enumerate(found.bins, start=1)]
    metres = found.walk.get("rest_metres", found.walk["metres"])
    title = _("The walk past %(bins)s bins, %(metres)s m", bins=len(stops), metres=metres)
    return walk_map(found.layout, points, stops, title)


def _released(choice: WaveChoice) -> waving.WaveReport:
    report = waving.release_all(actor(), choice)
    if not report.shipments and not report.short:
        raise NothingToDo(what="release")
    return report


def _look() -> Answer:
    fitting: list[int] = []
    refused = attempt(
        "release", lambda: fitting.extend(waving.fitting_shipments(actor(), _choice()))
    )
    return _waves_page(refused, fitting=None if refused else len(fitting))


def _choice() -> WaveChoice:
    warehouse = choices.one_warehouse(forms.number("warehouse_id"))
    items: Any = forms.choice("items", get_args(Items), default="any")
    method: Any = forms.choice("method", PICK_METHODS, default="")
    cut_off = forms.optional_moment("cut_off_before", ZoneInfo(warehouse["timezone"]))
    return WaveChoice(
        warehouse_id=warehouse["id"],
        cut_off_before=cut_off,
        carrier=forms.text("carrier", most=64, required=False),
        service_id=forms.optional_number("service_id"),
        zone=forms.text("zone", most=16, required=False),
        priority_from=forms.optional_number(
            "priority_from", least=PRIORITIES.start, most=PRIORITIES.stop - 1
        ),
        items=items,
        method=method or None,
        limit=forms.optional_number("limit", least=1, most=100_000),
        planning_seconds=forms.optional_number("planning_seconds", most=60),
    )


def _waves_page(refused: Refusal | None = None, *, fitting: int | None = None) -> Answer:
    typed = request.values.get("warehouse_id", "")
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) < forms.LONGEST_NUMBER):
        raise invalid("warehouse_id", "not-a-whole-number")
    warehouse = choices.one_warehouse(int(typed) if typed else None)
    zone = ZoneInfo(warehouse["timezone"])
    return draw(
        "office/waves.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        services=choices.services(),
        carriers=sorted({row["carrier"] for row in choices.service_rows()}),
        waiting=[
            (group, _just_after(group, zone))
            for group in release_queue.waiting_groups(actor(), warehouse_id=warehouse["id"])
        ],
        waves=wave_views.list_waves(actor(), warehouse_id=warehouse["id"], limit=MOST_WAVES),
        fitting=fitting,
        form=request.form,
    )


def _just_after(group: release_queue.WaitingGroup, zone: ZoneInfo) -> str:
    """The local minute after the group's van, as the form's field wants it."""
    if group.cut_off_at is None:
        return ""
    return (group.cut_off_at.astimezone(zone) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M")
