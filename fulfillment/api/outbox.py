"""Webhooks, and what could not be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import current_app
from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Key, NameText, Output, PageOutput, PageQuery, Reason
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.outbox import endpoints, settling
from fulfillment.services.outbox.endpoints import EndpointView, EndpointWish, NewSecret
from fulfillment.services.paging import Page

routes = Routes("outbox", tag="Webhooks")

Topic = Literal[
    "order.backordered",
    "order.cancelled",
    "shipment.shipped",
    "shipment.un-shipped",
    "shipment.dispatched",
    "manifest.closed",
]


class EndpointChange(Input):
    """How a webhook is to be."""

    name: NameText
    url: str = Field(min_length=1, max_length=500, description="An address of `https`.")
    topics: list[Topic] = Field(max_length=20)
    active: bool = Field(True, description="`false`: what waits for it is dropped.")


class NewEndpointInput(EndpointChange):
    """A new webhook; without a warehouse or seller it hears of every one."""

    warehouse_id: Key | None = None
    seller_id: Key | None = None


class EndpointOutput(Output):
    """A webhook."""

    id: int
    name: str
    url: str
    topics: list[str]
    warehouse_id: int | None
    seller_id: int | None
    active: bool
    waiting: int
    dead: int
    created_at: datetime


class EndpointsOutput(Output):
    """The webhooks that you may change, by name."""

    items: list[EndpointOutput]


class SecretOutput(Output):
    """The secret of a webhook (Standard Webhooks, `whsec_…`), shown once."""

    id: int
    name: str
    secret: str | None


class DeliveryOutput(Output):
    """A message on its way to one receiver."""

    id: int
    topic: str
    key: str
    receiver: str
    by_mail: bool
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    reason: str = Field(description="Why the last attempt failed.")


class DeliveriesPage(PageOutput):
    """Deliveries, the oldest first."""

    items: list[DeliveryOutput]


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state: settling.Listed = "dead"


class GiveUpInput(Input):
    """Why it is not to arrive any more."""

    reason: Reason


def _endpoints_json(found: tuple[EndpointView, ...]) -> dict[str, object]:
    items = [EndpointOutput.model_validate(each) for each in found]
    return EndpointsOutput(items=items).model_dump(mode="json")


@routes.get(
    "/webhooks",
    permission=Permission.CHANGE_POLICY,
    answer=EndpointsOutput,
    render=_endpoints_json,
)
def list_endpoints(actor: Actor) -> tuple[EndpointView, ...]:
    """The webhooks that you may change."""
    return endpoints.list_endpoints(actor)


@routes.post(
    "/webhooks",
    permission=Permission.CHANGE_POLICY,
    answer=SecretOutput,
    status=201,
    once=("secret",),
)
def create_endpoint(actor: Actor, body: NewEndpointInput) -> NewSecret:
    """Add a webhook; the answer has its secret, which is shown once."""
    wish = EndpointWish(
        name=body.name,
        url=body.url,
        topics=tuple(body.topics),
        warehouse_id=body.warehouse_id,
        seller_id=body.seller_id,
        active=body.active,
    )
    config = current_app.config
    return endpoints.create_endpoint(
        actor, wish=wish, rules=config["WEBHOOK_RULES"], key=config["SECRET_KEY"]
    )


@routes.put(
    "/webhooks/<int:endpoint_id>", permission=Permission.CHANGE_POLICY, answer=EndpointOutput
)
def change_endpoint(actor: Actor, endpoint_id: int, body: EndpointChange) -> EndpointView:
    """Change a webhook; its warehouse and seller stay."""
    wish = EndpointWish(name=body.name, url=body.url, topics=tuple(body.topics), active=body.active)
    rules = current_app.config["WEBHOOK_RULES"]
    return endpoints.change_endpoint(actor, endpoint_id, wish=wish, rules=rules)


@routes.post(
    "/webhooks/<int:endpoint_id>/secret",
    permission=Permission.CHANGE_POLICY,
    answer=SecretOutput,
    once=("secret",),
)
def renew_secret(actor: Actor, endpoint_id: int) -> NewSecret:
    """Make a new secret, shown once; the former one signs as well for a day."""
    return endpoints.renew_secret(actor, endpoint_id, key=current_app.config["SECRET_KEY"])


@routes.get("/deliveries", permission=Permission.OVERRIDE, answer=DeliveriesPage)
def list_deliveries(actor: Actor, query: DeliveryQuery) -> Page[settling.DeliveryView]:
    """What could not be delivered, or is on its way."""
    return settling.list_deliveries(actor, query.state, after=query.after(), limit=query.limit)


@routes.post("/deliveries/<int:delivery_id>/resend", permission=Permission.OVERRIDE, answer=None)
def resend(actor: Actor, delivery_id: int) -> None:
    """Try a dead delivery again."""
    settling.resend(actor, delivery_id)


@routes.post("/deliveries/<int:delivery_id>/give-up", permission=Permission.OVERRIDE, answer=None)
def give_up(actor: Actor, delivery_id: int, body: GiveUpInput) -> None:
    """A dead delivery is not to arrive any more."""
    settling.give_up(actor, delivery_id, reason=body.reason)
