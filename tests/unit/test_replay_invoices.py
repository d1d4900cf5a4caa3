import gzip
import lzma
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.replay.invoices import (
    COLUMNS,
    KEPT_FAULTS,
    OPEN_INVOICES,
    BrokenRow,
    Invoice,
    InvoiceLine,
    InvoiceReader,
    ReadCounts,
    RetailFileError,
    Row,
    RowFault,
    file_rows,
)


def a_row(**cells: str) -> Row:
    """A goods row as the file writes it, with some cells of its own."""
    return {
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": "6.0",
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": "2.55",
        "CustomerID": "17850.0",
        "Country": "United Kingdom",
    } | cells


def read(*rows: Row | BrokenRow, limit: int | None = None) -> tuple[list[Invoice], ReadCounts]:
    reader = InvoiceReader(rows, limit=limit)
    invoices = list(reader)
    assert reader.counts.balanced
    return invoices, reader.counts


def csv_text(*rows: Row) -> str:
    lines = [",".join(COLUMNS)]
    lines += [",".join(f'"{row[column]}"' for column in COLUMNS) for row in rows]
    return "\r\n".join(lines) + "\r\n"


def test_a_goods_row_becomes_a_line_with_whole_numbers_pence_and_utc() -> None:
    invoices, counts = read(a_row())
    assert invoices == [
        Invoice(
            number="536365",
            placed_at=datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
            customer="17850",
            country="United Kingdom",
            lines=(InvoiceLine("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6, 255),),
        )
    ]
    assert counts == ReadCounts(1, 1, {}, 0, ())


def test_half_a_penny_is_rounded_up() -> None:
    [invoice], _ = read(a_row(UnitPrice="1.005"))
    assert invoice.lines[0].unit_price_minor == 101


def test_summer_times_of_the_uk_are_an_hour_ahead_of_utc() -> None:
    [invoice], _ = read(a_row(InvoiceDate="2011-07-01 08:26:00"))
    assert invoice.placed_at == datetime(2011, 7, 1, 7, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reason", "cells"),
    [
        ("cancellation-invoice", {"InvoiceNo": "C536379", "Quantity": "-1.0"}),
        ("cancellation-invoice", {"InvoiceNo": "c536379", "StockCode": "D"}),
        ("accounting-entry", {"InvoiceNo": "A563185", "StockCode": "B"}),
        ("accounting-entry", {"UnitPrice": "-11062.06"}),
        ("postage-or-carriage", {"StockCode": "POST"}),
        ("postage-or-carriage", {"StockCode": "23444", "Description": "Next Day Carriage"}),
        ("fee-or-commission", {"StockCode": "AMAZONFEE"}),
        ("fee-or-commission", {"StockCode": "BANK  CHARGES"}),
        ("discount", {"StockCode": "D"}),
        ("manual-entry", {"StockCode": "m"}),
        ("sample", {"StockCode": "S"}),
        ("gift-voucher", {"StockCode": "gift_0001_20"}),
        ("not-a-thing", {"StockCode": "PADS", "UnitPrice": "0.001"}),
        ("test-row", {"Description": "Test"}),
        ("write-off", {"Quantity": "-12.0", "UnitPrice": "0.0", "CustomerID": ""}),
        ("bad-quantity", {"Quantity": "0.0"}),
        ("bad-quantity", {"Quantity": "1.5"}),
        ("bad-quantity", {"Quantity": "1000001"}),
        ("stock-adjustment", {"UnitPrice": "0.0", "CustomerID": "", "Description": "found"}),
        ("stock-adjustment", {"UnitPrice": "0.0", "CustomerID": "", "Description": ""}),
    ],
)
def test_a_row_that_is_no_goods_is_left_out_with_its_reason(
    reason: str, cells: dict[str, str]
) -> None:
    invoices, counts = read(a_row(**cells))
    assert invoices == []
    assert counts.rows_left_out == {reason: 1}
    assert counts.faults == ()


@pytest.mark.parametrize(
    ("column", "fault", "text"),
    [
        ("InvoiceNo", "missing", " "),
        ("StockCode", "missing", ""),
        ("StockCode", "too-long", "8" * 33),
        ("Description", "too-long", "X" * 201),
        ("Description", "not-utf-8", "CAF\N{REPLACEMENT CHARACTER}"),
        ("Description", "control-character", "A\x00B"),
        ("Quantity", "not-a-number", "six"),
        ("Quantity", "not-a-number", "nan"),
        ("Quantity", "not-a-number", "1_000"),
        ("Quantity", "not-a-number", "٦"),
        ("Quantity", "missing", ""),
        ("UnitPrice", "not-a-number", "1e999"),
        ("UnitPrice", "too-great", "99999999999"),
        ("InvoiceDate", "not-a-time", "2011-02-30 08:00:00"),
        ("InvoiceDate", "not-a-time", "0001-01-01 00:00:00+14:00"),
        ("InvoiceDate", "missing", ""),
    ],
)
def test_an_unreadable_cell_is_reported_with_row_column_and_fault(
    column: str, fault: str, text: str
) -> None:
    invoices, counts = read(a_row(), a_row(**{column: text}), a_row())
    assert [len(invoice.lines) for invoice in invoices] == [2]
    assert counts.rows_left_out == {"unreadable-row": 1}
    assert counts.faults == (RowFault(3, column, fault),)


def test_a_row_without_one_of_its_columns_is_unreadable() -> None:
    row = dict(a_row())
    del row["Country"]
    _, counts = read(row)
    assert counts.faults == (RowFault(2, "Country", "missing"),)


def test_every_unreadable_row_is_counted_but_only_the_first_are_kept() -> None:
    _, counts = read(*[BrokenRow("cell-count")] * (KEPT_FAULTS + 50))
    assert counts.rows_left_out == {"unreadable-row": KEPT_FAULTS + 50}
    assert len(counts.faults) == KEPT_FAULTS


def test_stock_codes_in_mixed_case_are_one_product_and_the_merge_is_counted() -> None:
    [invoice], counts = read(
        a_row(StockCode="85123a"), a_row(StockCode="85123A"), a_row(StockCode="22423")
    )
    assert [line.stock_code for line in invoice.lines] == ["85123A", "85123A", "22423"]
    assert counts.merged_stock_codes == 1


def test_the_same_goods_twice_on_an_invoice_stay_two_lines() -> None:
    [invoice], _ = read(a_row(Quantity="6.0"), a_row(Quantity="2.0"))
    assert [line.quantity for line in invoice.lines] == [6, 2]
    assert invoice.units == 8


def test_an_order_without_a_customer_is_a_guest_named_after_the_invoice() -> None:
    [invoice], _ = read(a_row(CustomerID=""))
    assert invoice.customer == "GUEST-536365"


def test_goods_without_a_description_are_named_by_their_stock_code() -> None:
    [invoice], _ = read(a_row(Description=" "))
    assert invoice.lines[0].description == "Item 85123A"


def test_free_goods_on_a_charged_invoice_are_goods() -> None:
    free = a_row(StockCode="22423", UnitPrice="0.0", CustomerID="")
    [invoice], _ = read(free, a_row(CustomerID=""))
    assert [line.unit_price_minor for line in invoice.lines] == [0, 255]


def test_free_goods_with_only_postage_charged_are_goods() -> None:
    free = a_row(UnitPrice="0.0", CustomerID="")
    [invoice], counts = read(free, a_row(StockCode="DOT", CustomerID=""))
    assert [line.stock_code for line in invoice.lines] == ["85123A"]
    assert counts.rows_left_out == {"postage-or-carriage": 1}


def test_free_goods_for_a_known_customer_are_goods() -> None:
    [invoice], _ = read(a_row(UnitPrice="0.0"))
    assert invoice.units == 6


def test_an_invoice_of_fees_alone_is_no_order() -> None:
    invoices, counts = read(a_row(StockCode="POST"), a_row(StockCode="M"))
    assert invoices == []
    assert counts.goods_rows == 0


def test_a_cancellation_between_the_rows_of_an_invoice_does_not_cut_it() -> None:
    [invoice], _ = read(a_row(), a_row(InvoiceNo="C536364", Quantity="-1.0"), a_row())
    assert len(invoice.lines) == 2


def test_an_order_is_placed_at_the_earliest_time_of_its_rows() -> None:
    [invoice], _ = read(
        a_row(InvoiceDate="2010-12-01 08:27:00"),
        a_row(InvoiceDate="2010-12-01 08:26:00"),
        a_row(InvoiceDate="2010-12-01 08:28:00"),
    )
    assert invoice.placed_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def test_invoices_come_in_the_order_of_their_first_rows() -> None:
    numbers = [str(n) for n in range(900, 900 - 3 * OPEN_INVOICES, -1)]
    invoices, _ = read(*(a_row(InvoiceNo=number) for number in numbers))
    assert [invoice.number for invoice in invoices] == numbers


def test_a_row_that_comes_long_after_its_invoice_is_counted_and_not_a_second_order() -> None:
    between = [a_row(InvoiceNo=str(n)) for n in range(OPEN_INVOICES + 1)]
    invoices, counts = read(a_row(), *between, a_row())
    assert [invoice.number for invoice in invoices].count("536365") == 1
    assert counts.rows_left_out == {"invoice-already-closed": 1}


def test_a_limit_takes_the_first_orders_and_counts_the_rows_read_beyond_them() -> None:
    rows = [a_row(InvoiceNo=str(n)) for n in range(100)]
    invoices, counts = read(*rows, limit=10)
    assert [invoice.number for invoice in invoices] == [str(n) for n in range(10)]
    assert counts.goods_rows == 10
    assert counts.rows_left_out == {"beyond-orders-asked": OPEN_INVOICES}


def test_a_limit_reads_no_more_of_the_file_than_it_needs() -> None:
    def rows() -> Iterator[Row]:
        for n in range(1 + OPEN_INVOICES):
            yield a_row(InvoiceNo=str(n))
        raise AssertionError("read on")

    assert len(list(InvoiceReader(rows(), limit=1))) == 1


def test_a_limit_greater_than_the_file_takes_all() -> None:
    invoices, counts = read(a_row(), limit=5)
    assert len(invoices) == 1
    assert counts.rows_left_out == {}


def test_a_limit_of_none_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        InvoiceReader([], limit=0)


@pytest.mark.parametrize("suffix", ["csv", "csv.xz", "csv.gz"])
def test_plain_and_compressed_files_read_the_same(tmp_path: Path, suffix: str) -> None:
    content = csv_text(a_row(), a_row(InvoiceNo="536366")).encode()
    packed = {"csv": content, "csv.xz": lzma.compress(content), "csv.gz": gzip.compress(content)}
    path = tmp_path / f"retail.{suffix}"
    path.write_bytes(packed[suffix])
    assert list(file_rows(path)) == [a_row(), a_row(InvoiceNo="536366")]


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(csv_text(a_row()), encoding="utf-8-sig")
    assert list(file_rows(path)) == [a_row()]


def test_broken_lines_of_a_file_are_reported_by_number_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "retail.csv"
    latin_1 = csv_text(a_row(Description="CAFÉ")).encode("latin-1").splitlines()[1]
    path.write_bytes(csv_text(a_row()).encode() + b"1,2,3\r\n\r\n" + latin_1 + b"\r\n")
    _, counts = read(*file_rows(path))
    assert counts.goods_rows == 1
    assert counts.faults == (
        RowFault(3, "", "cell-count"),
        RowFault(4, "", "empty-row"),
        RowFault(5, "Description", "not-utf-8"),
    )


def test_a_quote_that_is_never_closed_is_one_broken_row_and_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(csv_text(a_row()) + '"' + ("never closed " * 20 + "\n") * 600)
    _, counts = read(*file_rows(path))
    assert counts.goods_rows == 1
    assert counts.faults[0] == RowFault(3, "", "broken-quoting")


def test_a_file_without_the_columns_is_refused_with_their_names(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice\n")
    with pytest.raises(RetailFileError) as refused:
        list(file_rows(path))
    assert refused.value.code == "missing-columns"
    assert refused.value.columns == ("CustomerID", "Country")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.touch()
    with pytest.raises(RetailFileError) as refused:
        list(file_rows(path))
    assert refused.value.columns == COLUMNS


@pytest.mark.parametrize("suffix", ["xz", "gz"])
@pytest.mark.parametrize("damage", ["cut off", "not an archive"])
def test_a_damaged_archive_is_refused(tmp_path: Path, suffix: str, damage: str) -> None:
    content = csv_text(*[a_row()] * 500).encode()
    packed = lzma.compress(content) if suffix == "xz" else gzip.compress(content)
    path = tmp_path / f"retail.csv.{suffix}"
    path.write_bytes(packed[:-20] if damage == "cut off" else content)
    with pytest.raises(RetailFileError) as refused:
        list(file_rows(path))
    assert refused.value.code == "damaged-archive"


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["C1", "536365", "POST", "6.0", "-6.0", "0", "2010-12-01 08:26:00", "1e9"]),
)


@settings(deadline=None)  # a busy machine is no fault of the reader
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(COLUMNS), CELLS).map(lambda cells: a_row(**cells))
    ),
    limit=st.none() | st.integers(1, 5),
)
def test_whatever_the_cells_hold_every_row_is_accounted_for(
    rows: list[Row], limit: int | None
) -> None:
    invoices, counts = read(*rows, limit=limit)
    assert counts.goods_rows == sum(len(invoice.lines) for invoice in invoices)
    assert all(line.quantity > 0 for invoice in invoices for line in invoice.lines)
