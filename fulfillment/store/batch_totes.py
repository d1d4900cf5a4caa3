"""What lies in a batch tote: goods of many shipments, told apart by their reservations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, exists, func, literal, select, update

from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product, ProductBarcode
from fulfillment.store.orders import Hold, Order, Shipment, ShipmentLine
from fulfillment.store.stock import Reservation, SerialUnit, StockBalance
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickList, Task, ToteUse

_use = table_of(ToteUse)
_location = table_of(Location)
_list = table_of(PickList)
_reservation = table_of(Reservation)
_line = table_of(ShipmentLine)
_shipment = table_of(Shipment)
_order = table_of(Order)
_hold = table_of(Hold)
_product = table_of(Product)
_barcode = table_of(ProductBarcode)
_balance = table_of(StockBalance)
_serial = table_of(SerialUnit)
_task = table_of(Task)


def find(tx: Transaction, code: str, warehouse_id: int) -> Row[Any] | None:
    """``tote_id, code, full_at, list_number, list_state`` of a tote of the warehouse that a
    batch uses now; or None."""
    return tx.execute(
        select(
            _location.c.id.label("tote_id"),
            _location.c.code,
            _use.c.full_at,
            _list.c.number.label("list_number"),
            _list.c.state.label("list_state"),
        )
        .join(_use, _use.c.tote_id == _location.c.id)
        .join(_list, _list.c.id == _use.c.pick_list_id)
        .where(
            _location.c.code == code,
            _location.c.warehouse_id == warehouse_id,
            _use.c.closed_at.is_(None),
            _use.c.shipment_id.is_(None),
        )
    ).one_or_none()


def _in_tote(*columns: Any) -> Select[Any]:
    """*columns* of the live shipments whose units lie in a tote, by reservation."""
    return (
        select(*columns)
        .select_from(
            _reservation.join(_line, _line.c.id == _reservation.c.shipment_line_id).join(
                _shipment, _shipment.c.id == _line.c.shipment_id
            )
        )
        .where(_reservation.c.location_id == bindparam("b_tote"))
    )


_IS_SINGLE = (_shipment.c.pieces == 1) & (_shipment.c.state == "picked")
_LEFT = (
    select(
        _location.c.code,
        _in_tote(func.count())
        .where(_IS_SINGLE)
        .correlate(_location)
        .scalar_subquery()
        .label("singles"),
        _in_tote(func.count())
        .where(_shipment.c.pieces > 1)
        .correlate(_location)
        .scalar_subquery()
        .label("others"),
        _in_tote(func.coalesce(func.sum(_reservation.c.quantity), 0))
        .correlate(_location)
        .scalar_subquery()
        .label("units"),
    )
    .select_from(_location)
    .where(_location.c.id == bindparam("b_tote"))
)


def left_in(tx: Transaction, tote_id: int) -> Row[Any]:
    """``code`` of a tote, and of how many orders it holds goods: ``singles`` of one piece that
    wait to be packed, ``others`` of several; ``units`` of them all."""
    return tx.execute(_LEFT, {"b_tote": tote_id}).one()


def products_named(tx: Transaction, code: str) -> Sequence[Row[Any]]:
    """The products that a barcode, or else a SKU, names at any seller: ``product_id, seller_id,
    sku, name, tracking, quantity``."""
    facts = (
        _product.c.id.label("product_id"),
        _product.c.seller_id,
        _product.c.sku,
        _product.c.name,
        _product.c.tracking,
    )
    named = tx.execute(
        select(*facts, _barcode.c.quantity)
        .join(_barcode, _barcode.c.product_id == _product.c.id)
        .where(_barcode.c.code == code)
        .order_by(_product.c.id)
    ).all()
    if named:
        return named
    return tx.execute(
        select(*facts, literal(1).label("quantity"))
        .where(_product.c.sku == code)
        .order_by(_product.c.id)
    ).all()


def lots_in(tx: Transaction, tote_id: int, product_id: int) -> list[str]:
    """The lots of a product that are reserved in a tote."""
    return list(
        tx.execute(
            select(_reservation.c.lot)
            .where(_reservation.c.location_id == tote_id, _reservation.c.product_id == product_id)
            .distinct()
            .order_by(_reservation.c.lot)
        ).scalars()
    )


def has_serial(tx: Transaction, tote_id: int, product_id: int, serial: str) -> bool:
    """Whether the books have a serial number in a tote."""
    return bool(
        tx.execute(
            select(
                exists().where(
                    _serial.c.product_id == product_id,
                    _serial.c.serial == serial,
                    _serial.c.location_id == tote_id,
                )
            )
        ).scalar_one()
    )


def unit_in(tx: Transaction, tote_id: int, serial: str) -> Row[Any] | None:
    """The product (as :func:`products_named` has it) whose unit with this serial number lies in a
    tote."""
    return tx.execute(
        select(
            _product.c.id.label("product_id"),
            _product.c.seller_id,
            _product.c.sku,
            _product.c.name,
            _product.c.tracking,
            literal(1).label("quantity"),
        )
        .join(_serial, _serial.c.product_id == _product.c.id)
        .where(_serial.c.location_id == tote_id, _serial.c.serial == serial)
        .order_by(_product.c.id)
        .limit(1)
    ).first()


def most_urgent_single(
    tx: Transaction, tote_id: int, product_ids: Iterable[int], *, lot: str
) -> Row[Any] | None:
    """``id, product_id`` of the shipment of one piece that a piece out of a tote serves next (van,
    priority, age), locked; '' = any lot.

    Those that another packer is just opening are passed over; only where nothing else is left
    they are waited for.
    """
    query = (
        _in_tote(_shipment.c.id, _reservation.c.product_id)
        .where(
            _IS_SINGLE,
            _reservation.c.product_id.in_(sorted(product_ids)),
            ~exists().where(
                _hold.c.order_id == _shipment.c.order_id,
                _hold.c.released_at.is_(None),
                _hold.c.shipment_id.is_(None) | (_hold.c.shipment_id == _shipment.c.id),
            ),
        )
        .order_by(
            _shipment.c.cut_off_at.asc().nulls_last(),
            _shipment.c.priority.desc(),
            _shipment.c.id,
        )
        .limit(1)
    )
    if lot:
        query = query.where(_reservation.c.lot == lot)
    found = tx.execute(
        query.with_for_update(of=_shipment, skip_locked=True), {"b_tote": tote_id}
    ).one_or_none()
    if found is not None or not tx.is_postgresql:
        return found
    return tx.execute(query.with_for_update(of=_shipment), {"b_tote": tote_id}).one_or_none()


def put_back_of(tx: Transaction, tote_id: int, product_ids: Iterable[int]) -> Row[Any] | None:
    """``order_number, reason`` of a cancelled order whose goods wait in a tote for put-back."""
    return tx.execute(
        select(_order.c.number.label("order_number"), _shipment.c.cancel_reason.label("reason"))
        .select_from(
            _task.join(_shipment, _shipment.c.id == _task.c.shipment_id).join(
                _order, _order.c.id == _shipment.c.order_id
            )
        )
        .where(
            _task.c.kind == "put-back",
            _task.c.state == "open",
            _task.c.location_id == tote_id,
            _task.c.product_id.in_(sorted(product_ids)),
        )
        .order_by(_task.c.id)
        .limit(1)
    ).one_or_none()


def close_if_empty(tx: Transaction, tote_ids: Iterable[int]) -> None:
    """Let batch totes that hold nothing any more be used again."""
    tx.execute(
        update(_use)
        .where(
            _use.c.tote_id.in_(sorted(tote_ids)),
            _use.c.shipment_id.is_(None),
            _use.c.closed_at.is_(None),
            ~exists().where(_balance.c.location_id == _use.c.tote_id, _balance.c.on_hand > 0),
        )
        .values(closed_at=tx.now)
    )
