"""The whole main job: invoices become parcels, through the services that the pages use.

Orders come in rounds.  A round is taken in, reviewed, allocated and released; then the pick lists
are walked one after the other, what is picked is packed and shipped, the van is loaded, and what
tasks came of it are done, so that goods which came home can be sold in the next round.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from fulfillment.domain.catalogue import SellerEntry
from fulfillment.domain.orders import NewOrder, PostalAddress, ReviewRules
from fulfillment.domain.printing import LABEL
from fulfillment.replay import questions
from fulfillment.replay.batches import pack_singles, release
from fulfillment.replay.cancelling import Cancellations
from fulfillment.replay.catalogue import Demand, catalogue, demand_of, stock_plan
from fulfillment.replay.dispatching import load_vans
from fulfillment.replay.house import Crew, House, Staffing, Tracking, engage_post, establish
from fulfillment.replay.invoices import BrokenRow, Invoice, InvoiceReader, ReadCounts, Row
from fulfillment.replay.ordering import orders_of, town_of
from fulfillment.replay.packing import Bench, Memory, pack_and_ship, station
from fulfillment.replay.picking import walk_next_list
from fulfillment.replay.questions import Waiting
from fulfillment.replay.scanning import Luck, Tally
from fulfillment.replay.sorting import look_into_empty_totes, sort_totes
from fulfillment.replay.tasks import do_tasks
from fulfillment.services import allocating, printing
from fulfillment.services.auditing import AuditReport, audit
from fulfillment.services.orders import intake, review
from fulfillment.services.orders.examining import OrderTaken
from fulfillment.store.batches import batches

Source = Callable[[], Iterable[Row | BrokenRow]]
"""Opens the rows anew: they are read once for what is wanted, and once for the orders."""

THOROUGH_FROM = 1_000
"""With so many orders every refusal must occur."""
WRONG_SCAN_SHARE = 0.01
ORDERS_A_ROUND = 200
ORDERS_A_PLANNED_ROUND = 1_000
_MOST_ROUNDS_AT_THE_END = 20
_SELLER = SellerEntry(
    code="RETAIL",
    name="Gift wholesaler",
    sender=PostalAddress(
        country="GB",
        name="Gift wholesaler",
        lines=("2 Market Street",),
        city="London",
        postcode="E16 2AA",
    ),
    review_rules=ReviewRules(most_total_minor=200_000),
)
_STAFFING = Staffing(wall_slots=(40, 1))
_SERIAL_SKUS = 6
_LOT_SKUS = 12


@dataclass(frozen=True)
class Wish:
    """What to do: *orders* of the source are taken in (None: all), *scan* of them are worked.

    With a number to *scan*, all orders are planned first; that many are then picked, packed and
    shipped while all the others are open.  None: every order, in rounds, to the end.
    """

    seed: int
    orders: int | None = None
    scan: int | None = None


class Progress(Protocol):
    """What a bar can do (``tqdm`` can)."""

    def update(self, n: float = 1) -> bool | None:
        """So many orders more are done."""

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        """What is going on."""


@dataclass(frozen=True)
class Outcome:
    """What a run did and how long it took."""

    rows: ReadCounts
    units_in_file: int
    """Pieces of the goods rows that were read."""
    units: questions.OrderUnits
    counts: questions.Counts
    tally: Tally
    audit: AuditReport
    thorough: bool
    complete: bool
    """Whether every order was worked."""
    seconds: float
    planning_cpu_seconds: float
    working_cpu_seconds: float
    peak_memory_mib: float

    @property
    def faults(self) -> list[str]:
        """Everything that does not balance, as sentences; none: the run is good."""
        units = self.units
        accounted = units.shipped + units.backordered + units.cancelled + units.under_way
        found = []
        if not self.rows.balanced:
            found.append("rows read are not goods rows and rows left out together")
        if units.ordered != self.units_in_file:
            found.append(f"{self.units_in_file} units in the file, {units.ordered} ordered")
        if accounted != units.ordered:
            found.append(f"{units.ordered} units ordered, {accounted} accounted for")
        if self.complete and units.under_way:
            found.append(f"{units.under_way} units are still under way")
        if self.complete and self.counts.open_tasks:
            found.append(f"{self.counts.open_tasks} tasks are open")
        found += [f"audit: {name}: {rows} rows" for name, rows in self.audit.rows.items() if rows]
        if self.thorough:
            found += [f"never refused: {code}" for code in self.tally.never_refused]
        return found


@dataclass
class Run:
    """A run under way."""

    house: House
    luck: Luck
    tally: Tally
    progress: Progress
    cancellations: Cancellations
    memory: Memory = field(default_factory=Memory)
    turn: int = 0
    done_orders: set[int] = field(default_factory=set)


@dataclass
class _Meter:
    """CPU seconds of this process, by phase."""

    planning: float = 0.0
    working: float = 0.0

    @contextmanager
    def of(self, phase: str) -> Iterator[None]:
        begin = time.process_time()
        try:
            yield
        finally:
            spent = time.process_time() - begin
            setattr(self, phase, getattr(self, phase) + spent)


def replay(source: Source, wish: Wish, *, progress: Progress) -> Outcome:
    """Carry the orders of *source* from intake to the van in the (empty) current database."""
    begin = time.perf_counter()
    progress.set_postfix_str("reading")
    first_reading = _Counted(InvoiceReader(source(), limit=wish.orders))
    demand = demand_of(first_reading)
    tally = Tally()
    thorough = first_reading.count >= THOROUGH_FROM and wish.scan is None
    luck = Luck(wish.seed, tally, thorough=thorough, slip_share=WRONG_SCAN_SHARE)
    progress.set_postfix_str("building the warehouses")
    house = _build(demand, wish.seed)
    run = Run(house, luck, tally, progress, Cancellations(house.office, luck, tally))
    meter = _Meter()
    reader = InvoiceReader(source(), limit=wish.orders)
    units_in_file = 0
    for orders in _rounds(reader, house.seller, wish):
        units_in_file += sum(line.quantity for order in orders for line in order.lines)
        with meter.of("planning"):
            _plan(run, orders)
        if wish.scan is None:
            with meter.of("working"):
                _work(run)
        elif not wish.scan:
            progress.update(len(orders))
    with meter.of("working"):
        if wish.scan is None:
            _finish(run)
        else:
            _work_some(run, wish.scan)
    progress.set_postfix_str("audit")
    return Outcome(
        rows=reader.counts,
        units_in_file=units_in_file,
        units=questions.order_units(),
        counts=questions.counts(),
        tally=tally,
        audit=audit(),
        thorough=thorough,
        complete=wish.scan is None,
        seconds=time.perf_counter() - begin,
        planning_cpu_seconds=meter.planning,
        working_cpu_seconds=meter.working,
        peak_memory_mib=_peak_memory_mib(),
    )


class _Counted:
    """Invoices, counted as they go by."""

    def __init__(self, invoices: Iterable[Invoice]) -> None:
        self._invoices = invoices
        self.count = 0

    def __iter__(self) -> Iterator[Invoice]:
        for invoice in self._invoices:
            self.count += 1
            yield invoice


def _peak_memory_mib() -> float:
    """The most that this process had in memory at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def _build(demand: Sequence[Demand], seed: int) -> House:
    house = establish(
        _SELLER,
        stock_plan(demand, seed=seed),
        catalogue({wanted.sku: wanted.name for wanted in demand}),
        tracking=tracked(demand),
        today=datetime.now(UTC).date(),
        staffing=_STAFFING,
    )
    engage_post(house)
    for crew in house.crews:
        _give_a_printer_that_is_off(house, crew)
    return house


