/* Lets a station page be loaded again without the server: the network first, else the last copy.
   Only pages and their files; no answer of the server is ever made up here. */

const ASSETS = "station-assets";
const PAGES = "station-pages";
const PATIENCE_MS = 4000;
const FILES = [
  "/static/fulfillment.css", "/static/icon.svg",
  ...["station.css", "wedge.js", "sound.js", "kept.js", "lookup.js", "station.js", "packing.js", "printing.js", "work.js", "settings.js", "scale.js",
    "camera.js", "seen.js", "picture.js", "reading.js", "camera.css"]
    .map((name) => `/stations/static/${name}`),
];
const KEPT_PAGES = /^\/stations\/(pack|pick|tasks\/\d+)$/;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(ASSETS).then((cache) => cache.addAll(FILES)));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (FILES.includes(pathname)) event.respondWith(fresh(event.request, ASSETS, pathname));
  else if (KEPT_PAGES.test(pathname) && event.request.mode === "navigate") {
    event.respondWith(fresh(event.request, PAGES, pathname));
  }
});

async function fresh(request, name, key) {
  const cache = await caches.open(name);
  const late = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS, new Error("late")));
  try {
    const response = await Promise.race([fetch(request), late]);
    if (response.ok && !response.redirected) await cache.put(key, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}
