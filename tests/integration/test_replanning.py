"""What is left of a walk is planned anew from where the picker stands, and that costs little."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from sqlalchemy import select, update

from fulfillment.domain.barcodes import Command
from fulfillment.domain.catalogue import LocationEntry
from fulfillment.services.catalogue import places
from fulfillment.store.catalog import Location, Warehouse
from fulfillment.store.work import PickList, PickStop
from tests.support.picklists import check_books, claim, release
from tests.support.statements import statements_of
from tests.support.world import World, change, fetch

LAYOUT: dict[str, Any] = {
    "aisles": 30,
    "aisle_x": [3.0 * aisle for aisle in range(30)],
    "cross_y": [0.0, 20.0, 40.0, 60.0],
    "depot": [0, 0],
}
STOPS = 60
MOST_CALLS = 60_000
"""Function calls of one scan that plans 60 stops anew: a plain CPython makes ten million a second
at least, so that is well under the 200 ms that a picker is not to wait longer for."""


def drawn(world: World, bins: dict[str, tuple[int, float]]) -> None:
    """The layout of W1 with *bins* (code: aisle, metres) on it."""
    change(update(Warehouse).where(Warehouse.code == "W1").values(layout=LAYOUT))
    change(update(Location).where(Location.kind == "bin").values(aisle=None))
    entries = [
        LocationEntry(code, aisle=aisle, y_metres=metres) for code, (aisle, metres) in bins.items()
    ]
    places.put_locations(world.people["admin"], "W1", entries)


def left(list_id: int) -> list[str]:
    """The bins of the open stops, as they will be walked."""
    query = (
        select(Location.code)
        .join(PickStop, PickStop.location_id == Location.id)
        .where(PickStop.pick_list_id == list_id, PickStop.state == "open")
        .order_by(PickStop.sequence)
    )
    return [row.code for row in fetch(query)]


def walk_of(list_id: int) -> dict[str, Any]:
    (row,) = fetch(select(PickList.walk).where(PickList.id == list_id))
    return dict(row.walk)


def calls_of(act: Callable[[], object]) -> int:
    """How many functions a call calls, those in C included."""
    count = 0

    def seen(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def sixty_stops(world: World) -> int:
    chance = random.Random(6)
    bins = {
        f"W1-P-{number:02d}": (chance.randrange(30), chance.uniform(0, 60))
        for number in range(STOPS)
    }
    drawn(world, bins)
    world.product("A")
    for code in bins:
        world.stock("A", 1, bin_code=code)
    return release(world, [{"A": STOPS}]).id


def test_a_skip_plans_the_other_stops_of_sixty_anew_with_little_work(world: World) -> None:
    list_id = sixty_stops(world)
    picker = claim(world, "picker1")
    # The first time, tables of the router and of SQL are made, which a worker keeps.
    picker.command(Command.SKIP)
    (first, *others) = left(list_id)
    picker.bin(first)
    answers: list[Any] = []
    statements = statements_of(
        lambda: answers.append(calls_of(lambda: picker.command(Command.SKIP)))
    )
    assert statements <= 14
    assert answers[0] < MOST_CALLS
    after = left(list_id)
    assert after[-1] == first
    assert sorted(after) == sorted((first, *others))
    assert walk_of(list_id)["rest_from"] == first


def test_a_stop_that_is_skipped_comes_last_and_the_others_lead_to_it(world: World) -> None:
    drawn(world, {"W1-P-1": (0, 10.0), "W1-P-2": (3, 2.0), "W1-P-3": (0, 12.0), "W1-P-4": (1, 2.0)})
    world.product("A")
    for number in range(1, 5):
        world.stock("A", 1, bin_code=f"W1-P-{number}")
    list_id = release(world, [{"A": 4}]).id
    picker = claim(world, "picker1")
    picker.bin("W1-P-1")
    reply = picker.command(Command.SKIP)
    after = left(list_id)
    assert after[-1] == "W1-P-1"
    assert reply.view.stop is not None
    assert reply.view.stop.location_code == after[0]
    # Up and down again past 3, to the aisles of 4 and 2 and into both, back up; then to the depot.
    assert walk_of(list_id)["rest_metres"] == (2 + 12) + (9 + 4 + 4 + 9) + 10 + 10


def test_units_found_in_another_bin_are_taken_on_the_way(world: World) -> None:
    drawn(world, {"W1-P-1": (0, 10.0), "W1-P-2": (5, 2.0), "W1-P-9": (0, 12.0)})
    world.product("A")
    world.product("B")
    world.stock("A", 2, bin_code="W1-P-1")
    world.stock("B", 1, bin_code="W1-P-2")
    list_id = release(world, [{"A": 2, "B": 1}]).id
    world.stock("A", 5, bin_code="W1-P-9")
    picker = claim(world, "picker1")
    picker.bin("W1-P-1")
    assert picker.command(Command.SHORT).verdict.code == "short"
    assert picker.quantity(0).verdict.code == "found"
    reply = picker.reason("fewer-than-shown")
    assert reply.view.stop is not None
    assert reply.view.stop.location_code == "W1-P-9"
    assert left(list_id) == ["W1-P-9", "W1-P-2"]
    check_books()
