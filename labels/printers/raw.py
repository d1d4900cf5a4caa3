"""Raw printing: the bytes go to TCP port 9100 as they are, and nothing comes back.

The protocol has no answer, so the end of the connection is all there is: this side closes its
half, a printer that has read everything closes the other. CUPS's socket backend waits for that
too (``waiteof``); for printers that never close, say ``?waiteof=no`` in the address, then the
kernel's word that the printer's side has acknowledged every byte has to do.
"""

from __future__ import annotations

import fcntl
import re
import socket
import struct
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from labels.printers.outcomes import (
    Doubtful,
    NotTaken,
    Outcome,
    Status,
    Taken,
    Withdrawn,
    words_of,
)

PORT = 9100
HOST_STATUS = b"~HS"
"""ZPL II: three lines on paper, pause, head and ribbon, answered even in the middle of a label."""
LOOK_AGAIN_SECONDS = 0.02
HOST = re.compile(r"[0-9a-f]*:[0-9a-f:.]+|(?!.{254})[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
"""An IPv6 address, or a name or IPv4 address, as urlsplit gives it: in lower case."""


@dataclass(frozen=True, kw_only=True)
class RawPrinter:
    """A printer that listens on a TCP port. ``asks_status``: it understands ZPL's ``~HS``."""

    host: str
    port: int = PORT
    waits_for_end: bool = True
    asks_status: bool = False
    connect_seconds: float = 3.0
    send_seconds: float = 10.0
    """For all bytes together."""
    end_seconds: float = 10.0
    """For the printer to close its side after the last byte."""
    status_seconds: float = 1.5

    @classmethod
    def at(cls, address: str, *, asks_status: bool = False) -> RawPrinter:
        """From ``host``, ``host:port`` or ``[v6]:port``, with ``?waiteof=no``; ValueError else."""
        parts = urlsplit(f"//{address}")
        if not HOST.fullmatch(parts.hostname or "") or parts.path or parts.fragment:
            raise ValueError("host or host:port, perhaps with ?waiteof=no")
        if parts.query not in ("", "waiteof=no", "waiteof=yes"):
            raise ValueError("after the question mark comes waiteof=yes or waiteof=no")
        port = PORT if parts.port is None else parts.port
        if port == 0 or "@" in parts.netloc:
            raise ValueError("no name before an @, and a port of 1 to 65535")
        return cls(
            host=str(parts.hostname),
            port=port,
            waits_for_end=parts.query != "waiteof=no",
            asks_status=asks_status,
        )

    def deliver(self, document: bytes, *, name: str, begin: Callable[[], bool]) -> Outcome:  # noqa: ARG002  # raw printing has no job names
        """Send the bytes over a connection of their own."""
        try:
            connection = self._connected()
        except OSError as problem:
            return NotTaken(words_of(problem))
        with connection:
            return self._send(connection, document) if begin() else Withdrawn()

    def probe(self) -> Status:
        """Whether the port opens; and of a ZPL printer, what it says about paper and ribbon."""
        try:
            connection = self._connected()
        except OSError as problem:
            return Status("offline", words_of(problem))
        with connection:
            return self._asked(connection) if self.asks_status else Status("ready")

    def _connected(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=self.connect_seconds)

    def _send(self, connection: socket.socket, document: bytes) -> Outcome:
        until = time.monotonic() + self.send_seconds
        sent = 0
        try:
            while sent < len(document):
                connection.settimeout(max(until - time.monotonic(), 0.001))
                sent += connection.send(memoryview(document)[sent:])
        except OSError as problem:
            reason = words_of(problem)
            return Doubtful(reason, sent) if sent else NotTaken(reason)
        try:
            return self._end(connection, sent)
        except OSError as problem:
            return Doubtful(f"{words_of(problem)} after the last byte", sent)

    def _end(self, connection: socket.socket, sent: int) -> Outcome:
        until = time.monotonic() + self.end_seconds
        if self.waits_for_end:
            connection.shutdown(socket.SHUT_WR)
        while time.monotonic() < until:
            if not self.waits_for_end and not _unacknowledged_bytes(connection):
                return Taken("acknowledged")
            if not self.waits_for_end:
                time.sleep(LOOK_AGAIN_SECONDS)
                continue
            connection.settimeout(max(until - time.monotonic(), 0.001))
            if not connection.recv(4096):
                return Taken("closed by the printer")
        return Doubtful("no answer in time after the last byte", sent)

    def _asked(self, connection: socket.socket) -> Status:
        said = b""
        connection.settimeout(self.status_seconds)
        try:
            connection.sendall(HOST_STATUS)
            while said.count(b"\x03") < 3:
                more = connection.recv(4096)
                if not more:
                    break
                said += more
        except TimeoutError:
            pass  # many printers, and every print server between, say nothing: reachable is enough
        except OSError as problem:
            return Status("offline", words_of(problem))
        return host_status(said)


def host_status(said: bytes) -> Status:
    """The answer to ``~HS``: comma-separated fields between STX and ETX, three lines.

    Fields as in Zebra's *ZPL II Programming Guide*: line 1 has paper out (2nd) and pause (3rd),
    line 2 has head up (3rd) and ribbon out (4th). An answer of another form is no trouble.
    """
    lines = [
        part.split(b"\x02", 1)[1].split(b",") for part in said.split(b"\x03") if b"\x02" in part
    ]
    if len(lines) < 2 or len(lines[0]) < 12 or len(lines[1]) < 4:
        return Status("ready")
    flags = {
        "paper out": lines[0][1],
        "paused": lines[0][2],
        "head open": lines[1][2],
        "ribbon out": lines[1][3],
    }
    troubles = [trouble for trouble, flag in flags.items() if flag.strip() == b"1"]
    return Status("attention", ", ".join(troubles)) if troubles else Status("ready")


def _unacknowledged_bytes(connection: socket.socket) -> int:
    """What the other side's TCP has not confirmed yet (Linux: SIOCOUTQ, tcp(7))."""
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])
