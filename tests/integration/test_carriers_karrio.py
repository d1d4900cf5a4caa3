"""The adapter to real carriers, against answers as UPS gives them; no network."""

from __future__ import annotations

import io
import json
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from fulfillment.carriers import carrier_of
from fulfillment.carriers.protocol import (
    Account,
    Address,
    AnswerUnknown,
    BoughtLabel,
    LabelRequest,
    NotOffered,
    NotSetUp,
    Package,
    Refused,
    Unreachable,
)
from fulfillment.certificates import ensure_server_certificate
from fulfillment.store.catalog import CarrierAccount
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import CarrierDocument, Label
from tests.support import recorded
from tests.support.benches import BenchDriver, codes, picked_shipment
from tests.support.carriers import FakeCarrier, settle_due, use_carrier
from tests.support.recorded import RecordedServer
from tests.support.world import World, change

SHIP, VOID, TRACK = "/api/shipments/v2409/ship", "/api/shipments/v2409/void", "/api/track"
LOG_IN = "/security/v1/oauth/token"
REQUEST = LabelRequest(
    service="STD",
    sender=Address("GB", "The Shop", "The Shop Ltd", ("1 Dock Road",), "London", "", "E16 2AA", "1"),
    receiver=Address("GB", "Ada Byron", "", ("12 St James's Square", "Flat 2"), "London",
                     "", "SW1Y 4JH", "+44 20 7930 7705"),
    package=Package(512, 400, 300, 200),
    reference="O000001",
    sscc="095200000000001018",
)  # fmt: skip
KEY = "095200000000001018-1"


@pytest.fixture
def ups() -> Iterator[RecordedServer]:
    with RecordedServer({LOG_IN: recorded.TOKEN}) as server:
        yield server


def account(server: RecordedServer, name: str = "UPS") -> Account:
    settings = {
        "connector": "ups",
        "services": {"STD": "ups_standard"},
        "server_url": server.url,
    }
    secrets = {"client_id": name, "client_secret": server.url, "account_number": "A1B2C3"}
    return Account("UPS", "karrio", settings, secrets)


def test_a_zpl_label_comes_through_unchanged(ups: RecordedServer) -> None:
    ups.answers[SHIP] = recorded.sold("ZPL", recorded.ZPL)
    label = carrier_of(account(ups)).buy(replace(REQUEST, format="zpl"), key=KEY)
    assert (label.tracking_number, label.carrier_reference) == (recorded.NUMBER, recorded.NUMBER)
    assert (label.format, label.document) == ("zpl", recorded.ZPL)


def test_what_is_asked_is_what_was_packed(ups: RecordedServer) -> None:
    ups.answers[SHIP] = recorded.sold("ZPL", recorded.ZPL)
    carrier_of(account(ups)).buy(replace(REQUEST, format="zpl"), key=KEY)
    (asked,) = [body for _method, path, body in ups.asked if path == SHIP]
    shipment = asked["ShipmentRequest"]["Shipment"]
    assert asked["ShipmentRequest"]["LabelSpecification"]["LabelImageFormat"]["Code"] == "ZPL"
    assert shipment["Service"]["Code"] == "11"
    assert shipment["ReferenceNumber"]["Value"] == KEY
    assert shipment["Shipper"]["ShipperNumber"] == "A1B2C3"
    to = shipment["ShipTo"]["Address"]
    assert (to["AddressLine"], to["PostalCode"]) == (
        ["12 St James's Square", "Flat 2"],
        "SW1Y 4JH",
    )
    (package,) = shipment["Package"]
    assert float(package["PackageWeight"]["Weight"]) == pytest.approx(0.512, abs=0.01)


def test_a_label_for_paper_comes_as_a_pdf(ups: RecordedServer) -> None:
    ups.answers[SHIP] = recorded.sold("GIF", recorded.picture())
    label = carrier_of(account(ups)).buy(REQUEST, key=KEY)
    assert label.format == "pdf"
    assert label.document is not None
    assert label.document.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (recorded.REFUSED, Refused),
        (recorded.TOO_MANY, Unreachable),
        (recorded.BROKEN, AnswerUnknown),
        ((401, {"response": {"errors": [{"code": "1", "message": "no"}]}}), NotSetUp),
        ((200, {}), AnswerUnknown),
        (None, AnswerUnknown),
    ],
)
def test_whether_money_may_have_been_spent_is_told_apart(
    ups: RecordedServer, answer: recorded.Answer, error: type[Exception]
) -> None:
    ups.answers[SHIP] = answer
    with pytest.raises(error):
        carrier_of(account(ups)).buy(REQUEST, key=KEY)
    assert ups.times_asked(SHIP) == 1, "it is never sent again by itself"


def test_a_refusal_has_the_words_of_the_carrier(ups: RecordedServer) -> None:
    ups.answers[SHIP] = recorded.REFUSED
    with pytest.raises(Refused, match="120802 Address Validation Error on ShipTo address"):
        carrier_of(account(ups)).buy(REQUEST, key=KEY)


