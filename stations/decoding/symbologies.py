"""One spelling for what a barcode says, and the check digits that prove it.

Engines spell the same code differently (a UPC-A with 12 digits or as an EAN-13 with a leading
zero, a UPC-E with 8 digits or expanded). Here each becomes one text, or is refused because its
check digit is wrong.
"""

from stations.decoding.values import Symbology

SHORTEST_ITF = 8
"""ITF has no end mark worth the name: any part of a code reads as a shorter code."""


def gtin_check_digit(digits: str) -> int:
    """The check digit for a GTIN without it, after the GS1 General Specifications, 7.9."""
    weighted = (int(digit) * (3, 1)[i % 2] for i, digit in enumerate(reversed(digits)))
    return -sum(weighted) % 10


def has_valid_check_digit(digits: str) -> bool:
    """Whether the last digit of a GTIN-8, -12, -13 or -14 is right."""
    return (
        digits.isascii() and digits.isdigit() and gtin_check_digit(digits[:-1]) == int(digits[-1])
    )


def expand_upce(digits: str) -> str:
    """The 12-digit UPC-A that an 8-digit UPC-E stands for (GS1 General Specifications, 5.2.2.4.2).

    Raises ValueError if it is not 8 digits.
    """
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        raise ValueError("a UPC-E has 8 digits")
    system, body, last, check = digits[0], digits[1:6], digits[6], digits[7]
    if last in "012":
        maker_and_item = body[:2] + last + "0000" + body[2:]
    elif last == "3":
        maker_and_item = body[:3] + "00000" + body[3:]
    elif last == "4":
        maker_and_item = body[:4] + "00000" + body[4]
    else:
        maker_and_item = body + "0000" + last
    return system + maker_and_item + check


def normalise(text: str, symbology: Symbology) -> tuple[str, Symbology] | None:
    """The one spelling of a reading, or None if its check digit or length cannot be right."""
    match symbology:
        case Symbology.EAN_13 | Symbology.UPC_A:
            return _gtin_13(text)
        case Symbology.EAN_8:
            return (text, symbology) if len(text) == 8 and has_valid_check_digit(text) else None
        case Symbology.UPC_E:
            return _upce(text)
        case Symbology.ITF | Symbology.ITF_14:
            return _itf(text)
        case _:
            return (text, symbology) if text else None


def _gtin_13(text: str) -> tuple[str, Symbology] | None:
    digits = text.zfill(13)
    if len(digits) != 13 or not has_valid_check_digit(digits):
        return None
    if digits[0] == "0":
        return digits[1:], Symbology.UPC_A
    return digits, Symbology.EAN_13


def _upce(text: str) -> tuple[str, Symbology] | None:
    expanded = expand_upce(text) if len(text) == 8 and text.isdigit() else text[-12:]
    if len(expanded) != 12 or not has_valid_check_digit(expanded):
        return None
    return expanded, Symbology.UPC_E


def _itf(text: str) -> tuple[str, Symbology] | None:
    if len(text) < SHORTEST_ITF or not text.isdigit():
        return None
    if len(text) == 14 and has_valid_check_digit(text):
        return text, Symbology.ITF_14
    return text, Symbology.ITF
