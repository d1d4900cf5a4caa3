"""Sorting a batch at a put wall, scan by scan."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.errors import InvalidInput, NotPermitted, UnknownThing
from fulfillment.domain.people import system
from fulfillment.services import cancelling, tasks, walls
from fulfillment.services.walls import WallEntry
from fulfillment.store.catalog import Location
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.stock import StockMove
from fulfillment.store.work import Task, ToteUse
from tests.support.benches import BenchDriver
from tests.support.picklists import check_books, claim, release
from tests.support.walls import A1, Sorter, a_picked_batch, a_wall, slot_barcode
from tests.support.world import World, fetch


def number_of(order_id: int) -> str:
    return str(fetch(select(Order.number).where(Order.id == order_id))[0].number)


def test_a_batch_is_sorted_and_a_complete_slot_opens_its_order(world: World) -> None:
    made = a_picked_batch(world, {"A": 1, "B": 1}, {"A": 1, "B": 2})
    sorter = a_wall(world)
    opened = sorter.tote()
    assert (opened.verdict.code, opened.verdict.fields) == ("tote", {"tote": "W1T1", "left": 5})
    first = sorter.scan("A")
    assert (first.verdict.fields["slot"], first.view.awaits) == (1, "slot")
    assert first.view == sorter.view()
    assert sorter.slot(1).verdict.fields["left"] == 4
    assert sorter.sort("A").verdict.fields["slot"] == 2
    complete = sorter.sort("B").verdict
    assert (complete.code, complete.fields["slot"], complete.tone) == (
        "slot-complete",
        1,
        "complete",
    )
    assert sorter.scan("B").view.in_hand is not None
    assert sorter.quantity(3).verdict.code == "wrong-quantity"
    assert sorter.quantity(2).verdict.code == "quantity"
    last = sorter.slot(2)
    assert (last.verdict.code, last.view.awaits) == ("slot-complete", "tote")
    assert [slot.number for slot in last.view.complete] == [1, 2]
    assert world.balance("P-002", "B") == (2, 2, 0)
    assert fetch(select(ToteUse.closed_at).where(ToteUse.tote_id == world.locations["W1T1"])) != [
        (None,)
    ]
    check_books()
    bench = BenchDriver(world)
    view = bench.scan(slot_barcode(2)).view
    assert view is not None
    assert view.order_number == number_of(made.orders[1])
    for sku in ("A", "B", "B"):
        reply = bench.scan(sku)
    assert reply.verdict.code == "complete"
    tracking = bench.weigh(350).verdict.fields["tracking"]
    assert bench.scan(str(tracking)).verdict.code == "shipped"
    assert [slot.number for slot in sorter.view().slots] == [1]


def test_a_put_sent_twice_moves_once(world: World) -> None:
    a_picked_batch(world, {"A": 2})
    sorter = a_wall(world)
    sorter.tote()
    sorter.scan("A")
    scan_id = str(uuid.uuid4())
    first, again = sorter.slot(1, scan_id), sorter.slot(1, scan_id)
    assert again == first
    assert len(fetch(select(StockMove.id).where(StockMove.reason == "sort"))) == 1
    assert world.balance("P-001", "A") == (1, 1, 0)


def test_a_wrong_slot_is_refused_with_both_numbers(world: World) -> None:
    a_picked_batch(world, {"A": 2})
    sorter = a_wall(world)
    sorter.tote()
    assert sorter.slot(1).verdict.code == "item-first"
    sorter.scan("A")
    refused = sorter.slot(3).verdict
    assert (refused.code, refused.fields) == ("wrong-slot", {"scanned": 3, "expected": 1})
    assert sorter.scan("A").verdict.code == "in-hand"
    assert sorter.tote().verdict.code == "in-hand"
    assert sorter.scan(own_code(Own.SLOT, "Q-001")).verdict.code == "unknown-slot"
    assert sorter.slot(1).verdict.code == "put"


def test_scans_that_mean_nothing_here_are_refused(world: World) -> None:
    a_picked_batch(world, {"A": 2})
    sorter = a_wall(world)
    assert sorter.scan("A").verdict.code == "tote-first"
    assert sorter.tote("W1T9").verdict.code == "unknown-tote"
    assert sorter.scan("\x07").verdict.code == "unreadable"
    assert sorter.scan(own_code(Own.COMMAND, Command.SHORT)).verdict.code == "not-for-sorting"
    assert sorter.undo().verdict.code == "nothing-to-undo"
    sorter.tote()
    assert sorter.scan("NOBODYS").verdict.code == "unknown-barcode"
    world.product("C")
    world.stock("C", 1, bin_code=A1)
    refused = sorter.scan("C").verdict
    assert (refused.code, refused.fields["home"]) == ("wrong-item", A1)


def test_a_tote_that_is_still_filled_is_not_sorted_yet(world: World) -> None:
    for sku in "AB":
        world.product(sku)
        world.stock(sku, 5, bin_code=A1)
    release(world, [{"A": 1, "B": 1}], method="batch")
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    sorter = a_wall(world)
    assert sorter.tote().verdict.code == "tote-still-picked"


def test_when_all_slots_are_taken_the_page_says_which_can_be_packed(world: World) -> None:
    a_picked_batch(world, {"A": 1, "B": 1}, {"A": 2})
    sorter = a_wall(world, slots=1)
    sorter.tote()
    sorter.sort("A")
    full = sorter.scan("A").verdict
    assert (full.code, full.fields) == ("wall-full", {"complete": ""})
    assert sorter.sort("B").verdict.code == "slot-complete"
    assert sorter.scan("A").verdict.fields == {"complete": "1"}


def test_what_is_in_hand_and_the_last_put_are_taken_back(world: World) -> None:
    a_picked_batch(world, {"A": 1})
    sorter = a_wall(world)
    sorter.tote()
    sorter.scan("A")
    assert sorter.undo().verdict.code == "taken-back"
    assert sorter.view().slots == ()
    assert sorter.sort("A").verdict.code == "slot-complete"
    undone = sorter.undo()
    assert (undone.verdict.code, undone.view.awaits) == ("put-undone", "item")
    assert world.balance("W1T1", "A") == (1, 1, 0)
    assert sorter.view().slots == ()
    check_books()
    assert sorter.sort("A").verdict.code == "slot-complete"
    BenchDriver(world).scan(slot_barcode(1))
    assert sorter.undo().verdict.code == "undo-too-late"


def test_a_cancelled_orders_piece_is_told_and_waits_for_put_back(world: World) -> None:
    made = a_picked_batch(world, {"A": 2}, {"B": 1})
    sorter = a_wall(world)
    sorter.tote()
    sorter.sort("A")
    sorter.scan("A")
    cancelling.cancel_order(world.people["supervisor1"], order_id=made.orders[0], reason="asked")
    told = sorter.slot(1)
    assert (told.verdict.code, told.view.in_hand) == ("order-cancelled", None)
    assert sorter.scan("A").verdict.code == "order-cancelled"
    found = fetch(select(Task.id, Location.code).join(Location, Location.id == Task.location_id))
    assert sorted(row.code for row in found) == ["P-001", "W1T1"]
    worker = world.people["packer1"]
    for row in found:
        kind = Own.SLOT if row.code == "P-001" else Own.TOTE
        for raw in (own_code(kind, row.code), "A", own_code(Own.LOCATION, A1)):
            reply = tasks.scan(worker, task_id=row.id, scan_id=str(uuid.uuid4()), raw=raw)
        assert reply.verdict.code == "put-back-done"
    assert sorter.view().slots == ()
    assert sorter.sort("B").verdict.code == "slot-complete"
    check_books()


def test_a_slot_that_got_nothing_is_free_again_when_its_order_is_cancelled(world: World) -> None:
    made = a_picked_batch(world, {"A": 2}, {"B": 1})
    sorter = a_wall(world)
    sorter.tote()
    sorter.scan("A")
    cancelling.cancel_order(world.people["supervisor1"], order_id=made.orders[0], reason="asked")
    assert sorter.view().slots == ()
    assert sorter.slot(1).verdict.code == "order-cancelled"


def test_a_put_cannot_be_undone_at_the_shelf_once_it_is_sorted(world: World) -> None:
    for sku in "AB":
        world.product(sku)
        world.stock(sku, 5, bin_code=A1)
    release(world, [{"A": 1, "B": 1}], method="batch")
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    picker.bin(A1)
    picker.scan("B")
    picker.command(Command.TOTE_FULL)
    picker.command(Command.UNDO)
    sorter = a_wall(world)
    sorter.tote()
    sorter.sort("A")
    assert picker.command(Command.UNDO).verdict.code == "undo-too-late"


def test_an_order_whose_goods_lie_among_others_opens_when_it_is_scanned_twice(
    world: World,
) -> None:
    a_picked_batch(world, {"A": 1, "B": 1})
    sorter = a_wall(world)
    sorter.tote()
    sorter.sort("A")
    bench = BenchDriver(world)
    refused = bench.scan(slot_barcode(1)).verdict
    assert (refused.code, refused.fields["totes"]) == ("not-sorted-yet", "P-001, W1T1")
    assert bench.scan(slot_barcode(1)).verdict.code == "opened"


def test_serials_and_lots_are_told_apart(world: World) -> None:
    world.product("S", tracking="serial")
    world.stock("S", 2, serials=("S1", "S2"))
    release(world, [{"S": 2}], method="batch")
    picker = claim(world, "picker1")
    picker.bin(A1)
    for serial in ("S1", "S2"):
        picker.scan(serial)
    picker.tote("W1T1")
    sorter = a_wall(world)
    sorter.tote()
    assert sorter.scan("S").verdict.code == "serial-needed"
    assert sorter.sort("S2").verdict.code == "put"
    assert sorter.scan("S2").verdict.code == "unknown-barcode"
    assert sorter.sort("S1").verdict.code == "slot-complete"
    check_books()


def test_two_sorters_of_one_tote_take_different_orders_first(world: World) -> None:
    a_picked_batch(world, {"A": 1}, {"A": 1})
    one = a_wall(world)
    two = Sorter(world.people["packer2"], one.wall_id)
    for sorter in (one, two):
        sorter.tote()
    slots = [sorter.scan("A").verdict.fields["slot"] for sorter in (one, two)]
    assert slots == [1, 2]
    assert one.scan("A").verdict.code == "in-hand"
    assert one.slot(1).verdict.code == "slot-complete"
    assert two.slot(2).verdict.code == "slot-complete"


def test_a_slot_given_up_by_one_sorter_is_not_filled_by_another(world: World) -> None:
    a_picked_batch(world, {"A": 1, "B": 1})
    one = a_wall(world)
    two = Sorter(world.people["packer2"], one.wall_id)
    for sorter in (one, two):
        sorter.tote()
    assert one.scan("A").verdict.fields["slot"] == two.scan("B").verdict.fields["slot"] == 1
    assert one.undo().verdict.code == "taken-back"
    assert two.slot(1).verdict.code == "already-sorted"
    assert two.sort("B").verdict.code == "put"
    assert one.sort("A").verdict.code == "slot-complete"


def test_a_case_that_is_too_big_takes_no_slot(world: World) -> None:
    a_picked_batch(world, {"A": 2})
    world.barcode("A", "CASE-A", quantity=6, kind="case")
    world.barcode("A", "PAIR-A", quantity=2, kind="inner")
    sorter = a_wall(world)
    sorter.tote()
    refused = sorter.scan("CASE-A")
    assert (refused.verdict.code, refused.view.slots) == ("case-too-big", ())
    assert sorter.sort("PAIR-A").verdict.code == "slot-complete"


def test_who_may_not_work_here_sees_no_wall(world: World) -> None:
    sorter = a_wall(world)
    with pytest.raises(UnknownThing):
        Sorter(world.people["packer1_w2"], sorter.wall_id).view()
    with pytest.raises(NotPermitted):
        walls.put_wall(world.people["packer1"], "W1", WallEntry("Q", "Other", 2))


def test_a_wall_grows_and_shrinks_but_not_below_its_orders(world: World) -> None:
    a_picked_batch(world, {"A": 1}, {"A": 1})
    sorter = a_wall(world, slots=2)
    sorter.tote()
    sorter.sort("A")
    sorter.sort("A")
    with pytest.raises(InvalidInput):
        walls.put_wall(system(), "W1", WallEntry("P", "The wall", 1))
    assert walls.put_wall(system(), "W1", WallEntry("P", "The wall", 3)).slots == 3
    assert walls.put_wall(system(), "W1", WallEntry("P", "The wall", 2)).slots == 2
    listed = walls.list_walls(world.people["packer1"], warehouse_id=world.warehouses["W1"])
    assert [(wall.code, wall.slots) for wall in listed] == [("P", 2)]
    assert walls.slot_labels(system(), wall_id=sorter.wall_id).startswith(b"%PDF")
    with pytest.raises(InvalidInput):
        walls.put_wall(system(), "W2", WallEntry("P", "Same code", 2))
    assert fetch(select(Shipment.state)) == [("picked",)] * 2
