"""Stock is promised to orders: in the right order, never more than there is, and it says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from fulfillment.domain.catalogue import PriceEntry, ServiceEntry, ServiceRuleEntry
from fulfillment.domain.errors import IllegalEvent, NotPermitted, OnHold, UnknownThing
from fulfillment.domain.people import system
from fulfillment.services.allocating import (
    allocate_order,
    allocate_orders,
    change_service,
    deallocate,
    hold_expired_stock,
)
from fulfillment.services.catalogue.terms import put_prices, put_service, put_service_rules
from fulfillment.store.catalog import (
    CarrierService,
    CutOff,
    Holiday,
    RegionPriority,
    Seller,
    ServiceRule,
)
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Order, OrderLine, Shipment
from fulfillment.store.stock import WarehouseBalance
from fulfillment.store.transaction import clock_set_to
from tests.support.statements import statements_of
from tests.support.waiting_orders import a_hold, an_order, order_of, owed, served, shipments_of
from tests.support.world import NOON, World, change, fetch, insert_row

W1_BIN, W2_BIN = "W1-A-01-1-1", "W2-A-01-1-1"


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock_set_to(lambda: NOON):
        yield


def test_the_last_unit_goes_to_one_order_and_the_other_is_marked_short(world: World) -> None:
    world.product("C")
    world.stock("C", 1)
    first, second = an_order(world, {"C": 1}), an_order(world, {"C": 1})
    report = allocate_orders(system())
    assert (report.orders, report.allocated, report.backordered) == (2, 1, 1)
    assert (order_of(first).state, order_of(first).has_backorder) == ("allocated", False)
    assert (order_of(second).state, order_of(second).has_backorder) == ("confirmed", True)
    assert world.available("W1", "C") == 0


def test_one_warehouse_that_has_everything_is_preferred_to_a_split(world: World) -> None:
    world.product("D")
    world.stock("D", 2, bin_code=W1_BIN)
    world.stock("D", 5, bin_code=W2_BIN)
    order_id = an_order(world, {"D": 4})
    result = allocate_order(system(), order_id)
    assert served(world, order_id) == {("W2", "D"): 4}
    assert result.why == {
        "rule": "region-priority",
        "reason": "single-warehouse",
        "by_rule": True,
        "considered": [
            {"warehouse": "W1", "units": 2, "chosen": False},
            {"warehouse": "W2", "units": 4, "chosen": True},
        ],
        "units_owed": 0,
    }
    service = {
        "reason": "rule",
        "rank": 1,
        "here_only": False,
        "country": "",
        "most_grams": None,
        "most_mm": None,
    }
    stored = shipments_of(order_id)[0].why
    assert stored["service"].items() >= service.items()
    assert {name: said for name, said in stored.items() if name != "service"} == result.why


def test_a_split_takes_the_preferred_warehouse_first(world: World) -> None:
    world.product("D")
    world.stock("D", 2, bin_code=W1_BIN)
    world.stock("D", 5, bin_code=W2_BIN)
    order_id = an_order(world, {"D": 6}, number="D6")
    result = allocate_order(system(), order_id)
    assert served(world, order_id) == {("W1", "D"): 2, ("W2", "D"): 4}
    assert result.shipments == ("D6-1", "D6-2")
    assert (world.available("W1", "D"), world.available("W2", "D")) == (0, 1)
    assert world.balance(W1_BIN, "D") == (2, 0, 0)


def test_the_destination_decides_where_several_warehouses_could_serve(world: World) -> None:
    world.product("A")
    world.stock("A", 5, bin_code=W1_BIN)
    world.stock("A", 5, bin_code=W2_BIN)
    insert_row(
        RegionPriority,
        seller_id=world.seller_id,
        country="FR",
        warehouse_id=world.warehouses["W2"],
        rank=0,
    )
    at_home, abroad = an_order(world, {"A": 1}), an_order(world, {"A": 1}, country="FR")
    allocate_orders(system())
    assert served(world, at_home) == {("W1", "A"): 1}
    assert served(world, abroad) == {("W2", "A"): 1}


def test_most_stock_can_decide(world: World) -> None:
    change(update(Seller).values(allocation_rule="most-stock"))
    world.product("A")
    world.stock("A", 5, bin_code=W1_BIN)
    world.stock("A", 6, bin_code=W2_BIN)
    order_id = an_order(world, {"A": 1})
    allocate_orders(system())
    assert served(world, order_id) == {("W2", "A"): 1}


@pytest.mark.half_made
def test_the_oldest_stock_can_decide(world: World) -> None:
    change(update(Seller).values(allocation_rule="oldest-stock"))
    world.product("A")
    for days, bin_code, units in ((9, W1_BIN, 3), (5, W2_BIN, 3), (1, W1_BIN, 3)):
        with clock_set_to(lambda days=days: NOON - timedelta(days=days)):  # type: ignore[misc]  # a lambda
            world.stock("A", units, bin_code=bin_code)
    first = an_order(world, {"A": 3})
    allocate_orders(system())
    assert served(world, first) == {("W1", "A"): 3}
    change(update(WarehouseBalance).values(sellable=3, promised=0))
    second = an_order(world, {"A": 3})
    allocate_orders(system())
    assert served(world, second) == {("W2", "A"): 3}, "the oldest units of W1 have left"


def test_backorders_then_priority_then_cut_off_then_age_are_served_first(world: World) -> None:
    world.product("A")
    express = insert_row(
        CarrierService, carrier="X", code="EXP", name="Express", next_number=1, last_number=9
    )
    insert_row(
        CutOff,
        warehouse_id=world.warehouses["W1"],
        service_id=express,
        local_time=time(13, 0),
        weekdays=[2],
    )
    plain = an_order(world, {"A": 1})
    younger = an_order(world, {"A": 1})
    urgent = an_order(world, {"A": 1}, requested_service_id=express)
    important = an_order(world, {"A": 1}, priority=5)
    backorder = an_order(world, {"A": 1}, has_backorder=True)
    world.stock("A", 1)
    turn = []
    for _ in range(5):
        allocate_orders(system(), chunk=2)
        turn += [
            order_id
            for order_id in (plain, younger, urgent, important, backorder)
            if order_of(order_id).state == "allocated" and order_id not in turn
        ]
        change(update(Order).where(Order.id.in_([plain, younger])).values(has_backorder=False))
        change(update(Order).where(Order.id.in_([urgent, important])).values(has_backorder=False))
        world.stock("A", 1)
    assert turn == [backorder, important, urgent, plain, younger]


def test_what_is_short_is_served_first_when_stock_comes(world: World) -> None:
    world.product("A")
    world.stock("A", 2)
    short = an_order(world, {"A": 5}, number="SHORT")
    allocate_orders(system())
    assert (owed(short), order_of(short).state) == (3, "confirmed")
    later = an_order(world, {"A": 2}, priority=9)
    world.stock("A", 4)
    allocate_orders(system())
    assert (owed(short), order_of(short).state) == (0, "allocated")
    assert not order_of(short).has_backorder
    assert owed(later) == 1


def test_more_units_join_a_shipment_that_nobody_released(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 2)
    order_id = an_order(world, {"A": 3, "B": 1}, number="JOIN")
    allocate_orders(system())
    world.stock("A", 1)
    world.stock("B", 1)
    result = allocate_order(system(), order_id)
    assert result.shipments == ("JOIN-1",)
    (shipment,) = shipments_of(order_id)
    assert shipment.pieces == 4
    assert served(world, order_id) == {("W1", "A"): 3, ("W1", "B"): 1}


def test_more_units_do_not_join_a_shipment_that_is_held(world: World) -> None:
    world.product("A")
    world.stock("A", 2)
    order_id = an_order(world, {"A": 3}, number="HELD")
    allocate_orders(system())
    a_hold(order_id, shipment_id=shipments_of(order_id)[0].id)
    world.stock("A", 1)
    assert allocate_order(system(), order_id).shipments == ("HELD-2",)


def test_a_backorder_for_which_nothing_came_is_not_looked_at_again(world: World) -> None:
    world.product("A")
    an_order(world, {"A": 1})
    assert allocate_orders(system()).backordered == 1
    assert allocate_orders(system()).orders == 0


def test_an_order_that_wants_to_be_complete_waits_for_everything(world: World) -> None:
    world.product("A")
    world.stock("A", 2)
    order_id = an_order(world, {"A": 3}, ship_complete=True)
    result = allocate_order(system(), order_id)
    assert (result.units, result.why["reason"]) == (0, "ship-complete-waits")
    assert world.available("W1", "A") == 2
    world.stock("A", 1)
    allocate_orders(system())
    assert served(world, order_id) == {("W1", "A"): 3}


def test_a_held_order_gets_nothing_and_says_why(world: World) -> None:
    world.product("A")
    world.stock("A", 2)
    order_id = an_order(world, {"A": 1})
    a_hold(order_id)
    assert allocate_orders(system()).orders == 0
    with pytest.raises(OnHold) as refusal:
        allocate_order(system(), order_id)
    assert refusal.value.holds == ("payment",)


def test_only_a_confirmed_order_can_be_allocated(world: World) -> None:
    world.product("A")
    with pytest.raises(IllegalEvent):
        allocate_order(system(), an_order(world, {"A": 1}, state="review"))
    with pytest.raises(UnknownThing):
        allocate_order(system(), 4711)


def test_a_picker_cannot_allocate_and_changes_nothing_by_trying(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.stock("A", 3, lot="OLD", expires_on=date(2026, 3, 3))
    with pytest.raises(NotPermitted):
        allocate_orders(world.people["picker1"])
    assert world.balance(W1_BIN, "A", "OLD") == (3, 0, 0)


def test_expired_units_are_not_sold(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.stock("A", 3, lot="OLD", expires_on=date(2026, 3, 3))
    world.stock("A", 2, lot="TODAY", expires_on=date(2026, 3, 4))
    order_id = an_order(world, {"A": 4})
    allocate_order(system(), order_id)
    assert served(world, order_id) == {("W1", "A"): 2}
    report = hold_expired_stock(world.people["supervisor1"])
    assert (report.held, report.still_promised) == (3, 0)
    assert world.balance(W1_BIN, "A", "OLD") == (3, 0, 3)
    assert world.available("W1", "A") == 0


def test_units_that_expire_after_they_were_promised_are_left_for_the_release(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.stock("A", 3, lot="L", expires_on=date(2026, 3, 4))
    allocate_order(system(), an_order(world, {"A": 2}))
    with clock_set_to(lambda: NOON + timedelta(days=1)):
        report = hold_expired_stock(system())
    assert (report.held, report.still_promised) == (1, 2)


def test_a_shipment_gets_the_first_service_that_fits_and_its_next_cut_off(world: World) -> None:
    letter, abroad = (
        insert_row(CarrierService, carrier="X", code=code, name=code, next_number=1, last_number=9)
        for code in ("LETTER", "ABROAD")
    )
    insert_row(ServiceRule, rank=-1, service_id=letter, country="GB", most_grams=150)
    insert_row(ServiceRule, rank=0, service_id=abroad, country="FR")
    insert_row(Holiday, warehouse_id=world.warehouses["W1"], day=date(2026, 3, 4))
    world.product("A", weight_grams=100)
    world.stock("A", 9)
    light, heavy = an_order(world, {"A": 1}), an_order(world, {"A": 2})
    to_france = an_order(world, {"A": 1}, country="FR")
    asked_for = an_order(world, {"A": 1}, requested_service_id=abroad)
    allocate_orders(system())
    chosen = [shipments_of(order_id)[0] for order_id in (light, heavy, to_france, asked_for)]
    assert [row.service_id for row in chosen] == [letter, world.service_id, abroad, abroad]
    tomorrow_at_five = datetime(2026, 3, 5, 17, 0, tzinfo=NOON.tzinfo)
    assert chosen[1].cut_off_at == chosen[1].promised_cut_off_at == tomorrow_at_five
    assert chosen[0].cut_off_at is None, "no van of that service leaves here"


def test_the_cheapest_service_in_time_is_chosen_in_as_many_statements_for_twenty_as_for_two(
    world: World,
) -> None:
    put_prices(world.people["admin"], "LOCAL/STD", [PriceEntry(300, 5)], currency="GBP")
    put_service(world.people["admin"], ServiceEntry("X", "FAST", "Fast"))
    put_prices(world.people["admin"], "X/FAST", [PriceEntry(900, 1)], currency="GBP")
    fast = fetch(select(CarrierService.id).where(CarrierService.code == "FAST"))[0].id
    insert_row(
        CutOff,
        warehouse_id=world.warehouses["W1"],
        service_id=fast,
        local_time=time(17),
        weekdays=[0, 1, 2, 3, 4, 5, 6],
    )
    rules = [ServiceRuleEntry("CHEAPEST", in_time=True), ServiceRuleEntry("LOCAL/STD")]
    put_service_rules(world.people["admin"], rules)
    world.product("A")
    world.stock("A", 100)
    soon = an_order(world, {"A": 1}, promised_on=date(2026, 3, 6))
    later = an_order(world, {"A": 1}, promised_on=date(2026, 3, 20))
    for_two = statements_of(lambda: allocate_orders(system()))
    (by_fast,), (by_slow,) = shipments_of(soon), shipments_of(later)
    assert (by_fast.service_id, by_slow.service_id) == (fast, world.service_id)
    assert by_fast.why["service"]["price_minor"] == 900
    assert [one["service"] for one in by_fast.why["service"]["considered"]] == [
        "LOCAL/STD",
        "X/FAST",
    ]
    for _one in range(20):
        an_order(world, {"A": 1}, promised_on=date(2026, 3, 6))
    assert statements_of(lambda: allocate_orders(system())) == for_two


@pytest.mark.half_made
def test_the_service_can_be_changed_and_the_promise_stays(world: World) -> None:
    express = insert_row(
        CarrierService, carrier="X", code="EXP", name="Express", next_number=1, last_number=9
    )
    insert_row(
        CutOff,
        warehouse_id=world.warehouses["W1"],
        service_id=express,
        local_time=time(13, 0),
        weekdays=[2],
    )
    world.product("A")
    world.stock("A", 1)
    order_id = an_order(world, {"A": 1})
    allocate_orders(system())
    (before,) = shipments_of(order_id)
    cut_off_at = change_service(world.people["supervisor1"], before.id, express)
    (after,) = shipments_of(order_id)
    assert (after.service_id, after.cut_off_at) == (express, cut_off_at)
    assert cut_off_at == NOON + timedelta(hours=1)
    assert after.promised_cut_off_at == before.promised_cut_off_at
    assert [row.act for row in fetch(select(AuditEntry.act))] == ["change-service"]
    with pytest.raises(UnknownThing):
        change_service(world.people["supervisor1_w2"], before.id, express)
    change(update(Shipment).values(state="labelled"))
    with pytest.raises(IllegalEvent):
        change_service(world.people["supervisor1"], before.id, express)


def test_a_shipment_taken_apart_gives_its_promise_back(world: World) -> None:
    world.product("A")
    world.stock("A", 2)
    order_id = an_order(world, {"A": 2})
    allocate_orders(system())
    (shipment,) = shipments_of(order_id)
    assert deallocate(system(), shipment.id, reason="other order first") == 2
    assert (owed(order_id), world.available("W1", "A")) == (2, 2)
    assert (order_of(order_id).state, order_of(order_id).has_backorder) == ("confirmed", True)
    assert shipments_of(order_id)[0].state == "cancelled"
    with pytest.raises(IllegalEvent):
        deallocate(system(), shipment.id, reason="twice")
    allocate_orders(system())
    assert [row.number[-2:] for row in shipments_of(order_id)] == ["-1", "-2"]


def test_kits_are_served_by_their_components(world: World) -> None:
    world.product("A")
    kit_id = world.kit("KIT", {"A": 2})
    world.stock("A", 2)
    order_id = an_order(world, {"A": 2})
    kit_line = insert_row(
        OrderLine, order_id=order_id, line_number=9, product_id=kit_id, quantity=1, is_kit=True
    )
    change(
        update(OrderLine)
        .where(OrderLine.order_id == order_id, OrderLine.line_number == 1)
        .values(kit_line_id=kit_line)
    )
    allocate_orders(system())
    assert order_of(order_id).state == "allocated"
    assert served(world, order_id) == {("W1", "A"): 2}


def test_an_order_of_two_lines_is_allocated_in_twelve_statements(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 1)
    world.stock("B", 1)
    order_id = an_order(world, {"A": 1, "B": 1})
    assert statements_of(lambda: allocate_order(system(), order_id)) <= 12


def test_five_times_the_orders_take_no_more_statements(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 100)
    world.stock("B", 3)

    def allocated(orders: int) -> int:
        ids = [an_order(world, {"A": 1, "B": 1}) for _ in range(orders)]
        return statements_of(lambda: allocate_orders(system(), order_ids=ids))

    first = allocated(2)
    assert allocated(10) <= first + 2
