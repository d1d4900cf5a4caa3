"""Tables on paper: pick list, packing slip, carrier manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labels.documents.floor import floor_plan
from labels.documents.frame import (
    address_lines,
    barcode_with_line,
    captioned,
    kilograms,
    printable_area,
    rule_below,
)
from labels.errors import DoesNotFit
from labels.layout import Align, Box, Element, Overflow, Page, Refused, Text, Upright
from labels.paper import Paper
from labels.values import CarrierManifest, PackingSlip, PickList, Symbology, WalkDrawing, Words

_HEADER_ROW_MM = 6.0
_FOOTER_MM = 6.0
_TITLE_MM = 18.0
_PLAN_MM = 40.0


@dataclass(frozen=True, kw_only=True)
class _Column:
    """A column of a table: its word, width (0 takes a part of the rest) and look."""

    words: str
    width_mm: float
    field: str
    size_mm: float = 3.0
    bold: bool = False
    align: Align = Align.START
    overflow: Overflow = Overflow.CUT


@dataclass(frozen=True, kw_only=True)
class _Table:
    """Columns, rows of texts, and how high a row is."""

    columns: tuple[_Column, ...]
    rows: tuple[tuple[str, ...], ...]
    row_mm: float


def pick_list(document: PickList, paper: Paper, words: Words) -> list[Page]:
    """Stops in walking order with the totes they feed; the list's barcode opens it."""
    area = printable_area(paper)
    table = _Table(
        columns=(
            _Column(words="#", width_mm=8, field="sequence"),
            _Column(
                words=words.bin,
                width_mm=42,
                field="bin_code",
                size_mm=4.6,
                bold=True,
                overflow=Overflow.REFUSE,
            ),
            _Column(words=words.product, width_mm=0, field="product_name"),
            _Column(
                words=words.quantity,
                width_mm=14,
                field="quantity",
                size_mm=5,
                bold=True,
                align=Align.CENTRE,
                overflow=Overflow.REFUSE,
            ),
            _Column(
                words=words.into_tote,
                width_mm=46,
                field="feeds",
                size_mm=3.6,
                overflow=Overflow.REFUSE,
            ),
        ),
        rows=tuple(
            (
                str(stop.sequence),
                stop.bin_code,
                "\n".join(
                    part
                    for part in (
                        stop.product_name,
                        stop.sku + (f"  {words.lot} {stop.lot}" if stop.lot else ""),
                    )
                    if part
                ),
                str(stop.quantity),
                "    ".join(
                    words.feed.format(quantity=quantity, position=position)
                    for position, quantity in stop.feeds
                ),
            )
            for stop in document.stops
        ),
        row_mm=12,
    )
    facts = (
        (words.warehouse, "warehouse", document.warehouse),
        (words.wave, "wave", document.wave),
        (words.picker, "picker", document.picker),
        (words.stops, "words", str(len(document.stops))),
        *_walk_facts(document.walk, words),
    )
    totes = "   ".join(
        f"{tote.position} = {tote.code}" + (f" ({tote.order_number})" if tote.order_number else "")
        for tote in document.totes
    )
    head = _Head(
        title=f"{words.pick_list} {document.number}",
        barcode=document.barcode or document.number,
        facts=facts,
        remarks=(
            ("totes", f"{words.totes}: {totes}" if totes else ""),
            ("walk_note", document.walk_note),
        ),
        walk=document.walk,
    )
    return _pages(paper, area, head=head, table=table, words=words)


def _walk_facts(walk: WalkDrawing | None, words: Words) -> tuple[tuple[str, str, str], ...]:
    if walk is None:
        return ()
    return (
        (words.walk, "words", words.metres.format(metres=f"{walk.metres:.1f}")),
        (words.saved, "words", words.metres.format(metres=f"{walk.saved_metres:.1f}")),
    )


