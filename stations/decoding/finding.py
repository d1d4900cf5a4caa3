"""Where in a picture bars might be: places whose brightness changes along one direction only."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from stations.decoding.values import Corners, Gray

SEARCH_SIDE_PX = 480
"""The search works on a picture of this size: bars need not be told apart to be found."""

_COHERENCE = 0.55
_SMALLEST_SHARE = 0.004


@dataclass(frozen=True, slots=True)
class Region:
    """A turned box around bars: its first side runs across them. `energy` ranks regions."""

    corners: Corners
    energy: float


def find_regions(gray: Gray, *, most: int) -> list[Region]:
    """The places that look most like bars, best first.

    The structure tensor of the gradient (Bigun & Granlund 1987) tells stripes from text and
    texture: in stripes one of its eigenvalues is near zero.
    """
    scale = min(1.0, SEARCH_SIDE_PX / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if min(small.shape) < 16:
        return []
    gx = cv2.Scharr(small, cv2.CV_32F, 1, 0)
    gy = cv2.Scharr(small, cv2.CV_32F, 0, 1)
    window = max(9, max(small.shape) // 20 | 1)
    xx, yy, xy = (cv2.blur(m, (window, window)) for m in (gx * gx, gy * gy, gx * gy))
    energy = xx + yy
    stripes = np.hypot(xx - yy, 2 * xy)
    mask = (stripes > _COHERENCE * energy) & (energy > 0.15 * np.percentile(energy, 98))
    angles = np.arctan2(2 * xy, xx - yy) / 2
    regions = []
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    for label in range(1, count):
        ys, xs = np.nonzero(labels == label)
        if len(xs) < _SMALLEST_SHARE * mask.size:
            continue
        weights = energy[ys, xs]
        corners = _turned_box(xs, ys, _mean_angle(angles[ys, xs], weights), scale)
        regions.append(Region(corners, float(weights.sum())))
    return sorted(regions, key=lambda region: -region.energy)[:most]


def _mean_angle(angles: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]) -> float:
    """Of directions without a sign, so their doubles are averaged."""
    y, x = (weights * np.sin(2 * angles)).sum(), (weights * np.cos(2 * angles)).sum()
    return float(np.arctan2(y, x) / 2)


def _turned_box(
    xs: npt.NDArray[np.int64], ys: npt.NDArray[np.int64], angle: float, scale: float
) -> Corners:
    unit = np.array([np.cos(angle), np.sin(angle)])
    normal = np.array([-unit[1], unit[0]])
    points = np.column_stack([xs, ys]) / scale
    along, across = points @ unit, points @ normal
    left, right = np.percentile(along, [1, 99])
    top, bottom = np.percentile(across, [2, 98])
    a, b, c, d = (
        (float(x * unit[0] + y * normal[0]), float(x * unit[1] + y * normal[1]))
        for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))
    )
    return a, b, c, d
