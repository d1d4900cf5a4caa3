"""Waves, pick lists, tasks and stock on the pages of the office."""

from __future__ import annotations

import re

import numpy as np
import pytest
import zxingcpp
from flask import Flask
from sqlalchemy import update

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.people import Role
from fulfillment.services import cancelling, tasks
from fulfillment.services.orders.intake import take_order
from fulfillment.store.catalog import Product
from fulfillment.store.orders import Shipment
from fulfillment.store.stock import StockMove
from fulfillment.store.work import PickList, Task, Wave
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.office import Office, complaint, rows, words
from tests.support.orders import an_order
from tests.support.web import Browser
from tests.support.world import World, change

HOSTILE = "<b onclick=x>Apple</b>"


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """The supervisor of W1, with 20 of product A in two bins."""
    world.product("A", name=HOSTILE)
    world.stock("A", 10)
    world.stock("A", 10, bin_code="W1-A-02-1-1")
    return Office(app, world, Role.SUPERVISOR)


def allocated(office: Office, world: World, *quantities: int) -> None:
    for quantity in quantities:
        take_order(world.people["admin"], an_order(("A", quantity)))
    office.done("/orders/allocate", on="/waves")


# --- waves ---------------------------------------------------------------------------------------


def test_what_waits_for_a_van_is_released_by_its_row(office: Office, world: World) -> None:
    assert "Nothing waits for release here." in office.page("/waves")
    allocated(office, world, 1, 3)
    page = office.page("/waves")
    ((service, _cut_off, shipments, singles, pieces, _button),) = rows(
        page, "Shipments with stock, the next van first; held ones are left out"
    )
    assert (service, shipments, singles, pieces) == ("LOCAL/STD", "2", "1", "4")
    form = dict(re.findall(r'name="(service_id|cut_off_before)" value="([^"]+)"', page))
    shown = office.done("/waves", on="/waves", warehouse_id=world.warehouses["W1"], **form)
    assert "2 shipments are released as wave" in shown
    assert codes(Shipment, "state") == [("released",), ("released",)]


def test_a_choice_is_looked_at_before_it_is_released(office: Office, world: World) -> None:
    allocated(office, world, 1, 3, 4)
    single = {"warehouse_id": world.warehouses["W1"], "items": "single"}
    looked = office.press("/waves", on="/waves", **single, act="look")
    assert "1 shipment fits." in words(looked.text)
    assert codes(Wave, "id") == []
    shown = office.done("/waves", on="/waves", **single, act="release")
    assert "1 shipment is released" in shown
    nothing = office.refused("/waves", on="/waves", **single, act="release")
    assert complaint(nothing) == "There is nothing to do: nothing waits for release."
    wrong = office.refused("/waves", on="/waves", **single, cut_off_before="soon")
    assert "Van leaves before is not a date and time: soon" in complaint(wrong)
    late = office.refused(
        "/waves", on="/waves", **single | {"items": "any"}, cut_off_before="2001-01-01T00:00"
    )
    assert late.status_code == 409


def test_a_wave_of_another_warehouse_is_not_there(office: Office, world: World) -> None:
    response = office.press("/waves", on="/waves", warehouse_id=world.warehouses["W2"])
    assert response.status_code == 404
    assert office.get(f"/waves?warehouse_id={world.warehouses['W2']}").status_code == 404


def test_a_pick_list_shows_its_bins_in_walking_order_with_barcodes(
    office: Office, world: World
) -> None:
    allocated(office, world, 12)
    office.done("/waves", on="/waves", warehouse_id=world.warehouses["W1"], act="release")
    (wave,) = codes(Wave, "number")
    (found,) = codes(PickList, "number")
    lists = rows(office.page(f"/waves/{wave.number}"), "Its pick lists")
    assert lists[0][0] == found.number
    page = office.page(f"/waves/lists/{found.number}")
    assert HOSTILE not in page
    assert HOSTILE in words(page)
    assert re.findall(r"\d\. (W1-A-\S+)</h3>", page) == ["W1-A-01-1-1", "W1-A-02-1-1"]
    taken = [rows(page, f"From W1-A-{code}-1-1")[0][4] for code in ("01", "02")]
    assert sorted(map(int, taken)) == [2, 10]
    drawn = re.findall(r'aria-label="([^"]+)" viewBox', page)
    assert drawn == [
        own_code(Own.PICK_LIST, found.number),
        own_code(Own.LOCATION, "W1-A-01-1-1"),
        own_code(Own.LOCATION, "W1-A-02-1-1"),
    ]
    assert [read_back(svg) for svg in re.findall(r"<svg.*?</svg>", page)] == drawn
    pdf = office.get(f"/waves/lists/{found.number}.pdf")
    assert pdf.data.startswith(b"%PDF")
    assert office.get("/waves/lists/PL999999").status_code == 404


