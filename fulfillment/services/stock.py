"""Stock by hand: receive, adjust and move with a reason; and what is where.

Who works with it is a supervisor.  Only free units are touched: what is reserved, held or
promised stays, and a change that would need it is refused with what is free.  Every change
is a move of the ledger and an audited act.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, func, insert, select, union_all

from fulfillment.domain.errors import AlreadyExists, NothingToDo, UnknownThing, invalid
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import Place
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product
from fulfillment.store.people import User
from fulfillment.store.stock import (
    Lot,
    Move,
    SerialUnit,
    StockBalance,
    StockMove,
    WarehouseBalance,
    post,
    virtual_end,
)
from fulfillment.store.tasks import lock_balance
from fulfillment.store.transaction import Transaction, reads, writes

KEPT_BY_HAND = ("bin", "bulk", "staging", "quarantine")
"""Kinds of places whose stock is changed by hand; totes and parcels follow their orders."""
MOST_ROWS_A_PAGE = 500
MOST_UNITS = 10_000_000

_location = table_of(Location)
_product = table_of(Product)
_balance = table_of(StockBalance)
_warehouse_balance = table_of(WarehouseBalance)
_lot = table_of(Lot)
_serial = table_of(SerialUnit)
_move = table_of(StockMove)
_user = table_of(User)


@dataclass(frozen=True)
class Units:
    """Which units a command is about: a seller's SKU, its lot and serial number where tracked.

    ``expires_on`` is needed with the first units of a lot of a product that expires.
    """

    seller_id: int
    sku: str
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None


@dataclass(frozen=True)
class Balance:
    """Units of a product's lot at a location after the command."""

    location: str
    sku: str
    lot: str
    on_hand: int
    reserved: int
    held: int


# --- changes -----------------------------------------------------------------------------------


@writes
def receive_stock(
    tx: Transaction, actor: Actor, *, location: str, units: Units, quantity: int, document: str
) -> Balance:
    """Take in *quantity* units from the supplier; *document* says what they came with."""
    place = _place(tx, actor, location, units.seller_id)
    product = _product_of(tx, units)
    _check(product, units, quantity)
    _welcome(tx, product, units)
    _post(
        tx,
        actor,
        product,
        units,
        quantity=quantity,
        ends=(virtual_end("supplier"), place),
        reason="receipt",
        note=document,
    )
    return _after(tx, actor, "receive", product, units, (location, place), quantity, document)


@writes
def adjust_stock(
    tx: Transaction, actor: Actor, *, location: str, units: Units, delta: int, reason: str
) -> Balance:
    """Add (or, negative, take away) *delta* units, because of *reason*.

    Raises :class:`NotEnoughStock` when fewer free units are there.
    """
    place = _place(tx, actor, location, units.seller_id)
    product = _product_of(tx, units)
    return _adjust(tx, actor, product, units, (location, place), delta=delta, reason=reason)


@writes
def set_stock(
    tx: Transaction, actor: Actor, *, location: str, units: Units, quantity: int, reason: str
) -> Balance:
    """Make *quantity* the units on hand, because of *reason*: at least what is reserved and held."""
    place = _place(tx, actor, location, units.seller_id)
    product = _product_of(tx, units)
    if not 0 <= quantity <= MOST_UNITS:
        raise invalid("quantity", "out-of-range", quantity)
    if units.serial:
        raise invalid("quantity", "serials-are-adjusted-one-by-one", units.serial)
    balance = lock_balance(tx, place.id, product.id, units.lot)
    delta = quantity - (balance.on_hand if balance else 0)
    return _adjust(tx, actor, product, units, (location, place), delta=delta, reason=reason)


