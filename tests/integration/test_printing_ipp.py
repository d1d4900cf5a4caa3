"""A real IPP printer takes a label, which is read back from what it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from fulfillment.services.printing import PrinterSetup
from fulfillment.store.printing import Printer, PrintJob
from fulfillment.store.transaction import clock_set_to
from labels.printers import NotTaken, Rejected, Status
from labels.printers.ipp import IppPrinter
from tests.support.benches import codes
from tests.support.ipp_printers import RealIppPrinter
from tests.support.printing import Clock, labelled, set_up_printer, states, work
from tests.support.world import World


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealIppPrinter]:
    folder = tmp_path / "device"
    folder.mkdir()
    with RealIppPrinter(folder) as printer:
        yield printer


def barcodes_in(file: Path) -> set[str]:
    """The texts of the barcodes on the first page of a PDF."""
    with pypdfium2.PdfDocument(file) as document:
        picture = document[0].render(scale=4).to_pil()
    return {found.text for found in zxingcpp.read_barcodes(picture)}


def test_a_label_waits_for_a_real_ipp_printer_and_comes_out_once(
    world: World, real: RealIppPrinter, tmp_path: Path
) -> None:
    setup = PrinterSetup(name="Office", kind="ipp", address=real.address, paper="100x150")
    printer_id = set_up_printer(world, setup)
    clock = Clock()
    with clock_set_to(clock):
        bench, _shipment, tracking = labelled(world)
        work(tmp_path)
        assert states() == ["queued"]
        assert codes(Printer, "condition", id=printer_id) == [("offline",)]
        real.switch_on()
        clock.forward(seconds=31)
        work(tmp_path)
        work(tmp_path)
        assert codes(PrintJob, "state", "detail") == [("sent", "IPP job 1")]
        (file,) = real.documents
        assert tracking in barcodes_in(file)
        assert bench.scan(tracking).verdict.code == "shipped"
        assert states() == ["confirmed"]


def test_a_real_ipp_printer_is_asked_how_it_is_and_refuses_what_it_cannot_print(
    real: RealIppPrinter,
) -> None:
    way = IppPrinter.at(real.address, media_type="application/pdf")
    assert way.probe() == Status("offline", "Connection refused")
    assert way.deliver(b"%PDF", name="a", begin=lambda: True) == NotTaken("Connection refused")
    real.switch_on()
    assert way.probe().condition in ("ready", "attention")
    other = IppPrinter.at(real.address, media_type="application/x-no-such-thing")
    refused = other.deliver(b"nothing", name="b", begin=lambda: True)
    assert isinstance(refused, Rejected)
    assert real.documents == []
