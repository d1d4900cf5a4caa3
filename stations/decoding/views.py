"""Versions of a picture that are easier to read, each with the way back to its pixels."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stations.decoding.values import Corners, Gray, Reading

Affine: TypeAlias = npt.NDArray[np.float64]
"""2 x 3: (x, y, 1) of a view -> (x, y) of the picture it was made from."""

UNTOUCHED: Affine = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True, slots=True)
class View:
    """A version of the picture."""

    pixels: Gray
    to_picture: Affine

    def in_picture(self, reading: Reading) -> Reading:
        """The reading with its corners in pixels of the picture."""
        ends = np.array(reading.corners) @ self.to_picture[:, :2].T + self.to_picture[:, 2]
        a, b, c, d = ((float(x), float(y)) for x, y in ends)
        corners: Corners = (a, b, c, d)
        return Reading(
            text=reading.text,
            symbology=reading.symbology,
            corners=corners,
            engine=reading.engine,
            step=reading.step,
            gs1=reading.gs1,
        )


def after(inner: Affine, outer: Affine) -> Affine:
    """The way back through two views: `inner` leads from the last view into the one before."""
    square = np.vstack([inner, [0.0, 0.0, 1.0]])
    return np.asarray(outer @ square, dtype=np.float64)


def scaled(gray: Gray, factor: float) -> View:
    """Enlarged by cubic interpolation or shrunk by averaging."""
    height, width = gray.shape
    size = max(1, round(width * factor)), max(1, round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    pixels = cv2.resize(gray, size, interpolation=method)
    back = np.array([[width / size[0], 0.0, 0.0], [0.0, height / size[1], 0.0]])
    return View(np.asarray(pixels, dtype=np.uint8), back)


def equalised(gray: Gray) -> Gray:
    """Contrast stretched tile by tile (CLAHE): shade and reflections level out."""
    return np.asarray(cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(gray), np.uint8)


def sharpened(gray: Gray, *, radius_px: float, amount: float) -> Gray:
    """Unsharp mask: what blur of about that radius took away is put back `amount` times."""
    blurred = cv2.GaussianBlur(gray, (0, 0), radius_px)
    return np.asarray(cv2.addWeighted(gray, 1 + amount, blurred, -amount, 0), dtype=np.uint8)


def warped(gray: Gray, matrix: Affine, size: tuple[int, int]) -> Gray:
    """The picture through an affine map, its border pixels repeated outwards."""
    pixels = cv2.warpAffine(
        gray, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(pixels, dtype=np.uint8)


def levelled(gray: Gray, corners: Corners, *, margin: float, scale: float) -> View:
    """The turned box cut out, laid level along its first side, enlarged.

    `margin` is the part of the box's width that is added left and right.
    """
    a, b, _, d = (np.array(corner) for corner in corners)
    along, down = b - a, d - a
    width, height = float(np.hypot(*along)), float(np.hypot(*down))
    unit = along / max(width, 1e-6)
    normal = np.array([-unit[1], unit[0]])
    if float(down @ normal) < 0:
        normal = -normal
    start = a - unit * margin * width
    size = max(8, round(width * (1 + 2 * margin) * scale)), max(8, round(height * scale))
    back = np.column_stack([unit / scale, normal / scale, start])
    return View(warped(gray, _inverse(back), size), back)


def _inverse(matrix: Affine) -> Affine:
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
