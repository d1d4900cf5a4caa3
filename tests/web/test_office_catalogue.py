"""Imports, products, warehouses and the audit on the pages of the office."""

from __future__ import annotations

import io
import re
from datetime import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update
from werkzeug.test import TestResponse

from fulfillment.domain.imports import COLUMNS, KINDS
from fulfillment.domain.people import Role
from fulfillment.store.catalog import (
    CarrierService,
    Carton,
    CutOff,
    Holiday,
    KitComponent,
    Location,
    Product,
    ProductBarcode,
    ServicePrice,
    Warehouse,
)
from fulfillment.store.inbound import ImportRun
from fulfillment.store.orders import Order
from fulfillment.store.stock import StockBalance
from tests.support.benches import codes
from tests.support.office import Office, complaint, fingerprint, rows, words
from tests.support.web import Browser
from tests.support.world import World, change

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """The supervisor of W1; product A is there."""
    world.product("A", name="Apple")
    return Office(app, world, Role.SUPERVISOR)


def upload(office: Browser, content: bytes, *, kind: str = "products", **form: Any) -> TestResponse:
    """Choose a file and press the button."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', office.get("/imports").text)
    assert found
    fields = {"csrf_token": found[1], "kind": kind, "seller": "SHOP", "act": "import", **form}
    if content:
        fields["file"] = (io.BytesIO(content), "goods.csv")
    return office.request("POST", "/imports", data=fields)


# --- imports -------------------------------------------------------------------------------------


def test_a_file_goes_in_and_is_on_record(office: Office) -> None:
    assert "No file yet." in office.page("/imports")
    response = upload(office, b"sku,name,weight_grams\nB,Bean,12\nC,Corn,7\n")
    assert response.status_code == 303
    shown = words(office.page(response.location))
    assert "The file went in whole." in shown
    assert "New 2" in shown
    assert codes(Product, "name", sku="C") == [("Corn",)]
    ((name, _time, kind, *_rest),) = rows(
        office.page("/imports"), "Files that were read, the newest first"
    )
    assert (name, kind) == ("goods.csv", "products")


def test_a_wrong_file_is_told_row_by_row_and_nothing_of_it_goes_in(office: Office) -> None:
    content = f"sku,name,weight_grams\nB,Bean,heavy\nC,,5\nD,{HOSTILE.replace(',', ' ')},-1\n"
    response = upload(office, content.encode())
    assert response.status_code == 422
    table = rows(response.text, "What is wrong, by row and column; the heading is row 1")
    assert [row[:2] for row in table] == [
        ["2", "weight_grams"],
        ["3", "name"],
        ["4", "weight_grams"],
    ]
    assert "nothing of the file went in" in words(response.text)
    assert (
        "onerror=" not in response.text.replace("&#34;", "").replace("&lt;", "<").split("<table")[0]
    )
    assert codes(Product, "sku") == [("A",)]
    (run,) = codes(ImportRun, "id", "accepted")
    assert not run.accepted
    assert "3 faults" in words(office.page(f"/imports/{run.id}"))


def test_a_file_is_checked_without_leaving_a_trace(office: Office) -> None:
    before = fingerprint()
    response = upload(office, b"sku,name\nB,Bean\n", act="check")
    assert "The file is right; nothing was changed yet." in words(response.text)
    assert fingerprint() == before


def test_the_encoding_of_a_file_is_chosen_from_what_it_would_read(office: Office) -> None:
    content = "sku,name\nT,茶杯\n".encode("big5")
    asked = upload(office, content)
    assert asked.status_code == 422
    assert "The file does not say its encoding." in complaint(asked)
    offered = re.findall(r'name="encoding" id="encoding-([a-z0-9-]+)"', asked.text)
    assert "big5" in offered
    assert "茶杯" in asked.text
    kept = dict(re.findall(r'name="(kept|kept_name)" value="([^"]+)"', asked.text))
    assert kept["kept_name"] == "goods.csv"
    response = upload(office, b"", encoding="big5", **kept)
    assert response.status_code == 303
    assert codes(Product, "name", sku="T") == [("茶杯",)]


@pytest.mark.parametrize(
    ("content", "form", "told"),
    [
        (b"", {}, "File is missing"),
        (b"", {"kept": "%%%", "kept_name": "x.csv"}, "File"),
        (b"a,b\n", {"kind": "nonsense"}, "Kind must be one of"),
        (b"a,b\n", {"encoding": "rot13"}, "Encoding must be one of"),
        (b"sku,bin,quantity\nA,W1-A-01-1-1,1\n", {"kind": "stock"}, "Document number is missing"),
        (b"PK\x03\x04nonsense", {}, "cannot be read"),
        (b"sku,name\nB,Bean\n", {"seller": "NOBODY"}, "There is no seller NOBODY."),
    ],
)
def test_a_wrong_upload_is_told_at_its_form(
    office: Office, content: bytes, form: dict[str, str], told: str
) -> None:
    before = fingerprint()
    response = upload(office, content, **form)
    assert 400 <= response.status_code < 500
    assert told in complaint(response)
    assert fingerprint() == before


def test_stock_and_orders_come_by_file(office: Office, world: World) -> None:
    stock = b"sku,bin,quantity\nA,W1-A-01-1-1,4\n"
    for _ in range(2):
        upload(office, stock, kind="stock", document="DN-1")
    assert world.balance("W1-A-01-1-1", "A") == (4, 0, 0)
    orders = (
        b"reference,sku,quantity,placed_at,currency,country,name\n"
        b"R1,A,1,2026-03-04T09:00:00,GBP,GB,A Customer\n"
    )
    assert upload(office, orders, kind="orders").status_code == 303
    assert len(codes(Order, "id")) == 1


def test_every_kind_of_file_has_an_empty_one_with_its_heading(office: Office) -> None:
    page = office.page("/imports")
    for kind in KINDS:
        assert f"/imports/templates/{kind}.csv" in page
        heading = office.get(f"/imports/templates/{kind}.csv").data.decode("utf-8-sig")
        assert heading.strip().split(",") == [column.name for column in COLUMNS[kind]]
    assert office.get("/imports/templates/nonsense.csv").status_code == 404


# --- products ------------------------------------------------------------------------------------


def test_a_product_is_made_changed_and_found(office: Office) -> None:
    shown = office.done("/products", on="/products", seller="SHOP", sku="M/1 x", name=HOSTILE)
    assert "Product M/1 x is there." in shown
    (product,) = codes(Product, "id", sku="M/1 x")
    path = f"/products/{product.id}"
    assert HOSTILE not in office.page(path)
    office.done(
        path,
        on=path,
        name="Mug",
        weight_grams="350",
        low_stock_level="10",
        tracking="lot",
        tags="fragile, blue ",
        active="on",
    )
    found = codes(Product, "name", "weight_grams", "tracking", "tags", "has_expiry", "active")[-1]
    assert tuple(found) == ("Mug", 350, "lot", ["fragile", "blue"], False, True)
    assert len(rows(office.page("/products?seller=SHOP&text=mug"), "Products of SHOP")) == 1
    assert "No product fits." in office.page("/products?text=nothing")
    wrong = office.refused(path, on=path, name="Mug", weight_grams="0", tracking="none")
    assert "Weight in grams is out of range" in complaint(wrong)
    assert 'value="0"' in wrong.text


def test_a_product_s_barcodes_are_added_and_taken_away(office: Office, world: World) -> None:
    path = f"/products/{world.products['A']}"
    world.product("B")
    shown = office.done(
        f"{path}/barcodes", on=path, code="4006381333931", kind="case", quantity="12"
    )
    assert "04006381333931 case 12" in shown
    taken = office.refused(
        f"/products/{world.products['B']}/barcodes",
        on=f"/products/{world.products['B']}",
        code="4006381333931",
        kind="each",
        quantity="1",
    )
    assert "Code names another product: 04006381333931: A" in complaint(taken)
    foreign = office.refused(
        f"/products/{world.products['B']}/barcodes/remove",
        on=f"/products/{world.products['B']}",
        code="04006381333931",
    )
    assert complaint(foreign) == "There is no barcode 04006381333931."
    office.done(f"{path}/barcodes/remove", on=path, code="04006381333931")
    assert [row.code for row in codes(ProductBarcode, "code")] == ["A", "B"]


def test_a_kit_is_put_together(office: Office, world: World) -> None:
    world.product("SET")
    path = f"/products/{world.products['SET']}"
    shown = office.done(f"{path}/kit", on=path, components="3 A")
    assert "3 × A" in shown
    wrong = office.refused(f"{path}/kit", on=path, components="x A")
    assert "Components is not a whole number" in complaint(wrong)
    office.done(f"{path}/kit", on=path, components="")
    assert codes(KitComponent, "quantity") == []


# --- warehouses ----------------------------------------------------------------------------------


def test_a_warehouse_s_vans_holidays_and_cartons_are_changed(office: Office, world: World) -> None:
    path = f"/warehouses/{world.warehouses['W1']}"
    assert "LOCAL/STD 17:00 Mon Tue Wed Thu Fri Sat Sun" in words(office.page(path))
    office.done(
        f"{path}/cut-offs", on=path, service="LOCAL/STD", times="11:30 12345\r\n16:00 6\r\n"
    )
    mine = codes(CutOff, "local_time", "weekdays", warehouse_id=world.warehouses["W1"])
    assert [tuple(row) for row in mine] == [(time(11, 30), [0, 1, 2, 3, 4]), (time(16), [5])]
    for times in ("25:00 1", "10:00 8", "10:00 x", "10:00 11"):
        assert office.refused(
            f"{path}/cut-offs", on=path, service="LOCAL/STD", times=times
        ).status_code in (422, 404)
    office.done(f"{path}/holidays", on=path, days="2026-12-25\n2026-12-26")
    assert len(codes(Holiday, "day")) == 2
    wrong = office.refused(f"{path}/holidays", on=path, days="Christmas")
    assert "Days is not a date: Christmas" in complaint(wrong)
    carton = {
        "code": "xl",
        "name": "Large",
        "length_mm": "600",
        "width_mm": "400",
        "height_mm": "400",
        "tare_grams": "90",
        "most_grams": "20000",
    }
    office.done(f"{path}/cartons", on=path, **carton)
    assert len(codes(Carton, "id", code="XL")) == 1
    light = office.refused(f"{path}/cartons", on=path, **{**carton, "most_grams": "10"})
    assert "is less than the carton itself weighs" in complaint(light)


def test_a_warehouse_s_places_and_address_are_changed(office: Office, world: World) -> None:
    path = f"/warehouses/{world.warehouses['W1']}"
    places = f"{path}/places"
    assert len(rows(office.page(f"{places}?kind=tote"), "Places")) == 12
    office.done(
        places,
        on=places,
        code="w1-b-01",
        kind="bin",
        zone="B",
        aisle="2",
        x_metres="1.5",
        active="on",
    )
    assert codes(Location, "zone", "aisle", "x_metres", code="W1-B-01") == [("B", 2, 1.5)]
    assert codes(StockBalance, "on_hand") == []
    kind = office.refused(places, on=places, code="W1-B-01", kind="tote", active="on")
    assert kind.status_code == 422
    number = office.refused(places, on=places, code="W1-B-02", kind="bin", x_metres="far")
    assert "x in metres is not a number: far" in complaint(number)
    address = {"lines": "2 New Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"}
    office.done(path, on=path, warehouse_name="North", timezone="Europe/London", **address)
    assert codes(Warehouse, "name", code="W1") == [("North",)]
    zone = office.refused(path, on=path, warehouse_name="North", timezone="Moon", **address)
    assert "Time zone is no time zone: Moon" in complaint(zone)
    assert office.get(f"/warehouses/{world.warehouses['W2']}").status_code == 404


def test_services_and_warehouses_are_made(app: Flask, office: Office, world: World) -> None:
    service = {"carrier": "fast", "code": "next", "name": "Next day", "first_number": "1"}
    office.done("/warehouses/services", on="/warehouses", **service, last_number="99")
    assert codes(CarrierService, "name", code="NEXT") == [("Next day",)]
    change(update(CarrierService).where(CarrierService.code == "NEXT").values(next_number=50))
    used = office.refused("/warehouses/services", on="/warehouses", **service, last_number="20")
    assert "is less than the number that was drawn last" in complaint(used)
    admin = Office(app, world, Role.ADMINISTRATOR, None)
    house = {"code": "W3", "warehouse_name": "East", "timezone": "Europe/Berlin", "country": "DE"}
    admin.done("/warehouses", on="/warehouses", **house)
    assert codes(Warehouse, "timezone", code="W3") == [("Europe/Berlin",)]
    assert admin.refused("/warehouses", on="/warehouses", **house).status_code == 422
    assert office.press("/warehouses", on="/warehouses", **house).status_code == 403


def test_prices_and_rules_by_price_and_promised_day_are_typed(
    app: Flask, office: Office, world: World
) -> None:
    price = {"service": "LOCAL/STD", "currency": "gbp", "prices": "GB; 2000; 425; 2\r\n; ; 1900; 5"}
    office.done("/warehouses/service-prices", on="/warehouses", **price)
    stored = codes(ServicePrice, "country", "most_grams", "price_minor", "currency", "days")
    assert [tuple(row) for row in stored] == [
        ("GB", 2000, 425, "GBP", 2),
        ("", None, 1900, "GBP", 5),
    ]
    assert "LOCAL/STD GB 2000 £4.25 2" in words(office.page("/warehouses"))
    for wrong in (
        "GB; 2000; 425",
        "GB; 2000; ; 2",
        "ZZ; ; 1; 1",
        "GB; ; -1; 1",
        "; ; 1; 1\n; ; 2; 2",
    ):
        again = {**price, "prices": wrong}
        assert (
            office.refused("/warehouses/service-prices", on="/warehouses", **again).status_code
            == 422
        )
    rules = "CHEAPEST; ; GB; 2000; ; in time; 1500\nLOCAL/STD"
    office.done("/warehouses/service-rules", on="/warehouses", rules=rules)
    shown = words(office.page("/warehouses"))
    assert "1 the cheapest every GB 2000 – by the promised day 1500" in shown
    assert rules in office.page("/warehouses")
    wrong_rule = office.refused(
        "/warehouses/service-rules", on="/warehouses", rules="LOCAL/STD; ; ; ; ; soon"
    )
    assert wrong_rule.status_code == 422
    packer = Office(app, world, Role.PACKER, "W1")
    assert packer.press("/warehouses/service-prices", on="/orders", **price).status_code == 403


# --- the books -----------------------------------------------------------------------------------


def test_an_administrator_of_everything_proves_the_books(app: Flask, world: World) -> None:
    world.product("A")
    world.stock("A", 3)
    admin = Office(app, world, Role.ADMINISTRATOR, None)
    before = fingerprint()
    shown = words(admin.press("/audit", on="/audit").text)
    assert "Everything balances." in shown
    assert fingerprint() == before
    change(text("UPDATE stock_balance SET on_hand = 4"))
    shown = words(admin.press("/audit", on="/audit").text)
    assert "The books do not balance." in shown
    assert "✕" in shown
    change(text("UPDATE stock_balance SET on_hand = 3"))
    local = Office(app, world, Role.ADMINISTRATOR, "W1")
    shown = words(local.press("/audit", on="/audit").text)
    assert "Only an administrator of every warehouse" in shown
    assert "balance" not in shown
