// Folders of benchmarks: opened in each way that browsers have, and what is missing or broken.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
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
const sightline = async (...args) => (await run(process.env.SIGHTLINE, args)).stdout;
const MODEL = "sightline-vit-tiny";
const GOLDENS = new URL("../../goldens/tasks/", import.meta.url).pathname;
const PICTURES = new URL("../../../www/pictures/", import.meta.url);

/** VizWiz in its official layout, a few questions; the last picture is none. And a part of POPE. */
const benchmarks = async (count) => {
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-data-"));
  const pictures = path.join(folder, "vizwiz/val");
  await mkdir(pictures, { recursive: true });
  const names = ["airplanes-image_0645.png", "pizza-image_0014.png", "watch-image_0002.png"];
  const items = [];
  for (let at = 0; at < count; at++) {
    const image = `VizWiz_val_0000000${at}.jpg`;
    await writeFile(path.join(pictures, image), at < count - 1 ? await readFile(new URL(names[at % names.length], PICTURES)) : "no picture");
    const answers = Array.from({ length: 10 }, () => ({ answer: "yes", answer_confidence: "yes" }));
    items.push({ image, question: `What is ${at}?`, answers, answer_type: "other", answerable: 1 });
  }
  await writeFile(path.join(folder, "vizwiz/val.json"), JSON.stringify(items));
  await mkdir(path.join(folder, "sugar-crepe/data"), { recursive: true });
  await writeFile(path.join(folder, "sugar-crepe/data/add_att.json"), "{}");
  return folder;
};

const arrive = async (t) => {
  const site = await Site.start(process.env.PAGE_TINY);
  t.defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  t.defer(() => visitor.leave());
  return visitor;
};

const open = async (visitor) => {
  const screen = await Screen.open(visitor, `evaluate.html${PROCESSOR}`);
  await screen.ready();
  return new Evaluation(screen);
};

const noted = (evaluation, sentence) => until(async () => sentence.test(await evaluation.id("folder-note").textContent()), `the folder: ${sentence}`);

test("evaluate/a folder of benchmarks: what is there, what is missing, what is broken", { limit: 200 }, async (t) => {
  const visitor = await arrive(t);
  const evaluation = await open(visitor);
  const folder = await benchmarks(3);
  await evaluation.id("folder").setInputFiles(folder);
  await noted(evaluation, /: 5 files\.$/);
  await evaluation.id("tasks-summary").click();
  const tasks = await evaluation.rows("task-rows");
  const rows = Object.fromEntries(tasks.map((row) => [row[0], row[4]]));
  assertEqual(rows.vizwiz, "ready", "a task that is there");
  assert(/^missing: .*coco/.test(rows.pope), `a task that is not: ${rows.pope}`);
  assert(/made from this page/.test(rows["presence-gallery"]), rows["presence-gallery"]);
  assert(tasks.findIndex((row) => row[0] === "vizwiz") < tasks.findIndex((row) => row[0] === "pope"), "what is ready comes first");
  await evaluation.ask({ task: "vizwiz", limit: "", batch: "2", controls: [], models: [MODEL] });
  await evaluation.start();
  await evaluation.ended(120);
  const [run] = await evaluation.rows("run-rows");
  assertEqual([run[0], run[2]], ["vizwiz", "3"], "the run");
  const results = JSON.parse((await evaluation.files())[`runs/vizwiz/${MODEL}/results.json`]);
  assertEqual(results.unreadable.length, 1, "pictures that cannot be read are named");

  // The evaluator's own sentence about a file that is not what it should be. This time the folder
  // is dropped, by the debugger as by a hand.
  await writeFile(path.join(folder, "vizwiz/val.json"), '{"image": ');
  const session = await visitor.context.newCDPSession(evaluation.page);
  const dropped = async (files) => {
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x: 200, y: 300, data });
  };
  await dropped([path.join(folder, "vizwiz/val.json")]);
  await until(async () => /Drop the folder/.test(await evaluation.id("folder-wrong").textContent()), "a file is no folder");
  await dropped([folder]);
  await until(async () => (await evaluation.id("folder-wrong").textContent()) === "", "the folder that was dropped");
  await noted(evaluation, /: 5 files\.$/);
  await evaluation.ask({ task: "vizwiz", limit: "", batch: "2", controls: [], models: [MODEL] });
  await evaluation.start();
  await until(async () => /vizwiz.val\.json/.test(await evaluation.note()), "a sentence that names the file", 30);
  await visitor.wellBehaved();
  return await evaluation.note();
});

/**
 * Runs in the page: a dialog that gives a folder of the private file system, which is a real handle
 * and may be kept. `asked` counts how often the visitor had to allow it.
 */
