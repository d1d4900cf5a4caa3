"""Somebody at a put wall."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Actor, system
from fulfillment.domain.walls import WallState
from fulfillment.services import sorting, walls
from fulfillment.services.sorting import SortReply
from fulfillment.store.catalog import Location
from tests.support.picklists import ReleasedList, claim, release
from tests.support.world import World, fetch

A1, A2 = "W1-A-01-1-1", "W1-A-02-1-1"


class Sorter:
    """A person with a scanner at a wall; every method is one scan."""

    def __init__(self, actor: Actor, wall_id: int) -> None:
        self.actor = actor
        self.wall_id = wall_id

    def scan(self, raw: str, scan_id: str | None = None) -> SortReply:
        """Scan a text as it stands."""
        return sorting.scan(
            self.actor, wall_id=self.wall_id, scan_id=scan_id or str(uuid.uuid4()), raw=raw
        )

    def tote(self, code: str = "W1T1") -> SortReply:
        """Scan a tote."""
        return self.scan(own_code(Own.TOTE, code))

    def slot(self, number: int, scan_id: str | None = None) -> SortReply:
        """Scan the barcode of a slot."""
        return self.scan(slot_barcode(number), scan_id)

    def quantity(self, quantity: int) -> SortReply:
        """Scan a number of the sheet."""
        return self.scan(own_code(Own.QUANTITY, str(quantity)))

    def undo(self) -> SortReply:
        """Scan UNDO."""
        return self.scan(own_code(Own.COMMAND, Command.UNDO))

    def sort(self, sku: str) -> SortReply:
        """Scan a piece, then the slot that the page says."""
        taken = self.scan(sku)
        assert taken.verdict.code == "item", taken.verdict
        return self.slot(taken.verdict.fields["slot"])

    def view(self) -> WallState:
        """What the page shows."""
        return sorting.see_wall(self.actor, wall_id=self.wall_id)


def slot_barcode(number: int) -> str:
    """The barcode of a slot of wall P."""
    return own_code(Own.SLOT, walls.slot_code("P", number))


def a_wall(world: World, slots: int = 4, person: str = "packer1") -> Sorter:
    """Wall P of warehouse W1, and somebody there."""
    made = walls.put_wall(system(), "W1", walls.WallEntry("P", "The wall", slots))
    for row in fetch(select(Location.id, Location.code).where(Location.kind == "slot")):
        world.locations[row.code] = row.id
    return Sorter(world.people[person], made.id)


def a_picked_batch(world: World, *orders: dict[str, int], tote: str = "W1T1") -> ReleasedList:
    """Orders of A and B, picked as a batch into a tote."""
    for sku, place in (("A", A1), ("B", A2)):
        if sku not in world.products:
            world.product(sku)
        world.stock(sku, 10, bin_code=place)
    made = release(world, list(orders), method="batch")
    picker = claim(world, "picker1")
    while (stop := picker.view().stop) is not None:
        picker.bin(stop.location_code)
        picker.put(stop.sku, tote)
    return made
