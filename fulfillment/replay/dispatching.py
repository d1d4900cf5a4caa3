"""Parcels are scanned out to the van."""

from __future__ import annotations

from fulfillment.domain.people import Actor
from fulfillment.domain.values import Refused, Verdict
from fulfillment.replay import questions
from fulfillment.replay.house import Crew
from fulfillment.replay.packing import Memory
from fulfillment.replay.scanning import Luck, ReplayError, Tally
from fulfillment.services import dispatching


def load_van(crew: Crew, luck: Luck, tally: Tally, memory: Memory) -> int:
    """Scan out every parcel that waits at the dock of a warehouse; how many there were."""
    porter = crew.packers[0]
    parcels = questions.parcels_at_dock(crew.warehouse_id)
    for parcel in parcels:
        _slip(crew, luck, tally, "parcel-unknown", raw="1Z999")
        if crew.warehouse_id in memory.void:
            _slip(crew, luck, tally, "label-void", raw=memory.void[crew.warehouse_id])
        raw = parcel.sscc if luck.happens(0.2) else parcel.tracking_number
        verdict = _scan(porter, crew, luck, tally, raw)
        if isinstance(verdict, Refused):
            raise ReplayError(f"dispatch: {raw!r} was refused: {verdict.code} {verdict.fields}")
        _slip(crew, luck, tally, "parcel-already-out", raw=parcel.tracking_number)
    return len(parcels)


def _slip(crew: Crew, luck: Luck, tally: Tally, code: str, *, raw: str) -> None:
    if not luck.lacks("dispatch", code) and not luck.happens(luck.slip_share / 3):
        return
    verdict = _scan(crew.packers[0], crew, luck, tally, raw)
    if verdict.code != code:
        raise ReplayError(f"dispatch: {code} was expected, not {verdict.code}")


def _scan(porter: Actor, crew: Crew, luck: Luck, tally: Tally, raw: str) -> Verdict:
    reply = dispatching.scan_out(
        porter, warehouse_id=crew.warehouse_id, scan_id=luck.scan_id(), raw=raw
    )
    tally.note("dispatch", reply.verdict)
    return reply.verdict
