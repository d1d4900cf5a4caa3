"""Toledo continuous output: an indicator that says its display many times a second.

A frame is STX, three status words, six digits of the displayed weight, six of the tare, CR and,
where it is switched on, a checksum.  Sources: Mettler-Toledo, *IND445 user manual* 22013194B,
chapter 5.2 (frame, checksum: the two's complement of the sum of the low seven bits of all
characters before it, STX and CR included); Mettler-Toledo, *Wildcat user's manual*, tables 6-9 to
6-11 (status words A, B and the grams of C); Mettler-Toledo, *IND560 technical manual*, continuous
output, status byte C (ounces, tons); Cardinal, *225 installation and technical manual* 8200-M698
(the same frame in another maker's indicator).

Bits that makers set differently are not read: bits 5 and 6 of each word, among them "not zeroed
since power-up", which some hold at 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from stations.scales.readings import Reading, Trouble, troubled, weight

STX = 0x02
CR = 0x0D
FRAME_LENGTH = 17
NO_DECIMALS = 2
"""The value of word A, bits 0-2, at which the digits are whole units; each step more moves the
decimal point one place left, each less appends a zero."""

UNITS: Mapping[int, str] = {1: "g", 2: "t", 3: "oz", 4: "ozt", 5: "dwt", 6: "ton"}
"""Word C, bits 0-2; 0 is pound or kilogram by word B."""

NEGATIVE, OUT_OF_RANGE, MOTION, KILOGRAM = 0x02, 0x04, 0x08, 0x10
EXPANDED = 0x10


class Toledo:
    """Decodes frames; a checksum behind them is skipped unread."""

    frame_length = FRAME_LENGTH
    request = b""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, chunk: bytes) -> list[Reading]:
        """The readings of the frames that *chunk* completes."""
        self._bytes += bytes(byte & 0x7F for byte in chunk)
        readings = []
        while frame := self._next_candidate():
            if self.is_frame(frame):
                self._bytes = self._bytes[len(frame) :]
                readings.append(_reading(frame))
            else:
                # This STX was noise, or bytes were lost behind it: the next may be a real one.
                self._bytes = self._bytes[1:]
        return readings

    def is_frame(self, frame: bytes) -> bool:
        """Whether the bytes are a frame; lost bytes show because CR is not in its place."""
        return frame[16] == CR and _is_figure(frame[4:10]) and _is_figure(frame[10:16])

    def _next_candidate(self) -> bytes:
        start = self._bytes.find(STX)
        self._bytes = self._bytes[start:] if start >= 0 else b""
        return self._bytes[: self.frame_length] if len(self._bytes) >= self.frame_length else b""


class ToledoWithChecksum(Toledo):
    """Decodes frames of an indicator whose checksum is on; a frame with a wrong one is noise."""

    frame_length = FRAME_LENGTH + 1

    def is_frame(self, frame: bytes) -> bool:
        """Whether the bytes are a frame, and their checksum right."""
        return super().is_frame(frame) and sum(frame) & 0x7F == 0


def _is_figure(field: bytes) -> bool:
    """Six digits, leading ones blank or all blank (a switched-off display)."""
    digits = field.lstrip(b" ")
    return not digits or digits.isdigit()


def _reading(frame: bytes) -> Reading:
    word_a, word_b, word_c = frame[1], frame[2], frame[3]
    unit = UNITS.get(word_c & 0x07, "kg" if word_b & KILOGRAM else "lb")
    if word_b & OUT_OF_RANGE:
        trouble = Trouble.UNDERLOAD if word_b & NEGATIVE else Trouble.OVERLOAD
        return troubled(trouble, unit=unit)
    digits = frame[4:10].strip()
    if not digits or word_c & EXPANDED:
        # A blank display, or a service technician's view with one digit more.
        return troubled(Trouble.NOT_READY, unit=unit)
    amount = Decimal(digits.decode()).scaleb(NO_DECIMALS - (word_a & 0x07))
    signed = -amount if word_b & NEGATIVE else amount
    return weight(signed, unit, stable=not word_b & MOTION)
