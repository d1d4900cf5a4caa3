"""Every page of the office in a browser: clean for axe, whole on a desk and on a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from fulfillment import demonstration
from fulfillment.demonstration import Made
from fulfillment.domain.people import system
from fulfillment.services.orders import review
from fulfillment.store.orders import Hold, Shipment
from tests.e2e.serving import Server
from tests.support.world import fetch

NEW_PASSWORD = "a long walk home"
DESK = {"width": 1280, "height": 900}
TELEPHONE = {"width": 390, "height": 844}
ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the database has no part in."""

EVERYWHERE = (
    "/",
    "/orders",
    "/orders?text=nothing-like-this",
    "/orders?priority_from=x",
    "/orders/new",
    "/review",
    "/waves",
    "/tasks",
    "/stock",
    "/stock/places",
    "/stock/change",
    "/products",
    "/imports",
    "/warehouses",
    "/dock",
    "/settings/printers",
    "/settings/papers",
    "/labels",
    "/labels?kind=bin-label&starts_with=W",
    "/labels?kind=tote-label&codes=nothing-like-this",
    "/settings/webhooks",
    "/settings/webhooks/dead",
    "/alerts",
    "/reports/schedules",
    "/settings/sellers",
    "/audit",
    "/board",
    "/board?wall=1",
    "/board/acts",
    "/board/advice",
    "/board/exceptions/printers",
    "/reports",
    "/reports/dispatch",
    "/reports/stock",
    "/reports/stock?sort=-on_hand&text=a",
    "/reports/turnover",
    "/reports/ageing",
    "/reports/dead-stock?idle_days=1",
    "/reports/abc",
    "/reports/sales",
)
FOLLOWED = {
    "/orders": r"/orders/\d+",
    "/waves": r"/waves/WV\d+",
    "/stock": r"/stock/products/\d+",
    "/stock/places": r"/stock/places/[^/?]+",
    "/products": r"/products/\d+",
    "/warehouses": r"/warehouses/\d+(/places)?",
    "/settings/sellers": r"/settings/sellers/\d+",
}
"""Of these lists the first link of each kind is opened too."""
LINKS_OF_A_LIST = 1

CLASHES = """() => {
  const shown = [...document.querySelectorAll('a, button, input, select, textarea, summary')]
    .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.closest('.hidden, .skip')
      && !each.matches('.skip, .hidden'))
    .map(each => [each, each.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && box.height > 1);
  const found = [];
  for (let i = 0; i < shown.length; i++) for (let j = i + 1; j < shown.length; j++) {
    const [one, a] = shown[i], [other, b] = shown[j];
    if (one.contains(other) || other.contains(one)) continue;
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 1) found.push(`${one.outerHTML.slice(0, 90)} / ${other.outerHTML.slice(0, 90)}`);
  }
  return found.slice(0, 5);
}"""
"""Controls that lie on each other."""


@pytest.fixture
def made(app: Flask) -> Made:
    """A warehouse at work."""
    found = demonstration.make_if_empty()
    assert found
    return found


@pytest.fixture
def desk(browser: Browser, server: Server, made: Made) -> Iterator[Page]:
    """A browser in which an administrator is logged in; its console may not complain."""
    context = browser.new_context(viewport=DESK, locale="en-GB")  # type: ignore[arg-type]  # a TypedDict
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if _is_ours(message) else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    (person,) = [one for one in made.log_ins if one.role == "administrator"]
    page.goto(f"{server.url}/log-in")
    page.get_by_label("Name").fill(person.login)
    page.get_by_label("Password").fill(person.password)
    page.keyboard.press("Enter")
    page.get_by_label("Present password").fill(person.password)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Welcome")
    yield page
    context.close()
    assert complaints == []


def _is_ours(message: Any) -> bool:
    return message.type == "error" and "Failed to load resource" not in message.text


def pages(page: Page, url: str) -> Iterator[str]:
    """Every page by its path: the lists, and behind them some of what they list."""
    for path in EVERYWHERE:
        yield path
        if path not in FOLLOWED:
            continue
        page.goto(url + path)
        links = page.eval_on_selector_all("main a", "all => all.map(a => a.getAttribute('href'))")
        fitting = [link for link in dict.fromkeys(links) if re.fullmatch(FOLLOWED[path], link)]
        kinds: dict[str, list[str]] = {}
        for link in fitting:
            kinds.setdefault(re.sub(r"\d+", "", link), []).append(link)
        for same in kinds.values():
            yield from same[:LINKS_OF_A_LIST]
        if path == "/warehouses":
            yield from (f"{fitting[0]}/layout", f"{fitting[0]}/slotting")
    page.goto(f"{url}/waves")
    page.locator("main a[href*='/waves/WV']").first.click()
    list_link = page.locator("main a[href*='/waves/lists/']").first.get_attribute("href")
    assert list_link
    yield list_link
    page.goto(f"{url}/orders?stage=packing")
    packed = page.locator("main tbody a").first.get_attribute("href")
    assert packed
    yield packed


