"""Maps of a warehouse as SVG: aisles, cross-aisles, bins, the depot, and a walk between them.

One unit is a tenth of a metre.  ``y`` grows upwards on the map, as on a plan with the dock below.
Everything that the map shows is also said beside it; its title and description are for those who
cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from fulfillment.domain.routing import Layout
from fulfillment.domain.waving import BinPlace

UNITS = 10
"""Units of the drawing for a metre."""
MARGIN = 30
BIN = 6
"""Side of a bin."""
BESIDE = 7
"""How far from the middle of its aisle a bin is drawn."""


class _Paper:
    """Where metres come to lie on the drawing."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.left, self.bottom = layout.aisle_x[0], layout.cross_y[0]
        self.width = (layout.aisle_x[-1] - self.left) * UNITS + 2 * MARGIN
        self.height = (layout.cross_y[-1] - self.bottom) * UNITS + 2 * MARGIN

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (
            round((x - self.left) * UNITS + MARGIN, 1),
            round(self.height - MARGIN - (y - self.bottom) * UNITS, 1),
        )


def floor_map(layout: Mapping[str, Any], bins: Sequence[BinPlace]) -> Markup:
    """The layout with its bins."""
    paper = _Paper(Layout.from_plain(layout))
    title = _(
        "Map: %(aisles)s aisles, %(cross)s cross-aisles, %(bins)s bins",
        aisles=len(paper.layout.aisle_x),
        cross=len(paper.layout.cross_y),
        bins=len(bins),
    )
    return _svg(
        paper,
        title,
        Markup("").join(_floor(paper)),
        Markup('<path class="bins" d="{}"/>').format(" ".join(_bins(paper, bins))),
        _depot(paper, layout),
    )


def walk_map(
    layout: Mapping[str, Any],
    points: Sequence[Sequence[float]],
    stops: Iterable[tuple[int, int | None, float | None]],
    title: str,
) -> Markup:
    """A walk on the layout: *points* are its corners in metres, *stops* (number, aisle, y)."""
    paper = _Paper(Layout.from_plain(layout))
    corners = " ".join("{:g},{:g}".format(*paper.at(x, y)) for x, y in points)
    return _svg(
        paper,
        title,
        Markup("").join(_floor(paper)),
        Markup('<polyline class="walk" points="{}"/>').format(corners),
        _depot(paper, layout),
        *_numbers(paper, stops),
    )


def _svg(paper: _Paper, title: str, *parts: Markup) -> Markup:
    return Markup(
        '<svg class="map" role="img" aria-labelledby="map-title" viewBox="0 0 {:g} {:g}">'
        '<title id="map-title">{}</title>{}</svg>'
    ).format(round(paper.width, 1), round(paper.height, 1), title, Markup("").join(parts))


def _floor(paper: _Paper) -> Iterator[Markup]:
    layout = paper.layout
    line = Markup('<line class="{}" x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>')
    for y in layout.cross_y:
        ends = (*paper.at(layout.aisle_x[0], y), *paper.at(layout.aisle_x[-1], y))
        yield line.format("cross-aisle", *ends)
    for number, x in enumerate(layout.aisle_x):
        ends = (*paper.at(x, layout.cross_y[0]), *paper.at(x, layout.cross_y[-1]))
        yield line.format("aisle", *ends)
        left, top = paper.at(x, layout.cross_y[-1])
        yield Markup('<text class="number" x="{:g}" y="{:g}">{}</text>').format(
            left, top - 12, number
        )


def _bins(paper: _Paper, bins: Iterable[BinPlace]) -> Iterator[str]:
    """Bins stand left or right of their aisle, as their own x says, else left."""
    for place in bins:
        if place.aisle is None or place.y_metres is None:
            continue
        middle = paper.layout.aisle_x[place.aisle]
        is_right = place.x_metres is not None and place.x_metres > middle
        x, y = paper.at(middle, place.y_metres)
        left = x + (BESIDE if is_right else -BESIDE) - BIN / 2
        yield f"M{left:g} {y - BIN / 2:g}h{BIN}v{BIN}h-{BIN}z"


def _depot(paper: _Paper, layout: Mapping[str, Any]) -> Markup:
    if "depot" not in layout:
        return Markup("")
    aisle, cross = layout["depot"]
    x, y = paper.at(paper.layout.aisle_x[aisle], paper.layout.cross_y[cross])
    return Markup(
        '<rect class="depot" x="{:g}" y="{:g}" width="16" height="16"/>'
        '<text class="depot-name" x="{:g}" y="{:g}">{}</text>'
    ).format(x - 8, y - 8, x + 12, y + 20, _("Depot"))


def _numbers(
    paper: _Paper, stops: Iterable[tuple[int, int | None, float | None]]
) -> Iterator[Markup]:
    aisles = len(paper.layout.aisle_x)
    for number, aisle, metres in stops:
        if aisle is None or metres is None or not 0 <= aisle < aisles:
            continue
        x, y = paper.at(paper.layout.aisle_x[aisle], metres)
        yield Markup(
            '<circle class="stop" cx="{:g}" cy="{:g}" r="8"/>'
            '<text class="stop-number" x="{:g}" y="{:g}">{}</text>'
        ).format(x, y, x, y + 3.5, number)
