"""Sheets sorted by a column and searched by a text."""

from __future__ import annotations

import pytest

from fulfillment.domain.errors import InvalidInput
from fulfillment.domain.reporting.arranging import Arrangement, arrange
from fulfillment.domain.reporting.sheets import Sheet, columns

MAIN = Sheet(
    "main",
    columns("sku name units:count"),
    (("b", "Blue Mug", 3), ("A", "Cap", None), ("c", "blue cap", 3), ("d", "Towel", 12)),
)
OTHER = Sheet("other", columns("code"), (("x",),))


def skus(**wanted: str) -> str:
    return "".join(str(row[0]) for row in arrange((MAIN, OTHER), Arrangement(**wanted))[0].rows)


def test_without_a_wish_the_rows_stay_as_they_were_read() -> None:
    assert arrange((MAIN, OTHER), Arrangement()) == (MAIN, OTHER)


def test_equal_rows_keep_their_order_and_those_without_a_value_come_last_both_ways() -> None:
    assert skus(sort="units") == "bcdA"
    assert skus(sort="-units") == "dbcA"


def test_texts_are_sorted_and_found_whatever_their_capitals() -> None:
    assert skus(sort="sku") == "Abcd"
    assert skus(text=" BLUE ") == "bc"
    assert skus(text="3") == "", "numbers are not searched"


def test_only_the_sheet_that_is_named_is_arranged() -> None:
    main, other = arrange((MAIN, OTHER), Arrangement(sheet="other", text="nothing"))
    assert main == MAIN
    assert other.rows == ()


@pytest.mark.parametrize(
    "wanted",
    [Arrangement(sheet="third"), Arrangement(sort="id; DROP TABLE"), Arrangement(sort="-")],
)
def test_a_sheet_or_column_that_is_none_is_refused(wanted: Arrangement) -> None:
    with pytest.raises(InvalidInput) as refused:
        arrange((MAIN, OTHER), wanted)
    assert refused.value.faults[0].code == "not-one-of"
