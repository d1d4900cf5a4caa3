"""The supervisor's board, through the API and through the page, at a clock that the test sets.

The day is a Wednesday in London, where winter time is UTC; the van of LOCAL/STD leaves at 17:00.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Flask

from fulfillment.domain.people import Role
from fulfillment.services.orders.listing import MOST_ORDERS_A_PAGE
from tests.support.board_floor import Floor
from tests.support.office import Office, rows, words
from tests.support.world import World

LIST = "Orders, the newest first"
WATCHED = "Late or at risk, the tightest first"


def watched(board: Any) -> dict[str, Any]:
    return {one["order"]: one for one in board["watched"]}


# --- check 24 ------------------------------------------------------------------------------------


def test_24_at_half_past_four_the_board_shows_what_is_at_risk_its_stage_who_holds_it_and_minutes(
    floor: Floor,
) -> None:
    board = floor.board()
    found = watched(board)
    waiting = [floor.number(f"waiting {number}") for number in range(4)]
    at_risk = {number for number, one in found.items() if one["standing"] == "at-risk"}
    assert at_risk == {*waiting, floor.number("with a picker"), floor.number("held")}
    assert {one["minutes_left"] for one in found.values()} == {30}
    picking = found[floor.number("with a picker")]
    assert (picking["stage"], picking["holder"]) == ("picking", "Picker1")
    assert picking["margin_minutes"] < 5
    assert [found[number]["stage"] for number in waiting] == ["allocated"] * 4
    assert [found[number]["holder"] for number in waiting] == [""] * 4
    held = found[floor.number("held")]
    assert (held["stage"], held["leaves_at"], held["margin_minutes"]) == ("held", None, None)
    (van,) = board["vans"]
    assert van["cut_off_at"] == "2026-03-04T17:00:00Z"
    assert van["minutes_left"] == 30
    assert van["standings"] == {"late": 0, "at-risk": 6, "safe": 2, "unplanned": 0}
    assert van["stages"]["packing"] == van["stages"]["dispatched"] == van["stages"]["held"] == 1
    # The same figures, one by one, from the forecasts.
    path = f"/warehouses/{floor.warehouse_id}/board/forecast?standing=at-risk"
    forecasts = floor.people.call("supervisor1", "GET", path)["items"]
    assert {one["order_id"] for one in forecasts} == {
        order_id for name, order_id in floor.orders.items() if name not in ("gone", "at the bench")
    }


def test_24_the_board_agrees_with_the_order_list(app: Flask, world: World, floor: Floor) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    page = office.page(f"/board?warehouse_id={floor.warehouse_id}")
    assert assert_numbers_open_their_lists(office, page) > 15
    cells = {row[0]: row for row in rows(page, WATCHED)}
    row = cells[floor.number("with a picker")]
    assert row[2:6] == ["30 min", "▲ at risk", "Picking", "Picker1"]
    assert cells[floor.number("held")][4:8] == ["On hold", "nobody", "–", "–"]
    assert floor.number("gone") not in cells


def test_24_after_five_late_orders_show_when_they_left_and_the_stage_that_took_longest(
    app: Flask, world: World, floor: Floor
) -> None:
    floor.clock.set("17:15")
    bench = floor.journey.scan(floor.station_id, "A")
    assert bench["verdict"]["accepted"]
    finish_packing(floor, bench)
    floor.clock.set("17:20")
    floor.dispatch("at the bench")
    floor.clock.set("17:30")
    board = floor.board()
    found = watched(board)
    assert {one["standing"] for one in found.values()} == {"late"}
    assert board["standings"]["late"] == len(found) == 7
    late = found[floor.number("at the bench")]
    assert late["dispatched_at"] == "2026-03-04T17:20:00Z"
    # Opened at 16:25, packed at 17:15: fifty minutes at the bench.
    assert (late["longest_stage"], late["longest_minutes"]) == ("packed", 50)
    assert late["longest_by"] == "Packer1"
    still = found[floor.number("waiting 0")]
    assert (still["dispatched_at"], still["longest_stage"]) == (None, "released")
    assert still["longest_minutes"] == 65
    office = Office(app, world, Role.SUPERVISOR)
    page = office.page(f"/board?warehouse_id={floor.warehouse_id}")
    assert assert_numbers_open_their_lists(office, page) > 15
    row = next(row for row in rows(page, WATCHED) if row[0] == floor.number("at the bench"))
    assert row[8] == "Mar 4, 2026 17:20 GMT"
    assert row[9] == "until packed: 50 min · Packer1"


def finish_packing(floor: Floor, answer: Any) -> None:
    """Do what the bench says until the order is shipped."""
    while (step := answer["next"])["code"] != "scan-tote":
        assert answer["verdict"]["accepted"], answer["verdict"]
        if step["code"] == "weigh":
            parcel = next(one for one in answer["bench"]["parcels"] if one["state"] == "closed")
            answer = floor.journey.weigh(floor.station_id, parcel["expected_grams"])
        elif step["code"] == "scan-missing":
            answer = floor.journey.scan(floor.station_id, "A")
        else:
            answer = floor.journey.scan(floor.station_id, step["fields"]["tracking"])


def assert_numbers_open_their_lists(office: Office, page: str) -> int:
    """Every number that is a link to orders equals the length of the list that it opens."""
    links = re.findall(r'<a href="(/orders\?[^"]+)"[^>]*>(?:<strong>)?(\d+)<', page)
    for path, number in links:
        opened = office.page(path.replace("&amp;", "&"))
        listed = rows(opened, LIST) if LIST in opened else []
        assert len(listed) == int(number) <= MOST_ORDERS_A_PAGE, path
        assert re.search(rf'id="counted">{number} order', opened) or "stage=" in path, path
    return len(links)


# --- what else it shows --------------------------------------------------------------------------


def test_the_board_shows_who_works_on_what_and_how_fast(floor: Floor) -> None:
    board = floor.board()
    crew = {one["name"]: one for one in board["people"]}
    assert crew["Picker1"]["in_hand"]
    assert crew["Packer1"]["in_hand"] == [floor.number("at the bench")]
    picker = crew["Picker1"]
    assert (picker["process"], picker["orders"], picker["pieces"]) == ("pick", 1, 2)
    assert picker["active_minutes"] == 5
    assert picker["pieces_an_hour"] == 24
    (station,) = [one for one in board["stations"] if one["name"] == "W1S1"]
    assert station["in_hand"] == [floor.number("at the bench")]


def test_what_waits_for_a_decision_is_counted_and_opens_its_list(
    app: Flask, world: World, floor: Floor
) -> None:
    floor.journey.scan(floor.station_id, "4006381333931")
    board = floor.board()
    assert board["exceptions"]["unknown-barcodes"] == 1
    for kind, number in board["exceptions"].items():
        path = f"/warehouses/{floor.warehouse_id}/board/exceptions/{kind}"
        assert len(floor.people.call("supervisor1", "GET", path)["items"]) == number, kind
    office = Office(app, world, Role.SUPERVISOR)
    opened = words(
        office.page(f"/board/exceptions/unknown-barcodes?warehouse_id={floor.warehouse_id}")
    )
    assert "4006381333931" in opened
    assert "Packer1" in opened


def test_the_wall_shows_the_same_numbers_without_anything_to_click(
    app: Flask, world: World, floor: Floor
) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    wall = office.page(f"/board?warehouse_id={floor.warehouse_id}&wall=1")
    body = wall[wall.index('<div id="board"') :]
    assert "<a " not in body
    assert "<button" not in body
    assert "<input" not in body
    assert "6 ▲ at risk" in words(body)


def test_advice_names_orders_or_people_and_what_they_save(floor: Floor) -> None:
    path = f"/warehouses/{floor.warehouse_id}/board/advice"
    advice = floor.people.call("supervisor1", "GET", path)
    assert advice["at_risk"] == 5  # the held one needs a decision, not a place in the queue
    assert advice["at_risk_after"] <= advice["at_risk"]


# --- who sees it ---------------------------------------------------------------------------------


def test_another_warehouse_s_board_is_not_there(floor: Floor) -> None:
    status, problem = floor.people.refused(
        "supervisor1_w2", "GET", f"/warehouses/{floor.warehouse_id}/board"
    )
    assert (status, problem["code"]) == (404, "not-found")
    own = floor.people.world.warehouses["W2"]
    board = floor.people.call("supervisor1_w2", "GET", f"/warehouses/{own}/board")
    assert board["vans"] == []
    assert board["people"] == []


def test_a_picker_cannot_open_the_board(app: Flask, world: World, floor: Floor) -> None:
    status, _problem = floor.people.refused(
        "picker1", "GET", f"/warehouses/{floor.warehouse_id}/board"
    )
    assert status == 403
    office = Office(app, world, Role.PICKER)
    for path in ("/board", "/board/view", "/board/changes", "/board/advice"):
        office.page(path, status=403)


def test_a_supervisor_of_another_warehouse_cannot_open_the_list_behind_a_number(
    app: Flask, world: World, floor: Floor
) -> None:
    office = Office(app, world, Role.SUPERVISOR, "W2")
    path = f"/orders?warehouse_id={floor.warehouse_id}&standing=at-risk"
    office.page(path, status=404)
    office.page(f"/board?warehouse_id={floor.warehouse_id}", status=404)


def test_a_wrong_choice_in_an_address_is_said_and_shows_nothing(
    app: Flask, world: World, floor: Floor
) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    here = f"/orders?warehouse_id={floor.warehouse_id}"
    for wrong in ("standing=soon", "board_stage=lost", "van=1", "van=x@none", "van=1@2026-03-04"):
        office.page(f"{here}&{wrong}", status=422)
    office.page("/orders?standing=late", status=422)
