"""The scale bridge: a virtual serial pair on one side, an unreliable server on the other."""

from __future__ import annotations

import ipaddress
import json
import os
import random
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from fulfillment.certificates import ensure_server_certificate
from fulfillment.cli import main
from stations.scales import DECODERS, StableWeight
from stations.scales.bridge import Bridge, Pauses, SerialPort, SerialSettings, seconds_with_sleep
from stations.scales.kept import KeptWeights
from stations.scales.posting import WeightServer
from tests.support.scale_streams import toledo
from tests.support.serial_scales import EMPTY, Scale, parcel

PATIENCE_SECONDS = 20
TOKEN = "the-token"
COMMAND = "from fulfillment.cli import main; main()"
OVERLOAD = toledo("999999", b=0x14)


class Shared:
    """What threads tell each other, and a way to wait for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()

    @contextmanager
    def change(self) -> Iterator[None]:
        with self._changed:
            yield
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], why: object = "") -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_SECONDS), why


@dataclass(frozen=True)
class Request:
    path: str
    token: str
    body: dict[str, object]


Fate = str
"""answer, twice, refuse, early, html, redirect, busy, cut (before it is booked), lose (after),
late."""


@dataclass
class Server(Shared):
    """Books weights by their id like the real one; *fates* says what befalls each request."""

    fates: Iterator[Fate] = field(default_factory=lambda: iter(()))
    requests: list[Request] = field(default_factory=list)
    booked: dict[str, int] = field(default_factory=dict)
    awaits_weight: bool = False
    looks: int = 0
    tls: ssl.SSLContext | None = None
    port: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def start(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        if self.tls is not None:
            self._http.socket = self.tls.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    def book(self, request: Request) -> None:
        with self.change():
            self.booked.setdefault(str(request.body["scan_id"]), int(str(request.body["grams"])))

    def look(self, times: int) -> None:
        """Wait until the bridge has asked so many times more."""
        before = self.looks
        self.wait(lambda: self.looks >= before + times, self.looks)

    def wait_for(self, *grams: int) -> None:
        self.wait(lambda: len(self.booked) >= len(grams), self.booked)
        assert list(self.booked.values()) == list(grams)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with server.change():
                server.looks += 1
            self._send(200, {"awaits_weight": server.awaits_weight})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = Request(
                self.path,
                self.headers["Authorization"],
                json.loads(self.rfile.read(length)),
            )
            with server.change():
                server.requests.append(request)
                fate = next(server.fates, "answer")
            self.close_connection = fate in ("cut", "lose", "late")
            if fate in ("answer", "twice", "lose", "late"):
                server.book(request)
            getattr(self, f"_{fate}")()

        def _answer(self) -> None:
            self._send(200, {"verdict": {"accepted": True, "message": "Label printed."}})

        def _twice(self) -> None:
            self._answer()
            self._answer()

        def _early(self) -> None:
            verdict = {"accepted": False, "code": "not-complete", "message": "1 × A is missing."}
            self._send(200, {"verdict": verdict})

        def _refuse(self) -> None:
            self._send(404, {"title": "Not found", "detail": "No order is open here."})

        def _html(self) -> None:
            self._send(200, b"<h1>Please log in to the guest network</h1>")

        def _redirect(self) -> None:
            self._send(307, {}, location=f"http://127.0.0.1:{server.port}/elsewhere")

        def _busy(self) -> None:
            self._send(503, {})

        def _cut(self) -> None:
            """Nothing is answered."""

        _lose = _cut

        def _late(self) -> None:
            self.rfile.read(1)  # until the bridge has given up and hung up

        def _send(self, status: int, body: object, location: str = "") -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
            """Silent."""

    return Handler


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Rig(Shared):
    """A running bridge between a scale and a server."""

    def __init__(self, scale: Scale, server: Server) -> None:
        super().__init__()
        self.scale, self.server = scale, server
        self.said: list[str] = []
        self.stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(
        self,
        *,
        protocol: str = "toledo",
        clock: Callable[[], float] = seconds_with_sleep,
        fresh_seconds: float = 60,
        authority: Path | None = None,
    ) -> None:
        settings = SerialSettings(path=str(self.scale.path))
        bridge = Bridge(
            open_port=lambda: SerialPort(settings),
            decoder=DECODERS[protocol],
            filter=StableWeight(),
            server=WeightServer(
                self.server.url, station="W1 S/1", token=TOKEN, authority=authority
            ),
            kept=KeptWeights(clock=clock, fresh_seconds=fresh_seconds),
            clock=clock,
            say=self._say,
            pauses=Pauses(first_seconds=0.01, longest_seconds=0.05),
            answer_seconds=0.5,
            look_seconds=0.02,
        )
        self._thread = threading.Thread(target=bridge.run, args=(self.stop,))
        self._thread.start()
        self.wait_for("scale: connected")

    def _say(self, line: str) -> None:
        with self.change():
            self.said.append(line)

    def wait_for(self, words: str, times: int = 1) -> None:
        self.wait(lambda: sum(words in line for line in self.said) >= times, self.said)

    def end(self) -> None:
        self.stop.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
            assert not self._thread.is_alive()


@pytest.fixture
def scale(tmp_path: Path) -> Scale:
    return Scale(tmp_path / "ttyUSB0")


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def rig(scale: Scale, server: Server) -> Iterator[Rig]:
    made = Rig(scale, server)
    yield made
    made.end()


def play(rig: Rig, parcels: Iterable[int]) -> None:
    rig.scale.play(EMPTY)
    for grams in parcels:
        rig.scale.play(parcel(grams))


def test_a_settled_weight_reaches_the_server_once_with_id_grams_and_source(rig: Rig) -> None:
    rig.start()
    play(rig, [1234])
    rig.wait_for("1234 g ✓ Label printed.")
    (request,) = rig.server.requests
    assert request.path == "/api/v1/stations/by-code/W1%20S%2F1/weights"
    assert request.token == f"Bearer {TOKEN}"
    (scan_id,) = rig.server.booked
    assert request.body == {"scan_id": scan_id, "grams": 1234, "source": "bridge"}


def test_a_weight_whose_answer_was_lost_is_sent_again_under_its_id(rig: Rig) -> None:
    rig.server.fates = iter(["lose", "cut", "busy", "late"])
    rig.start()
    play(rig, [1234])
    rig.wait_for("1234 g ✓")
    assert len({str(request.body) for request in rig.server.requests}) == 1
    assert len(rig.server.requests) == 5
    rig.server.wait_for(1234)


def test_an_answer_that_comes_twice_answers_only_its_own_weight(rig: Rig) -> None:
    rig.server.fates = iter(["twice", "cut"])
    rig.start()
    play(rig, [1000, 2000])
    rig.wait_for("2000 g ✓")
    rig.server.wait_for(1000, 2000)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_server_does_nothing_is_lost_and_nothing_is_doubled(
    rig: Rig, seed: int
) -> None:
    chance = random.Random(seed)
    fates = ["answer", "answer", "twice", "cut", "lose", "busy", "html"]
    rig.server.fates = iter([*chance.choices(fates, k=60), "late", *chance.choices(fates, k=40)])
    rig.start()
    truth = [chance.choice([500, 750, 1000, 12_345]) for _ in range(40)]
    play(rig, truth)
    rig.wait_for(" g ✓", times=len(truth))
    rig.server.wait_for(*truth)


def test_a_stopped_server_is_found_again(rig: Rig) -> None:
    rig.start()
    rig.server.stop()
    play(rig, [1000, 1000])
    rig.wait_for("server: no answer to 1000 g")
    assert not rig.server.booked
    rig.server.start()
    rig.server.wait_for(1000, 1000)
    rig.wait_for("1000 g ✓", times=2)


def test_a_weight_that_grew_old_is_not_sent_nor_are_those_behind_it(rig: Rig) -> None:
    clock = Clock()
    rig.start(clock=clock, fresh_seconds=10)
    rig.server.stop()
    for times, grams in enumerate((1000, 2000), start=1):
        clock.now += 5
        rig.scale.play(parcel(grams) + OVERLOAD)
        rig.wait_for("scale: overload", times)  # so the parcel has been read
    clock.now += 5  # the first is too old, the second would not be
    rig.wait_for("1000 g ✕ too old")
    rig.wait_for("2000 g ✕ too old")
    rig.server.start()
    play(rig, [3000])
    rig.server.wait_for(3000)


def test_a_box_that_settled_before_its_last_piece_was_scanned_is_weighed_when_that_is_done(
    rig: Rig,
) -> None:
    rig.server.fates = iter(["early"])
    rig.start()
    rig.scale.play(EMPTY + toledo("001234") * 3)
    rig.wait_for("1234 g ✕ 1 × A is missing.")
    rig.server.look(3)
    assert rig.server.booked == {}
    rig.server.awaits_weight = True
    rig.wait_for("1234 g ✓")
    rig.server.wait_for(1234)
    assert len({request.body["scan_id"] for request in rig.server.requests}) == 2


def test_what_stands_on_the_scale_when_it_is_awaited_is_sent_and_not_what_stood_before(
    rig: Rig,
) -> None:
    rig.server.fates = iter(["early", "early"])
    rig.start()
    rig.scale.play(EMPTY + toledo("001000") * 3)
    rig.wait_for("1000 g ✕")
    rig.scale.play(toledo("001100", b=0x18) + toledo("001300") * 3)
    rig.wait_for("1300 g ✕")
    rig.server.awaits_weight = True
    rig.wait_for("1300 g ✓")
    rig.server.wait_for(1300)


def test_a_parcel_that_was_weighed_and_left_on_the_scale_is_not_the_next_orders(rig: Rig) -> None:
    rig.start()
    rig.scale.play(EMPTY + toledo("001234") * 3)
    rig.wait_for("1234 g ✓")
    rig.server.awaits_weight = True
    rig.scale.play(toledo("001238") * 3 + EMPTY + parcel(1234))  # nudged, then the next one
    rig.wait_for("1234 g ✓", times=2)
    rig.server.wait_for(1234, 1234)


def test_a_refusal_is_told_and_not_repeated(rig: Rig) -> None:
    rig.server.fates = iter(["refuse"])
    rig.start()
    play(rig, [1000, 2000])
    rig.wait_for("1000 g ✕ No order is open here. (404)")
    rig.server.wait_for(2000)
    assert len(rig.server.requests) == 2


def test_the_token_is_not_carried_to_where_a_redirect_points(rig: Rig) -> None:
    rig.server.fates = iter(["redirect"])
    rig.start()
    play(rig, [1000])
    rig.wait_for("1000 g ✕ refused (307)")
    assert [request.path.rpartition("/")[2] for request in rig.server.requests] == ["weights"]


def test_another_page_that_answers_in_the_servers_place_is_no_answer(rig: Rig) -> None:
    rig.server.fates = iter(["html"])
    rig.start()
    play(rig, [1000])
    rig.wait_for("what answered is not the fulfilment server")
    rig.server.wait_for(1000)


def test_a_pulled_cable_comes_back_and_the_parcel_on_the_scale_is_not_weighed_twice(
    rig: Rig,
) -> None:
    rig.start()
    rig.scale.play(EMPTY + toledo("001234") * 3)
    rig.server.wait_for(1234)
    rig.scale.pull_out()
    rig.wait_for("scale: gone")
    rig.scale.plug_in()
    rig.wait_for("scale: connected", times=2)
    rig.scale.play(toledo("001234") * 3 + EMPTY + parcel(1234) + parcel(800))
    rig.wait_for("800 g ✓")
    rig.server.wait_for(1234, 1234, 800)


def test_a_scale_that_is_plugged_in_later_is_found(rig: Rig) -> None:
    there = rig.scale.path.rename(rig.scale.path.with_name("unplugged"))
    starting = threading.Thread(target=rig.start)
    starting.start()
    rig.wait_for("scale: not there")
    there.rename(rig.scale.path)
    starting.join(PATIENCE_SECONDS)
    play(rig, [1000])
    rig.server.wait_for(1000)


def test_two_bridges_cannot_share_a_scale(rig: Rig) -> None:
    rig.start()
    with pytest.raises(OSError, match="exclusively"):
        SerialPort(SerialSettings(path=str(rig.scale.path)))


def test_a_balance_that_talks_when_asked_is_asked(rig: Rig) -> None:
    rig.start(protocol="sics")
    assert rig.scale.heard(5) == b"SIR\r\n"
    rig.scale.play(b"S D      0.900 kg\r\n" + b"S S      1.234 kg\r\n" * 3)
    rig.server.wait_for(1234)


def test_an_overloaded_scale_is_told_once(rig: Rig) -> None:
    rig.start()
    rig.scale.play(OVERLOAD * 5)
    play(rig, [1000])
    rig.server.wait_for(1000)
    assert rig.said.count("scale: overload") == 1


def test_a_scale_that_says_nothing_it_can_read_is_told_once(rig: Rig) -> None:
    clock = Clock()
    rig.start(clock=clock, protocol="sics")
    assert rig.scale.heard(5) == b"SIR\r\n"
    rig.scale.play(parcel(1000))
    clock.now += 5
    rig.wait_for("scale: no reading")
    assert rig.scale.heard(5) == b"SIR\r\n"
    rig.scale.play(b"S +\r\n")
    rig.wait_for("scale: overload")
    assert len([line for line in rig.said if "no reading" in line]) == 1


@pytest.fixture
def authority(tmp_path: Path, server: Server) -> Path:
    """The server speaks TLS with a certificate of this authority."""
    made = ensure_server_certificate(
        tmp_path / "certificates",
        names=["localhost"],
        addresses=[ipaddress.IPv4Address("127.0.0.1")],
        now=datetime.now(UTC),
    )
    server.stop()
    server.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.tls.load_cert_chain(made.certificate_file, made.key_file)
    server.start()
    return made.authority_file


def test_a_server_of_the_local_authority_is_trusted_with_its_certificate(
    rig: Rig, authority: Path
) -> None:
    rig.start(authority=authority)
    play(rig, [1000])
    rig.server.wait_for(1000)


def test_a_server_of_an_unknown_authority_gets_no_weight_and_no_token(
    rig: Rig, authority: Path
) -> None:
    rig.start()
    play(rig, [1000])
    rig.wait_for("its certificate is not trusted")
    assert rig.server.requests == []


def test_the_command_weighs_until_it_is_stopped(scale: Scale, server: Server) -> None:
    options = ["--port", str(scale.path), "--protocol", "toledo", "--station", "W1S1"]
    running = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "scale", *options, "--server", server.url],
        env=os.environ | {"FULFILLMENT_SCALE_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "scale: connected\n"
    scale.play(EMPTY + parcel(1234))
    assert running.stdout.readline() == "1234 g ✓ Label printed.\n"
    running.send_signal(signal.SIGINT)
    _, complaints = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, complaints) == (0, "")
    server.wait_for(1234)


@pytest.mark.parametrize(
    ("changed", "token", "why"),
    [
        ({}, None, "No token"),
        ({"--server": "http://warehouse.example"}, TOKEN, "readable over the network"),
        ({"--framing": "9X3"}, TOKEN, "--framing 9X3 is none of"),
        ({"--protocol": "hid"}, TOKEN, "Invalid value for '--protocol'"),
    ],
)
def test_a_command_that_cannot_work_stops_and_says_why(
    changed: dict[str, str], token: str | None, why: str
) -> None:
    given = {
        "--port": "/dev/ttyUSB0",
        "--protocol": "toledo",
        "--server": "https://warehouse.example",
        "--station": "W1S1",
    }
    options = [word for option in (given | changed).items() for word in option]
    ended = CliRunner(env={"FULFILLMENT_SCALE_TOKEN": token}).invoke(main, ["scale", *options])
    assert ended.exit_code == 2
    assert why in ended.stderr
