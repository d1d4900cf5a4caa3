"""The rest of a walk is planned anew, from where the picker stands.

After a skip the skipped stop comes last and the others are walked the shortest way up to it;
after a short pick that found the units in another bin, that bin joins the walk where it costs
least.  The planning is one run of the router over the stops that are left: a few milliseconds
for 60 of them.  Where no layout is drawn, skipped and new stops come last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update

from fulfillment.domain.carts import BinPlace
from fulfillment.domain.waving import Walk, rest_of_walk
from fulfillment.store import picking as rows
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickList

_list, _warehouse = table_of(PickList), table_of(Warehouse)


def skip_stop(tx: Transaction, list_id: int, stop_id: int, *, stands_there: bool) -> None:
    """Send a stop to the end of the walk; the picker stands at it or at the one before."""
    layout = _layout(tx, list_id)
    if layout is None:
        rows.put_in_order(tx, list_id, [stop_id])
        return
    stops = rows.walk_stops(tx, list_id)
    skipped = next(stop for stop in stops if stop.id == stop_id)
    others = [stop for stop in stops if stop.is_served and stop.id != stop_id]
    here = _bin(skipped) if stands_there else _last_worked_at(stops)
    walk = rest_of_walk([_bin(stop) for stop in others], layout, here=here, last=_bin(skipped))
    _walk_on(tx, list_id, others, walk, last=[skipped.id])


def take_in(tx: Transaction, list_id: int, *, at_stop_id: int | None) -> None:
    """Walk new stops where they lie; the picker stands at the stop *at_stop_id*, if at any."""
    layout = _layout(tx, list_id)
    if layout is None:
        return
    stops = rows.walk_stops(tx, list_id)
    at = next((stop for stop in stops if stop.id == at_stop_id), None)
    left = [stop for stop in stops if stop.is_served and stop.id != at_stop_id]
    here = _bin(at) if at is not None else _last_worked_at(stops)
    walk = rest_of_walk([_bin(stop) for stop in left], layout, here=here)
    _walk_on(tx, list_id, left, walk)


def _walk_on(
    tx: Transaction,
    list_id: int,
    stops: Sequence[Row[Any]],
    walk: Walk | None,
    *,
    last: Sequence[int] = (),
) -> None:
    order = range(len(stops)) if walk is None else walk.order
    ids = [*(stops[index].id for index in order), *last]
    if ids:
        rows.put_in_order(tx, list_id, ids)
    if walk is not None:
        before = tx.execute(select(_list.c.walk).where(_list.c.id == list_id)).scalar_one()
        facts = {**before, **walk.facts}
        tx.execute(update(_list).where(_list.c.id == list_id).values(walk=facts))


def _last_worked_at(stops: Sequence[Row[Any]]) -> BinPlace | None:
    """The bin before the first that is left; None at the depot."""
    before = None
    for stop in stops:
        if stop.is_served:
            break
        before = stop
    return _bin(before) if before is not None else None


def _bin(stop: Row[Any]) -> BinPlace:
    return BinPlace(stop.code, stop.zone, stop.aisle, stop.x_metres, stop.y_metres)


def _layout(tx: Transaction, list_id: int) -> Mapping[str, Any] | None:
    query = (
        select(_warehouse.c.layout)
        .join(_list, _list.c.warehouse_id == _warehouse.c.id)
        .where(_list.c.id == list_id)
    )
    found: Mapping[str, Any] | None = tx.execute(query).scalar_one()
    return found
