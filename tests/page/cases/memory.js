// What the shipped pair takes: the engine's own memory, and the peak of the whole process that it runs in.

import { readFile, readdir } from "node:fs/promises";

import { Visitor } from "../lib/browser.js";
import { Engine } from "../lib/engine.js";
import { Site } from "../lib/server.js";
import { assert, test } from "../lib/test.js";

/** Most that loading may take: wasm's memory, and the parts that wait outside of it. */
const MOST_MB = 350;

/** Peak resident bytes of every renderer of this machine's browsers, by process. Linux only. */
const peaks = async () => {
  const found = new Map();
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes("--type=renderer")) continue;
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    found.set(pid, 1024 * Number(status.match(/VmHWM:\s+(\d+) kB/)?.[1] ?? 0));
  }
  return found;
};

for (const device of ["auto", "cpu"]) {
  test(`memory/the shipped pair loads on ${device === "cpu" ? "the processor" : "WebGPU"} within ${MOST_MB} MB`, { limit: 480 }, async ({ defer }) => {
    const site = await Site.start(process.env.PAGE);
    defer(() => site.end());
    const visitor = await Visitor.arrive(site);
    defer(() => visitor.leave());
    const page = await visitor.open("bench.html");
    const engine = await Engine.start(page, { device });
    const before = await peaks();
    const { heap_bytes: heap, device_bytes: weights } = await engine.load();
    const after = await peaks();
    const grown = Math.max(...[...after].map(([pid, peak]) => peak - (before.get(pid) ?? 0)));
    const mb = (bytes) => Math.round(bytes / 1e6);
    const found = `${mb(heap)} MB of wasm, ${mb(weights)} MB on the device, the process grew by ${mb(grown)} MB at its peak`;
    assert(heap > 0 && mb(heap) < MOST_MB, () => found);
    return found;
  });
}
