"""Reports by e-mail: one's own, made, paused, sent now, deleted."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Permission
from fulfillment.domain.reporting.schedules import FILES, FREQUENCIES, SPANS, Timing
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.services.reports import catalogue, schedules
from fulfillment.services.reports.schedules import ScheduleWish

blueprint = Blueprint("office_schedules", __name__, url_prefix="/reports/schedules")


@blueprint.get("")
@page(Permission.SEE_REPORTS)
def list_schedules() -> Answer:
    """What comes by e-mail."""
    return _schedules_page()


@blueprint.post("")
@page(Permission.SEE_REPORTS)
def create_schedule() -> Answer:
    """One more."""
    return _act(
        "create",
        lambda: schedules.create_schedule(actor(), wish=_wish()),
        _("It comes by e-mail from now on."),
    )


@blueprint.post("/<int:schedule_id>/pause")
@page(Permission.SEE_REPORTS)
def pause(schedule_id: int) -> Answer:
    """It rests."""
    return _act(
        f"schedule-{schedule_id}",
        lambda: schedules.set_active(actor(), schedule_id, active=False),
        _("It is paused."),
    )


@blueprint.post("/<int:schedule_id>/resume")
@page(Permission.SEE_REPORTS)
def resume(schedule_id: int) -> Answer:
    """It comes again."""
    return _act(
        f"schedule-{schedule_id}",
        lambda: schedules.set_active(actor(), schedule_id, active=True),
        _("It comes by e-mail from now on."),
    )


@blueprint.post("/<int:schedule_id>/send")
@page(Permission.SEE_REPORTS)
def send_now(schedule_id: int) -> Answer:
    """One now; the form sent twice is one e-mail."""
    return _act(
        f"schedule-{schedule_id}",
        lambda: forms.once(lambda: schedules.send_now(actor(), schedule_id)),
        _("It is on its way."),
    )


@blueprint.post("/<int:schedule_id>/delete")
@page(Permission.SEE_REPORTS)
def delete_schedule(schedule_id: int) -> Answer:
    """It comes no more."""
    return _act(
        f"schedule-{schedule_id}",
        lambda: schedules.delete_schedule(actor(), schedule_id),
        _("It comes no more."),
    )


def _act(form: str, command: Callable[[], object], sentence: str) -> Answer:
    refused = attempt(form, command)
    return _schedules_page(refused) if refused else done(sentence, url_for(".list_schedules"))


def _wish() -> ScheduleWish:
    at = forms.text("local_time", most=8)
    timing = Timing(
        frequency=forms.choice("frequency", FREQUENCIES),
        local_time=forms.minute_of("local_time", at),
        weekday=forms.optional_number("weekday") or 0,
        month_day=forms.optional_number("month_day") or 1,
    )
    report = forms.text("report", most=64)
    if report not in catalogue.REPORTS:
        raise invalid("report", "not-one-of", ", ".join(catalogue.REPORTS))
    return ScheduleWish(
        report=report,
        warehouse_id=forms.number("warehouse_id", least=1),
        span=forms.choice("span", SPANS),
        timing=timing,
        file=forms.choice("file", FILES),
        carrier=forms.text("carrier", most=64, required=False),
        channel=forms.text("channel", most=64, required=False),
    )


def _schedules_page(refused: Refusal | None = None) -> Answer:
    return draw(
        "office/schedules.html",
        refused,
        schedules=schedules.list_schedules(actor()),
        reports=tuple(catalogue.REPORTS),
        warehouses=choices.warehouses(),
        frequencies=FREQUENCIES,
        spans=SPANS,
        files=FILES,
        weekdays=range(7),
    )
