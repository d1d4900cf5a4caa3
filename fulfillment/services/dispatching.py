"""Parcels are scanned out to the van; the last one of a shipment dispatches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update

from fulfillment.domain.barcodes import SsccScan, parse, storable
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import PARCEL, SHIPMENT
from fulfillment.domain.values import Accepted, Refused, Verdict
from fulfillment.store.base import table_of
from fulfillment.store.journal import known_scan, tell
from fulfillment.store.locks import lock_shipments
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.printing import label_was_scanned
from fulfillment.store.scans import check_scan_id, record_scan
from fulfillment.store.transaction import Transaction, writes

_parcel = table_of(Parcel)
_label = table_of(Label)
_shipment = table_of(Shipment)

ACCEPTANCES = {
    "parcel-out": ("tracking", "left"),
    "shipment-dispatched": ("shipment", "tracking"),
}
"""Every answer to an accepted scan at the dock, with the fields of its sentence."""

REFUSALS = {
    "parcel-unknown": ("raw",),
    "label-void": ("tracking",),
    "parcel-not-shipped": ("tracking", "state"),
    "parcel-already-out": ("tracking", "since"),
    "wrong-carrier": ("tracking", "carrier", "van"),
}
"""Every reason to refuse a scan at the dock, with the fields of its sentence."""

ANSWERS = {**ACCEPTANCES, **REFUSALS}
"""Every answer of the dock with its fields."""


@dataclass(frozen=True)
class DispatchReply:
    """The answer to a scan at the dock."""

    verdict: Verdict
    repeated: bool = False


@writes
def scan_out(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    scan_id: str,
    raw: str,
    carrier: str = "",
) -> DispatchReply:
    """Scan a parcel (tracking number or SSCC) out to the van of its carrier.

    *carrier* is whose van stands at the dock ('' = any).  A voided label, a parcel that is not
    shipped, or of another warehouse or carrier, is refused.
    """
    check_scan_id(scan_id)
    actor.require(Permission.SHIP, warehouse_id=warehouse_id)
    known = known_scan(tx, scan_id)
    if known is not None:
        kind = Accepted if known.accepted else Refused
        return DispatchReply(kind(known.code, dict(known.fields)), repeated=True)
    parcel = _parcel_scanned(tx, raw)
    if parcel is None or parcel.warehouse_id != warehouse_id:
        verdict: Verdict = Refused("parcel-unknown", {"raw": storable(raw)})
        parcel = None
    else:
        verdict = _out(tx, actor, parcel, carrier)
    record_scan(
        tx,
        actor,
        verdict,
        scan_id=scan_id,
        process="dispatch",
        raw=raw,
        subject={
            "shipment_id": parcel.shipment_id if parcel else None,
            "parcel_id": parcel.id if parcel else None,
        },
    )
    return DispatchReply(verdict)


_FOUND = (
    select(
        _parcel.c.id,
        _parcel.c.shipment_id,
        _parcel.c.state,
        _parcel.c.dispatched_at,
        _label.c.id.label("label_id"),
        _label.c.state.label("label_state"),
        _label.c.carrier,
        func.coalesce(_label.c.tracking_number, _parcel.c.sscc).label("tracking"),
        _shipment.c.warehouse_id,
        _shipment.c.number.label("shipment_number"),
        _shipment.c.state.label("shipment_state"),
    )
    .join(_shipment, _shipment.c.id == _parcel.c.shipment_id)
    .outerjoin(_label, _label.c.parcel_id == _parcel.c.id)
    .where((_parcel.c.sscc == bindparam("text")) | (_label.c.tracking_number == bindparam("text")))
    .order_by(_label.c.state)
    .limit(1)
)
"""An active label sorts before a void one of the same parcel."""


def _parcel_scanned(tx: Transaction, raw: str) -> Row[Any] | None:
    """The parcel by its SSCC or by any label it ever had; its shipment's row is locked.

    It is read again under the lock: what another scan or a cancellation did to the parcel while
    this one waited is not in what was read before.
    """
    scanned = parse(raw)
    text = {"text": storable(scanned.sscc if isinstance(scanned, SsccScan) else raw.strip())}
    found = tx.execute(_FOUND, text).one_or_none()
    if found is None:
        return None
    lock_shipments(tx, [found.shipment_id])
    return tx.execute(_FOUND, text).one_or_none()


def _out(tx: Transaction, actor: Actor, parcel: Row[Any], carrier: str) -> Verdict:
    tracking = {"tracking": parcel.tracking}
    if parcel.label_state == "void":
        return Refused("label-void", tracking)
    if parcel.state == "dispatched":
        return Refused(
            "parcel-already-out", {**tracking, "since": parcel.dispatched_at.isoformat()}
        )
    if parcel.state != "shipped":
        return Refused("parcel-not-shipped", {**tracking, "state": parcel.state})
    if carrier not in ("", parcel.carrier):
        return Refused(
            "wrong-carrier", {**tracking, "carrier": parcel.carrier or "–", "van": carrier}
        )
    tx.execute(
        update(_parcel)
        .where(_parcel.c.id == parcel.id)
        .values(state=PARCEL.advance(parcel.state, "dispatch"), dispatched_at=tx.now)
    )
    if parcel.label_id is not None:
        # Whoever reads the label at the dock has seen that it came out.
        label_was_scanned(tx, parcel.label_id, by_id=actor.user_id)
    left = tx.execute(
        select(func.count())
        .select_from(_parcel)
        .where(_parcel.c.shipment_id == parcel.shipment_id, _parcel.c.state == "shipped")
    ).scalar_one()
    if left:
        return Accepted("parcel-out", {**tracking, "left": left})
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id == parcel.shipment_id)
        .values(
            state=SHIPMENT.advance(parcel.shipment_state, "dispatch"),
            dispatched_at=tx.now,
            dispatched_by_id=actor.user_id,
        )
    )
    tell(
        tx,
        topic="shipment.dispatched",
        key=f"shipment.dispatched:{parcel.shipment_id}",
        payload={"shipment": parcel.shipment_number, "dispatched_at": tx.now.isoformat()},
    )
    return Accepted(
        "shipment-dispatched", {**tracking, "shipment": parcel.shipment_number}, tone="complete"
    )
