"""Stock by hand: with a reason, audited, and never what belongs to somebody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from fulfillment.domain.errors import (
    AlreadyExists,
    InvalidInput,
    NotEnoughStock,
    NothingToDo,
    NotPermitted,
    UnknownThing,
)
from fulfillment.domain.people import Actor, Grant, Permission, Role
from fulfillment.services import stock
from fulfillment.services.stock import Units
from fulfillment.store.journal import AuditEntry
from fulfillment.store.stock import Promise, SerialUnit, StockMove, post
from fulfillment.store.transaction import Transaction, writes
from tests.support.picklists import check_books, release
from tests.support.world import World, fetch

A1, A2 = "W1-A-01-1-1", "W1-A-02-1-1"


@pytest.fixture
def boss(world: World) -> Actor:
    return world.people["supervisor1"]


def units(world: World, sku: str = "A", **values: object) -> Units:
    return Units(world.seller_id, sku, **values)  # type: ignore[arg-type]  # test shorthand


def test_received_units_can_be_sold(world: World, boss: Actor) -> None:
    world.product("A")
    balance = stock.receive_stock(
        boss, location=A1, units=units(world), quantity=7, document="DN-1"
    )
    assert (balance.on_hand, balance.reserved, balance.held) == (7, 0, 0)
    assert world.available("W1", "A") == 7
    assert fetch(select(StockMove.reason, StockMove.note)) == [("receipt", "DN-1")]
    check_books()


def test_an_adjustment_is_a_move_with_a_reason_and_audited(world: World, boss: Actor) -> None:
    world.product("A")
    world.stock("A", 5)
    stock.adjust_stock(boss, location=A1, units=units(world), delta=-2, reason="broken")
    stock.adjust_stock(boss, location=A1, units=units(world), delta=1, reason="found")
    assert world.balance(A1, "A") == (4, 0, 0)
    assert world.available("W1", "A") == 4
    acts = fetch(
        select(AuditEntry.act, AuditEntry.reason, AuditEntry.by_id).order_by(AuditEntry.id)
    )
    assert acts == [
        ("adjust-stock", "broken", boss.user_id),
        ("adjust-stock", "found", boss.user_id),
    ]
    check_books()


def test_a_new_quantity_is_reached_by_a_move_of_the_difference(world: World, boss: Actor) -> None:
    world.product("A")
    world.stock("A", 5)
    stock.set_stock(boss, location=A1, units=units(world), quantity=2, reason="counted")
    assert world.balance(A1, "A") == (2, 0, 0)
    stock.set_stock(boss, location=A2, units=units(world), quantity=3, reason="found")
    assert world.balance(A2, "A") == (3, 0, 0)
    with pytest.raises(NothingToDo):
        stock.set_stock(boss, location=A2, units=units(world), quantity=3, reason="again")
    check_books()


def test_reserved_units_cannot_be_adjusted_or_moved_away(world: World, boss: Actor) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 3}])
    with pytest.raises(NotEnoughStock) as refusal:
        stock.adjust_stock(boss, location=A1, units=units(world), delta=-3, reason="lost")
    assert (refusal.value.wanted, refusal.value.available) == (3, 2)
    with pytest.raises(NotEnoughStock):
        stock.set_stock(boss, location=A1, units=units(world), quantity=2, reason="lost")
    with pytest.raises(NotEnoughStock):
        stock.move_stock(boss, source=A1, target=A2, units=units(world), quantity=3)
    assert world.balance(A1, "A") == (5, 3, 0)
    assert fetch(select(func.count()).select_from(AuditEntry)) == [(0,)]
    check_books()


@pytest.mark.half_made
def test_promised_units_cannot_be_adjusted_away_but_moved_between_bins(
    world: World, boss: Actor
) -> None:
    world.product("A")
    world.stock("A", 5)
    _promise(world, 4)
    with pytest.raises(NotEnoughStock):
        stock.adjust_stock(boss, location=A1, units=units(world), delta=-2, reason="lost")
    with pytest.raises(NotEnoughStock):
        stock.move_stock(boss, source=A1, target="W1-QUAR", units=units(world), quantity=2)
    stock.move_stock(boss, source=A1, target=A2, units=units(world), quantity=5)
    assert world.balance(A2, "A") == (5, 0, 0)
    assert world.available("W1", "A") == 1
    check_books()


@writes
def _promise(tx: Transaction, world: World, quantity: int) -> None:
    post(
        tx,
        actor_id=1,
        promises=[Promise(world.warehouses["W1"], world.products["A"], quantity)],
    )


def test_quarantined_units_are_not_sold(world: World, boss: Actor) -> None:
    world.product("A")
    world.stock("A", 5)
    stock.move_stock(
        boss, source=A1, target="W1-QUAR", units=units(world), quantity=2, reason="wet"
    )
    assert world.available("W1", "A") == 3
    check_books()


def test_stock_is_moved_only_inside_a_warehouse_and_between_fixed_places(
    world: World, boss: Actor
) -> None:
    world.product("A")
    world.stock("A", 5)
    everywhere = world.people["admin"]
    for target in ("W2-A-01-1-1", A1, "W1T1"):
        with pytest.raises(InvalidInput):
            stock.move_stock(everywhere, source=A1, target=target, units=units(world), quantity=1)
    with pytest.raises(UnknownThing):
        stock.move_stock(boss, source=A1, target="W2-A-01-1-1", units=units(world), quantity=1)
    with pytest.raises(UnknownThing):
        stock.move_stock(boss, source=A1, target="NOWHERE", units=units(world), quantity=1)
    with pytest.raises(UnknownThing):
        stock.adjust_stock(boss, location=A1, units=units(world, "NONE"), delta=1, reason="x")


def test_only_a_supervisor_changes_stock(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    for name in ("picker1", "packer1"):
        with pytest.raises(NotPermitted):
            stock.adjust_stock(
                world.people[name], location=A1, units=units(world), delta=1, reason="mine"
            )
        with pytest.raises(NotPermitted):
            stock.stock_by_product(world.people[name], warehouse_id=world.warehouses["W1"])
    with pytest.raises(UnknownThing):
        stock.adjust_stock(
            world.people["supervisor1_w2"], location=A1, units=units(world), delta=1, reason="mine"
        )
    assert world.balance(A1, "A") == (5, 0, 0)


@pytest.mark.parametrize(
    ("tracking", "values", "delta", "where"),
    [
        ("none", {"lot": "L"}, 1, "lot"),
        ("none", {"serial": "S"}, 1, "serial"),
        ("lot", {}, 1, "lot"),
        ("lot", {"lot": "L", "serial": "S"}, 1, "serial"),
        ("serial", {}, 1, "serial"),
        ("serial", {"serial": "S"}, 2, "quantity"),
        ("none", {}, 10_000_001, "quantity"),
        ("lot", {"lot": "L" * 65}, 1, "lot"),
    ],
)
def test_units_are_named_as_the_product_is_tracked(
    world: World, boss: Actor, tracking: str, values: dict[str, str], delta: int, where: str
) -> None:
    world.product("A", tracking=tracking)
    with pytest.raises(InvalidInput) as refusal:
        stock.adjust_stock(
            boss, location=A1, units=units(world, **values), delta=delta, reason="test"
        )
    assert [fault.where for fault in refusal.value.faults] == [where]


def test_a_reason_is_needed(world: World, boss: Actor) -> None:
    world.product("A")
    with pytest.raises(InvalidInput):
        stock.adjust_stock(boss, location=A1, units=units(world), delta=1, reason=" ")


def test_a_new_lot_needs_its_day_where_the_product_expires(world: World, boss: Actor) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    lot = units(world, lot="L1")
    with pytest.raises(InvalidInput):
        stock.receive_stock(boss, location=A1, units=lot, quantity=1, document="D")
    dated = replace(lot, expires_on=date(2099, 1, 1))
    stock.receive_stock(boss, location=A1, units=dated, quantity=1, document="D")
    stock.receive_stock(boss, location=A1, units=lot, quantity=2, document="D")
    other = replace(lot, expires_on=date(2099, 1, 2))
    with pytest.raises(InvalidInput):
        stock.receive_stock(boss, location=A1, units=other, quantity=1, document="D")
    rows = stock.stock_by_place(boss, warehouse_id=world.warehouses["W1"])
    assert [(r.lot, r.expires_on, r.on_hand) for r in rows] == [("L1", date(2099, 1, 1), 3)]


def test_a_serial_is_received_once(world: World, boss: Actor) -> None:
    world.product("A", tracking="serial")
    unit = units(world, serial="S1")
    stock.receive_stock(boss, location=A1, units=unit, quantity=1, document="D")
    with pytest.raises(AlreadyExists):
        stock.receive_stock(boss, location=A2, units=unit, quantity=1, document="D")
    stock.move_stock(boss, source=A1, target=A2, units=unit, quantity=1)
    assert fetch(select(SerialUnit.location_id)) == [(world.locations[A2],)]
    stock.adjust_stock(boss, location=A2, units=unit, delta=-1, reason="stolen")
    assert fetch(select(SerialUnit.serial)) == []
    check_books()


# --- what is where -----------------------------------------------------------------------------


@pytest.mark.half_made
def test_stock_is_shown_by_product_with_what_is_reserved_promised_and_available(
    world: World, boss: Actor
) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 5, bin_code=A1)
    world.stock("A", 5, bin_code=A2)
    world.stock("A", 9, bin_code="W2-A-01-1-1")
    world.stock("B", 1, bin_code=A2)
    release(world, [{"A": 3}])
    _promise(world, 2)
    rows = stock.stock_by_product(boss, warehouse_id=world.warehouses["W1"])
    assert [(r.sku, r.on_hand, r.reserved, r.promised, r.available) for r in rows] == [
        ("A", 10, 3, 2, 5),
        ("B", 1, 0, 0, 1),
    ]
    page = stock.stock_by_product(boss, warehouse_id=world.warehouses["W1"], limit=1)
    rest = stock.stock_by_product(
        boss, warehouse_id=world.warehouses["W1"], after_id=page[-1].product_id
    )
    assert [row.sku for row in page + rest] == ["A", "B"]
    only = stock.stock_by_product(boss, warehouse_id=world.warehouses["W1"], sku="B")
    assert [row.sku for row in only] == ["B"]
    with pytest.raises(NotPermitted):
        stock.stock_by_product(boss, warehouse_id=world.warehouses["W2"])


def test_stock_is_shown_by_place_page_by_page(world: World, boss: Actor) -> None:
    for sku in "AB":
        world.product(sku)
        world.stock(sku, 5, bin_code=A1)
        world.stock(sku, 5, bin_code=A2)
    warehouse_id = world.warehouses["W1"]
    everything = stock.stock_by_place(boss, warehouse_id=warehouse_id)
    assert [(r.location, r.sku, r.free) for r in everything] == [
        (A1, "A", 5),
        (A1, "B", 5),
        (A2, "A", 5),
        (A2, "B", 5),
    ]
    paged = []
    after = ("", 0, "")
    while page := stock.stock_by_place(boss, warehouse_id=warehouse_id, after=after, limit=1):
        paged += page
        after = (page[-1].location, page[-1].product_id, page[-1].lot)
    assert paged == everything
    here = stock.stock_by_place(boss, warehouse_id=warehouse_id, location=A2)
    assert [row.sku for row in here] == ["A", "B"]
    product_id = world.products["B"]
    bins = stock.stock_by_place(boss, warehouse_id=warehouse_id, product_id=product_id)
    assert [row.location for row in bins] == [A1, A2]


def test_moves_are_shown_by_product_and_by_place_the_newest_first(
    world: World, boss: Actor
) -> None:
    for sku in "AB":
        world.product(sku)
        world.stock(sku, 5, bin_code=A1)
    for quantity in (1, 2):
        stock.move_stock(
            boss, source=A1, target=A2, units=units(world), quantity=quantity, reason="nearer"
        )
    moves = stock.moves_of_product(boss, product_id=world.products["A"])
    assert [(m.quantity, m.source, m.target, m.reason) for m in moves] == [
        (2, A1, A2, "move"),
        (1, A1, A2, "move"),
        (5, "SUPPLIER", A1, "receipt"),
    ]
    assert (moves[0].actor, moves[0].note) == ("Supervisor1", "nearer")
    page = stock.moves_of_place(boss, location=A1, limit=2)
    rest = stock.moves_of_place(boss, location=A1, before_id=page[-1].id)
    assert [(m.sku, m.quantity) for m in page + rest] == [("A", 2), ("A", 1), ("B", 5), ("A", 5)]
    assert stock.moves_of_product(world.people["supervisor1_w2"], product_id=moves[0].id) == []
    with pytest.raises(UnknownThing):
        stock.moves_of_place(world.people["supervisor1_w2"], location=A1)


def test_a_seller_s_supervisor_sees_only_that_seller(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    stranger = Actor(1, "Stranger", (Grant.of_role(Role.SUPERVISOR, None, world.seller_id + 1),))
    assert stranger.may(Permission.SEE_STOCK)
    assert stock.stock_by_product(stranger, warehouse_id=world.warehouses["W1"]) == []
    assert stock.stock_by_place(stranger, warehouse_id=world.warehouses["W1"]) == []
    assert stock.moves_of_product(stranger, product_id=world.products["A"]) == []
    assert stock.moves_of_place(stranger, location=A1) == []
