"""Orders as pages and API show them: the list, one order with everything on it, its history.

Whoever may see orders of some warehouses only sees the orders that no warehouse serves yet,
those that one of theirs serves, and of these their own shipments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, or_, select, true

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import STAGES
from fulfillment.services.paging import Page
from fulfillment.store.base import table_of
from fulfillment.store.catalog import CarrierService, Product, Seller, Warehouse
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.people import User
from fulfillment.store.transaction import Transaction, reads

_order, _line, _hold = table_of(Order), table_of(OrderLine), table_of(Hold)
_shipment, _shipment_line = table_of(Shipment), table_of(ShipmentLine)
_parcel, _label = table_of(Parcel), table_of(Label)
_product, _seller, _warehouse = table_of(Product), table_of(Seller), table_of(Warehouse)
_service, _address = table_of(CarrierService), table_of(Address)
_user, _audit = table_of(User), table_of(AuditEntry)

_LEAVES_NO_MORE = ("shipped", "dispatched", "cancelled")


@dataclass(frozen=True)
class OrderRow:
    """An order in a list; ``cut_off_at`` is the earliest of its shipments that have not left."""

    id: int
    number: str
    seller: str
    channel: str
    reference: str
    state: str
    customer: str
    recipient: str
    country: str
    priority: int
    has_backorder: bool
    holds: int
    shipments: int
    placed_at: datetime
    confirmed_at: datetime | None
    cut_off_at: datetime | None


@dataclass(frozen=True)
class LineView:
    """A line; ``owed`` units are on no shipment.  A kit line stands above its components."""

    id: int
    line_number: int
    sku: str
    name: str
    quantity: int
    allocated: int
    cancelled: int
    owed: int
    unit_price_minor: int
    is_kit: bool
    kit_line_id: int | None


@dataclass(frozen=True)
class ShipmentLineView:
    """Units of a shipment by how far they have come."""

    id: int
    order_line_id: int
    sku: str
    quantity: int
    picked: int
    packed: int
    shipped: int


@dataclass(frozen=True)
class ParcelView:
    """A parcel with its weight and its labels' numbers; void ones are in ``void_labels``."""

    id: int
    sequence: int
    state: str
    sscc: str
    expected_grams: int | None
    weight_grams: int | None
    weight_source: str
    overridden_by: str | None
    override_reason: str
    tracking_number: str | None
    void_labels: tuple[str, ...]


@dataclass(frozen=True)
class ShipmentView:
    """The part of the order that one warehouse sends; ``why`` says why this warehouse."""

    id: int
    number: str
    warehouse: str
    state: str
    service: str | None
    cut_off_at: datetime | None
    promised_cut_off_at: datetime | None
    why: Mapping[str, Any]
    cancel_reason: str
    lines: tuple[ShipmentLineView, ...]
    parcels: tuple[ParcelView, ...]


@dataclass(frozen=True)
class HoldView:
    """A hold of the order, or of one shipment; open until it is released."""

    id: int
    type: str
    reason: str
    shipment_id: int | None
    placed_at: datetime
    placed_by: str
    released_at: datetime | None
    released_by: str | None
    release_reason: str


@dataclass(frozen=True)
class HistoryEntry:
    """Something that happened: a stage reached (``what`` is its name) or an audited act."""

    at: datetime
    what: str
    subject: str
    """The number of the order or shipment."""
    by: str | None
    reason: str = ""
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class OrderView:
    """One order with everything on it."""

    id: int
    number: str
    seller: str
    channel: str
    reference: str
    state: str
    customer: str
    address: Mapping[str, Any]
    currency: str
    total_minor: int
    priority: int
    ship_complete: bool
    has_backorder: bool
    note: str
    packing_note: str
    tags: Sequence[str]
    promised_on: date | None
    placed_at: datetime
    cancel_reason: str
    merged_into: str | None
    split_from: str | None
    lines: tuple[LineView, ...]
    shipments: tuple[ShipmentView, ...]
    holds: tuple[HoldView, ...]
    history: tuple[HistoryEntry, ...]


