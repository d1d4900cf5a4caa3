"""Corners of packing and cancelling that a search over all sequences found."""

from __future__ import annotations

import pytest

from fulfillment.services.cancelling import cancel_order
from fulfillment.store.orders import Shipment
from fulfillment.store.work import PickList, PickStop
from tests.support.benches import BenchDriver, codes
from tests.support.picklists import claim, release
from tests.support.world import World

A1 = "W1-A-01-1-1"


@pytest.fixture
def bench(world: World) -> BenchDriver:
    world.product("A", weight_grams=300)
    world.product("B", weight_grams=200)
    world.stock("A", 20)
    world.stock("B", 20)
    return BenchDriver(world)


def order_of(shipment_id: int) -> int:
    return int(codes(Shipment, "order_id", id=shipment_id)[0].order_id)


def test_a_stop_ends_when_the_only_order_that_still_wanted_from_it_is_cancelled(
    bench: BenchDriver,
) -> None:
    world = bench.world
    made = release(world, [{"A": 1}, {"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.put("A", "W1T1")
    cancel_order(world.people["admin"], order_id=made.orders[1], reason="asked")
    assert codes(PickStop, "state") == [("picked",)]
    assert codes(PickList, "state") == [("done",)]
    assert codes(Shipment, "state") == [("picked",), ("cancelled",)]
