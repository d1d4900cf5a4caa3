"""The closed tree of what can be wrong with a command.

::

    DomainError
    ├── NotFound            there is no such thing, or not for this person
    ├── Denied              this person may not do it
    ├── Conflict            the present state of the warehouse does not allow it
    │   ├── IllegalEvent
    │   ├── NotEnoughStock
    │   ├── AlreadyDone …
    └── Invalid             the input itself is wrong
        └── InvalidInput

Each error has a stable kebab-case ``code`` and typed fields; it knows no HTTP
status and no sentence.  ``fulfillment/statuses.py`` holds the one table from
error to status, ``fulfillment/messages.py`` the one from code to sentence.

A refused *scan* is no error but a value (:class:`fulfillment.domain.values.Refused`):
it is stored like an accepted one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar


class DomainError(Exception):
    """Root of the tree."""

    code: ClassVar[str] = "error"

    def details(self) -> dict[str, Any]:
        """The typed fields by name, for the problem body and the message."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]  # every leaf is a dataclass

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.details().items())
        return f"{self.code}: {shown}" if shown else self.code


class NotFound(DomainError):
    """There is no such thing, or it is not this person's to see: the answer is the same."""


class Denied(DomainError):
    """This person may not do this."""


class Conflict(DomainError):
    """The present state of the warehouse does not allow it."""


class Invalid(DomainError):
    """The input itself is wrong; no state could make it right."""


@dataclass(eq=False)
class UnknownThing(NotFound):
    """No *kind* is known by *key* (to this person)."""

    code = "not-found"
    kind: str
    key: str


@dataclass(eq=False)
class NotPermitted(Denied):
    """The person lacks *permission* here."""

    code = "not-permitted"
    permission: str


@dataclass(eq=False)
class NotLoggedIn(Denied):
    """Nobody is logged in, or the session or token has ended."""

    code = "not-logged-in"


@dataclass(eq=False)
class WrongCredentials(Denied):
    """Log-in, password, badge or PIN is wrong; which one is not said."""

    code = "wrong-credentials"


@dataclass(eq=False)
class TooManyTries(Denied):
    """Too many wrong tries; try again after *retry_after_seconds*."""

    code = "too-many-tries"
    retry_after_seconds: int


@dataclass(eq=False)
class IllegalEvent(Conflict):
    """*event* is not possible for a *machine* in *state*."""

    code = "illegal-event"
    machine: str
    state: str
    event: str


@dataclass(eq=False)
class NotEnoughStock(Conflict):
    """Fewer units are free there than asked for."""

    code = "not-enough-stock"
    sku: str
    location: str
    wanted: int
    available: int


@dataclass(eq=False)
class AlreadyTaken(Conflict):
    """Somebody else has it: *holder*, since *since* (ISO 8601, UTC)."""

    code = "already-taken"
    kind: str
    holder: str
    since: str


@dataclass(eq=False)
class AlreadyExists(Conflict):
    """A *kind* with this *key* exists already."""

    code = "already-exists"
    kind: str
    key: str


@dataclass(eq=False)
class DuplicateReference(Conflict):
    """The channel reference is known with other content."""

    code = "duplicate-reference"
    channel: str
    reference: str
    order_number: str


@dataclass(eq=False)
class AlreadyDispatched(Conflict):
    """The parcel has left the building; what is left is a return."""

    code = "already-dispatched"
    shipment: str


@dataclass(eq=False)
class OnHold(Conflict):
    """An open hold stops it."""

    code = "on-hold"
    kind: str
    number: str
    holds: tuple[str, ...]


@dataclass(eq=False)
class CannotMerge(Conflict):
    """These orders do not go together: another customer, address, seller or state."""

    code = "cannot-merge"
    reason: str
    numbers: tuple[str, ...]


@dataclass(eq=False)
class NothingToDo(Conflict):
    """The command would change nothing (no open work, nothing to release …)."""

    code = "nothing-to-do"
    what: str


@dataclass(eq=False)
class WeightBlocked(Conflict):
    """The weight is outside the tolerance and nobody overrode it."""

    code = "weight-blocked"
    expected_grams: int
    measured_grams: int
    allowed_grams: int


@dataclass(eq=False)
class LabelNotConfirmed(Conflict):
    """The warehouse asks for the scan of every label on its box before it ships."""

    code = "label-not-confirmed"
    tracking_numbers: tuple[str, ...]


@dataclass(eq=False)
class KeyReused(Conflict):
    """The idempotency key was used before with another request."""

    code = "key-reused"
    key: str


@dataclass(eq=False)
class NumbersExhausted(Conflict):
    """A number range has no number left."""

    code = "numbers-exhausted"
    range_name: str


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in the input: where, a code, and the offending text."""

    where: str
    code: str
    text: str = ""


@dataclass(eq=False)
class InvalidInput(Invalid):
    """The input has one or more faults; nothing was changed."""

    code = "invalid-input"
    faults: tuple[Fault, ...]


@dataclass(eq=False)
class FileUnreadable(Invalid):
    """The file is not what it says it is (type, size, encoding, too big unpacked)."""

    code = "file-unreadable"
    reason: str


@dataclass(eq=False)
class PictureTooLarge(Invalid):
    """The picture has more bytes or pixels than are decoded."""

    code = "picture-too-large"
    most_bytes: int
    most_pixels: int


@dataclass(eq=False)
class NotAPicture(Invalid):
    """The bytes are no picture of a kind that is decoded, or it is damaged: *reason* is a code."""

    code = "not-a-picture"
    reason: str


@dataclass(eq=False)
class DecoderStopped(Conflict):
    """The picture broke a limit of the decoder (memory, time), or the decoder did not start."""

    code = "decoder-stopped"


@dataclass(eq=False)
class DecoderBusy(Conflict):
    """A picture of this person or station is being decoded, or too many of others are."""

    code = "decoder-busy"
    retry_after_seconds: int


def invalid(where: str, code: str, text: object = "") -> InvalidInput:
    """An :class:`InvalidInput` with a single fault."""
    return InvalidInput(faults=(Fault(where, code, str(text)),))


@dataclass(eq=False)
class CannotSplit(Conflict):
    """The order cannot be parted like this: *reason* is a code."""

    code = "cannot-split"
    number: str
    reason: str


@dataclass(eq=False)
class LabelActive(Conflict):
    """A label with the old address is active; it has to be voided first."""

    code = "label-active"
    number: str
    tracking_numbers: tuple[str, ...]


@dataclass(frozen=True)
class EncodingPreview:
    """How the first telling lines of a file read in one encoding."""

    encoding: str
    lines: tuple[str, ...]


@dataclass(eq=False)
class EncodingNeeded(Invalid):
    """The file does not say its encoding: the person chooses from the previews."""

    code = "encoding-needed"
    previews: tuple[EncodingPreview, ...]


@dataclass(eq=False)
class HasOpenWork(Conflict):
    """The person has a *kind* of work open that must be finished or handed over first."""

    code = "has-open-work"
    kind: str
    number: str


@dataclass(eq=False)
class CannotPrint(Conflict):
    """A document has texts that cannot be printed: *faults* says which, and why."""

    code = "cannot-print"
    faults: tuple[Fault, ...]


@dataclass(eq=False)
class LabelNotPrinted(Conflict):
    """The warehouse waits for its printer: these labels are not printed yet, as far as anybody knows."""

    code = "label-not-printed"
    tracking_numbers: tuple[str, ...]
    printer: str


@dataclass(eq=False)
class StillPrinting(Conflict):
    """The document waits for its *printer* and will come out by itself."""

    code = "still-printing"
    printer: str
