"""A walk drawn on the plan of the floor, of ruled lines: aisles thin, the walk thick, bins square."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from labels.layout import Box, Element, Ink
from labels.values import WalkDrawing

_AISLE_MM = 0.15
_WALK_MM = 0.7
_STOP_MM = 1.8


def floor_plan(box: Box, walk: WalkDrawing) -> list[Element]:
    """The walk as big as it fits into *box*, ``y`` upwards, at the left."""
    return [
        Ink(part) for line in _lines(box.inset(_STOP_MM / 2), walk) if (part := _within(line, box))
    ]


def _lines(box: Box, walk: WalkDrawing) -> Iterator[Box]:
    left, low = walk.aisle_x[0], walk.cross_y[0]
    right, high = walk.aisle_x[-1], walk.cross_y[-1]
    scale = min(box.width / (right - left), box.height / (high - low))

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return box.left + (point[0] - left) * scale, box.bottom - (point[1] - low) * scale

    for x in walk.aisle_x:
        yield _rule(at((x, low)), at((x, high)), _AISLE_MM)
    for y in walk.cross_y:
        yield _rule(at((left, y)), at((right, y)), _AISLE_MM)
    for here, there in pairwise(walk.points):
        yield _rule(at(here), at(there), _WALK_MM)
    for stop in walk.stops:
        x, y = at(stop)
        yield Box(x - _STOP_MM / 2, y - _STOP_MM / 2, _STOP_MM, _STOP_MM)


def _rule(here: tuple[float, float], there: tuple[float, float], thickness: float) -> Box:
    """The line between two points of which one coordinate is equal, as walks in aisles are."""
    left, right = sorted((here[0], there[0]))
    top, bottom = sorted((here[1], there[1]))
    half = thickness / 2
    return Box(left - half, top - half, right - left + thickness, bottom - top + thickness)


def _within(line: Box, box: Box) -> Box | None:
    """What of *line* lies in *box*, if anything: the floor may have been drawn anew since."""
    left, top = max(line.left, box.left), max(line.top, box.top)
    width, height = min(line.right, box.right) - left, min(line.bottom, box.bottom) - top
    return Box(left, top, width, height) if width > 0 and height > 0 else None
