"""Log in, badge in, log out, and the supervisor's override for one act.

A wrong try must stay counted, so it is a value (:class:`Refused`) and no exception, which would
roll the count back. Every try is counted *before* the secret is looked at, and the count is taken
back when it was right: a hundred guesses at once get five answers, not a hundred. The slow hash
runs between two transactions, so that guessing does not hold the writers' lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from fulfillment.domain.access import back_off_seconds, password_faults
from fulfillment.domain.errors import InvalidInput, TooManyTries, UnknownThing, WrongCredentials
from fulfillment.domain.people import SYSTEM_USER_ID, Actor, Permission
from fulfillment.domain.values import Refused
from fulfillment.services.people.credentials import digest, matches, new_token, slow_hash
from fulfillment.services.people.locales import require_locale, require_units
from fulfillment.services.people.reach import require_reach_of
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.people import (
    Station,
    User,
    WebSession,
    credentials_by_badge,
    credentials_by_login,
    grants_of,
)
from fulfillment.store.transaction import Transaction, writes

WRONG = Refused(WrongCredentials.code)


@dataclass(frozen=True)
class LoggedIn:
    """A new session; *token* goes into the cookie and is known nowhere else."""

    token: str
    user_id: int
    session_id: int


def log_in(login: str, password: str) -> LoggedIn | Refused:
    """Log in to the office with login and password."""
    tried = _try_login(login)
    if isinstance(tried, Refused):
        return tried
    if not matches(password, tried.secret_hash) or tried.user_id is None:
        return WRONG
    return _begin_session(tried, station_id=None)


def badge_in(station_token: str, badge: str, pin: str) -> LoggedIn | Refused:
    """Log in at an enrolled station with badge and PIN; whoever was there before is logged out.

    Raises :class:`UnknownThing` where the browser is not an enrolled station.
    """
    tried = _try_badge(station_token, badge)
    if isinstance(tried, Refused):
        return tried
    if not matches(pin, tried.secret_hash) or tried.user_id is None:
        return WRONG
    return _begin_session(tried, station_id=tried.station_id)


@writes
def log_out(tx: Transaction, token: str) -> None:
    """End the session with this secret; nothing happens where there is none."""
    _end(tx, table_of(WebSession).c.token_hash == digest(token))


@writes
def end_sessions(tx: Transaction, actor: Actor, user_id: int) -> int:
    """End all sessions of somebody, here and now; returns how many there were."""
    require_reach_of(tx, actor, user_id)
    ended = _end(tx, table_of(WebSession).c.user_id == user_id)
    journal.audit(tx, by_id=actor.user_id, act="sessions-ended", subject=("user", user_id))
    return ended


@writes
def choose_password(
    tx: Transaction, actor: Actor, *, old: str, new: str, keep_session_id: int | None
) -> Refused | None:
    """Replace one's own password; ends the other sessions.  Wrong tries count as at log-in."""
    users = table_of(User)
    row = tx.execute(select(users).where(users.c.id == actor.user_id).with_for_update()).one()
    refused = _count_try(tx, row)
    if refused:
        return refused
    if not matches(old, row.password_hash):
        return WRONG
    faults = password_faults(new, login=row.login)
    if faults:
        raise InvalidInput(faults=faults)
    _forget_tries(tx, actor.user_id, password_hash=slow_hash(new), password_chosen_at=tx.now)
    sessions = table_of(WebSession)
    _end(tx, (sessions.c.user_id == actor.user_id) & (sessions.c.id != (keep_session_id or 0)))
    journal.audit(tx, by_id=actor.user_id, act="password-chosen", subject=("user", actor.user_id))
    return None


@writes
def choose_reading(tx: Transaction, actor: Actor, *, locale: str, units: str) -> None:
    """The language and the units in which somebody wants to read; raises :class:`InvalidInput`."""
    require_locale(locale)
    require_units(units)
    tx.execute(
        update(User).where(table_of(User).c.id == actor.user_id).values(locale=locale, units=units)
    )


