// What every state looks like, and whether everyone can use it: axe in both themes, screenshots in three widths.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, test } from "../lib/test.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Findings that are serious or worse, each a line. */
const findings = async (page) => {
  // By the debugger, since the policy lets no script in from elsewhere.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const bad = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return bad.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.failureSummary?.replaceAll("\n", " ")})`));
};

/** Looks at a state: no finding, nothing wider than the window, a picture for people. */
const look = async (screen, name) => {
  const found = await findings(screen.page);
  assert(found.length === 0, () => `${name}: ${found.join("\n")}`);
  const wide = await screen.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert(wide <= 0, `${name}: ${wide} px wider than the window`);
  await screen.shot(name);
};

for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 768, 1440]) {
    test(`look/every state, ${colorScheme}, ${width} px`, { limit: 180 }, async ({ defer }) => {
      const site = await Site.start(process.env.PAGE_TINY);
      defer(() => site.end());
      const visitor = await Visitor.arrive(site, { colorScheme, viewport: { width, height: 900 }, reducedMotion: width === 320 ? "reduce" : "no-preference" });
      defer(() => visitor.leave());
      const at = (state) => `${state}-${colorScheme}-${width}`;
      const screen = await Screen.open(visitor);
      await screen.ready();
      await look(screen, at("1-first"));
      site.spoil = (wanted) => wanted.includes("/parts/") && { delay: 150 };
      await screen.pressLoad();
      await screen.loading();
      await look(screen, at("2-loading"));
      site.spoil = () => undefined;
      await screen.loaded();
      await look(screen, at("3-ready"));
      await screen.drop("one.png", png(320, 240));
      await look(screen, at("4-picture"));
      await screen.ask("Where is the teapot?");
      await look(screen, at("5-answering"));
      await screen.answered();
      await look(screen, at("6-boxes"));
      await screen.dropRefused("notes.txt", Buffer.from("no picture"));
      await look(screen, at("7-refused"));
      await visitor.wellBehaved();
    });
  }
}
