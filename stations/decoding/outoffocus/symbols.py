"""How EAN-13, EAN-8 and UPC-E are built: digit patterns, guards, parities and check digits.

After the GS1 General Specifications, 5.2. UPC-A is an EAN-13 that begins with 0. A bar is 1, a
space 0, and every digit is seven modules wide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stations.decoding.values import Symbology

Ints: TypeAlias = npt.NDArray[np.int64]

DIGIT_MODULES = 7
_LEFT_ODD = (
    "0001101", "0011001", "0010011", "0111101", "0100011",
    "0110001", "0101111", "0111011", "0110111", "0001011",
)  # fmt: skip
_ODD = np.array([[int(module) for module in pattern] for pattern in _LEFT_ODD])
_RIGHT = 1 - _ODD
_LEFT_EVEN = _RIGHT[:, ::-1]

PATTERNS: Ints = np.vstack([_ODD, _LEFT_EVEN, _RIGHT])
"""30 x 7: number set A (odd parity) at 0, set B (even parity) at 10, set C (right half) at 20."""

_EAN_13_PARITIES = (
    "AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB",
    "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA",
)  # fmt: skip
"""The number sets of the left half say the first digit."""

_UPC_E_PARITIES = (
    "BBBAAA", "BBABAA", "BBAABA", "BBAAAB", "BABBAA",
    "BAABBA", "BAAABB", "BABABA", "BABAAB", "BAABAB",
)  # fmt: skip
"""The number sets say the check digit; for number system 1 A and B change places."""


@dataclass(frozen=True)
class Layout:
    """Where things stand in a symbol, in modules from its first bar.

    digit_sets[k]: the first index into PATTERNS and how many follow, for digit k.
    """

    symbology: Symbology
    modules: int
    guards: tuple[tuple[int, str], ...]
    digit_starts: tuple[int, ...]
    digit_sets: tuple[tuple[int, int], ...]

    def choices(self, digit: int) -> Ints:
        """The indices into PATTERNS that a digit may have."""
        first, count = self.digit_sets[digit]
        return np.arange(first, first + count)


LEFT, LEFT_ODD, RIGHT = (0, 20), (0, 10), (20, 10)

EAN_13 = Layout(
    Symbology.EAN_13,
    modules=95,
    guards=((0, "101"), (45, "01010"), (92, "101")),
    digit_starts=tuple(range(3, 45, 7)) + tuple(range(50, 92, 7)),
    digit_sets=(LEFT_ODD, *(LEFT,) * 5, *(RIGHT,) * 6),
)
EAN_8 = Layout(
    Symbology.EAN_8,
    modules=67,
    guards=((0, "101"), (31, "01010"), (64, "101")),
    digit_starts=tuple(range(3, 31, 7)) + tuple(range(36, 64, 7)),
    digit_sets=(*(LEFT_ODD,) * 4, *(RIGHT,) * 4),
)
UPC_E = Layout(
    Symbology.UPC_E,
    modules=51,
    guards=((0, "101"), (45, "010101")),
    digit_starts=tuple(range(3, 45, 7)),
    digit_sets=(LEFT,) * 6,
)
LAYOUTS = (EAN_13, EAN_8, UPC_E)


@dataclass(frozen=True)
class Plan:
    """One way to fill a symbol: the number set of each digit, and what makes it a valid text.

    sets: for each digit the offset (0 or 10) of its number set among the digit's choices.
    weights, start: the text is valid if start + sum(weight x digit) is a multiple of ten.
    last: the only value that the last digit may have in this plan, or None.
    before, after: the digits of the text that are not drawn as digits.
    """

    sets: tuple[int, ...]
    weights: tuple[int, ...]
    start: int
    before: str = ""
    after: str = ""
    last: int | None = None


@cache
def plans(layout: Layout) -> tuple[Plan, ...]:
    """Every way to fill this symbol."""
    if layout.symbology is Symbology.EAN_13:
        return tuple(
            Plan(_offsets(parity) + (0,) * 6, (3, 1) * 6, first, before=str(first))
            for first, parity in enumerate(_EAN_13_PARITIES)
        )
    if layout.symbology is Symbology.EAN_8:
        return (Plan((0,) * 8, (3, 1) * 4, 0),)
    return tuple(_upc_e_plans())


@cache
def parities(layout: Layout) -> Ints:
    """The different number sets among the plans: parities x digits."""
    return np.array(sorted({plan.sets for plan in plans(layout)}))


def _offsets(parity: str) -> tuple[int, ...]:
    return tuple(10 * (letter == "B") for letter in parity)


def _upc_e_plans() -> Iterator[Plan]:
    """One for each number system, check digit and last digit (which says how it expands)."""
    for check, parity in enumerate(_UPC_E_PARITIES):
        for system in (0, 1):
            sets = tuple(offset if system == 0 else 10 - offset for offset in _offsets(parity))
            for last in range(10):
                start = (3 * system + check) % 10
                yield Plan(sets, _upc_e_weights(last), start, str(system), str(check), last)


def _upc_e_weights(last: int) -> tuple[int, ...]:
    """The weights of the six digits at their places in the 12-digit expansion (0 = first)."""
    places: tuple[int | None, ...]
    if last <= 2:
        places = (1, 2, 8, 9, 10, 3)
    elif last == 3:
        places = (1, 2, 3, 9, 10, None)
    elif last == 4:
        places = (1, 2, 3, 4, 10, None)
    else:
        places = (1, 2, 3, 4, 5, 10)
    return tuple(0 if place is None else (3, 1)[place % 2] for place in places)


def bars(layout: Layout, patterns: Ints) -> Ints:
    """The modules of a symbol with these digit patterns (indices into PATTERNS)."""
    modules = np.zeros(layout.modules, dtype=np.int64)
    for place, guard in layout.guards:
        modules[place : place + len(guard)] = [int(module) for module in guard]
    for place, pattern in zip(layout.digit_starts, patterns, strict=True):
        modules[place : place + DIGIT_MODULES] = PATTERNS[pattern]
    return modules
