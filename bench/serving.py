"""Servers to measure: the product and the floor as gunicorn runs them, and what they spend.

CPU is counted rather than time, because it holds on a busy machine: of all processes of a gunicorn,
and, where there is one, of all processes of the PostgreSQL server (SQLite works inside of gunicorn).
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from bench import floor
from fulfillment.store.base import db
from tests.conftest import application, migrate
from tests.support.databases import drop_database, fresh_database

WORKERS = 2
THREADS = 16
START_SECONDS = 60
PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    body: Any
    seconds: float


class Client:
    """One program with one connection, which stays open."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """Send one request and read its answer whole."""
        content = None if body is None else json.dumps(body)
        begun = time.perf_counter()
        self._connection.request(method, path, content, self._headers)
        response = self._connection.getresponse()
        raw = response.read()
        seconds = time.perf_counter() - begun
        return Answer(response.status, json.loads(raw) if raw else None, seconds)


@dataclass(frozen=True)
class Cpu:
    """Processor milliseconds."""

    application_ms: float
    database_ms: float

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.application_ms - other.application_ms, self.database_ms - other.database_ms)

    @property
    def total_ms(self) -> float:
        """Both together."""
        return self.application_ms + self.database_ms


@dataclass
class Server:
    """A running gunicorn, and the database server behind it (None: inside of gunicorn)."""

    port: int
    process: psutil.Process
    database: psutil.Process | None

    def cpu(self) -> Cpu:
        """What its processes have spent so far."""
        return Cpu(_spent(self.process), _spent(self.database) if self.database else 0.0)


@dataclass
class House:
    """A migrated database, and product and floor on it."""

    kind: str
    url: str
    product: Server
    floor: Server
    directory: Path


def _spent(process: psutil.Process) -> float:
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    own = process.cpu_times()  # of children that have ended
    return (total + own.children_user + own.children_system) * 1000


@contextmanager
def house(kind: str, fill: Callable[[], Any]) -> Iterator[tuple[House, Any]]:
    """Product and floor on a fresh database of *kind*; *fill* puts in what is needed.

    Yields the house and what *fill* returned.
    """
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(_database(kind, directory))
        app = application(url, directory / "own")
        with app.app_context():
            filled = fill()
            floor.make_table()
            database = _database_server()
            db.engine.dispose()
        product = stack.enter_context(_gunicorn("fulfillment.wsgi:create()", url, directory))
        beneath = stack.enter_context(_gunicorn("bench.floor:create()", url, directory))
        yield (
            House(
                kind=kind,
                url=url,
                product=Server(product[0], product[1], database),
                floor=Server(beneath[0], beneath[1], database),
                directory=directory,
            ),
            filled,
        )


@contextmanager
def inside(url: str, directory: Path) -> Iterator[Any]:
    """An application in this process on the database of a house, for looking at the books."""
    app = application(url, directory / "own")
    with app.app_context():
        yield app
        db.engine.dispose()


@contextmanager
def _database(kind: str, directory: Path) -> Iterator[str]:
    (directory / "own").mkdir()
    if kind == "sqlite":
        url = f"sqlite:///{directory}/bench.db"
        migrate(url)
        yield url
        return
    url = fresh_database("bench", build=migrate, durable=True)
    try:
        yield url
    finally:
        drop_database(url)


def _database_server() -> psutil.Process | None:
    if db.engine.dialect.name == "sqlite":
        return None
    with db.engine.connect() as connection:
        backend: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return psutil.Process(backend).parent()


@contextmanager
def _gunicorn(factory: str, url: str, directory: Path) -> Iterator[tuple[int, psutil.Process]]:
    port = _free_port()
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "FULFILLMENT_INSTANCE_DIR": str(directory),
        "FULFILLMENT_PORT": str(port),
        "FULFILLMENT_WORKERS": str(WORKERS),
        "FULFILLMENT_THREADS": str(THREADS),
        "FULFILLMENT_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:fulfillment.gunicorn_conf", factory]
    process = subprocess.Popen(command, cwd=PROJECT, env=environ)
    try:
        _await_port(port, process)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError("gunicorn did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")


# --- load --------------------------------------------------------------------------------


@dataclass
class Round:
    """What one round of load cost: CPU, latencies, and answers that were not as they should be."""

    requests: int
    seconds: float
    cpu: Cpu
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def load(server: Server, clients: Sequence[Callable[[], Sequence[Answer | str]]]) -> Round:
    """Run every client in a thread of its own, all at once; a text is an error."""
    start = threading.Barrier(len(clients) + 1)
    found: list[Sequence[Answer | str]] = [()] * len(clients)

    def run(number: int) -> None:
        start.wait()
        found[number] = clients[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    before = server.cpu()
    begun = time.perf_counter()
    start.wait()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    spent = server.cpu() - before
    answers = [answer for answers in found for answer in answers]
    return Round(
        requests=len(answers),
        seconds=seconds,
        cpu=spent,
        latencies=[answer.seconds for answer in answers if isinstance(answer, Answer)],
        errors=[answer for answer in answers if isinstance(answer, str)],
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which *share* (0..1) of *values* lie, by nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """Rounds of one kind as JSON: milliseconds a request; CPU is the median of the rounds."""
    latencies = [each for one in rounds for each in one.latencies]
    by_cpu = sorted(rounds, key=lambda one: one.cpu.total_ms / one.requests)
    middle = by_cpu[len(by_cpu) // 2]
    return {
        "requests": sum(one.requests for one in rounds),
        "errors": sum(len(one.errors) for one in rounds),
        "cpu_ms": round(middle.cpu.total_ms / middle.requests, 3),
        "cpu_ms_application": round(middle.cpu.application_ms / middle.requests, 3),
        "cpu_ms_database": round(middle.cpu.database_ms / middle.requests, 3),
        "p50_ms": round(percentile(latencies, 0.5) * 1000, 2),
        "p99_ms": round(percentile(latencies, 0.99) * 1000, 2),
        "requests_per_second": round(
            sum(one.requests for one in rounds) / sum(one.seconds for one in rounds), 1
        ),
    }


def machine() -> dict[str, Any]:
    """What else the machine does: figures of time mean little when it is busy."""
    one, five, _fifteen = os.getloadavg()
    return {"cores": os.cpu_count(), "load_1m": round(one, 2), "load_5m": round(five, 2)}


def floor_client(
    house: House, number: int, requests: int, *, guarded: bool = False
) -> Callable[[], Sequence[Answer | str]]:
    """A client of the floor that does *requests* in its own row."""
    path = "/floor/guarded" if guarded else "/floor"

    def run() -> list[Answer | str]:
        client = Client(house.floor.port)
        answers: list[Answer | str] = []
        for _ in range(requests):
            body = {"raw": f"R{number}", "key": str(uuid.uuid4())}
            answer = client.send("POST", path, body)
            answers.append(answer if answer.status == 200 else f"floor: {answer.status}")
        return answers

    return run
