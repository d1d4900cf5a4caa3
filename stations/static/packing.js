/* The packing page. */

import { look } from "./lookup.js";
import { openScale } from "./settings.js";
import { Station, put, stayOffline } from "./station.js";

const ASK_MS = 1000;
const AWAITED = ["weigh", "await-label", "label-in-doubt"];
const STILL_WAITING = ["not-complete", "weight-outside"]; // the same weight may count yet
const root = document.getElementById("station");
const view = document.getElementById("view");
let table = JSON.parse(root.dataset.table);
let counted = {};
let scale = null;
let seen = null; // what stood on the scale at the last look, if it was awaited then

const station = new Station(root, { repaint, answered, restore, keep, resumed });

function repaint(answer) {
  if (answer.html !== undefined) view.innerHTML = answer.html;
  else refuse(answer);
  if (answer.table !== undefined && answer.table !== null) table = answer.table;
  else if (bench() && bench().dataset.state !== "packing") table = null;
  counted = {};
  tellTimes();
  bindOverride();
  remember();
}

function bench() {
  return view.querySelector(".bench");
}

/* A command that could not be carried out comes without a view: only the sentence is shown. */
function refuse(answer) {
  put(view, "refused", root.dataset.wordRefused, answer.message, answer.code);
}

/* --- while the server is away ------------------------------------------------------------- */

/* Count by the server's own table, and say that nobody has checked it. */
function keep(message) {
  const says = root.dataset;
  if (message.body.raw === undefined) return kept(says.saysWait);
  const found = look(table, message.body.raw);
  if (!found) return kept(says.saysKeptUnknown.replace("{what}", message.body.raw));
  counted[found.line] = (counted[found.line] ?? 0) + found.quantity;
  const line = table.lines[found.line];
  const left = line.missing - counted[found.line];
  showLeft(found.line, left);
  kept(says.saysKept.replace("{what}", `${found.quantity} × ${line.name}`), left < 0);
}

function kept(message, tooMany = false) {
  const code = tooMany ? "kept-too-many" : "kept";
  put(view, "attention", root.dataset.wordAttention, message, code);
  station.tell("attention", message);
}

function showLeft(line, left) {
  const row = view.querySelector(`.missing [data-line="${line}"]`);
  if (!row) return;
  row.querySelector(".count").textContent = `${left} × ?`;
  row.dataset.unchecked = "yes";
}

function resumed() {
  station.tell("accepted", root.dataset.saysAgain);
}

function restore(saved) {
  if (!saved) return;
  view.innerHTML = saved.html;
  table = saved.table;
}

/* What a reload without the server shows again: no note, which may name a person. */
function remember() {
  const copy = view.cloneNode(true);
  copy.querySelectorAll(".note, .override, .print").forEach((one) => one.remove());
  station.kept?.save(location.pathname, { html: copy.innerHTML, table });
}

/* --- times, weight, override --------------------------------------------------------------- */

function tellTimes() {
  for (const time of view.querySelectorAll("time[data-minutes]")) {
    const at = new Date(time.dateTime);
    const minutes = Math.round((at - Date.now()) / 60_000);
    const clock = at.toLocaleTimeString(document.documentElement.lang, {
      hour: "2-digit", minute: "2-digit",
    });
    time.textContent = `${clock} (${time.dataset.minutes.replace("{n}", minutes)})`;
  }
}

/* A stable reading of a scale; also what the scale modules call. */
export function weigh(grams, source) {
  station.submit(root.dataset.weigh, { grams, source });
}

document.getElementById("weight").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.grams;
  if (!/^\d{1,7}$/.test(field.value)) return;
  weigh(Number(field.value), "typed");
  field.value = "";
  field.blur();
});

function bindOverride() {
  document.getElementById("override")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = Object.fromEntries(new FormData(event.target));
    const answer = await station.post(root.dataset.override, sent);
    if (answer && !answer.moved) station.show(answer);
  });
}

/* A box that is packed on the scale has settled before its last piece was scanned, and that
   weight was refused. So what stands there, unchanged at two looks, is said again once the server
   awaits it; but never the parcel before, which was left there. */
function lookAtScale() {
  const free = station.online && !station.busy && !station.waiting.length;
  const awaited = free && bench().dataset.awaitsWeight === "yes";
  const standing = awaited ? (scale?.unspent ?? null) : null;
  const stood = standing !== null && standing === seen;
  seen = stood ? null : standing;
  if (stood) weigh(standing, "scale");
}

function answered({ body }, { code }) {
  if (body.source === "scale" && !STILL_WAITING.includes(code)) scale?.spend(body.grams);
}

const isSigning = () =>
  [...document.querySelectorAll("#override input")].some((field) => field.value !== "");

/* The bridge hands its weights to the server, and a carrier its labels: ask for what is awaited. */
async function askForNews() {
  if (!AWAITED.includes(bench().dataset.next) || station.busy || !station.online) return;
  const asked = bench();
  const state = await station.state();
  // By an answer that knows more, or by a supervisor who is signing.
  const overtaken = station.busy || bench() !== asked || isSigning();
  if (!state || overtaken || state.weights === asked.dataset.weights) return;
  repaint(state);
  station.tell(state.tone ?? "attention", state.message ?? view.querySelector("h1").textContent);
}

/* --- begin --------------------------------------------------------------------------------- */

addEventListener("fulfillment:weight", (event) => weigh(event.detail.grams, event.detail.source));
tellTimes();
setInterval(tellTimes, 30_000);
bindOverride();
await station.start();
// Where the module cannot be loaded the weight can be typed, and the rest of the page works.
scale = await openScale({
  onWeight: (grams) => weigh(grams, "scale"),
  onState: (state) => station.scaleIs(state),
}).catch(() => null);
setInterval(() => {
  lookAtScale();
  askForNews();
}, ASK_MS);
scale?.start();
await stayOffline();
