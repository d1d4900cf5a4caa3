"""Waves, pick lists with their stops and feeds, totes in use, and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    CompoundSelect,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.states import PICK_LIST, PICK_STOP, TASK
from fulfillment.domain.values import PICK_METHODS, TASK_KINDS
from fulfillment.store.base import Base, Id, in_states, one_of, table_of
from fulfillment.store.transaction import Transaction


class Wave(Base):
    """Shipments released together."""

    __tablename__ = "wave"
    __table_args__ = (Index("ix_wave_released", "warehouse_id", "released_at"),)
    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(32), unique=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    choice: Mapped[dict[str, Any]]
    """What was asked for: cut-off, carrier, zone, priority, single or multi item."""
    released_at: Mapped[datetime]
    released_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class PickList(Base):
    """One walk of one picker."""

    __tablename__ = "pick_list"
    __table_args__ = (
        in_states(PICK_LIST),
        one_of("method", PICK_METHODS, "method"),
        Index("ix_pick_list_queue", "warehouse_id", "state", "due_at"),
    )
    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(32), unique=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), index=True)
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    method: Mapped[str] = mapped_column(String(16), default="cart")
    """``cart``: a tote for each shipment; ``batch``: all in batch totes, sorted afterwards."""
    state: Mapped[str] = mapped_column(String(16), default=PICK_LIST.initial)
    priority: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    walk: Mapped[dict[str, Any]]
    """Length in metres, how it was proved, and what the page says about it."""
    picker_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    claimed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    current_stop_id: Mapped[int | None]
    """The stop whose bin was scanned last."""
    in_hand_feed_id: Mapped[int | None]
    """The feed whose item was scanned and whose tote is awaited."""
    in_hand: Mapped[int] = mapped_column(default=0)
    in_hand_serials: Mapped[list[str]] = mapped_column(default=list)
    short_asked: Mapped[bool] = mapped_column(default=False)
    """SHORT was scanned, its reason is awaited."""
    short_found: Mapped[int | None]
    """Units that the picker says were found for the stop, all totes together."""


class PickListShipment(Base):
    """Which shipment is collected at which position of the cart."""

    __tablename__ = "pick_list_shipment"
    __table_args__ = (
        UniqueConstraint("pick_list_id", "position"),
        Index("ix_pick_list_shipment_shipment", "shipment_id"),
    )
    pick_list_id: Mapped[int] = mapped_column(ForeignKey("pick_list.id"), primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), primary_key=True)
    position: Mapped[int]
    dropped_at: Mapped[datetime | None]
    """When the picker was told that the shipment is cancelled."""


class PickStop(Base):
    """One bin × product × lot of a pick list."""

    __tablename__ = "pick_stop"
    __table_args__ = (
        in_states(PICK_STOP),
        UniqueConstraint("pick_list_id", "sequence"),
        Index("ix_pick_stop_place", "location_id", "product_id"),
    )
    id: Mapped[Id]
    pick_list_id: Mapped[int] = mapped_column(ForeignKey("pick_list.id"))
    sequence: Mapped[int]
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    lot: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(16), default=PICK_STOP.initial)


class PickFeed(Base):
    """How many of a stop go to one shipment line."""

    __tablename__ = "pick_feed"
    __table_args__ = (
        UniqueConstraint("stop_id", "shipment_line_id"),
        CheckConstraint(
            "quantity > 0 AND picked >= 0 AND short >= 0 AND picked + short <= quantity",
            name="units",
        ),
        Index("ix_pick_feed_shipment_line", "shipment_line_id"),
    )
    id: Mapped[Id]
    stop_id: Mapped[int] = mapped_column(ForeignKey("pick_stop.id"))
    shipment_line_id: Mapped[int] = mapped_column(ForeignKey("shipment_line.id"))
    position: Mapped[int]
    quantity: Mapped[int]
    picked: Mapped[int] = mapped_column(default=0)
    short: Mapped[int] = mapped_column(default=0)


class ToteUse(Base):
    """A tote, or a slot of a put wall, that holds goods of a shipment until it is packed empty.

    A batch tote holds goods of many shipments, those of its pick list: its ``shipment_id`` is
    NULL, and whose units they are is said by the reservations there.
    """

    __tablename__ = "tote_use"
    __table_args__ = (
        CheckConstraint("shipment_id IS NOT NULL OR pick_list_id IS NOT NULL", name="whose"),
        Index(
            "ix_tote_use_batch",
            "pick_list_id",
            sqlite_where=text("shipment_id IS NULL"),
            postgresql_where=text("shipment_id IS NULL"),
        ),
        Index(
            "uq_tote_use_open",
            "tote_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_tote_use_shipment", "shipment_id"),
    )
    id: Mapped[Id]
    tote_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipment.id"))
    pick_list_id: Mapped[int | None] = mapped_column(ForeignKey("pick_list.id"))
    """The walk on which it is filled: two pickers of one shipment have a tote each."""
    opened_at: Mapped[datetime]
    full_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class Task(Base):
    """Work that somebody does by scans: put-back, count, replenishment."""

    __tablename__ = "task"
    __table_args__ = (
        in_states(TASK),
        one_of("kind", TASK_KINDS, "kind"),
        CheckConstraint("quantity >= 0 AND done >= 0 AND done <= quantity", name="units"),
        Index("ix_task_queue", "warehouse_id", "state", "kind"),
        Index("ix_task_shipment", "shipment_id"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    state: Mapped[str] = mapped_column(String(16), default=TASK.initial)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    """Where the goods are (put-back), or which bin is counted."""
    target_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    """Where they should go: a suggestion, any bin of the warehouse is taken."""
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    lot: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[int] = mapped_column(default=0)
    """Units to bring home (put-back); units missing (count)."""
    done: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    """Units held in the bin until the count is done."""
    counted: Mapped[int | None]
    """Units counted so far (count); NULL until one was counted."""
    at_place: Mapped[bool] = mapped_column(default=False)
    """The tote (put-back) or the bin (count) was scanned."""
    in_hand: Mapped[int] = mapped_column(default=0)
    """Units taken out of the tote whose bin is awaited (put-back)."""
    serials: Mapped[list[str]] = mapped_column(default=list)
    """Serial numbers in hand (put-back) or counted (count)."""
    confirm_asked: Mapped[bool] = mapped_column(default=False)
    """A count that differs was confirmed once."""
    reason: Mapped[str] = mapped_column(String(64), default="")
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipment.id"))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    finished_at: Mapped[datetime | None]
    finished_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


def fresh_ids(tx: Transaction, counts: Mapping[type[Base], int]) -> dict[type[Base], list[int]]:
    """Unused ids of several tables in one statement, so that whole trees of rows are inserted at
    once without asking for the ids of the upper ones."""
    query = (_next_ids if tx.is_postgresql else _last_ids)(*counts)
    wanted = {model.__tablename__: count for model, count in counts.items()}
    rows: Sequence[Any] = tx.execute(query, wanted if tx.is_postgresql else {}).all()
    found: dict[type[Base], list[int]] = {}
    for number, (model, count) in enumerate(counts.items()):
        ids = sorted(row[1] for row in rows if row[0] == number)
        found[model] = ids if tx.is_postgresql else list(range(ids[0] + 1, ids[0] + 1 + count))
    return found


@cache
def _next_ids(*models: type[Base]) -> CompoundSelect[Any]:
    """The next so many values of each sequence, on PostgreSQL."""
    return union_all(
        *(
            select(literal(number), func.nextval(f"{model.__tablename__}_id_seq")).select_from(
                func.generate_series(1, bindparam(model.__tablename__)).table_valued("n")
            )
            for number, model in enumerate(models)
        )
    )


@cache
def _last_ids(*models: type[Base]) -> CompoundSelect[Any]:
    """The highest id of each table: on SQLite nobody else writes meanwhile."""
    return union_all(
        *(
            select(literal(number), func.coalesce(func.max(table_of(model).c.id), 0))
            for number, model in enumerate(models)
        )
    )
