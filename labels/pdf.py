"""PDF out of placed pages: ReportLab writes the file, glyphs are embedded by number.

ReportLab's own TrueType fonts are addressed by character and give joined Arabic letters
private characters, which breaks the text layer. `_EmbeddedFont` takes its place: every glyph
that HarfBuzz chose gets a number of its own, the font file is cut down to those glyphs, and
the ToUnicode table says which characters each stands for (PDF 32000-1, 9.7 and 9.10.3).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import uharfbuzz as hb
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from labels.fonts import Font, Glyph, ShapedLine
from labels.layout import Box, PlacedBars, PlacedLine, PlacedMatrix, PlacedPage
from labels.paper import MM_PER_INCH, Sheet

POINTS_PER_MM = 72 / MM_PER_INCH
_DROPPED_TABLES = ("GDEF", "GPOS", "GSUB", "OS/2", "cmap", "name", "post", "vhea", "vmtx", "gasp")


def write_pdf(pages: Sequence[PlacedPage], *, title: str) -> bytes:
    """A PDF of one page for each placed page; equal input gives equal bytes."""
    writer = _Writer(title)
    for page in pages:
        writer.start_page(page.paper.width_mm, page.paper.height_mm)
        writer.paint(page, left_mm=0, top_mm=0)
        writer.end_page()
    return writer.finish()


def write_sheets(pages: Sequence[PlacedPage], *, sheet: Sheet, skip: int, title: str) -> bytes:
    """A PDF of sheets filled with the placed labels; the first ``skip`` places stay empty."""
    writer = _Writer(title)
    per_page = sheet.labels_per_page
    places: list[PlacedPage | None] = [None] * (skip % per_page) + list(pages)
    for start in range(0, len(places), per_page):
        writer.start_page(sheet.page.width_mm, sheet.page.height_mm)
        for index, page in enumerate(places[start : start + per_page]):
            left_mm, top_mm = sheet.origin_mm(index)
            if page is not None:
                writer.paint(page, left_mm=left_mm, top_mm=top_mm)
        writer.end_page()
    return writer.finish()


class _EmbeddedFont:
    """The glyphs of one font that one document uses.

    ReportLab calls `addObjects` when the document is closed, as for its own dynamic fonts.
    """

    def __init__(self, font: Font, *, number: int) -> None:
        self.font = font
        self.resource_name = f"L{number}"
        self.base_name = f"LABEL{chr(ord('A') + number % 26)}+{font.name}"
        self._numbers: dict[tuple[int, str], int] = {}

    def number_of(self, glyph: Glyph) -> int:
        """The number by which the page shows the glyph; one for each (glyph, text) pair."""
        key = (glyph.glyph, glyph.text)
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def addObjects(self, doc: pdfdoc.PDFDocument) -> None:  # noqa: N802 - ReportLab's name
        """Puts the Type 0 font and what it needs into the document."""
        file_bytes, new_glyphs = _subset(self.font, {glyph for glyph, _ in self._numbers})
        to_glyph = b"\0\0" + b"".join(
            new_glyphs[glyph].to_bytes(2, "big") for glyph, _ in self._numbers
        )
        descriptor = self._descriptor(doc, self._stream(doc, "file", file_bytes))
        descendant = pdfdoc.PDFDictionary(
            {
                "Type": "/Font",
                "Subtype": "/CIDFontType2",
                "BaseFont": "/" + self.base_name,
                "CIDSystemInfo": "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>",
                "FontDescriptor": descriptor,
                "CIDToGIDMap": self._stream(doc, "glyphs", to_glyph),
                "DW": "1000",
                "W": self._widths(),
            }
        )
        reference = self._reference(doc, "descendant", descendant)
        fonts: Any = doc.idToObject["BasicFonts"]
        fonts.dict[self.resource_name] = pdfdoc.PDFDictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type0",
                "BaseFont": "/" + self.base_name,
                "Encoding": "/Identity-H",
                "DescendantFonts": pdfdoc.PDFArray([reference]),
                "ToUnicode": self._stream(doc, "unicode", self._to_unicode()),
            }
        )

    def _stream(self, doc: pdfdoc.PDFDocument, what: str, content: bytes) -> object:
        stream = pdfdoc.PDFStream(content=content, filters=[pdfdoc.PDFZCompress])
        if what == "file":
            stream.dictionary["Length1"] = len(content)
        return self._reference(doc, what, stream)

    def _reference(self, doc: Any, what: str, content: object) -> object:
        # ReportLab's stubs leave this method without types.
        return doc.Reference(content, f"{self.resource_name}.{what}")

    def _descriptor(self, doc: pdfdoc.PDFDocument, file_reference: object) -> object:
        extents = self.font.hb_font.get_font_extents("ltr")
        scale = 1000 / self.font.units_per_em
        ascent, descent = round(extents.ascender * scale), round(extents.descender * scale)
        descriptor = pdfdoc.PDFDictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": "/" + self.base_name,
                "Flags": "4",
                "FontBBox": f"[-1000 {descent} 2000 {ascent}]",
                "ItalicAngle": "0",
                "Ascent": str(ascent),
                "Descent": str(descent),
                "CapHeight": "714",
                "StemV": "80",
                "FontFile2": file_reference,
            }
        )
        return self._reference(doc, "descriptor", descriptor)

    def _widths(self) -> str:
        widths = " ".join(str(nominal_width(self.font, glyph)) for glyph, _ in self._numbers)
        return f"[1 [{widths}]]"

    def _to_unicode(self) -> bytes:
        entries = [
            f"<{number:04x}> <{text.encode('utf-16-be').hex()}>"
            for (_, text), number in self._numbers.items()
        ]
        blocks = "\n".join(
            f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar"
            for block in (entries[start : start + 100] for start in range(0, len(entries), 100))
        )
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
            f"{blocks}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode("ascii")


def nominal_width(font: Font, glyph: int) -> int:
    """A glyph's own advance in thousandths of the em."""
    advance: int = font.hb_font.get_glyph_h_advance(glyph)
    return round(advance * 1000 / font.units_per_em)


