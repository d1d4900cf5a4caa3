"""The ledger and its only writer.

``stock_move`` is append-only (a trigger refuses UPDATE and DELETE).  Two projections
follow it, and :func:`post` is the one function that writes any of the three:

* ``stock_balance``: on hand, reserved and held of a product's lot at a location;
* ``warehouse_balance``: sellable (free stock in pickable bins) and promised.

Every decrease is a guarded ``UPDATE``: the row count is the verdict, the CHECKs are
the last net.  Rows are touched in one order (balances by location, product, lot; then
warehouse balances by warehouse, product), so two writers cannot wait for each other
in a ring.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, aliased, mapped_column

from fulfillment.domain.errors import NotEnoughStock
from fulfillment.domain.values import BIN, MOVE_REASONS, VIRTUAL_KINDS, Place
from fulfillment.store.base import Base, Id, one_of, table_of
from fulfillment.store.catalog import Location, Product
from fulfillment.store.transaction import Transaction


class Lot(Base):
    """A lot of a product and the day after which it may not be sold."""

    __tablename__ = "lot"
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_on: Mapped[date | None] = mapped_column(index=True)


class StockMove(Base):
    """One transfer of units from a location to another.  Never updated, never deleted."""

    __tablename__ = "stock_move"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("from_id <> to_id", name="ends"),
        CheckConstraint("serial = '' OR quantity = 1", name="serial"),
        one_of("reason", MOVE_REASONS, "reason"),
        Index("ix_stock_move_product", "product_id", "id"),
        Index("ix_stock_move_from", "from_id", "id"),
        Index("ix_stock_move_to", "to_id", "id"),
        Index("ix_stock_move_reference", "reference_kind", "reference_id"),
        # Moves come in the order of time: a block range is small and costs a writer nothing.
        Index("ix_stock_move_at", "at", postgresql_using="brin"),
    )
    id: Mapped[Id]
    at: Mapped[datetime]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    lot: Mapped[str] = mapped_column(String(64), default="")
    serial: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[int]
    from_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    reason: Mapped[str] = mapped_column(String(16))
    reference_kind: Mapped[str] = mapped_column(String(16))
    reference_id: Mapped[int]
    actor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str] = mapped_column(String(128), unique=True)
    """Made from the command that causes it: the same command twice cannot post twice."""


class StockBalance(Base):
    """Projection: units of a product's lot at a location."""

    __tablename__ = "stock_balance"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("held >= 0", name="held"),
        CheckConstraint("reserved + held <= on_hand", name="free"),
        Index("ix_stock_balance_product", "product_id"),
    )
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    lot: Mapped[str] = mapped_column(String(64), primary_key=True, default="")
    on_hand: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)


class WarehouseBalance(Base):
    """Projection: what a warehouse can still promise of a product.  Available = sellable - promised."""

    __tablename__ = "warehouse_balance"
    __table_args__ = (
        CheckConstraint("0 <= promised AND promised <= sellable", name="promised"),
        Index("ix_warehouse_balance_product", "product_id"),
    )
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    sellable: Mapped[int]
    promised: Mapped[int] = mapped_column(default=0)


class SerialUnit(Base):
    """Projection: where a serial number is.  It is in at most one place."""

    __tablename__ = "serial_unit"
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    serial: Mapped[str] = mapped_column(String(64), primary_key=True)
    lot: Mapped[str] = mapped_column(String(64), default="")
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), index=True)


