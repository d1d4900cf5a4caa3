"""Charts of the reports: pictures without script and style, their values told by titles."""

from __future__ import annotations

import re

import pytest

from fulfillment.office.charts import Chart, draw, thinned


def chart(*, is_line: bool = False) -> Chart:
    return Chart(
        "days",
        "Units by day",
        ("Mon", "<Tue>", "Wed"),
        (("sold & sent", (3.0, None, 12.0)), ("back", (1.0, 0.0, 2.0))),
        lambda value: f"{value:.0f} pieces",
        is_line=is_line,
    )


@pytest.mark.parametrize("is_line", [False, True])
def test_a_chart_has_nothing_that_the_content_security_policy_forbids(is_line: bool) -> None:
    picture = draw(chart(is_line=is_line))
    assert picture.startswith("<svg ")
    for forbidden in ("<script", "<style", " style=", "href", " on", "<desc", "<Tue>"):
        assert forbidden not in picture.replace("color-", ""), forbidden
    assert "&lt;Tue&gt;" in picture
    assert "sold &amp; sent" in picture
    assert 'role="img"' in picture
    assert 'aria-labelledby="chart-days"' in picture


def test_every_value_is_a_bar_that_says_it_and_a_gap_is_none() -> None:
    picture = draw(chart())
    assert picture.count('class="bar"') == 5
    for value in ("3 pieces", "12 pieces", "1 pieces", "2 pieces"):
        assert f"<title>{value}</title>" in picture


def test_heights_are_as_the_values() -> None:
    heights = [
        float(each) for each in re.findall(r'height="([\d.]+)"[^>]*class="rect', draw(chart()))
    ]
    assert heights[1] == pytest.approx(4 * heights[0], rel=0.01)


def test_a_curve_is_thinned_to_its_running_share() -> None:
    assert thinned([6, 3, 1], 3) == pytest.approx((0, 60, 90, 100))
    assert thinned([1] * 100, 4) == pytest.approx((0, 25, 50, 75, 100))
    assert thinned([], 2) == (0.0, 0.0, 0.0)
