/* A page that is worked by scans: hears them, keeps them, sends them in order, shows the answer.

   Every message gets its id here, before it is sent, and is sent again with the same id until the
   server has answered; so it counts once. While one answer is on its way the next scans wait
   behind it, on the disk too. */

import { Kept } from "./kept.js";
import { scannerSettings } from "./settings.js";
import { play } from "./sound.js";
import { Wedge } from "./wedge.js";

const PATIENCE_MS = 10_000; // after so long without an answer the server counts as away
const BEAT_MS = 30_000; // so often the board is told what waits here
const AGAIN_MS = [500, 1000, 2000, 4000];

export class Station {
  /* hooks: repaint(answer), and before it answered(message, answer); while offline restore(saved)
     after a reload, keep(message) for each message that waits, and resumed() when it is over */
  constructor(root, hooks) {
    this.root = root;
    this.hooks = hooks;
    this.waiting = [];
    this.scale = ""; // or "ready", "away": whoever has a scale says so, see scaleIs
    this.left = []; // {who, raw} of scans that are not counted since another is logged in
    this.busy = false;
    this.online = true;
    this.failures = 0;
    this.token = document.querySelector('meta[name="csrf-token"]').content;
  }

  async start() {
    const field = document.getElementById("scan-field");
    this.wedge = new Wedge({ field, onScan: (raw) => this.scanned(raw), settings: scannerSettings() });
    this.wedge.listen();
    addEventListener("online", () => this.pump());
    addEventListener("offline", () => this.away());
    for (const name of ["keydown", "pointerdown"]) {
      addEventListener(name, () => this.touched(), { capture: true, passive: true });
    }
    const camera = document.getElementById("camera");
    camera?.addEventListener("click", async () => {
      const { toggle } = await import("./camera.js");
      await toggle(this, camera);
    });
    this.touched();
    this.busy = true; // what is scanned meanwhile waits for the state that it is judged by
    const kept = await Kept.open().catch(() => null); // a browser that keeps nothing still sends
    const before = (await kept?.all()) ?? [];
    this.kept = kept;
    for (const message of this.waiting) this.write(message); // scanned since the page was there
    this.waiting.unshift(...before.filter((one) => one.page === location.pathname));
    const there = await this.refresh();
    this.busy = false;
    if (!there) {
      this.hooks.restore(await this.kept?.load(location.pathname));
      this.away();
    }
    this.net();
    this.beatOften();
    document.documentElement.dataset.ready = "yes";
    this.pump();
  }

  /* --- in ------------------------------------------------------------------------------- */

  /* more: what else the server is told of this scan; returns the message that waits */
  scanned(raw, more = {}) {
    return this.submit(this.root.dataset.scan, { raw, ...this.hooks.fields?.(), ...more });
  }

  submit(url, fields) {
    const user = Number(this.root.dataset.user); // who scanned: it may be sent under another
    const message = { url, body: { scan_id: crypto.randomUUID(), user, ...fields } };
    this.waiting.push(message);
    this.write(message);
    if (!this.online) this.hooks.keep(message);
    this.net();
    this.pump();
    return message;
  }

  write(message) {
    const { url, body } = message;
    message.written = this.kept
      ?.add({ page: location.pathname, url, body })
      .then((n) => (message.n = n))
      .catch(() => undefined); // a full disk: it is sent all the same
  }

  /* --- out ------------------------------------------------------------------------------ */

