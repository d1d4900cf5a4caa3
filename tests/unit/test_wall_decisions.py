"""What a scan means at a put wall: the pure function, without any database."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from fulfillment.domain import walls
from fulfillment.domain.barcodes import (
    Command,
    Own,
    OwnScan,
    ProductScan,
    Scan,
    SsccScan,
    Unreadable,
)
from fulfillment.domain.values import Accepted, Refused
from fulfillment.domain.walls import (
    OpenTote,
    Piece,
    PutIntoSlot,
    SeenBatchTote,
    SeenSorted,
    Slot,
    Take,
    TakeBack,
    UndoPut,
    WallState,
    decide,
)

SLOT = Slot(31, 7, "P-007")
PIECE = Piece(1, 2, "O1", 3, "MUG", "Blue mug", "none", "", "", 1, 4, SLOT)
EMPTY = WallState(1, "P", 1, ())
SORTING = replace(EMPTY, tote_id=50, tote="T1", left=5)
HOLDING = replace(SORTING, in_hand=PIECE)
TOTE = SeenBatchTote(50, "T1", "PL1", is_filled=True, left=5)
PUT = SeenSorted(9, "s", 1, 2, 3, "MUG", "", "", 1, 31, 7, 50, "T1", is_there=True)
UNDO = OwnScan(Own.COMMAND, Command.UNDO)


def test_the_page_awaits_tote_item_and_slot_in_turn() -> None:
    assert [state.awaits for state in (EMPTY, SORTING, HOLDING)] == ["tote", "item", "slot"]
    assert replace(SORTING, left=0).awaits == "tote"


def test_tote_item_slot() -> None:
    assert decide(EMPTY, OwnScan(Own.TOTE, "T1"), TOTE).effect == OpenTote(50)
    taken = decide(SORTING, ProductScan("MUG"), PIECE)
    assert (taken.effect, taken.verdict.fields["slot"]) == (Take(PIECE), 7)
    put = decide(HOLDING, OwnScan(Own.SLOT, "P-007"), SLOT)
    assert (put.effect, put.verdict.fields["left"]) == (PutIntoSlot(PIECE), 4)


def test_more_pieces_go_along_as_far_as_the_order_wants_them() -> None:
    more = decide(HOLDING, OwnScan(Own.QUANTITY, "3"))
    assert more.effect == Take(replace(PIECE, quantity=3))
    for digits in ("0", "5"):
        refused = decide(HOLDING, OwnScan(Own.QUANTITY, digits)).verdict
        assert (refused.code, refused.fields) == ("wrong-quantity", {"wanted": 4})
    by_serial = replace(HOLDING, in_hand=replace(PIECE, tracking="serial"))
    assert decide(by_serial, OwnScan(Own.QUANTITY, "2")).verdict.code == "serial-needed"


def test_a_case_is_never_more_than_the_order_wants() -> None:
    assert walls.too_big("MUG", units=4, wanted=4) is None
    refused = walls.too_big("MUG", units=6, wanted=4)
    assert refused is not None
    assert (refused.code, refused.fields["wanted"]) == ("case-too-big", 4)


def test_undo_takes_back_what_is_in_hand_else_the_last_put() -> None:
    assert decide(HOLDING, UNDO).effect == TakeBack()
    assert decide(SORTING, UNDO, PUT).effect == UndoPut(PUT)
    assert decide(SORTING, UNDO, replace(PUT, is_there=False)).verdict.code == "undo-too-late"
    assert decide(SORTING, UNDO).verdict.code == "nothing-to-undo"


@pytest.mark.parametrize(
    ("state", "scan", "seen", "code"),
    [
        (EMPTY, Unreadable("empty"), None, "unreadable"),
        (EMPTY, OwnScan(Own.TOTE, "T9"), None, "unknown-tote"),
        (EMPTY, OwnScan(Own.TOTE, "T1"), replace(TOTE, is_filled=False), "tote-still-picked"),
        (EMPTY, OwnScan(Own.TOTE, "T1"), replace(TOTE, left=0), "tote-empty"),
        (EMPTY, ProductScan("MUG"), None, "tote-first"),
        (EMPTY, OwnScan(Own.SLOT, "P-007"), SLOT, "item-first"),
        (EMPTY, OwnScan(Own.QUANTITY, "2"), None, "item-first"),
        (EMPTY, OwnScan(Own.QUANTITY, "X"), None, "unreadable"),
        (EMPTY, OwnScan(Own.COMMAND, Command.SHORT), None, "not-for-sorting"),
        (EMPTY, SsccScan("0" * 18), None, "not-for-sorting"),
        (SORTING, ProductScan("CUP"), Refused("unknown-barcode", {"scanned": "CUP"}),
         "unknown-barcode"),
        (HOLDING, OwnScan(Own.TOTE, "T1"), None, "in-hand"),
        (HOLDING, ProductScan("MUG"), None, "in-hand"),
        (HOLDING, OwnScan(Own.SLOT, "Q-001"), None, "unknown-slot"),
        (HOLDING, OwnScan(Own.SLOT, "P-008"), Slot(32, 8, "P-008"), "wrong-slot"),
    ],
)  # fmt: skip
def test_a_scan_at_the_wrong_moment_is_refused(
    state: WallState, scan: Scan, seen: walls.Seen, code: str
) -> None:
    decision = decide(state, scan, seen)
    assert isinstance(decision.verdict, Refused)
    assert decision.verdict.code == code


def test_the_last_piece_of_an_order_sounds_complete() -> None:
    verdict = walls.complete_verdict(PIECE)
    assert isinstance(verdict, Accepted)
    assert (verdict.code, verdict.tone) == ("slot-complete", "complete")


def test_every_code_has_its_place_in_the_tables() -> None:
    source = Path(walls.__file__ or "").read_text(encoding="utf-8")
    used = {
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("refuse", "accept")
        and isinstance(node.args[0], ast.Constant)
    }
    # The service refuses these: only the database can tell.
    seen = {
        "unknown-barcode", "wrong-item", "order-cancelled", "lot-needed", "serial-not-here",
        "other-wall", "wall-full", "already-sorted",
    }  # fmt: skip
    assert used | seen == set(walls.REFUSALS) | set(walls.ACCEPTANCES)
