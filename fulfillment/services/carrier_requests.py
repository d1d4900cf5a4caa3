"""Manifests and pickups that carriers are asked for, and where their parcels are.

The worker asks; two short transactions a call, as for purchases
(:mod:`fulfillment.services.purchases`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import Row, select

from fulfillment.carriers import carrier_of
from fulfillment.carriers.protocol import (
    Account,
    Address,
    AnswerUnknown,
    Carrier,
    CarrierError,
    Handover,
    ManifestRequest,
    Pickup,
    PickupRequest,
    Refused,
    Tracking,
    Unreachable,
)
from fulfillment.domain.errors import IllegalEvent, UnknownThing, invalid
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.purchases import LEASE_SECONDS, retry_after
from fulfillment.domain.states import CARRIER_REQUEST
from fulfillment.services.packing.buying import address_of
from fulfillment.services.purchases import with_credentials
from fulfillment.store import carrier_requests as rows
from fulfillment.store import purchases
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import audit
from fulfillment.store.purchases import DETAIL_LENGTH
from fulfillment.store.transaction import Transaction, reads, writes

_LEASE = timedelta(seconds=LEASE_SECONDS)
MOST_AT_A_LOOK = 32
MOST_SHOWN = 30
MOST_DAYS_AHEAD = 14
MOST_PARCELS = 10_000
LOCAL = "local"
ASK_ABOUT_PARCELS_EVERY = timedelta(hours=2)
ENDED = frozenset({"delivered", "returned"})


@dataclass(frozen=True)
class RequestView:
    """A request as the dock shows it; ``about`` is the manifest's number, or the day of a pickup."""

    id: int
    kind: str
    carrier: str
    about: str
    state: str
    number: str
    has_document: bool
    detail: str
    asked_for_at: datetime
    may_repeat: bool


# --- asking for it -----------------------------------------------------------------------------


def manifest_was_closed(
    tx: Transaction, *, manifest_id: int, carrier: str, warehouse_id: int, by_id: int
) -> None:
    """Have the carrier told what its van took, if its labels are bought from it."""
    account_id = rows.account_of(tx, carrier, kind_of_local=LOCAL)
    references = rows.bought_on(tx, manifest_id) if account_id is not None else []
    if not references:
        return
    content = ManifestRequest(_address(tx, warehouse_id), tuple(references))
    rows.open_request(
        tx,
        {
            "kind": "manifest",
            "account_id": account_id,
            "carrier": carrier,
            "warehouse_id": warehouse_id,
            "manifest_id": manifest_id,
            "key": f"MF{manifest_id:06d}",
            "content": asdict(content),
            "asked_for_by_id": by_id,
        },
    )


@writes
def ask_for_pickup(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    carrier: str,
    day: date,
    ready_at: time,
    closes_at: time,
    parcels: int,
    grams: int,
    key: str,
) -> int:
    """Ask a carrier for a van; the request's id.  *key* names the cause: sent twice it is one.

    Raises InvalidInput (a carrier without an account, a day that is past, a window that is none).
    """
    _require(actor, warehouse_id)
    account_id = rows.account_of(tx, carrier, kind_of_local=LOCAL)
    if account_id is None:
        raise invalid("carrier", "no-pickup", carrier)
    known = rows.request_of_key(tx, f"PU-{key}"[:64])
    if known is not None:
        return known
    zone = tx.execute(
        select(table_of(Warehouse).c.timezone).where(table_of(Warehouse).c.id == warehouse_id)
    ).scalar_one()
    ahead = (day - tx.now.astimezone(ZoneInfo(zone)).date()).days
    if not 0 <= ahead <= MOST_DAYS_AHEAD:
        raise invalid("day", "out-of-range", day)
    if ready_at >= closes_at:
        raise invalid("closes_at", "less-than-first", closes_at)
    if not 1 <= parcels <= MOST_PARCELS:
        raise invalid("parcels", "out-of-range", parcels)
    content = PickupRequest(
        _address(tx, warehouse_id), day, ready_at, closes_at, parcels, max(grams, 1)
    )
    plain = TypeAdapter(PickupRequest).dump_python(content, mode="json")
    request_id = rows.open_request(
        tx,
        {
            "kind": "pickup",
            "account_id": account_id,
            "carrier": carrier,
            "warehouse_id": warehouse_id,
            "key": f"PU-{key}"[:64],
            "content": plain,
            "asked_for_by_id": actor.user_id,
        },
    )
    audit(
        tx,
        by_id=actor.user_id,
        act="ask-for-pickup",
        subject=("carrier-request", request_id),
        warehouse_id=warehouse_id,
        details={"carrier": carrier, "day": day.isoformat(), "parcels": parcels},
    )
    return request_id


