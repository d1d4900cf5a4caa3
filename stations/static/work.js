/* Picking and tasks: every gesture is a scan, and every button sends the code of its barcode. */

import { Station, put, stayOffline } from "./station.js";

const root = document.getElementById("station");
const view = document.getElementById("view");
const station = new Station(root, {
  repaint(answer) {
    if (answer.html !== undefined) view.innerHTML = answer.html;
    else put(view, "refused", root.dataset.wordRefused, answer.message, answer.code);
    station.kept?.save(location.pathname, { html: view.innerHTML });
  },
  restore(saved) {
    if (saved) view.innerHTML = saved.html;
  },
  keep(message) {
    const says = root.dataset.saysKept.replace("{what}", message.body.raw);
    put(view, "attention", root.dataset.wordAttention, says, "kept");
    station.tell("attention", says);
  },
  resumed() {
    station.tell("accepted", root.dataset.saysAgain);
  },
  fields() {
    const list = view.querySelector(".bench").dataset.list;
    return list === undefined ? {} : { list: list ? Number(list) : null };
  },
});

view.addEventListener("click", (event) => {
  const button = event.target.closest("[data-code]");
  if (button?.tagName === "BUTTON") station.scanned(button.dataset.code);
});

await station.start();
await stayOffline();
