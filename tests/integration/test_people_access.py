"""Log-in, badge-in, sessions and overrides, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from fulfillment.domain.access import SessionLimits
from fulfillment.domain.errors import InvalidInput, NotLoggedIn, UnknownThing
from fulfillment.domain.people import Actor, Permission, Role, system
from fulfillment.domain.values import Refused
from fulfillment.services import people
from fulfillment.services.people import LoggedIn, RoleWish
from fulfillment.services.people.credentials import digest
from fulfillment.store.base import db
from fulfillment.store.journal import AuditEntry
from fulfillment.store.people import ApiToken, User, WebSession
from fulfillment.store.transaction import Transaction, clock_set_to, writes
from tests.support.world import NOON, World, change, fetch

LIMITS = SessionLimits(office_idle_seconds=1800, session_seconds=43_200)
WRONG = Refused("wrong-credentials")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def an_account(login: str = "ann", *roles: RoleWish) -> people.FirstPassword:
    return people.create_user(system(), login=login, name=login.title(), roles=roles)


def logged_in(verdict: LoggedIn | Refused | None) -> LoggedIn:
    assert isinstance(verdict, LoggedIn)
    return verdict


def who(session: LoggedIn) -> people.Presence:
    return people.by_session(session.token, limits=LIMITS)


def enrolled(world: World, station: str = "W1S1") -> str:
    code = people.make_enrolment_code(system(), world.stations[station]).enrolment_code
    return people.enrol_station(code).token


def badge_of(world: World, login: str, badge: str = "1001") -> people.FirstPin:
    return people.give_badge(system(), world.people[login].user_id, badge=badge)


def test_the_first_password_opens_a_session_that_only_chooses_a_password(world: World) -> None:
    first = an_account("ann", RoleWish(Role.PICKER, world.warehouses["W1"]))
    presence = who(logged_in(people.log_in("ann", first.first_password)))
    assert presence.must_choose_password
    assert presence.actor.may(Permission.PICK, warehouse_id=world.warehouses["W1"])
    people.choose_password(
        presence.actor, old=first.first_password, new="a long walk home", keep_session_id=None
    )
    assert people.log_in("ann", first.first_password) == WRONG
    assert not who(logged_in(people.log_in("ann", "a long walk home"))).must_choose_password


@pytest.mark.parametrize(
    "password", ["short", "ann-likes-apples", "aaaaaaaaaaaaaaa", "password12345", "x" * 129]
)
def test_a_password_that_is_short_or_easily_guessed_is_refused(world: World, password: str) -> None:
    first = an_account()
    session = logged_in(people.log_in("ann", first.first_password))
    with pytest.raises(InvalidInput):
        people.choose_password(
            who(session).actor, old=first.first_password, new=password, keep_session_id=None
        )


def test_choosing_a_password_ends_the_other_sessions(world: World) -> None:
    first = an_account()
    here, there = (logged_in(people.log_in("ann", first.first_password)) for _ in range(2))
    people.choose_password(
        who(here).actor,
        old=first.first_password,
        new="a long walk home",
        keep_session_id=here.session_id,
    )
    assert who(here).actor.name == "Ann"
    with pytest.raises(NotLoggedIn):
        who(there)


@pytest.mark.parametrize(("login", "password"), [("ann", "wrong"), ("nobody", "x"), ("system", "")])
def test_a_wrong_login_does_not_say_what_was_wrong(world: World, login: str, password: str) -> None:
    an_account()
    assert people.log_in(login, password) == WRONG


def test_a_thousand_guesses_get_few_answers_and_the_owner_gets_in_afterwards(world: World) -> None:
    first = an_account()
    clock = Clock()
    answered = 0
    with clock_set_to(clock):
        for _ in range(1000):
            verdict = people.log_in("ann", "guess") if _is_open(clock) else None
            answered += verdict == WRONG
            clock.advance(1)
        # 1,000 seconds: 5 tries at once, then after 30, 60, 120, 240, 480 seconds one each.
        assert 5 < answered <= 10
        clock.advance(900)
        logged_in(people.log_in("ann", first.first_password))


def _is_open(clock: Clock) -> bool:
    """Ask the database instead of hashing in vain: the same rule as the service's."""
    rows = fetch(select(User.locked_until).where(User.login == "ann"))
    return rows[0][0] is None or rows[0][0] <= clock.now


def test_after_five_wrong_tries_even_the_right_password_waits(world: World) -> None:
    first = an_account()
    clock = Clock()
    with clock_set_to(clock):
        for _ in range(5):
            assert people.log_in("ann", "guess") == WRONG
        refused = people.log_in("ann", first.first_password)
        assert refused == Refused("too-many-tries", {"retry_after_seconds": 31})
        clock.advance(31)
        logged_in(people.log_in("ann", first.first_password))
        assert people.log_in("ann", "guess") == WRONG  # the count began anew


