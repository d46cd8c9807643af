// The look inside, and the measurement over picture sizes: by pointer and by keyboard, in both
// themes and three widths.

import { readFile } from "node:fs/promises";

import { Visitor } from "../lib/browser.js";
import { lookEverywhere } from "../lib/looks.js";
import { png } from "../lib/pictures.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const visit = async (defer, suffix) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  return { visitor, screen: await Screen.open(visitor, suffix) };
};

/** The maps that are shown, by their labels for screen readers. */
const maps = (screen) => screen.id("look-panes").locator("canvas").evaluateAll((all) => all.map((canvas) => canvas.getAttribute("aria-label")));

const shown = (screen, count) => until(async () => (await maps(screen)).length === count && !(await screen.shown("look-stop")), `${count} maps`, 60);

const open = async (screen) => {
  await screen.load();
  await screen.drop("one.png", png(320, 240));
  await screen.id("look").locator("summary").click();
};

const choose = (screen, map) => screen.id("look-kinds").locator(`[data-map=${map}]`).click();

test("inside/maps of a patch and of a word, in both themes and three widths", { limit: 300 }, async ({ defer }) => {
  const { visitor, screen } = await visit(defer, PROCESSOR);
  await open(screen);
  await screen.id("look-show").click();
  await shown(screen, 2);
  assert((await maps(screen)).every((label) => /the patch itself: [\d.e-]+/.test(label)), "maps are described");
  await lookEverywhere(screen, "inside-field");
  await choose(screen, "scan-directions");
  await shown(screen, 4);
  assert(/has no scan/.test(await screen.id("look-panes").textContent()), "the ViT says why it has none");
  await choose(screen, "attention");
  await shown(screen, 1);
  await choose(screen, "word");
  assert(/Ask a question first/.test(await screen.id("look-note").textContent()), "what is missing is said");
  await screen.ask("Where is the teapot?");
  await screen.answered();
  await screen.id("look-words").getByRole("button", { name: "teapot", exact: true }).click();
  await shown(screen, 2);
  await lookEverywhere(screen, "inside-word");
  await visitor.wellBehaved();
});

test("inside/a patch is marked by pointer and by keyboard", { limit: 120 }, async ({ defer }) => {
  const { visitor, screen } = await visit(defer, PROCESSOR);
  await open(screen);
  await choose(screen, "attention");
  await shown(screen, 1);
  const label = () => screen.id("look-panes").getAttribute("aria-label");
  const canvas = screen.id("look-panes").locator("canvas");
  const box = await canvas.boundingBox();
  await canvas.click({ position: { x: box.width * 0.99, y: box.height * 0.5 } });
  const note = () => screen.id("look-note").textContent();
  await until(async () => /column (\d+) of \1\./.test(await note()), "the last column");
  const before = await label();
  await screen.id("look-panes").focus();
  await screen.page.keyboard.press("ArrowLeft");
  await until(async () => !/column (\d+) of \1\./.test(await note()), "the column before it");
  await screen.page.keyboard.press("ArrowRight");
  await until(async () => (await label()) === before, "back again");
  // Past the edge there is nothing.
  await screen.page.keyboard.press("ArrowRight");
  await shown(screen, 1);
  assertEqual(await label(), before, "the marked patch");
  await visitor.wellBehaved();
});

test("inside/a look leaves answers as they are", { limit: 120 }, async ({ defer }) => {
  const { visitor, screen } = await visit(defer, PROCESSOR);
  await open(screen);
  await screen.ask("What is this?");
  const before = (await screen.answered()).map(({ text }) => text);
  await choose(screen, "word");
  await screen.id("look-words").getByRole("button", { name: "What", exact: true }).click();
  await shown(screen, 2);
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).map(({ text }) => text), before, "the answers");
  await visitor.wellBehaved();
});

test("sizes/plot, table and files, in both themes and three widths", { limit: 300 }, async ({ defer }) => {
  const { visitor, screen } = await visit(defer, `bench.html${PROCESSOR}`);
  await screen.ready();
  await screen.id("sweep-most").selectOption("448");
  await screen.id("sweep").click();
  await until(() => screen.shown("exports"), "the first numbers", 120);
  await until(async () => !(await screen.shown("sweep-stop")), "the end", 200);
  assertEqual(await screen.id("sweep-rows").locator("tr").count(), 4, "two encoders at two sizes");
  assertEqual(await screen.id("sweep-plot").locator("circle").count(), 4, "dots");
  assert(/exponent \d/.test(await screen.id("sweep-plot").textContent()), "the plot names exponents");
  assert(/plain Rust/.test(await screen.id("sweep-scan").textContent()), "which scan runs is named");
  assert(!(await screen.shown("share-device")), "no repository, no link");
  await lookEverywhere(screen, "sizes");
  for (const kind of ["json", "csv", "png"]) {
    const coming = screen.page.waitForEvent("download");
    await screen.id(`export-${kind}`).click();
    const file = await readFile(await (await coming).path());
    if (kind === "png") assertEqual(file.subarray(1, 4).toString(), "PNG", "the plot's file");
    if (kind === "csv") assertEqual(file.toString().trim().split("\n").length, 5, "lines of the table");
    if (kind === "json") {
      const data = JSON.parse(file);
      assertEqual([data.kind, data.version, data.points.length, data.machine.backend, data.points[0].own_ms], ["sightline-device", 1, 4, "cpu", null], "the export");
    }
  }
  await visitor.wellBehaved();
});

test("sizes/a run is stopped", { limit: 120 }, async ({ defer }) => {
  const { visitor, screen } = await visit(defer, `bench.html${PROCESSOR}`);
  await screen.ready();
  await screen.id("sweep-most").selectOption("1344");
  await screen.id("sweep").click();
  await until(async () => (await screen.id("sweep-rows").locator("tr").count()) > 0, "a first case", 60);
  await screen.id("sweep-stop").click();
  await until(async () => !(await screen.shown("sweep-stop")) && (await screen.id("sweep").isEnabled()), "the end", 60);
  const rows = await screen.id("sweep-rows").locator("tr").count();
  assert(rows > 0 && rows < 10, `${rows} of 10 cases are kept`);
  await visitor.wellBehaved();
});
