"""Productivity and accuracy of the floor, from the log of the scans."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Row, and_, distinct, func, or_, select

from fulfillment.domain.board.pace import SLOT_MINUTES
from fulfillment.domain.reporting.sheets import Sheet, columns
from fulfillment.services.board.reading import slot
from fulfillment.services.reports.frame import Report, Scope
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Parcel
from fulfillment.store.people import Station, User
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickList, Task

_scan, _user, _station = table_of(ScanEvent), table_of(User), table_of(Station)
_list, _shipment, _task = table_of(PickList), table_of(Shipment), table_of(Task)
_parcel, _product = table_of(Parcel), table_of(Product)

_PEOPLE = columns(
    "name process orders:count pieces:count scans:count active_minutes:count"
    " orders_an_hour:count pieces_an_hour:count"
)
_SCANS = columns("name process scans:count refused:count refused_percent:percent")
_CODES = columns("process code refused:count")
_SHORTS = columns("warehouse reason short_picks:count units:count")
_WEIGHTS = columns("warehouse reason parcels:count")

_COUNTED = and_(_scan.c.accepted, _scan.c.quantity > 0, _scan.c.undone_by_id.is_(None))
_WORKED = or_(_COUNTED, and_(_scan.c.process == "dispatch", _scan.c.accepted))
_HERE = func.coalesce(
    _station.c.warehouse_id, _list.c.warehouse_id, _shipment.c.warehouse_id, _task.c.warehouse_id
)
_SCANNED = (
    _scan.join(_user, _user.c.id == _scan.c.user_id)
    .outerjoin(_station, _station.c.id == _scan.c.station_id)
    .outerjoin(_list, _list.c.id == _scan.c.pick_list_id)
    .outerjoin(_shipment, _shipment.c.id == _scan.c.shipment_id)
    .outerjoin(_task, _task.c.id == _scan.c.task_id)
)


def _by_person(tx: Transaction, scope: Scope) -> Iterable[Row[tuple[object, ...]]]:
    query = (
        select(
            _user.c.name,
            _scan.c.process,
            func.count(distinct(_scan.c.shipment_id)).filter(_WORKED).label("orders"),
            func.coalesce(func.sum(_scan.c.quantity).filter(_COUNTED), 0).label("pieces"),
            func.count().label("scans"),
            func.count().filter(_scan.c.accepted.is_(False)).label("refused"),
            func.count(distinct(slot(tx))).label("slots"),
        )
        .select_from(_SCANNED)
        .where(scope.within(_HERE, _scan.c.at, scope.choice.days))
        .group_by(_user.c.id, _user.c.name, _scan.c.process)
        .order_by(_user.c.name, _user.c.id, _scan.c.process)
    )
    return tx.execute(query).all()


def _productivity(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    rows = []
    for row in _by_person(tx, scope):
        minutes, pieces = row.slots * SLOT_MINUTES, int(row.pieces)
        rows.append(
            (
                row.name,
                row.process,
                row.orders,
                pieces,
                row.scans,
                minutes,
                round(60 * row.orders / minutes, 1),
                round(60 * pieces / minutes, 1),
            )
        )
    return (Sheet("productivity", _PEOPLE, tuple(rows)),)


def _accuracy(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    people = tuple(
        (row.name, row.process, row.scans, row.refused, 100 * row.refused / row.scans)
        for row in _by_person(tx, scope)
    )
    codes = (
        select(_scan.c.process, _scan.c.code, func.count().label("refused"))
        .select_from(_SCANNED)
        .where(_scan.c.accepted.is_(False), scope.within(_HERE, _scan.c.at, scope.choice.days))
        .group_by(_scan.c.process, _scan.c.code)
        .order_by(func.count().desc(), _scan.c.process, _scan.c.code)
    )
    shorts = (
        select(
            _task.c.warehouse_id,
            _task.c.reason,
            func.count().label("tasks"),
            func.sum(_task.c.quantity).label("units"),
        )
        .join(_product, _product.c.id == _task.c.product_id)
        .where(
            _task.c.kind == "count",
            scope.within(_task.c.warehouse_id, _task.c.created_at, scope.choice.days),
            *scope.of_sellers(_product.c.seller_id),
        )
        .group_by(_task.c.warehouse_id, _task.c.reason)
        .order_by(_task.c.warehouse_id, func.count().desc(), _task.c.reason)
    )
    weights = (
        select(_shipment.c.warehouse_id, _parcel.c.override_reason, func.count().label("parcels"))
        .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
        .where(
            _parcel.c.override_by_id.is_not(None),
            scope.within(_shipment.c.warehouse_id, _parcel.c.weighed_at, scope.choice.days),
        )
        .group_by(_shipment.c.warehouse_id, _parcel.c.override_reason)
        .order_by(_shipment.c.warehouse_id, func.count().desc(), _parcel.c.override_reason)
    )
    return (
        Sheet("accuracy", _SCANS, people),
        Sheet("refused-scans", _CODES, tuple(tuple(row) for row in tx.execute(codes))),
        Sheet(
            "short-picks",
            _SHORTS,
            tuple(
                (scope.codes[row.warehouse_id], row.reason, row.tasks, int(row.units))
                for row in tx.execute(shorts)
            ),
        ),
        Sheet(
            "weight-overrides",
            _WEIGHTS,
            tuple(
                (scope.codes[row.warehouse_id], row.override_reason, row.parcels)
                for row in tx.execute(weights)
            ),
        ),
    )


PRODUCTIVITY = Report("productivity", _productivity)
ACCURACY = Report("accuracy", _accuracy)
