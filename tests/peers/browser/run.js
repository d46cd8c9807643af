// Ours and other libraries in the same Chromium on the same machine, one after the other: see
// README.md.

import { createReadStream, existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { cpus } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { WEBGPU, browserWith, endBrowsers } from "../../page/lib/browser.js";
import { Engine } from "../../page/lib/engine.js";
import { Site } from "../../page/lib/server.js";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TYPES = { html: "text/html", js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };

const { values: args } = parseArgs({
  options: { runs: { type: "string", default: "5" }, json: { type: "string" }, only: { type: "string", default: "" }, limit: { type: "string", default: "1200" } },
});
const runs = Number(args.runs);

/** Serves the libraries with the headers that their threads need. */
const servePeers = (files) =>
  new Promise((done) => {
    const server = createServer(async (request, response) => {
      const wanted = request.url.split("?")[0];
      const local = files[wanted] ?? (wanted.startsWith("/modules/") ? path.join(HERE, "node_modules", wanted.slice("/modules/".length)) : path.join(HERE, path.basename(wanted)));
      const found = await stat(local).catch(() => undefined);
      if (!found?.isFile() || wanted.includes("..")) return response.writeHead(404).end();
      response.writeHead(200, {
        "content-type": TYPES[local.split(".").pop()] ?? "application/octet-stream",
        "content-length": found.size,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      });
      createReadStream(local).pipe(response);
    });
    server.listen(0, "127.0.0.1", () => done({ url: `http://127.0.0.1:${server.address().port}/`, end: () => server.close() }));
  });

/** What `work` gives, or the reason why it gave nothing. */
const attempt = async (name, work) => {
  if (args.only && !name.includes(args.only)) return { name, not_run: "left out" };
  console.log(`measuring ${name}`);
  let timer;
  const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error(`not done after ${args.limit} s`)), Number(args.limit) * 1000)));
  try {
    return { name, ...(await Promise.race([work(), late])) };
  } catch (error) {
    return { name, not_run: String(error?.message ?? error).split("\n")[0].slice(0, 300) };
  } finally {
    clearTimeout(timer);
  }
};

/** Our engine's rows, from the page as it is shipped. */
const ours = async (device) => {
  const site = await Site.start(process.env.PAGE);
  const browser = await browserWith(WEBGPU);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${site.url}bench.html`);
    const engine = await Engine.start(page, { device });
    const { machine } = await engine.load();
    const { rows } = await engine.measure(runs);
    return { machine, rows };
  } finally {
    await context.close();
    await site.end();
  }
};

const inPage = async (url, call, options) => {
  const browser = await browserWith(WEBGPU);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${url}peers.html`);
    await page.waitForFunction(() => window.peers);
    return await page.evaluate(({ call, options }) => window.peers[call](options), { call, options });
  } finally {
    await context.close();
  }
};

for (const name of ["SIGHTLINE", "PAGE", "CHROMIUM", "MODEL", "VIT_ONNX"]) {
  if (!process.env[name] || (name !== "SIGHTLINE" && !existsSync(process.env[name]))) {
    console.error(`${name} must name a file: see README.md`);
    process.exit(2);
  }
}
const threads = Math.max(2, cpus().length);
const peers = await servePeers({ "/model.gguf": process.env.MODEL, "/vit.onnx": process.env.VIT_ONNX });
const results = [];
// The page itself would take the processor where WebGPU is only software.
for (const device of ["gpu", "cpu"]) results.push(await attempt(`ours, ${device === "cpu" ? "processor" : "WebGPU"}`, () => ours(device)));
for (const count of [1, threads]) results.push(await attempt(`wllama, wasm, ${count} thread${count > 1 ? "s" : ""}`, () => inPage(peers.url, "wllama", { threads: count, gpu: false, runs })));
results.push(await attempt("wllama, WebGPU", () => inPage(peers.url, "wllama", { threads: 1, gpu: true, runs })));
for (const count of [1, threads]) results.push(await attempt(`onnxruntime-web, wasm, ${count} thread${count > 1 ? "s" : ""}`, () => inPage(peers.url, "onnx", { provider: "wasm", threads: count, runs })));
results.push(await attempt("onnxruntime-web, WebGPU", () => inPage(peers.url, "onnx", { provider: "webgpu", threads: 1, runs })));
peers.end();
const browser = (await browserWith(WEBGPU)).version();
await endBrowsers();

const result = { date: new Date().toISOString().slice(0, 10), browser: `Chromium ${browser}`, processor: `${cpus()[0]?.model}, ${cpus().length} cores`, runs, results };
if (args.json) await writeFile(args.json, JSON.stringify(result, null, 1) + "\n");
console.log(JSON.stringify(result, null, 1));
