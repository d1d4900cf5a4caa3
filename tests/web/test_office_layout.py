"""The layout of a warehouse on its page, and the walk of a pick list on the map and on paper."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy import select, update

from fulfillment.domain.people import Role
from fulfillment.services.orders.intake import take_order
from fulfillment.store.catalog import Location, Warehouse
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Shipment
from fulfillment.store.work import PickList
from tests.labels.reading import text_of
from tests.support.benches import codes
from tests.support.office import Office, complaint, words
from tests.support.orders import an_order
from tests.support.world import World, change, fetch

FORM = {
    "aisle_x": "0 4; 8",
    "cross_y": "0 20",
    "depot_aisle": "1",
    "depot_cross": "0",
    "reason": "as built",
}
FILE = """\
kind,code,aisle,cross_aisle,x_metres,y_metres
aisle,,0,,0,
aisle,,1,,4,
cross-aisle,,,0,,0
cross-aisle,,,1,,20
depot,,0,0,,
bin,W1-A-01-1-1,0,,-0.5,2
bin,W1-A-02-1-1,1,,4.5,18
bin,W1-NEW,1,,,19
"""


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """The supervisor of W1."""
    return Office(app, world, Role.SUPERVISOR)


def path(world: World, warehouse: str = "W1") -> str:
    return f"/warehouses/{world.warehouses[warehouse]}/layout"


def layout() -> object:
    return fetch(select(Warehouse.layout).where(Warehouse.code == "W1"))[0][0]


def upload(office: Office, world: World, text: str) -> object:
    form = {"reason": "as built", "file": (io.BytesIO(text.encode()), "floor.csv")}
    return office.submit(
        f"{path(world)}/file", page=path(world), form=form, content_type="multipart/form-data"
    )


def test_a_layout_is_drawn_with_a_form_shown_and_taken_away(office: Office, world: World) -> None:
    assert "No layout is drawn" in words(office.page(path(world)))
    office.done(path(world), on=path(world), **FORM)
    assert layout() == {"aisles": 3, "aisle_x": [0, 4, 8], "cross_y": [0, 20], "depot": [1, 0]}
    page = office.page(path(world))
    (svg,) = re.findall(r"<svg class=\"map\".*?</svg>", page, re.DOTALL)
    drawn = ElementTree.fromstring(svg)  # noqa: S314  our own page
    assert len(drawn.findall("line[@class='aisle']")) == 3
    assert len(drawn.findall("line[@class='cross-aisle']")) == 2
    assert drawn.find("path").get("d", "").count("z") == 6
    assert drawn.findtext("title") == "Map: 3 aisles, 2 cross-aisles, 6 bins"
    (entry,) = codes(AuditEntry, "details", "reason", act="layout-drawn")
    assert entry.reason == "as built"
    assert entry.details["before"] is None
    refused = office.refused(f"{path(world)}/remove", on=path(world), reason="rebuilt")
    assert "must be ticked" in complaint(refused)
    office.done(f"{path(world)}/remove", on=path(world), reason="rebuilt", sure="on")
    assert layout() is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"aisle_x": "0 four"}, "Aisles is not a number: four"),
        ({"aisle_x": "4 0"}, "must go up from each to the next"),
        ({"aisle_x": "nan"}, "must go up from each to the next"),
        ({"aisle_x": ""}, "Aisles is missing"),
        ({"cross_y": "0"}, "needs two to five cross-aisles"),
        ({"depot_aisle": "3"}, "is no aisle of the layout"),
        ({"depot_cross": "2"}, "is no cross-aisle of the layout"),
        ({"aisle_x": " ".join(map(str, range(501)))}, "are too many: 500"),
        ({"reason": ""}, "Reason is missing"),
    ],
)
def test_a_wrong_layout_changes_nothing_and_is_told_at_its_form(
    office: Office, world: World, typed: dict[str, str], told: str
) -> None:
    refused = office.refused(path(world), on=path(world), **FORM | typed)
    assert told in complaint(refused)
    assert layout() is None


def test_a_file_draws_the_floor_and_is_the_file_that_comes_out(
    office: Office, world: World
) -> None:
    response = upload(office, world, FILE)
    assert response.status_code == 303, words(response.text)
    assert "bins placed: 3" in words(office.page(response.location))
    place = fetch(
        select(Location.aisle, Location.x_metres, Location.y_metres, Location.zone).where(
            Location.code == "W1-A-02-1-1"
        )
    )[0]
    assert tuple(place) == (1, 4.5, 18.0, "A")
    given = office.get(f"{path(world)}/layout.csv").data.decode("utf-8-sig").splitlines()
    assert [row for row in given if "W1-NEW" in row] == ["bin,W1-NEW,1,,,19.0"]
    before = layout()
    again = upload(office, world, "\n".join(given))
    assert again.status_code == 303, words(again.text)
    assert layout() == before


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (FILE.replace("1,,4.5,18", "1,,4.5,28"), "beyond the ends of the aisle: 28.0"),
        (FILE.replace("1,,4.5,18", "9,,4.5,18"), "is no aisle of the layout: 9"),
        (FILE.replace("bin,W1-NEW", "bin,W2-A-01-1-1"), "is a place of another warehouse"),
        (FILE.replace("bin,W1-NEW", "bin,W1T1"), "never changes; it is tote"),
        (FILE.replace("aisle,,0,,0,", "aisle,,0,,x,"), "is not a number"),
        (FILE.replace("kind,code", "sort,code"), "is no column"),
        ("kind,code,aisle,y_metres\nbin,W1-A-01-1-1,0,2\n", "needs a layout"),
    ],
)
def test_a_wrong_file_changes_nothing_and_every_bad_row_is_told(
    office: Office, world: World, wrong: str, told: str
) -> None:
    before = fetch(select(Location.code, Location.aisle, Location.y_metres))
    response = upload(office, world, wrong)
    assert response.status_code == 422
    assert told in words(response.text)
    assert layout() is None
    assert fetch(select(Location.code, Location.aisle, Location.y_metres)) == before


def test_only_who_may_draws_and_a_foreign_layout_is_not_there(
    app: Flask, office: Office, world: World
) -> None:
    assert office.get(path(world, "W2")).status_code == 404
    assert office.press(path(world, "W2"), on=path(world), **FORM).status_code == 404
    picker = Office(app, world, Role.PICKER)
    assert picker.get(path(world)).status_code == 403
    assert picker.submit(path(world), page="/password", form=FORM).status_code == 403
    assert layout() is None


def test_a_pick_list_shows_its_walk_and_prints_it(office: Office, world: World) -> None:
    assert upload(office, world, FILE).status_code == 303
    world.product("A")
    for code in ("W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"):
        world.stock("A", 5, bin_code=code)
    take_order(world.people["admin"], an_order(("A", 15)))
    office.done("/orders/allocate", on="/waves")
    office.done("/waves", on="/waves", warehouse_id=world.warehouses["W1"], act="release")
    (found,) = codes(PickList, "number", "walk")
    page = office.page(f"/waves/lists/{found.number}")
    # Round both aisles, or in and out of each: 48 m either way.
    assert found.walk["metres"] == 48.0
    assert "Length 48.0 m · no walk past these bins is shorter" in words(page)
    assert "not proven" not in words(page)
    unsure = {**found.walk, "proof": "not-proven", "bound_metres": 47.5}
    change(update(PickList).values(walk=unsure))
    page = office.page(f"/waves/lists/{found.number}")
    assert "Length 48.0 m · not proven to be the shortest, which is at least 47.5 m" in words(page)
    assert "Saved" in words(page)
    (svg,) = re.findall(r"<svg class=\"map\".*?</svg>", page, re.DOTALL)
    drawn = ElementTree.fromstring(svg)  # noqa: S314  our own page
    assert len(drawn.findall("circle")) == 3
    assert len(drawn.find("polyline").get("points", "").split()) == len(found.walk["points"])
    paper = text_of(office.get(f"/waves/lists/{found.number}.pdf").data)
    assert "48.0 m" in paper


def test_a_pick_list_of_a_warehouse_that_is_not_drawn_says_so(office: Office, world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    take_order(world.people["admin"], an_order(("A", 1)))
    office.done("/orders/allocate", on="/waves")
    office.done("/waves", on="/waves", warehouse_id=world.warehouses["W1"], act="release")
    (found,) = codes(PickList, "number")
    assert "is not drawn" in words(office.page(f"/waves/lists/{found.number}"))


def test_an_urgent_shipment_is_added_on_the_page_of_its_list(office: Office, world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    take_order(world.people["admin"], an_order(("A", 1)))
    office.done("/orders/allocate", on="/waves")
    office.done("/waves", on="/waves", warehouse_id=world.warehouses["W1"], act="release")
    (found,) = codes(PickList, "number")
    page = f"/waves/lists/{found.number}"
    refused = office.refused(f"{page}/join", on=page, shipment="NONE-1")
    assert "There is no shipment NONE-1." in complaint(refused)
    take_order(world.people["admin"], an_order(("A", 2)))
    office.done("/orders/allocate", on="/waves")
    (urgent,) = codes(Shipment, "number", state="allocated")
    shown = office.done(f"{page}/join", on=page, shipment=urgent.number)
    assert "The shipment is on this list" in shown
    assert codes(Shipment, "state") == [("released",), ("released",)]
