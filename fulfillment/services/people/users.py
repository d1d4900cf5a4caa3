"""Accounts: who they are, what they may do, their first secrets."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from fulfillment.domain.access import may_give, pin_faults
from fulfillment.domain.errors import AlreadyExists, UnknownThing, invalid
from fulfillment.domain.people import SYSTEM_USER_ID, Actor, Grant, Permission, Role
from fulfillment.services.paging import Page
from fulfillment.services.people.credentials import new_password, new_pin, slow_hash
from fulfillment.services.people.locales import METRIC, require_locale, require_units
from fulfillment.services.people.reach import require_reach, require_reach_of
from fulfillment.store import journal
from fulfillment.store.base import Base, table_of
from fulfillment.store.catalog import Seller, Warehouse
from fulfillment.store.people import RoleGrant, User, WebSession
from fulfillment.store.transaction import Transaction, reads, writes


@dataclass(frozen=True)
class RoleWish:
    """A role to be granted; None stands for every warehouse or seller."""

    role: Role
    warehouse_id: int | None = None
    seller_id: int | None = None

    @property
    def grant(self) -> Grant:
        """What it permits."""
        return Grant.of_role(self.role, self.warehouse_id, self.seller_id)


@dataclass(frozen=True)
class UserRow:
    """An account as lists show it."""

    id: int
    login: str
    name: str
    locale: str
    units: str
    email: str
    """Where alerts and reports are sent to; '' = nowhere."""
    badge: str | None
    active: bool
    created_at: datetime
    roles: tuple[RoleWish, ...]


@dataclass(frozen=True)
class Places:
    """Codes of the warehouses and sellers for which *actor* may grant roles, by id.

    ``everywhere``: whether a role for all of them can be granted, too.
    """

    warehouses: dict[int, str]
    sellers: dict[int, str]
    everywhere: bool


@dataclass(frozen=True)
class FirstPassword:
    """A first password, shown once; it only opens the page where a new one is chosen."""

    user_id: int
    login: str
    first_password: str


@dataclass(frozen=True)
class FirstPin:
    """A badge and its first PIN, shown once."""

    user_id: int
    badge: str
    first_pin: str


@reads
def list_users(tx: Transaction, actor: Actor, *, after: int = 0, limit: int = 50) -> Page[UserRow]:
    """The accounts that *actor* may manage, by id."""
    actor.require(Permission.MANAGE_PEOPLE)
    found: list[UserRow] = []
    while len(found) <= limit:
        rows = _users(tx, after=after, limit=limit + 1)
        found += [row for row in rows if _reaches(actor, row.roles)]
        if len(rows) <= limit:
            break
        after = rows[-1].id
    last = (found[limit - 1].id,) if len(found) > limit else None
    return Page.of(found, limit=limit, key=last)


@reads
def list_places(tx: Transaction, actor: Actor) -> Places:
    """Where *actor* may let people work."""
    actor.require(Permission.MANAGE_PEOPLE)
    warehouse_ids = actor.warehouse_ids(Permission.MANAGE_PEOPLE)
    return Places(
        warehouses=_codes(tx, Warehouse, warehouse_ids),
        sellers=_codes(tx, Seller, actor.seller_ids(Permission.MANAGE_PEOPLE)),
        everywhere=warehouse_ids is None,
    )


@reads
def read_user(tx: Transaction, actor: Actor, user_id: int) -> UserRow:
    """One account."""
    require_reach_of(tx, actor, user_id)
    return _users(tx, after=user_id - 1, limit=1)[0]


@writes
def create_user(
    tx: Transaction,
    actor: Actor,
    *,
    login: str,
    name: str,
    roles: Sequence[RoleWish],
    locale: str = "en",
    units: str = METRIC,
    email: str = "",
) -> FirstPassword:
    """A new account with a random first password."""
    require_reach(actor, *(role.grant for role in roles))
    _require_places(tx, roles)
    require_locale(locale)
    require_units(units)
    _require_email(email)
    users = table_of(User)
    if tx.execute(select(users.c.id).where(users.c.login == login)).first():
        raise AlreadyExists(kind="user", key=login)
    password = new_password()
    key = tx.execute(
        insert(User).values(
            login=login,
            name=name,
            locale=locale,
            units=units,
            email=email or None,
            password_hash=slow_hash(password),
            created_at=tx.now,
        )
    ).inserted_primary_key
    assert key is not None
    user_id = int(key[0])
    _grant(tx, actor, user_id, roles)
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="user-created",
        subject=("user", user_id),
        details={"roles": _told(roles)},
    )
    return FirstPassword(user_id, login, password)


@writes
def change_user(
    tx: Transaction,
    actor: Actor,
    user_id: int,
    *,
    name: str | None = None,
    locale: str | None = None,
    units: str | None = None,
    email: str | None = None,
    active: bool | None = None,
) -> UserRow:
    """Change what is given ('' takes the e-mail address away).

    Switching an account off ends its sessions in the same moment.
    """
    require_reach_of(tx, actor, user_id)
    if locale is not None:
        require_locale(locale)
    if units is not None:
        require_units(units)
    given = {"name": name, "locale": locale, "units": units, "active": active}
    changes: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if email is not None:
        _require_email(email)
        changes["email"] = email or None
    if changes:
        tx.execute(update(User).where(table_of(User).c.id == user_id).values(**changes))
        _audit(tx, actor, user_id, "user-changed", {"fields": sorted(changes)})
    if active is False:
        _end_all(tx, user_id)
    return _users(tx, after=user_id - 1, limit=1)[0]


@writes
def set_roles(tx: Transaction, actor: Actor, user_id: int, *, roles: Sequence[RoleWish]) -> UserRow:
    """Replace the roles of a user; they count from the next request on."""
    require_reach_of(tx, actor, user_id)
    require_reach(actor, *(role.grant for role in roles))
    _require_places(tx, roles)
    tx.execute(delete(RoleGrant).where(table_of(RoleGrant).c.user_id == user_id))
    _grant(tx, actor, user_id, roles)
    _audit(tx, actor, user_id, "roles-set", {"roles": _told(roles)})
    return _users(tx, after=user_id - 1, limit=1)[0]


@writes
def reset_password(tx: Transaction, actor: Actor, user_id: int) -> FirstPassword:
    """A new first password for somebody; ends their sessions."""
    require_reach_of(tx, actor, user_id)
    password = new_password()
    users = table_of(User)
    tx.execute(
        update(users)
        .where(users.c.id == user_id)
        .values(
            password_hash=slow_hash(password),
            password_chosen_at=None,
            failed_tries=0,
            locked_until=None,
        )
    )
    _end_all(tx, user_id)
    _audit(tx, actor, user_id, "password-reset", {})
    login = tx.execute(select(users.c.login).where(users.c.id == user_id)).scalar_one()
    return FirstPassword(user_id, login, password)


@writes
def give_badge(tx: Transaction, actor: Actor, user_id: int, *, badge: str) -> FirstPin:
    """A badge, the old one counts no more, and a random PIN for it."""
    require_reach_of(tx, actor, user_id)
    users = table_of(User)
    other = tx.execute(
        select(users.c.id).where(users.c.badge == badge, users.c.id != user_id)
    ).first()
    if other:
        raise AlreadyExists(kind="badge", key=badge)
    pin = new_pin()
    while pin_faults(pin):
        pin = new_pin()
    tx.execute(
        update(users).where(users.c.id == user_id).values(badge=badge, pin_hash=slow_hash(pin))
    )
    _audit(tx, actor, user_id, "badge-given", {})
    return FirstPin(user_id, badge, pin)


def _codes(tx: Transaction, model: type[Base], ids: frozenset[int] | None) -> dict[int, str]:
    table = table_of(model)
    query = select(table.c.id, table.c.code).order_by(table.c.code)
    if ids is not None:
        query = query.where(table.c.id.in_(sorted(ids)))
    return {row.id: row.code for row in tx.execute(query)}


def _users(tx: Transaction, *, after: int, limit: int) -> list[UserRow]:
    users, grants = table_of(User), table_of(RoleGrant)
    rows = tx.execute(
        select(users)
        .where(users.c.id > after, users.c.id != SYSTEM_USER_ID)
        .order_by(users.c.id)
        .limit(limit)
    ).all()
    roles: defaultdict[int, list[RoleWish]] = defaultdict(list)
    granted = tx.execute(
        select(grants).where(grants.c.user_id.in_([row.id for row in rows])).order_by(grants.c.id)
    )
    for row in granted:
        roles[row.user_id].append(RoleWish(Role(row.role), row.warehouse_id, row.seller_id))
    return [_user_row(row, roles[row.id]) for row in rows]


def _user_row(row: Row[Any], roles: Iterable[RoleWish]) -> UserRow:
    return UserRow(
        id=row.id,
        login=row.login,
        name=row.name,
        locale=row.locale,
        units=row.units,
        email=row.email or "",
        badge=row.badge,
        active=row.active,
        created_at=row.created_at,
        roles=tuple(roles),
    )


def _require_email(email: str) -> None:
    if email and not _EMAIL.fullmatch(email):
        raise invalid("email", "not-an-e-mail-address", email[:100])


_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
"""As browsers check it (HTML, ``input type=email``), with a dot in the domain."""


def _reaches(actor: Actor, roles: Iterable[RoleWish]) -> bool:
    return all(may_give(actor, role.grant) for role in roles)


def _grant(tx: Transaction, actor: Actor, user_id: int, roles: Sequence[RoleWish]) -> None:
    rows = [
        {
            "user_id": user_id,
            "role": str(role.role),
            "warehouse_id": role.warehouse_id,
            "seller_id": role.seller_id,
            "granted_at": tx.now,
            "granted_by_id": actor.user_id,
        }
        for role in dict.fromkeys(roles)
    ]
    if rows:
        tx.execute(insert(RoleGrant), rows)


def _require_places(tx: Transaction, roles: Sequence[RoleWish]) -> None:
    _require_rows(tx, Warehouse, "warehouse", {role.warehouse_id for role in roles})
    _require_rows(tx, Seller, "seller", {role.seller_id for role in roles})


def _require_rows(tx: Transaction, model: type[Base], kind: str, ids: set[int | None]) -> None:
    wanted = {key for key in ids if key is not None}
    if not wanted:
        return
    table = table_of(model)
    known = set(tx.execute(select(table.c.id).where(table.c.id.in_(wanted))).scalars())
    for missing in sorted(wanted - known):
        raise UnknownThing(kind=kind, key=str(missing))


def _told(roles: Iterable[RoleWish]) -> list[dict[str, Any]]:
    return [
        {"role": str(each.role), "warehouse_id": each.warehouse_id, "seller_id": each.seller_id}
        for each in roles
    ]


def _end_all(tx: Transaction, user_id: int) -> None:
    table = table_of(WebSession)
    tx.execute(
        update(table)
        .where(table.c.user_id == user_id, table.c.ended_at.is_(None))
        .values(ended_at=tx.now)
    )


def _audit(tx: Transaction, actor: Actor, user_id: int, act: str, details: dict[str, Any]) -> None:
    journal.audit(tx, by_id=actor.user_id, act=act, subject=("user", user_id), details=details)
