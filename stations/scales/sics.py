"""Mettler-Toledo's standard interface command set (MT-SICS): answers to S, SI and SIR.

Source: Mettler-Toledo, *MT-SICS interface commands, reference manual* 11780711, chapters on the
format of responses and on S, SI and SIR: ``S S`` a stable and ``S D`` a moving weight with its
unit, ``S I`` not executable now, ``S +`` and ``S -`` over and under range, ``S S Error n`` a
faulty balance, ``S L`` a wrong parameter, ``ES``, ``ET`` and ``EL`` a command that was not
understood, came broken or cannot be executed.  Approved balances put the digit that does not
count for trade into brackets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from stations.scales.lines import Lines
from stations.scales.readings import Reading, Trouble, troubled, weight

_WEIGHT = re.compile(r"S ([SD]) +(-?)(\d{1,9}(?:\.\d{0,6})?)(?: +([!-~]{1,8}))?")
_FAULT = re.compile(r"S [SD] +Error \w+")
_TROUBLES: Mapping[str, Trouble] = {
    "S +": Trouble.OVERLOAD,
    "S -": Trouble.UNDERLOAD,
    "S I": Trouble.NOT_READY,
    "S L": Trouble.REFUSED,
    "ES": Trouble.REFUSED,
    "ET": Trouble.REFUSED,
    "EL": Trouble.REFUSED,
}


class Sics:
    """Decodes answers; asks for repeated ones (SIR), again whenever the balance fell silent."""

    request = b"SIR\r\n"

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, chunk: bytes) -> list[Reading]:
        """The readings of the answers that *chunk* completes; other answers are skipped."""
        found = (_reading(line) for line in self._lines.feed(chunk))
        return [reading for reading in found if reading is not None]


def _reading(line: str) -> Reading | None:
    if trouble := _TROUBLES.get(line):
        return troubled(trouble)
    if _FAULT.fullmatch(line):
        return troubled(Trouble.FAULT)
    match = _WEIGHT.fullmatch(line.replace("[", "").replace("]", ""))
    if match is None:
        return None
    state, sign, digits, unit = match.groups()
    return weight(Decimal(sign + digits), unit or "", stable=state == "S")
