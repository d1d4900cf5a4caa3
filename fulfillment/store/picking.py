"""What the database knows of a picker's walk, in as few statements as a scan may cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment.domain.barcodes import ProductScan
from fulfillment.domain.pick_walk import (
    Dropped,
    Feed,
    PickState,
    SeenItem,
    SeenPart,
    SeenPut,
    SeenTote,
    Stop,
)
from fulfillment.domain.picking import answered_before
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.states import PICK_STOP, SHIPMENT
from fulfillment.domain.values import Verdict
from fulfillment.store.base import in_state, table_of
from fulfillment.store.catalog import Location, Product, ProductBarcode, Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment, ShipmentLine
from fulfillment.store.people import User
from fulfillment.store.stock import Lot, Reservation, SerialUnit, StockBalance, StockMove
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickFeed, PickList, PickListShipment, PickStop, ToteUse

_list = table_of(PickList)
_member = table_of(PickListShipment)
_stop = table_of(PickStop)
_feed = table_of(PickFeed)
_use = table_of(ToteUse)
_shipment = table_of(Shipment)
_line = table_of(ShipmentLine)
_location = table_of(Location)
_product = table_of(Product)
_barcode = table_of(ProductBarcode)
_warehouse = table_of(Warehouse)
_user = table_of(User)
_event = table_of(ScanEvent)
_lot = table_of(Lot)
_serial = table_of(SerialUnit)
_balance = table_of(StockBalance)
_move = table_of(StockMove)
_reservation = table_of(Reservation)

PICKED_FROM = ("released", "picking")
"""States of a shipment whose feeds a picker still serves."""


def local_day(moment: datetime, timezone: str) -> Any:
    """The date of *moment* in a time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()


# --- the list and its state ----------------------------------------------------------------


def lock_list(tx: Transaction, pick_list_id: int, scan_id: str = "") -> Row[Any] | None:
    """The locked row of a list with what a scan needs besides, or None.

    ``pick_list.*, timezone, policy, picker_name, stops_open, dropped, batch_tote`` and of an
    earlier scan with the same id ``known_accepted, known_code, known_fields, known_list``.
    """
    found = tx.execute(_LOCK_LIST, {"b_list": pick_list_id, "b_scan": scan_id})
    return found.one_or_none()


def read_list(tx: Transaction, pick_list_id: int) -> Row[Any] | None:
    """Like :func:`lock_list`, without a lock."""
    return tx.execute(_READ_LIST, {"b_list": pick_list_id, "b_scan": ""}).one_or_none()


def first_verdict(row: Row[Any]) -> Verdict | None:
    """The verdict of the earlier scan with the same id, if there was one."""
    if row.known_accepted is None:
        return None
    return answered_before(
        accepted=row.known_accepted, code=row.known_code, fields=row.known_fields
    )


def state_of(tx: Transaction, row: Row[Any]) -> PickState:
    """The state of the list in *row*."""
    found: list[Row[Any]] = []
    if row.state in ("open", "claimed"):
        found = list(tx.execute(_STOPS, _parameters(row)))
    return _state(tx, row, found)


def state_and_tote(
    tx: Transaction, row: Row[Any], code: str
) -> tuple[PickState, SeenTote | None, OpenFeeds]:
    """The state of a claimed list that has goods in hand, and the tote that was scanned."""
    found = list(tx.execute(_STOPS_AND_TOTE, _parameters(row) | _tote_parameters(row, code)))
    tote, feeds = _seen_tote(found[0]) if found else (None, OpenFeeds())
    return _state(tx, row, found), tote, feeds


