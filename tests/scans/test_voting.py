"""Who is believed: the rules that keep misreads out."""

import pytest

from stations.decoding.symbologies import expand_upce, has_valid_check_digit, normalise
from stations.decoding.values import Corners, Engine, Reading, Symbology
from stations.decoding.voting import Ballot

HERE: Corners = ((0, 0), (100, 0), (100, 40), (0, 40))
THERE: Corners = ((0, 200), (100, 200), (100, 240), (0, 240))

BOTH = (Engine.ZXING, Engine.ZBAR)


def reading(
    text: str,
    symbology: Symbology,
    *,
    engine: Engine = Engine.ZXING,
    step: str = "plain",
    corners: Corners = HERE,
) -> Reading:
    """A reading at a place."""
    return Reading(text, symbology, corners, engine, step)


def believed(*readings: Reading) -> list[str]:
    """The texts that win."""
    ballot = Ballot()
    ballot.add(readings)
    return [candidate.first.text for candidate in ballot.believed()]


def test_one_reading_of_an_ean_is_not_enough() -> None:
    assert believed(reading("9521234543213", Symbology.EAN_13)) == []


def test_a_second_engine_makes_an_ean_believed() -> None:
    both = [reading("9521234543213", Symbology.EAN_13, engine=engine) for engine in BOTH]
    assert believed(*both) == ["9521234543213"]


def test_one_engine_makes_an_ean_believed_with_both_halves_of_its_rows() -> None:
    votes = [
        reading("9521234543213", Symbology.EAN_13, step=step)
        for step in ("plain", "upper", "lower")
    ]
    assert believed(*votes[:2]) == []
    assert believed(*votes) == ["9521234543213"]


def test_the_same_step_twice_is_one_vote() -> None:
    assert believed(*[reading("9521234543213", Symbology.EAN_13)] * 2) == []


def test_error_corrected_codes_need_no_witness() -> None:
    assert believed(reading("SN1", Symbology.DATA_MATRIX)) == ["SN1"]


def test_zbar_alone_is_not_believed_for_upce_however_often() -> None:
    votes = [
        reading("022121000066", Symbology.UPC_E, engine=Engine.ZBAR, step=str(n)) for n in range(9)
    ]
    assert believed(*votes) == []


@pytest.mark.parametrize("symbology", [Symbology.CODE_39, Symbology.ITF_14, Symbology.EAN_8])
def test_weakly_checked_codes_need_both_engines(symbology: Symbology) -> None:
    first = reading("19521234543210", symbology)
    other = reading("19521234543210", symbology, engine=Engine.ZBAR)
    assert believed(first) == []
    assert believed(first, other) == ["19521234543210"]


def test_two_texts_at_one_place_cancel_each_other() -> None:
    votes = [
        reading(text, Symbology.EAN_13, engine=engine)
        for text in ("9521234543213", "9521234543220")
        for engine in BOTH
    ]
    assert believed(*votes) == []


def test_an_ean_beats_the_short_code_that_its_half_looks_like() -> None:
    votes = [
        reading(text, symbology, engine=engine)
        for text, symbology in (
            ("9521234543213", Symbology.EAN_13),
            ("022121000066", Symbology.UPC_E),
        )
        for engine in BOTH
    ]
    assert believed(*votes) == ["9521234543213"]


def test_equal_codes_at_two_places_are_two() -> None:
    votes = [
        reading("9521234543213", Symbology.EAN_13, engine=engine, corners=corners)
        for engine in BOTH
        for corners in (HERE, THERE)
    ]
    assert believed(*votes) == ["9521234543213"] * 2


@pytest.mark.parametrize(
    ("short", "expanded"),
    [
        ("01234505", "012000003455"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
        ("01234565", "012345000065"),
    ],
)
def test_upce_expands_by_its_last_digit(short: str, expanded: str) -> None:
    assert expand_upce(short) == expanded


def test_a_wrong_check_digit_is_no_reading() -> None:
    assert has_valid_check_digit("9521234543213")
    assert normalise("9521234543214", Symbology.EAN_13) is None


def test_upca_and_ean_with_a_leading_zero_are_one_text() -> None:
    assert normalise("0430412094159", Symbology.EAN_13) == ("430412094159", Symbology.UPC_A)
    assert normalise("430412094159", Symbology.UPC_A) == ("430412094159", Symbology.UPC_A)