def test_only_hashes_of_secrets_are_stored(world: World) -> None:
    first = an_account("ann", RoleWish(Role.ADMINISTRATOR))
    session = logged_in(people.log_in("ann", first.first_password))
    token = people.create_token(
        system(), name="t", user_id=first.user_id, scopes=[Permission.SEE_STOCK]
    )
    stored = [
        str(row)
        for model in (User, WebSession, ApiToken, AuditEntry)
        for row in fetch(select(model.__table__))
    ]
    for secret in (first.first_password, session.token, token.secret):
        assert not any(secret in row for row in stored)
    assert any(digest(session.token) in row for row in stored)


def test_a_session_ends_when_it_is_not_used(world: World) -> None:
    first = an_account()
    clock = Clock()
    with clock_set_to(clock):
        session = logged_in(people.log_in("ann", first.first_password))
        clock.advance(1799)
        assert who(session).seen_is_old
        clock.advance(1)
        with pytest.raises(NotLoggedIn):
            who(session)


def test_a_used_session_ends_twelve_hours_after_the_log_in(world: World) -> None:
    first = an_account()
    clock = Clock()
    with clock_set_to(clock):
        session = logged_in(people.log_in("ann", first.first_password))
        for _ in range(42):
            clock.advance(1000)
            presence = who(session)
            assert presence.session_id
            people.mark_seen(presence.session_id)
        clock.advance(43_200 - 42_000 - 1)
        assert who(session).actor
        clock.advance(1)
        with pytest.raises(NotLoggedIn):
            who(session)


def test_a_session_that_was_logged_out_is_dead_on_the_server(world: World) -> None:
    first = an_account()
    session = logged_in(people.log_in("ann", first.first_password))
    people.log_out(session.token)
    with pytest.raises(NotLoggedIn):
        who(session)


@pytest.mark.parametrize(
    "end",
    [
        lambda user_id: people.change_user(system(), user_id, active=False),
        lambda user_id: people.end_sessions(system(), user_id),
        lambda user_id: people.reset_password(system(), user_id),
    ],
    ids=["switched off", "sessions ended", "password reset"],
)
def test_an_administrator_ends_somebodys_sessions_at_once(
    world: World, end: Callable[[int], object]
) -> None:
    first = an_account()
    session = logged_in(people.log_in("ann", first.first_password))
    end(first.user_id)
    with pytest.raises(NotLoggedIn):
        who(session)


def test_a_user_who_is_switched_off_loses_the_tokens_too(world: World) -> None:
    first = an_account("ann", RoleWish(Role.ADMINISTRATOR))
    token = people.create_token(
        system(), name="t", user_id=first.user_id, scopes=[Permission.SEE_STOCK]
    )
    assert people.by_token(token.secret).actor.may(Permission.SEE_STOCK)
    people.change_user(system(), first.user_id, active=False)
    with pytest.raises(NotLoggedIn):
        people.by_token(token.secret)


def test_roles_count_from_the_next_request_on(world: World) -> None:
    first = an_account("ann", RoleWish(Role.PICKER))
    session = logged_in(people.log_in("ann", first.first_password))
    people.set_roles(system(), first.user_id, roles=[RoleWish(Role.PACKER)])
    actor = who(session).actor
    assert (actor.may(Permission.PICK), actor.may(Permission.PACK)) == (False, True)


def test_a_packer_badges_in_at_an_enrolled_station(world: World) -> None:
    pin = badge_of(world, "packer1").first_pin
    session = logged_in(people.badge_in(enrolled(world), "1001", pin))
    actor = who(session).actor
    assert (actor.name, actor.station_id) == ("Packer1", world.stations["W1S1"])
    assert actor.may(Permission.PACK, warehouse_id=world.warehouses["W1"])


def test_a_badge_opens_nothing_where_no_station_is_enrolled(world: World) -> None:
    pin = badge_of(world, "packer1").first_pin
    with pytest.raises(UnknownThing):
        people.badge_in("made up", "1001", pin)
    token = enrolled(world)
    people.withdraw_station(system(), world.stations["W1S1"])
    with pytest.raises(UnknownThing):
        people.badge_in(token, "1001", pin)


def test_a_badge_gives_even_an_administrator_floor_work_only(world: World) -> None:
    pin = badge_of(world, "admin").first_pin
    actor = who(logged_in(people.badge_in(enrolled(world), "1001", pin))).actor
    assert actor.may(Permission.PACK, warehouse_id=world.warehouses["W1"])
    assert not actor.may(Permission.PACK, warehouse_id=world.warehouses["W2"])
    for permission in (Permission.MANAGE_PEOPLE, Permission.CHANGE_STOCK, Permission.OVERRIDE):
        assert not actor.may(permission)


