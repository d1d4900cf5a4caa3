"""Reports: as JSON, CSV and XLSX."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from fulfillment.api.frame import Document, Routes
from fulfillment.api.inputs import Key, Output, Query
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.reporting.arranging import Arrangement
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.holding import MOST_IDLE_DAYS, NOTHING_SHIPPED_DAYS
from fulfillment.domain.reporting.sheets import Sheet
from fulfillment.services.reports import catalogue, dispatch
from fulfillment.services.reports.files import CSV_MIMETYPE, XLSX_MIMETYPE
from fulfillment.services.reports.frame import ReportChoice
from fulfillment.store.transaction import now

routes = Routes("reports", tag="Reports")


class ReportQuery(Query):
    """What a report covers: days on the warehouses' clocks, both included, at most 366."""

    first_day: date
    last_day: date
    warehouse_id: Key | None = None
    carrier: str = Field("", max_length=64)
    channel: str = Field("", max_length=64)

    def choice(self) -> ReportChoice:
        """As the service takes it; raises :class:`InvalidInput`."""
        days = Days(self.first_day, self.last_day)
        return ReportChoice(days, self.warehouse_id, self.carrier, self.channel)


class SheetQuery(Query):
    """What the sheets of a report cover; the parts that a report does not look at change nothing."""

    first_day: date | None = Field(None, description="Without it: today, in UTC.")
    last_day: date | None = Field(None, description="Without it: the first day.")
    warehouse_id: Key | None = None
    carrier: str = Field("", max_length=64)
    channel: str = Field("", max_length=64)
    idle_days: int = Field(
        NOTHING_SHIPPED_DAYS, ge=1, le=MOST_IDLE_DAYS, description="Of dead stock: not shipped for."
    )

    sheet: str = Field("", max_length=64, description="The one that is arranged; '': the main.")
    text: str = Field("", max_length=100, description="Only its rows that have it in a text.")
    sort: str = Field("", max_length=64, description="A column's key; `-` in front: descending.")

    def choice(self) -> ReportChoice:
        """As the service takes it; raises :class:`InvalidInput`."""
        first = self.first_day or now().date()
        return ReportChoice(
            days=Days(first, self.last_day or first),
            warehouse_id=self.warehouse_id,
            carrier=self.carrier,
            channel=self.channel,
            idle_days=self.idle_days,
            arrangement=Arrangement(self.sheet, self.text, self.sort),
        )


class TimingOutput(Output):
    """The seconds of one stage; `whole` is from confirmed to dispatched."""

    stage: str = Field(description="The stamp that ends it; it begins with the one before.")
    count: int
    median: float | None
    p90: float | None
    p95: float | None
    classes: list[int] = Field(
        description="How many up to 5, 10, 20, 30, 60, 120, 240, 480, 1440 minutes, and above."
    )


class FiguresOutput(Output):
    """What a group of shipments comes to."""

    orders: int = Field(description="Distinct orders that left.")
    shipments: int
    parcels: int
    pieces: int
    promised: int
    on_time: int
    on_time_percent: float | None
    missing: int = Field(description="Shipments that should have left and are still here.")
    timings: list[TimingOutput]


class GroupOutput(Output):
    """One warehouse and carrier."""

    warehouse: str
    carrier: str
    figures: FiguresOutput


class SlotOutput(Output):
    """An hour of the day, or a weekday (Monday = 0), on the warehouse's clock."""

    slot: int
    shipments: int
    on_time_percent: float | None
    median: float | None


class LateOutput(Output):
    """A shipment that was not dispatched by its promised cut-off."""

    order_id: int
    order: str
    shipment: str
    warehouse: str
    service: str
    promised_at: datetime
    dispatched_at: datetime | None
    late_seconds: int
    longest_stage: str
    longest_seconds: int
    longest_by: str


class DispatchReportOutput(Output):
    """On time, and where the time went."""

    whole: FiguresOutput
    before: FiguresOutput = Field(description="The same of as many days before.")
    groups: list[GroupOutput]
    hours: list[SlotOutput]
    weekdays: list[SlotOutput]
    late: list[LateOutput] = Field(description="The latest first, at most 200.")
    late_count: int


@routes.get("/reports/dispatch", permission=Permission.SEE_REPORTS, answer=DispatchReportOutput)
def read_dispatch_report(actor: Actor, query: ReportQuery) -> dispatch.DispatchReport:
    """Orders out, on time, and the time of each stage, per warehouse and carrier."""
    return dispatch.dispatch_report(actor, query.choice())


class SheetOutput(Output):
    """A table of a report."""

    name: str
    rows: list[dict[str, Any]] = Field(description="Its rows, each cell by its column's key.")


class ReportOutput(Output):
    """The sheets of a report, the main one first."""

    sheets: list[SheetOutput]


def _rendered(sheets: tuple[Sheet, ...]) -> dict[str, Any]:
    answer = ReportOutput(
        sheets=[
            SheetOutput(
                name=sheet.name,
                rows=[
                    dict(zip((column.key for column in sheet.columns), row, strict=True))
                    for row in sheet.rows
                ],
            )
            for sheet in sheets
        ]
    )
    return answer.model_dump(mode="json")


@routes.get(
    "/reports/<name>/sheets",
    permission=Permission.SEE_REPORTS,
    answer=ReportOutput,
    render=_rendered,
)
def read_sheets(actor: Actor, name: str, query: SheetQuery) -> tuple[Sheet, ...]:
    """All rows of a report by its name, as its files have them."""
    return catalogue.read_report(actor, name, query.choice())


@routes.get("/reports/<name>/csv", permission=Permission.SEE_REPORTS, answer=Document)
def read_csv(actor: Actor, name: str, query: SheetQuery) -> Document:
    """The sheet that is asked for, else the main one, as CSV.

    Texts that a spreadsheet would calculate get an apostrophe in front.
    """
    content = catalogue.report_csv(actor, name, query.choice())
    return Document(content=content, mimetype=CSV_MIMETYPE, file_name=f"{name}.csv")


@routes.get("/reports/<name>/xlsx", permission=Permission.SEE_REPORTS, answer=Document)
def read_xlsx(actor: Actor, name: str, query: SheetQuery) -> Document:
    """All sheets of a report as one workbook."""
    content = catalogue.report_xlsx(actor, name, query.choice())
    return Document(content=content, mimetype=XLSX_MIMETYPE, file_name=f"{name}.xlsx")
