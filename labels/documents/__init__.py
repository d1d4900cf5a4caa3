"""From a document's value to the elements of its pages; one module for each family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labels.documents import lists, shipping, signs
from labels.layout import Page
from labels.paper import (
    A4,
    A5,
    BADGE_86X54,
    LABEL_57X32,
    LABEL_100X50,
    LABEL_100X150,
    Paper,
)
from labels.values import (
    BadgeLabel,
    BinLabel,
    CarrierManifest,
    CartLabel,
    CommandSheet,
    Document,
    PackingSlip,
    PickList,
    ProductLabel,
    PutWallLabel,
    ReturnLabel,
    ShippingLabel,
    ToteLabel,
    Words,
)

# Each composer takes its own type of value; the key of the table is that type.
_COMPOSERS: dict[type[Any], tuple[Callable[[Any, Paper, Words], list[Page]], Paper]] = {
    ShippingLabel: (shipping.shipping_label, LABEL_100X150),
    ReturnLabel: (shipping.return_label, LABEL_100X150),
    PackingSlip: (lists.packing_slip, A5),
    PickList: (lists.pick_list, A4),
    CarrierManifest: (lists.carrier_manifest, A4),
    CommandSheet: (signs.command_sheet, A4),
    BinLabel: (signs.bin_label, LABEL_100X50),
    ProductLabel: (signs.product_label, LABEL_57X32),
    ToteLabel: (signs.tote_label, LABEL_100X50),
    CartLabel: (signs.cart_label, LABEL_100X50),
    BadgeLabel: (signs.badge_label, BADGE_86X54),
    PutWallLabel: (signs.put_wall_label, LABEL_100X50),
}


def usual_paper(document: Document) -> Paper:
    """The paper a document is printed on when nobody says otherwise."""
    return usual_paper_of(type(document))


def usual_paper_of(kind: type[Document]) -> Paper:
    """The usual paper of a type of document."""
    return _COMPOSERS[kind][1]


def compose(document: Document, *, paper: Paper | None, words: Words) -> list[Page]:
    """The pages of a document, not yet measured."""
    composer, usual = _COMPOSERS[type(document)]
    return composer(document, paper or usual, words)
