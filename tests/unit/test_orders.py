"""What an order is, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fulfillment.domain.orders import (
    PostalAddress,
    ReviewRules,
    content_hash,
    order_faults,
    split_reference,
)
from fulfillment.services.orders.addresses import (
    incomplete_parts,
    known_countries,
    known_currencies,
)
from tests.support.orders import ADDRESS, an_order

TAIPEI = PostalAddress(
    country="TW",
    name="收件人",
    lines=("忠孝東路一段1號",),
    city="中正區",
    region="台北市",
    postcode="100",
)


def test_the_same_moment_in_another_zone_is_the_same_order() -> None:
    order = an_order(("A", 1), reference="R", placed_at=datetime(2026, 3, 4, 9, tzinfo=UTC))
    elsewhere = replace(
        order, placed_at=datetime(2026, 3, 4, 17, tzinfo=timezone(timedelta(hours=8)))
    )
    assert content_hash(order) == content_hash(elsewhere)


@pytest.mark.parametrize(
    "change",
    [
        {"note": "x"},
        {"priority": 1},
        {"tags": ("x",)},
        {"ship_complete": False},
        {"address": replace(ADDRESS, city="Leeds")},
        {"lines": an_order(("A", 2)).lines},
    ],
)
def test_any_other_content_is_another_order(change: dict[str, object]) -> None:
    order = an_order(("A", 1), reference="R")
    assert content_hash(order) != content_hash(replace(order, **change))  # type: ignore[arg-type]  # bent on purpose


def test_a_good_order_has_no_fault() -> None:
    order = an_order(("A", 1), note="two\nlines", address=TAIPEI, currency="TWD")
    assert order_faults(order, countries=known_countries(), currencies=known_currencies()) == ()


def test_the_reference_of_a_split_is_one_that_no_channel_may_send() -> None:
    order = an_order(("A", 1), reference=split_reference("R", 2))
    faults = order_faults(order, countries={"GB"}, currencies={"GBP"})
    assert [fault.code for fault in faults] == ["reserved-suffix"]


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        (ADDRESS, ()),
        (TAIPEI, ()),
        (replace(ADDRESS, name="", company="A Company"), ()),
        (replace(ADDRESS, name=" "), ("name",)),
        (replace(ADDRESS, lines=(" ",)), ("lines",)),
        (replace(ADDRESS, postcode="ABC"), ("postcode",)),
        (replace(ADDRESS, postcode="", city=""), ("postcode", "city")),
        (replace(ADDRESS, country="US", postcode="10001"), ("region",)),
        (replace(ADDRESS, country="US", region="NY", postcode="10001"), ()),
        (replace(ADDRESS, country="US", region="Nowhere", postcode="10001"), ("region",)),
        (replace(ADDRESS, country="HK", region="Kowloon", postcode=""), ()),
        (replace(TAIPEI, city="Zhongzheng Dist."), ()),
        (replace(ADDRESS, phone="020 7946 0958"), ()),
        (replace(TAIPEI, phone="0912 345 678"), ()),
        (replace(ADDRESS, phone="+886 912 345 678"), ()),
        (replace(ADDRESS, phone="12"), ("phone",)),
        (replace(ADDRESS, phone="ask the porter", postcode=""), ("postcode", "phone")),
    ],
)
def test_what_an_address_lacks_is_named(address: PostalAddress, parts: tuple[str, ...]) -> None:
    assert incomplete_parts(address) == parts


def test_no_country_makes_the_check_fail() -> None:
    for country in sorted(known_countries()):
        nothing = PostalAddress(country=country, phone="1")
        assert {"name", "phone"} <= set(incomplete_parts(nothing)), country


def test_review_rules_survive_being_stored() -> None:
    rules = ReviewRules(most_total_minor=5, countries=("GB",), hold_customer_notes=True)
    stored = {name: list(v) if isinstance(v, tuple) else v for name, v in vars(rules).items()}
    assert ReviewRules.of(stored) == rules
