"""Two people act on one order at the same moment: real processes, both databases."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.errors import DomainError
from fulfillment.domain.people import Actor
from fulfillment.services import packing, picking, tasks
from fulfillment.services.cancelling import cancel_order, cancel_shipment
from fulfillment.services.dispatching import scan_out
from fulfillment.store.journal import OutboxMessage, ScanEvent
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import PackSession, Parcel, ParcelLine
from fulfillment.store.stock import StockMove
from fulfillment.store.work import PickFeed, PickListShipment, ToteUse
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.picklists import claim, release
from tests.support.racing import race
from tests.support.world import NOON, World, change, fetch

ROUNDS = 4
"""How often each pair races in a test: the processes stay, only the orders are new."""
Act = Any


def told(act: Act) -> str:
    """What somebody is told: the code of the verdict, or of the refusal of a command."""
    try:
        answer = act()
    except DomainError as refusal:
        return refusal.code
    verdict = getattr(answer, "verdict", None)
    if verdict is not None:
        return str(verdict.code)
    return "already" if answer.already else "done"


def each(acts: list[Act]) -> list[str]:
    """Some acts after each other, in the process of one person."""
    return [told(act) for act in acts]


def rounds(url: str, people: list[list[Act]]) -> list[tuple[str, ...]]:
    """Let people do their lists of acts at the same time; their answers, round by round."""
    return list(zip(*race(url, [partial(each, acts) for acts in people]), strict=True))


def scan(actor: Actor, station_id: int, raw: str, scan_id: str) -> Act:
    return partial(packing.scan, actor, station_id=station_id, scan_id=scan_id, raw=raw)


@pytest.fixture
def goods(world: World) -> World:
    world.product("A", weight_grams=300)
    world.product("B", weight_grams=200)
    world.stock("A", 500)
    world.stock("B", 500)
    return world


def labelled(world: World, number: int) -> tuple[int, str]:
    """A shipment of one piece with its label on; its id and tracking number."""
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 1}, tote=f"W1T{number}")
    bench.open(f"W1T{number}")
    bench.scan("A")
    tracking = bench.weigh(350).verdict.fields["tracking"]
    clear_the_benches()
    return shipment_id, tracking


def clear_the_benches() -> None:
    """Everybody walks away from what is open."""
    change(update(PackSession).where(PackSession.closed_at.is_(None)).values(closed_at=NOON))


def order_of(shipment_id: int) -> int:
    return int(codes(Shipment, "order_id", id=shipment_id)[0].order_id)


def moved(shipment_id: int, reason: str) -> int:
    rows = codes(StockMove, "quantity", reason=reason, reference_id=shipment_id)
    return sum(row.quantity for row in rows)


def test_a_shipment_that_is_shipped_at_two_stations_leaves_once(
    goods: World, database_url: str
) -> None:
    ids = [labelled(goods, number)[0] for number in range(1, ROUNDS + 1)]
    supervisor = goods.people["supervisor1"]
    acts = [partial(packing.ship, supervisor, shipment_id=key) for key in ids]
    for answers in rounds(database_url, [acts, acts, acts]):
        assert sorted(answers) == ["already", "already", "done"]
    for shipment_id in ids:
        assert moved(shipment_id, "ship") == 1
        key = f"shipment.shipped:{shipment_id}"
        assert len(codes(OutboxMessage, "id", key=key)) == 1
    assert goods.available("W1", "A") == 500 - ROUNDS


def test_a_cancellation_and_a_shipping_leave_one_truth(goods: World, database_url: str) -> None:
    ids = [labelled(goods, number)[0] for number in range(1, ROUNDS + 1)]
    ship = [partial(packing.ship, goods.people["supervisor1"], shipment_id=key) for key in ids]
    cancel = [
        partial(cancel_order, goods.people["admin"], order_id=order_of(key), reason="asked")
        for key in ids
    ]
    for answers in rounds(database_url, [ship, cancel]):
        assert answers in (("done", "done"), ("illegal-event", "done"))
    for shipment_id in ids:
        # Shipped first and then un-shipped, or never shipped: the goods are here either way.
        assert codes(Shipment, "state", id=shipment_id) == [("cancelled",)]
        assert moved(shipment_id, "ship") == moved(shipment_id, "un-ship")
    assert codes(Order, "state") == [("cancelled",)] * ROUNDS
    assert codes(OrderLine, "cancelled", "allocated") == [(1, 0)] * ROUNDS


def test_a_cancellation_and_a_dispatch_leave_one_truth(goods: World, database_url: str) -> None:
    made = [labelled(goods, number) for number in range(1, ROUNDS + 1)]
    for shipment_id, _tracking in made:
        packing.ship(goods.people["supervisor1"], shipment_id=shipment_id)
    out = [
        partial(
            scan_out,
            goods.people["supervisor1"],
            warehouse_id=goods.warehouses["W1"],
            scan_id=f"out-{tracking}",
            raw=tracking,
        )
        for _id, tracking in made
    ]
    back = [
        partial(cancel_shipment, goods.people["admin"], shipment_id=shipment_id, reason="asked")
        for shipment_id, _tracking in made
    ]
    for answers, (shipment_id, _) in zip(rounds(database_url, [out, back]), made, strict=True):
        (row,) = codes(Shipment, "state", id=shipment_id)
        assert (answers, row.state) in (
            (("shipment-dispatched", "already-dispatched"), "dispatched"),
            (("label-void", "done"), "cancelled"),
        )


def test_a_parcel_that_is_scanned_out_twice_is_out_once(goods: World, database_url: str) -> None:
    made = [labelled(goods, number) for number in range(1, ROUNDS + 1)]
    for shipment_id, _tracking in made:
        packing.ship(goods.people["supervisor1"], shipment_id=shipment_id)

    def at_the_dock(person: int) -> list[Act]:
        return [
            partial(
                scan_out,
                goods.people["supervisor1"],
                warehouse_id=goods.warehouses["W1"],
                scan_id=f"{person}-{tracking}",
                raw=tracking,
            )
            for _id, tracking in made
        ]

    for answers in rounds(database_url, [at_the_dock(1), at_the_dock(2)]):
        assert sorted(answers) == ["parcel-already-out", "shipment-dispatched"]
    assert codes(Parcel, "state") == [("dispatched",)] * ROUNDS


def test_a_cancellation_and_a_pack_scan_leave_one_truth(goods: World, database_url: str) -> None:
    packers = [("packer1", "W1S1"), ("packer2", "W1S2")]
    open_orders = []
    for number, (person, station) in enumerate(packers, start=1):
        shipment_id = picked_shipment(goods, {"A": 2}, tote=f"W1T{number}")
        BenchDriver(goods, person, station).open(f"W1T{number}")
        open_orders.append(shipment_id)
    scans = [
        [scan(goods.people[person], goods.stations[station], "A", f"{person}-{n}") for n in "12"]
        for person, station in packers
    ]
    cancel = [
        partial(cancel_order, goods.people["admin"], order_id=order_of(key), reason="asked")
        for key in open_orders
    ]
    *packed, cancelled = race(
        database_url, [*(partial(each, acts) for acts in scans), partial(each, cancel)]
    )
    assert cancelled == ["done", "done"]
    for answers, shipment_id in zip(packed, open_orders, strict=True):
        assert answers in (
            ["counted", "complete"],
            ["counted", "order-cancelled"],
            ["order-cancelled", "no-order-open"],
        )
        counted = sum(code in ("counted", "complete") for code in answers)
        assert codes(ShipmentLine, "packed", shipment_id=shipment_id) == [(counted,)]
    assert goods.balance("W1T1", "A") == (2, 0, 0)


def test_two_packers_who_open_one_order_get_one_owner(goods: World, database_url: str) -> None:
    ids = [picked_shipment(goods, {"A": 1}, tote=f"W1T{n}") for n in (1, 2)]
    for number, shipment_id in enumerate(ids, start=1):
        raw = own_code(Own.TOTE, f"W1T{number}")
        answers = race(
            database_url,
            [
                partial(
                    told,
                    scan(goods.people[person], goods.stations[station], raw, f"{person}-{raw}"),
                )
                for person, station in (("packer1", "W1S1"), ("packer2", "W1S2"))
            ],
        )
        assert sorted(answers) == ["opened", "opened-elsewhere"]
        assert len(codes(PackSession, "id", shipment_id=shipment_id)) == 1
        assert len(codes(Parcel, "id", shipment_id=shipment_id)) == 1
        clear_the_benches()


def test_a_scan_that_arrives_twice_at_one_moment_counts_once(
    goods: World, database_url: str
) -> None:
    shipment_id = picked_shipment(goods, {"A": 9})
    BenchDriver(goods).open()
    station = goods.stations["W1S1"]
    acts = [scan(goods.people["packer1"], station, "A", f"same-{n}") for n in range(ROUNDS)]
    for answers in rounds(database_url, [acts, acts, acts]):
        assert set(answers) == {"counted"}
    assert codes(ShipmentLine, "packed", shipment_id=shipment_id) == [(ROUNDS,)]
    assert len(codes(ScanEvent, "id", code="counted")) == ROUNDS


def test_pieces_that_two_scanners_of_one_station_read_at_once_all_count(
    goods: World, database_url: str
) -> None:
    shipment_id = picked_shipment(goods, {"A": 8})
    BenchDriver(goods).open()
    station, packer = goods.stations["W1S1"], goods.people["packer1"]
    hands = [
        [scan(packer, station, "A", f"{hand}-{n}") for n in range(4)] for hand in ("left", "right")
    ]
    answers = Counter(code for pair in rounds(database_url, hands) for code in pair)
    assert answers == {"counted": 7, "complete": 1}
    assert codes(Shipment, "state", id=shipment_id) == [("packed",)]


def test_a_piece_scanned_while_the_parcel_is_closed_goes_into_an_open_one(
    goods: World, database_url: str
) -> None:
    station, packer = goods.stations["W1S1"], goods.people["packer1"]
    shipment_id = picked_shipment(goods, {"A": 2 * ROUNDS + 2})
    bench = BenchDriver(goods)
    bench.open()
    bench.scan("A")
    next_parcel = own_code(Own.COMMAND, Command.NEXT_PARCEL)
    closing = [scan(packer, station, next_parcel, f"next-{n}") for n in range(ROUNDS)]
    filling = [scan(packer, station, "A", f"piece-{n}") for n in range(2 * ROUNDS)]
    closed, filled = race(database_url, [partial(each, closing), partial(each, filling)])
    assert set(closed) <= {"next-parcel", "parcel-empty"}
    assert set(filled) == {"counted"}
    assert bench.scan("A").verdict.code == "complete"
    for parcel in codes(Parcel, "id", "state", "expected_grams", shipment_id=shipment_id):
        assert parcel.state in ("closed", "cancelled")
        if parcel.state == "closed":
            assert parcel.expected_grams == 50 + 300 * pieces_in(parcel.id)


def pieces_in(parcel_id: int) -> int:
    return sum(row.quantity for row in codes(ParcelLine, "quantity", parcel_id=parcel_id))


def test_a_cancellation_and_a_tote_scan_leave_one_truth(goods: World, database_url: str) -> None:
    for number in range(2):
        release(goods, [{"A": 3}, {"A": 1}])
        picker = claim(goods, "picker1")
        picker.bin("W1-A-01-1-1")
        picker.scan("A")
        first = shipment_in_hand(picker.list_id)
        tote = own_code(Own.TOTE, free_tote(goods))
        put = partial(
            picking.scan, picker.actor, pick_list_id=picker.list_id, scan_id=f"t{number}", raw=tote
        )
        cancel = partial(
            cancel_order, goods.people["admin"], order_id=order_of(first), reason="asked"
        )
        answers = race(database_url, [partial(told, put), partial(told, cancel)])
        assert answers in (["put", "done"], ["order-cancelled", "done"])
        picked = sum(row.picked for row in codes(PickFeed, "picked"))
        assert picked == sum(row.picked for row in codes(ShipmentLine, "picked"))
        finish_list(goods, picker)


def shipment_in_hand(list_id: int) -> int:
    rows = fetch(
        select(PickListShipment.shipment_id)
        .where(PickListShipment.pick_list_id == list_id)
        .order_by(PickListShipment.position)
    )
    return int(rows[0].shipment_id)


def finish_list(world: World, picker: Any) -> None:
    """Go on until the list is done, so that its picker may take the next one."""
    for _ in range(12):
        view = picker.view()
        if view.state == "done":
            return
        if view.cancelled or view.awaits == "item":
            picker.scan("A")
        elif view.awaits == "bin":
            picker.bin("W1-A-01-1-1")
        else:
            picker.tote(view.feed.tote or free_tote(world))
    raise AssertionError("the list has no end")


def free_tote(world: World) -> str:
    used = {row.tote_id for row in fetch(select(ToteUse.tote_id))}
    return next(
        code for code, key in world.locations.items() if code.startswith("W1T") and key not in used
    )


def test_a_task_scan_that_arrives_twice_at_one_moment_counts_once(
    goods: World, database_url: str
) -> None:
    shipment_id = picked_shipment(goods, {"A": ROUNDS})
    cancel_order(goods.people["admin"], order_id=order_of(shipment_id), reason="asked")
    (task,) = tasks.list_tasks(goods.people["admin"], warehouse_id=goods.warehouses["W1"])
    actor = goods.people["picker1"]
    raws = [own_code(Own.TOTE, "W1T1")]
    raws += ["A", own_code(Own.LOCATION, "W1-A-02-1-1")] * ROUNDS
    acts = [
        partial(tasks.scan, actor, task_id=task.id, scan_id=f"s{n}", raw=raw)
        for n, raw in enumerate(raws)
    ]
    for answers in rounds(database_url, [acts, acts]):
        assert len(set(answers)) == 1
    assert goods.balance("W1-A-02-1-1", "A") == (ROUNDS, 0, 0)