def _state(tx: Transaction, row: Row[Any], found: list[Row[Any]]) -> PickState:
    batch_tote = row.batch_tote or ""
    stops = [
        _stop_of(list(group), batch_tote) for _, group in groupby(found, key=lambda r: r.stop_id)
    ]
    return PickState(
        list_id=row.id,
        number=row.number,
        state=row.state,
        warehouse_id=row.warehouse_id,
        picker_id=row.picker_id,
        picker_name=row.picker_name or "",
        confirmation=WarehousePolicy.of(row.policy).pick_confirmation,
        today=local_day(tx.now, row.timezone),
        stops_open=row.stops_open,
        method=row.method,
        stop=stops[0] if stops else None,
        next_stop=stops[1] if len(stops) > 1 else None,
        bin_scanned=bool(stops) and stops[0].id == row.current_stop_id,
        in_hand_feed_id=row.in_hand_feed_id,
        in_hand=row.in_hand,
        in_hand_serials=tuple(row.in_hand_serials),
        short_asked=row.short_asked,
        short_found=row.short_found,
        cancelled=_dropped(tx, row.id) if row.dropped else (),
    )


def _parameters(row: Row[Any]) -> dict[str, Any]:
    return {"b_list": row.id, "b_current": row.current_stop_id or 0}


def _stop_of(rows: list[Row[Any]], batch_tote: str) -> Stop:
    first = rows[0]
    return Stop(
        id=first.stop_id,
        sequence=first.sequence,
        location_id=first.location_id,
        location_code=first.location_code,
        product_id=first.product_id,
        seller_id=first.seller_id,
        sku=first.sku,
        name=first.name,
        tracking=first.tracking,
        lot=first.lot,
        expires_on=first.expires_on,
        feeds=tuple(
            Feed(
                id=row.feed_id,
                shipment_id=row.shipment_id,
                shipment_line_id=row.shipment_line_id,
                shipment_number=row.shipment_number,
                position=row.position,
                quantity=row.quantity,
                picked=row.picked,
                short=row.short,
                tote=row.tote or batch_tote,
            )
            for row in rows
        ),
    )


def _dropped(tx: Transaction, pick_list_id: int) -> tuple[Dropped, ...]:
    rows = tx.execute(_DROPPED, {"b_list": pick_list_id})
    return tuple(
        Dropped(
            shipment_id=rows_of[0].id,
            number=rows_of[0].number,
            position=rows_of[0].position,
            totes=tuple(row.tote for row in rows_of if row.tote),
        )
        for rows_of in (list(group) for _, group in groupby(rows, key=lambda r: r.id))
    )


def _list_query() -> Select[Any]:
    stops_open = (
        select(func.count())
        .select_from(_stop)
        .where(_stop.c.pick_list_id == _list.c.id, _stop.c.state == "open")
        .scalar_subquery()
    )
    dropped = (
        select(func.min(_member.c.shipment_id))
        .select_from(_member.join(_shipment, _shipment.c.id == _member.c.shipment_id))
        .where(
            _member.c.pick_list_id == _list.c.id,
            _member.c.dropped_at.is_(None),
            _shipment.c.state == "cancelled",
        )
        .scalar_subquery()
    )
    batch_tote = (
        select(_location.c.code)
        .join(_use, _use.c.tote_id == _location.c.id)
        .where(
            _use.c.pick_list_id == _list.c.id,
            _use.c.shipment_id.is_(None),
            _use.c.closed_at.is_(None),
            _use.c.full_at.is_(None),
        )
        .scalar_subquery()
    )
    return (
        select(
            _list,
            batch_tote.label("batch_tote"),
            _warehouse.c.timezone,
            _warehouse.c.policy,
            _user.c.name.label("picker_name"),
            stops_open.label("stops_open"),
            dropped.label("dropped"),
            _event.c.accepted.label("known_accepted"),
            _event.c.code.label("known_code"),
            _event.c.fields.label("known_fields"),
            _event.c.pick_list_id.label("known_list"),
        )
        .select_from(
            _list.join(_warehouse, _warehouse.c.id == _list.c.warehouse_id)
            .outerjoin(_user, _user.c.id == _list.c.picker_id)
            .outerjoin(_event, _event.c.scan_id == bindparam("b_scan"))
        )
        .where(_list.c.id == bindparam("b_list"))
    )


