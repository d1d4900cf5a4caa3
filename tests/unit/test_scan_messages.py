"""Every answer to a scan, and every next step, has a sentence that its fields fill."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from flask import Flask
from flask_babel import Babel  # type: ignore[import-untyped]  # ships no types

from fulfillment import scan_messages
from fulfillment.domain import packing, picking, tasks, walls
from fulfillment.domain.purchases import Standing, next_step_of
from fulfillment.domain.values import SHORT_REASONS, Accepted, Refused
from fulfillment.messages import Message
from fulfillment.scan_messages import NEXT_STEPS, SCANS, WORDS, Process
from fulfillment.services import dispatching

_GAP = re.compile(r"%\((\w+)\)s")


def _of_meanings(*tables: Mapping[str, picking.Meaning]) -> dict[str, tuple[str, ...]]:
    return {code: meaning.fields for table in tables for code, meaning in table.items()}


ANSWERS: dict[Process, Mapping[str, tuple[str, ...]]] = {
    "pack": packing.ANSWERS,
    "pick": _of_meanings(picking.REFUSALS, picking.ACCEPTANCES),
    "sort": _of_meanings(walls.REFUSALS, walls.ACCEPTANCES),
    "task": _of_meanings(tasks.REFUSALS, tasks.ACCEPTANCES),
    "dispatch": dispatching.ANSWERS,
}


def _texts(message: Message) -> str:
    return " ".join([message.sentence, message.advice, *(text for _, text in message.advice_with)])


@pytest.mark.parametrize("process", ANSWERS)
def test_every_answer_has_a_sentence_and_no_sentence_is_without_an_answer(
    process: Process,
) -> None:
    assert set(SCANS[process]) == set(ANSWERS[process])


@pytest.mark.parametrize(
    ("process", "code"), [(process, code) for process, codes in ANSWERS.items() for code in codes]
)
def test_a_sentence_says_nothing_but_the_fields_of_its_answer(process: Process, code: str) -> None:
    message = SCANS[process][code]
    fields = set(ANSWERS[process][code])
    assert set(_GAP.findall(_texts(message))) <= fields
    assert {name for name, _ in message.advice_with} <= fields


def test_every_next_step_of_the_bench_has_a_sentence() -> None:
    states = [None, *(packing.BenchState("packing", 1, mode=mode) for mode in _MODES)]
    states += [packing.BenchState("packed", 0, 1), packing.BenchState("labelled", 0, None, "FT1")]
    for state in states:
        code, fields = packing.next_step(state)
        message = NEXT_STEPS["pack"][code]
        assert set(_GAP.findall(_texts(message))) <= set(fields)


def test_every_next_step_of_a_label_that_is_bought_has_a_sentence() -> None:
    standings = [
        Standing(1, "intended", "UPS"),
        Standing(1, "refused", "UPS", "no such street"),
        Standing(1, "unknown", "UPS", needs_person=True),
    ]
    for standing in standings:
        found = next_step_of([standing])
        assert found is not None
        code, fields = found
        message = NEXT_STEPS["pack"][code]
        assert set(_GAP.findall(_texts(message))) <= set(fields)
        assert {name for name, _ in message.advice_with} <= set(fields)
    assert next_step_of([]) is None


def test_the_worst_of_several_labels_is_what_the_packer_is_told() -> None:
    found = next_step_of(
        [
            Standing(1, "asked", "UPS"),
            Standing(2, "refused", "UPS", "no"),
            Standing(3, "bought", "U"),
        ]
    )
    assert found == ("label-refused", {"parcel": 2, "carrier": "UPS", "says": "no"})


_MODES = ("", "take-out", "short", "short:damaged")


def test_every_reason_for_a_short_has_words() -> None:
    assert set(WORDS["reason"]) == set(SHORT_REASONS)


@pytest.fixture
def speaking() -> Flask:
    app = Flask(__name__)
    Babel(app)
    return app


def test_an_item_that_is_not_in_the_order_is_told_where_it_belongs(speaking: Flask) -> None:
    fields = {"sku": "X", "name": "Thing", "needed_by": "", "tote": "", "home": "W1-A-01"}
    with speaking.test_request_context():
        at_home = scan_messages.of_verdict("pack", Refused("wrong-item", fields))
        needed = scan_messages.of_verdict(
            "pack", Refused("wrong-item", {**fields, "needed_by": "O7", "tote": "T3"})
        )
    assert at_home == "X Thing is not in this order. It belongs to bin W1-A-01."
    assert needed == "X Thing is not in this order. Order O7 needs it (tote T3)."


def test_codes_of_closed_lists_are_said_in_words(speaking: Flask) -> None:
    fields = {"sku": "X", "quantity": 1, "follows": "replacement-pick", "reason": "damaged"}
    with speaking.test_request_context():
        said = scan_messages.of_verdict("pack", Accepted("short-recorded", fields))
    assert said == "1 × X short: others are picked for it."
