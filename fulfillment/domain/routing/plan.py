"""The shortest walk past a pick list's places, with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fulfillment.domain.routing import rectangle
from fulfillment.domain.routing.layout import Layout, Place


class Proof(StrEnum):
    """What is known about a walk's length."""

    OPTIMAL = "optimal"
    NOT_PROVEN = "not-proven"


@dataclass(frozen=True, slots=True)
class Route:
    """A walk past a pick list's places.

    `order` are the indices of the places in the order in which the walk meets them first, `walk`
    the places to draw lines between, `length_metres` its length. No walk is shorter than
    `lower_bound_metres`; with a proof of OPTIMAL that is the length itself.
    """

    order: tuple[int, ...]
    length_metres: float
    proof: Proof
    lower_bound_metres: float
    walk: tuple[Place, ...]

    def points(self, layout: Layout) -> list[tuple[float, float]]:
        """The walk as (x, y) metres."""
        return [(layout.aisle_x[place.aisle], place.y) for place in self.walk]


def plan(
    layout: Layout,
    places: Sequence[tuple[int, float]],
    *,
    start: Place,
    end: Place | None = None,
    again: bool = False,
) -> Route:
    """The shortest walk from `start` past all `places` to `end`, or back to the start.

    A picker waits while what is left of a walk is planned `again`: the places come in its order,
    which is not far from the best, and the proof is given up sooner (of one-way aisles, where alone
    it takes long).

    Places are (aisle, metres along it); both ends may be any place, such as
    `layout.crossing(aisle, cross)` or where the picker stands. Raises LayoutError where a place is
    outside the layout.
    """
    stops = [layout.place(aisle, y) for aisle, y in places]
    start = layout.place(*start)
    end = start if end is None else layout.place(*end)
    if layout.has_one_way_aisles:
        from fulfillment.domain.routing import oneway  # needs numpy, which other layouts do not

        length, bound, walk = oneway.shortest_walk(layout, stops, start=start, end=end, again=again)
    else:
        length, walk = rectangle.shortest_walk(layout, stops, start=start, end=end)
        bound = length
    proof = Proof.OPTIMAL if bound >= length else Proof.NOT_PROVEN
    return Route(_met_order(stops, walk), length, proof, bound, tuple(walk))


def route(
    layout: Layout | Mapping[str, Any],
    picks: Sequence[tuple[int, float]],
    depot: tuple[int, int],
) -> tuple[list[tuple[int, float]], float]:
    """The picks in the order of the shortest round trip from `depot`, and its metres.

    `layout` is a Layout or its plain form `{"aisles": n, "aisle_x": [m…], "cross_y": [m…]}`, a
    pick (aisle, metres along it), the depot (aisle, cross-aisle). Raises LayoutError where one
    does not fit.
    """
    if not isinstance(layout, Layout):
        layout = Layout.from_plain(layout)
    planned = plan(layout, picks, start=layout.crossing(*depot))
    return [picks[index] for index in planned.order], planned.length_metres


def _met_order(stops: Sequence[Place], walk: Sequence[Place]) -> tuple[int, ...]:
    waiting: dict[Place, list[int]] = {}
    for index, stop in enumerate(stops):
        waiting.setdefault(stop, []).append(index)
    return tuple(index for place in walk for index in waiting.pop(place, ()))
