// Keeps the page itself, so that a visit works without a network, or with one that never answers,
// once the models are here. The models' parts are the engine's business: they have a store of their
// own, and pass by untouched.

// The only script that this one loads, for browsers that ask.
self.trustedTypes?.createPolicy("default", { createScriptURL: (address) => (address === "kept.js" ? address : null) });
// `self.KEPT`: what the build made, each file's path with its SHA-256. `self.KEPT_ONCE_USED`: the
// same of what is large and not for everyone.
importScripts("kept.js");

const NAME = "sightline-page";
/** How long the network may take before a kept copy is shown instead, ms. */
const PATIENCE = 3000;
/**
 * How long after that the kept copies come first, ms: a page is made of many files, and none should
 * wait again.
 */
const SLOW = 30000;

self.addEventListener("install", (event) => {
  event.waitUntil(keep());
  self.skipWaiting();
});

async function keep() {
  const cache = await caches.open(NAME);
  const files = { ...self.KEPT, ...(await used(cache)) };
  await Promise.all(Object.entries(files).map(([path, hash]) => keepOne(cache, path, hash)));
  const named = new Set(Object.keys(files).map(address));
  const old = (await cache.keys()).filter(({ url }) => !named.has(url));
  await Promise.all(old.map((request) => cache.delete(request)));
}

/** The page that has an engine of its own. */
const EVALUATES = "evaluate.html";

/** Files that this visitor uses beside those of every page: now, or at an earlier visit. */
async function used(cache) {
  const open = await self.clients.matchAll({ includeUncontrolled: true, type: "window" });
  const now = open.some(({ url }) => url.split(/[?#]/)[0] === address(EVALUATES));
  const there = await Promise.all(Object.keys(self.KEPT_ONCE_USED).map((path) => cache.match(address(path))));
  return now || there.some(Boolean) ? self.KEPT_ONCE_USED : {};
}

/** What this visit has fetched already is not fetched again, if it is what the build made. */
async function keepOne(cache, path, hash) {
  for (const mode of ["force-cache", "reload"]) {
    const response = await fetch(address(path), { cache: mode });
    if (!response.ok) continue;
    const body = await response.arrayBuffer();
    if (hex(await crypto.subtle.digest("SHA-256", body)) !== hash) continue;
    // A response of our own: one that came by a redirect cannot answer a visit.
    return cache.put(address(path), new Response(body, { headers: response.headers }));
  }
  throw new Error(`${path} did not come as it was built`);
}

const hex = (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Relative to this file, so that the page works below any path.
const address = (path) => new URL(path, self.location.href).href;

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

let slowUntil = 0;

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const plain = url.split(/[?#]/)[0];
  const path = plain.slice(self.registration.scope.length) || "./";
  if (method === "GET" && plain.startsWith(self.registration.scope) && (path in self.KEPT || path in self.KEPT_ONCE_USED)) {
    event.respondWith(newest(event, plain, path));
  }
});

// The network first: an old page with a new engine would not understand each other.
async function newest(event, plain, path) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(plain);
  if (!kept) return first(event, cache, plain, path);
  let answered = false;
  const fresh = fromNetwork(event.request, cache, plain, path)
    .catch(() => kept)
    .finally(() => (answered = true));
  event.waitUntil(fresh);
  const patience = Date.now() < slowUntil ? 0 : PATIENCE;
  const late = new Promise((done) => setTimeout(done, patience)).then(() => {
    if (!answered) slowUntil = Date.now() + SLOW;
    return kept.clone();
  });
  return Promise.race([fresh, late]);
}

/** What is not kept yet; from now on, if it is what only some visitors use. */
async function first(event, cache, plain, path) {
  const response = await fetch(event.request);
  if (path in self.KEPT_ONCE_USED && (await ours(response, path))) event.waitUntil(cache.put(plain, response.clone()));
  return response;
}

async function fromNetwork(request, cache, plain, path) {
  const response = await fetch(request);
  if (!(await ours(response, path))) throw new Error(`${path} came from someone else`);
  slowUntil = 0;
  await cache.put(plain, response.clone());
  return response;
}

const TYPES = { js: /javascript/, wasm: /wasm|octet-stream/, css: /css/, json: /json/, svg: /svg/, png: /png/, webmanifest: /json/ };

/**
 * Whether it is a file of this page. Networks that want a login answer everything with a page of
 * their own, and with success.
 */
async function ours(response, path) {
  if (!response.ok || (response.redirected && !response.url.startsWith(self.registration.scope))) return false;
  const type = response.headers.get("content-type") ?? "";
  const expected = TYPES[path.split(".").pop()];
  if (expected) return expected.test(type);
  return !/html/.test(type) || (await response.clone().text()).includes('name="application-name" content="Sightline"');
}