def read_back(svg: str) -> str:
    """What a reader sees in the bars."""
    width = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]  # it is there
    row = np.full(width, 255, dtype=np.uint8)
    for x, bar in re.findall(r"M(\d+) 0h(\d+)", svg):
        row[int(x) : int(x) + int(bar)] = 0
    picture = np.repeat(np.tile(row, (60, 1)), 3, axis=1)
    (found,) = zxingcpp.read_barcodes(np.ascontiguousarray(picture))
    return str(found.text)


# --- tasks ---------------------------------------------------------------------------------------


def test_open_tasks_are_listed_and_given_back(office: Office, world: World) -> None:
    assert "Nothing is to be done here." in office.page("/tasks")
    shipment_id = picked_shipment(world, {"A": 2})
    BenchDriver(world).open()
    (order,) = codes(Shipment, "order_id", id=shipment_id)
    cancelling.cancel_order(world.people["supervisor1"], order_id=order.order_id, reason="no")
    (task,) = codes(Task, "id")
    tasks.claim_task(world.people["picker1"], task_id=task.id)
    (row,) = rows(
        office.page("/tasks?kind=put-back"), "Work that is done by scans, the oldest first"
    )
    assert row[1:3] == ["put back", "W1T1"]
    assert row[8].startswith("Picker1")
    assert "Nothing is to be done here." in office.page("/tasks?kind=count")
    shown = office.done(f"/tasks/{task.id}/give-back", on="/tasks")
    assert "Anybody may take the task now." in shown
    assert codes(Task, "claimed_by_id") == [(None,)]


# --- stock ---------------------------------------------------------------------------------------

PRODUCTS = "On hand is everywhere in the house; available can be promised"


def test_stock_is_shown_by_product_by_place_and_by_move(office: Office, world: World) -> None:
    allocated(office, world, 4)
    change(update(Product).values(low_stock_level=50))
    (row,) = rows(office.page("/stock"), PRODUCTS)
    assert row[2:] == ["20", "0", "0", "4", "16"]
    assert "low: 16 of 50" in row[1]
    assert "This warehouse has no such product." in office.page("/stock?sku=ZZ")
    places = rows(office.page("/stock/places?location=w1-a-02-1-1"), "What lies where")
    assert [cells[0] for cells in places] == ["W1-A-02-1-1"]
    product = office.page(f"/stock/products/{world.products['A']}")
    assert [cells[3] for cells in rows(product, "Moves, the newest first")] == ["10", "10"]
    assert HOSTILE not in product
    place = office.page("/stock/places/W1-A-01-1-1")
    assert [cells[5] for cells in rows(place, "Moves, the newest first")] == ["W1-A-01-1-1"]
    assert office.get("/stock/places/W2-A-01-1-1").status_code == 404
    assert office.get("/stock/places/NOWHERE").status_code == 404


def units(world: World, **more: str) -> dict[str, str]:
    return {"seller_id": str(world.seller_id), "sku": "A", "form_key": "one-drawing", **more}


