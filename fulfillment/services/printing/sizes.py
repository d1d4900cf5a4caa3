"""From the name of a paper to its size in a warehouse, inside the transaction that asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select

from fulfillment.domain.printing import STICKER_KINDS
from fulfillment.services.printing.documents import CLASSES
from fulfillment.store.base import table_of
from fulfillment.store.printing import DocumentPaper, WarehousePaper
from fulfillment.store.transaction import Transaction
from labels import PAPERS, SHEETS, Paper, Sheet, usual_paper_of

_paper, _chosen = table_of(WarehousePaper), table_of(DocumentPaper)


def size_of(row: Row[Any]) -> Paper:
    """The paper of a row; a built-in one keeps its dots."""
    return replace(
        PAPERS.get(row.name) or Paper(name=row.name, width_mm=0, height_mm=0),
        width_mm=row.width_tenths_mm / 10,
        height_mm=row.height_tenths_mm / 10,
        margin_mm=row.margin_tenths_mm / 10,
    )


def printer_paper(
    tx: Transaction, *, warehouse_id: int, name: str, document_kind: str
) -> Paper | None:
    """What a printer that is set up with the paper *name* prints a kind of document on.

    '' is the usual paper of the document as it is in this warehouse.  None: as it is built in.
    """
    wanted = name or usual_paper_of(CLASSES[document_kind]).name
    row = tx.execute(
        select(_paper).where(_paper.c.warehouse_id == warehouse_id, _paper.c.name == wanted)
    ).one_or_none()
    return PAPERS.get(name) if row is None else size_of(row)


def dialog_paper(tx: Transaction, *, warehouse_id: int, document_kind: str) -> Paper | Sheet | None:
    """What a kind of document goes on in the browser's print dialog; None: as it is built in."""
    name = tx.execute(
        select(_chosen.c.paper).where(
            _chosen.c.warehouse_id == warehouse_id, _chosen.c.document_kind == document_kind
        )
    ).scalar_one_or_none()
    if name in SHEETS:
        return SHEETS[name]
    return printer_paper(
        tx, warehouse_id=warehouse_id, name=name or "", document_kind=document_kind
    )


def names_on_offer(tx: Transaction, warehouse_id: int) -> tuple[str, ...]:
    """The papers of a warehouse that are in use: the built-in ones first."""
    rows = tx.execute(
        select(_paper.c.name, _paper.c.active)
        .where(_paper.c.warehouse_id == warehouse_id)
        .order_by(_paper.c.name)
    )
    active = dict.fromkeys(PAPERS, True) | {row.name: row.active for row in rows}
    return tuple(name for name, is_active in active.items() if is_active)


def choices_of(document_kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """What a kind of document may be put on, of the papers *names* and the sheets of labels."""
    return (*names, *SHEETS) if document_kind in STICKER_KINDS else names
