"""Fitting a symbol to a profile: where it begins and ends, how it bends, how blurred it is.

`starts` compares many straight placements with what any digits could look like. `follow` takes
one of them, finds digits that may drift, moves the placement after them, and repeats with less
freedom until placement, blur and digits agree (deformable templates as in Gallo & Manduchi,
"Reading 1D Barcodes with Mobile Phones Using Deformable Templates", PAMI 2011; here with the blur
as part of the model, and the placement as one smooth curve in the end).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from stations.decoding.outoffocus.optics import (
    BLURS,
    PER_MODULE,
    QUIET_MODULES,
    TYPICAL,
    Blur,
    Floats,
    digit_templates,
    frame_template,
    sample_places,
    symbol_template,
    windows,
)
from stations.decoding.outoffocus.symbols import DIGIT_MODULES, Ints, Layout
from stations.decoding.outoffocus.trellis import aligned_digits, window_costs

ORDER = 4
"""A placement is a cubic: a + b z + c z^2 + d z^3, z from -1 (first bar) to 1 (last bar)."""

_COARSE = 2
"""Every second sample is enough to compare placements."""

_HOPEFUL_SHARE = 0.4
"""Of all placements: those whose guards and quiet zones fit best are compared digit by digit."""

_FAINTEST_GAIN = 0.15


@dataclass(frozen=True)
class Start:
    """A straight placement: columns of the first and the last bar's outer edges."""

    cost: float
    begin: float
    end: float

    def placement(self) -> Floats:
        """As a cubic, in columns counted from pixel middles."""
        return np.array([(self.begin + self.end) / 2 - 0.5, (self.end - self.begin) / 2, 0.0, 0.0])


@dataclass(frozen=True)
class Fit:
    """A symbol fitted to a profile. `seen`: the profile at the template's samples, levelled to 0
    for paper and 1 for ink. `misfit`: mean squared difference from the template."""

    placement: Floats
    blur: Blur
    patterns: Ints
    seen: Floats
    misfit: float

    def ends(self) -> tuple[float, float]:
        """The columns of the first and the last bar's outer edges."""
        powers = np.arange(ORDER)
        begin = float(self.placement @ (-1.0) ** powers)
        return begin + 0.5, float(self.placement.sum()) + 0.5


@dataclass(frozen=True)
class Stage:
    """How freely the digits may drift, in modules, and what a change of drift costs."""

    drifts: Floats
    price: float


_FREE = Stage(np.array([-1.2, -0.8, -0.4, 0.0, 0.4, 0.8, 1.2]), 0.5)
_NARROW = Stage(np.array([-0.5, -0.25, 0.0, 0.25, 0.5]), 1.0)
_FIXED = Stage(np.array([0.0]), 0.0)
STAGES = (_FREE, _NARROW, _FIXED, _FIXED)


@cache
def _powers(layout: Layout) -> Floats:
    """Samples x ORDER: powers of z at the template's samples."""
    return _powers_at(2 * sample_places(layout) / layout.modules - 1)


@cache
def _window_powers(layout: Layout) -> Floats:
    middles = [(w.begin + w.end) / 2 for w in windows(layout, TYPICAL)]
    places = np.array(middles) / PER_MODULE - QUIET_MODULES
    return _powers_at(2 * places / layout.modules - 1)


def _powers_at(z: Floats) -> Floats:
    return np.stack([z**power for power in range(ORDER)], axis=1)


def starts(
    layout: Layout, dark: Floats, *, begins: Floats, ends: Floats, most: int
) -> Iterator[Start]:
    """The straight placements that fit best, none beside a better one."""
    first, last = (grid.ravel() for grid in np.meshgrid(begins, ends, indexing="ij"))
    wide = last - first > 0.6 * layout.modules
    first, last = first[wide], last[wide]
    if not len(first):
        return
    places = sample_places(layout)[::_COARSE] / layout.modules
    columns = first[:, None] + (last - first)[:, None] * places - 0.5
    costs = _loose_costs(layout, _at(dark, columns).astype(np.float32))
    module_px = float(np.median(last - first)) / layout.modules
    taken: list[Start] = []
    for number in np.argsort(costs)[: 10 * most]:
        if not np.isfinite(costs[number]):
            return
        start = Start(float(costs[number]), float(first[number]), float(last[number]))
        if all(_apart(start, other) > 1.5 * module_px for other in taken):
            taken.append(start)
            yield start
        if len(taken) == most:
            return


def _apart(one: Start, other: Start) -> float:
    return abs(one.begin - other.begin) + abs(one.end - other.end)


