"""Parcels are scanned out, each to the van of its carrier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from fulfillment.domain.values import Refused, Verdict
from fulfillment.replay import questions
from fulfillment.replay.house import CARRIERS, Crew
from fulfillment.replay.packing import Memory
from fulfillment.replay.scanning import Luck, ReplayError, Tally
from fulfillment.services import dispatching


@dataclass(frozen=True)
class Dock:
    """A porter at the dock, before the van of a carrier."""

    crew: Crew
    luck: Luck
    tally: Tally
    memory: Memory
    van: str

    def scan(self, raw: str) -> Verdict:
        """Scan something out to the van."""
        reply = dispatching.scan_out(
            self.crew.packers[0],
            warehouse_id=self.crew.warehouse_id,
            scan_id=self.luck.scan_id(),
            raw=raw,
            carrier=self.van,
        )
        self.tally.note("dispatch", reply.verdict)
        return reply.verdict

    def slip(self, code: str, raw: str) -> None:
        """Perhaps scan what must be refused with *code*."""
        if not self.luck.lacks("dispatch", code) and not self.luck.happens(
            self.luck.slip_share / 3
        ):
            return
        verdict = self.scan(raw)
        if verdict.code != code:
            raise ReplayError(f"dispatch: {code} was expected, not {verdict.code}")


def load_vans(crew: Crew, luck: Luck, tally: Tally, memory: Memory) -> int:
    """Scan out every parcel that waits at the dock of a warehouse; how many there were.

    The van with the fewest parcels is loaded first, while those of the others lie beside it.
    """
    parcels = questions.parcels_at_dock(crew.warehouse_id)
    by_van = {van: [one for one in parcels if one.carrier == van] for van in CARRIERS}
    beside = list(parcels)
    for van, own in sorted(by_van.items(), key=lambda item: len(item[1])):
        beside = [one for one in beside if one.carrier != van]
        _load(Dock(crew, luck, tally, memory, van), own, beside)
    return len(parcels)


def _load(dock: Dock, parcels: Sequence[Row[Any]], beside: Sequence[Row[Any]]) -> None:
    if beside:
        dock.slip("wrong-carrier", dock.luck.one_of(beside).tracking_number)
    for parcel in parcels:
        dock.slip("parcel-unknown", "1Z999")
        void = dock.memory.void.get(dock.crew.warehouse_id)
        if void:
            dock.slip("label-void", void)
        raw = parcel.sscc if dock.luck.happens(0.2) else parcel.tracking_number
        verdict = dock.scan(raw)
        if isinstance(verdict, Refused):
            raise ReplayError(f"dispatch: {raw!r} was refused: {verdict.code} {verdict.fields}")
        dock.slip("parcel-already-out", parcel.tracking_number)
