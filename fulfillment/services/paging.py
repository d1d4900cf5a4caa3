"""One page of a long list, told by the key of its last row (keyset pagination)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """*items*, and the sort key after which the next page begins (None: this is the last)."""

    items: tuple[T, ...]
    next_key: tuple[int | str, ...] | None = None

    @classmethod
    def of(cls, items: Sequence[T], *, limit: int, key: tuple[int | str, ...] | None) -> Page[T]:
        """The first *limit* of *items*, of which one more was read; *key* is that of the last."""
        more = len(items) > limit
        return cls(tuple(items[:limit]), key if more else None)

    @classmethod
    def cut(
        cls, rows: Sequence[T], *, limit: int, key: Callable[[T], tuple[int | str, ...]]
    ) -> Page[T]:
        """Like :meth:`of`; *key* tells the sort key of a row."""
        return cls.of(rows, limit=limit, key=key(rows[limit - 1]) if len(rows) > limit else None)
