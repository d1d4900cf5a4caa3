"""Every report by its name, read and drawn by one frame."""

from __future__ import annotations

from collections.abc import Mapping

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor
from fulfillment.domain.reporting.arranging import arrange, sheet_named
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
    """The sheets of a report, the main one first, one of them arranged as it is asked for.

    Raises :class:`UnknownThing`, and :class:`InvalidInput` for a sheet or column that is none.
    """
    report = report_named(name)
    return arrange(tuple(report.read(tx, scope_of(tx, actor, choice))), choice.arrangement)


def report_csv(actor: Actor, name: str, choice: ReportChoice) -> bytes:
    """The sheet that is asked for (else the main one) as CSV."""
    return csv_file(sheet_named(read_report(actor, name, choice), choice.arrangement.sheet))


def report_xlsx(actor: Actor, name: str, choice: ReportChoice) -> bytes:
    """All sheets as one workbook."""
    return xlsx_file(read_report(actor, name, choice))
