"""Put-back and count tasks by scans.  The procedure on the floor stands in
:mod:`fulfillment.domain.tasks`; here its decisions are carried out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from fulfillment.domain import tasks
from fulfillment.domain.barcodes import Own, OwnScan, ProductScan, Scan, parse
from fulfillment.domain.errors import AlreadyTaken, KeyReused, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import TASK
from fulfillment.domain.tasks import (
    Progress,
    PutBack,
    SeenByTask,
    SettleCount,
    Settlement,
    TaskDecision,
    TaskState,
)
from fulfillment.domain.values import Accepted, Verdict
from fulfillment.store import journal
from fulfillment.store import picking as picks
from fulfillment.store import tasks as rows
from fulfillment.store.scans import check_scan_id, record_scan
from fulfillment.store.stock import Move, Pin, lock_warehouse_balances, post, virtual_end
from fulfillment.store.transaction import Transaction, reads, writes

MOST_TASKS_A_PAGE = 500


@dataclass(frozen=True)
class TaskReply:
    """The answer to a scan: the verdict, and the state that the page shows now."""

    verdict: Verdict
    view: TaskState
    repeated: bool = False
    """Whether the scan id was known: the verdict is the first one, the state the present one."""


@reads
def list_tasks(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    kind: str | None = None,
    after_id: int = 0,
    limit: int = MOST_TASKS_A_PAGE,
) -> list[TaskState]:
    """Open tasks of a warehouse, the oldest first; the next page starts after the last id."""
    actor.require(Permission.WORK_TASKS, warehouse_id=warehouse_id)
    limit = min(limit, MOST_TASKS_A_PAGE)
    return rows.open_tasks(tx, warehouse_id, kind=kind, after_id=after_id, limit=limit)


@reads
def see_task(tx: Transaction, actor: Actor, *, task_id: int) -> TaskState:
    """The present state of one task."""
    return rows.state_of(_sight(actor, rows.read_task(tx, task_id), task_id))


@writes
def claim_task(tx: Transaction, actor: Actor, *, task_id: int) -> TaskState:
    """Take an open task; raises :class:`AlreadyTaken` when somebody else has it."""
    row = _sight(actor, rows.lock_task(tx, task_id), task_id)
    TASK.advance(row.state, "finish")
    if row.claimed_by_id not in (None, actor.user_id):
        raise AlreadyTaken(kind="task", holder=row.worker_name, since=row.created_at.isoformat())
    rows.save(tx, task_id, claimed_by_id=actor.user_id)
    return replace(rows.state_of(row), worker_id=actor.user_id, worker_name=actor.name)


@writes
def hand_over_task(tx: Transaction, actor: Actor, *, task_id: int) -> TaskState:
    """Give a task back; what was in hand or counted and not confirmed is forgotten.

    A supervisor may give back anybody's.
    """
    row = _sight(actor, rows.lock_task(tx, task_id), task_id)
    TASK.advance(row.state, "finish")
    if row.claimed_by_id != actor.user_id:
        actor.require(Permission.OVERRIDE, warehouse_id=row.warehouse_id)
    fresh = replace(
        rows.state_of(row),
        worker_id=None,
        worker_name="",
        at_place=False,
        in_hand=0,
        serials=(),
        counted=0,
        confirm_asked=False,
    )
    rows.save_progress(tx, fresh, worker_id=None)
    return fresh


@writes
def scan(tx: Transaction, actor: Actor, *, task_id: int, scan_id: str, raw: str) -> TaskReply:
    """Answer one scan for a task; a known *scan_id* gets its first verdict again.

    The first accepted scan claims the task.  Every scan is stored, refused ones too.
    """
    check_scan_id(scan_id)
    parsed = parse(raw)
    row = _sight(actor, rows.lock_task(tx, task_id, scan_id), task_id)
    state = rows.state_of(row)
    known = rows.first_verdict(row)
    if known is not None:
        if row.known_task != task_id:
            raise KeyReused(key=scan_id)
        return TaskReply(known, state, repeated=True)
    seen = _see(tx, state, parsed)
    decision = tasks.decide(state, parsed, seen, worker_id=actor.user_id)
    plan = None
    if isinstance(decision.effect, SettleCount):
        state, plan = _plan(tx, state)
        told = Accepted("count-done", tasks.count_fields(state, plan), "complete")
        decision = TaskDecision(told, decision.effect)
    record_scan(
        tx,
        actor,
        decision.verdict,
        scan_id=scan_id,
        process="task",
        raw=raw,
        subject={"task_id": task_id, "lot": state.lot, "quantity": _pieces(decision)},
    )
    _carry_out(tx, actor, state, decision, plan=plan, scan_id=scan_id)
    after = rows.read_task(tx, task_id)
    assert after is not None, "the task was just locked"
    return TaskReply(decision.verdict, rows.state_of(after))


def _sight(actor: Actor, row: Row[Any] | None, task_id: int) -> Row[Any]:
    if row is None:
        actor.require(Permission.WORK_TASKS)
        raise UnknownThing(kind="task", key=str(task_id))
    actor.require_sight(
        Permission.WORK_TASKS,
        kind="task",
        key=str(task_id),
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )
    return row


def _see(tx: Transaction, state: TaskState, parsed: Scan) -> SeenByTask:
    match parsed:
        case ProductScan() if state.at_place:
            return picks.see_item(tx, parsed, state)
        case OwnScan(Own.LOCATION, code) if state.in_hand:
            return rows.see_bin(tx, code, state.warehouse_id)
        case _:
            return None


def _pieces(decision: TaskDecision) -> int:
    return decision.effect.quantity if isinstance(decision.effect, PutBack) else 0


def _carry_out(
    tx: Transaction,
    actor: Actor,
    state: TaskState,
    decision: TaskDecision,
    *,
    plan: Settlement | None,
    scan_id: str,
) -> None:
    match decision.effect:
        case Progress(after):
            rows.save_progress(tx, after, worker_id=actor.user_id)
        case PutBack():
            _put_back(tx, actor, state, decision.effect, scan_id)
        case SettleCount():
            assert plan is not None, "a count is settled by a plan"
            _settle(tx, actor, state, plan)
        case _:
            pass


# --- put-back ----------------------------------------------------------------------------------


def _put_back(
    tx: Transaction, actor: Actor, state: TaskState, effect: PutBack, scan_id: str
) -> None:
    units = [(serial, 1) for serial in effect.serials] or [("", effect.quantity)]
    moves = [
        Move(
            product_id=state.product_id,
            quantity=quantity,
            source=state.place,
            target=effect.bin.place,
            reason="put-back",
            reference=("task", state.id),
            key=f"put-back:{scan_id}:{number}",
            lot=state.lot,
            serial=serial,
        )
        for number, (serial, quantity) in enumerate(units)
    ]
    post(tx, actor_id=actor.user_id, moves=moves)
    done = state.done + effect.quantity
    values: dict[str, Any] = {"done": done, "in_hand": 0, "serials": []}
    if done == state.quantity:
        values |= _finished(tx, actor, state)
    rows.save(tx, state.id, claimed_by_id=actor.user_id, **values)
    picks.close_empty_totes(tx, [state.place.id])


def _finished(tx: Transaction, actor: Actor, state: TaskState) -> dict[str, Any]:
    return {
        "state": TASK.advance(state.state, "finish"),
        "finished_at": tx.now,
        "finished_by_id": actor.user_id,
    }


# --- count -------------------------------------------------------------------------------------


def _plan(tx: Transaction, state: TaskState) -> tuple[TaskState, Settlement]:
    """How the count is booked, from the locked books, and the state with these."""
    balance = rows.lock_balance(tx, state.place.id, state.product_id, state.lot)
    if balance is not None:
        spare = balance.on_hand - balance.reserved - balance.held + state.held
        state = replace(state, on_hand=balance.on_hand, spare=spare)
    available = sum(
        row.sellable - row.promised
        for row in lock_warehouse_balances(tx, [state.product_id])
        if row.warehouse_id == state.warehouse_id
    )
    return state, tasks.settle(state, sellable_left=available + state.held)


def _settle(tx: Transaction, actor: Actor, state: TaskState, plan: Settlement) -> None:
    # The hold goes first: what it held may be what is written off.
    if state.held:
        hold = Pin(state.place, state.product_id, state.lot, held=-state.held)
        post(tx, actor_id=actor.user_id, pins=[hold])
    moves = _count_moves(tx, state, plan)
    if moves:
        post(tx, actor_id=actor.user_id, moves=moves)
    rows.save(tx, state.id, claimed_by_id=actor.user_id, **_finished(tx, actor, state))
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="count",
        subject=("task", state.id),
        warehouse_id=state.warehouse_id,
        reason=state.reason,
        details={"bin": state.place_code, "lot": state.lot, **tasks.count_fields(state, plan)},
    )


def _count_moves(tx: Transaction, state: TaskState, plan: Settlement) -> list[Move]:
    missing, adjustment = virtual_end("missing"), virtual_end("adjustment")
    bundles = [
        ("found", missing, state.place, plan.found),
        ("lost", missing, adjustment, plan.lost),
        ("surplus", adjustment, state.place, plan.surplus),
    ]
    if state.tracking != "serial":
        bundles.append(("removed", state.place, adjustment, plan.removed))
    moves = [
        Move(
            product_id=state.product_id,
            quantity=quantity,
            source=source,
            target=target,
            reason="count",
            reference=("task", state.id),
            key=f"count:{state.id}:{name}",
            lot=state.lot,
            note=state.reason,
        )
        for name, source, target, quantity in bundles
        if quantity
    ]
    return moves + (_lost_serials(tx, state, plan) if state.tracking == "serial" else [])


def _lost_serials(tx: Transaction, state: TaskState, plan: Settlement) -> list[Move]:
    booked = rows.serials_at(tx, state.place.id, state.product_id, state.lot)
    return [
        Move(
            product_id=state.product_id,
            quantity=1,
            source=state.place,
            target=virtual_end("adjustment"),
            reason="count",
            reference=("task", state.id),
            key=f"count:{state.id}:{serial}",
            lot=state.lot,
            serial=serial,
            note=state.reason,
        )
        for serial in tasks.uncounted(booked, state.serials, plan.removed)
    ]
