"""Sheets: what a report is made of, whatever it is shown as."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

Kind = Literal[
    "text", "count", "percent", "seconds", "money", "day", "moment", "flag",
    "term", "stage", "hour", "weekday", "order",
]  # fmt: skip
"""What the cells of a column are; the last five are codes of ours that pages say in words."""
Cell = str | int | float | bool | date | datetime | None


@dataclass(frozen=True)
class Column:
    """A column: its key (the heading of files and the field of JSON), and what its cells are."""

    key: str
    kind: Kind = "text"

    @property
    def is_number(self) -> bool:
        """Whether its cells are told by how much they are."""
        return self.kind in ("count", "percent", "seconds", "money")

    @property
    def is_text(self) -> bool:
        """Whether rows are found by what is in its cells."""
        return self.kind in ("text", "order")


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


_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
