"""One use case, one transaction: the only door to the database.

A service is written as a function whose first parameter is the
:class:`Transaction` and decorated with :func:`writes` or :func:`reads`; callers
leave that parameter out.  The wrapper begins, stamps one moment (``tx.now``) for
everything in it, retries what the database asks to retry, answers a repeated
idempotency key, and commits.

Connections, not ORM sessions: every change is a guarded ``UPDATE`` whose row count
is the verdict, so there is no object in memory that could be stale
(``docs/decisions/0002-connections-not-sessions.md``).

SQLite: ``BEGIN IMMEDIATE`` behind an ``flock``, which is a fair queue in the kernel
that a killed process leaves by itself; SQLite's own busy handler is unfair and lets
writers starve.  PostgreSQL: READ COMMITTED, row locks in the order of
``store/locks.py``, deadlocks and serialization failures retried from the start.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from fulfillment.store.base import db

P = ParamSpec("P")
R = TypeVar("R")

MOST_TRIES = 6
_RETRIED_SQLSTATES = frozenset({"40001", "40P01"})
_RETRIED_CONSTRAINTS = ("uq_scan_event_scan_id", "idempotency_record", "uq_order_seller_id")
"""A unique key that two requests claimed at once: the second try finds the first one's row."""

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=30000",
    "PRAGMA foreign_keys=ON",
)
POSTGRESQL_OPTIONS = (
    "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"
    " -c timezone=UTC -c jit=off"  # compiling a plan takes longer than any query here
    # Work is at the newest rows. From statistics of yesterday the planner thinks that a merge with a
    # table of years ends early, at the highest key that it knows of, and then reads a million rows.
    " -c enable_mergejoin=off"
    # Statements name their tables in the order in which they are to be read. To try all orders of
    # eight takes five times as long as to carry out what a scan asks.
    " -c join_collapse_limit=4"
)
PREPARED_STATEMENTS = 500
"""An order by itself takes a hundred different statements. Of more than so many, psycopg would keep
none, and the server plan each of them anew each time."""

_clock: ContextVar[Callable[[], datetime] | None] = ContextVar("clock", default=None)
_open: ContextVar[bool] = ContextVar("transaction open", default=False)
_claim: ContextVar[Claim | None] = ContextVar("idempotency claim", default=None)


def now() -> datetime:
    """The present moment in UTC, or what :func:`clock_set_to` says it is."""
    clock = _clock.get()
    return clock() if clock else datetime.now(UTC)


@contextmanager
def clock_set_to(clock: Callable[[], datetime]) -> Iterator[None]:
    """Let *clock* tell the time inside the block: for tests and simulated days."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)


class AnsweredBefore(Exception):
    """The idempotency key is known: *status* and *body* are the first answer."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Claim:
    """An idempotency key to claim in the transaction of the next use case.

    *answer* turns the result of the use case into (status, JSON body); both are stored
    in the same transaction as the effect, so a known key always has its effect.
    """

    client: str
    key: str
    request_hash: str
    answer: Callable[[Any], tuple[int, Any]]


@contextmanager
def claiming(claim: Claim) -> Iterator[None]:
    """Make the use case inside the block claim *claim*; raises :class:`AnsweredBefore`."""
    token = _claim.set(claim)
    try:
        yield
    finally:
        _claim.reset(token)


