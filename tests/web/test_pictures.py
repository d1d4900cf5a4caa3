"""The address that reads a camera's pictures: codes out, errors as problems, nothing counted."""

from __future__ import annotations

import sys
import uuid
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.people import system
from fulfillment.services import people
from fulfillment.store.journal import ScanEvent
from stations import pictures
from stations.decoding import worker
from stations.gate import Gate
from tests.support.benches import codes, picked_shipment
from tests.support.drawn_codes import drawn, photo
from tests.support.picklists import release
from tests.support.web import Browser
from tests.support.world import World
from tests.web.test_stations import Bench

MUG, TOWEL, FOREIGN = "4006381333931", "9521234543213", "5901234123457"


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between the pictures of a test, which come faster than a camera's."""
    monkeypatch.setattr(pictures, "_gate", Gate(pause_seconds=0))


@pytest.fixture
def goods(world: World) -> World:
    world.product("A", weight_grams=300, barcode=MUG)
    world.product("B", weight_grams=200, barcode=TOWEL)
    for sku in "AB":
        world.stock(sku, 20)
    return world


@pytest.fixture
def bench(app: Flask, goods: World) -> Bench:
    return Bench(app, goods)


def send(browser: Browser, image: bytes, *, to: str = "pack?kind=photo", token: str) -> Any:
    """Send a picture as the page does."""
    headers = {
        "X-CSRFToken": token,
        "Content-Type": "application/octet-stream",
        "Sec-Fetch-Mode": "cors",
    }
    path = f"/stations/pictures/{to}"
    return browser.request("POST", path, data=image, headers=headers)


def read(bench: Bench, image: bytes, **more: Any) -> list[str]:
    """The codes that the address finds in a picture."""
    response = send(bench, image, token=bench.token, **more)
    assert response.status_code == 200, response.text
    return [code["raw"] for code in response.json["codes"]]


def problem(response: TestResponse) -> tuple[int, str]:
    """Status and code of a problem."""
    assert response.mimetype == "application/problem+json"
    assert response.json is not None
    assert response.json["detail"]
    return response.status_code, response.json["code"]


@pytest.mark.parametrize("kind", ["frame", "photo"])
def test_a_picture_is_answered_with_its_codes_and_counts_nothing(bench: Bench, kind: str) -> None:
    assert read(bench, photo(drawn(MUG)), to=f"pack?kind={kind}") == [MUG]
    assert codes(ScanEvent, "id") == []


def test_codes_come_as_a_scanner_would_type_them(goods: World, bench: Bench) -> None:
    gs1 = drawn("[01]09521234543213[10]AB[21]7", "DataMatrix", scale=6, gs1=True)
    tote = drawn(own_code(Own.TOTE, "W1T1"), "Code128")
    found = read(bench, photo(gs1, tote, kind="PNG"))
    assert found == ["]d2010952123454321310AB\x1d217", own_code(Own.TOTE, "W1T1")]
    picked_shipment(goods, {"A": 1})
    assert bench.scan(found[1])["code"] == "opened"


def test_what_the_open_order_misses_comes_first_and_nothing_is_made_up(
    goods: World, bench: Bench
) -> None:
    picked_shipment(goods, {"B": 1, "A": 1})
    bench.scan(own_code(Own.TOTE, "W1T1"))
    image = photo(drawn(FOREIGN), drawn(MUG))
    assert read(bench, image) == [MUG, FOREIGN]
    bench.scan(MUG)
    assert read(bench, image) == [FOREIGN, MUG]


def test_equal_items_at_two_places_are_two_codes(bench: Bench) -> None:
    assert read(bench, photo(drawn(MUG), drawn(TOWEL), drawn(MUG))) == [MUG, TOWEL, MUG]


