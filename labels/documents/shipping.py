"""Labels that travel on a parcel: to the customer, and back."""

from __future__ import annotations

from labels import barcodes
from labels.documents.frame import (
    CAPTION_ROW_MM,
    address_lines,
    barcode_with_line,
    caption,
    captioned,
    kilograms,
    printable_area,
    rule_below,
    rule_right,
)
from labels.errors import BadBarcode
from labels.layout import Align, Box, Element, Overflow, Page, Refused, Text, Upright
from labels.paper import Paper
from labels.values import Address, ReturnLabel, ShippingLabel, Symbology, Words

# A GS1 logistic label asks for SSCC bars of 31.75 mm (1.25 in); the line of text comes below.
_SSCC_ROW_MM = 37.5
_TRACKING_ROW_MM = 22.0
_SENDER_ROW_MM = 19.0
_ROUTING_ROW_MM = 15.0
_FACTS_ROW_MM = 9.0
_NOTE_ROW_MM = 5.0


def shipping_label(label: ShippingLabel, paper: Paper, words: Words) -> list[Page]:
    """Sender, receiver, routing, tracking barcode, facts, and the SSCC at the bottom."""
    sender, receiver, routing, tracking, facts, note, sscc = printable_area(paper).rows(
        _SENDER_ROW_MM,
        0,
        _ROUTING_ROW_MM,
        _TRACKING_ROW_MM,
        _FACTS_ROW_MM,
        _NOTE_ROW_MM,
        _SSCC_ROW_MM,
    )
    elements: list[Element] = [
        *_sender_row(sender, label, words),
        *_receiver_row(receiver, label.receiver, words),
        *_routing_row(routing, label.routing_text, label.service),
        *_tracking_row(tracking, label.tracking_number),
        *_facts_row(facts, label, words),
        *_note_row(note, label.printed_note),
        *_sscc_row(sscc, label.sscc),
    ]
    return [Page(paper, tuple(elements))]


def return_label(label: ReturnLabel, paper: Paper, words: Words) -> list[Page]:
    """As a shipping label, with the customer as sender and the return number as second code."""
    sender, receiver, routing, tracking, facts, note, number = printable_area(paper).rows(
        _SENDER_ROW_MM,
        0,
        _ROUTING_ROW_MM,
        _TRACKING_ROW_MM,
        _FACTS_ROW_MM,
        _NOTE_ROW_MM,
        _TRACKING_ROW_MM,
    )
    left, right = sender.columns(0, sender.width * 0.35)
    order, _ = facts.columns(0, 0)
    elements: list[Element] = [
        *_small_address(left, words.sender, "sender", label.sender, words),
        rule_right(left),
        _big_word(right.inset(1, 1), words.return_label),
        rule_below(sender),
        *_receiver_row(receiver, label.receiver, words),
        *_routing_row(routing, label.routing_text, label.service),
        *_tracking_row(tracking, label.tracking_number),
        *captioned(order, words.order, field="order_number", text=label.order_number, size_mm=3.6),
        rule_below(facts),
        *_note_row(note, label.printed_note),
        caption(number, words.return_number),
        *barcode_with_line(
            Box(number.left, number.top + CAPTION_ROW_MM, number.width, number.height - 2.6),
            field="return_number",
            symbology=Symbology.CODE_128,
            content=label.return_number,
        ),
    ]
    return [Page(paper, tuple(elements))]


def _sender_row(row: Box, label: ShippingLabel, words: Words) -> list[Element]:
    left, right = row.columns(0, 0)
    elements = _small_address(left, words.sender, "sender", label.sender, words)
    if label.return_address is not None:
        elements.append(rule_right(left))
        elements += _small_address(
            right.inset(1.5, 0), words.return_address, "return_address", label.return_address, words
        )
    return [*elements, rule_below(row)]


def _small_address(
    box: Box, title: str, field: str, address: Address, words: Words
) -> list[Element]:
    text = Text(
        field=field,
        box=Box(box.left, box.top + CAPTION_ROW_MM, box.width - 1.5, box.height - 3.4),
        paragraphs=(address.name, *address_lines(address, words)),
        size_mm=2.6,
        smallest_mm=1.5,
        overflow=Overflow.REFUSE,
    )
    return [caption(box, title), text]


