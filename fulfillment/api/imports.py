"""Files of products, barcodes, bins, stock and orders: whole or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from werkzeug.datastructures import FileStorage

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Output, PageOutput, PageQuery, Query
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.importing import files
from fulfillment.services.paging import Page

routes = Routes("imports", tag="Imports")

LARGEST_FILE_BYTES = 64 * 1024 * 1024


class ImportForm(Query):
    """A CSV or XLSX file, and what it is."""

    kind: Literal["products", "barcodes", "bins", "stock", "orders"]
    seller: str = Field(max_length=64, description="The seller's code.")
    encoding: str | None = Field(
        None,
        max_length=32,
        description="Of a CSV file that does not say it itself: 422 `encoding-needed` shows how "
        "the first lines read in each.",
    )
    document: str | None = Field(
        None, max_length=64, description="The number of a stock file; its rows count once."
    )


class RowFaultOutput(Output):
    """What is wrong in a row."""

    row: int
    column: str
    code: str
    text: str


class ImportReportOutput(Output):
    """What came of a file; with faults nothing was changed."""

    run_id: int | None
    kind: str
    encoding: str
    rows: int
    accepted: bool
    counts: dict[str, int] = Field(description="Rows; of an order file, orders.")
    faults: list[RowFaultOutput] = Field(description="The first thousand by row.")
    fault_count: int


@routes.post(
    "/imports",
    permission=Permission.SEE_CATALOGUE,
    answer=ImportReportOutput,
    largest_body_bytes=LARGEST_FILE_BYTES,
)
def import_file(actor: Actor, form: ImportForm, file: FileStorage) -> files.ImportReport:
    """Import a file, whole or not at all; every wrong row is reported."""
    return files.import_file(
        actor,
        form.kind,
        file.stream.read(),
        file_name=file.filename or "",
        seller=form.seller,
        encoding=form.encoding,
        document=form.document,
    )


@routes.post(
    "/imports/check",
    permission=Permission.SEE_CATALOGUE,
    answer=ImportReportOutput,
    largest_body_bytes=LARGEST_FILE_BYTES,
    keyed=False,
)
def check_file(actor: Actor, form: ImportForm, file: FileStorage) -> files.ImportReport:
    """What an import of the file would answer; changes nothing."""
    return files.check_file(
        actor,
        form.kind,
        file.stream.read(),
        file_name=file.filename or "",
        seller=form.seller,
        encoding=form.encoding,
        document=form.document,
    )


class ImportQuery(PageQuery):
    """Whose files."""

    seller: str = Field(max_length=64)


class ImportRowOutput(Output):
    """A file that was imported, or refused."""

    id: int
    kind: str
    file_name: str
    encoding: str
    rows: int
    accepted: bool
    counts: dict[str, Any]
    at: datetime


class ImportPage(PageOutput):
    """Files, the newest first."""

    items: list[ImportRowOutput]


@routes.get("/imports", permission=Permission.SEE_CATALOGUE, answer=ImportPage)
def list_imports(actor: Actor, query: ImportQuery) -> Page[Any]:
    """The files of a seller, the newest first."""
    found = files.list_imports(actor, query.seller, before=query.after() or None, limit=query.limit)
    return Page(found.rows, None if found.next_after is None else (found.next_after,))


@routes.get("/imports/<int:run_id>", permission=Permission.SEE_CATALOGUE, answer=ImportReportOutput)
def read_import(actor: Actor, run_id: int) -> files.ImportReport:
    """The report of an earlier import."""
    return files.import_report(actor, run_id)
