"""A clock that a test sets, and a floor with orders in every stage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from fulfillment.store.transaction import clock_set_to
from tests.support.board_floor import Floor
from tests.support.clocks import Clock
from tests.support.journeys import tote
from tests.support.people import People
from tests.support.world import NOON, World


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The time is what the test sets it to; at first it is noon of a Wednesday."""
    clock = Clock(NOON)
    with clock_set_to(clock):
        yield clock


@pytest.fixture
def floor(clock: Clock, app: Flask, world: World) -> Floor:
    """At 16:30: one gone in time, one at the bench, one with a picker, four waiting, one held."""
    world.product("A", weight_grams=100)
    world.stock("A", 5000)
    people = People(app, world)
    floor = Floor(people, clock)
    clock.set("15:00")
    floor.picked("gone", 1, into="W1T1")
    clock.set("15:10")
    floor.journey.pack(floor.station_id, "W1T1")
    floor.dispatch("gone")
    clock.set("16:20")
    floor.picked("at the bench", 2, into="W1T2")
    clock.set("16:25")
    floor.journey.scan(floor.station_id, tote("W1T2"))
    floor.released("with a picker", 40)
    floor.journey.claim()
    for number in range(4):
        floor.allocated(f"waiting {number}", 60)
    held = floor.allocated("held", 1)
    body = {"type": "payment", "reason": "not paid yet"}
    people.call("supervisor1", "POST", f"/orders/{held}/holds", body)
    clock.set("16:30")
    return floor
