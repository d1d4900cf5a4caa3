"""Import a file: read outside any transaction, check every row, then all or nothing.

A refused file leaves one trace, its run with the rows that were wrong.  A file that cannot
be read at all (:class:`FileUnreadable`, :class:`EncodingNeeded`) leaves none: nothing is
known of its rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from fulfillment.channels.files import read_table
from fulfillment.domain.catalogue import BarcodeEntry
from fulfillment.domain.checks import choice_faults, text_faults
from fulfillment.domain.errors import DomainError, InvalidInput, UnknownThing
from fulfillment.domain.imports import (
    KINDS,
    MOST_FAULTS_SHOWN,
    FileOrder,
    Row,
    RowFault,
    Understood,
    orders_of,
    understand,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue.listing import MOST_ON_A_PAGE, Page
from fulfillment.services.catalogue.places import plan_locations
from fulfillment.services.catalogue.products import plan_barcodes, plan_products, seller_seen
from fulfillment.services.catalogue.upserting import Plan, carry_out, take_turns
from fulfillment.services.importing.receipts import plan_receipts, receive
from fulfillment.services.orders.examining import Fresh, Verdict, examine
from fulfillment.services.orders.intake import faults_of, store_orders
from fulfillment.store.base import table_of
from fulfillment.store.batches import batches
from fulfillment.store.catalog import Seller
from fulfillment.store.inbound import ImportFault, ImportRun
from fulfillment.store.transaction import Transaction, reads, writes

ORDERS_AT_ONCE = 1_000

PERMISSION = {
    "products": Permission.CHANGE_CATALOGUE,
    "barcodes": Permission.CHANGE_CATALOGUE,
    "bins": Permission.CHANGE_CATALOGUE,
    "stock": Permission.CHANGE_STOCK,
    "orders": Permission.ENTER_ORDERS,
}


@dataclass(frozen=True)
class ImportReport:
    """What came, or would come, of a file.

    ``counts`` has ``created``, ``updated``, ``unchanged`` and ``skipped`` (rows; of an order
    file, orders).  ``faults`` are the first thousand by row, ``fault_count`` is all of them.
    """

    kind: str
    encoding: str
    rows: int
    accepted: bool
    counts: Mapping[str, int]
    faults: tuple[RowFault, ...]
    fault_count: int
    run_id: int | None = None


@dataclass(frozen=True)
class _Upload:
    """A file that could be read, and what was said about it."""

    kind: str
    seller: str
    document: str
    file_name: str
    fingerprint: str
    encoding: str
    content: Understood


@dataclass(frozen=True)
class _Planned:
    """What the rows will do; *apply* (with the run's id) does it."""

    faults: Sequence[RowFault]
    counts: Mapping[str, int]
    apply: Callable[[int], None]


def check_file(
    actor: Actor,
    kind: str,
    content: bytes,
    *,
    file_name: str,
    seller: str,
    encoding: str | None = None,
    document: str | None = None,
) -> ImportReport:
    """What :func:`import_file` would answer; changes and records nothing."""
    return _check_rows(actor, _upload(actor, kind, content, file_name, seller, encoding, document))


def import_file(
    actor: Actor,
    kind: str,
    content: bytes,
    *,
    file_name: str,
    seller: str,
    encoding: str | None = None,
    document: str | None = None,
) -> ImportReport:
    """Import a CSV or XLSX file of *kind* for *seller*, whole or not at all.

    *encoding* is one of :data:`fulfillment.channels.files.ENCODINGS` or None; *document* is
    the number of a stock file.  Raises :class:`InvalidInput` (kind, document),
    :class:`FileUnreadable`, :class:`EncodingNeeded`; wrong rows are in the report.
    """
    return _import_rows(actor, _upload(actor, kind, content, file_name, seller, encoding, document))


@reads
def list_imports(
    tx: Transaction, actor: Actor, seller: str, *, before: int | None = None, limit: int = 50
) -> Page:
    """The files of a seller, the newest first; the next page begins before ``next_after``."""
    seller_id = seller_seen(tx, actor, Permission.SEE_CATALOGUE, seller)
    table = table_of(ImportRun)
    size = max(1, min(limit, MOST_ON_A_PAGE))
    query = select(table).where(table.c.seller_id == seller_id)
    if before is not None:
        query = query.where(table.c.id < before)
    found = tx.execute(query.order_by(table.c.id.desc()).limit(size + 1)).mappings()
    rows = [dict(row) for row in found]
    return Page(tuple(rows[:size]), rows[size - 1]["id"] if len(rows) > size else None)


@reads
def import_report(tx: Transaction, actor: Actor, run_id: int) -> ImportReport:
    """The report of an earlier import."""
    actor.require(Permission.SEE_CATALOGUE)
    table, faults = table_of(ImportRun), table_of(ImportFault)
    run = tx.execute(select(table).where(table.c.id == run_id)).one_or_none()
    if run is None or not actor.may(Permission.SEE_CATALOGUE, seller_id=run.seller_id):
        raise UnknownThing(kind="import", key=str(run_id))
    rows = tx.execute(select(faults).where(faults.c.import_run_id == run_id).order_by(faults.c.id))
    return ImportReport(
        kind=run.kind,
        encoding=run.encoding,
        rows=run.rows,
        accepted=run.accepted,
        counts=run.counts if run.accepted else {},
        faults=tuple(RowFault(row.row, row.column, row.code, row.text) for row in rows),
        fault_count=0 if run.accepted else run.counts["faults"],
        run_id=run.id,
    )


# --- reading -----------------------------------------------------------------------------


def _upload(
    actor: Actor,
    kind: str,
    content: bytes,
    file_name: str,
    seller: str,
    encoding: str | None,
    document: str | None,
) -> _Upload:
    faults = (
        *choice_faults("kind", kind, KINDS),
        *text_faults("file_name", file_name, most=255, required=True),
        *text_faults("document", document or "", most=64, required=kind == "stock"),
    )
    if faults:
        raise InvalidInput(faults)
    actor.require(PERMISSION[kind])
    table = read_table(content, encoding=encoding)
    return _Upload(
        kind=kind,
        seller=seller,
        document=document or "",
        file_name=file_name,
        fingerprint=hashlib.sha256(content).hexdigest(),
        encoding=table.encoding,
        content=understand(kind, table.heading, table.rows),
    )


@reads
def _check_rows(tx: Transaction, actor: Actor, upload: _Upload) -> ImportReport:
    seller_id = seller_seen(tx, actor, PERMISSION[upload.kind], upload.seller)
    return _report(upload, _plan(tx, actor, seller_id, upload))


@writes
def _import_rows(tx: Transaction, actor: Actor, upload: _Upload) -> ImportReport:
    seller_id = seller_seen(tx, actor, PERMISSION[upload.kind], upload.seller)
    take_turns(tx, Seller, seller_id)
    planned = _plan(tx, actor, seller_id, upload)
    report = _report(upload, planned)
    run_id = _record(tx, actor, seller_id, upload, report)
    if report.accepted:
        planned.apply(run_id)
    return ImportReport(**{**vars(report), "run_id": run_id})


def _report(upload: _Upload, planned: _Planned) -> ImportReport:
    faults = sorted(planned.faults, key=lambda fault: fault.row)
    return ImportReport(
        kind=upload.kind,
        encoding=upload.encoding,
        rows=upload.content.count,
        accepted=not faults,
        counts={} if faults else dict(planned.counts),
        faults=tuple(faults[:MOST_FAULTS_SHOWN]),
        fault_count=len(faults),
    )


def _record(
    tx: Transaction, actor: Actor, seller_id: int, upload: _Upload, report: ImportReport
) -> int:
    table = table_of(ImportRun)
    run_id = int(
        tx.execute(
            insert(table).returning(table.c.id),
            {
                "seller_id": seller_id,
                "kind": upload.kind,
                "file_name": upload.file_name,
                "encoding": report.encoding,
                "content_hash": upload.fingerprint,
                "rows": report.rows,
                "counts": report.counts if report.accepted else {"faults": report.fault_count},
                "accepted": report.accepted,
                "at": tx.now,
                "by_id": actor.user_id,
            },
        ).scalar_one()
    )
    if report.faults:
        tx.execute(
            insert(table_of(ImportFault)),
            [{**vars(fault), "import_run_id": run_id} for fault in report.faults],
        )
    return run_id


# --- planning, by kind -------------------------------------------------------------------


def _plan(tx: Transaction, actor: Actor, seller_id: int, upload: _Upload) -> _Planned:
    rows = upload.content.rows
    match upload.kind:
        case "products":
            planned = _of_plan(tx, plan_products(tx, seller_id, _fields(rows)), rows)
        case "barcodes":
            entries = [BarcodeEntry(**row.fields) for row in rows]
            planned = _of_plan(tx, plan_barcodes(tx, seller_id, entries), rows)
        case "bins":
            bins = [{**fields, "kind": "bin"} for fields in _fields(rows)]
            planned = _of_plan(tx, plan_locations(tx, actor, bins), rows)
        case "stock":
            planned = _plan_stock(tx, actor, seller_id, upload.document, rows)
        case _:
            planned = _plan_orders(tx, actor, upload.seller, rows)
    return _Planned([*upload.content.faults, *planned.faults], planned.counts, planned.apply)


def _fields(rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    return [row.fields for row in rows]


def _of_plan(tx: Transaction, plan: Plan, rows: Sequence[Row]) -> _Planned:
    def apply(_run_id: int) -> None:
        carry_out(tx, plan)

    return _Planned(
        faults=[
            RowFault(rows[index].number, fault.where, fault.code, fault.text)
            for index, fault in plan.faults
        ],
        counts={
            "created": len(plan.new),
            "updated": len(plan.changed),
            "unchanged": plan.unchanged,
            "skipped": 0,
        },
        apply=apply,
    )


def _plan_stock(
    tx: Transaction, actor: Actor, seller_id: int, document: str, rows: Sequence[Row]
) -> _Planned:
    plan = plan_receipts(tx, actor, seller_id, document=document, rows=rows)

    def apply(run_id: int) -> None:
        receive(tx, actor, plan, run_id=run_id)

    counts = {"created": len(plan.fresh), "updated": 0, "unchanged": 0, "skipped": plan.skipped}
    return _Planned(plan.faults, counts, apply)


def _plan_orders(tx: Transaction, actor: Actor, seller: str, rows: Sequence[Row]) -> _Planned:
    orders, faults = orders_of(rows, seller=seller)
    chunks: list[list[Verdict]] = []
    for chunk in batches(orders, ORDERS_AT_ONCE):
        verdicts = examine(tx, actor, [order.command for order in chunk])
        faults += _order_faults(chunk, verdicts)
        chunks.append(verdicts)
    created = sum(isinstance(verdict, Fresh) for chunk in chunks for verdict in chunk)

    def apply(_run_id: int) -> None:
        for verdicts in chunks:
            store_orders(tx, actor, verdicts)

    counts = {
        "created": created,
        "updated": 0,
        "unchanged": 0,
        "skipped": len(orders) - created,
    }
    return _Planned(faults, counts, apply)


def _order_faults(orders: Sequence[FileOrder], verdicts: Sequence[Verdict]) -> list[RowFault]:
    return [
        order.fault(fault)
        for order, verdict in zip(orders, verdicts, strict=True)
        if isinstance(verdict, DomainError)
        for fault in faults_of(verdict)
    ]
