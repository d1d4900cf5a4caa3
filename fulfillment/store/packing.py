"""Rows of the packing bench.

The statements are built once: a scan runs a handful of them, and building one costs as
much as running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Row, Select, bindparam, cast, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment.domain.values import SLOT, TOTE, Place
from fulfillment.store.base import table_of
from fulfillment.store.catalog import (
    CarrierService,
    Carton,
    Location,
    Product,
    ProductBarcode,
    Seller,
    Warehouse,
)
from fulfillment.store.journal import ScanEvent
from fulfillment.store.locks import lock_shipments
from fulfillment.store.orders import Address, Hold, Order, Shipment, ShipmentLine
from fulfillment.store.parcels import Label, PackSession, Parcel, ParcelLine
from fulfillment.store.people import Station, User
from fulfillment.store.stock import Lot, Reservation, SerialUnit, lock_warehouse_balances
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import PickList, PickListShipment, ToteUse

_session = table_of(PackSession)
_shipment = table_of(Shipment)
_order = table_of(Order)
_warehouse = table_of(Warehouse)
_parcel = table_of(Parcel)
_parcel_line = table_of(ParcelLine)
_line = table_of(ShipmentLine)
_product = table_of(Product)
_barcode = table_of(ProductBarcode)
_event = table_of(ScanEvent)
_reservation = table_of(Reservation)
_lot = table_of(Lot)
_label = table_of(Label)
_tote_use = table_of(ToteUse)
_location = table_of(Location)
_station = table_of(Station)

_OPEN_HOLDS = (
    select(func.count())
    .select_from(table_of(Hold))
    .where(
        table_of(Hold).c.order_id == _shipment.c.order_id,
        table_of(Hold).c.released_at.is_(None),
        table_of(Hold).c.shipment_id.is_(None) | (table_of(Hold).c.shipment_id == _shipment.c.id),
    )
    .scalar_subquery()
)

_SHIPMENT_FACTS = (
    _shipment.c.id.label("shipment_id"),
    _shipment.c.number.label("shipment_number"),
    _shipment.c.state,
    _shipment.c.order_id,
    _shipment.c.warehouse_id,
    _shipment.c.service_id,
    _shipment.c.cut_off_at,
    _shipment.c.cancel_reason,
    _order.c.number.label("order_number"),
    _order.c.seller_id,
    _order.c.address_id,
    _order.c.packing_note,
    _warehouse.c.timezone,
    _warehouse.c.policy,
    _OPEN_HOLDS.label("holds"),
)


def _bench() -> Select[Any]:
    """The session that is open at a station, its shipment and open parcel; both rows locked.

    The scan event with the same id comes along, so that a repeat costs no further question.
    """
    return (
        select(
            _session.c.id.label("session_id"),
            _session.c.user_id,
            _session.c.mode,
            _station.c.batch_tote_id,
            *_SHIPMENT_FACTS,
            _parcel.c.id.label("parcel_id"),
            _parcel.c.sequence.label("parcel_sequence"),
            _parcel.c.carton_id,
            _event.c.id.label("known_id"),
            _event.c.accepted.label("known_accepted"),
            _event.c.code.label("known_code"),
            _event.c.fields.label("known_fields"),
        )
        .join(_shipment, _shipment.c.id == _session.c.shipment_id)
        .join(_station, _station.c.id == _session.c.station_id)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .join(_warehouse, _warehouse.c.id == _shipment.c.warehouse_id)
        .outerjoin(_parcel, (_parcel.c.shipment_id == _shipment.c.id) & (_parcel.c.state == "open"))
        .outerjoin(_event, _event.c.scan_id == bindparam("scan_id"))
        .where(_session.c.station_id == bindparam("station_id"), _session.c.closed_at.is_(None))
        .with_for_update(of=(_shipment, _session))
    )


_BENCH = _bench()


def bench_at(tx: Transaction, station_id: int, scan_id: str) -> Row[Any] | None:
    """The open session at the station with its shipment (locked), or None."""
    return tx.execute(_BENCH, {"station_id": station_id, "scan_id": scan_id}).one_or_none()


_UNSORTED = (
    select(func.count())
    .select_from(
        _reservation.join(_line, _line.c.id == _reservation.c.shipment_line_id).join(
            _tote_use, _tote_use.c.tote_id == _reservation.c.location_id
        )
    )
    .where(
        _line.c.shipment_id == _shipment.c.id,
        _shipment.c.pieces > 1,
        _tote_use.c.shipment_id.is_(None),
        _tote_use.c.closed_at.is_(None),
    )
    .correlate(_shipment)
    .scalar_subquery()
)
"""In how many places goods of a shipment of several pieces lie among those of others."""

_parcels_of_it = _parcel.c.shipment_id == _shipment.c.id
_SHIPMENT = (
    select(
        *_SHIPMENT_FACTS,
        select(_session.c.id)
        .where(_session.c.shipment_id == _shipment.c.id, _session.c.closed_at.is_(None))
        .scalar_subquery()
        .label("open_session_id"),
        select(func.count())
        .select_from(_parcel)
        .where(_parcels_of_it, _parcel.c.state == "open")
        .scalar_subquery()
        .label("open_parcels"),
        select(func.coalesce(func.max(_parcel.c.sequence), 0))
        .where(_parcels_of_it)
        .scalar_subquery()
        .label("last_parcel"),
        _UNSORTED.label("unsorted"),
    )
    .join(_order, _order.c.id == _shipment.c.order_id)
    .join(_warehouse, _warehouse.c.id == _shipment.c.warehouse_id)
    .where(_shipment.c.id == bindparam("shipment_id"))
)


def shipment_facts(tx: Transaction, shipment_id: int) -> Row[Any] | None:
    """The facts of a shipment, its row locked.

    Locked first and read then: a statement that waits for a lock still sees the sessions,
    parcels and holds of the moment before it waited.
    """
    lock_shipments(tx, [shipment_id])
    return tx.execute(_SHIPMENT, {"shipment_id": shipment_id}).one_or_none()


_LINES = (
    select(
        _line.c.id,
        _line.c.product_id,
        _line.c.quantity,
        _line.c.packed,
        _product.c.sku,
        _product.c.name,
        _product.c.tracking,
        _product.c.weight_grams,
        _product.c.length_mm,
        _product.c.width_mm,
        _product.c.height_mm,
        _product.c.picture_url,
    )
    .join(_product, _product.c.id == _line.c.product_id)
    .where(_line.c.shipment_id == bindparam("shipment_id"), _line.c.quantity > 0)
    .order_by(_line.c.id)
)


def lines_of(tx: Transaction, shipment_id: int) -> Sequence[Row[Any]]:
    """The lines of a shipment with what the bench shows of their products."""
    return tx.execute(_LINES, {"shipment_id": shipment_id}).all()


_HELD = (
    select(
        _reservation.c.shipment_line_id,
        _reservation.c.location_id,
        _reservation.c.product_id,
        _reservation.c.lot,
        _reservation.c.quantity,
        _location.c.kind,
        _location.c.warehouse_id,
        _lot.c.expires_on,
        _product.c.tracking,
    )
    .join(_line, _line.c.id == _reservation.c.shipment_line_id)
    .join(_product, _product.c.id == _reservation.c.product_id)
    .join(_location, _location.c.id == _reservation.c.location_id)
    .outerjoin(
        _lot,
        (_lot.c.product_id == _reservation.c.product_id) & (_lot.c.code == _reservation.c.lot),
    )
    .where(_line.c.shipment_id == bindparam("shipment_id"))
    .order_by(_reservation.c.shipment_line_id, _reservation.c.location_id, _reservation.c.lot)
)


def held_by(tx: Transaction, shipment_id: int) -> Sequence[Row[Any]]:
    """Where the reserved units of a shipment lie: bins, totes or parcels, by line and lot."""
    return tx.execute(_HELD, {"shipment_id": shipment_id}).all()


_CONTENTS = (
    select(
        _parcel_line.c.parcel_id,
        _parcel_line.c.shipment_line_id,
        _parcel_line.c.lot,
        _parcel_line.c.serial,
        _parcel_line.c.quantity,
        _parcel.c.state,
        _parcel.c.sequence,
    )
    .join(_parcel, _parcel.c.id == _parcel_line.c.parcel_id)
    .where(_parcel.c.shipment_id == bindparam("shipment_id"), _parcel_line.c.quantity > 0)
    .order_by(_parcel.c.sequence, _parcel_line.c.shipment_line_id, _parcel_line.c.lot)
)


def contents_of(tx: Transaction, shipment_id: int) -> Sequence[Row[Any]]:
    """The verified pieces in the parcels of a shipment."""
    return tx.execute(_CONTENTS, {"shipment_id": shipment_id}).all()


_PARCELS = (
    select(
        _parcel.c.id,
        _parcel.c.sequence,
        _parcel.c.state,
        _parcel.c.sscc,
        _parcel.c.location_id,
        _parcel.c.carton_id,
        _parcel.c.expected_grams,
        _parcel.c.weight_grams,
        _parcel.c.override_by_id,
        _label.c.id.label("label_id"),
        _label.c.purchase_id,
        _label.c.tracking_number,
        _label.c.confirmed_at,
    )
    .outerjoin(_label, (_label.c.parcel_id == _parcel.c.id) & (_label.c.state == "active"))
    .where(_parcel.c.shipment_id == bindparam("shipment_id"), _parcel.c.state != "cancelled")
    .order_by(_parcel.c.sequence)
)


def parcels_of(tx: Transaction, shipment_id: int) -> Sequence[Row[Any]]:
    """The parcels of a shipment, each with its active label."""
    return tx.execute(_PARCELS, {"shipment_id": shipment_id}).all()


_BY_BARCODE = (
    select(
        _barcode.c.product_id,
        _barcode.c.quantity,
        _product.c.sku,
        _product.c.name,
        _product.c.tracking,
    )
    .join(_product, _product.c.id == _barcode.c.product_id)
    .where(_barcode.c.seller_id == bindparam("seller_id"), _barcode.c.code == bindparam("code"))
)
_BY_SKU = select(
    _product.c.id.label("product_id"),
    literal(1).label("quantity"),
    _product.c.sku,
    _product.c.name,
    _product.c.tracking,
).where(_product.c.seller_id == bindparam("seller_id"), _product.c.sku == bindparam("code"))


def product_by_code(tx: Transaction, seller_id: int, code: str) -> Row[Any] | None:
    """The product that a barcode, or else a SKU, names; with the units the barcode stands for."""
    facts = {"seller_id": seller_id, "code": code}
    return tx.execute(_BY_BARCODE, facts).one_or_none() or tx.execute(_BY_SKU, facts).one_or_none()


def _counting(dialect: Any) -> Any:
    """Insert or raise a parcel line, but only of a parcel that is still open."""
    columns = ("parcel_id", "shipment_line_id", "lot", "serial", "quantity")
    still_open = select(
        _parcel.c.id,
        cast(bindparam("line_id"), _parcel_line.c.shipment_line_id.type),
        cast(bindparam("lot"), _parcel_line.c.lot.type),
        cast(bindparam("serial"), _parcel_line.c.serial.type),
        cast(bindparam("units"), _parcel_line.c.quantity.type),
    ).where(_parcel.c.id == bindparam("parcel_id"), _parcel.c.state == "open")
    new = dialect.insert(_parcel_line).from_select(columns, still_open)
    return new.on_conflict_do_update(
        index_elements=list(_parcel_line.primary_key.columns),
        set_={"quantity": _parcel_line.c.quantity + new.excluded.quantity},
    ).execution_options(preserve_rowcount=True)


_COUNT = {"sqlite": _counting(sqlite), "postgresql": _counting(postgresql)}
_UNCOUNT = (
    update(_parcel_line)
    .where(
        _parcel_line.c.parcel_id == bindparam("b_parcel"),
        _parcel_line.c.shipment_line_id == bindparam("b_line"),
        _parcel_line.c.lot == bindparam("b_lot"),
        _parcel_line.c.serial == bindparam("b_serial"),
        _parcel_line.c.quantity >= bindparam("b_units"),
    )
    .values(quantity=_parcel_line.c.quantity - bindparam("b_units"))
)
_PACKED = (
    update(_line)
    .where(
        _line.c.id == bindparam("b_line"),
        _line.c.packed + bindparam("b_units") <= _line.c.picked,
        _line.c.packed + bindparam("b_units") >= 0,
    )
    .values(packed=_line.c.packed + bindparam("b_units"))
)

Counted = tuple[int, str, str, int]
"""(shipment line, lot, serial, units)."""


def count_into(tx: Transaction, parcel_id: int | None, counted: Sequence[Counted]) -> bool:
    """Count verified pieces into a parcel; False, and nothing counted, if it is not open."""
    rows = [
        {"parcel_id": parcel_id, "line_id": line, "lot": lot, "serial": serial, "units": units}
        for line, lot, serial, units in counted
    ]
    if tx.execute(_COUNT[tx.connection.dialect.name], rows).rowcount == 0:
        return False
    _change_packed(tx, counted, sign=1)
    return True


def take_out_of(tx: Transaction, parcel_id: int, counted: Sequence[Counted]) -> None:
    """Take counted pieces out of a parcel again."""
    rows = [
        {"b_parcel": parcel_id, "b_line": line, "b_lot": lot, "b_serial": serial, "b_units": units}
        for line, lot, serial, units in counted
    ]
    if tx.execute(_UNCOUNT, rows).rowcount != len(rows):
        raise AssertionError("the parcel holds less than is taken out")
    _change_packed(tx, counted, sign=-1)


def _change_packed(tx: Transaction, counted: Sequence[Counted], *, sign: int) -> None:
    units: dict[int, int] = {}
    for line, _lot_code, _serial, count in counted:
        units[line] = units.get(line, 0) + sign * count
    rows = [{"b_line": line, "b_units": count} for line, count in sorted(units.items())]
    if tx.execute(_PACKED, rows).rowcount != len(rows):
        raise AssertionError("more packed than picked")


_STATION_AND_SCAN = (
    select(
        _station.c.warehouse_id,
        _station.c.batch_tote_id,
        _event.c.id.label("known_id"),
        _event.c.accepted.label("known_accepted"),
        _event.c.code.label("known_code"),
        _event.c.fields.label("known_fields"),
    )
    .outerjoin(_event, _event.c.scan_id == bindparam("scan_id"))
    .where(_station.c.id == bindparam("station_id"))
)


def station_and_scan(tx: Transaction, station_id: int, scan_id: str) -> Row[Any] | None:
    """The warehouse and the batch tote of a station, and the scan event with this id if there is
    one."""
    return tx.execute(
        _STATION_AND_SCAN, {"station_id": station_id, "scan_id": scan_id}
    ).one_or_none()


# --- finding what a scan opens ---------------------------------------------------------------


def shipment_of_tote(tx: Transaction, tote_code: str) -> int | None:
    """The shipment whose goods are in a tote, or in a slot of a put wall, now."""
    return tx.execute(_IN_TOTE, {"tote": tote_code}).scalar_one_or_none()


_IN_TOTE = (
    select(_tote_use.c.shipment_id)
    .join(_location, _location.c.id == _tote_use.c.tote_id)
    .where(_location.c.code == bindparam("tote"), _tote_use.c.closed_at.is_(None))
)


_TO_PACK = ("picked", "packing", "packed", "labelled", "picking", "released")


def shipment_of_order(tx: Transaction, number: str, warehouse_id: int) -> int | None:
    """The shipment of an order that this warehouse packs next, else its latest one."""
    rows = tx.execute(
        select(_shipment.c.id, _shipment.c.state)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .where(_order.c.number == number, _shipment.c.warehouse_id == warehouse_id)
        .order_by(_shipment.c.id)
    ).all()
    return _first_to_pack(rows)


def shipment_of_number(tx: Transaction, number: str) -> int | None:
    """The shipment with this number."""
    return tx.execute(select(_shipment.c.id).where(_shipment.c.number == number)).scalar()


def shipment_of_pick_list(tx: Transaction, number: str) -> int | None:
    """The next shipment of a pick list to pack."""
    rows = tx.execute(
        select(_shipment.c.id, _shipment.c.state)
        .join(PickListShipment, PickListShipment.shipment_id == _shipment.c.id)
        .join(PickList, PickList.id == PickListShipment.pick_list_id)
        .where(PickList.number == number)
        .order_by(PickListShipment.position)
    ).all()
    return _first_to_pack(rows)


def _first_to_pack(rows: Sequence[Row[Any]]) -> int | None:
    for state in _TO_PACK:
        for row in rows:
            if row.state == state:
                return int(row.id)
    return int(rows[-1].id) if rows else None


def open_session_of(tx: Transaction, shipment_id: int) -> Row[Any] | None:
    """Who has a shipment open: ``id, user_id, user_name, station_id, station_code, opened_at``."""
    return tx.execute(
        select(
            _session.c.id,
            _session.c.user_id,
            User.name.label("user_name"),
            _session.c.station_id,
            Station.code.label("station_code"),
            _session.c.opened_at,
        )
        .join(User, User.id == _session.c.user_id)
        .join(Station, Station.id == _session.c.station_id)
        .where(_session.c.shipment_id == shipment_id, _session.c.closed_at.is_(None))
    ).one_or_none()


def last_event_at(tx: Transaction, station_id: int) -> Row[Any] | None:
    """The last packing scan at a station: what TAKE OVER refers to."""
    return tx.execute(
        select(_event.c.code, _event.c.shipment_id, _event.c.fields)
        .where(_event.c.station_id == station_id, _event.c.process == "pack")
        .order_by(_event.c.id.desc())
        .limit(1)
    ).one_or_none()


def lost_session_at(tx: Transaction, station_id: int) -> Row[Any] | None:
    """The latest session at a station, if it ended by a take-over: ``order_number, holder, station``."""
    now_open = _session.alias("now_open")
    latest = tx.execute(
        select(
            _session.c.closed_why,
            _order.c.number.label("order_number"),
            User.name.label("holder"),
            Station.code.label("station"),
        )
        .join(_shipment, _shipment.c.id == _session.c.shipment_id)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .outerjoin(
            now_open,
            (now_open.c.shipment_id == _session.c.shipment_id) & (now_open.c.closed_at.is_(None)),
        )
        .outerjoin(User, User.id == now_open.c.user_id)
        .outerjoin(Station, Station.id == now_open.c.station_id)
        .where(_session.c.station_id == station_id)
        .order_by(_session.c.id.desc())
        .limit(1)
    ).one_or_none()
    return latest if latest is not None and latest.closed_why == "taken-over" else None


_HOLDING_KINDS = (TOTE, SLOT)


def totes_of(tx: Transaction, shipment_id: int) -> list[str]:
    """The codes of the totes, batch totes and slots that hold a shipment's goods."""
    rows = tx.execute(
        select(_location.c.code)
        .join(_reservation, _reservation.c.location_id == _location.c.id)
        .join(_line, _line.c.id == _reservation.c.shipment_line_id)
        .where(_line.c.shipment_id == shipment_id, _location.c.kind.in_(_HOLDING_KINDS))
        .distinct()
        .order_by(_location.c.code)
    )
    return [row.code for row in rows]


