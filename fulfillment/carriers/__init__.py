"""Carrier services behind one protocol (:mod:`fulfillment.carriers.protocol`).

``local`` is the house's own: it needs no network and no account.  Others are made by the kind of
their account; :func:`register` adds a kind.
"""

from __future__ import annotations

from collections.abc import Callable

from fulfillment.carriers.local import LocalCarrier
from fulfillment.carriers.protocol import Account, Carrier, NotSetUp
from fulfillment.carriers.through_karrio import KarrioCarrier

Maker = Callable[[Account], Carrier]

_makers: dict[str, Maker] = {"local": lambda _account: LocalCarrier(), "karrio": KarrioCarrier}


def register(kind: str, maker: Maker) -> None:
    """Make carriers of *kind* by *maker* from now on."""
    _makers[kind] = maker


def kinds() -> tuple[str, ...]:
    """The kinds of accounts that this process can speak for."""
    return tuple(sorted(_makers))


def carrier_of(account: Account) -> Carrier:
    """The carrier of an account; raises :class:`NotSetUp` where this machine cannot speak to it."""
    maker = _makers.get(account.kind)
    if maker is None:
        raise NotSetUp(f"no adapter of kind {account.kind}")
    return maker(account)
