"""The packing check: what a scan at the bench means for the open shipment.

Pure decisions.  The service hands in the state (:class:`Bench`) and what was scanned, and
gets a :class:`~fulfillment.domain.values.Verdict` with the effect to post.  The end of an
order is the design's: the last item closes the parcel with the suggested carton, a stable
weight inside the tolerance makes the label, the scan of that label ships.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from fulfillment.domain.values import Accepted, Refused, Tone, Verdict

ACCEPTANCES: Mapping[str, tuple[str, ...]] = {
    "opened": ("order", "pieces"),
    "resumed": ("order", "missing"),
    "batch-opened": ("tote", "left"),
    "counted": ("sku", "name", "quantity", "in_box", "wanted"),
    "complete": ("order", "carton"),
    "undone": ("sku", "name", "quantity"),
    "take-out-which": (),
    "taken-out": ("sku", "name", "quantity"),
    "next-parcel": ("parcel",),
    "carton-chosen": ("carton",),
    "weighed": ("grams", "parcel"),
    "label-printed": ("tracking", "parcel", "parcels"),
    "label-being-bought": ("order", "carrier"),
    "label-withdrawn": ("order", "carrier"),
    "label-confirmed": ("tracking", "left"),
    "shipped": ("order", "tracking"),
    "weigh-again": ("parcel",),
    "label-voided": ("tracking",),
    "label-reprinted": ("tracking", "count"),
    "short-why": (),
    "short-which": ("reason",),
    "short-recorded": ("sku", "quantity", "follows"),
    "put-on-hold": ("order",),
    "take-over-again": ("holder", "since"),
    "taken-over": ("order", "holder"),
    "closed": ("order",),
}  # fmt: skip
"""Every answer to an accepted scan at the bench: code -> the fields of its sentence."""

TONES: Mapping[str, Tone] = {
    "complete": "complete",
    "shipped": "complete",
    "take-out-which": "attention",
    "short-why": "attention",
    "short-which": "attention",
    "short-recorded": "attention",
    "put-on-hold": "attention",
    "take-over-again": "attention",
    "label-being-bought": "attention",
    "label-withdrawn": "attention",
}
"""What is heard with an acceptance, where it is not the tone of every accepted scan."""

REFUSALS: Mapping[str, tuple[str, ...]] = {
    "no-order-open": (),
    "sort-first": ("tote",),
    "batch-tote-empty": ("tote",),
    "unreadable": ("why",),
    "unknown-barcode": ("raw",),
    "not-for-packing": ("raw",),
    "wrong-item": ("sku", "name", "needed_by", "tote", "home"),
    "too-many": ("sku", "name", "wanted"),
    "pack-too-big": ("sku", "pack", "wanted"),
    "wrong-lot": ("sku", "lot", "expected"),
    "lot-needed": ("sku", "expected"),
    "expired": ("sku", "lot", "expired_on"),
    "serial-needed": ("sku",),
    "serial-not-here": ("sku", "serial"),
    "serial-twice": ("sku", "serial"),
    "not-in-box": ("sku", "name"),
    "nothing-to-undo": (),
    "not-complete": ("missing",),
    "parcel-empty": (),
    "too-many-parcels": ("most",),
    "order-open": ("order", "missing"),
    "order-cancelled": ("order", "reason"),
    "order-on-hold": ("order", "holds"),
    "order-shipped": ("order",),
    "not-sorted-yet": ("order", "totes"),
    "not-picked-yet": ("order", "state", "totes"),
    "other-warehouse": ("order",),
    "opened-elsewhere": ("order", "holder", "station", "since"),
    "lost-to-take-over": ("order", "holder", "station"),
    "nothing-to-take-over": (),
    "label-being-bought": ("order", "carrier"),
    "not-weighable": ("state",),
    "weight-not-positive": ("grams",),
    "weight-outside": ("grams", "expected", "allowed", "lacking", "extra"),
    "label-exists": ("tracking",),
    "no-label": (),
    "wrong-label": ("tracking", "expected"),
    "label-void": ("tracking",),
    "unknown-carton": ("carton",),
    "reason-needed": (),
    "nothing-short": (),
    "reprint-needs-supervisor": ("tracking", "count"),
    "label-waiting": ("tracking", "printer"),
}  # fmt: skip
"""Every reason to refuse a scan at the bench, with the fields of its sentence."""

ANSWERS: Mapping[str, tuple[str, ...]] = {**ACCEPTANCES, **REFUSALS}
"""Every answer of the bench with its fields; messages in three languages are made from it."""


def answered_before(*, accepted: bool, code: str, fields: Mapping[str, Any]) -> Verdict:
    """The verdict that was stored with a scan, with the tone that it had."""
    if accepted:
        return Accepted(code, dict(fields), TONES.get(code, "accepted"))
    return Refused(code, dict(fields))


@dataclass(frozen=True)
class LotShare:
    """Units of a line that were picked from *lot*, and how many of them are in a parcel."""

    lot: str
    quantity: int
    packed: int = 0
    expires_on: date | None = None


@dataclass(frozen=True)
class PackLine:
    """A shipment line at the bench."""

    id: int
    product_id: int
    sku: str
    name: str
    quantity: int
    packed: int
    tracking: str = "none"
    weight_grams: int | None = None
    lots: tuple[LotShare, ...] = ()
    sides_mm: tuple[int, int, int] | None = None
    picture_url: str | None = None

    @property
    def missing(self) -> int:
        """Pieces that still have to be scanned."""
        return self.quantity - self.packed


@dataclass(frozen=True)
class Item:
    """A scanned product barcode, resolved: which product, how many units it stands for."""

    product_id: int
    sku: str
    name: str
    units: int = 1
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None


@dataclass(frozen=True)
class Count:
    """Effect of an accepted item: *units* of a line's lot go into the open parcel."""

    line: PackLine
    units: int
    lot: str = ""
    serial: str = ""


