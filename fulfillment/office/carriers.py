"""Carriers: how their labels are bought, and the purchases that only a person can settle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, url_for
from flask_babel import gettext as _

from fulfillment import carriers
from fulfillment.access import actor, page
from fulfillment.domain.catalogue import CarrierAccountEntry
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Permission
from fulfillment.office import forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services import purchases
from fulfillment.services.catalogue import terms

blueprint = Blueprint("office_carriers", __name__, url_prefix="/carriers")


@blueprint.get("")
@page(Permission.OVERRIDE)
def list_purchases() -> Answer:
    """What is being bought or taken back, and how carriers are reached."""
    return _carriers_page()


@blueprint.post("/accounts")
@page(Permission.CHANGE_POLICY)
def put_account() -> Answer:
    """How the labels of a carrier are bought from now on."""

    def put() -> None:
        entry = CarrierAccountEntry(
            carrier=forms.text("carrier", most=32).upper(),
            kind=forms.choice("kind", carriers.kinds()),
            settings=_settings(forms.lines("settings", most=terms.MOST_SETTINGS)),
        )
        terms.put_carrier_account(actor(), entry)

    return _act("account", put, _("Saved; the next labels are bought like this."))


@blueprint.post("/purchases/<int:purchase_id>/ask")
@page(Permission.OVERRIDE)
def ask_again(purchase_id: int) -> Answer:
    """Ask about it again now."""
    return _act(
        f"purchase-{purchase_id}",
        lambda: purchases.ask_again(actor(), purchase_id),
        _("It is asked about again."),
    )


@blueprint.post("/purchases/<int:purchase_id>/give-up")
@page(Permission.OVERRIDE)
def give_up(purchase_id: int) -> Answer:
    """It was never sold."""
    return _act(
        f"purchase-{purchase_id}",
        lambda: purchases.give_up(actor(), purchase_id, reason=forms.reason()),
        _("It counts as never sold; the packer may have another one bought."),
    )


@blueprint.post("/purchases/<int:purchase_id>/accept-loss")
@page(Permission.OVERRIDE)
def accept_loss(purchase_id: int) -> Answer:
    """It is paid for, and void all the same."""
    return _act(
        f"purchase-{purchase_id}",
        lambda: purchases.accept_loss(actor(), purchase_id, reason=forms.reason()),
        _("The loss is taken."),
    )


def _settings(typed: str) -> Mapping[str, Any]:
    try:
        found = json.loads(typed or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid("settings", "wrong-form")
    return found


def _act(form: str, command: Callable[[], None], sentence: str) -> Answer:
    refused = attempt(form, command)
    if refused is not None:
        return _carriers_page(refused)
    return done(sentence, url_for(".list_purchases"))


def _carriers_page(refused: Refusal | None = None) -> Answer:
    may_change = actor().may(Permission.CHANGE_POLICY)
    return draw(
        "office/carriers.html",
        refused,
        purchases=purchases.open_purchases(actor()),
        accounts=terms.list_carrier_accounts(actor()) if may_change else (),
        kinds=carriers.kinds(),
    )
