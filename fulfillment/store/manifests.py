"""Manifests: the parcels that one carrier took from one warehouse, closed and signed for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Row, case, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.store.base import Base, Code, Id, in_state, table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.people import User
from fulfillment.store.transaction import Transaction


class Manifest(Base):
    """A handover that is closed: its parcels name it, and none is added or taken away."""

    __tablename__ = "manifest"
    __table_args__ = (Index("ix_manifest_warehouse", "warehouse_id", "id"),)
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    carrier: Mapped[Code]
    closed_at: Mapped[datetime]
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


_manifest, _parcel, _label = table_of(Manifest), table_of(Parcel), table_of(Label)
_shipment, _order = table_of(Shipment), table_of(Order)
_warehouse, _user = table_of(Warehouse), table_of(User)

_LABELLED = (
    _parcel.join(_label, (_label.c.parcel_id == _parcel.c.id) & (_label.c.state == "active"))
    .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
)  # fmt: skip
_AT_THE_DOCK = _parcel.c.manifest_id.is_(None) & in_state(_parcel, "shipped", "dispatched")
"""In the very words of the partial index, see :func:`fulfillment.store.printing.in_state`."""
_OUT = _AT_THE_DOCK & in_state(_parcel, "dispatched")
"""On the van, and on no manifest yet."""


def open_handovers(tx: Transaction, warehouse_id: int) -> Sequence[Row[Any]]:
    """By carrier: parcels that are ``out`` without a manifest, and those still on the ``dock``."""
    is_out = func.sum(case((in_state(_parcel, "dispatched"), 1), else_=0))
    return tx.execute(
        select(_label.c.carrier, is_out.label("out"), func.count().label("parcels"))
        .select_from(_LABELLED)
        .where(_shipment.c.warehouse_id == warehouse_id, _AT_THE_DOCK)
        .group_by(_label.c.carrier)
        .order_by(_label.c.carrier)
    ).all()


def close(tx: Transaction, *, warehouse_id: int, carrier: str, by_id: int) -> tuple[int, int]:
    """A new manifest with every parcel of a carrier that is out: its id and how many parcels.

    A parcel that somebody else closed meanwhile is left with theirs: the row count is the verdict.
    """
    key = tx.execute(
        insert(_manifest).values(
            warehouse_id=warehouse_id, carrier=carrier, closed_at=tx.now, closed_by_id=by_id
        )
    ).inserted_primary_key
    assert key is not None
    theirs = (
        select(_parcel.c.id)
        .select_from(_LABELLED)
        .where(_shipment.c.warehouse_id == warehouse_id, _label.c.carrier == carrier, _OUT)
    )
    closed = tx.execute(
        update(_parcel).where(_parcel.c.id.in_(theirs), _OUT).values(manifest_id=int(key[0]))
    )
    return int(key[0]), closed.rowcount


def _manifests() -> Any:
    parcels = (
        select(func.count())
        .select_from(_parcel)
        .where(_parcel.c.manifest_id == _manifest.c.id)
        .scalar_subquery()
    )
    return (
        select(
            _manifest,
            _warehouse.c.code.label("warehouse"),
            _warehouse.c.timezone,
            _user.c.name.label("closed_by"),
            parcels.label("parcels"),
        )
        .join(_warehouse, _warehouse.c.id == _manifest.c.warehouse_id)
        .join(_user, _user.c.id == _manifest.c.closed_by_id)
    )


def manifests_of(tx: Transaction, warehouse_id: int, *, limit: int) -> Sequence[Row[Any]]:
    """The closed manifests of a warehouse, the newest first."""
    query = _manifests().where(_manifest.c.warehouse_id == warehouse_id)
    return tx.execute(query.order_by(_manifest.c.id.desc()).limit(limit)).all()


def manifest(tx: Transaction, manifest_id: int) -> Row[Any] | None:
    """One manifest."""
    return tx.execute(_manifests().where(_manifest.c.id == manifest_id)).one_or_none()


def parcels_on(tx: Transaction, manifest_id: int) -> Sequence[Row[Any]]:
    """The parcels of a manifest in the order in which they were labelled."""
    return tx.execute(
        select(
            _parcel.c.sscc,
            _parcel.c.weight_grams,
            _label.c.tracking_number,
            _label.c.content,
            _shipment.c.promised_cut_off_at,
            _order.c.number.label("order_number"),
        )
        .select_from(_LABELLED.join(_order, _order.c.id == _shipment.c.order_id))
        .where(_parcel.c.manifest_id == manifest_id)
        .order_by(_label.c.id)
    ).all()
