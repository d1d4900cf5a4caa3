"""Everything about one order: what was ordered, who serves it, who did what and why.

Of a split order, somebody who works for some warehouses only sees the shipments of these, and
how many others there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.orders import PostalAddress
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import STAGES
from fulfillment.services.orders.listing import sees_order
from fulfillment.store.base import table_of
from fulfillment.store.carrier_requests import trackings
from fulfillment.store.catalog import CarrierService, Product, Seller, Warehouse
from fulfillment.store.journal import AuditEntry, ScanEvent
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.people import Station, User
from fulfillment.store.transaction import Transaction, reads

MOST_SCANS_SHOWN = 500
MOST_ACTS_SHOWN = 200
MOST_MATES_SHOWN = 20

_order, _line, _shipment = table_of(Order), table_of(OrderLine), table_of(Shipment)
_shipment_line, _hold, _address = table_of(ShipmentLine), table_of(Hold), table_of(Address)
_seller, _warehouse, _product = table_of(Seller), table_of(Warehouse), table_of(Product)
_service, _parcel, _label = table_of(CarrierService), table_of(Parcel), table_of(Label)
_scan, _act, _user, _station = (
    table_of(ScanEvent),
    table_of(AuditEntry),
    table_of(User),
    table_of(Station),
)


@dataclass(frozen=True)
class LineDetail:
    """A line and where its units are: ordered = cancelled + allocated + owed."""

    id: int
    line_number: int
    sku: str
    name: str
    is_kit: bool
    of_kit: bool
    quantity: int
    allocated: int
    cancelled: int
    shipped: int
    unit_price_minor: int

    @property
    def owed(self) -> int:
        """Units on no shipment; a kit is never on one itself."""
        return 0 if self.is_kit else self.quantity - self.cancelled - self.allocated


@dataclass(frozen=True)
class Stamp:
    """When a stage was reached, and by whom ('' = nobody is named)."""

    stage: str
    at: datetime
    by: str


@dataclass(frozen=True)
class ParcelDetail:
    """A carton: weight in grams, tracking number of its active label."""

    sequence: int
    state: str
    sscc: str
    expected_grams: int | None
    weight_grams: int | None
    weight_source: str
    override_by: str
    override_reason: str
    tracking_number: str
    packed_by: str
    tracking: str = ""
    """Where the carrier says it is: a state of :data:`TrackingState`, '' where none was asked."""
    tracking_words: str = ""


@dataclass(frozen=True)
class ShipmentDetail:
    """A shipment with why its warehouse was chosen (as :func:`why_these` stores it)."""

    id: int
    number: str
    state: str
    warehouse: str
    timezone: str
    warehouse_id: int
    service_id: int | None
    service: str
    cut_off_at: datetime | None
    promised_cut_off_at: datetime | None
    why: Mapping[str, Any]
    cancel_reason: str
    stamps: tuple[Stamp, ...]
    lines: tuple[tuple[str, int, int, int, int], ...]
    """(SKU, wanted, picked, packed, shipped)"""
    parcels: tuple[ParcelDetail, ...]


@dataclass(frozen=True)
class HoldDetail:
    """A hold, open or released."""

    id: int
    type: str
    reason: str
    shipment: str
    placed_at: datetime
    placed_by: str
    released_at: datetime | None
    released_by: str
    release_reason: str


@dataclass(frozen=True)
class ScanDetail:
    """A scan of the order's goods, with its answer."""

    at: datetime
    by: str
    station: str
    process: str
    raw: str
    source: str
    accepted: bool
    code: str
    quantity: int
    undone: bool


@dataclass(frozen=True)
class Act:
    """An audited act on the order or one of its shipments."""

    at: datetime
    by: str
    act: str
    subject: str
    reason: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Mate:
    """Another order: merged, split off, or one that might be merged."""

    id: int
    number: str
    state: str
    reference: str


