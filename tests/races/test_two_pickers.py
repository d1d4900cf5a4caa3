"""Two pickers ask for work at the same moment: real processes, both databases."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import select

from fulfillment.domain.errors import NothingToDo
from fulfillment.domain.people import Actor
from fulfillment.services import picking
from fulfillment.store.base import db
from fulfillment.store.orders import Shipment
from fulfillment.store.work import PickList, ToteUse
from tests.conftest import application
from tests.support.picklists import Picker, check_books, claim, release
from tests.support.world import World, fetch

A1 = "W1-A-01-1-1"

_processes = multiprocessing.get_context("spawn")


def claim_until_nothing_is_left(
    url: str, directory: str, actor: Actor, warehouse_id: int, start: Barrier, queue: Any
) -> None:
    """One process: claim, hand nothing back, claim as the next person."""
    app = application(url, Path(directory))
    with app.app_context():
        start.wait(timeout=60)
        try:
            queue.put(picking.claim_list(actor, warehouse_id=warehouse_id).list_id)
        except NothingToDo:
            queue.put(None)
        db.engine.dispose()


def scan_tote(
    url: str, directory: str, actor: Actor, list_id: int, start: Barrier, queue: Any
) -> None:
    """One process: put what is in hand into the tote that everybody wants."""
    app = application(url, Path(directory))
    with app.app_context():
        start.wait(timeout=60)
        queue.put(Picker(actor, list_id).tote("W1T1").verdict.code)
        db.engine.dispose()


def together(target: Any, arguments: list[tuple[Any, ...]]) -> list[Any]:
    """Run *target* in a process for each of *arguments*, started at one moment."""
    start, queue = _processes.Barrier(len(arguments)), _processes.Queue()
    running = [_processes.Process(target=target, args=(*args, start, queue)) for args in arguments]
    for process in running:
        process.start()
    answers = [queue.get(timeout=90) for _ in running]
    for process in running:
        process.join(timeout=30)
        assert process.exitcode == 0
    return answers


def test_two_pickers_never_get_the_same_list(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A")
    world.stock("A", 100)
    for _ in range(3):
        release(world, [{"A": 1}, {"A": 2}])
    people = [world.people[name] for name in ("picker1", "picker2", "supervisor1", "admin")]
    warehouse_id = world.warehouses["W1"]
    answers = together(
        claim_until_nothing_is_left,
        [(database_url, str(tmp_path), actor, warehouse_id) for actor in people],
    )
    given = [list_id for list_id in answers if list_id is not None]
    assert len(given) == len(set(given)) == 3
    holders = fetch(select(PickList.picker_id))
    assert len(set(holders)) == 3


def test_one_picker_at_two_handhelds_gets_one_list(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A")
    world.stock("A", 100)
    for _ in range(2):
        release(world, [{"A": 1}])
    actor = world.people["picker1"]
    warehouse_id = world.warehouses["W1"]
    answers = together(
        claim_until_nothing_is_left,
        [(database_url, str(tmp_path), actor, warehouse_id)] * 2,
    )
    assert len(set(answers)) == 1
    assert Counter(row.state for row in fetch(select(PickList.state))) == {"claimed": 1, "open": 1}


def test_one_tote_is_bound_by_one_of_two_pickers(
    world: World, database_url: str, tmp_path: Path
) -> None:
    world.product("A")
    world.stock("A", 100)
    release(world, [{"A": 1}])
    release(world, [{"A": 1}])
    pickers = [claim(world, "picker1"), claim(world, "picker2")]
    for picker in pickers:
        picker.bin(A1)
        picker.scan("A")
    answers = together(
        scan_tote,
        [(database_url, str(tmp_path), picker.actor, picker.list_id) for picker in pickers],
    )
    assert sorted(answers) == ["put-last", "tote-of-another"]
    assert len(fetch(select(ToteUse.id))) == 1
    assert Counter(row.state for row in fetch(select(Shipment.state))) == {
        "picked": 1,
        "picking": 1,
    }
    check_books()
