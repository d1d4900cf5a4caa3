"""Alerts: what is bad now and was before, and the rules that say what is bad."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.access import covers
from fulfillment.domain.alerts import ALL_DAYS, KINDS, Quiet, Rule
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms
from fulfillment.office.board_choices import choice_path
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services.alerts import rules, showing
from fulfillment.services.alerts.rules import RuleWish
from fulfillment.services.alerts.showing import AlertView
from fulfillment.services.board.choosing import BoardChoice

blueprint = Blueprint("office_alerts", __name__, url_prefix="/alerts")


@blueprint.get("")
@page(Permission.SEE_REPORTS)
def list_alerts() -> Answer:
    """What is bad now, what was, and the rules of one warehouse."""
    return _alerts_page(forms.optional_number("warehouse_id"))


@blueprint.post("/<int:alert_id>/acknowledge")
@page(Permission.OVERRIDE)
def acknowledge(alert_id: int) -> Answer:
    """Somebody sees to it."""
    warehouse_id = forms.optional_number("warehouse_id", least=1)
    refused = attempt(
        f"alert-{alert_id}",
        lambda: showing.acknowledge(
            actor(), alert_id, note=forms.text("note", most=500, required=False)
        ),
    )
    if refused is not None:
        return _alerts_page(warehouse_id, refused)
    return done(_("You have taken it on."), _path(warehouse_id))


@blueprint.post("/rules")
@page(Permission.CHANGE_POLICY)
def create_rule() -> Answer:
    """A new rule."""
    warehouse_id = forms.number("warehouse_id", least=1)
    refused = attempt(
        "create", lambda: rules.create_rule(actor(), warehouse_id, wish=_wish(active=True))
    )
    if refused is not None:
        return _alerts_page(warehouse_id, refused)
    return done(_("The rule is there; it is looked at every minute."), _path(warehouse_id))


@blueprint.post("/rules/<int:rule_id>")
@page(Permission.CHANGE_POLICY)
def change_rule(rule_id: int) -> Answer:
    """Change a rule, or let it rest."""
    warehouse_id = forms.number("warehouse_id", least=1)
    refused = attempt(
        f"rule-{rule_id}",
        lambda: rules.change_rule(actor(), rule_id, wish=_wish(active=forms.ticked("active"))),
    )
    if refused is not None:
        return _alerts_page(warehouse_id, refused)
    return done(_("Saved."), _path(warehouse_id))


def _wish(*, active: bool) -> RuleWish:
    rule = Rule(
        kind=forms.choice("kind", tuple(KINDS)),
        threshold=forms.number("threshold"),
        for_minutes=forms.optional_number("for_minutes") or 0,
        urgent=forms.ticked("urgent"),
        remind_hours=forms.optional_number("remind_hours") or 0,
        quiet=_quiet(),
    )
    return RuleWish(rule, _numbers("user_ids"), _numbers("endpoint_ids"), active)


def _quiet() -> Quiet | None:
    begins = forms.text("quiet_begins", most=8, required=False)
    ends = forms.text("quiet_ends", most=8, required=False)
    if not begins and not ends:
        return None
    if not (begins and ends):
        raise invalid("quiet_ends" if begins else "quiet_begins", "required")
    return Quiet(
        forms.minute_of("quiet_begins", begins),
        forms.minute_of("quiet_ends", ends),
        _numbers("quiet_weekdays"),
    )


def _numbers(name: str) -> tuple[int, ...]:
    found = [forms.whole(name, typed) for typed in request.form.getlist(name)]
    return tuple(one for one in found if one is not None)


def behind(alert: AlertView) -> str:
    """The address of what an alert is about."""
    warehouse_id = alert.warehouse_id
    match alert.kind:
        case "at-risk":
            return choice_path(BoardChoice(warehouse_id, standing="at-risk"))
        case "low-stock":
            product_id = int(alert.subject.removeprefix("product:"))
            return url_for("office_stock.read_product", product_id=product_id)
        case "printer-down":
            return url_for("office_printers.list_printers", warehouse_id=warehouse_id)
        case "exceptions":
            return url_for(
                "office_board.list_exceptions", kind=alert.label, warehouse_id=warehouse_id
            )
        case "outbox-dead":
            return url_for("office_webhooks.list_dead")
        case _:
            return url_for("office_board.read_board", warehouse_id=warehouse_id)


def _path(warehouse_id: int | None) -> str:
    return url_for(".list_alerts", warehouse_id=warehouse_id)


def _alerts_page(warehouse_id: int | None, refused: Refusal | None = None) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    may_change = covers(
        actor(), Permission.CHANGE_POLICY, warehouse_id=warehouse["id"], seller_id=None
    )
    return draw(
        "office/alerts.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        alerts=showing.open_alerts(actor(), warehouse_id=warehouse["id"]),
        past=showing.past_alerts(actor(), warehouse_id=warehouse["id"]).items,
        watched=rules.warehouse_rules(actor(), warehouse["id"]) if may_change else None,
        kinds=KINDS,
        weekdays=ALL_DAYS,
        behind=behind,
        typed_lists={
            name: request.form.getlist(name)
            for name in ("user_ids", "endpoint_ids", "quiet_weekdays")
        },
    )
