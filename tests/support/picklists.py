"""Released shipments with their reservations, pick list, stops and feeds, made directly.

What release does through its service is done here row by row, so that tests of picking
start from exactly the list that they describe.
"""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Actor
from fulfillment.domain.pick_walk import PickState
from fulfillment.domain.values import PickMethod, Place
from fulfillment.services import picking
from fulfillment.services.picking import PickReply
from fulfillment.store.base import Base
from fulfillment.store.catalog import Location
from fulfillment.store.orders import Address, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.stock import (
    Pin,
    Reservation,
    SerialUnit,
    StockBalance,
    StockMove,
    WarehouseBalance,
    post,
    reserve,
)
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import PickFeed, PickList, PickListShipment, PickStop, Wave
from tests.support.world import NOON, World, fetch

_numbers = itertools.count(1)


@dataclass
class ReleasedList:
    """A pick list and the ids of what it collects, shipments in the order of the cart."""

    id: int
    number: str
    orders: list[int] = field(default_factory=list)
    shipments: list[int] = field(default_factory=list)
    lines: list[dict[str, int]] = field(default_factory=list)
    """Shipment line ids by SKU, for each shipment."""


@writes
def release(
    tx: Transaction,
    world: World,
    orders: list[dict[str, int]],
    *,
    warehouse: str = "W1",
    due_at: datetime | None = None,
    priority: int = 0,
    method: PickMethod = "cart",
) -> ReleasedList:
    """A list for one shipment of each order (``{sku: quantity}``), its units reserved in the
    first bins (by code) that have them free, stops in the order of the bins."""
    warehouse_id = world.warehouses[warehouse]
    wave_id = _add(
        tx,
        Wave,
        number=f"WV{next(_numbers)}",
        warehouse_id=warehouse_id,
        choice={},
        released_at=NOON,
        released_by_id=1,
    )
    number = f"L{next(_numbers)}"
    list_id = _add(
        tx,
        PickList,
        number=number,
        wave_id=wave_id,
        warehouse_id=warehouse_id,
        walk={},
        due_at=due_at,
        priority=priority,
        method=method,
    )
    made = ReleasedList(list_id, number)
    feeds: dict[tuple[str, int, int, str], list[tuple[int, int, int]]] = defaultdict(list)
    for position, units in enumerate(orders, start=1):
        _order(tx, world, made, units, warehouse_id)
        tx.execute(
            insert(PickListShipment).values(
                pick_list_id=list_id, shipment_id=made.shipments[-1], position=position
            )
        )
        for sku, quantity in units.items():
            line_id = made.lines[-1][sku]
            product_id = world.products[sku]
            for place, code, lot, taken in _pin(tx, warehouse_id, product_id, quantity):
                reserve(
                    tx,
                    [
                        {
                            "shipment_line_id": line_id,
                            "location_id": place,
                            "product_id": product_id,
                            "lot": lot,
                            "quantity": taken,
                        }
                    ],
                )
                feeds[code, place, product_id, lot].append((line_id, position, taken))
    for sequence, (place_key, fed) in enumerate(sorted(feeds.items()), start=1):
        _, location_id, product_id, lot = place_key
        stop_id = _add(
            tx,
            PickStop,
            pick_list_id=list_id,
            sequence=sequence,
            location_id=location_id,
            product_id=product_id,
            lot=lot,
        )
        for line_id, position, taken in fed:
            _add(
                tx,
                PickFeed,
                stop_id=stop_id,
                shipment_line_id=line_id,
                position=position,
                quantity=taken,
            )
    return made


def _order(
    tx: Transaction, world: World, made: ReleasedList, units: dict[str, int], warehouse_id: int
) -> None:
    number = f"O{next(_numbers)}"
    address_id = _add(tx, Address, lines=["1 High Street"], country="GB")
    order_id = _add(
        tx,
        Order,
        number=number,
        seller_id=world.seller_id,
        channel="test",
        reference=number,
        content_hash="",
        state="allocated",
        address_id=address_id,
        currency="GBP",
        total_minor=0,
        ship_complete=False,
        tags=[],
        placed_at=NOON,
        created_at=NOON,
        confirmed_at=NOON,
    )
    shipment_id = _add(
        tx,
        Shipment,
        number=f"{number}-1",
        order_id=order_id,
        warehouse_id=warehouse_id,
        state="released",
        service_id=world.service_id,
        why={},
        pieces=sum(units.values()),
        confirmed_at=NOON,
        allocated_at=NOON,
        released_at=NOON,
    )
    lines = {}
    for line_number, (sku, quantity) in enumerate(units.items(), start=1):
        order_line_id = _add(
            tx,
            OrderLine,
            order_id=order_id,
            line_number=line_number,
            product_id=world.products[sku],
            quantity=quantity,
            allocated=quantity,
        )
        lines[sku] = _add(
            tx,
            ShipmentLine,
            shipment_id=shipment_id,
            order_line_id=order_line_id,
            product_id=world.products[sku],
            quantity=quantity,
        )
    made.orders.append(order_id)
    made.shipments.append(shipment_id)
    made.lines.append(lines)


