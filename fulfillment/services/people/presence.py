"""Who is asking: from a session's or a token's secret to an actor, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update

from fulfillment.domain.access import SessionLimits, at_station, narrowed
from fulfillment.domain.errors import NotLoggedIn
from fulfillment.domain.people import Actor
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.services.people.credentials import digest
from fulfillment.store.base import table_of
from fulfillment.store.people import WebSession, grants_in, session_rows, token_rows
from fulfillment.store.transaction import Transaction, reads, writes


@dataclass(frozen=True)
class Presence:
    """Somebody who is logged in, or a program with a token (then ``session_id`` is None)."""

    actor: Actor
    client: str
    """Who owns the idempotency keys: ``session:7`` or ``token:3``."""
    session_id: int | None = None
    must_choose_password: bool = False
    seen_is_old: bool = False
    """Whether :func:`mark_seen` is due."""
    idle_seconds: int = 0
    """After so long without a request the page locks itself."""


@reads
def by_session(tx: Transaction, token: str, *, limits: SessionLimits) -> Presence:
    """Who the session's secret belongs to; raises :class:`NotLoggedIn` if it is none or over."""
    rows = session_rows(tx, digest(token))
    if not rows:
        raise NotLoggedIn
    row = rows[0]
    idle_seconds = limits.office_idle_seconds
    if row.station_id is not None:
        idle_seconds = row.policy.get("idle_seconds", WarehousePolicy.idle_seconds)
    if limits.has_ended(
        tx.now,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        idle_seconds=idle_seconds,
    ):
        raise NotLoggedIn
    grants = grants_in(rows)
    if row.station_id is not None:
        grants = at_station(grants, warehouse_id=row.station_warehouse_id)
    seen_seconds = limits.seen_seconds(idle_seconds)
    return Presence(
        actor=Actor(row.user_id, row.name, grants, row.station_id, row.locale, row.units),
        client=f"session:{row.id}",
        session_id=row.id,
        must_choose_password=row.station_id is None and row.password_chosen_at is None,
        seen_is_old=tx.now - row.last_seen_at >= timedelta(seconds=seen_seconds),
        idle_seconds=idle_seconds,
    )


@reads
def by_token(tx: Transaction, token: str) -> Presence:
    """Which token it is, and what it may do; raises :class:`NotLoggedIn`."""
    rows = token_rows(tx, digest(token))
    if not rows:
        raise NotLoggedIn
    row = rows[0]
    grants = narrowed(
        grants_in(rows), tuple(row.scopes), tuple(row.warehouse_ids), tuple(row.seller_ids)
    )
    return Presence(
        actor=Actor(row.user_id, row.name, grants, row.station_id, row.locale, row.units),
        client=f"token:{row.id}",
    )


@writes
def mark_seen(tx: Transaction, session_id: int) -> None:
    """Remember that a session is in use."""
    table = table_of(WebSession)
    tx.execute(
        update(table)
        .where(table.c.id == session_id, table.c.ended_at.is_(None))
        .values(last_seen_at=tx.now)
    )