def _loose_costs(layout: Layout, seen: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Floats:
    """How far each row of samples is from the guards and, digit by digit, the nearest pattern."""
    per_module = PER_MODULE // _COARSE
    frame, stands = frame_template(layout, TYPICAL)
    frame, stands = frame[::_COARSE], stands[::_COARSE]
    total: Floats = ((seen[:, stands] - frame[stands]) ** 2).sum(axis=1)
    hopeful = np.argsort(total)[: max(1, int(_HOPEFUL_SHARE * len(total)))]
    costs = np.full(len(total), np.inf)
    seen, total = seen[hopeful], total[hopeful]
    templates = digit_templates(TYPICAL)[:, ::_COARSE].astype(np.float32)
    for digit, place in enumerate(layout.digit_starts):
        begin = (QUIET_MODULES + place) * per_module
        part = seen[:, begin : begin + DIGIT_MODULES * per_module]
        chosen = templates[layout.choices(digit)]
        total += np.einsum("vs,vs->v", part, part)
        total += ((chosen**2).sum(axis=1) - 2 * part @ chosen.T).min(axis=1)
    costs[hopeful] = total / seen.shape[1]
    return costs


def follow(layout: Layout, dark: Floats, placement: Floats) -> Fit | None:
    """Digits, placement and blur that agree, from a first placement; None if nothing holds."""
    blur, fit = TYPICAL, None
    for number, stage in enumerate(STAGES):
        module_px = 2 * placement[1] / layout.modules
        columns = _powers(layout) @ placement
        if fit is not None and stage is _FIXED:
            seen = fit.seen[None]
        else:
            seen = _at(dark, columns + stage.drifts[:, None] * module_px)
        costs = window_costs(layout, blur, seen.astype(np.float32))
        path = aligned_digits(layout, costs, stage.drifts, stage.price)
        if stage is not _FIXED:
            placement = placement + module_px * _smooth(layout, path.drifts)
        near = BLURS[1::2] if number == 0 else _neighbours(blur)
        better = _best_refined(layout, dark, placement, path.patterns, near)
        if better is None:
            return fit
        settled = fit is not None and stage is _FIXED and _agree(fit, better)
        fit, placement, blur = better, better.placement, better.blur
        if settled:
            break
    return fit


def _agree(one: Fit, other: Fit) -> bool:
    return one.blur == other.blur and bool((one.patterns == other.patterns).all())


def _neighbours(blur: Blur) -> Sequence[Blur]:
    place = BLURS.index(blur)
    return BLURS[max(0, place - 1) : place + 2]


def _smooth(layout: Layout, drifts: Floats) -> Floats:
    """The cubic nearest to the windows' drifts, its bends held back."""
    powers = _window_powers(layout)
    held = np.diag([0.0, 0.0, 0.3, 0.6])
    return np.asarray(np.linalg.solve(powers.T @ powers + held, powers.T @ drifts))


def _best_refined(
    layout: Layout, dark: Floats, placement: Floats, patterns: Ints, blurs: Sequence[Blur]
) -> Fit | None:
    fits = [_refined(layout, dark, placement, patterns, blur) for blur in blurs]
    return min((fit for fit in fits if fit is not None), key=lambda f: f.misfit, default=None)


def _refined(
    layout: Layout, dark: Floats, placement: Floats, patterns: Ints, blur: Blur, rounds: int = 2
) -> Fit | None:
    """Move the placement until the profile lies on the template of these digits (Gauss-Newton).

    Light and contrast may change smoothly along the symbol, as quadratics of z.
    """
    powers = _powers(layout)
    template = symbol_template(layout, patterns, blur)
    light = np.concatenate([powers[:, :3], template[:, None] * powers[:, :3]], axis=1)
    held = np.diag([1e-6, 1e-6, 2.0, 2.0, 1e-6, 1e-6, 1.0, 1e-6, 1e-6, 1.0])
    slope = np.gradient(dark)
    for _ in range(rounds):
        columns = powers @ placement
        model = np.concatenate([-_at(slope, columns)[:, None] * powers, light], axis=1)
        found = np.linalg.solve(model.T @ model + held, model.T @ _at(dark, columns))
        placement = placement + np.clip(found[:ORDER], -4, 4)
    raw = _at(dark, powers @ placement)
    found = np.linalg.solve(light.T @ light + 1e-6 * np.eye(6), light.T @ raw)
    paper, gain = powers[:, :3] @ found[:3], powers[:, :3] @ found[3:]
    if placement[1] <= 0 or float(gain.min()) < _FAINTEST_GAIN:
        return None
    seen = (raw - paper) / gain
    return Fit(placement, blur, patterns, seen, float(((seen - template) ** 2).mean()))


def _at(line: Floats, columns: Floats) -> Floats:
    seen = np.interp(columns.ravel(), np.arange(len(line)), line)
    return np.asarray(seen.reshape(columns.shape), dtype=np.float64)
