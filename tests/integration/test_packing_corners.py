"""Corners of packing and cancelling that a search over all sequences found."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from fulfillment.domain.barcodes import Command
from fulfillment.domain.errors import AlreadyDispatched
from fulfillment.services.cancelling import cancel_order, cancel_shipment
from fulfillment.services.dispatching import scan_out
from fulfillment.services.orders.review import place_hold
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Parcel
from fulfillment.store.stock import SerialUnit
from fulfillment.store.work import PickList, PickStop
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.picklists import claim, release
from tests.support.world import World, change

A1 = "W1-A-01-1-1"


@pytest.fixture
def bench(world: World) -> BenchDriver:
    world.product("A", weight_grams=300)
    world.product("B", weight_grams=200)
    world.stock("A", 20)
    world.stock("B", 20)
    return BenchDriver(world)


def order_of(shipment_id: int) -> int:
    return int(codes(Shipment, "order_id", id=shipment_id)[0].order_id)


def test_a_stop_ends_when_the_only_order_that_still_wanted_from_it_is_cancelled(
    bench: BenchDriver,
) -> None:
    world = bench.world
    made = release(world, [{"A": 1}, {"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    cancel_order(world.people["admin"], order_id=made.orders[1], reason="asked")
    assert codes(PickStop, "state") == [("picked",)]
    assert codes(PickList, "state") == [("done",)]
    assert codes(Shipment, "state") == [("picked",), ("cancelled",)]


def test_a_list_that_a_cancellation_ended_still_says_which_tote_to_set_aside(
    bench: BenchDriver,
) -> None:
    world = bench.world
    made = release(world, [{"A": 1, "B": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    cancel_order(world.people["admin"], order_id=made.orders[0], reason="asked")
    assert codes(PickList, "state") == [("done",)]
    told = picker.scan("B").verdict
    assert told.code == "order-cancelled"
    assert told.fields["totes"] == ["W1T1"]
    assert picker.scan("B").verdict.code == "list-done"


def two_parcels_shipped(bench: BenchDriver) -> tuple[int, list[str]]:
    shipment_id = picked_shipment(bench.world, {"A": 2})
    bench.open()
    bench.scan("A")
    bench.command(Command.NEXT_PARCEL)
    bench.scan("A")
    bench.weigh(350)
    view = bench.weigh(350).view
    assert view is not None
    tracking = [one.tracking_number or "" for one in view.parcels]
    for number in tracking:
        bench.scan(number)
    assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]
    return shipment_id, tracking


def test_a_shipment_with_one_parcel_on_the_van_is_not_cancelled(bench: BenchDriver) -> None:
    world = bench.world
    shipment_id, (first, second) = two_parcels_shipped(bench)
    supervisor, warehouse_id = world.people["supervisor1"], world.warehouses["W1"]
    scan_out(supervisor, warehouse_id=warehouse_id, scan_id="out-1", raw=first)
    with pytest.raises(AlreadyDispatched):
        cancel_shipment(supervisor, shipment_id=shipment_id, reason="asked")
    with pytest.raises(AlreadyDispatched):
        cancel_order(supervisor, order_id=order_of(shipment_id), reason="asked")
    out = scan_out(supervisor, warehouse_id=warehouse_id, scan_id="out-2", raw=second)
    assert out.verdict.code == "shipment-dispatched"


def test_a_label_scanned_on_a_held_order_is_refused_and_logged(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 1})
    bench.open()
    bench.scan("A")
    tracking = bench.weigh(350).verdict.fields["tracking"]
    admin = bench.world.people["admin"]
    place_hold(admin, order_of(shipment_id), hold_type="payment", reason="to be paid")
    held = bench.scan(tracking).verdict
    assert (held.code, held.fields["holds"]) == ("order-on-hold", "payment")
    assert codes(ScanEvent, "accepted", code="order-on-hold") == [(False,)]
    assert codes(Shipment, "state", id=shipment_id) == [("labelled",)]


def test_a_next_parcel_after_one_that_stayed_empty_has_a_number_of_its_own(
    bench: BenchDriver,
) -> None:
    bench.world.stock("A", 1, bin_code="W1-A-02-1-1")
    change(update(Warehouse).values(policy={"bench_short": "ship-rest"}))
    picked_shipment(bench.world, {"A": 3})
    bench.open()
    bench.scan("A")
    bench.scan("A")
    bench.command(Command.NEXT_PARCEL)
    bench.command(Command.SHORT)
    assert bench.reason("not-found").verdict.code == "short-recorded"
    bench.command(Command.UNDO)
    assert bench.command(Command.NEXT_PARCEL).verdict.code == "next-parcel"
    assert bench.scan("A").verdict.code == "complete"


def test_a_shipment_has_at_most_999_parcels(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 3})
    bench.open()
    bench.scan("A")
    change(update(Parcel).values(sequence=998))
    assert bench.command(Command.NEXT_PARCEL).verdict.code == "next-parcel"
    bench.scan("A")
    assert bench.command(Command.NEXT_PARCEL).verdict.code == "too-many-parcels"
    assert bench.scan("A").verdict.code == "complete"


def test_a_piece_that_breaks_after_the_label_was_voided_is_taken_off_the_books(
    bench: BenchDriver,
) -> None:
    change(update(Warehouse).values(policy={"bench_short": "ship-rest"}))
    picked_shipment(bench.world, {"A": 2})
    bench.open()
    bench.scan("A")
    bench.scan("A")
    bench.weigh(650)
    bench.command(Command.VOID_LABEL)
    bench.command(Command.UNDO)
    bench.command(Command.SHORT)
    broken = bench.reason("damaged").verdict
    assert (broken.code, broken.fields["quantity"]) == ("short-recorded", 1)
    assert bench.world.balance("W1-QUAR", "A") == (1, 0, 1)
    tracking = bench.weigh(350).verdict.fields["tracking"]
    assert bench.scan(tracking).verdict.code == "shipped"


def test_a_unit_with_a_serial_that_is_missing_at_the_bench_leaves_with_its_serial(
    bench: BenchDriver,
) -> None:
    world = bench.world
    change(update(Warehouse).values(policy={"bench_short": "ship-rest"}))
    world.product("S", tracking="serial", barcode="4006381333931")
    world.stock("S", 2, serials=("S1", "S2"))
    picked_shipment(world, {"S": 2}, serials={"S": ("S1", "S2")})
    bench.open()
    bench.scan("]C1010400638133393121S1")
    bench.command(Command.SHORT)
    assert bench.reason("not-found").verdict.code == "short-recorded"
    assert codes(SerialUnit, "serial") == [("S1",)]


def test_a_unit_with_a_serial_and_a_lot_is_packed_and_shipped(bench: BenchDriver) -> None:
    world = bench.world
    world.product("S", tracking="serial", barcode="4006381333931", weight_grams=100)
    world.stock("S", 1, serials=("S1",), lot="L1")
    picked_shipment(world, {"S": 1}, serials={"S": ("S1",)}, lots={"S": "L1"})
    bench.open()
    bench.scan("]C1010400638133393121S1")
    tracking = bench.weigh(150).verdict.fields["tracking"]
    assert bench.scan(tracking).verdict.code == "shipped"


def test_a_serial_in_the_barcode_of_a_product_without_serials_does_not_matter(
    bench: BenchDriver,
) -> None:
    bench.world.barcode("A", "4006381333931")
    picked_shipment(bench.world, {"A": 1})
    bench.open()
    assert bench.scan("]C1010400638133393121X7").verdict.code == "complete"
