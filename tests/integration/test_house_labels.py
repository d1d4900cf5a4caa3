"""Labels of bins, totes, carts, products and badges: each reads as what its station scans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.catalogue import LocationEntry
from fulfillment.domain.errors import InvalidInput, NothingToDo, NotPermitted, UnknownThing
from fulfillment.domain.people import Actor, system
from fulfillment.services import people, printing
from fulfillment.services.catalogue import places
from fulfillment.services.printing import LabelChoice, PrinterSetup
from fulfillment.store.catalog import Location, ProductBarcode
from fulfillment.store.journal import AuditEntry
from fulfillment.store.printing import PrintJob
from stations.entry import badge_in_text
from tests.integration.test_printing_papers import choose, save, size, sizes
from tests.labels.reading import pictures, read_by_zbar, read_by_zxing
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.office import fingerprint
from tests.support.printing import set_up_printer, states, work
from tests.support.world import World, change

SPOOL = PrinterSetup(name="Folder", kind="spool", address="labels")
EAN, UPC, CASE = "4006381333931", "036000291452", "14006381333938"


def pdf_of(world: World, kind: str, *, by: Actor | None = None, **choice: Any) -> bytes:
    """The labels of W1 for the print dialog, drawn by its supervisor."""
    return printing.draw_labels(
        by or world.people["supervisor1"],
        warehouse_id=world.warehouses["W1"],
        choice=LabelChoice(kind=kind, **choice),
    )


def read(pdf: bytes) -> list[str]:
    """What a scanner reads from each label, a page each; two decoders agree."""
    found = []
    for picture in pictures(pdf, dpi=300):
        ((_symbology, content),) = read_by_zxing(picture)
        assert read_by_zbar(picture) == {content}
        found.append(content.decode())
    return found


def look(world: World, kind: str, *, first_place: int = 1, **choice: Any) -> printing.LabelLook:
    """What the supervisor of W1 is shown first."""
    return printing.look_at_labels(
        world.people["supervisor1"],
        warehouse_id=world.warehouses["W1"],
        choice=LabelChoice(kind=kind, **choice),
        first_place=first_place,
    )


def queue(
    world: World, printer_id: int, kind: str, *, key: str = "once", **choice: Any
) -> printing.QueuedLabels:
    """Labels of W1 in the queue of a printer."""
    return printing.queue_labels(
        world.people["supervisor1"],
        warehouse_id=world.warehouses["W1"],
        choice=LabelChoice(kind=kind, **choice),
        printer_id=printer_id,
        key=key,
    )


def faults(refusal: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str, str]]:
    """Where, code and text of each fault."""
    return [(one.where, one.code, one.text) for one in refusal.value.faults]


def test_labels_of_places_read_as_their_own_barcodes_in_the_order_of_their_codes(
    world: World,
) -> None:
    places.put_locations(system(), "W1", [LocationEntry("W1-CART", kind="cart")])
    change(update(Location).where(Location.code == "W1T3").values(active=False))
    bins = [f"W1-A-{number:02d}-1-1" for number in range(1, 7)]
    assert read(pdf_of(world, "bin-label")) == [
        own_code(Own.LOCATION, code) for code in (*bins, "W1-QUAR", "W1-STAGE")
    ]
    totes = [f"W1T{number}" for number in (1, 2, *range(4, 13))]
    assert read(pdf_of(world, "tote-label")) == [own_code(Own.TOTE, code) for code in totes]
    assert read(pdf_of(world, "cart-label")) == [own_code(Own.CART, "W1-CART")]
    assert read(pdf_of(world, "bin-label", zone="A", starts_with="w1-a-02")) == [
        own_code(Own.LOCATION, "W1-A-02-1-1")
    ]
    typed = ("W1T9", "W1T1")
    assert read(pdf_of(world, "tote-label", codes=typed, copies=2)) == [
        own_code(Own.TOTE, code) for code in typed for _copy in range(2)
    ]


def test_a_bench_takes_the_printed_labels_of_a_tote_and_of_every_package_of_a_product(
    world: World,
) -> None:
    world.product("A", barcode=EAN, case=(CASE, 2))
    world.barcode("A", UPC)
    world.barcode("A", "shop/4711")
    world.product("B", barcode="gone")
    change(delete(ProductBarcode).where(ProductBarcode.code == "gone"))
    world.kit("KIT", {"A": 1})
    for sku in "AB":
        world.stock(sku, 10)
    picked_shipment(world, {"A": 5, "B": 1})
    (tote,) = read(pdf_of(world, "tote-label", codes=("W1T1",)))
    products = read(pdf_of(world, "product-label"))
    assert products == [f"0{UPC}", EAN, "shop/4711", CASE, "B"]
    bench = BenchDriver(world)
    verdicts = [bench.scan(raw).verdict for raw in (tote, *products)]
    assert [one.tone for one in verdicts] == ["accepted"] * 5 + ["complete"]


def test_a_badge_is_printed_by_who_manages_people_and_lets_its_person_in(world: World) -> None:
    for person, badge in (("packer1", "P1"), ("picker1_w2", "P2"), ("picker1", "small letters")):
        people.give_badge(system(), world.people[person].user_id, badge=badge)
    admin = world.people["admin"]
    scanned = read(pdf_of(world, "badge-label", by=admin))
    assert scanned == [own_code(Own.BADGE, "P1"), "small letters"]
    assert [badge_in_text(raw) for raw in scanned] == ["P1", "small letters"]
    with pytest.raises(NotPermitted):
        pdf_of(world, "badge-label")
    with pytest.raises(InvalidInput):
        pdf_of(world, "badge-label", by=admin, codes=("P2",))


def test_a_sheet_that_was_begun_is_filled_from_its_first_free_place(world: World) -> None:
    choose(world, "bin-label", "a4-3x8")
    shown = look(world, "bin-label", zone="A", copies=5, first_place=3)
    assert (shown.labels, shown.pages, shown.places, shown.paper) == (30, 2, 24, "a4-3x8")
    assert len(shown.first) == 6
    pdf = printing.draw_labels(
        system(),
        warehouse_id=world.warehouses["W1"],
        choice=LabelChoice(kind="bin-label", zone="A", copies=5),
        first_place=3,
    )
    assert sizes(pdf) == [(210.0, 297.0)] * 2
    first, second = pictures(pdf, dpi=300)
    label_height, label_width = first.shape[0] // 8, first.shape[1] // 3
    assert not (first[:label_height, : 2 * label_width] < 128).any()
    assert (first[:label_height, 2 * label_width :] < 128).any()
    rows = [number for number in range(8) if _ink_in_row(second, number)]
    assert rows == [0, 1, 2]
    with pytest.raises(InvalidInput) as refusal:
        look(world, "bin-label", first_place=25)
    assert faults(refusal) == [("first_place", "out-of-range", "1..24")]


def _ink_in_row(sheet: Any, number: int) -> bool:
    height = sheet.shape[0] / 8
    return bool((sheet[int(number * height) : int((number + 1) * height)] < 128).any())


WRONG = {
    "codes": ({"codes": ("W1T1", "W1T99", "W1-STAGE", "W2T1")}, "W1T99, W1-STAGE, W2T1"),
    "zone": ({"zone": "A"}, "A"),
    "starts_with": ({"starts_with": "W1", "codes": ("W1T1",)}, "W1"),
    "seller": ({"seller": "SHOP"}, "SHOP"),
    "copies": ({"copies": 101}, "1..100"),
}


def test_what_cannot_be_asked_is_refused_by_name_and_nothing_is_queued(world: World) -> None:
    printer_id = set_up_printer(world, SPOOL, station=None)
    other = printing.create_printer(
        system(), warehouse_id=world.warehouses["W2"], code="P2", setup=SPOOL
    )
    dialog = set_up_printer(
        world, replace(SPOOL, kind="browser", address=""), code="P3", station=None
    )
    before = fingerprint()
    for where, (choice, text) in WRONG.items():
        with pytest.raises(InvalidInput) as refusal:
            queue(world, printer_id, "tote-label", **choice)
        assert [(one.where, one.text) for one in refusal.value.faults] == [(where, text)]
    for wrong, code in ((dialog, "not-possible"), (printer_id, "bad-length")):
        with pytest.raises(InvalidInput) as refusal:
            queue(world, wrong, "tote-label", key="" if wrong == printer_id else "once")
        assert [one.code for one in refusal.value.faults] == [code]
    with pytest.raises(UnknownThing):
        queue(world, other.id, "tote-label")
    with pytest.raises(UnknownThing):
        look(world, "product-label", seller="NOBODY")
    with pytest.raises(NothingToDo):
        queue(world, printer_id, "cart-label")
    assert look(world, "cart-label").labels == 0
    assert fingerprint() == before


def test_more_labels_than_can_be_printed_at_once_are_refused_and_counted(world: World) -> None:
    many = [LocationEntry(f"BULK-{number:04d}", kind="bulk") for number in range(400)]
    places.put_locations(system(), "W1", many)
    printer_id = set_up_printer(world, SPOOL, station=None)
    assert look(world, "bin-label", starts_with="BULK", copies=5).labels == 2_000
    for act, text in (
        (lambda: look(world, "bin-label", starts_with="BULK", copies=6), "2400 > 2000"),
        (lambda: queue(world, printer_id, "bin-label", starts_with="BULK"), "400 > 300"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            act()
        assert faults(refusal) == [("labels", "too-many", text)]
    assert states() == []


def test_labels_come_out_of_a_printer_once_for_each_request(world: World, tmp_path: Path) -> None:
    printer_id = set_up_printer(world, SPOOL, station=None)
    for _press in range(2):
        queued = queue(world, printer_id, "tote-label", codes=("W1T1", "W1T2"), copies=3)
        assert (queued.printer, queued.jobs, queued.labels) == ("P1", 2, 6)
    assert codes(PrintJob, "copies") == [(3,), (3,)]
    assert [row.act for row in codes(AuditEntry, "act")].count("labels-queued") == 1
    work(tmp_path)
    assert states() == ["sent"] * 2
    printed = sorted((tmp_path / "labels").iterdir())
    assert [read(one.read_bytes()) for one in printed] == [
        [own_code(Own.TOTE, code)] * 3 for code in ("W1T1", "W1T2")
    ]
    queue(world, printer_id, "tote-label", codes=("W1T3",))
    assert states() == ["sent"] * 2 + ["queued"]


def test_labels_that_their_paper_has_no_room_for_are_named(world: World) -> None:
    printer_id = set_up_printer(world, SPOOL, station=None)
    world.product("A", barcode=EAN)
    world.product("B", barcode="x" * 40)
    world.product("C", barcode=EAN[:-1] + "0")
    named = [("labels", "unprintable", "B")]
    with pytest.raises(InvalidInput) as refusal:
        pdf_of(world, "product-label")
    assert faults(refusal) == named
    with pytest.raises(InvalidInput) as refusal:
        queue(world, printer_id, "product-label")
    assert faults(refusal) == named
    assert states() == []
    save(world, "wide", size("200", "50", "3"))
    choose(world, "product-label", "wide")
    assert read(pdf_of(world, "product-label")) == [EAN, "x" * 40, EAN[:-1] + "0"]
