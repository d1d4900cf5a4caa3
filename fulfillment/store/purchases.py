"""Labels that are bought from carriers: what was asked for, with which key, and what came of it.

A purchase is written in the transaction that weighs the last parcel, and settled by workers: each
takes one by a guarded UPDATE, speaks to the carrier in no transaction, and writes the answer down.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Row,
    String,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.printing import LABEL, LANGUAGES
from fulfillment.domain.purchases import LIVE, UNSETTLED
from fulfillment.domain.states import LABEL_PURCHASE
from fulfillment.store.base import Base, Code, Id, in_state, in_states, one_of, table_of
from fulfillment.store.catalog import CarrierAccount, CarrierService, Carton
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import CarrierDocument, Label, Parcel
from fulfillment.store.printing import BENCH, Printer, StationPrinter
from fulfillment.store.transaction import Transaction

DETAIL_LENGTH = 200
_LIVE = "wanted AND state IN ('intended', 'asked', 'unknown', 'bought')"
_OPEN = "state IN ('intended', 'asked', 'unknown', 'voiding', 'void-refused')"


class LabelPurchase(Base):
    """One label asked of a carrier for one parcel; ``key`` goes along every time it is asked."""

    __tablename__ = "label_purchase"
    __table_args__ = (
        in_states(LABEL_PURCHASE),
        one_of("format", LANGUAGES, "format"),
        CheckConstraint("state <> 'asked' OR lease_until IS NOT NULL", name="lease"),
        CheckConstraint("state <> 'bought' OR (wanted AND tracking_number <> '')", name="bought"),
        CheckConstraint("state <> 'intended' OR NOT in_doubt", name="in_doubt"),
        Index(
            "uq_label_purchase_live_parcel",
            "parcel_id",
            unique=True,
            sqlite_where=text(_LIVE),
            postgresql_where=text(_LIVE),
        ),
        Index(
            "ix_label_purchase_open",
            "next_attempt_at",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_label_purchase_parcel", "parcel_id"),
    )
    id: Mapped[Id]
    parcel_id: Mapped[int] = mapped_column(ForeignKey("parcel.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("carrier_account.id"))
    carrier: Mapped[Code]
    service: Mapped[Code]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(16), default=LABEL_PURCHASE.initial)
    wanted: Mapped[bool] = mapped_column(default=True)
    """False: the label was voided or the order cancelled before its purchase was settled; what
    turns out to be bought is taken back."""
    in_doubt: Mapped[bool] = mapped_column(default=False)
    """An answer was lost once: until it is settled the label may be paid for."""
    content: Mapped[dict[str, Any]]
    """What the label says, frozen when the parcel was weighed; the number is still missing."""
    package: Mapped[dict[str, Any]]
    format: Mapped[str] = mapped_column(String(4))
    """The language of the station's label printer."""
    attempts: Mapped[int] = mapped_column(default=0)
    """Counts up with each call, and so tells a worker's call from a later one."""
    next_attempt_at: Mapped[datetime | None]
    """NULL while nothing is due by itself: it is settled, or a person has to decide."""
    lease_until: Mapped[datetime | None]
    intended_at: Mapped[datetime]
    intended_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    tracking_number: Mapped[str] = mapped_column(String(64), default="")
    carrier_reference: Mapped[str] = mapped_column(String(200), default="")
    price_minor: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3), default="")
    detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")
    """The carrier's own words, or what kept us from it."""


_purchase, _account = table_of(LabelPurchase), table_of(CarrierAccount)
_document, _label, _parcel = table_of(CarrierDocument), table_of(Label), table_of(Parcel)
_shipment = table_of(Shipment)

_IS_LIVE = _purchase.c.wanted & in_state(_purchase, *LIVE)


# --- the bench's side --------------------------------------------------------------------------


def account_of_service(tx: Transaction, service_id: int | None) -> Row[Any] | None:
    """``account_id, carrier, code, name`` of a service whose labels are bought, else None."""
    service = table_of(CarrierService)
    return tx.execute(
        select(service.c.account_id, service.c.carrier, service.c.code, service.c.name).where(
            service.c.id == service_id, service.c.account_id.is_not(None)
        )
    ).one_or_none()