@writes
def move_stock(
    tx: Transaction,
    actor: Actor,
    *,
    source: str,
    target: str,
    units: Units,
    quantity: int,
    reason: str = "",
) -> Balance:
    """Move free units from a place to another of the same warehouse; answers the target's units.

    Raises :class:`NotEnoughStock` when fewer are free at the source.
    """
    from_place = _place(tx, actor, source, units.seller_id)
    to_place = _place(tx, actor, target, units.seller_id)
    if from_place.id == to_place.id:
        raise invalid("target", "same-place", target)
    if from_place.warehouse_id != to_place.warehouse_id:
        raise invalid("target", "another-warehouse", target)
    product = _product_of(tx, units)
    _check(product, units, quantity)
    _post(
        tx,
        actor,
        product,
        units,
        quantity=quantity,
        ends=(from_place, to_place),
        reason="move",
        note=reason,
    )
    why = f"from {source}: {reason}" if reason else f"from {source}"
    return _after(tx, actor, "move-stock", product, units, (target, to_place), quantity, why)


def _adjust(
    tx: Transaction,
    actor: Actor,
    product: Row[Any],
    units: Units,
    where: tuple[str, Place],
    *,
    delta: int,
    reason: str,
) -> Balance:
    if not reason.strip():
        raise invalid("reason", "missing")
    if not delta:
        raise NothingToDo(what="stock adjustment")
    _check(product, units, abs(delta))
    if delta > 0:
        _welcome(tx, product, units)
    adjustment, place = virtual_end("adjustment"), where[1]
    _post(
        tx,
        actor,
        product,
        units,
        quantity=abs(delta),
        ends=(adjustment, place) if delta > 0 else (place, adjustment),
        reason="adjust",
        note=reason,
    )
    return _after(tx, actor, "adjust-stock", product, units, where, delta, reason)


def _place(tx: Transaction, actor: Actor, code: str, seller_id: int) -> Place:
    actor.require(Permission.CHANGE_STOCK)
    row = tx.execute(
        select(_location.c.id, _location.c.kind, _location.c.warehouse_id).where(
            _location.c.code == code, _location.c.warehouse_id.is_not(None)
        )
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="location", key=code)
    actor.require_sight(
        Permission.CHANGE_STOCK,
        kind="location",
        key=code,
        warehouse_id=row.warehouse_id,
        seller_id=seller_id,
    )
    if row.kind not in KEPT_BY_HAND:
        raise invalid("location", "not-a-place-for-stock", code)
    return Place(row.id, row.kind, row.warehouse_id)


def _product_of(tx: Transaction, units: Units) -> Row[Any]:
    row = tx.execute(
        select(
            _product.c.id,
            _product.c.sku,
            _product.c.tracking,
            _product.c.has_expiry,
            _product.c.is_kit,
        ).where(_product.c.seller_id == units.seller_id, _product.c.sku == units.sku)
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="product", key=units.sku)
    if row.is_kit:
        raise invalid("sku", "a-kit-has-no-stock", units.sku)
    return row


def _check(product: Row[Any], units: Units, quantity: int) -> None:
    """Raise unless the units are named as the product's tracking needs it."""
    if not 1 <= quantity <= MOST_UNITS:
        raise invalid("quantity", "out-of-range", quantity)
    if len(units.lot) > 64 or len(units.serial) > 64:
        raise invalid("lot" if len(units.lot) > 64 else "serial", "too-long")
    if product.tracking == "none" and (units.lot or units.serial):
        raise invalid("lot" if units.lot else "serial", "not-tracked", units.lot or units.serial)
    if product.tracking == "lot" and not units.lot:
        raise invalid("lot", "missing")
    if product.tracking != "serial" and units.serial:
        raise invalid("serial", "not-tracked", units.serial)
    if product.tracking == "serial" and not units.serial:
        raise invalid("serial", "missing")
    if units.serial and quantity != 1:
        raise invalid("quantity", "a-serial-is-one-unit", quantity)


def _welcome(tx: Transaction, product: Row[Any], units: Units) -> None:
    """Make the lot of units that come in, and refuse a serial that is here already."""
    _make_lot(tx, product, units)
    _check_new_serial(tx, product, units)


