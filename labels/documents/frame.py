"""Pieces that several documents share: rules, captions, addresses, barcodes with their line."""

from __future__ import annotations

from labels import barcodes
from labels.layout import Align, Barcode, Box, Element, Ink, Overflow, Text, Upright
from labels.paper import Paper
from labels.values import Address, Symbology, Words

RULE_MM = 0.3
CAPTION_MM = 1.9
CAPTION_ROW_MM = 2.6
BARCODE_LINE_MM = 4.2


def printable_area(paper: Paper) -> Box:
    """The page without its margins."""
    margin = paper.margin_mm
    return Box(margin, margin, paper.width_mm - 2 * margin, paper.height_mm - 2 * margin)


def rule_below(box: Box) -> Ink:
    """A thin line along the bottom of a box."""
    return Ink(Box(box.left, box.bottom - RULE_MM, box.width, RULE_MM))


def rule_right(box: Box) -> Ink:
    """A thin line along the right side of a box."""
    return Ink(Box(box.right - RULE_MM, box.top, RULE_MM, box.height))


def frame(box: Box, *, thickness_mm: float = RULE_MM) -> list[Element]:
    """Four lines around a box."""
    return [
        Ink(Box(box.left, box.top, box.width, thickness_mm)),
        Ink(Box(box.left, box.bottom - thickness_mm, box.width, thickness_mm)),
        Ink(Box(box.left, box.top, thickness_mm, box.height)),
        Ink(Box(box.right - thickness_mm, box.top, thickness_mm, box.height)),
    ]


def caption(box: Box, words: str) -> Text:
    """A small word at the top of a box."""
    return Text(
        field="words",
        box=Box(box.left, box.top, box.width, CAPTION_ROW_MM),
        paragraphs=(words,),
        size_mm=CAPTION_MM,
        smallest_mm=1.2,
    )


def captioned(
    box: Box, words: str, *, field: str, text: str, size_mm: float, bold: bool = True
) -> list[Element]:
    """A small word with one line of text in bigger type below it; nothing without text."""
    if not text:
        return []
    below = Box(box.left, box.top + CAPTION_ROW_MM, box.width, box.height - CAPTION_ROW_MM)
    return [
        caption(box, words),
        Text(
            field=field,
            box=below,
            paragraphs=(text,),
            size_mm=size_mm,
            bold=bold,
            upright=Upright.MIDDLE,
        ),
    ]


def address_lines(address: Address, words: Words) -> tuple[str, ...]:
    """The address from the company down, without the name, empty parts left out."""
    town = f"{address.postcode} {address.city}".strip()
    form = address.form or (*address.lines, town, address.region, address.country)
    phone = f"{words.phone} {address.phone}" if address.phone else ""
    return tuple(line for line in (address.company, *form, phone) if line)


def barcode_with_line(
    box: Box, *, field: str, symbology: Symbology, content: str, line: str = ""
) -> list[Element]:
    """A linear barcode with its text under it, inside one box."""
    bars, below = box.rows(0, BARCODE_LINE_MM)
    return [
        Barcode(field=field, box=bars, symbology=symbology, content=content),
        Text(
            field=field,
            box=below,
            paragraphs=(line or readable(symbology, content),),
            size_mm=3.2,
            align=Align.CENTRE,
            upright=Upright.BOTTOM,
            overflow=Overflow.REFUSE,
        ),
    ]


def readable(symbology: Symbology, content: str) -> str:
    """The text under a barcode; the content itself where the symbol is refused anyway."""
    try:
        return barcodes.human_readable(symbology, content)
    except barcodes.BarcodeRefused:
        return content


def kilograms(weight_grams: int | None) -> str:
    """Grams as a carrier reads them: 1240 is "1.24 kg"; '' when it was not weighed."""
    return "" if weight_grams is None else f"{weight_grams / 1000:.2f} kg"
