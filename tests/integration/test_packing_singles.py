"""Single-item packing: each piece of a batch tote opens, counts and completes an order."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select, update

from fulfillment.domain.barcodes import Command
from fulfillment.services import cancelling
from fulfillment.services.packing import BenchReply
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.people import Station
from fulfillment.store.work import ToteUse
from tests.support.benches import BenchDriver
from tests.support.picklists import ReleasedList, claim, release
from tests.support.world import NOON, World, change, fetch

A1, A2 = "W1-A-01-1-1", "W1-A-02-1-1"


def in_a_tote(world: World, *orders: dict[str, int]) -> ReleasedList:
    """Orders of A and B, picked as a batch into tote W1T1."""
    for sku, place in (("A", A1), ("B", A2)):
        world.product(sku)
        world.stock(sku, 10, bin_code=place)
    made = release(world, list(orders), method="batch")
    picker = claim(world, "picker1")
    while (stop := picker.view().stop) is not None:
        picker.bin(stop.location_code)
        picker.put(stop.sku, "W1T1")
    return made


def number_of(order_id: int) -> str:
    return str(fetch(select(Order.number).where(Order.id == order_id))[0].number)


def ship(bench: BenchDriver, reply: BenchReply) -> BenchReply:
    """Weigh the box of the order and scan its label."""
    assert reply.verdict.code == "complete", reply.verdict
    reply = bench.weigh(150)
    return bench.scan(str(reply.verdict.fields["tracking"]))


def test_an_order_takes_its_piece_and_its_label(world: World) -> None:
    made = in_a_tote(world, {"A": 1}, {"B": 1}, {"A": 1})
    bench = BenchDriver(world)
    opened = bench.open()
    assert (opened.verdict.code, opened.next_code) == ("batch-opened", "scan-single")
    assert opened.batch is not None
    assert (opened.batch.code, opened.batch.left) == ("W1T1", 3)
    first = bench.scan("A")
    assert first.view is not None
    assert (first.view.order_number, first.view.state) == (number_of(made.orders[0]), "packed")
    shipped = ship(bench, first)
    assert (shipped.verdict.code, shipped.next_code) == ("shipped", "scan-single")
    assert shipped.next_fields == {"tote": "W1T1", "left": 2}
    second = bench.scan("A")
    assert second.view is not None
    assert second.view.order_number == number_of(made.orders[2])
    ship(bench, second)
    last = ship(bench, bench.scan("B"))
    assert (last.next_code, last.batch) == ("scan-tote", None)
    assert fetch(select(Shipment.state)) == [("shipped",)] * 3
    assert fetch(select(ToteUse.closed_at).where(ToteUse.closed_at.is_(None))) == []
    assert bench.scan("A").verdict.code == "wrong-item"


def test_the_piece_goes_to_the_order_whose_van_leaves_first(world: World) -> None:
    made = in_a_tote(world, {"A": 1}, {"A": 1})
    late, soon = NOON + timedelta(hours=5), NOON + timedelta(hours=1)
    for shipment, leaves in zip(made.shipments, (late, soon), strict=True):
        change(update(Shipment).where(Shipment.id == shipment).values(cut_off_at=leaves))
    bench = BenchDriver(world)
    bench.open()
    view = bench.scan("A").view
    assert view is not None
    assert view.order_number == number_of(made.orders[1])


def test_two_stations_share_a_tote_and_never_an_order(world: World) -> None:
    in_a_tote(world, {"A": 1}, {"A": 1})
    benches = [BenchDriver(world), BenchDriver(world, "packer2", "W1S2")]
    views = []
    for bench in benches:
        assert bench.open().verdict.code == "batch-opened"
        views.append(bench.scan("A").view)
    assert len({view.order_number for view in views if view is not None}) == 2


def test_a_piece_scanned_twice_by_its_id_opens_one_order(world: World) -> None:
    in_a_tote(world, {"A": 1}, {"A": 1})
    bench = BenchDriver(world)
    bench.open()
    scan_id = str(uuid.uuid4())
    first, again = bench.scan("A", scan_id), bench.scan("A", scan_id)
    assert (again.verdict.code, again.repeated) == (first.verdict.code, True)
    assert sorted(row.state for row in fetch(select(Shipment.state))) == ["packed", "picked"]


def test_what_nobody_of_the_tote_wants_is_refused_with_where_it_belongs(world: World) -> None:
    in_a_tote(world, {"A": 1})
    bench = BenchDriver(world)
    bench.open()
    refused = bench.scan("B")
    assert (refused.verdict.code, refused.verdict.fields["home"]) == ("wrong-item", A2)
    assert refused.next_code == "scan-single"
    assert bench.scan("NOBODYS").verdict.code == "unknown-barcode"


def test_goods_of_a_cancelled_order_are_told_once_no_other_wants_them(world: World) -> None:
    made = in_a_tote(world, {"A": 1}, {"A": 1})
    supervisor = world.people["supervisor1"]
    cancelling.cancel_order(supervisor, order_id=made.orders[0], reason="asked")
    bench = BenchDriver(world)
    assert bench.open().verdict.fields == {"tote": "W1T1", "left": 1}
    ship(bench, bench.scan("A"))
    refused = bench.scan("A").verdict
    assert refused.code == "order-cancelled"
    assert refused.fields == {"order": number_of(made.orders[0]), "reason": "asked"}
    assert bench.open().verdict.code == "batch-tote-empty"


def test_orders_of_several_pieces_are_sorted_first(world: World) -> None:
    in_a_tote(world, {"A": 1, "B": 1})
    bench = BenchDriver(world)
    assert bench.open().verdict.code == "sort-first"
    assert bench.scan("A").verdict.code == "no-order-open"


def test_another_orders_tote_takes_the_place_of_the_batch_tote(world: World) -> None:
    in_a_tote(world, {"A": 1})
    release(world, [{"B": 1}])
    picker = claim(world, "picker2")
    picker.bin(A2)
    picker.put("B", "W1T2")
    bench = BenchDriver(world)
    bench.open()
    assert bench.open("W1T2").verdict.code == "opened"
    tote = select(Station.batch_tote_id).where(Station.id == bench.station_id)
    assert fetch(tote) == [(None,)]


def test_a_piece_taken_back_leaves_the_order_open(world: World) -> None:
    in_a_tote(world, {"A": 1})
    bench = BenchDriver(world)
    bench.open()
    bench.scan("A")
    assert bench.command(Command.UNDO).verdict.code == "undone"
    assert bench.open().verdict.code == "batch-opened"
    assert ship(bench, bench.scan("A")).verdict.code == "shipped"


def test_a_lot_or_a_serial_that_cannot_be_told_is_asked_for(world: World) -> None:
    world.product("L", tracking="lot")
    world.stock("L", 1, lot="X", bin_code=A1)
    world.stock("L", 1, lot="Y", bin_code=A2)
    release(world, [{"L": 1}, {"L": 1}], method="batch")
    picker = claim(world, "picker1")
    for place in (A1, A2):
        picker.bin(place)
        picker.put("L", "W1T1")
    bench = BenchDriver(world)
    bench.open()
    asked = bench.scan("L").verdict
    assert (asked.code, asked.fields["expected"]) == ("lot-needed", "X, Y")
