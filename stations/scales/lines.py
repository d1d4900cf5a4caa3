"""Text lines out of the bytes of a serial port."""

from __future__ import annotations

import re

LONGEST_LINE = 80
_ENDS = re.compile(rb"[\r\n]")
_FRAME = " \t\x00\x02\x03"
"""What some indicators put around a line, besides its end."""


class Lines:
    """Splits chunks into lines at CR or LF.

    Bit 7 is ignored: it is the parity bit when a 7-bit scale is read with 8 bits.  A line that is
    longer than any answer of a scale is noise and is skipped up to its end.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._noise = False

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that *chunk* ends, without blanks and frame characters around them."""
        *whole, self._rest = _ENDS.split(self._rest + bytes(byte & 0x7F for byte in chunk))
        lines = [self._line(one) for one in whole]
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._noise = b"", True
        return [line for line in lines if line]

    def _line(self, raw: bytes) -> str:
        noise, self._noise = self._noise or len(raw) > LONGEST_LINE, False
        return "" if noise else raw.decode("ascii").strip(_FRAME)
