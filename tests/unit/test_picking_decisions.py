"""What a scan means to a picker: the pure function, without any database."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fulfillment.domain import pick_walk, picking, tasks
from fulfillment.domain.barcodes import Command, Own, OwnScan, ProductScan, SsccScan, Unreadable
from fulfillment.domain.pick_walk import (
    Cut,
    CutShort,
    Decision,
    Drop,
    Dropped,
    Feed,
    PickState,
    Put,
    SeenItem,
    SeenPart,
    SeenPut,
    SeenTote,
    Share,
    Stop,
    Take,
    UndoPut,
)
from fulfillment.domain.picking import FreeStock, after, decide, replace_missing
from fulfillment.domain.values import SHORT_REASONS, Accepted, Refused

ME = 7
TODAY = date(2026, 3, 4)


def a_feed(number: int, quantity: int, **values: object) -> Feed:
    return Feed(
        id=number,
        shipment_id=100 + number,
        shipment_line_id=200 + number,
        shipment_number=f"O{number}-1",
        position=number,
        quantity=quantity,
        **values,  # type: ignore[arg-type]  # test shorthand
    )


def a_stop(*feeds: Feed, number: int = 1, **values: object) -> Stop:
    fields = {
        "id": number,
        "sequence": number,
        "location_id": 10 + number,
        "location_code": f"BIN-{number}",
        "product_id": number,
        "seller_id": 1,
        "sku": f"SKU-{number}",
        "name": "Product",
        "tracking": "none",
        "lot": "",
        "expires_on": None,
        "feeds": feeds,
    }
    return Stop(**(fields | values))  # type: ignore[arg-type]  # test shorthand


def a_state(*stops: Stop, **values: object) -> PickState:
    fields = {
        "list_id": 1,
        "number": "L1",
        "state": "claimed",
        "warehouse_id": 1,
        "picker_id": ME,
        "picker_name": "Me",
        "confirmation": "quantity",
        "today": TODAY,
        "stops_open": len(stops),
        "stop": stops[0] if stops else None,
        "next_stop": stops[1] if len(stops) > 1 else None,
        "bin_scanned": True,
    }
    return PickState(**(fields | values))  # type: ignore[arg-type]  # test shorthand


ITEM = SeenItem(1, "SKU-1")
TOTE = SeenTote(50, "T1")


def scan_item(state: PickState, seen: SeenItem | None = ITEM, **scan: object) -> Decision:
    return decide(state, ProductScan("SKU-1", **scan), seen, picker_id=ME)  # type: ignore[arg-type]  # test shorthand


def scan_tote(state: PickState, seen: SeenTote | None = TOTE) -> Decision:
    return decide(state, OwnScan(Own.TOTE, seen.code if seen else "T?"), seen, picker_id=ME)


def command(state: PickState, word: Command, seen: SeenPut | None = None) -> Decision:
    return decide(state, OwnScan(Own.COMMAND, word), seen, picker_id=ME)


def test_one_scan_confirms_the_quantity_of_the_feed() -> None:
    decision = scan_item(a_state(a_stop(a_feed(1, 5))))
    assert decision.effect == Take(1, 5)


def test_by_piece_every_scan_counts_what_its_barcode_stands_for() -> None:
    state = a_state(a_stop(a_feed(1, 17)), confirmation="piece")
    first = scan_item(state, SeenItem(1, "SKU-1", 12))
    assert first.effect == Take(1, 12)
    state = after(state, first.effect) or state
    assert state.awaits == "item"
    refused = scan_item(state, SeenItem(1, "SKU-1", 12)).verdict
    assert refused == Refused("case-too-big", {"sku": "SKU-1", "case": 12, "wanted": 5})
    assert scan_item(state).effect == Take(1, 13)


def test_the_first_tote_of_an_order_is_bound_and_the_next_feed_follows() -> None:
    state = a_state(a_stop(a_feed(1, 5), a_feed(2, 1)), in_hand=5, in_hand_feed_id=1)
    decision = scan_tote(state)
    assert isinstance(decision.effect, Put)
    assert decision.effect.binds
    following = after(state, decision.effect)
    assert following is not None
    assert following.feed is not None
    assert (following.feed.id, following.in_hand, following.awaits) == (2, 0, "item")


def test_the_tote_that_is_bound_is_awaited_at_the_next_stop_too() -> None:
    one, other = a_feed(1, 1), replace(a_feed(1, 2), id=9)
    state = a_state(a_stop(one), a_stop(other, number=2), in_hand=1, in_hand_feed_id=1)
    following = after(state, scan_tote(state).effect)
    assert following is not None
    assert following.stop is not None
    assert (following.stop.id, following.bin_scanned, following.stops_open) == (2, False, 1)
    assert following.stop.feeds[0].tote == "T1"


def test_the_last_put_ends_the_list() -> None:
    state = a_state(a_stop(a_feed(1, 1)), in_hand=1, in_hand_feed_id=1)
    decision = scan_tote(state)
    assert (decision.verdict.code, decision.verdict.tone) == ("put-last", "complete")
    done = after(state, decision.effect)
    assert done is not None
    assert (done.state, done.stop, done.stops_open) == ("done", None, 0)


@pytest.mark.parametrize(
    ("tote", "code"),
    [
        (replace(TOTE, owner_id=999, owner="O9-1"), "tote-of-another"),
        (replace(TOTE, owner_id=101, pick_list_id=1, is_full=True), "tote-is-full"),
        (replace(TOTE, owner_id=101, pick_list_id=2), "tote-taken"),
        (replace(TOTE, holds_goods=True), "tote-not-empty"),
        (None, "unknown-tote"),
    ],
)
def test_a_wrong_tote_is_refused(tote: SeenTote | None, code: str) -> None:
    state = a_state(a_stop(a_feed(1, 1)), in_hand=1, in_hand_feed_id=1)
    assert scan_tote(state, tote).verdict.code == code


def test_another_tote_than_the_order_s_own_is_refused() -> None:
    state = a_state(a_stop(a_feed(1, 1, tote="T9")), in_hand=1, in_hand_feed_id=1)
    assert scan_tote(state).verdict == Refused("wrong-tote", {"tote": "T1", "expected": "T9"})


def test_a_list_of_somebody_else_or_of_nobody_takes_no_scan() -> None:
    stop = a_stop(a_feed(1, 1))
    theirs = a_state(stop, picker_id=8, picker_name="Them")
    assert scan_item(theirs).verdict.fields == {"list": "L1", "holder": "Them"}
    assert scan_item(a_state(stop, state="open")).verdict.code == "list-not-claimed"
    assert scan_item(a_state(stop, state="cancelled")).verdict.code == "list-done"
    assert scan_item(a_state()).verdict.code == "list-done"


def test_a_cancelled_order_stops_any_scan_before_anything_else() -> None:
    gone = Dropped(101, "O1-1", 1, ("T1",))
    decision = scan_item(a_state(a_stop(a_feed(2, 1)), cancelled=(gone,)))
    assert decision.verdict == Refused(
        "order-cancelled", {"shipment": "O1-1", "position": 1, "totes": ["T1"]}
    )
    assert decision.effect == pick_walk.Drop((101,))


def test_a_list_that_ended_by_a_cancellation_tells_its_own_picker_of_it() -> None:
    gone = Dropped(101, "O1-1", 1, ("T1",))
    ended = a_state(state="done", cancelled=(gone,))
    assert scan_item(ended).verdict.code == "order-cancelled"
    theirs = a_state(state="done", cancelled=(gone,), picker_id=8)
    assert scan_item(theirs).verdict.code == "list-done"


def test_the_day_of_expiry_itself_is_still_sold() -> None:
    lot = {"tracking": "lot", "lot": "L1"}
    today = a_state(a_stop(a_feed(1, 1), expires_on=TODAY, **lot))
    assert scan_item(today).verdict.code == "item"
    over = a_state(a_stop(a_feed(1, 1), expires_on=date(2026, 3, 3), **lot))
    assert scan_item(over).verdict.code == "expired"
    assert scan_item(today, expires_on=date(2026, 3, 3)).verdict.code == "expired"
    assert scan_item(today, lot="L2").verdict.code == "wrong-lot"


@pytest.mark.parametrize(
    ("scan", "code"),
    [
        (Unreadable("empty"), "unreadable"),
        (SsccScan("0" * 18), "not-for-picking"),
        (OwnScan(Own.BADGE, "X"), "not-for-picking"),
        (OwnScan(Own.COMMAND, "DANCE"), "not-for-picking"),
        (OwnScan(Own.COMMAND, Command.CONFIRM), "not-for-picking"),
        (OwnScan(Own.QUANTITY, "X"), "unreadable"),
        (OwnScan(Own.QUANTITY, "2"), "item-first"),
        (OwnScan(Own.REASON, "EMPTY"), "short-first"),
    ],
)
def test_whatever_means_nothing_here_is_refused(scan: object, code: str) -> None:
    state = a_state(a_stop(a_feed(1, 1)))
    assert decide(state, scan, None, picker_id=ME).verdict.code == code  # type: ignore[arg-type]  # any scan


def test_a_put_cannot_be_undone_once_its_order_is_packed() -> None:
    part = SeenPart(1, 101, "O1-1", "packing", 201, 1)
    put = SeenPut(1, "s", 1, 1, "SKU-1", "", 11, "B", 50, "T", (part,))
    picked = replace(put, parts=(replace(part, shipment_state="picked"),))
    state = a_state(a_stop(a_feed(1, 1)))
    assert command(state, Command.UNDO, put).verdict.code == "undo-too-late"
    assert command(state, Command.UNDO).verdict.code == "nothing-to-undo"
    assert command(state, Command.UNDO, picked).effect == UndoPut(picked)


def test_what_was_found_goes_to_the_feed_in_hand_first() -> None:
    state = a_state(
        a_stop(a_feed(1, 2), a_feed(2, 3)),
        in_hand=3,
        in_hand_feed_id=2,
        short_asked=True,
        short_found=4,
    )
    effect = decide(state, OwnScan(Own.REASON, "EMPTY"), picker_id=ME).effect
    assert effect == CutShort("empty", (Cut(a_feed(1, 2), 1),), in_hand=3)


@pytest.mark.parametrize("reason", SHORT_REASONS)
def test_every_reason_of_the_list_is_taken(reason: str) -> None:
    state = a_state(a_stop(a_feed(1, 2)), short_asked=True)
    effect = decide(state, OwnScan(Own.REASON, reason.upper()), picker_id=ME).effect
    assert isinstance(effect, CutShort)
    assert (effect.reason, effect.missing) == (reason, 2)


def test_while_a_reason_is_awaited_only_short_scans_count() -> None:
    state = a_state(a_stop(a_feed(1, 2)), short_asked=True)
    assert scan_item(state).verdict.code == "reason-needed"
    assert command(state, Command.SKIP).verdict.code == "reason-needed"
    assert isinstance(command(state, Command.UNDO).verdict, Accepted)


def test_missing_units_come_from_the_lot_that_expires_first_then_from_the_fullest_bin() -> None:
    cuts = (Cut(a_feed(1, 5), 4), Cut(a_feed(2, 5), 3))
    stock = [
        FreeStock(1, "B1", "", 2, None),
        FreeStock(2, "B2", "", 5, None),
        FreeStock(3, "B3", "L", 1, date(2026, 6, 1)),
        FreeStock(4, "B4", "X", 9, date(2026, 3, 3)),
    ]
    found = replace_missing(cuts, stock, most=6, today=TODAY)
    assert [(r.cut.feed.id, r.stock.location_code, r.quantity) for r in found] == [
        (1, "B3", 1),
        (1, "B2", 3),
        (2, "B2", 2),
    ]


@pytest.mark.parametrize("module", [picking, tasks])
def test_every_code_of_the_tables_is_used_and_every_used_code_is_in_them(module: object) -> None:
    source = Path(module.__file__ or "").read_text(encoding="utf-8")  # type: ignore[attr-defined]  # a module
    used = {
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("refuse", "accept", "_refuse", "_accept")
        and isinstance(node.args[0], ast.Constant)
    }
    tables = set(module.REFUSALS) | set(module.ACCEPTANCES)  # type: ignore[attr-defined]  # a module
    # Four answers are chosen between in an expression, two are passed on by a name.
    named = {"put", "put-last", "batch-put", "batch-put-last", "source", "counting"}
    assert used - tables == set()
    assert tables - used <= named


# --- batches -------------------------------------------------------------------------------


def a_batch_state(*stops: Stop, **values: object) -> PickState:
    return a_state(*stops, method="batch", **values)


def test_the_item_of_a_batch_stands_for_what_all_its_orders_want() -> None:
    state = a_batch_state(a_stop(a_feed(1, 2), a_feed(2, 3)))
    decision = scan_item(state)
    assert decision.effect == Take(1, 5)
    held = after(state, decision.effect)
    assert held is not None
    assert (held.awaits, held.next_step) == ("tote", "batch-tote")


def test_a_put_of_a_batch_is_shared_out_in_the_order_of_urgency() -> None:
    first, second = a_feed(1, 2), a_feed(2, 3)
    state = a_batch_state(a_stop(first, second), in_hand=4, in_hand_feed_id=1)
    decision = scan_tote(state)
    assert decision.verdict.code == "batch-put"
    assert decision.effect == Put((Share(first, 2), Share(second, 2)), TOTE, binds=True)
    left = after(state, decision.effect)
    assert left is not None
    assert left.stop is not None
    assert (left.stop.wanted, left.stop.feeds[0].tote, left.in_hand) == (1, "T1", 0)


@pytest.mark.parametrize(
    ("tote", "code"),
    [
        (SeenTote(50, "T1", owner_id=101, owner="O1-1", pick_list_id=1), "tote-of-another"),
        (SeenTote(50, "T1", batch="L9", pick_list_id=9), "tote-of-another"),
        (SeenTote(50, "T1", batch="L1", pick_list_id=1, is_full=True), "tote-is-full"),
        (SeenTote(51, "T2", batch="L1", pick_list_id=1), "wrong-tote"),
        (SeenTote(50, "T1", holds_goods=True), "tote-not-empty"),
        (SeenTote(50, "T1", batch="L1", pick_list_id=1, holds_goods=True), "batch-put-last"),
    ],
)
def test_a_batch_goes_into_its_own_open_tote_only(tote: SeenTote, code: str) -> None:
    state = a_batch_state(a_stop(a_feed(1, 2, tote="T1")), in_hand=2, in_hand_feed_id=1)
    assert scan_tote(state, tote).verdict.code == code


def test_an_order_is_not_put_into_a_batch_tote() -> None:
    state = a_state(a_stop(a_feed(1, 2)), in_hand=2, in_hand_feed_id=1)
    refused = scan_tote(state, SeenTote(50, "T1", batch="L9", pick_list_id=9)).verdict
    assert (refused.code, refused.fields["owner"]) == ("tote-of-another", "L9")


def test_a_cancelled_order_of_a_batch_sends_back_what_is_too_many() -> None:
    dropped = (Dropped(102, "O2-1", 2, ()), Dropped(103, "O3-1", 3, ()))
    state = a_batch_state(a_stop(a_feed(1, 2)), in_hand=5, in_hand_feed_id=1, cancelled=dropped)
    told = scan_item(state)
    assert told.effect == Drop((102, 103))
    assert told.verdict.fields == {"shipment": "O2-1, O3-1", "in_hand": 5}
    fits = replace(state, in_hand=2)
    assert scan_item(fits).verdict.fields["in_hand"] == 0


def test_a_short_batch_leaves_the_least_urgent_without() -> None:
    state = a_batch_state(
        a_stop(a_feed(1, 2), a_feed(2, 3)),
        in_hand=5,
        in_hand_feed_id=2,
        short_asked=True,
        short_found=4,
    )
    effect = decide(state, OwnScan(Own.REASON, "EMPTY"), picker_id=ME).effect
    assert effect == CutShort("empty", (Cut(a_feed(2, 3), 1),), in_hand=4)
