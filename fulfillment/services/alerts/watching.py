"""The look at every watched warehouse that one of all workers takes each minute.

The figures are read without any lock; only where they change something is it written, in one short
transaction a warehouse that decides anew on what it has locked.  A worker that was slow and whose
turn is over writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from fulfillment.domain.alerts import (
    Decision,
    Figure,
    Quiet,
    Rule,
    Telling,
    Watch,
    decide,
    limit_of,
)
from fulfillment.services.alerts.figures import Look, figures
from fulfillment.store import alerts as rows
from fulfillment.store import outbox
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Warehouse
from fulfillment.store.transaction import Transaction, reads, writes

EVERY = timedelta(seconds=60)
TURN = "alerts"
MOST_TOLD = 50
"""Alerts named in one message; it says how many there are."""

_warehouse = table_of(Warehouse)


@dataclass(frozen=True)
class Subject:
    """A subject of a rule, as it was found and as it is now."""

    rule: Row[Any]
    subject: str
    alert: Row[Any] | None
    figure: Figure | None


@dataclass(frozen=True)
class Step:
    """What a look leads to for one subject."""

    subject: Subject
    decision: Decision


Found = dict[int, list[Figure]]
"""The figures by the id of their rule."""


def watch() -> int | None:
    """Look at every warehouse, if it is this worker's turn; how many alerts changed."""
    number = take_turn() if is_due() else None
    if number is None:
        return None
    return sum(_watch_one(warehouse_id, number) for warehouse_id in _warehouses())


def _watch_one(warehouse_id: int, number: int) -> int:
    found = read_figures(warehouse_id)
    return settle(warehouse_id, found, number) if found is not None else 0


@reads
def is_due(tx: Transaction) -> bool:
    """Whether a look is due, without any lock."""
    return rows.turn_is_due(tx, TURN)


@writes
def take_turn(tx: Transaction) -> int | None:
    """Take this look's turn; its number, None where another worker was faster."""
    return rows.take_turn(tx, TURN, every=EVERY)


@reads
def _warehouses(tx: Transaction) -> list[int]:
    return rows.watched_warehouses(tx)


@reads
def read_figures(tx: Transaction, warehouse_id: int) -> Found | None:
    """The figures of now; None where they change nothing."""
    look = Look(tx, warehouse_id)
    rules = rows.rules_of(tx, warehouse_id)
    found = {row.id: figures(look, rule_of(row)) for row in rules}
    changes = any(_changes(step) for step in _steps(tx, warehouse_id, found))
    return found if changes else None


@writes
def settle(tx: Transaction, warehouse_id: int, found: Found, number: int) -> int:
    """Write down what the figures lead to, and tell whoever is to know."""
    if not rows.is_still_my_turn(tx, TURN, number):
        return 0
    steps = [step for step in _steps(tx, warehouse_id, found) if _changes(step)]
    told: dict[tuple[int, Telling], list[tuple[int, Step]]] = {}
    forgotten = []
    for step in steps:
        alert_id = _write(tx, warehouse_id, step)
        if alert_id is None:
            forgotten.append(step)
        elif step.decision.tell is not None:
            key = (step.subject.rule.id, step.decision.tell)
            told.setdefault(key, []).append((alert_id, step))
    rows.forget_alerts(
        tx, [step.subject.alert.id for step in forgotten if step.subject.alert is not None]
    )
    for (_rule_id, telling), those in told.items():
        _tell(tx, telling, those)
    return len(steps)


# --- deciding ------------------------------------------------------------------------------


def rule_of(row: Row[Any]) -> Rule:
    """A stored rule as the domain has it."""
    quiet = None
    if row.quiet_begins is not None and row.quiet_ends is not None:
        quiet = Quiet(row.quiet_begins, row.quiet_ends, tuple(row.quiet_weekdays))
    return Rule(
        kind=row.kind,
        threshold=row.threshold,
        for_minutes=row.for_minutes,
        urgent=row.urgent,
        remind_hours=row.remind_hours,
        quiet=quiet,
    )


def _steps(tx: Transaction, warehouse_id: int, found: Found) -> Iterator[Step]:
    """What the figures lead to for each subject that is bad or was."""
    local = tx.now.astimezone(_zone(tx, warehouse_id))
    known: dict[int, dict[str, Row[Any]]] = {}
    for row in rows.watched_of(tx, warehouse_id):
        known.setdefault(row.rule_id, {})[row.subject] = row
    for rule in rows.rules_of(tx, warehouse_id):
        if rule.id in found:  # one that was made since is looked at the next time
            for subject in _subjects(rule, known.get(rule.id, {}), found[rule.id]):
                yield Step(subject, _decision(subject, tx.now, local))


