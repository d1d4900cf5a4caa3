"""A walk from the claim to the last tote, scan by scan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from fulfillment.domain.barcodes import Command
from fulfillment.domain.errors import (
    AlreadyTaken,
    HasOpenWork,
    IllegalEvent,
    InvalidInput,
    NothingToDo,
    NotPermitted,
    UnknownThing,
)
from fulfillment.services import picking
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.stock import StockMove
from fulfillment.store.work import PickList
from tests.support.picklists import Picker, check_books, claim, release
from tests.support.world import NOON, World, fetch

A1, A2, A3 = "W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"


def shipment_states(ids: list[int]) -> list[str]:
    rows = fetch(select(Shipment.id, Shipment.state).where(Shipment.id.in_(ids)))
    states = {row.id: row.state for row in rows}
    return [states[shipment_id] for shipment_id in ids]


# --- claiming ----------------------------------------------------------------------------------


def test_the_list_of_higher_priority_then_of_the_earlier_cut_off_is_served_first(
    world: World,
) -> None:
    world.product("A")
    world.stock("A", 10)
    release(world, [{"A": 1}])
    late = release(world, [{"A": 1}], due_at=NOON + timedelta(hours=5))
    soon = release(world, [{"A": 1}], due_at=NOON + timedelta(hours=1))
    urgent = release(world, [{"A": 1}], priority=9)
    assert claim(world, "picker1").list_id == urgent.id
    assert claim(world, "picker2").list_id == soon.id
    assert claim(world, "supervisor1").list_id == late.id


def test_claiming_starts_the_pick_of_its_shipments(world: World) -> None:
    world.product("A")
    world.stock("A", 10)
    made = release(world, [{"A": 1}, {"A": 2}])
    view = claim(world, "picker1").view()
    assert shipment_states(made.shipments) == ["picking", "picking"]
    stamps = fetch(select(Shipment.pick_started_at, Shipment.pick_started_by_id))
    assert all(at is not None and by == world.people["picker1"].user_id for at, by in stamps)
    assert view.awaits == "bin"
    assert view.stop is not None
    assert (view.stop.location_code, view.stop.sku, view.stop.wanted) == (A1, "A", 3)
    assert [(feed.position, feed.wanted) for feed in view.stop.feeds] == [(1, 1), (2, 2)]


def test_a_picker_gets_the_same_list_again(world: World) -> None:
    world.product("A")
    world.stock("A", 10)
    release(world, [{"A": 1}])
    other = release(world, [{"A": 1}])
    first = claim(world, "picker1")
    assert claim(world, "picker1").list_id == first.list_id
    with pytest.raises(HasOpenWork):
        picking.claim_list(
            world.people["picker1"], warehouse_id=world.warehouses["W1"], number=other.number
        )


def test_a_named_list_is_claimed_once(world: World) -> None:
    world.product("A")
    world.stock("A", 10)
    release(world, [{"A": 1}], priority=9)
    made = release(world, [{"A": 1}])
    warehouse_id = world.warehouses["W1"]
    view = picking.claim_list(
        world.people["picker1"], warehouse_id=warehouse_id, number=made.number
    )
    assert view.list_id == made.id
    with pytest.raises(AlreadyTaken) as taken:
        picking.claim_list(world.people["picker2"], warehouse_id=warehouse_id, number=made.number)
    assert taken.value.holder == "Picker1"
    with pytest.raises(UnknownThing):
        picking.claim_list(world.people["picker2"], warehouse_id=warehouse_id, number="NONE")


def test_nobody_claims_where_nothing_is_open_or_where_they_may_not(world: World) -> None:
    with pytest.raises(NothingToDo):
        claim(world, "picker1")
    with pytest.raises(NotPermitted):
        claim(world, "packer1")
    with pytest.raises(NotPermitted):
        claim(world, "picker1_w2")


def test_a_list_of_another_warehouse_does_not_exist(world: World) -> None:
    world.product("A")
    world.stock("A", 1)
    made = release(world, [{"A": 1}])
    with pytest.raises(UnknownThing):
        Picker(world.people["picker1_w2"], made.id).bin(A1)


# --- the walk ----------------------------------------------------------------------------------


def test_a_list_of_two_orders_is_picked_by_scans_alone(world: World) -> None:
    for sku in "AB":
        world.product(sku)
    world.stock("A", 10, bin_code=A1)
    world.stock("B", 10, bin_code=A2)
    made = release(world, [{"A": 2, "B": 1}, {"A": 3}])
    picker = claim(world, "picker1")
    reply = picker.bin(A1)
    assert (reply.verdict.code, reply.view.awaits) == ("bin", "item")
    reply = picker.scan("A")
    assert (reply.verdict.code, reply.view.in_hand, reply.view.awaits) == ("item", 2, "tote")
    reply = picker.tote("W1T1")
    assert reply.verdict.fields == {
        "sku": "A", "quantity": 2, "tote": "W1T1", "shipment": reply.verdict.fields["shipment"],
        "position": 1,
    }  # fmt: skip
    assert reply.view.awaits == "item"
    assert picker.put("A", "W1T2").verdict.code == "put"
    assert shipment_states(made.shipments) == ["picking", "picked"]
    reply = picker.bin(A2)
    assert reply.verdict.code == "bin"
    assert reply.view.feed is not None
    assert reply.view.feed.tote == "W1T1"
    reply = picker.put("B", "W1T1")
    assert (reply.verdict.code, reply.verdict.tone) == ("put-last", "complete")
    assert (reply.view.state, reply.view.awaits) == ("done", "nothing")
    assert reply.view.stops_open == 0
    assert shipment_states(made.shipments) == ["picked", "picked"]
    assert world.balance("W1T1", "A") == (2, 2, 0)
    assert world.balance("W1T2", "A") == (3, 3, 0)
    assert world.balance(A1, "A") == (5, 0, 0)
    assert fetch(select(ShipmentLine.picked).order_by(ShipmentLine.id)) == [(2,), (1,), (3,)]
    check_books()


def test_the_reply_shows_what_the_database_has(world: World) -> None:
    for sku in "AB":
        world.product(sku)
    world.stock("A", 10, bin_code=A1)
    world.stock("B", 10, bin_code=A2)
    release(world, [{"A": 2, "B": 1}, {"A": 3}])
    picker = claim(world, "picker1")
    for step in (
        lambda: picker.bin(A1),
        lambda: picker.scan("A"),
        lambda: picker.tote("W1T1"),
        lambda: picker.scan("A"),
        lambda: picker.command(Command.UNDO),
        lambda: picker.command(Command.SHORT),
        lambda: picker.quantity(1),
        lambda: picker.command(Command.UNDO),
        lambda: picker.command(Command.SKIP),
        lambda: picker.bin(A2),
        lambda: picker.command(Command.HAND_OVER),
    ):
        assert step().view == picker.view()


def test_wrong_scans_are_refused_with_what_was_scanned_and_what_was_expected(
    world: World,
) -> None:
    for sku in "AB":
        world.product(sku)
    world.stock("A", 10, bin_code=A1)
    world.stock("B", 10, bin_code=A2)
    release(world, [{"A": 2}, {"A": 2}])
    picker = claim(world, "picker1")
    assert picker.scan("A").verdict.code == "bin-first"
    assert picker.tote("W1T1").verdict.code == "bin-first"
    refused = picker.bin(A2).verdict
    assert (refused.code, refused.fields) == ("wrong-bin", {"scanned": A2, "expected": A1})
    picker.bin(A1)
    assert picker.tote("W1T1").verdict.code == "item-first"
    refused = picker.scan("B").verdict
    assert (refused.code, refused.fields) == ("wrong-item", {"scanned": "B", "expected": "A"})
    assert picker.scan("NOBODYS").verdict.code == "unknown-barcode"
    assert picker.scan("\x07").verdict.code == "unreadable"
    picker.put("A", "W1T1")
    picker.scan("A")
    assert picker.scan("A").verdict.code == "too-many"
    assert picker.bin(A1).verdict.code == "in-hand"
    owner = fetch(select(Shipment.number).order_by(Shipment.id))[0].number
    refused = picker.tote("W1T1").verdict
    assert refused.code == "tote-of-another"
    assert refused.fields == {"tote": "W1T1", "owner": owner, "expected": ""}
    assert picker.tote("W2T1").verdict.code == "unknown-tote"
    world.stock("B", 1, bin_code="W1T9")
    assert picker.tote("W1T9").verdict.code == "tote-not-empty"
    assert picker.tote("W1T2").verdict.code == "put-last"
    assert picker.bin(A1).verdict.code == "list-done"
    log = fetch(select(ScanEvent.code, ScanEvent.accepted).where(ScanEvent.code == "wrong-item"))
    assert log == [("wrong-item", False)]
    check_books()


def test_an_order_stays_with_its_tote_until_that_is_full(world: World) -> None:
    world.product("A")
    world.product("B")
    world.product("C")
    for sku, code in (("A", A1), ("B", A2), ("C", A3)):
        world.stock(sku, 5, bin_code=code)
    release(world, [{"A": 1, "B": 2, "C": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    picker.bin(A2)
    picker.scan("B")
    refused = picker.tote("W1T2").verdict
    assert (refused.code, refused.fields["expected"]) == ("wrong-tote", "W1T1")
    picker.quantity(1)
    picker.tote("W1T1")
    picker.scan("B")
    assert picker.command(Command.TOTE_FULL).verdict.code == "tote-closed"
    assert picker.tote("W1T1").verdict.code == "tote-is-full"
    assert picker.tote("W1T2").verdict.code == "put"
    picker.bin(A3)
    assert picker.put("C", "W1T2").verdict.code == "put-last"
    assert world.balance("W1T1", "B") == (1, 1, 0)
    assert world.balance("W1T2", "B") == (1, 1, 0)
    check_books()


def test_a_scan_sent_twice_counts_once(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 2}, {"A": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.scan("A", "scan-1")
    first = picker.tote("W1T1", "scan-2")
    again = picker.tote("W1T1", "scan-2")
    assert again == replace(first, repeated=True)
    assert fetch(select(func.count()).where(StockMove.reason == "pick")) == [(1,)]
    assert picker.scan("A", "scan-1").verdict.code == "item"
    assert picker.view().in_hand == 0


def test_a_scan_needs_an_id(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    with pytest.raises(InvalidInput):
        picking.scan(picker.actor, pick_list_id=picker.list_id, scan_id="", raw="A")


def test_undo_takes_back_what_is_in_hand_and_then_the_last_put(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    made = release(world, [{"A": 2}, {"A": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    assert shipment_states(made.shipments) == ["picked", "picking"]
    picker.scan("A")
    assert picker.command(Command.UNDO).verdict.code == "taken-back"
    reply = picker.command(Command.UNDO)
    assert reply.verdict.code == "put-undone"
    assert reply.verdict.fields == {"sku": "A", "quantity": 2, "tote": "W1T1", "bin": A1}
    assert shipment_states(made.shipments) == ["picking", "picking"]
    assert world.balance(A1, "A") == (5, 3, 0)
    assert world.balance("W1T1", "A") == (0, 0, 0)
    check_books()
    assert picker.command(Command.UNDO).verdict.code == "nothing-to-undo"
    picker.put("A", "W1T5")
    assert picker.put("A", "W1T6").verdict.code == "put-last"
    check_books()


def test_undo_opens_the_stop_of_the_last_put_again(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 5, bin_code=A1)
    world.stock("B", 5, bin_code=A2)
    release(world, [{"A": 2, "B": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    picker.bin(A2)
    reply = picker.command(Command.UNDO)
    assert reply.view.stop is not None
    assert (reply.view.stop.location_code, reply.view.bin_scanned) == (A1, True)
    picker.put("A", "W1T1")
    picker.bin(A2)
    assert picker.put("B", "W1T1").verdict.code == "put-last"
    check_books()


def test_a_skipped_stop_comes_last(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 5, bin_code=A1)
    world.stock("B", 5, bin_code=A2)
    release(world, [{"A": 1, "B": 1}])
    picker = claim(world, "picker1")
    reply = picker.command(Command.SKIP)
    assert reply.verdict.code == "skipped"
    assert reply.view.stop is not None
    assert reply.view.stop.location_code == A2
    picker.bin(A2)
    picker.put("B", "W1T1")
    assert picker.command(Command.SKIP).verdict.code == "last-stop"
    picker.bin(A1)
    assert picker.put("A", "W1T1").verdict.code == "put-last"


def test_a_list_that_is_handed_over_goes_on_with_another_picker(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 1}, {"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    picker.scan("A")
    assert picker.command(Command.HAND_OVER).verdict.code == "in-hand"
    picker.command(Command.UNDO)
    assert picker.command(Command.HAND_OVER).verdict.code == "handed-over"
    assert picker.bin(A1).verdict.code == "list-not-claimed"
    other = claim(world, "picker2")
    assert other.list_id == picker.list_id
    refused = picker.bin(A1).verdict
    assert (refused.code, refused.fields["holder"]) == ("not-your-list", "Picker2")
    other.bin(A1)
    assert other.put("A", "W1T2").verdict.code == "put-last"


def test_a_finished_list_cannot_be_claimed(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    made = release(world, [{"A": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    done = fetch(select(PickList.state, PickList.finished_at))
    assert done[0].state == "done"
    assert done[0].finished_at is not None
    with pytest.raises(IllegalEvent):
        picking.claim_list(
            world.people["picker2"], warehouse_id=world.warehouses["W1"], number=made.number
        )
