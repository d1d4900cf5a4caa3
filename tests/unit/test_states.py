"""The tables of the state machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment.domain.errors import IllegalEvent
from fulfillment.domain.state_pictures import page
from fulfillment.domain.states import MACHINES, ORDER, SHIPMENT, Machine


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached(machine: Machine) -> None:
    reached = {machine.initial}
    while True:
        more = {row.target for row in machine.transitions if row.source in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(machine.states)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_an_event_leads_to_one_state(machine: Machine) -> None:
    keys = [(row.source, row.event) for row in machine.transitions]
    assert len(keys) == len(set(keys))


def test_an_illegal_event_is_an_error_with_a_name() -> None:
    with pytest.raises(IllegalEvent) as refusal:
        SHIPMENT.advance("dispatched", "cancel")
    assert (refusal.value.machine, refusal.value.state, refusal.value.event) == (
        "shipment",
        "dispatched",
        "cancel",
    )


def test_nothing_leaves_a_cancelled_or_merged_order() -> None:
    assert not [row for row in ORDER.transitions if row.source in ("cancelled", "merged")]


def test_the_picture_in_the_docs_is_the_table() -> None:
    written = Path(__file__).parents[2] / "docs" / "states.md"
    assert written.read_text(encoding="utf-8") == page()
