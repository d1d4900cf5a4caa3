"""The log: one line an event, with the id of the request, without names, texts or secrets.

Lines say ids and codes only. Values are never printed raw, so nobody can write a line of the log
by what they send.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from flask import g, has_request_context
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
            structlog.processors.format_exc_info,
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


def log() -> Any:
    """The logger: ``log().info("what-happened", order_id=7)``."""
    return structlog.get_logger()
