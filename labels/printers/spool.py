"""A spool folder: each document becomes a file that somebody else's program picks up and prints."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labels.printers.outcomes import (
    Doubtful,
    NotTaken,
    Outcome,
    Status,
    Taken,
    Withdrawn,
    words_of,
)

FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class SpoolFolder:
    """A folder, and the ending that its files get. It is made where it is missing."""

    folder: Path
    ending: str

    @classmethod
    def at(cls, address: str, *, root: Path, ending: str) -> SpoolFolder:
        """The folder called ``address`` in ``root``; ValueError for anything but a plain name.

        Whoever may set up a printer on a page must not thereby write anywhere on the machine.
        """
        if not FOLDER_NAME.fullmatch(address):
            raise ValueError("a plain folder name: letters, digits, - and _")
        return cls(folder=root / address, ending=ending)

    def deliver(self, document: bytes, *, name: str, begin: Callable[[], bool]) -> Outcome:
        """Write the file whole under a hidden name, then give it its own: nobody sees a part."""
        draft = self.folder / f".{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_through(draft, document)
        except OSError as problem:
            with suppress(OSError):  # the disk that would not write it may not remove it either
                draft.unlink()
            return NotTaken(words_of(problem))
        if not begin():
            draft.unlink()
            return Withdrawn()
        return self._publish(draft, name, len(document))

    def probe(self) -> Status:
        """Whether a file could be written there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            return Status("offline", words_of(problem))
        if not os.access(self.folder, os.W_OK | os.X_OK):
            return Status("offline", "Permission denied")
        return Status("ready")

    def _publish(self, draft: Path, name: str, size: int) -> Outcome:
        try:
            draft.rename(self.folder / f"{name}.{self.ending}")
        except OSError as problem:
            return NotTaken(words_of(problem))
        try:
            _settle(self.folder)
        except OSError as problem:
            return Doubtful(words_of(problem), size)
        return Taken(f"{name}.{self.ending}")


def _write_through(file: Path, document: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(document)
        stream.flush()
        os.fsync(stream.fileno())


def _settle(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
