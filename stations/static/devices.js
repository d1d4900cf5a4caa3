/* Sets and tries the devices of this browser; every change counts at once. */

import { play } from "./sound.js";
import { openScale, scaleSettings, scannerSettings } from "./settings.js";
import { Wedge } from "./wedge.js";

const form = document.getElementById("devices");
const fields = form.elements;
const states = JSON.parse(form.dataset.states);
const scanner = { layout: "us", prefix: "", suffix: "", ...scannerSettings() };
for (const name of ["layout", "prefix", "suffix"]) fields[name].value = scanner[name];
const scale = { kind: "none", protocol: "toledo", baud: 9600, ...scaleSettings() };
for (const name of ["kind", "protocol", "baud"]) fields[name].value = scale[name];
fields.volume.value = localStorage.getItem("station.volume") ?? "0.6";

const wedge = new Wedge({
  field: null,
  settings: scanner,
  onScan: (text) => (document.getElementById("heard").textContent = text),
});
wedge.listen();

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => {
  const { layout, prefix, suffix, kind, protocol, baud, volume } = fields;
  wedge.settings = { layout: layout.value, prefix: prefix.value, suffix: suffix.value };
  localStorage.setItem("station.scanner", JSON.stringify(wedge.settings));
  localStorage.setItem("station.volume", volume.value);
  const chosen = { kind: kind.value, protocol: protocol.value, baud: Number(baud.value) || 9600 };
  localStorage.setItem("station.scale", JSON.stringify(chosen));
});
for (const button of form.querySelectorAll("[data-tone]")) {
  button.addEventListener("click", () => play(button.dataset.tone));
}
document.getElementById("choose").addEventListener("click", async () => {
  const shown = document.getElementById("weighed");
  const device = await openScale({
    onWeight: (grams) => (shown.textContent = `${grams} g`),
    onState: (state) => (shown.textContent = states[state] ?? state),
  });
  // The person may close the browser's question: then no scale is chosen, as before.
  await device?.choose().catch((error) => (shown.textContent = error.name));
});
document.documentElement.dataset.ready = "yes";
