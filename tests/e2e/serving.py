"""The service as the floor has it: a real server on a real database, stopped and started again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import datetime
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from fulfillment.store.transaction import clock_set_to


class Server:
    """The application behind a port of this machine, each request in its own thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.clock: Callable[[], datetime] | None = None
        """Tells the time of every request from now on."""
        self._port = 0
        self._server: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        """Where it listens; the same after a new start."""
        return f"http://localhost:{self._port}"

    def start(self) -> None:
        """Listen, at the former port if there was one."""
        self._server = make_server("localhost", self._port, self._answer, threaded=True)
        self._server.daemon_threads = True  # type: ignore[attr-defined]  # of its ThreadingMixIn
        self._port = self._server.port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more; harmless where it does not run."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    def _answer(self, environ, start_response):  # type: ignore[no-untyped-def]  # plain WSGI
        """Answer at the time that the clock tells until the last byte is sent.

        The answer is closed here because Werkzeug forgets it, and with it the open file of a
        script, where the browser goes away in the middle.
        """
        with clock_set_to(self.clock) if self.clock else nullcontext():
            answer: Any = self._app.wsgi_app(environ, start_response)
            with closing(answer):
                yield from answer
