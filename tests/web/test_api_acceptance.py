"""The checks of the first morning through the JSON API, as far as they have no screen or sound.

Everybody has a real token; what they do next is what the answer before said.  The numbers are those
of the manager's list.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.store.journal import OutboxMessage
from fulfillment.store.transaction import clock_set_to
from tests.labels.reading import text_of
from tests.support.benches import codes
from tests.support.journeys import Journey, command, place, reason, tote
from tests.support.people import BASE, People
from tests.support.printing import times_printed, work
from tests.support.raw_printers import RawPrinterStandIn
from tests.support.world import World

A1, A2, A3 = "W1-A-01-1-1", "W1-A-02-1-1", "W1-A-03-1-1"


@pytest.fixture
def people(app: Flask, world: World) -> People:
    """Everybody; A (300 g) and B (200 g) lie in two bins of W1."""
    world.product("A", weight_grams=300, case=("A-CASE", 12))
    world.product("B", weight_grams=200)
    world.product("C", weight_grams=120)
    world.stock("A", 40, bin_code=A1)
    world.stock("B", 40, bin_code=A2)
    return People(app, world)


@pytest.fixture
def journey(people: People) -> Journey:
    return people.journey()


class Bench:
    """Somebody at a station, and what the last answer was."""

    def __init__(self, journey: Journey, station_id: int, packer: str = "packer1") -> None:
        self.journey = journey
        self.station_id = station_id
        self.packer = packer

    def scan(self, raw: str, scan_id: str | None = None) -> Any:
        """Scan a text."""
        return self.journey.scan(self.station_id, raw, self.packer, scan_id)

    def code(self, raw: str) -> str:
        """The code of the answer to a scan."""
        return str(self.scan(raw)["verdict"]["code"])

    def weigh(self, grams: int) -> Any:
        """Put the box on the scale."""
        return self.journey.weigh(self.station_id, grams, self.packer)


@pytest.fixture
def bench(journey: Journey, world: World) -> Bench:
    return Bench(journey, world.stations["W1S1"])


def picked(journey: Journey, *lines: tuple[str, int], into: str = "W1T1") -> int:
    """An order that is picked into a tote; its id."""
    order_id = journey.take(*lines)
    journey.allocate(order_id)
    journey.release()
    journey.pick([into])
    return order_id


def shipment_of(journey: Journey, order_id: int) -> int:
    (shipment,) = journey.order(order_id)["shipments"]
    return int(shipment["id"])


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """What each act returns when all begin at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait(60)
            return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(run, act) for act in acts]]


def stock_of(people: People, warehouse: str, sku: str) -> tuple[int, int, int]:
    """On hand, reserved and available as the API shows them."""
    boss = "supervisor1" if warehouse == "W1" else "supervisor1_w2"
    warehouse_id = people.world.warehouses[warehouse]
    rows = people.call(boss, "GET", f"/warehouses/{warehouse_id}/stock?sku={sku}")["items"]
    (row,) = [row for row in rows if row["sku"] == sku]
    return row["on_hand"], row["reserved"], row["available"]


# --- packing -----------------------------------------------------------------------------


def test_01_an_order_goes_on_to_weighing_by_itself_with_its_last_piece(
    journey: Journey, bench: Bench
) -> None:
    picked(journey, ("A", 3), ("B", 1))
    bench.scan(tote("W1T1"))
    for raw in ("A", "A", "B"):
        assert bench.code(raw) == "counted"
    finish = bench.scan(command("CONFIRM"))["verdict"]
    assert not finish["accepted"]
    assert finish["message"].startswith("Still missing: 1 × A.")
    last = bench.scan("A")
    assert last["verdict"]["tone"] == "complete"
    assert last["next"]["code"] == "weigh"


def test_02_one_more_is_refused_and_stands_in_the_scan_log(
    people: People, journey: Journey, bench: Bench
) -> None:
    picked(journey, ("A", 3))
    for raw in (tote("W1T1"), "A", "A", "A"):
        bench.scan(raw)
    extra = bench.scan("A")
    assert (extra["verdict"]["accepted"], extra["verdict"]["tone"]) == (False, "refused")
    assert extra["bench"]["lines"][0]["packed"] == 3
    (logged,) = people.call(
        "supervisor1", "GET", f"/scans?accepted=false&station_id={bench.station_id}"
    )["items"]
    assert (logged["code"], logged["by"], logged["station"], logged["raw"]) == (
        "too-many",
        "Packer1",
        "W1S1",
        "A",
    )
    assert logged["at"]


