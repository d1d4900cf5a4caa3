"""What a warehouse must do, in plain dictionaries: the other side of the whole-life test.

No database, no locks, no code of the product: numbers by place and product, orders and
shipments with their units.  Where the product may choose (which bin, which warehouse's list),
the choice is told to the model, which checks that it was allowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

WAREHOUSES = ("W1", "W2")
"""In the order of the seller's priority."""
PICKED_NOT_SHIPPED = ("picking", "picked", "packing", "packed", "labelled")
ENDED = ("shipped", "dispatched", "cancelled")


@dataclass
class Units:
    """A product at a place."""

    on_hand: int = 0
    reserved: int = 0
    held: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved - self.held


@dataclass
class ModelOrder:
    """Units by SKU."""

    number: str
    state: str
    wanted: Counter[str]
    cancelled: Counter[str] = field(default_factory=Counter)
    allocated: Counter[str] = field(default_factory=Counter)
    has_backorder: bool = False
    holds: set[int] = field(default_factory=set)

    @property
    def owed(self) -> Counter[str]:
        """Units on no shipment."""
        return +Counter(
            {s: q - self.cancelled[s] - self.allocated[s] for s, q in self.wanted.items()}
        )


@dataclass
class ModelShipment:
    """Units by SKU, and where they are reserved."""

    order_id: int
    warehouse: str
    state: str = "allocated"
    wants: Counter[str] = field(default_factory=Counter)
    picked: Counter[str] = field(default_factory=Counter)
    packed: Counter[str] = field(default_factory=Counter)
    reserved: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By (place, SKU)."""
    waiting_parcels: set[str] = field(default_factory=set)
    """Tracking numbers that are shipped and not out of the house."""
    parcels_out: int = 0


@dataclass
class CountTask:
    """A count that was asked for: units that went to *missing*, units held until then."""

    place: str
    sku: str
    missing: int
    held: int


def outside(warehouse: str) -> str:
    """The model's one place for all totes and parcels of a warehouse."""
    return f"{warehouse}-OUT"


def is_bin(place: str) -> bool:
    """Whether goods are picked from here."""
    return "-A-" in place


