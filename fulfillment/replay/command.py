"""``fulfillment replay``: the parts of the command, for the command line to put together."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tqdm import tqdm

from fulfillment.replay import questions, reporting
from fulfillment.replay.invoices import file_rows
from fulfillment.replay.made import made_rows
from fulfillment.replay.running import Outcome, Source, Wish, replay
from fulfillment.settings import Settings

__all__ = ["NotEmpty", "Outcome", "Wish", "made", "rows_of_file", "run", "settings_for", "words"]


class NotEmpty(Exception):
    """Somebody works in the database: the replay would mix its goods and orders with theirs."""


def rows_of_file(path: Path) -> Source:
    """The rows of a file of invoices."""
    return partial(file_rows, path)


def made(invoices: int, seed: int) -> Source:
    """The rows of so many made invoices."""
    return partial(made_rows, invoices, seed)


@contextmanager
def settings_for(database: str | None, environ: Mapping[str, str]) -> Iterator[Settings]:
    """Settings with the database that was named, else with a temporary SQLite file."""
    url = database or environ.get("DATABASE_URL", "")
    if url:
        yield Settings.from_environ({**environ, "DATABASE_URL": url})
        return
    with tempfile.TemporaryDirectory(prefix="fulfillment-replay-") as directory:
        yield Settings.from_environ({**environ, "DATABASE_URL": f"sqlite:///{directory}/replay.db"})


def run(source: Source, wish: Wish) -> Outcome:
    """Replay in the current, migrated database, with a progress bar on stderr.

    Raises :class:`NotEmpty` when it has orders or warehouses.
    """
    orders, warehouses = questions.order_count(), questions.warehouse_count()
    if orders or warehouses:
        raise NotEmpty(
            f"This database is in use ({warehouses} warehouses, {orders} orders). The replay needs "
            "an empty one: leave DATABASE_URL and --database out for a temporary file, or name a "
            "new database."
        )
    with tqdm(total=wish.orders, unit=" orders", file=sys.stderr, mininterval=0.5) as bar:
        return replay(source, wish, progress=bar)


def words(outcome: Outcome, *, as_json: bool) -> str:
    """What is printed at the end."""
    if as_json:
        return json.dumps(reporting.document(outcome))
    return reporting.table(outcome)
