"""A scale at the far end of a serial cable: a pseudo-terminal that plays what a scale sends."""

from __future__ import annotations

import os
import tty
from pathlib import Path

from tests.support.scale_streams import toledo

EMPTY = toledo("000000") * 3


def standing(grams: int) -> bytes:
    """Something is put on, settles, and stays."""
    figure = f"{grams:06d}"
    return toledo(figure, b=0x18) + toledo(figure) * 3


def parcel(grams: int) -> bytes:
    """A parcel is put on, settles, and is taken away."""
    return standing(grams) + EMPTY


class Scale:
    """The far end of a serial cable that can be pulled out and put in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end = -1
        self.plug_in()

    def plug_in(self) -> None:
        self._end, other = os.openpty()
        tty.setraw(other)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(other))
        self._other = other

    def pull_out(self) -> None:
        os.close(self._other)
        os.close(self._end)

    def play(self, recording: bytes) -> None:
        # In pieces that respect no frame, as a serial driver hands them over.
        for at in range(0, len(recording), 13):
            os.write(self._end, recording[at : at + 13])

    def heard(self, length: int) -> bytes:
        return os.read(self._end, length)
