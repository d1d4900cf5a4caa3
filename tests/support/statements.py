"""How many SQL statements something takes."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event

from fulfillment.store.base import db


def statements_of(act: Callable[[], object]) -> int:
    """How many SQL statements a call takes, BEGIN and COMMIT not counted."""
    return len(statements_in(act))


def statements_in(act: Callable[[], object]) -> list[str]:
    """The SQL statements of a call, without BEGIN and COMMIT."""
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    return seen
