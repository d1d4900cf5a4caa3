"""Put-back and count tasks by scans; the books are right after them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.errors import AlreadyTaken, IllegalEvent, NotPermitted, UnknownThing
from fulfillment.domain.tasks import ACCEPTANCES, REFUSALS
from fulfillment.domain.values import Place
from fulfillment.services import tasks
from fulfillment.store.catalog import Location
from fulfillment.store.journal import AuditEntry, ScanEvent
from fulfillment.store.stock import Pin, Reservation, SerialUnit, StockMove, post
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import Task, ToteUse
from tests.support.floor import Worker
from tests.support.picklists import check_books, claim, release
from tests.support.world import NOON, World, fetch

A1, A2, A3 = "W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"


@writes
def cancel_in_tote(tx: Transaction, world: World, tote: str, sku: str, quantity: int) -> int:
    """What a cancellation does with picked goods: the reservation goes, a put-back task comes."""
    place_id = world.locations[tote]
    tx.execute(Reservation.__table__.delete().where(Reservation.location_id == place_id))
    place = Place(place_id, "tote", world.warehouses["W1"])
    post(tx, actor_id=1, pins=[Pin(place, world.products[sku], reserved=-quantity)])
    key = tx.execute(
        insert(Task).values(
            kind="put-back",
            warehouse_id=world.warehouses["W1"],
            location_id=place_id,
            target_id=world.locations[A1],
            product_id=world.products[sku],
            quantity=quantity,
            created_at=NOON,
            created_by_id=1,
        )
    ).inserted_primary_key
    assert key is not None
    return int(key[0])


def picked_and_cancelled(world: World, quantity: int = 5, **product: Any) -> Worker:
    """Units in tote W1T1 whose order was cancelled."""
    world.product("A", **product)
    serials = tuple(f"S{n}" for n in range(quantity)) if product.get("tracking") else ()
    world.stock("A", quantity, serials=serials)
    release(world, [{"A": quantity}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    for serial in serials or ("A",):
        picker.scan(serial)
    picker.tote("W1T1")
    task_id = cancel_in_tote(world, "W1T1", "A", quantity)
    return Worker(world.people["packer1"], task_id)


def short_pick(world: World, *, found: int, stock: int = 10, wanted: int = 5) -> Worker:
    """A count task of bin A1, after a short pick."""
    world.product("A", case=("CASE", 6))
    world.stock("A", stock)
    release(world, [{"A": wanted}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.command(Command.SHORT)
    picker.quantity(found)
    picker.scan(own_code(Own.REASON, "FEWER-THAN-SHOWN"))
    if found:
        picker.put("A", "W1T1")
    return Worker(world.people["picker2"], fetch(select(Task.id))[0].id)


# --- put-back ----------------------------------------------------------------------------------


@pytest.mark.half_made
def test_a_put_back_brings_picked_goods_home_by_scans(world: World) -> None:
    worker = picked_and_cancelled(world)
    assert world.available("W1", "A") == 0
    listed = tasks.list_tasks(worker.actor, warehouse_id=world.warehouses["W1"], kind="put-back")
    assert [(t.place_code, t.suggested, t.left) for t in listed] == [("W1T1", A1, 5)]
    assert worker.scan("A").verdict.code == "source-first"
    assert worker.tote("W1T2").verdict.fields == {"scanned": "W1T2", "expected": "W1T1"}
    assert worker.tote("W1T1").verdict.code == "source"
    assert worker.place(A1).verdict.code == "item-first"
    reply = worker.scan("A")
    assert reply.verdict.fields == {"sku": "A", "quantity": 1, "suggested": A1}
    reply = worker.scan("A")
    assert (reply.view.in_hand, reply.view.awaits) == (2, "bin")
    reply = worker.place(A2)
    assert reply.verdict.fields == {"sku": "A", "quantity": 2, "bin": A2, "left": 3}
    assert world.available("W1", "A") == 2
    for _ in range(3):
        worker.scan("A")
    assert worker.scan("A").verdict.code == "too-many"
    reply = worker.place(A1)
    assert (reply.verdict.code, reply.view.state) == ("put-back-done", "done")
    assert world.balance(A1, "A") == (3, 0, 0)
    assert world.balance(A2, "A") == (2, 0, 0)
    assert world.available("W1", "A") == 5
    assert fetch(select(ToteUse.closed_at))[0].closed_at is not None
    assert worker.scan("A").verdict.code == "task-done"
    check_books()


@pytest.mark.half_made
def test_a_tote_that_is_put_back_partly_stays_in_use(world: World) -> None:
    worker = picked_and_cancelled(world)
    worker.tote("W1T1")
    worker.scan("A")
    worker.place(A1)
    assert fetch(select(ToteUse.closed_at)) == [(None,)]
    assert worker.scan("A").view.left == 4


@pytest.mark.half_made
def test_goods_go_back_only_into_a_bin_of_the_warehouse(world: World) -> None:
    worker = picked_and_cancelled(world)
    worker.tote("W1T1")
    worker.scan("A")
    for code in ("W2-A-01-1-1", "W1-QUAR", "NOWHERE"):
        assert worker.place(code).verdict.code == "unknown-bin"
    world.product("B")
    assert worker.scan("B").verdict.fields == {"scanned": "B", "expected": "A"}
    assert worker.scan("NOBODYS").verdict.code == "unknown-barcode"
    assert worker.command(Command.UNDO).verdict.code == "taken-back"
    assert worker.command(Command.UNDO).verdict.code == "nothing-to-undo"


@pytest.mark.half_made
def test_a_put_back_scan_sent_twice_counts_once(world: World) -> None:
    worker = picked_and_cancelled(world)
    worker.tote("W1T1")
    worker.scan("A")
    first = worker.place(A1, "same")
    assert worker.place(A1, "same") == replace(first, repeated=True)
    moved = fetch(select(func.sum(StockMove.quantity)).where(StockMove.reason == "put-back"))
    assert moved == [(1,)]


@pytest.mark.half_made
def test_serials_are_put_back_one_by_one(world: World) -> None:
    worker = picked_and_cancelled(world, 2, tracking="serial")
    worker.tote("W1T1")
    assert worker.scan("A").verdict.code == "serial-needed"
    assert worker.scan("S0").verdict.code == "item"
    assert worker.scan("S0").verdict.code == "serial-twice"
    worker.place(A2)
    assert worker.scan("S0").verdict.code == "serial-not-here"
    worker.scan("S1")
    assert worker.place(A1).verdict.code == "put-back-done"
    where = dict(fetch(select(SerialUnit.serial, SerialUnit.location_id)))
    assert where == {"S0": world.locations[A2], "S1": world.locations[A1]}
    check_books()


@pytest.mark.half_made
def test_one_worker_has_a_task_until_it_is_handed_over(world: World) -> None:
    worker = picked_and_cancelled(world)
    worker.tote("W1T1")
    worker.scan("A")
    other = Worker(world.people["packer2"], worker.task_id)
    assert other.tote("W1T1").verdict.fields["holder"] == "Packer1"
    with pytest.raises(AlreadyTaken):
        tasks.claim_task(other.actor, task_id=worker.task_id)
    with pytest.raises(NotPermitted):
        tasks.hand_over_task(other.actor, task_id=worker.task_id)
    tasks.hand_over_task(world.people["supervisor1"], task_id=worker.task_id)
    state = tasks.claim_task(other.actor, task_id=worker.task_id)
    assert (state.worker_id, state.at_place, state.in_hand) == (other.actor.user_id, False, 0)
    assert worker.scan("A").verdict.code == "not-your-task"


@pytest.mark.half_made
def test_a_task_of_another_warehouse_does_not_exist(world: World) -> None:
    worker = picked_and_cancelled(world)
    foreign = world.people["packer1_w2"]
    with pytest.raises(UnknownThing):
        Worker(foreign, worker.task_id).tote("W1T1")
    with pytest.raises(UnknownThing):
        tasks.see_task(foreign, task_id=worker.task_id)
    with pytest.raises(NotPermitted):
        tasks.list_tasks(foreign, warehouse_id=world.warehouses["W1"])


# --- count -------------------------------------------------------------------------------------


def sum_of(reason: str, source: str, target: str) -> int:
    ends = dict(fetch(select(Location.code, Location.id)))
    rows = fetch(
        select(func.coalesce(func.sum(StockMove.quantity), 0)).where(
            StockMove.reason == reason,
            StockMove.from_id == ends[source],
            StockMove.to_id == ends[target],
        )
    )
    return int(rows[0][0])


def test_a_count_that_agrees_writes_the_missing_off_and_lifts_the_hold(world: World) -> None:
    worker = short_pick(world, found=2)
    assert world.balance(A1, "A") == (5, 0, 5)
    assert worker.scan("A").verdict.code == "source-first"
    assert worker.place(A2).verdict.code == "wrong-place"
    worker.place(A1)
    for _ in range(5):
        reply = worker.scan("A")
    assert reply.verdict.fields == {"sku": "A", "counted": 5}
    reply = worker.command(Command.CONFIRM)
    assert reply.verdict.code == "count-done"
    assert reply.verdict.fields == {
        "sku": "A", "counted": 5, "found": 0, "written_off": 3, "unexplained": 0,
    }  # fmt: skip
    assert reply.view.state == "done"
    assert world.balance(A1, "A") == (5, 0, 0)
    assert world.available("W1", "A") == 5
    assert sum_of("count", "MISSING", "ADJUSTMENT") == 3
    assert fetch(select(AuditEntry.act, AuditEntry.subject_id)) == [("count", worker.task_id)]
    check_books()


def test_missing_units_that_are_found_come_back(world: World) -> None:
    worker = short_pick(world, found=2)
    worker.place(A1)
    worker.scan("CASE")
    worker.scan("A")
    refused = worker.command(Command.CONFIRM).verdict
    assert refused.fields == {"sku": "A", "counted": 7, "expected": 5}
    assert refused.code == "count-differs"
    assert worker.command(Command.CONFIRM).verdict.fields["found"] == 2
    assert world.balance(A1, "A") == (7, 0, 0)
    assert sum_of("count", "MISSING", A1) == 2
    assert sum_of("count", "MISSING", "ADJUSTMENT") == 1
    check_books()


def test_a_surplus_comes_in_by_adjustment(world: World) -> None:
    worker = short_pick(world, found=2)
    worker.place(A1)
    worker.quantity(9)
    worker.command(Command.CONFIRM)
    worker.command(Command.CONFIRM)
    assert world.balance(A1, "A") == (9, 0, 0)
    assert sum_of("count", "MISSING", A1) == 3
    assert sum_of("count", "ADJUSTMENT", A1) == 1
    check_books()


def test_a_count_of_less_takes_the_rest_off_the_books(world: World) -> None:
    worker = short_pick(world, found=2)
    worker.place(A1)
    worker.quantity(1)
    assert worker.command(Command.CONFIRM).verdict.code == "count-differs"
    worker.scan("A")
    assert worker.command(Command.CONFIRM).verdict.code == "count-differs"
    assert worker.command(Command.CONFIRM).verdict.fields["written_off"] == 6
    assert world.balance(A1, "A") == (2, 0, 0)
    assert world.available("W1", "A") == 2
    check_books()


def test_a_count_leaves_the_units_of_other_shipments(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 2}])
    release(world, [{"A": 3}])
    picker = claim(world, "picker1")
    other = claim(world, "picker2")
    picker.bin(A1)
    picker.command(Command.SHORT)
    picker.scan(own_code(Own.REASON, "EMPTY"))
    worker = Worker(world.people["packer1"], fetch(select(Task.id))[0].id)
    worker.place(A1)
    worker.quantity(1)
    worker.command(Command.CONFIRM)
    done = worker.command(Command.CONFIRM).verdict
    assert (done.fields["written_off"], done.fields["unexplained"]) == (2, 2)
    assert world.balance(A1, "A") == (3, 3, 0)
    other.bin(A1)
    other.command(Command.SHORT)
    other.quantity(1)
    assert other.scan(own_code(Own.REASON, "EMPTY")).verdict.fields["missing"] == 2
    assert fetch(select(func.count()).where(Task.state == "open")) == [(1,)]
    check_books()


def test_undo_starts_the_count_again(world: World) -> None:
    worker = short_pick(world, found=2)
    worker.place(A1)
    worker.scan("A")
    assert worker.command(Command.UNDO).verdict.code == "count-restarted"
    assert worker.command(Command.UNDO).verdict.code == "nothing-to-undo"
    assert worker.command(Command.SKIP).verdict.code == "not-for-task"
    assert worker.scan("").verdict.code == "unreadable"


def test_serials_that_are_not_counted_are_written_off(world: World) -> None:
    world.product("A", tracking="serial")
    world.stock("A", 3, serials=("S1", "S2", "S3"))
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.scan("S1")
    picker.tote("W1T1")
    picker.command(Command.SHORT)
    picker.scan(own_code(Own.REASON, "NOT-FOUND"))
    worker = Worker(world.people["packer1"], fetch(select(Task.id))[0].id)
    worker.place(A1)
    assert worker.quantity(1).verdict.code == "scan-every-piece"
    worker.scan("S3")
    assert worker.command(Command.CONFIRM).verdict.code == "count-differs"
    assert worker.command(Command.CONFIRM).verdict.fields["written_off"] == 1
    assert world.balance(A1, "A") == (1, 0, 0)
    assert world.available("W1", "A") == 1
    assert sorted(fetch(select(SerialUnit.serial))) == [("S1",), ("S3",)]
    check_books()


def test_a_finished_task_cannot_be_claimed(world: World) -> None:
    worker = short_pick(world, found=0, stock=5)
    worker.place(A1)
    assert worker.command(Command.CONFIRM).verdict.code == "count-done"
    with pytest.raises(IllegalEvent):
        tasks.claim_task(worker.actor, task_id=worker.task_id)
    assert world.balance(A1, "A") == (0, 0, 0)
    check_books()


def test_every_code_of_a_task_stands_in_the_tables(world: World) -> None:
    worker = short_pick(world, found=2)
    worker.place(A1)
    for raw in ("A", "nobody's", "", "]C1000", own_code(Own.QUANTITY, "3")):
        worker.scan(raw)
    worker.command(Command.CONFIRM)
    worker.command(Command.CONFIRM)
    query = select(ScanEvent.code, ScanEvent.accepted, ScanEvent.fields)
    for row in fetch(query.where(ScanEvent.process == "task")):
        meaning = (ACCEPTANCES if row.accepted else REFUSALS)[row.code]
        assert set(row.fields) == set(meaning.fields)
