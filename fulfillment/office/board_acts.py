"""Acting on what the board shows: move orders up, hold them, move a cut-off, hand a list over."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import ngettext

from fulfillment.access import actor, page
from fulfillment.domain.errors import invalid
from fulfillment.domain.orders import HOLD_TYPES
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms
from fulfillment.office.board_choices import choice_fields, choice_path, typed_choice, van_of
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services.board import acting, showing
from fulfillment.services.board.choosing import BoardChoice
from fulfillment.services.orders import review

blueprint = Blueprint("office_board_acts", __name__, url_prefix="/board/acts")

MOST_SHOWN = 200


@blueprint.get("")
@page(Permission.SEE_REPORTS)
def read_acts() -> Answer:
    """The orders of a choice, the tightest first, and what can be done with them."""
    return _acts_page(_choice())


@blueprint.post("/move-up")
@page(Permission.REVIEW_ORDERS)
def move_up() -> Answer:
    """Let the ticked orders go first."""
    choice = _choice()
    moved: list[acting.Moved] = []
    refused = attempt(
        "orders",
        lambda: moved.append(
            acting.move_up(actor(), choice.warehouse_id, _ticked_orders(), reason=forms.reason())
        ),
    )
    if refused is not None:
        return _acts_page(choice, refused)
    sentence = ngettext(
        "%(num)s order goes first now.", "%(num)s orders go first now.", moved[0].orders
    )
    return done(sentence, choice_path(choice, "office_board_acts.read_acts"))


@blueprint.post("/hold")
@page(Permission.REVIEW_ORDERS)
def hold() -> Answer:
    """Hold the ticked orders, one after the other."""
    choice = _choice()
    held: list[int] = []

    def place() -> None:
        hold_type, reason = forms.choice("type", HOLD_TYPES), forms.reason()
        for order_id in _ticked_orders():
            review.place_hold(actor(), order_id, hold_type=hold_type, reason=reason)
            held.append(order_id)

    refused = attempt("orders", place)
    if refused is not None:
        return _acts_page(choice, refused)
    sentence = ngettext("%(num)s order is held.", "%(num)s orders are held.", len(held))
    return done(sentence, choice_path(choice, "office_board_acts.read_acts"))


@blueprint.post("/cut-off")
@page(Permission.RELEASE)
def move_cut_off() -> Answer:
    """A van leaves at another time."""
    choice = _choice()
    moved: list[acting.CutOffMoved] = []

    def move() -> None:
        warehouse = choices.one_warehouse(choice.warehouse_id)
        service_id, cut_off_at = van_of("of_van", forms.text("of_van", most=64))
        to = forms.optional_moment("cut_off_to", ZoneInfo(warehouse["timezone"]))
        if cut_off_at is None or to is None:
            raise invalid("cut_off_to", "required")
        moved.append(
            acting.move_cut_off(
                actor(),
                choice.warehouse_id,
                service_id=service_id,
                cut_off_at=cut_off_at,
                to=to,
                reason=forms.reason(),
            )
        )

    refused = attempt("cut-off", move)
    if refused is not None:
        return _acts_page(choice, refused)
    sentence = ngettext(
        "The cut-off of %(num)s shipment is moved.",
        "The cut-off of %(num)s shipments is moved.",
        moved[0].shipments,
    )
    # The van that was chosen is no more: go on with all that is at risk.
    return done(sentence, choice_path(_at_risk(choice), "office_board_acts.read_acts"))


@blueprint.post("/list")
@page(Permission.OVERRIDE)
def hand_list_over() -> Answer:
    """Take a pick list from its picker."""
    choice = _choice()
    refused = attempt(
        "list",
        lambda: acting.hand_list_over(
            actor(),
            choice.warehouse_id,
            forms.text("number", most=32),
            reason=forms.reason(),
        ),
    )
    if refused is not None:
        return _acts_page(choice, refused)
    return done(
        _("The next picker gets the list."),
        choice_path(choice, "office_board_acts.read_acts"),
    )


def _choice() -> BoardChoice:
    """What was chosen; what is at risk where nothing was."""
    chosen = typed_choice()
    if chosen is not None:
        return chosen
    warehouse = choices.one_warehouse(forms.optional_number("warehouse_id"))
    return BoardChoice(warehouse["id"], standing="at-risk")


def _at_risk(choice: BoardChoice) -> BoardChoice:
    return BoardChoice(choice.warehouse_id, standing="at-risk")


def _ticked_orders() -> list[int]:
    ticked = [forms.whole("orders", each, least=1) for each in request.form.getlist("orders")]
    if not ticked:
        raise invalid("orders", "required")
    return [each for each in ticked if each is not None]


def _acts_page(choice: BoardChoice, refused: Refusal | None = None) -> Answer:
    rows = showing.forecast(actor(), choice)[:MOST_SHOWN]
    return draw(
        "office/board_acts.html",
        refused,
        warehouse=choices.one_warehouse(choice.warehouse_id),
        board=showing.board(actor(), choice.warehouse_id),
        choice=choice,
        fields=choice_fields(choice),
        rows=rows,
        numbers=showing.order_numbers(actor(), [row.order_id for row in rows]),
        hold_types=HOLD_TYPES,
    )
