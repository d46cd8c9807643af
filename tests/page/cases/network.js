// Downloads that stop, stall, break, or come twice.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";
import { Visitor } from "../lib/browser.js";
import { partsOf } from "../lib/bundle.js";
import { png } from "../lib/pictures.js";
import { Screen } from "../lib/screen.js";
import { Site, startPlainHost } from "../lib/server.js";
import { assert, assertEqual, sleep, test, until } from "../lib/test.js";

const arrive = async ({ defer }, options) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

/** A part as the server has it, with its length. */
const partBody = async (site, part) => {
  const body = await readFile(path.join(site.folder, part));
  return { body, headers: { "content-length": body.length } };
};

test("network/a connection that breaks is tried again by itself", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  visitor.expect(/ERR_CONTENT_LENGTH_MISMATCH|ERR_CONNECTION|Failed to load/);
  const third = (await partsOf(site.folder))[2];
  const whole = await partBody(site, third);
  site.spoil = (wanted, log) => wanted === third && log.filter((entry) => entry.path === third).length === 1 && { ...whole, first: 1000, cut: true };
  const screen = await Screen.open(visitor);
  await screen.load();
  assertEqual(site.parts.filter((name) => name === third).length, 2, "times the part was asked for");
  assert(/broke.*by itself/.test(await screen.notices()), "the page says so");
  assert(!(await screen.shown("problem")), "and asks nobody to do anything");
  await visitor.wellBehaved();
});

test("network/what breaks for good is one sentence and one button, and goes on where it was", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  visitor.expect(/ERR_|Failed to load/);
  const all = await partsOf(site.folder);
  site.spoil = (wanted) => wanted === all[3] && { status: 503 };
  const screen = await Screen.open(visitor);
  await screen.pressLoad();
  const said = await screen.failed();
  assert(/^The download stopped at part/.test(said), () => said);
  const buttons = await screen.page.locator("#problem button:visible, #load:visible, #cancel:visible").allTextContents();
  assertEqual(buttons, ["Try again"], "buttons");
  site.spoil = () => undefined;
  site.log.length = 0;
  await screen.load();
  assertEqual(site.parts.filter((part) => all.slice(0, 3).includes(part)), [], "parts that were here and came again");
  await visitor.wellBehaved();
});

test("network/silence is said after some seconds, and can be ended", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const all = await partsOf(site.folder);
  const whole = await partBody(site, all[2]);
  site.spoil = (wanted) => wanted === all[2] && { ...whole, first: 500 };
  const screen = await Screen.open(visitor);
  await screen.pressLoad();
  await until(async () => /Nothing has come for \d+ seconds/.test(await screen.facts()), "a sentence about the silence", 15);
  await screen.id("cancel").click();
  await screen.ready();
  assert(/already/.test(await screen.facts()), "what has come stays");
  site.spoil = () => undefined;
  site.log.length = 0;
  await screen.load();
  assertEqual(site.parts.filter((part) => all.slice(0, 2).includes(part)), [], "parts that were here and came again");
  await visitor.wellBehaved();
});

test("network/a reload in the middle of a download goes on where it was", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const all = await partsOf(site.folder);
  site.spoil = (wanted) => wanted === all[3] && { hang: true };
  const screen = await Screen.open(visitor);
  await screen.pressLoad();
  await until(() => site.parts.includes(all[3]), "the fourth part's request");
  await screen.reload();
  await screen.ready();
  assert(/to download, .* are here already/.test(await screen.facts()), "what is here is said");
  site.spoil = () => undefined;
  site.log.length = 0;
  await screen.load();
  assertEqual(site.parts.filter((part) => all.slice(0, 3).includes(part)), [], "parts that were here and came again");
  await visitor.wellBehaved();
});

test("network/once the models are here the browser is asked to keep them", {}, async (t) => {
  const { visitor } = await arrive(t);
  await visitor.context.addInitScript(() => {
    window.__asked = 0;
    // A blank page has none.
    if (globalThis.StorageManager) StorageManager.prototype.persist = () => Promise.resolve(Boolean(++window.__asked));
  });
  const screen = await Screen.open(visitor);
  await screen.ready();
  assertEqual(await screen.page.evaluate(() => window.__asked), 0, "times it was asked before");
  await screen.load();
  assertEqual(await screen.page.evaluate(() => window.__asked), 1, "times it was asked");
  await visitor.wellBehaved();
});

test("network/on the processor nothing is computed before the first question, and the page says when it is ready", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  const facts = await screen.facts();
  assert(!/compil/i.test(facts), () => `a processor compiles nothing: ${facts}`);
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).map(({ reused }) => reused), [false, false], "whether features were there already");
  await visitor.wellBehaved();
});

test("network/a first visit fetches each file of the page once, also from a host that says nothing about caching", {}, async ({ defer }) => {
  const host = await startPlainHost(process.env.PAGE_TINY, "/");
  defer(() => host.end());
  // A visitor with a disk: what other contexts cache in memory has no room for the engine's module.
  const profile = await mkdtemp(path.join(tmpdir(), "sightline-profile-"));
  defer(() => rm(profile, { recursive: true, force: true }));
  const context = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM, chromiumSandbox: false });
  defer(() => context.close());
  const screen = await Screen.open({ context, site: host });
  await screen.ready();
  await screen.keptForLater();
  await sleep(500);
  const sent = host.log.filter((name) => /\.(wasm|css|png)$|sightline_.*\.js$/.test(name));
  assertEqual(sent.filter((name, i) => sent.indexOf(name) !== i), [], "files that were sent twice");
});
