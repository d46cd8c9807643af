// Starts the page's module, or says why it does not start. The engine's is loaded by its worker
// alone. A page names its module in `data-program`.
import { left, watch } from "./mark.js";
import { why } from "./why.js";

/** What reads and writes links, once it was asked for. */
let loading;
const framed = document.documentElement.classList.contains("embed");
const program = framed ? "sightline_embed" : document.documentElement.dataset.program;
const element = (id) => document.getElementById(id);
element("unstarted").remove();
element("summary").textContent = "The engine is starting…";
// A network may accept and never answer.
const late = setTimeout(() => {
  element("summary").textContent = "The program of this page has not come yet. Over a slow connection it takes a while; if nothing changes, reload the page.";
}, 12_000);
// A link's result should not wait for the page's module first.
if (location.hash.length > 100) links().catch(() => {});
try {
  const page = await import(`./${program}.js`);
  await page.default({ module_or_path: new URL(`./${program}_bg.wasm`, import.meta.url) });
  if (!framed) {
    const setup = element("setup");
    const mark = await left();
    if (mark) setup.dataset.left = mark;
    watch(setup);
  }
  // The page asks this if its worker's script does not run.
  page.open(() => why("The engine", undefined, ["engine.js", "why.js"]), keep, links, (name) => import(`./${name}.js`));
} catch (error) {
  const { sentence } = await why("The page", error, [`${program}.js`, `${program}_bg.wasm`]);
  element("summary").textContent = "";
  if (framed) {
    element("embed-note").textContent = sentence;
    element("embed").hidden = false;
  }
  element("problem-text").textContent = sentence;
  element("problem-button").textContent = "Reload the page";
  element("problem-button").onclick = () => location.reload();
  element("problem").hidden = false;
} finally {
  clearTimeout(late);
}

/** Loads what reads and writes links: once, or again if it did not come. */
function links() {
  loading ??= (async () => {
    const module = await import("./sightline_link_web.js");
    await module.default({ module_or_path: new URL("./sightline_link_web_bg.wasm", import.meta.url) });
    return module;
  })();
  loading.catch(() => (loading = undefined));
  return loading;
}

/**
 * Keeps the page itself for visits without a network. Over plain http, or where site data are
 * blocked, that is all that is missing. Called when the engine is there: what is kept is read from
 * the browser's own cache, which nothing may be writing into still.
 */
async function keep() {
  await Promise.all(Array.from(document.images, (image) => image.loading === "lazy" && !image.complete ? undefined : image.decode().catch(() => {})));
  try {
    await navigator.serviceWorker?.register(new URL("./sw.js", import.meta.url));
  } catch {}
}
