"""Put walls: their slots, and what everybody who sorts there has in hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Row,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.walls import Piece, SeenSorted, Slot, UsedSlot, WallState
from fulfillment.store.base import Base, Code, Id, Name, table_of
from fulfillment.store.catalog import Location, Product
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Order, Shipment, ShipmentLine
from fulfillment.store.stock import Reservation, StockMove
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickListShipment, ToteUse


class PutWall(Base):
    """A set of numbered slots where batches are sorted by order."""

    __tablename__ = "put_wall"
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), index=True)
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]


class WallSlot(Base):
    """A slot of a wall: a location of kind ``slot``.  Whose goods it holds says ``tote_use``."""

    __tablename__ = "wall_slot"
    __table_args__ = (UniqueConstraint("wall_id", "number"),)
    location_id: Mapped[int] = mapped_column(
        ForeignKey("location.id"), primary_key=True, autoincrement=False
    )
    wall_id: Mapped[int] = mapped_column(ForeignKey("put_wall.id"))
    number: Mapped[int]


class WallWork(Base):
    """What one person does at a wall: the tote before them, the item in hand, the slot it goes to.

    What is in hand still lies in the tote in the books: it goes over with the scan of the slot.
    """

    __tablename__ = "wall_work"
    __table_args__ = (
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint(
            "(quantity = 0) = (shipment_line_id IS NULL) AND (quantity = 0) = (slot_id IS NULL)",
            name="in_hand",
        ),
    )
    wall_id: Mapped[int] = mapped_column(ForeignKey("put_wall.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    tote_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    shipment_line_id: Mapped[int | None] = mapped_column(ForeignKey("shipment_line.id"))
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    lot: Mapped[str] = mapped_column(String(64), default="")
    serial: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[int] = mapped_column(default=0)
    """Units in hand; 0 = none."""
    last_put_id: Mapped[int | None] = mapped_column(ForeignKey("scan_event.id"))
    """The put that UNDO takes back."""


_wall = table_of(PutWall)
_slot = table_of(WallSlot)
_work = table_of(WallWork)
_use = table_of(ToteUse)
_location = table_of(Location)
_reservation = table_of(Reservation)
_line = table_of(ShipmentLine)
_shipment = table_of(Shipment)
_order = table_of(Order)
_product = table_of(Product)
_event = table_of(ScanEvent)
_move = table_of(StockMove)

LIVE = ("picking", "picked")
"""States of a shipment whose pieces are sorted."""


# --- what somebody does at a wall ------------------------------------------------------------


def wall_by_id(tx: Transaction, wall_id: int) -> Row[Any] | None:
    """The row of a wall."""
    return tx.execute(select(_wall).where(_wall.c.id == wall_id)).one_or_none()


def lock_work(tx: Transaction, wall_id: int, user_id: int, scan_id: str) -> Row[Any]:
    """What a person does at a wall, locked; and of an earlier scan with the same id
    ``known_accepted, known_code, known_fields, known_wall``."""
    new = _INSERT_WORK[tx.connection.dialect.name]
    tx.execute(new, {"b_wall": wall_id, "b_user": user_id})
    return tx.execute(_LOCK_WORK, {"b_wall": wall_id, "b_user": user_id, "b_scan": scan_id}).one()


def _inserting_work(dialect: Any) -> Any:
    return (
        dialect.insert(_work)
        .values(wall_id=bindparam("b_wall"), user_id=bindparam("b_user"))
        .on_conflict_do_nothing()
    )


_INSERT_WORK = {"sqlite": _inserting_work(sqlite), "postgresql": _inserting_work(postgresql)}
_LOCK_WORK = (
    select(
        _work.c.last_put_id,
        _event.c.accepted.label("known_accepted"),
        _event.c.code.label("known_code"),
        _event.c.fields.label("known_fields"),
        _event.c.wall_id.label("known_wall"),
    )
    .select_from(_work.outerjoin(_event, _event.c.scan_id == bindparam("b_scan")))
    .where(_work.c.wall_id == bindparam("b_wall"), _work.c.user_id == bindparam("b_user"))
    .with_for_update(of=_work)
)


def save_work(tx: Transaction, wall_id: int, user_id: int, **values: Any) -> None:
    """Change what a person does at a wall."""
    tx.execute(
        update(_work).where(_work.c.wall_id == wall_id, _work.c.user_id == user_id).values(**values)
    )


EMPTY_HANDS: dict[str, Any] = {
    "shipment_line_id": None, "slot_id": None, "lot": "", "serial": "", "quantity": 0
}  # fmt: skip


def state_of(tx: Transaction, wall: Row[Any], user_id: int) -> WallState:
    """What a person sees at a wall."""
    work = tx.execute(_WORK, {"b_wall": wall.id, "b_user": user_id}).one_or_none()
    slots = used_slots(tx, wall.id)
    if work is None:
        return WallState(wall.id, wall.code, wall.warehouse_id, slots)
    return WallState(
        wall_id=wall.id,
        code=wall.code,
        warehouse_id=wall.warehouse_id,
        slots=slots,
        tote_id=work.open_tote_id,
        tote=work.tote or "",
        left=int(work.left),
        in_hand=_piece_in_hand(work) if work.quantity else None,
    )


def _piece_in_hand(row: Row[Any]) -> Piece:
    return Piece(
        shipment_id=row.shipment_id,
        shipment_line_id=row.shipment_line_id,
        order_number=row.order_number,
        product_id=row.product_id,
        sku=row.sku,
        name=row.name,
        tracking=row.tracking,
        lot=row.lot,
        serial=row.serial,
        quantity=row.quantity,
        wanted=int(row.wanted or 0),
        slot=Slot(row.slot_id, row.slot_number, row.slot_code),
    )


def _work_query() -> Select[Any]:
    tote, place = _location.alias("tote"), _location.alias("place")
    here = _reservation.alias("here")
    left = (
        select(func.coalesce(func.sum(here.c.quantity), 0))
        .where(here.c.location_id == _use.c.tote_id)
        .correlate(_use)
        .scalar_subquery()
    )
    wanted = (
        select(here.c.quantity)
        .where(
            here.c.location_id == _work.c.tote_id,
            here.c.shipment_line_id == _work.c.shipment_line_id,
            here.c.lot == _work.c.lot,
        )
        .correlate(_work)
        .scalar_subquery()
    )
    return (
        select(
            _work,
            tote.c.code.label("tote"),
            _use.c.tote_id.label("open_tote_id"),
            left.label("left"),
            wanted.label("wanted"),
            place.c.code.label("slot_code"),
            _slot.c.number.label("slot_number"),
            _line.c.shipment_id,
            _line.c.product_id,
            _order.c.number.label("order_number"),
            _product.c.sku,
            _product.c.name,
            _product.c.tracking,
        )
        .select_from(
            _work.outerjoin(
                _use,
                and_(
                    _use.c.tote_id == _work.c.tote_id,
                    _use.c.shipment_id.is_(None),
                    _use.c.closed_at.is_(None),
                ),
            )
            .outerjoin(tote, tote.c.id == _use.c.tote_id)
            .outerjoin(place, place.c.id == _work.c.slot_id)
            .outerjoin(_slot, _slot.c.location_id == _work.c.slot_id)
            .outerjoin(_line, _line.c.id == _work.c.shipment_line_id)
            .outerjoin(_shipment, _shipment.c.id == _line.c.shipment_id)
            .outerjoin(_order, _order.c.id == _shipment.c.order_id)
            .outerjoin(_product, _product.c.id == _line.c.product_id)
        )
        .where(_work.c.wall_id == bindparam("b_wall"), _work.c.user_id == bindparam("b_user"))
    )


_WORK = _work_query()


# --- slots -----------------------------------------------------------------------------------


def _elsewhere(place: Any) -> Any:
    """Some unit of the shipment lies in another place than *place*."""
    return exists().where(
        _line.c.shipment_id == _shipment.c.id,
        _reservation.c.shipment_line_id == _line.c.id,
        _reservation.c.location_id != place,
    )


def used_slots(tx: Transaction, wall_id: int) -> tuple[UsedSlot, ...]:
    """The slots of a wall that collect an order, by number."""
    rows = tx.execute(_USED, {"b_wall": wall_id})
    return tuple(
        UsedSlot(row.number, row.code, row.order_number, int(row.units), bool(row.complete))
        for row in rows
    )


def _used_query() -> Select[Any]:
    inside, inner = _reservation.alias("inside"), _line.alias("inner_line")
    units = (
        select(func.coalesce(func.sum(inside.c.quantity), 0))
        .select_from(inside.join(inner, inner.c.id == inside.c.shipment_line_id))
        .where(inside.c.location_id == _slot.c.location_id, inner.c.shipment_id == _shipment.c.id)
        .correlate(_slot, _shipment)
        .scalar_subquery()
    )
    is_complete = case(
        ((_shipment.c.state == "picked") & ~_elsewhere(_slot.c.location_id), 1), else_=0
    )
    return (
        select(
            _slot.c.number,
            _location.c.code,
            _order.c.number.label("order_number"),
            units.label("units"),
            is_complete.label("complete"),
        )
        .select_from(
            _slot.join(_location, _location.c.id == _slot.c.location_id)
            .join(_use, (_use.c.tote_id == _slot.c.location_id) & _use.c.closed_at.is_(None))
            .join(_shipment, _shipment.c.id == _use.c.shipment_id)
            .join(_order, _order.c.id == _shipment.c.order_id)
        )
        .where(_slot.c.wall_id == bindparam("b_wall"))
        .order_by(_slot.c.number)
    )


_USED = _used_query()


def slot_by_code(tx: Transaction, wall_id: int, code: str) -> Slot | None:
    """The slot of a wall with this code."""
    row = tx.execute(
        select(_slot.c.location_id, _slot.c.number, _location.c.code)
        .join(_location, _location.c.id == _slot.c.location_id)
        .where(_slot.c.wall_id == wall_id, _location.c.code == code)
    ).one_or_none()
    return Slot(row.location_id, row.number, row.code) if row else None


def take_slot(tx: Transaction, wall_id: int, shipment_id: int) -> Slot | None:
    """Give a (locked) shipment the first free slot of a wall; None when every slot has an order."""
    while True:
        row = tx.execute(_FREE, {"b_wall": wall_id}).first()
        if row is None:
            return None
        taken = tx.execute(
            _TAKE_SLOT[tx.connection.dialect.name],
            {"b_slot": row.location_id, "b_shipment": shipment_id, "b_now": tx.now},
        )
        if taken.one_or_none() is not None:
            return Slot(row.location_id, row.number, row.code)
        # Another sorter took it since it was looked at: look again.


def _taking(dialect: Any) -> Any:
    return (
        dialect.insert(_use)
        .values(
            tote_id=bindparam("b_slot"),
            shipment_id=bindparam("b_shipment"),
            opened_at=bindparam("b_now"),
        )
        .on_conflict_do_nothing()
        .returning(_use.c.id)
    )


_TAKE_SLOT = {"sqlite": _taking(sqlite), "postgresql": _taking(postgresql)}
_FREE = (
    select(_slot.c.location_id, _slot.c.number, _location.c.code)
    .join(_location, _location.c.id == _slot.c.location_id)
    .where(
        _slot.c.wall_id == bindparam("b_wall"),
        _location.c.active,
        ~exists().where(_use.c.tote_id == _slot.c.location_id, _use.c.closed_at.is_(None)),
    )
    .order_by(_slot.c.number)
    .limit(1)
)


def collects(tx: Transaction, slot_id: int, shipment_id: int) -> bool:
    """Whether a slot is a (locked) shipment's: one that ran empty may have been given up."""
    return bool(
        tx.execute(
            select(
                exists().where(
                    _use.c.tote_id == slot_id,
                    _use.c.shipment_id == shipment_id,
                    _use.c.closed_at.is_(None),
                )
            )
        ).scalar_one()
    )


