"""The rows of a stock file are receipts: goods that came in, never absolute figures.

A row is keyed by the file's document number and its own row number, so the same file again
changes nothing, and a corrected file under the same number is told which rows it changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment.domain.imports import Row, RowFault
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import BIN, QUARANTINE, Place
from fulfillment.services.catalogue.products import products_by_sku
from fulfillment.store.base import table_of
from fulfillment.store.batches import batches
from fulfillment.store.catalog import Location, Warehouse
from fulfillment.store.stock import Lot, Move, ReceiptRow, SerialUnit, post, virtual_end
from fulfillment.store.transaction import Transaction

RECEIVING_KINDS = (BIN, "bulk", "staging", QUARANTINE)
MOVES_AT_ONCE = 2_000


@dataclass
class Receipts:
    """What the rows of a document will do, or what is wrong with them."""

    seller_id: int
    document: str
    faults: list[RowFault] = field(default_factory=list)
    fresh: list[tuple[Row, Move]] = field(default_factory=list)
    lots: dict[tuple[int, str], date | None] = field(default_factory=dict)
    """Lots that are new, with their last day."""
    skipped: int = 0


@dataclass(frozen=True)
class _Shelves:
    """What the database knows about the things that the rows name."""

    products: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, Place]
    today: Mapping[int, date]
    """By warehouse, in its own time zone."""
    received: Mapping[int, str]
    """Content hash by row number of this document."""
    lots: Mapping[tuple[int, str], date | None]
    serials: frozenset[tuple[int, str]]


def plan_receipts(
    tx: Transaction, actor: Actor, seller_id: int, *, document: str, rows: Sequence[Row]
) -> Receipts:
    """Check all rows; a known one with the same content is skipped, with other content refused."""
    plan = Receipts(seller_id, document)
    shelves = _look_up(tx, actor, seller_id, document, rows)
    serials: dict[tuple[int, str], int] = {}
    for row in rows:
        if row.number in shelves.received:
            if shelves.received[row.number] == _fingerprint(row):
                plan.skipped += 1
            else:
                plan.faults.append(RowFault(row.number, "", "changed-row", document))
            continue
        faults = [
            RowFault(row.number, *fault) for fault in _row_faults(row, shelves, plan, serials)
        ]
        plan.faults += faults
        if not faults:
            plan.fresh.append((row, _move(row, shelves, plan)))
    return plan


def receive(tx: Transaction, actor: Actor, plan: Receipts, *, run_id: int) -> None:
    """Post a plan without faults: new lots, moves from the supplier, and the rows' keys."""
    assert not plan.faults, "a refused file is reported, not carried out"
    if plan.lots:
        dialect = postgresql if tx.is_postgresql else sqlite
        tx.execute(
            dialect.insert(table_of(Lot)).on_conflict_do_nothing(),
            [
                {"product_id": product_id, "code": code, "expires_on": expires_on}
                for (product_id, code), expires_on in sorted(plan.lots.items())
            ],
        )
    # In the order in which the ledger locks its rows, over all batches.
    ordered = sorted(plan.fresh, key=lambda one: _ledger_order(one[1]))
    for batch in batches(ordered, MOVES_AT_ONCE):
        moves = [_with_reference(move, run_id) for _row, move in batch]
        post(tx, actor_id=actor.user_id, moves=moves)
        tx.execute(
            insert(table_of(ReceiptRow)),
            [
                {
                    "seller_id": plan.seller_id,
                    "document": plan.document,
                    "row": row.number,
                    "content_hash": _fingerprint(row),
                    "at": tx.now,
                }
                for row, _move in batch
            ],
        )


def _ledger_order(move: Move) -> tuple[int, int, str]:
    return move.target.id, move.product_id, move.lot


def _with_reference(move: Move, run_id: int) -> Move:
    return Move(**{**vars(move), "reference": ("receipt", run_id)})


def _fingerprint(row: Row) -> str:
    content = sorted((name, str(value)) for name, value in row.fields.items())
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _move(row: Row, shelves: _Shelves, plan: Receipts) -> Move:
    fields = row.fields
    return Move(
        product_id=shelves.products[fields["sku"]]["id"],
        quantity=fields["quantity"],
        source=virtual_end("supplier"),
        target=shelves.places[fields["bin"]],
        reason="receipt",
        reference=("receipt", 0),
        key=f"receipt:{plan.seller_id}:{plan.document}:{row.number}",
        lot=fields.get("lot", ""),
        serial=fields.get("serial", ""),
    )


_Fault = tuple[str, str, str]
"""column, code, text"""


def _row_faults(
    row: Row, shelves: _Shelves, plan: Receipts, serials: dict[tuple[int, str], int]
) -> Iterator[_Fault]:
    fields = row.fields
    product = shelves.products.get(fields["sku"])
    place = shelves.places.get(fields["bin"])
    if place is None:
        yield "bin", "unknown-bin", fields["bin"]
    elif place.kind not in RECEIVING_KINDS:
        yield "bin", "no-place-to-receive", place.kind
    if product is None:
        yield "sku", "unknown-sku", fields["sku"]
        return
    if product["is_kit"]:
        yield "sku", "kit-has-no-stock", fields["sku"]
    yield from _serial_faults(row, product, shelves, serials)
    yield from _lot_faults(row, product, shelves, plan)
    expires_on = fields.get("expires_on")
    if expires_on is None or place is None or place.warehouse_id is None:
        return
    if expires_on < shelves.today[place.warehouse_id]:
        yield "expires_on", "expired", str(expires_on)