def judge_item(
    lines: Sequence[PackLine], item: Item, *, today: date, serials_in_boxes: frozenset[str]
) -> tuple[Verdict, tuple[Count, ...]]:
    """Whether *item* may go into the box now, and on which lines it counts.

    A barcode of several units counts whole or not at all; it fills the lines of its product
    in their order.  *today* is the warehouse's day; *serials_in_boxes* are the serials of
    this shipment that were scanned already.
    """
    same = [line for line in lines if line.product_id == item.product_id]
    if not same:
        return Refused("wrong-item", {"sku": item.sku, "name": item.name}), ()
    wanted = sum(line.missing for line in same)
    if not wanted:
        return Refused("too-many", {"sku": item.sku, "name": item.name, "wanted": 0}), ()
    if item.units > wanted:
        return _too_big(item, wanted), ()
    refusal = _refused_by_tracking(same, item, today, serials_in_boxes)
    if refusal is not None:
        return refusal, ()
    counts = _fill(same, item)
    if sum(count.units for count in counts) < item.units:
        return _too_big(item, sum(count.units for count in counts)), ()
    fields = {
        "sku": item.sku,
        "name": item.name,
        "quantity": item.units,
        "in_box": sum(line.packed for line in same) + item.units,
        "wanted": sum(line.quantity for line in same),
    }
    return Accepted("counted", fields), counts


def with_counts(lines: Sequence[PackLine], counts: Iterable[Count]) -> tuple[PackLine, ...]:
    """The lines after *counts*; negative units take pieces out again."""
    units: dict[tuple[int, str], int] = {}
    for count in counts:
        key = (count.line.id, count.lot)
        units[key] = units.get(key, 0) + count.units
    return tuple(
        replace(
            line,
            packed=line.packed + sum(n for (line_id, _), n in units.items() if line_id == line.id),
            lots=tuple(
                replace(share, packed=share.packed + units.get((line.id, share.lot), 0))
                for share in line.lots
            ),
        )
        for line in lines
    )


def _fill(same: Sequence[PackLine], item: Item) -> tuple[Count, ...]:
    """Put the item's units on lines and lots that have room, in order."""
    left = item.units
    counts: list[Count] = []
    for line in same:
        serial = item.serial if line.tracking == "serial" else ""
        for lot, room in _room(line, item.lot):
            units = min(left, room)
            if units > 0:
                counts.append(Count(line, units, lot, serial))
                left -= units
    return tuple(counts)


def _room(line: PackLine, lot: str) -> Iterable[tuple[str, int]]:
    """(lot, pieces that may still be counted); only lot-tracked products lie under lots."""
    if line.tracking != "lot":
        yield "", line.missing
        return
    for share in line.lots:
        if lot in ("", share.lot):
            yield share.lot, share.quantity - share.packed


