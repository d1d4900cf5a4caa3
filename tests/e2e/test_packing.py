"""The packing station in a browser: the day-one checks 1-9, 13 and 14."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from fulfillment.domain.barcodes import Command, Own
from fulfillment.domain.people import system
from fulfillment.services import cancelling, packing
from fulfillment.store.journal import AuditEntry, ScanEvent
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.work import Task
from tests.e2e.conftest import Stations
from tests.e2e.driving import Station, badge_of
from tests.support.benches import codes, picked_shipment
from tests.support.world import World

TARE = 50
ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the database has no part in."""


@pytest.fixture
def goods(world: World) -> World:
    """Three products in the first bin."""
    world.product("A", weight_grams=300, name="Blue mug", case=("CASE-A", 12))
    world.product("B", weight_grams=200, name="Tea towel")
    world.product("C", weight_grams=120, name="Green mug")
    for sku in "ABC":
        world.stock(sku, 60)
    return world


@pytest.fixture
def bench(goods: World, stations: Stations) -> Station:
    """A station with its packing page open."""
    station = stations()
    station.open()
    return station


def test_an_order_of_four_items_goes_from_tote_to_shipped_with_scans_alone(
    goods: World, bench: Station
) -> None:
    bench.key_by_key = True
    shipment = picked_shipment(goods, {"A": 3, "B": 1})
    assert bench.own(Own.TOTE, "W1T1") == "opened"
    for sku in "AABA":
        last = bench.scan(sku)
    assert (last, bench.attribute("next")) == ("complete", "weigh")
    assert bench.weigh(3 * 300 + 200 + TARE) == "label-printed"
    label = bench.page.locator(".parcels li").inner_text().split(" · ")[-1]
    assert bench.scan(label) == "shipped"
    assert codes(Shipment, "state", id=shipment) == [("shipped",)]
    assert bench.scanner.scans == 4 + 2
    assert bench.attribute("next") == "scan-tote"


@ONE
def test_finishing_early_is_refused_with_what_is_missing_and_the_last_item_goes_on_by_itself(
    goods: World, bench: Station
) -> None:
    picked_shipment(goods, {"A": 3, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    for sku in "AAB":
        assert bench.scan(sku) == "counted"
    assert bench.command(Command.CONFIRM) == "not-complete"
    assert "missing: 1 × A" in bench.answer()
    assert bench.lines("missing") == ["1 × A Blue mug"]
    assert bench.scan("A") == "complete"
    assert bench.attribute("next") == "weigh"


@ONE
def test_one_item_too_many_is_refused_with_the_error_tone_and_stands_in_the_scan_log(
    goods: World, bench: Station
) -> None:
    shipment = picked_shipment(goods, {"A": 3})
    bench.own(Own.TOTE, "W1T1")
    for _ in range(3):
        bench.scan("A")
    assert bench.scan("A") == "too-many"
    assert bench.attribute("tone") == "refused"
    expect(bench.page.locator("body")).to_have_attribute("data-tone", "refused")
    assert bench.answer().startswith("REFUSED")
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(3,)]
    (event,) = codes(ScanEvent, "raw", "user_id", "station_id", "at", code="too-many")
    assert event[:3] == ("A", goods.people["packer1"].user_id, goods.stations["W1S1"])


@ONE
def test_an_item_of_another_order_is_named_and_told_where_it_belongs(
    goods: World, bench: Station
) -> None:
    picked_shipment(goods, {"A": 1})
    picked_shipment(goods, {"C": 1}, tote="W1T4")
    bench.own(Own.TOTE, "W1T1")
    assert bench.scan("C") == "wrong-item"
    assert "Green mug" in bench.answer()
    assert "W1T4" in bench.answer()
    assert bench.lines("missing") == ["1 × A Blue mug"]


@ONE
def test_take_out_takes_any_accepted_piece_out_again(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 1, "B": 2})
    bench.own(Own.TOTE, "W1T1")
    for sku in "AB":
        bench.scan(sku)
    assert bench.command(Command.TAKE_OUT) == "take-out-which"
    assert bench.scan("A") == "taken-out"
    assert bench.lines("inside") == ["1 × B Tea towel"]