_READ_LIST = _list_query()
_LOCK_LIST = _READ_LIST.with_for_update(of=_list)


def _served() -> Any:
    """A feed of the stop that still wants units for a shipment that is not cancelled."""
    return (
        exists()
        .where(
            _feed.c.stop_id == _stop.c.id,
            _feed.c.quantity > _feed.c.picked + _feed.c.short,
            _line.c.id == _feed.c.shipment_line_id,
            _shipment.c.id == _line.c.shipment_id,
            in_state(_shipment, *PICKED_FROM),
        )
        .correlate(_stop)
    )


def _stops_query() -> Select[Any]:
    """The stop to work at and the one after it, a row for each feed, in the order of the cart."""
    is_current = case((_stop.c.id == bindparam("b_current"), 0), else_=1)
    # They come first among the tables: PostgreSQL orders only a few joins by itself, and a condition
    # beside the joins would be looked at last.
    two = (
        select(_stop.c.id)
        .where(_stop.c.pick_list_id == bindparam("b_list"), in_state(_stop, "open"), _served())
        .order_by(is_current, _stop.c.sequence)
        .limit(2)
        .subquery("two")
    )
    tote = _location.alias("tote")
    open_use = and_(
        _use.c.shipment_id == _shipment.c.id,
        _use.c.pick_list_id == _stop.c.pick_list_id,
        _use.c.closed_at.is_(None),
        _use.c.full_at.is_(None),
    )
    return (
        select(
            _stop.c.id.label("stop_id"),
            _stop.c.sequence,
            _stop.c.location_id,
            _location.c.code.label("location_code"),
            _stop.c.product_id,
            _product.c.seller_id,
            _product.c.sku,
            _product.c.name,
            _product.c.tracking,
            _stop.c.lot,
            _lot.c.expires_on,
            _feed.c.id.label("feed_id"),
            _line.c.shipment_id,
            _feed.c.shipment_line_id,
            _shipment.c.number.label("shipment_number"),
            _feed.c.position,
            _feed.c.quantity,
            _feed.c.picked,
            _feed.c.short,
            tote.c.code.label("tote"),
        )
        .select_from(
            two.join(_stop, _stop.c.id == two.c.id)
            .join(_location, _location.c.id == _stop.c.location_id)
            .join(_product, _product.c.id == _stop.c.product_id)
            .outerjoin(
                _lot, and_(_lot.c.product_id == _stop.c.product_id, _lot.c.code == _stop.c.lot)
            )
            .join(_feed, _feed.c.stop_id == _stop.c.id)
            .join(_line, _line.c.id == _feed.c.shipment_line_id)
            .join(_shipment, _shipment.c.id == _line.c.shipment_id)
            .outerjoin(_use, open_use)
            .outerjoin(tote, tote.c.id == _use.c.tote_id)
        )
        .where(~in_state(_shipment, "cancelled"))
        .order_by(is_current, _stop.c.sequence, _feed.c.position, _feed.c.id)
    )


_STOPS = _stops_query()
_DROPPED = (
    select(
        _shipment.c.id,
        _shipment.c.number,
        _member.c.position,
        _location.c.code.label("tote"),
    )
    .select_from(
        _member.join(_shipment, _shipment.c.id == _member.c.shipment_id)
        .outerjoin(
            _use,
            and_(
                _use.c.shipment_id == _shipment.c.id,
                _use.c.pick_list_id == _member.c.pick_list_id,
                _use.c.closed_at.is_(None),
            ),
        )
        .outerjoin(_location, _location.c.id == _use.c.tote_id)
    )
    .where(
        _member.c.pick_list_id == bindparam("b_list"),
        _member.c.dropped_at.is_(None),
        _shipment.c.state == "cancelled",
    )
    .order_by(_shipment.c.id, _location.c.code)
)


