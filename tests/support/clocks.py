"""A clock that a test sets: nothing waits for time to pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the moment it was set to; for ``clock_set_to``."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set(self, text: str) -> None:
        """Set it to an hour and minute of its day, UTC: ``16:30``."""
        hour, minute = text.split(":")
        day = self.now.astimezone(UTC)
        self.now = day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)

    def forward(self, **how_far: float) -> None:
        """Set it forward."""
        self.now += timedelta(**how_far)
