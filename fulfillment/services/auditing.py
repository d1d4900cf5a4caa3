"""Prove the books on a live database, and look up who did what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text

from fulfillment.domain.people import Actor, Permission
from fulfillment.services.paging import Page
from fulfillment.store.base import table_of
from fulfillment.store.invariants import INVARIANTS
from fulfillment.store.journal import AuditEntry, ScanEvent
from fulfillment.store.orders import Shipment
from fulfillment.store.people import Station, User
from fulfillment.store.transaction import Transaction, reads, reads_snapshot
from fulfillment.store.work import PickList, Task

MOST_ROWS_SHOWN = 20


@dataclass(frozen=True)
class AuditReport:
    """Exceptions by invariant: name -> (how many rows, the first of them)."""

    found: dict[str, tuple[int, tuple[dict[str, Any], ...]]]

    @property
    def ok(self) -> bool:
        """Whether every invariant holds."""
        return not any(count for count, _rows in self.found.values())

    @property
    def rows(self) -> dict[str, int]:
        """Name -> number of offending rows."""
        return {name: count for name, (count, _rows) in self.found.items()}


@reads_snapshot
def audit(tx: Transaction) -> AuditReport:
    """Check every invariant in one snapshot of the database."""
    return _prove(tx)


@reads_snapshot
def audit_for(tx: Transaction, actor: Actor) -> AuditReport:
    """Like :func:`audit`; the rows are only for who may see all warehouses and sellers."""
    permission = Permission.SEE_REPORTS
    actor.require(permission)
    report = _prove(tx)
    if actor.warehouse_ids(permission) is None and actor.seller_ids(permission) is None:
        return report
    return AuditReport({name: (count, ()) for name, (count, _rows) in report.found.items()})


def _prove(tx: Transaction) -> AuditReport:
    found = {}
    for invariant in INVARIANTS:
        rows = tx.execute(text(invariant.exceptions)).mappings().all()
        shown = tuple(dict(row) for row in rows[:MOST_ROWS_SHOWN])
        found[invariant.name] = (len(rows), shown)
    return AuditReport(found)


@dataclass(frozen=True)
class Act:
    """An audited act: who did what, on what, why."""

    id: int
    at: datetime
    by: str
    act: str
    subject_kind: str
    subject_id: int
    warehouse_id: int | None
    reason: str
    details: dict[str, Any]


@reads
def list_acts(
    tx: Transaction,
    actor: Actor,
    *,
    act: str = "",
    subject_kind: str = "",
    before: int | None = None,
    limit: int = 50,
) -> Page[Act]:
    """The audited acts, the newest first; who sees some warehouses only sees the acts there."""
    actor.require(Permission.SEE_REPORTS)
    table, user = table_of(AuditEntry), table_of(User)
    query = select(table, user.c.name.label("by")).join(user, user.c.id == table.c.by_id)
    warehouse_ids = actor.warehouse_ids(Permission.SEE_REPORTS)
    if warehouse_ids is not None:
        query = query.where(table.c.warehouse_id.in_(sorted(warehouse_ids)))
    if act:
        query = query.where(table.c.act == act)
    if subject_kind:
        query = query.where(table.c.subject_kind == subject_kind)
    if before is not None:
        query = query.where(table.c.id < before)
    found = [
        Act(**{name: value for name, value in row._mapping.items() if name != "by_id"})
        for row in tx.execute(query.order_by(table.c.id.desc()).limit(limit + 1))
    ]
    return Page.cut(found, limit=limit, key=_id_of)


@dataclass(frozen=True)
class LoggedScan:
    """A scan as it was answered; ``undone`` when a later one took it back."""

    id: int
    at: datetime
    process: str
    by: str
    station: str | None
    raw: str
    source: str
    accepted: bool
    code: str
    fields: dict[str, Any]
    shipment: str | None
    quantity: int
    undone: bool


@reads
def list_scans(
    tx: Transaction,
    actor: Actor,
    *,
    shipment_id: int | None = None,
    station_id: int | None = None,
    process: str = "",
    accepted: bool | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[LoggedScan]:
    """The scan log of the warehouses whose reports the actor sees, the newest first."""
    actor.require(Permission.SEE_REPORTS)
    query = _scans_of(actor.warehouse_ids(Permission.SEE_REPORTS))
    if shipment_id is not None:
        query = query.where(_scan.c.shipment_id == shipment_id)
    if station_id is not None:
        query = query.where(_scan.c.station_id == station_id)
    if process:
        query = query.where(_scan.c.process == process)
    if accepted is not None:
        query = query.where(_scan.c.accepted == accepted)
    if before is not None:
        query = query.where(_scan.c.id < before)
    rows = tx.execute(query.order_by(_scan.c.id.desc()).limit(limit + 1))
    return Page.cut([LoggedScan(**row._mapping) for row in rows], limit=limit, key=_id_of)


def _id_of(row: Act | LoggedScan) -> tuple[int]:
    return (row.id,)


_scan, _user = table_of(ScanEvent), table_of(User)
_station, _shipment = table_of(Station), table_of(Shipment)
_list, _task = table_of(PickList), table_of(Task)


def _scans_of(warehouse_ids: frozenset[int] | None) -> Select[Any]:
    """Where a scan happened is told by its station, or by the work that it was for."""
    query = (
        select(
            _scan.c.id,
            _scan.c.at,
            _scan.c.process,
            _user.c.name.label("by"),
            _station.c.code.label("station"),
            _scan.c.raw,
            _scan.c.source,
            _scan.c.accepted,
            _scan.c.code,
            _scan.c.fields,
            _shipment.c.number.label("shipment"),
            _scan.c.quantity,
            _scan.c.undone_by_id.is_not(None).label("undone"),
        )
        .join(_user, _user.c.id == _scan.c.user_id)
        .outerjoin(_station, _station.c.id == _scan.c.station_id)
        .outerjoin(_shipment, _shipment.c.id == _scan.c.shipment_id)
    )
    if warehouse_ids is None:
        return query
    place = func.coalesce(
        _station.c.warehouse_id,
        _shipment.c.warehouse_id,
        select(_list.c.warehouse_id).where(_list.c.id == _scan.c.pick_list_id).scalar_subquery(),
        select(_task.c.warehouse_id).where(_task.c.id == _scan.c.task_id).scalar_subquery(),
    )
    return query.where(place.in_(sorted(warehouse_ids)))
