"""Slotting advice for a warehouse from the pick lists of its last weeks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from fulfillment.domain.carts import BinPlace, drawn_layout, place_of
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.routing import Place
from fulfillment.domain.slotting import advise
from fulfillment.domain.values import BIN
from fulfillment.services.catalogue.places import warehouse_seen
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product, Warehouse
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import PickList, PickStop

MOST_LISTS = 500
"""The latest so many lists are walked again."""
WALKS = {1: 6_000, 2: 4_000, 3: 1_500, 4: 250}
"""Walks that may be planned by the number of blocks: some seconds on one core."""
WALKS_ONE_WAY = {1: 600, 2: 250, 3: 120, 4: 60}
"""The same where aisles are one-way, which takes longer to plan."""

_list, _stop = table_of(PickList), table_of(PickStop)
_location, _product, _warehouse = table_of(Location), table_of(Product), table_of(Warehouse)


@dataclass(frozen=True)
class SwapAdvice:
    """What lies in *bin* and what lies in *nearer* should change places.

    ``sku`` and ``nearer_sku`` are what was picked there most ('' = nothing was); visits are of
    pick lists, metres a day of the whole warehouse.
    """

    bin: str
    sku: str
    visits: int
    nearer: str
    nearer_sku: str
    nearer_visits: int
    saved_metres_a_day: float


@dataclass(frozen=True)
class SlottingReport:
    """The advice, and the metres of the past lists as they were and as they would have been."""

    days: int
    lists: int
    swaps: tuple[SwapAdvice, ...] = ()
    metres_before: float = 0.0
    metres_after: float = 0.0
    is_drawn: bool = True

    @property
    def saved_metres_a_day(self) -> float:
        return (self.metres_before - self.metres_after) / self.days


@dataclass(frozen=True)
class _Past:
    layout: Mapping[str, Any] | None
    bins: Mapping[int, BinPlace]
    lists: tuple[frozenset[int], ...]
    skus: Mapping[int, str]


def slotting_report(
    actor: Actor, warehouse: str, *, days: int = 28, most: int = 20
) -> SlottingReport:
    """Swaps of bins for the lists finished in the last *days*; nothing is read while it thinks."""
    past = _past(actor, warehouse, days=days)
    drawn = drawn_layout(past.layout)
    if drawn is None:
        return SlottingReport(days, len(past.lists), is_drawn=False)
    layout, depot = drawn
    places: dict[int, tuple[Place, str]] = {
        key: (place, one.zone)
        for key, one in past.bins.items()
        if (place := place_of(layout, one)) is not None
    }
    walks = (WALKS_ONE_WAY if layout.has_one_way_aisles else WALKS)[layout.blocks]
    # A third of the walks for the replays before and after, the rest to try swaps.
    lists = past.lists[-max(1, walks // 6) :]
    advice = advise(layout, depot, lists, places, most=most, most_walks=walks * 2 // 3)
    return SlottingReport(
        days=days,
        lists=len(lists),
        swaps=tuple(
            SwapAdvice(
                bin=past.bins[swap.bin].code,
                sku=past.skus.get(swap.bin, ""),
                visits=swap.visits,
                nearer=past.bins[swap.nearer].code,
                nearer_sku=past.skus.get(swap.nearer, ""),
                nearer_visits=swap.nearer_visits,
                saved_metres_a_day=round(swap.saved_metres / days, 1),
            )
            for swap in advice.swaps
        ),
        metres_before=round(advice.metres_before, 1),
        metres_after=round(advice.metres_after, 1),
    )


@reads
def _past(tx: Transaction, actor: Actor, warehouse: str, *, days: int) -> _Past:
    warehouse_id = warehouse_seen(tx, actor, Permission.SEE_REPORTS, warehouse)
    layout = tx.execute(
        select(_warehouse.c.layout).where(_warehouse.c.id == warehouse_id)
    ).scalar_one()
    bins = {
        row.id: BinPlace(row.code, row.zone, row.aisle, row.x_metres, row.y_metres)
        for row in tx.execute(
            select(_location).where(
                _location.c.warehouse_id == warehouse_id,
                _location.c.kind == BIN,
                _location.c.active,
            )
        )
    }
    latest = (
        select(_list.c.id)
        .where(
            _list.c.warehouse_id == warehouse_id,
            _list.c.state == "done",
            _list.c.finished_at >= tx.now - timedelta(days=days),
        )
        .order_by(_list.c.id.desc())
        .limit(MOST_LISTS)
    )
    stops = tx.execute(
        select(_stop.c.pick_list_id, _stop.c.location_id, _product.c.sku)
        .join(_product, _product.c.id == _stop.c.product_id)
        .where(_stop.c.pick_list_id.in_(latest))
        .order_by(_stop.c.pick_list_id, _stop.c.id)
    )
    visited: dict[int, set[int]] = defaultdict(set)
    picked: dict[int, Counter[str]] = defaultdict(Counter)
    for row in stops:
        visited[row.pick_list_id].add(row.location_id)
        picked[row.location_id][row.sku] += 1
    return _Past(
        layout,
        bins,
        tuple(frozenset(one) for one in visited.values()),
        {key: min(counts, key=lambda sku: (-counts[sku], sku)) for key, counts in picked.items()},
    )