def _serial_faults(
    row: Row,
    product: Mapping[str, Any],
    shelves: _Shelves,
    serials: dict[tuple[int, str], int],
) -> Iterator[_Fault]:
    serial = row.fields.get("serial", "")
    if product["tracking"] != "serial":
        if serial:
            yield "serial", "not-tracked", serial
        return
    if not serial:
        yield "serial", "required", ""
        return
    if row.fields["quantity"] != 1:
        yield "quantity", "serial-is-one", str(row.fields["quantity"])
    key = (product["id"], serial)
    first = serials.setdefault(key, row.number)
    if first != row.number:
        yield "serial", "repeated-key", f"row {first}"
    elif key in shelves.serials:
        yield "serial", "serial-is-here", serial


def _lot_faults(
    row: Row, product: Mapping[str, Any], shelves: _Shelves, plan: Receipts
) -> Iterator[_Fault]:
    """A lot has one last day; the first row that names a new lot says which."""
    lot, expires_on = row.fields.get("lot", ""), row.fields.get("expires_on")
    if product["tracking"] == "none":
        if lot:
            yield "lot", "not-tracked", lot
        if expires_on is not None:
            yield "expires_on", "not-tracked", str(expires_on)
        return
    if not lot:
        if product["tracking"] == "lot" or product["has_expiry"] or expires_on is not None:
            yield "lot", "required", ""
        return
    if product["has_expiry"] and expires_on is None:
        yield "expires_on", "required", ""
        return
    key = (product["id"], lot)
    is_known = key in shelves.lots
    known = shelves.lots[key] if is_known else plan.lots.setdefault(key, expires_on)
    if expires_on is not None and known != expires_on:
        yield "expires_on", "lot-has-another", str(known)


def _look_up(
    tx: Transaction, actor: Actor, seller_id: int, document: str, rows: Sequence[Row]
) -> _Shelves:
    products = products_by_sku(tx, seller_id, (row.fields["sku"] for row in rows))
    ids = sorted(product["id"] for product in products.values())
    return _Shelves(
        products=products,
        places=_places(tx, actor, seller_id, {row.fields["bin"] for row in rows}),
        today=_today(tx),
        received=_received(tx, seller_id, document),
        lots=_lots(tx, ids),
        serials=_serials(tx, products, rows),
    )


def _places(
    tx: Transaction, actor: Actor, seller_id: int, codes: Iterable[str]
) -> dict[str, Place]:
    table = table_of(Location)
    rows = (
        row
        for batch in batches(sorted(codes))
        for row in tx.execute(
            select(table.c.code, table.c.id, table.c.kind, table.c.warehouse_id).where(
                table.c.code.in_(batch), table.c.active, table.c.warehouse_id.is_not(None)
            )
        )
    )
    return {
        row.code: Place(row.id, row.kind, row.warehouse_id)
        for row in rows
        if actor.may(Permission.CHANGE_STOCK, warehouse_id=row.warehouse_id, seller_id=seller_id)
    }


def _today(tx: Transaction) -> dict[int, date]:
    table = table_of(Warehouse)
    return {
        row.id: _local_day(tx.now, row.timezone)
        for row in tx.execute(select(table.c.id, table.c.timezone))
    }


def _local_day(moment: datetime, timezone: str) -> date:
    return moment.astimezone(ZoneInfo(timezone)).date()


def _received(tx: Transaction, seller_id: int, document: str) -> dict[int, str]:
    table = table_of(ReceiptRow)
    query = select(table.c.row, table.c.content_hash).where(
        table.c.seller_id == seller_id, table.c.document == document
    )
    return {row.row: row.content_hash for row in tx.execute(query)}


def _lots(tx: Transaction, product_ids: Sequence[int]) -> dict[tuple[int, str], date | None]:
    table = table_of(Lot)
    return {
        (row.product_id, row.code): row.expires_on
        for batch in batches(product_ids)
        for row in tx.execute(select(table).where(table.c.product_id.in_(batch)))
    }


def _serials(
    tx: Transaction, products: Mapping[str, Mapping[str, Any]], rows: Sequence[Row]
) -> frozenset[tuple[int, str]]:
    """Which of the serials that the rows name are in the house already."""
    table = table_of(SerialUnit)
    tracked = sorted(p["id"] for p in products.values() if p["tracking"] == "serial")
    named = sorted({row.fields["serial"] for row in rows if "serial" in row.fields})
    if not tracked:
        return frozenset()
    return frozenset(
        (row.product_id, row.serial)
        for ids in batches(tracked)
        for batch in batches(named)
        for row in tx.execute(
            select(table.c.product_id, table.c.serial).where(
                table.c.product_id.in_(ids), table.c.serial.in_(batch)
            )
        )
    )