# --- what was scanned ------------------------------------------------------------------------


class Goods(Protocol):
    """Units of a product's lot at a place: what a stop or a task is about."""

    @property
    def seller_id(self) -> int: ...
    @property
    def product_id(self) -> int: ...
    @property
    def sku(self) -> str: ...
    @property
    def tracking(self) -> str: ...
    @property
    def lot(self) -> str: ...
    @property
    def location_id(self) -> int: ...


def see_item(tx: Transaction, scan: ProductScan, goods: Goods) -> SeenItem | None:
    """The product (of the goods' seller) that a code names; where the goods have serial
    numbers, perhaps the unit."""
    found = product_of_barcode(tx, scan.code, goods.seller_id)
    if goods.tracking != "serial":
        return found
    if found is None:
        return _unit(tx, goods, scan.code)
    if not scan.serial or found.product_id != goods.product_id:
        return found
    return _unit(tx, goods, scan.serial) or SeenItem(
        found.product_id, found.sku, serial=scan.serial
    )


def product_of_barcode(tx: Transaction, code: str, seller_id: int) -> SeenItem | None:
    """The seller's product with this (normalized) barcode and the quantity it stands for."""
    row = tx.execute(_BARCODE, {"b_code": code, "b_seller": seller_id}).one_or_none()
    return SeenItem(row.product_id, row.sku, row.quantity) if row else None


def _unit(tx: Transaction, goods: Goods, serial: str) -> SeenItem | None:
    row = tx.execute(_UNIT, {"b_product": goods.product_id, "b_serial": serial}).one_or_none()
    if row is None:
        return None
    here = row.location_id == goods.location_id and row.lot == goods.lot
    return SeenItem(goods.product_id, goods.sku, serial=serial, serial_here=here)


_BARCODE = (
    select(_barcode.c.product_id, _product.c.sku, _barcode.c.quantity)
    .join(_product, _product.c.id == _barcode.c.product_id)
    .where(
        _barcode.c.seller_id == bindparam("b_seller"),
        _barcode.c.code == bindparam("b_code"),
    )
)
_UNIT = select(_serial.c.location_id, _serial.c.lot).where(
    _serial.c.product_id == bindparam("b_product"), _serial.c.serial == bindparam("b_serial")
)


@dataclass(frozen=True)
class OpenFeeds:
    """How many feeds of a shipment still want units: in all, and on other lists."""

    everywhere: int = 0
    elsewhere: int = 0


def see_tote(tx: Transaction, row: Row[Any], code: str) -> tuple[SeenTote | None, OpenFeeds]:
    """The tote of the list's warehouse with this code, and the open feeds of the shipment
    whose goods are in hand."""
    found = tx.execute(_TOTE, {"b_list": row.id} | _tote_parameters(row, code)).one_or_none()
    return _seen_tote(found) if found else (None, OpenFeeds())


def _tote_parameters(row: Row[Any], code: str) -> dict[str, Any]:
    return {
        "b_code": code,
        "b_warehouse": row.warehouse_id,
        "b_in_hand": row.in_hand_feed_id or 0,
    }


def _seen_tote(row: Row[Any]) -> tuple[SeenTote | None, OpenFeeds]:
    if row.tote_id is None:
        return None, OpenFeeds()
    tote = SeenTote(
        location_id=row.tote_id,
        code=row.tote_code,
        holds_goods=row.holds_goods,
        owner_id=row.owner_id,
        owner=row.owner or "",
        is_full=row.full_at is not None,
        pick_list_id=row.used_on_list_id,
        batch=row.batch or "",
    )
    return tote, OpenFeeds(row.everywhere, row.elsewhere)


_fed, _fed_line = _feed.alias("fed"), _line.alias("fed_line")
_SHIPMENT_IN_HAND = (
    select(_fed_line.c.shipment_id)
    .join(_fed, _fed.c.shipment_line_id == _fed_line.c.id)
    .where(_fed.c.id == bindparam("b_in_hand"))
    .scalar_subquery()
)


