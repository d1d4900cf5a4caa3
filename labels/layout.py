"""One layout for both printers' languages: boxes on a page, in millimetres from the top left.

A document is composed into pages of elements; this module then fits every text into its box
(shrinking, wrapping, and cutting or refusing as the last resort) and every barcode into whole
printer dots. What comes out are `Placed…` values that a backend only has to paint, so PDF and
ZPL cannot disagree. Ink never leaves the box of its element.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from labels import barcodes
from labels.barcodes import Bars, Matrix, Symbol
from labels.errors import (
    BadBarcode,
    DoesNotFit,
    Problem,
    UnknownCharacters,
    UnprintableDocument,
)
from labels.fonts import FontSet, ShapedLine, clean
from labels.paper import Paper
from labels.values import Symbology

_SHRINK = 0.92
_ROUNDING_MM = 0.001
_LINE_ASCENT_EM = 0.80
_LINE_DESCENT_EM = 0.22
_LINE_GAP_EM = 0.12
_ELLIPSIS = "…"
_MAX_FIELD = 4000
_LONGEST_WORD = 200  # longer ones are wider than any line and are not even measured
# Signs that do not begin a line in Chinese and Japanese text.
_NEVER_FIRST = frozenset("，。、；：！？）」』】》〉’”…·,.;:!?)]}%")
_NEVER_LAST = frozenset("（「『【《〈‘“([{")


class Align(Enum):
    """Horizontal place of text in its box; START is right for right-to-left lines."""

    START = "start"
    CENTRE = "centre"
    END = "end"


class Upright(Enum):
    """Vertical place in the box."""

    TOP = "top"
    MIDDLE = "middle"
    BOTTOM = "bottom"


class Overflow(Enum):
    """What happens to text that is too long even at the smallest size."""

    REFUSE = "refuse"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in millimetres from the top left corner of the page."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def holds(self, other: Box) -> bool:
        """Whether the other box lies inside this one; a thousandth of a millimetre is rounding."""
        return (
            other.left >= self.left - _ROUNDING_MM
            and other.top >= self.top - _ROUNDING_MM
            and other.right <= self.right + _ROUNDING_MM
            and other.bottom <= self.bottom + _ROUNDING_MM
        )

    def inset(self, across: float, down: float | None = None) -> Box:
        """The box made smaller by ``across`` at both sides and ``down`` above and below."""
        down = across if down is None else down
        return Box(
            self.left + across, self.top + down, self.width - 2 * across, self.height - 2 * down
        )

    def rows(self, *heights: float) -> tuple[Box, ...]:
        """The box cut from the top into rows; a height of 0 takes an equal part of the rest."""
        free = (self.height - sum(heights)) / max(1, heights.count(0))
        top = self.top
        boxes = []
        for height in heights:
            boxes.append(Box(self.left, top, self.width, height or free))
            top += height or free
        return tuple(boxes)

    def columns(self, *widths: float) -> tuple[Box, ...]:
        """The box cut from the left into columns; a width of 0 takes a part of the rest."""
        free = (self.width - sum(widths)) / max(1, widths.count(0))
        left = self.left
        boxes = []
        for width in widths:
            boxes.append(Box(left, self.top, width or free, self.height))
            left += width or free
        return tuple(boxes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Paragraphs set in one size, as big as ``size_mm`` and as small as ``smallest_mm``."""

    field: str
    box: Box
    paragraphs: tuple[str, ...]
    size_mm: float
    smallest_mm: float = 1.6
    bold: bool = False
    align: Align = Align.START
    upright: Upright = Upright.TOP
    overflow: Overflow = Overflow.CUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """A barcode that fills its box as well as whole dots allow, quiet zones inside the box."""

    field: str
    box: Box
    symbology: Symbology
    content: str


@dataclass(frozen=True, slots=True)
class Ink:
    """A filled rectangle: rules, frames, bearer bars."""

    box: Box


@dataclass(frozen=True, slots=True)
class Refused:
    """A field that cannot be drawn, found while composing; reported with all the others."""

    problem: Problem


Element = Text | Barcode | Ink | Refused


@dataclass(frozen=True, slots=True)
class Page:
    """The elements of one page of ``paper``."""

    paper: Paper
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlacedLine:
    """A shaped line whose baseline starts at (x, y) millimetres."""

    x: float
    y: float
    size_mm: float
    shaped: ShapedLine


@dataclass(frozen=True, slots=True, eq=False)
class PlacedText:
    """The lines of one text and the box that their ink does not leave.

    Equal only to itself, so that backends can remember cheaply what they made of it.
    """

    box: Box
    lines: tuple[PlacedLine, ...]


