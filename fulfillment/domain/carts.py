"""Which shipments share a cart, so that all walks together are short and no van is missed.

Vans come first: shipments of one cut-off and priority are put onto carts among themselves, the
most urgent first.  Only their emptiest cart may take something of the next van too, and only if
that one leaves within :data:`SHARED_CART`; so an urgent shipment never waits for more carts than
it would without the others.

Within one van it is the walks that decide (:mod:`fulfillment.domain.batching`), as far as the
wave's seconds go; what is beyond them is filled cart by cart with neighbours.  The seconds are
those of the processor, so that a busy machine takes longer and does not plan worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from time import thread_time
from typing import Any

from fulfillment.domain.batching import BatchOrder, CartLimits, orders_within, plan_batches
from fulfillment.domain.routing import Layout, LayoutError, Place, plan

SHARED_CART = timedelta(minutes=60)
"""Vans that leave further apart than this never share a cart."""
SECONDS_A_SHIPMENT = 0.002
"""A wave is planned about as long as its release itself may take (10,000 shipments in 20 s)."""
MOST_SECONDS = 2.0
"""A wave is planned no longer than this unless somebody says so."""
FEWEST_TOGETHER = 8
"""Where the seconds allow for fewer shipments than this at once, neighbours do as well."""

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class BinPlace:
    """A bin as somebody walks to it; what is not known about where it is, is ``None``."""

    code: str
    zone: str = ""
    aisle: int | None = None
    x_metres: float | None = None
    y_metres: float | None = None


@dataclass(frozen=True)
class Collecting:
    """A shipment to collect: the bins it needs, one entry for each bin, product and lot.

    Volume and weight count the products that have them.
    """

    shipment_id: int
    places: tuple[BinPlace, ...]
    cut_off_at: datetime | None = None
    priority: int = 0
    volume_ml: int = 0
    weight_grams: int = 0


def planning_seconds(shipments: int, *, asked: int | None = None) -> float:
    """How long the carts of a wave are planned: *asked*, else as long as its size allows."""
    if asked is not None:
        return float(asked)
    return min(MOST_SECONDS, SECONDS_A_SHIPMENT * shipments)


def worth_planning(layout: Mapping[str, Any] | None, seconds_a_shipment: float) -> bool:
    """Whether so much time lets walks decide; where it does not, neighbours share a cart."""
    drawn = drawn_layout(layout)
    if drawn is None or not seconds_a_shipment:
        return False
    # What a small wave may take is always enough, and asking loads the planner.
    if seconds_a_shipment >= SECONDS_A_SHIPMENT:
        return True
    return orders_within(drawn[0], seconds_a_shipment / 2) >= FEWEST_TOGETHER


def drawn_layout(layout: Mapping[str, Any] | None) -> tuple[Layout, Place] | None:
    """The layout of a warehouse and its depot; None where it is not drawn."""
    if not layout or "depot" not in layout:
        return None
    floor = Layout.from_plain(layout)
    aisle, cross = layout["depot"]
    return floor, floor.crossing(aisle, cross)


def place_of(layout: Layout, stop: BinPlace | None) -> Place | None:
    """Where a bin is on the *layout*; None if it is not on it."""
    if stop is None or stop.aisle is None or stop.y_metres is None:
        return None
    try:
        return layout.place(stop.aisle, stop.y_metres)
    except LayoutError:
        return None


def group_into_lists(
    shipments: Iterable[Collecting],
    limits: CartLimits,
    *,
    layout: Mapping[str, Any] | None = None,
    seconds: float = 0.0,
) -> tuple[tuple[int, ...], ...]:
    """Shipment ids of each walk, in the order of their positions on the cart.

    A list keeps the *limits* of a cart (its totes are shipments); a shipment that breaks one of
    them by itself has a list of its own.  The lists come most urgent first.  Equal arguments
    give equal lists as long as the machine keeps up with *seconds*.
    """
    ranked = sorted(shipments, key=_urgency_then_place)
    if not ranked:
        return ()
    planner = _Planner(limits, drawn_layout(layout), seconds / len(ranked))
    loads: list[_Load] = []
    emptiest: _Load | None = None
    for _, same in groupby(ranked, key=_urgency):
        waiting = [_Load((one,)) for one in same]
        if emptiest is not None and waiting[0].due_at - emptiest.due_at <= SHARED_CART:
            loads.remove(emptiest)
            waiting.insert(0, emptiest)
        filled = planner.fill(waiting)
        loads += filled
        emptiest = min(filled, key=lambda load: load.fullness)
    loads.sort(key=lambda load: _urgency_then_place(load.shipments[0]))
    return tuple(tuple(one.shipment_id for one in load.shipments) for load in loads)


def group_into_batches(
    shipments: Iterable[Collecting], *, most_shipments: int, most_bins: int
) -> tuple[tuple[int, ...], ...]:
    """Shipment ids of each batch walk, the most urgent first, neighbours together.

    What counts is not lines but bins to stop at, because a batch takes what all its shipments
    want from a bin at once.
    """
    lists: list[list[int]] = []
    bins: set[str] = set()
    for shipment in sorted(shipments, key=_urgency_then_place):
        wanted = {place.code for place in shipment.places}
        if not lists or len(lists[-1]) == most_shipments or len(bins | wanted) > most_bins:
            lists.append([])
            bins = set()
        lists[-1].append(shipment.shipment_id)
        bins |= wanted
    return tuple(tuple(ids) for ids in lists)


def keep_planned(
    carts: Iterable[Sequence[int]], shipments: Iterable[Collecting], limits: CartLimits
) -> tuple[tuple[int, ...], ...]:
    """The lists of an earlier plan for what is really collected now.

    Between plan and release stock moved: a shipment may be gone, be new, or need other bins.  A
    cart that does not fit any more is filled again, with neighbours and with the new ones.
    """
    waiting = {one.shipment_id: one for one in shipments}
    lists: list[tuple[int, ...]] = []
    for cart in carts:
        still = [waiting[key] for key in cart if key in waiting]
        if still and (len(still) == 1 or limits.allow([_Load((one,)).as_order() for one in still])):
            lists.append(tuple(one.shipment_id for one in still))
            for one in still:
                del waiting[one.shipment_id]
    return (*lists, *group_into_lists(waiting.values(), limits))


@dataclass(frozen=True)
class _Load:
    """Shipments that stay together, the most urgent first."""

    shipments: tuple[Collecting, ...]

    @property
    def due_at(self) -> datetime:
        return self.shipments[0].cut_off_at or _NEVER

    @property
    def fullness(self) -> tuple[int, int]:
        return len(self.shipments), sum(len(one.places) for one in self.shipments)

    def and_also(self, others: Iterable[_Load]) -> _Load:
        together = (*self.shipments, *(one for load in others for one in load.shipments))
        return _Load(tuple(sorted(together, key=_urgency_then_place)))

    def as_order(self) -> BatchOrder:
        places = {
            (place.aisle, place.y_metres)
            for one in self.shipments
            for place in one.places
            if place.aisle is not None and place.y_metres is not None
        }
        return BatchOrder(
            tuple(sorted(places)),
            totes=len(self.shipments),
            lines=sum(len(one.places) for one in self.shipments),
            volume_ml=sum(one.volume_ml for one in self.shipments),
            weight_grams=sum(one.weight_grams for one in self.shipments),
        )


@dataclass(frozen=True)
class _Planner:
    """Fills carts within *limits*; *seconds* may be spent on each shipment."""

    limits: CartLimits
    drawn: tuple[Layout, Place] | None
    seconds: float

    def fill(self, waiting: Sequence[_Load]) -> list[_Load]:
        """Carts for what one van takes, *waiting* in the order of urgency and place."""
        orders = {load: self._walked(load.as_order()) for load in waiting}
        if self.limits.allow(list(orders.values())):
            return [waiting[0].and_also(waiting[1:])]
        far = [load for load in waiting if not orders[load].places]
        drawn = [load for load in waiting if orders[load].places]
        return [*self._by_walks(drawn, orders), *self._by_neighbours(far, orders)]

    def _walked(self, order: BatchOrder) -> BatchOrder:
        """Without the places that are not on the layout."""
        if self.drawn is None:
            return replace(order, places=())
        return replace(order, places=tuple(_on(self.drawn[0], order.places)))

    def _by_walks(self, loads: Sequence[_Load], orders: Mapping[_Load, BatchOrder]) -> list[_Load]:
        side_by_side = list(self._by_neighbours(loads, orders))
        if self.drawn is None or not loads or not self.seconds:
            return side_by_side
        layout, depot = self.drawn
        # Half the seconds for the savings, half to improve on them.
        most = orders_within(layout, self.seconds / 2)
        if most < min(FEWEST_TOGETHER, len(loads)):
            return side_by_side
        if self.limits.totes:
            # Whole carts, or each part would leave one half empty.
            most = max(self.limits.totes, most - most % self.limits.totes)
        planned: list[_Load] = []
        metres = 0.0
        for first in range(0, len(loads), most):
            part = loads[first : first + most]
            seconds = self.seconds * len(part)
            found = plan_batches(
                layout,
                [orders[load] for load in part],
                self.limits,
                depot,
                budget_seconds=seconds / 2,
                most_seconds=seconds,
                clock=thread_time,
            )
            metres += found.total_metres
            planned += [
                part[batch[0]].and_also(part[index] for index in batch[1:])
                for batch in found.batches
            ]
        shortest = sum(self._metres(layout, depot, load) for load in side_by_side)
        return planned if metres < shortest else side_by_side

    def _metres(self, layout: Layout, depot: Place, load: _Load) -> float:
        places = self._walked(load.as_order()).places
        return plan(layout, places, start=depot).length_metres if places else 0.0

    def _by_neighbours(
        self, loads: Sequence[_Load], orders: Mapping[_Load, BatchOrder]
    ) -> Iterator[_Load]:
        """Cart after cart, in the order given."""
        cart: list[_Load] = []
        for load in loads:
            if cart and not self.limits.allow([orders[one] for one in (*cart, load)]):
                yield cart[0].and_also(cart[1:])
                cart = []
            cart.append(load)
        if cart:
            yield cart[0].and_also(cart[1:])


def _on(layout: Layout, places: Iterable[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    for aisle, y in places:
        try:
            place = layout.place(aisle, y)
        except LayoutError:
            continue
        yield place.aisle, place.y


def _urgency(shipment: Collecting) -> tuple[datetime, int]:
    return shipment.cut_off_at or _NEVER, -shipment.priority


def _urgency_then_place(shipment: Collecting) -> tuple[Any, ...]:
    aisles = sorted({(place.zone, known(place.aisle)) for place in shipment.places})
    first = min((place.code for place in shipment.places), default="")
    return (*_urgency(shipment), aisles, first, shipment.shipment_id)


def known(number: float | None) -> float:
    """Sorts what is not known behind everything."""
    return float("inf") if number is None else number
