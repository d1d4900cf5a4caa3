"""The bin holds less than the books say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from fulfillment.domain.barcodes import Command
from fulfillment.store.journal import OutboxMessage
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.stock import Promise, StockMove, post
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import Task
from tests.support.picklists import Picker, check_books, claim, release
from tests.support.world import World, change, fetch

A1, A2, A3 = "W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"


@writes
def promise(tx: Transaction, world: World, sku: str, quantity: int) -> None:
    post(
        tx,
        actor_id=1,
        promises=[Promise(world.warehouses["W1"], world.products[sku], quantity)],
    )


def report_short(picker: Picker, found: int | None, reason: str = "fewer-than-shown") -> Any:
    assert picker.command(Command.SHORT).verdict.code == "short"
    if found is not None:
        assert picker.quantity(found).verdict.code == "found"
    return picker.reason(reason)


def the_task() -> Any:
    rows = fetch(select(Task))
    assert len(rows) == 1
    return fetch(select(Task.kind, Task.state, Task.quantity, Task.held, Task.reason))[0]


def test_two_found_instead_of_five_and_the_rest_is_owed(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    made = release(world, [{"A": 5}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, 2)
    assert reply.verdict.code == "short-owed"
    assert reply.verdict.fields == {"sku": "A", "missing": 3, "owed": 3}
    assert reply.view.awaits == "item"
    assert reply.view.stop.wanted == 2
    assert picker.put("A", "W1T1").verdict.code == "put-last"
    assert fetch(select(ShipmentLine.quantity, ShipmentLine.picked)) == [(2, 2)]
    assert fetch(select(OrderLine.quantity, OrderLine.allocated)) == [(5, 2)]
    assert fetch(select(Order.state, Order.has_backorder)) == [("confirmed", True)]
    assert fetch(select(Shipment.state, Shipment.pieces)) == [("picked", 2)]
    assert the_task() == ("count", "open", 3, 0, "fewer-than-shown")
    moves = fetch(select(StockMove.quantity, StockMove.note).where(StockMove.reason == "short"))
    assert moves == [(3, "fewer-than-shown")]
    assert [row.topic for row in fetch(select(OutboxMessage.topic))] == ["order.backordered"]
    assert made.orders
    check_books()


def test_the_missing_units_are_taken_from_another_bin(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 5, bin_code=A1)
    world.stock("B", 5, bin_code=A2)
    release(world, [{"A": 5, "B": 1}])
    world.stock("A", 4, bin_code=A3)
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, 2)
    assert reply.verdict.code == "short-other-bin"
    assert reply.verdict.fields == {"sku": "A", "missing": 3, "owed": 0, "bins": [A3]}
    assert world.balance(A3, "A") == (4, 3, 0)
    assert world.available("W1", "A") == 1
    picker.put("A", "W1T1")
    picker.bin(A2)
    picker.put("B", "W1T1")
    picker.bin(A3)
    assert picker.put("A", "W1T1").verdict.code == "put-last"
    assert world.balance("W1T1", "A") == (5, 5, 0)
    assert fetch(select(Order.state, Order.has_backorder)) == [("allocated", False)]
    assert fetch(select(OutboxMessage.topic)) == []
    check_books()


def test_the_missing_cannot_be_sold_and_other_pickers_units_stay_reserved(world: World) -> None:
    world.product("A")
    world.stock("A", 10)
    release(world, [{"A": 5}])
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    other = claim(world, "picker2")
    assert world.available("W1", "A") == 3
    picker.bin(A1)
    assert report_short(picker, 2, "not-found").verdict.code == "short-owed"
    assert world.available("W1", "A") == 0
    assert world.balance(A1, "A") == (7, 4, 3)
    assert the_task() == ("count", "open", 3, 3, "not-found")
    other.bin(A1)
    assert other.put("A", "W1T2").verdict.code == "put-last"
    picker.put("A", "W1T1")
    assert world.balance(A1, "A") == (3, 0, 3)
    check_books()


def test_the_feeds_in_front_of_the_cart_are_served_with_what_was_found(world: World) -> None:
    world.product("A")
    world.stock("A", 6)
    made = release(world, [{"A": 2}, {"A": 3}, {"A": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, 3)
    assert [feed.wanted for feed in reply.view.stop.feeds] == [2, 1]
    states = dict(fetch(select(Shipment.id, Shipment.state)))
    assert [states[s] for s in made.shipments] == ["picking", "picking", "cancelled"]
    picker.put("A", "W1T1")
    assert picker.put("A", "W1T2").verdict.code == "put-last"
    assert dict(fetch(select(Shipment.id, Shipment.state)))[made.shipments[1]] == "picked"
    check_books()


def test_an_empty_bin_ends_the_stop_and_cancels_a_shipment_without_units(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 5, bin_code=A1)
    world.stock("B", 5, bin_code=A2)
    release(world, [{"A": 5}, {"B": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, None, "empty")
    assert reply.verdict.fields["missing"] == 5
    assert reply.view.stop.location_code == A2
    assert fetch(select(Shipment.state, Shipment.cancel_reason).order_by(Shipment.id)) == [
        ("cancelled", "short"),
        ("picking", ""),
    ]
    assert fetch(select(ShipmentLine.quantity).order_by(ShipmentLine.id)) == [(0,), (1,)]
    picker.bin(A2)
    assert picker.put("B", "W1T1").verdict.code == "put-last"
    check_books()


def test_a_list_that_is_short_of_everything_is_done(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 5}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, 0, "empty")
    assert (reply.view.state, reply.view.awaits) == ("done", "nothing")
    check_books()


def test_fewer_in_hand_than_shown_stay_in_hand(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 5}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.scan("A")
    picker.command(Command.SHORT)
    assert picker.reason("empty").verdict.code == "quantity-needed"
    assert picker.scan("A").verdict.code == "reason-needed"
    assert picker.quantity(5).verdict.code == "nothing-short"
    picker.quantity(2)
    reply = picker.reason("damaged")
    assert (reply.verdict.code, reply.view.in_hand, reply.view.awaits) == ("short-owed", 2, "tote")
    assert picker.tote("W1T1").verdict.code == "put-last"
    check_books()


def test_a_reason_needs_short_and_must_be_of_the_list(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 5}])
    picker = claim(world, "picker1")
    assert picker.command(Command.SHORT).verdict.code == "bin-first"
    picker.bin(A1)
    assert picker.reason("empty").verdict.code == "short-first"
    picker.command(Command.SHORT)
    assert picker.reason("bored").verdict.code == "unknown-reason"
    assert picker.command(Command.UNDO).verdict.code == "short-dropped"


@pytest.mark.half_made
def test_promised_units_are_neither_held_nor_taken_for_the_shortage(world: World) -> None:
    world.product("A")
    world.stock("A", 7, bin_code=A1)
    release(world, [{"A": 5}])
    world.stock("A", 4, bin_code=A2)
    promise(world, "A", 5)
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, 2)
    assert reply.verdict.fields["owed"] == 3
    assert world.balance(A1, "A") == (4, 2, 1)
    assert world.available("W1", "A") == 0
    check_books()


def test_expired_lots_are_no_replacement_and_the_first_to_expire_is(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.stock("A", 5, bin_code=A1, lot="L0", expires_on=date(2099, 1, 1))
    release(world, [{"A": 5}])
    world.stock("A", 5, bin_code=A2, lot="OLD", expires_on=date(2020, 1, 1))
    world.stock("A", 1, bin_code=A2, lot="SOON", expires_on=date(2098, 1, 1))
    world.stock("A", 5, bin_code=A3, lot="LATE", expires_on=date(2099, 6, 1))
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, 2)
    assert reply.verdict.fields["bins"] == [A2, A3]
    assert world.balance(A2, "A", "OLD") == (5, 0, 0)
    assert world.balance(A2, "A", "SOON") == (1, 1, 0)
    assert world.balance(A3, "A", "LATE") == (5, 2, 0)
    check_books()


def test_missing_serials_stay_held_in_the_bin_until_they_are_counted(world: World) -> None:
    world.product("A", tracking="serial")
    world.stock("A", 3, serials=("S1", "S2", "S3"))
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = report_short(picker, 1)
    assert reply.verdict.fields["owed"] == 1
    assert world.balance(A1, "A") == (3, 1, 2)
    assert world.available("W1", "A") == 0
    assert the_task() == ("count", "open", 0, 2, "fewer-than-shown")
    check_books()


def test_a_second_short_pick_of_a_bin_joins_its_count(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 2}])
    release(world, [{"A": 3}])
    first, second = claim(world, "picker1"), claim(world, "picker2")
    first.bin(A1)
    report_short(first, 0, "empty")
    second.bin(A1)
    report_short(second, 1, "empty")
    assert the_task() == ("count", "open", 4, 0, "empty")
    check_books()


@pytest.mark.half_made
def test_an_order_cancelled_in_its_tote_stops_the_next_scan(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    made = release(world, [{"A": 2}, {"A": 1}, {"A": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.scan("A")
    picker.quantity(1)
    picker.tote("W1T1")
    picker.scan("A")
    change(
        Shipment.__table__.update()
        .where(Shipment.id == made.shipments[0])
        .values(state="cancelled")
    )
    reply = picker.tote("W1T1")
    number = fetch(select(Shipment.number).where(Shipment.id == made.shipments[0]))[0].number
    assert reply.verdict.code == "order-cancelled"
    assert reply.verdict.fields == {"shipment": number, "position": 1, "totes": ["W1T1"]}
    assert reply.view.in_hand == 0
    assert reply.view.feed.position == 2
    assert world.balance("W1T1", "A") == (1, 1, 0)
    assert picker.put("A", "W1T2").verdict.code == "put"
    assert picker.put("A", "W1T3").verdict.code == "put-last"


@pytest.mark.half_made
def test_a_list_whose_orders_are_all_cancelled_ends_with_the_news(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    change(Shipment.__table__.update().values(state="cancelled"))
    reply = picker.bin(A1)
    assert reply.verdict.code == "order-cancelled"
    assert reply.view.state == "done"
