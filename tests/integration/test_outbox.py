"""The outbox: each message reaches each of its receivers at least once, in order, or is shown."""

from __future__ import annotations

import base64
import hmac
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from standardwebhooks import Webhook

from fulfillment.domain.errors import InvalidInput, NothingToDo, NotPermitted, UnknownThing
from fulfillment.domain.outbox import LEASE, MOST_ATTEMPTS, TOPICS, Dropped, back_off
from fulfillment.mails import letters, mail
from fulfillment.posting.mail import Mail, MailServer
from fulfillment.posting.targets import BadTarget, Rules, target_of
from fulfillment.posting.webhooks import Webhooks, signed_headers
from fulfillment.services import people
from fulfillment.services.orders.intake import take_order
from fulfillment.services.outbox import delivering, endpoints, routing, settling
from fulfillment.services.outbox.delivering import Post, Reader
from fulfillment.services.outbox.endpoints import EndpointWish, NewSecret
from fulfillment.store import journal
from fulfillment.store import outbox as rows
from fulfillment.store.orders import Order
from fulfillment.store.transaction import Transaction, clock_set_to, writes
from fulfillment.worker import Worker
from tests.support.benches import codes, picked_shipment
from tests.support.clocks import Clock
from tests.support.orders import an_order
from tests.support.racing import race
from tests.support.receivers import HookReceiver, MailBox
from tests.support.way_out import HERE, KEY, send_all
from tests.support.world import World, fetch


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The receivers' libraries look at the real clock, so it begins there."""
    clock = Clock(datetime.now(UTC))
    with clock_set_to(clock):
        yield clock


@pytest.fixture
def receiver() -> Iterator[HookReceiver]:
    with HookReceiver() as receiver:
        yield receiver


@pytest.fixture
def box() -> Iterator[MailBox]:
    box = MailBox()
    yield box
    box.switch_off()


def a_letter(reader: Reader, payload: dict[str, Any], _w: int | None, url: str) -> Mail | Dropped:
    return mail(reader, subject=payload["subject"], paragraphs=["Good <day>"], link=url)


def post(box: MailBox | None = None, rules: Rules = HERE, seconds: float = 5) -> Post:
    return Post(
        webhooks=Webhooks(rules, most_seconds=seconds),
        mail=MailServer(box.url if box else "", "house@goods.example"),
        letters=letters({"test.mail": a_letter}, public_url="https://goods.example"),
        key=KEY,
    )


def endpoint(world: World, url: str, who: str = "admin", **wish: Any) -> NewSecret:
    made = EndpointWish(**{"name": "shop", "url": url, "topics": TOPICS, **wish})
    return endpoints.create_endpoint(world.people[who], wish=made, rules=HERE, key=KEY)


@writes
def tell(tx: Transaction, topic: str, number: int, *more: str) -> str:
    key = ":".join((topic, str(number), *more))
    journal.tell(tx, topic=topic, key=key, payload={"number": number, "more": list(more)})
    return key


@writes
def mail_to(tx: Transaction, user_id: int, subject: str, key: str = "test.mail:1") -> None:
    rows.tell_these(
        tx,
        topic="test.mail",
        key=key,
        cause="test:1",
        payload={"subject": subject},
        warehouse_id=None,
        user_ids=[user_id],
    )


def states() -> list[str]:
    return [row.state for row in codes(rows.OutboxDelivery, "state")]


# --- webhooks ------------------------------------------------------------------------------------


