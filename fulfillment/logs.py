"""The log: one line an event, with the id of the request, without names, texts or secrets.

Lines say ids and codes only. Values are never printed raw, so nobody can write a line of the log
by what they send.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog
from flask import g, has_request_context
from sqlalchemy.exc import DBAPIError
from structlog.typing import EventDict, Processor, WrappedLogger


def configure(*, level: str, as_json: bool) -> None:
    """Set the log of this process up.  *level* is a name of :mod:`logging`."""
    last: Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), repr_native_str=True)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_request,
            _with_traceback,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )


def _to_stderr(*_name: object) -> WrappedLogger:
    """A logger to what standard error is now: it may be redirected after the start."""
    return structlog.PrintLogger(sys.stderr)


def _with_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if has_request_context():
        event["request_id"] = g.get("request_id", "")
        actor = g.get("actor")
        if actor is not None:
            event["user_id"] = actor.user_id
    return event


def _with_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = traceback_of(error)
    return event


def traceback_of(error: BaseException) -> str:
    """The traceback, but for an error of the database without its message.

    PostgreSQL writes the values of the offending row into it: names and addresses.
    """
    fault = next((each for each in _chain(error) if isinstance(each, DBAPIError)), None)
    if fault is None:
        return "".join(traceback.format_exception(error))
    diagnosis = getattr(fault.orig, "diag", None)
    return "".join(
        [
            *traceback.format_tb(error.__traceback__),
            f"{type(error).__name__}: {type(fault).__name__}",
            f" sqlstate={getattr(fault.orig, 'sqlstate', None)}",
            f" constraint={getattr(diagnosis, 'constraint_name', None)}",
            f" column={getattr(diagnosis, 'column_name', None)}\n{fault.statement}",
        ]
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def log() -> Any:
    """The logger: ``log().info("what-happened", order_id=7)``."""
    return structlog.get_logger()
