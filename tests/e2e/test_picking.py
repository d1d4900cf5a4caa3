"""Picking and tasks with a handheld: the day-one checks 15-17 and put-back and count by scans."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from fulfillment.domain.barcodes import Command, Own
from fulfillment.store.work import PickFeed, PickList, Task
from tests.e2e.conftest import HANDHELD_SIZE, Stations
from tests.e2e.driving import Station
from tests.support.benches import codes
from tests.support.picklists import release
from tests.support.world import World, fetch

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIRST, SECOND = "W1-A-01-1-1", "W1-A-02-1-1"


@pytest.fixture
def handheld(world: World, stations: Stations) -> Station:
    """A picker's handheld; A lies in the first bin, B in the second."""
    world.product("A", name="Blue mug")
    world.product("B", name="Tea towel")
    world.stock("A", 20, bin_code=FIRST)
    world.stock("B", 20, bin_code=SECOND)
    return stations("picker1", size=HANDHELD_SIZE)


def test_a_list_is_picked_bin_item_tote_for_every_order_on_the_cart(
    world: World, handheld: Station
) -> None:
    released = release(world, [{"A": 2, "B": 1}, {"A": 1}])
    handheld.open("/stations/pick")
    assert handheld.attribute("next") == "claim"
    assert handheld.command(Command.CLAIM) == "claimed"
    assert handheld.page.locator(".progress").inner_text() == "2 stops left"
    assert handheld.own(Own.LOCATION, FIRST) == "bin"
    feeds = handheld.page.locator(".feeds li").all_inner_texts()
    assert [text.split(" ×")[0] for text in feeds] == ["1 2", "2 1"]
    assert handheld.scan("A") == "item"
    assert handheld.own(Own.TOTE, "W1T1") == "put"
    assert handheld.scan("A") == "item"
    assert handheld.own(Own.TOTE, "W1T1") == "tote-of-another"
    assert handheld.own(Own.TOTE, "W1T2") == "put"
    assert handheld.own(Own.LOCATION, SECOND) == "bin"
    assert handheld.scan("B") == "item"
    assert handheld.own(Own.TOTE, "W1T1") == "put-last"
    assert handheld.attribute("next") == "claim"
    assert codes(PickList, "state", id=released.id) == [("done",)]


def test_a_wrong_bin_or_item_is_refused_with_what_was_scanned_and_what_was_expected(
    world: World, handheld: Station
) -> None:
    release(world, [{"A": 1}])
    handheld.open("/stations/pick")
    handheld.command(Command.CLAIM)
    assert handheld.own(Own.LOCATION, SECOND) == "wrong-bin"
    assert SECOND in handheld.answer()
    assert FIRST in handheld.answer()
    handheld.own(Own.LOCATION, FIRST)
    assert handheld.scan("B") == "wrong-item"
    assert "B" in handheld.answer()
    assert "A" in handheld.answer()


def test_a_short_pick_is_tapped_with_its_reason_and_counted_by_scans(
    world: World, handheld: Station
) -> None:
    release(world, [{"A": 5}])
    handheld.open("/stations/pick")
    page = handheld.page
    page.get_by_role("button", name="CLAIM").click()
    page.get_by_role("button", name="SHORT").wait_for()
    handheld.own(Own.LOCATION, FIRST)
    page.get_by_role("button", name="SHORT").click()
    page.get_by_role("button", name="2", exact=True).click()
    page.get_by_role("button", name="Fewer than shown").click()
    expect(page.locator(".bench")).to_have_attribute("data-code", "short-owed")
    assert codes(PickFeed, "short")[0] == (3,)
    (task,) = fetch(select(Task.id, Task.kind))
    assert task.kind == "count"
    page.goto(handheld.server.url + "/stations/tasks")
    page.get_by_role("link", name="Count").click()
    handheld.ready()
    assert handheld.own(Own.LOCATION, FIRST) == "counting"
    assert handheld.own(Own.QUANTITY, "17") == "counted"
    assert handheld.command(Command.CONFIRM) == "count-done"
    assert handheld.attribute("next") == "nothing"


def test_skip_and_hand_over_leave_the_list_for_another_picker(
    world: World, handheld: Station
) -> None:
    release(world, [{"A": 1, "B": 1}])
    handheld.open("/stations/pick")
    handheld.command(Command.CLAIM)
    assert handheld.command(Command.SKIP) == "skipped"
    assert SECOND in handheld.page.locator(".bin").inner_text()
    assert handheld.command(Command.HAND_OVER) == "handed-over"
    assert handheld.attribute("next") == "claim"


def test_what_is_tapped_is_big_enough_lies_in_the_lower_half_and_covers_nothing(
    world: World, handheld: Station
) -> None:
    release(world, [{"A": 2}, {"A": 3}, {"A": 1}])
    handheld.open("/stations/pick")
    handheld.command(Command.CLAIM)
    handheld.own(Own.LOCATION, FIRST)
    page = handheld.page
    buttons = [one.bounding_box() for one in page.locator(".buttons button").all()]
    assert all(box and min(box["width"], box["height"]) >= 48 for box in buttons)
    assert all(box and box["y"] >= HANDHELD_SIZE["height"] / 2 for box in buttons)
    top = min(box["y"] for box in buttons if box)
    for name in (".bin", ".product", ".feeds li.now", "#next", "#answer"):
        box = page.locator(name).bounding_box()
        assert box, name
        assert box["y"] + box["height"] <= top, name
        assert box["x"] + box["width"] <= HANDHELD_SIZE["width"], name
    assert page.evaluate("document.documentElement.scrollWidth") <= HANDHELD_SIZE["width"]


def test_a_picker_with_a_name_and_a_password_needs_no_station(
    world: World, handheld: Station
) -> None:
    handheld.context.clear_cookies()
    handheld.page.goto(handheld.server.url + "/stations/pick")
    expect(handheld.page.get_by_role("link", name="Log in with name")).to_be_visible()
