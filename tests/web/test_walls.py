"""Put walls: the JSON API, the page of the office, and who may do what."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.people import Permission, Role
from fulfillment.store.journal import AuditEntry
from fulfillment.store.walls import PutWall
from tests.support.benches import codes
from tests.support.office import Office, rows
from tests.support.people import People
from tests.support.walls import a_picked_batch, a_wall, slot_barcode
from tests.support.web import api_client
from tests.support.world import World


def test_a_batch_is_sorted_through_the_api(app: Flask, world: World) -> None:
    a_picked_batch(world, {"A": 1})
    supervisor = api_client(app, world.people["supervisor1"].user_id)
    wall = supervisor.request(
        "PUT",
        "/api/v1/warehouses/W1/walls",
        json={"code": "P", "name": "The wall", "slots": 3},
    ).json
    packer = api_client(app, world.people["packer1"].user_id)
    listed = packer.get(f"/api/v1/walls?warehouse_id={world.warehouses['W1']}").json
    assert listed == {"walls": [wall]}
    path = f"/api/v1/walls/{wall['id']}"

    def scan(raw: str) -> dict[str, dict[str, object]]:
        body = {"scan_id": str(uuid.uuid4()), "raw": raw}
        answer: dict[str, dict[str, object]] = packer.post(f"{path}/scans", json=body).json
        return answer

    assert scan(own_code(Own.TOTE, "W1T1"))["verdict"]["code"] == "tote"
    taken = scan("A")
    assert taken["next"]["code"] == "slot"
    assert taken["wall"]["in_hand"]["slot"] == 1  # type: ignore[index]  # JSON
    assert scan(slot_barcode(1))["verdict"]["code"] == "slot-complete"
    assert packer.get(path).json["wall"]["slots"][0]["complete"] is True
    labels = supervisor.get(f"{path}/labels.pdf")
    assert (labels.status_code, labels.data[:4]) == (200, b"%PDF")


def test_single_pieces_are_packed_through_the_api(app: Flask, world: World) -> None:
    a_picked_batch(world, {"A": 1})
    packer = api_client(app, world.people["packer1"].user_id)
    path = f"/api/v1/stations/{world.stations['W1S1']}"

    def scan(raw: str) -> dict[str, dict[str, object]]:
        body = {"scan_id": str(uuid.uuid4()), "raw": raw}
        answer: dict[str, dict[str, object]] = packer.post(f"{path}/scans", json=body).json
        return answer

    opened = scan(own_code(Own.TOTE, "W1T1"))
    assert (opened["batch"], opened["next"]["code"]) == ({"code": "W1T1", "left": 1}, "scan-single")
    assert packer.get(path).json["batch"] == {"code": "W1T1", "left": 1}
    assert scan("A")["verdict"]["code"] == "complete"


def test_a_wave_says_how_it_is_picked(app: Flask, world: World) -> None:
    journey = People(app, world).journey()
    world.product("A")
    world.stock("A", 5)
    journey.allocate(journey.take(("A", 2)))
    journey.release(method="batch")
    assert journey.claim()["list"]["method"] == "batch"


@pytest.mark.parametrize(
    ("person", "status"), [("packer1", 403), ("picker1", 403), ("packer1_w2", 403)]
)
def test_who_works_on_the_floor_makes_no_walls(
    app: Flask, world: World, person: str, status: int
) -> None:
    client = api_client(app, world.people[person].user_id)
    body = {"code": "P", "name": "The wall", "slots": 3}
    answer = client.request("PUT", "/api/v1/warehouses/W1/walls", json=body)
    assert answer.status_code == status


def test_a_wall_of_another_warehouse_does_not_exist(app: Flask, world: World) -> None:
    sorter = a_wall(world)
    client = api_client(app, world.people["packer1_w2"].user_id)
    assert client.get(f"/api/v1/walls/{sorter.wall_id}").status_code == 404
    body = {"scan_id": str(uuid.uuid4()), "raw": "A"}
    assert client.post(f"/api/v1/walls/{sorter.wall_id}/scans", json=body).status_code == 404
    without = api_client(app, world.people["packer1"].user_id, scopes=[Permission.PACK])
    assert without.get(f"/api/v1/walls/{sorter.wall_id}").status_code == 403


def test_a_supervisor_sets_a_wall_up_and_prints_its_labels(app: Flask, world: World) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    path = f"/warehouses/{world.warehouses['W1']}/walls"
    office.done(path, on=path, code="p1", name="By the door", slots="12")
    assert tuple(rows(office.page(path), "Put walls")[0][:3]) == ("P1", "By the door", "12")
    assert codes(AuditEntry, "act", act="put-wall") == [("put-wall",)]
    ((wall_id,),) = codes(PutWall, "id")
    assert office.get(f"/warehouses/walls/{wall_id}/labels.pdf").data[:4] == b"%PDF"
    office.refused(path, on=path, code="p1", name="By the door", slots="0")
