"""Orders: taken in, reviewed, held, corrected, merged, split, cancelled; and looked at."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Key, Output, PageOutput, PageQuery, Quantity, Reason
from fulfillment.domain.orders import MOST_LINES, NewLine, NewOrder, PostalAddress
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import cancelling
from fulfillment.services.orders import intake, parting, review, views
from fulfillment.services.orders.examining import OrderTaken
from fulfillment.services.paging import Page

routes = Routes("orders", tag="Orders")

MOST_ORDERS = 1_000
LARGEST_BULK_BYTES = 16 * 1024 * 1024
LONGEST_NOTE = 4_000
OrderState = Literal["review", "confirmed", "allocated", "shipped", "cancelled", "merged"]
HoldType = Literal["address", "payment", "stock", "fraud", "customer-note", "other"]


class AddressInput(Input):
    """Where a parcel goes.  An incomplete address is taken in and puts the order on hold."""

    country: str = Field(description="ISO 3166-1, two letters.")
    name: str = ""
    company: str = ""
    lines: list[str] = Field(default=[], max_length=6, description="Street lines.")
    city: str = ""
    region: str = ""
    postcode: str = ""
    phone: str = ""
    email: str = ""

    def value(self) -> PostalAddress:
        """The same for the service."""
        return PostalAddress(**{**dict(self), "lines": tuple(self.lines)})


class LineInput(Input):
    """Units of one product."""

    sku: str
    quantity: int
    unit_price_minor: int = Field(0, description="Of one, in minor units of the currency.")


class OrderInput(Input):
    """An order.  The reference comes only once in a channel of a seller."""

    seller: str = Field(description="The seller's code.")
    channel: str
    reference: str = Field(description="The channel's own number of the order.")
    placed_at: AwareDatetime
    address: AddressInput
    currency: str = Field(description="ISO 4217.")
    lines: list[LineInput] = Field(max_length=MOST_LINES)
    customer: str = ""
    priority: int = Field(0, description="Higher goes first.")
    note: str = Field("", max_length=LONGEST_NOTE)
    packing_note: str = Field("", max_length=LONGEST_NOTE)
    tags: list[str] = Field(default=[], max_length=50)
    ship_complete: bool | None = Field(None, description="Null: as the seller has it.")
    requested_service: str = Field("", description="`CARRIER/CODE`, or empty.")
    promised_on: date | None = Field(None, description="The day by which it shall be there.")

    def command(self) -> NewOrder:
        """The same for the service."""
        return NewOrder(
            **{
                **dict(self),
                "address": self.address.value(),
                "lines": tuple(NewLine(**dict(line)) for line in self.lines),
                "tags": tuple(self.tags),
            }
        )


class OrderTakenOutput(Output):
    """The order; `created` false: it was known with the same content, and nothing happened."""

    order_id: int
    number: str
    state: str
    created: bool
    waits_because: list[str] = Field(description="Why it waits for review.")


class OrdersInput(Input):
    """Many orders: all of them are taken in, or none."""

    orders: list[OrderInput] = Field(min_length=1, max_length=MOST_ORDERS)


class OrdersTakenOutput(Output):
    """The orders, as they were sent."""

    orders: list[OrderTakenOutput]


def orders_taken(taken: list[OrderTaken]) -> dict[str, Any]:
    """The answers as JSON."""
    return {"orders": [{**vars(one), "waits_because": list(one.waits_because)} for one in taken]}


@routes.post("/orders", permission=Permission.ENTER_ORDERS, answer=OrderTakenOutput, status=201)
def take_order(actor: Actor, body: OrderInput) -> OrderTaken:
    """Take an order in.

    A reference that is known with the same content is answered with the first order
    (`created` false), with other content it is refused (409 `duplicate-reference`).
    """
    return intake.take_order(actor, body.command())


@routes.post(
    "/orders/bulk",
    permission=Permission.ENTER_ORDERS,
    answer=OrdersTakenOutput,
    status=201,
    largest_body_bytes=LARGEST_BULK_BYTES,
    render=orders_taken,
)
def take_orders(actor: Actor, body: OrdersInput) -> list[OrderTaken]:
    """Take many orders in, all or none; the faults name the order by its index."""
    return intake.take_orders(actor, [order.command() for order in body.orders])


class OrderQuery(PageQuery):
    """Which orders."""

    state: list[OrderState] = Field(default=[], max_length=10)
    search: str = Field(
        "",
        max_length=200,
        description="The beginning of a number, a reference or a name; or exactly the number of a "
        "shipment or a label.",
    )
    seller: str = Field("", max_length=64)
    on_hold: bool | None = None
    backorder: bool | None = None


class OrderRowOutput(Output):
    """An order in the list."""

    id: int
    number: str
    seller: str
    channel: str
    reference: str
    state: str
    customer: str
    recipient: str
    country: str
    priority: int
    has_backorder: bool
    holds: int = Field(description="Open holds.")
    shipments: int
    placed_at: datetime
    confirmed_at: datetime | None
    cut_off_at: datetime | None = Field(
        description="The earliest of its shipments that have not left."
    )


class OrderPage(PageOutput):
    """Orders, the newest first."""

    items: list[OrderRowOutput]


@routes.get("/orders", permission=Permission.SEE_ORDERS, answer=OrderPage)
def list_orders(actor: Actor, query: OrderQuery) -> Page[views.OrderRow]:
    """The orders of your sellers and warehouses, the newest first."""
    return views.list_orders(
        actor,
        states=query.state,
        search=query.search,
        seller=query.seller,
        on_hold=query.on_hold,
        backorder=query.backorder,
        before=query.after() or None,
        limit=query.limit,
    )


class AddressOutput(Output):
    """Where a parcel goes."""

    country: str
    name: str
    company: str
    lines: list[str]
    city: str
    region: str
    postcode: str
    phone: str
    email: str


class LineOutput(Output):
    """A line of an order; a kit stands above its components and is itself never allocated."""

    id: int
    line_number: int
    sku: str
    name: str
    quantity: int
    allocated: int
    cancelled: int
    owed: int = Field(description="Units that are on no shipment yet.")
    unit_price_minor: int
    is_kit: bool
    kit_line_id: int | None


class ShipmentLineOutput(Output):
    """Units of a shipment, and how far they have come."""

    id: int
    order_line_id: int
    sku: str
    quantity: int
    picked: int
    packed: int
    shipped: int


class ParcelOutput(Output):
    """A parcel of a shipment."""

    id: int
    sequence: int
    state: str
    sscc: str
    expected_grams: int | None
    weight_grams: int | None
    weight_source: str
    overridden_by: str | None = Field(description="Who accepted a weight outside the tolerance.")
    override_reason: str
    tracking_number: str | None
    void_labels: list[str]


class ShipmentOutput(Output):
    """What one warehouse sends of an order."""

    id: int
    number: str
    warehouse: str
    state: str
    service: str | None
    cut_off_at: datetime | None
    promised_cut_off_at: datetime | None
    why: dict[str, Any] = Field(description="Why this warehouse: the rule and its figures.")
    cancel_reason: str
    lines: list[ShipmentLineOutput]
    parcels: list[ParcelOutput]


class HoldOutput(Output):
    """What stops an order, or one of its shipments."""

    id: int
    type: str
    reason: str
    shipment_id: int | None
    placed_at: datetime
    placed_by: str
    released_at: datetime | None
    released_by: str | None
    release_reason: str


class HistoryOutput(Output):
    """What happened, when, by whom and why."""

    at: datetime
    what: str = Field(description="A stage that was reached, or an audited act.")
    subject: str = Field(description="The number of the order or shipment.")
    by: str | None
    reason: str
    details: dict[str, Any] | None


class OrderOutput(Output):
    """An order with everything on it."""

    id: int
    number: str
    seller: str
    channel: str
    reference: str
    state: str
    customer: str
    address: AddressOutput
    currency: str
    total_minor: int
    priority: int
    ship_complete: bool
    has_backorder: bool
    note: str
    packing_note: str
    tags: list[str]
    promised_on: date | None
    placed_at: datetime
    cancel_reason: str
    merged_into: str | None
    split_from: str | None
    lines: list[LineOutput]
    shipments: list[ShipmentOutput]
    holds: list[HoldOutput]
    history: list[HistoryOutput]


@routes.get("/orders/<int:order_id>", permission=Permission.SEE_ORDERS, answer=OrderOutput)
def read_order(actor: Actor, order_id: int) -> views.OrderView:
    """An order with its lines, shipments, parcels, holds and history."""
    return views.read_order(actor, order_id)


# --- review ------------------------------------------------------------------------------


class StandingOutput(Output):
    """Where an order stands."""

    order_id: int
    number: str
    state: str
    open_holds: list[str]
    waits_because: list[str]


class HoldInput(Input):
    """Why it must wait."""

    type: HoldType
    reason: Reason
    shipment_id: Key | None = Field(None, description="Only this shipment of the order.")


class HoldPlacedOutput(Output):
    """The hold, and where its order stands."""

    hold_id: int
    order: StandingOutput


class WhyInput(Input):
    """Why somebody does it; audited."""

    reason: Reason


@routes.get(
    "/orders/<int:order_id>/standing", permission=Permission.SEE_ORDERS, answer=StandingOutput
)
def read_standing(actor: Actor, order_id: int) -> review.OrderStanding:
    """What stops an order: open holds, and what the review rules have against it."""
    return review.standing_of(actor, order_id)


@routes.post(
    "/orders/<int:order_id>/confirm", permission=Permission.REVIEW_ORDERS, answer=StandingOutput
)
def confirm_order(actor: Actor, order_id: int) -> review.OrderStanding:
    """Pass an order that waits for review."""
    return review.confirm_order(actor, order_id)


@routes.post(
    "/orders/<int:order_id>/holds",
    permission=Permission.REVIEW_ORDERS,
    answer=HoldPlacedOutput,
    status=201,
)
def place_hold(actor: Actor, order_id: int, body: HoldInput) -> review.HoldPlaced:
    """Stop an order, or one shipment of it."""
    return review.place_hold(
        actor,
        order_id,
        hold_type=body.type,
        reason=body.reason,
        shipment_id=body.shipment_id,
    )


@routes.post(
    "/holds/<int:hold_id>/release", permission=Permission.REVIEW_ORDERS, answer=StandingOutput
)
def release_hold(actor: Actor, hold_id: int, body: WhyInput) -> review.OrderStanding:
    """Release one hold; with the last one the rules may pass the order."""
    return review.release_hold(actor, hold_id, reason=body.reason)


class NewAddressInput(Input):
    """The right address, and why it changes."""

    address: AddressInput
    reason: Reason


@routes.put(
    "/orders/<int:order_id>/address", permission=Permission.REVIEW_ORDERS, answer=StandingOutput
)
def correct_address(actor: Actor, order_id: int, body: NewAddressInput) -> review.OrderStanding:
    """Correct the address; a label that shows the old one must be voided first."""
    return review.correct_address(actor, order_id, address=body.address.value(), reason=body.reason)


class PriorityInput(Input):
    """Higher goes first."""

    priority: int
    reason: str = Field("", max_length=500)


@routes.put(
    "/orders/<int:order_id>/priority", permission=Permission.REVIEW_ORDERS, answer=StandingOutput
)
def change_priority(actor: Actor, order_id: int, body: PriorityInput) -> review.OrderStanding:
    """Let an order go earlier or later."""
    return review.change_priority(actor, order_id, priority=body.priority, reason=body.reason)


# --- merge, split, cancel ----------------------------------------------------------------


class MergeInput(Input):
    """The orders whose lines continue in this one."""

    other_order_ids: list[Key] = Field(min_length=1, max_length=100)


class MergedOutput(Output):
    """The order that goes on, and the numbers of those that went into it."""

    order_id: int
    number: str
    merged: list[str]


class SplitLine(Input):
    """Units of a line that go into the new order."""

    line_id: Key
    quantity: Quantity


class SplitInput(Input):
    """What goes into the new order."""

    lines: list[SplitLine] = Field(min_length=1, max_length=MOST_LINES)


class SplitOutput(Output):
    """The new order."""

    order_id: int
    number: str
    from_number: str
    state: str


@routes.post(
    "/orders/<int:order_id>/merge", permission=Permission.REVIEW_ORDERS, answer=MergedOutput
)
def merge_orders(actor: Actor, order_id: int, body: MergeInput) -> parting.OrdersMerged:
    """Merge orders of one customer and address into this one."""
    return parting.merge_orders(actor, order_id, others=body.other_order_ids)


@routes.post(
    "/orders/<int:order_id>/split",
    permission=Permission.REVIEW_ORDERS,
    answer=SplitOutput,
    status=201,
)
def split_order(actor: Actor, order_id: int, body: SplitInput) -> parting.OrderSplit:
    """Move units that are on no shipment into a new order."""
    quantities: dict[int, int] = {}
    for line in body.lines:
        quantities[line.line_id] = quantities.get(line.line_id, 0) + line.quantity
    return parting.split_order(actor, order_id, quantities=quantities)


class CancelledOutput(Output):
    """What a cancellation stopped; `already`: it was cancelled before."""

    order_number: str
    shipments: list[str]
    put_back_tasks: int
    already: bool


class OwedCancelledOutput(Output):
    """Units that are owed no more."""

    units: int


def owed_cancelled(units: int) -> dict[str, Any]:
    """The answer as JSON."""
    return {"units": units}


@routes.post(
    "/orders/<int:order_id>/cancel", permission=Permission.CANCEL_ORDERS, answer=CancelledOutput
)
def cancel_order(actor: Actor, order_id: int, body: WhyInput) -> cancelling.Cancelled:
    """Cancel everything of an order that has not left the building.

    Picked goods go back by put-back tasks; a dispatched parcel refuses (`already-dispatched`).
    """
    return cancelling.cancel_order(actor, order_id=order_id, reason=body.reason)


@routes.post(
    "/orders/<int:order_id>/cancel-owed",
    permission=Permission.CANCEL_ORDERS,
    answer=OwedCancelledOutput,
    render=owed_cancelled,
)
def cancel_owed(actor: Actor, order_id: int, body: WhyInput) -> int:
    """Cancel the backorder of an order; what is under way goes on."""
    return cancelling.cancel_owed(actor, order_id=order_id, reason=body.reason)


@routes.post(
    "/shipments/<int:shipment_id>/cancel",
    permission=Permission.CANCEL_ORDERS,
    answer=CancelledOutput,
)
def cancel_shipment(actor: Actor, shipment_id: int, body: WhyInput) -> cancelling.Cancelled:
    """Cancel one shipment (a shipped one is un-shipped); its units are owed again."""
    return cancelling.cancel_shipment(actor, shipment_id=shipment_id, reason=body.reason)
