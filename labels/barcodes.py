"""Barcodes as patterns of bars, ready to be drawn in whole printer dots.

The tables of Code 128, the builders of EAN-13 and ITF come from python-barcode. Its choice of
Code 128 subsets does not: version 0.16.1 is greedy ("AB12345" takes 8 symbol characters where
7 do), loses the first two digits of content that begins with "99", and puts the parentheses
of "(00)…" into the symbol. Here a dynamic programme over subsets B and C finds the fewest
symbol characters (ISO/IEC 15417 annex E gives only a rule of thumb). Subset A is left out: it
adds nothing but control characters, and a scanner that types would press keys with them. QR
comes from segno, DataMatrix (ECC 200) from zxing-cpp.

Module widths ("X"), quiet zones and the height of logistic symbols are those of the GS1 General
Specifications, section 5.12 (symbol specification tables): transport packages for GS1-128 and
ITF-14, retail for EAN-13 (0.249 mm is the least for on-demand printing) and GS1 DataMatrix.
Symbols of our own are held to the X of EAN-13. EAN-13 and our own may be lower than a till
would like: a sticker on a bin or a piece has little room and hand scanners read one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import segno
import zxingcpp
from barcode.charsets import code128
from barcode.ean import EuropeanArticleNumber13
from barcode.itf import ITF
from biip import ParseError
from biip.gs1_messages import GS1Message
from stdnum import ean

from labels.paper import MM_PER_INCH
from labels.values import Symbology

GROUP_SEPARATOR = "\x1d"
FNC1 = 102
CODE_B = 100
CODE_C = 99
START_B = 104
START_C = 105
MAX_CONTENT = 80


class BarcodeRefused(ValueError):
    """The content cannot be this barcode; the text says why."""


@dataclass(frozen=True, kw_only=True)
class XRule:
    """Allowed module width in millimetres, lowest height, quiet zones in modules."""

    smallest_mm: float
    largest_mm: float
    height_mm: float
    quiet_before: int
    quiet_after: int


X_RULES: dict[Symbology, XRule] = {
    Symbology.CODE_128: XRule(
        smallest_mm=0.249, largest_mm=0.66, height_mm=8, quiet_before=10, quiet_after=10
    ),
    Symbology.GS1_128: XRule(
        smallest_mm=0.495, largest_mm=1.016, height_mm=31.75, quiet_before=10, quiet_after=10
    ),
    Symbology.EAN_13: XRule(
        smallest_mm=0.249, largest_mm=0.66, height_mm=8, quiet_before=11, quiet_after=7
    ),
    Symbology.ITF_14: XRule(
        smallest_mm=0.495, largest_mm=1.016, height_mm=31.75, quiet_before=10, quiet_after=10
    ),
    Symbology.QR: XRule(
        smallest_mm=0.375, largest_mm=0.99, height_mm=0, quiet_before=4, quiet_after=4
    ),
    Symbology.DATA_MATRIX: XRule(
        smallest_mm=0.375, largest_mm=0.99, height_mm=0, quiet_before=2, quiet_after=2
    ),
    Symbology.GS1_DATA_MATRIX: XRule(
        smallest_mm=0.375, largest_mm=0.99, height_mm=0, quiet_before=2, quiet_after=2
    ),
}


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A linear symbol: widths of bar, space, bar, … in ``units``.

    ``units_per_x`` units make one module X (2 for ITF-14, whose wide bars are 2.5 X, else 1).
    ``code_words`` are the Code 128 symbol characters without check and stop, empty otherwise.
    """

    symbology: Symbology
    content: str
    runs: tuple[int, ...]
    units_per_x: int = 1
    code_words: tuple[int, ...] = ()

    @property
    def rule(self) -> XRule:
        return X_RULES[self.symbology]

    @property
    def width_x(self) -> float:
        """Width of the bars in modules, without quiet zones."""
        return sum(self.runs) / self.units_per_x

    @property
    def total_width_x(self) -> float:
        return self.width_x + self.rule.quiet_before + self.rule.quiet_after


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A square or rectangular symbol: ``rows`` of modules, True is dark, no quiet zone."""

    symbology: Symbology
    content: str
    rows: tuple[tuple[bool, ...], ...]

    @property
    def rule(self) -> XRule:
        return X_RULES[self.symbology]

    @property
    def total_size_x(self) -> int:
        """Longer side in modules, with quiet zones."""
        return max(len(self.rows), len(self.rows[0])) + 2 * self.rule.quiet_before


Symbol = Bars | Matrix


def module_dots(rule: XRule, *, total_x: float, room_mm: float, dpi: int, even: bool) -> int:
    """The widest module in whole printer dots that the rule and the room allow.

    Raises `BarcodeRefused` when even the narrowest allowed module is too wide.
    """
    dot_mm = MM_PER_INCH / dpi
    widest = min(rule.largest_mm / dot_mm, room_mm / (total_x * dot_mm))
    dots = int(widest + 1e-9)
    if even:
        dots -= dots % 2
    if dots * dot_mm < rule.smallest_mm - 1e-9 or dots < 1:
        raise BarcodeRefused(
            f"needs {total_x:g} modules of at least {rule.smallest_mm} mm, room is {room_mm:g} mm"
        )
    return dots


@lru_cache(maxsize=4096)
def draw(symbology: Symbology, content: str) -> Symbol:
    """The symbol of ``content``; raises `BarcodeRefused`.

    Content of GS1 symbols is the element string without parentheses, with the character
    0x1D behind a field of variable length that is not the last.
    """
    if not content:
        raise BarcodeRefused("is empty")
    if len(content) > MAX_CONTENT:
        raise BarcodeRefused(f"is longer than {MAX_CONTENT} characters")
    return _DRAWERS[symbology](content)


def human_readable(symbology: Symbology, content: str) -> str:
    """The line that people read under the symbol; GS1 identifiers stand in parentheses."""
    if symbology in (Symbology.GS1_128, Symbology.GS1_DATA_MATRIX):
        return str(_gs1_message(content).as_hri())
    return content


def sscc_element_string(sscc: str) -> str:
    """AI (00) and an SSCC of 18 digits, check digit checked; raises `BarcodeRefused`."""
    if len(sscc) != 18 or not (sscc.isascii() and sscc.isdigit()):
        raise BarcodeRefused("is not an SSCC of 18 digits")
    if ean.calc_check_digit(sscc[:-1]) != sscc[-1]:
        raise BarcodeRefused("has a wrong SSCC check digit")
    return "00" + sscc


def shortest_code_words(content: str) -> tuple[int, ...]:
    """Code 128 symbol characters from start to last data, as few as there can be.

    0x1D in ``content`` stands for FNC1. ``cost_b[position]`` is the least number of symbol
    characters for the rest when subset B is on; ``take_b[position]`` how many characters of
    the content the next one takes there, 0 for a change of subset. On equal cost the present
    subset is kept.
    """
    end = len(content)
    cost_b, cost_c = [0] * (end + 1), [0] * (end + 1)
    take_b, take_c = [0] * end, [0] * end
    for position in range(end - 1, -1, -1):
        in_c = 1 if content[position] == GROUP_SEPARATOR else _pair(content, position)
        stay_b = 1 + cost_b[position + 1]
        stay_c = 1 + cost_c[position + in_c] if in_c else 2 * end + 2
        if stay_c + 1 < stay_b:
            cost_b[position] = stay_c + 1
        else:
            cost_b[position], take_b[position] = stay_b, 1
        if stay_b + 1 < stay_c:
            cost_c[position] = stay_b + 1
        else:
            cost_c[position], take_c[position] = stay_c, in_c
    return _walk(content, (take_b, take_c), subset=int(cost_c[0] < cost_b[0]))


def _pair(content: str, position: int) -> int:
    """2 where two digits begin at ``position``, else 0."""
    return 2 if position + 2 <= len(content) and content[position : position + 2].isdigit() else 0


def _walk(content: str, take: tuple[list[int], list[int]], *, subset: int) -> tuple[int, ...]:
    """The symbol characters along the cheapest way; subset 0 is B, 1 is C."""
    words = [START_C if subset else START_B]
    position = 0
    while position < len(content):
        taken = take[subset][position]
        if not taken:
            subset = 1 - subset
            words.append(CODE_C if subset else CODE_B)
            continue
        if content[position] == GROUP_SEPARATOR:
            words.append(FNC1)
        elif subset:
            words.append(int(content[position : position + 2]))
        else:
            words.append(ord(content[position]) - 32)
        position += taken
    return tuple(words)


def _runs(modules: str) -> tuple[int, ...]:
    return tuple(len(list(group)) for _, group in groupby(modules))


_CODE_128_RUNS = tuple(_runs(modules) for modules in code128.CODES)
_CODE_128_STOP_RUNS = _runs(code128.STOP + "11")


def _code_128_bars(symbology: Symbology, content: str, words: tuple[int, ...]) -> Bars:
    check = (words[0] + sum(i * word for i, word in enumerate(words[1:], start=1))) % 103
    runs = [run for word in (*words, check) for run in _CODE_128_RUNS[word]]
    return Bars(
        symbology=symbology,
        content=content,
        runs=(*runs, *_CODE_128_STOP_RUNS),
        code_words=words,
    )


def _code_128(content: str) -> Bars:
    if not (content.isascii() and content.isprintable()):
        raise BarcodeRefused("has characters outside printable ASCII")
    return _code_128_bars(Symbology.CODE_128, content, shortest_code_words(content))


def _gs1_message(content: str) -> GS1Message:
    if not content.replace(GROUP_SEPARATOR, "").isascii():
        raise BarcodeRefused("has characters outside ASCII")
    try:
        message = GS1Message.parse(content)
    except ParseError as error:
        raise BarcodeRefused(f"is not a GS1 element string: {error}") from error
    for element in message.element_strings:
        # biip notes a wrong check digit beside the value instead of raising.
        error_text = element.gtin_error or element.sscc_error or element.gln_error
        if error_text:
            raise BarcodeRefused(f"is not a GS1 element string: {error_text}")
    return message


def _element_string(message: GS1Message) -> str:
    """The message with separators only where GS1 wants them: behind variable lengths."""
    elements = message.element_strings
    separated = [
        element.ai.ai + element.value + (GROUP_SEPARATOR if element.ai.separator_required else "")
        for element in elements
    ]
    return "".join(separated).removesuffix(GROUP_SEPARATOR)


def _is_sscc(content: str) -> bool:
    """Whether the element string is one right SSCC: the usual case, and biip's parser is slow."""
    digits = len(content) == 20 and content.isascii() and content.isdigit()
    return digits and content[:2] == "00" and ean.calc_check_digit(content[2:-1]) == content[-1]


