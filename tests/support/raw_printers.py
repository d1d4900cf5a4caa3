"""A label printer that listens on a TCP port as port 9100 does, and misbehaves on demand."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType

ALL_WELL = (
    b"\x02030,0,0,0812,000,0,0,0,000,0,0,0\x03\r\n"
    b"\x02001,0,0,0,1,2,4,0,00000000,1,000\x03\r\n"
    b"\x021234,0\x03\r\n"
)
PAPER_OUT = ALL_WELL.replace(b"030,0,", b"030,1,", 1)


class RawPrinterStandIn:
    """``printed`` has each document that came in whole.  Off until :meth:`switch_on`.

    Manners: ``print`` reads to the end and closes; ``silent`` reads to the end and never closes;
    ``cut`` reads a few bytes and resets the connection; ``hang`` accepts and reads nothing.
    """

    def __init__(self) -> None:
        self.printed: list[bytes] = []
        self.connections = 0
        self.status = ALL_WELL
        self._manner = "print"
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._kept: list[socket.socket] = []
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def address(self) -> str:
        """Host and port, as printers are set up with."""
        return f"127.0.0.1:{self.port}"

    def switch_on(self, manner: str = "print") -> None:
        """Listen, with the given manner."""
        self.switch_off()
        self._manner = manner
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._serve, args=(self._listener,))
        self._thread.start()

    def switch_off(self) -> None:
        """Refuse connections from now on."""
        if self._listener is not None and self._thread is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._thread.join()
            self._listener = self._thread = None
        while self._kept:
            self._kept.pop().close()

    def __enter__(self) -> RawPrinterStandIn:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.switch_off()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:  # switched off
                return
            self.connections += 1
            self._attend(connection)

    def _attend(self, connection: socket.socket) -> None:
        if self._manner == "hang":
            self._kept.append(connection)
            return
        if self._manner == "cut":
            connection.recv(10)
            # No linger: the close is a reset, like a pulled plug.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return
        self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        document = b""
        while part := connection.recv(65536):
            document += part
            if document == b"~HS":
                connection.sendall(self.status)
                document = b""
        if document:
            self.printed.append(document)
        if self._manner == "silent":
            self._kept.append(connection)
        else:
            connection.close()
