"""Labels that are bought from a carrier: once for a parcel, whatever the carrier does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from fulfillment.carriers.protocol import Account, NotSetUp
from fulfillment.domain.barcodes import Command
from fulfillment.domain.errors import IllegalEvent, LabelActive, NotPermitted, UnknownThing
from fulfillment.domain.orders import PostalAddress
from fulfillment.domain.people import system
from fulfillment.services import packing, purchases
from fulfillment.services.allocating import change_service
from fulfillment.services.board import exceptions
from fulfillment.services.cancelling import cancel_order
from fulfillment.services.orders.review import correct_address
from fulfillment.store.catalog import CarrierAccount
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import CarrierDocument, Label, Parcel
from fulfillment.store.purchases import LabelPurchase
from fulfillment.store.transaction import clock_set_to
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.carriers import (
    PDF,
    FakeCarrier,
    purchase_states,
    settle_all,
    settle_due,
    use_carrier,
)
from tests.support.printing import Clock, work
from tests.support.world import World, change

NOBODY = Path("/nonexistent")


@pytest.fixture
def carrier(world: World) -> Iterator[FakeCarrier]:
    with FakeCarrier() as fake:
        use_carrier(world, fake)
        yield fake


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock_set_to(clock):
        yield clock


def waiting_at_the_board(world: World) -> list[str]:
    """What the supervisor's board says of carriers."""
    found = exceptions.list_exceptions(system(), world.warehouses["W1"], "carriers")
    return [one.detail for one in found]


def weighed(world: World, *, tote: str = "W1T1") -> tuple[BenchDriver, int]:
    """An order of one A at W1S1, weighed, so that its label is to be bought."""
    if "A" not in world.products:
        world.product("A", weight_grams=300)
        world.stock("A", 100)
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 1}, tote=tote)
    bench.open(tote)
    bench.scan("A")
    assert bench.weigh(350).verdict.code == "label-being-bought"
    return bench, shipment_id


def state_of(shipment_id: int) -> str:
    return str(codes(Shipment, "state", id=shipment_id)[0].state)


def look_at(bench: BenchDriver) -> packing.BenchReply:
    return packing.bench(bench.actor, station_id=bench.station_id)


def test_the_packer_waits_for_the_label_and_goes_on_as_usual(
    world: World, carrier: FakeCarrier
) -> None:
    bench, shipment_id = weighed(world)
    assert look_at(bench).next_code == "await-label"
    assert settle_due() == ["bought"]
    assert look_at(bench).next_code == "scan-label"
    (label,) = codes(Label, "tracking_number", "carrier", "service")
    assert tuple(label) == (carrier.sold[0].number, "FAKE", "STD")
    assert bench.scan(label.tracking_number).verdict.code == "shipped"
    assert state_of(shipment_id) == "shipped"
    assert codes(CarrierDocument, "document", "format") == [(PDF, "pdf")]


def test_what_is_asked_says_who_where_and_how_heavy(world: World, carrier: FakeCarrier) -> None:
    weighed(world)
    settle_due()
    (sold,) = carrier.sold
    (parcel,) = codes(Parcel, "sscc")
    assert sold.key == f"{parcel.sscc}-1"
    asked = sold.request
    assert (asked["receiver"]["postcode"], asked["receiver"]["country"]) == ("SW1Y 4JH", "GB")
    assert asked["package"] == {
        "grams": 350, "length_mm": 400, "width_mm": 300, "height_mm": 300,
    }  # fmt: skip
    assert (asked["sscc"], asked["parcel_number"], asked["parcel_count"]) == (parcel.sscc, 1, 1)


def test_the_worker_buys_in_its_turn(world: World, carrier: FakeCarrier, tmp_path: Path) -> None:
    _bench, shipment_id = weighed(world)
    work(tmp_path)
    assert (state_of(shipment_id), len(carrier.paid)) == ("labelled", 1)


