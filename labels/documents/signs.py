"""Labels that stay in the warehouse: on bins, totes, carts, walls, goods and people."""

from __future__ import annotations

from labels.documents.frame import barcode_with_line, printable_area, rule_below
from labels.layout import Align, Barcode, Box, Element, Overflow, Page, Text, Upright
from labels.paper import Paper
from labels.values import (
    BadgeLabel,
    BinLabel,
    CartLabel,
    CommandCode,
    CommandSheet,
    ProductLabel,
    PutWallLabel,
    Symbology,
    ToteLabel,
    Words,
)

_MATRIX = (Symbology.QR, Symbology.DATA_MATRIX, Symbology.GS1_DATA_MATRIX)
_COMMAND_ROW_MM = 34.0
_COMMAND_COLUMNS = 2


def bin_label(label: BinLabel, paper: Paper, words: Words) -> list[Page]:
    """The code in type that is read from the aisle, its barcode, zone and note."""
    zone = f"{words.zone} {label.zone}" if label.zone else ""
    return [_sign(paper, title=label.code, barcode=label.barcode, remarks=(zone, label.note))]


def tote_label(label: ToteLabel, paper: Paper, words: Words) -> list[Page]:
    """A tote's code and barcode."""
    del words  # a tote's label has only its own texts
    return [_sign(paper, title=label.code, barcode=label.barcode, remarks=(label.note,))]


def cart_label(label: CartLabel, paper: Paper, words: Words) -> list[Page]:
    """A cart's code, barcode and how many totes it carries."""
    positions = words.positions.format(count=label.positions) if label.positions else ""
    remarks = (positions, label.note)
    return [_sign(paper, title=label.code, barcode=label.barcode, remarks=remarks)]


def put_wall_label(label: PutWallLabel, paper: Paper, words: Words) -> list[Page]:
    """The slot in big type, which wall it belongs to, and its barcode."""
    wall = f"{words.put_wall} {label.wall}"
    title = f"{words.slot} {label.slot}"
    return [_sign(paper, title=title, barcode=label.barcode, remarks=(wall, label.note))]


def badge_label(label: BadgeLabel, paper: Paper, words: Words) -> list[Page]:
    """A person's name, role and warehouse over the barcode of the badge."""
    del words  # a badge has only its own texts
    remarks = (label.role, label.warehouse)
    return [_sign(paper, title=label.name, barcode=label.barcode, remarks=remarks)]


def _sign(paper: Paper, *, title: str, barcode: str, remarks: tuple[str, ...]) -> Page:
    """One big line, a line of remarks, one barcode: the shape of every sign."""
    area = printable_area(paper)
    top, middle, bottom = area.rows(area.height * 0.34, area.height * 0.14, 0)
    remark = "  ·  ".join(part for part in remarks if part)
    return Page(
        paper,
        (
            _centred(top, field="code", text=title, size_mm=area.height * 0.27, bold=True),
            _centred(middle, field="note", text=remark, size_mm=area.height * 0.09),
            *barcode_with_line(
                bottom, field="barcode", symbology=Symbology.CODE_128, content=barcode
            ),
        ),
    )


def _centred(
    box: Box,
    *,
    field: str,
    text: str,
    size_mm: float,
    bold: bool = False,
) -> Text:
    return Text(
        field=field,
        box=box,
        paragraphs=(text,),
        size_mm=size_mm,
        smallest_mm=1.5,
        bold=bold,
        align=Align.CENTRE,
        upright=Upright.MIDDLE,
        overflow=Overflow.REFUSE if bold else Overflow.CUT,
    )


def product_label(label: ProductLabel, paper: Paper, words: Words) -> list[Page]:
    """Name, SKU, lot, expiry and quantity beside or over the barcode."""
    area = printable_area(paper)
    facts = _product_facts(label, words)
    if label.symbology in _MATRIX:
        side = min(area.height, area.width * 0.45)
        code, text = area.columns(side, 0)
        square = Box(code.left, code.top, side, area.height)
        elements: list[Element] = [
            Barcode(
                field="barcode",
                box=square,
                symbology=label.symbology,
                content=label.barcode,
            ),
            *_product_text(text.inset(1, 0), label.product_name, facts),
        ]
    else:
        text, code = area.rows(area.height * 0.42, 0)
        elements = [
            *_product_text(text, label.product_name, facts),
            *barcode_with_line(
                code, field="barcode", symbology=label.symbology, content=label.barcode
            ),
        ]
    return [Page(paper, tuple(elements))]


def _product_facts(label: ProductLabel, words: Words) -> tuple[str, ...]:
    pieces = words.pieces.format(count=label.quantity) if label.quantity > 1 else ""
    lot = f"{words.lot} {label.lot}" if label.lot else ""
    expiry = f"{words.expires_on} {label.expires_on}" if label.expires_on else ""
    first = "  ".join(part for part in (label.sku, pieces) if part)
    second = "  ".join(part for part in (lot, expiry) if part)
    return tuple(part for part in (first, second) if part)


def _product_text(box: Box, name: str, facts: tuple[str, ...]) -> list[Element]:
    top, bottom = box.rows(box.height * 0.5, 0)
    return [
        Text(
            field="product_name",
            box=top,
            paragraphs=(name,),
            size_mm=3.2,
            smallest_mm=1.6,
            bold=True,
        ),
        Text(
            field="sku",
            box=bottom,
            paragraphs=facts,
            size_mm=2.8,
            smallest_mm=1.3,
            upright=Upright.MIDDLE,
            overflow=Overflow.REFUSE,
        ),
    ]


def command_sheet(sheet: CommandSheet, paper: Paper, words: Words) -> list[Page]:
    """Two columns of command barcodes; as many pages as they need."""
    area = printable_area(paper)
    title_row = Box(area.left, area.top, area.width, 14)
    rows = max(1, int((area.height - 16) / _COMMAND_ROW_MM))
    per_page = rows * _COMMAND_COLUMNS
    chunks = [
        sheet.commands[start : start + per_page]
        for start in range(0, max(1, len(sheet.commands)), per_page)
    ]
    pages = []
    for number, chunk in enumerate(chunks, start=1):
        page_of = words.page_of.format(number=number, count=len(chunks))
        elements = _command_title(title_row, sheet, page_of)
        for index, command in enumerate(chunk):
            row, column = divmod(index, _COMMAND_COLUMNS)
            width = area.width / _COMMAND_COLUMNS
            cell = Box(
                area.left + column * width,
                area.top + 16 + row * _COMMAND_ROW_MM,
                width,
                _COMMAND_ROW_MM,
            )
            elements += _command_cell(cell.inset(4, 2), command)
        pages.append(Page(paper, tuple(elements)))
    return pages


def _command_title(row: Box, sheet: CommandSheet, page_of: str) -> list[Element]:
    title, note = row.inset(0, 1).rows(0, 4)
    left, right = title.columns(0, 30)
    return [
        Text(field="title", box=left, paragraphs=(sheet.title,), size_mm=6, bold=True),
        Text(field="words", box=right, paragraphs=(page_of,), size_mm=3, align=Align.END),
        Text(field="note", box=note, paragraphs=(sheet.note,), size_mm=3),
        rule_below(row),
    ]


def _command_cell(cell: Box, command: CommandCode) -> list[Element]:
    words, code, explanation = cell.rows(6.5, 0, 4)
    return [
        _centred(words, field="words", text=command.words, size_mm=5, bold=True),
        *barcode_with_line(
            code, field="barcode", symbology=Symbology.CODE_128, content=command.barcode
        ),
        _centred(explanation, field="explanation", text=command.explanation, size_mm=2.8),
    ]