@dataclass(frozen=True)
class OrderDetail:
    """One order, whole; money in minor units of its currency, times in UTC."""

    id: int
    number: str
    state: str
    seller_id: int
    seller: str
    channel: str
    reference: str
    customer: str
    address: PostalAddress
    currency: str
    total_minor: int
    priority: int
    ship_complete: bool
    has_backorder: bool
    note: str
    packing_note: str
    tags: tuple[str, ...]
    requested_service: str
    promised_on: date | None
    placed_at: datetime
    stamps: tuple[Stamp, ...]
    cancel_reason: str
    lines: tuple[LineDetail, ...]
    shipments: tuple[ShipmentDetail, ...]
    hidden_shipments: int
    """Shipments of warehouses that the actor does not see."""
    holds: tuple[HoldDetail, ...]
    scans: tuple[ScanDetail, ...]
    history: tuple[Act, ...]
    merged_into: Mate | None
    relatives: tuple[Mate, ...]
    """Merged into this one, split off it, or what it was split from."""
    mergeable: tuple[Mate, ...]
    """Open orders of the same customer that may go together with it."""

    @property
    def owed(self) -> int:
        """Units that are on no shipment."""
        return sum(line.owed for line in self.lines)


@reads
def order_detail(tx: Transaction, actor: Actor, order_id: int) -> OrderDetail:
    """One order.  Raises :class:`UnknownThing`, also for another seller's or warehouse's."""
    actor.require(Permission.SEE_ORDERS)
    head = tx.execute(_HEAD.where(_order.c.id == order_id)).one_or_none()
    if head is None or not actor.may(Permission.SEE_ORDERS, seller_id=head.seller_id):
        raise UnknownThing(kind="order", key=str(order_id))
    every = tx.execute(_SHIPMENTS.where(_shipment.c.order_id == order_id)).all()
    if not sees_order(actor, state=head.state, warehouse_ids=[row.warehouse_id for row in every]):
        raise UnknownThing(kind="order", key=str(order_id))
    own = actor.warehouse_ids(Permission.SEE_ORDERS)
    seen = [row for row in every if own is None or row.warehouse_id in own]
    holds = tx.execute(_HOLDS.where(_hold.c.order_id == order_id)).all()
    acts = _acts(tx, order_id, [row.id for row in seen])
    parcels = _parcels(tx, [row.id for row in seen])
    names = _names(tx, [head, *seen, *holds, *acts, *parcels])
    return OrderDetail(
        id=head.id,
        number=head.number,
        state=head.state,
        seller_id=head.seller_id,
        seller=head.seller,
        channel=head.channel,
        reference=head.reference,
        customer=head.customer,
        address=_postal(head),
        currency=head.currency,
        total_minor=head.total_minor,
        priority=head.priority,
        ship_complete=head.ship_complete,
        has_backorder=head.has_backorder,
        note=head.note,
        packing_note=head.packing_note,
        tags=tuple(head.tags),
        requested_service=head.requested_service or "",
        promised_on=head.promised_on,
        placed_at=head.placed_at,
        stamps=tuple(_stamps(head, ("created", "confirmed", "shipped", "cancelled"), names)),
        cancel_reason=head.cancel_reason,
        lines=_lines(tx, order_id),
        shipments=_shipment_details(tx, seen, parcels, names),
        hidden_shipments=len(every) - len(seen),
        holds=tuple(_hold_detail(row, names) for row in holds),
        scans=_scans(tx, [row.id for row in seen]),
        history=tuple(_act_detail(row, names) for row in acts),
        merged_into=_first(_mates(tx, _order.c.id == head.merged_into_id)),
        relatives=_mates(
            tx,
            or_(
                _order.c.merged_into_id == order_id,
                _order.c.split_from_id == order_id,
                _order.c.id == head.split_from_id,
            ),
        ),
        mergeable=_mergeable(tx, head, on_shipments=any(r.state != "cancelled" for r in every)),
    )


_HEAD = (
    select(
        _order,
        _seller.c.code.label("seller"),
        (_service.c.carrier + "/" + _service.c.code).label("requested_service"),
        *(column.label(f"address_{column.name}") for column in _address.c if column.name != "id"),
    )
    .join(_seller, _seller.c.id == _order.c.seller_id)
    .join(_address, _address.c.id == _order.c.address_id)
    .outerjoin(_service, _service.c.id == _order.c.requested_service_id)
)
_SHIPMENTS = (
    select(
        _shipment,
        _warehouse.c.code.label("warehouse"),
        _warehouse.c.timezone,
        (_service.c.carrier + "/" + _service.c.code).label("service"),
    )
    .join(_warehouse, _warehouse.c.id == _shipment.c.warehouse_id)
    .outerjoin(_service, _service.c.id == _shipment.c.service_id)
    .order_by(_shipment.c.id)
)
_HOLDS = (
    select(_hold, _shipment.c.number.label("shipment"))
    .outerjoin(_shipment, _shipment.c.id == _hold.c.shipment_id)
    .order_by(_hold.c.id)
)


