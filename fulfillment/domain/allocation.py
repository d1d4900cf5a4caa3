"""Which warehouse serves which units of an order: exact, deterministic, and it says why.

The rule of a seller, in this order of weight:

1. as many units as can be served at all;
2. the fewest shipments;
3. the seller's own rule: warehouse priority by destination (``region-priority``), the
   warehouse with most of the wanted goods (``most-stock``), or with the oldest
   (``oldest-stock``);
4. the warehouse code.

Few warehouses hold one order's goods, so every set of warehouses is tried, the small
ones first; the answer is the best by the rule above, not a heuristic's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

RULES = ("region-priority", "most-stock", "oldest-stock")
MOST_WAREHOUSES_TRIED_EXACTLY = 12
"""2^12 sets a line at worst; above that only the best dozen by the seller's rule compete."""


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
class Allocation:
    """The answer: shares, what stays owed by order line, and why these warehouses."""

    shares: tuple[Share, ...]
    owed: Mapping[int, int]
    why: str
    warehouses: tuple[str, ...]
    """Codes in the order of preference."""


def allocate(
    wanted: Sequence[Wanted], sources: Sequence[Source], *, rule: str, ship_complete: bool
) -> Allocation:
    """Allocate one order over *sources*.  Nothing is shared out when *ship_complete* cannot be met."""
    demand = _per_product(wanted)
    ranked = sorted(
        (source for source in sources if any(source.available.get(p, 0) > 0 for p in demand)),
        key=lambda source: _preference(source, demand, rule),
    )[:MOST_WAREHOUSES_TRIED_EXACTLY]
    reachable = sum(
        min(quantity, sum(max(0, s.available.get(p, 0)) for s in ranked))
        for p, quantity in demand.items()
    )
    total = sum(demand.values())
    if reachable == 0:
        return _nothing(wanted, "out-of-stock")
    if ship_complete and reachable < total:
        return _nothing(wanted, "ship-complete-waits")
    chosen = _fewest(ranked, demand, reachable)
    shares, owed = _share_out(wanted, chosen)
    alone = "single-warehouse" if len(chosen) == 1 else "fewest-shipments"
    why = f"{alone},{rule}" if len(ranked) > len(chosen) else alone
    return Allocation(tuple(shares), owed, why, tuple(source.code for source in chosen))


def _per_product(wanted: Iterable[Wanted]) -> dict[int, int]:
    demand: dict[int, int] = {}
    for line in wanted:
        demand[line.product_id] = demand.get(line.product_id, 0) + line.quantity
    return demand


def _preference(source: Source, demand: Mapping[int, int], rule: str) -> tuple[object, ...]:
    """Sorts better warehouses first."""
    if rule == "most-stock":
        first: object = -sum(min(q, source.available.get(p, 0)) for p, q in demand.items())
        return (first, -sum(source.available.get(p, 0) for p in demand), source.code)
    if rule == "oldest-stock":
        days = [
            d for p, d in (source.oldest or {}).items() if p in demand and source.available.get(p)
        ]
        return (min(days, default=date.max), source.code)
    return (source.rank, source.code)


def _fewest(
    ranked: Sequence[Source], demand: Mapping[int, int], reachable: int
) -> tuple[Source, ...]:
    """The smallest set that serves all that can be served; among those the most preferred.

    ``combinations`` yields sets in the order of preference, so the first hit is the best.
    """
    for size in range(1, len(ranked) + 1):
        for chosen in combinations(ranked, size):
            served = sum(
                min(q, sum(max(0, s.available.get(p, 0)) for s in chosen))
                for p, q in demand.items()
            )
            if served == reachable:
                return chosen
    raise AssertionError("all warehouses together reach what is reachable")


def _share_out(
    wanted: Sequence[Wanted], chosen: Sequence[Source]
) -> tuple[list[Share], dict[int, int]]:
    left = {source.warehouse_id: dict(source.available) for source in chosen}
    shares: list[Share] = []
    owed: dict[int, int] = {}
    for line in wanted:
        open_units = line.quantity
        for source in chosen:
            units = min(open_units, max(0, left[source.warehouse_id].get(line.product_id, 0)))
            if units:
                shares.append(
                    Share(line.order_line_id, line.product_id, source.warehouse_id, units)
                )
                left[source.warehouse_id][line.product_id] -= units
                open_units -= units
        if open_units:
            owed[line.order_line_id] = open_units
    return shares, owed


def _nothing(wanted: Sequence[Wanted], why: str) -> Allocation:
    return Allocation((), {line.order_line_id: line.quantity for line in wanted}, why, ())


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
