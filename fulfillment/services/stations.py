"""What the station pages read besides the answers of packing and picking, and one signature."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.packing import answered_before
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.pick_walk import PickState
from fulfillment.domain.values import Refused, Verdict
from fulfillment.services.people.sessions import authorize_override
from fulfillment.store import picking as picks
from fulfillment.store.base import table_of
from fulfillment.store.catalog import ProductBarcode, Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.people import Station
from fulfillment.store.transaction import Transaction, reads, writes

_shipment = table_of(Shipment)
_line = table_of(ShipmentLine)
_code = table_of(ProductBarcode)
_warehouse = table_of(Warehouse)
_station = table_of(Station)
_event = table_of(ScanEvent)


@dataclass(frozen=True)
class LineBarcode:
    """A barcode that counts *quantity* pieces of a shipment line."""

    line_id: int
    code: str
    quantity: int


@reads
def list_barcodes(tx: Transaction, actor: Actor, *, shipment_id: int) -> tuple[LineBarcode, ...]:
    """Every barcode of a shipment's products: what a page counts by while it is offline."""
    rows = tx.execute(
        select(_line.c.id, _code.c.code, _code.c.quantity, _shipment.c.warehouse_id)
        .join(_shipment, _shipment.c.id == _line.c.shipment_id)
        .join(_code, _code.c.product_id == _line.c.product_id)
        .where(_line.c.shipment_id == shipment_id)
        .order_by(_line.c.id, _code.c.id)
    ).all()
    for warehouse_id in {row.warehouse_id for row in rows}:
        actor.require(Permission.PACK, warehouse_id=warehouse_id)
    return tuple(LineBarcode(row.id, row.code, row.quantity) for row in rows)


@reads
def station_by_code(tx: Transaction, actor: Actor, code: str) -> int:
    """The id of the station with this code; raises UnknownThing, also for one out of sight."""
    row = tx.execute(
        select(_station.c.id, _station.c.warehouse_id).where(_station.c.code == code)
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="station", key=code)
    actor.require_sight(
        Permission.PACK, kind="station", key=code, warehouse_id=row.warehouse_id, seller_id=None
    )
    return int(row.id)


WEIGHINGS = ("weighed", "label-printed", "weight-outside")


@reads
def last_weighing(tx: Transaction, actor: Actor, *, shipment_id: int) -> Verdict | None:
    """The answer to the weight of a scale, if that was the last thing at an open shipment.

    A bridge gets its answer itself; this is how the page tells it to the packer.
    """
    row = tx.execute(
        select(_event.c.accepted, _event.c.code, _event.c.fields, _shipment.c.warehouse_id)
        .join(_shipment, _shipment.c.id == _event.c.shipment_id)
        .where(_event.c.shipment_id == shipment_id)
        .order_by(_event.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.code not in WEIGHINGS:
        return None
    actor.require(Permission.PACK, warehouse_id=row.warehouse_id)
    return answered_before(accepted=row.accepted, code=row.code, fields=row.fields)


@dataclass(frozen=True)
class WarehouseChoice:
    """A warehouse in which somebody may work."""

    id: int
    code: str
    name: str


@reads
def list_warehouses(
    tx: Transaction, actor: Actor, permission: Permission
) -> tuple[WarehouseChoice, ...]:
    """Where *actor* has *permission*, by code: a handheld belongs to no station."""
    query = select(_warehouse.c.id, _warehouse.c.code, _warehouse.c.name)
    allowed = actor.warehouse_ids(permission)
    if allowed is not None:
        query = query.where(_warehouse.c.id.in_(sorted(allowed)))
    return tuple(
        WarehouseChoice(row.id, row.code, row.name)
        for row in tx.execute(query.order_by(_warehouse.c.code))
    )


@reads
def my_list(tx: Transaction, actor: Actor, *, warehouse_id: int) -> PickState | None:
    """The pick list that *actor* has claimed in a warehouse, None without one."""
    actor.require(Permission.PICK, warehouse_id=warehouse_id)
    mine = picks.claimed_by(tx, actor.user_id, warehouse_id)
    row = picks.read_list(tx, mine.id) if mine is not None else None
    return picks.state_of(tx, row) if row is not None else None


@writes
def sign_override(
    tx: Transaction, actor: Actor, *, station_id: int, badge: str, pin: str
) -> int | Refused:
    """The supervisor who answers for one act at a station, by badge and PIN; nobody logs in."""
    warehouse_id = tx.execute(
        select(_station.c.warehouse_id).where(_station.c.id == station_id)
    ).scalar_one()
    actor.require(Permission.PACK, warehouse_id=warehouse_id)
    return authorize_override(
        tx, badge=badge, pin=pin, permission=Permission.OVERRIDE, warehouse_id=warehouse_id
    )
