"""The shipping label: both barcodes read back, every word is in the text layer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labels import PAPERS, ShippingLabel, UnprintableDocument, render_pdf
from tests.labels.reading import pictures, read_by_zbar, read_by_zxing, text_of
from tests.labels.samples import SHIPPING


@pytest.mark.parametrize("paper", ["100x150", "4x6in"])
@pytest.mark.parametrize("dpi", [203, 300])
def test_both_barcodes_are_read_by_two_decoders(paper: str, dpi: int) -> None:
    size = replace(PAPERS[paper], dpi=dpi)
    (picture,) = pictures(render_pdf(SHIPPING, paper=size), dpi=dpi)
    assert read_by_zxing(picture) == {
        ("]C0", b"HG123456785TW"),
        ("]C1", b"00340123450000000000"),
    }
    assert read_by_zbar(picture) == {b"HG123456785TW", b"00340123450000000000"}


def test_every_word_of_the_label_is_in_the_text_layer() -> None:
    text = text_of(render_pdf(SHIPPING))
    for words in (
        "信義門市收貨組",
        "永豐貿易股份有限公司",
        "信義路五段7號 89樓",
        "11049 台北市",
        "TPE-07-B",
        "Express 24 h",
        "1 / 2",
        "1.24 kg",
        "1042",
        "易碎 Fragile",
        "(00) 3 4012345 000000000 0",
    ):
        assert words in text


def test_the_same_label_gives_the_same_bytes() -> None:
    assert render_pdf(SHIPPING) == render_pdf(SHIPPING)


@pytest.mark.parametrize(
    ("label", "field"),
    [
        (replace(SHIPPING, sscc="340123450000000001"), "sscc"),
        (replace(SHIPPING, sscc="34012345"), "sscc"),
        (replace(SHIPPING, tracking_number=""), "tracking_number"),
        (replace(SHIPPING, tracking_number="追蹤"), "tracking_number"),
        (replace(SHIPPING, routing_text="😀"), "routing_text"),
        (replace(SHIPPING, routing_text="R" * 3000), "routing_text"),
    ],
)
def test_a_field_that_cannot_be_printed_is_named(label: ShippingLabel, field: str) -> None:
    with pytest.raises(UnprintableDocument) as refusal:
        render_pdf(label)
    assert field in {problem.field for problem in refusal.value.problems}
