"""What waits for somebody's decision.  A kind is one query: its count is the number on the board,
its rows are the list behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, exists, func, literal, or_, select, union_all
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import String

from fulfillment.domain.board.pace import WINDOW
from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor
from fulfillment.services.board.reading import House, house_seen
from fulfillment.services.station_beats import SILENT_AFTER
from fulfillment.store.base import UtcDateTime, in_state, table_of
from fulfillment.store.catalog import Location, Product
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import Parcel
from fulfillment.store.people import Station, StationBeat, User, WebSession
from fulfillment.store.printing import Printer, PrintJob
from fulfillment.store.purchases import LabelPurchase
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import PickList, Task

MOST_ROWS = 200
UNKNOWN_CODES = ("unknown-barcode", "unknown-tote", "unknown-bin", "parcel-unknown")
AT_THE_BENCH = ("packing", "packed", "labelled")

_scan, _user, _station = table_of(ScanEvent), table_of(User), table_of(Station)
_beat, _session = table_of(StationBeat), table_of(WebSession)
_task, _product, _location = table_of(Task), table_of(Product), table_of(Location)
_parcel, _shipment, _order = table_of(Parcel), table_of(Shipment), table_of(Order)
_purchase = table_of(LabelPurchase)
_job, _printer, _list = table_of(PrintJob), table_of(Printer), table_of(PickList)


@dataclass(frozen=True)
class Exceptional:
    """One thing that waits: since when, what it is about, what is the matter, who was there."""

    at: datetime | None
    about: str
    detail: str
    by: str
    order_id: int | None


@reads
def list_exceptions(
    tx: Transaction, actor: Actor, warehouse_id: int, kind: str
) -> tuple[Exceptional, ...]:
    """The things of one kind, the latest first, at most :data:`MOST_ROWS`."""
    house = house_seen(tx, actor, warehouse_id)
    if kind not in KINDS:
        raise UnknownThing(kind="exception", key=kind)
    found = KINDS[kind](house, tx.now).subquery()
    query = (
        select(
            found.c.at,
            found.c.about,
            found.c.detail,
            func.coalesce(_user.c.name, "").label("by"),
            found.c.order_id,
        )
        .outerjoin(_user, _user.c.id == found.c.by_id)
        .order_by(found.c.at.desc(), found.c.about)
        .limit(MOST_ROWS)
    )
    return tuple(Exceptional(**row._mapping) for row in tx.execute(query))


def count_exceptions(tx: Transaction, house: House) -> dict[str, int]:
    """How many there are of each kind, in one statement."""
    counts = [
        select(literal(kind).label("kind"), func.count().label("things")).select_from(
            query(house, tx.now).subquery()
        )
        for kind, query in KINDS.items()
    ]
    found = {row.kind: row.things for row in tx.execute(union_all(*counts))}
    return {kind: found[kind] for kind in KINDS}


# --- the kinds ---------------------------------------------------------------------------


def _columns(at: Any, about: Any, detail: Any, by_id: Any, order_id: Any = None) -> Any:
    """What every kind selects."""
    return (
        at.label("at") if at is not None else literal(None, type_=UtcDateTime).label("at"),
        about.label("about"),
        detail.label("detail"),
        (by_id if by_id is not None else _NOBODY).label("by_id"),
        (order_id if order_id is not None else _NOBODY).label("order_id"),
    )


_NOBODY: Any = literal(None, type_=_user.c.id.type)


def _short_picks(house: House, _now: datetime) -> Select[Any]:
    """Pieces that were not in their bin: the count that settles it is open."""
    return (
        select(
            *_columns(
                _task.c.created_at,
                _location.c.code,
                _product.c.sku + " · " + _task.c.reason,
                _task.c.created_by_id,
            )
        )
        .select_from(
            _task.join(_product, _product.c.id == _task.c.product_id).join(
                _location, _location.c.id == _task.c.location_id
            )
        )
        .where(
            _task.c.warehouse_id == house.warehouse_id,
            _task.c.state == "open",
            _task.c.kind == "count",
        )
    )


def _weights(house: House, _now: datetime) -> Select[Any]:
    """Parcels whose weight was refused and that are not weighed since."""
    return (
        select(
            *_columns(
                func.max(_scan.c.at),
                _order.c.number,
                _parcel.c.sscc,
                func.max(_scan.c.user_id),
                _order.c.id,
            )
        )
        .select_from(
            _shipment.join(_order, _order.c.id == _shipment.c.order_id)
            .join(_parcel, _parcel.c.shipment_id == _shipment.c.id)
            .join(
                _scan,
                (_scan.c.shipment_id == _shipment.c.id) & (_scan.c.parcel_id == _parcel.c.id),
            )
        )
        .where(
            _shipment.c.warehouse_id == house.warehouse_id,
            _shipment.c.state.in_(AT_THE_BENCH),
            _parcel.c.state.in_(("open", "closed")),
            _scan.c.code == "weight-outside",
        )
        .group_by(_parcel.c.id, _parcel.c.sscc, _order.c.id, _order.c.number)
    )


def _overrides(house: House, now: datetime) -> Select[Any]:
    """Weights of today that a supervisor let pass."""
    midnight = house.midnight(now)
    return (
        select(
            *_columns(
                _parcel.c.weighed_at,
                _order.c.number,
                _parcel.c.override_reason,
                _parcel.c.override_by_id,
                _order.c.id,
            )
        )
        .select_from(
            _shipment.join(_order, _order.c.id == _shipment.c.order_id).join(
                _parcel, _parcel.c.shipment_id == _shipment.c.id
            )
        )
        .where(
            _shipment.c.warehouse_id == house.warehouse_id,
            or_(_shipment.c.state.in_(AT_THE_BENCH), _shipment.c.shipped_at >= midnight),
            _parcel.c.override_by_id.is_not(None),
            _parcel.c.weighed_at >= midnight,
        )
    )


def _print_jobs(house: House, _now: datetime) -> Select[Any]:
    """Documents that failed, or of which nobody knows whether they came out."""
    return (
        select(
            *_columns(
                _job.c.requested_at,
                _printer.c.code + " · " + _job.c.document_kind,
                case((_job.c.detail == "", _job.c.state), else_=_job.c.detail),
                _job.c.requested_by_id,
            )
        )
        .select_from(_job.join(_printer, _printer.c.id == _job.c.printer_id))
        .where(
            _printer.c.warehouse_id == house.warehouse_id,
            in_state(_job, "queued", "leased", "unknown", "failed"),  # the words of the index
            _job.c.state.in_(("failed", "unknown")),
        )
    )


def _printers(house: House, _now: datetime) -> Select[Any]:
    """Printers that are away or want something."""
    wish = case(
        (_printer.c.condition_detail == "", _printer.c.condition),
        else_=_printer.c.condition_detail,
    )
    return select(*_columns(_printer.c.condition_at, _printer.c.code, wish, None)).where(
        _printer.c.warehouse_id == house.warehouse_id,
        _printer.c.active,
        _printer.c.condition.in_(("attention", "offline")),
    )


def _carriers(house: House, _now: datetime) -> Select[Any]:
    """Labels that a carrier refused, does not answer for, or will not take back."""
    later = _purchase.alias("later")
    replaced = exists().where(
        later.c.parcel_id == _purchase.c.parcel_id, later.c.id > _purchase.c.id
    )
    unsettled = select(_purchase.c.id).where(
        in_state(_purchase, "intended", "asked", "unknown", "voiding", "void-refused"),  # the index
        or_(in_state(_purchase, "unknown", "void-refused"), _purchase.c.attempts > 1),
    )
    refused = (
        select(_purchase.c.id)
        .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
        .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
        .where(_shipment.c.state.in_(AT_THE_BENCH), in_state(_purchase, "refused"), ~replaced)
    )
    trouble = _purchase.c.id.in_(union_all(unsettled, refused))
    wish = case((_purchase.c.detail == "", _purchase.c.state), else_=_purchase.c.detail)
    return (
        select(
            *_columns(
                _purchase.c.intended_at,
                _order.c.number,
                _purchase.c.carrier + " · " + wish,
                _purchase.c.intended_by_id,
                _order.c.id,
            )
        )
        .select_from(
            _purchase.join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
            .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
            .join(_order, _order.c.id == _shipment.c.order_id)
        )
        .where(_shipment.c.warehouse_id == house.warehouse_id, trouble)
    )


def _unknown_barcodes(house: House, now: datetime) -> Select[Any]:
    """Barcodes that somebody scanned in the last hour and that nobody knows."""
    here = func.coalesce(_station.c.warehouse_id, _list.c.warehouse_id, _shipment.c.warehouse_id)
    return (
        select(
            *_columns(
                _scan.c.at,
                sql_cast(_scan.c.raw, String),
                func.coalesce(_station.c.code, _list.c.number, _scan.c.process),
                _scan.c.user_id,
            )
        )
        .select_from(
            _scan.outerjoin(_station, _station.c.id == _scan.c.station_id)
            .outerjoin(_list, _list.c.id == _scan.c.pick_list_id)
            .outerjoin(_shipment, _shipment.c.id == _scan.c.shipment_id)
        )
        .where(
            _scan.c.at > now - WINDOW,
            _scan.c.accepted.is_(False),
            _scan.c.code.in_(UNKNOWN_CODES),
            here == house.warehouse_id,
        )
    )


def _scales(house: House, now: datetime) -> Select[Any]:
    """Scales that a station's page has and does not reach; of stations that are heard of."""
    return _stations(_beat.c.scale_at, _station.c.name).where(
        _station.c.warehouse_id == house.warehouse_id,
        _beat.c.scale == "away",
        _beat.c.at > now - SILENT_AFTER,
    )


