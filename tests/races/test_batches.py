"""Two packers at one batch tote, two sorters at one wall: real processes, both databases."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import select

from fulfillment.domain.people import Actor
from fulfillment.services import packing
from fulfillment.store.journal import ScanEvent
from fulfillment.store.parcels import PackSession
from fulfillment.store.stock import StockMove
from tests.support.benches import BenchDriver
from tests.support.picklists import check_books
from tests.support.racing import race
from tests.support.walls import Sorter, a_picked_batch, a_wall
from tests.support.world import World, fetch

ROUNDS = 6


def open_with(actor: Actor, station_id: int, scan_id: str) -> tuple[str, Any]:
    """Scan a piece of the tote at a station; the code, and the order that it opened."""
    reply = packing.scan(actor, station_id=station_id, scan_id=scan_id, raw="A")
    return reply.verdict.code, reply.view.order_number if reply.view else None


def sort_all(sorter: Sorter, pieces: int) -> list[str]:
    """Sort pieces one after the other; what came of each scan."""
    told = []
    for _ in range(pieces):
        taken = sorter.scan("A").verdict
        told.append(taken.code)
        if taken.code == "item":
            told.append(sorter.slot(taken.fields["slot"]).verdict.code)
    return told


def test_two_packers_with_one_tote_never_get_the_same_order(
    world: World, database_url: str
) -> None:
    a_picked_batch(world, {"A": 1}, {"A": 1})
    benches = [BenchDriver(world), BenchDriver(world, "packer2", "W1S2")]
    for bench in benches:
        assert bench.open().verdict.code == "batch-opened"
    answers = race(
        database_url,
        [
            partial(open_with, bench.actor, bench.station_id, f"s{bench.station_id}")
            for bench in benches
        ],
    )
    assert [code for code, _order in answers] == ["complete", "complete"]
    assert len({order for _code, order in answers}) == 2
    assert len(fetch(select(PackSession.id))) == 2


def test_two_packers_and_one_piece_open_its_order_once(world: World, database_url: str) -> None:
    a_picked_batch(world, {"A": 1})
    benches = [BenchDriver(world), BenchDriver(world, "packer2", "W1S2")]
    for bench in benches:
        bench.open()
    answers = race(
        database_url,
        [
            partial(open_with, bench.actor, bench.station_id, f"s{bench.station_id}")
            for bench in benches
        ],
    )
    assert sorted(code for code, _order in answers) == ["complete", "wrong-item"]


def test_two_sorters_of_one_tote_put_every_piece_into_its_slot_once(
    world: World, database_url: str
) -> None:
    a_picked_batch(world, *({"A": 1} for _ in range(ROUNDS)))
    one = a_wall(world, slots=ROUNDS)
    two = Sorter(world.people["packer2"], one.wall_id)
    for sorter in (one, two):
        sorter.tote()
    told = race(database_url, [partial(sort_all, sorter, ROUNDS) for sorter in (one, two)])
    assert set(told[0] + told[1]) <= {
        "item", "slot-complete", "already-sorted", "wrong-item", "tote-first"
    }  # fmt: skip
    left = one.view()
    while left.tote_id is not None:
        one.tote()
        one.sort("A")
        left = one.view()
    assert [(slot.units, slot.complete) for slot in left.slots] == [(1, True)] * ROUNDS
    assert len(fetch(select(StockMove.id).where(StockMove.reason == "sort"))) == ROUNDS
    counted = select(ScanEvent.id).where(ScanEvent.process == "sort", ScanEvent.quantity > 0)
    assert len(fetch(counted)) == ROUNDS
    check_books()


def test_two_sorters_are_given_slots_of_their_own(world: World, database_url: str) -> None:
    a_picked_batch(world, {"A": 1})
    a_picked_batch(world, {"A": 1}, tote="W1T2")
    one = a_wall(world, slots=2)
    two = Sorter(world.people["packer2"], one.wall_id)
    one.tote()
    two.tote("W1T2")
    told = race(database_url, [partial(sort_all, sorter, 1) for sorter in (one, two)])
    assert told == [["item", "slot-complete"]] * 2
    assert [slot.units for slot in one.view().slots] == [1, 1]
