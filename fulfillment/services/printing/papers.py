"""Papers: their sizes and margins in a warehouse, and which one each document takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update

from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.printing import (
    DIALOG_KINDS,
    GREATEST_SIDE_TENTHS_MM,
    LEAST_PRINTED_TENTHS_MM,
    LEAST_SIDE_TENTHS_MM,
)
from fulfillment.services.printing.documents import CLASSES
from fulfillment.services.printing.printers import require_sight, warehouse_to_set_up
from fulfillment.services.printing.sizes import choices_of, dialog_paper, names_on_offer
from fulfillment.store.base import table_of
from fulfillment.store.journal import audit
from fulfillment.store.printing import PAPER_LENGTH, DocumentPaper, Printer, WarehousePaper
from fulfillment.store.transaction import Transaction, reads, writes
from labels import PAPERS, SHEETS, Paper, Sheet, usual_paper_of

_paper, _chosen, _printer = table_of(WarehousePaper), table_of(DocumentPaper), table_of(Printer)

_NAME = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_TENTH = Decimal("0.1")


@dataclass(frozen=True, kw_only=True)
class PaperSetup:
    """Size and margin in millimetres, exact to a tenth.

    ``margin_mm`` is the same on all four sides.  A paper that is not ``active`` cannot be chosen.
    """

    width_mm: Decimal
    height_mm: Decimal
    margin_mm: Decimal
    active: bool = True


@dataclass(frozen=True)
class PaperView:
    """A paper of a warehouse; ``changed``: a built-in one that has another size or margin here."""

    name: str
    setup: PaperSetup
    built_in: bool
    changed: bool


@dataclass(frozen=True)
class DocumentChoice:
    """What a kind of document goes on in the print dialog: ``paper``, or '' for the ``usual`` one.

    ``choices`` are the papers, and for stickers the sheets, that it may be put on.
    """

    document_kind: str
    paper: str
    usual: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class WarehousePapers:
    """The papers of a warehouse, built-in ones first, and the choice for each document."""

    warehouse_id: int
    papers: tuple[PaperView, ...]
    documents: tuple[DocumentChoice, ...]


@reads
def list_papers(tx: Transaction, actor: Actor, *, warehouse_id: int) -> WarehousePapers:
    """The papers of a warehouse and what its documents go on; raises UnknownThing."""
    require_sight(actor, Permission.PACK, warehouse_id)
    return WarehousePapers(
        warehouse_id=warehouse_id,
        papers=tuple(_views(tx, warehouse_id).values()),
        documents=_documents(tx, warehouse_id),
    )


@writes
def save_paper(
    tx: Transaction, actor: Actor, *, warehouse_id: int, name: str, setup: PaperSetup
) -> PaperView:
    """Add a paper to a warehouse, or change the one of that name, a built-in one too.

    What is printed from then on has the new size.  Raises InvalidInput with every fault, also for
    a paper that is put out of use while something is printed on it, and UnknownThing.
    """
    warehouse_to_set_up(tx, actor, warehouse_id)
    _refuse([*_name_faults(name), *_setup_faults(setup)])
    if not setup.active:
        _refuse(_uses(tx, warehouse_id, name))
    values = {
        "width_tenths_mm": int(setup.width_mm * 10),
        "height_tenths_mm": int(setup.height_mm * 10),
        "margin_tenths_mm": int(setup.margin_mm * 10),
        "active": setup.active,
    }
    key = (_paper.c.warehouse_id == warehouse_id, _paper.c.name == name)
    if not tx.execute(update(_paper).where(*key).values(**values)).rowcount:
        tx.execute(insert(_paper).values(warehouse_id=warehouse_id, name=name, **values))
    _audit(tx, actor, warehouse_id, "paper-saved", {"name": name, **values})
    return _views(tx, warehouse_id)[name]


@writes
def remove_paper(tx: Transaction, actor: Actor, *, warehouse_id: int, name: str) -> None:
    """Take a paper out of a warehouse; a built-in one goes back to its standard size and margin.

    Raises UnknownThing, and InvalidInput while a printer or a document is set to it.
    """
    warehouse_to_set_up(tx, actor, warehouse_id)
    if name not in _views(tx, warehouse_id):
        raise UnknownThing(kind="paper", key=name)
    if name not in PAPERS:
        _refuse(_uses(tx, warehouse_id, name))
    key = (_paper.c.warehouse_id == warehouse_id, _paper.c.name == name)
    tx.execute(delete(_paper).where(*key))
    _audit(tx, actor, warehouse_id, "paper-removed", {"name": name})


@writes
def choose_document_paper(
    tx: Transaction, actor: Actor, *, warehouse_id: int, document_kind: str, paper: str
) -> None:
    """What a kind of document goes on in the browser's print dialog; '' = its usual paper.

    Raises InvalidInput (no such document or paper, or a sheet for what is no sticker) and
    UnknownThing.
    """
    warehouse_to_set_up(tx, actor, warehouse_id)
    if document_kind not in DIALOG_KINDS:
        _refuse([Fault("document_kind", "not-one-of", ", ".join(DIALOG_KINDS))])
    choices = choices_of(document_kind, names_on_offer(tx, warehouse_id))
    if paper and paper not in choices:
        _refuse([Fault("paper", "not-one-of", ", ".join(choices))])
    key = {"warehouse_id": warehouse_id, "document_kind": document_kind}
    tx.execute(
        delete(_chosen).where(
            _chosen.c.warehouse_id == warehouse_id, _chosen.c.document_kind == document_kind
        )
    )
    if paper:
        tx.execute(insert(_chosen).values(**key, paper=paper))
    details = {"document_kind": document_kind, "paper": paper}
    _audit(tx, actor, warehouse_id, "document-paper-chosen", details)


@reads
def paper_of_commands(tx: Transaction, actor: Actor, *, warehouse_id: int) -> Paper | Sheet | None:
    """What a station's sheet of commands goes on; None: as it is built in."""
    require_sight(actor, Permission.WORK_TASKS, warehouse_id)
    return dialog_paper(tx, warehouse_id=warehouse_id, document_kind="command-sheet")


