"""Who gets which message of the outbox, and the lease under which it is tried.

::

    outbox_message  --route-->  outbox_delivery, one for each receiver  --lease-->  an attempt

A delivery is leased by one worker at a time; a lease that ran out (its worker is gone) is taken
over, with the same id for the receiver.  Of the open deliveries of one cause to one receiver only
the first can be leased, so they arrive in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    String,
    Text,
    UniqueConstraint,
    and_,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.outbox import STATES, Settlement
from fulfillment.store.base import Base, Id, Name, in_state, one_of, table_of
from fulfillment.store.journal import OutboxMessage
from fulfillment.store.manifests import Manifest
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.transaction import Transaction

REASON_LENGTH = 300


class WebhookEndpoint(Base):
    """An address that is told of what happens; NULL warehouse or seller: of every one."""

    __tablename__ = "webhook_endpoint"
    id: Mapped[Id]
    name: Mapped[Name]
    url: Mapped[str] = mapped_column(String(500))
    topics: Mapped[list[str]]
    """What it subscribes to, of :data:`fulfillment.domain.outbox.TOPICS`; alerts come besides."""
    warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("seller.id"))
    active: Mapped[bool] = mapped_column(default=True)
    secret: Mapped[str] = mapped_column(Text)
    """Encrypted with the key of the installation: it signs, so its hash would not do."""
    former_secret: Mapped[str] = mapped_column(Text, default="")
    former_until: Mapped[datetime | None]
    """Until then the former one signs as well."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class OutboxDelivery(Base):
    """A message on its way to one receiver: a webhook, or a person by e-mail."""

    __tablename__ = "outbox_delivery"
    __table_args__ = (
        one_of("state", STATES, "state"),
        UniqueConstraint("message_id", "endpoint_id"),
        UniqueConstraint("message_id", "user_id"),
        Index(
            "ix_outbox_delivery_open",
            "endpoint_id",
            "next_attempt_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_outbox_delivery_cause",
            "cause",
            "message_id",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_outbox_delivery_dead",
            "id",
            sqlite_where=text("state = 'dead'"),
            postgresql_where=text("state = 'dead'"),
        ),
    )
    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id"))
    endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("webhook_endpoint.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who gets it by e-mail; NULL with an endpoint."""
    warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("seller.id"))
    """Of what it is about, where that has one."""
    cause: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16), default="open")
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    """Counts up with each lease since it was last sent off by a person."""
    leases: Mapped[int] = mapped_column(default=0)
    """Counts up for ever, and so tells a worker's lease from a later one."""
    lease_until: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH), default="")
    """Why the last attempt failed."""


_message, _delivery = table_of(OutboxMessage), table_of(OutboxDelivery)
_endpoint = table_of(WebhookEndpoint)
_shipment, _order, _manifest = table_of(Shipment), table_of(Order), table_of(Manifest)
_earlier = _delivery.alias("earlier")


def only_one(tx: Transaction, name: str) -> bool:
    """Whether this transaction is the only one at *name*; on SQLite every writer is alone."""
    if not tx.is_postgresql:
        return True
    lock = func.pg_try_advisory_xact_lock(func.hashtext(name))
    return bool(tx.execute(select(lock)).scalar_one())


# --- sharing out ---------------------------------------------------------------------------


def has_unrouted(tx: Transaction) -> bool:
    """Whether some message is not shared out yet."""
    return tx.execute(select(_message.c.id).where(_UNROUTED).limit(1)).first() is not None


def unrouted(tx: Transaction, *, limit: int) -> Sequence[Row[Any]]:
    """The oldest messages that are not shared out yet."""
    return tx.execute(select(_message).where(_UNROUTED).order_by(_message.c.id).limit(limit)).all()


def mark_routed(tx: Transaction, message_ids: Iterable[int]) -> None:
    """These are shared out."""
    tx.execute(
        update(_message).where(_message.c.id.in_(sorted(message_ids))).values(routed_at=tx.now)
    )