def _make_lot(tx: Transaction, product: Row[Any], units: Units) -> None:
    if not units.lot:
        return
    known = tx.execute(
        select(_lot.c.expires_on).where(_lot.c.product_id == product.id, _lot.c.code == units.lot)
    ).one_or_none()
    if known is None:
        if product.has_expiry and units.expires_on is None:
            raise invalid("expires_on", "missing")
        tx.execute(
            insert(_lot).values(product_id=product.id, code=units.lot, expires_on=units.expires_on)
        )
    elif units.expires_on not in (None, known.expires_on):
        raise invalid("expires_on", "lot-has-another-day", known.expires_on)


def _check_new_serial(tx: Transaction, product: Row[Any], units: Units) -> None:
    if not units.serial:
        return
    known = tx.execute(
        select(_serial.c.location_id).where(
            _serial.c.product_id == product.id, _serial.c.serial == units.serial
        )
    ).one_or_none()
    if known is not None:
        raise AlreadyExists(kind="serial", key=units.serial)


def _post(
    tx: Transaction,
    actor: Actor,
    product: Row[Any],
    units: Units,
    *,
    quantity: int,
    ends: tuple[Place, Place],
    reason: str,
    note: str,
) -> None:
    move = Move(
        product_id=product.id,
        quantity=quantity,
        source=ends[0],
        target=ends[1],
        reason=reason,
        reference=("user", actor.user_id),
        # A repeated request is caught by its idempotency key before it comes here.
        key=f"{reason}:{uuid.uuid4()}",
        lot=units.lot,
        serial=units.serial,
        note=note[:200],
    )
    post(tx, actor_id=actor.user_id, moves=[move])


def _after(
    tx: Transaction,
    actor: Actor,
    act: str,
    product: Row[Any],
    units: Units,
    where: tuple[str, Place],
    quantity: int,
    reason: str,
) -> Balance:
    """Audit the act and answer what is there now."""
    code, place = where
    journal.audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("product", product.id),
        warehouse_id=place.warehouse_id,
        reason=reason,
        details={
            "location": code,
            "sku": units.sku,
            "lot": units.lot,
            "serial": units.serial,
            "quantity": quantity,
        },
    )
    balance = lock_balance(tx, place.id, product.id, units.lot)
    on_hand, reserved, held = (
        (balance.on_hand, balance.reserved, balance.held) if balance else (0, 0, 0)
    )
    return Balance(code, units.sku, units.lot, on_hand, reserved, held)


# --- what is where -----------------------------------------------------------------------------


@dataclass(frozen=True)
class ProductStock:
    """A product in a warehouse: on hand everywhere in it, and what can still be promised."""

    product_id: int
    seller_id: int
    sku: str
    name: str
    on_hand: int
    reserved: int
    held: int
    promised: int
    available: int


@dataclass(frozen=True)
class PlaceStock:
    """A product's lot at a place."""

    location_id: int
    location: str
    kind: str
    product_id: int
    sku: str
    name: str
    lot: str
    expires_on: date | None
    on_hand: int
    reserved: int
    held: int

    @property
    def free(self) -> int:
        """Units that belong to nobody."""
        return self.on_hand - self.reserved - self.held


@dataclass(frozen=True)
class MoveRow:
    """One move of the ledger, readable."""

    id: int
    at: datetime
    sku: str
    lot: str
    serial: str
    quantity: int
    source: str
    target: str
    reason: str
    reference_kind: str
    reference_id: int
    actor: str
    note: str


