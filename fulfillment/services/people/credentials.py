"""Secrets: random tokens of which only a hash is kept, passwords and PINs as argon2id."""

from __future__ import annotations

import hashlib
import secrets

import argon2

# 19 MiB and 2 passes: the least that OWASP's password storage sheet asks for argon2id, about 20 ms
# here. An override is checked inside a transaction, so more would make other stations wait.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0 O 1 I: the code is read from one screen and typed on another."""


def new_token() -> str:
    """A random token of 256 bits, in characters that fit a header and a cookie."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is stored of a random token.  Its 256 bits cannot be guessed, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code() -> str:
    """A random code of 50 bits to be typed once."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(10))


def new_password() -> str:
    """A first password of 80 bits, in groups that can be typed from paper."""
    return "-".join(
        "".join(secrets.choice(_CODE_LETTERS) for _ in range(4)) for _ in range(4)
    ).lower()


def new_pin() -> str:
    """A first PIN of 6 digits."""
    return f"{secrets.randbelow(10**6):06d}"


def slow_hash(secret: str) -> str:
    """The argon2id hash of a password or PIN."""
    return _HASHER.hash(secret)


_NOBODYS_HASH = slow_hash(new_token())


def matches(secret: str, stored: str | None) -> bool:
    """Whether *secret* is the one; takes as long where nothing is stored, so names do not leak."""
    try:
        _HASHER.verify(stored or _NOBODYS_HASH, secret)
    except argon2.exceptions.VerificationError:
        return False
    return stored is not None
