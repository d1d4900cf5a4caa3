"""Checks of single values that a caller sent: each answers with the faults that it found.

They take ``object``: what comes from a file or a request may be of any type, whatever the
annotations say, and a wrong type is a fault like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from fulfillment.domain.errors import Fault

EARLIEST_YEAR, LATEST_YEAR = 1990, 2200
"""Beyond these a date is a typing mistake, and near the ends of the calendar UTC overflows."""

UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters but line breaks and tabs; halves of characters."""
UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""Line breaks and tabs as well: nothing on one line has them."""

_CODE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")


def text_faults(
    where: str, value: object, *, most: int, required: bool = False, lines: bool = False
) -> Iterator[Fault]:
    """*value* is a text of at most *most* characters that both databases can store.

    *lines* allows line breaks and tabs.  NUL, other control characters and lone surrogates
    are refused: PostgreSQL cannot store the first and the last, and no label can print them.
    """
    if not isinstance(value, str):
        yield Fault(where, "not-a-text", shown(value))
    elif required and not value.strip():
        yield Fault(where, "required")
    elif len(value) > most:
        yield Fault(where, "too-long", f"{len(value)} > {most}")
    elif (UNSTORABLE if lines else UNPRINTABLE).search(value):
        yield Fault(where, "control-characters", shown(value))


def code_faults(where: str, value: object, *, most: int) -> Iterator[Fault]:
    """*value* can stand in a barcode of ours: capital letters, digits, single hyphens inside."""
    found = list(text_faults(where, value, most=most, required=True))
    if not found and not (isinstance(value, str) and _CODE.fullmatch(value)):
        found = [Fault(where, "not-a-code", shown(value))]
    yield from found


def integer_faults(where: str, value: object, *, least: int, most: int) -> Iterator[Fault]:
    """*value* is an ``int`` (no bool, no float) within the bounds."""
    if type(value) is not int:
        yield Fault(where, "not-an-integer", shown(value))
    elif not least <= value <= most:
        yield Fault(where, "out-of-range", f"{least}..{most}")


def flag_faults(where: str, value: object) -> Iterator[Fault]:
    """*value* is true or false."""
    if type(value) is not bool:
        yield Fault(where, "not-a-yes-or-no", shown(value))


def choice_faults(where: str, value: object, choices: tuple[str, ...]) -> Iterator[Fault]:
    """*value* is one of *choices*."""
    if value not in choices:
        yield Fault(where, "not-one-of", ", ".join(choices))


def moment_faults(where: str, value: object) -> Iterator[Fault]:
    """*value* is a moment with its time zone, in a year that can be meant."""
    if not isinstance(value, datetime):
        yield Fault(where, "not-a-moment", shown(value))
    elif value.tzinfo is None:
        yield Fault(where, "no-time-zone", value.isoformat())
    elif not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        yield Fault(where, "out-of-range", f"{EARLIEST_YEAR}..{LATEST_YEAR}")


def texts_faults(where: str, value: object, *, most: int, most_characters: int) -> Iterator[Fault]:
    """*value* is a tuple of at most *most* non-empty texts."""
    if not isinstance(value, tuple):
        yield Fault(where, "not-a-list", shown(value))
        return
    if len(value) > most:
        yield Fault(where, "too-many", f"{len(value)} > {most}")
    for index, text in enumerate(value[:most]):
        yield from text_faults(f"{where}[{index}]", text, most=most_characters, required=True)


def shown(value: object) -> str:
    """*value* in a form that is safe to store and show: printable, at most 100 characters."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text)[1:-1][:100] if not text.isprintable() else text[:100]
