"""Papers of a warehouse: what is printed has their size, and nothing lies in their margin."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest

from fulfillment.domain.catalogue import LocationEntry
from fulfillment.domain.errors import CannotPrint, InvalidInput, NotPermitted, UnknownThing
from fulfillment.domain.people import system
from fulfillment.domain.printing import DIALOG_KINDS
from fulfillment.services import documents, manifests, people, printing, walls
from fulfillment.services.catalogue import places
from fulfillment.services.dispatching import scan_out
from fulfillment.services.printing import LabelChoice, PaperSetup, PrinterSetup
from fulfillment.services.walls import WallEntry
from fulfillment.store.journal import AuditEntry
from fulfillment.store.work import PickList
from labels import LABEL_100X50, PAPERS, BinLabel, Paper, render_pdf
from tests.labels.reading import pictures, read_by_zxing
from tests.support.benches import codes
from tests.support.office import fingerprint
from tests.support.printing import ask_for_bin_label, labelled, set_up_printer, states, work
from tests.support.world import World

DPI = 203
BIN = BinLabel(code="B1", barcode="B1")
SPOOL = PrinterSetup(name="Folder", kind="spool", address="labels")


def size(width: str, height: str, margin: str, *, active: bool = True) -> PaperSetup:
    """Millimetres as they are typed."""
    return PaperSetup(
        width_mm=Decimal(width), height_mm=Decimal(height), margin_mm=Decimal(margin), active=active
    )


def save(world: World, name: str, setup: PaperSetup) -> None:
    """A paper of W1, saved by its supervisor."""
    printing.save_paper(
        world.people["supervisor1"], warehouse_id=world.warehouses["W1"], name=name, setup=setup
    )


def choose(world: World, document_kind: str, paper: str) -> None:
    """What a kind of document of W1 goes on in the print dialog."""
    printing.choose_document_paper(
        world.people["supervisor1"],
        warehouse_id=world.warehouses["W1"],
        document_kind=document_kind,
        paper=paper,
    )


def sizes(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page in millimetres, to a tenth."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [
            (round(width * 25.4 / 72, 1), round(height * 25.4 / 72, 1))
            for width, height in (document.get_page_size(one) for one in range(len(document)))
        ]
    finally:
        document.close()


def margin_of(pdf: bytes) -> float:
    """Millimetres that no page has ink in at any side; a dot is rounding."""
    least = 1_000.0
    for picture in pictures(pdf, dpi=DPI):
        rows, columns = (picture < 128).nonzero()
        height, width = picture.shape
        free = (rows.min(), columns.min(), height - 1 - rows.max(), width - 1 - columns.max())
        least = min(least, (int(min(free)) + 1) * 25.4 / DPI)
    return least


def slot_labels(world: World, *, slots: int) -> bytes:
    """The labels of a put wall of W1."""
    wall = walls.put_wall(system(), "W1", WallEntry("P", "The wall", slots))
    return walls.slot_labels(system(), wall_id=wall.id)


def spooled(folder: Path) -> bytes:
    """The one document in a spool folder."""
    (document,) = folder.iterdir()
    return document.read_bytes()


def test_a_printer_prints_on_a_paper_of_its_warehouse_in_its_own_dots(
    world: World, tmp_path: Path
) -> None:
    save(world, "80x60", size("80.5", "60", "12"))
    for number, (language, dpi) in enumerate((("zpl", 300), ("pdf", 300)), start=1):
        setup = replace(SPOOL, address=language, language=language, dpi=dpi, paper="80x60")
        set_up_printer(world, setup, code=f"P{number}", kinds=("bin-label",))
        ask_for_bin_label(world, f"B{number}")
        work(tmp_path)
    assert states() == ["sent", "sent"]
    assert b"^PW951^LL709" in spooled(tmp_path / "zpl")
    pdf = spooled(tmp_path / "pdf")
    assert sizes(pdf) == [(80.5, 60.0)]
    assert margin_of(pdf) >= 12
    own = Paper(name="80x60", width_mm=80.5, height_mm=60, margin_mm=12, dpi=300)
    assert pdf == render_pdf(BinLabel(code="B2", barcode="B2"), paper=own)


@pytest.mark.parametrize("paper", ["", "100x50"])
def test_a_built_in_paper_prints_as_before_until_its_warehouse_changes_it(
    world: World, tmp_path: Path, paper: str
) -> None:
    set_up_printer(world, replace(SPOOL, paper=paper), kinds=("bin-label",))
    printing.save_paper(
        world.people["supervisor1_w2"],
        warehouse_id=world.warehouses["W2"],
        name="100x50",
        setup=size("90", "40", "2"),
    )
    ask_for_bin_label(world, "B1")
    work(tmp_path)
    (first,) = (tmp_path / "labels").iterdir()
    assert first.read_bytes() == render_pdf(BIN, paper=LABEL_100X50)
    first.unlink()
    save(world, "100x50", size("100", "50", "10"))
    ask_for_bin_label(world, "B2")
    work(tmp_path)
    pdf = spooled(tmp_path / "labels")
    assert sizes(pdf) == [(100.0, 50.0)]
    assert margin_of(pdf) >= 10 > margin_of(render_pdf(BIN, paper=LABEL_100X50))


def test_every_document_for_the_print_dialog_goes_on_the_paper_that_is_chosen_for_it(
    world: World,
) -> None:
    save(world, "big", size("220", "300", "20"))
    bench, shipment_id, tracking = labelled(world)
    bench.scan(tracking)
    where = {"warehouse_id": world.warehouses["W1"]}
    packer = world.people["packer1"]
    scan_out(packer, **where, scan_id=str(uuid.uuid4()), raw=tracking)
    manifest = manifests.close_manifest(packer, **where, carrier="LOCAL")
    ((number,),) = codes(PickList, "number")
    wall = walls.put_wall(system(), "W1", WallEntry("P", "The wall", 1))
    people.give_badge(system(), packer.user_id, badge="P1")
    places.put_locations(system(), "W1", [LocationEntry("W1-CART", kind="cart")])
    one_of_each = {
        "bin-label": "W1-A-01-1-1",
        "tote-label": "W1T1",
        "cart-label": "W1-CART",
        "product-label": "A",
        "badge-label": "P1",
    }

    def labels_of(kind: str) -> Callable[[], bytes]:
        choice = LabelChoice(kind=kind, codes=(one_of_each[kind],))
        return lambda: printing.draw_labels(system(), **where, choice=choice)

    drawn = {
        **{kind: labels_of(kind) for kind in one_of_each},
        "shipping-label": lambda: documents.shipment_labels(system(), shipment_id),
        "packing-slip": lambda: documents.packing_slips(system(), shipment_id),
        "pick-list": lambda: documents.pick_list_sheet(system(), number),
        "put-wall-label": lambda: walls.slot_labels(system(), wall_id=wall.id),
        "carrier-manifest": lambda: documents.manifest_sheet(system(), manifest.id),
    }
    assert {*drawn, "command-sheet"} == set(DIALOG_KINDS)
    for kind, draw in drawn.items():
        before = draw()
        choose(world, kind, "big")
        after = draw()
        assert sizes(before) != sizes(after) == [(220.0, 300.0)], kind
        assert margin_of(after) >= 20, kind
        choose(world, kind, "")
        assert draw() == before, kind


def test_the_labels_of_a_wall_fill_sheets_of_stickers(world: World) -> None:
    assert len(sizes(slot_labels(world, slots=25))) == 25
    choose(world, "put-wall-label", "a4-3x8")
    sheets = slot_labels(world, slots=25)
    assert sizes(sheets) == [(210.0, 297.0)] * 2
    found = [read_by_zxing(picture) for picture in pictures(sheets, dpi=300)]
    assert [len(codes) for codes in found] == [24, 1]
    with pytest.raises(InvalidInput):
        choose(world, "pick-list", "a4-3x8")


def test_what_does_not_fit_its_paper_fails_and_says_so(world: World, tmp_path: Path) -> None:
    save(world, "tiny", size("20", "20", "5"))
    set_up_printer(world, replace(SPOOL, paper="tiny"), kinds=("bin-label",))
    ask_for_bin_label(world, "B1")
    work(tmp_path)
    assert states() == ["failed"]
    place = {"station_id": world.stations["W1S1"]}
    (job,) = printing.printing_status(world.people["packer1"], **place).asking
    assert (job.asks, job.detail.split(":")[0]) == ("cannot-print", "barcode")
    choose(world, "put-wall-label", "tiny")
    with pytest.raises(CannotPrint):
        slot_labels(world, slots=1)


def test_a_paper_stays_while_a_printer_or_a_document_is_set_to_it(world: World) -> None:
    boss, where = world.people["supervisor1"], {"warehouse_id": world.warehouses["W1"]}
    save(world, "own", size("80", "60", "3"))
    set_up_printer(world, replace(SPOOL, paper="own"), station=None)
    choose(world, "pick-list", "own")
    before = fingerprint()
    for act in (
        lambda: printing.remove_paper(boss, **where, name="own"),
        lambda: save(world, "own", size("80", "60", "3", active=False)),
    ):
        with pytest.raises(InvalidInput) as refusal:
            act()
        said = [(fault.where, fault.code, fault.text) for fault in refusal.value.faults]
        assert said == [
            ("paper", "used-by-printers", "P1"),
            ("pick-list", "used-by-documents", "own"),
        ]
    assert fingerprint() == before
    choose(world, "pick-list", "")
    (printer,) = printing.list_printers(boss, **where)
    printing.change_printer(boss, printer.id, setup=replace(SPOOL, paper="100x150"))
    save(world, "own", size("80", "60", "3", active=False))
    for refused in (
        lambda: choose(world, "pick-list", "own"),
        lambda: printing.change_printer(boss, printer.id, setup=replace(SPOOL, paper="own")),
    ):
        with pytest.raises(InvalidInput):
            refused()
    printing.remove_paper(boss, **where, name="own")
    save(world, "a4", size("210", "297", "25"))
    printing.remove_paper(boss, **where, name="a4")
    listed = printing.list_papers(boss, **where).papers
    assert [one.name for one in listed] == list(PAPERS)
    assert not any(one.changed for one in listed)
    acts = [row.act for row in codes(AuditEntry, "act") if "paper" in row.act]
    assert acts[-3:] == ["paper-removed", "paper-saved", "paper-removed"]


BAD_PAPERS = {
    "": (("80", "60", "3"), "name", "bad-length"),
    "x" * 33: (("80", "60", "3"), "name", "bad-length"),
    "A4": (("80", "60", "3"), "name", "not-a-paper-name"),
    "a/b": (("80", "60", "3"), "name", "not-a-paper-name"),
    "a\0": (("80", "60", "3"), "name", "not-a-paper-name"),
    "a4-3x8": (("80", "60", "3"), "name", "not-possible"),
    "narrow": (("19.9", "60", "3"), "width_mm", "out-of-range"),
    "long": (("80", "500.1", "3"), "height_mm", "out-of-range"),
    "endless": (("80", "1e999999", "3"), "height_mm", "out-of-range"),
    "nothing": (("NaN", "60", "3"), "width_mm", "out-of-range"),
    "fine": (("80.05", "60", "3"), "width_mm", "finer-than-a-tenth"),
    "negative": (("80", "60", "-1"), "margin_mm", "out-of-range"),
    "all-margin": (("80", "60", "25.1"), "margin_mm", "out-of-range"),
}


def test_a_paper_that_cannot_be_is_refused_with_the_place_and_nothing_changes(
    world: World,
) -> None:
    before = fingerprint()
    for name, (sides, where, code) in BAD_PAPERS.items():
        with pytest.raises(InvalidInput) as refusal:
            save(world, name, size(*sides))
        assert [(one.where, one.code) for one in refusal.value.faults] == [(where, code)], name
    for kind, paper in (("love-letter", "a4"), ("pick-list", "a17"), ("return-label", "a4")):
        with pytest.raises(InvalidInput):
            choose(world, kind, paper)
    w1, own = {"warehouse_id": world.warehouses["W1"]}, size("80", "60", "3")
    for person, error in (("packer1", NotPermitted), ("supervisor1_w2", UnknownThing)):
        someone = world.people[person]
        with pytest.raises(error):
            printing.save_paper(someone, **w1, name="own", setup=own)
        with pytest.raises(error):
            printing.remove_paper(someone, **w1, name="a4")
        with pytest.raises(error):
            printing.choose_document_paper(someone, **w1, document_kind="pick-list", paper="a5")
    with pytest.raises(UnknownThing):
        printing.save_paper(system(), warehouse_id=999, name="own", setup=own)
    with pytest.raises(UnknownThing):
        printing.remove_paper(system(), **w1, name="never\0there")
    assert fingerprint() == before
