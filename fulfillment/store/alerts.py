"""Alert rules, their alerts, and whose turn it is to do what is done by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Row,
    String,
    Text,
    Time,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.alerts import KINDS
from fulfillment.store.base import Base, Code, Id, one_of, table_of
from fulfillment.store.transaction import Transaction


class AlertRule(Base):
    """What is watched in a warehouse: :class:`fulfillment.domain.alerts.Rule`, and who is told."""

    __tablename__ = "alert_rule"
    __table_args__ = (one_of("kind", tuple(KINDS), "kind"),)
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    threshold: Mapped[int]
    for_minutes: Mapped[int] = mapped_column(default=0)
    urgent: Mapped[bool] = mapped_column(default=False)
    remind_hours: Mapped[int] = mapped_column(default=0)
    quiet_begins: Mapped[time | None] = mapped_column(Time)
    quiet_ends: Mapped[time | None] = mapped_column(Time)
    quiet_weekdays: Mapped[list[int]]
    user_ids: Mapped[list[int]]
    """Who gets an e-mail."""
    endpoint_ids: Mapped[list[int]]
    """Which webhooks are told; the page shows every alert."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class Alert(Base):
    """A figure that is or was bad: waits to open, is open, or is resolved.

    One that goes good before it opens leaves nothing behind.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_subject",
            "rule_id",
            "subject",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_alert_resolved", "warehouse_id", "resolved_at"),
    )
    id: Mapped[Id]
    rule_id: Mapped[int] = mapped_column(ForeignKey("alert_rule.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    subject: Mapped[Code]
    label: Mapped[str] = mapped_column(String(200))
    """The SKU, printer, station … as people know it; the code of a stage or of an exception."""
    value: Mapped[int]
    """As it was when it was last bad."""
    limit: Mapped[int]
    since: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    good_since: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    """What whoever acknowledged it wrote."""


class WorkerTurn(Base):
    """Something that one of all workers does by the clock: when the next turn is."""

    __tablename__ = "worker_turn"
    name: Mapped[Code] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(default=0)
    """Of the last turn that was taken: an older one that was slow knows that it is over."""


_rule, _alert, _turn = table_of(AlertRule), table_of(Alert), table_of(WorkerTurn)


# --- turns ---------------------------------------------------------------------------------


def turn_is_due(tx: Transaction, name: str) -> bool:
    """Whether a turn can be taken now, without any lock."""
    next_at = tx.execute(select(_turn.c.next_at).where(_turn.c.name == name)).scalar()
    return next_at is None or next_at <= tx.now


def take_turn(tx: Transaction, name: str, *, every: timedelta) -> int | None:
    """Take the turn, and so put the next one off; its number, None where another took it."""
    make = postgresql_insert if tx.is_postgresql else sqlite_insert
    first = make(_turn).values(name=name, next_at=tx.now, number=0)
    tx.execute(first.on_conflict_do_nothing())
    return tx.execute(
        update(_turn)
        .where(_turn.c.name == name, _turn.c.next_at <= tx.now)
        .values(next_at=tx.now + every, number=_turn.c.number + 1)
        .returning(_turn.c.number)
    ).scalar()


def is_still_my_turn(tx: Transaction, name: str, number: int) -> bool:
    """Whether nobody has taken a later turn; from now on nobody can until the commit."""
    query = select(_turn.c.number).where(_turn.c.name == name).with_for_update()
    return tx.execute(query).scalar() == number


# --- rules and alerts ----------------------------------------------------------------------


def watched_warehouses(tx: Transaction) -> list[int]:
    """The warehouses with a rule in use."""
    query = select(_rule.c.warehouse_id).where(_rule.c.active).distinct()
    return sorted(tx.execute(query).scalars())


def rules_of(tx: Transaction, warehouse_id: int) -> Sequence[Row[Any]]:
    """The rules of a warehouse that are in use, by id."""
    query = select(_rule).where(_rule.c.warehouse_id == warehouse_id, _rule.c.active)
    return tx.execute(query.order_by(_rule.c.id)).all()


def watched_of(tx: Transaction, warehouse_id: int) -> Sequence[Row[Any]]:
    """The alerts of a warehouse that are open or wait to open, by id."""
    query = select(_alert).where(
        _alert.c.warehouse_id == warehouse_id, _alert.c.resolved_at.is_(None)
    )
    return tx.execute(query.order_by(_alert.c.id)).all()


def insert_alert(tx: Transaction, **values: Any) -> int:
    """A subject that is watched from now on."""
    made = tx.execute(insert(_alert).values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def change_alert(tx: Transaction, alert_id: int, **values: Any) -> None:
    """What a look found."""
    tx.execute(update(_alert).where(_alert.c.id == alert_id).values(**values))


def forget_alerts(tx: Transaction, alert_ids: Sequence[int]) -> None:
    """They went good before they opened."""
    if alert_ids:
        tx.execute(
            delete(_alert).where(_alert.c.id.in_(sorted(alert_ids)), _alert.c.opened_at.is_(None))
        )


def end_alerts_of(tx: Transaction, rule_id: int) -> None:
    """A rule is out of use or changed: what it found is over, and nobody is told."""
    here = (_alert.c.rule_id == rule_id) & _alert.c.resolved_at.is_(None)
    tx.execute(delete(_alert).where(here, _alert.c.opened_at.is_(None)))
    tx.execute(update(_alert).where(here).values(resolved_at=tx.now))
