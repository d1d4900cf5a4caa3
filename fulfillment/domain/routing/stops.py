"""The order in which a pick list's bins are walked, whatever is known about where they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.routing.given import length_in_order
from fulfillment.domain.routing.layout import Layout, LayoutError, Place
from fulfillment.domain.routing.plan import Route, plan


class OrderBasis(StrEnum):
    """What an order of stops rests on, so that the page can say so."""

    SHORTEST_WALK = "shortest-walk"  # every bin is on the drawn layout
    PARTLY_DRAWN = "partly-drawn"  # some bins are not: they come last, by code
    BIN_CODES = "bin-codes"  # no layout, no bin of the list on it, or no walk past its bins


@dataclass(frozen=True, slots=True)
class StopPlace:
    """A bin to stop at: its code, and where it is on the layout if that is known."""

    code: str
    aisle: int | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class StopOrder:
    """Indices of the stops in walking order, and what that order rests on.

    `undrawn` are the indices of the stops that are not on the layout. `route` is the walk past
    the others, whose own indices count the drawn stops only, and `bin_order_metres` the length of
    the same errand in the order of the bin codes; both are None when nothing could be planned.
    `fault` is the code of the LayoutError where the layout as drawn leaves no walk.
    """

    order: tuple[int, ...]
    basis: OrderBasis
    undrawn: tuple[int, ...] = ()
    route: Route | None = None
    bin_order_metres: float | None = None
    fault: str | None = None

    @property
    def saved_metres(self) -> float:
        if self.route is None or self.bin_order_metres is None:
            return 0.0
        return self.bin_order_metres - self.route.length_metres


def order_stops(
    bins: Sequence[StopPlace],
    layout: Layout | None,
    depot: Place | None,
    *,
    end: Place | None = None,
    again: bool = False,
) -> StopOrder:
    """The walking order of `bins` from `depot` to `end` (default: back to the depot).

    Bins that are not on the layout follow the others by code; with no layout or depot at all the
    whole list is in the order of the codes, in which numbers count as numbers (A-2 before A-10).
    A bin with coordinates outside the layout is taken as not drawn. With `again` the bins are what
    is left of a walk, in its order (see `plan`).
    """
    by_code = sorted(range(len(bins)), key=lambda index: (code_key(bins[index].code), index))
    if layout is None or depot is None:
        return StopOrder(tuple(by_code), OrderBasis.BIN_CODES, tuple(by_code))
    places = {index: place for index in by_code if (place := _drawn(bins[index], layout))}
    undrawn = tuple(index for index in by_code if index not in places)
    if not places:
        return StopOrder(tuple(by_code), OrderBasis.BIN_CODES, undrawn)
    drawn = sorted(places) if again else list(places)
    try:
        stops = [places[index] for index in drawn]
        planned = plan(layout, stops, start=depot, end=end, again=again)
    except LayoutError as unwalkable:
        # A layout drawn wrong must not stop the picking.
        return StopOrder(tuple(by_code), OrderBasis.BIN_CODES, undrawn, fault=unwalkable.code)
    return StopOrder(
        order=(*(drawn[index] for index in planned.order), *undrawn),
        basis=OrderBasis.PARTLY_DRAWN if undrawn else OrderBasis.SHORTEST_WALK,
        undrawn=undrawn,
        route=planned,
        bin_order_metres=length_in_order(
            layout, [depot, *places.values(), depot if end is None else end]
        ),
    )


def code_key(code: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key of a bin code that counts numbers as numbers."""
    return tuple(
        (0, int(part)) if part.isdecimal() else (1, part.casefold())
        for part in re.findall(r"\d+|\D+", code)
    )


def _drawn(stop: StopPlace, layout: Layout) -> Place | None:
    if stop.aisle is None or stop.y is None:
        return None
    try:
        return layout.place(stop.aisle, stop.y)
    except LayoutError:
        return None
