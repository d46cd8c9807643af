// A tab that is killed while models are loading leaves a mark, and the next visit offers less.

import { Visitor } from "../lib/browser.js";
import { GPU, PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  return { site, visitor };
};

const mark = (screen) => screen.page.evaluate(() => localStorage.getItem("sightline-loading"));

/** Ends the tab's process, as a browser does that runs out of memory. */
const kill = async (visitor, screen) => {
  const gone = new Promise((done) => screen.page.once("crash", done));
  const client = await visitor.context.newCDPSession(screen.page);
  client.send("Page.crash").catch(() => {});
  await gone;
};

/** A visit whose tab is killed while the last part of the models does not come. */
const killed = async ({ site, visitor }, suffix) => {
  const screen = await Screen.open(visitor, suffix);
  await screen.ready();
  assertEqual(await mark(screen), null, "a mark before anything is loaded");
  site.spoil = (wanted) => wanted.includes("/parts/") && { delay: 5000 };
  await screen.pressLoad();
  await until(() => mark(screen), "the mark");
  const kept = await mark(screen);
  await kill(visitor, screen);
  site.spoil = () => undefined;
  await screen.page.close().catch(() => {});
  return kept;
};

test("killed/a tab that is killed while loading on a GPU: the processor is offered, and loads with one press", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  assertEqual(await killed({ site, visitor }, GPU), "gpu 0", "the mark");
  // Everything has come meanwhile, as in the visit of most whose memory ended.
  const other = await Screen.open(visitor);
  await until(async () => /ended while/.test((await other.shown("problem")) ? await other.id("problem-text").textContent() : ""), "what an earlier visit left");
  await other.load();
  assertEqual(await mark(other), null, "the mark after loading");
  await other.page.close();
  await killed({ site, visitor }, `${GPU}#again`);
  const screen = await Screen.open(visitor, GPU);
  const said = await screen.failed();
  assert(/last visit this page ended.*GPU.*processor needs less memory/.test(said), () => `said: ${said}`);
  assert(/processor/i.test(await screen.id("problem-button").textContent()), "the button has the processor compute");
  await screen.shot("killed-offer");
  await screen.id("problem-button").click();
  await until(async () => /^Ready after/.test(await screen.id("step").textContent()), "the models", 60);
  assert(/processor/i.test(await screen.facts()), "the processor computes");
  assertEqual(await mark(screen), null, "the mark after loading");
  await visitor.wellBehaved();
});

test("killed/a visitor may decline, and what ends politely leaves no mark", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  assertEqual(await killed({ site, visitor }, PROCESSOR), "cpu 0", "the mark");
  const screen = await Screen.open(visitor);
  const said = await screen.failed();
  assert(/too little memory/.test(said), () => `said: ${said}`);
  await screen.ready();
  await screen.id("problem-other").click();
  await until(async () => !(await screen.shown("problem")), "the sentence to go");
  // Cancelled, reloaded, closed: nothing was killed.
  site.spoil = (wanted) => wanted.includes("/parts/") && { delay: 5000 };
  await screen.pressLoad();
  await until(() => mark(screen), "the mark");
  await screen.id("cancel").click();
  await until(async () => !(await mark(screen)), "the mark to go with the download");
  await screen.pressLoad();
  await until(() => mark(screen), "the mark");
  await screen.reload();
  await screen.ready();
  assertEqual([await mark(screen), await screen.shown("problem")], [null, false], "a mark, and a sentence, after a reload");
  await visitor.wellBehaved();
});

test("killed/another tab that still loads is not taken for one that was killed", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const first = await Screen.open(visitor);
  site.spoil = (wanted) => wanted.includes("/parts/") && { delay: 4000 };
  await first.pressLoad();
  await until(() => mark(first), "the mark");
  const second = await Screen.open(visitor);
  await second.ready();
  assertEqual(await second.shown("problem"), false, "a sentence about the other tab");
  assertEqual(await mark(first), "cpu 0", "its mark");
  site.spoil = () => undefined;
  await first.loaded();
  await visitor.wellBehaved();
});
