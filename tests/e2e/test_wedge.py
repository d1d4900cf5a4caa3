"""What the page hears of a keyboard-wedge scanner, key by key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.driving import SHIFT, Scanner
from tests.e2e.serving import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

LISTEN = """async ({settings}) => {
  document.body.innerHTML =
    '<input id="field"><input id="typed" data-typed><button id="button">x</button>';
  const {Wedge} = await import('/stations/static/wedge.js');
  window.heard = [];
  window.pressed = 0;
  document.getElementById('button').onclick = () => window.pressed++;
  new Wedge({field: document.getElementById('field'), settings,
    onScan: text => window.heard.push(text)}).listen();
}"""


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url + "/stations/log-in")
    page.evaluate(LISTEN, {"settings": {}})
    yield page
    context.close()


@pytest.fixture
def scanner(page: Page) -> Scanner:
    return Scanner(page)


def hears(page: Page, *texts: str) -> None:
    page.wait_for_function("count => window.heard.length >= count", arg=len(texts))
    assert page.evaluate("window.heard") == list(texts)


@pytest.mark.parametrize("end", ["Enter", "Tab", ""])
def test_a_code_ends_with_enter_tab_or_silence(page: Page, scanner: Scanner, end: str) -> None:
    scanner.scan_at_once("4006381333931", end)
    hears(page, "4006381333931")


def test_a_scanner_without_an_end_key_is_known_after_its_first_scan(
    page: Page, scanner: Scanner
) -> None:
    scanner.scan_at_once("4006381333931", "")
    hears(page, "4006381333931")
    waited = page.evaluate(
        """async () => { const began = performance.now(); const count = window.heard.length;
        for (const key of '123456') document.body.dispatchEvent(new KeyboardEvent('keydown',
          {key, code: 'Digit' + key, bubbles: true, cancelable: true}));
        while (window.heard.length === count) await new Promise(r => setTimeout(r, 5));
        return performance.now() - began; }"""
    )
    assert 60 <= waited < 900


def test_two_bursts_without_a_gap_are_two_scans(page: Page, scanner: Scanner) -> None:
    scanner.scan("4006381333931")
    scanner.scan("QTW1T1-K")
    hears(page, "4006381333931", "QTW1T1-K")


def test_small_and_capital_letters_aim_prefix_and_group_separator_are_kept(
    page: Page, scanner: Scanner
) -> None:
    scanner.scan("]C1")
    scanner.scan("]d2010400638133393110ab\x1d17270101")
    scanner.scan("aBc-1/2.3")
    hears(page, "]C1", "]d2010400638133393110ab\x1d17270101", "aBc-1/2.3")


def test_the_keyboard_layout_and_caps_lock_of_the_pc_change_nothing(
    page: Page, scanner: Scanner
) -> None:
    # A German PC: the keys of Z, Y and hyphen mean something else there; Caps Lock turns the case.
    for code, key, modifiers in (
        ("KeyQ", "q", SHIFT),
        ("KeyY", "Z", SHIFT),
        ("KeyZ", "y", 0),
        ("Minus", "ß", 0),
        ("Digit7", "7", 0),
    ):
        scanner.key(code, key, modifiers)
    scanner.key("Enter", "Enter")
    hears(page, "QYz-7")


def test_a_scanner_set_to_the_layout_of_the_pc_is_believed_its_characters(
    page: Page, scanner: Scanner
) -> None:
    page.evaluate(LISTEN, {"settings": {"layout": "pc"}})
    for code, key in (("KeyY", "z"), ("KeyZ", "y"), ("Slash", "-"), ("Digit1", "1")):
        scanner.key(code, key)
    scanner.key("Enter", "Enter")
    page.wait_for_function("window.heard.includes('zy-1')")


def test_keys_without_a_place_are_taken_by_their_character(page: Page) -> None:
    page.evaluate(
        """() => { for (const key of [...'AB12', 'Enter']) document.dispatchEvent(
        new KeyboardEvent('keydown', {key, code: '', bubbles: true, cancelable: true})) }"""
    )
    hears(page, "AB12")


def test_prefix_and_suffix_of_the_scanner_are_taken_off(page: Page, scanner: Scanner) -> None:
    page.evaluate(LISTEN, {"settings": {"prefix": "xx", "suffix": "yy"}})
    scanner.scan("xxABCyy")
    page.wait_for_function("window.heard.includes('ABC')")


def test_control_and_function_keys_out_of_a_barcode_do_nothing(
    page: Page, scanner: Scanner
) -> None:
    prevented = page.evaluate(
        """() => { const keys = [['a', 'KeyA', {}], ['b', 'KeyB', {}], ['c', 'KeyC', {}],
        ['p', 'KeyP', {ctrlKey: true}], ['F5', 'F5', {}], ['s', 'KeyS', {ctrlKey: true}],
        ['f', 'KeyF', {altKey: true}], ['d', 'KeyD', {}], ['Enter', 'Enter', {}]];
        return keys.map(([key, code, held]) => !document.body.dispatchEvent(new KeyboardEvent(
        'keydown', {key, code, ...held, bubbles: true, cancelable: true}))) }"""
    )
    assert all(prevented)
    hears(page, "abcd")


def test_the_focus_can_be_anywhere(page: Page, scanner: Scanner) -> None:
    page.locator("#button").focus()
    scanner.scan("4006381333931")
    hears(page, "4006381333931")
    assert page.evaluate("window.pressed") == 0
    page.locator("#button").press("Enter")
    assert page.evaluate("window.pressed") == 1


def test_slow_typing_ends_with_enter_only(page: Page) -> None:
    page.locator("#field").press_sequentially("4711", delay=90)
    expect(page.locator("#field")).to_have_value("4711")
    page.keyboard.press("Enter")
    hears(page, "4711")
    expect(page.locator("#field")).to_have_value("")


def test_what_a_person_types_into_a_field_stays_there_and_a_scan_there_is_still_a_scan(
    page: Page, scanner: Scanner
) -> None:
    page.locator("#typed").press_sequentially("1240", delay=90)
    scanner.scan_at_once("QTX12", "Enter")
    hears(page, "QTX12")
    expect(page.locator("#typed")).to_have_value("1240")
