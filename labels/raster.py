"""Lines of text as black dots, for printers whose own fonts lack the characters.

HarfBuzz rasterises each glyph once a size; the lines of one text box become one bitmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from labels.fonts import Font
from labels.layout import PlacedLine

Dots = NDArray[np.bool_]

_SUBPIXELS = 64
# A thermal printer's dots bleed; a pixel is printed from somewhat under half coverage on, so
# that thin strokes of dense characters do not break.
_INK_THRESHOLD = 110


@dataclass(frozen=True, slots=True)
class GlyphDots:
    """A glyph's picture; its top left dot lies at (left, -top) from the pen on the baseline."""

    left: int
    top: int
    width: int
    height: int
    dots: Dots


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Dots whose top left corner is at (x, y) dots of the page."""

    x: int
    y: int
    dots: Dots


def draw_lines(lines: Sequence[PlacedLine], *, dpi: int) -> Bitmap | None:
    """One bitmap of the ink of all lines; None when there is none (only spaces)."""
    dots_per_mm = dpi / 25.4
    stamps = [stamp for line in lines for stamp in _stamps(line, dots_per_mm=dots_per_mm)]
    if not stamps:
        return None
    left = min([stamp[0] for stamp in stamps])
    top = min([stamp[1] for stamp in stamps])
    right = max([stamp[2] for stamp in stamps])
    bottom = max([stamp[3] for stamp in stamps])
    dots = np.zeros((bottom - top, right - left), dtype=np.bool_)
    for x, y, x_end, y_end, picture in stamps:
        dots[y - top : y_end - top, x - left : x_end - left] |= picture
    return Bitmap(left, top, dots)


def _stamps(line: PlacedLine, *, dots_per_mm: float) -> list[tuple[int, int, int, int, Dots]]:
    """Each glyph of a line and the dots that it covers: left, top, right, bottom."""
    em_dots = line.size_mm * dots_per_mm
    pixels = max(6, int(em_dots))
    pen = line.x * dots_per_mm
    baseline = round(line.y * dots_per_mm)
    stamps = []
    for font, glyph, advance, shift_x, shift_y, _ in line.shaped.glyphs:
        picture = _glyph_dots(font, glyph, pixels)
        if picture is not None:
            x = round(pen + shift_x * em_dots) + picture.left
            y = baseline - round(shift_y * em_dots) - picture.top
            stamps.append((x, y, x + picture.width, y + picture.height, picture.dots))
        pen += advance * em_dots
    return stamps


@lru_cache(maxsize=16384)
def _glyph_dots(font: Font, glyph: int, pixels: int) -> GlyphDots | None:
    """A glyph at ``pixels`` dots an em; None where it has no ink."""
    sized = hb.Font(font.face)
    sized.scale = (pixels * _SUBPIXELS, pixels * _SUBPIXELS)
    if font.synthetic_bold_em:
        sized.synthetic_bold = (font.synthetic_bold_em, font.synthetic_bold_em, True)
    raster = hb.RasterDraw()
    raster.scale_factor = (_SUBPIXELS, _SUBPIXELS)
    raster.draw_glyph(sized, glyph)
    image = raster.render()
    extents = image.extents if image is not None else None
    if extents is None or not extents.width or not extents.height:
        return None
    grey = np.frombuffer(image.buffer, dtype=np.uint8).reshape(extents.height, extents.stride)
    dots = grey[::-1, : extents.width] > _INK_THRESHOLD  # HarfBuzz counts rows upwards
    return GlyphDots(
        left=extents.x_origin,
        top=extents.y_origin + extents.height,
        width=extents.width,
        height=extents.height,
        dots=dots,
    )
