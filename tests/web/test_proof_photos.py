"""Proof photos: kept only where the warehouse asks, seen only by who sees the order, then deleted."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.people import Role, system
from fulfillment.services import people, proof_photos
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Shipment
from fulfillment.store.transaction import clock_set_to
from stations import pictures
from stations.gate import Gate
from tests.support.benches import codes, picked_shipment
from tests.support.drawn_codes import drawn, photo
from tests.support.web import api_client
from tests.support.world import World
from tests.web.test_access import account, logged_in
from tests.web.test_pictures import send
from tests.web.test_stations import Bench

MUG = "4006381333931"
FIRST, SECOND = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between the pictures of a test, which come faster than a camera's."""
    monkeypatch.setattr(pictures, "_gate", Gate(pause_seconds=0))


@pytest.fixture
def root(app: Flask) -> Path:
    """Where the photos lie."""
    found: Path = app.config["PROOF_PHOTOS"]
    return found


@pytest.fixture
def shipment(world: World) -> int:
    """An order of one mug, waiting in a tote."""
    world.product("A", weight_grams=300, barcode=MUG)
    world.stock("A", 20)
    return picked_shipment(world, {"A": 1})


@pytest.fixture
def bench(app: Flask, world: World, shipment: int) -> Bench:
    """A station at which the order is open."""
    station = Bench(app, world)
    station.scan(own_code(Own.TOTE, "W1T1"))
    return station


def keep_photos(world: World, *, days: int = 90) -> None:
    """The warehouse asks for proof photos."""
    changes = {"proof_photos": True, "proof_photo_days": days}
    people.change_policy(system(), world.warehouses["W1"], changes=changes, reason="claims")


def take(bench: Bench, scan_id: str = FIRST, *, kind: str = "photo", image: bytes = b"") -> Any:
    """Take a photo of the mug at the bench."""
    to = f"pack?kind={kind}&scan_id={scan_id}"
    return send(bench, image or photo(drawn(MUG)), to=to, token=bench.token)


def files(root: Path) -> list[Path]:
    """Every file that is kept."""
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_nothing_is_kept_unless_the_warehouse_asks_for_it(
    world: World, bench: Bench, root: Path
) -> None:
    assert take(bench).status_code == 200
    assert files(root) == []
    keep_photos(world)
    assert take(bench, kind="frame").status_code == 200
    assert files(root) == []
    assert take(bench).status_code == 200
    assert len(files(root)) == 1


def test_a_photo_is_kept_with_its_shipment_and_scan_and_the_audit_names_who_took_it(
    world: World, bench: Bench, shipment: int, root: Path
) -> None:
    keep_photos(world)
    assert [code["raw"] for code in take(bench).json["codes"]] == [MUG]
    take(bench)  # the same upload again
    take(bench, SECOND)
    kept = files(root)
    assert [path.parent for path in kept] == [
        root / str(world.warehouses["W1"]) / str(shipment)
    ] * 2
    assert [path.stem.split("-", 1)[1] for path in kept] == [FIRST, SECOND]
    acts = codes(AuditEntry, "by_id", "subject_kind", "subject_id", act="proof-photo-kept")
    assert acts == [(world.people["packer1"].user_id, "shipment", shipment)] * 2


def test_only_the_pixels_of_a_photo_are_kept_upright_and_not_too_large(
    world: World, bench: Bench, root: Path
) -> None:
    keep_photos(world)
    exif = Image.Exif()
    exif[0x0112] = 6  # the phone was held sideways
    exif[0x010F] = "the phone's maker"
    large = drawn(MUG, scale=9).repeat(3, axis=1)
    image = photo(large, exif=exif, comment=b"taken at home") + b"PK\x03\x04 hidden"
    sent = Image.open(BytesIO(image))
    assert take(bench, image=image).status_code == 200
    (path,) = files(root)
    kept = Image.open(BytesIO(path.read_bytes()))
    assert kept.format == "JPEG"
    assert max(kept.size) == 1600
    assert kept.height > kept.width
    assert sent.width > sent.height
    assert not kept.getexif()
    assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not any(word in path.read_bytes() for word in (b"maker", b"home", b"hidden", b"Exif"))


