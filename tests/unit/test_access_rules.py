"""The pure rules of access."""

from __future__ import annotations

import pytest

from fulfillment.domain.access import (
    FLOOR_PERMISSIONS,
    SessionLimits,
    at_station,
    back_off_seconds,
    may_give,
    narrowed,
    password_faults,
    pin_faults,
)
from fulfillment.domain.people import PERMISSIONS, Actor, Grant, Permission, Role

W1, W2, SHOP = 1, 2, 7


@pytest.mark.parametrize(
    "password",
    ["a long walk home", "correct-horse-7-battery", "倉庫倉庫一二三四五六七八九十", "x1y2z3" * 12],
)
def test_any_long_password_that_is_not_easily_guessed_is_good(password: str) -> None:
    assert password_faults(password, login="ann") == ()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("eleven char", "wrong-length"),
        ("x" * 129, "wrong-length"),
        ("Password12345", "easily-guessed"),
        ("abababababab", "easily-guessed"),
        ("my name is ANN!", "easily-guessed"),
    ],
)
def test_a_bad_password_is_refused_with_the_reason(password: str, code: str) -> None:
    assert [fault.code for fault in password_faults(password, login="ann")] == [code]


@pytest.mark.parametrize(
    "pin", ["12345", "1234567890123", "abcdef", "１２３４５６", "123456", "654321", "000000", ""]
)
def test_a_bad_pin_is_refused(pin: str) -> None:
    assert pin_faults(pin)


@pytest.mark.parametrize("pin", ["135790", "112233", "907654"])
def test_a_pin_of_six_digits_is_good(pin: str) -> None:
    assert pin_faults(pin) == ()


def test_the_back_off_grows_and_stays_below_a_quarter_of_an_hour() -> None:
    assert [back_off_seconds(tries) for tries in (0, 4, 5, 6, 7)] == [0, 0, 30, 60, 120]
    assert back_off_seconds(10_000) == 900


def test_a_busy_station_is_never_locked_much_too_early() -> None:
    assert SessionLimits.seen_seconds(1800) == 60
    assert SessionLimits.seen_seconds(180) == 30


def test_a_token_is_narrowed_by_permission_warehouse_and_seller() -> None:
    everything = (Grant(frozenset(Permission)),)
    found = narrowed(everything, ("see-stock",), (W1, W2), (SHOP,))
    assert found == (
        Grant(frozenset({Permission.SEE_STOCK}), W1, SHOP),
        Grant(frozenset({Permission.SEE_STOCK}), W2, SHOP),
    )
    assert narrowed((Grant(frozenset(Permission), W1),), ("see-stock",), (W2,), ()) == ()
    assert narrowed((Grant.of_role(Role.PICKER),), ("see-stock",), (), ()) == ()


def test_a_badge_opens_floor_work_of_that_warehouse_only() -> None:
    grants = (Grant.of_role(Role.ADMINISTRATOR), Grant.of_role(Role.PACKER, W2))
    found = at_station(grants, warehouse_id=W1)
    assert found == (Grant(FLOOR_PERMISSIONS, W1),)


def test_nobody_gives_what_they_do_not_have() -> None:
    administrator = Actor(2, "A", (Grant.of_role(Role.ADMINISTRATOR, W1),))
    supervisor = Actor(3, "S", (Grant.of_role(Role.SUPERVISOR),))
    narrow = Actor(4, "T", (Grant(frozenset({Permission.MANAGE_PEOPLE})),))
    for role in Role:
        assert may_give(administrator, Grant.of_role(role, W1))
        assert not may_give(administrator, Grant.of_role(role, W2))
        assert not may_give(administrator, Grant.of_role(role))
        assert not may_give(supervisor, Grant.of_role(role, W1))
        assert not may_give(narrow, Grant.of_role(role, W1))
    assert set(PERMISSIONS) == set(Role)
