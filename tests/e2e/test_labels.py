"""Labels and printers in a browser: the day-one checks 10 and 11."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from fulfillment.domain.barcodes import Command, Own
from fulfillment.services.dispatching import scan_out
from fulfillment.services.orders import review
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label, LabelReprint
from fulfillment.store.transaction import clock_set_to
from tests.e2e.conftest import Stations
from tests.e2e.driving import Station
from tests.support.benches import codes, picked_shipment
from tests.support.carriers import ZPL, FakeCarrier, use_carrier
from tests.support.orders import ADDRESS
from tests.support.printing import set_up_raw, states, times_printed, work
from tests.support.raw_printers import RawPrinterStandIn
from tests.support.world import World

GRAMS = 350


@pytest.fixture
def printer() -> Iterator[RawPrinterStandIn]:
    with RawPrinterStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def bench(world: World, stations: Stations, printer: RawPrinterStandIn) -> Station:
    """Station W1S1 with a label printer, its packing page open."""
    world.product("A", weight_grams=300, name="Blue mug")
    world.stock("A", 10)
    set_up_raw(world, printer.address)
    station = stations()
    station.open()
    return station


def to_the_label(world: World, bench: Station) -> tuple[int, str]:
    """Pack an order of one A until its label is made: shipment and tracking number."""
    shipment_id = picked_shipment(world, {"A": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    assert bench.weigh(GRAMS) == "label-printed"
    return shipment_id, tracking_on(bench)


def tracking_on(bench: Station) -> str:
    return bench.page.locator(".parcels li").inner_text().split(" · ")[-1]


def test_a_voided_label_is_replaced_after_the_address_was_corrected_and_refused_at_the_dock(
    world: World, bench: Station
) -> None:
    shipment_id, old = to_the_label(world, bench)
    (shipment,) = codes(Shipment, "order_id", id=shipment_id)
    assert bench.command(Command.VOID_LABEL) == "label-voided"
    review.correct_address(
        world.people["supervisor1"],
        shipment.order_id,
        address=replace(ADDRESS, lines=("1 Other Street",)),
        reason="the customer rang",
    )
    assert bench.weigh(GRAMS) == "label-printed"
    new = tracking_on(bench)
    assert new != old
    assert bench.scan(old) == "label-void"
    assert "1 Other Street" in str(codes(Label, "content", state="active")[0].content["receiver"])
    assert bench.scan(new) == "shipped"
    at_the_dock = scan_out(
        world.people["packer1"], warehouse_id=world.warehouses["W1"], scan_id="dock-1", raw=old
    )
    assert at_the_dock.verdict.code == "label-void"


def test_the_page_says_that_the_printer_is_off_and_the_label_prints_once_when_it_is_back(
    world: World, bench: Station, printer: RawPrinterStandIn, tmp_path: Path
) -> None:
    _shipment, tracking = to_the_label(world, bench)
    work(tmp_path)
    shown = bench.page.locator("#printing")
    expect(shown).to_contain_text("Printer P1: cannot be reached, 1 waiting")
    assert bench.command(Command.REPRINT) == "label-waiting"
    printer.switch_on()
    with clock_set_to(lambda: datetime.now(UTC) + timedelta(minutes=1)):
        work(tmp_path)
    assert states() == ["sent"]
    assert times_printed(printer.printed, tracking) == len(printer.printed) == 1
    expect(shown).to_be_empty(timeout=20_000)
    assert bench.scan(tracking) == "shipped"
    assert states() == ["confirmed"]


def test_a_label_of_which_nobody_knows_asks_the_packer_to_scan_it_or_to_reprint(
    world: World, bench: Station, printer: RawPrinterStandIn, tmp_path: Path
) -> None:
    printer.switch_on("cut")
    _shipment, tracking = to_the_label(world, bench)
    work(tmp_path)
    assert states() == ["unknown"]
    shown = bench.page.locator("#printing")
    expect(shown).to_contain_text("Scan the label if it came out; else print it again.")
    work(tmp_path)
    assert states() == ["unknown"]
    assert bench.command(Command.REPRINT) == "label-reprinted"
    assert len(codes(LabelReprint, "id")) == 1
    assert bench.scan(tracking) == "shipped"


def test_a_label_that_is_bought_appears_by_itself_and_prints_as_the_carrier_made_it(
    world: World, bench: Station, printer: RawPrinterStandIn, tmp_path: Path
) -> None:
    printer.switch_on()
    with FakeCarrier() as carrier:
        use_carrier(world, carrier)
        shipment_id = picked_shipment(world, {"A": 1})
        bench.own(Own.TOTE, "W1T1")
        bench.scan("A")
        carrier.manner = "refuse"
        assert bench.weigh(GRAMS) == "label-being-bought"
        assert bench.attribute("next") == "await-label"
        assert bench.command(Command.UNDO) == "label-being-bought"
        work(tmp_path)
        told = bench.page.locator("#next")
        expect(told).to_contain_text("FAKE refuses the label of parcel 1: the postcode is not")
        carrier.manner = "sell"
        assert bench.command(Command.RE_WEIGH) == "weigh-again"
        assert bench.weigh(GRAMS) == "label-being-bought"
        work(tmp_path)
        number = carrier.sold[0].number
        expect(told).to_contain_text(f"Scan the label {number} on its box.")
        work(tmp_path)
        assert printer.printed == [ZPL]
        assert bench.scan(number) == "shipped"
        assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]
