/* A scale on the packing PC: bytes from Web Serial or WebHID in, settled weights out.

   The decoders say the same as stations/scales/ in Python; one table of byte streams holds both
   to it (tests/support/scale_streams.py). The sources of the protocols are named there. */

/* --- units ----------------------------------------------------------------------------------- */

/* Grams in a unit as [numerator, 10^decimals]: whole numbers, so that nothing is rounded twice. */
const GRAMS_IN = { g: [1n, 0], kg: [1000n, 0], lb: [45359237n, 5], oz: [28349523125n, 9] };

export function troubled(trouble, unit = "") {
  return { grams: null, stable: false, unit, trouble };
}

/* A reading of digits * 10^exponent units, rounded to the gram, half away from zero. */
function weight(digits, exponent, unit, stable) {
  unit = unit.toLowerCase();
  if (!Object.hasOwn(GRAMS_IN, unit)) return troubled("unknown-unit", unit);
  const [factor, decimals] = GRAMS_IN[unit];
  const product = digits * factor;
  const down = decimals - exponent;
  const grams = down > 0 ? divided(product, 10n ** BigInt(down)) : product * 10n ** BigInt(-down);
  return { grams: Number(grams), stable, unit, trouble: null };
}

function divided(amount, by) {
  const half = amount < 0n ? -by / 2n : by / 2n;
  return (amount + half) / by;
}

/* The same for a figure in text: "-12.5". */
function weightOf(sign, figure, unit, stable) {
  const [whole, decimals = ""] = figure.replace(",", ".").split(".");
  const digits = BigInt(whole + decimals);
  return weight(sign === "-" ? -digits : digits, -decimals.length, unit, stable);
}

/* --- text lines ------------------------------------------------------------------------------ */

const LONGEST_LINE = 80; // longer than any answer of a scale: noise

class Lines {
  #rest = "";
  #noise = false;

  feed(chunk) {
    // Bit 7 is the parity bit when a 7-bit scale is read with 8 bits.
    const text = this.#rest + String.fromCharCode(...chunk.map((byte) => byte & 0x7f));
    const whole = text.split(/[\r\n]/);
    this.#rest = whole.pop();
    const lines = whole.map((raw) => this.#line(raw));
    if (this.#rest.length > LONGEST_LINE) {
      this.#rest = "";
      this.#noise = true;
    }
    return lines.filter((line) => line);
  }

  #line(raw) {
    const noise = this.#noise || raw.length > LONGEST_LINE;
    this.#noise = false;
    return noise ? "" : raw.replace(/^[ \t\0\x02\x03]+|[ \t\0\x02\x03]+$/g, "");
  }
}

class LineDecoder {
  #lines = new Lines();

  feed(chunk) {
    return this.#lines.feed(chunk).map((line) => this.reading(line)).filter((one) => one);
  }
}

/* --- MT-SICS --------------------------------------------------------------------------------- */

const SICS_TROUBLES = {
  "S +": "overload", "S -": "underload", "S I": "not-ready", "S L": "refused",
  ES: "refused", ET: "refused", EL: "refused",
};

class Sics extends LineDecoder {
  request = "SIR\r\n";

  reading(line) {
    if (Object.hasOwn(SICS_TROUBLES, line)) return troubled(SICS_TROUBLES[line]);
    if (/^S [SD] +Error \w+$/.test(line)) return troubled("fault");
    const found = /^S ([SD]) +(-?)(\d{1,9}(?:\.\d{0,6})?)(?: +([!-~]{1,8}))?$/.exec(
      line.replace(/[[\]]/g, ""),
    );
    return found && weightOf(found[2], found[3], found[4] ?? "", found[1] === "S");
  }
}

/* --- indicators with headers ----------------------------------------------------------------- */

const INDICATOR_LINE =
  /^(ST|US) *,(?: *(?:GS|NT|G|N) *,)? *([+-]?) *(\d{1,9}(?:[.,]\d{0,6})?) *([A-Za-z]{0,4})$/;

class Indicator extends LineDecoder {
  request = "";

  reading(line) {
    const outside = /^OL *,[^-]*(-?).*$/.exec(line);
    if (outside) return troubled(outside[1] ? "underload" : "overload");
    const found = INDICATOR_LINE.exec(line);
    return found && weightOf(found[2], found[3], found[4], found[1] === "ST");
  }
}

