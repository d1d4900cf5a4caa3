"""Papers on the page of the office, at a station and through the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fulfillment.domain.people import Role
from fulfillment.services import printing
from tests.integration.test_printing_papers import SPOOL, sizes
from tests.support.office import Office, complaint, rows, words
from tests.support.people import People
from tests.support.printing import set_up_printer
from tests.support.world import World
from tests.web.test_stations import Bench

PAGE = "/settings/papers"
CAPTION = "The margin is left free on all four sides"
OWN = {"width_mm": "80.5", "height_mm": "60", "margin_mm": "4"}


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """The supervisor of W1."""
    return Office(app, world, Role.SUPERVISOR)


def test_papers_are_added_changed_chosen_and_removed_on_their_page(
    office: Office, world: World
) -> None:
    w1 = {"warehouse_id": world.warehouses["W1"]}
    office.done(PAGE, on=PAGE, **w1, name="Roll-80", **OWN)
    assert rows(office.page(PAGE), CAPTION)[-1] == [
        "roll-80", "80.5", "60", "4", "of this warehouse",
    ]  # fmt: skip
    assert '<option value="roll-80">' in office.page("/settings/printers")
    office.done(f"{PAGE}/documents", on=PAGE, **w1, document_kind="pick-list", paper="roll-80")
    remove = f"{PAGE}/roll-80/remove"
    answer = office.refused(remove, on=PAGE, **w1)
    assert "Yes, I am sure must be ticked" in complaint(answer)
    answer = office.refused(remove, on=PAGE, **w1, sure="on")
    assert "pick lists go on paper roll-80; choose another one for them" in complaint(answer)
    set_up_printer(world, replace(SPOOL, paper="roll-80"), station=None)
    answer = office.refused(f"{PAGE}/roll-80/change", on=PAGE, **w1, **OWN)
    assert "Paper is set for printers: P1; choose another one there" in complaint(answer)
    too_wide = {**OWN, "margin_mm": "26"}
    answer = office.refused(f"{PAGE}/a4/change", on=PAGE, **w1, **too_wide, active="on")
    assert "Margin in mm is out of range: 0..25" in complaint(answer)
    assert 'value="26"' in answer.text
    a4 = {"width_mm": "210", "height_mm": "297", "margin_mm": "15", "active": "on"}
    office.done(f"{PAGE}/a4/change", on=PAGE, **w1, **a4)
    assert ["a4", "210", "297", "15", "standard, changed here"] in rows(office.page(PAGE), CAPTION)
    office.done(f"{PAGE}/a4/remove", on=PAGE, **w1, sure="on")
    assert ["a4", "210", "297", "10", "standard"] in rows(office.page(PAGE), CAPTION)


def test_papers_of_other_warehouses_are_not_there_and_packers_change_none(
    app: Flask, office: Office, world: World
) -> None:
    w2 = {"warehouse_id": world.warehouses["W2"]}
    sent: list[tuple[str, dict[str, Any]]] = [
        (PAGE, {"name": "own", **OWN}),
        (f"{PAGE}/a4/change", OWN),
        (f"{PAGE}/a4/remove", {"sure": "on"}),
        (f"{PAGE}/documents", {"document_kind": "pick-list", "paper": "a5"}),
    ]
    for path, form in sent:
        assert office.press(path, on=PAGE, **w2, **form).status_code == 404, path
    packer = Office(app, world, Role.PACKER)
    packer.page(PAGE, status=403)
    w1 = {"warehouse_id": world.warehouses["W1"]}
    for path, form in sent:
        assert packer.press(path, on="/", **w1, **form).status_code == 403, path


def test_the_sheet_of_commands_goes_on_the_paper_of_the_stations_warehouse(
    app: Flask, world: World
) -> None:
    bench = Bench(app, world)
    assert set(sizes(bench.get("/stations/commands.pdf").data)) == {(210.0, 297.0)}
    where = {"warehouse_id": world.warehouses["W1"], "document_kind": "command-sheet"}
    boss = world.people["supervisor1"]
    printing.choose_document_paper(boss, **where, paper="letter")
    assert set(sizes(bench.get("/stations/commands.pdf").data)) == {(215.9, 279.4)}
    printing.choose_document_paper(boss, **where, paper="57x32")
    refused = bench.get("/stations/commands.pdf")
    assert refused.status_code == 409
    assert "The document has texts that cannot be printed." in words(refused.text)


def test_a_program_sets_papers_and_what_goes_on_them(app: Flask, world: World) -> None:
    people = People(app, world)
    boss, where = "supervisor1", f"/warehouses/{world.warehouses['W1']}/papers"
    body = {"width_mm": 101.6, "height_mm": 60, "margin_mm": 2.5}
    made = people.call(boss, "PUT", f"{where}/4in", body)
    assert made == {
        "name": "4in", **body, "height_mm": 60.0,
        "active": True, "built_in": False, "changed": False,
    }  # fmt: skip
    chosen = people.send(boss, "PUT", f"{where}/documents/put-wall-label", {"paper": "a4-2x5"})
    assert chosen.status_code == 204
    found = people.call("packer1", "GET", where)
    assert made in found["papers"]
    (walls,) = [one for one in found["documents"] if one["document_kind"] == "put-wall-label"]
    assert (walls["paper"], walls["usual"]) == ("a4-2x5", "100x50")
    assert {"4in", "a4-3x8"} <= set(walls["choices"])
    for wrong in ({**body, "margin_mm": 26}, {**body, "width_mm": "80"}, {**body, "x": 1}):
        assert people.refused(boss, "PUT", f"{where}/4in", wrong)[0] == 422, wrong
    for person, status in (("packer1", 403), ("supervisor1_w2", 404)):
        assert people.refused(person, "PUT", f"{where}/4in", body)[0] == status
        assert people.refused(person, "DELETE", f"{where}/4in")[0] == status
        choice = people.refused(person, "PUT", f"{where}/documents/pick-list", {"paper": "a5"})
        assert choice[0] == status
    assert people.refused("supervisor1_w2", "GET", where)[0] == 404
    assert people.send(boss, "DELETE", f"{where}/4in").status_code == 204
    assert people.refused(boss, "DELETE", f"{where}/4in")[0] == 404
