"""How far a manager of people reaches: only over people who can do no more than they can."""

from __future__ import annotations

from sqlalchemy import select

from fulfillment.domain.access import may_give
from fulfillment.domain.errors import NotPermitted, UnknownThing
from fulfillment.domain.people import SYSTEM_USER_ID, Actor, Grant, Permission
from fulfillment.store.base import table_of
from fulfillment.store.people import User, grants_of
from fulfillment.store.transaction import Transaction


def require_reach(actor: Actor, *given: Grant) -> None:
    """Raise :class:`NotPermitted` unless *actor* may hand out all of *given*."""
    actor.require(Permission.MANAGE_PEOPLE)
    if not all(may_give(actor, grant) for grant in given):
        raise NotPermitted(permission=Permission.MANAGE_PEOPLE)


def require_reach_of(tx: Transaction, actor: Actor, user_id: int) -> tuple[Grant, ...]:
    """The grants of a user whom *actor* may manage; others are answered as if they were not."""
    actor.require(Permission.MANAGE_PEOPLE)
    users = table_of(User)
    known = tx.execute(select(users.c.id).where(users.c.id == user_id)).first()
    grants = grants_of(tx, user_id)
    if (
        known is None
        or user_id == SYSTEM_USER_ID
        or not all(may_give(actor, grant) for grant in grants)
    ):
        raise UnknownThing(kind="user", key=str(user_id))
    return grants
