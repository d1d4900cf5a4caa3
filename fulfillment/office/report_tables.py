"""Sheets of reports as tables of a page: headings that sort, a text to find rows by, pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from flask import request, url_for

from fulfillment.domain.reporting.arranging import AS_READ, Arrangement
from fulfillment.domain.reporting.sheets import Cell, Column, Sheet
from fulfillment.office import forms

ROWS_OF_A_PAGE = 200
FEW_ROWS = 12
"""So many are found by looking at them."""
ARRANGED_BY = ("sheet", "text", "sort", "page")
"""What an address says about one sheet; the rest of it is about the report."""


@dataclass(frozen=True)
class Head:
    """The heading of a column and where it leads to: the table sorted by it."""

    column: Column
    path: str
    order: Literal["ascending", "descending", ""]
    """How the table is sorted by this column now."""


@dataclass(frozen=True)
class Table:
    """A part of the rows of a sheet."""

    name: str
    columns: tuple[Column, ...]
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    first: int
    """The number of the first row that is shown, from 1."""
    count: int
    """Rows of the whole sheet, as far as they have the text."""
    text: str
    hidden: tuple[tuple[str, str], ...]
    """What a search in this table keeps of the address."""
    before: str
    after: str
    csv: str

    @property
    def is_searched(self) -> bool:
        """Whether a search is offered."""
        return bool(self.text) or self.count > FEW_ROWS

    @property
    def last(self) -> int:
        """The number of the last row that is shown."""
        return self.first + len(self.rows) - 1


def arrangement() -> Arrangement:
    """How the address wants a sheet to be shown."""
    return Arrangement(
        sheet=forms.text("sheet", most=64, required=False),
        text=forms.text("text", most=100, required=False),
        sort=forms.text("sort", most=64, required=False),
    )


def tables(report: str, sheets: Sequence[Sheet], wanted: Arrangement) -> tuple[Table, ...]:
    """The sheets, one of them arranged already, each as the part of it that is looked at."""
    page = forms.optional_number("page", least=1, most=10**6) or 1
    chosen = wanted.sheet or sheets[0].name
    return tuple(
        _table(report, sheet, wanted, page)
        if sheet.name == chosen
        else _table(report, sheet, AS_READ, 1)
        for sheet in sheets
    )


def whole_report() -> str:
    """What the address says about the report as a whole, for its files."""
    return urlencode(_about_the_report())


def _about_the_report() -> dict[str, str]:
    return {
        name: value for name, value in request.args.items() if value and name not in ARRANGED_BY
    }


def _table(report: str, sheet: Sheet, wanted: Arrangement, page: int) -> Table:
    pages = max(1, -(-len(sheet.rows) // ROWS_OF_A_PAGE))
    page = min(page, pages)
    start = (page - 1) * ROWS_OF_A_PAGE

    def path(**changes: str | int) -> str:
        kept = {"sheet": sheet.name, "text": wanted.text, "sort": wanted.sort, **changes}
        query = {**_about_the_report(), **{name: value for name, value in kept.items() if value}}
        return f"{request.path}?{urlencode(query)}#{sheet.name}"

    asked = {**_about_the_report(), "sheet": sheet.name, "sort": wanted.sort}
    file = {"sheet": sheet.name, "text": wanted.text, "sort": wanted.sort}
    about = {name: value for name, value in {**_about_the_report(), **file}.items() if value}
    return Table(
        name=sheet.name,
        columns=sheet.columns,
        heads=tuple(
            Head(column, path(sort=_next_sort(column, wanted)), _order(column, wanted))
            for column in sheet.columns
        ),
        rows=sheet.rows[start : start + ROWS_OF_A_PAGE],
        first=start + 1,
        count=len(sheet.rows),
        text=wanted.text,
        hidden=tuple((name, value) for name, value in asked.items() if value),
        before=path(page=page - 1) if page > 1 else "",
        after=path(page=page + 1) if page < pages else "",
        csv=f"{url_for('office_reports.read_csv', name=report)}?{urlencode(about)}",
    )


def _order(column: Column, wanted: Arrangement) -> Literal["ascending", "descending", ""]:
    if column.key != wanted.column:
        return ""
    return "descending" if wanted.descending else "ascending"


def _next_sort(column: Column, wanted: Arrangement) -> str:
    """Texts first go up, numbers first go down; the same column again turns it round."""
    if column.key == wanted.column:
        return column.key if wanted.descending else f"-{column.key}"
    return f"-{column.key}" if column.is_number else column.key