def _subjects(
    rule: Row[Any], known: dict[str, Row[Any]], found: Iterable[Figure]
) -> Iterator[Subject]:
    there = {figure.subject: figure for figure in found}
    for subject in [*known, *(name for name in there if name not in known)]:
        yield Subject(rule, subject, known.get(subject), there.get(subject))


def _decision(subject: Subject, now: datetime, local: datetime) -> Decision:
    return decide(
        rule_of(subject.rule), _watch_of(subject.alert), subject.figure, now=now, local=local
    )


def _watch_of(row: Row[Any] | None) -> Watch | None:
    if row is None:
        return None
    return Watch(
        since=row.since,
        opened_at=row.opened_at,
        good_since=row.good_since,
        told_at=row.told_at,
        acknowledged=row.acknowledged_at is not None,
    )


def _changes(step: Step) -> bool:
    """Whether it has to be written: the watch is another one, or what it shows has moved."""
    return step.decision.watch != _watch_of(step.subject.alert) or _has_moved(step)


def _has_moved(step: Step) -> bool:
    watch, figure, row = step.decision.watch, step.subject.figure, step.subject.alert
    if watch is None or figure is None or row is None or watch.good_since is not None:
        return False
    limit = limit_of(rule_of(step.subject.rule), figure)
    return (figure.value, limit, figure.label) != (row.value, row.limit, row.label)


def _zone(tx: Transaction, warehouse_id: int) -> ZoneInfo:
    query = select(_warehouse.c.timezone).where(_warehouse.c.id == warehouse_id)
    return ZoneInfo(tx.execute(query).scalar_one())


def _code(tx: Transaction, warehouse_id: int) -> str:
    query = select(_warehouse.c.code).where(_warehouse.c.id == warehouse_id)
    return str(tx.execute(query).scalar_one())


# --- writing -------------------------------------------------------------------------------


def _write(tx: Transaction, warehouse_id: int, step: Step) -> int | None:
    """Write one subject down; its id, None where there is nothing left to watch."""
    watch, subject = step.decision.watch, step.subject
    if watch is None:
        return None
    values: dict[str, Any] = {
        "since": watch.since,
        "opened_at": watch.opened_at,
        "good_since": watch.good_since,
        "told_at": watch.told_at,
        "resolved_at": watch.resolved_at,
    }
    if subject.figure is not None and watch.good_since is None:
        limit = limit_of(rule_of(subject.rule), subject.figure)
        values |= {"value": subject.figure.value, "limit": limit, "label": subject.figure.label}
    if subject.alert is not None:
        rows.change_alert(tx, subject.alert.id, **values)
        return int(subject.alert.id)
    return rows.insert_alert(
        tx,
        rule_id=subject.rule.id,
        warehouse_id=warehouse_id,
        subject=subject.subject,
        **values,
    )


def _tell(tx: Transaction, telling: Telling, those: Sequence[tuple[int, Step]]) -> None:
    """One message for all subjects of a rule that changed together: no flood."""
    rule = those[0][1].subject.rule
    first = min(alert_id for alert_id, _step in those)
    key = f"alert.{telling}:{rule.id}:{first}"
    if telling == "reminder":
        key += f":{tx.now:%Y%m%dT%H%M%S}"
    outbox.tell_these(
        tx,
        topic=f"alert.{telling}",
        key=key,
        cause=f"alert:{rule.id}",
        payload={
            "warehouse": _code(tx, rule.warehouse_id),
            "rule_id": rule.id,
            "kind": rule.kind,
            "urgent": rule.urgent,
            "count": len(those),
            "alerts": [_told(alert_id, step) for alert_id, step in those[:MOST_TOLD]],
        },
        warehouse_id=rule.warehouse_id,
        user_ids=rule.user_ids,
        endpoint_ids=rule.endpoint_ids,
        not_before=those[0][1].decision.tell_from,
    )


def _told(alert_id: int, step: Step) -> dict[str, Any]:
    subject, watch = step.subject, step.decision.watch
    assert watch is not None, "only alerts are told"
    row, figure = subject.alert, subject.figure
    shown: Any = figure if figure is not None and watch.resolved_at is None else row
    limit = shown.limit if shown.limit is not None else subject.rule.threshold
    return {
        "id": alert_id,
        "subject": subject.subject,
        "label": shown.label,
        "value": shown.value,
        "limit": limit,
        "since": watch.since.isoformat(),
    }
