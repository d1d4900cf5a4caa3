"""The scale module of the pages, in a real browser, with devices that play recorded bytes."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, Route

from stations.scales import DECODERS, StableWeight
from tests.support.scale_streams import STREAMS, Stream, hid, toledo

MODULE = Path(__file__).parents[2] / "stations" / "static" / "scale.js"
ORIGIN = "http://localhost/"  # a secure context, so that devices may be there; nothing listens
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

FAKE_DEVICES = """
class FakePort {
  opened = 0;
  written = "";
  away = false;

  async open(line) {
    this.opened += 1;
    if (this.away) throw new DOMException("no such port", "NetworkError");
    this.line = line;
    this.renew();
    const port = this;
    this.writable = new WritableStream({
      write(bytes) { port.written += new TextDecoder().decode(bytes); },
    });
  }

  renew() {
    this.readable = new ReadableStream({ start: (sink) => { this.sink = sink; } });
  }

  async close() {}

  getInfo() { return this.info ?? { usbVendorId: 0x0922, usbProductId: 1 }; }

  play(chunks) { for (const chunk of chunks) this.sink.enqueue(new Uint8Array(chunk)); }

  garble() {
    const sink = this.sink;
    this.renew();
    sink.error(new DOMException("parity", "ParityError"));
  }

  unplug() {
    this.away = true;
    const sink = this.sink;
    this.readable = null;
    sink.error(new DOMException("lost", "NetworkError"));
  }
}

class FakeHid extends EventTarget {
  opened = false;
  collections = [{ usagePage: 0x8d, usage: 0x20 }];

  async open() { this.opened = true; }

  async close() { this.opened = false; }

  play(reports) {
    for (const [reportId, ...bytes] of reports) {
      const padded = new Uint8Array([0, ...bytes]);
      const event = new Event("inputreport");
      const data = new DataView(padded.buffer, 1);
      this.dispatchEvent(Object.assign(event, { device: this, reportId, data }));
    }
  }
}

class FakeBus extends EventTarget {
  constructor(device) { super(); this.device = device; this.chosen = []; this.filters = null; }

  async getPorts() { return this.chosen; }

  async requestPort() { this.chosen = [this.device]; return this.device; }

  async getDevices() { return this.chosen; }

  async requestDevice({ filters }) {
    this.filters = filters;
    this.chosen = [new FakeHid(), this.device];
    this.chosen[0].collections = [{ usagePage: 1, usage: 6 }];
    return this.chosen;
  }

  happens(name) { this.dispatchEvent(Object.assign(new Event(name), { device: this.device })); }
}

