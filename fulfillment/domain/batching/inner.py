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
from itertools import accumulate
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
# Batches whose walk is remembered, a power of two: 4 MB with numba.
KNOWN_SLOTS = 1 << 18
# Batches of the search that are kept to be recombined: those of batchings so close to the best.
NOTED_WITHIN = 1.02
# Room for so many orders a batch, on average.
NOTED_ORDERS = 10


def ints(values: Iterable[int]) -> Ints:
    return list(values) if not IS_COMPILED else np.array(list(values), dtype=np.int64)


def floats(values: Iterable[float]) -> Floats:
    return list(values) if not IS_COMPILED else np.array(list(values), dtype=np.float64)


def filled(value: float, count: int) -> Any:
    """`count` times the value, an array of whole numbers or of floating-point ones as it is."""
    if not IS_COMPILED:
        return [value] * count
    return np.full(count, value, dtype=np.int64 if isinstance(value, int) else np.float64)


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
    """Space to work in, so that nothing is allocated in the loops.

    `stops[p]` counts the orders that stop at place p, of the batch that is being measured.
    """

    stops: Ints
    before: Floats
    after: Floats
    weight: Floats
    lowest: Floats
    highest: Floats
    gap: Floats
    count: Ints


class Known(NamedTuple):
    """Walks that were worked out before, each in the one slot where its batch belongs.

    The key of a batch is the exclusive or of the marks of its orders, numbers of 62 bits: that two
    batches of a wave share one is as likely as a fault of the memory, and then only the choice
    among batches suffers, not the metres reported. `noted[slot]` says that `Columns` has it.
    """

    mark: Ints
    key: Ints
    metres: Floats
    noted: Ints


class Carts(NamedTuple):
    """A batching under search: `cart_of[o]`, and of each cart its orders, sums, key and metres.

    The orders of a cart are `member[cart * orders]` and what follows, `size[cart]` of them.
    `total` holds the metres now and the best ever; `best_cart_of` is the latter's batching.
    """

    carts: int
    cart_of: Ints
    member: Ints
    size: Ints
    load: Ints
    key: Ints
    metres: Floats
    total: Floats
    best_cart_of: Ints


class Columns(NamedTuple):
    """Batches to choose from: batch b is `member[first[b]:first[b + 1]]`, of `count[0]` in all."""

    count: Ints
    first: Ints
    member: Ints
    metres: Floats