def _open_feeds(*conditions: Any) -> Any:
    return (
        select(func.count())
        .select_from(
            _line.join(_feed, _feed.c.shipment_line_id == _line.c.id).join(
                _stop, _stop.c.id == _feed.c.stop_id
            )
        )
        .where(
            _line.c.shipment_id == _SHIPMENT_IN_HAND,
            _feed.c.quantity > _feed.c.picked + _feed.c.short,
            _stop.c.state == "open",
            *conditions,
        )
        .scalar_subquery()
    )


def _tote_query() -> Select[Any]:
    holds_goods = exists().where(_balance.c.location_id == _location.c.id, _balance.c.on_hand > 0)
    batch = (
        select(_list.c.number)
        .where(_list.c.id == _use.c.pick_list_id, _use.c.shipment_id.is_(None))
        .correlate(_use)
        .scalar_subquery()
    )
    return (
        select(
            _location.c.id.label("tote_id"),
            _location.c.code.label("tote_code"),
            holds_goods.label("holds_goods"),
            _use.c.shipment_id.label("owner_id"),
            _shipment.c.number.label("owner"),
            _use.c.full_at,
            _use.c.pick_list_id.label("used_on_list_id"),
            batch.label("batch"),
            _open_feeds().label("everywhere"),
            _open_feeds(_stop.c.pick_list_id != bindparam("b_list")).label("elsewhere"),
        )
        .select_from(
            _location.outerjoin(
                _use, and_(_use.c.tote_id == _location.c.id, _use.c.closed_at.is_(None))
            ).outerjoin(_shipment, _shipment.c.id == _use.c.shipment_id)
        )
        .where(
            _location.c.code == bindparam("b_code"),
            _location.c.kind == "tote",
            _location.c.warehouse_id == bindparam("b_warehouse"),
            _location.c.active,
        )
    )


_TOTE = _tote_query()
_seen = _TOTE.subquery("seen")
_STOPS_AND_TOTE = _STOPS.add_columns(*_seen.c).outerjoin(_seen, true())


def see_last_put(tx: Transaction, pick_list_id: int, *, is_batch: bool) -> SeenPut | None:
    """The last put of the list that was not undone, from the scan log and the ledger; its
    shipments are locked."""
    event = tx.execute(_LAST_PUT, {"b_list": pick_list_id}).first()
    if event is None:
        return None
    keys = [pick_key(event.scan_id, number) for number in range(event.quantity)]
    moves = list(tx.execute(_MOVES, {"b_keys": keys}))
    first = moves[0]
    by_feed = [list(found) for _, found in groupby(moves, key=lambda move: move.feed_id)]
    # What lies in a batch tote may have been sorted since.
    there = _reserved_at(tx, first.to_id, by_feed) if is_batch else None
    return SeenPut(
        event_id=event.id,
        scan_id=event.scan_id,
        stop_id=first.stop_id,
        product_id=first.product_id,
        sku=first.sku,
        lot=first.lot,
        bin_id=first.from_id,
        bin=first.source,
        tote_id=first.to_id,
        tote=first.target,
        parts=tuple(_part_of(found, there) for found in by_feed),
    )


def _part_of(moves: Sequence[Row[Any]], there: Mapping[int, int] | None) -> SeenPart:
    first = moves[0]
    quantity = sum(move.quantity for move in moves)
    return SeenPart(
        feed_id=first.feed_id,
        shipment_id=first.shipment_id,
        shipment_number=first.shipment_number,
        shipment_state=first.shipment_state,
        shipment_line_id=first.shipment_line_id,
        quantity=quantity,
        serials=tuple(move.serial for move in moves if move.serial),
        is_there=there is None or there.get(first.shipment_line_id, 0) >= quantity,
    )


