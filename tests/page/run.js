// `cargo xtask test --only page` starts this: every case, or those whose name contains the
// argument. Groups of cases run side by side (`lib/lanes.js`).

import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { endBrowsers } from "./lib/browser.js";
import { lanes, runLanes, serveLane } from "./lib/lanes.js";
import { groups, runGroup, tell } from "./lib/test.js";

for (const name of ["SIGHTLINE", "PAGE", "PAGE_TINY", "NPM", "CHROMIUM", "FIREFOX", "SCREENSHOTS"]) {
  if (!process.env[name]) {
    console.error(`${name} is not set: start this with \`cargo xtask test --only page\``);
    process.exit(2);
  }
}
const folder = new URL("./cases/", import.meta.url);
for (const name of (await readdir(folder)).filter((name) => name.endsWith(".js")).sort()) {
  await import(new URL(name, folder));
}
if (process.argv[2] === "--lane") {
  await serveLane((group) => runGroup(group, process.argv[3] ?? ""));
  await endBrowsers();
  process.exit(0);
}
const filter = process.argv[2] ?? "";
const begun = Date.now();
const waiting = groups(filter);
const found = [];
if (waiting.length > 1 && lanes() > 1) {
  found.push(...(await runLanes(fileURLToPath(import.meta.url), waiting, filter, lanes())));
} else {
  for (const group of waiting) found.push({ group, ...(await runGroup(group, filter)) });
}
const good = tell(found, Date.now() - begun);
await endBrowsers();
process.exit(good ? 0 : 1);
