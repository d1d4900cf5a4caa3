"""The addresses behind the station pages, without a browser."""

from __future__ import annotations

import uuid
from html import unescape
from typing import Any

import pytest
from flask import Flask

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import system
from fulfillment.domain.values import SHORT_REASONS
from fulfillment.services import packing, people
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment, ShipmentLine
from stations.sheets import COMMAND_EXPLAINED, COMMAND_WORDS, REASON_WORDS
from tests.labels.reading import pictures, read_by_zxing
from tests.support.benches import codes, picked_shipment
from tests.support.carriers import PDF, FakeCarrier, settle_due, use_carrier
from tests.support.web import Browser
from tests.support.world import World


class Bench(Browser):
    """A browser that is station W1S1 with packer1 badged in."""

    def __init__(self, app: Flask, world: World) -> None:
        super().__init__(app)
        made = people.make_enrolment_code(system(), world.stations["W1S1"])
        self.station = people.enrol_station(made.enrolment_code).token
        given = people.give_badge(system(), world.people["packer1"].user_id, badge="P1")
        session = people.badge_in(self.station, "P1", given.first_pin)
        assert isinstance(session, people.LoggedIn)
        self.client.set_cookie("station", self.station)
        self.client.set_cookie("session", session.token)
        self.token = self.get("/stations/pack/state").json["csrf"]

    def send(self, path: str, sent: Any, **headers: str) -> Any:
        """POST JSON with the form token."""
        return self.request("POST", path, json=sent, headers={"X-CSRFToken": self.token, **headers})

    def scan(self, raw: str) -> Any:
        """One scan; the answer."""
        return self.send("/stations/scan", {"scan_id": str(uuid.uuid4()), "raw": raw}).json


@pytest.fixture
def bench(app: Flask, world: World) -> Bench:
    world.product("A", weight_grams=300, barcode="4006381333931", case=("CASE-A", 12))
    world.stock("A", 20)
    return Bench(app, world)


def test_a_scan_is_answered_with_verdict_sentence_tone_and_the_new_view(bench: Bench) -> None:
    answer = bench.scan("4006381333931")
    assert (answer["accepted"], answer["code"], answer["tone"]) == (
        False,
        "no-order-open",
        "refused",
    )
    assert answer["message"] in answer["html"]


def test_the_table_for_counting_offline_is_given_when_an_order_opens(
    world: World, bench: Bench
) -> None:
    picked_shipment(world, {"A": 13})
    answer = bench.scan(own_code(Own.TOTE, "W1T1"))
    (line,) = answer["table"]["lines"]
    assert answer["table"]["codes"] == {"04006381333931": [int(line), 1], "CASE-A": [int(line), 12]}
    assert answer["table"]["lines"][line]["missing"] == 13
    assert bench.scan("4006381333931")["table"] is None


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/stations/scan", []),
        ("/stations/scan", {"scan_id": "1", "raw": "A"}),
        ("/stations/scan", {"scan_id": str(uuid.UUID(int=1)), "raw": 1}),
        ("/stations/scan", {"scan_id": str(uuid.UUID(int=1)), "raw": "x" * 513}),
        ("/stations/weigh", {"scan_id": str(uuid.UUID(int=1)), "grams": True, "source": "scale"}),
        ("/stations/weigh", {"scan_id": str(uuid.UUID(int=1)), "grams": 5, "source": "guess"}),
        ("/stations/weigh", {"scan_id": str(uuid.UUID(int=1)), "grams": 10**9, "source": "scale"}),
        ("/stations/override-weight", {"badge": "P1", "pin": "", "reason": "x"}),
        ("/stations/override-weight", {"badge": "P1", "pin": "1", "reason": "x"}),
    ],
)
def test_bad_input_is_answered_with_a_code_and_a_sentence(
    bench: Bench, path: str, sent: Any
) -> None:
    response = bench.send(path, sent)
    assert response.status_code == 409
    assert response.json["code"] == "invalid-input"
    assert response.json["message"]


def test_a_scan_without_the_form_token_or_a_log_in_counts_nothing(app: Flask, bench: Bench) -> None:
    sent = {"scan_id": str(uuid.uuid4()), "raw": "A"}
    assert bench.send("/stations/scan", sent, **{"X-CSRFToken": "wrong"}).status_code == 400
    bench.client.delete_cookie("session")
    response = bench.send("/stations/scan", sent, **{"Sec-Fetch-Mode": "cors"})
    assert (response.status_code, response.json["code"]) == (401, "not-logged-in")


def test_a_kept_scan_of_somebody_else_counts_nothing_and_stands_in_the_log_under_that_name(
    world: World, bench: Bench
) -> None:
    picked_shipment(world, {"A": 2})
    bench.scan(own_code(Own.TOTE, "W1T1"))
    other = world.people["packer2"].user_id
    kept = {"scan_id": str(uuid.uuid4()), "raw": "4006381333931", "user": other}
    for repeated in (False, True):
        answer = bench.send("/stations/scan", kept).json
        assert (answer["code"], answer["tone"]) == ("kept-of-another", "refused")
        assert answer["repeated"] is repeated
        assert answer["fields"]["who"] == "Packer2"
        assert "Packer2 scanned 4006381333931" in answer["message"]
    assert codes(ShipmentLine, "packed") == [(0,)]
    station = world.stations["W1S1"]
    logged = codes(ScanEvent, "user_id", "station_id", "accepted", code="kept-of-another")
    assert logged == [(other, station, False)]


