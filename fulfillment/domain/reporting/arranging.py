"""Sheets as somebody wants to see them: one of them sorted by a column, its rows found by a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fulfillment.domain.errors import invalid
from fulfillment.domain.reporting.sheets import Cell, Sheet


@dataclass(frozen=True)
class Arrangement:
    """How one sheet is shown; the others stay as their report reads them."""

    sheet: str = ""
    """Its name; '' = the first one."""
    text: str = ""
    """Rows are shown that have it in one of their texts, in capitals or not; '' = all."""
    sort: str = ""
    """The key of a column, with ``-`` in front from the greatest down; '' = as read."""

    @property
    def column(self) -> str:
        """The column that is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.sort.startswith("-")


AS_READ = Arrangement()
"""No sheet is changed."""


def arrange(sheets: Sequence[Sheet], wanted: Arrangement) -> tuple[Sheet, ...]:
    """The sheets, one of them arranged; raises :class:`InvalidInput` for a name that is none."""
    chosen = sheet_named(sheets, wanted.sheet)
    rows = found(chosen, wanted.text)
    if wanted.sort:
        rows = in_order(chosen, rows, wanted)
    return tuple(replace(one, rows=tuple(rows)) if one is chosen else one for one in sheets)


def sheet_named(sheets: Sequence[Sheet], name: str) -> Sheet:
    """The sheet, '' the first one; raises :class:`InvalidInput`."""
    for sheet in sheets:
        if name in ("", sheet.name):
            return sheet
    raise invalid("sheet", "not-one-of", ", ".join(sheet.name for sheet in sheets))


def found(sheet: Sheet, text: str) -> list[tuple[Cell, ...]]:
    """The rows that have the text in a cell of a column of texts."""
    sought = text.strip().casefold()
    if not sought:
        return list(sheet.rows)
    places = [at for at, column in enumerate(sheet.columns) if column.is_text]
    return [row for row in sheet.rows if any(sought in str(row[at]).casefold() for at in places)]


def in_order(
    sheet: Sheet, rows: list[tuple[Cell, ...]], wanted: Arrangement
) -> list[tuple[Cell, ...]]:
    """The rows by a column; equal ones stay as they were, those without a value come last."""
    keys = [column.key for column in sheet.columns]
    if wanted.column not in keys:
        raise invalid("sort", "not-one-of", ", ".join(keys))
    at = keys.index(wanted.column)

    def key(row: tuple[Cell, ...]) -> Any:
        value = row[at]
        return value.casefold() if isinstance(value, str) else value

    known = [row for row in rows if row[at] is not None]
    return [
        *sorted(known, key=key, reverse=wanted.descending),
        *(row for row in rows if row[at] is None),
    ]
