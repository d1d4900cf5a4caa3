"""Every use case has a route, described as it answers; lists come in pages; nobody sees too much."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from fulfillment.api import MODULES
from fulfillment.api.inputs import Output
from fulfillment.domain.people import Permission
from fulfillment.store.invariants import INVARIANTS
from fulfillment.store.work import Task
from tests.support.journeys import Journey, an_order, command, place, reason, tote
from tests.support.people import BASE, People
from tests.support.world import NOON, World, insert_row


@pytest.fixture
def people(app: Flask, world: World) -> People:
    """Everybody, and stock of A and B in two bins of W1."""
    for number, sku in enumerate(("A", "B"), start=1):
        world.product(sku)
        world.stock(sku, 20, bin_code=f"W1-A-0{number}-1-1")
    return People(app, world)


@pytest.fixture
def journey(people: People) -> Journey:
    return people.journey()


def released(journey: Journey, *lines: tuple[str, int]) -> int:
    """An order that is released; its id."""
    order_id = journey.take(*lines)
    journey.allocate(order_id)
    journey.release()
    return order_id


# --- rendering ---------------------------------------------------------------------------


def _exact(answer: type[Output], shown: dict[str, Any]) -> None:
    """What was rendered by hand is what the model says, field by field."""
    assert answer.model_validate(shown).model_dump(mode="json") == shown


def answers() -> dict[str, type[Output]]:
    """The described answer of each view."""
    return {
        name: value
        for module in MODULES
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Output)
    }


def test_answers_to_scans_are_rendered_as_they_are_described(
    people: People, journey: Journey, world: World
) -> None:
    described = answers()
    released(journey, ("A", 1), ("B", 1))
    view = journey.claim()
    _exact(described["PickViewOutput"], view)
    list_id = view["list"]["id"]
    _exact(described["PickReplyOutput"], journey.pick_scan(list_id, "nonsense"))
    used = journey.pick(["W1T1"])
    station = world.stations["W1S1"]
    (code,) = used.values()
    _exact(described["BenchReplyOutput"], journey.scan(station, "nonsense"))
    _exact(described["BenchReplyOutput"], journey.scan(station, tote(code)))
    journey.scan(station, "A")
    _exact(described["BenchReplyOutput"], journey.scan(station, "B"))
    weighed = journey.weigh(station, 250)
    _exact(described["BenchReplyOutput"], weighed)
    _exact(
        described["BenchReplyOutput"],
        people.call("packer1", "GET", f"/stations/{station}"),
    )
    journey.scan(station, weighed["next"]["fields"]["tracking"])
    out = people.call(
        "packer1",
        "POST",
        f"/warehouses/{world.warehouses['W1']}/dispatch-scans",
        {"scan_id": "s1", "raw": weighed["next"]["fields"]["tracking"]},
    )
    _exact(described["DispatchReplyOutput"], out)
    assert out["verdict"]["code"] == "shipment-dispatched"


def test_tasks_are_rendered_as_they_are_described(people: People, world: World) -> None:
    described = answers()
    task_id = count_task(world)
    listed = people.call("picker1", "GET", f"/tasks?warehouse_id={world.warehouses['W1']}")
    _exact(described["TaskPage"], listed)
    assert [item["id"] for item in listed["items"]] == [task_id]
    _exact(described["TaskViewOutput"], people.call("picker1", "GET", f"/tasks/{task_id}"))
    _exact(described["TaskViewOutput"], people.call("picker1", "POST", f"/tasks/{task_id}/claim"))
    scan = {"scan_id": "t1", "raw": place("W1-A-01-1-1")}
    answer = people.call("picker1", "POST", f"/tasks/{task_id}/scans", scan)
    _exact(described["TaskReplyOutput"], answer)
    assert answer["verdict"]["code"] == "counting"
    back = people.call("picker1", "POST", f"/tasks/{task_id}/hand-over")
    assert back["task"]["worker"] is None


def count_task(world: World) -> int:
    """A count of the first bin."""
    return insert_row(
        Task,
        kind="count",
        warehouse_id=world.warehouses["W1"],
        location_id=world.locations["W1-A-01-1-1"],
        product_id=world.products["A"],
        created_at=NOON,
        created_by_id=1,
    )


# --- orders ------------------------------------------------------------------------------


def test_orders_are_listed_by_pages_and_found(people: People, journey: Journey) -> None:
    ids = [journey.take(("A", 1), customer=f"C{number}") for number in range(5)]
    seen: list[int] = []
    cursor = ""
    while True:
        page = people.call("supervisor1", "GET", f"/orders?limit=2{cursor}")
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(ids, reverse=True)
    found = people.call("supervisor1", "GET", "/orders?search=C3")["items"]
    assert [item["id"] for item in found] == [ids[3]]
    none = people.call("supervisor1", "GET", "/orders?state=shipped&state=cancelled")["items"]
    assert none == []


def test_an_order_is_held_corrected_split_merged_and_cancelled(
    people: People, journey: Journey
) -> None:
    first = journey.take(("A", 2), ("B", 1))
    boss = "supervisor1"
    hold = {"type": "payment", "reason": "the bank asks"}
    placed = people.call(boss, "POST", f"/orders/{first}/holds", hold)
    assert placed["order"]["open_holds"] == ["payment"]
    status, problem = people.refused(boss, "POST", f"/orders/{first}/allocate")
    assert (status, problem["code"]) == (409, "on-hold")
    assert people.call(boss, "GET", f"/orders/{first}/standing")["open_holds"] == ["payment"]
    released_ = people.call(
        boss, "POST", f"/holds/{placed['hold_id']}/release", {"reason": "it is paid"}
    )
    assert released_["open_holds"] == []
    address = {"country": "GB", "name": "B", "lines": ["2 Road"], "city": "London"}
    corrected = {"address": {**address, "postcode": "E16 2AA"}, "reason": "moved house"}
    people.call(boss, "PUT", f"/orders/{first}/address", corrected)
    people.call(boss, "PUT", f"/orders/{first}/priority", {"priority": 5})
    line = people.call(boss, "GET", f"/orders/{first}")["lines"][0]["id"]
    split = people.call(
        boss, "POST", f"/orders/{first}/split", {"lines": [{"line_id": line, "quantity": 1}]}
    )
    shown = people.call(boss, "GET", f"/orders/{split['order_id']}")
    assert shown["split_from"] == split["from_number"]
    merged = people.call(
        boss, "POST", f"/orders/{first}/merge", {"other_order_ids": [split["order_id"]]}
    )
    assert merged["merged"] == [split["number"]]
    gone = {"reason": "customer changed their mind"}
    assert not people.call(boss, "POST", f"/orders/{first}/cancel", gone)["already"]
    assert people.call(boss, "POST", f"/orders/{first}/cancel", gone)["already"]
    history = [one["what"] for one in people.call(boss, "GET", f"/orders/{first}")["history"]]
    assert history[:2] == ["placed", "taken-in"]
    assert {"order.hold", "order.correct-address", "cancel-order"} <= set(history)


def test_many_orders_come_in_together_or_none_does(people: People) -> None:
    orders = [an_order(("A", 1)), an_order(("NOPE", 1))]
    status, problem = people.refused("supervisor1", "POST", "/orders/bulk", {"orders": orders})
    assert status == 422
    assert [fault["where"] for fault in problem["faults"]] == ["orders[1].lines[0].sku"]
    good = [an_order(("A", 1)), an_order(("B", 1))]
    taken = people.call("supervisor1", "POST", "/orders/bulk", {"orders": good})["orders"]
    assert [one["created"] for one in taken] == [True, True]
    report = people.call("supervisor1", "POST", "/allocations", {})
    assert (report["orders"], report["allocated"]) == (2, 2)


def test_an_order_shows_its_backorder_and_it_can_be_cancelled(
    people: People, journey: Journey
) -> None:
    order_id = journey.take(("A", 25))
    allocated = journey.allocate(order_id)
    assert (allocated["units"], allocated["units_owed"]) == (20, 5)
    shown = journey.order(order_id)
    assert (shown["has_backorder"], shown["lines"][0]["owed"]) == (True, 5)
    owed = people.call(
        "supervisor1", "POST", f"/orders/{order_id}/cancel-owed", {"reason": "enough"}
    )
    assert owed == {"units": 5}
    shipment = shown["shipments"][0]["id"]
    given_back = people.call(
        "supervisor1", "POST", f"/shipments/{shipment}/deallocate", {"reason": "wrong place"}
    )
    assert given_back == {"units": 20}


# --- paper -------------------------------------------------------------------------------


def test_labels_slips_and_pick_lists_are_printed(
    people: People, journey: Journey, world: World
) -> None:
    order_id = released(journey, ("A", 2))
    lists = people.call("supervisor1", "GET", "/pick-lists?state=open")["items"]
    sheet = people.call("picker1", "GET", f"/pick-lists/{lists[0]['number']}/sheet")
    assert [one["code"] for one in sheet["bins"]] == ["W1-A-01-1-1"]
    paper = people.send("picker1", "GET", f"/pick-lists/{lists[0]['number']}/sheet.pdf")
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")
    journey.pick(["W1T1"])
    station = world.stations["W1S1"]
    for raw in (tote("W1T1"), "A", "A"):
        journey.scan(station, raw)
    shipment = journey.order(order_id)["shipments"][0]["id"]
    status, problem = people.refused("packer1", "GET", f"/shipments/{shipment}/labels.pdf")
    assert (status, problem["code"]) == (409, "nothing-to-do")
    journey.weigh(station, 250)
    for document in ("labels", "packing-slips"):
        drawn = people.send("packer1", "GET", f"/shipments/{shipment}/{document}.pdf")
        assert (drawn.mimetype, drawn.data[:5]) == ("application/pdf", b"%PDF-")
        assert (
            people.refused("packer1_w2", "GET", f"/shipments/{shipment}/{document}.pdf")[0] == 404
        )


# --- stock, catalogue, files, proof ------------------------------------------------------


def test_stock_is_received_adjusted_moved_and_looked_at(people: People, world: World) -> None:
    boss, warehouse = "supervisor1", world.warehouses["W1"]
    units = {"seller_id": world.seller_id, "sku": "A"}
    here, there = "W1-A-01-1-1", "W1-A-03-1-1"
    people.call(
        boss,
        "POST",
        "/stock/receipts",
        {**units, "location": here, "quantity": 5, "document": "D1"},
    )
    people.call(
        boss,
        "POST",
        "/stock/adjustments",
        {**units, "location": here, "delta": -2, "reason": "found broken"},
    )
    moved = people.call(
        boss, "POST", "/stock/moves", {**units, "source": here, "target": there, "quantity": 3}
    )
    assert moved["on_hand"] == 3
    people.call(
        boss,
        "POST",
        "/stock/counts",
        {**units, "location": there, "quantity": 4, "reason": "counted again"},
    )
    totals = people.call(boss, "GET", f"/warehouses/{warehouse}/stock?sku=A")["items"]
    assert [(row["sku"], row["on_hand"], row["available"]) for row in totals] == [("A", 24, 24)]
    first = people.call(boss, "GET", f"/warehouses/{warehouse}/stock-by-location?limit=1")
    rest = people.call(
        boss,
        "GET",
        f"/warehouses/{warehouse}/stock-by-location?cursor={first['next']}",
    )
    assert [row["location"] for row in first["items"] + rest["items"]] == [
        here,
        "W1-A-02-1-1",
        there,
    ]
    product = people.call(boss, "GET", f"/products/{world.products['A']}/moves")["items"]
    assert [row["quantity"] for row in product] == [1, 3, 2, 5, 20]
    assert len(people.call(boss, "GET", f"/locations/{there}/moves")["items"]) == 2


def test_a_cursor_of_another_list_is_refused(people: People, world: World) -> None:
    page = people.call("supervisor1", "GET", "/warehouses/1/stock-by-location?limit=1")
    for path in ("/orders", "/warehouses/1/stock"):
        status, problem = people.refused("supervisor1", "GET", f"{path}?cursor={page['next']}")
        assert (status, problem["faults"][0]["code"]) == (422, "not-a-cursor")


def test_the_catalogue_is_changed_by_code_and_a_repeat_changes_nothing(people: People) -> None:
    admin = "admin"
    body = {"products": [{"sku": "N", "name": "New", "weight_grams": 7}]}
    first = people.call(admin, "PUT", "/sellers/SHOP/products", body)
    again = people.call(admin, "PUT", "/sellers/SHOP/products", body)
    assert (first["created"], again["unchanged"]) == (1, 1)
    barcodes = {"barcodes": [{"sku": "N", "code": "4006381333931"}]}
    people.call(admin, "PUT", "/sellers/SHOP/barcodes", barcodes)
    shown = people.call(admin, "GET", "/sellers/SHOP/products/N")
    assert shown["barcodes"] == [{"code": "04006381333931", "kind": "each", "quantity": 1}]
    people.call(admin, "PUT", "/sellers/SHOP/kits/N", {"components": {"A": 2}})
    assert people.call(admin, "GET", "/sellers/SHOP/products/N")["components"] == [
        {"sku": "A", "quantity": 2}
    ]
    found = people.call(admin, "GET", "/sellers/SHOP/products?search=Product")["items"]
    assert [one["sku"] for one in found] == ["A", "B"]
    assert people.send(admin, "DELETE", "/sellers/SHOP/barcodes/4006381333931").status_code == 204


def test_places_cartons_and_vans_are_set(people: People) -> None:
    admin = "admin"
    address = {"country": "GB", "name": "W3", "lines": ["3 Dock"], "city": "London"}
    warehouse = {"name": "Third", "timezone": "Europe/London", "address": address}
    assert people.call(admin, "PUT", "/warehouses/W3", warehouse)["created"] == 1
    people.call(
        admin,
        "PUT",
        "/warehouses/W3/locations",
        {"locations": [{"code": "W3-A-01", "x_metres": 1.5, "y_metres": 2.0}]},
    )
    places = people.call(admin, "GET", "/warehouses/W3/locations?kind=bin")["items"]
    assert [one["code"] for one in places] == ["W3-A-01"]
    carton = {
        "code": "S", "name": "Small", "length_mm": 1, "width_mm": 1, "height_mm": 1, "tare_grams": 1
    }  # fmt: skip
    people.call(admin, "PUT", "/warehouses/W3/cartons", {"cartons": [carton]})
    people.call(admin, "PUT", "/carrier-services/LOCAL/EXP", {"name": "Express"})
    people.call(
        admin,
        "PUT",
        "/warehouses/W3/cut-offs/LOCAL/EXP",
        {"cut_offs": [{"local_time": "18:30", "weekdays": [0, 1]}]},
    )
    people.call(admin, "PUT", "/warehouses/W3/holidays", {"days": ["2026-12-25"]})
    people.call(admin, "PUT", "/carrier-service-rules", {"rules": [{"service": "LOCAL/EXP"}]})
    people.call(
        admin,
        "PUT",
        "/sellers/SHOP/region-priorities",
        {"priorities": [{"warehouse": "W3", "rank": 1}]},
    )
    seller = {"name": "Shop", "sender": {**address, "postcode": "E16 2AA"}}
    assert people.call(admin, "PUT", "/sellers/SHOP", seller)["updated"] == 1
    for path in ("/warehouses", "/sellers", "/carrier-services", "/warehouses/W3/cartons"):
        assert people.call(admin, "GET", path)["items"]


CSV = b"sku,name,weight_grams\nA1,First,10\nA2,Second,%s\n"


def _upload(people: People, path: str, content: bytes, **fields: str) -> Any:
    form = {"kind": "products", "seller": "SHOP", **fields}
    return people.client("admin").post(
        BASE + path,
        data={**form, "file": (io.BytesIO(content), "products.csv")},
        content_type="multipart/form-data",
    )


def test_a_file_is_checked_then_imported_whole_or_not_at_all(people: People) -> None:
    bad = _upload(people, "/imports", CSV % b"heavy")
    assert (bad.status_code, bad.json["accepted"]) == (200, False)
    assert [(fault["row"], fault["column"]) for fault in bad.json["faults"]] == [
        (3, "weight_grams")
    ]
    checked = _upload(people, "/imports/check", CSV % b"20")
    assert checked.json["counts"]["created"] == 2
    done = _upload(people, "/imports", CSV % b"20")
    assert done.json["accepted"]
    listed = people.call("admin", "GET", "/imports?seller=SHOP")["items"]
    assert [one["accepted"] for one in listed] == [True, False]
    report = people.call("admin", "GET", f"/imports/{listed[1]['id']}")
    assert report["fault_count"] == 1


@pytest.mark.parametrize(
    ("send", "where", "code"),
    [
        (lambda p: p.client("admin").post(f"{BASE}/imports", json={}), "body", "wrong-form"),
        (
            lambda p: p.client("admin").post(
                f"{BASE}/imports",
                data={"kind": "products", "seller": "SHOP"},
                content_type="multipart/form-data",
            ),
            "file",
            "missing",
        ),
        (lambda p: _upload(p, "/imports", b"x", kind="nonsense"), "kind", "not-one-of"),
        (lambda p: _upload(p, "/imports", b"x", more="1"), "more", "unknown-field"),
    ],
)
def test_a_wrong_upload_is_refused(
    people: People, send: Callable[[People], Any], where: str, code: str
) -> None:
    response = send(people)
    assert response.status_code == 422, response.text
    assert (response.json["faults"][0]["where"], response.json["faults"][0]["code"]) == (
        where,
        code,
    )


def test_an_upload_with_a_key_is_imported_once(people: People) -> None:
    def send() -> Any:
        # The boundary is fixed, as a program that repeats a request sends the same bytes again.
        body = (
            b"--x\r\nContent-Disposition: form-data; name=kind\r\n\r\nproducts\r\n"
            b"--x\r\nContent-Disposition: form-data; name=seller\r\n\r\nSHOP\r\n"
            b"--x\r\nContent-Disposition: form-data; name=file; filename=p.csv\r\n\r\n"
            + CSV % b"20"
            + b"\r\n--x--\r\n"
        )
        return people.client("admin").post(
            f"{BASE}/imports",
            key="one",
            data=body,
            content_type="multipart/form-data; boundary=x",
        )

    first, again = send(), send()
    assert first.json["counts"]["created"] == 2
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json


def test_the_books_are_proved_on_the_live_database(people: People, journey: Journey) -> None:
    released(journey, ("A", 1))
    proved = people.call("admin", "GET", "/audit")
    assert proved["ok"]
    assert len(proved["invariants"]) == len(INVARIANTS)
    assert people.call("supervisor1", "GET", "/audit") == proved


def test_audited_acts_are_listed(people: People, journey: Journey) -> None:
    order_id = journey.take(("A", 1))
    people.call("supervisor1", "POST", f"/orders/{order_id}/cancel", {"reason": "not wanted"})
    acts = people.call("admin", "GET", "/audited-acts?act=cancel-order")["items"]
    assert [(one["subject_id"], one["reason"]) for one in acts] == [(order_id, "not wanted")]


# --- the whole ---------------------------------------------------------------------------


def test_every_route_is_described_with_its_permission_and_answer(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").json
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/v1")
    ]
    assert operations
    names = {str(permission) for permission in Permission}
    for path, method, operation in operations:
        assert operation["summary"], (path, method)
        assert operation["x-permission"] in names
        assert any(status.startswith("2") for status in operation["responses"]), (path, method)


def test_scans_of_the_floor_may_carry_a_key_too(
    people: People, journey: Journey, world: World
) -> None:
    released(journey, ("A", 1))
    journey.pick(["W1T1"])
    scan = {"scan_id": "s-1", "raw": tote("W1T1")}
    path = f"{BASE}/stations/{world.stations['W1S1']}/scans"
    first = people.client("packer1").post(path, json=scan, key="k1")
    again = people.client("packer1").post(path, json=scan, key="k1")
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert people.call("packer1", "POST", f"/stations/{world.stations['W1S1']}/scans", scan)[
        "repeated"
    ]


def test_a_scale_bridge_knows_its_station_by_the_code_alone(
    people: People, journey: Journey, world: World
) -> None:
    released(journey, ("A", 1))
    journey.pick(["W1T1"])
    station = world.stations["W1S1"]
    journey.scan(station, tote("W1T1"))
    by_code = "/stations/by-code/W1S1"
    assert people.call("packer1", "GET", by_code)["awaits_weight"] is False
    journey.scan(station, "A")
    assert people.call("packer1", "GET", by_code)["awaits_weight"] is True
    weight = {"scan_id": "w", "grams": 150, "source": "bridge"}
    weighed = people.call("packer1", "POST", f"{by_code}/weights", weight)
    assert weighed["verdict"]["code"] == "label-printed"
    assert weighed["awaits_weight"] is False
    assert people.refused("packer1", "GET", "/stations/by-code/W9S9")[0] == 404
    for who in ("packer1_w2", "picker1"):
        for method, path, body in (("GET", by_code, None), ("POST", f"{by_code}/weights", weight)):
            status = people.refused(who, method, path, body)[0]
            assert status == (404 if who == "packer1_w2" else 403)


def test_a_short_at_the_bench_is_told_in_words(
    people: People, journey: Journey, world: World
) -> None:
    released(journey, ("A", 1), ("B", 1))
    journey.pick(["W1T1"])
    station = world.stations["W1S1"]
    journey.scan(station, tote("W1T1"))
    assert journey.scan(station, command("SHORT"))["next"]["code"] == "scan-reason"
    which = journey.scan(station, reason("damaged"))
    assert which["verdict"]["message"] == (
        "Short: damaged. Scan the product, or CONFIRM for everything missing."
    )
