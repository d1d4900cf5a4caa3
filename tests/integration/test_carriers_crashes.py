"""Workers that are killed while they buy a label, and two at once: one paid label a parcel."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from fulfillment.carriers import carrier_of
from fulfillment.carriers.protocol import Account, BoughtLabel, LabelRequest
from fulfillment.domain.barcodes import Command
from fulfillment.services import packing, purchases
from fulfillment.services.packing.buying import request_of
from fulfillment.services.packing.sealing import seal_bought
from fulfillment.store.catalog import CarrierAccount
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.purchases import LabelPurchase
from fulfillment.store.transaction import Transaction, clock_set_to, reads, writes
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.carriers import FakeCarrier, settle_all, settle_due, use_carrier
from tests.support.kill import killed_at
from tests.support.printing import Clock
from tests.support.racing import race
from tests.support.world import World

BOUNDARIES = (*range(1, 22), *range(22, 200, 6))
"""Each around the carrier's call; of the long last transaction, which is kept or not as a whole,
every sixth."""
ORDERS = 6
NOBODY = Path("/nonexistent")


@pytest.fixture(params=["keys", "no keys"])
def carrier(world: World, request: pytest.FixtureRequest) -> Iterator[FakeCarrier]:
    with FakeCarrier(honours_keys=request.param == "keys") as fake:
        use_carrier(world, fake)
        yield fake


def complete(world: World, point: int) -> tuple[BenchDriver, int]:
    """An order of one A that waits for its weight."""
    tote = f"W1T{1 + point % 12}"
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 1}, tote=tote)
    bench.open(tote)
    bench.scan("A")
    return bench, shipment_id


def settle_first_due() -> None:
    for purchase_id, _carrier in purchases.look().due:
        purchases.settle_next(purchase_id, credentials_root=NOBODY)


def pass_time(clock: Clock) -> Callable[[], None]:
    return lambda: clock.forward(hours=1)


def test_a_worker_killed_anywhere_pays_for_one_label(
    world: World, carrier: FakeCarrier, database_url: str, tmp_path: Path
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    clock = Clock()
    with clock_set_to(clock):
        for point in BOUNDARIES:
            bench, shipment_id = complete(world, point)
            bench.weigh(350)
            was_killed = killed_at(database_url, tmp_path, point, settle_first_due)
            clock.forward(seconds=91)
            purchases.recover()
            settle_all(pass_time(clock))
            ship_with_its_one_label(bench, shipment_id, carrier)
            if not was_killed:
                break
        else:
            raise AssertionError("no end of boundaries")
    assert point > BOUNDARIES[20]  # past the first transaction and the call


def ship_with_its_one_label(bench: BenchDriver, shipment_id: int, carrier: FakeCarrier) -> None:
    (parcel,) = codes(Parcel, "id", "sscc", shipment_id=shipment_id)
    paid = [one.number for one in carrier.paid if one.request["sscc"] == parcel.sscc]
    assert len(paid) == 1
    labels = codes(Label, "tracking_number", parcel_id=parcel.id, state="active")
    assert [row.tracking_number for row in labels] == paid
    assert bench.scan(paid[0]).verdict.code == "shipped"
    assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]


def test_a_void_killed_anywhere_leaves_nothing_paid(
    world: World, carrier: FakeCarrier, database_url: str, tmp_path: Path
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    clock = Clock()
    bench, _shipment_id = complete(world, 0)
    with clock_set_to(clock):
        for point in BOUNDARIES:
            bench.weigh(350)
            settle_all(pass_time(clock))
            assert len(carrier.paid) == 1

            def void() -> None:
                bench.command(Command.VOID_LABEL)
                settle_first_due()

            was_killed = killed_at(database_url, tmp_path, point, void)
            bench.command(Command.VOID_LABEL)  # refused where the first one was committed
            clock.forward(seconds=91)
            purchases.recover()
            settle_all(pass_time(clock))
            assert carrier.paid == []
            if not was_killed:
                break
        else:
            raise AssertionError("no end of boundaries")


def test_two_workers_at_once_buy_each_label_once(
    world: World, carrier: FakeCarrier, database_url: str
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    shipments = []
    for point in range(ORDERS):
        bench, shipment_id = complete(world, point)
        bench.weigh(350)
        bench.command(Command.HOLD)  # clears the bench for the next one
        shipments.append(shipment_id)
    race(database_url, [partial(settle_due, NOBODY)] * 2)
    assert len(carrier.sold) == ORDERS
    assert codes(Shipment, "state") == [("labelled",)] * ORDERS


def test_faults_of_all_kinds_in_a_row_pay_for_one_label_each(
    world: World, carrier: FakeCarrier
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    clock = Clock()
    with clock_set_to(clock):
        for point in range(2 * ORDERS):
            bench, shipment_id = complete(world, point)
            bench.weigh(350)
            manner = ("off", "die", "busy", "sell")[point % 4]
            carrier.switch_on(manner)
            if manner == "off":
                carrier.switch_off()
            settle_due()
            carrier.switch_on()
            settle_all(pass_time(clock))
            ship_with_its_one_label(bench, shipment_id, carrier)
    assert len(carrier.sold) == 2 * ORDERS


# --- the same harness finds the fault that it is there for ----------------------------------


@reads
def _open_purchase(tx: Transaction) -> tuple[int, int, LabelRequest, Account]:
    row = tx.execute(select(LabelPurchase.__table__).where(LabelPurchase.state == "intended")).one()
    account = tx.execute(select(CarrierAccount.__table__)).one()
    shipment_id = tx.execute(
        select(Parcel.shipment_id).where(Parcel.id == row.parcel_id)
    ).scalar_one()
    request = request_of(row.content, service=row.service, package=row.package)
    return (
        row.id, shipment_id, request, Account(account.carrier, account.kind, account.settings)
    )  # fmt: skip


@writes
def _keep(tx: Transaction, purchase_id: int, shipment_id: int, label: BoughtLabel) -> None:
    tx.execute(
        update(LabelPurchase)
        .where(LabelPurchase.id == purchase_id)
        .values(state="bought", tracking_number=label.tracking_number)
    )
    seal_bought(tx, shipment_id)


def buy_naively() -> None:
    """Ask, then store: without a phase before, and with a key made for every call."""
    purchase_id, shipment_id, request, account = _open_purchase()
    label = carrier_of(account).buy(request, key=str(uuid.uuid4()))
    _keep(purchase_id, shipment_id, label)


def test_the_same_kills_make_a_naive_worker_pay_twice(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    paid: list[int] = []
    with FakeCarrier() as carrier:
        use_carrier(world, carrier)
        for point in BOUNDARIES:
            bench, shipment_id = complete(world, point)
            bench.weigh(350)
            before = len(carrier.sold)
            was_killed = killed_at(database_url, tmp_path, point, buy_naively)
            if codes(Shipment, "state", id=shipment_id) == [("packed",)]:
                buy_naively()
            paid.append(len(carrier.sold) - before)
            (label,) = packing.bench(bench.actor, station_id=bench.station_id).view.parcels
            bench.scan(label.tracking_number)
            if not was_killed:
                break
    assert set(paid) == {1, 2}
