"""Day-one checks in a browser that go over several pages: 6, 15, 19-23 and 26.

The checks of one page stand with their page: packing, picking, labels, offline, entry.
"""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Role
from fulfillment.services.auditing import audit
from fulfillment.store.base import table_of
from fulfillment.store.journal import OutboxMessage
from fulfillment.store.orders import Shipment
from fulfillment.store.stock import StockMove
from fulfillment.store.work import PickList
from tests.e2e.conftest import HANDHELD_SIZE, Desks, Stations
from tests.e2e.driving import Station
from tests.e2e.serving import Server
from tests.support.benches import codes, picked_shipment
from tests.support.people import People
from tests.support.picklists import release
from tests.support.world import World, fetch

A1, A2, A3 = "W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"
PRESS_SOON = """name => { setTimeout(() => [...document.querySelectorAll('button')]
  .find(button => button.innerText === name).click()); }"""
"""Presses a button without waiting for what comes of it."""
ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the database has no part in, or what the same check through the API shows on both."""


@pytest.fixture
def people(app: Flask, world: World) -> People:
    """Everybody; A (300 g) and B (200 g) lie in two bins of W1."""
    world.product("A", weight_grams=300, name="Blue mug")
    world.product("B", weight_grams=200, name="Tea towel")
    world.stock("A", 40, bin_code=A1)
    world.stock("B", 40, bin_code=A2)
    return People(app, world)


@ONE
def test_06_a_gs1_code_is_checked_for_the_lot_and_an_expired_one_is_refused(
    world: World, stations: Stations
) -> None:
    world.product("L", barcode="09506000134352", tracking="lot", has_expiry=True)
    world.stock("L", 2, bin_code=A3, lot="GOOD", expires_on=date(2049, 1, 1))
    picked_shipment(world, {"L": 2}, bin_code=A3, lots={"L": "GOOD"})
    station = stations()
    station.open()
    station.own(Own.TOTE, "W1T1")
    assert station.lines("missing") == ["2 × L Product L lot GOOD"]
    assert station.scan("]C1010950600013435217490101" + "10OTHER") == "wrong-lot"
    assert "GOOD" in station.answer()
    assert station.scan("]C1010950600013435217200101" + "10GOOD") == "expired"
    assert station.scan("]d2010950600013435217490101" + "10GOOD") == "counted"
    assert station.lines("missing") == ["1 × L Product L lot GOOD"]


@ONE
def test_15_twelve_orders_are_one_walk_by_bin_and_each_tote_gets_its_own(
    people: People, desks: Desks, stations: Stations
) -> None:
    journey = people.journey()
    for number in range(12):
        journey.take(("A", 1 + number % 2), *([("B", 1)] if number % 3 else []))
    desk = desks()
    _open(desk, "/waves")
    desk.get_by_role("button", name="Promise stock to all that wait").click()
    expect(desk.locator(".message.accepted")).to_be_visible()
    _open(desk, "/waves")
    desk.get_by_role("button", name="Release up to this van").click()
    desk.locator("main a[href*='/waves/lists/']").first.click()
    bins = desk.locator("article.bin")
    assert [text.split(". ")[1] for text in bins.locator("h3").all_inner_texts()] == [A1, A2]
    assert bins.locator("tbody tr").count() == 2, "one stop per bin, product and lot"
    feeds = bins.first.locator("tbody td").last.inner_text().split(", ")
    assert sum(int(each.split(" → ")[0]) for each in feeds) == 18

    handheld = stations("picker1", size=HANDHELD_SIZE)
    handheld.open("/stations/pick")
    handheld.command(Command.CLAIM)
    assert handheld.own(Own.LOCATION, A1) == "bin"
    shown = handheld.page.locator(".feeds li").all_inner_texts()
    assert len(shown) == len(feeds)
    assert handheld.scan("A") == "item"
    assert handheld.own(Own.TOTE, "W1T1") == "put"
    assert handheld.scan("A") == "item"
    assert handheld.own(Own.TOTE, "W1T1") == "tote-of-another"


def test_19_two_pickers_who_ask_at_the_same_moment_get_different_lists(
    people: People, world: World, stations: Stations
) -> None:
    release(world, [{"A": 1}])
    release(world, [{"B": 1}])
    pickers = [stations(f"picker{n}", f"W1S{n}", HANDHELD_SIZE) for n in (1, 2)]
    for picker in pickers:
        picker.open("/stations/pick")
    for picker in pickers:
        picker.scanner.command(Command.CLAIM)
    for picker in pickers:
        expect(picker.page.locator(".bench")).to_have_attribute("data-code", "claimed")
    lists = {picker.attribute("list") for picker in pickers}
    assert len(lists) == 2
    held = codes(PickList, "state", "picker_id")
    assert [state for state, _ in held] == ["claimed", "claimed"]
    assert len({who for _, who in held}) == 2


def test_20_two_orders_for_the_last_unit_at_the_same_moment_exactly_one_gets_it(
    people: People, world: World, desks: Desks
) -> None:
    world.product("C")
    world.stock("C", 1, bin_code=A3)
    journey = people.journey()
    orders = [journey.take(("C", 1)) for _ in range(2)]
    pages = [desks(Role.SUPERVISOR), desks(Role.ADMINISTRATOR, None)]
    for page, order_id in zip(pages, orders, strict=True):
        _open(page, f"/orders/{order_id}")
    with pages[0].expect_navigation(), pages[1].expect_navigation():
        for page in pages:
            page.evaluate(PRESS_SOON, "Promise stock")
    short = []
    for page, order_id in zip(pages, orders, strict=True):
        _open(page, f"/orders/{order_id}")
        short.append(page.locator("h1 + p .badge", has_text="backorder").count())
    assert sorted(short) == [0, 1]
    assert _stock(pages[0], "C", "W1") == (1, 0, 0)


@ONE
def test_21_the_page_says_why_one_warehouse_serves_the_order_alone(
    people: People, world: World, desks: Desks
) -> None:
    _in_two_houses(world)
    order_id = people.journey().take(("D", 4))
    desk = desks(Role.SUPERVISOR, None)
    _promise(desk, order_id)
    card = desk.locator("article.card")
    assert card.count() == 1
    expect(card).to_contain_text("By itself it could have served: W1 2, W2 4 ✓")
    assert _stock(desk, "D", "W1") == (2, 0, 2)
    assert _stock(desk, "D", "W2") == (5, 0, 1)


def test_21_a_split_order_takes_exactly_those_bins_in_both_warehouses_down(
    people: People, world: World, desks: Desks, stations: Stations
) -> None:
    _in_two_houses(world)
    order_id = people.journey().take(("D", 6))
    desk = desks(Role.SUPERVISOR, None)
    _promise(desk, order_id)
    assert desk.locator("article.card").count() == 2
    steps = [(_stock(desk, "D", "W1"), _stock(desk, "D", "W2"))]
    for warehouse in ("W1", "W2"):
        _open(desk, f"/waves?warehouse_id={world.warehouses[warehouse]}")
        desk.get_by_role("button", name="Release up to this van").click()
        expect(desk.locator("h1")).to_contain_text("Wave WV")
    steps.append((_stock(desk, "D", "W1"), _stock(desk, "D", "W2")))
    for warehouse, pieces, suffix in (("W1", 2, ""), ("W2", 4, "_w2")):
        _pick_all(stations(f"picker1{suffix}", f"{warehouse}S1", HANDHELD_SIZE), warehouse)
        bench = stations(f"packer1{suffix}", f"{warehouse}S1")
        _pack_all(bench, warehouse, ["D"] * pieces, grams=pieces * 100 + 50)
    steps.append((_stock(desk, "D", "W1"), _stock(desk, "D", "W2")))
    assert steps == [
        ((2, 0, 0), (5, 0, 1)),  # promised
        ((2, 2, 0), (5, 4, 1)),  # reserved in bins
        ((0, 0, 0), (1, 0, 1)),  # shipped
    ]
    assert world.balance("W2-A-01-1-1", "D") == (1, 0, 0)
    _open(desk, f"/orders/{order_id}")
    expect(desk.locator("h1 + p .badge").first).to_have_text("shipped")


def test_22_the_label_scanned_twice_again_later_and_at_two_stations_ships_once(
    people: People, world: World, desks: Desks, stations: Stations
) -> None:
    shipment = picked_shipment(world, {"A": 1})
    first, second = stations(), stations("packer2", "W1S2")
    for station in (first, second):
        station.open()
    first.own(Own.TOTE, "W1T1")
    first.scan("A")
    assert first.weigh(350) == "label-printed"
    label = first.page.locator(".parcels li").inner_text().split(" · ")[-1]
    for station in (first, first, second):
        station.scanner.scan_at_once(label)  # nobody waits for an answer
    expect(first.page.locator(".bench")).to_have_attribute("data-next", "scan-tote")
    for station in (first, second):
        station.unsent(0)
        assert station.scan(label) in ("order-shipped", "no-order-open")
    assert codes(Shipment, "state", id=shipment) == [("shipped",)]
    assert len(codes(OutboxMessage, "id", topic="shipment.shipped")) == 1
    assert _stock(desks(), "A", "W1") == (39, 0, 39)


def test_23_in_the_evening_the_ledger_gives_what_is_shown_and_every_order_has_its_records(
    people: People, world: World, desks: Desks, stations: Stations
) -> None:
    journey = people.journey()
    order_id = journey.take(("A", 2), ("B", 1))
    journey.allocate(order_id)
    journey.release()
    _pick_all(stations("picker1", size=HANDHELD_SIZE), "W1")
    tracking = _pack_all(stations(), "W1", ["A", "A", "B"], grams=850)

    desk = desks(Role.ADMINISTRATOR, None)
    for code, sku, left in ((A1, "A", 38), (A2, "B", 39)):
        _open(desk, f"/stock/places/{code}")
        moves = desk.locator("#moves tbody tr, table:has(th:text-is('From')) tbody tr")
        ledger = 0
        for row in moves.all():
            units, source = (row.locator("td").nth(index).inner_text() for index in (2, 3))
            ledger += -int(units) if source == code else int(units)
        assert ledger == left
        assert ledger == _from_the_ledger(world, code, sku)
        assert _stock(desk, sku, "W1") == (left, 0, left)
    _open(desk, "/audit")
    desk.get_by_role("button", name="Prove the books").click()
    expect(desk.locator(".message.accepted")).to_have_text("Everything balances.")
    _open(desk, f"/orders/{order_id}")
    page = desk.locator("main").inner_text()
    for record in (tracking, "850 g", "Picker1", "Packer1", "W1S1"):
        assert record in page
    checks = desk.locator("section[aria-labelledby=scans-title] tbody tr", has_text="counted")
    assert checks.count() + desk.locator("tbody tr", has_text="complete").count() == 3
    assert audit().ok


@ONE
def test_26_a_picker_opens_no_page_of_a_supervisor_and_changes_no_stock(
    people: People, world: World, desks: Desks, server: Server
) -> None:
    page = desks(Role.PICKER)
    expect(page.get_by_role("link", name="Stock")).to_have_count(0)
    for path in ("/orders", "/stock/change", "/board", "/reports", "/settings/printers", "/audit"):
        answer = page.goto(server.url + path)
        assert answer
        assert answer.status == 403, path
        expect(page.locator("h1")).not_to_be_empty()
    tried = page.evaluate(
        """body => fetch('/api/v1/stock/adjustments', {method: 'POST', body: JSON.stringify(body),
           headers: {'Content-Type': 'application/json'}}).then(answer => answer.status)""",
        {"location": A1, "sku": "A", "quantity": -1, "reason": "mine"},
    )
    assert tried in (401, 403)
    assert world.balance(A1, "A") == (40, 0, 0)


@ONE
def test_26_a_supervisor_of_another_warehouse_sees_no_order_of_this_one(
    people: People, world: World, desks: Desks, server: Server
) -> None:
    journey = people.journey()
    order_id = journey.take(("A", 1))
    journey.allocate(order_id)
    there, here = desks(Role.SUPERVISOR, "W2"), desks(Role.SUPERVISOR, "W1")
    _open(here, "/orders")
    assert here.locator("main tbody tr").count() == 1
    _open(there, "/orders")
    assert there.locator("main tbody tr").count() == 0
    answer = there.goto(f"{server.url}/orders/{order_id}")
    assert answer
    assert answer.status == 404


def _open(page: Page, path: str) -> None:
    base = page.url.split("/", 3)
    page.goto(f"{base[0]}//{base[2]}{path}")


def _in_two_houses(world: World) -> None:
    world.product("D", weight_grams=100)
    world.stock("D", 2, bin_code=A1)
    world.stock("D", 5, bin_code="W2-A-01-1-1")


def _promise(desk: Page, order_id: int) -> None:
    _open(desk, f"/orders/{order_id}")
    desk.get_by_role("button", name="Promise stock").click()
    expect(desk.locator("article.card").first).to_be_visible()


def _stock(desk: Page, sku: str, warehouse: str) -> tuple[int, int, int]:
    """On hand, reserved and available as the product's page shows them for a warehouse."""
    _open(desk, "/stock")
    desk.locator("main tbody a", has_text=sku).first.click()
    section = desk.locator("section", has=desk.locator("h2", has_text=warehouse))
    facts = section.locator("dl.facts div").all()
    shown = dict(fact.inner_text().split("\n") for fact in facts)
    return int(shown["On hand"]), int(shown["Reserved"]), int(shown["Available"])