def test_03_an_item_of_another_order_is_named_with_the_tote_or_the_bin_it_belongs_to(
    journey: Journey, bench: Bench, world: World
) -> None:
    world.stock("C", 5, bin_code=A3)
    picked(journey, ("A", 1), into="W1T1")
    other = journey.order(picked(journey, ("B", 1), into="W1T2"))["number"]
    bench.scan(tote("W1T1"))
    needed = bench.scan("B")
    assert (needed["verdict"]["code"], needed["bench"]["lines"][0]["packed"]) == ("wrong-item", 0)
    assert f"Order {other}" in needed["verdict"]["message"]
    assert "tote W1T2" in needed["verdict"]["message"]
    assert f"It belongs to bin {A3}." in bench.scan("C")["verdict"]["message"]


def test_03_a_broken_item_goes_to_quarantine_and_another_is_picked_for_it(
    people: People, journey: Journey, bench: Bench, world: World
) -> None:
    picked(journey, ("A", 2))
    for raw in (tote("W1T1"), "A", command("SHORT")):
        bench.scan(raw)
    short = bench.scan(reason("damaged"))["verdict"]
    assert short["fields"]["follows"] == "replacement-pick"
    quarantined = people.call(
        "supervisor1",
        "GET",
        f"/warehouses/{world.warehouses['W1']}/stock-by-location?location=W1-QUAR",
    )["items"]
    assert [(row["sku"], row["on_hand"], row["held"]) for row in quarantined] == [("A", 1, 1)]
    journey.pick(["W1T3"])
    assert journey.pack(bench.station_id, "W1T3")["verdict"]["code"] == "shipped"


def test_03_take_out_removes_any_accepted_piece(journey: Journey, bench: Bench) -> None:
    picked(journey, ("A", 1), ("B", 2))
    for raw in (tote("W1T1"), "A", "B", command("TAKE-OUT")):
        bench.scan(raw)
    taken = bench.scan("A")
    assert taken["verdict"]["code"] == "taken-out"
    assert {line["sku"]: line["packed"] for line in taken["bench"]["lines"]} == {"A": 0, "B": 1}


def test_04_the_same_scan_twice_counts_once_and_two_units_count_two(
    journey: Journey, bench: Bench
) -> None:
    picked(journey, ("A", 3))
    bench.scan(tote("W1T1"))
    scan_id = str(uuid.uuid4())
    first, again = bench.scan("A", scan_id), bench.scan("A", scan_id)
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["verdict"] == first["verdict"]
    assert again["bench"]["lines"][0]["packed"] == 1
    assert bench.scan("A")["bench"]["lines"][0]["packed"] == 2


def test_05_a_case_counts_its_units_or_is_refused_with_how_many_are_wanted(
    journey: Journey, bench: Bench
) -> None:
    picked(journey, ("A", 17))
    bench.scan(tote("W1T1"))
    assert bench.scan("A-CASE")["bench"]["lines"][0]["packed"] == 12
    refused = bench.scan("A-CASE")
    assert refused["verdict"]["message"].startswith("Case of 12, only 5 wanted (A).")
    assert refused["bench"]["lines"][0]["packed"] == 12


def test_06_a_gs1_code_finds_the_item_checks_its_lot_and_refuses_an_expired_one(
    journey: Journey, bench: Bench, world: World
) -> None:
    world.product("L", barcode="09506000134352", tracking="lot", has_expiry=True)
    world.stock("L", 2, bin_code=A3, lot="GOOD", expires_on=date(2049, 1, 1))
    order_id = journey.take(("L", 2))
    journey.allocate(order_id)
    journey.release()
    list_id = journey.claim()["list"]["id"]
    for raw in (place(A3), "]d20109506000134352" + "17490101" + "10GOOD", tote("W1T1")):
        assert journey.pick_scan(list_id, raw)["verdict"]["accepted"], raw
    bench.scan(tote("W1T1"))
    assert bench.code("]C10109506000134352" + "17490101" + "10OTHER") == "wrong-lot"
    assert bench.code("]C10109506000134352" + "17200101" + "10GOOD") == "expired"
    assert bench.code("]d20109506000134352" + "17490101" + "10GOOD") == "counted"


