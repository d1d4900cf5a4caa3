"""An order by telephone: typed into a form that works without scripts.

Every button of the form sends it whole; only *Save* makes an order.  The reference and the time
are made with the first drawing of the form, so that the same form sent twice is one order.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_currency_precision, get_territory_currencies
from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.errors import Fault, InvalidInput, invalid
from fulfillment.domain.orders import PRIORITIES, NewLine, NewOrder, PostalAddress
from fulfillment.domain.people import Permission
from fulfillment.office import forms
from fulfillment.office.addresses import typed_address
from fulfillment.office.choices import sellers, services
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services.catalogue import listing as catalogue
from fulfillment.services.catalogue.naming import names_by_sku
from fulfillment.services.orders.intake import take_order
from fulfillment.store.transaction import now

blueprint = Blueprint("office_phone_orders", __name__)

CHANNEL = "phone"
FIRST_LINES = 3
MOST_TYPED_LINES = 100
MOST_FOUND = 20
LONGEST_CELL = 64


@dataclass(frozen=True)
class TypedLine:
    """A line as it was typed; ``name`` is the product's, '' if the SKU is not known."""

    sku: str = ""
    quantity: str = ""
    price: str = ""
    name: str = ""


@blueprint.get("/orders/new")
@page(Permission.ENTER_ORDERS)
def new_order() -> Answer:
    """The empty form."""
    return _form_page(lines=[TypedLine()] * FIRST_LINES)


@blueprint.post("/orders/new")
@page(Permission.ENTER_ORDERS)
def do_new_order() -> Answer:
    """Save the order, or draw the form again with one more line or the products found."""
    act = request.form.get("act", "add")
    if act == "save":
        return _save()
    typed = _typed_lines()
    search = request.form.get("find", "").strip()
    if act.startswith("take:"):
        typed = _with_line(typed, TypedLine(act.removeprefix("take:")[:LONGEST_CELL], "1"))
        search = ""
    elif not search:
        typed.append(TypedLine())
    return _form_page(lines=typed, search=search)


def _save() -> Answer:
    taken: list[Any] = []
    refused = attempt("order", lambda: taken.append(take_order(actor(), _command())))
    if refused is not None:
        return _form_page(refused, lines=_typed_lines())
    order = taken[0]
    sentence = (
        _("Order %(number)s is taken.", number=order.number)
        if order.created
        else _("Order %(number)s was taken before, with the same content.", number=order.number)
    )
    return done(sentence, url_for("office_orders.read_order", order_id=order.order_id))


def _command() -> NewOrder:
    """The order of the form; every fault of its lines is reported at once."""
    currency = forms.text("currency", most=3, required=False).upper()
    return NewOrder(
        seller=forms.text("seller", most=64),
        channel=CHANNEL,
        reference=forms.text("reference", most=120),
        placed_at=_placed_at(),
        address=typed_address(),
        currency=currency,
        lines=_new_lines(currency),
        customer=forms.text("customer", most=128, required=False),
        priority=forms.optional_number("priority", least=PRIORITIES.start, most=PRIORITIES.stop - 1)
        or 0,
        note=forms.lines("note", most=4_000),
        packing_note=forms.lines("packing_note", most=4_000),
        ship_complete=True if forms.ticked("ship_complete") else None,
        requested_service=forms.text("requested_service", most=129, required=False),
        promised_on=forms.optional_day("promised_on"),
    )


def _placed_at() -> datetime:
    found = forms.optional_moment("placed_at", UTC)
    if found is None:
        raise invalid("placed_at", "required")
    return found


def _new_lines(currency: str) -> tuple[NewLine, ...]:
    faults: list[Fault] = []
    found: list[NewLine] = []
    for index, typed in enumerate(_typed_lines()):
        if not (typed.sku or typed.quantity or typed.price):
            continue
        try:
            quantity = forms.whole(f"lines[{index}].quantity", typed.quantity) or 0
            price = _minor(f"lines[{index}].unit_price", typed.price, currency)
            found.append(NewLine(typed.sku, quantity, price))
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(tuple(faults))
    return tuple(found)


def _minor(where: str, typed: str, currency: str) -> int:
    """A price like ``12.50`` in the smallest unit of its currency."""
    if not typed:
        return 0
    try:
        minor = Decimal(typed).scaleb(get_currency_precision(currency))
    except InvalidOperation:
        raise invalid(where, "not-a-number", typed) from None
    if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > 10**12:
        raise invalid(where, "not-a-number", typed)
    return int(minor)


def _typed_lines() -> list[TypedLine]:
    columns = [request.form.getlist(name) for name in ("sku", "quantity", "price")]
    cells = zip(*columns, strict=False)
    return [
        TypedLine(*(cell.strip()[:LONGEST_CELL] for cell in row))
        for row in list(cells)[:MOST_TYPED_LINES]
    ]


def _with_line(lines: list[TypedLine], line: TypedLine) -> list[TypedLine]:
    """*line* in the first empty place."""
    kept = [each for each in lines if each.sku]
    return [*kept, line, *[TypedLine()] * max(1, FIRST_LINES - len(kept) - 1)]


def _form_page(
    refused: Refusal | None = None, *, lines: list[TypedLine], search: str = ""
) -> Answer:
    choices = sellers()
    seller = request.form.get("seller") or next(iter(choices.values()), "")
    if seller not in choices.values():
        seller = next(iter(choices.values()), "")
    found = (
        catalogue.list_products(actor(), seller, search=search, limit=MOST_FOUND)
        if search
        else None
    )
    return draw(
        "office/new_order.html",
        refused,
        sellers=[(code, code) for code in choices.values()],
        services=services(),
        seller=seller,
        lines=list(_named(seller, lines)),
        first_empty=next((i for i, line in enumerate(lines) if not line.sku), 0),
        search=search,
        found=found.rows if found else None,
        form=request.form,
        reference=request.form.get("reference") or f"P-{secrets.token_hex(4).upper()}",
        placed_at=request.form.get("placed_at") or now().strftime("%Y-%m-%dT%H:%M:%S"),
        address=_shown_address(),
        currency=request.form.get("currency") or _usual_currency(seller),
    )


def _named(seller: str, lines: list[TypedLine]) -> Iterator[TypedLine]:
    skus = [line.sku for line in lines if line.sku.isprintable()]
    names = names_by_sku(actor(), seller, skus) if seller and any(skus) else {}
    for line in lines:
        yield TypedLine(line.sku, line.quantity, line.price, names.get(line.sku, ""))


def _shown_address() -> PostalAddress:
    """What was typed of the address, whatever is wrong with it."""
    form = request.form
    names = ("country", "name", "company", "city", "region", "postcode", "phone", "email")
    return PostalAddress(
        **{name: form.get(name, "") for name in names},
        lines=tuple(form.get("lines", "").splitlines()),
    )


def _usual_currency(seller: str) -> str:
    """The currency of the seller's own country."""
    rows = catalogue.list_sellers(actor(), limit=catalogue.MOST_ON_A_PAGE).rows
    country = next((row["sender"].get("country", "") for row in rows if row["code"] == seller), "")
    return next(iter(get_territory_currencies(country)), "") if country else ""
