// Keeps the page itself, so that a visit works without a network once the models are here. The models' parts are the engine's
// business: they have a store of their own, and pass by untouched.

const NAME = "sightline-page";
// Relative to this file, so that the page works below any path.
const FILES = [
  "./",
  "bench.html",
  "icon.svg",
  "style.css",
  "page.js",
  "sightline_page.js",
  "sightline_page_bg.wasm",
  "engine.js",
  "sightline_web.js",
  "sightline_web_bg.wasm",
  "bundle.json",
  "pictures.json",
];

self.addEventListener("install", (event) => {
  event.waitUntil(keep());
  self.skipWaiting();
});

async function keep() {
  const cache = await caches.open(NAME);
  await cache.addAll(FILES);
  const { pictures } = await (await cache.match("pictures.json")).json();
  await cache.addAll(pictures.map(({ file }) => file));
}

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const ours = url.startsWith(self.registration.scope) && !url.includes("/parts/");
  if (method === "GET" && ours) event.respondWith(newest(event.request));
});

// The network first: an old page with a new engine would not understand each other.
async function newest(request) {
  const cache = await caches.open(NAME);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request.url.split(/[?#]/)[0], response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