def _unsent(house: House, _now: datetime) -> Select[Any]:
    """Stations that keep scans, as they said when they were heard of last."""
    return _stations(_beat.c.at, sql_cast(_beat.c.unsent, String)).where(
        _station.c.warehouse_id == house.warehouse_id, _beat.c.unsent > 0
    )


def _silent(house: House, now: datetime) -> Select[Any]:
    """Stations that fell silent in the last hour while somebody works there: they may keep scans."""
    logged_in = exists().where(
        _session.c.station_id == _station.c.id, _session.c.ended_at.is_(None)
    )
    return _stations(_beat.c.at, _station.c.name).where(
        _station.c.warehouse_id == house.warehouse_id,
        _beat.c.at <= now - SILENT_AFTER,
        _beat.c.at > now - WINDOW,
        logged_in,
    )


def _stations(since: Any, detail: Any) -> Select[Any]:
    return select(*_columns(since, _station.c.code, detail, _beat.c.by_id)).select_from(
        _station.join(_beat, _beat.c.station_id == _station.c.id)
    )


KINDS: Mapping[str, Callable[[House, datetime], Select[Any]]] = {
    "short-picks": _short_picks,
    "weights": _weights,
    "overrides": _overrides,
    "print-jobs": _print_jobs,
    "printers": _printers,
    "carriers": _carriers,
    "scales": _scales,
    "unsent": _unsent,
    "silent": _silent,
    "unknown-barcodes": _unknown_barcodes,
}
"""In the order of the board."""