def test_07_undo_takes_back_the_last_scan_and_the_log_keeps_both(
    people: People, journey: Journey, bench: Bench
) -> None:
    order_id = picked(journey, ("A", 2))
    for raw in (tote("W1T1"), "A"):
        bench.scan(raw)
    undone = bench.scan(command("UNDO"))
    assert undone["bench"]["lines"][0]["packed"] == 0
    shipment = shipment_of(journey, order_id)
    log = people.call("supervisor1", "GET", f"/scans?shipment_id={shipment}&process=pack")["items"]
    assert [(one["code"], one["undone"]) for one in log[:2]] == [
        ("undone", False),
        ("counted", True),
    ]


def test_08_two_parcels_have_their_own_contents_weights_numbers_and_slips(
    people: People, journey: Journey, bench: Bench
) -> None:
    order_id = picked(journey, ("A", 1), ("B", 1))
    for raw in (tote("W1T1"), "A", command("NEXT-PARCEL"), "B"):
        bench.scan(raw)
    assert bench.weigh(350)["verdict"]["code"] == "weighed"
    assert bench.weigh(250)["verdict"]["code"] == "label-printed"
    (shipment,) = journey.order(order_id)["shipments"]
    one, two = shipment["parcels"]
    assert (one["weight_grams"], two["weight_grams"]) == (350, 250)
    assert one["sscc"] != two["sscc"]
    assert one["tracking_number"] != two["tracking_number"]
    slips = people.send("packer1", "GET", f"/shipments/{shipment['id']}/packing-slips.pdf").data
    first, second = text_of(slips).strip("\n").split("\n")[:2]
    assert ("Product A" in first, "Product B" in first) == (True, False)
    assert ("Product A" in second, "Product B" in second) == (False, True)
    for parcel, left in ((one, 1), (two, 0)):
        answer = bench.scan(parcel["tracking_number"])
        assert answer["verdict"]["fields"].get("left", 0) == left
    assert answer["verdict"]["code"] == "shipped"


def test_09_a_wrong_weight_blocks_until_a_supervisor_overrides_it_with_a_reason(
    people: People, journey: Journey, bench: Bench
) -> None:
    order_id = picked(journey, ("A", 3), ("B", 1))
    for raw in (tote("W1T1"), "A", "A", "A", "B"):
        bench.scan(raw)
    shipment = shipment_of(journey, order_id)
    refused = bench.weigh(950)["verdict"]
    assert (refused["accepted"], refused["fields"]["expected"]) == (False, 1150)
    assert "1 × B is probably missing." in refused["message"]
    status, problem = people.refused("supervisor1", "POST", f"/shipments/{shipment}/ship")
    assert (status, problem["code"]) == (409, "illegal-event")
    why = {"reason": "weighed by hand, all is there"}
    path = f"/shipments/{shipment}/override-weight"
    assert people.refused("packer1", "POST", path, why)[0] == 403
    tracking = people.call("supervisor1", "POST", path, why)["fields"]["tracking"]
    assert bench.scan(tracking)["verdict"]["code"] == "shipped"
    (act,) = people.call("supervisor1", "GET", "/audited-acts?act=override-weight")["items"]
    assert (act["by"], act["reason"]) == ("Supervisor1", why["reason"])
    assert act["details"]["measured_grams"] == 950


