"""The packing station, as the day-one checks 1-9, 13, 14 and 22 ask."""

from __future__ import annotations

from datetime import date

import pytest

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.errors import IllegalEvent, LabelNotConfirmed, NotPermitted
from fulfillment.services import packing
from fulfillment.services.dispatching import scan_out
from fulfillment.store.journal import AuditEntry, OutboxMessage, ScanEvent
from fulfillment.store.orders import Order, Shipment, ShipmentLine
from fulfillment.store.parcels import Label, Parcel, ParcelLine
from fulfillment.store.stock import Reservation, StockMove
from fulfillment.store.work import Task
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.world import World

TARE = 50


@pytest.fixture
def bench(world: World) -> BenchDriver:
    world.product("A", weight_grams=300)
    world.product("B", weight_grams=200)
    world.product("C", weight_grams=120)
    for sku in "ABC":
        world.stock(sku, 50)
    return BenchDriver(world)


def test_an_order_goes_on_to_weighing_only_when_every_piece_was_scanned(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 3, "B": 1})
    assert bench.open().verdict.code == "opened"
    for raw in ("A", "A", "B"):
        assert bench.scan(raw).verdict.code == "counted"
    refusal = bench.command(Command.CONFIRM)
    assert (refusal.verdict.code, refusal.verdict.fields) == ("not-complete", {"missing": "1 × A"})
    assert bench.weigh(1150).verdict.code == "not-complete"
    last = bench.scan("A")
    assert last.verdict.code == "complete"
    assert (last.next_code, last.next_fields) == ("weigh", {"parcel": 1})


def test_one_more_of_a_complete_order_is_refused_and_logged(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 1})
    bench.open()
    bench.scan("A")
    extra = bench.scan("A")
    assert (extra.verdict.code, extra.verdict.tone) == ("too-many", "refused")
    assert codes(ShipmentLine, "packed", shipment_id=shipment_id) == [(1,)]
    (event,) = codes(ScanEvent, "raw", "user_id", "station_id", "at", code="too-many")
    assert (event.raw, event.user_id, event.station_id) == (
        "A",
        bench.actor.user_id,
        bench.station_id,
    )
    assert event.at is not None


def test_a_wrong_item_is_told_where_it_belongs(bench: BenchDriver) -> None:
    world = bench.world
    picked_shipment(world, {"A": 1})
    picked_shipment(world, {"C": 1}, tote="W1T2")
    bench.open()
    wrong = bench.scan("C")
    assert wrong.verdict.code == "wrong-item"
    assert wrong.verdict.fields["tote"] == "W1T2"
    assert wrong.verdict.fields["name"] == "Product C"
    elsewhere = bench.scan("B")
    assert elsewhere.verdict.fields["needed_by"] == ""
    assert elsewhere.verdict.fields["home"] == "W1-A-01-1-1"
    assert codes(ParcelLine, "quantity") == []


def test_the_same_scan_delivered_twice_counts_once(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 3})
    bench.open()
    first = bench.scan("A", scan_id="one")
    again = bench.scan("A", scan_id="one")
    assert again.repeated
    assert again.verdict == first.verdict
    assert codes(ShipmentLine, "packed", shipment_id=shipment_id) == [(1,)]
    bench.scan("A", scan_id="two")
    assert codes(ShipmentLine, "packed", shipment_id=shipment_id) == [(2,)]


def test_a_scan_or_weight_sent_again_is_answered_with_the_tone_it_had(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 2, "B": 1})
    tones = []

    def twice(raw: str) -> None:
        scan_id = f"scan {len(tones)}"
        first, again = bench.scan(raw, scan_id), bench.scan(raw, scan_id)
        assert (again.verdict, again.repeated) == (first.verdict, True)
        tones.append(again.verdict.tone)

    twice(own_code(Own.TOTE, "W1T1"))
    twice("A")
    twice(own_code(Own.COMMAND, Command.TAKE_OUT))
    twice("A")
    twice(own_code(Own.COMMAND, Command.SHORT))
    twice(own_code(Own.REASON, "DAMAGED"))
    twice(own_code(Own.COMMAND, Command.UNDO))
    for sku in "ABA":
        twice(sku)
    first, again = bench.weigh(850, "weight"), bench.weigh(850, "weight")
    assert (again.verdict, again.repeated) == (first.verdict, True)
    label = first.verdict.fields["tracking"]
    twice(label)
    after = bench.weigh(850, "weight")
    assert (after.verdict, after.repeated) == (first.verdict, True)
    assert tones == [
        "accepted", "accepted", "attention", "accepted", "attention", "attention",
        "accepted", "accepted", "accepted", "complete", "complete",
    ]  # fmt: skip
    dock = {"warehouse_id": bench.world.warehouses["W1"], "scan_id": "out", "raw": label}
    supervisor = bench.world.people["supervisor1"]
    out, again_out = (scan_out(supervisor, **dock) for _ in range(2))
    assert (out.verdict.tone, again_out.verdict, again_out.repeated) == (
        "complete",
        out.verdict,
        True,
    )