def subscribers(tx: Transaction) -> Sequence[Row[Any]]:
    """The endpoints in use."""
    return tx.execute(select(_endpoint).where(_endpoint.c.active).order_by(_endpoint.c.id)).all()


def wheres(tx: Transaction, causes: Iterable[str]) -> dict[str, tuple[int | None, int | None]]:
    """Warehouse and seller of what messages are about (``shipment:12``), where it has them."""
    ids: dict[str, list[int]] = {}
    for cause in set(causes):
        kind, _colon, number = cause.partition(":")
        if number.isdecimal():
            ids.setdefault(kind, []).append(int(number))
    found: dict[str, tuple[int | None, int | None]] = {}
    for kind, query in _WHERES.items():
        for row in tx.execute(
            query.where(query.selected_columns.id.in_(sorted(ids.get(kind, []))))
        ):
            found[f"{kind}:{row.id}"] = (row.warehouse_id, row.seller_id)
    return found


def add_deliveries(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Deliveries that are due now; one that is there already stays as it is."""
    if not rows:
        return
    make = postgresql_insert if tx.is_postgresql else sqlite_insert
    defaults = {"created_at": tx.now, "next_attempt_at": tx.now, "endpoint_id": None}
    defaults |= {"user_id": None, "warehouse_id": None, "seller_id": None}
    tx.execute(make(_delivery).on_conflict_do_nothing(), [{**defaults, **each} for each in rows])


_UNROUTED = _message.c.routed_at.is_(None)
_NONE: Any = literal_column("NULL")
_WHERES = {
    "shipment": select(_shipment.c.id, _shipment.c.warehouse_id, _order.c.seller_id).join_from(
        _shipment, _order, _order.c.id == _shipment.c.order_id
    ),
    "order": select(_order.c.id, _NONE.label("warehouse_id"), _order.c.seller_id),
    "manifest": select(_manifest.c.id, _manifest.c.warehouse_id, _NONE.label("seller_id")),
}


# --- one attempt ---------------------------------------------------------------------------


def receivers_due(tx: Transaction) -> list[int | None]:
    """Endpoints with something due, by id; None stands for the mail server."""
    query = select(_delivery.c.endpoint_id).where(_due(tx.now)).distinct()
    return sorted(tx.execute(query).scalars(), key=lambda one: one or 0)


def lease_next(tx: Transaction, receiver: int | None, *, until: datetime) -> Row[Any] | None:
    """Lease the oldest due delivery to an endpoint, or by mail for None, with its message."""
    waits_for_another = (
        select(_earlier.c.id)
        .where(
            in_state(_earlier, "open"),
            _earlier.c.cause == _delivery.c.cause,
            _earlier.c.message_id < _delivery.c.message_id,
            _same(_earlier.c.endpoint_id, _delivery.c.endpoint_id),
            _same(_earlier.c.user_id, _delivery.c.user_id),
        )
        .exists()
    )
    query = (
        select(_delivery.c.id)
        .where(
            _delivery.c.endpoint_id.is_(None)
            if receiver is None
            else _delivery.c.endpoint_id == receiver,
            _due(tx.now),
            ~waits_for_another,
        )
        .order_by(_delivery.c.message_id, _delivery.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = tx.execute(query).scalar()
    if found is None:
        return None
    return tx.execute(
        update(_delivery)
        .where(_delivery.c.id == found)
        .values(
            lease_until=until,
            attempts=_delivery.c.attempts + 1,
            leases=_delivery.c.leases + 1,
        )
        .returning(*_delivery.c)
    ).one()


def message(tx: Transaction, message_id: int) -> Row[Any]:
    """A message."""
    return tx.execute(select(_message).where(_message.c.id == message_id)).one()


def settle(tx: Transaction, delivery_id: int, *, lease: int, settlement: Settlement) -> bool:
    """End a lease; False where it ran out and somebody else has it or settled it."""
    is_open = settlement.state == "open"
    values: dict[str, Any] = {
        "state": settlement.state,
        "lease_until": None,
        "settled_at": None if is_open else tx.now,
        "reason": settlement.reason[:REASON_LENGTH],
    }
    if settlement.next_attempt_at is not None:
        values["next_attempt_at"] = settlement.next_attempt_at
    held = and_(
        _delivery.c.id == delivery_id, in_state(_delivery, "open"), _delivery.c.leases == lease
    )
    return tx.execute(update(_delivery).where(held).values(**values)).rowcount == 1


def let_rest(tx: Transaction, receiver: int | None, *, until: datetime) -> None:
    """Nothing more goes to a receiver until then."""
    tx.execute(
        update(_delivery)
        .where(_to(receiver), in_state(_delivery, "open"), _delivery.c.next_attempt_at < until)
        .values(next_attempt_at=until)
    )


def drop_open(tx: Transaction, endpoint_id: int, *, reason: str) -> int:
    """Nothing of what waits for an endpoint is to arrive any more; how many."""
    return tx.execute(
        update(_delivery)
        .where(_to(endpoint_id), in_state(_delivery, "open"))
        .values(state="dropped", settled_at=tx.now, lease_until=None, reason=reason)
    ).rowcount


def count_by_state(tx: Transaction) -> dict[int | None, dict[str, int]]:
    """How many deliveries wait for each endpoint (None: by mail) and how many are dead."""
    query = (
        select(
            _delivery.c.endpoint_id,
            func.sum(case((_delivery.c.state == "open", 1), else_=0)).label("open"),
            func.sum(case((_delivery.c.state == "dead", 1), else_=0)).label("dead"),
        )
        .where(or_(in_state(_delivery, "open"), in_state(_delivery, "dead")))
        .group_by(_delivery.c.endpoint_id)
    )
    return {
        row.endpoint_id: {"open": int(row.open), "dead": int(row.dead)} for row in tx.execute(query)
    }


def _to(receiver: int | None) -> ColumnElement[bool]:
    column = _delivery.c.endpoint_id
    return column.is_(None) if receiver is None else column == receiver


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(_delivery.c.lease_until.is_(None), _delivery.c.lease_until <= now)
    return and_(in_state(_delivery, "open"), _delivery.c.next_attempt_at <= now, free)


def _same(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(one == other, and_(one.is_(None), other.is_(None)))


# --- addressed messages --------------------------------------------------------------------


def tell_these(
    tx: Transaction,
    *,
    topic: str,
    key: str,
    cause: str,
    payload: dict[str, Any],
    warehouse_id: int | None,
    user_ids: Iterable[int] = (),
    endpoint_ids: Iterable[int] = (),
    not_before: datetime | None = None,
) -> int | None:
    """A message for these people (by e-mail) and endpoints; None where its key is known already."""
    make = postgresql_insert if tx.is_postgresql else sqlite_insert
    values = {"topic": topic, "key": key, "cause": cause, "payload": payload}
    message_id = tx.execute(
        make(_message)
        .values(**values, created_at=tx.now, routed_at=tx.now)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(_message.c.id)
    ).scalar()
    if message_id is None:
        return None
    common: dict[str, Any] = {
        "message_id": message_id,
        "cause": cause,
        "warehouse_id": warehouse_id,
    }
    common["next_attempt_at"] = not_before or tx.now
    add_deliveries(
        tx,
        [
            *({**common, "user_id": each} for each in user_ids),
            *({**common, "endpoint_id": each} for each in endpoint_ids),
        ],
    )
    return int(message_id)


def insert_endpoint(tx: Transaction, **values: Any) -> int:
    """A new endpoint; its id."""
    made = tx.execute(insert(_endpoint).values(created_at=tx.now, **values)).inserted_primary_key
    assert made is not None
    return int(made[0])
