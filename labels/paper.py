"""Paper: sizes and margins in millimetres, and sheets of several labels."""

from __future__ import annotations

from dataclasses import dataclass

MM_PER_INCH = 25.4


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One page or one label of a roll.

    ``dpi`` is the resolution of the printer that the paper lies in: barcodes are drawn in
    whole dots of it.
    """

    name: str
    width_mm: float
    height_mm: float
    margin_mm: float = 3.0
    dpi: int = 203

    @property
    def dots_per_mm(self) -> float:
        return self.dpi / MM_PER_INCH


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A page that holds ``columns`` × ``rows`` equal labels, as adhesive sheets do.

    ``left_mm`` and ``top_mm`` lead to the first label; the pitches lead from one to the next.
    """

    page: Paper
    label: Paper
    columns: int
    rows: int
    left_mm: float
    top_mm: float
    pitch_x_mm: float
    pitch_y_mm: float

    @property
    def labels_per_page(self) -> int:
        return self.columns * self.rows

    def origin_mm(self, index: int) -> tuple[float, float]:
        """Top left corner of label ``index`` of a page, counted row by row from 0."""
        row, column = divmod(index, self.columns)
        return self.left_mm + column * self.pitch_x_mm, self.top_mm + row * self.pitch_y_mm


LABEL_100X150 = Paper(name="100x150", width_mm=100, height_mm=150)
LABEL_4X6_INCH = Paper(name="4x6in", width_mm=101.6, height_mm=152.4)
LABEL_100X50 = Paper(name="100x50", width_mm=100, height_mm=50)
LABEL_57X32 = Paper(name="57x32", width_mm=57, height_mm=32, margin_mm=2)
BADGE_86X54 = Paper(name="86x54", width_mm=86, height_mm=54)
A4 = Paper(name="a4", width_mm=210, height_mm=297, margin_mm=10, dpi=300)
A5 = Paper(name="a5", width_mm=148, height_mm=210, margin_mm=8, dpi=300)
LETTER = Paper(name="letter", width_mm=215.9, height_mm=279.4, margin_mm=10, dpi=300)

SHEET_A4_3X8 = Sheet(
    page=A4,
    label=Paper(name="a4-3x8", width_mm=70, height_mm=37, margin_mm=3, dpi=300),
    columns=3,
    rows=8,
    left_mm=0,
    top_mm=0.5,
    pitch_x_mm=70,
    pitch_y_mm=37,
)
SHEET_A4_2X5 = Sheet(
    page=A4,
    label=Paper(name="a4-2x5", width_mm=99.1, height_mm=57, margin_mm=3, dpi=300),
    columns=2,
    rows=5,
    left_mm=4.65,
    top_mm=6,
    pitch_x_mm=101.6,
    pitch_y_mm=57,
)

PAPERS: dict[str, Paper] = {
    paper.name: paper
    for paper in (
        LABEL_100X150,
        LABEL_4X6_INCH,
        LABEL_100X50,
        LABEL_57X32,
        BADGE_86X54,
        A4,
        A5,
        LETTER,
    )
}
SHEETS: dict[str, Sheet] = {sheet.label.name: sheet for sheet in (SHEET_A4_3X8, SHEET_A4_2X5)}
