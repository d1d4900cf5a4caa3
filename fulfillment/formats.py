"""How values look to whoever reads: days, moments, numbers, money and weights in their own form.

The language is the reader's, and so is the unit of weight (``metric`` or ``imperial``). Months are
words in English, because 03/04 is another day in London than in Chicago; the day has 24 hours.
Nothing here changes what is stored: grams stay grams.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time
from babel.numbers import format_currency, format_decimal, get_currency_precision
from flask import Flask, g, has_request_context
from flask_babel import get_locale
from markupsafe import Markup

from fulfillment.services.people import METRIC

GRAMS_OF_AN_OUNCE = Decimal("28.349523125")
"""By definition: a 16th of the international pound of 453.59237 g (1959)."""
TENTHS_OF_A_POUND = 160
"""Tenths of an ounce."""
NONE = "–"


def register(app: Flask) -> None:
    """Give all templates their filters."""
    app.jinja_env.filters.update(
        clock=clock, day=day, moment=moment, money=money, near=near, number=number, weight=weight
    )


def day(value: date | None) -> str:
    """A date, like ``Mar 4, 2026`` or ``2026年3月4日``; '–' for none."""
    return NONE if value is None else format_skeleton("yMMMd", value, locale=_locale())


def clock(value: time) -> str:
    """A time of day, like ``17:05``."""
    return format_time(value, "HH:mm", locale=_locale())


def moment(value: datetime | None, timezone: str = "") -> str | Markup:
    """A moment on the clock of *timezone* ('' = UTC), its zone named; '–' for none."""
    if value is None:
        return NONE
    return Markup('<time datetime="{}">{}</time>').format(
        value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), moment_text(value, timezone)
    )


def near(value: datetime | None, timezone: str, now: datetime) -> str | Markup:
    """A moment like :func:`moment`; on the day of *now* there only its time of day."""
    if value is None:
        return NONE
    local, today = (one.astimezone(ZoneInfo(timezone)) for one in (value, now))
    if local.date() != today.date():
        return moment(value, timezone)
    return Markup('<time datetime="{}">{}</time>').format(
        value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), clock(local.time())
    )


def moment_text(value: datetime, timezone: str = "") -> str:
    """The same without a tag, for sentences."""
    local = value.astimezone(ZoneInfo(timezone) if timezone else UTC)
    return f"{day(local.date())} {clock(local.time())} {local.strftime('%Z')}"


def number(value: int | Decimal | float | None) -> str:
    """A number with the separators of the language; '–' for none."""
    return NONE if value is None else format_decimal(value, locale=_locale())


def money(minor: int, currency: str) -> str:
    """An amount in the smallest unit of its currency."""
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=_locale())


def weight(grams: int | None) -> str:
    """A weight with its unit: ``350 g``, ``1.24 kg``; or ``12.3 oz``, ``2 lb 11.7 oz``."""
    if grams is None:
        return NONE
    sign = "−" if grams < 0 else ""
    shown = _metric(abs(grams)) if reader_units() == METRIC else _imperial(abs(grams))
    return f"{sign}{shown}"


def reader_units() -> str:
    """The units of whoever asked; metric where nobody is known."""
    actor = g.get("actor") if has_request_context() else None
    return METRIC if actor is None else str(actor.units)


def _metric(grams: int) -> str:
    if grams < 1000:
        return f"{grams} g"
    kilograms = Decimal(grams).scaleb(-3)
    return f"{format_decimal(kilograms, '#,##0.###', locale=_locale())} kg"


def _imperial(grams: int) -> str:
    tenths = int((grams * 10 / GRAMS_OF_AN_OUNCE).to_integral_value(ROUND_HALF_UP))
    pounds, rest = divmod(tenths, TENTHS_OF_A_POUND)
    ounces = f"{format_decimal(Decimal(rest).scaleb(-1), '0.#', locale=_locale())} oz"
    if not pounds:
        return ounces
    whole = f"{format_decimal(pounds, locale=_locale())} lb"
    return f"{whole} {ounces}" if rest else whole


def _locale() -> Locale | str:
    return get_locale() or "en"
