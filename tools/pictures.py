"""The pictures in `docs/pictures`: pages in every language by a real browser, and documents.

    python -m tools.pictures [--only NAME]

A station, a handheld and a desk are driven as the tests of `tests/e2e` drive them, on databases
that are thrown away. The documents are those that the tests of `labels` draw and read back.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import update

from fulfillment.domain.barcodes import Command, Own
from fulfillment.domain.people import Role
from fulfillment.store.people import User
from fulfillment.store.transaction import clock_set_to
from labels import render_pdf
from tests.conftest import application, migrate
from tests.e2e.conftest import FLAGS, HANDHELD_SIZE, STATION_SIZE, browser_path
from tests.e2e.driving import Station
from tests.e2e.serving import Server
from tests.labels.samples import DOCUMENTS
from tests.support.benches import picked_shipment
from tests.support.office import PASSWORD, hire
from tests.support.picklists import release
from tests.support.simulated_days import VAN, simulated_day
from tests.support.simulated_days import Crew as DayCrew
from tests.support.stored_days import EVER, Setting, people_of, store_day
from tests.support.world import World, change

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
LOCALES = {"en": "en-GB", "zh_Hant": "zh-TW", "zh_Hans": "zh-CN"}
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
YESTERDAY = "first_day=2026-03-03&last_day=2026-03-03"
WALL_SIZE = {"width": 1920, "height": 1080}
DOCUMENT_DPI = 110
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


def supervise(desk: Page, show: Show, url: str) -> None:
    """The board an hour and a half before the van, at the desk and on the wall; the report."""
    desk.goto(f"{url}/board")
    show("board-desk")
    desk.goto(f"{url}/reports/dispatch?{YESTERDAY}")
    show("report-dispatch")
    desk.set_viewport_size(WALL_SIZE)  # type: ignore[arg-type]  # a TypedDict
    desk.goto(f"{url}/board?wall=1")
    show("board-wall")


@contextmanager
def afternoon() -> Iterator[tuple[Server, World]]:
    """A server on a warehouse in the middle of its day, with a day before it."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/pictures.db"
        migrate(url)
        app = application(url, Path(directory))
        with app.app_context(), clock_set_to(half_past_three):
            world = World()
            day = simulated_day(1, DayCrew(560, 2, 2))
            users = people_of(world, day)
            for back, until in ((1, EVER), (0, VAN - 90)):
                midnight = MIDNIGHT - timedelta(days=back)
                setting = Setting(world, midnight, until=until, number=back, users=users)
                store_day(day, setting)
            server = Server(app)
            server.clock = half_past_three
            server.start()
            yield server, world
            server.stop()


def half_past_three() -> datetime:
    """The time of the supervisor's pictures."""
    return MIDNIGHT + timedelta(minutes=VAN - 90)


def take_desk(browser: Browser, locale: str, only: str) -> None:
    """What a supervisor sees, in one language."""
    with afternoon() as (server, world):
        context = browser.new_context(viewport=STATION_SIZE, locale=LOCALES[locale])  # type: ignore[arg-type]  # a TypedDict
        desk = context.new_page()
        desk.clock.set_fixed_time(half_past_three())
        with clock_set_to(half_past_three):
            log_in_name = hire(world, Role.SUPERVISOR, "W1")
            change(update(User).where(User.login == log_in_name).values(locale=locale))
        desk.goto(f"{server.url}/log-in")
        desk.locator("input[name=login]").fill(log_in_name)
        desk.locator("input[name=password]").fill(PASSWORD)
        desk.keyboard.press("Enter")
        desk.wait_for_url(f"{server.url}/")

        def show(name: str) -> None:
            if only in (named := f"{name}-{locale}"):
                save(desk.screenshot(animations="disabled"), PICTURES / f"{named}.png")

        supervise(desk, show, server.url)
        context.close()


def draw_documents(only: str) -> None:
    """The first page of one document of each kind."""
    seen = set()
    for document in DOCUMENTS:
        name = f"document-{type(document).__name__}"
        if name in seen or only not in name:
            continue
        seen.add(name)
        page = pypdfium2.PdfDocument(render_pdf(document))[0]
        bitmap = page.render(scale=DOCUMENT_DPI / 72).to_pil()
        bordered = ImageOps.expand(bitmap.convert("RGB"), border=2, fill="#888888")
        few = bordered.quantize(COLOURS)
        few.save(PICTURES / f"{name}.png", optimize=True)


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
        ("station", STATION_SIZE, "picker1", pick),
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
            take_desk(browser, locale, options.only)
        browser.close()
    draw_documents(options.only)


if __name__ == "__main__":
    main()
