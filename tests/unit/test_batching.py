"""Orders go onto carts within every limit, once each, and walk as little as can be."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment.domain.batching import BatchOrder, CartLimits, batches, inner, plan_batches
from fulfillment.domain.batching.choice import Choice
from fulfillment.domain.batching.partition import best_of_all
from fulfillment.domain.batching.savings import by_savings, first_come_first_served
from fulfillment.domain.batching.walks import Walks
from fulfillment.domain.routing import Direction, Layout, LayoutError, Place, Proof, plan

ROOT = Path(__file__).resolve().parents[2]
TEN_AISLES = Layout(tuple(5.0 * aisle for aisle in range(10)), (0.0, 46.0))
DEPOT = TEN_AISLES.crossing(0, 0)


def frozen_clock() -> float:
    return 0.0


def random_orders(seed: int, count: int, *, layout: Layout = TEN_AISLES) -> list[BatchOrder]:
    rng = random.Random(seed)
    aisles, length = len(layout.aisle_x), int(layout.cross_y[-1])
    return [
        BatchOrder(
            tuple(
                (rng.randrange(aisles), float(rng.randint(0, length)))
                for _ in range(rng.randint(1, 9))
            ),
            totes=rng.randint(1, 2),
            volume_ml=rng.randint(0, 4000),
            weight_grams=rng.randint(0, 9000),
            due_minute=rng.choice([0, 60, 240]),
            priority=rng.randint(0, 2),
        )
        for _ in range(count)
    ]


def all_batchings(orders: int) -> Iterator[list[tuple[int, ...]]]:
    """Every way to put numbered orders onto carts."""
    if orders == 0:
        yield []
        return
    last = orders - 1
    for smaller in all_batchings(last):
        yield [*smaller, (last,)]
        for index, batch in enumerate(smaller):
            yield [*smaller[:index], (*batch, last), *smaller[index + 1 :]]


def test_a_few_orders_are_batched_as_well_as_any_batching() -> None:
    limits = CartLimits(lines=14, totes=4)
    for seed in range(4):
        orders = random_orders(seed, 6)
        known: dict[tuple[int, ...], float] = {}

        def metres(
            batch: tuple[int, ...],
            orders: list[BatchOrder] = orders,
            known: dict[tuple[int, ...], float] = known,
        ) -> float:
            if batch not in known:
                places = [place for index in batch for place in orders[index].places]
                known[batch] = plan(TEN_AISLES, places, start=DEPOT).length_metres
            return known[batch]

        expected = min(
            sum(map(metres, batching))
            for batching in all_batchings(6)
            if all(limits.allow([orders[index] for index in batch]) for batch in batching)
        )
        found = plan_batches(TEN_AISLES, orders, limits, DEPOT)
        assert found.proof is Proof.OPTIMAL
        assert found.total_metres == pytest.approx(expected)


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_a_batch_is_as_long_as_the_planned_walk(blocks: int) -> None:
    rng = random.Random(blocks)
    for seed in range(12):
        cross_y = tuple(12.0 * cross for cross in range(blocks + 1))
        layout = Layout(tuple(4.0 * aisle for aisle in range(rng.randint(1, 7))), cross_y)
        orders = random_orders(seed, 4, layout=layout)
        depot = layout.crossing(rng.randrange(len(layout.aisle_x)), rng.randrange(blocks + 1))
        walks = Walks(layout, orders, CartLimits(), depot)
        places = [place for order in orders[1:] for place in order.places]
        planned = plan(layout, places, start=depot)
        assert walks.metres((1, 2, 3)) == pytest.approx(planned.length_metres)


def test_improved_batches_hold_every_order_once_and_break_no_limit() -> None:
    limits = CartLimits(
        lines=20,
        totes=5,
        volume_ml=9000,
        weight_grams=20_000,
        due_spread_minutes=60,
        priority_spread=1,
    )
    orders = random_orders(3, 40)
    found = plan_batches(TEN_AISLES, orders, limits, DEPOT, moves=20_000, clock=frozen_clock)
    assert sorted(index for batch in found.batches for index in batch) == list(range(40))
    assert found.oversized == ()
    for batch in found.batches:
        chosen = [orders[index] for index in batch]
        assert sum(order.line_count for order in chosen) <= 20
        assert sum(order.totes for order in chosen) <= 5
        assert sum(order.volume_ml for order in chosen) <= 9000
        assert sum(order.weight_grams for order in chosen) <= 20_000
        assert max(o.due_minute for o in chosen) - min(o.due_minute for o in chosen) <= 60
        assert max(o.priority for o in chosen) - min(o.priority for o in chosen) <= 1


def test_the_most_urgent_batch_comes_first() -> None:
    orders = random_orders(5, 30)
    limits = CartLimits(totes=4, priority_spread=0, due_spread_minutes=0)
    found = plan_batches(TEN_AISLES, orders, limits, DEPOT, moves=1000, clock=frozen_clock)
    urgency = [(-orders[batch[0]].priority, orders[batch[0]].due_minute) for batch in found.batches]
    assert urgency == sorted(urgency)


def test_improvement_beats_savings_and_savings_beat_first_come_first_served() -> None:
    orders = random_orders(8, 40)
    limits = CartLimits(lines=25)
    walks = Walks(TEN_AISLES, orders, limits, DEPOT)
    served, saved = (
        sum(map(walks.metres, batching))
        for batching in (
            first_come_first_served(orders, limits),
            by_savings(orders, limits, walks) or [],
        )
    )
    found = plan_batches(TEN_AISLES, orders, limits, DEPOT, moves=40_000, clock=frozen_clock)
    assert found.proof is Proof.NOT_PROVEN
    assert found.total_metres < saved < served


def test_equal_waves_get_equal_batches() -> None:
    orders = random_orders(11, 30)
    first, second = (
        plan_batches(
            TEN_AISLES, orders, CartLimits(lines=25), DEPOT, moves=8000, clock=frozen_clock
        )
        for _ in range(2)
    )
    assert first == second


def test_a_budget_that_is_over_at_once_still_gives_the_savings_batching() -> None:
    orders = random_orders(12, 30)
    limits = CartLimits(lines=25)
    found = plan_batches(TEN_AISLES, orders, limits, DEPOT, budget_seconds=0.0)
    walks = Walks(TEN_AISLES, orders, limits, DEPOT)
    assert sorted(found.batches) == by_savings(orders, limits, walks)


def test_where_savings_take_too_long_orders_go_onto_carts_as_they_come() -> None:
    orders = random_orders(13, 30)
    limits = CartLimits(lines=25)
    ticks = itertools.count(step=1000)
    found = plan_batches(
        TEN_AISLES, orders, limits, DEPOT, budget_seconds=1.0, clock=lambda: float(next(ticks))
    )
    walks = Walks(TEN_AISLES, orders, limits, DEPOT)
    served = first_come_first_served(orders, limits)
    assert sorted(index for batch in found.batches for index in batch) == list(range(30))
    assert found.total_metres <= sum(map(walks.metres, served))


def test_without_the_compiler_the_same_batches_come_out() -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from tests.unit.test_batching import *\n"
        "from fulfillment.domain.batching import inner\n"
        "assert not inner.IS_COMPILED\n"
        "print(small_wave())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert answer.stdout.strip() == str(small_wave())


def small_wave() -> tuple[tuple[int, ...], ...]:
    found = plan_batches(
        TEN_AISLES,
        random_orders(21, 20),
        CartLimits(lines=25, due_spread_minutes=120),
        DEPOT,
        moves=800,
        clock=frozen_clock,
    )
    return found.batches


def test_a_process_that_does_not_batch_does_not_load_the_compiler() -> None:
    code = (
        "import sys; import fulfillment.domain.batching, fulfillment.domain.routing\n"
        "print([name for name in ('numba', 'numpy', 'fast_tsp') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert answer.stdout.strip() == "[]"


def test_an_order_that_no_cart_can_take_is_a_batch_of_its_own_and_named() -> None:
    orders = [BatchOrder(((0, 1.0),) * 3), BatchOrder(((0, 2.0),)), BatchOrder(((0, 3.0),))]
    found = plan_batches(TEN_AISLES, orders, CartLimits(lines=2), DEPOT)
    assert sorted(found.batches) == [(0,), (1, 2)]
    assert found.oversized == (0,)


@pytest.mark.parametrize(
    "narrow",
    [
        Layout(TEN_AISLES.aisle_x, TEN_AISLES.cross_y, no_turning=frozenset(range(10))),
        Layout(TEN_AISLES.aisle_x, TEN_AISLES.cross_y, (Direction.UP, Direction.DOWN) * 5),
    ],
)
def test_the_metres_of_batches_keep_to_one_way_aisles_and_narrow_ones(narrow: Layout) -> None:
    orders = random_orders(2, 16)
    limits = CartLimits(lines=20)
    found = plan_batches(narrow, orders, limits, DEPOT, moves=80, clock=frozen_clock)
    assert sorted(index for batch in found.batches for index in batch) == list(range(16))
    for batch, metres in zip(found.batches, found.batch_metres, strict=True):
        places = [place for index in batch for place in orders[index].places]
        assert plan(narrow, places, start=DEPOT).length_metres == pytest.approx(metres)


def test_the_plain_contract_takes_and_gives_plain_values() -> None:
    layout = {"aisles": 2, "aisle_x": [0, 5], "cross_y": [0, 30]}
    found = batches(layout, [[(0, 2.0)], [(1, 29.0)], [(0, 3.0)], [(1, 28.0)]], 2, (0, 0))
    assert found == [[0, 2], [1, 3]]


def test_no_orders_make_no_batches() -> None:
    assert batches(TEN_AISLES, [], 5, (0, 0)) == []


def test_a_wave_of_more_orders_than_a_group_is_planned_whole() -> None:
    orders = random_orders(30, 230)
    found = plan_batches(TEN_AISLES, orders, CartLimits(lines=40), DEPOT, moves=100)
    assert sorted(index for batch in found.batches for index in batch) == list(range(230))


def test_orders_without_places_need_no_walk() -> None:
    found = plan_batches(TEN_AISLES, [BatchOrder(())] * 20, CartLimits(totes=5), DEPOT, moves=100)
    assert found.total_metres == 0.0
    assert sorted(index for batch in found.batches for index in batch) == list(range(20))


def test_a_depot_away_from_the_crossings_is_refused() -> None:
    with pytest.raises(LayoutError) as refused:
        plan_batches(TEN_AISLES, [], CartLimits(), Place(0, 3.0))
    assert refused.value.code == "depot-not-at-a-crossing"


def test_a_pick_outside_the_layout_is_refused() -> None:
    with pytest.raises(LayoutError):
        batches(TEN_AISLES, [[(10, 1.0)]], 5, (0, 0))


def test_choosing_finds_the_best_batching_among_the_batches_given() -> None:
    rng = random.Random(6)
    for _ in range(40):
        given = {(order,): rng.uniform(5, 9) for order in range(6)}
        for _ in range(25):
            batch = tuple(sorted(rng.sample(range(6), rng.randint(2, 3))))
            given[batch] = rng.uniform(5, 14)
        totals = [
            sum(given[batch] for batch in batching)
            for batching in all_batchings(6)
            if all(batch in given for batch in batching)
        ]
        columns = inner.columns_of(list(given))
        for index, metres in enumerate(given.values()):
            columns.metres[index] = metres
        choice = Choice(columns, orders=6, rounds=1000)
        assert choice.bound <= min(totals) + 1e-6
        alone = sum(given[(order,)] for order in range(6))
        found, is_sure = choice.best(shorter_than=alone, steps=1000)
        shortest = alone if found is None else sum(given[batch] for batch in found)
        assert is_sure
        assert shortest == pytest.approx(min(totals))
        likely = choice.likely() or []
        assert sorted(order for batch in likely for order in batch) == list(range(6))
        assert sum(given[batch] for batch in likely) >= min(totals) - 1e-9
        assert choice.best(shorter_than=min(totals), steps=1000) == (None, True)


def test_a_choice_that_was_given_up_is_not_called_sure() -> None:
    columns = inner.columns_of([(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)])
    for index, metres in enumerate([4.0, 4.0, 4.0, 5.0, 5.0, 5.0]):
        columns.metres[index] = metres
    unpriced = Choice(columns, orders=3, rounds=0)
    assert unpriced.bound == 0.0
    assert unpriced.best(shorter_than=12.0, steps=1000) == (None, False)
    assert Choice(columns, orders=3, rounds=100).best(shorter_than=12.0, steps=1)[1] is False


def test_every_batch_that_the_limits_allow_is_listed_once() -> None:
    limits = CartLimits(lines=12, totes=4, due_spread_minutes=60, priority_spread=1)
    orders = random_orders(17, 9)
    wave = Walks(TEN_AISLES, orders, limits, DEPOT).wave
    columns = inner.single_orders(9, room=200)
    assert inner.list_batches(wave, columns, inner.filled(0, wave.sums), inner.filled(0, 9))
    listed = [
        tuple(columns.member[columns.first[index] : columns.first[index + 1]])
        for index in range(columns.count[0])
    ]
    allowed = [
        batch
        for size in range(1, 10)
        for batch in itertools.combinations(range(9), size)
        if size == 1 or limits.allow([orders[index] for index in batch])
    ]
    assert sorted(listed) == sorted(allowed)
    assert len(allowed) > 15
    crowded = inner.single_orders(9, room=5)
    assert not inner.list_batches(wave, crowded, inner.filled(0, wave.sums), inner.filled(0, 9))


@pytest.mark.parametrize("seed", range(4))
def test_a_wave_with_few_possible_batches_is_proven(seed: int) -> None:
    orders = random_orders(seed, 13)
    limits = CartLimits(lines=14, totes=4)
    walks = Walks(TEN_AISLES, orders, limits, DEPOT)
    optimum = sum(map(walks.metres, best_of_all(orders, limits, walks)))
    found = plan_batches(TEN_AISLES, orders, limits, DEPOT, moves=20_000, clock=frozen_clock)
    assert found.proof is Proof.OPTIMAL
    assert found.total_metres == pytest.approx(optimum)