def test_a_weight_is_awaited_until_the_complete_parcel_has_one(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 2})
    assert not bench.open().awaits_weight
    assert not bench.scan("A").awaits_weight
    assert not bench.weigh(350).awaits_weight  # not complete
    assert bench.scan("A").awaits_weight
    assert not bench.weigh(100).awaits_weight  # outside: looked at by somebody
    assert bench.own(Own.CARTON, "M").awaits_weight
    assert not bench.weigh(650).awaits_weight


def test_a_case_counts_its_units_only_when_all_are_wanted(bench: BenchDriver) -> None:
    world = bench.world
    world.barcode("A", "CASE-A", quantity=12, kind="case")
    shipment_id = picked_shipment(world, {"A": 17})
    bench.open()
    assert bench.scan("CASE-A").verdict.fields["in_box"] == 12
    refused = bench.scan("CASE-A")
    assert refused.verdict.code == "pack-too-big"
    assert (refused.verdict.fields["pack"], refused.verdict.fields["wanted"]) == (12, 5)
    assert codes(ShipmentLine, "packed", shipment_id=shipment_id) == [(12,)]


def test_a_gs1_code_is_checked_for_lot_and_expiry(bench: BenchDriver) -> None:
    world = bench.world
    world.product("L", tracking="lot", has_expiry=True, barcode="09506000134352")
    world.stock("L", 9, lot="GOOD", expires_on=date(2049, 1, 1))
    picked_shipment(world, {"L": 2}, lots={"L": "GOOD"})
    bench.open()
    wrong_lot = bench.scan("]d2010950600013435217490101" + "10BAD")
    assert wrong_lot.verdict.code == "wrong-lot"
    assert wrong_lot.verdict.fields == {"sku": "L", "lot": "BAD", "expected": "GOOD"}
    expired = bench.scan("]C1010950600013435217200101" + "10GOOD")
    assert expired.verdict.code == "expired"
    assert bench.scan("010950600013435217490101" + "10GOOD").verdict.code == "counted"


def test_undo_takes_back_the_last_scan_and_keeps_both_in_the_log(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 2, "B": 1})
    bench.open()
    bench.scan("A")
    bench.scan("B")
    undone = bench.command(Command.UNDO)
    assert (undone.verdict.code, undone.verdict.fields["sku"]) == ("undone", "B")
    assert sorted(codes(ShipmentLine, "packed", shipment_id=shipment_id)) == [(0,), (1,)]
    counted = codes(ScanEvent, "raw", "undone_by_id", code="counted")
    assert [(row.raw, row.undone_by_id is not None) for row in counted] == [
        ("A", False),
        ("B", True),
    ]
    bench.command(Command.UNDO)
    assert bench.command(Command.UNDO).verdict.code == "nothing-to-undo"


def test_undo_after_the_last_piece_opens_the_parcel_again(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 2})
    bench.open()
    bench.scan("A")
    assert bench.scan("A").verdict.code == "complete"
    assert bench.command(Command.UNDO).next_code == "scan-missing"
    assert bench.scan("A").verdict.code == "complete"
    assert bench.weigh(2 * 300 + TARE).verdict.code == "label-printed"


def test_take_out_removes_any_accepted_piece(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 1, "B": 2})
    bench.open()
    bench.scan("A")
    bench.scan("B")
    assert bench.command(Command.TAKE_OUT).next_code == "scan-item-to-take-out"
    assert bench.scan("A").verdict.code == "taken-out"
    assert sorted(codes(ShipmentLine, "packed", shipment_id=shipment_id)) == [(0,), (1,)]
    bench.command(Command.TAKE_OUT)
    assert bench.scan("A").verdict.code == "not-in-box"