@lru_cache(maxsize=64)
def _preprocessed(font: Font) -> hb.Face:
    """The font file prepared once for being cut down many times."""
    return hb.subset_preprocess(font.face)


def _subset(font: Font, glyphs: set[int]) -> tuple[bytes, dict[int, int]]:
    """The font file with only these glyphs, and the new number of each."""
    wanted = hb.SubsetInput()
    wanted.glyph_set.update(sorted(glyphs))
    wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _DROPPED_TABLES)
    wanted.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE
    plan = hb.SubsetPlan(_preprocessed(font), wanted)
    mapping = plan.old_to_new_glyph_mapping
    return plan.execute().blob.data, {glyph: mapping[glyph] for glyph in glyphs}


def _blank_canvas() -> Any:
    """A canvas; Any, because ReportLab's stubs know neither `_doc` nor what `getpdfdata` gives."""
    return Canvas(io.BytesIO(), pageCompression=1, invariant=1)


class _Writer:
    """One PDF file being written."""

    def __init__(self, title: str) -> None:
        self._canvas = _blank_canvas()
        self._canvas.setTitle(title)
        # ReportLab's first font is never used and would not be embedded: it stays out.
        self._canvas._doc.idToObject["BasicFonts"].dict.clear()
        self._embedded: dict[Font, _EmbeddedFont] = {}
        self._height_mm = 0.0
        self._operators: list[str] = []

    def start_page(self, width_mm: float, height_mm: float) -> None:
        self._height_mm = height_mm
        self._canvas.setPageSize((width_mm * POINTS_PER_MM, height_mm * POINTS_PER_MM))
        self._canvas._preamble = ""  # it would select that font

    def end_page(self) -> None:
        self._canvas.addLiteral("\n".join(self._operators))
        self._operators = []
        self._canvas.showPage()

    def finish(self) -> bytes:
        return bytes(self._canvas.getpdfdata())

    def paint(self, page: PlacedPage, *, left_mm: float, top_mm: float) -> None:
        """The operators of one placed page with its corner at (left, top) of the sheet."""
        for box in page.inks:
            self._rectangle(box, left_mm=left_mm, top_mm=top_mm)
        for symbol in page.symbols:
            for box in _dark_boxes(symbol, dot_mm=MM_PER_INCH / page.dpi):
                self._rectangle(box, left_mm=left_mm, top_mm=top_mm)
        if page.inks or page.symbols:
            self._operators.append("f")
        for line in (line for text in page.texts for line in text.lines):
            x = (left_mm + line.x) * POINTS_PER_MM
            y = (self._height_mm - top_mm - line.y) * POINTS_PER_MM
            self._line(line, x=x, y=y)

    def _rectangle(self, box: Box, *, left_mm: float, top_mm: float) -> None:
        x = (left_mm + box.left) * POINTS_PER_MM
        y = (self._height_mm - top_mm - box.bottom) * POINTS_PER_MM
        width, height = box.width * POINTS_PER_MM, box.height * POINTS_PER_MM
        self._operators.append(f"{x:.3f} {y:.3f} {width:.3f} {height:.3f} re")

    def _line(self, line: PlacedLine, *, x: float, y: float) -> None:
        size = line.size_mm * POINTS_PER_MM
        spoken = _needs_actual_text(line.shaped)
        if spoken:
            text = line.shaped.text.encode("utf-16-be").hex()
            self._operators.append(f"/Span << /ActualText <feff{text}> >> BDC")
        self._operators.append(f"BT {x:.3f} {y:.3f} Td")
        font: Font | None = None
        show = _Show(self._operators)
        for glyph in line.shaped.glyphs:
            if glyph.font is not font:
                show.flush()
                font = glyph.font
                self._select(font, size)
            show.glyph(glyph, self._embedded[glyph.font].number_of(glyph), size=size)
        show.finish()
        self._operators.append("ET")
        if spoken:
            self._operators.append("EMC")

    def _select(self, font: Font, size: float) -> None:
        embedded = self._embedded.get(font)
        if embedded is None:
            embedded = _EmbeddedFont(font, number=len(self._embedded))
            self._embedded[font] = embedded
            self._canvas._doc.delayedFonts.append(embedded)
        stroke = font.synthetic_bold_em * size
        mode = f"2 Tr {stroke:.3f} w" if stroke else "0 Tr"
        self._operators.append(f"/{embedded.resource_name} {size:.3f} Tf {mode}")


