"""The languages that the pages and messages speak."""

from __future__ import annotations

from fulfillment.domain.errors import invalid

LOCALES = {"en": "English", "zh_Hant": "繁體中文", "zh_Hans": "简体中文"}
"""Each by its own name."""


def require_locale(locale: str) -> None:
    """Raise :class:`InvalidInput` unless it is one of :data:`LOCALES`."""
    if locale not in LOCALES:
        raise invalid("locale", "not-one-of", ", ".join(LOCALES))
