"""The length of a walk whose order of stops is given, such as the order of the bin codes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fulfillment.domain.routing.exact import in_order
from fulfillment.domain.routing.layout import Layout, Place
from fulfillment.domain.routing.oriented import nodes_of, oriented_graph


def distance(layout: Layout, here: Place, there: Place) -> float:
    """Metres between two places where every aisle may be walked both ways and turned in."""
    if here.aisle == there.aisle:
        return abs(there.y - here.y)
    along = min(abs(y - here.y) + abs(there.y - y) for y in layout.cross_y)
    return along + abs(layout.aisle_x[there.aisle] - layout.aisle_x[here.aisle])


def length_in_order(layout: Layout, places: Sequence[Place]) -> float:
    """Metres of the shortest walk that takes `places` in their order, infinite if there is none."""
    if not layout.no_turning and not layout.has_one_way_aisles:
        return sum(distance(layout, here, there) for here, there in pairwise(places))
    first, *stops, last = [nodes_of(layout, place) for place in [*places, places[-1]]]
    metres, _ = in_order(oriented_graph(layout, places), stops, starts=first, ends=last)
    return metres
