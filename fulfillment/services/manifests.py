"""Handing over: what a carrier's van has taken is closed into a manifest, printed and signed.

A manifest takes every parcel of a carrier that left this warehouse and is on no manifest yet:
scanned out, or shipped where parcels are not scanned out.  A parcel that is still on the dock
stays for the next one.  A closed manifest never changes, so it prints the same again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from fulfillment.domain.errors import NothingToDo, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.carrier_requests import manifest_was_closed
from fulfillment.store import manifests as rows
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import audit, tell
from fulfillment.store.transaction import Transaction, reads, writes
from labels import CarrierManifest, ManifestParcel

MOST_MANIFESTS = 50


@dataclass(frozen=True)
class OpenHandover:
    """Parcels of one carrier: ``out`` would go on the manifest now, ``on_the_dock`` would not."""

    carrier: str
    out: int
    on_the_dock: int


@dataclass(frozen=True)
class ManifestView:
    """A closed handover."""

    id: int
    number: str
    carrier: str
    warehouse: str
    parcels: int
    closed_at: datetime
    closed_by: str


@dataclass(frozen=True)
class Dock:
    """A warehouse as its carriers see it."""

    warehouse_id: int
    code: str
    timezone: str
    open: tuple[OpenHandover, ...]
    closed: tuple[ManifestView, ...]


@reads
def dock(tx: Transaction, actor: Actor, *, warehouse_id: int) -> Dock:
    """What each carrier has taken since its last manifest, and the latest manifests."""
    _require(actor, warehouse_id)
    table = table_of(Warehouse)
    place = tx.execute(
        select(table.c.code, table.c.timezone).where(table.c.id == warehouse_id)
    ).one_or_none()
    if place is None:
        raise UnknownThing(kind="warehouse", key=str(warehouse_id))
    return Dock(
        warehouse_id=warehouse_id,
        code=place.code,
        timezone=place.timezone,
        open=tuple(
            OpenHandover(row.carrier, int(row.out), row.parcels - int(row.out))
            for row in rows.open_handovers(tx, warehouse_id)
        ),
        closed=tuple(map(_view, rows.manifests_of(tx, warehouse_id, limit=MOST_MANIFESTS))),
    )


@writes
def close_manifest(
    tx: Transaction, actor: Actor, *, warehouse_id: int, carrier: str
) -> ManifestView:
    """Close what a carrier has taken into a manifest: the stamp of the handover.

    Raises NothingToDo when no parcel of the carrier is out without one, UnknownThing.
    """
    _require(actor, warehouse_id)
    manifest_id, parcels = rows.close(
        tx, warehouse_id=warehouse_id, carrier=carrier, by_id=actor.user_id
    )
    if not parcels:
        raise NothingToDo(what="close-manifest")
    audit(
        tx,
        by_id=actor.user_id,
        act="close-manifest",
        subject=("manifest", manifest_id),
        warehouse_id=warehouse_id,
        details={"carrier": carrier, "parcels": parcels},
    )
    manifest_was_closed(
        tx,
        manifest_id=manifest_id,
        carrier=carrier,
        warehouse_id=warehouse_id,
        by_id=actor.user_id,
    )
    found = rows.manifest(tx, manifest_id)
    assert found is not None, "it was written in this transaction"
    view = _view(found)
    tell(
        tx,
        topic="manifest.closed",
        key=f"manifest.closed:{manifest_id}",
        payload={"manifest": view.number, "carrier": carrier, "parcels": parcels},
    )
    return view


@reads
def manifest_document(tx: Transaction, actor: Actor, manifest_id: int) -> CarrierManifest:
    """A closed manifest as a document for the driver to sign; raises UnknownThing."""
    actor.require(Permission.SHIP)
    found = rows.manifest(tx, manifest_id)
    if found is None or not actor.may(Permission.SHIP, warehouse_id=found.warehouse_id):
        raise UnknownThing(kind="manifest", key=str(manifest_id))
    parcels = rows.parcels_on(tx, manifest_id)
    cut_offs = [one.promised_cut_off_at for one in parcels if one.promised_cut_off_at]
    zone = ZoneInfo(found.timezone)
    view = _view(found)
    return CarrierManifest(
        number=view.number,
        carrier=view.carrier,
        warehouse=view.warehouse,
        parcels=tuple(map(_parcel, parcels)),
        cut_off=_local(min(cut_offs), zone) if cut_offs else "",
        closed_at=_local(view.closed_at, zone),
        barcode=view.number,
    )


# --- parts -----------------------------------------------------------------------------------


def _require(actor: Actor, warehouse_id: int) -> None:
    actor.require_sight(
        Permission.SHIP,
        kind="warehouse",
        key=str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )


def _view(row: Row[Any]) -> ManifestView:
    return ManifestView(
        id=row.id,
        number=f"MF{row.id:06d}",
        carrier=row.carrier,
        warehouse=row.warehouse,
        parcels=row.parcels,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )


def _parcel(row: Row[Any]) -> ManifestParcel:
    receiver = row.content["receiver"]
    place = (receiver.get("country", ""), receiver.get("postcode", ""), receiver.get("city", ""))
    return ManifestParcel(
        tracking_number=row.tracking_number,
        order_number=row.order_number,
        receiver_name=receiver.get("name") or receiver.get("company", ""),
        sscc=row.sscc,
        destination=" ".join(filter(None, place)),
        weight_grams=row.weight_grams,
    )


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
