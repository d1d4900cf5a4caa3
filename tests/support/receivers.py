"""The other side of the outbox: an HTTP receiver and a mail server that misbehave on demand."""

from __future__ import annotations

import email
import socket
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

ANSWERS = {
    "take": b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "refuse": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "fail": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "gone": b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
    "cut": b"HTTP/1.1 20",
    "close": b"",
}


@dataclass(frozen=True)
class Received:
    """A request that came in whole."""

    headers: dict[str, str]
    body: bytes


class HookReceiver:
    """``received`` has each request.  Off until :meth:`switch_on`.

    Manners: ``take`` answers 204, ``refuse`` 400, ``fail`` 503, ``gone`` 410, ``redirect`` sends
    elsewhere; ``close`` reads the request and hangs up, ``cut`` in the middle of its answer;
    ``hang`` reads it and never answers; ``flood`` never stops answering.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.received: list[Received] = []
        self.manner = "take"
        self.elsewhere = ""
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"

    @property
    def ids(self) -> list[str]:
        """The ids of what came in, in order."""
        return [one.headers["webhook-id"] for one in self.received]

    def switch_on(self, manner: str = "take") -> None:
        """Listen, with the given manner."""
        self.switch_off()
        self.manner = manner
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._begin(self._serve, self._listener)

    def switch_off(self) -> None:
        """Refuse connections from now on."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def __enter__(self) -> HookReceiver:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.switch_off()

    def _begin(self, act: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=act, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:  # switched off
                return
            self._begin(self._attend, connection)

    def _attend(self, connection: socket.socket) -> None:
        with connection:
            try:
                with self._secured(connection) as talk:
                    self.received.append(_request(talk))
                    self._answer(talk)
            except OSError:
                return  # the sender hung up

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def _answer(self, connection: socket.socket) -> None:
        if self.manner == "hang":
            connection.recv(1)  # until the sender hangs up
        elif self.manner == "redirect":
            head = f"HTTP/1.1 302 Found\r\nLocation: {self.elsewhere}\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())
        elif self.manner == "flood":
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"x" * 65536)
        else:
            connection.sendall(ANSWERS[self.manner])


def _request(connection: socket.socket) -> Received:
    text = b""
    while b"\r\n\r\n" not in text:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError
        text += piece
    head, _blank, body = text.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _c, value in (x.partition(":") for x in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return Received(headers, body)


class MailBox:
    """A mail server on this machine; ``mails`` has what it took.

    *refuses*: addresses that it answers 550; *busy*: it answers every mail 451.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refuses: set[str] = set()
        self.busy = False
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def switch_on(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def switch_off(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(  # noqa: N802  as aiosmtpd names it
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  as aiosmtpd names it
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        if self.busy:
            return "451 try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(cast(EmailMessage, email.message_from_bytes(content, policy=default)))
        self.recipients += envelope.rcpt_tos
        return "250 taken"
