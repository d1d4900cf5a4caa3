"""Printers on the pages of the office, at the bench and through the API."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from fulfillment.domain.people import Role
from fulfillment.services import packing, printing
from fulfillment.services.dispatching import scan_out
from fulfillment.services.printing import PrinterSetup, working
from fulfillment.store.printing import PrintJob
from fulfillment.store.transaction import clock_set_to
from tests.support.benches import codes
from tests.support.office import Office, complaint, rows, words
from tests.support.printing import (
    Clock,
    ask_for_bin_label,
    labelled,
    set_up_printer,
    set_up_raw,
    states,
    work,
)
from tests.support.raw_printers import RawPrinterStandIn
from tests.support.web import api_client
from tests.support.world import World

PAGE = "/settings/printers"
SPOOL = PrinterSetup(name="Folder", kind="spool", address="labels")
FORM = {
    "name": "Label printer",
    "kind": "raw",
    "address": "192.0.2.7",
    "language": "zpl",
    "dpi": "300",
    "active": "on",
}


@pytest.fixture
def office(app: Flask, world: World) -> Iterator[Office]:
    """The supervisor of W1."""
    return Office(app, world, Role.SUPERVISOR)


def perhaps_printed(world: World, code: str = "W1-A-01") -> int:
    """A bin label whose worker died with its bytes under way: nobody knows."""
    clock = Clock()
    with clock_set_to(clock):
        job_id = ask_for_bin_label(world, code)
        (printer,) = working.look().printers
        assignment = working.claim(printer.printer_id)
        assert assignment is not None
        assert working.begin(assignment)
        clock.forward(minutes=5)
        working.recover()
    return job_id


# --- setting up ----------------------------------------------------------------------------------


def test_a_printer_is_added_changed_and_put_out_of_use_on_its_page(
    office: Office, world: World
) -> None:
    w1 = world.warehouses["W1"]
    assert "No printer yet" in office.page(PAGE)
    shown = office.done(PAGE, on=PAGE, warehouse_id=w1, code="p1", **FORM)
    assert "The printer is there" in shown
    ((code, _name, kind, condition, waiting, unknown),) = rows(
        office.page(PAGE), "Printers and how they were when last asked"
    )
    assert (code, waiting, unknown) == ("P1", "0", "0")
    assert kind == "network printer (port 9100) 192.0.2.7"
    assert condition.startswith("not asked yet")
    (printer,) = printing.list_printers(world.people["supervisor1"], warehouse_id=w1)
    path = f"{PAGE}/{printer.id}"
    del_active = {name: value for name, value in FORM.items() if name != "active"}
    office.done(path, on=PAGE, warehouse_id=w1, **del_active)
    assert "out of use" in office.page(PAGE)


def test_a_printer_that_is_set_up_wrong_is_refused_at_its_form(
    office: Office, world: World
) -> None:
    w1 = world.warehouses["W1"]
    wrong = {**FORM, "address": "not an address:x:y"}
    answer = office.refused(PAGE, on=PAGE, warehouse_id=w1, code="P1", **wrong)
    assert "Address is no address of a printer" in complaint(answer)
    foreign = office.press(PAGE, on=PAGE, warehouse_id=world.warehouses["W2"], code="P1", **FORM)
    assert foreign.status_code == 404


def test_a_station_is_given_its_printer_and_goes_back_to_the_browser(
    office: Office, world: World
) -> None:
    printer_id = set_up_printer(world, SPOOL, station=None)
    form = {
        "warehouse_id": world.warehouses["W1"],
        "station_id": world.stations["W1S1"],
        "document_kind": "shipping-label",
    }
    caption = "A document without a printer goes to the print dialog of the browser"
    office.done(f"{PAGE}/stations", on=PAGE, **form, printer_id=printer_id)
    assert ["W1S1", "shipping labels: P1"] in rows(office.page(PAGE), caption)
    office.done(f"{PAGE}/stations", on=PAGE, **form, printer_id="")
    assert ["W1S1", "print dialog of the browser"] in rows(office.page(PAGE), caption)
    elsewhere = {**form, "station_id": world.stations["W2S1"]}
    assert office.press(f"{PAGE}/stations", on=PAGE, **elsewhere).status_code == 404


def test_a_test_print_comes_out_once_for_each_drawn_form(
    office: Office, world: World, tmp_path: Path
) -> None:
    printer_id = set_up_printer(world, SPOOL, station=None)
    form = {"warehouse_id": world.warehouses["W1"], "form_key": "0123456789"}
    for _press in range(2):
        office.done(f"{PAGE}/{printer_id}/test", on=PAGE, **form)
    work(tmp_path)
    assert states() == ["sent"]
    assert len(list((tmp_path / "labels").iterdir())) == 1


# --- the queue -----------------------------------------------------------------------------------


def test_of_a_document_nobody_knows_about_a_person_decides(office: Office, world: World) -> None:
    set_up_printer(world, SPOOL, kinds=("shipping-label", "bin-label"))
    caption = "Nobody knows whether these came out; they are never printed again by themselves"
    form = {"warehouse_id": world.warehouses["W1"]}
    job_id = perhaps_printed(world)
    ((document, printer, station, _at, state, _decide),) = rows(office.page(PAGE), caption)
    assert (document, printer, station) == ("bin labels", "P1", "W1S1")
    assert "perhaps printed: somebody must look" in state
    office.done(f"{PAGE}/jobs/{job_id}/confirm", on=PAGE, **form)
    assert states() == ["confirmed"]
    assert caption not in office.page(PAGE)
    second = perhaps_printed(world, "W1-A-02")
    office.done(f"{PAGE}/jobs/{second}/repeat", on=PAGE, **form, reason="nothing came out")
    assert states() == ["confirmed", "failed", "queued"]
    (waiting,) = rows(office.page(PAGE), "Waiting: these come out by themselves")
    assert waiting[0] == "bin labels"
    third = codes(PrintJob, "id")[-1].id
    office.done(f"{PAGE}/jobs/{third}/cancel", on=PAGE, **form, reason="not needed")
    assert states() == ["confirmed", "failed", "cancelled"]


def test_a_label_is_printed_again_from_the_office_counted_and_not_while_it_waits(
    office: Office, world: World, tmp_path: Path
) -> None:
    set_up_printer(world, SPOOL)
    _bench, shipment_id, tracking = labelled(world)
    path = f"{PAGE}/labels/{shipment_id}/reprint"
    form = {"warehouse_id": world.warehouses["W1"], "reason": "torn"}
    refused = office.press(path, on=PAGE, **form)
    assert refused.status_code == 409
    assert f"Label {tracking} still waits for printer P1" in words(refused.text)
    work(tmp_path)
    office.done(path, on=PAGE, **form)
    assert states() == ["sent", "queued"]


def test_the_scan_at_the_dock_answers_for_a_label_that_waits_for_its_printer(
    world: World, tmp_path: Path
) -> None:
    with RawPrinterStandIn() as off:
        set_up_raw(world, off.address)
        bench, shipment_id, tracking = labelled(world)
        work(tmp_path)
        packing.ship(bench.actor, shipment_id=shipment_id)
        assert states() == ["queued"]
        dispatched = scan_out(
            world.people["packer1"],
            warehouse_id=world.warehouses["W1"],
            scan_id=str(uuid.uuid4()),
            raw=tracking,
        )
    assert dispatched.verdict.code == "shipment-dispatched"
    assert states() == ["cancelled"]


# --- the API -------------------------------------------------------------------------------------


def test_a_program_sets_a_printer_up_tests_it_and_reads_the_queue(
    app: Flask, world: World, tmp_path: Path
) -> None:
    w1, s1 = world.warehouses["W1"], world.stations["W1S1"]
    client = api_client(app, world.people["supervisor1"].user_id)
    setup = {"name": "Folder", "kind": "spool", "address": "labels"}
    made = client.post(f"/api/v1/warehouses/{w1}/printers", json={"code": "P1", **setup})
    assert made.status_code == 201
    printer_id = made.json["id"]
    changed = client.request("PUT", f"/api/v1/printers/{printer_id}", json={**setup, "dpi": 300})
    assert (changed.json["dpi"], changed.json["condition"]) == (300, "new")
    chosen = client.request(
        "PUT", f"/api/v1/stations/{s1}/printers/bin-label", json={"printer_id": printer_id}
    )
    assert chosen.status_code == 204
    tests = [
        client.post(f"/api/v1/printers/{printer_id}/test-prints", json={"key": "one"}).json
        for _twice in range(2)
    ]
    assert tests[0] == tests[1]
    at_station = client.get(f"/api/v1/stations/{s1}/printing").json
    assert at_station["printers"]["bin-label"]["code"] == "P1"
    queue = client.get(f"/api/v1/warehouses/{w1}/printing").json
    assert [job["state"] for job in queue["waiting"]] == ["queued"]
    work(tmp_path)
    job_id = tests[0]["job_id"]
    assert client.post(f"/api/v1/print-jobs/{job_id}/confirm").status_code == 204
    again = client.post(f"/api/v1/print-jobs/{job_id}/repeat", json={"reason": "one more"})
    assert again.status_code == 200
    ended = client.post(f"/api/v1/print-jobs/{again.json['job_id']}/cancel", json={"reason": "no!"})
    assert ended.status_code == 204
    queue = client.get(f"/api/v1/warehouses/{w1}/printing").json
    assert [job["state"] for job in queue["latest"]] == ["cancelled", "confirmed"]


def test_a_program_of_another_warehouse_finds_no_printer(app: Flask, world: World) -> None:
    printer_id = set_up_printer(world, SPOOL)
    client = api_client(app, world.people["supervisor1_w2"].user_id)
    w1 = world.warehouses["W1"]
    for method, path, body in (
        ("GET", f"/warehouses/{w1}/printers", None),
        ("GET", f"/warehouses/{w1}/printing", None),
        ("POST", f"/printers/{printer_id}/test-prints", {"key": "one"}),
        ("POST", f"/printers/{printer_id}/moved-jobs", {"to_printer_id": 1, "reason": "broken"}),
    ):
        answer = client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == 404, path
