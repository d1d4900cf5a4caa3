"""Nothing lost: the network pulled, the server stopped, the page reloaded in between."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from fulfillment.domain.barcodes import Command, Own
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import ShipmentLine
from fulfillment.store.people import StationBeat
from tests.e2e.conftest import Stations
from tests.e2e.driving import Station
from tests.support.benches import codes, picked_shipment
from tests.support.world import World

ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


SCAN_AT_ONCE = """
  const watch = new MutationObserver(() => {
    if (!document.getElementById('scan-field')) return;
    watch.disconnect();
    setTimeout(function scan() {  // as soon as the page listens
      const heard = new KeyboardEvent('keydown', {code: 'KeyB', key: 'B', shiftKey: true,
        bubbles: true, cancelable: true});
      document.body.dispatchEvent(heard);
      if (!heard.defaultPrevented) return setTimeout(scan);
      document.body.dispatchEvent(new KeyboardEvent('keydown',
        {code: 'Enter', key: 'Enter', bubbles: true, cancelable: true}));
    });
  });
  watch.observe(document, {childList: true, subtree: true});
"""
"""Scans "B" at the first moment at which the page hears a key."""


@pytest.fixture
def bench(world: World, stations: Stations) -> Station:
    """A station that could be reloaded without the server, and an order open at it."""
    world.product("A", weight_grams=300, name="Blue mug", barcode="4006381333931")
    world.product("B", weight_grams=200, name="Tea towel")
    world.stock("A", 10)
    world.stock("B", 10)
    picked_shipment(world, {"A": 4, "B": 2})
    station = stations()
    station.open()
    station.page.wait_for_selector("html[data-offline-ready=yes]")
    assert station.own(Own.TOTE, "W1T1") == "opened"
    return station


def packed() -> list[int]:
    return [quantity for (quantity,) in codes(ShipmentLine, "packed")]


def test_the_network_is_pulled_in_the_middle_of_an_order_and_the_page_reloaded(
    world: World, bench: Station, stations: Stations
) -> None:
    assert bench.scan("4006381333931") == "counted"
    bench.context.set_offline(True)
    bench.scanner.scan_at_once("4006381333931")
    bench.unsent(1)
    bench.scanner.scan_at_once("B")
    bench.unsent(2)
    expect(bench.page.locator("#net-words")).to_have_text("Not connected, 2 scans kept, go on")
    assert "not checked" in bench.answer()
    assert "1 × B Tea towel" in bench.answer()
    bench.page.reload()
    bench.ready()
    bench.unsent(2)
    assert bench.attribute("order")
    bench.scanner.scan_at_once("4006381333931")
    bench.unsent(3)

    other = stations("packer2", "W1S2")
    other.open()
    assert other.own(Own.TOTE, "W1T1") == "opened-elsewhere"

    bench.context.set_offline(False)
    bench.unsent(0)
    expect(bench.page.locator("#net")).to_have_attribute("data-state", "online")
    assert packed() == [3, 1]
    expect(bench.page.locator(".missing li[data-line]")).to_have_count(2)
    assert [line.split(" Blue")[0] for line in bench.lines("missing")] == [
        "1 × A",
        "1 × B Tea towel",
    ]
    logged = codes(ScanEvent, "scan_id", "code", station_id=world.stations["W1S1"])
    assert len({row.scan_id for row in logged}) == len(logged) == 5


@ONE
def test_the_board_is_told_what_a_station_keeps(bench: Station) -> None:
    with bench.page.expect_response("**/stations/beat") as told:
        bench.page.reload()
    assert told.value.ok
    assert codes(StationBeat, "unsent", "scale") == [(0, "")]
    assert bench.scan("4006381333931") == "counted"


@ONE
def test_the_server_is_stopped_and_started_again_and_nothing_is_lost_or_doubled(
    bench: Station,
) -> None:
    bench.server.stop()
    for _ in range(2):
        bench.scanner.scan_at_once("4006381333931")
    bench.unsent(2)
    bench.page.reload()
    bench.ready()
    bench.scanner.scan_at_once("B")
    bench.unsent(3)
    bench.server.start()
    bench.unsent(0)
    assert packed() == [2, 1]


@ONE
def test_an_answer_that_was_lost_on_its_way_counts_once(bench: Station) -> None:
    lost = []

    def lose(route):  # type: ignore[no-untyped-def]  # Playwright's handler
        route.fetch()
        lost.append(route.request.post_data_json["scan_id"])
        route.abort("connectionreset")

    bench.page.route("**/stations/scan", lose, times=1)
    bench.scanner.scan_at_once("4006381333931")
    expect(bench.page.locator(".bench")).to_have_attribute("data-code", "counted")
    bench.unsent(0)
    assert packed() == [1, 0]
    assert len(lost) == 1


@ONE
def test_kept_scans_of_one_are_not_sent_as_the_next_ones_who_is_told_what_lies_in_the_box(
    world: World, bench: Station
) -> None:
    bench.server.stop()
    for text in ("4006381333931", "B"):
        bench.scanner.scan_at_once(text)
    bench.unsent(2)
    bench.page.goto("about:blank")
    bench.server.start()
    bench.badge_in("packer2")
    bench.open()
    bench.unsent(0)
    told = bench.page.locator("#kept-of")
    expect(told).to_contain_text("Kept scans of Packer1, not counted: 4006381333931, B.")
    assert bench.attribute("code") == "kept-of-another"
    assert packed() == [0, 0]
    refused = codes(ScanEvent, "user_id", "raw", code="kept-of-another")
    first = world.people["packer1"].user_id
    assert refused == [(first, "4006381333931"), (first, "B")]
    for text in ("4006381333931", "B", *["4006381333931"] * 3):
        assert bench.scan(text) == "counted"
    expect(told).to_be_visible()
    assert bench.scan("B") == "complete"
    expect(told).to_be_hidden()
    assert packed() == [4, 2]


@ONE
def test_a_scan_made_before_the_page_had_opened_its_store_is_kept_too(bench: Station) -> None:
    bench.server.stop()
    bench.page.add_init_script(SCAN_AT_ONCE)
    bench.page.reload()
    bench.ready()
    bench.unsent(1)
    bench.page.reload()  # scans once more
    bench.ready()
    bench.unsent(2)
    bench.server.start()
    bench.unsent(0)
    assert packed() == [0, 2]


@ONE
def test_kept_scans_that_arrive_after_a_take_over_are_refused_and_stored(
    bench: Station, stations: Stations
) -> None:
    bench.context.set_offline(True)
    bench.scanner.scan_at_once("B")
    bench.unsent(1)
    other = stations("packer2", "W1S2")
    other.open()
    other.own(Own.TOTE, "W1T1")
    other.command(Command.TAKE_OVER)
    assert other.command(Command.TAKE_OVER) == "taken-over"
    bench.context.set_offline(False)
    expect(bench.page.locator(".bench")).to_have_attribute("data-code", "lost-to-take-over")
    assert packed() == [0, 0]
    assert len(codes(ScanEvent, "id", code="lost-to-take-over")) == 1