@dataclass(frozen=True, slots=True)
class PlacedBars:
    """Bars from (x, y) dots, ``module_dots`` dots a unit of ``symbol.runs``."""

    x_dots: int
    y_dots: int
    unit_dots: int
    height_dots: int
    symbol: Bars
    box: Box


@dataclass(frozen=True, slots=True)
class PlacedMatrix:
    """A matrix symbol from (x, y) dots, quiet zone outside."""

    x_dots: int
    y_dots: int
    module_dots: int
    symbol: Matrix
    box: Box


@dataclass(frozen=True, slots=True)
class PlacedPage:
    """Everything on a page, measured; ``dpi`` is what dots mean."""

    paper: Paper
    dpi: int
    texts: tuple[PlacedText, ...]
    symbols: tuple[PlacedBars | PlacedMatrix, ...]
    inks: tuple[Box, ...]


@dataclass
class _Desk:
    """The place where one page is put together; problems are collected, not thrown."""

    fonts: FontSet
    dpi: int
    area: Box
    texts: list[PlacedText] = field(default_factory=list)
    symbols: list[PlacedBars | PlacedMatrix] = field(default_factory=list)
    inks: list[Box] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def place(pages: Sequence[Page], *, fonts: FontSet, dpi: int | None = None) -> list[PlacedPage]:
    """Fits every element of every page.

    ``dpi`` overrides that of the paper. Raises `UnprintableDocument` with all problems of all
    pages; what would lie in the margin of its paper or beyond it is one of them.
    """
    placed: list[PlacedPage] = []
    problems: list[Problem] = []
    for page in pages:
        paper = page.paper
        desk = _Desk(
            fonts=fonts,
            dpi=dpi or paper.dpi,
            area=Box(0, 0, paper.width_mm, paper.height_mm).inset(paper.margin_mm),
        )
        for element in page.elements:
            _place_element(element, desk)
        problems += desk.problems
        placed.append(
            PlacedPage(
                paper=paper,
                dpi=desk.dpi,
                texts=tuple(desk.texts),
                symbols=tuple(desk.symbols),
                inks=tuple(desk.inks),
            )
        )
    if problems:
        raise UnprintableDocument(tuple(dict.fromkeys(problems)))
    return placed


def _place_element(element: Element, desk: _Desk) -> None:
    if isinstance(element, Text):
        _place_text(element, desk)
    elif isinstance(element, Barcode):
        _place_barcode(element, desk)
    elif isinstance(element, Refused):
        desk.problems.append(element.problem)
    else:
        desk.inks.append(element.box)


def _place_text(text: Text, desk: _Desk) -> None:
    placed = set_text(text, desk.fonts)
    if isinstance(placed, PlacedText):
        if desk.area.holds(text.box):
            desk.texts.append(placed)
        else:
            desk.problems.append(DoesNotFit(text.field, sum(map(len, text.paragraphs))))
    elif placed is not None:
        desk.problems.append(placed)


@lru_cache(maxsize=4096)
def set_text(text: Text, fonts: FontSet) -> PlacedText | Problem | None:
    """The text fitted into its box, what is wrong with it, or None where it is empty.

    Remembered, because the sender and the words of a label are the same on thousands.
    """
    paragraphs = [cleaned for raw in text.paragraphs if (cleaned := clean(raw[:_MAX_FIELD]))]
    if not paragraphs:
        return None
    if text.box.width <= 0 or text.box.height <= 0:
        return DoesNotFit(text.field, sum(len(raw) for raw in text.paragraphs))
    wholes = [fonts.shape(paragraph, text.bold) for paragraph in paragraphs]
    missing = "".join(whole.missing for whole in wholes)
    if missing:
        return UnknownCharacters(text.field, "".join(dict.fromkeys(missing)))
    fitted = _fit(text, wholes, fonts)
    if fitted is None:
        return DoesNotFit(text.field, sum(len(raw) for raw in text.paragraphs))
    size, lines = fitted
    return PlacedText(text.box, _stack(text, size, lines))


def _fit(
    text: Text, wholes: list[ShapedLine], fonts: FontSet
) -> tuple[float, list[ShapedLine]] | None:
    """The biggest size at which the paragraphs fit, and their lines; None when refused."""
    size = text.size_mm
    length = sum(whole.width for whole in wholes)
    while True:
        if not _is_hopeless(text.box, length=length, size=size):
            lines = _wrap(text, wholes, fonts, em_width=text.box.width / size)
            if lines is not None and _height_em(lines) * size <= text.box.height + 1e-6:
                return size, lines
        if size <= text.smallest_mm:
            break
        size = max(text.smallest_mm, size * _SHRINK)
    if text.overflow is Overflow.REFUSE:
        return None
    return size, _cut(text, wholes, fonts, size=size)