class WarehouseModel:
    """The books of two warehouses and the orders that they serve."""

    def __init__(self, skus: Iterable[str]) -> None:
        self.skus = tuple(skus)
        self.stock: dict[tuple[str, str], Units] = {}
        self.promised: Counter[tuple[str, str]] = Counter()
        self.orders: dict[int, ModelOrder] = {}
        self.shipments: dict[int, ModelShipment] = {}
        self.counts: dict[int, CountTask] = {}

    # --- numbers -----------------------------------------------------------------------------

    def at(self, place: str, sku: str) -> Units:
        """Units of a product at a place."""
        return self.stock.setdefault((place, sku), Units())

    def free_in_bins(self, warehouse: str, sku: str) -> int:
        """What could be sold if nothing were promised."""
        return sum(
            units.free
            for (place, of), units in self.stock.items()
            if of == sku and is_bin(place) and place.startswith(warehouse)
        )

    def available(self, warehouse: str, sku: str) -> int:
        """What can still be promised."""
        return self.free_in_bins(warehouse, sku) - self.promised[warehouse, sku]

    def live(self, *states: str) -> Iterator[tuple[int, ModelShipment]]:
        """Shipments in one of these states."""
        return (pair for pair in self.shipments.items() if pair[1].state in states)

    def shipments_of(self, order_id: int) -> list[ModelShipment]:
        """All shipments of an order."""
        return [one for one in self.shipments.values() if one.order_id == order_id]

    # --- stock by hand -----------------------------------------------------------------------

    def can_leave(self, place: str, sku: str, quantity: int) -> bool:
        """Whether units are free here, and nobody was promised them."""
        enough = self.at(place, sku).free >= quantity
        return enough and (not is_bin(place) or self.available(place[:2], sku) >= quantity)

    def change(self, place: str, sku: str, quantity: int) -> None:
        """Units come or go."""
        self.at(place, sku).on_hand += quantity

    # --- promises ----------------------------------------------------------------------------

    def allocate(self) -> dict[int, dict[str, Counter[str]]]:
        """Serve the queue; the new units by order and warehouse."""
        waiting = [
            (not order.has_backorder, order_id)
            for order_id, order in self.orders.items()
            if order.state == "confirmed" and not order.holds and order.owed
        ]
        return {order_id: self._serve(self.orders[order_id]) for _, order_id in sorted(waiting)}

    def _serve(self, order: ModelOrder) -> dict[str, Counter[str]]:
        owed = order.owed
        can = {
            name: Counter({s: min(q, self.available(name, s)) for s, q in owed.items()})
            for name in WAREHOUSES
        }
        goal = Counter(
            {s: min(q, sum(self.available(n, s) for n in WAREHOUSES)) for s, q in owed.items()}
        )
        chosen = next(((name,) for name in WAREHOUSES if can[name] == goal), WAREHOUSES)
        shares: dict[str, Counter[str]] = {}
        for name in chosen:
            share = +Counter({s: min(q, can[name][s]) for s, q in goal.items()})
            goal -= share
            if share:
                shares[name] = share
                order.allocated += share
                self.promised.update({(name, s): q for s, q in share.items()})
        order.has_backorder = bool(order.owed)
        order.state = "confirmed" if order.owed else "allocated"
        return shares

    def reserve(self, shipment: ModelShipment, chosen: Mapping[tuple[str, str], int]) -> None:
        """The promise of a shipment becomes these reservations."""
        found: Counter[str] = Counter()
        for (place, sku), quantity in chosen.items():
            assert is_bin(place)
            assert place.startswith(shipment.warehouse)
            assert quantity <= self.at(place, sku).free, "only free units are reserved"
            self.at(place, sku).reserved += quantity
            found[sku] += quantity
        assert found == +shipment.wants, "bins hold what was promised"
        for sku, quantity in shipment.wants.items():
            self.promised[shipment.warehouse, sku] -= quantity
        shipment.reserved = Counter(dict(chosen))
        shipment.state = "released"

    # --- picking -----------------------------------------------------------------------------

    def carry(
        self, shipment: ModelShipment, sku: str, quantity: int, source: str, target: str
    ) -> None:
        """Reserved units of a shipment go from a bin to its tote, or back."""
        assert shipment.reserved[source, sku] >= quantity
        for place, sign in ((source, -1), (target, 1)):
            self.at(place, sku).on_hand += sign * quantity
            self.at(place, sku).reserved += sign * quantity
            shipment.reserved[place, sku] += sign * quantity
        shipment.picked[sku] += quantity if is_bin(source) else -quantity
        self.settle_picking(shipment)

    @staticmethod
    def settle_picking(shipment: ModelShipment) -> None:
        """Picked is what has everything; picking what has not."""
        if shipment.state in ("picking", "picked"):
            whole = +shipment.picked == +shipment.wants
            shipment.state = "picked" if whole else "picking"

    def owe_again(self, shipment: ModelShipment, lost: Counter[str]) -> None:
        """Units of a shipment that nobody has are owed to the customer."""
        order = self.orders[shipment.order_id]
        shipment.wants -= lost
        order.allocated -= lost
        order.has_backorder = True
        if order.state == "allocated":
            order.state = "confirmed"
        if not +shipment.wants:
            shipment.state = "cancelled"

    # --- packing and shipping ------------------------------------------------------------------

    def ship(self, shipment: ModelShipment, tracking: Iterable[str]) -> None:
        """Everything leaves the building's books."""
        out = outside(shipment.warehouse)
        assert +shipment.picked == +shipment.packed == +shipment.wants
        for sku, quantity in shipment.wants.items():
            assert shipment.reserved[out, sku] == quantity
            self.at(out, sku).on_hand -= quantity
            self.at(out, sku).reserved -= quantity
        shipment.reserved.clear()
        shipment.state = "shipped"
        shipment.waiting_parcels = set(tracking)
        order = self.orders[shipment.order_id]
        if not order.owed and all(
            one.state in ENDED for one in self.shipments_of(shipment.order_id)
        ):
            order.state = "shipped"

    @staticmethod
    def scan_out(shipment: ModelShipment, tracking: str) -> None:
        """A parcel is on the van."""
        shipment.waiting_parcels.remove(tracking)
        shipment.parcels_out += 1
        if not shipment.waiting_parcels:
            shipment.state = "dispatched"

    # --- cancelling ----------------------------------------------------------------------------

    def stop(self, shipment: ModelShipment) -> None:
        """Free what a shipment had; what is outside of bins waits there, unreserved."""
        assert not shipment.parcels_out
        if shipment.state == "allocated":
            for sku, quantity in shipment.wants.items():
                self.promised[shipment.warehouse, sku] -= quantity
        if shipment.state == "shipped":
            for sku, quantity in shipment.wants.items():
                self.at(outside(shipment.warehouse), sku).on_hand += quantity
        for (place, sku), quantity in shipment.reserved.items():
            self.at(place, sku).reserved -= quantity
        shipment.reserved.clear()
        shipment.waiting_parcels.clear()
        shipment.state = "cancelled"

    def cancel_order(self, order: ModelOrder, order_id: int) -> None:
        """Everything of an order."""
        for shipment in self.shipments_of(order_id):
            if shipment.state != "cancelled":
                self.stop(shipment)
        order.cancelled = Counter(order.wanted)
        order.allocated = Counter()
        order.has_backorder = False
        order.state = "cancelled"

    def cancel_shipment(self, shipment: ModelShipment) -> None:
        """One shipment; its units are owed again."""
        order = self.orders[shipment.order_id]
        self.stop(shipment)
        order.allocated -= shipment.wants
        order.has_backorder = True
        order.state = "confirmed"

    def cancel_owed(self, order: ModelOrder, order_id: int) -> None:
        """What is on no shipment."""
        order.cancelled += order.owed
        order.has_backorder = False
        states = {one.state for one in self.shipments_of(order_id)} - {"cancelled"}
        if not states:
            order.state = "cancelled"
        else:
            order.state = "shipped" if states <= {"shipped", "dispatched"} else "allocated"

    # --- counting ------------------------------------------------------------------------------

    def settle_count(self, task_id: int, counted: int) -> None:
        """The books say what was counted, as far as nobody was promised the units."""
        task = self.counts.pop(task_id)
        units = self.at(task.place, task.sku)
        units.held -= task.held
        if counted >= units.on_hand:
            units.on_hand = counted
            return
        can_go = min(units.free, self.available(task.place[:2], task.sku))
        units.on_hand -= max(0, min(units.on_hand - counted, can_go))