@ONE
def test_a_broken_item_is_short_with_a_reason(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 1, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    assert bench.command(Command.SHORT) == "short-why"
    assert bench.own(Own.REASON, "DAMAGED") == "short-recorded"


def test_the_same_message_twice_counts_once_and_two_units_0_3_s_apart_count_two(
    goods: World, stations: Stations
) -> None:
    bench = stations(service_workers="block")  # its requests are out of the route's reach
    bench.open()
    shipment = picked_shipment(goods, {"A": 3})
    bench.own(Own.TOTE, "W1T1")
    sent: list[str] = []

    def twice(route):  # type: ignore[no-untyped-def]  # Playwright's handler
        route.fetch()  # the answer to the first one is lost on its way
        sent.append(route.request.post_data_json["scan_id"])
        route.fulfill(response=route.fetch())

    bench.page.route("**/stations/scan", twice)
    assert bench.scan("A") == "counted"
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(1,)]
    bench.page.unroute("**/stations/scan")
    bench.scanner.scan_at_once("A")
    bench.scanner.scan_at_once("A")  # the answer to the one before is not waited for
    expect(bench.page.locator(".bench")).to_have_attribute("data-code", "complete")
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(3,)]
    assert len(sent) == 1


@ONE
def test_a_case_of_twelve_counts_twelve_or_is_refused(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 17})
    bench.own(Own.TOTE, "W1T1")
    assert bench.scan("CASE-A") == "counted"
    assert bench.lines("missing") == ["5 × A Blue mug"]
    assert bench.scan("CASE-A") == "pack-too-big"
    assert "case of 12, only 5 wanted" in bench.answer().lower()


@ONE
def test_undo_takes_the_last_scan_back_and_the_log_keeps_both(goods: World, bench: Station) -> None:
    shipment = picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    assert bench.command(Command.UNDO) == "undone"
    assert bench.lines("missing") == ["2 × A Blue mug"]
    logged = codes(ScanEvent, "code", shipment_id=shipment)
    assert [code for (code,) in logged] == ["opened", "counted", "undone"]


