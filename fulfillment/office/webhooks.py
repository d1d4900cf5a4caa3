"""Webhooks: where to, what about; and the messages that could not be delivered."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.outbox import TOPICS
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services.outbox import endpoints, settling
from fulfillment.services.outbox.endpoints import EndpointWish, NewSecret

blueprint = Blueprint("office_webhooks", __name__, url_prefix="/settings/webhooks")

MOST_DEAD = 200


@blueprint.get("")
@page(Permission.CHANGE_POLICY)
def list_endpoints() -> Answer:
    """The webhooks."""
    return _endpoints_page()


@blueprint.post("")
@page(Permission.CHANGE_POLICY)
def create_endpoint() -> Answer:
    """A new webhook; its secret is shown on this answer only."""
    made: list[NewSecret] = []

    def create() -> None:
        wish = EndpointWish(
            name=forms.text("name"),
            url=forms.text("url", most=500),
            topics=tuple(request.form.getlist("topics")),
            warehouse_id=forms.optional_number("warehouse_id", least=1),
            seller_id=forms.optional_number("seller_id", least=1),
        )
        config = current_app.config
        made.append(
            endpoints.create_endpoint(
                actor(), wish=wish, rules=config["WEBHOOK_RULES"], key=config["SECRET_KEY"]
            )
        )

    refused = attempt("create", create)
    return _endpoints_page(refused) if refused else _shown_once(made[0])


@blueprint.post("/<int:endpoint_id>")
@page(Permission.CHANGE_POLICY)
def change_endpoint(endpoint_id: int) -> Answer:
    """Change a webhook, or put it out of use."""

    def change() -> None:
        wish = EndpointWish(
            name=forms.text("name"),
            url=forms.text("url", most=500),
            topics=tuple(request.form.getlist("topics")),
            active=forms.ticked("active"),
        )
        rules = current_app.config["WEBHOOK_RULES"]
        endpoints.change_endpoint(actor(), endpoint_id, wish=wish, rules=rules)

    refused = attempt(f"webhook-{endpoint_id}", change)
    return _endpoints_page(refused) if refused else done(_("Saved."), url_for(".list_endpoints"))


@blueprint.post("/<int:endpoint_id>/secret")
@page(Permission.CHANGE_POLICY)
def renew_secret(endpoint_id: int) -> Answer:
    """A new secret, shown on this answer only."""
    made: list[NewSecret] = []

    def renew() -> None:
        forms.require_sure()
        key = current_app.config["SECRET_KEY"]
        made.append(endpoints.renew_secret(actor(), endpoint_id, key=key))

    refused = attempt(f"webhook-{endpoint_id}", renew)
    return _endpoints_page(refused) if refused else _shown_once(made[0])


@blueprint.get("/dead")
@page(Permission.OVERRIDE)
def list_dead() -> Answer:
    """What could not be delivered."""
    return _dead_page()


@blueprint.post("/dead/<int:delivery_id>/resend")
@page(Permission.OVERRIDE)
def resend(delivery_id: int) -> Answer:
    """Try it again."""
    refused = attempt(f"delivery-{delivery_id}", lambda: settling.resend(actor(), delivery_id))
    if refused is not None:
        return _dead_page(refused)
    return done(_("It is sent again."), url_for(".list_dead"))


@blueprint.post("/dead/<int:delivery_id>/give-up")
@page(Permission.OVERRIDE)
def give_up(delivery_id: int) -> Answer:
    """It is not to arrive any more."""
    refused = attempt(
        f"delivery-{delivery_id}",
        lambda: settling.give_up(actor(), delivery_id, reason=forms.reason()),
    )
    if refused is not None:
        return _dead_page(refused)
    return done(_("It is given up."), url_for(".list_dead"))


def _endpoints_page(refused: Refusal | None = None) -> Answer:
    return draw(
        "office/webhooks.html",
        refused,
        endpoints=endpoints.list_endpoints(actor()),
        topics=TOPICS,
        warehouses=choices.warehouses(),
        sellers=choices.sellers(),
        ticked=tuple(request.form.getlist("topics")),
    )


def _dead_page(refused: Refusal | None = None) -> Answer:
    return draw(
        "office/dead_messages.html",
        refused,
        dead=settling.list_deliveries(actor(), "dead", limit=MOST_DEAD).items,
        waiting=settling.list_deliveries(actor(), "open", limit=MOST_DEAD).items,
    )


def _shown_once(made: NewSecret) -> str:
    return render_template(
        "office/secret.html", name=made.name, secret=made.secret, back=url_for(".list_endpoints")
    )
