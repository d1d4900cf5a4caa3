"""Weighing indicators that send text lines: header, kind, signed weight, unit.

``ST,GS,+  1.234kg`` is a stable gross weight; ``US`` a moving one, ``OL`` out of range; ``GS``/``G``
gross, ``NT``/``N`` net.  Tare lines (``TR``, ``PT``) and counts (``QT``) are no weights.  Sources:
A&D, *AD-4329A weighing indicator manual*, 11.1.1 and 12.1.2 (headers, polarity, dot or comma);
A&D, *GH-series manual*, 10.6 (the short form without a kind); Selleton, *SL-7516 manual*,
communication mode (the same line in another maker's indicator).

The header is required: it says whether the weight is stable, and a line whose beginning was lost
cannot be taken for a smaller weight.
"""

from __future__ import annotations

import re
from decimal import Decimal

from stations.scales.lines import Lines
from stations.scales.readings import Reading, Trouble, troubled, weight

_LINE = re.compile(
    r"(ST|US) *,(?: *(?:GS|NT|G|N) *,)? *([+-]?) *(\d{1,9}(?:[.,]\d{0,6})?) *([A-Za-z]{0,4})"
)
_OUT_OF_RANGE = re.compile(r"OL *,[^-]*(-?).*")


class Indicator:
    """Decodes lines; the indicator has to be set to send them continuously."""

    request = b""

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, chunk: bytes) -> list[Reading]:
        """The readings of the lines that *chunk* ends; lines of another kind are skipped."""
        found = (_reading(line) for line in self._lines.feed(chunk))
        return [reading for reading in found if reading is not None]


def _reading(line: str) -> Reading | None:
    if match := _OUT_OF_RANGE.fullmatch(line):
        return troubled(Trouble.UNDERLOAD if match[1] else Trouble.OVERLOAD)
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    header, sign, digits, unit = match.groups()
    amount = Decimal(sign + digits.replace(",", "."))
    return weight(amount, unit, stable=header == "ST")