def open_holds(tx: Transaction, order_id: int, shipment_id: int) -> list[str]:
    """The types of the holds that stop a shipment now."""
    rows = tx.execute(
        select(Hold.type)
        .where(
            Hold.order_id == order_id,
            Hold.released_at.is_(None),
            Hold.shipment_id.is_(None) | (Hold.shipment_id == shipment_id),
        )
        .order_by(Hold.id)
    )
    return [row.type for row in rows]


def who_needs(tx: Transaction, product_id: int, warehouse_id: int) -> Row[Any] | None:
    """The picked shipment that still needs a product, most urgent first: ``number, tote``."""
    return tx.execute(
        select(_order.c.number, func.min(_location.c.code).label("tote"))
        .select_from(_line)
        .join(_shipment, _shipment.c.id == _line.c.shipment_id)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .outerjoin(_reservation, _reservation.c.shipment_line_id == _line.c.id)
        .outerjoin(
            _location,
            (_location.c.id == _reservation.c.location_id) & _location.c.kind.in_(_HOLDING_KINDS),
        )
        .where(
            _line.c.product_id == product_id,
            _line.c.packed < _line.c.picked,
            _shipment.c.warehouse_id == warehouse_id,
            _shipment.c.state.in_(("picking", "picked", "packing")),
        )
        .group_by(_order.c.number, _shipment.c.cut_off_at, _shipment.c.id)
        .order_by(_shipment.c.cut_off_at, _shipment.c.id)
        .limit(1)
    ).one_or_none()