def authorize_override(
    tx: Transaction, *, badge: str, pin: str, permission: Permission, warehouse_id: int
) -> int | Refused:
    """The user who answers for one act, proven by badge and PIN; nobody is logged in by it.

    For use cases inside their own transaction. A :class:`Refused` must be *returned* by the use
    case, not raised: the wrong try is counted in this transaction. The caller audits the act
    with the user id.
    """
    row = credentials_by_badge(tx, badge)
    if row is None:
        matches(pin, None)
        return WRONG
    refused = _count_try(tx, row)
    if refused:
        return refused
    if not matches(pin, row.pin_hash):
        return WRONG
    _forget_tries(tx, row.id)
    holder = Actor(row.id, row.name, grants_of(tx, row.id))
    if not holder.may(permission, warehouse_id=warehouse_id):
        return Refused("not-permitted", {"permission": str(permission)})
    return holder.user_id


@dataclass(frozen=True)
class _Try:
    """A counted try: whose, and the hash that the secret must match."""

    user_id: int | None
    secret_hash: str | None
    station_id: int | None = None


@writes
def _try_login(tx: Transaction, login: str) -> _Try | Refused:
    row = credentials_by_login(tx, login)
    if row is None or row.id == SYSTEM_USER_ID:
        return _Try(None, None)
    return _count_try(tx, row) or _Try(row.id, row.password_hash)


@writes
def _try_badge(tx: Transaction, station_token: str, badge: str) -> _Try | Refused:
    stations = table_of(Station)
    station = tx.execute(
        select(stations.c.id, stations.c.warehouse_id).where(
            stations.c.enrolment_hash == digest(station_token)
        )
    ).one_or_none()
    if station is None:
        raise UnknownThing(kind="station", key="?")
    row = credentials_by_badge(tx, badge)
    if row is None:
        return _Try(None, None)
    works_here = any(
        grant.warehouse_id in (None, station.warehouse_id) for grant in grants_of(tx, row.id)
    )
    secret_hash = row.pin_hash if works_here else None
    return _count_try(tx, row) or _Try(row.id, secret_hash, station.id)


def _count_try(tx: Transaction, row: Row[Any]) -> Refused | None:
    """Count one more try of a locked user row, or refuse it because of those before."""
    if row.locked_until and row.locked_until > tx.now:
        wait = row.locked_until - tx.now
        return Refused(TooManyTries.code, {"retry_after_seconds": int(wait.total_seconds()) + 1})
    tries = row.failed_tries + 1
    pause = back_off_seconds(tries)
    tx.execute(
        update(User)
        .where(table_of(User).c.id == row.id)
        .values(
            failed_tries=tries,
            locked_until=tx.now + timedelta(seconds=pause) if pause else None,
        )
    )
    return None


def _forget_tries(tx: Transaction, user_id: int, **changes: Any) -> None:
    tx.execute(
        update(User)
        .where(table_of(User).c.id == user_id)
        .values(failed_tries=0, locked_until=None, **changes)
    )


@writes
def _begin_session(tx: Transaction, tried: _Try, *, station_id: int | None) -> LoggedIn:
    assert tried.user_id is not None
    _forget_tries(tx, tried.user_id)
    if station_id is not None:
        _end(tx, table_of(WebSession).c.station_id == station_id)
    token = new_token()
    result = tx.execute(
        insert(WebSession).values(
            token_hash=digest(token),
            user_id=tried.user_id,
            station_id=station_id,
            created_at=tx.now,
            last_seen_at=tx.now,
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    return LoggedIn(token, tried.user_id, int(key[0]))


def _end(tx: Transaction, condition: Any) -> int:
    table = table_of(WebSession)
    return tx.execute(
        update(table).where(condition, table.c.ended_at.is_(None)).values(ended_at=tx.now)
    ).rowcount
