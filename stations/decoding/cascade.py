"""The order of the steps: cheap ones first, dear ones only while nothing was read and time lasts.

Which steps there are, and in which order, was decided by what each recovers alone and what it
costs: the table is in `docs/decoding.md`, made by `bench/decoding.py --ablation`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stations.decoding import views
from stations.decoding.engines import Read, read_lines_with_zxing, read_with_zbar, read_with_zxing
from stations.decoding.finding import find_regions
from stations.decoding.values import Decoded, Gray
from stations.decoding.views import View
from stations.decoding.voting import Ballot, Candidate

OVERVIEW_SIDE_PX = 1600
"""Larger pictures are read at this size first: a barcode that fills a label is large in them."""

MOST_PENDING = 6
MOST_REGIONS = 3
BOTH: tuple[Read, ...] = (read_with_zxing, read_with_zbar)


@dataclass(frozen=True, slots=True)
class Step:
    """One way of looking: the views it makes of the picture and who reads them."""

    name: str
    views: Callable[[Gray, Ballot], Iterable[View]]
    engines: Sequence[Read]


@dataclass(frozen=True, slots=True)
class StepTime:
    """What one step took and brought: readings are all that engines said, believed or not."""

    step: str
    milliseconds: float
    readings: int


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


def _doubled(gray: Gray, _ballot: Ballot) -> Iterator[View]:
    yield views.scaled(gray, _enlargement(gray))


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


def _enlargement(gray: Gray) -> float:
    """Twice for small pictures, less for large ones: enlarging costs by the pixel."""
    return min(2.0, max(1.0, OVERVIEW_SIDE_PX / int(max(gray.shape))))


STEPS: tuple[Step, ...] = (
    Step("plain", _as_it_is, BOTH),
    Step("one-threshold", _as_it_is, (read_lines_with_zxing,)),
    Step("doubled", _doubled, BOTH),
    Step("equalised", _equalised, BOTH),
    Step("sharpened", _sharpened, BOTH),
    Step("inverted", _inverted, BOTH),
    Step("levelled", _levelled_regions, BOTH),
)
WITNESSES = Step("witnesses", _witnesses, BOTH)


def run(
    gray: Gray, *, budget_ms: float, steps: Sequence[Step] = STEPS
) -> tuple[list[Decoded], list[StepTime]]:
    """Look at a picture until something is believed or the budget is spent.

    The budget is checked between steps: the last one may overrun it.
    """
    deadline = time.monotonic() + budget_ms / 1000
    overview = views.scaled(gray, min(1.0, OVERVIEW_SIDE_PX / max(gray.shape)))
    ballot = Ballot()
    times: list[StepTime] = []
    for step in steps:
        if time.monotonic() > deadline:
            break
        times.append(_take(step, overview.pixels, ballot))
        if ballot.pending():
            times.append(_take(WITNESSES, overview.pixels, ballot))
        if ballot.believed():
            break
    return [_decoded(candidate, overview) for candidate in ballot.believed()], times


def _take(step: Step, gray: Gray, ballot: Ballot) -> StepTime:
    started = time.monotonic()
    count = 0
    for number, view in enumerate(step.views(gray, ballot)):
        for read in step.engines:
            readings = [view.in_picture(r) for r in read(view.pixels, f"{step.name}-{number}")]
            ballot.add(readings)
            count += len(readings)
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
