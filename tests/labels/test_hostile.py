"""No value of a field can change the label around it: it is printed inside its box or refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from labels import ProductLabel, ShippingLabel, problems_of, render_pdf, render_zpl
from tests.labels.hostile import hostile_values
from tests.labels.placing import dots_outside_boxes, placed
from tests.labels.reading import pictures, read_by_zxing
from tests.labels.samples import PICK_LIST, RECEIVER, SHIPPING
from tests.labels.zpl_reading import commands, fields, for_renderer
from tests.labels.zpl_rendering import ZplRenderer

VALUES = hostile_values(200)
FIELDS = (
    "receiver.name",
    "receiver",
    "sender",
    "routing_text",
    "service",
    "order_number",
    "printed_note",
)
TEXT_COMMANDS = {"FO", "A0", "FB", "FH", "FD", "GF", "FS"}
BOTH_CODES = {("]C0", b"HG123456785TW"), ("]C1", b"00340123450000000000")}


def with_hostile(field: str, value: str) -> ShippingLabel:
    if field == "receiver.name":
        return replace(SHIPPING, receiver=replace(RECEIVER, name=value))
    if field == "receiver":
        return replace(SHIPPING, receiver=replace(RECEIVER, lines=(value, value)))
    if field == "sender":
        return replace(SHIPPING, sender=replace(SHIPPING.sender, city=value))
    return replace(SHIPPING, **{field: value})


def frame_of(zpl: bytes) -> Counter[tuple[str, bytes]]:
    """The commands that are not text: they may not depend on what a field says."""
    frame: Counter[tuple[str, bytes]] = Counter()
    for command in commands(zpl):
        if command.name not in TEXT_COMMANDS:
            frame[command.name, command.rest] += 1
    return frame


def test_there_are_two_hundred_different_values() -> None:
    assert len(set(VALUES)) == 200


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_a_hostile_value_is_printed_inside_its_box_or_refused_by_name(start: int) -> None:
    expected_frame = frame_of(render_zpl(SHIPPING))
    printed = 0
    for number, value in enumerate(VALUES[start : start + 20], start=start):
        field = FIELDS[number % len(FIELDS)]
        label = with_hostile(field, value)
        problems = problems_of(label)
        if problems:
            assert {problem.field for problem in problems} == {field}
            continue
        printed += 1
        (page,) = placed(label, dpi=203)
        (picture,) = pictures(render_pdf(label))
        assert dots_outside_boxes(picture, page) == 0
        assert read_by_zxing(picture) == BOTH_CODES
        zpl = render_zpl(label)
        assert frame_of(zpl) == expected_frame
        _check_text_fields(zpl)
    assert printed >= 5


def _check_text_fields(zpl: bytes) -> None:
    for field in fields(zpl):
        if field.names == ("GF",):
            assert field.picture is not None
            height, width = field.picture.shape
            assert field.x >= 0
            assert field.y >= 0
            assert field.x + width <= 800 + 8  # rows are padded to whole bytes
            assert field.y + height <= 1200
        elif "A0" in field.names:
            assert field.names == ("A0", "FB", "FH", "FD")


@pytest.mark.parametrize("value", ["^XZ~JR_5EXZ", "\\&\\&", "W" * 500, "A\x1bB\r\n^FS^FD"])
def test_another_program_sees_one_whole_label_too(value: str, zpl_renderer: ZplRenderer) -> None:
    label = with_hostile("printed_note", value)
    zpl = for_renderer(render_zpl(label))
    picture = zpl_renderer.picture(zpl, width_mm=100, height_mm=150, dpi=203)
    (page,) = placed(label, dpi=203)
    assert dots_outside_boxes(picture, page) == 0
    assert read_by_zxing(picture) == BOTH_CODES


@pytest.mark.parametrize("value", VALUES[::7])
def test_a_hostile_value_in_a_barcode_is_refused_or_read_back_whole(value: str) -> None:
    label = replace(SHIPPING, tracking_number=value)
    problems = problems_of(label)
    if problems:
        assert {problem.field for problem in problems} == {"tracking_number"}
        return
    (picture,) = pictures(render_pdf(label))
    assert ("]C0", value.encode()) in read_by_zxing(picture)
    assert frame_of(render_zpl(label)).keys() >= {("XA", b""), ("XZ", b"")}


@pytest.mark.parametrize("value", VALUES[::9])
def test_a_hostile_product_name_leaves_a_pick_list_its_pages(value: str) -> None:
    stops = tuple(replace(stop, product_name=value) for stop in PICK_LIST.stops)
    hostile = replace(PICK_LIST, stops=stops)
    if problems := problems_of(hostile):
        assert {problem.field for problem in problems} == {"product_name"}
        return
    (first, *others) = placed(hostile, dpi=300)
    assert len(others) == len(placed(PICK_LIST, dpi=300)) - 1
    picture = next(pictures(render_pdf(hostile), dpi=300))
    assert dots_outside_boxes(picture, first) == 0


def test_what_cannot_be_printed_is_reported_with_its_characters() -> None:
    label = ProductLabel(sku="MUG-1", product_name="𠮷野家 😀 mug", barcode="MUG-1")
    (problem,) = problems_of(label)
    assert problem.code == "unknown-characters"
    assert problem.field == "product_name"
    assert str(problem) == "product_name: no font draws U+20BB7, U+1F600"
