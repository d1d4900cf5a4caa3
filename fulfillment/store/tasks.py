"""Tasks as their workers see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, select, update

from fulfillment.domain.tasks import SeenBin, TaskState, answered_before
from fulfillment.domain.values import Place, Verdict
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product
from fulfillment.store.journal import ScanEvent
from fulfillment.store.parcels import Parcel
from fulfillment.store.people import User
from fulfillment.store.stock import SerialUnit, StockBalance
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import Task

_task = table_of(Task)
_place = table_of(Location)
_target = table_of(Location).alias("target")
_product = table_of(Product)
_parcel = table_of(Parcel)
_user = table_of(User)
_balance = table_of(StockBalance)
_event = table_of(ScanEvent)
_serial = table_of(SerialUnit)


def lock_task(tx: Transaction, task_id: int, scan_id: str = "") -> Row[Any] | None:
    """The locked task with its place, product and books, and of an earlier scan with the same
    id ``known_accepted, known_code, known_fields, known_task``; or None."""
    return tx.execute(_LOCK, {"b_task": task_id, "b_scan": scan_id}).one_or_none()


def read_task(tx: Transaction, task_id: int) -> Row[Any] | None:
    """Like :func:`lock_task`, without a lock."""
    return tx.execute(_READ, {"b_task": task_id, "b_scan": ""}).one_or_none()


def open_tasks(
    tx: Transaction, warehouse_id: int, *, kind: str | None, after_id: int, limit: int
) -> list[TaskState]:
    """Open tasks of a warehouse, the oldest first."""
    query = _LISTED.where(
        _task.c.warehouse_id == warehouse_id, _task.c.state == "open", _task.c.id > after_id
    )
    if kind is not None:
        query = query.where(_task.c.kind == kind)
    rows = tx.execute(query.order_by(_task.c.id).limit(limit), {"b_scan": ""})
    return [state_of(row) for row in rows]


def first_verdict(row: Row[Any]) -> Verdict | None:
    """The verdict of the earlier scan with the same id, if there was one."""
    if row.known_accepted is None:
        return None
    return answered_before(
        accepted=row.known_accepted, code=row.known_code, fields=row.known_fields
    )


def state_of(row: Row[Any]) -> TaskState:
    """The state of the task in *row*."""
    return TaskState(
        id=row.id,
        kind=row.kind,
        state=row.state,
        warehouse_id=row.warehouse_id,
        worker_id=row.claimed_by_id,
        worker_name=row.worker_name or "",
        place=Place(row.location_id, row.place_kind, row.warehouse_id),
        place_code=row.place_code,
        place_sscc=row.sscc or "",
        suggested=row.suggested or "",
        product_id=row.product_id,
        seller_id=row.seller_id,
        sku=row.sku,
        name=row.name,
        tracking=row.tracking,
        lot=row.lot,
        quantity=row.quantity,
        done=row.done,
        at_place=row.at_place,
        in_hand=row.in_hand,
        serials=tuple(row.serials),
        counted=row.counted or 0,
        on_hand=row.on_hand,
        spare=row.on_hand - row.reserved - row.balance_held + row.held,
        held=row.held,
        confirm_asked=row.confirm_asked,
        reason=row.reason,
    )


def see_bin(tx: Transaction, code: str, warehouse_id: int) -> SeenBin | None:
    """The active bin of a warehouse with this code."""
    row = tx.execute(
        select(_place.c.id, _place.c.kind).where(
            _place.c.code == code,
            _place.c.kind == "bin",
            _place.c.warehouse_id == warehouse_id,
            _place.c.active,
        )
    ).one_or_none()
    return SeenBin(Place(row.id, row.kind, warehouse_id), code) if row else None


def lock_balance(tx: Transaction, location_id: int, product_id: int, lot: str) -> Row[Any] | None:
    """``on_hand, reserved, held`` of a product's lot at a location, locked; or None."""
    return tx.execute(
        select(_balance.c.on_hand, _balance.c.reserved, _balance.c.held)
        .where(
            _balance.c.location_id == location_id,
            _balance.c.product_id == product_id,
            _balance.c.lot == lot,
        )
        .with_for_update()
    ).one_or_none()


def serials_at(tx: Transaction, location_id: int, product_id: int, lot: str) -> list[str]:
    """The serial numbers that the books have at a place."""
    return list(
        tx.execute(
            select(_serial.c.serial).where(
                _serial.c.location_id == location_id,
                _serial.c.product_id == product_id,
                _serial.c.lot == lot,
            )
        ).scalars()
    )


def save_progress(tx: Transaction, state: TaskState, *, worker_id: int | None) -> None:
    """Keep how far the worker is."""
    save(
        tx,
        state.id,
        claimed_by_id=worker_id,
        at_place=state.at_place,
        in_hand=state.in_hand,
        serials=list(state.serials),
        counted=state.counted if state.kind == "count" else None,
        confirm_asked=state.confirm_asked,
    )


def save(tx: Transaction, task_id: int, **values: Any) -> None:
    """Change a locked task."""
    tx.execute(update(_task).where(_task.c.id == task_id).values(**values))


def _query() -> Select[Any]:
    return select(
        _task,
        _place.c.code.label("place_code"),
        _place.c.kind.label("place_kind"),
        _target.c.code.label("suggested"),
        _product.c.seller_id,
        _product.c.sku,
        _product.c.name,
        _product.c.tracking,
        _parcel.c.sscc,
        _user.c.name.label("worker_name"),
        func.coalesce(_balance.c.on_hand, 0).label("on_hand"),
        func.coalesce(_balance.c.reserved, 0).label("reserved"),
        func.coalesce(_balance.c.held, 0).label("balance_held"),
        _event.c.accepted.label("known_accepted"),
        _event.c.code.label("known_code"),
        _event.c.fields.label("known_fields"),
        _event.c.task_id.label("known_task"),
    ).select_from(
        _task.join(_place, _place.c.id == _task.c.location_id)
        .join(_product, _product.c.id == _task.c.product_id)
        .outerjoin(_target, _target.c.id == _task.c.target_id)
        .outerjoin(_parcel, _parcel.c.location_id == _task.c.location_id)
        .outerjoin(_user, _user.c.id == _task.c.claimed_by_id)
        .outerjoin(
            _balance,
            and_(
                _balance.c.location_id == _task.c.location_id,
                _balance.c.product_id == _task.c.product_id,
                _balance.c.lot == _task.c.lot,
            ),
        )
        .outerjoin(_event, _event.c.scan_id == bindparam("b_scan"))
    )


_LISTED = _query()
_READ = _LISTED.where(_task.c.id == bindparam("b_task"))
_LOCK = _READ.with_for_update(of=_task)
