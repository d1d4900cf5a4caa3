"""Orders: the list, the review, one order with everything that can be done to it, a new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from flask_babel import ngettext

from fulfillment.access import actor, page
from fulfillment.domain.errors import InvalidInput, UnknownThing, invalid
from fulfillment.domain.orders import HOLD_TYPES, PRIORITIES
from fulfillment.domain.people import Permission
from fulfillment.domain.states import ORDER
from fulfillment.office import board_choices, choices, forms
from fulfillment.office.addresses import typed_address
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.paging import next_page
from fulfillment.services import allocating, cancelling, proof_photos
from fulfillment.services.orders import detail, listing, parting, review
from fulfillment.services.orders.listing import OrderSearch
from fulfillment.services.paging import Page

blueprint = Blueprint("office_orders", __name__)

LONGEST_SEARCH = 100
NOTHING: Page[Any] = Page(())


# --- lists ---------------------------------------------------------------------------------------


@blueprint.get("/orders")
@page(Permission.SEE_ORDERS)
def list_orders() -> Answer:
    """Orders by what is looked for, the newest first."""
    found: Page[Any] = NOTHING
    refused = counted = None
    try:
        before, search = forms.optional_number("before"), _search()
        found = listing.list_orders(actor(), search, before=before)
        if search.board is not None:
            counted = listing.count_orders(actor(), search)
    except InvalidInput as error:
        refused = forms.refusal("search", error)
    return draw(
        "office/orders.html",
        refused,
        orders=found.items,
        next_page=next_page(before=_key(found)),
        counted=counted,
        stages=listing.STAGES,
        states=ORDER.states,
        hold_types=HOLD_TYPES,
        sellers=choices.sellers(),
        warehouses=choices.warehouses(),
    )


@blueprint.get("/review")
@page(Permission.REVIEW_ORDERS)
def list_reviews() -> Answer:
    """What waits for a person, the longest waiting first."""
    found = listing.list_reviews(actor(), after=forms.optional_number("after") or 0)
    return draw("office/review.html", orders=found.items, next_page=next_page(after=_key(found)))


@blueprint.post("/review/<int:order_id>/confirm")
@page(Permission.REVIEW_ORDERS)
def confirm_reviewed(order_id: int) -> Answer:
    """Pass an order from the list of the review."""
    refused = attempt(f"confirm-{order_id}", lambda: review.confirm_order(actor(), order_id))
    if refused is None:
        return done(_("The order is confirmed."), url_for(".list_reviews"))
    found = listing.list_reviews(actor())
    return draw(
        "office/review.html", refused, orders=found.items, next_page=next_page(after=_key(found))
    )


@blueprint.post("/orders/allocate")
@page(Permission.ALLOCATE)
def allocate_orders() -> Answer:
    """Promise stock to everything that waits for it."""
    report = allocating.allocate_orders(actor())
    sentence = ngettext(
        "%(num)s order was looked at. Units promised: %(units)s. Still owed: %(owed)s.",
        "%(num)s orders were looked at. Units promised: %(units)s. Still owed: %(owed)s.",
        report.orders,
        units=report.units,
        owed=report.units_owed,
    )
    return done(sentence, url_for(".list_orders", stage="allocated"))


def _search() -> OrderSearch:
    return OrderSearch(
        text=forms.text("text", most=LONGEST_SEARCH, required=False),
        stage=forms.choice("stage", listing.STAGES, default=""),
        state=forms.choice("state", ORDER.states, default=""),
        hold=forms.choice("hold", HOLD_TYPES, default=""),
        channel=forms.text("channel", most=64, required=False),
        seller_id=forms.optional_number("seller_id"),
        warehouse_id=forms.optional_number("warehouse_id"),
        priority_from=forms.optional_number(
            "priority_from", least=PRIORITIES.start, most=PRIORITIES.stop - 1
        ),
        board=board_choices.typed_choice(),
    )


def _key(found: Page[Any]) -> int | str | None:
    return found.next_key[0] if found.next_key else None


# --- one order -----------------------------------------------------------------------------------


@blueprint.get("/orders/<int:order_id>")
@page(Permission.SEE_ORDERS)
def read_order(order_id: int) -> Answer:
    """An order, whole."""
    return _order_page(order_id)


@blueprint.post("/orders/<int:order_id>/confirm")
@page(Permission.REVIEW_ORDERS)
def confirm_order(order_id: int) -> Answer:
    """Pass an order by hand."""
    return _act(
        order_id,
        "confirm",
        lambda: review.confirm_order(actor(), order_id),
        _("The order is confirmed."),
    )


@blueprint.post("/orders/<int:order_id>/holds")
@page(Permission.REVIEW_ORDERS)
def place_hold(order_id: int) -> Answer:
    """Stop an order or one of its shipments."""

    def place() -> None:
        hold_type = forms.choice("type", HOLD_TYPES)
        shipment_id, reason = forms.optional_number("shipment_id"), forms.reason()
        forms.once(
            lambda: review.place_hold(
                actor(), order_id, hold_type=hold_type, reason=reason, shipment_id=shipment_id
            )
        )

    return _act(order_id, "hold", place, _("The hold is placed."))


@blueprint.post("/orders/<int:order_id>/holds/<int:hold_id>/release")
@page(Permission.REVIEW_ORDERS)
def release_hold(order_id: int, hold_id: int) -> Answer:
    """Release one hold."""
    return _act(
        order_id,
        f"release-{hold_id}",
        lambda: review.release_hold(actor(), hold_id, reason=forms.reason()),
        _("The hold is released."),
    )


@blueprint.post("/orders/<int:order_id>/address")
@page(Permission.REVIEW_ORDERS)
def correct_address(order_id: int) -> Answer:
    """Give an order another address."""
    return _act(
        order_id,
        "address",
        lambda: review.correct_address(
            actor(), order_id, address=typed_address(), reason=forms.reason()
        ),
        _("The address is corrected."),
    )


@blueprint.post("/orders/<int:order_id>/priority")
@page(Permission.REVIEW_ORDERS)
def change_priority(order_id: int) -> Answer:
    """Let an order go earlier or later."""
    return _act(
        order_id,
        "priority",
        lambda: review.change_priority(
            actor(),
            order_id,
            priority=forms.number("priority", least=PRIORITIES.start, most=PRIORITIES.stop - 1),
            reason=forms.text("reason", most=forms.MOST_REASON, required=False),
        ),
        _("The priority is changed."),
    )


@blueprint.post("/orders/<int:order_id>/merge")
@page(Permission.REVIEW_ORDERS)
def merge_orders(order_id: int) -> Answer:
    """Let other orders of the customer go on in this one."""

    def merge() -> None:
        ticked = request.form.getlist("others")
        others = [forms.whole("others", each) for each in ticked]
        if not others:
            raise invalid("others", "required")
        parting.merge_orders(actor(), order_id, others=[each for each in others if each])

    return _act(order_id, "merge", merge, _("The orders are one now."))


@blueprint.post("/orders/<int:order_id>/split")
@page(Permission.REVIEW_ORDERS)
def split_order(order_id: int) -> Answer:
    """Move units into an order of their own, and show that one."""
    split: list[parting.OrderSplit] = []

    def part() -> None:
        typed = {
            int(name.removeprefix("line-")): forms.whole("quantities", value, most=10**6)
            for name, value in request.form.items()
            if name.startswith("line-") and name.removeprefix("line-").isdecimal()
        }
        quantities = {line: units for line, units in typed.items() if units}
        split.append(parting.split_order(actor(), order_id, quantities=quantities))

    refused = attempt("split", part)
    if refused is not None:
        return _order_page(order_id, refused)
    sentence = _(
        "These units are order %(number)s now, split from %(other)s.",
        number=split[0].number,
        other=split[0].from_number,
    )
    return done(sentence, url_for(".read_order", order_id=split[0].order_id))


@blueprint.post("/orders/<int:order_id>/allocate")
@page(Permission.ALLOCATE)
def allocate_order(order_id: int) -> Answer:
    """Promise stock to this order now."""
    served: list[allocating.OrderAllocation] = []
    refused = attempt(
        "allocate", lambda: served.append(allocating.allocate_order(actor(), order_id))
    )
    if refused is not None:
        return _order_page(order_id, refused)
    sentence = _(
        "Units promised: %(units)s. Still owed: %(owed)s.",
        units=served[0].units,
        owed=served[0].units_owed,
    )
    return done(sentence, _order_or_list(order_id))


@blueprint.post("/orders/<int:order_id>/cancel")
@page(Permission.CANCEL_ORDERS)
def cancel_order(order_id: int) -> Answer:
    """Cancel everything that has not left the building."""

    def cancel() -> None:
        forms.require_sure()
        cancelling.cancel_order(actor(), order_id=order_id, reason=forms.reason())

    return _act(order_id, "cancel", cancel, _("The order is cancelled."))


@blueprint.post("/orders/<int:order_id>/cancel-owed")
@page(Permission.CANCEL_ORDERS)
def cancel_owed(order_id: int) -> Answer:
    """Cancel what is on no shipment."""

    def cancel() -> None:
        forms.require_sure()
        cancelling.cancel_owed(actor(), order_id=order_id, reason=forms.reason())

    return _act(order_id, "cancel-owed", cancel, _("What was owed is cancelled."))


# --- its shipments -------------------------------------------------------------------------------


@blueprint.post("/orders/<int:order_id>/shipments/<int:shipment_id>/service")
@page(Permission.RELEASE)
def change_service(order_id: int, shipment_id: int) -> Answer:
    """Send a shipment by another service."""

    def change() -> None:
        allocating.change_service(actor(), shipment_id, forms.number("service_id"))

    _require_shipment(order_id, shipment_id)
    return _act(order_id, f"service-{shipment_id}", change, _("The service is changed."))


@blueprint.post("/orders/<int:order_id>/shipments/<int:shipment_id>/deallocate")
@page(Permission.ALLOCATE)
def deallocate(order_id: int, shipment_id: int) -> Answer:
    """Take a shipment apart that nobody has released."""

    def take_apart() -> None:
        allocating.deallocate(actor(), shipment_id, reason=forms.reason())

    _require_shipment(order_id, shipment_id)
    return _act(
        order_id, f"deallocate-{shipment_id}", take_apart, _("The shipment is taken apart.")
    )


@blueprint.post("/orders/<int:order_id>/shipments/<int:shipment_id>/cancel")
@page(Permission.CANCEL_ORDERS)
def cancel_shipment(order_id: int, shipment_id: int) -> Answer:
    """Cancel a shipment; a shipped one is taken back from the dock."""
    cancelled: list[cancelling.Cancelled] = []

    def cancel() -> None:
        forms.require_sure()
        reason = forms.reason()
        cancelled.append(
            cancelling.cancel_shipment(actor(), shipment_id=shipment_id, reason=reason)
        )

    _require_shipment(order_id, shipment_id)
    refused = attempt(f"cancel-{shipment_id}", cancel)
    if refused is not None:
        return _order_page(order_id, refused)
    sentence = ngettext(
        "The shipment is cancelled; %(num)s task puts goods back.",
        "The shipment is cancelled; %(num)s tasks put goods back.",
        cancelled[0].put_back_tasks,
    )
    return done(sentence, url_for(".read_order", order_id=order_id))


@blueprint.get("/orders/<int:order_id>/shipments/<int:shipment_id>/photos/<scan_id>.jpg")
@page(Permission.SEE_ORDERS)
def proof_photo(order_id: int, shipment_id: int, scan_id: str) -> Answer:
    """A photo that a packer took of a shipment."""
    _require_shipment(order_id, shipment_id)
    jpeg = proof_photos.read_photo(
        actor(), shipment_id=shipment_id, scan_id=scan_id, root=_photo_root()
    )
    return FlaskResponse(jpeg, mimetype="image/jpeg")


# --- parts ---------------------------------------------------------------------------------------


def _order_or_list(order_id: int) -> str:
    """Where to go on: only other warehouses may serve the order now."""
    try:
        detail.order_detail(actor(), order_id)
    except UnknownThing:
        return url_for(".list_orders")
    return url_for(".read_order", order_id=order_id)


def _act(order_id: int, form: str, command: Callable[[], object], sentence: str) -> Answer:
    refused = attempt(form, command)
    if refused is not None:
        return _order_page(order_id, refused)
    return done(sentence, url_for(".read_order", order_id=order_id))


def _order_page(order_id: int, refused: Refusal | None = None) -> Answer:
    order = detail.order_detail(actor(), order_id)
    reasons = review.standing_of(actor(), order_id).waits_because
    return draw(
        "office/order.html",
        refused,
        order=order,
        waits_because=reasons,
        hold_types=HOLD_TYPES,
        services=choices.services(),
        service_can_change=allocating.SERVICE_CAN_CHANGE,
        open_states=listing.OPEN_STATES,
        photos={
            shipment.id: proof_photos.list_photos(
                actor(), shipment_id=shipment.id, root=_photo_root()
            )
            for shipment in order.shipments
        },
    )


def _photo_root() -> Path:
    root: Path = current_app.config["PROOF_PHOTOS"]
    return root


def _require_shipment(order_id: int, shipment_id: int) -> None:
    """Raise unless it is a shipment of this order that the actor sees."""
    order = detail.order_detail(actor(), order_id)
    if shipment_id not in {shipment.id for shipment in order.shipments}:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
