"""The bridge: a scale on a serial port, the server on the other side.

One thread reads the port without pause, so that no weight grows old in a buffer; the calling one
sends.  Either side may go away and come back: each is tried again with growing pauses, and the
state is told in words.  While the port is away the filter keeps the last weight, so the parcel
that still stands on the scale is not weighed twice.

A box that is packed on the scale settles before its last piece is scanned, and such a weight is
refused.  So while something stands there that was not weighed yet, the server is asked whether it
awaits a weight; what stands there unchanged at two such looks is sent as a new weight
(``docs/decisions/0006-the-scale-is-asked-again.md``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import serial

from stations.scales import DECODERS
from stations.scales.kept import KeptWeights, Weight
from stations.scales.posting import Answer, Unanswered
from stations.scales.readings import Decoder, Reading, Trouble
from stations.scales.settling import StableWeight

READ_SECONDS = 0.25
ASK_AFTER_SECONDS = 1.0
"""A silence of a scale that wants to be asked, before it is asked again."""
SILENT_SECONDS = 5.0
"""A time without any reading that is worth a word."""
LOOK_SECONDS = 1.0
"""Between two looks at what stands on the scale: a hand that still puts a piece in needs less."""
ANSWER_SECONDS = 5.0
"""Longest wait for an answer before the weight is sent again."""
MOST_BYTES = 4096
FRAMINGS = ("8N1", "8N2", "8E1", "8O1", "7N2", "7E1", "7E2", "7O1", "7O2")
"""Data bits, parity, stop bits. Reading works with 8N1 in most cases, since the decoders ignore
bit 7; a scale that has to be asked wants its own."""


class Port(Protocol):
    """An open serial port."""

    def read(self) -> bytes:
        """What has come; waits :data:`READ_SECONDS` at most. Raises OSError when it is gone."""

    def write(self, request: bytes) -> None:
        """Send; raises OSError when the port is gone."""

    def close(self) -> None:
        """Let it go."""


class Poster(Protocol):
    """Who takes weights: :class:`~stations.scales.posting.WeightServer`."""

    def post(self, weight: Weight, *, timeout_seconds: float) -> Answer:
        """Send one; raises :class:`~stations.scales.posting.Unanswered`."""

    def awaits_weight(self, *, timeout_seconds: float) -> bool:
        """Whether the station awaits a weight; raises the same."""


@dataclass(frozen=True, kw_only=True)
class SerialSettings:
    """How a serial port is opened; framing is one of :data:`FRAMINGS`."""

    path: str
    baud: int = 9600
    framing: str = "8N1"


class SerialPort:
    """A serial port through pyserial, ours alone."""

    def __init__(self, settings: SerialSettings) -> None:
        framing = settings.framing
        self._serial = serial.Serial(
            settings.path,
            baudrate=settings.baud,
            bytesize=int(framing[0]),
            parity=framing[1],
            stopbits=int(framing[2]),
            timeout=READ_SECONDS,
            write_timeout=1,
            exclusive=True,
        )

    def read(self) -> bytes:
        """At least one byte and all that is there, or nothing after a while."""
        first: bytes = self._serial.read(1)
        if not first:
            return b""
        rest: bytes = self._serial.read(min(self._serial.in_waiting, MOST_BYTES))
        return first + rest

    def write(self, request: bytes) -> None:
        """Send all of it."""
        self._serial.write(request)

    def close(self) -> None:
        """Let it go."""
        self._serial.close()


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """Between tries: doubled each time, up to the longest."""

    first_seconds: float = 0.25
    longest_seconds: float = 2.0

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 and more)."""
        return min(self.first_seconds * 2.0 ** min(failures - 1, 20), self.longest_seconds)


