"""A clock that a test sets, and a floor with orders in every stage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from fulfillment.store.transaction import clock_set_to
from tests.support.board_floor import Floor, busy_floor
from tests.support.clocks import Clock
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
    return busy_floor(app, world, clock)