def test_a_photo_without_an_id_or_of_no_picture_is_not_kept(
    world: World, bench: Bench, root: Path
) -> None:
    keep_photos(world)
    assert take(bench, "../../etc").status_code == 422
    assert take(bench, "").status_code == 422
    assert take(bench, image=b"no picture").status_code == 422
    assert files(root) == []
    assert codes(AuditEntry, "id", act="proof-photo-kept") == []


def test_a_photo_without_an_open_order_is_read_and_not_kept(
    app: Flask, world: World, shipment: int, root: Path
) -> None:
    keep_photos(world)
    station = Bench(app, world)
    assert [code["raw"] for code in take(station).json["codes"]] == [MUG]
    assert files(root) == []


def test_the_order_page_shows_the_photos_to_who_may_see_the_order(
    app: Flask, world: World, bench: Bench, shipment: int
) -> None:
    keep_photos(world)
    take(bench)
    ((order_id,),) = codes(Shipment, "order_id", id=shipment)
    account(world, Role.SUPERVISOR)
    office = logged_in(app)
    path = f"/orders/{order_id}/shipments/{shipment}/photos/{FIRST}.jpg"
    assert path in office.get(f"/orders/{order_id}").text
    response = office.get(path)
    assert (response.status_code, response.mimetype) == (200, "image/jpeg")
    assert Image.open(BytesIO(response.data)).format == "JPEG"
    for wrong in (SECOND, "..", "x" * 300):
        other = f"/orders/{order_id}/shipments/{shipment}/photos/{wrong}.jpg"
        assert office.get(other).status_code == 404
    assert (
        office.get(f"/orders/{order_id + 1}/shipments/{shipment}/photos/{FIRST}.jpg").status_code
        == 404
    )
    assert bench.get(path).status_code == 403  # a packer sees no orders


def test_a_program_reads_the_photos_and_another_warehouse_finds_none(
    app: Flask, world: World, bench: Bench, shipment: int
) -> None:
    keep_photos(world)
    take(bench)
    address = f"/api/v1/shipments/{shipment}/proof-photos"
    own = api_client(app, account(world, Role.SUPERVISOR))
    (photo_there,) = own.get(address).json["items"]
    assert (photo_there["shipment_id"], photo_there["scan_id"]) == (shipment, FIRST)
    picture = own.get(f"{address}/{FIRST}.jpg")
    assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
    packer = api_client(app, account(world, Role.PACKER, "pat"))
    assert packer.get(address).status_code == 403
    foreign = api_client(app, account(world, Role.SUPERVISOR, "bob", "W2"))
    assert foreign.get(address).status_code == 404
    assert foreign.get(f"{address}/{FIRST}.jpg").status_code == 404
    assert own.get("/api/v1/shipments/999/proof-photos").status_code == 404
    assert own.get(f"{address}/{SECOND}.jpg").status_code == 404


def test_photos_are_deleted_when_they_were_kept_long_enough(
    world: World, bench: Bench, shipment: int, root: Path
) -> None:
    keep_photos(world, days=30)
    take(bench)
    assert proof_photos.delete_old(system(), root=root) == 0
    with clock_set_to(lambda: datetime.now(UTC) + timedelta(days=20)):
        taken = proof_photos.occasion_at(world.people["packer1"], station_id=world.stations["W1S1"])
        assert taken is not None
        proof_photos.keep(
            world.people["packer1"], taken, scan_id=SECOND, jpeg=b"a photo", root=root
        )
    with clock_set_to(lambda: datetime.now(UTC) + timedelta(days=31)):
        assert proof_photos.delete_old(system(), root=root) == 1
        (left,) = proof_photos.list_photos(system(), shipment_id=shipment, root=root)
        assert left.scan_id == SECOND
    with clock_set_to(lambda: datetime.now(UTC) + timedelta(days=51)):
        assert proof_photos.delete_old(system(), root=root) == 1
    assert files(root) == []
    assert list((root / str(world.warehouses["W1"])).iterdir()) == []
