"""Release: promises become reservations in bins, and shipments become walks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from fulfillment.domain.errors import NothingToDo, NotPermitted, UnknownThing
from fulfillment.domain.people import system
from fulfillment.domain.waving import WaveChoice
from fulfillment.services.allocating import allocate_orders, hold_expired_stock
from fulfillment.services.wave_views import list_waves, pick_list_view
from fulfillment.services.waving import fitting_shipments, release, release_all
from fulfillment.store.catalog import CarrierService, CutOff, Location, Product, Warehouse
from fulfillment.store.orders import Hold, Shipment
from fulfillment.store.stock import (
    Reservation,
    StockBalance,
    WarehouseBalance,
)
from fulfillment.store.transaction import clock_set_to
from fulfillment.store.work import PickFeed, PickListShipment, PickStop
from tests.support.statements import statements_of
from tests.support.waiting_orders import a_hold, an_order, order_of, owed, shipments_of
from tests.support.world import NOON, World, change, fetch, insert_row

BIN = "W1-A-0{}-1-1"


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock_set_to(lambda: NOON):
        yield


def w1(world: World, **values: object) -> WaveChoice:
    return WaveChoice(warehouse_id=world.warehouses["W1"], **values)  # type: ignore[arg-type]  # test shorthand


def allocated(world: World, *orders: dict[str, int], **values: object) -> list[int]:
    """The shipments of new orders, allocated."""
    ids = [an_order(world, lines, **values) for lines in orders]  # type: ignore[arg-type]  # test shorthand
    allocate_orders(system(), order_ids=ids)
    return [row.id for order_id in ids for row in shipments_of(order_id)]


def state(shipment_id: int) -> str:
    return str(fetch(select(Shipment.state).where(Shipment.id == shipment_id))[0][0])


def reservations() -> list[tuple[str, str, int]]:
    """(bin, lot, units) of every reservation."""
    rows = fetch(
        select(Location.code, Reservation.lot, Reservation.quantity)
        .join(Location, Location.id == Reservation.location_id)
        .order_by(Location.code, Reservation.lot, Reservation.quantity)
    )
    return [tuple(row) for row in rows]


def assert_reserved_is_the_sum_of_the_reservations() -> None:
    sums: dict[tuple[int, int, str], int] = {}
    for row in fetch(select(Reservation.__table__)):
        key = (row.location_id, row.product_id, row.lot)
        sums[key] = sums.get(key, 0) + row.quantity
    balances = fetch(select(StockBalance.__table__).where(StockBalance.reserved > 0))
    assert sums == {(b.location_id, b.product_id, b.lot): b.reserved for b in balances}


def test_a_wave_of_twelve_orders_has_one_stop_a_bin_product_and_lot_in_walking_order(
    world: World,
) -> None:
    for number, sku in enumerate(("A", "B", "C"), start=1):
        world.product(sku)
        world.stock(sku, 40, bin_code=BIN.format(4 - number))
    world.stock("B", 40, bin_code=BIN.format(5), lot="L2", expires_on=date(2026, 4, 1))
    ids = allocated(world, *[{"A": 1, "B": 2, "C": 1}] * 12)
    report = release(world.people["supervisor1"], w1(world))
    assert (report.shipments, report.units, report.stops) == (12, 48, 3)
    (number,) = report.lists
    view = pick_list_view(world.people["picker1"], number)
    assert [
        (one.code, [(stop.sku, stop.lot, stop.quantity) for stop in one.stops]) for one in view.bins
    ] == [
        (BIN.format(1), [("C", "", 12)]),
        (BIN.format(3), [("A", "", 12)]),
        (BIN.format(5), [("B", "L2", 24)]),
    ]
    numbers = [fetch(select(Shipment.number).where(Shipment.id == key))[0][0] for key in ids]
    assert [(p.position, p.shipment_number, p.units) for p in view.positions] == [
        (position, shipment, 4) for position, shipment in enumerate(numbers, start=1)
    ]
    (lot_stop,) = view.bins[2].stops
    assert [(feed.position, feed.quantity) for feed in lot_stop.feeds] == [
        (position, 2) for position in range(1, 13)
    ]
    assert lot_stop.expires_on == date(2026, 4, 1)
    assert (view.units, view.state, view.picker) == (48, "open", None)
    assert view.due_at == datetime(2026, 3, 4, 17, tzinfo=UTC)
    assert_reserved_is_the_sum_of_the_reservations()


def test_a_promise_becomes_a_reservation_and_nothing_more_can_be_sold(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    (shipment_id,) = allocated(world, {"A": 3})
    before = world.available("W1", "A")
    release(system(), w1(world))
    assert world.available("W1", "A") == before == 2
    assert world.balance(BIN.format(1), "A") == (5, 3, 0)
    rows = fetch(select(WarehouseBalance.sellable, WarehouseBalance.promised))
    assert tuple(rows[0]) == (2, 0)
    row = fetch(select(Shipment.__table__).where(Shipment.id == shipment_id))[0]
    assert (row.state, row.released_at, row.released_by_id) == ("released", NOON, 1)


def test_what_expires_first_is_reserved_first_and_then_the_fewest_stops(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    for number, (lot, month, units) in enumerate((("M", 5, 9), ("E", 4, 2), ("M", 5, 1)), start=1):
        world.stock(
            "A", units, bin_code=BIN.format(number), lot=lot, expires_on=date(2026, month, 1)
        )
    allocated(world, {"A": 4})
    release(system(), w1(world))
    assert reservations() == [(BIN.format(1), "M", 2), (BIN.format(2), "E", 2)]


def test_an_order_over_two_warehouses_is_released_in_each_and_counted_in_each(world: World) -> None:
    world.product("D")
    world.stock("D", 2, bin_code="W1-A-01-1-1")
    world.stock("D", 5, bin_code="W2-A-01-1-1")
    allocated(world, {"D": 6})
    release(system(), w1(world))
    assert world.balance("W1-A-01-1-1", "D") == (2, 2, 0)
    assert world.balance("W2-A-01-1-1", "D") == (5, 0, 0)
    assert (world.available("W1", "D"), world.available("W2", "D")) == (0, 1)
    release(system(), WaveChoice(warehouse_id=world.warehouses["W2"]))
    assert world.balance("W2-A-01-1-1", "D") == (5, 4, 0)
    assert (world.available("W1", "D"), world.available("W2", "D")) == (0, 1)


def test_nothing_is_released_twice(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    (shipment_id,) = allocated(world, {"A": 1})
    release(system(), w1(world, shipment_ids=(shipment_id,)))
    with pytest.raises(NothingToDo):
        release(system(), w1(world, shipment_ids=(shipment_id,)))
    assert len(fetch(select(PickListShipment.shipment_id))) == 1


def test_each_condition_narrows_the_wave(world: World) -> None:
    express = insert_row(
        CarrierService, carrier="FAST", code="EXP", name="Express", next_number=1, last_number=9
    )
    insert_row(
        CutOff,
        warehouse_id=world.warehouses["W1"],
        service_id=express,
        local_time=time(13, 0),
        weekdays=[2],
    )
    world.product("A")
    world.product("B")
    world.stock("A", 50)
    world.stock("B", 50, bin_code=BIN.format(6))
    change(update(Location).where(Location.code == BIN.format(6)).values(zone="B"))
    (plain,) = allocated(world, {"A": 1})
    (several,) = allocated(world, {"A": 2})
    (urgent,) = allocated(world, {"A": 1}, requested_service_id=express)
    (important,) = allocated(world, {"A": 1}, priority=7)
    (across,) = allocated(world, {"A": 1, "B": 1})
    (in_b,) = allocated(world, {"B": 1})
    (held,) = allocated(world, {"A": 1}, number="ONHOLD")
    hold_id = a_hold(
        fetch(select(Shipment.order_id).where(Shipment.id == held))[0][0], shipment_id=held
    )

    def fitting(**values: object) -> list[int]:
        return fitting_shipments(system(), w1(world, **values))

    assert fitting() == [urgent, important, plain, several, across, in_b]
    assert fitting(cut_off_before=NOON + timedelta(hours=2)) == [urgent]
    assert fitting(carrier="FAST") == fitting(service_id=express) == [urgent]
    assert fitting(priority_from=7) == [important]
    assert fitting(items="multi") == [several, across]
    assert fitting(items="single", carrier="LOCAL") == [important, plain, in_b]
    assert fitting(zone="B") == [in_b]
    assert fitting(limit=2) == [urgent, important]
    assert fitting(shipment_ids=(plain, held)) == [plain]
    assert release(system(), w1(world, shipment_ids=(several, plain), limit=1)).shipments == 1
    assert (state(plain), state(several)) == ("released", "allocated")
    change(update(Hold).where(Hold.id == hold_id).values(released_at=NOON, released_by_id=1))
    assert held in fitting()
    assert fitting_shipments(system(), WaveChoice(warehouse_id=world.warehouses["W2"])) == []


def test_a_wave_of_a_zone_leaves_what_the_zone_cannot_serve(world: World) -> None:
    world.product("A")
    world.stock("A", 3, bin_code=BIN.format(1))
    world.stock("A", 9, bin_code=BIN.format(6))
    change(update(Location).where(Location.code == BIN.format(6)).values(zone="B"))
    large, small = allocated(world, {"A": 4}, {"A": 2})
    report = release(system(), w1(world, zone="A"))
    assert (report.shipments, report.left) == (1, (large,))
    assert reservations() == [(BIN.format(1), "", 2)]
    assert (state(large), state(small)) == ("allocated", "released")


def test_units_that_expired_meanwhile_become_a_backorder_and_the_rest_is_released(
    world: World,
) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.product("B")
    world.stock("A", 2, lot="OLD", expires_on=date(2026, 3, 4))
    world.stock("A", 1, lot="NEW", expires_on=date(2026, 5, 4))
    world.stock("B", 1)
    order_id = an_order(world, {"A": 3, "B": 1}, number="GAP")
    allocate_orders(system())
    with clock_set_to(lambda: NOON + timedelta(days=1)):
        report = release(system(), w1(world))
    assert [(one.number, one.units, one.cancelled) for one in report.short] == [("GAP-1", 2, False)]
    assert (report.shipments, report.units) == (1, 2)
    assert (owed(order_id), order_of(order_id).state) == (2, "confirmed")
    assert order_of(order_id).has_backorder
    assert shipments_of(order_id)[0].pieces == 2
    assert reservations() == [(BIN.format(1), "", 1), (BIN.format(1), "NEW", 1)]
    assert_reserved_is_the_sum_of_the_reservations()


def test_a_shipment_of_which_nothing_is_found_is_taken_apart(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.stock("A", 2, lot="L", expires_on=date(2026, 3, 4))
    (shipment_id,) = allocated(world, {"A": 2})
    with clock_set_to(lambda: NOON + timedelta(days=1)):
        report = release(system(), w1(world))
        assert (report.shipments, report.wave_number) == (0, None)
        assert [(one.units, one.cancelled) for one in report.short] == [(2, True)]
        assert state(shipment_id) == "cancelled"
        assert hold_expired_stock(system()).held == 2
    assert world.available("W1", "A") == 0


def test_an_order_that_ships_complete_is_not_released_in_part(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.stock("A", 1, lot="OLD", expires_on=date(2026, 3, 4))
    world.stock("A", 1, lot="NEW", expires_on=date(2026, 5, 4))
    order_id = an_order(world, {"A": 2}, ship_complete=True)
    other = an_order(world, {"A": 1})
    allocate_orders(system())
    with clock_set_to(lambda: NOON + timedelta(days=1)):
        report = release(system(), w1(world))
        assert [one.cancelled for one in report.short] == [True]
        assert (owed(order_id), order_of(order_id).state) == (2, "confirmed")
        allocate_orders(system())
    assert owed(order_id) == 2, "one unit is not enough for it"
    assert owed(other) == 0


def test_lists_are_as_long_as_the_policy_of_the_warehouse_says(world: World) -> None:
    change(update(Warehouse).values(policy={"cart_positions": 2, "list_lines": 3}))
    world.product("A")
    world.stock("A", 50)
    allocated(world, *[{"A": 1}] * 5)
    report = release(system(), w1(world))
    assert [len(pick_list_view(system(), number).positions) for number in report.lists] == [2, 2, 1]


FLOOR = {"aisles": 9, "aisle_x": [4.0 * n for n in range(9)], "cross_y": [0, 30], "depot": [0, 0]}


def on_the_floor(world: World) -> None:
    """W1 drawn: its six bins in the aisles 0, 8, 1, 7, 2 and 6, two pieces of each SKU there."""
    change(update(Warehouse).values(layout=FLOOR, policy={"cart_positions": 2}))
    for number, aisle in enumerate((0, 8, 1, 7, 2, 6), start=1):
        sku = f"S{aisle}"
        world.product(sku)
        world.stock(sku, 2, bin_code=BIN.format(number))
        where = update(Location).where(Location.code == BIN.format(number))
        change(where.values(aisle=aisle, y_metres=15.0))


def carts(numbers: tuple[str, ...]) -> list[list[str]]:
    """The SKUs on each list, by list."""
    found = [
        sorted(stop.sku for one in pick_list_view(system(), number).bins for stop in one.stops)
        for number in numbers
    ]
    return sorted(found)


def test_with_a_layout_orders_share_the_cart_whose_walk_they_are_on(world: World) -> None:
    on_the_floor(world)
    # The first aisle of all three is near; two of them go on to the far end.
    allocated(world, {"S0": 1, "S8": 1}, {"S0": 1}, {"S1": 1, "S7": 1}, {"S2": 1})
    report = release(world.people["supervisor1"], w1(world, planning_seconds=5))
    assert carts(report.lists) == [["S0", "S1", "S7", "S8"], ["S0", "S2"]]
    walks = [pick_list_view(system(), number).walk for number in report.lists]
    assert all(walk["proof"] == "optimal" for walk in walks)
    assert_reserved_is_the_sum_of_the_reservations()


def test_a_wave_that_is_given_no_time_takes_neighbours(world: World) -> None:
    on_the_floor(world)
    allocated(world, {"S0": 1, "S8": 1}, {"S0": 1}, {"S1": 1, "S7": 1}, {"S2": 1})
    report = release(world.people["supervisor1"], w1(world, planning_seconds=0))
    assert carts(report.lists) == [["S0", "S8"], ["S1", "S2", "S7"]]


def test_a_cart_takes_no_more_than_the_policy_says_it_weighs(world: World) -> None:
    change(update(Warehouse).values(policy={"cart_kilograms": 1}))
    world.product("A")
    change(update(Product).values(weight_grams=600))
    world.stock("A", 9)
    allocated(world, *[{"A": 1}] * 3)
    report = release(world.people["supervisor1"], w1(world))
    assert len(report.lists) == 3


def test_many_chunks_make_one_wave(world: World) -> None:
    world.product("A")
    world.stock("A", 50)
    allocated(world, *[{"A": 1}] * 7)
    report = release_all(world.people["supervisor1"], w1(world, priority_from=0), chunk=3)
    assert (report.shipments, len(report.lists)) == (7, 3)
    (wave,) = list_waves(world.people["picker1"])
    assert (wave.number, wave.lists, wave.lists_done, wave.shipments) == (
        report.wave_number, 3, 0, 7
    )  # fmt: skip
    assert wave.choice == {"priority_from": 0}
    assert wave.released_by == "Supervisor1"
    assert release_all(system(), w1(world)).shipments == 0


def test_feeds_say_what_the_reservations_say(world: World) -> None:
    world.product("A")
    for number in (1, 2, 3):
        world.stock("A", 4, bin_code=BIN.format(number))
    allocated(world, *[{"A": 3}] * 4)
    release(system(), w1(world))
    feeds = fetch(
        select(PickFeed.shipment_line_id, PickStop.location_id, PickFeed.quantity).join(
            PickStop, PickStop.id == PickFeed.stop_id
        )
    )
    held = fetch(
        select(Reservation.shipment_line_id, Reservation.location_id, Reservation.quantity)
    )
    assert sorted(map(tuple, feeds)) == sorted(map(tuple, held))
    assert_reserved_is_the_sum_of_the_reservations()


def test_a_shipment_of_two_lines_is_released_in_fourteen_statements(world: World) -> None:
    world.product("A")
    world.product("B")
    world.stock("A", 1)
    world.stock("B", 1)
    (shipment_id,) = allocated(world, {"A": 1, "B": 1})
    choice = w1(world, shipment_ids=(shipment_id,))
    assert statements_of(lambda: release(system(), choice)) <= 14


def test_only_who_may_release_there_can_and_foreign_lists_are_unknown(world: World) -> None:
    world.product("A")
    world.stock("A", 1)
    allocated(world, {"A": 1})
    for login in ("picker1", "supervisor1_w2"):
        with pytest.raises(NotPermitted):
            release(world.people[login], w1(world))
    (number,) = release(world.people["supervisor1"], w1(world)).lists
    with pytest.raises(UnknownThing):
        pick_list_view(world.people["picker1_w2"], number)
    with pytest.raises(UnknownThing):
        pick_list_view(world.people["picker1"], "PL0")
    assert list_waves(world.people["picker1_w2"]) == []