@ONE
def test_two_parcels_have_their_own_contents_weights_and_labels(
    goods: World, bench: Station
) -> None:
    picked_shipment(goods, {"A": 1, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    assert bench.command(Command.NEXT_PARCEL) == "next-parcel"
    assert bench.scan("B") == "complete"
    assert bench.weigh(300 + TARE) == "weighed"
    assert bench.weigh(200 + TARE) == "label-printed"
    parcels = bench.page.locator(".parcels li").all_inner_texts()
    assert ["weighed 350 g" in parcels[0], "weighed 250 g" in parcels[1]] == [True, True]
    first, second = (text.split(" · ")[-1] for text in parcels)
    assert first != second
    assert bench.scan(first) == "label-confirmed"
    assert bench.scan(second) == "shipped"


@ONE
def test_a_wrong_weight_blocks_until_a_supervisor_signs_with_badge_pin_and_reason(
    goods: World, bench: Station
) -> None:
    shipment = picked_shipment(goods, {"A": 3, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    for sku in "AAAB":
        bench.scan(sku)
    assert bench.weigh(1150 - 300) == "weight-outside"
    assert "1 × A is probably missing" in bench.answer()
    assert codes(Shipment, "state", id=shipment) == [("packed",)]
    badge, pin = badge_of(goods, "supervisor1")
    form = bench.page.locator("#override")
    form.get_by_label("Badge").fill(badge)
    form.get_by_label("PIN").fill(pin)
    form.get_by_label("Reason").fill("weighed by hand")
    form.get_by_label("Reason").press("Enter")
    expect(bench.page.locator(".bench")).to_have_attribute("data-next", "scan-label")
    label = bench.page.locator(".parcels li").inner_text().split(" · ")[-1]
    assert bench.scan(label) == "shipped"
    (entry,) = codes(AuditEntry, "by_id", "reason", act="override-weight")
    assert entry == (goods.people["supervisor1"].user_id, "weighed by hand")


@ONE
def test_a_weight_can_be_typed_into_its_field(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    field = bench.page.get_by_label("Weight in g (typed by hand)")
    field.fill("350")
    field.press("Enter")
    expect(bench.page.locator(".bench")).to_have_attribute("data-code", "label-printed")
    href = bench.page.get_by_role("link", name="as PDF").get_attribute("href")
    response = bench.context.request.get(f"{bench.server.url}{href}")
    assert response.headers["content-type"] == "application/pdf"
    assert response.body().startswith(b"%PDF")


def test_two_packers_the_other_sees_who_has_it_and_a_take_over_ends_the_first_ones_scans(
    goods: World, bench: Station, stations: Stations
) -> None:
    picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    other = stations("packer2", "W1S2")
    other.open()
    assert other.own(Own.TOTE, "W1T1") == "opened-elsewhere"
    assert "Packer1" in other.answer()
    assert "W1S1" in other.answer()
    assert other.command(Command.TAKE_OVER) == "take-over-again"
    assert other.command(Command.TAKE_OVER) == "taken-over"
    assert other.lines("missing") == ["1 × A Blue mug"]
    assert bench.scan("A") == "lost-to-take-over"
    assert "Packer2" in bench.answer()


@ONE
def test_a_cancelled_order_stops_the_next_scan_with_the_reason(
    goods: World, bench: Station
) -> None:
    shipment = picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    (row,) = codes(Shipment, "order_id", id=shipment)
    cancelling.cancel_order(system(), order_id=row.order_id, reason="customer changed mind")
    assert bench.scan("A") == "order-cancelled"
    assert "customer changed mind" in bench.answer()
    assert bench.weigh(650) != "label-printed"
    assert codes(Task, "kind", "quantity") != []


@ONE
def test_a_weight_from_the_bridge_is_seen_without_a_touch(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    packing.weigh(
        goods.people["packer1"],
        station_id=goods.stations["W1S1"],
        scan_id=str(uuid.uuid4()),
        grams=350,
        source="bridge",
    )
    expect(bench.page.locator(".bench")).to_have_attribute("data-next", "scan-label")


USB_SCALE = """() => {
  const listeners = [];
  const device = {opened: true, collections: [{usagePage: 0x8d}],
    addEventListener: (name, heard) => listeners.push(heard), removeEventListener: () => {}};
  Object.defineProperty(navigator, 'hid', {value: {getDevices: async () => [device],
    addEventListener: () => {}, removeEventListener: () => {}}});
  window.weighs = (...bytes) => listeners.forEach(
    heard => heard({reportId: 3, data: new DataView(new Uint8Array(bytes).buffer)}));
  localStorage.setItem('station.scale', '{"kind": "hid"}');
}"""


@ONE
def test_a_usb_scale_weighs_by_itself_as_soon_as_it_is_still(
    goods: World, stations: Stations
) -> None:
    station = stations()
    station.page.add_init_script(f"({USB_SCALE})()")
    station.open()
    station.page.wait_for_selector("html[data-offline-ready=yes]")
    picked_shipment(goods, {"A": 1})
    station.own(Own.TOTE, "W1T1")
    station.scan("A")
    moving, still, grams = 3, 4, 2
    station.page.evaluate(f"window.weighs({moving}, {grams}, 0, 94, 1)")
    for _ in range(2):
        station.page.evaluate(f"window.weighs({still}, {grams}, 0, 94, 1)")
    expect(station.page.locator(".bench")).to_have_attribute("data-code", "label-printed")


@ONE
def test_a_box_that_is_packed_on_the_usb_scale_is_weighed_after_its_last_scan(
    goods: World, stations: Stations
) -> None:
    station = stations()
    station.page.add_init_script(f"({USB_SCALE})()")
    station.open()
    station.page.wait_for_selector("html[data-offline-ready=yes]")
    picked_shipment(goods, {"A": 1})
    station.own(Own.TOTE, "W1T1")
    still, grams = 4, 2
    for _ in range(2):
        station.page.evaluate(f"window.weighs({still}, {grams}, 0, 94, 1)")
    expect(station.page.locator(".bench")).to_have_attribute("data-code", "not-complete")
    assert station.scan("A") == "complete"
    expect(station.page.locator(".bench")).to_have_attribute("data-code", "label-printed")


@ONE
def test_what_was_answered_stays_on_the_page_while_a_weight_is_awaited(
    goods: World, stations: Stations
) -> None:
    bench = stations(service_workers="block")  # its requests are not told to the test
    bench.open()
    picked_shipment(goods, {"A": 1})
    bench.own(Own.TOTE, "W1T1")
    assert bench.scan("A") == "complete"
    assert bench.scan("A") == "too-many"
    for _ in range(2):  # the page asks for a weight meanwhile
        with bench.page.expect_response("**/stations/pack/state"):
            pass
    assert bench.attribute("code") == "too-many"
