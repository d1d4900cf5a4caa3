"""How many pictures are let to the decoder: one each, spaced, and few at once in this process.

Scans share the process's threads with pictures; pictures that waited for the decoder would leave
none for them. Who is turned away tries again, and loses nothing but a frame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from fulfillment.domain.errors import DecoderBusy

AT_ONCE = 3
"""One is decoded, two wait: less than half of the threads that a process has by default."""

PAUSE_SECONDS = 0.1
"""Between two pictures of one station."""

RETRY_SECONDS = 1


class Gate:
    """Lets pictures pass. Safe to share between threads."""

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once = at_once
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._inside: set[Hashable] = set()
        self._left_at: dict[Hashable, float] = {}

    @contextmanager
    def passing(self, who: Hashable) -> Iterator[None]:
        """Let one picture of *who* pass; raises :class:`DecoderBusy`."""
        self._enter(who)
        try:
            yield
        finally:
            self._leave(who)

    def _enter(self, who: Hashable) -> None:
        with self._lock:
            now = self._clock()
            long_ago = now - self._pause_seconds
            self._left_at = {one: at for one, at in self._left_at.items() if at > long_ago}
            if who in self._inside or who in self._left_at or len(self._inside) >= self._at_once:
                raise DecoderBusy(retry_after_seconds=RETRY_SECONDS)
            self._inside.add(who)

    def _leave(self, who: Hashable) -> None:
        with self._lock:
            self._inside.discard(who)
            self._left_at[who] = self._clock()
