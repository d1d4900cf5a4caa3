"""Labels for bins, totes, carts, products and badges: looked at, then printed."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request, url_for
from flask_babel import ngettext

from fulfillment.access import actor, page
from fulfillment.domain.errors import NotPermitted
from fulfillment.domain.people import Permission
from fulfillment.domain.printing import HOUSE_LABEL_KINDS, MOST_HOUSE_LABEL_COPIES
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.paper import paper_words, role_words
from fulfillment.services import printing
from fulfillment.services.printing import LabelChoice, LabelLook, QueuedLabels

blueprint = Blueprint("office_house_labels", __name__, url_prefix="/labels")

FORM = "labels"
LONGEST_LIST = 100_000
ASKED = ("codes", "zone", "starts_with", "seller")
"""Any of these in the address: the link says which labels, so they are looked at at once."""
KEPT = (*ASKED, "copies", "first_place")


@blueprint.get("")
@page(Permission.CHANGE_CATALOGUE)
def choose_labels() -> Answer:
    """The form, filled in as the link says."""
    return _labels_page(looked=any(request.args.get(name) for name in ASKED))


@blueprint.post("")
@page(Permission.CHANGE_CATALOGUE)
def look_at_labels() -> Answer:
    """How many they are, and the first of them; nothing is printed."""
    return _labels_page(looked=True)


@blueprint.post("/labels.pdf")
@page(Permission.CHANGE_CATALOGUE)
def draw_labels() -> Answer:
    """The PDF for the browser's print dialog."""
    warehouse_id = choices.one_warehouse(_warehouse_id())["id"]
    drawn: list[bytes] = []
    refused = attempt(
        FORM,
        lambda: drawn.append(
            printing.draw_labels(
                actor(),
                warehouse_id=warehouse_id,
                choice=_choice(),
                first_place=_first_place(),
                words=paper_words(),
                roles=role_words(),
            )
        ),
    )
    if refused is not None:
        return _labels_page(refused, looked=True)
    response = Response(drawn[0], mimetype="application/pdf")
    response.headers["Content-Disposition"] = "inline; filename=labels.pdf"
    return response


@blueprint.post("/print")
@page(Permission.CHANGE_CATALOGUE)
def queue_labels() -> Answer:
    """Into the queue of a printer; the form sent twice prints once."""
    warehouse_id = choices.one_warehouse(_warehouse_id())["id"]
    queued: list[QueuedLabels] = []
    refused = attempt(
        FORM,
        lambda: queued.append(
            printing.queue_labels(
                actor(),
                warehouse_id=warehouse_id,
                choice=_choice(),
                printer_id=forms.number("printer_id", least=1),
                key=forms.text("form_key", most=64),
                roles=role_words(),
            )
        ),
    )
    if refused is not None:
        return _labels_page(refused, looked=True)
    sentence = ngettext(
        "%(num)s label is in the queue of %(printer)s.",
        "%(num)s labels are in the queue of %(printer)s.",
        queued[0].labels,
        printer=queued[0].printer,
    )
    return done(sentence, url_for(".choose_labels", warehouse_id=warehouse_id, kind=_kind()))


# --- parts ---------------------------------------------------------------------------------------


def _warehouse_id() -> int | None:
    return forms.optional_number("warehouse_id", least=1)


def _kind() -> str:
    """The kind of labels; raises NotPermitted for one that this person does not print.

    Forms always say it; an address without one is that of the page.
    """
    first = None if request.method == "POST" else HOUSE_LABEL_KINDS[0]
    kind = forms.choice("kind", HOUSE_LABEL_KINDS, default=first)
    permission = printing.permission_for(kind)
    if not actor().may(permission):
        raise NotPermitted(permission=permission)
    return kind


def _choice() -> LabelChoice:
    kind = _kind()
    return LabelChoice(
        kind=kind,
        codes=_codes(kind),
        zone=forms.text("zone", most=16, required=False),
        starts_with=forms.text("starts_with", most=64, required=False),
        seller=forms.text("seller", most=64, required=False),
        copies=forms.optional_number("copies", least=1, most=MOST_HOUSE_LABEL_COPIES) or 1,
    )


def _codes(kind: str) -> tuple[str, ...]:
    """The codes of the list, each once: one a line, or with commas or blanks between them.

    A SKU or badge may have blanks in it; the codes of places have none, and no small letters.
    """
    typed = forms.lines("codes", most=LONGEST_LIST)
    if kind in ("product-label", "badge-label"):
        parts = [part.strip() for part in re.split(r"[\n\t,;]", typed)]
    else:
        parts = re.split(r"[\s,;]", typed.upper())
    return tuple(dict.fromkeys(part for part in parts if part))


def _first_place() -> int:
    return forms.optional_number("first_place", least=1) or 1


def _labels_page(refused: Refusal | None = None, *, looked: bool) -> Answer:
    warehouse = choices.one_warehouse(_warehouse_id())
    looks: list[LabelLook] = []
    if looked:
        wrong = attempt(
            FORM,
            lambda: looks.append(
                printing.look_at_labels(
                    actor(),
                    warehouse_id=warehouse["id"],
                    choice=_choice(),
                    first_place=_first_place(),
                )
            ),
        )
        refused = refused or wrong
    printers = printing.list_printers(actor(), warehouse_id=warehouse["id"])
    return draw(
        "office/labels.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        sellers=choices.sellers().values(),
        kind=_kind(),
        kinds=[kind for kind in HOUSE_LABEL_KINDS if actor().may(printing.permission_for(kind))],
        asked={name: request.values.get(name, "") for name in KEPT},
        look=looks[0] if looks else None,
        printers=[one for one in printers if one.setup.active and one.setup.kind != "browser"],
    )
