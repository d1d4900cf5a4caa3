"""Every code that a page of the office can show has a word."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

import fulfillment
from fulfillment import alert_messages, messages, print_messages
from fulfillment.carriers.protocol import TrackingState
from fulfillment.domain import (
    alerts,
    imports,
    orders,
    outbox,
    people,
    policy,
    printing,
    states,
    values,
)
from fulfillment.domain.allocation import RULES
from fulfillment.domain.board.pace import STEPS
from fulfillment.domain.catalogue import PLACE_KINDS
from fulfillment.domain.reporting import schedules
from fulfillment.office import words
from fulfillment.services.alerts.figures import WAITING
from fulfillment.services.orders.listing import STAGES
from fulfillment.store.invariants import INVARIANTS

SOURCE = Path(fulfillment.__file__).parent

OF_ORDERS_AND_WORK = {
    state for machine in states.MACHINES if machine is not states.LABEL for state in machine.states
}
SAID_ELSEWHERE = {
    # By the API alone, about its own requests and tokens.
    "given-twice", "nul-character", "unknown-field", "not-a-cursor", "nothing-permitted",
    # By the pages of people and stations, or never: a page makes its scan ids itself.
    "easily-guessed", "wrong-length", "not-a-pin", "not-a-scan-id", "not-a-company-prefix",
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (words.STATES, OF_ORDERS_AND_WORK),
        (words.STAGES, STAGES),
        (words.STAMPS, states.STAGES),
        (words.HOLDS, orders.HOLD_TYPES),
        (words.RULES, RULES),
        (words.PLACES, PLACE_KINDS),
        (words.MOVES, values.MOVE_REASONS),
        (words.TASKS, values.TASK_KINDS),
        (words.FILES, imports.KINDS),
        (words.TRACKINGS, values.TRACKING),
        (words.REQUESTS, states.CARRIER_REQUEST.states),
        (words.WHEREABOUTS, get_args(TrackingState)),
        (words.PACKS, values.PACK_KINDS),
        (words.ROLES, people.Role),
        (words.POLICIES, asdict(policy.WarehousePolicy())),
        (words.CHOICES, get_args(policy.PrinterOff)),
        (words.CHOICES, get_args(policy.PickConfirmation)),
        (words.CHOICES, get_args(policy.BenchShort)),
        (words.CAUSES, values.SHORT_REASONS),
        (words.TOPICS, outbox.TOPICS),
        (words.SPANS, schedules.SPANS),
        (words.FREQUENCIES, schedules.FREQUENCIES),
        (alert_messages.KINDS, alerts.KINDS),
        (alert_messages.SENTENCES, alerts.KINDS),
        (alert_messages.UNITS, {kind.unit for kind in alerts.KINDS.values()}),
        (alert_messages.LABELS, (*STEPS, *WAITING)),
        (words.INVARIANTS, [each.name for each in INVARIANTS]),
        (messages.PERMISSIONS, people.Permission),
        (messages.KINDS, [machine.name for machine in states.MACHINES]),
        (messages.STATES, [state for machine in states.MACHINES for state in machine.states]),
        (
            messages.EVENTS,
            [row.event for machine in states.MACHINES for row in machine.transitions],
        ),
        (print_messages.JOB_STATES, states.PRINT_JOB.states),
        (print_messages.CONDITIONS, printing.CONDITIONS),
        (print_messages.DOCUMENTS, printing.DOCUMENT_KINDS),
        (print_messages.PRINTER_KINDS, printing.PRINTER_KINDS),
    ],
)
def test_the_codes_of_the_domain_have_words(
    table: Mapping[str, str], codes: Collection[str]
) -> None:
    assert set(codes) <= set(table)


def test_every_fault_that_a_form_or_file_can_have_has_a_sentence() -> None:
    found = {
        code
        for path in SOURCE.rglob("*.py")
        for code in re.findall(
            r'(?:\bFault|RowFault|\binvalid|_WrongCell)\([^()]*?"([a-z]+(?:-[a-z]+)+)"',
            path.read_text(encoding="utf-8"),
        )
    }
    assert len(found) > 40
    assert found - SAID_ELSEWHERE - set(words.FAULTS) == set()


@pytest.mark.parametrize(
    ("field", "table"),
    [("kind", messages.KINDS), ("what", messages.NOTHING), ("event", messages.EVENTS)],
)
def test_the_fields_of_an_error_have_words(field: str, table: Mapping[str, str]) -> None:
    raised = re.compile(rf'raise \w+\([^()]*?\b{field}="([^"]+)"')
    found = {
        code
        for path in SOURCE.rglob("*.py")
        for code in raised.findall(path.read_text(encoding="utf-8"))
    }
    assert found
    assert found <= set(table)


def test_the_rule_of_an_audit_reads_as_it_is_written() -> None:
    assert {each.name: each.sentence for each in INVARIANTS} == words.INVARIANTS


def test_every_reason_why_a_file_cannot_be_read_is_said() -> None:
    source = (SOURCE / "channels" / "files.py").read_text(encoding="utf-8")
    found = set(re.findall(r'FileUnreadable\(reason="([^"]+)"\)', source))
    assert found <= set(words.UNREADABLE)