def is_all_in(tx: Transaction, shipment_id: int, slot_id: int) -> bool:
    """Whether a shipment is picked and every unit of it lies in a slot."""
    return bool(
        tx.execute(
            select(
                exists().where(
                    _shipment.c.id == shipment_id,
                    _shipment.c.state == "picked",
                    ~_elsewhere(slot_id).correlate(_shipment),
                )
            )
        ).scalar_one()
    )


# --- pieces ----------------------------------------------------------------------------------


def wanting(
    tx: Transaction,
    *,
    wall_id: int,
    user_id: int,
    tote_id: int,
    product_ids: Iterable[int],
    lot: str,
    line_id: int | None = None,
) -> Row[Any] | None:
    """The shipment line that a piece out of a tote serves next, or None.

    Who has a slot already comes first, then the most urgent (van, priority, age); a line whose
    piece somebody else has in hand comes last.  *lot*: '' = any; *line_id*: only this line.
    """
    others = _work.alias("others")
    in_other_hands = exists().where(
        others.c.shipment_line_id == _line.c.id,
        others.c.tote_id == _reservation.c.location_id,
        or_(others.c.user_id != user_id, others.c.wall_id != wall_id),
    )
    in_other_hands = in_other_hands.correlate(_line, _reservation)
    every_slot = _slot.alias("every_slot")
    place = _location.alias("place")
    use = and_(
        _use.c.shipment_id == _shipment.c.id,
        _use.c.closed_at.is_(None),
        _use.c.tote_id.in_(select(every_slot.c.location_id)),
    )
    query = (
        select(
            _reservation.c.shipment_line_id,
            _reservation.c.lot,
            _reservation.c.quantity,
            _reservation.c.product_id,
            _line.c.shipment_id,
            _order.c.number.label("order_number"),
            _product.c.tracking,
            place.c.code.label("slot_code"),
            _slot.c.location_id.label("slot_id"),
            _slot.c.number.label("slot_number"),
            _slot.c.wall_id.label("slot_wall"),
        )
        .select_from(
            _reservation.join(_line, _line.c.id == _reservation.c.shipment_line_id)
            .join(_shipment, _shipment.c.id == _line.c.shipment_id)
            .join(_order, _order.c.id == _shipment.c.order_id)
            .join(_product, _product.c.id == _line.c.product_id)
            .outerjoin(_use, use)
            .outerjoin(_slot, _slot.c.location_id == _use.c.tote_id)
            .outerjoin(place, place.c.id == _use.c.tote_id)
        )
        .where(
            _reservation.c.location_id == tote_id,
            _reservation.c.product_id.in_(sorted(product_ids)),
            _shipment.c.state.in_(LIVE),
        )
        .order_by(
            case((in_other_hands, 1), else_=0),
            case((_slot.c.wall_id == wall_id, 0), (_slot.c.wall_id.is_(None), 1), else_=2),
            _shipment.c.cut_off_at.asc().nulls_last(),
            _shipment.c.priority.desc(),
            _shipment.c.id,
        )
        .limit(1)
    )
    if lot:
        query = query.where(_reservation.c.lot == lot)
    if line_id is not None:
        query = query.where(_reservation.c.shipment_line_id == line_id)
    return tx.execute(query).first()


