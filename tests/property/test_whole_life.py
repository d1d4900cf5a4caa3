"""The whole life of orders, in any sequence, against a model of plain dictionaries.

After every step the books of the product and those of the model are compared (on hand,
reserved, held and available, order lines, states), and the audit must find nothing.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.errors import (
    AlreadyDispatched,
    NotEnoughStock,
    NothingToDo,
)
from fulfillment.domain.packing import PackLine
from fulfillment.domain.values import SHORT_REASONS, Verdict
from fulfillment.domain.waving import WaveChoice
from fulfillment.services import dispatching, packing, picking, tasks
from fulfillment.services.allocating import allocate_orders
from fulfillment.services.auditing import audit
from fulfillment.services.cancelling import cancel_order, cancel_owed, cancel_shipment
from fulfillment.services.orders.intake import take_order
from fulfillment.services.orders.review import place_hold, release_hold
from fulfillment.services.packing import BenchReply
from fulfillment.services.stock import Units, adjust_stock, move_stock, receive_stock
from fulfillment.services.waving import release_all
from fulfillment.store.catalog import Location
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.stock import Reservation, StockBalance, WarehouseBalance
from fulfillment.store.transaction import clock_set_to
from fulfillment.store.work import PickList, PickListShipment, Task, ToteUse
from tests.property.warehouse_model import (
    ENDED,
    CountTask,
    ModelOrder,
    ModelShipment,
    WarehouseModel,
    is_bin,
    outside,
)
from tests.support.floor import Worker
from tests.support.orders import an_order
from tests.support.picklists import Picker
from tests.support.snapshots import Snapshot
from tests.support.world import NOON, World, fetch

SKUS = ("A", "B", "C")
GRAMS = {"A": 300, "B": 200, "C": 70}
BINS = ("W1-A-01-1-1", "W1-A-02-1-1", "W2-A-01-1-1", "W2-A-02-1-1")
PICKERS = {"W1": ("picker1", "picker2"), "W2": ("picker1_w2",)}
STATIONS = {"W1S1": "packer1", "W1S2": "packer2", "W2S1": "packer1_w2"}
MODEL_PLACES = {"tote": "OUT", "parcel": "OUT", "quarantine": "QUAR", "staging": "STAGE"}

T = TypeVar("T")
index = st.integers(min_value=0, max_value=1000)
few = st.integers(min_value=1, max_value=3)


def one_of(things: Sequence[T], chosen: int) -> T:
    """One of what is there now; Hypothesis chooses by number, since it cannot know them before."""
    return things[chosen % len(things)]


class Clock:
    """Each question a second later."""

    def __init__(self) -> None:
        self.seconds = itertools.count(1)

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=next(self.seconds))


@dataclass
class Gesture:
    """A scan that can be sent again."""

    send: Callable[[], Any]
    verdict: Verdict


class WholeLife(RuleBasedStateMachine):
    """Two warehouses, three products, people and their scans."""

    def __init__(self, world: World, snapshot: Snapshot) -> None:
        super().__init__()
        snapshot.restore()
        self.world = world
        self.admin = world.people["admin"]
        self.model = WarehouseModel(SKUS)
        self.names = itertools.count(1)
        self.lists: dict[str, int] = {}
        """The claimed list of a picker."""
        self.open: dict[str, int] = {}
        """The shipment that is open at a station."""
        self.last: Gesture | None = None

    @initialize(
        orders=st.lists(
            st.lists(st.tuples(st.sampled_from(SKUS), few), min_size=1, max_size=3), max_size=4
        ),
        turns=st.integers(0, 12),
    )
    def begin(self, orders: list[list[tuple[str, int]]], turns: int) -> None:
        """Not every example starts at an empty desk."""
        for lines in orders:
            self.order(lines)
        self.work_goes_on(turns, turns)

    # --- helpers ---------------------------------------------------------------------------

    def send(self, call: Callable[..., Any], *args: Any, **values: Any) -> Any:
        """Send a scan with an id of its own, and keep it for :meth:`send_again`."""
        scan = partial(call, *args, scan_id=f"scan-{next(self.names)}", **values)
        reply = scan()
        self.last = Gesture(scan, reply.verdict)
        return reply

    def units(self, sku: str) -> Units:
        return Units(self.world.seller_id, sku)

    # --- goods -----------------------------------------------------------------------------

    @rule(place=st.sampled_from(BINS), sku=st.sampled_from(SKUS), quantity=st.integers(1, 6))
    def receive(self, place: str, sku: str, quantity: int) -> None:
        receive_stock(
            self.admin, location=place, units=self.units(sku), quantity=quantity, document="D"
        )
        self.model.change(place, sku, quantity)

    @rule(
        place=st.sampled_from(BINS),
        sku=st.sampled_from(SKUS),
        delta=st.integers(-4, 4).filter(bool),
    )
    def adjust(self, place: str, sku: str, delta: int) -> None:
        may = delta > 0 or self.model.can_leave(place, sku, -delta)
        act = partial(
            adjust_stock,
            self.admin,
            location=place,
            units=self.units(sku),
            delta=delta,
            reason="counted by eye",
        )
        if not may:
            with pytest.raises(NotEnoughStock):
                act()
            return
        act()
        self.model.change(place, sku, delta)

    @rule(
        source=st.sampled_from(BINS),
        goal=st.sampled_from(("A-01-1-1", "A-02-1-1", "STAGE")),
        sku=st.sampled_from(SKUS),
        quantity=few,
    )
    def move(self, source: str, goal: str, sku: str, quantity: int) -> None:
        warehouse = source[:2]
        goal = f"{warehouse}-{goal}"
        if goal == source:
            return
        enough = self.model.at(source, sku).free >= quantity
        sold = not is_bin(goal) and self.model.available(warehouse, sku) < quantity
        act = partial(
            move_stock,
            self.admin,
            source=source,
            target=goal,
            units=self.units(sku),
            quantity=quantity,
        )
        if not enough or sold:
            with pytest.raises(NotEnoughStock):
                act()
            return
        act()
        self.model.change(source, sku, -quantity)
        self.model.change(goal, sku, quantity)

    # --- orders ----------------------------------------------------------------------------

    @rule(lines=st.lists(st.tuples(st.sampled_from(SKUS), few), min_size=1, max_size=3))
    def order(self, lines: list[tuple[str, int]]) -> None:
        taken = take_order(self.admin, an_order(*lines, reference=f"R{next(self.names)}"))
        wanted: Counter[str] = Counter()
        for sku, quantity in lines:
            wanted[sku] += quantity
        self.model.orders[taken.order_id] = ModelOrder(taken.number, "confirmed", wanted)

    def _holdable(self) -> list[int]:
        return [i for i, o in self.model.orders.items() if o.state in ("confirmed", "allocated")]

    @precondition(lambda self: self._holdable())
    @rule(chosen=index)
    def hold(self, chosen: int) -> None:
        order_id = one_of(self._holdable(), chosen)
        placed = place_hold(self.admin, order_id, hold_type="payment", reason="to be paid")
        self.model.orders[order_id].holds.add(placed.hold_id)

    @precondition(lambda self: any(order.holds for order in self.model.orders.values()))
    @rule(chosen=index)
    def let_go(self, chosen: int) -> None:
        order = one_of([o for o in self.model.orders.values() if o.holds], chosen)
        hold_id = min(order.holds)
        release_hold(self.admin, hold_id, reason="paid")
        order.holds.remove(hold_id)
        with pytest.raises(NothingToDo):
            release_hold(self.admin, hold_id, reason="paid")

    @precondition(lambda self: self.model.orders)
    @rule()
    def allocate(self) -> None:
        allocate_orders(self.admin)
        served = self.model.allocate()
        found = self._shipped_units()
        for shipment_id, (order_id, warehouse, units) in found.items():
            known = self.model.shipments.get(shipment_id)
            if known is not None and known.state != "allocated":
                continue
            before = known.wants if known else Counter[str]()
            share = served.get(order_id, {}).pop(warehouse, Counter())
            assert units == before + share, "a shipment gets what its warehouse was asked for"
            self.model.shipments[shipment_id] = ModelShipment(order_id, warehouse, wants=units)
        assert not any(served.values()), "every share is on a shipment"

    def _shipped_units(self) -> dict[int, tuple[int, str, Counter[str]]]:
        rows = fetch(
            select(
                Shipment.id,
                Shipment.order_id,
                Shipment.warehouse_id,
                ShipmentLine.product_id,
                ShipmentLine.quantity,
            ).join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        )
        found: dict[int, tuple[int, str, Counter[str]]] = {}
        for row in rows:
            entry = found.setdefault(
                row.id, (row.order_id, self._warehouse(row.warehouse_id), Counter())
            )
            if row.quantity:
                entry[2][self._sku(row.product_id)] += row.quantity
        return found

    def _warehouse(self, key: int) -> str:
        return next(code for code, of in self.world.warehouses.items() if of == key)

    def _sku(self, key: int) -> str:
        return next(sku for sku, of in self.world.products.items() if of == key)

    @precondition(lambda self: any(self.model.live("allocated")))
    @rule(warehouse=st.sampled_from(("W1", "W2")))
    def release_wave(self, warehouse: str) -> None:
        release_all(self.admin, WaveChoice(warehouse_id=self.world.warehouses[warehouse]))
        chosen = self._reservations()
        for shipment_id, shipment in list(self.model.live("allocated")):
            if shipment.warehouse == warehouse and not self._held(shipment):
                self.model.reserve(shipment, chosen[shipment_id])

    def _held(self, shipment: ModelShipment) -> bool:
        return bool(self.model.orders[shipment.order_id].holds)

    def _reservations(self) -> dict[int, Counter[tuple[str, str]]]:
        rows = fetch(
            select(
                ShipmentLine.shipment_id,
                Reservation.product_id,
                Reservation.quantity,
                Location.code,
                Location.kind,
                Location.warehouse_id,
            )
            .join(ShipmentLine, ShipmentLine.id == Reservation.shipment_line_id)
            .join(Location, Location.id == Reservation.location_id)
        )
        found: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        for row in rows:
            key = (self._place(row), self._sku(row.product_id))
            found[row.shipment_id][key] += row.quantity
        return found

    def _place(self, row: Any) -> str:
        if row.kind == "bin":
            return str(row.code)
        return f"{self._warehouse(row.warehouse_id)}-{MODEL_PLACES[row.kind]}"

    # --- picking -----------------------------------------------------------------------------

    @precondition(lambda self: len(self.lists) < 3 and any(self.model.live("released", "picking")))
    @rule(warehouse=st.sampled_from(("W1", "W2")), chosen=index)
    def claim(self, warehouse: str, chosen: int) -> None:
        person = one_of(PICKERS[warehouse], chosen)
        self._forget_ended_lists()
        try:
            view = picking.claim_list(
                self.world.people[person], warehouse_id=self.world.warehouses[warehouse]
            )
        except NothingToDo:
            assert person not in self.lists
            return
        assert self.lists.get(person, view.list_id) == view.list_id
        assert view.list_id not in [o for p, o in self.lists.items() if p != person]
        self.lists[person] = view.list_id
        for shipment_id in self._shipments_of_list(view.list_id):
            shipment = self.model.shipments[shipment_id]
            if shipment.state == "released":
                shipment.state = "picking"

    def _forget_ended_lists(self) -> None:
        """A cancellation may have ended the list that somebody still has before them."""
        claimed = {row.id for row in fetch(select(PickList.id).where(PickList.state == "claimed"))}
        self.lists = {who: key for who, key in self.lists.items() if key in claimed}

    def _shipments_of_list(self, list_id: int) -> list[int]:
        rows = fetch(
            select(PickListShipment.shipment_id).where(PickListShipment.pick_list_id == list_id)
        )
        return [row.shipment_id for row in rows]

    @precondition(lambda self: self.lists)
    @rule(chosen=index, scans=st.integers(1, 9))
    def pick(self, chosen: int, scans: int) -> None:
        """A picker makes some right scans."""
        person = one_of(sorted(self.lists), chosen)
        for _ in range(scans):
            if person not in self.lists or not self._pick_once(person):
                return

    def _pick_once(self, person: str) -> bool:
        view = self._view(person)
        raw = self._next_pick(view)
        if raw is None:
            return False
        verdict = self._scan_list(person, raw).verdict
        if view.awaits == "nothing":
            assert verdict.code == ("order-cancelled" if self._stopped(view) else "list-done")
            if not self._stopped(view):
                self.lists.pop(person)
            return self._stopped(view)
        if view.cancelled:
            assert verdict.code == "order-cancelled"
            return True
        if view.awaits != "tote":
            assert verdict.code == view.awaits, verdict
            return True
        assert verdict.code in ("put", "put-last"), verdict
        shipment = self._by_number(verdict.fields["shipment"])
        self.model.carry(
            shipment,
            verdict.fields["sku"],
            verdict.fields["quantity"],
            view.stop.location_code,
            outside(shipment.warehouse),
        )
        if verdict.code == "put-last":
            self.lists.pop(person)
        return True

    @staticmethod
    def _stopped(view: Any) -> bool:
        """Whether the picker must hear of a cancelled order before anything else.

        Also where the cancellation ended the list: its picker stands there with the goods.
        """
        return view.state != "open" and bool(view.cancelled)

    def _view(self, person: str) -> Any:
        actor = self.world.people[person]
        return picking.see_list(actor, pick_list_id=self.lists[person])

    def _scan_list(self, person: str, raw: str) -> Any:
        return self.send(Picker(self.world.people[person], self.lists[person]).scan, raw)

    def _next_pick(self, view: Any) -> str | None:
        if view.cancelled or view.awaits == "nothing":
            return "A"
        assert view.state == "claimed"
        if view.awaits == "bin":
            return own_code(Own.LOCATION, view.stop.location_code)
        if view.awaits == "item":
            return str(view.stop.sku)
        assert view.awaits == "tote"
        tote = view.feed.tote or self._empty_tote(self._warehouse(view.warehouse_id))
        return own_code(Own.TOTE, tote) if tote else None

    def _empty_tote(self, warehouse: str) -> str:
        used = select(ToteUse.tote_id).where(ToteUse.closed_at.is_(None))
        full = select(StockBalance.location_id).where(StockBalance.on_hand > 0)
        rows = fetch(
            select(Location.code)
            .where(
                Location.kind == "tote",
                Location.warehouse_id == self.world.warehouses[warehouse],
                Location.id.not_in(used),
                Location.id.not_in(full),
            )
            .order_by(Location.id)
            .limit(1)
        )
        return rows[0].code if rows else ""

    def _by_number(self, number: str) -> ModelShipment:
        rows = fetch(select(Shipment.id).where(Shipment.number == number))
        return self.model.shipments[rows[0].id]

    @precondition(lambda self: self.lists)
    @rule(chosen=index)
    def undo_pick(self, chosen: int) -> None:
        person = one_of(sorted(self.lists), chosen)
        verdict = self._scan_list(person, own_code(Own.COMMAND, Command.UNDO)).verdict
        if verdict.code == "put-undone":
            bin_code, sku = verdict.fields["bin"], verdict.fields["sku"]
            shipment = self._undone_shipment(self.lists[person])
            self.model.carry(
                shipment, sku, verdict.fields["quantity"], outside(shipment.warehouse), bin_code
            )
        else:
            assert verdict.code in (
                "taken-back",
                "short-dropped",
                "nothing-to-undo",
                "undo-too-late",
                "order-cancelled",
                "list-done",
            ), verdict

    @staticmethod
    def _undone_shipment_id(list_id: int) -> int:
        rows = fetch(
            select(ScanEvent.shipment_id)
            .where(ScanEvent.pick_list_id == list_id, ScanEvent.code == "put-undone")
            .order_by(ScanEvent.id.desc())
            .limit(1)
        )
        return int(rows[0].shipment_id)

    def _undone_shipment(self, list_id: int) -> ModelShipment:
        return self.model.shipments[self._undone_shipment_id(list_id)]

    @precondition(lambda self: self.lists)
    @rule(chosen=index, found=st.integers(0, 2), reason=st.sampled_from(SHORT_REASONS))
    def short_pick(self, chosen: int, found: int, reason: str) -> None:
        """At the stop: SHORT, how many were found, why."""
        person = one_of(sorted(self.lists), chosen)
        view = self._view(person)
        if view.state != "claimed" or view.cancelled or view.stop is None:
            return
        if found >= view.stop.wanted:
            return
        if not view.bin_scanned:
            self._scan_list(person, own_code(Own.LOCATION, view.stop.location_code))
        assert self._scan_list(person, own_code(Own.COMMAND, Command.SHORT)).verdict.code == "short"
        said = self._scan_list(person, own_code(Own.QUANTITY, str(found))).verdict
        assert said.code == "found", said
        verdict = self._scan_list(person, own_code(Own.REASON, reason.upper())).verdict
        assert verdict.code in ("short-owed", "short-other-bin"), verdict
        self._book_short(view, verdict, found)
        if self._view(person).state == "done":
            self.lists.pop(person)

    def _book_short(self, view: Any, verdict: Verdict, found: int) -> None:
        model, sku, place = self.model, view.stop.sku, view.stop.location_code
        warehouse = place[:2]
        missing = view.stop.wanted - found
        free_here = model.at(place, sku).free
        held = min(free_here, model.available(warehouse, sku))
        elsewhere = model.free_in_bins(warehouse, sku) - free_here
        replaced = min(missing, elsewhere, model.available(warehouse, sku) - held)
        assert verdict.fields["missing"] == missing
        assert verdict.fields["owed"] == missing - replaced
        self._follow_reservations(view.list_id, sku)
        units = model.at(place, sku)
        units.on_hand -= missing
        units.reserved -= missing
        units.held += held
        self._check_count_task(place, sku, missing=missing, held=held)

    def _follow_reservations(self, list_id: int, sku: str) -> None:
        """The product chose who goes without and from which bins the rest comes."""
        now, wants = self._reservations(), self._shipped_units()
        for shipment_id in self._shipments_of_list(list_id):
            shipment = self.model.shipments[shipment_id]
            if shipment.state in (*ENDED, "allocated"):
                continue
            for (place, of), quantity in (now[shipment_id] - shipment.reserved).items():
                assert of == sku
                self.model.at(place, of).reserved += quantity
            shipment.reserved = +now[shipment_id]
            lost = shipment.wants - wants[shipment_id][2]
            assert set(lost) <= {sku}
            if lost:
                self.model.owe_again(shipment, lost)
            self.model.settle_picking(shipment)

    def _check_count_task(self, place: str, sku: str, *, missing: int, held: int) -> None:
        rows = fetch(
            select(Task.id, Task.quantity, Task.held)
            .where(
                Task.kind == "count",
                Task.state == "open",
                Task.location_id == self.world.locations[place],
                Task.product_id == self.world.products[sku],
            )
            .order_by(Task.id)
        )
        task = self.model.counts.setdefault(rows[0].id, CountTask(place, sku, 0, 0))
        task.missing += missing
        task.held += held
        assert (rows[0].quantity, rows[0].held) == (task.missing, task.held)

    # --- packing -----------------------------------------------------------------------------

    def _scan_bench(self, station: str, raw: str) -> BenchReply:
        reply: BenchReply = self.send(
            packing.scan,
            self.world.people[STATIONS[station]],
            station_id=self.world.stations[station],
            raw=raw,
        )
        return reply

    def _bench(self, station: str) -> BenchReply:
        return packing.bench(
            self.world.people[STATIONS[station]], station_id=self.world.stations[station]
        )

    def _to_pack(self, station: str) -> list[int]:
        return [
            shipment_id
            for shipment_id, one in self.model.live("picked", "packing", "packed", "labelled")
            if one.warehouse == station[:2] and shipment_id not in self.open.values()
        ]

    @precondition(lambda self: any(self._to_pack(s) for s in STATIONS if s not in self.open))
    @rule(chosen=index)
    def open_order(self, chosen: int) -> None:
        station = one_of([s for s in STATIONS if s not in self.open and self._to_pack(s)], chosen)
        shipment_id = one_of(self._to_pack(station), chosen)
        shipment = self.model.shipments[shipment_id]
        (row,) = fetch(select(Shipment.number).where(Shipment.id == shipment_id))
        reply = self._scan_bench(station, own_code(Own.SHIPMENT, row.number))
        if self._held(shipment):
            assert reply.verdict.code == "order-on-hold"
            return
        assert reply.verdict.code in ("opened", "resumed")
        assert reply.view is not None
        assert reply.view.shipment_id == shipment_id
        self.open[station] = shipment_id
        if shipment.state == "picked":
            shipment.state = "packing"

    @precondition(lambda self: self.open)
    @rule(chosen=index, scans=st.integers(1, 8))
    def pack(self, chosen: int, scans: int) -> None:
        """A packer does what the page says, some times."""
        station = one_of(sorted(self.open), chosen)
        for _ in range(scans):
            shipment = self.model.shipments.get(self.open.get(station, 0))
            if shipment is None:
                return
            self._pack_once(station)
            if self._held(shipment) and shipment.state != "packing":
                return

    def _pack_once(self, station: str) -> None:
        shipment = self.model.shipments[self.open[station]]
        reply = self._bench(station)
        if shipment.state == "cancelled":
            assert self._scan_bench(station, "A").verdict.code == "order-cancelled"
            self.open.pop(station)
            return
        match reply.next_code:
            case "scan-missing":
                self._count(station, shipment, self._missing(reply)[0].sku)
            case "weigh":
                self._weigh(station, shipment, reply)
            case "scan-label":
                self._confirm(station, shipment, reply)
            case "scan-item-to-take-out" | "scan-reason" | "scan-item-or-confirm":
                undone = self._scan_bench(station, own_code(Own.COMMAND, Command.UNDO))
                assert undone.verdict.code == "undone"
            case other:
                # All parcels weighed while a hold kept the label back.
                assert (other, shipment.state) == ("scan-tote", "packed")
                self._scan_bench(station, own_code(Own.COMMAND, Command.RE_WEIGH))

    @staticmethod
    def _missing(reply: BenchReply) -> list[PackLine]:
        assert reply.view is not None
        return [line for line in reply.view.lines if line.missing]

    def _count(self, station: str, shipment: ModelShipment, sku: str) -> None:
        verdict = self._scan_bench(station, sku).verdict
        shipment.packed[sku] += 1
        whole = shipment.packed == +shipment.wants
        assert verdict.code == ("complete" if whole else "counted"), verdict
        if whole:
            shipment.state = "packed"

    def _weigh(self, station: str, shipment: ModelShipment, reply: BenchReply) -> None:
        assert reply.view is not None
        parcels = reply.view.parcels
        parcel = next(one for one in parcels if one.state == "closed")
        weighed = self.send(
            packing.weigh,
            self.world.people[STATIONS[station]],
            station_id=self.world.stations[station],
            grams=parcel.expected_grams,
            source="scale",
        ).verdict
        last = sum(one.state == "closed" for one in parcels) == 1
        if self._held(shipment):
            assert weighed.code == "order-on-hold"
        elif last:
            assert weighed.code == "label-printed", weighed
            shipment.state = "labelled"
        else:
            assert weighed.code == "weighed"

    def _confirm(self, station: str, shipment: ModelShipment, reply: BenchReply) -> None:
        assert reply.view is not None
        tracking = [one.tracking_number or "" for one in reply.view.parcels]
        unconfirmed = [one.tracking_number for one in reply.view.parcels if not one.confirmed]
        verdict = self._scan_bench(station, unconfirmed[0] or "").verdict
        if self._held(shipment):
            assert verdict.code == "order-on-hold"
        elif len(unconfirmed) > 1:
            assert verdict.code == "label-confirmed"
        else:
            assert verdict.code == "shipped"
            self.model.ship(shipment, tracking)
            self.open.pop(station)

    @precondition(lambda self: self.open)
    @rule(chosen=index)
    def undo_pack(self, chosen: int) -> None:
        station = one_of(sorted(self.open), chosen)
        shipment = self.model.shipments[self.open[station]]
        verdict = self._scan_bench(station, own_code(Own.COMMAND, Command.UNDO)).verdict
        if verdict.code == "order-cancelled":
            assert shipment.state == "cancelled"
            self.open.pop(station)
        elif verdict.code == "undone" and verdict.fields["sku"]:
            self._taken_out(shipment, verdict.fields["sku"], verdict.fields["quantity"])
        else:
            assert verdict.code in ("undone", "nothing-to-undo", "label-exists"), verdict

    def _taken_out(self, shipment: ModelShipment, sku: str, quantity: int) -> None:
        assert shipment.packed[sku] >= quantity
        shipment.packed = shipment.packed - Counter({sku: quantity})
        shipment.state = "packing"

    @precondition(lambda self: self.open)
    @rule(chosen=index, sku=st.sampled_from(SKUS))
    def take_out(self, chosen: int, sku: str) -> None:
        station = one_of(sorted(self.open), chosen)
        shipment = self.model.shipments[self.open[station]]
        first = self._scan_bench(station, own_code(Own.COMMAND, Command.TAKE_OUT)).verdict
        if first.code != "take-out-which":
            self._expect_no_change(station, shipment, first)
            return
        verdict = self._scan_bench(station, sku).verdict
        if shipment.packed[sku]:
            assert verdict.code == "taken-out", verdict
            self._taken_out(shipment, sku, 1)
        else:
            assert verdict.code == "not-in-box", verdict

    def _expect_no_change(self, station: str, shipment: ModelShipment, verdict: Verdict) -> None:
        if verdict.code == "order-cancelled":
            assert shipment.state == "cancelled"
            self.open.pop(station)
        else:
            assert (verdict.code, shipment.state) == ("label-exists", "labelled")

    @precondition(lambda self: self.open)
    @rule(chosen=index)
    def next_parcel(self, chosen: int) -> None:
        station = one_of(sorted(self.open), chosen)
        shipment = self.model.shipments[self.open[station]]
        verdict = self._scan_bench(station, own_code(Own.COMMAND, Command.NEXT_PARCEL)).verdict
        if shipment.state == "cancelled":
            self._expect_no_change(station, shipment, verdict)
        else:
            assert verdict.code in ("next-parcel", "parcel-empty", "not-for-packing")

    @precondition(lambda self: self.open)
    @rule(chosen=index)
    def void_label(self, chosen: int) -> None:
        station = one_of(sorted(self.open), chosen)
        shipment = self.model.shipments[self.open[station]]
        verdict = self._scan_bench(station, own_code(Own.COMMAND, Command.VOID_LABEL)).verdict
        if shipment.state == "labelled":
            assert verdict.code == "label-voided"
            shipment.state = "packed"
        elif shipment.state == "cancelled":
            self._expect_no_change(station, shipment, verdict)
        else:
            assert verdict.code == "no-label"

    @precondition(lambda self: self.open)
    @rule(chosen=index, reason=st.sampled_from(SHORT_REASONS))
    def short_at_the_bench(self, chosen: int, reason: str) -> None:
        """Everything that is still missing is not there, or broke."""
        station = one_of(sorted(self.open), chosen)
        shipment = self.model.shipments[self.open[station]]
        first = self._scan_bench(station, own_code(Own.COMMAND, Command.SHORT)).verdict
        if shipment.state == "cancelled":
            self._expect_no_change(station, shipment, first)
            return
        gaps = shipment.wants - shipment.packed
        if not gaps:
            assert first.code == "nothing-short"
            return
        assert first.code == "short-why"
        verdict = self._scan_bench(station, own_code(Own.REASON, reason.upper())).verdict
        if verdict.code == "short-which":
            verdict = self._scan_bench(station, own_code(Own.COMMAND, Command.CONFIRM)).verdict
        assert verdict.code == "short-recorded", verdict
        assert verdict.fields["quantity"] == gaps.total()
        self._book_short_at_bench(station, shipment, verdict, gaps, damaged=reason == "damaged")

    def _book_short_at_bench(
        self,
        station: str,
        shipment: ModelShipment,
        verdict: Verdict,
        gaps: Counter[str],
        *,
        damaged: bool,
    ) -> None:
        model, warehouse = self.model, shipment.warehouse
        replaced = all(
            min(model.free_in_bins(warehouse, sku), model.available(warehouse, sku)) >= quantity
            for sku, quantity in gaps.items()
        )
        assert verdict.fields["follows"] == ("replacement-pick" if replaced else "backorder")
        for sku, quantity in gaps.items():
            out = model.at(outside(warehouse), sku)
            out.on_hand -= quantity
            out.reserved -= quantity
            shipment.reserved[outside(warehouse), sku] -= quantity
            if damaged:
                broken = model.at(f"{warehouse}-QUAR", sku)
                broken.on_hand += quantity
                broken.held += quantity
        shipment.picked = shipment.picked - gaps
        shipment_id = self.open[station]
        if replaced:
            now = self._reservations()[shipment_id]
            for (place, sku), quantity in (now - shipment.reserved).items():
                assert quantity == gaps[sku] or is_bin(place)
                model.at(place, sku).reserved += quantity
            shipment.reserved = +now
            shipment.state = "picking"
            self.open.pop(station)
        else:
            model.owe_again(shipment, gaps)
            if shipment.state == "cancelled" or self._held(shipment):
                self.open.pop(station)
            if shipment.state != "cancelled":
                shipment.state = "packed"
        self._note_new_counts()

    def _note_new_counts(self) -> None:
        places = {key: code for code, key in self.world.locations.items()}
        for row in fetch(select(Task.__table__).where(Task.kind == "count", Task.state == "open")):
            if row.id not in self.model.counts:
                self.model.counts[row.id] = CountTask(
                    places[row.location_id], self._sku(row.product_id), row.quantity, row.held
                )

    @precondition(lambda self: any(s.waiting_parcels for s in self.model.shipments.values()))
    @rule(chosen=index)
    def dispatch(self, chosen: int) -> None:
        waiting = [s for s in self.model.shipments.values() if s.waiting_parcels]
        shipment = one_of(waiting, chosen)
        tracking = min(shipment.waiting_parcels)
        verdict = self.send(
            dispatching.scan_out,
            self.admin,
            warehouse_id=self.world.warehouses[shipment.warehouse],
            raw=tracking,
        ).verdict
        self.model.scan_out(shipment, tracking)
        expected = "parcel-out" if shipment.waiting_parcels else "shipment-dispatched"
        assert verdict.code == expected

    # --- cancelling and bringing home ----------------------------------------------------------

    @precondition(lambda self: self.model.orders)
    @rule(chosen=index)
    def cancel_an_order(self, chosen: int) -> None:
        order_id = one_of(sorted(self.model.orders), chosen)
        order = self.model.orders[order_id]
        act = partial(cancel_order, self.admin, order_id=order_id, reason="customer asked")
        if any(one.parcels_out for one in self.model.shipments_of(order_id)):
            with pytest.raises(AlreadyDispatched):
                act()
            return
        assert act().already == (order.state == "cancelled")
        if order.state != "cancelled":
            self.model.cancel_order(order, order_id)

    @precondition(lambda self: self.model.shipments)
    @rule(chosen=index)
    def cancel_a_shipment(self, chosen: int) -> None:
        """Of a shipped one this is *un-ship*."""
        shipment_id = one_of(sorted(self.model.shipments), chosen)
        shipment = self.model.shipments[shipment_id]
        act = partial(cancel_shipment, self.admin, shipment_id=shipment_id, reason="damaged")
        if shipment.parcels_out:
            with pytest.raises(AlreadyDispatched):
                act()
            return
        assert act().already == (shipment.state == "cancelled")
        if shipment.state != "cancelled":
            self.model.cancel_shipment(shipment)

    @precondition(lambda self: self.model.orders)
    @rule(chosen=index)
    def cancel_what_is_owed(self, chosen: int) -> None:
        order_id = one_of(sorted(self.model.orders), chosen)
        order = self.model.orders[order_id]
        act = partial(cancel_owed, self.admin, order_id=order_id, reason="customer asked")
        if order.state != "confirmed" or not order.owed:
            with pytest.raises(NothingToDo):
                act()
            return
        assert act() == order.owed.total()
        self.model.cancel_owed(order, order_id)

    def _tasks(self, kind: str) -> list[Any]:
        return [
            task
            for key in self.world.warehouses.values()
            for task in tasks.list_tasks(self.admin, warehouse_id=key, kind=kind)
        ]

    @precondition(lambda self: any(s.state == "cancelled" for s in self.model.shipments.values()))
    @rule(chosen=index, pieces=few, home=st.sampled_from(("01", "02")))
    def put_back(self, chosen: int, pieces: int, home: str) -> None:
        waiting = self._tasks("put-back")
        if not waiting:
            return
        task = one_of(waiting, chosen)
        warehouse = self._warehouse(task.warehouse_id)
        goal = f"{warehouse}-A-{home}-1-1"
        pieces = min(pieces, task.left)
        worker = Worker(self.admin, task.id)
        if not task.at_place:
            source = (
                worker.scan(task.place_sscc) if task.place_sscc else worker.tote(task.place_code)
            )
            assert source.verdict.code == "source"
        for _ in range(pieces):
            assert worker.scan(task.sku).verdict.code == "item"
        done = self.send(worker.scan, own_code(Own.LOCATION, goal)).verdict
        assert done.code == ("put-back-done" if pieces == task.left else "put-back")
        self.model.change(outside(warehouse), task.sku, -pieces)
        self.model.change(goal, task.sku, pieces)

    @precondition(lambda self: self.model.counts)
    @rule(chosen=index, counted=st.integers(0, 6))
    def count(self, chosen: int, counted: int) -> None:
        task_id = one_of(sorted(self.model.counts), chosen)
        task = self.model.counts[task_id]
        worker = Worker(self.admin, task_id)
        worker.place(task.place)
        worker.quantity(counted)
        verdict = worker.command(Command.CONFIRM).verdict
        if verdict.code == "count-differs":
            assert counted != self.model.at(task.place, task.sku).on_hand
            verdict = worker.command(Command.CONFIRM).verdict
        assert verdict.code == "count-done", verdict
        self.model.settle_count(task_id, counted)

    # --- faults ----------------------------------------------------------------------------------

    @precondition(lambda self: self.last)
    @rule()
    def send_again(self) -> None:
        """The network lost the answer: the same id gets the same verdict and does nothing."""
        assert self.last is not None
        again = self.last.send().verdict
        assert (again.code, dict(again.fields)) == (
            self.last.verdict.code,
            dict(self.last.verdict.fields),
        )

    @precondition(lambda self: self.open)
    @rule(chosen=index, raw=st.sampled_from(("NOBODY-KNOWS-THIS", "", "QN5", "\x00", "W1T1")))
    def scan_nonsense(self, chosen: int, raw: str) -> None:
        station = one_of(sorted(self.open), chosen)
        shipment = self.model.shipments[self.open[station]]
        if shipment.state != "cancelled":
            reply = self._scan_bench(station, raw)
            assert reply.verdict.code in ("unknown-barcode", "unreadable"), reply.verdict

    # --- the right way -----------------------------------------------------------------------------

    @rule(chosen=index, turns=st.integers(1, 12))
    def work_goes_on(self, chosen: int, turns: int) -> None:
        """Everybody does what is next: without this, few sequences would come far."""
        for turn in range(turns):
            steps = self._next_steps(chosen + turn)
            if not steps:
                return
            one_of(steps, chosen // 7 + turn)()

    def _next_steps(self, chosen: int) -> list[Callable[[], None]]:
        steps: list[Callable[[], None]] = []
        idle = [station for station in STATIONS if station not in self.open]
        if any(o.state == "confirmed" and not o.has_backorder for o in self.model.orders.values()):
            steps.append(self.allocate)
        for warehouse in self.world.warehouses:
            if any(s.warehouse == warehouse for _, s in self.model.live("allocated")):
                steps.append(partial(self.release_wave, warehouse))
            waiting = any(s.warehouse == warehouse for _, s in self.model.live("released"))
            if waiting and not {*PICKERS[warehouse]} & {*self.lists}:
                steps.append(partial(self.claim, warehouse, chosen))
        if self.lists:
            steps.append(partial(self.pick, chosen, 6))
        if any(self._to_pack(station) for station in idle):
            steps.append(partial(self.open_order, chosen))
        if self.open:
            steps.append(partial(self.pack, chosen, 5))
        return steps

    # --- after every step --------------------------------------------------------------------------

    @invariant()
    def the_books_are_the_same(self) -> None:
        assert self._stock() == {
            key: (units.on_hand, units.reserved, units.held)
            for key, units in self.model.stock.items()
            if units.on_hand
        }
        assert self._available() == {
            (warehouse, sku): units
            for warehouse in self.world.warehouses
            for sku in SKUS
            if (units := self.model.available(warehouse, sku))
        }

    @invariant()
    def the_orders_are_the_same(self) -> None:
        assert {row.id: row.state for row in fetch(select(Order.id, Order.state))} == {
            key: order.state for key, order in self.model.orders.items()
        }
        assert {row.id: row.state for row in fetch(select(Shipment.id, Shipment.state))} == {
            key: shipment.state for key, shipment in self.model.shipments.items()
        }
        assert self._balances() == {
            (key, sku): (quantity, order.cancelled[sku], order.allocated[sku])
            for key, order in self.model.orders.items()
            for sku, quantity in order.wanted.items()
        }

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        report = audit()
        assert report.ok, {name: rows for name, (count, rows) in report.found.items() if count}

    def _stock(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        rows = fetch(
            select(
                Location.code,
                Location.kind,
                Location.warehouse_id,
                StockBalance.product_id,
                StockBalance.on_hand,
                StockBalance.reserved,
                StockBalance.held,
            ).join(StockBalance, StockBalance.location_id == Location.id)
        )
        found: dict[tuple[str, str], tuple[int, int, int]] = {}
        for row in rows:
            key = (self._place(row), self._sku(row.product_id))
            was = found.get(key, (0, 0, 0))
            found[key] = (was[0] + row.on_hand, was[1] + row.reserved, was[2] + row.held)
        return {key: units for key, units in found.items() if any(units)}

    def _available(self) -> dict[tuple[str, str], int]:
        available = WarehouseBalance.sellable - WarehouseBalance.promised
        rows = fetch(
            select(WarehouseBalance.warehouse_id, WarehouseBalance.product_id, available.label("a"))
        )
        return {
            (self._warehouse(row.warehouse_id), self._sku(row.product_id)): row.a
            for row in rows
            if row.a
        }

    def _balances(self) -> dict[tuple[int, str], tuple[int, int, int]]:
        rows = fetch(
            select(
                OrderLine.order_id,
                OrderLine.product_id,
                func.sum(OrderLine.quantity).label("quantity"),
                func.sum(OrderLine.cancelled).label("cancelled"),
                func.sum(OrderLine.allocated).label("allocated"),
            ).group_by(OrderLine.order_id, OrderLine.product_id)
        )
        return {
            (row.order_id, self._sku(row.product_id)): (row.quantity, row.cancelled, row.allocated)
            for row in rows
        }


# --- the tests -------------------------------------------------------------------------------


def stocked_life(world: World, snapshot: Snapshot) -> WholeLife:
    """The warehouse at its start: three of everything in every bin."""
    life = WholeLife(world, snapshot)
    for place, sku in itertools.product(BINS, SKUS):
        life.model.change(place, sku, 3)
    return life


def live(world: World, database_url: str, chosen: settings, *, seed: int | None = None) -> None:
    """Run the machine in a warehouse that is put back before every example."""
    for sku in SKUS:
        world.product(sku, weight_grams=GRAMS[sku])
    for place, sku in itertools.product(BINS, SKUS):
        world.stock(sku, 3, bin_code=place)
    snapshot = Snapshot(database_url)

    def machine() -> WholeLife:
        return stocked_life(world, snapshot)

    if seed is not None:
        machine = hypothesis.seed(seed)(machine)
    try:
        with clock_set_to(Clock()):
            run_state_machine_as_test(machine, settings=chosen)
    finally:
        snapshot.forget()


SHORT = settings(
    max_examples=12,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_any_sequence_of_the_whole_life_leaves_the_books_of_a_plain_model(
    world: World, database_url: str
) -> None:
    live(world, database_url, SHORT)


@pytest.mark.long
def test_many_lives_leave_the_books_of_a_plain_model(world: World, database_url: str) -> None:
    seed = int(os.environ.get("FULFILLMENT_TEST_SEED", "0")) or random.SystemRandom().getrandbits(
        32
    )
    print(f"FULFILLMENT_TEST_SEED={seed}")  # noqa: T201  # pytest shows it with a failure
    live(
        world,
        database_url,
        settings(SHORT, derandomize=False, max_examples=2_000, stateful_step_count=50),
        seed=seed,
    )
