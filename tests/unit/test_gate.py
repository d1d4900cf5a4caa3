"""How many pictures are let to the decoder at once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from fulfillment.domain.errors import DecoderBusy
from stations.gate import Gate


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(at_once=2, pause_seconds=0.1, clock=clock)


def test_a_station_has_one_picture_at_the_decoder(gate: Gate) -> None:
    with gate.passing("W1S1"), pytest.raises(DecoderBusy) as busy, gate.passing("W1S1"):
        pass
    assert busy.value.retry_after_seconds == 1


def test_pictures_of_a_station_are_spaced(gate: Gate, clock: Clock) -> None:
    with gate.passing("W1S1"):
        clock.seconds = 1.0
    clock.seconds = 1.05
    with pytest.raises(DecoderBusy), gate.passing("W1S1"):
        pass
    with gate.passing("W1S2"):
        pass
    clock.seconds = 1.11
    with gate.passing("W1S1"):
        pass


def test_few_are_decoded_at_once_so_that_scans_find_a_thread(gate: Gate, clock: Clock) -> None:
    with ExitStack() as inside:
        inside.enter_context(gate.passing("W1S1"))
        inside.enter_context(gate.passing("W1S2"))
        with pytest.raises(DecoderBusy), gate.passing("W1S3"):
            pass
    clock.seconds = 1.0
    with gate.passing("W1S3"):
        pass


def test_a_picture_that_fails_leaves_its_place(gate: Gate, clock: Clock) -> None:
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), gate.passing("W1S1"):
            raise ValueError("broken")
        clock.seconds += 1
    with gate.passing("W1S1"):
        pass
