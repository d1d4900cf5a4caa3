"""Printers of the test warehouse, and a clock that the tests turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from fulfillment.services import printing
from fulfillment.services.printing import PrinterSetup, working
from fulfillment.store.printing import PrintJob
from fulfillment.worker import Worker
from labels import BinLabel
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.world import NOON, World

ZPL = PrinterSetup(name="Label printer", kind="raw", language="zpl", dpi=203)


class Clock:
    """A moment that moves only when it is told to."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **period: float) -> None:
        self.moment += timedelta(**period)


def set_up_printer(
    world: World,
    setup: PrinterSetup,
    *,
    code: str = "P1",
    station: str | None = "W1S1",
    kinds: tuple[str, ...] = ("shipping-label",),
) -> int:
    """A printer of W1, in use at a station for these kinds of documents; its id."""
    admin = world.people["admin"]
    printer = printing.create_printer(
        admin, warehouse_id=world.warehouses["W1"], code=code, setup=setup
    )
    for kind in kinds if station else ():
        printing.set_station_printer(
            admin,
            station_id=world.stations[str(station)],
            document_kind=kind,
            printer_id=printer.id,
        )
    return printer.id


def set_up_raw(world: World, address: str, **where: str) -> int:
    """A ZPL printer at *address* for the labels and bin labels of station W1S1; its id."""
    kinds = ("shipping-label", "bin-label")
    return set_up_printer(world, replace(ZPL, address=address), kinds=kinds, **where)


def labelled(world: World, *, tote: str = "W1T1") -> tuple[BenchDriver, int, str]:
    """An order of one A, packed at W1S1 until its label is made: bench, shipment, tracking number."""
    if "A" not in world.products:
        world.product("A", weight_grams=300)
        world.stock("A", 100)
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 1}, tote=tote)
    bench.open(tote)
    bench.scan("A")
    return bench, shipment_id, str(bench.weigh(350).verdict.fields["tracking"])


def ask_for_bin_label(world: World, code: str) -> int:
    """Ask for a bin label at W1S1; the job's id."""
    queued = printing.print_document(
        world.people["packer1"],
        station_id=world.stations["W1S1"],
        document=BinLabel(code=code, barcode=code),
        key=f"bin:{code}",
    )
    assert queued is not None
    return queued.job_id


def states() -> list[str]:
    """The states of all print jobs in their order."""
    return [row.state for row in codes(PrintJob, "state")]


def work(spool_root: Path) -> None:
    """One round of a worker, to its end."""
    worker = Worker(spool_root=spool_root, photo_root=spool_root / "photos")
    worker.turn()
    worker.close()


def work_until_done(spool_root: Path) -> list[str]:
    """Print what is queued for any printer until nothing is queued or in hand."""
    done = []
    while any(state in ("queued", "leased") for state in states()):
        for printer in working.look().printers:
            state = working.print_next(printer.printer_id, spool_root=spool_root)
            done.append(state or "nothing")
    return done


def times_printed(printed: list[bytes], content: str) -> int:
    """How many of the documents have *content* in them."""
    return sum(content.encode() in document for document in printed)
