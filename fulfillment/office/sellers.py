"""Sellers: their sender, how their orders are shared out and reviewed, who serves which country."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.allocation import RULES
from fulfillment.domain.catalogue import RegionPriorityEntry, SellerEntry
from fulfillment.domain.errors import UnknownThing, invalid
from fulfillment.domain.orders import PostalAddress, ReviewRules
from fulfillment.domain.people import Permission
from fulfillment.office import forms
from fulfillment.office.addresses import typed_address
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services.catalogue import listing, terms

blueprint = Blueprint("office_sellers", __name__, url_prefix="/settings/sellers")

MOST_RANK = 1_000
_ADDRESS = ("country", "name", "company", "city", "region", "postcode", "phone", "email")


@blueprint.get("")
@page(Permission.CHANGE_POLICY)
def list_sellers() -> Answer:
    """All that one may see."""
    return _list_page()


@blueprint.post("")
@page(Permission.MANAGE_PEOPLE)
def create_seller() -> Answer:
    """A new seller."""

    def create() -> None:
        code = forms.text("code", most=64).upper()
        if any(row["code"] == code for row in _sellers()):
            raise invalid("code", "repeated-key")
        terms.put_seller(actor(), _entry(code))

    refused = attempt("create", create)
    if refused is not None:
        return _list_page(refused)
    return done(_("The seller is there."), url_for(".list_sellers"))


@blueprint.get("/<int:seller_id>")
@page(Permission.CHANGE_POLICY)
def read_seller(seller_id: int) -> Answer:
    """A seller's settings."""
    return _seller_page(seller_id)


@blueprint.post("/<int:seller_id>")
@page(Permission.CHANGE_POLICY)
def change_seller(seller_id: int) -> Answer:
    """Name, sender, how orders are shared out and reviewed."""
    return _act(
        seller_id, "seller", lambda row: terms.put_seller(actor(), _entry(row["code"], known=row))
    )


@blueprint.post("/<int:seller_id>/regions")
@page(Permission.CHANGE_POLICY)
def put_regions(seller_id: int) -> Answer:
    """Which warehouse serves which country first: the form replaces what was there."""

    def put(row: Mapping[str, Any]) -> None:
        typed = forms.lines("priorities", most=50_000).split("\n")
        entries = [_priority(line) for line in typed if line.strip()]
        terms.put_region_priorities(actor(), row["code"], entries)

    return _act(seller_id, "regions", put)


# --- parts ---------------------------------------------------------------------------------------


def _entry(code: str, *, known: Mapping[str, Any] | None = None) -> SellerEntry:
    rules = _rules(known)
    return SellerEntry(
        code=code,
        name=forms.text("seller_name"),
        sender=typed_address(),
        allocation_rule=forms.choice("allocation_rule", RULES),
        ship_complete=forms.ticked("ship_complete"),
        review_rules=ReviewRules(
            pass_everything=forms.ticked("pass_everything"),
            most_total_minor=forms.optional_number("most_total_minor"),
            countries=tuple(forms.text("countries", most=1_000, required=False).upper().split()),
            customers=rules.customers,
            refused_tags=tuple(forms.text("refused_tags", most=1_000, required=False).split()),
            hold_customer_notes=forms.ticked("hold_customer_notes"),
        ),
    )


def _rules(row: Mapping[str, Any] | None) -> ReviewRules:
    return ReviewRules.of(row["review_rules"] if row else {})


def _priority(line: str) -> RegionPriorityEntry:
    """A line like ``W1 1 GB``: warehouse, rank, and a country where it is not for all of them."""
    warehouse, _blank, rest = line.strip().partition(" ")
    rank, _blank, country = rest.strip().partition(" ")
    number = forms.whole("rank", rank, least=1, most=MOST_RANK)
    if number is None:
        raise invalid("priorities", "wrong-form", line)
    return RegionPriorityEntry(warehouse, number, country.strip().upper())


def _sellers() -> tuple[Mapping[str, Any], ...]:
    return listing.list_sellers(actor(), limit=listing.MOST_ON_A_PAGE).rows


def _one(seller_id: int) -> Mapping[str, Any]:
    for row in _sellers():
        if row["id"] == seller_id:
            return row
    raise UnknownThing(kind="seller", key=str(seller_id))


def _act(seller_id: int, form: str, command: Callable[[Mapping[str, Any]], object]) -> Answer:
    row = _one(seller_id)
    refused = attempt(form, lambda: command(row))
    if refused is not None:
        return _seller_page(seller_id, refused)
    return done(_("Saved."), url_for(".read_seller", seller_id=seller_id))


def _list_page(refused: Refusal | None = None) -> Answer:
    return draw(
        "office/sellers.html",
        refused,
        sellers=_sellers(),
        seller=None,
        review=ReviewRules(),
        rules=RULES,
        address=PostalAddress(country=""),
    )


def _seller_page(seller_id: int, refused: Refusal | None = None) -> Answer:
    row = _one(seller_id)
    stored = row["sender"]
    priorities = listing.list_region_priorities(actor(), row["code"])
    return draw(
        "office/seller.html",
        refused,
        seller=row,
        review=_rules(row),
        rules=RULES,
        priorities=priorities,
        priority_lines="\n".join(
            f"{one.warehouse} {one.rank} {one.country}".strip() for one in priorities
        ),
        address=PostalAddress(
            **{name: stored.get(name, "") for name in _ADDRESS},
            lines=tuple(stored.get("lines", ())),
        ),
    )
