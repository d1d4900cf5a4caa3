"""Reading files: rows, numbers, encodings and limits, without a database."""

from __future__ import annotations

import io
from dataclasses import dataclass

import openpyxl
import pytest

from fulfillment.channels import files
from fulfillment.channels.files import ENCODINGS
from fulfillment.domain.errors import EncodingNeeded, FileUnreadable
from fulfillment.domain.imports import COLUMNS, FileRow, RowFault, understand


def a_workbook(*rows: tuple[object, ...]) -> bytes:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.worksheets[0].append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


@dataclass(frozen=True)
class Whole:
    encoding: str
    heading: tuple[str, ...]
    rows: tuple[FileRow, ...]
    faults: tuple[RowFault, ...]


def read_table(content: bytes, encoding: str | None = None) -> Whole:
    """The table read to its end."""
    table = files.read_table(content, encoding=encoding)
    read = list(table.rows)
    return Whole(
        table.encoding,
        table.heading,
        tuple(row for row in read if isinstance(row, FileRow)),
        tuple(row for row in read if isinstance(row, RowFault)),
    )


def test_empty_lines_are_left_out_and_keep_their_numbers() -> None:
    table = read_table(b"sku,name\n\nA,B\n,\nC,D\n")
    assert table.rows == (FileRow(3, ("A", "B")), FileRow(5, ("C", "D")))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_one(end: str) -> None:
    table = read_table(end.join(["sku,name", "A,B", "C,D", ""]).encode())
    assert [row.cells for row in table.rows] == [("A", "B"), ("C", "D")]


def test_empty_columns_at_the_end_are_no_columns() -> None:
    table = read_table(b"sku,name,,\nA,B,,\nC,D\nE,F,,x\n")
    assert table.heading == ("sku", "name")
    assert [row.cells for row in table.rows] == [("A", "B"), ("C", "D"), ("E", "F", "", "x")]


@pytest.mark.parametrize("said", ["utf-8", "big5", "gb18030", "utf-16-le"])
def test_a_byte_order_mark_beats_what_was_said(said: str) -> None:
    table = read_table("sku,name\nA,蘋果\n".encode("utf-8-sig"), encoding=said)
    assert (table.encoding, table.rows[0].cells) == ("utf-8-sig", ("A", "蘋果"))


def test_ascii_needs_no_answer() -> None:
    assert read_table(b"sku\nA\n").encoding == "utf-8"


def test_utf_16_without_a_mark_is_asked_about_even_if_it_was_said() -> None:
    with pytest.raises(EncodingNeeded) as question:
        read_table("sku\n蘋果\n".encode("utf-16-le"), encoding="utf-16")
    previews = {preview.encoding: preview.lines for preview in question.value.previews}
    assert previews["utf-16-le"] == ("蘋果",)


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_every_encoding_that_is_offered_can_be_said(name: str) -> None:
    codec = {"utf-8-sig": "utf-8-sig", "utf-16": "utf-16"}.get(name, ENCODINGS[name])
    table = read_table("sku,name\nA,蘋果\n".encode(codec), encoding=name)
    assert table.rows[0].cells == ("A", "蘋果")


def test_numbers_of_a_sheet_are_written_as_people_write_them() -> None:
    table = read_table(
        a_workbook(("sku", "name", "weight_grams"), (5012345678900, 6.0, 2.5), ("007", True, None))
    )
    assert table.rows[0].cells == ("5012345678900", "6", "2.5")
    assert table.rows[1].cells == ("007", "true", "")


def test_a_formula_is_named_by_its_column() -> None:
    table = read_table(a_workbook(("SKU", "Name"), ("A", "=1+1")))
    assert table.faults == (RowFault(2, "name", "formula", "=1+1"),)
    assert table.rows == ()


def test_a_bomb_is_put_away_before_it_is_parsed() -> None:
    content = a_workbook(("sku",), *((" " * 32_000,) for _ in range(400)))
    assert len(content) < 200_000
    with pytest.raises(FileUnreadable, match="packed-too-tightly"):
        read_table(content)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("6", 6), ("6.0", 6), ("6.00", 6), ("+6", 6), ("006", 6)],
)
def test_whole_numbers_are_read_as_spreadsheets_write_them(cell: str, value: int) -> None:
    found = understand("products", ("sku", "weight_grams"), [FileRow(2, ("A", cell))])
    assert found.rows[0].fields == {"sku": "A", "weight_grams": value}


@pytest.mark.parametrize(
    "cell", ["1e3", "6.5", "1,000", "0x10", "٦", "６", "6.", ".6", "--6", "6 0", "NaN", "9" * 30]
)
def test_nothing_else_is_a_whole_number(cell: str) -> None:
    found = understand("products", ("sku", "weight_grams"), [FileRow(2, ("A", cell))])
    assert [(fault.row, fault.column) for fault in found.faults] == [(2, "weight_grams")]


def test_headings_are_compared_without_case_and_blanks() -> None:
    found = understand("barcodes", (" SKU", "Code "), [FileRow(2, ("A", "B"))])
    assert found.rows[0].fields == {"sku": "A", "code": "B"}


def test_unknown_and_missing_columns_are_all_reported() -> None:
    found = understand("stock", ("sku", "shelf", "qty"), [])
    assert [(fault.column, fault.code) for fault in found.faults] == [
        ("shelf", "unknown-column"),
        ("qty", "unknown-column"),
        ("bin", "missing-column"),
        ("quantity", "missing-column"),
    ]


def test_every_kind_of_file_names_what_it_needs() -> None:
    needed = {kind: [c.name for c in columns if c.required] for kind, columns in COLUMNS.items()}
    assert needed == {
        "products": ["sku"],
        "barcodes": ["sku", "code"],
        "bins": ["warehouse", "code"],
        "stock": ["sku", "bin", "quantity"],
        "orders": ["reference", "sku", "quantity"],
    }