def test_two_parcels_have_their_own_contents_weight_sscc_and_label(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 1, "B": 2})
    bench.open()
    bench.scan("A")
    assert bench.command(Command.NEXT_PARCEL).verdict.fields == {"parcel": 2}
    bench.scan("B")
    assert bench.scan("B").verdict.code == "complete"
    assert bench.weigh(300 + TARE).verdict.code == "weighed"
    labelled = bench.weigh(2 * 200 + TARE)
    assert labelled.verdict.fields["parcels"] == 2
    parcels = codes(Parcel, "id", "sscc", "weight_grams", shipment_id=shipment_id)
    assert [parcel.weight_grams for parcel in parcels] == [350, 450]
    assert len({parcel.sscc for parcel in parcels}) == 2
    assert [codes(ParcelLine, "quantity", parcel_id=p.id) for p in parcels] == [[(1,)], [(2,)]]
    numbers = [row.tracking_number for row in codes(Label, "tracking_number", state="active")]
    assert bench.scan(numbers[1]).verdict.fields["left"] == 1
    assert bench.scan(numbers[0]).verdict.code == "shipped"


def test_a_weight_outside_the_tolerance_blocks_until_a_supervisor_overrides(
    bench: BenchDriver,
) -> None:
    world = bench.world
    world.product("H", weight_grams=240)
    world.stock("H", 9)
    shipment_id = picked_shipment(world, {"A": 3, "H": 1})
    bench.open()
    for raw in ("A", "A", "A", "H"):
        bench.scan(raw)
    blocked = bench.weigh(1190 - 230)
    assert blocked.verdict.code == "weight-outside"
    assert blocked.verdict.fields["expected"] == 1190
    assert blocked.verdict.fields["lacking"] == "1 × H"
    assert blocked.verdict.fields["extra"] == ""
    with pytest.raises(IllegalEvent):
        packing.ship(bench.actor, shipment_id=shipment_id)
    with pytest.raises(NotPermitted):
        packing.override_weight(bench.actor, shipment_id=shipment_id, reason="light filling")
    supervisor = world.people["supervisor1"]
    granted = packing.override_weight(supervisor, shipment_id=shipment_id, reason="light filling")
    assert granted.code == "label-printed"
    (entry,) = codes(AuditEntry, "by_id", "reason", "details", act="override-weight")
    assert (entry.by_id, entry.reason) == (supervisor.user_id, "light filling")
    assert entry.details["measured_grams"] == 960
    assert bench.scan(granted.fields["tracking"]).verdict.code == "shipped"


def test_a_product_without_a_weight_is_recorded_and_does_not_block(bench: BenchDriver) -> None:
    bench.world.product("N", weight_grams=None)
    bench.world.stock("N", 1)
    picked_shipment(bench.world, {"N": 1})
    bench.open()
    bench.scan("N")
    assert bench.weigh(777).verdict.code == "label-printed"
    assert codes(Parcel, "expected_grams", "weight_grams") == [(None, 777)]


def test_an_order_of_four_items_ships_with_six_scans(bench: BenchDriver) -> None:
    world = bench.world
    shipment_id = picked_shipment(world, {"A": 2, "B": 2})
    scans = [own_code(Own.TOTE, "W1T1"), "A", "A", "B", "B"]
    for raw in scans:
        reply = bench.scan(raw)
    label = bench.weigh(2 * 300 + 2 * 200 + TARE)
    assert label.next_code == "scan-label"
    shipped = bench.scan(label.verdict.fields["tracking"])
    assert (shipped.verdict.code, shipped.verdict.tone) == ("shipped", "complete")
    assert reply.verdict.code == "complete"
    assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]
    assert codes(Order, "state") == [("shipped",)]
    assert codes(Reservation, "id") == []
    assert world.balance("W1T1", "A") == (0, 0, 0)
    assert world.balance("W1-A-01-1-1", "A") == (48, 0, 0)
    assert world.available("W1", "A") == 48
    assert [row.key for row in codes(OutboxMessage, "key")] == [f"shipment.shipped:{shipment_id}"]
    assert len(codes(StockMove, "id", reason="ship")) == 2


