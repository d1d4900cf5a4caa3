"""What the replay asks the database: what pages would show to the people that it plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Hold, Order, OrderLine, Shipment
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.stock import SerialUnit, StockBalance, StockMove
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import PickList, PickListShipment, Task, ToteUse

_order, _line = table_of(Order), table_of(OrderLine)
_shipment, _hold = table_of(Shipment), table_of(Hold)
_parcel, _label = table_of(Parcel), table_of(Label)
_use, _location = table_of(ToteUse), table_of(Location)
_list, _member = table_of(PickList), table_of(PickListShipment)
_task, _move = table_of(Task), table_of(StockMove)
_serial, _balance = table_of(SerialUnit), table_of(StockBalance)


@dataclass(frozen=True)
class Waiting:
    """A shipment and its order, as lists show them."""

    shipment_id: int
    number: str
    state: str
    order_id: int
    order_number: str
    pieces: int
    totes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OrderUnits:
    """Units over all order lines; ordered = shipped + under way + backordered + cancelled."""

    orders: int
    ordered: int
    shipped: int
    under_way: int
    backordered: int
    cancelled: int


@reads
def order_count(tx: Transaction) -> int:
    """Orders of any state."""
    return int(tx.execute(select(func.count()).select_from(_order)).scalar_one())


@reads
def warehouse_count(tx: Transaction) -> int:
    """Warehouses: none means that nobody has worked in this database."""
    return int(tx.execute(select(func.count()).select_from(table_of(Warehouse))).scalar_one())


@reads
def holds_in_review(tx: Transaction, order_ids: Sequence[int]) -> list[Row[Any]]:
    """``hold_id, order_id, type`` of open holds."""
    return list(
        tx.execute(
            select(_hold.c.id.label("hold_id"), _hold.c.order_id, _hold.c.type)
            .where(_hold.c.order_id.in_(order_ids), _hold.c.released_at.is_(None))
            .order_by(_hold.c.id)
        )
    )


@reads
def order_states(tx: Transaction, order_ids: Sequence[int]) -> dict[int, str]:
    """State by order id."""
    rows = tx.execute(select(_order.c.id, _order.c.state).where(_order.c.id.in_(order_ids)))
    return {row.id: row.state for row in rows}


@reads
def shipments_of(tx: Transaction, order_ids: Sequence[int]) -> list[Waiting]:
    """The living shipments of some orders."""
    return _waiting(
        tx, _shipment.c.order_id.in_(order_ids), _shipment.c.state != "cancelled", totes=False
    )


@reads
def shipments_of_list(tx: Transaction, pick_list_id: int) -> list[Waiting]:
    """The shipments that a pick list collects."""
    members = select(_member.c.shipment_id).where(_member.c.pick_list_id == pick_list_id)
    return _waiting(tx, _shipment.c.id.in_(members), totes=False)


@reads
def ready_to_pack(tx: Transaction, warehouse_id: int) -> list[Waiting]:
    """Shipments that lie picked in totes, or half packed on a bench."""
    return _waiting(
        tx,
        _shipment.c.warehouse_id == warehouse_id,
        _shipment.c.state.in_(("picked", "packing")),
        totes=True,
    )


@reads
def some_shipment(tx: Transaction, warehouse_id: int, *states: str) -> Waiting | None:
    """Any shipment of a warehouse in one of *states*."""
    found = _waiting(
        tx,
        _shipment.c.warehouse_id == warehouse_id,
        _shipment.c.state.in_(states),
        totes=False,
        limit=1,
    )
    return found[0] if found else None


def _waiting(
    tx: Transaction, *conditions: Any, totes: bool, limit: int | None = None
) -> list[Waiting]:
    rows = tx.execute(
        select(
            _shipment.c.id,
            _shipment.c.number,
            _shipment.c.state,
            _shipment.c.order_id,
            _shipment.c.pieces,
            _order.c.number.label("order_number"),
        )
        .join(_order, _order.c.id == _shipment.c.order_id)
        .where(*conditions)
        .order_by(_shipment.c.id)
        .limit(limit)
    ).all()
    used = _totes_of(tx, [row.id for row in rows]) if totes else {}
    return [
        Waiting(
            shipment_id=row.id,
            number=row.number,
            state=row.state,
            order_id=row.order_id,
            order_number=row.order_number,
            pieces=row.pieces,
            totes=used.get(row.id, ()),
        )
        for row in rows
    ]


def _totes_of(tx: Transaction, shipment_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    rows = tx.execute(
        select(_use.c.shipment_id, _location.c.code)
        .join(_location, _location.c.id == _use.c.tote_id)
        .where(_use.c.closed_at.is_(None), _use.c.shipment_id.in_(shipment_ids))
        .order_by(_location.c.code)
    )
    found: dict[int, tuple[str, ...]] = {}
    for row in rows:
        found[row.shipment_id] = (*found.get(row.shipment_id, ()), row.code)
    return found


@reads
def free_totes(tx: Transaction, warehouse_id: int) -> list[str]:
    """Totes that nobody uses."""
    used = select(_use.c.tote_id).where(_use.c.closed_at.is_(None))
    return list(
        tx.execute(
            select(_location.c.code)
            .where(
                _location.c.warehouse_id == warehouse_id,
                _location.c.kind == "tote",
                _location.c.id.not_in(used),
            )
            .order_by(_location.c.code)
        ).scalars()
    )


@reads
def open_list(tx: Transaction, warehouse_id: int) -> Row[Any] | None:
    """``id, number`` of the pick list that is served next."""
    return tx.execute(
        select(_list.c.id, _list.c.number)
        .where(_list.c.warehouse_id == warehouse_id, _list.c.state == "open")
        .order_by(_list.c.priority.desc(), _list.c.due_at.asc().nulls_last(), _list.c.id)
        .limit(1)
    ).one_or_none()


@reads
def serials_at(tx: Transaction, location_id: int, product_id: int) -> list[str]:
    """The serial numbers that lie at a place."""
    return list(
        tx.execute(
            select(_serial.c.serial)
            .where(_serial.c.location_id == location_id, _serial.c.product_id == product_id)
            .order_by(_serial.c.serial)
        ).scalars()
    )


@reads
def serials_of_shipment(tx: Transaction, shipment_id: int, product_id: int) -> list[str]:
    """The serial numbers that lie in a shipment's totes."""
    totes = select(_use.c.tote_id).where(
        _use.c.shipment_id == shipment_id, _use.c.closed_at.is_(None)
    )
    return list(
        tx.execute(
            select(_serial.c.serial)
            .where(_serial.c.location_id.in_(totes), _serial.c.product_id == product_id)
            .order_by(_serial.c.serial)
        ).scalars()
    )


