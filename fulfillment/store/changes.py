"""Hearing that something changed: for pages that show the present state and stay open.

PostgreSQL tells it (`LISTEN board`): triggers on shipments, holds, print jobs and alerts notify with
the commit, whichever worker or host wrote it.  SQLite is asked for its ``data_version``, which moves
with every commit of another connection.  It is no log: several changes may be heard as one, and
who listens reads the state anew.

This is the one use of a connection outside of ``transaction.py``: it reads and writes no row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Engine

CHANNEL = "board"
ASK_SECONDS = 0.5
"""How often SQLite is asked: one pragma that reads one page at most."""


class Ear(Protocol):
    """Hears changes from the moment on at which it was opened."""

    def wait(self, seconds: float) -> bool:
        """Whether something changed since the last call; waits at most so long for it."""


@contextmanager
def listening(engine: Engine) -> Iterator[Ear]:
    """An ear with a connection of its own, given up at the end of the block."""
    connection = engine.raw_connection()
    driver = connection.driver_connection
    connection.detach()  # what it is set to must not come back to the pool
    try:
        is_postgresql = engine.dialect.name == "postgresql"
        yield _PostgresEar(driver) if is_postgresql else _SqliteEar(driver)
    finally:
        connection.close()


class _PostgresEar:
    def __init__(self, driver: Any) -> None:
        self._driver = driver
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")

    def wait(self, seconds: float) -> bool:
        return any(True for _note in self._driver.notifies(timeout=seconds, stop_after=1))


class _SqliteEar:
    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._seen = self._version()

    def wait(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self._version() == self._seen:
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(ASK_SECONDS, left))
        self._seen = self._version()
        return True

    def _version(self) -> int:
        return int(self._driver.execute("PRAGMA data_version").fetchone()[0])
