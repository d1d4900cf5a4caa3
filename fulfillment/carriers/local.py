"""The local carrier: its own number range, its own labels, no network."""

from __future__ import annotations

from stdnum.iso7064 import mod_97_10

PREFIX = "FT"
DIGITS = 10


def tracking_number(number: int) -> str:
    """The tracking number for a number of the range: ``FT``, ten digits, two check digits.

    The check digits are ISO 7064 MOD 97-10, so that a mistyped number is noticed.
    """
    digits = f"{number:0{DIGITS}d}"
    return PREFIX + digits + str(mod_97_10.calc_check_digits(digits))


def is_tracking_number(text: str) -> bool:
    """Whether *text* has the form and the check digits of a number of ours."""
    digits = text.removeprefix(PREFIX)
    return (
        text.startswith(PREFIX)
        and len(digits) == DIGITS + 2
        and digits.isdigit()
        and bool(mod_97_10.is_valid(digits))
    )