window.FakePort = FakePort;
window.port = new FakePort();
window.scale = new FakeHid();
Object.defineProperty(navigator, "serial", { value: new FakeBus(window.port) });
Object.defineProperty(navigator, "hid", { value: new FakeBus(window.scale) });
window.weights = [];
window.states = [];
window.heard = {
  onWeight: (grams) => window.weights.push(grams),
  onState: (state) => window.states.push(state),
};
"""

DECODE = """
async (recorded) => {
  const { decoder, StableWeight } = await import("/scale.js");
  return JSON.stringify(JSON.parse(recorded).map(({ protocol, chunks }) => {
    const decoding = decoder(protocol);
    const readings = chunks.flatMap((chunk) => decoding.feed(chunk));
    const filter = new StableWeight();
    const weights = [];
    for (const reading of readings) {
      const grams = filter.take(reading);
      if (grams === null) continue;
      weights.push(grams);
      if (grams % 2) filter.spend(grams);
    }
    return {
      readings: readings.map((one) => [one.grams, one.stable, one.unit, one.trouble]),
      weights,
      standing: filter.standing,
      unspent: filter.unspent,
    };
  }));
}
"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = os.environ.get("FULFILLMENT_TEST_BROWSER") or "/usr/bin/chromium"
    found = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield found
    found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with the module and fake devices, which must not have complained in the end."""
    complaints: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.route("**/*", serve)
    page.add_init_script(FAKE_DEVICES)
    page.goto(ORIGIN)
    yield page
    page.close()
    assert complaints == []


def serve(route: Route) -> None:
    if route.request.url == f"{ORIGIN}scale.js":
        route.fulfill(body=MODULE.read_text(), content_type="text/javascript")
    elif route.request.url == ORIGIN:
        route.fulfill(
            body='<!doctype html><link rel="icon" href="data:,">', content_type="text/html"
        )
    else:
        route.abort()


def wait(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=10_000)


def listen(page: Page, kind: str, settings: str = "") -> None:
    page.evaluate(
        f"""async () => {{
          const {{ {kind} }} = await import("/scale.js");
          window.listening = new {kind}({{ ...window.heard, {settings} }});
          await window.listening.choose();
        }}"""
    )
    wait(page, "states.includes('open')")


def play(page: Page, device: str, *chunks: bytes) -> None:
    page.evaluate(f"(chunks) => {device}.play(chunks)", [list(chunk) for chunk in chunks])


def kilograms(figure: str, *, moving: bool = False) -> bytes:
    return toledo(figure, b=0x18 if moving else 0x10)


EMPTY_SCALE = kilograms("000000") * 2


def in_python(stream: Stream) -> dict[str, Any]:
    decoder, settled = DECODERS[stream.protocol](), StableWeight()
    readings = [reading for chunk in stream.chunks for reading in decoder.feed(chunk)]
    weights = []
    for reading in readings:
        grams = settled.take(reading)
        if grams is not None:
            weights.append(grams)
            if grams % 2:
                settled.spend(grams)
    return {
        "readings": [[one.grams, one.stable, one.unit, one.trouble] for one in readings],
        "weights": weights,
        "standing": settled.standing,
        "unspent": settled.unspent,
    }


def in_browser(page: Page, streams: Sequence[Stream]) -> list[dict[str, Any]]:
    rows = [
        {"protocol": one.protocol, "chunks": [list(chunk) for chunk in one.chunks]}
        for one in streams
    ]
    # As one text: many small values are slow on the way into a browser.
    found: list[dict[str, Any]] = json.loads(page.evaluate(DECODE, json.dumps(rows)))
    return found


def mutated(chance: random.Random, number: int) -> Stream:
    """Streams of the table, repeated, joined, with bytes lost, changed and added."""
    origin = chance.choice(STREAMS)
    same = [one for one in STREAMS if one.protocol == origin.protocol]
    chunks = [bytearray(chunk) for one in chance.choices(same, k=4) for chunk in one.chunks * 2]
    for chunk in chunks:
        if chunk and chance.random() < 0.5:
            place = chance.randrange(len(chunk))
            fate = chance.randrange(3)
            if fate == 0:
                del chunk[place]
            elif fate == 1:
                chunk[place] = chance.randrange(256)
            else:
                chunk.insert(place, chance.choice(b"0123456789 .,+-SDT\r\n\x02"))
    return Stream(f"mutant {number}", origin.protocol, tuple(map(bytes, chunks)), ())


def test_the_browser_reads_every_stream_as_the_table_says(page: Page) -> None:
    found = in_browser(page, STREAMS)
    said = {
        f"{stream.protocol}: {stream.name}": [tuple(row) for row in one["readings"]]
        for stream, one in zip(STREAMS, found, strict=True)
    }
    assert said == {f"{one.protocol}: {one.name}": list(one.readings) for one in STREAMS}


def test_browser_and_python_agree_on_damaged_streams_too(page: Page) -> None:
    chance = random.Random(8)
    streams = [mutated(chance, number) for number in range(2_000)]
    expected = [in_python(stream) for stream in streams]
    assert sum(len(one["readings"]) for one in expected) > 10_000
    assert in_browser(page, streams) == expected


def test_a_weight_on_the_serial_scale_reaches_the_page_once(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'toledo', line: { baudRate: 4800, dataBits: 7 }")
    moving, stable = kilograms("000800", moving=True), kilograms("001234")
    recording = kilograms("000000") + moving + stable * 5
    play(page, "port", *(recording[at : at + 7] for at in range(0, len(recording), 7)))
    wait(page, "weights.length > 0")
    play(page, "port", stable * 3, kilograms("000000") * 2, kilograms("000500") * 2)
    wait(page, "weights.length > 1")
    assert page.evaluate("weights") == [1234, 500]
    assert page.evaluate("port.line") == {"baudRate": 4800, "dataBits": 7}


def test_a_scale_that_talks_when_asked_is_asked(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'sics'")
    wait(page, "port.written === 'SIR\\r\\n'")
    # No answer: it was still warming up, and is asked again.
    wait(page, "port.written === 'SIR\\r\\nSIR\\r\\n'")
    play(page, "port", b"S S      1.234 kg\r\n" * 2)
    wait(page, "weights.length > 0")
    assert page.evaluate("weights") == [1234]


def test_a_broken_character_does_not_lose_the_port(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'toledo'")
    play(page, "port", kilograms("001234")[:9])
    page.evaluate("port.garble()")
    play(page, "port", kilograms("001234") * 3)
    wait(page, "weights.length > 0")
    assert page.evaluate("[port.opened, weights, states]") == [1, [1234], ["open"]]


def test_an_unplugged_port_comes_back_and_weighs_no_parcel_twice(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'toledo'")
    play(page, "port", kilograms("001234") * 2)
    wait(page, "weights.length > 0")
    page.evaluate("port.unplug()")
    wait(page, "states.at(-1) === 'lost' && port.opened > 1")
    page.evaluate("port.away = false; navigator.serial.happens('connect')")
    wait(page, "states.at(-1) === 'open'")
    play(page, "port", kilograms("001234") * 4, kilograms("000000") * 2, kilograms("001500") * 2)
    wait(page, "weights.length > 1")
    assert page.evaluate("weights") == [1234, 1500]
    assert page.evaluate("states") == ["open", "lost", "open"]


def test_a_chosen_port_is_used_again_without_asking(page: Page) -> None:
    page.evaluate("navigator.serial.chosen = [port]")
    page.evaluate(
        """async () => {
          const { SerialScale } = await import("/scale.js");
          window.listening = new SerialScale({ ...window.heard, protocol: "toledo" });
          await window.listening.start();
        }"""
    )
    wait(page, "states.at(-1) === 'open'")
    play(page, "port", kilograms("001234") * 2)
    wait(page, "weights.length > 0")


def test_without_a_chosen_port_or_device_the_page_says_so(page: Page) -> None:
    page.evaluate(
        """async () => {
          const { SerialScale, HidDeviceScale } = await import("/scale.js");
          await new SerialScale({ ...window.heard, protocol: "toledo" }).start();
          await new HidDeviceScale(window.heard).start();
        }"""
    )
    assert page.evaluate("states") == ["none", "none"]


def test_a_stopped_scale_is_heard_no_more(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'toledo'")
    page.evaluate("listening.stop()")
    listen(page, "HidDeviceScale")
    page.evaluate("listening.stop()")
    play(page, "scale", *[hid(4, 2, 0, 700)] * 3)
    assert page.evaluate("[weights, scale.opened, port.readable.locked]") == [[], False, False]


def test_a_stopped_scale_can_be_started_again(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'toledo'")
    page.evaluate("listening.stop().then(() => listening.start())")
    wait(page, "port.opened === 2")
    play(page, "port", kilograms("001234") * 2)
    wait(page, "weights.length > 0")
    assert page.evaluate("[weights, states]") == [[1234], ["open", "open"]]


def test_another_device_does_not_take_the_place_of_a_lost_scale(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'toledo'")
    page.evaluate(
        """() => {
          window.printer = Object.assign(new FakePort(), { info: { usbVendorId: 0x0a5f } });
          window.again = new FakePort();
          navigator.serial.chosen = [printer];
          port.unplug();
        }"""
    )
    wait(page, "states.at(-1) === 'lost' && port.opened > 1")
    page.evaluate("navigator.serial.chosen = [printer, again]")
    wait(page, "states.at(-1) === 'open'")
    assert page.evaluate("[printer.opened, again.opened]") == [0, 1]


def test_a_fault_of_the_page_is_not_taken_for_one_of_the_port(page: Page) -> None:
    page.evaluate(
        """() => {
          window.faults = [];
          addEventListener("error", (event) => {
            faults.push(event.message);
            event.preventDefault();
          });
          heard.onWeight = (grams) => { weights.push(grams); throw new Error("of the page"); };
        }"""
    )
    listen(page, "SerialScale", "protocol: 'toledo'")
    play(page, "port", kilograms("001234") * 2, EMPTY_SCALE, kilograms("000700") * 2)
    wait(page, "faults.length === 2")
    assert page.evaluate("[port.opened, weights, states]") == [1, [1234, 700], ["open"]]


def test_what_stands_on_the_scale_can_be_asked_for(page: Page) -> None:
    listen(page, "SerialScale", "protocol: 'toledo'")
    assert page.evaluate("listening.standing") is None
    play(page, "port", kilograms("001234") * 9)
    wait(page, "listening.standing === 1234")
    play(page, "port", EMPTY_SCALE)
    wait(page, "listening.standing === null")


def test_a_usb_scale_reports_its_weight_and_its_troubles(page: Page) -> None:
    listen(page, "HidDeviceScale")
    play(page, "scale", hid(2, 2, 0, 0), hid(3, 2, 0, 300), *[hid(4, 2, 0, 700)] * 4)
    play(page, "scale", hid(6, 2, 0, 0), hid(4, 2, 0, 0), hid(2, 2, 0, 0))
    play(page, "scale", *[hid(4, 11, -1, 160)] * 3)
    wait(page, "weights.length > 1")
    assert page.evaluate("[weights, states]") == [[700, 454], ["open", "overload", "open"]]
    assert page.evaluate("navigator.hid.filters") == [{"usagePage": 0x8D}]


def test_a_usb_scale_that_was_unplugged_is_opened_again(page: Page) -> None:
    listen(page, "HidDeviceScale")
    page.evaluate("scale.opened = false; navigator.hid.happens('disconnect')")
    page.evaluate("navigator.hid.happens('connect')")
    wait(page, "states.length === 3")
    play(page, "scale", *[hid(4, 2, 0, 700)] * 2)
    wait(page, "weights.length > 0")
    assert page.evaluate("[weights, states]") == [[700], ["open", "lost", "open"]]
