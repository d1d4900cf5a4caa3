"""What is known after a document was handed to a printer, and what a printer says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Condition = Literal["ready", "attention", "offline"]


@dataclass(frozen=True)
class Taken:
    """The printer has every byte. That is not paper yet: only a scan of the label proves it."""

    detail: str = ""


@dataclass(frozen=True)
class NotTaken:
    """Certainly nothing will come out of the printer: the same document may be sent again."""

    reason: str


@dataclass(frozen=True)
class Rejected:
    """The printer answered that it cannot print this document, now or later."""

    reason: str


@dataclass(frozen=True)
class Doubtful:
    """Bytes were handed over and their end was not seen: it may be printed, or in part, or not."""

    reason: str
    bytes_sent: int


@dataclass(frozen=True)
class Withdrawn:
    """``begin`` said no when the printer was ready for the first byte: nothing was sent."""


Outcome = Taken | NotTaken | Rejected | Doubtful | Withdrawn


@dataclass(frozen=True)
class Status:
    """What a probe found. ``detail`` is the printer's own word, or the network's."""

    condition: Condition
    detail: str = ""


class Way(Protocol):
    """A way to one printer. Both calls block, for seconds at most, and raise nothing."""

    def deliver(self, document: bytes, *, name: str, begin: Callable[[], bool]) -> Outcome:
        """Hand over one document.

        ``begin`` is called when the printer can be reached and not a byte has left: whoever keeps
        the queue notes there that from now on nobody can know. False stops it: :class:`Withdrawn`.
        """

    def probe(self) -> Status:
        """Ask the printer how it is, without printing."""


def words_of(problem: OSError) -> str:
    """The network's reason in a few words, without addresses."""
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    return problem.strerror or type(problem).__name__
