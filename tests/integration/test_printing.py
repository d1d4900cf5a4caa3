"""Printing: queued with its cause, printed once, and never again unless somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from fulfillment.domain.barcodes import Command
from fulfillment.domain.errors import (
    AlreadyExists,
    IllegalEvent,
    InvalidInput,
    LabelNotConfirmed,
    LabelNotPrinted,
    NotPermitted,
    StillPrinting,
    UnknownThing,
)
from fulfillment.services import packing, printing
from fulfillment.services.cancelling import cancel_order
from fulfillment.services.printing import PrinterSetup, working
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import LabelReprint
from fulfillment.store.printing import Printer, PrintJob
from fulfillment.store.transaction import clock_set_to
from labels import Address, BinLabel, ShippingLabel
from tests.support.benches import codes
from tests.support.printing import (
    ZPL,
    Clock,
    ask_for_bin_label,
    labelled,
    set_up_printer,
    set_up_raw,
    states,
    times_printed,
    work,
)
from tests.support.raw_printers import PAPER_OUT, RawPrinterStandIn
from tests.support.statements import statements_in, statements_of
from tests.support.world import World, change


@pytest.fixture
def stand_in() -> Iterator[RawPrinterStandIn]:
    with RawPrinterStandIn() as printer:
        yield printer


@pytest.fixture
def clock(world: World) -> Iterator[Clock]:
    """The tests' own time, from after the world was made to the audit at its end."""
    clock = Clock()
    with clock_set_to(clock):
        yield clock


def policy(world: World, **differences: object) -> None:
    change(
        update(Warehouse).where(Warehouse.id == world.warehouses["W1"]).values(policy=differences)
    )


# --- the label's way -------------------------------------------------------------------------


def test_a_label_is_queued_with_its_making_printed_once_and_confirmed_by_its_scan(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on()
    bench, shipment_id, tracking = labelled(world)
    assert states() == ["queued"]
    work(tmp_path)
    work(tmp_path)
    assert states() == ["sent"]
    assert times_printed(stand_in.printed, tracking) == len(stand_in.printed) == 1
    assert bench.scan(tracking).verdict.code == "shipped"
    assert states() == ["confirmed"]
    assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]


def test_a_station_without_a_printer_has_no_job(world: World, clock: Clock) -> None:
    set_up_printer(world, PrinterSetup(name="Dialog", kind="browser"))
    labelled(world)
    assert states() == []
    other = set_up_printer(world, replace(ZPL, address="10.0.0.9"), code="P2", station=None)
    assert codes(Printer, "id", code="P2") == [(other,)]


def test_queueing_a_label_costs_one_statement(world: World, clock: Clock) -> None:
    set_up_raw(world, "127.0.0.1:9")
    bench, _shipment, _tracking = labelled(world)
    bench.command(Command.VOID_LABEL)
    seen = statements_in(lambda: bench.weigh(350))
    assert len([one for one in seen if "print_job" in one]) == 1
    assert states() == ["cancelled", "queued"]


