"""Webhook endpoints: who is told what, under which secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from fulfillment.domain.access import covers
from fulfillment.domain.checks import choice_faults, text_faults
from fulfillment.domain.errors import Fault, InvalidInput, NotPermitted, UnknownThing
from fulfillment.domain.outbox import SECRET_OVERLAP, TOPICS
from fulfillment.domain.people import Actor, Permission
from fulfillment.posting.targets import BadTarget, Rules, target_of
from fulfillment.services.outbox.secrets import new_secret, sealed
from fulfillment.store import journal
from fulfillment.store import outbox as rows
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Seller, Warehouse
from fulfillment.store.transaction import Transaction, reads, writes

MOST_ENDPOINTS = 200

_endpoint = table_of(rows.WebhookEndpoint)
_warehouse, _seller = table_of(Warehouse), table_of(Seller)


@dataclass(frozen=True)
class EndpointWish:
    """How an endpoint is to be; None: of every warehouse or seller."""

    name: str
    url: str
    topics: tuple[str, ...]
    warehouse_id: int | None = None
    seller_id: int | None = None
    active: bool = True


@dataclass(frozen=True)
class EndpointView:
    """An endpoint as it is shown, without its secret."""

    id: int
    name: str
    url: str
    topics: tuple[str, ...]
    warehouse_id: int | None
    warehouse: str
    """'' for every one."""
    seller_id: int | None
    seller: str
    active: bool
    waiting: int
    dead: int
    created_at: datetime


@dataclass(frozen=True)
class NewSecret:
    """An endpoint's new secret, shown once."""

    id: int
    name: str
    secret: str


@reads
def list_endpoints(tx: Transaction, actor: Actor) -> tuple[EndpointView, ...]:
    """The endpoints that the actor may change, by name."""
    actor.require(Permission.CHANGE_POLICY)
    counts = rows.count_by_state(tx)
    return tuple(
        _view(row, counts.get(row.id, {}))
        for row in tx.execute(_ENDPOINTS.order_by(_endpoint.c.name, _endpoint.c.id))
        if _may_change(actor, row)
    )


@writes
def create_endpoint(
    tx: Transaction, actor: Actor, *, wish: EndpointWish, rules: Rules, key: str
) -> NewSecret:
    """A new endpoint with a random secret; *key* is the secret key of the installation."""
    _require_wish(tx, actor, wish, rules)
    secret = new_secret()
    endpoint_id = rows.insert_endpoint(
        tx,
        **_values(wish),
        warehouse_id=wish.warehouse_id,
        seller_id=wish.seller_id,
        secret=sealed(secret, key=key),
        created_by_id=actor.user_id,
    )
    _audit(tx, actor, "webhook-created", endpoint_id, wish.warehouse_id)
    return NewSecret(endpoint_id, wish.name, secret)


@writes
def change_endpoint(
    tx: Transaction, actor: Actor, endpoint_id: int, *, wish: EndpointWish, rules: Rules
) -> EndpointView:
    """Change it; its warehouse and seller stay.  Out of use: what waits for it is dropped."""
    row = _locked(tx, actor, endpoint_id)
    _require_valid(wish, rules)
    tx.execute(update(_endpoint).where(_endpoint.c.id == endpoint_id).values(**_values(wish)))
    if not wish.active:
        rows.drop_open(tx, endpoint_id, reason="the endpoint is out of use")
    _audit(tx, actor, "webhook-changed", endpoint_id, row.warehouse_id)
    changed = tx.execute(_ENDPOINTS.where(_endpoint.c.id == endpoint_id)).one()
    return _view(changed, rows.count_by_state(tx).get(endpoint_id, {}))


