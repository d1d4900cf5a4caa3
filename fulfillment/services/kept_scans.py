"""Scans that a browser kept for somebody who is logged in there no more.

The pieces lie in a box, but who is logged in now did not see them go in, and their count would stand
in the books under the wrong name.  So such a scan is stored as refused, under the name of who
scanned it, and the page says which pieces are to be scanned again.  One that had arrived before is
answered as it was then.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from fulfillment.domain import packing, picking, tasks, walls
from fulfillment.domain.barcodes import storable
from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import Refused, Verdict
from fulfillment.store.journal import known_scan
from fulfillment.store.people import User
from fulfillment.store.scans import check_scan_id, record_scan
from fulfillment.store.transaction import Transaction, writes

CODE = "kept-of-another"
"""Of the refusal; its fields are ``who`` scanned, ``raw`` and the ``sender``."""

_PERMISSIONS = {
    "pack": Permission.PACK,
    "pick": Permission.PICK,
    "task": Permission.WORK_TASKS,
    "sort": Permission.WORK_TASKS,
}
_ANSWERED_BEFORE = {
    "pack": packing.answered_before,
    "pick": picking.answered_before,
    "task": tasks.answered_before,
    "sort": walls.answered_before,
}


@dataclass(frozen=True)
class KeptReply:
    """The answer to a kept scan of somebody else."""

    verdict: Verdict
    repeated: bool = False


@writes
def refuse(
    tx: Transaction, actor: Actor, *, process: str, scan_id: str, raw: str, scanned_by_id: int
) -> KeptReply:
    """Store a scan that *actor*'s browser kept for somebody else as refused; it changes nothing.

    *process* is ``pack``, ``pick``, ``task`` or ``sort``.  Raises UnknownThing for a user that there is not.
    """
    check_scan_id(scan_id)
    actor.require(_PERMISSIONS[process])
    known = known_scan(tx, scan_id)
    if known is not None and known.code != CODE:
        first = _ANSWERED_BEFORE[process](
            accepted=known.accepted, code=known.code, fields=known.fields
        )
        return KeptReply(first, repeated=True)
    if known is not None:
        return KeptReply(Refused(CODE, dict(known.fields)), repeated=True)
    name = tx.execute(select(User.name).where(User.id == scanned_by_id)).scalar_one_or_none()
    if name is None:
        raise UnknownThing(kind="user", key=str(scanned_by_id))
    verdict = Refused(CODE, {"who": name, "raw": storable(raw), "sender": actor.name})
    record_scan(
        tx,
        actor,
        verdict,
        scan_id=scan_id,
        process=process,
        raw=raw,
        subject={"user_id": scanned_by_id},
    )
    return KeptReply(verdict)
