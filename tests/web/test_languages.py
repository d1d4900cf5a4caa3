"""Each person reads every page in the own language, with weights in the own units."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from io import BytesIO

import pytest
from flask import Flask
from pdfminer.high_level import extract_text
from sqlalchemy import String, select, update

from fulfillment import demonstration
from fulfillment.demonstration import Made
from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Role, system
from fulfillment.services import people
from fulfillment.store.base import Base, table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.people import User
from tests.support.benches import picked_shipment
from tests.support.office import PASSWORD, Office
from tests.support.office import words as text_of
from tests.support.picklists import claim, release
from tests.support.web import Browser
from tests.support.world import World, change, fetch
from tests.web.test_stations import Bench

CHINESE = ("zh_Hant", "zh_Hans")
each_language = pytest.mark.parametrize("locale", CHINESE)
once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the database has no part in."""

THE_SAME_EVERYWHERE = {
    # Names of formats, standards, keys and devices.
    "ABC", "ANSI", "CHEAPEST", "CSV", "Enter", "HID", "PDF", "PIN", "SSCC", "UTF", "USB", "XLSX", "GS",
    "Standard", "Webhook", "Webhooks", "https",
    # The languages by their own names, and the units by their signs.
    "English", "kg", "lb", "oz", "mm",
    # Zones of the clock, encodings of files, protocols of scales.
    "UTC", "GMT", "BST", "CET", "CEST", "big", "cp", "gb", "utf", "sig", "iso", "latin", "hkscs", "le", "be",
    "toledo", "checksum", "sics", "indicator",
    # The example of a telephone order's currency.
    "GBP", "EUR", "USD",
}  # fmt: skip

PAGES = (
    "/",
    "/orders",
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
    "/labels",
    "/warehouses",
    "/audit",
    "/password",
    "/settings/users",
    "/settings/policy",
    "/settings/stations",
    "/settings/webhooks",
    "/settings/webhooks/dead",
    "/alerts",
    "/reports/schedules",
)
FOLLOWED = {
    "/orders": r"/orders/\d+",
    "/waves": r"/waves/WV\d+",
    "/stock": r"/stock/products/\d+",
    "/stock/places": r"/stock/places/[^/?]+",
    "/products": r"/products/\d+",
    "/warehouses": r"/warehouses/\d+(?:/places)?",
    "/settings/users": r"/settings/users/\d+",
}
"""Of these lists the first links are opened too."""
LINKS_OF_A_LIST = 3


