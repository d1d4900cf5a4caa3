"""Alerts, webhooks, messages and scheduled reports on their pages and through the API."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from fulfillment.domain.people import Role
from fulfillment.services import people
from fulfillment.services.alerts import watching
from fulfillment.services.outbox import delivering, routing
from fulfillment.store import outbox as rows
from fulfillment.store.alerts import AlertRule
from fulfillment.store.base import table_of
from fulfillment.store.journal import OutboxMessage
from fulfillment.store.people import RoleGrant, User
from fulfillment.store.printing import Printer
from fulfillment.store.schedules import ReportSchedule
from tests.support.benches import codes
from tests.support.board_floor import Floor
from tests.support.clocks import Clock
from tests.support.office import Office, complaint, words
from tests.support.office import rows as cells
from tests.support.people import People
from tests.support.printing import set_up_raw
from tests.support.way_out import way_out
from tests.support.world import World, change, fetch

ALERTS, HOOKS, SCHEDULES = "/alerts", "/settings/webhooks", "/reports/schedules"


@pytest.fixture
def office(app: Flask, clock: Clock, world: World) -> Office:
    """A supervisor of W1 with an e-mail address."""
    office = Office(app, world, Role.SUPERVISOR)
    user = table_of(User)
    change(update(user).where(user.c.login == "supervisor-w1").values(email="boss@goods.example"))
    return office


def rule(world: World, **more: Any) -> dict[str, Any]:
    warehouse_id = world.warehouses["W1"]
    return {"warehouse_id": warehouse_id, "kind": "low-stock", "threshold": 5, **more}


def low_stock(world: World, clock: Clock) -> None:
    world.product("A")
    world.stock("A", 1)
    clock.forward(minutes=1)
    watching.watch()


def endpoint(world: World, **more: Any) -> dict[str, Any]:
    wanted = {"name": "shop", "url": "https://shop.example/hook", "topics": "order.cancelled"}
    return {**wanted, "warehouse_id": world.warehouses["W1"], **more}


# --- alerts --------------------------------------------------------------------------------------


def test_a_rule_is_made_an_alert_rings_and_somebody_takes_it_on(
    office: Office, world: World, clock: Clock
) -> None:
    office.done(f"{ALERTS}/rules", on=ALERTS, **rule(world))
    assert "Alerts: 0" in words(office.page("/"))
    low_stock(world, clock)
    page = office.page(ALERTS)
    assert 'class="bell attention"' in page
    assert "Alerts: 1" in words(page)
    ((kind, details, *_rest),) = cells(
        page, "Open: these clear by themselves once it is good again"
    )
    assert (kind, details) == ("Low stock", "SHOP A: 1 available, low below 5")
    (path,) = re.findall(r'action="(/alerts/\d+/acknowledge)"', page)
    after = office.done(path, on=ALERTS, note="ordered", warehouse_id=world.warehouses["W1"])
    assert "You have taken it on." in after
    assert "Alerts: 0" in after
    assert "ordered" in after
    again = office.refused(path, on=ALERTS, warehouse_id=world.warehouses["W1"])
    assert "it is taken on, or over" in words(again.text)


def test_every_alert_opens_what_it_is_about(
    floor: Floor, app: Flask, world: World, clock: Clock
) -> None:
    set_up_raw(world, "127.0.0.1:9")
    change(update(table_of(Printer)).values(condition="offline"))
    for kind, threshold in (
        ("low-stock", 10_000),
        ("at-risk", 1),
        ("late", 1),
        ("printer-down", 1),
        ("station-silent", 1),
    ):
        path = f"/warehouses/{floor.warehouse_id}/alert-rules"
        floor.people.call("supervisor1", "POST", path, {"kind": kind, "threshold": threshold})
    for moment in ("16:50", "17:30"):
        clock.set(moment)
        watching.watch()
    office = Office(app, world, Role.SUPERVISOR)
    page = office.page(ALERTS)
    found = re.findall(r'<td><a href="([^"]+)">([^<]+)</a></td>', page)
    assert len(found) == 5
    for path, _sentence in found:
        office.page(html.unescape(path))


def test_the_board_shows_the_alerts_of_its_warehouse_and_the_bell_live(
    office: Office, world: World, clock: Clock
) -> None:
    office.done(f"{ALERTS}/rules", on=ALERTS, **rule(world))
    assert "No alert is open." in words(office.page("/board/view"))
    low_stock(world, clock)
    view = office.page("/board/view")
    assert 'data-bell="1"' in view
    assert "1 alert: SHOP A: 1 available, low below 5" in words(view)
    wall = office.page("/board?wall=1")
    assert "SHOP A: 1 available" in words(wall)


def test_a_rule_is_changed_with_quiet_hours_and_put_to_rest(
    office: Office, world: World, clock: Clock
) -> None:
    office.done(f"{ALERTS}/rules", on=ALERTS, **rule(world))
    ((rule_id,),) = [tuple(row) for row in codes(AlertRule, "id")]
    (boss,) = codes(User, "id", login="supervisor-w1")
    office.done(
        f"{ALERTS}/rules/{rule_id}",
        on=ALERTS,
        **rule(world, kind="late", threshold=3, for_minutes=10, urgent="on"),
        user_ids=[str(boss.id)],
        quiet_begins="22:00",
        quiet_ends="06:00",
        quiet_weekdays=["0", "4"],
    )
    (row,) = codes(AlertRule, "kind", "threshold", "quiet_weekdays", "user_ids", "active")
    assert tuple(row) == ("late", 3, [0, 4], [boss.id], False)
    assert "out of use" in words(office.page(ALERTS))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"threshold": "-1"}, "Alert from is out of range"),
        ({"kind": "late", "threshold": "0"}, "Alert from is out of range"),
        ({"quiet_begins": "22:00"}, "Quiet hours to is missing"),
        ({"user_ids": "1"}, "E-mail to cannot be told"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_and_what_was_typed_stays(
    office: Office, world: World, typed: dict[str, str], said: str
) -> None:
    answer = office.refused(f"{ALERTS}/rules", on=ALERTS, **rule(world, **typed))
    assert said in complaint(answer)


def test_rules_and_alerts_of_another_warehouse_are_not_there(
    office: Office, app: Flask, world: World, clock: Clock
) -> None:
    office.done(f"{ALERTS}/rules", on=ALERTS, **rule(world))
    low_stock(world, clock)
    (alert,) = re.findall(r"/alerts/(\d+)/acknowledge", office.page(ALERTS))
    ((rule_id,),) = [tuple(row) for row in codes(AlertRule, "id")]
    other = Office(app, world, Role.SUPERVISOR, "W2")
    there = world.warehouses["W2"]
    assert "Alerts: 0" in words(other.page(ALERTS))
    other.page(f"{ALERTS}?warehouse_id={world.warehouses['W1']}", status=404)
    sent = {"warehouse_id": there}
    assert other.press(f"{ALERTS}/{alert}/acknowledge", on=ALERTS, **sent).status_code == 404
    changed = other.press(f"{ALERTS}/rules/{rule_id}", on=ALERTS, **rule(world, **sent))
    assert changed.status_code == 404
    packer = Office(app, world, Role.PACKER)
    packer.page(ALERTS, status=403)
    assert "Alerts:" not in words(packer.page("/"))


def test_who_sees_one_seller_only_reads_the_page_without_rules_and_alerts(
    office: Office, app: Flask, world: World, clock: Clock
) -> None:
    office.done(f"{ALERTS}/rules", on=ALERTS, **rule(world))
    low_stock(world, clock)
    role = table_of(RoleGrant)
    (boss,) = codes(User, "id", login="supervisor-w1")
    change(update(role).where(role.c.user_id == boss.id).values(seller_id=world.seller_id))
    page = office.page(ALERTS)
    assert "No alert is open." in words(page)
    assert "New rule" not in page
    assert "Alerts: 0" in words(page)


def test_programs_read_alerts_and_set_rules(floor: Floor, world: World, clock: Clock) -> None:
    call = floor.people.call
    path = f"/warehouses/{floor.warehouse_id}/alert-rules"
    body = {
        "kind": "station-silent",
        "threshold": 15,
        "quiet": {"begins": "22:00", "ends": "06:00"},
    }
    made = call("supervisor1", "POST", path, body)
    assert made["quiet"] == {"begins": "22:00", "ends": "06:00", "weekdays": [0, 1, 2, 3, 4, 5, 6]}
    clock.set("16:50")
    watching.watch()
    (alert,) = call("supervisor1", "GET", "/alerts")["items"]
    assert (alert["kind"], alert["label"]) == ("station-silent", "W1S1")
    call("supervisor1", "POST", f"/alerts/{alert['id']}/acknowledge", {"note": "on my way"})
    (alert,) = call("supervisor1", "GET", "/alerts")["items"]
    assert alert["note"] == "on my way"
    assert call("supervisor1_w2", "GET", "/alerts")["items"] == []
    rest = {**body, "active": False}
    call("supervisor1", "PUT", f"/alert-rules/{made['id']}", rest)
    assert call("supervisor1", "GET", "/alerts")["items"] == []
    (past,) = call("supervisor1", "GET", "/alerts/past")["items"]
    assert past["id"] == alert["id"]
    for method, address, what in (
        ("GET", path, None),
        ("POST", path, body),
        ("PUT", f"/alert-rules/{made['id']}", body),
        ("POST", f"/alerts/{alert['id']}/acknowledge", {}),
    ):
        assert floor.people.refused("packer1", method, address, what)[0] == 403
        assert floor.people.refused("supervisor1_w2", method, address, what)[0] == 404


# --- webhooks and messages -----------------------------------------------------------------------


def test_a_webhook_is_made_its_secret_shown_once_and_renewed(office: Office, world: World) -> None:
    made = office.press(HOOKS, on=HOOKS, **endpoint(world))
    assert made.status_code == 200
    (secret,) = re.findall(r"whsec_[\w+/=]+", made.text)
    page = office.page(HOOKS)
    assert "whsec_" not in page
    assert "https://shop.example/hook" in page
    ((number,),) = [tuple(row) for row in codes(rows.WebhookEndpoint, "id")]
    renewed = office.press(f"{HOOKS}/{number}/secret", on=HOOKS, sure="on")
    (new,) = re.findall(r"whsec_[\w+/=]+", renewed.text)
    assert new != secret
    office.done(f"{HOOKS}/{number}", on=HOOKS, name="shop", url="https://shop.example/b")
    (row,) = codes(rows.WebhookEndpoint, "url", "active", "topics")
    assert tuple(row) == ("https://shop.example/b", False, [])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://shop.example/", "must begin with https:// here"),
        ("https://192.168.0.9/", "is in a private network"),
        ("https://shop.example:25/", "names a port that webhooks may not reach"),
        ("nonsense", "is not a web address"),
    ],
)
def test_an_address_that_no_webhook_may_reach_is_refused_with_the_reason(
    office: Office, world: World, url: str, said: str
) -> None:
    answer = office.refused(HOOKS, on=HOOKS, **endpoint(world, url=url))
    assert said in complaint(answer)


def test_what_could_not_be_delivered_is_shown_sent_again_or_given_up(
    office: Office, world: World, clock: Clock
) -> None:
    office.done(f"{ALERTS}/rules", on=ALERTS, **rule(world))
    (boss,) = codes(User, "id", login="supervisor-w1")
    ((rule_id,),) = [tuple(row) for row in codes(AlertRule, "id")]
    told = rule(world, user_ids=str(boss.id), active="on")
    office.done(f"{ALERTS}/rules/{rule_id}", on=ALERTS, **told)
    low_stock(world, clock)
    routing.share_out()
    delivering.deliver_next(None, post=way_out())  # there is no mail server
    page = office.page(f"{HOOKS}/dead")
    caption = "Given up after many tries: nothing happens to these by itself"
    ((message, receiver, _since, _tries, reason, _decide),) = cells(page, caption)
    assert message.startswith("alert alert.opened:")
    assert receiver == "Supervisor-W1 by e-mail"
    assert "no mail server is set" in reason
    (resend,) = re.findall(r'action="([^"]+/resend)"', page)
    assert "It is sent again." in office.done(resend, on=f"{HOOKS}/dead")
    delivering.deliver_next(None, post=way_out())
    give_up = resend.replace("resend", "give-up")
    assert "It is given up." in office.done(give_up, on=f"{HOOKS}/dead", reason="no server here")
    assert [row.state for row in codes(rows.OutboxDelivery, "state")] == ["dropped"]
    again = office.press(resend, on=f"{HOOKS}/dead")
    assert again.status_code == 409


def test_programs_make_webhooks_and_settle_messages(app: Flask, world: World, clock: Clock) -> None:
    everybody = People(app, world)
    body = {"name": "shop", "url": "https://shop.example/", "topics": ["order.cancelled"]}
    made = everybody.call("admin", "POST", "/webhooks", body)
    assert made["secret"].startswith("whsec_")
    (one,) = everybody.call("admin", "GET", "/webhooks")["items"]
    assert one["topics"] == ["order.cancelled"]
    assert "secret" not in one
    renewed = everybody.call("admin", "POST", f"/webhooks/{made['id']}/secret")
    assert renewed["secret"] != made["secret"]
    everybody.call("admin", "PUT", f"/webhooks/{made['id']}", {**body, "active": False})
    assert everybody.call("admin", "GET", "/deliveries?state=dead")["items"] == []
    assert everybody.refused("supervisor1", "POST", "/webhooks", body)[0] == 403
    assert everybody.refused("supervisor1", "POST", f"/webhooks/{made['id']}/secret")[0] == 404
    assert everybody.refused("admin", "POST", "/deliveries/9/resend")[0] == 404
    assert everybody.refused("admin", "POST", "/deliveries/9/give-up", {"reason": "gone"})[0] == 404
    for path in ("/webhooks", "/deliveries"):
        assert everybody.refused("packer1", "GET", path)[0] == 403


# --- reports by e-mail ---------------------------------------------------------------------------


def schedule(world: World, **more: Any) -> dict[str, Any]:
    usual = {"report": "stock", "span": "last-week", "frequency": "weekly", "weekday": "0"}
    at = {"local_time": "07:00", "file": "xlsx", "warehouse_id": world.warehouses["W1"]}
    return {**usual, **at, **more}


def test_a_report_is_scheduled_paused_sent_now_and_deleted(
    office: Office, world: World, clock: Clock
) -> None:
    office.done(SCHEDULES, on=SCHEDULES, **schedule(world))
    ((name, warehouse, days, when, file, due, _decide),) = cells(
        office.page(SCHEDULES), "What comes to you"
    )
    assert (name, warehouse, file) == ("Stock by warehouse", "W1", "XLSX")
    assert (days, when) == ("last week, Monday to Sunday", "every week, Monday, 07:00")
    assert due == "Mar 9, 2026 07:00 GMT"
    ((number,),) = [tuple(row) for row in codes(ReportSchedule, "id")]
    office.done(f"{SCHEDULES}/{number}/pause", on=SCHEDULES)
    assert "paused" in words(office.page(SCHEDULES))
    office.done(f"{SCHEDULES}/{number}/resume", on=SCHEDULES)
    form = {"form_key": "the same form twice"}
    for _ in range(2):
        office.done(f"{SCHEDULES}/{number}/send", on=SCHEDULES, **form)
    sent = select(OutboxMessage.id).where(OutboxMessage.topic == "report.due")
    assert len(fetch(sent)) == 1
    office.done(f"{SCHEDULES}/{number}/delete", on=SCHEDULES)
    assert "No report comes to you yet." in words(office.page(SCHEDULES))
    gone = office.press(f"{SCHEDULES}/{number}/send", on=SCHEDULES)
    assert gone.status_code == 404


def test_a_schedule_that_means_nothing_is_refused(
    office: Office, world: World, clock: Clock
) -> None:
    for typed, said in (
        ({"report": "weather"}, "Report must be one of"),
        ({"frequency": "monthly", "month_day": "31"}, "Day of the month, if monthly is out of"),
        ({"local_time": "25:00"}, "Time is not a time of day"),
    ):
        answer = office.refused(SCHEDULES, on=SCHEDULES, **schedule(world, **typed))
        assert said in complaint(answer)


def test_programs_schedule_reports_for_themselves(app: Flask, world: World, clock: Clock) -> None:
    everybody = People(app, world)
    boss = world.people["supervisor1"]
    people.change_user(world.people["admin"], boss.user_id, email="boss@goods.example")
    body = {
        "report": "stock",
        "warehouse_id": world.warehouses["W1"],
        "span": "yesterday",
        "frequency": "daily",
        "local_time": "07:00",
    }
    made = everybody.call("supervisor1", "POST", "/report-schedules", body)
    assert made["next_at"] == "2026-03-05T07:00:00Z"
    path = f"/report-schedules/{made['id']}"
    assert not everybody.call("supervisor1", "POST", f"{path}/pause")["active"]
    assert everybody.call("supervisor1", "POST", f"{path}/resume")["active"]
    everybody.call("supervisor1", "POST", f"{path}/send")
    assert everybody.call("admin", "GET", "/report-schedules")["items"] == []
    for method, address in (
        ("POST", f"{path}/pause"),
        ("POST", f"{path}/resume"),
        ("POST", f"{path}/send"),
        ("DELETE", path),
    ):
        assert everybody.refused("admin", method, address)[0] == 404
        assert everybody.refused("packer1", method, address)[0] == 403
    everybody.call("supervisor1", "DELETE", path)
    assert everybody.call("supervisor1", "GET", "/report-schedules")["items"] == []
