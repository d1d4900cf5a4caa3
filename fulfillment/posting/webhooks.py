"""One webhook: a signed POST (Standard Webhooks 1.0), and what its answer means.

The connection goes to the checked address, with the certificate of the name; redirects are not
followed, proxies of the environment are not used, of the answer at most a few kilobytes are read,
and all of it together takes no longer than :data:`MOST_SECONDS`.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from standardwebhooks import Webhook

from fulfillment.domain.outbox import Delivered, Failed, Outcome, Rejected, Unreachable
from fulfillment.posting.targets import WEB_PORTS, BadTarget, Rules, Target, address_of, target_of

CONNECT_SECONDS = 5
SILENCE_SECONDS = 10
"""No byte for so long: the receiver hangs."""
MOST_SECONDS = 30
"""From the connection to the end, however slowly bytes drip in."""
MOST_ANSWER_BYTES = 16 * 1024
_NOT_WELL = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True)
class Webhooks:
    """The way to webhooks, with what this installation allows."""

    rules: Rules
    most_seconds: float = MOST_SECONDS

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send *body* once; never raises for anything that the other side does."""
        try:
            target = target_of(url, self.rules)
            with self._connected(target) as connection:
                connection.request("POST", target.path, body=body, headers=dict(headers))
                answer = connection.getresponse()
                answer.read(MOST_ANSWER_BYTES)
                return _meaning(answer.status)
        except BadTarget as problem:
            return Failed(str(problem))
        except (OSError, http.client.HTTPException) as problem:
            return Unreachable(f"{type(problem).__name__}: {problem}"[:200])

    @contextmanager
    def _connected(self, target: Target) -> Iterator[http.client.HTTPConnection]:
        address = address_of(target, self.rules)
        plain = socket.create_connection((str(address), target.port), timeout=CONNECT_SECONDS)
        with plain, _ends_after(self.most_seconds, plain):
            plain.settimeout(min(SILENCE_SECONDS, self.most_seconds))
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.default_port = WEB_PORTS[target.scheme]  # the Host header leaves it out
            # A connection that has its socket opens none of its own, so nothing is looked up again.
            connection.sock = _secured(plain, target) if target.scheme == "https" else plain
            try:
                yield connection
            finally:
                connection.close()


def signed_headers(
    body: bytes, *, message_id: str, at: datetime, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers of a webhook, signed with every secret that is valid (``whsec_…``)."""
    moment = at.replace(microsecond=0)
    signatures = [Webhook(secret).sign(message_id, moment, body.decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "fulfillment-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _meaning(status: int) -> Outcome:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Delivered()
    if status == HTTPStatus.GONE:
        return Rejected("HTTP 410: the receiver wants no more of these")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_WELL:
        return Unreachable(f"HTTP {status}")
    return Failed(f"HTTP {status}")


def _secured(plain: socket.socket, target: Target) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context.wrap_socket(plain, server_hostname=target.host)


@contextmanager
def _ends_after(seconds: float, plain: socket.socket) -> Iterator[None]:
    """Cut the connection after so long: time limits of sockets begin anew with each byte."""
    # A socket of its own to the same connection: TLS takes the first one over.
    handle = socket.socket(fileno=os.dup(plain.fileno()))

    def cut() -> None:
        with suppress(OSError):  # it has ended by itself
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        handle.close()