def _pin(
    tx: Transaction, warehouse_id: int, product_id: int, quantity: int
) -> list[tuple[int, str, str, int]]:
    """Reserve free units: (location, its code, lot, units)."""
    free = (StockBalance.on_hand - StockBalance.reserved - StockBalance.held).label("free")
    found = []
    for row in list(
        tx.execute(
            select(Location.id, Location.code, StockBalance.lot, free)
            .join(Location, Location.id == StockBalance.location_id)
            .where(
                Location.warehouse_id == warehouse_id,
                Location.kind == "bin",
                StockBalance.product_id == product_id,
            )
            .order_by(Location.code, StockBalance.lot)
        )
    ):
        taken = min(quantity, row.free)
        if taken:
            place = Place(row.id, "bin", warehouse_id)
            post(tx, actor_id=1, pins=[Pin(place, product_id, row.lot, reserved=taken)])
            found.append((row.id, row.code, row.lot, taken))
            quantity -= taken
    assert not quantity, "the test asks for more than it has in stock"
    return found


def _add(tx: Transaction, model: type[Base], **values: Any) -> int:
    key = tx.execute(insert(model).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


# --- a picker ----------------------------------------------------------------------------------


class Picker:
    """Somebody with a handheld: every method is one scan and returns the reply."""

    def __init__(self, actor: Actor, list_id: int) -> None:
        self.actor = actor
        self.list_id = list_id

    def scan(self, raw: str, scan_id: str | None = None) -> PickReply:
        """Scan a text as it stands."""
        return picking.scan(
            self.actor,
            pick_list_id=self.list_id,
            scan_id=scan_id or str(uuid.uuid4()),
            raw=raw,
        )

    def bin(self, code: str) -> PickReply:
        """Scan a bin's barcode."""
        return self.scan(own_code(Own.LOCATION, code))

    def tote(self, code: str, scan_id: str | None = None) -> PickReply:
        """Scan a tote's barcode."""
        return self.scan(own_code(Own.TOTE, code), scan_id)

    def command(self, command: Command) -> PickReply:
        """Scan a command of the sheet."""
        return self.scan(own_code(Own.COMMAND, command))

    def quantity(self, quantity: int) -> PickReply:
        """Scan a number of the sheet."""
        return self.scan(own_code(Own.QUANTITY, str(quantity)))

    def reason(self, reason: str) -> PickReply:
        """Scan a reason of the sheet."""
        return self.scan(own_code(Own.REASON, reason.upper()))

    def put(self, sku: str, tote: str) -> PickReply:
        """Scan the item (its barcode is its SKU), then the tote."""
        taken = self.scan(sku).verdict
        assert taken.code == "item", taken
        return self.tote(tote)

    def view(self) -> PickState:
        """What the page shows."""
        return picking.see_list(self.actor, pick_list_id=self.list_id)


def claim(world: World, person: str, warehouse: str = "W1") -> Picker:
    """Let a person take the next list."""
    actor = world.people[person]
    view = picking.claim_list(actor, warehouse_id=world.warehouses[warehouse])
    return Picker(actor, view.list_id)


# --- the books ---------------------------------------------------------------------------------


def check_books() -> None:
    """Both projections, the serials and the reservations equal what the moves say."""
    kinds = {
        row.id: row for row in fetch(select(Location.id, Location.kind, Location.warehouse_id))
    }
    on_hand: dict[tuple[int, int, str], int] = defaultdict(int)
    serials: dict[tuple[int, str], int] = {}
    for move in fetch(
        select(
            StockMove.product_id,
            StockMove.lot,
            StockMove.serial,
            StockMove.quantity,
            StockMove.from_id,
            StockMove.to_id,
        ).order_by(StockMove.id)
    ):
        on_hand[move.from_id, move.product_id, move.lot] -= move.quantity
        on_hand[move.to_id, move.product_id, move.lot] += move.quantity
        if move.serial:
            serials[move.product_id, move.serial] = move.to_id
    reserved: dict[tuple[int, int, str], int] = defaultdict(int)
    for row in fetch(
        select(
            Reservation.location_id, Reservation.product_id, Reservation.lot, Reservation.quantity
        )
    ):
        reserved[row.location_id, row.product_id, row.lot] += row.quantity
    sellable: dict[tuple[int, int], int] = defaultdict(int)
    shown: dict[tuple[int, int, str], int] = {}
    shown_reserved: dict[tuple[int, int, str], int] = {}
    for row in fetch(
        select(
            StockBalance.location_id,
            StockBalance.product_id,
            StockBalance.lot,
            StockBalance.on_hand,
            StockBalance.reserved,
            StockBalance.held,
        )
    ):
        key = (row.location_id, row.product_id, row.lot)
        shown[key] = row.on_hand
        shown_reserved[key] = row.reserved
        if kinds[row.location_id].kind == "bin":
            warehouse_id = kinds[row.location_id].warehouse_id
            sellable[warehouse_id, row.product_id] += row.on_hand - row.reserved - row.held
    physical = {
        key: units for key, units in on_hand.items() if kinds[key[0]].warehouse_id and units
    }
    assert {key: units for key, units in shown.items() if units} == physical
    assert {k: v for k, v in shown_reserved.items() if v} == {
        k: v for k, v in reserved.items() if v
    }
    for row in fetch(
        select(
            WarehouseBalance.warehouse_id, WarehouseBalance.product_id, WarehouseBalance.sellable
        )
    ):
        assert row.sellable == sellable[row.warehouse_id, row.product_id]
    placed = {
        (row.product_id, row.serial): row.location_id
        for row in fetch(select(SerialUnit.product_id, SerialUnit.serial, SerialUnit.location_id))
    }
    assert placed == {
        key: place for key, place in serials.items() if kinds[place].warehouse_id is not None
    }
