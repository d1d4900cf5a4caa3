"""The best digits for a profile, as shortest paths through the windows between digit middles.

A path's cost is the squared difference between what is seen and what its digits would look like.
`aligned_digits` lets each window drift a little sideways at a price, which finds the digits of a
symbol on a curved or slanted surface; `valid_texts` asks for the check digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from stations.decoding.outoffocus.optics import Blur, Floats, windows
from stations.decoding.outoffocus.symbols import Ints, Layout, Plan, parities, plans

DIGITS = np.arange(10)
Costs = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Path:
    """Digits as indices into PATTERNS, and the drift of each window in modules."""

    cost: float
    patterns: Ints
    drifts: Floats


@dataclass(frozen=True)
class Text:
    """A text with a right check digit and the cost of its path."""

    text: str
    cost: float


def window_costs(layout: Layout, blur: Blur, seen: Costs) -> list[Costs]:
    """For each window: versions of `seen` x choices before x choices after."""
    return [window.costs(seen) for window in windows(layout, blur)]


def aligned_digits(layout: Layout, costs: Sequence[Costs], drifts: Floats, price: float) -> Path:
    """The cheapest digits of any parity when version v of a window is the profile moved by
    drifts[v], and a change of drift from window to window costs price x its square."""
    sets = parities(layout)[:, :, None] + DIGITS  # parities x places x digits
    change = price * (drifts[:, None] - drifts) ** 2
    total = np.moveaxis(costs[0][:, 0][:, sets[:, 0]], 0, 2)  # parities x digits x drifts
    steps: list[tuple[Ints, Ints]] = []
    last = len(costs) - 1
    for place in range(1, last + 1):
        moved = total[:, :, :, None] + change
        from_drift, total = moved.argmin(axis=2), moved.min(axis=2)
        after = sets[:, place] if place < last else np.zeros((len(sets), 1), dtype=np.int64)
        edge = costs[place][:, sets[:, place - 1][:, :, None], after[:, None, :]]
        through = total[:, :, None, :] + np.moveaxis(edge, 0, 3)
        from_digit = through.argmin(axis=1)
        total = np.take_along_axis(through, from_digit[:, None], axis=1)[:, 0]
        steps.append((from_digit, from_drift))
    return _walked_back(layout, total, steps, drifts)


def _walked_back(
    layout: Layout, total: Costs, steps: Sequence[tuple[Ints, Ints]], drifts: Floats
) -> Path:
    parity, digit, drift = np.unravel_index(total.argmin(), total.shape)
    cost = float(total[parity, digit, drift])
    digits, moved = [], [drift]
    for from_digit, from_drift in reversed(steps):
        digit = from_digit[parity, digit, drift]
        drift = from_drift[parity, digit, drift]
        digits.append(int(digit))
        moved.append(drift)
    firsts = np.array([first for first, _ in layout.digit_sets])
    patterns = firsts + parities(layout)[parity] + digits[::-1]
    return Path(cost, patterns, drifts[np.array(moved[::-1])])


@cache
def _plan_tables(layout: Layout) -> tuple[Ints, Ints]:
    """Plans x places: the first choice of each digit's number set, and the weights."""
    ways = plans(layout)
    return np.array([way.sets for way in ways]), np.array([way.weights for way in ways])


def valid_texts(layout: Layout, costs: Sequence[Costs]) -> list[Text]:
    """Texts with a right check digit, cheapest first: the best one for each plan and last digit.

    The state of a path is its last digit and the sum so far, modulo ten.
    """
    ways = plans(layout)
    sets, weights = _plan_tables(layout)
    choices = sets[:, :, None] + DIGITS
    start = np.array([way.start for way in ways])
    total = np.full((len(ways), 10, 10), np.inf, dtype=np.float32)
    sums = (start[:, None] + weights[:, :1] * DIGITS) % 10
    np.put_along_axis(total, sums[:, :, None], costs[0][0, 0][choices[:, 0]][:, :, None], axis=2)
    steps: list[Ints] = []
    for place in range(1, sets.shape[1]):
        before, after = choices[:, place - 1], choices[:, place]
        edge = costs[place][0][before[:, :, None], after[:, None, :]]
        through = total[:, :, None, :] + edge[:, :, :, None]  # plans x before x after x sums
        earlier = (DIGITS - (weights[:, place][:, None] * DIGITS)[:, :, None]) % 10
        best = through.argmin(axis=1)
        total = np.take_along_axis(through.min(axis=1), earlier, axis=2)
        steps.append(np.take_along_axis(best, earlier, axis=2))
    ends = total[:, :, 0] + costs[-1][0, :, 0][choices[:, -1]]
    return _texts(ways, weights, ends, steps)


def _texts(
    ways: Sequence[Plan], weights: Ints, ends: Costs, steps: Sequence[Ints], most: int = 20
) -> list[Text]:
    allowed = ends.copy()
    for number, way in enumerate(ways):
        if way.last is not None:
            allowed[number, way.last != DIGITS] = np.inf
    texts = []
    for flat in np.argsort(allowed, axis=None)[:most]:
        plan, digit = divmod(int(flat), 10)
        digits, rest = [digit], 0
        for place in range(len(steps), 0, -1):
            before = int(steps[place - 1][plan, digits[-1], rest])
            rest = (rest - int(weights[plan, place]) * digits[-1]) % 10
            digits.append(before)
        drawn = "".join(str(one) for one in reversed(digits))
        text = ways[plan].before + drawn + ways[plan].after
        texts.append(Text(text, float(allowed[plan, digit])))
    return texts
