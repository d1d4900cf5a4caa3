"""kill -9 at every boundary of a scan and of a ship, then the client tries again, twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import update

from fulfillment.services import packing
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.stock import StockMove
from fulfillment.store.transaction import Transaction, writes
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.kill import killed_at
from tests.support.world import World

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
    from fulfillment.store.work import ToteUse

    tx.execute(update(ToteUse).where(ToteUse.shipment_id == shipment_id).values(closed_at=tx.now))