def _reserved_at(
    tx: Transaction, location_id: int, by_feed: Sequence[Sequence[Row[Any]]]
) -> dict[int, int]:
    """Units of the lines and the lot of a put that are reserved at a place, by line."""
    first = by_feed[0][0]
    rows = tx.execute(
        select(_reservation.c.shipment_line_id, _reservation.c.quantity).where(
            _reservation.c.location_id == location_id,
            _reservation.c.product_id == first.product_id,
            _reservation.c.lot == first.lot,
            _reservation.c.shipment_line_id.in_([moves[0].shipment_line_id for moves in by_feed]),
        )
    )
    return {row.shipment_line_id: row.quantity for row in rows}


def pick_key(scan_id: str, number: int) -> str:
    """The ledger key of a put's move: one move, or one for each serial."""
    return f"pick:{scan_id}:{number}"


_LAST_PUT = (
    select(_event.c.id, _event.c.scan_id, _event.c.quantity)
    .where(
        _event.c.pick_list_id == bindparam("b_list"),
        _event.c.quantity > 0,
        _event.c.undone_by_id.is_(None),
    )
    .order_by(_event.c.id.desc())
    .limit(1)
)


def _moves_query() -> Select[Any]:
    source, target = _location.alias("source"), _location.alias("target")
    return (
        select(
            _feed.c.id.label("feed_id"),
            _feed.c.stop_id,
            _feed.c.shipment_line_id,
            _line.c.shipment_id,
            _shipment.c.number.label("shipment_number"),
            _shipment.c.state.label("shipment_state"),
            _move.c.product_id,
            _product.c.sku,
            _move.c.lot,
            _move.c.serial,
            _move.c.quantity,
            _move.c.from_id,
            source.c.code.label("source"),
            _move.c.to_id,
            target.c.code.label("target"),
        )
        .select_from(
            _move.join(_feed, _feed.c.id == _move.c.reference_id)
            .join(_line, _line.c.id == _feed.c.shipment_line_id)
            .join(_shipment, _shipment.c.id == _line.c.shipment_id)
            .join(_product, _product.c.id == _move.c.product_id)
            .join(source, source.c.id == _move.c.from_id)
            .join(target, target.c.id == _move.c.to_id)
        )
        .where(_move.c.key.in_(bindparam("b_keys", expanding=True)))
        .order_by(_shipment.c.id, _feed.c.id, _move.c.id)
        .with_for_update(of=_shipment)
    )


_MOVES = _moves_query()


# --- claiming ----------------------------------------------------------------------------------


def lock_person(tx: Transaction, user_id: int) -> None:
    """Let one person's claims wait for each other, so that two do not get two lists."""
    tx.execute(_PERSON, {"user": user_id}).one()


_PERSON = select(_user.c.id).where(_user.c.id == bindparam("user")).with_for_update(key_share=True)


def claimed_by(tx: Transaction, user_id: int, warehouse_id: int) -> Row[Any] | None:
    """``id, number`` of the list that a person picks in a warehouse."""
    return tx.execute(_CLAIMED, {"warehouse": warehouse_id, "user": user_id}).first()


_CLAIMED = (
    select(_list.c.id, _list.c.number)
    .where(
        _list.c.warehouse_id == bindparam("warehouse"),
        _list.c.state == "claimed",
        _list.c.picker_id == bindparam("user"),
    )
    .order_by(_list.c.id)
    .limit(1)
)


