/* The badge is scanned wherever the focus is; the PIN is typed. */

import { scannerSettings } from "./settings.js";
import { Wedge } from "./wedge.js";

const badge = document.getElementById("badge");
const pin = document.getElementById("pin");

function scanned(text) {
  badge.value = text;
  pin.focus();
}

if (badge) {
  pin.dataset.typed = "";
  new Wedge({ field: badge, onScan: scanned, settings: scannerSettings() }).listen();
  const brought = sessionStorage.getItem("badge");
  sessionStorage.removeItem("badge");
  if (brought && /^\s*QU/i.test(brought)) scanned(brought.trim());
}
if ("caches" in window) await caches.delete("station-pages"); // they name who was here
document.documentElement.dataset.ready = "yes";
