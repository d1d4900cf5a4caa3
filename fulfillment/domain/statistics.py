"""Figures of many values: percentiles and histograms, defined once for pages, files and tests."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The *percent*-th percentile by linear interpolation; None of no values.

    Method 7 of Hyndman & Fan, Sample Quantiles in Statistical Packages (1996): what spreadsheets
    call PERCENTILE.INC, and PostgreSQL ``percentile_cont``.
    """
    if not values:
        return None
    ordered = sorted(values)
    rank = (len(ordered) - 1) * percent / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def histogram(values: Sequence[float], upper_bounds: Sequence[float]) -> tuple[int, ...]:
    """How many values lie in each class: up to and with each bound, the last class above all."""
    ordered = sorted(values)
    ends = [0, *(bisect_right(ordered, bound) for bound in upper_bounds), len(ordered)]
    return tuple(end - begin for begin, end in pairwise(ends))
