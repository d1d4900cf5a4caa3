"""Messages to the world: what is told, how often it is tried, in which order.

A message is written with its cause (:func:`fulfillment.store.journal.tell`), shared out to whoever
is to get it, and each of these deliveries is tried until it arrives: at least once, and in the
order of the messages for each cause and receiver.  The id that goes with it is the same each time,
so a repeat is harmless where ids are remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TOPICS = (
    "order.backordered",
    "order.cancelled",
    "shipment.shipped",
    "shipment.un-shipped",
    "shipment.dispatched",
    "manifest.closed",
)
"""What a webhook can subscribe to."""

STATES = ("open", "delivered", "dead", "dropped")
"""Of a delivery.  *dead*: given up, a person decides.  *dropped*: nobody is to get it any more."""

FIRST_BACK_OFF_SECONDS = 5
LONGEST_BACK_OFF_SECONDS = 12 * 3600
MOST_ATTEMPTS = 12
"""With the back-off about a day and a half."""
RECEIVER_REST = timedelta(seconds=30)
"""How long a receiver that does not answer is left alone, whatever waits for it."""
LEASE = timedelta(seconds=120)
"""More than the slowest attempt takes (:mod:`fulfillment.posting`)."""
SECRET_OVERLAP = timedelta(days=1)
"""How long the former secret of a webhook signs as well after there is a new one."""


@dataclass(frozen=True)
class Delivered:
    """It arrived."""


@dataclass(frozen=True)
class Unreachable:
    """The receiver does not answer, or is not well: what else waits for it can wait too."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The receiver answered, and did not take this one."""

    reason: str


@dataclass(frozen=True)
class Rejected:
    """It will never be taken."""

    reason: str


@dataclass(frozen=True)
class Dropped:
    """There is nobody left who should get it."""

    reason: str


Outcome = Delivered | Unreachable | Failed | Rejected | Dropped


@dataclass(frozen=True)
class Settlement:
    """What is written down after an attempt."""

    state: str
    next_attempt_at: datetime | None
    """None: there is none."""
    reason: str


def settled(outcome: Outcome, *, attempts: int, now: datetime, spread: float) -> Settlement:
    """What an attempt leads to; *spread* in [0, 1) is drawn by chance, so that retries part."""
    match outcome:
        case Delivered():
            return Settlement("delivered", None, "")
        case Dropped(reason):
            return Settlement("dropped", None, reason)
        case Rejected(reason):
            return Settlement("dead", None, reason)
        case Unreachable(reason) | Failed(reason):
            if attempts >= MOST_ATTEMPTS:
                return Settlement("dead", None, reason)
            return Settlement("open", now + back_off(attempts, spread=spread), reason)


def back_off(attempts: int, *, spread: float) -> timedelta:
    """How long a delivery waits after its *attempts*-th failure: tripling, half of it by chance."""
    seconds = min(FIRST_BACK_OFF_SECONDS * 3 ** (attempts - 1), LONGEST_BACK_OFF_SECONDS)
    return timedelta(seconds=seconds * (0.5 + spread / 2))


def cause_of(topic: str, key: str) -> str:
    """What a message is about, from its key ``topic:id…``: ``shipment:12``.

    Messages of one cause reach each receiver in their order.
    """
    kind = topic.partition(".")[0]
    number = key.removeprefix(f"{topic}:").partition(":")[0]
    return f"{kind}:{number}"


def public_id(key: str) -> str:
    """The id that a receiver sees: the key, without the stops that separate what is signed."""
    return key.replace(".", "_")