def test_ship_pressed_twice_takes_stock_down_once(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 1})
    bench.open()
    bench.scan("A")
    bench.weigh(350)
    with pytest.raises(LabelNotConfirmed):
        packing.ship(bench.actor, shipment_id=shipment_id)
    supervisor = bench.world.people["supervisor1"]
    first = packing.ship(supervisor, shipment_id=shipment_id)
    again = packing.ship(supervisor, shipment_id=shipment_id)
    assert (first.already, again.already) == (False, True)
    assert first.tracking_numbers == again.tracking_numbers
    assert first.shipped_at == again.shipped_at
    assert len(codes(StockMove, "id", reason="ship")) == 1
    assert len(codes(OutboxMessage, "id")) == 1


def test_one_packer_owns_the_order_until_a_take_over(bench: BenchDriver) -> None:
    world = bench.world
    picked_shipment(world, {"A": 2})
    bench.open()
    bench.scan("A")
    other = BenchDriver(world, "packer2", "W1S2")
    refused = other.open()
    assert refused.verdict.code == "opened-elsewhere"
    assert (refused.verdict.fields["holder"], refused.verdict.fields["station"]) == (
        "Packer1",
        "W1S1",
    )
    assert other.command(Command.TAKE_OVER).verdict.code == "take-over-again"
    assert other.command(Command.TAKE_OVER).verdict.code == "taken-over"
    lost = bench.scan("A")
    assert lost.verdict.code == "lost-to-take-over"
    assert lost.verdict.fields["holder"] == "Packer2"
    assert other.scan("A").verdict.code == "complete"
    assert len(codes(AuditEntry, "id", act="take-over")) == 1


def test_another_orders_tote_is_refused_while_one_is_half_packed(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 2})
    picked_shipment(bench.world, {"B": 1}, tote="W1T2")
    bench.open()
    assert bench.open("W1T2").verdict.code == "opened"
    bench.open("W1T1")
    bench.scan("A")
    refused = bench.open("W1T2")
    assert (refused.verdict.code, refused.verdict.fields["missing"]) == ("order-open", "1 × A")


def test_a_voided_label_is_refused_and_the_new_one_ships(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 1})
    bench.open()
    bench.scan("A")
    old = bench.weigh(350).verdict.fields["tracking"]
    assert bench.command(Command.UNDO).verdict.code == "label-exists"
    assert bench.command(Command.VOID_LABEL).next_code == "weigh"
    new = bench.weigh(350).verdict.fields["tracking"]
    assert new != old
    assert bench.scan(old).verdict.code == "label-void"
    assert bench.scan(new).verdict.code == "shipped"
    assert [row.state for row in codes(Label, "state")] == ["void", "active"]
    assert len(codes(StockMove, "id", reason="pack")) == 1


def test_a_reprint_is_counted_and_the_second_needs_a_supervisor(bench: BenchDriver) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 1})
    bench.open()
    bench.scan("A")
    bench.weigh(350)
    assert bench.command(Command.REPRINT).verdict.fields["count"] == 1
    assert bench.command(Command.REPRINT).verdict.code == "reprint-needs-supervisor"
    supervisor = bench.world.people["supervisor1"]
    again = packing.reprint_label(supervisor, shipment_id=shipment_id, reason="torn")
    assert again.fields["count"] == 2


def test_a_serial_must_be_the_one_that_was_picked(bench: BenchDriver) -> None:
    world = bench.world
    world.product("S", tracking="serial", barcode="09506000134352")
    world.stock("S", 3, serials=("X1", "X2", "X3"))
    picked_shipment(world, {"S": 2}, serials={"S": ("X1", "X2")})
    bench.open()
    assert bench.scan("]C10109506000134352").verdict.code == "serial-needed"
    assert bench.scan("]C1010950600013435221X3").verdict.code == "serial-not-here"
    assert bench.scan("]C1010950600013435221X1").verdict.code == "counted"
    assert bench.scan("]C1010950600013435221X1").verdict.code == "serial-twice"
    assert bench.scan("]C1010950600013435221X2").verdict.code == "complete"
    tracking = bench.weigh(2 * 100 + TARE).verdict.fields["tracking"]
    assert bench.scan(tracking).verdict.code == "shipped"
    assert sorted(row.serial for row in codes(StockMove, "serial", reason="ship")) == ["X1", "X2"]


