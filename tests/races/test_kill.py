"""kill -9 at every boundary of a scan and of a ship, then the client tries again, twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from fulfillment.services import packing
from fulfillment.services.cancelling import cancel_order
from fulfillment.store.catalog import CarrierService, Location
from fulfillment.store.journal import OutboxMessage
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.parcels import Label
from fulfillment.store.stock import StockMove
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import Task, ToteUse
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.kill import killed_at
from tests.support.picklists import claim, release
from tests.support.world import World, insert_row

MOST_BOUNDARIES = 200


def at_every_boundary(
    url: str,
    directory: Path,
    prepare: Callable[[int], Callable[[], object]],
    check: Callable[[int], None],
) -> int:
    """Prepare a fresh case for every boundary, kill there, repeat twice, check; boundaries seen."""
    for point in range(1, MOST_BOUNDARIES):
        operation = prepare(point)
        killed = killed_at(url, directory, point, operation)
        operation()
        operation()
        check(point)
        if not killed:
            return point - 1
    raise AssertionError("no end of boundaries")


def tote(point: int) -> str:
    return f"W1T{1 + point % 12}"


def test_a_pack_scan_counts_once_wherever_the_process_dies(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    shipments: dict[int, int] = {}

    def prepare(point: int) -> Callable[[], object]:
        bench = BenchDriver(world)
        shipments[point] = picked_shipment(world, {"A": 2}, tote=tote(point))
        bench.open(tote(point))
        return lambda: bench.scan("A", scan_id=f"scan-{point}")

    def check(point: int) -> None:
        assert codes(ShipmentLine, "packed", shipment_id=shipments[point]) == [(1,)]
        finish(world, shipments[point])

    boundaries = at_every_boundary(database_url, tmp_path, prepare, check)
    assert boundaries >= 10


def finish(world: World, shipment_id: int) -> None:
    """Ship the rest, so that the tote and the station are free for the next case."""
    bench = BenchDriver(world)
    bench.scan("A")
    tracking = bench.weigh(650).verdict.fields["tracking"]
    assert bench.scan(tracking).verdict.code == "shipped"
    assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]


def labelled(world: World, point: int) -> int:
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 1, "B": 2}, tote=tote(point))
    bench.open(tote(point))
    for raw in ("A", "B", "B"):
        bench.scan(raw)
    assert bench.weigh(300 + 400 + 50).verdict.code == "label-printed"
    return shipment_id


def test_a_ship_takes_stock_down_once_wherever_the_process_dies(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A", weight_grams=300)
    world.product("B", weight_grams=200)
    world.stock("A", 1000)
    world.stock("B", 1000)
    supervisor = world.people["supervisor1"]
    shipments: dict[int, int] = {}

    def prepare(point: int) -> Callable[[], object]:
        shipments[point] = labelled(world, point)
        return lambda: packing.ship(supervisor, shipment_id=shipments[point])

    def check(point: int) -> None:
        shipment_id = shipments[point]
        moves = codes(StockMove, "quantity", reason="ship", reference_id=shipment_id)
        assert sorted(row.quantity for row in moves) == [1, 2]

    boundaries = at_every_boundary(database_url, tmp_path, prepare, check)
    assert boundaries >= 10
    assert world.available("W1", "A") == 1000 - len(shipments)


def new_tote(world: World, point: int) -> str:
    """A tote that no other case has used."""
    code = f"W1X{point}"
    world.locations[code] = insert_row(
        Location, warehouse_id=world.warehouses["W1"], kind="tote", code=code
    )
    return code


def test_a_pick_is_confirmed_once_wherever_the_process_dies(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A")
    world.stock("A", 1000)
    shipments: dict[int, int] = {}

    def prepare(point: int) -> Callable[[], object]:
        (shipments[point],) = release(world, [{"A": 2}]).shipments
        picker = claim(world, "picker1")
        picker.bin("W1-A-01-1-1")
        picker.scan("A")
        code = new_tote(world, point)
        return lambda: picker.tote(code, scan_id=f"scan-{point}")

    def check(point: int) -> None:
        assert codes(ShipmentLine, "picked", shipment_id=shipments[point]) == [(2,)]
        assert codes(Shipment, "state", id=shipments[point]) == [("picked",)]
        assert world.balance(f"W1X{point}", "A") == (2, 2, 0)

    boundaries = at_every_boundary(database_url, tmp_path, prepare, check)
    assert boundaries >= 10
    assert world.balance("W1-A-01-1-1", "A") == (1000 - 2 * len(shipments), 0, 0)


def test_a_weighing_makes_one_label_wherever_the_process_dies(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    shipments: dict[int, int] = {}

    def prepare(point: int) -> Callable[[], object]:
        bench = BenchDriver(world)
        shipments[point] = picked_shipment(world, {"A": 1}, tote=tote(point))
        bench.open(tote(point))
        bench.scan("A")
        return lambda: bench.weigh(350, scan_id=f"weigh-{point}")

    def check(point: int) -> None:
        bench = BenchDriver(world)
        labels = codes(Label, "tracking_number", state="active")
        assert len(labels) == len(shipments), "one number was drawn and used for each"
        assert bench.scan(labels[-1].tracking_number).verdict.code == "shipped"
        moves = codes(StockMove, "quantity", reason="pack", reference_id=shipments[point])
        assert moves == [(1,)]

    boundaries = at_every_boundary(database_url, tmp_path, prepare, check)
    assert boundaries >= 10
    assert codes(CarrierService, "next_number") == [(1 + len(shipments),)]


def test_a_cancellation_frees_once_wherever_the_process_dies(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    shipments: dict[int, int] = {}

    def prepare(point: int) -> Callable[[], object]:
        shipments[point] = picked_shipment(world, {"A": 1}, tote=new_tote(world, point))
        (row,) = codes(Shipment, "order_id", id=shipments[point])
        return lambda: cancel_order(
            world.people["supervisor1"], order_id=row.order_id, reason="asked"
        )

    def check(point: int) -> None:
        assert codes(Shipment, "state", id=shipments[point]) == [("cancelled",)]
        assert codes(Task, "quantity", shipment_id=shipments[point]) == [(1,)]
        assert world.balance(f"W1X{point}", "A") == (1, 0, 0)
        assert len(codes(OutboxMessage, "id", topic="order.cancelled")) == len(shipments)

    boundaries = at_every_boundary(database_url, tmp_path, prepare, check)
    assert boundaries >= 10


@writes
def _first_half(tx: Transaction, shipment_id: int) -> None:
    tx.execute(
        update(ShipmentLine)
        .where(ShipmentLine.shipment_id == shipment_id)
        .values(packed=ShipmentLine.packed + 1)
    )


@writes
def _second_half(tx: Transaction, shipment_id: int) -> None:
    tx.execute(update(Shipment).where(Shipment.id == shipment_id).values(pieces=Shipment.pieces))


@pytest.mark.half_made  # a dozen totes serve more shipments than they may
def test_the_harness_catches_a_naive_scan_without_a_key(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """Two transactions and no scan id: the repeat after a kill counts again."""
    world.product("A", weight_grams=300)
    world.stock("A", 1000)
    wrong: list[int] = []
    shipments: dict[int, int] = {}

    def prepare(point: int) -> Callable[[], object]:
        shipments[point] = picked_shipment(world, {"A": 9}, tote=tote(point % 12))

        def naive() -> None:
            _first_half(shipments[point])
            _second_half(shipments[point])

        return naive

    def check(point: int) -> None:
        packed = codes(ShipmentLine, "packed", shipment_id=shipments[point])[0][0]
        if packed != 1:
            wrong.append(point)
        _forget(shipments[point])
        free_tote(shipments[point])

    boundaries = at_every_boundary(database_url, tmp_path, prepare, check)
    assert len(wrong) == boundaries + 1


@writes
def _forget(tx: Transaction, shipment_id: int) -> None:
    """Mend what the naive scan broke, so that the audit after the test speaks of us alone."""
    tx.execute(update(ShipmentLine).where(ShipmentLine.shipment_id == shipment_id).values(packed=0))


@writes
def free_tote(tx: Transaction, shipment_id: int) -> None:
    tx.execute(update(ToteUse).where(ToteUse.shipment_id == shipment_id).values(closed_at=tx.now))
