"""The pages of orders: lists, review, one order with everything that can be done, a new one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from fulfillment.domain.orders import PostalAddress
from fulfillment.domain.people import Role
from fulfillment.services.orders.intake import take_order
from fulfillment.services.orders.listing import STAGES
from fulfillment.store.catalog import CarrierService, Seller
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment
from fulfillment.store.work import Task
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.office import Office, complaint, rows, words
from tests.support.orders import ADDRESS, an_order
from tests.support.world import World, change, fetch, insert_row

HOSTILE = '<script>alert("x")</script>&\'"'
LIST = "Orders, the newest first"


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """The supervisor of W1, with products A (10 in W1, 5 in W2) and B (none)."""
    world.product("A", name="Apple")
    world.product("B", name="Bean")
    world.stock("A", 10)
    world.stock("A", 5, bin_code="W2-A-01-1-1")
    return Office(app, world, Role.SUPERVISOR)


def taken(world: World, *lines: tuple[str, int], **values: object) -> int:
    """An order that came in; its id."""
    return take_order(world.people["admin"], an_order(*lines, **values)).order_id


def the_order(order_id: int) -> Any:
    return fetch(select(Order.__table__).where(Order.id == order_id))[0]


def nothing_passes(world: World) -> None:
    change(update(Seller).where(Seller.id == world.seller_id).values(review_rules={}))


def a_shipment(office: Office, world: World, *lines: tuple[str, int]) -> tuple[int, int]:
    """An order with stock promised: its id and that of its first shipment."""
    order_id = taken(world, *lines)
    office.done(f"/orders/{order_id}/allocate", on=f"/orders/{order_id}")
    return order_id, codes(Shipment, "id", order_id=order_id)[0][0]


# --- lists ---------------------------------------------------------------------------------------


def test_each_number_of_the_start_page_opens_the_list_that_it_counts(
    office: Office, world: World
) -> None:
    held = taken(world, ("A", 1))
    insert_row(Hold, order_id=held, type="payment", placed_at=datetime.now(UTC), placed_by_id=1)
    taken(world, ("A", 1))
    owed, _shipment = a_shipment(office, world, ("A", 2), ("B", 1))
    _late, shipment_id = a_shipment(office, world, ("A", 1))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    change(update(Shipment).where(Shipment.id == shipment_id).values(promised_cut_off_at=yesterday))
    nothing_passes(world)
    taken(world, ("A", 1))
    start = office.page("/")
    counted = {
        stage: int(number)
        for stage, number in re.findall(r'stage=([a-z-]+)"><strong>(\d+)</strong>', start)
    }
    assert set(counted) == set(STAGES)
    assert counted["review"] == counted["held"] == counted["backorder"] == counted["late"] == 1
    assert counted["waiting"] == 2
    assert counted["allocated"] == 2
    assert codes(Order, "has_backorder", id=owed) == [(True,)]
    for stage, number in counted.items():
        page = office.page(f"/orders?stage={stage}")
        assert (len(rows(page, LIST)) if number else 0) == number, stage
        assert number or "No order fits." in page


def test_orders_are_found_by_number_reference_customer_and_name(
    office: Office, world: World
) -> None:
    wanted = taken(
        world,
        ("A", 1),
        reference="WEB-77",
        customer="ann@example.org",
        address=PostalAddress(**{**vars(ADDRESS), "name": "Zoë Ångström"}),
    )
    taken(world, ("A", 1))
    number = the_order(wanted).number
    for text in (number, "web-77", "ann@ex", "Ångst", "ngstr"):
        page = office.get("/orders", query_string={"text": text}).text
        assert [row[0] for row in rows(page, LIST)] == [number], text
    assert "No order fits." in office.page("/orders?text=%25")


def test_orders_are_filtered_by_state_hold_seller_channel_and_priority(
    office: Office, world: World
) -> None:
    plain = taken(world, ("A", 1), channel="shop", priority=1)
    held = taken(world, ("A", 1), channel="web", priority=5)
    insert_row(Hold, order_id=held, type="fraud", placed_at=datetime.now(UTC), placed_by_id=1)
    for query, found in {
        "hold=fraud": [held],
        "hold=payment": [],
        "channel=shop": [plain],
        "priority_from=2": [held],
        f"seller_id={world.seller_id}": [held, plain],
        "seller_id=999999": [],
        "state=confirmed": [held, plain],
        "state=shipped": [],
        f"warehouse_id={world.warehouses['W1']}": [],
    }.items():
        page = office.page(f"/orders?{query}")
        assert re.findall(r'href="/orders/(\d+)"', page) == [str(each) for each in found], query


def test_a_wrong_filter_is_told_at_the_search(office: Office) -> None:
    response = office.get("/orders?priority_from=lots")
    assert response.status_code == 422
    assert complaint(response) == (
        "The input is wrong; nothing was changed. Priority from is not a whole number"
    )
    assert office.get("/orders?stage=nonsense").status_code == 422


def test_a_long_list_comes_in_pages(office: Office, world: World) -> None:
    ids = [taken(world, ("A", 1)) for _ in range(52)]
    first = office.page("/orders?state=confirmed")
    assert len(rows(first, LIST)) == 50
    link = re.search(r'href="([^"]+)" rel="next"', first)
    assert link
    second = office.page(link[1].replace("&amp;", "&"))
    assert re.findall(r'href="/orders/(\d+)"', second) == [str(ids[1]), str(ids[0])]
    assert 'rel="next"' not in second


def test_hostile_text_is_shown_as_text(office: Office, world: World) -> None:
    order_id = taken(
        world,
        ("A", 1),
        customer=HOSTILE,
        note=HOSTILE,
        reference=HOSTILE,
        address=PostalAddress(**{**vars(ADDRESS), "name": HOSTILE, "lines": (HOSTILE,)}),
    )
    for path in ("/orders", f"/orders/{order_id}", "/review"):
        page = office.page(path)
        assert "<script" not in page
    assert HOSTILE in words(office.page(f"/orders/{order_id}"))
    searched = office.get("/orders", query_string={"text": HOSTILE}).text
    assert "<script" not in searched


def test_of_a_split_order_another_warehouse_s_shipment_is_not_shown(
    app: Flask, office: Office, world: World
) -> None:
    order_id = taken(world, ("A", 12))
    office.done(f"/orders/{order_id}/allocate", on=f"/orders/{order_id}")
    shown = words(office.page(f"/orders/{order_id}"))
    (mine, other) = codes(Shipment, "number", order_id=order_id)
    assert mine.number in shown
    assert other.number not in shown
    assert "1 more shipment leaves another warehouse." in shown
    elsewhere = taken(world, ("A", 1))
    listed = office.done(f"/orders/{elsewhere}/allocate", on=f"/orders/{elsewhere}")
    assert "Units promised: 1. Still owed: 0." in listed
    assert the_order(elsewhere).number not in listed
    assert office.get(f"/orders/{elsewhere}").status_code == 404
    foreigner = Office(app, world, Role.SUPERVISOR, "W2")
    assert foreigner.get(f"/orders/{elsewhere}").status_code == 200


# --- one order -----------------------------------------------------------------------------------


def test_the_page_says_why_a_warehouse_was_chosen(office: Office, world: World) -> None:
    order_id, _shipment = a_shipment(office, world, ("A", 2))
    shown = words(office.page(f"/orders/{order_id}"))
    assert "Why this warehouse: One warehouse serves it all." in shown
    assert "priority by destination" in shown
    assert "W1 2 ✓, W2 2" in shown
    assert "allocated" in shown


def test_an_order_in_review_is_held_released_and_confirmed(office: Office, world: World) -> None:
    nothing_passes(world)
    order_id = taken(world, ("A", 1))
    path = f"/orders/{order_id}"
    assert "the seller's rules pass no order by itself" in words(office.page("/review"))
    placed = office.done(f"{path}/holds", on=path, type="payment", reason="bank is slow")
    assert "The hold is placed." in placed
    assert "payment open" in placed
    response = office.refused(f"{path}/confirm", on=path)
    assert "on hold" in complaint(response)
    (hold,) = codes(Hold, "id", order_id=order_id)
    office.done(f"{path}/holds/{hold.id}/release", on=path, reason="paid")
    shown = office.done(f"/review/{order_id}/confirm", on="/review")
    assert "The order is confirmed." in shown
    assert "No order waits for review." in shown
    history = rows(office.page(path), "What was done by hand, the newest first")
    assert [row[2] for row in history] == ["order confirmed", "hold released", "hold placed"]
    assert history[-1][4] == "bank is slow"
    assert history[0][1] == "Supervisor-W1"


def test_the_same_form_sent_twice_places_one_hold(office: Office, world: World) -> None:
    order_id = taken(world, ("A", 1))
    form = {"type": "other", "reason": "twice", "form_key": "one-drawing"}
    for _ in range(2):
        office.done(f"/orders/{order_id}/holds", on=f"/orders/{order_id}", **form)
    assert len(codes(Hold, "id", order_id=order_id)) == 1


def test_a_refused_form_keeps_what_was_typed_and_changes_nothing(
    office: Office, world: World
) -> None:
    order_id = taken(world, ("A", 1))
    response = office.refused(
        f"/orders/{order_id}/address",
        on=f"/orders/{order_id}",
        name=HOSTILE,
        lines="12 Mill Lane",
        city="Leeds",
        country="XX",
        reason="moved",
    )
    assert response.status_code == 422
    assert "Country is not a country: XX" in complaint(response)
    assert "<script" not in response.text
    assert "&lt;script&gt;" in response.text
    assert 'value="moved"' in response.text


def test_an_address_and_a_priority_are_changed(office: Office, world: World) -> None:
    order_id = taken(world, ("A", 1))
    path = f"/orders/{order_id}"
    shown = office.done(
        f"{path}/address",
        on=path,
        name="New Name",
        lines="12 Mill Lane\r\nFlat 3\r\n",
        city="Leeds",
        postcode="LS1 4AB",
        country="gb",
        reason="moved",
    )
    assert "New Name 12 Mill Lane Flat 3 LS1 4AB Leeds GB" in shown
    address = codes(Address, "lines", id=the_order(order_id).address_id)
    assert address == [(["12 Mill Lane", "Flat 3"],)]
    office.done(f"{path}/priority", on=path, priority="-7", reason="")
    assert the_order(order_id).priority == -7
    assert "out of range" in complaint(
        office.refused(f"{path}/priority", on=path, priority="5000", reason="")
    )


def test_orders_of_one_customer_are_merged_and_split(office: Office, world: World) -> None:
    first = taken(world, ("A", 2), customer="ann")
    other = taken(world, ("B", 3), customer="ann")
    stranger = taken(world, ("B", 3), customer="bob")
    path = f"/orders/{first}"
    page = office.page(path)
    assert f'value="{other}"' in page
    assert f'value="{stranger}"' not in page
    response = office.refused(f"{path}/merge", on=path, others=stranger)
    assert "they are of different customers" in complaint(response)
    assert "Orders is missing" in complaint(office.refused(f"{path}/merge", on=path))
    office.done(f"{path}/merge", on=path, others=other)
    assert the_order(other).state == "merged"
    assert "It goes on in order" in words(office.page(f"/orders/{other}"))
    lines = {row.quantity: row.id for row in codes(OrderLine, "id", "quantity", order_id=first)}
    shown = office.done(f"{path}/split", on=path, **{f"line-{lines[3]}": "1"})
    assert "split from" in shown
    assert sorted(row.quantity for row in codes(OrderLine, "quantity")) == [1, 2, 2, 3]
    assert "more than is owed" in complaint(
        office.refused(f"{path}/split", on=path, **{f"line-{lines[3]}": "9"})
    )


def test_all_that_wait_get_stock_with_one_button(office: Office, world: World) -> None:
    taken(world, ("A", 1))
    taken(world, ("A", 1))
    shown = office.done("/orders/allocate", on="/orders")
    assert "2 orders were looked at. Units promised: 2. Still owed: 0." in shown


def test_a_shipment_gets_another_service_and_is_taken_apart(office: Office, world: World) -> None:
    express = insert_row(
        CarrierService, carrier="LOCAL", code="EXP", name="Express", next_number=1, last_number=9
    )
    order_id, shipment_id = a_shipment(office, world, ("A", 1))
    path = f"/orders/{order_id}"
    shown = office.done(f"{path}/shipments/{shipment_id}/service", on=path, service_id=express)
    assert "LOCAL/EXP" in shown
    other, foreign = a_shipment(office, world, ("A", 1))
    response = office.refused(f"{path}/shipments/{foreign}/service", on=path, service_id=express)
    assert response.status_code == 404
    assert other != order_id
    office.done(f"{path}/shipments/{shipment_id}/deallocate", on=path, reason="wrong house")
    assert codes(Shipment, "state", id=shipment_id) == [("cancelled",)]


def test_a_form_that_is_gone_meanwhile_still_says_why_it_was_refused(
    office: Office, world: World
) -> None:
    order_id = taken(world, ("A", 1))
    response = office.refused(f"/orders/{order_id}/confirm", on=f"/orders/{order_id}")
    assert complaint(response) == "confirm is not possible: the order is confirmed."


def test_nothing_that_hurts_happens_without_the_tick(office: Office, world: World) -> None:
    order_id, shipment_id = a_shipment(office, world, ("A", 1), ("B", 1))
    path = f"/orders/{order_id}"
    for action in ("cancel", "cancel-owed", f"shipments/{shipment_id}/cancel"):
        response = office.refused(f"{path}/{action}", on=path, reason="because")
        assert "Yes, I am sure must be ticked" in complaint(response)
    missing = office.refused(f"{path}/cancel", on=path, reason=" ", sure="on")
    assert "Reason is missing" in complaint(missing)
    owed = office.done(f"{path}/cancel-owed", on=path, reason="no more", sure="on")
    assert "What was owed is cancelled." in owed
    gone = office.done(f"{path}/shipments/{shipment_id}/cancel", on=path, reason="wrong", sure="on")
    assert "The shipment is cancelled; 0 tasks put goods back." in gone
    cancelled = office.done(f"{path}/cancel", on=path, reason="customer asked", sure="on")
    assert "Cancelled because: customer asked" in cancelled


def test_a_shipped_order_shows_its_parcel_and_scans_and_comes_back_from_the_dock(
    office: Office, world: World
) -> None:
    shipment_id = picked_shipment(world, {"A": 2})
    bench = BenchDriver(world)
    bench.open()
    bench.scan("B")
    bench.scan("A")
    bench.scan("A")
    label = bench.weigh(250).verdict
    bench.scan(label.fields["tracking"])
    order_id = codes(Shipment, "order_id", id=shipment_id)[0][0]
    path = f"/orders/{order_id}"
    page = office.page(path)
    shipment = codes(Shipment, "number", "state", id=shipment_id)[0]
    assert shipment.state == "shipped"
    (parcel,) = rows(page, f"Parcels of {shipment.number}")
    assert parcel[3:6] == [label.fields["tracking"], "250 g", "250 g"]
    scans = rows(page, "Scans of its goods, the newest first; refused ones too")
    assert ["Packer1", "W1S1", "Packing", "B"] in [row[1:5] for row in scans]
    assert any("✕" in row[5] for row in scans)
    shown = office.done(
        f"{path}/shipments/{shipment_id}/cancel", on=path, reason="wrong van", sure="on"
    )
    assert "1 task puts goods back" in shown
    assert len(codes(Task, "id", kind="put-back")) == 1


# --- a new order ---------------------------------------------------------------------------------

RECEIVER = {
    "name": "A Caller",
    "lines": "1 High Street",
    "city": "London",
    "postcode": "E16 2AA",
    "country": "GB",
}


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_an_order_by_telephone_is_typed_line_by_line(office: Office, world: World) -> None:
    first = office.page("/orders/new")
    assert first.count('name="sku"') == 3
    base = {
        "seller": "SHOP",
        "reference": hidden(first, "reference"),
        "placed_at": hidden(first, "placed_at"),
        "currency": "GBP",
        **RECEIVER,
    }
    lines = {"sku": ["A", "", ""], "quantity": ["2", "", ""], "price": ["2.50", "", ""]}
    more = office.press("/orders/new", on="/orders/new", **base, **lines, act="add")
    assert more.status_code == 200
    assert more.text.count('name="sku"') == 4
    assert "Apple" in more.text
    assert 'value="2.50"' in more.text
    assert 'value="A Caller"' in more.text
    found = office.press("/orders/new", on="/orders/new", **base, **lines, act="find", find="bea")
    assert rows(found.text, "Products found")[0][:2] == ["B", "Bean"]
    took = office.press("/orders/new", on="/orders/new", **base, **lines, act="take:B")
    assert re.findall(r'name="sku"[^>]* value="([^"]*)"', took.text) == ["A", "B", ""]
    assert codes(Order, "id") == []
    both = {"sku": ["A", "B", ""], "quantity": ["2", "1", ""], "price": ["2.50", "", ""]}
    shown = office.done("/orders/new", on="/orders/new", **base, **both, act="save")
    assert "is taken." in shown
    (order,) = codes(Order, "channel", "total_minor", "reference")
    assert order == ("phone", 500, base["reference"])
    again = office.done("/orders/new", on="/orders/new", **base, **both, act="save")
    assert "was taken before, with the same content." in again
    assert len(codes(Order, "id")) == 1


def test_a_wrong_order_by_telephone_is_told_field_by_field(office: Office) -> None:
    form = {
        "seller": "SHOP",
        "reference": "R-1",
        "placed_at": "2026-03-04T12:00:00",
        "currency": "GBP",
        **RECEIVER,
        "sku": ["A", "NONE"],
        "quantity": ["two", "1"],
        "price": ["x", ""],
        "act": "save",
    }
    response = office.refused("/orders/new", on="/orders/new", **form)
    assert "Quantity 1 is not a whole number" in complaint(response)
    assert 'value="two"' in response.text
    response = office.refused(
        "/orders/new", on="/orders/new", **{**form, "quantity": ["2", "1"], "price": ["", ""]}
    )
    assert "SKU 2 is no product of this seller: NONE" in complaint(response)
    response = office.refused(
        "/orders/new", on="/orders/new", **{**form, "sku": [], "quantity": [], "price": []}
    )
    assert "Lines must have at least one line" in complaint(response)
