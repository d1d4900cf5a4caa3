"""Code 128 in the fewest characters, check digits, module widths in whole dots."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
import zxingcpp
from barcode.codex import Code128

from labels import LABEL_4X6_INCH, LABEL_100X150, Symbology
from labels.barcodes import (
    X_RULES,
    BarcodeRefused,
    Bars,
    Matrix,
    draw,
    module_dots,
    shortest_code_words,
    sscc_element_string,
)
from labels.zpl import invocations
from tests.labels.placing import placed
from tests.labels.samples import CASE, DOCUMENTS, SHIPPING
from tests.labels.zpl_reading import code_128_words


def texts(count: int) -> list[str]:
    chance = random.Random(128)
    alphabet = "0123456789" * 3 + "ABCxyz-->^~"
    return ["".join(chance.choices(alphabet, k=chance.randint(1, 18))) for _ in range(count)]


@cache
def fewest(text: str, subset: str) -> int:
    """Characters for ``text`` from a subset on, by trying everything."""
    if not text:
        return 0
    choices = []
    if subset == "B":
        choices.append(1 + fewest(text[1:], "B"))
        if text[:2].isdigit() and len(text) > 1:
            choices.append(2 + fewest(text[2:], "C"))
    else:
        choices.append(2 + fewest(text[1:], "B"))
        if text[:2].isdigit() and len(text) > 1:
            choices.append(1 + fewest(text[2:], "C"))
    return min(choices)


def read_modules(runs: tuple[int, ...]) -> list[tuple[str, str]]:
    """What zxing-cpp reads from bars drawn three dots a module."""
    row = [255] * 60
    for index, run in enumerate(runs):
        row += [255 if index % 2 else 0] * run * 3
    picture = np.tile(np.array(row + [255] * 60, dtype=np.uint8), (60, 1))
    return [(found.text, found.symbology_identifier) for found in zxingcpp.read_barcodes(picture)]


def test_no_encoding_is_shorter_than_ours() -> None:
    for text in texts(1500):
        best = 1 + min(fewest(text, "B"), fewest(text, "C"))
        assert len(shortest_code_words(text)) == best, text


def test_random_code_128_reads_back() -> None:
    for text in texts(300):
        symbol = draw(Symbology.CODE_128, text)
        assert isinstance(symbol, Bars)
        assert read_modules(symbol.runs) == [(text, "]C0")]


def test_the_printer_is_told_the_very_characters_that_were_measured() -> None:
    for text in texts(1500):
        symbol = draw(Symbology.CODE_128, text)
        assert isinstance(symbol, Bars)
        words, content = code_128_words(invocations(symbol))
        assert tuple(words) == symbol.code_words
        assert content == text


def test_python_barcode_is_longer_on_some_texts_and_loses_digits_on_others() -> None:
    """Why its tables are used and its choice of subsets is not (seen in version 0.16.1)."""
    assert len(Code128("AB12345").encoded) == 1 + len(shortest_code_words("AB12345"))
    lost = Code128("997269").build()[0]
    runs = tuple(len(run) for run in lost.replace("10", "1 0").replace("01", "0 1").split())
    assert read_modules(runs) == [("7269", "]C0")]
    ours = draw(Symbology.CODE_128, "997269")
    assert isinstance(ours, Bars)
    assert read_modules(ours.runs) == [("997269", "]C0")]


@pytest.mark.parametrize(
    ("symbology", "content", "reason"),
    [
        (Symbology.CODE_128, "", "empty"),
        (Symbology.CODE_128, "A" * 81, "longer than 80"),
        (Symbology.CODE_128, "TOTE\n1", "printable ASCII"),
        (Symbology.CODE_128, "箱1", "printable ASCII"),
        (Symbology.QR, "箱1", "printable ASCII"),
        (Symbology.DATA_MATRIX, "\x1d1", "printable ASCII"),
        (Symbology.EAN_13, "4006381333932", "check digit"),
        (Symbology.EAN_13, "400638133393", "13 digits"),
        (Symbology.EAN_13, "٤006381333931", "13 digits"),
        (Symbology.ITF_14, "14006381333930", "check digit"),
        (Symbology.GS1_128, "00340123450000000001", "element string"),
        (Symbology.GS1_DATA_MATRIX, "0109506000134353", "element string"),
        (Symbology.GS1_128, "10" + "A" * 20 + "\x1d21" + "B" * 20 + "\x1d240C", "48 characters"),
    ],
)
def test_content_that_cannot_be_the_symbol_is_refused_with_the_reason(
    symbology: Symbology, content: str, reason: str
) -> None:
    with pytest.raises(BarcodeRefused, match=reason):
        draw(symbology, content)


@pytest.mark.parametrize(
    "sscc", ["", "34012345000000000", "340123450000000001", "34012345000000000X"]
)
def test_an_sscc_must_be_eighteen_digits_with_the_right_check_digit(sscc: str) -> None:
    with pytest.raises(BarcodeRefused):
        sscc_element_string(sscc)


@pytest.mark.parametrize("dpi", [203, 300])
def test_modules_are_whole_dots_within_the_gs1_limits_and_quiet_zones_are_kept(dpi: int) -> None:
    dot_mm = 25.4 / dpi
    on_rolls = [(document, None) for document in DOCUMENTS]
    for document, paper in [*on_rolls, (CASE, LABEL_100X150), (SHIPPING, LABEL_4X6_INCH)]:
        for symbol in placed(document, paper=paper, dpi=dpi)[0].symbols:
            rule = symbol.symbol.rule
            if isinstance(symbol.symbol, Matrix):
                module_mm = symbol.module_dots * dot_mm
                width = len(symbol.symbol.rows[0]) * module_mm
            else:
                module_mm = symbol.unit_dots * symbol.symbol.units_per_x * dot_mm
                width = symbol.symbol.width_x * module_mm
                assert symbol.height_dots * dot_mm >= rule.height_mm - dot_mm
            assert rule.smallest_mm - 1e-9 <= module_mm <= rule.largest_mm + 1e-9
            left = symbol.x_dots * dot_mm
            assert left - rule.quiet_before * module_mm >= symbol.box.left - dot_mm
            assert left + width + rule.quiet_after * module_mm <= symbol.box.right + dot_mm


def test_the_sscc_of_a_small_label_is_still_a_logistic_symbol() -> None:
    """GS1 asks for X of at least 0.495 mm and bars of 31.75 mm on a transport label."""
    for dpi, dots in ((203, 4), (300, 6)):
        (page,) = placed(SHIPPING, dpi=dpi)
        (sscc,) = (s for s in page.symbols if s.symbol.symbology is Symbology.GS1_128)
        assert not isinstance(sscc.symbol, Matrix)
        assert sscc.unit_dots == dots
        assert sscc.height_dots * 25.4 / dpi >= 31.6


def test_a_symbol_too_wide_for_its_room_is_refused() -> None:
    with pytest.raises(BarcodeRefused, match="room is 40 mm"):
        module_dots(X_RULES[Symbology.GS1_128], total_x=176, room_mm=40, dpi=203, even=False)