def test_10_a_corrected_address_voids_the_label_and_the_new_one_replaces_it(
    people: People, journey: Journey, bench: Bench, world: World
) -> None:
    order_id = picked(journey, ("A", 1))
    for raw in (tote("W1T1"), "A"):
        bench.scan(raw)
    old = str(bench.weigh(350)["verdict"]["fields"]["tracking"])
    shipment = shipment_of(journey, order_id)
    address = {
        "country": "GB",
        "name": "Ada Byron",
        "lines": ["1 Other Street"],
        "city": "Leeds",
        "postcode": "LS1 4DY",
    }
    change = {"address": address, "reason": "the customer rang"}
    path = f"/orders/{order_id}/address"
    status, problem = people.refused("supervisor1", "PUT", path, change)
    assert (status, problem["code"]) == (409, "label-active")
    why = {"reason": "the customer rang"}
    people.call("packer1", "POST", f"/shipments/{shipment}/void-label", why)
    people.call("supervisor1", "PUT", path, change)
    new = str(bench.weigh(350)["verdict"]["fields"]["tracking"])
    assert new != old
    again = people.call("packer1", "POST", f"/shipments/{shipment}/reprint", why)
    assert (again["code"], again["fields"]) == ("label-reprinted", {"tracking": new, "count": 1})
    wrong = bench.scan(old)["verdict"]
    assert (wrong["accepted"], wrong["code"]) == (False, "label-void")
    assert bench.scan(new)["verdict"]["code"] == "shipped"
    out = f"/warehouses/{world.warehouses['W1']}/dispatch-scans"
    voided = people.call("packer1", "POST", out, {"scan_id": str(uuid.uuid4()), "raw": old})
    assert voided["verdict"]["code"] == "label-void"
    gone = people.call("packer1", "POST", out, {"scan_id": str(uuid.uuid4()), "raw": new})
    assert gone["verdict"]["code"] == "shipment-dispatched"


def test_11_a_label_waits_for_a_printer_that_is_off_and_prints_once_when_it_is_back(
    people: People, journey: Journey, bench: Bench, world: World, tmp_path: Path
) -> None:
    with RawPrinterStandIn() as printer:
        setup = {
            "code": "P1",
            "name": "Label printer",
            "kind": "raw",
            "address": printer.address,
            "language": "zpl",
        }
        w1, station = world.warehouses["W1"], world.stations["W1S1"]
        made = people.call("supervisor1", "POST", f"/warehouses/{w1}/printers", setup)
        chosen = {"printer_id": made["id"]}
        label_kind = f"/stations/{station}/printers/shipping-label"
        people.call("supervisor1", "PUT", label_kind, chosen)
        order_id = picked(journey, ("A", 1))
        for raw in (tote("W1T1"), "A"):
            bench.scan(raw)
        tracking = str(bench.weigh(350)["verdict"]["fields"]["tracking"])
        work(tmp_path)
        queue = people.call("packer1", "GET", f"/stations/{station}/printing")
        assert [(job["state"], job["tracking_number"]) for job in queue["waiting"]] == [
            ("queued", tracking)
        ]
        assert queue["printers"]["shipping-label"]["condition"] == "offline"
        ship = f"/shipments/{shipment_of(journey, order_id)}/ship"
        assert people.call("packer1", "POST", ship)["tracking_numbers"] == [tracking]
        printer.switch_on()
        with clock_set_to(lambda: datetime.now(UTC) + timedelta(minutes=1)):
            work(tmp_path)
        assert times_printed(printer.printed, tracking) == len(printer.printed) == 1


def test_13_a_second_packer_sees_who_has_the_order_and_takes_it_over_with_two_scans(
    journey: Journey, bench: Bench, world: World
) -> None:
    order_id = picked(journey, ("A", 2))
    for raw in (tote("W1T1"), "A"):
        bench.scan(raw)
    other = Bench(journey, world.stations["W1S2"], "packer2")
    seen = other.scan(tote("W1T1"))["verdict"]
    assert not seen["accepted"]
    assert (seen["fields"]["holder"], seen["fields"]["station"]) == ("Packer1", "W1S1")
    assert seen["fields"]["since"]
    assert other.code(command("TAKE-OVER")) == "take-over-again"
    taken = other.scan(command("TAKE-OVER"))
    assert taken["verdict"]["code"] == "taken-over"
    assert taken["bench"]["lines"][0]["packed"] == 1
    lost = bench.scan("A")["verdict"]
    assert (lost["code"], lost["fields"]["holder"]) == ("lost-to-take-over", "Packer2")
    assert other.code("A") == "complete"
    assert "take-over" in [one["what"] for one in journey.order(order_id)["history"]]


