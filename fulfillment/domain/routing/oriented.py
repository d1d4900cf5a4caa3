"""A rectangular layout as a graph that knows which way a cart faces.

A cart may turn at any crossing and inside most aisles. In an aisle that is one-way or too narrow
for turning, a place is two nodes, one for each direction in which it can be passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from fulfillment.domain.routing.layout import Direction, Layout, Place


class Facing(NamedTuple):
    """A place, and which way the cart faces there: 1 up, -1 down, 0 where it can turn."""

    place: Place
    facing: int


OrientedGraph = dict[Facing, list[tuple[Facing, float]]]


def oriented_graph(layout: Layout, places: Iterable[Place]) -> OrientedGraph:
    """Nodes are all crossings and the given places; edges are metres between neighbours."""
    graph: OrientedGraph = {}
    inside: list[set[float]] = [set() for _ in layout.aisle_x]
    for place in places:
        if place.y not in layout.cross_y:
            inside[place.aisle].add(place.y)

    def link(here: Facing, there: Facing) -> None:
        metres = abs(there.place.y - here.place.y) + abs(
            layout.aisle_x[there.place.aisle] - layout.aisle_x[here.place.aisle]
        )
        graph.setdefault(here, []).append((there, metres))

    for aisle, _ in enumerate(layout.aisle_x):
        rows = [Place(aisle, y) for y in sorted({*inside[aisle], *layout.cross_y})]
        for low, high in pairwise(rows):
            for facing in facings_in(layout, aisle):
                ways = ((low, high),) * (facing >= 0) + ((high, low),) * (facing <= 0)
                for here, there in ways:
                    link(_node(layout, here, facing), _node(layout, there, facing))
    for left, right in pairwise(range(len(layout.aisle_x))):
        for y in layout.cross_y:
            link(Facing(Place(left, y), 0), Facing(Place(right, y), 0))
            link(Facing(Place(right, y), 0), Facing(Place(left, y), 0))
    return graph


def facings_in(layout: Layout, aisle: int) -> tuple[int, ...]:
    """The directions in which a cart passes a place of an aisle, (0,) where it can turn there."""
    direction = layout.direction(aisle)
    if direction is Direction.UP:
        return (1,)
    if direction is Direction.DOWN:
        return (-1,)
    return (1, -1) if aisle in layout.no_turning else (0,)


def nodes_of(layout: Layout, place: Place) -> list[Facing]:
    """The nodes that stand for a place."""
    if place.y in layout.cross_y:
        return [Facing(place, 0)]
    return [Facing(place, facing) for facing in facings_in(layout, place.aisle)]


def _node(layout: Layout, place: Place, facing: int) -> Facing:
    return Facing(place, 0 if place.y in layout.cross_y else facing)
