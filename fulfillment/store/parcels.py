"""Packing: who has a shipment open where, the parcels, their labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.printing import LANGUAGES
from fulfillment.domain.states import LABEL, PARCEL
from fulfillment.store.base import Base, Code, Id, in_states, one_of

ON_THE_DOCK = "manifest_id IS NULL AND state IN ('shipped', 'dispatched')"
"""What a closing manifest looks at; once a van has its manifest there is none of it."""


class PackSession(Base):
    """A packer has a shipment open at a station: at most one open per shipment and station."""

    __tablename__ = "pack_session"
    __table_args__ = (
        Index(
            "uq_pack_session_open_shipment",
            "shipment_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_pack_session_shipment", "shipment_id"),
        Index(
            "ix_pack_session_station",
            "station_id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_why: Mapped[str] = mapped_column(String(32), default="")
    mode: Mapped[str] = mapped_column(String(32), default="")
    """What the next scan is taken for: '', ``take-out``, ``short``, ``short:<reason>``."""


class Parcel(Base):
    """One carton; as a ledger location (``location_id``) it holds its goods once labelled."""

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("shipment_id", "sequence"),
        in_states(PARCEL),
        CheckConstraint("manifest_id IS NULL OR state = 'dispatched'", name="manifest"),
        Index(
            "ix_parcel_dock",
            "shipment_id",
            sqlite_where=text(ON_THE_DOCK),
            postgresql_where=text(ON_THE_DOCK),
        ),
    )
    id: Mapped[Id]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    sequence: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default=PARCEL.initial)
    sscc: Mapped[str] = mapped_column(String(18), unique=True)
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"), unique=True)
    carton_id: Mapped[int | None] = mapped_column(ForeignKey("carton.id"))
    expected_grams: Mapped[int | None]
    """NULL: a product without a weight is in it, the weight is recorded but not judged."""
    weight_grams: Mapped[int | None]
    weight_source: Mapped[str] = mapped_column(String(16), default="")
    weighed_at: Mapped[datetime | None]
    weighed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    override_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    override_reason: Mapped[str] = mapped_column(String(200), default="")
    packed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    dispatched_at: Mapped[datetime | None]
    manifest_id: Mapped[int | None] = mapped_column(ForeignKey("manifest.id"), index=True)
    """The closed handover that it went with."""


class ParcelLine(Base):
    """Verified pieces of a shipment line in a parcel, by lot and serial ('' = none)."""

    __tablename__ = "parcel_line"
    __table_args__ = (CheckConstraint("quantity >= 0", name="quantity"),)
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcel.id"), primary_key=True)
    shipment_line_id: Mapped[int] = mapped_column(ForeignKey("shipment_line.id"), primary_key=True)
    lot: Mapped[str] = mapped_column(String(64), primary_key=True, default="")
    serial: Mapped[str] = mapped_column(String(64), primary_key=True, default="")
    quantity: Mapped[int]


class Label(Base):
    """A bought label.  ``content`` is the frozen value that was drawn, so a reprint is the same."""

    __tablename__ = "label"
    __table_args__ = (
        in_states(LABEL),
        UniqueConstraint("carrier", "tracking_number"),
        Index(
            "uq_label_active_parcel",
            "parcel_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        Index("ix_label_tracking_number", "tracking_number"),
        Index("ix_label_parcel", "parcel_id"),
    )
    id: Mapped[Id]
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcel.id"))
    state: Mapped[str] = mapped_column(String(8), default=LABEL.initial)
    carrier: Mapped[Code]
    service: Mapped[Code]
    tracking_number: Mapped[str] = mapped_column(String(64))
    purchase_id: Mapped[int | None] = mapped_column(ForeignKey("label_purchase.id"), unique=True)
    """Where it was bought; NULL = made here, with a number of our own."""
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    confirmed_at: Mapped[datetime | None]
    """When the packer scanned it on its box."""
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    voided_at: Mapped[datetime | None]
    voided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    void_reason: Mapped[str] = mapped_column(String(200), default="")


class CarrierDocument(Base):
    """A carrier's own label, byte for byte."""

    __tablename__ = "carrier_document"
    __table_args__ = (one_of("format", LANGUAGES, "format"),)
    purchase_id: Mapped[int] = mapped_column(ForeignKey("label_purchase.id"), primary_key=True)
    format: Mapped[str] = mapped_column(String(4))
    document: Mapped[bytes] = mapped_column(LargeBinary)


class LabelReprint(Base):
    """Somebody printed an active label again, and why."""

    __tablename__ = "label_reprint"
    id: Mapped[Id]
    label_id: Mapped[int] = mapped_column(ForeignKey("label.id"), index=True)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[str] = mapped_column(String(200))
