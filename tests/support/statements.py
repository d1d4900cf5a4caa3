"""How many SQL statements something takes."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event

from fulfillment.store.base import db


def statements_of(act: Callable[[], object]) -> int:
    """SQL statements of a call, BEGIN and COMMIT not counted."""
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    return len(seen)
