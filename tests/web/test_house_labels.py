"""Labels of bins, totes, products and badges: on their page and through the API."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.people import Role, system
from fulfillment.services import people as accounts
from tests.integration.test_house_labels import EAN, SPOOL, read
from tests.integration.test_printing_papers import choose
from tests.support.office import Office, complaint, fingerprint, rows, words
from tests.support.people import People
from tests.support.printing import set_up_printer, states
from tests.support.world import World

PAGE = "/labels"
CAPTION = "The first of them, and what a scanner reads"


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """The supervisor of W1."""
    return Office(app, world, Role.SUPERVISOR)


def test_labels_are_looked_at_and_printed_from_their_page(office: Office, world: World) -> None:
    printer_id = set_up_printer(world, SPOOL, station=None)
    w1: dict[str, Any] = {"warehouse_id": world.warehouses["W1"], "kind": "tote-label"}
    assert "look first, then print" in words(office.page(PAGE))
    typed = {**w1, "codes": "w1t2, W1T1\nW1T2", "copies": "2"}
    shown = office.press(PAGE, on=PAGE, **typed).text
    assert [row[:2] for row in rows(shown, CAPTION)] == [
        [code, own_code(Own.TOTE, code)] for code in ("W1T2", "W1T1")
    ]
    assert "Labels 4 Pages 4 Paper 100x50" in words(shown)
    choose(world, "tote-label", "a4-3x8")
    sheet = office.press(PAGE, on=PAGE, **typed, first_place="23")
    assert "Labels 4 Sheets 2 Paper a4-3x8" in words(sheet.text)
    pdf = office.press(f"{PAGE}/labels.pdf", on=PAGE, **typed)
    assert (pdf.status_code, pdf.mimetype) == (200, "application/pdf")
    assert pdf.data.startswith(b"%PDF")
    for _press in range(2):
        told = office.done(
            f"{PAGE}/print", on=PAGE, **typed, printer_id=printer_id, form_key="0123456789"
        )
        assert "4 labels are in the queue of P1" in told
    assert states() == ["queued"] * 2


def test_a_label_that_is_not_there_is_named_at_the_form_and_the_typed_list_stays(
    office: Office, world: World
) -> None:
    printer_id = set_up_printer(world, SPOOL, station=None)
    typed = {"warehouse_id": world.warehouses["W1"], "kind": "tote-label", "codes": "W1T1 W1T99"}
    for path in (PAGE, f"{PAGE}/labels.pdf", f"{PAGE}/print"):
        answer = office.refused(path, on=PAGE, **typed, printer_id=printer_id)
        said = complaint(answer)
        assert "Codes name nothing of this kind that is in use here: W1T99" in said, path
        assert "W1T1 W1T99</textarea>" in answer.text
    carts = {**typed, "kind": "cart-label", "codes": ""}
    assert "No label fits this choice" in words(office.press(PAGE, on=PAGE, **carts).text)
    wide = office.refused(f"{PAGE}/print", on=PAGE, **{**typed, "copies": "101"})
    assert "Copies is out of range: 1…100" in complaint(wide)


def test_pages_of_places_and_products_lead_to_their_labels(office: Office, world: World) -> None:
    product = world.product("A B", barcode=EAN)
    w1 = world.warehouses["W1"]
    for page, text in (
        (f"/warehouses/{w1}/places", "Print labels… W1-A-01-1-1"),
        (f"/products/{product}", "Print labels…"),
    ):
        path = _link(office.page(page), text)
        shown = office.page(path)
        assert len(rows(shown, CAPTION)) == 1, path
    assert rows(shown, CAPTION)[0][:2] == ["A B", EAN]
    for page in ("/products", f"/warehouses/{w1}/walls", "/settings/printers"):
        office.page(_link(office.page(page), "Print labels…"))


def _link(page: str, text: str) -> str:
    """Where the link with this text leads."""
    for path, inner in re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', page, re.S):
        if words(inner) == text:
            return str(path).replace("&amp;", "&")
    raise AssertionError(f"no link {text!r}")


def test_pickers_print_no_labels_and_nobody_prints_those_of_other_warehouses(
    app: Flask, office: Office, world: World
) -> None:
    accounts.give_badge(system(), world.people["packer1"].user_id, badge="P1")
    printer_id = set_up_printer(world, SPOOL, station=None)
    admin = Office(app, world, Role.ADMINISTRATOR, None)
    packer = Office(app, world, Role.PACKER)
    before = fingerprint()
    paths = (PAGE, f"{PAGE}/labels.pdf", f"{PAGE}/print")
    w1: dict[str, Any] = {"warehouse_id": world.warehouses["W1"], "printer_id": printer_id}
    w2 = {**w1, "warehouse_id": world.warehouses["W2"]}
    packer.page(PAGE, status=403)
    for path in paths:
        assert packer.press(path, on="/", **w1).status_code == 403, path
        assert office.press(path, on=PAGE, **w2).status_code == 404, path
        assert office.press(path, on=PAGE, **w1, kind="badge-label").status_code == 403, path
    assert fingerprint() == before
    assert "badge-label" not in office.page(PAGE)
    badges = admin.press(f"{PAGE}/labels.pdf", on=PAGE, **w1, kind="badge-label")
    assert read(badges.data) == [own_code(Own.BADGE, "P1")]


def test_a_program_looks_at_labels_draws_them_and_queues_them_once(
    app: Flask, world: World
) -> None:
    people = People(app, world)
    boss, where = "supervisor1", f"/warehouses/{world.warehouses['W1']}/labels"
    printer_id = set_up_printer(world, replace(SPOOL, language="zpl"), station=None)
    choice = "codes=W1T1&codes=W1T2&copies=2"
    look = people.call(boss, "GET", f"{where}/tote-label?{choice}")
    assert look == {
        "kind": "tote-label", "labels": 4, "pages": 4, "paper": "100x50", "places": 0,
        "first": [
            {"code": code, "barcode": own_code(Own.TOTE, code)} for code in ("W1T1", "W1T2")
        ],
    }  # fmt: skip
    pdf = people.send(boss, "GET", f"{where}/tote-label.pdf?{choice}")
    assert read(pdf.data)[::2] == [one["barcode"] for one in look["first"]]
    body = {"printer_id": printer_id, "key": "k1", "codes": ["W1T1", "W1T2"], "copies": 2}
    for key in ("first", "first", "second"):
        answer = people.client(boss).post(
            f"/api/v1{where}/tote-label/print-jobs", json=body, key=key
        )
        assert (answer.status_code, answer.json) == (
            201, {"printer": "P1", "jobs": 2, "labels": 4},
        )  # fmt: skip
    assert states() == ["queued"] * 2
    jobs = f"{where}/tote-label/print-jobs"
    for wrong in ({**body, "codes": ["X"]}, {**body, "copies": 101}, {**body, "key": ""}):
        assert people.refused(boss, "POST", jobs, wrong)[0] == 422, wrong
    assert people.refused(boss, "GET", f"{where}/love-letter")[0] == 422
    assert people.refused(boss, "GET", f"{where}/badge-label")[0] == 403
    for person, status in (("picker1", 403), ("supervisor1_w2", 404)):
        assert people.refused(person, "GET", f"{where}/tote-label")[0] == status
        assert people.refused(person, "GET", f"{where}/tote-label.pdf")[0] == status
        assert people.refused(person, "POST", jobs, body)[0] == status
