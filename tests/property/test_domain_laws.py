"""Laws of the pure rules: they hold for whatever comes in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import ean

from fulfillment.domain.allocation import RULES, BinStock, Source, Wanted, allocate, choose_bins
from fulfillment.domain.barcodes import (
    Own,
    OwnScan,
    ProductScan,
    SsccScan,
    gtin_is_valid,
    own_code,
    parcel_sscc,
    parse,
    product_code,
    sscc,
)
from fulfillment.domain.cutoffs import Departure, next_cut_off
from fulfillment.domain.errors import IllegalEvent
from fulfillment.domain.packing import (
    CartonType,
    Held,
    Item,
    Packed,
    PackLine,
    Piece,
    judge_item,
    suggest_carton,
    transfers,
    with_counts,
)
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.states import MACHINES, Machine
from fulfillment.domain.tasks import TaskState, settle
from fulfillment.domain.values import Accepted, Place

TODAY = date(2026, 3, 4)
products = st.integers(1, 3)
units = st.integers(0, 9)
some = st.integers(1, 9)


# --- allocation ------------------------------------------------------------------------------

wanted_lines = st.lists(st.tuples(products, some), min_size=1, max_size=4).map(
    lambda lines: [Wanted(key, product, count) for key, (product, count) in enumerate(lines)]
)
sources = st.lists(st.dictionaries(products, units), max_size=4).map(
    lambda stocks: [
        Source(key, f"W{key}", stock, rank=key % 2) for key, stock in enumerate(stocks, start=1)
    ]
)


@given(wanted_lines, sources, st.sampled_from(RULES), st.booleans())
def test_allocation_conserves_units_and_never_oversells(
    wanted: list[Wanted], stock: list[Source], rule: str, ship_complete: bool
) -> None:
    answer = allocate(wanted, stock, rule=rule, ship_complete=ship_complete)
    for line in wanted:
        given_out = sum(s.quantity for s in answer.shares if s.order_line_id == line.order_line_id)
        assert given_out + answer.owed.get(line.order_line_id, 0) == line.quantity
    taken: Counter[tuple[int, int]] = Counter()
    for share in answer.shares:
        assert share.quantity > 0
        taken[share.warehouse_id, share.product_id] += share.quantity
    for source in stock:
        for product in (1, 2, 3):
            assert taken[source.warehouse_id, product] <= source.available.get(product, 0)
    if ship_complete:
        assert not (answer.shares and any(answer.owed.values()))
    else:
        for product in (1, 2, 3):
            demand = sum(line.quantity for line in wanted if line.product_id == product)
            there = sum(source.available.get(product, 0) for source in stock)
            served = sum(count for (_, of), count in taken.items() if of == product)
            assert served == min(demand, there), "what can be served is served"


@given(wanted_lines, sources, st.sampled_from(RULES))
def test_no_smaller_set_of_warehouses_would_have_served_as_much(
    wanted: list[Wanted], stock: list[Source], rule: str
) -> None:
    answer = allocate(wanted, stock, rule=rule, ship_complete=False)
    chosen = {share.warehouse_id for share in answer.shares}
    served = sum(share.quantity for share in answer.shares)
    for left_out in chosen:
        fewer = [s for s in stock if s.warehouse_id in chosen - {left_out}]
        again = allocate(wanted, fewer, rule=rule, ship_complete=False)
        assert sum(share.quantity for share in again.shares) < served


days = st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3))
shelves = st.lists(st.tuples(units, days), max_size=6).map(
    lambda rows: [BinStock(key, f"B{key}", "", free, day) for key, (free, day) in enumerate(rows)]
)


@given(some, shelves)
def test_bins_give_what_is_there_and_fresh_first_expired_first(
    quantity: int, stock: list[BinStock]
) -> None:
    takes = choose_bins(quantity, stock, today=TODAY)
    by_place = {row.location_id: row for row in stock}
    assert len({take.location_id for take in takes}) == len(takes)
    assert all(0 < take.quantity <= by_place[take.location_id].free for take in takes)
    fresh = [row for row in stock if row.expires_on is None or row.expires_on >= TODAY]
    assert sum(take.quantity for take in takes) == min(quantity, sum(row.free for row in fresh))
    assert {take.location_id for take in takes} <= {row.location_id for row in fresh}
    expiries = [by_place[take.location_id].expires_on or date.max for take in takes]
    assert expiries == sorted(expiries)


# --- barcodes --------------------------------------------------------------------------------

payloads = st.from_regex(r"[A-Z0-9]([A-Z0-9-]{0,20}[A-Z0-9])?", fullmatch=True)


@given(st.sampled_from(Own), payloads, st.sampled_from(("", " ", "\r\n")), st.booleans())
def test_what_is_printed_is_what_is_read(
    kind: Own, payload: str, ending: str, small_letters: bool
) -> None:
    text = own_code(kind, payload)
    assert parse((text.lower() if small_letters else text) + ending) == OwnScan(kind, payload)


@given(st.sampled_from(Own), payloads, st.data())
def test_one_wrong_character_is_never_another_barcode_of_ours(
    kind: Own, payload: str, data: st.DataObject
) -> None:
    text = own_code(kind, payload)
    places = [place for place, letter in enumerate(text) if letter != "-"]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
    assume(other != text[place])
    assert not isinstance(parse(text[:place] + other + text[place + 1 :]), OwnScan)


def with_check(body: str) -> str:
    return body + str(ean.calc_check_digit(body))


@given(st.integers(0, 99_999_999_999))
def test_every_form_of_a_gtin_is_one_product(body: int) -> None:
    upc = with_check(f"{body:011d}")
    forms = {upc, f"0{upc}", f"00{upc}", f"]C101{upc:0>14}", f"01{upc:0>14}"}
    codes = {scan.code for text in forms if isinstance(scan := parse(text), ProductScan)}
    assert codes == {f"00{upc}"} == {product_code(upc)}


@given(st.from_regex(r"[0-9]{7,10}", fullmatch=True), st.integers(0, 10**6 - 1))
def test_an_sscc_has_18_digits_a_right_check_and_reads_back(prefix: str, serial: int) -> None:
    code = sscc(prefix, serial)
    assert len(code) == 18
    assert gtin_is_valid(code)
    assert parse(code) == parse(f"]C100{code}") == SsccScan(code)
    assert sscc(prefix, serial + 1) != code


_parcels = st.tuples(st.integers(1, 99_999), st.integers(1, 999))


@given(_parcels, _parcels)
def test_two_parcels_never_share_an_sscc(one: tuple[int, int], other: tuple[int, int]) -> None:
    codes = {
        parcel_sscc("123456789", shipment_id=shipment_id, sequence=sequence)
        for shipment_id, sequence in (one, other)
    }
    assert len(codes) == len({one, other})
    assert all(gtin_is_valid(code) for code in codes)


@given(st.text(max_size=150))
def test_whatever_is_scanned_is_answered(raw: str) -> None:
    assert parse(raw) == parse(raw)


# --- states ----------------------------------------------------------------------------------

machines = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


@machines
def test_every_state_is_reached_from_the_first(machine: Machine) -> None:
    reached, fresh = {machine.initial}, {machine.initial}
    while fresh:
        fresh = {row.target for row in machine.transitions if row.source in fresh} - reached
        reached |= fresh
    assert reached == set(machine.states)


@machines
def test_no_event_leads_out_of_the_table(machine: Machine) -> None:
    rows = {(row.source, row.event): row.target for row in machine.transitions}
    assert len(rows) == len(machine.transitions), "one target for a state and an event"
    for state in machine.states:
        for event in {row.event for row in machine.transitions} | {"no-such-event"}:
            if (state, event) in rows:
                assert machine.advance(state, event) == rows[state, event]
                assert state in machine.sources(event)
            else:
                with pytest.raises(IllegalEvent):
                    machine.advance(state, event)


# --- packing ---------------------------------------------------------------------------------

pack_lines = st.lists(st.tuples(products, some, units), min_size=1, max_size=4).map(
    lambda rows: [
        PackLine(key, product, f"P{product}", "", wanted, min(wanted, packed))
        for key, (product, wanted, packed) in enumerate(rows)
    ]
)


@given(pack_lines, products, some)
def test_an_item_counts_whole_or_not_at_all_and_never_too_many(
    lines: list[PackLine], product: int, count: int
) -> None:
    item = Item(product, f"P{product}", "", units=count)
    verdict, counts = judge_item(lines, item, today=TODAY, serials_in_boxes=frozenset())
    missing = sum(line.missing for line in lines if line.product_id == product)
    assert isinstance(verdict, Accepted) == (count <= missing)
    assert sum(one.units for one in counts) == (count if isinstance(verdict, Accepted) else 0)
    after = with_counts(lines, counts)
    assert all(0 <= line.packed <= line.quantity for line in after)
    assert [line for line in after if line.product_id != product] == [
        line for line in lines if line.product_id != product
    ]
    back = with_counts(after, [replace(one, units=-one.units) for one in counts])
    assert list(back) == lines


@given(st.data())
def test_transfers_bring_exactly_what_was_scanned_into_the_parcels(data: st.DataObject) -> None:
    totes = data.draw(st.dictionaries(st.tuples(st.integers(1, 4), products), some, min_size=1))
    held = [Held(place, product, "", count) for (place, product), count in totes.items()]
    packed: Counter[tuple[int, int]] = Counter()
    for one in held:
        for _ in range(one.quantity):
            packed[data.draw(st.integers(3, 6)), one.product_id] += 1
    moves = transfers(
        held, [Packed(parcel, product, "", count) for (parcel, product), count in packed.items()]
    )
    lies = Counter({(one.location_id, one.product_id): one.quantity for one in held})
    for move in moves:
        assert move.source_id != move.target_id
        lies[move.source_id, move.product_id] -= move.quantity
        assert lies[move.source_id, move.product_id] >= 0
    for move in moves:
        lies[move.target_id, move.product_id] += move.quantity
    assert +lies == +packed


@given(st.integers(1, 9))
def test_more_packed_than_picked_is_an_error(count: int) -> None:
    with pytest.raises(ValueError, match="more packed than picked"):
        transfers([Held(1, 1, "", count)], [Packed(2, 1, "", count + 1)])


sizes = st.tuples(*[st.integers(10, 600)] * 3)
cartons = st.lists(st.tuples(sizes, st.integers(100, 30_000)), max_size=4).map(
    lambda rows: [
        CartonType(key, f"C{key}", *size, tare_grams=50, most_grams=most)
        for key, (size, most) in enumerate(rows)
    ]
)
pieces = st.lists(
    st.builds(Piece, st.integers(1, 5), st.none() | st.integers(1, 5000), st.none() | sizes),
    max_size=4,
)


@given(pieces, cartons)
def test_the_suggested_carton_holds_the_goods_or_is_the_biggest(
    goods: list[Piece], there: list[CartonType]
) -> None:
    chosen = suggest_carton(goods, there)
    assert (chosen is None) == (not there)
    if chosen is None:
        return
    smaller = [one for one in there if one.volume_mm3 < chosen.volume_mm3]
    bulky = sum(
        p.count * p.sides_mm[0] * p.sides_mm[1] * p.sides_mm[2] for p in goods if p.sides_mm
    )
    heavy = sum(p.count * (p.weight_grams or 0) for p in goods)
    fits = bulky <= chosen.volume_mm3 and heavy <= chosen.most_grams
    assert fits or chosen.volume_mm3 == max(one.volume_mm3 for one in there)
    assert all(suggest_carton(goods, [one]) == one for one in smaller)


@given(st.integers(0, 10**6), st.integers(0, 50), st.integers(0, 5000))
def test_the_weight_tolerance_is_the_greater_of_both_and_grows_with_the_weight(
    expected: int, percent: int, grams: int
) -> None:
    policy = WarehousePolicy(weight_tolerance_percent=percent, weight_tolerance_grams=grams)
    allowed = policy.weight_allowed_grams(expected)
    assert allowed >= grams
    assert allowed * 100 >= expected * percent
    assert allowed == grams or (allowed - 1) * 100 < expected * percent
    assert policy.weight_allowed_grams(expected + 1) >= allowed


# --- counting --------------------------------------------------------------------------------

COUNT = TaskState(
    id=1,
    kind="count",
    state="open",
    warehouse_id=1,
    worker_id=None,
    worker_name="",
    place=Place(1, "bin", 1),
    place_code="B1",
    place_sscc="",
    suggested="",
    product_id=1,
    seller_id=1,
    sku="A",
    name="",
    tracking="none",
    lot="",
    quantity=0,
    done=0,
)


@given(units, units, units, units, units)
def test_a_count_is_booked_to_the_unit(
    missing: int, on_hand: int, counted: int, spare: int, sellable_left: int
) -> None:
    state = replace(COUNT, quantity=missing, on_hand=on_hand, counted=counted, spare=spare)
    plan = settle(state, sellable_left=sellable_left)
    booked = on_hand + plan.found + plan.surplus - plan.removed
    assert booked - plan.unexplained == counted
    assert plan.found + plan.lost == missing
    assert min(plan.found, plan.lost, plan.surplus, plan.removed, plan.unexplained) >= 0
    assert plan.removed <= min(spare, sellable_left)


# --- cut-offs --------------------------------------------------------------------------------

zones = st.sampled_from(("Europe/London", "Asia/Taipei", "America/New_York", "Australia/Lord_Howe"))
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001  # Hypothesis wants naive bounds and adds the zone
    datetime(2027, 12, 31),  # noqa: DTZ001  # the same
    timezones=st.just(UTC),
)
departures = st.lists(
    st.builds(Departure, st.times().map(lambda t: t.replace(second=0, microsecond=0)),
              st.frozensets(st.integers(0, 6))),
    max_size=3,
)  # fmt: skip
holidays = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5)


@given(moments, departures, zones, holidays)
def test_the_next_van_leaves_later_on_a_day_it_runs_and_no_earlier_one_is_missed(
    now: datetime, timetable: list[Departure], zone_name: str, closed: frozenset[date]
) -> None:
    zone = ZoneInfo(zone_name)
    found = next_cut_off(now, timetable, zone=zone, holidays=closed)
    runs = any(departure.weekdays for departure in timetable)
    assert (found is not None) == runs
    if found is None:
        return
    assert found > now
    local = found.astimezone(zone)
    assert local.date() not in closed
    assert any(local.weekday() in one.weekdays for one in timetable)
    earlier = next_cut_off(found - timedelta(microseconds=1), timetable, zone=zone, holidays=closed)
    assert earlier == found
    middle = now + (found - now) / 2
    assume(middle < found)
    assert next_cut_off(middle, timetable, zone=zone, holidays=closed) == found


def test_a_minute_that_the_clock_skips_is_a_van_an_hour_later() -> None:
    london = ZoneInfo("Europe/London")
    van = [Departure(time(1, 30), frozenset(range(7)))]
    found = next_cut_off(datetime(2026, 3, 28, 12, tzinfo=UTC), van, zone=london)
    assert found == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
