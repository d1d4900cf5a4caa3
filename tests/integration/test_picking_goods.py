"""Pieces, cases, lots and serial numbers; and what a scan costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, select

from fulfillment.domain.barcodes import Command, gtin_is_valid
from fulfillment.domain.picking import ACCEPTANCES, REFUSALS
from fulfillment.store.base import db
from fulfillment.store.catalog import Warehouse
from fulfillment.store.journal import ScanEvent
from fulfillment.store.stock import SerialUnit
from tests.support.picklists import Picker, check_books, claim, release
from tests.support.world import World, change, fetch

A1, A2, A3 = "W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"
GTIN = "05012345678900"
FNC1 = "\x1d"


def by_piece() -> None:
    change(Warehouse.__table__.update().values(policy={"pick_confirmation": "piece"}))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that is run inside the block, BEGIN and COMMIT not counted."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_the_gtin_of_these_tests_is_valid() -> None:
    assert gtin_is_valid(GTIN)


def test_where_pieces_are_counted_every_piece_is_scanned(world: World) -> None:
    by_piece()
    world.product("A", case=("CASE", 12))
    world.stock("A", 30)
    release(world, [{"A": 17}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    reply = picker.scan("CASE")
    assert (reply.view.in_hand, reply.view.awaits) == (12, "item")
    refused = picker.scan("CASE").verdict
    assert (refused.code, refused.fields) == ("case-too-big", {"sku": "A", "case": 12, "wanted": 5})
    assert picker.quantity(5).verdict.code == "scan-every-piece"
    for _ in range(5):
        reply = picker.scan("A")
    assert (reply.view.in_hand, reply.view.awaits) == (17, "tote")
    assert picker.scan("A").verdict.code == "too-many"
    assert picker.tote("W1T1").verdict.code == "put-last"
    check_books()


def test_pieces_in_hand_are_found_pieces_when_the_rest_is_short(world: World) -> None:
    by_piece()
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 5}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.scan("A")
    picker.scan("A")
    picker.command(Command.SHORT)
    assert picker.quantity(1).verdict.code == "fewer-than-in-hand"
    reply = picker.reason("empty")
    assert (reply.verdict.fields["missing"], reply.view.in_hand) == (3, 2)
    assert picker.tote("W1T1").verdict.code == "put-last"
    check_books()


def test_a_case_that_holds_more_than_is_wanted_is_refused_also_by_quantity(world: World) -> None:
    world.product("A", case=("CASE", 12))
    world.stock("A", 30)
    release(world, [{"A": 5}, {"A": 24}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    refused = picker.scan("CASE").verdict
    assert (refused.code, refused.fields) == ("case-too-big", {"sku": "A", "case": 12, "wanted": 5})
    picker.put("A", "W1T1")
    assert picker.scan("CASE").view.in_hand == 24


def test_the_lot_of_a_gs1_code_must_be_the_lot_of_the_stop(world: World) -> None:
    world.product("A", barcode=GTIN, tracking="lot", has_expiry=True)
    world.stock("A", 5, lot="L1", expires_on=date(2099, 12, 31))
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    refused = picker.scan(f"]C101{GTIN}10L2").verdict
    assert refused.code == "wrong-lot"
    assert refused.fields == {"scanned": "L2", "expected": "L1", "sku": "A"}
    refused = picker.scan(f"]C101{GTIN}1720010110L1").verdict
    assert refused.code == "expired"
    assert refused.fields["expires_on"] == "2020-01-01"
    assert picker.scan(f"]C101{GTIN}1749123110L1").verdict.code == "item"
    assert picker.tote("W1T1").verdict.code == "put-last"
    assert world.balance("W1T1", "A", "L1") == (2, 2, 0)
    check_books()


def test_a_lot_that_expired_in_the_bin_is_refused(world: World) -> None:
    world.product("A", tracking="lot", has_expiry=True)
    world.stock("A", 5, lot="L1", expires_on=date(2020, 1, 1))
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    refused = picker.scan("A").verdict
    assert (refused.code, refused.fields["lot"]) == ("expired", "L1")


def test_every_serial_is_scanned_and_travels_with_its_unit(world: World) -> None:
    world.product("A", barcode=GTIN, tracking="serial")
    world.stock("A", 3, serials=("S1", "S2", "S3"))
    world.stock("A", 1, serials=("S9",), bin_code=A2)
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    assert picker.scan(GTIN).verdict.code == "serial-needed"
    assert picker.scan(f"01{GTIN}21S9").verdict.code == "serial-not-here"
    assert picker.scan(f"01{GTIN}21NEW").verdict.code == "serial-not-here"
    reply = picker.scan(f"01{GTIN}21S2")
    assert (reply.view.in_hand_serials, reply.view.awaits) == (("S2",), "item")
    assert picker.scan("S2").verdict.code == "serial-in-hand"
    assert picker.scan("S3").view.awaits == "tote"
    assert picker.tote("W1T1").verdict.code == "put-last"
    tote = world.locations["W1T1"]
    held = fetch(select(SerialUnit.serial).where(SerialUnit.location_id == tote))
    assert sorted(held) == [("S2",), ("S3",)]
    check_books()


def test_serials_go_back_with_an_undone_put(world: World) -> None:
    world.product("A", tracking="serial")
    world.product("B")
    world.stock("A", 2, serials=("S1", "S2"))
    world.stock("B", 2, bin_code=A2)
    release(world, [{"A": 2, "B": 1}])
    picker = claim(world, "picker1")
    picker.bin(A1)
    picker.scan("S1")
    picker.scan("S2")
    picker.tote("W1T1")
    assert picker.command(Command.UNDO).verdict.fields["quantity"] == 2
    assert world.balance(A1, "A") == (2, 2, 0)
    check_books()
    picker.scan("S2")
    picker.scan("S1")
    assert picker.tote("W1T1").verdict.code == "put"


@pytest.mark.parametrize(
    ("gesture", "most"),
    [
        (lambda picker: picker.bin(A1), 4),
        (lambda picker: picker.bin(A2), 4),
        (lambda picker: picker.scan("B"), 5),
    ],
)
def test_a_bin_or_item_scan_costs_few_statements(
    world: World, gesture: Callable[[Any], Any], most: int
) -> None:
    for sku in "AB":
        world.product(sku)
    world.stock("A", 100, bin_code=A1)
    release(world, [{"A": 2}] * 10)
    picker = claim(world, "picker1")
    picker.bin(A1)
    with statements() as seen:
        gesture(picker)
    assert len(seen) <= most


def cost_of_put(picker: Picker, code: str, sku: str) -> int:
    """Statements of the tote scan that confirms the next feed of a stop."""
    picker.bin(code)
    picker.scan(sku)
    with statements() as seen:
        assert picker.tote("W1T1").verdict.code.startswith("put")
    return len(seen)


def test_a_confirmation_costs_at_most_twelve_statements(world: World) -> None:
    for sku in "ABC":
        world.product(sku)
    for sku, code in (("A", A1), ("B", A2), ("C", A3)):
        world.stock(sku, 5, bin_code=code)
    release(world, [{"A": 2, "B": 1, "C": 1}])
    picker = claim(world, "picker1")
    binding = cost_of_put(picker, A1, "A")
    ordinary = cost_of_put(picker, A2, "B")
    ending_the_shipment = cost_of_put(picker, A3, "C")
    assert ordinary <= 11
    assert binding <= 12
    assert ending_the_shipment <= 12


def test_an_order_of_one_line_costs_a_statement_more_because_one_scan_binds_and_ends_it(
    world: World,
) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 2}])
    assert cost_of_put(claim(world, "picker1"), A1, "A") <= 13


def test_every_code_of_the_scan_log_stands_in_the_tables(world: World) -> None:
    world.product("A")
    world.stock("A", 5)
    release(world, [{"A": 2}])
    picker = claim(world, "picker1")
    for raw in ("A", "QX-1", "]C1000", "", "QBNOWHERE9"):
        picker.scan(raw)
    for row in fetch(select(ScanEvent.code, ScanEvent.accepted, ScanEvent.fields)):
        meaning = (ACCEPTANCES if row.accepted else REFUSALS)[row.code]
        assert set(row.fields) == set(meaning.fields)
