"""Prove the books on a live database, and look up who did what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from fulfillment.domain.errors import NotPermitted
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.paging import Page
from fulfillment.store.base import table_of
from fulfillment.store.invariants import INVARIANTS
from fulfillment.store.journal import AuditEntry
from fulfillment.store.people import User
from fulfillment.store.transaction import Transaction, reads, reads_snapshot

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
    """Like :func:`audit`, for somebody who may see the reports of all warehouses and sellers."""
    permission = Permission.SEE_REPORTS
    if actor.warehouse_ids(permission) is not None or actor.seller_ids(permission) is not None:
        raise NotPermitted(permission=permission)
    return _prove(tx)


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
    return Page.cut(found, limit=limit, key=lambda one: (one.id,))
