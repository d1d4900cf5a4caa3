"""The one table from error to HTTP status, for pages and API."""

from __future__ import annotations

from http import HTTPStatus

from fulfillment.domain import errors
from fulfillment.domain.errors import DomainError

STATUSES: dict[type[DomainError], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Denied: HTTPStatus.FORBIDDEN,
    errors.NotLoggedIn: HTTPStatus.UNAUTHORIZED,
    errors.WrongCredentials: HTTPStatus.UNAUTHORIZED,
    errors.TooManyTries: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PictureTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.DecoderStopped: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DecoderBusy: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""The nearest entry up the tree of errors counts."""


def status_of(error: DomainError) -> HTTPStatus:
    """The status of an error, by the table."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
