// Evaluations in the tab: the same library as the native program's, on tiny models.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Visitor } from "../lib/browser.js";
import { Evaluation } from "../lib/evaluation.js";
import { look } from "../lib/looks.js";
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

test("evaluate/closed three times, it goes on to the same bytes", { limit: 400 }, async (t) => {
  const asked = { limit: "80", batch: "2", controls: [] };
  const undisturbed = await arrive(t);
  const whole = await open(undisturbed);
  await whole.ask(asked);
  await whole.start();
  await whole.ended(200);
  const wanted = compared(await whole.files());

  const visitor = await arrive(t);
  let evaluation = await open(visitor);
  await evaluation.ask(asked);
  await evaluation.start();
  const kept = [];
  for (const [place, least] of [[1, 10], [1, 50], [2, 20]]) {
    const there = async () => (await evaluation.id("run-head").textContent()).startsWith(`Run ${place} of 2`) && (await evaluation.done()) >= least;
    await until(there, `${least} answers of run ${place}`, 90);
    kept.push(await evaluation.done());
    await evaluation.page.close();
    evaluation = await open(visitor);
    await until(() => evaluation.screen.shown("unfinished"), "the offer to go on", 20);
    await evaluation.id("go-on").click();
  }
  await evaluation.ended(200);
  const found = await evaluation.files();
  const sessions = Object.entries(found).filter(([name]) => name.endsWith("run.json")).map(([, text]) => JSON.parse(text).sessions.length);
  assert(sessions.reduce((sum, count) => sum + count, 0) >= 5, `it was cut off: ${sessions}`);
  assertEqual(Object.keys(compared(found)).sort(), Object.keys(wanted).sort(), "the files");
  for (const [name, text] of Object.entries(compared(found))) assert(text === wanted[name], `${name} differs`);
  assert(!(await evaluation.screen.shown("unfinished")), "nothing is left to go on with");
  await visitor.wellBehaved();
  return `${kept.join(", ")} answers when it was closed, sessions per run ${sessions.join(", ")}, ${Object.keys(wanted).length} files alike`;
});

test("evaluate/stopped, it says so and goes on", { limit: 200 }, async (t) => {
  const visitor = await arrive(t);
  const evaluation = await open(visitor);
  await evaluation.ask({ limit: "60", batch: "2", models: MODELS.slice(0, 1), controls: [] });
  await evaluation.start();
  await until(async () => (await evaluation.done()) >= 6, "some answers", 60);
  await evaluation.id("stop").click();
  await evaluation.ended(60);
  assert((await evaluation.note()).startsWith("Stopped."), await evaluation.note());
  const [[, , answers, score]] = await evaluation.rows("run-rows");
  assert(/^\d+ of 60$/.test(answers) && score === "not finished", `${answers}, ${score}`);
  await evaluation.id("go-on").click();
  await evaluation.ended(120);
  assertEqual((await evaluation.rows("run-rows"))[0][2], "60", "answers in the end");
  await evaluation.page.getByRole("button", { name: "Remove presence-gallery of" }).click();
  await until(async () => !(await evaluation.screen.shown("runs")), "the run's removal");
  await visitor.wellBehaved();
  return `stopped at ${answers}`;
});

test("evaluate/a control has the bytes of the native one, and agrees with it", { limit: 120 }, async (t) => {
  const visitor = await arrive(t);
  const evaluation = await open(visitor);
  await evaluation.ask({ task: "ground-gallery", limit: "30", models: [], controls: ["majority"] });
  assertEqual(await evaluation.id("start").textContent(), "Evaluate", "nothing is loaded for it");
  await evaluation.start();
  await evaluation.ended(60);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-native-"));
  const www = new URL("../../../www", import.meta.url).pathname;
  await run(process.env.SIGHTLINE, ["eval", "--task", "ground-gallery", "--data", www, "--control", "majority", "--limit", "30", "--batch-size", "4", "--out", folder]);
  const native = path.join(folder, "ground-gallery/majority");
  const files = await evaluation.files();
  for (const name of ["key.json", "samples.jsonl", "results.json", "scores.jsonl", "table.md", "task.json", "questions.jsonl"]) {
    assert(files[`runs/ground-gallery/majority/${name}`] === (await readFile(path.join(native, name), "utf8")), `${name} differs from the native one`);
  }
  await evaluation.id("native-folder").setInputFiles(native);
  await until(async () => /the same/.test(await evaluation.id("agreed").textContent()), "how far they agree");
  const said = await evaluation.id("agreed").textContent();
  assert(said.startsWith("30 of 30 answers are the same (100.0 %, n = 30)."), said);
  await evaluation.id("native-file").setInputFiles({ name: "notes.jsonl", mimeType: "text/plain", buffer: Buffer.from("hello\n") });
  await until(async () => /no answer of a run/.test(await evaluation.note()), "what is wrong with it");
  await visitor.wellBehaved();
  return said;
});