def test_a_kept_scan_of_somebody_else_that_had_arrived_is_answered_as_it_was_then(
    world: World, bench: Bench
) -> None:
    picked_shipment(world, {"A": 2})
    bench.scan(own_code(Own.TOTE, "W1T1"))
    mine = world.people["packer1"].user_id
    arrived = {"scan_id": str(uuid.uuid4()), "raw": "4006381333931", "user": mine}
    assert bench.send("/stations/scan", arrived).json["code"] == "counted"
    arrived["user"] = world.people["packer2"].user_id
    answer = bench.send("/stations/scan", arrived).json
    assert (answer["code"], answer["repeated"]) == ("counted", True)
    assert codes(ShipmentLine, "packed") == [(1,)]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/stations/scan", {"raw": own_code(Own.COMMAND, Command.LOG_OUT)}),
        ("/stations/weigh", {"grams": 350, "source": "scale"}),
    ],
)
def test_neither_a_kept_command_nor_a_kept_weight_of_somebody_else_does_anything(
    world: World, bench: Bench, path: str, sent: Any
) -> None:
    picked_shipment(world, {"A": 1})
    bench.scan(own_code(Own.TOTE, "W1T1"))
    bench.scan("4006381333931")
    other = {"scan_id": str(uuid.uuid4()), "user": world.people["packer2"].user_id}
    answer = bench.send(path, {**sent, **other}).json
    assert answer["code"] == "kept-of-another"
    assert bench.get("/stations/pack/state").json["weights"] == "closed:None"


@pytest.mark.parametrize("user", ["4", True, 10**9])
def test_a_kept_scan_of_nobody_is_refused_and_not_stored(bench: Bench, user: Any) -> None:
    sent = {"scan_id": str(uuid.uuid4()), "raw": "A", "user": user}
    assert bench.send("/stations/scan", sent).status_code == 409
    assert codes(ScanEvent, "id") == []


def test_the_state_says_what_came_of_a_weight_that_the_bridge_sent(
    world: World, bench: Bench
) -> None:
    picked_shipment(world, {"A": 2})
    bench.scan(own_code(Own.TOTE, "W1T1"))
    for _ in range(2):
        bench.scan("4006381333931")
    before = bench.get("/stations/pack/state").json
    assert "message" not in before
    packing.weigh(
        world.people["packer1"],
        station_id=world.stations["W1S1"],
        scan_id="of the bridge",
        grams=350,
        source="bridge",
    )
    after = bench.get("/stations/pack/state").json
    assert after["weights"] != before["weights"]
    assert after["tone"] == "refused"
    assert "1 × A is probably missing" in after["message"]
    assert after["message"] in unescape(after["html"])


def test_the_page_says_that_a_label_is_being_bought_and_hears_when_it_is_there(
    world: World, bench: Bench
) -> None:
    with FakeCarrier() as carrier:
        use_carrier(world, carrier)
        picked_shipment(world, {"A": 1})
        bench.scan(own_code(Own.TOTE, "W1T1"))
        bench.scan("4006381333931")
        sent = {"scan_id": str(uuid.uuid4()), "grams": 350, "source": "typed"}
        weighed = bench.send("/stations/weigh", sent).json
        assert weighed["code"] == "label-being-bought"
        waiting = bench.get("/stations/pack/state").json
        assert 'data-next="await-label"' in waiting["html"]
        assert "FAKE is asked for the label of parcel 1" in waiting["html"]
        assert waiting["weights"] == "weighed:350 intended:False:"
        settle_due()
        there = bench.get("/stations/pack/state").json
        assert there["weights"] != waiting["weights"]
        assert 'data-next="scan-label"' in there["html"]
        assert carrier.sold[0].number in there["html"]
        label = bench.get(f"/stations/labels/{codes(Shipment, 'id')[0].id}.pdf?parcel=1")
        assert label.data == PDF


def test_after_a_log_in_at_the_office_the_packing_page_asks_for_the_badge(
    world: World, bench: Bench
) -> None:
    first = people.reset_password(system(), world.people["packer1"].user_id)
    session = people.log_in("packer1", first.first_password)
    assert isinstance(session, people.LoggedIn)
    bench.client.set_cookie("session", session.token)
    assert bench.get("/stations/pack").status_code == 303


def test_log_out_by_scan_ends_the_session_and_keeps_the_unsent_scans_of_the_browser(
    bench: Bench,
) -> None:
    sent = {"scan_id": str(uuid.uuid4()), "raw": own_code(Own.COMMAND, Command.LOG_OUT)}
    response = bench.send("/stations/scan", sent)
    assert response.json == {"redirect": "/stations/log-in"}
    assert "Clear-Site-Data" not in response.headers
    assert bench.get("/stations/pack").status_code == 303


def test_labels_of_an_unknown_shipment_are_not_found(bench: Bench) -> None:
    assert bench.get("/stations/labels/999.pdf").status_code == 404


def test_the_sheet_of_commands_reads_back_every_command_reason_and_quantity(bench: Bench) -> None:
    response = bench.get("/stations/commands.pdf")
    assert response.mimetype == "application/pdf"
    found = {
        content.decode()
        for picture in pictures(response.data)
        for _, content in read_by_zxing(picture)
    }
    wanted = {
        *(own_code(Own.COMMAND, command) for command in Command),
        *(own_code(Own.REASON, reason.upper()) for reason in SHORT_REASONS),
        *(own_code(Own.QUANTITY, str(number)) for number in range(13)),
    }
    assert found == wanted


def test_every_command_and_reason_has_its_words() -> None:
    assert set(COMMAND_WORDS) == set(COMMAND_EXPLAINED) == set(Command)
    assert set(REASON_WORDS) == set(SHORT_REASONS)
