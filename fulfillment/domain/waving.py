"""Which shipments are released together, who is collected in one walk, and in which order.

:func:`group_into_lists` and :func:`walking_order` are the two decisions that planning can
make better; everything else only uses their answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

from fulfillment.domain.batching import batches
from fulfillment.domain.carts import (
    BinPlace,
    Collecting,
    drawn_layout,
    group_into_batches,
    group_into_lists,
    known,
    place_of,
)
from fulfillment.domain.routing import StopPlace, order_stops
from fulfillment.domain.routing.given import length_in_order
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
    "rest_of_walk",
    "walking_order",
]

Items = Literal["any", "single", "multi"]


@dataclass(frozen=True)
class WaveChoice:
    """Which allocated shipments of a warehouse go: every condition that is set must hold.

    ``cut_off_before`` takes shipments whose van leaves before that moment; ``zone`` those
    that can be collected within it entirely; ``items`` = ``single`` those of one piece.
    ``shipment_ids`` names them, the other conditions still hold.  The most urgent are taken
    first, at most ``limit``.  ``planning_seconds`` is how long its carts are planned; None: as
    the warehouse's policy says.  ``method`` is how they are picked; None leaves it to
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
    planning_seconds: int | None = None
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
class Walk:
    """Indices of the stops in walking order, and what the page says about the walk."""

    order: tuple[int, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


def walking_order(stops: Sequence[BinPlace], layout: Mapping[str, Any] | None = None) -> Walk:
    """The order in which the *stops* are walked; those in one bin stay together.

    With a *layout* (``aisles, aisle_x, cross_y`` and ``depot`` = [aisle, cross-aisle]) it is
    the shortest walk from the depot past all drawn bins and back, proved where the router can
    prove it; the facts carry its metres, those that no walk falls below, and those of the order by
    bin code.  Without one, up
    one aisle and down the next; bins whose place is not known come last, by their code.
    """
    drawn = drawn_layout(layout)
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
        "bound_metres": round(answer.route.lower_bound_metres, 1),
        "bin_code_metres": round(answer.bin_order_metres or 0.0, 1),
        "saved_metres": round(answer.saved_metres, 1),
        "undrawn": [stops[index].code for index in answer.undrawn],
        "points": [[round(x, 2), round(y, 2)] for x, y in answer.route.points(plan)],
    }
    return Walk(answer.order, facts)


def rest_of_walk(
    stops: Sequence[BinPlace],
    layout: Mapping[str, Any] | None,
    *,
    here: BinPlace | None,
    last: BinPlace | None = None,
) -> Walk | None:
    """The shortest way past the *stops* that are left, from *here* to the depot.

    The stops come in the order in which they would have been walked.
    *here* is the bin at which the picker stands (None: still at the depot), *last* a bin that is
    to be visited after all others.  None where the layout does not say; then the order stays.
    """
    drawn = drawn_layout(layout)
    if drawn is None:
        return None
    plan, depot = drawn
    end = place_of(plan, last) or depot
    answer = order_stops(
        [StopPlace(stop.code, stop.aisle, stop.y_metres) for stop in stops],
        plan,
        place_of(plan, here) or depot,
        end=end,
        again=True,
    )
    if answer.route is None:
        return None
    back = length_in_order(plan, [end, depot])
    facts = {
        "rest_from": here.code if here else "",
        "rest_proof": str(answer.route.proof),
        "rest_metres": round(answer.route.length_metres + back, 1),
        "rest_bound_metres": round(answer.route.lower_bound_metres + back, 1),
        "rest_points": [[round(x, 2), round(y, 2)] for x, y in answer.route.points(plan)],
    }
    return Walk(answer.order, facts)


def _serpentine(stops: Sequence[BinPlace]) -> Walk:
    drawn = [
        i for i, stop in enumerate(stops) if stop.aisle is not None and stop.y_metres is not None
    ]
    undrawn = sorted(set(range(len(stops))) - set(drawn), key=lambda i: (stops[i].code, i))
    drawn.sort(key=lambda i: (stops[i].zone, known(stops[i].aisle)))
    order: list[int] = []
    aisles = groupby(drawn, key=lambda i: (stops[i].zone, stops[i].aisle))
    for number, (_aisle, indices) in enumerate(aisles):
        direction = -1 if number % 2 else 1
        order += sorted(
            indices, key=lambda i: (direction * known(stops[i].y_metres), stops[i].code, i)
        )
    method = "s-shape" if drawn else "bin-codes"
    return Walk((*order, *undrawn), {"method": method, "proof": "not-proven"})