@reads
def list_orders(
    tx: Transaction,
    actor: Actor,
    *,
    states: Sequence[str] = (),
    search: str = "",
    seller: str = "",
    on_hold: bool | None = None,
    backorder: bool | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[OrderRow]:
    """The orders that the actor may see, the newest first; the next page begins before *before*.

    *search* is the beginning of the number, the reference or the customer's name, or exactly
    a shipment's or a label's number.
    """
    actor.require(Permission.SEE_ORDERS)
    query = _listed().where(_visible_to(actor))
    if states:
        query = query.where(_order.c.state.in_(states))
    if seller:
        query = query.where(_seller.c.code == seller)
    if search:
        query = query.where(_found_by(search))
    if on_hold is not None:
        query = query.where(_has_open_hold() if on_hold else ~_has_open_hold())
    if backorder is not None:
        query = query.where(_order.c.has_backorder == backorder)
    if before is not None:
        query = query.where(_order.c.id < before)
    rows = tx.execute(query.order_by(_order.c.id.desc()).limit(limit + 1))
    found = [OrderRow(**row._mapping) for row in rows]
    return Page.cut(found, limit=limit, key=lambda row: (row.id,))


@reads
def read_order(tx: Transaction, actor: Actor, order_id: int) -> OrderView:
    """One order; raises :class:`UnknownThing`, also for one that the actor may not see."""
    actor.require(Permission.SEE_ORDERS)
    merged, split = _order.alias("merged"), _order.alias("split")
    row = tx.execute(
        select(
            _order,
            _seller.c.code.label("seller"),
            merged.c.number.label("merged_into"),
            split.c.number.label("split_from"),
        )
        .join(_seller, _seller.c.id == _order.c.seller_id)
        .outerjoin(merged, merged.c.id == _order.c.merged_into_id)
        .outerjoin(split, split.c.id == _order.c.split_from_id)
        .where(_order.c.id == order_id, _visible_to(actor))
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="order", key=str(order_id))
    shipments = [
        one
        for one in _shipments_of(tx, order_id)
        if actor.may(Permission.SEE_ORDERS, warehouse_id=one.warehouse_id, seller_id=row.seller_id)
    ]
    names = _names(tx, row, shipments)
    return OrderView(
        **{name: getattr(row, name) for name in _TAKEN_AS_THEY_ARE},
        address=_address_of(tx, row.address_id),
        lines=_lines_of(tx, order_id),
        shipments=_shipment_views(tx, shipments),
        holds=_holds_of(tx, order_id),
        history=_history(tx, row, shipments, names),
    )


# --- who sees what -----------------------------------------------------------------------


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    """Orders of the actor's sellers that nobody serves yet, or one of their warehouses does."""
    return or_(
        false(),
        *(
            and_(_of_seller(grant.seller_id), _of_warehouse(grant.warehouse_id))
            for grant in actor.grants
            if Permission.SEE_ORDERS in grant.permissions
        ),
    )


def _of_seller(seller_id: int | None) -> ColumnElement[bool]:
    return true() if seller_id is None else _order.c.seller_id == seller_id


def _of_warehouse(warehouse_id: int | None) -> ColumnElement[bool]:
    if warehouse_id is None:
        return true()
    served = exists().where(_shipment.c.order_id == _order.c.id)
    here = exists().where(
        _shipment.c.order_id == _order.c.id, _shipment.c.warehouse_id == warehouse_id
    )
    return or_(here, ~served)


# --- the list ----------------------------------------------------------------------------


def _listed() -> Select[Any]:
    of_it = _shipment.c.order_id == _order.c.id
    return (
        select(
            _order.c.id,
            _order.c.number,
            _seller.c.code.label("seller"),
            _order.c.channel,
            _order.c.reference,
            _order.c.state,
            _order.c.customer,
            func.coalesce(func.nullif(_address.c.name, ""), _address.c.company).label("recipient"),
            _address.c.country,
            _order.c.priority,
            _order.c.has_backorder,
            select(func.count())
            .select_from(_hold)
            .where(_hold.c.order_id == _order.c.id, _hold.c.released_at.is_(None))
            .scalar_subquery()
            .label("holds"),
            select(func.count())
            .select_from(_shipment)
            .where(of_it, _shipment.c.state != "cancelled")
            .scalar_subquery()
            .label("shipments"),
            _order.c.placed_at,
            _order.c.confirmed_at,
            select(func.min(_shipment.c.cut_off_at))
            .where(of_it, _shipment.c.state.not_in(_LEAVES_NO_MORE))
            .scalar_subquery()
            .label("cut_off_at"),
        )
        .join(_seller, _seller.c.id == _order.c.seller_id)
        .join(_address, _address.c.id == _order.c.address_id)
    )


def _has_open_hold() -> ColumnElement[bool]:
    return exists().where(_hold.c.order_id == _order.c.id, _hold.c.released_at.is_(None))


def _found_by(search: str) -> ColumnElement[bool]:
    by_shipment = select(_shipment.c.order_id).where(_shipment.c.number == search)
    by_label = (
        select(_shipment.c.order_id)
        .join(_parcel, _parcel.c.shipment_id == _shipment.c.id)
        .join(_label, _label.c.parcel_id == _parcel.c.id)
        .where(_label.c.tracking_number == search)
    )
    return or_(
        _order.c.number.startswith(search, autoescape=True),
        _order.c.reference.startswith(search, autoescape=True),
        _order.c.customer.startswith(search, autoescape=True),
        _address.c.name.startswith(search, autoescape=True),
        _order.c.id.in_(by_shipment),
        _order.c.id.in_(by_label),
    )


# --- one order ---------------------------------------------------------------------------

_TAKEN_AS_THEY_ARE = (
    "id", "number", "seller", "channel", "reference", "state", "customer", "currency",
    "total_minor", "priority", "ship_complete", "has_backorder", "note", "packing_note", "tags",
    "promised_on", "placed_at", "cancel_reason", "merged_into", "split_from",
)  # fmt: skip


def _address_of(tx: Transaction, address_id: int) -> Mapping[str, Any]:
    row = tx.execute(select(_address).where(_address.c.id == address_id)).one()
    return {name: value for name, value in row._mapping.items() if name != "id"}


def _lines_of(tx: Transaction, order_id: int) -> tuple[LineView, ...]:
    rows = tx.execute(
        select(
            _line.c.id,
            _line.c.line_number,
            _product.c.sku,
            _product.c.name,
            _line.c.quantity,
            _line.c.allocated,
            _line.c.cancelled,
            _line.c.unit_price_minor,
            _line.c.is_kit,
            _line.c.kit_line_id,
        )
        .join(_product, _product.c.id == _line.c.product_id)
        .where(_line.c.order_id == order_id)
        .order_by(_line.c.line_number)
    )
    return tuple(
        LineView(
            **row._mapping,
            owed=0 if row.is_kit else row.quantity - row.allocated - row.cancelled,
        )
        for row in rows
    )


def _shipments_of(tx: Transaction, order_id: int) -> Sequence[Row[Any]]:
    return tx.execute(
        select(
            _shipment,
            _warehouse.c.code.label("warehouse"),
            (_service.c.carrier + "/" + _service.c.code).label("service"),
        )
        .join(_warehouse, _warehouse.c.id == _shipment.c.warehouse_id)
        .outerjoin(_service, _service.c.id == _shipment.c.service_id)
        .where(_shipment.c.order_id == order_id)
        .order_by(_shipment.c.id)
    ).all()


def _shipment_views(tx: Transaction, shipments: Sequence[Row[Any]]) -> tuple[ShipmentView, ...]:
    ids = [one.id for one in shipments]
    lines = _lines_of_shipments(tx, ids)
    parcels = _parcels_of_shipments(tx, ids)
    return tuple(
        ShipmentView(
            id=one.id,
            number=one.number,
            warehouse=one.warehouse,
            state=one.state,
            service=one.service,
            cut_off_at=one.cut_off_at,
            promised_cut_off_at=one.promised_cut_off_at,
            why=one.why,
            cancel_reason=one.cancel_reason,
            lines=tuple(lines[one.id]),
            parcels=tuple(parcels[one.id]),
        )
        for one in shipments
    )


def _lines_of_shipments(
    tx: Transaction, ids: Sequence[int]
) -> Mapping[int, list[ShipmentLineView]]:
    found: dict[int, list[ShipmentLineView]] = defaultdict(list)
    rows = tx.execute(
        select(_shipment_line, _product.c.sku)
        .join(_product, _product.c.id == _shipment_line.c.product_id)
        .where(_shipment_line.c.shipment_id.in_(ids))
        .order_by(_shipment_line.c.id)
    )
    for row in rows:
        found[row.shipment_id].append(
            ShipmentLineView(
                id=row.id,
                order_line_id=row.order_line_id,
                sku=row.sku,
                quantity=row.quantity,
                picked=row.picked,
                packed=row.packed,
                shipped=row.shipped,
            )
        )
    return found


def _parcels_of_shipments(tx: Transaction, ids: Sequence[int]) -> Mapping[int, list[ParcelView]]:
    labels = _labels_of_shipments(tx, ids)
    rows = tx.execute(
        select(_parcel, _user.c.name.label("overridden_by"))
        .outerjoin(_user, _user.c.id == _parcel.c.override_by_id)
        .where(_parcel.c.shipment_id.in_(ids))
        .order_by(_parcel.c.shipment_id, _parcel.c.sequence)
    )
    found: dict[int, list[ParcelView]] = defaultdict(list)
    for row in rows:
        active = [number for state, number in labels[row.id] if state == "active"]
        found[row.shipment_id].append(
            ParcelView(
                id=row.id,
                sequence=row.sequence,
                state=row.state,
                sscc=row.sscc,
                expected_grams=row.expected_grams,
                weight_grams=row.weight_grams,
                weight_source=row.weight_source,
                overridden_by=row.overridden_by,
                override_reason=row.override_reason,
                tracking_number=active[0] if active else None,
                void_labels=tuple(number for state, number in labels[row.id] if state == "void"),
            )
        )
    return found


def _labels_of_shipments(
    tx: Transaction, ids: Sequence[int]
) -> Mapping[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    rows = tx.execute(
        select(_label.c.parcel_id, _label.c.state, _label.c.tracking_number)
        .join(_parcel, _parcel.c.id == _label.c.parcel_id)
        .where(_parcel.c.shipment_id.in_(ids))
        .order_by(_label.c.id)
    )
    for row in rows:
        found[row.parcel_id].append((row.state, row.tracking_number))
    return found


def _holds_of(tx: Transaction, order_id: int) -> tuple[HoldView, ...]:
    placed, released = _user.alias("placed"), _user.alias("released")
    rows = tx.execute(
        select(
            _hold.c.id,
            _hold.c.type,
            _hold.c.reason,
            _hold.c.shipment_id,
            _hold.c.placed_at,
            placed.c.name.label("placed_by"),
            _hold.c.released_at,
            released.c.name.label("released_by"),
            _hold.c.release_reason,
        )
        .join(placed, placed.c.id == _hold.c.placed_by_id)
        .outerjoin(released, released.c.id == _hold.c.released_by_id)
        .where(_hold.c.order_id == order_id)
        .order_by(_hold.c.id)
    )
    return tuple(HoldView(**row._mapping) for row in rows)


# --- its history -------------------------------------------------------------------------


def _names(
    tx: Transaction, order: Row[Any], shipments: Iterable[Row[Any]]
) -> Mapping[int | None, str]:
    """The names of everybody who stamped something."""
    ids = {order.created_by_id, order.confirmed_by_id, order.cancelled_by_id}
    for one in shipments:
        ids |= {getattr(one, f"{stage}_by_id", None) for stage in STAGES}
        ids.add(one.cancelled_by_id)
    rows = tx.execute(select(_user.c.id, _user.c.name).where(_user.c.id.in_(ids - {None})))
    return {row.id: row.name for row in rows}


def _history(
    tx: Transaction,
    order: Row[Any],
    shipments: Sequence[Row[Any]],
    names: Mapping[int | None, str],
) -> tuple[HistoryEntry, ...]:
    """Everything that happened, the earliest first."""
    entries = [
        HistoryEntry(order.placed_at, "placed", order.number, None),
        HistoryEntry(order.created_at, "taken-in", order.number, names.get(order.created_by_id)),
    ]
    if order.confirmed_at:
        by = names.get(order.confirmed_by_id)
        entries.append(HistoryEntry(order.confirmed_at, "confirmed", order.number, by))
    for one in shipments:
        entries += _stamps(one, names)
    entries += _acts(tx, order, shipments)
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _stamps(shipment: Row[Any], names: Mapping[int | None, str]) -> list[HistoryEntry]:
    """The stages that a shipment has reached; it shares ``confirmed`` with its order."""
    return [
        HistoryEntry(
            at=getattr(shipment, f"{stage}_at"),
            what=stage.replace("_", "-"),
            subject=shipment.number,
            by=names.get(getattr(shipment, f"{stage}_by_id")),
        )
        for stage in STAGES
        if stage != "confirmed" and getattr(shipment, f"{stage}_at")
    ]


def _acts(
    tx: Transaction, order: Row[Any], shipments: Sequence[Row[Any]]
) -> Iterable[HistoryEntry]:
    ids = [one.id for one in shipments]
    number_of = {("order", order.id): order.number}
    number_of |= {("shipment", one.id): one.number for one in shipments}
    for row in tx.execute(
        select(_parcel.c.id, _shipment.c.number)
        .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
        .where(_shipment.c.id.in_(ids))
    ):
        number_of["parcel", row.id] = row.number
    by_kind: dict[str, list[int]] = defaultdict(list)
    for kind, subject_id in number_of:
        by_kind[kind].append(subject_id)
    rows = tx.execute(
        select(_audit, _user.c.name)
        .join(_user, _user.c.id == _audit.c.by_id)
        .where(
            or_(
                *(
                    and_(_audit.c.subject_kind == kind, _audit.c.subject_id.in_(sorted(found)))
                    for kind, found in by_kind.items()
                )
            )
        )
        .order_by(_audit.c.id)
    )
    for row in rows:
        yield HistoryEntry(
            at=row.at,
            what=row.act,
            subject=number_of[row.subject_kind, row.subject_id],
            by=row.name,
            reason=row.reason,
            details=row.details,
        )
