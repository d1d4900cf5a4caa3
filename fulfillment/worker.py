"""The worker: prints what is queued, sends what is told to the world, does what is due by the clock.

`fulfillment worker` runs one. Several may run, on one host or many, with the same database: a job
or message is leased by one of them, and a printer is spoken to by one at a time. Each printer and
each receiver has a thread of its own while there is something to do for it, so that one that hangs
keeps no other waiting; printing, sending and the duties of the clock have separate threads.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError

from fulfillment.carrier_desk import CarrierDesk
from fulfillment.domain.outbox import Unreachable
from fulfillment.domain.people import system
from fulfillment.services import proof_photos
from fulfillment.services.alerts import watching
from fulfillment.services.allocating import hold_expired_stock
from fulfillment.services.outbox import delivering, routing
from fulfillment.services.outbox.delivering import Post
from fulfillment.services.printing import working
from fulfillment.services.reports import schedules

LOOK_SECONDS = 0.3
"""How soon a new label is seen. One look is one indexed query, and takes no lock."""
OUTBOX_SECONDS = 1
EXPIRY_SECONDS = 3600
"""Stock expires at midnight of its warehouse, and warehouses lie in many time zones: an hourly
pass is at most an hour late everywhere. A pass that finds nothing changes nothing."""
TURN_SECONDS = 10
"""How often a worker asks whether it is its turn at what one of all workers does by the clock."""
DATABASE_RETRY_SECONDS = 5
PRINTERS_AT_ONCE = 16
RECEIVERS_AT_ONCE = 8
DUTIES_AT_ONCE = 2

log = structlog.get_logger("worker")


@dataclass(frozen=True)
class Duty:
    """Something that is done again and again by the clock, of each worker at most once at a time."""

    name: str
    every_seconds: float
    act: Callable[[], None]


class Worker:
    """One worker of a database. Needs an application context.

    ``spool_root`` holds spool folders, ``photo_root`` the proof photos of this host; ``post`` is
    the way out of the house, without it nothing leaves; ``beside`` is the process that started it
    and with which it ends, however that one ends.
    """

    def __init__(
        self,
        *,
        spool_root: Path,
        photo_root: Path,
        post: Post | None = None,
        beside: int | None = None,
    ) -> None:
        self._spool_root = spool_root
        self._photo_root = photo_root
        self._post = post
        self._beside = beside
        self._printers = ThreadPoolExecutor(PRINTERS_AT_ONCE, thread_name_prefix="printer")
        self._receivers = ThreadPoolExecutor(RECEIVERS_AT_ONCE, thread_name_prefix="receiver")
        self._clockwork = ThreadPoolExecutor(DUTIES_AT_ONCE, thread_name_prefix="duty")
        self._in_hand: dict[tuple[str, Hashable], Future[None]] = {}
        self._carriers = CarrierDesk()
        self._stopping = False
        self._outbox_at = 0.0
        self._due_at: dict[str, float] = {}
        self._duties = (
            Duty("expiry", EXPIRY_SECONDS, self._expire),
            Duty("proof-photos", EXPIRY_SECONDS, self._delete_old_photos),
            Duty("alerts", TURN_SECONDS, self._watch_alerts),
            Duty("reports", TURN_SECONDS, self._send_reports),
        )

    def stop(self) -> None:
        """Finish what is in hand, begin nothing more. Safe to call from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Work until :meth:`stop`, whatever the database or the printers do meanwhile."""
        log.info("worker-started")
        while not self._stopping and not self._is_orphan():
            try:
                self.turn()
            except DBAPIError as problem:
                log.error("database", problem=type(problem).__name__)
                self._rest(DATABASE_RETRY_SECONDS)
            self._rest(LOOK_SECONDS)
        self.finish()
        log.info("worker-stopped")

    def turn(self) -> None:
        """Look once, and set threads to whatever there is to do."""
        self._collect()
        self._see_to_duties()
        self._see_to_outbox()
        self._carriers.turn()
        self._see_to_printers()

    def finish(self) -> None:
        """Wait for what is in hand: seconds, as every delivery has its time limits."""
        wait(self._in_hand.values())
        self._collect()
        self._carriers.finish()

    def close(self) -> None:
        """Finish, and end the threads."""
        self.finish()
        for pool in (self._printers, self._receivers, self._clockwork):
            pool.shutdown()
        self._carriers.close()

    def _rest(self, seconds: float) -> None:
        """Sleep, but not through a signal to stop."""
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))

    def _is_orphan(self) -> bool:
        # The kernel gives the children of a process that ended another parent.
        return self._beside is not None and os.getppid() != self._beside

    def _begin(
        self, pool: ThreadPoolExecutor, task: tuple[str, Hashable], act: Callable[[], None]
    ) -> None:
        """Set a thread to a task, unless one is at it."""
        if task not in self._in_hand and not self._stopping:
            # The context carries the application and the clock into the thread.
            self._in_hand[task] = pool.submit(copy_context().run, act)

    def _collect(self) -> None:
        for task, work in list(self._in_hand.items()):
            if not work.done():
                continue
            del self._in_hand[task]
            problem = work.exception()
            if problem is not None:
                # What it had in hand is settled when its lease ends; everything else goes on.
                log.error("thread", task=task[0], number=task[1], exc_info=problem)
                if task[0] == "duty":
                    self._due_at[str(task[1])] = time.monotonic() + DATABASE_RETRY_SECONDS

    # --- printers ----------------------------------------------------------------------------

    def _see_to_printers(self) -> None:
        ahead = working.look()
        if ahead.expired_leases:
            recovered = working.recover()
            log.warning("leases-ended", queued=recovered.queued, unknown=recovered.unknown)
        for printer in ahead.printers:
            act = self._print_all if printer.has_job else self._ask
            task = ("printer", printer.printer_id)
            self._begin(self._printers, task, _bound(act, printer.printer_id))

    def _print_all(self, printer_id: int) -> None:
        while not self._stopping:
            state = working.print_next(printer_id, spool_root=self._spool_root)
            if state is None:
                return
            log.info("job", printer=printer_id, state=state)

    def _ask(self, printer_id: int) -> None:
        working.ask(printer_id, spool_root=self._spool_root)

    # --- the outbox --------------------------------------------------------------------------

    def _see_to_outbox(self) -> None:
        post = self._post
        if post is None or time.monotonic() < self._outbox_at:
            return
        while routing.is_due() and routing.share_out():
            pass
        for receiver in delivering.receivers_due():
            self._begin(
                self._receivers, ("receiver", receiver), _bound(self._send_all, post, receiver)
            )
        self._outbox_at = time.monotonic() + OUTBOX_SECONDS

    def _send_all(self, post: Post, receiver: int | None) -> None:
        while not self._stopping:
            outcome = delivering.deliver_next(receiver, post=post)
            if outcome is None:
                return
            log.info("delivery", receiver=receiver, outcome=type(outcome).__name__.lower())
            if isinstance(outcome, Unreachable):
                return

    # --- the clock ---------------------------------------------------------------------------

    def _see_to_duties(self) -> None:
        for duty in self._duties:
            if time.monotonic() >= self._due_at.get(duty.name, 0.0):
                self._due_at[duty.name] = time.monotonic() + duty.every_seconds
                self._begin(self._clockwork, ("duty", duty.name), duty.act)

    def _expire(self) -> None:
        report = hold_expired_stock(system())
        log.info("expiry", held=report.held, still_promised=report.still_promised)

    def _watch_alerts(self) -> None:
        changed = watching.watch()
        if changed:
            log.info("alerts", changed=changed)

    def _send_reports(self) -> None:
        while schedules.is_due() and (sent := schedules.send_due()):
            log.info("reports", sent=sent)

    def _delete_old_photos(self) -> None:
        deleted = proof_photos.delete_old(system(), root=self._photo_root)
        log.info("proof-photos", deleted=deleted)


def _bound(act: Callable[..., None], *values: object) -> Callable[[], None]:
    """*act* with its arguments: a loop's own variables have moved on when a thread looks."""
    return lambda: act(*values)
