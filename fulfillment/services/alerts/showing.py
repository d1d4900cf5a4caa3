"""Alerts as people see them: those that are open, those of before, and the bell that counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select, update

from fulfillment.domain.access import covers
from fulfillment.domain.errors import NothingToDo, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.paging import Page
from fulfillment.store import alerts as rows
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.people import User
from fulfillment.store.transaction import Transaction, reads, writes

_alert, _rule = table_of(rows.Alert), table_of(rows.AlertRule)
_user, _warehouse = table_of(User), table_of(Warehouse)
MOST_OPEN = 500


@dataclass(frozen=True)
class AlertView:
    """An alert as it is shown."""

    id: int
    rule_id: int
    kind: str
    urgent: bool
    warehouse_id: int
    warehouse: str
    timezone: str
    subject: str
    label: str
    value: int
    limit: int
    since: datetime
    opened_at: datetime
    told_at: datetime | None
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str


@reads
def open_alerts(
    tx: Transaction, actor: Actor, *, warehouse_id: int | None = None
) -> tuple[AlertView, ...]:
    """The open alerts that the actor sees: nobody's first, urgent ones first, then the oldest."""
    query = (
        _ALERTS.where(_is_open(), *_seen(actor, warehouse_id))
        .order_by(_alert.c.acknowledged_at.is_not(None), _rule.c.urgent.desc(), _alert.c.id)
        .limit(MOST_OPEN)
    )
    return tuple(_view(row) for row in tx.execute(query))


@reads
def past_alerts(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[AlertView]:
    """The alerts that are over, the newest first."""
    query: Select[Any] = _ALERTS.where(
        _alert.c.resolved_at.is_not(None), *_seen(actor, warehouse_id)
    )
    if before is not None:
        query = query.where(_alert.c.id < before)
    found = [_view(row) for row in tx.execute(query.order_by(_alert.c.id.desc()).limit(limit + 1))]
    return Page.cut(found, limit=limit, key=lambda one: (one.id,))


@reads
def count_for_bell(tx: Transaction, actor: Actor) -> int:
    """How many open alerts nobody has acknowledged, in all warehouses that the actor sees."""
    query = (
        select(func.count())
        .select_from(_alert)
        .where(_is_open(), _alert.c.acknowledged_at.is_(None), *_seen(actor, None))
    )
    return int(tx.execute(query).scalar_one())


@writes
def acknowledge(tx: Transaction, actor: Actor, alert_id: int, *, note: str = "") -> None:
    """Somebody sees to it: nobody is reminded any more."""
    actor.require(Permission.OVERRIDE)
    row = tx.execute(
        select(_alert).where(_alert.c.id == alert_id, _alert.c.opened_at.is_not(None))
    ).one_or_none()
    if row is None or not covers(
        actor, Permission.OVERRIDE, warehouse_id=row.warehouse_id, seller_id=None
    ):
        raise UnknownThing(kind="alert", key=str(alert_id))
    changed = tx.execute(
        update(_alert)
        .where(_alert.c.id == alert_id, _is_open(), _alert.c.acknowledged_at.is_(None))
        .values(acknowledged_at=tx.now, acknowledged_by_id=actor.user_id, note=note)
    )
    if not changed.rowcount:
        raise NothingToDo(what="alert")
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="alert-acknowledged",
        subject=("alert", alert_id),
        warehouse_id=row.warehouse_id,
        reason=note,
    )


_ALERTS = select(
    _alert,
    _rule.c.kind,
    _rule.c.urgent,
    _warehouse.c.code.label("warehouse"),
    _warehouse.c.timezone,
    _user.c.name.label("acknowledged_by"),
).select_from(
    _alert.join(_rule, _rule.c.id == _alert.c.rule_id)
    .join(_warehouse, _warehouse.c.id == _alert.c.warehouse_id)
    .outerjoin(_user, _user.c.id == _alert.c.acknowledged_by_id)
)


def _is_open() -> ColumnElement[bool]:
    return _alert.c.opened_at.is_not(None) & _alert.c.resolved_at.is_(None)


def _seen(actor: Actor, warehouse_id: int | None) -> list[ColumnElement[bool]]:
    """Alerts are about all sellers of a warehouse: who sees some only sees none."""
    permission = Permission.SEE_REPORTS
    actor.require(permission)
    parts: list[ColumnElement[bool]] = []
    if warehouse_id is not None:
        if not actor.may(permission, warehouse_id=warehouse_id):
            raise UnknownThing(kind="warehouse", key=str(warehouse_id))
        parts.append(_alert.c.warehouse_id == warehouse_id)
    of_all_sellers = [
        grant.warehouse_id
        for grant in actor.grants
        if permission in grant.permissions and grant.seller_id is None
    ]
    if None not in of_all_sellers:
        parts.append(_alert.c.warehouse_id.in_([key for key in of_all_sellers if key is not None]))
    return parts


def _view(row: Row[Any]) -> AlertView:
    return AlertView(
        id=row.id,
        rule_id=row.rule_id,
        kind=row.kind,
        urgent=row.urgent,
        warehouse_id=row.warehouse_id,
        warehouse=row.warehouse,
        timezone=row.timezone,
        subject=row.subject,
        label=row.label,
        value=row.value,
        limit=row.limit,
        since=row.since,
        opened_at=row.opened_at,
        told_at=row.told_at,
        resolved_at=row.resolved_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by or "",
        note=row.note,
    )
