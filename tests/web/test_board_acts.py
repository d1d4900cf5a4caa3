"""What a supervisor does from the board: with a reason, audited, and refused to others."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from fulfillment.domain.people import Role
from fulfillment.services.board.acting import FRONT
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Hold, Order, Shipment
from fulfillment.store.work import PickList
from tests.support.benches import codes
from tests.support.board_floor import Floor
from tests.support.office import Office, complaint
from tests.support.world import World, fetch

VAN = "@2026-03-04T17:00:00Z"


@pytest.fixture
def office(app: Flask, world: World, floor: Floor) -> Office:
    return Office(app, world, Role.SUPERVISOR)


def here(floor: Floor) -> str:
    return f"/board/acts?warehouse_id={floor.warehouse_id}"


def audited(act: str) -> list[Any]:
    entry = AuditEntry.__table__
    return fetch(select(entry.c.reason, entry.c.details).where(entry.c.act == act))


def test_ticked_orders_go_first_with_their_lists(office: Office, floor: Floor) -> None:
    floor.released("listed", 3)
    ids = [floor.orders["waiting 1"], floor.orders["listed"]]
    said = office.done(
        "/board/acts/move-up",
        on=here(floor),
        warehouse_id=floor.warehouse_id,
        standing="at-risk",
        orders=ids,
        reason="a key customer",
    )
    assert "2 orders go first now." in said
    for order_id in ids:
        assert codes(Order, "priority", id=order_id) == [(FRONT,)]
        assert codes(Shipment, "priority", order_id=order_id) == [(FRONT,)]
    assert codes(Order, "priority", id=floor.orders["waiting 0"]) == [(0,)]
    assert codes(PickList, "priority", state="open") == [(FRONT,)]
    assert [row.reason for row in audited("order.change-priority")] == ["a key customer"] * 2
    forecasts = floor.people.call(
        "supervisor1", "GET", f"/warehouses/{floor.warehouse_id}/board/forecast?stage=allocated"
    )["items"]
    assert forecasts[-1]["order_id"] == ids[0]  # the widest margin of those that wait


def test_ticked_orders_are_held(office: Office, floor: Floor) -> None:
    order_id = floor.orders["waiting 0"]
    said = office.done(
        "/board/acts/hold",
        on=here(floor),
        warehouse_id=floor.warehouse_id,
        standing="at-risk",
        orders=[order_id],
        type="other",
        reason="the customer calls back",
    )
    assert "1 order is held." in said
    assert codes(Hold, "type", order_id=order_id) == [("other",)]
    assert floor.board()["stages"]["held"] == 2


def test_the_van_waits_and_what_was_promised_stays(office: Office, floor: Floor) -> None:
    service = floor.people.world.service_id
    said = office.done(
        "/board/acts/cut-off",
        on=here(floor),
        warehouse_id=floor.warehouse_id,
        of_van=f"{service}{VAN}",
        cut_off_to="2026-03-04T19:30",
        reason="the driver agreed",
    )
    assert "is moved" in said or "are moved" in said
    vans = {van["cut_off_at"]: van["orders"] for van in floor.board()["vans"]}
    assert vans == {"2026-03-04T17:00:00Z": 1, "2026-03-04T19:30:00Z": 7}  # one has left
    promised = {row.promised_cut_off_at.hour for row in fetch(select(Shipment.promised_cut_off_at))}
    assert promised == {17}
    (entry,) = audited("move-cut-off")
    assert (entry.reason, entry.details["shipments"]) == ("the driver agreed", 7)


def test_a_list_is_taken_from_its_picker_and_the_next_one_gets_it(
    office: Office,
    floor: Floor,
) -> None:
    (row,) = fetch(select(PickList.number).where(PickList.state == "claimed"))
    office.done(
        "/board/acts/list",
        on=here(floor),
        warehouse_id=floor.warehouse_id,
        number=row.number,
        reason="went home",
    )
    assert codes(PickList, "state", number=row.number) == [("open",)]
    view = floor.journey.claim("picker2")
    assert view["list"]["number"] == row.number
    assert [entry.reason for entry in audited("hand-list-over")] == ["went home"]
    again = office.press(
        "/board/acts/list",
        on=here(floor),
        warehouse_id=floor.warehouse_id,
        number="none",
        reason="x",
    )
    assert again.status_code == 404


def test_an_act_without_a_reason_or_an_order_changes_nothing(
    office: Office,
    floor: Floor,
) -> None:
    fields = {"warehouse_id": floor.warehouse_id, "standing": "at-risk"}
    order_id = floor.orders["waiting 0"]
    act = {"on": here(floor), **fields}
    assert "Reason is missing" in complaint(
        office.refused("/board/acts/move-up", orders=[order_id], **act)
    )
    assert "Orders is missing" in complaint(
        office.refused("/board/acts/move-up", reason="why not", **act)
    )
    of_van = f"{floor.people.world.service_id}{VAN}"
    past = office.refused(
        "/board/acts/cut-off",
        of_van=of_van,
        cut_off_to="2026-03-04T12:00",
        reason="why not",
        **act,
    )
    assert "must be in the future" in complaint(past)


def test_who_may_not_is_refused(
    app: Flask,
    world: World,
    floor: Floor,
) -> None:
    picker = Office(app, world, Role.PICKER)
    stranger = Office(app, world, Role.SUPERVISOR, "W2")
    order_id = floor.orders["waiting 0"]
    fields = {"orders": [order_id], "reason": "why not", "type": "other", "number": "L1"}
    fields |= {"of_van": f"{world.service_id}{VAN}", "cut_off_to": "2026-03-04T19:30"}
    for act in ("move-up", "hold", "cut-off", "list"):
        path = f"/board/acts/{act}"
        response = picker.press(path, on="/password", **fields, warehouse_id=floor.warehouse_id)
        assert response.status_code == 403, act
        if act != "hold":
            response = stranger.press(path, on="/board", **fields, warehouse_id=floor.warehouse_id)
            assert response.status_code in (403, 404), act
        own = stranger.press(path, on="/board", **fields, warehouse_id=world.warehouses["W2"])
        assert own.status_code in (404, 409, 422) or act == "hold", act
    assert codes(Order, "priority", id=order_id) == [(0,)]
