"""The day-one checks 24 and 25 in a browser, at a clock that the test sets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from fulfillment.domain.people import Role
from fulfillment.store.transaction import clock_set_to
from tests.e2e.conftest import Desks
from tests.e2e.serving import Server
from tests.support.board_floor import Floor, busy_floor
from tests.support.clocks import Clock
from tests.support.world import NOON, World

DAY = "first_day=2026-03-04&last_day=2026-03-04"


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The time is what the test sets it to; at first it is noon of a Wednesday."""
    clock = Clock(NOON)
    with clock_set_to(clock):
        yield clock


@pytest.fixture
def floor(clock: Clock, app: Flask, world: World, server: Server) -> Floor:
    """At 16:30: one gone in time, one at the bench, one with a picker, four waiting, one held."""
    server.clock = clock
    return busy_floor(app, world, clock)


def test_24_at_half_past_four_the_board_shows_what_is_at_risk_and_agrees_with_the_list(
    floor: Floor, desks: Desks, server: Server
) -> None:
    desk = _at_the_board(desks(Role.SUPERVISOR), floor, server)
    watched = _rows(desk, "Late or at risk, the tightest first")
    row = watched[floor.number("with a picker")]
    assert row[2:6] == ["30 min", "▲ at risk", "Picking", "Picker1"]
    assert watched[floor.number("waiting 0")][3] == "▲ at risk"
    assert floor.number("gone") not in watched

    assert desk.viewport_size == {"width": 1280, "height": 900}
    vans = desk.get_by_role("table", name="Vans and their orders")
    assert vans.evaluate("each => each.scrollWidth - each.parentElement.clientWidth") <= 0

    links = desk.locator("#board-view a[href^='/orders?']")
    numbers = {
        str(link.get_attribute("href")): int(link.inner_text())
        for link in links.all()
        if link.inner_text().isdigit()
    }
    assert len(numbers) > 15
    for path, number in numbers.items():
        desk.goto(server.url + path)
        assert desk.locator("main tbody tr").count() == number, path


def test_24_after_five_late_orders_show_when_they_left_and_the_stage_that_took_longest(
    floor: Floor, desks: Desks, server: Server
) -> None:
    floor.clock.set("17:15")
    floor.journey.pack(floor.station_id, "W1T2")
    floor.clock.set("17:20")
    floor.dispatch("at the bench")
    floor.clock.set("17:30")
    desk = _at_the_board(desks(Role.SUPERVISOR), floor, server)
    row = _rows(desk, "Late or at risk, the tightest first")[floor.number("at the bench")]
    assert row[8] == "Mar 4, 2026 17:20 GMT"
    assert row[9] == "until packed: 50 min · Packer1"


def test_25_the_report_of_the_day_agrees_with_the_orders_that_its_csv_holds(
    floor: Floor, desks: Desks, server: Server
) -> None:
    floor.clock.set("17:15")
    floor.journey.pack(floor.station_id, "W1T2")
    floor.dispatch("at the bench")
    floor.clock.set("23:00")
    desk = desks(Role.SUPERVISOR)
    desk.goto(f"{server.url}/reports/dispatch?{DAY}")
    ((_, row),) = _rows(desk, "Dispatch times").items()
    file = desk.context.request.get(f"{server.url}/reports/dispatch.csv?{DAY}")
    raw = list(csv.DictReader(io.StringIO(file.body().decode("utf-8-sig"))))
    left = [one for one in raw if one["dispatched_at"]]
    assert len(left) == 2
    shipments, promised, on_time = (int(row[at]) for at in (3, 6, 7))
    assert (shipments, promised) == (len(left), len(raw))
    assert on_time == sum(one["on_time"] == "yes" for one in raw) == 1
    assert row[8] == f"{100 * on_time / promised:.1f}%"
    times = sorted(int(one["whole_seconds"]) for one in left)
    median = (times[0] + times[1]) / 2
    assert float(row[10].removesuffix(" min")) == pytest.approx(median / 60, abs=0.051)
    expect(desk.locator("figure.chart svg").first).to_be_visible()


def _at_the_board(desk: Page, floor: Floor, server: Server) -> Page:
    desk.clock.set_fixed_time(floor.clock())  # the page counts the minutes by its own clock
    desk.goto(f"{server.url}/board?warehouse_id={floor.warehouse_id}")
    return desk


def _rows(desk: Page, caption: str) -> dict[str, list[str]]:
    """The cells of a table by their first one."""
    table: Locator = desk.locator("table", has=desk.locator("caption", has_text=caption)).first
    found = {}
    for row in table.locator("tbody tr").all():
        cells = [text.strip() for text in row.locator("th, td").all_inner_texts()]
        found[cells[0]] = cells
    return found
