"""Shipments that are picked and wait in a tote, made without the services before packing."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Actor
from fulfillment.services import packing
from fulfillment.services.packing import BenchReply
from fulfillment.store.orders import Address, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.stock import Move, Pin, Reservation, post
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import PickFeed, PickList, PickListShipment, PickStop, ToteUse, Wave
from tests.support.world import World, fetch, insert_row

_numbers = itertools.count(1)

PLACED = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


def picked_shipment(
    world: World,
    wanted: dict[str, int],
    *,
    tote: str = "W1T1",
    bin_code: str = "W1-A-01-1-1",
    lots: dict[str, str] | None = None,
    serials: dict[str, tuple[str, ...]] | None = None,
) -> int:
    """An order of one shipment, picked into *tote* from stock in *bin_code*; the shipment's id."""
    number = next(_numbers)
    warehouse = bin_code.split("-")[0]
    address_id = insert_row(
        Address,
        name="Ada Byron",
        lines=["12 St James's Square"],
        city="London",
        postcode="SW1Y 4JH",
        country="GB",
    )
    order_id = insert_row(
        Order,
        number=f"O{number:06d}",
        seller_id=world.seller_id,
        channel="test",
        reference=f"R{number}",
        content_hash="",
        state="allocated",
        address_id=address_id,
        currency="GBP",
        total_minor=1000,
        ship_complete=False,
        tags=[],
        placed_at=PLACED,
        created_at=PLACED,
        confirmed_at=PLACED,
    )
    shipment_id = insert_row(
        Shipment,
        number=f"O{number:06d}-1",
        order_id=order_id,
        warehouse_id=world.warehouses[warehouse],
        state="picked",
        service_id=world.service_id,
        why={},
        pieces=sum(wanted.values()),
        confirmed_at=PLACED,
        allocated_at=PLACED,
        released_at=PLACED,
        picked_at=PLACED,
    )
    wave_id = insert_row(
        Wave,
        number=f"V{number}",
        warehouse_id=world.warehouses[warehouse],
        choice={},
        released_at=PLACED,
        released_by_id=1,
    )
    list_id = insert_row(
        PickList,
        number=f"L{number}",
        wave_id=wave_id,
        warehouse_id=world.warehouses[warehouse],
        state="done",
        walk={},
    )
    _place_on_list(list_id, shipment_id)
    insert_row(ToteUse, tote_id=world.locations[tote], shipment_id=shipment_id, opened_at=PLACED)
    for sequence, (sku, quantity) in enumerate(wanted.items(), start=1):
        product_id = world.products[sku]
        order_line_id = insert_row(
            OrderLine,
            order_id=order_id,
            line_number=sequence,
            product_id=product_id,
            quantity=quantity,
            allocated=quantity,
        )
        line_id = insert_row(
            ShipmentLine,
            shipment_id=shipment_id,
            order_line_id=order_line_id,
            product_id=product_id,
            quantity=quantity,
            picked=quantity,
        )
        stop_id = insert_row(
            PickStop,
            pick_list_id=list_id,
            sequence=sequence,
            location_id=world.locations[bin_code],
            product_id=product_id,
            lot=(lots or {}).get(sku, ""),
            state="picked",
        )
        insert_row(
            PickFeed,
            stop_id=stop_id,
            shipment_line_id=line_id,
            position=1,
            quantity=quantity,
            picked=quantity,
        )
        _into_tote(
            world,
            line_id,
            product_id,
            quantity,
            bin_code,
            tote,
            (lots or {}).get(sku, ""),
            (serials or {}).get(sku, ()),
        )
    return shipment_id


@writes
def _place_on_list(tx: Transaction, list_id: int, shipment_id: int) -> None:
    tx.execute(
        insert(PickListShipment).values(pick_list_id=list_id, shipment_id=shipment_id, position=1)
    )


def _into_tote(
    world: World,
    line_id: int,
    product_id: int,
    quantity: int,
    bin_code: str,
    tote: str,
    lot: str,
    serials: tuple[str, ...],
) -> None:
    source, target = world.place(bin_code), world.place(tote)
    _post_pick(line_id, product_id, quantity, source, target, lot, serials)


@writes
def _post_pick(
    tx: Transaction,
    line_id: int,
    product_id: int,
    quantity: int,
    source: Any,
    target: Any,
    lot: str,
    serials: tuple[str, ...],
) -> None:
    post(tx, actor_id=1, pins=[Pin(source, product_id, lot, reserved=quantity)])
    units = [(serial, 1) for serial in serials] or [("", quantity)]
    post(
        tx,
        actor_id=1,
        moves=[
            Move(
                product_id=product_id,
                quantity=each,
                source=source,
                target=target,
                reason="pick",
                reference=("test", line_id),
                key=f"pick:{line_id}:{serial}",
                lot=lot,
                serial=serial,
                reserved_quantity=each,
                reserve_at_target=each,
            )
            for serial, each in units
        ],
    )
    tx.execute(
        insert(Reservation).values(
            shipment_line_id=line_id,
            location_id=target.id,
            product_id=product_id,
            lot=lot,
            quantity=quantity,
        )
    )


class BenchDriver:
    """Somebody at a station: scans texts, each with an id of its own."""

    def __init__(self, world: World, packer: str = "packer1", station: str = "W1S1") -> None:
        self.world = world
        self.actor: Actor = world.people[packer]
        self.station_id = world.stations[station]

    def scan(self, raw: str, scan_id: str | None = None) -> BenchReply:
        """Scan *raw* as it is."""
        return packing.scan(
            self.actor, station_id=self.station_id, scan_id=scan_id or str(uuid.uuid4()), raw=raw
        )

    def open(self, tote: str = "W1T1") -> BenchReply:
        """Scan a tote."""
        return self.scan(own_code(Own.TOTE, tote))

    def own(self, kind: Own, payload: str) -> BenchReply:
        """Scan one of our own barcodes."""
        return self.scan(own_code(kind, payload))

    def command(self, command: Command) -> BenchReply:
        """Scan a command of the sheet."""
        return self.own(Own.COMMAND, command)

    def reason(self, reason: str) -> BenchReply:
        """Scan a reason of the sheet."""
        return self.scan(own_code(Own.REASON, reason.upper()))

    def weigh(self, grams: int, scan_id: str | None = None) -> BenchReply:
        """A stable reading of the scale."""
        return packing.weigh(
            self.actor,
            station_id=self.station_id,
            scan_id=scan_id or str(uuid.uuid4()),
            grams=grams,
            source="scale",
        )


def codes(model: Any, *columns: str, **where: Any) -> list[Any]:
    """Rows of a table: the named columns, filtered by equality, in the order of their ids."""
    table = model.__table__
    query = select(*(table.c[name] for name in columns))
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    return fetch(query.order_by(*table.primary_key.columns))
