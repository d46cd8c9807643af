// The bench page: what a picture and a token cost on this machine.

import { Visitor } from "../lib/browser.js";
import { GPU, Screen } from "../lib/screen.js";
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
  await visitor.wellBehaved();
  return rows.map((row) => row.Launches).join(", ");
});
