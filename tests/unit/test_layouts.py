"""A layout out of a file is understood whole, or every row that is wrong is named."""

from __future__ import annotations

import pytest

from fulfillment.domain.imports import FileRow, understand
from fulfillment.domain.layouts import Drawing, outside_faults, read_drawing

HEADING = ("kind", "code", "aisle", "cross_aisle", "x_metres", "y_metres")
FLOOR = """\
aisle,,0,,0,
aisle,,1,,3.5,
cross-aisle,,,0,,0
cross-aisle,,,1,,20
depot,,1,0,,
"""


def read(text: str) -> tuple[Drawing | None, list[tuple[int, str, str]]]:
    """The drawing of the rows *text* below the heading, and (row, column, code) of the faults."""
    rows = [
        FileRow(number, tuple(line.split(",")))
        for number, line in enumerate(text.strip().split("\n"), start=2)
    ]
    found = understand("layout", HEADING, rows)
    assert not found.faults
    drawing, faults = read_drawing(found.rows)
    return drawing, [(fault.row, fault.column, fault.code) for fault in faults]


def test_a_file_draws_aisles_cross_aisles_depot_and_bins() -> None:
    drawing, faults = read(FLOOR + "bin,A-1,1,,4.0,7.5\n")
    assert drawing is not None, faults
    assert drawing.layout == {
        "aisles": 2,
        "aisle_x": [0.0, 3.5],
        "cross_y": [0.0, 20.0],
        "depot": [1, 0],
    }
    assert [row.fields["code"] for row in drawing.bins] == ["A-1"]
    assert list(outside_faults(drawing.layout, drawing.bins)) == []


def test_a_file_of_bins_alone_leaves_the_layout_as_it_is() -> None:
    drawing, _ = read("bin,A-1,1,,,7.5\n")
    assert drawing is not None
    assert drawing.layout is None


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("aisle,,1,,9,", (7, "aisle", "repeated-key")),
        ("aisle,,3,,9,", (7, "aisle", "number-left-out")),
        ("aisle,,2,,3.5,", (1, "", "not-increasing")),
        ("cross-aisle,,,2,,", (7, "y_metres", "required")),
        ("depot,,0,0,,", (7, "aisle", "repeated-key")),
        ("bin,,1,,,3", (7, "code", "required")),
        ("bin,A,1,,,", (7, "y_metres", "required")),
    ],
)
def test_a_row_that_is_wrong_is_named(more: str, fault: tuple[int, str, str]) -> None:
    drawing, faults = read(FLOOR + more)
    assert drawing is None
    assert faults == [fault]


def test_a_depot_that_is_no_crossing_is_named() -> None:
    _, faults = read(FLOOR.replace("depot,,1,0", "depot,,7,0"))
    assert faults == [(6, "", "no-such-aisle")]


def test_a_floor_without_a_depot_is_refused() -> None:
    _, faults = read(FLOOR.replace("depot,,1,0,,\n", ""))
    assert faults == [(1, "depot", "missing-row")]


def test_a_bin_beyond_its_aisle_is_named() -> None:
    drawing, _ = read(FLOOR + "bin,A-1,1,,,20.5\nbin,A-2,2,,,3\nbin,A-3,0,,,20\n")
    assert drawing is not None
    faults = [(f.row, f.column, f.code) for f in outside_faults(drawing.layout, drawing.bins)]
    assert faults == [(7, "y_metres", "position-outside-aisle"), (8, "aisle", "no-such-aisle")]
    assert [fault.code for fault in outside_faults(None, drawing.bins)] == ["no-layout"] * 3