def latin(page: str) -> set[str]:
    """The Latin words on a page, without codes, pictures and the list of time zones."""
    shown = re.sub(r"<(code|svg|script|datalist)\b.*?</\1>", " ", page, flags=re.DOTALL)
    heard = " ".join(re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', shown))
    return set(re.findall(r"[A-Za-z]{2,}", f"{text_of(shown)} {html.unescape(heard)}"))


def stored() -> set[str]:
    """The Latin words of names, codes and addresses in the database.

    The service's own words of states and kinds are in small letters; those are not taken.
    """
    found: set[str] = set()
    for table in Base.metadata.sorted_tables:
        columns = [one for one in table.columns if isinstance(one.type, String)]
        columns += [one for one in table.columns if one.name in ("address", "sender", "tags")]
        if not columns:
            continue
        for row in fetch(select(*columns)):
            for value in map(str, row):
                if re.search(r"[A-Z0-9@]", value):
                    found |= set(re.findall(r"[A-Za-z]{2,}", value))
    return found


def foreign(page: str, known: Collection[str] = ()) -> set[str]:
    """The English that should not be there; *known*: the words that are data on this page."""
    found = latin(page) - THE_SAME_EVERYWHERE - set(known)
    return found - stored() if found else found


@pytest.fixture
def made(app: Flask) -> Made:
    """A warehouse at work."""
    found = demonstration.make_if_empty()
    assert found
    return found


def reading(browser: Browser, locale: str, units: str = "metric") -> None:
    """Choose the language and the units on the page, as a person does."""
    answer = browser.submit(
        "/language", page="/password", form={"locale": locale, "units": units, "next": "/"}
    )
    assert answer.status_code == 303


@once
def test_the_office_has_no_english_left(app: Flask, made: Made) -> None:
    (person,) = [one for one in made.log_ins if one.role == "administrator"]
    office = Browser(app)
    office.log_in(person.login, person.password)
    office.submit("/password", form={"old": person.password, "new": PASSWORD})
    names = stored() | {part for one in made.log_ins for part in one.login.split("-")}
    paths = list(_paths(office))
    left = {}
    for locale in CHINESE:
        reading(office, locale)
        for path in paths:
            answer = office.get(path)
            assert answer.status_code < 500, path
            page = answer.text
            left[locale, path] = foreign(page, names)
    assert {where: found for where, found in left.items() if found} == {}


def _paths(office: Browser) -> Iterator[str]:
    for path in PAGES:
        yield path
        links = re.findall(r'href="([^"#]+)"', office.get(path).text)
        followed = re.compile(FOLLOWED.get(path, "-"))
        yield from [link for link in dict.fromkeys(links) if followed.fullmatch(link)][
            :LINKS_OF_A_LIST
        ]
    (wave, *_) = re.findall(r'href="(/waves/WV\d+)"', office.get("/waves").text)
    yield re.findall(r'href="(/waves/lists/[^"]+)"', office.get(wave).text)[0]
    yield re.findall(r'href="(/orders/\d+)"', office.get("/orders?stage=packing").text)[0]


@once
def test_the_names_of_the_roles_are_words_of_the_language(app: Flask, world: World) -> None:
    office = Office(app, world, Role.ADMINISTRATOR, None)
    reading(office, "zh_Hans")
    found = re.findall(
        r'<option value="(?:picker|packer|supervisor)">(\w+)<', office.page("/settings/users")
    )
    assert found == ["拣货员", "打包员", "主管"]


@once
@each_language
def test_the_stations_have_no_english_left(app: Flask, world: World, locale: str) -> None:
    world.product("A", weight_grams=300, barcode="4006381333931")
    world.stock("A", 20)
    picked_shipment(world, {"A": 2})
    stranger = Browser(app).get("/stations/log-in", headers={"Accept-Language": "zh-TW"}).text
    assert foreign(stranger) == set()
    bench = Bench(app, world)
    reading(bench, locale)
    for path in ("pack", "me", "devices", "tasks"):
        assert foreign(bench.get(f"/stations/{path}").text) == set(), path
    opened = [
        bench.scan(raw)
        for raw in (
            own_code(Own.TOTE, "W1T1"),
            "4006381333931",
            own_code(Own.COMMAND, Command.SHORT),
            own_code(Own.COMMAND, Command.UNDO),
            "4006381333931",
            "nothing-like-this",
        )
    ]
    for answer in opened:
        assert foreign(answer["html"].replace("nothing-like-this", "")) == set(), answer["code"]
    weighed = bench.send("/stations/weigh", _weight(650)).json
    assert foreign(weighed["html"]) == set()


def _weight(grams: int) -> dict[str, object]:
    scan_id = "00000000-0000-4000-8000-000000000001"
    return {"scan_id": scan_id, "grams": grams, "source": "scale"}


@once
@each_language
def test_a_picker_reads_the_handheld_in_the_own_language(
    app: Flask, world: World, locale: str
) -> None:
    world.product("A")
    world.stock("A", 20)
    release(world, [{"A": 2}])
    handheld = Office(app, world, Role.SUPERVISOR)
    reading(handheld, locale)
    assert foreign(handheld.page("/stations/pick")) == set()
    claim(world, "picker1")
    change(update(table_of(User)).values(locale=locale))
    assert foreign(handheld.page("/stations/tasks")) == set()


@once
@pytest.mark.parametrize(("locale", "title"), [("zh_Hant", "揀貨單"), ("zh_Hans", "拣货单")])
def test_a_pick_list_on_paper_is_in_the_language_of_who_prints_it(
    app: Flask, world: World, locale: str, title: str
) -> None:
    world.product("A")
    world.stock("A", 20)
    number = release(world, [{"A": 2}])
    office = Office(app, world, Role.SUPERVISOR)
    (number,) = re.findall(
        r"/waves/lists/([^\"]+)\"",
        office.page(re.findall(r'href="(/waves/WV\d+)"', office.page("/waves"))[0]),
    )[:1]
    path = f"/waves/lists/{number}.pdf"
    assert "Pick list" in extract_text(BytesIO(office.get(path).data))
    reading(office, locale)
    paper = extract_text(BytesIO(office.get(path).data))
    assert title in paper
    assert "Pick list" not in paper


@once
@pytest.mark.parametrize(("locale", "word"), [("zh_Hant", "復原"), ("zh_Hans", "撤销")])
def test_the_sheet_of_commands_is_in_the_language_of_who_prints_it(
    app: Flask, world: World, locale: str, word: str
) -> None:
    bench = Bench(app, world)
    reading(bench, locale)
    assert word in extract_text(BytesIO(bench.get("/stations/commands.pdf").data))


def test_who_is_not_logged_in_chooses_the_language_of_the_log_in_page(
    app: Flask, world: World
) -> None:
    for page in ("/log-in", "/stations/log-in"):
        browser = Browser(app)
        assert '<html lang="en">' in browser.get(page).text
        chosen = browser.submit(
            "/log-in/language", page=page, form={"locale": "zh_Hans", "next": page}
        )
        assert (chosen.status_code, chosen.location) == (303, page)
        shown = browser.get(page, headers={"Accept-Language": "en"}).text
        assert '<html lang="zh-Hans">' in shown
        assert '<option value="zh_Hans" lang="zh-Hans" selected>' in shown


def test_a_language_that_there_is_not_is_passed_over_at_the_log_in(app: Flask) -> None:
    browser = Browser(app)
    browser.submit("/log-in/language", page="/log-in", form={"locale": "<script>"})
    assert '<html lang="en">' in browser.get("/log-in").text


def test_the_person_s_language_counts_more_than_the_one_of_the_browser(
    app: Flask, world: World
) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    office.client.set_cookie("language", "zh_Hans")
    assert '<html lang="en">' in office.page("/orders")


def test_a_language_can_be_chosen_at_the_station_and_leads_back(app: Flask, world: World) -> None:
    bench = Bench(app, world)
    page = bench.get("/stations/me").text
    assert 'name="locale"' in page
    assert 'name="next" value="/stations/me"' in page
    bench.submit(
        "/language",
        page="/stations/me",
        form={"locale": "zh_Hant", "units": "metric", "next": "/stations/me"},
    )
    assert "請掃描物流箱。" in bench.get("/stations/pack").text
    assert bench.scan("x")["message"] == "這裡沒有開啟的訂單。請先掃描物流箱。"


def test_weights_are_shown_in_the_units_that_the_person_chose(app: Flask, world: World) -> None:
    world.product("A", weight_grams=1240)
    office = Office(app, world, Role.SUPERVISOR)
    assert "1.24 kg" in text_of(office.page("/products"))
    reading(office, "en", "imperial")
    assert "2 lb 11.7 oz" in text_of(office.page("/products"))
    assert "kg " not in text_of(office.page("/products")).replace("kg / g", "")
    carton = text_of(office.page(f"/warehouses/{world.warehouses['W1']}"))
    assert "1.8 oz" in carton  # a tare of 50 g


def test_units_that_there_are_not_are_refused(app: Flask, world: World) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    answer = office.submit("/language", page="/", form={"locale": "en", "units": "stone"})
    assert answer.status_code == 422
    assert "kg / g" in office.page("/")


def test_an_administrator_sets_the_language_and_units_of_somebody(app: Flask, world: World) -> None:
    office = Office(app, world, Role.ADMINISTRATOR, None)
    picker = world.people["picker1"].user_id
    office.submit(
        f"/settings/users/{picker}",
        form={"name": "Picker", "active": "on", "locale": "zh_Hant", "units": "imperial"},
    )
    found = people.read_user(system(), picker)
    assert (found.locale, found.units) == ("zh_Hant", "imperial")
    assert '<option value="imperial" selected>' in office.page(f"/settings/users/{picker}")


def test_moments_are_in_the_form_of_the_reader(app: Flask, world: World) -> None:
    change(update(table_of(Warehouse)).values(timezone="Asia/Taipei"))
    world.product("A")
    world.stock("A", 20)
    release(world, [{"A": 2}])
    office = Office(app, world, Role.SUPERVISOR)
    english = re.findall(r"<time [^>]+>([^<]+)</time>", office.page("/waves"))
    assert english
    assert all(re.fullmatch(r"[A-Z][a-z]{2} \d+, \d{4} \d\d:\d\d CST", one) for one in english)
    reading(office, "zh_Hant")
    chinese = re.findall(r"<time [^>]+>([^<]+)</time>", office.page("/waves"))
    assert all(re.fullmatch(r"\d{4}年\d+月\d+日 \d\d:\d\d CST", one) for one in chinese)
