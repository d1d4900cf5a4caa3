"""What happened: scans, idempotency keys, messages to the world, acts that are audited."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.errors import KeyReused
from fulfillment.domain.outbox import cause_of
from fulfillment.domain.values import ScanSource
from fulfillment.store.base import BIG, DOCUMENT, Base, Code, Id, one_of, table_of
from fulfillment.store.transaction import AnsweredBefore, Claim, Transaction


class ScanEvent(Base):
    """Every scan, refused ones too, with the answer that was given.

    ``scan_id`` is made by the page before sending; the same id again is answered from here.
    """

    __tablename__ = "scan_event"
    __table_args__ = (
        one_of("process", ("pick", "pack", "sort", "task", "dispatch"), "process"),
        one_of("source", get_args(ScanSource), "source"),
        Index("ix_scan_event_shipment", "shipment_id"),
        Index("ix_scan_event_pick_list", "pick_list_id"),
        Index("ix_scan_event_at", "at"),
    )
    id: Mapped[Id]
    scan_id: Mapped[str] = mapped_column(String(64), unique=True)
    process: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    raw: Mapped[str] = mapped_column(String(512))
    source: Mapped[str] = mapped_column(String(8), default="scanner")
    """What read it."""
    accepted: Mapped[bool]
    code: Mapped[Code]
    fields: Mapped[dict[str, Any]]
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipment.id"))
    parcel_id: Mapped[int | None] = mapped_column(ForeignKey("parcel.id"))
    pick_list_id: Mapped[int | None] = mapped_column(ForeignKey("pick_list.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    wall_id: Mapped[int | None] = mapped_column(ForeignKey("put_wall.id"))
    shipment_line_id: Mapped[int | None] = mapped_column(ForeignKey("shipment_line.id"))
    lot: Mapped[str] = mapped_column(String(64), default="")
    serial: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[int] = mapped_column(default=0)
    """Pieces that this scan counted (0 for everything that counts none)."""
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("scan_event.id"))
    """The scan that took it back."""


class IdempotencyRecord(Base):
    """A key, the request it came with, and the first answer."""

    __tablename__ = "idempotency_record"
    client: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    body: Mapped[Any] = mapped_column(DOCUMENT, nullable=True)
    created_at: Mapped[datetime]


class OutboxMessage(Base):
    """Something to tell the world, written with its cause; ``store/outbox.py`` delivers it."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_unrouted",
            "id",
            sqlite_where=text("routed_at IS NULL"),
            postgresql_where=text("routed_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    topic: Mapped[Code]
    key: Mapped[str] = mapped_column(String(128), unique=True)
    """Makes a repeat harmless at the receiver, and a second message for one cause impossible."""
    cause: Mapped[str] = mapped_column(String(128))
    """What it is about (``shipment:12``): each receiver hears of it in the order of the messages."""
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    routed_at: Mapped[datetime | None]
    """When it was shared out to whoever gets it."""


class AuditEntry(Base):
    """An act that somebody may ask about: who, what, on what, why.  Append-only."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_kind", "subject_id"),)
    id: Mapped[Id]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    act: Mapped[Code]
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int] = mapped_column(BIG)
    warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any]]


def known_scan(tx: Transaction, scan_id: str) -> Any | None:
    """The row of an earlier scan with this id: ``accepted, code, fields, shipment_id …``."""
    return tx.execute(_KNOWN_SCAN, {"scan_id": scan_id}).one_or_none()


_KNOWN_SCAN = select(table_of(ScanEvent)).where(
    table_of(ScanEvent).c.scan_id == bindparam("scan_id")
)


def claim_key(tx: Transaction, claim: Claim) -> None:
    """Claim an idempotency key, or raise :class:`AnsweredBefore` or :class:`KeyReused`."""
    table = table_of(IdempotencyRecord)
    known = tx.execute(
        select(table.c.request_hash, table.c.status, table.c.body).where(
            table.c.client == claim.client, table.c.key == claim.key
        )
    ).one_or_none()
    if known is None:
        tx.execute(
            insert(IdempotencyRecord),
            {
                "client": claim.client,
                "key": claim.key,
                "request_hash": claim.request_hash,
                "created_at": tx.now,
            },
        )
        return
    if known.request_hash != claim.request_hash:
        raise KeyReused(key=claim.key)
    raise AnsweredBefore(known.status, known.body)


def store_answer(tx: Transaction, claim: Claim, *, status: int, body: Any) -> None:
    """Keep the first answer of a claimed key."""
    table = table_of(IdempotencyRecord)
    tx.execute(
        update(IdempotencyRecord)
        .where(table.c.client == claim.client, table.c.key == claim.key)
        .values(status=status, body=body)
    )


def tell(tx: Transaction, *, topic: str, key: str, payload: dict[str, Any]) -> None:
    """Put one message into the outbox, in the transaction of its cause.

    *key* is ``topic:id`` of what it is about, and more behind another colon where that says it
    several times.
    """
    tx.execute(
        insert(OutboxMessage),
        {
            "topic": topic,
            "key": key,
            "cause": cause_of(topic, key),
            "payload": payload,
            "created_at": tx.now,
        },
    )


def audit(
    tx: Transaction,
    *,
    by_id: int,
    act: str,
    subject: tuple[str, int],
    warehouse_id: int | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Write one audited act."""
    tx.execute(
        insert(AuditEntry),
        {
            "at": tx.now,
            "by_id": by_id,
            "act": act,
            "subject_kind": subject[0],
            "subject_id": subject[1],
            "warehouse_id": warehouse_id,
            "reason": reason,
            "details": details or {},
        },
    )