class Reservation(Base):
    """Units of a balance that belong to a shipment line: in a bin until picked, then in its tote
    or parcel.  The row goes when the units are shipped or freed."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        UniqueConstraint("shipment_line_id", "location_id", "lot"),
        Index("ix_reservation_place", "location_id", "product_id", "lot"),
    )
    id: Mapped[Id]
    shipment_line_id: Mapped[int] = mapped_column(ForeignKey("shipment_line.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    lot: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[int]


class ReceiptRow(Base):
    """A row of a stock file that went in: the same document and row again changes nothing."""

    __tablename__ = "receipt_row"
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"), primary_key=True)
    document: Mapped[str] = mapped_column(String(64), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


@dataclass(frozen=True)
class Move:
    """Units that go from *source* to *target*.

    ``reserved_quantity`` of them leave a reservation at the source, ``reserve_at_target``
    arrive reserved at the target (picking moves the reservation along: both are the
    quantity; shipping closes it: only the first is).  ``held_quantity`` likewise leave the
    held stock of the source, ``hold_at_target`` arrive held.
    """

    product_id: int
    quantity: int
    source: Place
    target: Place
    reason: str
    reference: tuple[str, int]
    key: str
    lot: str = ""
    serial: str = ""
    reserved_quantity: int = 0
    reserve_at_target: int = 0
    held_quantity: int = 0
    hold_at_target: int = 0
    note: str = ""


@dataclass(frozen=True)
class Pin:
    """Without moving anything: change what is reserved or held of a lot at a place."""

    place: Place
    product_id: int
    lot: str = ""
    reserved: int = 0
    held: int = 0


@dataclass(frozen=True)
class Promise:
    """Change what a warehouse owes of a product, bin not chosen."""

    warehouse_id: int
    product_id: int
    quantity: int


def post(
    tx: Transaction,
    *,
    actor_id: int,
    moves: Sequence[Move] = (),
    pins: Sequence[Pin] = (),
    promises: Sequence[Promise] = (),
) -> None:
    """Write moves, pins and promises, and both projections.  The only writer of stock.

    The reservation rows are the caller's (:func:`reserve`, :func:`follow`, :func:`free`);
    their sum is proved against ``reserved`` by the audit.  Raises :class:`NotEnoughStock`
    when some row would go below zero or hold less free stock than needed; then nothing of
    the transaction may be kept.
    """
    if moves:
        tx.execute(insert(StockMove), [_move_row(tx, move, actor_id) for move in moves])
        _move_serials(tx, moves)
    changes = _net_changes(moves, pins)
    _apply_to_balances(tx, changes)
    _apply_to_warehouses(tx, changes, promises)


def lock_balances(tx: Transaction, warehouse_id: int, product_ids: Iterable[int]) -> list[Any]:
    """Free bin stock of the products in a warehouse, its rows locked in the one order.

    Rows of ``location_id, code, product_id, lot, free, expires_on, zone, aisle, x_metres,
    y_metres``.
    """
    wanted = {"warehouse_id": warehouse_id, "product_ids": sorted(product_ids)}
    return list(tx.execute(_LOCKED_FREE_STOCK, wanted))


def read_balances(tx: Transaction, warehouse_id: int, product_ids: Iterable[int]) -> list[Any]:
    """Like :func:`lock_balances`, without a lock: what may have changed a moment later."""
    wanted = {"warehouse_id": warehouse_id, "product_ids": sorted(product_ids)}
    return list(tx.execute(_FREE_STOCK, wanted))


_free = StockBalance.on_hand - StockBalance.reserved - StockBalance.held
_FREE_STOCK = (
    select(
        StockBalance.location_id,
        Location.code,
        StockBalance.product_id,
        StockBalance.lot,
        _free.label("free"),
        Lot.expires_on,
        Location.zone,
        Location.aisle,
        Location.x_metres,
        Location.y_metres,
    )
    .join(Location, Location.id == StockBalance.location_id)
    .outerjoin(Lot, (Lot.product_id == StockBalance.product_id) & (Lot.code == StockBalance.lot))
    .where(
        Location.warehouse_id == bindparam("warehouse_id"),
        Location.kind == BIN,
        StockBalance.product_id.in_(bindparam("product_ids", expanding=True)),
        _free > 0,
    )
    .order_by(StockBalance.location_id, StockBalance.product_id, StockBalance.lot)
)
_LOCKED_FREE_STOCK = _FREE_STOCK.with_for_update(of=table_of(StockBalance))


def lock_warehouse_balances(tx: Transaction, product_ids: Iterable[int]) -> list[Any]:
    """``warehouse_id, product_id, sellable, promised`` of the products, locked in the one order."""
    return list(tx.execute(_LOCKED_TOTALS, {"product_ids": sorted(product_ids)}))


_total = table_of(WarehouseBalance)
_LOCKED_TOTALS = (
    select(_total)
    .where(_total.c.product_id.in_(bindparam("product_ids", expanding=True)))
    .order_by(_total.c.warehouse_id, _total.c.product_id)
    .with_for_update()
)


def places(tx: Transaction, ids: Iterable[int]) -> dict[int, Place]:
    """The places with these ids."""
    rows = tx.execute(
        select(Location.id, Location.kind, Location.warehouse_id).where(
            Location.id.in_(sorted(ids))
        )
    )
    return {row.id: Place(row.id, row.kind, row.warehouse_id) for row in rows}


def virtual_end(kind: str) -> Place:
    """An end of the ledger; the first migration gives them the ids 1 to 5, in their order."""
    return Place(1 + VIRTUAL_KINDS.index(kind), kind)


# --- reservations ------------------------------------------------------------------------


def reserve(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert reservation rows (``shipment_line_id, location_id, product_id, lot, quantity``)."""
    if rows:
        tx.execute(insert(Reservation), list(rows))


