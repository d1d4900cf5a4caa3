"""What a station gets back: the verdict, the state that it leaves, the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from fulfillment.domain.packing import (
    BenchState,
    LotShare,
    PackLine,
    answered_before,
    next_step,
)
from fulfillment.domain.people import Actor
from fulfillment.domain.purchases import Standing, next_step_of
from fulfillment.domain.values import ScanSource, Verdict
from fulfillment.store import batch_totes, purchases
from fulfillment.store import packing as rows
from fulfillment.store.packing import Counted
from fulfillment.store.scans import record_scan
from fulfillment.store.transaction import Transaction


@dataclass(frozen=True)
class ParcelView:
    """A parcel as the bench shows it."""

    sequence: int
    state: str
    sscc: str
    expected_grams: int | None
    weight_grams: int | None
    tracking_number: str | None
    confirmed: bool
    is_bought: bool = False
    """Whether its label is a carrier's own."""


@dataclass(frozen=True)
class BenchView:
    """The order that is open at the station; ``lines`` with what is in and what is missing."""

    order_number: str
    shipment_number: str
    shipment_id: int
    state: str
    packing_note: str
    cut_off_at: Any
    parcel: int | None
    lines: tuple[PackLine, ...]
    parcels: tuple[ParcelView, ...] = ()
    totes: tuple[str, ...] = ()
    purchases: tuple[Standing, ...] = ()
    """How the labels stand that are being bought for it."""


@dataclass(frozen=True)
class BatchTote:
    """A batch tote at the station and how many orders of one piece wait in it."""

    code: str
    left: int


@dataclass(frozen=True)
class BenchReply:
    """The answer to a gesture."""

    verdict: Verdict
    view: BenchView | None
    next_code: str
    next_fields: dict[str, Any] = field(default_factory=dict)
    repeated: bool = False
    """Whether the scan id was known: the verdict is the first one, the state the present one."""
    batch: BatchTote | None = None
    """The batch tote that waits at the station while no order is open."""

    @property
    def awaits_weight(self) -> bool:
        """Whether the parcel that comes next on the scale has no weight yet.

        Then a scale says what stands on it, though it said so before the last piece was scanned.
        A weight outside the tolerance is one: it waits for the packer or a supervisor.
        """
        if self.view is None or self.next_code != "weigh":
            return False
        parcel = next((one for one in self.view.parcels if one.state == "closed"), None)
        return parcel is not None and parcel.weight_grams is None


@dataclass
class Bench:
    """The open shipment at a station inside one transaction: its locked row and its lines."""

    row: Row[Any]
    lines: tuple[PackLine, ...]
    state: str
    mode: str = ""
    closed: bool = False
    parcels: tuple[ParcelView, ...] | None = None
    """The parcels, when the gesture has them at hand; else they are read for the answer."""

    @property
    def missing(self) -> int:
        """Pieces still to be scanned."""
        return sum(line.missing for line in self.lines)


def load_lines(tx: Transaction, shipment_id: int) -> tuple[PackLine, ...]:
    """The lines of a shipment; those of lot-tracked products with their picked lots."""
    found = rows.lines_of(tx, shipment_id)
    lots = _lot_shares(tx, shipment_id) if any(row.tracking == "lot" for row in found) else {}
    return tuple(
        PackLine(
            id=row.id,
            product_id=row.product_id,
            sku=row.sku,
            name=row.name,
            quantity=row.quantity,
            packed=row.packed,
            tracking=row.tracking,
            weight_grams=row.weight_grams,
            lots=lots.get(row.id, ()),
            sides_mm=_sides(row),
            picture_url=row.picture_url,
        )
        for row in found
    )


def _sides(row: Row[Any]) -> tuple[int, int, int] | None:
    sides = (row.length_mm, row.width_mm, row.height_mm)
    return sides if None not in sides else None


def _lot_shares(tx: Transaction, shipment_id: int) -> dict[int, tuple[LotShare, ...]]:
    packed: dict[tuple[int, str], int] = {}
    for content in rows.contents_of(tx, shipment_id):
        key = (content.shipment_line_id, content.lot)
        packed[key] = packed.get(key, 0) + content.quantity
    picked: dict[tuple[int, str], int] = {}
    expiry = {}
    for held in rows.held_by(tx, shipment_id):
        if held.kind == "bin":
            continue
        key = (held.shipment_line_id, held.lot)
        picked[key] = picked.get(key, 0) + held.quantity
        expiry[key] = held.expires_on
    shares: dict[int, tuple[LotShare, ...]] = {}
    for (line_id, lot), quantity in sorted(picked.items()):
        share = LotShare(lot, quantity, packed.get((line_id, lot), 0), expiry[line_id, lot])
        shares[line_id] = (*shares.get(line_id, ()), share)
    return shares


def today_at(tx: Transaction, timezone: str) -> Any:
    """The warehouse's calendar day."""
    return tx.now.astimezone(ZoneInfo(timezone)).date()


