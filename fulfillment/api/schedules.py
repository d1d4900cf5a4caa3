"""Reports by e-mail."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Key, Output
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.reporting.schedules import FileKind, Frequency, Span, Timing
from fulfillment.services.reports import schedules
from fulfillment.services.reports.schedules import ScheduleView, ScheduleWish

routes = Routes("schedules", tag="Reports")

Minute = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class ScheduleInput(Input):
    """A report that comes to your own e-mail address, at a time of the warehouse's clock."""

    report: str = Field(min_length=1, max_length=64)
    warehouse_id: Key
    span: Span = Field(description="The days that it covers, counted from the day it is sent.")
    frequency: Frequency
    local_time: Minute
    weekday: int = Field(0, ge=0, le=6, description="Monday = 0; counts where it is weekly.")
    month_day: int = Field(1, ge=1, le=28, description="Counts where it is monthly.")
    file: FileKind = "xlsx"
    carrier: str = Field("", max_length=64)
    channel: str = Field("", max_length=64)

    def wish(self) -> ScheduleWish:
        """The same for the service."""
        timing = Timing(
            self.frequency, time.fromisoformat(self.local_time), self.weekday, self.month_day
        )
        return ScheduleWish(
            report=self.report,
            warehouse_id=self.warehouse_id,
            span=self.span,
            timing=timing,
            file=self.file,
            carrier=self.carrier,
            channel=self.channel,
        )


class ScheduleOutput(Output):
    """A scheduled report."""

    id: int
    report: str
    warehouse_id: int
    span: str
    frequency: str
    local_time: str
    weekday: int
    month_day: int
    file: str
    carrier: str
    channel: str
    active: bool
    next_at: datetime


class SchedulesOutput(Output):
    """Your scheduled reports."""

    items: list[ScheduleOutput]


def _schedule(view: ScheduleView) -> ScheduleOutput:
    timing = view.timing
    return ScheduleOutput(
        id=view.id,
        report=view.report,
        warehouse_id=view.warehouse_id,
        span=view.span,
        frequency=timing.frequency,
        local_time=f"{timing.local_time:%H:%M}",
        weekday=timing.weekday,
        month_day=timing.month_day,
        file=view.file,
        carrier=view.carrier,
        channel=view.channel,
        active=view.active,
        next_at=view.next_at,
    )


def _schedule_json(view: ScheduleView) -> dict[str, Any]:
    return _schedule(view).model_dump(mode="json")


def _schedules_json(views: tuple[ScheduleView, ...]) -> dict[str, Any]:
    return SchedulesOutput(items=[_schedule(each) for each in views]).model_dump(mode="json")


@routes.get(
    "/report-schedules",
    permission=Permission.SEE_REPORTS,
    answer=SchedulesOutput,
    render=_schedules_json,
)
def list_schedules(actor: Actor) -> tuple[ScheduleView, ...]:
    """The reports that come to you."""
    return schedules.list_schedules(actor)


@routes.post(
    "/report-schedules",
    permission=Permission.SEE_REPORTS,
    answer=ScheduleOutput,
    render=_schedule_json,
    status=201,
)
def create_schedule(actor: Actor, body: ScheduleInput) -> ScheduleView:
    """Let a report come by e-mail."""
    return schedules.create_schedule(actor, wish=body.wish())


@routes.post(
    "/report-schedules/<int:schedule_id>/pause",
    permission=Permission.SEE_REPORTS,
    answer=ScheduleOutput,
    render=_schedule_json,
)
def pause(actor: Actor, schedule_id: int) -> ScheduleView:
    """Let it rest."""
    return schedules.set_active(actor, schedule_id, active=False)


@routes.post(
    "/report-schedules/<int:schedule_id>/resume",
    permission=Permission.SEE_REPORTS,
    answer=ScheduleOutput,
    render=_schedule_json,
)
def resume(actor: Actor, schedule_id: int) -> ScheduleView:
    """Go on with the next one that is due."""
    return schedules.set_active(actor, schedule_id, active=True)


@routes.post(
    "/report-schedules/<int:schedule_id>/send", permission=Permission.SEE_REPORTS, answer=None
)
def send_now(actor: Actor, schedule_id: int) -> None:
    """Send one now."""
    schedules.send_now(actor, schedule_id)


@routes.delete("/report-schedules/<int:schedule_id>", permission=Permission.SEE_REPORTS)
def delete_schedule(actor: Actor, schedule_id: int) -> None:
    """It comes no more."""
    schedules.delete_schedule(actor, schedule_id)
