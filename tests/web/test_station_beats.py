"""What stations say of themselves, and what of it waits on the board."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from fulfillment.domain.people import Role
from fulfillment.store.people import StationBeat
from fulfillment.store.transaction import clock_set_to
from tests.support.clocks import Clock
from tests.support.office import Office, rows
from tests.support.people import People
from tests.support.web import Browser
from tests.support.world import NOON, World, fetch
from tests.web.test_stations import Bench

KINDS = ("scales", "unsent", "silent")


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(NOON)
    with clock_set_to(clock):
        yield clock


@pytest.fixture
def bench(clock: Clock, app: Flask, world: World) -> Bench:
    return Bench(app, world)


@pytest.fixture
def people(app: Flask, world: World) -> People:
    return People(app, world)


def beat(bench: Bench, unsent: Any = 0, scale: Any = "", **more: Any) -> int:
    """The status of the answer."""
    sent = {"unsent": unsent, "scale": scale, **more}
    return int(bench.send("/stations/beat", sent).status_code)


def waiting(people: People, world: World, who: str = "supervisor1") -> dict[str, list[str]]:
    """What the board counts of each kind and the lists behind it, which have to agree."""
    warehouse_id = world.warehouses["W2" if who.endswith("w2") else "W1"]
    board = people.call(who, "GET", f"/warehouses/{warehouse_id}/board")
    found = {}
    for kind in KINDS:
        path = f"/warehouses/{warehouse_id}/board/exceptions/{kind}"
        items = people.call(who, "GET", path)["items"]
        assert board["exceptions"][kind] == len(items)
        found[kind] = [f"{one['about']} {one['detail']}" for one in items]
    return {kind: those for kind, those in found.items() if those}


def test_a_scale_that_is_away_waits_on_the_board_until_it_is_back(
    clock: Clock, bench: Bench, people: People, world: World
) -> None:
    assert beat(bench, scale="ready") == 200
    assert waiting(people, world) == {}
    clock.forward(seconds=30)
    beat(bench, scale="away")
    clock.forward(seconds=30)
    beat(bench, scale="away")
    assert waiting(people, world) == {"scales": ["W1S1 Bench 1"]}
    assert waiting(people, world, "supervisor1_w2") == {}
    (row,) = fetch(select(StationBeat.scale_at, StationBeat.at))
    assert (row.scale_at, row.at) == (NOON + timedelta(seconds=30), NOON + timedelta(seconds=60))
    beat(bench, scale="ready")
    assert waiting(people, world) == {}


def test_unsent_scans_wait_on_the_board_until_they_are_sent(
    clock: Clock, app: Flask, bench: Bench, people: People, world: World
) -> None:
    beat(bench, unsent=3)
    assert waiting(people, world) == {"unsent": ["W1S1 3"]}
    office = Office(app, world, Role.SUPERVISOR)
    path = f"/board/exceptions/unsent?warehouse_id={world.warehouses['W1']}"
    (row,) = rows(office.page(path), "The latest first")
    assert (row[0], row[1], row[3]) == ("W1S1", "3 scans not sent", "Packer1")
    beat(bench, unsent=0)
    assert waiting(people, world) == {}


def test_a_station_that_fell_silent_waits_until_it_speaks_or_is_left(
    clock: Clock, bench: Bench, people: People, world: World
) -> None:
    beat(bench)
    clock.forward(seconds=119)
    assert waiting(people, world) == {}
    clock.forward(seconds=2)
    assert waiting(people, world) == {"silent": ["W1S1 Bench 1"]}
    beat(bench)
    assert waiting(people, world) == {}
    assert beat(bench, left=True) == 200
    clock.forward(minutes=5)
    assert waiting(people, world) == {}


def test_who_logs_out_leaves_no_silence(
    clock: Clock, bench: Bench, people: People, world: World
) -> None:
    beat(bench)
    bench.request("POST", "/stations/log-out", headers={"X-CSRFToken": bench.token})
    clock.forward(minutes=5)
    assert waiting(people, world) == {}


@pytest.mark.parametrize(
    ("unsent", "scale"), [(-1, ""), (True, ""), ("3", ""), (10**9, ""), (0, "broken"), (0, None)]
)
def test_a_beat_that_cannot_be_is_refused(bench: Bench, unsent: Any, scale: Any) -> None:
    assert beat(bench, unsent, scale) == 409
    assert fetch(select(StationBeat.at)) == []


def test_only_a_station_beats_and_only_with_its_form_token(
    app: Flask, bench: Bench, world: World
) -> None:
    assert (
        bench.send("/stations/beat", {"unsent": 0, "scale": ""}, **{"X-CSRFToken": "x"}).status_code
        == 400
    )
    office = Office(app, world, Role.SUPERVISOR)
    sent = {"unsent": 0, "scale": ""}
    assert 'data-beat="/stations/beat"' in bench.get("/stations/pack").text
    stranger = Browser(app)
    assert stranger.request("POST", "/stations/beat", json=sent).status_code in (303, 400)
    token = office.get("/stations/pick/state").json
    assert token is None or "csrf" in token
    assert fetch(select(StationBeat.at)) == []