# --- parts -----------------------------------------------------------------------------------


def _views(tx: Transaction, warehouse_id: int) -> dict[str, PaperView]:
    rows = tx.execute(
        select(_paper).where(_paper.c.warehouse_id == warehouse_id).order_by(_paper.c.name)
    )
    standard = {name: _setup_of(paper) for name, paper in PAPERS.items()}
    views = {name: PaperView(name, setup, True, False) for name, setup in standard.items()}
    for row in rows:
        setup = PaperSetup(
            width_mm=Decimal(row.width_tenths_mm) / 10,
            height_mm=Decimal(row.height_tenths_mm) / 10,
            margin_mm=Decimal(row.margin_tenths_mm) / 10,
            active=row.active,
        )
        built_in = row.name in standard
        changed = built_in and setup != standard[row.name]
        views[row.name] = PaperView(row.name, setup, built_in, changed)
    return views


def _setup_of(paper: Paper) -> PaperSetup:
    sides = (paper.width_mm, paper.height_mm, paper.margin_mm)
    width, height, margin = (Decimal(round(side * 10)) / 10 for side in sides)
    return PaperSetup(width_mm=width, height_mm=height, margin_mm=margin)


def _documents(tx: Transaction, warehouse_id: int) -> tuple[DocumentChoice, ...]:
    query = select(_chosen.c.document_kind, _chosen.c.paper).where(
        _chosen.c.warehouse_id == warehouse_id
    )
    chosen = {row.document_kind: row.paper for row in tx.execute(query)}
    names = names_on_offer(tx, warehouse_id)
    return tuple(
        DocumentChoice(
            document_kind=kind,
            paper=chosen.get(kind, ""),
            usual=usual_paper_of(CLASSES[kind]).name,
            choices=choices_of(kind, names),
        )
        for kind in DIALOG_KINDS
    )


def _uses(tx: Transaction, warehouse_id: int, name: str) -> list[Fault]:
    """A fault for what is set to a paper: the printers together, each kind of document."""
    printers = tx.execute(
        select(_printer.c.code)
        .where(_printer.c.warehouse_id == warehouse_id, _printer.c.paper == name)
        .order_by(_printer.c.code)
    ).scalars()
    codes = ", ".join(printers)
    faults = [Fault("paper", "used-by-printers", codes)] if codes else []
    kinds = tx.execute(
        select(_chosen.c.document_kind)
        .where(_chosen.c.warehouse_id == warehouse_id, _chosen.c.paper == name)
        .order_by(_chosen.c.document_kind)
    ).scalars()
    return faults + [Fault(kind, "used-by-documents", name) for kind in kinds]


def _name_faults(name: str) -> list[Fault]:
    if not 0 < len(name) <= PAPER_LENGTH:
        return [Fault("name", "bad-length", name[:40])]
    if not _NAME.fullmatch(name):
        return [Fault("name", "not-a-paper-name", name)]
    return [Fault("name", "not-possible", name)] if name in SHEETS else []


def _setup_faults(setup: PaperSetup) -> list[Fault]:
    sides = (setup.width_mm, setup.height_mm)
    faults = [
        fault
        for where, side in zip(("width_mm", "height_mm"), sides, strict=True)
        for fault in _length_faults(
            where, side, least=LEAST_SIDE_TENTHS_MM, most=GREATEST_SIDE_TENTHS_MM
        )
    ]
    if faults:
        return faults
    most_tenths = (int(min(sides) * 10) - LEAST_PRINTED_TENTHS_MM) // 2
    return _length_faults("margin_mm", setup.margin_mm, least=0, most=most_tenths)


def _length_faults(where: str, length: Decimal, *, least: int, most: int) -> list[Fault]:
    """Faults of a length that has to lie between so many tenths of a millimetre."""
    shortest, longest = Decimal(least) / 10, Decimal(most) / 10
    if not (length.is_finite() and shortest <= length <= longest):
        return [Fault(where, "out-of-range", f"{shortest}..{longest}")]
    if length.quantize(_TENTH) != length:
        return [Fault(where, "finer-than-a-tenth", str(length)[:40])]
    return []


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InvalidInput(faults=tuple(faults))


def _audit(
    tx: Transaction, actor: Actor, warehouse_id: int, act: str, details: dict[str, Any]
) -> None:
    audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("warehouse", warehouse_id),
        warehouse_id=warehouse_id,
        details=details,
    )
