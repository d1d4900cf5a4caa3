"""Labels and lists: frozen values in, PDF or ZPL out. Knows no database.

    from labels import ShippingLabel, render_pdf, render_zpl

    pdf = render_pdf(label)                  # bytes of one file
    zpl = render_zpl(label, dpi=203)         # bytes for a label printer
    render_pdf(bins, paper=SHEET_A4_3X8)     # a sheet of stickers

A document that cannot be printed right raises `UnprintableDocument`, which lists every field
and why; `problems_of` gives the same list without raising.
"""

from __future__ import annotations

from collections.abc import Sequence

from labels.documents import compose, usual_paper, usual_paper_of
from labels.errors import (
    BadBarcode,
    DoesNotFit,
    FontsMissing,
    LabelError,
    NothingToPrint,
    Problem,
    UnknownCharacters,
    UnprintableDocument,
)
from labels.fonts import FontSet, load_fonts
from labels.layout import PlacedPage, place
from labels.paper import (
    A4,
    A5,
    BADGE_86X54,
    LABEL_4X6_INCH,
    LABEL_57X32,
    LABEL_100X50,
    LABEL_100X150,
    LETTER,
    PAPERS,
    SHEET_A4_2X5,
    SHEET_A4_3X8,
    SHEETS,
    Paper,
    Sheet,
)
from labels.pdf import write_pdf, write_sheets
from labels.values import (
    ENGLISH,
    Address,
    BadgeLabel,
    BinLabel,
    CarrierManifest,
    CartLabel,
    CommandCode,
    CommandSheet,
    Document,
    ManifestParcel,
    PackingSlip,
    PackingSlipLine,
    PickList,
    PickListStop,
    PickListTote,
    ProductLabel,
    PutWallLabel,
    ReturnLabel,
    ShippingLabel,
    Symbology,
    ToteLabel,
    WalkDrawing,
    Words,
)
from labels.zpl import write_zpl

__all__ = [
    "A4",
    "A5",
    "BADGE_86X54",
    "ENGLISH",
    "LABEL_4X6_INCH",
    "LABEL_57X32",
    "LABEL_100X50",
    "LABEL_100X150",
    "LETTER",
    "PAPERS",
    "SHEETS",
    "SHEET_A4_2X5",
    "SHEET_A4_3X8",
    "Address",
    "BadBarcode",
    "BadgeLabel",
    "BinLabel",
    "CarrierManifest",
    "CartLabel",
    "CommandCode",
    "CommandSheet",
    "Document",
    "DoesNotFit",
    "FontSet",
    "FontsMissing",
    "LabelError",
    "ManifestParcel",
    "NothingToPrint",
    "PackingSlip",
    "PackingSlipLine",
    "Paper",
    "PickList",
    "PickListStop",
    "PickListTote",
    "Problem",
    "ProductLabel",
    "PutWallLabel",
    "ReturnLabel",
    "Sheet",
    "ShippingLabel",
    "Symbology",
    "ToteLabel",
    "UnknownCharacters",
    "UnprintableDocument",
    "WalkDrawing",
    "Words",
    "load_fonts",
    "problems_of",
    "render_pdf",
    "render_zpl",
    "usual_paper",
    "usual_paper_of",
]


def render_pdf(
    documents: Document | Sequence[Document],
    *,
    paper: Paper | Sheet | None = None,
    words: Words = ENGLISH,
    fonts: FontSet | None = None,
    skip: int = 0,
) -> bytes:
    """One PDF of all documents, each on ``paper`` (its usual paper when None).

    On a `Sheet` the labels fill the page row by row, beginning behind ``skip`` used places.
    Raises `UnprintableDocument` with every field that cannot be printed, `FontsMissing` and
    `NothingToPrint`.
    """
    several = _several(documents)
    size = paper.label if isinstance(paper, Sheet) else paper
    pages = _placed(several, paper=size, words=words, fonts=fonts or load_fonts(), dpi=None)
    title = type(several[0]).__name__
    if isinstance(paper, Sheet):
        return write_sheets(pages, sheet=paper, skip=skip, title=title)
    return write_pdf(pages, title=title)


def render_zpl(
    documents: Document | Sequence[Document],
    *,
    dpi: int = 203,
    paper: Paper | None = None,
    words: Words = ENGLISH,
    fonts: FontSet | None = None,
) -> bytes:
    """ZPL II of all documents for a printer of ``dpi`` dots an inch, one label a page.

    Raises `UnprintableDocument` with every field that cannot be printed, `FontsMissing` and
    `NothingToPrint`.
    """
    several = _several(documents)
    return write_zpl(
        _placed(several, paper=paper, words=words, fonts=fonts or load_fonts(), dpi=dpi)
    )


def problems_of(
    document: Document,
    *,
    paper: Paper | None = None,
    words: Words = ENGLISH,
    fonts: FontSet | None = None,
) -> tuple[Problem, ...]:
    """What keeps the document from being printed; empty when nothing does."""
    try:
        _placed([document], paper=paper, words=words, fonts=fonts or load_fonts(), dpi=None)
    except UnprintableDocument as unprintable:
        return unprintable.problems
    return ()


def _several(documents: Document | Sequence[Document]) -> list[Document]:
    several = list(documents) if isinstance(documents, Sequence) else [documents]
    if not several:
        raise NothingToPrint("no documents")
    return several


def _placed(
    documents: Sequence[Document],
    *,
    paper: Paper | None,
    words: Words,
    fonts: FontSet,
    dpi: int | None,
) -> list[PlacedPage]:
    pages = [page for document in documents for page in compose(document, paper=paper, words=words)]
    return place(pages, fonts=fonts, dpi=dpi)
