"""Every code that a page of the office can show has a word."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

import fulfillment
from fulfillment import print_messages
from fulfillment.domain import imports, orders, printing, states, values
from fulfillment.domain.allocation import RULES
from fulfillment.domain.catalogue import PLACE_KINDS
from fulfillment.office import words
from fulfillment.services.orders.listing import STAGES

SOURCE = Path(fulfillment.__file__).parent
TEMPLATES = SOURCE.parent / "templates" / "office"

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
        (words.PACKS, values.PACK_KINDS),
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


def test_every_reason_why_a_file_cannot_be_read_is_said() -> None:
    source = (SOURCE / "channels" / "files.py").read_text(encoding="utf-8")
    found = set(re.findall(r'FileUnreadable\(reason="([^"]+)"\)', source))
    assert found <= set(words.UNREADABLE)


def test_no_word_of_a_page_escapes_the_catalogues() -> None:
    """Between its tags a template has only expressions, signs and numbers."""
    for path in sorted(TEMPLATES.glob("*.html")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", " ", text, flags=re.DOTALL)
        assert re.findall(r"[^\W\d_]{2,}", text) == [], path.name
