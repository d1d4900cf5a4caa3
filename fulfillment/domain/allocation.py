"""Which warehouse serves which units of an order: exact, deterministic, and it says why.

The rule, in this order of weight:

1. as many units as can be served at all;
2. the fewest shipments;
3. the seller's own rule: warehouse priority by destination (``region-priority``), the
   warehouse with most of the wanted goods (``most-stock``), or with the oldest
   (``oldest-stock``);
4. the warehouse code.

Which warehouses together serve an order is a small set cover: sets are tried in the order
of size, then of preference, so the first that serves everything is the best.  A branch
that cannot reach the goal even with the fullest warehouses left is not walked.  An order
that would take more than :data:`MOST_STEPS` gets the greedy answer, and its reason says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

RULES = ("region-priority", "most-stock", "oldest-stock")
MOST_STEPS = 20_000
"""A search holds locks: about 50 ms, and more than any order over 20 warehouses needs here."""


@dataclass(frozen=True)
class Wanted:
    """An open order line: *quantity* units of a product are still owed."""

    order_line_id: int
    product_id: int
    quantity: int


@dataclass(frozen=True)
class Source:
    """A warehouse as one order sees it.

    ``available`` maps product to units that can be promised; ``rank`` is the seller's
    priority of the warehouse for the order's destination (lower first); ``oldest`` maps
    product to the day its oldest stock came in.
    """

    warehouse_id: int
    code: str
    available: Mapping[int, int]
    rank: int = 0
    oldest: Mapping[int, date] | None = None


@dataclass(frozen=True)
class Share:
    """Units of an order line that a warehouse gets to send."""

    order_line_id: int
    product_id: int
    warehouse_id: int
    quantity: int


@dataclass(frozen=True)
class Considered:
    """A warehouse that was looked at: *units* of the order it could have served by itself."""

    code: str
    units: int
    chosen: bool


@dataclass(frozen=True)
class Allocation:
    """The answer: shares, what stays owed by order line, and why these warehouses.

    ``reason`` is ``single-warehouse``, ``fewest-shipments`` or ``nearly-fewest-shipments``
    (the search was cut off), or why nothing was given: ``out-of-stock``,
    ``ship-complete-waits``.  ``by_rule`` says that the seller's rule decided among equals.
    """

    shares: tuple[Share, ...]
    owed: Mapping[int, int]
    reason: str
    by_rule: bool = False
    considered: tuple[Considered, ...] = ()
    """In the order of preference."""


def allocate(
    wanted: Sequence[Wanted], sources: Sequence[Source], *, rule: str, ship_complete: bool
) -> Allocation:
    """Allocate one order over *sources*.  Nothing is shared out when *ship_complete* cannot be met."""
    demand = _per_product(wanted)
    ranked = sorted(
        (source for source in sources if _serves(source, demand)),
        key=lambda source: _preference(source, demand, rule),
    )
    goal = {
        product_id: min(quantity, sum(_free(source, product_id) for source in ranked))
        for product_id, quantity in demand.items()
    }
    if not ranked:
        return _nothing(wanted, "out-of-stock", ())
    if ship_complete and goal != demand:
        return _nothing(wanted, "ship-complete-waits", _considered(ranked, demand, ()))
    chosen, exact = _fewest(ranked, {p: units for p, units in goal.items() if units})
    shares, owed = _share_out(wanted, chosen)
    several = "fewest-shipments" if exact else "nearly-fewest-shipments"
    return Allocation(
        shares=tuple(shares),
        owed=owed,
        reason="single-warehouse" if len(chosen) == 1 else several,
        by_rule=len(ranked) > len(chosen),
        considered=_considered(ranked, demand, chosen),
    )


def _free(source: Source, product_id: int) -> int:
    return max(0, source.available.get(product_id, 0))


def _serves(source: Source, demand: Mapping[int, int]) -> int:
    """Units of the demand that *source* could serve by itself."""
    return sum(min(units, _free(source, product_id)) for product_id, units in demand.items())


def _considered(
    ranked: Sequence[Source], demand: Mapping[int, int], chosen: Sequence[Source]
) -> tuple[Considered, ...]:
    return tuple(
        Considered(source.code, _serves(source, demand), source in chosen) for source in ranked
    )


def _per_product(wanted: Iterable[Wanted]) -> dict[int, int]:
    demand: dict[int, int] = {}
    for line in wanted:
        demand[line.product_id] = demand.get(line.product_id, 0) + line.quantity
    return demand


def _preference(source: Source, demand: Mapping[int, int], rule: str) -> tuple[object, ...]:
    """Sorts better warehouses first."""
    if rule == "most-stock":
        stock = sum(_free(source, product_id) for product_id in demand)
        return (-_serves(source, demand), -stock, source.code)
    if rule == "oldest-stock":
        days = [
            day
            for product_id, day in (source.oldest or {}).items()
            if product_id in demand and _free(source, product_id)
        ]
        return (min(days, default=date.max), source.code)
    return (source.rank, source.code)


def _fewest(ranked: Sequence[Source], goal: Mapping[int, int]) -> tuple[tuple[Source, ...], bool]:
    """The smallest set that reaches *goal*, among those the most preferred; and whether it is."""
    gains = [
        tuple(min(units, _free(source, product_id)) for product_id, units in goal.items())
        for source in ranked
    ]
    whole = tuple(goal.values())
    for source, gain in zip(ranked, gains, strict=True):
        if gain == whole:
            return (source,), True
    chosen = _smallest_cover(gains, whole)
    exact = chosen is not None
    indices = chosen if chosen is not None else _greedy_cover(gains, whole)
    return tuple(ranked[index] for index in indices), exact


_Units = tuple[int, ...]


def _smallest_cover(gains: Sequence[_Units], whole: _Units) -> tuple[int, ...] | None:
    """Indices of the smallest, then lexicographically first rows of *gains* that add up to *whole*.

    Iterative deepening with a bound: the *slots* greatest gains of each product that are
    left must suffice.  ``None`` when the search takes more than :data:`MOST_STEPS`.
    """
    steps = 0

    @cache
    def most(start: int, slots: int) -> _Units:
        columns = zip(*gains[start:], strict=True)
        return tuple(sum(sorted(column, reverse=True)[:slots]) for column in columns)

    def search(start: int, slots: int, missing: _Units) -> tuple[int, ...] | None:
        nonlocal steps
        if not any(missing):
            return ()
        for index in range(start, len(gains) - slots + 1):
            steps += 1
            reach = most(index, slots)
            if steps > MOST_STEPS or any(m > r for m, r in zip(missing, reach, strict=True)):
                return None
            left = tuple(max(0, m - g) for m, g in zip(missing, gains[index], strict=True))
            rest = search(index + 1, slots - 1, left) if slots > 1 or not any(left) else None
            if rest is not None:
                return (index, *rest)
        return None

    for size in range(2, len(gains) + 1):
        found = search(0, size, whole)
        if found is not None or steps > MOST_STEPS:
            return found
    raise AssertionError("all warehouses together reach the goal")


def _greedy_cover(gains: Sequence[_Units], whole: _Units) -> tuple[int, ...]:
    """Indices that add up to *whole*, each time the one that adds most."""
    missing = whole
    chosen: list[int] = []
    while any(missing):
        index = max(
            (i for i in range(len(gains)) if i not in chosen),
            key=lambda i: (sum(map(min, missing, gains[i])), -i),
        )
        chosen.append(index)
        missing = tuple(max(0, m - g) for m, g in zip(missing, gains[index], strict=True))
    return tuple(sorted(chosen))


def _share_out(
    wanted: Sequence[Wanted], chosen: Sequence[Source]
) -> tuple[list[Share], dict[int, int]]:
    """Fill from the most preferred warehouse first."""
    left = {
        (source.warehouse_id, line.product_id): _free(source, line.product_id)
        for source in chosen
        for line in wanted
    }
    shares: list[Share] = []
    owed: dict[int, int] = {}
    for line in wanted:
        open_units = line.quantity
        for source in chosen:
            key = (source.warehouse_id, line.product_id)
            units = min(open_units, left[key])
            if units:
                shares.append(Share(line.order_line_id, line.product_id, key[0], units))
                left[key] -= units
                open_units -= units
        if open_units:
            owed[line.order_line_id] = open_units
    return shares, owed


def _nothing(
    wanted: Sequence[Wanted], reason: str, considered: tuple[Considered, ...]
) -> Allocation:
    owed = {line.order_line_id: line.quantity for line in wanted}
    return Allocation((), owed, reason, considered=considered)


# --- bins of a warehouse (release) ---------------------------------------------------------


@dataclass(frozen=True)
class BinStock:
    """Free units of a lot in a bin."""

    location_id: int
    code: str
    lot: str
    free: int
    expires_on: date | None = None


@dataclass(frozen=True)
class Take:
    """Units to take from a bin's lot."""

    location_id: int
    lot: str
    quantity: int


