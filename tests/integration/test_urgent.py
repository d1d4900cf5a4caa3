"""An urgent shipment joins a list that is there already, even one that is being walked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from fulfillment.domain.errors import IllegalEvent, InvalidInput, NothingToDo, UnknownThing
from fulfillment.domain.people import system
from fulfillment.domain.waving import WaveChoice
from fulfillment.services.allocating import allocate_orders
from fulfillment.services.urgent import join_list
from fulfillment.services.waving import release
from fulfillment.store.catalog import Location, Warehouse
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Shipment
from fulfillment.store.work import PickList, PickStop
from tests.support.picklists import check_books, claim
from tests.support.statements import statements_of
from tests.support.waiting_orders import an_order, shipments_of
from tests.support.world import World, change, fetch

LAYOUT = {"aisles": 3, "aisle_x": [0.0, 4.0, 8.0], "cross_y": [0.0, 20.0], "depot": [0, 0]}
BIN = "W1-A-0{}-1-1"


def allocated(world: World, lines: dict[str, int], **values: Any) -> Any:
    """The shipment of a new order that waits for release."""
    order_id = an_order(world, lines, **values)
    allocate_orders(system(), order_ids=[order_id])
    (shipment,) = shipments_of(order_id)
    return shipment


def walked(world: World) -> str:
    """A list past bin 1 (aisle 0, 10 m) and bin 3 (aisle 2); bin 2 lies 2 m above bin 1."""
    change(update(Warehouse).values(layout=LAYOUT))
    for number, sku, aisle, metres in ((1, "A", 0, 10.0), (2, "B", 0, 12.0), (3, "C", 2, 10.0)):
        world.product(sku)
        world.stock(sku, 5, bin_code=BIN.format(number))
        where = update(Location).where(Location.code == BIN.format(number))
        change(where.values(aisle=aisle, y_metres=metres))
    allocated(world, {"A": 1, "C": 1})
    report = release(world.people["supervisor1"], WaveChoice(world.warehouses["W1"]))
    (number,) = report.lists
    return number


def bins_left(number: str) -> list[str]:
    query = (
        select(Location.code)
        .join(PickStop, PickStop.location_id == Location.id)
        .join(PickList, PickList.id == PickStop.pick_list_id)
        .where(PickList.number == number, PickStop.state == "open")
        .order_by(PickStop.sequence)
    )
    return [row.code for row in fetch(query)]


def test_an_urgent_shipment_is_taken_on_the_way_from_where_the_picker_stands(world: World) -> None:
    number = walked(world)
    picker = claim(world, "picker1")
    first = bins_left(number)[0]
    picker.bin(first)
    urgent = allocated(world, {"B": 2}, priority=9)
    joined = {"list_number": number, "shipment_number": urgent.number}
    statements = statements_of(lambda: join_list(world.people["supervisor1"], **joined))
    assert statements <= 40
    assert bins_left(number)[:2] == [first, BIN.format(2)]
    (row,) = fetch(select(PickList.priority).where(PickList.number == number))
    assert row.priority == 9
    picker.put("A" if first == BIN.format(1) else "C", "W1T1")
    picker.bin(BIN.format(2))
    assert picker.put("B", "W1T2").verdict.code == "put"
    last = bins_left(number)[0]
    picker.bin(last)
    assert picker.put("C" if last == BIN.format(3) else "A", "W1T1").verdict.code == "put-last"
    assert {row.state for row in fetch(select(Shipment.state))} == {"picked"}
    assert [row.act for row in fetch(select(AuditEntry.act))].count("join-list") == 1
    check_books()


def test_units_of_a_bin_that_is_walked_to_anyway_make_no_second_stop(world: World) -> None:
    number = walked(world)
    before = bins_left(number)
    urgent = allocated(world, {"C": 1})
    join_list(system(), list_number=number, shipment_number=urgent.number)
    assert sorted(bins_left(number)) == sorted(before)
    picker = claim(world, "picker1")
    assert picker.view().stops_open == 2
    check_books()


def test_a_full_cart_a_finished_list_and_a_released_shipment_are_refused(world: World) -> None:
    number = walked(world)
    supervisor = world.people["supervisor1"]
    urgent = allocated(world, {"B": 1})
    change(update(Warehouse).values(policy={"cart_positions": 1}))
    with pytest.raises(InvalidInput):
        join_list(supervisor, list_number=number, shipment_number=urgent.number)
    change(update(Warehouse).values(policy={}))
    join_list(supervisor, list_number=number, shipment_number=urgent.number)
    with pytest.raises(NothingToDo):
        join_list(supervisor, list_number=number, shipment_number=urgent.number)
    late = allocated(world, {"B": 1})
    change(update(PickList).values(state="done"))
    with pytest.raises(IllegalEvent):
        join_list(supervisor, list_number=number, shipment_number=late.number)
    change(update(PickList).values(state="open"))
    check_books()


def test_a_list_or_shipment_of_another_warehouse_is_not_there(world: World) -> None:
    number = walked(world)
    urgent = allocated(world, {"B": 1})
    with pytest.raises(UnknownThing):
        join_list(world.people["supervisor1_w2"], list_number=number, shipment_number=urgent.number)
    with pytest.raises(UnknownThing):
        join_list(world.people["supervisor1"], list_number=number, shipment_number="NONE-1")
