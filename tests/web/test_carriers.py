"""Carriers on the pages of the office, at the bench and through the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from fulfillment.domain.barcodes import Command
from fulfillment.domain.people import Role
from fulfillment.services import purchases
from fulfillment.store.catalog import CarrierAccount, CarrierService
from fulfillment.store.journal import AuditEntry
from fulfillment.store.orders import Shipment
from fulfillment.store.purchases import LabelPurchase
from fulfillment.store.transaction import clock_set_to
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.carriers import (
    FakeCarrier,
    purchase_states,
    settle_all,
    settle_due,
    use_carrier,
)
from tests.support.office import Office, rows, words
from tests.support.printing import Clock
from tests.support.web import api_client
from tests.support.world import World

PAGE = "/carriers"
ACCOUNTS = "A carrier that is not listed is the local one: its labels are made here"
PURCHASES = "The oldest first; the key is what the carrier knows the label by"
NOBODY = Path("/nonexistent")


@pytest.fixture
def supervisor(app: Flask, world: World) -> Iterator[Office]:
    """The supervisor of W1."""
    return Office(app, world, Role.SUPERVISOR)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock_set_to(clock):
        yield clock


def in_doubt(world: World, carrier: FakeCarrier) -> tuple[BenchDriver, int, int]:
    """A label of which nobody knows whether it was sold: bench, shipment, purchase."""
    world.product("A", weight_grams=300)
    world.stock("A", 10)
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 1})
    bench.open()
    bench.scan("A")
    bench.weigh(350)
    carrier.manner = "die"
    settle_due()
    carrier.switch_on()
    (row,) = codes(LabelPurchase, "id")
    return bench, shipment_id, row.id


def test_how_a_carrier_s_labels_are_bought_is_said_on_the_page(
    app: Flask, world: World, supervisor: Office
) -> None:
    assert "All labels are made here." in words(supervisor.page(PAGE))
    settings = json.dumps({"connector": "ups"})
    supervisor.done(f"{PAGE}/accounts", on=PAGE, carrier="local", kind="karrio", settings=settings)
    assert rows(supervisor.page(PAGE), ACCOUNTS) == [["LOCAL", "karrio", '{"connector": "ups"}']]
    (account,) = codes(CarrierAccount, "id")
    assert codes(CarrierService, "account_id") == [(account.id,)]
    assert codes(AuditEntry, "act")[-1:] == [("carrier-account",)]
    supervisor.done(f"{PAGE}/accounts", on=PAGE, carrier="local", kind="local", settings="{}")
    assert codes(CarrierService, "account_id") == [(None,)]
    for wrong in ({"settings": "[1]"}, {"settings": "{"}, {"kind": "pigeon"}, {"carrier": "a b/c"}):
        form = {"carrier": "UPS", "kind": "karrio", "settings": "{}", **wrong}
        assert supervisor.refused(f"{PAGE}/accounts", on=PAGE, **form).status_code == 422
    packer = Office(app, world, Role.PACKER)
    assert packer.get(PAGE).status_code == 403
    form = {"carrier": "UPS", "kind": "karrio", "settings": "{}"}
    assert packer.press(f"{PAGE}/accounts", on="/account/password", **form).status_code == 403


def test_a_supervisor_settles_what_nobody_knows(
    app: Flask, world: World, supervisor: Office, clock: Clock
) -> None:
    with FakeCarrier(honours_keys=False) as carrier:
        use_carrier(world, carrier, can_find=False)
        _bench, _shipment_id, purchase_id = in_doubt(world, carrier)
        settle_all(lambda: clock.forward(hours=1))
        shown = words(supervisor.page(PAGE))
        (row,) = rows(supervisor.page(PAGE), PURCHASES)
        assert row[3] == carrier.sold[0].key
        assert "Look for the key in the carrier's own list." in shown
        path = f"{PAGE}/purchases/{purchase_id}"
        nothing = supervisor.refused(f"{path}/accept-loss", on=PAGE, reason="x")
        assert nothing.status_code == 409
        assert supervisor.refused(f"{path}/give-up", on=PAGE, reason="").status_code == 422
        foreign = Office(app, world, Role.SUPERVISOR, "W2")
        assert "Nothing waits for a carrier." in words(foreign.page(PAGE))
        assert foreign.press(f"{path}/give-up", on=PAGE, reason="x").status_code == 404
        supervisor.done(f"{path}/give-up", on=PAGE, reason="not in their list")
        assert purchase_states() == ["refused"]
        assert "Nothing waits for a carrier." in words(supervisor.page(PAGE))


def test_a_program_settles_purchases_and_accounts(app: Flask, world: World, clock: Clock) -> None:
    with FakeCarrier(honours_keys=False) as carrier:
        use_carrier(world, carrier)
        bench, shipment_id, purchase_id = in_doubt(world, carrier)
        late = carrier.sold.pop()
        settle_all(lambda: clock.forward(hours=1))
        boss = api_client(app, world.people["supervisor1"].user_id)
        path = f"/api/v1/label-purchases/{purchase_id}"
        packer = api_client(app, world.people["packer1"].user_id)
        assert packer.post(f"{path}/ask").status_code == 403
        carrier.sold.append(late)
        assert boss.post(f"{path}/ask").status_code == 204
        settle_due()
        assert codes(Shipment, "state", id=shipment_id) == [("labelled",)]
        carrier.manner = "keep"
        purchases_void(bench)
        settle_due()
        assert boss.post(f"{path}/accept-loss", json={"reason": "claimed"}).status_code == 204
        assert purchase_states() == ["voided"]
        assert boss.post(f"{path}/give-up", json={"reason": "never sold"}).status_code == 409
        found = boss.get("/api/v1/carrier-accounts").json
        assert found is not None
        assert [one["carrier"] for one in found["items"]] == ["FAKE"]
        body = {"kind": "karrio", "settings": {"connector": "ups"}}
        assert boss.request("PUT", "/api/v1/carrier-accounts/UPS", json=body).status_code == 204
        assert packer.request("PUT", "/api/v1/carrier-accounts/UPS", json=body).status_code == 403


def purchases_void(bench: BenchDriver) -> None:
    assert bench.command(Command.VOID_LABEL).verdict.code == "label-voided"
    assert purchases.look().due