# --- parcels and labels ------------------------------------------------------------------------

_CARTONS = select(table_of(Carton)).where(table_of(Carton).c.warehouse_id == bindparam("warehouse"))


def cartons_of(tx: Transaction, warehouse_id: int) -> Sequence[Row[Any]]:
    """The cartons of a warehouse."""
    return tx.execute(_CARTONS, {"warehouse": warehouse_id}).all()


def draw_numbers(tx: Transaction, service_id: int, count: int) -> Row[Any] | None:
    """Draw *count* numbers of a service of the local carrier: ``first, carrier, code, name``.

    None at the end of the range, and for a service whose labels are bought elsewhere.
    """
    return tx.execute(_DRAW, {"b_service": service_id, "b_count": count}).one_or_none()


_service, _drawn = table_of(CarrierService), bindparam("b_count", type_=Integer)
_DRAW = (
    update(_service)
    .where(
        _service.c.id == bindparam("b_service"),
        _service.c.account_id.is_(None),
        _service.c.next_number + _drawn - 1 <= _service.c.last_number,
    )
    .values(next_number=_service.c.next_number + _drawn)
    .returning(
        (_service.c.next_number - _drawn).label("first"),
        _service.c.carrier,
        _service.c.code,
        _service.c.name,
    )
)


_LABEL_FACTS = (
    select(
        table_of(Seller).c.sender,
        _warehouse.c.address.label("warehouse_address"),
        table_of(Address),
    )
    .select_from(_order)
    .join(table_of(Seller), table_of(Seller).c.id == _order.c.seller_id)
    .join(table_of(Address), table_of(Address).c.id == _order.c.address_id)
    .join(_warehouse, literal(value=True))
    .where(_order.c.id == bindparam("order_id"), _warehouse.c.id == bindparam("warehouse_id"))
)