/* --- Toledo continuous ----------------------------------------------------------------------- */

const STX = 0x02;
const CR = 0x0d;
const TOLEDO_UNITS = { 1: "g", 2: "t", 3: "oz", 4: "ozt", 5: "dwt", 6: "ton" };

class Toledo {
  request = "";
  length = 17;
  #bytes = [];

  feed(chunk) {
    for (const byte of chunk) this.#bytes.push(byte & 0x7f);
    const readings = [];
    for (let frame = this.#candidate(); frame; frame = this.#candidate()) {
      const whole = this.isFrame(frame);
      // A wrong one: this STX was noise, or bytes were lost behind it; the next may be real.
      this.#bytes.splice(0, whole ? frame.length : 1);
      if (whole) readings.push(toledoReading(frame));
    }
    return readings;
  }

  isFrame(frame) {
    return frame[16] === CR && /^ *\d*$/.test(field(frame, 4)) &&
      /^ *\d*$/.test(field(frame, 10));
  }

  #candidate() {
    const start = this.#bytes.indexOf(STX);
    this.#bytes.splice(0, start < 0 ? this.#bytes.length : start);
    return this.#bytes.length >= this.length ? this.#bytes.slice(0, this.length) : null;
  }
}

class ToledoWithChecksum extends Toledo {
  length = 18;

  isFrame(frame) {
    return super.isFrame(frame) && (frame.reduce((sum, byte) => sum + byte, 0) & 0x7f) === 0;
  }
}

function field(frame, start) {
  return String.fromCharCode(...frame.slice(start, start + 6));
}

function toledoReading(frame) {
  const [, wordA, wordB, wordC] = frame;
  const unit = TOLEDO_UNITS[wordC & 0x07] ?? (wordB & 0x10 ? "kg" : "lb");
  const negative = wordB & 0x02;
  if (wordB & 0x04) return troubled(negative ? "underload" : "overload", unit);
  const digits = field(frame, 4).trim();
  if (!digits || wordC & 0x10) return troubled("not-ready", unit);
  const amount = BigInt(digits);
  return weight(negative ? -amount : amount, 2 - (wordA & 0x07), unit, !(wordB & 0x08));
}

/* --- HID, usage page 0x8D -------------------------------------------------------------------- */

const HID_UNITS = [
  "", "mg", "g", "kg", "ct", "tael", "gr", "dwt", "t", "ton", "ozt", "oz", "lb",
];
const HID_TROUBLES = { 1: "fault", 5: "underload", 6: "overload", 7: "fault", 8: "not-ready" };

class HidScale {
  request = "";

  /* One report, its id in front. */
  feed(chunk) {
    if (chunk.length !== 6 || ![0, 3].includes(chunk[0])) return [];
    const [, status, unitNumber, scaling, low, high] = chunk;
    const unit = HID_UNITS[unitNumber] ?? "";
    if (HID_TROUBLES[status]) return [troubled(HID_TROUBLES[status], unit)];
    if (![2, 3, 4].includes(status)) return [];
    const exponent = scaling > 127 ? scaling - 256 : scaling;
    if (Math.abs(exponent) > 9) return [troubled("fault", unit)];
    return [weight(BigInt(low + 256 * high), exponent, unit, status !== 3)];
  }
}

/* --- one interface --------------------------------------------------------------------------- */

const DECODERS = {
  toledo: Toledo, "toledo-checksum": ToledoWithChecksum, sics: Sics, indicator: Indicator,
  hid: HidScale,
};

/* A fresh decoder: feed(bytes) answers the readings {grams, stable, unit, trouble} that the bytes
   complete; request is what a silent scale has to be sent so that it talks. */
export function decoder(protocol) {
  if (!Object.hasOwn(DECODERS, protocol)) throw new RangeError(`no scale protocol ${protocol}`);
  return new DECODERS[protocol]();
}

const AGREEING = 2; // equal stable readings in a row: one may be garbled
const HYSTERESIS_GRAMS = 10;
const EMPTY = 0;

/* Reports a weight once when it has settled. A difference up to the hysteresis is no new weight;
   a scale that shows no more than it is empty, and then the same weight counts again. */
export class StableWeight {
  #hysteresis;
  #settling = null;
  #agreeing = 0;
  #reported = null;
  #spent = null;

