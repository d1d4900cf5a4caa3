"""Forms of the office: what was typed is read here, and what was refused is shown at the form.

A view does its command through :func:`attempt`: a refusal of the domain comes back as a
:class:`Refusal`, with which the same page is drawn again, everything typed still in it.  Who may
not do a thing at all gets the page for that instead.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any, TypeVar

from flask import flash, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from fulfillment import metrics
from fulfillment.access import actor
from fulfillment.domain.checks import choice_faults, text_faults
from fulfillment.domain.errors import Denied, DomainError, InvalidInput, invalid
from fulfillment.office import words
from fulfillment.statuses import status_of
from fulfillment.store.transaction import AnsweredBefore, Claim, claiming

R = TypeVar("R")

Answer = str | Response | tuple[str, int]
"""What a view returns."""

LONGEST_NUMBER = 15
MOST_REASON = 1_000


@dataclass(frozen=True)
class Refusal:
    """Why the form named *form* was refused; nothing was changed."""

    form: str
    status: int
    sentence: str
    faults: tuple[str, ...] = ()
    error: DomainError | None = None


def attempt(form: str, command: Callable[[], object]) -> Refusal | None:
    """Run *command*; its refusal, if the domain refuses it."""
    try:
        command()
    except Denied:
        raise
    except DomainError as error:
        return refusal(form, error)
    return None


def refusal(form: str, error: DomainError) -> Refusal:
    """*error* as it is shown at *form*."""
    metrics.count_refusal(error.code)
    found = error.faults if isinstance(error, InvalidInput) else ()
    faults = tuple(words.fault(one) for one in found)
    return Refusal(form, int(status_of(error)), words.error(error), faults, error)


def draw(template: str, refused: Refusal | None = None, **values: Any) -> tuple[str, int]:
    """The page, with a refusal at its form if there is one."""
    status = refused.status if refused else int(HTTPStatus.OK)
    typed: Mapping[str, str] = request.form if refused and request.method == "POST" else {}
    page = render_template(
        template, refused=refused, complained=[], typed=typed, form_key=uuid.uuid4, **values
    )
    return page, status


def done(sentence: str, to: str) -> Response:
    """Say what was done, and go on at *to*."""
    flash(sentence, "accepted")
    return redirect(to, HTTPStatus.SEE_OTHER)


def once(command: Callable[[], R]) -> R | None:
    """Run *command* (one use case) once for each drawn form: a second press changes nothing.

    None: it ran before.
    """
    key = text("form_key", most=64)
    sent = sorted((name, value) for name, value in request.form.items(multi=True))
    content = repr([pair for pair in sent if pair[0] != "csrf_token"]) + request.path
    claim = Claim(
        client=f"office:{actor().user_id}",
        key=key,
        request_hash=hashlib.sha256(content.encode()).hexdigest(),
        answer=lambda _result: (int(HTTPStatus.OK), None),
    )
    try:
        with claiming(claim):
            return command()
    except AnsweredBefore:
        flash(gettext("This form was sent before; it counted once."), "attention")
        return None


# --- reading -------------------------------------------------------------------------------------


def text(name: str, *, most: int = 200, required: bool = True) -> str:
    """A line of text without the blanks around it."""
    return _checked(name, _typed(name).strip(), most=most, required=required, lines=False)


def lines(name: str, *, most: int = MOST_REASON, required: bool = False) -> str:
    """A text that may have several lines."""
    typed = _typed(name).replace("\r\n", "\n").strip()
    return _checked(name, typed, most=most, required=required, lines=True)


def choice(name: str, choices: tuple[str, ...], *, default: str | None = None) -> str:
    """One of *choices*; *default* where nothing is chosen."""
    typed = _typed(name)
    if not typed and default is not None:
        return default
    faults = tuple(choice_faults(name, typed, choices))
    if faults:
        raise InvalidInput(faults)
    return typed


def number(name: str, *, least: int = 0, most: int = 10**12) -> int:
    """A whole number."""
    found = optional_number(name, least=least, most=most)
    if found is None:
        raise invalid(name, "required")
    return found


def optional_number(name: str, *, least: int = 0, most: int = 10**12) -> int | None:
    """A whole number, or None where nothing was typed."""
    return whole(name, _typed(name), least=least, most=most)


def whole(name: str, typed: str, *, least: int = 0, most: int = 10**12) -> int | None:
    """The whole number in *typed*, None if it is empty."""
    typed = typed.strip()
    if not typed:
        return None
    digits = typed.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise invalid(name, "not-a-whole-number")
    if not least <= int(typed) <= most:
        raise invalid(name, "out-of-range", f"{least}…{most}")
    return int(typed)


def optional_decimal(name: str) -> float | None:
    """A number with a point, or None."""
    typed = text(name, most=32, required=False)
    if not typed:
        return None
    try:
        return float(typed)
    except ValueError:
        raise invalid(name, "not-a-number", typed) from None


def decimal(name: str) -> Decimal:
    """A number with a point, exact."""
    typed = text(name, most=32)
    try:
        found = Decimal(typed)
    except InvalidOperation:
        raise invalid(name, "not-a-number", typed) from None
    if not found.is_finite():
        raise invalid(name, "not-a-number", typed)
    return found


def optional_day(name: str) -> date | None:
    """A date as browsers send it (ISO 8601), or None."""
    typed = text(name, most=32, required=False)
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise invalid(name, "not-a-day", typed) from None


def minute_of(name: str, typed: str) -> time:
    """The time of day in *typed*."""
    try:
        return time.fromisoformat(typed)
    except ValueError:
        raise invalid(name, "not-a-local-minute", typed) from None


def optional_moment(name: str, zone: tzinfo) -> datetime | None:
    """A local date and time at *zone*, or None."""
    typed = text(name, most=32, required=False)
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone)
    except ValueError:
        raise invalid(name, "not-a-moment", typed) from None


def ticked(name: str) -> bool:
    """Whether a box is ticked."""
    return name in request.values


def reason() -> str:
    """Why somebody does it."""
    return text("reason", most=MOST_REASON)


def require_sure() -> None:
    """Raise unless the box of an act that hurts is ticked."""
    if not ticked("sure"):
        raise invalid("sure", "not-confirmed")


def _typed(name: str) -> str:
    source = request.args if request.method in ("GET", "HEAD") else request.form
    return source.get(name, "")


def _checked(name: str, typed: str, *, most: int, required: bool, lines: bool) -> str:
    faults = tuple(text_faults(name, typed, most=most, required=required, lines=lines))
    if faults:
        raise InvalidInput(faults)
    return typed
