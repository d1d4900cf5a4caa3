"""200 generated shipments in 10 scripts: barcodes decode, the text layer says the address."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import numpy as np
import pytest

from labels import LABEL_100X150, render_pdf, render_zpl
from tests.labels.reading import pictures, read_by_zbar, read_by_zxing, text_of
from tests.labels.shipments import SCRIPTS, Script, Shipment, shipments
from tests.labels.zpl_reading import fields

SHIPMENTS = shipments(200)


def of_script(script: Script) -> list[Shipment]:
    return [shipment for shipment in SHIPMENTS if shipment.script is script]


def by_name(script: Script) -> str:
    return script.name


def joined(text: str) -> str:
    """The text without white space: where pdfminer sees a gap is its own affair."""
    return "".join(unicodedata.normalize("NFC", text).split())


@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_both_decoders_read_both_barcodes_of_every_shipment(script: Script) -> None:
    found = of_script(script)
    assert len(found) == 20
    pages = pictures(render_pdf([shipment.label for shipment in found]))
    for shipment, picture in zip(found, pages, strict=True):
        tracking = shipment.label.tracking_number.encode()
        sscc = b"00" + shipment.label.sscc.encode()
        assert read_by_zxing(picture) == {("]C0", tracking), ("]C1", sscc)}
        assert read_by_zbar(picture) == {tracking, sscc}


@pytest.mark.parametrize(
    "script", [script for script in SCRIPTS if not script.right_to_left], ids=by_name
)
def test_the_text_layer_says_every_line_of_the_address(script: Script) -> None:
    for shipment in of_script(script):
        said = joined(text_of(render_pdf(shipment.label)))
        receiver = shipment.label.receiver
        for line in (receiver.name, receiver.company, *receiver.lines, receiver.city,
                     receiver.postcode, receiver.country, receiver.phone,
                     shipment.label.printed_note):  # fmt: skip
            assert joined(line) in said


@pytest.mark.parametrize(
    "script", [script for script in SCRIPTS if script.right_to_left], ids=by_name
)
def test_a_right_to_left_text_layer_holds_every_word_from_right_to_left(script: Script) -> None:
    for shipment in of_script(script):
        said = text_of(render_pdf(shipment.label))
        receiver = shipment.label.receiver
        for line in (receiver.name, *receiver.lines, receiver.city, receiver.country):
            words = line.split()
            assert all((word if word.isdigit() else word[::-1]) in said for word in words)
            places = [said.find(word if word.isdigit() else word[::-1]) for word in words]
            assert -1 not in places
            assert " ".join(w if w.isdigit() else w[::-1] for w in reversed(words)) in said


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("script", SCRIPTS, ids=by_name)
def test_the_bitmaps_for_the_label_printer_show_what_the_pdf_shows(
    script: Script, dpi: int
) -> None:
    paper = replace(LABEL_100X150, dpi=dpi)
    for shipment in of_script(script)[:6]:
        (page,) = pictures(render_pdf(shipment.label, paper=paper), dpi=dpi)
        bitmaps = [
            field for field in fields(render_zpl(shipment.label, dpi=dpi)) if "GF" in field.names
        ]
        assert bitmaps
        for field in bitmaps:
            assert field.picture is not None
            height, width = field.picture.shape
            shown = page[field.y : field.y + height, field.x : field.x + width]
            assert shown.shape == field.picture.shape
            assert _near(field.picture < 128, shown < 200) > 0.97
            assert _near(shown < 90, field.picture < 128) > 0.97


def _near(dots: np.ndarray, others: np.ndarray) -> float:
    """Share of the dots that have one of the others within two dots."""
    grown = np.zeros_like(others)
    padded = np.pad(others, 2)
    for down in range(5):
        for across in range(5):
            grown |= padded[down : down + others.shape[0], across : across + others.shape[1]]
    return float((dots & grown).sum() / max(1, dots.sum()))
