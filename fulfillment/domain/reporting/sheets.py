"""Sheets: what a report is made of, whatever it is shown as."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Kind = Literal["text", "count", "percent", "seconds", "money", "day", "moment", "flag", "term"]
"""What the cells of a column are; a term is a code of ours that pages say in words."""
Cell = str | int | float | bool | date | datetime | None


@dataclass(frozen=True)
class Column:
    """A column: its key (the heading of files and the field of JSON), and what its cells are."""

    key: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """A table of a report."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def columns(text: str) -> tuple[Column, ...]:
    """Columns from ``key:kind key …``; without a kind it is text.

    >>> columns("sku on_hand:count")
    (Column(key='sku', kind='text'), Column(key='on_hand', kind='count'))
    """
    found = []
    for word in text.split():
        key, _colon, kind = word.partition(":")
        found.append(Column(key, _KINDS[kind or "text"]))
    return tuple(found)


_KINDS: dict[str, Kind] = {
    "text": "text",
    "count": "count",
    "percent": "percent",
    "seconds": "seconds",
    "money": "money",
    "day": "day",
    "moment": "moment",
    "flag": "flag",
    "term": "term",
}
