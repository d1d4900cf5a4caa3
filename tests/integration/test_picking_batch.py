"""A batch list: what many orders want at a stop is taken at once, into totes that they share."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update

from fulfillment.domain.barcodes import Command
from fulfillment.domain.people import system
from fulfillment.domain.waving import WaveChoice
from fulfillment.services import allocating, cancelling, waving
from fulfillment.store.catalog import Warehouse
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.stock import Reservation
from fulfillment.store.work import PickFeed, PickList, PickStop, Task, ToteUse
from tests.support.picklists import Picker, ReleasedList, check_books, claim, release
from tests.support.waiting_orders import an_order
from tests.support.world import World, change, fetch

A1, A2 = "W1-A-01-1-1", "W1-A-02-1-1"


def a_batch(world: World, *orders: dict[str, int]) -> tuple[ReleasedList, Picker]:
    """A claimed batch list of A in the first bin and B in the second."""
    for sku, place in (("A", A1), ("B", A2)):
        world.product(sku)
        world.stock(sku, 10, bin_code=place)
    made = release(world, list(orders), method="batch")
    return made, claim(world, "picker1")


def states(made: ReleasedList) -> list[str]:
    rows = fetch(select(Shipment.id, Shipment.state).order_by(Shipment.id))
    return [row.state for row in rows if row.id in made.shipments]


def in_tote(world: World, tote: str) -> list[tuple[int, int]]:
    """(shipment line, units) reserved in a tote."""
    return [
        tuple(row)
        for row in fetch(
            select(Reservation.shipment_line_id, Reservation.quantity)
            .where(Reservation.location_id == world.locations[tote])
            .order_by(Reservation.shipment_line_id)
        )
    ]


def test_one_put_serves_every_order_of_the_stop(world: World) -> None:
    made, picker = a_batch(world, {"A": 2, "B": 1}, {"A": 1}, {"A": 3})
    view = picker.bin(A1).view
    assert (view.method, view.wanted_now) == ("batch", 6)
    taken = picker.scan("A")
    assert taken.verdict.fields == {"sku": "A", "quantity": 6, "wanted": 6, "tote": ""}
    assert taken.view.next_step == "batch-tote"
    put = picker.tote("W1T1")
    assert (put.verdict.code, put.verdict.fields) == (
        "batch-put",
        {"sku": "A", "quantity": 6, "tote": "W1T1"},
    )
    assert put.view == picker.view()
    assert states(made) == ["picking", "picked", "picked"]
    lines = [made.lines[0]["A"], made.lines[1]["A"], made.lines[2]["A"]]
    assert in_tote(world, "W1T1") == [(lines[0], 2), (lines[1], 1), (lines[2], 3)]
    assert world.balance("W1T1", "A") == (6, 6, 0)
    picker.bin(A2)
    assert picker.put("B", "W1T1").verdict.code == "batch-put-last"
    assert states(made) == ["picked"] * 3
    assert fetch(select(PickList.state)) == [("done",)]
    assert fetch(select(ToteUse.shipment_id, ToteUse.pick_list_id)) == [(None, made.id)]
    check_books()


def test_a_put_sent_twice_counts_once(world: World) -> None:
    made, picker = a_batch(world, {"A": 2}, {"A": 1})
    picker.bin(A1)
    picker.scan("A")
    scan_id = str(uuid.uuid4())
    first = picker.tote("W1T1", scan_id)
    again = picker.tote("W1T1", scan_id)
    assert (again.repeated, again.verdict, again.view) == (True, first.verdict, first.view)
    assert world.balance("W1T1", "A") == (3, 3, 0)
    assert states(made) == ["picked", "picked"]


def test_a_full_tote_is_followed_by_another_and_fewer_in_hand_serve_the_most_urgent(
    world: World,
) -> None:
    made, picker = a_batch(world, {"A": 2}, {"A": 3})
    picker.bin(A1)
    picker.scan("A")
    assert picker.quantity(3).verdict.code == "quantity"
    assert picker.tote("W1T1").verdict.code == "batch-put"
    assert fetch(select(PickFeed.picked).order_by(PickFeed.position)) == [(2,), (1,)]
    assert picker.scan("A").view.in_hand == 2
    assert picker.command(Command.TOTE_FULL).verdict.code == "batch-tote-closed"
    assert picker.tote("W1T1").verdict.code == "tote-is-full"
    assert picker.tote("W1T2").verdict.code == "batch-put-last"
    line = made.lines[1]["A"]
    assert (line, 1) in in_tote(world, "W1T1")
    assert in_tote(world, "W1T2") == [(line, 2)]


def test_a_tote_of_an_order_and_a_tote_of_a_batch_are_kept_apart(world: World) -> None:
    world.product("A")
    world.stock("A", 10)
    release(world, [{"A": 1}], priority=9)
    release(world, [{"A": 1}, {"A": 1}], method="batch")
    cart, batch = claim(world, "picker1"), claim(world, "picker2")
    for picker in (cart, batch):
        picker.bin(A1)
        picker.scan("A")
    cart.tote("W1T1")
    assert batch.tote("W1T1").verdict.code == "tote-of-another"
    batch.tote("W1T2")
    release(world, [{"A": 1}])
    other = claim(world, "picker1")
    other.bin(A1)
    other.scan("A")
    refused = other.tote("W1T2").verdict
    number = fetch(select(PickList.number).where(PickList.id == batch.list_id))[0].number
    assert (refused.code, refused.fields["owner"]) == ("tote-of-another", number)


def test_the_last_put_of_a_batch_goes_back_whole(world: World) -> None:
    made, picker = a_batch(world, {"A": 2}, {"A": 1, "B": 1})
    picker.bin(A1)
    picker.put("A", "W1T1")
    assert states(made) == ["picked", "picking"]
    undone = picker.command(Command.UNDO)
    assert undone.verdict.code == "put-undone"
    assert undone.verdict.fields["quantity"] == 3
    assert states(made) == ["picking", "picking"]
    assert world.balance(A1, "A") == (10, 3, 0)
    assert world.balance("W1T1", "A") == (0, 0, 0)
    assert fetch(select(ToteUse.closed_at).where(ToteUse.closed_at.is_(None))) == []
    assert fetch(select(ShipmentLine.picked)) == [(0,), (0,), (0,)]
    assert picker.put("A", "W1T2").verdict.code == "batch-put"
    check_books()


def test_a_short_pick_of_a_batch_leaves_the_last_without(world: World) -> None:
    made, picker = a_batch(world, {"A": 2}, {"A": 3})
    picker.bin(A1)
    picker.command(Command.SHORT)
    picker.quantity(4)
    assert picker.reason("fewer-than-shown").verdict.code == "short-owed"
    assert fetch(select(PickFeed.short).order_by(PickFeed.position)) == [(0,), (1,)]
    picker.scan("A")
    assert picker.tote("W1T1").verdict.fields["quantity"] == 4
    assert fetch(select(PickStop.state)) == [("short",)]
    assert states(made) == ["picked", "picked"]
    check_books()


def test_serials_of_a_batch_are_scanned_one_by_one(world: World) -> None:
    world.product("S", tracking="serial")
    world.stock("S", 3, serials=("S1", "S2", "S3"))
    release(world, [{"S": 1}, {"S": 2}], method="batch")
    picker = claim(world, "picker1")
    picker.bin(A1)
    for serial in ("S2", "S1"):
        assert picker.scan(serial).view.awaits == "item"
    assert picker.scan("S3").view.awaits == "tote"
    assert picker.tote("W1T1").verdict.code == "batch-put-last"
    assert picker.command(Command.UNDO).verdict.code == "list-done"
    check_books()


def test_an_order_cancelled_on_the_walk_shrinks_the_stop_and_is_told(world: World) -> None:
    made, picker = a_batch(world, {"A": 2, "B": 1}, {"A": 3})
    picker.bin(A1)
    picker.scan("A")
    cancelling.cancel_order(world.people["supervisor1"], order_id=made.orders[1], reason="asked")
    told = picker.tote("W1T1")
    assert (told.verdict.code, told.verdict.fields["in_hand"]) == ("batch-order-cancelled", 5)
    assert (told.view.in_hand, told.view.wanted_now) == (0, 2)
    assert picker.put("A", "W1T1").verdict.fields["quantity"] == 2
    cancelling.cancel_order(world.people["supervisor1"], order_id=made.orders[0], reason="too")
    assert [(task.kind, task.quantity) for task in fetch(select(Task.kind, Task.quantity))] == [
        ("put-back", 2)
    ]
    assert world.balance("W1T1", "A") == (2, 0, 0)
    # The cancellation itself ended the list, and who stands there with the tote is told of it.
    assert picker.bin(A2).verdict.code == "batch-order-cancelled"
    assert picker.bin(A2).verdict.code == "list-done"


def test_a_list_that_is_handed_over_keeps_its_batch_tote(world: World) -> None:
    _made, picker = a_batch(world, {"A": 1, "B": 1}, {"B": 1})
    picker.bin(A1)
    picker.put("A", "W1T1")
    picker.command(Command.HAND_OVER)
    other = claim(world, "picker2")
    view = other.bin(A2).view
    assert view.feed is not None
    assert view.feed.tote == "W1T1"
    other.command(Command.SKIP)
    assert other.put("B", "W1T2").verdict.code == "wrong-tote"
    assert other.tote("W1T1").verdict.code == "batch-put-last"


def test_a_wave_of_single_pieces_is_a_batch_and_others_are_not(world: World) -> None:
    world.product("A")
    world.stock("A", 50)
    change(update(Warehouse).values(policy={"batch_shipments": 3}))
    ids = [an_order(world, {"A": 1}) for _ in range(4)]
    ids.append(an_order(world, {"A": 2}))
    allocating.allocate_orders(system(), order_ids=ids)
    w1 = world.warehouses["W1"]
    assert waving.release(system(), WaveChoice(w1, items="single")).shipments == 4
    rows = fetch(select(PickList.method).order_by(PickList.id))
    assert rows == [("batch",), ("batch",)]
    waving.release(system(), WaveChoice(w1))
    assert fetch(select(PickList.method).order_by(PickList.id.desc()))[0] == ("cart",)
