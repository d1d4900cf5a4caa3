"""The dock: parcels out against their carrier, the manifest closed once and printed the same."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from fulfillment.domain.errors import NothingToDo, UnknownThing
from fulfillment.domain.people import Actor, Role
from fulfillment.services import carrier_requests, manifests, people
from fulfillment.services.dispatching import DispatchReply, scan_out
from fulfillment.store.carrier_requests import CarrierRequest
from fulfillment.store.journal import AuditEntry
from fulfillment.store.manifests import Manifest
from fulfillment.store.parcels import Parcel
from tests.labels.reading import pictures, read_by_zxing
from tests.support.benches import codes
from tests.support.carriers import FakeCarrier, use_carrier
from tests.support.office import Office, complaint, rows
from tests.support.printing import labelled
from tests.support.racing import race
from tests.support.web import api_client
from tests.support.world import World, change

REQUESTS = "Manifests and pickups, the newest first"
OPEN = "Parcels by carrier; closing takes those on the van"
CLOSED = "Manifests, the newest first"


def shipped(world: World, tote: str = "W1T1") -> str:
    """An order of one A, shipped at W1S1: its tracking number."""
    bench, _shipment_id, tracking = labelled(world, tote=tote)
    bench.scan(tracking)
    return tracking


def out(world: World, tracking: str, carrier: str = "") -> DispatchReply:
    """Scan a parcel at the dock of W1."""
    return scan_out(
        world.people["packer1"],
        warehouse_id=world.warehouses["W1"],
        scan_id=str(uuid.uuid4()),
        raw=tracking,
        carrier=carrier,
    )


def test_a_van_is_closed_with_what_it_took_and_the_rest_stays_on_the_dock(
    app: Flask, world: World
) -> None:
    office = Office(app, world, Role.PACKER)
    first, _second = shipped(world), shipped(world, "W1T2")
    out(world, first)
    assert rows(office.page("/dock"), OPEN) == [
        ["LOCAL", "1", "1", "Close the manifest LOCAL"],
    ]
    form = {"warehouse_id": world.warehouses["W1"], "carrier": "LOCAL"}
    shown = office.done("/dock/manifests", on="/dock", **form)
    assert "The manifest is closed" in shown
    ((number, carrier, parcels, _at, by, _pdf),) = rows(office.page("/dock"), CLOSED)
    assert (carrier, parcels, by) == ("LOCAL", "1", "Packer-W1")
    assert rows(office.page("/dock"), OPEN) == [["LOCAL", "0", "1", "–"]]
    again = office.refused("/dock/manifests", on="/dock", **form)
    assert complaint(again) == "There is nothing to do: no parcel waits for a manifest."
    (manifest_id,) = {row.manifest_id for row in codes(Parcel, "manifest_id") if row.manifest_id}
    sheets = [office.get(f"/dock/manifests/{manifest_id}.pdf").data for _twice in range(2)]
    read = [{text for _kind, text in read_by_zxing(next(pictures(sheet)))} for sheet in sheets]
    assert read[0] == read[1]
    assert number.encode() in read[0]


def test_the_manifest_lists_each_parcel_with_its_numbers_weight_and_destination(
    world: World,
) -> None:
    tracking = shipped(world)
    out(world, tracking)
    packer = world.people["packer1"]
    closed = manifests.close_manifest(packer, warehouse_id=world.warehouses["W1"], carrier="LOCAL")
    document = manifests.manifest_document(packer, closed.id)
    (parcel,) = document.parcels
    assert (document.number, document.carrier, document.warehouse) == (closed.number, "LOCAL", "W1")
    assert (parcel.tracking_number, parcel.weight_grams) == (tracking, 350)
    assert (parcel.receiver_name, parcel.destination) == ("Ada Byron", "GB SW1Y 4JH London")
    assert [row.act for row in codes(AuditEntry, "act", act="close-manifest")] == ["close-manifest"]


def test_where_parcels_are_not_scanned_out_what_shipped_is_on_the_manifest(world: World) -> None:
    people.change_policy(
        world.people["supervisor1"],
        world.warehouses["W1"],
        changes={"scan_out": False},
        reason="the driver counts",
    )
    shipped(world)
    closed = manifests.close_manifest(
        world.people["packer1"], warehouse_id=world.warehouses["W1"], carrier="LOCAL"
    )
    assert closed.parcels == 1


def test_a_parcel_of_another_carrier_does_not_go_on_this_van(world: World) -> None:
    tracking = shipped(world)
    refused = out(world, tracking, carrier="OTHER")
    assert refused.verdict.code == "wrong-carrier"
    assert refused.verdict.fields == {"tracking": tracking, "carrier": "LOCAL", "van": "OTHER"}
    assert out(world, tracking, carrier="LOCAL").verdict.code == "shipment-dispatched"


def test_a_manifest_of_another_warehouse_is_not_there(world: World) -> None:
    out(world, shipped(world))
    closed = manifests.close_manifest(
        world.people["packer1"], warehouse_id=world.warehouses["W1"], carrier="LOCAL"
    )
    stranger = world.people["packer1_w2"]
    with pytest.raises(UnknownThing):
        manifests.manifest_document(stranger, closed.id)
    with pytest.raises(UnknownThing):
        manifests.close_manifest(stranger, warehouse_id=world.warehouses["W1"], carrier="LOCAL")
    with pytest.raises(NothingToDo):
        manifests.close_manifest(stranger, warehouse_id=world.warehouses["W2"], carrier="LOCAL")


def close(packer: Actor, warehouse_id: int) -> str:
    """What came of closing; for a process of its own."""
    try:
        closed = manifests.close_manifest(packer, warehouse_id=warehouse_id, carrier="LOCAL")
    except NothingToDo:
        return "nothing"
    return f"{closed.parcels} parcels"


def test_two_who_close_at_once_put_each_parcel_on_one_manifest(
    world: World, database_url: str
) -> None:
    for tote in ("W1T1", "W1T2", "W1T3"):
        out(world, shipped(world, tote))

    act = partial(close, world.people["packer1"], world.warehouses["W1"])
    assert sorted(race(database_url, [act, act])) == ["3 parcels", "nothing"]
    assert len(codes(Manifest, "id")) == 1


def test_a_program_reads_the_dock_closes_it_once_and_gets_the_sheet(
    app: Flask, world: World
) -> None:
    out(world, shipped(world))
    client = api_client(app, world.people["packer1"].user_id)
    w1 = world.warehouses["W1"]
    dock = client.get(f"/api/v1/warehouses/{w1}/dock").json
    assert dock["open"] == [{"carrier": "LOCAL", "out": 1, "on_the_dock": 0}]
    path = f"/api/v1/warehouses/{w1}/manifests"
    made = client.post(path, json={"carrier": "LOCAL"}, key="van-1")
    assert (made.status_code, made.json["parcels"]) == (201, 1)
    assert client.post(path, json={"carrier": "LOCAL"}, key="van-1").json == made.json
    assert client.post(path, json={"carrier": "LOCAL"}).status_code == 409
    sheet = client.get(f"/api/v1/manifests/{made.json['id']}/sheet.pdf")
    assert sheet.data.startswith(b"%PDF")


def test_a_carrier_is_asked_for_a_van_on_the_page_and_the_page_says_what_came_of_it(
    app: Flask, world: World
) -> None:
    packer = Office(app, world, Role.PACKER)
    assert "Ask for a van" not in packer.page("/dock")
    with FakeCarrier(honours_keys=False) as carrier:
        use_carrier(world, carrier)
        tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011  # on any clock of the test
        form = {
            "warehouse_id": world.warehouses["W1"],
            "carrier": "FAKE",
            "day": tomorrow.isoformat(),
            "ready_at": "14:00",
            "closes_at": "17:30",
            "parcels": "12",
            "grams": "30000",
        }
        for wrong in ({"day": ""}, {"closes_at": "13:00"}, {"carrier": "LOCAL"}, {"parcels": "x"}):
            again = {**form, **wrong}
            assert packer.refused("/dock/pickups", on="/dock", **again).status_code == 422
        assert "The carrier is asked for a van." in packer.done("/dock/pickups", on="/dock", **form)
        carrier.manner = "lost"
        ((request_id, _carrier),) = carrier_requests.look()
        carrier_requests.settle_next(request_id, credentials_root=Path("/nonexistent"))
        change(update(CarrierRequest).values(next_attempt_at=None))
        ((_who, what, state, number, _says),) = rows(packer.page("/dock"), REQUESTS)
        assert what == f"Pickup on {tomorrow.isoformat()}"
        assert (state, number) == ("perhaps asked for: look it up before you ask again", "–")
        foreign = Office(app, world, Role.PACKER, "W2")
        path = f"/dock/requests/{request_id}"
        theirs = {"warehouse_id": world.warehouses["W2"]}
        assert foreign.press(f"{path}/repeat", on="/dock", **theirs).status_code == 404
        assert foreign.get(f"{path}.pdf").status_code == 404
        picker = Office(app, world, Role.PICKER)
        assert picker.press("/dock/pickups", on="/account/password", **form).status_code == 403
        mine = {"warehouse_id": world.warehouses["W1"]}
        packer.done(f"{path}/repeat", on="/dock", **mine)
        carrier.switch_on()
        carrier_requests.settle_next(request_id, credentials_root=Path("/nonexistent"))
        ((_who, _what, state, number, _says),) = rows(packer.page("/dock"), REQUESTS)
        assert (state, number) == ("promised", "P-1")
