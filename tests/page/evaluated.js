// The shipped models on one task in Chromium and natively: how long both take, and how many answers
// are the same. Started by hand, as docs/evaluation.md says; prints one JSON document.

import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Visitor, endBrowsers } from "./lib/browser.js";
import { Evaluation } from "./lib/evaluation.js";
import { PROCESSOR, Screen } from "./lib/screen.js";
import { Site } from "./lib/server.js";

const run = promisify(execFile);
const [task = "presence-gallery", limit = "50", batch = "8"] = process.argv.slice(2);
/** Longest that the models may take, s. */
const MOST = 7200;

const seconds = async (work) => {
  const begun = Date.now();
  await work();
  return Math.round((Date.now() - begun) / 100) / 10;
};

const site = await Site.start(process.env.PAGE);
const visitor = await Visitor.arrive(site, { acceptDownloads: true });
const screen = await Screen.open(visitor, `evaluate.html${PROCESSOR}`);
await screen.ready();
const evaluation = new Evaluation(screen);
const load = await seconds(() => screen.load(600));
await evaluation.ask({ task, limit, batch, controls: [] });
console.error(`${limit} questions of ${task} in Chromium, on the processor`);
const browser = await seconds(async () => {
  await evaluation.start();
  await evaluation.ended(MOST);
});
const rows = await evaluation.rows("run-rows");
const [download] = await Promise.all([evaluation.page.waitForEvent("download"), evaluation.id("export").click()]);
const folder = await mkdtemp(path.join(tmpdir(), "sightline-evaluated-"));
await download.saveAs(path.join(folder, "runs.zip"));
await run("python3", ["-m", "zipfile", "-e", path.join(folder, "runs.zip"), path.join(folder, "tab")]);
await visitor.leave();
await site.end();
await endBrowsers();

console.error("the same natively, on the processor");
const www = new URL("../../www", import.meta.url).pathname;
const native = path.join(folder, "native");
const asked = ["eval", "--task", task, "--data", www, "--limit", limit, "--batch-size", batch, "--device", "cpu", "--out", native];
const weights = process.env.SIGHTLINE_WEIGHTS ? ["--weights", process.env.SIGHTLINE_WEIGHTS] : [];
const natively = await seconds(() => run(process.env.SIGHTLINE, [...asked, ...weights]));
const models = {};
for (const [, who] of rows) {
  const at = (where) => path.join(where, task, who);
  const { stdout } = await run(process.env.SIGHTLINE, ["compare", at(path.join(folder, "tab/runs")), at(native), "--json"]);
  const [{ count, different, flipped, scores }] = JSON.parse(stdout).tasks;
  models[who] = { questions: count, same_answers: count - different.length, flipped: flipped.length, scores, different };
}
console.log(JSON.stringify({ task, batch: Number(batch), folder, load_s: load, browser_s: browser, native_s: natively, models }, null, 1));
