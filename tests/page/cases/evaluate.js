// Evaluations in the tab: the same library as the native program's, on tiny models.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Visitor } from "../lib/browser.js";
import { nativeModels } from "../lib/bundle.js";
import { Evaluation } from "../lib/evaluation.js";
import { fits, look } from "../lib/looks.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const run = promisify(execFile);
const sightline = (args, options) => run(process.env.SIGHTLINE, args, options);
const MODELS = ["sightline-vmamba-tiny", "sightline-vit-tiny"];
const WWW = new URL("../../../www", import.meta.url).pathname;
/** A score, or a share, with its interval. */
const INTERVAL = /\d+\.\d % \[\d+\.\d, \d+\.\d\]$/;

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

const scratch = () => mkdtemp(path.join(tmpdir(), "sightline-evaluate-"));

/** What may differ from run to run is time and machine alone. */
const compared = (files) => Object.fromEntries(Object.entries(files).filter(([name]) => !/run\.json$|job\.json$/.test(name)));

test("evaluate/models, dense heads and controls agree with the native program, which reads the export", { limit: 300 }, async (t) => {
  const visitor = await arrive(t, { acceptDownloads: true });
  const evaluation = await open(visitor);
  await evaluation.ask({ limit: "10" });
  assert(!(await evaluation.screen.shown("dense-label")), "no dense heads where no box is asked for");
  await evaluation.ask({ task: "ground-gallery", limit: "12", controls: ["majority", "chance", "shuffled"], dense: true });
  assert(/^Load the models \([\d.]+ [kM]B\) and evaluate$/.test(await evaluation.id("start").textContent()), "the button names what it loads");
  await evaluation.start();
  await evaluation.ended(240);
  const answering = MODELS.flatMap((id) => [id, `${id}+dense`]);
  const rows = await evaluation.rows("run-rows");
  assertEqual(rows.map((row) => row[1]).sort(), [...answering, ...answering.map((id) => `${id}+shuffled`), "chance", "majority"].sort(), "who answered");
  for (const row of rows) {
    assertEqual(row[2], "12", "answers");
    assert(INTERVAL.test(row[3]), `a score with its interval: ${row[3]}`);
  }
  const pairs = await evaluation.rows("compared-rows");
  const pair = pairs.find((row) => row[1] === "sightline-vit-tiny and sightline-vmamba-tiny");
  assert(/points \[/.test(pair?.[3]) && INTERVAL.test(pair[6]), JSON.stringify(pairs));
  for (const other of ["+dense+shuffled", "+dense and majority", "+dense and chance"]) assert(pairs.some((row) => row[1].endsWith(other)), `${other}: ${JSON.stringify(pairs)}`);

  // The export, read natively.
  const folder = await scratch();
  const zip = await evaluation.exported(folder);
  await run("python3", ["-m", "zipfile", "-e", zip, folder]);
  const at = (who) => path.join(folder, "runs/ground-gallery", who);
  const { stdout: told } = await sightline(["compare", at(MODELS[0]), at(MODELS[1]), "--json"]);
  assertEqual(JSON.parse(told).tasks[0].count, 12, "questions that the native program compares");
  const { stdout: scored } = await sightline(["score", "--run", at(MODELS[0]), "--json"]);
  assertEqual(JSON.parse(scored), JSON.parse(await readFile(path.join(at(MODELS[0]), "results.json"), "utf8")).totals ?? JSON.parse(scored), "scores");
  const html = path.join(folder, "report.html");
  await sightline(["report", ...answering.map(at), "--data", WWW, "--out", html]);
  const report = await readFile(html, "utf8");
  assert(report.includes("sightline-vit-tiny+dense") && report.includes('"iou":0'), "a report with boxes and how far they cover");

  // The same items natively, and how many answers are the same.
  const models = await nativeModels(process.env.PAGE_TINY, folder);
  const native = path.join(folder, "native");
  const asked = ["eval", "--task", "ground-gallery", "--data", WWW, "--limit", "12", "--batch-size", "4", "--out", native];
  for (const by of ["language", "dense"]) await sightline([...asked, "--by", by, ...models.options], { env: models.env });
  const said = await evaluation.agree("native-folder", native);
  const found = await evaluation.rows("agreed-rows");
  assertEqual(found.map((row) => row[1]).sort(), answering.toSorted(), "who is compared");
  let equal = 0;
  for (const [task, who, both, same, here, there] of found) {
    const { stdout } = await sightline(["compare", at(who), path.join(native, task, who), "--json"]);
    const [{ count, different, same_answer }] = JSON.parse(stdout).tasks;
    equal += count - different.length;
    const [share, low, high] = same_answer.map((value) => (100 * value).toFixed(1));
    assertEqual([both, same], [`${count}`, `${count - different.length} of ${count}: ${share} % [${low}, ${high}]`], `as natively, ${who}`);
    assert(/wasm/.test(here) && /^cpu/.test(there) && !/wasm/.test(there), `who computed: ${here}; ${there}`);
    if (different.length > 0) assert((await evaluation.id("agreed-more").textContent()).includes(different[0].id), `what differs is listed: ${who}`);
  }
  assert(said.startsWith(`${equal} of 48 answers are the same.`), said);
  assert(/backend: here "cpu wasm", there "cpu"/.test(await evaluation.id("agreed-more").textContent()), "settings that differ are named");

  // Another file of weights is named, not hidden; and so is a zip file of another browser.
  const dense = path.join(native, "ground-gallery", `${MODELS[0]}+dense`);
  await evaluation.id("agree-run").selectOption(`runs/ground-gallery/${MODELS[1]}+dense`);
  await evaluation.agree("native-folder", dense);
  const more = await evaluation.id("agreed-more").textContent();
  assert(/other model files/.test(more) && /answers? differs?.*: here “\[/.test(more), `other weights: ${more}`);
  await evaluation.id("agree-run").selectOption("");
  assert((await evaluation.agree("native-file", zip)).startsWith("120 of 120 answers are the same."), "with itself");
  await look(evaluation.screen, "11-evaluate-agreement-light-1280");
  await visitor.wellBehaved();
  return `${rows.length} runs; natively: ${said}`;
});

/** Has the fourth piece of answers written in part, in the middle of a line, and the worker stand still there. */
const TORN = `
const write = FileSystemSyncAccessHandle.prototype.write;
let pieces = 0;
FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
  const answers = new TextDecoder().decode(bytes).includes('"check":"');
  if (!answers || ++pieces < 4) return write.call(this, bytes, options);
  write.call(this, bytes.subarray(0, Math.floor(0.7 * bytes.length)), options);
  this.flush();
  const request = new XMLHttpRequest();
  request.open("GET", "torn", false);
  request.send();
};
`;

test("evaluate/killed at load, in a batch and while writing, it goes on to the same bytes", { limit: 400 }, async (t) => {
  const asked = { limit: "24", batch: "2", controls: ["majority"] };
  const undisturbed = await arrive(t);
  const whole = await open(undisturbed);
  await whole.ask(asked);
  await whole.start();
  await whole.ended(200);
  const wanted = compared(await whole.files());

  // What is spoilt here must not be kept for the next opening.
  const visitor = await arrive(t, { serviceWorkers: "block" });
  visitor.expect(/Service Worker registration blocked/);
  const script = await readFile(path.join(process.env.PAGE_TINY, "engine.js"), "utf8");
  let evaluation;
  const kept = [];
  /** Ends the tab's process at once, and opens the page again. */
  const kill = async () => {
    const { page } = evaluation;
    const gone = new Promise((done) => page.once("crash", done));
    const session = await visitor.context.newCDPSession(page);
    session.send("Page.crash").catch(() => {});
    await gone;
    await page.close();
    evaluation = await open(visitor);
    await until(() => evaluation.screen.shown("unfinished"), "the offer to go on", 20);
  };
  evaluation = await open(visitor);
  await evaluation.ask(asked);
  await evaluation.start();
  const answered = async (place, least) => (await evaluation.id("run-head").textContent()).startsWith(`Run ${place} of 3`) && (await evaluation.done()) >= least;
  await until(() => answered(2, 6), "a batch of the first model", 90);
  kept.push(`${await evaluation.done()} answers`);
  await kill();
  await evaluation.id("go-on").click();
  await evaluation.page.waitForFunction(() => document.querySelector("#run-head").textContent === "The models are loaded first.", null, { polling: "raf" });
  kept.push("loading");
  visitor.site.spoil = (name) => {
    if (name === "/torn") return { hang: true };
    return name === "/engine.js" ? { body: TORN + script, headers: { "content-type": "text/javascript" } } : undefined;
  };
  await kill();
  await evaluation.id("go-on").click();
  await until(() => visitor.site.log.some((entry) => entry.path === "/torn"), "a piece that is written in part", 90);
  visitor.site.spoil = () => undefined;
  const torn = Object.entries(await evaluation.files()).filter(([name, text]) => name.endsWith("samples.jsonl") && !text.endsWith("\n"));
  assertEqual(torn.length, 1, "files that end in the middle of a line");
  kept.push("half a line");
  await kill();
  await evaluation.id("go-on").click();
  await evaluation.ended(200);
  const found = await evaluation.files();
  assertEqual(Object.keys(compared(found)).sort(), Object.keys(wanted).sort(), "the files");
  for (const [name, text] of Object.entries(compared(found))) assert(text === wanted[name], `${name} differs`);
  for (const name of ["results.json", "samples.jsonl"]) assertEqual(Object.keys(wanted).filter((path) => path.endsWith(name)).length, 3, name);
  assert(!(await evaluation.screen.shown("unfinished")), "nothing is left to go on with");
  await visitor.wellBehaved();
  return `killed at: ${kept.join(", ")}; ${Object.keys(wanted).length} files alike`;
});

test("evaluate/stopped, it says so; without a network it goes on", { limit: 240 }, async (t) => {
  const visitor = await arrive(t);
  visitor.expect(/ERR_CONNECTION_REFUSED|Failed to (fetch|load)|net::ERR|service worker|ServiceWorker/i);
  let evaluation = await open(visitor);
  await evaluation.ask({ limit: "40", batch: "2", models: MODELS.slice(0, 1), controls: [] });
  await evaluation.start();
  await until(async () => (await evaluation.done()) >= 6, "some answers", 60);
  assert(/ (\d+ s|\d+ min) left\.$/.test(await evaluation.id("run-text").textContent()), "how long it takes");
  assert(/score so far \d/.test(await evaluation.id("run-text").textContent()), "a score so far");
  await evaluation.id("stop").click();
  await evaluation.ended(60);
  assert((await evaluation.note()).startsWith("Stopped."), await evaluation.note());
  await until(async () => (await evaluation.rows("run-rows")).length > 0, "the run in the list");
  const [[, , answers, score]] = await evaluation.rows("run-rows");
  assert(/^\d+ of 40$/.test(answers) && score === "not finished", `${answers}, ${score}`);

  // After one visit everything of this page is here, its engine too.
  const engine = "sightline_web_evaluate_bg.wasm";
  await until(() => evaluation.page.evaluate(async (name) => Boolean(await (await caches.open("sightline-page")).match(new URL(name, location.href).href)), engine), "the engine of this page, kept", 60);
  await evaluation.screen.keptForLater();
  await visitor.site.stop();
  await evaluation.page.close();
  evaluation = await open(visitor);
  await evaluation.id("go-on").click();
  await evaluation.ended(120);
  assertEqual((await evaluation.rows("run-rows"))[0][2], "40", "answers in the end");
  await evaluation.page.getByRole("button", { name: "Remove presence-gallery of" }).click();
  await until(async () => !(await evaluation.screen.shown("runs")), "the run's removal");
  await visitor.wellBehaved();
  return `stopped at ${answers}`;
});

test("evaluate/a control has the bytes of the native one, and agrees with it", { limit: 120 }, async (t) => {
  const visitor = await arrive(t, { acceptDownloads: true });
  const evaluation = await open(visitor);
  await evaluation.ask({ task: "ground-gallery", limit: "30", models: [], controls: ["majority"] });
  assertEqual(await evaluation.id("start").textContent(), "Evaluate", "nothing is loaded for it");
  await evaluation.start();
  await evaluation.ended(60);
  const folder = await scratch();
  await sightline(["eval", "--task", "ground-gallery", "--data", WWW, "--control", "majority", "--limit", "30", "--batch-size", "4", "--out", folder]);
  const native = path.join(folder, "ground-gallery/majority");
  const files = await evaluation.files();
  for (const name of ["key.json", "samples.jsonl", "results.json", "scores.jsonl", "table.md", "task.json", "questions.jsonl"]) {
    assert(files[`runs/ground-gallery/majority/${name}`] === (await readFile(path.join(native, name), "utf8")), `${name} differs from the native one`);
  }
  const said = await evaluation.agree("native-folder", native);
  assertEqual(said, "30 of 30 answers are the same.", "with the native run");
  // Wilson's interval over the pictures: all answers are alike.
  assert(/^30 of 30: 100\.0 % \[\d\d\.\d, 100\.0\]$/.test((await evaluation.rows("agreed-rows"))[0][3]), "a share with its interval");
  assertEqual(await evaluation.id("agreed-more").textContent(), "", "nothing differs");
  const wrong = evaluation.id("native-folder-wrong");
  await evaluation.id("native-file").setInputFiles(path.join(native, "samples.jsonl"));
  await until(async () => /Choose the run/.test(await wrong.textContent()), "answers alone do not say whose they are");
  await evaluation.id("agree-run").selectOption("runs/ground-gallery/majority");
  await evaluation.agree("native-file", path.join(native, "samples.jsonl"));
  assert(/not known/.test((await evaluation.rows("agreed-rows"))[0][5]), "settings that are not known");
  await evaluation.id("native-file").setInputFiles({ name: "notes.jsonl", mimeType: "text/plain", buffer: Buffer.from("hello\n") });
  await until(async () => /no answer of a run/.test(await wrong.textContent()), "what is wrong with it");

  // The report of the same run: every box beside the right one.
  await evaluation.id("make-report").click();
  const frame = evaluation.page.frameLocator("#report iframe");
  await frame.locator("article").first().waitFor({ timeout: 20_000 });
  assertEqual(await frame.locator("article").count(), 30, "cards");
  const card = (await frame.locator("article").first().textContent()) ?? "";
  assert(/gold\[\d+, \d+, \d+, \d+\] px/.test(card) && /IoU \d\.\d\d/.test(card), card);
  const policy = await frame.locator("meta[http-equiv]").getAttribute("content");
  assert(policy.startsWith("default-src 'none'") && !policy.includes("unsafe"), policy);
  const [download] = await Promise.all([evaluation.page.waitForEvent("download"), evaluation.id("save-report").click()]);
  const html = await readFile(await download.path(), "utf8");
  assert(html.startsWith("<!doctype html>") && html.includes("ground-gallery"), "the file");
  await visitor.wellBehaved();
  return card.slice(0, 60);
});

for (const colorScheme of ["light", "dark"]) {
  test(`evaluate/every state can be used, ${colorScheme}, at three widths`, { limit: 180 }, async (t) => {
    const visitor = await arrive(t, { colorScheme, viewport: { width: 320, height: 900 } });
    const evaluation = await open(visitor);
    const { page } = evaluation;
    const seen = async (state) => {
      for (const width of [320, 768, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        // The other theme has other colours alone, and those are the same at each width.
        const see = width === 1440 || (width === 320 && colorScheme === "light") ? look : fits;
        await see(evaluation.screen, `11-evaluate-${state}-${colorScheme}-${width}`);
      }
    };
    await evaluation.ask({ task: "ground-gallery", limit: "10", models: [], controls: ["majority", "chance"] });
    await evaluation.id("tasks-summary").click();
    await seen("tasks");
    await evaluation.id("tasks-summary").click();
    await evaluation.id("limit").fill("many");
    await evaluation.start();
    assert(/whole number from 1/.test(await evaluation.id("limit-wrong").textContent()), "a sentence beside the number");
    assertEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.getAttribute("aria-invalid")]), ["limit", "true"], "the field that is wrong");
    await seen("wrong");
    await evaluation.id("limit").fill("10");
    // By the keyboard alone.
    await evaluation.id("limit").press("Enter");
    await evaluation.ended(60);
    assertEqual(await evaluation.id("limit-wrong").textContent(), "", "nothing is wrong any longer");
    await evaluation.id("make-report").click();
    await page.frameLocator("#report iframe").locator("article").first().waitFor({ timeout: 20_000 });
    await seen("runs");
    await visitor.wellBehaved();
  });
}