def next_open(tx: Transaction, warehouse_id: int) -> int | None:
    """The open list that is served next (priority, cut-off, age), locked; those that another
    picker is just claiming are skipped."""
    found = tx.execute(
        select(_list.c.id)
        .where(_list.c.warehouse_id == warehouse_id, _list.c.state == "open")
        .order_by(_list.c.priority.desc(), _list.c.due_at.asc().nulls_last(), _list.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return cast("int | None", found.scalar_one_or_none())


def find_list(tx: Transaction, number: str, warehouse_id: int) -> Row[Any] | None:
    """``id, state, picker_id, claimed_at, holder`` of a list by number, locked."""
    return tx.execute(_FIND, {"number": number, "warehouse": warehouse_id}).one_or_none()


_FIND = (
    select(
        _list.c.id,
        _list.c.state,
        _list.c.picker_id,
        _list.c.claimed_at,
        _user.c.name.label("holder"),
    )
    .select_from(_list.outerjoin(_user, _user.c.id == _list.c.picker_id))
    .where(_list.c.number == bindparam("number"), _list.c.warehouse_id == bindparam("warehouse"))
    .with_for_update(of=_list)
)


def order_ids_of_list(tx: Transaction, pick_list_id: int) -> Iterable[int]:
    """The orders whose shipments a list collects."""
    return tx.execute(
        select(_shipment.c.order_id)
        .join(_member, _member.c.shipment_id == _shipment.c.id)
        .where(_member.c.pick_list_id == pick_list_id)
        .distinct()
    ).scalars()


# --- what picking changes ------------------------------------------------------------------------


def count_picked(tx: Transaction, units: Sequence[tuple[int, int, int]]) -> None:
    """Count units as picked: (feed, its shipment line, units; negative: not any more)."""
    tx.execute(_COUNT_FEED, [{"b_id": feed, "b_quantity": count} for feed, _, count in units])
    tx.execute(_COUNT_LINE, [{"b_id": line, "b_quantity": count} for _, line, count in units])


def finish_stop(tx: Transaction, stop_id: int, event: str) -> None:
    """Advance an open stop by *event* (``pick`` or ``short``)."""
    tx.execute(_END_STOP, {"b_id": stop_id, "b_state": PICK_STOP.advance("open", event)})


def stop_at(tx: Transaction, list_id: int, product_id: int, location_id: int, lot: str) -> int:
    """The list's open stop at a place, or a new one after all others."""
    known = tx.execute(
        select(_stop.c.id).where(
            _stop.c.pick_list_id == list_id,
            _stop.c.location_id == location_id,
            _stop.c.product_id == product_id,
            _stop.c.lot == lot,
            _stop.c.state == "open",
        )
    ).scalar_one_or_none()
    if known is not None:
        return int(known)
    last = tx.execute(
        select(func.max(_stop.c.sequence)).where(_stop.c.pick_list_id == list_id)
    ).scalar_one()
    key = tx.execute(
        insert(_stop).values(
            pick_list_id=list_id,
            sequence=last + 1,
            location_id=location_id,
            product_id=product_id,
            lot=lot,
        )
    ).inserted_primary_key
    assert key is not None, "an inserted row has a key"
    return int(key[0])


def add_feed(
    tx: Transaction, stop_id: int, *, shipment_line_id: int, position: int, quantity: int
) -> None:
    """Let a stop give (more) units to a shipment line."""
    tx.execute(
        _ADD_FEED[tx.connection.dialect.name],
        {
            "b_stop": stop_id,
            "b_line": shipment_line_id,
            "b_position": position,
            "b_quantity": quantity,
        },
    )


def walk_stops(tx: Transaction, pick_list_id: int) -> list[Row[Any]]:
    """The stops of a list in the order of the walk: ``id, is_served, code, zone, aisle,
    x_metres, y_metres``; who is not served any more was done, cut short or cancelled."""
    return list(tx.execute(_WALK_STOPS, {"b_list": pick_list_id}))


def put_in_order(tx: Transaction, pick_list_id: int, stop_ids: Sequence[int]) -> None:
    """Let these stops be the last of the list, in this order."""
    last = (
        select(func.max(_stop.c.sequence))
        .where(_stop.c.pick_list_id == pick_list_id)
        .scalar_subquery()
    )
    # Above all numbers of the list, so that no two stops ever share one.  The subquery is
    # evaluated on its own: SQLite and PostgreSQL both allow the same table there.
    places = {stop_id: place for place, stop_id in enumerate(stop_ids, start=1)}
    tx.execute(
        update(_stop)
        .where(_stop.c.id.in_(list(places)))
        .values(sequence=last + case(places, value=_stop.c.id))
    )


def reopen_stop(tx: Transaction, stop_id: int) -> None:
    """Open a stop again whose last put was taken back."""
    tx.execute(
        update(_stop)
        .where(_stop.c.id == stop_id, _stop.c.state.in_(PICK_STOP.sources("undo")))
        .values(state="open")
    )


def finish_shipments(tx: Transaction, shipment_ids: Iterable[int], *, by_id: int) -> None:
    """Stamp those shipments as picked of which no feed wants units any more.

    Who knows that another list feeds one of them too has locked it before, so that two pickers
    who finish at once do not both see the other one's feed as open.
    """
    ids = sorted(shipment_ids)
    tx.execute(_FINISH_SHIPMENTS, {"b_ids": ids, "b_now": tx.now, "b_by": by_id})


def close_empty_totes(tx: Transaction, tote_ids: Iterable[int]) -> None:
    """Let totes that hold nothing any more be used for other shipments."""
    tx.execute(
        update(_use)
        .where(
            _use.c.tote_id.in_(sorted(tote_ids)),
            _use.c.closed_at.is_(None),
            ~exists().where(_balance.c.location_id == _use.c.tote_id, _balance.c.on_hand > 0),
        )
        .values(closed_at=tx.now)
    )


def _adding_feed(dialect: Any) -> Any:
    new = dialect.insert(_feed).values(
        stop_id=bindparam("b_stop"),
        shipment_line_id=bindparam("b_line"),
        position=bindparam("b_position"),
        quantity=bindparam("b_quantity"),
        picked=0,
        short=0,
    )
    return new.on_conflict_do_update(
        index_elements=[_feed.c.stop_id, _feed.c.shipment_line_id],
        set_={"quantity": _feed.c.quantity + new.excluded.quantity},
    )


_ADD_FEED = {"sqlite": _adding_feed(sqlite), "postgresql": _adding_feed(postgresql)}
_WALK_STOPS = (
    select(
        _stop.c.id,
        and_(_stop.c.state == "open", _served()).label("is_served"),
        _location.c.code,
        _location.c.zone,
        _location.c.aisle,
        _location.c.x_metres,
        _location.c.y_metres,
    )
    .join(_location, _location.c.id == _stop.c.location_id)
    .where(_stop.c.pick_list_id == bindparam("b_list"))
    .order_by(_stop.c.sequence)
)
_COUNT_FEED = (
    update(_feed)
    .where(_feed.c.id == bindparam("b_id"))
    .values(picked=_feed.c.picked + bindparam("b_quantity"))
)
_COUNT_LINE = (
    update(_line)
    .where(_line.c.id == bindparam("b_id"))
    .values(picked=_line.c.picked + bindparam("b_quantity"))
)
_END_STOP = (
    update(_stop)
    .where(_stop.c.id == bindparam("b_id"), _stop.c.state == "open")
    .values(state=bindparam("b_state"))
)
_FINISH_SHIPMENTS = (
    update(_shipment)
    .where(
        _shipment.c.id.in_(bindparam("b_ids", expanding=True)),
        _shipment.c.state.in_(SHIPMENT.sources("finish-pick")),
        ~exists().where(
            _line.c.shipment_id == _shipment.c.id,
            _feed.c.shipment_line_id == _line.c.id,
            _feed.c.quantity > _feed.c.picked + _feed.c.short,
            _stop.c.id == _feed.c.stop_id,
            _stop.c.state == "open",
        ),
    )
    .values(state="picked", picked_at=bindparam("b_now"), picked_by_id=bindparam("b_by"))
)
