"""The words of the office for its templates: a filter for each table of :mod:`words`."""

from __future__ import annotations

from functools import partial
from typing import Any

from babel.numbers import format_decimal, format_percent
from flask import Flask, g
from flask_babel import get_locale, gettext
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError

from fulfillment import alert_messages, formats, print_messages
from fulfillment.access import actor
from fulfillment.domain.barcodes import Own
from fulfillment.domain.people import Permission
from fulfillment.office import words
from fulfillment.office.barcodes import own_svg
from fulfillment.services.alerts.showing import AlertView, count_for_bell


def register(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        cell=cell,
        in_minutes=in_minutes,
        in_percent=in_percent,
        **{f"as_{name}": partial(words.word, table) for name, table in _TABLES.items()},
        as_alert_sentence=alert_sentence,
        as_waits=words.waits,
        as_fault=words.fault,
    )
    app.jinja_env.globals.update(
        bell=bell, may=may, barcode=lambda kind, payload: own_svg(Own[kind], payload)
    )


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
    "role": words.ROLES,
    "policy": words.POLICIES,
    "choice": words.CHOICES,
    "taken": words.TAKEN,
    "cause": words.CAUSES,
    "invariant": words.INVARIANTS,
    "standing": words.STANDINGS,
    "basis": words.BASES,
    "exception": words.EXCEPTIONS,
    "report": words.REPORTS,
    "topic": words.TOPICS,
    "span": words.SPANS,
    "frequency": words.FREQUENCIES,
    "alert": alert_messages.KINDS,
    "alert_unit": alert_messages.UNITS,
    "column": words.COLUMNS,
    "weekday": words.WEEKDAYS,
    "printer": print_messages.PRINTER_KINDS,
    "condition": print_messages.CONDITIONS,
    "document": print_messages.DOCUMENTS,
    "printing": print_messages.JOB_STATES,
    "asks": print_messages.ASKS,
    "request": words.REQUESTS,
    "whereabouts": words.WHEREABOUTS,
}


def cell(value: Any, kind: str) -> str | Markup:
    """A cell of a report, by the kind of its column; '–' for none."""
    match kind:
        case _ if value is None:
            return "–"
        case "percent":
            return in_percent(value)
        case "seconds":
            return in_minutes(value)
        case "moment":
            return formats.moment(value)
        case "count" | "money":
            return formats.number(value)
        case "flag":
            return str(gettext("yes") if value else gettext("no"))
        case "day":
            return formats.day(value)
        case "term" | "stage" | "weekday":
            return words.word(_CODES[kind], str(value))
        case "hour":
            return f"{value:02d}:00"
        case _:
            return str(value)


_CODES = {"term": words.COLUMNS, "stage": words.STAMPS, "weekday": words.WEEKDAYS}
"""What the codes of a column mean."""


def alert_sentence(alert: AlertView) -> str:
    """What an alert is about."""
    return alert_messages.sentence(
        alert.kind, label=alert.label, value=alert.value, limit=alert.limit
    )


def bell() -> int | None:
    """How many open alerts nobody sees to; None for who sees no alerts."""
    someone = g.get("actor")
    if someone is None or not someone.may(Permission.SEE_REPORTS):
        return None
    try:
        return count_for_bell(someone)
    except DBAPIError:
        return None  # the page that says that the database is away has this frame as well


def in_minutes(seconds: float | None) -> str:
    """A time in minutes with one decimal; '–' for none."""
    if seconds is None:
        return "–"
    minutes = format_decimal(seconds / 60, format="#,##0.0", locale=get_locale())
    return str(gettext("%(num)s min", num=minutes))


def in_percent(value: float | None) -> str:
    """A share in percent with one decimal; '–' for none."""
    if value is None:
        return "–"
    return str(format_percent(value / 100, format="#,##0.0%", locale=get_locale()))


def may(permission: str, **where: Any) -> bool:
    """Whether whoever reads the page may do it: forms that would be refused are left out."""
    return actor().may(Permission(permission), **where)
