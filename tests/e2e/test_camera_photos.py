"""Photographs and a camera that cannot be had: what the page says, and what is counted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fulfillment.domain.barcodes import Own
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import ShipmentLine
from tests.e2e.conftest import HANDHELD_SIZE, Stations
from tests.e2e.driving import Station
from tests.e2e.test_looks import violations
from tests.support.benches import codes, picked_shipment
from tests.support.drawn_codes import drawn, photo
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG, TOWEL = "4006381333931", "9521234543213"

REFUSED = """navigator.mediaDevices.getUserMedia =
  () => Promise.reject(new DOMException('no', 'NotAllowedError'))"""
INSECURE = "Object.defineProperty(window, 'isSecureContext', {value: false})"

SEEN = """async frames => { const { Seen } = await import('/stations/static/seen.js');
  const seen = new Seen();
  return frames.map(([at, codes, votes]) => seen.look(codes, at, votes)); }"""


@pytest.fixture
def goods(world: World) -> World:
    world.product("A", weight_grams=300, name="Blue mug", barcode=MUG)
    world.product("B", weight_grams=200, name="Tea towel", barcode=TOWEL)
    for sku in "AB":
        world.stock(sku, 60)
    return world


@pytest.fixture
def bench(goods: World, stations: Stations) -> Station:
    station = stations()
    station.open()
    return station


def choose(page: Page, image: bytes) -> None:
    """Choose a photograph and wait until the page is through with it."""
    chosen = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": image}
    before = int(page.locator(".camera").get_attribute("data-photos") or 0)
    page.set_input_files(".camera input[type=file]", files=chosen)  # type: ignore[arg-type]  # a TypedDict
    page.wait_for_selector(f'.camera[data-photos="{before + 1}"]')


def test_a_photo_of_two_items_makes_two_scans_each_with_its_id(
    goods: World, bench: Station
) -> None:
    shipment = picked_shipment(goods, {"A": 2, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.page.click("#camera")
    choose(bench.page, photo(drawn(MUG), drawn(TOWEL)))
    expect(bench.page.locator(".camera-read li.accepted")).to_have_count(2)
    found = codes(ScanEvent, "raw", "code", "scan_id", source="camera")
    assert [row[:2] for row in found] == [(MUG, "counted"), (TOWEL, "counted")]
    assert len({row[2] for row in found}) == 2
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(1,), (1,)]


def test_a_photo_of_a_tote_counts_each_place_once(goods: World, bench: Station) -> None:
    shipment = picked_shipment(goods, {"A": 2, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.page.click("#camera")
    choose(bench.page, photo(drawn(MUG), drawn(TOWEL), drawn(MUG)))
    expect(bench.page.locator(".camera-read li.accepted")).to_have_count(3)
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(2,), (1,)]
    assert bench.attribute("next") == "weigh"


def test_each_code_of_a_photo_keeps_its_answer_in_sight(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    bench.page.click("#camera")
    choose(bench.page, photo(drawn(TOWEL), drawn(MUG)))
    lines = bench.page.locator(".camera-read li")
    expect(lines.nth(0)).to_contain_text(f"✓ {MUG}")  # the order misses it, so it comes first
    expect(lines.nth(1)).to_contain_text(f"✕ {TOWEL}")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (b"this is no picture" * 50, "no picture that can be read"),
        (photo(drawn(MUG))[:900], "no picture that can be read"),
        (b"\0" * 20_000_001, "too large for a photo"),
        (photo(drawn(MUG) // 255 * 0 + 255), "No code was found"),
    ],
)
def test_a_photo_that_cannot_be_read_is_said_and_changes_nothing(
    goods: World, bench: Station, image: bytes, words: str
) -> None:
    picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    before = codes(ScanEvent, "id")
    bench.page.click("#camera")
    choose(bench.page, image)
    expect(bench.page.locator(".camera-says")).to_contain_text(words)
    assert codes(ScanEvent, "id") == before
    assert bench.lines("missing") == ["2 × A Blue mug"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("", "This device has no camera"),
        (REFUSED, "does not let this page use the camera"),
        (INSECURE, "https://"),
    ],
)
def test_a_camera_that_cannot_be_had_is_said_in_words(
    goods: World, stations: Stations, script: str, words: str
) -> None:
    station = stations()
    station.context.grant_permissions(["camera"])
    station.page.add_init_script(script)
    station.open()
    station.page.click("#camera")
    expect(station.page.locator(".camera-says")).to_contain_text(words)
    choose(station.page, photo(drawn(MUG)))  # a photo is possible all the same
    expect(station.page.locator(".camera-read li.refused")).to_have_count(1)
    assert station.attribute("code") == "no-order-open"


@pytest.mark.parametrize(
    ("person", "path", "size"),
    [("packer1", "/stations/pack", None), ("picker1", "/stations/pick", HANDHELD_SIZE)],
)
def test_the_open_camera_is_accessible_and_lies_over_nothing(
    goods: World, stations: Stations, person: str, path: str, size: dict[str, int] | None
) -> None:
    station = stations(person, size=size)
    station.open(path)
    station.page.click("#camera")
    station.page.wait_for_selector(".camera")
    choose(station.page, photo(drawn(MUG)))
    expect(station.page.locator(".camera-read li.refused")).to_have_count(1)
    assert violations(station.page) == []
    assert station.page.locator("#camera").get_attribute("aria-expanded") == "true"
    panel, view, tools = (
        station.page.locator(name).bounding_box() for name in (".camera", "#view", "footer")
    )
    assert panel
    assert view
    assert tools
    beside = view["x"] + view["width"] <= panel["x"]
    above = panel["y"] + panel["height"] <= view["y"]
    assert beside or above
    assert panel["y"] + panel["height"] <= tools["y"]


# --- when a code counts again ------------------------------------------------------------------


def test_a_code_counts_once_until_it_has_left_the_picture_for_a_second(bench: Station) -> None:
    frames = [
        [0, ["A"]],
        [250, ["A"]],
        [500, []],
        [1400, []],  # gone for 0.9 seconds only
        [1450, ["A"]],
        [1700, []],
        [2700, []],
        [2750, ["A"]],
        [3000, ["A"]],
    ]
    counted = bench.page.evaluate(SEEN, frames)
    assert [at for (at, _), codes in zip(frames, counted, strict=True) if codes] == [0, 2750]


def test_a_slow_answer_never_makes_a_code_count_twice(bench: Station) -> None:
    frames = [[0, ["A"]], [5000, ["A"]], [10_000, []], [15_000, ["A"]], [20_000, ["A"]]]
    assert bench.page.evaluate(SEEN, frames) == [["A"], [], [], [], []]


def test_each_code_in_the_picture_has_its_own_second(bench: Station) -> None:
    frames = [[0, ["A", "B", "A"]], [500, ["B"]], [1600, ["B"]], [1700, ["A", "B", "C"]]]
    assert bench.page.evaluate(SEEN, frames) == [["A", "B"], [], [], ["A", "C"]]


def test_a_weaker_reader_must_see_a_code_in_two_frames_running(bench: Station) -> None:
    frames = [[0, ["A"], 2], [100, ["B"], 2], [200, ["A"], 2], [300, ["A"], 2], [400, ["A"], 2]]
    assert bench.page.evaluate(SEEN, frames) == [[], [], [], ["A"], []]