def test_on_the_handheld_the_bin_of_the_stop_comes_first(app: Flask, goods: World) -> None:
    release(goods, [{"A": 1}])
    picker = people.reset_password(system(), goods.people["picker1"].user_id)
    handheld = Browser(app)
    handheld.log_in("picker1", picker.first_password)
    token = choose_password(handheld, picker.first_password)
    place = own_code(Own.LOCATION, "W1-A-01-1-1")
    image = photo(drawn(FOREIGN), drawn(place, "Code128"))
    path = "pick?kind=photo"

    def found() -> list[str]:
        response = send(handheld, image, to=path, token=token)
        return [code["raw"] for code in response.json["codes"]]

    assert found() == [FOREIGN, place]
    claim = {"scan_id": str(uuid.uuid4()), "raw": own_code(Own.COMMAND, "CLAIM"), "list": None}
    handheld.request("POST", "/stations/pick/scan", json=claim, headers={"X-CSRFToken": token})
    assert found() == [place, FOREIGN]


def choose_password(handheld: Browser, first: str) -> str:
    """Have a password of one's own, as the first log-in asks; the form token from then on."""
    handheld.submit("/password", form={"old": first, "new": "a long walk to aisle 9"})
    return str(handheld.get("/stations/pick/state").json["csrf"])


@pytest.mark.parametrize(
    ("image", "to", "answer"),
    [
        (b"", "pack?kind=frame", (422, "not-a-picture")),
        (b"no picture" * 99, "pack?kind=photo", (422, "not-a-picture")),
        (photo(drawn(MUG))[:900], "pack?kind=photo", (422, "not-a-picture")),
        (b"\xff\xd8" + b"\0" * 1_000_000, "pack?kind=frame", (413, "picture-too-large")),
        (b"\xff\xd8" + b"\0" * 20_000_000, "pack?kind=photo", (413, "picture-too-large")),
        (photo(drawn(MUG)), "pack?kind=film", (422, "invalid-input")),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_problem(
    bench: Bench, image: bytes, to: str, answer: tuple[int, str]
) -> None:
    assert problem(send(bench, image, to=to, token=bench.token)) == answer


def test_a_picture_of_too_many_pixels_is_too_large(bench: Bench) -> None:
    wide = drawn(MUG).repeat(40, axis=0)[:5000].repeat(12, axis=1)
    response = send(bench, photo(wide), token=bench.token)
    assert problem(response) == (413, "picture-too-large")
    assert response.json["most_pixels"] == 20_000_000


def test_a_decoder_that_does_not_start_is_said_and_the_next_picture_is_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker._shared.stop()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        response = send(bench, photo(drawn(MUG)), token=bench.token)
    assert problem(response) == (503, "decoder-stopped")
    assert read(bench, photo(drawn(MUG))) == [MUG]


def test_too_many_pictures_are_told_to_come_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_gate", Gate(at_once=0))
    response = send(bench, photo(drawn(MUG)), token=bench.token)
    assert problem(response) == (429, "decoder-busy")
    assert response.headers["Retry-After"] == "1"


def test_a_picture_needs_the_form_token_and_a_log_in(bench: Bench) -> None:
    image = photo(drawn(MUG))
    assert problem(send(bench, image, token="wrong")) == (400, "bad-request")
    bench.client.delete_cookie("session")
    assert problem(send(bench, image, token=bench.token)) == (401, "not-logged-in")


def test_the_log_says_that_a_camera_read_the_code(goods: World, bench: Bench) -> None:
    picked_shipment(goods, {"A": 2})
    bench.scan(own_code(Own.TOTE, "W1T1"))
    sent = {"scan_id": str(uuid.uuid4()), "raw": MUG, "source": "camera"}
    assert bench.send("/stations/scan", sent).json["code"] == "counted"
    assert codes(ScanEvent, "code", "source") == [("opened", "scanner"), ("counted", "camera")]
    for wrong in ("guess", ["camera"], 7):
        refused = bench.send("/stations/scan", {**sent, "source": wrong})
        assert (refused.status_code, refused.json["code"]) == (409, "invalid-input")
