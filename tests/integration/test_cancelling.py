"""Cancel at every stage, un-ship, dispatch: day-one checks 18 and 22's other half."""

from __future__ import annotations

import pytest

from fulfillment.domain.errors import AlreadyDispatched, NotPermitted
from fulfillment.services.cancelling import cancel_order, cancel_shipment
from fulfillment.services.dispatching import scan_out
from fulfillment.store.orders import Order, OrderLine, Shipment
from fulfillment.store.parcels import Label
from fulfillment.store.stock import Reservation, StockMove
from fulfillment.store.work import Task
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.world import World


@pytest.fixture
def bench(world: World) -> BenchDriver:
    world.product("A", weight_grams=300)
    world.product("B", weight_grams=200)
    world.stock("A", 10)
    world.stock("B", 10)
    return BenchDriver(world)


def the_order(shipment_id: int) -> int:
    return int(codes(Shipment, "order_id", id=shipment_id)[0][0])


def test_a_cancelled_order_stops_the_next_scan_and_makes_put_back_work(bench: BenchDriver) -> None:
    world = bench.world
    shipment_id = picked_shipment(world, {"A": 2, "B": 1})
    bench.open()
    bench.scan("A")
    supervisor = world.people["supervisor1"]
    done = cancel_order(supervisor, order_id=the_order(shipment_id), reason="customer asked")
    assert done.put_back_tasks == 2
    stopped = bench.scan("B")
    assert stopped.verdict.code == "order-cancelled"
    assert stopped.verdict.fields["reason"] == "customer asked"
    assert bench.scan("B").verdict.code == "no-order-open"
    assert bench.open().verdict.code == "order-cancelled"
    tasks = codes(Task, "location_id", "target_id", "quantity", kind="put-back")
    assert [(row.location_id, row.target_id, row.quantity) for row in tasks] == [
        (world.locations["W1T1"], world.locations["W1-A-01-1-1"], 2),
        (world.locations["W1T1"], world.locations["W1-A-01-1-1"], 1),
    ]
    assert codes(Reservation, "id") == []
    assert world.balance("W1T1", "A") == (2, 0, 0)
    assert world.available("W1", "A") == 8
    assert codes(OrderLine, "cancelled", "allocated") == [(2, 0), (1, 0)]
    again = cancel_order(supervisor, order_id=the_order(shipment_id), reason="again")
    assert again.already


def test_a_labelled_order_can_be_cancelled_and_its_label_is_void(bench: BenchDriver) -> None:
    world = bench.world
    shipment_id = picked_shipment(world, {"A": 1})
    bench.open()
    bench.scan("A")
    tracking = bench.weigh(350).verdict.fields["tracking"]
    cancel_order(
        world.people["supervisor1"], order_id=the_order(shipment_id), reason="customer asked"
    )
    assert bench.scan(tracking).verdict.code == "order-cancelled"
    assert codes(Label, "state") == [("void",)]
    assert codes(StockMove, "id", reason="ship") == []
    assert len(codes(Task, "id", kind="put-back")) == 1


def shipped(bench: BenchDriver) -> tuple[int, str]:
    shipment_id = picked_shipment(bench.world, {"A": 1})
    bench.open()
    bench.scan("A")
    tracking = bench.weigh(350).verdict.fields["tracking"]
    assert bench.scan(tracking).verdict.code == "shipped"
    return shipment_id, tracking


def test_a_supervisor_un_ships_before_dispatch(bench: BenchDriver) -> None:
    world = bench.world
    shipment_id, tracking = shipped(bench)
    supervisor = world.people["supervisor1"]
    with pytest.raises(NotPermitted):
        cancel_shipment(bench.actor, shipment_id=shipment_id, reason="wrong address")
    cancel_shipment(supervisor, shipment_id=shipment_id, reason="wrong address")
    assert codes(Shipment, "state", id=shipment_id) == [("cancelled",)]
    assert codes(Order, "state", "has_backorder") == [("confirmed", True)]
    assert codes(OrderLine, "allocated", "cancelled") == [(0, 0)]
    assert [row.quantity for row in codes(StockMove, "quantity", reason="un-ship")] == [1]
    assert len(codes(Task, "id", kind="put-back")) == 1
    out = scan_out(supervisor, warehouse_id=world.warehouses["W1"], scan_id="out-1", raw=tracking)
    assert out.verdict.code == "label-void"


def test_after_dispatch_a_cancellation_is_refused(bench: BenchDriver) -> None:
    world = bench.world
    shipment_id, tracking = shipped(bench)
    supervisor = world.people["supervisor1"]
    out = scan_out(bench.actor, warehouse_id=world.warehouses["W1"], scan_id="out-1", raw=tracking)
    assert out.verdict.code == "shipment-dispatched"
    with pytest.raises(AlreadyDispatched):
        cancel_order(supervisor, order_id=the_order(shipment_id), reason="too late")
    assert codes(Order, "state") == [("shipped",)]
    repeated = scan_out(
        bench.actor, warehouse_id=world.warehouses["W1"], scan_id="out-1", raw=tracking
    )
    assert repeated.repeated
    twice = scan_out(
        bench.actor, warehouse_id=world.warehouses["W1"], scan_id="out-2", raw=tracking
    )
    assert twice.verdict.code == "parcel-already-out"