def _is_hopeless(box: Box, *, length: float, size: float) -> bool:
    """Whether a text ``length`` em long has more ink than the box has room.

    A fifth is allowed for the spaces that fall away at the ends of lines. This spares very
    long texts being wrapped at every size.
    """
    return 0.8 * length * size * size * (_LINE_ASCENT_EM + _LINE_DESCENT_EM) > (
        box.width * box.height
    )


def _wrap(
    text: Text, wholes: list[ShapedLine], fonts: FontSet, *, em_width: float
) -> list[ShapedLine] | None:
    """Lines no wider than ``em_width``; None as soon as there are too many for the box."""
    most = int(text.box.height * em_width / text.box.width / (_LINE_ASCENT_EM + _LINE_GAP_EM)) + 1
    lines: list[ShapedLine] = []
    for whole in wholes:
        if whole.width <= em_width:
            lines.append(whole)
        else:
            lines += _wrap_paragraph(whole.text, text, fonts, em_width=em_width, most=most)
        if len(lines) > most:
            return None
    return lines


def _wrap_paragraph(
    paragraph: str, text: Text, fonts: FontSet, *, em_width: float, most: int
) -> list[ShapedLine]:
    """Greedy lines of one paragraph; stops after ``most`` + 1."""
    words = _short_words(paragraph, text, fonts, em_width=em_width)
    lines: list[ShapedLine] = []
    start = 0
    while start < len(words) and len(lines) <= most:
        end, width = start, 0.0
        while end < len(words):
            width += fonts.shape(words[end], text.bold).width
            if end > start and width > em_width:
                break
            end += 1
        line = fonts.shape("".join(words[start:end]).strip(), text.bold)
        while line.width > em_width and end - start > 1:  # joined letters can be wider
            end -= 1
            line = fonts.shape("".join(words[start:end]).strip(), text.bold)
        if line.text:
            lines.append(line)
        start = end
    return lines


def _short_words(paragraph: str, text: Text, fonts: FontSet, *, em_width: float) -> list[str]:
    """The words, those wider than a line cut into letters."""
    parts: list[str] = []
    for word in break_words(paragraph):
        too_long = len(word) > _LONGEST_WORD
        if too_long or fonts.shape(word.rstrip(), text.bold).width > em_width:
            parts += _letters(word)
        else:
            parts.append(word)
    return parts


def _letters(word: str) -> list[str]:
    """The letters of a word with the marks and joiners that belong to them."""
    letters: list[str] = []
    for character in word:
        if letters and (_is_mark(character) or letters[-1][-1] in "\u200c\u200d"):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _is_mark(character: str) -> bool:
    # Thai and Lao vowels written after their consonant are letters for Unicode, but a line
    # that begins with one is misread.
    return (
        character in "\u200c\u200d\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3"
        or unicodedata.category(character).startswith("M")
    )


def break_words(paragraph: str) -> list[str]:
    """Pieces that a line may end after: words with their space, single Chinese characters."""
    words: list[str] = []
    for character in paragraph:
        if words and not _may_break(words[-1][-1], character):
            words[-1] += character
        else:
            words.append(character)
    return words


def _may_break(before: str, after: str) -> bool:
    if after == " " or after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    if before == " ":
        return True
    return _breaks_anywhere(before) or _breaks_anywhere(after)


