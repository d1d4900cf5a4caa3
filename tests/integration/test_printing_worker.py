"""The command `fulfillment worker`: a process that prints, and ends in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from fulfillment.services.printing import PrinterSetup
from fulfillment.worker import Worker
from tests.support.printing import (
    ask_for_bin_label,
    set_up_printer,
    set_up_raw,
    states,
    work,
)
from tests.support.raw_printers import RawPrinterStandIn
from tests.support.world import World

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from fulfillment.cli import main; main()", "worker"]


@contextmanager
def running_worker(url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "FULFILLMENT_INSTANCE_DIR": str(folder),
        "FULFILLMENT_LOG_JSON": "yes",
        "FULFILLMENT_LOG_LEVEL": "INFO",
    }
    process = subprocess.Popen(COMMAND, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    """The first line of the worker's log with this word in it."""
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return line
    raise AssertionError(f"the worker ended without a word of {word}")


def test_the_worker_prints_what_is_queued_and_stops_cleanly_on_sigterm(
    world: World, database_url: str, tmp_path: Path
) -> None:
    setup = PrinterSetup(name="Spooler", kind="spool", address="bench-1", language="zpl")
    set_up_printer(world, setup, kinds=("bin-label",))
    ask_for_bin_label(world, "BIN-1")
    with running_worker(database_url, tmp_path) as worker:
        wait_for(worker, '"sent"')
        ask_for_bin_label(world, "BIN-2")
        wait_for(worker, '"sent"')
        worker.send_signal(signal.SIGTERM)
        wait_for(worker, '"worker-stopped"')
        assert worker.wait(timeout=60) == 0
    assert states() == ["sent", "sent"]
    files = sorted((tmp_path / "spool" / "bench-1").iterdir())
    assert [b"BIN-1" in file.read_bytes() for file in files] == [True, False]


def test_a_printer_that_hangs_keeps_no_other_waiting(world: World, tmp_path: Path) -> None:
    with RawPrinterStandIn() as hanging, RawPrinterStandIn() as quick:
        hanging.switch_on("hang")
        quick.switch_on()
        set_up_raw(world, hanging.address)
        ask_for_bin_label(world, "BIN-1")
        set_up_raw(world, quick.address, code="P2")
        ask_for_bin_label(world, "BIN-2")
        worker = Worker(spool_root=tmp_path)
        worker.turn()
        patience = time.monotonic() + 60
        while states()[1] != "sent" and time.monotonic() < patience:
            worker.turn()
        assert states() == ["leased", "sent"]
        hanging.switch_off()
        worker.close()
    assert states() == ["unknown", "sent"]


def test_the_worker_takes_expired_stock_out_of_sale(world: World, tmp_path: Path) -> None:
    world.product("L", tracking="lot", has_expiry=True)
    past: date = (datetime.now(UTC) - timedelta(days=2)).date()
    world.stock("L", 5, lot="OLD", expires_on=past)
    work(tmp_path)
    assert world.balance("W1-A-01-1-1", "L", "OLD") == (5, 0, 5)