def label_facts(tx: Transaction, order_id: int, warehouse_id: int) -> Row[Any]:
    """Sender, receiver and return address for the labels of an order."""
    return tx.execute(_LABEL_FACTS, {"order_id": order_id, "warehouse_id": warehouse_id}).one()


def label_by_tracking(tx: Transaction, tracking_number: str) -> Row[Any] | None:
    """A label by its number, with its parcel and shipment."""
    return tx.execute(
        select(
            _label.c.id,
            _label.c.state,
            _label.c.parcel_id,
            _label.c.tracking_number,
            _parcel.c.shipment_id,
            _parcel.c.state.label("parcel_state"),
        )
        .join(_parcel, _parcel.c.id == _label.c.parcel_id)
        .where(_label.c.tracking_number == tracking_number)
        .order_by(_label.c.state)
    ).first()


def parcel_places(
    tx: Transaction, parcels: Sequence[Row[Any]], warehouse_id: int
) -> dict[int, Place]:
    """The ledger places of parcels by parcel id; those that have none get one, named by SSCC."""
    new = [parcel for parcel in parcels if parcel.location_id is None]
    result = {
        parcel.id: Place(parcel.location_id, "parcel", warehouse_id)
        for parcel in parcels
        if parcel.location_id is not None
    }
    if not new:
        return result
    rows = tx.execute(
        insert(_location)
        .values(
            [
                {"warehouse_id": warehouse_id, "kind": "parcel", "code": parcel.sscc}
                for parcel in new
            ]
        )
        .returning(_location.c.id, _location.c.code)
    )
    by_sscc = {row.code: row.id for row in rows}
    for parcel in new:
        result[parcel.id] = Place(by_sscc[parcel.sscc], "parcel", warehouse_id)
    return result


