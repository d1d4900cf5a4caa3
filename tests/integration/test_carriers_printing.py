"""A carrier's own label comes out as it came in, byte for byte; the reprint rules stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment.domain.barcodes import Command
from fulfillment.domain.errors import CannotPrint
from fulfillment.services import documents, printing
from fulfillment.services.printing import working
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.carriers import PDF, ZPL, FakeCarrier, settle_due, use_carrier
from tests.support.printing import set_up_printer, set_up_raw, states, work
from tests.support.raw_printers import RawPrinterStandIn
from tests.support.world import World


@pytest.fixture
def carrier(world: World) -> Iterator[FakeCarrier]:
    with FakeCarrier() as fake:
        use_carrier(world, fake)
        yield fake


@pytest.fixture
def printer() -> Iterator[RawPrinterStandIn]:
    with RawPrinterStandIn() as stand_in:
        stand_in.switch_on()
        yield stand_in


def bought(world: World, pieces: int = 1) -> tuple[BenchDriver, int]:
    world.product("A", weight_grams=300)
    world.stock("A", 100)
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": pieces})
    bench.open()
    for number in range(pieces):
        if number:
            bench.command(Command.NEXT_PARCEL)
        bench.scan("A")
    for _parcel in range(pieces):
        bench.weigh(350)
    assert set(settle_due()) == {"bought"}
    assert codes(Shipment, "state", id=shipment_id) == [("labelled",)]
    return bench, shipment_id


def test_a_zpl_label_reaches_the_printer_byte_for_byte(
    world: World, carrier: FakeCarrier, printer: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, printer.address)
    bench, _shipment_id = bought(world)
    assert carrier.sold[0].request["format"] == "zpl"
    work(tmp_path)
    assert printer.printed == [ZPL]
    number = codes(Label, "tracking_number")[0].tracking_number
    assert bench.scan(number).verdict.code == "shipped"
    assert states() == ["confirmed"]


def test_a_reprint_is_the_same_bytes_counted_and_over_one_only_with_a_supervisor(
    world: World, carrier: FakeCarrier, printer: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, printer.address)
    bench, _shipment_id = bought(world)
    work(tmp_path)
    assert bench.command(Command.REPRINT).verdict.code == "label-reprinted"
    work(tmp_path)
    assert printer.printed == [ZPL, ZPL]
    assert bench.command(Command.REPRINT).verdict.code == "reprint-needs-supervisor"
    assert len(carrier.sold) == 1


def test_the_browser_gets_the_carriers_pdf_as_it_came(world: World, carrier: FakeCarrier) -> None:
    bench, shipment_id = bought(world)
    assert documents.shipment_labels(bench.actor, shipment_id) == PDF
    assert documents.shipment_labels(bench.actor, shipment_id, parcel=1) == PDF


def test_several_pdfs_of_a_carrier_are_fetched_one_by_one(
    world: World, carrier: FakeCarrier
) -> None:
    bench, shipment_id = bought(world, pieces=2)
    with pytest.raises(CannotPrint):
        documents.shipment_labels(bench.actor, shipment_id)
    assert documents.shipment_labels(bench.actor, shipment_id, parcel=2) == PDF


def test_a_zpl_label_is_no_page_for_a_browser(
    world: World, carrier: FakeCarrier, printer: RawPrinterStandIn
) -> None:
    set_up_raw(world, printer.address)
    bench, shipment_id = bought(world)
    with pytest.raises(CannotPrint):
        documents.shipment_labels(bench.actor, shipment_id)


def test_a_label_in_another_language_than_its_printer_fails_and_says_so(
    world: World, carrier: FakeCarrier, printer: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, printer.address)
    bought(world)
    other = printing.PrinterSetup(name="Paper", kind="spool", address="paper", language="pdf")
    paper = set_up_printer(world, other, code="P2", station=None)
    printer_id = zpl_printer(world)
    printing.move_jobs(
        world.people["supervisor1"],
        from_printer_id=printer_id,
        to_printer_id=paper,
        why="the ribbon is out",
    )
    assert working.print_next(paper, spool_root=tmp_path) == "failed"
    (view,) = printing.printing_status(
        world.people["packer1"], station_id=world.stations["W1S1"]
    ).asking
    assert (view.asks, view.detail) == (
        "cannot-print",
        "the carrier's label is zpl, the printer takes pdf",
    )


def zpl_printer(world: World) -> int:
    found = printing.warehouse_printing(
        world.people["supervisor1"], warehouse_id=world.warehouses["W1"]
    ).printers
    return next(one.id for one in found if one.code == "P1")