def packing_slip(document: PackingSlip, paper: Paper, words: Words) -> list[Page]:
    """What lies in this parcel and, beside it, what was ordered."""
    area = printable_area(paper)
    table = _Table(
        columns=(
            _Column(words=words.sku, width_mm=30, field="sku", overflow=Overflow.REFUSE),
            _Column(words=words.product, width_mm=0, field="product_name"),
            _Column(
                words=words.in_this_parcel,
                width_mm=16,
                field="quantity",
                size_mm=4,
                bold=True,
                align=Align.CENTRE,
                overflow=Overflow.REFUSE,
            ),
            _Column(
                words=words.quantity_ordered,
                width_mm=16,
                field="quantity_ordered",
                align=Align.CENTRE,
                overflow=Overflow.REFUSE,
            ),
        ),
        rows=tuple(
            (
                line.sku,
                line.product_name + (f"\n{words.lot} {line.lot}" if line.lot else ""),
                str(line.quantity),
                str(line.quantity_ordered),
            )
            for line in document.lines
        ),
        row_mm=10,
    )
    parcel_of = words.parcel_of.format(number=document.parcel_number, count=document.parcel_count)
    receiver = ", ".join((document.receiver.name, *address_lines(document.receiver, words)))
    sender = ", ".join((document.sender.name, *address_lines(document.sender, words)))
    gift = f"{words.gift_message}: {document.gift_message}" if document.gift_message else ""
    head = _Head(
        title=f"{words.packing_slip} {document.order_number}",
        barcode=document.order_number,
        facts=(
            (words.parcel, "parcel_number", parcel_of),
            (words.ordered_on, "ordered_on", document.ordered_on),
            ("SSCC", "sscc", document.sscc),
        ),
        remarks=(
            ("receiver", f"{words.receiver}: {receiver}"),
            ("sender", f"{words.sender}: {sender}"),
            ("gift_message", gift),
            ("printed_note", document.printed_note),
        ),
    )
    return _pages(paper, area, head=head, table=table, words=words)


