"""What a worker does with a delivery: two short transactions, and the attempt between them.

::

    claim     lease the oldest due delivery to a receiver     a crash from here on: tried again
    …         the attempt                                      with the same id, once the lease ends
    conclude  delivered | open again, later | dead | dropped
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from fulfillment.domain.outbox import (
    LEASE,
    MOST_ATTEMPTS,
    RECEIVER_REST,
    Dropped,
    Outcome,
    Rejected,
    Settlement,
    Unreachable,
    public_id,
    settled,
)
from fulfillment.domain.people import Actor
from fulfillment.posting.mail import Mail, MailServer
from fulfillment.posting.webhooks import Webhooks, signed_headers
from fulfillment.services.outbox.secrets import SecretLost, opened
from fulfillment.store import outbox as rows
from fulfillment.store.base import table_of
from fulfillment.store.people import User, grants_of
from fulfillment.store.transaction import Transaction, now, reads, writes

_endpoint, _user = table_of(rows.WebhookEndpoint), table_of(User)


@dataclass(frozen=True)
class Reader:
    """Who gets an e-mail, with what they may do now."""

    actor: Actor
    email: str


@dataclass(frozen=True)
class Assignment:
    """A leased delivery with all that its attempt needs."""

    delivery_id: int
    lease: int
    attempts: int
    receiver: int | None
    """The endpoint; None: by mail."""
    topic: str
    key: str
    payload: dict[str, Any]
    created_at: datetime
    warehouse_id: int | None
    url: str
    sealed_secrets: tuple[str, ...]
    reader: Reader | None


Letters = Callable[[Reader, str, dict[str, Any], int | None], Mail | Dropped]
"""Writes the e-mail of a topic and payload about a warehouse, in the reader's language."""


@dataclass(frozen=True)
class Post:
    """All ways out of the house."""

    webhooks: Webhooks
    mail: MailServer
    letters: Letters
    key: str
    """The secret key of the installation."""

    def attempt(self, assignment: Assignment) -> Outcome:
        """Try one delivery; outside of any transaction."""
        if assignment.receiver is not None:
            return self._attempt_webhook(assignment)
        return self._attempt_mail(assignment)

    def _attempt_webhook(self, assignment: Assignment) -> Outcome:
        try:
            secrets = [opened(each, key=self.key) for each in assignment.sealed_secrets]
        except SecretLost:
            return Rejected("its secret cannot be read any more: renew it")
        body = json.dumps(
            {
                "type": assignment.topic,
                "timestamp": assignment.created_at.isoformat(),
                "data": assignment.payload,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        headers = signed_headers(
            body, message_id=public_id(assignment.key), at=now(), secrets=secrets
        )
        return self.webhooks.post(assignment.url, body, headers)

    def _attempt_mail(self, assignment: Assignment) -> Outcome:
        reader = assignment.reader
        if reader is None or not reader.email:
            return Dropped("nobody with an e-mail address")
        letter = self.letters(reader, assignment.topic, assignment.payload, assignment.warehouse_id)
        if isinstance(letter, Dropped):
            return letter
        message_id = f"{_spelled(assignment.key)}.{reader.actor.user_id}"
        return self.mail.send(letter, message_id=message_id, at=assignment.created_at)


@reads
def receivers_due(tx: Transaction) -> list[int | None]:
    """Endpoints (None: the mail server) for which something is due."""
    return rows.receivers_due(tx)


@writes
def claim(tx: Transaction, receiver: int | None) -> Assignment | None:
    """Lease the oldest due delivery to a receiver; None if there is none or others have them."""
    row = rows.lease_next(tx, receiver, until=tx.now + LEASE)
    if row is None:
        return None
    if row.attempts > MOST_ATTEMPTS:  # each try ended with its worker
        stopped = Settlement("dead", None, "every worker that tried it stopped")
        rows.settle(tx, row.id, lease=row.leases, settlement=stopped)
        return None
    message = rows.message(tx, row.message_id)
    url, secrets = ("", ()) if receiver is None else _endpoint_of(tx, receiver)
    return Assignment(
        delivery_id=row.id,
        lease=row.leases,
        attempts=row.attempts,
        receiver=receiver,
        topic=message.topic,
        key=message.key,
        payload=message.payload,
        created_at=message.created_at,
        warehouse_id=row.warehouse_id,
        url=url,
        sealed_secrets=secrets,
        reader=_reader(tx, row.user_id) if row.user_id is not None else None,
    )


@writes
def conclude(tx: Transaction, assignment: Assignment, outcome: Outcome) -> str | None:
    """Write down what became of it; its new state, or None if it is no longer this worker's."""
    settlement = settled(outcome, attempts=assignment.attempts, now=tx.now, spread=random.random())
    if not rows.settle(tx, assignment.delivery_id, lease=assignment.lease, settlement=settlement):
        return None
    if isinstance(outcome, Unreachable):
        rows.let_rest(tx, assignment.receiver, until=tx.now + RECEIVER_REST)
    return settlement.state


def deliver_next(receiver: int | None, *, post: Post) -> Outcome | None:
    """Try the next delivery to a receiver; None when there was nothing to do.

    No use case but a row of them: the receiver is spoken to outside any transaction.
    """
    assignment = claim(receiver)
    if assignment is None:
        return None
    outcome = post.attempt(assignment)
    conclude(assignment, outcome)
    return outcome


def _endpoint_of(tx: Transaction, endpoint_id: int) -> tuple[str, tuple[str, ...]]:
    row = tx.execute(select(_endpoint).where(_endpoint.c.id == endpoint_id)).one()
    former = row.former_secret and row.former_until is not None and row.former_until > tx.now
    return row.url, (row.secret, row.former_secret) if former else (row.secret,)


def _reader(tx: Transaction, user_id: int) -> Reader | None:
    """The person, unless the account is switched off."""
    row: Row[Any] | None = tx.execute(
        select(_user).where(_user.c.id == user_id, _user.c.active)
    ).one_or_none()
    if row is None:
        return None
    actor = Actor(row.id, row.name, grants_of(tx, user_id), None, row.locale, row.units)
    return Reader(actor, row.email or "")


def _spelled(key: str) -> str:
    """The key in the characters that a Message-ID may have."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in key)
