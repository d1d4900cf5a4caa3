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
        self._spent: int | None = None

    def take(self, reading: Reading) -> int | None:
        """The weight in grams that has settled with *reading*, else None."""
        seen = self._seen(reading)
        self._agreeing = self._agreeing + 1 if seen == self._settling else 1
        self._settling = seen
        if seen is None or self._agreeing < AGREEING:
            return None
        if seen == EMPTY:
            self._reported = self._spent = None
            return None
        if self._is_near(seen, self._reported):
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

    def spend(self, grams: int) -> None:
        """The weight *grams* had its answer: as long as it stands there it is no parcel's any more.

        Nothing happens where that weight has left the scale meanwhile.
        """
        if self._is_near(grams, self._reported):
            self._spent = grams

    @property
    def unspent(self) -> int | None:
        """The standing weight, unless it is the one that was spent."""
        standing = self.standing
        return None if standing is None or self._is_near(standing, self._spent) else standing

    def _seen(self, reading: Reading) -> int | None:
        """The stable weight, EMPTY (moving or not: a quick hand leaves no time to settle), or
        None for what says neither."""
        if reading.grams is None:
            return EMPTY if reading.trouble is Trouble.UNDERLOAD else None
        if reading.grams <= self._hysteresis_grams:
            return EMPTY
        return reading.grams if reading.stable else None

    def _is_near(self, grams: int, other: int | None) -> bool:
        return other is not None and abs(grams - other) <= self._hysteresis_grams
