"""ZPL II out of placed pages, for label printers of 203 and 300 dpi.

Barcodes are the printer's own commands, with the subsets of Code 128 spelled out, so that it
prints the very symbol that was measured. Text in characters that font 0 of every Zebra
printer has is sent as text; any other text box is one compressed bitmap (^GF, Z64). Bytes
outside a safe set are hex-escaped (^FH), so that no field can hold a command.
Commands as in Zebra's "ZPL II Programming Guide", P1099958.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from labels import barcodes
from labels.barcodes import Bars, Matrix
from labels.layout import Box, PlacedBars, PlacedLine, PlacedMatrix, PlacedPage, PlacedText
from labels.raster import draw_lines
from labels.values import Symbology

_UNSAFE = re.compile(r"[^A-Za-z0-9 .,\-/:;()+#*'%&<>=]+")
_LATIN_1_LETTERS = frozenset(chr(code) for code in range(0xC0, 0x100) if code not in (0xD7, 0xF7))
# The backslash is a control sign inside ^FB whatever the escaping.
# Level 4 takes two thirds of the time of level 6 and 4 % more bytes.
_DEFLATE_LEVEL = 4
# Font 0 stands on its baseline 0.75 of the cell below ^FO and its capitals are as high; at 95 %
# of our size its accents stay inside our lines too.
_FONT_0_ASCENT = 0.75
_FONT_0_SIZE = 0.95
# By how much of the em font 0 may be wider than Noto Sans. It is a condensed bold, narrower in
# all other signs; these widths were measured on a stand-in and are on the safe side.
_WIDER_IN_FONT_0 = {"-": 0.48, "J": 0.18} | dict.fromkeys("!'(),.:;?[]`_", 0.07)
_PRINTER_FONT = (frozenset(map(chr, range(0x20, 0x7F))) | _LATIN_1_LETTERS) - {"\\"}


def write_zpl(pages: Sequence[PlacedPage]) -> bytes:
    """One ^XA … ^XZ for each page."""
    return "".join(_label(page) for page in pages).encode("ascii")


def _label(page: PlacedPage) -> str:
    dots_per_mm = page.dpi / 25.4
    width = round(page.paper.width_mm * dots_per_mm)
    height = round(page.paper.height_mm * dots_per_mm)
    fields = [f"^XA^CI28^LH0,0^PW{width}^LL{height}\n"]
    fields += [_ink(box, dots_per_mm) for box in page.inks]
    fields += [_symbol(symbol) for symbol in page.symbols]
    fields += [_text(text, page.dpi) for text in page.texts]
    fields.append("^XZ\n")
    return "".join(fields)


def field_data(text: str) -> str:
    """``^FH^FD…^FS`` with every byte outside the safe set as ``_XX``."""
    if not _UNSAFE.search(text):
        return f"^FH^FD{text}^FS\n"
    escaped = _UNSAFE.sub(_hexadecimal, text)
    return f"^FH^FD{escaped}^FS\n"


def _hexadecimal(match: re.Match[str]) -> str:
    return "".join(f"_{byte:02X}" for byte in match.group().encode("utf-8"))


def _ink(box: Box, dots_per_mm: float) -> str:
    x, y = round(box.left * dots_per_mm), round(box.top * dots_per_mm)
    width = max(1, round(box.width * dots_per_mm))
    height = max(1, round(box.height * dots_per_mm))
    return f"^FO{x},{y}^GB{width},{height},{min(width, height)}^FS\n"


@lru_cache(maxsize=4096)
def _text(text: PlacedText, dpi: int) -> str:
    """A text box: in font 0 when all of it can be, else as one bitmap."""
    if all(_is_native(line, text.box) for line in text.lines):
        dots_per_mm = dpi / 25.4
        return "".join(_native_line(line, text.box, dots_per_mm) for line in text.lines)
    bitmap = draw_lines(text.lines, dpi=dpi)
    if bitmap is None:
        return ""
    return f"^FO{bitmap.x},{bitmap.y}{graphic_field(bitmap.dots)}^FS\n"


def _is_native(line: PlacedLine, box: Box) -> bool:
    """Whether font 0 has every character and leaves the line inside its box."""
    text = line.shaped.text
    if not _PRINTER_FONT.issuperset(text):
        return False
    wider = sum(_WIDER_IN_FONT_0.get(character, 0.0) for character in text)
    return line.x + (line.shaped.width + wider) * line.size_mm <= box.right + 1e-6


def _native_line(line: PlacedLine, box: Box, dots_per_mm: float) -> str:
    """A line in font 0, in a field block that ends with the box.

    Whatever metrics the printer's font has, no ink leaves the box sideways.
    """
    cell = max(10, round(line.size_mm * dots_per_mm * _FONT_0_SIZE))
    x = round(line.x * dots_per_mm)
    y = round(line.y * dots_per_mm - cell * _FONT_0_ASCENT)
    width = max(1, round(box.right * dots_per_mm) - x)
    return f"^FO{x},{y}^A0N,{cell},{cell}^FB{width},1,0,L,0" + field_data(line.shaped.text)


def graphic_field(dots: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> str:
    """``^GFA`` of a bitmap, deflated and in base 64 with its CRC (the Z64 form)."""
    rows = np.packbits(dots, axis=1)
    raw = rows.tobytes()
    packed = base64.b64encode(zlib.compress(raw, _DEFLATE_LEVEL))
    checksum = binascii.crc_hqx(packed, 0)
    return (
        f"^GFA,{len(raw)},{len(raw)},{rows.shape[1]},:Z64:{packed.decode('ascii')}:{checksum:04X}"
    )


def _symbol(placed: PlacedBars | PlacedMatrix) -> str:
    if isinstance(placed, PlacedBars):
        return _LINEAR[placed.symbol.symbology](placed)
    if placed.symbol.symbology is Symbology.QR:
        return _qr(placed)
    return _data_matrix(placed)


def _code_128(placed: PlacedBars) -> str:
    return (
        f"^FO{placed.x_dots},{placed.y_dots}^BY{placed.unit_dots},3,{placed.height_dots}"
        f"^BCN,{placed.height_dots},N,N,N,N" + field_data(invocations(placed.symbol))
    )


def invocations(symbol: Bars) -> str:
    """The Code 128 characters in ZPL's notation (table "Code 128 invocation characters")."""
    in_subset_c = symbol.code_words[0] == barcodes.START_C
    parts = [">;" if in_subset_c else ">:"]
    for word in symbol.code_words[1:]:
        if word == barcodes.FNC1:
            parts.append(">8")
        elif in_subset_c and word == barcodes.CODE_B:
            parts.append(">6")
            in_subset_c = False
        elif not in_subset_c and word == barcodes.CODE_C:
            parts.append(">5")
            in_subset_c = True
        elif in_subset_c:
            parts.append(f"{word:02d}")
        else:
            character = chr(word + 32)
            parts.append(_INVOKED.get(character, character))
    return "".join(parts)


