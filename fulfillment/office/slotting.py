"""Slotting advice: which bins should change places, as a page and as a file."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response

from fulfillment.access import actor, page
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, draw
from fulfillment.services.slotting import SlottingReport, slotting_report

blueprint = Blueprint(
    "office_slotting", __name__, url_prefix="/warehouses/<int:warehouse_id>/slotting"
)

DAYS, MOST_DAYS = 28, 92


@blueprint.get("")
@page(Permission.SEE_REPORTS)
def read_advice(warehouse_id: int) -> Answer:
    """What should move, and what that saves."""
    warehouse = choices.one_warehouse(warehouse_id)
    return draw("office/slotting.html", warehouse=warehouse, report=_report(warehouse["code"]))


@blueprint.get("/advice.csv")
@page(Permission.SEE_REPORTS)
def export_advice(warehouse_id: int) -> Response:
    """The same as a file."""
    report = _report(choices.one_warehouse(warehouse_id)["code"])
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(
        ["bin", "sku", "visits", "nearer_bin", "nearer_sku", "nearer_visits", "saved_metres_a_day"]
    )
    for swap in report.swaps:
        rows.writerow(
            [
                swap.bin,
                swap.sku,
                swap.visits,
                swap.nearer,
                swap.nearer_sku,
                swap.nearer_visits,
                swap.saved_metres_a_day,
            ]
        )
    response = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=slotting.csv"
    return response


def _report(code: str) -> SlottingReport:
    days = forms.optional_number("days", least=1, most=MOST_DAYS) or DAYS
    return slotting_report(actor(), code, days=days)
