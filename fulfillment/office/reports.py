"""Reports: chosen by days, warehouse, carrier and channel; on the page, as CSV and as XLSX."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from fulfillment.access import actor, page
from fulfillment.domain.errors import InvalidInput
from fulfillment.domain.people import Permission
from fulfillment.domain.reporting.arranging import arrange
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.holding import MOST_IDLE_DAYS, NOTHING_SHIPPED_DAYS
from fulfillment.office import choices, forms, report_charts, report_tables
from fulfillment.office.forms import Answer, Refusal, draw
from fulfillment.services.reports import catalogue, dispatch
from fulfillment.services.reports.files import CSV_MIMETYPE, XLSX_MIMETYPE
from fulfillment.services.reports.frame import ReportChoice
from fulfillment.store.transaction import now

blueprint = Blueprint("office_reports", __name__, url_prefix="/reports")


@blueprint.get("")
@page(Permission.SEE_REPORTS)
def list_reports() -> Answer:
    """Which reports there are."""
    return draw("office/reports.html", reports=tuple(catalogue.REPORTS))


@blueprint.get("/<name>")
@page(Permission.SEE_REPORTS)
def read_report(name: str) -> Answer:
    """One report."""
    report = catalogue.report_named(name)
    refused: Refusal | None = None
    found: dict[str, Any] = {}
    try:
        found = _found(name, _choice())
    except InvalidInput as error:
        refused = forms.refusal("choose", error)
    is_dispatch = name == dispatch.REPORT.name
    return draw(
        "office/report_dispatch.html" if is_dispatch else "office/report.html",
        refused,
        report=report,
        warehouses=choices.warehouses(),
        carriers=sorted({row["carrier"] for row in choices.service_rows()}),
        query=report_tables.whole_report(),
        today=_today(),
        idle_days=NOTHING_SHIPPED_DAYS,
        **found,
    )


def _found(name: str, choice: ReportChoice) -> dict[str, Any]:
    """What the page shows; raises :class:`InvalidInput`."""
    if name != dispatch.REPORT.name:
        sheets = catalogue.read_report(actor(), name, choice)
        return {
            "tables": report_tables.tables(name, sheets, choice.arrangement),
            "charts": report_charts.charts(name, sheets, choice.days),
        }
    figures = dispatch.dispatch_report(actor(), choice)
    sheets = arrange(dispatch.tables(figures), choice.arrangement)
    return {
        "days": choice.days,
        "figures": figures,
        "tables": report_tables.tables(name, sheets, choice.arrangement),
        "charts": report_charts.dispatch_charts(figures),
        "order_ids": {late.order: late.order_id for late in figures.late},
    }


@blueprint.get("/<name>.csv")
@page(Permission.SEE_REPORTS)
def read_csv(name: str) -> Response:
    """The sheet that is asked for, else the main one, as CSV."""
    choice = _choice()
    sheet = choice.arrangement.sheet
    file_name = f"{name}-{sheet}" if sheet not in ("", name) else name
    return _file(catalogue.report_csv(actor(), name, choice), f"{file_name}.csv", CSV_MIMETYPE)


@blueprint.get("/<name>.xlsx")
@page(Permission.SEE_REPORTS)
def read_xlsx(name: str) -> Response:
    """All sheets as a workbook."""
    return _file(catalogue.report_xlsx(actor(), name, _choice()), f"{name}.xlsx", XLSX_MIMETYPE)


def _file(content: bytes, name: str, mimetype: str) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _choice() -> ReportChoice:
    first = forms.optional_day("first_day") or _today()
    return ReportChoice(
        days=Days(first, forms.optional_day("last_day") or max(first, _today())),
        warehouse_id=forms.optional_number("warehouse_id"),
        carrier=forms.text("carrier", most=64, required=False),
        channel=forms.text("channel", most=64, required=False),
        idle_days=forms.optional_number("idle_days", least=1, most=MOST_IDLE_DAYS)
        or NOTHING_SHIPPED_DAYS,
        arrangement=report_tables.arrangement(),
    )


def _today() -> date:
    """The present day of the first warehouse that the reader sees."""
    rows = choices.warehouse_rows()
    zone = rows[0]["timezone"] if rows else "UTC"
    return now().astimezone(ZoneInfo(zone)).date()
