"""From a place with bars to lines of brightness across them."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from stations.decoding import views
from stations.decoding.finding import Region
from stations.decoding.outoffocus.optics import Floats
from stations.decoding.values import Corners, Gray
from stations.decoding.views import View

MARGIN = 0.6
"""Of the region's width, added left and right: blur hides where a symbol ends."""

WIDEST_PX = 400
"""Regions wider than this are shrunk: a module then still has more than three pixels."""

FEWEST_ROWS = 6
_SHEARS = np.linspace(-0.35, 0.35, 21)
_ROWS_TO_COMPARE = 40
_ALIKE = 0.6


@dataclass(frozen=True)
class Strip:
    """A place with bars, laid so that they stand upright; rows that differ are cut off.

    left, right: where the region ended, in columns; the symbol ends somewhere near.
    """

    view: View
    left: float
    right: float

    def bands(self) -> Iterator[tuple[str, Floats]]:
        """Averages over all rows, over the upper half and over the lower half: the halves are
        nearly independent witnesses."""
        middle = self.view.pixels.shape[0] // 2
        for name, rows in (
            ("whole", self.view.pixels),
            ("upper", self.view.pixels[:middle]),
            ("lower", self.view.pixels[middle:]),
        ):
            yield name, rows.mean(axis=0, dtype=np.float64)

    def corners(self, begin: float, end: float) -> Corners:
        """The symbol between two columns, in pixels of the picture."""
        height = self.view.pixels.shape[0]
        ends = np.array([[begin, 0], [end, 0], [end, height], [begin, height]])
        placed = ends @ self.view.to_picture[:, :2].T + self.view.to_picture[:, 2]
        a, b, c, d = ((float(x), float(y)) for x, y in placed)
        return a, b, c, d


def strip_at(gray: Gray, region: Region) -> Strip | None:
    """The strip of a region, or None if too few rows look alike."""
    (ax, ay), (bx, by), *_ = region.corners
    width = float(np.hypot(bx - ax, by - ay))
    scale = min(1.0, WIDEST_PX / max(width, 1.0))
    level = views.levelled(gray, region.corners, margin=MARGIN, scale=scale)
    upright = _upright(level)
    columns = upright.pixels.shape[1]
    left = columns * MARGIN / (1 + 2 * MARGIN)
    top, bottom = _rows_alike(upright.pixels[:, int(0.8 * left) : columns - int(0.8 * left)])
    if bottom - top < FEWEST_ROWS:
        return None
    moved = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, float(top)]])
    rows = View(upright.pixels[top:bottom], views.after(moved, upright.to_picture))
    return Strip(rows, left, columns - left)


def _upright(view: View) -> View:
    """Sheared until the average of all rows is sharpest: then the bars stand upright."""
    height, width = view.pixels.shape
    smooth = np.asarray(cv2.GaussianBlur(view.pixels, (0, 0), 1.0), dtype=np.uint8)
    rows = max(1, height // _ROWS_TO_COMPARE)

    def sheared(pixels: Gray, shear: float) -> Gray:
        middle = len(pixels) / 2
        matrix = np.array([[1.0, shear, -shear * middle], [0.0, 1.0, 0.0]])
        return views.warped(pixels, matrix, (width, len(pixels)))

    sharpness = [
        float((np.diff(sheared(smooth[::rows], shear * rows).mean(axis=0)) ** 2).sum())
        for shear in _SHEARS
    ]
    shear = float(_SHEARS[int(np.argmax(sharpness))])
    back = np.array([[1.0, -shear, shear * height / 2], [0.0, 1.0, 0.0]])
    return View(sheared(view.pixels, shear), views.after(back, view.to_picture))


def _rows_alike(pixels: Gray) -> tuple[int, int]:
    """From and to which row the slopes look like those in the middle."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), 1.0).astype(np.float64)
    slopes = np.gradient(smooth, axis=1)
    height = len(slopes)
    middle = slopes[height // 3 : 2 * height // 3 + 1].mean(axis=0)
    lengths = np.linalg.norm(slopes, axis=1) * np.linalg.norm(middle) + 1e-6
    alike = np.convolve(slopes @ middle / lengths, np.ones(3) / 3, mode="same") > _ALIKE
    top = bottom = height // 2
    while top > 0 and alike[top - 1]:
        top -= 1
    while bottom < height - 1 and alike[bottom + 1]:
        bottom += 1
    return top, bottom + 1


def darkness(profile: Floats, *, module_px: float) -> Floats:
    """0 where the paper is and 1 where the ink is, by the lightest and darkest nearby.

    Twelve modules always hold a bar and a space that are wide.
    """
    reach = max(5, round(12 * module_px)) | 1
    row = profile.astype(np.float32)[None]
    window = np.ones((1, reach), dtype=np.uint8)
    light = cv2.GaussianBlur(cv2.dilate(row, window), (0, 0), reach / 3)[0]
    dark = cv2.GaussianBlur(cv2.erode(row, window), (0, 0), reach / 3)[0]
    return np.asarray((light - profile) / np.maximum(light - dark, 8), dtype=np.float64)
