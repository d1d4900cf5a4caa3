"""The shortest walk of any set of orders of a wave, each set worked out once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from fulfillment.domain.batching import inner
from fulfillment.domain.batching.orders import Batch, BatchOrder, CartLimits
from fulfillment.domain.routing import Direction, Layout, Place, frontier


class Walks:
    """The shortest round trip from `depot`, a crossing, for each set of orders asked for.

    `are_exact` is False where aisles are one-way or cannot be turned in. Then a walk passes such
    an aisle from end to end, in either direction, which tells batches apart well enough.
    """

    def __init__(
        self,
        layout: Layout,
        orders: Sequence[BatchOrder],
        limits: CartLimits,
        depot: Place,
    ) -> None:
        self.are_exact = not (layout.has_one_way_aisles or layout.no_turning)
        places = sorted({layout.place(*place) for order in orders for place in order.places})
        self.area = _area(layout, places, depot)
        self.wave = _wave(orders, limits, places)
        self.scratch = inner.scratch_for(self.area)
        self._known: dict[Batch, float] = {}

    def metres(self, batch: Batch) -> float:
        """Metres of the shortest walk of one batch."""
        if batch not in self._known:
            self.measure([batch])
        return self._known[batch]

    def measure(self, batches: Iterable[Batch]) -> None:
        """Work out the walks of `batches` together, which is far quicker than one by one."""
        unknown = [batch for batch in dict.fromkeys(batches) if batch not in self._known]
        if not unknown:
            return
        columns = inner.columns_of(unknown)
        inner.measure(self.area, self.wave, self.scratch, columns)
        self._known.update(zip(unknown, map(float, columns.metres), strict=True))

    @property
    def steps(self) -> float:
        """A rough count of the inner steps of one walk."""
        area = self.area
        moves = area.table[area.blocks] + area.states * 4
        return float(area.columns * moves + 2 * len(area.y))


def _area(layout: Layout, places: Sequence[Place], depot: Place) -> inner.Area:
    size, blocks = len(layout.cross_y), layout.blocks
    here = frontier.space(size, 0)
    aisles = sorted({*(place.aisle for place in places), depot.aisle})
    counts = [0] * (len(aisles) * blocks)
    for aisle, y in places:
        # A place at a crossing belongs to the block above; a return of no metres visits it.
        block = min(bisect_right(layout.cross_y, y) - 1, blocks - 1)
        counts[aisles.index(aisle) * blocks + block] += 1
    moves = [
        [(source, target, choice) for choice, pairs in table.groups for source, target in pairs]
        for table in (*here.filled, *here.empty, here.across)
    ]
    flat = [move for table in moves for move in table]
    cross = layout.cross_y.index(depot.y)
    touched = frontier.touching(size, cross, 0)
    return inner.Area(
        columns=len(aisles),
        blocks=blocks,
        states=len(here.states),
        depot_column=aisles.index(depot.aisle),
        untouched=here.number[frontier.untouched(size)],
        turning=inner.ints(_can_turn(layout, aisle) for aisle in aisles),
        x=inner.floats(layout.aisle_x[aisle] for aisle in aisles),
        cross_y=inner.floats(layout.cross_y),
        y=inner.floats(place.y for place in places),
        first=inner.ints(accumulate(counts, initial=0)),
        table=inner.ints(accumulate(map(len, moves), initial=0)),
        source=inner.ints(source for source, _, _ in flat),
        target=inner.ints(target for _, target, _ in flat),
        choice=inner.ints(choice for _, _, choice in flat),
        depot_touched=inner.ints(target for _, target in touched.groups[0][1]),
        final=inner.ints(here.final),
    )


def _can_turn(layout: Layout, aisle: int) -> bool:
    return layout.direction(aisle) is Direction.BOTH and aisle not in layout.no_turning


def _wave(orders: Sequence[BatchOrder], limits: CartLimits, places: Sequence[Place]) -> inner.Wave:
    number = {place: index for index, place in enumerate(places)}
    stops = [
        sorted({number[Place(aisle, float(y))] for aisle, y in order.places}) for order in orders
    ]
    return inner.Wave(
        orders=len(orders),
        sums=len(limits.sum_limits),
        spreads=len(limits.spread_limits),
        place_of=inner.ints(accumulate(map(len, stops), initial=0)),
        place=inner.ints(place for row in stops for place in row),
        # An empty list has no element type for the compiler: one unused entry is there.
        amount=inner.ints([a for order in orders for a in limits.sums(order)] or [0]),
        sum_limit=inner.ints(limits.sum_limits or (0,)),
        scale=inner.ints([v for order in orders for v in limits.spreads(order)] or [0]),
        spread_limit=inner.ints(limits.spread_limits or (0,)),
    )
