"""Carriers: how their labels are bought, and the purchases that are not settled."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Output, Reason
from fulfillment.domain.catalogue import CarrierAccountEntry
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import purchases
from fulfillment.services.catalogue import terms
from fulfillment.services.purchases import PurchaseView

routes = Routes("carriers", tag="Carriers")


class CarrierAccountInput(Input):
    """How the labels of a carrier are bought; secrets lie in a file on the worker's host."""

    kind: str = Field(description="`local`, `karrio`, or another adapter of this house.")
    settings: dict[str, Any] = Field(default={}, description="Of the adapter; no secrets.")


class CarrierAccountOutput(Output):
    """How the labels of a carrier are bought."""

    carrier: str
    kind: str
    settings: dict[str, Any]


class CarrierAccountsOutput(Output):
    """The carriers that have an account; the labels of any other are made here."""

    items: list[CarrierAccountOutput]


class PurchaseOutput(Output):
    """A label that is being bought or taken back.  `asks` says what a person has to do."""

    id: int
    carrier: str
    service: str
    key: str = Field(description="Goes along to the carrier: look for it in the carrier's list.")
    state: str
    asks: str = Field(description="`look-it-up`, `void-refused` or empty: it goes on by itself.")
    wanted: bool
    shipment: str
    shipment_id: int
    warehouse_id: int
    parcel: int
    tracking_number: str
    attempts: int
    intended_at: datetime
    next_attempt_at: datetime | None
    detail: str


class PurchasesOutput(Output):
    """What is not settled, the oldest first."""

    items: list[PurchaseOutput]


class ReasonInput(Input):
    """Why somebody decides it."""

    reason: Reason


def _items(found: tuple[Any, ...]) -> dict[str, Any]:
    return {"items": [asdict(one) for one in found]}


@routes.get(
    "/carrier-accounts",
    permission=Permission.CHANGE_POLICY,
    answer=CarrierAccountsOutput,
    render=_items,
)
def list_carrier_accounts(actor: Actor) -> tuple[CarrierAccountEntry, ...]:
    """How the labels of carriers are bought."""
    return terms.list_carrier_accounts(actor)


@routes.put("/carrier-accounts/<carrier>", permission=Permission.CHANGE_POLICY, answer=None)
def put_carrier_account(actor: Actor, carrier: str, body: CarrierAccountInput) -> None:
    """Say how the labels of a carrier's services are bought from now on."""
    terms.put_carrier_account(actor, CarrierAccountEntry(carrier, body.kind, body.settings))


@routes.get("/label-purchases", permission=Permission.PACK, answer=PurchasesOutput, render=_items)
def open_purchases(actor: Actor) -> tuple[PurchaseView, ...]:
    """Labels that are being bought or taken back in one's warehouses."""
    return purchases.open_purchases(actor)


@routes.post("/label-purchases/<int:purchase_id>/ask", permission=Permission.OVERRIDE, answer=None)
def ask_again(actor: Actor, purchase_id: int) -> None:
    """Have it asked about again now: with the same key, or looked up by it."""
    purchases.ask_again(actor, purchase_id)


@routes.post(
    "/label-purchases/<int:purchase_id>/give-up", permission=Permission.OVERRIDE, answer=None
)
def give_up(actor: Actor, purchase_id: int, body: ReasonInput) -> None:
    """The carrier's own list does not have it: it was never sold, and another may be bought."""
    purchases.give_up(actor, purchase_id, reason=body.reason)


@routes.post(
    "/label-purchases/<int:purchase_id>/accept-loss", permission=Permission.OVERRIDE, answer=None
)
def accept_loss(actor: Actor, purchase_id: int, body: ReasonInput) -> None:
    """Take the loss of a label that the carrier would not take back."""
    purchases.accept_loss(actor, purchase_id, reason=body.reason)
