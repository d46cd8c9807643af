// The page in a frame of another site, as a static Space of Hugging Face shows it.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

import { Visitor } from "../lib/browser.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site, startPlainHost } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

/** A page of another site, `localhost`, with the address in a frame. `more`: attributes of the frame. */
const around = async (t) => {
  const host = { body: "" };
  const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(host.body));
  await new Promise((done) => server.listen(0, "localhost", done));
  t.defer(() => new Promise((done) => server.close(done)));
  t.defer(() => server.closeAllConnections());
  host.origin = `http://localhost:${server.address().port}`;
  host.show = (address, more = "") => (host.body = `<!doctype html><title>around</title><link rel="icon" href="data:,"><iframe id="frame" src="${address}" width="1000" height="800" ${more}></iframe>`);
  return host;
};

/** Opens the page around it; gives what is in the frame, as a screen. */
const enter = async (visitor, host) => {
  const page = await visitor.context.newPage();
  await page.goto(host.origin, { waitUntil: "load" });
  const frame = await (await page.locator("#frame").elementHandle()).contentFrame();
  return Screen.of(frame);
};

const note = async (screen) => ((await screen.id("share-note").textContent()) ?? "").trim();

const ask = async (screen) => {
  await screen.load();
  await screen.chooseFromGallery(0);
  await screen.ask("Where is the elephant?");
  return (await screen.answered()).map(({ model, text }) => [model, text]);
};

test("frames/below a path of a plain host: asked and linked, without a store", { limit: 120 }, async (t) => {
  const site = await startPlainHost(process.env.PAGE_TINY, "/spaces/somebody/sightline/");
  t.defer(() => site.end());
  const host = await around(t);
  host.show(`${site.url}${PROCESSOR}`, 'allow="clipboard-write"');
  const visitor = await Visitor.arrive(site);
  t.defer(() => visitor.leave());
  const screen = await enter(visitor, host);
  assert(await screen.page.evaluate(() => window.top !== window && document.referrer.startsWith("http://localhost")), "it is in a frame of another site");
  const answers = await ask(screen);
  assertEqual(answers.length, 2, "answers");
  // A link that is copied in the frame opens the result at the page's own address.
  await screen.id("copy-link").click();
  await until(async () => (await note(screen)).length > 0, "what came of the link");
  const link = await screen.page.evaluate(() => location.href.replace(location.search, ""));
  assert(link.startsWith(`${site.url}#`), () => `the link: ${link}`);
  const page = await visitor.context.newPage();
  await page.goto(link, { waitUntil: "load" });
  const opened = Screen.of(page);
  await until(async () => /elephant/.test((await opened.shown("linked")) ? await opened.id("linked-asked").textContent() : ""), "the result at the page's own address");
  assertEqual((await opened.answered()).map(({ model, text }) => [model, text]), answers, "its answers");
  // This browser, a private window, gives frames of other sites no store: that is said.
  assert(/memory only/.test(await screen.facts()), "the page says that nothing is kept");
  assertEqual(visitor.errors.filter((text) => !/favicon/.test(text)), [], "in the console");
});

test("frames/what a frame has downloaded is found again", { limit: 120 }, async (t) => {
  const site = await startPlainHost(process.env.PAGE_TINY, "/sightline/");
  t.defer(() => site.end());
  const host = await around(t);
  host.show(`${site.url}${PROCESSOR}`);
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-frames-"));
  t.defer(() => rm(folder, { recursive: true, force: true }));
  // A visitor's usual window. Some builds refuse frames of other sites a store.
  await mkdir(path.join(folder, "Default"));
  await writeFile(path.join(folder, "Default/Preferences"), JSON.stringify({ profile: { cookie_controls_mode: 0, block_third_party_cookies: false } }));
  const context = await chromium.launchPersistentContext(folder, { executablePath: process.env.CHROMIUM, chromiumSandbox: false });
  t.defer(() => context.close());
  const parts = () => site.log.filter((name) => name.includes("/parts/")).length;
  const first = await enter({ context }, host);
  await first.load();
  assert(!/memory only/.test(await first.facts()), "downloads are kept");
  const before = parts();
  const again = await enter({ context }, host);
  await again.load();
  assertEqual(parts(), before, "parts fetched at another visit of the frame");
});

test("frames/by the program for a page that is named, and for no other", { limit: 120 }, async (t) => {
  const host = await around(t);
  const site = await Site.start(process.env.PAGE_TINY, ["--frame-ancestors", host.origin]);
  t.defer(() => site.end());
  host.show(`${site.url}${PROCESSOR}`, 'allow="clipboard-write \'none\'"');
  const visitor = await Visitor.arrive(site);
  t.defer(() => visitor.leave());
  const screen = await enter(visitor, host);
  assertEqual((await ask(screen)).length, 2, "answers");
  // Where the frame may not use the clipboard, nobody is sent to an address bar.
  await screen.id("copy-link").click();
  await until(async () => (await note(screen)).length > 0, "what came of the link");
  assert(/may not use the clipboard.*Embed or cite/.test(await note(screen)), await note(screen));
  await screen.id("cite-button").click();
  await until(async () => (await screen.id("cite-markdown").inputValue()).includes(`${site.url}#`), "the link as text");
  const strict = await Site.start(process.env.PAGE_TINY);
  t.defer(() => strict.end());
  host.show(strict.url);
  const refused = await enter(visitor, host);
  assertEqual(await refused.id("load").count(), 0, "what a page that is not named sees of it");
});
