"""A batch at the wall and at the bench, in a browser: both databases, one test a journey."""

from __future__ import annotations

from sqlalchemy import select

from fulfillment.domain.barcodes import Command, Own
from fulfillment.store.orders import Shipment
from tests.e2e.conftest import HANDHELD_SIZE, Stations
from tests.support.picklists import release
from tests.support.walls import A1, a_picked_batch, a_wall, slot_barcode
from tests.support.world import World, fetch


def test_a_batch_is_picked_on_a_handheld(world: World, stations: Stations) -> None:
    world.product("A", name="Blue mug")
    world.stock("A", 20, bin_code=A1)
    release(world, [{"A": 2}, {"A": 1}], method="batch")
    handheld = stations("picker1", size=HANDHELD_SIZE)
    handheld.open("/stations/pick")
    handheld.command(Command.CLAIM)
    assert handheld.own(Own.LOCATION, A1) == "bin"
    assert handheld.page.locator(".feeds li").count() == 1
    assert handheld.scan("A") == "item"
    assert "3 in hand" in handheld.page.locator(".feeds li").inner_text()
    assert handheld.next().startswith("Put them into the batch tote.")
    assert handheld.own(Own.TOTE, "W1T1") == "batch-put-last"
    assert handheld.attribute("next") == "claim"


def test_a_batch_is_sorted_at_the_wall_and_a_slot_is_packed(
    world: World, stations: Stations
) -> None:
    a_picked_batch(world, {"A": 1, "B": 1}, {"A": 1, "B": 1})
    a_wall(world)
    sorter = stations("packer1", size=HANDHELD_SIZE)
    sorter.open("/stations/pack")
    sorter.page.goto(sorter.server.url + "/stations/wall")
    sorter.page.get_by_role("link", name="The wall").click()
    sorter.ready()
    assert sorter.attribute("next") == "tote"
    assert sorter.own(Own.TOTE, "W1T1") == "tote"
    assert sorter.scan("A") == "item"
    slot = sorter.page.locator(".wall .slot")
    assert slot.inner_text() == "1"
    assert float(slot.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")) >= 90
    assert sorter.scan(slot_barcode(2)) == "wrong-slot"
    assert "slot 1" in sorter.answer()
    assert sorter.scan(slot_barcode(1)) == "put"
    assert sorter.scan("B") == "item"
    assert sorter.scan(slot_barcode(1)) == "slot-complete"
    assert "Slot 1 is complete" in sorter.answer()
    assert sorter.page.locator("[data-complete]").all_inner_texts() == ["slot 1"]
    bench = stations("packer2", code="W1S2")
    bench.open()
    assert bench.scan(slot_barcode(1)) == "opened"
    assert bench.scan("A") == "counted"
    assert bench.scan("B") == "complete"


def test_single_pieces_of_a_batch_tote_take_two_scans_an_order(
    world: World, stations: Stations
) -> None:
    a_picked_batch(world, {"A": 1}, {"A": 1})
    bench = stations("packer1")
    bench.open()
    assert bench.own(Own.TOTE, "W1T1") == "batch-opened"
    assert "2 orders of one piece" in bench.page.locator(".order").inner_text()
    before = bench.scanner.scans
    for left in (1, 0):
        assert bench.scan("A") == "complete"
        assert bench.weigh(150) == "label-printed"
        printed = bench.page.locator(".parcels li").inner_text().split(" · ")
        assert bench.scan(printed[-1].strip()) == "shipped"
        assert bench.attribute("next") == ("scan-single" if left else "scan-tote")
    assert bench.scanner.scans - before == 4
    assert fetch(select(Shipment.state)) == [("shipped",)] * 2