# --- the writer's parts ------------------------------------------------------------------

_BalanceKey = tuple[int, int, str]


@dataclass
class _Change:
    place: Place
    on_hand: int = 0
    reserved: int = 0
    held: int = 0

    @property
    def sellable(self) -> int:
        return self.on_hand - self.reserved - self.held if self.place.is_pickable else 0


def _move_row(tx: Transaction, move: Move, actor_id: int) -> dict[str, Any]:
    return {
        "at": tx.now,
        "product_id": move.product_id,
        "lot": move.lot,
        "serial": move.serial,
        "quantity": move.quantity,
        "from_id": move.source.id,
        "to_id": move.target.id,
        "reason": move.reason,
        "reference_kind": move.reference[0],
        "reference_id": move.reference[1],
        "actor_id": actor_id,
        "note": move.note,
        "key": move.key,
    }


def _net_changes(moves: Sequence[Move], pins: Sequence[Pin]) -> dict[_BalanceKey, _Change]:
    changes: dict[_BalanceKey, _Change] = {}

    def at(place: Place, product_id: int, lot: str) -> _Change:
        return changes.setdefault((place.id, product_id, lot), _Change(place))

    for move in moves:
        if not move.source.is_virtual:
            change = at(move.source, move.product_id, move.lot)
            change.on_hand -= move.quantity
            change.reserved -= move.reserved_quantity
            change.held -= move.held_quantity
        if not move.target.is_virtual:
            change = at(move.target, move.product_id, move.lot)
            change.on_hand += move.quantity
            change.reserved += move.reserve_at_target
            change.held += move.hold_at_target
    for pin in pins:
        change = at(pin.place, pin.product_id, pin.lot)
        change.reserved += pin.reserved
        change.held += pin.held
    return changes


def _apply_to_balances(tx: Transaction, changes: Mapping[_BalanceKey, _Change]) -> None:
    lowered = [
        _change_row(key, change)
        for key, change in sorted(changes.items())
        if change.on_hand <= 0 and (change.on_hand or change.reserved or change.held)
    ]
    raised = [
        _change_row(key, change) for key, change in sorted(changes.items()) if change.on_hand > 0
    ]
    passing = {key[0] for key, change in changes.items() if change.place.is_transient}
    leaving = [row for row in lowered if row["b_location"] in passing and row["b_on_hand"] < 0]
    if leaving:
        lowered = [row for row in lowered if row not in leaving] + _take_everything(tx, leaving)
    if lowered and tx.execute(_LOWER, lowered).rowcount != len(lowered):
        raise _shortage(tx, lowered)
    if raised:
        tx.execute(_RAISE[tx.connection.dialect.name], raised)


