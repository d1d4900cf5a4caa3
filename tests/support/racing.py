"""Real processes that act on one database at the same moment."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier
from typing import Any

from fulfillment.app import create_app
from fulfillment.settings import Settings
from fulfillment.store.base import db

PRELOADED = ["tests.support.racing", "tests.support.world", "psycopg", "pysqlite3.dbapi2"]
"""Imported once by the server that the processes are forked from; it opens no connection."""
START_SECONDS = 120
"""How long the slowest process may take to start on a busy machine."""


def race(url: str, acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each act in a process of its own, all from the same moment; their results in order.

    Acts must be picklable (functions of a module, or ``functools.partial`` of them).  An
    exception in a process is raised here.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with context.Manager() as shared:
        start = shared.Barrier(len(acts))
        with ProcessPoolExecutor(len(acts), mp_context=context) as pool:
            running = [pool.submit(_act, url, start, act) for act in acts]
            return [one.result() for one in running]


def _act(url: str, start: Barrier, act: Callable[[], Any]) -> Any:
    with tempfile.TemporaryDirectory() as directory:
        environ = {"DATABASE_URL": url, "FULFILLMENT_INSTANCE_DIR": directory}
        with create_app(Settings.from_environ(environ)).app_context():
            start.wait(START_SECONDS)
            try:
                return act()
            finally:
                db.engine.dispose()
