"""Barcodes out of pictures: `decode` for bytes that are trusted to be harmless, `decode_upload`
for bytes that anyone may have sent, `report` for somebody who asks why.

    decode(image, budget_ms=150) -> list[Decoded]      a live frame
    decode_upload(image) -> list[Decoded]              a photograph somebody sent
    decode_and_copy(image) -> ReadPicture              the same, and a copy without metadata
    report(path) -> Report                             steps and times

Nothing is stored, and no metadata leaves the picture.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from stations.decoding import cascade
from stations.decoding.cascade import StepTime
from stations.decoding.opening import PictureError, open_gray
from stations.decoding.values import Corners, Decoded, Engine, Symbology
from stations.decoding.voting import ranked
from stations.decoding.worker import (
    DecoderStoppedError,
    ReadPicture,
    decode_and_copy,
    decode_upload,
)

LIVE_BUDGET_MS = 150
"""For one frame of a running camera: the next frame is a new chance."""

UPLOAD_BUDGET_MS = 1500
"""For a photograph that a person waits for."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was read in one file, and what it took.

    `refusal` is the code of `PictureError` where the file is not a picture, else None.
    """

    path: Path
    decoded: list[Decoded]
    steps: list[StepTime]
    milliseconds: float
    refusal: str | None = None


def decode(
    image: bytes, *, budget_ms: int = UPLOAD_BUDGET_MS, expected: Collection[str] = ()
) -> list[Decoded]:
    """Every barcode that is believed, each place once; an empty list for anything unreadable.

    image: a PNG, JPEG, WebP or GIF file. Raises nothing on any bytes.
    budget_ms: no further step begins after this time.
    expected: the texts of the open order come first; they never make a reading believed.
    """
    try:
        gray = open_gray(image)
    except PictureError:
        return []
    decoded, _ = cascade.run(gray, budget_ms=budget_ms)
    return ranked(decoded, expected=expected)


def report(path: Path, *, budget_ms: int = UPLOAD_BUDGET_MS) -> Report:
    """What `decode` finds in a file, with its steps and times. Raises OSError as `open` does."""
    started = time.monotonic()
    image = path.read_bytes()
    try:
        gray = open_gray(image)
    except PictureError as refused:
        return Report(path, [], [], _since(started), refused.code)
    decoded, steps = cascade.run(gray, budget_ms=budget_ms)
    return Report(path, ranked(decoded), steps, _since(started))


def _since(started: float) -> float:
    return (time.monotonic() - started) * 1000


__all__ = [
    "LIVE_BUDGET_MS",
    "UPLOAD_BUDGET_MS",
    "Corners",
    "Decoded",
    "DecoderStoppedError",
    "Engine",
    "PictureError",
    "ReadPicture",
    "Report",
    "StepTime",
    "Symbology",
    "decode",
    "decode_and_copy",
    "decode_upload",
    "ranked",
    "report",
]
