"""Expired lots: never promised, and held in their bins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fulfillment.domain.values import BIN, Place
from fulfillment.store.carriage import Dock, read_docks
from fulfillment.store.stock import Pin, expired_free, lock_warehouse_balances, post
from fulfillment.store.transaction import Transaction


@dataclass(frozen=True)
class ExpiryReport:
    """Expired units that went out of sale, and those still promised that the release will find."""

    held: int
    still_promised: int


def expired_units(
    tx: Transaction,
    docks: Mapping[int, Dock],
    *,
    product_ids: Iterable[int] | None = None,
    lock: bool = False,
) -> Iterator[Any]:
    """Free expired units by the calendar of each warehouse, which is at most a day ahead of UTC."""
    before = tx.now.date() + timedelta(days=1)
    for row in expired_free(tx, before=before, product_ids=product_ids, lock=lock):
        if row.expires_on < docks[row.warehouse_id].timetable.today(tx.now):
            yield row


def hold_expired(tx: Transaction, actor_id: int) -> ExpiryReport:
    """Hold what expired, as far as it is not promised."""
    docks = read_docks(tx)
    rows = list(expired_units(tx, docks, lock=True))
    if not rows:
        return ExpiryReport(0, 0)
    free = {
        (row.warehouse_id, row.product_id): row.sellable - row.promised
        for row in lock_warehouse_balances(tx, {row.product_id for row in rows})
    }
    pins = []
    for row in rows:
        key = (row.warehouse_id, row.product_id)
        units = min(row.free, free[key])
        free[key] -= units
        if units:
            place = Place(row.location_id, BIN, row.warehouse_id)
            pins.append(Pin(place, row.product_id, lot=row.lot, held=units))
    post(tx, actor_id=actor_id, pins=pins)
    held = sum(pin.held for pin in pins)
    return ExpiryReport(held=held, still_promised=sum(row.free for row in rows) - held)