_INVOKED = {">": ">0", "^": "><", "~": ">="}


def _ean_13(placed: PlacedBars) -> str:
    return (
        f"^FO{placed.x_dots},{placed.y_dots}^BY{placed.unit_dots},3,{placed.height_dots}"
        f"^BEN,{placed.height_dots},N,N" + field_data(placed.symbol.content[:12])
    )


def _itf_14(placed: PlacedBars) -> str:
    narrow = placed.unit_dots * placed.symbol.units_per_x
    return (
        f"^FO{placed.x_dots},{placed.y_dots}^BY{narrow},2.5,{placed.height_dots}"
        f"^B2N,{placed.height_dots},N,N,N" + field_data(placed.symbol.content)
    )


_LINEAR: dict[Symbology, Callable[[PlacedBars], str]] = {
    Symbology.CODE_128: _code_128,
    Symbology.GS1_128: _code_128,
    Symbology.EAN_13: _ean_13,
    Symbology.ITF_14: _itf_14,
}


def _qr(placed: PlacedMatrix) -> str:
    return f"^FO{placed.x_dots},{placed.y_dots}^BY2,2,0^BQN,2,{placed.module_dots}" + field_data(
        "MA," + placed.symbol.content
    )


def _data_matrix(placed: PlacedMatrix) -> str:
    return f"^FO{placed.x_dots},{placed.y_dots}^BXN,{placed.module_dots},200,,,,|" + field_data(
        _data_matrix_text(placed.symbol)
    )


def _data_matrix_text(symbol: Matrix) -> str:
    """Content with ``|`` as the escape character: ``|1`` is FNC1."""
    text = symbol.content.replace("|", "|d124").replace(barcodes.GROUP_SEPARATOR, "|1")
    return "|1" + text if symbol.symbology is Symbology.GS1_DATA_MATRIX else text
