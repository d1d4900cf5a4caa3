"""What could not be delivered: who looks at it sends it again, or gives it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, select, update

from fulfillment.domain.errors import NothingToDo, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.paging import Page
from fulfillment.store import journal
from fulfillment.store import outbox as rows
from fulfillment.store.base import in_state, table_of
from fulfillment.store.journal import OutboxMessage
from fulfillment.store.people import User
from fulfillment.store.transaction import Transaction, reads, writes

Listed = Literal["dead", "open"]

_delivery, _message = table_of(rows.OutboxDelivery), table_of(OutboxMessage)
_endpoint, _user = table_of(rows.WebhookEndpoint), table_of(User)


@dataclass(frozen=True)
class DeliveryView:
    """A delivery as it is shown."""

    id: int
    topic: str
    key: str
    receiver: str
    """The name of the endpoint, or of the person who gets the e-mail."""
    by_mail: bool
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    reason: str


@reads
def list_deliveries(
    tx: Transaction, actor: Actor, state: Listed = "dead", *, after: int = 0, limit: int = 50
) -> Page[DeliveryView]:
    """What is dead, or on its way, the oldest first; of warehouses and sellers that one sees."""
    actor.require(Permission.OVERRIDE)
    query = (
        select(
            _delivery,
            _message.c.topic,
            _message.c.key,
            _endpoint.c.name.label("endpoint"),
            _user.c.name.label("person"),
        )
        .select_from(
            _delivery.join(_message, _message.c.id == _delivery.c.message_id)
            .outerjoin(_endpoint, _endpoint.c.id == _delivery.c.endpoint_id)
            .outerjoin(_user, _user.c.id == _delivery.c.user_id)
        )
        .where(in_state(_delivery, state), _seen(actor), _delivery.c.id > after)
        .order_by(_delivery.c.id)
        .limit(limit + 1)
    )
    found = [
        DeliveryView(
            id=row.id,
            topic=row.topic,
            key=row.key,
            receiver=row.endpoint or row.person or "",
            by_mail=row.endpoint_id is None,
            state=row.state,
            attempts=row.attempts,
            created_at=row.created_at,
            next_attempt_at=row.next_attempt_at,
            reason=row.reason,
        )
        for row in tx.execute(query)
    ]
    return Page.cut(found, limit=limit, key=lambda one: (one.id,))


@writes
def resend(tx: Transaction, actor: Actor, delivery_id: int) -> None:
    """Try a dead delivery again, from the beginning."""
    _settle_dead(
        tx,
        actor,
        delivery_id,
        act="delivery-resent",
        values={"state": "open", "attempts": 0, "next_attempt_at": tx.now, "settled_at": None},
    )


@writes
def give_up(tx: Transaction, actor: Actor, delivery_id: int, *, reason: str) -> None:
    """A dead delivery is not to arrive any more."""
    _settle_dead(
        tx,
        actor,
        delivery_id,
        act="delivery-given-up",
        values={"state": "dropped", "settled_at": tx.now},
        reason=reason,
    )


def _settle_dead(
    tx: Transaction,
    actor: Actor,
    delivery_id: int,
    *,
    act: str,
    values: dict[str, Any],
    reason: str = "",
) -> None:
    actor.require(Permission.OVERRIDE)
    row = tx.execute(
        select(_delivery.c.state, _delivery.c.warehouse_id)
        .where(_delivery.c.id == delivery_id, _seen(actor))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="delivery", key=str(delivery_id))
    if row.state != "dead":
        raise NothingToDo(what="delivery")
    tx.execute(update(_delivery).where(_delivery.c.id == delivery_id).values(**values))
    journal.audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("delivery", delivery_id),
        warehouse_id=row.warehouse_id,
        reason=reason,
    )


def _seen(actor: Actor) -> ColumnElement[bool]:
    """Deliveries about warehouses and sellers of the actor; what is about no one's is of all."""
    parts: list[ColumnElement[bool]] = [_delivery.c.id.is_not(None)]
    warehouse_ids = actor.warehouse_ids(Permission.OVERRIDE)
    if warehouse_ids is not None:
        parts.append(_delivery.c.warehouse_id.in_(sorted(warehouse_ids)))
    seller_ids = actor.seller_ids(Permission.OVERRIDE)
    if seller_ids is not None:
        parts.append(_delivery.c.seller_id.in_(sorted(seller_ids)))
    return and_(*parts)
