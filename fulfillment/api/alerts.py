"""Alerts and their rules."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any, Literal

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Key, Output, PageOutput, PageQuery, Query
from fulfillment.domain.alerts import ALL_DAYS, Quiet, Rule
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.alerts import rules, showing
from fulfillment.services.alerts.rules import RuleView, RuleWish
from fulfillment.services.paging import Page

routes = Routes("alerts", tag="Alerts")

Kind = Literal[
    "low-stock", "at-risk", "late", "slow-stage", "printer-down", "exceptions",
    "station-silent", "outbox-dead",
]  # fmt: skip
Minute = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""``22:00`` on the warehouse's clock."""


class QuietInput(Input):
    """Hours in which nobody is disturbed; the weekdays (Monday = 0) are those they begin on."""

    begins: Minute
    ends: Minute
    weekdays: list[int] = Field(list(ALL_DAYS), max_length=7)

    def quiet(self) -> Quiet:
        """The same for the domain."""
        return Quiet(
            time.fromisoformat(self.begins), time.fromisoformat(self.ends), tuple(self.weekdays)
        )


class RuleInput(Input):
    """A rule.  `threshold`: units, orders, percent of the usual time, minutes or messages."""

    kind: Kind
    threshold: int
    for_minutes: int = Field(0, description="The figure must be bad for so long.")
    urgent: bool = Field(False, description="Told in quiet hours as well.")
    remind_hours: int = Field(0, description="0: nobody is reminded.")
    quiet: QuietInput | None = None
    user_ids: list[Key] = Field([], max_length=100, description="Who gets an e-mail.")
    endpoint_ids: list[Key] = Field([], max_length=100, description="Which webhooks are told.")
    active: bool = True

    def wish(self) -> RuleWish:
        """The same for the service."""
        rule = Rule(
            kind=self.kind,
            threshold=self.threshold,
            for_minutes=self.for_minutes,
            urgent=self.urgent,
            remind_hours=self.remind_hours,
            quiet=self.quiet.quiet() if self.quiet else None,
        )
        return RuleWish(rule, tuple(self.user_ids), tuple(self.endpoint_ids), self.active)


class QuietOutput(Output):
    """Quiet hours."""

    begins: str
    ends: str
    weekdays: list[int]


class RuleOutput(Output):
    """A rule."""

    id: int
    warehouse_id: int
    kind: str
    threshold: int
    for_minutes: int
    urgent: bool
    remind_hours: int
    quiet: QuietOutput | None
    user_ids: list[int]
    endpoint_ids: list[int]
    active: bool


class RulesOutput(Output):
    """The rules of a warehouse."""

    items: list[RuleOutput]


class AlertOutput(Output):
    """An alert.  `value` is the figure when it was last bad, `limit` its threshold."""

    id: int
    rule_id: int
    kind: str
    urgent: bool
    warehouse_id: int
    subject: str
    label: str
    value: int
    limit: int
    since: datetime
    opened_at: datetime
    told_at: datetime | None
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str


class AlertsOutput(Output):
    """The open alerts: first those that nobody has acknowledged."""

    items: list[AlertOutput]


class PastAlertsPage(PageOutput):
    """Alerts that are over, the newest first."""

    items: list[AlertOutput]


class WhereQuery(Query):
    """Of which warehouse; without it of all that you see."""

    warehouse_id: Key | None = None


class PastQuery(PageQuery):
    """Of which warehouse."""

    warehouse_id: Key | None = None


class NoteInput(Input):
    """What you do about it, if you want to say."""

    note: str = Field("", max_length=500)


def _quiet(quiet: Quiet) -> QuietOutput:
    return QuietOutput(
        begins=f"{quiet.begins:%H:%M}", ends=f"{quiet.ends:%H:%M}", weekdays=list(quiet.weekdays)
    )


def _rule(view: RuleView) -> RuleOutput:
    rule, quiet = view.rule, view.rule.quiet
    return RuleOutput(
        id=view.id,
        warehouse_id=view.warehouse_id,
        kind=rule.kind,
        threshold=rule.threshold,
        for_minutes=rule.for_minutes,
        urgent=rule.urgent,
        remind_hours=rule.remind_hours,
        quiet=_quiet(quiet) if quiet else None,
        user_ids=list(view.user_ids),
        endpoint_ids=list(view.endpoint_ids),
        active=view.active,
    )


def _rule_json(view: RuleView) -> dict[str, Any]:
    return _rule(view).model_dump(mode="json")


def _rules_json(found: rules.WarehouseRules) -> dict[str, Any]:
    return RulesOutput(items=[_rule(one) for one in found.rules]).model_dump(mode="json")


def _alerts_json(found: tuple[showing.AlertView, ...]) -> dict[str, Any]:
    items = [AlertOutput.model_validate(one) for one in found]
    return AlertsOutput(items=items).model_dump(mode="json")


@routes.get("/alerts", permission=Permission.SEE_REPORTS, answer=AlertsOutput, render=_alerts_json)
def open_alerts(actor: Actor, query: WhereQuery) -> tuple[showing.AlertView, ...]:
    """What is bad now."""
    return showing.open_alerts(actor, warehouse_id=query.warehouse_id)


@routes.get("/alerts/past", permission=Permission.SEE_REPORTS, answer=PastAlertsPage)
def past_alerts(actor: Actor, query: PastQuery) -> Page[showing.AlertView]:
    """What was bad."""
    return showing.past_alerts(
        actor,
        warehouse_id=query.warehouse_id,
        before=query.after() or None,
        limit=query.limit,
    )


@routes.post("/alerts/<int:alert_id>/acknowledge", permission=Permission.OVERRIDE, answer=None)
def acknowledge(actor: Actor, alert_id: int, body: NoteInput) -> None:
    """See to an alert: nobody is reminded of it any more."""
    showing.acknowledge(actor, alert_id, note=body.note)


@routes.get(
    "/warehouses/<int:warehouse_id>/alert-rules",
    permission=Permission.CHANGE_POLICY,
    answer=RulesOutput,
    render=_rules_json,
)
def list_rules(actor: Actor, warehouse_id: int) -> rules.WarehouseRules:
    """What is watched in a warehouse."""
    return rules.warehouse_rules(actor, warehouse_id)


@routes.post(
    "/warehouses/<int:warehouse_id>/alert-rules",
    permission=Permission.CHANGE_POLICY,
    answer=RuleOutput,
    render=_rule_json,
    status=201,
)
def create_rule(actor: Actor, warehouse_id: int, body: RuleInput) -> RuleView:
    """Watch something."""
    return rules.create_rule(actor, warehouse_id, wish=body.wish())


@routes.put(
    "/alert-rules/<int:rule_id>",
    permission=Permission.CHANGE_POLICY,
    answer=RuleOutput,
    render=_rule_json,
)
def change_rule(actor: Actor, rule_id: int, body: RuleInput) -> RuleView:
    """Change a rule; `active: false` lets it rest, and its alerts are over."""
    return rules.change_rule(actor, rule_id, wish=body.wish())