def seconds_with_sleep() -> float:
    """A clock that only grows and goes on while the machine is suspended, where there is one."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """A scale's weights to the server, until stopped.

    open_port raises OSError while there is none; decoder makes a fresh one for each opening;
    say gets one line for each change of state.
    """

    open_port: Callable[[], Port]
    decoder: Callable[[], Decoder]
    filter: StableWeight
    server: Poster
    kept: KeptWeights
    say: Callable[[str], None]
    clock: Callable[[], float] = seconds_with_sleep
    pauses: Pauses = Pauses()
    answer_seconds: float = ANSWER_SECONDS
    look_seconds: float = LOOK_SECONDS
    _scale: threading.Lock = field(default_factory=threading.Lock, init=False)
    """Held while the filter is used: one thread feeds it, the other looks."""

    def run(self, stop: threading.Event) -> None:
        """Work until *stop* is set."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="scale") as reading:
            reader = reading.submit(self._stopping, self._read_ports, stop)
            self._stopping(self._send_weights, stop)
            reader.result()

    def _stopping(self, work: Callable[[threading.Event], None], stop: threading.Event) -> None:
        """However one side ends, the other must not go on alone."""
        try:
            work(stop)
        finally:
            stop.set()

    # --- the scale -------------------------------------------------------------------------

    def _read_ports(self, stop: threading.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                port = self.open_port()
            except OSError as error:
                failures += 1
                if failures == 1:
                    self.say(f"scale: not there ({error}); trying again")
                stop.wait(self.pauses.after(failures))
                continue
            failures = 0
            self.say("scale: connected")
            try:
                self._read_port(port, stop)
            except OSError as error:
                self.say(f"scale: gone ({error}); trying again")
                stop.wait(self.pauses.after(1))
            finally:
                port.close()

    def _read_port(self, port: Port, stop: threading.Event) -> None:
        decoder = self.decoder()
        hearing = _Hearing(say=self.say, clock=self.clock)
        while not stop.is_set():
            for reading in decoder.feed(port.read()):
                with self._scale:
                    grams = self.filter.take(reading)
                if grams is not None:
                    self.kept.keep(grams)
                hearing.heard(reading)
            hearing.tell_silence()
            if decoder.request and hearing.should_ask():
                port.write(decoder.request)

    # --- the server ------------------------------------------------------------------------

    def _send_weights(self, stop: threading.Event) -> None:
        failures = 0
        looking = _Looking(clock=self.clock, every_seconds=self.look_seconds)
        while not stop.is_set():
            weight = self.kept.first(timeout_seconds=min(READ_SECONDS, self.look_seconds))
            if weight is None:
                self._look(looking)
                continue
            fresh_seconds = self.kept.fresh_for(weight)
            if fresh_seconds <= 0:
                self._drop()
                continue
            try:
                answer = self._post(weight, fresh_seconds)
            except Unanswered as error:
                failures += 1
                if failures == 1:
                    self.say(f"server: no answer to {weight.grams} g ({error}); sending again")
                stop.wait(self.pauses.after(failures))
                continue
            failures = 0
            self.kept.answered(weight)
            if not answer.waits:
                with self._scale:
                    self.filter.spend(weight.grams)
            mark = "✓" if answer.accepted else "✕"
            self.say(f"{weight.grams} g {mark} {answer.words}")

    def _post(self, weight: Weight, fresh_seconds: float) -> Answer:
        # A connection that takes longer would deliver the weight when it is stale.
        return self.server.post(weight, timeout_seconds=min(self.answer_seconds, fresh_seconds))

    def _look(self, looking: _Looking) -> None:
        """Send what stands on the scale if the server awaits it and it stood at the last look."""
        with self._scale:
            grams = self.filter.unspent
        if grams is None:
            looking.seen = None
        if grams is None or not looking.is_due():
            return
        try:
            awaited = self.server.awaits_weight(timeout_seconds=self.answer_seconds)
        except Unanswered:
            awaited = False
        if awaited and looking.seen == grams:
            self.kept.keep(grams)
        looking.seen = grams if awaited and looking.seen != grams else None

    def _drop(self) -> None:
        for weight in self.kept.drop_all():
            self.say(f"{weight.grams} g ✕ too old, not sent: put the parcel on the scale again")


def serial_bridge(
    settings: SerialSettings,
    *,
    protocol: str,
    server: Poster,
    hysteresis_grams: int,
    fresh_seconds: float,
    say: Callable[[str], None],
) -> Bridge:
    """The bridge of a serial port; protocol is one of :data:`~stations.scales.DECODERS`."""
    return Bridge(
        open_port=lambda: SerialPort(settings),
        decoder=DECODERS[protocol],
        filter=StableWeight(hysteresis_grams=hysteresis_grams),
        server=server,
        kept=KeptWeights(clock=seconds_with_sleep, fresh_seconds=fresh_seconds),
        say=say,
    )


class _Looking:
    """When the bridge looked last, and the weight that was awaited then."""

    def __init__(self, *, clock: Callable[[], float], every_seconds: float) -> None:
        self._clock = clock
        self._every_seconds = every_seconds
        self._looked_at: float | None = None
        self.seen: int | None = None

    def is_due(self) -> bool:
        """Whether to look now; the next time after the pause."""
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < self._every_seconds:
            return False
        self._looked_at = now
        return True


class _Hearing:
    """What is heard of the scale, and when it has been silent for too long."""

    def __init__(self, *, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._heard_at = clock()
        self._asked_at: float | None = None
        self._silent = False
        self._trouble: Trouble | None = None

    def heard(self, reading: Reading) -> None:
        """Take note of a reading; a new trouble is told."""
        self._heard_at, self._silent = self._clock(), False
        if reading.trouble is not None and reading.trouble is not self._trouble:
            self._say(f"scale: {reading.trouble}")
        self._trouble = reading.trouble

    def tell_silence(self) -> None:
        """Tell a long silence, once."""
        if not self._silent and self._clock() - self._heard_at >= SILENT_SECONDS:
            self._silent = True
            self._say("scale: no reading; is it on, are protocol, baud rate and framing right?")

    def should_ask(self) -> bool:
        """Whether to ask now: at once at first, then after each silence."""
        now = self._clock()
        if (
            self._asked_at is not None
            and now - max(self._heard_at, self._asked_at) < ASK_AFTER_SECONDS
        ):
            return False
        self._asked_at = now
        return True
