"""How the pages look, sound and weigh, checked by measure: FLOOR's numbers and WCAG by axe."""

from __future__ import annotations

import gzip
import re
from itertools import combinations, pairwise
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from fulfillment.domain.barcodes import Command, Own
from tests.e2e.conftest import HANDHELD_SIZE, Stations
from tests.e2e.driving import Station
from tests.support.benches import picked_shipment
from tests.support.picklists import release
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MOST_BYTES = 60_000
MEASURE = """selectors => {
  const rgba = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return selectors.flatMap(selector => [...document.querySelectorAll(selector)].map(element => {
    const style = getComputedStyle(element);
    const [a, b] = [light(rgba(style.color)), light(ground(element))].sort((x, y) => y - x);
    return {selector, size: parseFloat(style.fontSize), weight: Number(style.fontWeight),
            contrast: (a + 0.05) / (b + 0.05)};
  }));
}"""


@pytest.fixture
def goods(world: World) -> World:
    world.product("A", weight_grams=300, name="Blue mug 350 ml with a long name for its size")
    world.product("B", weight_grams=200, name="Tea towel")
    for sku in "AB":
        world.stock(sku, 60)
    return world


@pytest.fixture
def bench(goods: World, stations: Stations) -> Station:
    station = stations()
    station.open()
    return station


def violations(page: Page) -> list[Any]:
    """What axe finds on the page as it is."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    return [
        (one["id"], [node["html"][:120] for node in one["nodes"]])
        for one in found.response["violations"]
    ]


def test_the_packing_page_is_accessible_in_every_state(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 1, "B": 1})
    assert violations(bench.page) == []
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    assert violations(bench.page) == []
    bench.scan("A")
    assert violations(bench.page) == []
    bench.scan("B")
    bench.weigh(1)
    assert violations(bench.page) == []
    bench.context.set_offline(True)
    bench.scanner.scan_at_once("A")
    bench.unsent(1)
    assert violations(bench.page) == []


def test_the_handheld_and_the_log_in_are_accessible(goods: World, stations: Stations) -> None:
    release(goods, [{"A": 2}, {"B": 1}])
    handheld = stations("picker1", size=HANDHELD_SIZE)
    handheld.open("/stations/pick")
    assert violations(handheld.page) == []
    handheld.command(Command.CLAIM)
    handheld.own(Own.LOCATION, "W1-A-01-1-1")
    handheld.command(Command.SHORT)
    assert violations(handheld.page) == []
    handheld.page.goto(handheld.server.url + "/stations/tasks")
    assert violations(handheld.page) == []
    handheld.open("/stations/devices")
    assert violations(handheld.page) == []
    handheld.page.goto(handheld.server.url + "/stations/log-in")
    assert violations(handheld.page) == []


def test_the_packing_page_is_read_at_two_metres(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 3, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    main = ["h1", ".answer .sentence"]
    second = [".bench .order", ".columns li", ".columns h2"]
    rest = [".tools label", ".tools p"]
    measured = bench.page.evaluate(MEASURE, [*main, *second, *rest])
    assert {one["selector"] for one in measured} == {*main, *second, *rest}
    for one in measured:
        least = 40 if one["selector"] in main else 24 if one["selector"] in second else 18
        assert one["size"] >= least, one
        assert one["contrast"] >= 7, one
    assert all(one["weight"] >= 700 for one in measured if one["selector"] in main)


def test_every_tone_has_its_own_colour_shape_and_word(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 1, "B": 1})
    seen = []
    for act in (
        lambda: bench.own(Own.TOTE, "W1T1"),
        lambda: bench.scan("nothing"),
        lambda: bench.command(Command.TAKE_OUT),
        lambda: (bench.command(Command.UNDO), bench.scan("A"), bench.scan("B")),
    ):
        act()
        look = bench.page.evaluate(
            """() => { const answer = document.getElementById('answer');
            return [getComputedStyle(answer).borderTopColor, answer.querySelector('.shape').textContent,
                    answer.querySelector('.word').textContent, document.body.dataset.tone] }"""
        )
        seen.append(look)
        (contrast,) = bench.page.evaluate(MEASURE, [".answer .sentence"])
        assert contrast["contrast"] >= 7
    assert [look[3] for look in seen] == ["accepted", "refused", "attention", "complete"]
    for part in range(3):
        assert len({look[part] for look in seen}) == 4


def test_a_refusal_fills_the_frame_and_stays_until_the_next_scan(
    goods: World, bench: Station
) -> None:
    picked_shipment(goods, {"A": 2})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("B")
    box = bench.page.locator("#answer").bounding_box()
    assert box
    assert box["height"] >= 900 * 0.35
    assert box["width"] >= 1280 * 0.9
    bench.scan("A")
    assert bench.page.locator(".answer.refused").count() == 0


def test_nothing_on_the_packing_page_lies_over_another(goods: World, bench: Station) -> None:
    picked_shipment(goods, {"A": 3, "B": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("A")
    names = [".order", "h1", "#answer", ".missing", ".inside", ".tools"]
    boxes = {name: bench.page.locator(name).bounding_box() for name in names}
    for one, other in combinations(names, 2):
        a, b = boxes[one], boxes[other]
        assert a, one
        assert b, other
        apart = (
            a["x"] + a["width"] <= b["x"] + 1
            or b["x"] + b["width"] <= a["x"] + 1
            or a["y"] + a["height"] <= b["y"] + 1
            or b["y"] + b["height"] <= a["y"] + 1
        )
        assert apart, (one, a, other, b)


def test_the_four_tones_differ_in_rhythm_and_are_played(goods: World, bench: Station) -> None:
    tones = bench.page.evaluate("import('/stations/static/sound.js').then(m => m.TONES)")
    rhythms = [[(length, pause) for _, length, pause in tone] for tone in tones.values()]
    assert len(rhythms) == 4
    assert all(one != other for one, other in combinations(rhythms, 2))
    rising = [hertz for hertz, _, _ in tones["complete"]]
    assert all(low < high for low, high in pairwise(rising))
    assert sum(length for _, length, _ in tones["accepted"]) <= 100
    bench.page.evaluate(
        """() => { window.played = []; const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (at) {
          window.played.push(this.frequency.value); return start.call(this, at); } }"""
    )
    picked_shipment(goods, {"A": 1})
    bench.own(Own.TOTE, "W1T1")
    bench.scan("B")
    heard = bench.page.evaluate("window.played")
    assert heard == [hertz for name in ("accepted", "refused") for hertz, _, _ in tones[name]]


def test_motion_is_only_a_flash_and_none_where_it_is_not_wanted(
    goods: World, bench: Station
) -> None:
    bench.page.emulate_media(reduced_motion="reduce")
    bench.scan("nothing")
    animation = "getComputedStyle(document.body).animationName"
    assert bench.page.evaluate(animation) == "none"
    bench.page.emulate_media(reduced_motion="no-preference")
    bench.scan("nothing")
    assert bench.page.evaluate(animation) == "flash"


def test_the_first_load_is_light_and_asks_no_other_host(goods: World, stations: Stations) -> None:
    station = stations()
    sizes: dict[str, int] = {}
    hosts = set()

    def heard(response):  # type: ignore[no-untyped-def]  # Playwright's handler
        hosts.add(re.sub(r"^\w+://([^/]+).*", r"\1", response.url))
        sizes[response.url] = len(gzip.compress(response.body()))

    station.page.on("response", heard)
    station.open()
    station.page.wait_for_selector("html[data-offline-ready=yes]")
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert len(hosts) == 1
