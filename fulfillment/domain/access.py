"""The rules of access: what a secret must be, how guessing is slowed, what can be passed on.

Figures follow OWASP ASVS 5.0: V6.2 (passwords), V6.3.1 (brute force), V7.3 (session limits),
V8.2 (what may be granted).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from fulfillment.domain.errors import Fault
from fulfillment.domain.people import Actor, Grant, Permission

PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 128
PIN_LENGTH_MIN = 6
PIN_LENGTH_MAX = 12

TRIES_BEFORE_BACK_OFF = 5
FIRST_BACK_OFF_SECONDS = 30
LONGEST_BACK_OFF_SECONDS = 900
"""A back-off, never a lock for good: else anybody could lock anybody out."""

SEEN_EVERY_SECONDS = 60
"""How exactly the last use of a session is remembered; see :meth:`SessionLimits.seen_seconds`."""

FLOOR_PERMISSIONS = frozenset(
    {Permission.PICK, Permission.PACK, Permission.SHIP, Permission.WORK_TASKS}
)
"""All that a badge and a PIN open, whoever holds them: two weak secrets are no office log-in."""

COMMON_PASSWORDS = frozenset({
    "123456789012", "1234567890123", "12345678901234", "123456789123", "qwertyuiop12",
    "qwertyuiop123", "qwertyuiopasdfgh", "qwertyqwerty", "qwerty123456", "1qaz2wsx3edc",
    "1q2w3e4r5t6y", "1q2w3e4r5t6y7u8i", "q1w2e3r4t5y6", "zaq12wsxcde3", "zxcvbnm12345",
    "asdfghjkl123", "password1234", "password12345", "password123456", "passwordpassword",
    "mypassword123", "administrator", "administrator1", "administrator123", "adminadminadmin",
    "admin1234567", "letmeinletmein", "iloveyou1234", "iloveyouforever", "welcome12345",
    "welcomewelcome", "changemechangeme", "changeme1234", "trustno1trustno1",
    "correcthorsebatterystaple", "warehouse123", "warehouse1234", "fulfillment1",
    "fulfillment123", "abcdefghijkl", "abcdefghijklm", "superman1234", "football1234",
    "baseball1234", "dragondragon", "sunshine1234", "princess1234", "monkeymonkey",
    "computer1234", "internet1234", "samsung12345", "liverpool123", "chocolate123",
    "michaeljordan", "manchester123",
})  # fmt: skip
"""Often used passwords that are long enough; shorter ones are refused for their length."""


def password_faults(password: str, *, login: str) -> tuple[Fault, ...]:
    """What is wrong with a new password: no rule of composition, only length and guessability."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        return (Fault("password", "wrong-length", f"{PASSWORD_LENGTH_MIN}..{PASSWORD_LENGTH_MAX}"),)
    plain = password.casefold()
    few_characters = len(set(plain)) < 5
    if few_characters or plain in COMMON_PASSWORDS or (login and login.casefold() in plain):
        return (Fault("password", "easily-guessed"),)
    return ()


def pin_faults(pin: str) -> tuple[Fault, ...]:
    """What is wrong with a new PIN: 6 to 12 digits, no run and no single digit repeated."""
    if not (pin.isascii() and pin.isdigit() and PIN_LENGTH_MIN <= len(pin) <= PIN_LENGTH_MAX):
        return (Fault("pin", "not-a-pin", f"{PIN_LENGTH_MIN}..{PIN_LENGTH_MAX}"),)
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        return (Fault("pin", "easily-guessed"),)
    return ()


def back_off_seconds(failed_tries: int) -> int:
    """How long nobody is let in after so many wrong tries in a row: 0, then 30 s, doubled."""
    if failed_tries < TRIES_BEFORE_BACK_OFF:
        return 0
    doublings = min(failed_tries - TRIES_BEFORE_BACK_OFF, 10)
    return min(FIRST_BACK_OFF_SECONDS << doublings, LONGEST_BACK_OFF_SECONDS)


@dataclass(frozen=True)
class SessionLimits:
    """After how many seconds a session ends, unused or at all.

    At a station the idle time is the warehouse's policy, so it is an argument.
    """

    office_idle_seconds: int = 1800
    session_seconds: int = 43_200

    def has_ended(
        self, now: datetime, *, created_at: datetime, last_seen_at: datetime, idle_seconds: int
    ) -> bool:
        """Whether the session is over."""
        return (
            now - created_at >= timedelta(seconds=self.session_seconds)
            or now - last_seen_at >= timedelta(seconds=idle_seconds)
        )  # fmt: skip

    @staticmethod
    def seen_seconds(idle_seconds: int) -> int:
        """How old ``last_seen_at`` gets before it is written again.

        A minute; less where the idle time is so short that a minute would lock a busy station
        far too early.
        """
        return min(SEEN_EVERY_SECONDS, idle_seconds // 6)


def at_station(grants: Iterable[Grant], *, warehouse_id: int) -> tuple[Grant, ...]:
    """What is left of somebody's grants after a log-in by badge at a station."""
    return tuple(
        Grant(grant.permissions & FLOOR_PERMISSIONS, warehouse_id, grant.seller_id)
        for grant in grants
        if grant.warehouse_id in (None, warehouse_id) and grant.permissions & FLOOR_PERMISSIONS
    )


@lru_cache(maxsize=1024)
def narrowed(
    grants: tuple[Grant, ...],
    scopes: tuple[str, ...],
    warehouse_ids: tuple[int, ...],
    seller_ids: tuple[int, ...],
) -> tuple[Grant, ...]:
    """What a token may do: never more than its owner, and of that what it names.

    Empty *warehouse_ids* or *seller_ids* stand for every one that the owner has.
    """
    wanted = frozenset(Permission(scope) for scope in scopes)
    return tuple(
        Grant(grant.permissions & wanted, warehouse_id, seller_id)
        for grant in grants
        if grant.permissions & wanted
        for warehouse_id in _common(grant.warehouse_id, warehouse_ids)
        for seller_id in _common(grant.seller_id, seller_ids)
    )


def may_give(actor: Actor, given: Grant) -> bool:
    """Whether *actor* may hand out *given*: only people's managers, and only what they have.

    So nobody rises by making an account or a token that can do more than they can.
    """
    return all(
        covers(actor, permission, warehouse_id=given.warehouse_id, seller_id=given.seller_id)
        for permission in given.permissions | {Permission.MANAGE_PEOPLE}
    )


def covers(
    actor: Actor, permission: Permission, *, warehouse_id: int | None, seller_id: int | None
) -> bool:
    """Whether *actor* has the permission for all of it; None stands for every one.

    Unlike :meth:`Actor.may`, where None asks for the permission anywhere.
    """
    return any(
        permission in own.permissions
        and own.warehouse_id in (None, warehouse_id)
        and own.seller_id in (None, seller_id)
        for own in actor.grants
    )


def _common(own: int | None, named: Sequence[int]) -> tuple[int | None, ...]:
    if not named:
        return (own,)
    if own is None:
        return tuple(named)
    return (own,) if own in named else ()