def faults_of(page: Page) -> list[str]:
    """What axe finds, overflow to the side, controls on each other."""
    page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
    found = [
        f"{violation['id']}: {node['html'][:150]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"][:3]
    ]
    for size in (DESK, TELEPHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a TypedDict
        over = page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if over > 0:
            found.append(f"{size['width']} px: {over} px too wide")
        found += [f"{size['width']} px: {clash}" for clash in page.evaluate(CLASHES)]
    page.set_viewport_size(DESK)  # type: ignore[arg-type]  # a TypedDict
    return found


@ONE
def test_every_page_is_clean_for_axe_and_fits_a_desk_and_a_telephone(
    desk: Page, server: Server
) -> None:
    faults = {}
    seen = list(dict.fromkeys(pages(desk, server.url)))
    for path in seen:
        desk.goto(server.url + path)
        found = faults_of(desk)
        if found:
            faults[path] = found
    assert faults == {}
    assert len(seen) >= len(EVERYWHERE) + 8, seen


@ONE
def test_an_open_board_shows_a_hold_without_a_reload(desk: Page, server: Server) -> None:
    desk.goto(f"{server.url}/board")
    held = desk.locator("#board-view .counts li").first
    expect(held).to_contain_text("On hold")
    before = int(held.locator("strong").inner_text())
    desk.evaluate("() => { window.same = true; }")
    place = select(Shipment.order_id).where(
        Shipment.state == "allocated",
        Shipment.warehouse_id == int(desk.locator("#board-warehouse_id").input_value()),
        Shipment.order_id.not_in(select(Hold.order_id)),
    )
    order_id = fetch(place)[0].order_id
    review.place_hold(system(), order_id, hold_type="other", reason="ask the customer")
    expect(held.locator("strong")).to_have_text(str(before + 1), timeout=20_000)
    assert desk.evaluate("() => window.same"), "it is the page that was opened"


@ONE
def test_an_order_is_held_released_and_sent_to_the_floor_by_keyboard_alone(
    desk: Page, server: Server
) -> None:
    desk.goto(f"{server.url}/orders?stage=allocated")
    press_on(desk, "main tbody a")
    open_details(desk, "Place a hold")
    focus_on(desk, "#hold-reason")
    desk.keyboard.type("bank is slow")
    desk.keyboard.press("Enter")
    expect(desk.locator(".message.accepted")).to_have_text("The hold is placed.")
    focus_on(desk, "[id^=release-][name=reason]")
    desk.keyboard.type("paid")
    desk.keyboard.press("Enter")
    expect(desk.locator(".message.accepted")).to_have_text("The hold is released.")
    desk.goto(f"{server.url}/waves")
    press_on(desk, "#waiting-title ~ .wide button")
    expect(desk.locator("h1")).to_contain_text("Wave WV")
    expect(desk.locator(".message.accepted")).to_contain_text("released as wave")


@ONE
def test_a_refused_form_gets_the_keyboard_and_keeps_what_was_typed(
    desk: Page, server: Server
) -> None:
    desk.goto(f"{server.url}/stock/change")
    for name, typed in {"location": "NOWHERE", "sku": "X", "quantity": "1", "reason": "r"}.items():
        desk.locator(f"#adjust-{name}").fill(typed)
    desk.locator("#adjust-reason").press("Enter")
    expect(desk.locator("#complaint")).to_contain_text("There is no place NOWHERE.")
    expect(desk.locator("#complaint")).to_be_focused()
    expect(desk.locator("#adjust-location")).to_have_value("NOWHERE")


def focus_on(page: Page, selector: str) -> None:
    """Press Tab until *selector* has the focus."""
    wanted = page.locator(selector).first
    for _ in range(400):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not get to {selector}")


def press_on(page: Page, selector: str) -> None:
    """Tab to *selector* and press Enter."""
    focus_on(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_load_state()


def open_details(page: Page, words: str) -> None:
    """Tab to a summary and open it."""
    summaries = page.locator("summary", has_text=words)
    for _ in range(400):
        page.keyboard.press("Tab")
        if summaries.first.evaluate("each => each === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"the keyboard does not get to {words}")
