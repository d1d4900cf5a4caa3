"""Alerts on a warehouse at work: found once by many workers, told to those who may know, cleared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from fulfillment.domain.alerts import CLEARS_AFTER, Quiet, Rule
from fulfillment.domain.errors import InvalidInput, NothingToDo, NotPermitted, UnknownThing
from fulfillment.domain.people import Role
from fulfillment.services import people
from fulfillment.services.alerts import rules, showing, watching
from fulfillment.services.alerts.rules import RuleWish
from fulfillment.services.outbox import endpoints
from fulfillment.services.outbox.endpoints import EndpointWish
from fulfillment.services.people import RoleWish
from fulfillment.store.alerts import Alert, WorkerTurn
from fulfillment.store.base import table_of
from fulfillment.store.journal import AuditEntry, OutboxMessage
from fulfillment.store.orders import Shipment
from fulfillment.store.printing import Printer, PrintJob
from fulfillment.store.transaction import clock_set_to
from tests.support.benches import codes
from tests.support.board_floor import Floor, busy_floor
from tests.support.clocks import Clock
from tests.support.printing import ask_for_bin_label, set_up_raw
from tests.support.racing import race
from tests.support.receivers import HookReceiver, MailBox
from tests.support.way_out import HERE, KEY, send_all, way_out
from tests.support.world import NOON, World, change, fetch

MINUTE = watching.EVERY


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(NOON)
    with clock_set_to(clock):
        yield clock


@pytest.fixture
def floor(clock: Clock, app: Flask, world: World) -> Floor:
    """Orders in every stage at 16:30; see :func:`busy_floor`."""
    return busy_floor(app, world, clock)


@pytest.fixture
def box() -> Iterator[MailBox]:
    box = MailBox()
    box.switch_on()
    yield box
    box.switch_off()


def a_rule(world: World, kind: str, threshold: int, **more: Any) -> int:
    """A rule of W1; its id."""
    receivers = {name: more.pop(name, ()) for name in ("user_ids", "endpoint_ids")}
    wish = RuleWish(Rule(kind, threshold, **more), **receivers)
    boss = world.people["supervisor1"]
    return rules.create_rule(boss, world.warehouses["W1"], wish=wish).id


def with_address(world: World, who: str = "supervisor1", locale: str = "en") -> int:
    user_id = world.people[who].user_id
    admin = world.people["admin"]
    people.change_user(admin, user_id, email=f"{who}@goods.example", locale=locale)
    return user_id


def look(clock: Clock, *, after: timedelta = MINUTE) -> None:
    """One of the workers' looks, a minute later unless said."""
    clock.now += after
    watching.watch()


def told(world: World, who: str = "supervisor1") -> list[tuple[str, int, int]]:
    """Label, value and limit of what is open."""
    found = showing.open_alerts(world.people[who])
    return sorted((one.label, one.value, one.limit) for one in found)


def topics() -> list[str]:
    rows = fetch(select(OutboxMessage.topic).order_by(OutboxMessage.id))
    return [row.topic for row in rows if row.topic.startswith("alert.")]


# --- each kind of figure -------------------------------------------------------------------------


def test_low_stock_is_found_by_the_rule_s_threshold_or_the_product_s_own_level(
    world: World, clock: Clock
) -> None:
    world.product("A", low_stock_level=5)
    world.product("B", low_stock_level=50)
    world.product("C")
    for sku in "ABC":
        world.stock(sku, 10)
    own = a_rule(world, "low-stock", 0)
    look(clock)
    assert told(world) == [("SHOP B", 10, 50)]
    a_rule(world, "low-stock", 11)
    look(clock)
    assert [one[0] for one in told(world)] == ["SHOP A", "SHOP B", "SHOP B", "SHOP C"]
    world.stock("B", 45)
    look(clock)
    look(clock, after=CLEARS_AFTER)
    left = showing.open_alerts(world.people["supervisor1"])
    assert {(one.rule_id == own, one.label) for one in left} == {
        (False, "SHOP A"),
        (False, "SHOP C"),
    }