def test_a_missing_serial_is_the_one_that_is_in_no_box(bench: BenchDriver) -> None:
    world = bench.world
    world.product("S", tracking="serial", barcode="09506000134352")
    world.stock("S", 3, serials=("X1", "X2", "X3"))
    picked_shipment(world, {"S": 2}, serials={"S": ("X1", "X2")})
    bench.open()
    bench.command(Command.SHORT)
    bench.reason("not-found")
    assert bench.scan("]C10109506000134352").verdict.code == "serial-needed"
    assert bench.scan("]C1010950600013435221X2").verdict.code == "counted"
    bench.command(Command.SHORT)
    assert bench.reason("not-found").verdict.code == "short-recorded"
    assert [row.serial for row in codes(StockMove, "serial", reason="short")] == ["X1"]


def test_a_broken_piece_goes_to_quarantine_and_is_picked_again(bench: BenchDriver) -> None:
    world = bench.world
    shipment_id = picked_shipment(world, {"A": 2, "B": 1})
    bench.open()
    bench.scan("A")
    bench.command(Command.SHORT)
    assert bench.reason("damaged").next_code == "scan-item-or-confirm"
    reply = bench.scan("A")
    assert reply.verdict.code == "short-recorded"
    assert reply.verdict.fields["follows"] == "replacement-pick"
    assert world.balance("W1-QUAR", "A") == (1, 0, 1)
    assert world.balance("W1-A-01-1-1", "A") == (48, 1, 0)
    assert world.available("W1", "A") == 47
    assert codes(Shipment, "state", id=shipment_id) == [("picking",)]


def test_a_missing_piece_without_replacement_ships_the_rest(bench: BenchDriver) -> None:
    world = bench.world
    world.product("R", weight_grams=10)
    world.stock("R", 2)
    shipment_id = picked_shipment(world, {"R": 2, "B": 1})
    bench.open()
    bench.scan("R")
    bench.scan("B")
    bench.command(Command.SHORT)
    reply = bench.reason("not-found")
    assert reply.verdict.fields == {
        "sku": "R",
        "quantity": 1,
        "follows": "backorder",
        "reason": "not-found",
    }
    assert reply.next_code == "weigh"
    assert codes(Order, "state", "has_backorder") == [("confirmed", True)]
    assert len(codes(Task, "id", kind="count")) == 1
    tracking = bench.weigh(10 + 200 + TARE).verdict.fields["tracking"]
    bench.scan(tracking)
    assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]
    assert codes(Order, "state") == [("confirmed",)]


def test_a_held_shipment_cannot_be_opened(bench: BenchDriver) -> None:
    picked_shipment(bench.world, {"A": 1})
    bench.open()
    assert bench.command(Command.HOLD).verdict.code == "put-on-hold"
    assert bench.open().verdict.code == "order-on-hold"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "unreadable"),
        ("x" * 200, "unreadable"),
        ("A\x00B", "unreadable"),
        ("NO-SUCH", "unknown-barcode"),
        ("4006381333931", "unknown-barcode"),
        (own_code(Own.LOCATION, "W1-A-01-1-1"), "not-for-packing"),
        (own_code(Own.CARTON, "XXL"), "unknown-carton"),
        (own_code(Own.REASON, "DAMAGED"), "not-for-packing"),
        (own_code(Own.TOTE, "NONE"), "order-open"),
    ],
)
def test_what_is_no_item_of_the_order_changes_nothing(
    bench: BenchDriver, raw: str, code: str
) -> None:
    shipment_id = picked_shipment(bench.world, {"A": 2})
    bench.open()
    bench.scan("A")
    assert bench.scan(raw).verdict.code == code
    assert codes(ShipmentLine, "packed", shipment_id=shipment_id) == [(1,)]
    assert len(codes(ScanEvent, "id", code=code)) == 1


def test_a_packer_of_another_warehouse_is_kept_out(bench: BenchDriver) -> None:
    stranger = BenchDriver(bench.world, "packer1_w2", "W1S1")
    with pytest.raises(NotPermitted):
        stranger.scan("A")
