"""Every report by its name, read and drawn by one frame."""

from __future__ import annotations

from collections.abc import Mapping

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor
from fulfillment.domain.reporting.sheets import Sheet
from fulfillment.services.reports import (
    abc,
    ageing,
    dead_stock,
    dispatch,
    low_stock,
    sales,
    stock,
    turnover,
    work,
)
from fulfillment.services.reports.files import csv_file, xlsx_file
from fulfillment.services.reports.frame import Report, ReportChoice, scope_of
from fulfillment.store.transaction import Transaction, reads

REPORTS: Mapping[str, Report] = {
    report.name: report
    for report in (
        dispatch.REPORT,
        work.PRODUCTIVITY,
        work.ACCURACY,
        stock.REPORT,
        low_stock.REPORT,
        turnover.REPORT,
        ageing.REPORT,
        dead_stock.REPORT,
        abc.REPORT,
        sales.REPORT,
    )
}


def report_named(name: str) -> Report:
    """The report; raises :class:`UnknownThing`."""
    if name not in REPORTS:
        raise UnknownThing(kind="report", key=name)
    return REPORTS[name]


@reads
def read_report(
    tx: Transaction, actor: Actor, name: str, choice: ReportChoice
) -> tuple[Sheet, ...]:
    """The sheets of a report, the main one first; raises :class:`UnknownThing`."""
    report = report_named(name)
    return tuple(report.read(tx, scope_of(tx, actor, choice)))


def report_csv(actor: Actor, name: str, choice: ReportChoice) -> bytes:
    """The main sheet as CSV."""
    return csv_file(read_report(actor, name, choice)[0])


def report_xlsx(actor: Actor, name: str, choice: ReportChoice) -> bytes:
    """All sheets as one workbook."""
    return xlsx_file(read_report(actor, name, choice))