def test_orders_at_risk_and_late_are_counted_as_the_board_counts_them(
    floor: Floor, world: World, clock: Clock
) -> None:
    a_rule(world, "at-risk", 1)
    a_rule(world, "late", 1)
    look(clock)
    board = floor.people.call("supervisor1", "GET", f"/warehouses/{floor.warehouse_id}/board")
    assert board["standings"]["at-risk"] > 0
    (risk,) = showing.open_alerts(world.people["supervisor1"])
    assert (risk.kind, risk.value) == ("at-risk", board["standings"]["at-risk"])
    clock.set("18:00")
    look(clock)
    late = [one for one in showing.open_alerts(world.people["supervisor1"]) if one.kind == "late"]
    waiting = fetch(
        select(Shipment.order_id)
        .where(Shipment.dispatched_at.is_(None), Shipment.state != "cancelled")
        .distinct()
    )
    assert [one.value for one in late] == [len(waiting)]


def test_a_printer_that_is_down_alerts_and_clears_when_it_is_back(
    world: World, clock: Clock
) -> None:
    printer_id = set_up_raw(world, "127.0.0.1:9")
    a_rule(world, "printer-down", 1, for_minutes=2)
    printer = table_of(Printer)
    here = update(printer).where(printer.c.id == printer_id)
    change(here.values(condition="offline"))
    look(clock)
    look(clock)
    assert told(world) == []
    look(clock)
    assert told(world) == [("P1", 1, 1)]
    change(here.values(condition="ready"))
    look(clock)
    look(clock, after=CLEARS_AFTER)
    assert told(world) == []
    (past,) = showing.past_alerts(world.people["supervisor1"]).items
    assert past.label == "P1"


def test_an_exception_that_waits_too_long_alerts(floor: Floor, world: World, clock: Clock) -> None:
    set_up_raw(world, "127.0.0.1:9")
    ask_for_bin_label(world, "BIN-1")
    change(update(table_of(PrintJob)).values(state="failed"))
    a_rule(world, "exceptions", 30)
    look(clock)
    assert told(world) == []
    look(clock, after=timedelta(minutes=30))
    assert [(one[0], one[2]) for one in told(world)] == [("print-jobs", 30)]


def test_a_station_with_an_order_open_that_says_nothing_alerts(
    floor: Floor, world: World, clock: Clock
) -> None:
    a_rule(world, "station-silent", 15)
    look(clock)
    assert told(world) == []
    look(clock, after=timedelta(minutes=15))
    ((label, value, limit),) = told(world)
    assert (label, limit) == ("W1S1", 15)
    assert value >= 15


def test_messages_that_could_not_be_delivered_alert(world: World, clock: Clock) -> None:
    a_rule(world, "outbox-dead", 1)
    user_id = with_address(world)
    a_rule(world, "low-stock", 11, user_ids=(user_id,))
    world.product("A")
    world.stock("A", 10)
    look(clock)
    assert send_all(way_out()) == ["Rejected"]  # there is no mail server
    look(clock)
    assert ("", 1, 1) in told(world)


# --- exactly once --------------------------------------------------------------------------------


def test_one_message_tells_of_everything_that_a_rule_found_at_once(
    world: World, clock: Clock, box: MailBox, app: Flask
) -> None:
    for number in range(60):
        world.product(f"P{number:02d}")
        world.stock(f"P{number:02d}", 1)
    a_rule(world, "low-stock", 5, user_ids=(with_address(world),))
    look(clock)
    look(clock)
    assert topics() == ["alert.opened"]
    assert send_all(way_out(box)) == ["Delivered"]
    (mail,) = box.mails
    assert mail["Subject"] == "Alert in W1: Low stock"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "SHOP P00: 1 available, low below 5" in text.get_content()
    assert "and 10 more" in text.get_content()
    assert "https://goods.example/alerts?warehouse_id=" in text.get_content()


def _watch() -> int | None:
    return watching.watch()


def test_many_workers_open_and_tell_an_alert_once(world: World, database_url: str) -> None:
    world.product("A")
    world.stock("A", 1)
    a_rule(world, "low-stock", 5, user_ids=(with_address(world),))
    found = race(database_url, [_watch] * 4)
    assert sorted(one for one in found if one is not None) == [1]
    assert len(codes(Alert, "id")) == 1
    assert topics() == ["alert.opened"]


