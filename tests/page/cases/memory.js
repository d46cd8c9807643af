// What the shipped pair takes on the processor. On WebGPU `visit/whole` looks, which loads it
// there.

import { Visitor } from "../lib/browser.js";
import { Engine } from "../lib/engine.js";
import { MOST_MB, watchMemory } from "../lib/memory.js";
import { Site } from "../lib/server.js";
import { test } from "../lib/test.js";

test(`memory/the shipped pair loads on the processor within ${MOST_MB} MB`, { limit: 480 }, async ({ defer }) => {
  const site = await Site.start(process.env.PAGE);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  const page = await visitor.open("bench.html");
  const engine = await Engine.start(page, { device: "cpu" });
  const taken = await watchMemory();
  const { heap_bytes: heap } = await engine.load();
  return taken(heap / 1e6);
});