# --- picking -----------------------------------------------------------------------------


def test_15_twelve_orders_are_one_walk_by_bin_and_no_item_gets_into_a_wrong_tote(
    people: People, journey: Journey, world: World
) -> None:
    world.stock("C", 40, bin_code=A3)
    orders = [
        journey.take(*((("A", number), ("B", 1)) if number % 2 else (("C", 2),)))
        for number in range(1, 13)
    ]
    people.call("supervisor1", "POST", "/allocations", {"order_ids": orders})
    (number,) = journey.release()["lists"]
    sheet = people.call("picker1", "GET", f"/pick-lists/{number}/sheet")
    assert [one["code"] for one in sheet["bins"]] == [A1, A2, A3]
    assert [len(one["stops"]) for one in sheet["bins"]] == [1, 1, 1]
    position_of = {one["order_number"]: one["position"] for one in sheet["positions"]}
    fed = {
        (stop["sku"], feed["position"]): feed["quantity"]
        for one in sheet["bins"]
        for stop in one["stops"]
        for feed in stop["feeds"]
    }
    assert fed == {
        (line["sku"], position_of[order["number"]]): line["quantity"]
        for order in map(journey.order, orders)
        for line in order["lines"]
    }
    view = journey.claim()
    list_id = view["list"]["id"]
    journey.pick_scan(list_id, place(A1))
    journey.pick_scan(list_id, "A")
    journey.pick_scan(list_id, tote("W1T1"))
    journey.pick_scan(list_id, "A")
    refused = journey.pick_scan(list_id, tote("W1T1"))["verdict"]
    assert (refused["accepted"], refused["code"]) == (False, "tote-of-another")


def test_16_a_short_pick_finds_another_bin_and_the_count_makes_the_books_right(
    people: People, journey: Journey, world: World
) -> None:
    world.stock("C", 6, bin_code=A1)
    mine = journey.take(("C", 5))
    journey.allocate(mine)
    journey.release()
    others = journey.take(("C", 1))
    journey.allocate(others)
    journey.release()
    world.stock("C", 2, bin_code=A2)
    list_id = journey.claim()["list"]["id"]
    other_list = journey.claim("picker2")["list"]["id"]
    journey.pick_scan(list_id, place(A1))
    journey.pick_scan(list_id, command("SHORT"))
    journey.pick_scan(list_id, quantity(2))
    short = journey.pick_scan(list_id, reason("fewer-than-shown"))
    assert short["verdict"]["fields"] == {"sku": "C", "missing": 3, "bins": [A2], "owed": 1}
    assert f"Take the rest from {A2}." in short["verdict"]["message"]
    assert stock_of(people, "W1", "C")[2] == 0, "the missing units cannot be sold again"
    assert journey.order(mine)["has_backorder"]
    for raw in (place(A1), "C"):
        journey.pick_scan(other_list, raw, "picker2")
    put = journey.pick_scan(other_list, tote("W1T2"), "picker2")
    assert put["verdict"]["code"] == "put-last", "the other picker's unit stayed reserved"
    (task,) = people.call("picker1", "GET", f"/tasks?warehouse_id={world.warehouses['W1']}")[
        "items"
    ]
    assert (task["kind"], task["place"], task["quantity"]) == ("count", A1, 3)
    journey.pick(["W1T1"])
    for raw in (place(A1), command("CONFIRM")):
        scan = {"scan_id": str(uuid.uuid4()), "raw": raw}
        answer = people.call("picker2", "POST", f"/tasks/{task['id']}/scans", scan)
    assert answer["verdict"]["code"] == "count-done"
    assert world.balance(A1, "C") == (0, 0, 0)
    assert stock_of(people, "W1", "C") == (5, 5, 0)
    assert people.call("admin", "GET", "/audit")["ok"]


def quantity(units: int) -> str:
    return own_code(Own.QUANTITY, str(units))


