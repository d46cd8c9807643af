// Runs before anything is drawn.

// In a frame, the page shows nothing but its result.
if (new URLSearchParams(location.search).get("embed") === "1") document.documentElement.classList.add("embed");

// A link, or what was asked before a reload, takes the place of what the page begins with.
let before;
try {
  before = sessionStorage.getItem("sightline-turn");
} catch {}
if (before || location.hash.length > 100) document.documentElement.classList.add("other");

// The only addresses that may become scripts. No text may become markup: there is no function for
// that, so browsers with Trusted Types refuse it.
const scripts = ["engine.js", "engine.js?evaluate", "sw.js"].map((name) => new URL(name, document.currentScript.src).href);
self.trustedTypes?.createPolicy("default", {
  createScriptURL: (address) => (scripts.includes(new URL(address, location.href).href) ? address : null),
});
