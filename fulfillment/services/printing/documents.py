"""Documents in the queue: a value becomes JSON when it is asked for, and itself again when printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter

import labels
from fulfillment.domain.errors import CannotPrint, Fault, NothingToDo
from labels import ENGLISH, Document, Paper, Sheet, UnprintableDocument, Words

CLASSES: dict[str, type[Any]] = {
    "shipping-label": labels.ShippingLabel,
    "return-label": labels.ReturnLabel,
    "packing-slip": labels.PackingSlip,
    "pick-list": labels.PickList,
    "bin-label": labels.BinLabel,
    "product-label": labels.ProductLabel,
    "tote-label": labels.ToteLabel,
    "cart-label": labels.CartLabel,
    "badge-label": labels.BadgeLabel,
    "put-wall-label": labels.PutWallLabel,
    "command-sheet": labels.CommandSheet,
    "carrier-manifest": labels.CarrierManifest,
}


def kind_of(document: Document) -> str:
    """The kind that a station's printers are chosen by."""
    return next(kind for kind, one in CLASSES.items() if one is type(document))


def frozen(document: Document) -> dict[str, Any]:
    """The document as JSON: what is printed is what was asked for, whatever changes meanwhile."""
    return cast(dict[str, Any], _adapter(kind_of(document)).dump_python(document, mode="json"))


def thawed(kind: str, content: dict[str, Any]) -> Document:
    """The document again; raises pydantic's ``ValidationError`` if the content is of another form."""
    return cast(Document, _adapter(kind).validate_python(content))


def drawn(
    document: Document, *, copies: int, language: str, dpi: int, paper: Paper | None
) -> bytes:
    """The bytes for the printer; *paper* None = the usual one.  Raises the errors of :mod:`labels`.

    Barcodes are whole dots of the printer, in a PDF of its dots or of the finer ones that the
    paper asks for: office printers, which print A4, have more dots than most are set up with.
    """
    several = [document] * copies
    if language == "zpl":
        return labels.render_zpl(several, dpi=dpi, paper=paper)
    size = paper or labels.usual_paper(document)
    return labels.render_pdf(several, paper=replace(size, dpi=max(size.dpi, dpi)))


def for_dialog(
    documents: Sequence[Document],
    *,
    paper: Paper | Sheet | None,
    words: Words = ENGLISH,
    skip: int = 0,
) -> bytes:
    """The PDF that a browser's print dialog gets; *paper* None = the usual one.

    The first *skip* places of a sheet stay empty.

    Raises :class:`CannotPrint` with every text that cannot be printed, and
    :class:`NothingToDo` without documents.
    """
    if not documents:
        raise NothingToDo(what="print")
    try:
        return labels.render_pdf(documents, paper=paper, words=words, skip=skip)
    except UnprintableDocument as error:
        faults = tuple(
            Fault(problem.field, problem.code, str(problem)) for problem in error.problems
        )
        raise CannotPrint(faults=faults) from None


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(CLASSES[kind])
