"""Labels for the things of a warehouse: looked at first, then a PDF or jobs of a printer.

A supervisor opens a warehouse with them, relabels an aisle, or replaces a label that came off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from fulfillment.domain.errors import CannotPrint, Fault, InvalidInput, NothingToDo
from fulfillment.domain.people import Actor
from fulfillment.domain.printing import MOST_HOUSE_LABEL_JOBS
from fulfillment.services.printing.documents import CLASSES, for_dialog
from fulfillment.services.printing.found_labels import (
    HouseLabel,
    LabelChoice,
    found_labels,
    named,
    permission_for,
)
from fulfillment.services.printing.printers import printer_in_reach, printer_seen
from fulfillment.services.printing.queue import put_in_queue, require_queue
from fulfillment.services.printing.sizes import dialog_paper, printer_paper
from fulfillment.store.base import table_of
from fulfillment.store.journal import audit
from fulfillment.store.printing import PrintJob
from fulfillment.store.transaction import Transaction, reads, writes
from labels import ENGLISH, Paper, Sheet, Words, problems_of, usual_paper_of

_job = table_of(PrintJob)

FIRST_SHOWN = 20
KEY_MOST = 64
"""Characters of a caller's key; the rest of a job's is made here."""
NO_WORDS: Mapping[str, str] = {}


@dataclass(frozen=True)
class LabelLook:
    """What would come out of the print dialog: so many ``labels`` on so many ``pages``.

    ``places`` of a sheet of stickers, 0 where each label is a page; ``first`` are the first of
    the labels, each once whatever its copies.
    """

    kind: str
    labels: int
    pages: int
    paper: str
    places: int
    first: tuple[HouseLabel, ...]


@dataclass(frozen=True)
class QueuedLabels:
    """Labels in the queue of a printer: so many jobs, and so many pieces of paper."""

    printer: str
    jobs: int
    labels: int


@reads
def look_at_labels(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    choice: LabelChoice,
    first_place: int = 1,
) -> LabelLook:
    """How much a choice is, and its first labels; none at all is an answer, too.

    Raises like :func:`fulfillment.services.printing.found_labels.found_labels`, and InvalidInput
    for a *first_place* that the paper does not have.
    """
    found = found_labels(tx, actor, warehouse_id=warehouse_id, choice=choice, roles=NO_WORDS)
    paper = dialog_paper(tx, warehouse_id=warehouse_id, document_kind=choice.kind)
    _require_place(paper, first_place)
    labels = len(found) * choice.copies
    places = paper.labels_per_page if isinstance(paper, Sheet) else 0
    return LabelLook(
        kind=choice.kind,
        labels=labels,
        pages=-(-(first_place - 1 + labels) // places) if places and labels else labels,
        paper=_name_of(paper, choice.kind),
        places=places,
        first=found[:FIRST_SHOWN],
    )


def draw_labels(
    actor: Actor,
    *,
    warehouse_id: int,
    choice: LabelChoice,
    first_place: int = 1,
    words: Words = ENGLISH,
    roles: Mapping[str, str] = NO_WORDS,
) -> bytes:
    """The PDF for the print dialog, on the paper that the warehouse chose for this kind.

    The places before *first_place* of a sheet stay empty.  Raises like :func:`look_at_labels`,
    InvalidInput that names the labels which cannot be printed there, and NothingToDo.
    """
    found, paper = _found(actor, warehouse_id=warehouse_id, choice=choice, roles=roles)
    _require_place(paper, first_place)
    several = [one.label for one in found for _copy in range(choice.copies)]
    try:
        return for_dialog(several, paper=paper, words=words, skip=first_place - 1)
    except CannotPrint:
        # It names texts; somebody with two hundred labels asks which labels.
        size = paper.label if isinstance(paper, Sheet) else paper
        _refuse_unprintable(found, paper=size, words=words)
        raise


def queue_labels(
    actor: Actor,
    *,
    warehouse_id: int,
    choice: LabelChoice,
    printer_id: int,
    key: str,
    roles: Mapping[str, str] = NO_WORDS,
) -> QueuedLabels:
    """Queue labels on a printer of the warehouse, each a job of so many copies.

    The same *key* with the same choice again is the same labels.  Raises like :func:`draw_labels`,
    and InvalidInput for more than :data:`MOST_HOUSE_LABEL_JOBS` labels, another warehouse's
    printer, and one that has no queue.
    """
    if not 0 < len(key) <= KEY_MOST:
        raise InvalidInput((Fault("key", "bad-length", key[:40]),))
    found, paper = _found_for(
        actor, warehouse_id=warehouse_id, choice=choice, printer_id=printer_id, roles=roles
    )
    _refuse_unprintable(found, paper=paper)
    asked = hashlib.sha256(repr((warehouse_id, printer_id, choice)).encode()).hexdigest()
    return _queued(
        actor,
        found,
        warehouse_id=warehouse_id,
        printer_id=printer_id,
        choice=choice,
        key=f"labels:{asked[:16]}:{key}:",
    )


# --- parts -----------------------------------------------------------------------------------


@reads
def _found(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    choice: LabelChoice,
    roles: Mapping[str, str],
) -> tuple[tuple[HouseLabel, ...], Paper | Sheet | None]:
    """The labels, and what they go on in the print dialog."""
    found = found_labels(tx, actor, warehouse_id=warehouse_id, choice=choice, roles=roles)
    return found, dialog_paper(tx, warehouse_id=warehouse_id, document_kind=choice.kind)


@reads
def _found_for(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    choice: LabelChoice,
    printer_id: int,
    roles: Mapping[str, str],
) -> tuple[tuple[HouseLabel, ...], Paper]:
    """The labels, and the paper of the printer in its own dots."""
    found = found_labels(tx, actor, warehouse_id=warehouse_id, choice=choice, roles=roles)
    if not found:
        raise NothingToDo(what="print")
    if len(found) > MOST_HOUSE_LABEL_JOBS:
        text = f"{len(found)} > {MOST_HOUSE_LABEL_JOBS}"
        raise InvalidInput((Fault("labels", "too-many", text),))
    printer = printer_seen(tx, actor, permission_for(choice.kind), printer_id)
    if printer.warehouse_id != warehouse_id:
        raise InvalidInput((Fault("printer_id", "other-warehouse", printer.code),))
    require_queue(printer)
    paper = printer_paper(
        tx, warehouse_id=warehouse_id, name=printer.paper, document_kind=choice.kind
    )
    size = paper or usual_paper_of(CLASSES[choice.kind])
    return found, replace(size, dpi=printer.dpi)


@writes
def _queued(
    tx: Transaction,
    actor: Actor,
    found: Sequence[HouseLabel],
    *,
    warehouse_id: int,
    printer_id: int,
    choice: LabelChoice,
    key: str,
) -> QueuedLabels:
    printer = printer_in_reach(tx, actor, permission_for(choice.kind), printer_id)
    require_queue(printer)
    keys = [f"{key}{number}" for number in range(1, MOST_HOUSE_LABEL_JOBS + 1)]
    before = tx.execute(select(_job.c.copies).where(_job.c.key.in_(keys))).scalars().all()
    if before:
        return QueuedLabels(printer.code, len(before), sum(before))
    for job_key, one in zip(keys, found, strict=False):
        put_in_queue(
            tx,
            actor,
            one.label,
            printer_id=printer_id,
            key=job_key,
            copies=choice.copies,
            why="labels",
        )
    labels = len(found) * choice.copies
    audit(
        tx,
        by_id=actor.user_id,
        act="labels-queued",
        subject=("printer", printer_id),
        warehouse_id=warehouse_id,
        details={"kind": choice.kind, "jobs": len(found), "labels": labels},
    )
    return QueuedLabels(printer.code, len(found), labels)


def _name_of(paper: Paper | Sheet | None, kind: str) -> str:
    if isinstance(paper, Sheet):
        return paper.label.name
    return (paper or usual_paper_of(CLASSES[kind])).name


def _require_place(paper: Paper | Sheet | None, first_place: int) -> None:
    places = paper.labels_per_page if isinstance(paper, Sheet) else 1
    if not 1 <= first_place <= places:
        raise InvalidInput((Fault("first_place", "out-of-range", f"1..{places}"),))


def _refuse_unprintable(
    found: Sequence[HouseLabel], *, paper: Paper | None, words: Words = ENGLISH
) -> None:
    """Name the labels with a text or barcode that the paper has no room for."""
    codes = [one.code for one in found if problems_of(one.label, paper=paper, words=words)]
    if codes:
        text = named(list(dict.fromkeys(codes)))
        raise InvalidInput((Fault("labels", "unprintable", text),))
