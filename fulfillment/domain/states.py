"""Every state machine of the product, side by side.

A machine is a table that can be read: from, event, to, and what a person would
say about the guard and the effect.  The services advance a thing with
:func:`Machine.advance`; the CHECK constraints of the tables and the pictures in
``docs/states.md`` are made from the same tables, so there is no second list of
states to keep in step.
"""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.domain.errors import IllegalEvent


@dataclass(frozen=True)
class Transition:
    """One row: in *source*, *event* leads to *target*."""

    source: str
    event: str
    target: str
    guard: str = ""
    effect: str = ""


@dataclass(frozen=True)
class Machine:
    """A named state machine: its first state and its transitions."""

    name: str
    initial: str
    transitions: tuple[Transition, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """All states, the initial one first, then in the order of the table."""
        seen = dict.fromkeys([self.initial])
        for row in self.transitions:
            seen.setdefault(row.source)
            seen.setdefault(row.target)
        return tuple(seen)

    def advance(self, state: str, event: str) -> str:
        """The state that *event* leads to, or :class:`IllegalEvent`."""
        for row in self.transitions:
            if row.source == state and row.event == event:
                return row.target
        raise IllegalEvent(machine=self.name, state=state, event=event)

    def sources(self, event: str) -> tuple[str, ...]:
        """The states in which *event* is allowed; the WHERE of a guarded UPDATE."""
        return tuple(row.source for row in self.transitions if row.event == event)


def _from_each(sources: str, event: str, target: str, **words: str) -> tuple[Transition, ...]:
    return tuple(Transition(source, event, target, **words) for source in sources.split())


ORDER = Machine(
    "order",
    "review",
    (
        Transition("review", "confirm", "confirmed", guard="no open hold; a rule or a person passes it"),
        Transition("review", "merge", "merged", effect="its lines continue in another order"),
        Transition("review", "cancel", "cancelled"),
        Transition("confirmed", "allocate", "allocated", guard="every open unit is on a shipment"),
        Transition("confirmed", "cancel", "cancelled", guard="nothing of it was shipped"),
        Transition("confirmed", "merge", "merged", guard="nothing of it is on a shipment"),
        Transition("confirmed", "complete", "shipped", guard="every open unit is shipped"),
        Transition("allocated", "fall-back", "confirmed", effect="units are owed again: backorder"),
        Transition("allocated", "complete", "shipped", guard="every shipment is shipped"),
        Transition("allocated", "cancel", "cancelled", guard="nothing of it was shipped"),
        Transition("shipped", "un-ship", "confirmed", effect="a shipment came back before dispatch"),
    ),
)  # fmt: skip
"""*confirmed* means: units are still owed that are on no shipment (new, or a backorder)."""

SHIPMENT = Machine(
    "shipment",
    "allocated",
    (
        Transition("allocated", "release", "released", effect="promise becomes reservations in bins"),
        Transition("released", "withdraw", "allocated", guard="nothing picked", effect="and back"),
        Transition("released", "start-pick", "picking"),
        Transition("picking", "finish-pick", "picked", guard="every stop is picked or short"),
        Transition("picked", "undo-pick", "picking", guard="the picker's last put, not packed yet"),
        Transition("picked", "open", "packing", guard="one packer, one station"),
        Transition("packing", "put-aside", "picked", guard="nothing packed yet"),
        Transition("packing", "complete", "packed", guard="every piece verified"),
        Transition("packed", "reopen", "packing", effect="undo, take out or short at the bench"),
        Transition("packing", "await-pick", "picking", effect="a replacement pick was made"),
        Transition("packed", "label", "labelled", guard="every parcel weighed within tolerance"),
        Transition("labelled", "void", "packed", effect="label void"),
        Transition("labelled", "ship", "shipped", guard="every label confirmed", effect="stock taken down"),
        Transition("shipped", "dispatch", "dispatched", guard="scanned out, or the manifest closed"),
        *_from_each("allocated released", "cancel", "cancelled", effect="promise or reservations freed"),
        *_from_each(
            "picking picked packing packed labelled", "cancel", "cancelled", effect="put-back tasks"
        ),
        Transition("shipped", "un-ship", "cancelled", guard="a supervisor", effect="counter-moves, put-back"),
    ),
)  # fmt: skip

PARCEL = Machine(
    "parcel",
    "open",
    (
        Transition("open", "close", "closed", guard="it holds a piece"),
        Transition("closed", "reopen", "open"),
        Transition("closed", "weigh", "weighed", guard="stable, within tolerance or overridden"),
        Transition("weighed", "reopen", "open", effect="the weight is forgotten"),
        Transition("weighed", "weigh", "weighed", effect="weighed again"),
        Transition("weighed", "forget", "closed", effect="the weight is forgotten"),
        Transition("weighed", "label", "labelled", effect="tracking number; goods move into the parcel"),
        Transition("labelled", "void", "closed", effect="label void; goods stay, it is weighed again"),
        Transition("labelled", "ship", "shipped"),
        Transition("shipped", "dispatch", "dispatched"),
        *_from_each("open closed weighed labelled shipped", "cancel", "cancelled"),
    ),
)  # fmt: skip

PICK_LIST = Machine(
    "pick list",
    "open",
    (
        Transition("open", "claim", "claimed", guard="nobody else has it"),
        Transition("claimed", "hand-over", "open"),
        Transition("claimed", "finish", "done", guard="every stop is done"),
        *_from_each("open claimed", "cancel", "cancelled"),
    ),
)

PICK_STOP = Machine(
    "pick stop",
    "open",
    (
        Transition("open", "pick", "picked", guard="every unit is in its tote"),
        Transition(
            "open", "short", "short", guard="a reason", effect="units to missing, count task"
        ),
        Transition("open", "cancel", "cancelled"),
        *_from_each("picked short", "undo", "open", effect="the last put is taken back"),
    ),
)

LABEL = Machine(
    "label",
    "active",
    (
        Transition("active", "void", "void", effect="the number is never used again"),
    ),
)  # fmt: skip

TASK = Machine(
    "task",
    "open",
    (
        Transition("open", "finish", "done"),
        Transition("open", "cancel", "cancelled"),
    ),
)

PRINT_JOB = Machine(
    "print job",
    "queued",
    (
        Transition("queued", "lease", "leased", guard="due; its printer has nothing else in hand"),
        Transition("queued", "cancel", "cancelled", guard="label void, or already on its box"),
        Transition("leased", "send", "sent", guard="the printer has every byte"),
        Transition("leased", "give-back", "queued", guard="not a byte was sent", effect="tried again"),
        Transition("leased", "reject", "failed", guard="it cannot be drawn, or the printer refuses it"),
        Transition("leased", "lose", "unknown", guard="bytes were sent, their end was not seen"),
        Transition("leased", "cancel", "cancelled", guard="not a byte was sent"),
        *_from_each(
            "leased sent unknown", "confirm", "confirmed", guard="scanned on its box, or seen by a person"
        ),
        Transition("unknown", "repeat", "failed", guard="a person says so", effect="another job"),
    ),
)  # fmt: skip
"""*sent* is not printed.  An *unknown* job is never sent again: somebody looks for the paper."""

LABEL_PURCHASE = Machine(
    "label purchase",
    "intended",
    (
        Transition("intended", "ask", "asked", guard="nothing else of this parcel is in doubt or paid"),
        Transition("intended", "withdraw", "voided", effect="nothing was asked, nothing is paid"),
        Transition("asked", "buy", "bought", guard="the carrier's label is in hand"),
        Transition("asked", "refuse", "refused", guard="the carrier says why"),
        Transition("asked", "give-back", "intended", guard="not a byte was sent", effect="asked again"),
        Transition("asked", "lose", "unknown", guard="it was sent, and no answer was seen"),
        Transition("unknown", "ask", "asked", guard="the carrier honours keys, or can be asked for it"),
        Transition("unknown", "give-up", "refused", guard="a supervisor says it was never sold"),
        Transition("bought", "void", "voiding", effect="the carrier is told; no other is bought before"),
        Transition("voiding", "take-back", "voided", guard="the carrier took it back"),
        Transition("voiding", "refuse-void", "void-refused", guard="the carrier says why"),
        Transition("void-refused", "void", "voiding", guard="a supervisor has it asked again"),
        Transition("void-refused", "accept", "voided", guard="a supervisor takes the loss"),
    ),
)  # fmt: skip
"""An *unknown* purchase is never bought anew by itself: it is asked about with the same key."""

CARRIER_REQUEST = Machine(
    "carrier request",
    "open",
    (
        Transition("open", "ask", "asked", guard="due"),
        Transition("asked", "do", "done", guard="the carrier's number is in hand"),
        Transition("asked", "refuse", "refused", guard="the carrier says why"),
        Transition("asked", "give-back", "open", guard="not a byte was sent", effect="asked again"),
        Transition("asked", "lose", "unknown", guard="it was sent, and no answer was seen"),
        Transition("unknown", "ask", "asked", guard="the carrier honours keys"),
        *_from_each("unknown refused", "repeat", "open", guard="a person says so", effect="a new key"),
    ),
)  # fmt: skip
"""A manifest or a pickup that a carrier is asked for."""

MACHINES = (
    ORDER, SHIPMENT, PARCEL, PICK_LIST, PICK_STOP, LABEL, LABEL_PURCHASE, CARRIER_REQUEST, TASK,
    PRINT_JOB,
)  # fmt: skip

STAGES = (
    "confirmed", "allocated", "released", "pick_started", "picked", "pack_started",
    "packed", "weighed", "labelled", "shipped", "dispatched",
)  # fmt: skip
"""The stamps of a shipment in the order of its life: ``<stage>_at`` and ``<stage>_by_id``."""