class Transaction:
    """An open transaction and its one moment."""

    __slots__ = ("connection", "now")

    def __init__(self, connection: Connection, moment: datetime) -> None:
        self.connection = connection
        self.now = moment

    @property
    def is_postgresql(self) -> bool:
        """Whether row locks exist; on SQLite the whole writer is alone anyway."""
        return self.connection.dialect.name == "postgresql"

    def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Run one statement (a list of parameters runs it for each, in one round trip)."""
        return self.connection.execute(statement, parameters)


def writes(use_case: Callable[Concatenate[Transaction, P], R]) -> Callable[P, R]:
    """Run *use_case* in one write transaction."""

    @wraps(use_case)
    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        claim = _claim.get()
        for attempt in range(1, MOST_TRIES + 1):
            try:
                with _write_connection() as connection:
                    tx = Transaction(connection, now())
                    if claim is None:
                        return use_case(tx, *args, **kwargs)
                    return _claimed(tx, claim, lambda: use_case(tx, *args, **kwargs))  # noqa: B023  # called at once
            except DBAPIError as error:
                if attempt == MOST_TRIES or not _worth_retrying(error):
                    raise
                time.sleep(random.uniform(0.001, 0.02) * attempt)
        raise AssertionError("the loop returns or raises")

    return in_transaction


def reads(use_case: Callable[Concatenate[Transaction, P], R]) -> Callable[P, R]:
    """Run *use_case* in one read-only transaction that waits for no writer."""

    @wraps(use_case)
    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        with _read_connection() as connection:
            return use_case(Transaction(connection, now()), *args, **kwargs)

    return in_transaction


def reads_snapshot(use_case: Callable[Concatenate[Transaction, P], R]) -> Callable[P, R]:
    """Like :func:`reads`, and every statement sees the database of one moment.

    A read transaction of SQLite always does; PostgreSQL needs REPEATABLE READ for it. A statement
    may take as long as it takes: the books of years are proved this way.
    """

    @wraps(use_case)
    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        with _read_connection(isolation_level="REPEATABLE READ") as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            return use_case(Transaction(connection, now()), *args, **kwargs)

    return in_transaction


def prepare_engine(engine: Engine) -> None:
    """Hook the pragmas and the explicit BEGIN onto a new engine of either database."""
    if engine.dialect.name != "sqlite":

        @event.listens_for(engine, "connect")
        def _remember_statements(dbapi_connection: Any, _record: Any) -> None:
            dbapi_connection.prepared_max = PREPARED_STATEMENTS

        return
    import pysqlite3.dbapi2

    if pysqlite3.dbapi2.sqlite_version_info < (3, 51, 3):
        raise RuntimeError(
            f"SQLite {pysqlite3.dbapi2.sqlite_version} can corrupt a WAL database; 3.51.3 is needed"
        )

    @event.listens_for(engine, "connect")
    def _configure(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = (
            None  # the driver's implicit BEGIN is a read lock too late
        )
        for pragma in SQLITE_PRAGMAS:
            dbapi_connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


@contextmanager
def _alone() -> Iterator[None]:
    """Refuse a transaction inside a transaction: on SQLite it would wait for itself for ever."""
    if _open.get():
        raise RuntimeError("a use case may not call another use case")
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


@contextmanager
def _write_connection() -> Iterator[Connection]:
    engine = db.engine
    with _alone(), _writers_turn(engine), engine.begin() as connection:
        yield connection


@contextmanager
def _read_connection(isolation_level: str = "READ COMMITTED") -> Iterator[Connection]:
    with _alone(), _reader(db.engine, isolation_level).begin() as connection:
        yield connection


@lru_cache(maxsize=16)
def _reader(engine: Engine, isolation_level: str) -> Engine:
    """The engine's read-only twin, which shares its pool; making one costs as much as a query."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(read_only=True)
    return engine.execution_options(postgresql_readonly=True, isolation_level=isolation_level)


@contextmanager
def _writers_turn(engine: Engine) -> Iterator[None]:
    """Queue for the write lock of a SQLite file; nothing to wait for elsewhere."""
    if engine.dialect.name != "sqlite":
        yield
        return
    path = Path(f"{engine.url.database}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _worth_retrying(error: DBAPIError) -> bool:
    if isinstance(error, IntegrityError):
        return any(name in _text_of(error) for name in _RETRIED_CONSTRAINTS)
    return getattr(error.orig, "sqlstate", None) in _RETRIED_SQLSTATES


def _text_of(error: IntegrityError) -> str:
    """The constraint's name on PostgreSQL; SQLite names columns, so they are put in that form."""
    text = str(error.orig)
    return text.replace("scan_event.scan_id", "uq_scan_event_scan_id").replace(
        "order.seller_id", "uq_order_seller_id"
    )


def _claimed(tx: Transaction, claim: Claim, run: Callable[[], R]) -> R:
    from fulfillment.store import journal  # journal builds on this module

    journal.claim_key(tx, claim)
    result = run()
    status, body = claim.answer(result)
    journal.store_answer(tx, claim, status=status, body=body)
    return result
