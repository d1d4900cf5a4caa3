"""The layout of a warehouse: seen on a map, drawn with a form or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from fulfillment.channels.files import read_table
from fulfillment.domain.carts import BinPlace, place_of
from fulfillment.domain.catalogue import layout_faults
from fulfillment.domain.errors import Fault, InvalidInput
from fulfillment.domain.imports import Row, RowFault, understand
from fulfillment.domain.layouts import MOST_AISLES, Drawing, outside_faults, read_drawing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.routing import Layout
from fulfillment.domain.values import BIN
from fulfillment.services.catalogue.places import (
    plan_locations,
    warehouse_seen,
    warehouse_to_change,
)
from fulfillment.services.catalogue.upserting import carry_out
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Warehouse
from fulfillment.store.transaction import Transaction, reads, writes

_warehouse, _location = table_of(Warehouse), table_of(Location)


@dataclass(frozen=True)
class LayoutView:
    """A warehouse's layout (None: not drawn), the bins on it, and those that are not."""

    layout: Mapping[str, Any] | None
    drawn: tuple[BinPlace, ...]
    undrawn: tuple[str, ...]


@dataclass(frozen=True)
class LayoutImport:
    """What a file changed: nothing if there are faults."""

    bins: int = 0
    faults: tuple[RowFault, ...] = ()


@reads
def layout_view(tx: Transaction, actor: Actor, warehouse: str) -> LayoutView:
    """The map of a warehouse; a foreign one is answered like an unknown one."""
    warehouse_id = warehouse_seen(tx, actor, Permission.SEE_CATALOGUE, warehouse)
    layout = _layout(tx, warehouse_id)
    rows = tx.execute(
        select(
            _location.c.code,
            _location.c.zone,
            _location.c.aisle,
            _location.c.x_metres,
            _location.c.y_metres,
        )
        .where(
            _location.c.warehouse_id == warehouse_id,
            _location.c.kind == BIN,
            _location.c.active,
        )
        .order_by(_location.c.code)
    )
    bins = [BinPlace(**row._mapping) for row in rows]
    plan = Layout.from_plain(layout) if layout else None
    drawn = tuple(one for one in bins if plan is not None and place_of(plan, one))
    on_map = {one.code for one in drawn}
    return LayoutView(layout, drawn, tuple(one.code for one in bins if one.code not in on_map))


@writes
def put_layout(
    tx: Transaction,
    actor: Actor,
    warehouse: str,
    layout: Mapping[str, Any] | None,
    *,
    reason: str,
) -> None:
    """Draw a layout anew, or take it away with None; audited.  Raises :class:`InvalidInput`."""
    warehouse_id = warehouse_to_change(tx, actor, warehouse)
    faults = layout_faults(layout)
    if layout is not None and len(layout["aisle_x"]) > MOST_AISLES:
        faults = (Fault("aisle_x", "too-many", str(MOST_AISLES)),)
    if faults:
        raise InvalidInput(faults)
    _save(tx, actor, warehouse_id, layout, bins=0, reason=reason)


def import_layout(
    actor: Actor, warehouse: str, content: bytes, *, encoding: str | None = None, reason: str
) -> LayoutImport:
    """Draw from a CSV or XLSX file: all of it, or nothing and every row that is wrong.

    Bins that are new are created.  Raises like :func:`fulfillment.channels.files.read_table`.
    """
    table = read_table(content, encoding=encoding)
    understood = understand("layout", table.heading, table.rows)
    if understood.faults:
        return LayoutImport(faults=tuple(understood.faults))
    drawing, faults = read_drawing(understood.rows)
    if drawing is None:
        return LayoutImport(faults=faults)
    return _draw(actor, warehouse, drawing, reason=reason)


@writes
def _draw(
    tx: Transaction, actor: Actor, warehouse: str, drawing: Drawing, *, reason: str
) -> LayoutImport:
    warehouse_id = warehouse_to_change(tx, actor, warehouse)
    layout = drawing.layout if drawing.layout is not None else _layout(tx, warehouse_id)
    faults = tuple(outside_faults(layout, drawing.bins))
    faults = faults or _put_bins(tx, actor, warehouse, drawing.bins)
    if faults:
        return LayoutImport(faults=faults)
    _save(tx, actor, warehouse_id, layout, bins=len(drawing.bins), reason=reason)
    return LayoutImport(bins=len(drawing.bins))


def _put_bins(
    tx: Transaction, actor: Actor, warehouse: str, bins: Sequence[Row]
) -> tuple[RowFault, ...]:
    fields = ("code", "aisle", "x_metres", "y_metres")
    rows = [
        {"warehouse": warehouse, "kind": BIN}
        | {name: row.fields[name] for name in fields if name in row.fields}
        for row in bins
    ]
    plan = plan_locations(tx, actor, rows)
    if plan.faults:
        return tuple(
            RowFault(bins[index].number, fault.where, fault.code, fault.text)
            for index, fault in plan.faults
        )
    carry_out(tx, plan)
    return ()


def _save(
    tx: Transaction,
    actor: Actor,
    warehouse_id: int,
    layout: Mapping[str, Any] | None,
    *,
    bins: int,
    reason: str,
) -> None:
    before = _layout(tx, warehouse_id)
    after = dict(layout) if layout is not None else None
    if before == after and not bins:
        return
    tx.execute(update(_warehouse).where(_warehouse.c.id == warehouse_id).values(layout=after))
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="layout-drawn",
        subject=("warehouse", warehouse_id),
        warehouse_id=warehouse_id,
        reason=reason,
        details={"before": before, "after": after, "bins": bins},
    )


def _layout(tx: Transaction, warehouse_id: int) -> dict[str, Any] | None:
    query = select(_warehouse.c.layout).where(_warehouse.c.id == warehouse_id)
    found: dict[str, Any] | None = tx.execute(query).scalar_one()
    return found
