"""One grammar for every barcode: what a scanned text means, before any database is asked.

Our own barcodes are Code 128 with capital letters, digits and hyphens::

    Q<kind> <payload> <check>

``Q`` and the kind letter are a prefix that no GTIN can start with; the last character is
an ISO 7064 MOD 37,36 check over prefix and payload without hyphens, so that a SKU that
happens to begin with the prefix is still not taken for a command.  ``labels/`` prints
what :func:`own_code` makes, :func:`parse` reads it back.

====  ==========  =====================================================
kind  payload     meaning
====  ==========  =====================================================
QB    code        bin or another fixed location
QT    code        tote
QK    code        cart
QS    code        station
QU    badge       somebody's badge
QO    number      order
QH    number      shipment
QL    number      pick list
QX    code        carton
QC    word        command (UNDO, CONFIRM …)
QR    word        reason (EMPTY, DAMAGED …)
QN    digits      quantity ("the next item counts n")
QW    code        slot of a put wall
====  ==========  =====================================================

Product codes are GS1 (GTIN in EAN-13, UPC-A, EAN-8, ITF-14, GS1-128, GS1 DataMatrix),
compared as GTIN-14, or any other text that the seller gave a product.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from biip import ParseError as BiipError
from biip.gs1_messages import GS1Message
from stdnum import ean
from stdnum.iso7064 import mod_37_36

MOST_CHARACTERS = 128
MOST_CHARACTERS_LOGGED = 512
GROUP_SEPARATOR = "\x1d"


class Own(StrEnum):
    """The kinds of our own barcodes."""

    LOCATION = "QB"
    TOTE = "QT"
    CART = "QK"
    STATION = "QS"
    BADGE = "QU"
    ORDER = "QO"
    SHIPMENT = "QH"
    PICK_LIST = "QL"
    CARTON = "QX"
    COMMAND = "QC"
    REASON = "QR"
    QUANTITY = "QN"
    SLOT = "QW"


class Command(StrEnum):
    """Everything a station is told that is not a thing."""

    CONFIRM = "CONFIRM"
    UNDO = "UNDO"
    TAKE_OUT = "TAKE-OUT"
    SHORT = "SHORT"
    HOLD = "HOLD"
    NEXT_PARCEL = "NEXT-PARCEL"
    RE_WEIGH = "RE-WEIGH"
    VOID_LABEL = "VOID-LABEL"
    REPRINT = "REPRINT"
    TAKE_OVER = "TAKE-OVER"
    LOG_OUT = "LOG-OUT"
    TOTE_FULL = "TOTE-FULL"
    SKIP = "SKIP"
    HAND_OVER = "HAND-OVER"
    CLAIM = "CLAIM"


@dataclass(frozen=True)
class OwnScan:
    """One of our own barcodes with a right check character."""

    kind: Own
    payload: str


@dataclass(frozen=True)
class ProductScan:
    """What may be a product: its normalized code and what a GS1 code says besides."""

    code: str
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None


@dataclass(frozen=True)
class SsccScan:
    """The 18 digits of a logistic unit."""

    sscc: str


@dataclass(frozen=True)
class Unreadable:
    """Nothing that any barcode of ours or the trade's can say; ``why`` is a code."""

    why: str


Scan = OwnScan | ProductScan | SsccScan | Unreadable


def own_code(kind: Own, payload: str) -> str:
    """The text to print for *payload*; raises ValueError for characters outside A–Z, 0–9, hyphen."""
    body = kind + payload
    bare = body.replace("-", "")
    if not payload or not bare.isascii() or not bare.isalnum() or bare != bare.upper():
        raise ValueError(f"not printable as a barcode of ours: {payload!r}")
    return body + str(mod_37_36.calc_check_digit(bare))