def reply_of(
    tx: Transaction,
    verdict: Verdict,
    bench: Bench | None,
    *,
    repeated: bool = False,
    batch_tote_id: int | None = None,
) -> BenchReply:
    """Verdict and present state; parcels are read only once the pieces are all in.

    *batch_tote_id*: the batch tote of a station where no order is open.
    """
    if bench is None or bench.closed:
        view = None if bench is None else _view(bench)
        tote_id = batch_tote_id if bench is None else getattr(bench.row, "batch_tote_id", None)
        batch = batch_at(tx, tote_id)
        if batch is not None:
            fields = {"tote": batch.code, "left": batch.left}
            return BenchReply(verdict, view, "scan-single", fields, repeated, batch)
        code, fields = next_step(None)
        return BenchReply(verdict, view, code, fields, repeated)
    if bench.parcels is None:
        bench.parcels = () if bench.state == "packing" else read_parcels(tx, bench)
    view = _view(bench)
    unweighed = next((p.sequence for p in bench.parcels if p.state == "closed"), None)
    if bench.state == "packed" and unweighed is None and not bench.mode:
        standings = purchase_standings(tx, bench.row.shipment_id)
        awaited = next_step_of(standings)
        if awaited is not None:
            return BenchReply(verdict, replace(view, purchases=standings), *awaited, repeated)
    unconfirmed = next(
        (p.tracking_number for p in bench.parcels if p.tracking_number and not p.confirmed), None
    )
    state = BenchState(bench.state, bench.missing, unweighed, unconfirmed, bench.mode)
    code, fields = next_step(state)
    return BenchReply(verdict, view, code, fields, repeated)


def purchase_standings(tx: Transaction, shipment_id: int) -> tuple[Standing, ...]:
    """How the labels of a packed and weighed shipment stand, by parcel; () where none is bought."""
    return tuple(
        Standing(
            parcel_sequence=one.sequence,
            state=one.state,
            carrier=one.carrier,
            detail=one.detail,
            needs_person=one.state == "unknown"
            and one.next_attempt_at is None
            and one.lease_until is None,
        )
        for one in purchases.purchases_of(tx, shipment_id)
        if one.state == "refused" or one.wanted
    )


def batch_at(tx: Transaction, tote_id: int | None) -> BatchTote | None:
    """The batch tote at a station, while an order of one piece waits in it."""
    if tote_id is None:
        return None
    left = batch_totes.left_in(tx, tote_id)
    return BatchTote(left.code, left.singles) if left.singles else None


def read_parcels(tx: Transaction, bench: Bench) -> tuple[ParcelView, ...]:
    """The parcels as the bench shows them."""
    return tuple(
        ParcelView(
            sequence=parcel.sequence,
            state=parcel.state,
            sscc=parcel.sscc,
            expected_grams=parcel.expected_grams,
            weight_grams=parcel.weight_grams,
            tracking_number=parcel.tracking_number,
            confirmed=parcel.confirmed_at is not None,
            is_bought=parcel.purchase_id is not None,
        )
        for parcel in rows.parcels_of(tx, bench.row.shipment_id)
    )


def _view(bench: Bench) -> BenchView:
    row = bench.row
    return BenchView(
        order_number=row.order_number,
        shipment_number=row.shipment_number,
        shipment_id=row.shipment_id,
        state=bench.state,
        packing_note=row.packing_note,
        cut_off_at=row.cut_off_at,
        parcel=getattr(row, "parcel_sequence", None),
        lines=bench.lines,
        parcels=bench.parcels or (),
    )


def record(
    tx: Transaction,
    actor: Actor,
    *,
    station_id: int,
    scan_id: str,
    raw: str,
    verdict: Verdict,
    shipment_id: int | None = None,
    parcel_id: int | None = None,
    counted: Sequence[Counted] = (),
    source: ScanSource = "scanner",
) -> int:
    """Store one packing scan, refused ones too, and return its id."""
    with_counts = verdict
    if len(counted) > 1:
        counts = [list(one) for one in counted]
        with_counts = replace(verdict, fields={**verdict.fields, "counts": counts})
    line, lot, serial, _units = counted[0] if counted else (None, "", "", 0)
    return record_scan(
        tx,
        replace(actor, station_id=station_id),
        with_counts,
        scan_id=scan_id,
        process="pack",
        raw=raw,
        source=source,
        subject={
            "shipment_id": shipment_id,
            "parcel_id": parcel_id,
            "shipment_line_id": line,
            "lot": lot,
            "serial": serial,
            "quantity": sum(one[3] for one in counted),
        },
    )


def first_verdict(row: Any) -> Verdict:
    """The verdict of a scan event: what a repeat of its id is answered."""
    fields = {name: value for name, value in row.known_fields.items() if name != "counts"}
    return answered_before(accepted=row.known_accepted, code=row.known_code, fields=fields)
