"""The order of the steps: cheap ones first, dear ones only while nothing was read and time lasts.

Which steps there are, and in which order, was decided by what each recovers alone and what it
costs: the table is in `docs/decoding.md`, made by `bench/decoding.py --ablation`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from stations.decoding import views
from stations.decoding.engines import Read, read_with_zbar, read_with_zxing
from stations.decoding.finding import SEARCHES, find_regions
from stations.decoding.outoffocus import read_out_of_focus
from stations.decoding.values import Decoded, Gray, Reading
from stations.decoding.views import View
from stations.decoding.voting import Ballot, Candidate

OVERVIEW_SIDE_PX = 1600
"""Larger pictures are read at this size first: a barcode that fills a label is large in them."""

_FAINTEST_REST = 0.25
_QUICK_SEARCH_PX = 240
BOTH: tuple[Read, ...] = (read_with_zxing, read_with_zbar)
MOST_PENDING = 6
MOST_REGIONS = 2

Look: TypeAlias = Callable[[Gray, Ballot], Iterable[list[Reading]]]
"""A way of looking at a picture: it yields readings piece by piece, so that a believed code or
the end of the budget stops it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One way of looking, under the name that its readings carry."""

    name: str
    look: Look


@dataclass(frozen=True, slots=True)
class StepTime:
    """What one step took and brought: readings are all that engines said, believed or not."""

    step: str
    milliseconds: float
    readings: int


def reading(
    name: str, make: Callable[[Gray, Ballot], Iterable[View]], engines: Sequence[Read] = BOTH
) -> Step:
    """A step that makes views of the picture and lets engines read them."""

    def look(gray: Gray, ballot: Ballot) -> Iterator[list[Reading]]:
        for number, view in enumerate(make(gray, ballot)):
            for read in engines:
                found = read(view.pixels, f"{name}-{number}")
                yield [view.in_picture(one) for one in found]

    return Step(name, look)


def _as_it_is(gray: Gray, _ballot: Ballot) -> Iterator[View]:
    yield View(gray, views.UNTOUCHED)


def _witnesses(gray: Gray, ballot: Ballot) -> Iterator[View]:
    """The upper and the lower half of each code that was read once: two more row bands."""
    for candidate in ballot.pending()[:MOST_PENDING]:
        whole = views.levelled(gray, candidate.first.corners, margin=0.15, scale=2.0)
        yield from _halves(whole)


def _halves(whole: View) -> Iterator[View]:
    middle = whole.pixels.shape[0] // 2
    for top, bottom in ((0, middle), (middle, whole.pixels.shape[0])):
        moved = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, float(top)]])
        yield View(whole.pixels[top:bottom], views.after(moved, whole.to_picture))


def _equalised(gray: Gray, _ballot: Ballot) -> Iterator[View]:
    view = views.scaled(gray, _enlargement(gray))
    yield View(views.equalised(view.pixels), view.to_picture)


def _sharpened(gray: Gray, _ballot: Ballot) -> Iterator[View]:
    view = views.scaled(gray, _enlargement(gray))
    yield View(views.sharpened(view.pixels, radius_px=4.0, amount=3.0), view.to_picture)


def _inverted(gray: Gray, _ballot: Ballot) -> Iterator[View]:
    yield View(np.asarray(255 - gray, dtype=np.uint8), views.UNTOUCHED)


def _levelled_regions(gray: Gray, _ballot: Ballot) -> Iterator[View]:
    for region in find_regions(gray, most=MOST_REGIONS):
        yield views.levelled(gray, region.corners, margin=0.2, scale=_enlargement(gray))


def _levelled_rest(gray: Gray, ballot: Ballot) -> Iterator[View]:
    """The places with bars on which nothing is believed yet."""
    regions = find_regions(gray, most=MOST_REGIONS, side_px=_QUICK_SEARCH_PX, searches=SEARCHES[:1])
    strongest = max((region.energy for region in regions), default=0.0)
    for region in regions:
        if region.energy > _FAINTEST_REST * strongest and not ballot.is_settled(region.corners):
            yield views.levelled(gray, region.corners, margin=0.2, scale=1.0)


def _enlargement(gray: Gray) -> float:
    """Twice for small pictures, less for large ones: enlarging costs by the pixel."""
    return min(2.0, max(1.0, OVERVIEW_SIDE_PX / int(max(gray.shape))))


def _out_of_focus(gray: Gray, ballot: Ballot) -> Iterator[list[Reading]]:
    """Slow and last, so it stops at the first belief."""
    regions = find_regions(gray, most=MOST_REGIONS)
    for readings in read_out_of_focus(gray, regions, "out-of-focus"):
        yield readings
        if ballot.believed():
            return


STEPS: tuple[Step, ...] = (
    reading("plain", _as_it_is),
    reading("equalised", _equalised),
    reading("sharpened", _sharpened),
    reading("inverted", _inverted),
    reading("levelled", _levelled_regions),
    Step("out-of-focus", _out_of_focus),
)
WITNESSES = reading("witnesses", _witnesses)
REST = reading("rest", _levelled_rest, (read_with_zxing,))
"""Once something is believed: one look at what else has bars, so that a photo of several items is
not left after the first."""


def run(
    gray: Gray, *, budget_ms: float, steps: Sequence[Step] = STEPS
) -> tuple[list[Decoded], list[StepTime]]:
    """Look at a picture until something is believed or the budget is spent.

    The budget is checked between readings: the last one may overrun it.
    """
    deadline = time.monotonic() + budget_ms / 1000
    overview = views.scaled(gray, min(1.0, OVERVIEW_SIDE_PX / max(gray.shape)))
    ballot = Ballot()
    times: list[StepTime] = []
    for step in _with_full_size(steps, gray, overview):
        if time.monotonic() > deadline:
            break
        found = bool(ballot.believed())
        times.append(_take(REST if found else step, overview.pixels, ballot, deadline))
        if ballot.pending():
            times.append(_take(WITNESSES, overview.pixels, ballot, deadline))
        if found:
            break
    return [_decoded(candidate, overview) for candidate in ballot.believed()], times


def _with_full_size(steps: Sequence[Step], gray: Gray, overview: View) -> Sequence[Step]:
    """Where the overview was shrunk, the picture in full follows the first step: a small code in
    a large photo has lost its bars in the overview."""
    if overview.pixels.shape == gray.shape:
        return steps
    to_overview = np.asarray(cv2.invertAffineTransform(overview.to_picture), dtype=np.float64)
    full = reading("full-size", lambda _gray, _ballot: [View(gray, to_overview)])
    return [*steps[:1], full, *steps[1:]]


def _take(step: Step, gray: Gray, ballot: Ballot, deadline: float) -> StepTime:
    """One step, to its end or to the end of the time."""
    started = time.monotonic()
    count = 0
    for readings in step.look(gray, ballot):
        ballot.add(readings)
        count += len(readings)
        if time.monotonic() > deadline:
            break
    return StepTime(step.name, (time.monotonic() - started) * 1000, count)


def _decoded(candidate: Candidate, overview: View) -> Decoded:
    """The believed value, GS1 if any engine that can tell saw the FNC1."""
    teller = next((r for r in candidate.readings if r.gs1), candidate.first)
    first = overview.in_picture(candidate.first)
    return Decoded(
        text=first.text,
        symbology=teller.symbology,
        corners=first.corners,
        engine=first.engine,
        step=first.step,
        votes=candidate.votes,
    )
