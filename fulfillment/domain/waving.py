"""Which shipments are released together, who is collected in one walk, and in which order.

:func:`group_into_lists` and :func:`walking_order` are the two decisions that planning can
make better; everything else only uses their answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal

from fulfillment.domain.batching import batches
from fulfillment.domain.routing import Layout, Place, StopPlace, order_stops
from fulfillment.domain.values import PickMethod

__all__ = [
    "BinPlace",
    "Collecting",
    "Items",
    "Walk",
    "WaveChoice",
    "batches",
    "group_into_batches",
    "group_into_lists",
    "walking_order",
]

Items = Literal["any", "single", "multi"]
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class WaveChoice:
    """Which allocated shipments of a warehouse go: every condition that is set must hold.

    ``cut_off_before`` takes shipments whose van leaves before that moment; ``zone`` those
    that can be collected within it entirely; ``items`` = ``single`` those of one piece.
    ``shipment_ids`` names them, the other conditions still hold.  The most urgent are taken
    first, at most ``limit``.  ``method`` is how they are picked; None leaves it to
    :attr:`picked_by`.
    """

    warehouse_id: int
    cut_off_before: datetime | None = None
    carrier: str = ""
    service_id: int | None = None
    zone: str = ""
    priority_from: int | None = None
    items: Items = "any"
    limit: int | None = None
    shipment_ids: tuple[int, ...] | None = None
    method: PickMethod | None = None

    @property
    def picked_by(self) -> PickMethod:
        """How the lists are picked: what was asked for, else single pieces as a batch (they go
        straight to packing), all others sorted on the cart."""
        return self.method or ("batch" if self.items == "single" else "cart")

    def document(self) -> dict[str, Any]:
        """What was asked for, as the wave keeps it: the conditions that were set."""
        asked = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "warehouse_id"}
        asked = {name: value for name, value in asked.items() if value not in (None, "", "any")}
        if self.picked_by == "batch":
            asked["method"] = "batch"
        if self.cut_off_before:
            asked["cut_off_before"] = self.cut_off_before.isoformat()
        if self.shipment_ids is not None:
            asked["shipment_ids"] = len(self.shipment_ids)
        return asked


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
    """A shipment to collect: the bins it needs, one entry for each bin, product and lot."""

    shipment_id: int
    places: tuple[BinPlace, ...]
    cut_off_at: datetime | None = None
    priority: int = 0


def group_into_lists(
    shipments: Iterable[Collecting], *, cart_positions: int, list_lines: int
) -> tuple[tuple[int, ...], ...]:
    """Shipment ids of each walk, in the order of their positions on the cart.

    The first van first, then priority, then neighbours: shipments from the same aisles
    stand beside each other.  A list holds *cart_positions* shipments and *list_lines*
    lines; a shipment with more lines than that has a list of its own.
    """
    lists: list[list[int]] = []
    lines = 0
    for shipment in sorted(shipments, key=_urgency_then_place):
        fits = lists and len(lists[-1]) < cart_positions
        if not fits or lines + len(shipment.places) > list_lines:
            lists.append([])
            lines = 0
        lists[-1].append(shipment.shipment_id)
        lines += len(shipment.places)
    return tuple(tuple(ids) for ids in lists)


def group_into_batches(
    shipments: Iterable[Collecting], *, most_shipments: int, most_bins: int
) -> tuple[tuple[int, ...], ...]:
    """Shipment ids of each batch walk, the most urgent first.

    In the order of :func:`group_into_lists`; what counts is not lines but bins to stop at,
    because a batch takes what all its shipments want from a bin at once.
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


def _urgency_then_place(shipment: Collecting) -> tuple[Any, ...]:
    aisles = sorted({(place.zone, _known(place.aisle)) for place in shipment.places})
    first = min((place.code for place in shipment.places), default="")
    urgency = (shipment.cut_off_at or _NEVER, -shipment.priority)
    return (*urgency, aisles, first, shipment.shipment_id)


def _known(number: float | None) -> float:
    """Sorts what is not known behind everything."""
    return float("inf") if number is None else number


@dataclass(frozen=True)
class Walk:
    """Indices of the stops in walking order, and what the page says about the walk."""

    order: tuple[int, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


def walking_order(stops: Sequence[BinPlace], layout: Mapping[str, Any] | None = None) -> Walk:
    """The order in which the *stops* are walked; those in one bin stay together.

    With a *layout* (``aisles, aisle_x, cross_y`` and ``depot`` = [aisle, cross-aisle]) it is
    the shortest walk from the depot past all drawn bins and back, proved where the router can
    prove it; the facts carry its metres and those of the order by bin code.  Without one, up
    one aisle and down the next; bins whose place is not known come last, by their code.
    """
    drawn = _layout_of(layout)
    if drawn is None:
        return _serpentine(stops)
    plan, depot = drawn
    answer = order_stops(
        [StopPlace(stop.code, stop.aisle, stop.y_metres) for stop in stops], plan, depot
    )
    if answer.route is None:
        return _serpentine(stops)
    facts = {
        "method": str(answer.basis),
        "proof": str(answer.route.proof),
        "metres": round(answer.route.length_metres, 1),
        "bin_code_metres": round(answer.bin_order_metres or 0.0, 1),
        "saved_metres": round(answer.saved_metres, 1),
        "undrawn": [stops[index].code for index in answer.undrawn],
        "points": [[round(x, 2), round(y, 2)] for x, y in answer.route.points(plan)],
    }
    return Walk(answer.order, facts)


def _layout_of(layout: Mapping[str, Any] | None) -> tuple[Layout, Place] | None:
    if not layout or "depot" not in layout:
        return None
    plan = Layout.from_plain(layout)
    aisle, cross = layout["depot"]
    return plan, plan.crossing(aisle, cross)


def _serpentine(stops: Sequence[BinPlace]) -> Walk:
    drawn = [
        i for i, stop in enumerate(stops) if stop.aisle is not None and stop.y_metres is not None
    ]
    undrawn = sorted(set(range(len(stops))) - set(drawn), key=lambda i: (stops[i].code, i))
    drawn.sort(key=lambda i: (stops[i].zone, _known(stops[i].aisle)))
    order: list[int] = []
    aisles = groupby(drawn, key=lambda i: (stops[i].zone, stops[i].aisle))
    for number, (_aisle, indices) in enumerate(aisles):
        direction = -1 if number % 2 else 1
        order += sorted(
            indices, key=lambda i: (direction * _known(stops[i].y_metres), stops[i].code, i)
        )
    method = "s-shape" if drawn else "bin-codes"
    return Walk((*order, *undrawn), {"method": method, "proof": "not-proven"})