def test_a_badge_of_another_warehouse_opens_nothing(world: World) -> None:
    pin = badge_of(world, "packer1_w2").first_pin
    assert people.badge_in(enrolled(world, "W1S1"), "1001", pin) == WRONG


def test_who_badges_in_logs_the_former_one_out(world: World) -> None:
    station = enrolled(world)
    first, second = badge_of(world, "packer1"), badge_of(world, "packer2", "1002")
    before = logged_in(people.badge_in(station, "1001", first.first_pin))
    after = logged_in(people.badge_in(station, "1002", second.first_pin))
    assert who(after).actor.name == "Packer2"
    with pytest.raises(NotLoggedIn):
        who(before)


def test_a_station_locks_after_the_idle_time_of_its_warehouse(world: World) -> None:
    people.change_policy(
        system(), world.warehouses["W1"], changes={"idle_seconds": 60}, reason="busy hall"
    )
    pin = badge_of(world, "packer1").first_pin
    station = enrolled(world)
    clock = Clock()
    with clock_set_to(clock):
        session = logged_in(people.badge_in(station, "1001", pin))
        clock.advance(59)
        assert who(session).idle_seconds == 60
        clock.advance(1)
        with pytest.raises(NotLoggedIn):
            who(session)


def test_five_wrong_pins_make_the_badge_wait(world: World) -> None:
    pin = badge_of(world, "packer1").first_pin
    station = enrolled(world)
    clock = Clock()
    with clock_set_to(clock):
        for _ in range(5):
            assert people.badge_in(station, "1001", "000000") == WRONG
        refused = people.badge_in(station, "1001", pin)
        assert isinstance(refused, Refused)
        assert refused.code == "too-many-tries"
        clock.advance(31)
        logged_in(people.badge_in(station, "1001", pin))


def test_an_enrolment_code_works_once_and_for_a_quarter_of_an_hour(world: World) -> None:
    clock = Clock()
    with clock_set_to(clock):
        made = people.make_enrolment_code(system(), world.stations["W1S1"])
        station = people.enrol_station(f" {made.enrolment_code.lower()} ")
        assert people.station_of(station.token)
        with pytest.raises(UnknownThing):
            people.enrol_station(made.enrolment_code)
        late = people.make_enrolment_code(system(), world.stations["W1S2"])
        clock.advance(15 * 60)
        with pytest.raises(UnknownThing):
            people.enrol_station(late.enrolment_code)


@writes
def override(tx: Transaction, badge: str, pin: str, warehouse_id: int) -> int | Refused:
    """A use case that a supervisor must confirm."""
    return people.authorize_override(
        tx, badge=badge, pin=pin, permission=Permission.OVERRIDE, warehouse_id=warehouse_id
    )


def test_a_supervisor_confirms_one_act_by_badge_and_pin(world: World) -> None:
    pin = badge_of(world, "supervisor1").first_pin
    w1, w2 = world.warehouses["W1"], world.warehouses["W2"]
    assert override("1001", pin, w1) == world.people["supervisor1"].user_id
    assert override("1001", pin, w2) == Refused("not-permitted", {"permission": "override"})
    assert not fetch(select(WebSession.id)), "an override logs nobody in"


def test_a_packer_cannot_override_and_guessing_a_pin_is_slowed(world: World) -> None:
    w1 = world.warehouses["W1"]
    packer = badge_of(world, "packer1")
    assert override("1001", packer.first_pin, w1) == Refused(
        "not-permitted", {"permission": "override"}
    )
    supervisor = badge_of(world, "supervisor1", "1002")
    assert override("9999", supervisor.first_pin, w1) == WRONG
    with clock_set_to(Clock()):
        for _ in range(5):
            assert override("1002", "000000", w1) == WRONG
        refused = override("1002", supervisor.first_pin, w1)
    assert isinstance(refused, Refused)
    assert refused.code == "too-many-tries"


def test_a_token_never_gives_more_than_its_owner_has_and_names_less(world: World) -> None:
    w1, w2 = world.warehouses["W1"], world.warehouses["W2"]
    token = people.create_token(
        system(),
        name="t",
        user_id=world.people["admin"].user_id,
        scopes=[Permission.SEE_STOCK],
        warehouse_ids=[w1],
    )
    actor = people.by_token(token.secret).actor
    assert actor.may(Permission.SEE_STOCK, warehouse_id=w1)
    assert not actor.may(Permission.SEE_STOCK, warehouse_id=w2)
    assert not actor.may(Permission.CHANGE_STOCK, warehouse_id=w1)
    with pytest.raises(InvalidInput):
        people.create_token(
            system(),
            name="t",
            user_id=world.people["picker1"].user_id,
            scopes=[Permission.CHANGE_STOCK],
        )


