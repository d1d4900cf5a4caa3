"""Reading EAN-13, UPC-A, EAN-8 and UPC-E that are out of focus.

When blur is as wide as a module, no threshold can tell bars from spaces: thin ones leave only a
shade. But a symbol has few possible digits, and each looks different even through the blur. So
the gray profile is compared with what every text would look like (`fitting`, `trellis`), and the
likeliest text is a reading if it is much likelier than the next and its check digit was right
without being asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stations.decoding.finding import Region
from stations.decoding.outoffocus.fitting import Fit, Start, follow, starts
from stations.decoding.outoffocus.optics import Floats
from stations.decoding.outoffocus.profiles import Strip, darkness, strip_at
from stations.decoding.outoffocus.symbols import LAYOUTS, Layout
from stations.decoding.outoffocus.trellis import Text, valid_texts, window_costs
from stations.decoding.symbologies import normalise
from stations.decoding.values import Engine, Gray, Reading, Symbology

REACH = 0.3
"""Of the region's width: how far from its ends a symbol's ends are looked for."""

STARTS_PER_STRIP = 6
MOST_STARTS = 12
"""Placements that are followed for each kind of symbol, the most promising first."""

HOPELESS = 0.05
"""Starts and fits that differ more than this never led to a right text."""


@dataclass(frozen=True)
class Proof:
    """What a fit must show before its text is a reading.

    misfit: at most this mean squared difference between profile and template (paper 0, ink 1).
    rival: the next best text must cost at least this many times as much.
    blur: at most this many modules; wider blur lets too many texts fit.
    """

    misfit: float
    rival: float
    blur: float


PROOFS = {
    Symbology.EAN_13: Proof(misfit=0.009, rival=1.25, blur=1.8),
    Symbology.EAN_8: Proof(misfit=0.006, rival=1.6, blur=1.5),
    Symbology.UPC_E: Proof(misfit=0.005, rival=2.2, blur=1.5),
}
"""Set on 1,400 fits to artificially blurred photographs of the building half: right texts of
EAN-13 had a misfit up to 0.008 (95 %), wrong ones from 0.0087 (5 %). Short symbols fit parts of
other codes, so they have to prove more."""

CHECK_SLACK = 1.001
"""The text with a right check digit must be the best of all texts, right or wrong."""

THINNEST_MODULE_PX = 0.9


@dataclass(frozen=True)
class _Lead:
    """A placement worth following."""

    strip: Strip
    is_turned: bool
    start: Start


def read_out_of_focus(
    gray: Gray, regions: Sequence[Region], step: str, layouts: Sequence[Layout] = LAYOUTS
) -> Iterator[list[Reading]]:
    """Readings at these places, upright and upside down: up to three at a time, one for each
    band of rows. The caller stops asking when it has seen enough."""
    strips = [strip for region in regions if (strip := strip_at(gray, region)) is not None]
    for layout in layouts:
        leads = sorted(_leads(layout, strips), key=lambda lead: lead.start.cost)
        for lead in leads[:MOST_STARTS]:
            yield _read(layout, lead, step)


def _leads(layout: Layout, strips: Sequence[Strip]) -> Iterator[_Lead]:
    for strip in strips:
        width = strip.right - strip.left
        reach = np.arange(-REACH * width, REACH * width, width / layout.modules)
        begins, ends = strip.left + reach, strip.right + reach
        for is_turned in (False, True):
            dark = _bands(layout, strip, is_turned=is_turned)[0][1]
            for start in starts(layout, dark, begins=begins, ends=ends, most=STARTS_PER_STRIP):
                if start.cost < HOPELESS:
                    yield _Lead(strip, is_turned, start)


def _bands(layout: Layout, strip: Strip, *, is_turned: bool) -> list[tuple[str, Floats]]:
    module_px = (strip.right - strip.left) / layout.modules
    direction = -1 if is_turned else 1
    return [
        (name, darkness(profile, module_px=module_px)[::direction])
        for name, profile in strip.bands()
    ]


def _read(layout: Layout, lead: _Lead, step: str) -> list[Reading]:
    (name, whole), *halves = _bands(layout, lead.strip, is_turned=lead.is_turned)
    fit = follow(layout, whole, lead.start.placement())
    if fit is None or fit.misfit > HOPELESS:
        return []
    fits = [(name, fit)]
    for name, dark in halves:
        half = follow(layout, dark, fit.placement)
        fits += [] if half is None else [(name, half)]
    readings = []
    for name, one in fits:
        text = _proven_text(layout, one)
        spelled = None if text is None else normalise(text, layout.symbology)
        if spelled is not None:
            corners = lead.strip.corners(*_ends(lead, one))
            readings.append(Reading(*spelled, corners, Engine.PROFILE, f"{step}-{name}"))
    return readings


def _proven_text(layout: Layout, fit: Fit) -> str | None:
    """The fit's text if nothing speaks against it."""
    proof = PROOFS[layout.symbology]
    begin, end = fit.ends()
    if fit.misfit > proof.misfit or fit.blur.modules > proof.blur:
        return None
    if end - begin < THINNEST_MODULE_PX * layout.modules:
        return None
    costs = window_costs(layout, fit.blur, fit.seen[None].astype(np.float32))
    best, *others = valid_texts(layout, costs)
    if best.cost > CHECK_SLACK * fit.misfit * len(fit.seen):
        return None
    return best.text if _next_cost(best, others) >= proof.rival * best.cost else None


def _next_cost(best: Text, others: Sequence[Text]) -> float:
    return min((other.cost for other in others if other.text != best.text), default=np.inf)


def _ends(lead: _Lead, fit: Fit) -> tuple[float, float]:
    """In columns of the strip as it lies, so a turned symbol begins at the right."""
    begin, end = fit.ends()
    columns = lead.strip.view.pixels.shape[1]
    return (columns - begin, columns - end) if lead.is_turned else (begin, end)