  async pump() {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.retry);
    try {
      while (this.waiting.length) {
        const message = this.waiting[0];
        const answer = await this.post(message.url, message.body);
        if (answer === null) return this.away();
        if (answer.moved) return;
        this.cameBack();
        this.waiting.shift();
        await message.written;
        if (message.n !== undefined) await this.kept.remove(message.n);
        if (answer.redirect) {
          if (message.body.raw) sessionStorage.setItem("badge", message.body.raw);
          return location.assign(answer.redirect);
        }
        this.hooks.answered?.(message, answer);
        this.show(answer);
        message.answered?.(answer);
      }
      if (this.online) return;
      if (await this.refresh()) this.cameBack();
      else this.away();
    } finally {
      this.busy = false;
      this.net();
      if (this.told && this.online && !this.waiting.length) this.beat(); // it is sent now
    }
  }

  /* The server's answer; null when it cannot be had now. */
  async post(url, body, again = true) {
    let response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
        redirect: "error",
      });
      if (response.status >= 500 || response.status === 429) return null;
      if (response.headers.get("Content-Type")?.startsWith("application/json")) {
        const answer = await response.json();
        if (response.status === 401) return this.lockedOut();
        if (response.ok) return answer;
        return { accepted: false, tone: "refused", ...answer };
      }
    } catch {
      return null;
    }
    if (response.status === 400 && again && (await this.refresh())) {
      return this.post(url, body, false); // the form token was of a log-in before
    }
    return null;
  }

  lockedOut() {
    location.assign(this.root.dataset.logIn);
    return { moved: true };
  }

  /* The present state and a fresh token; null while the server is away. */
  async state() {
    try {
      const response = await fetch(this.root.dataset.state, {
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.status === 401) this.lockedOut();
      if (!response.ok) return null;
      const state = await response.json();
      this.token = state.csrf;
      return state;
    } catch {
      return null;
    }
  }

  /* Show the present state; false while the server is away. */
  async refresh() {
    const state = await this.state();
    if (state) this.hooks.repaint(state);
    return state !== null;
  }

  /* --- what is seen and heard ----------------------------------------------------------- */

  show(answer) {
    this.hooks.repaint(answer);
    this.listKept(answer);
    this.tell(answer.tone, answer.message);
    const html = document.documentElement;
    html.dataset.answers = Number(html.dataset.answers ?? 0) + 1;
  }

  /* Tone, flash and the words for those who listen to the page. */
  tell(tone, message) {
    play(tone);
    document.body.dataset.tone = tone;
    document.body.classList.remove("flash");
    void document.body.offsetWidth; // begins the flash anew
    document.body.classList.add("flash");
    const word = this.root.dataset[`word${tone[0].toUpperCase()}${tone.slice(1)}`];
    document.getElementById("say").textContent = `${word}: ${message}`;
  }

  /* What the one before left in a box, until an order or a list is complete. */
  listKept({ code, fields, tone }) {
    if (code === "kept-of-another") this.left.push(fields);
    else if (tone === "complete") this.left = [];
    else return;
    const place = document.getElementById("kept-of");
    place.hidden = !this.left.length;
    const who = [...new Set(this.left.map((one) => one.who))].join(", ");
    const what = this.left.map((one) => one.raw).join(", ");
    place.textContent = place.dataset.says.replace("{who}", who).replace("{what}", what);
  }

  away() {
    if (this.online) {
      this.online = false;
      for (const message of this.waiting) this.hooks.keep(message);
      this.net();
    }
    clearTimeout(this.retry);
    const pause = AGAIN_MS[Math.min(this.failures++, AGAIN_MS.length - 1)];
    this.retry = setTimeout(() => this.pump(), pause);
  }

  cameBack() {
    this.failures = 0;
    if (this.online) return;
    this.online = true;
    this.hooks.resumed();
  }

  net() {
    const net = document.getElementById("net");
    const state = this.online ? "online" : "offline";
    net.dataset.state = state;
    net.dataset.unsent = this.waiting.length;
    const words = this.root.dataset[this.online ? "saysOnline" : "saysOffline"];
    document.getElementById("net-words").textContent = words.replace("{n}", this.waiting.length);
  }

  /* --- what the board is told ------------------------------------------------------------ */

  beatOften() {
    if (!this.root.dataset.beat) return; // a handheld is no station
    setInterval(() => this.beat(), BEAT_MS);
    addEventListener("pagehide", () => this.beat({ left: true }));
    this.beat();
  }

  /* Of all pages of this browser: what was kept on another page waits too. A beat is not kept and
     not sent again; the board takes its absence for what it is. */
  async beat({ left = false } = {}) {
    const waiting = this.waiting.length;
    const unsent = left ? waiting : Math.max(waiting, (await this.kept?.all())?.length ?? 0);
    this.told = unsent;
    await fetch(this.root.dataset.beat, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify({ unsent, scale: this.scale, left: left && !unsent }),
      keepalive: left,
      signal: left ? undefined : AbortSignal.timeout(PATIENCE_MS),
      redirect: "error",
    }).catch(() => null);
  }

  /* state: what scale.js says of the device; its troubles (too much on it, say) are no absence */
  scaleIs(state) {
    const scale = { open: "ready", lost: "away", none: "away" }[state] ?? this.scale;
    if (scale === this.scale) return;
    this.scale = scale;
    if (this.root.dataset.beat) this.beat();
  }

  /* --- lock ----------------------------------------------------------------------------- */

  touched() {
    clearTimeout(this.idle);
    const seconds = Number(this.root.dataset.idleSeconds);
    if (seconds) this.idle = setTimeout(() => this.lock(), seconds * 1000);
  }

  /* Kept scans are sent first: locking would leave them to the next person. */
  async lock() {
    if (this.waiting.length) return this.touched();
    await fetch(this.root.dataset.logOut, {
      method: "POST",
      headers: { "X-CSRFToken": this.token },
      redirect: "manual",
    }).catch(() => null);
    location.assign(this.root.dataset.logIn);
  }
}

const SHAPES = { accepted: "✓", refused: "✕", attention: "!", complete: "■" };

/* Show an answer that the page gives by itself, where those of the server stand. */
export function put(view, tone, word, message, code) {
  view.querySelector("#answer")?.remove();
  const made = (tag, className, text) => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  };
  const section = made("section", `answer ${tone}`, "");
  section.id = "answer";
  const shape = made("span", "shape", SHAPES[tone]);
  shape.ariaHidden = "true";
  const text = made("p", "", "");
  text.append(made("strong", "word", word), " ", made("span", "sentence", message));
  section.append(shape, text);
  const bench = view.querySelector(".bench");
  const buttons = bench.querySelector(".buttons");
  if (buttons) buttons.before(section);
  else bench.querySelector("h1").after(section);
  bench.dataset.code = code;
  bench.dataset.tone = tone;
}

/* Let the page itself come back by a reload without the server. */
export async function stayOffline() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("/stations/worker.js");
  await navigator.serviceWorker.ready;
  const pages = await caches.open("station-pages");
  if (!(await pages.match(location.pathname))) {
    const page = await fetch(location.pathname).catch(() => null);
    // Who logged out in the meantime is answered with another page, which is not kept.
    if (page?.ok && !page.redirected) await pages.put(location.pathname, page);
  }
  document.documentElement.dataset.offlineReady = "yes";
}
