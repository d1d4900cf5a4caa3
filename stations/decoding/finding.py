"""Where in a picture bars might be: places whose brightness changes along one direction only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stations.decoding.values import Corners, Gray

SEARCH_SIDE_PX = 480
"""The search works on a picture of this size: bars need not be told apart to be found."""

_COHERENCE = 0.55
_SMALLEST_SHARE = 0.006
_SAME_DIRECTION_DEGREES = 20
_SAME_PLACE_PX = 12

Map: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Region:
    """A turned box around bars: its first side runs across them. `energy` ranks regions."""

    corners: Corners
    energy: float


@dataclass(frozen=True)
class Search:
    """How to look. A narrow search keeps a symbol apart from its neighbours; a joining one keeps
    the halves of a blurred EAN together, whose middle guard has faded.

    window: the search picture's side is this many averaging windows.
    faintest: of the strongest places' energy.
    joining: the side is this many gaps that are closed; 0 closes none.
    """

    window: int
    faintest: float
    joining: int


SEARCHES = (Search(20, 0.15, 0), Search(14, 0.2, 12))


def find_regions(
    gray: Gray,
    *,
    most: int,
    side_px: int = SEARCH_SIDE_PX,
    searches: Sequence[Search] = SEARCHES,
) -> list[Region]:
    """The places that look most like bars: up to `most` of each search, without repetition."""
    scale = min(1.0, side_px / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if min(small.shape) < 16:
        return []
    smooth = cv2.GaussianBlur(np.asarray(small, dtype=np.uint8), (0, 0), 1.0)
    slopes = Slopes(
        np.asarray(cv2.Scharr(smooth, cv2.CV_32F, 1, 0), dtype=np.float32),
        np.asarray(cv2.Scharr(smooth, cv2.CV_32F, 0, 1), dtype=np.float32),
    )
    found: list[Region] = []
    for search in searches:
        regions = sorted(_regions(slopes, search, scale), key=lambda r: -r.energy)[:most]
        found += [region for region in regions if not any(_same(region, one) for one in found)]
    return found


def _same(one: Region, other: Region) -> bool:
    return float(np.abs(np.subtract(one.corners, other.corners)).max()) < _SAME_PLACE_PX


@dataclass(frozen=True)
class Slopes:
    """How brightness changes to the right and downwards."""

    right: Map
    down: Map


def _regions(slopes: Slopes, search: Search, scale: float) -> Iterator[Region]:
    """Connected places with one direction.

    The structure tensor of the slopes (Bigun & Granlund 1987) tells stripes from text and
    texture: in stripes one of its eigenvalues is near zero.
    """
    side = max(slopes.right.shape)
    window = max(9, side // search.window | 1)
    xx, yy, xy = (
        np.asarray(cv2.blur(product, (window, window)), dtype=np.float32)
        for product in (slopes.right**2, slopes.down**2, slopes.right * slopes.down)
    )
    energy = xx + yy
    stripes = np.hypot(xx - yy, 2 * xy) > _COHERENCE * energy
    strong = stripes & (energy > search.faintest * np.percentile(energy, 98))
    angles = np.arctan2(2 * xy, xx - yy) / 2
    if not strong.any():
        return
    common = _most_common_angle(angles[strong], energy[strong])
    aligned = np.cos(2 * (angles - common)) > np.cos(np.radians(2 * _SAME_DIRECTION_DEGREES))
    mask = (strong & aligned).astype(np.uint8)
    if search.joining:
        gap = max(3, side // search.joining)
        kernel = np.ones((gap, gap), dtype=np.uint8)
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), dtype=np.uint8)
    count, labels = cv2.connectedComponents(mask)
    for label in range(1, count):
        ys, xs = np.nonzero(labels == label)
        weights = energy[ys, xs] * strong[ys, xs]
        if len(xs) >= _SMALLEST_SHARE * mask.size and weights.any():
            corners = _turned_box(xs, ys, _mean_angle(angles[ys, xs], weights), scale)
            yield Region(corners, float(weights.sum()))


def _most_common_angle(angles: Map, weights: Map) -> float:
    """The middle of the fullest 15 degrees."""
    counts, edges = np.histogram(angles, bins=36, range=(-np.pi / 2, np.pi / 2), weights=weights)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    top = int(np.argmax(smooth))
    return float(edges[top] + edges[top + 1]) / 2


def _mean_angle(angles: Map, weights: Map) -> float:
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
