"""A real browser before a real server on a real database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect

from fulfillment.domain.people import Role
from tests.e2e.driving import Station
from tests.e2e.serving import Server
from tests.support.office import PASSWORD, hire
from tests.support.world import World

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
STATION_SIZE = {"width": 1280, "height": 900}
HANDHELD_SIZE = {"width": 360, "height": 640}


def browser_path() -> str:
    """The Chromium of the system, or the one that the run was told."""
    return os.environ.get("FULFILLMENT_TEST_BROWSER") or "/usr/bin/chromium"


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, once for all tests of this process."""
    found = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
    yield found
    found.close()


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    """The application on a port of this machine."""
    running = Server(app)
    running.start()
    yield running
    running.stop()


Stations = Callable[..., Station]


@pytest.fixture
def stations(browser: Browser, server: Server, world: World) -> Iterator[Stations]:
    """Make browsers that are stations; none of them may have complained in its console."""
    complaints: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        # A network that is away on purpose is reported by the browser itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def make(
        person: str = "packer1",
        code: str = "W1S1",
        size: dict[str, int] | None = None,
        service_workers: Literal["allow", "block"] = "allow",
    ) -> Station:
        context = browser.new_context(
            viewport=size or STATION_SIZE,  # type: ignore[arg-type]  # a TypedDict
            locale="en-GB",
            service_workers=service_workers,
        )
        contexts.append(context)
        station = Station(context, server, world, code)
        station.page.on("console", heard)
        station.page.on("pageerror", lambda error: complaints.append(str(error)))
        station.enrol()
        if person:
            station.badge_in(person)
        return station

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


Desks = Callable[..., Page]


@pytest.fixture
def desks(browser: Browser, server: Server, world: World) -> Iterator[Desks]:
    """Make browsers in which somebody new of a role is logged in at the office."""
    contexts = []

    def make(role: Role = Role.SUPERVISOR, warehouse: str | None = "W1") -> Page:
        context = browser.new_context(viewport=STATION_SIZE, locale="en-GB")  # type: ignore[arg-type]  # a TypedDict
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.goto(f"{server.url}/log-in")
        page.get_by_label("Name").fill(hire(world, role, warehouse))
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Welcome")
        return page

    yield make
    for context in contexts:
        context.close()
