"""A server that is killed: kill -9, and up again at the same port within milliseconds.

    python -m tests.e2e.killing DATABASE_URL DIRECTORY PORT

The program loads the application once and forks a server for each line ``start`` that it reads;
``kill`` ends that server with SIGKILL, whatever it is doing.  So every server is a process of its
own that had no time to clean up, and a test does not wait for imports.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from flask import Flask
from werkzeug.serving import make_server

PROJECT = Path(__file__).parents[2]


class KillableServer:
    """The application behind a port of this machine, in a process that can be killed."""

    def __init__(self, database_url: str, directory: Path) -> None:
        self._kept_port = _kept_port()
        self.port: int = self._kept_port.getsockname()[1]
        self._alive = False
        self._lock = threading.Lock()
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.killing", database_url, directory, str(self.port)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        """Answer again; harmless where it does already."""
        with self._lock:
            if not self._alive:
                self._tell("start")
                self._alive = True

    def kill(self) -> None:
        """Answer nobody from now on, not even who waits for an answer."""
        with self._lock:
            if self._alive:
                self._tell("kill")
                self._alive = False

    def close(self) -> None:
        """End the program with its server."""
        self.kill()
        self._parent.communicate()
        self._kept_port.close()

    def _tell(self, word: str) -> None:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{word}\n")
        self._parent.stdin.flush()
        assert self._parent.stdout.readline() == f"{word}\n", "the program of the server ended"


def _kept_port() -> socket.socket:
    """Keeps a port for servers that come and go: bound, but never listening, so nobody else gets
    the port meanwhile and who connects is refused."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


def main(database_url: str, directory: str, port: str) -> None:
    """Obey the lines of standard input."""
    from fulfillment.store.base import db
    from tests.conftest import application

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the application prints is no answer
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = application(database_url, Path(directory))
    with app.app_context():
        db.engine.dispose()  # no connection may cross the fork
    server: int | None = None
    for line in sys.stdin:
        if line == "start\n":
            listening, listens = os.pipe()
            server = os.fork()
            if server == 0:
                _serve(app, int(port), listens)
            os.close(listens)
            assert os.read(listening, 1) == b".", "the server could not listen"
            os.close(listening)
        elif server is not None:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
            server = None
        answers.write(line)
        answers.flush()
    if server is not None:
        os.kill(server, signal.SIGKILL)  # whoever spoke to us was killed itself


def _serve(app: Flask, port: int, listens: int) -> NoReturn:
    try:
        http = make_server("127.0.0.1", port, app, threaded=True)
        os.write(listens, b".")
        http.serve_forever()
    finally:
        os._exit(1)  # a forked server must not go on as its parent


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
