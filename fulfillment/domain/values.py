"""Frozen values that the floors hand to each other, and the closed lists of words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

TRACKING = ("none", "lot", "serial")
PACK_KINDS = ("each", "inner", "case")
TASK_KINDS = ("put-back", "count", "replenish")

BIN = "bin"
TOTE = "tote"
SLOT = "slot"
PARCEL = "parcel"
QUARANTINE = "quarantine"
PHYSICAL_KINDS = (BIN, "bulk", "staging", QUARANTINE, TOTE, SLOT, "cart", PARCEL)
VIRTUAL_KINDS = ("supplier", "customer", "adjustment", "missing", "scrap")
"""The ends of the ledger: they have no balance row, their balance is the sum of their moves."""
LOCATION_KINDS = PHYSICAL_KINDS + VIRTUAL_KINDS

PickMethod = Literal["cart", "batch"]
PICK_METHODS: tuple[PickMethod, ...] = get_args(PickMethod)
"""How a list is picked: sorted on the walk, a tote a shipment; or all of it together, sorted after."""

SHORT_REASONS = ("empty", "fewer-than-shown", "damaged", "not-found", "expired")
"""Why a picker or packer found less than asked; the barcodes of the sheet are made from these."""

MOVE_REASONS = (
    "receipt", "adjust", "move", "pick", "put-back", "pack", "unpack", "ship", "un-ship", "short",
    "count", "damaged", "sort",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A location as the ledger sees it.  ``warehouse_id`` is None only for virtual ends."""

    id: int
    kind: str
    warehouse_id: int | None = None

    @property
    def is_virtual(self) -> bool:
        """Whether it is an end of the ledger without a balance of its own."""
        return self.kind in VIRTUAL_KINDS

    @property
    def is_pickable(self) -> bool:
        """Whether free stock here can be sold."""
        return self.kind == BIN

    @property
    def is_transient(self) -> bool:
        """Whether its balance rows are removed when they run empty (totes, slots, parcels)."""
        return self.kind in (TOTE, SLOT, PARCEL)


Tone = Literal["accepted", "refused", "complete", "attention"]
ScanSource = Literal["scanner", "camera"]
"""What read a code: a scanner (or a person's fingers), or a camera."""


@dataclass(frozen=True)
class Accepted:
    """The scan did something.  ``code`` names the message, ``fields`` fill its sentence."""

    code: str
    fields: dict[str, Any] = field(default_factory=dict)
    tone: Tone = "accepted"


@dataclass(frozen=True)
class Refused:
    """The scan changed nothing; it is stored all the same."""

    code: str
    fields: dict[str, Any] = field(default_factory=dict)
    tone: Tone = "refused"


Verdict = Accepted | Refused
