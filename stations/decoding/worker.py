"""Decoding in a process of its own, so that a hostile picture can hurt nobody else.

The child has a memory limit and a limit of processor seconds; the parent adds a limit of waiting.
A picture that breaks one of them costs that child, and the next upload gets a new one. Parent and
child speak over pipes: a line of JSON with the sizes, then the bytes; a line of JSON back. Only
text and numbers come back, never anything that is executed.
"""

import atexit
import base64
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from stations.decoding.opening import LARGEST_FILE_BYTES, PictureError
from stations.decoding.values import Decoded, Engine, Symbology

ANSWER_SECONDS = 10.0
"""Waiting time for one picture; generous, because the machine may be busy."""

START_SECONDS = 30.0
PICTURES_PER_CHILD = 500
"""Then a new one: memory that a library leaks does not add up."""


class DecoderStoppedError(RuntimeError):
    """The decoding process was stopped by one of its limits, or broke."""


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """What was read in a picture, and the picture drawn anew: a JPEG without anything beside it."""

    decoded: list[Decoded]
    jpeg: bytes


class DecodingProcess:
    """One child that decodes pictures one after the other. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._decoded_count = 0

    @property
    def child_id(self) -> int:
        """The process id of the running child; 0 if there is none."""
        return 0 if self._child is None else self._child.pid

    def peak_bytes(self) -> int:
        """The most memory that the running child ever held (Linux: VmHWM)."""
        with open(f"/proc/{self.child_id}/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmHWM"].split()[0]) * 1024

    def decode(
        self, image: bytes, *, budget_ms: int, answer_seconds: float = ANSWER_SECONDS
    ) -> list[Decoded]:
        """What `stations.decoding.decode` finds in the picture.

        Raises PictureError for bytes that are no picture, DecoderStoppedError if the child died.
        """
        asked = {"budget_ms": budget_ms, "copy": False}
        return _decoded_in(self._answer(image, asked, answer_seconds))

    def decode_and_copy(
        self, image: bytes, *, budget_ms: int, answer_seconds: float = ANSWER_SECONDS
    ) -> ReadPicture:
        """The same, with a copy of the picture that may be kept (`opening.clean_copy`)."""
        answer = self._answer(image, {"budget_ms": budget_ms, "copy": True}, answer_seconds)
        return ReadPicture(_decoded_in(answer), base64.b64decode(answer["copy"]))

    def _answer(self, image: bytes, asked: dict[str, Any], answer_seconds: float) -> dict[str, Any]:
        if len(image) > LARGEST_FILE_BYTES:
            raise PictureError("too-many-bytes")
        with self._lock:
            child = self._running_child()
            try:
                answer = _ask(child, image, asked, seconds=answer_seconds)
            except (OSError, ValueError) as broken:
                self._stop()
                raise DecoderStoppedError("the picture broke a limit of the decoder") from broken
            self._decoded_count += 1
        if "refused" in answer:
            raise PictureError(answer["refused"])
        return answer

    def stop(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._stop()

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():  # a fork must not share its parent's pipes
            self._child, self._owner = None, os.getpid()
        is_worn = self._decoded_count >= PICTURES_PER_CHILD
        if self._child is not None and (is_worn or self._child.poll() is not None):
            self._stop()
        if self._child is None:
            self._child = _start()
            self._decoded_count = 0
        return self._child

    def _stop(self) -> None:
        if self._child is None or self._owner != os.getpid():
            return
        self._child.kill()
        self._child.communicate()
        self._child = None


_shared = DecodingProcess()
atexit.register(_shared.stop)


def decode_upload(image: bytes, *, budget_ms: int = 1500) -> list[Decoded]:
    """Decode a picture that a stranger sent, in a process with limits.

    Raises PictureError (its `code` says why; the sender's fault) or DecoderStoppedError (the
    picture broke a limit: worth a line in the log).
    """
    return _shared.decode(image, budget_ms=budget_ms)


def decode_and_copy(image: bytes, *, budget_ms: int = 1500) -> ReadPicture:
    """The same, with a copy that may be kept: pixels only, at most 1,600 a side, JPEG."""
    return _shared.decode_and_copy(image, budget_ms=budget_ms)


def _start() -> subprocess.Popen[bytes]:
    environment = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OMP_NUM_THREADS": "1",  # the limits are for one picture, and threads reserve memory
        "OPENBLAS_NUM_THREADS": "1",
    }  # and nothing else: the child has no business with the service's secrets
    child = subprocess.Popen(
        [sys.executable, "-m", "stations.decoding.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        _read_line(child, seconds=START_SECONDS)
    except (OSError, ValueError) as broken:
        child.kill()
        child.communicate()
        raise DecoderStoppedError("the decoding process did not start") from broken
    return child


def _ask(
    child: subprocess.Popen[bytes], image: bytes, asked: dict[str, Any], *, seconds: float
) -> dict[str, Any]:
    assert child.stdin is not None
    header = json.dumps({"bytes": len(image), **asked}).encode() + b"\n"
    child.stdin.write(header + image)
    child.stdin.flush()
    answer: dict[str, Any] = json.loads(_read_line(child, seconds=seconds))
    return answer


def _read_line(child: subprocess.Popen[bytes], *, seconds: float) -> bytes:
    """The child's next line. Raises OSError (TimeoutError) if it is late or gone."""
    assert child.stdout is not None
    fd = child.stdout.fileno()
    deadline = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError("the decoding process did not answer in time")
        piece = os.read(fd, 65536)
        if not piece:
            raise BrokenPipeError("the decoding process is gone")
        line += piece
    return line


def _decoded_in(answer: dict[str, Any]) -> list[Decoded]:
    return [_decoded_from(fields) for fields in answer["decoded"]]


def _decoded_from(fields: dict[str, Any]) -> Decoded:
    a, b, c, d = ((float(x), float(y)) for x, y in fields["corners"])
    return Decoded(
        text=fields["text"],
        symbology=Symbology(fields["symbology"]),
        corners=(a, b, c, d),
        engine=Engine(fields["engine"]),
        step=fields["step"],
        votes=int(fields["votes"]),
    )
