"""What to move so that more catches its van, with the names of the orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from fulfillment.domain.board.advice import Floor, PersonMove, advise
from fulfillment.domain.people import Actor
from fulfillment.services.board.reading import read_floor, seen_by
from fulfillment.store.base import table_of
from fulfillment.store.orders import Order
from fulfillment.store.transaction import Transaction, reads

_order = table_of(Order)


@dataclass(frozen=True)
class OrderToMove:
    """An order that would catch its van if it went first."""

    order_id: int
    number: str
    stage: str
    cut_off_at: datetime | None


@dataclass(frozen=True)
class AdviceView:
    """What helps; ``at_risk`` and what remains of it count shipments."""

    at_risk: int
    move_up: tuple[OrderToMove, ...]
    at_risk_after: int
    people: tuple[PersonMove, ...]


@reads
def advice(tx: Transaction, actor: Actor, warehouse_id: int) -> AdviceView:
    """The orders to move up and the people to move over.  It makes many forecasts: on demand only.

    Raises :class:`UnknownThing` for a warehouse that the actor does not see.
    """
    floor = read_floor(tx, actor, warehouse_id)
    found = advise(Floor(floor.waiting, floor.paces, floor.now, floor.rhythm))
    own = {one.open.shipment_id: one for one in seen_by(actor, floor.shipments)}
    up = [own[key] for key in found.move_up if key in own]
    ids = {one.order_id for one in up}
    rows = tx.execute(select(_order.c.id, _order.c.number).where(_order.c.id.in_(sorted(ids))))
    numbers = {row.id: row.number for row in rows}
    orders = {
        one.order_id: OrderToMove(
            one.order_id, numbers[one.order_id], one.stage, one.open.cut_off_at
        )
        for one in up
    }
    return AdviceView(found.at_risk, tuple(orders.values()), found.at_risk_after, found.people)
