// `cargo xtask test --only page` starts this: every case, or those whose name contains the
// argument.

import { readdir } from "node:fs/promises";
import { endBrowsers } from "./lib/browser.js";
import { runAll } from "./lib/test.js";

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
const good = await runAll(process.argv[2] ?? "");
await endBrowsers();
process.exit(good ? 0 : 1);