def _gs1_128(content: str) -> Bars:
    elements = content if _is_sscc(content) else _element_string(_gs1_message(content))
    if len(elements) > 48:
        raise BarcodeRefused("is longer than the 48 characters GS1-128 allows")
    words = shortest_code_words(GROUP_SEPARATOR + elements)
    return _code_128_bars(Symbology.GS1_128, elements, words)


def _gtin_digits(content: str, *, length: int) -> str:
    if len(content) != length or not (content.isascii() and content.isdigit()):
        raise BarcodeRefused(f"is not {length} digits")
    if ean.calc_check_digit(content[:-1]) != content[-1]:
        raise BarcodeRefused("has a wrong check digit")
    return content


def _ean_13(content: str) -> Bars:
    modules = EuropeanArticleNumber13(_gtin_digits(content, length=13)).build()[0]
    return Bars(symbology=Symbology.EAN_13, content=content, runs=_runs(modules))


def _itf_14(content: str) -> Bars:
    modules = ITF(_gtin_digits(content, length=14), narrow=2, wide=5).build()[0]
    return Bars(symbology=Symbology.ITF_14, content=content, runs=_runs(modules), units_per_x=2)


def _qr(content: str) -> Matrix:
    if not (content.isascii() and content.isprintable()):
        raise BarcodeRefused("has characters outside printable ASCII")
    symbol = segno.make(content, error="m", micro=False, boost_error=False)
    rows = tuple(tuple(module == 1 for module in row) for row in symbol.matrix)
    return Matrix(symbology=Symbology.QR, content=content, rows=rows)


