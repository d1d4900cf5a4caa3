"""Scans of the replay: each is counted with its answer, and some are mistakes.

A *slip* is a mistake of the floor: the code that it must be refused with, when it can happen, and
how it is made.  Where it does not happen by chance, a long run makes each slip once on purpose,
at the first moment that fits.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

from fulfillment.domain import packing, picking, tasks, walls
from fulfillment.domain.values import Refused, Verdict
from fulfillment.services import dispatching

T = TypeVar("T")

REFUSALS: Mapping[str, frozenset[str]] = {
    "pick": frozenset(picking.REFUSALS),
    "sort": frozenset(walls.REFUSALS),
    "pack": frozenset(packing.REFUSALS),
    "dispatch": frozenset(dispatching.REFUSALS),
    "task": frozenset(tasks.REFUSALS),
}
"""Every refusal code that the flow knows, by process."""

BACKSTOPS: Mapping[tuple[str, str], str] = {
    ("pick", "tote-not-empty"): (
        "a tote is released only by what empties it, so goods of nobody lie in one only when "
        "books and floor were damaged from outside"
    ),
    ("pack", "label-being-bought"): (
        "only carriers that are asked over a network are waited for; the replay has local ones"
    ),
    ("pack", "too-many-parcels"): "it takes an order of 999 boxes that are full and one piece more",
}
"""Codes that no order of a sane size leads to, and why; they are not asked for."""


class ReplayError(Exception):
    """The warehouse answered what it should not have: a defect of the product or the replay."""


@dataclass
class Tally:
    """What was scanned and answered."""

    scans: Counter[str] = field(default_factory=Counter)
    """By process."""
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By process and code."""
    pieces: int = 0
    """Pieces that were verified at a bench."""
    errors: Counter[str] = field(default_factory=Counter)
    """Commands that were refused, by code."""

    def note(self, process: str, verdict: Verdict) -> None:
        """Count one scan and its answer."""
        self.scans[process] += 1
        if isinstance(verdict, Refused):
            self.refusals[process, verdict.code] += 1
        elif process == "pack" and verdict.code in ("counted", "complete"):
            self.pieces += int(verdict.fields["quantity"])

    @property
    def never_refused(self) -> list[str]:
        """Codes that should have occurred and did not, as ``process/code``."""
        return sorted(
            f"{process}/{code}"
            for process, codes in REFUSALS.items()
            for code in codes
            if not self.refusals[process, code] and (process, code) not in BACKSTOPS
        )


@dataclass(frozen=True)
class Slip(Generic[T]):
    """A mistake: *make* leads to a refusal with *code* where *fits* says so."""

    code: str
    fits: Callable[[T], bool]
    make: Callable[[T], None]


class Luck:
    """All chance of a run, drawn from one seed."""

    def __init__(self, seed: int, tally: Tally, *, thorough: bool, slip_share: float) -> None:
        self._random = Random(seed)
        self._tally = tally
        self.thorough = thorough
        """Whether every slip is made at least once."""
        self.slip_share = slip_share
        self._tries: Counter[str] = Counter()

    def happens(self, share: float) -> bool:
        """True in *share* of the calls."""
        return self._random.random() < share

    def below(self, bound: int) -> int:
        """A whole number from 0 to *bound* - 1."""
        return int(self._random.random() * bound)

    def one_of(self, things: Sequence[T]) -> T:
        """One of *things*."""
        return things[self.below(len(things))]

    def scan_id(self) -> str:
        """A fresh scan id, as the page of a station would make it."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def lacks(self, process: str, code: str) -> bool:
        """Whether this refusal is still to be provoked in a thorough run."""
        return self.thorough and not self._tally.refusals[process, code]

    def tries(self, purpose: str, *, most: int) -> bool:
        """True the first *most* times in a thorough run: for what only later leads to a refusal."""
        self._tries[purpose] += 1
        return self.thorough and self._tries[purpose] <= most

    def slip(self, process: str, slips: Iterable[Slip[T]], at: T) -> bool:
        """Perhaps make one of *slips* now; whether one was made."""
        missing = [slip for slip in slips if self.lacks(process, slip.code) and slip.fits(at)]
        by_chance = self.happens(self.slip_share)
        if not missing and not by_chance:
            return False
        fitting = missing or [slip for slip in slips if slip.fits(at)]
        if not fitting:
            return False
        chosen = self.one_of(fitting)
        before = self._tally.refusals[process, chosen.code]
        chosen.make(at)
        if self._tally.refusals[process, chosen.code] == before:
            raise ReplayError(f"{process}: {chosen.code} was expected and did not come")
        return True
