"""Review: holds one by one, merging, splitting, mending; no unit gets lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, insert, select, update

from fulfillment.domain.errors import (
    CannotMerge,
    CannotSplit,
    IllegalEvent,
    InvalidInput,
    LabelActive,
    NothingToDo,
    NotPermitted,
    OnHold,
    UnknownThing,
)
from fulfillment.services.orders.intake import take_order
from fulfillment.services.orders.parting import merge_orders, split_order
from fulfillment.services.orders.review import (
    change_priority,
    confirm_order,
    correct_address,
    place_hold,
    release_hold,
    standing_of,
)
from fulfillment.store.catalog import Seller
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment
from fulfillment.store.parcels import Label, Parcel
from tests.support.digest import contents
from tests.support.orders import ADDRESS, an_order
from tests.support.world import NOON, World, change, fetch, insert_row


def rules(world: World, **values: object) -> None:
    change(update(Seller).where(Seller.id == world.seller_id).values(review_rules=values))


def quantities(order_id: int) -> dict[int, int]:
    """Units by product, kit lines left out."""
    rows = fetch(
        select(OrderLine.product_id, func.sum(OrderLine.quantity))
        .where(OrderLine.order_id == order_id, OrderLine.is_kit.is_(False))
        .group_by(OrderLine.product_id)
    )
    return {product_id: int(units) for product_id, units in rows}


def acts() -> list[str]:
    return [row.act for row in fetch(select(AuditEntry.act).order_by(AuditEntry.id))]


def line_ids(order_id: int) -> list[int]:
    query = select(OrderLine.id).where(OrderLine.order_id == order_id)
    return [row.id for row in fetch(query.order_by(OrderLine.line_number))]


def a_shipment(world: World, order_id: int, **values: object) -> int:
    number = f"S{order_id}-{len(fetch(select(Shipment.id)))}"
    fields = {"warehouse_id": world.warehouses["W1"], "why": {}, "number": number, **values}
    return insert_row(Shipment, order_id=order_id, **fields)


def test_a_person_confirms_what_no_rule_passes(world: World) -> None:
    world.product("A")
    rules(world)
    taken = take_order(world.people["admin"], an_order(("A", 1)))
    assert taken.state == "review"
    supervisor = world.people["supervisor1"]
    assert confirm_order(supervisor, taken.order_id).state == "confirmed"
    (row,) = fetch(select(Order.state, Order.confirmed_by_id))
    assert (row.state, row.confirmed_by_id) == ("confirmed", supervisor.user_id)
    with pytest.raises(IllegalEvent):
        confirm_order(supervisor, taken.order_id)
    assert acts() == ["order.confirm"]


def test_a_held_order_cannot_be_confirmed(world: World) -> None:
    world.product("A")
    taken = take_order(
        world.people["admin"], an_order(("A", 1), address=replace(ADDRESS, lines=()))
    )
    with pytest.raises(OnHold) as refusal:
        confirm_order(world.people["admin"], taken.order_id)
    assert refusal.value.holds == ("address",)


def test_holds_are_released_one_by_one_and_the_last_one_lets_the_rules_pass_it(
    world: World,
) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1), address=replace(ADDRESS, lines=())))
    placed = place_hold(admin, taken.order_id, hold_type="payment", reason="bank transfer")
    assert placed.order.open_holds == ("address", "payment")
    first = release_hold(admin, placed.hold_id, reason="paid")
    assert (first.state, first.open_holds) == ("review", ("address",))
    (other,) = fetch(select(Hold.id).where(Hold.type == "address"))
    last = release_hold(world.people["supervisor1"], other.id, reason="customer called")
    assert (last.state, last.open_holds) == ("confirmed", ())
    (hold,) = fetch(select(Hold.__table__).where(Hold.type == "address"))
    assert hold.released_by_id == world.people["supervisor1"].user_id
    assert hold.release_reason == "customer called"


def test_an_order_that_the_rules_do_not_pass_waits_on_after_its_last_hold(world: World) -> None:
    world.product("A")
    rules(world, most_total_minor=100)
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1)))
    placed = place_hold(admin, taken.order_id, hold_type="fraud", reason="new card")
    standing = release_hold(admin, placed.hold_id, reason="checked")
    assert (standing.state, standing.waits_because) == ("review", ("amount",))
    assert standing_of(world.people["supervisor1"], taken.order_id) == standing
    with pytest.raises(NotPermitted):
        standing_of(world.people["picker1"], taken.order_id)
    with pytest.raises(UnknownThing):
        standing_of(admin, taken.order_id + 1)


def test_a_hold_released_twice_is_released_once(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1)))
    placed = place_hold(admin, taken.order_id, hold_type="stock", reason="recount")
    assert placed.order.state == "confirmed"
    release_hold(admin, placed.hold_id, reason="counted")
    with pytest.raises(NothingToDo):
        release_hold(admin, placed.hold_id, reason="again")


def test_a_hold_needs_a_known_type_and_a_reason(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1)))
    before = contents()
    with pytest.raises(InvalidInput) as refusal:
        place_hold(admin, taken.order_id, hold_type="mood", reason=" ")
    assert [fault.code for fault in refusal.value.faults] == ["not-one-of", "required"]
    with pytest.raises(UnknownThing):
        place_hold(admin, 999, hold_type="stock", reason="x")
    with pytest.raises(UnknownThing):
        place_hold(admin, taken.order_id, hold_type="stock", reason="x", shipment_id=77)
    with pytest.raises(NotPermitted):
        place_hold(world.people["picker1"], taken.order_id, hold_type="stock", reason="x")
    assert contents() == before


def test_orders_of_one_customer_and_address_are_merged(world: World) -> None:
    world.product("A")
    world.product("B")
    admin = world.people["admin"]
    first = take_order(admin, an_order(("A", 1), customer="c1", note="ring twice"))
    second = take_order(admin, an_order(("A", 2), ("B", 1), customer="c1", priority=5))
    place_hold(admin, second.order_id, hold_type="payment", reason="open")
    merged = merge_orders(admin, first.order_id, others=[second.order_id])
    assert (merged.number, merged.merged) == (first.number, (second.number,))
    assert quantities(first.order_id) == {world.products["A"]: 3, world.products["B"]: 1}
    assert quantities(second.order_id) == {}
    kept = fetch(select(Order.__table__).where(Order.id == first.order_id))[0]
    assert (kept.total_minor, kept.priority, kept.note) == (1_000, 5, "ring twice")
    gone = fetch(select(Order.__table__).where(Order.id == second.order_id))[0]
    assert (gone.state, gone.merged_into_id) == ("merged", first.order_id)
    assert fetch(select(Hold.order_id)) == [(first.order_id,)]


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"customer": "somebody else"}, "customer"),
        ({"currency": "EUR"}, "currency"),
        ({"address": replace(ADDRESS, city="Leeds")}, "address"),
        ({"address": replace(ADDRESS, lines=())}, "state"),
    ],
)
def test_orders_that_differ_are_not_merged(
    world: World, bent: dict[str, object], reason: str
) -> None:
    world.product("A")
    admin = world.people["admin"]
    first = take_order(admin, an_order(("A", 1)))
    second = take_order(admin, an_order(("A", 1), **bent))
    before = contents()
    with pytest.raises(CannotMerge) as refusal:
        merge_orders(admin, first.order_id, others=[second.order_id])
    assert refusal.value.reason == reason
    assert contents() == before


def test_an_order_on_a_shipment_is_not_merged(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    first = take_order(admin, an_order(("A", 1)))
    second = take_order(admin, an_order(("A", 1)))
    a_shipment(world, second.order_id)
    with pytest.raises(CannotMerge) as refusal:
        merge_orders(admin, first.order_id, others=[second.order_id])
    assert refusal.value.reason == "on-a-shipment"


def test_an_order_is_not_merged_with_itself(world: World) -> None:
    world.product("A")
    taken = take_order(world.people["admin"], an_order(("A", 1)))
    for others in ([], [taken.order_id], [taken.order_id + 1, taken.order_id + 1]):
        with pytest.raises(InvalidInput):
            merge_orders(world.people["admin"], taken.order_id, others=others)


def test_an_order_is_split_and_no_unit_gets_lost(world: World) -> None:
    world.product("A")
    world.product("B")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 5), ("B", 2)))
    place_hold(admin, taken.order_id, hold_type="stock", reason="recount")
    of_a, of_b = line_ids(taken.order_id)
    part = split_order(admin, taken.order_id, quantities={of_a: 2, of_b: 2})
    assert (part.number, part.from_number) == (f"{taken.number}-2", taken.number)
    assert quantities(taken.order_id) == {world.products["A"]: 3}
    assert quantities(part.order_id) == {world.products["A"]: 2, world.products["B"]: 2}
    totals = fetch(select(Order.total_minor).order_by(Order.id))
    assert [row.total_minor for row in totals] == [750, 1_000]
    assert len(fetch(select(Hold.id).where(Hold.order_id == part.order_id))) == 1
    (row,) = fetch(select(Order.__table__).where(Order.id == part.order_id))
    assert (row.split_from_id, row.state) == (taken.order_id, "confirmed")
    third = split_order(admin, taken.order_id, quantities={of_a: 1})
    assert third.number == f"{taken.number}-3"


def test_no_channel_can_take_the_reference_of_a_split(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    order = an_order(("A", 2))
    taken = take_order(admin, order)
    part = split_order(admin, taken.order_id, quantities={line_ids(taken.order_id)[0]: 1})
    (row,) = fetch(select(Order.reference).where(Order.id == part.order_id))
    with pytest.raises(InvalidInput) as refusal:
        take_order(admin, replace(order, reference=row.reference))
    assert refusal.value.faults[0].code == "reserved-suffix"


def test_a_kit_is_split_with_its_components(world: World) -> None:
    world.product("A")
    world.product("B")
    kit_id = world.kit("KIT", {"A": 2, "B": 1})
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("KIT", 3)))
    kit_line, component, _other = line_ids(taken.order_id)
    with pytest.raises(CannotSplit) as refusal:
        split_order(admin, taken.order_id, quantities={component: 1})
    assert refusal.value.reason == "kit-component"
    part = split_order(admin, taken.order_id, quantities={kit_line: 1})
    assert quantities(taken.order_id) == {world.products["A"]: 4, world.products["B"]: 2}
    assert quantities(part.order_id) == {world.products["A"]: 2, world.products["B"]: 1}
    moved = fetch(select(OrderLine.__table__).where(OrderLine.order_id == part.order_id))
    (kit,) = [row for row in moved if row.is_kit]
    assert kit.product_id == kit_id
    assert {row.kit_line_id for row in moved if not row.is_kit} == {kit.id}


@pytest.mark.half_made
def test_an_order_is_not_split_into_nothing_or_more_than_is_owed(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 5)))
    (line,) = line_ids(taken.order_id)
    change(update(OrderLine).where(OrderLine.id == line).values(allocated=2))
    before = contents()
    for quantity, reason in ((4, "too-many"), (6, "too-many")):
        with pytest.raises(CannotSplit) as refusal:
            split_order(admin, taken.order_id, quantities={line: quantity})
        assert refusal.value.reason == reason
    change(update(OrderLine).where(OrderLine.id == line).values(allocated=0))
    with pytest.raises(CannotSplit) as refusal:
        split_order(admin, taken.order_id, quantities={line: 5})
    assert refusal.value.reason == "nothing-left"
    for quantities_ in ({}, {line: 0}, {line: -1}, {line: True}):
        with pytest.raises(InvalidInput):
            split_order(admin, taken.order_id, quantities=quantities_)
    with pytest.raises(UnknownThing):
        split_order(admin, taken.order_id, quantities={line + 1: 1})
    change(update(OrderLine).where(OrderLine.id == line).values(allocated=2))
    assert contents() == before


def test_a_corrected_address_is_a_new_row_and_releases_the_address_hold(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1), address=replace(ADDRESS, lines=())))
    standing = correct_address(admin, taken.order_id, address=ADDRESS, reason="called")
    assert (standing.state, standing.open_holds) == ("confirmed", ())
    rows = fetch(select(Address.lines).order_by(Address.id))
    assert [row.lines for row in rows] == [[], ["10 High Street"]]
    worse = correct_address(
        admin, taken.order_id, address=replace(ADDRESS, postcode=""), reason="mistake"
    )
    assert worse.open_holds == ("address",)


@pytest.mark.half_made
def test_an_address_is_not_corrected_under_an_active_label(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1)))
    shipment_id = a_shipment(world, taken.order_id, state="labelled")
    parcel_id = insert_row(
        Parcel, shipment_id=shipment_id, sequence=1, state="labelled", sscc="0" * 18
    )
    values = {"carrier": "LOCAL", "service": "STD", "tracking_number": "T1", "content": {}}
    change(insert(Label).values(parcel_id=parcel_id, created_at=NOON, created_by_id=1, **values))
    before = contents()
    with pytest.raises(LabelActive) as refusal:
        correct_address(admin, taken.order_id, address=ADDRESS, reason="moved")
    assert refusal.value.tracking_numbers == ("T1",)
    assert contents() == before


def test_priority_reaches_the_shipments_that_nobody_picks_yet(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1)))
    waiting = a_shipment(world, taken.order_id, state="released")
    picking = a_shipment(world, taken.order_id, state="picking")
    change_priority(admin, taken.order_id, priority=9, reason="VIP")
    rows = fetch(select(Shipment.id, Shipment.priority))
    assert {row.id: row.priority for row in rows} == {waiting: 9, picking: 0}
    with pytest.raises(InvalidInput):
        change_priority(admin, taken.order_id, priority=1_001)


@pytest.mark.half_made
def test_a_finished_order_is_not_changed(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    taken = take_order(admin, an_order(("A", 1)))
    change(update(Order).values(state="shipped"))
    before = contents()
    with pytest.raises(IllegalEvent):
        place_hold(admin, taken.order_id, hold_type="stock", reason="x")
    with pytest.raises(IllegalEvent):
        correct_address(admin, taken.order_id, address=ADDRESS, reason="x")
    with pytest.raises(IllegalEvent):
        change_priority(admin, taken.order_id, priority=1)
    with pytest.raises(CannotSplit):
        split_order(admin, taken.order_id, quantities={line_ids(taken.order_id)[0]: 1})
    assert contents() == before