const dialog = () => {
  // The frame of a report has no folders.
  if (!window.FileSystemHandle) return;
  window.asked = 0;
  let allowed = false;
  window.showDirectoryPicker = async () => {
    allowed = true;
    return (await navigator.storage.getDirectory()).getDirectoryHandle("benchmarks");
  };
  FileSystemHandle.prototype.queryPermission = async () => (allowed ? "granted" : "prompt");
  FileSystemHandle.prototype.requestPermission = async () => {
    window.asked += 1;
    allowed = true;
    return "granted";
  };
};

/** Writes files into the private file system. */
const store = (page, files) =>
  page.evaluate(async (files) => {
    for (const [name, base64] of files) {
      const parts = name.split("/");
      let folder = await navigator.storage.getDirectory();
      for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
      const file = await (await folder.getFileHandle(parts.at(-1), { create: true })).createWritable();
      await file.write(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
      await file.close();
    }
  }, files);

test("evaluate/the folder of a dialog is remembered, and one press goes on with it", { limit: 200 }, async (t) => {
  const visitor = await arrive(t);
  await visitor.context.addInitScript(dialog);
  let evaluation = await open(visitor);
  const folder = await benchmarks(8);
  const names = ["vizwiz/val.json", ...Array.from({ length: 8 }, (_, at) => `vizwiz/val/VizWiz_val_0000000${at}.jpg`)];
  const files = await Promise.all(names.map(async (name) => [`benchmarks/${name}`, (await readFile(path.join(folder, name))).toString("base64")]));
  await store(evaluation.page, files);
  assert(!(await evaluation.screen.shown("folder-again")), "nothing is remembered yet");
  await evaluation.page.getByText("Open a folder of benchmarks").click();
  await noted(evaluation, /^benchmarks: 9 files\.$/);
  await evaluation.ask({ task: "vizwiz", limit: "", batch: "1", controls: [], models: [MODEL] });
  await evaluation.start();
  await until(async () => (await evaluation.done()) >= 2, "some answers", 60);
  await evaluation.page.close();

  evaluation = await open(visitor);
  await until(() => evaluation.screen.shown("unfinished"), "the offer to go on", 20);
  assert(/It needs the folder benchmarks again\.$/.test(await evaluation.id("unfinished-text").textContent()), "what it needs");
  assertEqual(await evaluation.id("folder-again").textContent(), "Open benchmarks again", "what is remembered");
  await look(evaluation.screen, "11-evaluate-again-light-1280");
  await evaluation.id("go-on").click();
  await until(async () => (await evaluation.rows("run-rows"))[0]?.[2] === "8", "the run's end", 90);
  assertEqual(await evaluation.page.evaluate(() => window.asked), 1, "how often the visitor was asked");
  assert(!(await evaluation.screen.shown("folder-again")), "it is open");
  await visitor.wellBehaved();
});

test("evaluate/Parquet files as the Hub and we lay them out: the same tasks and bytes as natively", { limit: 200 }, async (t) => {
  const visitor = await arrive(t);
  const evaluation = await open(visitor);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-parquet-"));
  for (const name of ["hub", "photos", "packed"]) await cp(path.join(GOLDENS, name), folder, { recursive: true });
  await evaluation.id("folder").setInputFiles(folder);
  await noted(evaluation, /: 13 files\.$/);
  await evaluation.id("tasks-summary").click();
  const rows = await evaluation.rows("task-rows");
  const here = rows.filter((row) => row[4] === "ready").map((row) => row[0]);
  const there = [];
  for (const [id] of rows) {
    const [task] = [JSON.parse(await sightline("tasks", id, "--data", folder, "--json"))].flat();
    if (task.missing.length === 0) there.push(id);
  }
  assertEqual(here.toSorted(), there.toSorted(), "tasks that are ready");
  const native = path.join(folder, "native");
  const names = ["key.json", "samples.jsonl", "results.json", "questions.jsonl"];
  for (const id of ["pope-lmms", "visual7w-photos", "vg500-grounding", "vsr"]) {
    await evaluation.ask({ task: id, limit: "3", batch: "2", models: [], controls: ["majority"] });
    await evaluation.start();
    await evaluation.ended(60);
    assertEqual(await evaluation.note(), "", id);
    await sightline("eval", "--task", id, "--data", folder, "--control", "majority", "--limit", "3", "--batch-size", "2", "--out", native);
    const files = await evaluation.files();
    for (const name of names) assert(files[`runs/${id}/majority/${name}`] === (await readFile(path.join(native, id, "majority", name), "utf8")), `${id}: ${name} differs`);
  }
  await visitor.wellBehaved();
  return `${here.length} tasks: ${here.join(", ")}`;
});