def _receiver_row(row: Box, address: Address, words: Words) -> list[Element]:
    below = Box(row.left, row.top + 1 + CAPTION_ROW_MM, row.width, row.height - 4.6)
    name, rest = below.rows(below.height * 0.28, 0)
    return [
        caption(Box(row.left, row.top + 1, row.width, CAPTION_ROW_MM), words.receiver),
        Text(
            field="receiver.name",
            box=name,
            paragraphs=(address.name,),
            size_mm=5.2,
            smallest_mm=2.2,
            bold=True,
            overflow=Overflow.REFUSE,
        ),
        Text(
            field="receiver",
            box=rest,
            paragraphs=address_lines(address, words),
            size_mm=4.2,
            smallest_mm=2.0,
            overflow=Overflow.REFUSE,
        ),
        rule_below(row),
    ]


def _routing_row(row: Box, routing_text: str, service: str) -> list[Element]:
    left, right = row.columns(0, row.width * 0.36)
    return [
        Text(
            field="routing_text",
            box=left.inset(0, 1),
            paragraphs=(routing_text,),
            size_mm=10,
            smallest_mm=3,
            bold=True,
            upright=Upright.MIDDLE,
            overflow=Overflow.REFUSE,
        ),
        rule_right(left),
        Text(
            field="service",
            box=right.inset(1.5, 1),
            paragraphs=(service,),
            size_mm=5,
            smallest_mm=2,
            bold=True,
            align=Align.CENTRE,
            upright=Upright.MIDDLE,
            overflow=Overflow.REFUSE,
        ),
        rule_below(row),
    ]


def _tracking_row(row: Box, tracking_number: str) -> list[Element]:
    inside = Box(row.left, row.top + 1.5, row.width, row.height - 2.5)
    return [
        *barcode_with_line(
            inside,
            field="tracking_number",
            symbology=Symbology.CODE_128,
            content=tracking_number,
        ),
        rule_below(row),
    ]


def _facts_row(row: Box, label: ShippingLabel, words: Words) -> list[Element]:
    order, parcel, weight = row.columns(0, row.width * 0.22, row.width * 0.26)
    parcel_of = words.parcel_of.format(number=label.parcel_number, count=label.parcel_count)
    return [
        *captioned(order, words.order, field="order_number", text=label.order_number, size_mm=3.6),
        rule_right(order),
        *captioned(
            parcel.inset(1, 0), words.parcel, field="parcel_number", text=parcel_of, size_mm=3.6
        ),
        rule_right(parcel),
        *captioned(
            weight.inset(1, 0),
            words.weight,
            field="weight_grams",
            text=kilograms(label.weight_grams),
            size_mm=3.6,
        ),
        rule_below(row),
    ]


def _note_row(row: Box, note: str) -> list[Element]:
    return [
        Text(
            field="printed_note",
            box=row.inset(0, 0.6),
            paragraphs=(note,),
            size_mm=2.8,
            smallest_mm=1.6,
            upright=Upright.MIDDLE,
        ),
        rule_below(row),
    ]


def _sscc_row(row: Box, sscc: str) -> list[Element]:
    inside = Box(row.left, row.top + 1, row.width, row.height - 1)
    try:
        content = barcodes.sscc_element_string(sscc)
    except barcodes.BarcodeRefused as refusal:
        return [Refused(BadBarcode(field="sscc", content=sscc, reason=str(refusal)))]
    line = f"(00) {sscc[:1]} {sscc[1:8]} {sscc[8:17]} {sscc[17:]}"
    return barcode_with_line(
        inside, field="sscc", symbology=Symbology.GS1_128, content=content, line=line
    )


def _big_word(box: Box, word: str) -> Text:
    return Text(
        field="words",
        box=box,
        paragraphs=(word,),
        size_mm=7,
        smallest_mm=2,
        bold=True,
        align=Align.CENTRE,
        upright=Upright.MIDDLE,
    )