def test_a_revoked_token_is_dead(world: World) -> None:
    token = people.create_token(
        system(),
        name="t",
        user_id=world.people["admin"].user_id,
        scopes=[Permission.SEE_STOCK],
    )
    people.revoke_token(system(), token.id)
    people.revoke_token(system(), token.id)
    with pytest.raises(NotLoggedIn):
        people.by_token(token.secret)
    acts = [row.act for row in fetch(select(AuditEntry.act).order_by(AuditEntry.id))]
    assert acts == ["token-created", "token-revoked"]


def test_the_system_and_who_has_no_account_cannot_be_managed(world: World) -> None:
    for user_id in (1, 99_999):
        with pytest.raises(UnknownThing):
            people.reset_password(system(), user_id)


def test_who_may_do_no_more_is_told_the_same_as_for_nobody(world: World) -> None:
    """A manager of one warehouse must not reach, by a password reset, a greater account."""
    people_of_w1 = an_account("boss", RoleWish(Role.ADMINISTRATOR, world.warehouses["W1"]))
    actor = Actor(
        people_of_w1.user_id,
        "Boss",
        (RoleWish(Role.ADMINISTRATOR, world.warehouses["W1"]).grant,),
    )
    for login in ("admin", "picker1_w2"):
        with pytest.raises(UnknownThing):
            people.reset_password(actor, world.people[login].user_id)
    assert people.reset_password(actor, world.people["picker1"].user_id).login == "picker1"
    seen = {row.login for row in people.list_users(actor, limit=200).items}
    assert "picker1" in seen
    assert not seen & {"admin", "picker1_w2"}


def test_pages_of_users_meet_without_gap_or_overlap(world: World) -> None:
    everybody = [row.id for row in people.list_users(system(), limit=200).items]
    paged: list[int] = []
    after = 0
    while True:
        page = people.list_users(system(), after=after, limit=4)
        paged += [row.id for row in page.items]
        if page.next_key is None:
            break
        after = int(page.next_key[0])
    assert paged == everybody


def test_a_policy_change_is_audited_with_before_and_after(world: World) -> None:
    w1 = world.warehouses["W1"]
    supervisor = world.people["supervisor1"]
    changed = people.change_policy(
        supervisor, w1, changes={"weight_tolerance_percent": 5}, reason="new scale"
    )
    assert changed.policy.weight_tolerance_percent == 5
    assert people.read_policy(supervisor, w1) == changed
    rows = fetch(select(AuditEntry.by_id, AuditEntry.reason, AuditEntry.details))
    assert rows == [(supervisor.user_id, "new scale", {"weight_tolerance_percent": [3, 5]})]


@pytest.mark.parametrize(
    "changes", [{"idle_seconds": 1}, {"printer_off": "explode"}, {"nonsense": 1}, {"scan_out": 1}]
)
def test_a_policy_that_makes_no_sense_is_refused(world: World, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        people.change_policy(system(), world.warehouses["W1"], changes=changes, reason="try")


def test_a_supervisor_of_one_warehouse_sees_no_policy_of_another(world: World) -> None:
    with pytest.raises(UnknownThing):
        people.read_policy(world.people["supervisor1"], world.warehouses["W2"])
    codes = [each.warehouse_code for each in people.list_policies(world.people["supervisor1"])]
    assert codes == ["W1"]


def test_an_inactive_user_cannot_log_in(world: World) -> None:
    first = an_account()
    change(update(User).where(User.login == "ann").values(active=False))
    assert people.log_in("ann", first.first_password) == WRONG


def test_authentication_is_one_statement(world: World) -> None:
    first = an_account(
        "ann", *(RoleWish(Role.PACKER, warehouse) for warehouse in world.warehouses.values())
    )
    session = logged_in(people.log_in("ann", first.first_password))
    token = people.create_token(
        system(), name="t", user_id=first.user_id, scopes=[Permission.PACK]
    ).secret
    assert statements_of(lambda: who(session)) == 1
    assert statements_of(lambda: people.by_token(token)) == 1
    assert len(people.by_token(token).actor.grants) == 2


def statements_of(act: Callable[[], object]) -> int:
    """How many statements *act* sends, BEGIN and COMMIT not counted."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return sum(not statement.startswith("BEGIN") for statement in sent)


def test_tries_that_come_at_once_are_all_counted(app: Flask, world: World) -> None:
    an_account()

    def guess(_number: int) -> LoggedIn | Refused:
        with app.app_context():
            return people.log_in("ann", "guess")

    with ThreadPoolExecutor(max_workers=8) as pool:
        verdicts = list(pool.map(guess, range(24)))
    assert sum(verdict == WRONG for verdict in verdicts) == 5