def missing_words(lines: Iterable[PackLine]) -> str:
    """What is missing, as the page says it: ``1 × A, 2 × B``."""
    return ", ".join(f"{line.missing} × {line.sku}" for line in lines if line.missing)


def _too_big(item: Item, wanted: int) -> Refused:
    return Refused(
        "pack-too-big",
        {"sku": item.sku, "name": item.name, "pack": item.units, "wanted": wanted},
    )


def _refused_by_tracking(
    same: Sequence[PackLine], item: Item, today: date, serials_in_boxes: frozenset[str]
) -> Refused | None:
    if item.expires_on is not None and item.expires_on < today:
        return _expired(item.sku, item.lot, item.expires_on)
    tracking = same[0].tracking
    if tracking == "serial" and not item.serial:
        return Refused("serial-needed", {"sku": item.sku})
    if tracking == "serial" and item.serial in serials_in_boxes:
        return Refused("serial-twice", {"sku": item.sku, "serial": item.serial})
    return _refused_by_lot(same, item, today) if tracking == "lot" else None


def _refused_by_lot(same: Sequence[PackLine], item: Item, today: date) -> Refused | None:
    shares = [share for line in same for share in line.lots]
    lots = sorted({share.lot for share in shares})
    expected = ", ".join(lots)
    if not item.lot and len(lots) > 1:
        return Refused("lot-needed", {"sku": item.sku, "expected": expected})
    of_this_lot = [share for share in shares if item.lot in ("", share.lot)]
    if sum(share.quantity - share.packed for share in of_this_lot) < item.units:
        return Refused("wrong-lot", {"sku": item.sku, "lot": item.lot, "expected": expected})
    for share in of_this_lot:
        if share.expires_on is not None and share.expires_on < today:
            return _expired(item.sku, share.lot, share.expires_on)
    return None


def _expired(sku: str, lot: str, expired_on: date) -> Refused:
    return Refused("expired", {"sku": sku, "lot": lot, "expired_on": expired_on.isoformat()})


# --- weight ------------------------------------------------------------------------------


def expected_grams(pieces: Iterable[tuple[int | None, int]], tare_grams: int) -> int | None:
    """Items and carton in grams; None when some product's weight is not known.

    *pieces* are (weight of one, how many).
    """
    total = tare_grams
    for weight, count in pieces:
        if weight is None:
            return None
        total += weight * count
    return total


def explaining(difference_grams: int, lines: Iterable[PackLine], *, allowed_grams: int) -> str:
    """The pieces whose weight explains a difference best, as ``1 × A``.

    *difference_grams* = measured - expected: below zero they are lacking, above it there are too
    many of them.  '' when no product comes within the tolerance.
    """
    best: tuple[int, int, str] | None = None
    for line in lines:
        if not line.weight_grams or not line.packed:
            continue
        count = max(1, round(abs(difference_grams) / line.weight_grams))
        if difference_grams < 0 and count > line.packed:
            continue
        gap = abs(abs(difference_grams) - count * line.weight_grams)
        if gap <= allowed_grams and (best is None or (count, gap, line.sku) < best):
            best = (count, gap, line.sku)
    if best is None:
        return ""
    return f"{best[0]} × {best[2]}"


# --- cartons -----------------------------------------------------------------------------

FILL_PERCENT = 85
"""How much of a carton's volume goods fill at best: the rest is air and padding."""


@dataclass(frozen=True)
class CartonType:
    """A box: inner size in millimetres, tare and greatest load in grams."""

    id: int
    code: str
    length_mm: int
    width_mm: int
    height_mm: int
    tare_grams: int
    most_grams: int

    @property
    def volume_mm3(self) -> int:
        """Inner volume."""
        return self.length_mm * self.width_mm * self.height_mm


@dataclass(frozen=True)
class Piece:
    """*count* pieces of one size; unknown sizes and weights are None."""

    count: int
    weight_grams: int | None
    sides_mm: tuple[int, int, int] | None


def suggest_carton(pieces: Sequence[Piece], cartons: Sequence[CartonType]) -> CartonType | None:
    """The smallest carton that holds the pieces by volume, longest side and weight.

    Pieces without a size take no room in the reckoning.  When none is big enough, the
    biggest; None when the warehouse has no cartons.
    """
    by_size = sorted(cartons, key=lambda carton: (carton.volume_mm3, carton.code))
    for carton in by_size:
        if _holds(carton, pieces):
            return carton
    return by_size[-1] if by_size else None


