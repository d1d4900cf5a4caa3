"""Rules: what is watched in a warehouse, and who is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, or_, select, update

from fulfillment.domain.access import covers
from fulfillment.domain.alerts import Rule, rule_faults
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import SYSTEM_USER_ID, Actor, Permission
from fulfillment.services.alerts.watching import rule_of
from fulfillment.store import alerts as rows
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.outbox import WebhookEndpoint
from fulfillment.store.people import User, grants_of
from fulfillment.store.transaction import Transaction, reads, writes

_rule, _warehouse = table_of(rows.AlertRule), table_of(Warehouse)
_user, _endpoint = table_of(User), table_of(WebhookEndpoint)


@dataclass(frozen=True)
class RuleWish:
    """How a rule is to be."""

    rule: Rule
    user_ids: tuple[int, ...] = ()
    endpoint_ids: tuple[int, ...] = ()
    active: bool = True


@dataclass(frozen=True)
class RuleView:
    """A rule as it is shown."""

    id: int
    warehouse_id: int
    rule: Rule
    user_ids: tuple[int, ...]
    endpoint_ids: tuple[int, ...]
    active: bool


@dataclass(frozen=True)
class Person:
    """Somebody who may be told; without an e-mail address nothing arrives."""

    id: int
    name: str
    email: str


@dataclass(frozen=True)
class WarehouseRules:
    """The rules of a warehouse, and who can be told."""

    rules: tuple[RuleView, ...]
    people: tuple[Person, ...]
    endpoints: dict[int, str]
    """Names by id."""


@reads
def warehouse_rules(tx: Transaction, actor: Actor, warehouse_id: int) -> WarehouseRules:
    """The rules of a warehouse; raises :class:`UnknownThing` where the actor may not change any."""
    _require(tx, actor, warehouse_id)
    query = select(_rule).where(_rule.c.warehouse_id == warehouse_id).order_by(_rule.c.id)
    return WarehouseRules(
        rules=tuple(_view(row) for row in tx.execute(query)),
        people=tuple(_people(tx, warehouse_id)),
        endpoints=_endpoints(tx, warehouse_id),
    )


@writes
def create_rule(tx: Transaction, actor: Actor, warehouse_id: int, *, wish: RuleWish) -> RuleView:
    """A new rule; it is looked at within a minute."""
    _require(tx, actor, warehouse_id)
    _require_valid(tx, warehouse_id, wish)
    key = tx.execute(
        insert(_rule).values(
            warehouse_id=warehouse_id,
            created_at=tx.now,
            created_by_id=actor.user_id,
            **_values(wish),
        )
    ).inserted_primary_key
    assert key is not None
    _audit(tx, actor, "alert-rule-created", int(key[0]), warehouse_id)
    return _view(_row(tx, int(key[0])))


@writes
def change_rule(tx: Transaction, actor: Actor, rule_id: int, *, wish: RuleWish) -> RuleView:
    """Change a rule.  What it found is over where it looks for something else, or rests."""
    row = tx.execute(select(_rule).where(_rule.c.id == rule_id).with_for_update()).one_or_none()
    if row is None:
        actor.require(Permission.CHANGE_POLICY)
        raise UnknownThing(kind="alert-rule", key=str(rule_id))
    _require(tx, actor, row.warehouse_id)
    _require_valid(tx, row.warehouse_id, wish)
    tx.execute(update(_rule).where(_rule.c.id == rule_id).values(**_values(wish)))
    if not wish.active or wish.rule.kind != row.kind:
        rows.end_alerts_of(tx, rule_id)
    _audit(tx, actor, "alert-rule-changed", rule_id, row.warehouse_id)
    return _view(_row(tx, rule_id))


def _row(tx: Transaction, rule_id: int) -> Row[Any]:
    return tx.execute(select(_rule).where(_rule.c.id == rule_id)).one()


def _view(row: Row[Any]) -> RuleView:
    return RuleView(
        id=row.id,
        warehouse_id=row.warehouse_id,
        rule=rule_of(row),
        user_ids=tuple(row.user_ids),
        endpoint_ids=tuple(row.endpoint_ids),
        active=row.active,
    )


def _values(wish: RuleWish) -> dict[str, Any]:
    rule, quiet = wish.rule, wish.rule.quiet
    return {
        "kind": rule.kind,
        "threshold": rule.threshold,
        "for_minutes": rule.for_minutes,
        "urgent": rule.urgent,
        "remind_hours": rule.remind_hours,
        "quiet_begins": quiet.begins if quiet else None,
        "quiet_ends": quiet.ends if quiet else None,
        "quiet_weekdays": list(quiet.weekdays) if quiet else [],
        "user_ids": sorted(set(wish.user_ids)),
        "endpoint_ids": sorted(set(wish.endpoint_ids)),
        "active": wish.active,
    }


def _require(tx: Transaction, actor: Actor, warehouse_id: int) -> None:
    """Rules are about all sellers of a warehouse, so whoever changes them has to see all."""
    actor.require(Permission.CHANGE_POLICY)
    known = tx.execute(select(_warehouse.c.id).where(_warehouse.c.id == warehouse_id)).first()
    if known is None or not covers(
        actor, Permission.CHANGE_POLICY, warehouse_id=warehouse_id, seller_id=None
    ):
        raise UnknownThing(kind="warehouse", key=str(warehouse_id))


def _require_valid(tx: Transaction, warehouse_id: int, wish: RuleWish) -> None:
    faults = list(rule_faults(wish.rule))
    people = {each.id for each in _people(tx, warehouse_id)} if wish.user_ids else set()
    faults += _unknown("user_ids", wish.user_ids, people)
    endpoints = _endpoints(tx, warehouse_id) if wish.endpoint_ids else {}
    faults += _unknown("endpoint_ids", wish.endpoint_ids, set(endpoints))
    if faults:
        raise InvalidInput(tuple(faults))


def _unknown(where: str, given: Iterable[int], known: set[int]) -> list[Fault]:
    return [Fault(where, "cannot-be-told", str(each)) for each in given if each not in known]


def _people(tx: Transaction, warehouse_id: int) -> Iterable[Person]:
    """Who sees the figures of all of the warehouse."""
    query = select(_user).where(_user.c.active, _user.c.id != SYSTEM_USER_ID).order_by(_user.c.name)
    for row in tx.execute(query).all():
        someone = Actor(row.id, row.name, grants_of(tx, row.id))
        if covers(someone, Permission.SEE_REPORTS, warehouse_id=warehouse_id, seller_id=None):
            yield Person(row.id, row.name, row.email or "")


def _endpoints(tx: Transaction, warehouse_id: int) -> dict[int, str]:
    """Webhooks that may hear of all of the warehouse."""
    here: ColumnElement[bool] = or_(
        _endpoint.c.warehouse_id.is_(None), _endpoint.c.warehouse_id == warehouse_id
    )
    query = (
        select(_endpoint.c.id, _endpoint.c.name)
        .where(here, _endpoint.c.seller_id.is_(None), _endpoint.c.active)
        .order_by(_endpoint.c.name)
    )
    return {row.id: row.name for row in tx.execute(query)}


def _audit(tx: Transaction, actor: Actor, act: str, rule_id: int, warehouse_id: int) -> None:
    journal.audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("alert-rule", rule_id),
        warehouse_id=warehouse_id,
    )
