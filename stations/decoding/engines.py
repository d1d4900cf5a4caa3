"""The two barcode libraries behind one shape: a picture in, readings out.

zxing-cpp is always there (a wheel without system libraries). zbar reads other codes than zxing
does and is the second opinion, but needs the system's libzbar0: where that is missing, the
decoder works with zxing-cpp alone.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import zxingcpp

from stations.decoding import views
from stations.decoding.symbologies import normalise
from stations.decoding.values import Corners, Engine, Gray, Reading, Symbology

Read: TypeAlias = Callable[[Gray, str], list[Reading]]
"""An engine: the picture and the name of the step that made it -> readings."""

_ZXING_SYMBOLOGIES = {
    zxingcpp.BarcodeFormat.EAN13: Symbology.EAN_13,
    zxingcpp.BarcodeFormat.EAN8: Symbology.EAN_8,
    zxingcpp.BarcodeFormat.UPCA: Symbology.UPC_A,
    zxingcpp.BarcodeFormat.UPCE: Symbology.UPC_E,
    zxingcpp.BarcodeFormat.Code128: Symbology.CODE_128,
    zxingcpp.BarcodeFormat.Code39: Symbology.CODE_39,
    zxingcpp.BarcodeFormat.ITF: Symbology.ITF,
    zxingcpp.BarcodeFormat.QRCode: Symbology.QR,
    zxingcpp.BarcodeFormat.DataMatrix: Symbology.DATA_MATRIX,
}
_ZBAR_SYMBOLOGIES = {
    "EAN13": Symbology.EAN_13,
    "EAN8": Symbology.EAN_8,
    "UPCA": Symbology.UPC_A,
    "UPCE": Symbology.UPC_E,
    "CODE128": Symbology.CODE_128,
    "CODE39": Symbology.CODE_39,
    "I25": Symbology.ITF,
}
"""Linear codes only: zbar's QR reader wrote beyond its buffer (CVE-2023-40889) and read none here
that zxing-cpp does not."""

_GS1 = {Symbology.CODE_128: Symbology.GS1_128, Symbology.DATA_MATRIX: Symbology.GS1_DATA_MATRIX}
_GS1_IDENTIFIERS = frozenset({"]C1", "]d2", "]Q3"})
"""AIM symbology identifiers of codes that begin with FNC1 (ISO/IEC 15424)."""

_QUIET_MARGIN = 0.08
"""Of a code's width: what is looked at beyond its ends."""

_QUIET_SHARE = 0.4
"""Slopes beyond the ends, as a share of those between the bars."""


def read_with_zxing(gray: Gray, step: str) -> list[Reading]:
    """What zxing-cpp reads: every symbology, at any right angle, light on dark too."""
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(gray),
        formats=zxingcpp.BarcodeFormats(list(_ZXING_SYMBOLOGIES)),
        text_mode=zxingcpp.TextMode.Plain,
    )
    readings = []
    for barcode in found:
        spelled = normalise(barcode.text, _ZXING_SYMBOLOGIES[barcode.format])
        if spelled is None:
            continue
        text, symbology = spelled
        gs1 = barcode.symbology_identifier in _GS1_IDENTIFIERS
        if gs1:
            symbology = _GS1.get(symbology, symbology)
        corners = _corners_of_zxing(barcode.position)
        if symbology is Symbology.ITF and not _has_quiet_ends(gray, corners):
            continue
        readings.append(Reading(text, symbology, corners, Engine.ZXING, step, gs1))
    return readings


def _corners_of_zxing(position: Any) -> Corners:
    ends = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    a, b, c, d = ((float(end.x), float(end.y)) for end in ends)
    return a, b, c, d


def _has_quiet_ends(gray: Gray, corners: Corners) -> bool:
    """Whether the bars end where the reading ends: a part of an ITF reads as a shorter ITF."""
    strip = views.levelled(gray, corners, margin=_QUIET_MARGIN, scale=1.0).pixels
    slopes = np.abs(np.diff(strip.mean(axis=0)))
    margin = int(len(slopes) * _QUIET_MARGIN / (1 + 2 * _QUIET_MARGIN))
    outer = int(0.8 * margin)  # the last bar's own edge is not counted
    if outer < 1:
        return False
    busiest = max(float(slopes[:outer].mean()), float(slopes[-outer:].mean()))
    return busiest < _QUIET_SHARE * float(slopes[margin:-margin].mean())


@cache
def zbar() -> Any | None:
    """pyzbar's module, or None where the system has no libzbar (its import raises ImportError)."""
    try:
        from pyzbar import pyzbar
    except ImportError:
        return None
    return pyzbar


def read_with_zbar(gray: Gray, step: str) -> list[Reading]:
    """What zbar reads of linear codes; nothing where libzbar is missing."""
    library = zbar()
    if library is None:
        return []
    height, width = gray.shape
    wanted = [library.ZBarSymbol[name] for name in _ZBAR_SYMBOLOGIES]
    found = library.decode((gray.tobytes(), width, height), symbols=wanted)
    return [
        reading
        for reading in _readings_of_zbar(found, step)
        if reading.symbology is not Symbology.ITF or _has_quiet_ends(gray, reading.corners)
    ]


def _readings_of_zbar(found: Sequence[Any], step: str) -> Iterator[Reading]:
    for symbol in found:
        if symbol.type not in _ZBAR_SYMBOLOGIES:
            continue
        text = symbol.data.decode("utf-8", errors="replace")
        spelled = normalise(text, _ZBAR_SYMBOLOGIES[symbol.type])
        if spelled is not None:
            yield Reading(*spelled, _corners_of_zbar(symbol), Engine.ZBAR, step)


def _corners_of_zbar(symbol: Any) -> Corners:
    if len(symbol.polygon) == 4:
        a, b, c, d = ((float(point.x), float(point.y)) for point in symbol.polygon)
        return a, b, c, d
    left, top = float(symbol.rect.left), float(symbol.rect.top)
    right, bottom = left + symbol.rect.width, top + symbol.rect.height
    return (left, top), (right, top), (right, bottom), (left, bottom)
