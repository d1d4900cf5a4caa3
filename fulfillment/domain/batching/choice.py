"""The best choice among many batches such that every order is in exactly one: set partitioning.

The linear relaxation (simplex method, Dantzig 1951) gives each order a price. Prices prove a bound
and rule out batches that cannot be part of a better choice; a depth-first search goes through the
rest. Where that takes too long, a dive takes the likeliest batches one by one. Compiled where
numba is there, as `inner` is, and with the same answer without.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from fulfillment.domain.batching import inner
from fulfillment.domain.batching.inner import Columns, Floats, Ints, compiled
from fulfillment.domain.batching.orders import Batch

TOLERANCE = 1e-7
# Metres by which a choice must be shorter to count as better; the bound is not surer than that.
BETTER = 1e-6
# The right-hand sides are moved apart by as little: otherwise the simplex method walks in circles.
APART = 1e-6
# Metres of a batch that is ruled out for the rest of a dive.
RULED_OUT = 1e9
# A batch counts as taken, or as left out, where its part in the relaxation is as near to 1 or 0.
WHOLE = 1e-3


class Basis(NamedTuple):
    """The basis of the simplex method: column and value by row, price by order, and its inverse.

    `entering` is room to work in.
    """

    column: Ints
    value: Floats
    price: Floats
    inverse: Floats
    entering: Floats


class Tree(NamedTuple):
    """Room for the depth-first search: by depth the order, the position and the sum so far."""

    order: Ints
    position: Ints
    so_far: Floats
    covered: Ints
    chosen: Ints


@compiled
def reduced_metres(columns: Columns, basis: Basis, batch: int) -> float:
    """The metres of a batch less the prices of its orders."""
    reduced = columns.metres[batch]
    for index in range(columns.first[batch], columns.first[batch + 1]):
        reduced -= basis.price[columns.member[index]]
    return float(reduced)


@compiled
def enter(columns: Columns, basis: Basis, batch: int, reduced: float) -> None:
    """Exchange a column for the one of the basis that gives way first."""
    orders = len(basis.value)
    leaving = -1
    amount = inner.INFINITE
    for row in range(orders):
        entering = 0.0
        for index in range(columns.first[batch], columns.first[batch + 1]):
            entering += basis.inverse[row * orders + columns.member[index]]
        basis.entering[row] = entering
        if entering > TOLERANCE and basis.value[row] < amount * entering:
            leaving, amount = row, basis.value[row] / entering
    pivot = basis.entering[leaving]
    for other in range(orders):
        basis.inverse[leaving * orders + other] /= pivot
        basis.price[other] += reduced * basis.inverse[leaving * orders + other]
    for row in range(orders):
        entering = basis.entering[row]
        if row != leaving and entering != 0.0:
            basis.value[row] -= amount * entering
            for other in range(orders):
                basis.inverse[row * orders + other] -= (
                    entering * basis.inverse[leaving * orders + other]
                )
    basis.value[leaving] = amount
    basis.column[leaving] = batch


@compiled
def relax(columns: Columns, basis: Basis, rounds: int) -> bool:
    """Price the orders by the linear relaxation; False if the `rounds` ran out."""
    for _ in range(rounds):
        best = -1
        least = -TOLERANCE
        for batch in range(columns.count[0]):
            reduced = reduced_metres(columns, basis, batch)
            if reduced < least:
                best, least = batch, reduced
        if best < 0:
            return True
        enter(columns, basis, best, least)
    return False


@compiled
def rule_out(columns: Columns, basis: Basis, taken: int) -> None:
    """Rule out every batch that shares an order with the one taken, and price anew.

    The single orders stay: they make up for the right-hand sides that were moved apart.
    """
    orders = len(basis.value)
    for batch in range(orders, columns.count[0]):
        for index in range(columns.first[batch], columns.first[batch + 1]):
            for other in range(columns.first[taken], columns.first[taken + 1]):
                if columns.member[index] == columns.member[other] and batch != taken:
                    columns.metres[batch] = RULED_OUT
    for order in range(orders):
        basis.price[order] = 0.0
    for row in range(orders):
        metres = columns.metres[basis.column[row]]
        for order in range(orders):
            basis.price[order] += metres * basis.inverse[row * orders + order]


@compiled
def dive(columns: Columns, basis: Basis, rounds: int) -> bool:
    """Take the batch with the largest part in the relaxation, relax anew, and so on.

    Leaves whole batches in the basis and spoils the metres. False if `rounds` were too few.
    """
    while True:
        likely = -1
        for row in range(len(basis.value)):
            value = basis.value[row]
            if value < 1 - WHOLE and (likely < 0 or value > basis.value[likely]):
                likely = row
        if likely < 0 or basis.value[likely] < WHOLE:
            return True
        rule_out(columns, basis, basis.column[likely])
        if not relax(columns, basis, rounds):
            return False


@compiled
def keep_cheaper(columns: Columns, basis: Basis, slack: float, kept: Ints) -> int:
    """Fill in the batches whose reduced metres are below `slack`; returns how many."""
    count = 0
    for batch in range(columns.count[0]):
        if reduced_metres(columns, basis, batch) < slack:
            kept[count] = batch
            count += 1
    return count


@compiled
def search_tree(
    columns: Columns, reduced: Floats, first_of: Ints, tree: Tree, limit: float, steps: int
) -> int:
    """Depth first: the lowest order without a cart gets each batch that it leads in turn.

    The batches of order o are `first_of[o]` up to the next entry, the cheapest first. Fills in
    `tree.chosen` whenever a choice falls below `limit`; returns the steps left, -1 if it gave up.
    """
    orders = len(tree.covered)
    depth = 0
    tree.order[0] = 0
    tree.position[0] = first_of[0]
    tree.so_far[0] = 0.0
    while depth >= 0:
        order, batch = tree.order[depth], tree.position[depth]
        if batch == first_of[order + 1] or tree.so_far[depth] + reduced[batch] >= limit:
            depth -= 1
            if depth >= 0:
                cover(columns, tree, tree.position[depth], 0)
                tree.position[depth] += 1
            continue
        steps -= 1
        if steps < 0:
            break
        if not is_free(columns, tree, batch):
            tree.position[depth] += 1
            continue
        total = tree.so_far[depth] + reduced[batch]
        cover(columns, tree, batch, 1)
        while order < orders and tree.covered[order]:
            order += 1
        depth += 1
        tree.order[depth] = order
        tree.so_far[depth] = total
        if order < orders:
            tree.position[depth] = first_of[order]
            continue
        limit = total - BETTER
        for number in range(orders):
            tree.chosen[number] = tree.position[number] if number < depth else -1
        # Nothing is left for this depth: the next turn goes one back.
        tree.order[depth] = orders - 1
        tree.position[depth] = first_of[orders]
    return steps


@compiled
def cover(columns: Columns, tree: Tree, batch: int, covered: int) -> None:
    for index in range(columns.first[batch], columns.first[batch + 1]):
        tree.covered[columns.member[index]] = covered


@compiled
def is_free(columns: Columns, tree: Tree, batch: int) -> bool:
    for index in range(columns.first[batch], columns.first[batch + 1]):
        if tree.covered[columns.member[index]]:
            return False
    return True


class Choice:
    """Choosing among `columns`, of which the first are the single orders in turn.

    `rounds` bounds the exchanges of the simplex method. `bound`: no choice is shorter.
    """

    def __init__(self, columns: Columns, *, orders: int, rounds: int) -> None:
        self._columns = columns
        self._rounds = rounds
        self._basis = Basis(
            column=inner.ints(range(orders)),
            value=inner.floats(1.0 + APART * (1 + row * 37 % 101) for row in range(orders)),
            price=inner.floats(columns.metres[:orders]),
            inverse=inner.floats(float(n % (orders + 1) == 0) for n in range(orders * orders)),
            entering=inner.filled(0.0, orders),
        )
        self._is_priced = bool(relax(columns, self._basis, rounds))
        self._price = [float(price) for price in self._basis.price]
        self.bound = sum(self._price) if self._is_priced else 0.0

    def best(self, *, shorter_than: float, steps: int) -> tuple[list[Batch] | None, bool]:
        """The shortest choice below `shorter_than`, if there is one, and whether that is sure.

        It is not where the prices could not be worked out or the search gave up after `steps`.
        """
        if not self._is_priced:
            return None, False
        if self.bound >= shorter_than - 2 * BETTER:
            return None, True
        kept = inner.filled(0, len(self._columns.metres))
        slack = shorter_than - sum(self._price)
        count = keep_cheaper(self._columns, self._basis, slack, kept)
        metres = {self._batch(index): float(self._columns.metres[index]) for index in kept[:count]}
        return _from_tree(metres, self._price, shorter_than=shorter_than - BETTER, steps=steps)

    def likely(self) -> list[Batch] | None:
        """A good choice, found by a dive from the relaxation; None if it takes too many rounds."""
        columns = self._columns._replace(metres=self._columns.metres.copy())
        basis = Basis(*(field.copy() for field in self._basis))
        if not (self._is_priced and dive(columns, basis, self._rounds)):
            return None
        rows = zip(basis.column, basis.value, strict=True)
        found = sorted(self._batch(int(column)) for column, value in rows if value > 1 - WHOLE)
        members = sorted(order for batch in found for order in batch)
        return found if members == list(range(len(self._price))) else None

    def _batch(self, index: int) -> Batch:
        first, last = self._columns.first[index], self._columns.first[index + 1]
        return tuple(sorted(map(int, self._columns.member[first:last])))


@cache
def load() -> None:
    """Compile what is here, or read it where it was compiled before, by a small choice."""
    columns = inner.columns_of([(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)])
    for index in range(6):
        columns.metres[index] = 4.0 if index < 3 else 5.0
    choice = Choice(columns, orders=3, rounds=100)
    choice.best(shorter_than=12.0, steps=100)
    choice.likely()


def _from_tree(
    metres: Mapping[Batch, float], price: list[float], *, shorter_than: float, steps: int
) -> tuple[list[Batch] | None, bool]:
    """The shortest choice among these batches below `shorter_than`; whether that is sure.

    Orders that few batches hold are decided first.
    """
    orders = len(price)
    holding = [0] * orders
    for batch in metres:
        for order in batch:
            holding[order] += 1
    ranked = sorted(range(orders), key=lambda order: (holding[order], order))
    rank = {order: number for number, order in enumerate(ranked)}
    led: list[list[tuple[float, Batch]]] = [[] for _ in range(orders)]
    for batch, length in metres.items():
        reduced = length - sum(price[order] for order in batch)
        led[min(rank[order] for order in batch)].append((reduced, batch))
    flat = [entry for entries in led for entry in sorted(entries)]
    tree = Tree(
        order=inner.filled(0, orders + 1),
        position=inner.filled(0, orders + 1),
        so_far=inner.filled(0.0, orders + 1),
        covered=inner.filled(0, orders),
        chosen=inner.filled(-1, orders),
    )
    left = search_tree(
        inner.columns_of([[rank[order] for order in batch] for _, batch in flat]),
        inner.floats(reduced for reduced, _ in flat),
        inner.ints(accumulate(map(len, led), initial=0)),
        tree,
        shorter_than - sum(price),
        steps,
    )
    chosen = [flat[int(position)][1] for position in tree.chosen if position >= 0]
    return sorted(chosen) or None, left >= 0
