"""Which moves bring what was picked into the parcels that the scans put it in."""

from __future__ import annotations

import pytest

from fulfillment.domain.packing import Held, Packed, Transfer, transfers

MUG, CLOCK = 1, 2
TOTE, SECOND_TOTE, BOX, SECOND_BOX = 11, 12, 21, 22


def test_units_go_from_their_totes_into_the_parcels_that_hold_them() -> None:
    held = [Held(TOTE, MUG, "", 2), Held(SECOND_TOTE, MUG, "", 3)]
    packed = [Packed(BOX, MUG, "", 4), Packed(SECOND_BOX, MUG, "", 1)]
    assert transfers(held, packed) == (
        Transfer(TOTE, BOX, MUG, "", 2),
        Transfer(SECOND_TOTE, BOX, MUG, "", 2),
        Transfer(SECOND_TOTE, SECOND_BOX, MUG, "", 1),
    )


def test_what_lies_in_its_parcel_already_stays() -> None:
    held = [Held(BOX, MUG, "", 2), Held(TOTE, MUG, "", 1)]
    assert transfers(held, [Packed(BOX, MUG, "", 3)]) == (Transfer(TOTE, BOX, MUG, "", 1),)


def test_a_serial_goes_from_the_tote_that_it_lies_in_whichever_line_it_was_picked_for() -> None:
    held = [Held(TOTE, CLOCK, "", 1), Held(SECOND_TOTE, CLOCK, "", 1)]
    packed = [
        Packed(BOX, CLOCK, "", 1, "X2", SECOND_TOTE),
        Packed(BOX, CLOCK, "", 1, "X1", TOTE),
    ]
    assert transfers(held, packed) == (
        Transfer(SECOND_TOTE, BOX, CLOCK, "", 1, "X2"),
        Transfer(TOTE, BOX, CLOCK, "", 1, "X1"),
    )


def test_more_packed_than_picked_is_an_accident() -> None:
    with pytest.raises(ValueError, match="1 more packed than picked"):
        transfers([Held(TOTE, MUG, "", 1)], [Packed(BOX, MUG, "", 2)])
