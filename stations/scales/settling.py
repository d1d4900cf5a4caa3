"""From readings to weights: each parcel's weight once."""

from __future__ import annotations

from stations.scales.readings import Reading, Trouble

AGREEING = 2
"""So many equal stable readings in a row make a weight: protocols without a checksum may garble
one."""
HYSTERESIS_GRAMS = 10
EMPTY = 0


class StableWeight:
    """Reports a weight once when it has settled.

    hysteresis_grams: a difference up to it is no new weight (draught, a hand at the box), and a
    scale that shows no more than it is empty.  An empty scale ends a weighing: the same weight
    counts again after it.  Zero and negative weights are never reported.
    """

    def __init__(self, *, hysteresis_grams: int = HYSTERESIS_GRAMS) -> None:
        self._hysteresis_grams = hysteresis_grams
        self._settling: int | None = None
        self._agreeing = 0
        self._reported: int | None = None

    def take(self, reading: Reading) -> int | None:
        """The weight in grams that has settled with *reading*, else None."""
        seen = self._seen(reading)
        self._agreeing = self._agreeing + 1 if seen == self._settling else 1
        self._settling = seen
        if seen is None or self._agreeing < AGREEING:
            return None
        if seen == EMPTY:
            self._reported = None
            return None
        if self._is_known(seen):
            return None
        self._reported = seen
        return seen

    @property
    def standing(self) -> int | None:
        """The weight that stands settled on the scale now, reported or not; None while it is
        empty or moves.  For a box that is packed on the scale: its last weight may have settled
        before the last piece was scanned."""
        if self._agreeing < AGREEING or self._settling == EMPTY:
            return None
        return self._settling

    def _seen(self, reading: Reading) -> int | None:
        """The stable weight, EMPTY (moving or not: a quick hand leaves no time to settle), or
        None for what says neither."""
        if reading.grams is None:
            return EMPTY if reading.trouble is Trouble.UNDERLOAD else None
        if reading.grams <= self._hysteresis_grams:
            return EMPTY
        return reading.grams if reading.stable else None

    def _is_known(self, grams: int) -> bool:
        return self._reported is not None and abs(grams - self._reported) <= self._hysteresis_grams
