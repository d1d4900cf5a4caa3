"""Stations: places with their own devices, enrolled once, so that a PIN works only there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from fulfillment.domain.errors import AlreadyExists, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.paging import Page
from fulfillment.services.people.credentials import digest, new_code, new_token
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.people import Station, WebSession
from fulfillment.store.transaction import Transaction, reads, writes

CODE_MINUTES = 15
"""How long an enrolment code may wait for the station's browser."""


@dataclass(frozen=True)
class StationRow:
    """A station as lists show it."""

    id: int
    warehouse_id: int
    code: str
    name: str
    enrolled_at: datetime | None


@dataclass(frozen=True)
class EnrolmentCode:
    """A code to type into the station's browser, shown once."""

    station_id: int
    enrolment_code: str
    valid_until: datetime


@dataclass(frozen=True)
class EnrolledStation:
    """A browser that is now a station; *token* goes into its long-lived cookie."""

    station: StationRow
    token: str


@reads
def list_stations(
    tx: Transaction, actor: Actor, *, after: int = 0, limit: int = 50
) -> Page[StationRow]:
    """The stations of the warehouses whose policy *actor* may change, by id."""
    actor.require(Permission.CHANGE_POLICY)
    stations = table_of(Station)
    query = select(stations).where(stations.c.id > after).order_by(stations.c.id)
    allowed = actor.warehouse_ids(Permission.CHANGE_POLICY)
    if allowed is not None:
        query = query.where(stations.c.warehouse_id.in_(sorted(allowed)))
    found = [_station_row(row) for row in tx.execute(query.limit(limit + 1))]
    last = (found[limit - 1].id,) if len(found) > limit else None
    return Page.of(found, limit=limit, key=last)


@reads
def station_of(tx: Transaction, token: str) -> StationRow | None:
    """The station that this browser is, by the secret in its cookie."""
    stations = table_of(Station)
    row = tx.execute(
        select(stations).where(stations.c.enrolment_hash == digest(token))
    ).one_or_none()
    return _station_row(row) if row else None


@writes
def create_station(
    tx: Transaction, actor: Actor, *, warehouse_id: int, code: str, name: str
) -> StationRow:
    """A new station, not yet enrolled."""
    actor.require_sight(
        Permission.CHANGE_POLICY,
        kind="warehouse",
        key=str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )
    warehouses, stations = table_of(Warehouse), table_of(Station)
    if not tx.execute(select(warehouses.c.id).where(warehouses.c.id == warehouse_id)).first():
        raise UnknownThing(kind="warehouse", key=str(warehouse_id))
    if tx.execute(select(stations.c.id).where(stations.c.code == code)).first():
        raise AlreadyExists(kind="station", key=code)
    key = tx.execute(
        insert(Station).values(warehouse_id=warehouse_id, code=code, name=name)
    ).inserted_primary_key
    assert key is not None
    row = StationRow(int(key[0]), warehouse_id, code, name, None)
    _audit(tx, actor, row, "station-created")
    return row


@writes
def make_enrolment_code(tx: Transaction, actor: Actor, station_id: int) -> EnrolmentCode:
    """A code with which one browser becomes this station, within a quarter of an hour."""
    row = _in_reach(tx, actor, station_id)
    code, until = new_code(), tx.now + timedelta(minutes=CODE_MINUTES)
    tx.execute(
        update(Station)
        .where(table_of(Station).c.id == station_id)
        .values(code_hash=digest(code), code_until=until)
    )
    _audit(tx, actor, row, "enrolment-code-made")
    return EnrolmentCode(station_id, code, until)


@writes
def enrol_station(tx: Transaction, enrolment_code: str) -> EnrolledStation:
    """Make the asking browser the station of the code, which is used up; the former one is none.

    Raises :class:`UnknownThing` for a code that is wrong, used or too old.
    """
    token = new_token()
    stations = table_of(Station)
    code_hash = digest(enrolment_code.strip().upper())
    known = (stations.c.code_hash == code_hash) & (stations.c.code_until > tx.now)
    row = tx.execute(select(stations).where(known).with_for_update()).one_or_none()
    if row is None:
        raise UnknownThing(kind="enrolment code", key="?")
    tx.execute(
        update(stations)
        .where(stations.c.id == row.id)
        .values(enrolment_hash=digest(token), enrolled_at=tx.now, code_hash=None, code_until=None)
    )
    return EnrolledStation(_station_row(row), token)


@writes
def withdraw_station(tx: Transaction, actor: Actor, station_id: int) -> StationRow:
    """The enrolled browser is no station any more, and whoever is logged in there is logged out."""
    row = _in_reach(tx, actor, station_id)
    tx.execute(
        update(Station)
        .where(table_of(Station).c.id == station_id)
        .values(enrolment_hash=None, enrolled_at=None, code_hash=None, code_until=None)
    )
    sessions = table_of(WebSession)
    tx.execute(
        update(sessions)
        .where(sessions.c.station_id == station_id, sessions.c.ended_at.is_(None))
        .values(ended_at=tx.now)
    )
    _audit(tx, actor, row, "station-withdrawn")
    return StationRow(row.id, row.warehouse_id, row.code, row.name, None)


def _in_reach(tx: Transaction, actor: Actor, station_id: int) -> StationRow:
    actor.require(Permission.CHANGE_POLICY)
    stations = table_of(Station)
    row = tx.execute(
        select(stations).where(stations.c.id == station_id).with_for_update()
    ).one_or_none()
    if row is None or not actor.may(Permission.CHANGE_POLICY, warehouse_id=row.warehouse_id):
        raise UnknownThing(kind="station", key=str(station_id))
    return _station_row(row)


def _station_row(row: Row[Any]) -> StationRow:
    return StationRow(row.id, row.warehouse_id, row.code, row.name, row.enrolled_at)


def _audit(tx: Transaction, actor: Actor, row: StationRow, act: str) -> None:
    journal.audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("station", row.id),
        warehouse_id=row.warehouse_id,
    )
