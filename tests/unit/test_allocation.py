"""Allocation of one order: the most units, then the fewest warehouses, then the seller's rule."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain import allocation
from fulfillment.domain.allocation import (
    RULES,
    Allocation,
    BinStock,
    Source,
    Take,
    Wanted,
    allocate,
    choose_bins,
)

TODAY = date(2026, 3, 4)


def a_source(number: int, *units: int, rank: int = 0, oldest: date | None = None) -> Source:
    """Warehouse *number* with units of the products 0, 1, …"""
    return Source(
        warehouse_id=number,
        code=f"W{number}",
        available=dict(enumerate(units)),
        rank=rank,
        oldest=dict.fromkeys(range(len(units)), oldest) if oldest else None,
    )


def wanting(*units: int) -> list[Wanted]:
    return [Wanted(100 + product, product, quantity) for product, quantity in enumerate(units)]


def senders(answer: Allocation) -> list[int]:
    return sorted({share.warehouse_id for share in answer.shares})


def answer_for(
    wanted: list[Wanted], *sources: Source, rule: str = "region-priority", complete: bool = False
) -> Allocation:
    return allocate(wanted, list(sources), rule=rule, ship_complete=complete)


def test_one_warehouse_with_everything_is_better_than_two_preferred_ones() -> None:
    answer = answer_for(
        wanting(2, 2),
        a_source(1, 2, 0, rank=1),
        a_source(2, 0, 2, rank=2),
        a_source(3, 2, 2, rank=3),
    )
    assert senders(answer) == [3]
    assert answer.reason == "single-warehouse"


def test_more_units_are_better_than_fewer_shipments() -> None:
    answer = answer_for(wanting(5), a_source(1, 4), a_source(2, 1))
    assert senders(answer) == [1, 2]
    assert (answer.reason, answer.owed) == ("fewest-shipments", {})


def test_among_equals_the_rank_decides_and_then_the_code() -> None:
    assert senders(answer_for(wanting(1), a_source(1, 1, rank=2), a_source(2, 1, rank=1))) == [2]
    assert senders(answer_for(wanting(1), a_source(2, 1), a_source(1, 1))) == [1]


def test_among_equals_the_oldest_goods_can_decide() -> None:
    young, old = date(2026, 2, 1), date(2026, 1, 1)
    sources = a_source(1, 1, oldest=young), a_source(2, 1, oldest=old)
    assert senders(answer_for(wanting(1), *sources, rule="oldest-stock")) == [2]


def test_two_lines_of_one_product_do_not_get_the_same_unit() -> None:
    answer = answer_for([Wanted(1, 0, 2), Wanted(2, 0, 2)], a_source(1, 3))
    assert [(share.order_line_id, share.quantity) for share in answer.shares] == [(1, 2), (2, 1)]
    assert answer.owed == {2: 1}


def test_an_order_that_must_be_complete_gets_all_or_nothing() -> None:
    short = answer_for(wanting(2), a_source(1, 1), complete=True)
    assert (short.shares, short.owed, short.reason) == ((), {100: 2}, "ship-complete-waits")
    assert [(one.code, one.units, one.chosen) for one in short.considered] == [("W1", 1, False)]
    assert senders(answer_for(wanting(2), a_source(1, 1), a_source(2, 1), complete=True)) == [1, 2]


def test_a_balance_below_zero_counts_as_nothing() -> None:
    answer = answer_for(wanting(2), a_source(1, -5), a_source(2, 1))
    assert senders(answer) == [2]
    assert answer.owed == {100: 1}


def test_thirty_warehouses_are_searched_exactly() -> None:
    sources = [a_source(n, *(1 if p in (n % 7, n % 5) else 0 for p in range(7))) for n in range(30)]
    answer = answer_for(wanting(*[1] * 7), *sources)
    assert answer.reason == "fewest-shipments"
    assert len(senders(answer)) == 4


def test_a_search_that_takes_too_long_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "MOST_STEPS", 3)
    sources = [a_source(n, *(int(p == n) for p in range(6))) for n in range(6)]
    sources += [a_source(10, 1, 1, 1, 0, 0, 0, rank=9)]
    answer = answer_for(wanting(*[1] * 6), *sources)
    assert answer.reason == "nearly-fewest-shipments"
    assert answer.owed == {}
    assert len(senders(answer)) == 4


units = st.integers(0, 4)
warehouses = st.lists(
    st.tuples(st.lists(units, min_size=3, max_size=3), st.integers(0, 2)), min_size=0, max_size=6
)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    warehouses,
    st.sampled_from(RULES),
    st.booleans(),
)
def test_an_allocation_serves_the_most_from_the_fewest_and_never_more_than_there_is(
    demand: list[int], stock: list[tuple[list[int], int]], rule: str, complete: bool
) -> None:
    sources = [a_source(n, *units, rank=rank) for n, (units, rank) in enumerate(stock)]
    answer = answer_for(wanting(*demand), *sources, rule=rule, complete=complete)

    def served_by(chosen: tuple[Source, ...]) -> int:
        return sum(min(q, sum(s.available[p] for s in chosen)) for p, q in enumerate(demand))

    most = served_by(tuple(sources))
    if complete and most < sum(demand):
        most = 0
    given_units: dict[tuple[int, int], int] = {}
    for share in answer.shares:
        key = (share.warehouse_id, share.product_id)
        given_units[key] = given_units.get(key, 0) + share.quantity
    assert all(q <= sources[w].available[p] for (w, p), q in given_units.items())
    assert sum(given_units.values()) == most
    assert sum(given_units.values()) + sum(answer.owed.values()) == sum(demand)
    fewest = next(
        size
        for size in range(len(sources) + 1)
        if any(served_by(chosen) >= most for chosen in combinations(sources, size))
    )
    assert len(senders(answer)) == fewest
    assert answer == answer_for(wanting(*demand), *reversed(sources), rule=rule, complete=complete)


# --- bins ----------------------------------------------------------------------------------


def a_bin(number: int, free: int, *, lot: str = "", expires_on: date | None = None) -> BinStock:
    return BinStock(number, f"B{number}", lot, free, expires_on)


def test_what_expires_first_leaves_first() -> None:
    early, late = date(2026, 4, 1), date(2026, 5, 1)
    stock = [a_bin(1, 9, lot="L", expires_on=late), a_bin(2, 2, lot="E", expires_on=early)]
    assert choose_bins(3, stock, today=TODAY) == (Take(2, "E", 2), Take(1, "L", 1))


def test_what_expires_today_is_good_and_what_expired_is_not_taken() -> None:
    yesterday = date(2026, 3, 3)
    stock = [a_bin(1, 5, lot="X", expires_on=yesterday), a_bin(2, 1, lot="T", expires_on=TODAY)]
    assert choose_bins(3, stock, today=TODAY) == (Take(2, "T", 1),)


def test_one_bin_that_holds_everything_is_better_than_two() -> None:
    stock = [a_bin(1, 2), a_bin(2, 9), a_bin(3, 4)]
    assert choose_bins(3, stock, today=TODAY) == (Take(3, "", 3),)


@given(st.integers(0, 12), st.lists(units, max_size=6))
def test_bins_are_as_few_as_can_be_and_never_overdrawn(quantity: int, free: list[int]) -> None:
    stock = [a_bin(number, units) for number, units in enumerate(free)]
    takes = choose_bins(quantity, stock, today=TODAY)
    assert all(0 < take.quantity <= free[take.location_id] for take in takes)
    assert len({take.location_id for take in takes}) == len(takes)
    reachable = min(quantity, sum(free))
    assert sum(take.quantity for take in takes) == reachable
    fewest = next(
        size for size in range(len(free) + 1) if sum(sorted(free, reverse=True)[:size]) >= reachable
    )
    assert len(takes) == fewest
