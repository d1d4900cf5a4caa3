"""What the pages of the stations say of themselves: how much is unsent, whether the scale is there.

A page says it every half a minute and whenever it changes.  It is no act of a person, so it is not
audited; it is state of now, and one row a station.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Actor
from fulfillment.store.base import table_of
from fulfillment.store.people import SCALE_STATES, StationBeat
from fulfillment.store.transaction import Transaction, writes

SILENT_AFTER = timedelta(minutes=2)
"""Four beats were missed: the station is away, and may keep scans."""
MOST_UNSENT = 1_000_000

_beat = table_of(StationBeat)


@writes
def keep_beat(tx: Transaction, actor: Actor, *, unsent: int, scale: str) -> None:
    """Keep what the actor's station says; raises :class:`InvalidInput` away from a station.

    *unsent* counts scans; *scale* is one of ``store.people.SCALE_STATES``.
    """
    if not 0 <= unsent <= MOST_UNSENT:
        raise invalid("unsent", "out-of-range", f"0…{MOST_UNSENT}")
    if scale not in SCALE_STATES:
        raise invalid("scale", "not-one-of", ", ".join(SCALE_STATES))
    dialect: Any = postgresql if tx.is_postgresql else sqlite
    new = dialect.insert(_beat).values(
        station_id=_station_of(actor),
        at=tx.now,
        by_id=actor.user_id,
        unsent=unsent,
        scale=scale,
        scale_at=tx.now,
    )
    since = case((_beat.c.scale == new.excluded.scale, _beat.c.scale_at), else_=tx.now)
    kept = {name: new.excluded[name] for name in ("at", "by_id", "unsent", "scale")}
    tx.execute(
        new.on_conflict_do_update(
            index_elements=[_beat.c.station_id], set_={**kept, "scale_at": since}
        )
    )


@writes
def end_beat(tx: Transaction, actor: Actor) -> None:
    """The page was left with nothing unsent: its silence means nothing."""
    tx.execute(delete(_beat).where(_beat.c.station_id == _station_of(actor)))


def _station_of(actor: Actor) -> int:
    if actor.station_id is None:
        raise invalid("station", "missing")
    return actor.station_id
