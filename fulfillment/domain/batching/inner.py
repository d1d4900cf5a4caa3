"""The inner loops of batching: walk lengths and simulated annealing, compiled where numba is there.

The functions use only what numba and plain Python read alike, flat arrays and numbers, so that both
give the same answer; without numba they work on lists, some hundred times slower. This module is
imported when the first wave is planned, not before: numba takes over a second and 140 MB.

The lengths come from the same states and tables as `fulfillment.domain.routing`, without the way
back that finds the walk itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

try:
    import numpy as np
    from numba import njit
except ImportError:
    IS_COMPILED = False
else:
    IS_COMPILED = True

Function = TypeVar("Function", bound=Callable[..., Any])
Ints = Any  # an int64 array, or a list without numba
Floats = Any  # a float64 array, or a list without numba

INFINITE = 1e300
# Multiplicative generator of Park and Miller (1988): the same sequence compiled or not.
RANDOM_FACTOR, RANDOM_MODULUS = 48271, 2147483647
TRIES_PER_MOVE = 50


def ints(values: Iterable[int]) -> Ints:
    return list(values) if not IS_COMPILED else np.array(list(values), dtype=np.int64)


def floats(values: Iterable[float]) -> Floats:
    return list(values) if not IS_COMPILED else np.array(list(values), dtype=np.float64)


def compiled(function: Function) -> Function:
    """Compile `function` if numba is installed, and keep the result on disk where that is possible.

    The type stays that of the function, which is how it is called.
    """
    if not IS_COMPILED:
        return function
    try:
        made = njit(cache=True)(function)
    except RuntimeError:  # no directory that the compiled code could be kept in
        made = njit(function)
    return cast(Function, made)


class Area(NamedTuple):
    """The places of a wave and the tables to find walks with.

    Places are sorted by aisle and position; those of block b in used aisle c are `first[c * blocks
    + b]` up to the next entry. `table` numbers the moves of `frontier.Space`: block b with picks,
    block b without, across, as `table[n]` up to `table[n + 1]` in `source`, `target`, `choice`.
    """

    columns: int
    blocks: int
    states: int
    depot_column: int
    untouched: int
    turning: Ints
    x: Floats
    cross_y: Floats
    y: Floats
    first: Ints
    table: Ints
    source: Ints
    target: Ints
    choice: Ints
    depot_touched: Ints
    final: Ints


class Wave(NamedTuple):
    """The orders of a wave: the places of order o are `place[place_of[o]:place_of[o + 1]]`.

    `amount[o * sums + s]` counts against `sum_limit[s]`, the spread of `scale[o * spreads + s]`
    against `spread_limit[s]`.
    """

    orders: int
    sums: int
    spreads: int
    place_of: Ints
    place: Ints
    amount: Ints
    sum_limit: Ints
    scale: Ints
    spread_limit: Ints


class Scratch(NamedTuple):
    """Space to work in, so that nothing is allocated in the loops."""

    before: Floats
    after: Floats
    weight: Floats
    lowest: Floats
    highest: Floats
    gap: Floats
    count: Ints


class Carts(NamedTuple):
    """A batching under search: `cart_of[o]`, and of each cart its places, sums and metres.

    `stops[cart * places + p]` counts the orders of the cart that stop at place p.
    `total` holds the metres now and the best ever; `best_cart_of` is the latter's batching.
    """

    carts: int
    cart_of: Ints
    stops: Ints
    load: Ints
    metres: Floats
    total: Floats
    best_cart_of: Ints


def scratch_for(area: Area) -> Scratch:
    return Scratch(
        before=floats([0.0] * area.states),
        after=floats([0.0] * area.states),
        weight=floats([0.0] * max(8, 2 * area.blocks + 3)),
        lowest=floats([0.0] * area.blocks),
        highest=floats([0.0] * area.blocks),
        gap=floats([0.0] * area.blocks),
        count=ints([0] * area.blocks),
    )


@compiled
def relax(area: Area, number: int, before: Floats, after: Floats, weight: Floats) -> None:
    """One step of the dynamic programme: `after` becomes the cheapest way into each state."""
    for state in range(area.states):
        after[state] = INFINITE
    for move in range(area.table[number], area.table[number + 1]):
        total = before[area.source[move]] + weight[area.choice[move]]
        if total < after[area.target[move]]:
            after[area.target[move]] = total


@compiled
def look_at_aisle(area: Area, stops: Ints, offset: int, column: int, scratch: Scratch) -> int:
    """Fill in the picks of each block of an aisle; returns how many places there are."""
    found = 0
    for block in range(area.blocks):
        count = 0
        lowest = highest = 0.0
        gap = -INFINITE
        index = column * area.blocks + block
        for place in range(area.first[index], area.first[index + 1]):
            if stops[offset + place] > 0:
                y = area.y[place]
                if count == 0:
                    lowest = y
                elif y - highest > gap:
                    gap = y - highest
                highest = y
                count += 1
        scratch.lowest[block] = lowest
        scratch.highest[block] = highest
        scratch.gap[block] = gap
        scratch.count[block] = count
        found += count
    return found


@compiled
def weigh_block(area: Area, column: int, block: int, scratch: Scratch) -> None:
    """The metres of each choice of `frontier` in a block with picks, as in `subaisle`."""
    low, high = area.cross_y[block], area.cross_y[block + 1]
    weight = scratch.weight
    weight[0] = high - low
    weight[1] = 2 * (high - low)
    if not area.turning[column]:
        for choice in range(2, 8):
            weight[choice] = INFINITE
        weight[5] = weight[1]
        return
    weight[2] = 2 * (scratch.highest[block] - low)
    weight[3] = 2 * (high - scratch.lowest[block])
    weight[4] = 2 * (high - low - scratch.gap[block])
    weight[6] = min(weight[2], weight[4])
    weight[7] = min(weight[3], weight[4])
    weight[5] = min(weight[6], weight[3])


@compiled
def walk_metres(area: Area, stops: Ints, offset: int, scratch: Scratch) -> float:
    """Metres of the shortest round trip past the places whose `stops[offset + place]` count."""
    before, after, weight = scratch.before, scratch.after, scratch.weight
    last_x = -INFINITE
    picks = 0
    for column in range(area.columns):
        here = look_at_aisle(area, stops, offset, column, scratch)
        picks += here
        if here == 0 and column != area.depot_column:
            continue
        if last_x == -INFINITE:
            for state in range(area.states):
                before[state] = INFINITE
            before[area.untouched] = 0.0
        else:
            for stretches in range(2 * area.blocks + 3):
                weight[stretches] = stretches * (area.x[column] - last_x)
            relax(area, 2 * area.blocks, before, after, weight)
            before, after = after, before
        last_x = area.x[column]
        if column == area.depot_column:
            for state in range(area.states):
                after[state] = INFINITE
            for state in range(area.states):
                touched = area.depot_touched[state]
                after[touched] = min(after[touched], before[state])
            before, after = after, before
        for block in range(area.blocks):
            if scratch.count[block]:
                weigh_block(area, column, block, scratch)
                relax(area, block, before, after, weight)
            else:
                weight[0] = area.cross_y[block + 1] - area.cross_y[block]
                weight[1] = 2 * weight[0]
                weight[2] = 0.0
                relax(area, area.blocks + block, before, after, weight)
            before, after = after, before
    if picks == 0:
        return 0.0
    best = INFINITE
    for index in range(len(area.final)):
        best = min(best, before[area.final[index]])
    return best


@compiled
def put(wave: Wave, places: int, carts: Carts, order: int, cart: int, sign: int) -> None:
    """Add (sign 1) or take away (-1) what an order means for a cart."""
    for index in range(wave.place_of[order], wave.place_of[order + 1]):
        carts.stops[cart * places + wave.place[index]] += sign
    for index in range(wave.sums):
        carts.load[cart * wave.sums + index] += sign * wave.amount[order * wave.sums + index]


@compiled
def measure(
    area: Area,
    wave: Wave,
    carts: Carts,
    scratch: Scratch,
    first: Ints,
    member: Ints,
    metres: Floats,
) -> None:
    """Fill in the metres of many batches, which are the orders `member[first[b]:first[b + 1]]`.

    One call for all of them: handing the arguments over costs as much as fifty walks.
    """
    places = len(area.y)
    for batch in range(len(metres)):
        for index in range(first[batch], first[batch + 1]):
            put(wave, places, carts, member[index], 0, 1)
        metres[batch] = walk_metres(area, carts.stops, 0, scratch)
        for index in range(first[batch], first[batch + 1]):
            put(wave, places, carts, member[index], 0, -1)


@compiled
def fits(wave: Wave, carts: Carts, cart: int, order: int, leaving: int) -> bool:
    """Whether a cart may take `order` once `leaving` (-1 for none) has left it."""
    for index in range(wave.sums):
        load = carts.load[cart * wave.sums + index] + wave.amount[order * wave.sums + index]
        if leaving >= 0:
            load -= wave.amount[leaving * wave.sums + index]
        if load > wave.sum_limit[index]:
            return False
    for index in range(wave.spreads):
        mine = wave.scale[order * wave.spreads + index]
        for other in range(wave.orders):
            if carts.cart_of[other] == cart and other != leaving:
                distance = mine - wave.scale[other * wave.spreads + index]
                if abs(distance) > wave.spread_limit[index]:
                    return False
    return True


@compiled
def anneal(
    area: Area,
    wave: Wave,
    carts: Carts,
    scratch: Scratch,
    random: int,
    temperature: float,
    cooling: float,
    moves: int,
) -> int:
    """Weigh `moves` random shifts and swaps of orders, accepting worse ones by the temperature.

    Moves that break a limit are not counted, but there is an end to them, too.

    Simulated annealing after Kirkpatrick, Gelatt & Vecchi (1983); the temperature (metres) is
    multiplied by `cooling` after each move. Changes `carts`; returns the next random number.
    """
    places = len(area.y)
    weighed = 0
    for _ in range(TRIES_PER_MOVE * moves):
        if weighed == moves:
            break
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        order = random % wave.orders
        source = carts.cart_of[order]
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        other = -1
        # Half the moves aim at another order (to swap with), half at any cart, empty ones too.
        if random & 64:
            random = random * RANDOM_FACTOR % RANDOM_MODULUS
            other = random % wave.orders
            target = carts.cart_of[other]
        else:
            random = random * RANDOM_FACTOR % RANDOM_MODULUS
            target = random % carts.carts
        if target == source or not fits(wave, carts, target, order, other):
            continue
        if other >= 0 and not fits(wave, carts, source, other, order):
            continue
        weighed += 1
        temperature *= cooling
        put(wave, places, carts, order, source, -1)
        put(wave, places, carts, order, target, 1)
        if other >= 0:
            put(wave, places, carts, other, target, -1)
            put(wave, places, carts, other, source, 1)
        source_metres = walk_metres(area, carts.stops, source * places, scratch)
        target_metres = walk_metres(area, carts.stops, target * places, scratch)
        longer = source_metres + target_metres - carts.metres[source] - carts.metres[target]
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        if longer <= 0 or random < RANDOM_MODULUS * math.exp(-longer / temperature):
            carts.metres[source] = source_metres
            carts.metres[target] = target_metres
            carts.cart_of[order] = target
            if other >= 0:
                carts.cart_of[other] = source
            carts.total[0] += longer
            if carts.total[0] < carts.total[1] - 1e-9:
                carts.total[1] = carts.total[0]
                for index in range(wave.orders):
                    carts.best_cart_of[index] = carts.cart_of[index]
        else:
            put(wave, places, carts, order, source, 1)
            put(wave, places, carts, order, target, -1)
            if other >= 0:
                put(wave, places, carts, other, target, 1)
                put(wave, places, carts, other, source, -1)
    return random


def empty_carts(count: int, *, area: Area, wave: Wave) -> Carts:
    """`count` carts without orders; `cart_of` is -1 until an order is put."""
    return Carts(
        carts=count,
        cart_of=ints([-1] * wave.orders),
        stops=ints([0] * (count * len(area.y))),
        load=ints([0] * (count * wave.sums or 1)),
        metres=floats([0.0] * count),
        total=floats([0.0, 0.0]),
        best_cart_of=ints([-1] * wave.orders),
    )


def loaded_carts(batches: Sequence[Sequence[int]], *, area: Area, wave: Wave, spare: int) -> Carts:
    """Carts with the orders of `batches`, and `spare` empty ones."""
    carts = empty_carts(len(batches) + spare, area=area, wave=wave)
    scratch = scratch_for(area)
    for cart, batch in enumerate(batches):
        for order in batch:
            put(wave, len(area.y), carts, order, cart, 1)
            carts.cart_of[order] = carts.best_cart_of[order] = cart
        carts.metres[cart] = walk_metres(area, carts.stops, cart * len(area.y), scratch)
    carts.total[0] = carts.total[1] = sum(carts.metres)
    return carts
