"""Pictures of barcodes, drawn for a test: photographs, and a film that a browser's camera shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zxingcpp
from PIL import Image

Gray = npt.NDArray[np.uint8]

FILM_SIZE = (640, 480)
FRAMES_PER_SECOND = 5


def drawn(text: str, symbology: str = "EAN13", *, scale: int = 3, gs1: bool = False) -> Gray:
    """A barcode on white, with quiet zone."""
    options = {"gs1": True} if gs1 else {}
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, symbology), **options)
    return np.pad(np.array(code.to_image(scale=scale)), 30, constant_values=255)


def below_each_other(codes: Sequence[Gray]) -> Gray:
    """One picture with the codes from top to bottom."""
    width = max(code.shape[1] for code in codes)
    rows = [
        np.pad(code, ((0, 40), (0, width - code.shape[1])), constant_values=255) for code in codes
    ]
    return np.vstack(rows)


def photo(*codes: Gray, kind: str = "JPEG", **saved: object) -> bytes:
    """The file of a photograph that shows the codes."""
    file = BytesIO()
    picture = Image.fromarray(below_each_other(codes)).convert("RGB")
    picture.save(file, kind, **saved)  # type: ignore[arg-type]  # options of the kind
    return file.getvalue()


def film(path: Path, code: Gray) -> None:
    """A film in which somebody holds a code, not quite still: Y4M, as a fake camera plays it."""
    width, height = FILM_SIZE
    header = f"YUV4MPEG2 W{width} H{height} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n"
    with path.open("wb") as file:
        file.write(header.encode())
        for brightness in _frames(code):
            gray = np.full(width * height // 2, 128, dtype=np.uint8)  # both planes of colour
            file.write(b"FRAME\n" + brightness.tobytes() + gray.tobytes())


def _frames(code: Gray) -> Iterable[Gray]:
    width, height = FILM_SIZE
    top = (height - code.shape[0]) // 2
    for left in (20, 60, 100, 140, 100, 60):
        table = np.full((height, width), 200, dtype=np.uint8)
        table[top : top + code.shape[0], left : left + code.shape[1]] = code
        yield table