def shipment_seen(tx: Transaction, shipment_id: int) -> Row[Any]:
    """The facts of a shipment without a lock, for reading only."""
    return tx.execute(_SHIPMENT_SEEN, {"shipment_id": shipment_id}).one()


_SHIPMENT_SEEN = (
    select(*_SHIPMENT_FACTS)
    .join(_order, _order.c.id == _shipment.c.order_id)
    .join(_warehouse, _warehouse.c.id == _shipment.c.warehouse_id)
    .where(_shipment.c.id == bindparam("shipment_id"))
)


def serials_at(tx: Transaction, location_id: int, product_id: int) -> list[str]:
    """The serial numbers of a product that lie at a place."""
    table = table_of(SerialUnit)
    return list(
        tx.execute(
            select(table.c.serial)
            .where(table.c.location_id == location_id, table.c.product_id == product_id)
            .order_by(table.c.serial)
        ).scalars()
    )


def serial_places(
    tx: Transaction, serials: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """Where the ledger has each (product, serial)."""
    if not serials:
        return {}
    table = table_of(SerialUnit)
    found = tx.execute(
        select(table.c.product_id, table.c.serial, table.c.location_id).where(
            table.c.product_id.in_(sorted({product for product, _serial in serials})),
            table.c.serial.in_(sorted({serial for _product, serial in serials})),
        )
    )
    return {(row.product_id, row.serial): row.location_id for row in found}


def promisable(tx: Transaction, warehouse_id: int, wanted: dict[int, int]) -> bool:
    """Whether the warehouse has this many units of each product that nobody was promised."""
    balances = {row.product_id: row for row in lock_warehouse_balances(tx, wanted)
                if row.warehouse_id == warehouse_id}  # fmt: skip
    return all(
        product in balances and balances[product].sellable - balances[product].promised >= units
        for product, units in wanted.items()
    )


def count_pick_lists(tx: Transaction, shipment_id: int) -> int:
    """How many pick lists have collected for a shipment."""
    return int(
        tx.execute(
            select(func.count())
            .select_from(table_of(PickListShipment))
            .where(PickListShipment.shipment_id == shipment_id)
        ).scalar_one()
    )
