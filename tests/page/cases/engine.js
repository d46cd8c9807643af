// The engine by its messages: the same answers and features as the program.

import { MIN_COSINE, inTheBrowser, natively, questions } from "../lib/agree.js";
import { Visitor } from "../lib/browser.js";
import { Site } from "../lib/server.js";
import { assert, test } from "../lib/test.js";

/**
 * Three of the twenty: a name, a box, a yes or no. On WebGPU the whole visit asks two, `cargo xtask
 * agree` all.
 */
const SOME = ["1", "5", "10"];

test("agree/three questions have the same answers natively and in the browser", { limit: 240 }, async ({ defer }) => {
  const asked = await questions(SOME);
  const native = await natively(asked);
  const site = await Site.start(process.env.PAGE);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  const { answers, cosines, machine } = await inTheBrowser(await visitor.open("bench.html"), asked, { device: "cpu" });
  const differing = [...native].filter(([key, text]) => answers.get(key) !== text);
  assert(differing.length === 0, () => `these answers differ: ${JSON.stringify(differing)}, browser: ${JSON.stringify([...answers])}`);
  for (const [model, value] of Object.entries(cosines)) assert(value >= MIN_COSINE, `features of ${model}: cosine ${value}`);
  await visitor.wellBehaved();
  return `features' lowest cosine ${Math.min(...Object.values(cosines)).toFixed(6)}, ${machine.backend}`;
});
