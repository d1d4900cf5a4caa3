"""Stock: what a warehouse has, what lies where, every move; receive, adjust and move by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.errors import InvalidInput, invalid
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.paging import next_page
from fulfillment.services import stock
from fulfillment.services.stock import Balance, Units
from fulfillment.services.stock_levels import low_stock, product_head

blueprint = Blueprint("office_stock", __name__, url_prefix="/stock")

ROWS_PER_PAGE = 100
MOVES_SHOWN = 200


# --- looking -------------------------------------------------------------------------------------


@blueprint.get("")
@page(Permission.SEE_STOCK)
def list_stock() -> Answer:
    """A warehouse by product."""
    found: list[stock.ProductStock] = []
    refused, warehouse = None, choices.one_warehouse(_asked_warehouse())
    try:
        found = stock.stock_by_product(
            actor(),
            warehouse_id=warehouse["id"],
            sku=forms.text("sku", most=64, required=False) or None,
            after_id=forms.optional_number("after") or 0,
            limit=ROWS_PER_PAGE,
        )
    except InvalidInput as error:
        refused = forms.refusal("search", error)
    full = len(found) == ROWS_PER_PAGE
    return draw(
        "office/stock.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        products=found,
        low=low_stock(actor(), [row.product_id for row in found]),
        next_page=next_page(after=found[-1].product_id if full else None),
    )


@blueprint.get("/places")
@page(Permission.SEE_STOCK)
def list_places() -> Answer:
    """A warehouse by place."""
    found: list[stock.PlaceStock] = []
    refused, warehouse = None, choices.one_warehouse(_asked_warehouse())
    try:
        found = stock.stock_by_place(
            actor(),
            warehouse_id=warehouse["id"],
            location=forms.text("location", most=64, required=False).upper() or None,
            after=_after_place(),
            limit=ROWS_PER_PAGE,
        )
    except InvalidInput as error:
        refused = forms.refusal("search", error)
    last = found[-1] if len(found) == ROWS_PER_PAGE else None
    return draw(
        "office/stock_places.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        places=found,
        next_page=next_page(
            after=last.location if last else None,
            after_product=last.product_id if last else None,
            after_lot=last.lot if last else None,
        ),
    )


@blueprint.get("/places/<code>")
@page(Permission.SEE_STOCK)
def read_place(code: str) -> Answer:
    """What lies in a place, and every move into it and out of it."""
    before = forms.optional_number("before")
    moves = stock.moves_of_place(actor(), location=code, before_id=before, limit=MOVES_SHOWN)
    contents = [
        row
        for warehouse_id in choices.warehouses()
        for row in stock.stock_by_place(actor(), warehouse_id=warehouse_id, location=code)
    ]
    return draw(
        "office/stock_place.html",
        code=code,
        contents=contents,
        moves=moves,
        next_page=_older(moves),
    )


@blueprint.get("/products/<int:product_id>")
@page(Permission.SEE_STOCK)
def read_product(product_id: int) -> Answer:
    """A product in every warehouse, where it lies, and its moves."""
    head = product_head(actor(), product_id)
    before = forms.optional_number("before")
    moves = stock.moves_of_product(
        actor(), product_id=product_id, before_id=before, limit=MOVES_SHOWN
    )
    warehouses = {
        code: (_in_warehouse(key, head.sku, product_id), _places_of(key, product_id))
        for key, code in choices.warehouses().items()
    }
    return draw(
        "office/stock_product.html",
        product=head,
        low=low_stock(actor(), [product_id]).get(product_id),
        warehouses=warehouses,
        moves=moves,
        next_page=_older(moves),
    )


def _in_warehouse(warehouse_id: int, sku: str, product_id: int) -> stock.ProductStock | None:
    found = stock.stock_by_product(
        actor(), warehouse_id=warehouse_id, sku=sku, after_id=product_id - 1, limit=1
    )
    return found[0] if found and found[0].product_id == product_id else None


def _places_of(warehouse_id: int, product_id: int) -> list[stock.PlaceStock]:
    return stock.stock_by_place(actor(), warehouse_id=warehouse_id, product_id=product_id)


def _older(moves: list[stock.MoveRow]) -> str | None:
    return next_page(before=moves[-1].id if len(moves) == MOVES_SHOWN else None)


def _asked_warehouse() -> int | None:
    return forms.optional_number("warehouse_id")


def _after_place() -> tuple[str, int, str]:
    return (
        forms.text("after", most=64, required=False),
        forms.optional_number("after_product") or 0,
        forms.text("after_lot", most=64, required=False),
    )


# --- changing ------------------------------------------------------------------------------------


@blueprint.get("/change")
@page(Permission.CHANGE_STOCK)
def change() -> Answer:
    """The three forms, filled in as far as the link says."""
    return _change_page()


@blueprint.post("/receive")
@page(Permission.CHANGE_STOCK)
def receive() -> Answer:
    """Take units in from the supplier."""

    def command() -> Callable[[], Balance]:
        location, units = _location("location"), _units()
        quantity = forms.number("quantity", least=1, most=stock.MOST_UNITS)
        document = forms.text("document", most=64)
        return lambda: stock.receive_stock(
            actor(), location=location, units=units, quantity=quantity, document=document
        )

    return _change("receive", command)


@blueprint.post("/adjust")
@page(Permission.CHANGE_STOCK)
def adjust() -> Answer:
    """Mend what the books say, by a difference or to a figure."""

    def command() -> Callable[[], Balance]:
        location, units, reason = _location("location"), _units(), forms.reason()
        if forms.choice("how", ("by", "to")) == "to":
            quantity = forms.number("quantity", most=stock.MOST_UNITS)
            return lambda: stock.set_stock(
                actor(), location=location, units=units, quantity=quantity, reason=reason
            )
        delta = forms.number("quantity", least=-stock.MOST_UNITS, most=stock.MOST_UNITS)
        return lambda: stock.adjust_stock(
            actor(), location=location, units=units, delta=delta, reason=reason
        )

    return _change("adjust", command)


@blueprint.post("/move")
@page(Permission.CHANGE_STOCK)
def move() -> Answer:
    """Move free units to another place of the warehouse."""

    def command() -> Callable[[], Balance]:
        source, target, units = _location("source"), _location("target"), _units()
        quantity = forms.number("quantity", least=1, most=stock.MOST_UNITS)
        reason = forms.reason()
        return lambda: stock.move_stock(
            actor(), source=source, target=target, units=units, quantity=quantity, reason=reason
        )

    return _change("move", command)


def _change(form: str, read: Callable[[], Callable[[], Balance]]) -> Answer:
    """Read the form whole, then do its one command once."""
    balances: list[Balance | None] = []
    refused = attempt(form, lambda: balances.append(forms.once(read())))
    if refused is not None:
        return _change_page(refused)
    kept = {name: request.form.get(name, "") for name in ("seller_id", "sku", "location")}
    back = f"{url_for('.change')}?{urlencode(kept)}"
    balance = balances[0]
    if balance is None:
        return done(_("Nothing was changed a second time."), back)
    sentence = _(
        "%(location)s holds %(on_hand)s × %(sku)s now: %(reserved)s reserved, %(held)s held.",
        location=balance.location,
        on_hand=balance.on_hand,
        sku=f"{balance.sku} {balance.lot}".strip(),
        reserved=balance.reserved,
        held=balance.held,
    )
    return done(sentence, back)


def _units() -> Units:
    return Units(
        seller_id=forms.number("seller_id", least=1),
        sku=forms.text("sku", most=64),
        lot=forms.text("lot", most=64, required=False),
        serial=forms.text("serial", most=64, required=False),
        expires_on=forms.optional_day("expires_on"),
    )


def _location(name: str) -> str:
    code = forms.text(name, most=64).upper()
    if not code.isascii():
        raise invalid(name, "not-a-code", code)
    return code


def _change_page(refused: Refusal | None = None) -> Answer:
    given: dict[str, Any] = request.args.to_dict()
    return draw("office/stock_change.html", refused, sellers=choices.sellers(), given=given)
