"""What a scale says, whatever its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from typing import Protocol

GRAMS_IN: Mapping[str, Decimal] = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
"""Unit -> grams, exact: the avoirdupois pound is 0.453 592 37 kg by definition (international
yard and pound agreement of 1959), the ounce a sixteenth of it."""

_EXACT = Context(prec=40, rounding=ROUND_HALF_UP)
_GRAM = Decimal(1)


class Trouble(StrEnum):
    """Why a scale gives no weight."""

    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    NOT_READY = "not-ready"
    FAULT = "fault"
    REFUSED = "refused"
    UNKNOWN_UNIT = "unknown-unit"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One answer of a scale.

    grams: the displayed weight (net where the scale is tared), rounded to the gram, half away
    from zero; None with a *trouble*.  unit: as shown on the scale, in small letters; "" if the
    answer names none.
    """

    grams: int | None
    stable: bool
    unit: str
    trouble: Trouble | None = None


class Decoder(Protocol):
    """Turns the bytes of one protocol into readings; keeps what is not yet complete."""

    @property
    def request(self) -> bytes:
        """What a silent scale has to be sent so that it talks; empty where it talks by itself."""

    def feed(self, chunk: bytes) -> list[Reading]:
        """The readings that *chunk* completes; what is no reading is skipped."""


def weight(amount: Decimal, unit: str, *, stable: bool) -> Reading:
    """A reading of *amount* in *unit* (any case); an unknown unit is a trouble."""
    unit = unit.lower()
    factor = GRAMS_IN.get(unit)
    if factor is None:
        return troubled(Trouble.UNKNOWN_UNIT, unit=unit)
    grams = _EXACT.multiply(amount, factor).quantize(_GRAM, context=_EXACT)
    return Reading(grams=int(grams), stable=stable, unit=unit)


def troubled(trouble: Trouble, *, unit: str = "") -> Reading:
    """A reading without a weight."""
    return Reading(grams=None, stable=False, unit=unit, trouble=trouble)