def test_17_a_wrong_bin_or_item_is_refused_with_what_was_scanned_and_what_was_expected(
    journey: Journey,
) -> None:
    order_id = journey.take(("A", 1))
    journey.allocate(order_id)
    journey.release()
    list_id = journey.claim()["list"]["id"]
    wrong_bin = journey.pick_scan(list_id, place(A2))["verdict"]
    assert wrong_bin["fields"] == {"scanned": A2, "expected": A1}
    assert wrong_bin["message"] == f"This is bin {A2}. Go to bin {A1}."
    journey.pick_scan(list_id, place(A1))
    wrong_item = journey.pick_scan(list_id, "B")["verdict"]
    assert (wrong_item["accepted"], wrong_item["message"]) == (False, "This is B. Take A.")


def test_18_a_cancelled_order_stops_the_picker_and_its_goods_go_back_to_their_bins(
    people: People, journey: Journey, world: World
) -> None:
    first, second = journey.take(("A", 2)), journey.take(("B", 1))
    for order_id in (first, second):
        journey.allocate(order_id)
    journey.release()
    list_id = journey.claim()["list"]["id"]
    for raw in (place(A1), "A", tote("W1T1")):
        journey.pick_scan(list_id, raw)
    gone = {"reason": "the customer called"}
    cancelled = people.call("supervisor1", "POST", f"/orders/{first}/cancel", gone)
    assert cancelled["put_back_tasks"] == 1
    stopped = journey.pick_scan(list_id, place(A2))["verdict"]
    assert (stopped["accepted"], stopped["code"]) == (False, "order-cancelled")
    assert "W1T1" in stopped["message"]
    put_back(people, world, sku="A", units=2, into=A1)
    assert stock_of(people, "W1", "A") == (40, 0, 40)


def put_back(people: People, world: World, *, sku: str, units: int, into: str) -> None:
    """Do the only open put-back task by its scans."""
    (task,) = people.call(
        "picker2", "GET", f"/tasks?kind=put-back&warehouse_id={world.warehouses['W1']}"
    )["items"]
    assert (task["suggested"], task["quantity"]) == (into, units)
    for raw in (tote(task["place"]), *[sku] * units, place(task["suggested"])):
        scan = {"scan_id": str(uuid.uuid4()), "raw": raw}
        answer = people.call("picker2", "POST", f"/tasks/{task['id']}/scans", scan)
    assert answer["verdict"]["code"] == "put-back-done"


def test_18_a_cancelled_order_stops_the_bench_and_gets_no_label(
    people: People, journey: Journey, bench: Bench, world: World
) -> None:
    order_id = picked(journey, ("A", 2))
    for raw in (tote("W1T1"), "A"):
        bench.scan(raw)
    gone = {"reason": "the customer called"}
    people.call("supervisor1", "POST", f"/orders/{order_id}/cancel", gone)
    stopped = bench.scan("A")["verdict"]
    assert (stopped["accepted"], stopped["code"]) == (False, "order-cancelled")
    assert "the customer called" in stopped["message"]
    assert bench.code(tote("W1T1")) in ("order-cancelled", "unknown-barcode")
    shipment = shipment_of(journey, order_id)
    assert people.refused("packer1", "GET", f"/shipments/{shipment}/labels.pdf")[0] == 409
    put_back(people, world, sku="A", units=2, into=A1)


def test_19_two_pickers_who_ask_at_the_same_moment_get_different_lists(
    app: Flask, people: People, journey: Journey
) -> None:
    for sku in ("A", "B"):
        journey.allocate(journey.take((sku, 1)))
        journey.release()
    for picker in ("picker1", "picker2"):
        people.client(picker)
    lists = at_once(
        app,
        *(
            lambda picker=picker: journey.claim(picker)["list"]["number"]
            for picker in ("picker1", "picker2")
        ),
    )
    assert len(set(lists)) == 2


# --- stock -------------------------------------------------------------------------------


def test_20_one_unit_and_two_orders_in_the_same_second_exactly_one_gets_it(
    app: Flask, people: People, journey: Journey, world: World
) -> None:
    world.stock("C", 1, bin_code=A3)
    orders = [journey.take(("C", 1)) for _ in range(2)]
    answers = at_once(
        app, *(lambda order_id=order_id: journey.allocate(order_id) for order_id in orders)
    )
    assert sorted(answer["units"] for answer in answers) == [0, 1]
    assert sorted(journey.order(order_id)["has_backorder"] for order_id in orders) == [False, True]
    assert stock_of(people, "W1", "C") == (1, 0, 0)


