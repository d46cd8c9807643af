// Evaluations in the tab: the same library as the native program's, on tiny models.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Visitor } from "../lib/browser.js";
import { Evaluation } from "../lib/evaluation.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const run = promisify(execFile);
const MODELS = ["sightline-vmamba-tiny", "sightline-vit-tiny"];

const arrive = async (t, options = {}) => {
  const site = await Site.start(process.env.PAGE_TINY);
  t.defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  t.defer(() => visitor.leave());
  return visitor;
};

const open = async (visitor) => {
  const screen = await Screen.open(visitor, `evaluate.html${PROCESSOR}`);
  await screen.ready();
  return new Evaluation(screen);
};

/** What may differ from run to run is time and machine alone. */
const compared = (files) => Object.fromEntries(Object.entries(files).filter(([name]) => !/run\.json$|job\.json$/.test(name)));

test("evaluate/both models and their controls, exported and read by the native program", { limit: 300 }, async (t) => {
  const visitor = await arrive(t, { acceptDownloads: true });
  const evaluation = await open(visitor);
  await evaluation.ask({ limit: "40", controls: ["majority", "chance", "shuffled"] });
  assert(/^Load the models \([\d.]+ [kM]B\) and evaluate$/.test(await evaluation.id("start").textContent()), "the button names what it loads");
  await evaluation.start();
  await evaluation.ended(240);
  const rows = await evaluation.rows("run-rows");
  assertEqual(rows.map((row) => row[1]).sort(), [...MODELS, ...MODELS.map((id) => `${id}+shuffled`), "chance", "majority"].sort(), "who answered");
  for (const row of rows) {
    assertEqual(row[2], "40", "answers");
    assert(/^\d+\.\d % \[\d+\.\d, \d+\.\d\]$/.test(row[3]), `a score with its interval: ${row[3]}`);
  }
  const pairs = await evaluation.rows("compared-rows");
  assert(pairs.some((row) => row[1] === "sightline-vit-tiny and sightline-vmamba-tiny" && /points \[/.test(row[3])), JSON.stringify(pairs));

  const [download] = await Promise.all([evaluation.page.waitForEvent("download"), evaluation.id("export").click()]);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-evaluate-"));
  const zip = path.join(folder, "runs.zip");
  await download.saveAs(zip);
  await run("python3", ["-m", "zipfile", "-e", zip, folder]);
  const at = (who) => path.join(folder, "runs/presence-gallery", who);
  const { stdout: told } = await run(process.env.SIGHTLINE, ["compare", at(MODELS[0]), at(MODELS[1]), "--json"]);
  const native = JSON.parse(told).tasks[0];
  assertEqual(native.count, 40, "questions that the native program compares");
  const { stdout: scored } = await run(process.env.SIGHTLINE, ["score", "--run", at(MODELS[0]), "--json"]);
  assert(JSON.parse(scored), "scores");
  const html = path.join(folder, "report.html");
  await run(process.env.SIGHTLINE, ["report", at(MODELS[0]), at(MODELS[1]), "--out", html]);
  assert((await readFile(html, "utf8")).includes("sightline-vit-tiny"), "a report");
  await visitor.wellBehaved();
  return `${rows.length} runs, difference ${native.difference.toFixed(3)}`;
});
