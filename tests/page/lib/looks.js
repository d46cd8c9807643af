// Whether everyone can use what is seen: axe, and nothing wider than the window.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { assert } from "./test.js";

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
export const look = async (screen, name) => {
  const found = await findings(screen.page);
  assert(found.length === 0, () => `${name}: ${found.join("\n")}`);
  await fits(screen, name);
};

/** Nothing wider than the window, and a picture for people. */
export const fits = async (screen, name) => {
  const wide = await screen.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert(wide <= 0, `${name}: ${wide} px wider than the window`);
  await screen.shot(name);
};

/** The same state in both themes and three widths. A page that was made wide must do when it is narrow. */
export const lookEverywhere = async (screen, state) => {
  const before = screen.page.viewportSize();
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1440, 768, 320]) {
      await screen.page.emulateMedia({ colorScheme, reducedMotion: width === 320 ? "reduce" : "no-preference" });
      await screen.page.setViewportSize({ width, height: 900 });
      await look(screen, `${state}-${colorScheme}-${width}`);
    }
  }
  await screen.page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await screen.page.setViewportSize(before);
};
