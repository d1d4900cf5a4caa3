"""Manifests and pickups that carriers are asked for, and where their parcels are.

Like purchases: written in the transaction of the cause, taken by a worker with a guarded UPDATE,
asked in no transaction, and the answer written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Row,
    String,
    insert,
    literal,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.states import CARRIER_REQUEST
from fulfillment.store.base import Base, Code, Id, in_state, in_states, one_of, table_of
from fulfillment.store.catalog import CarrierAccount
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.purchases import DETAIL_LENGTH, LabelPurchase
from fulfillment.store.transaction import Transaction

KINDS = ("manifest", "pickup")
_OPEN = "state IN ('open', 'asked', 'unknown')"


class CarrierRequest(Base):
    """A manifest or a pickup that a carrier is asked for; ``key`` goes along each time."""

    __tablename__ = "carrier_request"
    __table_args__ = (
        in_states(CARRIER_REQUEST),
        one_of("kind", KINDS, "kind"),
        CheckConstraint("(kind = 'manifest') = (manifest_id IS NOT NULL)", name="manifest"),
        CheckConstraint("(state = 'asked') = (lease_until IS NOT NULL)", name="lease"),
        Index(
            "ix_carrier_request_open",
            "next_attempt_at",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_carrier_request_warehouse", "warehouse_id", "id"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[int] = mapped_column(ForeignKey("carrier_account.id"))
    carrier: Mapped[Code]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    manifest_id: Mapped[int | None] = mapped_column(ForeignKey("manifest.id"), unique=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(16), default=CARRIER_REQUEST.initial)
    content: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    asked_for_at: Mapped[datetime]
    asked_for_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    settled_at: Mapped[datetime | None]
    number: Mapped[str] = mapped_column(String(64), default="")
    """What the carrier calls its manifest, or the pickup that it promised."""
    document: Mapped[bytes | None] = mapped_column(LargeBinary)
    detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")


class ParcelTracking(Base):
    """Where a parcel with a carrier's label is, as far as the carrier said when last asked."""

    __tablename__ = "parcel_tracking"
    __table_args__ = (Index("ix_parcel_tracking_next_ask_at", "next_ask_at"),)
    label_id: Mapped[int] = mapped_column(ForeignKey("label.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")
    place: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")
    seen_at: Mapped[datetime | None]
    """When the carrier saw it last, by its own clock."""
    asked_at: Mapped[datetime | None]
    next_ask_at: Mapped[datetime | None]
    """NULL: nobody asks any more; it is there, has come back, or is lost."""


_request, _account = table_of(CarrierRequest), table_of(CarrierAccount)
_purchase, _parcel, _label = table_of(LabelPurchase), table_of(Parcel), table_of(Label)
_tracking = table_of(ParcelTracking)


def account_of(tx: Transaction, carrier: str, *, kind_of_local: str) -> int | None:
    """The account of a carrier whose labels are bought, else None."""
    return tx.execute(
        select(_account.c.id).where(_account.c.carrier == carrier, _account.c.kind != kind_of_local)
    ).scalar_one_or_none()


def carriers_with_account(tx: Transaction, *, kind_of_local: str) -> tuple[str, ...]:
    """The carriers whose labels are bought, by code."""
    query = select(_account.c.carrier).where(_account.c.kind != kind_of_local)
    return tuple(tx.execute(query.order_by(_account.c.carrier)).scalars())


def bought_on(tx: Transaction, manifest_id: int) -> list[str]:
    """What the carrier calls the bought labels of a manifest."""
    rows = tx.execute(
        select(_purchase.c.carrier_reference, _purchase.c.tracking_number)
        .join(_label, _label.c.purchase_id == _purchase.c.id)
        .join(_parcel, _parcel.c.id == _label.c.parcel_id)
        .where(_parcel.c.manifest_id == manifest_id, _label.c.state == "active")
        .order_by(_purchase.c.id)
    )
    return [row.carrier_reference or row.tracking_number for row in rows]


def open_request(tx: Transaction, values: dict[str, Any]) -> int:
    """Have a carrier asked for something; the request's id."""
    made = tx.execute(
        insert(_request)
        .values(next_attempt_at=tx.now, asked_for_at=tx.now, **values)
        .returning(_request.c.id)
    )
    return int(made.scalar_one())


def requests_at(tx: Transaction, warehouse_id: int, *, limit: int) -> Sequence[Row[Any]]:
    """The requests of a warehouse, the newest first; documents are not read."""
    shown = [column for column in _request.c if column.name not in ("document", "content")]
    return tx.execute(
        select(*shown, _request.c.document.is_not(None).label("has_document"), _request.c.content)
        .where(_request.c.warehouse_id == warehouse_id)
        .order_by(_request.c.id.desc())
        .limit(limit)
    ).all()


def request(tx: Transaction, request_id: int) -> Row[Any] | None:
    """One request."""
    return tx.execute(select(_request).where(_request.c.id == request_id)).one_or_none()


def request_of_key(tx: Transaction, key: str) -> int | None:
    """The request that was made with a key."""
    query = select(_request.c.id).where(_request.c.key == key)
    return tx.execute(query).scalar_one_or_none()


def due(tx: Transaction, *, most: int) -> Sequence[Row[Any]]:
    """``id, carrier`` of requests to ask for now."""
    return tx.execute(
        select(_request.c.id, _request.c.carrier)
        .where(in_state(_request, "open", "unknown"), _request.c.next_attempt_at <= tx.now)
        .order_by(_request.c.id)
        .limit(most)
    ).all()


def end_expired_leases(tx: Transaction) -> int:
    """Requests in the hands of workers that are gone become unknown; how many."""
    return tx.execute(
        update(_request)
        .where(in_state(_request, "asked"), _request.c.lease_until <= tx.now)
        .values(
            state=CARRIER_REQUEST.advance("asked", "lose"),
            lease_until=None,
            next_attempt_at=tx.now,
            detail="the worker stopped while it asked",
        )
    ).rowcount


def take(tx: Transaction, request_id: int, *, until: datetime) -> Row[Any] | None:
    """Take a request that is due in hand, with ``was_unknown``; None if it is not due."""
    before = tx.execute(
        select(_request.c.state).where(_request.c.id == request_id)
    ).scalar_one_or_none()
    return tx.execute(
        update(_request)
        .where(
            _request.c.id == request_id,
            _request.c.state == before,
            in_state(_request, "open", "unknown"),
            _request.c.next_attempt_at <= tx.now,
        )
        .values(
            state=CARRIER_REQUEST.advance("open", "ask"),
            attempts=_request.c.attempts + 1,
            lease_until=until,
        )
        .returning(_request, literal_column("'t'" if before == "unknown" else "''").label("doubt"))
    ).one_or_none()


def settle(tx: Transaction, request_id: int, *, attempt: int, values: dict[str, Any]) -> bool:
    """Write the answer of one call down; False where it is no longer this worker's."""
    return (
        tx.execute(
            update(_request)
            .where(
                _request.c.id == request_id,
                _request.c.state == "asked",
                _request.c.attempts == attempt,
            )
            .values(lease_until=None, **values)
        ).rowcount
        == 1
    )


def repeat(tx: Transaction, request_id: int, *, key: str) -> bool:
    """A person has it asked for anew, with a new key; False if it is not settled so."""
    return (
        tx.execute(
            update(_request)
            .where(
                _request.c.id == request_id,
                in_state(_request, *CARRIER_REQUEST.sources("repeat")),
                _request.c.lease_until.is_(None),
            )
            .values(
                state=CARRIER_REQUEST.advance("refused", "repeat"),
                key=key,
                next_attempt_at=tx.now,
                detail="",
            )
        ).rowcount
        == 1
    )


# --- tracking ----------------------------------------------------------------------------------


def begin_tracking(tx: Transaction, shipment_id: int) -> None:
    """From now on carriers are asked where the parcels of a shipment are, once they have left."""
    labels = (
        select(_label.c.id, literal("announced"), literal(""), literal(""),
               literal(tx.now, _tracking.c.next_ask_at.type))
        .join(_parcel, _parcel.c.id == _label.c.parcel_id)
        .where(
            _parcel.c.shipment_id == shipment_id,
            _label.c.state == "active",
            _label.c.purchase_id.is_not(None),
        )
    )  # fmt: skip
    names = ["label_id", "state", "words", "place", "next_ask_at"]
    tx.execute(insert(_tracking).from_select(names, labels, include_defaults=False))


def to_track(tx: Transaction, *, most: int) -> Sequence[Row[Any]]:
    """Labels of parcels that are on their way and due, the longest waiting first.

    ``label_id, tracking_number, account_id``
    """
    return tx.execute(
        select(_label.c.id.label("label_id"), _label.c.tracking_number, _purchase.c.account_id)
        .select_from(_tracking)
        .join(_label, _label.c.id == _tracking.c.label_id)
        .join(_purchase, _purchase.c.id == _label.c.purchase_id)
        .join(_parcel, _parcel.c.id == _label.c.parcel_id)
        .where(
            _tracking.c.next_ask_at <= tx.now,
            _label.c.state == "active",
            in_state(_parcel, "dispatched"),
        )
        .order_by(_tracking.c.next_ask_at, _label.c.id)
        .limit(most)
    ).all()


def note_tracking(tx: Transaction, label_id: int, values: dict[str, Any]) -> None:
    """Write down where a parcel is."""
    tx.execute(update(_tracking).where(_tracking.c.label_id == label_id).values(**values))


def trackings(tx: Transaction, shipment_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Where parcels are, by parcel: of shipments with labels of carriers."""
    rows = tx.execute(
        select(_tracking, _label.c.parcel_id)
        .join(_label, _label.c.id == _tracking.c.label_id)
        .join(_parcel, _parcel.c.id == _label.c.parcel_id)
        .where(_parcel.c.shipment_id.in_(sorted(shipment_ids)), _label.c.state == "active")
    )
    return {row.parcel_id: row for row in rows}
