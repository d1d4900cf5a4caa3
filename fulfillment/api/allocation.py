"""Allocation: stock is promised to orders, given back, sent by another service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Key, Output, Reason
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import allocating
from fulfillment.services.allocating.expiry import ExpiryReport

routes = Routes("allocation", tag="Allocation")

MOST_ORDERS = 10_000


class AllocationInput(Input):
    """Which waiting orders; without ids, all of them in their order."""

    order_ids: list[Key] | None = Field(None, min_length=1, max_length=MOST_ORDERS)
    limit: int = Field(2_000, ge=1, le=MOST_ORDERS, description="At most so many orders.")


class AllocationOutput(Output):
    """What an allocation did."""

    orders: int
    allocated: int = Field(description="Orders that are owed nothing any more.")
    backordered: int
    shipments: int
    units: int
    units_owed: int
    passed_over: int = Field(description="Locked by somebody else, or not waiting any more.")


@routes.post("/allocations", permission=Permission.ALLOCATE, answer=AllocationOutput, keyed=False)
def allocate_orders(actor: Actor, body: AllocationInput) -> allocating.AllocationReport:
    """Promise stock to waiting orders: backorders first, then priority, cut-off and time.

    It needs no idempotency key: an order that is served waits no more.  Call it again until
    `orders` is 0.
    """
    return allocating.allocate_orders(actor, order_ids=body.order_ids, limit=body.limit)


class OrderAllocationOutput(Output):
    """What one order got, and why from there."""

    order_number: str
    state: str
    shipments: list[str]
    units: int
    units_owed: int
    why: dict[str, Any]


@routes.post(
    "/orders/<int:order_id>/allocate",
    permission=Permission.ALLOCATE,
    answer=OrderAllocationOutput,
)
def allocate_order(actor: Actor, order_id: int) -> allocating.OrderAllocation:
    """Promise stock to one order now; what cannot be served becomes a backorder."""
    return allocating.allocate_order(actor, order_id)


class DeallocateInput(Input):
    """Why the stock is given back; audited."""

    reason: Reason


class DeallocatedOutput(Output):
    """Units that are owed again."""

    units: int


def deallocated(units: int) -> dict[str, Any]:
    """The answer as JSON."""
    return {"units": units}


@routes.post(
    "/shipments/<int:shipment_id>/deallocate",
    permission=Permission.ALLOCATE,
    answer=DeallocatedOutput,
    render=deallocated,
)
def deallocate(actor: Actor, shipment_id: int, body: DeallocateInput) -> int:
    """Take a shipment apart that is not released; its units are owed again."""
    return allocating.deallocate(actor, shipment_id, reason=body.reason)


class ServiceInput(Input):
    """The carrier service that takes it."""

    service_id: Key


class CutOffOutput(Output):
    """When its van leaves now; the cut-off that it was promised for stays."""

    cut_off_at: datetime | None


def cut_off(moment: datetime | None) -> dict[str, Any]:
    """The answer as JSON."""
    return {"cut_off_at": moment.isoformat() if moment else None}


@routes.put(
    "/shipments/<int:shipment_id>/service",
    permission=Permission.ALLOCATE,
    answer=CutOffOutput,
    render=cut_off,
)
def change_service(actor: Actor, shipment_id: int, body: ServiceInput) -> datetime | None:
    """Send a shipment by another carrier service."""
    return allocating.change_service(actor, shipment_id, body.service_id)


class ExpiryOutput(Output):
    """Units that went out of sale, and those that the release will find: they are promised."""

    held: int
    still_promised: int


@routes.post("/stock/expiry-passes", permission=Permission.CHANGE_STOCK, answer=ExpiryOutput)
def hold_expired_stock(actor: Actor) -> ExpiryReport:
    """Take the free units of expired lots out of sale; they stay in their bins, held."""
    return allocating.hold_expired_stock(actor)
