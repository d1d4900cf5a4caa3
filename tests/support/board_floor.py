"""A morning at W1 as the board sees it: orders in every stage, made through the API."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label, Parcel
from tests.support.clocks import Clock
from tests.support.people import People
from tests.support.world import fetch


class Floor:
    """Orders, each known by a name, and the people who work on them."""

    def __init__(self, people: People, clock: Clock) -> None:
        self.people, self.clock = people, clock
        self.journey = people.journey()
        self.warehouse_id = self.journey.warehouse_id
        self.station_id = people.world.stations["W1S1"]
        self.orders: dict[str, int] = {}

    def allocated(self, name: str, pieces: int) -> int:
        """An order with stock promised."""
        self.orders[name] = order_id = self.journey.take(("A", pieces))
        self.journey.allocate(order_id)
        return order_id

    def released(self, name: str, pieces: int) -> None:
        """An order on a pick list of its own."""
        order_id = self.allocated(name, pieces)
        self.journey.release(shipment_ids=[self.shipment(order_id)])

    def picked(self, name: str, pieces: int, *, into: str) -> None:
        """An order in a tote."""
        self.released(name, pieces)
        self.journey.pick([into])

    def shipment(self, order_id: int) -> int:
        (row,) = fetch(select(Shipment.id).where(Shipment.order_id == order_id))
        return int(row.id)

    def number(self, name: str) -> str:
        return str(self.journey.order(self.orders[name])["number"])

    def dispatch(self, name: str) -> None:
        """Scan the order's parcels out to the van."""
        tracking = select(Label.tracking_number).join(Parcel, Parcel.id == Label.parcel_id)
        shipment_id = self.shipment(self.orders[name])
        for row in fetch(tracking.where(Parcel.shipment_id == shipment_id)):
            body = {"scan_id": str(uuid.uuid4()), "raw": row.tracking_number}
            path = f"/warehouses/{self.warehouse_id}/dispatch-scans"
            answer = self.people.call("packer1", "POST", path, body)
            assert answer["verdict"]["accepted"]

    def board(self) -> Any:
        return self.people.call("supervisor1", "GET", f"/warehouses/{self.warehouse_id}/board")
