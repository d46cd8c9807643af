// `cargo xtask agree` starts this: the twenty fixed questions or those of a file, natively and in
// Chromium, and the result as JSON.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { WEBGPU, Visitor, endBrowsers } from "./lib/browser.js";
import { MIN_COSINE, inTheBrowser, natively, questions } from "./lib/agree.js";
import { Site } from "./lib/server.js";

/** Share of the questions that must have the same answers. */
const ENOUGH = 0.95;

const asked = await questions();
console.log(`asking ${asked.length} questions natively on the CPU`);
const native = await natively(asked);
console.log("asking them in Chromium (without a GPU about a minute a picture, on the CPU some seconds)");
const site = await Site.start(process.env.PAGE);
const visitor = await Visitor.arrive(site, { flags: WEBGPU });
const page = await visitor.open("bench.html");
const { answers, cosines, machine } = await inTheBrowser(page, asked, { device: process.env.AGREE_DEVICE ?? "gpu", say: (line) => console.log(line) });
const browser = visitor.browser.version();
await visitor.leave();
await site.end();
await endBrowsers();

// Which weights: another pair gives other answers.
const { files } = JSON.parse(await readFile(path.join(process.env.PAGE, "bundle.json"), "utf8"));
const rows = asked.map(({ id, image, question }) => {
  const mine = [...native.keys()].filter((key) => key.startsWith(`${id} `));
  const models = mine.map((key) => ({ model: key.slice(id.length + 1), native: native.get(key), browser: answers.get(key) ?? null }));
  const equal = models.every((row) => row.native === row.browser);
  return { id, image: image.split("/").pop(), question, equal, models };
});
const equal = rows.filter((row) => row.equal).length;
const good = equal >= ENOUGH * rows.length && Object.values(cosines).every((value) => value >= MIN_COSINE);
const result = {
  date: new Date().toISOString().slice(0, 10),
  browser: `Chromium ${browser}`,
  backend: machine.backend,
  adapter: machine.adapter,
  dtype: machine.dtype,
  weights: Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])),
  equal,
  asked: rows.length,
  lowest_cosine_of_features: cosines,
  questions: rows,
};
await writeFile(process.env.AGREE_OUT, JSON.stringify(result, null, 1) + "\n");
for (const row of rows.filter((row) => !row.equal)) console.log(`differs: ${JSON.stringify(row)}`);
console.log(`${equal} of ${rows.length} questions have the same answers; features' lowest cosine ${JSON.stringify(cosines)} on ${machine.adapter}`);
process.exit(good ? 0 : 1);
