"""The languages that the pages and messages speak, and the units that they weigh in."""

from __future__ import annotations

from fulfillment.domain.errors import invalid

LOCALES = {"en": "English", "zh_Hant": "繁體中文", "zh_Hans": "简体中文"}
"""Each by its own name."""


METRIC, IMPERIAL = "metric", "imperial"
UNITS = {METRIC: "kg / g", IMPERIAL: "lb / oz"}
"""What a weight is shown in, each by its own signs."""


def require_locale(locale: str) -> None:
    """Raise :class:`InvalidInput` unless it is one of :data:`LOCALES`."""
    if locale not in LOCALES:
        raise invalid("locale", "not-one-of", ", ".join(LOCALES))


def require_units(units: str) -> None:
    """Raise :class:`InvalidInput` unless it is one of :data:`UNITS`."""
    if units not in UNITS:
        raise invalid("units", "not-one-of", ", ".join(UNITS))
