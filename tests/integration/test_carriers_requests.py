"""Manifests and pickups that carriers are asked for, and where their parcels are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest

from fulfillment.domain.errors import InvalidInput, NotPermitted, UnknownThing
from fulfillment.services import carrier_requests, manifests, packing
from fulfillment.services.carrier_requests import RequestView
from fulfillment.services.dispatching import scan_out
from fulfillment.services.orders.detail import order_detail
from fulfillment.store.carrier_requests import CarrierRequest, ParcelTracking
from fulfillment.store.orders import Shipment
from fulfillment.store.transaction import clock_set_to
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.carriers import FakeCarrier, settle_due, use_carrier
from tests.support.printing import Clock, labelled, work
from tests.support.world import World

NOBODY = Path("/nonexistent")


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock_set_to(clock):
        yield clock


@pytest.fixture(params=["keys", "no keys"])
def carrier(world: World, request: pytest.FixtureRequest) -> Iterator[FakeCarrier]:
    with FakeCarrier(honours_keys=request.param == "keys") as fake:
        use_carrier(world, fake)
        yield fake


def on_the_van(world: World) -> str:
    """An order of one A with a bought label, shipped and scanned out; its tracking number."""
    world.product("A", weight_grams=300)
    world.stock("A", 10)
    bench = BenchDriver(world)
    picked_shipment(world, {"A": 1})
    bench.open()
    bench.scan("A")
    bench.weigh(350)
    assert settle_due() == ["bought"]
    number = str(look_at_label(bench))
    assert bench.scan(number).verdict.code == "shipped"
    out(world, number)
    return number


def look_at_label(bench: BenchDriver) -> str | None:
    view = packing.bench(bench.actor, station_id=bench.station_id).view
    assert view is not None
    return view.parcels[0].tracking_number


def out(world: World, number: str) -> None:
    scan_out(
        world.people["packer1"],
        warehouse_id=world.warehouses["W1"],
        scan_id=str(uuid.uuid4()),
        raw=number,
        carrier="",
    )


def close(world: World, carrier: str = "FAKE") -> None:
    manifests.close_manifest(
        world.people["packer1"], warehouse_id=world.warehouses["W1"], carrier=carrier
    )


def pickup(world: World, who: str = "packer1", **other: object) -> int:
    wanted = {
        "warehouse_id": world.warehouses["W1"],
        "carrier": "FAKE",
        "day": date(2026, 3, 5),
        "ready_at": time(14),
        "closes_at": time(17),
        "parcels": 12,
        "grams": 30_000,
        "key": "form-1",
        **other,
    }
    return carrier_requests.ask_for_pickup(world.people[who], **wanted)  # type: ignore[arg-type]  # as given


def settle() -> list[str | None]:
    return [
        carrier_requests.settle_next(one, credentials_root=NOBODY)
        for one, _carrier in carrier_requests.look()
    ]


def views(world: World) -> tuple[RequestView, ...]:
    return carrier_requests.requests_at(
        world.people["packer1"], warehouse_id=world.warehouses["W1"]
    )


def test_the_carrier_gets_the_manifest_that_was_closed(world: World, carrier: FakeCarrier) -> None:
    number = on_the_van(world)
    close(world)
    (row,) = codes(CarrierRequest, "content", "key")
    assert row.content["references"] == [f"ref-{number}"]
    assert settle() == ["done"]
    (view,) = views(world)
    assert (view.kind, view.about, view.state, view.number) == (
        "manifest",
        row.key,
        "done",
        "M-1",
    )


def test_the_local_carrier_s_manifest_asks_nobody(world: World) -> None:
    bench, _shipment_id, number = labelled(world)
    bench.scan(number)
    out(world, number)
    close(world, "LOCAL")
    assert codes(CarrierRequest, "id") == []


def test_a_van_is_asked_for_once_until_the_carrier_is_reached(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    assert pickup(world) == pickup(world), "the form was sent twice"
    carrier.switch_off()
    assert settle() == ["open"]
    assert settle() == []
    carrier.switch_on()
    clock.forward(seconds=3)
    assert settle() == ["done"]
    (view,) = views(world)
    assert (view.about, view.state, view.number) == ("2026-03-05", "done", "P-1")


def test_a_pickup_of_which_nobody_knows_is_repeated_by_key_or_by_a_person_alone(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    request_id = pickup(world)
    carrier.manner = "lost"
    assert settle() == ["unknown"]
    carrier.switch_on()
    clock.forward(hours=1)
    if carrier.honours_keys:
        assert settle() == ["done"]
        return
    asked = carrier.asked
    assert settle() == ["unknown"]
    clock.forward(hours=1)
    assert (settle(), carrier.asked) == ([], asked)
    assert views(world)[0].may_repeat
    carrier_requests.repeat_request(world.people["packer1"], request_id)
    assert settle() == ["done"]


def test_a_request_is_refused_where_it_makes_no_sense(world: World, carrier: FakeCarrier) -> None:
    for wrong in (
        {"carrier": "LOCAL"},
        {"day": date(2020, 1, 1)},
        {"closes_at": time(14)},
        {"parcels": 0},
    ):
        with pytest.raises(InvalidInput):
            pickup(world, **wrong)
    with pytest.raises(NotPermitted):
        pickup(world, "picker1")
    with pytest.raises(UnknownThing):
        pickup(world, "packer1_w2")
    with pytest.raises(UnknownThing):
        carrier_requests.repeat_request(world.people["packer1"], 99)
    assert codes(CarrierRequest, "id") == []


def test_a_worker_that_dies_with_a_request_leaves_it_unknown(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    request_id = pickup(world)
    assert carrier_requests.take(request_id) is not None
    assert carrier_requests.take(request_id) is None
    clock.forward(seconds=91)
    assert carrier_requests.recover() == 1
    assert views(world)[0].state == "unknown"


def test_parcels_are_asked_about_once_they_have_left(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    number = on_the_van(world)
    (parcel,) = carrier_requests.parcels_to_ask_about()
    assert parcel.tracking_number == number
    carrier.moves = [["2026-03-05T10:00:00+00:00", "Arrived at depot", "Hull"]]
    assert carrier_requests.track(parcel, credentials_root=NOBODY) == "moving"
    assert carrier_requests.parcels_to_ask_about() == ()
    (order,) = {row.order_id for row in codes(Shipment, "order_id")}
    (shipment,) = order_detail(world.people["supervisor1"], order).shipments
    assert (shipment.parcels[0].tracking, shipment.parcels[0].tracking_words) == (
        "moving",
        "Arrived at depot, Hull",
    )
    clock.forward(hours=3)
    (again,) = carrier_requests.parcels_to_ask_about()
    carrier.switch_off()
    assert carrier_requests.track(again, credentials_root=NOBODY) == "unknown"
    assert codes(ParcelTracking, "state") == [("moving",)], "what was known stays"
    carrier.switch_on()
    carrier.whereabouts = "delivered"
    clock.forward(hours=3)
    (last,) = carrier_requests.parcels_to_ask_about()
    carrier_requests.track(last, credentials_root=NOBODY)
    clock.forward(days=3)
    assert carrier_requests.parcels_to_ask_about() == ()


def test_the_worker_asks_for_all_of_it(world: World, carrier: FakeCarrier, tmp_path: Path) -> None:
    on_the_van(world)
    close(world)
    work(tmp_path)
    assert [one.state for one in views(world)] == ["done"]
    assert codes(ParcelTracking, "state") == [("moving",)]
