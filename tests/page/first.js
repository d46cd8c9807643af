// `cargo xtask first` starts this: what the page shows before its program runs, as the program
// itself draws it, into the file `FIRST_OUT`.

import { writeFile } from "node:fs/promises";
import { Visitor, endBrowsers } from "./lib/browser.js";
import { firstOf, sourcesOf } from "./lib/first.js";
import { Site } from "./lib/server.js";

const site = await Site.start(process.env.PAGE);
const visitor = await Visitor.arrive(site);
try {
  const first = { sources: await sourcesOf(process.env.PAGE), elements: await firstOf(visitor) };
  await writeFile(process.env.FIRST_OUT, `${JSON.stringify(first, null, 1)}\n`);
} finally {
  await visitor.leave();
  await site.end();
  await endBrowsers();
}
