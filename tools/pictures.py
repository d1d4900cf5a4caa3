"""The pictures of the floor pages in `docs/pictures`, in every language, by a real browser.

    python -m tools.pictures [--only NAME]

A station and a handheld are driven as the tests of `tests/e2e` drive them, on a database that is
thrown away.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import update

from fulfillment.domain.barcodes import Command, Own
from fulfillment.store.people import User
from tests.conftest import application, migrate
from tests.e2e.conftest import FLAGS, HANDHELD_SIZE, STATION_SIZE, browser_path
from tests.e2e.driving import Station
from tests.e2e.serving import Server
from tests.support.benches import picked_shipment
from tests.support.picklists import release
from tests.support.world import World, change

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
LOCALES = {"en": "en-GB", "zh_Hant": "zh-TW", "zh_Hans": "zh-CN"}
COLOURS = 64
"""Enough for flat pages; a picture then takes about 20 kB."""

Show = Callable[[str], None]


def pack(station: Station, show: Show) -> None:
    """The bench from the tote to the label, and without its network."""
    station.open()
    station.own(Own.TOTE, "W1T1")
    show("packing-open")
    station.scan("MUG")
    show("packing-accepted")
    station.scan("APRON")
    show("packing-refused")
    station.page.wait_for_selector("html[data-offline-ready=yes]")
    station.context.set_offline(True)
    station.scanner.scan_at_once("MUG")
    station.unsent(1)
    show("packing-offline")
    station.context.set_offline(False)
    station.unsent(0)
    station.scan("MUG")
    station.scan("TOWEL")
    show("packing-complete")


def pick(handheld: Station, show: Show) -> None:
    """The handheld from the claim to the tote."""
    handheld.open("/stations/pick")
    show("picking-claim")
    handheld.command(Command.CLAIM)
    show("picking-bin")
    handheld.own(Own.LOCATION, "W1-A-01-1-1")
    show("picking-item")
    handheld.scan("MUG")
    show("picking-tote")


def log_in(station: Station, show: Show) -> None:
    """Nobody is there."""
    station.open("/stations/log-in")
    show("log-in")


@contextmanager
def floor() -> Iterator[tuple[Server, World]]:
    """A server on a warehouse with an order in tote W1T1 and one on a pick list."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/pictures.db"
        migrate(url)
        app = application(url, Path(directory))
        with app.app_context():
            world = World()
            world.product("MUG", weight_grams=300, name="Blue mug 350 ml")
            world.product("TOWEL", weight_grams=200, name="Tea towel red")
            world.product("APRON", weight_grams=250, name="Apron")
            for sku in ("MUG", "TOWEL", "APRON"):
                world.stock(sku, 60)
            picked_shipment(world, {"MUG": 3, "TOWEL": 1})
            release(world, [{"MUG": 2}, {"TOWEL": 1, "MUG": 1}])
            server = Server(app)
            server.start()
            yield server, world
            server.stop()


def take(browser: Browser, locale: str, only: str) -> None:
    """All pictures of one language."""
    walks = (
        ("station", STATION_SIZE, "packer1", pack),
        ("handheld", HANDHELD_SIZE, "packer1", pack),
        ("handheld", HANDHELD_SIZE, "picker1", pick),
        ("station", STATION_SIZE, "", log_in),
        ("handheld", HANDHELD_SIZE, "", log_in),
    )
    for device, size, person, walk in walks:
        with floor() as (server, world):
            context = browser.new_context(viewport=size, locale=LOCALES[locale])  # type: ignore[arg-type]  # a TypedDict
            station = Station(context, server, world, "W1S1")
            station.enrol()
            if person:
                speaks = update(User).where(User.id == world.people[person].user_id)
                change(speaks.values(locale=locale))
                station.badge_in(person)

            def show(name: str, station: Station = station, device: str = device) -> None:
                name = f"{name}-{device}-{locale}"
                if only in name:
                    save(station.page.screenshot(animations="disabled"), PICTURES / f"{name}.png")

            walk(station, show)
            context.close()


def save(picture: bytes, path: Path) -> None:
    """Write a screenshot with few colours."""
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS)
    few.save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="pictures whose name contains this")
    options = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        for locale in LOCALES:
            take(browser, locale, options.only)
        browser.close()


if __name__ == "__main__":
    main()