@writes
def repeat_request(tx: Transaction, actor: Actor, request_id: int) -> None:
    """A person has a refused or unknown request asked for anew.  Raises UnknownThing, IllegalEvent."""
    row = rows.request(tx, request_id)
    if row is None:
        raise UnknownThing(kind="carrier request", key=str(request_id))
    _require(actor, row.warehouse_id, kind="carrier request", key=str(request_id))
    if not rows.repeat(tx, request_id, key=f"{row.key.partition('/')[0]}/{row.attempts + 1}"):
        raise IllegalEvent(machine=CARRIER_REQUEST.name, state=row.state, event="repeat")
    audit(
        tx,
        by_id=actor.user_id,
        act="repeat-carrier-request",
        subject=("carrier-request", request_id),
        warehouse_id=row.warehouse_id,
        details={"carrier": row.carrier, "kind": row.kind},
    )


@reads
def requests_at(tx: Transaction, actor: Actor, *, warehouse_id: int) -> tuple[RequestView, ...]:
    """What carriers were asked for at a warehouse, the newest first."""
    _require(actor, warehouse_id)
    return tuple(map(_view, rows.requests_at(tx, warehouse_id, limit=MOST_SHOWN)))


@reads
def carriers_with_account(tx: Transaction, actor: Actor) -> tuple[str, ...]:
    """The carriers that can be asked for a van, by code."""
    actor.require(Permission.SHIP)
    return rows.carriers_with_account(tx, kind_of_local=LOCAL)


@reads
def request_document(tx: Transaction, actor: Actor, request_id: int) -> bytes:
    """The carrier's own manifest as it came; raises UnknownThing."""
    row = rows.request(tx, request_id)
    if row is None or row.document is None:
        raise UnknownThing(kind="carrier request", key=str(request_id))
    _require(actor, row.warehouse_id, kind="carrier request", key=str(request_id))
    return bytes(row.document)


def _view(row: Row[Any]) -> RequestView:
    about = f"MF{row.manifest_id:06d}" if row.manifest_id else str(row.content["day"])
    is_left = row.state == "unknown" and row.next_attempt_at is None
    return RequestView(
        id=row.id,
        kind=row.kind,
        carrier=row.carrier,
        about=about,
        state=row.state,
        number=row.number,
        has_document=row.has_document,
        detail=row.detail,
        asked_for_at=row.asked_for_at,
        may_repeat=row.state == "refused" or is_left,
    )


def _require(
    actor: Actor, warehouse_id: int, *, kind: str = "warehouse", key: str | None = None
) -> None:
    actor.require_sight(
        Permission.SHIP,
        kind=kind,
        key=key or str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )


def _address(tx: Transaction, warehouse_id: int) -> Address:
    table = table_of(Warehouse)
    found = tx.execute(select(table.c.address).where(table.c.id == warehouse_id)).scalar_one()
    return address_of(found)


# --- the worker --------------------------------------------------------------------------------


@dataclass(frozen=True)
class InHand:
    """A request in the hands of a worker."""

    request_id: int
    kind: str
    attempt: int
    in_doubt: bool
    key: str
    content: dict[str, Any]
    account: Account


@dataclass(frozen=True)
class OnItsWay:
    """A parcel to ask about."""

    label_id: int
    tracking_number: str
    account: Account


@reads
def look(tx: Transaction) -> tuple[tuple[int, str], ...]:
    """The requests that are due, by id, with their carrier."""
    return tuple((row.id, row.carrier) for row in rows.due(tx, most=MOST_AT_A_LOOK))


@writes
def recover(tx: Transaction) -> int:
    """End the leases that ran out."""
    return rows.end_expired_leases(tx)


def settle_next(request_id: int, *, credentials_root: Path) -> str | None:
    """Ask the carrier for one thing; the new state, None if it is not due any more."""
    in_hand = take(request_id)
    if in_hand is None:
        return None
    return conclude(in_hand, _asked(in_hand, credentials_root))


@writes
def take(tx: Transaction, request_id: int) -> InHand | None:
    """Take a request that is due in hand."""
    row = rows.take(tx, request_id, until=tx.now + _LEASE)
    if row is None:
        return None
    found = purchases.account(tx, row.account_id)
    account = Account(found.carrier, found.kind, found.settings)
    return InHand(row.id, row.kind, row.attempts, bool(row.doubt), row.key, row.content, account)


