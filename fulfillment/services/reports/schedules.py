"""Reports by e-mail: who gets which when, and the sending of what is due.

A due report becomes a message of the outbox, once for each period whoever of several workers is
first; it is read and written when it is sent, with what its reader may see then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, delete, insert, select, update

from fulfillment.domain.checks import choice_faults, text_faults
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.schedules import (
    FILES,
    SPANS,
    Timing,
    days_of,
    latest_slot,
    next_slot,
    timing_faults,
)
from fulfillment.services.reports.catalogue import report_named
from fulfillment.services.reports.frame import ReportChoice
from fulfillment.store import journal, outbox
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.people import User
from fulfillment.store.schedules import ReportSchedule
from fulfillment.store.transaction import Transaction, reads, writes

TOPIC = "report.due"
MOST_AT_ONCE = 100
MOST_OF_A_PERSON = 50

_schedule, _warehouse = table_of(ReportSchedule), table_of(Warehouse)
_user = table_of(User)


@dataclass(frozen=True)
class ScheduleWish:
    """A report with its filters, and when it is to come."""

    report: str
    warehouse_id: int
    span: str
    timing: Timing
    file: str = "xlsx"
    carrier: str = ""
    channel: str = ""


@dataclass(frozen=True)
class ScheduleView:
    """A schedule as it is shown."""

    id: int
    report: str
    warehouse_id: int
    warehouse: str
    timezone: str
    carrier: str
    channel: str
    span: str
    timing: Timing
    file: str
    active: bool
    next_at: datetime


@dataclass(frozen=True)
class DueReport:
    """What a message of the outbox asks for."""

    report: str
    choice: ReportChoice
    file: str


@reads
def list_schedules(tx: Transaction, actor: Actor) -> tuple[ScheduleView, ...]:
    """The actor's own, by id."""
    actor.require(Permission.SEE_REPORTS)
    query = _SCHEDULES.where(_schedule.c.user_id == actor.user_id).order_by(_schedule.c.id)
    return tuple(_view(row) for row in tx.execute(query))


@writes
def create_schedule(tx: Transaction, actor: Actor, *, wish: ScheduleWish) -> ScheduleView:
    """A report that comes by itself from now on, to the actor's own e-mail address."""
    warehouse = _warehouse_seen(tx, actor, wish.warehouse_id)
    _require_valid(tx, actor, wish)
    zone = ZoneInfo(warehouse.timezone)
    key = tx.execute(
        insert(_schedule).values(
            user_id=actor.user_id,
            report=wish.report,
            warehouse_id=wish.warehouse_id,
            carrier=wish.carrier,
            channel=wish.channel,
            span=wish.span,
            frequency=wish.timing.frequency,
            local_time=wish.timing.local_time,
            weekday=wish.timing.weekday,
            month_day=wish.timing.month_day,
            file=wish.file,
            next_at=next_slot(wish.timing, tx.now, zone),
            created_at=tx.now,
        )
    ).inserted_primary_key
    assert key is not None
    _audit(tx, actor, "report-scheduled", int(key[0]), wish.warehouse_id)
    return _view(_own(tx, actor, int(key[0])))


@writes
def set_active(tx: Transaction, actor: Actor, schedule_id: int, *, active: bool) -> ScheduleView:
    """Pause it, or go on with the next one that is due; what was missed meanwhile stays missed."""
    row = _own(tx, actor, schedule_id)
    after = next_slot(_timing(row), tx.now, ZoneInfo(row.timezone))
    tx.execute(
        update(_schedule).where(_schedule.c.id == schedule_id).values(active=active, next_at=after)
    )
    act = "report-resumed" if active else "report-paused"
    _audit(tx, actor, act, schedule_id, row.warehouse_id)
    return _view(_own(tx, actor, schedule_id))


@writes
def delete_schedule(tx: Transaction, actor: Actor, schedule_id: int) -> None:
    """It comes no more."""
    row = _own(tx, actor, schedule_id)
    tx.execute(delete(_schedule).where(_schedule.c.id == schedule_id))
    _audit(tx, actor, "report-unscheduled", schedule_id, row.warehouse_id)


@writes
def send_now(tx: Transaction, actor: Actor, schedule_id: int) -> None:
    """Send one now, for the days that it would cover today."""
    row = _own(tx, actor, schedule_id)
    today = tx.now.astimezone(ZoneInfo(row.timezone)).date()
    _tell(tx, row, today, key=f"{TOPIC}:{row.id}:now:{tx.now:%Y%m%dT%H%M%S.%f}")
    _audit(tx, actor, "report-sent-now", schedule_id, row.warehouse_id)


# --- the worker's side ---------------------------------------------------------------------


@reads
def is_due(tx: Transaction) -> bool:
    """Whether some report is due, without any lock."""
    query = select(_schedule.c.id).where(_schedule.c.active, _schedule.c.next_at <= tx.now)
    return tx.execute(query.limit(1)).first() is not None


