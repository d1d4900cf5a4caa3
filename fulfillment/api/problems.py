"""Errors as RFC 9457 problems.

A problem says ``type`` (where this code is described), ``title`` (the code's sentence, in
English, always the same), ``status``, ``code``, ``detail`` (the sentence with its values, in the
asker's language), ``request_id`` (what to look for in the log), and the error's own fields. What
is wrong in an input stands in ``faults``: where, a code, and the offending text.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, current_app, g, json
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from fulfillment import messages
from fulfillment.domain import errors
from fulfillment.domain.errors import DomainError, Fault
from fulfillment.statuses import status_of

HTTP_CODES: dict[int, str] = {
    400: "bad-request",
    404: "no-such-address",
    405: "method-not-allowed",
    413: "too-large",
    415: "not-json",
    429: "too-many-requests",
}
"""What the web server's own refusals are called; any other is ``http-<status>``."""

TYPE_PREFIX = "/api/docs#problem-"
MIMETYPE = "application/problem+json"
BUSY_RETRY_SECONDS = 2


class ProblemFault(BaseModel):
    """One thing that is wrong in the input."""

    where: str = Field(description="The field, e.g. `lines[0].quantity`, or row and column.")
    code: str
    text: str = Field(description="What was wrong about it, or what would be right.")


class Problem(BaseModel):
    """The body of every answer that is an error (RFC 9457), plus the fields of its code."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    faults: list[ProblemFault] | None = None


def of_domain(error: DomainError) -> Response:
    """The answer for an error of the domain."""
    response = problem(status_of(error), code=error.code, fields=error.details())
    if isinstance(error, errors.TooManyTries | errors.DecoderBusy):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.NotLoggedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def of_http(error: HTTPException) -> Response:
    """The answer for a refusal of the web framework (no route, wrong method, too large …)."""
    response = problem(error.code or 500, code=code_of(error), fields={})
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def code_of(error: HTTPException) -> str:
    """What a refusal of the web framework is called."""
    return HTTP_CODES.get(error.code or 500, f"http-{error.code}")


def of_accident(error: Exception) -> Response:
    """The answer for what nobody foresaw: it says nothing of the inside."""
    if is_busy(error):
        response = problem(503, code="database-busy", fields={})
        response.headers["Retry-After"] = str(BUSY_RETRY_SECONDS)
        return response
    return problem(500, code="internal-error", fields={})


def is_busy(error: Exception) -> bool:
    """Whether the database could not be reached or did not answer in time."""
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:  # PostgreSQL: connection, resources, locks, operator's intervention
        return str(state)[:2] in ("08", "53", "55", "57")
    text = str(error.orig)
    return "no such" not in text and "syntax error" not in text


def problem(status: int, *, code: str, fields: dict[str, Any]) -> Response:
    """A problem response."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + code,
        "title": messages.title(code),
        "status": int(status),
        "code": code,
        "detail": messages.sentence(code, fields),
        "request_id": g.get("request_id", ""),
    }
    body |= {name: _plain(value) for name, value in fields.items() if name not in body}
    return current_app.response_class(json.dumps(body), status=int(status), mimetype=MIMETYPE)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if isinstance(value, Fault) else value
