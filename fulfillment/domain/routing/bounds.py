"""What a walk with one-way aisles takes at least, and its rest from each state of the sweep.

A closed walk leaves every crossing as often as it reaches it. So no walk gets longer or shorter
when each arrival at a crossing pays a price and each departure gets it back. Under any prices the
cheapest walk that keeps the parity of all crossings and hangs together, but may ignore the balance,
is found by a dynamic programme over the states of `frontier`; no real walk is shorter. That is a
Lagrangian bound, as Held & Karp 1970 have it for degrees.

The first prices are those of the cheapest circulation (`prices`), which keeps the balance and may
fall apart. They are raised where the cheapest priced walk arrives too often, and lowered where it
departs too often (Polyak 1969 for the size of the step).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fulfillment.domain.routing.frontier import EVEN
from fulfillment.domain.routing.lanes import Way
from fulfillment.domain.routing.layout import Direction
from fulfillment.domain.routing.prices import Arc, Flows, balancing_prices, kept_within
from fulfillment.domain.routing.sweep import Across, Move, Stage, Task, Visit

Metres = npt.NDArray[np.float64]

# How much of the circulation's prices to begin with: all of it leaves no slack anywhere.
FIRST_SHARE = 0.6
# Raising the prices in vain so often halves the step.
PATIENCE = 3


class PricedMove(NamedTuple):
    """The cheapest way of a move under some prices."""

    metres: float
    move: Move
    way: Way


@dataclass(frozen=True, slots=True)
class Bounds:
    """Prices of the crossings, by column and cross-aisle, and what follows from them.

    `rests` are the least priced metres from each state to a complete walk, before the first stage
    and after each; `moves` the cheapest ways of each stage that is a visit.
    """

    prices: Sequence[Sequence[float]]
    rests: Sequence[Metres]
    moves: Sequence[Sequence[PricedMove]]

    @property
    def least(self) -> float:
        """No walk takes fewer metres."""
        return float(self.rests[0][0])  # of the state of nothing touched, the first of all


class Relaxation:
    """Bounds for the walks that `stages` allow, and better and better ones."""

    def __init__(self, task: Task, stages: Sequence[Stage]) -> None:
        self._size = task.size
        self._stages = stages
        self._excess = [0] * (task.size * len(task.columns))
        self._arcs: list[Arc] = []
        for stage in stages:
            if isinstance(stage, Across):
                self._add_across(stage)
            elif stage.is_sub_aisle:
                self._add_sub_aisle(task, stage)
            else:
                self._add_flow(stage, stage.ways[0].low, stage.ways[0].high)
        self._step = 1.0
        self._in_vain = 0

    def unpriced(self) -> Bounds:
        """With all prices nothing: directions count only where they forbid a way."""
        return self._bounds([0.0] * len(self._excess))

    def first(self) -> Bounds | None:
        """With prices of the cheapest circulation; None where there is none, so no walk either."""
        prices = balancing_prices(self._excess, self._arcs)
        return None if prices is None else self._bounds([FIRST_SHARE * p for p in prices])

    def raised(self, best: Bounds, *, rounds: int, towards: float) -> Bounds:
        """The best of so many more prices; `towards` is about the length of a shortest walk."""
        latest = best
        for _ in range(rounds):
            surplus = self._surplus(latest)
            square = sum(count * count for count in surplus)
            if not square or latest.least >= towards:
                break
            step = self._step * (towards - latest.least) / square
            flat = [price for column in latest.prices for price in column]
            moved = [price + step * count for price, count in zip(flat, surplus, strict=True)]
            latest = self._bounds(kept_within(moved, self._arcs))
            if latest.least > best.least:
                best, self._in_vain = latest, 0
            else:
                self._in_vain += 1
                if self._in_vain % PATIENCE == 0:
                    self._step /= 2
        return best

    def _add_across(self, stage: Across) -> None:
        there = stage.column * self._size + stage.cross
        here = there - self._size
        self._arcs += [Arc(here, there, stage.metres), Arc(there, here, stage.metres)]

    def _add_sub_aisle(self, task: Task, stage: Visit) -> None:
        low, high = task.layout.cross_y[stage.low : stage.low + 2]
        direction = task.layout.direction(task.columns[stage.column].aisle)
        flows = Flows.of(
            ((way.high, way.metres) for way in stage.ways),
            up=math.inf if direction is Direction.DOWN else high - low,
            down=math.inf if direction is Direction.UP else high - low,
        )
        balance = stage.ways[0].low + stage.ways[0].high  # the same for all ways: the ends inside
        self._add_flow(stage, balance - flows.at_high, flows.at_high)
        node = stage.column * self._size + stage.low
        self._arcs += [Arc(node, node + 1, metres, limit) for metres, limit in flows.rising]
        self._arcs += [Arc(node + 1, node, metres, limit) for metres, limit in flows.falling]

    def _add_flow(self, stage: Visit, low: int, high: int) -> None:
        node = stage.column * self._size + stage.low
        self._excess[node] += low
        self._excess[node + 1] += high

    def _bounds(self, flat: Sequence[float]) -> Bounds:
        size = self._size
        prices = [flat[first : first + size] for first in range(0, len(flat), size)]
        moves = [
            _priced_moves(stage, prices[stage.column]) if isinstance(stage, Visit) else []
            for stage in self._stages
        ]
        return Bounds(prices, _least_rests(self._stages, prices, moves), moves)

    def _surplus(self, bounds: Bounds) -> list[int]:
        """By how much the cheapest priced walk reaches each crossing more than it leaves it."""
        size = self._size
        surplus = [0] * len(self._excess)
        state = 0
        for stage, moves, rest in zip(self._stages, bounds.moves, bounds.rests[1:], strict=True):
            if isinstance(stage, Visit):
                onto = [metres + rest[move.targets[state]] for metres, move, _ in moves]
                _, move, way = moves[onto.index(min(onto))]
                state = move.targets[state]
                node = stage.column * size + stage.low
                surplus[node] += way.low
                surplus[node + 1] += way.high
                if stage.may_finish and stage.complete[state]:
                    break
                continue
            drop = _drop(stage, bounds.prices)
            stretches = stage.onward.parity[state]
            walked = _walked_metres(stage, drop)[stretches]
            left_behind = stage.onward.left_behind[state]
            if left_behind >= 0 and rest[left_behind] < rest[state] + walked:
                state = left_behind
                continue
            if stretches == EVEN and not drop:
                continue  # there and back
            node = stage.column * size + stage.cross
            surplus[node] += stretches if drop >= 0 else -stretches
            surplus[node - size] -= stretches if drop >= 0 else -stretches
        return surplus


def _priced_moves(stage: Visit, prices: Sequence[float]) -> list[PricedMove]:
    low, high = prices[stage.low : stage.low + 2]
    priced = []
    for move in stage.moves:
        metres = [way.metres + way.low * low + way.high * high for way in move.ways]
        least = min(metres)
        priced.append(PricedMove(least, move, move.ways[metres.index(least)]))
    return priced


def _least_rests(
    stages: Sequence[Stage],
    prices: Sequence[Sequence[float]],
    moves: Sequence[Sequence[PricedMove]],
) -> list[Metres]:
    rest = np.full(len(stages[-1].complete), math.inf)
    rests: list[Metres] = []
    for stage, priced in zip(reversed(stages), reversed(moves), strict=True):
        if stage.may_finish:
            rest = np.where(stage.complete, 0.0, rest)
        rests.append(rest)
        if isinstance(stage, Visit):
            rest = _before_visit(priced, rest)
        else:
            rest = _before_across(stage, rest, _drop(stage, prices))
    rests.append(rest)
    return rests[::-1]


def _before_visit(moves: Sequence[PricedMove], rest: Metres) -> Metres:
    first, *others = moves
    before = rest[first.move.all_targets] + first.metres
    for metres, move, _ in others:
        np.minimum(before, rest[move.all_targets] + metres, out=before)
    return before


def _before_across(stage: Across, rest: Metres, drop: float) -> Metres:
    onward = stage.onward
    before: Metres = rest + np.array(_walked_metres(stage, drop))[onward.all_parity]
    sources, targets = onward.leaving
    before[sources] = np.minimum(before[sources], rest[targets])
    return before


def _drop(stage: Across, prices: Sequence[Sequence[float]]) -> float:
    """By how much the crossing walked to is cheaper than the one walked from."""
    return prices[stage.column - 1][stage.cross] - prices[stage.column][stage.cross]


def _walked_metres(stage: Across, drop: float) -> tuple[float, float, float]:
    """The least priced metres along the cross-aisle if untouched, odd and even.

    Each stretch is walked in the direction that the prices favour.
    """
    metres = stage.metres - abs(drop)
    return 0.0, metres, 2 * metres
