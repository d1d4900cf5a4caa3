"""The part of the worker that speaks to carriers: labels, voids, manifests, pickups, tracking.

Calls run in threads of their own, a few for each carrier, so that a carrier that hangs keeps
neither the printers nor another carrier waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import partial
from pathlib import Path

import structlog
from flask import current_app

from fulfillment.services import carrier_requests, purchases

CALLS_AT_ONCE = 16
CALLS_TO_ONE_CARRIER = 4
TRACK_SECONDS = 60
"""How often is looked for parcels to ask about: what they say is hours old anyway."""

log = structlog.get_logger("carriers")


class CarrierDesk:
    """Asks carriers, a call a thread.  Needs an application context."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="carrier")
        self._in_hand: dict[tuple[str, int], tuple[str, Future[None]]] = {}
        self._track_at = 0.0

    def turn(self) -> None:
        """Look once, and set threads to what is due."""
        self._collect()
        root = current_app.config["CARRIER_CREDENTIALS"]
        ahead = purchases.look()
        if ahead.expired_leases:
            log.warning("calls-lost", unknown=purchases.recover())
        for purchase_id, carrier in ahead.due:
            settle = partial(purchases.settle_next, purchase_id, credentials_root=root)
            self._begin("purchase", purchase_id, carrier, settle)
        for request_id, carrier in carrier_requests.look():
            settle = partial(carrier_requests.settle_next, request_id, credentials_root=root)
            self._begin("request", request_id, carrier, settle)
        if time.monotonic() >= self._track_at:
            self._track_at = time.monotonic() + TRACK_SECONDS
            self._track(root)

    def finish(self) -> None:
        """Wait for the calls in hand: seconds, as every adapter has its time limit."""
        wait([work for _carrier, work in self._in_hand.values()])
        self._collect()

    def close(self) -> None:
        """Finish, and end the threads."""
        self.finish()
        self._pool.shutdown()

    def _track(self, root: Path) -> None:
        lost = carrier_requests.recover()
        if lost:
            log.warning("requests-lost", unknown=lost)
        for parcel in carrier_requests.parcels_to_ask_about():
            ask = partial(carrier_requests.track, parcel, credentials_root=root)
            self._begin("parcel", parcel.label_id, parcel.account.carrier, ask)

    def _begin(
        self, kind: str, number: int, carrier: str, settle: Callable[[], str | None]
    ) -> None:
        calls = sum(1 for name, _work in self._in_hand.values() if name == carrier)
        if (kind, number) in self._in_hand or calls >= CALLS_TO_ONE_CARRIER:
            return
        # The context carries the application and the clock into the thread.
        work = self._pool.submit(copy_context().run, self._settle, kind, number, carrier, settle)
        self._in_hand[kind, number] = (carrier, work)

    def _settle(
        self, kind: str, number: int, carrier: str, settle: Callable[[], str | None]
    ) -> None:
        log.info(kind, number=number, carrier=carrier, state=settle())

    def _collect(self) -> None:
        for key, (carrier, work) in list(self._in_hand.items()):
            if not work.done():
                continue
            del self._in_hand[key]
            problem = work.exception()
            if problem is not None:
                # What it had in hand is settled when its lease ends; other calls go on.
                log.error("carrier-thread", carrier=carrier, exc_info=problem)
