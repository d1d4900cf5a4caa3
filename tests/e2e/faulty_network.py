"""A network between browser and server in which scans are lost, repeated, late, and servers die.

What befalls a request comes from a seed.  Only scans and weights are hit; whatever else the page
asks for passes, or fails while there is no server.
"""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.e2e.killing import KillableServer

FATES = {
    "pass": 10,
    "cut": 2,  # lost before the server had it
    "lose": 2,  # the server had it, the answer was lost
    "twice": 2,  # sent again behind the first
    "both": 2,  # sent twice at the same time
    "late": 2,  # lost for the page, and delivered after a later one
    "slow": 1,
    "kill": 1,  # the server is killed while it works on it
}
"""What may befall a scan, and how often."""

HIT = ("/stations/scan", "/stations/weigh")
SLOW_SECONDS = 0.05
KILL_SECONDS = 0.012
"""The longest that a server works on a request before it is killed."""
PATIENCE_SECONDS = 20
NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass(frozen=True)
class Request:
    """A request as the browser sent it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """The server's answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class FaultyNetwork:
    """Listens for the browser and passes on to the server, or does not."""

    def __init__(self, server: KillableServer) -> None:
        self.server = server
        self.happened: Counter[str] = Counter()
        self._chance = random.Random()
        self._late: list[Request] = []
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the browser finds it."""
        return f"http://localhost:{self._http.server_port}"

    def begin(self, seed: int) -> None:
        """From now on faults happen as *seed* says."""
        with self._lock:
            self._chance = random.Random(f"network {seed}")

    def close(self) -> None:
        """Hear nobody any more."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, request: Request) -> Answer | None:
        """What the browser gets; None: the connection breaks."""
        if request.path not in HIT or request.method != "POST":
            return self._deliver(request)
        with self._lock:
            fate = self._chance.choices(list(FATES), list(FATES.values()))[0]
            pause = self._chance.random()
            late, self._late = self._late, [request] if fate == "late" else []
            self.happened[fate] += 1
        answer = _FATES[fate](self, request, pause)
        for old in late:
            self._deliver(old)
        return answer

    def _deliver(self, request: Request) -> Answer | None:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.port, timeout=PATIENCE_SECONDS
        )
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _cut(self, _request: Request, _pause: float) -> None:
        """Nobody hears of it."""

    def _lose(self, request: Request, _pause: float) -> None:
        self._deliver(request)

    def _twice(self, request: Request, _pause: float) -> Answer | None:
        self._deliver(request)
        return self._deliver(request)

    def _both(self, request: Request, _pause: float) -> Answer | None:
        other = threading.Thread(target=self._deliver, args=(request,))
        other.start()
        answer = self._deliver(request)
        other.join()
        return answer

    def _slow(self, request: Request, pause: float) -> Answer | None:
        threading.Event().wait(pause * SLOW_SECONDS)
        return self._deliver(request)

    def _kill(self, request: Request, pause: float) -> Answer | None:
        killing = threading.Timer(pause * KILL_SECONDS, self.server.kill)
        killing.start()
        answer = self._deliver(request)
        killing.join()
        self.server.start()
        return answer

    def _pass(self, request: Request, _pause: float) -> Answer | None:
        return self._deliver(request)


_FATES: dict[str, Callable[[FaultyNetwork, Request, float], Answer | None]] = {
    fate: getattr(FaultyNetwork, f"_{'cut' if fate == 'late' else fate}") for fate in FATES
}


def _handler(network: FaultyNetwork) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in NOT_PASSED_ON
            }
            request = Request(self.command, self.path, headers, self.rfile.read(length))
            answer = network.answer(request)
            if answer is None:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                if name.lower() not in NOT_PASSED_ON:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
            """Silent."""

    return Handler