  constructor({ hysteresisGrams = HYSTERESIS_GRAMS } = {}) {
    this.#hysteresis = hysteresisGrams;
  }

  /* The weight in grams that has settled with this reading, else null. */
  take(reading) {
    const seen = this.#seen(reading);
    this.#agreeing = seen === this.#settling ? this.#agreeing + 1 : 1;
    this.#settling = seen;
    if (seen === null || this.#agreeing < AGREEING) return null;
    if (seen === EMPTY) {
      this.#reported = this.#spent = null;
      return null;
    }
    if (this.#isNear(seen, this.#reported)) return null;
    this.#reported = seen;
    return seen;
  }

  /* The weight that stands settled on the scale now, reported or not; null while it is empty or
     moves. For a box that is packed on the scale: its last weight may have settled before the
     last piece was scanned. */
  get standing() {
    return this.#agreeing < AGREEING || this.#settling === EMPTY ? null : this.#settling;
  }

  /* The weight had its answer: as long as it stands there it is no parcel's any more. */
  spend(grams) {
    if (this.#isNear(grams, this.#reported)) this.#spent = grams;
  }

  /* The standing weight, unless it is the one that was spent. */
  get unspent() {
    const standing = this.standing;
    return standing === null || this.#isNear(standing, this.#spent) ? null : standing;
  }

  #isNear(grams, other) {
    return other !== null && Math.abs(grams - other) <= this.#hysteresis;
  }

  #seen({ grams, stable, trouble }) {
    if (grams === null) return trouble === "underload" ? EMPTY : null;
    if (grams <= this.#hysteresis) return EMPTY;
    return stable ? grams : null;
  }
}

/* --- devices --------------------------------------------------------------------------------- */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const ASK_AFTER_MS = 1000;
const USAGE_PAGE = 0x8d;

/* What the two kinds of device share. onWeight(grams) gets each settled weight; onState(state)
   gets "none" (nothing was chosen yet), "open", "lost", and the troubles of the scale. */
class Device {
  constructor({ onWeight, onState = () => {}, hysteresisGrams = HYSTERESIS_GRAMS }) {
    this.onWeight = onWeight;
    this.onState = onState;
    // Kept while the device is away: the parcel that still stands on it is not weighed twice.
    this.filter = new StableWeight({ hysteresisGrams });
    this.trouble = null;
  }

  /* What stands on the scale now, in grams; null while it is empty or moves. */
  get standing() {
    return this.filter.standing;
  }

  get unspent() {
    return this.filter.unspent;
  }

  spend(grams) {
    this.filter.spend(grams);
  }

  take(readings) {
    for (const reading of readings) {
      if (reading.trouble && reading.trouble !== this.trouble) this.onState(reading.trouble);
      if (!reading.trouble && this.trouble) this.onState("open");
      this.trouble = reading.trouble;
      const grams = this.filter.take(reading);
      // On its own, so that a fault of the page is not taken for one of the port.
      if (grams !== null) queueMicrotask(() => this.onWeight(grams));
    }
  }
}

/* A scale on a serial port. choose() asks the person, in a click, and rejects if nothing is
   chosen; start() takes the port that was chosen before and goes on with it whenever it is there,
   until stop(). */
export class SerialScale extends Device {
  #port = null;
  #reader = null;
  #running = false;
  #ended = null;
  #goOnNow = () => {};

  constructor({ protocol, line = { baudRate: 9600 }, serial = navigator.serial, ...rest }) {
    super(rest);
    this.protocol = protocol;
    this.line = line;
    this.serial = serial;
  }

  async choose() {
    const port = await this.serial.requestPort();
    await this.stop();
    this.#port = port;
    await this.start();
  }

  async start() {
    this.#port ??= (await this.serial.getPorts())[0] ?? null;
    if (!this.#port) {
      this.onState("none");
    } else if (!this.#running) {
      this.#running = true;
      this.#ended = this.#goOn();
    }
  }

  async stop() {
    this.#running = false;
    this.#goOnNow();
    await this.#reader?.cancel().catch(() => {});
    await this.#ended;
  }

  async #goOn() {
    let pause = FIRST_PAUSE_MS;
    let lost = false;
    while (this.#running) {
      try {
        await this.#port.open(this.line);
        pause = FIRST_PAUSE_MS;
        lost = false;
        this.onState("open");
        await this.#readAll(decoder(this.protocol));
      } catch {
        // A port that is unplugged or taken: that it comes back matters, not what it said.
      }
      await this.#port.close().catch(() => {});
      if (!this.#running) return;
      if (!lost) this.onState("lost");
      lost = true;
      await this.#wait(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      this.#port = await this.#samePort();
    }
  }

  /* A port that is plugged in again ends the pause. */
  async #wait(milliseconds) {
    await new Promise((resolve) => {
      this.#goOnNow = resolve;
      this.serial.addEventListener("connect", resolve);
      setTimeout(resolve, milliseconds);
    });
    this.serial.removeEventListener("connect", this.#goOnNow);
  }

  /* A device that was plugged in again may be a new port; another device, a printer say, is not. */
  async #samePort() {
    const kind = (port) => JSON.stringify(port.getInfo());
    const ports = await this.serial.getPorts();
    if (ports.includes(this.#port)) return this.#port;
    return ports.find((port) => kind(port) === kind(this.#port)) ?? this.#port;
  }

  /* A broken character ends a stream but not the port, which has a new one then. */
  async #readAll(decoding) {
    let stream = null;
    while (this.#running && this.#port.readable && this.#port.readable !== stream) {
      stream = this.#port.readable;
      await this.#read(stream, decoding);
    }
  }

  async #read(stream, decoding) {
    const reader = stream.getReader();
    this.#reader = reader;
    let heard = 0;
    const ask = () => this.#ask(decoding.request, heard);
    const asking = decoding.request ? setInterval(ask, ASK_AFTER_MS) : null;
    try {
      if (decoding.request) ask();
      for (let got = await reader.read(); !got.done; got = await reader.read()) {
        const readings = decoding.feed(Array.from(got.value));
        if (readings.length) heard = performance.now();
        this.take(readings);
      }
    } catch (error) {
      if (this.#port.readable === stream) throw error;
    } finally {
      clearInterval(asking);
      reader.releaseLock();
    }
  }

  async #ask(request, heard) {
    if (heard && performance.now() - heard < ASK_AFTER_MS) return;
    if (!this.#port.writable || this.#port.writable.locked) return; // the last is on its way
    const writer = this.#port.writable.getWriter();
    // A port that went away ends the reading too, which is where it is noticed.
    await writer.write(new TextEncoder().encode(request)).catch(() => {});
    writer.releaseLock();
  }
}

/* A USB scale of the HID class; the same gestures. */
export class HidDeviceScale extends Device {
  #device = null;
  #chosen = null;
  #decoder = decoder("hid");
  #running = false;

  constructor({ hid = navigator.hid, ...rest }) {
    super(rest);
    this.hid = hid;
    this.heard = ({ reportId, data }) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.take(this.#decoder.feed([reportId, ...bytes]));
    };
    this.left = ({ device }) => {
      if (device === this.#device) this.#lose();
    };
    this.came = () => this.#open();
  }

  async choose() {
    const chosen = await this.hid.requestDevice({ filters: [{ usagePage: USAGE_PAGE }] });
    await this.stop();
    this.#chosen = chosen.find(isScale) ?? null;
    await this.start();
  }

  async start() {
    if (!this.#running) {
      this.#running = true;
      this.hid.addEventListener("disconnect", this.left);
      this.hid.addEventListener("connect", this.came);
    }
    await this.#open();
    if (!this.#device) this.onState("none");
  }

  async stop() {
    this.#running = false;
    this.hid.removeEventListener("disconnect", this.left);
    this.hid.removeEventListener("connect", this.came);
    this.#device?.removeEventListener("inputreport", this.heard);
    await this.#device?.close();
    this.#device = null;
  }

  async #open() {
    if (this.#device) return;
    const scales = (await this.hid.getDevices()).filter(isScale);
    const device = scales.includes(this.#chosen) ? this.#chosen : scales[0];
    if (!device || this.#device) return;
    this.#device = device;
    try {
      if (!device.opened) await device.open();
    } catch {
      // Another program holds it; it is tried again when it is plugged in, or chosen again.
      this.#lose();
      return;
    }
    device.addEventListener("inputreport", this.heard);
    this.onState("open");
  }

  #lose() {
    this.#device.removeEventListener("inputreport", this.heard);
    this.#device = null;
    this.onState("lost");
  }
}

function isScale(device) {
  return device.collections.some((one) => one.usagePage === USAGE_PAGE);
}
