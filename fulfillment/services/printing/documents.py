"""Documents in the queue: a value becomes JSON when it is asked for, and itself again when printed."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter

import labels
from labels import Document

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


def drawn(document: Document, *, copies: int, language: str, dpi: int, paper: str) -> bytes:
    """The bytes for the printer; raises the errors of :mod:`labels`."""
    several = [document] * copies
    size = labels.PAPERS.get(paper)
    if language == "zpl":
        return labels.render_zpl(several, dpi=dpi, paper=size)
    return labels.render_pdf(several, paper=size)


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(CLASSES[kind])
