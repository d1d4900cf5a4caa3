"""Buying labels: when a carrier is asked again, and what a packer is told meanwhile.

The rule that all else follows from: *a label is paid for once*.  Until the answer of the carrier
is in hand nobody can know whether it was sold, so a purchase that was asked about is settled
before another one of the same parcel is asked for
(:data:`fulfillment.domain.states.LABEL_PURCHASE`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

FIRST_RETRY_SECONDS = 2
LONGEST_RETRY_SECONDS = 60
LEASE_SECONDS = 90
"""More than the slowest call takes: an adapter gives up after :data:`CALL_SECONDS`."""
CALL_SECONDS = 30
"""What an adapter may take for one call, connecting and reading together."""

UNSETTLED = ("asked", "unknown", "voiding", "void-refused")
"""States in which money may have been spent: no other label of the parcel is asked for."""
LIVE = ("intended", "asked", "unknown", "bought")
"""States of the one purchase of a parcel that is wanted."""


@dataclass(frozen=True)
class Standing:
    """How the purchase of one parcel stands: the ``carrier``, its ``state``, its own words."""

    parcel_sequence: int
    state: str
    carrier: str
    detail: str = ""
    needs_person: bool = False
    """Nothing happens by itself any more: a supervisor decides."""


def retry_after(attempts: int) -> timedelta:
    """How long a carrier is left alone with a purchase after its *attempts*-th try: doubling."""
    seconds = FIRST_RETRY_SECONDS * 2 ** min(max(attempts, 1) - 1, 10)
    return timedelta(seconds=min(seconds, LONGEST_RETRY_SECONDS))


def parcel_key(sscc: str, number: int) -> str:
    """The key of the *number*-th purchase of a parcel: at most 35 characters, unique world-wide.

    It is sent along as the idempotency key, or as the shipper's reference where a carrier knows
    no keys, so that a person can find the label in the carrier's own list.
    """
    return f"{sscc}-{number}"


def next_step_of(standings: Iterable[Standing]) -> tuple[str, dict[str, object]] | None:
    """The instruction to a packer whose shipment waits for labels, or None if it waits for none.

    The worst one first: a refusal needs the packer, a doubt the supervisor, the rest only time.
    """
    found = sorted(standings, key=lambda one: (_URGENCY.get(one.state, 3), one.parcel_sequence))
    if not found:
        return None
    first = found[0]
    fields: dict[str, object] = {"parcel": first.parcel_sequence, "carrier": first.carrier}
    fields["says"] = first.detail
    if first.state == "refused":
        return "label-refused", fields
    if first.needs_person:
        return "label-in-doubt", fields
    return "await-label", fields


_URGENCY = {"refused": 0, "void-refused": 1, "unknown": 2}