def carrier_manifest(document: CarrierManifest, paper: Paper, words: Words) -> list[Page]:
    """Every parcel handed over, the totals, and the line that the driver signs."""
    area = printable_area(paper)
    table = _Table(
        columns=(
            _Column(words="#", width_mm=10, field="words"),
            _Column(
                words=words.tracking,
                width_mm=48,
                field="tracking_number",
                bold=True,
                overflow=Overflow.REFUSE,
            ),
            _Column(words=words.order, width_mm=32, field="order_number"),
            _Column(words=words.receiver, width_mm=0, field="receiver_name"),
            _Column(words=words.destination, width_mm=32, field="destination"),
            _Column(
                words=words.weight,
                width_mm=20,
                field="weight_grams",
                align=Align.END,
                overflow=Overflow.REFUSE,
            ),
        ),
        rows=tuple(
            (
                str(number),
                parcel.tracking_number,
                parcel.order_number,
                parcel.receiver_name,
                parcel.destination,
                kilograms(parcel.weight_grams),
            )
            for number, parcel in enumerate(document.parcels, start=1)
        ),
        row_mm=7,
    )
    total_grams = sum(parcel.weight_grams or 0 for parcel in document.parcels)
    head = _Head(
        title=f"{words.manifest} {document.number}",
        barcode=document.barcode or document.number,
        facts=(
            (words.carrier, "carrier", document.carrier),
            (words.warehouse, "warehouse", document.warehouse),
            (words.cut_off, "cut_off", document.cut_off),
            (words.closed_at, "closed_at", document.closed_at),
            (words.parcels, "words", str(len(document.parcels))),
            (words.weight, "words", kilograms(total_grams)),
        ),
        remarks=(("words", f"{words.driver_signature}: " + "_" * 40),),
    )
    return _pages(paper, area, head=head, table=table, words=words)


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What stands above a table: title and barcode on every page, the rest on the first."""

    title: str
    barcode: str
    facts: tuple[tuple[str, str, str], ...]
    remarks: tuple[tuple[str, str], ...]
    walk: WalkDrawing | None = None


def _pages(paper: Paper, area: Box, *, head: _Head, table: _Table, words: Words) -> list[Page]:
    """The table cut into pages of whole rows."""
    remarks = [(field, text) for field, text in head.remarks if text]
    room = area.height - _FOOTER_MM - _HEADER_ROW_MM
    text_mm = _TITLE_MM + 9 + 9 * len(remarks)
    plan_mm = _plan_height(head.walk, area, room_mm=room - text_mm)
    first_top = text_mm + plan_mm
    if table.rows and room - first_top < table.row_mm:
        unfit = DoesNotFit("lines", len(table.rows))
        return [Page(paper, (Refused(unfit),))]
    first = max(1, int((room - first_top) / table.row_mm))
    later = max(1, int((room - _TITLE_MM) / table.row_mm))
    chunks = [table.rows[:first]]
    chunks += [table.rows[start : start + later] for start in range(first, len(table.rows), later)]
    pages = []
    for number, rows in enumerate(chunks, start=1):
        elements = _title(Box(area.left, area.top, area.width, _TITLE_MM), head)
        top = area.top + _TITLE_MM
        if number == 1:
            elements += _facts(Box(area.left, top, area.width, 9), head.facts)
            elements += _remarks(Box(area.left, top + 9, area.width, 9), remarks)
            if head.walk is not None and plan_mm:
                below = Box(area.left, area.top + text_mm, area.width, plan_mm)
                elements += floor_plan(below.inset(1.5), head.walk)
            top = area.top + first_top
        body = Box(area.left, top, area.width, area.bottom - _FOOTER_MM - top)
        elements += _table(body, table, rows)
        page_of = words.page_of.format(number=number, count=len(chunks))
        elements.append(_footer(area, page_of))
        pages.append(Page(paper, tuple(elements)))
    return pages


def _plan_height(walk: WalkDrawing | None, area: Box, *, room_mm: float) -> float:
    """Millimetres for the drawing of a walk: none where it would leave too few rows."""
    if walk is None or len(walk.points) < 2 or len(walk.aisle_x) < 2:
        return 0.0
    wide, high = walk.aisle_x[-1] - walk.aisle_x[0], walk.cross_y[-1] - walk.cross_y[0]
    height = min(_PLAN_MM, area.width * high / wide) + 3
    return height if room_mm - height >= _PLAN_MM else 0.0


def _title(row: Box, head: _Head) -> list[Element]:
    left, right = row.columns(0, min(70, row.width * 0.45))
    return [
        Text(
            field="number",
            box=left.inset(0, 1),
            paragraphs=(head.title,),
            size_mm=6,
            smallest_mm=2,
            bold=True,
            upright=Upright.MIDDLE,
            overflow=Overflow.REFUSE,
        ),
        *barcode_with_line(
            right.inset(0, 0.5),
            field="barcode",
            symbology=Symbology.CODE_128,
            content=head.barcode,
        ),
        rule_below(row),
    ]


def _facts(row: Box, facts: Sequence[tuple[str, str, str]]) -> list[Element]:
    cells = row.columns(*([0.0] * len(facts)))
    elements: list[Element] = [rule_below(row)]
    for cell, (caption_words, field, text) in zip(cells, facts, strict=True):
        elements += captioned(
            cell.inset(0.5, 0.3), caption_words, field=field, text=text, size_mm=3.4
        )
    return elements


def _remarks(first: Box, remarks: Sequence[tuple[str, str]]) -> list[Element]:
    elements: list[Element] = []
    for index, (field, text) in enumerate(remarks):
        row = Box(first.left, first.top + index * first.height, first.width, first.height)
        elements.append(
            Text(
                field=field,
                box=row.inset(0, 0.6),
                paragraphs=(text,),
                size_mm=3.4,
                smallest_mm=1.6,
                upright=Upright.MIDDLE,
            )
        )
        elements.append(rule_below(row))
    return elements


def _table(body: Box, table: _Table, rows: Sequence[tuple[str, ...]]) -> list[Element]:
    widths = _widths(table.columns, room_mm=body.width)
    header = Box(body.left, body.top, body.width, _HEADER_ROW_MM)
    elements: list[Element] = [rule_below(header)]
    for cell, column in zip(header.columns(*widths), table.columns, strict=True):
        elements.append(
            Text(
                field="words",
                box=cell.inset(0.6),
                paragraphs=(column.words,),
                size_mm=2.8,
                bold=True,
                align=column.align,
                upright=Upright.MIDDLE,
            )
        )
    for index, texts in enumerate(rows):
        top = header.bottom + index * table.row_mm
        row = Box(body.left, top, body.width, table.row_mm)
        elements.append(rule_below(row))
        for cell, column, text in zip(row.columns(*widths), table.columns, texts, strict=True):
            elements.append(
                Text(
                    field=column.field,
                    box=cell.inset(0.6),
                    paragraphs=tuple(text.split("\n")),
                    size_mm=column.size_mm,
                    smallest_mm=1.5,
                    bold=column.bold,
                    align=column.align,
                    upright=Upright.MIDDLE,
                    overflow=column.overflow,
                )
            )
    return elements


def _widths(columns: Sequence[_Column], *, room_mm: float) -> list[float]:
    """Column widths; on narrow paper the fixed ones shrink so that a third stays free."""
    fixed = sum(column.width_mm for column in columns)
    scale = min(1.0, room_mm * 2 / 3 / fixed)
    return [column.width_mm * scale for column in columns]


def _footer(area: Box, page_of: str) -> Text:
    return Text(
        field="words",
        box=Box(area.left, area.bottom - _FOOTER_MM + 1, area.width, _FOOTER_MM - 1),
        paragraphs=(page_of,),
        size_mm=2.8,
        align=Align.END,
        upright=Upright.BOTTOM,
    )
