"""Orders come in: once, whole, and with every fault named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from fulfillment.domain.errors import DuplicateReference, InvalidInput, NotPermitted, UnknownThing
from fulfillment.domain.people import PERMISSIONS, Actor, Grant, Role
from fulfillment.services.orders.intake import take_order, take_orders
from fulfillment.store.catalog import Seller
from fulfillment.store.orders import Hold, Order, OrderLine
from tests.support.digest import Statements, contents
from tests.support.orders import ADDRESS, an_order
from tests.support.world import World, change, fetch


def rules(world: World, **values: object) -> None:
    change(update(Seller).where(Seller.id == world.seller_id).values(review_rules=values))


def lines_of(order_id: int) -> list[tuple[object, ...]]:
    query = select(
        OrderLine.line_number, OrderLine.product_id, OrderLine.quantity, OrderLine.is_kit
    ).where(OrderLine.order_id == order_id)
    return [tuple(row) for row in fetch(query.order_by(OrderLine.line_number))]


def holds_of(order_id: int) -> list[tuple[str, str]]:
    query = select(Hold.type, Hold.reason).where(Hold.order_id == order_id).order_by(Hold.id)
    return [(row.type, row.reason) for row in fetch(query)]


def test_an_order_comes_in_and_a_rule_passes_it(world: World) -> None:
    world.product("A")
    world.product("B")
    taken = take_order(world.people["admin"], an_order(("A", 3), ("B", 1)))
    assert (taken.state, taken.created, taken.waits_because) == ("confirmed", True, ())
    (order,) = fetch(select(Order))
    assert order.number == taken.number
    assert (order.total_minor, order.confirmed_by_id) == (1_000, world.people["admin"].user_id)
    assert lines_of(taken.order_id) == [
        (1, world.products["A"], 3, False),
        (2, world.products["B"], 1, False),
    ]


def test_the_same_order_again_is_answered_with_the_first(world: World) -> None:
    world.product("A")
    order = an_order(("A", 3))
    first = take_order(world.people["admin"], order)
    before = contents()
    again = take_order(world.people["admin"], order)
    assert again == replace(first, created=False)
    assert contents() == before


def test_a_known_reference_with_other_content_is_refused(world: World) -> None:
    world.product("A")
    order = an_order(("A", 3))
    first = take_order(world.people["admin"], order)
    before = contents()
    with pytest.raises(DuplicateReference) as refusal:
        take_order(world.people["admin"], replace(order, note="gift"))
    assert refusal.value.order_number == first.number
    assert contents() == before


def test_every_fault_is_named_at_once(world: World) -> None:
    world.product("A")
    order = an_order(("A", 0), ("A", 1_000_001), currency="QQQ", reference=" R")
    order = replace(order, address=replace(ADDRESS, country="ZZ", city="x" * 201))
    with pytest.raises(InvalidInput) as refusal:
        take_order(world.people["admin"], order)
    assert {(fault.where, fault.code) for fault in refusal.value.faults} == {
        ("lines[0].quantity", "out-of-range"),
        ("lines[1].quantity", "out-of-range"),
        ("currency", "unknown-currency"),
        ("reference", "surrounding-blanks"),
        ("address.country", "unknown-country"),
        ("address.city", "too-long"),
    }


def test_unknown_and_inactive_products_are_named_by_line(world: World) -> None:
    world.product("A")
    world.product("OLD", active=False)
    world.product("EMPTY", is_kit=True)
    with pytest.raises(InvalidInput) as refusal:
        take_order(
            world.people["admin"],
            an_order(("A", 1), ("B", 1), ("OLD", 1), ("EMPTY", 1), requested_service="LOCAL/NEXT"),
        )
    assert [(fault.where, fault.code) for fault in refusal.value.faults] == [
        ("requested_service", "unknown-service"),
        ("lines[1].sku", "unknown-sku"),
        ("lines[2].sku", "inactive-product"),
        ("lines[3].sku", "kit-without-components"),
    ]


def test_a_kit_becomes_its_components(world: World) -> None:
    for sku in ("A", "B", "C"):
        world.product(sku)
    kit_id = world.kit("KIT", {"A": 2, "B": 1})
    taken = take_order(world.people["admin"], an_order(("KIT", 3), ("C", 1)))
    assert lines_of(taken.order_id) == [
        (1, kit_id, 3, True),
        (2, world.products["A"], 6, False),
        (3, world.products["B"], 3, False),
        (4, world.products["C"], 1, False),
    ]
    (kit_line,) = fetch(select(OrderLine.id).where(OrderLine.is_kit))
    belonging = fetch(
        select(OrderLine.line_number)
        .where(OrderLine.kit_line_id == kit_line.id)
        .order_by(OrderLine.line_number)
    )
    assert [row.line_number for row in belonging] == [2, 3]


def test_an_incomplete_address_holds_the_order_and_says_what_is_missing(world: World) -> None:
    world.product("A")
    address = replace(ADDRESS, lines=(), postcode="NOT ONE", name=" ")
    taken = take_order(world.people["admin"], an_order(("A", 1), address=address))
    assert (taken.state, taken.waits_because) == ("review", ("hold:address",))
    assert holds_of(taken.order_id) == [("address", "name, lines, postcode")]


def test_a_customers_note_holds_the_order_where_the_seller_wants_it(world: World) -> None:
    world.product("A")
    passed = take_order(world.people["admin"], an_order(("A", 1), note="leave at the door"))
    assert passed.state == "confirmed"
    rules(world, pass_everything=True, hold_customer_notes=True)
    held = take_order(world.people["admin"], an_order(("A", 1), note="leave at the door"))
    assert (held.state, held.waits_because) == ("review", ("hold:customer-note",))
    assert holds_of(held.order_id) == [("customer-note", "leave at the door")]


def test_an_order_that_no_rule_passes_waits_and_says_why(world: World) -> None:
    world.product("A")
    world.product("KNIFE", tags=["adults"])
    rules(world, most_total_minor=1_000, countries=["GB"], refused_tags=["adults"])
    admin = world.people["admin"]
    assert take_order(admin, an_order(("A", 4))).waits_because == ()
    assert take_order(admin, an_order(("A", 5))).waits_because == ("amount",)
    assert take_order(admin, an_order(("KNIFE", 1))).waits_because == ("product-tag:adults",)


def test_one_order_costs_few_statements(world: World) -> None:
    for number in range(30):
        world.product(f"P{number}")
    order = an_order(*((f"P{number}", 2) for number in range(30)))
    with Statements() as statements:
        take_order(world.people["admin"], order)
    assert len(statements.texts) == 6
    world.kit("KIT", {"P1": 2})
    worst = an_order(
        ("KIT", 1), ("P1", 1), requested_service="LOCAL/STD", address=replace(ADDRESS, lines=())
    )
    with Statements() as statements:
        take_order(world.people["admin"], worst)
    assert len(statements.texts) <= 10


def test_many_orders_at_once_become_what_they_would_one_by_one(world: World) -> None:
    for sku in ("A", "B"):
        world.product(sku)
    world.kit("KIT", {"A": 1, "B": 2})
    rules(world, most_total_minor=1_000)
    admin = world.people["admin"]
    shapes = [
        an_order(("A", 1 + number % 5), ("KIT" if number % 3 else "B", 1), reference="")
        for number in range(12)
    ]
    shapes[4] = replace(shapes[4], address=replace(ADDRESS, lines=()))
    singles = [
        take_order(admin, replace(order, reference=f"one-{number}"))
        for number, order in enumerate(shapes)
    ]
    bulk = [replace(order, reference=f"bulk-{number}") for number, order in enumerate(shapes)]
    together = take_orders(admin, bulk)
    for one, other in zip(singles, together, strict=True):
        assert (one.state, one.waits_because) == (other.state, other.waits_because)
        assert lines_of(one.order_id) == lines_of(other.order_id)
        assert holds_of(one.order_id) == holds_of(other.order_id)
    assert [taken.created for taken in take_orders(admin, bulk)] == [False] * 12


def test_many_orders_need_no_more_round_trips_than_a_few(world: World, database_url: str) -> None:
    """SQLite has no round trips; its RETURNING keeps no order, so ids are fetched row by row."""
    world.product("A")
    world.product("B")
    one_by_one = 2 if database_url.startswith("sqlite") else 0
    for size in (10, 500):
        with Statements() as statements:
            take_orders(world.people["admin"], [an_order(("A", 1), ("B", 2)) for _ in range(size)])
        assert len(statements.texts) <= 6 + one_by_one * size
    assert fetch(select(func.count()).select_from(Order))[0][0] == 510


def test_one_bad_order_keeps_the_whole_lot_out(world: World) -> None:
    world.product("A")
    order = an_order(("A", 1))
    before = contents()
    with pytest.raises(InvalidInput) as refusal:
        take_orders(
            world.people["admin"],
            [order, an_order(("X", 1)), an_order(("A", -1)), replace(order, note="other")],
        )
    assert [(fault.where, fault.code) for fault in refusal.value.faults] == [
        ("orders[1].lines[0].sku", "unknown-sku"),
        ("orders[2].lines[0].quantity", "out-of-range"),
        ("orders[3].reference", "duplicate-reference"),
    ]
    assert contents() == before


def test_the_same_order_twice_in_one_lot_is_taken_once(world: World) -> None:
    world.product("A")
    order = an_order(("A", 1))
    first, second = take_orders(world.people["admin"], [order, order])
    assert (first.created, second.created) == (True, False)
    assert first.number == second.number
    assert len(fetch(select(Order.id))) == 1


def test_who_may_not_enter_orders_for_a_seller_does_not_learn_that_it_exists(world: World) -> None:
    world.product("A")
    with pytest.raises(NotPermitted):
        take_order(world.people["picker1"], an_order(("A", 1)))
    elsewhere = Actor(
        world.people["admin"].user_id,
        "Other",
        (Grant(PERMISSIONS[Role.SUPERVISOR], seller_id=world.seller_id + 1),),
    )
    with pytest.raises(UnknownThing) as refusal:
        take_order(elsewhere, an_order(("A", 1)))
    assert (refusal.value.kind, refusal.value.key) == ("seller", "SHOP")
