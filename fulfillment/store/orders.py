"""What the customer bought, and the shipments that serve it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.orders import HOLD_TYPES
from fulfillment.domain.states import ORDER, SHIPMENT
from fulfillment.store.base import Base, Code, Id, Name, in_states, one_of


class Address(Base):
    """Where a parcel goes.  A corrected address is a new row: labels keep what they showed."""

    __tablename__ = "address"
    id: Mapped[Id]
    name: Mapped[Name] = mapped_column(default="")
    company: Mapped[Name] = mapped_column(default="")
    lines: Mapped[list[str]]
    city: Mapped[Name] = mapped_column(default="")
    region: Mapped[Name] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(String(32), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    phone: Mapped[str] = mapped_column(String(64), default="")
    email: Mapped[str] = mapped_column(String(254), default="")


class Order(Base):
    """An order.  ``number`` is ours and unique; ``(seller, channel, reference)`` comes only once."""

    __tablename__ = "order"
    __table_args__ = (
        UniqueConstraint("seller_id", "channel", "reference"),
        in_states(ORDER),
        Index("ix_order_state_priority", "state", "priority"),
        Index("ix_order_placed_at", "placed_at"),
    )
    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(32), unique=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    channel: Mapped[Code]
    reference: Mapped[str] = mapped_column(String(128))
    content_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default=ORDER.initial)
    customer: Mapped[str] = mapped_column(String(128), default="")
    """The channel's own name for the buyer (account, e-mail); '' = unknown."""
    address_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int]
    priority: Mapped[int] = mapped_column(default=0)
    """Higher goes first."""
    ship_complete: Mapped[bool]
    has_backorder: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    packing_note: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[str]]
    requested_service_id: Mapped[int | None] = mapped_column(ForeignKey("carrier_service.id"))
    promised_on: Mapped[date | None]
    """The day by which the customer was promised it arrives."""
    placed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    shipped_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), index=True)
    split_from_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), index=True)


class OrderLine(Base):
    """One product of an order.

    ``quantity`` = cancelled + allocated (on live or shipped shipments) + still owed.
    A kit is a line with ``is_kit`` that is never allocated; its components are lines with
    ``kit_line_id``.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line_number"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint(
            "cancelled >= 0 AND allocated >= 0 AND cancelled + allocated <= quantity",
            name="balance",
        ),
        Index("ix_order_line_product", "product_id"),
    )
    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"))
    line_number: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    kit_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_line.id"))
    is_kit: Mapped[bool] = mapped_column(default=False)
    quantity: Mapped[int]
    cancelled: Mapped[int] = mapped_column(default=0)
    allocated: Mapped[int] = mapped_column(default=0)
    unit_price_minor: Mapped[int] = mapped_column(default=0)


class Hold(Base):
    """Stops an order (or one shipment of it) until it is released."""

    __tablename__ = "hold"
    __table_args__ = (
        one_of("type", HOLD_TYPES, "type"),
        Index("ix_hold_order", "order_id", "released_at"),
    )
    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"))
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipment.id"))
    type: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text, default="")
    placed_at: Mapped[datetime]
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    release_reason: Mapped[str] = mapped_column(Text, default="")


class Shipment(Base):
    """The part of an order that one warehouse sends, with a stamp for every stage."""

    __tablename__ = "shipment"
    __table_args__ = (
        in_states(SHIPMENT),
        Index("ix_shipment_order", "order_id"),
        Index("ix_shipment_queue", "warehouse_id", "state", "cut_off_at"),
        Index("ix_shipment_shipped_at", "shipped_at"),
        Index("ix_shipment_dispatched", "warehouse_id", "dispatched_at"),
    )
    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"))
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    state: Mapped[str] = mapped_column(String(16), default=SHIPMENT.initial)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("carrier_service.id"))
    cut_off_at: Mapped[datetime | None]
    promised_cut_off_at: Mapped[datetime | None]
    """The cut-off it was promised for; on time is measured against this one."""
    priority: Mapped[int] = mapped_column(default=0)
    why: Mapped[dict[str, Any]]
    """Why this warehouse: rule and figures, shown on the page and in the API."""
    pieces: Mapped[int] = mapped_column(default=0)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    confirmed_at: Mapped[datetime | None]
    allocated_at: Mapped[datetime | None]
    allocated_by_id: Mapped[int | None]
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[int | None]
    pick_started_at: Mapped[datetime | None]
    pick_started_by_id: Mapped[int | None]
    picked_at: Mapped[datetime | None]
    picked_by_id: Mapped[int | None]
    pack_started_at: Mapped[datetime | None]
    pack_started_by_id: Mapped[int | None]
    packed_at: Mapped[datetime | None]
    packed_by_id: Mapped[int | None]
    weighed_at: Mapped[datetime | None]
    weighed_by_id: Mapped[int | None]
    labelled_at: Mapped[datetime | None]
    labelled_by_id: Mapped[int | None]
    shipped_at: Mapped[datetime | None]
    shipped_by_id: Mapped[int | None]
    dispatched_at: Mapped[datetime | None]
    dispatched_by_id: Mapped[int | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None]
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")


class ShipmentLine(Base):
    """Units of one order line in one shipment; it only shrinks when units turn out short."""

    __tablename__ = "shipment_line"
    __table_args__ = (
        CheckConstraint(
            "0 <= shipped AND shipped <= packed AND packed <= picked AND picked <= quantity",
            name="stages",
        ),
        Index("ix_shipment_line_shipment", "shipment_id"),
        Index("ix_shipment_line_order_line", "order_line_id"),
    )
    id: Mapped[Id]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[int]
    picked: Mapped[int] = mapped_column(default=0)
    packed: Mapped[int] = mapped_column(default=0)
    shipped: Mapped[int] = mapped_column(default=0)
