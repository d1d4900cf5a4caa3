"""Buying labels from carriers: what a worker does with a purchase, and what a person decides.

Two short transactions a call, and the carrier is spoken to between them, never inside one::

    take      asked, with the key that goes along     killed from here on: unknown
    …         the carrier is asked
    conclude  bought | refused | intended again | unknown

An unknown purchase is asked about with the same key where the carrier honours keys, else looked up
by it, else left to a supervisor.  Another label of the same parcel is not asked for before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from fulfillment.carriers import carrier_of
from fulfillment.carriers.protocol import (
    Account,
    AnswerUnknown,
    BoughtLabel,
    Carrier,
    LabelRequest,
    NotOffered,
    NotSetUp,
    Refused,
    Unreachable,
)
from fulfillment.domain.errors import IllegalEvent, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.purchases import LEASE_SECONDS, retry_after
from fulfillment.domain.states import LABEL_PURCHASE
from fulfillment.services.packing.buying import request_of
from fulfillment.services.packing.sealing import seal_bought
from fulfillment.store import purchases as rows
from fulfillment.store.journal import audit
from fulfillment.store.locks import lock_shipments
from fulfillment.store.transaction import Transaction, reads, writes

_LEASE = timedelta(seconds=LEASE_SECONDS)
MOST_AT_A_LOOK = 64


@dataclass(frozen=True)
class Ahead:
    """What the next round has to see to: purchases that are due, by id, with their carrier."""

    due: tuple[tuple[int, str], ...]
    expired_leases: bool


@dataclass(frozen=True)
class InHand:
    """A purchase in the hands of a worker; ``state`` is ``asked`` or ``voiding``."""

    purchase_id: int
    shipment_id: int
    parcel_id: int
    attempt: int
    state: str
    in_doubt: bool
    key: str
    request: LabelRequest
    label: BoughtLabel
    """What is taken back, of a purchase that is voided."""
    account: Account


@dataclass(frozen=True)
class Bought:
    """The label is in hand."""

    label: BoughtLabel


@dataclass(frozen=True)
class TakenBack:
    """The label is void."""


@dataclass(frozen=True)
class No:
    """The carrier will not, for these reasons."""

    why: str


@dataclass(frozen=True)
class NotAsked:
    """Not a byte was sent: the same again later."""

    why: str


@dataclass(frozen=True)
class Doubt:
    """Nobody knows; ``ask_again`` is whether asking once more can tell and cannot buy twice."""

    why: str
    ask_again: bool


Answer = Bought | TakenBack | No | NotAsked | Doubt


# --- the worker --------------------------------------------------------------------------------


@reads
def look(tx: Transaction) -> Ahead:
    """What there is to do now, without any lock."""
    due = tuple((row.id, row.carrier) for row in rows.due(tx, most=MOST_AT_A_LOOK))
    return Ahead(due, rows.has_expired_leases(tx))


@writes
def recover(tx: Transaction) -> int:
    """End the leases that ran out: what was asked is unknown from now on."""
    return rows.end_expired_leases(tx)


def settle_next(purchase_id: int, *, credentials_root: Path) -> str | None:
    """Ask the carrier about one purchase; its new state, None if it is not due any more.

    No use case but two of them: the carrier is spoken to outside any transaction.
    """
    in_hand = take(purchase_id)
    if in_hand is None:
        return None
    answer = ask(in_hand, credentials_root=credentials_root)
    return conclude(in_hand, answer) or "taken away"


@writes
def take(tx: Transaction, purchase_id: int) -> InHand | None:
    """Take a purchase that is due in hand; None where it is not, or another worker was first."""
    row = rows.take(tx, purchase_id, until=tx.now + _LEASE)
    if row is None:
        return None
    account = rows.account(tx, row.account_id)
    return InHand(
        purchase_id=row.id,
        shipment_id=rows.shipment_of(tx, row.parcel_id),
        parcel_id=row.parcel_id,
        attempt=row.attempts,
        state=row.state,
        in_doubt=row.in_doubt,
        key=row.key,
        request=request_of(
            row.content, service=row.service, package=row.package, format_name=row.format
        ),
        label=BoughtLabel(row.tracking_number, row.carrier_reference, currency=row.currency),
        account=Account(account.carrier, account.kind, account.settings),
    )


def ask(in_hand: InHand, *, credentials_root: Path) -> Answer:
    """Speak to the carrier; whatever it does, this has an answer."""
    try:
        carrier = carrier_of(with_credentials(in_hand.account, credentials_root))
        return _void(carrier, in_hand) if in_hand.state == "voiding" else _buy(carrier, in_hand)
    except Refused as problem:
        return No(str(problem))
    except Unreachable as problem:
        return NotAsked(str(problem))
    except AnswerUnknown as problem:
        return Doubt(str(problem), ask_again=True)


def _buy(carrier: Carrier, in_hand: InHand) -> Answer:
    if not in_hand.in_doubt or carrier.honours_keys:
        return Bought(carrier.buy(in_hand.request, key=in_hand.key))
    try:
        found = carrier.find(in_hand.key)
    except NotOffered as problem:
        return Doubt(f"nobody can look it up: {problem}", ask_again=False)
    except Refused as problem:
        return Doubt(str(problem), ask_again=False)
    if found is None:
        return Doubt("the carrier does not know it, or not yet", ask_again=False)
    return Bought(found)


def _void(carrier: Carrier, in_hand: InHand) -> Answer:
    carrier.void(in_hand.label, key=in_hand.key)
    return TakenBack()


@writes
def conclude(tx: Transaction, in_hand: InHand, answer: Answer) -> str | None:
    """Write the answer down; the new state, or None if it is no longer this worker's to write.

    With the last label of a shipment its goods move into the parcels, and the labels are queued
    for the printer.
    """
    lock_shipments(tx, [in_hand.shipment_id])  # a label is withdrawn under the same lock
    values = _after(answer, in_hand, tx.now)
    if isinstance(answer, Bought) and not rows.is_wanted(tx, in_hand.purchase_id):
        values |= _to_be_taken_back(tx.now)
    row = rows.settle(
        tx, in_hand.purchase_id, state=in_hand.state, attempt=in_hand.attempt, values=values
    )
    if row is None:
        return None
    if not isinstance(answer, Bought):
        return str(row.state)
    if answer.label.document is not None:
        rows.keep_document(
            tx,
            row.id,
            format_name=answer.label.format,
            document=answer.label.document,
        )
    if row.wanted:
        seal_bought(tx, in_hand.shipment_id)
    return str(row.state)


def _to_be_taken_back(now: datetime) -> dict[str, Any]:
    state = LABEL_PURCHASE.advance(LABEL_PURCHASE.advance("asked", "buy"), "void")
    return {"state": state, "settled_at": None, "next_attempt_at": now, "attempts": 0}


def _after(answer: Answer, in_hand: InHand, now: datetime) -> dict[str, Any]:
    state, again = in_hand.state, now + retry_after(in_hand.attempt)
    is_void = state == "voiding"
    match answer:
        case Bought(label):
            return {
                "state": LABEL_PURCHASE.advance(state, "buy"),
                "in_doubt": False,
                "next_attempt_at": None,
                "settled_at": now,
                "tracking_number": label.tracking_number,
                "carrier_reference": label.carrier_reference,
                "price_minor": label.price_minor,
                "currency": label.currency,
                "detail": "",
            }
        case TakenBack():
            end = LABEL_PURCHASE.advance(state, "take-back")
            return {"state": end, "settled_at": now, "next_attempt_at": None, "detail": ""}
        case No(why):
            end = LABEL_PURCHASE.advance(state, "refuse-void" if is_void else "refuse")
            return {
                "state": end,
                "in_doubt": False,
                "next_attempt_at": None,
                "settled_at": now,
                "detail": _short(why),
            }
        case NotAsked(why):
            if is_void:
                return {"next_attempt_at": again, "detail": _short(why)}
            event = "lose" if in_hand.in_doubt else "give-back"
            end = LABEL_PURCHASE.advance(state, event)
            return {"state": end, "next_attempt_at": again, "detail": _short(why)}
        case Doubt(why, ask_again):
            if is_void:
                return {"next_attempt_at": again, "detail": _short(why)}
            return {
                "state": LABEL_PURCHASE.advance(state, "lose"),
                "in_doubt": True,
                "next_attempt_at": again if ask_again else None,
                "detail": _short(why),
            }


def _short(words: str) -> str:
    return words[: rows.DETAIL_LENGTH]


def with_credentials(account: Account, root: Path) -> Account:
    """The account with the secrets that lie in ``<root>/<carrier>.json`` on this host, if any.

    Raises :class:`NotSetUp` where the file is no JSON object.
    """
    path = root / f"{account.carrier}.json"
    if path.parent != root or not path.is_file():
        return account
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise NotSetUp(f"{path.name}: {type(problem).__name__}") from None
    if not isinstance(found, Mapping):
        raise NotSetUp(f"{path.name} is no JSON object")
    return Account(account.carrier, account.kind, account.settings, found)


# --- a person ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PurchaseView:
    """A purchase that is not settled.

    ``asks`` is the code of what a person has to do: ``look-it-up`` (nobody knows whether the label
    was sold), ``void-refused`` (it is paid, and the carrier will not take it back), or '' (it goes
    on by itself).
    """

    id: int
    carrier: str
    service: str
    key: str
    state: str
    asks: str
    wanted: bool
    shipment: str
    shipment_id: int
    warehouse_id: int
    parcel: int
    tracking_number: str
    attempts: int
    intended_at: datetime
    next_attempt_at: datetime | None
    detail: str


@reads
def open_purchases(tx: Transaction, actor: Actor) -> tuple[PurchaseView, ...]:
    """What is being bought or taken back in the warehouses of *actor*, the oldest first."""
    actor.require(Permission.PACK)
    warehouses = actor.warehouse_ids(Permission.PACK)
    found = rows.open_purchases(tx, None if warehouses is None else sorted(warehouses))
    return tuple(map(_view, found))


def _view(row: Row[Any]) -> PurchaseView:
    return PurchaseView(
        id=row.id,
        carrier=row.carrier,
        service=row.service,
        key=row.key,
        state=row.state,
        asks=_asks(row),
        wanted=row.wanted,
        shipment=row.shipment,
        shipment_id=row.shipment_id,
        warehouse_id=row.warehouse_id,
        parcel=row.sequence,
        tracking_number=row.tracking_number,
        attempts=row.attempts,
        intended_at=row.intended_at,
        next_attempt_at=row.next_attempt_at,
        detail=row.detail,
    )


def _asks(row: Row[Any]) -> str:
    if row.state == "void-refused":
        return "void-refused"
    is_left = row.state == "unknown" and row.next_attempt_at is None and row.lease_until is None
    return "look-it-up" if is_left else ""


@writes
def ask_again(tx: Transaction, actor: Actor, purchase_id: int) -> None:
    """Have the worker ask about a purchase now: with the same key, or looking it up by it.

    Raises UnknownThing, IllegalEvent (settled, or asked about this moment).
    """
    row = _in_reach(tx, actor, purchase_id)
    if not rows.ask_again(tx, purchase_id):
        raise IllegalEvent(machine=LABEL_PURCHASE.name, state=row.state, event="ask")
    _audit(tx, actor, row, "purchase-asked-again", "")


@writes
def give_up(tx: Transaction, actor: Actor, purchase_id: int, *, reason: str) -> None:
    """A supervisor has looked at the carrier's own list: the unknown label was never sold.

    The parcel may have another one bought after this.  Raises UnknownThing, IllegalEvent.
    """
    _settle_by_hand(tx, actor, purchase_id, source="unknown", event="give-up", reason=reason)


@writes
def accept_loss(tx: Transaction, actor: Actor, purchase_id: int, *, reason: str) -> None:
    """A supervisor takes the loss of a label that the carrier would not take back."""
    _settle_by_hand(tx, actor, purchase_id, source="void-refused", event="accept", reason=reason)


def _settle_by_hand(
    tx: Transaction, actor: Actor, purchase_id: int, *, source: str, event: str, reason: str
) -> None:
    row = _in_reach(tx, actor, purchase_id)
    target = LABEL_PURCHASE.advance(source, event)
    lock_shipments(tx, [row.shipment_id])
    if not rows.decide(
        tx, purchase_id, source=source, target=target, by_id=actor.user_id, detail=reason
    ):
        raise IllegalEvent(machine=LABEL_PURCHASE.name, state=row.state, event=event)
    _audit(tx, actor, row, f"purchase-{event}", reason)


def _in_reach(tx: Transaction, actor: Actor, purchase_id: int) -> Row[Any]:
    row = rows.purchase_seen(tx, purchase_id)
    if row is None:
        raise UnknownThing(kind="purchase", key=str(purchase_id))
    actor.require_sight(
        Permission.OVERRIDE,
        kind="purchase",
        key=str(purchase_id),
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )
    return row


def _audit(tx: Transaction, actor: Actor, row: Row[Any], act: str, reason: str) -> None:
    audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("purchase", row.id),
        warehouse_id=row.warehouse_id,
        reason=reason,
        details={"carrier": row.carrier, "key": row.key},
    )
