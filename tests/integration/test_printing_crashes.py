"""Print workers that are killed, and several at once: nothing lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

from fulfillment.services.printing import working
from fulfillment.store.transaction import clock_set_to
from tests.support.kill import killed_at
from tests.support.printing import (
    Clock,
    ask_for_bin_label,
    set_up_raw,
    states,
    times_printed,
    work_until_done,
)
from tests.support.racing import race
from tests.support.raw_printers import RawPrinterStandIn
from tests.support.world import World

MOST_BOUNDARIES = 60
JOBS = 12


@pytest.fixture
def stand_in() -> Iterator[RawPrinterStandIn]:
    with RawPrinterStandIn() as printer:
        printer.switch_on()
        yield printer


def test_a_worker_killed_anywhere_loses_and_doubles_nothing(
    world: World, database_url: str, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    printer_id = set_up_raw(world, stand_in.address)
    clock = Clock()
    ends: list[tuple[str, int]] = []
    for point in range(1, MOST_BOUNDARIES):
        code = f"BIN-{point:03d}"
        with clock_set_to(clock):
            ask_for_bin_label(world, code)
            print_one = partial(working.print_next, printer_id, spool_root=tmp_path)
            was_killed = killed_at(database_url, tmp_path, point, print_one)
            clock.forward(seconds=61)
            working.recover()
            clock.forward(seconds=31)
            work_until_done(tmp_path)
        ends.append((states()[-1], times_printed(stand_in.printed, code)))
        if not was_killed:
            break
    else:
        raise AssertionError("no end of boundaries")
    assert ends[-1] == ("sent", 1)
    # Killed before the stamp: printed once, by the next worker.  Killed after the bytes and before
    # the last commit: unknown, and not printed again.  Killed after that: sent.
    kinds = [kind for kind, _ends in groupby(ends)]
    assert kinds == [("sent", 1), ("unknown", 1), ("sent", 1)]


def test_two_workers_at_once_print_each_job_once(
    world: World, database_url: str, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    content = [f"BIN-{number:03d}" for number in range(JOBS)]
    for code in content:
        ask_for_bin_label(world, code)
    act = partial(work_until_done, tmp_path)
    done = race(database_url, [act, act])
    assert states() == ["sent"] * JOBS
    assert [times_printed(stand_in.printed, code) for code in content] == [1] * JOBS
    assert len(stand_in.printed) == JOBS
    assert sum(one.count("sent") for one in done) == JOBS


def test_many_faults_in_a_row_lose_and_double_nothing(
    world: World, stand_in: RawPrinterStandIn, tmp_path: Path
) -> None:
    set_up_raw(world, stand_in.address)
    content = [f"BIN-{number:03d}" for number in range(JOBS)]
    clock = Clock()
    with clock_set_to(clock):
        for number, code in enumerate(content):
            ask_for_bin_label(world, code)
            manner = ("off", "cut", "print")[number % 3]
            if manner == "off":
                stand_in.switch_off()
            else:
                stand_in.switch_on(manner)
            for printer in working.look().printers:
                working.print_next(printer.printer_id, spool_root=tmp_path)
            clock.forward(seconds=31)
        stand_in.switch_on()
        work_until_done(tmp_path)
    printed = [times_printed(stand_in.printed, code) for code in content]
    assert set(zip(states(), printed, strict=True)) == {("sent", 1), ("unknown", 0)}
    assert states().count("unknown") == JOBS // 3