def _asked(in_hand: InHand, root: Path) -> Handover | Pickup | CarrierError:
    try:
        carrier = carrier_of(with_credentials(in_hand.account, root))
        if in_hand.in_doubt and not carrier.honours_keys:
            return AnswerUnknown("")
        return _act(carrier, in_hand)
    except CarrierError as problem:
        return problem


def _act(carrier: Carrier, in_hand: InHand) -> Handover | Pickup:
    if in_hand.kind == "manifest":
        manifest = TypeAdapter(ManifestRequest).validate_python(in_hand.content)
        return carrier.manifest(manifest, key=in_hand.key)
    pickup = TypeAdapter(PickupRequest).validate_python(in_hand.content)
    return carrier.pickup(pickup, key=in_hand.key)


@writes
def conclude(
    tx: Transaction, in_hand: InHand, answer: Handover | Pickup | CarrierError
) -> str | None:
    """Write the answer down; the new state, or None if it is no longer this worker's to write."""
    values = _after(answer, in_hand, tx.now)
    if not rows.settle(tx, in_hand.request_id, attempt=in_hand.attempt, values=values):
        return None
    return str(values["state"])


def _after(
    answer: Handover | Pickup | CarrierError, in_hand: InHand, now: datetime
) -> dict[str, Any]:
    again = now + retry_after(in_hand.attempt)
    match answer:
        case Handover(number, document):
            state = CARRIER_REQUEST.advance("asked", "do")
            done = {"number": number[:64], "document": document, "settled_at": now}
            return {"state": state, "next_attempt_at": None, "detail": "", **done}
        case Pickup(number):
            state = CARRIER_REQUEST.advance("asked", "do")
            done = {"number": number[:64], "settled_at": now}
            return {"state": state, "next_attempt_at": None, "detail": "", **done}
        case Refused():
            state = CARRIER_REQUEST.advance("asked", "refuse")
            return {"state": state, "next_attempt_at": None, **_detail(answer)}
        case Unreachable() if not in_hand.in_doubt:
            state = CARRIER_REQUEST.advance("asked", "give-back")
            return {"state": state, "next_attempt_at": again, **_detail(answer)}
        case Unreachable():
            state = CARRIER_REQUEST.advance("asked", "lose")
            return {"state": state, "next_attempt_at": again, **_detail(answer)}
        case _:
            state = CARRIER_REQUEST.advance("asked", "lose")
            left = in_hand.in_doubt  # asked about once more, and still nobody knows
            return {"state": state, "next_attempt_at": None if left else again, **_detail(answer)}


def _detail(problem: CarrierError) -> dict[str, str]:
    words = str(problem)
    return {"detail": _short(words)} if words else {}


# --- tracking ----------------------------------------------------------------------------------


@reads
def parcels_to_ask_about(tx: Transaction) -> tuple[OnItsWay, ...]:
    """Parcels of carriers that are on their way and were not asked about for a while."""
    found = rows.to_track(tx, most=MOST_AT_A_LOOK)
    known = {one: purchases.account(tx, one) for one in {row.account_id for row in found}}
    return tuple(
        OnItsWay(
            row.label_id,
            row.tracking_number,
            Account(account.carrier, account.kind, account.settings),
        )
        for row in found
        for account in [known[row.account_id]]
    )


def track(parcel: OnItsWay, *, credentials_root: Path) -> str:
    """Ask where a parcel is, and write it down; the state, ``unknown`` where nobody says."""
    try:
        carrier = carrier_of(with_credentials(parcel.account, credentials_root))
        found = carrier.track(parcel.tracking_number)
    except CarrierError:
        found = Tracking("unknown")
    note_tracking(parcel, found)
    return found.state


@writes
def note_tracking(tx: Transaction, parcel: OnItsWay, found: Tracking) -> None:
    """Write down where a parcel is; what was known stays where the carrier says nothing."""
    is_over = found.state in ENDED
    values: dict[str, Any] = {
        "asked_at": tx.now,
        "next_ask_at": None if is_over else tx.now + ASK_ABOUT_PARCELS_EVERY,
    }
    if found.state != "unknown":
        last = found.events[-1] if found.events else None
        values |= {
            "state": found.state,
            "words": _short(last.words) if last else "",
            "place": _short(last.place) if last else "",
            "seen_at": last.at if last else None,
        }
    rows.note_tracking(tx, parcel.label_id, values)


def _short(words: str) -> str:
    return words[:DETAIL_LENGTH]
