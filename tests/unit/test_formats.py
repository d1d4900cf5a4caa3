"""Days, moments, numbers, money and weights in the form of whoever reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask, g
from flask_babel import Babel

from fulfillment import formats, messages, scan_messages
from fulfillment.domain.people import Actor
from fulfillment.domain.values import Accepted, Refused


@contextmanager
def reader(locale: str = "en", units: str = "metric") -> Iterator[None]:
    """A request of somebody who reads like this."""
    app = Flask("fulfillment")
    Babel(app, locale_selector=lambda: str(g.actor.locale))
    with app.test_request_context():
        g.actor = Actor(7, "Reader", (), None, locale, units)
        yield


NOON = datetime(2026, 3, 4, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "value", "english", "traditional", "simplified"),
    [
        (formats.day, date(2026, 3, 4), "Mar 4, 2026", "2026年3月4日", "2026年3月4日"),
        (formats.clock, time(17, 5), "17:05", "17:05", "17:05"),
        (formats.moment_text, NOON, "Mar 4, 2026 12:05 UTC", *["2026年3月4日 12:05 UTC"] * 2),
        (formats.number, 1234567, "1,234,567", "1,234,567", "1,234,567"),
        (formats.number, Decimal("2.50"), "2.5", "2.5", "2.5"),
        (formats.number, None, "–", "–", "–"),
        (formats.day, None, "–", "–", "–"),
    ],
)  # fmt: skip
def test_a_value_has_the_form_of_the_language(
    form: Callable[[Any], str], value: Any, english: str, traditional: str, simplified: str
) -> None:
    for locale, wanted in (("en", english), ("zh_Hant", traditional), ("zh_Hans", simplified)):
        with reader(locale):
            assert form(value) == wanted


def test_a_moment_is_on_the_clock_of_its_warehouse_and_names_the_zone() -> None:
    with reader("zh_Hans"):
        shown = formats.moment(NOON, "Europe/Berlin")
    assert shown == '<time datetime="2026-03-04T12:05:00Z">2026年3月4日 13:05 CET</time>'


def test_a_moment_of_today_is_a_time_of_day() -> None:
    with reader():
        late = NOON.replace(hour=22, minute=59)
        assert ">23:59</time>" in formats.near(late, "Europe/Berlin", NOON)
        tomorrow = formats.near(NOON.replace(hour=23), "Europe/Berlin", NOON)
        assert ">Mar 5, 2026 00:05 CET</time>" in tomorrow
        assert formats.near(None, "Europe/Berlin", NOON) == "–"


def test_an_amount_is_in_the_smallest_unit_of_its_currency() -> None:
    with reader("en"):
        assert formats.money(123456, "EUR") == "€1,234.56"
        assert formats.money(1234, "JPY") == "¥1,234"
    with reader("zh_Hant"):
        assert formats.money(123456, "TWD") == "$1,234.56"


@pytest.mark.parametrize(
    ("grams", "metric", "imperial"),
    [
        (0, "0 g", "0 oz"),
        (28, "28 g", "1 oz"),
        (350, "350 g", "12.3 oz"),
        (453, "453 g", "1 lb"),  # 15.98 oz
        (454, "454 g", "1 lb"),
        (999, "999 g", "2 lb 3.2 oz"),
        (1000, "1 kg", "2 lb 3.3 oz"),
        (1240, "1.24 kg", "2 lb 11.7 oz"),
        (907, "907 g", "2 lb"),
        (1_234_567, "1,234.567 kg", "2,721 lb 12.1 oz"),
        (-350, "−350 g", "−12.3 oz"),
        (None, "–", "–"),
    ],
)
def test_a_weight_is_in_the_units_of_the_reader(
    grams: int | None, metric: str, imperial: str
) -> None:
    for locale in ("en", "zh_Hant", "zh_Hans"):
        with reader(locale):
            assert formats.weight(grams) == metric
        with reader(locale, "imperial"):
            assert formats.weight(grams) == imperial


def test_without_a_reader_a_weight_is_metric() -> None:
    assert formats.weight(1240) == "1.24 kg"


WEIGHED = Accepted("weighed", {"grams": 1240, "parcel": 2})
OUTSIDE = Refused(
    "weight-outside",
    {"grams": 350, "expected": 700, "allowed": 21, "lacking": "1 × MUG", "extra": ""},
)


def test_a_sentence_says_its_weights_in_the_units_of_the_reader() -> None:
    with reader():
        assert scan_messages.of_verdict("pack", WEIGHED) == "Parcel 2 weighs 1.24 kg."
    with reader(units="imperial"):
        assert scan_messages.of_verdict("pack", WEIGHED) == "Parcel 2 weighs 2 lb 11.7 oz."


def test_a_sentence_is_whole_in_another_language() -> None:
    with reader("zh_Hant"):
        assert scan_messages.of_verdict("pack", OUTSIDE) == (
            "磅秤顯示 350 g，預期 700 g ± 21 g。可能少了 1 × MUG。請檢查內容物，或找主管。"
        )
    with reader("zh_Hans"):
        assert scan_messages.of_verdict("pack", OUTSIDE) == (
            "电子秤显示 350 g，预期 700 g ± 21 g。可能少了 1 × MUG。请检查内容物，或找主管。"
        )


def test_codes_and_moments_in_a_sentence_are_said_in_words() -> None:
    taken = {"kind": "pick list", "holder": "Lin", "since": NOON.isoformat()}
    held = {"kind": "shipment", "number": "S1", "holds": ("payment", "address")}
    with reader("zh_Hans"):
        assert messages.sentence("already-taken", taken) == (
            "Lin 自 2026年3月4日 12:05 UTC 起已占用该拣货单。"
        )
        assert messages.sentence("on-hold", held) == "发货单 S1 已挂起。请先解除挂起。"
        state = {"event": "ship", "machine": "shipment", "state": "picking"}
        assert messages.sentence("illegal-event", state) == "无法“发货”：发货单当前为“拣货中”。"
    with reader():
        fields = {"order": "O1", "holds": "payment, address"}
        assert scan_messages.of_verdict("pack", Refused("order-on-hold", fields)) == (
            "Order O1 is on hold (payment open, address incomplete). A supervisor releases it."
        )