def test_a_voided_label_leaves_the_queue_and_the_new_one_prints(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on()
    bench, _shipment, _tracking = labelled(world)
    bench.command(Command.VOID_LABEL)
    again = bench.weigh(350).verdict.fields["tracking"]
    work(tmp_path)
    assert states() == ["cancelled", "sent"]
    assert times_printed(stand_in.printed, again) == len(stand_in.printed) == 1


# --- a printer that is off -------------------------------------------------------------------


def test_a_label_waits_for_a_printer_that_is_off_and_prints_once_when_it_is_back(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    printer_id = set_up_raw(world, stand_in.address)
    _bench, _shipment, tracking = labelled(world)
    for _try in range(20):
        work(tmp_path)
        clock.forward(seconds=31)
    assert states() == ["queued"]
    (printer,) = codes(Printer, "condition", "condition_detail", "failures", id=printer_id)
    assert (printer.condition, printer.condition_detail) == ("offline", "Connection refused")
    assert printer.failures == 20
    stand_in.switch_on()
    for _try in range(3):
        work(tmp_path)
        clock.forward(seconds=31)
    assert states() == ["sent"]
    assert times_printed(stand_in.printed, tracking) == len(stand_in.printed) == 1
    assert codes(Printer, "condition", "failures", "retry_at", id=printer_id) == [
        ("ready", 0, None)
    ]


def test_a_printer_that_failed_is_left_alone_for_a_while(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    labelled(world)
    work(tmp_path)
    stand_in.switch_on()
    work(tmp_path)
    assert stand_in.connections == 0
    clock.forward(seconds=2)
    work(tmp_path)
    assert states() == ["sent"]


def test_where_the_warehouse_waits_nothing_ships_before_its_label_is_out(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    policy(world, printer_off="wait", label_scan_required=False)
    set_up_raw(world, stand_in.address)
    bench, shipment_id, tracking = labelled(world)
    work(tmp_path)
    for person in ("packer1", "supervisor1"):
        with pytest.raises(LabelNotPrinted) as waiting:
            packing.ship(world.people[person], shipment_id=shipment_id)
    assert (waiting.value.tracking_numbers, waiting.value.printer) == ((tracking,), "P1")
    stand_in.switch_on()
    clock.forward(seconds=31)
    work(tmp_path)
    assert not packing.ship(bench.actor, shipment_id=shipment_id).already


def test_where_the_warehouse_waits_the_scan_of_a_label_from_elsewhere_ships(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    policy(world, printer_off="wait")
    set_up_raw(world, stand_in.address)
    bench, _shipment, tracking = labelled(world)
    work(tmp_path)
    assert bench.scan(tracking).verdict.code == "shipped"
    assert states() == ["cancelled"]
    stand_in.switch_on()
    clock.forward(seconds=31)
    work(tmp_path)
    stand_in.switch_off()
    assert stand_in.printed == []


def test_where_the_warehouse_ships_the_order_goes_and_its_label_prints_later(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    bench, shipment_id, tracking = labelled(world)
    work(tmp_path)
    assert packing.ship(bench.actor, shipment_id=shipment_id).tracking_numbers == (tracking,)
    assert len(codes(AuditEntry, "id", act="ship-while-printer-off")) == 1
    stand_in.switch_on()
    clock.forward(seconds=31)
    work(tmp_path)
    assert states() == ["sent"]
    assert times_printed(stand_in.printed, tracking) == len(stand_in.printed) == 1


def test_a_label_that_is_just_on_its_way_must_still_be_scanned(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on()
    work(tmp_path)
    bench, shipment_id, _tracking = labelled(world)
    assert states() == ["queued"]
    with pytest.raises(LabelNotConfirmed):
        packing.ship(bench.actor, shipment_id=shipment_id)
    work(tmp_path)
    with pytest.raises(LabelNotConfirmed):
        packing.ship(bench.actor, shipment_id=shipment_id)


# --- nobody knows ----------------------------------------------------------------------------


def test_a_label_that_was_cut_off_is_never_repeated_by_itself(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on("cut")
    bench, _shipment, tracking = labelled(world)
    work(tmp_path)
    assert states() == ["unknown"]
    stand_in.switch_on()
    for _hour in range(3):
        clock.forward(hours=1)
        work(tmp_path)
    assert (states(), stand_in.printed) == (["unknown"], [])
    status = printing.printing_status(bench.actor, station_id=bench.station_id)
    assert [(job.asks, job.tracking_number) for job in status.asking] == [
        ("scan-or-reprint", tracking)
    ]
    reprinted = bench.command(Command.REPRINT)
    assert reprinted.verdict.fields == {"tracking": tracking, "count": 1}
    work(tmp_path)
    assert states() == ["failed", "sent"]
    assert times_printed(stand_in.printed, tracking) == len(stand_in.printed) == 1
    assert printing.printing_status(bench.actor, station_id=bench.station_id).asking == ()
    assert bench.scan(tracking).verdict.code == "shipped"
    assert states() == ["failed", "confirmed"]


def test_the_scan_of_its_label_answers_what_an_unknown_job_asks(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on("cut")
    bench, _shipment, tracking = labelled(world)
    work(tmp_path)
    assert bench.scan(tracking).verdict.code == "shipped"
    assert states() == ["confirmed"]
    assert printing.printing_status(bench.actor, station_id=bench.station_id).asking == ()


def test_an_order_behind_an_unknown_label_does_not_wait(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on("cut")
    bench, shipment_id, _tracking = labelled(world)
    work(tmp_path)
    packing.ship(bench.actor, shipment_id=shipment_id)
    assert states() == ["unknown"]
    assert len(printing.printing_status(bench.actor, station_id=bench.station_id).asking) == 1
    _bench, _next, tracking = labelled(world, tote="W1T2")
    stand_in.switch_on()
    clock.forward(seconds=31)
    work(tmp_path)
    assert states() == ["unknown", "sent"]
    assert times_printed(stand_in.printed, tracking) == len(stand_in.printed) == 1


# --- reprint and void ------------------------------------------------------------------------


def test_reprint_is_refused_while_the_first_print_waits(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    bench, _shipment, tracking = labelled(world)
    refused = bench.command(Command.REPRINT)
    assert refused.verdict.code == "label-waiting"
    assert refused.verdict.fields == {"tracking": tracking, "printer": "P1"}
    assert codes(LabelReprint, "id") == []
    assert states() == ["queued"]


def test_each_counted_reprint_prints_the_same_number_once_more(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on()
    bench, shipment_id, tracking = labelled(world)
    work(tmp_path)
    bench.command(Command.REPRINT)
    work(tmp_path)
    assert bench.command(Command.REPRINT).verdict.code == "reprint-needs-supervisor"
    packing.reprint_label(world.people["supervisor1"], shipment_id=shipment_id, reason="torn")
    work(tmp_path)
    assert times_printed(stand_in.printed, tracking) == len(stand_in.printed) == 3
    assert [row.why for row in codes(PrintJob, "why")] == ["", "scanned REPRINT", "torn"]
    bench.scan(tracking)
    assert states() == ["confirmed"] * 3


def test_a_void_label_is_not_printed_even_when_a_worker_has_it_in_hand(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    printer_id = set_up_raw(world, stand_in.address)
    bench, _shipment, _tracking = labelled(world)
    assignment = working.claim(printer_id)
    assert assignment is not None
    bench.command(Command.VOID_LABEL)
    assert not working.begin(assignment)
    assert states() == ["cancelled"]


def test_a_cancelled_order_takes_its_label_out_of_the_queue(world: World, clock: Clock) -> None:
    set_up_raw(world, "127.0.0.1:9")
    _bench, shipment_id, _tracking = labelled(world)
    ((order_id,),) = codes(Shipment, "order_id", id=shipment_id)
    assert codes(Order, "state", id=order_id) == [("allocated",)]
    cancel_order(world.people["supervisor1"], order_id=order_id, reason="changed her mind")
    assert states() == ["cancelled"]


# --- workers that die ------------------------------------------------------------------------


def test_a_lease_that_ran_out_before_sending_is_queued_again(world: World, clock: Clock) -> None:
    printer_id = set_up_raw(world, "127.0.0.1:9")
    ask_for_bin_label(world, "B1")
    first = working.claim(printer_id)
    assert first is not None
    clock.forward(seconds=59)
    assert not working.look().expired_leases
    clock.forward(seconds=2)
    assert working.look().expired_leases
    assert working.recover() == working.Recovered(queued=1, unknown=0)
    second = working.claim(printer_id)
    assert second is not None
    assert not working.begin(first)
    assert working.begin(second)


def test_a_lease_that_ran_out_while_sending_is_unknown_for_good(world: World, clock: Clock) -> None:
    printer_id = set_up_raw(world, "127.0.0.1:9")
    ask_for_bin_label(world, "B1")
    assignment = working.claim(printer_id)
    assert assignment is not None
    assert working.begin(assignment)
    clock.forward(seconds=61)
    assert working.recover() == working.Recovered(queued=0, unknown=1)
    assert working.claim(printer_id) is None
    assert working.conclude(assignment, working.Taken()) is None
    assert states() == ["unknown"]


def test_a_printer_has_one_job_in_hand(world: World, clock: Clock) -> None:
    printer_id = set_up_raw(world, "127.0.0.1:9")
    ask_for_bin_label(world, "B1")
    ask_for_bin_label(world, "B2")
    assert working.claim(printer_id) is not None
    assert working.claim(printer_id) is None
    assert working.look().printers == ()


# --- other documents -------------------------------------------------------------------------


def test_a_document_is_printed_as_it_was_asked_for_in_so_many_copies(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on()
    packer, station_id = world.people["packer1"], world.stations["W1S1"]
    document = BinLabel(code="W1-A-01", barcode="L:W1-A-01", zone="A")
    asked = [
        printing.print_document(
            packer, station_id=station_id, document=document, key="once", copies=3
        )
        for _time in range(2)
    ]
    assert asked[0] == asked[1]
    work(tmp_path)
    (printed,) = stand_in.printed
    assert printed.count(b"^XA") == 3
    assert states() == ["sent"]


def test_a_person_confirms_or_repeats_a_document_of_which_nobody_knows(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on("cut")
    packer = world.people["packer1"]
    jobs = []
    for code in ("B1", "B2"):
        jobs.append(ask_for_bin_label(world, code))
        work(tmp_path)
        clock.forward(seconds=31)
    assert states() == ["unknown", "unknown"]
    printing.confirm_job(packer, jobs[0])
    again = printing.repeat_job(packer, jobs[1], why="not in the tray")
    assert printing.repeat_job(packer, jobs[1], why="pressed twice") == again
    with pytest.raises(StillPrinting):
        printing.repeat_job(packer, again.job_id, why="impatient")
    assert states() == ["confirmed", "failed", "queued"]


def test_what_cannot_be_drawn_fails_and_says_why(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on()
    printing.print_document(
        world.people["packer1"],
        station_id=world.stations["W1S1"],
        document=BinLabel(code="B1", barcode="\u4e2d"),
        key="undrawable",
    )
    work(tmp_path)
    assert states() == ["failed"]
    (job,) = printing.printing_status(
        world.people["packer1"], station_id=world.stations["W1S1"]
    ).asking
    assert job.asks == "cannot-print"
    assert job.detail.startswith("barcode")
    assert stand_in.connections == 0


def test_a_shipping_label_is_printed_by_packing_only(world: World, clock: Clock) -> None:
    set_up_raw(world, "127.0.0.1:9")
    bench, _shipment, tracking = labelled(world)
    someone = Address(name="A")
    label = ShippingLabel(
        sender=someone, receiver=someone, tracking_number=tracking, sscc="0" * 18, service="S"
    )
    with pytest.raises(InvalidInput):
        printing.print_document(bench.actor, station_id=bench.station_id, document=label, key="x")
    ((job_id,),) = codes(PrintJob, "id")
    for act in (printing.confirm_job, lambda *job: printing.repeat_job(*job, why="?")):
        with pytest.raises(IllegalEvent):
            act(bench.actor, job_id)


def test_waiting_jobs_are_moved_to_another_printer_or_cancelled(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    dead = set_up_raw(world, "127.0.0.1:9")
    living = set_up_printer(
        world, replace(ZPL, address=stand_in.address), code="P2", station="W1S2"
    )
    stand_in.switch_on()
    _bench, _shipment, tracking = labelled(world)
    doomed = ask_for_bin_label(world, "B1")
    work(tmp_path)
    supervisor = world.people["supervisor1"]
    printing.cancel_job(supervisor, doomed, why="not wanted")
    moved = printing.move_jobs(supervisor, from_printer_id=dead, to_printer_id=living, why="dead")
    assert moved == 1
    work(tmp_path)
    assert states() == ["sent", "cancelled"]
    assert times_printed(stand_in.printed, tracking) == len(stand_in.printed) == 1
    with pytest.raises(IllegalEvent):
        printing.cancel_job(supervisor, doomed, why="again")
    with pytest.raises(NotPermitted):
        printing.cancel_job(world.people["packer1"], doomed, why="may not")


# --- setting up ------------------------------------------------------------------------------


def test_idle_printers_are_asked_how_they_are(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    stand_in.switch_on()
    stand_in.status = PAPER_OUT
    work(tmp_path)
    work(tmp_path)
    assert stand_in.connections == 1
    packer = world.people["packer1"]
    (printer,) = printing.list_printers(packer, warehouse_id=world.warehouses["W1"])
    assert (printer.condition, printer.condition_detail) == ("attention", "paper out")
    status = printing.printing_status(packer, station_id=world.stations["W1S1"])
    assert status.printers["shipping-label"] == printer
    stand_in.switch_off()
    clock.forward(seconds=30)
    work(tmp_path)
    (printer,) = printing.list_printers(packer, warehouse_id=world.warehouses["W1"])
    assert (printer.condition, printer.condition_detail) == ("offline", "Connection refused")


@pytest.mark.parametrize(
    ("faulty", "where"),
    [
        ({"kind": "fax"}, "kind"),
        ({"language": "ps"}, "language"),
        ({"dpi": 96}, "dpi"),
        ({"paper": "a17"}, "paper"),
        ({"name": " "}, "name"),
        ({"address": "host:port"}, "address"),
        ({"kind": "spool", "address": "../../etc/cron.d"}, "address"),
        ({"kind": "ipp", "address": "http://printer/"}, "address"),
        ({"kind": "browser", "address": "somewhere"}, "address"),
    ],
)
def test_a_printer_that_is_set_up_wrong_is_refused_with_the_place(
    world: World, faulty: dict[str, object], where: str
) -> None:
    good = replace(ZPL, address="10.0.0.9")
    with pytest.raises(InvalidInput) as refusal:
        set_up_printer(world, replace(good, **faulty))  # type: ignore[arg-type]  # that is the point
    assert [fault.where for fault in refusal.value.faults] == [where]
    assert codes(Printer, "id") == []


def test_printers_are_set_up_by_who_may_change_the_policy_of_their_warehouse(
    world: World,
) -> None:
    setup = replace(ZPL, address="10.0.0.9")
    where = {"warehouse_id": world.warehouses["W1"], "code": "P9", "setup": setup}
    with pytest.raises(NotPermitted):
        printing.create_printer(world.people["packer1"], **where)
    with pytest.raises(UnknownThing):
        printing.create_printer(world.people["supervisor1_w2"], **where)
    printer = printing.create_printer(world.people["supervisor1"], **where)
    with pytest.raises(AlreadyExists):
        printing.create_printer(world.people["supervisor1"], **where)
    with pytest.raises(UnknownThing):
        printing.change_printer(world.people["supervisor1_w2"], printer.id, setup=setup)
    for station, kind in (("W2S1", "shipping-label"), ("W1S1", "love-letter")):
        with pytest.raises(InvalidInput):
            printing.set_station_printer(
                world.people["admin"],
                station_id=world.stations[station],
                document_kind=kind,
                printer_id=printer.id,
            )
    with pytest.raises(NotPermitted):
        printing.printing_status(world.people["packer1_w2"], station_id=world.stations["W1S1"])


def test_a_corrected_address_is_tried_at_once(
    world: World, clock: Clock, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    printer_id = set_up_raw(world, "127.0.0.1:9")
    ask_for_bin_label(world, "B1")
    work(tmp_path)
    assert states() == ["queued"]
    stand_in.switch_on()
    printing.change_printer(
        world.people["supervisor1"], printer_id, setup=replace(ZPL, address=stand_in.address)
    )
    work(tmp_path)
    assert states() == ["sent"]


def test_an_idle_look_is_cheap_and_takes_no_lock(world: World, clock: Clock) -> None:
    set_up_raw(world, "127.0.0.1:9")
    assert statements_of(working.look) == 2


def test_a_spool_folder_gets_each_document_once(world: World, clock: Clock, tmp_path: Path) -> None:
    setup = PrinterSetup(name="Spooler", kind="spool", address="bench-1", language="zpl")
    set_up_printer(world, setup)
    _bench, _shipment, tracking = labelled(world)
    work(tmp_path)
    work(tmp_path)
    (file,) = (tmp_path / "bench-1").iterdir()
    assert tracking.encode() in file.read_bytes()
    assert states() == ["sent"]
