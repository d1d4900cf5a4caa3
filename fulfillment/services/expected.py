"""What may be scanned next: by it the candidates of a picture are put in order, never made up."""

from __future__ import annotations

from sqlalchemy import select

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.people import Actor, Permission
from fulfillment.store import picking as picks
from fulfillment.store.base import table_of
from fulfillment.store.catalog import ProductBarcode
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.parcels import PackSession
from fulfillment.store.transaction import Transaction, reads

_session, _shipment = table_of(PackSession), table_of(Shipment)
_line, _code = table_of(ShipmentLine), table_of(ProductBarcode)


@reads
def at_bench(tx: Transaction, actor: Actor, *, station_id: int) -> frozenset[str]:
    """The product codes that the order open at a station still misses; none without an order."""
    rows = tx.execute(
        select(_code.c.code, _shipment.c.warehouse_id)
        .join(_line, _line.c.product_id == _code.c.product_id)
        .join(_shipment, _shipment.c.id == _line.c.shipment_id)
        .join(_session, _session.c.shipment_id == _shipment.c.id)
        .where(
            _session.c.station_id == station_id,
            _session.c.closed_at.is_(None),
            _line.c.packed < _line.c.quantity,
        )
    ).all()
    for warehouse_id in {row.warehouse_id for row in rows}:
        actor.require(Permission.PACK, warehouse_id=warehouse_id)
    return frozenset(row.code for row in rows)


@reads
def on_list(tx: Transaction, actor: Actor, *, warehouse_id: int) -> frozenset[str]:
    """The bin, product and tote at which the actor's pick list stands; none without a list."""
    actor.require(Permission.PICK, warehouse_id=warehouse_id)
    mine = picks.claimed_by(tx, actor.user_id, warehouse_id)
    row = picks.read_list(tx, mine.id) if mine is not None else None
    state = picks.state_of(tx, row) if row is not None else None
    if state is None or state.stop is None:
        return frozenset()
    products = tx.execute(
        select(_code.c.code).where(_code.c.product_id == state.stop.product_id)
    ).scalars()
    totes = [feed.tote for feed in state.stop.open_feeds if feed.tote]
    return frozenset(
        {
            *products,
            own_code(Own.LOCATION, state.stop.location_code),
            *(own_code(Own.TOTE, tote) for tote in totes),
        }
    )
