"""No hand leaves the goods: typed scans, and the weight of a scale on a serial cable.

The scale is a pseudo-terminal, the bridge the real program in a process of its own, and the weight
goes through the API that it uses on the floor.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from fulfillment.domain.barcodes import Own
from fulfillment.domain.people import Permission, system
from fulfillment.services import people
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Parcel
from tests.e2e.conftest import Stations
from tests.e2e.driving import Station
from tests.support.benches import codes, picked_shipment
from tests.support.serial_scales import EMPTY, Scale, parcel, standing
from tests.support.world import World

MUG, TOWEL, TARE = 300, 200, 50
COMMAND = "from fulfillment.cli import main; main()"
ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TOUCHES = """() => {
  window.touches = 0;
  for (const name of ['pointerdown', 'mousedown', 'touchstart', 'click'])
    addEventListener(name, () => { window.touches += 1; }, {capture: true});
}"""


@pytest.fixture
def goods(world: World) -> World:
    world.product("A", weight_grams=MUG, name="Blue mug")
    world.product("B", weight_grams=TOWEL, name="Tea towel")
    for sku in "AB":
        world.stock(sku, 20)
    return world


@pytest.fixture
def bench(goods: World, stations: Stations) -> Station:
    """The packing page; nobody has touched it."""
    station = stations()
    station.open()
    station.page.evaluate(TOUCHES)
    return station


class BridgedScale(Scale):
    """A scale on a cable, and `fulfillment scale` between it and the server."""

    def __init__(self, path: Path, *, server: str, token: str) -> None:
        super().__init__(path)
        options = ["--port", str(path), "--protocol", "toledo", "--station", "W1S1"]
        self._bridge = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "scale", *options, "--server", server],
            env=os.environ | {"FULFILLMENT_SCALE_TOKEN": token},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.said() == "scale: connected\n"
        self.play(EMPTY)

    def said(self) -> str:
        """The next line of the bridge."""
        assert self._bridge.stdout is not None
        return self._bridge.stdout.readline()

    def end(self) -> None:
        """Stop the bridge."""
        self._bridge.terminate()
        self._bridge.communicate()


@pytest.fixture
def scale(goods: World, bench: Station, tmp_path: Path) -> Iterator[BridgedScale]:
    token = people.create_token(
        system(),
        name="scale of W1S1",
        user_id=goods.people["packer1"].user_id,
        scopes=[Permission.PACK],
        warehouse_ids=(goods.warehouses["W1"],),
    )
    made = BridgedScale(tmp_path / "ttyUSB0", server=bench.server.url, token=token.secret)
    yield made
    made.end()


def label(bench: Station) -> str:
    """The tracking number on the label that lies in the printer."""
    expect(bench.page.locator(".bench")).to_have_attribute("data-next", "scan-label")
    return bench.page.locator(".parcels li").inner_text().split(" · ")[-1]


def test_four_items_go_from_tote_to_shipped_with_six_scans_and_the_next_tote_opens_the_next_order(
    goods: World, bench: Station, scale: BridgedScale
) -> None:
    bench.key_by_key = True
    first = picked_shipment(goods, {"A": 3, "B": 1})
    second = picked_shipment(goods, {"B": 1}, tote="W1T4")
    assert bench.own(Own.TOTE, "W1T1") == "opened"
    for sku in "AABA":
        last = bench.scan(sku)
    assert last == "complete"
    scale.play(parcel(3 * MUG + TOWEL + TARE))
    assert bench.scan(label(bench)) == "shipped"
    assert bench.scanner.scans == 4 + 2
    assert codes(Shipment, "state", id=first) == [("shipped",)]
    assert codes(Parcel, "weight_grams", "weight_source") == [(1150, "bridge")]
    assert bench.own(Own.TOTE, "W1T4") == "opened"
    assert codes(Shipment, "state", id=second) == [("packing",)]
    assert bench.page.evaluate("window.touches") == 0


@ONE
def test_a_box_that_is_packed_on_the_scale_needs_no_touch_either(
    goods: World, bench: Station, scale: BridgedScale
) -> None:
    shipment = picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    scale.play(standing(TARE))
    assert scale.said().startswith(f"{TARE} g ✕")
    for number in (1, 2):
        # The piece lies in the box, and the weight is heard, before the piece is scanned.
        scale.play(standing(TARE + number * MUG))
        assert scale.said().startswith(f"{TARE + number * MUG} g ✕")
        bench.scan("A")
    tracking = label(bench)
    assert bench.scan(tracking) == "shipped"
    assert codes(Shipment, "state", id=shipment) == [("shipped",)]
    assert codes(Parcel, "weight_grams") == [(TARE + 2 * MUG,)]
    assert bench.scanner.scans == 2 + 2
    assert bench.page.evaluate("window.touches") == 0


@ONE
def test_a_weight_outside_the_tolerance_from_the_bridge_says_what_is_probably_missing(
    goods: World, bench: Station, scale: BridgedScale
) -> None:
    picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    for _ in range(2):
        bench.scan("A")
    scale.play(standing(TARE + MUG))
    expect(bench.page.locator("#answer")).to_contain_text("1 × A is probably missing")
    expect(bench.page.locator("body")).to_have_attribute("data-tone", "refused")
    scale.play(standing(TARE + 2 * MUG))
    label(bench)