def _take_everything(tx: Transaction, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Delete the rows of totes and parcels that run empty, or history would fill the table.

    Returns those that do not: something stays behind, so they are lowered like any other row.
    """
    deleted = tx.execute(_TAKE_EVERYTHING, rows).rowcount
    if deleted == len(rows):
        return []
    table = table_of(StockBalance)
    left = {
        (row.location_id, row.product_id, row.lot)
        for row in tx.execute(
            select(table.c.location_id, table.c.product_id, table.c.lot).where(
                table.c.location_id.in_(sorted({row["b_location"] for row in rows}))
            )
        )
    }
    staying = [row for row in rows if (row["b_location"], row["b_product"], row["b_lot"]) in left]
    if deleted + len(staying) != len(rows):
        raise _shortage(tx, rows)
    return staying


def _change_row(key: _BalanceKey, change: _Change) -> dict[str, Any]:
    location_id, product_id, lot = key
    return {
        "b_location": location_id,
        "b_product": product_id,
        "b_lot": lot,
        "b_on_hand": change.on_hand,
        "b_reserved": change.reserved,
        "b_held": change.held,
    }


def _apply_to_warehouses(
    tx: Transaction, changes: Mapping[_BalanceKey, _Change], promises: Sequence[Promise]
) -> None:
    sellable: dict[tuple[int, int], int] = defaultdict(int)
    promised: dict[tuple[int, int], int] = defaultdict(int)
    for (_location_id, product_id, _lot), change in changes.items():
        if change.sellable:
            assert change.place.warehouse_id is not None, "a pickable place stands in a warehouse"
            sellable[change.place.warehouse_id, product_id] += change.sellable
    for promise in promises:
        promised[promise.warehouse_id, promise.product_id] += promise.quantity
    rows = [
        {
            "w_warehouse": key[0],
            "w_product": key[1],
            "w_sellable": sellable[key],
            "w_promised": promised[key],
        }
        for key in sorted({*sellable, *promised})
        if sellable[key] or promised[key]
    ]
    # Only growth may need a new row; a promise is always made against one that is there.
    growing = [row for row in rows if row["w_sellable"] > 0 and not row["w_promised"]]
    others = [row for row in rows if row["w_sellable"] <= 0 or row["w_promised"]]
    if others and tx.execute(_CHANGE_WAREHOUSE, others).rowcount != len(others):
        raise _warehouse_shortage(tx, others)
    if growing:
        tx.execute(_GROW_WAREHOUSE[tx.connection.dialect.name], growing)


def _move_serials(tx: Transaction, moves: Sequence[Move]) -> None:
    """Take each serial from where it must be to where it goes."""
    for move in moves:
        if not move.serial:
            continue
        table = table_of(SerialUnit)
        if move.source.kind in ("supplier", "adjustment") or move.reason == "un-ship":
            tx.execute(
                insert(SerialUnit),
                {
                    "product_id": move.product_id,
                    "serial": move.serial,
                    "lot": move.lot,
                    "location_id": move.target.id,
                },
            )
            continue
        here = (
            (table.c.product_id == move.product_id)
            & (table.c.serial == move.serial)
            & (table.c.location_id == move.source.id)
        )
        statement = (
            delete(SerialUnit).where(here)
            if move.target.is_virtual
            else update(SerialUnit).where(here).values(location_id=move.target.id)
        )
        if tx.execute(statement).rowcount != 1:
            raise NotEnoughStock(
                sku=f"{_sku(tx, move.product_id)} {move.serial}",
                location=_code(tx, move.source.id),
                wanted=1,
                available=0,
            )


def _shortage(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> NotEnoughStock:
    """Which of the guarded rows did not hold, now that one did not."""
    table = table_of(StockBalance)
    for row in rows:
        found = tx.execute(
            select(table.c.on_hand, table.c.reserved, table.c.held).where(
                table.c.location_id == row["b_location"],
                table.c.product_id == row["b_product"],
                table.c.lot == row["b_lot"],
            )
        ).one_or_none()
        on_hand, reserved, held = (
            (found.on_hand, found.reserved, found.held) if found else (0, 0, 0)
        )
        # Rows that did hold were lowered already, so what is short is short without this change.
        if (
            found is None
            or on_hand + row["b_on_hand"] < 0
            or on_hand - reserved - held
            < max(0, row["b_reserved"] + row["b_held"] - row["b_on_hand"])
        ):
            return NotEnoughStock(
                sku=_sku(tx, row["b_product"]),
                location=_code(tx, row["b_location"]),
                wanted=max(-row["b_on_hand"], row["b_reserved"], row["b_held"]),
                available=on_hand - reserved - held,
            )
    first = next(iter(rows))
    return NotEnoughStock(
        sku=_sku(tx, first["b_product"]),
        location=_code(tx, first["b_location"]),
        wanted=-first["b_on_hand"],
        available=0,
    )


def _warehouse_shortage(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> NotEnoughStock:
    table = table_of(WarehouseBalance)
    worst: tuple[int, Mapping[str, Any]] | None = None
    for row in rows:
        available = tx.execute(
            select(table.c.sellable - table.c.promised).where(
                table.c.warehouse_id == row["w_warehouse"], table.c.product_id == row["w_product"]
            )
        ).scalar_one_or_none()
        if worst is None or (available or 0) < worst[0]:
            worst = (available or 0, row)
    assert worst is not None, "some row did not hold"
    available, row = worst
    return NotEnoughStock(
        sku=_sku(tx, row["w_product"]),
        location=f"warehouse {row['w_warehouse']}",
        wanted=max(row["w_promised"], -row["w_sellable"]),
        available=available,
    )


def _sku(tx: Transaction, product_id: int) -> str:
    return str(tx.execute(select(Product.sku).where(Product.id == product_id)).scalar_one())


def _code(tx: Transaction, location_id: int) -> str:
    return str(tx.execute(select(Location.code).where(Location.id == location_id)).scalar_one())


def _guarded_lowering() -> Any:
    table = table_of(StockBalance)
    on_hand = table.c.on_hand + bindparam("b_on_hand")
    reserved = table.c.reserved + bindparam("b_reserved")
    held = table.c.held + bindparam("b_held")
    return (
        update(table)
        .where(
            table.c.location_id == bindparam("b_location"),
            table.c.product_id == bindparam("b_product"),
            table.c.lot == bindparam("b_lot"),
            reserved >= 0,
            held >= 0,
            on_hand >= reserved + held,
        )
        .values(on_hand=on_hand, reserved=reserved, held=held)
    )


def _guarded_warehouse_change() -> Any:
    table = table_of(WarehouseBalance)
    sellable = table.c.sellable + bindparam("w_sellable")
    promised = table.c.promised + bindparam("w_promised")
    return (
        update(table)
        .where(
            table.c.warehouse_id == bindparam("w_warehouse"),
            table.c.product_id == bindparam("w_product"),
            promised >= 0,
            sellable >= promised,
        )
        .values(sellable=sellable, promised=promised)
    )


def _raising(dialect: Any) -> Any:
    table = table_of(StockBalance)
    new = dialect.insert(table).values(
        location_id=bindparam("b_location"),
        product_id=bindparam("b_product"),
        lot=bindparam("b_lot"),
        on_hand=bindparam("b_on_hand"),
        reserved=bindparam("b_reserved"),
        held=bindparam("b_held"),
    )
    return new.on_conflict_do_update(
        index_elements=[table.c.location_id, table.c.product_id, table.c.lot],
        set_={name: table.c[name] + new.excluded[name] for name in ("on_hand", "reserved", "held")},
    )


def _growing_warehouse(dialect: Any) -> Any:
    table = table_of(WarehouseBalance)
    new = dialect.insert(table).values(
        warehouse_id=bindparam("w_warehouse"),
        product_id=bindparam("w_product"),
        sellable=bindparam("w_sellable"),
        promised=bindparam("w_promised"),
    )
    return new.on_conflict_do_update(
        index_elements=[table.c.warehouse_id, table.c.product_id],
        set_={name: table.c[name] + new.excluded[name] for name in ("sellable", "promised")},
    )


_LOWER = _guarded_lowering()
_RAISE = {"sqlite": _raising(sqlite), "postgresql": _raising(postgresql)}
_TAKE_EVERYTHING = delete(table_of(StockBalance)).where(
    StockBalance.location_id == bindparam("b_location"),
    StockBalance.product_id == bindparam("b_product"),
    StockBalance.lot == bindparam("b_lot"),
    StockBalance.on_hand + bindparam("b_on_hand") == 0,
    StockBalance.reserved + bindparam("b_reserved") == 0,
    StockBalance.held + bindparam("b_held") == 0,
)
_CHANGE_WAREHOUSE = _guarded_warehouse_change()
_GROW_WAREHOUSE = {
    "sqlite": _growing_warehouse(sqlite),
    "postgresql": _growing_warehouse(postgresql),
}


# --- questions of allocation ---------------------------------------------------------------


def expired_free(
    tx: Transaction, *, before: date, product_ids: Iterable[int] | None = None, lock: bool = False
) -> list[Any]:
    """Free units in bins of lots that expired before *before*, in the order of the locks.

    Rows of ``location_id, warehouse_id, product_id, lot, free, expires_on``.  They count as
    sellable until somebody holds them, so whoever promises stock takes them off first.
    """
    query = _EXPIRED
    wanted: dict[str, Any] = {"before": before}
    if product_ids is not None:
        query = _EXPIRED_OF
        wanted["product_ids"] = sorted(product_ids)
    if lock:
        query = query.with_for_update(of=table_of(StockBalance))
    return list(tx.execute(query, wanted))


_EXPIRED = (
    select(
        StockBalance.location_id,
        Location.warehouse_id,
        StockBalance.product_id,
        StockBalance.lot,
        _free.label("free"),
        Lot.expires_on,
    )
    .join(Lot, (Lot.product_id == StockBalance.product_id) & (Lot.code == StockBalance.lot))
    .join(Location, Location.id == StockBalance.location_id)
    .where(Lot.expires_on < bindparam("before"), Location.kind == BIN, _free > 0)
    .order_by(StockBalance.location_id, StockBalance.product_id, StockBalance.lot)
)
_EXPIRED_OF = _EXPIRED.where(StockBalance.product_id.in_(bindparam("product_ids", expanding=True)))


def oldest_stock(tx: Transaction, product_ids: Iterable[int]) -> dict[int, dict[int, date]]:
    """The day on which the oldest stock of each product came into each warehouse.

    By warehouse, then product.  Goods are taken to leave in the order in which they came: the
    newest arrivals that add up to what is sellable are the ones that are still there.
    """
    source, target = aliased(Location), aliased(Location)
    newest_first = func.sum(StockMove.quantity).over(
        partition_by=(target.warehouse_id, StockMove.product_id), order_by=StockMove.id.desc()
    )
    arrivals = (
        select(
            target.warehouse_id,
            StockMove.product_id,
            StockMove.at,
            (newest_first - StockMove.quantity).label("newer"),
        )
        .join(source, source.id == StockMove.from_id)
        .join(target, target.id == StockMove.to_id)
        .where(
            StockMove.product_id.in_(sorted(product_ids)),
            target.kind == BIN,
            source.warehouse_id.is_distinct_from(target.warehouse_id),
        )
        .subquery()
    )
    rows = tx.execute(
        select(arrivals.c.warehouse_id, arrivals.c.product_id, func.min(arrivals.c.at).label("at"))
        .join(
            WarehouseBalance,
            (WarehouseBalance.warehouse_id == arrivals.c.warehouse_id)
            & (WarehouseBalance.product_id == arrivals.c.product_id),
        )
        .where(arrivals.c.newer < WarehouseBalance.sellable)
        .group_by(arrivals.c.warehouse_id, arrivals.c.product_id)
    )
    oldest: dict[int, dict[int, date]] = defaultdict(dict)
    for row in rows:
        oldest[row.warehouse_id][row.product_id] = row.at.date()
    return oldest
