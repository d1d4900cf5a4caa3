"""A morning at W1 as the board sees it: orders in every stage, made through the API."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Flask
from sqlalchemy import select

from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label, Parcel
from tests.support.clocks import Clock
from tests.support.journeys import tote
from tests.support.people import People
from tests.support.world import World, fetch


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


def busy_floor(app: Flask, world: World, clock: Clock) -> Floor:
    """At 16:30: one gone in time, one at the bench, one with a picker, four waiting, one held."""
    world.product("A", weight_grams=100)
    world.stock("A", 5000)
    people = People(app, world)
    floor = Floor(people, clock)
    clock.set("15:00")
    floor.picked("gone", 1, into="W1T1")
    clock.set("15:10")
    floor.journey.pack(floor.station_id, "W1T1")
    floor.dispatch("gone")
    clock.set("16:20")
    floor.picked("at the bench", 2, into="W1T2")
    clock.set("16:25")
    floor.journey.scan(floor.station_id, tote("W1T2"))
    floor.released("with a picker", 80)
    floor.journey.claim()
    for number in range(4):
        floor.allocated(f"waiting {number}", 60)
    held = floor.allocated("held", 1)
    body = {"type": "payment", "reason": "not paid yet"}
    people.call("supervisor1", "POST", f"/orders/{held}/holds", body)
    clock.set("16:30")
    return floor
