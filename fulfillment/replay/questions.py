"""What the replay asks the database: what pages would show to the people that it plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, exists, func, select

from fulfillment.domain.values import BIN, SLOT
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product, Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Hold, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.stock import Reservation, SerialUnit, StockBalance, StockMove
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import PickList, PickListShipment, Task, ToteUse

_order, _line = table_of(Order), table_of(OrderLine)
_shipment, _hold = table_of(Shipment), table_of(Hold)
_parcel, _label = table_of(Parcel), table_of(Label)
_use, _location = table_of(ToteUse), table_of(Location)
_list, _member = table_of(PickList), table_of(PickListShipment)
_task, _move = table_of(Task), table_of(StockMove)
_serial, _balance = table_of(SerialUnit), table_of(StockBalance)
_reservation, _shipment_line = table_of(Reservation), table_of(ShipmentLine)
_product = table_of(Product)


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
    slot: str = ""
    """The slot of a put wall in which it was sorted."""


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
    """Shipments that lie picked in totes and slots of their own, or half packed on a bench."""
    in_batch_tote = exists().where(
        _shipment_line.c.shipment_id == _shipment.c.id,
        _reservation.c.shipment_line_id == _shipment_line.c.id,
        _use.c.tote_id == _reservation.c.location_id,
        _use.c.shipment_id.is_(None),
        _use.c.closed_at.is_(None),
    )
    return _waiting(
        tx,
        _shipment.c.warehouse_id == warehouse_id,
        _shipment.c.state.in_(("picked", "packing")),
        (_shipment.c.state == "packing") | ~in_batch_tote,
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
            totes=tuple(use.code for use in used.get(row.id, ()) if use.kind != SLOT),
            slot=next((use.code for use in used.get(row.id, ()) if use.kind == SLOT), ""),
        )
        for row in rows
    ]


def _totes_of(tx: Transaction, shipment_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    rows = tx.execute(
        select(_use.c.shipment_id, _location.c.code, _location.c.kind)
        .join(_location, _location.c.id == _use.c.tote_id)
        .where(_use.c.closed_at.is_(None), _use.c.shipment_id.in_(shipment_ids))
        .order_by(_location.c.code)
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.shipment_id, []).append(row)
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
    """``tracking_number, carrier, sscc, shipment_id`` of parcels that wait for their van."""
    return list(
        tx.execute(
            select(
                _label.c.tracking_number,
                _label.c.carrier,
                _parcel.c.sscc,
                _parcel.c.shipment_id,
            )
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
    batch_lists: int
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
        batch_lists=rows(_list, _list.c.state != "cancelled", _list.c.method == "batch"),
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


# --- batches -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class BatchTote:
    """A tote that a finished batch list filled, and what living orders have in it."""

    tote_id: int
    code: str
    singles: int = 0
    """Shipments of one piece."""
    others: int = 0
    """Reserved lots of lines of shipments of several pieces."""

    @property
    def is_done_with(self) -> bool:
        """Whether only goods of cancelled orders lie in it."""
        return not self.singles and not self.others


@dataclass(frozen=True)
class Lying:
    """Units of a shipment line in a batch tote."""

    shipment: Waiting
    line_id: int
    product_id: int
    sku: str
    tracking: str
    lot: str
    quantity: int


_SORTED_STATES = ("picking", "picked")


def _count_of(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


@reads
def batch_totes(tx: Transaction, warehouse_id: int) -> list[BatchTote]:
    """The totes of a warehouse whose batch list is done, by code."""
    live = _shipment.c.state.in_(_SORTED_STATES)
    rows = tx.execute(
        select(
            _location.c.id,
            _location.c.code,
            _count_of(live & (_shipment.c.pieces == 1)).label("singles"),
            _count_of(live & (_shipment.c.pieces > 1)).label("others"),
        )
        .select_from(
            _use.join(_location, _location.c.id == _use.c.tote_id)
            .join(_list, _list.c.id == _use.c.pick_list_id)
            .outerjoin(_reservation, _reservation.c.location_id == _use.c.tote_id)
            .outerjoin(_shipment_line, _shipment_line.c.id == _reservation.c.shipment_line_id)
            .outerjoin(_shipment, _shipment.c.id == _shipment_line.c.shipment_id)
        )
        .where(
            _location.c.warehouse_id == warehouse_id,
            _use.c.closed_at.is_(None),
            _use.c.shipment_id.is_(None),
            _list.c.state.in_(("done", "cancelled")),
        )
        .group_by(_location.c.id, _location.c.code)
        .order_by(_location.c.code)
    )
    return [BatchTote(row.id, row.code, int(row.singles), int(row.others)) for row in rows]


@reads
def lying_in(tx: Transaction, tote_id: int) -> list[Lying]:
    """What living orders have in a batch tote, by shipment."""
    rows = tx.execute(
        select(
            _reservation.c.shipment_line_id,
            _reservation.c.product_id,
            _reservation.c.lot,
            _reservation.c.quantity,
            _shipment_line.c.shipment_id,
            _product.c.sku,
            _product.c.tracking,
        )
        .join(_shipment_line, _shipment_line.c.id == _reservation.c.shipment_line_id)
        .join(_shipment, _shipment.c.id == _shipment_line.c.shipment_id)
        .join(_product, _product.c.id == _reservation.c.product_id)
        .where(_reservation.c.location_id == tote_id, _shipment.c.state.in_(_SORTED_STATES))
        .order_by(_shipment_line.c.shipment_id, _reservation.c.shipment_line_id, _reservation.c.lot)
    ).all()
    ids = {row.shipment_id for row in rows}
    found = _waiting(tx, _shipment.c.id.in_(sorted(ids)), totes=False)
    shipments = {one.shipment_id: one for one in found}
    return [
        Lying(
            shipment=shipments[row.shipment_id],
            line_id=row.shipment_line_id,
            product_id=row.product_id,
            sku=row.sku,
            tracking=row.tracking,
            lot=row.lot,
            quantity=row.quantity,
        )
        for row in rows
    ]


@reads
def skus_at(tx: Transaction, location_id: int) -> set[str]:
    """The products that lie at a place, whosever they are."""
    return set(
        tx.execute(
            select(_product.c.sku)
            .join(_balance, _balance.c.product_id == _product.c.id)
            .where(_balance.c.location_id == location_id, _balance.c.on_hand > 0)
        ).scalars()
    )


@reads
def still_here(tx: Transaction, order_ids: Sequence[int]) -> list[int]:
    """Those of the orders that can be cancelled whole: no parcel of theirs is on its way."""
    away = (
        select(_shipment.c.order_id)
        .join(_parcel, _parcel.c.shipment_id == _shipment.c.id)
        .where(_shipment.c.order_id.in_(order_ids), _parcel.c.state == "dispatched")
    )
    gone = set(tx.execute(away).scalars())
    return [order_id for order_id in order_ids if order_id not in gone]


@reads
def allocated_multi(tx: Transaction, warehouse_id: int) -> list[Waiting]:
    """Shipments of several pieces that wait for their release."""
    return _waiting(
        tx,
        _shipment.c.warehouse_id == warehouse_id,
        _shipment.c.state == "allocated",
        _shipment.c.pieces > 1,
        totes=False,
    )


@reads
def tracked_wanted(tx: Transaction, shipment_ids: Sequence[int]) -> list[Row[Any]]:
    """``shipment_id, product_id, tracking, quantity`` of lines that want tracked goods."""
    return list(
        tx.execute(
            select(
                _shipment_line.c.shipment_id,
                _shipment_line.c.product_id,
                _product.c.tracking,
                _shipment_line.c.quantity,
            )
            .join(_product, _product.c.id == _shipment_line.c.product_id)
            .where(_shipment_line.c.shipment_id.in_(shipment_ids), _product.c.tracking != "none")
            .order_by(_shipment_line.c.shipment_id, _shipment_line.c.id)
        )
    )


@reads
def first_lots(tx: Transaction, warehouse_id: int) -> dict[int, int]:
    """Free units of the lot that is taken first, by product id, where there is another lot too."""
    free = func.sum(_balance.c.on_hand - _balance.c.reserved)
    rows = tx.execute(
        select(_balance.c.product_id, _balance.c.lot, free.label("free"))
        .join(_location, _location.c.id == _balance.c.location_id)
        .where(
            _location.c.warehouse_id == warehouse_id, _location.c.kind == BIN, _balance.c.lot != ""
        )
        .group_by(_balance.c.product_id, _balance.c.lot)
        .having(free > 0)
        .order_by(_balance.c.product_id, _balance.c.lot)
    )
    by_product: dict[int, list[int]] = {}
    for row in rows:
        by_product.setdefault(row.product_id, []).append(int(row.free))
    return {product_id: units[0] for product_id, units in by_product.items() if len(units) > 1}