@reads
def serial_elsewhere(tx: Transaction, location_id: int, product_id: int) -> str | None:
    """A serial number of the product that lies at another place."""
    found: str | None = tx.execute(
        select(_serial.c.serial)
        .where(_serial.c.location_id != location_id, _serial.c.product_id == product_id)
        .order_by(_serial.c.serial)
        .limit(1)
    ).scalar_one_or_none()
    return found


@reads
def parcels_at_dock(tx: Transaction, warehouse_id: int) -> list[Row[Any]]:
    """``tracking_number, sscc, shipment_id`` of parcels that wait for the van."""
    return list(
        tx.execute(
            select(_label.c.tracking_number, _parcel.c.sscc, _parcel.c.shipment_id)
            .join(_parcel, _parcel.c.id == _label.c.parcel_id)
            .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
            .where(
                _shipment.c.warehouse_id == warehouse_id,
                _parcel.c.state == "shipped",
                _label.c.state == "active",
            )
            .order_by(_parcel.c.id)
        )
    )


@reads
def order_units(tx: Transaction) -> OrderUnits:
    """Where every ordered unit is, from the order lines and the shipped units of the ledger."""
    goods = ~_line.c.is_kit
    row = tx.execute(
        select(
            func.coalesce(func.sum(_line.c.quantity), 0).label("ordered"),
            func.coalesce(func.sum(_line.c.allocated), 0).label("allocated"),
            func.coalesce(func.sum(_line.c.cancelled), 0).label("cancelled"),
        ).where(goods)
    ).one()
    shipped = sum(
        (1 if move.reason == "ship" else -1) * move.units
        for move in tx.execute(
            select(_move.c.reason, func.sum(_move.c.quantity).label("units"))
            .where(_move.c.reason.in_(("ship", "un-ship")))
            .group_by(_move.c.reason)
        )
    )
    orders = tx.execute(select(func.count()).select_from(_order)).scalar_one()
    return OrderUnits(
        orders=int(orders),
        ordered=int(row.ordered),
        shipped=int(shipped),
        under_way=int(row.allocated) - int(shipped),
        backordered=int(row.ordered - row.allocated - row.cancelled),
        cancelled=int(row.cancelled),
    )


@dataclass(frozen=True)
class Counts:
    """Rows that the run has made."""

    shipments: int
    parcels: int
    pick_lists: int
    stock_moves: int
    scan_events: int
    open_tasks: int
    tasks: int


@reads
def counts(tx: Transaction) -> Counts:
    """How much there is of each thing; shipments and parcels that were cancelled do not count."""

    def rows(table: Any, *conditions: Any) -> int:
        return int(
            tx.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()
        )

    return Counts(
        shipments=rows(_shipment, _shipment.c.state != "cancelled"),
        parcels=rows(_parcel, _parcel.c.state != "cancelled"),
        pick_lists=rows(_list, _list.c.state != "cancelled"),
        stock_moves=rows(_move),
        scan_events=rows(table_of(ScanEvent)),
        open_tasks=rows(_task, _task.c.state == "open"),
        tasks=rows(_task),
    )


@reads
def totes_elsewhere(tx: Transaction, shipment_id: int, *, pick_list_id: int) -> list[str]:
    """Totes of a shipment that were filled on another walk."""
    return list(
        tx.execute(
            select(_location.c.code)
            .join(_use, _use.c.tote_id == _location.c.id)
            .where(
                _use.c.closed_at.is_(None),
                _use.c.shipment_id == shipment_id,
                _use.c.pick_list_id != pick_list_id,
                _use.c.full_at.is_(None),
            )
            .order_by(_location.c.code)
        ).scalars()
    )
