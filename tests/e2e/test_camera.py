"""The camera as a second scanner: a film of a held-up barcode plays in the browser's camera."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright

from fulfillment.domain.barcodes import Command, Own
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import ShipmentLine
from tests.e2e.conftest import FLAGS, HANDHELD_SIZE, Stations, browser_path
from tests.e2e.driving import Station
from tests.support.benches import codes, picked_shipment
from tests.support.drawn_codes import drawn, film
from tests.support.picklists import release
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG, TOWEL = "4006381333931", "9521234543213"

DEVICE_READER = """window.BarcodeDetector = class {
  static async getSupportedFormats() { return ['ean_13', 'code_128', 'qr_code']; }
  async detect(picture) {
    if (!picture.width) throw new Error('an empty picture');
    window.looked = (window.looked ?? 0) + 1;
    return window.looked === 1 ? [{rawValue: '5901234123457'}] : [{rawValue: '4006381333931'}];
  }
}"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium whose camera plays a film of the mug's barcode over and over."""
    path = tmp_path_factory.mktemp("film") / "mug.y4m"
    film(path, drawn(MUG))
    found = playwright.chromium.launch(
        executable_path=browser_path(),
        args=[
            *FLAGS,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={path}",
        ],
    )
    yield found
    found.close()


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


def looked(page: Page, frames: int) -> None:
    """Wait until the camera has looked at so many frames more."""
    page.wait_for_function(
        """more => { const count = Number(document.querySelector('.camera')?.dataset.frames ?? 0);
        window.from ??= count; if (count < window.from + more) return false;
        window.from = undefined; return true; }""",
        arg=frames,
    )


def by_camera() -> list[tuple[str, str]]:
    """(text, answer) of every scan that a camera read."""
    return [tuple(row) for row in codes(ScanEvent, "raw", "code", source="camera")]


def test_an_item_held_into_the_camera_counts_once_however_long_it_stays(
    goods: World, bench: Station
) -> None:
    shipment = picked_shipment(goods, {"A": 3, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.page.click("#camera")
    bench.page.wait_for_selector(f".camera-read li.accepted:has-text('{MUG}')")
    looked(bench.page, 8)
    assert by_camera() == [(MUG, "counted")]
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(1,), (0,)]
    assert "2 × A Blue mug" in bench.lines("missing")


def test_after_it_was_taken_away_the_next_equal_item_counts(goods: World, bench: Station) -> None:
    shipment = picked_shipment(goods, {"A": 3, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.page.click("#camera")
    bench.page.wait_for_selector(".camera-read li.accepted")
    # A hand before the lens: the same running camera, its picture dark for a while.
    bench.page.evaluate(
        """() => { const draw = CanvasRenderingContext2D.prototype.drawImage;
        window.uncover = () => { CanvasRenderingContext2D.prototype.drawImage = draw; };
        CanvasRenderingContext2D.prototype.drawImage = function (...given) {
          if (given[0] instanceof HTMLVideoElement) this.fillRect(0, 0, 9999, 9999);
          else draw.apply(this, given);
        } }"""
    )
    looked(bench.page, 8)
    bench.page.evaluate("window.uncover()")
    bench.page.wait_for_function("() => Number(document.documentElement.dataset.answers) === 3")
    looked(bench.page, 4)
    assert by_camera() == [(MUG, "counted"), (MUG, "counted")]
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(2,), (0,)]


def test_the_camera_is_off_when_it_is_closed_or_the_page_is_hidden(bench: Station) -> None:
    page = bench.page
    page.click("#camera")
    looked(page, 1)
    track = page.evaluate_handle("document.querySelector('.camera video').srcObject.getTracks()[0]")
    hide = """hidden => { Object.defineProperty(document, 'hidden', {value: hidden,
        configurable: true}); document.dispatchEvent(new Event('visibilitychange')); }"""
    page.evaluate(hide, True)
    assert track.evaluate("track => track.readyState") == "ended"
    page.evaluate(hide, False)
    looked(page, 1)
    running = page.evaluate_handle(
        "document.querySelector('.camera video').srcObject.getTracks()[0]"
    )
    page.click("#camera")
    page.wait_for_selector(".camera", state="detached")
    assert running.evaluate("track => track.readyState") == "ended"


def test_a_handheld_reads_the_item_of_its_stop(goods: World, stations: Stations) -> None:
    release(goods, [{"A": 2}])
    handheld = stations("picker1", size=HANDHELD_SIZE)
    handheld.open("/stations/pick")
    box = handheld.page.locator("#camera").bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 48
    handheld.command(Command.CLAIM)
    handheld.own(Own.LOCATION, "W1-A-01-1-1")
    handheld.page.click("#camera")
    handheld.page.wait_for_selector('.bench[data-next="tote"]')
    looked(handheld.page, 4)
    assert by_camera() == [(MUG, "item")]


def test_the_device_reads_by_itself_where_its_browser_can_and_must_agree_with_itself(
    goods: World, stations: Stations
) -> None:
    shipment = picked_shipment(goods, {"A": 3})
    station = stations()
    station.page.add_init_script(DEVICE_READER)
    asked: list[str] = []
    station.page.on("request", lambda request: asked.append(request.url))
    station.open()
    station.own(Own.TOTE, "W1T1")
    station.page.click("#camera")
    station.page.wait_for_selector(f".camera-read li.accepted:has-text('{MUG}')")
    looked(station.page, 4)
    assert by_camera() == [(MUG, "counted")]
    assert codes(ShipmentLine, "packed", shipment_id=shipment) == [(1,)]
    assert [url for url in asked if "/pictures/" in url] == []