def _postal(head: Row[Any]) -> PostalAddress:
    names = [column.name for column in _address.c if column.name not in ("id", "lines")]
    return PostalAddress(
        **{name: getattr(head, f"address_{name}") for name in names},
        lines=tuple(head.address_lines),
    )


def _lines(tx: Transaction, order_id: int) -> tuple[LineDetail, ...]:
    shipped = (
        select(func.coalesce(func.sum(_shipment_line.c.shipped), 0))
        .join(_shipment, _shipment.c.id == _shipment_line.c.shipment_id)
        .where(
            _shipment_line.c.order_line_id == _line.c.id,
            _shipment.c.state.in_(("shipped", "dispatched")),
        )
        .correlate(_line)
        .scalar_subquery()
    )
    query = (
        select(
            _line.c.id,
            _line.c.line_number,
            _product.c.sku,
            _product.c.name,
            _line.c.is_kit,
            _line.c.kit_line_id.is_not(None).label("of_kit"),
            _line.c.quantity,
            _line.c.allocated,
            _line.c.cancelled,
            shipped.label("shipped"),
            _line.c.unit_price_minor,
        )
        .join(_product, _product.c.id == _line.c.product_id)
        .where(_line.c.order_id == order_id)
        .order_by(_line.c.line_number)
    )
    return tuple(LineDetail(**row._mapping) for row in tx.execute(query))


def _shipment_details(
    tx: Transaction,
    rows: Sequence[Row[Any]],
    parcels: Sequence[Row[Any]],
    names: Mapping[int, str],
) -> tuple[ShipmentDetail, ...]:
    ids = [row.id for row in rows]
    query = (
        select(
            _shipment_line.c.shipment_id,
            _product.c.sku,
            _shipment_line.c.quantity,
            _shipment_line.c.picked,
            _shipment_line.c.packed,
            _shipment_line.c.shipped,
        )
        .join(_product, _product.c.id == _shipment_line.c.product_id)
        .where(_shipment_line.c.shipment_id.in_(ids))
        .order_by(_shipment_line.c.id)
    )
    lines = tx.execute(query).all() if ids else ()
    tracked = trackings(tx, ids) if any(row.purchase_id for row in parcels) else {}
    return tuple(
        ShipmentDetail(
            id=row.id,
            number=row.number,
            state=row.state,
            warehouse=row.warehouse,
            timezone=row.timezone,
            warehouse_id=row.warehouse_id,
            service_id=row.service_id,
            service=row.service or "",
            cut_off_at=row.cut_off_at,
            promised_cut_off_at=row.promised_cut_off_at,
            why=row.why,
            cancel_reason=row.cancel_reason,
            stamps=tuple(_stamps(row, (*STAGES, "cancelled"), names)),
            lines=tuple(
                (one.sku, one.quantity, one.picked, one.packed, one.shipped)
                for one in lines
                if one.shipment_id == row.id
            ),
            parcels=tuple(
                _parcel_detail(one, names, tracked.get(one.id))
                for one in parcels
                if one.shipment_id == row.id
            ),
        )
        for row in rows
    )


def _parcels(tx: Transaction, shipment_ids: Sequence[int]) -> Sequence[Row[Any]]:
    if not shipment_ids:
        return ()
    query = (
        select(_parcel, _label.c.tracking_number, _label.c.purchase_id)
        .outerjoin(_label, and_(_label.c.parcel_id == _parcel.c.id, _label.c.state == "active"))
        .where(_parcel.c.shipment_id.in_(shipment_ids))
        .order_by(_parcel.c.shipment_id, _parcel.c.sequence)
    )
    return tx.execute(query).all()


def _parcel_detail(
    row: Row[Any], names: Mapping[int, str], tracked: Row[Any] | None
) -> ParcelDetail:
    return ParcelDetail(
        sequence=row.sequence,
        state=row.state,
        sscc=row.sscc,
        expected_grams=row.expected_grams,
        weight_grams=row.weight_grams,
        weight_source=row.weight_source,
        override_by=names.get(row.override_by_id, ""),
        override_reason=row.override_reason,
        tracking_number=row.tracking_number or "",
        packed_by=names.get(row.packed_by_id, ""),
        tracking=tracked.state if tracked else "",
        tracking_words=", ".join(filter(None, (tracked.words, tracked.place))) if tracked else "",
    )


