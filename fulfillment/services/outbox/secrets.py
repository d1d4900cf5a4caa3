"""The secrets of webhooks: they sign, so they are kept, encrypted with the installation's key."""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken

SECRET_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""
PREFIX = "whsec_"


class SecretLost(Exception):
    """The key of the installation is another than the one that it was encrypted with."""


def new_secret() -> str:
    """A random secret in the form that the libraries of Standard Webhooks take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sealed(secret: str, *, key: str) -> str:
    """What is stored of it; *key* is the secret key of the installation."""
    return _box(key).encrypt(secret.encode()).decode()


def opened(stored: str, *, key: str) -> str:
    """The secret again; raises :class:`SecretLost`."""
    try:
        return _box(key).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise SecretLost from None


def _box(key: str) -> Fernet:
    # The same key signs sessions: a digest of its own keeps the two uses apart.
    derived = hashlib.sha256(b"webhook secrets\0" + key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