def _holds(carton: CartonType, pieces: Sequence[Piece]) -> bool:
    sides = sorted((carton.length_mm, carton.width_mm, carton.height_mm))
    volume = 0
    weight = 0
    for piece in pieces:
        weight += (piece.weight_grams or 0) * piece.count
        if piece.sides_mm is None:
            continue
        if any(own > room for own, room in zip(sorted(piece.sides_mm), sides, strict=True)):
            return False
        length, width, height = piece.sides_mm
        volume += length * width * height * piece.count
    return weight <= carton.most_grams and volume * 100 <= carton.volume_mm3 * FILL_PERCENT


# --- where the goods of the parcels come from -------------------------------------------------


@dataclass(frozen=True)
class Held:
    """Reserved units of a product's lot at a place: a tote, or a parcel that was labelled before."""

    location_id: int
    product_id: int
    lot: str
    quantity: int


@dataclass(frozen=True)
class Packed:
    """Verified units of a product's lot in a parcel, whose ledger place is *location_id*."""

    location_id: int
    product_id: int
    lot: str
    quantity: int
    serial: str = ""
    serial_at: int | None = None
    """Where the ledger has the serial now."""


@dataclass(frozen=True)
class Transfer:
    """Units to move for the ledger to say what the scans said."""

    source_id: int
    target_id: int
    product_id: int
    lot: str
    quantity: int
    serial: str = ""


def transfers(held: Sequence[Held], packed: Sequence[Packed]) -> tuple[Transfer, ...]:
    """The moves that bring the held units into their parcels; what is there already stays.

    All lines of a product share what was picked of it: who has two of them with serial numbers in
    two totes cannot know which line a unit was picked for.  Raises ValueError when the parcels
    hold more of a product's lot than was picked.
    """
    left: dict[tuple[int, str], dict[int, int]] = {}
    for row in held:
        places = left.setdefault((row.product_id, row.lot), {})
        places[row.location_id] = places.get(row.location_id, 0) + row.quantity
    result: list[Transfer] = []
    for content, units in _not_there_yet(left, packed):
        places = left.get((content.product_id, content.lot), {})
        wanted = [content.serial_at] if content.serial_at is not None else sorted(places)
        for location_id in wanted:
            taken = min(units, places.get(location_id, 0))
            if not taken:
                continue
            places[location_id] -= taken
            units -= taken
            target = content.location_id
            result.append(
                Transfer(
                    location_id, target, content.product_id, content.lot, taken, content.serial
                )
            )
        if units:
            raise ValueError(f"product {content.product_id} has {units} more packed than picked")
    return tuple(result)


def _not_there_yet(
    left: dict[tuple[int, str], dict[int, int]], packed: Sequence[Packed]
) -> list[tuple[Packed, int]]:
    """Contents whose units lie elsewhere, after those that lie right are taken off *left*."""
    waiting: list[tuple[Packed, int]] = []
    for content in packed:
        places = left.get((content.product_id, content.lot), {})
        at_home = content.serial_at in (None, content.location_id)
        here = min(content.quantity, places.get(content.location_id, 0)) if at_home else 0
        if here:
            places[content.location_id] -= here
        if content.quantity > here:
            waiting.append((content, content.quantity - here))
    return waiting


# --- what to do next ---------------------------------------------------------------------


@dataclass(frozen=True)
class BenchState:
    """As much of a shipment at the bench as the next instruction depends on."""

    state: str
    missing: int
    unweighed_parcel: int | None = None
    unconfirmed_tracking: str | None = None
    mode: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


def next_step(bench: BenchState | None) -> tuple[str, dict[str, Any]]:
    """The one instruction that the page says biggest: (code, fields)."""
    if bench is None:
        return "scan-tote", {}
    if bench.mode == "take-out":
        return "scan-item-to-take-out", {}
    if bench.mode == "short":
        return "scan-reason", {}
    if bench.mode.startswith("short:"):
        return "scan-item-or-confirm", {"reason": bench.mode.removeprefix("short:")}
    if bench.state == "packing":
        return "scan-missing", {"missing": bench.missing}
    if bench.state == "packed" and bench.unweighed_parcel is not None:
        return "weigh", {"parcel": bench.unweighed_parcel}
    if bench.state == "labelled":
        return "scan-label", {"tracking": bench.unconfirmed_tracking}
    return "scan-tote", {}