def _hold_detail(row: Row[Any], names: Mapping[int, str]) -> HoldDetail:
    return HoldDetail(
        id=row.id,
        type=row.type,
        reason=row.reason,
        shipment=row.shipment or "",
        placed_at=row.placed_at,
        placed_by=names.get(row.placed_by_id, ""),
        released_at=row.released_at,
        released_by=names.get(row.released_by_id, ""),
        release_reason=row.release_reason,
    )


def _scans(tx: Transaction, shipment_ids: Sequence[int]) -> tuple[ScanDetail, ...]:
    if not shipment_ids:
        return ()
    query = (
        select(
            _scan.c.at,
            _user.c.name.label("by"),
            func.coalesce(_station.c.code, "").label("station"),
            _scan.c.process,
            _scan.c.raw,
            _scan.c.source,
            _scan.c.accepted,
            _scan.c.code,
            _scan.c.quantity,
            _scan.c.undone_by_id.is_not(None).label("undone"),
        )
        .join(_user, _user.c.id == _scan.c.user_id)
        .outerjoin(_station, _station.c.id == _scan.c.station_id)
        .where(_scan.c.shipment_id.in_(shipment_ids))
        .order_by(_scan.c.id.desc())
        .limit(MOST_SCANS_SHOWN)
    )
    return tuple(ScanDetail(**row._mapping) for row in tx.execute(query))


def _acts(tx: Transaction, order_id: int, shipment_ids: Sequence[int]) -> Sequence[Row[Any]]:
    query = (
        select(_act, _shipment.c.number.label("shipment"))
        .outerjoin(
            _shipment,
            and_(_act.c.subject_kind == "shipment", _shipment.c.id == _act.c.subject_id),
        )
        .where(
            or_(
                and_(_act.c.subject_kind == "order", _act.c.subject_id == order_id),
                and_(_act.c.subject_kind == "shipment", _act.c.subject_id.in_(shipment_ids)),
            )
        )
        .order_by(_act.c.id.desc())
        .limit(MOST_ACTS_SHOWN)
    )
    return tx.execute(query).all()


def _act_detail(row: Row[Any], names: Mapping[int, str]) -> Act:
    return Act(
        at=row.at,
        by=names.get(row.by_id, ""),
        act=row.act,
        subject=row.shipment or "",
        reason=row.reason,
        details=row.details,
    )


def _stamps(row: Row[Any], stages: Sequence[str], names: Mapping[int, str]) -> Iterable[Stamp]:
    for stage in stages:
        at = getattr(row, f"{stage}_at")
        if at is not None:
            yield Stamp(stage, at, names.get(getattr(row, f"{stage}_by_id", None) or 0, ""))


def _names(tx: Transaction, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """The names of everybody whom *rows* name in a ``…by_id`` column."""
    ids = {
        value
        for row in rows
        for name, value in row._mapping.items()
        if name.endswith("by_id") and value is not None
    }
    if not ids:
        return {}
    query = select(_user.c.id, _user.c.name).where(_user.c.id.in_(sorted(ids)))
    return {row.id: row.name for row in tx.execute(query)}


def _mates(tx: Transaction, condition: Any) -> tuple[Mate, ...]:
    query = (
        select(_order.c.id, _order.c.number, _order.c.state, _order.c.reference)
        .where(condition)
        .order_by(_order.c.id)
        .limit(MOST_MATES_SHOWN)
    )
    return tuple(Mate(**row._mapping) for row in tx.execute(query))


def _first(mates: Sequence[Mate]) -> Mate | None:
    return mates[0] if mates else None


def _mergeable(tx: Transaction, head: Row[Any], *, on_shipments: bool) -> tuple[Mate, ...]:
    """Orders in the same state of the same seller, customer and currency; the merge itself
    compares the addresses."""
    if head.state not in ("review", "confirmed") or on_shipments or not head.customer:
        return ()
    same = [
        _order.c[name] == getattr(head, name)
        for name in ("seller_id", "customer", "currency", "state")
    ]
    served = select(_shipment.c.id).where(
        _shipment.c.order_id == _order.c.id, _shipment.c.state != "cancelled"
    )
    return _mates(tx, and_(*same, _order.c.id != head.id, ~served.exists()))
