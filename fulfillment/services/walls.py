"""Put walls: which there are, how many slots they have, and the labels of the slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, insert, select, update

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.checks import code_faults, integer_faults, text_faults
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import SLOT
from fulfillment.services.catalogue.places import warehouse_to_change
from fulfillment.services.printing.documents import for_dialog
from fulfillment.services.printing.sizes import dialog_paper
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location
from fulfillment.store.journal import audit
from fulfillment.store.transaction import Transaction, reads, writes
from fulfillment.store.walls import PutWall, WallSlot
from fulfillment.store.work import ToteUse
from labels import Paper, PutWallLabel, Sheet

MOST_SLOTS = 500
LONGEST_CODE = 28
"""A slot's code is the wall's and three digits; a place's code has 32 characters at most."""

_wall, _slot = table_of(PutWall), table_of(WallSlot)
_location, _use = table_of(Location), table_of(ToteUse)


@dataclass(frozen=True)
class WallEntry:
    """A wall as it is entered: its slots are numbered from 1."""

    code: str
    name: str
    slots: int


@dataclass(frozen=True)
class WallRow:
    """A wall and how many of its slots are in use as places."""

    id: int
    code: str
    name: str
    warehouse_id: int
    slots: int


@writes
def put_wall(tx: Transaction, actor: Actor, warehouse: str, entry: WallEntry) -> WallRow:
    """Create a wall of a warehouse, or change its name and the number of its slots, by its code.

    Slots that are taken away are kept out of use, as their moves are history; one that collects
    an order stays.  Raises :class:`InvalidInput` and :class:`UnknownThing`.
    """
    warehouse_id = warehouse_to_change(tx, actor, warehouse)
    faults = (
        *code_faults("code", entry.code, most=LONGEST_CODE),
        *text_faults("name", entry.name, most=200),
        *integer_faults("slots", entry.slots, least=1, most=MOST_SLOTS),
    )
    if faults:
        raise InvalidInput(faults)
    known = tx.execute(select(_wall).where(_wall.c.code == entry.code)).one_or_none()
    if known is not None and known.warehouse_id != warehouse_id:
        raise InvalidInput((Fault("code", "taken-elsewhere", entry.code),))
    wall_id = _saved(tx, known, entry, warehouse_id)
    _number_slots(tx, wall_id, entry, warehouse_id)
    audit(
        tx,
        by_id=actor.user_id,
        act="put-wall",
        subject=("put wall", wall_id),
        warehouse_id=warehouse_id,
        details={"code": entry.code, "slots": entry.slots},
    )
    return WallRow(wall_id, entry.code, entry.name, warehouse_id, entry.slots)


def _saved(
    tx: Transaction, known: Row[tuple[object, ...]] | None, entry: WallEntry, warehouse_id: int
) -> int:
    if known is not None:
        tx.execute(update(_wall).where(_wall.c.id == known.id).values(name=entry.name))
        return int(known.id)
    key = tx.execute(
        insert(_wall).values(warehouse_id=warehouse_id, code=entry.code, name=entry.name)
    ).inserted_primary_key
    assert key is not None, "an inserted row has a key"
    return int(key[0])


def slot_code(wall: str, number: int) -> str:
    """The code of a slot, as its label shows it."""
    return f"{wall}-{number:03d}"


def _number_slots(tx: Transaction, wall_id: int, entry: WallEntry, warehouse_id: int) -> None:
    """Slots 1 to as many as the wall has are in use, others are not."""
    found = tx.execute(
        select(_slot.c.number, _slot.c.location_id).where(_slot.c.wall_id == wall_id)
    )
    known: dict[int, int] = {row.number: row.location_id for row in found}
    _refuse_used(tx, [place for number, place in known.items() if number > entry.slots])
    for used in (True, False):
        ids = [place for number, place in known.items() if (number <= entry.slots) is used]
        tx.execute(update(_location).where(_location.c.id.in_(ids)).values(active=used))
    new = [number for number in range(1, entry.slots + 1) if number not in known]
    if not new:
        return
    codes = {slot_code(entry.code, number): number for number in new}
    _refuse_known(tx, list(codes))
    places = tx.execute(
        insert(_location)
        .values([{"warehouse_id": warehouse_id, "kind": SLOT, "code": code} for code in codes])
        .returning(_location.c.id, _location.c.code)
    ).all()
    tx.execute(
        insert(_slot),
        [{"location_id": row.id, "wall_id": wall_id, "number": codes[row.code]} for row in places],
    )


def _refuse_used(tx: Transaction, places: Sequence[int]) -> None:
    used = tx.execute(
        select(func.count())
        .select_from(_use)
        .where(_use.c.tote_id.in_(places), _use.c.closed_at.is_(None))
    ).scalar_one()
    if used:
        raise InvalidInput((Fault("slots", "has-stock"),))


def _refuse_known(tx: Transaction, codes: Sequence[str]) -> None:
    taken = tx.execute(
        select(_location.c.code).where(_location.c.code.in_(codes)).order_by(_location.c.code)
    ).scalars()
    faults = tuple(Fault("code", "taken-elsewhere", code) for code in taken)
    if faults:
        raise InvalidInput(faults)


@reads
def list_walls(tx: Transaction, actor: Actor, *, warehouse_id: int) -> tuple[WallRow, ...]:
    """The walls of a warehouse, by code."""
    actor.require(Permission.WORK_TASKS, warehouse_id=warehouse_id)
    rows = tx.execute(
        select(_wall, func.count(_location.c.id).label("slots"))
        .select_from(
            _wall.outerjoin(_slot, _slot.c.wall_id == _wall.c.id).outerjoin(
                _location, (_location.c.id == _slot.c.location_id) & _location.c.active
            )
        )
        .where(_wall.c.warehouse_id == warehouse_id)
        .group_by(*_wall.c)
        .order_by(_wall.c.code)
    )
    return tuple(WallRow(row.id, row.code, row.name, row.warehouse_id, row.slots) for row in rows)


def slot_labels(actor: Actor, *, wall_id: int) -> bytes:
    """The labels of a wall's slots as one PDF: a page for each, or sheets that are full of them.

    Raises :class:`UnknownThing` and :class:`CannotPrint`.
    """
    found, paper = _labels(actor, wall_id=wall_id)
    return for_dialog(found, paper=paper)


@reads
def _labels(
    tx: Transaction, actor: Actor, *, wall_id: int
) -> tuple[list[PutWallLabel], Paper | Sheet | None]:
    """The labels, and what they go on."""
    rows = tx.execute(
        select(_wall.c.code.label("wall"), _wall.c.warehouse_id, _slot.c.number, _location.c.code)
        .join(_slot, _slot.c.wall_id == _wall.c.id)
        .join(_location, _location.c.id == _slot.c.location_id)
        .where(_wall.c.id == wall_id, _location.c.active)
        .order_by(_slot.c.number)
    ).all()
    if not rows:
        actor.require(Permission.SEE_CATALOGUE)
        raise UnknownThing(kind="put wall", key=str(wall_id))
    actor.require_sight(
        Permission.SEE_CATALOGUE,
        kind="put wall",
        key=str(wall_id),
        warehouse_id=rows[0].warehouse_id,
        seller_id=None,
    )
    found = [
        PutWallLabel(wall=row.wall, slot=str(row.number), barcode=own_code(Own.SLOT, row.code))
        for row in rows
    ]
    paper = dialog_paper(tx, warehouse_id=rows[0].warehouse_id, document_kind="put-wall-label")
    return found, paper