def test_a_message_reaches_its_subscriber_signed_with_the_endpoint_s_own_secret(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on()
    made = endpoint(world, receiver.url)
    other = endpoint(world, receiver.url, name="other", topics=())
    tell("order.cancelled", 7)
    assert send_all(post()) == ["Delivered"]
    (came,) = receiver.received
    verified = Webhook(made.secret).verify(came.body, came.headers)
    assert verified["type"] == "order.cancelled"
    assert verified["data"] == {"number": 7, "more": []}
    assert came.headers["webhook-id"] == "order_cancelled:7"
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(other.secret).verify(came.body, came.headers)
    assert send_all(post()) == []
    assert states() == ["delivered"]


def test_the_signature_is_the_hmac_of_id_time_and_body() -> None:
    secret, body = b"0123456789abcdef0123456789abcdef", b'{"test":1}'
    headers = signed_headers(
        body,
        message_id="order_cancelled:7",
        at=datetime.fromtimestamp(1614265330, UTC),
        secrets=[f"whsec_{base64.b64encode(secret).decode()}"],
    )
    signed = hmac.digest(secret, b"order_cancelled:7.1614265330." + body, "sha256")
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"


@pytest.mark.parametrize("manner", ["off", "hang", "close", "cut", "fail", "refuse", "redirect"])
def test_what_a_receiver_did_not_take_comes_again_with_the_same_id(
    world: World, clock: Clock, receiver: HookReceiver, manner: str
) -> None:
    with HookReceiver() as elsewhere:
        elsewhere.switch_on()
        receiver.elsewhere = elsewhere.url
        if manner != "off":
            receiver.switch_on(manner)
        endpoint(world, receiver.url)
        tell("order.cancelled", 7)
        first = send_all(post(seconds=0.3))
        assert first == ["Failed" if manner in ("refuse", "redirect") else "Unreachable"]
        assert send_all(post()) == [], "not before its time"
        assert elsewhere.received == [], "a redirect is not followed"
    receiver.switch_on("take")
    clock.forward(minutes=2)
    assert send_all(post()) == ["Delivered"]
    assert set(receiver.ids) == {"order_cancelled:7"}
    assert states() == ["delivered"]


def test_a_receiver_that_never_stops_answering_is_read_no_further(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on("flood")
    endpoint(world, receiver.url)
    tell("order.cancelled", 7)
    assert send_all(post()) == ["Delivered"]


def test_messages_of_one_cause_arrive_in_order_and_hold_up_no_other(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on("refuse")
    endpoint(world, receiver.url)
    tell("order.backordered", 1, "a")
    assert send_all(post()) == ["Failed"]
    tell("order.cancelled", 1)
    tell("order.cancelled", 2)
    receiver.manner = "take"
    receiver.received.clear()
    assert send_all(post()) == ["Delivered"]
    assert receiver.ids == ["order_cancelled:2"]
    clock.forward(minutes=1)
    assert send_all(post()) == ["Delivered", "Delivered"]
    assert receiver.ids[1:] == ["order_backordered:1:a", "order_cancelled:1"]


def test_a_worker_that_dies_between_sending_and_marking_repeats_with_the_same_id(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on()
    endpoint(world, receiver.url)
    tell("order.cancelled", 7)
    routing.share_out()
    (number,) = delivering.receivers_due()
    assignment = delivering.claim(number)
    assert assignment is not None
    post().attempt(assignment)  # and here it dies
    assert send_all(post()) == [], "the lease still runs"
    clock.forward(seconds=LEASE.total_seconds() + 1)
    assert send_all(post()) == ["Delivered"]
    assert receiver.ids == ["order_cancelled:7"] * 2
    late = delivering.conclude(assignment, Dropped("the dead worker wakes up"))
    assert late is None
    assert states() == ["delivered"]


def _work() -> None:
    while "open" in states() or routing.is_due():
        send_all(post())


def test_many_workers_deliver_each_message_once_and_in_order(
    world: World, database_url: str, receiver: HookReceiver
) -> None:
    receiver.switch_on()
    endpoint(world, receiver.url)
    wanted = [tell("order.backordered", 1 + n % 3, f"{n:02d}") for n in range(30)]
    race(database_url, [_work] * 4)
    assert len(receiver.received) == 30
    for cause in (1, 2, 3):
        mine = [key.replace(".", "_") for key in wanted if f":{cause}:" in key]
        assert [one for one in receiver.ids if f":{cause}:" in one] == mine


def test_what_stops_every_worker_that_tries_it_is_given_up(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    endpoint(world, receiver.url)
    tell("order.cancelled", 7)
    routing.share_out()
    (number,) = delivering.receivers_due()
    for _ in range(MOST_ATTEMPTS):
        assert delivering.claim(number) is not None
        clock.forward(seconds=LEASE.total_seconds() + 1)
    assert delivering.claim(number) is None
    assert states() == ["dead"]


def test_what_is_never_taken_is_given_up_shown_and_sent_again_by_a_person(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on("refuse")
    endpoint(world, receiver.url)
    tell("order.cancelled", 7)
    for _ in range(MOST_ATTEMPTS):
        assert send_all(post()) == ["Failed"]
        clock.forward(hours=13)
    assert send_all(post()) == []
    admin = world.people["admin"]
    (dead,) = settling.list_deliveries(admin).items
    assert (dead.key, dead.receiver, dead.reason) == ("order.cancelled:7", "shop", "HTTP 400")
    with pytest.raises(UnknownThing):
        settling.resend(world.people["supervisor1"], dead.id)  # of no warehouse of theirs
    with pytest.raises(NotPermitted):
        settling.resend(world.people["packer1"], dead.id)
    receiver.manner = "take"
    settling.resend(admin, dead.id)
    assert send_all(post()) == ["Delivered"]
    with pytest.raises(NothingToDo):
        settling.resend(admin, dead.id)
    assert [row.act for row in codes(journal.AuditEntry, "act")][-1] == "delivery-resent"


def test_a_receiver_that_wants_no_more_is_not_tried_again(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on("gone")
    endpoint(world, receiver.url)
    tell("order.cancelled", 7)
    assert send_all(post()) == ["Rejected"]
    (dead,) = settling.list_deliveries(world.people["admin"]).items
    settling.give_up(world.people["admin"], dead.id, reason="they left")
    assert states() == ["dropped"]


def test_a_receiver_that_is_away_is_left_alone_whatever_waits_for_it(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    endpoint(world, receiver.url)
    for number in range(5):
        tell("order.cancelled", number)
    routing.share_out()
    (number,) = delivering.receivers_due()
    delivering.deliver_next(number, post=post())
    assert delivering.receivers_due() == []
    clock.forward(minutes=1)
    receiver.switch_on()
    assert send_all(post()) == ["Delivered"] * 5


def test_an_endpoint_hears_only_of_its_warehouse_and_seller_and_of_nothing_before_it(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on()
    world.product("A", weight_grams=300)
    world.stock("A", 5)
    shipment_id = picked_shipment(world, {"A": 1})
    take_order(world.people["admin"], an_order(("A", 1), reference="R2"))
    order_id = max(row.id for row in codes(Order, "id"))
    tell("order.cancelled", order_id, "before")
    clock.forward(seconds=1)
    endpoint(world, receiver.url, name="of W1", warehouse_id=world.warehouses["W1"])
    endpoint(world, receiver.url, name="of W2", warehouse_id=world.warehouses["W2"])
    endpoint(world, receiver.url, name="of the shop", seller_id=world.seller_id)
    tell("order.cancelled", order_id)
    tell("shipment.dispatched", shipment_id)
    send_all(post())
    names = {
        (row.name, row.key)
        for row in fetch(
            select(rows.WebhookEndpoint.name, journal.OutboxMessage.key)
            .join(rows.OutboxDelivery, rows.OutboxDelivery.endpoint_id == rows.WebhookEndpoint.id)
            .join(journal.OutboxMessage, journal.OutboxMessage.id == rows.OutboxDelivery.message_id)
        )
    }
    assert names == {
        ("of W1", f"shipment.dispatched:{shipment_id}"),
        ("of the shop", f"shipment.dispatched:{shipment_id}"),
        ("of the shop", f"order.cancelled:{order_id}"),
    }


def test_after_a_new_secret_both_count_for_a_day_and_then_only_the_new_one(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on()
    old = endpoint(world, receiver.url)
    new = endpoints.renew_secret(world.people["admin"], old.id, key=KEY)
    tell("order.cancelled", 1)
    send_all(post())
    for secret in (old.secret, new.secret):
        Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)
    clock.forward(days=1, seconds=1)
    tell("order.cancelled", 2)
    send_all(post())
    assert receiver.received[1].headers["webhook-signature"].count("v1,") == 1


def test_secrets_are_not_readable_in_the_database_and_useless_with_another_key(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    receiver.switch_on()
    made = endpoint(world, receiver.url)
    (stored,) = codes(rows.WebhookEndpoint, "secret")
    assert made.secret.removeprefix("whsec_")[:16] not in stored.secret
    tell("order.cancelled", 1)
    assert send_all(replace(post(), key="another key of forty characters, really")) == ["Rejected"]
    assert receiver.received == []


def test_an_endpoint_out_of_use_gets_nothing_more(
    world: World, clock: Clock, receiver: HookReceiver
) -> None:
    made = endpoint(world, receiver.url)
    tell("order.cancelled", 1)
    routing.share_out()
    wish = EndpointWish("shop", receiver.url, TOPICS, active=False)
    endpoints.change_endpoint(world.people["admin"], made.id, wish=wish, rules=HERE)
    tell("order.cancelled", 2)
    receiver.switch_on()
    assert send_all(post()) == []
    assert states() == ["dropped"]


# --- where webhooks may go -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://shop.example/hook", "not-https"),
        ("https://127.0.0.1/", "private-address"),
        ("https://[::1]/", "private-address"),
        ("https://[::ffff:10.0.0.1]/", "private-address"),
        ("https://[64:ff9b::7f00:1]/", "private-address"),
        ("https://169.254.169.254/latest/meta-data", "private-address"),
        ("https://10.1.2.3/", "private-address"),
        ("https://192.168.0.1/", "private-address"),
        ("https://100.64.0.1/", "private-address"),
        ("https://224.0.0.1/", "private-address"),
        ("https://user:word@shop.example/", "not-a-web-address"),
        ("https://shop.example:22/", "port-not-allowed"),
        ("file:///etc/passwd", "not-a-web-address"),
        ("gopher://shop.example/", "not-a-web-address"),
        ("https://shop.example\\@127.0.0.1/", "not-a-web-address"),
        ("https://shop.example/\r\nX: y", "not-a-web-address"),
        ("https:///nowhere", "not-a-web-address"),
    ],
)
def test_an_address_that_no_webhook_may_reach_is_refused(url: str, code: str) -> None:
    with pytest.raises(BadTarget) as refused:
        target_of(url, Rules())
    assert refused.value.code == code


def test_a_webhook_with_such_an_address_is_not_made(world: World) -> None:
    wish = EndpointWish("evil", "https://10.0.0.1/", ("no.topic",))
    with pytest.raises(InvalidInput) as refused:
        endpoints.create_endpoint(world.people["admin"], wish=wish, rules=Rules(), key=KEY)
    assert [fault.code for fault in refused.value.faults] == ["not-one-of", "private-address"]
    assert codes(rows.WebhookEndpoint, "id") == []


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1"])
def test_a_name_that_leads_to_this_machine_is_refused_before_anything_is_sent(
    world: World, clock: Clock, receiver: HookReceiver, host: str
) -> None:
    receiver.switch_on()
    strict = Rules(http=True)
    wish = EndpointWish("evil", f"http://{host}:{receiver.port}/", TOPICS)
    endpoints.create_endpoint(world.people["admin"], wish=wish, rules=strict, key=KEY)
    tell("order.cancelled", 1)
    assert send_all(post(rules=strict)) == ["Failed"]
    assert receiver.received == []
    (row,) = codes(rows.OutboxDelivery, "reason")
    assert row.reason.startswith("private-address")


def test_a_name_that_changes_its_mind_gains_nothing(
    world: World, clock: Clock, receiver: HookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.switch_on()
    looked_up = []
    real = socket.getaddrinfo

    def answers(host: str, *more: Any, **others: Any) -> Any:
        if host != "shop.example":
            return real(host, *more, **others)
        looked_up.append(host)
        return real("127.0.0.1" if len(looked_up) == 1 else "10.0.0.9", *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    endpoint(world, f"http://shop.example:{receiver.port}/hook")
    tell("order.cancelled", 1)
    assert send_all(post()) == ["Delivered"]
    assert len(looked_up) == 1
    assert receiver.received[0].headers["host"] == f"shop.example:{receiver.port}"


def test_who_manages_one_warehouse_makes_no_webhook_of_all(world: World) -> None:
    boss = world.people["supervisor1"]
    wish = EndpointWish("all", "https://shop.example/", TOPICS)
    with pytest.raises(NotPermitted):
        endpoints.create_endpoint(boss, wish=wish, rules=HERE, key=KEY)
    foreign = replace(wish, warehouse_id=world.warehouses["W2"])
    with pytest.raises(UnknownThing):
        endpoints.create_endpoint(boss, wish=foreign, rules=HERE, key=KEY)
    own = replace(wish, warehouse_id=world.warehouses["W1"])
    made = endpoints.create_endpoint(boss, wish=own, rules=HERE, key=KEY)
    other = world.people["supervisor1_w2"]
    assert endpoints.list_endpoints(other) == ()
    with pytest.raises(UnknownThing):
        endpoints.renew_secret(other, made.id, key=KEY)


# --- e-mails -------------------------------------------------------------------------------------


def addressed(world: World, who: str = "admin", locale: str = "en") -> int:
    user_id = world.people[who].user_id
    people.change_user(world.people["admin"], user_id, email=f"{who}@goods.example", locale=locale)
    return user_id


def test_a_mail_goes_out_as_text_and_html_and_no_header_comes_from_its_subject(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    box.switch_on()
    mail_to(addressed(world), "Late\r\nBcc: thief@evil.example\nX: y")
    assert send_all(post(box)) == ["Delivered"]
    (came,) = box.mails
    assert box.recipients == ["admin@goods.example"]
    assert came["Subject"] == "Late Bcc: thief@evil.example X: y"
    assert came["Bcc"] is None
    assert came["From"] == "house@goods.example"
    text, html = came.get_body(("plain",)), came.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Good <day>" in text.get_content()
    assert "Good &lt;day&gt;" in html.get_content()
    assert "https://goods.example" in html.get_content()


def test_a_mail_that_was_not_taken_comes_again_with_the_same_id(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    mail_to(addressed(world), "Late")
    assert send_all(post(box)) == ["Unreachable"]
    box.switch_on()
    box.busy = True
    clock.forward(minutes=1)
    assert send_all(post(box)) == ["Failed"]
    box.busy = False
    clock.forward(minutes=5)
    assert send_all(post(box)) == ["Delivered"]
    clock.forward(minutes=5)
    mail_to(world.people["admin"].user_id, "Late", key="test.mail:2")
    assert send_all(post(box)) == ["Delivered"]
    first, second = (one["Message-ID"] for one in box.mails)
    assert first.startswith("<test-mail-1.")
    assert first != second


def test_an_address_that_the_mail_server_does_not_know_is_shown(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    box.switch_on()
    box.refuses.add("admin@goods.example")
    mail_to(addressed(world), "Late")
    assert send_all(post(box)) == ["Rejected"]
    (dead,) = settling.list_deliveries(world.people["admin"]).items
    assert dead.by_mail
    assert dead.receiver == "Admin"


def test_who_has_no_address_or_no_account_any_more_gets_nothing(
    app: Flask, world: World, clock: Clock, box: MailBox
) -> None:
    box.switch_on()
    mail_to(world.people["picker1"].user_id, "Late")
    mail_to(addressed(world, "picker2"), "Late", key="test.mail:2")
    people.change_user(world.people["admin"], world.people["picker2"].user_id, active=False)
    assert send_all(post(box)) == ["Dropped", "Dropped"]
    assert box.mails == []


def test_without_a_mail_server_a_mail_is_shown_as_not_sent(
    app: Flask, world: World, clock: Clock
) -> None:
    mail_to(addressed(world), "Late")
    assert send_all(post()) == ["Rejected"]
    (dead,) = settling.list_deliveries(world.people["admin"]).items
    assert "FULFILLMENT_SMTP_URL" in dead.reason


def test_the_worker_delivers_while_another_receiver_hangs(
    app: Flask, world: World, receiver: HookReceiver, tmp_path: Any
) -> None:
    with HookReceiver() as hanging:
        hanging.switch_on("hang")
        receiver.switch_on()
        endpoint(world, hanging.url, name="hangs")
        endpoint(world, receiver.url, name="quick")
        tell("order.cancelled", 1)
        worker = Worker(spool_root=tmp_path, photo_root=tmp_path, post=post(seconds=3))
        worker.turn()
        worker.close()
    assert receiver.ids == ["order_cancelled:1"]
    assert sorted(states()) == ["delivered", "open"]


def test_back_off_grows_and_is_spread_by_chance() -> None:
    steps = [back_off(n, spread=0.999) for n in range(1, MOST_ATTEMPTS)]
    assert steps == sorted(steps)
    assert steps[-1] <= timedelta(hours=12)
    assert back_off(3, spread=0.0) < back_off(3, spread=0.5)
