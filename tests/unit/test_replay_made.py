from collections import Counter
from hashlib import sha256

import pytest

from fulfillment.replay.invoices import COLUMNS, InvoiceReader, LeftOut
from fulfillment.replay.made import made_rows


def test_the_same_seed_makes_the_same_rows_and_another_seed_others() -> None:
    assert list(made_rows(50, 7)) == list(made_rows(50, 7))
    assert list(made_rows(50, 7)) != list(made_rows(50, 8))


def test_the_rows_of_a_seed_are_the_same_on_every_machine() -> None:
    text = "\n".join("|".join(row.values()) for row in made_rows(20, 1))
    assert (
        sha256(text.encode()).hexdigest()
        == "3a481eb20d2dd3cdd6700fae5590636e627bed1c0cebb63d325371a1ceb0debf"
    )


def test_made_rows_have_the_columns_of_the_file_in_their_order() -> None:
    assert {tuple(row) for row in made_rows(20, 1)} == {COLUMNS}


@pytest.mark.parametrize("n_invoices", [1, 2, 33, 200])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_as_many_orders_are_read_as_were_made_and_every_row_is_accounted_for(
    n_invoices: int, seed: int
) -> None:
    reader = InvoiceReader(made_rows(n_invoices, seed))
    invoices = list(reader)
    assert len(invoices) == n_invoices
    assert reader.counts.balanced
    assert reader.counts.goods_rows == sum(len(invoice.lines) for invoice in invoices)


def test_every_reason_to_leave_a_row_out_occurs() -> None:
    reader = InvoiceReader(made_rows(60, 1), limit=59)
    list(reader)
    limited = set(reader.counts.rows_left_out)
    reader = InvoiceReader(made_rows(60, 1))
    list(reader)
    assert limited | set(reader.counts.rows_left_out) == {reason.value for reason in LeftOut}


def test_made_goods_are_as_dirty_as_the_files() -> None:
    reader = InvoiceReader(made_rows(300, 1))
    invoices = list(reader)
    lines = [line for invoice in invoices for line in invoice.lines]
    assert reader.counts.merged_stock_codes > 0
    assert any(line.unit_price_minor == 0 for line in lines)
    assert any(invoice.customer.startswith("GUEST-") for invoice in invoices)
    assert any(
        max(Counter(line.stock_code for line in invoice.lines).values()) > 1 for invoice in invoices
    )


def test_made_orders_are_about_as_large_as_the_files() -> None:
    # The file has 26.7 lines an invoice and 10.6 pieces a line.
    invoices = list(InvoiceReader(made_rows(1000, 1)))
    lines = sum(len(invoice.lines) for invoice in invoices)
    assert 20 < lines / len(invoices) < 32
    assert 7 < sum(invoice.units for invoice in invoices) / lines < 14


def test_fewer_than_one_invoice_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        made_rows(0, 1)
