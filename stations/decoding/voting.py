"""Who is believed: a misread ships the wrong thing, so doubtful readings need a second vote.

A vote is an (engine, step) pair that read this text at this place. How many a text needs depends
on how much its symbology can prove about itself, see `is_believed`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from stations.decoding.values import Corners, Decoded, Engine, Reading, Symbology

ERROR_CORRECTED = frozenset({Symbology.QR, Symbology.DATA_MATRIX, Symbology.GS1_DATA_MATRIX})
"""Reed-Solomon codes: a text that comes out is right."""

CHECKED = frozenset({Symbology.EAN_13, Symbology.UPC_A, Symbology.CODE_128, Symbology.GS1_128})
"""One check character over a long text: one reading in ten (103 for Code 128) of random bars
would pass, so one more witness is asked for."""

VOTES_OF_CHECKED = 2
"""Of two engines."""

CHECKED_BY_ONE_ENGINE = {Engine.ZXING: 3, Engine.ZBAR: 4, Engine.PROFILE: 2}
"""Of one engine. The same rows read once more repeat their mistake: on a picture of which only the
top is whole, zxing reads the upper half as it read all of it; zbar repeats itself on blurred EANs
at the next scale."""

VOTES_OF_ONE_ENGINE = {Engine.ZXING: 4, Engine.PROFILE: 3}
"""Codes without a strong check (Code 39, ITF, UPC-E, EAN-8) need two engines, or this many votes
of one. zbar reads halves of an EAN as a UPC-E again and again, so it alone never counts."""


VOTES_OF_ANY_ITF = 5
"""Any part of an ITF reads as a shorter one, for both engines alike. ITF-14 with its check digit
counts like the others; any other length needs both engines and this many votes."""


@dataclass(slots=True)
class Candidate:
    """A text at a place, with everyone who read it there."""

    first: Reading
    readings: list[Reading] = field(default_factory=list)

    @property
    def votes(self) -> int:
        return len({(reading.engine, reading.step) for reading in self.readings})

    @property
    def engines(self) -> set[Engine]:
        return {reading.engine for reading in self.readings}


class Ballot:
    """Collects readings, and says which texts are believed and which still want a witness."""

    def __init__(self) -> None:
        self._candidates: list[Candidate] = []

    def add(self, readings: Iterable[Reading]) -> None:
        """Count readings; small boxes first, so that zbar's one box over two equal codes votes
        for both instead of making one of them."""
        for reading in sorted(readings, key=lambda r: _area(r.corners)):
            homes = [c for c in self._candidates if _same_code(c.first, reading)]
            if not homes:
                homes = [Candidate(reading)]
                self._candidates += homes
            for home in homes:
                home.readings.append(reading)

    def believed(self) -> list[Candidate]:
        """The candidates that have won their place."""
        return [c for c in self._candidates if is_believed(c) and not self._is_contested(c)]

    def pending(self) -> list[Candidate]:
        """The candidates that want another vote and do not lie on a believed code."""
        winners = self.believed()
        return [
            c
            for c in self._candidates
            if not is_believed(c) and not any(_overlap(c, winner) for winner in winners)
        ]

    def is_settled(self, corners: Corners) -> bool:
        """Whether a believed code lies there."""
        return any(_boxes_meet(winner.first.corners, corners) for winner in self.believed())

    def _is_contested(self, candidate: Candidate) -> bool:
        rivals = [r for r in self._candidates if r is not candidate and _overlap(r, candidate)]
        return any(not _beats(candidate, rival) for rival in rivals)


def is_believed(candidate: Candidate) -> bool:
    """Whether enough independent witnesses read this text here."""
    symbology = candidate.first.symbology
    if symbology in ERROR_CORRECTED:
        return True
    if len(candidate.engines) > 1:
        if symbology in CHECKED:
            return candidate.votes >= VOTES_OF_CHECKED
        return symbology is not Symbology.ITF or candidate.votes >= VOTES_OF_ANY_ITF
    (engine,) = candidate.engines
    if symbology in CHECKED:
        return candidate.votes >= CHECKED_BY_ONE_ENGINE[engine]
    return candidate.votes >= VOTES_OF_ONE_ENGINE.get(engine, candidate.votes + 1)


def ranked(decoded: Iterable[Decoded], *, expected: Collection[str] = ()) -> list[Decoded]:
    """What is expected first, then from top to bottom; nothing added, nothing taken away."""
    return sorted(decoded, key=lambda d: (d.text not in expected, d.corners[0][1], d.corners[0][0]))


def _beats(candidate: Candidate, rival: Candidate) -> bool:
    strengths = (_strength(candidate), _strength(rival))
    if strengths[0] != strengths[1]:
        return strengths[0] > strengths[1]
    if candidate.first.symbology is Symbology.ITF and rival.first.text in candidate.first.text:
        return True
    return candidate.votes >= 2 * rival.votes


def _strength(candidate: Candidate) -> int:
    symbology = candidate.first.symbology
    if symbology in ERROR_CORRECTED:
        return 2
    return 1 if symbology in CHECKED else 0


def _same_code(one: Reading, other: Reading) -> bool:
    return one.text == other.text and _boxes_meet(one.corners, other.corners)


def _overlap(one: Candidate, other: Candidate) -> bool:
    return one is not other and _boxes_meet(one.first.corners, other.first.corners)


def _bounds(corners: Corners) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _area(corners: Corners) -> float:
    left, top, right, bottom = _bounds(corners)
    return (right - left) * (bottom - top)


def _boxes_meet(one: Corners, other: Corners) -> bool:
    """Whether the centre of one box lies in the other: equal codes side by side stay two."""
    return _has_centre_of(one, other) or _has_centre_of(other, one)


def _has_centre_of(box: Corners, other: Corners) -> bool:
    left, top, right, bottom = _bounds(box)
    x = sum(x for x, _ in other) / 4
    y = sum(y for _, y in other) / 4
    margin = 0.1 * max(right - left, bottom - top)
    return left - margin <= x <= right + margin and top - margin <= y <= bottom + margin
