"""What a symbol looks like through a lens that is out of focus: templates of darkness, 0 to 1."""

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stations.decoding.outoffocus.symbols import DIGIT_MODULES, PATTERNS, Ints, Layout, bars

Floats: TypeAlias = npt.NDArray[np.float64]

PER_MODULE = 4
"""Samples of a template for each module."""

QUIET_MODULES = 4
"""Of the quiet zone, this much on each side is part of the template."""

_BEYOND = 6
"""Modules outside of the template that blur brings into it."""

_UNKNOWN = 0.5


@dataclass(frozen=True)
class Blur:
    """The spread of a point, in modules: a Gaussian's sigma, or the radius of a disc."""

    is_disc: bool
    modules: float


BLURS = (
    Blur(False, 0.35),
    Blur(False, 0.55),
    Blur(False, 0.8),
    Blur(True, 0.9),
    Blur(True, 1.2),
    Blur(True, 1.5),
    Blur(True, 1.8),
)
"""From nearly sharp to far out of focus, where single modules have vanished."""

TYPICAL = BLURS[3]


@cache
def spread(blur: Blur) -> Floats:
    """The blur across the bars, as weights of samples. A disc seen from the side is a half
    ellipse; a real lens rounds its edge off a little."""
    width = blur.modules * PER_MODULE
    if not blur.is_disc:
        return _bell(width)
    reach = int(np.ceil(width)) + 1
    offsets = np.arange(-reach, reach + 1)
    disc = np.sqrt(np.clip(width**2 - offsets**2, 0, None))
    weights = np.convolve(disc, _bell(0.35 * PER_MODULE))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _bell(sigma: float) -> Floats:
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _seen(modules: npt.ArrayLike, blur: Blur) -> Floats:
    samples = np.repeat(np.asarray(modules, dtype=np.float64), PER_MODULE)
    return np.convolve(samples, spread(blur), mode="same")


def sample_places(layout: Layout) -> Floats:
    """Where the samples of a template lie, in modules from the first bar."""
    count = (layout.modules + 2 * QUIET_MODULES) * PER_MODULE
    return (np.arange(count) + 0.5) / PER_MODULE - QUIET_MODULES


def symbol_template(layout: Layout, patterns: Ints, blur: Blur) -> Floats:
    """The whole symbol with its quiet zones."""
    margin = np.zeros(QUIET_MODULES + _BEYOND)
    modules = np.concatenate([margin, bars(layout, patterns), margin])
    return _seen(modules, blur)[_BEYOND * PER_MODULE : -_BEYOND * PER_MODULE]


def _known_modules(layout: Layout) -> Floats:
    """The symbol without digits: guards and quiet zones are known, and that every left digit
    begins with a space and ends with a bar, every right one the other way round."""
    start = QUIET_MODULES + _BEYOND
    modules = np.full(layout.modules + 2 * start, _UNKNOWN)
    modules[:start] = modules[-start:] = 0
    for place, guard in layout.guards:
        modules[start + place : start + place + len(guard)] = [int(m) for m in guard]
    for place, (first, _) in zip(layout.digit_starts, layout.digit_sets, strict=True):
        left = first < 20
        modules[start + place] = 0 if left else 1
        modules[start + place + DIGIT_MODULES - 1] = 1 if left else 0
    return modules


@cache
def frame_template(layout: Layout, blur: Blur) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The guards and quiet zones, and at which samples they stand."""
    template = _seen(_known_modules(layout), blur)[_BEYOND * PER_MODULE : -_BEYOND * PER_MODULE]
    stands = np.zeros(len(template), dtype=np.bool_)
    quiet = QUIET_MODULES * PER_MODULE
    stands[:quiet] = stands[-quiet:] = True
    for place, guard in layout.guards:
        stands[quiet + place * PER_MODULE : quiet + (place + len(guard)) * PER_MODULE] = True
    return template, stands


@cache
def digit_templates(blur: Blur) -> Floats:
    """30 patterns x samples of one digit, whose neighbours are not known yet."""
    half, shown = [_UNKNOWN] * 7, slice(8 * PER_MODULE, 15 * PER_MODULE)
    rows = []
    for number, pattern in enumerate(PATTERNS):
        before, after = (1, 0) if number < 20 else (0, 1)
        rows.append(_seen([*half, before, *pattern, after, *half], blur)[shown])
    return np.array(rows)


@dataclass(frozen=True)
class Window:
    """The samples from the middle of one digit to the middle of the next.

    What is seen there depends on these two digits only, as long as blur reaches less than half a
    digit: so the best text is a shortest path. The first and the last window have one digit; the
    missing one counts as a single choice.
    """

    begin: int
    end: int
    templates: npt.NDArray[np.float32]  # (choices before x choices after) x samples
    squares: npt.NDArray[np.float32]
    shape: tuple[int, int]

    def costs(self, seen: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Squared differences: rows of `seen` (versions x samples of the whole template) ->
        versions x choices before x choices after."""
        part = seen[:, self.begin : self.end]
        own = np.einsum("vs,vs->v", part, part)[:, None]
        costs = own - 2 * part @ self.templates.T + self.squares
        return np.asarray(costs.reshape(-1, *self.shape), dtype=np.float32)


@cache
def windows(layout: Layout, blur: Blur) -> tuple[Window, ...]:
    """From the left quiet zone to the right one."""
    middles = [place + DIGIT_MODULES / 2 for place in layout.digit_starts]
    edges = [-QUIET_MODULES, *middles, layout.modules + QUIET_MODULES]
    count = len(middles)
    return tuple(
        _window(
            layout,
            blur,
            (edges[k], edges[k + 1]),
            (k - 1 if k > 0 else None, k if k < count else None),
        )
        for k in range(count + 1)
    )


def _window(
    layout: Layout,
    blur: Blur,
    edges: tuple[float, float],
    digits: tuple[int | None, int | None],
) -> Window:
    begin, end = (round((edge + QUIET_MODULES) * PER_MODULE) for edge in edges)
    known = _known_modules(layout)
    before, after = (_fillings(layout, digit) for digit in digits)
    rows = []
    for one in before:
        for other in after:
            modules = known.copy()
            for place, pattern in (*one, *other):
                at = QUIET_MODULES + _BEYOND + place
                modules[at : at + DIGIT_MODULES] = PATTERNS[pattern]
            shift = _BEYOND * PER_MODULE
            rows.append(_seen(modules, blur)[shift + begin : shift + end])
    templates = np.array(rows, dtype=np.float32)
    squares = np.asarray((templates**2).sum(axis=1), dtype=np.float32)
    return Window(begin, end, templates, squares, (len(before), len(after)))


def _fillings(layout: Layout, digit: int | None) -> list[tuple[tuple[int, int], ...]]:
    if digit is None:
        return [()]
    place = layout.digit_starts[digit]
    return [((place, int(pattern)),) for pattern in layout.choices(digit)]
