// The engine by its messages: the same answers as the program, and parts that are not what they should be.

import { writeFile, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { MIN_COSINE, QUESTIONS, inTheBrowser, natively, questions } from "../lib/agree.js";
import { Visitor } from "../lib/browser.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test } from "../lib/test.js";

/** Three of the twenty: a name, a box, a yes or no. */
const SOME = ["1", "5", "10"];

test("agree/three questions have the same answers natively and on WebGPU", { limit: 420 }, async ({ defer }) => {
  const asked = await questions(SOME);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-agree-"));
  const file = path.join(folder, "questions.jsonl");
  const here = path.dirname(QUESTIONS);
  await writeFile(file, asked.map((row) => JSON.stringify({ ...row, image: path.join(here, row.image) })).join("\n"));
  const native = await natively(file);
  const site = await Site.start(process.env.PAGE);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  const { answers, cosines, machine } = await inTheBrowser(await visitor.open("bench.html"), asked);
  assertEqual(machine.backend, "webgpu", "what computed");
  const differing = [...native].filter(([key, text]) => answers.get(key) !== text);
  assert(differing.length === 0, () => `these answers differ: ${JSON.stringify(differing)}, browser: ${JSON.stringify([...answers])}`);
  for (const [model, value] of Object.entries(cosines)) assert(value >= MIN_COSINE, `features of ${model}: cosine ${value}`);
  await visitor.wellBehaved();
  return `features' lowest cosine ${Math.min(...Object.values(cosines)).toFixed(6)}`;
});