def test_stock_is_adjusted_once_for_each_form(office: Office, world: World) -> None:
    form = units(world, location="w1-a-01-1-1", how="by", quantity="-3", reason="broken")
    shown = office.done("/stock/adjust", on="/stock/change", **form)
    assert "W1-A-01-1-1 holds 7 × A now: 0 reserved, 0 held." in shown
    again = office.done("/stock/adjust", on="/stock/change", **form)
    assert "This form was sent before; it counted once." in again
    assert world.balance("W1-A-01-1-1", "A") == (7, 0, 0)
    other = office.refused("/stock/adjust", on="/stock/change", **{**form, "quantity": "-4"})
    assert "was used before" in complaint(other)
    figure = units(world, location="W1-A-01-1-1", how="to", quantity="9", reason="counted")
    office.done("/stock/adjust", on="/stock/change", **{**figure, "form_key": "another"})
    assert world.balance("W1-A-01-1-1", "A") == (9, 0, 0)


def test_stock_is_moved_and_received(office: Office, world: World) -> None:
    form = units(
        world, source="W1-A-01-1-1", target="W1-A-05-1-1", quantity="4", reason="nearer the dock"
    )
    office.done("/stock/move", on="/stock/change", **form)
    assert world.balance("W1-A-05-1-1", "A") == (4, 0, 0)
    received = units(world, location="W1-A-06-1-1", quantity="5", document="DN-1", form_key="k2")
    shown = office.done("/stock/receive", on="/stock/change", **received)
    assert "W1-A-06-1-1 holds 5 × A now" in shown
    notes = codes(StockMove, "note", reason="receipt")
    assert notes[-1].note == "DN-1"


@pytest.mark.parametrize(
    ("path", "form", "told"),
    [
        ("adjust", {"location": "W1-A-01-1-1", "quantity": "-11"}, "Only 10 of 11"),
        (
            "adjust",
            {"location": "W1-A-01-1-1", "quantity": "1.5"},
            "Quantity is not a whole number",
        ),
        ("adjust", {"location": "W1-A-01-1-1", "quantity": "0"}, "nothing to do"),
        ("adjust", {"location": "NOWHERE", "quantity": "1"}, "There is no place NOWHERE."),
        ("adjust", {"location": "W2-A-01-1-1", "quantity": "1"}, "There is no place"),
        ("adjust", {"location": "W1T1", "quantity": "1"}, "no place where stock is kept by hand"),
        (
            "adjust",
            {"location": "W1-A-01-1-1", "quantity": "1", "lot": "L"},
            "Lot is not asked for",
        ),
        (
            "adjust",
            {"location": "W1-A-01-1-1", "quantity": "1", "sku": "B"},
            "There is no product B",
        ),
        ("adjust", {"location": "W1-A-01-1-1", "quantity": "1", "reason": ""}, "Reason is missing"),
        (
            "adjust",
            {"location": "W1-A-01-1-1", "quantity": "1", "reason": "a\0b"},
            "cannot be stored",
        ),
        (
            "move",
            {"source": "W1-A-01-1-1", "target": "W2-A-01-1-1", "quantity": "1"},
            "There is no place",
        ),
        (
            "move",
            {"source": "W1-A-01-1-1", "target": "W1-A-01-1-1", "quantity": "1"},
            "To is the place where it is already",
        ),
        ("receive", {"location": "W1-A-01-1-1", "quantity": "0", "document": "D"}, "out of range"),
    ],
)
def test_a_wrong_change_of_stock_is_told_at_its_form(
    office: Office, world: World, path: str, form: dict[str, str], told: str
) -> None:
    typed = units(world, how="by", reason="mended") | form
    response = office.refused(f"/stock/{path}", on="/stock/change", **typed)
    assert told in complaint(response)


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.PICKER, Role.PACKER])
def test_the_floor_gets_no_page_of_the_office(app: Flask, world: World, role: Role) -> None:
    floor = Office(app, world, role)
    for path in ("/orders", "/review", "/waves", "/tasks", "/stock", "/stock/change", "/products"):
        assert floor.get(path).status_code == 403, path
    assert "/orders" not in floor.page("/")
    assert "Orders by stage" not in floor.page("/")
    response = floor.submit("/stock/adjust", page="/password", form={"sku": "A"})
    assert response.status_code == 403


def test_nobody_who_is_not_logged_in_sees_anything(app: Flask, world: World) -> None:
    for path in ("/", "/orders", "/stock", "/imports", "/warehouses", "/audit"):
        assert Browser(app).get(path).location.startswith("/log-in"), path
