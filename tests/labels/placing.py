"""Where a document's boxes lie, so that a picture can be checked for ink outside of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labels import ENGLISH, Document, Paper, load_fonts
from labels.documents import compose, usual_paper
from labels.layout import Box, PlacedPage, place
from tests.labels.reading import Picture


def placed(document: Document, *, dpi: int, paper: Paper | None = None) -> Sequence[PlacedPage]:
    """The document's pages, measured for a printer of ``dpi``."""
    pages = compose(document, paper=paper or usual_paper(document), words=ENGLISH)
    return place(pages, fonts=load_fonts(), dpi=dpi)


def boxes(page: PlacedPage) -> list[Box]:
    """All boxes that may hold ink."""
    return [
        *(text.box for text in page.texts),
        *(symbol.box for symbol in page.symbols),
        *page.inks,
    ]


def dots_outside_boxes(picture: Picture, page: PlacedPage) -> int:
    """How many dark dots lie outside every box (a dot's width of rounding is allowed)."""
    outside = np.ones(picture.shape, dtype=np.bool_)
    dots_per_mm = page.dpi / 25.4
    for box in boxes(page):
        top = max(0, int(box.top * dots_per_mm) - 1)
        left = max(0, int(box.left * dots_per_mm) - 1)
        bottom = int(box.bottom * dots_per_mm) + 2
        right = int(box.right * dots_per_mm) + 2
        outside[top:bottom, left:right] = False
    return int((outside & (picture < 128)).sum())