@reads
def stock_by_product(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    sku: str | None = None,
    after_id: int = 0,
    limit: int = MOST_ROWS_A_PAGE,
) -> list[ProductStock]:
    """Products that a warehouse has or had, by id; *sku* narrows to the SKUs that begin so."""
    actor.require(Permission.SEE_STOCK, warehouse_id=warehouse_id)
    query = (
        select(
            _product.c.id,
            _product.c.seller_id,
            _product.c.sku,
            _product.c.name,
            _warehouse_balance.c.sellable,
            _warehouse_balance.c.promised,
        )
        .join(_warehouse_balance, _warehouse_balance.c.product_id == _product.c.id)
        .where(
            _warehouse_balance.c.warehouse_id == warehouse_id,
            _product.c.id > after_id,
            *_of_sellers(actor),
        )
        .order_by(_product.c.id)
        .limit(min(limit, MOST_ROWS_A_PAGE))
    )
    if sku:
        query = query.where(_product.c.sku.startswith(sku, autoescape=True))
    products = list(tx.execute(query))
    sums = _sums(tx, warehouse_id, [row.id for row in products])
    return [
        ProductStock(
            product_id=row.id,
            seller_id=row.seller_id,
            sku=row.sku,
            name=row.name,
            on_hand=sums.get(row.id, (0, 0, 0))[0],
            reserved=sums.get(row.id, (0, 0, 0))[1],
            held=sums.get(row.id, (0, 0, 0))[2],
            promised=row.promised,
            available=row.sellable - row.promised,
        )
        for row in products
    ]


@reads
def stock_by_place(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    location: str | None = None,
    product_id: int | None = None,
    after: tuple[str, int, str] = ("", 0, ""),
    limit: int = MOST_ROWS_A_PAGE,
) -> list[PlaceStock]:
    """What lies where in a warehouse, by location code, product and lot.

    *location* (a code) and *product_id* narrow it; *after* is ``(location, product_id, lot)``
    of the last row of the page before.
    """
    actor.require(Permission.SEE_STOCK, warehouse_id=warehouse_id)
    code, after_product, after_lot = after
    query = (
        select(
            _balance.c.location_id,
            _location.c.code.label("location"),
            _location.c.kind,
            _balance.c.product_id,
            _product.c.sku,
            _product.c.name,
            _balance.c.lot,
            _lot.c.expires_on,
            _balance.c.on_hand,
            _balance.c.reserved,
            _balance.c.held,
        )
        .select_from(
            _balance.join(_location, _location.c.id == _balance.c.location_id)
            .join(_product, _product.c.id == _balance.c.product_id)
            .outerjoin(
                _lot,
                and_(_lot.c.product_id == _balance.c.product_id, _lot.c.code == _balance.c.lot),
            )
        )
        .where(
            _location.c.warehouse_id == warehouse_id,
            _balance.c.on_hand > 0,
            (_location.c.code > code)
            | ((_location.c.code == code) & (_balance.c.product_id > after_product))
            | (
                (_location.c.code == code)
                & (_balance.c.product_id == after_product)
                & (_balance.c.lot > after_lot)
            ),
            *_of_sellers(actor),
        )
        .order_by(_location.c.code, _balance.c.product_id, _balance.c.lot)
        .limit(min(limit, MOST_ROWS_A_PAGE))
    )
    if location is not None:
        query = query.where(_location.c.code == location)
    if product_id is not None:
        query = query.where(_balance.c.product_id == product_id)
    return [PlaceStock(**row._mapping) for row in tx.execute(query)]


@reads
def moves_of_product(
    tx: Transaction,
    actor: Actor,
    *,
    product_id: int,
    before_id: int | None = None,
    limit: int = MOST_ROWS_A_PAGE,
) -> list[MoveRow]:
    """The moves of a product that touch the actor's warehouses, the newest first."""
    actor.require(Permission.SEE_STOCK)
    page = select(_move.c.id).where(_move.c.product_id == product_id)
    return _moves(tx, actor, [page], before_id=before_id, limit=limit)