def choose_bins(quantity: int, stock: Sequence[BinStock], *, today: date) -> tuple[Take, ...]:
    """Bins for *quantity* units: first expired first out, then the fewest stops, then the code.

    Among lots of one expiry day the fewest bins serve: the smallest single bin that holds
    the rest entirely, else the fullest first.  Expired lots are never taken.  The result
    may hold fewer units than asked; the caller decides what that means.
    """
    takes: list[Take] = []
    left = quantity
    days = sorted({row.expires_on or date.max for row in stock if not _expired(row, today)})
    for day in days:
        if not left:
            break
        same_day = [row for row in stock if (row.expires_on or date.max) == day and row.free > 0]
        for take in _fewest_stops(left, same_day):
            takes.append(take)
            left -= take.quantity
    return tuple(takes)


def _expired(row: BinStock, today: date) -> bool:
    return row.expires_on is not None and row.expires_on < today


def _fewest_stops(quantity: int, stock: Sequence[BinStock]) -> Iterable[Take]:
    rows = sorted(stock, key=lambda row: (-row.free, row.code, row.lot))
    left = quantity
    while left and rows:
        whole = [row for row in rows if row.free >= left]
        row = min(whole, key=lambda r: (r.free, r.code, r.lot)) if whole else rows[0]
        rows.remove(row)
        units = min(left, row.free)
        left -= units
        yield Take(row.location_id, row.lot, units)