def _pick_all(handheld: Station, warehouse: str) -> None:
    """Claim a list and do what the page says until it is done; one order, one tote."""
    handheld.open("/stations/pick")
    handheld.command(Command.CLAIM)
    while handheld.attribute("next") != "claim":
        step = handheld.attribute("next")
        if step == "bin":
            handheld.own(Own.LOCATION, handheld.page.locator(".bench .bin").inner_text())
        elif step == "item":
            wanted = handheld.page.locator(".bench .product strong").inner_text()
            handheld.scan(wanted.split(" × ")[1])
        else:
            handheld.scan(own_code(Own.TOTE, f"{warehouse}T1"))


def _pack_all(bench: Station, warehouse: str, skus: list[str], *, grams: int) -> str:
    """Pack a tote until it is shipped; the tracking number."""
    bench.open()
    bench.own(Own.TOTE, f"{warehouse}T1")
    for sku in skus:
        bench.scan(sku)
    assert bench.weigh(grams) == "label-printed"
    label = bench.page.locator(".parcels li").inner_text().split(" · ")[-1]
    assert bench.scan(label) == "shipped"
    return label


def _from_the_ledger(world: World, code: str, sku: str) -> int:
    """Units of a product at a place, from its moves alone."""
    move, here = table_of(StockMove), world.locations[code]

    def units(end: str) -> int:
        wanted = (move.c[end] == here, move.c.product_id == world.products[sku])
        (row,) = fetch(select(func.coalesce(func.sum(move.c.quantity), 0)).where(*wanted))
        return int(row[0])

    return units("to_id") - units("from_id")