def _breaks_anywhere(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"


def _cut(text: Text, wholes: list[ShapedLine], fonts: FontSet, *, size: float) -> list[ShapedLine]:
    """As many lines as the box holds; the last shows by an ellipsis that text is missing."""
    em_width = text.box.width / size
    room = text.box.height / size
    most = int(room / _LINE_ASCENT_EM) + 1
    kept: list[ShapedLine] = []
    lines: list[ShapedLine] = []
    for whole in wholes:
        lines += _wrap_paragraph(whole.text, text, fonts, em_width=em_width, most=most)
    for line in lines:
        if _height_em([*kept, line]) > room + 1e-6:
            break
        kept.append(line)
    if len(kept) == len(lines) or not kept:
        return kept
    letters = _letters(kept[-1].text)
    while letters:
        shortened = fonts.shape("".join(letters) + _ELLIPSIS, text.bold)
        if shortened.width <= em_width:
            kept[-1] = shortened
            break
        letters.pop()
    return kept


def _ascent(line: ShapedLine) -> float:
    return max(_LINE_ASCENT_EM, line.top)


def _descent(line: ShapedLine) -> float:
    return max(_LINE_DESCENT_EM, -line.bottom)


def _height_em(lines: Sequence[ShapedLine]) -> float:
    inked = sum(_ascent(line) + _descent(line) for line in lines)
    return inked + _LINE_GAP_EM * (len(lines) - 1)


def _stack(text: Text, size: float, lines: list[ShapedLine]) -> tuple[PlacedLine, ...]:
    """Baselines of the lines, one below the other, placed in the box."""
    spare = text.box.height - _height_em(lines) * size
    y = text.box.top
    if text.upright is not Upright.TOP:
        y += spare if text.upright is Upright.BOTTOM else spare / 2
    placed = []
    for line in lines:
        y += _ascent(line) * size
        spare_width = text.box.width - line.width * size
        x = text.box.left + _indent(text, line, spare=spare_width) + line.lead * size
        placed.append(PlacedLine(x=x, y=y, size_mm=size, shaped=line))
        y += (_descent(line) + _LINE_GAP_EM) * size
    return tuple(placed)


def _indent(text: Text, line: ShapedLine, *, spare: float) -> float:
    if text.align is Align.CENTRE:
        return spare / 2
    at_end = (text.align is Align.END) != line.right_to_left
    return spare if at_end else 0.0


def _place_barcode(barcode: Barcode, desk: _Desk) -> None:
    if not desk.area.holds(barcode.box):
        desk.problems.append(DoesNotFit(barcode.field, len(barcode.content)))
        return
    try:
        symbol = barcodes.draw(barcode.symbology, barcode.content)
        placed = _placed_symbol(barcode.box, symbol, dpi=desk.dpi)
        desk.symbols.append(placed)
        desk.inks += _bearer_bars(placed, dpi=desk.dpi)
    except barcodes.BarcodeRefused as refusal:
        problem = BadBarcode(field=barcode.field, content=barcode.content, reason=str(refusal))
        desk.problems.append(problem)


def _bearer_bars(placed: PlacedBars | PlacedMatrix, *, dpi: int) -> list[Box]:
    """The bars above and below an ITF-14, two modules thick, over its quiet zones too."""
    if placed.symbol.symbology is not Symbology.ITF_14 or isinstance(placed, PlacedMatrix):
        return []
    dot = 25.4 / dpi
    module = placed.unit_dots * placed.symbol.units_per_x
    left = (placed.x_dots - placed.symbol.rule.quiet_before * module) * dot
    width = placed.symbol.total_width_x * module * dot
    thick = 2 * module * dot
    return [
        Box(left, placed.y_dots * dot, width, thick),
        Box(left, (placed.y_dots + placed.height_dots) * dot - thick, width, thick),
    ]


def _placed_symbol(box: Box, symbol: Symbol, *, dpi: int) -> PlacedBars | PlacedMatrix:
    dots_per_mm = dpi / 25.4
    if isinstance(symbol, Matrix):
        return _placed_matrix(box, symbol, dpi=dpi)
    dots = barcodes.module_dots(
        symbol.rule,
        total_x=symbol.total_width_x,
        room_mm=box.width,
        dpi=dpi,
        even=symbol.units_per_x == 2,
    )
    unit_dots = dots // symbol.units_per_x
    height_dots = int(box.height * dots_per_mm)
    if height_dots < symbol.rule.height_mm * dots_per_mm - 1:
        raise barcodes.BarcodeRefused(f"needs a height of {symbol.rule.height_mm} mm")
    total_dots = int(symbol.total_width_x * dots)
    left = int(box.left * dots_per_mm + (box.width * dots_per_mm - total_dots) / 2)
    return PlacedBars(
        x_dots=left + symbol.rule.quiet_before * dots,
        y_dots=round(box.top * dots_per_mm),
        unit_dots=unit_dots,
        height_dots=height_dots,
        symbol=symbol,
        box=box,
    )


def _placed_matrix(box: Box, symbol: Matrix, *, dpi: int) -> PlacedMatrix:
    dots_per_mm = dpi / 25.4
    side = min(box.width, box.height)
    dots = barcodes.module_dots(
        symbol.rule, total_x=symbol.total_size_x, room_mm=side, dpi=dpi, even=False
    )
    width, height = len(symbol.rows[0]) * dots, len(symbol.rows) * dots
    return PlacedMatrix(
        x_dots=int((box.left + box.width / 2) * dots_per_mm - width / 2),
        y_dots=int((box.top + box.height / 2) * dots_per_mm - height / 2),
        module_dots=dots,
        symbol=symbol,
        box=box,
    )