def test_a_worker_whose_turn_is_over_writes_nothing(world: World, clock: Clock) -> None:
    world.product("A")
    world.stock("A", 1)
    a_rule(world, "low-stock", 5)
    clock.now += MINUTE
    number = watching.take_turn()
    assert number is not None
    slow = watching.read_figures(world.warehouses["W1"])
    assert slow is not None
    look(clock)
    world.stock("A", 10)
    before = [tuple(row) for row in codes(Alert, "id", "value", "opened_at")]
    assert watching.settle(world.warehouses["W1"], slow, number) == 0
    assert [tuple(row) for row in codes(Alert, "id", "value", "opened_at")] == before
    assert [row.number for row in codes(WorkerTurn, "number")] == [2]


def test_between_two_turns_nobody_looks(world: World, clock: Clock) -> None:
    a_rule(world, "late", 1)
    assert watching.watch() == 0
    assert watching.watch() is None


# --- who is told, and what they do ---------------------------------------------------------------


def test_a_webhook_is_told_signed_that_it_opened_and_that_it_is_over(
    world: World, clock: Clock
) -> None:
    admin = world.people["admin"]
    with HookReceiver() as receiver:
        receiver.switch_on()
        wish = EndpointWish("ops", receiver.url, ())
        made = endpoints.create_endpoint(admin, wish=wish, rules=HERE, key=KEY)
        world.product("A")
        world.stock("A", 1)
        a_rule(world, "low-stock", 5, endpoint_ids=(made.id,))
        look(clock)
        world.stock("A", 10)
        look(clock)
        look(clock, after=CLEARS_AFTER)
        assert send_all(way_out()) == ["Delivered", "Delivered"]
    opened, over = (json.loads(one.body) for one in receiver.received)
    assert (opened["type"], over["type"]) == ("alert.opened", "alert.resolved")
    assert opened["data"]["alerts"][0]["label"] == "SHOP A"


def test_an_alert_is_mailed_in_the_reader_s_language_and_not_to_who_lost_the_warehouse(
    world: World, clock: Clock, box: MailBox, app: Flask
) -> None:
    admin = world.people["admin"]
    stays, goes = with_address(world), with_address(world, "admin")
    first = people.create_user(
        admin,
        login="moved",
        name="Moved",
        roles=[RoleWish(Role.SUPERVISOR, world.warehouses["W1"])],
        email="moved@goods.example",
    )
    world.product("A")
    world.stock("A", 1)
    a_rule(world, "low-stock", 5, user_ids=(stays, goes, first.user_id))
    look(clock)
    people.set_roles(
        admin, first.user_id, roles=[RoleWish(Role.SUPERVISOR, world.warehouses["W2"])]
    )
    assert sorted(send_all(way_out(box))) == ["Delivered", "Delivered", "Dropped"]
    assert sorted(box.recipients) == ["admin@goods.example", "supervisor1@goods.example"]


def test_in_quiet_hours_nobody_is_disturbed_and_what_is_urgent_passes(
    world: World, clock: Clock
) -> None:
    quiet = Quiet(time(11), time(13))
    world.product("A")
    world.stock("A", 1)
    user_id = with_address(world)
    a_rule(world, "low-stock", 5, quiet=quiet, user_ids=(user_id,))
    look(clock)
    assert len(told(world)) == 1
    assert topics() == []
    a_rule(world, "low-stock", 5, quiet=quiet, urgent=True, user_ids=(user_id,))
    look(clock)
    assert topics() == ["alert.opened"]
    look(clock, after=timedelta(hours=1))
    assert topics() == ["alert.opened", "alert.opened"]


