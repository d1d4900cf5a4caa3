"""How values look on the pages of the office: moments, money, words; filters of the templates."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, get_currency_precision
from flask import Flask
from flask_babel import get_locale
from markupsafe import Markup

from fulfillment import print_messages
from fulfillment.access import actor
from fulfillment.domain.barcodes import Own
from fulfillment.domain.people import Permission
from fulfillment.office import words
from fulfillment.office.barcodes import own_svg


def register(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        moment=moment,
        money=money,
        **{f"as_{name}": partial(words.word, table) for name, table in _TABLES.items()},
        as_waits=words.waits,
    )
    app.jinja_env.globals.update(may=may, barcode=lambda kind, payload: own_svg(Own[kind], payload))


_TABLES = {
    "state": words.STATES,
    "stage": words.STAGES,
    "stamp": words.STAMPS,
    "hold": words.HOLDS,
    "reason": words.REASONS,
    "rule": words.RULES,
    "service_reason": words.SERVICE_REASONS,
    "act": words.ACTS,
    "place": words.PLACES,
    "move": words.MOVES,
    "task": words.TASKS,
    "file": words.FILES,
    "tracking": words.TRACKINGS,
    "pack": words.PACKS,
    "process": words.PROCESSES,
    "field": words.FIELDS,
    "printer": print_messages.PRINTER_KINDS,
    "condition": print_messages.CONDITIONS,
    "document": print_messages.DOCUMENTS,
    "printing": print_messages.JOB_STATES,
    "asks": print_messages.ASKS,
}


def moment(value: datetime | None, timezone: str = "") -> str | Markup:
    """A moment on the clock of *timezone* ('' = UTC), its zone named; '–' for none."""
    if value is None:
        return "–"
    local = value.astimezone(ZoneInfo(timezone) if timezone else UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), local.strftime("%Y-%m-%d %H:%M %Z")
    )


def money(minor: int, currency: str) -> str:
    """An amount in the form of the reader's language."""
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=get_locale())


def may(permission: str, **where: Any) -> bool:
    """Whether whoever reads the page may do it: forms that would be refused are left out."""
    return actor().may(Permission(permission), **where)