@writes
def send_due(tx: Transaction) -> int:
    """Put what is due into the outbox, of several missed ones the last; how many."""
    query = (
        _SCHEDULES.where(_schedule.c.active, _schedule.c.next_at <= tx.now)
        .order_by(_schedule.c.next_at, _schedule.c.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(of=_schedule, skip_locked=True)
    )
    due = tx.execute(query).all()
    for row in due:
        zone, timing = ZoneInfo(row.timezone), _timing(row)
        day = latest_slot(timing, tx.now, zone)
        _tell(tx, row, day, key=f"{TOPIC}:{row.id}:{day.isoformat()}")
        tx.execute(
            update(_schedule)
            .where(_schedule.c.id == row.id)
            .values(next_at=next_slot(timing, tx.now, zone))
        )
    return len(due)


@reads
def still_wanted(tx: Transaction, schedule_id: int) -> bool:
    """Whether the schedule is still there."""
    found = tx.execute(select(_schedule.c.id).where(_schedule.c.id == schedule_id)).first()
    return found is not None


def due_report(payload: Mapping[str, Any]) -> DueReport:
    """What a message asks for."""
    days = Days(date.fromisoformat(payload["first_day"]), date.fromisoformat(payload["last_day"]))
    choice = ReportChoice(
        days=days,
        warehouse_id=payload["warehouse_id"],
        carrier=payload["carrier"],
        channel=payload["channel"],
    )
    return DueReport(payload["report"], choice, payload["file"])


def _tell(tx: Transaction, row: Row[Any], day: date, *, key: str) -> None:
    days = days_of(row.span, day)
    outbox.tell_these(
        tx,
        topic=TOPIC,
        key=key,
        cause=f"report:{row.id}",
        payload={
            "schedule_id": row.id,
            "report": row.report,
            "warehouse": row.warehouse,
            "warehouse_id": row.warehouse_id,
            "carrier": row.carrier,
            "channel": row.channel,
            "first_day": days.first.isoformat(),
            "last_day": days.last.isoformat(),
            "file": row.file,
        },
        warehouse_id=row.warehouse_id,
        user_ids=[row.user_id],
    )


# --- parts ---------------------------------------------------------------------------------

_SCHEDULES = select(_schedule, _warehouse.c.code.label("warehouse"), _warehouse.c.timezone).join(
    _warehouse, _warehouse.c.id == _schedule.c.warehouse_id
)


def _own(tx: Transaction, actor: Actor, schedule_id: int) -> Row[Any]:
    actor.require(Permission.SEE_REPORTS)
    query = _SCHEDULES.where(
        _schedule.c.id == schedule_id, _schedule.c.user_id == actor.user_id
    ).with_for_update(of=_schedule)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise UnknownThing(kind="report-schedule", key=str(schedule_id))
    return row


def _warehouse_seen(tx: Transaction, actor: Actor, warehouse_id: int) -> Row[Any]:
    actor.require_sight(
        Permission.SEE_REPORTS,
        kind="warehouse",
        key=str(warehouse_id),
        warehouse_id=warehouse_id,
        seller_id=None,
    )
    row = tx.execute(select(_warehouse).where(_warehouse.c.id == warehouse_id)).one_or_none()
    if row is None:
        raise UnknownThing(kind="warehouse", key=str(warehouse_id))
    return row


def _require_valid(tx: Transaction, actor: Actor, wish: ScheduleWish) -> None:
    report_named(wish.report)
    faults = [
        *timing_faults(wish.timing),
        *choice_faults("span", wish.span, SPANS),
        *choice_faults("file", wish.file, FILES),
        *text_faults("carrier", wish.carrier, most=64),
        *text_faults("channel", wish.channel, most=64),
    ]
    email = tx.execute(select(_user.c.email).where(_user.c.id == actor.user_id)).scalar()
    if not email:
        faults.append(Fault("email", "no-address-of-yours"))
    own = select(_schedule.c.id).where(_schedule.c.user_id == actor.user_id)
    if len(tx.execute(own).all()) >= MOST_OF_A_PERSON:
        faults.append(Fault("report", "too-many", str(MOST_OF_A_PERSON)))
    if faults:
        raise InvalidInput(tuple(faults))


def _timing(row: Row[Any]) -> Timing:
    return Timing(row.frequency, row.local_time, row.weekday, row.month_day)


def _view(row: Row[Any]) -> ScheduleView:
    return ScheduleView(
        id=row.id,
        report=row.report,
        warehouse_id=row.warehouse_id,
        warehouse=row.warehouse,
        timezone=row.timezone,
        carrier=row.carrier,
        channel=row.channel,
        span=row.span,
        timing=_timing(row),
        file=row.file,
        active=row.active,
        next_at=row.next_at,
    )


def _audit(tx: Transaction, actor: Actor, act: str, schedule_id: int, warehouse_id: int) -> None:
    journal.audit(
        tx,
        by_id=actor.user_id,
        act=act,
        subject=("report-schedule", schedule_id),
        warehouse_id=warehouse_id,
    )
