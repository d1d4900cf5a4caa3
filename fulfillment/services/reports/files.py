"""Sheets as files: CSV and XLSX, safe against formulas in what people typed.

A spreadsheet takes a text that begins with ``= + - @``, a tab or a carriage return for a formula
(OWASP, CSV Injection).  CSV has no types, so such a text gets an apostrophe in front; XLSX cells are
written as texts, which are never calculated.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from fulfillment.domain.reporting.sheets import Cell, Sheet

CSV_MIMETYPE = "text/csv"
XLSX_MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_XLSX_ROWS = 1_048_575
"""Of a sheet, without its heading."""
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_file(sheet: Sheet) -> bytes:
    """One sheet as CSV (RFC 4180) in UTF-8 with a byte order mark, as spreadsheets expect it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(column.key for column in sheet.columns)
    writer.writerows([_plain(cell) for cell in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig")


def xlsx_file(sheets: Iterable[Sheet]) -> bytes:
    """All sheets as one workbook."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "constant_memory": False, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(buffer, options) as book:
        heading = book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:31])
            page.freeze_panes(1, 0)
            for at, column in enumerate(sheet.columns):
                page.write_string(0, at, column.key, heading)
            for number, row in enumerate(sheet.rows[:MOST_XLSX_ROWS], start=1):
                _write_row(page, number, row, moment)
    return buffer.getvalue()


def _write_row(page: Worksheet, number: int, row: Sequence[Cell], moment: Format) -> None:
    for at, cell in enumerate(row):
        match cell:
            case None:
                continue
            case bool():
                page.write_boolean(number, at, cell)
            case int() | float():
                page.write_number(number, at, cell)
            case datetime():
                page.write_datetime(number, at, cell.astimezone(UTC).replace(tzinfo=None), moment)
            case date():
                page.write_datetime(number, at, cell)
            case _:
                page.write_string(number, at, cell)


def _plain(cell: Cell) -> str | int | float:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return cell.isoformat()
        case str():
            return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell
        case _:
            return cell
