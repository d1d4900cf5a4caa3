"""Users, their grants, their sessions and tokens, and the stations they stand at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Row, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.people import Grant, Role
from fulfillment.store.base import Base, Code, Id, Name, one_of, table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.transaction import Transaction


class User(Base):
    """Somebody who can be stamped on a row.  User 1 is the system itself."""

    __tablename__ = "user"
    id: Mapped[Id]
    login: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    email: Mapped[str | None] = mapped_column(String(254))
    """Where alerts and reports are sent to; NULL: nowhere."""
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_chosen_at: Mapped[datetime | None]
    """NULL: it is the first password, which only opens the page where a new one is chosen."""
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    badge: Mapped[str | None] = mapped_column(String(32), unique=True)
    locale: Mapped[str] = mapped_column(String(16), default="en")
    units: Mapped[str] = mapped_column(String(16), default="metric")
    """What weights are shown in."""
    active: Mapped[bool] = mapped_column(default=True)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RoleGrant(Base):
    """A role in one warehouse and for one seller; NULL means every one."""

    __tablename__ = "role_grant"
    __table_args__ = (one_of("role", tuple(Role), "role"),)
    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    warehouse_id: Mapped[int | None] = mapped_column(ForeignKey("warehouse.id"))
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("seller.id"))
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class Station(Base):
    """An enrolled place with its own devices."""

    __tablename__ = "station"
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    enrolment_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    enrolled_at: Mapped[datetime | None]
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the enrolment code that a supervisor made and no browser has used yet."""
    code_until: Mapped[datetime | None]
    batch_tote_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    """The batch tote that stands here: each item scanned without an order opens the next one."""


SCALE_STATES = ("", "ready", "away")
"""'' = the station's browser was given none."""


class StationBeat(Base):
    """What the page of a station said last of itself; the row goes when the page is left in order."""

    __tablename__ = "station_beat"
    __table_args__ = (
        one_of("scale", SCALE_STATES, "scale"),
        CheckConstraint("unsent >= 0", name="unsent"),
    )
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), primary_key=True)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    unsent: Mapped[int]
    """Scans that its browser keeps and the server has not had."""
    scale: Mapped[str] = mapped_column(String(8), default="")
    scale_at: Mapped[datetime]
    """Since when the scale is what it is."""


class WebSession(Base):
    """A log-in: server side, so that it can be ended here."""

    __tablename__ = "web_session"
    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A key for programs: permissions, warehouses and sellers; empty list = every one."""

    __tablename__ = "api_token"
    id: Mapped[Id]
    name: Mapped[Name]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    """The station whose scans come with this token, where it belongs to one."""
    scopes: Mapped[list[str]]
    warehouse_ids: Mapped[list[int]]
    seller_ids: Mapped[list[int]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


def session_rows(tx: Transaction, token_hash: str) -> Sequence[Row[Any]]:
    """An open session with its user and station, one row for each grant: one statement.

    No row: there is no such session, it was ended, or its user is no longer active.
    """
    return tx.execute(_SESSION, {"token_hash": token_hash}).all()


def token_rows(tx: Transaction, token_hash: str) -> Sequence[Row[Any]]:
    """A token that is not revoked with its user, one row for each grant: one statement."""
    return tx.execute(_TOKEN, {"token_hash": token_hash}).all()


def grants_in(rows: Iterable[Row[Any]]) -> tuple[Grant, ...]:
    """The grants in joined rows with ``role, warehouse_id, seller_id`` (role NULL: none)."""
    return tuple(
        Grant.of_role(Role(row.role), row.warehouse_id, row.seller_id) for row in rows if row.role
    )


def grants_of(tx: Transaction, user_id: int) -> tuple[Grant, ...]:
    """What a user may do, by the roles granted."""
    rows = tx.execute(
        select(_grant.c.role, _grant.c.warehouse_id, _grant.c.seller_id)
        .where(_grant.c.user_id == user_id)
        .order_by(_grant.c.id)
    )
    return grants_in(rows.all())


def credentials_by_login(tx: Transaction, login: str) -> Row[Any] | None:
    """The locked row of a user who can log in by password."""
    return _credentials(tx, _user.c.login, login)


def credentials_by_badge(tx: Transaction, badge: str) -> Row[Any] | None:
    """The locked row of a user who can log in by badge and PIN."""
    return _credentials(tx, _user.c.badge, badge)


_user, _grant, _session = table_of(User), table_of(RoleGrant), table_of(WebSession)
_station, _token, _warehouse = table_of(Station), table_of(ApiToken), table_of(Warehouse)


def _credentials(tx: Transaction, column: Any, key: str) -> Row[Any] | None:
    if "\0" in key:  # PostgreSQL knows no such text
        return None
    query = select(_user).where(column == key, _user.c.active).with_for_update()
    return tx.execute(query).one_or_none()


def _with_person(head: Sequence[Any], source: Any, condition: Any) -> Select[Any]:
    return (
        select(
            *head,
            _user.c.name,
            _user.c.locale,
            _user.c.units,
            _user.c.password_chosen_at,
            _grant.c.role,
            _grant.c.warehouse_id,
            _grant.c.seller_id,
        )
        .select_from(source)
        .where(condition, _user.c.active)
        .order_by(_grant.c.id)
    )


_SESSION = _with_person(
    (
        _session.c.id,
        _session.c.user_id,
        _session.c.station_id,
        _session.c.created_at,
        _session.c.last_seen_at,
        _station.c.warehouse_id.label("station_warehouse_id"),
        _warehouse.c.policy,
    ),
    _session.join(_user, _user.c.id == _session.c.user_id)
    .outerjoin(_grant, _grant.c.user_id == _session.c.user_id)
    .outerjoin(_station, _station.c.id == _session.c.station_id)
    .outerjoin(_warehouse, _warehouse.c.id == _station.c.warehouse_id),
    (_session.c.token_hash == bindparam("token_hash")) & _session.c.ended_at.is_(None),
)
_TOKEN = _with_person(
    (
        _token.c.id,
        _token.c.user_id,
        _token.c.station_id,
        _token.c.scopes,
        _token.c.warehouse_ids,
        _token.c.seller_ids,
    ),
    _token.join(_user, _user.c.id == _token.c.user_id).outerjoin(
        _grant, _grant.c.user_id == _token.c.user_id
    ),
    (_token.c.token_hash == bindparam("token_hash")) & _token.c.revoked_at.is_(None),
)
