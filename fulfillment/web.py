"""What every request and every answer goes through, of pages and API alike.

Request id, security headers, forms protected against forgery, errors as problems (API) or pages,
language, log and figures.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, current_app, g, render_template, request
from flask.sessions import SecureCookieSessionInterface
from flask_babel import Babel
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import IntegerConverter

from fulfillment import access, formats, messages, metrics
from fulfillment.api import problems
from fulfillment.domain.errors import DomainError
from fulfillment.logs import log
from fulfillment.services.people import LOCALES, UNITS
from fulfillment.statuses import status_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SLOW_SECONDS = 1.0

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: forms over HTTPS are checked by where they come from.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), serial=(self), hid=(self), usb=(self), "
    "geolocation=(), microphone=()",
}
"""Of every answer that does not set one of them itself."""
STRICT_TRANSPORT = "max-age=31536000"
"""A year, when the service is reached over HTTPS."""

MACHINE_PATHS = ("/api/", "/openapi.json", "/healthz", "/readyz", "/metrics", "/stations/pictures/")
"""Their errors are problems; those of all other addresses are pages."""

API_PATH = "/api/"
REQUEST_ID = "fulfillment.request_id"
"""Its name in the WSGI environment."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_csrf = CSRFProtect()


def wire(app: Flask, *, secure: bool) -> None:
    """Hang it all onto the application; *secure*: it is reached over HTTPS."""
    more = {"Strict-Transport-Security": STRICT_TRANSPORT} if secure else {}
    app.wsgi_app = _with_headers(app.wsgi_app, HEADERS | more)  # type: ignore[assignment, method-assign]  # as Flask documents it
    app.session_interface = _FormSessions()
    app.url_map.converters["int"] = _RowNumber
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # _begin decides where
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # as long as the session that it is tied to
    _csrf.init_app(app)
    Babel(app, locale_selector=_locale, default_locale="en")
    formats.register(app)
    app.jinja_env.globals.update(
        navigation=access.navigation,
        languages=LOCALES,
        unit_signs=UNITS,
        present_language=_locale,
        language_tag=lambda: _locale().replace("_", "-"),
    )
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _accident)


def is_for_machines() -> bool:
    """Whether the answer is for a program."""
    return request.path.startswith(MACHINE_PATHS)


def _with_headers(application: WSGIApplication, headers: dict[str, str]) -> WSGIApplication:
    """Give each request an id and each answer the headers, outside of everything that can fail."""
    fixed = [(name, value, name.lower()) for name, value in headers.items()]

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        environ[REQUEST_ID] = request_id

        def start(status: str, own: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {name.lower() for name, _ in own}
            own += [(name, value) for name, value, low in fixed if low not in present]
            own.append(("X-Request-Id", request_id))
            return start_response(status, own, exc_info)

        return application(environ, start)

    return answered


class _RowNumber(IntegerConverter):
    """A number in an address, no longer than a row's id can be: anything else is no address."""

    regex = r"\d{1,18}"


class _FormSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, here for form tokens and flashed messages only; the API has none."""

    def open_session(self, app: Flask, request: Request) -> Any:
        if request.path.startswith(API_PATH):
            return self.make_null_session(app)
        return super().open_session(app, request)


def _begin() -> None:
    """Set the request up, and refuse what another site makes a browser send.

    The API cannot be used that way: it knows no cookies, only tokens, which no other site has.
    """
    g.started = time.perf_counter()
    g.actor = g.presence = None
    g.request_id = request.environ[REQUEST_ID]
    nowhere = request.endpoint is None  # no such address or method: that is the answer
    if nowhere or request.method in SAFE_METHODS or request.path.startswith(API_PATH):
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CSRFError("another site")
    _csrf.protect()


def _end(response: Response) -> Response:
    """Count the answer, and log it if it was refused or slow."""
    seconds = time.perf_counter() - g.started if "started" in g else 0.0
    known = request.url_rule
    rule, method = (known.rule, request.method) if known else ("(none)", "(any)")
    status = response.status_code
    metrics.count_request(method=method, route=rule, status=status, seconds=seconds)
    if status >= HTTPStatus.BAD_REQUEST or seconds >= SLOW_SECONDS:
        log().info("answered", method=method, route=rule, status=status, seconds=round(seconds, 4))
    return response


def _locale() -> str:
    """The language of whoever is logged in, else what the browser was set to or asks for."""
    actor = g.get("actor")
    if actor is not None:
        return str(actor.locale)
    chosen = access.browser_language()
    if chosen:
        return chosen
    wanted = request.accept_languages.values()
    for language in wanted:
        tag = language.replace("-", "_").lower()
        if tag.startswith("zh"):
            traditional = any(part in tag for part in ("hant", "_tw", "_hk", "_mo"))
            return "zh_Hant" if traditional else "zh_Hans"
        if tag.split("_")[0] in LOCALES:
            return tag.split("_")[0]
    return "en"


def _domain_error(error: DomainError) -> Response:
    metrics.count_refusal(error.code)
    if is_for_machines():
        return problems.of_domain(error)
    return _error_page(status_of(error), error.code, error.details())


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, SecurityError):  # an unknown host: no address of a page can be built
        return current_app.response_class(f"{error.description}\n", 400, mimetype="text/plain")
    if is_for_machines():
        return problems.of_http(error)
    code = "form-expired" if isinstance(error, CSRFError) else problems.code_of(error)
    response = _error_page(error.code or 500, code, {})
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _accident(error: Exception) -> Response:
    log().error("accident", exc_info=error)
    if is_for_machines():
        return problems.of_accident(error)
    busy = problems.is_busy(error)
    return _error_page(503 if busy else 500, "database-busy" if busy else "internal-error", {})


def _error_page(status: int, code: str, fields: dict[str, object]) -> Response:
    body = render_template(
        "error.html",
        code=code,
        sentence=messages.sentence(code, fields),
        faults=fields.get("faults", ()),
    )
    return current_app.response_class(body, status=int(status))
