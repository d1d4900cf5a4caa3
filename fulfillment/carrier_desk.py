"""The part of the worker that speaks to carriers: buys the labels that were asked for, voids others.

Calls run in threads of their own, a few for each carrier, so that a carrier that hangs keeps
neither the printers nor another carrier waiting.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context

import structlog
from flask import current_app

from fulfillment.services import purchases

CALLS_AT_ONCE = 16
CALLS_TO_ONE_CARRIER = 4

log = structlog.get_logger("carriers")


class CarrierDesk:
    """Asks carriers, a call a thread.  Needs an application context."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="carrier")
        self._in_hand: dict[int, tuple[str, Future[None]]] = {}

    def turn(self) -> None:
        """Look once, and set threads to what is due."""
        self._collect()
        ahead = purchases.look()
        if ahead.expired_leases:
            log.warning("calls-lost", unknown=purchases.recover())
        for purchase_id, carrier in ahead.due:
            calls = sum(1 for name, _work in self._in_hand.values() if name == carrier)
            if purchase_id not in self._in_hand and calls < CALLS_TO_ONE_CARRIER:
                # The context carries the application and the clock into the thread.
                work = self._pool.submit(copy_context().run, self._settle, purchase_id, carrier)
                self._in_hand[purchase_id] = (carrier, work)

    def finish(self) -> None:
        """Wait for the calls in hand: seconds, as every adapter has its time limit."""
        wait([work for _carrier, work in self._in_hand.values()])
        self._collect()

    def close(self) -> None:
        """Finish, and end the threads."""
        self.finish()
        self._pool.shutdown()

    def _settle(self, purchase_id: int, carrier: str) -> None:
        root = current_app.config["CARRIER_CREDENTIALS"]
        state = purchases.settle_next(purchase_id, credentials_root=root)
        log.info("purchase", purchase=purchase_id, carrier=carrier, state=state)

    def _collect(self) -> None:
        for purchase_id, (carrier, work) in list(self._in_hand.items()):
            if not work.done():
                continue
            del self._in_hand[purchase_id]
            problem = work.exception()
            if problem is not None:
                # What it had in hand is settled when its lease ends; other calls go on.
                log.error("carrier-thread", carrier=carrier, exc_info=problem)