def _needs_actual_text(shaped: ShapedLine) -> bool:
    """Whether the line holds letters that are drawn by several glyphs (Thai am, Khmer vowels).

    Such a line carries its text in an ActualText entry (PDF 32000-1, 14.9.4), which readers
    and searches take. Right-to-left lines do without: every reader reorders what the glyphs
    stand for, and PDFium would reorder an ActualText once more.
    """
    return any(not glyph.text for glyph in shaped.glyphs)


class _Show:
    """Gathers glyphs into one TJ array until the font or the height changes."""

    def __init__(self, operators: list[str]) -> None:
        self._operators = operators
        self._parts: list[str] = []
        self._hex: list[str] = []
        self._rise = 0.0

    def glyph(self, glyph: Glyph, number: int, *, size: float) -> None:
        if glyph.shift_y != self._rise:
            self.flush()
            self._operators.append(f"{glyph.shift_y * size:.3f} Ts")
            self._rise = glyph.shift_y
        shift = round(glyph.shift_x * 1000)
        if shift:
            self._move(-shift)
        self._hex.append(f"{number:04x}")
        after = nominal_width(glyph.font, glyph.glyph) - round(glyph.advance * 1000) + shift
        if after:
            self._move(after)

    def finish(self) -> None:
        """Shows what is left and goes back to the baseline, which a text object would keep."""
        self.flush()
        if self._rise:
            self._operators.append("0 Ts")

    def _move(self, thousandths: int) -> None:
        self._close_hex()
        self._parts.append(str(thousandths))

    def _close_hex(self) -> None:
        if self._hex:
            self._parts.append(f"<{''.join(self._hex)}>")
            self._hex = []

    def flush(self) -> None:
        self._close_hex()
        if self._parts:
            self._operators.append(f"[{''.join(_spaced(self._parts))}] TJ")
            self._parts = []


def _spaced(parts: Iterable[str]) -> Iterable[str]:
    return (f"{part} " for part in parts)


def _dark_boxes(symbol: PlacedBars | PlacedMatrix, *, dot_mm: float) -> Iterable[Box]:
    """The dark rectangles of a symbol in millimetres, edges on whole dots."""
    if isinstance(symbol, PlacedBars):
        x = symbol.x_dots
        for index, run in enumerate(symbol.symbol.runs):
            width = run * symbol.unit_dots
            if index % 2 == 0:
                yield _dots_box(x, symbol.y_dots, width, symbol.height_dots, dot_mm)
            x += width
        return
    side = symbol.module_dots
    for row_number, row in enumerate(symbol.symbol.rows):
        y = symbol.y_dots + row_number * side
        for start, end in _dark_stretches(row):
            x = symbol.x_dots + start * side
            yield _dots_box(x, y, (end - start) * side, side, dot_mm)


def _dots_box(x: int, y: int, width: int, height: int, dot_mm: float) -> Box:
    return Box(x * dot_mm, y * dot_mm, width * dot_mm, height * dot_mm)


def _dark_stretches(row: tuple[bool, ...]) -> Iterable[tuple[int, int]]:
    start: int | None = None
    for index, dark in enumerate((*row, False)):
        if dark and start is None:
            start = index
        elif not dark and start is not None:
            yield start, index
            start = None