@reads
def moves_of_place(
    tx: Transaction,
    actor: Actor,
    *,
    location: str,
    before_id: int | None = None,
    limit: int = MOST_ROWS_A_PAGE,
) -> list[MoveRow]:
    """The moves into and out of a place, the newest first."""
    actor.require(Permission.SEE_STOCK)
    place = tx.execute(
        select(_location.c.id, _location.c.warehouse_id).where(
            _location.c.code == location, _location.c.warehouse_id.is_not(None)
        )
    ).one_or_none()
    if place is None:
        raise UnknownThing(kind="location", key=location)
    actor.require_sight(
        Permission.SEE_STOCK,
        kind="location",
        key=location,
        warehouse_id=place.warehouse_id,
        seller_id=None,
    )
    pages = [
        select(_move.c.id).where(_move.c.from_id == place.id),
        select(_move.c.id).where(_move.c.to_id == place.id),
    ]
    return _moves(tx, actor, pages, before_id=before_id, limit=limit)


def _moves(
    tx: Transaction, actor: Actor, pages: Sequence[Any], *, before_id: int | None, limit: int
) -> list[MoveRow]:
    """The newest moves of the union of *pages*; each is read from its index, *limit* at most."""
    limit = min(limit, MOST_ROWS_A_PAGE)
    parts = [
        select(_seen_page(actor, page, before_id).limit(limit).subquery().c.id) for page in pages
    ]
    ids = union_all(*parts)
    source, target = _location.alias("source"), _location.alias("target")
    query = (
        select(
            _move.c.id,
            _move.c.at,
            _product.c.sku,
            _move.c.lot,
            _move.c.serial,
            _move.c.quantity,
            source.c.code.label("source"),
            target.c.code.label("target"),
            _move.c.reason,
            _move.c.reference_kind,
            _move.c.reference_id,
            _user.c.name.label("actor"),
            _move.c.note,
        )
        .select_from(
            _move.join(_product, _product.c.id == _move.c.product_id)
            .join(source, source.c.id == _move.c.from_id)
            .join(target, target.c.id == _move.c.to_id)
            .join(_user, _user.c.id == _move.c.actor_id)
        )
        .where(_move.c.id.in_(ids))
        .order_by(_move.c.id.desc())
        .limit(limit)
    )
    return [MoveRow(**row._mapping) for row in tx.execute(query)]


def _seen_page(actor: Actor, page: Any, before_id: int | None) -> Any:
    if before_id is not None:
        page = page.where(_move.c.id < before_id)
    sellers = actor.seller_ids(Permission.SEE_STOCK)
    if sellers is not None:
        own = select(_product.c.id).where(_product.c.seller_id.in_(sorted(sellers)))
        page = page.where(_move.c.product_id.in_(own))
    warehouses = actor.warehouse_ids(Permission.SEE_STOCK)
    if warehouses is not None:
        own = select(_location.c.id).where(_location.c.warehouse_id.in_(sorted(warehouses)))
        page = page.where(_move.c.from_id.in_(own) | _move.c.to_id.in_(own))
    return page.order_by(_move.c.id.desc())


def _sums(
    tx: Transaction, warehouse_id: int, product_ids: Sequence[int]
) -> dict[int, tuple[int, int, int]]:
    rows = tx.execute(
        select(
            _balance.c.product_id,
            func.sum(_balance.c.on_hand).label("on_hand"),
            func.sum(_balance.c.reserved).label("reserved"),
            func.sum(_balance.c.held).label("held"),
        )
        .join(_location, _location.c.id == _balance.c.location_id)
        .where(
            _location.c.warehouse_id == warehouse_id,
            _balance.c.product_id.in_(list(product_ids)),
        )
        .group_by(_balance.c.product_id)
    )
    return {row.product_id: (int(row.on_hand), int(row.reserved), int(row.held)) for row in rows}


def _of_sellers(actor: Actor) -> list[Any]:
    sellers = actor.seller_ids(Permission.SEE_STOCK)
    return [] if sellers is None else [_product.c.seller_id.in_(sorted(sellers))]
