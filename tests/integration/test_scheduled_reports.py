"""Reports by e-mail: once for each period, of several missed ones the last, with today's rights."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select

from fulfillment.domain.errors import InvalidInput, NotPermitted, UnknownThing
from fulfillment.domain.people import Role
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.schedules import Timing, days_of, latest_slot, next_slot
from fulfillment.services import people
from fulfillment.services.people import RoleWish
from fulfillment.services.reports import schedules
from fulfillment.services.reports.schedules import ScheduleView, ScheduleWish
from fulfillment.store.journal import AuditEntry, OutboxMessage
from fulfillment.store.transaction import clock_set_to
from tests.support.benches import codes
from tests.support.clocks import Clock
from tests.support.racing import race
from tests.support.receivers import MailBox
from tests.support.way_out import send_all, way_out
from tests.support.world import NOON, World, fetch

LONDON = ZoneInfo("Europe/London")
SEVEN = Timing("daily", time(7))


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(NOON)
    with clock_set_to(clock):
        yield clock


@pytest.fixture
def box() -> Iterator[MailBox]:
    box = MailBox()
    box.switch_on()
    yield box
    box.switch_off()


def scheduled(world: World, who: str = "supervisor1", **wish: Any) -> ScheduleView:
    """A daily stock report of W1 at seven, unless said; its reader has an address."""
    admin, someone = world.people["admin"], world.people[who]
    people.change_user(admin, someone.user_id, email=f"{who}@goods.example")
    usual = {
        "report": "stock",
        "warehouse_id": world.warehouses["W1"],
        "span": "yesterday",
        "timing": SEVEN,
        "file": "csv",
    }
    return schedules.create_schedule(someone, wish=ScheduleWish(**{**usual, **wish}))


def send_due() -> int:
    return schedules.send_due()


def keys() -> list[str]:
    rows = fetch(select(OutboxMessage.key).order_by(OutboxMessage.id))
    return [row.key for row in rows if row.key.startswith("report.due:")]


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timing", "after", "expected"),
    [
        (SEVEN, "2026-03-04 06:59", "2026-03-04 07:00"),
        (SEVEN, "2026-03-04 07:00", "2026-03-05 07:00"),
        (Timing("weekly", time(7), weekday=0), "2026-03-04 12:00", "2026-03-09 07:00"),
        (Timing("monthly", time(7), month_day=28), "2026-03-28 07:00", "2026-04-28 07:00"),
        (SEVEN, "2026-03-28 12:00", "2026-03-29 07:00"),  # the clocks go forward in between
    ],
)
def test_the_next_one_is_due_at_the_local_time_of_the_warehouse(
    timing: Timing, after: str, expected: str
) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=LONDON)
    wanted = datetime.fromisoformat(expected).replace(tzinfo=LONDON)
    assert next_slot(timing, moment.astimezone(UTC), LONDON) == wanted


def test_every_day_has_one_slot_also_where_the_clock_is_changed() -> None:
    night = Timing("daily", time(1, 30))  # left out on 29 March, twice on 25 October
    for month, day in ((3, 27), (10, 23)):
        at = datetime(2026, month, day, 12, tzinfo=UTC)
        days = []
        for _ in range(4):
            at = next_slot(night, at, LONDON)
            days.append(at.astimezone(LONDON).date())
        assert days == [date(2026, month, day + n) for n in range(1, 5)]


def test_of_several_slots_that_were_missed_the_last_one_counts() -> None:
    until = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
    assert latest_slot(SEVEN, until, LONDON) == date(2026, 3, 9)
    assert latest_slot(Timing("monthly", time(7), month_day=28), until, LONDON) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("yesterday", "2026-03-03", "2026-03-03"),
        ("last-7-days", "2026-02-25", "2026-03-03"),
        ("last-week", "2026-02-23", "2026-03-01"),
        ("last-month", "2026-02-01", "2026-02-28"),
    ],
)
def test_the_days_are_counted_from_the_day_on_which_it_is_sent(
    span: str, first: str, last: str
) -> None:
    days = days_of(span, date(2026, 3, 4))
    assert days == Days(date.fromisoformat(first), date.fromisoformat(last))


# --- sending -------------------------------------------------------------------------------------


def test_a_report_comes_once_a_day_with_its_file_and_a_link(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    world.product("A", name="=cmd")
    world.stock("A", 7)
    scheduled(world)
    assert not schedules.is_due()
    clock.forward(days=1)
    assert schedules.is_due()
    assert (send_due(), send_due()) == (1, 0)
    assert send_all(way_out(box)) == ["Delivered"]
    (mail,) = box.mails
    assert box.recipients == ["supervisor1@goods.example"]
    assert mail["Subject"] == "Stock by warehouse of W1, Mar 4, 2026 to Mar 4, 2026"
    text = mail.get_body(("plain",))
    assert text is not None
    link = "https://goods.example/reports/stock?first_day=2026-03-04&last_day=2026-03-04"
    assert link in text.get_content()
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "stock-2026-03-04-2026-03-04.csv"
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert (row["sku"], row["on_hand"], row["name"]) == ("A", "7", "'=cmd")


def test_a_report_comes_in_the_language_of_its_reader(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    scheduled(world)
    boss = world.people["supervisor1"].user_id
    people.change_user(world.people["admin"], boss, locale="zh_Hant")
    clock.forward(days=1)
    send_due()
    assert send_all(way_out(box)) == ["Delivered"]
    (mail,) = box.mails
    assert "2026年3月4日" in mail["Subject"]
    html = mail.get_body(("html",))
    assert html is not None
    assert '<html lang="zh-Hant">' in html.get_content()


def test_a_workbook_comes_as_a_workbook(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    scheduled(world, file="xlsx", report="dispatch", span="last-week")
    clock.forward(days=1)
    send_due()
    assert send_all(way_out(box)) == ["Delivered"]
    (file,) = box.mails[0].iter_attachments()
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert load_workbook(io.BytesIO(content)).sheetnames


def test_many_workers_send_a_report_once(world: World, clock: Clock, database_url: str) -> None:
    clock.now = datetime(2020, 1, 1, tzinfo=UTC)  # the workers have the real clock: it is due
    scheduled(world)
    assert sorted(race(database_url, [send_due] * 4)) == [0, 0, 0, 1]
    assert len(keys()) == 1


def test_after_a_long_stop_only_the_last_one_comes(world: World, clock: Clock) -> None:
    made = scheduled(world)
    clock.forward(days=10)
    assert (send_due(), send_due()) == (1, 0)
    assert keys() == [f"report.due:{made.id}:2026-03-14"]
    clock.forward(days=1)
    send_due()
    assert len(keys()) == 2


def test_a_paused_one_does_not_come_and_what_was_missed_stays_missed(
    world: World, clock: Clock
) -> None:
    boss = world.people["supervisor1"]
    made = scheduled(world)
    assert not schedules.set_active(boss, made.id, active=False).active
    clock.forward(days=3)
    assert send_due() == 0
    again = schedules.set_active(boss, made.id, active=True)
    assert again.next_at > clock.now
    assert send_due() == 0


def test_who_lost_the_warehouse_or_the_account_gets_nothing(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    admin = world.people["admin"]
    moved, left = world.people["supervisor1"].user_id, world.people["supervisor1_w2"].user_id
    scheduled(world)
    scheduled(world, "supervisor1_w2", warehouse_id=world.warehouses["W2"])
    clock.forward(days=1)
    assert send_due() == 2
    people.set_roles(admin, moved, roles=[RoleWish(Role.SUPERVISOR, world.warehouses["W2"])])
    people.change_user(admin, left, active=False)
    assert send_all(way_out(box)) == ["Dropped", "Dropped"]
    assert box.mails == []


def test_a_deleted_one_is_not_sent_any_more(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    made = scheduled(world)
    clock.forward(days=1)
    send_due()
    schedules.delete_schedule(world.people["supervisor1"], made.id)
    assert send_all(way_out(box)) == ["Dropped"]
    clock.forward(days=1)
    assert send_due() == 0


def test_one_can_be_sent_now_besides(app: Flask, world: World, clock: Clock, box: MailBox) -> None:
    made = scheduled(world)
    schedules.send_now(world.people["supervisor1"], made.id)
    assert send_all(way_out(box)) == ["Delivered"]
    clock.forward(days=1)
    send_due()
    assert send_all(way_out(box)) == ["Delivered"]
    acts = [row.act for row in codes(AuditEntry, "act")]
    assert acts[-2:] == ["report-scheduled", "report-sent-now"]


# --- whose ---------------------------------------------------------------------------------------


def test_a_report_that_one_may_not_see_is_not_scheduled(world: World, clock: Clock) -> None:
    with pytest.raises(UnknownThing):
        scheduled(world, warehouse_id=world.warehouses["W2"])
    with pytest.raises(NotPermitted):
        scheduled(world, "packer1")
    with pytest.raises(UnknownThing):
        scheduled(world, report="weather")


def test_without_an_address_or_with_a_wrong_time_nothing_is_scheduled(
    world: World, clock: Clock
) -> None:
    wish = ScheduleWish(
        "stock", world.warehouses["W1"], "tomorrow", Timing("hourly", time(7), 7, 31), file="pdf"
    )
    with pytest.raises(InvalidInput) as refused:
        schedules.create_schedule(world.people["supervisor1"], wish=wish)
    assert [fault.where for fault in refused.value.faults] == [
        "frequency", "weekday", "month_day", "span", "file", "email",
    ]  # fmt: skip


def test_a_schedule_is_its_reader_s_own(world: World, clock: Clock) -> None:
    made = scheduled(world)
    admin = world.people["admin"]
    assert schedules.list_schedules(admin) == ()
    for act in (
        lambda: schedules.delete_schedule(admin, made.id),
        lambda: schedules.send_now(admin, made.id),
        lambda: schedules.set_active(admin, made.id, active=False),
    ):
        with pytest.raises(UnknownThing):
            act()
