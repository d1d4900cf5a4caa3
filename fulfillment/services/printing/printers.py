"""Setting printers up: which there are, how they are reached, which station uses which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update

from fulfillment.domain.errors import AlreadyExists, Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.printing import (
    DOCUMENT_KINDS,
    DOTS_PER_INCH,
    LANGUAGES,
    PRINTER_KINDS,
)
from fulfillment.services.printing.sizes import names_on_offer
from fulfillment.store.base import in_state, table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import audit
from fulfillment.store.people import Station
from fulfillment.store.printing import Printer, PrintJob, StationPrinter, is_open
from fulfillment.store.transaction import Transaction, reads, writes
from labels.printers import way_to

_printer, _job = table_of(Printer), table_of(PrintJob)
_station_printer, _station = table_of(StationPrinter), table_of(Station)
_warehouse = table_of(Warehouse)

CODE_LENGTH = 64
ADDRESS_LENGTH = 255


@dataclass(frozen=True, kw_only=True)
class PrinterSetup:
    """How a printer is set up.

    ``address``: ``host[:port][?waiteof=no]`` (raw), ``ipp://host/path`` (ipp), a folder name
    (spool), nothing (browser).  ``paper``: one of its warehouse, '' for the usual one.
    """

    name: str
    kind: str
    address: str = ""
    language: str = "pdf"
    dpi: int = 203
    paper: str = ""
    active: bool = True


@dataclass(frozen=True)
class PrinterView:
    """A printer, how it was when last asked, and what waits for it."""

    id: int
    warehouse_id: int
    code: str
    setup: PrinterSetup
    condition: str
    condition_at: datetime | None
    condition_detail: str
    retry_at: datetime | None
    waiting: int = 0
    unknown: int = 0


@reads
def list_printers(tx: Transaction, actor: Actor, *, warehouse_id: int) -> tuple[PrinterView, ...]:
    """The printers of a warehouse by code, with the jobs that wait and those nobody knows of."""
    require_sight(actor, Permission.PACK, warehouse_id)
    query = printers_with_counts().where(_printer.c.warehouse_id == warehouse_id)
    return tuple(view_of(row) for row in tx.execute(query.order_by(_printer.c.code)))


@writes
def create_printer(
    tx: Transaction, actor: Actor, *, warehouse_id: int, code: str, setup: PrinterSetup
) -> PrinterView:
    """A new printer.  Raises InvalidInput with every fault, AlreadyExists, UnknownThing."""
    warehouse_to_set_up(tx, actor, warehouse_id)
    faults = [] if 0 < len(code.strip()) <= CODE_LENGTH else [Fault("code", "bad-length", code)]
    _refuse(faults + _faults_of(setup, papers=names_on_offer(tx, warehouse_id)))
    taken = select(_printer.c.id).where(
        _printer.c.warehouse_id == warehouse_id, _printer.c.code == code
    )
    if tx.execute(taken).first():
        raise AlreadyExists(kind="printer", key=code)
    key = tx.execute(
        insert(_printer).values(warehouse_id=warehouse_id, code=code, **_columns(setup))
    ).inserted_primary_key
    assert key is not None
    return _changed(tx, actor, int(key[0]), "printer-created")


@writes
def change_printer(
    tx: Transaction, actor: Actor, printer_id: int, *, setup: PrinterSetup
) -> PrinterView:
    """Set a printer up anew; what waits for it is tried at once.  Raises like :func:`create_printer`."""
    printer = printer_in_reach(tx, actor, Permission.CHANGE_POLICY, printer_id)
    warehouse_to_set_up(tx, actor, printer.warehouse_id)
    _refuse(_faults_of(setup, papers=names_on_offer(tx, printer.warehouse_id)))
    values = {
        **_columns(setup),
        "condition": "new",
        "condition_at": None,
        "condition_detail": "",
        "failures": 0,
        "retry_at": None,
    }
    tx.execute(update(_printer).where(_printer.c.id == printer_id).values(**values))
    tx.execute(
        update(_job)
        .where(_job.c.printer_id == printer_id, _job.c.state == "queued")
        .values(next_attempt_at=tx.now)
    )
    return _changed(tx, actor, printer_id, "printer-changed")


@writes
def set_station_printer(
    tx: Transaction, actor: Actor, *, station_id: int, document_kind: str, printer_id: int | None
) -> None:
    """Where a station's documents of a kind come out; None = the browser's print dialog.

    Raises UnknownThing, InvalidInput (no such document kind, or a printer of another warehouse).
    """
    warehouse_id = warehouse_of_station(tx, station_id)
    require_sight(actor, Permission.CHANGE_POLICY, warehouse_id)
    if document_kind not in DOCUMENT_KINDS:
        _refuse([Fault("document_kind", "not-one-of", ", ".join(DOCUMENT_KINDS))])
    key = (
        _station_printer.c.station_id == station_id,
        _station_printer.c.document_kind == document_kind,
    )
    tx.execute(delete(_station_printer).where(*key))
    if printer_id is not None:
        printer = printer_in_reach(tx, actor, Permission.CHANGE_POLICY, printer_id)
        if printer.warehouse_id != warehouse_id:
            _refuse([Fault("printer_id", "other-warehouse", str(printer_id))])
        values = {
            "station_id": station_id,
            "document_kind": document_kind,
            "printer_id": printer_id,
        }
        tx.execute(insert(_station_printer).values(**values))
    audit(
        tx,
        by_id=actor.user_id,
        act="station-printer-set",
        subject=("station", station_id),
        warehouse_id=warehouse_id,
        details={"document_kind": document_kind, "printer_id": printer_id},
    )


# --- shared with the other files of this package -------------------------------------------


def require_sight(actor: Actor, permission: Permission, warehouse_id: int) -> None:
    """Raise unless the actor has *permission* in a warehouse; UnknownThing where it is not theirs."""
    actor.require_sight(
        permission,
        kind="warehouse",
        key=str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )


def warehouse_to_set_up(tx: Transaction, actor: Actor, warehouse_id: int) -> None:
    """Let changes of a warehouse's printers and papers take turns; who prints does not wait.

    Else a paper could go while somebody chooses it.  Raises UnknownThing.
    """
    require_sight(actor, Permission.CHANGE_POLICY, warehouse_id)
    query = select(_warehouse.c.id).where(_warehouse.c.id == warehouse_id)
    if tx.execute(query.with_for_update(key_share=True)).first() is None:
        raise UnknownThing(kind="warehouse", key=str(warehouse_id))


def warehouse_of_station(tx: Transaction, station_id: int) -> int:
    """The warehouse of a station; raises UnknownThing."""
    found = tx.execute(
        select(_station.c.warehouse_id).where(_station.c.id == station_id)
    ).scalar_one_or_none()
    if found is None:
        raise UnknownThing(kind="station", key=str(station_id))
    return int(found)


def printer_in_reach(
    tx: Transaction, actor: Actor, permission: Permission, printer_id: int
) -> Row[Any]:
    """The locked row of a printer, if the actor has *permission* in its warehouse."""
    query = select(_printer).where(_printer.c.id == printer_id).with_for_update(key_share=True)
    return _reached(tx, actor, permission, printer_id, query)


def printer_seen(
    tx: Transaction, actor: Actor, permission: Permission, printer_id: int
) -> Row[Any]:
    """Like :func:`printer_in_reach`, for who only reads: the row is not locked."""
    query = select(_printer).where(_printer.c.id == printer_id)
    return _reached(tx, actor, permission, printer_id, query)


def _reached(
    tx: Transaction, actor: Actor, permission: Permission, printer_id: int, query: Select[Any]
) -> Row[Any]:
    actor.require(permission)
    row = tx.execute(query).one_or_none()
    if row is None or not actor.may(permission, warehouse_id=row.warehouse_id):
        raise UnknownThing(kind="printer", key=str(printer_id))
    return row


def printers_with_counts() -> Select[Any]:
    """Printers, each with its jobs that wait and those of which nobody knows."""
    waiting, unknown = (
        select(func.count())
        .select_from(_job)
        .where(_job.c.printer_id == _printer.c.id, is_open(_job), in_state(_job, *states))
        .scalar_subquery()
        for states in (("queued", "leased"), ("unknown",))
    )
    return select(_printer, waiting.label("waiting"), unknown.label("unknown"))


def view_of(row: Row[Any]) -> PrinterView:
    """The view of a row of :func:`printers_with_counts`."""
    return PrinterView(
        id=row.id,
        warehouse_id=row.warehouse_id,
        code=row.code,
        setup=PrinterSetup(
            name=row.name,
            kind=row.kind,
            address=row.address,
            language=row.language,
            dpi=row.dpi,
            paper=row.paper,
            active=row.active,
        ),
        condition=row.condition,
        condition_at=row.condition_at,
        condition_detail=row.condition_detail,
        retry_at=row.retry_at,
        waiting=row.waiting,
        unknown=row.unknown,
    )


# --- parts -----------------------------------------------------------------------------------


def _columns(setup: PrinterSetup) -> dict[str, Any]:
    return {
        "name": setup.name,
        "kind": setup.kind,
        "address": setup.address,
        "language": setup.language,
        "dpi": setup.dpi,
        "paper": setup.paper,
        "active": setup.active,
    }


def _faults_of(setup: PrinterSetup, *, papers: tuple[str, ...]) -> list[Fault]:
    choices: dict[str, tuple[str, ...]] = {
        "kind": PRINTER_KINDS,
        "language": LANGUAGES,
        "paper": ("", *papers),
    }
    faults = [
        Fault(name, "not-one-of", ", ".join(filter(None, allowed)))
        for name, allowed in choices.items()
        if getattr(setup, name) not in allowed
    ]
    if setup.dpi not in DOTS_PER_INCH:
        faults.append(Fault("dpi", "not-one-of", ", ".join(map(str, DOTS_PER_INCH))))
    if not 0 < len(setup.name.strip()) <= 200:
        faults.append(Fault("name", "bad-length", setup.name))
    return faults or _address_faults(setup)


def _address_faults(setup: PrinterSetup) -> list[Fault]:
    if setup.kind == "browser":
        return [Fault("address", "not-wanted", setup.address)] if setup.address else []
    if len(setup.address) > ADDRESS_LENGTH:
        return [Fault("address", "bad-length", setup.address[:40])]
    try:
        way_to(setup.kind, setup.address, language=setup.language, spool_root=Path())
    except ValueError as problem:
        return [Fault("address", "not-an-address", str(problem))]
    return []


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InvalidInput(faults=tuple(faults))


def _changed(tx: Transaction, actor: Actor, printer_id: int, act: str) -> PrinterView:
    view = view_of(tx.execute(printers_with_counts().where(_printer.c.id == printer_id)).one())
    audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("printer", printer_id),
        warehouse_id=view.warehouse_id,
        details={"code": view.code, "kind": view.setup.kind, "address": view.setup.address},
    )
    return view