def test_who_takes_an_alert_on_is_remembered_and_nobody_is_reminded(
    world: World, clock: Clock
) -> None:
    world.product("A")
    world.stock("A", 1)
    a_rule(world, "low-stock", 5, remind_hours=1)
    look(clock)
    look(clock, after=timedelta(hours=1))
    assert topics() == ["alert.opened", "alert.reminder"]
    boss = world.people["supervisor1"]
    assert showing.count_for_bell(boss) == 1
    (alert,) = showing.open_alerts(boss)
    showing.acknowledge(boss, alert.id, note="ordered")
    with pytest.raises(NothingToDo):
        showing.acknowledge(boss, alert.id)
    assert showing.count_for_bell(boss) == 0
    look(clock, after=timedelta(hours=3))
    assert len(topics()) == 2
    (seen,) = showing.open_alerts(boss)
    assert (seen.acknowledged_by, seen.note) == (boss.name, "ordered")
    acts = [row.act for row in codes(AuditEntry, "act")]
    assert acts[-1] == "alert-acknowledged"


def test_alerts_of_a_warehouse_are_of_those_who_see_all_of_it(world: World, clock: Clock) -> None:
    world.product("A")
    world.stock("A", 1)
    a_rule(world, "low-stock", 5)
    look(clock)
    (alert,) = showing.open_alerts(world.people["admin"])
    foreign = world.people["supervisor1_w2"]
    assert showing.open_alerts(foreign) == ()
    assert showing.count_for_bell(foreign) == 0
    with pytest.raises(UnknownThing):
        showing.acknowledge(foreign, alert.id)
    with pytest.raises(UnknownThing):
        showing.open_alerts(foreign, warehouse_id=world.warehouses["W1"])
    with pytest.raises(NotPermitted):
        showing.open_alerts(world.people["packer1"])
    first = people.create_user(
        world.people["admin"],
        login="of-one-seller",
        name="Of one seller",
        roles=[RoleWish(Role.SUPERVISOR, world.warehouses["W1"], world.seller_id)],
    )
    of_one = replace(
        world.people["supervisor1"],
        user_id=first.user_id,
        grants=tuple(
            replace(grant, seller_id=world.seller_id)
            for grant in world.people["supervisor1"].grants
        ),
    )
    assert showing.open_alerts(of_one) == ()


def test_a_rule_tells_only_people_and_webhooks_of_its_warehouse(world: World) -> None:
    boss = world.people["supervisor1"]
    picker = world.people["picker1"].user_id
    stranger = world.people["supervisor1_w2"].user_id
    wish = RuleWish(Rule("late", 1), user_ids=(picker, stranger, boss.user_id), endpoint_ids=(99,))
    with pytest.raises(InvalidInput) as refused:
        rules.create_rule(boss, world.warehouses["W1"], wish=wish)
    found = [(fault.where, fault.text) for fault in refused.value.faults]
    assert found == [("user_ids", f"{picker}"), ("user_ids", f"{stranger}"), ("endpoint_ids", "99")]
    with pytest.raises(UnknownThing):
        rules.create_rule(boss, world.warehouses["W2"], wish=RuleWish(Rule("late", 1)))
    with pytest.raises(NotPermitted):
        rules.create_rule(
            world.people["packer1"], world.warehouses["W1"], wish=RuleWish(Rule("late", 1))
        )


def test_a_rule_out_of_use_ends_its_alerts_without_a_word(world: World, clock: Clock) -> None:
    world.product("A")
    world.stock("A", 1)
    rule_id = a_rule(world, "low-stock", 5)
    look(clock)
    wish = RuleWish(Rule("low-stock", 5), active=False)
    rules.change_rule(world.people["supervisor1"], rule_id, wish=wish)
    look(clock)
    assert told(world) == []
    assert topics() == ["alert.opened"]


def test_an_open_alert_shows_the_figure_of_the_latest_look(world: World, clock: Clock) -> None:
    world.product("A")
    world.stock("A", 1)
    a_rule(world, "low-stock", 5)
    look(clock)
    world.stock("A", 2)
    look(clock)
    assert told(world) == [("SHOP A", 3, 5)]
    assert topics() == ["alert.opened"]


def test_a_look_that_changes_nothing_writes_nothing(world: World, clock: Clock) -> None:
    world.product("A")
    world.stock("A", 1)
    a_rule(world, "low-stock", 5)
    look(clock)
    clock.now += MINUTE
    assert watching.watch() == 0
