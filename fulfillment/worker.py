"""The worker: prints what is queued, asks printers how they are, takes expired stock out of sale,
deletes proof photos that are kept no longer.

`fulfillment worker` runs one. Several may run, on one host or many, with the same database: a job
is leased by one of them, and a printer is spoken to by one at a time. Each printer has a thread of
its own while there is something to do for it, so that one that hangs keeps no other waiting.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError

from fulfillment.carrier_desk import CarrierDesk
from fulfillment.domain.people import system
from fulfillment.services import proof_photos
from fulfillment.services.allocating import hold_expired_stock
from fulfillment.services.printing import working

LOOK_SECONDS = 0.3
"""How soon a new label is seen. One look is one indexed query, and takes no lock."""
EXPIRY_SECONDS = 3600
"""Stock expires at midnight of its warehouse, and warehouses lie in many time zones: an hourly
pass is at most an hour late everywhere. A pass that finds nothing changes nothing."""
DATABASE_RETRY_SECONDS = 5
PRINTERS_AT_ONCE = 16

log = structlog.get_logger("worker")


class Worker:
    """One worker of a database. Needs an application context.

    ``spool_root`` holds spool folders, ``photo_root`` the proof photos of this host; ``beside`` is
    the process that started it and with which it ends, however that one ends.
    """

    def __init__(self, *, spool_root: Path, photo_root: Path, beside: int | None = None) -> None:
        self._spool_root = spool_root
        self._photo_root = photo_root
        self._beside = beside
        self._pool = ThreadPoolExecutor(PRINTERS_AT_ONCE, thread_name_prefix="printer")
        self._in_hand: dict[int, Future[None]] = {}
        self._carriers = CarrierDesk()
        self._stopping = False
        self._expiry_at = 0.0

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
        self._expire()
        self._carriers.turn()
        ahead = working.look()
        if ahead.expired_leases:
            recovered = working.recover()
            log.warning("leases-ended", queued=recovered.queued, unknown=recovered.unknown)
        for printer in ahead.printers:
            if printer.printer_id not in self._in_hand and not self._stopping:
                act = self._print_all if printer.has_job else self._ask
                # The context carries the application and the clock into the thread.
                self._in_hand[printer.printer_id] = self._pool.submit(
                    copy_context().run, act, printer.printer_id
                )

    def finish(self) -> None:
        """Wait for what is in hand: seconds, as every delivery has its time limits."""
        wait(self._in_hand.values())
        self._collect()
        self._carriers.finish()

    def close(self) -> None:
        """Finish, and end the threads."""
        self.finish()
        self._pool.shutdown()
        self._carriers.close()

    def _rest(self, seconds: float) -> None:
        """Sleep, but not through a signal to stop."""
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))

    def _is_orphan(self) -> bool:
        # The kernel gives the children of a process that ended another parent.
        return self._beside is not None and os.getppid() != self._beside

    def _collect(self) -> None:
        for printer_id, work in list(self._in_hand.items()):
            if not work.done():
                continue
            del self._in_hand[printer_id]
            problem = work.exception()
            if problem is not None:
                # What it had in hand is settled when its lease ends; other printers go on.
                log.error("printer-thread", printer=printer_id, exc_info=problem)

    def _print_all(self, printer_id: int) -> None:
        while not self._stopping:
            state = working.print_next(printer_id, spool_root=self._spool_root)
            if state is None:
                return
            log.info("job", printer=printer_id, state=state)

    def _ask(self, printer_id: int) -> None:
        working.ask(printer_id, spool_root=self._spool_root)

    def _expire(self) -> None:
        if time.monotonic() < self._expiry_at:
            return
        report = hold_expired_stock(system())
        self._expiry_at = time.monotonic() + EXPIRY_SECONDS
        log.info("expiry", held=report.held, still_promised=report.still_promised)
        deleted = proof_photos.delete_old(system(), root=self._photo_root)
        log.info("proof-photos", deleted=deleted)
