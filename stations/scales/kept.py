"""Weights on their way to the server: each keeps its id until the server has answered.

A weight says what stood on the scale when it settled, so it must not arrive after the packer has
gone on.  The rule: a weight that the server has not answered ``fresh_seconds`` after it settled is
not sent any more, and neither is any weight that settled while it waited.  They would otherwise
take the place of the lost one, and a later parcel's weight would be booked on an earlier parcel.
The packer lifts the parcel and puts it on again.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

FRESH_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Weight:
    """A settled weight; settled_at is a reading of the bridge's own clock, in seconds."""

    scan_id: str
    grams: int
    settled_at: float


class KeptWeights:
    """The unanswered weights, oldest first; one thread keeps, another sends.

    clock: seconds that only grow, a suspended machine's sleep included.
    """

    def __init__(self, *, clock: Callable[[], float], fresh_seconds: float = FRESH_SECONDS) -> None:
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._weights: deque[Weight] = deque()
        self._changed = threading.Condition()

    def keep(self, grams: int) -> Weight:
        """Keep a weight that settled now, under a new id."""
        weight = Weight(scan_id=str(uuid.uuid4()), grams=grams, settled_at=self._clock())
        with self._changed:
            self._weights.append(weight)
            self._changed.notify_all()
        return weight

    def first(self, *, timeout_seconds: float) -> Weight | None:
        """The oldest weight, without taking it away; waits a while for one."""
        with self._changed:
            if not self._weights:
                self._changed.wait(timeout_seconds)
            return self._weights[0] if self._weights else None

    def fresh_for(self, weight: Weight) -> float:
        """Seconds for which the weight may still be sent; zero or less: not any more."""
        return weight.settled_at + self._fresh_seconds - self._clock()

    def answered(self, weight: Weight) -> None:
        """The server has answered the oldest weight: forget it."""
        with self._changed:
            if self._weights and self._weights[0] == weight:
                self._weights.popleft()

    def drop_all(self) -> tuple[Weight, ...]:
        """Forget the stale weight and all behind it; returns them."""
        with self._changed:
            dropped = tuple(self._weights)
            self._weights.clear()
            return dropped
