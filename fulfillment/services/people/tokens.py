"""Keys for programs: never more than their owner may do, and of that only what they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from fulfillment.domain.access import narrowed
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.paging import Page
from fulfillment.services.people.credentials import digest, new_token
from fulfillment.services.people.reach import require_reach, require_reach_of
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.people import ApiToken, Station
from fulfillment.store.transaction import Transaction, reads, writes


@dataclass(frozen=True)
class TokenRow:
    """A token as lists show it, without its secret."""

    id: int
    name: str
    user_id: int
    station_id: int | None
    scopes: tuple[str, ...]
    warehouse_ids: tuple[int, ...]
    seller_ids: tuple[int, ...]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True)
class NewToken:
    """A new token; *secret* is shown once."""

    id: int
    secret: str


@writes
def create_token(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    user_id: int,
    scopes: Sequence[Permission],
    warehouse_ids: Sequence[int] = (),
    seller_ids: Sequence[int] = (),
    station_id: int | None = None,
) -> NewToken:
    """A token that acts as *user_id*, within *scopes*, warehouses and sellers.

    Empty *warehouse_ids* or *seller_ids*: every one of the user. With *station_id* its scans are
    recorded as that station's.
    """
    grants = require_reach_of(tx, actor, user_id)
    words = tuple(sorted({str(scope) for scope in scopes}))
    given = narrowed(grants, words, tuple(warehouse_ids), tuple(seller_ids))
    if not given:
        raise InvalidInput(faults=(Fault("scopes", "nothing-permitted"),))
    require_reach(actor, *given)
    _require_station(tx, station_id, Actor(user_id, name, given))
    secret = new_token()
    key = tx.execute(
        insert(ApiToken).values(
            name=name,
            token_hash=digest(secret),
            user_id=user_id,
            station_id=station_id,
            scopes=list(words),
            warehouse_ids=list(warehouse_ids),
            seller_ids=list(seller_ids),
            created_at=tx.now,
        )
    ).inserted_primary_key
    assert key is not None
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="token-created",
        subject=("token", int(key[0])),
        details={"user_id": user_id, "scopes": list(words)},
    )
    return NewToken(int(key[0]), secret)


@reads
def list_tokens(
    tx: Transaction, actor: Actor, user_id: int, *, after: int = 0, limit: int = 50
) -> Page[TokenRow]:
    """The tokens of somebody, by id, revoked ones too."""
    require_reach_of(tx, actor, user_id)
    tokens = table_of(ApiToken)
    rows = tx.execute(
        select(tokens)
        .where(tokens.c.user_id == user_id, tokens.c.id > after)
        .order_by(tokens.c.id)
        .limit(limit + 1)
    ).all()
    found = [_token_row(row) for row in rows]
    last = (found[limit - 1].id,) if len(found) > limit else None
    return Page.of(found, limit=limit, key=last)


@writes
def revoke_token(tx: Transaction, actor: Actor, token_id: int) -> None:
    """End a token here and now; a second time changes nothing."""
    actor.require(Permission.MANAGE_PEOPLE)
    tokens = table_of(ApiToken)
    owner = tx.execute(select(tokens.c.user_id).where(tokens.c.id == token_id)).scalar()
    if owner is None:
        raise UnknownThing(kind="token", key=str(token_id))
    require_reach_of(tx, actor, owner)
    ended = tx.execute(
        update(tokens)
        .where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    if ended.rowcount:
        journal.audit(tx, by_id=actor.user_id, act="token-revoked", subject=("token", token_id))


def _require_station(tx: Transaction, station_id: int | None, holder: Actor) -> None:
    if station_id is None:
        return
    stations = table_of(Station)
    warehouse_id = tx.execute(
        select(stations.c.warehouse_id).where(stations.c.id == station_id)
    ).scalar()
    here = (grant.warehouse_id in (None, warehouse_id) for grant in holder.grants)
    if warehouse_id is None or not any(here):
        raise UnknownThing(kind="station", key=str(station_id))


def _token_row(row: Row[Any]) -> TokenRow:
    return TokenRow(
        id=row.id,
        name=row.name,
        user_id=row.user_id,
        station_id=row.station_id,
        scopes=tuple(row.scopes),
        warehouse_ids=tuple(row.warehouse_ids),
        seller_ids=tuple(row.seller_ids),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