def _give_a_printer_that_is_off(house: House, crew: Crew) -> None:
    """Labels of the first bench wait for it; the other benches print from their browsers."""
    printer = printing.create_printer(
        house.office,
        warehouse_id=crew.warehouse_id,
        code=f"{crew.code}-P1",
        setup=printing.PrinterSetup(name="Bench 1", kind="spool", address="bench-1"),
    )
    printing.set_station_printer(
        house.office,
        station_id=station(crew.packers[0]),
        document_kind=LABEL,
        printer_id=printer.id,
    )


def tracked(demand: Iterable[Demand]) -> Tracking:
    """A few products by serial number (ordered often, in small quantities) and some by lot."""
    by_lines = sorted(demand, key=lambda wanted: (-wanted.lines, wanted.sku))
    most = 1 + len(by_lines) // 100  # few among few
    serial = [one for one in by_lines if 2 * one.lines <= one.units <= 200][
        : min(most, _SERIAL_SKUS)
    ]
    by_serial = frozenset(one.sku for one in serial)
    lots = [one.sku for one in by_lines if one.sku not in by_serial][:: len(by_lines) // 200 + 1]
    return Tracking(by_lot=frozenset(lots[: min(2 * most, _LOT_SKUS)]), by_serial=by_serial)


def _rounds(reader: InvoiceReader, seller: str, wish: Wish) -> Iterator[list[NewOrder]]:
    orders = (
        order
        for number, invoice in enumerate(reader)
        for order in orders_of(seller, invoice, number=number)
    )
    return batches(orders, ORDERS_A_ROUND if wish.scan is None else ORDERS_A_PLANNED_ROUND)


# --- planning --------------------------------------------------------------------------------


def _plan(run: Run, orders: Sequence[NewOrder]) -> None:
    """Take orders in, review, allocate and release them."""
    run.progress.set_postfix_str("intake")
    taken = intake.take_orders(run.house.office, orders)
    run.cancellations.plan(one.order_id for one in taken)
    _review(run, orders, taken)
    run.cancellations.all_at("new")
    run.progress.set_postfix_str("allocation")
    allocating.allocate_orders(run.house.office)
    run.cancellations.all_at("allocated")
    _release(run)
    run.cancellations.all_at("released")


def _review(run: Run, orders: Sequence[NewOrder], taken: Sequence[OrderTaken]) -> None:
    """A person mends addresses, lets holds go, and passes what the rule of amount left."""
    office = run.house.office
    waiting = {
        one.order_id: order for one, order in zip(taken, orders, strict=True) if one.waits_because
    }
    for hold in questions.holds_in_review(list(waiting)):
        if hold.type == "address":
            order = waiting[hold.order_id]
            review.correct_address(
                office,
                hold.order_id,
                address=_completed(order.address),
                reason="asked by telephone",
            )
    for hold in questions.holds_in_review(list(waiting)):
        review.release_hold(office, hold.hold_id, reason="asked by telephone")
    for order_id, state in questions.order_states(list(waiting)).items():
        if state == "review":
            review.confirm_order(office, order_id)


def _completed(address: PostalAddress) -> PostalAddress:
    whole = town_of(address.country)
    return replace(address, city=whole.city, postcode=whole.postcode)


def _release(run: Run) -> int:
    """Release what is allocated; how many shipments there were."""
    run.progress.set_postfix_str("release")
    return sum(release(crew, run.luck) for crew in run.house.crews)


# --- working ---------------------------------------------------------------------------------


def _work(run: Run) -> None:
    """Walk, sort and pack until no list is open, then load the vans and do the tasks."""
    for crew in run.house.crews:
        while _walk(run, crew):
            _pack(run, crew)
        _pack(run, crew)
        run.progress.set_postfix_str(f"vans and tasks of {crew.code}")
        load_vans(crew, run.luck, run.tally, run.memory)
        do_tasks(run.house, crew, run.luck, run.tally)


def _work_some(run: Run, orders: int) -> None:
    """Walk and pack in turns until so many orders were on a bench; the others stay open."""
    open_lists = orders > 0
    while open_lists and len(run.done_orders) < orders:
        open_lists = False
        for crew in run.house.crews:
            open_lists |= _walk(run, crew)
            _pack(run, crew)
    for crew in run.house.crews if orders else ():
        load_vans(crew, run.luck, run.tally, run.memory)
        do_tasks(run.house, crew, run.luck, run.tally)


def _walk(run: Run, crew: Crew) -> bool:
    run.progress.set_postfix_str(f"picking in {crew.code}")
    run.turn += 1
    return walk_next_list(
        run.house,
        crew,
        run.luck,
        run.tally,
        turn=run.turn,
        started=lambda shipment: run.cancellations.at("picking", shipment),
    )


def _pack(run: Run, crew: Crew) -> None:
    _sort(run, crew)
    run.progress.set_postfix_str(f"packing in {crew.code}")
    # What is open on a bench already comes first.
    ready = sorted(
        questions.ready_to_pack(crew.warehouse_id), key=lambda one: one.state != "packing"
    )
    for number, shipment in enumerate(ready):
        bench = _bench(run, crew, shipment, others=ready[number + 1 :])
        pack_and_ship(bench, run.cancellations.at)
        _done(run, shipment)
    for tote in questions.batch_totes(crew.warehouse_id):
        if tote.singles:
            at_bench = partial(_bench, run, crew)
            for shipment in pack_singles(tote, at_bench, run.cancellations.at):
                _done(run, shipment)
    look_into_empty_totes(crew, run.luck, run.tally, turn=run.turn)


def _sort(run: Run, crew: Crew) -> None:
    run.progress.set_postfix_str(f"sorting in {crew.code}")
    sort_totes(
        run.house,
        crew,
        run.luck,
        run.tally,
        run.memory,
        run.cancellations.at,
        turn=run.turn,
    )


def _bench(run: Run, crew: Crew, shipment: Waiting, others: Sequence[Waiting] = ()) -> Bench:
    packers = crew.packers
    return Bench(
        house=run.house,
        crew=crew,
        luck=run.luck,
        tally=run.tally,
        memory=run.memory,
        packer=packers[run.turn % len(packers)],
        other=packers[(run.turn + 1) % len(packers)],
        shipment=shipment,
        others=tuple(others),
    )


def _done(run: Run, shipment: Waiting) -> None:
    if shipment.order_id not in run.done_orders:
        run.done_orders.add(shipment.order_id)
        run.progress.update()


def _finish(run: Run) -> None:
    """Serve backorders from what came home, until nothing more can be served."""
    run.cancellations.give_up_waiting()
    for _ in range(_MOST_ROUNDS_AT_THE_END):
        allocating.allocate_orders(run.house.office)
        released = _release(run)
        _work(run)
        if not released and not questions.counts().open_tasks:
            return
