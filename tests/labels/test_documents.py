"""Every document, on every paper it is made for: drawn, decoded back, nothing outside a box."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labels import (
    LABEL_4X6_INCH,
    LABEL_57X32,
    LABEL_100X150,
    PAPERS,
    SHEET_A4_2X5,
    SHEET_A4_3X8,
    BinLabel,
    CommandSheet,
    Document,
    NothingToPrint,
    Paper,
    PickList,
    ProductLabel,
    Sheet,
    Symbology,
    ToteLabel,
    UnprintableDocument,
    Words,
    problems_of,
    render_pdf,
    render_zpl,
    usual_paper,
)
from labels.barcodes import human_readable
from labels.layout import Box
from tests.labels.placing import dots_outside_boxes, placed
from tests.labels.reading import pictures, read_by_zbar, read_by_zxing, text_of
from tests.labels.samples import CASE, DOCUMENTS, PICK_LIST, SHIPPING
from tests.labels.zpl_reading import fields, for_renderer
from tests.labels.zpl_rendering import ZplRenderer

AIM = {
    Symbology.CODE_128: "]C0",
    Symbology.GS1_128: "]C1",
    Symbology.EAN_13: "]E0",
    Symbology.ITF_14: "]I1",
    Symbology.QR: "]Q1",
    Symbology.DATA_MATRIX: "]d1",
    Symbology.GS1_DATA_MATRIX: "]d2",
}
# ZBar reads no DataMatrix; those are read by the other decoder only.
NOT_FOR_ZBAR = {Symbology.DATA_MATRIX, Symbology.GS1_DATA_MATRIX}


def cases() -> Iterator[tuple[str, Document, Paper]]:
    for number, document in enumerate(DOCUMENTS):
        yield f"{number}-{type(document).__name__}", document, usual_paper(document)
    yield "shipping-4x6", SHIPPING, LABEL_4X6_INCH
    yield "case-itf-14", CASE, LABEL_100X150
    yield "pick-list-a5", PICK_LIST, PAPERS["a5"]


# Lists go to a label printer only for want of another one: small paper and the coarser
# resolution will do.
ON_ROLLS = [
    pytest.param(document, paper, dpi, id=f"{name}-{dpi}")
    for name, document, usual in cases()
    for paper in (PAPERS["a5"] if usual.height_mm > 200 else usual,)
    for dpi in ((203,) if usual.height_mm > 200 else (203, 300))
]
CASES = [pytest.param(document, paper, id=name) for name, document, paper in cases()]


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize(("document", "paper"), CASES)
def test_every_barcode_is_read_from_the_pdf_and_no_ink_lies_outside_a_box(
    document: Document, paper: Paper, dpi: int
) -> None:
    size = replace(paper, dpi=dpi)
    shown = list(pictures(render_pdf(document, paper=size), dpi=dpi))
    pages = placed(document, paper=size, dpi=dpi)
    assert len(shown) == len(pages)
    for picture, page in zip(shown, pages, strict=True):
        symbols = {(AIM[s.symbol.symbology], s.symbol.content.encode()) for s in page.symbols}
        assert {(aim, _gs(content)) for aim, content in read_by_zxing(picture)} == {
            (aim, _gs(content)) for aim, content in symbols
        }
        assert read_by_zbar(picture) == {
            _gs(s.symbol.content.encode())
            for s in page.symbols
            if s.symbol.symbology not in NOT_FOR_ZBAR
        }
        assert dots_outside_boxes(picture, page) == 0


def _gs(content: bytes) -> bytes:
    """Content without FNC1, which the decoders report differently."""
    return content.replace(b"\x1d", b"")


@pytest.mark.parametrize(("document", "paper", "dpi"), ON_ROLLS)
def test_every_barcode_is_read_from_the_zpl_that_another_program_rendered(
    document: Document, paper: Paper, dpi: int, zpl_renderer: ZplRenderer
) -> None:
    zpl = render_zpl(document, dpi=dpi, paper=paper)
    assert fields(zpl)
    first = zpl.split(b"^XZ")[0] + b"^XZ"
    picture = zpl_renderer.picture(
        for_renderer(first), width_mm=paper.width_mm, height_mm=paper.height_mm, dpi=dpi
    )
    page = placed(document, paper=paper, dpi=dpi)[0]
    symbols = {(AIM[s.symbol.symbology], _gs(s.symbol.content.encode())) for s in page.symbols}
    assert {(aim, _gs(content)) for aim, content in read_by_zxing(picture)} == symbols
    assert read_by_zbar(picture) == {
        _gs(s.symbol.content.encode())
        for s in page.symbols
        if s.symbol.symbology not in NOT_FOR_ZBAR
    }
    assert dots_outside_boxes(picture, page) == 0


@pytest.mark.parametrize("sheet", [SHEET_A4_3X8, SHEET_A4_2X5], ids=lambda sheet: sheet.label.name)
def test_a_sheet_of_stickers_holds_each_label_in_its_place(sheet: Sheet) -> None:
    count = sheet.labels_per_page + 3
    bins = [BinLabel(code=f"A-{n:02d}", barcode=f"LCA{n:02d}") for n in range(count)]
    first, second = pictures(render_pdf(bins, paper=sheet, skip=2), dpi=300)
    assert len(read_by_zxing(first)) == sheet.labels_per_page - 2
    assert read_by_zxing(second) == {
        ("]C0", f"LCA{n:02d}".encode()) for n in range(sheet.labels_per_page - 2, count)
    }
    dots_per_mm = 300 / 25.4
    left, top = (int(mm * dots_per_mm) for mm in sheet.origin_mm(2))
    right = left + int(sheet.label.width_mm * dots_per_mm)
    bottom = top + int(sheet.label.height_mm * dots_per_mm)
    assert read_by_zxing(first[top:bottom, left:right].copy()) == {("]C0", b"LCA00")}


def test_a_pick_list_prints_every_stop_once_and_in_order() -> None:
    said = text_of(render_pdf(PICK_LIST))
    places = [said.find(stop.bin_code) for stop in PICK_LIST.stops]
    assert -1 not in places
    assert places == sorted(places)
    assert all(said.count(stop.bin_code) == 1 for stop in PICK_LIST.stops)
    assert "30 → 1" in said


def test_a_pick_list_without_stops_is_still_a_page() -> None:
    pdf = render_pdf(PickList(number="PL-1", warehouse="W1", stops=()))
    assert len(list(pictures(pdf))) == 1


def test_a_pick_list_says_how_long_its_walk_is_and_draws_it() -> None:
    text = text_of(render_pdf(PICK_LIST))
    assert "62.0 m" in text
    assert "14.5 m" in text
    assert len(walked(PICK_LIST)) == 4


def test_a_walk_on_a_floor_that_was_drawn_anew_stays_on_the_page() -> None:
    assert PICK_LIST.walk is not None
    beyond = replace(PICK_LIST.walk, points=((0.0, 0.0), (0.0, 99.0), (99.0, 99.0)))
    document = replace(PICK_LIST, walk=beyond)
    assert len(walked(document)) == 1
    page = placed(document, dpi=203)[0]
    paper = usual_paper(document)
    assert all(ink.left >= 0 and ink.right <= paper.width_mm for ink in page.inks)
    assert all(ink.top >= 0 and ink.bottom <= paper.height_mm for ink in page.inks)


def walked(document: PickList) -> list[Box]:
    """The thick lines of the drawing."""
    return [
        ink for ink in placed(document, dpi=203)[0].inks if 0.5 < min(ink.width, ink.height) < 1.0
    ]


def test_the_package_stands_by_itself() -> None:
    code = (
        "import sys, labels;"
        "wrong = {'flask', 'sqlalchemy', 'fulfillment'} & set(sys.modules);"
        "sys.exit(len(wrong))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_empty_list_of_documents_is_refused() -> None:
    with pytest.raises(NothingToPrint):
        render_pdf([])
    with pytest.raises(NothingToPrint):
        render_zpl([])


def test_a_command_sheet_of_fifty_codes_goes_over_several_pages() -> None:
    (sheet,) = (document for document in DOCUMENTS if isinstance(document, CommandSheet))
    many = tuple(
        replace(sheet.commands[0], barcode=f"CM{number:02d}", words=f"Reason {number}")
        for number in range(50)
    )
    pages = list(pictures(render_pdf(replace(sheet, commands=many)), dpi=300))
    assert len(pages) > 2
    found = set().union(*(read_by_zxing(picture) for picture in pages))
    assert found == {("]C0", f"CM{number:02d}".encode()) for number in range(50)}


@pytest.mark.parametrize("paper", [LABEL_57X32, LABEL_100X150, replace(PAPERS["letter"], dpi=203)])
@pytest.mark.parametrize("document", DOCUMENTS)
def test_on_paper_of_any_size_a_document_is_whole_or_names_what_does_not_fit(
    document: Document, paper: Paper
) -> None:
    problems = problems_of(document, paper=paper)
    if problems:
        with pytest.raises(UnprintableDocument, match=problems[0].field):
            render_pdf(document, paper=paper)
        return
    pdf = render_pdf(document, paper=paper)
    pages = placed(document, paper=paper, dpi=paper.dpi)
    for picture, page in zip(pictures(pdf, dpi=paper.dpi), pages, strict=True):
        assert dots_outside_boxes(picture, page) == 0
        assert len(read_by_zxing(picture)) == len({s.symbol.content for s in page.symbols})


def test_a_table_of_which_no_row_fits_between_the_margins_is_refused() -> None:
    paper = Paper(name="own", width_mm=100, height_mm=80, margin_mm=3)
    assert problems_of(PICK_LIST, paper=paper) == ()
    for unfit in (replace(paper, height_mm=60), replace(paper, margin_mm=8)):
        assert "lines" in {problem.field for problem in problems_of(PICK_LIST, paper=unfit)}


def test_words_come_from_the_set_that_is_handed_in() -> None:
    words = Words(receiver="收件人", weight="重量", parcel_of="第 {number} 件,共 {count} 件")
    said = text_of(render_pdf(SHIPPING, words=words))
    assert "收件人" in said
    assert "第 1 件,共 2 件" in said
    assert "Ship to" not in said


@pytest.mark.parametrize("scale", [1, 2])
def test_a_long_name_shrinks_or_wraps_and_stays_off_the_barcode(scale: int) -> None:
    label = ToteLabel(code="A very long tote name " * scale, barcode="TT0000018")
    (picture,) = pictures(render_pdf(label), dpi=203)
    (page,) = placed(label, dpi=203)
    assert read_by_zxing(picture) == {("]C0", b"TT0000018")}
    assert dots_outside_boxes(picture, page) == 0


def test_a_product_name_too_long_for_its_label_ends_with_an_ellipsis() -> None:
    label = ProductLabel(sku="MUG-1", product_name="藍色馬克杯 " * 60, barcode="MUG-1")
    assert "…" in text_of(render_pdf(label, paper=LABEL_57X32))


def test_what_people_read_under_a_gs1_code_has_its_identifiers_in_parentheses() -> None:
    content = "010950600013435210ABC\x1d17261231"
    assert (
        human_readable(Symbology.GS1_DATA_MATRIX, content) == "(01)09506000134352(10)ABC(17)261231"
    )


def test_the_example_of_the_guide_runs() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "labels.md").read_text(encoding="utf-8")
    match = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert match
    subprocess.run([sys.executable, "-c", match[1]], check=True, timeout=60)