def test_a_request_is_sent_once_where_the_sdk_would_send_it_again(
    ups: RecordedServer, tmp_path: object
) -> None:
    # With Sentry installed the SDK sends a request again whose answer was lost.
    pretend = textwrap.dedent(
        """
        import sys, types, contextlib
        sentry = types.ModuleType("sentry_sdk")
        @contextlib.contextmanager
        def start_span(**_words):
            yield types.SimpleNamespace(set_data=lambda *_: None)
        sentry.start_span = start_span
        sys.modules["sentry_sdk"] = sentry
        from tests.integration import test_carriers_karrio as here
        from fulfillment.carriers import carrier_of
        from fulfillment.carriers.protocol import AnswerUnknown
        from tests.support import recorded
        with here.RecordedServer({here.LOG_IN: recorded.TOKEN, here.SHIP: None}) as server:
            try:
                carrier_of(here.account(server)).buy(here.REQUEST, key=here.KEY)
            except AnswerUnknown:
                print(server.times_asked(here.SHIP))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "1", done.stderr


def test_a_carrier_that_is_not_there_was_asked_nothing(ups: RecordedServer) -> None:
    with RecordedServer() as gone:
        nowhere = account(gone)
    with pytest.raises(Unreachable):
        carrier_of(nowhere).buy(REQUEST, key=KEY)


def test_a_stranger_in_the_place_of_the_carrier_gets_no_credentials(tmp_path: Path) -> None:
    certificate = ensure_server_certificate(
        tmp_path, names=["localhost"], addresses=[IPv4Address("127.0.0.1")], now=datetime.now(UTC)
    )
    with RecordedServer({LOG_IN: recorded.TOKEN}, certificate=certificate) as stranger:
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            carrier_of(account(stranger)).buy(REQUEST, key=KEY)
        assert stranger.asked == []


def test_the_sdk_changes_nothing_for_the_rest_of_the_process(ups: RecordedServer) -> None:
    carrier_of(account(ups))
    assert ssl._create_default_https_context().verify_mode is ssl.CERT_REQUIRED  # PEP 476 names it
    torn = recorded.picture()[:-20]
    with Image.open(io.BytesIO(torn)) as picture, pytest.raises(OSError, match="truncated"):
        picture.load()


def test_wrong_credentials_are_a_matter_of_the_set_up(ups: RecordedServer) -> None:
    ups.answers |= {LOG_IN: recorded.WRONG_TOKEN, SHIP: recorded.sold("ZPL", recorded.ZPL)}
    with pytest.raises(NotSetUp, match="ClientId is Invalid"):
        carrier_of(account(ups, "other")).buy(REQUEST, key=KEY)
    assert ups.times_asked(SHIP) == 0
    with pytest.raises(NotSetUp):
        carrier_of(replace(account(ups), credentials={}))


def test_a_parcel_without_a_weight_is_refused_before_anybody_is_asked(ups: RecordedServer) -> None:
    with pytest.raises(Refused, match="weight"):
        carrier_of(account(ups)).buy(replace(REQUEST, package=Package(None)), key=KEY)
    assert ups.asked == []


def test_a_label_is_voided_by_the_carriers_own_reference(ups: RecordedServer) -> None:
    ups.answers[VOID] = recorded.VOIDED
    carrier = carrier_of(account(ups))
    carrier.void(BoughtLabel(recorded.NUMBER, "REF9"), key=KEY)
    assert ups.asked[-1][:2] == ("DELETE", f"{VOID}/cancel/REF9")
    ups.answers[VOID] = recorded.TOO_LATE
    with pytest.raises(Refused, match="190102"):
        carrier.void(BoughtLabel(recorded.NUMBER), key=KEY)


def test_a_parcel_is_tracked(ups: RecordedServer) -> None:
    ups.answers[TRACK] = recorded.TRACKED
    found = carrier_of(account(ups)).track(recorded.NUMBER)
    assert found.state == "delivered"
    assert [(one.words, one.place) for one in found.events] == [
        ("Departed from Facility", "London, GB"),
        ("DELIVERED", "Hull, GB"),
    ]


def test_what_the_connector_lacks_is_said(ups: RecordedServer) -> None:
    carrier = carrier_of(account(ups))
    with pytest.raises(NotOffered):
        carrier.find(KEY)
    with pytest.raises(NotSetUp, match="karrio_pigeon"):
        carrier_of(replace(account(ups), settings={"connector": "pigeon"}))


def test_without_the_sdk_the_account_says_so_and_the_rest_works() -> None:
    without = textwrap.dedent(
        """
        import sys
        sys.modules["karrio"] = None
        from fulfillment.carriers import carrier_of
        from fulfillment.carriers.protocol import Account, NotSetUp
        carrier_of(Account("LOCAL", "local"))
        try:
            carrier_of(Account("UPS", "karrio", {"connector": "ups"}))
        except NotSetUp as problem:
            print(problem)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", without], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == (
        "karrio is not installed here: pip install 'fulfillment[carriers]'"
    ), done.stderr


def test_an_order_is_packed_with_a_label_of_ups(
    world: World, ups: RecordedServer, tmp_path: Path
) -> None:
    ups.answers[SHIP] = recorded.sold("GIF", recorded.picture())
    with FakeCarrier() as fake:
        use_carrier(world, fake)
    change(update(CarrierAccount).values(kind="karrio", settings=dict(account(ups).settings)))
    world.product("A", weight_grams=300)
    world.stock("A", 10)
    bench = BenchDriver(world)
    shipment_id = picked_shipment(world, {"A": 1})
    bench.open()
    bench.scan("A")
    bench.weigh(350)
    secrets = tmp_path / "carriers"
    secrets.mkdir()
    (secrets / "FAKE.json").write_text(json.dumps(account(ups).credentials))
    assert settle_due(secrets) == ["bought"]
    assert codes(Label, "tracking_number", "carrier") == [(recorded.NUMBER, "FAKE")]
    (document,) = codes(CarrierDocument, "format", "document")
    assert document.format == "pdf"
    assert document.document.startswith(b"%PDF")
    assert bench.scan(recorded.NUMBER).verdict.code == "shipped"
    assert codes(Shipment, "state", id=shipment_id) == [("shipped",)]