def parse(raw: str) -> Scan:
    """What a scanned text means.

    Takes what wedge scanners send: surrounding blanks, AIM prefixes, FNC1 as GS (0x1D),
    small letters in our own codes.  Never raises.
    """
    text = raw.strip(" \t\r\n")
    if not text:
        return Unreadable("empty")
    if len(text) > MOST_CHARACTERS:
        return Unreadable("too-long")
    if any(not _allowed(character) for character in text):
        return Unreadable("control-characters")
    symbology, text = _without_aim(text)
    own = _own(text.upper())
    if own is not None:
        return own
    if symbology in _GS1_SYMBOLOGIES or GROUP_SEPARATOR in text or _looks_like_gs1(text):
        message = _gs1(text.lstrip(GROUP_SEPARATOR))
        if message is not None:
            return message
        if symbology in _GS1_SYMBOLOGIES or GROUP_SEPARATOR in text:
            return Unreadable("not-gs1")
    if len(text) == 18 and text.isdigit() and gtin_is_valid(text):
        return SsccScan(text)
    return ProductScan(product_code(text))


def storable(raw: str) -> str:
    """*raw* as it goes into the scan log: what no database text can hold is written as an escape."""
    shown = (
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in raw
    )
    return "".join(shown)[:MOST_CHARACTERS_LOGGED]


def product_code(text: str) -> str:
    """The form in which product barcodes are stored and compared: a GTIN as GTIN-14."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14) and gtin_is_valid(text):
        return text.zfill(14)
    return text


def gtin_is_valid(digits: str) -> bool:
    """Whether the last digit of a GTIN or SSCC is its GS1 check digit."""
    return bool(ean.calc_check_digit(digits[:-1]) == digits[-1])


def sscc(company_prefix: str, serial: int, *, extension: int = 0) -> str:
    """An SSCC-18 (GS1 General Specifications, 2.2.1): extension digit, prefix, serial, check digit.

    The serial reference has the digits that the prefix leaves of 16; a higher one starts anew.
    """
    width = 16 - len(company_prefix)
    body = f"{extension:d}{company_prefix}{serial % 10**width:0{width}d}"
    return body + str(ean.calc_check_digit(body))


MOST_PARCELS = 999
"""Parcels of one shipment that :func:`parcel_sscc` tells apart."""


def parcel_sscc(company_prefix: str, *, shipment_id: int, sequence: int) -> str:
    """The SSCC of a shipment's parcel, *sequence* 1 to :data:`MOST_PARCELS`.

    Two digits of the serial reference count the parcels; the hundreds are the extension digit,
    which GS1 leaves to the company.
    """
    hundreds, rest = divmod(sequence, 100)
    if not 1 <= sequence <= MOST_PARCELS:
        raise ValueError(f"parcel {sequence} of a shipment has no SSCC")
    return sscc(company_prefix, shipment_id * 100 + rest, extension=hundreds)


_GS1_SYMBOLOGIES = ("]C1", "]e0", "]d2", "]Q3")


def _allowed(character: str) -> bool:
    return " " <= character <= "~" or character == GROUP_SEPARATOR


def _without_aim(text: str) -> tuple[str, str]:
    """Split an AIM symbology identifier (ISO/IEC 15424) off."""
    if len(text) > 3 and text[0] == "]" and text[1].isalpha() and text[2].isalnum():
        return text[:3], text[3:]
    return "", text


def _own(text: str) -> OwnScan | None:
    prefix = text[:2]
    if len(text) < 4 or prefix not in _OWN_PREFIXES:
        return None
    bare = text.replace("-", "")
    if not bare.isalnum() or not mod_37_36.is_valid(bare):
        return None
    return OwnScan(Own(prefix), text[2:-1])


_OWN_PREFIXES = frozenset(Own)


def _looks_like_gs1(text: str) -> bool:
    """A scanner that sends no AIM prefix: (01) + a GTIN with a right check digit, or (00) + SSCC."""
    if text.startswith("01") and len(text) >= 16 and text[2:16].isdigit():
        return gtin_is_valid(text[2:16])
    return len(text) == 20 and text.startswith("00") and text.isdigit() and gtin_is_valid(text[2:])


def _gs1(text: str) -> ProductScan | SsccScan | None:
    try:
        message = GS1Message.parse(text)
    except BiipError:
        return None
    found: dict[str, str] = {}
    expires_on: date | None = None
    for element in message.element_strings:
        found[element.ai.ai] = element.value
        if element.ai.ai == "17":
            expires_on = element.date
    if "00" in found:
        return SsccScan(found["00"])
    gtin = found.get("01") or found.get("02")
    if gtin is None or not gtin_is_valid(gtin):
        return None
    return ProductScan(gtin, found.get("10", ""), found.get("21", ""), expires_on)
