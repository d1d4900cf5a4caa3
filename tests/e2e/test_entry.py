"""Shared stations: badge scanned, PIN typed, locked after idle time, the open order waits."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from fulfillment.domain.barcodes import Command, Own
from tests.e2e.conftest import Stations
from tests.e2e.driving import Station, badge_of
from tests.support.benches import picked_shipment
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def bench(world: World, stations: Stations) -> Station:
    """An enrolled station at which nobody is logged in, and an order in tote W1T1."""
    world.product("A", name="Blue mug")
    world.stock("A", 10)
    picked_shipment(world, {"A": 2})
    return stations("")


def test_a_packer_badges_in_with_badge_and_pin(bench: Station) -> None:
    bench.page.goto(bench.server.url + "/stations/pack")
    assert "/stations/log-in" in bench.page.url
    bench.enter("packer1")
    expect(bench.page.locator(".who")).to_contain_text("Packer1")


def test_a_wrong_pin_opens_nothing_and_says_so(bench: Station) -> None:
    badge, _pin = badge_of(bench.world, "packer1")
    bench.open("/stations/log-in")
    bench.scanner.own(Own.BADGE, badge)
    bench.page.keyboard.type("000000", delay=80)
    bench.page.keyboard.press("Enter")
    expect(bench.page.locator(".message.refused")).to_be_visible()
    assert "/stations/log-in" in bench.page.url


def test_after_the_idle_time_the_station_locks_and_the_half_packed_order_waits(
    bench: Station,
) -> None:
    bench.page.clock.install()
    bench.page.goto(bench.server.url + "/stations/pack")
    bench.enter("packer1")
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    bench.page.clock.fast_forward(181_000)
    expect(bench.page.locator("#entry")).to_be_visible()
    bench.enter("packer2")
    assert bench.lines("missing") == ["1 × A Blue mug"]
    assert bench.scan("A") == "complete"


def test_log_out_and_the_next_badge_end_the_session_by_scan(bench: Station) -> None:
    bench.page.goto(bench.server.url + "/stations/pack")
    bench.enter("packer1")
    bench.scanner.command(Command.LOG_OUT)
    bench.page.wait_for_url("**/stations/log-in*")
    bench.page.goto(bench.server.url + "/stations/pack")
    assert "/stations/log-in" in bench.page.url