def scratch_for(area: Area) -> Scratch:
    return Scratch(
        stops=ints([0] * len(area.y)),
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
def look_at_aisle(area: Area, column: int, scratch: Scratch) -> int:
    """Fill in the picks of each block of an aisle; returns how many places there are."""
    found = 0
    for block in range(area.blocks):
        count = 0
        lowest = highest = 0.0
        gap = -INFINITE
        index = column * area.blocks + block
        for place in range(area.first[index], area.first[index + 1]):
            if scratch.stops[place] > 0:
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
def walk_metres(area: Area, scratch: Scratch) -> float:
    """Metres of the shortest round trip past the places in `scratch.stops`."""
    before, after, weight = scratch.before, scratch.after, scratch.weight
    last_x = -INFINITE
    picks = 0
    for column in range(area.columns):
        here = look_at_aisle(area, column, scratch)
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
def stop(wave: Wave, scratch: Scratch, order: int, sign: int) -> None:
    """Add (sign 1) or take away (-1) the stops of an order; -1 is no order."""
    if order >= 0:
        for index in range(wave.place_of[order], wave.place_of[order + 1]):
            scratch.stops[wave.place[index]] += sign


@compiled
def measure(area: Area, wave: Wave, scratch: Scratch, columns: Columns) -> None:
    """Fill in the metres of all batches of `columns`.

    One call for all of them: handing the arguments over costs as much as fifty walks.
    """
    for batch in range(columns.count[0]):
        for index in range(columns.first[batch], columns.first[batch + 1]):
            stop(wave, scratch, columns.member[index], 1)
        columns.metres[batch] = walk_metres(area, scratch)
        for index in range(columns.first[batch], columns.first[batch + 1]):
            stop(wave, scratch, columns.member[index], -1)


@compiled
def list_batches(wave: Wave, columns: Columns, load: Ints, chosen: Ints) -> bool:
    """Add every batch of two or more orders that the limits allow; False if there is no room.

    `load` is a zero for each sum, `chosen` has room for each order.
    """
    size = 0
    order = 0
    while True:
        if order == wave.orders:
            if size == 0:
                return True
            size -= 1
            order = chosen[size]
            for index in range(wave.sums):
                load[index] -= wave.amount[order * wave.sums + index]
        elif may_join(wave, load, chosen, size, order):
            for index in range(wave.sums):
                load[index] += wave.amount[order * wave.sums + index]
            chosen[size] = order
            size += 1
            batch = columns.count[0]
            first = columns.first[batch]
            if size > 1:
                if batch == len(columns.metres) or first + size > len(columns.member):
                    return False
                for index in range(size):
                    columns.member[first + index] = chosen[index]
                columns.first[batch + 1] = first + size
                columns.count[0] += 1
        order += 1


@compiled
def may_join(wave: Wave, load: Ints, chosen: Ints, size: int, order: int) -> bool:
    """Whether an order may go with the first `size` of `chosen`, whose sums are `load`."""
    for index in range(wave.sums):
        if load[index] + wave.amount[order * wave.sums + index] > wave.sum_limit[index]:
            return False
    for index in range(wave.spreads):
        mine = wave.scale[order * wave.spreads + index]
        for number in range(size):
            distance = mine - wave.scale[chosen[number] * wave.spreads + index]
            if abs(distance) > wave.spread_limit[index]:
                return False
    return True


@compiled
def put(wave: Wave, known: Known, carts: Carts, order: int, cart: int) -> None:
    """Put an order that is on no cart onto one; the metres are left as they are."""
    carts.member[cart * wave.orders + carts.size[cart]] = order
    carts.size[cart] += 1
    carts.cart_of[order] = cart
    carts.key[cart] ^= known.mark[order]
    for index in range(wave.sums):
        carts.load[cart * wave.sums + index] += wave.amount[order * wave.sums + index]


@compiled
def take(wave: Wave, known: Known, carts: Carts, order: int) -> None:
    """Take an order off its cart; the metres are left as they are."""
    cart = carts.cart_of[order]
    last = cart * wave.orders + carts.size[cart] - 1
    here = last
    while carts.member[here] != order:
        here -= 1
    carts.member[here] = carts.member[last]
    carts.size[cart] -= 1
    carts.cart_of[order] = -1
    carts.key[cart] ^= known.mark[order]
    for index in range(wave.sums):
        carts.load[cart * wave.sums + index] -= wave.amount[order * wave.sums + index]


@compiled
def metres_with(
    area: Area,
    wave: Wave,
    known: Known,
    carts: Carts,
    scratch: Scratch,
    cart: int,
    key: int,
    joining: tuple[int, int],
    leaving: tuple[int, int],
) -> float:
    """Metres of a cart after orders have joined and left it, whose key is then `key`."""
    slot = key & (len(known.key) - 1)
    if known.key[slot] == key:
        return float(known.metres[slot])
    for sign in (1, -1):
        for index in range(carts.size[cart]):
            order = carts.member[cart * wave.orders + index]
            if order != leaving[0] and order != leaving[1]:
                stop(wave, scratch, order, sign)
        stop(wave, scratch, joining[0], sign)
        stop(wave, scratch, joining[1], sign)
        if sign > 0:
            known.metres[slot] = walk_metres(area, scratch)
    known.key[slot] = key
    known.noted[slot] = 0
    return float(known.metres[slot])


@compiled
def fits(
    wave: Wave, carts: Carts, cart: int, joining: tuple[int, int], leaving: tuple[int, int]
) -> bool:
    """Whether a cart may take the orders `joining` once those `leaving` have left it.

    Each is two orders, -1 for none; two that join have been on one cart before.
    """
    for index in range(wave.sums):
        load = carts.load[cart * wave.sums + index]
        for side in range(2):
            if joining[side] >= 0:
                load += wave.amount[joining[side] * wave.sums + index]
            if leaving[side] >= 0:
                load -= wave.amount[leaving[side] * wave.sums + index]
        if load > wave.sum_limit[index]:
            return False
    for index in range(wave.spreads):
        for here in range(carts.size[cart]):
            other = carts.member[cart * wave.orders + here]
            if other != leaving[0] and other != leaving[1]:
                scale = wave.scale[other * wave.spreads + index]
                for side in range(2):
                    if joining[side] >= 0:
                        distance = wave.scale[joining[side] * wave.spreads + index] - scale
                        if abs(distance) > wave.spread_limit[index]:
                            return False
    return True


@compiled
def note(wave: Wave, known: Known, carts: Carts, columns: Columns, cart: int) -> None:
    """Add the batch of a cart to `columns` unless it is there or there is no room."""
    slot = carts.key[cart] & (len(known.key) - 1)
    batch = columns.count[0]
    end = columns.first[batch] + carts.size[cart]
    known_here = known.key[slot] == carts.key[cart]
    if batch == len(columns.metres) or end > len(columns.member) or carts.size[cart] == 0:
        return
    if known_here and known.noted[slot]:
        return
    if known_here:
        known.noted[slot] = 1
    for index in range(carts.size[cart]):
        columns.member[columns.first[batch] + index] = carts.member[cart * wave.orders + index]
    columns.first[batch + 1] = end
    columns.metres[batch] = carts.metres[cart]
    columns.count[0] += 1


@compiled
def another(wave: Wave, carts: Carts, order: int, random: int) -> int:
    """Another order of the cart of `order`, -1 if there is none."""
    cart = carts.cart_of[order]
    if carts.size[cart] < 2:
        return -1
    found = carts.member[cart * wave.orders + random % carts.size[cart]]
    return -1 if found == order else int(found)


@compiled
def anneal(
    area: Area,
    wave: Wave,
    known: Known,
    carts: Carts,
    columns: Columns,
    scratch: Scratch,
    random: int,
    temperature: float,
    cooling: float,
    moves: int,
) -> int:
    """Weigh `moves` random exchanges of orders, accepting worse ones by the temperature.

    One or two orders of a cart change places with none, one or two of another, which may be empty.
    Moves that break a limit are not counted, but there is an end to them, too.

    Simulated annealing after Kirkpatrick, Gelatt & Vecchi (1983); the temperature (metres) is
    multiplied by `cooling` after each move. Changes `carts`, and adds to `columns` the batches of
    batchings that come close to the best; returns the next random number.
    """
    weighed = 0
    for _ in range(TRIES_PER_MOVE * moves):
        if weighed == moves:
            break
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        order = random % wave.orders
        source = carts.cart_of[order]
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        kind = (random >> 8) & 7
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        other = -1
        # Most moves aim at another order, some at any cart, empty ones too.
        if kind < 3:
            target = random % carts.carts
        else:
            other = random % wave.orders
            target = carts.cart_of[other]
        if target == source:
            continue
        with_order = with_other = -1
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        if kind in (2, 6, 7):
            with_order = another(wave, carts, order, random >> 8)
            if with_order < 0:
                continue
        if kind == 7:
            with_other = another(wave, carts, other, random >> 16)
        gone, come = (order, with_order), (other, with_other)
        if not fits(wave, carts, target, gone, come) or not fits(wave, carts, source, come, gone):
            continue
        weighed += 1
        temperature *= cooling
        change = known.mark[order]
        for moved in (with_order, other, with_other):
            if moved >= 0:
                change ^= known.mark[moved]
        source_key, target_key = carts.key[source] ^ change, carts.key[target] ^ change
        source_metres = metres_with(
            area, wave, known, carts, scratch, source, source_key, come, gone
        )
        target_metres = metres_with(
            area, wave, known, carts, scratch, target, target_key, gone, come
        )
        longer = source_metres + target_metres - carts.metres[source] - carts.metres[target]
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        if longer > 0 and random >= RANDOM_MODULUS * math.exp(-longer / temperature):
            continue
        for moved in (order, with_order, other, with_other):
            if moved >= 0:
                take(wave, known, carts, moved)
                put(wave, known, carts, moved, source if moved in come else target)
        carts.metres[source] = source_metres
        carts.metres[target] = target_metres
        carts.total[0] += longer
        if carts.total[0] <= carts.total[1] * NOTED_WITHIN:
            note(wave, known, carts, columns, source)
            note(wave, known, carts, columns, target)
        if carts.total[0] < carts.total[1] - 1e-9:
            carts.total[1] = carts.total[0]
            for index in range(wave.orders):
                carts.best_cart_of[index] = carts.cart_of[index]
    return random


def known_walks(orders: int) -> Known:
    """No walk known yet; the marks are the same for equal numbers of orders."""
    mark = []
    random = 1
    for _ in range(orders):
        high = random = random * RANDOM_FACTOR % RANDOM_MODULUS
        random = random * RANDOM_FACTOR % RANDOM_MODULUS
        mark.append(high << 31 ^ random)
    return Known(
        mark=ints(mark),
        key=filled(-1, KNOWN_SLOTS),
        metres=filled(0.0, KNOWN_SLOTS),
        noted=filled(0, KNOWN_SLOTS),
    )


def single_orders(orders: int, *, room: int) -> Columns:
    """The orders one by one, whose metres are not known, and room for as many batches more."""
    columns = Columns(
        count=ints([orders]),
        first=filled(0, orders + room + 1),
        member=filled(0, orders + room * NOTED_ORDERS),
        metres=filled(0.0, orders + room),
    )
    for order in range(orders):
        columns.member[order] = order
        columns.first[order + 1] = order + 1
    return columns


def columns_of(batches: Sequence[Sequence[int]]) -> Columns:
    """The given batches, whose metres are not known."""
    return Columns(
        count=ints([len(batches)]),
        first=ints(accumulate(map(len, batches), initial=0)),
        member=ints(order for batch in batches for order in batch),
        metres=filled(0.0, len(batches)),
    )


def loaded_carts(
    batches: Sequence[Sequence[int]],
    metres: Sequence[float],
    *,
    wave: Wave,
    known: Known,
    spare: int,
) -> Carts:
    """Carts with the orders of `batches`, whose walks are `metres` long, and `spare` empty ones."""
    count = len(batches) + spare
    carts = Carts(
        carts=count,
        cart_of=filled(-1, wave.orders),
        member=filled(-1, count * wave.orders),
        size=filled(0, count),
        load=filled(0, count * wave.sums or 1),
        key=filled(0, count),
        metres=floats([*metres, *([0.0] * spare)]),
        total=floats([sum(metres)] * 2),
        best_cart_of=filled(-1, wave.orders),
    )
    for cart, batch in enumerate(batches):
        for order in batch:
            put(wave, known, carts, order, cart)
            carts.best_cart_of[order] = cart
    return carts