def test_a_carrier_that_is_down_is_asked_again_until_it_is_back(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    bench, shipment_id = weighed(world)
    carrier.switch_off()
    assert settle_due() == ["intended"]
    assert settle_due() == []  # it is left alone for a while
    reply = look_at(bench)
    assert (reply.next_code, reply.next_fields["says"]) == ("await-label", "ConnectionRefusedError")
    carrier.switch_on()
    clock.forward(seconds=3)
    assert settle_due() == ["bought"]
    assert state_of(shipment_id) == "labelled"


def test_a_refusal_is_told_in_the_carriers_words_and_weighing_asks_anew(
    world: World, carrier: FakeCarrier
) -> None:
    bench, shipment_id = weighed(world)
    carrier.manner = "refuse"
    assert settle_due() == ["refused"]
    reply = look_at(bench)
    assert reply.next_code == "label-refused"
    assert reply.next_fields["says"] == "the postcode is not in the city"
    assert waiting_at_the_board(world) == ["FAKE · the postcode is not in the city"]
    carrier.manner = "sell"
    assert bench.command(Command.RE_WEIGH).verdict.code == "weigh-again"
    assert bench.weigh(351).verdict.code == "label-being-bought"
    assert settle_due() == ["bought"]
    assert state_of(shipment_id) == "labelled"
    assert [one.key[-2:] for one in carrier.paid] == ["-2"]
    assert waiting_at_the_board(world) == []


@pytest.mark.parametrize("manner", ["die", "hang"])
def test_an_answer_that_was_lost_is_asked_for_with_the_same_key(
    world: World, clock: Clock, manner: str
) -> None:
    with FakeCarrier() as carrier:
        use_carrier(world, carrier, seconds=0.3)
        _bench, shipment_id = weighed(world)
        carrier.manner = manner
        assert settle_due() == ["unknown"]
        assert len(waiting_at_the_board(world)) == 1
        carrier.switch_on()
        clock.forward(seconds=3)
        assert settle_due() == ["bought"]
        assert (state_of(shipment_id), len(carrier.sold)) == ("labelled", 1)


def test_a_carrier_without_keys_is_never_asked_twice_but_looked_up(
    world: World, clock: Clock
) -> None:
    with FakeCarrier(honours_keys=False) as carrier:
        use_carrier(world, carrier)
        _bench, shipment_id = weighed(world)
        carrier.manner = "die"
        assert settle_due() == ["unknown"]
        carrier.switch_on()
        clock.forward(seconds=3)
        assert settle_due() == ["bought"]
        assert (state_of(shipment_id), len(carrier.sold)) == ("labelled", 1)


def test_what_nobody_can_look_up_is_left_to_a_supervisor(world: World, clock: Clock) -> None:
    with FakeCarrier(honours_keys=False) as carrier:
        use_carrier(world, carrier, can_find=False)
        bench, shipment_id = weighed(world)
        carrier.manner = "die"
        settle_due()
        carrier.switch_on()
        settle_all(lambda: clock.forward(hours=1))
        assert (purchase_states(), len(carrier.sold)) == (["unknown"], 1)
        assert look_at(bench).next_code == "label-in-doubt"
        supervisor = world.people["supervisor1"]
        (view,) = purchases.open_purchases(supervisor)
        assert (view.asks, view.key, view.parcel) == ("look-it-up", carrier.sold[0].key, 1)
        carrier.sold.clear()  # it turns out that the carrier has nothing of it
        purchases.give_up(supervisor, view.id, reason="not in their list")
        assert look_at(bench).next_code == "label-refused"
        bench.command(Command.RE_WEIGH)
        bench.weigh(350)
        settle_due()
        assert (state_of(shipment_id), len(carrier.sold)) == ("labelled", 1)
        acts = [row.act for row in codes(AuditEntry, "act")]
        assert "purchase-give-up" in acts


def test_only_a_supervisor_of_the_warehouse_decides(world: World, clock: Clock) -> None:
    with FakeCarrier(honours_keys=False) as carrier:
        use_carrier(world, carrier, can_find=False)
        weighed(world)
        carrier.manner = "die"
        settle_due()
        (row,) = codes(LabelPurchase, "id")
        with pytest.raises(NotPermitted):
            purchases.give_up(world.people["packer1"], row.id, reason="x")
        with pytest.raises(UnknownThing):
            purchases.give_up(world.people["supervisor1_w2"], row.id, reason="x")
        with pytest.raises(IllegalEvent):
            purchases.accept_loss(world.people["supervisor1"], row.id, reason="x")
        assert purchases.open_purchases(world.people["packer1_w2"]) == ()


def test_a_supervisor_can_have_it_looked_up_again(world: World, clock: Clock) -> None:
    with FakeCarrier(honours_keys=False) as carrier:
        use_carrier(world, carrier)
        _bench, shipment_id = weighed(world)
        carrier.manner = "die"
        settle_due()
        late = carrier.sold.pop()  # the carrier's list is behind
        carrier.switch_on()
        settle_all(lambda: clock.forward(hours=1))
        (view,) = purchases.open_purchases(world.people["supervisor1"])
        assert (view.state, view.asks) == ("unknown", "look-it-up")
        carrier.sold.append(late)
        purchases.ask_again(world.people["supervisor1"], view.id)
        assert settle_due() == ["bought"]
        assert state_of(shipment_id) == "labelled"


def test_nothing_changes_in_a_box_whose_label_is_being_bought(
    world: World, carrier: FakeCarrier
) -> None:
    bench, _shipment_id = weighed(world)
    for command in (Command.UNDO, Command.TAKE_OUT, Command.RE_WEIGH):
        assert bench.command(command).verdict.code == "label-being-bought"
    assert bench.weigh(400).verdict.code == "label-being-bought"
    assert settle_due() == ["bought"]


def test_void_before_anybody_asked_costs_nothing(world: World, carrier: FakeCarrier) -> None:
    bench, shipment_id = weighed(world)
    assert bench.command(Command.VOID_LABEL).verdict.code == "label-withdrawn"
    assert (settle_due(), carrier.asked, purchase_states()) == ([], 0, ["voided"])
    assert bench.weigh(350).verdict.code == "label-being-bought"
    settle_due()
    assert (state_of(shipment_id), len(carrier.paid)) == ("labelled", 1)


def test_a_void_label_is_taken_back_before_another_is_bought(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    bench, shipment_id = weighed(world)
    settle_due()
    assert bench.command(Command.VOID_LABEL).verdict.code == "label-voided"
    bench.weigh(350)
    carrier.manner = "busy"
    assert settle_due() == ["voiding"]
    assert purchase_states() == ["voiding", "intended"]
    assert settle_due() == []  # the second waits for the first
    carrier.manner = "sell"
    settle_all(lambda: clock.forward(hours=1))
    assert purchase_states() == ["voided", "bought"]
    assert ([one.void for one in carrier.sold], state_of(shipment_id)) == (
        [True, False],
        "labelled",
    )


def test_what_the_carrier_will_not_take_back_is_a_supervisors_matter(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    bench, shipment_id = weighed(world)
    settle_due()
    bench.command(Command.VOID_LABEL)
    bench.weigh(350)
    carrier.manner = "keep"
    settle_all_but_the_last(clock)
    supervisor = world.people["supervisor1"]
    first = purchases.open_purchases(supervisor)[0]
    assert (first.asks, first.detail) == ("void-refused", "it was scanned already")
    assert len(carrier.paid) == 1
    purchases.accept_loss(supervisor, first.id, reason="claimed from the carrier")
    settle_due()
    assert (purchase_states(), state_of(shipment_id)) == (["voided", "bought"], "labelled")


def settle_all_but_the_last(clock: Clock) -> None:
    while settle_due():
        clock.forward(hours=1)


def test_a_label_that_was_in_doubt_when_it_was_withdrawn_is_taken_back(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    bench, shipment_id = weighed(world)
    carrier.manner = "die"
    settle_due()
    assert bench.command(Command.VOID_LABEL).verdict.code == "label-withdrawn"
    bench.weigh(350)
    carrier.switch_on()
    settle_all(lambda: clock.forward(hours=1))
    assert (purchase_states(), state_of(shipment_id)) == (["voided", "bought"], "labelled")
    assert len(carrier.paid) == 1


def test_a_cancelled_order_keeps_no_paid_label(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    _bench, shipment_id = weighed(world)
    carrier.manner = "die"
    settle_due()
    (row,) = codes(Shipment, "order_id", id=shipment_id)
    cancel_order(world.people["admin"], order_id=row.order_id, reason="changed their mind")
    carrier.switch_on()
    settle_all(lambda: clock.forward(hours=1))
    assert (carrier.paid, purchase_states()) == ([], ["voided"])
    assert codes(Label, "id") == []


def test_the_address_and_the_service_stay_while_a_label_is_being_bought(
    world: World, carrier: FakeCarrier
) -> None:
    _bench, shipment_id = weighed(world)
    (row,) = codes(Shipment, "order_id", id=shipment_id)
    address = PostalAddress(
        country="GB", name="Ada Byron", lines=("1 Elsewhere",), city="London", postcode="SW1Y 4JH"
    )
    with pytest.raises(LabelActive):
        correct_address(world.people["admin"], row.order_id, address=address, reason="moved")
    with pytest.raises(IllegalEvent):
        change_service(world.people["supervisor1"], shipment_id, world.service_id)


def test_several_parcels_are_sealed_with_the_last_label(
    world: World, carrier: FakeCarrier, clock: Clock
) -> None:
    world.product("A", weight_grams=300)
    world.stock("A", 100)
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 2})
    bench.open()
    bench.scan("A")
    bench.command(Command.NEXT_PARCEL)
    bench.scan("A")
    assert bench.weigh(350).verdict.code == "weighed"
    assert bench.weigh(352).verdict.code == "label-being-bought"
    first, second = (row.id for row in codes(LabelPurchase, "id"))
    assert purchases.settle_next(first, credentials_root=NOBODY) == "bought"
    assert (state_of(shipment_id), codes(Label, "id")) == ("packed", [])
    carrier.manner = "refuse"
    assert purchases.settle_next(second, credentials_root=NOBODY) == "refused"
    carrier.manner = "sell"
    assert bench.command(Command.RE_WEIGH).verdict.fields["parcel"] == 2
    bench.weigh(353)
    settle_all(lambda: clock.forward(hours=1))
    assert (state_of(shipment_id), len(carrier.paid)) == ("labelled", 2)
    numbers = [row.content["parcel_number"] for row in codes(Label, "content")]
    assert numbers == [1, 2]


def test_an_account_without_its_adapter_or_its_secrets_says_so_and_the_rest_works(
    world: World, carrier: FakeCarrier, tmp_path: Path
) -> None:
    account = Account("FAKE", "http-test", {"port": carrier.port, "token": "wanted"})
    assert purchases.with_credentials(account, tmp_path) == account
    (tmp_path / "FAKE.json").write_text("[")
    with pytest.raises(NotSetUp):
        purchases.with_credentials(account, tmp_path)
    (tmp_path / "FAKE.json").write_text(json.dumps({"token": "secret"}))
    found = purchases.with_credentials(account, tmp_path)
    assert found.credentials == {"token": "secret"}


def test_a_carrier_of_an_unknown_kind_keeps_its_labels_waiting_with_the_reason(
    world: World, carrier: FakeCarrier
) -> None:
    change(update(CarrierAccount).values(kind="pigeon"))
    bench, _shipment_id = weighed(world)
    assert settle_due() == ["intended"]
    assert look_at(bench).next_fields["says"] == "no adapter of kind pigeon"
