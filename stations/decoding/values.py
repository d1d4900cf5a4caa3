"""What the decoder speaks of: symbologies, readings by an engine, and decoded barcodes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Gray: TypeAlias = npt.NDArray[np.uint8]
"""A picture of brightness: rows x columns, 0 black to 255 white."""

Corners: TypeAlias = tuple[
    tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]
]
"""Four (x, y) in pixels of the picture as it was handed in, clockwise from the code's top left."""


class Symbology(StrEnum):
    """The kinds of barcode that a warehouse meets."""

    EAN_13 = "EAN-13"
    EAN_8 = "EAN-8"
    UPC_A = "UPC-A"
    UPC_E = "UPC-E"
    CODE_128 = "Code 128"
    GS1_128 = "GS1-128"
    CODE_39 = "Code 39"
    ITF = "ITF"
    ITF_14 = "ITF-14"
    QR = "QR"
    DATA_MATRIX = "DataMatrix"
    GS1_DATA_MATRIX = "GS1 DataMatrix"


class Engine(StrEnum):
    """Who read a barcode."""

    ZXING = "zxing-cpp"
    ZBAR = "zbar"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class Reading:
    """One engine's reading of one barcode in one version of the picture: not yet believed.

    `text` is normalised (`symbologies.py`), so that two engines that saw the same code agree.
    `gs1` says that the code began with FNC1; zbar cannot tell, so its readings say False.
    """

    text: str
    symbology: Symbology
    corners: Corners
    engine: Engine
    step: str
    gs1: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """A barcode that is believed.

    text: UPC-A has 12 digits; UPC-E is its 12-digit expansion (8 digits would look like an
        EAN-8); GS1 codes are bare element strings with the separator GS (0x1d).
    symbology: also says whether the code carries GS1 data.
    corners: where it is in the picture, after the camera's orientation mark was applied.
    engine, step: the first reading that saw it.
    votes: how many readings (engine and step) agreed.
    """

    text: str
    symbology: Symbology
    corners: Corners
    engine: Engine
    step: str
    votes: int
