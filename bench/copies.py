"""A long history from a short one: orders that the services carried through, many times over.

Rows that came into the tables after :func:`mark` are copied inside of PostgreSQL: keys and foreign
keys of copied rows shift by a whole span, unique texts get the number of the copy, moments go back
in time. The projections of stock follow from the copied moves; `audit` says whether it came out
right. Triggers and foreign keys are not asked while copying, so the server's user must be its
superuser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Insert,
    Interval,
    Table,
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    true,
)
from tqdm import tqdm

from fulfillment.store.base import Base, UtcDateTime, db, table_of
from fulfillment.store.catalog import Location
from fulfillment.store.stock import StockMove

UNIQUE_TEXTS = {
    "label.tracking_number",
    "location.code",
    "order.number",
    "order.reference",
    "pick_list.number",
    "print_job.key",
    "scan_event.scan_id",
    "shipment.number",
    "stock_move.key",
    "wave.number",
}
STOCK = {"stock_balance", "warehouse_balance"}
AT_ONCE = 250
"""Copies in a transaction."""


@dataclass(frozen=True)
class Mark:
    """The greatest id of every table at some moment."""

    last: Mapping[str, int]


def mark() -> Mark:
    """What is there now and shall not be copied."""
    with db.engine.connect() as connection:
        return Mark(_greatest(connection))


def copy_since(before: Mark, *, copies: int, apart: timedelta) -> None:
    """Copy what came after *before* so many times, each copy *apart* earlier than the last."""
    with db.engine.connect() as connection:
        span = {
            name: last - before.last[name]
            for name, last in _greatest(connection).items()
            if last > before.last[name]
        }
        picked = _picked(connection, before)
        copied = [table for table in _tables() if _is_copied(table, span)]
        for first in tqdm(range(1, copies + 1, AT_ONCE), desc="history", unit_scale=AT_ONCE):
            ks = {"first": first, "last": min(copies, first + AT_ONCE - 1)}
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in copied:
                connection.execute(_copy(table, before, span, apart), ks)
            connection.commit()
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in TAKE:
            connection.execute(text(statement), [{**row, "copies": copies} for row in picked])
        for name in span:
            sequence = f"pg_get_serial_sequence('\"{name}\"', 'id')"
            last = before.last[name] + span[name] * (copies + 1)
            connection.execute(text(f"SELECT setval({sequence}, {last})"))
        connection.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("RESET statement_timeout"))


def _tables() -> list[Table]:
    return [table for table in Base.metadata.sorted_tables if table.name not in STOCK]


def _greatest(connection: Connection) -> dict[str, int]:
    found = {}
    for table in _tables():
        if "id" in table.c:
            greatest = select(func.coalesce(func.max(table.c.id), 0))
            found[table.name] = int(connection.execute(greatest).scalar_one())
    return found


def _is_copied(table: Table, span: Mapping[str, int]) -> bool:
    if "id" in table.c:
        return table.name in span
    return any(_target(column) in span for column in table.primary_key)


def _target(column: Column[Any]) -> str | None:
    """The table that a column points into."""
    for key in column.foreign_keys:
        return str(key.column.table.name)
    return None


def _copy(table: Table, before: Mark, span: Mapping[str, int], apart: timedelta) -> Insert:
    """The copies numbered :first to :last."""
    ends = (cast(bindparam(end), BigInteger) for end in ("first", "last"))
    k = func.generate_series(*ends, type_=BigInteger).column_valued("k")
    which = next(c for c in table.primary_key if c.name == "id" or _target(c) in span)
    low = before.last[table.name if which.name == "id" else str(_target(which))]
    high = low + span[table.name if which.name == "id" else str(_target(which))]
    rows = (
        select(*(_value(column, k, before, span, apart) for column in table.c))
        .select_from(table.join(k.scalar_alias, true()))
        .where(which > low, which <= high)
    )
    return insert(table).from_select([column.name for column in table.c], rows)


def _value(
    column: Column[Any],
    k: ColumnElement[int],
    before: Mark,
    span: Mapping[str, int],
    apart: timedelta,
) -> ColumnElement[Any]:
    """What stands in copy *k* where a row to be copied has *column*."""
    name = f"{column.table.name}.{column.name}"
    if column.name == "id":
        return column + k * span[column.table.name]
    target = "shipment" if name == "stock_move.reference_id" else _target(column)
    if target in span:
        return case((column > before.last[target], column + k * span[target]), else_=column)
    if name == "outbox_message.key":  # it names its shipment
        topic, shipment = (func.split_part(column, ":", part) for part in (1, 2))
        return topic + ":" + cast(cast(shipment, BigInteger) + k * span["shipment"], Text)
    if name == "parcel.sscc":
        return cast(8 * 10**17 + column.table.c.id + k * span["parcel"], Text)
    if name in UNIQUE_TEXTS:
        return column + "." + cast(k, Text)
    if isinstance(column.type, UtcDateTime):
        return column - k * literal(apart, Interval)
    return column


def _picked(connection: Connection, before: Mark) -> list[dict[str, Any]]:
    """What the rows to be copied took out of which bin."""
    move, place = table_of(StockMove), table_of(Location)
    taken = (
        select(place.c.warehouse_id, move.c.from_id, move.c.product_id, move.c.lot)
        .add_columns(func.sum(move.c.quantity).label("units"))
        .join(place, place.c.id == move.c.from_id)
        .where(move.c.id > before.last["stock_move"], place.c.kind == "bin")
        .group_by(place.c.warehouse_id, move.c.from_id, move.c.product_id, move.c.lot)
    )
    return [dict(row._mapping) for row in connection.execute(taken)]


TAKE = (
    "UPDATE stock_balance SET on_hand = on_hand - :units * :copies "
    "WHERE location_id = :from_id AND product_id = :product_id AND lot = :lot",
    "UPDATE warehouse_balance SET sellable = sellable - :units * :copies "
    "WHERE warehouse_id = :warehouse_id AND product_id = :product_id",
)
"""Off the projections, so often as it was copied."""