test("evaluate/a folder of benchmarks: what is there, what is missing, what is broken", { limit: 200 }, async (t) => {
  const visitor = await arrive(t);
  const evaluation = await open(visitor);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-data-"));
  const pictures = path.join(folder, "vizwiz/val");
  await mkdir(pictures, { recursive: true });
  const www = new URL("../../../www/pictures/", import.meta.url);
  const names = ["airplanes-image_0645.png", "pizza-image_0014.png", "watch-image_0002.png"];
  const items = [];
  for (const [at, name] of names.entries()) {
    const image = `VizWiz_val_0000000${at}.jpg`;
    // The last one is no picture.
    await writeFile(path.join(pictures, image), at < 2 ? await readFile(new URL(name, www)) : "no picture");
    const answers = Array.from({ length: 10 }, () => ({ answer: "yes", answer_confidence: "yes" }));
    items.push({ image, question: `What is ${at}?`, answers, answer_type: "other", answerable: 1 });
  }
  await writeFile(path.join(folder, "vizwiz/val.json"), JSON.stringify(items));
  await mkdir(path.join(folder, "pope"));
  await evaluation.id("folder").setInputFiles(folder);
  await until(async () => /: 4 files\.$/.test(await evaluation.id("folder-note").textContent()), "the folder");
  await evaluation.id("tasks-summary").click();
  const rows = Object.fromEntries((await evaluation.rows("task-rows")).map((row) => [row[0], row[4]]));
  assertEqual(rows.vizwiz, "ready", "a task that is there");
  assert(/^missing: .*coco/.test(rows.pope), `a task that is not: ${rows.pope}`);
  assert(/made from this page/.test(rows["presence-gallery"]), rows["presence-gallery"]);
  await evaluation.ask({ task: "vizwiz", limit: "", batch: "2", controls: [], models: MODELS.slice(1) });
  await evaluation.start();
  await evaluation.ended(120);
  const [run] = await evaluation.rows("run-rows");
  assertEqual([run[0], run[2]], ["vizwiz", "3"], "the run");
  const results = JSON.parse((await evaluation.files())[`runs/vizwiz/${MODELS[1]}/results.json`]);
  assertEqual(results.unreadable.length, 1, "pictures that cannot be read are named");

  // The evaluator's own sentence about a file that is not what it should be.
  await writeFile(path.join(folder, "vizwiz/val.json"), '{"image": ');
  await evaluation.id("folder").setInputFiles(folder);
  await evaluation.ask({ task: "vizwiz", limit: "", batch: "2", controls: [], models: MODELS.slice(1) });
  await evaluation.start();
  await until(async () => /vizwiz.val\.json/.test(await evaluation.note()), "a sentence that names the file", 30);
  await visitor.wellBehaved();
  return await evaluation.note();
});

test("evaluate/the report opens in a frame that runs nothing of the page's", { limit: 200 }, async (t) => {
  const visitor = await arrive(t, { acceptDownloads: true });
  const evaluation = await open(visitor);
  await evaluation.ask({ task: "ground-gallery", limit: "12", controls: ["majority"], models: [] });
  await evaluation.start();
  await evaluation.ended(60);
  await evaluation.id("make-report").click();
  const frame = evaluation.page.frameLocator("#report iframe");
  await frame.locator("article").first().waitFor({ timeout: 20_000 });
  assertEqual(await frame.locator("article").count(), 12, "cards");
  const card = (await frame.locator("article").first().textContent()) ?? "";
  assert(/gold\[\d+, \d+, \d+, \d+\] px/.test(card) && /IoU \d\.\d\d/.test(card), card);
  assertEqual(await evaluation.id("report-place").locator("iframe").getAttribute("sandbox"), "allow-scripts", "what the frame may do");
  const [download] = await Promise.all([evaluation.page.waitForEvent("download"), evaluation.id("save-report").click()]);
  const html = await readFile(await download.path(), "utf8");
  assert(html.startsWith("<!doctype html>") && html.includes("ground-gallery"), "the file");
  await visitor.wellBehaved();
  return card.slice(0, 60);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 768, 1440]) {
    test(`evaluate/every state can be used, ${colorScheme}, ${width} px`, { limit: 120 }, async (t) => {
      const visitor = await arrive(t, { colorScheme, viewport: { width, height: 900 } });
      const evaluation = await open(visitor);
      const seen = (state) => look(evaluation.screen, `11-evaluate-${state}-${colorScheme}-${width}`);
      await evaluation.ask({ task: "ground-gallery", limit: "10", models: [], controls: ["majority", "chance"] });
      await evaluation.id("tasks-summary").click();
      await seen("tasks");
      await evaluation.id("tasks-summary").click();
      await evaluation.id("limit").fill("many");
      await evaluation.start();
      assert(/a whole number from 1/.test(await evaluation.id("form-note").textContent()), "a sentence about the number");
      await seen("wrong");
      await evaluation.id("limit").fill("10");
      // By the keyboard alone.
      await evaluation.id("limit").press("Enter");
      await evaluation.ended(60);
      await evaluation.id("make-report").click();
      await evaluation.page.frameLocator("#report iframe").locator("article").first().waitFor({ timeout: 20_000 });
      await seen("runs");
      await visitor.wellBehaved();
    });
  }
}