def reserved_units(tx: Transaction, line_id: int, location_id: int, lot: str) -> int:
    """Units of a line's lot that are reserved at a place."""
    found = tx.execute(
        select(_reservation.c.quantity).where(
            _reservation.c.shipment_line_id == line_id,
            _reservation.c.location_id == location_id,
            _reservation.c.lot == lot,
        )
    ).scalar_one_or_none()
    return int(found or 0)


# --- undo ------------------------------------------------------------------------------------


def sort_key(scan_id: str) -> str:
    """The ledger key of a sorted piece's move."""
    return f"sort:{scan_id}"


def see_sorted(tx: Transaction, event_id: int) -> SeenSorted | None:
    """The put of a scan event, its shipment locked; None when it was taken back."""
    slot_place, tote_place = _location.alias("slot_place"), _location.alias("tote_place")
    row = tx.execute(
        select(
            _event.c.id,
            _event.c.scan_id,
            _event.c.shipment_id,
            _event.c.shipment_line_id,
            _event.c.quantity,
            _move.c.product_id,
            _product.c.sku,
            _move.c.lot,
            _move.c.serial,
            _move.c.to_id.label("slot_id"),
            _slot.c.number.label("slot"),
            _move.c.from_id.label("tote_id"),
            tote_place.c.code.label("tote"),
            _shipment.c.state,
        )
        .select_from(
            _event.join(_move, _move.c.key == literal(sort_key("")) + _event.c.scan_id)
            .join(_shipment, _shipment.c.id == _event.c.shipment_id)
            .join(_product, _product.c.id == _move.c.product_id)
            .join(_slot, _slot.c.location_id == _move.c.to_id)
            .join(slot_place, slot_place.c.id == _move.c.to_id)
            .join(tote_place, tote_place.c.id == _move.c.from_id)
        )
        .where(_event.c.id == event_id, _event.c.undone_by_id.is_(None))
        .with_for_update(of=_shipment)
    ).one_or_none()
    if row is None:
        return None
    units = reserved_units(tx, row.shipment_line_id, row.slot_id, row.lot)
    is_there = row.state in LIVE and units >= row.quantity and _tote_is_ours(tx, row)
    return SeenSorted(
        event_id=row.id,
        scan_id=row.scan_id,
        shipment_id=row.shipment_id,
        shipment_line_id=row.shipment_line_id,
        product_id=row.product_id,
        sku=row.sku,
        lot=row.lot,
        serial=row.serial,
        quantity=row.quantity,
        slot_id=row.slot_id,
        slot=row.slot,
        tote_id=row.tote_id,
        tote=row.tote,
        is_there=is_there,
    )


def _tote_is_ours(tx: Transaction, row: Row[Any]) -> bool:
    """Whether the tote's last use is that of the shipment's batch, so that nobody else has it."""
    member = table_of(PickListShipment)
    uses = _use.alias("uses")
    last = select(func.max(uses.c.id)).where(uses.c.tote_id == row.tote_id).scalar_subquery()
    return bool(
        tx.execute(
            select(
                exists().where(
                    _use.c.id == last,
                    _use.c.shipment_id.is_(None),
                    member.c.pick_list_id == _use.c.pick_list_id,
                    member.c.shipment_id == row.shipment_id,
                )
            )
        ).scalar_one()
    )


def use_tote_again(tx: Transaction, tote_id: int) -> None:
    """Open the last use of a tote again if it was closed as empty."""
    uses = _use.alias("uses")
    last = select(func.max(uses.c.id)).where(uses.c.tote_id == tote_id).scalar_subquery()
    tx.execute(update(_use).where(_use.c.id == last).values(closed_at=None))
