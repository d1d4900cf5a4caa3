"""Users, their grants, their sessions and tokens, and the stations they stand at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.people import Role
from fulfillment.store.base import Base, Code, Id, Name, one_of


class User(Base):
    """Somebody who can be stamped on a row.  User 1 is the system itself."""

    __tablename__ = "user"
    id: Mapped[Id]
    login: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    badge: Mapped[str | None] = mapped_column(String(32), unique=True)
    locale: Mapped[str] = mapped_column(String(16), default="en")
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
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    scopes: Mapped[list[str]]
    warehouse_ids: Mapped[list[int]]
    seller_ids: Mapped[list[int]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
