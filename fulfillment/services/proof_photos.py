"""Proof photos: what a packer photographed of an order, kept where the warehouse asks for it.

They are files and nothing else, drawn anew by the decoder so that only the pixels are left::

    <root>/<warehouse id>/<shipment id>/<when taken>-<scan id>.jpg

so their age is in their names, a repeat of an upload finds its file, and who may see the shipment
may see them. The audit says who kept which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import audit
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import PackSession
from fulfillment.store.transaction import Transaction, reads, writes

FOLDER = "proof_photos"
"""In the instance directory."""

_TAKEN = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f-]{36})\.jpg")

_session, _shipment, _order = table_of(PackSession), table_of(Shipment), table_of(Order)
_warehouse = table_of(Warehouse)


@dataclass(frozen=True)
class Occasion:
    """The order at a station of which a photo is wanted, now."""

    warehouse_id: int
    shipment_id: int
    taken_at: datetime


@dataclass(frozen=True)
class ProofPhoto:
    """A photo that is kept; ``scan_id`` is that of the upload and of its first code."""

    shipment_id: int
    scan_id: str
    taken_at: datetime


@reads
def occasion_at(tx: Transaction, actor: Actor, *, station_id: int) -> Occasion | None:
    """None where no order is open at the station, or its warehouse asks for no photos."""
    row = tx.execute(
        select(_shipment.c.id, _shipment.c.warehouse_id, _warehouse.c.policy)
        .join(_session, _session.c.shipment_id == _shipment.c.id)
        .join(_warehouse, _warehouse.c.id == _shipment.c.warehouse_id)
        .where(_session.c.station_id == station_id, _session.c.closed_at.is_(None))
    ).one_or_none()
    if row is None or not WarehousePolicy.of(row.policy).proof_photos:
        return None
    actor.require(Permission.PACK, warehouse_id=row.warehouse_id)
    return Occasion(row.warehouse_id, row.id, tx.now)


def keep(actor: Actor, occasion: Occasion, *, scan_id: str, jpeg: bytes, root: Path) -> None:
    """Keep a photo; one with this *scan_id* that is kept already stays as it is.

    *scan_id*: a UUID in small letters. Raises OSError when the disk is full.
    """
    folder = root / str(occasion.warehouse_id) / str(occasion.shipment_id)
    if any(photo.scan_id == scan_id for photo in _photos_in(folder)):
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{occasion.taken_at:{_TAKEN}}-{scan_id}.jpg"
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(jpeg)
    draft.replace(path)  # a photo is there whole or not at all
    _note(actor, occasion, scan_id=scan_id, size_bytes=len(jpeg))


@writes
def _note(
    tx: Transaction, actor: Actor, occasion: Occasion, *, scan_id: str, size_bytes: int
) -> None:
    audit(
        tx,
        by_id=actor.user_id,
        act="proof-photo-kept",
        subject=("shipment", occasion.shipment_id),
        warehouse_id=occasion.warehouse_id,
        details={"scan_id": scan_id, "bytes": size_bytes},
    )


def list_photos(actor: Actor, *, shipment_id: int, root: Path) -> tuple[ProofPhoto, ...]:
    """The photos of a shipment, the oldest first; raises :class:`UnknownThing`."""
    return tuple(_photos_in(_folder(actor, shipment_id, root)))


def read_photo(actor: Actor, *, shipment_id: int, scan_id: str, root: Path) -> bytes:
    """One photo, a JPEG; raises :class:`UnknownThing`."""
    folder = _folder(actor, shipment_id, root)
    for photo in _photos_in(folder):
        if photo.scan_id == scan_id:
            return _path(folder, photo).read_bytes()
    raise UnknownThing(kind="photo", key=scan_id[:64])


def delete_old(actor: Actor, *, root: Path) -> int:
    """Delete what is older than its warehouse keeps photos; returns how many."""
    deleted = 0
    for warehouse_id, before in _kept_since(actor).items():
        for folder in sorted((root / str(warehouse_id)).glob("*")):
            old = [photo for photo in _photos_in(folder) if photo.taken_at < before]
            for photo in old:
                _path(folder, photo).unlink(missing_ok=True)
            deleted += len(old)
            if not any(folder.iterdir()):
                folder.rmdir()
    return deleted


@reads
def _kept_since(tx: Transaction, actor: Actor) -> dict[int, datetime]:
    """By warehouse: photos from before that are deleted."""
    actor.require(Permission.CHANGE_POLICY)
    return {
        row.id: tx.now - timedelta(days=WarehousePolicy.of(row.policy).proof_photo_days)
        for row in tx.execute(select(_warehouse.c.id, _warehouse.c.policy))
        if actor.may(Permission.CHANGE_POLICY, warehouse_id=row.id)
    }


@reads
def _folder(tx: Transaction, actor: Actor, shipment_id: int, root: Path) -> Path:
    """Where a shipment's photos lie, if the actor may see its order there."""
    actor.require(Permission.SEE_ORDERS)
    row = tx.execute(
        select(_shipment.c.warehouse_id, _order.c.seller_id)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .where(_shipment.c.id == shipment_id)
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    actor.require_sight(
        Permission.SEE_ORDERS,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )
    return root / str(row.warehouse_id) / str(shipment_id)


def _photos_in(folder: Path) -> Iterator[ProofPhoto]:
    for path in sorted(folder.glob("*.jpg")):
        named = _NAME.fullmatch(path.name)
        if named is not None and folder.name.isdecimal():
            taken_at = datetime.strptime(named[1], _TAKEN).replace(tzinfo=UTC)
            yield ProofPhoto(int(folder.name), named[2], taken_at)


def _path(folder: Path, photo: ProofPhoto) -> Path:
    return folder / f"{photo.taken_at:{_TAKEN}}-{photo.scan_id}.jpg"
