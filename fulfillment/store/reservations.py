"""Reservation rows: which shipment line owns how many units where.

They go with ``reserved`` of the balances, which :func:`fulfillment.store.stock.post` writes:
who pins or moves reserved units there changes the rows here, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, exists, update
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment.store.base import table_of
from fulfillment.store.stock import Reservation
from fulfillment.store.transaction import Transaction

_TABLE = table_of(Reservation)


def follow(
    tx: Transaction,
    *,
    shipment_line_id: int,
    product_id: int,
    lot: str,
    source_id: int,
    target_id: int,
    quantity: int,
) -> None:
    """Let units of a line's reservation go along to where they were moved."""
    here = {
        "b_line": shipment_line_id,
        "b_location": source_id,
        "b_lot": lot,
        "b_quantity": quantity,
    }
    if tx.execute(_MOVE_WHOLE, here | {"b_target": target_id}).rowcount == 1:
        return
    free(tx, shipment_line_id=shipment_line_id, lot=lot, location_id=source_id, quantity=quantity)
    grow(
        tx,
        shipment_line_id=shipment_line_id,
        product_id=product_id,
        lot=lot,
        location_id=target_id,
        quantity=quantity,
    )


def follow_all(
    tx: Transaction,
    units: Mapping[int, int],
    *,
    product_id: int,
    lot: str,
    source_id: int,
    target_id: int,
) -> None:
    """Like :func:`follow` for many lines at once: *units* of each line go to one place."""
    if len(units) == 1:
        ((line_id, quantity),) = units.items()
        follow(
            tx,
            shipment_line_id=line_id,
            product_id=product_id,
            lot=lot,
            source_id=source_id,
            target_id=target_id,
            quantity=quantity,
        )
        return
    here = [
        {"b_line": line_id, "b_location": source_id, "b_lot": lot, "b_quantity": quantity}
        for line_id, quantity in sorted(units.items())
    ]
    # Whole rows first: a row that is only shortened could then be as long as what was taken.
    left = len(here) - tx.execute(_REMOVE, here).rowcount
    if left and tx.execute(_SHRINK, here).rowcount != left:
        raise RuntimeError(f"no reservation of these units: {here}")
    there = [row | {"b_location": target_id, "b_product": product_id} for row in here]
    tx.execute(_GROW[tx.connection.dialect.name], there)


def free(
    tx: Transaction, *, shipment_line_id: int, lot: str, location_id: int, quantity: int
) -> None:
    """Take units off a line's reservation; an emptied row goes."""
    here = {
        "b_line": shipment_line_id,
        "b_location": location_id,
        "b_lot": lot,
        "b_quantity": quantity,
    }
    if tx.execute(_SHRINK, here).rowcount != 1 and tx.execute(_REMOVE, here).rowcount != 1:
        raise RuntimeError(f"no reservation of {quantity} units: {here}")


def grow(
    tx: Transaction,
    *,
    shipment_line_id: int,
    product_id: int,
    lot: str,
    location_id: int,
    quantity: int,
) -> None:
    """Add units to a line's reservation at a place, whose row may be new."""
    tx.execute(
        _GROW[tx.connection.dialect.name],
        {
            "b_line": shipment_line_id,
            "b_location": location_id,
            "b_product": product_id,
            "b_lot": lot,
            "b_quantity": quantity,
        },
    )


def _row(table: Any, location: str) -> Any:
    return (
        (table.c.shipment_line_id == bindparam("b_line"))
        & (table.c.location_id == bindparam(location))
        & (table.c.lot == bindparam("b_lot"))
    )


def _growing(dialect: Any) -> Any:
    new = dialect.insert(_TABLE).values(
        shipment_line_id=bindparam("b_line"),
        location_id=bindparam("b_location"),
        product_id=bindparam("b_product"),
        lot=bindparam("b_lot"),
        quantity=bindparam("b_quantity"),
    )
    return new.on_conflict_do_update(
        index_elements=[_TABLE.c.shipment_line_id, _TABLE.c.location_id, _TABLE.c.lot],
        set_={"quantity": _TABLE.c.quantity + new.excluded.quantity},
    )


_OTHER = _TABLE.alias("at_target")
_MOVE_WHOLE = (
    update(_TABLE)
    .where(
        _row(_TABLE, "b_location"),
        _TABLE.c.quantity == bindparam("b_quantity"),
        ~exists().where(_row(_OTHER, "b_target")),
    )
    .values(location_id=bindparam("b_target"))
)
_SHRINK = (
    update(_TABLE)
    .where(_row(_TABLE, "b_location"), _TABLE.c.quantity > bindparam("b_quantity"))
    .values(quantity=_TABLE.c.quantity - bindparam("b_quantity"))
)
_REMOVE = delete(_TABLE).where(
    _row(_TABLE, "b_location"), _TABLE.c.quantity == bindparam("b_quantity")
)
_GROW = {"sqlite": _growing(sqlite), "postgresql": _growing(postgresql)}