def test_21_an_order_that_one_warehouse_can_serve_is_not_split_and_says_why(
    people: People, journey: Journey, world: World
) -> None:
    world.product("D")
    world.stock("D", 2, bin_code=A1)
    world.stock("D", 5, bin_code="W2-A-01-1-1")
    order_id = journey.take(("D", 4))
    allocated = journey.allocate(order_id)
    assert len(allocated["shipments"]) == 1
    shown = people.call("admin", "GET", f"/orders/{order_id}")
    (shipment,) = shown["shipments"]
    assert shipment["warehouse"] == "W2"
    considered = {one["warehouse"]: one["units"] for one in shipment["why"]["considered"]}
    assert considered == {"W1": 2, "W2": 4}


def test_21_a_split_order_takes_exactly_those_bins_in_both_warehouses_down(
    people: People, world: World
) -> None:
    world.product("D")
    world.stock("D", 2, bin_code=A1)
    world.stock("D", 5, bin_code="W2-A-01-1-1")
    here, there = people.journey("W1"), people.journey("W2")
    order_id = here.take(("D", 6))
    here.allocate(order_id)
    steps = [_both(people)]
    for journey in (here, there):
        journey.release()
    steps.append(_both(people))
    for journey, warehouse in ((here, "W1"), (there, "W2")):
        journey.pick([f"{warehouse}T1"])
        journey.pack(world.stations[f"{warehouse}S1"], f"{warehouse}T1")
    steps.append(_both(people))
    assert steps == [
        ((2, 0, 0), (5, 0, 1)),  # promised
        ((2, 2, 0), (5, 4, 1)),  # reserved in bins
        ((0, 0, 0), (1, 0, 1)),  # shipped
    ]
    assert world.balance("W2-A-01-1-1", "D") == (1, 0, 0)
    assert people.call("admin", "GET", f"/orders/{order_id}")["state"] == "shipped"


def _both(people: People) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    return stock_of(people, "W1", "D"), stock_of(people, "W2", "D")


def test_22_ship_pressed_twice_retried_and_at_two_stations_ships_once(
    app: Flask, people: People, journey: Journey, bench: Bench
) -> None:
    order_id = picked(journey, ("A", 1))
    for raw in (tote("W1T1"), "A"):
        bench.scan(raw)
    tracking = bench.weigh(350)["next"]["fields"]["tracking"]
    shipment = shipment_of(journey, order_id)
    path = f"{BASE}/shipments/{shipment}/ship"
    press = people.client("supervisor1").post  # may ship without the scan of the label
    pressed = at_once(app, *[lambda: press(path).json] * 3)
    retried = [press(path, key="retry").json for _ in range(2)]
    assert {tuple(one["tracking_numbers"]) for one in pressed + retried} == {(tracking,)}
    assert sorted(one["already"] for one in pressed) == [False, True, True]
    assert stock_of(people, "W1", "A") == (39, 0, 39)
    assert len(codes(OutboxMessage, "id", topic="shipment.shipped")) == 1
    assert bench.code(tracking) in ("order-shipped", "no-order-open")


def test_23_at_the_end_of_the_day_ledger_and_records_are_whole(
    people: People, journey: Journey, world: World
) -> None:
    orders = [journey.take(("A", 2), ("B", 1)) for _ in range(3)]
    people.call("supervisor1", "POST", "/allocations", {"order_ids": orders})
    journey.release()
    used = journey.pick(["W1T1", "W1T2", "W1T3"])
    for code in used.values():
        assert journey.pack(world.stations["W1S1"], code)["verdict"]["code"] == "shipped"
    assert people.call("admin", "GET", "/audit")["ok"]
    for code, sku in ((A1, "A"), (A2, "B")):
        moves = people.call("supervisor1", "GET", f"/locations/{code}/moves")["items"]
        ledger = sum(
            row["quantity"] if row["target"] == code else -row["quantity"] for row in moves
        )
        assert ledger == world.balance(code, sku)[0]
    for order_id in orders:
        (shipment,) = journey.order(order_id)["shipments"]
        (parcel,) = shipment["parcels"]
        assert (parcel["weight_grams"], parcel["state"]) == (850, "shipped")
        assert parcel["tracking_number"]
        by = {one["what"]: one["by"] for one in journey.order(order_id)["history"]}
        assert by | {"packed": "Packer1", "weighed": "Packer1", "picked": "Picker1"} == by
        log = people.call("supervisor1", "GET", f"/scans?shipment_id={shipment['id']}")["items"]
        checked = [one for one in log if one["process"] == "pack" and one["quantity"]]
        assert sum(one["quantity"] for one in checked) == 3


