"""Units that were allocated are owed again: shared by every use case that takes them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, select, update

from fulfillment.domain.states import ORDER, SHIPMENT
from fulfillment.store.base import table_of
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.stock import Promise
from fulfillment.store.transaction import Transaction

_order, _line = table_of(Order), table_of(OrderLine)
_shipment, _shipment_line = table_of(Shipment), table_of(ShipmentLine)


def give_back_promises(tx: Transaction, shipment_ids: Sequence[int]) -> list[Promise]:
    """Owe the units of unreleased shipments again; returns the promises that end.

    The caller has locked the orders and the shipments, has found the shipments allocated,
    writes their new states, and posts the promises together with whatever else it posts, so
    that stock is locked once and in its order.  Lines keep their quantities, to show what
    was planned.
    """
    lines = tx.execute(
        select(
            _shipment_line.c.order_line_id,
            _shipment_line.c.product_id,
            _shipment_line.c.quantity,
            _shipment.c.warehouse_id,
        )
        .join(_shipment, _shipment.c.id == _shipment_line.c.shipment_id)
        .where(_shipment.c.id.in_(sorted(shipment_ids)), _shipment_line.c.quantity > 0)
        .order_by(_shipment_line.c.order_line_id)
    ).all()
    lower_allocated(tx, [(line.order_line_id, line.quantity) for line in lines])
    return [Promise(line.warehouse_id, line.product_id, -line.quantity) for line in lines]


def lower_allocated(tx: Transaction, units: Iterable[tuple[int, int]]) -> None:
    """Owe units of order lines again: ``(order line id, units)``."""
    by_line: dict[int, int] = defaultdict(int)
    for order_line_id, quantity in units:
        by_line[order_line_id] += quantity
    change_allocated(tx, {key: -by_line[key] for key in sorted(by_line)})


def cancel_unreleased(
    tx: Transaction, *, actor_id: int, shipment_ids: Sequence[int], reason: str
) -> None:
    """End shipments whose promises were given back."""
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id.in_(sorted(shipment_ids)), _shipment.c.state == SHIPMENT.initial)
        .values(
            state=SHIPMENT.advance(SHIPMENT.initial, "cancel"),
            cancelled_at=tx.now,
            cancelled_by_id=actor_id,
            cancel_reason=reason[:200],
        )
    )


def owe_again(tx: Transaction, order_ids: Iterable[int]) -> None:
    """Put orders (locked by the caller) back into the queue, as backorders."""
    ids = sorted(set(order_ids))
    tx.execute(
        update(_order)
        .where(_order.c.id.in_(ids), _order.c.state.in_(ORDER.sources("fall-back")))
        .values(state=ORDER.advance("allocated", "fall-back"))
    )
    tx.execute(
        update(_order)
        .where(_order.c.id.in_(ids), _order.c.state == "confirmed")
        .values(has_backorder=True)
    )


def change_allocated(tx: Transaction, units: Mapping[int, int]) -> None:
    """Change ``allocated`` of order lines by units, never beyond what they ask for."""
    rows = [{"b_id": key, "b_units": change} for key, change in units.items() if change]
    if rows and tx.execute(_CHANGE_ALLOCATED, rows).rowcount != len(rows):
        raise AssertionError("an order line would be allocated beyond its quantity")


_CHANGE_ALLOCATED = (
    update(_line)
    .where(
        _line.c.id == bindparam("b_id"),
        _line.c.allocated + bindparam("b_units") >= 0,
        _line.c.cancelled + _line.c.allocated + bindparam("b_units") <= _line.c.quantity,
    )
    .values(allocated=_line.c.allocated + bindparam("b_units"))
)
