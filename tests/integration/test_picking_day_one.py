"""The checks of the first morning that are about picking, at the level of the services."""

from __future__ import annotations

from sqlalchemy import select

from fulfillment.domain.barcodes import Command
from fulfillment.store.orders import Shipment
from fulfillment.store.stock import WarehouseBalance
from fulfillment.store.work import PickStop, Task
from tests.support.floor import Worker
from tests.support.picklists import check_books, claim, release
from tests.support.world import World, fetch

A1, A2, A3 = "W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"


def test_a_list_of_twelve_orders_has_one_stop_a_bin_and_says_how_many_go_into_which_tote(
    world: World,
) -> None:
    for sku, code in (("A", A1), ("B", A2), ("C", A3)):
        world.product(sku)
        world.stock(sku, 100, bin_code=code)
    orders = [{"A": number, "B": 1} if number % 2 else {"C": 2} for number in range(1, 13)]
    release(world, orders)
    assert len(fetch(select(PickStop.id))) == 3
    picker = claim(world, "picker1")
    walked: list[str] = []
    bound: set[int] = set()
    view = picker.view()
    while view.stop is not None:
        stop = view.stop
        walked.append(stop.location_code)
        picker.bin(stop.location_code)
        for feed in stop.feeds:
            picker.scan(stop.sku)
            for other in sorted(bound - {feed.position})[:1]:
                assert picker.tote(f"W1T{other}").verdict.code == "tote-of-another"
            bound.add(feed.position)
            reply = picker.tote(f"W1T{feed.position}")
            assert reply.verdict.fields["quantity"] == feed.quantity
        view = reply.view
    assert walked == [A1, A2, A3]
    for position, order in enumerate(orders, start=1):
        for sku, quantity in order.items():
            assert world.balance(f"W1T{position}", sku) == (quantity, quantity, 0)
    assert {row.state for row in fetch(select(Shipment.state))} == {"picked"}
    check_books()


def test_two_found_instead_of_five_are_offered_elsewhere_counted_and_right_in_the_books(
    world: World,
) -> None:
    world.product("A")
    world.stock("A", 8, bin_code=A1)
    release(world, [{"A": 5}])
    release(world, [{"A": 1}])
    world.stock("A", 2, bin_code=A2)
    picker, other = claim(world, "picker1"), claim(world, "picker2")
    picker.bin(A1)
    picker.command(Command.SHORT)
    picker.quantity(2)
    reply = picker.reason("fewer-than-shown")
    assert reply.verdict.fields == {"sku": "A", "missing": 3, "bins": [A2], "owed": 1}
    sold = fetch(select(WarehouseBalance.sellable).where(WarehouseBalance.sellable > 0))
    assert sold == []
    check_books()
    other.bin(A1)
    assert other.put("A", "W1T2").verdict.code == "put-last"
    picker.put("A", "W1T1")
    picker.bin(A2)
    assert picker.put("A", "W1T1").verdict.code == "put-last"
    task = fetch(select(Task.id, Task.quantity, Task.held))[0]
    assert (task.quantity, task.held) == (3, 2)
    worker = Worker(world.people["picker2"], task.id)
    worker.place(A1)
    worker.command(Command.CONFIRM)
    worker.command(Command.CONFIRM)
    assert world.balance(A1, "A") == (0, 0, 0)
    assert world.available("W1", "A") == 0
    check_books()
