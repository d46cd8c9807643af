// Runs the tests of the wasm module and posts each result, in order, to the server that served this
// file.
import init, { run_tests } from "./module/sightline_web.js";

// One post after the other: results must arrive in the order in which they were found.
let posted = Promise.resolve();
const post = (path, body) => {
  posted = posted.then(() => fetch(path, { method: "POST", body })).catch(() => {});
  return posted;
};

// A panic reaches the console through console_error_panic_hook, and nothing else says what it was
// about.
const error = console.error;
console.error = (...words) => {
  post("/note", words.join(" "));
  error(...words);
};
self.addEventListener("unhandledrejection", (event) => {
  post("/broken", `unhandled rejection: ${event.reason?.stack ?? event.reason}`);
});

/** On a busy machine the browser's GPU process comes late, and until then there is no adapter. */
const findAdapter = async () => {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    if (attempt > 0) await new Promise((done) => setTimeout(done, 1000));
    const adapter = await navigator.gpu.requestAdapter();
    if (adapter) return adapter;
  }
  throw new Error("this browser has no adapter for WebGPU");
};

const filter = new URLSearchParams(location.search).get("filter") ?? "";
try {
  if (!navigator.gpu) throw new Error("this browser has no WebGPU");
  const adapter = await findAdapter();
  const { vendor, architecture, description } = adapter.info;
  const features = [...adapter.features].filter((name) => ["shader-f16", "subgroups"].includes(name));
  post("/note", `adapter ${vendor} ${architecture} ${description}`.trim() + `, features: ${features.join(", ") || "none"}`);
  const started = performance.now();
  await init({ module_or_path: new URL("./module/sightline_web_bg.wasm", import.meta.url) });
  post("/note", `the module was ready after ${Math.round(performance.now() - started)} ms`);
  await run_tests(filter, (event) => post("/event", JSON.stringify(event)));
} catch (failure) {
  post("/broken", String(failure?.stack ?? failure));
}
