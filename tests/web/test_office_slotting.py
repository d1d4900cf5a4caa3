"""Slotting advice on its page and in its file."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from fulfillment.domain.people import Role
from fulfillment.store.catalog import Warehouse
from tests.support.office import Office, rows, words
from tests.support.picklists import claim, release
from tests.support.world import World, change

CAPTION = (
    "What lies in the two bins of a row changes places; the metres were walked again, not guessed"
)
LAYOUT = {"aisles": 2, "aisle_x": [0.0, 4.0], "cross_y": [0.0, 20.0], "depot": [0, 0]}


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """The supervisor of W1."""
    return Office(app, world, Role.SUPERVISOR)


def picked(world: World, sku: str, tote: str) -> None:
    """A list of one unit, walked to its end."""
    release(world, [{sku: 1}])
    picker = claim(world, "picker1")
    stop = picker.view().stop
    assert stop is not None
    picker.bin(stop.location_code)
    assert picker.put(sku, tote).verdict.code == "put-last"


def path(world: World, warehouse: str = "W1") -> str:
    return f"/warehouses/{world.warehouses[warehouse]}/slotting"


def a_fast_mover_far_away(world: World) -> None:
    for sku, code in (("FAST", "W1-A-06-1-1"), ("SLOW", "W1-A-01-1-1")):
        world.product(sku)
        world.stock(sku, 5, bin_code=code)
    change(update(Warehouse).values(layout=LAYOUT))
    for tote, sku in enumerate(("FAST", "FAST", "FAST", "SLOW"), start=1):
        picked(world, sku, f"W1T{tote}")


def test_what_is_picked_most_is_advised_to_move_nearer(office: Office, world: World) -> None:
    a_fast_mover_far_away(world)
    page = office.page(path(world))
    ((far, fast, visits, near, slow, few, saved),) = rows(page, CAPTION)
    assert (far, fast, visits) == ("W1-A-06-1-1", "FAST", "3")
    # Moving it past the slow one would save no more than the free bin beside that does.
    assert (near, slow, few) == ("W1-A-02-1-1", "–", "0")
    # Aisle 1 is 4 m across; three times 6 m up it, which become 2 m, and once 1 m.
    shown = words(page)
    assert "Metres as it is 70.0" in shown
    assert "Metres with this advice 46.0" in shown
    assert saved == "0.9"
    given = office.get(f"{path(world)}/advice.csv?days=28").data.decode("utf-8-sig").splitlines()
    assert given[1] == "W1-A-06-1-1,FAST,3,W1-A-02-1-1,,0,0.9"


def test_without_a_layout_or_without_lists_the_page_says_so(office: Office, world: World) -> None:
    assert "is not drawn" in words(office.page(path(world)))
    change(update(Warehouse).values(layout=LAYOUT))
    assert "No swap of two bins" in words(office.page(path(world)))


def test_only_who_sees_reports_sees_it_and_a_foreign_warehouse_is_not_there(
    app: Flask, office: Office, world: World
) -> None:
    assert office.get(path(world, "W2")).status_code == 404
    assert Office(app, world, Role.PICKER).get(path(world)).status_code == 403
    assert office.get(f"{path(world)}?days=0").status_code == 422
