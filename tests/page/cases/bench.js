// The bench page: what a picture and a token cost on this machine.

import { readFile } from "node:fs/promises";

import { Visitor } from "../lib/browser.js";
import { GPU, PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test } from "../lib/test.js";

const WORK = ["look at a picture", "read its visual tokens", "write a token"];

test("bench/launches and bytes per picture and per token, on WebGPU", { limit: 240 }, async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  const screen = await Screen.open(visitor, `bench.html${GPU}`);
  await screen.load(120);
  // What happened once stands there before anything is measured.
  const once = await screen.rows("load-rows");
  assertEqual(once.map((row) => row.Work), ["download and check", ...Array(3).fill("compile, and run once")], "what happened once");
  const all = site.parts.length > 0 && once[0];
  assert(/^[\d.]+ m?s$/.test(all.Median) && /^[\d.]+ [kM]B\/s$/.test(all.Rate) && /^[\d.]+ [kM]B$/.test(all["Bytes moved"]), JSON.stringify(all));
  const rows = await screen.measure();
  assertEqual(rows.map((row) => row.Work), [...WORK, ...WORK], "what was measured");
  for (const row of rows) {
    const each = row.Work === "write a token" ? "token" : "picture";
    const said = JSON.stringify(row);
    assert(new RegExp(`^[1-9]\\d* per ${each}$`).test(row.Launches), `launches: ${said}`);
    assert(new RegExp(`^[\\d.]+ [kM]B per ${each}$`).test(row["Bytes moved"]), `bytes: ${said}`);
    assert(/^[\d.]+ m?s$/.test(row.Median) && row.Rate.endsWith(`${each}s/s`), `times: ${said}`);
  }
  await screen.shot("10-bench-webgpu");
  const coming = screen.page.waitForEvent("download");
  await screen.id("export-json").click();
  const kept = JSON.parse(await readFile(await (await coming).path()));
  assert(kept.download.ms > 0 && kept.download.bytes > 1000 && kept.download.kept === 0, () => JSON.stringify(kept.download));
  // A second visit finds the files.
  const again = await Screen.open(visitor, `bench.html${PROCESSOR}`);
  await again.load();
  const [files] = await again.rows("load-rows");
  assert(files.Work === "read and check" && /^kept already: [\d.]+ [kM]B$/.test(files["Bytes moved"]), JSON.stringify(files));
  await visitor.wellBehaved();
  return rows.map((row) => row.Launches).join(", ");
});
