"""Sellers and products; warehouses, places, cartons; carrier services and their cut-offs."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.allocation import RULES
from fulfillment.domain.values import LOCATION_KINDS, PACK_KINDS, TRACKING
from fulfillment.store.base import Base, Code, Id, Name, one_of


class Seller(Base):
    """Whose goods and orders these are."""

    __tablename__ = "seller"
    __table_args__ = (one_of("allocation_rule", RULES, "allocation_rule"),)
    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    allocation_rule: Mapped[str] = mapped_column(String(24), default="region-priority")
    ship_complete: Mapped[bool] = mapped_column(default=False)
    sender: Mapped[dict[str, Any]]
    """The sender's address as :class:`labels.values.Address` fields."""
    review_rules: Mapped[dict[str, Any]]
    """:class:`fulfillment.domain.orders.ReviewRules` fields."""


class RegionPriority(Base):
    """Which warehouse serves a destination first: the lowest rank; '' = anywhere."""

    __tablename__ = "region_priority"
    __table_args__ = (UniqueConstraint("seller_id", "country", "warehouse_id"),)
    id: Mapped[Id]
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    country: Mapped[str] = mapped_column(String(2), default="")
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    rank: Mapped[int]


class Product(Base):
    """One SKU of one seller.  ``weight_grams`` NULL: recorded and flagged, it does not block."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("seller_id", "sku"),
        one_of("tracking", TRACKING, "tracking"),
        CheckConstraint("weight_grams > 0", name="weight"),
    )
    id: Mapped[Id]
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    sku: Mapped[Code]
    name: Mapped[Name]
    weight_grams: Mapped[int | None]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    tracking: Mapped[str] = mapped_column(String(8), default="none")
    has_expiry: Mapped[bool] = mapped_column(default=False)
    is_kit: Mapped[bool] = mapped_column(default=False)
    low_stock_level: Mapped[int | None]
    lead_time_days: Mapped[int | None]
    picture_url: Mapped[str | None] = mapped_column(String(500))
    tags: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(default=True)


class ProductBarcode(Base):
    """A barcode and the quantity it stands for; GTINs are stored as GTIN-14."""

    __tablename__ = "product_barcode"
    __table_args__ = (
        UniqueConstraint("seller_id", "code"),
        CheckConstraint("quantity > 0", name="quantity"),
        one_of("kind", PACK_KINDS, "kind"),
    )
    id: Mapped[Id]
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    code: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[str] = mapped_column(String(8), default="each")
    quantity: Mapped[int] = mapped_column(default=1)


class KitComponent(Base):
    """One kit holds *quantity* of the component."""

    __tablename__ = "kit_component"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)
    kit_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    quantity: Mapped[int]


class Warehouse(Base):
    """A building with its time zone, address and policy."""

    __tablename__ = "warehouse"
    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    timezone: Mapped[str] = mapped_column(String(64))
    address: Mapped[dict[str, Any]]
    policy: Mapped[dict[str, Any]]
    """:class:`fulfillment.domain.policy.WarehousePolicy` fields that differ from the default."""
    layout: Mapped[dict[str, Any] | None]
    """``{"aisles", "aisle_x", "cross_y", "depot"}`` in metres, for the walk of pick lists."""


class Location(Base):
    """Any addressable place.  Its kind never changes; the ledger's rules hang on it."""

    __tablename__ = "location"
    __table_args__ = (
        one_of("kind", LOCATION_KINDS, "kind"),
        Index("ix_location_warehouse_kind", "warehouse_id", "kind"),
    )
    id: Mapped[Id]
    warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    kind: Mapped[str] = mapped_column(String(16))
    code: Mapped[Code] = mapped_column(unique=True)
    zone: Mapped[str] = mapped_column(String(16), default="")
    aisle: Mapped[int | None]
    """Which aisle of the warehouse's layout, counted from 0."""
    x_metres: Mapped[float | None] = mapped_column(Float)
    y_metres: Mapped[float | None] = mapped_column(Float)
    active: Mapped[bool] = mapped_column(default=True)


class Carton(Base):
    """A box type: inner size and tare; its code stands on its barcode."""

    __tablename__ = "carton"
    __table_args__ = (UniqueConstraint("warehouse_id", "code"),)
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    code: Mapped[Code]
    name: Mapped[Name]
    length_mm: Mapped[int]
    width_mm: Mapped[int]
    height_mm: Mapped[int]
    tare_grams: Mapped[int]
    most_grams: Mapped[int]


class CarrierAccount(Base):
    """How a carrier is reached whose labels are bought; a carrier without one is the local one.

    Secrets are not in here: the worker reads them from a file of its own host.
    """

    __tablename__ = "carrier_account"
    id: Mapped[Id]
    carrier: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    """The kind of adapter, see :func:`fulfillment.carriers.kinds`."""
    settings: Mapped[dict[str, Any]]


class CarrierService(Base):
    """A service of a carrier, with the number range that its labels draw from."""

    __tablename__ = "carrier_service"
    __table_args__ = (UniqueConstraint("carrier", "code"),)
    id: Mapped[Id]
    carrier: Mapped[Code]
    code: Mapped[Code]
    name: Mapped[Name]
    next_number: Mapped[int]
    last_number: Mapped[int]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("carrier_account.id"))
    """Where its labels are bought; NULL = they draw a number and are made here."""


class ServiceRule(Base):
    """Which service a shipment gets: the first rule by rank that fits; '' and NULL fit all."""

    __tablename__ = "service_rule"
    id: Mapped[Id]
    rank: Mapped[int]
    service_id: Mapped[int | None] = mapped_column(ForeignKey("carrier_service.id"))
    """NULL = the cheapest that has a price for the shipment."""
    warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    country: Mapped[str] = mapped_column(String(2), default="")
    most_grams: Mapped[int | None]
    most_mm: Mapped[int | None]
    """The longest side of the longest piece."""
    in_time: Mapped[bool] = mapped_column(default=False)
    """Only if it arrives by the promised day."""
    most_minor: Mapped[int | None]
    """Only if it costs no more than this."""


class ServicePrice(Base):
    """What a service costs by country ('' = everywhere else) and weight step, and how long it takes."""

    __tablename__ = "service_price"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("days >= 0", name="days"),
        Index("ix_service_price_service", "service_id"),
    )
    id: Mapped[Id]
    service_id: Mapped[int] = mapped_column(ForeignKey("carrier_service.id"))
    country: Mapped[str] = mapped_column(String(2), default="")
    most_grams: Mapped[int | None]
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    days: Mapped[int]
    """Calendar days from the day its van leaves to the day it arrives."""


class CutOff(Base):
    """The local minute at which a service's van leaves a warehouse on some weekdays (Monday = 0)."""

    __tablename__ = "cut_off"
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("carrier_service.id"))
    local_time: Mapped[time]
    weekdays: Mapped[list[int]]


class Holiday(Base):
    """A day on which no van leaves the warehouse."""

    __tablename__ = "holiday"
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