@writes
def renew_secret(tx: Transaction, actor: Actor, endpoint_id: int, *, key: str) -> NewSecret:
    """A new secret; the one until now signs as well for a day, so that nothing is refused."""
    row = _locked(tx, actor, endpoint_id)
    secret = new_secret()
    tx.execute(
        update(_endpoint)
        .where(_endpoint.c.id == endpoint_id)
        .values(
            secret=sealed(secret, key=key),
            former_secret=row.secret,
            former_until=tx.now + SECRET_OVERLAP,
        )
    )
    _audit(tx, actor, "webhook-secret-renewed", endpoint_id, row.warehouse_id)
    return NewSecret(endpoint_id, row.name, secret)


_ENDPOINTS = select(
    _endpoint, _warehouse.c.code.label("warehouse"), _seller.c.code.label("seller")
).select_from(
    _endpoint.outerjoin(_warehouse, _warehouse.c.id == _endpoint.c.warehouse_id).outerjoin(
        _seller, _seller.c.id == _endpoint.c.seller_id
    )
)


def _view(row: Row[Any], counts: dict[str, int]) -> EndpointView:
    return EndpointView(
        id=row.id,
        name=row.name,
        url=row.url,
        topics=tuple(row.topics),
        warehouse_id=row.warehouse_id,
        warehouse=row.warehouse or "",
        seller_id=row.seller_id,
        seller=row.seller or "",
        active=row.active,
        waiting=counts.get("open", 0),
        dead=counts.get("dead", 0),
        created_at=row.created_at,
    )


def _values(wish: EndpointWish) -> dict[str, Any]:
    return {
        "name": wish.name,
        "url": wish.url,
        "topics": sorted(set(wish.topics), key=TOPICS.index),
        "active": wish.active,
    }


def _may_change(actor: Actor, row: Row[Any]) -> bool:
    return covers(
        actor,
        Permission.CHANGE_POLICY,
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )


def _locked(tx: Transaction, actor: Actor, endpoint_id: int) -> Row[Any]:
    actor.require(Permission.CHANGE_POLICY)
    row = tx.execute(
        select(_endpoint).where(_endpoint.c.id == endpoint_id).with_for_update()
    ).one_or_none()
    if row is None or not _may_change(actor, row):
        raise UnknownThing(kind="webhook", key=str(endpoint_id))
    return row


def _require_wish(tx: Transaction, actor: Actor, wish: EndpointWish, rules: Rules) -> None:
    actor.require(Permission.CHANGE_POLICY)
    _require_row(tx, "warehouse", _warehouse, wish.warehouse_id)
    _require_row(tx, "seller", _seller, wish.seller_id)
    where = {"warehouse_id": wish.warehouse_id, "seller_id": wish.seller_id}
    if not covers(actor, Permission.CHANGE_POLICY, **where):
        if wish.warehouse_id is not None and not actor.may(
            Permission.CHANGE_POLICY, warehouse_id=wish.warehouse_id
        ):
            raise UnknownThing(kind="warehouse", key=str(wish.warehouse_id))
        raise NotPermitted(permission=Permission.CHANGE_POLICY)
    _require_valid(wish, rules)


def _require_row(tx: Transaction, kind: str, table: Any, key: int | None) -> None:
    if key is not None and not tx.execute(select(table.c.id).where(table.c.id == key)).first():
        raise UnknownThing(kind=kind, key=str(key))


def _require_valid(wish: EndpointWish, rules: Rules) -> None:
    faults = [
        *text_faults("name", wish.name, most=200, required=True),
        *_topic_faults(wish.topics),
        *_url_faults(wish.url, rules),
    ]
    if faults:
        raise InvalidInput(tuple(faults))


def _topic_faults(topics: Sequence[str]) -> list[Fault]:
    return [fault for each in topics for fault in choice_faults("topics", each, TOPICS)]


def _url_faults(url: str, rules: Rules) -> list[Fault]:
    try:
        target_of(url, rules)
    except BadTarget as problem:
        return [Fault("url", problem.code, problem.text)]
    return []


def _audit(
    tx: Transaction, actor: Actor, act: str, endpoint_id: int, warehouse_id: int | None
) -> None:
    journal.audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("webhook", endpoint_id),
        warehouse_id=warehouse_id,
    )