def label_language(tx: Transaction, shipment_id: int) -> str:
    """What the label printer of the station that has the shipment open is sent; pdf without one."""
    station, printer = table_of(StationPrinter), table_of(Printer)
    found = tx.execute(
        select(printer.c.language)
        .select_from(_shipment)
        .join(station, (station.c.station_id == BENCH) & (station.c.document_kind == LABEL))
        .join(printer, printer.c.id == station.c.printer_id)
        .where(_shipment.c.id == shipment_id, printer.c.active, printer.c.kind != "browser")
    ).scalar_one_or_none()
    return found or "pdf"


def carton_sides(tx: Transaction, carton_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The sides of cartons in millimetres by carton."""
    table = table_of(Carton)
    rows = tx.execute(
        select(table.c.id, table.c.length_mm, table.c.width_mm, table.c.height_mm).where(
            table.c.id.in_(sorted(carton_ids))
        )
    )
    names = ("length_mm", "width_mm", "height_mm")
    return {row.id: {name: getattr(row, name) for name in names} for row in rows}


def intend(tx: Transaction, purchases: Sequence[dict[str, Any]]) -> None:
    """Write down that labels shall be bought; the worker does it."""
    tx.execute(insert(_purchase), list(purchases))


def purchases_of(tx: Transaction, shipment_id: int) -> Sequence[Row[Any]]:
    """The newest purchase of each parcel of a shipment, and how many it has had (``number``)."""
    newest = (
        select(func.max(_purchase.c.id).label("id"), func.count().label("number"))
        .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
        .where(_parcel.c.shipment_id == shipment_id, _parcel.c.state != "cancelled")
        .group_by(_purchase.c.parcel_id)
        .subquery()
    )
    return tx.execute(
        select(_purchase, newest.c.number, _parcel.c.sequence)
        .join(newest, newest.c.id == _purchase.c.id)
        .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
        .order_by(_parcel.c.sequence)
    ).all()


def live_purchases(tx: Transaction, shipment_id: int) -> Sequence[Row[Any]]:
    """``parcel_id, state, carrier`` of the wanted purchases of a shipment that are not over."""
    return tx.execute(
        select(_purchase.c.parcel_id, _purchase.c.state, _purchase.c.carrier)
        .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
        .where(_parcel.c.shipment_id == shipment_id, _IS_LIVE)
        .order_by(_purchase.c.id)
    ).all()


def live_keys(tx: Transaction, order_id: int) -> tuple[str, ...]:
    """The keys of labels of an order that are being bought: they show the address as it was."""
    return tuple(
        tx.execute(
            select(_purchase.c.key)
            .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
            .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
            .where(
                _shipment.c.order_id == order_id,
                _IS_LIVE,
                in_state(_purchase, "intended", "asked", "unknown"),
            )
            .order_by(_purchase.c.id)
        ).scalars()
    )


def unwanted(tx: Transaction, shipment_ids: Sequence[int], *, by_id: int) -> int:
    """The labels of these shipments are not wanted any more; how many purchases that changes.

    What was not asked for yet is withdrawn, what is bought is taken back, and what nobody knows
    is taken back when it turns out to be bought.
    """
    parcels = select(_parcel.c.id).where(_parcel.c.shipment_id.in_(sorted(shipment_ids)))
    withdrawn = _purchase.c.state == "intended"
    bought = _purchase.c.state == "bought"
    return tx.execute(
        update(_purchase)
        .where(_purchase.c.parcel_id.in_(parcels), _IS_LIVE)
        .values(
            wanted=False,
            state=case(
                (withdrawn, LABEL_PURCHASE.advance("intended", "withdraw")),
                (bought, LABEL_PURCHASE.advance("bought", "void")),
                else_=_purchase.c.state,
            ),
            attempts=case((bought, 0), else_=_purchase.c.attempts),
            settled_at=case((withdrawn, tx.now), else_=_purchase.c.settled_at),
            settled_by_id=case((withdrawn, by_id), else_=_purchase.c.settled_by_id),
            next_attempt_at=case(
                (withdrawn, None), (bought, tx.now), else_=_purchase.c.next_attempt_at
            ),
        )
    ).rowcount


# --- the worker's side -------------------------------------------------------------------------

_other = _purchase.alias("other")
_PARCEL_IN_DOUBT = exists().where(
    _other.c.parcel_id == _purchase.c.parcel_id,
    _other.c.id != _purchase.c.id,
    in_state(_other, *UNSETTLED),
)
"""Another purchase of the parcel may be paid for: it is settled first."""
_IS_OPEN = in_state(_purchase, "intended", "asked", "unknown", "voiding", "void-refused")


def due(tx: Transaction, *, most: int) -> Sequence[Row[Any]]:
    """``id, carrier`` of purchases to see to now, the oldest first, without a lock."""
    return tx.execute(
        select(_purchase.c.id, _purchase.c.carrier)
        .where(
            _IS_OPEN,
            in_state(_purchase, "intended", "unknown", "voiding"),
            _purchase.c.next_attempt_at <= tx.now,
            _purchase.c.lease_until.is_(None),
            (_purchase.c.state != "intended") | ~_PARCEL_IN_DOUBT,
        )
        .order_by(_purchase.c.id)
        .limit(most)
    ).all()


def end_expired_leases(tx: Transaction) -> int:
    """Purchases in the hands of workers that are gone: asked becomes unknown; how many."""
    is_void = _purchase.c.state == "voiding"
    return tx.execute(
        update(_purchase)
        .where(_IS_OPEN, _purchase.c.lease_until <= tx.now)
        .values(
            state=case((is_void, "voiding"), else_=LABEL_PURCHASE.advance("asked", "lose")),
            in_doubt=case((is_void, _purchase.c.in_doubt), else_=literal_column("true")),
            lease_until=None,
            next_attempt_at=tx.now,
            detail="the worker stopped while it asked",
        )
    ).rowcount


def has_expired_leases(tx: Transaction) -> bool:
    """Whether a worker died, or hangs, while it asked a carrier."""
    query = select(_purchase.c.id).where(_IS_OPEN, _purchase.c.lease_until <= tx.now).limit(1)
    return tx.execute(query).first() is not None


def take(tx: Transaction, purchase_id: int, *, until: datetime) -> Row[Any] | None:
    """Take a purchase that is due in hand, asked or to be taken back; None if it is not due.

    From the commit of this on nobody can know whether the carrier has sold it.
    """
    is_void = _purchase.c.state == "voiding"
    return tx.execute(
        update(_purchase)
        .where(
            _purchase.c.id == purchase_id,
            in_state(_purchase, "intended", "unknown", "voiding"),
            _purchase.c.next_attempt_at <= tx.now,
            _purchase.c.lease_until.is_(None),
            (_purchase.c.state != "intended") | ~_PARCEL_IN_DOUBT,
        )
        .values(
            state=case((is_void, "voiding"), else_=LABEL_PURCHASE.advance("intended", "ask")),
            attempts=_purchase.c.attempts + 1,
            asked_at=tx.now,
            lease_until=until,
        )
        .returning(_purchase)
    ).one_or_none()


def account(tx: Transaction, account_id: int) -> Row[Any]:
    """How the carrier is reached."""
    return tx.execute(select(_account).where(_account.c.id == account_id)).one()


def is_wanted(tx: Transaction, purchase_id: int) -> bool:
    """Whether the label is still wanted; ask with the shipment locked."""
    return bool(
        tx.execute(select(_purchase.c.wanted).where(_purchase.c.id == purchase_id)).scalar_one()
    )


def shipment_of(tx: Transaction, parcel_id: int) -> int:
    """Whose parcel it is."""
    return int(
        tx.execute(select(_parcel.c.shipment_id).where(_parcel.c.id == parcel_id)).scalar_one()
    )


def settle(
    tx: Transaction, purchase_id: int, *, state: str, attempt: int, values: dict[str, Any]
) -> Row[Any] | None:
    """Write the answer of one call down; None where the call is no longer this worker's."""
    return tx.execute(
        update(_purchase)
        .where(
            _purchase.c.id == purchase_id,
            _purchase.c.state == state,
            _purchase.c.attempts == attempt,
            _purchase.c.lease_until.is_not(None),
        )
        .values(lease_until=None, **values)
        .returning(_purchase)
    ).one_or_none()


def keep_document(tx: Transaction, purchase_id: int, *, format_name: str, document: bytes) -> None:
    """Keep a carrier's own label as it came."""
    tx.execute(
        insert(_document),
        {"purchase_id": purchase_id, "format": format_name, "document": document},
    )


def bought_for(tx: Transaction, shipment_id: int) -> dict[int, Row[Any]]:
    """The bought and wanted purchases of a shipment by parcel."""
    rows = tx.execute(
        select(_purchase)
        .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
        .where(
            _parcel.c.shipment_id == shipment_id, _purchase.c.wanted, _purchase.c.state == "bought"
        )
    )
    return {row.parcel_id: row for row in rows}


# --- a person's side ---------------------------------------------------------------------------


def open_purchases(tx: Transaction, warehouse_ids: Sequence[int] | None) -> Sequence[Row[Any]]:
    """Purchases that are not settled, the oldest first, with their order (all warehouses: None)."""
    query = (
        select(
            _purchase,
            _parcel.c.sequence,
            _parcel.c.sscc,
            _shipment.c.id.label("shipment_id"),
            _shipment.c.number.label("shipment"),
            _shipment.c.warehouse_id,
        )
        .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
        .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
        .where(_IS_OPEN)
        .order_by(_purchase.c.id)
        .limit(MOST_SHOWN)
    )
    if warehouse_ids is not None:
        query = query.where(_shipment.c.warehouse_id.in_(sorted(warehouse_ids)))
    return tx.execute(query).all()


MOST_SHOWN = 200


def decide(
    tx: Transaction, purchase_id: int, *, source: str, target: str, by_id: int, detail: str
) -> bool:
    """A person's word settles a purchase that nobody has in hand; False if it was not so."""
    return (
        tx.execute(
            update(_purchase)
            .where(
                _purchase.c.id == purchase_id,
                _purchase.c.state == source,
                _purchase.c.lease_until.is_(None),
            )
            .values(
                state=target,
                in_doubt=False,
                next_attempt_at=None,
                settled_at=tx.now,
                settled_by_id=by_id,
                detail=detail[:DETAIL_LENGTH],
            )
        ).rowcount
        == 1
    )


def ask_again(tx: Transaction, purchase_id: int) -> bool:
    """A person has an unknown or not voided purchase asked about again now; False if it is not so."""
    return (
        tx.execute(
            update(_purchase)
            .where(
                _purchase.c.id == purchase_id,
                in_state(_purchase, "unknown", "void-refused", "intended", "voiding"),
                _purchase.c.lease_until.is_(None),
            )
            .values(
                state=case(
                    (_purchase.c.state == "void-refused", "voiding"), else_=_purchase.c.state
                ),
                next_attempt_at=tx.now,
            )
        ).rowcount
        == 1
    )


def purchase_seen(tx: Transaction, purchase_id: int) -> Row[Any] | None:
    """``state, parcel_id, shipment_id, warehouse_id, seller_id`` of a purchase."""
    order = table_of(Order)
    return tx.execute(
        select(
            _purchase.c.id,
            _purchase.c.state,
            _purchase.c.key,
            _purchase.c.carrier,
            _purchase.c.parcel_id,
            _parcel.c.shipment_id,
            _shipment.c.warehouse_id,
            order.c.seller_id,
        )
        .join(_parcel, _parcel.c.id == _purchase.c.parcel_id)
        .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
        .join(order, order.c.id == _shipment.c.order_id)
        .where(_purchase.c.id == purchase_id)
    ).one_or_none()