def _data_matrix(content: str) -> Matrix:
    if not (content.isascii() and content.isprintable()):
        raise BarcodeRefused("has characters outside printable ASCII")
    barcode = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.DataMatrix)
    return _matrix_of(Symbology.DATA_MATRIX, content, barcode)


def _gs1_data_matrix(content: str) -> Matrix:
    message = _gs1_message(content)
    bracketed = str(message.as_hri())
    barcode = zxingcpp.create_barcode(bracketed, zxingcpp.BarcodeFormat.DataMatrix, gs1=True)
    return _matrix_of(Symbology.GS1_DATA_MATRIX, _element_string(message), barcode)


def _matrix_of(symbology: Symbology, content: str, barcode: zxingcpp.Barcode) -> Matrix:
    pixels = np.asarray(barcode.to_image(scale=1, add_quiet_zones=False))
    rows = tuple(tuple(bool(dark) for dark in row) for row in pixels == 0)
    return Matrix(symbology=symbology, content=content, rows=rows)


_DRAWERS: dict[Symbology, Callable[[str], Symbol]] = {
    Symbology.CODE_128: _code_128,
    Symbology.GS1_128: _gs1_128,
    Symbology.EAN_13: _ean_13,
    Symbology.ITF_14: _itf_14,
    Symbology.QR: _qr,
    Symbology.DATA_MATRIX: _data_matrix,
    Symbology.GS1_DATA_MATRIX: _gs1_data_matrix,
}
