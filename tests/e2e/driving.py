"""Somebody at a browser with a scanner: types as scanners type, and reads what the page shows."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import system
from fulfillment.services import people
from tests.e2e.serving import Server
from tests.support.world import World

SHIFT, CONTROL = 8, 2
_PLACES = {"-": "Minus", " ": "Space", "]": "BracketRight", "/": "Slash", ".": "Period"}

_AT_ONCE = """keys => { for (const [code, key, held] of keys) document.activeElement.dispatchEvent(
  new KeyboardEvent('keydown', {code, key, bubbles: true, cancelable: true,
    ctrlKey: Boolean(held & 2), shiftKey: Boolean(held & 8)})) }"""


class Scanner:
    """A keyboard wedge set to a US layout: key events by place, Shift for capitals."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._keys = page.context.new_cdp_session(page)
        self.scans = 0

    def scan(self, text: str, end: str = "Enter") -> None:
        """Type a code key by key, as the operating system reports keys; *end* is Enter or Tab."""
        self.scans += 1
        for code, key, held in _strokes(text, end):
            self.key(code, key, held)

    def scan_at_once(self, text: str, end: str = "Enter") -> None:
        """The same keys within a millisecond, however busy this machine is: no gap parts them."""
        self.scans += 1
        self._page.evaluate(_AT_ONCE, _strokes(text, end))

    def own(self, kind: Own, payload: str) -> None:
        """Scan one of our own barcodes."""
        self.scan_at_once(own_code(kind, payload))

    def command(self, command: Command) -> None:
        """Scan a command of the sheet."""
        self.own(Own.COMMAND, command)

    def key(self, code: str, key: str, modifiers: int = 0) -> None:
        """Press and let go one key."""
        number = {"Enter": 13, "Tab": 9}.get(code, 0)
        event = {"code": code, "key": key, "modifiers": modifiers, "windowsVirtualKeyCode": number}
        printable = len(key) == 1 and not modifiers & CONTROL
        text = key if printable else "\r" if code == "Enter" else None
        down = {**event, "type": "keyDown" if text else "rawKeyDown"}
        self._keys.send("Input.dispatchKeyEvent", {**down, **({"text": text} if text else {})})
        self._keys.send("Input.dispatchKeyEvent", {**event, "type": "keyUp"})


def _strokes(text: str, end: str) -> list[tuple[str, str, int]]:
    """(code, key, modifiers) of every key of a scan; *end* is Enter, Tab or nothing."""
    return [*map(_stroke, text), *([(end, end, 0)] if end else [])]


def _stroke(character: str) -> tuple[str, str, int]:
    if character == "\x1d":
        return "BracketRight", "]", CONTROL
    if character.isdigit():
        return f"Digit{character}", character, 0
    if character.isalpha():
        return f"Key{character.upper()}", character, SHIFT if character.isupper() else 0
    return _PLACES[character], character, 0


class Station:
    """A browser that is an enrolled station, with somebody badged in."""

    def __init__(self, context: BrowserContext, server: Server, world: World, code: str) -> None:
        self.context = context
        self.server = server
        self.world = world
        self.code = code
        self.page = context.new_page()
        self.scanner = Scanner(self.page)
        self.key_by_key = False
        """Whether scans are typed by the operating system's keys, one by one."""

    def enrol(self) -> None:
        """Make this browser the station."""
        made = people.make_enrolment_code(system(), self.world.stations[self.code])
        self._cookie("station", people.enrol_station(made.enrolment_code).token)

    def badge_in(self, person: str) -> None:
        """Be logged in without the page, for tests of something else."""
        badge, pin = badge_of(self.world, person)
        cookies = {one.get("name"): one.get("value") for one in self.context.cookies()}
        session = people.badge_in(str(cookies["station"]), badge, pin)
        assert isinstance(session, people.LoggedIn)
        self._cookie("session", session.token)

    def enter(self, person: str) -> None:
        """Log in at the page that is open: scan the badge, type the PIN."""
        badge, pin = badge_of(self.world, person)
        self.ready()
        self.scanner.own(Own.BADGE, badge)
        expect(self.page.get_by_label("PIN (typed)")).to_be_focused()
        self.page.keyboard.type(pin, delay=80)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/stations/pack")
        self.ready()

    def open(self, path: str = "/stations/pack") -> None:
        """Open a page and wait until it listens."""
        self.page.goto(self.server.url + path)
        self.ready()

    def ready(self) -> None:
        """Wait until the page listens to the scanner."""
        self.page.wait_for_selector("html[data-ready=yes]")

    def scan(self, text: str) -> str:
        """Scan and wait for the answer; its code."""
        before = self._answers()
        (self.scanner.scan if self.key_by_key else self.scanner.scan_at_once)(text)
        return self._answered(before)

    def own(self, kind: Own, payload: str) -> str:
        """Scan one of our own barcodes and wait for the answer."""
        return self.scan(own_code(kind, payload))

    def command(self, command: Command) -> str:
        """Scan a command and wait for the answer."""
        return self.own(Own.COMMAND, command)

    def weigh(self, grams: int, source: str = "scale") -> str:
        """A stable reading from the scale, as its module hands it to the page."""
        before = self._answers()
        self.page.evaluate(
            "detail => dispatchEvent(new CustomEvent('fulfillment:weight', {detail}))",
            {"grams": grams, "source": source},
        )
        return self._answered(before)

    def answer(self) -> str:
        """The sentence of the last answer, with its word."""
        return self.page.locator("#answer p").inner_text()

    def next(self) -> str:
        """The instruction."""
        return self.page.locator("#next").inner_text()

    def attribute(self, name: str) -> str:
        """A fact about the view: code, next, tone, state, order."""
        return self.page.locator(".bench").get_attribute(f"data-{name}") or ""

    def unsent(self, count: int) -> None:
        """Wait until so many scans are kept."""
        expect(self.page.locator("#net")).to_have_attribute("data-unsent", str(count))

    def lines(self, which: str) -> list[str]:
        """What stands under missing or inside, spaces made single."""
        texts = self.page.locator(f".{which} li[data-line]").all_inner_texts()
        return [re.sub(r"\s+", " ", text).strip("▢✓ ") for text in texts]

    def _answers(self) -> int:
        return int(self.page.evaluate("Number(document.documentElement.dataset.answers ?? 0)"))

    def _answered(self, before: int) -> str:
        self.page.wait_for_function(
            "before => Number(document.documentElement.dataset.answers ?? 0) > before", arg=before
        )
        return self.attribute("code")

    def _cookie(self, name: str, value: str) -> None:
        cookie: Any = {"name": name, "value": value, "url": self.server.url, "httpOnly": True}
        self.context.add_cookies([cookie])


def badge_of(world: World, person: str) -> tuple[str, str]:
    """Give somebody a badge; (badge, PIN)."""
    badge = person.upper()
    given = people.give_badge(system(), world.people[person].user_id, badge=badge)
    return badge, given.first_pin
