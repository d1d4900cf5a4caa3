"""A rectangular picking area: parallel aisles, crossed by 2 to 5 cross-aisles.

Metres everywhere. `x` runs across the aisles, `y` along them. A place is an aisle (counted from 0)
and a position `y`; a cross-aisle is counted from 0 as well. The part of an aisle between two
neighbouring cross-aisles is a sub-aisle, the sub-aisles between the same two are a block.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

MIN_CROSS_AISLES = 2
MAX_CROSS_AISLES = 5


class LayoutError(ValueError):
    """A layout or a place in it cannot be planned with.

    `code` is stable and in kebab case, `fields` names what is wrong.
    """

    def __init__(self, code: str, **fields: object) -> None:
        self.code = code
        self.fields = fields
        super().__init__(f"{code}: " + ", ".join(f"{k}={v!r}" for k, v in fields.items()))


class Place(NamedTuple):
    """A place on the centre line of an aisle: the aisle's number and metres along it."""

    aisle: int
    y: float


class Direction(Enum):
    """Which way an aisle may be walked; up is towards larger `y`."""

    BOTH = "both"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Layout:
    """Aisles and cross-aisles, checked when made.

    `aisle_x` and `cross_y` are strictly increasing metres. `directions` has one entry an aisle, or
    none at all when every aisle may be walked both ways. In the aisles of `no_turning` a cart
    cannot be turned: who walks in at one end leaves at the other. One-way aisles need no entry
    there.

    Raises LayoutError for anything else.
    """

    aisle_x: tuple[float, ...]
    cross_y: tuple[float, ...]
    directions: tuple[Direction, ...] = ()
    no_turning: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        _require_increasing("aisle_x", self.aisle_x)
        _require_increasing("cross_y", self.cross_y)
        if not self.aisle_x:
            raise LayoutError("layout-without-aisles")
        if not MIN_CROSS_AISLES <= len(self.cross_y) <= MAX_CROSS_AISLES:
            raise LayoutError(
                "cross-aisles-out-of-range",
                count=len(self.cross_y),
                lowest=MIN_CROSS_AISLES,
                highest=MAX_CROSS_AISLES,
            )
        if self.directions and len(self.directions) != len(self.aisle_x):
            raise LayoutError("directions-do-not-match-aisles", count=len(self.directions))
        for aisle in self.no_turning:
            self._require_aisle(aisle)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Layout:
        """Read `{"aisles": n, "aisle_x": [m…], "cross_y": [m…]}`.

        Optional keys: `"directions"` ("both", "up" or "down" for each aisle) and `"no_turning"`
        (numbers of aisles).
        """
        try:
            aisle_x = tuple(float(x) for x in plain["aisle_x"])
            cross_y = tuple(float(y) for y in plain["cross_y"])
            directions = tuple(Direction(text) for text in plain.get("directions", ()))
            no_turning = frozenset(int(aisle) for aisle in plain.get("no_turning", ()))
        except KeyError as missing:
            raise LayoutError("layout-field-missing", field=missing.args[0]) from missing
        except (TypeError, ValueError) as wrong:
            raise LayoutError("layout-field-wrong", reason=str(wrong)) from wrong
        if int(plain.get("aisles", len(aisle_x))) != len(aisle_x):
            raise LayoutError("aisles-do-not-match", aisles=plain["aisles"], given=len(aisle_x))
        return cls(aisle_x, cross_y, directions, no_turning)

    @property
    def blocks(self) -> int:
        return len(self.cross_y) - 1

    @property
    def has_one_way_aisles(self) -> bool:
        return any(direction is not Direction.BOTH for direction in self.directions)

    def direction(self, aisle: int) -> Direction:
        return self.directions[aisle] if self.directions else Direction.BOTH

    def crossing(self, aisle: int, cross: int) -> Place:
        """The place where an aisle meets a cross-aisle; raises LayoutError outside the layout."""
        self._require_aisle(aisle)
        if not 0 <= cross < len(self.cross_y):
            raise LayoutError("no-such-cross-aisle", cross=cross)
        return Place(aisle, self.cross_y[cross])

    def place(self, aisle: int, y: float) -> Place:
        """A checked place; raises LayoutError where it is outside the layout."""
        self._require_aisle(aisle)
        if not self.cross_y[0] <= y <= self.cross_y[-1]:
            raise LayoutError("position-outside-aisle", aisle=aisle, y=y)
        return Place(aisle, float(y))

    def _require_aisle(self, aisle: int) -> None:
        if not 0 <= aisle < len(self.aisle_x):
            raise LayoutError("no-such-aisle", aisle=aisle)


def _require_increasing(field: str, values: Iterable[float]) -> None:
    before = -math.inf
    for value in values:
        if not math.isfinite(value) or value <= before:
            raise LayoutError("not-increasing", field=field, value=value)
        before = value
