"""Long lists of keys, cut to what one statement may carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

KEYS_AT_ONCE = 5_000
"""SQLite takes 32,766 parameters a statement, PostgreSQL's protocol 65,535."""


def batches(values: Iterable[T], size: int = KEYS_AT_ONCE) -> Iterator[list[T]]:
    """*values* in lists of at most *size*, in their order."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
