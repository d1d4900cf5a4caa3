"""How far a forecast was off: what was said of each shipment, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fulfillment.domain.board.standing import Standing
from fulfillment.domain.statistics import percentile


@dataclass(frozen=True)
class Told:
    """One shipment: what the forecast said, and what happened."""

    leaves_at: datetime | None
    standing: Standing
    cut_off_at: datetime
    dispatched_at: datetime

    @property
    def missed(self) -> bool:
        """Whether it missed its van."""
        return self.dispatched_at > self.cut_off_at

    @property
    def error_minutes(self) -> float | None:
        """Minutes between forecast and truth, either way; None where nothing was forecast."""
        if self.leaves_at is None:
            return None
        return abs((self.dispatched_at - self.leaves_at).total_seconds()) / 60


@dataclass(frozen=True)
class ForecastError:
    """How good forecasts were that were made so many minutes before the van."""

    minutes_before: int
    shipments: int
    median_minutes: float | None
    p90_minutes: float | None
    missed: int
    missed_foreseen: int
    """Of those that missed their van: how many were shown at risk or late."""
    warned: int
    warned_missed: int
    """Of those shown at risk: how many missed it."""

    @property
    def foreseen_share(self) -> float | None:
        """Of the missed ones, the share that was shown; None where none was missed."""
        return self.missed_foreseen / self.missed if self.missed else None

    @property
    def right_share(self) -> float | None:
        """Of the warnings, the share that came true; None without warnings."""
        return self.warned_missed / self.warned if self.warned else None


def forecast_error(told: Sequence[Told], *, minutes_before: int) -> ForecastError:
    """The figures of many shipments."""
    errors = [one.error_minutes for one in told if one.error_minutes is not None]
    missed = [one for one in told if one.missed]
    warned = [one for one in told if one.standing == "at-risk"]
    return ForecastError(
        minutes_before=minutes_before,
        shipments=len(told),
        median_minutes=percentile(errors, 50),
        p90_minutes=percentile(errors, 90),
        missed=len(missed),
        missed_foreseen=sum(one.standing in ("at-risk", "late") for one in missed),
        warned=len(warned),
        warned_missed=sum(one.missed for one in warned),
    )
