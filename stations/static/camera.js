/* The camera as a second scanner: what it reads goes the way of what the scanner types. Loaded
   when somebody asks for it. */

import { Picture, shrunk } from "./picture.js";
import { Server, deviceReader } from "./reading.js";
import { Seen } from "./seen.js";

const PACE_MS = 250; // from an answer to the next frame
const STILL_MS = 2000; // a picture that does not change is read again so rarely
const ASK_MS = 500; // what this device cannot read is shown to the server so often
const AWAY_MS = 2000;
const DEVICE_VOTES = 2; // the device's reader checks less than the server's, so it must agree twice
const MOST_TRIES = 5;
const MOST_BYTES = 20_000_000; // of a photo, as the server takes it
const WISH = {
  audio: false,
  video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } },
};
const NEVER = { at: -Infinity, raws: [] };
const WORDS = {
  NotAllowedError: "refused", SecurityError: "refused",
  NotFoundError: "none", OverconstrainedError: "none",
};

let view = null;

/* What the button does: open the camera, or close it. */
export function toggle(station, button) {
  view ??= new CameraView(station, button);
  return view.isOpen ? view.close() : view.open();
}

class CameraView {
  constructor(station, button) {
    this.station = station;
    this.button = button;
    this.server = new Server(station, button.dataset.pictures);
    this.picture = new Picture();
    this.seen = new Seen();
    this.device = null;
    this.stream = null;
    this.isOpen = false;
    this.frames = 0;
    this.taken = 0; // photos
    this.asked = NEVER;
    this.make();
  }

  make() {
    const styles = document.createElement("link");
    styles.rel = "stylesheet";
    styles.href = new URL("./camera.css", import.meta.url);
    document.head.append(styles);
    this.panel = document.getElementById("camera-panel").content.firstElementChild.cloneNode(true);
    this.video = this.panel.querySelector("video");
    this.words = this.panel.querySelector(".camera-says");
    this.list = this.panel.querySelector(".camera-read");
    this.file = this.panel.querySelector("input");
    this.panel.querySelector("button").addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => this.photos([...this.file.files]));
    document.addEventListener("visibilitychange", () => this.visible());
  }

  async open() {
    this.isOpen = true;
    this.button.ariaExpanded = "true";
    this.station.root.classList.add("with-camera");
    document.getElementById("view").before(this.panel);
    this.seen.look([], performance.now()); // as at the closing: long closed is long gone
    await this.start();
  }

  close() {
    this.isOpen = false;
    this.seen.look([], performance.now()); // nothing is in the picture from now on
    this.stop();
    this.panel.remove();
    this.station.root.classList.remove("with-camera");
    this.button.ariaExpanded = "false";
  }

  visible() {
    if (document.hidden) this.stop();
    else if (this.isOpen) this.start();
  }

  /* --- the running picture ---------------------------------------------------------------- */

  async start() {
    if (this.stream) return;
    if (!isSecureContext || !navigator.mediaDevices) return this.say("insecure");
    const photos = this.taken; // what is said of a photo that was chosen meanwhile stays
    this.device ??= await deviceReader().catch(() => null);
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(WISH);
    } catch (error) {
      return photos === this.taken ? this.say(WORDS[error.name] ?? "taken") : undefined;
    }
    // Closed, hidden or begun anew while the person was asked.
    if (this.stream || !this.isOpen || document.hidden) return end(stream);
    this.stream = this.video.srcObject = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => this.lost()); // unplugged
    this.video.hidden = false;
    this.say("looking");
    await this.video.play().catch(() => undefined); // stopped again before it began
    this.frame(stream);
  }

  stop() {
    clearTimeout(this.timer);
    end(this.stream);
    this.stream = this.video.srcObject = null;
    this.video.hidden = true;
  }

  lost() {
    this.stop();
    this.say("taken");
  }

  async frame(stream) {
    const pause = await this.look();
    if (this.stream === stream) this.timer = setTimeout(() => this.frame(stream), pause);
  }

  /* Look at one frame; how long to wait before the next. */
  async look() {
    const at = performance.now();
    if (!this.picture.take(this.video)) return PACE_MS;
    const { raws, votes, pause = PACE_MS } = await this.read(at);
    if (raws && this.stream) {
      if (this.panel.dataset.says === "away") this.say("looking");
      const fresh = this.seen.look(raws, at, votes);
      if (fresh.length) this.count(fresh.map((raw) => ({ raw })));
      this.panel.dataset.frames = ++this.frames;
    }
    return pause;
  }

  /* The codes of the frame; without raws when nobody has looked at it. */
  async read(at) {
    if (this.device) {
      const found = await this.device.detect(this.picture.canvas).catch(() => []);
      if (found.length || !this.station.online) {
        return { raws: found.map((one) => one.rawValue), votes: DEVICE_VOTES };
      }
      if (at - this.asked.at < ASK_MS) return {};
    }
    if (!this.picture.changed() && at - this.asked.at < STILL_MS) return { raws: this.asked.raws };
    const answer = await this.server.ask(await this.picture.jpeg(), "frame");
    if (answer?.codes) {
      this.asked = { at, raws: answer.codes.map((code) => code.raw) };
      return { raws: this.asked.raws };
    }
    this.asked = NEVER; // this picture is still to be read
    if (answer?.busy === undefined) this.say("away");
    return { pause: answer?.busy ?? AWAY_MS };
  }

  /* --- photos ----------------------------------------------------------------------------- */

  async photos(files) {
    this.file.value = "";
    for (const file of files) await this.photo(file);
  }

  async photo(file) {
    this.taken += 1;
    this.station.touched();
    this.list.replaceChildren();
    this.say("reading");
    const scanId = crypto.randomUUID();
    const body = await shrunk(file);
    const large = { problem: this.button.dataset.saysLarge }; // said here: it would not get there
    const answer = body.size > MOST_BYTES ? large : await this.askAgain(body, scanId);
    const codes = answer?.codes ?? [];
    if (!answer) this.tell("refused", this.button.dataset.saysAway);
    else if (answer.problem) this.tell("refused", answer.problem);
    else if (!codes.length) this.tell("attention", this.button.dataset.saysEmpty);
    else this.count(codes, scanId);
    this.panel.dataset.photos = Number(this.panel.dataset.photos ?? 0) + 1;
  }

  async askAgain(body, scanId) {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const answer = await this.server.ask(body, "photo", scanId);
      if (answer?.busy === undefined) return answer;
      await new Promise((done) => setTimeout(done, answer.busy));
    }
    return null;
  }

  /* --- out -------------------------------------------------------------------------------- */

  /* Each code is a scan; the first of a photo has the photo's id. */
  count(codes, scanId) {
    this.station.touched();
    this.words.textContent = this.button.dataset.saysRead.replace("{n}", codes.length);
    this.list.replaceChildren();
    for (const [index, { raw }] of codes.entries()) {
      const line = document.createElement("li");
      line.textContent = raw;
      this.list.append(line);
      const own = scanId && index === 0 ? { scan_id: scanId } : {};
      this.station.scanned(raw, { source: "camera", ...own }).answered = (answer) => {
        line.className = answer.accepted ? "accepted" : "refused";
        line.textContent = `${answer.accepted ? "✓" : "✕"} ${raw}: ${answer.message}`;
      };
    }
  }

  say(what) {
    this.words.textContent = this.button.dataset[`says${what[0].toUpperCase()}${what.slice(1)}`];
    this.panel.dataset.says = what;
  }

  tell(tone, sentence) {
    this.words.textContent = sentence;
    this.station.tell(tone, sentence);
  }
}

function end(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