# --- access ------------------------------------------------------------------------------

FORBIDDEN: Sequence[tuple[str, str, Any]] = (
    ("POST", "/stock/adjustments", {}),
    ("POST", "/stock/moves", {}),
    ("POST", "/stock/receipts", {}),
    ("GET", "/orders", None),
    ("POST", "/orders", {}),
    ("POST", "/allocations", {}),
    ("POST", "/waves", {}),
    ("GET", "/audited-acts", None),
    ("GET", "/scans", None),
    ("GET", "/audit", None),
    ("GET", "/users", None),
    ("PUT", "/sellers/SHOP/products", {}),
    ("GET", "/warehouses/1/policy", None),
    ("POST", "/shipments/1/override-weight", {}),
)


@pytest.mark.parametrize(("method", "path", "body"), FORBIDDEN)
def test_26_a_picker_may_not_do_what_supervisors_do(
    people: People, method: str, path: str, body: Any
) -> None:
    status, problem = people.refused("picker1", method, path, body)
    assert (status, problem["code"]) == (403, "not-permitted")


def test_26_nobody_sees_the_orders_lists_and_tasks_of_another_warehouse(
    people: People, journey: Journey, world: World
) -> None:
    order_id = picked(journey, ("A", 1))
    shipment = shipment_of(journey, order_id)
    (number,) = [one["number"] for one in people.call("picker1", "GET", "/pick-lists")["items"]]
    list_id = people.call("picker1", "GET", "/pick-lists")["items"][0]["id"]
    station = world.stations["W1S1"]
    assert people.call("supervisor1_w2", "GET", "/orders")["items"] == []
    assert people.call("picker1_w2", "GET", "/pick-lists")["items"] == []
    foreign: Sequence[tuple[str, str, str, Any]] = (
        ("supervisor1_w2", "GET", f"/orders/{order_id}", None),
        ("picker1_w2", "GET", f"/pick-lists/{list_id}", None),
        ("picker1_w2", "GET", f"/pick-lists/{number}/sheet", None),
        ("picker1_w2", "GET", f"/pick-lists/{number}/sheet.pdf", None),
        ("picker1_w2", "POST", f"/pick-lists/{list_id}/scans", {"scan_id": "x", "raw": "A"}),
        ("packer1_w2", "GET", f"/shipments/{shipment}/labels.pdf", None),
        ("packer1_w2", "POST", f"/shipments/{shipment}/ship", None),
        ("packer1_w2", "POST", f"/stations/{station}/scans", {"scan_id": "y", "raw": "A"}),
        ("packer1_w2", "GET", f"/stations/{station}", None),
        ("packer1_w2", "POST", f"/shipments/{shipment}/void-label", {"reason": "just so"}),
        ("packer1_w2", "POST", f"/shipments/{shipment}/reprint", {"reason": "just so"}),
        ("supervisor1_w2", "POST", f"/shipments/{shipment}/override-weight", {"reason": "why"}),
        ("supervisor1_w2", "POST", f"/shipments/{shipment}/cancel", {"reason": "why"}),
        ("supervisor1_w2", "GET", f"/warehouses/{world.warehouses['W1']}/stock", None),
    )
    answers = {
        (who, path): people.refused(who, *rest)[0] for who, *rest in foreign for path in rest[1:2]
    }
    assert set(answers.values()) <= {403, 404}, answers
    assert answers["supervisor1_w2", f"/shipments/{shipment}/override-weight"] == 404
