"""The one writer of stock: guarded, append-only, both projections right."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from fulfillment.domain.errors import NotEnoughStock
from fulfillment.domain.values import Place
from fulfillment.store.stock import Move, Pin, Promise, StockMove, post
from fulfillment.store.transaction import Transaction, writes
from tests.support.world import World, change, fetch


@writes
def post_once(
    tx: Transaction,
    moves: list[Move] | None = None,
    pins: list[Pin] | None = None,
    promises: list[Promise] | None = None,
) -> None:
    post(tx, actor_id=1, moves=moves or (), pins=pins or (), promises=promises or ())


def a_move(world: World, source: Place, target: Place, quantity: int, **values: object) -> Move:
    return Move(
        product_id=world.products["A"],
        quantity=quantity,
        source=source,
        target=target,
        reason="move",
        reference=("test", 1),
        key=f"{source.id}-{target.id}-{quantity}-{values}",
        **values,  # type: ignore[arg-type]  # test shorthand
    )


def test_a_receipt_can_be_sold(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    assert world.balance("W1-A-01-1-1", "A") == (5, 0, 0)
    assert world.available("W1", "A") == 5
    assert world.available("W2", "A") == 0


def test_a_move_to_a_tote_takes_units_out_of_sale(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    post_once([a_move(world, world.place("W1-A-01-1-1"), world.place("W1T1"), 2)])
    assert world.balance("W1-A-01-1-1", "A") == (3, 0, 0)
    assert world.balance("W1T1", "A") == (2, 0, 0)
    assert world.available("W1", "A") == 3


def test_more_than_is_there_cannot_be_moved(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    with pytest.raises(NotEnoughStock) as refusal:
        post_once([a_move(world, world.place("W1-A-01-1-1"), world.place("W1T1"), 6)])
    assert (refusal.value.sku, refusal.value.location) == ("A", "W1-A-01-1-1")
    assert (refusal.value.wanted, refusal.value.available) == (6, 5)
    assert world.balance("W1-A-01-1-1", "A") == (5, 0, 0)
    assert fetch(select(StockMove).where(StockMove.reason == "move")) == []


def test_a_reservation_travels_with_its_units(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    bin_ = world.place("W1-A-01-1-1")
    warehouse_id = world.warehouses["W1"]
    product_id = world.products["A"]
    post_once(promises=[Promise(warehouse_id, product_id, 3)])
    assert world.available("W1", "A") == 2
    post_once(
        pins=[Pin(bin_, product_id, reserved=3)], promises=[Promise(warehouse_id, product_id, -3)]
    )
    assert world.available("W1", "A") == 2
    assert world.balance("W1-A-01-1-1", "A") == (5, 3, 0)
    tote = world.place("W1T1")
    post_once([a_move(world, bin_, tote, 3, reserved_quantity=3, reserve_at_target=3)])
    assert world.balance("W1-A-01-1-1", "A") == (2, 0, 0)
    assert world.balance("W1T1", "A") == (3, 3, 0)
    assert world.available("W1", "A") == 2
    post_once(pins=[Pin(tote, product_id, reserved=-3)])


def test_more_than_is_sellable_cannot_be_promised(world: World) -> None:
    world.product("A")
    world.stock("A", 2)
    with pytest.raises(NotEnoughStock) as refusal:
        post_once(promises=[Promise(world.warehouses["W1"], world.products["A"], 3)])
    assert (refusal.value.wanted, refusal.value.available) == (3, 2)
    assert world.available("W1", "A") == 2


def test_an_emptied_tote_leaves_no_balance_row(world: World) -> None:
    world.product("A")
    world.stock("A", 2)
    bin_, tote = world.place("W1-A-01-1-1"), world.place("W1T1")
    post_once([a_move(world, bin_, tote, 2)])
    post_once([a_move(world, tote, bin_, 2)])
    assert world.balance("W1-A-01-1-1", "A") == (2, 0, 0)
    assert world.balance("W1T1", "A") == (0, 0, 0)
    assert world.available("W1", "A") == 2


def test_one_command_posts_once(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    move = a_move(world, world.place("W1-A-01-1-1"), world.place("W1T1"), 1)
    post_once([move])
    with pytest.raises(DBAPIError):
        post_once([move])
    assert world.balance("W1T1", "A") == (1, 0, 0)


def test_a_serial_is_in_one_place(world: World) -> None:
    world.product("A", tracking="serial")
    world.stock("A", 1, serials=("SN1",))
    bin_, tote, other = (world.place(c) for c in ("W1-A-01-1-1", "W1T1", "W1T2"))
    post_once([a_move(world, bin_, tote, 1, serial="SN1")])
    world.stock("A", 1, serials=("SN2",))
    with pytest.raises(NotEnoughStock):
        post_once([a_move(world, bin_, other, 1, serial="SN1")])


@pytest.mark.parametrize("statement", [update(StockMove).values(quantity=9), delete(StockMove)])
def test_the_ledger_is_append_only(world: World, statement: object) -> None:
    world.product("A")
    world.stock("A", 5)
    with pytest.raises(DBAPIError, match="append-only"):
        change(statement)
