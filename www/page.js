// Starts the page's module. The engine's is loaded by its worker alone.
import init from "./sightline_page.js";

await init({ module_or_path: new URL("./sightline_page_bg.wasm", import.meta.url) });
// Keeps the page itself for visits without a network; where there is none (plain http elsewhere), nothing is missing.
navigator.serviceWorker?.register(new URL("./sw.js", import.meta.url)).catch(() => {});
